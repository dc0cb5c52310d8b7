package ecs_test

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

var (
	ready    = acctest.Values{"wait_until_ready": true}
	complete = acctest.Values{"wait_for_completion": true}
	byName   = acctest.Values{"cluster": "default", "service": "web"}
)

// world is a sandbox whose clock is moved on by the reads of a test, with a provider.
type world struct {
	*sandbox.Sandbox
	*acctest.Provider
	offset atomic.Int64
}

func (w *world) move(d time.Duration) { w.offset.Add(int64(d)) }

// play starts deployments on a clock that each description moves on by 15 seconds.
func play(t *testing.T, lag time.Duration, deployments ...sandbox.ServiceDeployment) (w *world, started []sandbox.ServiceDeploymentState) {
	t.Helper()
	w = &world{}
	w.Sandbox = acctest.Sandbox(t, sandbox.Options{ReadLag: lag, Now: func() time.Time { return time.Now().Add(time.Duration(w.offset.Load())) }})
	w.Provider = acctest.StartProvider(t, acctest.Block(w.URL()))
	for _, d := range deployments {
		started = append(started, w.web(d))
	}
	for _, read := range []string{describe, list} {
		w.Hook(read, func() { w.move(15 * time.Second) }, nil)
	}
	return w, started
}

func (w *world) web(d sandbox.ServiceDeployment) sandbox.ServiceDeploymentState {
	d.Service = "web"
	if d.Stages == nil {
		d.Stages = []sandbox.DeploymentStage{{}}
	}
	return w.StartServiceDeployment(d)
}

func (w *world) resource() *acctest.Resource { return w.Resource("signal_ecs_deployment") }

func hook(d sandbox.ServiceDeploymentState) acctest.Values {
	return acctest.Values{"service_deployment_arn": d.ARN, "hook_id": d.HookID}
}

// made checks the operations in the request log, without repeats, and clears it. The tests
// of delivery check how often a wait reads.
func made(t *testing.T, w *world, want ...string) {
	t.Helper()
	var got []string
	for _, entry := range w.RequestLog() {
		if n := len(got); entry.Operation == list && n > 1 && got[n-2] == list && got[n-1] == describe {
			got = got[:n-2]
		}
		got = append(got, entry.Operation)
	}
	if got = slices.Compact(got); !slices.Equal(got, want) {
		t.Errorf("made %q, want %q", got, want)
	}
	w.ResetRequestLog()
}

func says(t *testing.T, diags acctest.Diagnostics, isError bool, parts ...string) {
	t.Helper()
	if diags.HasError() != isError {
		t.Errorf("an error: %t, want %t: %s", diags.HasError(), isError, diags)
	}
	for _, part := range parts {
		if !strings.Contains(diags.String(), part) {
			t.Errorf("%q is not in what was said:\n%s", part, diags)
		}
	}
}

func apply(t *testing.T, r *acctest.Resource, config acctest.Values) {
	t.Helper()
	if diags := r.Apply(config); len(diags) > 0 {
		t.Fatal(diags)
	}
}

func merged(all ...acctest.Values) acctest.Values {
	config := acctest.Values{}
	for _, values := range all {
		config = config.With(values)
	}
	return config
}

// What an end means depends on the action.
func TestEveryEnd(t *testing.T) {
	pause, slow, broken := sandbox.DeploymentStage{}, sandbox.DeploymentStage{Seconds: 20}, sandbox.DeploymentStage{Seconds: 20, Fail: "tasks failed to start"}
	for name, test := range map[string]struct {
		deployment sandbox.ServiceDeployment
		action     string
		word       string
		succeeds   bool
		reason     string
	}{
		"continue":                   {sandbox.ServiceDeployment{Stages: []sandbox.DeploymentStage{pause, slow}}, "CONTINUE", "SUCCESSFUL", true, ""},
		"continue, and then failure": {sandbox.ServiceDeployment{Stages: []sandbox.DeploymentStage{pause, broken}, RollbackSeconds: 20}, "CONTINUE", "ROLLBACK_SUCCESSFUL", false, "tasks failed to start"},
		"continue, and then timeout": {sandbox.ServiceDeployment{Stages: []sandbox.DeploymentStage{pause, {TimeoutSeconds: 20}}}, "CONTINUE", "ROLLBACK_SUCCESSFUL", false, "timed out"},
		"continue, and worse":        {sandbox.ServiceDeployment{Stages: []sandbox.DeploymentStage{pause, broken}, RollbackFails: true}, "CONTINUE", "ROLLBACK_FAILED", false, "tasks failed to start"},
		"rollback":                   {sandbox.ServiceDeployment{RollbackSeconds: 20}, "ROLLBACK", "ROLLBACK_SUCCESSFUL", true, ""},
		"rollback that fails":        {sandbox.ServiceDeployment{RollbackSeconds: 20, RollbackFails: true}, "ROLLBACK", "ROLLBACK_FAILED", true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, started := play(t, 0, test.deployment)
			r, config := w.resource(), merged(hook(started[0]), complete, acctest.Values{"action": test.action})
			diags := r.Apply(config)
			if test.succeeds {
				says(t, diags, false)
			} else {
				says(t, diags, true, "Target Did Not Succeed", test.word, test.reason)
			}
			if r.String("target_status") != test.word || r.Bool("target_succeeded") != test.succeeds {
				t.Errorf("the state is %s", r.State)
			}
			made(t, w, send, describe)
			// The status is final.
			r.Tainted = false
			for range 2 {
				says(t, r.Refresh(), false)
				says(t, r.Apply(config), false)
			}
			made(t, w)
		})
	}
}

// Only what an option needs is read, and the hook that is read is the one that is answered.
func TestRequestsOfTheOptions(t *testing.T) {
	for name, test := range map[string]struct {
		config acctest.Values
		named  bool
		want   []string
	}{
		"none":                {nil, false, []string{send}},
		"ready":               {ready, false, []string{describe, send}},
		"completion":          {complete, false, []string{send, describe}},
		"both":                {merged(ready, complete), false, []string{describe, send, describe}},
		"by name":             {nil, true, []string{list, describe, send}},
		"by name, ready":      {ready, true, []string{list, describe, send}},
		"by name, completion": {complete, true, []string{list, describe, send, describe}},
		"by ARNs": {acctest.Values{"cluster": "arn:aws:ecs:us-east-1:123456789012:cluster/default", "service": "arn:aws:ecs:us-east-1:123456789012:service/default/web"},
			true, []string{list, describe, send}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, started := play(t, 0, sandbox.ServiceDeployment{})
			r, config := w.resource(), hook(started[0])
			if test.named {
				config = byName
			}
			config = config.With(test.config)
			apply(t, r, config)
			made(t, w, test.want...)
			if r.String("service_deployment_arn") != started[0].ARN || r.String("hook_id") != started[0].HookID {
				t.Errorf("recorded %s", r.State)
			}
			// The found values are known from then on.
			says(t, r.Refresh(), false)
			apply(t, r, config)
			if plan, diags := r.Plan(config.With(acctest.Values{"resend_on_unknown": true})); len(plan.Replace) > 0 || len(diags) > 0 || plan.String("hook_id") != started[0].HookID {
				t.Errorf("planned %s: %s", plan.Planned, diags)
			}
			made(t, w)
			says(t, r.Destroy(), false)
			made(t, w)
		})
	}
}

// The signal and the service are applied at the same time and do not depend on each other.
// The deployment begins while the signal waits. Service and cluster may be created later
// too.
func TestFoundInTheSameApply(t *testing.T) {
	for name, begins := range map[string]func(w *world){
		"the service is there": func(w *world) { w.web(sandbox.ServiceDeployment{StartSeconds: 120, ServiceExists: true}) },
		"the service is made":  func(w *world) { w.web(sandbox.ServiceDeployment{StartSeconds: 120}) },
		"the cluster is made":  func(*world) {},
		"it pauses later":      func(w *world) { w.web(sandbox.ServiceDeployment{Stages: []sandbox.DeploymentStage{{Seconds: 60}, {}}}) },
		"an older one was stopped": func(w *world) {
			w.StopServiceDeployment(w.web(sandbox.ServiceDeployment{ID: "old", Stages: []sandbox.DeploymentStage{{Hold: true}}}).ARN)
		},
		"an older one is rolled back": func(w *world) {
			w.AnswerHook(w.web(sandbox.ServiceDeployment{ID: "old", RollbackSeconds: 50}).ARN, "ROLLBACK")
		},
		"an older one succeeds yet": func(w *world) {
			w.web(sandbox.ServiceDeployment{ID: "old", Stages: []sandbox.DeploymentStage{{Seconds: 40}}})
		},
		"an older one pauses elsewhere": func(w *world) {
			w.web(sandbox.ServiceDeployment{ID: "old", Stages: []sandbox.DeploymentStage{{Name: "PRE_SCALE_UP"}}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := play(t, 5*time.Second)
			begins(w)
			looked := 0
			w.Hook(list, func() {
				w.move(15 * time.Second)
				if looked++; looked == 8 {
					if all := w.ServiceDeployments(); len(all) == 0 || strings.HasSuffix(all[0].ARN, "/old") {
						w.web(sandbox.ServiceDeployment{ID: "new"})
					}
				}
			}, nil)
			r := w.resource()
			apply(t, r, merged(byName, ready, acctest.Values{"lifecycle_stage": "POST_TEST_TRAFFIC_SHIFT"}))
			all := w.ServiceDeployments()
			newest := all[len(all)-1]
			if r.String("service_deployment_arn") != newest.ARN || newest.Status != "SUCCESSFUL" || w.Count(send) != 1 {
				t.Errorf("recorded %s, the deployments are %+v", r.State, all)
			}
		})
	}
}

// If nothing is found, the error says so, and nothing is sent.
func TestNotFound(t *testing.T) {
	stage := func(name string) []sandbox.DeploymentStage { return []sandbox.DeploymentStage{{Name: name}} }
	for name, test := range map[string]struct {
		deployments []sandbox.ServiceDeployment
		config      acctest.Values
		at          string
		says        []string
		// gone says that a destroy goes on, and waits that the test also tries a wait.
		gone, waits bool
	}{
		"no cluster":      {nil, nil, "cluster", []string{"ClusterNotFoundException", "wait_until_ready"}, true, false},
		"no service":      {[]sandbox.ServiceDeployment{{}}, acctest.Values{"service": "nobody"}, "service", []string{"ServiceNotFoundException", "wait_until_ready"}, true, true},
		"no deployment":   {[]sandbox.ServiceDeployment{{StartSeconds: 3600, ServiceExists: true}}, nil, "service", []string{"lists no deployment of this service", "wait_until_ready"}, true, false},
		"no pause":        {[]sandbox.ServiceDeployment{{Stages: []sandbox.DeploymentStage{{Hold: true, Lambda: true}}}}, nil, "service", []string{"No pause hook", "is IN_PROGRESS in the stage POST_TEST_TRAFFIC_SHIFT"}, false, false},
		"another stage":   {[]sandbox.ServiceDeployment{{Stages: stage("POST_SCALE_UP")}}, acctest.Values{"lifecycle_stage": "PRE_SCALE_UP"}, "service", []string{"in the stage PRE_SCALE_UP", "in the stage POST_SCALE_UP, and an action is awaited by ecs-pause-"}, false, true},
		"an older pauses": {[]sandbox.ServiceDeployment{{ID: "old"}, {ID: "new", Stages: []sandbox.DeploymentStage{{Hold: true}}, StartSeconds: 1, ServiceExists: true}}, nil, "service", []string{"newest", "/new is IN_PROGRESS"}, false, false},
		"too old":         {[]sandbox.ServiceDeployment{{}}, acctest.Values{"started_after": time.Now().Add(time.Hour).Format(time.RFC3339)}, "service", []string{"lists no deployment"}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := play(t, 0, test.deployments...)
			w.move(time.Second)
			config := merged(byName, test.config)
			r := w.resource()
			diags := r.Apply(config)
			if says(t, diags, true, append(test.says, "Signal Not Sent", "was not tried")...); len(diags) != 1 || diags[0].Attribute != test.at {
				t.Errorf("said %s, want it on %s", diags, test.at)
			}
			if !r.State.IsNull() {
				t.Errorf("recorded %s", r.State)
			}
			w.Hook(list, nil, nil)
			w.Hook(describe, nil, nil)
			if test.waits {
				says(t, r.Apply(merged(config, ready, acctest.Briefly)), true, "Signal Not Sent", "create timeout")
			}
			says(t, r.Apply(config.With(acctest.Values{"when": "destroy"})), false)
			if diags := r.Destroy(); diags.HasError() == test.gone {
				t.Errorf("the destroy said %s", diags)
			}
			if w.Count(send) > 0 {
				t.Errorf("the request log is %v", w.RequestLog())
			}
		})
	}
}

// If the deployment is rolled back during the wait, it cannot reach the pause any more.
func TestRolledBackWhileLookedFor(t *testing.T) {
	w, _ := play(t, 0, sandbox.ServiceDeployment{Stages: []sandbox.DeploymentStage{{Seconds: 60, Fail: "tasks failed to start"}}, RollbackSeconds: 600})
	says(t, w.resource().Apply(merged(byName, ready, acctest.Patiently)), true, "Signal Not Sent", "rolled back", "tasks failed to start")
	if w.Count(send) > 0 {
		t.Errorf("the request log is %v", w.RequestLog())
	}
}

// Lists have pages, in an undocumented order.
func TestNewestOfManyPages(t *testing.T) {
	w, _ := play(t, 0)
	for range 30 {
		w.web(sandbox.ServiceDeployment{})
		w.move(time.Second)
	}
	w.web(sandbox.ServiceDeployment{ID: "newest"})
	r := w.resource()
	apply(t, r, byName)
	if !strings.HasSuffix(r.String("service_deployment_arn"), "/newest") || w.Count(list) != 2 || w.Count(describe) != 1 {
		t.Errorf("recorded %s after %v", r.State, w.RequestLog())
	}
}

// If one stage has two hooks, the provider does not guess.
func TestSeveralHooksAreNotGuessedAbout(t *testing.T) {
	w, _ := play(t, 0, sandbox.ServiceDeployment{Stages: []sandbox.DeploymentStage{{HookID: "one", Twin: "two"}}})
	for _, options := range []acctest.Values{nil, ready} {
		r := w.resource()
		diags := r.Apply(merged(byName, options))
		says(t, diags, true, "Signal Not Sent", "More than one pause hook", "one and two", "service_deployment_arn and hook_id")
		if diags[0].Attribute != "service" || !r.State.IsNull() || w.Count(send) > 0 {
			t.Errorf("recorded %s after %v", r.State, w.RequestLog())
		}
	}
}

// Finding by names needs the permission to list.
func TestFindingNeedsPermission(t *testing.T) {
	for _, denied := range []string{list, describe} {
		w, _ := play(t, 0, sandbox.ServiceDeployment{})
		w.Inject(sandbox.Fault{Operation: denied, Kind: sandbox.KindRefuse})
		r := w.resource()
		says(t, r.Apply(byName), true, "Signal Not Sent", "was not tried", "ecs:"+denied)
		if w.Count(send) != 0 || !r.State.IsNull() {
			t.Errorf("recorded %s after %v", r.State, w.RequestLog())
		}
	}
}

// If somebody else answers the hook first, the error says so, and no other hook is
// answered.
func TestAnsweredMeanwhile(t *testing.T) {
	w, started := play(t, 0, sandbox.ServiceDeployment{Stages: []sandbox.DeploymentStage{{}, {}}})
	w.Hook(send, func() { w.AnswerHook(started[0].ARN, "CONTINUE") }, nil)
	r := w.resource()
	says(t, r.Apply(byName), true, "Signal Rejected", "the hook is SUCCEEDED")
	d, _ := w.ServiceDeployment(started[0].ARN)
	if w.Count(send) != 1 || d.HookID == "" || !r.State.IsNull() {
		t.Errorf("recorded %s, the deployment is %+v", r.State, d)
	}
}

// An argument that was unknown at plan may turn out to be null.
func TestNoTargetAfterAll(t *testing.T) {
	w, _ := play(t, 0)
	r := w.resource()
	diags := r.ApplyLater(acctest.Values{"cluster": acctest.Unknown, "service": acctest.Unknown}, acctest.Values{})
	if says(t, diags, true, "Signal Not Sent", "cluster and service"); !r.State.IsNull() {
		t.Errorf("recorded %s", r.State)
	}
	made(t, w)
}

func TestReady(t *testing.T) {
	for name, d := range map[string]sandbox.ServiceDeployment{
		"paused":         {Stages: []sandbox.DeploymentStage{{HookID: "h"}}},
		"not there yet":  {Stages: []sandbox.DeploymentStage{{HookID: "h"}}, StartSeconds: 40},
		"not paused yet": {Stages: []sandbox.DeploymentStage{{Seconds: 40}, {HookID: "h"}}},
	} {
		t.Run(name, func(t *testing.T) {
			w, started := play(t, 0, d)
			apply(t, w.resource(), merged(ready, acctest.Values{"service_deployment_arn": started[0].ARN, "hook_id": "h"}))
			made(t, w, describe, send)
		})
	}
}

// A hook that was answered or has timed out takes no action any more.
func TestNotReadyAnyMore(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(w *world, arn string)
		says string
	}{
		"answered":  {func(w *world, arn string) { w.AnswerHook(arn, "CONTINUE") }, "the hook is SUCCEEDED in a deployment that is IN_PROGRESS"},
		"timed out": {func(w *world, _ string) { w.move(25 * time.Hour) }, "the hook is TIMED_OUT in a deployment that is ROLLBACK_SUCCESSFUL"},
		"stopped":   {func(w *world, arn string) { w.StopServiceDeployment(arn) }, "in a deployment that is STOPPED"},
	} {
		t.Run(name, func(t *testing.T) {
			w, started := play(t, 0, sandbox.ServiceDeployment{Stages: []sandbox.DeploymentStage{{}, {Hold: true}}})
			test.end(w, started[0].ARN)
			r, config := w.resource(), merged(hook(started[0]), ready)
			says(t, r.Apply(config), true, "Signal Not Sent", "does not become ready", test.says)
			made(t, w, describe)
			says(t, r.Apply(config.With(acctest.Values{"when": "destroy"})), false)
			says(t, r.Destroy(), false, "Target Is Gone", "sent at destroy")
			made(t, w, describe)
		})
	}
}

func TestNeverSeen(t *testing.T) {
	w, _ := play(t, 0)
	w.Hook(describe, nil, nil)
	config := acctest.Values{"service_deployment_arn": arn, "hook_id": "h"}
	says(t, w.resource().Apply(merged(config, ready, acctest.Briefly)), true, "create timeout", "knew no such deployment")
	w2, started := play(t, 0, sandbox.ServiceDeployment{})
	w2.Hook(describe, w2.Reset, nil)
	r := w2.resource()
	says(t, r.Apply(merged(hook(started[0]), complete)), true, "Target Cannot Be Read", "lists no such service deployment")
	if r.String("delivery") != "SENT" {
		t.Errorf("recorded %s", r.State)
	}
}

// The provider warns of a hook that times out before the timeout, and answers it anyway.
func TestExpiryIsWarnedOf(t *testing.T) {
	short := sandbox.ServiceDeployment{Stages: []sandbox.DeploymentStage{{TimeoutSeconds: 600, TimeoutAction: "CONTINUE"}}}
	for name, test := range map[string]struct {
		named   bool
		options acctest.Values
		warns   bool
	}{
		"waited for":         {options: ready, warns: true},
		"found":              {named: true, warns: true},
		"found, waited for":  {named: true, options: ready, warns: true},
		"not read":           {},
		"with less patience": {options: ready.With(acctest.Values{"timeouts": acctest.Values{"create": "5m"}})},
	} {
		t.Run(name, func(t *testing.T) {
			w, started := play(t, 0, short)
			r, config := w.resource(), hook(started[0])
			if test.named {
				config = byName
			}
			diags := r.Apply(config.With(test.options))
			if says(t, diags, false); test.warns != (len(diags) == 1) {
				t.Fatalf("said %s", diags)
			}
			if test.warns {
				says(t, diags, false, "Target Expires Before the Timeout", "create timeout of 20m0s", "by itself: CONTINUE")
			}
			if w.Accepted(send) != 1 || r.String("delivery") != "SENT" || r.Tainted {
				t.Errorf("recorded %s", r.State)
			}
		})
	}
}

// The wait resource also warns.
func TestWaitWarnsOfAnExpiry(t *testing.T) {
	for name, test := range map[string]struct {
		with  acctest.Values
		warns bool
	}{
		"waited for":         {nil, true},
		"with less patience": {acctest.Values{"timeouts": acctest.Values{"create": "60s"}}, false},
		"until it is ready":  {acctest.Values{"until": "ready"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w, started := play(t, 0, sandbox.ServiceDeployment{Stages: []sandbox.DeploymentStage{{TimeoutSeconds: 100, TimeoutAction: "CONTINUE"}}})
			r := w.Resource("signal_ecs_deployment_wait")
			diags := r.Apply(acctest.Values{"service_deployment_arn": started[0].ARN}.With(test.with))
			if says(t, diags, false); test.warns != (len(diags) == 1) {
				t.Fatalf("said %s", diags)
			}
			if test.warns {
				says(t, diags, false, "Target Expires Before the Timeout", "waits for a signal only until", "create timeout of 20m0s", "by itself: CONTINUE")
			}
			if w.Count(send) > 0 || r.Bool("target_succeeded") != true {
				t.Errorf("recorded %s", r.State)
			}
		})
	}
}

// A destroy with an unknown outcome records the hook that it found.
func TestDestroyRemembersTheHook(t *testing.T) {
	w, started := play(t, 0, sandbox.ServiceDeployment{Stages: []sandbox.DeploymentStage{{}, {}}})
	w.Hook(describe, nil, nil)
	w.Hook(list, nil, nil)
	r := w.resource()
	says(t, r.Apply(merged(byName, acctest.Values{"when": "destroy", "timeouts": acctest.Values{"delete": "1s"}})), false)
	made(t, w)
	w.Inject(r.Stall(send, sandbox.KindStallAfter))
	says(t, r.Destroy(), true, "Outcome of the Signal Unknown")
	w.ClearFaults()
	if r.String("hook_id") != started[0].HookID || r.String("service_deployment_arn") != started[0].ARN {
		t.Fatalf("recorded %s", r.State)
	}
	w.ResetRequestLog()
	says(t, r.Destroy(), false)
	made(t, w, describe)
	if d, _ := w.ServiceDeployment(started[0].ARN); d.HookID == "" || len(d.Actions) != 1 {
		t.Errorf("the deployment is %+v", d)
	}
}

// Names and a hook identify the same target, so changing from one to the other sends
// nothing.
func TestFromNamesToTheHook(t *testing.T) {
	w, started := play(t, 0, sandbox.ServiceDeployment{Stages: []sandbox.DeploymentStage{{}, {}}})
	r := w.resource()
	apply(t, r, merged(byName, acctest.Values{"lifecycle_stage": "POST_TEST_TRAFFIC_SHIFT"}))
	w.ResetRequestLog()
	apply(t, r, merged(byName, acctest.Values{"lifecycle_stage": "POST_TEST_TRAFFIC_SHIFT", "started_after": "2026-01-31T12:00:00Z"}))
	apply(t, r, hook(started[0]))
	made(t, w)
	// Other names make another signal, and so does another hook.
	for _, another := range []acctest.Values{byName, byName.With(acctest.Values{"service": "api"}), byName.With(acctest.Values{"lifecycle_stage": "POST_SCALE_UP"}), hook(started[0]).With(acctest.Values{"hook_id": "x"})} {
		if plan, diags := r.Plan(another); len(plan.Replace) == 0 || len(diags) > 0 {
			t.Errorf("%v replaces nothing: %s", another, diags)
		}
	}
}

func TestActionByName(t *testing.T) {
	w, started := play(t, 0, sandbox.ServiceDeployment{RollbackSeconds: 20})
	progress, diags := w.Action("signal_ecs_deployment").Invoke(merged(byName, complete, acctest.Values{"action": "ROLLBACK"}))
	if said := strings.Join(progress, "\n"); len(diags) > 0 || !strings.Contains(said, started[0].ARN) || !strings.Contains(said, "ROLLBACK_SUCCESSFUL") {
		t.Errorf("reported %q and said %s", progress, diags)
	}
	made(t, w, list, describe, send, describe)
	for _, config := range []acctest.Values{{"service": "web"}, {"hook_id": "h"}, {"service_deployment_arn": arn}} {
		diags := w.Action("signal_ecs_deployment").Validate(config)
		says(t, diags, true, "needs")
	}
	made(t, w)
}

func TestWait(t *testing.T) {
	pause, slow, broken := sandbox.DeploymentStage{}, sandbox.DeploymentStage{Seconds: 20}, sandbox.DeploymentStage{Seconds: 20, Fail: "tasks failed to start"}
	for name, test := range map[string]struct {
		stages   []sandbox.DeploymentStage
		until    any
		word     string
		succeeds bool
		says     string
	}{
		"ended":               {[]sandbox.DeploymentStage{slow}, nil, "SUCCESSFUL", true, ""},
		"rolled back":         {[]sandbox.DeploymentStage{broken}, nil, "ROLLBACK_SUCCESSFUL", false, "tasks failed to start"},
		"paused":              {[]sandbox.DeploymentStage{slow, pause}, "ready", "IN_PROGRESS", true, ""},
		"ended without pause": {[]sandbox.DeploymentStage{slow}, "ready", "SUCCESSFUL", false, "does not become ready"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, started := play(t, 0, sandbox.ServiceDeployment{Stages: test.stages})
			r := w.Resource("signal_ecs_deployment_wait")
			config := acctest.Values{"service_deployment_arn": started[0].ARN, "until": test.until}
			says(t, r.Apply(config), !test.succeeds, test.says)
			if r.String("target_status") != test.word || r.Bool("target_succeeded") != test.succeeds || r.String("id") != started[0].ARN {
				t.Errorf("the state is %s", r.State)
			}
			made(t, w, describe)
		})
	}
}

func TestWaitIsImported(t *testing.T) {
	w, started := play(t, 0, sandbox.ServiceDeployment{Stages: []sandbox.DeploymentStage{{Seconds: 1}}})
	w.move(time.Minute)
	r := w.Resource("signal_ecs_deployment_wait")
	if diags := r.Import(started[0].ARN); len(diags) > 0 {
		t.Fatal(diags)
	}
	if r.String("service_deployment_arn") != started[0].ARN || r.String("target_status") != "SUCCESSFUL" {
		t.Errorf("the state is %s", r.State)
	}
	says(t, r.Import("web/first"), true, "Invalid Import ID", "service_deployment_arn")
	if r.Import(arn); !r.State.IsNull() {
		t.Errorf("what is not there is imported: %s", r.State)
	}
}
