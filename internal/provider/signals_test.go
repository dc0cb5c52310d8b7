package provider_test

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// system is one signal as the tests that hold for all of them see it.
type system struct {
	// name tells systems of the same resource apart; "" is the resource's.
	name     string
	resource string
	// operation is the one that carries the signal, as the request log names it.
	operation string
	// permission is what a refusal has to name.
	permission string
	// ready makes a target that is waiting for the signal, and the arguments that send it there.
	ready func(t *testing.T, s *sandbox.Sandbox) acctest.Values
	// resends are arguments with another value, which makes another signal; recorded
	// ones are noted and send nothing, and write-only ones are seen only when sent.
	resends, recorded, unseen acctest.Values
	// optional are arguments of ready that can be left out.
	optional []string
	// missing are arguments that name a target that is not there; at is the argument at fault.
	missing acctest.Values
	at      string
	// ambiguous says that the service gives the same answer for such a target as
	// for wrong credentials.
	ambiguous bool
	// noRequestID says that the service's answers carry none.
	noRequestID bool
	// tells is the operation that is read first to look for a lost signal, "" where
	// the service cannot tell.
	tells string
	// action says that it is offered as an action, too.
	action bool
	// gate is how its targets are waited for, nil when they cannot be.
	gate *gate
	// looksUp says that the target is looked up before anything is sent.
	looksUp bool
}

var systems = []system{{
	resource:   "signal_automation",
	operation:  "SendAutomationSignal",
	permission: "ssm:SendAutomationSignal",
	tells:      "GetAutomationExecution",
	optional:   []string{"payload"},
	ready: func(_ *testing.T, s *sandbox.Sandbox) acctest.Values {
		// It takes any number of signals, so that a second one would not be refused but show.
		id := s.StartAutomation(sandbox.Automation{
			Steps:         []sandbox.Step{{Name: "approve", Action: "aws:approve", MinRequiredApprovals: 10}},
			AcceptRepeats: true,
		})
		// Of several approvals, its comment tells one from another.
		return acctest.Values{"automation_execution_id": id, "signal_type": "Approve", "payload": acctest.Values{"Comment": []any{"release 7"}}}
	},
	resends: acctest.Values{
		"automation_execution_id": "11111111-1111-1111-1111-111111111111",
		"signal_type":             "Reject",
		"payload":                 acctest.Values{"Comment": []any{"another"}},
		"region":                  "eu-central-1",
	},
	missing: acctest.Values{"automation_execution_id": "22222222-2222-2222-2222-222222222222"},
	at:      "automation_execution_id",
	action:  true,
	gate: &gate{
		read:       "GetAutomationExecution",
		permission: "ssm:GetAutomationExecution",
		running: func(_ *testing.T, s *sandbox.Sandbox, end string) acctest.Values {
			last := map[string]sandbox.Step{
				well:  {Name: "deploy", Action: "aws:executeScript"},
				badly: {Name: "deploy", Action: "aws:executeScript", Fail: "the disk is full"},
				never: {Name: "deploy", Action: "aws:executeScript", Hold: true},
			}[end]
			id := s.StartAutomation(sandbox.Automation{Steps: []sandbox.Step{
				{Name: "approve", Action: "aws:approve"}, {Name: "settle", Action: "aws:sleep", SleepSeconds: 40}, last,
			}})
			return acctest.Values{"automation_execution_id": id, "signal_type": "Approve"}
		},
		unready: func(_ *testing.T, s *sandbox.Sandbox) acctest.Values {
			id := s.StartAutomation(sandbox.Automation{Steps: []sandbox.Step{
				{Name: "prepare", Action: "aws:sleep", SleepSeconds: 40}, {Name: "approve", Action: "aws:approve"},
			}})
			return acctest.Values{"automation_execution_id": id, "signal_type": "Approve"}
		},
		words:  struct{ running, succeeded, failed string }{"InProgress", "Success", "Failed"},
		reason: "the disk is full",
		adopts: true,
	},
}, {
	resource:   "signal_workflow_execution",
	operation:  "SignalWorkflowExecution",
	permission: "swf:SignalWorkflowExecution",
	tells:      "ListOpenWorkflowExecutions",
	ready: func(_ *testing.T, s *sandbox.Sandbox) acctest.Values {
		id := fmt.Sprintf("order-%d", len(s.Workflows("sandbox", "")))
		s.StartWorkflow(sandbox.Workflow{WorkflowID: id})
		return acctest.Values{"domain": "sandbox", "workflow_id": id, "signal_name": "release", "input": "go"}
	},
	resends: acctest.Values{
		"domain":           "another",
		"workflow_id":      "another",
		"run_id":           "another",
		"signal_name":      "another",
		"input":            "another",
		"input_wo_version": 2,
		"region":           "eu-central-1",
	},
	unseen:   acctest.Values{"input_wo": "another"},
	optional: []string{"input"},
	missing:  acctest.Values{"workflow_id": "nobody"},
	at:       "workflow_id",
	action:   true,
	gate: &gate{
		read:       "DescribeWorkflowExecution",
		permission: "swf:DescribeWorkflowExecution",
		running: func(_ *testing.T, s *sandbox.Sandbox, end string) acctest.Values {
			id := fmt.Sprintf("order-%d", len(s.Workflows("sandbox", "")))
			closes := map[string]map[string]string{well: {"release": "COMPLETED"}, badly: {"release": "FAILED"}}[end]
			s.StartWorkflow(sandbox.Workflow{WorkflowID: id, Closes: closes, CloseSeconds: 40, Reason: "the disk is full"})
			return acctest.Values{"domain": "sandbox", "workflow_id": id, "signal_name": "release"}
		},
		unready: func(_ *testing.T, s *sandbox.Sandbox) acctest.Values {
			run := s.StartWorkflow(sandbox.Workflow{WorkflowID: "order-later", StartSeconds: 40})
			return acctest.Values{"domain": "sandbox", "workflow_id": "order-later", "run_id": run, "signal_name": "release"}
		},
		words:  struct{ running, succeeded, failed string }{"OPEN", "COMPLETED", "FAILED"},
		reason: "the disk is full",
		adopts: true,
	},
}, {
	resource:   "signal_workflow_step_state",
	operation:  "SendWorkflowStepState",
	permission: "transfer:SendWorkflowStepState",
	ready: func(_ *testing.T, s *sandbox.Sandbox) acctest.Values {
		// The second step keeps the execution there, so that a second callback would not be refused but show.
		e := s.StartFileWorkflow(sandbox.FileWorkflow{Steps: []sandbox.FileStep{{}, {}}, UsedToken: sandbox.TokenAccepted})
		return acctest.Values{"workflow_id": e.WorkflowID, "execution_id": e.ExecutionID, "status": "SUCCESS", "token": e.Token}
	},
	resends: acctest.Values{
		"workflow_id":      "w-anotheranotherano",
		"execution_id":     "11111111-1111-1111-1111-111111111111",
		"status":           "FAILURE",
		"token":            "another",
		"token_wo_version": 2,
		"region":           "eu-central-1",
	},
	unseen:  acctest.Values{"token_wo": "another"},
	missing: acctest.Values{"execution_id": "22222222-2222-2222-2222-222222222222"},
	at:      "execution_id",
	gate: &gate{
		read:       "DescribeExecution",
		permission: "transfer:DescribeExecution",
		running: func(_ *testing.T, s *sandbox.Sandbox, end string) acctest.Values {
			last := map[string]sandbox.FileStep{well: {Type: "COPY", Seconds: 40}, badly: {TimeoutSeconds: 40}, never: {}}[end]
			e := s.StartFileWorkflow(sandbox.FileWorkflow{Steps: []sandbox.FileStep{{}, last}, OnExceptionSteps: []sandbox.FileStep{{}}})
			return acctest.Values{"workflow_id": e.WorkflowID, "execution_id": e.ExecutionID, "status": "SUCCESS", "token": e.Token}
		},
		unready: func(_ *testing.T, s *sandbox.Sandbox) acctest.Values {
			e := s.StartFileWorkflow(sandbox.FileWorkflow{Steps: []sandbox.FileStep{{}}, StartSeconds: 40})
			return acctest.Values{"workflow_id": e.WorkflowID, "execution_id": e.ExecutionID, "status": "SUCCESS", "token": e.Token}
		},
		// That it has ended is all that can be seen of one that succeeded.
		words:  struct{ running, succeeded, failed string }{"IN_PROGRESS", "ENDED", "HANDLING_EXCEPTION"},
		reason: "timed out while it was waiting",
	},
}, {
	resource:   "signal_stack_resource",
	operation:  "SignalResource",
	permission: "ros:SignalResource",
	ready: func(_ *testing.T, s *sandbox.Sandbox) acctest.Values {
		// It waits for more signals than come, so that a second one would not be refused but show.
		id := s.StartStack(sandbox.Stack{Conditions: []sandbox.WaitCondition{{Name: "Deployed", Count: 10}}})
		return acctest.Values{"stack_id": id, "logical_resource_id": "Deployed", "status": "SUCCESS"}
	},
	resends: acctest.Values{
		"stack_id":            "another",
		"logical_resource_id": "another",
		"status":              "FAILURE",
		"unique_id":           "another",
		"client_token":        "another",
		"region":              "eu-central-1",
	},
	missing: acctest.Values{"stack_id": "nothing"},
	at:      "stack_id",
	action:  true,
	gate: &gate{
		read:       "GetStack",
		permission: "ros:GetStack",
		running: func(_ *testing.T, s *sandbox.Sandbox, end string) acctest.Values {
			last := map[string]sandbox.Sleep{
				well:  {Name: "Application", Seconds: 40},
				badly: {Name: "Application", Seconds: 40, Fail: "the disk is full"},
				never: {Name: "Application", Hold: true},
			}[end]
			last.DependsOn = []string{"Deployed"}
			id := s.StartStack(sandbox.Stack{Conditions: []sandbox.WaitCondition{{Name: "Deployed"}}, Sleeps: []sandbox.Sleep{last}})
			return acctest.Values{"stack_id": id, "logical_resource_id": "Deployed", "status": "SUCCESS"}
		},
		unready: func(_ *testing.T, s *sandbox.Sandbox) acctest.Values {
			id := s.StartStack(sandbox.Stack{
				Conditions: []sandbox.WaitCondition{{Name: "Deployed", DependsOn: []string{"Network"}}},
				Sleeps:     []sandbox.Sleep{{Name: "Network", Seconds: 40}},
			})
			return acctest.Values{"stack_id": id, "logical_resource_id": "Deployed", "status": "SUCCESS"}
		},
		words:  struct{ running, succeeded, failed string }{"CREATE_IN_PROGRESS", "CREATE_COMPLETE", "CREATE_FAILED"},
		reason: "the disk is full",
	},
}, {
	name:       "signal_http_trigger by url",
	resource:   "signal_http_trigger",
	operation:  "TriggerJob",
	permission: "access token",
	ready: func(_ *testing.T, s *sandbox.Sandbox) acctest.Values {
		job := s.AddTriggerJob(sandbox.TriggerJob{})
		return acctest.Values{"url": s.TriggerURL(job), "access_token": job.AccessToken}
	},
	recorded: acctest.Values{
		"url": "https://manager.cloudautomator.com/trigger/another", "access_token": "another", "access_token_wo_version": 2,
	},
	unseen:      acctest.Values{"access_token_wo": "another"},
	missing:     acctest.Values{"access_token": "another"},
	at:          "url",
	ambiguous:   true,
	noRequestID: true,
}, {
	name:       "signal_http_trigger by job_id",
	resource:   "signal_http_trigger",
	operation:  "TriggerJob",
	permission: "access token",
	ready: func(_ *testing.T, s *sandbox.Sandbox) acctest.Values {
		return acctest.Values{"job_id": s.AddTriggerJob(sandbox.TriggerJob{}).ID}
	},
	recorded:    acctest.Values{"job_id": "another"},
	missing:     acctest.Values{"job_id": "4711"},
	at:          "job_id",
	action:      true,
	noRequestID: true,
	looksUp:     true,
}}

// eachSystem runs a test against every system, with a sandbox and a provider of its own.
func eachSystem(t *testing.T, test func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider)) {
	t.Helper()
	for _, y := range systems {
		t.Run(cmp.Or(y.name, y.resource), func(t *testing.T) {
			t.Parallel()
			s := acctest.Sandbox(t, sandbox.Options{})
			test(t, y, s, acctest.StartProvider(t, acctest.Block(s.URL())))
		})
	}
}

// operationOf is the operation that a request is for, as the request log names it,
// where it is none of the job API.
func operationOf(r *http.Request) string {
	if _, operation, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		return operation
	}
	if action := r.Header.Get("X-Acs-Action"); action != "" {
		return action
	}
	return "TriggerJob"
}
