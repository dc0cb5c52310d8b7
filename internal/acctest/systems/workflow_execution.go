package systems

import (
	"fmt"
	"strings"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// Domains are the SWF domains of the examples.
var Domains = []string{"sandbox", "orders"}

var workflowExecution = []System{{
	Type:       "signal_workflow_execution",
	Package:    "swf",
	Block:      "aws",
	Endpoint:   "swf",
	Operation:  "SignalWorkflowExecution",
	Permission: "swf:SignalWorkflowExecution",
	HasAction:  true,
	Ready: func(s *sandbox.Sandbox) Values {
		id := anotherWorkflow(s)
		s.StartWorkflow(sandbox.Workflow{WorkflowID: id})
		return Values{"domain": "sandbox", "workflow_id": id, "signal_name": "release", "input": "go"}
	},
	Resends: Values{
		"domain":           "another",
		"workflow_id":      "another",
		"run_id":           "another",
		"signal_name":      "another",
		"input":            "another",
		"input_wo_version": 2,
		"region":           "eu-central-1",
	},
	Unseen:    Values{"input_wo": "another"},
	Optional:  []string{"input"},
	Missing:   Values{"workflow_id": "nobody"},
	MissingAt: "workflow_id",
	IsSuccess: emptyAnswer,
	// As botocore 1.43.11 serializes the API model 2012-01-25.
	Requests: []Request{{
		Name:      "minimal",
		Arguments: Values{"domain": "d", "workflow_id": "w", "signal_name": "n"},
		Header:    swfHeader,
		Body:      `{"domain": "d", "workflowId": "w", "signalName": "n"}`,
	}, {
		Name: "full",
		Arguments: Values{
			"domain": "d", "workflow_id": "w", "signal_name": "n", "region": "eu-west-1",
			"run_id": "22mZ/+=", "input": "{\"x\": \"<\u00e9>\"}\n",
		},
		Header: swfHeader,
		Body:   `{"domain": "d", "workflowId": "w", "runId": "22mZ/+=", "signalName": "n", "input": "{\"x\": \"<\u00e9>\"}\n"}`,
	}, {
		Name:      "write-only and empty",
		Arguments: Values{"domain": "d", "workflow_id": "w", "signal_name": "n", "input_wo": "", "input_wo_version": 1},
		Header:    swfHeader,
		Body:      `{"domain": "d", "workflowId": "w", "signalName": "n", "input": ""}`,
	}},
	Gate: &Gate{
		Read:       "DescribeWorkflowExecution",
		Permission: "swf:DescribeWorkflowExecution",
		Running: func(s *sandbox.Sandbox, end string) Values {
			id := anotherWorkflow(s)
			closes := map[string]map[string]string{Well: {"release": "COMPLETED"}, Badly: {"release": "FAILED"}}[end]
			s.StartWorkflow(sandbox.Workflow{WorkflowID: id, Closes: closes, CloseSeconds: seconds, Reason: "the disk is full"})
			return Values{"domain": "sandbox", "workflow_id": id, "signal_name": "release"}
		},
		Unready: func(s *sandbox.Sandbox) Values {
			run := s.StartWorkflow(sandbox.Workflow{WorkflowID: "order-later", StartSeconds: seconds})
			return Values{"domain": "sandbox", "workflow_id": "order-later", "run_id": run, "signal_name": "release"}
		},
		Absent: []Absent{
			{When: "`run_id` is not set, and `workflow_id` has no open run", Arguments: Values{"workflow_id": "nobody", "run_id": nil}, Waits: []string{Ended, Ready}},
			{When: "the run of `run_id` does not exist", Arguments: Values{"run_id": "nothing"}, Waits: []string{Ready}},
			{When: "the domain does not exist", Arguments: Values{"domain": "nothing"}},
		},
		IsRunning: "OPEN", Succeeded: "COMPLETED", Failed: "FAILED",
		Reason: "the disk is full",
		Adopts: true,
		Batch: &Batch{
			Operation: "ListOpenWorkflowExecutions", Reads: "up to a thousand open runs of a domain whose run ids are known",
			Is: func(r sandbox.Request) bool { return !strings.Contains(r.Body, "executionFilter") },
			Target: func(s *sandbox.Sandbox) Values {
				id := anotherWorkflow(s)
				run := s.StartWorkflow(sandbox.Workflow{WorkflowID: id, Closes: map[string]string{"release": "COMPLETED"}, CloseSeconds: seconds})
				return Values{"domain": "sandbox", "workflow_id": id, "run_id": run, "signal_name": "release"}
			},
		},
	},
	Lost:     ReadBack,
	ShownBy:  "ListOpenWorkflowExecutions",
	ProvedBy: "GetWorkflowExecutionHistory",
	Interrupted: func(s *sandbox.Sandbox, at Moment) (Values, string) {
		w := sandbox.Workflow{WorkflowID: anotherWorkflow(s)}
		switch at {
		case UntilReady:
			w.StartSeconds = Later
		case Waiting:
			w.Closes, w.CloseSeconds = map[string]string{"release": "COMPLETED"}, Later
		}
		run := s.StartWorkflow(w)
		return Values{"domain": "sandbox", "workflow_id": w.WorkflowID, "run_id": run, "signal_name": "release"}, run
	},
	Guards: []Guarded{{Guard: ShowsSignals}, adopting},
	Demo: Demo{
		Title: "release an Amazon SWF workflow that waits for a signal",
		Start: func(s *sandbox.Sandbox) {
			s.StartWorkflow(sandbox.Workflow{WorkflowID: "order-1", Closes: map[string]string{"release": "COMPLETED"}})
		},
		State: func(s *sandbox.Sandbox) string {
			run := s.Workflows("sandbox", "order-1")[0]
			return fmt.Sprintf("workflow execution %s, signals in its history: %d", strings.TrimSpace(run.Status+" "+run.CloseStatus), len(run.Signals()))
		},
		Before: `workflow execution OPEN, signals in its history: 0`,
		After:  `workflow execution CLOSED COMPLETED, signals in its history: 1`,
	},
	Examples: []Scenario{{
		Example:   "resources/signal_workflow_execution",
		Variables: []Variable{{"order_id", "order-2"}, {"approval", "granted"}},
		Start: func(s *sandbox.Sandbox) {
			s.StartWorkflow(sandbox.Workflow{Domain: "orders", WorkflowID: "order-2", Closes: map[string]string{"ship": "COMPLETED"}})
		},
	}, {
		Example:   "resources/signal_workflow_execution_wait",
		Variables: []Variable{{"order", "order-8"}},
		Start: func(s *sandbox.Sandbox) {
			s.StartWorkflow(sandbox.Workflow{Domain: "orders", WorkflowID: "order-8", Closes: map[string]string{"ship": "COMPLETED"}})
		},
	}},
	Docs: Docs{
		Service:  "SWF",
		Named:    "by its `domain` and `workflow_id`. The signal goes to the open run, or to that of `run_id`",
		API:      awsAPI("amazonswf/latest/apireference"),
		Sends:    "a signal to an Amazon SWF workflow execution",
		Lost:     "reads the history back to the time of the send. If it shows the signal, the signal is confirmed. If it does not, the signal is sent again",
		Repeats:  "nothing: SWF records every signal that it accepts. Put an id into `input`",
		LateNote: "if the history shows the signal later than that, the workflow gets it twice: put an id into `input`",
		Answers: []Answer{
			{"UnknownResourceFault", "workflow_id", "whether the domain and the execution exist, and whether the execution is open"},
			{"OperationNotPermittedFault", "", "the permission `swf:SignalWorkflowExecution`"},
		},
	},
}}

var swfHeader = map[string]string{"X-Amz-Target": "SimpleWorkflowService.SignalWorkflowExecution", "Content-Type": "application/x-amz-json-1.0"}

// anotherWorkflow is a workflow id that is not used yet.
func anotherWorkflow(s *sandbox.Sandbox) string {
	return fmt.Sprintf("order-%d", len(s.Workflows("sandbox", "")))
}
