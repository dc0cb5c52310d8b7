package sandbox

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func (c *client) oos(action string, parameters ...string) acsAnswer {
	c.t.Helper()
	return c.acs("2019-06-01", action, nil, values(parameters...))
}

// told returns one member of the first entry of a list.
func (a acsAnswer) told(list, member string) any {
	entries, _ := a.body[list].([]any)
	if len(entries) == 0 {
		return nil
	}
	return entries[0].(map[string]any)[member]
}

func approveTask(name string) OOSTask { return OOSTask{Name: name, Action: approveAction} }

func TestOOSConstraints(t *testing.T) {
	s, c, _ := start(t, Options{})
	id := s.StartOOSExecution(OOSExecution{Tasks: []OOSTask{approveTask("gate")}})
	for _, test := range []struct {
		action string
		code   string
		with   []string
	}{
		{"NotifyExecution", "MissingExecutionId", []string{"NotifyType", "Approve"}},
		{"NotifyExecution", "MissingNotifyType", []string{"ExecutionId", id}},
		{"NotifyExecution", "InvalidParameter.NotifyType", []string{"ExecutionId", id, "NotifyType", "Deny"}},
		{"NotifyExecution", "InvalidParameter.Parameters", []string{"ExecutionId", id, "NotifyType", "Approve", "Parameters", "{}"}},
		{"NotifyExecution", "InvalidParameter.Parameters", []string{"ExecutionId", id, "NotifyType", "ExecuteTask", "Parameters", "[]"}},
		{"NotifyExecution", "InvalidParameter.ExecutionStatus", []string{"ExecutionId", id, "NotifyType", "Approve", "ExecutionStatus", "Success"}},
		{"NotifyExecution", "InvalidParameter.TaskExecutionIds", []string{"ExecutionId", id, "NotifyType", "Approve", "TaskExecutionIds", "one"}},
		{"NotifyExecution", "EntityNotExists.Execution", []string{"ExecutionId", "exec-none", "NotifyType", "Approve"}},
		{"NotifyExecution", "InvalidExecutionStatus", []string{"ExecutionId", id, "NotifyType", "CancelTask"}},
		{"ListExecutions", "InvalidParameter.MaxResults", []string{"MaxResults", "9"}},
		{"ListExecutions", "InvalidParameter.Status", []string{"Status", "Open"}},
		{"ListExecutions", "InvalidParameter.StartDateAfter", []string{"StartDateAfter", "yesterday"}},
		{"ListTaskExecutions", "InvalidParameter.MaxResults", []string{"MaxResults", "10"}},
		{"StartExecution", "InvalidAction.NotFound", nil},
	} {
		c.oos(test.action, test.with...).want(t, map[bool]int{true: 404, false: 400}[strings.HasSuffix(test.code, "Execution") && strings.HasPrefix(test.code, "Entity") || test.code == "InvalidAction.NotFound"], test.code)
	}
	if state, _ := s.OOSExecution(id); len(state.Signals) > 0 || s.Accepted("NotifyExecution") > 0 {
		t.Errorf("a refused signal changed %+v", state)
	}
}

func TestOOSMoves(t *testing.T) {
	gate, deploy := approveTask("gate"), OOSTask{Name: "deploy", Seconds: 10}
	failing := OOSTask{Name: "deploy", Fail: "the disk is full"}
	for name, test := range map[string]struct {
		of      OOSExecution
		signals [][]string
		status  string
		tasks   []string
		// refused checks that the last signal is refused.
		refused bool
	}{
		"waits":                     {of: OOSExecution{Tasks: []OOSTask{gate, deploy}}, status: oosWaiting, tasks: []string{oosWaiting}},
		"approved":                  {of: OOSExecution{Tasks: []OOSTask{gate, deploy}}, signals: [][]string{{"Approve"}}, status: oosRunning, tasks: []string{oosSuccess, oosRunning}},
		"rejected":                  {of: OOSExecution{Tasks: []OOSTask{gate, deploy}}, signals: [][]string{{"Reject"}}, status: oosCancelled, tasks: []string{oosCancelled}},
		"rejected, and failed":      {of: OOSExecution{Tasks: []OOSTask{gate}, RejectedTask: oosFailed}, signals: [][]string{{"Reject"}}, status: oosCancelled, tasks: []string{oosFailed}},
		"approved twice":            {of: OOSExecution{Tasks: []OOSTask{gate, deploy}}, signals: [][]string{{"Approve"}, {"Approve"}}, status: oosRunning, tasks: []string{oosSuccess, oosRunning}, refused: true},
		"approved twice, and taken": {of: OOSExecution{Tasks: []OOSTask{gate, deploy}, AcceptRepeats: true}, signals: [][]string{{"Approve"}, {"Approve"}}, status: oosRunning, tasks: []string{oosSuccess, oosRunning}},
		"one of two":                {of: OOSExecution{Tasks: []OOSTask{{Name: "gate", Action: approveAction, MinRequiredApprovals: 2}}}, signals: [][]string{{"Approve"}}, status: oosWaiting, tasks: []string{oosWaiting}},
		"two of two":                {of: OOSExecution{Tasks: []OOSTask{{Name: "gate", Action: approveAction, MinRequiredApprovals: 2}}}, signals: [][]string{{"Approve"}, {"Approve"}}, status: oosSuccess, tasks: []string{oosSuccess}},
		"high risk":                 {of: OOSExecution{Tasks: []OOSTask{{Name: "drop", HighRisk: true, Hold: true}}}, signals: [][]string{{"Approve"}}, status: oosRunning, tasks: []string{oosRunning}},
		"a loop, one item":          {of: OOSExecution{Tasks: []OOSTask{{Name: "gate", Action: approveAction, Loop: []string{"a", "b"}}}}, signals: [][]string{{"Approve", "LoopItem", "b"}}, status: oosWaiting, tasks: []string{oosRunning, oosWaiting, oosSuccess}},
		"a loop, all items":         {of: OOSExecution{Tasks: []OOSTask{{Name: "gate", Action: approveAction, Loop: []string{"a", "b"}}}, DecidesAll: true}, signals: [][]string{{"Approve"}}, status: oosSuccess, tasks: []string{oosSuccess, oosSuccess, oosSuccess}},
		"another task's name":       {of: OOSExecution{Tasks: []OOSTask{gate}}, signals: [][]string{{"Approve", "TaskName", "other"}}, status: oosWaiting, tasks: []string{oosWaiting}, refused: true},
		"debug waits":               {of: OOSExecution{Mode: debugMode, Tasks: []OOSTask{deploy}}, status: oosWaiting},
		"debug executes":            {of: OOSExecution{Mode: debugMode, Tasks: []OOSTask{deploy}}, signals: [][]string{{"ExecuteTask", "TaskName", "deploy", "Parameters", "{}"}}, status: oosRunning, tasks: []string{oosRunning}},
		"debug cancels":             {of: OOSExecution{Mode: debugMode, Tasks: []OOSTask{deploy}}, signals: [][]string{{"ExecuteTask", "TaskName", "deploy"}, {"CancelTask"}}, status: oosWaiting, tasks: []string{oosCancelled}},
		"debug completes":           {of: OOSExecution{Mode: debugMode, Tasks: []OOSTask{deploy}}, signals: [][]string{{"CompleteExecution", "ExecutionStatus", oosFailed}}, status: oosFailed},
		"failed":                    {of: OOSExecution{Tasks: []OOSTask{failing}}, status: oosFailed, tasks: []string{oosFailed}},
		"failed, and waits":         {of: OOSExecution{Tasks: []OOSTask{failing}, PauseOnFailure: true}, status: oosWaiting, tasks: []string{oosFailed}},
		"skipped":                   {of: OOSExecution{Tasks: []OOSTask{failing}, PauseOnFailure: true}, signals: [][]string{{"SkipTask"}}, status: oosSuccess, tasks: []string{oosSkipped}},
		"retried":                   {of: OOSExecution{Tasks: []OOSTask{failing}, PauseOnFailure: true}, signals: [][]string{{"RetryTask"}}, status: oosSuccess, tasks: []string{oosFailed, oosSuccess}},
		"retried in place":          {of: OOSExecution{Tasks: []OOSTask{failing}, PauseOnFailure: true, RetryInPlace: true}, signals: [][]string{{"RetryTask"}}, status: oosSuccess, tasks: []string{oosSuccess}},
	} {
		t.Run(name, func(t *testing.T) {
			s, c, _ := start(t, Options{})
			id := s.StartOOSExecution(test.of)
			c.oos("ListExecutions").want(t, 200, "")
			for i, signal := range test.signals {
				answer := c.oos("NotifyExecution", append([]string{"ExecutionId", id, "NotifyType", signal[0]}, signal[1:]...)...)
				if test.refused && i == len(test.signals)-1 {
					answer.want(t, 400, "InvalidExecutionStatus")
				} else {
					answer.want(t, 200, "")
				}
			}
			state, _ := s.OOSExecution(id)
			var tasks []string
			for _, task := range state.Tasks {
				tasks = append(tasks, task.Status)
			}
			if state.Status != test.status || !slices.Equal(tasks, test.tasks) {
				t.Errorf("the execution is %s with tasks %v, want %s with %v", state.Status, tasks, test.status, test.tasks)
			}
		})
	}
}

func TestOOSReads(t *testing.T) {
	s, c, clk := start(t, Options{ReadLag: 10 * time.Second})
	of := OOSExecution{TemplateName: "release", Tasks: []OOSTask{approveTask("gate"), {Name: "deploy", Seconds: 20}}, Outputs: `{"version":"1"}`}
	id := s.StartOOSExecution(of)
	of.TemplateName = "release-more"
	s.StartOOSExecution(of)
	if both, _ := c.oos("ListExecutions", "TemplateName", "release").body["Executions"].([]any); len(both) != 2 {
		t.Errorf("a name that two names contain lists %v", both)
	}
	if none, _ := c.oos("ListExecutions", "StartDateAfter", clk.now().Add(time.Minute).UTC().Format(oosTime)).body["Executions"].([]any); len(none) != 0 {
		t.Errorf("executions that begin later than now are listed: %v", none)
	}
	c.oos("NotifyExecution", "ExecutionId", id, "NotifyType", "Approve", "NotifyNote", "mine").want(t, 200, "")
	lagging := c.oos("ListTaskExecutions", "ExecutionId", id)
	if lagging.told("TaskExecutions", "Status") != oosWaiting {
		t.Errorf("a read that lags shows %s", lagging.raw)
	}
	clk.advance(10 * time.Second)
	caught := c.oos("ListTaskExecutions", "ExecutionId", id)
	note, _ := caught.told("TaskExecutions", "ExtraData").(map[string]any)
	if caught.told("TaskExecutions", "Status") != oosSuccess || note["NotifyNote"] != "mine" {
		t.Errorf("it shows %s", caught.raw)
	}
	clk.advance(30 * time.Second)
	ended := c.oos("ListExecutions", "ExecutionId", id)
	if ended.told("Executions", "Status") != oosSuccess || ended.told("Executions", "Outputs") != `{"version":"1"}` {
		t.Errorf("it shows %s", ended.raw)
	}
	missing := c.oos("ListExecutions", "ExecutionId", "exec-none")
	missing.want(t, 200, "")
	if list, _ := missing.body["Executions"].([]any); len(list) > 0 {
		t.Errorf("an execution that does not exist shows %s", missing.raw)
	}
	_, c, _ = start(t, Options{ReportMissingExecutions: true})
	c.oos("ListTaskExecutions", "ExecutionId", "exec-none").want(t, 404, "EntityNotExists.Execution")
}

func TestOOSPages(t *testing.T) {
	s, c, _ := start(t, Options{})
	for range 25 {
		s.StartOOSExecution(OOSExecution{Tasks: []OOSTask{approveTask("gate")}})
	}
	parameters, next, seen := []string{"MaxResults", "10"}, "", map[any]bool{}
	for range 3 {
		page := c.oos("ListExecutions", parameters...)
		page.want(t, 200, "")
		for _, entry := range page.body["Executions"].([]any) {
			seen[entry.(map[string]any)["ExecutionId"]] = true
		}
		next, _ = page.body["NextToken"].(string)
		parameters = []string{"MaxResults", "10", "NextToken", next}
	}
	if len(seen) != 25 || next != "" {
		t.Errorf("three pages show %d executions, and then %q", len(seen), next)
	}
}
