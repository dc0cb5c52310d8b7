package sandbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Statuses of executions and of their tasks, from the API references of ListExecutions and ListTaskExecutions.
const (
	oosRunning   = "Running"
	oosWaiting   = "Waiting"
	oosSuccess   = "Success"
	oosFailed    = "Failed"
	oosCancelled = "Cancelled"
	oosSkipped   = "Skipped"
)

const (
	approveAction = "ACS::Approve"
	oosTime       = "2006-01-02T15:04:05Z"
	debugMode     = "Debug"
)

// OOSExecution describes an execution of a template to start. Its options choose where the documents leave the behaviour open.
type OOSExecution struct {
	// ID is generated if it is empty.
	ID           string
	TemplateName string
	// Region is the region of the execution; if empty, all regions show it.
	Region string
	// SecondsAgo is how long ago the execution began.
	SecondsAgo int
	// Mode is Automatic (default) or Debug, in which no task begins by itself.
	Mode string
	// Tasks follow each other.
	Tasks []OOSTask
	// Outputs are the outputs of an execution that has ended, in JSON.
	Outputs string
	// PauseOnFailure makes the execution wait after a failed task; otherwise it fails.
	PauseOnFailure bool
	// AcceptRepeats accepts an approval or a rejection that no task waits for, without an
	// effect.
	AcceptRepeats bool
	// DecidesAll lets a decision without a task decide all waiting tasks; otherwise it
	// decides the first one.
	DecidesAll bool
	// HideNotes omits the notes of signals from tasks.
	HideNotes bool
	// HideProperties omits the properties of tasks, and with them the number of needed
	// approvals.
	HideProperties bool
	// RejectedTask is the status of a task that was rejected: Cancelled (default) or Failed.
	RejectedTask string
	// RetryInPlace lets a retried task keep its id; otherwise it gets a new one.
	RetryInPlace bool
}

// OOSTask is a task of a template.
type OOSTask struct {
	Name string
	// Action is ACS::Approve, which waits for a decision, or another action, which takes
	// Seconds. Default ACS::Sleep.
	Action string
	// MinRequiredApprovals is how many approvals the task needs. Default 1.
	MinRequiredApprovals int
	// HighRisk makes the task wait for an approval before it begins.
	HighRisk bool
	Seconds  int
	// With Hold the task never ends. Fail is the message with which it fails. After a retry
	// it succeeds.
	Hold bool
	Fail string
	// Loop has the items of a loop. Each item has a task, and all run at the same time.
	Loop []string
}

// OOSExecutionState is the present state of an execution, without the lag of reads.
type OOSExecutionState struct {
	ExecutionID  string `json:"ExecutionId"`
	TemplateName string
	Region       string
	Mode         string
	Status       string
	Message      string
	Started      time.Time
	Updated      time.Time
	Ended        time.Time
	Tasks        []OOSTaskState
	Signals      []OOSSignal
}

// OOSTaskState is a task that has begun.
type OOSTaskState struct {
	TaskExecutionID string `json:"TaskExecutionId"`
	ParentID        string
	TaskName        string
	TaskAction      string
	LoopItem        string
	Status          string
	Message         string
	Properties      string
	Note            string
	Began           time.Time
	Updated         time.Time
	Ended           time.Time
}

// OOSSignal is one accepted NotifyExecution.
type OOSSignal struct {
	Time                                                           time.Time
	NotifyType, NotifyNote, TaskName, TaskExecutionID              string
	Parameters, ExecutionStatus, LoopItem, DecidedTaskExecutionIDs string
}

func (d OOSExecution) check() error {
	if !slices.Contains([]string{"", "Automatic", debugMode}, d.Mode) {
		return fmt.Errorf("unknown mode %q", d.Mode)
	}
	if !slices.Contains([]string{"", oosCancelled, oosFailed}, d.RejectedTask) {
		return fmt.Errorf("a rejected task cannot be %q", d.RejectedTask)
	}
	if len(d.Tasks) == 0 || d.SecondsAgo < 0 {
		return fmt.Errorf("an execution has tasks, and has begun")
	}
	for i, task := range d.Tasks {
		if task.Name == "" || slices.ContainsFunc(d.Tasks[:i], func(other OOSTask) bool { return other.Name == task.Name }) {
			return fmt.Errorf("task %q needs a name of its own", task.Name)
		}
		if task.Seconds < 0 || task.MinRequiredApprovals < 0 {
			return fmt.Errorf("task %q has a negative number", task.Name)
		}
	}
	return nil
}

// oos simulates Alibaba Cloud CloudOps Orchestration Service, API version 2019-06-01, as far as executions wait for signals.
type oos struct {
	*acsRPC
	lag time.Duration
	// reportsMissing refuses reads of an execution that does not exist; otherwise they show
	// none.
	reportsMissing bool

	runs []*oosRun
}

// An oosRun changes only when a request reads or changes it, so it needs no goroutine.
type oosRun struct {
	spec  OOSExecution
	now   OOSExecutionState
	tasks []*oosTask
	// begun is how many tasks have begun, in Automatic mode.
	begun int
	// past has the execution after each change, oldest first.
	past history[OOSExecutionState]
}

type oosTask struct {
	OOSTaskState
	spec OOSTask
	// ends is when the task ends; zero means never, or that it is not approved yet.
	ends      time.Time
	approvals int
	// parent says that the task groups the tasks of a loop's items.
	parent bool
	// retried says that the task has failed and that another task has replaced it.
	retried bool
}

func newOOS(s *Sandbox, o Options, used *nonces) *oos {
	m := &oos{lag: o.ReadLag, reportsMissing: o.ReportMissingExecutions}
	m.acsRPC = &acsRPC{
		sandbox: s, forget: func() { m.runs = nil }, service: "oos", ram: "oos", version: "2019-06-01", host: "oos.aliyuncs.com", nonces: used, retryAfter: o.RetryAfter,
		operations: map[string]func(*call, *acsParameters) (map[string]any, *apiError){
			"NotifyExecution":    m.notifyExecution,
			"ListExecutions":     m.listExecutions,
			"ListTaskExecutions": m.listTaskExecutions,
		},
	}
	return m
}

func (m *oos) start(spec OOSExecution) *oosRun {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.sandbox.now().Add(-time.Duration(spec.SecondsAgo) * time.Second)
	spec.ID, spec.Mode = cmp.Or(spec.ID, "exec-"+newUUID()), cmp.Or(spec.Mode, "Automatic")
	spec.TemplateName = cmp.Or(spec.TemplateName, "template-"+newUUID())
	r := &oosRun{spec: spec, now: OOSExecutionState{
		ExecutionID: spec.ID, TemplateName: spec.TemplateName, Region: spec.Region, Mode: spec.Mode, Status: oosRunning, Started: now,
	}}
	r.proceed(now)
	m.runs = append(m.runs, r)
	return r
}

func (r *oosRun) ended() bool { return !r.now.Ended.IsZero() }

// proceed starts the next task if all others have ended, and records the changes.
func (r *oosRun) proceed(now time.Time) {
	defer r.note(now)
	for !r.ended() {
		if open, waits := r.open(); open {
			r.now.Status = map[bool]string{true: oosWaiting, false: oosRunning}[waits]
			return
		}
		r.closeLoops(now)
		switch {
		case r.now.Mode == debugMode:
			r.now.Status = oosWaiting
			return
		case r.begun == len(r.spec.Tasks):
			r.end(oosSuccess, "", now)
		default:
			r.begun++
			r.begin(r.spec.Tasks[r.begun-1], now)
		}
	}
}

// open reports whether a task has not ended, and whether one waits for a signal.
func (r *oosRun) open() (open, waits bool) {
	for _, task := range r.tasks {
		paused := r.spec.PauseOnFailure && task.Status == oosFailed && !task.retried
		if task.parent || !task.Ended.IsZero() && !paused {
			continue
		}
		open, waits = true, waits || paused || task.Status == oosWaiting
	}
	return open, waits
}

// closeLoops ends the loops whose tasks have ended.
func (r *oosRun) closeLoops(now time.Time) {
	for _, task := range r.tasks {
		if task.parent && task.Ended.IsZero() {
			task.Status, task.Updated, task.Ended = oosSuccess, now, now
		}
	}
}

func (r *oosRun) begin(spec OOSTask, now time.Time) {
	add := func(parent *oosTask, item string) *oosTask {
		task := &oosTask{spec: spec, OOSTaskState: OOSTaskState{
			TaskExecutionID: "task-exec-" + newUUID(), TaskName: spec.Name, TaskAction: cmp.Or(spec.Action, "ACS::Sleep"), LoopItem: item,
			Status: oosRunning, Properties: "{}", Began: now, Updated: now,
		}}
		if spec.MinRequiredApprovals > 0 {
			task.Properties = fmt.Sprintf(`{"MinRequiredApprovals": %d}`, spec.MinRequiredApprovals)
		}
		if parent != nil {
			task.ParentID = parent.TaskExecutionID
		}
		r.tasks = append(r.tasks, task)
		return task
	}
	run := func(task *oosTask) {
		if spec.HighRisk || task.TaskAction == approveAction {
			task.Status = oosWaiting
			return
		}
		task.run(now)
	}
	if len(spec.Loop) == 0 {
		run(add(nil, ""))
		return
	}
	parent := add(nil, "")
	parent.parent = true
	for _, item := range spec.Loop {
		run(add(parent, item))
	}
}

func (t *oosTask) run(now time.Time) {
	t.Status, t.Message, t.Updated, t.Ended, t.ends = oosRunning, "", now, time.Time{}, time.Time{}
	if !t.spec.Hold {
		t.ends = now.Add(time.Duration(t.spec.Seconds) * time.Second)
	}
}

func (t *oosTask) end(status, message string, now time.Time) {
	t.Status, t.Message, t.Updated, t.Ended, t.ends = status, message, now, now, time.Time{}
}

func (r *oosRun) end(status, message string, now time.Time) {
	for _, task := range r.tasks {
		if task.Ended.IsZero() {
			task.end(oosCancelled, "", now)
		}
	}
	r.now.Status, r.now.Message, r.now.Ended = status, message, now
}

// settle ends the tasks whose time is over, each at the right time.
func (r *oosRun) settle(now time.Time) {
	for !r.ended() {
		var due *oosTask
		for _, task := range r.tasks {
			if !task.ends.IsZero() && !task.ends.After(now) && (due == nil || task.ends.Before(due.ends)) {
				due = task
			}
		}
		if due == nil {
			return
		}
		at := due.ends
		if due.spec.Fail == "" {
			due.end(oosSuccess, "", at)
		} else {
			due.end(oosFailed, due.spec.Fail, at)
			if !r.spec.PauseOnFailure && r.now.Mode != debugMode {
				r.end(oosFailed, due.spec.Fail, at)
			}
		}
		r.proceed(at)
	}
}

// note records the present state of the execution.
func (r *oosRun) note(now time.Time) {
	r.now.Updated = now
	r.past.add(now, r.state())
}

func (r *oosRun) state() OOSExecutionState {
	state := r.now
	state.Tasks, state.Signals = nil, slices.Clone(state.Signals)
	for _, task := range r.tasks {
		state.Tasks = append(state.Tasks, task.OOSTaskState)
	}
	return state
}

// at returns the execution as it was at a time, or at its beginning.
func (r *oosRun) at(moment time.Time) OOSExecutionState {
	if seen, known := r.past.at(moment); known {
		return seen
	}
	return r.past[0].state
}

// find returns an execution as it is now. The caller must hold m.mu.
func (m *oos) find(c *call, id string) *oosRun {
	for _, r := range m.runs {
		if r.spec.ID == id && (r.spec.Region == "" || r.spec.Region == c.region) {
			r.settle(c.now)
			return r
		}
	}
	return nil
}

// Codes and messages are not documented.
func (m *oos) missing(id string) *apiError {
	return failf(404, "EntityNotExists.Execution", "The specified execution %s does not exist.", id)
}

func (m *oos) notifyExecution(c *call, p *acsParameters) (map[string]any, *apiError) {
	id, kind := p.required("ExecutionId"), p.required("NotifyType")
	p.enum("NotifyType", "Approve", "Reject", "ExecuteTask", "CancelTask", "CompleteExecution", "RetryTask", "SkipTask")
	isObject := func(text string) bool {
		var object map[string]any
		return json.Unmarshal([]byte(text), &object) == nil && object != nil
	}
	isList := func(text string) bool { var list []string; return json.Unmarshal([]byte(text), &list) == nil }
	p.pattern("Parameters", func(text string) bool { return kind == "ExecuteTask" && isObject(text) })
	p.pattern("ExecutionStatus", func(string) bool { return kind == "CompleteExecution" })
	p.pattern("TaskExecutionIds", isList)
	if p.err != nil {
		return nil, p.err
	}
	r := m.find(c, id)
	if r == nil {
		return nil, m.missing(id)
	}
	in := OOSSignal{
		Time: c.now, NotifyType: kind, NotifyNote: p.values.Get("NotifyNote"), TaskName: p.values.Get("TaskName"), TaskExecutionID: p.values.Get("TaskExecutionId"),
		Parameters: p.values.Get("Parameters"), ExecutionStatus: p.values.Get("ExecutionStatus"), LoopItem: p.values.Get("LoopItem"),
	}
	if !r.notify(&in) {
		return nil, failf(400, "InvalidExecutionStatus", "The execution %s is %s and cannot take %s.", id, r.now.Status, kind)
	}
	r.now.Signals = append(r.now.Signals, in)
	r.proceed(c.now)
	c.accept()
	return nil, nil
}

// notify applies a signal to the execution, or reports that it cannot take it now.
func (r *oosRun) notify(in *OOSSignal) bool {
	debug := r.now.Mode == debugMode
	switch in.NotifyType {
	case "Approve", "Reject":
		return r.decide(in) || r.spec.AcceptRepeats
	case "ExecuteTask":
		i := slices.IndexFunc(r.spec.Tasks, func(task OOSTask) bool { return task.Name == in.TaskName })
		if open, _ := r.open(); !debug || r.ended() || open || i < 0 {
			return false
		}
		r.begin(r.spec.Tasks[i], in.Time)
		r.tasks[len(r.tasks)-1].Note = in.NotifyNote
		return true
	case "CompleteExecution":
		if !debug || r.ended() {
			return false
		}
		r.end(cmp.Or(in.ExecutionStatus, oosSuccess), "", in.Time)
		return true
	}
	status := map[string]string{"CancelTask": oosRunning, "RetryTask": oosFailed, "SkipTask": oosFailed}[in.NotifyType]
	i := slices.IndexFunc(r.tasks, func(task *oosTask) bool {
		return !task.parent && task.Status == status && !task.retried && task.named(in)
	})
	if r.ended() || i < 0 || debug != (in.NotifyType == "CancelTask") {
		return false
	}
	switch task := r.tasks[i]; {
	case in.NotifyType == "CancelTask":
		task.end(oosCancelled, "", in.Time)
	case in.NotifyType == "SkipTask":
		task.end(oosSkipped, "", in.Time)
	case r.spec.RetryInPlace:
		task.spec.Fail = ""
		task.run(in.Time)
	default:
		task.retried = true
		again := task.spec
		again.Fail = ""
		r.begin(again, in.Time)
		i = len(r.tasks) - 1
	}
	r.tasks[i].Note = in.NotifyNote
	return true
}

// decide approves or rejects the waiting tasks.
func (r *oosRun) decide(in *OOSSignal) bool {
	for _, task := range r.tasks {
		if r.ended() || task.parent || task.Status != oosWaiting || !task.named(in) {
			continue
		}
		task.Note, task.Updated = in.NotifyNote, in.Time
		in.DecidedTaskExecutionIDs += task.TaskExecutionID + " "
		switch task.approvals++; {
		case in.NotifyType == "Reject":
			task.end(cmp.Or(r.spec.RejectedTask, oosCancelled), "", in.Time)
			r.end(oosCancelled, "The task "+task.TaskName+" was rejected", in.Time)
		case task.approvals < task.spec.MinRequiredApprovals:
		case task.TaskAction == approveAction:
			task.end(oosSuccess, "", in.Time)
		default:
			task.run(in.Time)
		}
		if !r.spec.DecidesAll {
			return true
		}
	}
	return in.DecidedTaskExecutionIDs != ""
}

// named reports whether a signal may be for the task.
func (t *oosTask) named(in *OOSSignal) bool {
	return (in.TaskExecutionID == "" || in.TaskExecutionID == t.TaskExecutionID) &&
		(in.TaskName == "" || in.TaskName == t.TaskName) && (in.LoopItem == "" || in.LoopItem == t.LoopItem)
}

// seen returns the executions of the caller's region as reads see them, the newest first.
// The caller must hold m.mu.
func (m *oos) seen(c *call) (states []OOSExecutionState) {
	for _, r := range m.runs {
		if m.find(c, r.spec.ID) == r {
			states = append(states, r.at(c.now.Add(-m.lag)))
		}
	}
	slices.Reverse(states)
	return states
}

func (m *oos) listExecutions(c *call, p *acsParameters) (map[string]any, *apiError) {
	p.enum("Mode", "Automatic", debugMode)
	p.enum("Status", oosRunning, "Started", oosSuccess, oosFailed, oosWaiting, oosCancelled, "Pending", oosSkipped)
	p.enum("IncludeChildExecution", "true", "false")
	after := p.date("StartDateAfter")
	size, from := p.number("MaxResults", 50, 10, 100), p.number("NextToken", 0, 0, 1<<20)
	if p.err != nil {
		return nil, p.err
	}
	id := p.values.Get("ExecutionId")
	if id != "" && m.reportsMissing && m.find(c, id) == nil {
		return nil, m.missing(id)
	}
	shown := []map[string]any{}
	for _, state := range m.seen(c) {
		same := func(name, value string) bool { return p.values.Get(name) == "" || p.values.Get(name) == value }
		// The document says that TemplateName lists all templates whose names contain it.
		if same("ExecutionId", state.ExecutionID) && same("Status", state.Status) && same("Mode", state.Mode) &&
			strings.Contains(state.TemplateName, p.values.Get("TemplateName")) && !state.Started.Truncate(time.Second).Before(after) {
			shown = append(shown, state.shown(m.outputs(state.ExecutionID)))
		}
	}
	return acsPage("Executions", shown, from, size), nil
}

// outputs returns the outputs of an ended execution. The caller must hold m.mu.
func (m *oos) outputs(id string) string {
	for _, r := range m.runs {
		if r.spec.ID == id {
			return r.spec.Outputs
		}
	}
	return ""
}

func (s OOSExecutionState) shown(outputs string) map[string]any {
	current := []map[string]any{}
	for _, task := range s.Tasks {
		if task.Ended.IsZero() {
			current = append(current, map[string]any{"TaskName": task.TaskName, "TaskExecutionId": task.TaskExecutionID, "TaskAction": task.TaskAction})
		}
	}
	shown := map[string]any{
		"ExecutionId": s.ExecutionID, "TemplateName": s.TemplateName, "Mode": s.Mode, "Status": s.Status, "StatusMessage": s.Message, "CurrentTasks": current,
		"StartDate": oosDate(s.Started), "CreateDate": oosDate(s.Started), "UpdateDate": oosDate(s.Updated), "EndDate": oosDate(s.Ended), "Outputs": "{}",
	}
	if !s.Ended.IsZero() && outputs != "" {
		shown["Outputs"] = outputs
	}
	return shown
}

func oosDate(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(oosTime)
}

// acsPage returns a page of a list, and the token of the next one.
func acsPage(name string, list []map[string]any, from, size int) map[string]any {
	from = min(from, len(list))
	to := min(from+size, len(list))
	answer := map[string]any{name: list[from:to], "MaxResults": size, "NextToken": ""}
	if to < len(list) {
		answer["NextToken"] = strconv.Itoa(to)
	}
	return answer
}

// date parses a time in the format of the documents.
func (p *acsParameters) date(name string) time.Time {
	if p.values.Get(name) == "" {
		return time.Time{}
	}
	at, err := time.Parse(oosTime, p.values.Get(name))
	if err != nil {
		p.invalid(name)
	}
	return at
}

func (m *oos) listTaskExecutions(c *call, p *acsParameters) (map[string]any, *apiError) {
	p.enum("IncludeChildTaskExecution", "true", "false")
	// An older edition of the document says 20 to 100.
	size, from := p.number("MaxResults", 50, 20, 100), p.number("NextToken", 0, 0, 1<<20)
	if p.err != nil {
		return nil, p.err
	}
	id := p.values.Get("ExecutionId")
	if id != "" && m.reportsMissing && m.find(c, id) == nil {
		return nil, m.missing(id)
	}
	shown := []map[string]any{}
	for _, state := range m.seen(c) {
		spec := m.find(c, state.ExecutionID).spec
		for _, task := range state.Tasks {
			same := func(name, value string) bool { return p.values.Get(name) == "" || p.values.Get(name) == value }
			if same("ExecutionId", state.ExecutionID) && same("Status", task.Status) && same("TaskAction", task.TaskAction) && same("TaskName", task.TaskName) &&
				same("TaskExecutionId", task.TaskExecutionID) && same("ParentTaskExecutionId", task.ParentID) &&
				(task.ParentID == "" || p.values.Get("IncludeChildTaskExecution") == "true" || p.values.Get("ParentTaskExecutionId") != "") {
				shown = append(shown, task.shown(state.ExecutionID, spec))
			}
		}
	}
	return acsPage("TaskExecutions", shown, from, size), nil
}

func (t OOSTaskState) shown(execution string, spec OOSExecution) map[string]any {
	note, properties := t.Note, t.Properties
	if spec.HideNotes {
		note = ""
	}
	if spec.HideProperties {
		properties = ""
	}
	return map[string]any{
		"ExecutionId": execution, "TaskExecutionId": t.TaskExecutionID, "ParentTaskExecutionId": t.ParentID, "TaskName": t.TaskName, "TaskAction": t.TaskAction,
		"LoopItem": t.LoopItem, "Status": t.Status, "StatusMessage": t.Message, "Properties": properties, "ExtraData": map[string]any{"NotifyNote": note}, "Outputs": "{}",
		"CreateDate": oosDate(t.Began), "StartDate": oosDate(t.Began), "UpdateDate": oosDate(t.Updated), "EndDate": oosDate(t.Ended),
	}
}

// StartOOSExecution starts an execution and returns its id. It panics if the description is invalid.
func (s *Sandbox) StartOOSExecution(d OOSExecution) string {
	return s.oos.start(valid(d)).spec.ID
}

// OOSExecutions are all executions as they are now, in the order in which they were started.
func (s *Sandbox) OOSExecutions() []OOSExecutionState {
	s.oos.mu.Lock()
	defer s.oos.mu.Unlock()
	states := []OOSExecutionState{}
	for _, r := range s.oos.runs {
		r.settle(s.now())
		states = append(states, r.state())
	}
	return states
}

// OOSExecution returns the present state of a execution, and false if there is none.
func (s *Sandbox) OOSExecution(id string) (OOSExecutionState, bool) {
	states := s.OOSExecutions()
	i := slices.IndexFunc(states, func(state OOSExecutionState) bool { return state.ExecutionID == id })
	if i < 0 {
		return OOSExecutionState{}, false
	}
	return states[i], true
}

func (m *oos) routes() []route {
	return []route{
		{"GET /_sandbox/oos/executions", "all executions of OOS templates", all(m.sandbox.OOSExecutions)},
		{"POST /_sandbox/oos/executions", "start an execution of a template", given(func(d OOSExecution) any { return map[string]string{"ID": m.start(d).spec.ID} })},
		{"GET /_sandbox/oos/executions/{id}", "one execution with its tasks and the signals it took", named("execution", m.sandbox.OOSExecution)},
	}
}
