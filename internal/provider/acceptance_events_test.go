package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/checkout"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/terraformcli"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// needs skips a test of features that older releases of Terraform, and OpenTofu, do not
// have.
func needs(t *testing.T, release, what string) {
	t.Helper()
	if !acctest.CLI(t).AtLeast(terraformcli.Terraform, release) {
		t.Skipf("%s are new in Terraform %s and unknown to OpenTofu", what, release)
	}
}

// triggering is a resource that triggers an action, and a resource that depends on it.
const triggering = `
variable "input" {}

action "signal_automation" "tell" {
  config {
    automation_execution_id = %q
    signal_type             = "Approve"
  }
}

resource "terraform_data" "one" {
  input = var.input

  lifecycle {
    action_trigger {
      events  = [%s]
      actions = [action.signal_automation.tell]
      %s
    }
  }
}

resource "terraform_data" "behind" {
  input = terraform_data.one.output
}
`

// The table of events in the guide "Which form" is true. In one apply the service refuses
// the action's signal, and in the next one it accepts it.
func TestAccWhatActionEventsHold(t *testing.T) {
	needs(t, "1.14.0", "actions")
	type held struct {
		// one and behind are the inputs of the two resources after the refusal. tainted says
		// that the first one is tainted.
		one, behind any
		tainted     bool
		// again is how many signals the next apply sends. passed is the input of the resource
		// behind after that.
		again  int
		passed any
	}
	nothing := held{one: "new", behind: "new", passed: "new"}
	for _, test := range []struct {
		event, onFailure string
		// old are the results with releases before 1.16, nil if they do not have the event or
		// option.
		old, now *held
	}{
		{"before_create", "", &held{again: 1, passed: "new"}, &held{again: 1, passed: "new"}},
		{"after_create", "", &nothing, &held{one: "new", passed: "new"}},
		{"after_create", "halt", nil, &held{one: "new", passed: "new"}},
		{"after_create", "taint", nil, &held{one: "new", tainted: true, again: 1, passed: "new"}},
		{"after_create", "continue", nil, &nothing},
		{"before_update", "", &held{one: "old", behind: "old", again: 1, passed: "new"}, &held{one: "old", behind: "old", again: 1, passed: "new"}},
		{"after_update", "", &nothing, &held{one: "new", behind: "old", passed: "new"}},
		{"after_update", "taint", nil, &held{one: "new", behind: "old", passed: "new"}},
	} {
		t.Run(strings.TrimSpace(test.event+" "+test.onFailure), func(t *testing.T) {
			t.Parallel()
			want := test.old
			if acctest.CLI(t).AtLeast(terraformcli.Terraform, "1.16.0") {
				want = test.now
			}
			s := acctest.Sandbox(t, sandbox.Options{})
			w, ctx := acctest.Terraform(t, s), t.Context()
			option := ""
			if test.onFailure != "" {
				option = "on_failure = " + test.onFailure
			}
			write := func(events string) { w.Write(fmt.Sprintf(triggering, patientApproval(s), events, option)) }
			apply := func(input string) error {
				w.Variables(map[string]string{"input": input})
				return w.Apply(ctx)
			}
			write(test.event)
			if want == nil {
				if found, err := w.Validate(); err != nil || found.Valid {
					t.Errorf("it is not refused: %v", err)
				}
				return
			}
			if strings.HasSuffix(test.event, "_update") {
				must(t, apply("old"))
			}
			s.Inject(sandbox.Fault{Operation: "SendAutomationSignal", Kind: sandbox.KindRefuse})
			err := apply("new")
			if (err == nil) != (test.onFailure == "continue") || s.Count("SendAutomationSignal") != 1 {
				t.Errorf("ended with %v after %v", err, s.RequestLog())
			}
			left, got := w.Resources(), held{}
			if one := left["terraform_data.one"]; one != nil {
				got.one, got.tainted = one.AttributeValues["output"], one.Tainted
			}
			if behind := left["terraform_data.behind"]; behind != nil {
				got.behind = behind.AttributeValues["output"]
			}
			s.ClearFaults()
			must(t, apply("new"))
			got.again, got.passed = s.Accepted("SendAutomationSignal"), w.Resources()["terraform_data.behind"].AttributeValues["output"]
			if got != *want {
				t.Errorf("it is %+v, want %+v", got, *want)
			}
		})
	}
}

// The events of a destroy do not happen if the block of the resource is removed.
func TestAccActionsAtDestroy(t *testing.T) {
	needs(t, "1.14.0", "actions")
	for _, event := range []string{"before_destroy", "after_destroy"} {
		t.Run(event, func(t *testing.T) {
			t.Parallel()
			s := acctest.Sandbox(t, sandbox.Options{})
			w, ctx := acctest.Terraform(t, s), t.Context()
			config := fmt.Sprintf(triggering, patientApproval(s), event, "")
			w.Write(config)
			w.Variables(map[string]string{"input": "x"})
			if !acctest.CLI(t).AtLeast(terraformcli.Terraform, "1.16.0") {
				if found, err := w.Validate(); err != nil || found.Valid {
					t.Errorf("it is not refused: %v", err)
				}
				return
			}
			must(t, w.Apply(ctx))
			must(t, w.Destroy(ctx))
			if s.Count("SendAutomationSignal") != 1 || s.Accepted("SendAutomationSignal") != 1 {
				t.Errorf("a destroy made %v", s.RequestLog())
			}
			must(t, w.Apply(ctx))
			w.Write("variable \"input\" {}\n")
			must(t, w.Apply(ctx))
			if s.Count("SendAutomationSignal") != 1 {
				t.Errorf("removing the block made %v", s.RequestLog())
			}
		})
	}
}

// From Terraform 1.16 on, an action of an after event is also invoked if the change has
// failed. 1.16.5 is said to fix that for creations.
func TestAccActionAfterAFailure(t *testing.T) {
	needs(t, "1.14.0", "actions")
	const waits = "wait_for_completion = true"
	for name, test := range map[string]struct {
		kind sandbox.Kind
		// updates says that an update fails, and not a creation.
		updates bool
	}{"refused": {kind: sandbox.KindRefuse}, "unknown": {kind: sandbox.KindDropAfter}, "update": {updates: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.Sandbox(t, sandbox.Options{})
			w, ctx := acctest.Terraform(t, s), t.Context()
			job := s.AddTriggerJob(sandbox.TriggerJob{})
			id := s.StartAutomation(sandbox.Automation{Steps: []sandbox.Step{approveStep, failingStep}})
			write := func(option string) {
				w.Write(fmt.Sprintf(`
action "signal_http_trigger" "next" {
  config {
    job_id = %q
  }
}

resource "signal_automation" "gate" {
  automation_execution_id = %q
  signal_type             = "Approve"
  %s

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.signal_http_trigger.next]
    }
  }
}
`, job.ID, id, option))
			}
			write("")
			old, invoked := 0, acctest.CLI(t).LosesState()
			if test.updates {
				must(t, w.Apply(ctx))
				write(waits)
				old, invoked = 1, acctest.CLI(t).AtLeast(terraformcli.Terraform, "1.16.0")
			} else {
				s.Inject(sandbox.Fault{Operation: "SendAutomationSignal", Kind: test.kind})
				s.Inject(sandbox.Fault{Operation: "GetAutomationExecution", Kind: sandbox.KindRefuse})
			}
			if err := w.Apply(ctx); err == nil {
				t.Error("it did not fail")
			}
			if more := s.Accepted("TriggerJob") - old; (more == 1) != invoked || more > 1 {
				t.Errorf("the action was invoked %d times: %v", more, s.RequestLog())
			}
		})
	}
}

// An operator invokes an action. Each invocation sends the signal, also the second apply of
// a saved plan. Terraform reports what the action knows of the signal.
func TestAccActionInvokedByHand(t *testing.T) {
	needs(t, "1.14.0", "actions")
	t.Parallel()
	s := acctest.Sandbox(t, sandbox.Options{})
	w := acctest.Terraform(t, s)
	w.Write(fmt.Sprintf(`
variable "type" {
  default = "Approve"
}

action "signal_automation" "approve" {
  config {
    automation_execution_id = %q
    signal_type             = var.type
  }
}
`, patientApproval(s)))
	sent := 0
	run := func(sends int, fails bool, says string, args ...string) {
		t.Helper()
		said, err := w.Run(append(args, "-no-color")...)
		sent += sends
		if (err != nil) != fails || !strings.Contains(said, says) {
			t.Errorf("terraform %q ended with %v, want it to say %q:\n%s", args, err, says, said)
		}
		if s.Count("SendAutomationSignal") != sent {
			t.Errorf("after terraform %q %d signals were sent, want %d", args, s.Count("SendAutomationSignal"), sent)
		}
	}
	const invoke = "-invoke=action.signal_automation.approve"
	run(0, false, "1 to invoke", "plan", invoke)
	run(1, false, "accepted", "apply", "-auto-approve", invoke)
	run(1, false, "accepted", "apply", "-auto-approve", invoke)
	run(0, false, "1 to invoke", "plan", invoke, "-out=saved")
	run(1, false, "accepted", "apply", "saved")
	run(1, false, "accepted", "apply", "saved")
	run(0, true, "Invalid Signal Type", "plan", invoke, "-var=type=Deny")
	run(0, true, "Invalid Signal Type", "apply", "-auto-approve", invoke, "-var=type=Deny")
	run(0, false, "No changes", "apply", "-auto-approve")
	s.Inject(sandbox.Fault{Operation: "SendAutomationSignal", Kind: sandbox.KindDropAfter, Times: 1})
	s.Inject(sandbox.Fault{Operation: "GetAutomationExecution", Kind: sandbox.KindRefuse})
	run(1, true, "Outcome of the Signal Unknown", "apply", "-auto-approve", invoke)
}

// A value from a resource of the same apply is unknown when an action is planned. The
// action checks it before it sends.
func TestAccActionWithWhatIsKnownLater(t *testing.T) {
	needs(t, "1.14.0", "actions")
	t.Parallel()
	s := acctest.Sandbox(t, sandbox.Options{})
	w, ctx := acctest.Terraform(t, s), t.Context()
	write := func(kind, execution string) {
		w.Write(fmt.Sprintf(`
resource "terraform_data" "later" {
  triggers_replace = [%[1]q, %[2]q]
  input            = { kind = %[1]q, execution = %[2]q }

  lifecycle {
    action_trigger {
      events  = [after_create]
      actions = [action.signal_automation.tell]
    }
  }
}

action "signal_automation" "tell" {
  config {
    automation_execution_id = terraform_data.later.output.execution
    signal_type             = terraform_data.later.output.kind
  }
}
`, kind, execution))
	}
	for _, wrong := range [][3]string{{"Deny", patientApproval(s), "use Reject"}, {"Approve", "short", "exactly 36"}} {
		write(wrong[0], wrong[1])
		if said := acctest.Unwrapped(w.Apply(ctx)); !strings.Contains(said, wrong[2]) {
			t.Errorf("%v: it said %s", wrong, said)
		}
	}
	if made := s.RequestLog(); len(made) > 0 {
		t.Errorf("these requests were made: %v", made)
	}
	write("Approve", patientApproval(s))
	must(t, w.Apply(ctx))
	if s.Count("SendAutomationSignal") != 1 || s.Accepted("SendAutomationSignal") != 1 {
		t.Errorf("the request log holds %v", s.RequestLog())
	}
}

var byHand = regexp.MustCompile(`-invoke=(action\.\w+\.\w+)`)

// Every example of an action is applied unchanged, and invoked with the command in it. Each
// of its signals arrives once.
func TestAccActionExamples(t *testing.T) {
	needs(t, "1.14.0", "actions")
	approval := sandbox.PipelineStage{Name: "Approve", Actions: []sandbox.PipelineAction{{Name: "Release"}}}
	targets := map[string]func(s *sandbox.Sandbox, triggered bool) (operation string, variables map[string]string){
		"signal_automation": func(s *sandbox.Sandbox, triggered bool) (string, map[string]string) {
			step := approveStep
			if triggered {
				step = sandbox.Step{Name: "wait-for-fleet", Action: "aws:pause"}
			}
			return "SendAutomationSignal", map[string]string{"automation_execution_id": s.StartAutomation(sandbox.Automation{Steps: []sandbox.Step{step}})}
		},
		"signal_cloudformation_resource": func(s *sandbox.Sandbox, _ bool) (string, map[string]string) {
			s.StartCloudFormationStack(sandbox.CloudFormationStack{Name: "shop", Resources: []sandbox.CloudFormationResource{{Name: "Approved", Signals: 1}}})
			return hostSignal, map[string]string{"stack_name": "shop"}
		},
		"signal_codepipeline_approval": func(s *sandbox.Sandbox, _ bool) (string, map[string]string) {
			s.StartPipeline(sandbox.Pipeline{Name: "shop", Stages: []sandbox.PipelineStage{approval}})
			return "PutApprovalResult", map[string]string{"pipeline_name": "shop"}
		},
		"signal_ecs_deployment": func(s *sandbox.Sandbox, _ bool) (string, map[string]string) {
			s.StartServiceDeployment(sandbox.ServiceDeployment{Service: "shop", Stages: []sandbox.DeploymentStage{{Name: "POST_SCALE_UP"}}})
			return "ContinueServiceDeployment", map[string]string{"service": "shop"}
		},
		"signal_http_trigger": func(s *sandbox.Sandbox, _ bool) (string, map[string]string) {
			return "TriggerJob", map[string]string{"job_id": s.AddTriggerJob(sandbox.TriggerJob{}).ID}
		},
		"signal_oos_execution": func(s *sandbox.Sandbox, _ bool) (string, map[string]string) {
			s.StartOOSExecution(sandbox.OOSExecution{TemplateName: "release", Tasks: []sandbox.OOSTask{{Name: "approve", Action: "ACS::Approve"}}})
			return "NotifyExecution", map[string]string{"template_name": "release"}
		},
		"signal_sfn_task_heartbeat": func(s *sandbox.Sandbox, _ bool) (string, map[string]string) {
			s.StartMachine(sandbox.MachineExecution{States: []sandbox.MachineState{{Token: "token1"}}})
			return "SendTaskHeartbeat", map[string]string{"task_token": "token1"}
		},
		"signal_stack_resource": func(s *sandbox.Sandbox, _ bool) (string, map[string]string) {
			return "SignalResource", map[string]string{"stack_id": s.StartStack(sandbox.Stack{Conditions: []sandbox.WaitCondition{{Name: "Deployed"}}})}
		},
		"signal_temporal_workflow": func(s *sandbox.Sandbox, triggered bool) (string, map[string]string) {
			order := fmt.Sprint(t.Name(), triggered)
			s.StartTemporalWorkflow(sandbox.TemporalWorkflow{WorkflowID: order, Closes: map[string]string{"release": "COMPLETED"}})
			return "Temporal.SignalWorkflowExecution", map[string]string{"order_id": order}
		},
		"signal_workflow_execution": func(s *sandbox.Sandbox, _ bool) (string, map[string]string) {
			s.StartWorkflow(sandbox.Workflow{Domain: "orders", WorkflowID: "order-1", Closes: map[string]string{"release": "COMPLETED"}})
			return "SignalWorkflowExecution", map[string]string{"order_id": "order-1"}
		},
	}
	examples := filepath.Join("..", "..", "examples", "actions")
	files, err := checkout.Files(t.Context(), examples)
	must(t, err)
	names := map[string]bool{}
	for _, file := range files {
		name, _, _ := strings.Cut(file, "/")
		names[name] = true
	}
	for name := range names {
		dir := filepath.Join(examples, name)
		for _, triggered := range []bool{true, false} {
			_, err := os.Stat(filepath.Join(dir, "action_trigger.tf"))
			if triggered && err != nil {
				continue
			}
			t.Run(fmt.Sprintf("%s triggered %t", name, triggered), func(t *testing.T) {
				t.Parallel()
				start := targets[name]
				if start == nil {
					t.Fatal("this test has no target for it: add one")
				}
				s := acctest.Sandbox(t, sandbox.Options{Domains: systems.Domains})
				w := acctest.Terraform(t, s)
				w.Example(dir)
				operation, variables := start(s, triggered)
				w.Variables(variables)
				args := []string{"apply", "-auto-approve", "-no-color"}
				if !triggered {
					args = append(args, byHand.FindString(contents(t, filepath.Join(dir, "action.tf"))))
				}
				if said, err := w.Run(args...); err != nil {
					t.Fatal(said)
				}
				if s.Count(operation) != 1 || s.Accepted(operation) != 1 {
					t.Errorf("the request log holds %v", s.RequestLog())
				}
			})
		}
	}
}
