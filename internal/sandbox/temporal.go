package sandbox

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// temporal is a gateway to a real Temporal server. It adds the request log, the faults and
// the sandbox's clock, and does not change the server's answers.
type temporal struct {
	sandbox *Sandbox
	// upstream returns the address of the server's HTTP API.
	upstream func() (string, error)
	// key is the API key that a request may have. A request without a key is accepted, as
	// the server behind the sandbox does.
	key string

	// mu serialises the requests, because the gateway counts the signals in the server's
	// history.
	mu        sync.Mutex
	scenarios []*temporalScenario
	// gone are the ids of workflows from before the last reset.
	gone map[string]bool
	// newest has the newest signal in the history of each workflow.
	newest map[string]string
}

// TemporalWorkflow is a workflow to start. Its worker keeps it running until a signal
// closes it.
type TemporalWorkflow struct {
	WorkflowID string
	// StartSeconds is the time until it starts, by the sandbox's clock.
	StartSeconds int
	// Closes says with which status a signal closes the run, by the signal's name:
	// COMPLETED, FAILED, CANCELED, CONTINUED_AS_NEW or TERMINATED. CloseSeconds is how long
	// that takes, by the sandbox's clock.
	Closes       map[string]string
	CloseSeconds int
	// Attempts is how many runs the retry policy starts while runs fail; 0 is one. A signal
	// closes each of them.
	Attempts int
	// Reason is why the run failed or was terminated, and Result the result of a completed
	// run.
	Reason string
	Result any
}

type temporalScenario struct {
	TemporalWorkflow
	startAt, closeAt time.Time
	started, closed  bool
	run              string
	how              string
}

const (
	temporalPrefix = "/api/v1/namespaces/"
	// temporalNamespace is the namespace of the development server.
	temporalNamespace = "default"
	// temporalTaskQueue is the task queue of the server's worker.
	temporalTaskQueue = "gates"
)

// namespaceNotFound is NOT_FOUND with the detail for a namespace that does not exist.
const namespaceNotFound = "NOT_FOUND (namespace)"

// temporalCodes are the numbers of the gRPC codes in the gateway's own answers.
var temporalCodes = map[string]int{
	"NOT_FOUND": 5, namespaceNotFound: 5, "PERMISSION_DENIED": 7, "RESOURCE_EXHAUSTED": 8, "INTERNAL": 13, "UNAVAILABLE": 14, "UNAUTHENTICATED": 16,
}

func newTemporal(s *Sandbox, o Options) *temporal {
	upstream := o.Temporal
	if upstream == nil {
		upstream = func() (string, error) {
			return "", fmt.Errorf("there is no Temporal server behind this sandbox")
		}
	}
	return &temporal{sandbox: s, upstream: upstream, key: cmp.Or(o.TemporalAPIKey, "sandbox-api-key"), newest: map[string]string{}, gone: map[string]bool{}}
}

func (t *temporal) name() string { return "temporal" }

func (t *temporal) match(c *call) bool { return strings.HasPrefix(c.r.URL.Path, temporalPrefix) }

// temporalSignal is the operation for signals. SWF has an operation with the same name.
const temporalSignal = "Temporal.SignalWorkflowExecution"

// describe returns the method of Temporal's WorkflowService as the operation.
func (t *temporal) describe(c *call) (operation, region string) {
	segments := strings.Split(strings.TrimPrefix(c.r.URL.Path, temporalPrefix), "/")
	switch {
	case len(segments) == 2 && segments[1] == "workflows" && c.r.Method == http.MethodGet:
		return "Temporal.ListWorkflowExecutions", ""
	case len(segments) < 3 || segments[1] != "workflows":
		return "", ""
	}
	switch rest := segments[3:]; {
	case c.r.Method == http.MethodGet && len(rest) == 0:
		return "Temporal.DescribeWorkflowExecution", ""
	case c.r.Method == http.MethodGet && len(rest) == 1 && rest[0] == "history-reverse":
		return "Temporal.GetWorkflowExecutionHistoryReverse", ""
	case c.r.Method == http.MethodPost && len(rest) == 2 && rest[0] == "signal":
		return temporalSignal, ""
	default:
		return "", ""
	}
}

func (t *temporal) authenticate(c *call) *apiError {
	if given := c.r.Header.Get("Authorization"); given != "" && given != "Bearer "+t.key {
		return failf(http.StatusUnauthorized, "UNAUTHENTICATED", "Request unauthorized.")
	}
	return nil
}

func (t *temporal) act(c *call) (reply, *apiError) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p, err := t.pass(c)
	if err != nil {
		return reply{}, failf(http.StatusServiceUnavailable, "UNAVAILABLE", "%s", err)
	}
	return p, nil
}

// pass passes a request on to the server. The caller must hold t.mu.
func (t *temporal) pass(c *call) (reply, error) {
	upstream, err := t.upstream()
	if err != nil {
		return reply{}, err
	}
	ctx := c.r.Context()
	if err := t.settle(ctx, upstream, c.now); err != nil {
		return reply{}, err
	}
	at := c.r.URL.RequestURI()
	for id := range t.gone {
		// The server cannot delete a workflow; it knows no workflow with this name.
		escaped := "/workflows/" + url.PathEscape(id)
		at = strings.Replace(at, escaped, escaped+"-gone", 1)
	}
	p, err := forward(ctx, c.r.Method, upstream+at, c.r.Header.Get("Content-Type"), c.body)
	if err == nil && c.operation == temporalSignal && p.status == http.StatusOK && t.taken(ctx, upstream, c.r.URL) {
		c.accept()
		t.signalled(c)
		err = t.settle(ctx, upstream, c.now)
	}
	return p, err
}

// forward sends one request to the server and returns its answer unchanged.
func forward(ctx context.Context, method, at, contentType string, body []byte) (reply, error) {
	req, err := http.NewRequestWithContext(ctx, method, at, bytes.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := temporalClient.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{}, err
	}
	// The times in a history are the server's, so the answer has the server's Date.
	header := map[string]string{"Content-Type": resp.Header.Get("Content-Type"), "Date": resp.Header.Get("Date")}
	return reply{status: resp.StatusCode, header: header, body: text}, nil
}

// temporalClient keeps no connections, so no goroutine is left after a test.
var temporalClient = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// taken reports whether the history of the workflow in a URL has a new signal since the
// last call. A repeat with the same request id gets the same answer and adds nothing. The
// caller must hold t.mu.
func (t *temporal) taken(ctx context.Context, upstream string, at *url.URL) bool {
	ctx = context.WithoutCancel(ctx) // The server has taken it, even if the client has gone away.
	workflow, _, _ := strings.Cut(strings.TrimPrefix(at.EscapedPath(), temporalPrefix), "/signal/")
	for {
		busy, newest := t.busy(ctx, upstream, workflow), t.newestSignal(ctx, upstream, workflow)
		if newest != "" && newest != t.newest[workflow] {
			t.newest[workflow] = newest
			return true
		}
		if !busy {
			return false
		}
	}
}

// busy reports whether a worker handles a task of the workflow. Then its history shows a
// new signal only after the task.
func (t *temporal) busy(ctx context.Context, upstream, workflow string) bool {
	var said temporalRun
	return ask(ctx, http.MethodGet, upstream+temporalPrefix+workflow, nil, &said) == nil && said.Task.State == "PENDING_WORKFLOW_TASK_STATE_STARTED"
}

// newestSignal returns the newest signal in the history of a workflow, "" if there is none.
func (t *temporal) newestSignal(ctx context.Context, upstream, workflow string) string {
	var said temporalHistory
	if ask(ctx, http.MethodGet, upstream+temporalPrefix+workflow+"/history-reverse?maximumPageSize=20", nil, &said) != nil {
		return ""
	}
	for _, e := range said.History.Events {
		if e.Signaled != nil {
			return e.Time + " " + e.ID
		}
	}
	return ""
}

// temporalRun is the description of a run.
type temporalRun struct {
	Info struct {
		Status    string `json:"status"`
		Execution struct {
			RunID string `json:"runId"`
		} `json:"execution"`
	} `json:"workflowExecutionInfo"`
	Task struct {
		State string `json:"state"`
	} `json:"pendingWorkflowTask"`
}

// temporalHistory has the signals of a history.
type temporalHistory struct {
	History struct {
		Events []struct {
			ID       string `json:"eventId"`
			Time     string `json:"eventTime"`
			Signaled *struct {
				SignalName string          `json:"signalName"`
				Identity   string          `json:"identity"`
				RequestID  string          `json:"requestId"`
				Input      json.RawMessage `json:"input"`
			} `json:"workflowExecutionSignaledEventAttributes"`
		} `json:"events"`
	} `json:"history"`
}

// TemporalSignal is a signal in the history of a run.
type TemporalSignal struct {
	Name, Identity, RequestID string
	Input                     json.RawMessage
}

func (t *temporal) history(ctx context.Context, upstream, workflow string) (signals []TemporalSignal) {
	var said temporalHistory
	if ask(ctx, http.MethodGet, upstream+temporalPrefix+workflow+"/history", nil, &said) != nil {
		return nil
	}
	for _, e := range said.History.Events {
		if e.Signaled != nil && e.Signaled.SignalName != "close" {
			signals = append(signals, TemporalSignal{e.Signaled.SignalName, e.Signaled.Identity, e.Signaled.RequestID, e.Signaled.Input})
		}
	}
	return signals
}

// signalled records that a scenario's run must close. The caller must hold t.mu.
func (t *temporal) signalled(c *call) {
	path, name, _ := strings.Cut(strings.TrimPrefix(c.r.URL.Path, temporalPrefix), "/signal/")
	_, id, _ := strings.Cut(path, "/workflows/")
	for _, w := range t.scenarios {
		if how, closes := w.Closes[name]; closes && w.WorkflowID == id && (w.how == "" || w.closed && w.Attempts > 1) {
			w.how, w.closed, w.closeAt = how, false, c.now.Add(time.Duration(w.CloseSeconds)*time.Second)
		}
	}
}

// settle performs everything that is due by the sandbox's clock. The caller must hold t.mu.
func (t *temporal) settle(ctx context.Context, upstream string, now time.Time) error {
	ctx = context.WithoutCancel(ctx) // It must happen even if the client goes away.
	for _, w := range t.scenarios {
		if !w.started && !w.startAt.After(now) {
			if err := w.start(ctx, upstream); err != nil {
				return err
			}
		}
		if w.how != "" && !w.closed && !w.closeAt.After(now) {
			if err := w.close(ctx, upstream); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *temporalScenario) at(upstream string) string {
	return upstream + temporalPrefix + temporalNamespace + "/workflows/" + url.PathEscape(w.WorkflowID)
}

func (w *temporalScenario) start(ctx context.Context, upstream string) error {
	var said struct {
		RunID string `json:"runId"`
	}
	body := map[string]any{
		"workflowType": map[string]string{"name": "Gate"}, "taskQueue": map[string]string{"name": temporalTaskQueue}, "requestId": newUUID(),
	}
	if w.Attempts > 0 {
		body["retryPolicy"] = map[string]any{"maximumAttempts": w.Attempts, "initialInterval": "0.010s"}
	}
	err := post(ctx, w.at(upstream), body, &said)
	w.run, w.started = said.RunID, err == nil
	return err
}

// close ends the current run, and returns when the server shows its end.
func (w *temporalScenario) close(ctx context.Context, upstream string) error {
	if w.how == "TERMINATED" {
		err := post(ctx, w.at(upstream)+"/terminate", map[string]any{"reason": w.Reason}, nil)
		w.closed = err == nil
		return err
	}
	var current temporalRun
	if err := ask(ctx, http.MethodGet, w.at(upstream), nil, &current); err != nil {
		return err
	}
	input := []any{map[string]any{"status": w.how, "message": w.Reason, "result": w.Result}}
	if err := post(ctx, w.at(upstream)+"/signal/close", map[string]any{"input": input, "requestId": newUUID()}, nil); err != nil {
		return err
	}
	w.closed = true
	// The worker ends the run a little later. A request waits for the end for some seconds.
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	end := w.at(upstream) + "/history?waitNewEvent=true&historyEventFilterType=HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT&execution.runId=" + current.Info.Execution.RunID
	for range 10 {
		var ended temporalHistory
		if err := ask(ctx, http.MethodGet, end, nil, &ended); err != nil || len(ended.History.Events) > 0 {
			return err
		}
	}
	return fmt.Errorf("the worker has not ended workflow %s", w.WorkflowID)
}

func post(ctx context.Context, at string, body, out any) error {
	return ask(ctx, http.MethodPost, at, mustJSON(body), out)
}

// ask makes a request to the server, and decodes the answer.
func ask(ctx context.Context, method, at string, body []byte, out any) error {
	p, err := forward(ctx, method, at, "application/json", body)
	if err == nil && p.status != http.StatusOK {
		err = fmt.Errorf("%s %s: HTTP %d: %s", method, at, p.status, p.body)
	}
	if err == nil && out != nil {
		err = json.Unmarshal(p.body, out)
	}
	return err
}

func (t *temporal) failure(_ *call, e *apiError) reply {
	details := []any{}
	if e.code == namespaceNotFound {
		details = append(details, map[string]any{"@type": "type.googleapis.com/temporal.api.errordetails.v1.NamespaceNotFoundFailure"})
	}
	return reply{
		status: e.status, header: map[string]string{"Content-Type": "application/json"},
		body: mustJSON(map[string]any{"code": cmp.Or(temporalCodes[e.code], 2), "message": e.message, "details": details}),
	}
}

func (t *temporal) fault(_ *call, k Kind) *apiError {
	switch k {
	case KindRefuse:
		return failf(http.StatusForbidden, "PERMISSION_DENIED", "Request unauthorized.")
	case KindThrottle:
		return failf(http.StatusTooManyRequests, "RESOURCE_EXHAUSTED", "namespace rate limit exceeded")
	case KindExpired:
		return failf(http.StatusUnauthorized, "UNAUTHENTICATED", "Request unauthorized.")
	default:
		return failf(http.StatusInternalServerError, "INTERNAL", "The service failed.")
	}
}

func (t *temporal) reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range t.scenarios {
		t.gone[w.WorkflowID] = true
	}
	t.scenarios = nil
}

// StartTemporalWorkflow starts a workflow on the server behind the sandbox, and returns the
// id of its run, "" if it starts later. It panics if the server refuses it.
func (s *Sandbox) StartTemporalWorkflow(w TemporalWorkflow) string {
	run, err := s.temporal.add(context.Background(), w)
	if err != nil {
		panic(err)
	}
	return run
}

func (t *temporal) add(ctx context.Context, w TemporalWorkflow) (run string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	upstream, err := t.upstream()
	if err != nil {
		return "", err
	}
	now := t.sandbox.now()
	started := &temporalScenario{TemporalWorkflow: w, startAt: now.Add(time.Duration(w.StartSeconds) * time.Second)}
	t.scenarios = append(t.scenarios, started)
	err = t.settle(ctx, upstream, now)
	return started.run, err
}

// TemporalSignals returns the signals in the history of a workflow's current run, from the
// server.
func (s *Sandbox) TemporalSignals(workflowID string) []TemporalSignal {
	upstream, err := s.temporal.upstream()
	if err != nil {
		return nil
	}
	return s.temporal.history(context.Background(), upstream, temporalNamespace+"/workflows/"+url.PathEscape(workflowID))
}

// TemporalStatus returns the status of a workflow's current run, "" if the server knows
// none.
func (s *Sandbox) TemporalStatus(workflowID string) string {
	upstream, err := s.temporal.upstream()
	if err != nil {
		return ""
	}
	w := temporalScenario{TemporalWorkflow: TemporalWorkflow{WorkflowID: workflowID}}
	var said temporalRun
	if ask(context.Background(), http.MethodGet, w.at(upstream), nil, &said) != nil {
		return ""
	}
	return strings.TrimPrefix(said.Info.Status, "WORKFLOW_EXECUTION_STATUS_")
}

func (t *temporal) routes() []route {
	return []route{
		{"POST /_sandbox/temporal/workflows", "start a workflow at the Temporal server behind the sandbox", func(r *http.Request) (any, error) {
			w, err := adminBody[TemporalWorkflow](r)
			if err != nil {
				return nil, err
			}
			run, err := t.add(r.Context(), w)
			return map[string]string{"RunID": run}, err
		}},
		{"GET /_sandbox/temporal/workflows/{id}", "the status and the signals of a workflow's current run", func(r *http.Request) (any, error) {
			id := r.PathValue("id")
			status := t.sandbox.TemporalStatus(id)
			if status == "" {
				return nil, notFound("workflow " + id)
			}
			return map[string]any{"Status": status, "Signals": t.sandbox.TemporalSignals(id)}, nil
		}},
	}
}
