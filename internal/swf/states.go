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

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// readPermissions are the IAM actions for waiting, adopting and searching for a lost
// signal. The last one is needed only if the run was not known when the signal was sent.
const readPermissions = "swf:DescribeWorkflowExecution, swf:GetWorkflowExecutionHistory, swf:ListOpenWorkflowExecutions and swf:ListClosedWorkflowExecutions"

// The status of an open run is OPEN, and that of a closed run is its close status.
// CONTINUED_AS_NEW is neither a success nor a failure, because another run continues this
// one.
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

// swfLaunch is older than every workflow execution. SWF's list operations require the
// oldest date.
var swfLaunch = time.Date(2012, time.January, 1, 0, 0, 0, 0, time.UTC)

// workflow is a workflow execution whose run is not known.
type workflow struct {
	*client
	domain, id string
}

func (w workflow) key(of string) string {
	return fmt.Sprintf("swf/%s/%q/%q/%s", w.region, w.domain, w.id, of)
}

// run is one run of a workflow execution.
type run struct {
	workflow
	run string
}

func (r run) execution() *swftypes.WorkflowExecution {
	return &swftypes.WorkflowExecution{WorkflowId: &r.id, RunId: &r.run}
}

func (r run) key(of string) string { return r.workflow.key(fmt.Sprintf("%q/%s", r.run, of)) }

// snapshot is what a read shows of a run. The status is empty if the run does not exist.
type snapshot struct{ status, reason string }

func (s snapshot) observation(state delivery.State) delivery.Observation {
	return delivery.Observation{State: state, Status: s.status, Reason: s.reason}
}

func (r run) read(ctx context.Context) (found snapshot, attempt delivery.Attempt) {
	out, attempt := aws.Get(ctx, r.DescribeWorkflowExecution, &sdk.DescribeWorkflowExecutionInput{Domain: &r.domain, Execution: r.execution()})
	if out == nil || out.ExecutionInfo == nil {
		return found, attempt
	}
	found.status = string(out.ExecutionInfo.ExecutionStatus)
	if out.ExecutionInfo.ExecutionStatus == swftypes.ExecutionStatusClosed {
		found.status = string(out.ExecutionInfo.CloseStatus)
	}
	return found, attempt
}

// completion is reached if the run, or the last run that continues it, has completed. The
// probe remembers the last run that it has read, because a run may be continued many times.
// So the reads of one probe must not overlap.
func (r run) completion() *delivery.Probe {
	last := r
	runs := delivery.Batch[snapshot]{Key: fmt.Sprintf("swf/%s/%q", r.region, r.domain), Most: mostOpen, Read: r.listOpen}
	return runs.Of(delivery.NewProbe(r.key("end"), r.following(&last), snapshot.end).Final(), func() string { return last.run },
		func(snapshot) bool { return true })
}

// mostOpen is the largest number of runs on a page of a list.
const mostOpen = 1000

// listOpen reads the first page of the domain's open runs. A run that is not on it may have
// closed.
func (w workflow) listOpen(ctx context.Context, _ []string) (map[string]snapshot, delivery.Attempt) {
	page, attempt := aws.Get(ctx, w.ListOpenWorkflowExecutions, &sdk.ListOpenWorkflowExecutionsInput{
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

// follow returns a function that reads the run, or the last run that continues it.
func (r run) follow() func(context.Context) (snapshot, delivery.Attempt) { return r.following(&r) }

// following is like follow, and stores the last run that it has read in last. It is not
// inlined, because its closure would be compiled again for each caller.
//
//go:noinline
func (r run) following(last *run) func(context.Context) (snapshot, delivery.Attempt) {
	return func(ctx context.Context) (snapshot, delivery.Attempt) {
		seen := map[string]bool{}
		for {
			found, attempt := last.read(ctx)
			if attempt.Code == unknownResource && last.run != r.run {
				// Reads lag behind, so SWF may not show the next run yet.
				return snapshot{status: continuedAsNew}, attempt.NotFound()
			}
			if attempt.Outcome != delivery.Accepted || found.status == statusOpen || found.status == succeeded {
				return found, attempt
			}
			ended, next, looked := last.ended(ctx)
			if found.status != continuedAsNew {
				found.reason = ended
				// Without permission to read the history, the failure is still known.
				if looked.Outcome == delivery.Rejected {
					return found, attempt
				}
				return found, looked
			}
			if looked.Outcome != delivery.Accepted || next == "" {
				return found, looked
			}
			if seen[last.run] = true; seen[next] {
				return found, delivery.NextWasRead(looked, "run")
			}
			last.run = next
		}
	}
}

func (s snapshot) end() delivery.Observation {
	return s.observation(delivery.StateOf(s.status == succeeded, final(s.status)))
}

// ready is reached if the run is open, and missed if it is closed. It is pending if the run
// does not exist, because SWF may not show a new run yet.
func (r run) ready() *delivery.Probe {
	return delivery.NewProbe(r.key("open"), r.readOpen(), snapshot.open)
}

// readOpen returns a function that reads a run. A run that does not exist is not an error.
func (r run) readOpen() func(context.Context) (snapshot, delivery.Attempt) {
	return func(ctx context.Context) (snapshot, delivery.Attempt) {
		found, attempt := r.read(ctx)
		if attempt.Code == unknownResource {
			return snapshot{reason: attempt.Message}, attempt.NotFound()
		}
		return found, attempt
	}
}

func (s snapshot) open() delivery.Observation {
	observation := s.observation(delivery.StateOf(s.status == statusOpen, s.status != ""))
	observation.Gone = observation.State == delivery.Missed
	return observation
}

// existing is reached if the run's history has a signal with this name and input.
// Otherwise, and if the run does not exist, it is missed.
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
			return delivery.Shown{}, attempt.NotFound()
		}
		found.Clock = attempt.Clock
		return found, attempt
	}, func(found delivery.Shown) delivery.Observation {
		return delivery.Observation{State: delivery.StateOf(len(found.Traces) > 0, true), Shown: &found}
	})
}

// signals reports whether an event is a signal with this name and input. A missing input is
// the same as an empty one.
func signals(event swftypes.HistoryEvent, name, data string) bool {
	signalled := event.WorkflowExecutionSignaledEventAttributes
	return signalled != nil && awssdk.ToString(signalled.SignalName) == name && awssdk.ToString(signalled.Input) == data
}

// ended reads the last event of a closed run. It returns why the run ended, or the id of
// the run that continues it.
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

// longestQuote is how many characters of a run's own text a message may have. Such a text
// can have tens of thousands.
const longestQuote = 500

// quoted joins the texts that are not empty, and shortens the result.
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

// history reads the run's history, the newest event first, until enough returns true. size
// is the number of events on a page; 0 is SWF's default. enough also gets the clock of the
// page.
func (r run) history(ctx context.Context, size int32, enough func(swftypes.HistoryEvent, delivery.ServerClock) bool) delivery.Attempt {
	in := &sdk.GetWorkflowExecutionHistoryInput{Domain: &r.domain, Execution: r.execution(), MaximumPageSize: size, ReverseOrder: true}
	return aws.Pages(ctx, r.GetWorkflowExecutionHistory, in, &in.NextPageToken, func(page *sdk.GetWorkflowExecutionHistoryOutput, clock delivery.ServerClock) *string {
		if slices.ContainsFunc(page.Events, func(event swftypes.HistoryEvent) bool { return enough(event, clock) }) {
			return nil
		}
		return page.NextPageToken
	})
}
