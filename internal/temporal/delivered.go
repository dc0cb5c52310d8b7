package temporal

import (
	"context"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// evidence returns the signals in the run's history. Each shows its request id, in its
// identity if the server does not write the id itself. So no signal can be mistaken for
// another.
func (r run) evidence(t request) *delivery.Evidence {
	return r.shown(t, r.signals, nil)
}

// evidence is the same for a signal to the current run. It reads all the runs that the
// signal can have gone to, and calls found with the id of the one that has it.
func (w workflow) evidence(r request, found func(run string)) *delivery.Evidence {
	return w.shown(r, func(ctx context.Context, since delivery.Timestamp) (delivery.Shown, delivery.Attempt) {
		runs, attempt := w.openSince(ctx, since)
		shown := delivery.Shown{Clock: attempt.Clock}
		for _, one := range runs {
			more, read := one.signals(ctx, since)
			if read.Outcome != delivery.Accepted {
				return shown, read
			}
			shown.Traces = append(shown.Traces, more.Traces...)
		}
		return shown, attempt
	}, func(trace delivery.Trace) { found(trace.Shows.(shownSignal).run) })
}

// shownSignal has the facts of a trace.
type shownSignal struct {
	event
	run string
}

func (w workflow) shown(
	r request, read func(context.Context, delivery.Timestamp) (delivery.Shown, delivery.Attempt), found func(delivery.Trace),
) *delivery.Evidence {
	return &delivery.Evidence{
		Scope:   w.key("signals"),
		Request: r.body.RequestID,
		Probe:   delivery.ShownSince(w.key("signals/"+r.body.WorkflowExecution.RunID), read),
		Likeness: func(trace delivery.Trace) delivery.Likeness {
			return delivery.OursIf(trace.Shows.(shownSignal).is(r))
		},
		Found: found,
	}
}

// signals reads the run's history, the newest event first, until it reaches an event before
// since. It returns the signals.
func (r run) signals(ctx context.Context, since delivery.Timestamp) (shown delivery.Shown, attempt delivery.Attempt) {
	attempt = r.events(ctx, pageSize, func(e event, clock delivery.ServerClock) bool {
		earliest, _, told := clock.Range(since)
		if !told || e.Time.Before(earliest) {
			return true
		}
		if e.Signaled != nil {
			shown.Traces = append(shown.Traces, delivery.Trace{ID: r.run + "/" + e.ID, At: e.Time, Shows: shownSignal{e, r.run}})
		}
		return false
	})
	shown.Clock = attempt.Clock
	return shown, attempt
}
