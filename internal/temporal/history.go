package temporal

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// event has the members of a history event that the system needs.
// https://github.com/temporalio/api/blob/v1.53.0/temporal/api/history/v1/message.proto
type event struct {
	ID       string    `json:"eventId"`
	Time     time.Time `json:"eventTime"`
	Signaled *struct {
		SignalName string `json:"signalName"`
		Identity   string `json:"identity"`
		RequestID  string `json:"requestId"`
	} `json:"workflowExecutionSignaledEventAttributes"`
	Completed *struct {
		Result json.RawMessage `json:"result"`
	} `json:"workflowExecutionCompletedEventAttributes"`
	Failed *struct {
		Failure failure `json:"failure"`
		retry
	} `json:"workflowExecutionFailedEventAttributes"`
	TimedOut   *retry `json:"workflowExecutionTimedOutEventAttributes"`
	Terminated *struct {
		Reason string `json:"reason"`
	} `json:"workflowExecutionTerminatedEventAttributes"`
	ContinuedAsNew *struct {
		NewExecutionRunID string `json:"newExecutionRunId"`
	} `json:"workflowExecutionContinuedAsNewEventAttributes"`
}

// retry says whether a run that has failed or timed out is tried again, in another run.
type retry struct {
	RetryState        string `json:"retryState"`
	NewExecutionRunID string `json:"newExecutionRunId"`
}

// next returns the id of the run that tries again, "" if none does. The next run of a cron
// schedule does not try again: it follows a success, too.
func (r *retry) next() string {
	if r == nil || r.RetryState != "RETRY_STATE_IN_PROGRESS" {
		return ""
	}
	return r.NewExecutionRunID
}

// failure is the reason of a failure, and its cause.
type failure struct {
	Message string   `json:"message"`
	Cause   *failure `json:"cause"`
}

// reason returns the reason in an event that closes a run, "" if there is none.
func (e event) reason() string {
	var said []string
	if e.Failed != nil {
		for why := &e.Failed.Failure; why != nil; why = why.Cause {
			said = append(said, why.Message)
		}
	}
	if e.Terminated != nil {
		said = append(said, e.Terminated.Reason)
	}
	return strings.Join(slices.DeleteFunc(said, func(text string) bool { return text == "" }), ": ")
}

// result returns the result of the workflow as the server writes it: a JSON array of
// values. A value that is not JSON is a payload.
func (e event) result() string {
	if e.Completed == nil {
		return ""
	}
	return string(e.Completed.Result)
}

// next returns the id of the run that continues this one or tries again after its failure,
// "" if none does.
func (e event) next() string {
	switch {
	case e.ContinuedAsNew != nil:
		return e.ContinuedAsNew.NewExecutionRunID
	case e.Failed != nil:
		return e.Failed.next()
	default:
		return e.TimedOut.next()
	}
}

// is reports whether the event is the signal of t. The request id proves it, or the
// identity if the server does not write the request id.
func (e event) is(t request) bool {
	return e.Signaled != nil && (e.Signaled.RequestID == t.body.RequestID || e.Signaled.RequestID == "" && e.Signaled.Identity == t.body.Identity)
}

// pageSize is the largest number of events on a page of the history.
const pageSize = 100

// events reads the run's history, the newest event first, in pages of a size, until enough
// returns true. Events can have 2 MiB each: if a page is too long to be read, it reads
// smaller ones from there.
func (r run) events(ctx context.Context, size int, enough func(event, delivery.ServerClock) bool) delivery.Attempt {
	query := url.Values{"execution.runId": {r.run}}
	return delivery.Pages(func(token string) (string, delivery.Attempt) {
		if token != "" {
			query.Set("nextPageToken", token)
		}
		for {
			query.Set("maximumPageSize", strconv.Itoa(size))
			var page struct {
				History struct {
					Events []event `json:"events"`
				} `json:"history"`
				NextPageToken string `json:"nextPageToken"`
			}
			attempt := r.client.call(ctx, http.MethodGet, r.path("history-reverse"), query, nil, &page)
			if _, ok := errors.AsType[*delivery.LongAnswerError](attempt.Err); ok && size > 1 {
				size = max(1, size/4)
				continue
			}
			if attempt.Outcome != delivery.Accepted || slices.ContainsFunc(page.History.Events, func(e event) bool { return enough(e, attempt.Clock) }) {
				return "", attempt
			}
			return page.NextPageToken, attempt
		}
	})
}

// closing reads the last event of a run that has closed.
func (r run) closing(ctx context.Context) (last event, attempt delivery.Attempt) {
	attempt = r.events(ctx, 1, func(e event, _ delivery.ServerClock) bool {
		last = e
		return true
	})
	return last, attempt
}

// has reports whether the run's history has the signal of t.
func (r run) has(ctx context.Context, t request) (found bool, attempt delivery.Attempt) {
	attempt = r.events(ctx, pageSize, func(e event, _ delivery.ServerClock) bool {
		found = found || e.is(t)
		return found
	})
	return found, attempt
}
