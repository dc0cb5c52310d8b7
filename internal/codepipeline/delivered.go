package codepipeline

import (
	"cmp"
	"context"
	"fmt"

	cptypes "github.com/aws/aws-sdk-go-v2/service/codepipeline/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// answer is the answer of a signal to an approval.
type answer struct{ status, summary string }

// mine compares an approval with the effect of this signal. Somebody else may have
// given the same answer at the same time. The documentation calls lastUpdatedBy the one
// who last changed the pipeline, so another name there does not prove another answer
// (https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionExecution.html).
func (w answer) mine(one approval) delivery.Likeness {
	likeness := w.likeness(one)
	if likeness == delivery.Ours && (one.by == "" || one.by != one.caller) {
		return delivery.Alike
	}
	return likeness
}

// likeness compares an approval with the effect of the answer, whoever gave it.
func (w answer) likeness(one approval) delivery.Likeness {
	ends := map[string]cptypes.ActionExecutionStatus{approved: cptypes.ActionExecutionStatusSucceeded, rejected: cptypes.ActionExecutionStatusFailed}
	switch {
	case one.status != string(ends[w.status]):
		return delivery.NotOurs
	case one.summary == w.summary:
		return delivery.Ours
	case one.exact:
		return delivery.NotOurs
	default:
		return delivery.Alike
	}
}

// trace converts an approval that was answered to a trace.
func (p approval) trace() delivery.Trace {
	return delivery.Trace{ID: cmp.Or(p.id, p.changed.String()), At: p.changed, Shows: p}
}

// existing is reached if the approval has been answered with the signal's status and
// summary.
func (w wanted) existing() *delivery.Probe {
	key := w.key(fmt.Sprintf("existing/%s/%q", w.execution, w.answer))
	type newest struct {
		approval
		clock delivery.ServerClock
	}
	return delivery.NewProbe(key, func(ctx context.Context) (last newest, attempt delivery.Attempt) {
		current, _, attempt := w.current(ctx)
		if attempt.Outcome == delivery.Accepted {
			var runs []approval
			runs, attempt = w.runs(ctx, w.execution, "", current)
			if len(runs) > 0 {
				last = newest{runs[0], attempt.Clock}
			}
		}
		if attempt.Code == noPipeline || attempt.Code == noExecution {
			return newest{}, attempt.NotFound()
		}
		return last, attempt
	}, func(last newest) delivery.Observation {
		there := delivery.StateOf(w.answer.likeness(last.approval) == delivery.Ours, true)
		return delivery.Observation{State: there, Status: last.status, Shown: &delivery.Shown{Traces: []delivery.Trace{last.trace()}, Clock: last.clock}}
	})
}

// evidence returns the answers that the runs of the action show. An approval that still
// waits has no answer.
func (w wanted) evidence() *delivery.Evidence {
	scope := w.key("answers")
	return &delivery.Evidence{
		Scope:   scope,
		Request: fmt.Sprintf("%s %q", w.token, w.answer),
		Probe: delivery.ShownSince(fmt.Sprintf("%s/%s/%s/%q", scope, w.execution, w.token, w.answer), func(ctx context.Context, _ delivery.Timestamp) (delivery.Shown, delivery.Attempt) {
			return w.answers(ctx)
		}),
		Likeness: func(trace delivery.Trace) delivery.Likeness {
			one := trace.Shows.(approval)
			if one.token != "" && one.token != w.token || w.execution != "" && one.execution != "" && one.execution != w.execution {
				return delivery.NotOurs
			}
			return w.answer.mine(one)
		},
	}
}

// answers reads the answers to the approval with the token.
func (w wanted) answers(ctx context.Context) (shown delivery.Shown, attempt delivery.Attempt) {
	current, _, attempt := w.current(ctx)
	shown.Clock = attempt.Clock
	if attempt.Outcome != delivery.Accepted || current.open() && current.token == w.token {
		return shown, attempt
	}
	runs, attempt := w.runs(ctx, w.execution, w.token, current)
	if shown.Clock = attempt.Clock; attempt.Outcome != delivery.Accepted {
		return shown, attempt
	}
	known := w.execution != "" && len(runs) > 0
	if w.execution == "" && len(runs) == 0 {
		// AWS documents only for pipelines in PARALLEL mode that the list contains tokens.
		runs = []approval{current}
	}
	for _, one := range runs {
		known = known || one.token == w.token
		if one.closed() {
			if w.answer.likeness(one) != delivery.NotOurs {
				var asked delivery.Attempt
				if one.caller, asked = w.caller(ctx); asked.Outcome != delivery.Accepted {
					return shown, asked
				}
			}
			shown.Traces = append(shown.Traces, one.trace())
		}
	}
	if !known {
		shown.Gap = "it does not show what became of the approval with this token"
	}
	return shown, attempt
}
