package provider_test

import (
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

var atDestroy = acctest.Values{"when": "destroy"}

// plant applies a signal that is to be sent at destroy.
func plant(t *testing.T, r *acctest.Resource, config acctest.Values) {
	t.Helper()
	says(t, r.Apply(config.With(atDestroy)), false, "Signal Is Sent at Destroy")
	if r.State.IsNull() || r.String("delivery") != "" || r.String("sent_at") != "" || r.String("request_id") != "" {
		t.Errorf("a signal that is yet to be sent is recorded as %s", r.State)
	}
}

func TestSignalAtDestroy(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.ready(t, s)
		r := p.Resource(y.resource)
		plant(t, r, config.With(y.missing))
		// Nothing was sent yet, so everything can still be changed in place.
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
		if made := s.Journal(); len(made) > 0 {
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
		config := y.ready(t, s)
		r := p.Resource(y.resource)
		apply(t, r, config)
		apply(t, r, config.With(atDestroy))
		apply(t, r, config)
		apply(t, r, config.With(acctest.Values{"when": "apply"}))
		if diags := r.Destroy(); len(diags) > 0 {
			t.Error(diags)
		}
		sentOnce(t, y, s)
	})
}

func TestTargetGoneAtDestroyIsAWarning(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		r := p.Resource(y.resource)
		plant(t, r, y.ready(t, s).With(y.missing))
		says(t, r.Destroy(), false, "Target Is Gone", "Nothing was sent")
		if !r.State.IsNull() {
			t.Errorf("the resource is kept: %s", r.State)
		}
	})
}

func TestFailureAtDestroyKeepsTheResource(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		r := p.Resource(y.resource)
		plant(t, r, y.ready(t, s))
		s.Inject(sandbox.Fault{Operation: y.operation, Kind: sandbox.KindRefuse, Times: 1})
		says(t, r.Destroy(), true, "Signal Rejected", "kept", "Destroying again")
		if r.State.IsNull() || r.String("delivery") != "" {
			t.Errorf("after a refusal the state is %s", r.State)
		}
		if diags := r.Destroy(); len(diags) > 0 || !r.State.IsNull() {
			t.Errorf("destroying again said %s and left %s", diags, r.State)
		}
		if s.Accepted(y.operation) != 1 {
			t.Errorf("the journal is %v", s.Journal())
		}
	})
}

func TestUnknownAtDestroyIsRemembered(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		r := p.Resource(y.resource)
		plant(t, r, y.ready(t, s).With(acctest.Values{"timeouts": acctest.Values{"delete": "500ms"}}))
		s.Inject(sandbox.Fault{Operation: y.operation, Kind: sandbox.KindStallAfter})
		says(t, r.Destroy(), true, "Outcome of the Signal Unknown", "state rm")
		if r.String("delivery") != "UNKNOWN" {
			t.Errorf("delivery is %q", r.String("delivery"))
		}
		s.ClearFaults()
		says(t, r.Destroy(), false, "Signal Will Be Sent Again")
	})
}

func TestDestroyWaits(t *testing.T) {
	eachGate(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		r := p.Resource(y.resource)
		plant(t, r, y.gate.running(t, s, well).With(waiting))
		if diags := r.Destroy(); len(diags) > 0 || s.Count(y.gate.read) < 2 {
			t.Errorf("destroying said %s after %v", diags, s.Journal())
		}
		sentOnce(t, y, s)
	})
}

func TestDestroyRemembersThatItSent(t *testing.T) {
	eachGate(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.gate.running(t, s, never).With(waiting).With(acctest.Values{"timeouts": acctest.Values{"delete": "150ms"}})
		r := p.Resource(y.resource)
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
