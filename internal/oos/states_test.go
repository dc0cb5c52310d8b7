package oos_test

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
	untilReady = acctest.Values{"wait_until_ready": true}
	untilEnd   = acctest.Values{"wait_for_completion": true}
	adopting   = acctest.Values{"adopt_existing": true}
)

// timed starts a provider and executions, whose clock each read moves on.
func timed(t *testing.T, options sandbox.Options, executions ...sandbox.OOSExecution) (*sandbox.Sandbox, *acctest.Resource) {
	t.Helper()
	var offset atomic.Int64
	options.Now = func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }
	s := acctest.Sandbox(t, options)
	s.Hook(listed, func() { offset.Add(int64(5 * time.Second)) }, nil)
	for _, e := range executions {
		s.StartOOSExecution(e)
	}
	return s, acctest.StartProvider(t, acctest.Block(s.URL())).Resource(signalType)
}

// The result of a wait for the end depends on the signal.
func TestEnds(t *testing.T) {
	failing := sandbox.OOSTask{Name: "deploy", Seconds: 20, Fail: "the disk is full"}
	debug := sandbox.OOSExecution{ID: "exec-1", Mode: "Debug", Tasks: []sandbox.OOSTask{deploy}}
	paused := of(failing)
	paused.PauseOnFailure, paused.SecondsAgo = true, 120
	for name, test := range map[string]struct {
		of     sandbox.OOSExecution
		change acctest.Values
		status string
		says   string
	}{
		"approved":          {of(gate, deploy), nil, "Success", ""},
		"approved, fails":   {of(gate, failing), nil, "Failed", "the disk is full"},
		"rejected":          {of(gate, deploy), acctest.Values{"notify_type": "Reject"}, "Cancelled", ""},
		"completed":         {debug, acctest.Values{"notify_type": "CompleteExecution"}, "Success", ""},
		"completed as lost": {debug, acctest.Values{"notify_type": "CompleteExecution", "execution_status": "Failed"}, "Failed", ""},
		"skipped":           {paused, acctest.Values{"notify_type": "SkipTask"}, "Success", ""},
		"retried":           {paused, acctest.Values{"notify_type": "RetryTask"}, "Success", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, r := timed(t, sandbox.Options{}, test.of)
			diags := r.Apply(acctest.Values{"execution_id": "exec-1", "notify_type": "Approve"}.With(untilEnd).With(test.change))
			if test.says == "" && len(diags) > 0 || test.says != "" && !strings.Contains(diags.String(), test.says) {
				t.Errorf("said %s, want %q", diags, test.says)
			}
			if r.String("target_status") != test.status || r.Bool("target_succeeded") != (test.says == "") || s.Count(notify) != 1 {
				t.Errorf("the state is %s after %v", r.State, s.RequestLog())
			}
		})
	}
}

// A signal waits only for a task that takes it.
func TestReadiness(t *testing.T) {
	prepare := sandbox.OOSTask{Name: "prepare", Seconds: 20}
	failing := sandbox.OOSTask{Name: "deploy", Seconds: 20, Fail: "the disk is full"}
	paused := func(tasks ...sandbox.OOSTask) sandbox.OOSExecution {
		e := of(tasks...)
		e.PauseOnFailure, e.SecondsAgo = true, 0
		return e
	}
	running := of(hold)
	running.Mode = "Debug"
	for name, test := range map[string]struct {
		of     sandbox.OOSExecution
		change acctest.Values
		ready  bool
		says   string
	}{
		"a gate":                   {paused(prepare, gate), nil, true, ""},
		"a gate of high risk":      {paused(prepare, sandbox.OOSTask{Name: "drop", HighRisk: true}), nil, true, ""},
		"the second gate":          {paused(gate, prepare), acctest.Values{"task_name": "other"}, false, "No task of it waits for Approve"},
		"no gate":                  {paused(hold), nil, false, "No task of it waits for Approve"},
		"it has ended":             {of(deploy), nil, false, "Success"},
		"paused is no gate":        {paused(failing), nil, false, "No task of it waits for Approve"},
		"a failed task to skip":    {paused(failing), acctest.Values{"notify_type": "SkipTask"}, true, ""},
		"a failed task to retry":   {paused(failing), acctest.Values{"notify_type": "RetryTask", "task_name": "deploy"}, true, ""},
		"another failed task":      {paused(failing), acctest.Values{"notify_type": "RetryTask", "task_name": "other"}, false, "No task of it waits for RetryTask"},
		"Debug mode waits":         {running, acctest.Values{"notify_type": "ExecuteTask", "task_name": "deploy"}, true, ""},
		"Debug mode may end":       {running, acctest.Values{"notify_type": "CompleteExecution"}, true, ""},
		"nothing to cancel":        {running, acctest.Values{"notify_type": "CancelTask"}, false, "No task of it waits for CancelTask"},
		"Automatic mode, no Debug": {paused(gate), acctest.Values{"notify_type": "ExecuteTask", "task_name": "deploy"}, false, "No task of it waits for ExecuteTask"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, r := timed(t, sandbox.Options{}, test.of)
			config := acctest.Values{"execution_id": "exec-1", "notify_type": "Approve", "timeouts": acctest.Values{"create": "1s"}}.With(untilReady).With(test.change)
			if test.ready {
				config["timeouts"] = nil
				apply(t, r, config)
				if s.Accepted(notify) != 1 {
					t.Errorf("the request log is %v", s.RequestLog())
				}
				return
			}
			says(t, r.Apply(config), true, "Signal Not Sent", test.says)
			if s.Count(notify) > 0 || !r.State.IsNull() {
				t.Errorf("the state is %s after %v", r.State, s.RequestLog())
			}
		})
	}
}

// A signal that already exists is not sent.
func TestAdoption(t *testing.T) {
	debug := sandbox.OOSExecution{ID: "exec-1", Mode: "Debug", Tasks: []sandbox.OOSTask{deploy, hold}}
	debug.Tasks[1].Name = "hold"
	failing := of(sandbox.OOSTask{Name: "deploy", Fail: "the disk is full"})
	failing.PauseOnFailure = true
	for name, test := range map[string]struct {
		of sandbox.OOSExecution
		// earlier are signals of somebody else, and change is this signal.
		earlier []acctest.Values
		change  acctest.Values
		adopts  bool
	}{
		"approved":                {of(gate, hold), []acctest.Values{{}}, nil, true},
		"approved, but to reject": {of(gate, hold), []acctest.Values{{}}, acctest.Values{"notify_type": "Reject"}, false},
		"rejected":                {of(gate, hold), []acctest.Values{{"notify_type": "Reject"}}, acctest.Values{"notify_type": "Reject"}, true},
		"not approved":            {of(gate, hold), nil, nil, false},
		"another gate waits":      {of(gate, sandbox.OOSTask{Name: "second", Action: "ACS::Approve"}), []acctest.Values{{}}, nil, false},
		"the first gate":          {of(gate, sandbox.OOSTask{Name: "second", Action: "ACS::Approve"}), []acctest.Values{{}}, acctest.Values{"task_name": "gate"}, true},
		"executed":                {debug, []acctest.Values{{"notify_type": "ExecuteTask", "task_name": "hold"}}, acctest.Values{"notify_type": "ExecuteTask", "task_name": "hold"}, true},
		"completed":               {debug, []acctest.Values{{"notify_type": "CompleteExecution"}}, acctest.Values{"notify_type": "CompleteExecution"}, true},
		"completed as another":    {debug, []acctest.Values{{"notify_type": "CompleteExecution"}}, acctest.Values{"notify_type": "CompleteExecution", "execution_status": "Failed"}, false},
		"skipped":                 {failing, []acctest.Values{{"notify_type": "SkipTask"}}, acctest.Values{"notify_type": "SkipTask"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			s, r, config := start(t, test.of)
			stranger := acctest.StartProvider(t, acctest.Block(s.URL()))
			for _, earlier := range test.earlier {
				apply(t, stranger.Resource(signalType), config.With(earlier))
			}
			s.ResetRequestLog()
			r.Apply(config.With(adopting).With(test.change))
			if adopted := r.String("delivery") == "ADOPTED"; adopted != test.adopts || s.Count(notify) == 0 != test.adopts {
				t.Errorf("delivery is %q after %v", r.String("delivery"), s.RequestLog())
			}
		})
	}
}

// The execution of a template is found, recorded, and used from then on.
func TestFoundByTemplate(t *testing.T) {
	longer := byTemplate(gate)
	longer.TemplateName = "release-more"
	ended, running := byTemplate(deploy), byTemplate(hold)
	old := byTemplate(gate)
	old.SecondsAgo = 3600
	debug := byTemplate(hold)
	debug.Mode = "Debug"
	config := acctest.Values{"template_name": "release", "notify_type": "Approve"}
	for name, test := range map[string]struct {
		there  []sandbox.OOSExecution
		change acctest.Values
		says   []string
	}{
		"one":                        {[]sandbox.OOSExecution{byTemplate(gate, deploy)}, nil, nil},
		"one, and some that are not": {[]sandbox.OOSExecution{longer, ended, byTemplate(gate), running}, nil, nil},
		"none":                       {[]sandbox.OOSExecution{longer, ended, running}, nil, []string{"no execution of this template", "aliyun oos ListExecutions", "wait_until_ready"}},
		"two":                        {[]sandbox.OOSExecution{byTemplate(gate), byTemplate(gate)}, nil, []string{"lists more than one execution of this template", "exec-", "started", "execution_id"}},
		"two, one of them old":       {[]sandbox.OOSExecution{old, byTemplate(gate)}, acctest.Values{"started_after": time.Now().Add(-30 * time.Minute).UTC().Format(time.RFC3339)}, nil},
		"both old":                   {[]sandbox.OOSExecution{old, old}, acctest.Values{"started_after": time.Now().Add(-30 * time.Minute).UTC().Format(time.RFC3339)}, []string{"no execution of this template"}},
		"one that waits for another": {[]sandbox.OOSExecution{byTemplate(gate)}, acctest.Values{"task_name": "other"}, []string{"No task of it waits for Approve"}},
		"one to complete":            {[]sandbox.OOSExecution{debug, running}, acctest.Values{"notify_type": "CompleteExecution"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := acctest.Sandbox(t, sandbox.Options{})
			for _, e := range test.there {
				s.StartOOSExecution(e)
			}
			r := acctest.StartProvider(t, acctest.Block(s.URL())).Resource(signalType)
			diags := r.Apply(config.With(test.change))
			if len(test.says) > 0 {
				says(t, diags, true, append(test.says, "Signal Not Sent")...)
				if len(diags) != 1 || diags[0].Attribute != "template_name" || s.Count(notify) > 0 || !r.State.IsNull() {
					t.Errorf("the state is %s after %v", r.State, s.RequestLog())
				}
				return
			}
			if len(diags) > 0 {
				t.Fatal(diags)
			}
			found, _ := s.OOSExecution(r.String("execution_id"))
			if len(found.Signals) != 1 || found.TemplateName != "release" || s.Count(notify) != 1 {
				t.Errorf("it went to %+v: %v", found, s.RequestLog())
			}
			made := len(s.RequestLog())
			apply(t, r, config.With(test.change))
			if len(s.RequestLog()) != made {
				t.Errorf("the next apply made %v", s.RequestLog()[made:])
			}
		})
	}
}

// In the same apply, the execution reaches its gate only after the search has begun.
func TestFoundOnceItWaits(t *testing.T) {
	s, r := timed(t, sandbox.Options{}, byTemplate(sandbox.OOSTask{Name: "prepare", Seconds: 90}, gate, deploy))
	apply(t, r, acctest.Values{"template_name": "release", "notify_type": "Approve"}.With(untilReady).With(untilEnd))
	if s.Count(notify) != 1 || r.String("target_status") != "Success" {
		t.Errorf("the state is %s after %v", r.State, s.RequestLog())
	}
	// A signal that is sent again goes to the execution that waits at that time.
	first := r.String("execution_id")
	s.StartOOSExecution(byTemplate(gate, deploy))
	r.Tainted = true
	apply(t, r, acctest.Values{"template_name": "release", "notify_type": "Approve"})
	if s.Count(notify) != 2 || r.String("execution_id") == first {
		t.Errorf("it went to %s after %s: %v", r.String("execution_id"), first, s.RequestLog())
	}
}

// A missing execution is shown by an empty list or by a refusal.
func TestMissingExecution(t *testing.T) {
	for _, reports := range []bool{false, true} {
		s := acctest.Sandbox(t, sandbox.Options{ReportMissingExecutions: reports})
		r := acctest.StartProvider(t, acctest.Block(s.URL())).Resource(signalType)
		diags := r.Apply(acctest.Values{"execution_id": "exec-none", "notify_type": "Approve"}.With(untilReady))
		says(t, diags, true, "Signal Not Sent", "exec-none", "region and account")
		if len(diags) != 1 || diags[0].Attribute != "execution_id" || s.Count(notify) > 0 {
			t.Errorf("said %s after %v", diags, s.RequestLog())
		}
	}
}

// All pages of tasks and executions are read.
func TestPages(t *testing.T) {
	items := make([]string, 0, 240)
	for i := range cap(items) {
		items = append(items, strings.Repeat("x", i+1))
	}
	many := byTemplate(sandbox.OOSTask{Name: "gate", Action: "ACS::Approve", Loop: items})
	s, r, config := start(t, many)
	config["loop_item"] = items[239]
	s.Inject(sandbox.Fault{Operation: notify, Kind: sandbox.KindDropAfter, Times: 1})
	apply(t, r, config)
	if r.String("delivery") != "CONFIRMED" || s.Count(notify) != 1 {
		t.Errorf("delivery is %q: %v", r.String("delivery"), s.RequestLog())
	}
	for range 120 {
		e := byTemplate(gate)
		e.TemplateName = "release-other"
		s.StartOOSExecution(e)
	}
	s.ResetRequestLog()
	says(t, r.For(t).Apply(config.With(acctest.Values{"triggers": acctest.Values{"again": "1"}, "loop_item": items[238]})), false)
	if n := s.Count(listed); n < 2 || !slices.ContainsFunc(s.RequestLog(), func(made sandbox.Request) bool { return strings.Contains(made.Query, "NextToken") }) {
		t.Errorf("%d lists were read: %v", n, s.RequestLog())
	}
}
