package swf_test

import (
	"bytes"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/provider"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// The answer is lost after or before the service acts on the signal.
const after, before = sandbox.KindDropAfter, sandbox.KindDropBefore

func TestLostAnswerIsReadBack(t *testing.T) {
	const closes = "ListOpenWorkflowExecutions"
	for name, test := range map[string]struct {
		workflow sandbox.Workflow
		// run sets run_id. earlier is how long before somebody else sent the same signal.
		run     bool
		earlier time.Duration
		// meanwhile closes the run with this status before the first read.
		meanwhile string
		options   sandbox.Options
		deny      string
		change    acctest.Values
		fault     sandbox.Kind
		// delivery is the result, sends the number of requests with this signal, and
		// recorded says that the run is known after it.
		delivery string
		sends    int
		recorded bool
		says     []string
	}{
		"arrived":                           {fault: after, delivery: "CONFIRMED", sends: 1, recorded: true},
		"arrived in a run":                  {run: true, fault: after, delivery: "CONFIRMED", sends: 1, recorded: true},
		"arrived without input":             {change: acctest.Values{"input": nil}, fault: after, delivery: "CONFIRMED", sends: 1, recorded: true},
		"arrived with a secret":             {change: acctest.Values{"input": nil, "input_wo": "canary-4711"}, fault: after, delivery: "CONFIRMED", sends: 1, recorded: true},
		"did not arrive":                    {fault: before, delivery: "SENT", sends: 2},
		"did not arrive in a run":           {run: true, fault: before, delivery: "SENT", sends: 2, recorded: true},
		"an earlier one arrived":            {earlier: time.Minute, fault: before, delivery: "SENT", sends: 2},
		"an earlier one arrived in the run": {run: true, earlier: time.Minute, fault: before, delivery: "SENT", sends: 2, recorded: true},
		"arrived after an earlier one":      {earlier: time.Minute, fault: after, delivery: "CONFIRMED", sends: 1, recorded: true},
		"arrived and closed":                {workflow: sandbox.Workflow{Closes: map[string]string{"release": "COMPLETED"}}, fault: after, delivery: "CONFIRMED", sends: 1, recorded: true},
		"arrived and closed, in a run":      {workflow: sandbox.Workflow{Closes: map[string]string{"release": "FAILED"}}, run: true, fault: after, delivery: "CONFIRMED", sends: 1, recorded: true},
		"arrived and continued":             {workflow: sandbox.Workflow{Closes: map[string]string{"release": "CONTINUED_AS_NEW"}}, fault: after, delivery: "CONFIRMED", sends: 1, recorded: true},
		"closed before it arrived":          {meanwhile: "COMPLETED", fault: before, sends: 2, says: []string{"Signal Rejected", "not open any more"}},
		"continued before it arrived":       {meanwhile: "CONTINUED_AS_NEW", fault: before, delivery: "SENT", sends: 2},
		"with a long history since":         {workflow: sandbox.Workflow{Markers: 1500}, fault: after, delivery: "CONFIRMED", sends: 1, recorded: true},
		"in whole seconds":                  {options: sandbox.Options{WholeSeconds: true}, fault: after, delivery: "CONFIRMED", sends: 1, recorded: true},
		"in whole seconds, did not arrive":  {options: sandbox.Options{WholeSeconds: true}, fault: before, delivery: "SENT", sends: 2},
		"without the time":                  {options: sandbox.Options{NoDate: true}, fault: after, delivery: "UNKNOWN", sends: 1, says: []string{"does not tell what time it is"}},
		"without the time, in a run":        {options: sandbox.Options{NoDate: true}, run: true, fault: before, delivery: "UNKNOWN", sends: 1, says: []string{"does not tell what time it is"}},
		"no run":                            {change: acctest.Values{"workflow_id": "nobody"}, fault: before, delivery: "UNKNOWN", sends: 1, says: []string{"it lists no run of this workflow id"}},
		"no such run":                       {run: true, change: acctest.Values{"workflow_id": "nobody"}, fault: before, delivery: "UNKNOWN", sends: 1, says: []string{"it knows no such run"}},
		"may not look at lists":             {deny: "ListOpenWorkflowExecutions", fault: after, delivery: "UNKNOWN", sends: 1, says: []string{"swf:ListOpenWorkflowExecutions", "finds out by itself"}},
		"may not look at histories":         {deny: "GetWorkflowExecutionHistory", fault: after, delivery: "UNKNOWN", sends: 1, says: []string{"swf:GetWorkflowExecutionHistory", "finds out by itself"}},
		"truncated JSON":                    {fault: sandbox.KindTruncateJSON, delivery: "CONFIRMED", sends: 1, recorded: true},
		"500 before acting":                 {fault: sandbox.KindErrorBefore, delivery: "SENT", sends: 2},
		"500 after acting":                  {fault: sandbox.KindErrorAfter, delivery: "CONFIRMED", sends: 1, recorded: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The service's clock differs from this machine's.
			for _, skew := range []time.Duration{-2 * time.Minute, 0, 2 * time.Minute} {
				var offset atomic.Int64
				offset.Store(int64(skew))
				test.options.Now = func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }
				s := acctest.Sandbox(t, test.options)
				test.workflow.WorkflowID = "order-1"
				config, run := acctest.Values{"domain": "sandbox", "workflow_id": "order-1", "signal_name": "release", "input": "go"}, s.StartWorkflow(test.workflow)
				if test.run {
					config["run_id"] = run
				}
				config = config.With(test.change)
				offset.Add(int64(time.Minute))
				p := acctest.StartProvider(t, acctest.Block(s.URL()))
				if test.earlier > 0 {
					if diags := p.Resource("signal_workflow_execution").Apply(config); len(diags) > 0 {
						t.Fatal(diags)
					}
					offset.Add(int64(test.earlier))
				}
				s.ResetRequestLog()
				s.Inject(sandbox.Fault{Operation: "SignalWorkflowExecution", Kind: test.fault, Times: 1})
				if test.deny != "" {
					s.Inject(sandbox.Fault{Operation: test.deny, Kind: sandbox.KindRefuse})
				}
				if test.meanwhile != "" {
					var once sync.Once
					s.Hook(closes, func() { once.Do(func() { s.CloseWorkflow("sandbox", "order-1", test.meanwhile) }) }, nil)
				}
				r := p.Resource("signal_workflow_execution")
				diags := r.Apply(config)
				if got := r.String("delivery"); got != test.delivery || diags.HasError() != (len(test.says) > 0) {
					t.Errorf("skew %s: delivery is %q, want %q: %s", skew, got, test.delivery, diags)
				}
				if sends := s.Count("SignalWorkflowExecution"); sends != test.sends {
					t.Errorf("skew %s: sent %d times, want %d: %v", skew, sends, test.sends, s.RequestLog())
				}
				if got := r.String("run_id"); test.recorded && got != run || !test.recorded && !test.run && got != "" {
					t.Errorf("skew %s: recorded run %q, want %q: %t", skew, got, run, test.recorded)
				}
				for _, part := range test.says {
					if !strings.Contains(diags.String(), part) {
						t.Errorf("%q is not in the error:\n%s", part, diags)
					}
				}
				if strings.Contains(diags.String()+r.State.String(), "canary") {
					t.Errorf("the input is in what was said or recorded:\n%s\n%s", diags, r.State)
				}
			}
		})
	}
}

// The history is read back only to the time of the send.
func TestHistoryIsReadBackToTheSend(t *testing.T) {
	var offset atomic.Int64
	s := acctest.Sandbox(t, sandbox.Options{Now: func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }})
	run := s.StartWorkflow(sandbox.Workflow{WorkflowID: "order-1", Markers: 900})
	p := acctest.StartProvider(t, acctest.Block(s.URL()))
	config := acctest.Values{"domain": "sandbox", "workflow_id": "order-1", "run_id": run, "signal_name": "release"}
	for _, input := range []string{"1", "2", "3", "4"} {
		if diags := p.Resource("signal_workflow_execution").Apply(config.With(acctest.Values{"input": input})); len(diags) > 0 {
			t.Fatal(diags)
		}
		offset.Add(int64(time.Minute))
	}
	s.Inject(sandbox.Fault{Operation: "SignalWorkflowExecution", Kind: before, Times: 1})
	r := p.Resource("signal_workflow_execution")
	if diags := r.Apply(config.With(acctest.Values{"input": "5"})); len(diags) > 0 {
		t.Fatal(diags)
	}
	for _, entry := range s.RequestLog() {
		if strings.Contains(entry.Body, "nextPageToken") {
			t.Errorf("a second page was read: %s", entry.Body)
		}
	}
}

// A signal that is found in a run is waited for there.
func TestConfirmedIsWaitedForInItsRun(t *testing.T) {
	s := acctest.Sandbox(t, sandbox.Options{})
	run := s.StartWorkflow(sandbox.Workflow{WorkflowID: "order-1", Closes: map[string]string{"release": "COMPLETED"}})
	s.Inject(sandbox.Fault{Operation: "SignalWorkflowExecution", Kind: after, Times: 1})
	// The run is not searched for before the send, but only after the lost answer.
	r := acctest.StartProvider(t, acctest.Block(s.URL())).Resource("signal_workflow_execution")
	diags := r.Apply(acctest.Values{"domain": "sandbox", "workflow_id": "order-1", "signal_name": "release", "when": "destroy"})
	if diags.HasError() {
		t.Fatal(diags)
	}
	if diags := r.Apply(acctest.Values{"domain": "sandbox", "workflow_id": "order-1", "signal_name": "release", "when": "destroy", "wait_for_completion": true}); diags.HasError() {
		t.Fatal(diags)
	}
	if diags := r.Destroy(); len(diags) > 0 || !r.State.IsNull() {
		t.Errorf("destroying said %s and left %s", diags, r.State)
	}
	if s.Count("SignalWorkflowExecution") != 1 {
		t.Errorf("the request log is %v", s.RequestLog())
	}
	for _, entry := range s.RequestLog() {
		if entry.Operation == "DescribeWorkflowExecution" && !strings.Contains(entry.Body, run[:10]) {
			t.Errorf("another run was waited for: %s", entry.Body)
		}
	}
}

// A signal counts as not sent only after lagging reads had time to show it. On a machine that
// makes its first read after the lag, one read shows it.
func TestLaggingReadsAreWaitedFor(t *testing.T) {
	s := acctest.Sandbox(t, sandbox.Options{ReadLag: 150 * time.Millisecond})
	s.StartWorkflow(sandbox.Workflow{WorkflowID: "order-1"})
	policy := acctest.Quick()
	policy.Settle = 10 * time.Second
	s.Inject(sandbox.Fault{Operation: "SignalWorkflowExecution", Kind: after, Times: 1})
	r := acctest.StartProvider(t, acctest.Block(s.URL()), provider.WithPolicy(policy)).Resource("signal_workflow_execution")
	diags := r.Apply(acctest.Values{"domain": "sandbox", "workflow_id": "order-1", "signal_name": "release"})
	if len(diags) > 0 || r.String("delivery") != "CONFIRMED" {
		t.Errorf("delivery is %q: %s", r.String("delivery"), diags)
	}
	if s.Count("SignalWorkflowExecution") != 1 || s.Count("ListOpenWorkflowExecutions") == 0 {
		t.Errorf("the request log is %v", s.RequestLog())
	}
}

// A run that has ended and that reads still list is not the end of the target: the signal
// goes to the open run, unless it was to be adopted from the ended one.
func TestEndedRunThatIsStillListed(t *testing.T) {
	for _, when := range []string{"apply", "destroy"} {
		for _, option := range []string{"wait_until_ready", "wait_for_completion", "adopt_existing"} {
			t.Run(when+"/"+option, func(t *testing.T) {
				t.Parallel()
				var offset atomic.Int64
				s := acctest.Sandbox(t, sandbox.Options{ReadLag: time.Minute, Now: func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }})
				s.StartWorkflow(sandbox.Workflow{WorkflowID: "order-1", Closes: map[string]string{"release": "COMPLETED"}})
				offset.Add(int64(2 * time.Minute))
				r := acctest.StartProvider(t, acctest.Block(s.URL())).Resource("signal_workflow_execution")
				config := acctest.Values{"domain": "sandbox", "workflow_id": "order-1", "signal_name": "release", "when": when, option: true}
				if when == "destroy" {
					if diags := r.Apply(config); diags.HasError() {
						t.Fatal(diags)
					}
				}
				s.CloseWorkflow("sandbox", "order-1", "CONTINUED_AS_NEW")
				if option == "wait_for_completion" {
					// The reads catch up during the wait for the run's end.
					s.Hook("SignalWorkflowExecution", nil, func() { offset.Add(int64(time.Minute)) })
				}
				act := func() acctest.Diagnostics { return r.Apply(config) }
				if when == "destroy" {
					act = r.Destroy
				}
				diags := act()
				if option == "adopt_existing" {
					// The provider has searched only that run for the signal, so it does
					// not send to another one. The next operation finds the other one.
					if !strings.Contains(diags.String(), "The signal was not taken") || when == "destroy" && r.State.IsNull() {
						t.Errorf("the state is %s: %s", r.State, diags)
					}
					if s.Count("SignalWorkflowExecution") != 1 || s.Accepted("SignalWorkflowExecution") != 0 {
						t.Errorf("the request log is %v", s.RequestLog())
					}
					return
				}
				if len(diags) > 0 {
					t.Error(diags)
				}
				if s.Count("SignalWorkflowExecution") != 2 || s.Accepted("SignalWorkflowExecution") != 1 {
					t.Errorf("the request log is %v", s.RequestLog())
				}
				if option == "wait_until_ready" && when == "apply" && r.String("run_id") != "" {
					t.Errorf("recorded the run %s, which did not take it", r.String("run_id"))
				}
			})
		}
	}
}

// If the timeout cuts off a destroy that looks for an earlier destroy's signal, it sends
// nothing and keeps what is known.
func TestLookCutOffSendsNothing(t *testing.T) {
	s := acctest.Sandbox(t, sandbox.Options{})
	p := acctest.StartProvider(t, acctest.Block(s.URL()))
	s.StartWorkflow(sandbox.Workflow{WorkflowID: "order-1"})
	r := p.Resource("signal_workflow_execution")
	r.Apply(acctest.Values{
		"domain": "sandbox", "workflow_id": "order-1", "signal_name": "stop", "when": "destroy",
		"timeouts": acctest.Briefly["timeouts"],
	})
	s.Inject(p.Stall("SignalWorkflowExecution", sandbox.KindStall))
	if said := r.Destroy(); !strings.Contains(said.String(), "Unknown") {
		t.Fatalf("want an unknown outcome, got: %s", said)
	}
	s.ClearFaults()
	first, sends := r.String("sent_at"), s.Count("SignalWorkflowExecution")

	patient := acctest.Quick()
	patient.Settle = time.Hour
	said := r.On(acctest.StartProvider(t, acctest.Block(s.URL()), provider.WithPolicy(patient))).Destroy()
	if !said.HasError() || strings.Contains(said.String(), "was not taken") {
		t.Errorf("want an error that leaves open whether the signal was taken, got: %s", said)
	}
	if found := s.Count("SignalWorkflowExecution"); found != sends {
		t.Errorf("%d requests were made with the signal, want the %d of the first destroy", found, sends)
	}
	if r.String("delivery") != "UNKNOWN" || r.String("sent_at") != first {
		t.Errorf("recorded are %s and %s, want UNKNOWN and %s", r.String("delivery"), r.String("sent_at"), first)
	}
}

// If SWF may have deleted the run that was open then, the listed runs without the signal
// prove nothing.
func TestForgottenRunTellsNothing(t *testing.T) {
	s := acctest.Sandbox(t, sandbox.Options{})
	s.StartWorkflow(sandbox.Workflow{WorkflowID: "order-1", Closes: map[string]string{"stop": "COMPLETED"}})
	p := acctest.StartProvider(t, acctest.Block(s.URL()))
	r := p.Resource("signal_workflow_execution")
	r.Apply(acctest.Values{
		"domain": "sandbox", "workflow_id": "order-1", "signal_name": "stop", "when": "destroy",
		"timeouts": acctest.Briefly["timeouts"],
	})
	s.Inject(p.Stall("SignalWorkflowExecution", sandbox.KindStallAfter))
	if said := r.Destroy(); !strings.Contains(said.String(), "Unknown") {
		t.Fatalf("want an unknown outcome, got: %s", said)
	}
	// That was an hour ago.
	first := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	stored := r.Stored()
	stored.State = bytes.ReplaceAll(stored.State, []byte(r.String("sent_at")), []byte(first))
	if diags := r.Upgrade(stored); len(diags) > 0 {
		t.Fatal(diags)
	}

	// SWF has deleted that run, and another one is open.
	later := acctest.Sandbox(t, sandbox.Options{})
	later.StartWorkflow(sandbox.Workflow{WorkflowID: "order-1"})
	later.Inject(sandbox.Fault{Operation: "SignalWorkflowExecution", Kind: sandbox.KindRefuse})
	said := r.On(acctest.StartProvider(t, acctest.Block(later.URL()))).Destroy()
	for _, part := range []string{"lists no run of this workflow id that was open then", "it is unknown whether the service took it then"} {
		if !strings.Contains(said.String(), part) {
			t.Errorf("%q is not in the error:\n%s", part, said)
		}
	}
	if r.String("delivery") != "UNKNOWN" || r.String("sent_at") != first {
		t.Errorf("recorded are %s and %s, want UNKNOWN and %s", r.String("delivery"), r.String("sent_at"), first)
	}
}
