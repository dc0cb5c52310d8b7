package signal

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// Courier carries all signals of a provider: with one patience, and sharing the
// reads of those that wait on the same target.
type Courier struct {
	policy delivery.Policy
	poller *delivery.Poller
}

// NewCourier returns a courier with a policy's patience.
func NewCourier(policy delivery.Policy) *Courier {
	return &Courier{policy: policy, poller: delivery.NewPoller(policy)}
}

// way is the way of one signal in one operation of its resource.
type way struct {
	*Courier
	Signal
	operation
	timeout time.Duration
	room    string
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
	// gone says that the target is not there.
	gone bool
}

// send takes the signal to its target, as the options say: unless it is there
// already, when the target is ready. It returns a problem unless the signal was
// accepted or adopted.
func (w way) send(ctx context.Context, options any) (sending, *problem) {
	if adopts(options) {
		switch end := w.wait(ctx, w.Existing, "Looking whether the signal is there"); {
		case end.Reached():
			return sending{delivery: Adopted}, nil
		case end.Reading.State == delivery.Pending:
			return sending{}, w.notReady(end, "looking whether the signal is already there")
		}
	}
	if waits(options).WaitUntilReady.ValueBool() {
		if end := w.wait(ctx, w.Ready, "Waiting until the target is ready"); !end.Reached() {
			return sending{}, w.notReady(end, "waiting until the target can take it")
		}
	}
	result := w.policy.Deliver(ctx, w.Target, func(attempt delivery.Attempt, pause time.Duration) {
		if w.tell != nil {
			w.tell("Not accepted yet, trying again: %s", w.answer(attempt))
		}
		tflog.Info(ctx, "signal not accepted yet, trying again", map[string]any{
			"signal": w.What, "target": w.To, "error": attempt.Err.Error(), "pause": pause.String(),
		})
	})
	switch result.Outcome {
	case delivery.Accepted:
		return sending{Sent, result.SentAt, result.RequestID}, nil
	case delivery.Unknown:
		return sending{Unknown, result.SentAt, result.RequestID}, w.failure(result)
	default:
		return sending{}, w.failure(result)
	}
}

// complete waits for the end of the target's run and notes what it saw.
func (w way) complete(ctx context.Context, waiting *Waiting) delivery.End {
	end := w.wait(ctx, w.Completion, "Waiting for the target's run to end")
	waiting.note(end.Reading)
	return end
}

func (w way) wait(ctx context.Context, view *delivery.View, doing string) delivery.End {
	reported := progress{tell: w.tell}
	return w.poller.Wait(ctx, view, func(reading delivery.Reading, at time.Time) {
		tflog.Debug(ctx, doing, map[string]any{"signal": w.What, "target": w.To, "status": reading.Status})
		reported.saw(doing, reading, at)
	})
}
