package provider_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// warned returns the warnings in terraform's machine-readable output.
func warned(t *testing.T, text string) (warnings []string) {
	t.Helper()
	for _, e := range eventsIn(t, text) {
		if e.Diagnostic.Severity == "warning" {
			warnings = append(warnings, e.Diagnostic.Summary)
		}
	}
	return warnings
}

// Replacing a signal at destroy sends it once. The plan warns of it if Terraform shows the
// warning.
func TestAccReplacedAtDestroy(t *testing.T) {
	t.Parallel()
	s := acctest.Sandbox(t, sandbox.Options{})
	w := acctest.Terraform(t, s)
	const address, warning = "signal_automation.goodbye", "Signal Is Sent at Destroy"
	w.Write(fmt.Sprintf(`
resource "signal_automation" "goodbye" {
  automation_execution_id = %q
  signal_type             = "Approve"
  when                    = "destroy"
}
`, patientApproval(s)))
	plan := func(warns bool, options ...string) {
		t.Helper()
		said, err := w.Run(append([]string{"plan", "-json"}, options...)...)
		must(t, err)
		if slices.Contains(warned(t, said), warning) != warns {
			t.Errorf("the plan warned of %q", warned(t, said))
		}
	}
	sent := func(signals int) {
		t.Helper()
		if len(s.RequestLog()) != signals || s.Accepted("SendAutomationSignal") != signals {
			t.Errorf("the request log does not hold %d signals: %v", signals, s.RequestLog())
		}
		if planted := w.Resources()[address]; planted == nil || planted.Tainted || planted.AttributeValues["delivery"] != nil {
			t.Errorf("the state is %+v", planted)
		}
	}
	apply := func(options ...string) {
		t.Helper()
		must(t, w.Do(append([]string{"apply", "-auto-approve"}, options...)...))
	}
	apply()
	plan(false)
	// Terraform plans a replacement twice and drops the warnings of the second plan. It
	// plans a tainted resource only once.
	plan(false, "-replace="+address)
	sent(0)
	apply("-replace=" + address)
	sent(1)
	if err := w.Do("taint", address); err != nil {
		t.Fatal(err)
	}
	plan(true)
	apply()
	sent(2)
	plan(true, "-destroy")
	w.Write("")
	plan(true)
	apply()
	if s.Accepted("SendAutomationSignal") != 3 || len(w.Resources()) > 0 {
		t.Errorf("removing it left %v after %v", w.Resources(), s.RequestLog())
	}
}

// If a plan changes a signal at destroy to one at apply, its warning is true: an update in
// place sends nothing, and a replacement sends both signals.
func TestAccReplacedWhileDisarmed(t *testing.T) {
	t.Parallel()
	const address, inPlace, atDestroy = "signal_automation.goodbye", "Changing When Sends Nothing in Place", "Signal Is Sent at Destroy"
	for name, test := range map[string]struct {
		taint, replace bool
		warning, not   string
		sent           int
	}{
		"in place":      {warning: inPlace, not: atDestroy},
		"with -replace": {replace: true, warning: inPlace, not: atDestroy, sent: 2},
		"tainted":       {taint: true, warning: atDestroy, not: inPlace, sent: 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := acctest.Sandbox(t, sandbox.Options{})
			w, ctx := acctest.Terraform(t, s), t.Context()
			write := func(when string) {
				w.Write(fmt.Sprintf(`
resource "signal_automation" "goodbye" {
  automation_execution_id = %q
  signal_type             = "Approve"
  %s
}
`, patientApproval(s), when))
			}
			write(`when = "destroy"`)
			if err := w.Apply(ctx); err != nil {
				t.Fatal(err)
			}
			if test.taint {
				if err := w.Do("taint", address); err != nil {
					t.Fatal(err)
				}
			}
			write("")
			plans, applies := []string{"plan", "-json"}, []string{"apply", "-auto-approve"}
			if test.replace {
				plans, applies = append(plans, "-replace="+address), append(applies, "-replace="+address)
			}
			said, err := w.Run(plans...)
			must(t, err)
			if got := warned(t, said); !slices.Contains(got, test.warning) || slices.Contains(got, test.not) {
				t.Errorf("the plan warned of %q", got)
			}
			if test.replace && !strings.Contains(said, "two signals") {
				t.Errorf("the plan does not say what a replacement sends: %s", said)
			}
			must(t, w.Do(applies...))
			if s.Accepted("SendAutomationSignal") != test.sent {
				t.Errorf("sent %d signals, want %d: %v", s.Accepted("SendAutomationSignal"), test.sent, s.RequestLog())
			}
		})
	}
}

// interrupted applies until the sandbox has received these requests, and then interrupts
// terraform like Ctrl-C. It returns the instance in the state, or nil if there is none.
func interrupted(t *testing.T, w *acctest.Workspace, run func(context.Context) error, until <-chan struct{}) map[string]*tfjson.StateResource {
	t.Helper()
	ctx, interrupt := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- run(ctx) }()
	select {
	case <-until:
	case err := <-done:
		t.Fatalf("ended too early: %v", err)
	}
	interrupt()
	if err := <-done; err == nil {
		t.Error("the apply succeeded in spite of the interrupt")
	}
	return w.Resources()
}

// happens returns a function and a channel. The first call of the function closes the
// channel.
func happens() (<-chan struct{}, func()) {
	c := make(chan struct{})
	return c, sync.OnceFunc(func() { close(c) })
}

// interruptible is a gate and a resource that depends on it. The time of its execution
// stands still.
func interruptible(t *testing.T, options string, steps ...sandbox.Step) (*sandbox.Sandbox, *clock, *acctest.Workspace) {
	t.Helper()
	t.Parallel()
	c := &clock{}
	s := acctest.Sandbox(t, sandbox.Options{Now: c.now})
	w := acctest.Terraform(t, s)
	w.Write(fmt.Sprintf(`
resource "signal_automation" "gate" {
  automation_execution_id = %q
  signal_type             = "Approve"
  %s
}

resource "terraform_data" "behind" {
  depends_on = [signal_automation.gate]
}
`, s.StartAutomation(sandbox.Automation{Steps: steps}), options))
	return s, c, w
}

// gateIs checks the delivery and the taint of the gate in a state, and that the request log
// has one signal.
func gateIs(t *testing.T, s *sandbox.Sandbox, resources map[string]*tfjson.StateResource, delivery string, tainted bool) {
	t.Helper()
	gate := resources["signal_automation.gate"]
	if gate == nil || gate.Tainted != tainted || gate.AttributeValues["delivery"] != delivery {
		t.Errorf("the gate is %+v", gate)
	}
	if s.Count("SendAutomationSignal") != 1 || s.Accepted("SendAutomationSignal") != 1 {
		t.Errorf("the request log does not hold one signal: %v", s.RequestLog())
	}
}

func applyFunc(w *acctest.Workspace) func(context.Context) error {
	return func(ctx context.Context) error { return w.Apply(ctx) }
}

func TestAccInterruptedWhileWaiting(t *testing.T) {
	s, c, w := interruptible(t, "wait_for_completion = true", approveStep, settling("settle"))
	read, reads := happens()
	s.Hook("GetAutomationExecution", nil, reads)
	resources := interrupted(t, w, applyFunc(w), read)
	gateIs(t, s, resources, "SENT", false)
	if resources["terraform_data.behind"] != nil {
		t.Error("the resource that depends on the gate was created")
	}

	s.Hook("GetAutomationExecution", c.tick, nil)
	if err := w.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	resources = w.Resources()
	gateIs(t, s, resources, "SENT", false)
	if resources["signal_automation.gate"].AttributeValues["target_status"] != "Success" || resources["terraform_data.behind"] == nil {
		t.Errorf("the next apply did not go on waiting: %+v", resources)
	}
}

func TestAccInterruptedWhileSending(t *testing.T) {
	s, _, w := interruptible(t, "", approveStep)
	arrived, arrives := happens()
	s.Hook("SendAutomationSignal", nil, arrives)
	s.Inject(sandbox.Fault{Operation: "SendAutomationSignal", Kind: sandbox.KindStallAfter, Times: 1})
	resources := interrupted(t, w, applyFunc(w), arrived)
	gateIs(t, s, resources, "UNKNOWN", true)
	if resources["terraform_data.behind"] != nil {
		t.Error("the resource that depends on the gate was created")
	}

	if err := w.Do("untaint", "signal_automation.gate"); err != nil {
		t.Fatal(err)
	}
	if err := w.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	resources = w.Resources()
	gateIs(t, s, resources, "UNKNOWN", false)
	if resources["terraform_data.behind"] == nil {
		t.Error("the resource that depends on the accepted gate was not created")
	}
}

// A signal that finds its target by name opens the gate for which another resource of the
// same apply waits. The wait stands for an aws_ecs_service with wait_for_steady_state,
// which waits until its deployment has ended.
func TestAccBesideWhatWaitsForTheGate(t *testing.T) {
	t.Parallel()
	c := &clock{}
	s := acctest.Sandbox(t, sandbox.Options{Now: c.now})
	d := s.StartServiceDeployment(sandbox.ServiceDeployment{
		Service: "web", Stages: []sandbox.DeploymentStage{{Name: "SCALE_UP", Seconds: 20}, {Name: "POST_SCALE_UP"}, {Name: "BAKE_TIME", Seconds: 20}},
	})
	s.Hook("DescribeServiceDeployments", c.tick, nil)
	w := acctest.Terraform(t, s)
	w.Write(fmt.Sprintf(`
resource "signal_ecs_deployment_wait" "service" {
  service_deployment_arn = %q
}

resource "signal_ecs_deployment" "gate" {
  cluster          = "default"
  service          = "web"
  lifecycle_stage  = "POST_SCALE_UP"
  wait_until_ready = true
}
`, d.ARN))
	for range 2 {
		if err := w.Apply(t.Context()); err != nil {
			t.Fatal(err)
		}
		resources := w.Resources()
		gate, service := resources["signal_ecs_deployment.gate"].AttributeValues, resources["signal_ecs_deployment_wait.service"].AttributeValues
		if gate["service_deployment_arn"] != d.ARN || gate["delivery"] != "SENT" || service["target_status"] != "SUCCESSFUL" || s.Accepted("ContinueServiceDeployment") != 1 {
			t.Errorf("the gate is %v, the service %v, the request log %v", gate, service, s.RequestLog())
		}
	}
}
