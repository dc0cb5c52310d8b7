package ssm_test

import (
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// The decision of an earlier step is not the one that a later step waits for.
func TestAdoptingIsNotForALaterApproval(t *testing.T) {
	now := time.Now()
	s := acctest.Sandbox(t, sandbox.Options{Now: func() time.Time { return now }})
	id := s.StartAutomation(sandbox.Automation{Steps: []sandbox.Step{
		{Name: "staging", Action: "aws:approve"}, {Name: "bake", Action: "aws:sleep", SleepSeconds: 600}, {Name: "production", Action: "aws:approve"},
	}})
	p := acctest.StartProvider(t, acctest.Block(s.URL()))
	approve := acctest.Values{"automation_execution_id": id, "signal_type": "Approve"}
	if diags := p.Resource("signal_automation").Apply(approve); len(diags) > 0 {
		t.Fatal(diags)
	}
	// Between the two nothing waits, and the service says so.
	second := p.Resource("signal_automation")
	if diags := second.Apply(approve.With(acctest.Values{"adopt_existing": true})); !diags.HasError() || !second.State.IsNull() {
		t.Errorf("recorded %s and said %s", second.State, diags)
	}
	if s.Accepted("SendAutomationSignal") != 1 || s.Count("SendAutomationSignal") != 2 {
		t.Errorf("the request log is %v", s.RequestLog())
	}
}

// Statuses and steps are read page by page where the execution shows not all of them.
func TestStepsArePaged(t *testing.T) {
	s := acctest.Sandbox(t, sandbox.Options{StepLimit: 2})
	steps := []sandbox.Step{}
	for _, name := range []string{"a", "b", "c", "d"} {
		steps = append(steps, sandbox.Step{Name: name, Action: "aws:executeScript"})
	}
	id := s.StartAutomation(sandbox.Automation{Steps: append(steps, sandbox.Step{Name: "gate", Action: "aws:approve"})})
	r := acctest.StartProvider(t, acctest.Block(s.URL())).Resource("signal_automation")
	diags := r.Apply(acctest.Values{"automation_execution_id": id, "signal_type": "Approve", "wait_until_ready": true, "timeouts": acctest.Values{"create": "5s"}})
	if len(diags) > 0 || s.Count("DescribeAutomationStepExecutions") == 0 {
		t.Errorf("said %s after %v", diags, s.RequestLog())
	}
}

// A wait that runs out says where the execution is, and which child may have the gate.
func TestWaitUntilReadySaysWhatItSaw(t *testing.T) {
	s := acctest.Sandbox(t, sandbox.Options{})
	child := s.StartAutomation(sandbox.Automation{Steps: []sandbox.Step{{Name: "gate", Action: "aws:approve"}}})
	parent := s.StartAutomation(sandbox.Automation{Steps: []sandbox.Step{{Name: "release", Action: "aws:executeAutomation", Hold: true, Child: child}}})
	config := acctest.Values{"automation_execution_id": parent, "signal_type": "Approve", "wait_until_ready": true, "timeouts": acctest.Values{"create": "500ms"}}
	diags := acctest.StartProvider(t, acctest.Block(s.URL())).Resource("signal_automation").Apply(config)
	says(t, diags, "create timeout", "its status InProgress", "No step of it waits for Approve.", "Its current step is release (aws:executeAutomation).", "Step release runs the execution "+child)
	if s.Count("SendAutomationSignal") > 0 {
		t.Errorf("the request log is %v", s.RequestLog())
	}
}

// A signal that no step takes is told how to wait, and who may decide.
func TestRefusedSignalNamesTheWayOut(t *testing.T) {
	s := acctest.Sandbox(t, sandbox.Options{})
	id := s.StartAutomation(sandbox.Automation{Steps: []sandbox.Step{{Name: "hold", Action: "aws:executeScript", Hold: true}}})
	diags := acctest.StartProvider(t, acctest.Block(s.URL())).Resource("signal_automation").Apply(acctest.Values{"automation_execution_id": id, "signal_type": "Approve"})
	says(t, diags, "InvalidAutomationSignalException", "wait_until_ready = true", "Approvers")
}
