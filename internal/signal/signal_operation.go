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

// signalOperation is one signal in one operation of its resource.
type signalOperation struct {
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
	// tracked is the request as TraceMatcher tracks it, after request was called; nil if
	// the service shows no signals.
	tracked *delivery.TrackedRequest
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
func (o *signalOperation) send(ctx context.Context) (sendResult, *sendProblem) {
	adopts, unready, finder := o.options.AdoptExisting.ValueBool(), o.options.WaitUntilReady.ValueBool(), o.Find
	switch {
	case finder == nil:
	case !finder.Required && !adopts && !unready && !o.options.WaitForCompletion.ValueBool():
		// No option reads the target, and the service finds the target by itself.
		finder = nil
	case adopts && finder.Adopting != nil:
		finder = finder.Adopting
	}
	if finder != nil {
		// The provider must read the same target that it signals, so it finds the
		// target before it sends.
		probe, read, doing := finder.Now, o.poller.WaitWhileReachable, "looking for the target"
		if unready {
			probe, read, doing = finder.Ready, o.poller.Wait, doingUntilReady
		}
		end := o.find(ctx, finder, read, probe)
		if !end.Reached() {
			if end.Observation.Gone && o.phase == destroy && finder.Ended != nil {
				seen, attempt := o.readOnce(ctx, finder.Ended)
				end.Observation.Gone = attempt.Outcome == delivery.Accepted && seen.State == delivery.Reached
			}
			return sendResult{}, o.notFound(end, finder, doing)
		}
		o.warnExpiry(ctx, end.Observation)
	}
	// late says what may have left no time for the signal.
	late := ""
	switch {
	case unready:
		late = "the target became ready"
	case finder != nil:
		late = "the target was found"
	case adopts:
		late = "the check whether the signal is already there ended"
	case !o.previousSend.IsZero():
		late = "the search for the earlier signal ended"
	}
	var (
		result  delivery.Result
		refusal *signalOperation
	)
	for again := true; again; {
		again, refusal = false, nil
		if adopts {
			switch end := o.observe(ctx, o.poller.WaitWhileReachable, o.Existing, "Checking whether the signal is already there"); {
			case end.Reached() && o.adopt(end.Observation):
				return sendResult{delivery: DeliveryAdopted}, nil
			case end.Observation.State == delivery.Pending:
				return sendResult{}, o.notReady(end, "checking whether the signal is already there")
			}
		}
		if unready && finder == nil {
			end := o.wait(ctx, o.Ready, "Waiting until the target is ready")
			if !end.Reached() {
				return sendResult{}, o.notReady(end, doingUntilReady)
			}
			o.warnExpiry(ctx, end.Observation)
		}
		if late != "" && !o.policy.LeavesTime(ctx) {
			return sendResult{}, o.tooLate(late)
		}
		result, o.refused = o.deliver(ctx), delivery.Observation{}
		if finder == nil || result.Outcome != delivery.Rejected || result.HadUnknown {
			continue
		}
		switch advice := o.Explain(result.Attempt); {
		case finder.Required && o.targetHasEnded(ctx, advice):
			before := *o
			refusal = &before
			o.Signal, o.warnings = finder.Forget(), nil
			again, refusal.lookedAgain = o.findAgain(ctx, finder, unready)
		case !finder.Required && advice.Gone && !adopts && o.policy.LeavesTime(ctx):
			// The found target has ended, and lagging reads may still show it for a
			// while. So send without a target id: the service finds another target,
			// if there is one.
			o.Signal, finder = finder.Forget(), nil
			result = o.deliver(ctx)
		}
	}
	switch result.Outcome {
	case delivery.Accepted:
		return sendResult{delivery: DeliverySent, at: result.SentAt, requestID: o.redactor.Text(result.RequestID)}, nil
	case delivery.Confirmed:
		if end := result.LookupResult; end != nil && end.Observation.Reason != "" {
			o.warnings.AddWarning("Signal May Have Been Taken Twice",
				fmt.Sprintf("The answer to %s to %s was lost, and %s was read to find out whether it had arrived. It had, but %s.\n\n%s", o.What, o.To, o.Service, end.Observation.Reason, o.HowToCheck))
		}
		return sendResult{delivery: DeliveryConfirmed, at: result.SentAt}, nil
	}
	mayCome := false
	if advice := o.Explain(result.Attempt); result.Outcome == delivery.Rejected && o.Refused != nil && o.refused.Seen == "" && (advice.Ambiguous || advice.MayCome && o.phase == destroy) {
		seen, read := o.readOnce(ctx, o.Refused)
		if read.Outcome == delivery.Accepted {
			o.refused = seen
		}
		mayCome = advice.MayCome && (read.Outcome != delivery.Accepted || seen.State == delivery.Pending)
	}
	problem := cmp.Or(refusal, o).failure(result)
	if finder != nil || mayCome {
		// Another target may exist, or what the signal is for may still come.
		problem.gone = ""
	}
	if result.Outcome == delivery.Unknown {
		return sendResult{DeliveryUnknown, result.FirstUnknown.At, o.redactor.Text(result.RequestID), result.LastUnknown}, problem
	}
	return sendResult{}, problem
}

// targetHasEnded reports whether the found target, which has refused the signal, has ended
// unanswered, so that the signal may be for another target. If the answer does not tell, it
// reads the target. If somebody else has answered it, what waits next is for another signal,
// in this target or in another one.
func (o *signalOperation) targetHasEnded(ctx context.Context, advice Advice) bool {
	switch {
	case advice.Gone:
		return true
	case advice.Ambiguous && o.Refused != nil:
		settling, cancel := o.poller.SettleContext(ctx)
		defer cancel()
		o.refused = o.observe(settling, o.poller.WaitWhileReachable, o.Refused, "Reading why the target has refused the signal").Observation
		return o.refused.State == delivery.Reached
	case o.Refused != nil:
		seen, read := o.readOnce(ctx, o.Refused)
		return read.Outcome == delivery.Accepted && seen.State == delivery.Reached
	default:
		return false
	}
}

// warnExpiry warns, once, if the target stops waiting for a signal before the
// timeout is over.
func (o *signalOperation) warnExpiry(ctx context.Context, waiting delivery.Observation) {
	deadline, ok := ctx.Deadline()
	if !ok || waiting.Expires.IsZero() || !waiting.Expires.Before(deadline) || len(o.warnings) > 0 {
		return
	}
	expires := waiting.Expires.UTC().Format(time.RFC3339)
	said := fmt.Sprintf("%s takes the signal only until %s. The %s timeout of %s is longer: attempts after that time come too late.", o.To, expires, o.phase, o.timeout)
	if o.What == "" {
		said = fmt.Sprintf("%s waits for a signal only until %s. The %s timeout of %s is longer: a signal that is sent after that time comes too late.", o.To, expires, o.phase, o.timeout)
	}
	o.warnings.AddWarning("Target Expires Before the Timeout", join(said, waiting.Then))
}

// adopt reports whether this resource adopts the signal that the target shows.
// An action has no id, and always adopts.
func (o *signalOperation) adopt(found delivery.Observation) bool {
	if o.id == "" || found.Shown == nil {
		return true
	}
	o.request()
	return o.tracked.Adopt(*found.Shown)
}

// sendWarningOfTwins calls send, and warns if the service takes the signal for that of another
// resource, which was sent before or is sent at the same time. A signal that was refused
// does not count for others.
func (o *signalOperation) sendWarningOfTwins(send func() delivery.Result) delivery.Result {
	key, argument := o.IdempotencyKey, o.IdempotencyArgument // A lookup may find another target.
	if key == "" || o.options.AdoptExisting.ValueBool() {
		return send()
	}
	sender := cmp.Or(o.id, fmt.Sprintf("%p", o))
	other, known := o.sent.LoadOrStore(key, sender)
	result := send()
	both := "So this one was not taken, or both together count once."
	if result.Outcome == delivery.Rejected || result.Outcome == delivery.NotSent {
		o.sent.CompareAndDelete(key, sender)
	} else {
		other, known = o.sent.LoadOrStore(key, sender)
		both = "So both together count once, and nothing tells which of them was taken."
	}
	if known && other != sender {
		o.warnings.AddAttributeWarning(path.Root(argument), "Duplicate Signal Id",
			fmt.Sprintf("Another resource has sent a signal with the same %[1]s to %[2]s. %[3]s treats signals with the same %[1]s as one signal. %[4]s"+
				"\n\nGive each signal a different %[1]s, or leave %[1]s out to have one made.", argument, o.To, o.Service, both))
	}
	return result
}

// deliver delivers the signal.
func (o *signalOperation) deliver(ctx context.Context) delivery.Result {
	unknown := delivery.UnknownOutcomePolicy{
		Resend: o.options.ResendOnUnknown.ValueBool(), PreviousSend: o.previousSend, PreviousAbsent: o.previousAbsent(),
	}
	request := o.request()
	if o.tracked != nil {
		unknown.Lookup = o.lookup
	}
	return o.sendWarningOfTwins(func() delivery.Result {
		return o.policy.Deliver(ctx, o.sends.For(o.RateLimit), request, unknown, func(attempt delivery.Attempt, pause time.Duration) {
			if o.progress != nil {
				o.progress("Not accepted yet, trying again: %s", o.answer(attempt))
			}
			tflog.Info(ctx, "signal not accepted yet, trying again", map[string]any{
				"signal": o.What, "target": o.To, "outcome": attempt.Outcome.String(), "error": o.redactor.Text(attempt.Err.Error()), "pause": pause.String(),
			})
		})
	})
}

// request returns the request that sends the signal. If the service shows the signals that it
// took, TraceMatcher tracks the sends.
func (o *signalOperation) request() delivery.Request {
	request := o.Request
	switch {
	case o.Evidence == nil:
		return request
	case o.tracked == nil:
		o.tracked = o.matcher.Track(o.id, request, o.Evidence, o.reads.For(o.RateLimit))
	default:
		o.tracked.SetRequest(request, o.Evidence)
	}
	return o.tracked
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
func (o *signalOperation) sendAgain(ctx context.Context, sent time.Time, previous lostSend) (sendResult, *sendProblem) {
	if sent.IsZero() {
		return o.send(ctx)
	}
	lost := previous.At
	if lost.IsZero() {
		lost = o.latestLoss(sent)
	}
	o.previousSend = delivery.Timestamp{At: sent, Tolerance: clockTolerance}
	if o.request(); o.tracked == nil {
		return o.send(ctx)
	}
	o.tracked.Previous(o.previousSend, delivery.Timestamp{At: lost, Tolerance: clockTolerance}, previous.Competing)
	end := o.lookup(ctx)
	o.previousLookup = &end
	switch {
	case end.Reached():
		return sendResult{delivery: DeliveryConfirmed, at: sent}, nil
	case !end.Absent() && ctx.Err() != nil:
		return sendResult{}, o.stillUnknown(end)
	}
	result, problem := o.send(ctx)
	if result.delivery == DeliveryUnknown && result.lost.IsZero() {
		result.lost = lost
	}
	return result, problem
}

// forLaterDestroy returns what a later destroy must know of a signal whose answer was
// lost.
func (o *signalOperation) forLaterDestroy(sent sendResult) (later lostSend) {
	if sent.lost.After(o.latestLoss(sent.at)) {
		later.At = sent.lost.UTC()
	}
	if o.tracked != nil {
		later.Competing = o.tracked.Competing()
	}
	return later
}

// previousAbsent reports whether the service has shown that the previous send did not arrive.
func (o *signalOperation) previousAbsent() bool {
	return o.previousLookup != nil && o.previousLookup.Absent()
}

// lookup finds out whether a signal with a lost answer has arrived.
func (o *signalOperation) lookup(ctx context.Context) delivery.WaitResult {
	if o.progress != nil {
		o.progress("It is not known whether the service took the signal: reading the target to find out")
	}
	result := o.tracked.Lookup(ctx)
	result.Observation = o.redacted(result.Observation)
	tflog.Info(ctx, "checked whether the signal has arrived", map[string]any{
		"signal": o.What, "target": o.To, "arrived": result.Reached(), "absent": result.Absent(), "status": result.Observation.Status,
	})
	if result.Reached() && o.Find != nil {
		o.follow(o.Find)
	}
	return result
}

const doingUntilReady = "waiting until the target can take it"

// waitForCompletion waits for the end of the run that took the signal, and records what
// it saw. sent is when the signal was sent.
func (o *signalOperation) waitForCompletion(ctx context.Context, waiting *Waiting, sent time.Time) delivery.WaitResult {
	if o.Find != nil && o.Completion == nil {
		if result := o.find(ctx, o.Find, o.poller.Wait, o.Find.signalled(sent)); !result.Reached() {
			waiting.note(result.Observation)
			return result
		}
	}
	result := o.waitForEnd(ctx, o.Completion, "Waiting for the target's run to end")
	waiting.note(result.Observation)
	return result
}

// readEnd reads once the status of the run that took the signal. sent is when
// the signal was sent.
func (o *signalOperation) readEnd(ctx context.Context, sent time.Time) (delivery.Observation, delivery.Attempt) {
	if o.Find != nil && o.Completion == nil {
		if observation, attempt := o.readOnce(ctx, o.Find.signalled(sent)); attempt.Outcome != delivery.Accepted {
			return observation, attempt
		}
		o.follow(o.Find)
	}
	return o.readOnce(ctx, o.Completion)
}

// readOnce reads the target once.
func (o *signalOperation) readOnce(ctx context.Context, probe *delivery.Probe) (delivery.Observation, delivery.Attempt) {
	observation, attempt := o.poller.ReadOnce(ctx, probe.WithLimiter(o.reads.For(o.RateLimit)))
	return o.redacted(observation), attempt
}

// waitForEnd is wait for the end of a run. It counts the resources that wait for it.
func (o *signalOperation) waitForEnd(ctx context.Context, probe *delivery.Probe, doing string) delivery.WaitResult {
	leave := o.waits.join(o.RateLimit+"/"+o.RunID, &o.others)
	defer leave()
	return o.wait(ctx, probe, doing)
}

// wait reads the target until the probe's state is reached or missed.
func (o *signalOperation) wait(ctx context.Context, probe *delivery.Probe, doing string) delivery.WaitResult {
	return o.observe(ctx, o.poller.Wait, probe, doing)
}

// observer is a method of the poller that reads a target: Wait or WaitWhileReachable.
type observer func(context.Context, *delivery.Probe, func(delivery.Observation, time.Time)) delivery.WaitResult

func (o *signalOperation) observe(ctx context.Context, read observer, probe *delivery.Probe, doing string) delivery.WaitResult {
	reported := progress{report: o.progress}
	result := read(ctx, probe.WithLimiter(o.reads.For(o.RateLimit)), func(observation delivery.Observation, at time.Time) {
		observation = o.redacted(observation)
		o.warnExpiry(ctx, observation)
		tflog.Debug(ctx, doing, map[string]any{"signal": o.What, "target": o.To, "status": observation.Status})
		reported.saw(doing, observation, at)
	})
	result.Observation = o.redacted(result.Observation)
	return result
}

// redacted returns the observation with all its texts cleaned, because the owner of
// the target may have written them.
func (o *signalOperation) redacted(observation delivery.Observation) delivery.Observation {
	fields := reflect.ValueOf(&observation).Elem()
	for i := range fields.NumField() {
		if text := fields.Field(i); text.Kind() == reflect.String {
			text.SetString(o.redactor.Text(text.String()))
		}
	}
	return observation
}
