package systems

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

var (
	approve = sandbox.Step{Name: "approve", Action: "aws:approve"}
	deploy  = sandbox.Step{Name: "deploy", Action: "aws:executeScript"}
	pause   = sandbox.Step{Name: "hold", Action: "aws:pause"}
)

// startRunbook starts an execution of a new document, whose name is the execution's id. So
// all requests about it contain the same text.
func startRunbook(s *sandbox.Sandbox, a sandbox.Automation) string {
	a.ID = uuid.NewString()
	a.DocumentName = a.ID
	return s.StartAutomation(a)
}

// StartAutomation starts an execution with these steps under a fixed id.
func StartAutomation(s *sandbox.Sandbox, n int, steps ...sandbox.Step) {
	s.StartAutomation(sandbox.Automation{ID: ID(n), DocumentName: "Sandbox-Approval", Steps: slices.Clone(steps)})
}

func approval(execution string) Values {
	return Values{"automation_execution_id": execution, "signal_type": "Approve"}
}

// signed is an approval with a unique comment. Without one, it is unknown after a lost
// answer whose decision the service shows.
func signed(execution string) Values {
	return approval(execution).With(Values{"payload": Values{"Comment": []any{"release 7"}}})
}

var automation = []System{{
	Type:       "signal_automation",
	Package:    "ssm",
	Block:      "aws",
	Endpoint:   "ssm",
	Operation:  "SendAutomationSignal",
	Permission: "ssm:SendAutomationSignal",
	HasAction:  true,
	Ready: func(s *sandbox.Sandbox) Values {
		id := startRunbook(s, sandbox.Automation{
			Steps:         []sandbox.Step{{Name: "approve", Action: "aws:approve", MinRequiredApprovals: 10}},
			AcceptRepeats: true,
		})
		return signed(id)
	},
	Resends: Values{
		"automation_execution_id": "11111111-1111-1111-1111-111111111111",
		"signal_type":             "Reject",
		"payload":                 Values{"Comment": []any{"another"}},
		"region":                  "eu-central-1",
	},
	Together:  Values{"document_name": "Another", "started_after": "2026-01-31T12:00:00Z"},
	Naming:    &Naming{Name: "document_name", ID: "automation_execution_id", Filter: "started_after"},
	Optional:  []string{"payload"},
	Missing:   Values{"automation_execution_id": "22222222-2222-2222-2222-222222222222"},
	MissingAt: "automation_execution_id",
	IsSuccess: emptyAnswer,
	// As botocore 1.43.11 serializes the API model 2014-11-06.
	Requests: []Request{{
		Name:      "minimal",
		Arguments: approval("11111111-1111-1111-1111-111111111111"),
		Header:    map[string]string{"X-Amz-Target": "AmazonSSM.SendAutomationSignal", "Content-Type": "application/x-amz-json-1.1"},
		Body:      `{"AutomationExecutionId": "11111111-1111-1111-1111-111111111111", "SignalType": "Approve"}`,
	}, {
		Name: "full",
		Arguments: Values{
			"automation_execution_id": "11111111-1111-1111-1111-111111111111", "signal_type": "Reject", "region": "eu-west-1",
			"payload": Values{"Comment": []any{"<b>&\u00e9\u2028"}, "None": []any{}},
		},
		Header: map[string]string{"X-Amz-Target": "AmazonSSM.SendAutomationSignal", "Content-Type": "application/x-amz-json-1.1"},
		Body:   `{"AutomationExecutionId": "11111111-1111-1111-1111-111111111111", "SignalType": "Reject", "Payload": {"Comment": ["<b>&\u00e9\u2028"], "None": []}}`,
	}},
	Gate: &Gate{
		Read:       "GetAutomationExecution",
		Permission: "ssm:GetAutomationExecution",
		Running: func(s *sandbox.Sandbox, end string) Values {
			last := map[string]sandbox.Step{
				Well:  deploy,
				Badly: {Name: "deploy", Action: "aws:executeScript", Fail: "the disk is full"},
				Never: {Name: "deploy", Action: "aws:executeScript", Hold: true},
			}[end]
			return signed(startRunbook(s, sandbox.Automation{Steps: []sandbox.Step{
				approve, {Name: "settle", Action: "aws:sleep", SleepSeconds: seconds}, last,
			}}))
		},
		NotReady: "Its current step is prepare",
		Unready: func(s *sandbox.Sandbox) Values {
			return signed(startRunbook(s, sandbox.Automation{Steps: []sandbox.Step{
				{Name: "prepare", Action: "aws:sleep", SleepSeconds: seconds}, approve,
			}}))
		},
		Absent:    []Absent{{When: "the execution does not exist", Arguments: Values{"automation_execution_id": ID(99)}}},
		IsRunning: "InProgress", Succeeded: "Success", Failed: "Failed", Expires: "a step",
		Reason: "the disk is full",
		Adopts: true,
		Batch: &Batch{
			Operation: "DescribeAutomationExecutions", Permission: "ssm:DescribeAutomationExecutions", Reads: "up to ten executions",
			Is: func(r sandbox.Request) bool { return strings.Contains(r.Body, "ExecutionId") },
		},
	},
	Lost:    ReadBack,
	ShownBy: "GetAutomationExecution",
	Interrupted: func(s *sandbox.Sandbox, at Moment) (Values, string) {
		steps := []sandbox.Step{approve, {Name: "deploy", Action: "aws:executeScript", Hold: true}}
		settle := sandbox.Step{Name: "settle", Action: "aws:sleep", SleepSeconds: Later}
		switch at {
		case UntilReady:
			steps = []sandbox.Step{settle, steps[0], steps[1]}
		case Waiting:
			steps[1] = settle
		}
		id := startRunbook(s, sandbox.Automation{Steps: steps, AcceptRepeats: true})
		return signed(id), id
	},
	Guards: []Guarded{{Guard: ShowsSignals}, adopting},
	Demo: Demo{
		Title: "approve an AWS Systems Manager Automation that waits for it",
		Start: func(s *sandbox.Sandbox) { StartAutomation(s, 1, approve, deploy) },
		State: func(s *sandbox.Sandbox) string {
			execution, _ := s.Automation(ID(1))
			text := fmt.Sprintf("execution %s", execution.AutomationExecutionStatus)
			for _, step := range execution.StepExecutions {
				text += fmt.Sprintf(", step %q %s", step.StepName, step.StepStatus)
			}
			return text + fmt.Sprintf(", signals received: %d", len(execution.Signals))
		},
		Before: `execution Waiting, step "approve" Waiting, step "deploy" Pending, signals received: 0`,
		After:  `execution Success, step "approve" Success, step "deploy" Success, signals received: 1`,
	},
	Examples: []Scenario{{
		Example: "resources/signal_automation",
		Variables: []Variable{
			{"automation_execution_id", ID(20)}, {"migration_execution_id", ID(21)}, {"maintenance_execution_id", ID(22)}, {"release", "1.2.3"},
			{"runbook", "Sandbox-Gate"},
		},
		Start: func(s *sandbox.Sandbox) {
			StartAutomation(s, 20, approve, deploy)
			StartAutomation(s, 21, approve, deploy)
			StartAutomation(s, 22, pause)
			s.StartAutomation(sandbox.Automation{DocumentName: "Sandbox-Gate", Steps: []sandbox.Step{approve, deploy}})
		},
	}, {
		Example:   "resources/signal_automation_wait",
		Variables: []Variable{{"automation_execution_id", ID(23)}},
		Start: func(s *sandbox.Sandbox) {
			s.StartAutomation(sandbox.Automation{
				ID: ID(23), DocumentName: "Sandbox-Approval", Steps: []sandbox.Step{{Name: "approve", Action: "aws:approve", MinRequiredApprovals: 3}, deploy},
				AcceptRepeats: true, Outputs: map[string][]string{"deploy.Version": {"1.2.3"}},
			})
		},
	}},
	Docs: Docs{
		Service: "SSM",
		API:     awsAPI("systems-manager/latest/APIReference"),
		Sends:   "a signal that approves, rejects, resumes, starts or stops a step of an AWS Systems Manager Automation execution, or revokes an approval",
		Lost:    "reads the execution's steps. If they show the signal at the time of the send, it is confirmed. If a step still waits for the signal, it is sent again. Anything else is unknown",
		Repeats: "only the step's state. A unique `Comment` tells one approval from another",
		Answers: []Answer{
			{"AutomationExecutionNotFoundException", "automation_execution_id", "the execution's id, region and account"},
			{"AutomationStepNotFoundException", "payload", "the step name, or the step's execution id"},
			{"InvalidAutomationSignalException", "signal_type", "whether a step waits for this signal, and whether the execution is still running. With `wait_until_ready` the provider waits for such a step. For `Approve` and `Reject`, also check that the identity of the provider is among the step's `Approvers`, and has not decided already"},
			{"AccessDeniedException", "", "the permission `ssm:SendAutomationSignal`"},
		},
	},
}}
