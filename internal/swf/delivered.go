package swf

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/swf"
	swftypes "github.com/aws/aws-sdk-go-v2/service/swf/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// evidence returns what the run's history shows of the signal: the events with its name and
// input. If a closed run has no such event, it has not received the signal.
func (r run) evidence(input *sdk.SignalWorkflowExecutionInput) *delivery.Evidence {
	return r.shown(input, r.run, func(ctx context.Context, since delivery.Timestamp) (delivery.Shown, delivery.Attempt) {
		return r.events(ctx, input, since)
	}, nil)
}

// evidence is the same for a signal to the open run. It searches all runs that were open at
// the send or later, and calls found with the id of the run that has the signal.
func (w workflow) evidence(input *sdk.SignalWorkflowExecutionInput, found func(run string)) *delivery.Evidence {
	return w.shown(input, "", func(ctx context.Context, since delivery.Timestamp) (delivery.Shown, delivery.Attempt) {
		runs, unclear, attempt := w.since(ctx, since)
		all := delivery.Shown{Clock: attempt.Clock, Gap: unclear}
		for _, id := range runs {
			if attempt.Outcome != delivery.Accepted {
				break
			}
			var shown delivery.Shown
			shown, attempt = (run{w, id}).events(ctx, input, since)
			all.Traces, all.Gap = append(all.Traces, shown.Traces...), cmp.Or(all.Gap, shown.Gap)
		}
		return all, attempt
	}, func(trace delivery.Trace) { found(trace.Shows.(string)) })
}

// shown returns the evidence of a signal to one run, or to the open run if to is "". All
// signals with the same name and input have the same traces.
func (w workflow) shown(
	input *sdk.SignalWorkflowExecutionInput, to string,
	read func(ctx context.Context, since delivery.Timestamp) (delivery.Shown, delivery.Attempt), found func(delivery.Trace),
) *delivery.Evidence {
	// The key has a hash of the input, because an input may be long and should not stay in
	// memory after its signal.
	name := sha256.Sum256(fmt.Appendf(nil, "%q %q", awssdk.ToString(input.SignalName), awssdk.ToString(input.Input)))
	scope := w.key(hex.EncodeToString(name[:]))
	return &delivery.Evidence{
		Scope:   scope,
		Request: to,
		Probe:   delivery.ShownSince(fmt.Sprintf("%s/%q", scope, to), read),
		Likeness: func(trace delivery.Trace) delivery.Likeness {
			return delivery.OursIf(to == "" || trace.Shows == to)
		},
		Found: found,
	}
}

// trace converts an event of the run to a trace.
func (r run) trace(event swftypes.HistoryEvent) delivery.Trace {
	return delivery.Trace{ID: fmt.Sprintf("%s/%d", r.run, event.EventId), At: awssdk.ToTime(event.EventTimestamp), Shows: r.run}
}

// events reads the run's history, the newest event first, until it reaches an event before
// since. It returns the events with the signal's name and input.
func (r run) events(ctx context.Context, input *sdk.SignalWorkflowExecutionInput, since delivery.Timestamp) (shown delivery.Shown, attempt delivery.Attempt) {
	attempt = r.history(ctx, 0, func(event swftypes.HistoryEvent, clock delivery.ServerClock) bool {
		earliest, _, told := clock.Range(since)
		if !told || awssdk.ToTime(event.EventTimestamp).Before(earliest) {
			return true
		}
		if signals(event, awssdk.ToString(input.SignalName), awssdk.ToString(input.Input)) {
			shown.Traces = append(shown.Traces, r.trace(event))
		}
		return false
	})
	if shown.Clock = attempt.Clock; attempt.Code == unknownResource {
		shown.Gap = "it knows no such run"
		return shown, attempt.NotFound()
	}
	return shown, attempt
}

// since returns the ids of the runs that were open at began or later. unclear says why the
// list may be incomplete, "" if it is complete.
func (w workflow) since(ctx context.Context, began delivery.Timestamp) (runs []string, unclear string, attempt delivery.Attempt) {
	open, attempt := w.openRunInfo(ctx, nil)
	earliest, latest, told := attempt.Clock.Range(began)
	switch {
	case attempt.Outcome != delivery.Accepted:
		return nil, "", attempt
	case !told:
		return nil, "", attempt // The caller finds in the clock that the time is not known.
	}
	if id := runID(open); id != "" {
		runs = append(runs, id)
		if started := open.StartTimestamp; started != nil && started.Before(earliest) {
			// A workflow id has one open run at a time, so no other run was open since
			// then.
			return runs, "", attempt
		}
	}
	in := &sdk.ListClosedWorkflowExecutionsInput{
		Domain:          &w.domain,
		ExecutionFilter: &swftypes.WorkflowExecutionFilter{WorkflowId: &w.id},
		CloseTimeFilter: &swftypes.ExecutionTimeFilter{OldestDate: &earliest},
	}
	covered := open.StartTimestamp != nil && open.StartTimestamp.Before(latest)
	attempt = aws.Pages(ctx, w.ListClosedWorkflowExecutions, in, &in.NextPageToken, func(page *sdk.ListClosedWorkflowExecutionsOutput, _ delivery.ServerClock) *string {
		for _, info := range page.ExecutionInfos {
			runs = append(runs, runID(info))
			covered = covered || info.StartTimestamp != nil && info.StartTimestamp.Before(earliest)
		}
		return page.NextPageToken
	})
	if !covered {
		// SWF may have deleted the run that was open then, and the open run may be a later
		// one.
		unclear = "it lists no run of this workflow id that was open then"
	}
	return runs, unclear, attempt
}
