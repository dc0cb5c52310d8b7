package main

import (
	"slices"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

type (
	scenario = systems.Scenario
	variable = systems.Variable
)

var (
	id      = systems.ID
	approve = sandbox.Step{Name: "approve", Action: "aws:approve"}
	deploy  = sandbox.Step{Name: "deploy", Action: "aws:executeScript"}
	hold    = sandbox.Step{Name: "hold", Action: "aws:pause"}
	release = variable{Name: "release", Value: "1.2.3"}
)

// scenarios are the scenarios of all examples: those of the systems, and those of the first
// page, the guides and the job.
var scenarios = slices.Concat([]scenario{
	// The first gate waits for the end of its run, which takes a few seconds here.
	runbook("provider", 10, approve, sandbox.Step{Name: "deploy", Action: "aws:sleep", SleepSeconds: 5}),
}, ofSystems(), []scenario{
	{
		Example:   "resources/signal_http_trigger_job",
		Variables: []variable{{Name: "group_id", Value: "10"}, {Name: "aws_account_id", Value: "20"}, release},
	},
	{
		Example:   "ephemeral-resources/signal_http_trigger_job",
		Variables: []variable{{Name: "job_id", Value: "2700"}},
		Start: func(s *sandbox.Sandbox) {
			s.AddTriggerJob(sandbox.TriggerJob{ID: "2700", Token: "sandbox-backup"})
		},
	},
	{
		Example:   "guides/rotate-trigger-credentials/schedule",
		Variables: []variable{{Name: "group_id", Value: "10"}, release},
	},
	{
		Example:   "guides/rotate-trigger-credentials/secret_store",
		Variables: []variable{{Name: "group_id", Value: "10"}, {Name: "store", Value: `test -n "$TRIGGER_URL" -a -n "$TRIGGER_TOKEN"`}},
	},
	{
		Example:   "guides/delivery/ids",
		Variables: []variable{{Name: "order_id", Value: "order-3"}, {Name: "stack_id", Value: id(27)}, release},
		Start: func(s *sandbox.Sandbox) {
			s.StartWorkflow(sandbox.Workflow{Domain: "orders", WorkflowID: "order-3"})
			s.StartStack(sandbox.Stack{ID: id(27), Conditions: []sandbox.WaitCondition{{Name: "Deployed"}}})
		},
	},
	{
		// A resource that starts the run and waits for its end is replaced by one that
		// takes some time.
		Example:   "guides/provisioning-gates/same_apply",
		Variables: []variable{{Name: "runbook", Value: "Sandbox-Migration"}, {Name: "run", Value: "sleep 2; echo"}},
		Start: func(s *sandbox.Sandbox) {
			s.StartAutomation(sandbox.Automation{DocumentName: "Sandbox-Migration", Steps: []sandbox.Step{approve, deploy}})
		},
	},
	{
		Example:   "guides/twelve-hosts-and-one-wait/hosts",
		Variables: []variable{{Name: "stack_name", Value: "twelve-hosts"}},
		Start: func(s *sandbox.Sandbox) {
			s.StartCloudFormationStack(sandbox.CloudFormationStack{Name: "twelve-hosts", Resources: []sandbox.CloudFormationResource{{Name: "Hosts", Signals: 12}}})
		},
	},
	runbook("guides/provisioning-gates/block", 30, approve, deploy),
	runbook("guides/provisioning-gates/postcondition", 31, approve, deploy),
	runbook("guides/provisioning-gates/destroy", 32, hold, deploy),
	runbook("guides/coming-from-local-exec/after", 34, approve, deploy),
	runbook("guides/provisioning-gates/steps", 33, approve, sandbox.Step{Name: "production", Action: "aws:approve"}),
})

// ofSystems returns the scenarios of the systems' demos and examples.
func ofSystems() (scenarios []scenario) {
	for _, y := range systems.Signals() {
		// The other variables of examples/demo have their values by default.
		if y.Demo.Start != nil {
			one := scenario{Example: "demo/" + y.Short(), Start: y.Demo.Start}
			for name, value := range y.Demo.Given(systems.URL) {
				one.Variables = append(one.Variables, variable{Name: name, Value: value})
			}
			scenarios = append(scenarios, one)
		}
	}
	for _, y := range systems.Signals() {
		scenarios = append(scenarios, y.Examples...)
	}
	return scenarios
}

// runbook returns a scenario that needs only an Automation execution.
func runbook(example string, n int, steps ...sandbox.Step) scenario {
	return scenario{
		Example:   example,
		Variables: []variable{{Name: "automation_execution_id", Value: id(n)}},
		Start:     func(s *sandbox.Sandbox) { systems.StartAutomation(s, n, steps...) },
	}
}

// begin creates everything that the scenarios need in the sandbox.
func begin(s *sandbox.Sandbox, all ...scenario) {
	for _, one := range all {
		if one.Start != nil {
			one.Start(s)
		}
	}
}
