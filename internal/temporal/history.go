package temporal

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// event is one event of a history, as far as it is needed
// (https://github.com/temporalio/api/blob/v1.53.0/temporal/api/history/v1/message.proto).
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
	} `json:"workflowExecutionFailedEventAttributes"`
	Terminated *struct {
		Reason string `json:"reason"`
	} `json:"workflowExecutionTerminatedEventAttributes"`
	ContinuedAsNew *struct {
		NewExecutionRunID string `json:"newExecutionRunId"`
	} `json:"workflowExecutionContinuedAsNewEventAttributes"`
}

// failure is why something failed, and what it was caused by.
type failure struct {
	Message string   `json:"message"`
	Cause   *failure `json:"cause"`
}

// reason is what a closing event says of a failure, "" when it says nothing.
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

// result is what the workflow has returned, as the server writes it: a JSON array of
// values, and of payloads where they are no JSON.
func (e event) result() string {
	if e.Completed == nil {
		return ""
	}
	return string(e.Completed.Result)
}

// next is the run that continues the one of a closing event, "" when none does.
func (e event) next() string {
	if e.ContinuedAsNew == nil {
		return ""
	}
	return e.ContinuedAsNew.NewExecutionRunID
}

// is reports whether the event is the signal of t: its request id is the one
// proof where the server writes it, and its identity carries the same id.
func (e event) is(t target) bool {
	return e.Signaled != nil && (e.Signaled.RequestID == t.request.RequestID || e.Signaled.RequestID == "" && e.Signaled.Identity == t.request.Identity)
}

// pageSize is how many events a page of a history has at most.
const pageSize = 100

// events reads the run's history backwards, in pages of a size, until enough.
func (r run) events(ctx context.Context, size int, enough func(event, delivery.ServerClock) bool) delivery.Attempt {
	query := url.Values{"execution.runId": {r.run}, "maximumPageSize": {strconv.Itoa(size)}}
	for {
		var page struct {
			History struct {
				Events []event `json:"events"`
			} `json:"history"`
			NextPageToken string `json:"nextPageToken"`
		}
		attempt := r.client.call(ctx, http.MethodGet, r.path("history-reverse"), query, nil, &page)
		if attempt.Outcome != delivery.Accepted {
			return attempt
		}
		if slices.ContainsFunc(page.History.Events, func(e event) bool { return enough(e, attempt.Clock) }) || page.NextPageToken == "" {
			return attempt
		}
		query.Set("nextPageToken", page.NextPageToken)
	}
}

// closing is the last event of a run that has closed.
func (r run) closing(ctx context.Context) (last event, attempt delivery.Attempt) {
	attempt = r.events(ctx, 1, func(e event, _ delivery.ServerClock) bool {
		last = e
		return true
	})
	return last, attempt
}

// has reports whether the run's history has the signal of t.
func (r run) has(ctx context.Context, t target) (found bool, attempt delivery.Attempt) {
	attempt = r.events(ctx, pageSize, func(e event, _ delivery.ServerClock) bool {
		found = found || e.is(t)
		return found
	})
	return found, attempt
}
