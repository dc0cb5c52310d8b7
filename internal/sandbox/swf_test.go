package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

const swfFault = "com.amazonaws.swf.base.model#"

// swf makes a request like a client of SWF, and decodes the answer into out.
func (c *client) swf(operation, body string, out any) answer {
	c.t.Helper()
	c.service = "swf"
	a := c.do(c.request(context.Background(), map[string]string{
		"content-type": "application/x-amz-json-1.0", "x-amz-target": "SimpleWorkflowService." + operation,
	}, body))
	if out != nil {
		a.want(c.t, 200, "")
		if err := json.Unmarshal([]byte(a.raw), out); err != nil {
			c.t.Fatalf("%v: %s", err, a.raw)
		}
	}
	return a
}

func (c *client) signalWorkflow(workflowID, more string) answer {
	c.t.Helper()
	return c.swf("SignalWorkflowExecution", fmt.Sprintf(`{"domain":"sandbox","workflowId":%q,"signalName":"go"%s}`, workflowID, more), nil)
}

type eventView struct {
	EventID        int `json:"eventId"`
	EventTimestamp float64
	EventType      string
	Signaled       *struct {
		SignalName               string
		Input                    *string
		ExternalInitiatedEventID *int `json:"externalInitiatedEventId"`
	} `json:"workflowExecutionSignaledEventAttributes"`
	Continued *struct{ NewExecutionRunID string } `json:"workflowExecutionContinuedAsNewEventAttributes"`
	Started   *struct {
		ContinuedExecutionRunID string
	} `json:"workflowExecutionStartedEventAttributes"`
}

type historyView struct {
	Events        []eventView
	NextPageToken string
}

func (c *client) history(workflowID, runID, more string) historyView {
	c.t.Helper()
	var out historyView
	c.swf("GetWorkflowExecutionHistory", fmt.Sprintf(`{"domain":"sandbox","execution":{"workflowId":%q,"runId":%q}%s}`, workflowID, runID, more), &out)
	return out
}

func (h historyView) types() string {
	var types []string
	for _, e := range h.Events {
		types = append(types, e.EventType)
	}
	return strings.Join(types, " ")
}

func TestWorkflowSignals(t *testing.T) {
	s, c, clk := start(t, Options{})
	run := s.StartWorkflow(Workflow{WorkflowID: "w"})
	clk.advance(1500 * time.Millisecond)
	a := c.signalWorkflow("w", "")
	a.want(t, 200, "")
	if a.raw != "" || a.header.Get("Content-Type") != "application/x-amz-json-1.0" || a.header.Get("X-Amzn-Requestid") == "" {
		t.Errorf("answered %q with %v", a.raw, a.header)
	}
	c.signalWorkflow("w", `,"input":""`).want(t, 200, "")
	c.signalWorkflow("w", `,"input":"x","runId":"`+run+`"`).want(t, 200, "")
	c.signalWorkflow("w", `,"input":"x","runId":""`).want(t, 200, "")
	if got := s.Workflows("sandbox", "w")[0].Signals(); !slices.Equal(got, []string{"go", "go=", "go=x", "go=x"}) {
		t.Errorf("signals %q", got)
	}
	h := c.history("w", run, "")
	// The first signal schedules a decision task. The task is still waiting when the next
	// signals arrive.
	want := "WorkflowExecutionStarted DecisionTaskScheduled DecisionTaskStarted DecisionTaskCompleted WorkflowExecutionSignaled DecisionTaskScheduled" + strings.Repeat(" WorkflowExecutionSignaled", 3)
	if h.types() != want || h.NextPageToken != "" {
		t.Fatalf("history %s, want %s", h.types(), want)
	}
	e := h.Events[4]
	if e.EventID != 5 || e.EventTimestamp != float64(clk.now().UnixMilli())/1000 || e.Signaled.SignalName != "go" || e.Signaled.Input != nil || *e.Signaled.ExternalInitiatedEventID != 0 {
		t.Errorf("event %+v", e)
	}
	if input := h.Events[6].Signaled.Input; input == nil || *input != "" {
		t.Errorf("the empty input is %v", input)
	}
	if s.Accepted("SignalWorkflowExecution") != 4 || s.Accepted("GetWorkflowExecutionHistory") != 0 {
		t.Errorf("request log %v", s.RequestLog())
	}
}

func TestUnknownResources(t *testing.T) {
	s, c, _ := start(t, Options{Domains: []string{"sandbox", "other"}})
	run := s.StartWorkflow(Workflow{WorkflowID: "w"})
	s.StartWorkflow(Workflow{WorkflowID: "far", Region: "eu-west-1"})
	s.StartWorkflow(Workflow{Domain: "other", WorkflowID: "there"})
	s.StartWorkflow(Workflow{WorkflowID: "closed"})
	s.CloseWorkflow("sandbox", "closed", "FAILED")
	for name, test := range map[string]struct{ body, message string }{
		"domain":       {`"domain":"none","workflowId":"w"`, "Unknown domain: none"},
		"workflow":     {`"domain":"sandbox","workflowId":"nobody"`, "Unknown execution, workflowId = nobody"},
		"run":          {`"domain":"sandbox","workflowId":"w","runId":"r"`, "Unknown execution: WorkflowExecution=[workflowId=w, runId=r]"},
		"other's run":  {`"domain":"sandbox","workflowId":"far","runId":"` + run + `"`, "Unknown execution: WorkflowExecution=[workflowId=far"},
		"region":       {`"domain":"sandbox","workflowId":"far"`, "Unknown execution, workflowId = far"},
		"other domain": {`"domain":"sandbox","workflowId":"there"`, "Unknown execution"},
		"closed":       {`"domain":"sandbox","workflowId":"closed"`, "Unknown execution"},
	} {
		a := c.swf("SignalWorkflowExecution", `{"signalName":"go",`+test.body+`}`, nil)
		a.want(t, 400, swfFault+"UnknownResourceFault")
		if !strings.Contains(a.raw, `"message":"`+test.message) {
			t.Errorf("%s: %s, want %q", name, a.raw, test.message)
		}
	}
	if s.Accepted("SignalWorkflowExecution") != 0 || s.last(t).Code != "UnknownResourceFault" {
		t.Errorf("request log %v", s.RequestLog())
	}
	s.RegisterDomain("none")
	a := c.swf("SignalWorkflowExecution", `{"signalName":"go","domain":"none","workflowId":"w"}`, nil)
	if !strings.Contains(a.raw, "Unknown execution") {
		t.Errorf("in a registered domain: %s", a.raw)
	}
}

func TestWorkflowConstraints(t *testing.T) {
	s, c, _ := start(t, Options{})
	long := strings.Repeat("é", 256)
	s.RegisterDomain(long)
	s.StartWorkflow(Workflow{Domain: long, WorkflowID: long, RunID: strings.Repeat("é", 64)})
	full := map[string]any{"domain": long, "workflowId": long, "runId": strings.Repeat("é", 64), "signalName": long, "input": strings.Repeat("日", 32768)}
	c.swf("SignalWorkflowExecution", string(mustJSON(full)), nil).want(t, 200, "")
	for name, low := range map[string]any{"domain": "", "workflowId": "", "signalName": "", "runId": nil, "input": nil} {
		for _, value := range []any{low, full[name].(string) + "x"} {
			in := map[string]any{}
			for k, v := range full {
				in[k] = v
			}
			if in[name] = value; value == nil {
				continue
			}
			a := c.swf("SignalWorkflowExecution", string(mustJSON(in)), nil)
			a.want(t, 400, "ValidationException")
			if !strings.Contains(a.raw, "Value at '"+name+"' failed") {
				t.Errorf("%s: %.200s", name, a.raw)
			}
		}
	}
	for operation, in := range map[string]string{
		"SignalWorkflowExecution":      `{}`,
		"StartWorkflowExecution":       `{"domain":"sandbox","workflowId":"w"}`,
		"TerminateWorkflowExecution":   `{"domain":"sandbox"}`,
		"DescribeWorkflowExecution":    `{"domain":"sandbox","execution":{"workflowId":"w"}}`,
		"GetWorkflowExecutionHistory":  `{"domain":"sandbox","execution":{"workflowId":"w","runId":"r"},"maximumPageSize":1001}`,
		"ListOpenWorkflowExecutions":   `{"domain":"sandbox"}`,
		"ListClosedWorkflowExecutions": `{"domain":"sandbox"}`,
	} {
		c.swf(operation, in, nil).want(t, 400, "ValidationException")
	}
	c.swf("ListClosedWorkflowExecutions", `{"domain":"sandbox","startTimeFilter":{"oldestDate":0},"closeTimeFilter":{"oldestDate":0}}`, nil).want(t, 400, "ValidationException")
	c.swf("ListOpenWorkflowExecutions", `{"domain":"sandbox","startTimeFilter":{"oldestDate":0},"tagFilter":{"tag":"x"}}`, nil).want(t, 400, "ValidationException")
	c.swf("SignalWorkflowExecution", `{`, nil).want(t, 400, "SerializationException")
	c.swf("PollForDecisionTask", `{}`, nil).want(t, 400, "UnknownOperationException")
}

func TestWorkflowDenied(t *testing.T) {
	s, c, _ := start(t, Options{Credentials: map[string]Secret{"sandbox-access-key": {SecretKey: "sandbox-secret-key", Denied: []string{"swf:SignalWorkflowExecution"}}}})
	s.StartWorkflow(Workflow{WorkflowID: "w"})
	a := c.signalWorkflow("w", "")
	a.want(t, 400, swfFault+"OperationNotPermittedFault")
	if !strings.Contains(a.raw, "swf:SignalWorkflowExecution on resource: arn:aws:swf:us-east-1:123456789012:/domain/sandbox") {
		t.Errorf("the answer is %s", a.raw)
	}
}

type infosView struct {
	ExecutionInfos []struct {
		Execution                    struct{ WorkflowID, RunID string }
		ExecutionStatus, CloseStatus string
	}
	NextPageToken string
}

func (i infosView) line() string {
	var lines []string
	for _, e := range i.ExecutionInfos {
		lines = append(lines, strings.TrimSuffix(e.Execution.WorkflowID+"="+e.ExecutionStatus+"/"+e.CloseStatus, "/"))
	}
	return strings.Join(lines, " ")
}

func TestWorkflowLists(t *testing.T) {
	s, c, clk := start(t, Options{})
	began := clk.now().Unix()
	for _, id := range []string{"a", "b", "c", "d"} {
		s.StartWorkflow(Workflow{WorkflowID: id})
		clk.advance(time.Minute)
	}
	s.CloseWorkflow("sandbox", "c", "COMPLETED")
	clk.advance(time.Minute)
	s.CloseWorkflow("sandbox", "a", "TIMED_OUT")
	for name, test := range map[string]struct{ operation, more, want string }{
		"open":             {"Open", `,"startTimeFilter":{"oldestDate":0}`, "d=OPEN b=OPEN"},
		"open, reversed":   {"Open", `,"startTimeFilter":{"oldestDate":0},"reverseOrder":true`, "b=OPEN d=OPEN"},
		"open, one":        {"Open", `,"startTimeFilter":{"oldestDate":0},"executionFilter":{"workflowId":"b"}`, "b=OPEN"},
		"open, none":       {"Open", `,"startTimeFilter":{"oldestDate":0},"executionFilter":{"workflowId":"a"}`, ""},
		"open, recent":     {"Open", fmt.Sprintf(`,"startTimeFilter":{"oldestDate":%d}`, began+90), "d=OPEN"},
		"open, old":        {"Open", fmt.Sprintf(`,"startTimeFilter":{"oldestDate":0,"latestDate":%d}`, began+60), "b=OPEN"},
		"closed by start":  {"Closed", `,"startTimeFilter":{"oldestDate":0}`, "c=CLOSED/COMPLETED a=CLOSED/TIMED_OUT"},
		"closed by end":    {"Closed", `,"closeTimeFilter":{"oldestDate":0}`, "a=CLOSED/TIMED_OUT c=CLOSED/COMPLETED"},
		"closed, a status": {"Closed", `,"closeTimeFilter":{"oldestDate":0},"closeStatusFilter":{"status":"TIMED_OUT"}`, "a=CLOSED/TIMED_OUT"},
	} {
		var out infosView
		c.swf("List"+test.operation+"WorkflowExecutions", `{"domain":"sandbox"`+test.more+`}`, &out)
		if out.line() != test.want {
			t.Errorf("%s: %q, want %q", name, out.line(), test.want)
		}
	}
	var first, second infosView
	c.swf("ListOpenWorkflowExecutions", `{"domain":"sandbox","startTimeFilter":{"oldestDate":0},"maximumPageSize":1}`, &first)
	c.swf("ListOpenWorkflowExecutions", `{"domain":"sandbox","startTimeFilter":{"oldestDate":0},"maximumPageSize":1,"nextPageToken":"`+first.NextPageToken+`"}`, &second)
	if first.line() != "d=OPEN" || second.line() != "b=OPEN" || second.NextPageToken != "" {
		t.Errorf("pages %q and %q", first.line(), second.line())
	}
	c.swf("ListOpenWorkflowExecutions", `{"domain":"none","startTimeFilter":{"oldestDate":0}}`, nil).want(t, 400, swfFault+"UnknownResourceFault")
}

func TestHistoryPages(t *testing.T) {
	s, c, _ := start(t, Options{})
	run := s.StartWorkflow(Workflow{WorkflowID: "w"})
	for range 1200 {
		c.signalWorkflow("w", "").want(t, 200, "")
	}
	first := c.history("w", run, "")
	second := c.history("w", run, `,"nextPageToken":"`+first.NextPageToken+`"`)
	// There are four events before the first signal, and one decision task.
	if len(first.Events) != 1000 || len(second.Events) != 205 || second.Events[204].EventID != 1205 || second.NextPageToken != "" {
		t.Errorf("pages of %d and %d", len(first.Events), len(second.Events))
	}
	latest := c.history("w", run, `,"reverseOrder":true,"maximumPageSize":2`)
	if len(latest.Events) != 2 || latest.Events[0].EventID != 1205 || latest.NextPageToken == "" {
		t.Errorf("latest %+v", latest)
	}
	c.swf("GetWorkflowExecutionHistory", `{"domain":"sandbox","execution":{"workflowId":"w","runId":"`+run+`"},"nextPageToken":"bm9uc2Vuc2U"}`, nil).want(t, 400, "ValidationException")
}

func TestWorkflowReadsLag(t *testing.T) {
	s, c, clk := start(t, Options{ReadLag: time.Second})
	run := s.StartWorkflow(Workflow{WorkflowID: "w", Closes: map[string]string{"go": "COMPLETED"}})
	describe := `{"domain":"sandbox","execution":{"workflowId":"w","runId":"` + run + `"}}`
	c.swf("DescribeWorkflowExecution", describe, nil).want(t, 400, swfFault+"UnknownResourceFault")
	clk.advance(time.Second)
	c.signalWorkflow("w", "").want(t, 200, "")
	status := func() string {
		var out struct {
			ExecutionInfo struct{ ExecutionStatus, CloseStatus string }
		}
		c.swf("DescribeWorkflowExecution", describe, &out)
		return out.ExecutionInfo.ExecutionStatus + out.ExecutionInfo.CloseStatus
	}
	if got := status(); got != "OPEN" || len(c.history("w", run, "").Events) != 4 {
		t.Errorf("at once it is %s", got)
	}
	c.signalWorkflow("w", "").want(t, 400, swfFault+"UnknownResourceFault")
	clk.advance(time.Second)
	if got := status(); got != "CLOSEDCOMPLETED" || !strings.HasSuffix(c.history("w", run, "").types(), " WorkflowExecutionSignaled DecisionTaskScheduled DecisionTaskStarted DecisionTaskCompleted WorkflowExecutionCompleted") {
		t.Errorf("later it is %s with %s", got, c.history("w", run, "").types())
	}
}

func TestContinuedAsNew(t *testing.T) {
	s, c, _ := start(t, Options{})
	first := s.StartWorkflow(Workflow{WorkflowID: "w"})
	second := s.CloseWorkflow("sandbox", "w", "CONTINUED_AS_NEW")
	c.signalWorkflow("w", `,"runId":"`+first+`"`).want(t, 400, swfFault+"UnknownResourceFault")
	c.signalWorkflow("w", "").want(t, 200, "")
	h := c.history("w", first, `,"reverseOrder":true`)
	if h.Events[0].Continued == nil || h.Events[0].Continued.NewExecutionRunID != second {
		t.Errorf("ended with %+v, want run %s", h.Events[0], second)
	}
	if h := c.history("w", second, ""); h.Events[0].Started.ContinuedExecutionRunID != first {
		t.Errorf("began with %+v, want run %s", h.Events[0], first)
	}
	states := s.Workflows("sandbox", "w")
	if len(states) != 2 || states[0].CloseStatus != "CONTINUED_AS_NEW" || len(states[0].Signals()) != 0 || len(states[1].Signals()) != 1 {
		t.Errorf("states %+v", states)
	}
}

func TestWorkflowsTakeTheirTime(t *testing.T) {
	s, c, clk := start(t, Options{})
	run := s.StartWorkflow(Workflow{WorkflowID: "w", StartSeconds: 40, Closes: map[string]string{"go": "CONTINUED_AS_NEW"}, CloseSeconds: 30})
	describe := `{"domain":"sandbox","execution":{"workflowId":"w","runId":"` + run + `"}}`
	clk.advance(39 * time.Second)
	c.swf("DescribeWorkflowExecution", describe, nil).want(t, 400, swfFault+"UnknownResourceFault")
	c.signalWorkflow("w", "").want(t, 400, swfFault+"UnknownResourceFault")
	clk.advance(time.Second)
	c.swf("DescribeWorkflowExecution", describe, nil).want(t, 200, "")
	c.signalWorkflow("w", "").want(t, 200, "")
	clk.advance(29 * time.Second)
	c.signalWorkflow("w", `,"runId":"`+run+`"`).want(t, 200, "")
	if len(s.Workflows("sandbox", "w")) != 1 {
		t.Errorf("continued too early: %+v", s.Workflows("sandbox", "w"))
	}
	clk.advance(time.Second)
	c.signalWorkflow("w", `,"runId":"`+run+`"`).want(t, 400, swfFault+"UnknownResourceFault")
	if states := s.Workflows("sandbox", "w"); len(states) != 2 || states[0].CloseStatus != "CONTINUED_AS_NEW" || states[1].Status != "OPEN" {
		t.Errorf("states %+v", states)
	}
}

func TestLongHistories(t *testing.T) {
	s, c, _ := start(t, Options{})
	run := s.StartWorkflow(Workflow{WorkflowID: "w", Markers: 1000})
	c.signalWorkflow("w", "").want(t, 200, "")
	page := c.history("w", run, `,"reverseOrder":true`)
	if len(page.Events) != 1000 || page.Events[0].EventType != "MarkerRecorded" || page.NextPageToken == "" {
		t.Fatalf("the last page has %d events, the first of them %+v", len(page.Events), page.Events[0])
	}
	page = c.history("w", run, `,"reverseOrder":true,"nextPageToken":"`+page.NextPageToken+`"`)
	if got := page.types(); !strings.HasPrefix(got, "DecisionTaskCompleted DecisionTaskStarted DecisionTaskScheduled WorkflowExecutionSignaled ") || page.NextPageToken != "" {
		t.Errorf("the page before it has %s", got)
	}
}

func TestClosingEventsSayWhy(t *testing.T) {
	for status, want := range map[string]string{
		"FAILED": "full/disk", "CANCELED": "<nil>/disk", "TERMINATED": "full/disk", "COMPLETED": "<nil>/<nil>", "TIMED_OUT": "<nil>/<nil>",
	} {
		s, c, _ := start(t, Options{})
		s.StartWorkflow(Workflow{WorkflowID: "w", Reason: "full", Details: "disk"})
		s.CloseWorkflow("sandbox", "w", status)
		said := func() string {
			runs := s.Workflows("sandbox", "w")
			events := runs[len(runs)-1].Events
			last := events[len(events)-1].Attributes
			return fmt.Sprintf("%v/%v", last["reason"], last["details"])
		}
		if got := said(); got != want {
			t.Errorf("%s says %s, want %s", status, got, want)
		}
		s.StartWorkflow(Workflow{WorkflowID: "w"})
		c.swf("TerminateWorkflowExecution", `{"domain":"sandbox","workflowId":"w","reason":"r","details":"d"}`, nil).want(t, 200, "")
		if got := said(); got != "r/d" {
			t.Errorf("terminated, it says %s", got)
		}
	}
}

func TestWorkflowsStartAndEnd(t *testing.T) {
	s, c, _ := start(t, Options{})
	in := `{"domain":"sandbox","workflowId":"w","workflowType":{"name":"sandbox-workflow","version":"1"},"input":"x"}`
	var out struct{ RunID string }
	c.swf("StartWorkflowExecution", in, &out)
	if out.RunID == "" || len(out.RunID) > 64 {
		t.Errorf("run %q", out.RunID)
	}
	c.swf("StartWorkflowExecution", in, nil).want(t, 400, swfFault+"WorkflowExecutionAlreadyStartedFault")
	c.swf("StartWorkflowExecution", strings.Replace(in, `"1"`, `"2"`, 1), nil).want(t, 400, swfFault+"UnknownResourceFault")
	c.swf("TerminateWorkflowExecution", `{"domain":"sandbox","workflowId":"w"}`, nil).want(t, 200, "")
	c.swf("TerminateWorkflowExecution", `{"domain":"sandbox","workflowId":"w"}`, nil).want(t, 400, swfFault+"UnknownResourceFault")
	if state := s.Workflows("sandbox", "w")[0]; state.Status != "CLOSED" || state.CloseStatus != "TERMINATED" {
		t.Errorf("state %+v", state)
	}
	c.swf("StartWorkflowExecution", in, &out)
	if len(s.Workflows("sandbox", "w")) != 2 {
		t.Error("an execution whose run has closed could not be started again")
	}
}

func TestWorkflowAdmin(t *testing.T) {
	s, c, _ := start(t, Options{})
	var run struct{ RunID string }
	if c.admin("POST", "swf/domains", `{"Name":"mine"}`, nil) != 200 || c.admin("POST", "swf/executions", `{"Domain":"mine","WorkflowID":"w"}`, &run) != 200 || run.RunID == "" {
		t.Fatalf("run %+v", run)
	}
	c.swf("SignalWorkflowExecution", `{"domain":"mine","workflowId":"w","signalName":"go"}`, nil).want(t, 200, "")
	c.admin("POST", "swf/close", `{"Domain":"mine","WorkflowID":"w","CloseStatus":"CONTINUED_AS_NEW"}`, &run)
	var states []struct {
		RunID, CloseStatus string
		Events             []eventView
	}
	if c.admin("GET", "swf/executions/mine", "", &states); len(states) != 2 || states[1].RunID != run.RunID || states[0].Events[4].Signaled.SignalName != "go" {
		t.Errorf("states %+v", states)
	}
	for request, body := range map[string]string{
		"swf/domains": `{}`, "swf/executions": `{"Domain":"none","WorkflowID":"w"}`, "swf/close": `{"WorkflowID":"w","CloseStatus":"COMPLETED"}`,
	} {
		if got := c.admin("POST", request, body, nil); got != 400 {
			t.Errorf("%s %s: status %d", request, body, got)
		}
	}
	for _, body := range []string{
		`{"Domain":"mine","WorkflowID":"w"}`, `{"WorkflowID":""}`, `{"WorkflowID":"x","RunID":"` + strings.Repeat("r", 65) + `"}`, `{"WorkflowID":"x","Closes":{"go":"DONE"}}`, `{"WorkflowIdd":"x"}`,
	} {
		if got := c.admin("POST", "swf/executions", body, nil); got != 400 {
			t.Errorf("%s: status %d", body, got)
		}
	}
	if got := c.admin("POST", "swf/close", `{"Domain":"mine","WorkflowID":"w","CloseStatus":"DONE"}`, nil); got != 400 {
		t.Errorf("status %d", got)
	}
	s.Reset()
	if c.admin("POST", "swf/executions", `{"Domain":"mine","WorkflowID":"w"}`, nil) != 400 || len(s.Workflows("mine", "")) != 0 {
		t.Error("the reset left something")
	}
}
