package ssm_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// The decision about an earlier step does not count for a later step.
func TestAdoptingIsNotForALaterApproval(t *testing.T) {
	now := time.Now()
	s := acctest.Sandbox(t, sandbox.Options{Now: func() time.Time { return now }})
	id := s.StartAutomation(sandbox.Automation{Steps: []sandbox.Step{
		{Name: "staging", Action: "aws:approve"}, {Name: "bake", Action: "aws:sleep", SleepSeconds: 600}, {Name: "production", Action: "aws:approve"},
	}})
	p := acctest.StartProvider(t, acctest.Block(s.URL()))
	approve := acctest.Values{"automation_execution_id": id, "signal_type": "Approve"}
	if diags := p.Resource("signal_automation").Apply(approve); len(diags) > 0 {
		t.Fatal(diags)
	}
	// Between the two steps nothing waits, and the service says so.
	second := p.Resource("signal_automation")
	if diags := second.Apply(approve.With(acctest.Values{"adopt_existing": true})); !diags.HasError() || !second.State.IsNull() {
		t.Errorf("recorded %s and said %s", second.State, diags)
	}
	if s.Accepted("SendAutomationSignal") != 1 || s.Count("SendAutomationSignal") != 2 {
		t.Errorf("the request log is %v", s.RequestLog())
	}
}

// The steps are read page by page if the execution does not show all of them.
func TestStepsArePaged(t *testing.T) {
	s := acctest.Sandbox(t, sandbox.Options{StepLimit: 2})
	steps := []sandbox.Step{}
	for _, name := range []string{"a", "b", "c", "d"} {
		steps = append(steps, sandbox.Step{Name: name, Action: "aws:executeScript"})
	}
	id := s.StartAutomation(sandbox.Automation{Steps: append(steps, sandbox.Step{Name: "gate", Action: "aws:approve"})})
	r := acctest.StartProvider(t, acctest.Block(s.URL())).Resource("signal_automation")
	diags := r.Apply(acctest.Values{"automation_execution_id": id, "signal_type": "Approve", "wait_until_ready": true, "timeouts": acctest.Values{"create": "5s"}})
	if len(diags) > 0 || s.Count("DescribeAutomationStepExecutions") == 0 {
		t.Errorf("said %s after %v", diags, s.RequestLog())
	}
}

// The error of a wait that times out says at which step the execution is, and which child
// may have the gate.
func TestWaitUntilReadySaysWhatItSaw(t *testing.T) {
	s := acctest.Sandbox(t, sandbox.Options{})
	child := s.StartAutomation(sandbox.Automation{Steps: []sandbox.Step{{Name: "gate", Action: "aws:approve"}}})
	parent := s.StartAutomation(sandbox.Automation{Steps: []sandbox.Step{{Name: "release", Action: "aws:executeAutomation", Hold: true, Child: child}}})
	config := acctest.Values{"automation_execution_id": parent, "signal_type": "Approve", "wait_until_ready": true}.With(acctest.Briefly)
	diags := acctest.StartProvider(t, acctest.Block(s.URL())).Resource("signal_automation").Apply(config)
	says(t, diags, "create timeout", "its status InProgress", "No step of it waits for Approve.", "Its current step is release (aws:executeAutomation).", "Step release runs the execution "+child)
	if s.Count("SendAutomationSignal") > 0 {
		t.Errorf("the request log is %v", s.RequestLog())
	}
}

// The names of steps are foreign texts, in errors and in warnings.
func TestNamesOfStepsAreCleaned(t *testing.T) {
	const name, shown = "gate\x1b[31m\nsandbox-secret-key", "gate [31m ***"
	s, r, id := start(t, sandbox.Automation{Steps: []sandbox.Step{{Name: name, Action: "aws:approve", TimeoutSeconds: 600}}})
	config := acctest.Values{"automation_execution_id": id, "signal_type": "Resume", "payload": acctest.Values{"StepName": []any{"pause"}}, "wait_until_ready": true}
	says(t, r.Apply(config.With(acctest.Briefly)), "Its current step is "+shown+" (aws:approve).")
	says(t, r.Apply(acctest.Values{"automation_execution_id": id, "signal_type": "Approve", "wait_until_ready": true}), "Then the step "+shown+" times out.")
	if s.Accepted("SendAutomationSignal") != 1 {
		t.Errorf("the request log is %v", s.RequestLog())
	}
}

// The error of a signal that no step takes says how to wait, and who may decide. So does the
// page of the resource.
func TestRefusedSignalNamesTheWayOut(t *testing.T) {
	s := acctest.Sandbox(t, sandbox.Options{})
	id := s.StartAutomation(sandbox.Automation{Steps: []sandbox.Step{{Name: "hold", Action: "aws:executeScript", Hold: true}}})
	diags := acctest.StartProvider(t, acctest.Block(s.URL())).Resource("signal_automation").Apply(acctest.Values{"automation_execution_id": id, "signal_type": "Approve"})
	says(t, diags, "InvalidAutomationSignalException", "wait_until_ready = true", "Approvers")
	answers := systems.Of("signal_automation").Docs.Answers
	at := slices.IndexFunc(answers, func(a systems.Answer) bool { return a.Code == "InvalidAutomationSignalException" })
	if check := answers[at].Check; !strings.Contains(check, "wait_until_ready") || !strings.Contains(check, "Approvers") {
		t.Errorf("the page says to check %s", check)
	}
}

// The provider warns of a waiting step that times out before the timeout, and sends the
// signal anyway.
func TestExpiryIsWarnedOf(t *testing.T) {
	settle := sandbox.Step{Name: "settle", Action: "aws:sleep", SleepSeconds: 30}
	short := sandbox.Step{Name: "gate", Action: "aws:approve", TimeoutSeconds: 600}
	held := sandbox.Step{Name: "gate", Action: "aws:pause", TimeoutSeconds: 600}
	approve, resume := acctest.Values{"signal_type": "Approve"}, acctest.Values{"signal_type": "Resume", "payload": acctest.Values{"StepName": []any{"gate"}}}
	impatient := acctest.Values{"timeouts": acctest.Values{"create": "5m"}}
	for name, test := range map[string]struct {
		steps []sandbox.Step
		named bool
		with  acctest.Values
		warns bool
	}{
		"waited for":                  {[]sandbox.Step{settle, short}, false, approve.With(waits), true},
		"paused, waited for":          {[]sandbox.Step{settle, held}, false, resume.With(waits), true},
		"found":                       {[]sandbox.Step{short}, true, approve, true},
		"found, waited for":           {[]sandbox.Step{settle, short}, true, approve.With(waits), true},
		"not read":                    {[]sandbox.Step{short}, false, approve, false},
		"with less patience":          {[]sandbox.Step{settle, short}, false, approve.With(waits).With(impatient), false},
		"found with less patience":    {[]sandbox.Step{short}, true, approve.With(impatient), false},
		"as long as approvals do":     {[]sandbox.Step{settle, gate}, false, approve.With(waits), false},
		"paused without a timeout":    {[]sandbox.Step{settle, {Name: "gate", Action: "aws:pause"}}, false, resume.With(waits), false},
		"only the wait for its end":   {[]sandbox.Step{short}, false, approve.With(acctest.Values{"wait_for_completion": true}), false},
		"and the wait for its end":    {[]sandbox.Step{short, settle}, false, approve.With(waits).With(acctest.Values{"wait_for_completion": true}), true},
		"and another one's that does": {[]sandbox.Step{{Name: "other", Action: "aws:pause", TimeoutSeconds: 10, OnFailure: "Continue"}, gate}, false, approve.With(waits), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := byName(t, sandbox.Options{})
			n.Hook(read, func() { n.move(10 * time.Second) }, nil)
			n.Hook(list, func() { n.move(10 * time.Second) }, nil)
			target := acctest.Values{"automation_execution_id": n.run("Deploy", test.steps...)}
			if test.named {
				target = acctest.Values{"document_name": "Deploy"}
			}
			expiryWarned(t, n.Apply(target.With(test.with)), test.warns)
			if n.Accepted(send) != 1 || n.String("delivery") != "SENT" || n.Tainted {
				t.Errorf("recorded %s", n.State)
			}
		})
	}
}

func expiryWarned(t *testing.T, diags acctest.Diagnostics, warns bool) {
	t.Helper()
	if diags.HasError() || warns != (len(diags) == 1) || len(diags) > 1 {
		t.Errorf("said %s", diags)
		return
	}
	if warns {
		says(t, diags, "Target Expires Before the Timeout", "create timeout of 20m0s", "Then the step gate times out.")
	}
}

// The wait resource also warns, once, whether it reads alone or with others.
func TestWaitWarnsOfAnExpiry(t *testing.T) {
	for name, test := range map[string]struct {
		step  sandbox.Step
		many  int
		with  acctest.Values
		warns bool
	}{
		"alone":              {sandbox.Step{Name: "gate", Action: "aws:approve", TimeoutSeconds: 100, OnFailure: "Continue"}, 1, nil, true},
		"with others":        {sandbox.Step{Name: "gate", Action: "aws:approve", TimeoutSeconds: 100, OnFailure: "Continue"}, 8, nil, true},
		"paused":             {sandbox.Step{Name: "gate", Action: "aws:pause", TimeoutSeconds: 100, OnFailure: "Continue"}, 1, nil, true},
		"with less patience": {sandbox.Step{Name: "gate", Action: "aws:approve", TimeoutSeconds: 100, OnFailure: "Continue"}, 1, acctest.Values{"timeouts": acctest.Values{"create": "60s"}}, false},
		"nobody is asked":    {sandbox.Step{Name: "gate", Action: "aws:sleep", SleepSeconds: 30, TimeoutSeconds: 100}, 1, nil, false},
		"until it is ready":  {sandbox.Step{Name: "gate", Action: "aws:approve", TimeoutSeconds: 100}, 1, acctest.Values{"until": "ready"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := byName(t, sandbox.Options{})
			// The steps time out after each execution has been read.
			timesOut := sync.OnceFunc(func() { n.move(2 * time.Minute) })
			goOn := func() {
				alone := map[string]bool{}
				for _, entry := range n.RequestLog() {
					if entry.Operation == read {
						alone[entry.Body] = true
					}
				}
				if len(alone) == test.many {
					timesOut()
				}
			}
			n.Hook(read, nil, goOn)
			n.Hook(list, nil, goOn)
			var all sync.WaitGroup
			for range test.many {
				r, target := n.p.Resource("signal_automation_wait"), acctest.Values{"automation_execution_id": n.run("Deploy", test.step)}
				all.Go(func() {
					expiryWarned(t, r.Apply(target.With(test.with)), test.warns)
					if r.Bool("target_succeeded") != true {
						t.Errorf("recorded %s", r.State)
					}
				})
			}
			all.Wait()
			if test.many > 1 && n.Count(list) == 0 {
				t.Error("nothing was read together")
			}
			if n.Count(send) > 0 {
				t.Errorf("sent %d times", n.Count(send))
			}
		})
	}
}
