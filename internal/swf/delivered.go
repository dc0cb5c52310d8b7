package swf

import (
	"context"
	"fmt"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/swf"
	swftypes "github.com/aws/aws-sdk-go-v2/service/swf/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// trail is what the histories of one or more runs show of a signal whose answer was lost.
type trail struct {
	// run is the id of the run that has the signal, "" where none has.
	run string
	// unclear is why nothing is known of the signal although no run has it.
	unclear string
}

func (t trail) observation() delivery.Observation {
	switch {
	case t.run != "":
		return delivery.Observation{State: delivery.Reached}
	case t.unclear != "":
		return delivery.Observation{State: delivery.Missed, Reason: t.unclear}
	default:
		return delivery.Observation{State: delivery.Pending}
	}
}

const noTime = "its answer does not tell what time it is there"

// delivered is reached when the run's history has the signal, no older than it was
// sent. A run that has been closed without it cannot have had it either.
func (r run) delivered(input *sdk.SignalWorkflowExecutionInput) func(began delivery.Timestamp) *delivery.Probe {
	return func(began delivery.Timestamp) *delivery.Probe {
		return delivery.NewProbe(r.key(lostKey(input, began)), func(ctx context.Context) (trail, delivery.Attempt) {
			return r.trail(ctx, input, began)
		}, trail.observation)
	}
}

// delivered is the same for a signal to whichever run was open: it is looked for
// in all that were since it was sent, and found is told which one has it.
func (w workflow) delivered(input *sdk.SignalWorkflowExecutionInput, found func(run string)) func(began delivery.Timestamp) *delivery.Probe {
	return func(began delivery.Timestamp) *delivery.Probe {
		return delivery.NewProbe(w.key(lostKey(input, began)), func(ctx context.Context) (trail, delivery.Attempt) {
			runs, unclear, attempt := w.since(ctx, began)
			for _, id := range runs {
				if attempt.Outcome != delivery.Accepted {
					break
				}
				var seen trail
				if seen, attempt = (run{w, id}).trail(ctx, input, began); seen.run != "" {
					return seen, attempt
				} else if seen.unclear != "" {
					unclear = seen.unclear
				}
			}
			return trail{unclear: unclear}, attempt
		}, func(t trail) delivery.Observation {
			if t.run != "" {
				found(t.run)
			}
			return t.observation()
		})
	}
}

func lostKey(input *sdk.SignalWorkflowExecutionInput, began delivery.Timestamp) string {
	return fmt.Sprintf("lost %q %q %v", awssdk.ToString(input.SignalName), awssdk.ToString(input.Input), began)
}

// trail reads the run's history backwards to the time when the signal was sent.
func (r run) trail(ctx context.Context, input *sdk.SignalWorkflowExecutionInput, began delivery.Timestamp) (seen trail, attempt delivery.Attempt) {
	attempt = r.events(ctx, 0, func(event swftypes.HistoryEvent, clock delivery.ServerClock) bool {
		earliest, _, told := clock.Range(began)
		switch {
		case !told:
			seen.unclear = noTime
			return true
		case awssdk.ToTime(event.EventTimestamp).Before(earliest):
			return true
		case signals(event, awssdk.ToString(input.SignalName), awssdk.ToString(input.Input)):
			seen.run = r.run
			return true
		default:
			return false
		}
	})
	if attempt.Code == unknownResource {
		return trail{unclear: "it knows no such run"}, delivery.Attempt{Outcome: delivery.Accepted, RequestID: attempt.RequestID}
	}
	return seen, attempt
}

// since returns the ids of the runs that were open then or later, or why that is not clear.
func (w workflow) since(ctx context.Context, began delivery.Timestamp) (runs []string, unclear string, attempt delivery.Attempt) {
	open, attempt := w.opened(ctx, nil)
	earliest, latest, told := attempt.Clock.Range(began)
	switch {
	case attempt.Outcome != delivery.Accepted:
		return nil, "", attempt
	case !told:
		return nil, noTime, attempt
	}
	if id := runID(open); id != "" {
		runs = append(runs, id)
		if started := open.StartTimestamp; started != nil && started.Before(earliest) {
			// No other run can have been open meanwhile.
			return runs, "", attempt
		}
	}
	list := sdk.NewListClosedWorkflowExecutionsPaginator(w.client.ListClosedWorkflowExecutions, &sdk.ListClosedWorkflowExecutionsInput{
		Domain:          &w.domain,
		ExecutionFilter: &swftypes.WorkflowExecutionFilter{WorkflowId: &w.id},
		CloseTimeFilter: &swftypes.ExecutionTimeFilter{OldestDate: &earliest},
	})
	covered := open.StartTimestamp != nil && open.StartTimestamp.Before(latest)
	attempt = pages(ctx, list.HasMorePages, func(ctx context.Context) (bool, error) {
		page, err := list.NextPage(ctx)
		if err != nil {
			return false, err
		}
		for _, info := range page.ExecutionInfos {
			runs = append(runs, runID(info))
			covered = covered || info.StartTimestamp != nil && info.StartTimestamp.Before(earliest)
		}
		return false, nil
	})
	if !covered {
		// The run that was may be forgotten by now, and the open one another.
		unclear = "it lists no run of this workflow id that was open then"
	}
	return runs, unclear, attempt
}
