package codepipeline

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/codepipeline"
	cptypes "github.com/aws/aws-sdk-go-v2/service/codepipeline/types"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// readPermissions are the IAM actions for finding, waiting, adopting and searching for a
// lost signal.
const readPermissions = "codepipeline:GetPipelineState, codepipeline:GetPipelineExecution and codepipeline:ListActionExecutions"

// The final statuses of an execution.
// https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineExecution.html
const succeeded = string(cptypes.PipelineExecutionStatusSucceeded)

var failedStatuses = []string{
	string(cptypes.PipelineExecutionStatusFailed), string(cptypes.PipelineExecutionStatusStopped),
	string(cptypes.PipelineExecutionStatusSuperseded), string(cptypes.PipelineExecutionStatusCancelled),
}

func final(status string) bool { return status == succeeded || slices.Contains(failedStatuses, status) }

// execution is an execution of a pipeline.
type execution struct {
	*client
	pipeline, id string
}

func (e execution) key(of string) string {
	return fmt.Sprintf("codepipeline/%s/%s/%s/%s", e.region, e.pipeline, e.id, of)
}

// snapshot is what a read shows of an execution. The status is empty if the execution does
// not exist.
type snapshot struct {
	status, reason string
	parallel       bool
}

func (s snapshot) observation(state delivery.State) delivery.Observation {
	return delivery.Observation{State: state, Status: s.status, Reason: s.reason}
}

func (e execution) read(ctx context.Context) (found snapshot, attempt delivery.Attempt) {
	out, attempt := aws.Get(ctx, e.GetPipelineExecution, &sdk.GetPipelineExecutionInput{PipelineName: &e.pipeline, PipelineExecutionId: &e.id})
	if out == nil || out.PipelineExecution == nil {
		return found, attempt
	}
	shown := out.PipelineExecution
	return snapshot{string(shown.Status), awssdk.ToString(shown.StatusSummary), shown.ExecutionMode == cptypes.ExecutionModeParallel}, attempt
}

// completion is reached if the execution has ended as the answer asks: successfully, or in
// any way after Rejected.
func (e execution) completion(answer string) *delivery.Probe {
	return delivery.NewProbe(e.key("end"), e.read, func(found snapshot) delivery.Observation {
		return found.observation(delivery.StateOf(found.status == succeeded || answer == rejected && final(found.status), final(found.status)))
	}) // Not Final: RetryStageExecution reopens an execution that has failed.
}

// actions lists the runs of the execution's actions, the newest first, until enough returns
// true. If id is empty, it lists the runs of all executions.
func (e execution) actions(ctx context.Context, enough func(cptypes.ActionExecutionDetail) bool) delivery.Attempt {
	in := &sdk.ListActionExecutionsInput{PipelineName: &e.pipeline}
	if e.id != "" {
		in.Filter = &cptypes.ActionExecutionFilter{PipelineExecutionId: &e.id}
	}
	return aws.Pages(ctx, e.ListActionExecutions, in, &in.NextToken, func(page *sdk.ListActionExecutionsOutput, _ delivery.ServerClock) *string {
		if slices.ContainsFunc(page.ActionExecutionDetails, enough) {
			return nil
		}
		return page.NextToken
	})
}

// action is an approval action of a pipeline.
type action struct {
	*client
	pipeline, stage, name string
}

func (a action) key(of string) string {
	return fmt.Sprintf("codepipeline/%s/%s/%s/%s/%s", a.region, a.pipeline, a.stage, a.name, of)
}

func (a action) in(id string) execution { return execution{a.client, a.pipeline, id} }

// approval is what a read shows of one run of the action.
type approval struct {
	execution, id, token, status string
	// summary is the summary of the answer. If exact is false, it comes from the list of
	// actions, which may have another text there.
	summary string
	exact   bool
	// by is the ARN of who answered. caller is the ARN of who sends this signal, if it was
	// read.
	by, caller string
	changed    time.Time
}

func (p approval) open() bool { return p.status == string(cptypes.ActionExecutionStatusInProgress) }

func (p approval) closed() bool { return p.status != "" && !p.open() }

// String describes how the approval ended.
func (p approval) String() string {
	said := "it is " + p.status
	if p.by != "" {
		said += ", by " + p.by
	}
	if !p.changed.IsZero() {
		said += ", since " + p.changed.UTC().Format(time.RFC3339)
	}
	if p.summary != "" {
		said += fmt.Sprintf(", with the summary %q", p.summary)
	}
	return said
}

// current reads the run of the action in the state of the pipeline. The run is empty if
// there is none. missing says that the pipeline has no such stage or action.
func (a action) current(ctx context.Context) (shown approval, missing string, attempt delivery.Attempt) {
	out, attempt := aws.Get(ctx, a.GetPipelineState, &sdk.GetPipelineStateInput{Name: &a.pipeline})
	if out == nil {
		return shown, "", attempt
	}
	at := slices.IndexFunc(out.StageStates, func(s cptypes.StageState) bool { return awssdk.ToString(s.StageName) == a.stage })
	if at < 0 {
		return shown, "The pipeline has no stage of this name.", attempt
	}
	stage := out.StageStates[at]
	at = slices.IndexFunc(stage.ActionStates, func(s cptypes.ActionState) bool { return awssdk.ToString(s.ActionName) == a.name })
	if at < 0 {
		return shown, "The stage has no action of this name.", attempt
	}
	if latest := stage.ActionStates[at].LatestExecution; latest != nil {
		shown = approval{
			id: awssdk.ToString(latest.ActionExecutionId), token: awssdk.ToString(latest.Token), status: string(latest.Status),
			summary: awssdk.ToString(latest.Summary), exact: true, by: awssdk.ToString(latest.LastUpdatedBy), changed: awssdk.ToTime(latest.LastStatusChange),
		}
		if stage.LatestExecution != nil && shown.open() {
			// The execution in the stage is known to be the action's only while the action
			// is in progress.
			shown.execution = awssdk.ToString(stage.LatestExecution.PipelineExecutionId)
		}
	}
	return shown, "", attempt
}

// runs lists the runs of the action in an execution, or the run with a token, the newest
// first. For the run that current shows, it uses the exact summary from there.
func (a action) runs(ctx context.Context, id, token string, current approval) (runs []approval, attempt delivery.Attempt) {
	attempt = a.in(id).actions(ctx, func(of cptypes.ActionExecutionDetail) bool {
		if awssdk.ToString(of.StageName) != a.stage || awssdk.ToString(of.ActionName) != a.name {
			return false
		}
		one := approval{
			execution: awssdk.ToString(of.PipelineExecutionId), id: awssdk.ToString(of.ActionExecutionId), status: string(of.Status),
			by: awssdk.ToString(of.UpdatedBy), changed: awssdk.ToTime(of.LastUpdateTime),
		}
		if of.Output != nil && of.Output.ExecutionResult != nil {
			one.token, one.summary = awssdk.ToString(of.Output.ExecutionResult.ExternalExecutionId), awssdk.ToString(of.Output.ExecutionResult.ExternalExecutionSummary)
		}
		if id == "" && one.token != token {
			return false
		}
		if one.id == current.id && one.id != "" && current.closed() {
			one.status, one.summary, one.exact, one.by, one.changed = current.status, current.summary, true, cmp.Or(current.by, one.by), current.changed
		}
		runs = append(runs, one)
		return id == ""
	})
	return runs, attempt
}

// unfit returns the attempt of a read that found that the approval is over.
func unfit(read delivery.Attempt, attribute, next, format string, of ...any) delivery.Attempt {
	return signal.Advised(read, fmt.Sprintf(format, of...), signal.Advice{Attribute: attribute, Gone: true, Next: next})
}

// wanted is the approval that a signal is for. If execution and token are empty, it is any
// approval that waits.
type wanted struct {
	action
	execution, token string
	// answer is the signal's answer. An approval that already has this answer can be
	// adopted.
	answer answer
	// caller returns the ARN of who sends this signal, "" if STS does not tell, and the
	// attempt to read it.
	caller func(context.Context) (string, delivery.Attempt)
}

// found is the result of find. It can be answered if it is open. If it is closed, it has
// the signal's answer.
type found struct {
	approval
	// seen says why there is no approval that can be answered or adopted, "" if there is.
	seen string
}

func (f found) takes() bool { return f.seen == "" && f.open() }

func (f found) has() bool { return f.seen == "" && f.closed() }

// find searches for the approval. If the approval has ended without the signal's answer,
// find returns an error, unless it may be another approval than the one that the signal is
// for.
func (w wanted) find(ctx context.Context, adopts bool) (one *found, attempt delivery.Attempt) {
	current, missing := approval{}, ""
	of := snapshot{}
	if w.execution != "" {
		of, attempt = w.in(w.execution).read(ctx)
		if attempt.Code == noExecution || attempt.Code == noPipeline {
			return nil, attempt.NotFound()
		}
		if attempt.Outcome != delivery.Accepted {
			return nil, attempt
		}
	}
	if !of.parallel {
		current, missing, attempt = w.current(ctx)
		switch {
		case attempt.Code == noPipeline:
			return nil, attempt.NotFound()
		case attempt.Outcome != delivery.Accepted:
			return nil, attempt
		case missing != "":
			return &found{seen: missing}, attempt
		case current.execution != "" && current.token != "" && (w.execution == "" || w.execution == current.execution) && (w.token == "" || w.token == current.token):
			return &found{approval: current}, attempt
		case w.execution == "" && w.token == "":
			return w.whichever(ctx, current, attempt)
		}
	}
	runs, attempt := w.runs(ctx, w.execution, w.token, current)
	switch {
	case attempt.Outcome != delivery.Accepted:
		return nil, attempt
	case len(runs) > 0:
		return w.judge(runs[0], of, adopts, attempt)
	case w.execution == "":
		return nil, unfit(attempt, "token", "To answer the approval that waits, leave token out.", "no approval of this action has this token")
	case final(of.status):
		return nil, unfit(attempt, "pipeline_execution_id", "Nothing will wait for this approval any more.", "the execution %s of the pipeline is %s, and has not come to this approval", w.execution, of.status)
	default:
		return &found{approval: approval{execution: w.execution, status: of.status}, seen: "The execution has not come to this approval."}, attempt
	}
}

// whichever judges the run in the state of the pipeline, for a signal to any approval that
// waits.
func (w wanted) whichever(ctx context.Context, current approval, attempt delivery.Attempt) (*found, delivery.Attempt) {
	switch {
	case current.status == "":
		return &found{seen: "The action has not run yet."}, attempt
	case current.closed():
		return &found{approval: current, seen: "This is the answer to the action's last approval: " + current.String() + "."}, attempt
	case current.execution == "":
		return &found{approval: current, seen: "Its token is not shown yet."}, attempt
	}
	of, read := w.in(current.execution).read(ctx)
	if read.Outcome != delivery.Accepted {
		return nil, read
	}
	if of.parallel {
		return nil, signal.Advised(read, "the pipeline is in PARALLEL mode, in which several of its executions can wait for approval at once, and its state shows no token",
			signal.Advice{Attribute: "pipeline_execution_id", Next: "Set pipeline_execution_id, or token."})
	}
	return &found{approval: current, seen: "Its token is not shown yet."}, read
}

// judge judges the newest run of the action.
func (w wanted) judge(one approval, of snapshot, adopts bool, attempt delivery.Attempt) (*found, delivery.Attempt) {
	switch {
	case one.open() && w.token != "" && one.token != "" && one.token != w.token:
		return nil, unfit(attempt, "token", "To answer the approval that waits, leave token out.", "the approval that waits has another token")
	case one.open() && (w.token != "" || of.parallel && one.token != ""):
		one.token = cmp.Or(w.token, one.token)
		return &found{approval: one}, attempt
	case one.open():
		return &found{approval: one, seen: "Its token is not shown yet."}, attempt
	case adopts && w.answer.likeness(one) == delivery.Ours:
		return &found{approval: one}, attempt
	default:
		return nil, unfit(attempt, "", "It cannot be answered once more.", "the approval does not wait for an answer any more: %s", one)
	}
}

// finder returns the TargetFinder for the approval. It sets the approval in the arguments.
func (w wanted) finder(a *args, bound func() signal.Signal) *signal.TargetFinder {
	return signal.TargetSearch{
		Key: w.key(fmt.Sprintf("open/%s/%s/%q", w.execution, w.token, w.answer)), Service: "CodePipeline", What: "approval of this action", Name: "pipeline_name", ID: "pipeline_execution_id",
		Hint: "Check the names and the region. With wait_until_ready = true the provider waits until the approval waits. It can recognise an approval that was answered only if pipeline_execution_id names its execution.",
		// The request needs the token.
		Required: w.token == "",
		Read: func(ctx context.Context, adopts bool) ([]signal.Candidate, delivery.Attempt) {
			one, attempt := w.find(ctx, adopts)
			if one == nil {
				return nil, attempt
			}
			// Signals that share a read get only this id from it.
			id := strings.Trim(one.execution+"/"+one.token, "/")
			return []signal.Candidate{{
				ID: cmp.Or(id, w.stage+"/"+w.name), Status: one.status, Takes: one.takes(), Has: one.has(), Seen: one.seen,
			}}, attempt
		},
		Choose: func(id string) {
			execution, token, _ := strings.Cut(id, "/")
			a.PipelineExecutionID, a.Token = signal.OrNull(cmp.Or(w.execution, execution)), signal.OrNull(cmp.Or(w.token, token))
		},
		Bound:     bound,
		Signalled: w.signalled(a),
	}.Finder()
}

// signalled returns a probe that finds the execution of an approval by its token, after the
// approval was answered.
func (w wanted) signalled(a *args) func(time.Time) *delivery.Probe {
	return func(time.Time) *delivery.Probe {
		return delivery.NewProbe(w.key("of/"+w.token), func(ctx context.Context) (string, delivery.Attempt) {
			runs, attempt := w.runs(ctx, "", w.token, approval{})
			if attempt.Outcome != delivery.Accepted {
				return "", attempt
			}
			if len(runs) == 0 {
				return "", unfit(attempt, "pipeline_execution_id", "Set pipeline_execution_id.", "CodePipeline lists no execution with this approval's token")
			}
			return runs[0].execution, attempt
		}, func(id string) delivery.Observation {
			a.PipelineExecutionID = types.StringValue(id)
			return delivery.Observation{State: delivery.Reached}
		})
	}
}

// ready is reached if the approval waits. Otherwise it is pending.
func (w wanted) ready() *delivery.Probe {
	return delivery.NewProbe(w.key("ready/"+w.execution+"/"+w.token), func(ctx context.Context) (*found, delivery.Attempt) {
		return w.find(ctx, false)
	}, func(one *found) delivery.Observation {
		if one == nil {
			return delivery.Observation{State: delivery.Pending}
		}
		return delivery.Observation{State: delivery.StateOf(one.takes(), false), Status: one.status, Seen: one.seen}
	})
}

// refused returns a probe that says why an approval has not taken an answer. It is reached
// only if the approval was abandoned: one that was answered was the one that the signal is
// for.
func (w wanted) refused() *delivery.Probe {
	return delivery.NewProbe(w.key("refused/"+w.execution+"/"+w.token), func(ctx context.Context) (runs []approval, attempt delivery.Attempt) {
		current, _, attempt := w.current(ctx)
		if attempt.Outcome == delivery.Accepted {
			runs, attempt = w.runs(ctx, w.execution, w.token, current)
		}
		return runs, attempt
	}, func(runs []approval) delivery.Observation {
		seen := delivery.Observation{State: delivery.Pending}
		for _, one := range runs {
			if one.token == w.token {
				seen.State = delivery.StateOf(one.status == string(cptypes.ActionExecutionStatusAbandoned), one.closed())
				seen.Status, seen.Seen = one.status, "CodePipeline shows of this approval: "+one.String()+"."
			}
		}
		return seen
	})
}

// readRefusals has the errors of the reads.
var readRefusals = signal.Refusals{
	noPipeline:  {Attribute: "pipeline_name", Gone: true, Next: "Check the pipeline's name, and that it is in this region and account."},
	noExecution: {Attribute: "pipeline_execution_id", Gone: true, Next: "Check that this is the id of an execution of this pipeline, in this region and account; CodePipeline deletes executions after 12 months."},
}
