package swf

import (
	"context"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/swf"
	swftypes "github.com/aws/aws-sdk-go-v2/service/swf/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// finder returns the TargetFinder for the open run. It sets the run in the arguments.
func (w workflow) finder(a *args, status string, bound func() signal.Signal) *signal.TargetFinder {
	choose := func(id string) { a.RunID = signal.OrNull(id) }
	return signal.TargetSearch{
		Key: w.key("open"), Service: "SWF", What: "open run of this workflow id", Name: "workflow_id", ID: "run_id",
		Hint: "SWF may not list a run that has just started, because its reads lag: with wait_until_ready = true the provider waits for it. " +
			"The provider reads a run that has ended only if run_id names it. " + status,
		Read: func(ctx context.Context, _ bool) (open []signal.Candidate, attempt delivery.Attempt) {
			info, attempt := w.openRunInfo(ctx, nil)
			if id := runID(info); id != "" {
				open = []signal.Candidate{{ID: id, Started: awssdk.ToTime(info.StartTimestamp), Status: statusOpen, Takes: true}}
			}
			return open, attempt
		},
		Choose: choose,
		Bound:  bound,
		Signalled: func(sent time.Time) *delivery.Probe {
			return delivery.NewProbe(w.key(sent.String()), func(ctx context.Context) (string, delivery.Attempt) {
				id, attempt := w.openAt(ctx, sent)
				if attempt.Outcome == delivery.Accepted && id == "" {
					attempt = signal.Advised(attempt, "SWF lists no run of this workflow id that was open at "+sent.Format(time.RFC3339)+", when the signal was sent", signal.Advice{
						Attribute: "workflow_id", Gone: true,
						Next: "The run was not recorded when the signal was sent, because no option waited for it. The provider searches for it by sent_at, which is a time of this machine's clock. " +
							"SWF deletes closed runs after the domain's retention period. " + status,
					})
				}
				return id, attempt
			}, func(id string) delivery.Observation {
				choose(id)
				return delivery.Observation{State: delivery.Reached, Status: statusOpen}
			})
		},
	}.Finder()
}

// openRun returns the id of the open run, "" if there is none. If latest is set, the run
// must have started by then.
func (w workflow) openRun(ctx context.Context, latest *time.Time) (string, delivery.Attempt) {
	info, attempt := w.openRunInfo(ctx, latest)
	return runID(info), attempt
}

// openRunInfo returns the open run. A workflow id has at most one.
func (w workflow) openRunInfo(ctx context.Context, latest *time.Time) (open swftypes.WorkflowExecutionInfo, attempt delivery.Attempt) {
	in := &sdk.ListOpenWorkflowExecutionsInput{
		Domain:          &w.domain,
		ExecutionFilter: &swftypes.WorkflowExecutionFilter{WorkflowId: &w.id},
		StartTimeFilter: &swftypes.ExecutionTimeFilter{OldestDate: &swfLaunch, LatestDate: latest},
	}
	attempt = aws.Pages(ctx, w.ListOpenWorkflowExecutions, in, &in.NextPageToken, func(page *sdk.ListOpenWorkflowExecutionsOutput, _ delivery.ServerClock) *string {
		for _, info := range page.ExecutionInfos {
			open = info
		}
		if runID(open) != "" {
			return nil
		}
		return page.NextPageToken
	})
	return open, attempt
}

// openAt returns the id of the run that was open at a time, "" if SWF lists none. The time
// is in whole seconds.
func (w workflow) openAt(ctx context.Context, moment time.Time) (id string, attempt delivery.Attempt) {
	latest := moment.Add(time.Second)
	if id, attempt = w.openRun(ctx, &latest); id != "" || attempt.Outcome != delivery.Accepted {
		return id, attempt
	}
	// SWF lists the run that started last first.
	in := &sdk.ListClosedWorkflowExecutionsInput{
		Domain:          &w.domain,
		ExecutionFilter: &swftypes.WorkflowExecutionFilter{WorkflowId: &w.id},
		StartTimeFilter: &swftypes.ExecutionTimeFilter{OldestDate: &swfLaunch, LatestDate: &latest},
	}
	attempt = aws.Pages(ctx, w.ListClosedWorkflowExecutions, in, &in.NextPageToken, func(page *sdk.ListClosedWorkflowExecutionsOutput, _ delivery.ServerClock) *string {
		if len(page.ExecutionInfos) == 0 {
			return page.NextPageToken
		}
		if newest := page.ExecutionInfos[0]; !awssdk.ToTime(newest.CloseTimestamp).Before(moment) {
			id = runID(newest)
		}
		return nil
	})
	return id, attempt
}

func runID(info swftypes.WorkflowExecutionInfo) string {
	if info.Execution == nil {
		return ""
	}
	return awssdk.ToString(info.Execution.RunId)
}
