package temporal

import (
	"context"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// finder returns the TargetFinder for the running execution. It sets the run in the
// arguments.
func (w workflow) finder(a *args, r request, bound func() signal.Signal) *signal.TargetFinder {
	choose := func(id string) { a.RunID = signal.OrNull(id) }
	return signal.TargetSearch{
		Key: w.key("running"), Service: "Temporal", What: "running execution of this workflow id", Name: "workflow_id", ID: "run_id",
		Hint: "With wait_until_ready = true the provider waits for one to start. It reads a run that has closed only if run_id names it. " + r.describe(),
		Read: func(ctx context.Context, _ bool) (open []signal.Candidate, attempt delivery.Attempt) {
			found, attempt := w.describe(ctx, "")
			switch {
			case attempt.Code == notFound:
				return nil, delivery.Attempt{Outcome: delivery.Accepted}
			case attempt.Outcome == delivery.Accepted && found.status() == running:
				open = []signal.Candidate{{ID: found.Info.Execution.RunID, Started: found.Info.StartTime, Status: running, Takes: true}}
			}
			return open, attempt
		},
		Choose: choose,
		Bound:  bound,
		Signalled: func(time.Time) *delivery.Probe {
			return delivery.NewProbe(w.key("signalled/"+r.body.RequestID), func(ctx context.Context) (string, delivery.Attempt) {
				id, attempt := w.signalled(ctx, r)
				if attempt.Outcome == delivery.Accepted && id == "" {
					attempt = signal.Advised(delivery.Attempt{}, "the current run of this workflow id shows no signal with the request id "+r.body.RequestID, signal.Advice{
						Attribute: "workflow_id", Gone: true,
						Next: "The run was not recorded when the signal was sent, because no option waited for it, and another run may have followed it. " + r.describe(),
					})
				}
				return id, attempt
			}, func(id string) delivery.Observation {
				choose(id)
				return delivery.Observation{State: delivery.Reached, Status: running}
			})
		},
	}.Finder()
}

// signalled returns the id of the current run if its history has the signal, and ""
// otherwise.
func (w workflow) signalled(ctx context.Context, r request) (string, delivery.Attempt) {
	found, attempt := w.describe(ctx, "")
	if attempt.Outcome != delivery.Accepted {
		return "", attempt
	}
	one := run{w, found.Info.Execution.RunID}
	seen, attempt := one.has(ctx, r)
	if !seen {
		return "", attempt
	}
	return one.run, attempt
}
