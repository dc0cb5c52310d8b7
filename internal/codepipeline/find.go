package codepipeline

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// unfit returns the attempt of a read that found that the approval is over.
func unfit(read delivery.Attempt, attribute, next, format string, of ...any) delivery.Attempt {
	return signal.Advised(read, fmt.Sprintf(format, of...), signal.Advice{Attribute: attribute, Gone: true, Next: next})
}

// wanted is the approval that a signal is for. If execution and token are empty, it is any
// approval that waits.
type wanted struct {
	action
	execution, token string
	// answer is the signal's answer. An approval that already has this answer can be
	// adopted.
	answer answer
	// caller returns the ARN of who sends this signal, "" if STS does not tell, and the
	// attempt to read it.
	caller func(context.Context) (string, delivery.Attempt)
}

// found is the result of find. It can be answered if it is open. If it is closed, it has
// the signal's answer.
type found struct {
	approval
	// seen says why there is no approval that can be answered or adopted, "" if there is.
	seen string
}

func (f found) takes() bool { return f.seen == "" && f.open() }

func (f found) has() bool { return f.seen == "" && f.closed() }

// find searches for the approval. If the approval has ended without the signal's answer,
// find returns an error, unless it may be another approval than the one that the signal is
// for.
func (w wanted) find(ctx context.Context, adopts bool) (one *found, attempt delivery.Attempt) {
	current, missing := approval{}, ""
	of := snapshot{}
	if w.execution != "" {
		of, attempt = w.in(w.execution).read(ctx)
		if attempt.Code == noExecution || attempt.Code == noPipeline {
			return nil, attempt.NotFound()
		}
		if attempt.Outcome != delivery.Accepted {
			return nil, attempt
		}
	}
	if !of.parallel {
		current, missing, attempt = w.current(ctx)
		switch {
		case attempt.Code == noPipeline:
			return nil, attempt.NotFound()
		case attempt.Outcome != delivery.Accepted:
			return nil, attempt
		case missing != "":
			return &found{seen: missing}, attempt
		case current.execution != "" && current.token != "" && (w.execution == "" || w.execution == current.execution) && (w.token == "" || w.token == current.token):
			return &found{approval: current}, attempt
		case w.execution == "" && w.token == "":
			return w.whichever(ctx, current, attempt)
		}
	}
	runs, attempt := w.runs(ctx, w.execution, w.token, current)
	switch {
	case attempt.Outcome != delivery.Accepted:
		return nil, attempt
	case len(runs) > 0:
		return w.judge(runs[0], of, adopts, attempt)
	case w.execution == "":
		return nil, unfit(attempt, "token", "To answer the approval that waits, leave token out.", "no approval of this action has this token")
	case final(of.status):
		return nil, unfit(attempt, "pipeline_execution_id", "Nothing will wait for this approval any more.", "the execution %s of the pipeline is %s, and has not come to this approval", w.execution, of.status)
	default:
		return &found{approval: approval{execution: w.execution, status: of.status}, seen: "The execution has not come to this approval."}, attempt
	}
}

// whichever judges the run in the state of the pipeline, for a signal to any approval that
// waits.
func (w wanted) whichever(ctx context.Context, current approval, attempt delivery.Attempt) (*found, delivery.Attempt) {
	switch {
	case current.status == "":
		return &found{seen: "The action has not run yet."}, attempt
	case current.closed():
		return &found{approval: current, seen: "This is the answer to the action's last approval: " + current.String() + "."}, attempt
	case current.execution == "":
		return &found{approval: current, seen: "Its token is not shown yet."}, attempt
	}
	of, read := w.in(current.execution).read(ctx)
	if read.Outcome != delivery.Accepted {
		return nil, read
	}
	if of.parallel {
		return nil, signal.Advised(read, "the pipeline is in PARALLEL mode, in which several of its executions can wait for approval at once, and its state shows no token",
			signal.Advice{Attribute: "pipeline_execution_id", Next: "Set pipeline_execution_id, or token."})
	}
	return &found{approval: current, seen: "Its token is not shown yet."}, read
}

// judge judges the newest run of the action.
func (w wanted) judge(one approval, of snapshot, adopts bool, attempt delivery.Attempt) (*found, delivery.Attempt) {
	switch {
	case one.open() && w.token != "" && one.token != "" && one.token != w.token:
		return nil, unfit(attempt, "token", "To answer the approval that waits, leave token out.", "the approval that waits has another token")
	case one.open() && (w.token != "" || of.parallel && one.token != ""):
		one.token = cmp.Or(w.token, one.token)
		return &found{approval: one}, attempt
	case one.open():
		return &found{approval: one, seen: "Its token is not shown yet."}, attempt
	case adopts && w.answer.likeness(one) == delivery.Ours:
		return &found{approval: one}, attempt
	default:
		return nil, unfit(attempt, "", "It cannot be answered once more.", "the approval does not wait for an answer any more: %s", one)
	}
}

// finder returns the TargetFinder for the approval. It sets the approval in the arguments.
func (w wanted) finder(a *args, bound func() signal.Signal) *signal.TargetFinder {
	return signal.TargetSearch{
		Key: w.key(fmt.Sprintf("open/%s/%s/%q", w.execution, w.token, w.answer)), Service: "CodePipeline", What: "approval of this action", Name: "pipeline_name", ID: "pipeline_execution_id",
		Hint: "Check the names and the region. With wait_until_ready = true the provider waits until the approval waits. It can recognise an approval that was answered only if pipeline_execution_id names its execution.",
		// The request needs the token.
		Required: w.token == "",
		Read: func(ctx context.Context, adopts bool) ([]signal.Candidate, delivery.Attempt) {
			one, attempt := w.find(ctx, adopts)
			if one == nil {
				return nil, attempt
			}
			// Signals that share a read get only this id from it.
			id := strings.Trim(one.execution+"/"+one.token, "/")
			return []signal.Candidate{{
				ID: cmp.Or(id, w.stage+"/"+w.name), Status: one.status, Takes: one.takes(), Has: one.has(), Seen: one.seen,
			}}, attempt
		},
		Choose: func(id string) {
			execution, token, _ := strings.Cut(id, "/")
			a.PipelineExecutionID, a.Token = signal.OrNull(cmp.Or(w.execution, execution)), signal.OrNull(cmp.Or(w.token, token))
		},
		Bound:     bound,
		Signalled: w.signalled(a),
	}.Finder()
}

// signalled returns a probe that finds the execution of an approval by its token, after the
// approval was answered.
func (w wanted) signalled(a *args) func(time.Time) *delivery.Probe {
	return func(time.Time) *delivery.Probe {
		return delivery.NewProbe(w.key("of/"+w.token), func(ctx context.Context) (string, delivery.Attempt) {
			runs, attempt := w.runs(ctx, "", w.token, approval{})
			if attempt.Outcome != delivery.Accepted {
				return "", attempt
			}
			if len(runs) == 0 {
				return "", unfit(attempt, "pipeline_execution_id", "Set pipeline_execution_id.", "CodePipeline lists no execution with this approval's token")
			}
			return runs[0].execution, attempt
		}, func(id string) delivery.Observation {
			a.PipelineExecutionID = types.StringValue(id)
			return delivery.Observation{State: delivery.Reached}
		})
	}
}
