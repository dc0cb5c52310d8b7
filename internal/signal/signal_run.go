package signal

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// signalRun is one signal in one operation of its resource.
type signalRun struct {
	*Sender
	Signal
	system system
	// id is the id of the resource, "" for an action.
	id      string
	phase   phase
	timeout time.Duration
	options Options
	// texts replace those of a nextStep.
	texts map[*nextStep]string
	// others counts the other resources that have waited for the same run.
	others int
	// tracked is the signal's target after target was called; nil if the service
	// shows no signals.
	tracked *delivery.TrackedTarget
	// previousSend is when an earlier operation sent the signal with an unknown
	// outcome. previousLookup is the result of the lookup for that send.
	previousSend   delivery.Timestamp
	previousLookup *delivery.WaitResult
	// lookedAgain says why no other target was found after the found one had refused
	// the signal.
	lookedAgain string
	// refused is what the target showed after it had refused the signal.
	refused delivery.Observation
	// warnings are shown whether the signal was sent or not. They concern the present target.
	warnings diag.Diagnostics
	// redactor also knows the signal's own secrets.
	redactor *delivery.Redactor
	// progress reports progress to the user; nil for resources.
	progress func(format string, of ...any)
}

// sendResult is the result of a send. delivery is empty if the service did not
// take the signal.
type sendResult struct {
	delivery  string
	at        time.Time
	requestID string
	// lost is when the last attempt with an unknown outcome ended.
	lost time.Time
}

// sendProblem is the diagnostic of a signal that was not accepted.
type sendProblem struct {
	diag.Diagnostic
	// gone is the text for a target that no longer exists; empty if the target may
	// exist.
	gone string
}

// send sends the signal. With adopt_existing it first checks whether the signal
// is already there. With wait_until_ready it first waits until the target is
// ready. It returns a problem unless the signal was accepted, confirmed or
// adopted.
func (w *signalRun) send(ctx context.Context) (sendResult, *sendProblem) {
	adopts, unready, finder := w.options.AdoptExisting.ValueBool(), w.options.WaitUntilReady.ValueBool(), w.Find
	switch {
	case finder == nil:
	case !finder.Required && !adopts && !unready && !w.options.WaitForCompletion.ValueBool():
		// No option reads the target, and the service finds the target by itself.
		finder = nil
	case adopts && finder.Adopting != nil:
		finder = finder.Adopting
	}
	if finder != nil {
		// The provider must read the same target that it signals, so it finds the
		// target before it sends.
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
			switch end := w.observe(ctx, w.poller.Look, w.Existing, "Looking whether the signal is there"); {
			case end.Reached() && w.adopt(end.Observation):
				return sendResult{delivery: DeliveryAdopted}, nil
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
		result, w.refused = w.deliver(ctx), delivery.Observation{}
		if finder == nil || result.Outcome != delivery.Rejected || result.HadUnknown {
			continue
		}
		switch advice := w.Explain(result.Attempt); {
		case finder.Required && w.targetHasEnded(ctx, advice):
			before := *w
			refusal = &before
			w.Signal, w.warnings = finder.Forget(), nil
			again, refusal.lookedAgain = w.findAgain(ctx, finder, unready)
		case !finder.Required && advice.Gone && !adopts:
			// The found target has ended, and lagging reads may still show it for a
			// while. So send without a target id: the service finds another target,
			// if there is one.
			w.Signal, finder = finder.Forget(), nil
			result = w.deliver(ctx)
		}
	}
	switch result.Outcome {
	case delivery.Accepted:
		return sendResult{delivery: DeliverySent, at: result.SentAt, requestID: w.redactor.Text(result.RequestID)}, nil
	case delivery.Confirmed:
		if end := result.LookupResult; end != nil && end.Observation.Reason != "" {
			w.warnings.AddWarning("Signal May Have Been Taken Twice",
				fmt.Sprintf("The answer to %s to %s was lost, and %s was read to find out whether it had arrived. It had, but %s.\n\n%s", w.What, w.To, w.Service, end.Observation.Reason, w.HowToCheck))
		}
		return sendResult{delivery: DeliveryConfirmed, at: result.SentAt}, nil
	}
	if result.Outcome == delivery.Rejected && w.Refused != nil && w.refused.Seen == "" && w.Explain(result.Attempt).Ambiguous {
		if seen, read := w.readOnce(ctx, w.Refused); read.Outcome == delivery.Accepted {
			w.refused = seen
		}
	}
	problem := cmp.Or(refusal, w).failure(result)
	if finder != nil {
		// Another target may exist.
		problem.gone = ""
	}
	if result.Outcome == delivery.Unknown {
		return sendResult{DeliveryUnknown, result.FirstUnknown.At, w.redactor.Text(result.RequestID), result.LastUnknown}, problem
	}
	return sendResult{}, problem
}

// targetHasEnded reports whether the found target, which has refused the signal, has ended, so that
// the signal may be for another target. If the answer does not tell, it reads the target. A
// target that goes on was answered by somebody else: what waits next is for another signal.
func (w *signalRun) targetHasEnded(ctx context.Context, advice Advice) bool {
	switch {
	case advice.Gone:
		return true
	case advice.Ambiguous && w.Refused != nil:
		lagging, cancel := w.poller.Lagging(ctx)
		defer cancel()
		w.refused = w.observe(lagging, w.poller.Look, w.Refused, "Reading why the target has refused the signal").Observation
		return w.refused.State == delivery.Reached
	case w.Completion != nil:
		seen, read := w.readOnce(ctx, w.Completion)
		return read.Outcome == delivery.Accepted && seen.State != delivery.Pending
	default:
		return false
	}
}

// warnExpiry warns, once, if the target stops waiting for a signal before the
// timeout is over.
func (w *signalRun) warnExpiry(ctx context.Context, waiting delivery.Observation) {
	deadline, ok := ctx.Deadline()
	if !ok || waiting.Expires.IsZero() || !waiting.Expires.Before(deadline) || len(w.warnings) > 0 {
		return
	}
	until := waiting.Expires.UTC().Format(time.RFC3339)
	said := fmt.Sprintf("%s takes the signal only until %s. The %s timeout of %s is longer: attempts after that time come too late.", w.To, until, w.phase, w.timeout)
	if w.What == "" {
		said = fmt.Sprintf("%s waits for a signal only until %s. The %s timeout of %s is longer: a signal that is sent after that time comes too late.", w.To, until, w.phase, w.timeout)
	}
	w.warnings.AddWarning("Target Expires Before the Timeout", join(said, waiting.Then))
}

// adopt reports whether this resource adopts the signal that the target shows.
// An action has no id, and always adopts.
func (w *signalRun) adopt(found delivery.Observation) bool {
	if w.id == "" || found.Shown == nil {
		return true
	}
	w.target()
	return w.tracked.Adopt(w.id, *found.Shown)
}

// sendWarningOfTwins calls send, and warns if the service takes the signal for that of another
// resource, which was sent before or is sent at the same time. A signal that was refused
// does not count for others.
func (w *signalRun) sendWarningOfTwins(send func() delivery.Result) delivery.Result {
	key, argument := w.IdempotencyKey, w.IdempotencyArgument // A lookup may find another target.
	if key == "" || w.options.AdoptExisting.ValueBool() {
		return send()
	}
	sender := cmp.Or(w.id, fmt.Sprintf("%p", w))
	other, known := w.sent.LoadOrStore(key, sender)
	result := send()
	both := "So this one was not taken, or both together count once."
	if result.Outcome == delivery.Rejected || result.Outcome == delivery.NotSent {
		w.sent.CompareAndDelete(key, sender)
	} else {
		other, known = w.sent.LoadOrStore(key, sender)
		both = "So both together count once, and nothing tells which of them was taken."
	}
	if known && other != sender {
		w.warnings.AddAttributeWarning(path.Root(argument), "Two Signals Are One",
			fmt.Sprintf("Another resource has sent a signal with the same %[1]s to %[2]s. %[3]s treats signals with the same %[1]s as one signal. %[4]s"+
				"\n\nGive each signal a %[1]s of its own, or leave %[1]s out to have one made.", argument, w.To, w.Service, both))
	}
	return result
}

// deliver delivers the signal.
func (w *signalRun) deliver(ctx context.Context) delivery.Result {
	unknown := delivery.UnknownOutcomePolicy{
		Resend: w.options.ResendOnUnknown.ValueBool(), PreviousSend: w.previousSend, PreviousAbsent: w.previousAbsent(),
	}
	target := w.target()
	if w.tracked != nil {
		unknown.Lookup = w.lookup
	}
	return w.sendWarningOfTwins(func() delivery.Result {
		return w.policy.Deliver(ctx, w.sends.For(w.RateLimit), target, unknown, func(attempt delivery.Attempt, pause time.Duration) {
			if w.progress != nil {
				w.progress("Not accepted yet, trying again: %s", w.answer(attempt))
			}
			tflog.Info(ctx, "signal not accepted yet, trying again", map[string]any{
				"signal": w.What, "target": w.To, "outcome": attempt.Outcome.String(), "error": w.redactor.Text(attempt.Err.Error()), "pause": pause.String(),
			})
		})
	})
}

// target returns the signal's target. If the service shows the signals that it
// took, TraceMatcher tracks the sends.
func (w *signalRun) target() delivery.Target {
	target := w.Target
	switch {
	case w.Evidence == nil:
		return target
	case w.tracked == nil:
		w.tracked = w.matcher.Track(target, w.Evidence, w.reads.For(w.RateLimit))
	default:
		w.tracked.Follow(target, w.Evidence)
	}
	return w.tracked
}

// clockTolerance is the largest difference between the clocks of two machines
// for which one machine recognises a signal that the other one has sent.
const clockTolerance = 10 * time.Second

// sendAgain is send for a signal that an earlier operation sent at this time
// with an unknown outcome. If the service shows that signal, sendAgain sends
// nothing. The answer was lost at previous.At or, if that is zero, when the
// timeout of one attempt was over. If the service does not show that the
// earlier signal is absent, the outcome stays unknown, even if the service
// refuses a new request.
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
	w.tracked.Previous(w.previousSend, delivery.Timestamp{At: lost, Tolerance: clockTolerance}, previous.Competing)
	end := w.lookup(ctx)
	w.previousLookup = &end
	switch {
	case end.Reached():
		return sendResult{delivery: DeliveryConfirmed, at: sent}, nil
	case !end.Absent() && ctx.Err() != nil:
		return sendResult{}, w.stillUnknown(end)
	}
	result, problem := w.send(ctx)
	if result.delivery == DeliveryUnknown && result.lost.IsZero() {
		result.lost = lost
	}
	return result, problem
}

// forLaterDestroy returns what a later destroy must know of a signal whose answer was
// lost.
func (w *signalRun) forLaterDestroy(sent sendResult) (later lostSend) {
	if sent.lost.After(w.lostBy(sent.at)) {
		later.At = sent.lost.UTC()
	}
	if w.tracked != nil {
		later.Competing = w.tracked.Competing()
	}
	return later
}

// previousAbsent reports whether the service has shown that the previous send did not arrive.
func (w *signalRun) previousAbsent() bool {
	return w.previousLookup != nil && w.previousLookup.Absent()
}

// lookup finds out whether a signal with a lost answer has arrived.
func (w *signalRun) lookup(ctx context.Context) delivery.WaitResult {
	if w.progress != nil {
		w.progress("It is not known whether the service took the signal: reading the target to find out")
	}
	end := w.tracked.Lookup(ctx)
	end.Observation = w.redacted(end.Observation)
	tflog.Info(ctx, "looked whether the signal has arrived", map[string]any{
		"signal": w.What, "target": w.To, "arrived": end.Reached(), "absent": end.Absent(), "status": end.Observation.Status,
	})
	if end.Reached() && w.Find != nil {
		w.follow(w.Find)
	}
	return end
}

const untilReady = "waiting until the target can take it"

// waitForCompletion waits for the end of the run that took the signal, and records what
// it saw. sent is when the signal was sent.
func (w *signalRun) waitForCompletion(ctx context.Context, waiting *Waiting, sent time.Time) delivery.WaitResult {
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

// readEnd reads once the status of the run that took the signal. sent is when
// the signal was sent.
func (w *signalRun) readEnd(ctx context.Context, sent time.Time) (delivery.Observation, delivery.Attempt) {
	if w.Find != nil && w.Completion == nil {
		if observation, attempt := w.readOnce(ctx, w.Find.signalled(sent)); attempt.Outcome != delivery.Accepted {
			return observation, attempt
		}
		w.follow(w.Find)
	}
	return w.readOnce(ctx, w.Completion)
}

// readOnce reads the target once.
func (w *signalRun) readOnce(ctx context.Context, probe *delivery.Probe) (delivery.Observation, delivery.Attempt) {
	observation, attempt := w.poller.ReadOnce(ctx, probe.WithLimiter(w.reads.For(w.RateLimit)))
	return w.redacted(observation), attempt
}

// waitForEnd is wait for the end of a run. It counts the resources that wait for it.
func (w *signalRun) waitForEnd(ctx context.Context, probe *delivery.Probe, doing string) delivery.WaitResult {
	leave := w.waits.join(w.RateLimit+"/"+w.Run, &w.others)
	defer leave()
	return w.wait(ctx, probe, doing)
}

// wait reads the target until the probe's state is reached or missed.
func (w *signalRun) wait(ctx context.Context, probe *delivery.Probe, doing string) delivery.WaitResult {
	return w.observe(ctx, w.poller.Wait, probe, doing)
}

// observer is a method of the poller that reads a target: Wait or Look.
type observer func(context.Context, *delivery.Probe, func(delivery.Observation, time.Time)) delivery.WaitResult

func (w *signalRun) observe(ctx context.Context, until observer, probe *delivery.Probe, doing string) delivery.WaitResult {
	reported := progress{report: w.progress}
	end := until(ctx, probe.WithLimiter(w.reads.For(w.RateLimit)), func(observation delivery.Observation, at time.Time) {
		observation = w.redacted(observation)
		w.warnExpiry(ctx, observation)
		tflog.Debug(ctx, doing, map[string]any{"signal": w.What, "target": w.To, "status": observation.Status})
		reported.saw(doing, observation, at)
	})
	end.Observation = w.redacted(end.Observation)
	return end
}

// redacted returns the observation with all its texts cleaned, because the owner of
// the target may have written them.
func (w *signalRun) redacted(observation delivery.Observation) delivery.Observation {
	fields := reflect.ValueOf(&observation).Elem()
	for i := range fields.NumField() {
		if text := fields.Field(i); text.Kind() == reflect.String {
			text.SetString(w.redactor.Text(text.String()))
		}
	}
	return observation
}
