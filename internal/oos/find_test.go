package oos_test

import (
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

var atDestroy = acctest.Values{"when": "destroy"}

// The signal of an earlier destroy is looked up in the execution to which it was sent, even
// if another one waits now.
func TestUnknownAtDestroyByTemplate(t *testing.T) {
	for name, test := range map[string]struct {
		fault sandbox.Kind
		sends int
	}{
		"it had arrived": {sandbox.KindStallAfter, 0},
		"it had not":     {sandbox.KindStall, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s, r, config := start(t, byTemplate(gate, hold))
			first := s.OOSExecutions()[0].ExecutionID
			config = config.With(atDestroy).With(acctest.Values{"timeouts": acctest.Values{"delete": "1s"}})
			if diags := r.Apply(config); diags.HasError() || len(s.RequestLog()) > 0 || r.String("execution_id") != "" {
				t.Fatalf("said %s, and made %v", diags, s.RequestLog())
			}
			s.Inject(r.Stall(notify, test.fault))
			says(t, r.Destroy(), true, "Outcome of the Signal Unknown")
			s.ClearFaults()
			s.ResetRequestLog()
			other := byTemplate(gate)
			other.SecondsAgo = 0
			s.StartOOSExecution(other)
			says(t, r.Destroy(), false)
			state, _ := s.OOSExecution(first)
			if !r.State.IsNull() || s.Count(notify) != test.sends || len(state.Signals) != 1 {
				t.Errorf("destroying again left %s after %v", r.State, s.RequestLog())
			}
		})
	}
}

// A destroy does not wait for a target that does not exist.
func TestNobodyWaitsAtDestroy(t *testing.T) {
	s, r, config := start(t, byTemplate(deploy))
	if diags := r.Apply(config.With(atDestroy)); diags.HasError() {
		t.Fatal(diags)
	}
	says(t, r.Destroy(), false, "Target Is Gone")
	if !r.State.IsNull() || s.Count(notify) > 0 {
		t.Errorf("the state is %s after %v", r.State, s.RequestLog())
	}
}

// An execution that has not come to its approval is not gone.
func TestNothingWaitsYetAtDestroy(t *testing.T) {
	s, r := timed(t, sandbox.Options{}, byTemplate(sandbox.OOSTask{Name: "prepare", Seconds: 90}, gate))
	if diags := r.Apply(acctest.Values{"template_name": "release", "notify_type": "Approve"}.With(atDestroy)); diags.HasError() {
		t.Fatal(diags)
	}
	says(t, r.Destroy(), true, "Signal Not Sent", "is kept")
	if r.State.IsNull() || s.Count(notify) > 0 {
		t.Errorf("the state is %s after %v", r.State, s.RequestLog())
	}
}

// A search without an answer is not a signal without an answer.
func TestLookUpThatFails(t *testing.T) {
	for name, test := range map[string]struct {
		fault sandbox.Fault
		sends int
		says  string
	}{
		"denied":         {sandbox.Fault{Operation: listed, Kind: sandbox.KindRefuse}, 0, "oos:ListExecutions"},
		"tasks denied":   {sandbox.Fault{Operation: listTasks, Kind: sandbox.KindRefuse}, 0, "oos:ListTaskExecutions"},
		"fails a while":  {sandbox.Fault{Operation: listed, Kind: sandbox.KindErrorBefore, Times: 2}, 1, ""},
		"lost":           {sandbox.Fault{Operation: listed, Kind: sandbox.KindDropAfter, Times: 1}, 1, ""},
		"throttled":      {sandbox.Fault{Operation: listed, Kind: sandbox.KindThrottle, Times: 2}, 1, ""},
		"a proxy's page": {sandbox.Fault{Operation: listed, Kind: sandbox.KindHTMLOK, Times: 1}, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, r, config := start(t, byTemplate(gate))
			s.Inject(test.fault)
			says(t, r.Apply(config), test.sends == 0, test.says)
			if s.Count(notify) != test.sends || r.State.IsNull() != (test.sends == 0) {
				t.Errorf("the state is %s after %v", r.State, s.RequestLog())
			}
		})
	}
	s, r, config := start(t, byTemplate(gate))
	s.Refuse()
	says(t, r.Apply(config.With(acctest.Values{"timeouts": acctest.Values{"create": "5m"}})), true, "Signal Not Sent", "connection refused")
	if !r.State.IsNull() {
		t.Errorf("the state is %s", r.State)
	}
}
