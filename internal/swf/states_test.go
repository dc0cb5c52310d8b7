package swf_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

const (
	send     = "SignalWorkflowExecution"
	describe = "DescribeWorkflowExecution"
	history  = "GetWorkflowExecutionHistory"
	listOpen = "ListOpenWorkflowExecutions"
	listDone = "ListClosedWorkflowExecutions"
)

var (
	ready    = acctest.Values{"wait_until_ready": true}
	complete = acctest.Values{"wait_for_completion": true}
	adopt    = acctest.Values{"adopt_existing": true}
)

// world is a sandbox whose clock is moved on by the reads of a test, with a provider.
type world struct {
	*sandbox.Sandbox
	*acctest.Provider
	offset atomic.Int64
}

func (w *world) move(d time.Duration) { w.offset.Add(int64(d)) }

func play(t *testing.T, lag time.Duration, executions ...sandbox.Workflow) (w *world, runs []string) {
	t.Helper()
	w = &world{}
	w.Sandbox = acctest.Sandbox(t, sandbox.Options{
		Domains: []string{"orders"}, ReadLag: lag,
		Now: func() time.Time { return time.Now().Add(time.Duration(w.offset.Load())) },
	})
	w.Provider = acctest.StartProvider(t, acctest.Block(w.URL()))
	for _, execution := range executions {
		execution.Domain, execution.WorkflowID = "orders", "order-1"
		runs = append(runs, w.StartWorkflow(execution))
	}
	for _, read := range []string{describe, listOpen} {
		w.Hook(read, func() { w.move(5 * time.Second) }, nil)
	}
	return w, runs
}

func (w *world) resource() *acctest.Resource { return w.Resource("signal_workflow_execution") }

// somebody returns a resource of another process.
func (w *world) somebody(t *testing.T) *acctest.Resource {
	t.Helper()
	return acctest.StartProvider(t, acctest.Block(w.URL())).Resource("signal_workflow_execution")
}

// made checks the operations in the request log, without repeats, and clears it. The tests
// of delivery check how often a wait reads.
func made(t *testing.T, w *world, want ...string) {
	t.Helper()
	var got []string
	for _, entry := range w.RequestLog() {
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
	config := minimal
	for _, values := range all {
		config = config.With(values)
	}
	return config
}

// Only what an option needs is read, and the run that is read is the one that is signalled.
func TestRequestsOfTheOptions(t *testing.T) {
	for name, test := range map[string]struct {
		config acctest.Values
		want   []string
		// kept says whether a run that was not set is recorded.
		kept bool
	}{
		"none":                {nil, []string{send}, false},
		"ready":               {ready, []string{listOpen, send}, true},
		"completion":          {complete, []string{listOpen, send, describe}, true},
		"adopt":               {adopt, []string{listOpen, history, send}, true},
		"all":                 {ready.With(complete).With(adopt), []string{listOpen, history, send, describe}, true},
		"ready of a run":      {ready.With(acctest.Values{"run_id": "r"}), []string{describe, send}, true},
		"completion of a run": {complete.With(acctest.Values{"run_id": "r"}), []string{send, describe}, true},
		"adopt in a run":      {adopt.With(acctest.Values{"run_id": "r"}), []string{history, send}, true},
		"all, of a run":       {ready.With(complete).With(adopt).With(acctest.Values{"run_id": "r"}), []string{history, describe, send, describe}, true},
		"all, but turned off": {acctest.Values{"wait_until_ready": false, "wait_for_completion": false, "adopt_existing": false}, []string{send}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := play(t, 0, sandbox.Workflow{RunID: "r", Closes: map[string]string{"release": "COMPLETED"}})
			r := w.resource()
			apply(t, r, minimal.With(test.config))
			for _, entry := range w.RequestLog() {
				if named := strings.Contains(entry.Body, `"runId":"r"`); named != (test.kept && entry.Operation != listOpen) {
					t.Errorf("%s asks with %s", entry.Operation, entry.Body)
				}
			}
			made(t, w, test.want...)
			if recorded := r.String("run_id"); (recorded == "r") != test.kept {
				t.Errorf("recorded run %q", recorded)
			}
			if diags := r.Refresh(); len(diags) > 0 {
				t.Error(diags)
			}
			apply(t, r, minimal.With(test.config))
			made(t, w)
		})
	}
}

func TestEveryEnd(t *testing.T) {
	long := strings.Repeat("é", 30000)
	for status, test := range map[string]struct {
		succeeds bool
		reason   string
	}{
		"COMPLETED":  {succeeds: true},
		"FAILED":     {reason: "SWF says: the disk: " + long[:2*490] + "…"},
		"CANCELED":   {reason: "SWF says: " + long[:2*500] + "…"},
		"TERMINATED": {reason: "OPERATOR_INITIATED: the disk: é"},
		"TIMED_OUT":  {reason: "START_TO_CLOSE"},
	} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			w, _ := play(t, 0, sandbox.Workflow{Closes: map[string]string{"release": status}, CloseSeconds: 10, Reason: "the disk", Details: long})
			r := w.resource()
			diags := r.Apply(minimal.With(complete))
			want := []string{listOpen, send, describe}
			if test.succeeds {
				says(t, diags, false)
			} else {
				says(t, diags, true, "Target Did Not Succeed", status, test.reason)
				if strings.Count(diags.String(), "é") > 500 {
					t.Error("the whole of the details is quoted")
				}
				want = append(want, history)
			}
			if r.String("target_status") != status || r.Bool("target_succeeded") != test.succeeds {
				t.Errorf("recorded %s", r.State)
			}
			made(t, w, want...)
			r.Tainted = false
			apply(t, r, minimal.With(complete))
			if diags := r.Refresh(); len(diags) > 0 {
				t.Error(diags)
			}
			made(t, w)
		})
	}
}

// The failure is reported even without permission to read its reason.
func TestReasonsAreOptional(t *testing.T) {
	w, _ := play(t, 0, sandbox.Workflow{Closes: map[string]string{"release": "FAILED"}, Reason: "the disk is full"})
	w.Inject(sandbox.Fault{Operation: history, Kind: sandbox.KindRefuse})
	says(t, w.resource().Apply(minimal.With(complete)), true, "Target Did Not Succeed", "FAILED")
	w.ClearFaults()
	w.StartWorkflow(sandbox.Workflow{Domain: "orders", WorkflowID: "order-1", Closes: map[string]string{"release": "FAILED"}, Reason: "the disk is full"})
	w.Inject(sandbox.Fault{Operation: history, Kind: sandbox.KindErrorBefore, Times: 2})
	says(t, w.resource().Apply(minimal.With(complete)), true, "the disk is full")
}

// A workflow may repeat its input in its reason.
func TestReasonsHideSecrets(t *testing.T) {
	secret := acctest.Values{"input_wo": "canary-4711"}
	w, _ := play(t, 0, sandbox.Workflow{Closes: map[string]string{"release": "FAILED"}, Reason: "cannot", Details: "do canary-4711 today"})
	r := w.resource()
	for range 2 {
		diags := r.Apply(merged(complete, secret))
		says(t, diags, true, "cannot: do *** today")
		if strings.Contains(diags.String(), "canary") {
			t.Errorf("the input is shown: %s", diags)
		}
		// The test continues as if only the update had seen the failure.
		r = w.resource()
		w.StartWorkflow(sandbox.Workflow{
			Domain: "orders", WorkflowID: "order-1", Closes: map[string]string{"release": "FAILED"}, Reason: "cannot", Details: "do canary-4711 today",
		})
		apply(t, r, minimal.With(secret))
	}
}

// A refusal of a found run may repeat the input too.
func TestRefusalsHideSecrets(t *testing.T) {
	w, _ := play(t, 0, sandbox.Workflow{})
	w.Inject(sandbox.Fault{Operation: send, Kind: sandbox.KindRefuse, Status: 400, Code: "ValidationException", Message: "cannot take canary-4711"})
	diags := w.resource().Apply(merged(complete, acctest.Values{"input_wo": "canary-4711"}))
	says(t, diags, true, "Signal Rejected", "cannot take ***")
}

func TestContinuedRunsAreFollowed(t *testing.T) {
	for _, end := range []string{"COMPLETED", "FAILED"} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			w, runs := play(t, 10*time.Second, sandbox.Workflow{Reason: "the disk is full"})
			w.move(10 * time.Second)
			reads := 0
			w.Hook(describe, func() {
				switch reads++; reads {
				case 2, 10:
					w.CloseWorkflow("orders", "order-1", "CONTINUED_AS_NEW")
				case 20:
					w.CloseWorkflow("orders", "order-1", end)
				}
			}, func() { w.move(3 * time.Second) })
			// Reads may not show the next run yet.
			w.Hook(history, nil, func() {
				w.Inject(sandbox.Fault{Operation: describe, Kind: sandbox.KindRefuse, Status: 400, Code: "UnknownResourceFault", Times: 1})
			})
			w.Inject(sandbox.Fault{Operation: history, Kind: sandbox.KindThrottle, Times: 1})
			r := w.resource()
			diags := r.Apply(minimal.With(complete))
			if end == "COMPLETED" {
				says(t, diags, false)
			} else {
				says(t, diags, true, "Target Did Not Succeed", "the disk is full")
			}
			if r.String("target_status") != end || r.String("run_id") != runs[0] {
				t.Errorf("recorded %s", r.State)
			}
			if n := len(w.Workflows("orders", "order-1")); n != 3 || w.Accepted(send) != 1 {
				t.Errorf("%d runs, the request log is %v", n, w.RequestLog())
			}
			// A run that is known to be continued is not read again.
			seen := map[string]int{}
			for _, entry := range w.RequestLog() {
				if entry.Operation == history && entry.Status == 200 {
					if seen[entry.Body]++; seen[entry.Body] > 1 {
						t.Errorf("read again: %s", entry.Body)
					}
				}
			}
		})
	}
}

// Runs that continue each other in a circle are read with pauses, like any other run.
func TestCircleOfContinuedRuns(t *testing.T) {
	next := map[string]string{"a": "b", "b": "c", "c": "b", "same": "same"}
	for name, first := range map[string]string{"before it": "a", "in it": "b", "one run": "same"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var reads atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				var in struct{ Execution struct{ RunID string } }
				if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
					t.Error(err)
				}
				w.Header().Set("Content-Type", "application/x-amz-json-1.0")
				if strings.HasSuffix(r.Header.Get("X-Amz-Target"), history) {
					_, _ = fmt.Fprintf(w, `{"events":[{"eventId":9,"workflowExecutionContinuedAsNewEventAttributes":{"newExecutionRunId":%q}}]}`, next[in.Execution.RunID])
					return
				}
				end := "CONTINUED_AS_NEW"
				if reads.Add(1) > 1000 {
					end = "COMPLETED" // Otherwise a test of reads without a pause would not end.
				}
				_, _ = fmt.Fprintf(w, `{"executionInfo":{"executionStatus":"CLOSED","closeStatus":%q}}`, end)
			}))
			t.Cleanup(server.Close)
			r := acctest.StartProvider(t, acctest.Block(server.URL)).Resource("signal_workflow_execution_wait")
			says(t, r.Apply(acctest.Values{"domain": "orders", "workflow_id": "order-1", "run_id": first, "timeouts": acctest.Values{"create": "200ms"}}), true,
				"Target Not Seen", "names a run that was read already")
		})
	}
}

func TestContinuedRunWithoutPermission(t *testing.T) {
	w, _ := play(t, 0, sandbox.Workflow{Closes: map[string]string{"release": "CONTINUED_AS_NEW"}})
	w.Inject(sandbox.Fault{Operation: history, Kind: sandbox.KindRefuse})
	r := w.resource()
	says(t, r.Apply(minimal.With(complete)), true, "Target Cannot Be Read", "accepted", "swf:GetWorkflowExecutionHistory")
	if r.String("delivery") != "SENT" {
		t.Errorf("recorded %s", r.State)
	}
}

func TestFindingNeedsPermission(t *testing.T) {
	for name, options := range map[string]acctest.Values{"ready": ready, "completion": complete, "adopt": adopt} {
		t.Run(name, func(t *testing.T) {
			w, _ := play(t, 0, sandbox.Workflow{})
			w.Inject(sandbox.Fault{Operation: listOpen, Kind: sandbox.KindRefuse})
			r := w.resource()
			says(t, r.Apply(minimal.With(options)), true, "Signal Not Sent", "was not tried", "swf:ListOpenWorkflowExecutions")
			if w.Count(send) != 0 || !r.State.IsNull() {
				t.Errorf("recorded %s after %v", r.State, w.RequestLog())
			}
		})
	}
}

// Reads lag: only a wait waits for a run that has just started.
func TestRunNotListedYet(t *testing.T) {
	w, runs := play(t, 12*time.Second, sandbox.Workflow{Closes: map[string]string{"release": "COMPLETED"}})
	for _, options := range []acctest.Values{complete, adopt} {
		r := w.resource()
		w.Hook(listOpen, nil, nil)
		diags := r.Apply(minimal.With(options))
		says(t, diags, true, "Signal Not Sent", "lists no open run", "wait_until_ready", "list-open-workflow-executions")
		if diags[0].Attribute != "workflow_id" || !r.State.IsNull() {
			t.Errorf("recorded %s, said %s", r.State, diags)
		}
		made(t, w, listOpen)
	}
	w.Hook(listOpen, func() { w.move(5 * time.Second) }, nil)
	r := w.resource()
	apply(t, r, minimal.With(ready).With(complete))
	if r.String("run_id") != runs[0] || r.String("target_status") != "COMPLETED" {
		t.Errorf("recorded %s", r.State)
	}
	// The end lags, too.
	made(t, w, listOpen, send, describe)
}

func TestNothingOpen(t *testing.T) {
	const theClosed = "the closed"
	closed := acctest.Values{"run_id": theClosed}
	for name, test := range map[string]struct {
		config acctest.Values
		says   []string
		want   []string
	}{
		"ready":             {merged(ready, acctest.Briefly), []string{"create timeout", "listed no open run", "list-open-workflow-executions"}, nil},
		"completion":        {merged(complete), []string{"lists no open run", "run_id"}, []string{listOpen}},
		"adopt":             {merged(adopt), []string{"lists no open run", "run_id"}, []string{listOpen}},
		"no such domain":    {merged(ready, acctest.Values{"domain": "nowhere"}), []string{"Unknown domain: nowhere", "describe-domain"}, []string{listOpen}},
		"closed":            {merged(ready, closed), []string{"COMPLETED", "does not become ready"}, []string{describe}},
		"no such run":       {merged(ready, acctest.Briefly, acctest.Values{"run_id": "none"}), []string{"create timeout", "Unknown execution", "runId=none", "knew no such run"}, nil},
		"adopt in no run":   {merged(adopt, acctest.Values{"run_id": "none"}), []string{"UnknownResourceFault"}, []string{history, send}},
		"adopt in a closed": {merged(adopt, closed), []string{"UnknownResourceFault"}, []string{history, send}},
	} {
		t.Run(name, func(t *testing.T) {
			// Each has a sandbox of its own: a read that a timeout has cut off may arrive late.
			w, runs := play(t, 0, sandbox.Workflow{})
			w.CloseWorkflow("orders", "order-1", "COMPLETED")
			w.Hook(listOpen, nil, nil)
			w.Hook(describe, nil, nil)
			r, config := w.resource(), test.config
			if config["run_id"] == theClosed {
				config = config.With(acctest.Values{"run_id": runs[0]})
			}
			says(t, r.Apply(config), true, append(test.says, "Signal")...)
			if !r.State.IsNull() || w.Accepted(send) != 0 {
				t.Errorf("recorded %s after %v", r.State, w.RequestLog())
			}
			if test.want != nil {
				made(t, w, test.want...)
			}
		})
	}
}

func TestNothingOpenAtDestroy(t *testing.T) {
	for name, options := range map[string]acctest.Values{
		"nothing": nil, "completion": complete, "adopt": adopt, "ready, and closed": ready,
	} {
		t.Run(name, func(t *testing.T) {
			w, runs := play(t, 0, sandbox.Workflow{})
			w.CloseWorkflow("orders", "order-1", "COMPLETED")
			config := merged(options, acctest.Values{"when": "destroy"})
			if name == "ready, and closed" {
				config["run_id"] = runs[0]
			}
			r := w.resource()
			says(t, r.Apply(config), false)
			says(t, r.Destroy(), false, "Target Is Gone", "sent at destroy")
			if !r.State.IsNull() || w.Accepted(send) != 0 {
				t.Errorf("the state is %s, the request log %v", r.State, w.RequestLog())
			}
		})
	}
}

// A destroy that goes on waiting reads the run that it signalled.
func TestDestroyRemembersTheRun(t *testing.T) {
	w, runs := play(t, 0, sandbox.Workflow{})
	w.Hook(describe, nil, nil)
	r := w.resource()
	says(t, r.Apply(merged(complete, acctest.Briefly, acctest.Values{"when": "destroy"})), false)
	says(t, r.Destroy(), true, "Target Still Running")
	if r.String("run_id") != runs[0] {
		t.Errorf("recorded run %q", r.String("run_id"))
	}
	w.CloseWorkflow("orders", "order-1", "COMPLETED")
	w.StartWorkflow(sandbox.Workflow{Domain: "orders", WorkflowID: "order-1"})
	w.ResetRequestLog()
	says(t, r.Destroy(), false)
	made(t, w, describe)
}

// If the run was not recorded, the provider finds the run that was open when the signal was
// sent.
func TestWaitTurnedOnForAnUnknownRun(t *testing.T) {
	for name, test := range map[string]struct {
		then func(w *world)
		says []string
		want []string
	}{
		"still open": {func(*world) {}, []string{"FAILED", "the disk is full"}, []string{listOpen, describe, history}},
		"closed":     {func(w *world) { w.move(time.Minute) }, []string{"FAILED", "the disk is full"}, []string{listOpen, listDone, describe, history}},
		"closed, and another is open": {func(w *world) {
			w.move(time.Minute)
			w.StartWorkflow(sandbox.Workflow{Domain: "orders", WorkflowID: "order-1"})
		}, []string{"FAILED", "the disk is full"}, []string{listOpen, listDone, describe, history}},
		"forgotten": {func(w *world) {
			w.Reset()
			w.move(-time.Minute)
			w.StartWorkflow(sandbox.Workflow{Domain: "orders", WorkflowID: "order-1"})
			w.CloseWorkflow("orders", "order-1", "COMPLETED")
			w.move(2 * time.Minute)
			w.StartWorkflow(sandbox.Workflow{Domain: "orders", WorkflowID: "order-1"})
		}, []string{"Target Cannot Be Read", "lists no run", "sent_at", "retention", "nothing was sent"}, []string{listOpen, listDone}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := play(t, 0)
			w.move(-time.Minute)
			w.StartWorkflow(sandbox.Workflow{Domain: "orders", WorkflowID: "order-1"})
			w.CloseWorkflow("orders", "order-1", "COMPLETED")
			w.move(time.Minute)
			w.StartWorkflow(sandbox.Workflow{
				Domain: "orders", WorkflowID: "order-1", Closes: map[string]string{"release": "FAILED"}, CloseSeconds: 15, Reason: "the disk is full",
			})
			r := w.resource()
			apply(t, r, minimal)
			test.then(w)
			w.ResetRequestLog()
			says(t, r.Apply(minimal.With(complete)), true, test.says...)
			made(t, w, test.want...)
			if r.String("run_id") != "" || r.Tainted {
				t.Errorf("recorded %s", r.State)
			}
		})
	}
}

func TestRefreshOfAnUnknownRun(t *testing.T) {
	w, _ := play(t, 0, sandbox.Workflow{Closes: map[string]string{"release": "COMPLETED"}, CloseSeconds: 15})
	r := w.resource()
	apply(t, r, minimal)
	says(t, r.Apply(merged(complete, acctest.Values{"timeouts": acctest.Values{"update": "1ns"}})), true, "update timeout of 1ns")
	w.ResetRequestLog()
	says(t, r.Refresh(), false)
	if r.String("target_status") != "OPEN" || r.String("run_id") != "" {
		t.Errorf("recorded %s", r.State)
	}
	made(t, w, listOpen, describe)
	w.move(time.Minute)
	says(t, r.Refresh(), false)
	if r.String("target_status") != "COMPLETED" || r.Bool("target_succeeded") != true {
		t.Errorf("recorded %s", r.State)
	}
	made(t, w, listOpen, listDone, describe)
	says(t, r.Refresh(), false)
	made(t, w)
}

func TestForgottenWhileWaiting(t *testing.T) {
	w, runs := play(t, 0, sandbox.Workflow{})
	w.Hook(describe, w.Reset, nil)
	r := w.resource()
	says(t, r.Apply(merged(complete, acctest.Values{"run_id": runs[0]})), true, "Target Cannot Be Read", "UnknownResourceFault", "retention", "describe-workflow-execution")
	if r.String("delivery") != "SENT" {
		t.Errorf("recorded %s", r.State)
	}
}

func TestWhatIsAdopted(t *testing.T) {
	for name, test := range map[string]struct {
		there, config acctest.Values
		adopted       bool
	}{
		"the same":                  {acctest.Values{"input": "go"}, acctest.Values{"input": "go"}, true},
		"the same, write-only":      {acctest.Values{"input": "go"}, acctest.Values{"input_wo": "go"}, true},
		"no input":                  {nil, nil, true},
		"empty instead of no input": {nil, acctest.Values{"input": ""}, true},
		"another input":             {acctest.Values{"input": "stop"}, acctest.Values{"input": "go"}, false},
		"input and none":            {acctest.Values{"input": "go"}, nil, false},
		"another name":              {acctest.Values{"signal_name": "hold"}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The event is two pages of history away.
			w, runs := play(t, 0, sandbox.Workflow{Markers: 1500})
			apply(t, w.somebody(t), minimal.With(test.there))
			w.ResetRequestLog()
			r := w.resource()
			apply(t, r, merged(test.config, adopt))
			want, delivery := []string{listOpen, history}, "ADOPTED"
			if !test.adopted {
				want, delivery = append(want, send), "SENT"
			}
			made(t, w, want...)
			if w.Accepted(send) > 1 || r.String("delivery") != delivery || r.String("run_id") != runs[0] {
				t.Errorf("recorded %s", r.State)
			}
		})
	}
}

// The signal may have closed its run.
func TestAdoptedInAClosedRun(t *testing.T) {
	w, runs := play(t, 0, sandbox.Workflow{Closes: map[string]string{"release": "COMPLETED"}})
	apply(t, w.somebody(t), minimal)
	w.ResetRequestLog()
	r := w.resource()
	apply(t, r, merged(adopt, ready, complete, acctest.Values{"run_id": runs[0]}))
	made(t, w, history, describe)
	if r.String("delivery") != "ADOPTED" || r.String("target_status") != "COMPLETED" {
		t.Errorf("recorded %s", r.State)
	}
}

func TestInputOfTheAction(t *testing.T) {
	w, _ := play(t, 0, sandbox.Workflow{})
	a := w.Action("signal_workflow_execution")
	if _, diags := a.Invoke(minimal.With(acctest.Values{"input": "go"})); len(diags) > 0 {
		t.Fatal(diags)
	}
	if got := w.Workflows("orders", "order-1")[0].Signals(); !slices.Equal(got, []string{"release=go"}) {
		t.Errorf("the history has %q", got)
	}
	says(t, a.Validate(minimal.With(acctest.Values{"input": strings.Repeat("canary", 10000)})), true, "32768")
	if diags := fmt.Sprint(a.Validate(minimal.With(acctest.Values{"input": strings.Repeat("canary", 10000)}))); strings.Contains(diags, "canary") {
		t.Errorf("the input is shown: %s", diags)
	}
}

// Another run of the same workflow id is another target: the end of the one before is not its end.
func TestNextRunIsWaitedFor(t *testing.T) {
	w, _ := play(t, 0, sandbox.Workflow{Closes: map[string]string{"release": "COMPLETED"}, CloseSeconds: 40})
	config := acctest.Values{"domain": "orders", "workflow_id": "order-1"}
	if diags := w.resource().Apply(config.With(acctest.Values{"signal_name": "release"})); len(diags) > 0 {
		t.Fatal(diags)
	}
	config = config.With(acctest.Values{"timeouts": acctest.Values{"create": "3s"}})
	first, next := w.Resource("signal_workflow_execution_wait"), w.Resource("signal_workflow_execution_wait")
	if diags := first.Apply(config); len(diags) > 0 {
		t.Fatal(diags)
	}
	run := w.StartWorkflow(sandbox.Workflow{Domain: "orders", WorkflowID: "order-1"})
	if diags := next.Apply(config); !strings.Contains(diags.String(), "Target Still Running") || next.String("run_id") != run {
		t.Errorf("the state is %s, and it said %s", next.State, diags)
	}
}

// A wait without run_id that is replaced does not find a run that has closed in the
// meantime. The error of the first wait says so, and an untaint goes on with that run.
func TestReplacedWaitForgetsItsRun(t *testing.T) {
	const untaint, forgets = "terraform untaint", "searches for an open run"
	w, runs := play(t, 0, sandbox.Workflow{Closes: map[string]string{"release": "COMPLETED"}})
	config := acctest.Values{"domain": "orders", "workflow_id": "order-1"}
	shortly := config.With(acctest.Values{"timeouts": acctest.Values{"create": "3s"}})
	waits := func(config acctest.Values) (*acctest.Resource, string) {
		r := w.Resource("signal_workflow_execution_wait")
		return r, r.Apply(config).String()
	}
	if _, said := waits(shortly.With(acctest.Values{"run_id": runs[0]})); !strings.Contains(said, "Target Still Running") || strings.Contains(said, untaint) {
		t.Errorf("with a run_id it said %s", said)
	}
	first, said := waits(shortly)
	if !strings.Contains(said, "Target Still Running") || !strings.Contains(said, untaint) || !strings.Contains(said, forgets) {
		t.Errorf("the first wait said %s", said)
	}
	if diags := w.resource().Apply(config.With(acctest.Values{"signal_name": "release"})); len(diags) > 0 {
		t.Fatal(diags)
	}
	if _, said := waits(shortly); !strings.Contains(said, "Target Not Seen") || strings.Contains(said, untaint) {
		t.Errorf("the replacement said %s", said)
	}
	first.Tainted = false // terraform untaint
	if diags := first.Apply(config); len(diags) > 0 || first.String("target_status") != "COMPLETED" || first.String("run_id") != runs[0] {
		t.Errorf("after an untaint it said %s: %s", diags, first.State)
	}
}

// A wait may find its run after the plan: after an import by the workflow id alone, or if
// the workflow starts after a wait that has seen nothing. The id of the wait follows.
func TestRunThatIsFoundLate(t *testing.T) {
	t.Parallel()
	recorded := acctest.Values{"domain": "orders", "workflow_id": "order-1", "on_wait_failure": "record", "timeouts": acctest.Values{"create": "1s", "update": "1s"}}
	for name, known := range map[string]func(t *testing.T, w *world, r *acctest.Resource, start func() string) (run string){
		"in an import": func(t *testing.T, _ *world, r *acctest.Resource, start func() string) string {
			run := start()
			says(t, r.Import("orders/order-1"), false)
			return run
		},
		"after an import that could not read it": func(t *testing.T, w *world, r *acctest.Resource, start func() string) string {
			w.Inject(sandbox.Fault{Operation: listOpen, Kind: sandbox.KindRefuse})
			says(t, r.Import("orders/order-1"), false, "Target Not Read")
			w.ClearFaults()
			return start()
		},
		"after a wait that saw nothing": func(t *testing.T, _ *world, r *acctest.Resource, start func() string) string {
			says(t, r.Apply(recorded), false, "Target Not Seen")
			if r.String("id") != "orders/order-1" || r.String("run_id") != "" {
				t.Errorf("nothing was seen, and the state is %s", r.State)
			}
			return start()
		},
		"in a refresh": func(t *testing.T, _ *world, r *acctest.Resource, start func() string) string {
			says(t, r.Apply(recorded), false, "Target Not Seen")
			run := start()
			says(t, r.Refresh(), false)
			if r.String("id") != "orders/order-1/"+run {
				t.Errorf("run %s was read, and the state is %s", run, r.State)
			}
			return run
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := play(t, 0)
			r := w.Resource("signal_workflow_execution_wait")
			run := known(t, w, r, func() string { return w.StartWorkflow(sandbox.Workflow{Domain: "orders", WorkflowID: "order-1"}) })
			says(t, r.Apply(recorded), false, "Target Still Running", "OPEN")
			if r.String("run_id") != run || r.String("id") != "orders/order-1/"+run || w.Count(send) > 0 {
				t.Errorf("run %s goes on, and the state is %s after %v", run, r.State, w.RequestLog())
			}
		})
	}
}
