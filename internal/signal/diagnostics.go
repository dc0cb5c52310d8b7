package signal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// notPrepared returns the diagnostic for a signal that could not be prepared, for
// example because no credentials were found.
func (p phase) notPrepared(name string, err error) diag.Diagnostic {
	return diag.NewErrorDiagnostic("Signal Not Sent",
		join(fmt.Sprintf("The signal of this signal_%s could not be prepared: %s.", name, err), (*nothingSent)[p]))
}

// failure returns the problem of a delivery that did not end accepted. It says
// what the provider was doing, what the service answered, what that means, and
// what to do next.
func (o signalOperation) failure(result delivery.Result) *sendProblem {
	summary := map[delivery.Outcome]string{
		delivery.Rejected: "Signal Rejected",
		delivery.NotSent:  "Signal Not Sent",
		delivery.Unknown:  "Outcome of the Signal Unknown",
	}[result.Outcome]
	next := o.next(notTaken)
	switch {
	case result.Outcome == delivery.NotSent && result.Stopped == nil && !result.Retryable():
		next = o.next(nothingSent)
	case result.Outcome == delivery.Unknown:
		next = o.unknownText(unknownReason(result) + o.lookupText(result))
	}
	advice := o.Explain(result.Attempt)
	doing := fmt.Sprintf("Sending %s to %s failed%s: ", o.What, o.To, afterAttempts(result.Attempts))
	if result.Attempts == 0 {
		doing = fmt.Sprintf("Sending %s to %s was not tried: the signal was still waiting, because %s throttles. The last signal that was refused because of that got this answer: ", o.What, o.To, o.Service)
	}
	detail := join(
		doing+o.answer(result.Attempt),
		o.asked(result), o.stopped(result.Stopped), unsentBecause(result.Attempt, result.Stopped), o.refused.Seen, advice.Next, o.lookedAgain)
	return o.problem(summary, advice, detail, next, (advice.Gone || o.refused.Gone) && (result.Outcome != delivery.Unknown || !result.HadUnknown))
}

// stillUnknown returns the problem of an operation that ended while it looked
// for the signal of an earlier operation.
func (o signalOperation) stillUnknown(end delivery.WaitResult) *sendProblem {
	return o.problem("Outcome of the Signal Unknown", Advice{},
		join(fmt.Sprintf("Sending %s to %s was not tried.", o.What, o.To), o.stopped(end.Stopped)), o.previousText(), false)
}

// previousText says what is known of a signal that an earlier operation sent
// and whose outcome is still unknown.
func (o signalOperation) previousText() string {
	return o.unknownText("Nothing was sent now. An earlier operation sent the signal, and it is unknown whether the service took it." +
		o.lookupText(delivery.Result{LookupResult: o.previousLookup}))
}

// unknownText says that the outcome of a signal is unknown, why, how the user
// can find out, and what to do next.
func (o signalOperation) unknownText(reason string) string {
	next, hint := o.next(mayBeTaken), ""
	if o.options.AdoptExisting.ValueBool() {
		next = o.next(mayBeAdopted)
	}
	if o.system.Resends && !o.options.ResendOnUnknown.ValueBool() {
		hint = " With resend_on_unknown = true the provider sends the signal once more in the same operation, if its outcome stays unknown."
	}
	return join(reason, o.HowToCheck, next+hint)
}

// next returns the text that says what the state has of the signal, and what
// to do next.
func (o signalOperation) next(at *nextStep) string {
	if text, ok := o.texts[at]; ok {
		return text
	}
	return (*at)[o.phase]
}

// unsent is next for a signal that was not sent now. If an earlier operation sent it, and
// the outcome is still unknown, it says that.
func (o signalOperation) unsent(at *nextStep) string {
	if !o.previousSend.IsZero() && !o.previousAbsent() {
		return o.previousText()
	}
	return o.next(at)
}

// asked says how long the service asked the provider to wait, if the timeout
// ended because of that.
func (o signalOperation) asked(result delivery.Result) string {
	if result.RetryAfter == 0 || !errors.Is(result.Stopped, context.DeadlineExceeded) {
		return ""
	}
	return fmt.Sprintf("%s asked the provider to wait %s before the next request.", o.Service, result.RetryAfter)
}

// unknownReason says what the provider did about an unknown outcome.
func unknownReason(result delivery.Result) string {
	switch {
	case !result.HadUnknown:
		return "The service did not take the signal now. An earlier operation also sent it, and it is unknown whether the service took it then."
	case result.Repeatable:
		return "It is unknown whether the service took the signal: no attempt got a clear answer."
	case result.Resent:
		return "It is unknown whether the service took the signal. It was sent once more, as resend_on_unknown = true asks for, and is not sent again."
	default:
		return "It is unknown whether the service took the signal, so the provider did not send it again."
	}
}

// lookupText says why the lookup did not show whether the signal has arrived.
func (o signalOperation) lookupText(result delivery.Result) string {
	end, next := result.LookupResult, o.next(notReadable)
	if o.options.AdoptExisting.ValueBool() {
		next = ""
	}
	switch {
	case end == nil || end.Reached():
		return ""
	case end.Absent() && result.TimedOut:
		return fmt.Sprintf(" %s does not show it. But there was no answer at all, so the request may still be under way.", o.Service)
	case end.Absent():
		return ""
	case end.Unreadable != nil:
		return join(fmt.Sprintf(" The provider asked %s whether the signal has arrived, and that failed: %s", o.Service, o.answer(*end.Unreadable)),
			unsentBecause(*end.Unreadable, end.Stopped), o.explainRead(*end.Unreadable).Next, next)
	case end.Stopped != nil:
		return join(fmt.Sprintf(" The provider asked %s whether the signal has arrived, and did not finish.", o.Service), o.lastFailure(*end))
	default:
		return fmt.Sprintf(" What %s shows does not tell: %s.", o.Service, end.Observation.Reason)
	}
}

func (o signalOperation) problem(summary string, advice Advice, detail, next string, gone bool) *sendProblem {
	p := &sendProblem{Diagnostic: diagnostic(summary, advice, detail, next)}
	if gone {
		p.gone = detail
	}
	return p
}

// targetGone returns the warning of a destroy whose target no longer exists.
// delivery is the value of the attribute before.
func targetGone(p *sendProblem, delivery string) diag.Diagnostic {
	next := "No signal was sent at destroy, and the destroy goes on."
	if delivery == DeliveryUnknown {
		next = "An earlier destroy sent the signal, and it is unknown whether the service took it: that signal may have ended the target. The destroy goes on."
	}
	return diag.NewWarningDiagnostic("Target Is Gone", join(p.gone, next))
}

// notReady returns the problem of a signal that was not sent because its target
// was not ready or could not be read.
func (o signalOperation) notReady(end delivery.WaitResult, doing string) *sendProblem {
	opening := fmt.Sprintf("Sending %s to %s was not tried: %s ", o.What, o.To, doing)
	if end.Unreadable != nil {
		advice, next := o.explainRead(*end.Unreadable), notTaken
		if end.Unreadable.Outcome == delivery.NotSent && end.Stopped == nil && !end.Unreadable.Retryable() {
			next = nothingSent
		}
		detail := join(opening+"failed: "+o.answer(*end.Unreadable), unsentBecause(*end.Unreadable, end.Stopped), advice.Next)
		return o.problem("Signal Not Sent", advice, detail, o.unsent(next), advice.Gone)
	}
	saw := "ended without seeing its status."
	if end.Observation.Status != "" {
		saw = fmt.Sprintf("ended with its status %s.", end.Observation.Status)
	}
	if end.Observation.Seen != "" {
		saw += " " + end.Observation.Seen
	}
	saw += o.reason(end)
	meaning, next := "", notTaken
	switch {
	case end.Observation.State == delivery.Missed:
		meaning = "In this state it does not become ready any more. Check that this is the right target."
		next = neverReady
	case end.Observation.Status == "":
		meaning = o.notSeen(end)
	}
	return o.problem("Signal Not Sent", Advice{}, join(opening+saw, o.lastFailure(end), o.stopped(end.Stopped), meaning), o.unsent(next), end.Observation.Gone)
}

// tooLate returns the problem of a signal that was not sent because what was done before
// ended too late.
func (o signalOperation) tooLate(what string) *sendProblem {
	return o.problem("Signal Not Sent", Advice{},
		join(fmt.Sprintf("Sending %s to %s was not tried, because %s too late.", o.What, o.To, what), o.stopped(context.DeadlineExceeded)), o.unsent(nothingSent), false)
}

// notSeen explains that the target was not seen. It returns "" if the apply was
// cancelled or no read was answered, because then nothing is known of the target.
func (o signalOperation) notSeen(end delivery.WaitResult) string {
	if !end.Answered || errors.Is(end.Stopped, context.Canceled) {
		return ""
	}
	return o.Unseen
}

// notFound returns the problem of a signal that was not sent because no target
// or several targets were found.
func (o signalOperation) notFound(end delivery.WaitResult, finder *TargetFinder, doing string) *sendProblem {
	if end.Unreadable != nil || end.Observation.State != delivery.Missed {
		return o.notReady(end, doing)
	}
	return o.problem("Signal Not Sent", Advice{Attribute: finder.Argument},
		join(fmt.Sprintf("Sending %s to %s was not tried. %s", o.What, o.To, end.Observation.Reason), end.Observation.Seen, finder.AdviceIfMissed()),
		o.unsent(notTaken), end.Observation.Gone)
}

// reason returns the service's reason for the status, "" if it gives none.
func (o signalOperation) reason(end delivery.WaitResult) string {
	if end.Observation.Reason == "" {
		return ""
	}
	return " " + o.Service + " says: " + end.Observation.Reason
}

// waitTexts has the beginnings of the messages about a wait that failed, each for one
// reason. The target's status or the answer follows.
type waitTexts struct {
	unreadable, missed, unseen, running, cancelled string
	// meaning says what it may mean that the target was not seen.
	meaning string
}

// afterSend returns the texts of a wait for the end of the run that took the signal.
// delivery is the value of the delivery attribute.
func (o signalOperation) afterSend(delivery string) waitTexts {
	sent := fmt.Sprintf("%s was sent to %s and accepted", o.What, o.To)
	switch delivery {
	case DeliveryAdopted:
		sent = fmt.Sprintf("%s was there already at %s, and was adopted", o.What, o.To)
	case DeliveryConfirmed:
		sent = fmt.Sprintf("%s was sent to %s and has arrived, as %s shows", o.What, o.To, o.Service)
	case DeliveryUnknown:
		sent = fmt.Sprintf("%s was sent to %s, and you accepted it as delivered", o.What, o.To)
	}
	return waitTexts{
		unreadable: sent + ", but waiting for its run to end failed: ",
		missed:     sent + ", but its run did not end as wanted: ",
		unseen:     sent + ", but whether its run has ended is not known: ",
		running:    sent + ", but its run has not been seen to end: ",
		cancelled:  sent + ". The apply was cancelled while waiting for its run to end: ",
	}
}

// waited returns the diagnostics of a wait. After a send, the service has taken the signal,
// so these diagnostics must not remove it from the state.
func (o signalOperation) waited(end delivery.WaitResult, texts waitTexts, waiting *Waiting) (diags diag.Diagnostics) {
	if end.Reached() {
		return nil
	}
	status := "its status was never seen."
	if end.Observation.Status != "" {
		status = fmt.Sprintf("its last status was %s.", end.Observation.Status)
	}
	// A target that cannot be read is an error to fix, not a result to record.
	recordable, next, goOn := end.Unreadable == nil && !errors.Is(end.Stopped, context.Canceled), o.next(stillWaiting), ""
	var (
		summary, detail string
		advice          Advice
	)
	switch {
	case end.Unreadable != nil:
		advice = o.explainRead(*end.Unreadable)
		goOn = o.next(goOnUnread)
		summary, detail = "Target Cannot Be Read", join(texts.unreadable+o.answer(*end.Unreadable), unsentBecause(*end.Unreadable, end.Stopped), advice.Next)
		if gone := o.next(targetIsGone); advice.Gone && gone != "" {
			diags.AddWarning("Target Is Gone", join(detail, gone))
			return diags
		}
	case end.Observation.State == delivery.Missed:
		summary, detail, next = "Target Did Not Succeed", texts.missed+status+o.reason(end), o.next(endedBadly)
	case !errors.Is(end.Stopped, context.DeadlineExceeded):
		summary, detail = "Waiting Cancelled", join(texts.cancelled+status, o.othersWait())
		if cancelled := o.next(waitCancelled); cancelled != "" {
			diags.AddWarning(summary, join(detail, cancelled))
			return diags
		}
	case end.Observation.Status == "":
		summary, detail = "Target Not Seen", join(texts.unseen+status, o.lastFailure(end), o.stopped(end.Stopped), o.othersWait(), texts.meaning)
	default:
		summary, detail = "Target Still Running", join(texts.running+status, o.lastFailure(end), o.stopped(end.Stopped), o.othersWait())
	}
	switch {
	case recordable && waiting.OnWaitFailure.ValueString() == onWaitFailureRecord:
		diags.AddWarning(summary, join(detail, o.next(waitRecorded)))
		return diags
	case recordable:
		goOn = o.next(goOnUnfinished)
	}
	diags.Append(diagnostic(summary, advice, detail, strings.TrimSpace(next+" "+goOn)))
	return diags
}

// lastFailure says why the last read of the target failed, "" if it did not.
func (o signalOperation) lastFailure(end delivery.WaitResult) string {
	if end.Failed == nil {
		return ""
	}
	return join("The last read failed: "+o.answer(*end.Failed), unsentBecause(*end.Failed, end.Stopped))
}

// What a refresh keeps if it cannot read the target.
const (
	statusKept = "The status recorded last is kept."
	signalKept = "The status recorded last is kept, and the signal stays sent."
)

// notRead returns the warning of a refresh that could not read the target.
func (o signalOperation) notRead(attempt delivery.Attempt, kept string) diag.Diagnostic {
	return diag.NewWarningDiagnostic("Target Not Read",
		join(fmt.Sprintf("Reading the status of %s failed: %s", o.To, o.answer(attempt)), unsentBecause(attempt, nil), o.explainRead(attempt).Next, kept))
}

// notPreparedAtRefresh returns the warning of a refresh that could not prepare the read.
func notPreparedAtRefresh(name string, err error, kept string) diag.Diagnostic {
	return diag.NewWarningDiagnostic("Target Not Read", join(fmt.Sprintf("The status of the target of this signal_%s could not be read: %s.", name, err), kept))
}

// answer returns the service's answer, or the error if there was none.
func (o signalOperation) answer(attempt delivery.Attempt) string {
	attempt = o.redactor.Attempt(attempt)
	var facts []string
	if attempt.Status != 0 {
		facts = append(facts, fmt.Sprintf("HTTP %d", attempt.Status))
	}
	if attempt.RequestID != "" {
		facts = append(facts, "request id "+attempt.RequestID)
	}
	known := ""
	if len(facts) > 0 {
		known = " (" + strings.Join(facts, ", ") + ")"
	}
	switch {
	case attempt.Code == "" && errors.Is(attempt.Err, io.EOF):
		return "the connection was closed before an answer came" + known + "."
	case attempt.Code == "":
		return attempt.Err.Error() + known + "."
	case attempt.Message == "" || attempt.Message == attempt.Code:
		return fmt.Sprintf("%s answered %s%s and gave no reason.", o.Service, attempt.Code, known)
	default:
		return fmt.Sprintf("%s answered %s%s: %s", o.Service, attempt.Code, known, attempt.Message)
	}
}

func (o signalOperation) stopped(err error) string {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("The %s timeout of %s leaves no time to go on. You can set a longer one.", o.phase, o.timeout)
	case err != nil:
		return "The apply was cancelled."
	default:
		return ""
	}
}

func afterAttempts(attempts int) string {
	if attempts == 1 {
		return ""
	}
	return fmt.Sprintf(" after %d attempts", attempts)
}

func diagnostic(summary string, advice Advice, paragraphs ...string) diag.Diagnostic {
	if advice.Attribute != "" {
		return diag.NewAttributeErrorDiagnostic(path.Root(advice.Attribute), summary, join(paragraphs...))
	}
	return diag.NewErrorDiagnostic(summary, join(paragraphs...))
}

// doubledFullStop matches a full stop of the provider after a full stop of a foreign
// text.
var doubledFullStop = delivery.LazyRegexp(`([^.])\.\.(\s|$)`)

// join joins the paragraphs that are not empty.
func join(paragraphs ...string) string {
	var said []string
	for _, paragraph := range paragraphs {
		if paragraph != "" {
			said = append(said, paragraph)
		}
	}
	return doubledFullStop().ReplaceAllString(strings.Join(said, "\n\n"), "$1.$2")
}
