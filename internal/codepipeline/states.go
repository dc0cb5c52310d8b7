package codepipeline

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/codepipeline"
	cptypes "github.com/aws/aws-sdk-go-v2/service/codepipeline/types"

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
