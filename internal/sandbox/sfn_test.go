package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

const fixedMachine = "arn:aws:states:us-east-1:123456789012:execution:sandbox:first"

// sfn makes a request like a client of Step Functions.
func (c *client) sfn(operation, body string) answer {
	c.t.Helper()
	c.service = "states"
	return c.do(c.request(context.Background(), map[string]string{
		"content-type": "application/x-amz-json-1.0", "x-amz-target": "AWSStepFunctions." + operation,
	}, body))
}

func (c *client) taskSuccess(token, output string) answer {
	c.t.Helper()
	return c.sfn("SendTaskSuccess", fmt.Sprintf(`{"taskToken":%q,"output":%q}`, token, output))
}

// machine returns the execution's status and the types of its events, newest first, or the
// error's code.
func (c *client) machine() string {
	c.t.Helper()
	a := c.sfn("DescribeExecution", fmt.Sprintf(`{"executionArn":%q}`, fixedMachine))
	if a.status != 200 {
		return a.code()
	}
	var described struct{ Status string }
	var history struct {
		Events []struct {
			Type string
			ID   int
		}
	}
	b := c.sfn("GetExecutionHistory", fmt.Sprintf(`{"executionArn":%q,"reverseOrder":true}`, fixedMachine))
	if json.Unmarshal([]byte(a.raw), &described) != nil || json.Unmarshal([]byte(b.raw), &history) != nil {
		c.t.Fatal(a.raw, b.raw)
	}
	line := described.Status
	for _, event := range history.Events {
		line += " " + event.Type
	}
	return line
}

func (c *client) wantMachine(want string) {
	c.t.Helper()
	if got := c.machine(); got != want {
		c.t.Fatalf("got %q, want %q", got, want)
	}
}

func machine(m MachineExecution) MachineExecution {
	m.ARN = fixedMachine
	if m.States == nil {
		m.States = []MachineState{{Token: "first"}, {Token: "second", Activity: true}}
	}
	return m
}

func TestTaskTokens(t *testing.T) {
	s, c, clk := start(t, Options{})
	if state := s.StartMachine(machine(MachineExecution{})); state.Token != "first" || state.Status != "RUNNING" {
		t.Errorf("state %+v", state)
	}
	c.wantMachine("RUNNING TaskStarted TaskScheduled ExecutionStarted")
	c.sfn("SendTaskHeartbeat", `{"taskToken":"first"}`).want(t, 200, "")
	c.taskSuccess("second", "{}").want(t, 400, "TaskDoesNotExist")
	c.taskSuccess(taskTokenForm+"other", "{}").want(t, 400, "TaskDoesNotExist")
	c.taskSuccess("nonsense", "{}").want(t, 400, "InvalidToken")
	c.taskSuccess("first", "{").want(t, 400, "InvalidOutput")
	clk.advance(time.Second)
	a := c.taskSuccess("first", `{"a":1}`)
	if a.want(t, 200, ""); a.raw != "{}" || a.header.Get("X-Amzn-Requestid") == "" {
		t.Errorf("answered %q", a.raw)
	}
	for _, operation := range []string{"SendTaskSuccess", "SendTaskFailure", "SendTaskHeartbeat"} {
		c.sfn(operation, `{"taskToken":"first","output":"{}"}`).want(t, 400, "TaskTimedOut")
	}
	c.wantMachine("RUNNING ActivityStarted ActivityScheduled TaskSucceeded TaskStarted TaskScheduled ExecutionStarted")
	c.sfn("SendTaskFailure", `{"taskToken":"second","error":"E","cause":"because"}`).want(t, 200, "")
	c.wantMachine("FAILED ExecutionFailed ActivityFailed ActivityStarted ActivityScheduled TaskSucceeded TaskStarted TaskScheduled ExecutionStarted")
	state, _ := s.Machine(fixedMachine)
	if state.Token != "" || len(state.Answers) != 3 || state.Answers[1].Output != `{"a":1}` || s.Accepted("SendTaskSuccess") != 1 {
		t.Errorf("state %+v", state)
	}
}

func TestMachineTime(t *testing.T) {
	s, c, clk := start(t, Options{ReadLag: 2 * time.Second})
	s.StartMachine(machine(MachineExecution{StartSeconds: 5, States: []MachineState{{Seconds: 10}, {Token: "first", TimeoutSeconds: 30}}}))
	c.wantMachine("ExecutionDoesNotExist")
	c.taskSuccess("first", "{}").want(t, 400, "InvalidToken")
	clk.advance(7 * time.Second)
	c.wantMachine("RUNNING TaskStarted TaskScheduled ExecutionStarted")
	clk.advance(9 * time.Second)
	c.sfn("SendTaskHeartbeat", `{"taskToken":"first"}`).want(t, 200, "")
	c.wantMachine("RUNNING TaskStarted TaskScheduled ExecutionStarted")
	clk.advance(29 * time.Second)
	c.taskSuccess("first", "{}").want(t, 400, "TaskTimedOut")
	clk.advance(2 * time.Second)
	if got := c.machine(); !strings.HasPrefix(got, "FAILED ExecutionFailed TaskTimedOut TaskStarted TaskScheduled TaskSucceeded") {
		t.Error(got)
	}
}

func TestMachineReads(t *testing.T) {
	s, c, _ := start(t, Options{})
	s.StartMachine(machine(MachineExecution{States: []MachineState{{Token: "first"}}, HideFailures: true, AcceptRepeats: true}))
	c.taskSuccess("first", `"canary"`).want(t, 200, "")
	c.taskSuccess("first", `"another"`).want(t, 200, "")
	for body, has := range map[string]bool{`"includeExecutionData":false`: false, `"includeExecutionData":true`: true, `"maxResults":0`: true} {
		if a := c.sfn("GetExecutionHistory", fmt.Sprintf(`{"executionArn":%q,%s}`, fixedMachine, body)); strings.Contains(a.raw, "canary") != has {
			t.Errorf("%s: %s", body, a.raw)
		}
	}
	var ids []int
	next := ""
	for range 5 {
		var page struct {
			Events    []struct{ ID int }
			NextToken *string
		}
		a := c.sfn("GetExecutionHistory", fmt.Sprintf(`{"executionArn":%q,"maxResults":2%s}`, fixedMachine, next))
		if err := json.Unmarshal([]byte(a.raw), &page); err != nil {
			t.Fatal(a.raw)
		}
		for _, event := range page.Events {
			ids = append(ids, event.ID)
		}
		if page.NextToken == nil {
			break
		}
		next = fmt.Sprintf(`,"nextToken":%q`, *page.NextToken)
	}
	if fmt.Sprint(ids) != "[1 2 3 4 5]" {
		t.Errorf("events %v", ids)
	}
	c.sfn("GetExecutionHistory", fmt.Sprintf(`{"executionArn":%q,"nextToken":"x"}`, fixedMachine)).want(t, 400, "InvalidToken")
	c.sfn("DescribeExecution", `{"executionArn":"first"}`).want(t, 400, "InvalidArn")
	if a := c.sfn("DescribeExecution", fmt.Sprintf(`{"executionArn":%q,"includedData":"METADATA_ONLY"}`, fixedMachine)); strings.Contains(a.raw, "output") {
		t.Error(a.raw)
	}
}

func TestEncryptedMachines(t *testing.T) {
	s, c, _ := start(t, Options{})
	s.StartMachine(machine(MachineExecution{Encrypted: true}))
	c.taskSuccess("first", "{}").want(t, 400, "KmsAccessDeniedException")
	c.sfn("SendTaskFailure", `{"taskToken":"first","error":"E"}`).want(t, 400, "KmsAccessDeniedException")
	c.sfn("SendTaskFailure", `{"taskToken":"first"}`).want(t, 200, "")
}

func TestSFNConstraints(t *testing.T) {
	s, c, _ := start(t, Options{})
	long := strings.Repeat("t", 2048)
	s.StartMachine(machine(MachineExecution{States: []MachineState{{Token: long}}}))
	for body, at := range map[string]string{
		`{"output":"{}"}`:                                          "taskToken",
		`{"taskToken":"","output":"{}"}`:                           "taskToken",
		`{"taskToken":"` + long + `t","output":"{}"}`:              "taskToken",
		`{"taskToken":"t"}`:                                        "output",
		`{"taskToken":"t","output":"` + bytesOfJSON(262145) + `"}`: "output",
	} {
		a := c.sfn("SendTaskSuccess", body)
		if a.want(t, 400, "ValidationException"); !strings.Contains(a.raw, "at '"+at+"' failed") {
			t.Errorf("%.100s: %s", body, a.raw)
		}
	}
	for name, n := range map[string]int{"error": 256, "cause": 32768} {
		c.sfn("SendTaskFailure", fmt.Sprintf(`{"taskToken":"t",%q:%q}`, name, strings.Repeat("é", n+1))).want(t, 400, "ValidationException")
		c.sfn("SendTaskFailure", fmt.Sprintf(`{"taskToken":"t",%q:%q}`, name, strings.Repeat("é", n))).want(t, 400, "InvalidToken")
	}
	c.sfn("SendTaskSuccess", `{`).want(t, 400, "SerializationException")
	c.sfn("DescribeExecution", `{}`).want(t, 400, "ValidationException")
	c.sfn("GetExecutionHistory", fmt.Sprintf(`{"executionArn":%q,"maxResults":1001}`, fixedMachine)).want(t, 400, "ValidationException")
	c.sfn("StartExecution", `{}`).want(t, 400, "UnknownOperationException")
	c.sfn("SendTaskSuccess", `{"taskToken":"`+long+`","output":"`+bytesOfJSON(262144)+`"}`).want(t, 200, "")
}

// bytesOfJSON returns a JSON string with this number of bytes and fewer characters, as a
// member of another one.
func bytesOfJSON(n int) string {
	return `\"` + strings.Repeat("é", (n-2)/2) + strings.Repeat("x", n%2) + `\"`
}

func TestSFNFaults(t *testing.T) {
	s, c, _ := start(t, Options{})
	s.StartMachine(machine(MachineExecution{}))
	for kind, want := range map[Kind]struct {
		status int
		code   string
	}{
		KindRefuse: {400, "AccessDeniedException"}, KindThrottle: {400, "ThrottlingException"}, KindErrorBefore: {500, "InternalServerError"},
	} {
		s.Inject(Fault{Operation: "states:SendTaskSuccess", Kind: kind, Times: 1})
		a := c.taskSuccess("first", "{}")
		if a.want(t, want.status, want.code); kind == KindRefuse && !strings.Contains(a.raw, "states:SendTaskSuccess on resource: *") {
			t.Errorf("denied with %s", a.raw)
		}
	}
	c.taskSuccess("first", "{}").want(t, 200, "")
}

func TestSFNAdmin(t *testing.T) {
	s, c, _ := start(t, Options{})
	var state, again MachineExecutionState
	if status := c.admin("POST", "sfn/executions", `{"States":[{"Seconds":0}]}`, &state); status != 200 || state.Token == "" || !strings.HasPrefix(state.ARN, "arn:aws:states:") {
		t.Fatalf("%d %+v", status, state)
	}
	c.taskSuccess(state.Token, "{}").want(t, 200, "")
	if c.admin("GET", "sfn/executions/"+state.ARN, "", &again); again.Status != "SUCCEEDED" || len(again.Answers) != 1 {
		t.Errorf("state %+v", again)
	}
	var all []MachineExecutionState
	if c.admin("GET", "sfn/executions", "", &all); len(all) != 1 {
		t.Errorf("executions %+v", all)
	}
	for name, body := range map[string]string{
		"no states": `{}`, "same token": `{"States":[{"Token":"a"},{"Token":"a"}]}`, "typo": `{"Statess":[{}]}`,
		"long ARN": `{"ARN":"` + strings.Repeat("a", 257) + `","States":[{}]}`,
	} {
		if got := c.admin("POST", "sfn/executions", body, nil); got != 400 {
			t.Errorf("%s: status %d", name, got)
		}
	}
	if got := c.admin("GET", "sfn/executions/none", "", nil); got != 404 {
		t.Errorf("status %d", got)
	}
	s.Reset()
	if _, ok := s.Machine(state.ARN); ok {
		t.Error("the reset left something")
	}
}
