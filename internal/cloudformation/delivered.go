package cloudformation

import (
	"context"
	"errors"
	"fmt"
	"slices"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// events reads the stack's events, the newest first, until more returns false.
func (s stack) events(ctx context.Context, more func(cfntypes.StackEvent, delivery.ServerClock) bool) (attempt delivery.Attempt) {
	none := true
	in := &sdk.DescribeStackEventsInput{StackName: &s.name}
	attempt = aws.Pages(ctx, s.DescribeStackEvents, in, &in.NextToken, func(page *sdk.DescribeStackEventsOutput, clock delivery.ServerClock) *string {
		none = none && len(page.StackEvents) == 0
		if slices.ContainsFunc(page.StackEvents, func(event cfntypes.StackEvent) bool { return !more(event, clock) }) {
			return nil
		}
		return page.NextToken
	})
	if none && attempt.Outcome == delivery.Accepted {
		return delivery.Attempt{Outcome: delivery.Unknown, RequestID: attempt.RequestID, Clock: attempt.Clock, Err: errNoEvents}
	}
	return attempt
}

// errNoEvents is the error for an answer without events. Every stack has at least the event
// of its creation.
var errNoEvents = errors.New("the answer lists no events, and every stack has some")

// tells reports whether an event shows that its resource received the signal.
func tells(event cfntypes.StackEvent, input *sdk.SignalResourceInput) bool {
	return awssdk.ToString(event.LogicalResourceId) == awssdk.ToString(input.LogicalResourceId) && awssdk.ToString(event.ResourceStatusReason) == received(input)
}

// evidence returns the stack's events of the signal, which show its unique id.
func (s stack) evidence(input *sdk.SignalResourceInput) *delivery.Evidence {
	return &delivery.Evidence{
		Scope:   s.key("signals"),
		Request: fmt.Sprintf("%q %q", awssdk.ToString(input.LogicalResourceId), received(input)),
		Probe:   delivery.ShownSince(s.key("signals"), s.shown),
		Likeness: func(trace delivery.Trace) delivery.Likeness {
			return delivery.OursIf(tells(trace.Shows.(cfntypes.StackEvent), input))
		},
	}
}

// shown reads the stack's events since a time.
func (s stack) shown(ctx context.Context, since delivery.Timestamp) (shown delivery.Shown, attempt delivery.Attempt) {
	attempt = s.events(ctx, func(event cfntypes.StackEvent, clock delivery.ServerClock) bool {
		earliest, _, told := clock.Range(since)
		if !told || awssdk.ToTime(event.Timestamp).Before(earliest) {
			return false
		}
		shown.Traces = append(shown.Traces, delivery.Trace{ID: awssdk.ToString(event.EventId), At: awssdk.ToTime(event.Timestamp), Shows: event})
		return true
	})
	if shown.Clock = attempt.Clock; absent(attempt) {
		shown.Gap = "it knows no such stack"
		return shown, attempt.NotFound()
	}
	return shown, attempt
}

// begins reports whether an event is the first one of the stack's creation or of an update.
func begins(event cfntypes.StackEvent) bool {
	return ofStack(event) && (event.ResourceStatus == cfntypes.ResourceStatusCreateInProgress || event.ResourceStatus == cfntypes.ResourceStatusUpdateInProgress)
}

// ofStack reports whether an event is about the stack itself.
func ofStack(event cfntypes.StackEvent) bool {
	return awssdk.ToString(event.PhysicalResourceId) == awssdk.ToString(event.StackId)
}

// existing is reached if the events of the stack's creation, or of its last update, show
// the signal. A stack that does not exist has no events.
func (s stack) existing(input *sdk.SignalResourceInput) *delivery.Probe {
	return delivery.NewProbe(s.key(fmt.Sprintf("has/%q/%q", awssdk.ToString(input.LogicalResourceId), received(input))), func(ctx context.Context) (has bool, attempt delivery.Attempt) {
		attempt = s.events(ctx, func(event cfntypes.StackEvent, _ delivery.ServerClock) bool {
			has = has || tells(event, input)
			return !has && !begins(event)
		})
		if absent(attempt) {
			return false, attempt.NotFound()
		}
		return has, attempt
	}, func(has bool) delivery.Observation {
		return delivery.Observation{State: delivery.StateOf(has, true)}
	})
}
