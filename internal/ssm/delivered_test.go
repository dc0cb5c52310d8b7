package ssm_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/provider"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// A signal whose answer is lost after or before it is acted on.
const after, before = sandbox.KindDropAfter, sandbox.KindDropBefore

func TestLostAnswerIsReadBack(t *testing.T) {
	gate := func(change ...func(*sandbox.Automation)) sandbox.Automation {
		a := sandbox.Automation{Steps: []sandbox.Step{{Name: "gate", Action: "aws:approve"}, {Name: "deploy", Action: "aws:executeScript"}}}
		for _, change := range change {
			change(&a)
		}
		return a
	}
	approvals := func(n int) func(*sandbox.Automation) {
		return func(a *sandbox.Automation) { a.Steps[0].MinRequiredApprovals = n }
	}
	shows := func(shape sandbox.DecisionShape) func(*sandbox.Automation) {
		return func(a *sandbox.Automation) { a.Decisions = shape }
	}
	noInputs := func(a *sandbox.Automation) { a.HideInputs = true }
	anotherGate := func(a *sandbox.Automation) {
		a.Steps = append(a.Steps, sandbox.Step{Name: "second", Action: "aws:approve"})
	}
	pause := sandbox.Automation{Steps: []sandbox.Step{{Name: "pause", Action: "aws:pause"}}}
	interactive := sandbox.Automation{Mode: "Interactive", Steps: []sandbox.Step{{Name: "pause", Action: "aws:pause"}}}
	running := sandbox.Automation{Steps: []sandbox.Step{{Name: "hold", Action: "aws:executeScript", Hold: true}}}
	named := acctest.Values{"StepName": []any{"pause"}}
	sign := acctest.Values{"Comment": []any{"release 7"}}

	for name, test := range map[string]struct {
		automation sandbox.Automation
		signal     string
		payload    acctest.Values
		// earlier is somebody else's signal, sent so long before.
		earlier        string
		earlierPayload acctest.Values
		ago            time.Duration
		// meanwhile is somebody else's, sent just after.
		meanwhile string
		options   sandbox.Options
		fault     sandbox.Kind
		// delivery is what it comes to, sends how many requests there are for this signal.
		delivery string
		sends    int
		says     []string
	}{
		"approved":                             {automation: gate(), signal: "Approve", fault: after, delivery: "CONFIRMED", sends: 1},
		"not approved":                         {automation: gate(), signal: "Approve", fault: before, delivery: "SENT", sends: 2},
		"approved, with a comment":             {automation: gate(), signal: "Approve", payload: sign, fault: after, delivery: "CONFIRMED", sends: 1},
		"approved, decisions as a list":        {automation: gate(shows(sandbox.DecisionsList)), signal: "Approve", payload: sign, fault: after, delivery: "CONFIRMED", sends: 1},
		"approved, no decisions":               {automation: gate(shows(sandbox.DecisionsNone)), signal: "Approve", fault: after, delivery: "CONFIRMED", sends: 1},
		"not approved, no decisions":           {automation: gate(shows(sandbox.DecisionsNone)), signal: "Approve", fault: before, delivery: "SENT", sends: 2},
		"not approved, one said to be enough":  {automation: gate(shows(sandbox.DecisionsNone), approvals(1)), signal: "Approve", fault: before, delivery: "SENT", sends: 2},
		"not approved, nothing shown at all":   {automation: gate(shows(sandbox.DecisionsNone), noInputs), signal: "Approve", fault: before, delivery: "UNKNOWN", sends: 1, says: []string{"What SSM shows does not tell: it shows something that may be this signal"}},
		"one of two approvals":                 {automation: gate(approvals(2)), signal: "Approve", payload: sign, fault: after, delivery: "CONFIRMED", sends: 1},
		"one of two approvals, as a list":      {automation: gate(approvals(2), shows(sandbox.DecisionsList)), signal: "Approve", payload: sign, fault: after, delivery: "CONFIRMED", sends: 1},
		"one of two approvals, unsigned":       {automation: gate(approvals(2)), signal: "Approve", options: sandbox.Options{WholeSeconds: true}, fault: after, delivery: "UNKNOWN", sends: 1, says: []string{"at about the same time"}},
		"another's approval just before":       {automation: gate(approvals(2)), earlier: "Approve", earlierPayload: acctest.Values{"Comment": []any{"by A"}}, signal: "Approve", options: sandbox.Options{WholeSeconds: true}, fault: before, delivery: "UNKNOWN", sends: 1, says: []string{"at about the same time"}},
		"one of two approvals, not shown":      {automation: gate(approvals(2), shows(sandbox.DecisionsNone)), signal: "Approve", fault: after, delivery: "UNKNOWN", sends: 1},
		"none of two approvals":                {automation: gate(approvals(2)), signal: "Approve", fault: before, delivery: "SENT", sends: 2},
		"none of two approvals, as a list":     {automation: gate(approvals(2), shows(sandbox.DecisionsList)), signal: "Approve", fault: before, delivery: "SENT", sends: 2},
		"none of two approvals, not shown":     {automation: gate(approvals(2), shows(sandbox.DecisionsNone)), signal: "Approve", fault: before, delivery: "UNKNOWN", sends: 1},
		"an approval of long ago":              {automation: gate(approvals(3)), earlier: "Approve", ago: time.Minute, signal: "Approve", fault: before, delivery: "SENT", sends: 2},
		"another's approval, told by comment":  {automation: gate(approvals(3)), meanwhile: "Approve", signal: "Approve", payload: sign, fault: before, delivery: "SENT", sends: 2},
		"another's rejection":                  {automation: gate(), meanwhile: "Reject", signal: "Approve", fault: before, delivery: "UNKNOWN", sends: 1, says: []string{"no step that waited for this signal"}},
		"rejected":                             {automation: gate(), signal: "Reject", fault: after, delivery: "CONFIRMED", sends: 1},
		"not rejected":                         {automation: gate(), signal: "Reject", fault: before, delivery: "SENT", sends: 2},
		"second gate, first one of long ago":   {automation: gate(anotherGate), earlier: "Approve", ago: time.Minute, signal: "Approve", fault: before, delivery: "SENT", sends: 2},
		"second gate, no decisions":            {automation: gate(anotherGate, shows(sandbox.DecisionsNone)), earlier: "Approve", ago: time.Minute, signal: "Approve", fault: before, delivery: "SENT", sends: 2},
		"second gate, passed":                  {automation: gate(anotherGate), earlier: "Approve", ago: time.Minute, signal: "Approve", fault: after, delivery: "CONFIRMED", sends: 1},
		"second gate, first one just now":      {automation: gate(anotherGate), earlier: "Approve", signal: "Approve", fault: before, delivery: "UNKNOWN", sends: 1, says: []string{"at about the same time"}},
		"first gate, signed":                   {automation: gate(anotherGate), signal: "Approve", payload: sign, fault: after, delivery: "CONFIRMED", sends: 1},
		"second gate, first one signed by all": {automation: gate(anotherGate), earlier: "Approve", earlierPayload: acctest.Values{"Comment": []any{"release 6"}}, ago: time.Minute, signal: "Approve", payload: sign, fault: before, delivery: "SENT", sends: 2},
		"second gate, opened just now":         {automation: gate(anotherGate), earlier: "Approve", earlierPayload: acctest.Values{"Comment": []any{"release 6"}}, signal: "Approve", payload: sign, fault: before, delivery: "UNKNOWN", sends: 1, says: []string{"no step that waited"}},
		"second gate, opened meanwhile":        {automation: gate(anotherGate), meanwhile: "Approve", signal: "Approve", payload: sign, fault: before, delivery: "UNKNOWN", sends: 1, says: []string{"no step that waited"}},
		"resumed":                              {automation: pause, signal: "Resume", payload: named, fault: after, delivery: "CONFIRMED", sends: 1},
		"not resumed":                          {automation: pause, signal: "Resume", payload: named, fault: before, delivery: "SENT", sends: 2},
		"started":                              {automation: interactive, signal: "StartStep", payload: named, fault: after, delivery: "CONFIRMED", sends: 1},
		"not started":                          {automation: interactive, signal: "StartStep", payload: named, fault: before, delivery: "SENT", sends: 2},
		"stopped":                              {automation: running, signal: "StopStep", fault: after, delivery: "CONFIRMED", sends: 1},
		"not stopped":                          {automation: running, signal: "StopStep", fault: before, delivery: "SENT", sends: 2},
		"revoked":                              {automation: gate(), signal: "Revoke", fault: after, delivery: "UNKNOWN", sends: 1},
		"in whole seconds":                     {automation: gate(), signal: "Approve", options: sandbox.Options{WholeSeconds: true}, fault: after, delivery: "CONFIRMED", sends: 1},
		"in whole seconds, not approved":       {automation: gate(), signal: "Approve", options: sandbox.Options{WholeSeconds: true}, fault: before, delivery: "SENT", sends: 2},
		"without the time":                     {automation: gate(), signal: "Approve", options: sandbox.Options{NoDate: true}, fault: after, delivery: "UNKNOWN", sends: 1, says: []string{"does not tell what time it is"}},
		"truncated":                            {automation: gate(), signal: "Approve", fault: sandbox.KindTruncate, delivery: "CONFIRMED", sends: 1},
		"500 before acting":                    {automation: gate(), signal: "Approve", fault: sandbox.KindErrorBefore, delivery: "SENT", sends: 2},
		"500 after acting":                     {automation: gate(), signal: "Approve", fault: sandbox.KindErrorAfter, delivery: "CONFIRMED", sends: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The service's clock is not this machine's.
			for _, skew := range []time.Duration{-2 * time.Minute, 0, 2 * time.Minute} {
				var offset atomic.Int64
				offset.Store(int64(skew))
				test.options.Now = func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }
				s := acctest.Sandbox(t, test.options)
				policy := acctest.Quick
				if test.meanwhile != "" {
					// What happens during a read is seen by the ones that follow.
					policy.Settle = 300 * time.Millisecond
				}
				p := acctest.StartProvider(t, acctest.Block(s.URL()), provider.WithPolicy(policy))
				test.automation.ID, test.automation.AcceptRepeats = "", true
				id := s.StartAutomation(test.automation)
				stranger := acctest.StartProvider(t, acctest.Block(s.URL()))
				send := func(p *acctest.Provider, signal string, payload acctest.Values) (*acctest.Resource, acctest.Diagnostics) {
					if signal == "StopStep" {
						state, _ := s.Automation(id)
						payload = acctest.Values{"StepExecutionId": []any{state.StepExecutions[0].StepExecutionID}}
					}
					config := acctest.Values{"automation_execution_id": id, "signal_type": signal}
					if payload != nil {
						config["payload"] = payload
					}
					r := p.Resource("signal_automation")
					return r, r.Apply(config)
				}
				others := 0
				other := func(signal string, payload acctest.Values) {
					others++
					if _, diags := send(stranger, signal, payload); len(diags) > 0 {
						t.Fatal(diags)
					}
				}
				if test.earlier != "" {
					other(test.earlier, test.earlierPayload)
					offset.Add(int64(test.ago))
				}
				s.Inject(sandbox.Fault{Operation: "SendAutomationSignal", Kind: test.fault, Times: 1})
				if test.meanwhile != "" {
					var once sync.Once
					s.Hook("GetAutomationExecution", func() {
						once.Do(func() { other(test.meanwhile, acctest.Values{"Comment": []any{"by somebody else"}}) })
					}, nil)
				}
				r, diags := send(p, test.signal, test.payload)
				if got := r.String("delivery"); got != test.delivery || diags.HasError() != (got == "UNKNOWN") {
					t.Errorf("skew %s: delivery is %q, want %q: %s", skew, got, test.delivery, diags)
				}
				if sends := s.Count("SendAutomationSignal") - others; sends != test.sends {
					t.Errorf("skew %s: sent %d times, want %d: %v", skew, sends, test.sends, s.RequestLog())
				}
				if reads := s.Count("GetAutomationExecution"); (reads == 0) != (test.signal == "Revoke") {
					t.Errorf("skew %s: read %d times", skew, reads)
				}
				says(t, diags, test.says...)
			}
		})
	}
}

func says(t *testing.T, diags acctest.Diagnostics, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(diags.String(), part) {
			t.Errorf("%q is not in what was said:\n%s", part, diags)
		}
	}
}

// Reads that lag are waited for before a signal counts as not there.
func TestLaggingReadsAreWaitedFor(t *testing.T) {
	s := acctest.Sandbox(t, sandbox.Options{ReadLag: 150 * time.Millisecond})
	id := s.StartAutomation(sandbox.Automation{Steps: []sandbox.Step{{Name: "gate", Action: "aws:approve"}}})
	policy := acctest.Quick
	policy.Settle = 10 * time.Second
	s.Inject(sandbox.Fault{Operation: "SendAutomationSignal", Kind: after, Times: 1})
	_ = delivery.Sleep(t.Context(), 200*time.Millisecond)
	r := acctest.StartProvider(t, acctest.Block(s.URL()), provider.WithPolicy(policy)).Resource("signal_automation")
	if diags := r.Apply(acctest.Values{"automation_execution_id": id, "signal_type": "Approve"}); len(diags) > 0 || r.String("delivery") != "CONFIRMED" {
		t.Errorf("delivery is %q: %s", r.String("delivery"), diags)
	}
	if s.Count("SendAutomationSignal") != 1 || s.Count("GetAutomationExecution") < 2 {
		t.Errorf("the request log is %v", s.RequestLog())
	}
}
