package swf

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/swf"
	swftypes "github.com/aws/aws-sdk-go-v2/service/swf/types"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// readPermissions are the IAM actions of waiting, adopting and looking for a lost
// signal; the last is needed only for signals that were sent before their run was
// known.
const readPermissions = "swf:DescribeWorkflowExecution, swf:GetWorkflowExecutionHistory, swf:ListOpenWorkflowExecutions and swf:ListClosedWorkflowExecutions"

// A run's status is OPEN, or its close status. CONTINUED_AS_NEW is neither success nor
// failure: another run goes on.
// https://docs.aws.amazon.com/amazonswf/latest/apireference/API_WorkflowExecutionInfo.html
const (
	statusOpen     = string(swftypes.ExecutionStatusOpen)
	succeeded      = string(swftypes.CloseStatusCompleted)
	continuedAsNew = string(swftypes.CloseStatusContinuedAsNew)
)

var failedStatuses = []string{
	string(swftypes.CloseStatusFailed), string(swftypes.CloseStatusCanceled),
	string(swftypes.CloseStatusTerminated), string(swftypes.CloseStatusTimedOut),
}

func final(status string) bool { return status == succeeded || slices.Contains(failedStatuses, status) }

// swfLaunch is before any workflow execution: SWF's lists ask for a first date.
var swfLaunch = time.Date(2012, time.January, 1, 0, 0, 0, 0, time.UTC)

// workflow is a workflow execution of which a run has to be found.
type workflow struct {
	client             *client
	region, domain, id string
}

func (w workflow) key(of string) string {
	return fmt.Sprintf("swf/%s/%q/%q/%s", w.region, w.domain, w.id, of)
}

// noRunError says that no run was found to read.
type noRunError struct{ what, next string }

func (e *noRunError) Error() string { return e.what }

// finder finds the run that the arguments leave open, and names it there.
func (w workflow) finder(a *args, status string, bound func() signal.Signal) *signal.TargetFinder {
	choose := func(id string) {
		if a.RunID = types.StringNull(); id != "" {
			a.RunID = types.StringValue(id)
		}
	}
	return signal.Lookup{
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
					attempt = delivery.Attempt{Outcome: delivery.Rejected, RequestID: attempt.RequestID, Err: &noRunError{
						"SWF lists no run of this workflow id that was open at " + sent.Format(time.RFC3339) + ", when the signal was sent",
						"The run was not recorded when the signal was sent, because no option waited for it. The provider searches for it by sent_at, which is a time of this machine's clock. " +
							"SWF deletes closed runs after the domain's retention period.",
					}}
				}
				return id, attempt
			}, func(id string) delivery.Observation {
				choose(id)
				return delivery.Observation{State: delivery.Reached, Status: statusOpen}
			})
		},
	}.Finder()
}

// openRun returns the id of the open run, started no later than latest if that is
// set; "" when there is none.
func (w workflow) openRun(ctx context.Context, latest *time.Time) (string, delivery.Attempt) {
	info, attempt := w.openRunInfo(ctx, latest)
	return runID(info), attempt
}

// openRunInfo returns the open run. A workflow id has no more than one.
func (w workflow) openRunInfo(ctx context.Context, latest *time.Time) (open swftypes.WorkflowExecutionInfo, attempt delivery.Attempt) {
	list := sdk.NewListOpenWorkflowExecutionsPaginator(w.client.ListOpenWorkflowExecutions, &sdk.ListOpenWorkflowExecutionsInput{
		Domain:          &w.domain,
		ExecutionFilter: &swftypes.WorkflowExecutionFilter{WorkflowId: &w.id},
		StartTimeFilter: &swftypes.ExecutionTimeFilter{OldestDate: &swfLaunch, LatestDate: latest},
	})
	attempt = pages(ctx, list.HasMorePages, func(ctx context.Context) (bool, error) {
		page, err := list.NextPage(ctx)
		if err != nil {
			return false, err
		}
		for _, info := range page.ExecutionInfos {
			open = info
		}
		return runID(open) != "", nil
	})
	return open, attempt
}

// openAt returns the id of the run that was open at a moment, which is known to
// the second; "" when none is listed.
func (w workflow) openAt(ctx context.Context, moment time.Time) (id string, attempt delivery.Attempt) {
	latest := moment.Add(time.Second)
	if id, attempt = w.openRun(ctx, &latest); id != "" || attempt.Outcome != delivery.Accepted {
		return id, attempt
	}
	// The list begins with the run started last.
	list := sdk.NewListClosedWorkflowExecutionsPaginator(w.client.ListClosedWorkflowExecutions, &sdk.ListClosedWorkflowExecutionsInput{
		Domain:          &w.domain,
		ExecutionFilter: &swftypes.WorkflowExecutionFilter{WorkflowId: &w.id},
		StartTimeFilter: &swftypes.ExecutionTimeFilter{OldestDate: &swfLaunch, LatestDate: &latest},
	})
	attempt = pages(ctx, list.HasMorePages, func(ctx context.Context) (bool, error) {
		page, err := list.NextPage(ctx)
		if err != nil || len(page.ExecutionInfos) == 0 {
			return false, err
		}
		if newest := page.ExecutionInfos[0]; !awssdk.ToTime(newest.CloseTimestamp).Before(moment) {
			id = runID(newest)
		}
		return true, nil
	})
	return id, attempt
}

func runID(info swftypes.WorkflowExecutionInfo) string {
	if info.Execution == nil {
		return ""
	}
	return awssdk.ToString(info.Execution.RunId)
}

// run is one run of a workflow execution to read.
type run struct {
	workflow
	run string
}

func (r run) execution() *swftypes.WorkflowExecution {
	return &swftypes.WorkflowExecution{WorkflowId: &r.id, RunId: &r.run}
}

func (r run) key(of string) string { return r.workflow.key(fmt.Sprintf("%q/%s", r.run, of)) }

// snapshot is a run, or that there is none.
type snapshot struct{ status, reason string }

func (s snapshot) observation(state delivery.State) delivery.Observation {
	return delivery.Observation{State: state, Status: s.status, Reason: s.reason}
}

func (r run) read(ctx context.Context) (found snapshot, attempt delivery.Attempt) {
	out, attempt := aws.Get(ctx, r.client.DescribeWorkflowExecution, &sdk.DescribeWorkflowExecutionInput{Domain: &r.domain, Execution: r.execution()})
	if out == nil || out.ExecutionInfo == nil {
		return found, attempt
	}
	found.status = string(out.ExecutionInfo.ExecutionStatus)
	if out.ExecutionInfo.ExecutionStatus == swftypes.ExecutionStatusClosed {
		found.status = string(out.ExecutionInfo.CloseStatus)
	}
	return found, attempt
}

// completion is reached when the run has completed, or the last of those that
// continue it. A run may be continued many times, so a probe goes on from the
// last one that it has seen: its reads follow each other.
func (r run) completion() *delivery.Probe {
	last := r
	runs := delivery.Batch[snapshot]{Key: fmt.Sprintf("swf/%s/%q", r.region, r.domain), Most: mostOpen, Read: r.listOpen}
	return runs.Of(delivery.NewProbe(r.key("end"), r.following(&last), snapshot.end).Final(), func() string { return last.run },
		func(snapshot) bool { return true })
}

// mostOpen is how many runs a page of a list has.
const mostOpen = 1000

// listOpen returns the open runs of the domain that are on the first page of their list. All
// that is not there may have closed.
func (w workflow) listOpen(ctx context.Context, _ []string) (map[string]snapshot, delivery.Attempt) {
	page, attempt := aws.Get(ctx, w.client.ListOpenWorkflowExecutions, &sdk.ListOpenWorkflowExecutionsInput{
		Domain: &w.domain, StartTimeFilter: &swftypes.ExecutionTimeFilter{OldestDate: &swfLaunch}, MaximumPageSize: mostOpen,
	})
	if page == nil {
		return nil, attempt
	}
	open := map[string]snapshot{}
	for _, info := range page.ExecutionInfos {
		open[runID(info)] = snapshot{status: statusOpen}
	}
	return open, attempt
}

// follow returns the read of the run or of those that continue it.
func (r run) follow() func(context.Context) (snapshot, delivery.Attempt) { return r.following(&r) }

// following is follow, and notes the last run that it has seen.
func (r run) following(last *run) func(context.Context) (snapshot, delivery.Attempt) {
	return func(ctx context.Context) (snapshot, delivery.Attempt) {
		for {
			found, attempt := last.read(ctx)
			if attempt.Code == unknownResource && last.run != r.run {
				// Reads lag: the run that goes on is not there for them yet.
				return snapshot{status: continuedAsNew}, delivery.Attempt{Outcome: delivery.Accepted, RequestID: attempt.RequestID}
			}
			if attempt.Outcome != delivery.Accepted || found.status == statusOpen || found.status == succeeded {
				return found, attempt
			}
			ended, next, looked := last.ended(ctx)
			if found.status != continuedAsNew {
				found.reason = ended
				// That it failed is known, even to those who may not know why.
				if looked.Outcome == delivery.Rejected {
					return found, attempt
				}
				return found, looked
			}
			if looked.Outcome != delivery.Accepted || next == "" {
				return found, looked
			}
			last.run = next
		}
	}
}

func (s snapshot) end() delivery.Observation {
	switch {
	case s.status == succeeded:
		return s.observation(delivery.Reached)
	case final(s.status):
		return s.observation(delivery.Missed)
	default:
		return s.observation(delivery.Pending)
	}
}

// ready is reached when the run is open, and missed when it is closed. One that
// is not there may be started yet.
func (r run) ready() *delivery.Probe {
	return delivery.NewProbe(r.key("open"), r.readOpen(), snapshot.open)
}

// readOpen returns the read of a run that may not be there yet.
func (r run) readOpen() func(context.Context) (snapshot, delivery.Attempt) {
	return func(ctx context.Context) (snapshot, delivery.Attempt) {
		found, attempt := r.read(ctx)
		if attempt.Code == unknownResource {
			return snapshot{reason: attempt.Message}, delivery.Attempt{Outcome: delivery.Accepted, RequestID: attempt.RequestID}
		}
		return found, attempt
	}
}

func (s snapshot) open() delivery.Observation {
	switch s.status {
	case statusOpen:
		return s.observation(delivery.Reached)
	case "":
		return s.observation(delivery.Pending)
	default:
		missed := s.observation(delivery.Missed)
		missed.Gone = true
		return missed
	}
}

// existing is reached when the run's history has a signal of this name and
// input; otherwise, and for a run that is not there, it is missed.
func (r run) existing(input *sdk.SignalWorkflowExecutionInput) *delivery.Probe {
	name, data := awssdk.ToString(input.SignalName), awssdk.ToString(input.Input)
	return delivery.NewProbe(r.key(fmt.Sprintf("signal %q %q", name, data)), func(ctx context.Context) (found delivery.Shown, attempt delivery.Attempt) {
		attempt = r.history(ctx, 0, func(event swftypes.HistoryEvent, _ delivery.ServerClock) bool {
			if signals(event, name, data) {
				found.Traces = append(found.Traces, r.trace(event))
			}
			return false
		})
		if attempt.Code == unknownResource {
			return delivery.Shown{}, delivery.Attempt{Outcome: delivery.Accepted, RequestID: attempt.RequestID}
		}
		found.Clock = attempt.Clock
		return found, attempt
	}, func(found delivery.Shown) delivery.Observation {
		if len(found.Traces) > 0 {
			return delivery.Observation{State: delivery.Reached, Shown: &found}
		}
		return delivery.Observation{State: delivery.Missed}
	})
}

// signals reports whether an event is a signal of this name and input. One
// without input and one whose input is empty say the same.
func signals(event swftypes.HistoryEvent, name, data string) bool {
	signalled := event.WorkflowExecutionSignaledEventAttributes
	return signalled != nil && awssdk.ToString(signalled.SignalName) == name && awssdk.ToString(signalled.Input) == data
}

// ended returns what the last event of a closed run says: why it ended, or as
// which run it goes on.
func (r run) ended(ctx context.Context) (reason, next string, attempt delivery.Attempt) {
	attempt = r.history(ctx, 1, func(event swftypes.HistoryEvent, _ delivery.ServerClock) bool {
		switch {
		case event.WorkflowExecutionContinuedAsNewEventAttributes != nil:
			next = awssdk.ToString(event.WorkflowExecutionContinuedAsNewEventAttributes.NewExecutionRunId)
		case event.WorkflowExecutionFailedEventAttributes != nil:
			why := event.WorkflowExecutionFailedEventAttributes
			reason = quoted(why.Reason, why.Details)
		case event.WorkflowExecutionCanceledEventAttributes != nil:
			reason = quoted(event.WorkflowExecutionCanceledEventAttributes.Details)
		case event.WorkflowExecutionTerminatedEventAttributes != nil:
			why := event.WorkflowExecutionTerminatedEventAttributes
			reason = quoted((*string)(&why.Cause), why.Reason, why.Details)
		case event.WorkflowExecutionTimedOutEventAttributes != nil:
			reason = quoted((*string)(&event.WorkflowExecutionTimedOutEventAttributes.TimeoutType))
		}
		return true
	})
	return reason, next, attempt
}

// longestQuote is how much of a run's own words goes into a message: they may
// have tens of thousands of characters.
const longestQuote = 500

// quoted joins those of a closing event's words that say something.
func quoted(words ...*string) string {
	var said []string
	for _, word := range words {
		if text := awssdk.ToString(word); text != "" {
			said = append(said, text)
		}
	}
	text := []rune(strings.Join(said, ": "))
	if len(text) > longestQuote {
		return string(text[:longestQuote]) + "…"
	}
	return string(text)
}

// history reads the run's history backwards until enough, in pages of a size; 0
// leaves the size to SWF. With each event goes what its page tells of the time.
func (r run) history(ctx context.Context, size int32, enough func(swftypes.HistoryEvent, delivery.ServerClock) bool) delivery.Attempt {
	history := sdk.NewGetWorkflowExecutionHistoryPaginator(r.client.GetWorkflowExecutionHistory, &sdk.GetWorkflowExecutionHistoryInput{
		Domain: &r.domain, Execution: r.execution(), MaximumPageSize: size, ReverseOrder: true,
	})
	return pages(ctx, history.HasMorePages, func(ctx context.Context) (bool, error) {
		page, err := history.NextPage(ctx)
		if err != nil {
			return false, err
		}
		clock := delivery.ServerClockFrom(ctx)
		return slices.ContainsFunc(page.Events, func(event swftypes.HistoryEvent) bool { return enough(event, clock) }), nil
	})
}

// pages makes the requests of a paged read until one has what is looked for, or none is left.
func pages(ctx context.Context, more func() bool, next func(context.Context) (bool, error)) delivery.Attempt {
	attempt := delivery.Attempt{Outcome: delivery.Accepted}
	for found := false; !found && more() && attempt.Outcome == delivery.Accepted; {
		attempt = aws.Read(ctx, func(ctx context.Context) (err error) {
			found, err = next(ctx)
			return err
		})
	}
	return attempt
}
