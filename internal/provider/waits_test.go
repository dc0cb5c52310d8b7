package provider_test

import (
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

var shortly = acctest.Values{"timeouts": acctest.Values{"create": acctest.BriefTimeout, "update": acctest.BriefTimeout}}

var settle = sandbox.Step{Name: "settle", Action: "aws:sleep", SleepSeconds: 30}

// awaited starts an execution of these steps and returns a wait for it. At the end of the
// test, no signal may have been sent.
func awaited(t *testing.T, of sandbox.Automation) (*acctest.Resource, acctest.Values, *sandbox.Sandbox) {
	t.Helper()
	c := &clock{}
	s := acctest.Sandbox(t, sandbox.Options{Now: c.now})
	s.Hook("GetAutomationExecution", c.tick, nil)
	t.Cleanup(func() {
		for _, request := range s.RequestLog() {
			if !strings.HasPrefix(request.Operation, "Get") && !strings.HasPrefix(request.Operation, "Describe") {
				t.Errorf("a wait made a request that is no read: %v", request)
			}
		}
	})
	r := acctest.StartProvider(t, acctest.Block(s.URL())).Resource("signal_automation_wait")
	return r, acctest.Values{"automation_execution_id": s.StartAutomation(of)}, s
}

func TestAWaitEndsWithTheRun(t *testing.T) {
	r, config, s := awaited(t, sandbox.Automation{
		Steps:   []sandbox.Step{settle, {Name: "deploy", Action: "aws:executeScript"}},
		Outputs: map[string][]string{"deploy.Hosts": {"a", "b"}},
	})
	apply(t, r, config)
	status(t, r, "Success", true)
	hosts := func() {
		t.Helper()
		if !strings.Contains(r.State.String(), `"deploy.Hosts":tftypes.List[tftypes.String]<tftypes.String<"a">, tftypes.String<"b">>`) {
			t.Errorf("the outputs are not in the state: %s", r.State)
		}
	}
	hosts()
	if r.String("id") != config["automation_execution_id"] {
		t.Errorf("the id is %q", r.String("id"))
	}
	read := s.Count("GetAutomationExecution")
	if diags := r.Refresh(); len(diags) > 0 {
		t.Fatal(diags)
	}
	apply(t, r, config)
	if now := s.Count("GetAutomationExecution"); now != read {
		t.Errorf("a target that has ended was read %d more times", now-read)
	}
	apply(t, r, config.With(acctest.Values{"on_wait_failure": "record"}))
	hosts()
	again := config.With(acctest.Values{"triggers": acctest.Values{"release": "2"}})
	plan, diags := r.Plan(again)
	if len(diags) > 0 || len(plan.Replace) > 0 {
		t.Errorf("a change of triggers is not an update in place: %v %s", plan.Replace, diags)
	}
	apply(t, r, again)
	status(t, r, "Success", true)
	hosts()
	if diags := r.Destroy(); len(diags) > 0 {
		t.Fatal(diags)
	}
}

func TestAWaitThatFailsIsMadeAgain(t *testing.T) {
	r, config, s := awaited(t, sandbox.Automation{Steps: []sandbox.Step{{Name: "deploy", Action: "aws:executeScript", Fail: "the disk is full"}}})
	says(t, r.Apply(config), true, "Target Did Not Succeed", "Failed", "the disk is full", "sends nothing")
	status(t, r, "Failed", false)
	if !r.Tainted {
		t.Error("a wait that failed does not taint")
	}
	says(t, r.Apply(config), true, "Target Did Not Succeed")
	r.Tainted = false // terraform untaint
	says(t, r.Apply(config), true, "Target Did Not Succeed")
	if r.Tainted {
		t.Error("an update taints")
	}
	recorded := config.With(acctest.Values{"on_wait_failure": "record"})
	read := s.Count("GetAutomationExecution")
	apply(t, r, recorded) // This accepts the failure.
	status(t, r, "Failed", false)
	if s.Count("GetAutomationExecution") != read {
		t.Error("a recorded failure is read again")
	}
	says(t, r.Apply(recorded.With(acctest.Values{"triggers": acctest.Values{"release": "2"}})), false, "Target Did Not Succeed", "recorded")
}

func TestAWaitThatRanOutGoesOn(t *testing.T) {
	r, config, s := awaited(t, sandbox.Automation{Steps: []sandbox.Step{{Name: "deploy", Action: "aws:executeScript", Hold: true}}})
	says(t, r.Apply(config.With(shortly)), true, "Target Still Running", "create timeout of "+acctest.BriefTimeout, "InProgress")
	r.Tainted = false // terraform untaint
	says(t, r.Apply(config.With(shortly)), true, "Target Still Running", "update timeout")
	says(t, r.Apply(config.With(shortly).With(acctest.Values{"on_wait_failure": "record"})), false, "Target Still Running")
	read := s.Count("GetAutomationExecution")
	if diags := r.Refresh(); len(diags) > 0 || s.Count("GetAutomationExecution") != read+1 {
		t.Errorf("a refresh made %d reads: %s", s.Count("GetAutomationExecution")-read, diags)
	}
	status(t, r, "InProgress", false)
}

func TestAWaitUntilReady(t *testing.T) {
	r, config, _ := awaited(t, sandbox.Automation{Steps: []sandbox.Step{settle, {Name: "approve", Action: "aws:approve"}}})
	ready := config.With(acctest.Values{"until": "ready"})
	apply(t, r, ready)
	if r.Bool("target_succeeded") != true {
		t.Errorf("the state is %s", r.State)
	}
	apply(t, r, ready)
	says(t, r.Apply(config.With(shortly)), true, "Target Still Running")
}

func TestAWaitForNothing(t *testing.T) {
	r, _, s := awaited(t, sandbox.Automation{Steps: []sandbox.Step{settle}})
	says(t, r.Apply(acctest.Values{"automation_execution_id": systems.ID(99)}), true, "Target Cannot Be Read", "AutomationExecutionNotFoundException", systems.ID(99))
	if s.Count("GetAutomationExecution") != 1 {
		t.Errorf("a target that does not exist was read %d times", s.Count("GetAutomationExecution"))
	}
}

func TestAWaitIsImported(t *testing.T) {
	r, config, _ := awaited(t, sandbox.Automation{Steps: []sandbox.Step{{Name: "deploy", Action: "aws:executeScript"}}})
	id := config["automation_execution_id"].(string)
	if diags := r.Import(id); len(diags) > 0 {
		t.Fatal(diags)
	}
	status(t, r, "Success", true)
	plan, diags := r.Plan(config)
	if len(diags) > 0 || !plan.Planned.Equal(r.State) {
		t.Errorf("the plan after an import is not empty: %s, state %s, %s", plan.Planned, r.State, diags)
	}
	says(t, r.Import("a/b"), true, "Invalid Import ID", "automation_execution_id")
	if r.Import(systems.ID(99)); !r.State.IsNull() {
		t.Errorf("a target that does not exist was imported: %s", r.State)
	}
}

func TestAWaitForAnotherTargetIsAnother(t *testing.T) {
	r, config, s := awaited(t, sandbox.Automation{Steps: []sandbox.Step{{Name: "deploy", Action: "aws:executeScript"}}})
	apply(t, r, config)
	other := acctest.Values{"automation_execution_id": s.StartAutomation(sandbox.Automation{Steps: []sandbox.Step{{Name: "deploy", Action: "aws:executeScript"}}})}
	plan, diags := r.Plan(other)
	if len(diags) > 0 || len(plan.Replace) != 1 {
		t.Errorf("a change of the target is not a replacement: %v %s", plan.Replace, diags)
	}
	apply(t, r, other)
	if r.String("id") != other["automation_execution_id"] {
		t.Errorf("the id is %q", r.String("id"))
	}
}
