package sandbox

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

type executionView struct {
	AutomationExecutionStatus, CurrentStepName, FailureMessage, Mode, DocumentName string
	ExecutionStartTime, ExecutionEndTime                                           float64
	StepExecutionsTruncated                                                        bool
	StepExecutions                                                                 []stepView
}

type stepView struct {
	StepName, StepStatus string
	StepExecutionID      string `json:"StepExecutionId"`
	Outputs              map[string][]string
	Inputs               map[string]string
}

func (c *client) get(id string) executionView {
	c.t.Helper()
	a := c.send("GetAutomationExecution", `{"AutomationExecutionId":"`+id+`"}`)
	a.want(c.t, 200, "")
	var out struct{ AutomationExecution executionView }
	if err := json.Unmarshal([]byte(a.raw), &out); err != nil {
		c.t.Fatal(err)
	}
	return out.AutomationExecution
}

// line returns "Status step=Status ...".
func (v executionView) line() string {
	line := v.AutomationExecutionStatus
	for _, s := range v.StepExecutions {
		line += " " + s.StepName + "=" + s.StepStatus
	}
	return line
}

func (c *client) wantState(id, want string) executionView {
	c.t.Helper()
	v := c.get(id)
	if v.line() != want {
		c.t.Fatalf("got %q, want %q", v.line(), want)
	}
	return v
}

func TestConstraints(t *testing.T) {
	s, c, _ := start(t, Options{})
	s.StartAutomation(Automation{ID: fixedID, AcceptRepeats: true, Steps: []Step{{Name: "approve", Action: "aws:approve"}}})
	c.signal(fixedID, "Approve", "", "").want(t, 200, "")

	const lower, upper = "Member must have length greater than or equal to %d", "Member must have length less than or equal to %d"
	repeat := func(n int) []string { return slices.Repeat([]string{"x"}, n) }
	entries := func(n int) map[string][]string {
		m := map[string][]string{}
		for i := range n {
			m[fmt.Sprint(i)] = nil
		}
		return m
	}
	for name, test := range map[string]struct {
		id, signalType any
		payload        any
		message        string // "" means that the request is accepted.
	}{
		"no payload":    {fixedID, "Approve", nil, ""},
		"1 entry":       {fixedID, "Approve", entries(1), ""},
		"200 entries":   {fixedID, "Approve", entries(200), ""},
		"0 entries":     {fixedID, "Approve", entries(0), "Value at 'payload' failed to satisfy constraint: " + fmt.Sprintf(lower, 1)},
		"201 entries":   {fixedID, "Approve", entries(201), "Value at 'payload' failed to satisfy constraint: " + fmt.Sprintf(upper, 200)},
		"key of 50":     {fixedID, "Approve", map[string][]string{strings.Repeat("é", 50): {"x"}}, ""},
		"key of 51":     {fixedID, "Approve", map[string][]string{strings.Repeat("k", 51): {"x"}}, "Map keys must satisfy constraint"},
		"key of 0":      {fixedID, "Approve", map[string][]string{"": {"x"}}, "Map keys must satisfy constraint"},
		"50 items":      {fixedID, "Approve", map[string][]string{"k": repeat(50)}, ""},
		"51 items":      {fixedID, "Approve", map[string][]string{"k": repeat(51)}, "Map value must satisfy constraint: [Member must have length less than or equal to 50"},
		"item of 512":   {fixedID, "Approve", map[string][]string{"k": {strings.Repeat("日", 512)}}, ""},
		"item of 513":   {fixedID, "Approve", map[string][]string{"k": {strings.Repeat("x", 513)}}, "Member must have length less than or equal to 512"},
		"item of 0":     {fixedID, "Approve", map[string][]string{"k": {""}}, "Member must have length less than or equal to 512"},
		"id of 35":      {fixedID[1:], "Approve", nil, "1 validation error detected: Value at 'automationExecutionId' failed to satisfy constraint: " + fmt.Sprintf(lower, 36)},
		"id of 37":      {fixedID + "x", "Approve", nil, fmt.Sprintf(upper, 36)},
		"no id":         {nil, "Approve", nil, "Value null at 'automationExecutionId' failed to satisfy constraint: Member must not be null"},
		"no type":       {fixedID, nil, nil, "Value null at 'signalType'"},
		"Deny":          {fixedID, "Deny", nil, "Value at 'signalType' failed to satisfy constraint: Member must satisfy enum value set: [Approve, Reject, StartStep, StopStep, Resume, Revoke]"},
		"Revoke":        {fixedID, "Revoke", nil, ""},
		"several wrong": {"x", "Deny", nil, "2 validation errors detected: "},
	} {
		t.Run(name, func(t *testing.T) {
			in := map[string]any{"AutomationExecutionId": test.id, "SignalType": test.signalType, "Payload": test.payload}
			maps.DeleteFunc(in, func(_ string, v any) bool { return v == nil })
			before := s.Accepted("SendAutomationSignal")
			a := c.send("SendAutomationSignal", string(mustJSON(in)))
			if test.message == "" {
				a.want(t, 200, "")
				return
			}
			a.want(t, 400, "ValidationException")
			if !strings.Contains(a.raw, test.message) {
				t.Errorf("%s does not contain %q", a.raw, test.message)
			}
			if s.Accepted("SendAutomationSignal") != before {
				t.Error("the signal was accepted")
			}
		})
	}
}

func TestProtocolErrors(t *testing.T) {
	_, c, _ := start(t, Options{})
	c.send("SendAutomationSignal", `{"AutomationExecutionId":`).want(t, 400, "SerializationException")
	c.send("SendAutomationSignal", `{"SignalType":1}`).want(t, 400, "SerializationException")
	c.send("Nonsense", `{}`).want(t, 400, "UnknownOperationException")
	c.do(c.request(t.Context(), nil, "{}")).want(t, 400, "UnknownOperationException")
	c.do(c.request(t.Context(), map[string]string{
		"content-type": "application/x-amz-json-1.0", "x-amz-target": "AmazonSSM.SendAutomationSignal",
	}, "{}")).want(t, 400, "UnknownOperationException")
	c.signal(fixedID, "Approve", "", "").want(t, 400, "AutomationExecutionNotFoundException")
}

func TestApproval(t *testing.T) {
	s, c, clk := start(t, Options{Credentials: map[string]Secret{
		"sandbox-access-key": {SecretKey: "sandbox-secret-key"},
		"second":             {SecretKey: "s", ARN: "arn:aws:iam::123456789012:user/second"},
	}})
	a := approval(fixedID)
	a.Steps[0].MinRequiredApprovals = 2
	s.StartAutomation(a)
	v := c.wantState(fixedID, "Waiting approve=Waiting deploy=Pending")
	if v.CurrentStepName != "approve" || v.ExecutionEndTime != 0 || v.ExecutionStartTime != float64(clk.now().Unix()) {
		t.Errorf("view %+v", v)
	}
	clk.advance(1500 * time.Millisecond)
	c.signal(fixedID, "Approve", "Comment", "fine").want(t, 200, "")
	v = c.wantState(fixedID, "Waiting approve=Waiting deploy=Pending")
	if got := v.StepExecutions[0].Outputs; got["ApprovalStatus"][0] != "Waiting" || len(got["ApproverDecisions"]) != 1 ||
		got["ApproverDecisions"][0] != `[{"approver":"arn:aws:iam::123456789012:user/sandbox","decision":"Approved","time":"2026-03-25T16:24:50.5Z","comment":"fine"}]` {
		t.Errorf("outputs %q", got)
	}
	c.signal(fixedID, "Approve", "", "").want(t, 400, "InvalidAutomationSignalException")
	c.key, c.secret = "second", "s"
	c.signal(fixedID, "Approve", "", "").want(t, 200, "")
	v = c.wantState(fixedID, "Success approve=Success deploy=Success")
	if v.ExecutionEndTime != float64(clk.now().UnixMilli())/1000 || v.StepExecutions[0].Outputs["ApprovalStatus"][0] != "Approved" {
		t.Errorf("view %+v", v)
	}
	state, _ := s.Automation(fixedID)
	if len(state.Signals) != 2 || state.Signals[0].Payload["Comment"][0] != "fine" || state.Signals[1].Sender != "arn:aws:iam::123456789012:user/second" {
		t.Errorf("signals %+v", state.Signals)
	}
}

func TestWhatTheDocumentsLeaveOpen(t *testing.T) {
	s, c, _ := start(t, Options{})
	a := approval(fixedID)
	a.AcceptRepeats, a.Decisions, a.Steps[0].MinRequiredApprovals = true, DecisionsList, 2
	s.StartAutomation(a)
	c.signal(fixedID, "Approve", "", "").want(t, 200, "")
	c.signal(fixedID, "Approve", "", "").want(t, 200, "")
	v := c.wantState(fixedID, "Success approve=Success deploy=Success")
	decisions := v.StepExecutions[0].Outputs["ApproverDecisions"]
	if len(decisions) != 2 || !strings.HasPrefix(decisions[1], `{"approver":`) {
		t.Errorf("decisions %q", decisions)
	}
	c.signal(fixedID, "Approve", "", "").want(t, 200, "")
	c.wantState(fixedID, "Success approve=Success deploy=Success")

	undecided := s.StartAutomation(Automation{AcceptRepeats: true, Steps: []Step{{Name: "pause", Action: "aws:pause"}}})
	c.signal(undecided, "Approve", "", "").want(t, 400, "InvalidAutomationSignalException")

	for _, test := range []struct {
		needed int
		hidden bool
		want   map[string]string
	}{
		{0, false, map[string]string{"Approvers": `["sandbox"]`}},
		{3, false, map[string]string{"Approvers": `["sandbox"]`, "MinRequiredApprovals": "3"}},
		{3, true, nil},
	} {
		a := approval("")
		a.Steps[0].MinRequiredApprovals, a.HideInputs = test.needed, test.hidden
		v := c.wantState(s.StartAutomation(a), "Waiting approve=Waiting deploy=Pending")
		if !maps.Equal(v.StepExecutions[0].Inputs, test.want) || v.StepExecutions[1].Inputs != nil {
			t.Errorf("of %+v the inputs are %v and %v", test, v.StepExecutions[0].Inputs, v.StepExecutions[1].Inputs)
		}
	}

	a = approval("")
	a.Decisions, a.RejectedStep, a.RevokedStatus = DecisionsNone, "Failed", "Cancelled"
	id := s.StartAutomation(a)
	c.signal(id, "Reject", "", "").want(t, 200, "")
	v = c.wantState(id, "Rejected approve=Failed deploy=Pending")
	if _, ok := v.StepExecutions[0].Outputs["ApproverDecisions"]; ok {
		t.Error("decisions are shown")
	}
	id = s.StartAutomation(a)
	c.signal(id, "Revoke", "", "").want(t, 200, "")
	c.wantState(id, "Cancelled approve=Cancelled deploy=Pending")
}

func TestWholeSeconds(t *testing.T) {
	s, c, clk := start(t, Options{WholeSeconds: true})
	clk.advance(1500 * time.Millisecond)
	id := s.StartAutomation(approval(""))
	clk.advance(700 * time.Millisecond)
	c.signal(id, "Approve", "", "").want(t, 200, "")
	v := c.wantState(id, "Success approve=Success deploy=Success")
	if v.ExecutionStartTime != float64(clk.now().Unix()-1) || v.ExecutionEndTime != float64(clk.now().Unix()) {
		t.Errorf("at %s it ran from %f to %f", clk.now(), v.ExecutionStartTime, v.ExecutionEndTime)
	}
}

func TestSteps(t *testing.T) {
	hold := Step{Name: "hold", Action: "aws:executeScript", Hold: true}
	pause := Step{Name: "pause", Action: "aws:pause"}
	last := Step{Name: "last", Action: "aws:executeScript"}
	step := func(s Step, change func(*Step)) Step {
		change(&s)
		return s
	}
	approve := Step{Name: "approve", Action: "aws:approve"}
	type try struct {
		signal, key, value string
		wait               time.Duration
		code               string
		state              string
	}
	const invalid = "InvalidAutomationSignalException"
	for name, test := range map[string]struct {
		mode   string
		params map[string][]string
		steps  []Step
		tries  []try
	}{
		"reject": {steps: []Step{approve, last}, tries: []try{
			{signal: "Reject", state: "Rejected approve=Rejected last=Pending"},
			{signal: "Approve", code: invalid, state: "Rejected approve=Rejected last=Pending"},
		}},
		"revoke": {steps: []Step{approve, last}, tries: []try{{signal: "Revoke", state: "Rejected approve=Rejected last=Pending"}}},
		"approval times out": {steps: []Step{approve}, tries: []try{
			{wait: 7*24*time.Hour - time.Second, state: "Waiting approve=Waiting"},
			{wait: time.Second, state: "TimedOut approve=TimedOut"},
		}},
		"rejected, but goes on": {steps: []Step{step(approve, func(s *Step) { s.OnFailure = "Continue" }), last}, tries: []try{
			{signal: "Reject", state: "Success approve=Rejected last=Success"},
		}},
		"rejected, and jumps": {steps: []Step{step(approve, func(s *Step) { s.OnFailure = "step:last" }), pause, last}, tries: []try{
			{signal: "Reject", state: "Success approve=Rejected pause=Pending last=Success"},
		}},
		"pause": {steps: []Step{pause, last}, tries: []try{
			{signal: "Approve", code: invalid},
			{signal: "Resume", code: invalid},
			{signal: "Resume", key: "StepName", value: "nothing", code: "AutomationStepNotFoundException"},
			{signal: "Resume", key: "StepName", value: "last", code: invalid, state: "Waiting pause=Waiting last=Pending"},
			{signal: "Resume", key: "StepName", value: "pause", state: "Success pause=Success last=Success"},
			{signal: "Resume", key: "StepName", value: "pause", code: invalid},
		}},
		"stop": {steps: []Step{hold, last}, tries: []try{
			{state: "InProgress hold=InProgress last=Pending"},
			{signal: "StopStep", code: invalid},
			{signal: "StopStep", key: "StepExecutionId", value: "nothing", code: "AutomationStepNotFoundException"},
			{signal: "StopStep", key: "StepExecutionId", value: "@last", code: invalid, state: "InProgress hold=InProgress last=Pending"},
			{signal: "StopStep", key: "StepExecutionId", value: "@hold", state: "Cancelled hold=Cancelled last=Pending"},
			{signal: "StopStep", key: "StepExecutionId", value: "@hold", code: invalid},
		}},
		"sleep": {steps: []Step{{Name: "sleep", Action: "aws:sleep", SleepSeconds: 60}, last}, tries: []try{
			{wait: 59 * time.Second, state: "InProgress sleep=InProgress last=Pending"},
			{wait: time.Second, state: "Success sleep=Success last=Success"},
		}},
		"failure": {steps: []Step{pause, {Name: "bad", Action: "aws:executeScript", Fail: "no disk"}, last}, tries: []try{
			{signal: "Resume", key: "StepName", value: "pause", state: "Failed pause=Success bad=Failed last=Pending"},
		}},
		"branch on input": {params: map[string][]string{"Where": {"prod"}}, steps: []Step{
			{Name: "branch", Action: "aws:branch", Default: "last", Choices: []Choice{{Variable: "{{ Where }}", StringEquals: "prod", NextStep: "approve"}}},
			pause, approve, last,
		}, tries: []try{{state: "Waiting branch=Success pause=Pending approve=Waiting last=Pending"}}},
		"branch on the decision": {steps: []Step{
			step(approve, func(s *Step) { s.OnFailure = "Continue" }),
			{Name: "branch", Action: "aws:branch", Default: "last", Choices: []Choice{{Variable: "{{ approve.ApprovalStatus }}", StringEquals: "Approved", NextStep: "pause"}}},
			step(pause, func(s *Step) { s.IsEnd = true }), last,
		}, tries: []try{
			{signal: "Approve", state: "Waiting approve=Success branch=Success pause=Waiting last=Pending"},
			{signal: "Resume", key: "StepName", value: "pause", state: "Success approve=Success branch=Success pause=Success last=Pending"},
		}},
		"branch by default": {steps: []Step{
			{Name: "branch", Action: "aws:branch", Default: "last", Choices: []Choice{{Variable: "{{ Where }}", StringEquals: "prod", NextStep: "pause"}}}, pause, last,
		}, tries: []try{{state: "Success branch=Success pause=Pending last=Success"}}},
		"interactive": {mode: "Interactive", steps: []Step{last, pause}, tries: []try{
			{state: "Waiting last=Pending pause=Pending"},
			{signal: "StartStep", code: invalid},
			{signal: "StartStep", key: "StepName", value: "pause", code: invalid},
			{signal: "StartStep", key: "StepName", value: "last", state: "Waiting last=Success pause=Pending"},
			{signal: "Resume", key: "StepName", value: "pause", code: invalid},
			{signal: "StartStep", key: "StepName", value: "pause", state: "Waiting last=Success pause=Waiting"},
			{signal: "StartStep", key: "StepName", value: "pause", code: invalid},
			{signal: "Resume", key: "StepName", value: "pause", state: "Success last=Success pause=Success"},
		}},
		"not interactive": {steps: []Step{pause}, tries: []try{{signal: "StartStep", key: "StepName", value: "pause", code: invalid}}},
	} {
		t.Run(name, func(t *testing.T) {
			s, c, clk := start(t, Options{})
			c.t = t
			s.StartAutomation(Automation{ID: fixedID, Mode: test.mode, Parameters: test.params, Steps: test.steps})
			taken := 0
			for _, try := range test.tries {
				clk.advance(try.wait)
				value := try.value
				if name, ok := strings.CutPrefix(value, "@"); ok {
					steps := c.get(fixedID).StepExecutions
					value = steps[slices.IndexFunc(steps, func(s stepView) bool { return s.StepName == name })].StepExecutionID
				}
				if try.signal != "" {
					status := 200
					if try.code != "" {
						status = 400
					} else {
						taken++
					}
					c.signal(fixedID, try.signal, try.key, value).want(t, status, try.code)
				}
				if try.state != "" {
					c.wantState(fixedID, try.state)
				}
			}
			if state, _ := s.Automation(fixedID); len(state.Signals) != taken || s.Accepted("SendAutomationSignal") != taken {
				t.Errorf("%d signals recorded, want %d", len(state.Signals), taken)
			}
		})
	}
}

func TestFailureMessage(t *testing.T) {
	s, c, _ := start(t, Options{})
	id := s.StartAutomation(Automation{Steps: []Step{{Name: "bad", Action: "aws:executeScript", Fail: "no disk"}}})
	if v := c.get(id); v.AutomationExecutionStatus != "Failed" || v.FailureMessage != "no disk" || v.ExecutionEndTime == 0 {
		t.Errorf("view %+v", v)
	}
}

func TestFinishAfterReads(t *testing.T) {
	s, c, _ := start(t, Options{})
	a := approval(fixedID)
	a.FinishAfterReads = 2
	s.StartAutomation(a)
	c.wantState(fixedID, "Waiting approve=Waiting deploy=Pending")
	c.signal(fixedID, "Approve", "", "").want(t, 200, "")
	for _, want := range []string{"InProgress", "InProgress", "Success", "Success"} {
		c.wantState(fixedID, want+" approve=Success deploy=Success")
	}
}

func TestReadLag(t *testing.T) {
	s, c, clk := start(t, Options{ReadLag: time.Second})
	s.StartAutomation(approval(fixedID))
	in := `{"AutomationExecutionId":"` + fixedID + `"}`
	c.send("GetAutomationExecution", in).want(t, 400, "AutomationExecutionNotFoundException")
	clk.advance(time.Second)
	c.wantState(fixedID, "Waiting approve=Waiting deploy=Pending")
	c.signal(fixedID, "Approve", "", "").want(t, 200, "")
	c.wantState(fixedID, "Waiting approve=Waiting deploy=Pending")
	c.signal(fixedID, "Approve", "", "").want(t, 400, "InvalidAutomationSignalException")
	clk.advance(time.Second)
	c.wantState(fixedID, "Success approve=Success deploy=Success")
}

func TestRegions(t *testing.T) {
	s, c, _ := start(t, Options{})
	a := approval(fixedID)
	a.Region = "eu-west-1"
	s.StartAutomation(a)
	c.signal(fixedID, "Approve", "", "").want(t, 400, "AutomationExecutionNotFoundException")
	c.region = "eu-west-1"
	c.signal(fixedID, "Approve", "", "").want(t, 200, "")
	if e := s.last(t); e.Region != "eu-west-1" {
		t.Errorf("region %q", e.Region)
	}
}

func TestPaging(t *testing.T) {
	s, c, _ := start(t, Options{StepLimit: 5})
	a := Automation{ID: fixedID}
	for i := range 7 {
		a.Steps = append(a.Steps, Step{Name: fmt.Sprint("s", i), Action: "aws:executeScript"})
	}
	a.Steps[6].Action = "aws:pause"
	s.StartAutomation(a)
	if v := c.get(fixedID); len(v.StepExecutions) != 5 || !v.StepExecutionsTruncated {
		t.Errorf("%d steps, truncated %v", len(v.StepExecutions), v.StepExecutionsTruncated)
	}
	describe := func(more string) (names []string, next string) {
		t.Helper()
		r := c.send("DescribeAutomationStepExecutions", `{"AutomationExecutionId":"`+fixedID+`"`+more+`}`)
		r.want(t, 200, "")
		var out struct {
			StepExecutions []stepView
			NextToken      string
		}
		if err := json.Unmarshal([]byte(r.raw), &out); err != nil {
			t.Fatal(err)
		}
		for _, s := range out.StepExecutions {
			names = append(names, s.StepName)
		}
		return names, out.NextToken
	}
	var pages []string
	more := `,"MaxResults":3`
	for {
		names, next := describe(more)
		pages = append(pages, strings.Join(names, " "))
		if next == "" {
			break
		}
		more = `,"MaxResults":3,"NextToken":"` + next + `"`
	}
	if got := strings.Join(pages, "|"); got != "s0 s1 s2|s3 s4 s5|s6" {
		t.Errorf("pages %s", got)
	}
	if names, next := describe(`,"MaxResults":50,"ReverseOrder":true`); len(names) != 7 || names[0] != "s6" || next != "" {
		t.Errorf("reversed %v, next %q", names, next)
	}
	if names, _ := describe(`,"Filters":[{"Key":"StepExecutionStatus","Values":["Waiting"]}]`); !slices.Equal(names, []string{"s6"}) {
		t.Errorf("filtered %v", names)
	}
	for more, code := range map[string]string{
		`,"MaxResults":0`: "ValidationException", `,"MaxResults":51`: "ValidationException", `,"NextToken":"bm9uc2Vuc2U"`: "InvalidNextToken",
		`,"Filters":[{"Key":"Colour","Values":["red"]}]`: "ValidationException", `,"Filters":[{"Key":"Action","Values":[]}]`: "ValidationException",
	} {
		c.send("DescribeAutomationStepExecutions", `{"AutomationExecutionId":"`+fixedID+`"`+more+`}`).want(t, 400, code)
	}
	c.send("DescribeAutomationStepExecutions", `{}`).want(t, 400, "ValidationException")
}

func TestStartAutomationExecution(t *testing.T) {
	s, c, _ := start(t, Options{})
	r := c.send("StartAutomationExecution", `{"DocumentName":"Sandbox-Approval","Mode":"Auto","Parameters":{"A":["b"]}}`)
	r.want(t, 200, "")
	var out struct {
		ID string `json:"AutomationExecutionId"`
	}
	if err := json.Unmarshal([]byte(r.raw), &out); err != nil {
		t.Fatal(err)
	}
	if v := c.wantState(out.ID, "Waiting approve=Waiting deploy=Pending"); v.DocumentName != "Sandbox-Approval" {
		t.Errorf("view %+v", v)
	}
	if s.Accepted("StartAutomationExecution") != 1 || s.Accepted("GetAutomationExecution") != 0 {
		t.Error("a start must be recorded as accepted, and a read must not")
	}
	for in, code := range map[string]string{
		`{"DocumentName":"Nobody-Knows"}`: "AutomationDefinitionNotFoundException", `{}`: "ValidationException",
		`{"DocumentName":"x y"}`: "ValidationException", `{"DocumentName":"Sandbox-Approval","Mode":"Manual"}`: "ValidationException",
		`{"DocumentName":"Sandbox-Approval","ClientToken":"short"}`: "ValidationException",
	} {
		c.send("StartAutomationExecution", in).want(t, 400, code)
	}
}

func TestInvalidAutomations(t *testing.T) {
	ok := Step{Name: "a", Action: "aws:pause"}
	for name, a := range map[string]Automation{
		"id":          {ID: "short", Steps: []Step{ok}},
		"no steps":    {},
		"mode":        {Mode: "Manual", Steps: []Step{ok}},
		"shape":       {Decisions: "xml", Steps: []Step{ok}},
		"same name":   {Steps: []Step{ok, ok}},
		"no action":   {Steps: []Step{{Name: "a"}}},
		"backwards":   {Steps: []Step{ok, {Name: "b", Action: "aws:pause", NextStep: "a"}}},
		"to nowhere":  {Steps: []Step{{Name: "a", Action: "aws:branch", Choices: []Choice{{NextStep: "z"}}}}},
		"on failure":  {Steps: []Step{{Name: "a", Action: "aws:pause", OnFailure: "step:z"}}},
		"on failure?": {Steps: []Step{{Name: "a", Action: "aws:pause", OnFailure: "Retry"}}},
	} {
		if err := a.check(); err == nil {
			t.Errorf("%s: was accepted", name)
		}
	}
}

// executions returns the documents of the executions in a list, with "+" for more, or the
// error's code.
func (c *client) executions(members string) string {
	c.t.Helper()
	a := c.send("DescribeAutomationExecutions", "{"+members+"}")
	var out struct {
		AutomationExecutionMetadataList []struct {
			AutomationExecutionStatus, DocumentName, ParentAutomationExecutionID string
			ExecutionStartTime                                                   float64
		}
		NextToken string
	}
	if a.status != 200 || json.Unmarshal([]byte(a.raw), &out) != nil {
		return a.code()
	}
	var names []string
	for _, e := range out.AutomationExecutionMetadataList {
		if e.ExecutionStartTime == 0 {
			c.t.Errorf("no start time in %s", a.raw)
		}
		names = append(names, e.DocumentName+" "+e.AutomationExecutionStatus)
	}
	slices.Sort(names)
	line := strings.Join(names, ", ")
	if out.NextToken != "" {
		line += "+" + out.NextToken
	}
	return line
}

func TestDescribeAutomationExecutions(t *testing.T) {
	s, c, clk := start(t, Options{})
	gate := []Step{{Name: "gate", Action: "aws:approve"}}
	s.StartAutomation(Automation{ID: fixedID, DocumentName: "Deploy", Steps: []Step{{Name: "child", Action: "aws:executeAutomation", Hold: true}}})
	s.StartAutomation(Automation{DocumentName: "Deploy-Database", Parent: fixedID, Steps: gate})
	s.StartAutomation(Automation{DocumentName: "Deploy", Steps: []Step{{Name: "done", Action: "aws:executeScript"}}})
	s.StartAutomation(Automation{DocumentName: "Other", Region: "eu-west-1", Steps: gate})
	clk.advance(time.Minute)
	filter := func(key string, values ...string) string {
		return fmt.Sprintf(`{"Key":%q,"Values":["%s"]}`, key, strings.Join(values, `","`))
	}
	filters := func(all ...string) string { return `"Filters":[` + strings.Join(all, ",") + `]` }
	for _, test := range []struct{ members, want string }{
		{"", "Deploy InProgress, Deploy Success, Deploy-Database Waiting"},
		{filters(filter("DocumentNamePrefix", "Deploy")), "Deploy InProgress, Deploy Success, Deploy-Database Waiting"},
		{filters(filter("DocumentNamePrefix", "Deploy-")), "Deploy-Database Waiting"},
		{filters(filter("DocumentNamePrefix", "Deploy"), filter("ExecutionStatus", "Waiting", "InProgress")), "Deploy InProgress, Deploy-Database Waiting"},
		{filters(filter("ParentExecutionId", fixedID)), "Deploy-Database Waiting"},
		{filters(filter("ExecutionId", fixedID)), "Deploy InProgress"},
		{filters(filter("CurrentAction", "aws:approve")), "Deploy-Database Waiting"},
		{filters(filter("DocumentNamePrefix", "none")), ""},
		{filters(filter("TagKey", "x")), "InvalidFilterKey"},
		{filters(filter("DocumentName", "x")), "ValidationException"},
		{`"Filters":[]`, "ValidationException"},
		{`"Filters":[{"Key":"ExecutionId","Values":[]}]`, "ValidationException"},
		{filters(filter("ExecutionId", strings.Repeat("x", 151))), "ValidationException"},
		{filters(filter("ExecutionId", slices.Repeat([]string{"x"}, 11)...)), "ValidationException"},
		{filters(slices.Repeat([]string{filter("ExecutionId", "x")}, 11)...), "ValidationException"},
		{`"MaxResults":0`, "ValidationException"},
		{`"MaxResults":51`, "ValidationException"},
		{`"NextToken":"none"`, "InvalidNextToken"},
	} {
		if got := c.executions(test.members); got != test.want {
			t.Errorf("%s lists %q, want %q", test.members, got, test.want)
		}
	}
	first, token, _ := strings.Cut(c.executions(`"MaxResults":2`), "+")
	rest := c.executions(fmt.Sprintf(`"MaxResults":2,"NextToken":%q`, token))
	if strings.Count(first, ", ") != 1 || rest == "" || strings.Contains(rest, ", ") {
		t.Errorf("the pages are %q and %q", first, rest)
	}
}
