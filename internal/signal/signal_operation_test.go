package signal

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"

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
	op := signalOperation{Sender: sender, redactor: sender.redactor.With("canary-4711")}
	probe := delivery.NewProbe("k", func(context.Context) (int, delivery.Attempt) {
		return 0, delivery.Attempt{Outcome: delivery.Accepted}
	}, func(int) delivery.Observation { return seen })
	once, _ := op.readOnce(t.Context(), probe)
	finder := &TargetFinder{Found: func() Signal { return Signal{To: foreign, Completion: probe} }}
	found := op.find(t.Context(), finder, op.poller.WaitWhileReachable, probe).Observation
	for what, observation := range map[string]delivery.Observation{"read": once, "found": found} {
		of := reflect.ValueOf(observation)
		for i := range of.NumField() {
			if text := of.Field(i); text.Kind() == reflect.String && text.String() != "step [31mred ***" {
				t.Errorf("%s: %s is %q", what, of.Type().Field(i).Name, text)
			}
		}
	}
	if texts < 4 || strings.ContainsAny(op.To, "\x1b") || strings.Contains(op.To, "canary") {
		t.Errorf("of %d texts, the target is %q", texts, op.To)
	}
}

// A wait that ends shortly before the timeout leaves no time for an answer, so nothing is
// sent. Without a wait, the signal is always sent.
func TestNothingIsSentTooLate(t *testing.T) {
	const timeout = time.Minute
	on := types.BoolValue(true)
	for name, test := range map[string]struct {
		options Options
		finds   bool
		lost    bool
		left    time.Duration
		says    string
	}{
		"ready too late":    {options: Options{WaitUntilReady: on}, left: 100 * time.Millisecond, says: "because the target became ready too late"},
		"ready in time":     {options: Options{WaitUntilReady: on}, left: time.Second},
		"found too late":    {finds: true, left: 100 * time.Millisecond, says: "because the target was found too late"},
		"found ready late":  {options: Options{WaitUntilReady: on}, finds: true, left: 100 * time.Millisecond, says: "because the target became ready too late"},
		"found in time":     {finds: true, left: time.Second},
		"checked too late":  {options: Options{AdoptExisting: on}, left: 100 * time.Millisecond, says: "because the check whether the signal is already there ended too late"},
		"searched too late": {lost: true, left: 100 * time.Millisecond, says: "because the search for the earlier signal ended too late"},
		"without a wait":    {left: 100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sender, sends := NewSender(delivery.DefaultRetryPolicy), 0
				ctx, cancel := sender.WithTimeout(t.Context(), timeout)
				defer cancel()
				ends := delivery.FromNow(timeout - test.left)
				probe := func(state delivery.State) *delivery.Probe {
					return delivery.NewProbe(fmt.Sprint(state), func(ctx context.Context) (int, delivery.Attempt) {
						_ = delivery.Sleep(ctx, delivery.Until(ends))
						return 0, delivery.Attempt{Outcome: delivery.Accepted}
					}, func(int) delivery.Observation {
						return delivery.Observation{State: state, Shown: &delivery.Shown{}}
					})
				}
				op := signalOperation{Sender: sender, redactor: sender.redactor, id: "id", phase: create, timeout: timeout, options: test.options}
				op.Signal = Signal{
					What: "the signal", To: "the target", Ready: probe(delivery.Reached), Existing: probe(delivery.Missed),
					Request: sendFunc(func(context.Context) delivery.Attempt {
						sends++
						return delivery.Attempt{Outcome: delivery.Accepted}
					}),
				}
				bound := op.Signal
				if test.finds {
					op.Find = &TargetFinder{Required: true, Ready: probe(delivery.Reached), Now: probe(delivery.Reached), Found: func() Signal { return bound }}
				}
				var lost time.Time
				if test.lost {
					lost = delivery.FromNow(-time.Hour)
					op.Evidence = &delivery.Evidence{Probe: func(delivery.Timestamp) *delivery.Probe { return probe(delivery.Missed) }}
				}
				if name == "without a wait" {
					_ = delivery.Sleep(ctx, delivery.Until(ends))
				}
				_, problem := op.sendAgain(ctx, lost, lostSend{})
				said := ""
				if problem != nil {
					said = problem.Detail()
				}
				for _, part := range []string{test.says, "the signal to the target was not tried", "The create timeout of 1m0s", "othing was sent"} {
					if test.says != "" && !strings.Contains(said, part) {
						t.Errorf("%q is not in %q", part, said)
					}
				}
				if late := test.says != ""; late == (sends == 1) || late == (said == "") || sends > 1 {
					t.Errorf("sent %d times, and said %q", sends, said)
				}
			})
		})
	}
}

// sendFunc is a request.
type sendFunc func(context.Context) delivery.Attempt

func (f sendFunc) Send(ctx context.Context) delivery.Attempt { return f(ctx) }

// Two signals with one key are one for the service, even while the first is under way. One
// that was refused does not count for others.
func TestSignalsWithOneKeyAreWarned(t *testing.T) {
	sender := NewSender(delivery.DefaultRetryPolicy)
	send := func(id string, outcome delivery.Outcome, meanwhile func()) string {
		op := &signalOperation{Sender: sender, id: id, Signal: Signal{IdempotencyKey: "key", IdempotencyArgument: "unique_id", To: "the stack", Service: "CloudFormation"}}
		op.sendWarningOfTwins(func() delivery.Result {
			meanwhile()
			return delivery.Result{Attempt: delivery.Attempt{Outcome: outcome}}
		})
		var said string
		for _, warning := range op.warnings {
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
	if !strings.Contains(refused, "Duplicate Signal Id") || strings.Contains(refused, "which of them was taken") {
		t.Errorf("the one that was refused said %s", refused)
	}
	if said := send("third", delivery.Unknown, nothing); !strings.Contains(said, "which of them was taken") {
		t.Errorf("one whose answer was lost said %s", said)
	}
}
