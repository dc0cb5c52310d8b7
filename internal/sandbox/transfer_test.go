package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

const (
	fixedWorkflow = "w-0123456789abcdef0"
	fixedFile     = "01234567-89ab-CDEF-0123-456789abcdef"
)

// transfer makes a request like a client of Transfer Family.
func (c *client) transfer(operation, body string) answer {
	c.t.Helper()
	c.service = "transfer"
	return c.do(c.request(context.Background(), map[string]string{
		"content-type": "application/x-amz-json-1.1", "x-amz-target": "TransferService." + operation,
	}, body))
}

func (c *client) callback(token, status string) answer {
	c.t.Helper()
	return c.transfer("SendWorkflowStepState", fmt.Sprintf(`{"WorkflowId":%q,"ExecutionId":%q,"Token":%q,"Status":%q}`, fixedWorkflow, fixedFile, token, status))
}

// describe returns "STATUS step step / step", with "!" for failed steps, or the error's
// code.
func (c *client) describe() string {
	c.t.Helper()
	a := c.transfer("DescribeExecution", fmt.Sprintf(`{"WorkflowId":%q,"ExecutionId":%q}`, fixedWorkflow, fixedFile))
	if a.status != 200 {
		return a.code()
	}
	var out struct {
		WorkflowID string `json:"WorkflowId"`
		Execution  struct {
			ExecutionID string `json:"ExecutionId"`
			Status      string
			Results     FileResults
		}
	}
	if err := json.Unmarshal([]byte(a.raw), &out); err != nil || out.WorkflowID != fixedWorkflow || out.Execution.ExecutionID != fixedFile {
		c.t.Fatalf("%v: %s", err, a.raw)
	}
	line := out.Execution.Status
	add := func(steps []FileStepResult) {
		for _, step := range steps {
			line += " " + step.StepType
			if step.Error != nil {
				line += "!" + step.Error.Type
			}
		}
	}
	add(out.Execution.Results.Steps)
	if line += " /"; out.Execution.Results.OnExceptionSteps != nil {
		add(out.Execution.Results.OnExceptionSteps)
	}
	return strings.TrimSuffix(line, " /")
}

func (c *client) wantFile(want string) {
	c.t.Helper()
	if got := c.describe(); got != want {
		c.t.Fatalf("got %q, want %q", got, want)
	}
}

func file(w FileWorkflow) FileWorkflow {
	w.WorkflowID, w.ExecutionID = fixedWorkflow, fixedFile
	if w.Steps == nil {
		w.Steps = []FileStep{{Type: "COPY"}, {Token: "first"}, {Type: "TAG"}, {Token: "second"}, {Type: "DELETE"}}
	}
	return w
}

func TestCallbacks(t *testing.T) {
	s, c, _ := start(t, Options{})
	if state := s.StartFileWorkflow(file(FileWorkflow{})); state.Token != "first" {
		t.Errorf("state %+v", state)
	}
	c.wantFile("IN_PROGRESS COPY")
	c.callback("second", "SUCCESS").want(t, 400, "InvalidRequestException")
	a := c.callback("first", "SUCCESS")
	a.want(t, 200, "")
	if a.raw != "{}" || a.header.Get("X-Amzn-Requestid") == "" {
		t.Errorf("answered %q", a.raw)
	}
	c.wantFile("IN_PROGRESS COPY CUSTOM TAG")
	c.callback("first", "SUCCESS").want(t, 400, "InvalidRequestException")
	c.callback("second", "SUCCESS").want(t, 200, "")
	c.wantFile("ResourceNotFoundException")
	c.callback("second", "SUCCESS").want(t, 400, "ResourceNotFoundException")
	state, _ := s.FileWorkflow(fixedFile)
	if state.Status != "COMPLETED" || !state.Ended || state.Token != "" || len(state.Callbacks) != 2 || len(state.Results.Steps) != 5 || state.Callbacks[1].Token != "second" {
		t.Errorf("state %+v", state)
	}
	if s.Accepted("SendWorkflowStepState") != 2 || s.Accepted("DescribeExecution") != 0 {
		t.Errorf("request log %v", s.RequestLog())
	}
}

func TestFailedSteps(t *testing.T) {
	t.Run("without handling", func(t *testing.T) {
		s, c, _ := start(t, Options{})
		s.StartFileWorkflow(file(FileWorkflow{}))
		c.callback("first", "FAILURE").want(t, 200, "")
		c.wantFile("ResourceNotFoundException")
		if state, _ := s.FileWorkflow(fixedFile); state.Status != "EXCEPTION" {
			t.Errorf("state %+v", state)
		}
	})
	t.Run("with handling", func(t *testing.T) {
		s, c, _ := start(t, Options{})
		s.StartFileWorkflow(file(FileWorkflow{OnExceptionSteps: []FileStep{{Type: "COPY"}, {Token: "sorry"}}, LingerSeconds: 1}))
		c.callback("first", "FAILURE").want(t, 200, "")
		c.wantFile("HANDLING_EXCEPTION COPY CUSTOM!CUSTOM_STEP_FAILED / COPY")
		c.callback("sorry", "FAILURE").want(t, 200, "")
		c.wantFile("EXCEPTION COPY CUSTOM!CUSTOM_STEP_FAILED / COPY CUSTOM!CUSTOM_STEP_FAILED")
	})
	t.Run("in time", func(t *testing.T) {
		s, c, clk := start(t, Options{})
		s.StartFileWorkflow(file(FileWorkflow{Steps: []FileStep{{Token: "first", TimeoutSeconds: 60}}, OnExceptionSteps: []FileStep{{Token: "late", TimeoutSeconds: 60}}}))
		clk.advance(59 * time.Second)
		c.wantFile("IN_PROGRESS")
		clk.advance(time.Second)
		c.wantFile("HANDLING_EXCEPTION CUSTOM!TIMEOUT")
		c.callback("first", "SUCCESS").want(t, 400, "InvalidRequestException")
		clk.advance(time.Minute)
		c.wantFile("ResourceNotFoundException")
	})
}

func TestFilesTakeTheirTime(t *testing.T) {
	s, c, clk := start(t, Options{})
	s.StartFileWorkflow(file(FileWorkflow{StartSeconds: 40, Steps: []FileStep{{Token: "first"}, {Type: "COPY", Token: "copying", Seconds: 30}, {Type: "TAG"}}, LingerSeconds: 5}))
	clk.advance(39 * time.Second)
	c.wantFile("ResourceNotFoundException")
	c.callback("first", "SUCCESS").want(t, 400, "ResourceNotFoundException")
	clk.advance(time.Second)
	c.callback("first", "SUCCESS").want(t, 200, "")
	clk.advance(29 * time.Second)
	c.wantFile("IN_PROGRESS CUSTOM")
	c.callback("copying", "SUCCESS").want(t, 400, "InvalidRequestException")
	clk.advance(time.Second)
	c.wantFile("COMPLETED CUSTOM COPY TAG")
}

func TestWhatTransferLeavesOpen(t *testing.T) {
	const invalid, missing = "InvalidRequestException", "ResourceNotFoundException"
	for name, test := range map[string]struct {
		w             FileWorkflow
		used, unknown string
	}{
		"default":   {FileWorkflow{}, invalid, invalid},
		"accepted":  {FileWorkflow{UsedToken: TokenAccepted}, "", invalid},
		"not found": {FileWorkflow{UsedToken: TokenNotFound, UnknownToken: TokenNotFound}, missing, missing},
	} {
		t.Run(name, func(t *testing.T) {
			s, c, _ := start(t, Options{})
			s.StartFileWorkflow(file(test.w))
			c.callback("first", "SUCCESS").want(t, 200, "")
			status := 400
			if test.used == "" {
				status = 200
			}
			c.callback("first", "FAILURE").want(t, status, test.used)
			c.callback("nonsense", "SUCCESS").want(t, 400, test.unknown)
			c.wantFile("IN_PROGRESS COPY CUSTOM TAG")
		})
	}
	t.Run("empty answer, lingering", func(t *testing.T) {
		s, c, clk := start(t, Options{})
		s.StartFileWorkflow(file(FileWorkflow{Steps: []FileStep{{Token: "first"}}, EmptyAnswer: true, LingerSeconds: 5}))
		if a := c.callback("first", "SUCCESS"); a.status != 200 || a.raw != "" {
			t.Errorf("answered %d %q", a.status, a.raw)
		}
		c.callback("first", "SUCCESS").want(t, 400, missing)
		clk.advance(4 * time.Second)
		c.wantFile("COMPLETED CUSTOM")
		clk.advance(time.Second)
		c.wantFile(missing)
	})
}

func TestUnknownFiles(t *testing.T) {
	s, c, _ := start(t, Options{})
	w := file(FileWorkflow{})
	w.Region = "eu-west-1"
	s.StartFileWorkflow(w)
	a := c.callback("first", "SUCCESS")
	a.want(t, 400, "ResourceNotFoundException")
	if want := `"Resource":"` + fixedFile + `","ResourceType":"EXECUTION"`; !strings.Contains(a.raw, want) || !strings.Contains(a.raw, `"Message":`) {
		t.Errorf("%s has no %s", a.raw, want)
	}
	c.region = "eu-west-1"
	for _, ids := range []string{`"WorkflowId":"w-00000000000000000","ExecutionId":"` + fixedFile + `"`, `"WorkflowId":"` + fixedWorkflow + `","ExecutionId":"00000000-0000-0000-0000-000000000000"`} {
		c.transfer("SendWorkflowStepState", `{"Token":"first","Status":"SUCCESS",`+ids+`}`).want(t, 400, "ResourceNotFoundException")
		c.transfer("DescribeExecution", `{`+ids+`}`).want(t, 400, "ResourceNotFoundException")
	}
	c.callback("first", "SUCCESS").want(t, 200, "")
}

func TestTransferConstraints(t *testing.T) {
	s, c, _ := start(t, Options{})
	long := strings.Repeat("_", 64)
	s.StartFileWorkflow(file(FileWorkflow{Steps: []FileStep{{Token: long}}}))
	good := map[string]any{"WorkflowId": fixedWorkflow, "ExecutionId": fixedFile, "Token": long, "Status": "SUCCESS"}
	for name, values := range map[string][]any{
		"WorkflowId":  {nil, "", fixedWorkflow + "0", fixedWorkflow[1:], "w-0123456789ABCDEF0", "s-0123456789abcdef0"},
		"ExecutionId": {nil, "", fixedFile + "0", fixedFile[1:], "x" + fixedFile[1:]},
		"Token":       {nil, "", long + "_", "a-b", "é"},
		"Status":      {nil, "", "success", "COMPLETED"},
	} {
		for _, value := range values {
			in := map[string]any{}
			for k, v := range good {
				in[k] = v
			}
			if in[name] = value; value == nil {
				delete(in, name)
			}
			a := c.transfer("SendWorkflowStepState", string(mustJSON(in)))
			a.want(t, 400, "ValidationException")
			if at := strings.ToLower(name[:1]) + name[1:]; !strings.Contains(a.raw, "at '"+at+"' failed") {
				t.Errorf("%s = %v: %s", name, value, a.raw)
			}
		}
	}
	c.transfer("SendWorkflowStepState", string(mustJSON(good))).want(t, 200, "")
	c.transfer("SendWorkflowStepState", `{`).want(t, 400, "SerializationException")
	c.transfer("DescribeExecution", `{}`).want(t, 400, "ValidationException")
	c.transfer("DescribeServer", `{}`).want(t, 400, "UnknownOperationException")
}

func TestTransferFaults(t *testing.T) {
	s, c, _ := start(t, Options{})
	s.StartFileWorkflow(file(FileWorkflow{}))
	for kind, want := range map[Kind]struct {
		status int
		code   string
	}{
		KindRefuse: {400, "AccessDeniedException"}, KindThrottle: {400, "ThrottlingException"}, KindErrorBefore: {500, "InternalServiceError"},
	} {
		s.Inject(Fault{Operation: "transfer:SendWorkflowStepState", Kind: kind, Times: 1})
		a := c.callback("first", "SUCCESS")
		a.want(t, want.status, want.code)
		if kind == KindRefuse && !strings.Contains(a.raw, "transfer:SendWorkflowStepState on resource: arn:aws:transfer:us-east-1:123456789012:workflow/"+fixedWorkflow) {
			t.Errorf("denied with %s", a.raw)
		}
	}
	c.callback("first", "SUCCESS").want(t, 200, "")
}

func TestTransferAdmin(t *testing.T) {
	s, c, _ := start(t, Options{})
	var state, again FileWorkflowState
	if status := c.admin("POST", "transfer/executions", `{"Steps":[{"Type":"DECRYPT"},{}]}`, &state); status != 200 || state.Token == "" || !fileWorkflowID.MatchString(state.WorkflowID) {
		t.Fatalf("%d %+v", status, state)
	}
	c.transfer("SendWorkflowStepState", fmt.Sprintf(`{"WorkflowId":%q,"ExecutionId":%q,"Token":%q,"Status":"SUCCESS"}`, state.WorkflowID, state.ExecutionID, state.Token)).want(t, 200, "")
	if c.admin("GET", "transfer/executions/"+state.ExecutionID, "", &again); !again.Ended || len(again.Callbacks) != 1 {
		t.Errorf("state %+v", again)
	}
	var all []FileWorkflowState
	if c.admin("GET", "transfer/executions", "", &all); len(all) != 1 {
		t.Errorf("executions %+v", all)
	}
	for name, body := range map[string]string{
		"no steps": `{}`, "workflow id": `{"WorkflowID":"x","Steps":[{}]}`, "execution id": `{"ExecutionID":"x","Steps":[{}]}`,
		"type": `{"Steps":[{"Type":"MOVE"}]}`, "token": `{"Steps":[{"Token":"a-b"}]}`, "same token": `{"Steps":[{"Token":"a"},{"Token":"a"}]}`,
		"used": `{"Steps":[{}],"UsedToken":"maybe"}`, "unknown": `{"Steps":[{}],"UnknownToken":"accepted"}`, "typo": `{"Stepps":[{}]}`,
	} {
		if got := c.admin("POST", "transfer/executions", body, nil); got != 400 {
			t.Errorf("%s: status %d", name, got)
		}
	}
	if got := c.admin("GET", "transfer/executions/none", "", nil); got != 404 {
		t.Errorf("status %d", got)
	}
	s.Reset()
	if _, ok := s.FileWorkflow(state.ExecutionID); ok {
		t.Error("the reset left something")
	}
}

// The list has the executions of a workflow that are in progress, page by page.
func TestFilesAreListed(t *testing.T) {
	s, c, clk := start(t, Options{})
	list := func(more string) (ids []string, token string) {
		t.Helper()
		a := c.transfer("ListExecutions", `{"WorkflowId":"`+fixedWorkflow+`"`+more+`}`)
		a.want(t, 200, "")
		var out struct {
			WorkflowID string `json:"WorkflowId"`
			Executions []struct {
				ExecutionID string `json:"ExecutionId"`
				Status      string
			}
			NextToken string
		}
		if err := json.Unmarshal([]byte(a.raw), &out); err != nil || out.WorkflowID != fixedWorkflow {
			t.Fatalf("%v: %s", err, a.raw)
		}
		for _, one := range out.Executions {
			if one.Status != fileInProgress {
				t.Errorf("%s is %s", one.ExecutionID, one.Status)
			}
			ids = append(ids, one.ExecutionID)
		}
		return ids, out.NextToken
	}
	c.transfer("ListExecutions", `{"WorkflowId":"`+fixedWorkflow+`"}`).want(t, 400, "ResourceNotFoundException")
	s.StartFileWorkflow(FileWorkflow{Steps: []FileStep{{}}})
	for range 3 {
		s.StartFileWorkflow(FileWorkflow{WorkflowID: fixedWorkflow, Steps: []FileStep{{}}})
	}
	s.StartFileWorkflow(FileWorkflow{WorkflowID: fixedWorkflow, Steps: []FileStep{{Type: "COPY", Seconds: 60}}})
	s.StartFileWorkflow(FileWorkflow{WorkflowID: fixedWorkflow, Steps: []FileStep{{}}, StartSeconds: 120})
	if ids, token := list(""); len(ids) != 4 || token != "" {
		t.Errorf("listed %v and %q", ids, token)
	}
	clk.advance(61 * time.Second)
	ids, token := list(`,"MaxResults":2`)
	if rest, end := list(`,"MaxResults":2,"NextToken":"` + token + `"`); len(ids) != 2 || len(rest) != 1 || end != "" {
		t.Errorf("listed %v, %q, %v and %q", ids, token, rest, end)
	}
	c.transfer("ListExecutions", `{"WorkflowId":"`+fixedWorkflow+`","NextToken":"another"}`).want(t, 400, "InvalidNextTokenException")
	for _, wrong := range []string{`{}`, `{"WorkflowId":"w"}`, `{"WorkflowId":"` + fixedWorkflow + `","MaxResults":0}`, `{"WorkflowId":"` + fixedWorkflow + `","MaxResults":1001}`} {
		c.transfer("ListExecutions", wrong).want(t, 400, "ValidationException")
	}
}
