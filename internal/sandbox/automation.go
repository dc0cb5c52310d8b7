package sandbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Statuses of executions and steps, from the API reference of AutomationExecution and StepExecution.
const (
	pending    = "Pending"
	inProgress = "InProgress"
	waiting    = "Waiting"
	success    = "Success"
	failed     = "Failed"
	timedOut   = "TimedOut"
	cancelled  = "Cancelled"
	approved   = "Approved"
	rejected   = "Rejected"
	revoked    = "Revoked"
)

const (
	interactive = "Interactive"

	actionApprove = "aws:approve"
	actionPause   = "aws:pause"
	actionBranch  = "aws:branch"
	actionSleep   = "aws:sleep"

	// approveTimeout is the documented default of aws:approve.
	approveTimeout = 604800
)

// Automation describes a runbook execution to start. Its options choose where the documents leave the behaviour open.
type Automation struct {
	// ID has 36 characters, not necessarily a UUID's; a UUID is generated if it is empty.
	ID           string
	DocumentName string
	// Region is the region of the execution; if empty, all regions show it.
	Region string
	// Parent is the id of the execution that runs this one.
	Parent string
	// Mode is Auto (default) or Interactive, where each step waits for its StartStep.
	Mode       string
	Parameters map[string][]string
	Steps      []Step
	// Outputs are the outputs of the execution after it has succeeded, such as
	// "deploy.Hosts".
	Outputs map[string][]string
	// FinishAfterReads is after how many more GetAutomationExecution requests the execution
	// ends, once its last step has ended.
	FinishAfterReads int
	// AcceptRepeats accepts a second decision of an approver, and decisions after the step
	// has been decided. The default is to answer InvalidAutomationSignalException. AWS does
	// not document which is right.
	AcceptRepeats bool
	// Decisions is the shape of the output ApproverDecisions, which AWS documents only as a
	// "MapList".
	Decisions DecisionShape
	// DecisionMembers replace members of each decision; nil removes a member. AWS does not
	// document the members.
	DecisionMembers map[string]any
	// HideInputs omits the Inputs of the steps.
	HideInputs bool
	// RejectedStep is the status of a rejected step. Default Rejected.
	RejectedStep string
	// RevokedStatus is the status of the step and of the execution after Revoke. AWS does
	// not document the effect of Revoke. Default Rejected.
	RevokedStatus string
}

// Step is a step of an Automation. Names follow the runbook properties of the Systems Manager user guide.
type Step struct {
	Name string
	// Action is what the step does: aws:approve waits for approvals, aws:pause for Resume,
	// aws:sleep for SleepSeconds, and aws:branch chooses a next step. Every other action
	// succeeds at once.
	Action   string
	NextStep string
	IsEnd    bool
	// OnFailure is Abort (default), Continue or step:NAME.
	OnFailure string
	// TimeoutSeconds ends a waiting or held step as TimedOut. Default for aws:approve 604800, else never.
	TimeoutSeconds       int
	MinRequiredApprovals int // default 1
	SleepSeconds         int
	Choices              []Choice
	Default              string
	// Outputs are the outputs of the step after it has succeeded.
	Outputs map[string][]string
	// Hold keeps the step InProgress until StopStep.
	Hold bool
	// Child is the execution that a step aws:executeAutomation runs, shown in its outputs while it is held.
	Child string
	// Fail fails the step with this message.
	Fail string
}

// Choice is a rule of an aws:branch step.
type Choice struct {
	// Variable is "{{ parameter }}" or "{{ step.output }}", such as "{{ approve.ApprovalStatus }}".
	Variable     string
	StringEquals string
	NextStep     string
}

// DecisionShape is a possible shape of ApproverDecisions.
type DecisionShape string

// The shapes of ApproverDecisions.
const (
	// DecisionsJSON is one string that holds a JSON list of maps. It is the default.
	DecisionsJSON DecisionShape = "json"
	// DecisionsList is a list of strings, each with a JSON map.
	DecisionsList DecisionShape = "list"
	// DecisionsNone omits the output.
	DecisionsNone DecisionShape = "none"
)

// AutomationState is an execution as GetAutomationExecution shows it, and the signals that
// it has received.
type AutomationState struct {
	AutomationExecution
	Signals []Signal
}

// Signal is one accepted SendAutomationSignal.
type Signal struct {
	Time       time.Time
	SignalType string
	Payload    map[string][]string
	// Sender is the caller's ARN.
	Sender string
}

// AutomationExecution has the members of the API's structure of the same name.
type AutomationExecution struct {
	AutomationExecutionID     string `json:"AutomationExecutionId"`
	AutomationExecutionStatus string
	CurrentAction             string `json:",omitempty"`
	CurrentStepName           string `json:",omitempty"`
	DocumentName              string
	DocumentVersion           string
	ExecutedBy                string `json:",omitempty"`
	ExecutionStartTime        epoch
	ExecutionEndTime          epoch  `json:",omitzero"`
	FailureMessage            string `json:",omitempty"`
	Mode                      string
	Outputs                   map[string][]string
	Parameters                map[string][]string
	ParentExecutionID         string `json:"ParentAutomationExecutionId,omitempty"`
	StepExecutions            []StepExecution
	StepExecutionsTruncated   bool
}

// StepExecution has the members of the API's structure of the same name.
type StepExecution struct {
	Action             string
	ExecutionStartTime epoch               `json:",omitzero"`
	ExecutionEndTime   epoch               `json:",omitzero"`
	FailureMessage     string              `json:",omitempty"`
	Inputs             map[string]string   `json:",omitempty"`
	IsEnd              bool                `json:",omitempty"`
	NextStep           string              `json:",omitempty"`
	OnFailure          string              `json:",omitempty"`
	Outputs            map[string][]string `json:",omitempty"`
	StepExecutionID    string              `json:"StepExecutionId"`
	StepName           string
	StepStatus         string
	TimeoutSeconds     int `json:",omitempty"`
}

func (a Automation) check() error {
	if n := utf8.RuneCountInString(a.ID); n != 0 && n != 36 {
		return fmt.Errorf("execution id %q has %d characters, not 36", a.ID, n)
	}
	if len(a.Steps) == 0 {
		return errors.New("an execution needs at least one step")
	}
	if !slices.Contains([]string{"", "Auto", interactive}, a.Mode) {
		return fmt.Errorf("mode %q is neither Auto nor Interactive", a.Mode)
	}
	if !slices.Contains([]DecisionShape{"", DecisionsJSON, DecisionsList, DecisionsNone}, a.Decisions) {
		return fmt.Errorf("unknown shape of decisions %q", a.Decisions)
	}
	position := map[string]int{}
	for i, step := range a.Steps {
		if _, taken := position[step.Name]; taken || step.Name == "" || step.Action == "" {
			return fmt.Errorf("step %q needs a name of its own and an action", step.Name)
		}
		position[step.Name] = i
	}
	for i, step := range a.Steps {
		targets := []string{step.NextStep, step.Default}
		if name, ok := strings.CutPrefix(step.OnFailure, "step:"); ok {
			targets = append(targets, name)
		} else if !slices.Contains([]string{"", "Abort", "Continue"}, step.OnFailure) {
			return fmt.Errorf("step %q has unknown OnFailure %q", step.Name, step.OnFailure)
		}
		for _, choice := range step.Choices {
			targets = append(targets, choice.NextStep)
		}
		for _, target := range targets {
			// A branch can only lead to a later step, because steps that take no time would
			// never end in a circle.
			if target != "" && position[target] <= i {
				return fmt.Errorf("step %q leads to %q, which is no later step", step.Name, target)
			}
		}
	}
	return nil
}

// An execution is a running Automation. It changes only when a request reads or signals it,
// so it needs no goroutine.
type execution struct {
	spec Automation
	now  AutomationExecution
	// current is the index of the running step, or the number of steps after the last one.
	current int
	// deadline is when the current step ends without a signal; zero means never.
	deadline time.Time
	// decisions are the decisions about the current approve step.
	decisions []decision
	decided   bool
	signals   []Signal
	reads     int
	past      history[AutomationExecution]
}

type decision struct {
	Approver string    `json:"approver"`
	Decision string    `json:"decision"`
	Time     time.Time `json:"time"`
	Comment  string    `json:"comment,omitempty"`
}

func newExecution(spec Automation, executedBy string, now time.Time) *execution {
	spec.ID = cmp.Or(spec.ID, newUUID())
	e := &execution{spec: spec, now: AutomationExecution{
		AutomationExecutionID: spec.ID,
		DocumentName:          cmp.Or(spec.DocumentName, "Sandbox-Runbook"),
		DocumentVersion:       "1",
		ExecutedBy:            executedBy,
		ExecutionStartTime:    epoch{now},
		Mode:                  cmp.Or(spec.Mode, "Auto"),
		Outputs:               map[string][]string{},
		Parameters:            spec.Parameters,
		ParentExecutionID:     spec.Parent,
	}}
	for _, step := range spec.Steps {
		timeout := step.TimeoutSeconds
		if step.Action == actionApprove {
			timeout = cmp.Or(timeout, approveTimeout)
		}
		e.now.StepExecutions = append(e.now.StepExecutions, StepExecution{
			Action: step.Action, IsEnd: step.IsEnd, NextStep: step.NextStep, OnFailure: step.OnFailure,
			StepExecutionID: newUUID(), StepName: step.Name, StepStatus: pending, TimeoutSeconds: timeout,
			Inputs: spec.inputs(step),
		})
	}
	e.goTo(0, now)
	e.commit(now)
	return e
}

// inputs returns the resolved inputs of a step.
func (a Automation) inputs(step Step) map[string]string {
	if a.HideInputs || step.Action != actionApprove {
		return nil
	}
	inputs := map[string]string{"Approvers": `["sandbox"]`}
	if step.MinRequiredApprovals > 0 {
		inputs["MinRequiredApprovals"] = strconv.Itoa(step.MinRequiredApprovals)
	}
	return inputs
}

func (e *execution) index(name string) int {
	return slices.IndexFunc(e.spec.Steps, func(s Step) bool { return s.Name == name })
}

// goTo makes a step the current one. In mode Interactive this does not start it.
func (e *execution) goTo(i int, now time.Time) {
	e.current, e.deadline = i, time.Time{}
	switch {
	case i == len(e.spec.Steps):
		e.now.CurrentStepName, e.now.CurrentAction = "", ""
		if e.spec.FinishAfterReads > 0 {
			e.now.AutomationExecutionStatus = inProgress
			return
		}
		e.end(success, "", now)
	case e.now.Mode == interactive:
		e.show(waiting)
	default:
		e.run(now)
	}
}

func (e *execution) show(status string) {
	step := e.now.StepExecutions[e.current]
	e.now.CurrentStepName, e.now.CurrentAction, e.now.AutomationExecutionStatus = step.StepName, step.Action, status
}

// run starts the current step.
func (e *execution) run(now time.Time) {
	spec, step := e.spec.Steps[e.current], &e.now.StepExecutions[e.current]
	step.ExecutionStartTime, step.ExecutionEndTime = epoch{now}, epoch{}
	stay := func(status string, seconds int) {
		step.StepStatus = status
		e.show(status)
		if seconds > 0 {
			e.deadline = now.Add(time.Duration(seconds) * time.Second)
		}
	}
	switch {
	case spec.Fail != "":
		e.leave(failed, failed, spec.Fail, now)
	case spec.Hold:
		if spec.Child != "" {
			step.Outputs = map[string][]string{"ExecutionId": {spec.Child}}
		}
		stay(inProgress, step.TimeoutSeconds)
	case spec.Action == actionApprove:
		e.decisions = nil
		e.showDecisions(waiting)
		stay(waiting, step.TimeoutSeconds)
	case spec.Action == actionPause:
		stay(waiting, step.TimeoutSeconds)
	case spec.Action == actionSleep && spec.SleepSeconds > 0:
		stay(inProgress, spec.SleepSeconds)
	default:
		e.leave(success, "", "", now)
	}
}

// leave ends the current step, and the execution if the step says so.
func (e *execution) leave(status, executionStatus, message string, now time.Time) {
	spec, step := e.spec.Steps[e.current], &e.now.StepExecutions[e.current]
	step.StepStatus, step.ExecutionEndTime, step.FailureMessage = status, epoch{now}, message
	if status == success && spec.Outputs != nil {
		step.Outputs = spec.Outputs
	}
	if status != success {
		if name, ok := strings.CutPrefix(spec.OnFailure, "step:"); ok {
			e.goTo(e.index(name), now)
			return
		}
		if spec.OnFailure != "Continue" {
			e.end(executionStatus, message, now)
			return
		}
	}
	e.goTo(e.next(spec), now)
}

func (e *execution) next(spec Step) int {
	name := spec.NextStep
	if spec.Action == actionBranch {
		name = cmp.Or(spec.Default, name)
		for _, choice := range spec.Choices {
			if e.value(choice.Variable) == choice.StringEquals {
				name = choice.NextStep
				break
			}
		}
	}
	switch {
	case name != "":
		return e.index(name)
	case spec.IsEnd:
		return len(e.spec.Steps)
	default:
		return e.current + 1
	}
}

// value resolves a runbook variable. It returns "" for an unknown one.
func (e *execution) value(variable string) string {
	name := strings.Trim(variable, "{} ")
	values := e.now.Parameters[name]
	if stepName, output, ok := strings.Cut(name, "."); ok {
		if i := e.index(stepName); i >= 0 {
			values = e.now.StepExecutions[i].Outputs[output]
		}
	}
	return strings.Join(values, ",")
}

func (e *execution) end(status, message string, now time.Time) {
	if status == success && e.spec.Outputs != nil {
		e.now.Outputs = e.spec.Outputs
	}
	e.current, e.deadline = len(e.spec.Steps), time.Time{}
	e.now.AutomationExecutionStatus, e.now.FailureMessage, e.now.ExecutionEndTime = status, message, epoch{now}
}

func (e *execution) ended() bool { return !e.now.ExecutionEndTime.IsZero() }

// settle ends the steps whose time is over, each at the right time.
func (e *execution) settle(now time.Time) {
	for !e.deadline.IsZero() && !e.deadline.After(now) {
		at, spec := e.deadline, e.spec.Steps[e.current]
		if spec.Action == actionSleep && !spec.Hold {
			e.leave(success, "", "", at)
		} else {
			e.leave(timedOut, timedOut, "Step timed out while it was waiting", at)
		}
		e.commit(at)
	}
}

// read counts a read for FinishAfterReads. Only later reads see its effect.
func (e *execution) read(now time.Time) {
	if e.current < len(e.spec.Steps) || e.ended() {
		return
	}
	if e.reads++; e.reads > e.spec.FinishAfterReads {
		e.end(success, "", now)
		e.commit(now)
	}
}

func (e *execution) commit(now time.Time) {
	seen := e.now
	seen.StepExecutions = slices.Clone(seen.StepExecutions)
	e.past.add(now, seen)
}

var errInvalidSignal = failf(400, "InvalidAutomationSignalException", "The signal is not valid for the current Automation execution.")

func errMissingPayload(signalType, key string) *apiError {
	return failf(400, "InvalidAutomationSignalException", "The payload of signal %s must have exactly one %s.", signalType, key)
}

// signal applies a signal to the execution, or returns why the execution does not take it.
func (e *execution) signal(s Signal) *apiError {
	var err *apiError
	switch s.SignalType {
	case "Approve", "Reject", "Revoke":
		err = e.decide(s)
	case "Resume":
		err = e.withStep(s, func() bool {
			step := e.now.StepExecutions[e.current]
			if step.Action != actionPause || step.StepStatus != waiting {
				return false
			}
			e.leave(success, "", "", s.Time)
			return true
		})
	case "StartStep":
		err = e.withStep(s, func() bool {
			if e.now.Mode != interactive || e.now.StepExecutions[e.current].StepStatus != pending {
				return false
			}
			e.run(s.Time)
			return true
		})
	case "StopStep":
		err = e.stop(s)
	}
	if err != nil {
		return err
	}
	e.signals = append(e.signals, s)
	e.commit(s.Time)
	return nil
}

// withStep calls move if the payload's StepName is the current step. move reports whether
// the signal was valid.
func (e *execution) withStep(s Signal, move func() bool) *apiError {
	names := s.Payload["StepName"]
	if len(names) != 1 {
		return errMissingPayload(s.SignalType, "StepName")
	}
	switch i := e.index(names[0]); {
	case i < 0:
		return failf(400, "AutomationStepNotFoundException", "There is no step %s in Automation execution %s.", names[0], e.spec.ID)
	case i != e.current || !move():
		return errInvalidSignal
	}
	return nil
}

func (e *execution) stop(s Signal) *apiError {
	ids := s.Payload["StepExecutionId"]
	if len(ids) != 1 {
		return errMissingPayload(s.SignalType, "StepExecutionId")
	}
	i := slices.IndexFunc(e.now.StepExecutions, func(step StepExecution) bool { return step.StepExecutionID == ids[0] })
	switch {
	case i < 0:
		return failf(400, "AutomationStepNotFoundException", "There is no step execution %s in Automation execution %s.", ids[0], e.spec.ID)
	case i != e.current || !slices.Contains([]string{inProgress, waiting}, e.now.StepExecutions[i].StepStatus):
		return errInvalidSignal
	}
	e.leave(cancelled, cancelled, "Step was stopped by a signal", s.Time)
	return nil
}

func (e *execution) decide(s Signal) *apiError {
	if e.current == len(e.spec.Steps) || e.spec.Steps[e.current].Action != actionApprove || e.now.StepExecutions[e.current].StepStatus != waiting {
		if e.decided && e.spec.AcceptRepeats {
			return nil
		}
		return errInvalidSignal
	}
	repeated := slices.ContainsFunc(e.decisions, func(d decision) bool { return d.Approver == s.Sender })
	if s.SignalType == "Approve" && repeated && !e.spec.AcceptRepeats {
		return errInvalidSignal
	}
	word := map[string]string{"Approve": approved, "Reject": rejected, "Revoke": revoked}[s.SignalType]
	e.decisions = append(e.decisions, decision{s.Sender, word, s.Time.UTC(), strings.Join(s.Payload["Comment"], " ")})
	if s.SignalType == "Approve" && len(e.decisions) < max(1, e.spec.Steps[e.current].MinRequiredApprovals) {
		e.showDecisions(waiting)
		return nil
	}
	e.decided = true
	switch s.SignalType {
	case "Approve":
		e.showDecisions(approved)
		e.leave(success, "", "", s.Time)
	case "Reject":
		e.showDecisions(rejected)
		e.leave(cmp.Or(e.spec.RejectedStep, rejected), rejected, "Step was rejected by "+s.Sender, s.Time)
	case "Revoke":
		status := cmp.Or(e.spec.RevokedStatus, rejected)
		e.showDecisions(status)
		e.leave(status, status, "Step was revoked by "+s.Sender, s.Time)
	}
	return nil
}

func (e *execution) showDecisions(status string) {
	outputs, shown := map[string][]string{"ApprovalStatus": {status}}, []any{}
	for _, d := range e.decisions {
		shown = append(shown, e.spec.members(d))
	}
	switch e.spec.Decisions {
	case "", DecisionsJSON:
		outputs["ApproverDecisions"] = []string{string(mustJSON(shown))}
	case DecisionsList:
		outputs["ApproverDecisions"] = []string{}
		for _, d := range shown {
			outputs["ApproverDecisions"] = append(outputs["ApproverDecisions"], string(mustJSON(d)))
		}
	}
	e.now.StepExecutions[e.current].Outputs = outputs
}

// members returns a decision with the members that the scenario shows.
func (a Automation) members(d decision) any {
	if a.DecisionMembers == nil {
		return d
	}
	var members map[string]any
	if err := json.Unmarshal(mustJSON(d), &members); err != nil {
		panic(err)
	}
	for name, value := range a.DecisionMembers {
		if members[name] = value; value == nil {
			delete(members, name)
		}
	}
	return members
}

func (e *execution) state() AutomationState {
	latest := e.past.last()
	latest.StepExecutions = slices.Clone(latest.StepExecutions)
	return AutomationState{latest, slices.Clone(e.signals)}
}
