package sandbox

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Statuses of executions, from the API reference of DescribedExecution.
const (
	fileInProgress = "IN_PROGRESS"
	fileCompleted  = "COMPLETED"
	fileException  = "EXCEPTION"
	fileHandling   = "HANDLING_EXCEPTION"
)

const stepCustom = "CUSTOM"

var (
	fileWorkflowID  = regexp.MustCompile(`^w-([a-z0-9]{17})$`)
	fileExecutionID = regexp.MustCompile(`^[0-9a-fA-F]{8}\-[0-9a-fA-F]{4}\-[0-9a-fA-F]{4}\-[0-9a-fA-F]{4}\-[0-9a-fA-F]{12}$`)
	callbackToken   = regexp.MustCompile(`^\w+$`)
)

// FileWorkflow describes an execution of a Transfer Family workflow to start. Its options
// choose where the documents leave the behaviour open.
type FileWorkflow struct {
	// WorkflowID and ExecutionID are generated if they are empty.
	WorkflowID, ExecutionID string
	// Region is the region of the execution; if empty, all regions show it.
	Region string
	// StartSeconds is the time until the execution exists.
	StartSeconds int
	// Steps are the nominal steps; OnExceptionSteps follow a step that has failed.
	Steps, OnExceptionSteps []FileStep
	// UsedToken is the answer for a token that was already answered. Default TokenInvalid.
	UsedToken TokenAnswer
	// UnknownToken is the answer for a token that was never created. Default TokenInvalid;
	// TokenAccepted is not allowed.
	UnknownToken TokenAnswer
	// EmptyAnswer answers an accepted callback with an empty body, as in the API reference,
	// and not with {}.
	EmptyAnswer bool
	// LingerSeconds is how long DescribeExecution shows an execution that has ended. It is
	// documented only for executions in progress.
	LingerSeconds int
}

// FileStep is a step of a FileWorkflow.
type FileStep struct {
	// Type CUSTOM (default) waits for its callback; COPY, TAG, DELETE and DECRYPT succeed at once.
	Type string
	// Token is the token of a CUSTOM step; generated if empty.
	Token string
	// TimeoutSeconds is the timeout of a CUSTOM step without an answer. Default none.
	TimeoutSeconds int
	// Seconds is how long a step of another type takes.
	Seconds int
}

// TokenAnswer is a possible answer for a token that no step waits for.
type TokenAnswer string

// The possible answers.
const (
	// TokenInvalid is InvalidRequestException. It is the default.
	TokenInvalid TokenAnswer = "invalid"
	// TokenNotFound is ResourceNotFoundException.
	TokenNotFound TokenAnswer = "not_found"
	// TokenAccepted is success without a further effect.
	TokenAccepted TokenAnswer = "accepted"
)

// FileWorkflowState is the present state of an execution, even if the API does not show it
// any more.
type FileWorkflowState struct {
	WorkflowID, ExecutionID string
	Status                  string
	Results                 FileResults
	// Ended says that the API does not show the execution any more.
	Ended bool
	// Token is the token of the step that waits for its callback, empty if none does.
	Token     string
	Callbacks []Callback
}

// Callback is one accepted SendWorkflowStepState.
type Callback struct {
	Time          time.Time
	Token, Status string
	// Sender is the caller's ARN.
	Sender string
}

// FileResults has the members of the API's ExecutionResults.
type FileResults struct {
	Steps            []FileStepResult `json:",omitempty"`
	OnExceptionSteps []FileStepResult `json:",omitempty"`
}

// FileStepResult has the members of the API's ExecutionStepResult.
type FileStepResult struct {
	StepType string
	Outputs  string         `json:",omitempty"`
	Error    *FileStepError `json:",omitempty"`
}

// FileStepError has the members of the API's ExecutionError.
type FileStepError struct{ Type, Message string }

func (w FileWorkflow) check() error {
	switch {
	case w.WorkflowID != "" && !fileWorkflowID.MatchString(w.WorkflowID):
		return fmt.Errorf("workflow id %q is not w- and 17 letters or digits", w.WorkflowID)
	case w.ExecutionID != "" && !fileExecutionID.MatchString(w.ExecutionID):
		return fmt.Errorf("execution id %q is not a UUID", w.ExecutionID)
	case len(w.Steps) < 1 || len(w.Steps) > 8 || len(w.OnExceptionSteps) > 8:
		return fmt.Errorf("%d steps and %d on exception, want 1 to 8 and 0 to 8", len(w.Steps), len(w.OnExceptionSteps))
	case !slices.Contains([]TokenAnswer{"", TokenInvalid, TokenNotFound, TokenAccepted}, w.UsedToken):
		return fmt.Errorf("unknown answer to a used token %q", w.UsedToken)
	case !slices.Contains([]TokenAnswer{"", TokenInvalid, TokenNotFound}, w.UnknownToken):
		return fmt.Errorf("unknown answer to an unknown token %q", w.UnknownToken)
	}
	tokens := map[string]bool{"": true}
	for _, step := range slices.Concat(w.Steps, w.OnExceptionSteps) {
		if !slices.Contains([]string{"", stepCustom, "COPY", "TAG", "DELETE", "DECRYPT"}, step.Type) {
			return fmt.Errorf("unknown step type %q", step.Type)
		}
		if step.Token == "" {
			continue
		}
		if n := utf8.RuneCountInString(step.Token); n > 64 || !callbackToken.MatchString(step.Token) || tokens[step.Token] {
			return fmt.Errorf("token %q is not up to 64 word characters, or not the only one of its kind", step.Token)
		}
		tokens[step.Token] = true
	}
	return nil
}

// transfer simulates the workflow callbacks of AWS Transfer Family, API version 2018-11-05.
type transfer struct {
	*awsJSON

	executions map[string]*fileExecution
}

// A fileExecution changes only when a request reads or changes it, so it needs no goroutine.
type fileExecution struct {
	spec    FileWorkflow
	status  string
	results FileResults
	// current is the index of the waiting step in Steps or, while handling an exception, in OnExceptionSteps.
	current  int
	started  time.Time
	deadline time.Time
	ended    time.Time
	// used holds the tokens that were answered or have timed out.
	used      map[string]bool
	callbacks []Callback
}

func newTransfer(s *Sandbox) *transfer {
	t := &transfer{executions: map[string]*fileExecution{}}
	t.awsJSON = &awsJSON{
		sandbox: s, forget: func() { clear(t.executions) }, service: "transfer", target: "TransferService", version: "1.1", internal: "InternalServiceError",
		operations: map[string]func(*call) (any, *apiError){
			"SendWorkflowStepState": handle(t.sendWorkflowStepState),
			"DescribeExecution":     handle(t.describeExecution),
			"ListExecutions":        handle(t.listExecutions),
		},
		resource: func(c *call) string {
			return t.arn(c, "workflow/"+or(peek[fileIDs](c).WorkflowID, ""))
		},
	}
	return t
}

// fileIDs has the members that all operations have.
type fileIDs struct {
	WorkflowID  *string `json:"WorkflowId"`
	ExecutionID *string `json:"ExecutionId"`
}

func (in fileIDs) check(v *constraints) {
	v.required("workflowId", in.WorkflowID, 19, 19)
	v.pattern("workflowId", in.WorkflowID, fileWorkflowID)
	v.required("executionId", in.ExecutionID, 36, 36)
	v.pattern("executionId", in.ExecutionID, fileExecutionID)
}

// failure adds the members that the API reference lists for ResourceNotFoundException.
func (t *transfer) failure(c *call, e *apiError) reply {
	if e.code != "ResourceNotFoundException" {
		return t.awsJSON.failure(c, e)
	}
	return t.reply(c, e.status, mustJSON(map[string]string{
		"__type": e.code, "Message": e.message, "Resource": or(peek[fileIDs](c).ExecutionID, ""), "ResourceType": "EXECUTION",
	}))
}

func (t *transfer) start(spec FileWorkflow) *fileExecution {
	t.mu.Lock()
	defer t.mu.Unlock()
	hex := strings.ReplaceAll(newUUID(), "-", "")
	spec.WorkflowID, spec.ExecutionID = cmp.Or(spec.WorkflowID, "w-"+hex[:17]), cmp.Or(spec.ExecutionID, newUUID())
	for _, steps := range []*[]FileStep{&spec.Steps, &spec.OnExceptionSteps} {
		*steps = slices.Clone(*steps)
		for i := range *steps {
			step := &(*steps)[i]
			step.Type = cmp.Or(step.Type, stepCustom)
			step.Token = cmp.Or(step.Token, strings.ReplaceAll(newUUID(), "-", ""))
		}
	}
	started := t.sandbox.now().Add(time.Duration(spec.StartSeconds) * time.Second)
	e := &fileExecution{spec: spec, status: fileInProgress, started: started, used: map[string]bool{}}
	e.goTo(0, started)
	t.executions[spec.ExecutionID] = e
	return e
}

// steps returns the steps in progress, nominal or for an exception.
func (e *fileExecution) steps() (steps []FileStep, results *[]FileStepResult) {
	if e.status == fileHandling {
		return e.spec.OnExceptionSteps, &e.results.OnExceptionSteps
	}
	return e.spec.Steps, &e.results.Steps
}

// goTo runs the steps from i on until one waits for its callback or none is left.
func (e *fileExecution) goTo(i int, now time.Time) {
	steps, results := e.steps()
	e.deadline = time.Time{}
	for e.current = i; e.current < len(steps); e.current++ {
		step := steps[e.current]
		if step.Type == stepCustom {
			if step.TimeoutSeconds > 0 {
				e.deadline = now.Add(time.Duration(step.TimeoutSeconds) * time.Second)
			}
			return
		}
		if step.Seconds > 0 {
			e.deadline = now.Add(time.Duration(step.Seconds) * time.Second)
			return
		}
		*results = append(*results, FileStepResult{StepType: step.Type, Outputs: "{}"})
	}
	e.ended = now
	e.status = map[string]string{fileInProgress: fileCompleted, fileHandling: fileException}[e.status]
}

// waiting returns the token of the step that waits for its callback, empty if none does.
func (e *fileExecution) waiting() string {
	if !e.ended.IsZero() {
		return ""
	}
	if step := e.step(); step.Type == stepCustom {
		return step.Token
	}
	return ""
}

// step returns the current step.
func (e *fileExecution) step() FileStep {
	steps, _ := e.steps()
	return steps[e.current]
}

// finish ends the current step. A failed step starts the handling of the exception, or ends
// it.
func (e *fileExecution) finish(failure *FileStepError, now time.Time) {
	step := e.step()
	e.used[step.Token] = step.Type == stepCustom
	_, results := e.steps()
	result := FileStepResult{StepType: step.Type, Error: failure}
	if failure == nil {
		result.Outputs = "{}"
	}
	*results = append(*results, result)
	switch {
	case failure == nil:
		e.goTo(e.current+1, now)
	case e.status == fileInProgress:
		e.status = fileHandling
		e.goTo(0, now)
	default:
		e.ended, e.deadline, e.status = now, time.Time{}, fileException
	}
}

// settle ends the steps whose time is over, each at the right time.
func (e *fileExecution) settle(now time.Time) {
	for !e.deadline.IsZero() && !e.deadline.After(now) {
		failure := &FileStepError{"TIMEOUT", "Step timed out while it was waiting for its callback"}
		if e.step().Type != stepCustom {
			failure = nil
		}
		e.finish(failure, e.deadline)
	}
}

var errUnknownExecution = failf(400, "ResourceNotFoundException", "Unknown execution")

// find returns an execution as it is now, if it is in progress. The caller must hold t.mu.
func (t *transfer) find(c *call, workflowID, executionID string, linger bool) (*fileExecution, *apiError) {
	e := t.executions[executionID]
	if e == nil || c.now.Before(e.started) || e.spec.WorkflowID != workflowID || e.spec.Region != "" && e.spec.Region != c.region {
		return nil, errUnknownExecution
	}
	e.settle(c.now)
	gone := e.ended
	if linger {
		gone = gone.Add(time.Duration(e.spec.LingerSeconds) * time.Second)
	}
	if !e.ended.IsZero() && !c.now.Before(gone) {
		return nil, errUnknownExecution
	}
	return e, nil
}

// stepStateRequest is the request of SendWorkflowStepState.
type stepStateRequest struct {
	fileIDs
	Token  *string
	Status *string
}

func (in stepStateRequest) check(v *constraints) {
	in.fileIDs.check(v)
	v.required("token", in.Token, 1, 64)
	v.pattern("token", in.Token, callbackToken)
	v.required("status", in.Status, 0, 1<<10)
	v.enum("status", in.Status, "SUCCESS", "FAILURE")
}

func (t *transfer) sendWorkflowStepState(c *call, in stepStateRequest) (any, *apiError) {
	e, err := t.find(c, *in.WorkflowID, *in.ExecutionID, false)
	if err != nil {
		return nil, err
	}
	switch {
	case *in.Token == e.waiting():
		var failure *FileStepError
		if *in.Status == "FAILURE" {
			failure = &FileStepError{"CUSTOM_STEP_FAILED", "Custom step reported a failure"}
		}
		e.finish(failure, c.now)
	case !e.used[*in.Token]:
		return nil, refusedToken(e.spec.UnknownToken)
	case e.spec.UsedToken != TokenAccepted:
		return nil, refusedToken(e.spec.UsedToken)
	}
	e.callbacks = append(e.callbacks, Callback{c.now, *in.Token, *in.Status, c.caller.ARN})
	c.accept()
	if e.spec.EmptyAnswer {
		return nil, nil
	}
	return struct{}{}, nil
}

func refusedToken(how TokenAnswer) *apiError {
	if how == TokenNotFound {
		return failf(400, "ResourceNotFoundException", "Unknown token")
	}
	return failf(400, "InvalidRequestException", "Invalid token")
}

func (t *transfer) describeExecution(c *call, in fileIDs) (any, *apiError) {
	e, err := t.find(c, *in.WorkflowID, *in.ExecutionID, true)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"WorkflowId": e.spec.WorkflowID,
		"Execution": map[string]any{
			"ExecutionId": e.spec.ExecutionID, "Status": e.status, "Results": e.results,
			"ServiceMetadata": map[string]any{"UserDetails": map[string]string{"UserName": "sandbox", "ServerId": "s-0123456789abcdef0"}},
		},
	}, nil
}

// listFilesRequest is the request of ListExecutions.
type listFilesRequest struct {
	WorkflowID *string `json:"WorkflowId"`
	MaxResults *int
	NextToken  *string
}

func (in listFilesRequest) check(v *constraints) {
	v.required("workflowId", in.WorkflowID, 19, 19)
	v.pattern("workflowId", in.WorkflowID, fileWorkflowID)
	v.between("maxResults", in.MaxResults, 1, 1000)
	v.optional("nextToken", in.NextToken, 1, 6144)
}

// listExecutions lists the executions in progress in an arbitrary order, because none is
// documented. A workflow exists if an execution of it was ever started.
func (t *transfer) listExecutions(c *call, in listFilesRequest) (any, *apiError) {
	known, listed := false, []map[string]any{}
	for _, id := range slices.Sorted(maps.Keys(t.executions)) {
		if t.executions[id].spec.WorkflowID != *in.WorkflowID {
			continue
		}
		known = true
		if e, err := t.find(c, *in.WorkflowID, id, false); err == nil {
			listed = append(listed, map[string]any{"ExecutionId": id, "Status": e.status})
		}
	}
	if !known {
		return nil, failf(400, "ResourceNotFoundException", "Unknown workflow")
	}
	listed, next, ok := pageOf(listed, *in.WorkflowID, or(in.NextToken, ""), or(in.MaxResults, 1000))
	if !ok {
		return nil, failf(400, "InvalidNextTokenException", "The NextToken parameter that was passed is invalid.")
	}
	out := map[string]any{"WorkflowId": *in.WorkflowID, "Executions": listed}
	if next != "" {
		out["NextToken"] = next
	}
	return out, nil
}

// StartFileWorkflow starts an execution and returns its state, with the ids and the token of the step that waits. An
// invalid description is a mistake of the test, and panics.
func (s *Sandbox) StartFileWorkflow(w FileWorkflow) FileWorkflowState {
	state, _ := s.FileWorkflow(s.transfer.start(valid(w)).spec.ExecutionID)
	return state
}

// FileWorkflow returns the present state of a execution, and false if it was never started.
func (s *Sandbox) FileWorkflow(executionID string) (FileWorkflowState, bool) {
	s.transfer.mu.Lock()
	defer s.transfer.mu.Unlock()
	e := s.transfer.executions[executionID]
	if e == nil {
		return FileWorkflowState{}, false
	}
	e.settle(s.now())
	return FileWorkflowState{
		WorkflowID: e.spec.WorkflowID, ExecutionID: executionID, Status: e.status, Ended: !e.ended.IsZero(), Token: e.waiting(),
		Results:   FileResults{slices.Clone(e.results.Steps), slices.Clone(e.results.OnExceptionSteps)},
		Callbacks: slices.Clone(e.callbacks),
	}, true
}

func (t *transfer) routes() []route {
	return []route{
		{"GET /_sandbox/transfer/executions", "all executions", all(func() []FileWorkflowState { return states(&t.mu, t.executions, t.sandbox.FileWorkflow) })},
		{"POST /_sandbox/transfer/executions", "start a FileWorkflow", given(t.sandbox.StartFileWorkflow)},
		{"GET /_sandbox/transfer/executions/{id}", "one execution with its tokens and callbacks", named("execution", t.sandbox.FileWorkflow)},
	}
}
