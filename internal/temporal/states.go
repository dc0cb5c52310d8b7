package temporal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// The statuses of a run, without the prefix that the API adds.
// https://github.com/temporalio/api/blob/v1.53.0/temporal/api/enums/v1/workflow.proto
const (
	running        = "RUNNING"
	completed      = "COMPLETED"
	continuedAsNew = "CONTINUED_AS_NEW"
	statusPrefix   = "WORKFLOW_EXECUTION_STATUS_"
)

var failures = []string{"FAILED", "CANCELED", "TERMINATED", "TIMED_OUT"}

func final(status string) bool { return status == completed || slices.Contains(failures, status) }

// workflow is a workflow whose run is not known.
type workflow struct {
	client              *Client
	host, namespace, id string
}

func (w workflow) key(of string) string {
	return fmt.Sprintf("temporal/%s/%q/%q/%s", w.host, w.namespace, w.id, of)
}

func (w workflow) path(more ...string) []string {
	return append([]string{"namespaces", w.namespace, "workflows", w.id}, more...)
}

// description has the members of the answer of DescribeWorkflowExecution that the system
// needs.
type description struct {
	Info struct {
		Execution execution `json:"execution"`
		Status    string    `json:"status"`
		StartTime time.Time `json:"startTime"`
	} `json:"workflowExecutionInfo"`
}

func (d description) status() string { return strings.TrimPrefix(d.Info.Status, statusPrefix) }

// describe reads a run, or the current run if id is "".
func (w workflow) describe(ctx context.Context, id string) (found description, attempt delivery.Attempt) {
	query := url.Values{}
	if id != "" {
		query.Set("execution.runId", id)
	}
	attempt = w.client.call(ctx, http.MethodGet, w.path(), query, nil, &found)
	return found, attempt
}

// openSince returns the runs that were open at a time or later. The current run is the only
// one if it was started before. It returns none if the answer does not tell the server's
// time.
func (w workflow) openSince(ctx context.Context, since delivery.Timestamp) (runs []run, attempt delivery.Attempt) {
	current, attempt := w.describe(ctx, "")
	earliest, _, told := attempt.Clock.Range(since)
	one := run{w, current.Info.Execution.RunID}
	switch {
	case attempt.Outcome != delivery.Accepted || !told:
		return nil, attempt
	case current.Info.StartTime.Before(earliest):
		return []run{one}, attempt
	}
	if strings.ContainsAny(w.id, "'\"\\") {
		return nil, delivery.Attempt{Outcome: delivery.Rejected, Err: errors.New("the server's list of runs cannot be asked for a workflow id with a quote or a backslash")}
	}
	query := url.Values{"query": {fmt.Sprintf("WorkflowId = '%s' AND (CloseTime IS NULL OR CloseTime >= '%s')", w.id, earliest.UTC().Format(time.RFC3339))}}
	listed := delivery.Pages(func(token string) (string, delivery.Attempt) {
		var page struct {
			Executions []struct {
				Execution execution `json:"execution"`
			} `json:"executions"`
			NextPageToken string `json:"nextPageToken"`
		}
		if token != "" {
			query.Set("nextPageToken", token)
		}
		attempt := w.client.call(ctx, http.MethodGet, []string{"namespaces", w.namespace, "workflows"}, query, nil, &page)
		for _, found := range page.Executions {
			runs = append(runs, run{w, found.Execution.RunID})
		}
		return page.NextPageToken, attempt
	})
	if listed.Outcome != delivery.Accepted {
		return nil, listed
	}
	if !slices.Contains(runs, one) {
		// The list lags behind, so it may lack the run before it, too.
		return nil, delivery.Attempt{Outcome: delivery.Unknown, Repeatable: true, Err: errors.New("the server's list of runs does not show the current run yet")}
	}
	return runs, attempt
}

// signalledSince returns the id of the run to which the signal of t went that was sent at a
// time or later: the only run that was open, or the one whose history has it. It is "" if
// that is not known.
func (w workflow) signalledSince(ctx context.Context, r request, since delivery.Timestamp) (string, delivery.Attempt) {
	runs, attempt := w.openSince(ctx, since)
	if attempt.Outcome == delivery.Accepted && len(runs) == 1 {
		return runs[0].run, attempt
	}
	for _, one := range runs {
		if seen, read := one.has(ctx, r); seen || read.Outcome != delivery.Accepted {
			return one.run, read
		}
	}
	return "", attempt
}

// run is one run of a workflow.
type run struct {
	workflow
	run string
}

func (r run) key(of string) string { return r.workflow.key(r.run + "/" + of) }

// snapshot is what reads show of a run. The status is empty if the run does not exist. The
// result is the JSON that a completed run returned, "" if it is not known.
type snapshot struct{ status, reason, result string }

func (s snapshot) observation(state delivery.State) delivery.Observation {
	return delivery.Observation{State: state, Status: s.status, Reason: s.reason}
}

// completion is reached if the run, or the last run that continues it or tries it again, has
// completed. The probe remembers the last run that it has read, because there may be many.
// So the reads of one probe must not overlap.
func (r run) completion() *delivery.Probe {
	return delivery.NewProbe(r.key("end"), r.follow(), snapshot.end).Final()
}

// follow returns a function that reads the run, or the last run that continues it or tries
// it again. Temporal's own clients wait for that run, too.
// https://github.com/temporalio/sdk-go/blob/v1.37.0/internal/internal_workflow_client.go
//
// It is not inlined, because its closure would be compiled again for each caller.
//
//go:noinline
func (r run) follow() func(context.Context) (snapshot, delivery.Attempt) {
	last := r
	return func(ctx context.Context) (snapshot, delivery.Attempt) {
		seen := map[string]bool{}
		for {
			found, attempt := last.describe(ctx, last.run)
			status := found.status()
			if attempt.Outcome != delivery.Accepted || !final(status) && status != continuedAsNew {
				return snapshot{status: status}, attempt
			}
			closing, read := last.closing(ctx)
			next := closing.next()
			switch {
			case read.Outcome == delivery.Accepted && next != "":
				if seen[last.run] = true; seen[next] {
					return snapshot{status: status}, delivery.NextWasRead(read, "run")
				}
				last.run = next
			case final(status):
				// Without permission to read the history, the end of the run is known, but
				// not whether it is tried again.
				if read.Outcome == delivery.Rejected {
					read = attempt
				}
				return snapshot{status, closing.reason(), closing.result()}, read
			default:
				return snapshot{status: status}, read
			}
		}
	}
}

func (s snapshot) end() delivery.Observation {
	return s.observation(delivery.StateOf(s.status == completed, final(s.status)))
}

// ready is reached if the run is running, and missed if it has closed. It is pending if the
// run does not exist, because it may start later.
func (r run) ready() *delivery.Probe {
	return delivery.NewProbe(r.key("running"), r.readRunning, snapshot.running)
}

// readRunning reads a run. A run that does not exist is not an error.
func (r run) readRunning(ctx context.Context) (snapshot, delivery.Attempt) {
	found, attempt := r.describe(ctx, r.run)
	if attempt.Code == notFound {
		return snapshot{}, delivery.Attempt{Outcome: delivery.Accepted}
	}
	return snapshot{status: found.status()}, attempt
}

func (s snapshot) running() delivery.Observation {
	observation := s.observation(delivery.StateOf(s.status == running, final(s.status) || s.status == continuedAsNew))
	observation.Gone = observation.State == delivery.Missed
	return observation
}

// existing is reached if the run's history has the signal.
func (r run) existing(t request) *delivery.Probe {
	return delivery.NewProbe(r.key("has/"+t.body.RequestID), func(ctx context.Context) (bool, delivery.Attempt) {
		return r.has(ctx, t)
	}, func(has bool) delivery.Observation {
		return delivery.Observation{State: delivery.StateOf(has, true)}
	})
}
