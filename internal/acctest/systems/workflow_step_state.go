package systems

import (
	"fmt"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

func callback(e sandbox.FileWorkflowState) Values {
	return Values{"workflow_id": e.WorkflowID, "execution_id": e.ExecutionID, "status": "SUCCESS", "token": e.Token}
}

var workflowStepState = []System{{
	Type:       "signal_workflow_step_state",
	Package:    "transfer",
	Block:      "aws",
	Endpoint:   "transfer",
	Operation:  "SendWorkflowStepState",
	Permission: "transfer:SendWorkflowStepState",
	Ready: func(s *sandbox.Sandbox) Values {
		// The second step keeps the execution there.
		return callback(s.StartFileWorkflow(sandbox.FileWorkflow{Steps: []sandbox.FileStep{{}, {}}, UsedToken: sandbox.TokenAccepted}))
	},
	Resends: Values{
		"workflow_id":      "w-anotheranotherano",
		"execution_id":     "11111111-1111-1111-1111-111111111111",
		"status":           "FAILURE",
		"token":            "another",
		"token_wo_version": 2,
		"region":           "eu-central-1",
	},
	Unseen:    Values{"token_wo": "another"},
	Missing:   Values{"execution_id": "22222222-2222-2222-2222-222222222222"},
	MissingAt: "execution_id",
	IsSuccess: emptyAnswer,
	// As botocore 1.43.11 serializes the API model 2018-11-05.
	Requests: []Request{{
		Name:      "minimal",
		Arguments: Values{"workflow_id": "w-0123456789abcdef0", "execution_id": "11111111-1111-1111-1111-111111111111", "status": "SUCCESS", "token": "t"},
		Header:    transferHeader,
		Body:      `{"WorkflowId": "w-0123456789abcdef0", "ExecutionId": "11111111-1111-1111-1111-111111111111", "Token": "t", "Status": "SUCCESS"}`,
	}, {
		Name: "full",
		Arguments: Values{
			"workflow_id": "w-0123456789abcdef0", "execution_id": "11111111-1111-1111-1111-111111111111", "status": "FAILURE",
			"token_wo": "t_2", "token_wo_version": 1, "region": "eu-west-1",
		},
		Header: transferHeader,
		Body:   `{"WorkflowId": "w-0123456789abcdef0", "ExecutionId": "11111111-1111-1111-1111-111111111111", "Token": "t_2", "Status": "FAILURE"}`,
	}},
	Gate: &Gate{
		Read:       "DescribeExecution",
		Permission: "transfer:DescribeExecution",
		Running: func(s *sandbox.Sandbox, end string) Values {
			last := map[string]sandbox.FileStep{Well: {Type: "COPY", Seconds: seconds}, Badly: {TimeoutSeconds: seconds}, Never: {}}[end]
			return callback(s.StartFileWorkflow(sandbox.FileWorkflow{Steps: []sandbox.FileStep{{}, last}, OnExceptionSteps: []sandbox.FileStep{{}}}))
		},
		Unready: func(s *sandbox.Sandbox) Values {
			return callback(s.StartFileWorkflow(sandbox.FileWorkflow{Steps: []sandbox.FileStep{{}}, StartSeconds: seconds}))
		},
		Absent: []Absent{
			{When: "the execution does not exist, or had ended before the wait began", Arguments: Values{"execution_id": ID(99)}, Waits: []string{Ended, Ready}},
			{When: "the workflow does not exist", Arguments: Values{"workflow_id": "w-00000000000000000"}, Waits: []string{Ended, Ready}},
		},
		// A run that succeeded is only seen to have ended.
		IsRunning: "IN_PROGRESS", Succeeded: "ENDED", Failed: "HANDLING_EXCEPTION", EndsUntold: true,
		Reason: "timed out while it was waiting",
		Batch: &Batch{
			Operation: "ListExecutions", Permission: "transfer:ListExecutions", Reads: "up to a thousand executions of a workflow",
			Is: func(sandbox.Request) bool { return true },
			Target: func(s *sandbox.Sandbox) Values {
				return callback(s.StartFileWorkflow(sandbox.FileWorkflow{WorkflowID: "w-0123456789abcdef7", Steps: []sandbox.FileStep{{}, {Type: "COPY", Seconds: seconds}}}))
			},
		},
	},
	Lost: Untold,
	Interrupted: func(s *sandbox.Sandbox, at Moment) (Values, string) {
		w := sandbox.FileWorkflow{Steps: []sandbox.FileStep{{}, {}}}
		switch at {
		case UntilReady:
			w.StartSeconds = Later
		case Waiting:
			w.Steps[1] = sandbox.FileStep{Type: "COPY", Seconds: Later}
		}
		e := s.StartFileWorkflow(w)
		return callback(e), e.ExecutionID
	},
	Guards: []Guarded{{Guard: UsedToken}},
	Demo: Demo{
		Title: "answer a step of an AWS Transfer Family workflow that waits for its callback",
		Start: func(s *sandbox.Sandbox) { startCallback(s, 2, "sandboxtoken") },
		State: func(s *sandbox.Sandbox) string {
			e, _ := s.FileWorkflow(ID(2))
			return fmt.Sprintf("execution %s, callbacks received: %d", e.Status, len(e.Callbacks))
		},
		Before: `execution IN_PROGRESS, callbacks received: 0`,
		After:  `execution COMPLETED, callbacks received: 1`,
	},
	Examples: []Scenario{{
		Example: "resources/signal_workflow_step_state",
		Variables: []Variable{
			{"callback", callbackObject(23)}, {"callback_token", "sandboxtoken1"}, {"last_callback", callbackObject(24)}, {"last_callback_token", "sandboxtoken2"},
		},
		Start: func(s *sandbox.Sandbox) {
			startCallback(s, 23, "sandboxtoken1")
			startCallback(s, 24, "sandboxtoken2")
		},
	}, {
		Example:   "resources/signal_workflow_step_state_wait",
		Variables: []Variable{{"delivery", callbackObject(28)}},
		Start:     func(s *sandbox.Sandbox) { startCallback(s, 28, "sandboxtoken3") },
	}},
	Docs: Docs{
		Service: "Transfer Family",
		Named:   "by its `workflow_id` and `execution_id`, with the `token` of the callback",
		API:     awsAPI("transfer/latest/APIReference"),
		Sends:   "the answer to a custom step of an AWS Transfer Family workflow",
		Lost:    "the outcome is unknown, because the service does not show its signals",
		Repeats: "the `token` belongs to one callback",
		AfterCrash: "the token belongs to one callback. AWS does not document what the service answers to a used token; the stand-in refuses\n" +
			"  it as invalid. The apply then fails although the step has gone on: remove the resource from the configuration, or give it the token of the callback that waits now.",
		NoAction: "its token is a secret",
		Answers: []Answer{
			{"ResourceNotFoundException", "execution_id", "the ids; an execution that has ended gives the same answer"},
			{"InvalidRequestException", "", "whether ids and token come from the same callback, that of the step that waits now"},
			{"AccessDeniedException", "", "the permission `transfer:SendWorkflowStepState`"},
		},
	},
}}

var transferHeader = map[string]string{"X-Amz-Target": "TransferService.SendWorkflowStepState", "Content-Type": "application/x-amz-json-1.1"}

const exampleWorkflow = "w-0123456789abcdef0"

func startCallback(s *sandbox.Sandbox, n int, token string) {
	s.StartFileWorkflow(sandbox.FileWorkflow{
		WorkflowID: exampleWorkflow, ExecutionID: ID(n), Steps: []sandbox.FileStep{{Token: token}, {Type: "COPY"}},
	})
}

func callbackObject(n int) string {
	return fmt.Sprintf(`{workflow_id=%q,execution_id=%q}`, exampleWorkflow, ID(n))
}
