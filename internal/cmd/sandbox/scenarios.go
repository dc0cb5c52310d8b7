package main

import (
	"fmt"
	"slices"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// scenario is an example with something in the sandbox that waits for its signals.
type scenario struct {
	// example is a folder in examples/.
	example string
	// variables are values of the example's, as its configuration would write them.
	variables []variable
	// start puts there what the example needs; nil when it needs nothing.
	start func(*sandbox.Sandbox)
}

type variable struct{ name, value string }

func (v variable) String() string { return v.name + "=" + v.value }

// The targets are fixed, so that a command written down once keeps working; no
// two examples share one, so that they can be applied in any order.
func id(n int) string { return fmt.Sprintf("5a4d0b0c-0000-4000-8000-%012d", n) }

var (
	approve = sandbox.Step{Name: "approve", Action: "aws:approve"}
	deploy  = sandbox.Step{Name: "deploy", Action: "aws:executeScript"}
	hold    = sandbox.Step{Name: "hold", Action: "aws:pause"}
	release = variable{"release", "1.2.3"}
)

// domains are the SWF domains of the examples.
var domains = []string{"sandbox", "orders"}

var scenarios = []scenario{
	// The first gate waits for the end of its run, which takes a moment here.
	runbook("provider", 10, approve, sandbox.Step{Name: "deploy", Action: "aws:sleep", SleepSeconds: 5}),
	demo("automation", func(s *sandbox.Sandbox) { automation(s, 1, approve, deploy) }),
	demo("workflow_execution", func(s *sandbox.Sandbox) {
		s.StartWorkflow(sandbox.Workflow{WorkflowID: "order-1", Closes: map[string]string{"release": "COMPLETED"}})
	}),
	demo("workflow_step_state", func(s *sandbox.Sandbox) {
		s.StartFileWorkflow(sandbox.FileWorkflow{
			WorkflowID: "w-0123456789abcdef0", ExecutionID: id(2), Steps: []sandbox.FileStep{{Token: "sandboxtoken"}, {Type: "COPY"}},
		})
	}),
	demo("stack_resource", func(s *sandbox.Sandbox) {
		s.StartStack(sandbox.Stack{ID: id(3), Conditions: []sandbox.WaitCondition{{Name: "Deployed"}}})
	}),
	demo("http_trigger", func(s *sandbox.Sandbox) {
		s.AddTriggerJob(sandbox.TriggerJob{Token: "sandbox-trigger", AccessToken: "sandbox-access-token"})
	}),
	{
		example: "resources/signal_automation",
		variables: []variable{
			{"automation_execution_id", id(20)}, {"migration_execution_id", id(21)}, {"maintenance_execution_id", id(22)}, release,
		},
		start: func(s *sandbox.Sandbox) {
			automation(s, 20, approve, deploy)
			automation(s, 21, approve, deploy)
			automation(s, 22, hold)
		},
	},
	{
		example:   "resources/signal_workflow_execution",
		variables: []variable{{"order_id", "order-2"}, {"approval", "granted"}},
		start: func(s *sandbox.Sandbox) {
			s.StartWorkflow(sandbox.Workflow{Domain: "orders", WorkflowID: "order-2", Closes: map[string]string{"ship": "COMPLETED"}})
		},
	},
	{
		example: "resources/signal_workflow_step_state",
		variables: []variable{
			{"callback", callback(23)}, {"callback_token", "sandboxtoken1"}, {"last_callback", callback(24)}, {"last_callback_token", "sandboxtoken2"},
		},
		start: func(s *sandbox.Sandbox) {
			for n, token := range map[int]string{23: "sandboxtoken1", 24: "sandboxtoken2"} {
				s.StartFileWorkflow(sandbox.FileWorkflow{
					WorkflowID: "w-0123456789abcdef0", ExecutionID: id(n), Steps: []sandbox.FileStep{{Token: token}, {Type: "COPY"}},
				})
			}
		},
	},
	{
		example:   "resources/signal_stack_resource",
		variables: []variable{{"stack_id", id(25)}, release},
		start: func(s *sandbox.Sandbox) {
			s.StartStack(sandbox.Stack{ID: id(25), Conditions: []sandbox.WaitCondition{{Name: "Deployed"}, {Name: "Approved"}}})
		},
	},
	{
		example:   "resources/signal_http_trigger",
		variables: []variable{{"job_id", "2600"}, {"trigger_url", "URL/trigger/sandbox-restart"}, {"trigger_access_token", "sandbox-access-token"}, release},
		start: func(s *sandbox.Sandbox) {
			s.AddTriggerJob(sandbox.TriggerJob{ID: "2600"})
			s.AddTriggerJob(sandbox.TriggerJob{Token: "sandbox-restart", AccessToken: "sandbox-access-token"})
		},
	},
	{
		example:   "resources/signal_http_trigger_job",
		variables: []variable{{"group_id", "10"}, {"aws_account_id", "20"}, release},
	},
	{
		example:   "ephemeral-resources/signal_http_trigger_job",
		variables: []variable{{"job_id", "2700"}, {"trigger_url", "URL/trigger/sandbox-backup"}},
		start: func(s *sandbox.Sandbox) {
			s.AddTriggerJob(sandbox.TriggerJob{ID: "2700", Token: "sandbox-backup"})
		},
	},
	{
		example:   "guides/rotate-trigger-credentials/schedule",
		variables: []variable{{"group_id", "10"}, release},
	},
	{
		example:   "guides/rotate-trigger-credentials/secret_store",
		variables: []variable{{"group_id", "10"}, {"store", `test -n "$TRIGGER_URL" -a -n "$TRIGGER_TOKEN"`}},
	},
	{
		example:   "guides/delivery/ids",
		variables: []variable{{"order_id", "order-3"}, {"stack_id", id(27)}, release},
		start: func(s *sandbox.Sandbox) {
			s.StartWorkflow(sandbox.Workflow{Domain: "orders", WorkflowID: "order-3"})
			s.StartStack(sandbox.Stack{ID: id(27), Conditions: []sandbox.WaitCondition{{Name: "Deployed"}}})
		},
	},
	runbook("guides/provisioning-gates/block", 30, approve, deploy),
	runbook("guides/provisioning-gates/postcondition", 31, approve, deploy),
	runbook("guides/provisioning-gates/destroy", 32, hold, deploy),
	runbook("guides/coming-from-local-exec/after", 34, approve, deploy),
	runbook("guides/provisioning-gates/steps", 33, approve, sandbox.Step{Name: "production", Action: "aws:approve"}),
}

// demo is a scenario of examples/demo, whose variables have their values by default.
func demo(name string, start func(*sandbox.Sandbox)) scenario {
	return scenario{example: "demo/" + name, start: start}
}

// runbook is a scenario whose configuration asks for nothing but an Automation execution.
func runbook(example string, n int, steps ...sandbox.Step) scenario {
	return scenario{
		example:   example,
		variables: []variable{{"automation_execution_id", id(n)}},
		start:     func(s *sandbox.Sandbox) { automation(s, n, steps...) },
	}
}

func automation(s *sandbox.Sandbox, n int, steps ...sandbox.Step) {
	s.StartAutomation(sandbox.Automation{ID: id(n), DocumentName: "Sandbox-Approval", Steps: slices.Clone(steps)})
}

// begin has everything that the scenarios need wait in the sandbox.
func begin(s *sandbox.Sandbox, all ...scenario) {
	for _, one := range all {
		if one.start != nil {
			one.start(s)
		}
	}
}

func callback(n int) string {
	return fmt.Sprintf(`{workflow_id="w-0123456789abcdef0",execution_id=%q}`, id(n))
}
