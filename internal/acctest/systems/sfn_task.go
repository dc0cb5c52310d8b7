package systems

import (
	"fmt"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// taskSuccess answers the task that waits.
func taskSuccess(e sandbox.MachineExecutionState) Values {
	return Values{"task_token": e.Token, "status": "SUCCESS", "output": `{"approved":true}`, "execution_arn": e.ARN}
}

func taskFailure(e sandbox.MachineExecutionState) Values {
	return Values{"task_token": e.Token, "status": "FAILURE", "error": "Rejected", "execution_arn": e.ARN}
}

// answeredTask returns one of the two rows of the table: tasks are answered with one of two
// operations.
func answeredTask(status, operation string, answer func(sandbox.MachineExecutionState) Values) System {
	return System{
		Variant:    status,
		Type:       "signal_sfn_task",
		Package:    "sfn",
		Block:      "aws",
		Endpoint:   "sfn",
		Operation:  operation,
		Permission: "states:" + operation,
		Ready: func(s *sandbox.Sandbox) Values {
			return answer(s.StartMachine(sandbox.MachineExecution{States: []sandbox.MachineState{{}, {}}, AcceptRepeats: true}))
		},
		Missing:   Values{"task_token": "AQCEAAAAKgAAAAMAAAAAanother"},
		MissingAt: "task_token",
		IsSuccess: emptyAnswer,
		Lost:      ReadBack,
		ShownBy:   "SendTaskHeartbeat",
		ProvedBy:  "GetExecutionHistory",
		Interrupted: func(s *sandbox.Sandbox, at Moment) (Values, string) {
			mark := fmt.Sprintf("interrupted-%s-%d", status, len(s.Machines()))
			m := sandbox.MachineExecution{
				ARN: exampleMachine + mark, States: []sandbox.MachineState{{Token: "AQCEAAAAKgAAAAMAAAAA" + mark}, {}},
			}
			switch at {
			case UntilReady:
				m.StartSeconds = Later
			case Waiting:
				m.States[1] = sandbox.MachineState{Seconds: Later}
			}
			e := s.StartMachine(m)
			arguments := answer(e)
			arguments["task_token"] = m.States[0].Token
			return arguments, mark
		},
		Guards: []Guarded{{Guard: ShownToken}},
	}
}

var sfnTask = []System{success(), answeredTask("FAILURE", "SendTaskFailure", taskFailure).with(func(y *System) {
	y.Resends = Values{"error": "another", "cause": "another"}
	y.Optional = []string{"error", "execution_arn"}
	y.Requests = []Request{{
		Name:      "failure",
		Arguments: Values{"task_token": "t", "status": "FAILURE"},
		Header:    sfnHeader("SendTaskFailure"),
		Body:      `{"taskToken": "t"}`,
	}, {
		Name:      "failure in full",
		Arguments: Values{"task_token": "t", "status": "FAILURE", "error": "E", "cause": "<\u00e9>\n", "region": "eu-west-1"},
		Header:    sfnHeader("SendTaskFailure"),
		Body:      `{"taskToken": "t", "error": "E", "cause": "<\u00e9>\n"}`,
	}}
})}

func (y System) with(change func(*System)) System {
	change(&y)
	return y
}

func success() System {
	return answeredTask("SUCCESS", "SendTaskSuccess", taskSuccess).with(func(y *System) {
		y.Resends = Values{
			"task_token":            "another",
			"task_token_wo_version": 2,
			"output":                `"another"`,
			"output_wo_version":     2,
			"execution_arn":         exampleMachine + "another",
			"region":                "eu-central-1",
		}
		y.Unseen = Values{"task_token_wo": "another", "output_wo": `"another"`}
		y.Together = Values{"status": "FAILURE"}
		y.Optional = []string{"execution_arn"}
		// As botocore 1.43.11 serializes the API model 2016-11-23.
		y.Requests = []Request{{
			Name:      "minimal",
			Arguments: Values{"task_token": "t", "status": "SUCCESS", "output": "{}"},
			Header:    sfnHeader("SendTaskSuccess"),
			Body:      `{"taskToken": "t", "output": "{}"}`,
		}, {
			Name: "write-only",
			Arguments: Values{
				"task_token_wo": "t", "task_token_wo_version": 1, "status": "SUCCESS", "output_wo": "{\"x\": \"<\u00e9>\"}\n", "output_wo_version": 1,
				"execution_arn": exampleMachine + "e", "region": "eu-west-1",
			},
			Header: sfnHeader("SendTaskSuccess"),
			Body:   `{"taskToken": "t", "output": "{\"x\": \"<\u00e9>\"}\n"}`,
		}}
		y.Gate = &Gate{
			Read:       "DescribeExecution",
			Permission: "states:DescribeExecution",
			Running: func(s *sandbox.Sandbox, end string) Values {
				last := map[string]sandbox.MachineState{
					Well: {Seconds: seconds}, Badly: {Seconds: seconds, Fail: "the disk is full"}, Never: {},
				}[end]
				return taskSuccess(s.StartMachine(sandbox.MachineExecution{States: []sandbox.MachineState{{}, last}}))
			},
			Unready: func(s *sandbox.Sandbox) Values {
				return taskSuccess(s.StartMachine(sandbox.MachineExecution{States: []sandbox.MachineState{{}}, StartSeconds: seconds}))
			},
			Absent:    []Absent{{When: "the execution does not exist", Arguments: Values{"execution_arn": exampleMachine + "nothing"}, Waits: []string{Ready}}},
			IsRunning: "RUNNING", Succeeded: "SUCCEEDED", Failed: "FAILED",
			Reason: "the disk is full",
		}
		y.Demo = Demo{
			Title: "answer a task of an AWS Step Functions execution that waits for its callback",
			Start: func(s *sandbox.Sandbox) { startTask(s, 6, "sandboxtoken6") },
			State: func(s *sandbox.Sandbox) string {
				e, _ := s.Machine(exampleMachine + ID(6))
				return fmt.Sprintf("execution %s, answers received: %d", e.Status, len(e.Answers))
			},
			Before: `execution RUNNING, answers received: 0`,
			After:  `execution SUCCEEDED, answers received: 1`,
		}
		y.Examples = []Scenario{{
			Example: "resources/signal_sfn_task",
			Variables: []Variable{
				{"task_token", "sandboxtoken25"}, {"last_task_token", "sandboxtoken26"}, {"execution_arn", exampleMachine + ID(26)},
			},
			Start: func(s *sandbox.Sandbox) {
				startTask(s, 25, "sandboxtoken25")
				startTask(s, 26, "sandboxtoken26")
			},
		}, {
			Example:   "resources/signal_sfn_task_wait",
			Variables: []Variable{{"execution", exampleMachine + ID(27)}, {"task", "sandboxtoken27"}},
			Start:     func(s *sandbox.Sandbox) { startTask(s, 27, "sandboxtoken27") },
		}}
		y.Docs = Docs{
			Service:  "Step Functions",
			Named:    "by its `task_token`",
			API:      awsAPI("step-functions/latest/apireference"),
			Sends:    "the answer to a task of an AWS Step Functions execution that waits for a callback",
			Lost:     "sends a heartbeat. If the task takes it, the task is open, and the signal is sent again. If the task is closed, the history of `execution_arn` is read: an answer from the time of the send confirms the signal; anything else is unknown",
			Repeats:  "the `task_token` works once",
			LostRows: sfnLostRows,
			AfterCrash: "the token works once, and the service refuses a used one as `TaskTimedOut`. The apply then fails although the execution has gone on: " +
				"remove the resource from the configuration, or give it the token of the task that waits now.",
			NoAction: "its token is a secret",
			Answers: []Answer{
				{"TaskTimedOut", "task_token", "whether the task was answered or has timed out; a token works once"},
				{"TaskDoesNotExist", "task_token", "the token, and region and account"},
				{"InvalidToken", "task_token", "whether the token is complete"},
				{"InvalidOutput", "output", "whether the output is JSON"},
				{"KmsAccessDeniedException", "", "whether the key of the encrypted state machine may be used; `FAILURE` without `error` and `cause` needs none"},
				{"KmsInvalidStateException", "", "whether the key of the encrypted state machine is enabled; `FAILURE` without `error` and `cause` needs none"},
				{"AccessDeniedException", "", "the permission `states:SendTaskSuccess`"},
			},
		}
	})
}

// sfnLostRows are the rows about lost answers. They also depend on whether the
// task is closed.
const sfnLostRows = "| the answer is lost, cut short, a server error, or not from the service itself | sends a heartbeat with the token, and, if the task is closed, reads the history of `execution_arn`: |\n" +
	"| – the task is open | after 15 seconds sends the signal again, until the create timeout |\n" +
	"| – the task is closed, and the history shows the signal | recorded with `delivery = \"CONFIRMED\"` |\n" +
	"| – the task is closed, and the history does not show the signal, or there is no `execution_arn`, or the provider has no permission to send heartbeats or to read | fails and does not send again; saved as tainted with `delivery = \"UNKNOWN\"` |"

func sfnHeader(operation string) map[string]string {
	return map[string]string{"X-Amz-Target": "AWSStepFunctions." + operation, "Content-Type": "application/x-amz-json-1.0"}
}

const exampleMachine = "arn:aws:states:us-east-1:123456789012:execution:deploy:"

func startTask(s *sandbox.Sandbox, n int, token string) {
	s.StartMachine(sandbox.MachineExecution{ARN: exampleMachine + ID(n), States: []sandbox.MachineState{{Token: token}}})
}
