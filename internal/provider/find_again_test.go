package provider_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// namedTarget is a target that a signal finds by name.
type namedTarget struct {
	// start starts one of the targets that the signal finds, and returns its id, and end ends
	// it without an answer to what it waits for; nil if a target that has ended never shows
	// that nobody answered. took counts the signals that it took.
	start func(*naming) string
	end   func(*naming, string)
	took  func(*naming, string) int
	// config returns the arguments of the signal.
	config func(*naming) acctest.Values
	// looked is the text that says what was searched for.
	looked string
	// answers are ways to answer what a target waits for, as somebody else; none if a target
	// that was answered takes more signals.
	answers map[string]func(*naming, string)
	// without says that the service itself finds another target, so the second request has no
	// id, unless the answer says that there is none.
	without bool
}

// naming is a sandbox with its clock, and a provider.
type naming struct {
	*sandbox.Sandbox
	p *acctest.Provider
	// name is a workflow id, which is the same for all runs.
	name string
}

func newNaming(t *testing.T) *naming {
	t.Helper()
	s := acctest.Sandbox(t, sandbox.Options{})
	return &naming{s, acctest.StartProvider(t, acctest.Block(s.URL())), uuid.NewString()}
}

// send sends a signal of somebody else.
func (n *naming) send(resource string, config acctest.Values) {
	if diags := n.p.Resource(resource).Apply(config); diags.HasError() {
		panic(diags.String())
	}
}

// decide sends a decision of somebody else to an execution of SSM, and review one to the
// approval that waits in a pipeline.
func (n *naming) decide(id, decision string) {
	n.send("signal_automation", acctest.Values{"automation_execution_id": id, "signal_type": decision, "payload": acctest.Values{"Comment": []any{"theirs"}}})
}

func (n *naming) review(status string) {
	n.send("signal_codepipeline_approval", acctest.Values{"pipeline_name": "website", "stage_name": "Approve", "action_name": "Release", "status": status, "summary": "theirs"})
}

// namedTargets has the targets of each resource that can find its target.
var namedTargets = map[string]namedTarget{
	"signal_automation": {
		start: func(n *naming) string {
			return n.StartAutomation(sandbox.Automation{DocumentName: "Deploy", Steps: []sandbox.Step{{Name: "gate", Action: "aws:approve"}, {Name: "hold", Action: "aws:pause"}}})
		},
		answers: map[string]func(*naming, string){
			"the first gate": func(n *naming, id string) { n.decide(id, "Approve") },
			"all gates": func(n *naming, id string) {
				n.decide(id, "Approve")
				n.send("signal_automation", acctest.Values{"automation_execution_id": id, "signal_type": "Resume", "payload": acctest.Values{"StepName": []any{"hold"}}})
			},
			"with a rejection": func(n *naming, id string) { n.decide(id, "Reject") },
		},
		end: func(n *naming, id string) {
			execution, _ := n.Automation(id)
			n.send("signal_automation", acctest.Values{"automation_execution_id": id, "signal_type": "StopStep", "payload": acctest.Values{"StepExecutionId": []any{execution.StepExecutions[0].StepExecutionID}}})
		},
		took: func(n *naming, id string) int {
			execution, _ := n.Automation(id)
			return len(slices.DeleteFunc(execution.Signals, func(s sandbox.Signal) bool { return s.SignalType != "Approve" }))
		},
		config: func(n *naming) acctest.Values {
			return acctest.Values{"document_name": "Deploy", "signal_type": "Approve"}
		},
		looked: "SSM lists no Automation execution of document Deploy that can take it",
	},
	"signal_stack_resource": {
		start: func(n *naming) string {
			return n.StartStack(sandbox.Stack{Name: "web", Conditions: []sandbox.WaitCondition{{Name: "Deployed"}}})
		},
		end: func(n *naming, id string) {
			n.send("signal_stack_resource", acctest.Values{"stack_id": id, "logical_resource_id": "Deployed", "status": "FAILURE"})
		},
		answers: map[string]func(*naming, string){"": func(n *naming, id string) {
			n.send("signal_stack_resource", acctest.Values{"stack_id": id, "logical_resource_id": "Deployed", "status": "SUCCESS"})
		}},
		took: func(n *naming, id string) int {
			stack, _ := n.Stack(id)
			return len(slices.DeleteFunc(stack.Signals, func(s sandbox.StackSignal) bool { return s.Status == "FAILURE" }))
		},
		config: func(n *naming) acctest.Values {
			return acctest.Values{"stack_name": "web", "logical_resource_id": "Deployed", "status": "SUCCESS"}
		},
		looked: "ROS lists no stack named web that can take it",
	},
	"signal_oos_execution": {
		start: func(n *naming) string {
			return n.StartOOSExecution(sandbox.OOSExecution{TemplateName: "release", Tasks: []sandbox.OOSTask{{Name: "gate", Action: "ACS::Approve"}}})
		},
		answers: map[string]func(*naming, string){
			"": func(n *naming, id string) {
				n.send("signal_oos_execution", acctest.Values{"execution_id": id, "notify_type": "Approve", "notify_note": "theirs"})
			},
			"with a rejection": func(n *naming, id string) {
				n.send("signal_oos_execution", acctest.Values{"execution_id": id, "notify_type": "Reject", "notify_note": "theirs"})
			},
		},
		took: func(n *naming, id string) int {
			execution, _ := n.OOSExecution(id)
			return len(execution.Signals)
		},
		config: func(n *naming) acctest.Values {
			return acctest.Values{"template_name": "release", "notify_type": "Approve"}
		},
		looked: "OOS lists no execution of this template that can take it",
	},
	"signal_ecs_deployment": {
		start: func(n *naming) string {
			return n.StartServiceDeployment(sandbox.ServiceDeployment{Service: "web", Stages: []sandbox.DeploymentStage{{}}}).ARN
		},
		end: func(n *naming, arn string) { n.StopServiceDeployment(arn) },
		answers: map[string]func(*naming, string){
			"":                func(n *naming, arn string) { n.AnswerHook(arn, "CONTINUE") },
			"with a rollback": func(n *naming, arn string) { n.AnswerHook(arn, "ROLLBACK") },
		},
		took: func(n *naming, arn string) int {
			d, _ := n.ServiceDeployment(arn)
			return len(d.Actions)
		},
		config: func(n *naming) acctest.Values { return acctest.Values{"cluster": "default", "service": "web"} },
		looked: "ECS lists no deployment of this service in progress",
	},
	"signal_codepipeline_approval": {
		start: func(n *naming) string {
			return n.StartPipeline(sandbox.Pipeline{Name: "website", Stages: []sandbox.PipelineStage{{Name: "Approve", Actions: []sandbox.PipelineAction{{Name: "Release"}}}}}).ExecutionID
		},
		end: func(n *naming, id string) { n.StopPipeline(id) },
		answers: map[string]func(*naming, string){
			"":                 func(n *naming, _ string) { n.review("Approved") },
			"with a rejection": func(n *naming, _ string) { n.review("Rejected") },
		},
		took: func(n *naming, id string) int {
			all := n.Pipelines("website")
			return len(all[slices.IndexFunc(all, func(p sandbox.PipelineState) bool { return p.ExecutionID == id })].Results)
		},
		config: func(n *naming) acctest.Values {
			return acctest.Values{"pipeline_name": "website", "stage_name": "Approve", "action_name": "Release", "status": "Approved"}
		},
		looked: "CodePipeline lists no approval of this action that can take it",
	},
	"signal_workflow_execution": {
		start: func(n *naming) string { return n.StartWorkflow(sandbox.Workflow{WorkflowID: n.name}) },
		end:   func(n *naming, _ string) { n.CloseWorkflow("sandbox", n.name, "TERMINATED") },
		took: func(n *naming, id string) int {
			all := n.Workflows("sandbox", n.name)
			return len(all[slices.IndexFunc(all, func(w sandbox.WorkflowState) bool { return w.RunID == id })].Signals())
		},
		config: func(n *naming) acctest.Values {
			return acctest.Values{"domain": "sandbox", "workflow_id": n.name, "signal_name": "release", "wait_until_ready": true}
		},
		looked: "workflow_id", without: true,
	},
	"signal_temporal_workflow": {
		start: func(n *naming) string {
			return n.StartTemporalWorkflow(sandbox.TemporalWorkflow{WorkflowID: n.name, Closes: map[string]string{"stop": "TERMINATED"}})
		},
		end: func(n *naming, _ string) {
			n.send("signal_temporal_workflow", acctest.Values{"workflow_id": n.name, "signal_name": "stop"})
		},
		took: func(n *naming, _ string) int {
			return len(slices.DeleteFunc(n.TemporalSignals(n.name), func(s sandbox.TemporalSignal) bool { return s.Name == "stop" }))
		},
		config: func(n *naming) acctest.Values {
			return acctest.Values{"workflow_id": n.name, "signal_name": "release", "wait_until_ready": true}
		},
		looked: "workflow_id", without: true,
	},
}

func eachNamed(t *testing.T, test func(t *testing.T, y system, at namedTarget, n *naming)) {
	t.Helper()
	for _, y := range systems.All {
		if _, known := namedTargets[y.Type]; y.Finds && !known {
			t.Errorf("%s finds its target, and is not in namedTargets", y.Name())
		}
	}
	for resource, at := range namedTargets {
		t.Run(resource, func(t *testing.T) {
			t.Parallel()
			test(t, systems.Of(resource), at, newNaming(t))
		})
	}
}

// eachEnding is eachNamed for the targets that can end without an answer.
func eachEnding(t *testing.T, test func(t *testing.T, y system, at namedTarget, n *naming)) {
	t.Helper()
	eachNamed(t, func(t *testing.T, y system, at namedTarget, n *naming) {
		if at.end != nil {
			test(t, y, at, n)
		}
	})
}

// between lets something happen once between the search for the target and the send.
// Requests that others make meanwhile are not counted by the function that it returns.
func (n *naming) between(y system, happens func()) (sends func() int) {
	before, made := n.Count(y.Operation), 0
	n.Hook(y.Operation, func() {
		n.Hook(y.Operation, nil, nil)
		counted := n.Count(y.Operation)
		happens()
		made = n.Count(y.Operation) - counted
	}, nil)
	return func() int { return n.Count(y.Operation) - before - made }
}

// If the found target ends before the signal arrives, another one gets the signal, once.
func TestEndedBeforeTheSendAnotherTakesIt(t *testing.T) {
	eachEnding(t, func(t *testing.T, y system, at namedTarget, n *naming) {
		first, second := at.start(n), ""
		sends := n.between(y, func() {
			at.end(n, first)
			second = at.start(n)
		})
		r := n.p.Resource(y.Type)
		diags := r.Apply(at.config(n))
		if diags.HasError() || r.String("delivery") != "SENT" || sends() != 2 || at.took(n, second) != 1 {
			t.Errorf("recorded %s after %v, and said %s", r.State, n.RequestLog(), diags)
		}
		if id := y.Naming; id != nil && r.String(id.ID) != second {
			t.Errorf("recorded %s, not %s", r.String(id.ID), second)
		}
		if y.Type != "signal_temporal_workflow" && at.took(n, first) > 0 {
			t.Errorf("the first one took %d", at.took(n, first))
		}
	})
}

// If there is no other target, the error has the answer of the first one and what was
// searched for.
func TestEndedBeforeTheSendAndNoOther(t *testing.T) {
	eachEnding(t, func(t *testing.T, y system, at namedTarget, n *naming) {
		first := at.start(n)
		sends := n.between(y, func() { at.end(n, first) })
		r := n.p.Resource(y.Type)
		says(t, r.Apply(at.config(n)), true, "Signal Rejected", "answered", at.looked)
		want := 1
		if at.without {
			want = 2
		}
		if !r.State.IsNull() || sends() != want || at.took(n, first) > 0 {
			t.Errorf("recorded %s after %v", r.State, n.RequestLog())
		}
	})
}

// A target that has refused the signal and goes on is the one that the signal is for.
func TestRefusedByATargetThatGoesOn(t *testing.T) {
	eachNamed(t, func(t *testing.T, y system, at namedTarget, n *naming) {
		first, refuses := at.start(n), sandbox.Fault{Operation: y.Operation, Kind: sandbox.KindRefuse, Times: 1}
		if code := map[string]string{"signal_oos_execution": "SomethingElse", "signal_ecs_deployment": "ClientException", "signal_codepipeline_approval": "InvalidApprovalTokenException"}[y.Type]; code != "" {
			refuses.Status, refuses.Code = 400, code
		}
		n.Inject(refuses)
		r := n.p.Resource(y.Type)
		diags := r.Apply(at.config(n))
		says(t, diags, true, "Signal Rejected")
		if !r.State.IsNull() || n.Count(y.Operation) != 1 || at.took(n, first) > 0 || strings.Contains(diags.String(), "searched for another") {
			t.Errorf("recorded %s after %v, and said %s", r.State, n.RequestLog(), diags)
		}
	})
}

// If somebody else answers the gate before the signal arrives, the signal is neither for the
// next gate nor for another target.
func TestAnsweredByOthersBeforeTheSend(t *testing.T) {
	eachNamed(t, func(t *testing.T, y system, at namedTarget, n *naming) {
		for how, answer := range at.answers {
			n := newNaming(t)
			first, second, taken := at.start(n), "", 0
			sends := n.between(y, func() {
				answer(n, first)
				taken, second = at.took(n, first), at.start(n)
			})
			r := n.p.Resource(y.Type)
			diags := r.Apply(at.config(n).With(acctest.Values{"wait_until_ready": true}))
			says(t, diags, true, "Signal Rejected")
			if !r.State.IsNull() || sends() != 1 || at.took(n, first) != taken || at.took(n, second) > 0 {
				t.Errorf("answered %s: recorded %s after %v", how, r.State, n.RequestLog())
			}
		}
	})
}

// A signal that may have arrived is not sent to another target.
func TestLostAndEndedIsNotForAnother(t *testing.T) {
	eachNamed(t, func(t *testing.T, y system, at namedTarget, n *naming) {
		first, second := at.start(n), ""
		n.Inject(sandbox.Fault{Operation: y.Operation, Kind: sandbox.KindDropAfter, Times: 1})
		n.Hook(y.Operation, nil, func() {
			n.Hook(y.Operation, nil, nil)
			if y.Type != "signal_workflow_execution" && y.Type != "signal_temporal_workflow" {
				second = at.start(n)
			}
		})
		r := n.p.Resource(y.Type)
		diags := r.Apply(at.config(n))
		if at.took(n, first) != 1 || second != "" && at.took(n, second) > 0 {
			t.Errorf("recorded %s after %v, and said %s", r.State, n.RequestLog(), diags)
		}
	})
}
