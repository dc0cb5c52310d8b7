package sandbox

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Statuses of actions and executions, from the API references of GetPipelineState and GetPipelineExecution.
const (
	pipelineInProgress = "InProgress"
	pipelineSucceeded  = "Succeeded"
	pipelineFailed     = "Failed"
	pipelineSuperseded = "Superseded"
	pipelineStopped    = "Stopped"
)

const parallelMode = "PARALLEL"

var (
	pipelineName  = regexp.MustCompile(`^[A-Za-z0-9.@\-_]+$`)
	approvalToken = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
)

// Pipeline describes an execution of a pipeline to start. With Mode SUPERSEDED it replaces
// the earlier execution of a pipeline with the same name. Its options choose where the
// documents leave the behaviour open.
type Pipeline struct {
	// Name and the ExecutionID are generated if they are empty.
	Name, ExecutionID string
	// Region is the region of the pipeline; if empty, all regions show it.
	Region string
	// Mode is SUPERSEDED (default) or PARALLEL, where GetPipelineState shows no tokens.
	Mode string
	// StartSeconds is the time until the execution begins.
	StartSeconds int
	Stages       []PipelineStage
	// AcceptRepeats accepts more answers to an approval that has one, without an effect.
	// The service does not.
	AcceptRepeats bool
	// UsedToken is the error for a token that was answered. Default
	// ApprovalAlreadyCompletedException; the API reference also has
	// InvalidApprovalTokenException.
	UsedToken string
	// HideSummaries omits the summaries of answers from the list of actions. AWS does not
	// document whether the list has them.
	HideSummaries bool
	// HideTokens omits the tokens of approvals from that list. AWS documents that it has
	// them in PARALLEL mode.
	HideTokens bool
}

// PipelineStage is a stage of a Pipeline. Its actions run one after the other.
type PipelineStage struct {
	Name    string
	Actions []PipelineAction
}

// PipelineAction is a manual approval, unless it has Seconds.
type PipelineAction struct {
	Name string
	// TimeoutSeconds ends an approval that was not answered. Default seven days.
	TimeoutSeconds int
	// Seconds is how long an action without approval takes, and Fail the summary with which
	// it fails after that.
	Seconds int
	Fail    string
	// Runs is how often the action runs, one time after the other, as after a retry of its
	// stage. Default 1.
	Runs int
}

// PipelineState is the present state of an execution, without the lag of reads.
type PipelineState struct {
	Name, ExecutionID, Status string
	// Token is the token of the approval that waits, empty if none does.
	Token   string
	Results []ApprovalResult
}

// ApprovalResult is one accepted PutApprovalResult.
type ApprovalResult struct {
	Time                                  time.Time
	Stage, Action, Status, Summary, Token string
}

func (p Pipeline) check() error {
	if p.Name != "" && (len(p.Name) > 100 || !pipelineName.MatchString(p.Name)) {
		return fmt.Errorf("%q is no name of a pipeline", p.Name)
	}
	if p.ExecutionID != "" && !approvalToken.MatchString(p.ExecutionID) {
		return fmt.Errorf("%q is no id of an execution", p.ExecutionID)
	}
	if !slices.Contains([]string{"", "SUPERSEDED", parallelMode}, p.Mode) {
		return fmt.Errorf("unknown mode %q", p.Mode)
	}
	if !slices.Contains([]string{"", "ApprovalAlreadyCompletedException", "InvalidApprovalTokenException"}, p.UsedToken) {
		return fmt.Errorf("unknown answer to a used token %q", p.UsedToken)
	}
	if len(p.Stages) == 0 {
		return fmt.Errorf("a pipeline has stages")
	}
	for _, stage := range p.Stages {
		if !pipelineName.MatchString(stage.Name) || len(stage.Actions) == 0 {
			return fmt.Errorf("stage %q has no name or no actions", stage.Name)
		}
		for _, action := range stage.Actions {
			if !pipelineName.MatchString(action.Name) {
				return fmt.Errorf("%q is no name of an action", action.Name)
			}
		}
	}
	return nil
}

// codePipeline simulates the approvals of AWS CodePipeline, API version 2015-07-09.
type codePipeline struct {
	*awsJSON
	lag time.Duration

	runs []*pipelineRun
}

// A pipelineRun changes only when a request reads or changes it, so it needs no goroutine.
type pipelineRun struct {
	spec    Pipeline
	id      string
	started time.Time
	status  string
	// actions are the actions that have begun, in order. The last one may be in progress.
	actions  []*actionRun
	deadline time.Time
	results  []ApprovalResult
	// changed is when the status last changed.
	changed time.Time
}

type actionRun struct {
	stage, name      string
	spec             PipelineAction
	id, token        string
	began, ended     time.Time
	status           string
	summary, updated string
}

func newCodePipeline(s *Sandbox, o Options) *codePipeline {
	p := &codePipeline{lag: o.ReadLag}
	p.awsJSON = &awsJSON{
		sandbox: s, forget: func() { p.runs = nil }, service: "codepipeline", target: "CodePipeline_20150709", version: "1.1", message: "message",
		operations: map[string]func(*call) (any, *apiError){
			"PutApprovalResult":    handle(p.putApprovalResult),
			"GetPipelineState":     handle(p.getPipelineState),
			"GetPipelineExecution": handle(p.getPipelineExecution),
			"ListActionExecutions": handle(p.listActionExecutions),
		},
		resource: func(c *call) string {
			in := peek[struct{ Name, PipelineName, StageName, ActionName string }](c)
			parts := []string{cmp.Or(in.Name, in.PipelineName), in.StageName, in.ActionName}
			return p.arn(c, strings.TrimRight(strings.Join(parts, "/"), "/"))
		},
	}
	return p
}

func (p *codePipeline) start(spec Pipeline) *pipelineRun {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.sandbox.now()
	spec.Name = cmp.Or(spec.Name, "pipeline-"+newUUID())
	for _, other := range p.runs {
		if other.settle(now); other.spec.Name == spec.Name && other.spec.Mode != parallelMode && other.status == pipelineInProgress {
			other.end(pipelineSuperseded, now)
		}
	}
	r := &pipelineRun{spec: spec, id: cmp.Or(spec.ExecutionID, newUUID()), status: pipelineInProgress, started: now.Add(time.Duration(spec.StartSeconds) * time.Second)}
	r.changed = r.started
	r.next(r.started)
	p.runs = append(p.runs, r)
	return r
}

// next starts the next action, or ends the execution.
func (r *pipelineRun) next(now time.Time) {
	n := len(r.actions)
	for _, stage := range r.spec.Stages {
		var runs []PipelineAction
		for _, action := range stage.Actions {
			runs = append(runs, slices.Repeat([]PipelineAction{action}, max(1, action.Runs))...)
		}
		if n >= len(runs) {
			n -= len(runs)
			continue
		}
		spec := runs[n]
		a := &actionRun{stage: stage.Name, name: spec.Name, spec: spec, id: newUUID(), began: now, status: pipelineInProgress}
		seconds := spec.Seconds
		if seconds == 0 {
			a.token = newUUID()
			seconds = cmp.Or(spec.TimeoutSeconds, 7*24*60*60)
		}
		r.deadline = now.Add(time.Duration(seconds) * time.Second)
		r.actions = append(r.actions, a)
		return
	}
	r.end(pipelineSucceeded, now)
}

func (r *pipelineRun) end(status string, now time.Time) {
	r.status, r.deadline, r.changed = status, time.Time{}, now
	if a := r.last(); a != nil && a.status == pipelineInProgress {
		a.status, a.ended = "Abandoned", now
	}
}

func (r *pipelineRun) last() *actionRun {
	if len(r.actions) == 0 {
		return nil
	}
	return r.actions[len(r.actions)-1]
}

// finish ends the action in progress.
func (r *pipelineRun) finish(status, summary, by string, now time.Time) {
	a := r.last()
	a.status, a.summary, a.updated, a.ended = status, summary, by, now
	if status == pipelineSucceeded {
		r.next(now)
	} else {
		r.end(pipelineFailed, now)
	}
}

// settle ends the actions whose time is over, each at the right time.
func (r *pipelineRun) settle(now time.Time) {
	for r.status == pipelineInProgress && !r.deadline.After(now) {
		at, a := r.deadline, r.last()
		switch {
		case a.token != "":
			r.finish(pipelineFailed, "The approval has timed out", "", at)
		case a.spec.Fail != "":
			r.finish(pipelineFailed, a.spec.Fail, "", at)
		default:
			r.finish(pipelineSucceeded, "", "", at)
		}
	}
}

// at returns an action as it was at a time, nil if it had not begun.
func (a *actionRun) at(moment time.Time) *actionRun {
	switch {
	case a.began.After(moment):
		return nil
	case a.ended.IsZero() || !a.ended.After(moment):
		return a
	}
	earlier := *a
	earlier.status, earlier.summary, earlier.updated, earlier.ended = pipelineInProgress, "", "", time.Time{}
	return &earlier
}

// find returns the executions of a pipeline that have begun, newest first.
func (p *codePipeline) find(c *call, name string) (runs []*pipelineRun, err *apiError) {
	known := false
	for _, r := range p.runs {
		if r.spec.Name != name || r.spec.Region != "" && r.spec.Region != c.region {
			continue
		}
		known = true
		if !c.now.Before(r.started) {
			r.settle(c.now)
			runs = append(runs, r)
		}
	}
	if !known {
		return nil, failf(400, "PipelineNotFoundException", "Account '%s' does not have a pipeline with name '%s'", c.caller.Account, name)
	}
	slices.Reverse(runs)
	return runs, nil
}

// spec returns the pipeline as it was started last.
func (p *codePipeline) spec(name string) (spec Pipeline) {
	for _, r := range p.runs {
		if r.spec.Name == name {
			spec = r.spec
		}
	}
	return spec
}

// approvalRequest is the request of PutApprovalResult.
type approvalRequest struct {
	PipelineName, StageName, ActionName, Token *string
	Result                                     *struct{ Status, Summary *string }
}

func (in approvalRequest) check(v *constraints) {
	for at, value := range map[string]*string{"pipelineName": in.PipelineName, "stageName": in.StageName, "actionName": in.ActionName} {
		v.required(at, value, 1, 100)
		v.pattern(at, value, pipelineName)
	}
	v.required("token", in.Token, 0, 36)
	v.pattern("token", in.Token, approvalToken)
	if in.Result == nil {
		v.required("result", nil, 0, 0)
		return
	}
	v.required("result.status", in.Result.Status, 0, 1<<10)
	v.enum("result.status", in.Result.Status, "Approved", "Rejected")
	v.required("result.summary", in.Result.Summary, 0, 512)
}

func (p *codePipeline) putApprovalResult(c *call, in approvalRequest) (any, *apiError) {
	runs, err := p.find(c, *in.PipelineName)
	if err != nil {
		return nil, err
	}
	spec := p.spec(*in.PipelineName)
	stage := slices.IndexFunc(spec.Stages, func(s PipelineStage) bool { return s.Name == *in.StageName })
	if stage < 0 {
		return nil, failf(400, "StageNotFoundException", "Pipeline '%s' does not have a stage '%s'", spec.Name, *in.StageName)
	}
	if !slices.ContainsFunc(spec.Stages[stage].Actions, func(a PipelineAction) bool { return a.Name == *in.ActionName }) {
		return nil, failf(400, "ActionNotFoundException", "Stage '%s' does not have an action '%s'", *in.StageName, *in.ActionName)
	}
	for _, r := range runs {
		for _, a := range r.actions {
			if a.token != *in.Token || a.stage != *in.StageName || a.name != *in.ActionName {
				continue
			}
			open := a.status == pipelineInProgress
			answered := slices.ContainsFunc(r.results, func(other ApprovalResult) bool { return other.Token == a.token })
			switch {
			case !open && !answered:
				return nil, failf(400, "InvalidApprovalTokenException", "The approval request already received a response or has expired")
			case !open && !r.spec.AcceptRepeats:
				return nil, failf(400, cmp.Or(r.spec.UsedToken, "ApprovalAlreadyCompletedException"), "The approval request already received a response or has expired")
			}
			result := ApprovalResult{c.now, a.stage, a.name, *in.Result.Status, *in.Result.Summary, a.token}
			if open {
				r.answer(result, c.caller.ARN)
			} else {
				r.results = append(r.results, result)
			}
			c.accept()
			return map[string]any{"approvedAt": epoch{c.now}}, nil
		}
	}
	return nil, failf(400, "InvalidApprovalTokenException", "The approval request already received a response or has expired")
}

// pipelineRequest is the request of the reads.
type pipelineRequest struct {
	Name, PipelineName, PipelineExecutionID, NextToken *string
	MaxResults                                         *int
	Filter                                             *struct {
		PipelineExecutionID *string `json:"pipelineExecutionId"`
	}
}

func (in pipelineRequest) check(v *constraints) {
	at, name := "name", in.Name
	if in.PipelineName != nil {
		at, name = "pipelineName", in.PipelineName
	}
	v.required(at, name, 1, 100)
	v.pattern(at, name, pipelineName)
	v.between("maxResults", in.MaxResults, 1, 100)
}

func (p *codePipeline) getPipelineState(c *call, in pipelineRequest) (any, *apiError) {
	if in.Name == nil {
		return nil, constraints{"Value null at 'name' failed to satisfy constraint: Member must not be null"}.err()
	}
	runs, err := p.find(c, *in.Name)
	if err != nil {
		return nil, err
	}
	spec, stages := p.spec(*in.Name), []map[string]any{}
	for _, stage := range spec.Stages {
		actions, shownStage := []map[string]any{}, map[string]any{"stageName": stage.Name}
		var newest *pipelineRun
		for _, action := range stage.Actions {
			shown := map[string]any{"actionName": action.Name}
			if r, a := p.latest(c, runs, stage.Name, action.Name); a != nil {
				shown["latestExecution"] = a.shown(spec.Mode != parallelMode)
				// An action that the newest execution has not reached yet shows its run in
				// an older one.
				if newest == nil || slices.Index(runs, r) <= slices.Index(runs, newest) {
					newest = r
					shownStage["latestExecution"] = map[string]any{"pipelineExecutionId": r.id, "status": a.status}
				}
			}
			actions = append(actions, shown)
		}
		shownStage["actionStates"] = actions
		stages = append(stages, shownStage)
	}
	return map[string]any{"pipelineName": spec.Name, "stageStates": stages}, nil
}

// latest returns an action of the newest execution that has reached it, as reads see it.
func (p *codePipeline) latest(c *call, runs []*pipelineRun, stage, name string) (*pipelineRun, *actionRun) {
	for _, r := range runs {
		for _, a := range slices.Backward(r.actions) {
			if shown := a.at(c.now.Add(-p.lag)); a.stage == stage && a.name == name && shown != nil {
				return r, shown
			}
		}
	}
	return nil, nil
}

func (a *actionRun) shown(token bool) map[string]any {
	out := map[string]any{"actionExecutionId": a.id, "status": a.status, "lastStatusChange": epoch{a.began}}
	if !a.ended.IsZero() {
		out["lastStatusChange"] = epoch{a.ended}
	}
	if a.summary != "" {
		out["summary"] = a.summary
	}
	if a.updated != "" {
		out["lastUpdatedBy"] = a.updated
	}
	if token && a.token != "" && a.status == pipelineInProgress {
		out["token"] = a.token
	}
	return out
}

func (p *codePipeline) getPipelineExecution(c *call, in pipelineRequest) (any, *apiError) {
	if in.PipelineName == nil || in.PipelineExecutionID == nil {
		return nil, constraints{"Value null at 'pipelineExecutionId' failed to satisfy constraint: Member must not be null"}.err()
	}
	runs, err := p.find(c, *in.PipelineName)
	if err != nil {
		return nil, err
	}
	for _, r := range runs {
		if r.id != *in.PipelineExecutionID {
			continue
		}
		shown := map[string]any{"pipelineName": r.spec.Name, "pipelineExecutionId": r.id, "status": pipelineInProgress, "executionMode": cmp.Or(r.spec.Mode, "SUPERSEDED")}
		if !r.changed.After(c.now.Add(-p.lag)) {
			shown["status"] = r.status
			if a := r.last(); r.status == pipelineFailed && a != nil {
				shown["statusSummary"] = a.summary
			}
		}
		return map[string]any{"pipelineExecution": shown}, nil
	}
	return nil, failf(400, "PipelineExecutionNotFoundException", "Pipeline '%s' does not have an execution '%s'", *in.PipelineName, *in.PipelineExecutionID)
}

func (p *codePipeline) listActionExecutions(c *call, in pipelineRequest) (any, *apiError) {
	if in.PipelineName == nil {
		return nil, constraints{"Value null at 'pipelineName' failed to satisfy constraint: Member must not be null"}.err()
	}
	runs, err := p.find(c, *in.PipelineName)
	if err != nil {
		return nil, err
	}
	details, known := []map[string]any{}, in.Filter == nil || in.Filter.PipelineExecutionID == nil
	for _, r := range runs {
		if in.Filter != nil && in.Filter.PipelineExecutionID != nil && r.id != *in.Filter.PipelineExecutionID {
			continue
		}
		known = true
		for _, a := range slices.Backward(r.actions) {
			shown := a.at(c.now.Add(-p.lag))
			if shown == nil {
				continue
			}
			detail := map[string]any{
				"pipelineExecutionId": r.id, "actionExecutionId": a.id, "stageName": a.stage, "actionName": a.name,
				"status": shown.status, "startTime": epoch{a.began}, "lastUpdateTime": epoch{a.began},
			}
			if !shown.ended.IsZero() {
				detail["lastUpdateTime"] = epoch{shown.ended}
			}
			kind := map[string]any{"category": "Build", "owner": "AWS", "provider": "CodeBuild", "version": "1"}
			if a.token != "" {
				kind = map[string]any{"category": "Approval", "owner": "AWS", "provider": "Manual", "version": "1"}
				result := map[string]any{}
				if !r.spec.HideTokens {
					result["externalExecutionId"] = a.token
				}
				if shown.summary != "" && !r.spec.HideSummaries {
					result["externalExecutionSummary"] = shown.summary
				}
				detail["output"] = map[string]any{"executionResult": result}
			}
			if shown.updated != "" {
				detail["updatedBy"] = shown.updated
			}
			detail["input"] = map[string]any{"actionTypeId": kind}
			details = append(details, detail)
		}
	}
	if !known {
		return nil, failf(400, "PipelineExecutionNotFoundException", "Pipeline '%s' does not have an execution '%s'", *in.PipelineName, *in.Filter.PipelineExecutionID)
	}
	return map[string]any{"actionExecutionDetails": details}, nil
}

// StartPipeline starts an execution and returns its state, with the token of the approval that waits. An invalid
// description is a mistake of the test, and panics.
func (s *Sandbox) StartPipeline(spec Pipeline) PipelineState {
	r := s.codePipeline.start(valid(spec))
	s.codePipeline.mu.Lock()
	defer s.codePipeline.mu.Unlock()
	return r.state(s.now())
}

// Pipelines returns the present states of all executions of a pipeline, oldest first; of
// all pipelines if the name is empty.
func (s *Sandbox) Pipelines(name string) []PipelineState {
	s.codePipeline.mu.Lock()
	defer s.codePipeline.mu.Unlock()
	states := []PipelineState{}
	for _, r := range s.codePipeline.runs {
		if name == "" || r.spec.Name == name {
			states = append(states, r.state(s.now()))
		}
	}
	return states
}

func (r *pipelineRun) state(now time.Time) PipelineState {
	r.settle(now)
	state := PipelineState{Name: r.spec.Name, ExecutionID: r.id, Status: r.status, Results: slices.Clone(r.results)}
	if a := r.last(); a != nil && a.status == pipelineInProgress {
		state.Token = a.token
	}
	return state
}

// AnswerApproval answers the waiting approval of a pipeline's newest execution, as another
// user does in the console.
func (s *Sandbox) AnswerApproval(name, by, status, summary string) error {
	s.codePipeline.mu.Lock()
	defer s.codePipeline.mu.Unlock()
	now := s.now()
	for _, r := range slices.Backward(s.codePipeline.runs) {
		if r.settle(now); r.spec.Name != name || r.last() == nil || r.last().token == "" || r.last().status != pipelineInProgress {
			continue
		}
		r.answer(ApprovalResult{now, r.last().stage, r.last().name, status, summary, r.last().token}, by)
		return nil
	}
	return notFound("approval that waits in pipeline " + name)
}

// answer records the result of the waiting approval.
func (r *pipelineRun) answer(result ApprovalResult, by string) {
	r.results = append(r.results, result)
	r.finish(map[string]string{"Approved": pipelineSucceeded, "Rejected": pipelineFailed}[result.Status], result.Summary, by, result.Time)
}

// StopPipeline stops an execution, as in the console, and reports whether it was in progress.
func (s *Sandbox) StopPipeline(executionID string) bool {
	s.codePipeline.mu.Lock()
	defer s.codePipeline.mu.Unlock()
	for _, r := range s.codePipeline.runs {
		if r.settle(s.now()); r.id == executionID && r.status == pipelineInProgress {
			r.end(pipelineStopped, s.now())
			return true
		}
	}
	return false
}

// RetryPipeline runs the failed action of an execution again, as RetryStageExecution does,
// and reports whether there is such an execution. The action needs one more of its Runs.
func (s *Sandbox) RetryPipeline(executionID string) bool {
	s.codePipeline.mu.Lock()
	defer s.codePipeline.mu.Unlock()
	for _, r := range s.codePipeline.runs {
		if r.settle(s.now()); r.id == executionID && r.status == pipelineFailed {
			r.status, r.changed = pipelineInProgress, s.now()
			r.next(r.changed)
			return true
		}
	}
	return false
}

func (p *codePipeline) routes() []route {
	return []route{
		{"GET /_sandbox/codepipeline/executions", "all executions of pipelines", all(func() []PipelineState { return p.sandbox.Pipelines("") })},
		{"POST /_sandbox/codepipeline/executions", "start a Pipeline", given(p.sandbox.StartPipeline)},
		{"DELETE /_sandbox/codepipeline/executions/{id}", "stop an execution", removed("execution in progress", p.sandbox.StopPipeline)},
	}
}
