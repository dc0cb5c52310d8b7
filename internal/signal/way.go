package signal

import (
	"context"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// Courier carries all signals of a provider: with one patience, at the pace that
// the services take, and sharing the reads of those that wait on the same target.
type Courier struct {
	policy       delivery.Policy
	poller       *delivery.Poller
	sends, reads *delivery.Lanes
}

// NewCourier returns a courier with a policy's patience.
func NewCourier(policy delivery.Policy) *Courier {
	return &Courier{
		policy: policy, poller: delivery.NewPoller(policy),
		sends: delivery.NewLanes(policy), reads: delivery.NewLanes(policy),
	}
}

// way is the way of one signal in one operation of its resource.
type way struct {
	*Courier
	Signal
	operation
	timeout time.Duration
	// known is what is known of the signal, as the delivery attribute has it.
	known string
	// lost is when an earlier operation sent the signal, while it is not known whether
	// it has arrived; looked is how looking for that one ended.
	lost   delivery.Moment
	looked *delivery.End
	// secrets are hidden in what the service says.
	secrets *strings.Replacer
	// tell reports progress to the user; nil where nobody listens.
	tell func(format string, of ...any)
}

// sending is what became of a signal. The delivery is empty when nothing was sent.
type sending struct {
	delivery  string
	at        time.Time
	requestID string
}

// problem is the diagnostic of a signal that was not accepted.
type problem struct {
	diag.Diagnostic
	// gone tells of a target that is not there; empty when it may be.
	gone string
}

// send takes the signal to its target, as the options say: unless it is there
// already, when the target is ready. It returns a problem unless the signal was
// accepted or adopted.
func (w *way) send(ctx context.Context, options any) (sending, *problem) {
	waiting := waits(options)
	unready, found := waiting.WaitUntilReady.ValueBool(), w.Find
	if w.Find != nil && (adopts(options) || unready || waiting.WaitForCompletion.ValueBool()) {
		// What is read has to be what is signalled: it is found before it is sent to.
		view, doing := w.Find.Now, "looking for the target"
		if unready {
			view, doing = w.Find.Ready, untilReady
		}
		if end := w.find(ctx, view); !end.Reached() {
			return sending{}, w.notReady(end, doing, options)
		}
		unready = false
	} else {
		found = nil
	}
	if adopts(options) {
		switch end := w.wait(ctx, w.Existing, "Looking whether the signal is there"); {
		case end.Reached():
			return sending{delivery: Adopted}, nil
		case end.Reading.State == delivery.Pending:
			return sending{}, w.notReady(end, "looking whether the signal is already there", options)
		}
	}
	if unready {
		if end := w.wait(ctx, w.Ready, "Waiting until the target is ready"); !end.Reached() {
			return sending{}, w.notReady(end, untilReady, options)
		}
	}
	result := w.deliver(ctx, options)
	if found != nil && !result.Unsure && w.Explain(result.Attempt).Gone && !adopts(options) {
		// The one that was found has ended, and reads that lag may name it for a while:
		// the service knows best whether another one is there.
		w.Signal, found = found.Forget(), nil
		result = w.deliver(ctx, options)
	}
	switch result.Outcome {
	case delivery.Accepted:
		return sending{Sent, result.SentAt, result.RequestID}, nil
	case delivery.Confirmed:
		return sending{delivery: Confirmed, at: result.SentAt}, nil
	}
	problem := w.failure(result, options)
	if found != nil {
		// Another one may be there.
		problem.gone = ""
	}
	if result.Outcome == delivery.Unknown {
		return sending{Unknown, result.Lost.At, result.RequestID}, problem
	}
	return sending{}, problem
}

// deliver has the signal delivered.
func (w *way) deliver(ctx context.Context, options any) delivery.Result {
	doubt := delivery.Doubt{Resend: resends(options), Earlier: w.lost}
	if w.Delivered != nil {
		doubt.Look = w.lookFor
	}
	return w.policy.In(w.sends.Lane(w.Lane)).Deliver(ctx, discreet{w.Target, w.secrets}, doubt, func(attempt delivery.Attempt, pause time.Duration) {
		if w.tell != nil {
			w.tell("Not accepted yet, trying again: %s", w.answer(attempt))
		}
		tflog.Info(ctx, "signal not accepted yet, trying again", map[string]any{
			"signal": w.What, "target": w.To, "error": attempt.Err.Error(), "pause": pause.String(),
		})
	})
}

// clocks is by how much the clocks of two machines may differ that destroy the
// same resource, for a signal of the one to be recognised by the other.
const clocks = 10 * time.Second

// sendAgain is send for a signal that was sent then, by an earlier operation,
// with an unknown outcome: if the service shows it, it is not sent. Unless the
// service shows that it is not there, the outcome stays unknown whatever is refused.
func (w *way) sendAgain(ctx context.Context, options any, sent time.Time) (sending, *problem) {
	if sent.IsZero() {
		return w.send(ctx, options)
	}
	w.lost = delivery.Moment{At: sent, Give: clocks}
	if w.Delivered == nil {
		return w.send(ctx, options)
	}
	end := w.lookFor(ctx, w.lost)
	w.looked = &end
	switch {
	case end.Reached():
		return sending{delivery: Confirmed, at: sent}, nil
	case end.Absent():
		w.lost = delivery.Moment{}
	case ctx.Err() != nil:
		return sending{}, w.stillUnknown(end, options)
	}
	return w.send(ctx, options)
}

// lookFor finds out whether a signal has arrived whose sending began then and
// whose answer was lost.
func (w *way) lookFor(ctx context.Context, began delivery.Moment) delivery.End {
	if w.tell != nil {
		w.tell("Whether the signal was taken is not known: looking whether it is there")
	}
	end := w.poller.Settle(ctx, w.Delivered(began).In(w.reads.Lane(w.Lane)))
	tflog.Info(ctx, "looked whether the signal has arrived", map[string]any{
		"signal": w.What, "target": w.To, "arrived": end.Reached(), "absent": end.Absent(), "status": end.Reading.Status,
	})
	if end.Reached() && w.Find != nil {
		w.Signal = w.Find.Found()
	}
	return end
}

const untilReady = "waiting until the target can take it"

// find has the signal go to the one target that a view of its Finder finds.
func (w *way) find(ctx context.Context, view *delivery.View) delivery.End {
	end := w.wait(ctx, view, "Looking for the target")
	if end.Reached() {
		w.Signal = w.Find.Found()
	}
	return end
}

// complete waits for the end of the run of the target that took the signal, sent
// then, and notes what it saw.
func (w *way) complete(ctx context.Context, waiting *Waiting, sent time.Time) delivery.End {
	if w.Find != nil {
		if end := w.find(ctx, w.Find.Signalled(sent)); !end.Reached() {
			waiting.note(end.Reading)
			return end
		}
	}
	end := w.wait(ctx, w.Completion, "Waiting for the target's run to end")
	waiting.note(end.Reading)
	return end
}

// look reads once how far the run of the target has come that took the signal, sent then.
func (c *Courier) look(ctx context.Context, signal Signal, sent time.Time) (delivery.Reading, delivery.Attempt) {
	reads := c.reads.Lane(signal.Lane)
	if signal.Find != nil {
		if reading, attempt := c.poller.Look(ctx, signal.Find.Signalled(sent).In(reads)); attempt.Outcome != delivery.Accepted {
			return reading, attempt
		}
		signal = signal.Find.Found()
	}
	return c.poller.Look(ctx, signal.Completion.In(reads))
}

func (w way) wait(ctx context.Context, view *delivery.View, doing string) delivery.End {
	reported := progress{tell: w.tell}
	end := w.poller.Wait(ctx, view.In(w.reads.Lane(w.Lane)), func(reading delivery.Reading, at time.Time) {
		tflog.Debug(ctx, doing, map[string]any{"signal": w.What, "target": w.To, "status": reading.Status})
		reported.saw(doing, reading, at)
	})
	// A target may give as its reason what it was sent.
	end.Reading.Reason = w.secrets.Replace(end.Reading.Reason)
	return end
}
