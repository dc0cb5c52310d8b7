package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

const fixedDeployment = "arn:aws:ecs:us-east-1:123456789012:service-deployment/default/web/first"

// ecs makes a request like a client of ECS.
func (c *client) ecs(operation, body string) answer {
	c.t.Helper()
	c.service = "ecs"
	return c.do(c.request(context.Background(), map[string]string{
		"content-type": "application/x-amz-json-1.1", "x-amz-target": "AmazonEC2ContainerServiceV20141113." + operation,
	}, body))
}

func (c *client) hook(id, action string) answer {
	c.t.Helper()
	return c.ecs("ContinueServiceDeployment", fmt.Sprintf(`{"serviceDeploymentArn":%q,"hookId":%q,"action":%q}`, fixedDeployment, id, action))
}

// deployment returns "status stage hook=status ..." as DescribeServiceDeployments shows it,
// or why it shows none.
func (c *client) deployment() string {
	c.t.Helper()
	a := c.ecs("DescribeServiceDeployments", fmt.Sprintf(`{"serviceDeploymentArns":[%q]}`, fixedDeployment))
	var out struct {
		ServiceDeployments []struct {
			Status, LifecycleStage string
			LifecycleHookDetails   []struct{ HookID, Status string }
		}
		Failures []struct{ Reason string }
	}
	if a.status != 200 || json.Unmarshal([]byte(a.raw), &out) != nil {
		return a.code()
	}
	for _, failure := range out.Failures {
		return failure.Reason
	}
	line := out.ServiceDeployments[0].Status + " " + out.ServiceDeployments[0].LifecycleStage
	for _, hook := range out.ServiceDeployments[0].LifecycleHookDetails {
		line += " " + hook.HookID + "=" + hook.Status
	}
	return line
}

func (c *client) wantDeployment(want string) {
	c.t.Helper()
	if got := c.deployment(); got != want {
		c.t.Fatalf("got %q, want %q", got, want)
	}
}

// listed returns the ends of the ARNs in a list, with "+" for more, or the error's code.
func (c *client) listed(members string) string {
	c.t.Helper()
	a := c.ecs("ListServiceDeployments", "{"+members+"}")
	var out struct {
		ServiceDeployments []struct{ ServiceDeploymentArn string }
		NextToken          string
	}
	if a.status != 200 || json.Unmarshal([]byte(a.raw), &out) != nil {
		return a.code()
	}
	var ids []string
	for _, d := range out.ServiceDeployments {
		ids = append(ids, lastPart(d.ServiceDeploymentArn))
	}
	return strings.Join(ids, " ") + map[bool]string{true: "+"}[out.NextToken != ""]
}

func web(d ServiceDeployment) ServiceDeployment {
	d.Service, d.ID = "web", "first"
	if d.Stages == nil {
		d.Stages = []DeploymentStage{{Name: "POST_SCALE_UP", HookID: "a"}, {Name: "TEST_TRAFFIC_SHIFT", Seconds: 10}, {HookID: "b"}}
	}
	return d
}

func TestPauses(t *testing.T) {
	s, c, clk := start(t, Options{})
	if state := s.StartServiceDeployment(web(ServiceDeployment{})); state.ARN != fixedDeployment || state.HookID != "a" {
		t.Errorf("state %+v", state)
	}
	c.wantDeployment("IN_PROGRESS POST_SCALE_UP a=AWAITING_ACTION")
	c.hook("b", "CONTINUE").want(t, 400, "InvalidParameterException")
	a := c.hook("a", "CONTINUE")
	if a.want(t, 200, ""); a.raw != fmt.Sprintf(`{"serviceDeploymentArn":%q}`, fixedDeployment) || a.header.Get("X-Amzn-Requestid") == "" {
		t.Errorf("answered %s", a.raw)
	}
	c.wantDeployment("IN_PROGRESS TEST_TRAFFIC_SHIFT a=SUCCEEDED")
	c.hook("a", "CONTINUE").want(t, 400, "InvalidParameterException")
	clk.advance(10 * time.Second)
	c.wantDeployment("IN_PROGRESS POST_TEST_TRAFFIC_SHIFT a=SUCCEEDED b=AWAITING_ACTION")
	c.ecs("ContinueServiceDeployment", fmt.Sprintf(`{"serviceDeploymentArn":%q,"hookId":"b"}`, fixedDeployment)).want(t, 200, "")
	c.wantDeployment("SUCCESSFUL CLEAN_UP a=SUCCEEDED b=SUCCEEDED")
	state, _ := s.ServiceDeployment(fixedDeployment)
	if len(state.Actions) != 2 || state.Actions[1].Action != "CONTINUE" || s.Accepted("ContinueServiceDeployment") != 2 {
		t.Errorf("state %+v", state)
	}
}

func TestRollbacks(t *testing.T) {
	for name, test := range map[string]struct {
		deployment ServiceDeployment
		act        func(s *Sandbox, c *client, clk *clock)
		want       string
	}{
		"asked for": {ServiceDeployment{RollbackSeconds: 10}, func(_ *Sandbox, c *client, _ *clock) { c.hook("a", "ROLLBACK").want(c.t, 200, "") },
			"ROLLBACK_IN_PROGRESS POST_SCALE_UP a=SUCCEEDED"},
		"asked for, and over": {ServiceDeployment{RolledBackHook: "FAILED"}, func(_ *Sandbox, c *client, _ *clock) { c.hook("a", "ROLLBACK").want(c.t, 200, "") },
			"ROLLBACK_SUCCESSFUL POST_SCALE_UP a=FAILED"},
		"failed":                    {ServiceDeployment{RollbackFails: true}, func(s *Sandbox, _ *client, _ *clock) { s.AnswerHook(fixedDeployment, "ROLLBACK") }, "ROLLBACK_FAILED POST_SCALE_UP a=SUCCEEDED"},
		"hook timed out":            {ServiceDeployment{}, func(_ *Sandbox, _ *client, clk *clock) { clk.advance(24 * time.Hour) }, "ROLLBACK_SUCCESSFUL POST_SCALE_UP a=TIMED_OUT"},
		"hook timed out, continues": {ServiceDeployment{Stages: []DeploymentStage{{HookID: "a", TimeoutSeconds: 60, TimeoutAction: "CONTINUE"}}}, func(_ *Sandbox, _ *client, clk *clock) { clk.advance(time.Minute) }, "SUCCESSFUL CLEAN_UP a=TIMED_OUT"},
		"stage failed":              {ServiceDeployment{Stages: []DeploymentStage{{HookID: "l", Seconds: 5, Lambda: true, Fail: "tasks failed to start"}}}, func(_ *Sandbox, _ *client, clk *clock) { clk.advance(5 * time.Second) }, "ROLLBACK_SUCCESSFUL POST_TEST_TRAFFIC_SHIFT l=IN_PROGRESS"},
		"stopped":                   {ServiceDeployment{}, func(s *Sandbox, _ *client, _ *clock) { s.StopServiceDeployment(fixedDeployment) }, "STOPPED POST_SCALE_UP a=AWAITING_ACTION"},
		"slow hook":                 {ServiceDeployment{HookSeconds: 5}, func(_ *Sandbox, c *client, _ *clock) { c.hook("a", "CONTINUE").want(c.t, 200, "") }, "IN_PROGRESS POST_SCALE_UP a=IN_PROGRESS"},
		"slow hook, done": {ServiceDeployment{HookSeconds: 5}, func(_ *Sandbox, c *client, clk *clock) {
			c.hook("a", "CONTINUE").want(c.t, 200, "")
			clk.advance(5 * time.Second)
		}, "IN_PROGRESS TEST_TRAFFIC_SHIFT a=SUCCEEDED"},
		"forgotten hook": {ServiceDeployment{ForgetsHooks: true}, func(_ *Sandbox, c *client, _ *clock) { c.hook("a", "CONTINUE").want(c.t, 200, "") }, "IN_PROGRESS TEST_TRAFFIC_SHIFT"},
		"repeated": {ServiceDeployment{AcceptRepeats: true}, func(_ *Sandbox, c *client, _ *clock) {
			c.hook("a", "CONTINUE").want(c.t, 200, "")
			c.hook("a", "ROLLBACK").want(c.t, 200, "")
		}, "IN_PROGRESS TEST_TRAFFIC_SHIFT a=SUCCEEDED"},
		"used, in other words": {ServiceDeployment{UsedHook: "ClientException"}, func(s *Sandbox, c *client, _ *clock) {
			s.AnswerHook(fixedDeployment, "CONTINUE")
			c.hook("a", "CONTINUE").want(c.t, 400, "ClientException")
		}, "IN_PROGRESS TEST_TRAFFIC_SHIFT a=SUCCEEDED"},
	} {
		t.Run(name, func(t *testing.T) {
			s, c, clk := start(t, Options{})
			c.t = t
			s.StartServiceDeployment(web(test.deployment))
			test.act(s, c, clk)
			c.wantDeployment(test.want)
		})
	}
}

func TestDeploymentReads(t *testing.T) {
	s, c, clk := start(t, Options{ReadLag: 2 * time.Second})
	if got := c.listed(`"service":"web"`); got != "ClusterNotFoundException" {
		t.Error(got)
	}
	s.StartServiceDeployment(web(ServiceDeployment{StartSeconds: 5, ServiceExists: true}))
	s.StartServiceDeployment(ServiceDeployment{Service: "api", ID: "other", StartSeconds: 3600, Stages: []DeploymentStage{{}}})
	c.wantDeployment("MISSING")
	for members, want := range map[string]string{`"service":"web"`: "", `"service":"api"`: "ServiceNotFoundException", `"service":"nobody"`: "ServiceNotFoundException", ``: "InvalidParameterException"} {
		if got := c.listed(members); got != want {
			t.Errorf("listed %q for %s", got, members)
		}
	}
	c.hook("a", "CONTINUE").want(t, 400, "ServiceDeploymentNotFoundException")
	clk.advance(8 * time.Second)
	c.wantDeployment("IN_PROGRESS POST_SCALE_UP a=AWAITING_ACTION")
	c.hook("a", "CONTINUE").want(t, 200, "")
	c.wantDeployment("IN_PROGRESS POST_SCALE_UP a=AWAITING_ACTION")
	clk.advance(2 * time.Second)
	c.wantDeployment("IN_PROGRESS TEST_TRAFFIC_SHIFT a=SUCCEEDED")

	s.StartServiceDeployment(ServiceDeployment{Service: "web", ID: "second", Stages: []DeploymentStage{{}}})
	clk.advance(2 * time.Second)
	s.StopServiceDeployment(fixedDeployment)
	clk.advance(2 * time.Second)
	created := clk.now().Add(-4 * time.Second).Unix()
	for members, want := range map[string]string{
		`"service":"web"`: "first second", `"service":"web","cluster":"default"`: "first second",
		`"service":"arn:aws:ecs:us-east-1:123456789012:service/default/web","cluster":"arn:aws:ecs:us-east-1:123456789012:cluster/default"`: "first second",
		`"service":"web","cluster":"other"`:                                 "ClusterNotFoundException",
		`"service":"web","status":["IN_PROGRESS"]`:                          "second",
		`"service":"web","status":["STOPPED","PENDING"]`:                    "first",
		`"service":"web","status":["DONE"]`:                                 "InvalidParameterException",
		`"service":"web","maxResults":1`:                                    "first+",
		`"service":"web","maxResults":1,"nextToken":"1"`:                    "second",
		`"service":"web","maxResults":0`:                                    "InvalidParameterException",
		`"service":"web","maxResults":101`:                                  "InvalidParameterException",
		`"service":"web","nextToken":"x"`:                                   "InvalidParameterException",
		fmt.Sprintf(`"service":"web","createdAt":{"after":%d}`, created):    "second",
		fmt.Sprintf(`"service":"web","createdAt":{"before":%d}`, created-1): "first",
	} {
		if got := c.listed(members); got != want {
			t.Errorf("listed %q for %s, want %q", got, members, want)
		}
	}
}

func TestRefusedDeploymentRequests(t *testing.T) {
	s, c, _ := start(t, Options{})
	s.StartServiceDeployment(web(ServiceDeployment{}))
	many := strings.TrimSuffix(strings.Repeat(fmt.Sprintf("%q,", fixedDeployment), 21), ",")
	for _, test := range []struct{ operation, body, code string }{
		{"ContinueServiceDeployment", `{}`, "InvalidParameterException"},
		{"ContinueServiceDeployment", fmt.Sprintf(`{"serviceDeploymentArn":%q,"hookId":""}`, fixedDeployment), "InvalidParameterException"},
		{"ContinueServiceDeployment", fmt.Sprintf(`{"serviceDeploymentArn":%q,"hookId":"a","action":"GO"}`, fixedDeployment), "InvalidParameterException"},
		{"ContinueServiceDeployment", `{"serviceDeploymentArn":"web","hookId":"a"}`, "InvalidParameterException"},
		{"ContinueServiceDeployment", strings.ReplaceAll(fmt.Sprintf(`{"serviceDeploymentArn":%q,"hookId":"a"}`, fixedDeployment), "us-east-1", "eu-west-1"), "InvalidParameterException"},
		{"ContinueServiceDeployment", fmt.Sprintf(`{"serviceDeploymentArn":"%sx","hookId":"a"}`, fixedDeployment), "ServiceDeploymentNotFoundException"},
		{"DescribeServiceDeployments", `{}`, "InvalidParameterException"},
		{"DescribeServiceDeployments", `{"serviceDeploymentArns":[` + many + `]}`, "InvalidParameterException"},
		{"DescribeServiceDeployments", `{"serviceDeploymentArns":["web"]}`, "InvalidParameterException"},
		{"StopServiceDeployment", `{}`, "UnknownOperationException"},
	} {
		c.ecs(test.operation, test.body).want(t, 400, test.code)
	}
	if s.Accepted("ContinueServiceDeployment") != 0 {
		t.Errorf("the request log is %v", s.RequestLog())
	}
}

func TestDeploymentAdministration(t *testing.T) {
	_, c, _ := start(t, Options{})
	var state ServiceDeploymentState
	c.admin("POST", "ecs/deployments", `{"Service":"web","ID":"first","Stages":[{"HookID":"a"}]}`, &state)
	if state.ARN != fixedDeployment || state.HookID != "a" {
		t.Errorf("state %+v", state)
	}
	c.admin("POST", "ecs/answers", fmt.Sprintf(`{"ARN":%q,"Action":"CONTINUE"}`, fixedDeployment), &struct{}{})
	var states []ServiceDeploymentState
	c.admin("GET", "ecs/deployments", "", &states)
	if len(states) != 1 || states[0].Status != "SUCCESSFUL" {
		t.Errorf("states %+v", states)
	}
	for _, d := range []ServiceDeployment{
		{}, {Stages: []DeploymentStage{{Name: "NO_STAGE"}}}, {Stages: []DeploymentStage{{TimeoutAction: "WAIT"}}},
		{Stages: []DeploymentStage{{}}, UsedHook: "X"}, {Stages: []DeploymentStage{{}}, RolledBackHook: "X"},
	} {
		if d.check() == nil {
			t.Errorf("%+v is accepted", d)
		}
	}
}
