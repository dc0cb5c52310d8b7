package temporal_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// startWorkflow starts a workflow on the real server, and returns its id.
func startWorkflow(s *sandbox.Sandbox) string {
	id := "w-" + uuid.NewString()
	s.StartTemporalWorkflow(sandbox.TemporalWorkflow{WorkflowID: id})
	return id
}

// A thousand signals with faults are one event each in the history of the real server.
func TestSignalsArriveOnceUnderFaults(t *testing.T) {
	t.Parallel()
	s := acctest.Sandbox(t, sandbox.Options{})
	p := acctest.StartProvider(t, acctest.Block(s.URL()))
	faults := []sandbox.Kind{
		sandbox.KindDropBefore, sandbox.KindDropAfter, sandbox.KindTruncate, sandbox.KindTruncateJSON, sandbox.KindHTML, sandbox.KindHTMLAfter,
		sandbox.KindErrorBefore, sandbox.KindErrorAfter, sandbox.KindHTMLOK,
	}
	const workflows, signals = 20, 50
	arrived := 0
	for range workflows {
		id := startWorkflow(s)
		var sent []string
		for i := range signals {
			kind := faults[i%len(faults)]
			s.Inject(sandbox.Fault{Operation: "Temporal.SignalWorkflowExecution", Kind: kind, Times: 1 + i%3})
			r := p.Resource("signal_temporal_workflow")
			apply(t, r, acctest.Values{"workflow_id": id, "signal_name": "go", "input": fmt.Sprintf(`[%d]`, i)})
			if delivery := r.String("delivery"); delivery != "SENT" && delivery != "CONFIRMED" {
				t.Fatalf("after %s the delivery is %q", kind, delivery)
			}
			sent = append(sent, r.String("request_id"))
			s.ClearFaults()
		}
		history := s.TemporalSignals(id)
		if len(history) != signals {
			t.Fatalf("the history has %d signals, want %d", len(history), signals)
		}
		arrived += len(history)
		for i, event := range history {
			if !strings.HasSuffix(event.Identity, "/"+sent[i]) || string(event.Input) != fmt.Sprintf(`[%d]`, i) {
				t.Errorf("event %d is %+v, and request %s was sent", i, event, sent[i])
			}
		}
	}
	t.Logf("%d signals, each with a lost request or answer, took %d requests and are %d events", workflows*signals, s.Count("Temporal.SignalWorkflowExecution"), arrived)
}

// A signal that ends its workflow and whose answer is lost has arrived: the server
// recognises the repeat.
func TestSignalThatEndsItsWorkflow(t *testing.T) {
	t.Parallel()
	s := acctest.Sandbox(t, sandbox.Options{})
	p := acctest.StartProvider(t, acctest.Block(s.URL()))
	id := "w-" + uuid.NewString()
	s.StartTemporalWorkflow(sandbox.TemporalWorkflow{WorkflowID: id, Closes: map[string]string{"stop": "TERMINATED"}, Reason: "asked to"})
	s.Inject(sandbox.Fault{Operation: "Temporal.SignalWorkflowExecution", Kind: sandbox.KindDropAfter, Times: 1})
	r := p.Resource("signal_temporal_workflow")
	apply(t, r, acctest.Values{"workflow_id": id, "signal_name": "stop"})
	if r.String("delivery") != "SENT" || len(s.TemporalSignals(id)) != 1 || s.TemporalStatus(id) != "TERMINATED" {
		t.Errorf("delivery %q, %d signals, the workflow is %s", r.String("delivery"), len(s.TemporalSignals(id)), s.TemporalStatus(id))
	}
	// Another signal is refused. The error distinguishes a closed workflow from one that
	// never existed.
	says(t, p.Resource("signal_temporal_workflow").Apply(acctest.Values{"workflow_id": id, "signal_name": "stop"}), true, "Signal Rejected", "already completed", "has closed")
	says(t, p.Resource("signal_temporal_workflow").Apply(acctest.Values{"workflow_id": "nobody", "signal_name": "stop"}), true, "Signal Rejected", "not found", "never started")
	says(t, p.Resource("signal_temporal_workflow").Apply(acctest.Values{"namespace": "nowhere", "workflow_id": id, "signal_name": "stop"}), true, "Signal Rejected", "nowhere", "namespace")
}

// If a request is refused after one with a lost answer, the history is read.
func TestReadsBack(t *testing.T) {
	t.Parallel()
	s := acctest.Sandbox(t, sandbox.Options{})
	p := acctest.StartProvider(t, acctest.Block(s.URL()))
	for _, arrived := range []bool{true, false} {
		id := "w-" + uuid.NewString()
		run := s.StartTemporalWorkflow(sandbox.TemporalWorkflow{WorkflowID: id})
		kind := sandbox.KindDropBefore
		if arrived {
			kind = sandbox.KindDropAfter
		}
		s.Inject(sandbox.Fault{Operation: "Temporal.SignalWorkflowExecution", Kind: kind, Times: 1})
		s.Inject(sandbox.Fault{Operation: "Temporal.SignalWorkflowExecution", Kind: sandbox.KindRefuse})
		r := p.Resource("signal_temporal_workflow")
		diags := r.Apply(acctest.Values{"workflow_id": id, "run_id": run, "signal_name": "go"})
		if arrived && (len(diags) > 0 || r.String("delivery") != "CONFIRMED") {
			t.Errorf("delivery %q, said %s", r.String("delivery"), diags)
		}
		if !arrived {
			says(t, diags, true, "Signal Rejected", "PERMISSION_DENIED")
		}
		s.ClearFaults()
	}
}

const (
	send = "Temporal.SignalWorkflowExecution"
	list = "Temporal.ListWorkflowExecutions"
)

// The server recognises a repeat only in the run that has taken the signal. If the answer is
// lost and another run follows, the repeat goes to the run before it.
func TestAnotherRunGetsNoRepeat(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		closes string
		next   func(s *sandbox.Sandbox, id string)
	}{
		"continued as new": {"CONTINUED_AS_NEW", func(s *sandbox.Sandbox, id string) {
			for end := time.Now().Add(time.Minute); len(s.TemporalSignals(id)) > 0 && time.Now().Before(end); {
				_ = delivery.Sleep(t.Context(), time.Millisecond)
			}
		}},
		"started again": {"TERMINATED", func(s *sandbox.Sandbox, id string) {
			s.StartTemporalWorkflow(sandbox.TemporalWorkflow{WorkflowID: id})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.Sandbox(t, sandbox.Options{})
			id := "w-" + uuid.NewString()
			s.StartTemporalWorkflow(sandbox.TemporalWorkflow{WorkflowID: id, Closes: map[string]string{"go": test.closes}})
			s.Hook(send, nil, sync.OnceFunc(func() { test.next(s, id) }))
			s.Inject(sandbox.Fault{Operation: send, Kind: sandbox.KindDropAfter, Times: 1})
			r := acctest.StartProvider(t, acctest.Block(s.URL())).Resource("signal_temporal_workflow")
			apply(t, r, acctest.Values{"workflow_id": id, "signal_name": "go"})
			if r.String("delivery") != "SENT" {
				t.Errorf("the state is %s", r.State)
			}
			if s.Count(send) != 2 || s.Accepted(send) != 1 || len(s.TemporalSignals(id)) != 0 || s.TemporalStatus(id) != "RUNNING" {
				t.Errorf("%d signals arrived, %d of them at the run that is current now:\n%v", s.Accepted(send), len(s.TemporalSignals(id)), s.RequestLog())
			}
		})
	}
}

// A signal that has not arrived is sent again. If the runs cannot be listed, and the current
// one may be younger than the signal, the outcome stays unknown.
func TestSentAgainIfNoRunHasIt(t *testing.T) {
	t.Parallel()
	for _, denied := range []bool{false, true} {
		s := acctest.Sandbox(t, sandbox.Options{})
		p := acctest.StartProvider(t, acctest.Block(s.URL()))
		id := "w-" + uuid.NewString()
		s.StartTemporalWorkflow(sandbox.TemporalWorkflow{WorkflowID: id})
		s.Inject(sandbox.Fault{Operation: send, Kind: sandbox.KindDropBefore, Times: 1})
		if denied {
			s.Inject(sandbox.Fault{Operation: list, Kind: sandbox.KindRefuse})
		}
		r := p.Resource("signal_temporal_workflow")
		diags := r.Apply(acctest.Values{"workflow_id": id, "signal_name": "go"})
		if denied {
			says(t, diags, true, "Outcome of the Signal Unknown", "PERMISSION_DENIED", "temporal workflow list")
		} else if says(t, diags, false); r.String("delivery") != "SENT" {
			t.Errorf("the state is %s", r.State)
		}
		if want := map[bool]int{false: 1}[denied]; len(s.TemporalSignals(id)) != want || s.Count(send) != want+1 {
			t.Errorf("%d signals arrived, want %d:\n%v", len(s.TemporalSignals(id)), want, s.RequestLog())
		}
	}
}
