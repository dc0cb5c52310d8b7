package ecs_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

const (
	send     = "ContinueServiceDeployment"
	describe = "DescribeServiceDeployments"
	list     = "ListServiceDeployments"
)

// start starts a provider and one deployment, and returns the arguments that answer its
// first hook.
func start(t *testing.T, d sandbox.ServiceDeployment) (*sandbox.Sandbox, *acctest.Resource, acctest.Values) {
	t.Helper()
	s := acctest.Sandbox(t, sandbox.Options{})
	if d.Stages == nil {
		d.Stages = []sandbox.DeploymentStage{{}, {}}
	}
	started := s.StartServiceDeployment(d)
	return s, acctest.StartProvider(t, acctest.Block(s.URL())).Resource("signal_ecs_deployment"),
		acctest.Values{"service_deployment_arn": started.ARN, "hook_id": started.HookID}
}

func state(t *testing.T, s *sandbox.Sandbox, config acctest.Values) sandbox.ServiceDeploymentState {
	t.Helper()
	d, ok := s.ServiceDeployment(config["service_deployment_arn"].(string))
	if !ok {
		t.Fatalf("there is no deployment %s", config["service_deployment_arn"])
	}
	return d
}

// outcome checks the delivery of a signal, and how often it was sent.
func outcome(t *testing.T, s *sandbox.Sandbox, r *acctest.Resource, delivery string, sends int) {
	t.Helper()
	if got := s.Count(send); r.String("delivery") != delivery || got != sends {
		t.Errorf("delivery is %q after %d sends, want %q after %d: %v", r.String("delivery"), got, delivery, sends, s.RequestLog())
	}
}

func TestActionsMoveDeployments(t *testing.T) {
	one := sandbox.ServiceDeployment{Stages: []sandbox.DeploymentStage{{}}}
	for name, test := range map[string]struct {
		deployment sandbox.ServiceDeployment
		action     any
		ends       string
		took       string
	}{
		"continue":            {one, "CONTINUE", "SUCCESSFUL", "CONTINUE"},
		"continue on the way": {sandbox.ServiceDeployment{}, "CONTINUE", "IN_PROGRESS", "CONTINUE"},
		"by default":          {one, nil, "SUCCESSFUL", "CONTINUE"},
		"rollback":            {one, "ROLLBACK", "ROLLBACK_SUCCESSFUL", "ROLLBACK"},
	} {
		t.Run(name, func(t *testing.T) {
			s, r, config := start(t, test.deployment)
			if diags := r.Apply(config.With(acctest.Values{"action": test.action})); len(diags) > 0 {
				t.Fatal(diags)
			}
			if d := state(t, s, config); d.Status != test.ends || len(d.Actions) != 1 || d.Actions[0].Action != test.took || len(s.RequestLog()) != 1 {
				t.Errorf("the deployment is %+v, want %s", d, test.ends)
			}
			outcome(t, s, r, "SENT", 1)
		})
	}
}

// A hook takes one action. The provider reads what happened to it, and says so.
func TestClosedHooks(t *testing.T) {
	one := []sandbox.DeploymentStage{{}}
	for name, test := range map[string]struct {
		deployment sandbox.ServiceDeployment
		close      func(s *sandbox.Sandbox, arn string)
		change     acctest.Values
		at         string
		says       []string
		gone       bool
	}{
		"continued": {close: func(s *sandbox.Sandbox, arn string) { s.AnswerHook(arn, "CONTINUE") }, at: "hook_id",
			says: []string{"InvalidParameterException", "the hook is SUCCEEDED in a deployment that is IN_PROGRESS"}, gone: true},
		"continued, in other words": {deployment: sandbox.ServiceDeployment{UsedHook: "ClientException"}, close: func(s *sandbox.Sandbox, arn string) { s.AnswerHook(arn, "CONTINUE") }, at: "hook_id",
			says: []string{"ClientException", "the hook is SUCCEEDED in a deployment that is IN_PROGRESS"}, gone: true},
		"rolled back": {close: func(s *sandbox.Sandbox, arn string) { s.AnswerHook(arn, "ROLLBACK") }, at: "hook_id",
			says: []string{"in a deployment that is ROLLBACK_SUCCESSFUL"}, gone: true},
		"stopped": {close: func(s *sandbox.Sandbox, arn string) { s.StopServiceDeployment(arn) }, at: "hook_id",
			says: []string{"the hook is AWAITING_ACTION in a deployment that is STOPPED"}, gone: true},
		"forgotten": {deployment: sandbox.ServiceDeployment{ForgetsHooks: true}, close: func(s *sandbox.Sandbox, arn string) { s.AnswerHook(arn, "CONTINUE") }, at: "hook_id",
			says: []string{"lists no hook"}},
		"may not be read": {close: func(s *sandbox.Sandbox, arn string) {
			s.AnswerHook(arn, "CONTINUE")
			s.Inject(sandbox.Fault{Operation: describe, Kind: sandbox.KindRefuse})
		}, at: "hook_id", says: []string{"A hook takes one action"}},
		"another's hook": {change: acctest.Values{"hook_id": "nobody"}, at: "hook_id", says: []string{"lists no hook nobody"}},
		"no deployment":  {change: acctest.Values{"service_deployment_arn": arn}, at: "service_deployment_arn", says: []string{"ServiceDeploymentNotFoundException", "region and account"}, gone: true},
		"another region": {change: acctest.Values{"region": "eu-west-1"}, at: "hook_id", says: []string{"in this region"}},
	} {
		t.Run(name, func(t *testing.T) {
			if test.deployment.Stages == nil {
				test.deployment.Stages = append(one, sandbox.DeploymentStage{})
			}
			s, r, config := start(t, test.deployment)
			if test.close != nil {
				test.close(s, config["service_deployment_arn"].(string))
			}
			config = config.With(test.change)
			says(t, r.Apply(config), true, append(test.says, "Signal Rejected")...)
			if diags := r.Apply(config); len(diags) != 1 || diags[0].Attribute != test.at {
				t.Errorf("said %s, want one error on %s", diags, test.at)
			}
			outcome(t, s, r, "", 2)
			// A destroy ends only if the hook certainly takes no answer any more.
			says(t, r.Apply(config.With(acctest.Values{"when": "destroy"})), false)
			diags := r.Destroy()
			if diags.HasError() == test.gone || r.State.IsNull() != test.gone {
				t.Errorf("the destroy left %s and said %s", r.State, diags)
			}
		})
	}
}

// After a lost answer the hook and the deployment's last update decide.
func TestLostAnswers(t *testing.T) {
	before, after := sandbox.KindDropBefore, sandbox.KindDropAfter
	const answered = "by this signal, by another one, or by itself"
	for name, test := range map[string]struct {
		deployment sandbox.ServiceDeployment
		lost       sandbox.Kind
		action     string
		meanwhile  func(s *sandbox.Sandbox, arn string)
		refuse     bool
		delivery   string
		sends      int
		says       string
	}{
		"never arrived":                      {lost: before, action: "CONTINUE", delivery: "SENT", sends: 2},
		"arrived":                            {lost: after, action: "CONTINUE", delivery: "CONFIRMED", sends: 1},
		"arrived, by default":                {lost: after, delivery: "CONFIRMED", sends: 1},
		"rollback never arrived":             {lost: before, action: "ROLLBACK", delivery: "SENT", sends: 2},
		"rollback arrived":                   {lost: after, action: "ROLLBACK", delivery: "CONFIRMED", sends: 1},
		"rollback arrived, and hook failed":  {deployment: sandbox.ServiceDeployment{RolledBackHook: "FAILED"}, lost: after, action: "ROLLBACK", delivery: "CONFIRMED", sends: 1},
		"rollback arrived, and goes on":      {deployment: sandbox.ServiceDeployment{RollbackSeconds: 600}, lost: after, action: "ROLLBACK", delivery: "CONFIRMED", sends: 1},
		"rollback arrived, nothing updated":  {deployment: sandbox.ServiceDeployment{RollbackSeconds: 600, HidesUpdates: true}, lost: after, action: "ROLLBACK", delivery: "CONFIRMED", sends: 1},
		"arrived, and the hook is at work":   {deployment: sandbox.ServiceDeployment{HookSeconds: 600}, lost: after, delivery: "UNKNOWN", sends: 1, says: "may be this one, or another"},
		"arrived, and the hook is forgotten": {deployment: sandbox.ServiceDeployment{ForgetsHooks: true}, lost: after, delivery: "UNKNOWN", sends: 1, says: "lists no hook"},
		"arrived, and may not be read":       {lost: after, refuse: true, delivery: "UNKNOWN", sends: 1, says: "ecs:DescribeServiceDeployments"},
		"somebody continued it, too": {lost: before, action: "ROLLBACK", meanwhile: func(s *sandbox.Sandbox, arn string) { s.AnswerHook(arn, "CONTINUE") },
			delivery: "UNKNOWN", sends: 1, says: answered},
		"somebody rolled it back, too": {lost: before, action: "CONTINUE", meanwhile: func(s *sandbox.Sandbox, arn string) { s.AnswerHook(arn, "ROLLBACK") },
			delivery: "UNKNOWN", sends: 1, says: "may be this one, or another"},
		"somebody stopped it": {lost: before, meanwhile: func(s *sandbox.Sandbox, arn string) { s.StopServiceDeployment(arn) },
			delivery: "UNKNOWN", sends: 1, says: answered},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, r, config := start(t, test.deployment)
			if test.action != "" {
				config = config.With(acctest.Values{"action": test.action})
			}
			s.Inject(sandbox.Fault{Operation: send, Kind: test.lost, Times: 1})
			if test.refuse {
				s.Inject(sandbox.Fault{Operation: describe, Kind: sandbox.KindRefuse})
			}
			if test.meanwhile != nil {
				s.Hook(describe, sync.OnceFunc(func() { test.meanwhile(s, config["service_deployment_arn"].(string)) }), nil)
			}
			diags := r.Apply(config)
			if diags.HasError() != (test.delivery == "UNKNOWN") || !strings.Contains(diags.String(), test.says) {
				t.Errorf("said %s", diags)
			}
			outcome(t, s, r, test.delivery, test.sends)
			if s.Count(list) > 0 {
				t.Errorf("the request log is %v", s.RequestLog())
			}
		})
	}
}

func TestErrorsOfTheService(t *testing.T) {
	for code, test := range map[string]struct {
		at, says string
	}{
		"AccessDeniedException":              {"", "ecs:ContinueServiceDeployment"},
		"ServiceDeploymentNotFoundException": {"service_deployment_arn", "region and account"},
		"InvalidParameterException":          {"hook_id", "takes one action"},
		"ClientException":                    {"hook_id", "takes one action"},
		"UnsupportedFeatureException":        {"", "does not offer"},
		"UnrecognizedClientException":        {"", "credentials"},
		"SomethingNewException":              {"", "SomethingNewException"},
	} {
		t.Run(code, func(t *testing.T) {
			s, r, config := start(t, sandbox.ServiceDeployment{})
			s.Inject(sandbox.Fault{Operation: "*", Kind: sandbox.KindRefuse, Status: 400, Code: code, Message: "the service's words"})
			diags := r.Apply(config)
			if len(diags) != 1 || diags[0].Attribute != test.at {
				t.Fatalf("said %s, want one error on %q", diags, test.at)
			}
			for _, part := range []string{"CONTINUE", config["service_deployment_arn"].(string), config["hook_id"].(string), "us-east-1", code, "the service's words", s.RequestLog()[0].RequestID, test.says} {
				if !strings.Contains(diags.String(), part) {
					t.Errorf("%q is not in the error:\n%s", part, diags)
				}
			}
			if s.Count(send) != 1 || !r.State.IsNull() {
				t.Errorf("recorded %s, said %s", r.State, diags)
			}
		})
	}
}

// ECS does not always show who answered a hook.
func TestLostAnswersThatNothingTells(t *testing.T) {
	for name, test := range map[string]struct {
		deployment sandbox.ServiceDeployment
		lost       sandbox.Kind
		meanwhile  func(w *world)
		says       string
	}{
		// It is not documented which changes updatedAt shows.
		"arrived, and nothing tells since when": {sandbox.ServiceDeployment{Stages: []sandbox.DeploymentStage{{}, {}}, HidesUpdates: true}, sandbox.KindDropAfter, func(*world) {},
			"the hook is SUCCEEDED in a deployment that is IN_PROGRESS"},
		"timed out before it arrived": {sandbox.ServiceDeployment{Stages: []sandbox.DeploymentStage{{TimeoutSeconds: 250, TimeoutAction: "CONTINUE"}, {}}}, sandbox.KindDropBefore, func(w *world) { w.move(10 * time.Second) },
			"the hook is TIMED_OUT in a deployment that is IN_PROGRESS"},
	} {
		t.Run(name, func(t *testing.T) {
			w, started := play(t, 0, test.deployment)
			w.move(4 * time.Minute)
			w.Hook(describe, sync.OnceFunc(func() { test.meanwhile(w) }), nil)
			w.Inject(sandbox.Fault{Operation: send, Kind: test.lost, Times: 1})
			r := w.resource()
			says(t, r.Apply(hook(started[0])), true, "Outcome of the Signal Unknown", test.says, "by this signal, by another one, or by itself")
			outcome(t, w.Sandbox, r, "UNKNOWN", 1)
		})
	}
}

// A rollback shows when it began, even after other updates.
func TestLostRollbackIsToldByItsBeginning(t *testing.T) {
	w, started := play(t, 0, sandbox.ServiceDeployment{HidesUpdates: true, RollbackSeconds: 600})
	w.move(4 * time.Minute)
	w.Hook(describe, nil, nil)
	w.Inject(sandbox.Fault{Operation: send, Kind: sandbox.KindDropAfter, Times: 1})
	r := w.resource()
	apply(t, r, hook(started[0]).With(acctest.Values{"action": "ROLLBACK"}))
	outcome(t, w.Sandbox, r, "CONFIRMED", 1)
}
