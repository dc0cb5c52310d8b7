package signal

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// No text of an observation is shown as the service wrote it, whichever field it is in. Nor
// is the name of a target that was found.
func TestWhatWasSeenIsCleaned(t *testing.T) {
	const foreign = "step \x1b[31mred canary-4711"
	seen := delivery.Observation{State: delivery.Reached}
	fields, texts := reflect.ValueOf(&seen).Elem(), 0
	for i := range fields.NumField() {
		if field := fields.Field(i); field.Kind() == reflect.String {
			field.SetString(foreign)
			texts++
		}
	}
	sender := NewSender(delivery.DefaultRetryPolicy)
	run := signalOperation{Sender: sender, redactor: sender.redactor.With("canary-4711")}
	probe := delivery.NewProbe("k", func(context.Context) (int, delivery.Attempt) {
		return 0, delivery.Attempt{Outcome: delivery.Accepted}
	}, func(int) delivery.Observation { return seen })
	once, _ := run.readOnce(t.Context(), probe)
	finder := &TargetFinder{Found: func() Signal { return Signal{To: foreign, Completion: probe} }}
	found := run.find(t.Context(), finder, run.poller.WaitWhileReachable, probe).Observation
	for what, observation := range map[string]delivery.Observation{"read": once, "found": found} {
		of := reflect.ValueOf(observation)
		for i := range of.NumField() {
			if text := of.Field(i); text.Kind() == reflect.String && text.String() != "step [31mred ***" {
				t.Errorf("%s: %s is %q", what, of.Type().Field(i).Name, text)
			}
		}
	}
	if texts < 4 || strings.ContainsAny(run.To, "\x1b") || strings.Contains(run.To, "canary") {
		t.Errorf("of %d texts, the target is %q", texts, run.To)
	}
}

// Two signals with one key are one for the service, also while the first is under way. One
// that was refused does not count for others.
func TestSignalsWithOneKeyAreWarned(t *testing.T) {
	sender := NewSender(delivery.DefaultRetryPolicy)
	send := func(id string, outcome delivery.Outcome, meanwhile func()) string {
		run := &signalOperation{Sender: sender, id: id, Signal: Signal{IdempotencyKey: "key", IdempotencyArgument: "unique_id", To: "the stack", Service: "CloudFormation"}}
		run.sendWarningOfTwins(func() delivery.Result {
			meanwhile()
			return delivery.Result{Attempt: delivery.Attempt{Outcome: outcome}}
		})
		var said string
		for _, warning := range run.warnings {
			said += warning.Summary() + ": " + warning.Detail()
		}
		return said
	}
	nothing := func() {}
	if said := send("refused", delivery.Rejected, nothing); said != "" {
		t.Errorf("the first one said %s", said)
	}
	var refused string
	if said := send("first", delivery.Accepted, func() { refused = send("second", delivery.Rejected, nothing) }); said != "" {
		t.Errorf("the only one that was taken said %s", said)
	}
	if !strings.Contains(refused, "Two Signals Are One") || strings.Contains(refused, "which of them was taken") {
		t.Errorf("the one that was refused said %s", refused)
	}
	if said := send("third", delivery.Unknown, nothing); !strings.Contains(said, "which of them was taken") {
		t.Errorf("one whose answer was lost said %s", said)
	}
}
