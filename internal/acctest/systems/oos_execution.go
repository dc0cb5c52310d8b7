package systems

import (
	"fmt"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

var (
	oosGate   = sandbox.OOSTask{Name: "approve", Action: "ACS::Approve"}
	oosDeploy = sandbox.OOSTask{Name: "deploy", Action: "ACS::ExecuteCommand"}
	oosHold   = sandbox.OOSTask{Name: "deploy", Action: "ACS::ExecuteCommand", Hold: true}
	// oosGates are tasks that wait at the same time, so the target takes a second signal.
	// OOS shows times in whole seconds, so a task certainly waited at the send only if it
	// began to wait some time before.
	oosGates = sandbox.OOSTask{Name: "approve", Action: "ACS::Approve", Loop: []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}}
)

// StartOOSExecution starts an execution with these tasks under a fixed id and of a
// template with a fixed name.
func StartOOSExecution(s *sandbox.Sandbox, n int, tasks ...sandbox.OOSTask) {
	s.StartOOSExecution(sandbox.OOSExecution{ID: "exec-" + ID(n), TemplateName: fmt.Sprintf("release-%d", n), Tasks: tasks})
}

// oosTarget starts an execution. Its id and its template's name contain a common text.
func oosTarget(s *sandbox.Sandbox, e sandbox.OOSExecution) (Values, string) {
	mark := fmt.Sprintf("release-%d-end", len(s.OOSExecutions()))
	e.ID, e.TemplateName = "exec-"+mark, "exec-"+mark
	return Values{"execution_id": s.StartOOSExecution(e), "notify_type": "Approve"}, mark
}

// oosWaiting starts an execution that has waited for some time, and oosLater one that
// begins to wait later.
func oosWaiting(s *sandbox.Sandbox, tasks ...sandbox.OOSTask) Values {
	values, _ := oosTarget(s, sandbox.OOSExecution{SecondsAgo: 60, Tasks: tasks})
	return values
}

func oosLater(s *sandbox.Sandbox, tasks ...sandbox.OOSTask) Values {
	values, _ := oosTarget(s, sandbox.OOSExecution{Tasks: tasks})
	return values
}

func oosInterrupted(s *sandbox.Sandbox, at Moment) (Values, string) {
	e := sandbox.OOSExecution{SecondsAgo: 60, Tasks: []sandbox.OOSTask{oosGate, oosHold}, AcceptRepeats: true}
	switch settle := (sandbox.OOSTask{Name: "settle", Seconds: Later}); at {
	case UntilReady:
		e.SecondsAgo, e.Tasks = 0, []sandbox.OOSTask{settle, oosGate, oosHold}
	case Waiting:
		e.Tasks = []sandbox.OOSTask{oosGate, settle}
	}
	return oosTarget(s, e)
}

var oosGateOf = Gate{
	Read:       "ListExecutions",
	Permission: "oos:ListExecutions",
	Running: func(s *sandbox.Sandbox, end string) Values {
		last := map[string]sandbox.OOSTask{
			Well: oosDeploy, Badly: {Name: "deploy", Action: "ACS::ExecuteCommand", Fail: "the disk is full"}, Never: oosHold,
		}[end]
		return oosWaiting(s, oosGate, sandbox.OOSTask{Name: "settle", Seconds: seconds}, last)
	},
	NotReady: "No task of it waits for Approve.",
	Unready: func(s *sandbox.Sandbox) Values {
		return oosLater(s, sandbox.OOSTask{Name: "prepare", Seconds: seconds}, oosGate)
	},
	Absent:    []Absent{{When: "the execution does not exist", Arguments: Values{"execution_id": "exec-nothing"}}},
	IsRunning: "Running", Succeeded: "Success", Failed: "Failed",
	Reason: "the disk is full",
	Adopts: true,
}

func hasRequestID(members map[string]any, _ string) bool {
	id, _ := members["RequestId"].(string)
	return id != ""
}

var oosExecution = []System{{
	Type:       "signal_oos_execution",
	Package:    "oos",
	Block:      "alicloud",
	Endpoint:   "oos",
	Operation:  "NotifyExecution",
	Permission: "oos:NotifyExecution",
	HasAction:  true,
	Ready:      func(s *sandbox.Sandbox) Values { return oosWaiting(s, oosGates) },
	Resends: Values{
		"execution_id": "exec-another",
		"notify_type":  "Reject",
		"notify_note":  "another",
		"task_name":    "approve",
		"loop_item":    "b",
		"region":       "eu-central-1",
	},
	Together:    Values{"task_execution_id": "another", "parameters": "{}", "execution_status": "Success", "template_name": "another", "started_after": "2020-01-31T12:00:00Z"},
	Naming:      &Naming{Name: "template_name", ID: "execution_id", Filter: "started_after"},
	Missing:     Values{"execution_id": "exec-nothing"},
	MissingAt:   "execution_id",
	RetryAfter:  true,
	IsSuccess:   hasRequestID,
	Gate:        &oosGateOf,
	Lost:        ReadBack,
	ShownBy:     "ListTaskExecutions",
	ProvedBy:    "ListExecutions",
	Interrupted: oosInterrupted,
	Guards:      []Guarded{{Guard: ShowsSignals}, adopting},
	Demo: Demo{
		Title: "approve an Alibaba Cloud OOS execution that waits for it",
		Start: func(s *sandbox.Sandbox) { StartOOSExecution(s, 5, oosGate, oosDeploy) },
		State: func(s *sandbox.Sandbox) string {
			execution, _ := s.OOSExecution("exec-" + ID(5))
			text := "execution " + execution.Status
			for _, task := range execution.Tasks {
				text += fmt.Sprintf(", task %q %s", task.TaskName, task.Status)
			}
			return text + fmt.Sprintf(", signals received: %d", len(execution.Signals))
		},
		Before: `execution Waiting, task "approve" Waiting, signals received: 0`,
		After:  `execution Success, task "approve" Success, task "deploy" Success, signals received: 1`,
	},
	Examples: []Scenario{{
		Example:   "resources/signal_oos_execution",
		Variables: []Variable{{"execution_id", "exec-" + ID(26)}, {"last_execution_id", "exec-" + ID(27)}, {"template_name", "release-29"}, {"release", "1.2.3"}},
		Start: func(s *sandbox.Sandbox) {
			StartOOSExecution(s, 26, oosGate, oosDeploy)
			StartOOSExecution(s, 27, oosGate, oosDeploy)
			StartOOSExecution(s, 29, oosGate, oosDeploy)
		},
	}, {
		Example:   "resources/signal_oos_execution_wait",
		Variables: []Variable{{"execution_id", "exec-" + ID(28)}},
		Start: func(s *sandbox.Sandbox) {
			s.StartOOSExecution(sandbox.OOSExecution{
				ID: "exec-" + ID(28), TemplateName: "release-28", Outputs: `{"version":"1.2.3"}`,
				Tasks: []sandbox.OOSTask{{Name: "build", Action: "ACS::Approve"}, {Name: "release", Action: "ACS::Approve"}, oosDeploy},
			})
		},
	}},
	Docs: Docs{
		Service:  "OOS",
		API:      alicloudAPI("oos", "2019-06-01"),
		Sends:    "a signal that approves or rejects an execution of an Alibaba Cloud OOS template, or executes, cancels, retries or skips a task of it",
		Lost:     "reads the execution's tasks. If they show the note and the effect of the signal at the time of the send, it is confirmed. If a task still waits for the signal, it is sent again. Anything else is unknown",
		Repeats:  "only the task's state. The `notify_note` tells one signal from another",
		LateNote: "if the service shows the task as waiting for longer than that, the task gets the signal twice",
		Answers: []Answer{
			{"EntityNotExists.Execution", "execution_id", "the execution's id, region and account"},
			{"NoPermission", "", "the permission `oos:NotifyExecution`"},
		},
	},
}}
