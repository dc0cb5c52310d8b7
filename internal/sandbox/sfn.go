package sandbox

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Statuses of executions, from the API reference of DescribeExecution.
const (
	machineRunning   = "RUNNING"
	machineSucceeded = "SUCCEEDED"
	machineFailed    = "FAILED"
)

const (
	longestTaskOutput = 262144
	// taskTokenForm is the prefix of the sandbox's tokens. A text with another beginning is
	// not a token.
	taskTokenForm = "AQCEAAAAKgAAAAMAAAAA"
)

// MachineExecution describes an execution of a state machine to start. Its states follow
// each other. Its options choose where the documents leave the behaviour open.
type MachineExecution struct {
	// ARN is generated if it is empty.
	ARN string
	// StartSeconds is the time until the execution exists.
	StartSeconds int
	States       []MachineState
	// AcceptRepeats accepts more answers to a closed task, without an effect. The service
	// does not. Tests of the provider need it to see repeats.
	AcceptRepeats bool
	// Encrypted means that the state machine has a key that no caller may use.
	Encrypted bool
	// HideFailures omits error and cause from descriptions with METADATA_ONLY. AWS does not
	// document whether they are included.
	HideFailures bool
	// Compacts shows outputs without spaces between their members. AWS does not document
	// whether a history has them as they were sent.
	Compacts bool
}

// MachineState is a state of a MachineExecution. It waits for its callback, unless it has Seconds.
type MachineState struct {
	// Token is the token of the task; generated if empty.
	Token string
	// Activity means that the worker of an activity answers, and not the target of a task.
	Activity bool
	// TimeoutSeconds is the timeout of a state without an answer. Default none.
	TimeoutSeconds int
	// Seconds is how long a state without a callback takes.
	Seconds int
	// Output is the output of such a state. Default "{}".
	Output string
	// Fail is the error with which such a state fails; if empty, it succeeds.
	Fail string
}

// MachineExecutionState is the present state of an execution, without the lag of reads.
type MachineExecutionState struct {
	ARN, Status string
	// Token is the token of the state that waits for its callback, empty if none does.
	Token  string
	Events []MachineEvent
	// Answers are the accepted answers, including repeats.
	Answers []TaskAnswer
}

// TaskAnswer is one accepted SendTaskSuccess, SendTaskFailure or SendTaskHeartbeat.
type TaskAnswer struct {
	Time             time.Time
	Operation, Token string
	Output           string
	Error, Cause     *string
}

// MachineEvent has the members of the API's HistoryEvent.
type MachineEvent struct {
	ID        int
	Timestamp time.Time
	Type      string
	// Details are the members of the structure for the event's type.
	Details map[string]any
}

// member returns the name of the member with the event's details.
func (e MachineEvent) member() string {
	return strings.ToLower(e.Type[:1]) + e.Type[1:] + "EventDetails"
}

// shown returns the event as in the API, with or without the execution's data.
func (e MachineEvent) shown(data bool) map[string]any {
	event := map[string]any{"id": e.ID, "previousEventId": e.ID - 1, "timestamp": epoch{e.Timestamp}, "type": e.Type}
	if e.Details == nil {
		return event
	}
	details := maps.Clone(e.Details)
	if !data {
		delete(details, "input")
		delete(details, "output")
	}
	event[e.member()] = details
	return event
}

func (m MachineExecution) check() error {
	if n := utf8.RuneCountInString(m.ARN); n > 256 {
		return fmt.Errorf("the ARN has %d characters, not up to 256", n)
	}
	if len(m.States) == 0 {
		return fmt.Errorf("an execution without states has no callback")
	}
	tokens := map[string]bool{"": true}
	for _, state := range m.States {
		if state.Token == "" {
			continue
		}
		if n := utf8.RuneCountInString(state.Token); n > 2048 || tokens[state.Token] {
			return fmt.Errorf("token %q has more than 2048 characters, or is not the only one of its kind", state.Token)
		}
		tokens[state.Token] = true
	}
	return nil
}

// sfn simulates the callbacks of AWS Step Functions, API version 2016-11-23.
type sfn struct {
	*awsJSON
	lag time.Duration

	executions map[string]*machineExecution
}

// A machineExecution changes only when a request reads or changes it, so it needs no goroutine.
type machineExecution struct {
	spec    MachineExecution
	started time.Time
	events  []MachineEvent
	current int
	// deadline is when the current state ends without an answer; zero if it does not.
	deadline time.Time
	status   string
	// output is the output of the last state that has succeeded.
	output  string
	answers []TaskAnswer
}

func newSFN(s *Sandbox, o Options) *sfn {
	f := &sfn{lag: o.ReadLag, executions: map[string]*machineExecution{}}
	f.awsJSON = &awsJSON{
		sandbox: s, forget: func() { clear(f.executions) }, service: "states", target: "AWSStepFunctions", version: "1.0", message: "message",
		operations: map[string]func(*call) (any, *apiError){
			"SendTaskSuccess":     handle(f.sendTaskSuccess),
			"SendTaskFailure":     handle(f.sendTaskFailure),
			"SendTaskHeartbeat":   handle(f.sendTaskHeartbeat),
			"DescribeExecution":   handle(f.describeExecution),
			"GetExecutionHistory": handle(f.getExecutionHistory),
		},
		resource: func(c *call) string {
			return cmp.Or(peek[struct{ ExecutionArn string }](c).ExecutionArn, "*")
		},
	}
	return f
}

func (f *sfn) start(spec MachineExecution) *machineExecution {
	f.mu.Lock()
	defer f.mu.Unlock()
	spec.ARN = cmp.Or(spec.ARN, "arn:aws:states:us-east-1:123456789012:execution:sandbox:"+newUUID())
	spec.States = slices.Clone(spec.States)
	for i := range spec.States {
		state := &spec.States[i]
		state.Token, state.Output = cmp.Or(state.Token, taskTokenForm+newUUID()), cmp.Or(state.Output, "{}")
	}
	e := &machineExecution{spec: spec, status: machineRunning}
	e.started = f.sandbox.now().Add(time.Duration(spec.StartSeconds) * time.Second)
	e.record("ExecutionStarted", e.started, map[string]any{"input": "{}"})
	e.enter(0, e.started)
	f.executions[spec.ARN] = e
	return e
}

func (e *machineExecution) record(eventType string, at time.Time, details map[string]any) {
	e.events = append(e.events, MachineEvent{len(e.events) + 1, at, eventType, details})
}

// enter starts state i, or ends the execution if there is none.
func (e *machineExecution) enter(i int, now time.Time) {
	e.current, e.deadline = i, time.Time{}
	if i == len(e.spec.States) {
		e.status = machineSucceeded
		e.record("ExecutionSucceeded", now, map[string]any{"output": e.output}) // The last state's.
		return
	}
	state := e.spec.States[i]
	for _, kind := range []string{"Scheduled", "Started"} {
		e.record(state.event(kind), now, state.resource())
	}
	if seconds := cmp.Or(state.Seconds, state.TimeoutSeconds); seconds > 0 {
		e.deadline = now.Add(time.Duration(seconds) * time.Second)
	}
}

func (s MachineState) event(kind string) string {
	if s.Activity {
		return "Activity" + kind
	}
	return "Task" + kind
}

func (s MachineState) resource() map[string]any {
	switch {
	case s.Activity:
		return map[string]any{}
	case s.Seconds > 0:
		return map[string]any{"resourceType": "lambda", "resource": "invoke"}
	default:
		return map[string]any{"resourceType": "sqs", "resource": "sendMessage.waitForTaskToken"}
	}
}

// succeed ends the current state successfully, and fail with an error. No state catches the
// error.
func (e *machineExecution) succeed(output string, now time.Time) {
	state := e.spec.States[e.current]
	details := state.resource()
	if text := (&bytes.Buffer{}); e.spec.Compacts && json.Compact(text, []byte(output)) == nil {
		output = text.String()
	}
	details["output"], details["outputDetails"] = output, map[string]bool{"truncated": false}
	e.output = output
	e.record(state.event("Succeeded"), now, details)
	e.enter(e.current+1, now)
}

func (e *machineExecution) fail(kind string, name, cause *string, now time.Time) {
	state := e.spec.States[e.current]
	why := map[string]any{}
	if name != nil {
		why["error"] = *name
	}
	if cause != nil {
		why["cause"] = *cause
	}
	details := state.resource()
	maps.Copy(details, why)
	e.record(state.event(kind), now, details)
	e.record("ExecutionFailed", now, why)
	e.status, e.deadline = machineFailed, time.Time{}
}

// settle ends the states whose time is over, each at the right time.
func (e *machineExecution) settle(now time.Time) {
	for !e.deadline.IsZero() && !e.deadline.After(now) {
		at, state := e.deadline, e.spec.States[e.current]
		timeout := "States.Timeout"
		switch {
		case state.Seconds == 0:
			e.fail("TimedOut", &timeout, nil, at)
		case state.Fail != "":
			e.fail("Failed", &state.Fail, nil, at)
		default:
			e.succeed(state.Output, at)
		}
	}
}

// waiting returns the token of the state that waits for its callback, empty if none does.
func (e *machineExecution) waiting() string {
	if e.status != machineRunning || e.spec.States[e.current].Seconds > 0 {
		return ""
	}
	return e.spec.States[e.current].Token
}

// taskRequest is the request of each of the three answers.
type taskRequest struct {
	TaskToken, Output, Error, Cause *string
}

func (in taskRequest) check(v *constraints) {
	v.required("taskToken", in.TaskToken, 1, 2048)
	v.optional("error", in.Error, 0, 256)
	v.optional("cause", in.Cause, 0, 32768)
}

// successRequest is the request that must have an output.
type successRequest struct{ taskRequest }

func (in successRequest) check(v *constraints) {
	in.taskRequest.check(v)
	v.required("output", in.Output, 0, longestTaskOutput)
	if in.Output != nil && utf8.RuneCountInString(*in.Output) <= longestTaskOutput {
		v.length("output", len(*in.Output), 0, longestTaskOutput)
	}
}

// answered returns the execution, as it is now, whose task has this token.
func (f *sfn) answered(c *call, token string) (e *machineExecution, open bool, err *apiError) {
	for _, e := range f.executions {
		e.settle(c.now)
		known := slices.IndexFunc(e.spec.States, func(s MachineState) bool { return s.Token == token && s.Seconds == 0 })
		if known < 0 || c.now.Before(e.started) {
			continue
		}
		switch {
		case known > e.current:
			return nil, false, failf(400, "TaskDoesNotExist", "Task does not exist")
		case e.waiting() == token:
			return e, true, nil
		case e.spec.AcceptRepeats && c.operation != "SendTaskHeartbeat":
			return e, false, nil
		}
		return nil, false, failf(400, "TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
	}
	if strings.HasPrefix(token, taskTokenForm) {
		return nil, false, failf(400, "TaskDoesNotExist", "Task does not exist")
	}
	return nil, false, failf(400, "InvalidToken", "Invalid Token: 'Invalid token'")
}

func (f *sfn) answer(c *call, in taskRequest, act func(e *machineExecution)) (any, *apiError) {
	e, open, err := f.answered(c, *in.TaskToken)
	if err != nil {
		return nil, err
	}
	if e.spec.Encrypted && (in.Output != nil || in.Error != nil || in.Cause != nil) {
		return nil, failf(400, "KmsAccessDeniedException", "User: %s is not authorized to perform: kms:GenerateDataKey", c.caller.ARN)
	}
	e.answers = append(e.answers, TaskAnswer{c.now, c.operation, *in.TaskToken, or(in.Output, ""), in.Error, in.Cause})
	if open {
		act(e)
	}
	c.accept()
	return struct{}{}, nil
}

func (f *sfn) sendTaskSuccess(c *call, in successRequest) (any, *apiError) {
	if !json.Valid([]byte(*in.Output)) {
		return nil, failf(400, "InvalidOutput", "Invalid Output: 'The output is not valid JSON'")
	}
	return f.answer(c, in.taskRequest, func(e *machineExecution) { e.succeed(*in.Output, c.now) })
}

func (f *sfn) sendTaskFailure(c *call, in taskRequest) (any, *apiError) {
	in.Output = nil
	return f.answer(c, in, func(e *machineExecution) { e.fail("Failed", in.Error, in.Cause, c.now) })
}

func (f *sfn) sendTaskHeartbeat(c *call, in taskRequest) (any, *apiError) {
	return f.answer(c, taskRequest{TaskToken: in.TaskToken}, func(*machineExecution) {})
}

// machineRequest is the request of the reads.
type machineRequest struct {
	ExecutionArn         *string
	IncludedData         *string
	IncludeExecutionData *bool
	MaxResults           *int
	NextToken            *string
	ReverseOrder         bool
}

func (in machineRequest) check(v *constraints) {
	v.required("executionArn", in.ExecutionArn, 1, 256)
	v.enum("includedData", in.IncludedData, "ALL_DATA", "METADATA_ONLY")
	v.between("maxResults", in.MaxResults, 0, 1000)
	v.optional("nextToken", in.NextToken, 1, 1024)
}

// read returns what reads see of an execution: its events up to a time that lags behind.
func (f *sfn) read(c *call, in machineRequest) (e *machineExecution, events []MachineEvent, err *apiError) {
	if !strings.HasPrefix(*in.ExecutionArn, "arn:") {
		return nil, nil, failf(400, "InvalidArn", "Invalid Arn: 'Invalid ARN prefix: %s'", *in.ExecutionArn)
	}
	if e = f.executions[*in.ExecutionArn]; e != nil {
		e.settle(c.now)
		for _, event := range e.events {
			if !event.Timestamp.After(c.now.Add(-f.lag)) || event.ID == 1 && !event.Timestamp.After(c.now) {
				events = append(events, event)
			}
		}
	}
	if len(events) == 0 {
		return nil, nil, failf(400, "ExecutionDoesNotExist", "Execution Does Not Exist: '%s'", *in.ExecutionArn)
	}
	return e, events, nil
}

func (f *sfn) describeExecution(c *call, in machineRequest) (any, *apiError) {
	e, events, err := f.read(c, in)
	if err != nil {
		return nil, err
	}
	last := events[len(events)-1]
	out := map[string]any{
		"executionArn": e.spec.ARN, "stateMachineArn": strings.Replace(e.spec.ARN[:strings.LastIndex(e.spec.ARN, ":")], ":execution:", ":stateMachine:", 1),
		"name": e.spec.ARN[strings.LastIndex(e.spec.ARN, ":")+1:], "status": machineRunning, "startDate": epoch{e.started},
	}
	metadata := or(in.IncludedData, "") == "METADATA_ONLY"
	if e.spec.Encrypted && !metadata {
		return nil, failf(400, "KmsAccessDeniedException", "User: %s is not authorized to perform: kms:Decrypt", c.caller.ARN)
	}
	switch last.Type {
	case "ExecutionSucceeded":
		out["status"], out["stopDate"] = machineSucceeded, epoch{last.Timestamp}
		if !metadata {
			out["output"] = last.Details["output"]
		}
	case "ExecutionFailed":
		out["status"], out["stopDate"] = machineFailed, epoch{last.Timestamp}
		if !metadata || !e.spec.HideFailures {
			maps.Copy(out, last.Details)
		}
	}
	return out, nil
}

func (f *sfn) getExecutionHistory(c *call, in machineRequest) (any, *apiError) {
	_, events, err := f.read(c, in)
	if err != nil {
		return nil, err
	}
	if in.ReverseOrder {
		slices.Reverse(events)
	}
	events, next, ok := pageOf(events, "", or(in.NextToken, ""), cmp.Or(or(in.MaxResults, 0), 100))
	if !ok {
		return nil, failf(400, "InvalidToken", "Invalid Token: '%s'", *in.NextToken)
	}
	shown := []map[string]any{}
	for _, event := range events {
		shown = append(shown, event.shown(or(in.IncludeExecutionData, true)))
	}
	out := map[string]any{"events": shown}
	if next != "" {
		out["nextToken"] = next
	}
	return out, nil
}

// StartMachine starts an execution and returns its state, with its ARN and the token of the state that waits. An
// invalid description is a mistake of the test, and panics.
func (s *Sandbox) StartMachine(m MachineExecution) MachineExecutionState {
	state, _ := s.Machine(s.sfn.start(valid(m)).spec.ARN)
	return state
}

// AnswerTask answers a task with an output, as another caller does. It panics if no task
// waits for the token.
func (s *Sandbox) AnswerTask(token, output string) {
	s.sfn.mu.Lock()
	defer s.sfn.mu.Unlock()
	for _, e := range s.sfn.executions {
		if e.settle(s.now()); e.waiting() == token {
			e.succeed(output, s.now())
			return
		}
	}
	panic("no task waits with the token " + token)
}

// RedriveMachine runs the failed state of an execution again, as RedriveExecution does, and
// reports whether there is such an execution.
func (s *Sandbox) RedriveMachine(arn string) bool {
	s.sfn.mu.Lock()
	defer s.sfn.mu.Unlock()
	e := s.sfn.executions[arn]
	if e == nil || e.status != machineFailed {
		return false
	}
	e.status = machineRunning
	e.record("ExecutionRedriven", s.now(), map[string]any{"redriveCount": 1})
	e.enter(e.current, s.now())
	return true
}

// Machine returns the present state of a execution, and false if it was never started.
func (s *Sandbox) Machine(arn string) (MachineExecutionState, bool) {
	s.sfn.mu.Lock()
	defer s.sfn.mu.Unlock()
	e := s.sfn.executions[arn]
	if e == nil {
		return MachineExecutionState{}, false
	}
	e.settle(s.now())
	return MachineExecutionState{
		ARN: arn, Status: e.status, Token: e.waiting(), Events: slices.Clone(e.events), Answers: slices.Clone(e.answers),
	}, true
}

// Machines returns the present states of all executions, by their ARNs.
func (s *Sandbox) Machines() []MachineExecutionState {
	return states(&s.sfn.mu, s.sfn.executions, s.Machine)
}

func (f *sfn) routes() []route {
	return []route{
		{"GET /_sandbox/sfn/executions", "all executions", all(f.sandbox.Machines)},
		{"POST /_sandbox/sfn/executions", "start a MachineExecution", given(f.sandbox.StartMachine)},
		{"GET /_sandbox/sfn/executions/{id}", "one execution with its events and answers", named("execution", f.sandbox.Machine)},
	}
}
