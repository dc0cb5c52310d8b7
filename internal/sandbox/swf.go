package sandbox

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Close statuses of workflow executions, from the API reference of WorkflowExecutionInfo.
const (
	swfCompleted      = "COMPLETED"
	swfTerminated     = "TERMINATED"
	swfContinuedAsNew = "CONTINUED_AS_NEW"
)

var closeStatuses = []string{swfCompleted, "FAILED", "CANCELED", swfTerminated, swfContinuedAsNew, "TIMED_OUT"}

const (
	defaultDomain = "sandbox"
	// The only registered workflow type has defaults for everything that
	// StartWorkflowExecution may leave out.
	workflowType        = "sandbox-workflow"
	workflowTypeVersion = "1"
	swfPage             = 1000
)

// Workflow describes an SWF workflow execution to start. After its start its decider waits
// for a signal.
type Workflow struct {
	// Domain must be registered. Default "sandbox".
	Domain     string
	WorkflowID string
	// RunID is generated if it is empty.
	RunID string
	// Region is the region of the execution; if empty, all regions show it.
	Region string
	Input  *string
	// StartSeconds is the time until the execution exists.
	StartSeconds int
	// Closes says with which status the decider closes the execution, by the name of the
	// signal.
	Closes map[string]string
	// CloseSeconds is how long the decider takes to close it.
	CloseSeconds int
	// Markers is how many markers the decider records for each signal. They make the
	// history long.
	Markers int
	// Reason and Details are members of the closing event, if its type has them.
	Reason, Details string
}

// WorkflowState is one run of a workflow execution with its whole history, without the lag
// of reads.
type WorkflowState struct {
	Domain, WorkflowID, RunID string
	// Status is OPEN or CLOSED; CloseStatus is empty while it is OPEN.
	Status, CloseStatus string
	Events              []HistoryEvent
}

// Signals returns the signals that the run has received, as "name" or "name=input", in
// order.
func (w WorkflowState) Signals() []string {
	var signals []string
	for _, e := range w.Events {
		if e.Type != "WorkflowExecutionSignaled" {
			continue
		}
		line := fmt.Sprint(e.Attributes["signalName"])
		if input, ok := e.Attributes["input"]; ok {
			line += "=" + fmt.Sprint(input)
		}
		signals = append(signals, line)
	}
	return signals
}

// HistoryEvent has the members of the API's structure of the same name.
type HistoryEvent struct {
	ID        int
	Timestamp time.Time
	Type      string
	// Attributes are the members of the structure for the event's type.
	Attributes map[string]any
}

// MarshalJSON writes the event as the API does.
func (e HistoryEvent) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{
		"eventId": e.ID, "eventTimestamp": epoch{e.Timestamp}, "eventType": e.Type,
		strings.ToLower(e.Type[:1]) + e.Type[1:] + "EventAttributes": e.Attributes,
	})
}

func (w Workflow) check() error {
	if n := utf8.RuneCountInString(w.WorkflowID); n < 1 || n > 256 {
		return fmt.Errorf("workflow id %q has %d characters, not 1 to 256", w.WorkflowID, n)
	}
	if utf8.RuneCountInString(w.RunID) > 64 {
		return fmt.Errorf("run id %q has more than 64 characters", w.RunID)
	}
	for name, status := range w.Closes {
		if !slices.Contains(closeStatuses, status) {
			return fmt.Errorf("signal %q closes with unknown status %q", name, status)
		}
	}
	return nil
}

// swf simulates the Amazon Simple Workflow Service, API version 2012-01-25, without the task lists of its workers.
type swf struct {
	*awsJSON
	lag        time.Duration
	registered []string

	domains []string
	runs    []*workflowRun
}

// A workflowRun is one run of an execution. Runs of one workflow id follow one another.
type workflowRun struct {
	spec   Workflow
	events []HistoryEvent
	// deciding says that a decision task waits for the decider. Then another signal does
	// not schedule a second one.
	deciding    bool
	closed      time.Time
	closeStatus string
	// closing is when the decider closes the run, and with which status; zero if it does
	// not.
	closing   time.Time
	closingAs string
}

func newSWF(s *Sandbox, o Options) *swf {
	w := &swf{lag: o.ReadLag, registered: o.Domains}
	if w.registered == nil {
		w.registered = []string{defaultDomain}
	}
	w.domains = slices.Clone(w.registered)
	w.awsJSON = &awsJSON{
		sandbox: s, forget: func() { w.runs, w.domains = nil, slices.Clone(w.registered) }, service: "swf", target: "SimpleWorkflowService", version: "1.0", message: "message",
		denied: "OperationNotPermittedFault", internal: "InternalFailure",
		operations: map[string]func(*call) (any, *apiError){
			"SignalWorkflowExecution":      handle(w.signalWorkflowExecution),
			"StartWorkflowExecution":       handle(w.startWorkflowExecution),
			"TerminateWorkflowExecution":   handle(w.terminateWorkflowExecution),
			"DescribeWorkflowExecution":    handle(w.describeWorkflowExecution),
			"GetWorkflowExecutionHistory":  handle(w.getWorkflowExecutionHistory),
			"ListOpenWorkflowExecutions":   handle(w.listOpenWorkflowExecutions),
			"ListClosedWorkflowExecutions": handle(w.listClosedWorkflowExecutions),
		},
		resource: func(c *call) string {
			return w.arn(c, "/domain/"+peek[struct{ Domain string }](c).Domain)
		},
	}
	return w
}

// failure adds the namespace to the service's own faults, and to no others.
func (w *swf) failure(c *call, e *apiError) reply {
	if strings.HasSuffix(e.code, "Fault") {
		e = &apiError{e.status, "com.amazonaws.swf.base.model#" + e.code, e.message}
	}
	return w.awsJSON.failure(c, e)
}

// start: the caller must hold w.mu.
func (w *swf) start(spec Workflow, continued string, now time.Time) *workflowRun {
	spec.Domain, spec.RunID = cmp.Or(spec.Domain, defaultDomain), cmp.Or(spec.RunID, newRunID())
	run := &workflowRun{spec: spec}
	started := map[string]any{
		"childPolicy": terminatePolicy, "taskList": taskList, "executionStartToCloseTimeout": "31536000", "taskStartToCloseTimeout": "60",
		"workflowType": workflowTypeName, "parentInitiatedEventId": 0,
	}
	if spec.Input != nil {
		started["input"] = *spec.Input
	}
	if continued != "" {
		started["continuedExecutionRunId"] = continued
	}
	now = now.Add(time.Duration(spec.StartSeconds) * time.Second)
	run.record("WorkflowExecutionStarted", now, started)
	run.schedule(now)
	run.decide(now)
	w.runs = append(w.runs, run)
	return run
}

const terminatePolicy = "TERMINATE"

var (
	taskList         = map[string]string{"name": "sandbox"}
	workflowTypeName = map[string]string{"name": workflowType, "version": workflowTypeVersion}
)

// newRunID returns an id like the service's: it is not a UUID, and not safe in a path.
func newRunID() string {
	var b [32]byte
	_, _ = rand.Read(b[:])
	return "22" + base64.StdEncoding.EncodeToString(b[:])
}

func (r *workflowRun) record(eventType string, now time.Time, attributes map[string]any) int {
	id := len(r.events) + 1
	r.events = append(r.events, HistoryEvent{id, now, eventType, attributes})
	return id
}

func (r *workflowRun) schedule(now time.Time) {
	if !r.deciding {
		r.deciding = true
		r.record("DecisionTaskScheduled", now, map[string]any{"taskList": taskList, "startToCloseTimeout": "60"})
	}
}

// decide lets the decider handle its task, if there is one, and returns the event of its
// last decision.
func (r *workflowRun) decide(now time.Time) int {
	if r.deciding {
		r.deciding = false
		scheduled := len(r.events)
		for scheduled > 0 && r.events[scheduled-1].Type != "DecisionTaskScheduled" {
			scheduled--
		}
		started := r.record("DecisionTaskStarted", now, map[string]any{"identity": "sandbox", "scheduledEventId": scheduled})
		r.record("DecisionTaskCompleted", now, map[string]any{"scheduledEventId": scheduled, "startedEventId": started})
	}
	for i := len(r.events); i > 0; i-- {
		if r.events[i-1].Type == "DecisionTaskCompleted" {
			return i
		}
	}
	return 0
}

// close closes a run, and returns the run that continues it, if there is one. The caller
// must hold w.mu.
func (w *swf) close(r *workflowRun, status, reason, details string, now time.Time) *workflowRun {
	r.closed, r.closeStatus = now, status
	said := func(attributes map[string]any, words map[string]string) map[string]any {
		for name, text := range words {
			if text != "" {
				attributes[name] = text
			}
		}
		return attributes
	}
	switch status {
	case swfTerminated:
		r.record("WorkflowExecutionTerminated", now, said(map[string]any{"childPolicy": terminatePolicy, "cause": "OPERATOR_INITIATED"},
			map[string]string{"reason": reason, "details": details}))
		return nil
	case "TIMED_OUT":
		r.record("WorkflowExecutionTimedOut", now, map[string]any{"childPolicy": terminatePolicy, "timeoutType": "START_TO_CLOSE"})
		return nil
	}
	attributes := map[string]any{"decisionTaskCompletedEventId": r.decide(now)}
	switch status {
	case swfCompleted:
		r.record("WorkflowExecutionCompleted", now, attributes)
		return nil
	case "FAILED":
		r.record("WorkflowExecutionFailed", now, said(attributes, map[string]string{"reason": reason, "details": details}))
		return nil
	case "CANCELED":
		r.record("WorkflowExecutionCanceled", now, said(attributes, map[string]string{"details": details}))
		return nil
	}
	spec := r.spec
	spec.RunID, spec.StartSeconds = newRunID(), 0
	maps.Copy(attributes, map[string]any{
		"newExecutionRunId": spec.RunID, "childPolicy": terminatePolicy, "taskList": taskList, "workflowType": workflowTypeName,
	})
	r.record("WorkflowExecutionContinuedAsNew", now, attributes)
	return w.start(spec, r.spec.RunID, now)
}

// settle closes the runs whose time has come, each at the right time. The caller must hold
// w.mu.
func (w *swf) settle(now time.Time) {
	for _, r := range slices.Clone(w.runs) {
		if r.closed.IsZero() && !r.closing.IsZero() && !r.closing.After(now) {
			w.close(r, r.closingAs, r.spec.Reason, r.spec.Details, r.closing)
		}
	}
}

// open returns the open run of a workflow id, or the run with that run id if it is open.
// The caller must hold w.mu.
func (w *swf) open(domain, region, workflowID, runID string, now time.Time) *workflowRun {
	w.settle(now)
	for _, r := range w.runs {
		if r.closed.IsZero() && !r.events[0].Timestamp.After(now) && r.is(domain, region) && r.spec.WorkflowID == workflowID && (runID == "" || r.spec.RunID == runID) {
			return r
		}
	}
	return nil
}

// is reports whether the run is visible in a domain and a region. All regions see a run
// without a region.
func (r *workflowRun) is(domain, region string) bool {
	return r.spec.Domain == domain && (r.spec.Region == "" || region == "" || r.spec.Region == region)
}

func unknownExecution(workflowID, runID string) *apiError {
	if runID == "" {
		return failf(400, "UnknownResourceFault", "Unknown execution, workflowId = %s", workflowID)
	}
	return failf(400, "UnknownResourceFault", "Unknown execution: WorkflowExecution=[workflowId=%s, runId=%s]", workflowID, runID)
}

// knows: the caller must hold w.mu.
func (w *swf) knows(domain string) *apiError {
	if !slices.Contains(w.domains, domain) {
		return failf(400, "UnknownResourceFault", "Unknown domain: %s", domain)
	}
	return nil
}

// runRequest has the members of a request that changes a run.
type runRequest struct{ Domain, WorkflowID, RunID *string }

func (in runRequest) check(v *constraints) {
	v.required("domain", in.Domain, 1, 256)
	v.required("workflowId", in.WorkflowID, 1, 256)
	v.optional("runId", in.RunID, 0, 64)
}

// find returns the open run of a request.
func (w *swf) find(c *call, in runRequest) (*workflowRun, *apiError) {
	if err := w.knows(*in.Domain); err != nil {
		return nil, err
	}
	run := w.open(*in.Domain, c.region, *in.WorkflowID, or(in.RunID, ""), c.now)
	if run == nil {
		return nil, unknownExecution(*in.WorkflowID, or(in.RunID, ""))
	}
	return run, nil
}

// signalRequest is the request of SignalWorkflowExecution.
type signalRequest struct {
	runRequest
	SignalName, Input *string
}

func (in signalRequest) check(v *constraints) {
	in.runRequest.check(v)
	v.required("signalName", in.SignalName, 1, 256)
	v.optional("input", in.Input, 0, 32768)
}

func (w *swf) signalWorkflowExecution(c *call, in signalRequest) (any, *apiError) {
	run, err := w.find(c, in.runRequest)
	if err != nil {
		return nil, err
	}
	attributes := map[string]any{"signalName": *in.SignalName, "externalInitiatedEventId": 0}
	if in.Input != nil {
		attributes["input"] = *in.Input
	}
	run.record("WorkflowExecutionSignaled", c.now, attributes)
	run.schedule(c.now)
	if run.spec.Markers > 0 {
		decided := run.decide(c.now)
		for range run.spec.Markers {
			run.record("MarkerRecorded", c.now, map[string]any{"markerName": *in.SignalName, "decisionTaskCompletedEventId": decided})
		}
	}
	if status := run.spec.Closes[*in.SignalName]; status != "" && run.closing.IsZero() {
		run.closing, run.closingAs = c.now.Add(time.Duration(run.spec.CloseSeconds)*time.Second), status
		w.settle(c.now)
	}
	c.accept()
	return nil, nil
}

// startRequest is the request of StartWorkflowExecution.
type startRequest struct {
	Domain, WorkflowID, Input, ChildPolicy *string
	WorkflowType                           *struct{ Name, Version *string }
	TagList                                []string
}

func (in startRequest) check(v *constraints) {
	runRequest{in.Domain, in.WorkflowID, nil}.check(v)
	if in.WorkflowType == nil {
		v.required("workflowType", nil, 0, 0)
	} else {
		v.required("workflowType.name", in.WorkflowType.Name, 1, 256)
		v.required("workflowType.version", in.WorkflowType.Version, 1, 64)
	}
	v.optional("input", in.Input, 0, 32768)
	v.length("tagList", len(in.TagList), 0, 5)
	v.enum("childPolicy", in.ChildPolicy, terminatePolicy, "REQUEST_CANCEL", "ABANDON")
}

func (w *swf) startWorkflowExecution(c *call, in startRequest) (any, *apiError) {
	if err := w.knows(*in.Domain); err != nil {
		return nil, err
	}
	if name, version := *in.WorkflowType.Name, *in.WorkflowType.Version; name != workflowType || version != workflowTypeVersion {
		return nil, failf(400, "UnknownResourceFault", "Unknown type: WorkflowType=[name=%s, version=%s]", name, version)
	}
	if w.open(*in.Domain, c.region, *in.WorkflowID, "", c.now) != nil {
		return nil, failf(400, "WorkflowExecutionAlreadyStartedFault", "Already Started")
	}
	run := w.start(Workflow{Domain: *in.Domain, WorkflowID: *in.WorkflowID, Region: c.region, Input: in.Input}, "", c.now)
	c.accept()
	return map[string]string{"runId": run.spec.RunID}, nil
}

// terminateRequest is the request of TerminateWorkflowExecution.
type terminateRequest struct {
	runRequest
	Reason, Details *string
}

func (in terminateRequest) check(v *constraints) {
	in.runRequest.check(v)
	v.optional("reason", in.Reason, 0, 256)
	v.optional("details", in.Details, 0, 32768)
}

func (w *swf) terminateWorkflowExecution(c *call, in terminateRequest) (any, *apiError) {
	run, err := w.find(c, in.runRequest)
	if err != nil {
		return nil, err
	}
	w.close(run, swfTerminated, or(in.Reason, ""), or(in.Details, ""), c.now)
	c.accept()
	return nil, nil
}

// executionInfo has the members of the API's WorkflowExecutionInfo.
type executionInfo struct {
	Execution       map[string]string `json:"execution"`
	WorkflowType    map[string]string `json:"workflowType"`
	StartTimestamp  epoch             `json:"startTimestamp"`
	CloseTimestamp  epoch             `json:"closeTimestamp,omitzero"`
	ExecutionStatus string            `json:"executionStatus"`
	CloseStatus     string            `json:"closeStatus,omitempty"`
	CancelRequested bool              `json:"cancelRequested"`
}

// at returns what a read at that time sees of the run, and false before its start.
func (r *workflowRun) at(moment time.Time) (executionInfo, []HistoryEvent, bool) {
	events := slices.Clone(r.events)
	events = slices.DeleteFunc(events, func(e HistoryEvent) bool { return e.Timestamp.After(moment) })
	info := executionInfo{
		Execution:    map[string]string{"workflowId": r.spec.WorkflowID, "runId": r.spec.RunID},
		WorkflowType: workflowTypeName, StartTimestamp: epoch{r.events[0].Timestamp}, ExecutionStatus: "OPEN",
	}
	if !r.closed.IsZero() && !r.closed.After(moment) {
		info.CloseTimestamp, info.ExecutionStatus, info.CloseStatus = epoch{r.closed}, "CLOSED", r.closeStatus
	}
	return info, events, len(events) > 0
}

// executionRequest has the members of the reads of one run.
type executionRequest struct {
	Domain    *string
	Execution *struct{ WorkflowID, RunID *string }
}

func (in executionRequest) check(v *constraints) {
	v.required("domain", in.Domain, 1, 256)
	if in.Execution == nil {
		v.required("execution", nil, 0, 0)
		return
	}
	v.required("execution.workflowId", in.Execution.WorkflowID, 1, 256)
	v.required("execution.runId", in.Execution.RunID, 1, 64)
}

// view: the caller must hold w.mu.
func (w *swf) view(c *call, in executionRequest) (info executionInfo, events []HistoryEvent, deciding bool, err *apiError) {
	if err := w.knows(*in.Domain); err != nil {
		return info, nil, false, err
	}
	w.settle(c.now)
	for _, r := range w.runs {
		if r.is(*in.Domain, c.region) && r.spec.WorkflowID == *in.Execution.WorkflowID && r.spec.RunID == *in.Execution.RunID {
			if info, events, visible := r.at(c.now.Add(-w.lag)); visible {
				return info, events, r.deciding, nil
			}
		}
	}
	return info, nil, false, unknownExecution(*in.Execution.WorkflowID, *in.Execution.RunID)
}

func (w *swf) describeWorkflowExecution(c *call, in executionRequest) (any, *apiError) {
	info, _, deciding, err := w.view(c, in)
	if err != nil {
		return nil, err
	}
	counts := map[string]int{"openActivityTasks": 0, "openDecisionTasks": 0, "openTimers": 0, "openChildWorkflowExecutions": 0, "openLambdaFunctions": 0}
	if deciding {
		counts["openDecisionTasks"] = 1
	}
	return map[string]any{
		"executionInfo": info, "openCounts": counts,
		"executionConfiguration": map[string]any{
			"taskStartToCloseTimeout": "60", "executionStartToCloseTimeout": "31536000", "taskList": taskList, "childPolicy": terminatePolicy,
		},
	}, nil
}

// historyRequest is the request of GetWorkflowExecutionHistory.
type historyRequest struct {
	executionRequest
	paging
}

func (in historyRequest) check(v *constraints) {
	in.executionRequest.check(v)
	in.paging.check(v)
}

func (w *swf) getWorkflowExecutionHistory(c *call, in historyRequest) (any, *apiError) {
	_, events, _, err := w.view(c, in.executionRequest)
	if err != nil {
		return nil, err
	}
	return swfPageOf(in.paging, "events", *in.Execution.RunID, events)
}

// paging has the members of all paged reads.
type paging struct {
	NextPageToken   *string
	MaximumPageSize *int
	ReverseOrder    bool
}

func (p paging) check(v *constraints) {
	v.optional("nextPageToken", p.NextPageToken, 0, 2048)
	v.between("maximumPageSize", p.MaximumPageSize, 0, swfPage)
}

// swfPageOf returns one page of items, as the member with that name. A token belongs to one
// list.
func swfPageOf[T any](p paging, member, list string, items []T) (any, *apiError) {
	if p.ReverseOrder {
		slices.Reverse(items)
	}
	items, next, ok := pageOf(items, list, or(p.NextPageToken, ""), cmp.Or(or(p.MaximumPageSize, 0), swfPage))
	if !ok {
		return nil, failf(400, "ValidationException", "Invalid token")
	}
	out := map[string]any{member: append([]T{}, items...)}
	if next != "" {
		out["nextPageToken"] = next
	}
	return out, nil
}

type timeFilter struct{ OldestDate, LatestDate *float64 }

func (f *timeFilter) check(v *constraints, at string) {
	if f != nil && f.OldestDate == nil {
		v.required(at+".oldestDate", nil, 0, 0)
	}
}

func (f *timeFilter) has(t epoch) bool {
	seconds := float64(t.UnixMilli()) / 1000
	return f == nil || seconds >= *f.OldestDate && (f.LatestDate == nil || seconds <= *f.LatestDate)
}

// listRequest has the members of the lists of executions. Filters by type and tag are
// refused, because the sandbox has neither.
type listRequest struct {
	Domain                           *string
	StartTimeFilter, CloseTimeFilter *timeFilter
	ExecutionFilter                  *struct{ WorkflowID *string }
	CloseStatusFilter                *struct{ Status *string }
	TypeFilter, TagFilter            json.RawMessage
	paging
}

func (in listRequest) check(v *constraints) {
	v.required("domain", in.Domain, 1, 256)
	in.StartTimeFilter.check(v, "startTimeFilter")
	in.CloseTimeFilter.check(v, "closeTimeFilter")
	in.paging.check(v)
	if in.ExecutionFilter != nil {
		v.required("executionFilter.workflowId", in.ExecutionFilter.WorkflowID, 1, 256)
	}
	if in.CloseStatusFilter != nil {
		v.required("closeStatusFilter.status", in.CloseStatusFilter.Status, 0, 64)
		v.enum("closeStatusFilter.status", in.CloseStatusFilter.Status, closeStatuses...)
	}
}

// listOpenRequest requires startTimeFilter.
type listOpenRequest struct{ listRequest }

func (in listOpenRequest) check(v *constraints) {
	in.listRequest.check(v)
	if in.StartTimeFilter == nil {
		v.required("startTimeFilter", nil, 0, 0)
	}
}

func (w *swf) listOpenWorkflowExecutions(c *call, in listOpenRequest) (any, *apiError) {
	return w.list(c, in.listRequest, false)
}

func (w *swf) listClosedWorkflowExecutions(c *call, in listRequest) (any, *apiError) {
	return w.list(c, in, true)
}

func (w *swf) list(c *call, in listRequest, closed bool) (any, *apiError) {
	switch {
	case in.TypeFilter != nil || in.TagFilter != nil:
		return nil, failf(400, "ValidationException", "The sandbox filters by execution and close status only")
	case closed && (in.StartTimeFilter == nil) == (in.CloseTimeFilter == nil):
		return nil, failf(400, "ValidationException", "Exactly one of startTimeFilter and closeTimeFilter must be specified")
	case in.ExecutionFilter != nil && in.CloseStatusFilter != nil:
		return nil, failf(400, "ValidationException", "Only one of executionFilter and closeStatusFilter may be specified")
	}
	if err := w.knows(*in.Domain); err != nil {
		return nil, err
	}
	w.settle(c.now)
	infos := []executionInfo{}
	for _, r := range slices.Backward(w.runs) {
		info, _, visible := r.at(c.now.Add(-w.lag))
		switch {
		case !visible || !r.is(*in.Domain, c.region) || (info.CloseStatus != "") != closed:
		case !in.StartTimeFilter.has(info.StartTimestamp) || closed && !in.CloseTimeFilter.has(info.CloseTimestamp):
		case in.ExecutionFilter != nil && *in.ExecutionFilter.WorkflowID != r.spec.WorkflowID:
		case closed && in.CloseStatusFilter != nil && *in.CloseStatusFilter.Status != info.CloseStatus:
		default:
			infos = append(infos, info)
		}
	}
	if in.CloseTimeFilter != nil {
		slices.SortStableFunc(infos, func(a, b executionInfo) int { return b.CloseTimestamp.Compare(a.CloseTimestamp.Time) })
	}
	return swfPageOf(in.paging, "executionInfos", *in.Domain, infos)
}

// RegisterDomain adds a domain to those of Options.Domains until the next reset.
func (s *Sandbox) RegisterDomain(name string) {
	s.swf.mu.Lock()
	defer s.swf.mu.Unlock()
	s.swf.domains = append(s.swf.domains, name)
}

// StartWorkflow starts a workflow execution and returns its run id. It panics if the
// description is invalid or the workflow id has an open run.
func (s *Sandbox) StartWorkflow(w Workflow) string {
	runID, err := s.swf.startByAdmin(w)
	if err != nil {
		panic(err)
	}
	return runID
}

func (w *swf) startByAdmin(spec Workflow) (string, error) {
	if err := spec.check(); err != nil {
		return "", err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	domain := cmp.Or(spec.Domain, defaultDomain)
	if w.knows(domain) != nil {
		return "", fmt.Errorf("domain %q is not registered", domain)
	}
	now := w.sandbox.now()
	if w.open(domain, spec.Region, spec.WorkflowID, "", now) != nil {
		return "", fmt.Errorf("workflow execution %q is open already", spec.WorkflowID)
	}
	return w.start(spec, "", now).spec.RunID, nil
}

// CloseWorkflow closes the open run of a workflow id with a status, and returns the id of
// the run that continues it after CONTINUED_AS_NEW. It panics if there is no open run.
func (s *Sandbox) CloseWorkflow(domain, workflowID, status string) string {
	runID, err := s.swf.closeByAdmin(domain, workflowID, status)
	if err != nil {
		panic(err)
	}
	return runID
}

func (w *swf) closeByAdmin(domain, workflowID, status string) (string, error) {
	if !slices.Contains(closeStatuses, status) {
		return "", fmt.Errorf("unknown close status %q", status)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.sandbox.now()
	run := w.open(domain, "", workflowID, "", now)
	if run == nil {
		return "", errors.New("no open run of " + workflowID)
	}
	if next := w.close(run, status, run.spec.Reason, run.spec.Details, now); next != nil {
		return next.spec.RunID, nil
	}
	return "", nil
}

// Workflows returns the runs of a workflow id, oldest first; of all workflow ids if it is
// empty.
func (s *Sandbox) Workflows(domain, workflowID string) []WorkflowState {
	s.swf.mu.Lock()
	defer s.swf.mu.Unlock()
	s.swf.settle(s.now())
	states := []WorkflowState{}
	for _, r := range s.swf.runs {
		if r.spec.Domain != domain || workflowID != "" && r.spec.WorkflowID != workflowID {
			continue
		}
		state := WorkflowState{domain, r.spec.WorkflowID, r.spec.RunID, "OPEN", r.closeStatus, slices.Clone(r.events)}
		if r.closeStatus != "" {
			state.Status = "CLOSED"
		}
		states = append(states, state)
	}
	return states
}

func (w *swf) routes() []route {
	return []route{
		{"POST /_sandbox/swf/domains", "register a domain", func(r *http.Request) (any, error) {
			in, err := adminBody[struct{ Name string }](r)
			if err == nil && in.Name == "" {
				err = errors.New("a domain needs a Name")
			}
			if err != nil {
				return nil, err
			}
			w.sandbox.RegisterDomain(in.Name)
			return in, nil
		}},
		{"GET /_sandbox/swf/executions/{domain}", "all runs in a domain with their histories", func(r *http.Request) (any, error) {
			return w.sandbox.Workflows(r.PathValue("domain"), ""), nil
		}},
		{"POST /_sandbox/swf/executions", "start a Workflow", func(r *http.Request) (any, error) {
			spec, err := adminBody[Workflow](r)
			if err != nil {
				return nil, err
			}
			runID, err := w.startByAdmin(spec)
			return map[string]string{"RunID": runID}, err
		}},
		{"POST /_sandbox/swf/close", "close the open run of a workflow id", func(r *http.Request) (any, error) {
			in, err := adminBody[struct{ Domain, WorkflowID, CloseStatus string }](r)
			if err != nil {
				return nil, err
			}
			runID, err := w.closeByAdmin(cmp.Or(in.Domain, defaultDomain), in.WorkflowID, in.CloseStatus)
			return map[string]string{"RunID": runID}, err
		}},
	}
}
