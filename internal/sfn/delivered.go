package sfn

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// evidence first checks whether the task is still open. If it is closed, evidence returns
// the events of the execution's history in which a task ended. The history does not show
// which task an event belongs to.
func (e execution) evidence(t request) *delivery.Evidence {
	token, answer := fingerprint(awssdk.ToString(t.token)), fingerprint(fmt.Sprintf("%s %q %q %q",
		t.status, awssdk.ToString(t.output), awssdk.ToString(t.error), awssdk.ToString(t.cause)))
	scope := e.key("tasks")
	if e.arn == "" {
		scope = e.key(token)
	}
	return &delivery.Evidence{
		Scope:   scope,
		Request: answer,
		Probe: delivery.ShownSince(scope+"/"+token, func(ctx context.Context, since delivery.Timestamp) (delivery.Shown, delivery.Attempt) {
			return e.shown(ctx, t.token, since)
		}),
		Likeness: func(trace delivery.Trace) delivery.Likeness { return trace.Shows.(ending).likeness(t) },
	}
}

// fingerprint returns a hash of a text that may be long or secret, and should not stay in
// memory after its signal.
func fingerprint(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// shown sends a heartbeat. If the heartbeat shows that the task is closed, shown reads the
// events since a time in which a task ended. An open task has no answer yet.
func (e execution) shown(ctx context.Context, token *string, since delivery.Timestamp) (shown delivery.Shown, attempt delivery.Attempt) {
	attempt = aws.Send(ctx, e.SendTaskHeartbeat, &sdk.SendTaskHeartbeatInput{TaskToken: token})
	shown.Clock = attempt.Clock
	if attempt.Code != taskTimedOut && attempt.Code != taskDoesNotExist {
		return shown, attempt
	}
	shown.Gap = "the task is closed: by this signal, by another answer, or by its timeout"
	if e.arn == "" {
		return shown, attempt.NotFound()
	}
	in := &sdk.GetExecutionHistoryInput{ExecutionArn: &e.arn, ReverseOrder: true}
	attempt = aws.Pages(ctx, e.GetExecutionHistory, in, &in.NextToken, func(page *sdk.GetExecutionHistoryOutput, clock delivery.ServerClock) *string {
		earliest, _, told := clock.Range(since)
		for _, event := range page.Events {
			if !told || awssdk.ToTime(event.Timestamp).Before(earliest) {
				return nil
			}
			if end, is := endOf(event); is {
				shown.Traces = append(shown.Traces, delivery.Trace{ID: fmt.Sprint(event.Id), At: awssdk.ToTime(event.Timestamp), Shows: end})
			}
		}
		return page.NextToken
	})
	shown.Clock = attempt.Clock
	return shown, attempt
}

// ending describes how a task ended.
type ending struct {
	status               string
	output, error, cause string
	truncated            bool
}

// endOf returns the end of a task that an event describes, and false for any other event.
func endOf(event sfntypes.HistoryEvent) (ending, bool) {
	whole := func(output *string, details *sfntypes.HistoryEventExecutionDataDetails) (ending, bool) {
		return ending{status: success, output: awssdk.ToString(output), truncated: details != nil && details.Truncated}, true
	}
	switch {
	case event.TaskSucceededEventDetails != nil:
		return whole(event.TaskSucceededEventDetails.Output, event.TaskSucceededEventDetails.OutputDetails)
	case event.ActivitySucceededEventDetails != nil:
		return whole(event.ActivitySucceededEventDetails.Output, event.ActivitySucceededEventDetails.OutputDetails)
	case event.TaskFailedEventDetails != nil:
		why := event.TaskFailedEventDetails
		return ending{status: failure, error: awssdk.ToString(why.Error), cause: awssdk.ToString(why.Cause)}, true
	case event.ActivityFailedEventDetails != nil:
		why := event.ActivityFailedEventDetails
		return ending{status: failure, error: awssdk.ToString(why.Error), cause: awssdk.ToString(why.Cause)}, true
	}
	return ending{}, false
}

func (d ending) likeness(t request) delivery.Likeness {
	switch {
	case d.status != t.status,
		d.status == failure && (d.error != awssdk.ToString(t.error) || d.cause != awssdk.ToString(t.cause)):
		return delivery.NotOurs
	case d.truncated:
		return delivery.Alike
	case d.status == success && !sameJSON(d.output, awssdk.ToString(t.output)):
		return delivery.NotOurs
	default:
		return delivery.Ours
	}
}

// sameJSON reports whether two texts contain the same JSON value.
func sameJSON(a, b string) bool {
	var values [2]any
	for i, text := range []string{a, b} {
		decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
		decoder.UseNumber()
		if decoder.Decode(&values[i]) != nil {
			return a == b
		}
	}
	return reflect.DeepEqual(values[0], values[1])
}
