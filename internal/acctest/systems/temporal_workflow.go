package systems

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// startTemporal starts a workflow under an id that no other test of the server
// uses, and returns the arguments of the signal that releases it.
func startTemporal(s *sandbox.Sandbox, w sandbox.TemporalWorkflow) Values {
	w.WorkflowID = "order-" + uuid.NewString()
	arguments := Values{"workflow_id": w.WorkflowID, "signal_name": "release"}
	if run := s.StartTemporalWorkflow(w); run != "" {
		arguments["run_id"] = run
	}
	return arguments
}

var temporalWorkflow = []System{{
	Type:       "signal_temporal_workflow",
	Package:    "temporal",
	Block:      "temporal",
	Operation:  "Temporal.SignalWorkflowExecution",
	Permission: "SignalWorkflowExecution",
	HasAction:  true,
	Ready: func(s *sandbox.Sandbox) Values {
		return startTemporal(s, sandbox.TemporalWorkflow{}).With(Values{"input": `["go"]`})
	},
	Resends: Values{
		"namespace":        "another",
		"workflow_id":      "another",
		"run_id":           "11111111-1111-1111-1111-111111111111",
		"signal_name":      "another",
		"input":            `["another"]`,
		"input_wo_version": 2,
		"request_id":       "another",
	},
	Unseen:    Values{"input_wo": `["another"]`},
	Optional:  []string{"run_id", "input"},
	Missing:   Values{"workflow_id": "nobody"},
	MissingAt: "workflow_id",
	IsSuccess: func(members map[string]any, _ string) bool { return members != nil },
	Gate: &Gate{
		Read:       "Temporal.DescribeWorkflowExecution",
		Permission: "namespace",
		Running: func(s *sandbox.Sandbox, end string) Values {
			closes := map[string]map[string]string{Well: {"release": "COMPLETED"}, Badly: {"release": "FAILED"}}[end]
			return startTemporal(s, sandbox.TemporalWorkflow{Closes: closes, CloseSeconds: seconds, Reason: "the disk is full"})
		},
		Unready: func(s *sandbox.Sandbox) Values {
			return startTemporal(s, sandbox.TemporalWorkflow{StartSeconds: seconds})
		},
		Absent: []Absent{
			{When: "`run_id` is not set, and `workflow_id` has no run", Arguments: Values{"workflow_id": "nobody", "run_id": nil}, Waits: []string{Ended, Ready}},
			{When: "the run of `run_id` does not exist", Arguments: Values{"run_id": ID(99)}, Waits: []string{Ready}},
			{When: "the namespace does not exist", Arguments: Values{"namespace": "nothing"}},
		},
		IsRunning: "RUNNING", Succeeded: "COMPLETED", Failed: "FAILED",
		Reason: "the disk is full",
		Adopts: true, AdoptsWith: Values{"request_id": "release-7"},
	},
	Lost:         Repeatable,
	ShowsSignals: true,
	// The provider looks a signal up if the answer was not Temporal's, or if the outcome is
	// still unknown at the end.
	Cells: map[string]Cell{
		"500 for good":       {Result: NotSent, Requests: Many, Says: []string{"HTTP 500", "attempts", "timeout", "the signal has not arrived"}},
		"every stream reset": {Result: NotSent, Requests: Many, Says: []string{"PROTOCOL_ERROR", "attempts", "timeout", "the signal has not arrived"}},
		"proxy's 403":        {Result: Sent, Requests: 2, Taken: 1},
		"redirected":         {Result: Sent, Requests: 2, Taken: 1},
	},
	Interrupted: func(s *sandbox.Sandbox, at Moment) (Values, string) {
		w := sandbox.TemporalWorkflow{}
		switch at {
		case UntilReady:
			w.StartSeconds = Later
		case Waiting:
			w.Closes, w.CloseSeconds = map[string]string{"release": "COMPLETED"}, Later
		}
		arguments := startTemporal(s, w)
		return arguments, arguments["workflow_id"].(string)
	},
	Guards: []Guarded{{Guard: GeneratedShown}, {
		Guard: PinnedShown,
		With:  func(mark string) Values { return Values{"request_id": mark} },
		Means: "`request_id` set",
	}},
	Demo: Demo{
		Title: "release a Temporal workflow that waits for a signal",
		Start: func(s *sandbox.Sandbox) {
			s.StartTemporalWorkflow(sandbox.TemporalWorkflow{WorkflowID: ID(6), Closes: map[string]string{"release": "COMPLETED"}})
		},
		State: func(s *sandbox.Sandbox) string {
			return fmt.Sprintf("signals in the history of the workflow: %d", len(s.TemporalSignals(ID(6))))
		},
		Before: `signals in the history of the workflow: 0`,
		After:  `signals in the history of the workflow: 1`,
	},
	Examples: []Scenario{{
		Example:   "resources/signal_temporal_workflow",
		Variables: []Variable{{"order_id", "order-7"}, {"release", "1.2.3"}},
		Start: func(s *sandbox.Sandbox) {
			s.StartTemporalWorkflow(sandbox.TemporalWorkflow{WorkflowID: "order-7", Closes: map[string]string{"ship": "COMPLETED"}})
		},
	}, {
		Example:   "resources/signal_temporal_workflow_wait",
		Variables: []Variable{{"order", "order-8"}},
		Start: func(s *sandbox.Sandbox) {
			s.StartTemporalWorkflow(sandbox.TemporalWorkflow{WorkflowID: "order-8", Closes: map[string]string{"ship": "COMPLETED"}, Result: "parcel 17"})
		},
	}},
	Docs: Docs{
		Service: "Temporal",
		Named:   "by its `namespace` and `workflow_id`. The signal goes to the current run, or to that of `run_id`",
		API: func(operation string) string {
			return link(operation, "https://github.com/temporalio/api/blob/master/temporal/api/workflowservice/v1/service.proto")
		},
		Sends: "a signal to a Temporal workflow",
		Lost: "sends the same request again until an answer comes, or until the timeout. Without `run_id` the provider first finds out to which run the first request went, and sends " +
			"the repeats to that run, even if another run is current by then",
		Repeats: "`request_id`: in each run, the server treats requests with the same id as one signal, even after the run has closed. Another run does not know the ids",
		AfterCrash: "set `request_id` and `run_id`: the next apply makes the same request again, and the server treats it as the same signal, unless the run was\n" +
			"  reset in the meantime. Without `run_id` the request goes to the run that is current then. If that is another run, because the one before has\n" +
			"  continued as new or was started again, the signal arrives twice.",
		NoPolicy: "Sending needs the Write role in the namespace, or whatever the server's authorizer asks for to call `SignalWorkflowExecution`; a self-hosted server without an authorizer asks for nothing.\n\n" +
			"`wait_until_ready`, `wait_for_completion` and `adopt_existing` also call `DescribeWorkflowExecution` and `GetWorkflowExecutionHistoryReverse`, which the Read role allows. The provider also makes these calls when repeated requests have not shown whether the signal has arrived, and, with `ListWorkflowExecutions`, after a lost answer to a signal without `run_id`.",
		NoReadPolicy: "It calls `DescribeWorkflowExecution` and `GetWorkflowExecutionHistoryReverse`, which the Read role in the namespace allows.",
		Answers: []Answer{
			{"NOT_FOUND", "workflow_id", "whether there is such an execution in the namespace, and whether it is running"},
			{"NOT_FOUND (namespace)", "namespace", "the namespace, and that the address is that of its server"},
			{"PERMISSION_DENIED", "", "the role of the API key or client certificate in the namespace"},
			{"UNAUTHENTICATED", "", "the API key or client certificate"},
		},
	},
}}
