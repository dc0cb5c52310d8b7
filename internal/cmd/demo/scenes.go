package main

import (
	"fmt"
	"strings"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// scene is one signalling system on show. Its configuration is examples/demo/<name>, which creates
// terraform_data.deployment after its one signal.
type scene struct {
	// name is the signal's resource type after "signal_".
	name  string
	title string
	// operation is the one that carries the signal, as the request log names it.
	operation string
	// start makes a target that waits, and the variables of the configuration.
	start func(*sandbox.Sandbox) map[string]string
	// state says in plain words how the target is, which has to be before, and then after the signal.
	state         func(s *sandbox.Sandbox, variables map[string]string) string
	before, after string
}

var scenes = []scene{{
	name:      "automation",
	title:     "approve an AWS Systems Manager Automation that waits for it",
	operation: "SendAutomationSignal",
	start: func(s *sandbox.Sandbox) map[string]string {
		return map[string]string{"endpoint": s.URL(), "automation_execution_id": s.StartAutomation(sandbox.Automation{
			Steps: []sandbox.Step{{Name: "approve", Action: "aws:approve"}, {Name: "deploy", Action: "aws:executeScript"}},
		})}
	},
	state: func(s *sandbox.Sandbox, variables map[string]string) string {
		execution, _ := s.Automation(variables["automation_execution_id"])
		text := fmt.Sprintf("execution %s", execution.AutomationExecutionStatus)
		for _, step := range execution.StepExecutions {
			text += fmt.Sprintf(", step %q %s", step.StepName, step.StepStatus)
		}
		return text + fmt.Sprintf(", signals received: %d", len(execution.Signals))
	},
	before: `execution Waiting, step "approve" Waiting, step "deploy" Pending, signals received: 0`,
	after:  `execution Success, step "approve" Success, step "deploy" Success, signals received: 1`,
}, {
	name:      "workflow_execution",
	title:     "release an Amazon SWF workflow that waits for a signal",
	operation: "SignalWorkflowExecution",
	start: func(s *sandbox.Sandbox) map[string]string {
		const id = "order-1"
		s.StartWorkflow(sandbox.Workflow{WorkflowID: id, Closes: map[string]string{"release": "COMPLETED"}})
		return map[string]string{"endpoint": s.URL(), "workflow_id": id}
	},
	state: func(s *sandbox.Sandbox, variables map[string]string) string {
		run := s.Workflows("sandbox", variables["workflow_id"])[0]
		return fmt.Sprintf("workflow execution %s, signals in its history: %d", strings.TrimSpace(run.Status+" "+run.CloseStatus), len(run.Signals()))
	},
	before: `workflow execution OPEN, signals in its history: 0`,
	after:  `workflow execution CLOSED COMPLETED, signals in its history: 1`,
}, {
	name:      "workflow_step_state",
	title:     "answer a step of an AWS Transfer Family workflow that waits for its callback",
	operation: "SendWorkflowStepState",
	start: func(s *sandbox.Sandbox) map[string]string {
		e := s.StartFileWorkflow(sandbox.FileWorkflow{Steps: []sandbox.FileStep{{Type: "CUSTOM"}, {Type: "COPY"}}})
		return map[string]string{"endpoint": s.URL(), "workflow_id": e.WorkflowID, "execution_id": e.ExecutionID, "token": e.Token}
	},
	state: func(s *sandbox.Sandbox, variables map[string]string) string {
		e, _ := s.FileWorkflow(variables["execution_id"])
		return fmt.Sprintf("execution %s, callbacks received: %d", e.Status, len(e.Callbacks))
	},
	before: `execution IN_PROGRESS, callbacks received: 0`,
	after:  `execution COMPLETED, callbacks received: 1`,
}, {
	name:      "stack_resource",
	title:     "signal the wait condition of an Alibaba Cloud ROS stack",
	operation: "SignalResource",
	start: func(s *sandbox.Sandbox) map[string]string {
		return map[string]string{"endpoint": s.URL(), "stack_id": s.StartStack(sandbox.Stack{Conditions: []sandbox.WaitCondition{{Name: "Deployed"}}})}
	},
	state: func(s *sandbox.Sandbox, variables map[string]string) string {
		stack, _ := s.Stack(variables["stack_id"])
		return fmt.Sprintf("stack %s, signals received: %d", stack.Status, len(stack.Signals))
	},
	before: `stack CREATE_IN_PROGRESS, signals received: 0`,
	after:  `stack CREATE_COMPLETE, signals received: 1`,
}, {
	name:      "http_trigger",
	title:     "run a Cloud Automator job through its HTTP trigger",
	operation: "TriggerJob",
	start: func(s *sandbox.Sandbox) map[string]string {
		job := s.AddTriggerJob(sandbox.TriggerJob{})
		return map[string]string{"url": s.TriggerURL(job), "access_token": job.AccessToken}
	},
	state: func(s *sandbox.Sandbox, _ map[string]string) string {
		return fmt.Sprintf("job there, runs: %d", len(s.TriggerJobs()[0].Runs))
	},
	before: `job there, runs: 0`,
	after:  `job there, runs: 1`,
}}
