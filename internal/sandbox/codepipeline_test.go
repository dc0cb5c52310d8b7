package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// pipeline makes a request like a client of CodePipeline.
func (c *client) pipeline(operation, body string) answer {
	c.t.Helper()
	c.service = "codepipeline"
	return c.do(c.request(context.Background(), map[string]string{
		"content-type": "application/x-amz-json-1.1", "x-amz-target": "CodePipeline_20150709." + operation,
	}, body))
}

func (c *client) approve(token, status, summary string) answer {
	c.t.Helper()
	return c.pipeline("PutApprovalResult", fmt.Sprintf(
		`{"pipelineName":"release","stageName":"Approve","actionName":"Ask","result":{"status":%q,"summary":%q},"token":%q}`, status, summary, token))
}

// action returns the approval's "status summary token" as GetPipelineState shows it, with
// "+" for a token.
func (c *client) action() string {
	c.t.Helper()
	a := c.pipeline("GetPipelineState", `{"name":"release"}`)
	if a.status != 200 {
		return a.code()
	}
	var out struct {
		StageStates []struct {
			StageName    string
			ActionStates []struct {
				LatestExecution *struct{ Status, Summary, Token string }
			}
		}
	}
	if err := json.Unmarshal([]byte(a.raw), &out); err != nil {
		c.t.Fatal(a.raw)
	}
	for _, stage := range out.StageStates {
		if latest := stage.ActionStates[0].LatestExecution; stage.StageName == "Approve" && latest != nil {
			return strings.TrimSpace(latest.Status + " " + latest.Summary + map[bool]string{true: "+"}[latest.Token != ""])
		}
	}
	return ""
}

func (c *client) wantAction(want string) {
	c.t.Helper()
	if got := c.action(); got != want {
		c.t.Fatalf("got %q, want %q", got, want)
	}
}

// execution returns the status of a pipeline's execution, or the error's code.
func (c *client) execution(id string) string {
	c.t.Helper()
	a := c.pipeline("GetPipelineExecution", fmt.Sprintf(`{"pipelineName":"release","pipelineExecutionId":%q}`, id))
	var out struct{ PipelineExecution struct{ Status string } }
	if a.status != 200 || json.Unmarshal([]byte(a.raw), &out) != nil {
		return a.code()
	}
	return out.PipelineExecution.Status
}

func release(p Pipeline) Pipeline {
	p.Name = "release"
	if p.Stages == nil {
		p.Stages = []PipelineStage{
			{Name: "Build", Actions: []PipelineAction{{Name: "Compile", Seconds: 10}}},
			{Name: "Approve", Actions: []PipelineAction{{Name: "Ask"}}},
			{Name: "Deploy", Actions: []PipelineAction{{Name: "Roll", Seconds: 10}}},
		}
	}
	return p
}

func TestApprovals(t *testing.T) {
	s, c, clk := start(t, Options{})
	id := s.StartPipeline(release(Pipeline{})).ExecutionID
	c.wantAction("")
	c.approve(someUUID, "Approved", "").want(t, 400, "InvalidApprovalTokenException")
	clk.advance(10 * time.Second)
	c.wantAction("InProgress +")
	token := s.Pipelines("release")[0].Token
	a := c.approve(token, "Approved", "Go")
	if a.want(t, 200, ""); a.raw != fmt.Sprintf(`{"approvedAt":%d}`, clk.now().Unix()) {
		t.Errorf("answered %s", a.raw)
	}
	c.wantAction("Succeeded Go")
	c.approve(token, "Approved", "Go").want(t, 400, "ApprovalAlreadyCompletedException")
	if got := c.execution(id); got != "InProgress" {
		t.Error(got)
	}
	clk.advance(10 * time.Second)
	if got := c.execution(id); got != "Succeeded" {
		t.Error(got)
	}
	if state := s.Pipelines("release")[0]; len(state.Results) != 1 || state.Results[0].Summary != "Go" || s.Accepted("PutApprovalResult") != 1 {
		t.Errorf("state %+v", state)
	}
}

func TestApprovalsThatFail(t *testing.T) {
	s, c, clk := start(t, Options{})
	stages := []PipelineStage{{Name: "Approve", Actions: []PipelineAction{{Name: "Ask", TimeoutSeconds: 60}}}, {Name: "Deploy", Actions: []PipelineAction{{Name: "Roll", Seconds: 5, Fail: "the disk is full"}}}}
	rejected := s.StartPipeline(release(Pipeline{Stages: stages, UsedToken: "InvalidApprovalTokenException"}))
	c.approve(rejected.Token, "Rejected", "No").want(t, 200, "")
	c.approve(rejected.Token, "Approved", "").want(t, 400, "InvalidApprovalTokenException")
	c.wantAction("Failed No")
	expired := s.StartPipeline(release(Pipeline{Stages: stages}))
	c.wantAction("InProgress +")
	clk.advance(time.Minute)
	c.wantAction("Failed The approval has timed out")
	c.approve(expired.Token, "Approved", "").want(t, 400, "InvalidApprovalTokenException")
	superseded := s.StartPipeline(release(Pipeline{Stages: stages}))
	broken := s.StartPipeline(release(Pipeline{Stages: stages}))
	c.approve(broken.Token, "Approved", "").want(t, 200, "")
	clk.advance(5 * time.Second)
	stopped := s.StartPipeline(release(Pipeline{Stages: stages}))
	if !s.StopPipeline(stopped.ExecutionID) || s.StopPipeline(stopped.ExecutionID) {
		t.Error("an execution can be stopped once")
	}
	for id, want := range map[string]string{
		rejected.ExecutionID: "Failed", expired.ExecutionID: "Failed", superseded.ExecutionID: "Superseded", broken.ExecutionID: "Failed",
		stopped.ExecutionID: "Stopped", someUUID: "PipelineExecutionNotFoundException",
	} {
		if got := c.execution(id); got != want {
			t.Errorf("%s: got %s, want %s", id, got, want)
		}
	}
	c.wantAction("Abandoned")
}

// In PARALLEL mode each execution has its own approval, whose token is only in the list of
// actions.
func TestParallelPipelines(t *testing.T) {
	s, c, _ := start(t, Options{})
	stages := []PipelineStage{{Name: "Approve", Actions: []PipelineAction{{Name: "Ask"}}}}
	first, second := s.StartPipeline(release(Pipeline{Mode: "PARALLEL", Stages: stages})), s.StartPipeline(release(Pipeline{Mode: "PARALLEL", Stages: stages}))
	c.wantAction("InProgress")
	for _, state := range []PipelineState{first, second} {
		a := c.pipeline("ListActionExecutions", fmt.Sprintf(`{"pipelineName":"release","filter":{"pipelineExecutionId":%q},"maxResults":100}`, state.ExecutionID))
		if a.want(t, 200, ""); strings.Count(a.raw, "externalExecutionId") != 1 || !strings.Contains(a.raw, state.Token) {
			t.Error(a.raw)
		}
	}
	c.approve(first.Token, "Approved", "x").want(t, 200, "")
	if c.execution(first.ExecutionID) != "Succeeded" || c.execution(second.ExecutionID) != "InProgress" {
		t.Error(s.Pipelines("release"))
	}
	c.pipeline("ListActionExecutions", fmt.Sprintf(`{"pipelineName":"release","filter":{"pipelineExecutionId":%q}}`, someUUID)).want(t, 400, "PipelineExecutionNotFoundException")
}

func TestPipelineLag(t *testing.T) {
	s, c, clk := start(t, Options{ReadLag: 5 * time.Second})
	state := s.StartPipeline(release(Pipeline{Stages: []PipelineStage{{Name: "Approve", Actions: []PipelineAction{{Name: "Ask"}}}}, AcceptRepeats: true}))
	c.wantAction("")
	clk.advance(5 * time.Second)
	c.wantAction("InProgress +")
	c.approve(state.Token, "Approved", "x").want(t, 200, "")
	c.approve(state.Token, "Approved", "y").want(t, 200, "")
	c.wantAction("InProgress +")
	clk.advance(5 * time.Second)
	c.wantAction("Succeeded x")
}

func TestUnknownPipelines(t *testing.T) {
	s, c, _ := start(t, Options{})
	spec := release(Pipeline{})
	spec.Region = "eu-west-1"
	s.StartPipeline(spec)
	c.approve(someUUID, "Approved", "").want(t, 400, "PipelineNotFoundException")
	c.wantAction("PipelineNotFoundException")
	c.region = "eu-west-1"
	for body, code := range map[string]string{
		`"stageName":"Other","actionName":"Ask"`:     "StageNotFoundException",
		`"stageName":"Approve","actionName":"Other"`: "ActionNotFoundException",
	} {
		c.pipeline("PutApprovalResult", `{"pipelineName":"release",`+body+`,"result":{"status":"Approved","summary":""},"token":"`+someUUID+`"}`).want(t, 400, code)
	}
}

func TestCodePipelineConstraints(t *testing.T) {
	s, c, _ := start(t, Options{})
	s.StartPipeline(release(Pipeline{}))
	good := map[string]any{"pipelineName": "release", "stageName": "Approve", "actionName": "Ask", "token": someUUID, "result": map[string]any{"status": "Approved", "summary": strings.Repeat("é", 512)}}
	long := strings.Repeat("a", 101)
	for name, values := range map[string][]any{
		"pipelineName": {nil, "", long, "a b"}, "stageName": {nil, "", long, "é"}, "actionName": {nil, "", long, "a/b"},
		"token":  {nil, "", strings.ToUpper("abcdef12-0000-4000-8000-000000000000"), someUUID + "0", "x"},
		"result": {nil, map[string]any{"status": "Approved"}, map[string]any{"summary": ""}, map[string]any{"status": "approved", "summary": ""}, map[string]any{"status": "Approved", "summary": strings.Repeat("é", 513)}},
	} {
		for _, value := range values {
			in := map[string]any{}
			for k, v := range good {
				in[k] = v
			}
			if in[name] = value; value == nil {
				delete(in, name)
			}
			a := c.pipeline("PutApprovalResult", string(mustJSON(in)))
			if a.want(t, 400, "ValidationException"); !strings.Contains(a.raw, "at '"+name) {
				t.Errorf("%s = %v: %s", name, value, a.raw)
			}
		}
	}
	c.pipeline("PutApprovalResult", string(mustJSON(good))).want(t, 400, "InvalidApprovalTokenException")
	c.pipeline("PutApprovalResult", `{`).want(t, 400, "SerializationException")
	for _, operation := range []string{"GetPipelineState", "GetPipelineExecution", "ListActionExecutions"} {
		c.pipeline(operation, `{}`).want(t, 400, "ValidationException")
	}
	c.pipeline("ListActionExecutions", `{"pipelineName":"release","maxResults":101}`).want(t, 400, "ValidationException")
	c.pipeline("StartPipelineExecution", `{}`).want(t, 400, "UnknownOperationException")
}

func TestCodePipelineFaultsAndAdmin(t *testing.T) {
	s, c, _ := start(t, Options{})
	var state PipelineState
	if status := c.admin("POST", "codepipeline/executions", `{"Name":"release","Stages":[{"Name":"Approve","Actions":[{"Name":"Ask"}]}]}`, &state); status != 200 || !approvalToken.MatchString(state.Token) {
		t.Fatalf("%d %+v", status, state)
	}
	s.Inject(Fault{Operation: "codepipeline:PutApprovalResult", Kind: KindRefuse, Times: 1})
	a := c.approve(state.Token, "Approved", "")
	if a.want(t, 400, "AccessDeniedException"); !strings.Contains(a.raw, "codepipeline:PutApprovalResult on resource: arn:aws:codepipeline:us-east-1:123456789012:release/Approve/Ask") {
		t.Errorf("denied with %s", a.raw)
	}
	c.approve(state.Token, "Approved", "").want(t, 200, "")
	var all []PipelineState
	if c.admin("GET", "codepipeline/executions", "", &all); len(all) != 1 || len(all[0].Results) != 1 {
		t.Errorf("executions %+v", all)
	}
	for name, body := range map[string]string{
		"no stages": `{}`, "name": `{"Name":"a b","Stages":[{"Name":"A","Actions":[{"Name":"B"}]}]}`, "mode": `{"Mode":"QUEUE","Stages":[{"Name":"A","Actions":[{"Name":"B"}]}]}`,
		"no actions": `{"Stages":[{"Name":"A"}]}`, "action": `{"Stages":[{"Name":"A","Actions":[{}]}]}`, "execution": `{"ExecutionID":"x","Stages":[{"Name":"A","Actions":[{"Name":"B"}]}]}`, "used": `{"UsedToken":"x","Stages":[{"Name":"A","Actions":[{"Name":"B"}]}]}`, "typo": `{"Stagess":[]}`,
	} {
		if got := c.admin("POST", "codepipeline/executions", body, nil); got != 400 {
			t.Errorf("%s: status %d", name, got)
		}
	}
	if got := c.admin("DELETE", "codepipeline/executions/none", "", nil); got != 404 {
		t.Errorf("status %d", got)
	}
	s.Reset()
	if len(s.Pipelines("")) != 0 {
		t.Error("the reset left something")
	}
}

// Somebody else answers in the console. The list of actions distinguishes approvals from
// other actions.
func TestAnswerApproval(t *testing.T) {
	s, c, clk := start(t, Options{})
	if err := s.AnswerApproval("release", "arn", "Approved", ""); err == nil {
		t.Error("nothing was answered")
	}
	s.StartPipeline(release(Pipeline{ExecutionID: someUUID, HideSummaries: true}))
	clk.advance(10 * time.Second)
	if err := s.AnswerApproval("release", "arn:aws:iam::123456789012:user/other", "Approved", "Go"); err != nil {
		t.Fatal(err)
	}
	c.wantAction("Succeeded Go")
	a := c.pipeline("ListActionExecutions", fmt.Sprintf(`{"pipelineName":"release","filter":{"pipelineExecutionId":%q}}`, someUUID))
	if strings.Count(a.raw, `"category":"Approval"`) != 1 || strings.Count(a.raw, `"category":"Build"`) != 2 || strings.Contains(a.raw, "Go") || !strings.Contains(a.raw, "user/other") {
		t.Error(a.raw)
	}
}

// If the newest execution has not reached an action yet, the action shows an older
// execution, and the stage shows the newest.
func TestStageOfTheNewestExecution(t *testing.T) {
	s, c, _ := start(t, Options{})
	stages := []PipelineStage{{Name: "Approve", Actions: []PipelineAction{{Name: "Ask"}, {Name: "Roll", Seconds: 5, Fail: "no"}}}}
	s.StartPipeline(release(Pipeline{Stages: stages}))
	if err := s.AnswerApproval("release", "arn", "Approved", ""); err != nil {
		t.Fatal(err)
	}
	second := s.StartPipeline(release(Pipeline{Stages: stages}))
	a := c.pipeline("GetPipelineState", `{"name":"release"}`)
	if !strings.Contains(a.raw, fmt.Sprintf(`"latestExecution":{"pipelineExecutionId":%q,"status":"InProgress"}`, second.ExecutionID)) || strings.Count(a.raw, "Abandoned") != 1 {
		t.Error(a.raw)
	}
}
