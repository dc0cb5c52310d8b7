package provider_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

var atDestroy = acctest.Values{"when": "destroy"}

// isSent reports whether a state has a signal that was sent. request_id may be an argument,
// so it may be known before that.
func isSent(r *acctest.Resource) bool {
	argument := slices.ContainsFunc(r.Arguments(), func(a *tfprotov6.SchemaAttribute) bool { return a.Name == "request_id" })
	return r.String("delivery") != "" || r.String("sent_at") != "" || !argument && r.String("request_id") != ""
}

// plant applies a signal that is sent at destroy.
func plant(t *testing.T, r *acctest.Resource, config acctest.Values) {
	t.Helper()
	says(t, r.Apply(config.With(atDestroy)), false, "Signal Is Sent at Destroy")
	if r.State.IsNull() || isSent(r) {
		t.Errorf("a signal that was not sent yet is recorded as %s", r.State)
	}
}

func TestSignalAtDestroy(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.Ready(s)
		r := p.Resource(y.Type)
		plant(t, r, config.With(y.Missing))
		// Nothing was sent yet, so every change is an update in place.
		changed := config.With(atDestroy).With(acctest.Values{"triggers": acctest.Values{"other": "value"}})
		plan, diags := r.Plan(changed)
		if len(diags) > 0 || len(plan.Replace) > 0 {
			t.Errorf("a change before the signal is sent replaces for %v: %s", plan.Replace, diags)
		}
		apply(t, r, changed)
		apply(t, r, changed)
		if diags := r.Refresh(); len(diags) > 0 {
			t.Error(diags)
		}
		if made := s.RequestLog(); len(made) > 0 {
			t.Errorf("before the destroy these requests were made: %v", made)
		}
		if diags := r.Destroy(); len(diags) > 0 || !r.State.IsNull() {
			t.Errorf("destroying said %s and left %s", diags, r.State)
		}
		sentOnce(t, y, s)
	})
}

func TestChangingWhenSendsNothing(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.Ready(s)
		r := p.Resource(y.Type)
		apply(t, r, config)
		says(t, r.Apply(config.With(atDestroy)), false, "Signal Will Be Sent Again")
		says(t, r.Apply(config), false, "Changing When Sends Nothing in Place")
		apply(t, r, config.With(acctest.Values{"when": "apply"}))
		if diags := r.Destroy(); len(diags) > 0 {
			t.Error(diags)
		}
		sentOnce(t, y, s)
	})
}

// The signal that was sent when the resource was created is not the signal that is sent
// when it is destroyed.
func TestSentAtApplyThenAtDestroy(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.Ready(s)
		r := p.Resource(y.Type)
		apply(t, r, config)
		says(t, r.Apply(config.With(atDestroy)), false, "Signal Will Be Sent Again")
		if r.String("delivery") != "" || r.String("sent_at") != "" {
			t.Errorf("a signal that was not sent yet is recorded as %s", r.State)
		}
		sentOnce(t, y, s)
		if diags := r.Destroy(); len(diags) > 0 {
			t.Error(diags)
		}
		if s.Count(y.Operation) != 2 || s.Accepted(y.Operation) != 2 {
			t.Errorf("the request log does not hold two signals: %v", s.RequestLog())
		}
	})
}

// The result of an earlier destroy does not apply to another target.
func TestAnotherTargetAfterAFailedDestroy(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		r := p.Resource(y.Type)
		plant(t, r, y.Ready(s).With(acctest.Briefly))
		s.Inject(p.Stall(y.Operation, sandbox.KindStallAfter))
		says(t, r.Destroy(), true, "Outcome of the Signal Unknown")
		s.ClearFaults()
		s.ResetRequestLog()
		other := y.Ready(s).With(atDestroy).With(acctest.Values{"triggers": acctest.Values{"target": "another"}})
		says(t, r.Apply(other), false, "Another Signal Is Sent at Destroy", "forgets that signal", "undo the change before you apply")
		if r.String("delivery") != "" {
			t.Errorf("delivery is %q for a target that got no signal", r.String("delivery"))
		}
		if diags := r.Destroy(); len(diags) > 0 {
			t.Error(diags)
		}
		sentOnce(t, y, s)
	})
}

// Until a signal at destroy has been sent, its target is the one of the configuration. The
// state keeps nothing of a target that the configuration had before.
func TestSignalAtDestroyForgetsAnEarlierTarget(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		// If fits is not set, the second configuration may fit no target, or several.
		test := func(argument string, before, after acctest.Values, fits bool) {
			t.Helper()
			fresh, r, after := p.Resource(y.Type), p.Resource(y.Type), after.With(atDestroy)
			earlier, _ := before[argument].(string)
			if after[argument] != nil || earlier == "" || r.Validate(before).HasError() || r.Validate(after).HasError() {
				return
			}
			plant(t, fresh, after)
			if fresh.String(argument) != "" {
				return // It is generated, and identifies no target.
			}
			plant(t, r, before)
			apply(t, r, after)
			if plan, _ := r.Plan(after); !plan.Planned.Equal(r.State) {
				t.Errorf("the next plan changes %s to %s", r.State, plan.Planned)
			}
			s.ResetRequestLog()
			if diags := r.Destroy(); fits {
				says(t, diags, false)
				sentOnce(t, y, s)
			}
			for _, made := range s.RequestLog() {
				if strings.Contains(made.Path+made.Query+made.Body, earlier) {
					t.Errorf("the configuration has no %s any more, and the destroy still makes a request about %s: %v", argument, earlier, made)
				}
			}
		}
		for _, argument := range p.Resource(y.Type).Arguments() {
			if !argument.Computed || argument.Name == "region" || argument.Name == "namespace" { // The state keeps those.
				continue
			}
			config := y.Ready(s)
			for _, row := range systems.All {
				if row.Type == y.Type && row.Variant != y.Variant {
					test(argument.Name, row.Ready(s), config, true)
				}
			}
			another := acctest.Values{argument.Name: systems.Of(y.Type).Resends[argument.Name]}
			test(argument.Name, config.With(another), config.With(acctest.Values{argument.Name: nil}), false)
		}
	})
}

func TestTargetGoneAtDestroyIsAWarning(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		r := p.Resource(y.Type)
		plant(t, r, y.Ready(s).With(y.Missing))
		diags := r.Destroy()
		if y.Ambiguous {
			says(t, diags, true, "Signal Rejected", "kept")
			return
		}
		says(t, diags, false, "Target Is Gone", "No signal was sent")
		if strings.Contains(diags.String(), "kept") || !r.State.IsNull() {
			t.Errorf("said %s of %s", diags, r.State)
		}
	})
}

func TestFailureAtDestroyKeepsTheResource(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		r := p.Resource(y.Type)
		plant(t, r, y.Ready(s))
		s.Inject(sandbox.Fault{Operation: y.Operation, Kind: sandbox.KindRefuse, Times: 1})
		says(t, r.Destroy(), true, "Signal Rejected", "kept", "Destroying again")
		if r.State.IsNull() || r.String("delivery") != "" {
			t.Errorf("after a refusal the state is %s", r.State)
		}
		if diags := r.Destroy(); len(diags) > 0 || !r.State.IsNull() {
			t.Errorf("destroying again said %s and left %s", diags, r.State)
		}
		if s.Accepted(y.Operation) != 1 {
			t.Errorf("the request log is %v", s.RequestLog())
		}
	})
}

func TestUnknownAtDestroyIsRemembered(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		r := p.Resource(y.Type)
		plant(t, r, y.Ready(s).With(acctest.Briefly))
		s.Inject(p.Stall(y.Operation, sandbox.KindStallAfter))
		says(t, r.Destroy(), true, "Outcome of the Signal Unknown", "state rm")
		if r.String("delivery") != "UNKNOWN" {
			t.Errorf("delivery is %q", r.String("delivery"))
		}
		s.ClearFaults()
		s.ResetRequestLog()
		says(t, r.Destroy(), false, "Signal May Be Sent Again")
		// If the service shows that it has the signal, the provider does not send it again.
		if !r.State.IsNull() || s.Count(y.Operation) != map[bool]int{true: 1}[y.ShownBy == "" && !y.ShowsSignals] {
			t.Errorf("destroying again left %s after %v", r.State, s.RequestLog())
		}
	})
}

func TestDestroyWaits(t *testing.T) {
	eachGate(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		r := p.Resource(y.Type)
		plant(t, r, y.Gate.Running(s, well).With(waiting))
		if diags := r.Destroy(); len(diags) > 0 || s.Count(y.Gate.Read) < 2 {
			t.Errorf("destroying said %s after %v", diags, s.RequestLog())
		}
		sentOnce(t, y, s)
	})
}

func TestDestroyRemembersThatItSent(t *testing.T) {
	eachGate(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.Gate.Running(s, never).With(waiting).With(acctest.Briefly)
		s.Hook(y.Gate.Read, nil, nil) // The sandbox's time stands still.
		r := p.Resource(y.Type)
		plant(t, r, config)
		for range 2 {
			says(t, r.Destroy(), true, "Target Still Running", "delete timeout", "only waits")
			if r.String("delivery") != "SENT" || r.String("sent_at") == "" {
				t.Errorf("the state does not remember the signal: %s", r.State)
			}
		}
		sentOnce(t, y, s)
	})
}

// A destroy that only waits does not wait forever for a target that no longer exists.
func TestDestroyGoesOnWhenTheTargetItWaitsForIsGone(t *testing.T) {
	eachGate(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.Gate.Running(s, never).With(waiting).With(acctest.Briefly)
		s.Hook(y.Gate.Read, nil, nil) // The sandbox's time stands still.
		r := p.Resource(y.Type)
		plant(t, r, config)
		says(t, r.Destroy(), true, "Target Still Running")
		sentOnce(t, y, s)
		s.Reset()
		says(t, r.Destroy(), false)
		if !r.State.IsNull() || s.Count(y.Operation) != 0 {
			t.Errorf("the destroy left %s after %v", r.State, s.RequestLog())
		}
	})
}

// A signal that a destroy has adopted counts as sent: the next destroy only waits.
func TestDestroyRemembersThatItAdopted(t *testing.T) {
	eachGate(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		if !y.Gate.Adopts {
			return
		}
		config := y.Gate.Running(s, never).With(y.Gate.AdoptsWith)
		apply(t, acctest.StartProvider(t, acctest.Block(s.URL())).Resource(y.Type), config)
		config = config.With(waiting).With(acctest.Briefly).With(acctest.Values{"adopt_existing": true})
		s.Hook(y.Gate.Read, nil, nil) // The sandbox's time stands still.
		r := p.Resource(y.Type)
		plant(t, r, config)
		for range 2 {
			says(t, r.Destroy(), true, "Target Still Running", "adopted")
			if r.String("delivery") != "ADOPTED" {
				t.Errorf("delivery is %q", r.String("delivery"))
			}
			// A search would not find the signal again.
			s.Inject(sandbox.Fault{Operation: y.Operation, Kind: sandbox.KindDropAfter})
		}
		sentOnce(t, y, s)
	})
}
