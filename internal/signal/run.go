package signal

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// Sender sends all signals of a provider: with one retry policy, at the pace that
// the services take, and sharing the reads of those that wait on the same target.
type Sender struct {
	policy       delivery.RetryPolicy
	poller       *delivery.Poller
	claims       *delivery.Claims
	sends, reads *delivery.RateLimiters
	waits        *sharedWaits
	redactor     *delivery.Redactor
}

// NewSender returns a sender with a retry policy.
func NewSender(policy delivery.RetryPolicy) *Sender {
	poller := delivery.NewPoller(policy)
	return &Sender{
		policy: policy, poller: poller, claims: delivery.NewClaims(poller),
		sends: delivery.NewRateLimiters(policy), reads: delivery.NewRateLimiters(policy),
		waits:    &sharedWaits{others: map[string][]*int{}},
		redactor: delivery.NewRedactor(),
	}
}

// Redactor makes fit to be shown what others say. The clients of all systems tell it
// what is secret.
func (c *Sender) Redactor() *delivery.Redactor { return c.redactor }

// signalRun is one signal in one operation of its resource.
type signalRun struct {
	*Sender
	Signal
	// id is that of the resource, "" for an action.
	id      string
	phase   phase
	timeout time.Duration
	options Options
	// texts replace what next says, where the signal is not its resource's own.
	texts map[standing]string
	// lastDelivery is what is known of the signal, as the delivery attribute has it.
	lastDelivery string
	// gate is the resource that waits for such a target and sends nothing, "" where there
	// is none. others is how many other resources have waited for the same run meanwhile.
	gate   string
	others int
	// tracked is the signal's target once it has one; nil where the service never
	// shows what it took.
	tracked *delivery.TrackedTarget
	// previousSend is when an earlier operation sent the signal with an unknown
	// outcome, and previousLookup how looking for that one ended.
	previousSend   delivery.Timestamp
	previousLookup *delivery.WaitResult
	// lookedAgain is what came of looking for another target after one that was found
	// had refused the signal.
	lookedAgain string
	// refused is what the target showed after it had refused the signal.
	refused delivery.Observation
	// warnings are of a signal whatever becomes of it.
	warnings diag.Diagnostics
	// redactor knows the signal's own secrets, too.
	redactor *delivery.Redactor
	// progress reports to the user what is done; nil where nobody listens.
	progress func(format string, of ...any)
}

// sendResult is what became of a signal. The delivery is empty when nothing was sent.
type sendResult struct {
	delivery  string
	at        time.Time
	requestID string
	// lost is when the last attempt with an unknown outcome ended.
	lost time.Time
}

// lostSend is what the private state keeps of a signal whose outcome at destroy is unknown.
type lostSend struct {
	// At is when its last answer was lost, zero while it was sent once.
	At time.Time `json:"at,omitzero"`
	// Rivals are those that may have left its traces.
	Rivals delivery.Rivals `json:"rivals,omitzero"`
}

// sendProblem is the diagnostic of a signal that was not accepted.
type sendProblem struct {
	diag.Diagnostic
	// gone tells of a target that is not there; empty when it may be.
	gone string
}

// send takes the signal to its target, as the options say: unless it is there
// already, when the target is ready. It returns a problem unless the signal was
// accepted or adopted.
func (w *signalRun) send(ctx context.Context) (sendResult, *sendProblem) {
	adopts, unready, finder := w.options.AdoptExisting.ValueBool(), w.options.WaitUntilReady.ValueBool(), w.Find
	switch {
	case finder == nil:
	case !finder.Required && !adopts && !unready && !w.options.WaitForCompletion.ValueBool():
		// Nothing is read, and the service knows which target is meant.
		finder = nil
	case adopts && finder.Adopting != nil:
		finder = finder.Adopting
	}
	if finder != nil {
		// What is read has to be what is signalled: it is found before it is sent to.
		probe, until, doing := finder.Now, w.poller.Look, "looking for the target"
		if unready {
			probe, until, doing = finder.Ready, w.poller.Wait, untilReady
		}
		end := w.find(ctx, finder, until, probe)
		if !end.Reached() {
			return sendResult{}, w.notFound(end, finder, doing)
		}
		w.warnExpiry(ctx, end.Observation)
	}
	var (
		result  delivery.Result
		refusal *signalRun
	)
	for again := true; again; {
		again, refusal = false, nil
		if adopts {
			switch end := w.look(ctx, w.Existing, "Looking whether the signal is there"); {
			case end.Reached() && w.adopt(end.Observation):
				return sendResult{delivery: Adopted}, nil
			case end.Observation.State == delivery.Pending:
				return sendResult{}, w.notReady(end, "looking whether the signal is already there")
			}
		}
		if unready && finder == nil {
			end := w.wait(ctx, w.Ready, "Waiting until the target is ready")
			if !end.Reached() {
				return sendResult{}, w.notReady(end, untilReady)
			}
			w.warnExpiry(ctx, end.Observation)
		}
		result = w.deliver(ctx)
		if finder == nil || result.Outcome != delivery.Rejected || result.HadUnknown {
			continue
		}
		switch advice := w.Explain(result.Attempt); {
		case finder.Required && (advice.Gone || advice.NotReady):
			before := *w
			refusal = &before
			w.Signal = finder.Forget()
			again, refusal.lookedAgain = w.findAgain(ctx, finder, unready)
		case !finder.Required && advice.Gone && !adopts:
			// The one that was found has ended, and reads that lag may name it for a while:
			// the service knows best whether another one is there.
			w.Signal, finder = finder.Forget(), nil
			result = w.deliver(ctx)
		}
	}
	switch result.Outcome {
	case delivery.Accepted:
		return sendResult{delivery: Sent, at: result.SentAt, requestID: w.redactor.Text(result.RequestID)}, nil
	case delivery.Confirmed:
		return sendResult{delivery: Confirmed, at: result.SentAt}, nil
	}
	if result.Outcome == delivery.Rejected && w.Refused != nil && w.Explain(result.Attempt).Unclear {
		if seen, read := w.poller.ReadOnce(ctx, w.Refused.WithLimiter(w.reads.For(w.RateLimit))); read.Outcome == delivery.Accepted {
			w.refused = shown(w.redactor, seen)
		}
	}
	problem := cmp.Or(refusal, w).failure(result)
	if finder != nil {
		// Another one may be there.
		problem.gone = ""
	}
	if result.Outcome == delivery.Unknown {
		return sendResult{Unknown, result.FirstUnknown.At, w.redactor.Text(result.RequestID), result.LastUnknown}, problem
	}
	return sendResult{}, problem
}

// warnExpiry warns of a target that stops taking the signal before the timeout is over.
func (w *signalRun) warnExpiry(ctx context.Context, ready delivery.Observation) {
	deadline, ok := ctx.Deadline()
	if !ok || ready.Expires.IsZero() || !ready.Expires.Before(deadline) {
		return
	}
	w.warnings.AddWarning("Target Expires Before the Timeout", join(fmt.Sprintf("%s takes the signal until %s only, and the %s timeout of %s leaves time for attempts after that, which come too late.",
		w.To, ready.Expires.UTC().Format(time.RFC3339), w.phase, w.timeout), ready.Seen))
}

// adopt reports whether the signal that is there becomes this resource's. An action,
// which has no id, keeps nothing.
func (w *signalRun) adopt(found delivery.Observation) bool {
	if w.id == "" || found.Shown == nil {
		return true
	}
	w.target()
	return w.tracked.Adopt(w.id, *found.Shown)
}

// deliver has the signal delivered.
func (w *signalRun) deliver(ctx context.Context) delivery.Result {
	unknown := delivery.UnknownOutcomePolicy{
		Resend: w.options.ResendOnUnknown.ValueBool(), PreviousSend: w.previousSend, PreviousAbsent: w.previousAbsent(),
	}
	target := w.target()
	if w.tracked != nil {
		unknown.Lookup = w.lookup
	}
	return w.policy.WithLimiter(w.sends.For(w.RateLimit)).Deliver(ctx, target, unknown, func(attempt delivery.Attempt, pause time.Duration) {
		if w.progress != nil {
			w.progress("Not accepted yet, trying again: %s", w.answer(attempt))
		}
		tflog.Info(ctx, "signal not accepted yet, trying again", map[string]any{
			"signal": w.What, "target": w.To, "error": w.redactor.Text(attempt.Err.Error()), "pause": pause.String(),
		})
	})
}

// target is where the signal goes, with its sends known to the claims where the
// service shows what it took.
func (w *signalRun) target() delivery.Target {
	target := w.Target
	switch {
	case w.Evidence == nil:
		return target
	case w.tracked == nil:
		w.tracked = w.claims.Track(target, w.Evidence, w.reads.For(w.RateLimit))
	default:
		w.tracked.Follow(target, w.Evidence)
	}
	return w.tracked
}

// clockTolerance is by how much the clocks of two machines may differ that destroy
// the same resource, for a signal of the one to be recognised by the other.
const clockTolerance = 10 * time.Second

// sendAgain is send for a signal that was sent then, by an earlier operation, with
// an unknown outcome: if the service shows it, it is not sent. Its answer was lost
// at the time given, or, where there is none, after as long as one attempt may take.
// Unless the service shows that it is not there, the outcome stays unknown whatever
// is refused.
func (w *signalRun) sendAgain(ctx context.Context, sent time.Time, previous lostSend) (sendResult, *sendProblem) {
	if sent.IsZero() {
		return w.send(ctx)
	}
	lost := previous.At
	if lost.IsZero() {
		lost = w.lostBy(sent)
	}
	w.previousSend = delivery.Timestamp{At: sent, Tolerance: clockTolerance}
	if w.target(); w.tracked == nil {
		return w.send(ctx)
	}
	w.tracked.Previous(w.previousSend, delivery.Timestamp{At: lost, Tolerance: clockTolerance}, previous.Rivals)
	end := w.lookup(ctx)
	w.previousLookup = &end
	switch {
	case end.Reached():
		return sendResult{delivery: Confirmed, at: sent}, nil
	case !end.Absent() && ctx.Err() != nil:
		return sendResult{}, w.stillUnknown(end)
	}
	result, problem := w.send(ctx)
	if result.delivery == Unknown && result.lost.IsZero() {
		result.lost = lost
	}
	return result, problem
}

// forLater is what a later destroy has to know of a signal that was lost then.
func (w *signalRun) forLater(sent sendResult) (later lostSend) {
	if sent.lost.After(w.lostBy(sent.at)) {
		later.At = sent.lost.UTC()
	}
	if w.tracked != nil {
		later.Rivals = w.tracked.Rivals()
	}
	return later
}

// lostBy is when the answer to one attempt that began then counts as lost at the latest.
func (c *Sender) lostBy(began time.Time) time.Time { return began.Add(c.policy.Attempt) }

// previousAbsent reports whether the service has shown that the previous send did not arrive.
func (w *signalRun) previousAbsent() bool {
	return w.previousLookup != nil && w.previousLookup.Absent()
}

// lookup finds out whether a signal has arrived whose answer was lost.
func (w *signalRun) lookup(ctx context.Context) delivery.WaitResult {
	if w.progress != nil {
		w.progress("Whether the signal was taken is not known: looking whether it is there")
	}
	end := w.tracked.Lookup(ctx)
	end.Observation = shown(w.redactor, end.Observation)
	tflog.Info(ctx, "looked whether the signal has arrived", map[string]any{
		"signal": w.What, "target": w.To, "arrived": end.Reached(), "absent": end.Absent(), "status": end.Observation.Status,
	})
	if end.Reached() && w.Find != nil {
		w.Signal = w.Find.Found()
	}
	return end
}

const untilReady = "waiting until the target can take it"

// complete waits for the end of the run of the target that took the signal, sent
// then, and notes what it saw.
func (w *signalRun) complete(ctx context.Context, waiting *Waiting, sent time.Time) delivery.WaitResult {
	if w.Find != nil && w.Completion == nil {
		if end := w.find(ctx, w.Find, w.poller.Wait, w.Find.signalled(sent)); !end.Reached() {
			waiting.note(end.Observation)
			return end
		}
	}
	end := w.waitForEnd(ctx, w.Completion, "Waiting for the target's run to end")
	waiting.note(end.Observation)
	return end
}

// readOnce reads once how far the run of the target has come that took the signal, sent then.
func (c *Sender) readOnce(ctx context.Context, signal Signal, sent time.Time) (delivery.Observation, delivery.Attempt) {
	reads := c.reads.For(signal.RateLimit)
	if signal.Find != nil && signal.Completion == nil {
		if observation, attempt := c.poller.ReadOnce(ctx, signal.Find.signalled(sent).WithLimiter(reads)); attempt.Outcome != delivery.Accepted {
			return observation, attempt
		}
		signal = signal.Find.Found()
	}
	observation, attempt := c.poller.ReadOnce(ctx, signal.Completion.WithLimiter(reads))
	return shown(c.redactor, observation), attempt
}

// waitForEnd is wait for the end of the run, for which others may wait, too.
func (w *signalRun) waitForEnd(ctx context.Context, probe *delivery.Probe, doing string) delivery.WaitResult {
	leave := w.waits.join(w.RateLimit+"/"+w.Run, &w.others)
	defer leave()
	return w.wait(ctx, probe, doing)
}

// wait waits for what a probe waits for.
func (w signalRun) wait(ctx context.Context, probe *delivery.Probe, doing string) delivery.WaitResult {
	return w.observe(ctx, w.poller.Wait, probe, doing)
}

// look is wait for what is there already, or is not.
func (w signalRun) look(ctx context.Context, probe *delivery.Probe, doing string) delivery.WaitResult {
	return w.observe(ctx, w.poller.Look, probe, doing)
}

// observer is how the poller reads a target until a probe has been answered.
type observer func(context.Context, *delivery.Probe, func(delivery.Observation, time.Time)) delivery.WaitResult

func (w signalRun) observe(ctx context.Context, until observer, probe *delivery.Probe, doing string) delivery.WaitResult {
	reported := progress{report: w.progress}
	end := until(ctx, probe.WithLimiter(w.reads.For(w.RateLimit)), func(observation delivery.Observation, at time.Time) {
		observation = shown(w.redactor, observation)
		tflog.Debug(ctx, doing, map[string]any{"signal": w.What, "target": w.To, "status": observation.Status})
		reported.saw(doing, observation, at)
	})
	end.Observation = shown(w.redactor, end.Observation)
	return end
}

// shown is an observation in words that are fit to be shown: whoever runs the target
// may have written them.
func shown(redactor *delivery.Redactor, observation delivery.Observation) delivery.Observation {
	observation.Status, observation.Reason = redactor.Text(observation.Status), redactor.Text(observation.Reason)
	return observation
}
