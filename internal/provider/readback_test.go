package provider_test

import (
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/matrix"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

var resending = acctest.Values{"resend_on_unknown": true}

// eachResending runs a test against every system that offers resend_on_unknown,
// with a service that does not tell whether it took a signal.
func eachResending(t *testing.T, test func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider)) {
	t.Helper()
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		if offered := p.Resource(y.resource).Has("resend_on_unknown"); offered == (y.resource == "signal_stack_resource") {
			t.Fatalf("resend_on_unknown is offered: %t", offered)
		} else if !offered {
			return
		}
		test(t, y, s, p)
	})
}

func TestUnknownIsSentOnceMoreWhereAsked(t *testing.T) {
	eachResending(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.ready(t, s)
		s.Inject(sandbox.Fault{Operation: y.operation, Kind: sandbox.KindDropAfter, Times: 1})
		r := p.Resource(y.resource)
		apply(t, r, config.With(resending))
		became(t, y, s, r, matrix.Cell{Result: matrix.Sent, Requests: 2, Taken: 2}, nil)
	})
}

func TestUnknownIsNeverSentAThirdTime(t *testing.T) {
	eachResending(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.ready(t, s)
		s.Inject(sandbox.Fault{Operation: y.operation, Kind: sandbox.KindDropAfter})
		r := p.Resource(y.resource)
		diags := r.Apply(config.With(resending))
		became(t, y, s, r, matrix.Cell{Result: matrix.Unknown, Requests: 2, Taken: 2, Says: []string{"sent once more, as resend_on_unknown"}}, diags)
	})
}

// What is sent once more counts as sent while it provably was not.
func TestSendingOnceMoreIsTriedAgainWhenThrottled(t *testing.T) {
	eachResending(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.ready(t, s)
		s.Inject(sandbox.Fault{Operation: y.operation, Kind: sandbox.KindDropAfter, Times: 1})
		s.Inject(sandbox.Fault{Operation: y.operation, Kind: sandbox.KindThrottle, Times: 2})
		r := p.Resource(y.resource)
		apply(t, r, config.With(resending))
		became(t, y, s, r, matrix.Cell{Result: matrix.Sent, Requests: 4, Taken: 2}, nil)
	})
}

func TestResendOnUnknownIsAnOption(t *testing.T) {
	eachResending(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config, r := y.ready(t, s), p.Resource(y.resource)
		apply(t, r, config)
		for _, option := range []any{true, false, nil} {
			changed := config.With(acctest.Values{"resend_on_unknown": option})
			if plan, diags := r.Plan(changed); len(plan.Replace) > 0 || len(diags) > 0 {
				t.Errorf("resend_on_unknown = %v replaces for %v: %s", option, plan.Replace, diags)
			}
			apply(t, r, changed)
		}
		sentOnce(t, y, s)
	})
}

func TestActionSendsOnceMoreWhereAsked(t *testing.T) {
	eachResending(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		if !y.action {
			return
		}
		config := y.ready(t, s)
		s.Inject(sandbox.Fault{Operation: y.operation, Kind: sandbox.KindDropAfter})
		_, diags := p.Action(y.resource).Invoke(config)
		says(t, diags, true, "Outcome of the Signal Unknown", "With resend_on_unknown = true")
		s.ResetJournal()
		_, diags = p.Action(y.resource).Invoke(config.With(resending))
		says(t, diags, true, "Outcome of the Signal Unknown", "sent once more, as resend_on_unknown")
		if s.Count(y.operation) != 2 {
			t.Errorf("the journal is %v", s.Journal())
		}
	})
}
