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

// operation is what Terraform does with the resource, and what doing it again means.
type operationTexts struct {
	// bound is the name of the timeout that bounds it.
	timeoutName string
	// unsent, unknown and unfinished say where a signal stands that was not taken,
	// may have been taken, and was taken by a target that has not ended well. The
	// second goes on with what doing it again does: repeat.
	unsent, unknown, unfinished, repeat string
	// unreadable says what it means that a signal could not be looked for.
	unreadable string
	// again says what doing it again does, when nothing was sent; never, what to
	// do about a target that will not take the signal any more; ended, about one
	// whose run has ended otherwise than wanted.
	again, never, ended string
	// recorded says what on_wait_failure = "record" makes of it.
	recorded string
	// cancelled says where a signal stands whose wait was cancelled; it is empty
	// where only an error keeps the resource.
	cancelled string
	// gone says what it means that a target is not there any more that was to be
	// waited for; it is empty where that is an error.
	gone string
}

var (
	creating = operationTexts{
		timeoutName: "create",
		unsent:      "The signal was not taken, and nothing is recorded. Applying again sends it.",
		unknown: "The resource is saved as tainted, with delivery = \"" + Unknown + "\". If the signal has arrived, run \"terraform untaint\" on " +
			"the resource to accept it as delivered; otherwise apply again",
		repeat:     "which sends it once more.",
		unreadable: "Had it been readable, the provider would have found out by itself; it does not look again at the next apply.",
		recorded:   "This is recorded in target_status and target_succeeded, as on_wait_failure = \"record\" asks for.",
		again:      "Applying again sends the signal.",
		never:      "The signal was not sent, and nothing is recorded.",
		ended: "The signal is recorded, but the resource is tainted: applying again would send the signal again. " +
			"Run \"terraform untaint\" on the resource to keep the signal and to accept how the run ended.",
		unfinished: "The signal is recorded, but the resource is tainted: applying again would send the signal again. " +
			"Run \"terraform untaint\" on the resource to keep the signal; then the next apply sends nothing, and goes on waiting while the run has not ended.",
		cancelled: "The signal is recorded; the next apply sends nothing and goes on waiting.",
	}
	updating = operationTexts{
		timeoutName: "update",
		unsent:      "Nothing was sent, as in every update.",
		recorded:    "This is recorded in target_status and target_succeeded, as on_wait_failure = \"record\" asks for.",
		again:       "Applying again looks at the target again.",
		ended: "The signal stays recorded, and nothing was sent. To send the signal again, use -replace; " +
			"to go on regardless, set on_wait_failure = \"record\" or wait_for_completion = false.",
		unfinished: "The signal stays recorded, and nothing was sent. The next apply looks again. To send the signal again, use -replace; to go on regardless, set on_wait_failure = \"record\" or wait_for_completion = false.",
		cancelled:  "The signal is recorded; the next apply sends nothing and goes on waiting.",
	}
	invoking = operationTexts{
		timeoutName: "action",
		unsent:      "The signal was not taken. Invoking the action again sends it.",
		again:       "Invoking the action again sends the signal.",
		never:       "The signal was not sent.",
		ended:       "The signal was sent. Invoking the action again would send it again.",
		unknown:     "An action remembers nothing: if the signal has not arrived, invoke the action again",
		repeat:      "which sends it once more.",
		unreadable:  "Had it been readable, the provider would have found out by itself.",
		unfinished:  "The signal was sent. Invoking the action again would send it again.",
	}
	deleting = operationTexts{
		timeoutName: "delete",
		unsent:      "The signal was not taken, and the resource is kept. Destroying again sends it.",
		unknown: "The resource is kept, with delivery = \"" + Unknown + "\". If the signal has arrived, run \"terraform state rm\" on " +
			"the resource to accept it as delivered; otherwise destroy again",
		repeat:     "which sends it once more unless the service shows it by then.",
		unreadable: "When it can be read, the next destroy finds out by itself.",
		recorded:   "The destroy goes on, as on_wait_failure = \"record\" asks for.",
		again:      "The resource is kept, and destroying again sends the signal.",
		never:      "The signal was not sent, and the resource is kept. To destroy it without a signal, apply when = \"apply\" first, or run \"terraform state rm\" on it.",
		ended: "The resource is kept, and remembers that the signal was sent. To destroy it however the run has ended, apply on_wait_failure = \"record\" or " +
			"wait_for_completion = false first, or run \"terraform state rm\" on it.",
		unfinished: "The resource is kept, and remembers that the signal was sent: destroying again only waits.",
		gone:       "There is nothing left to wait for, and the destroy goes on.",
	}
)

// notBound is the diagnostic for a signal that could not even be made ready.
func (o operationTexts) notBound(name string, err error) diag.Diagnostic {
	return diag.NewErrorDiagnostic("Signal Not Sent",
		fmt.Sprintf("The signal of this signal_%s could not be made ready: %s\n\nNothing was sent. %s", name, err, o.again))
}

// failure is the problem of a delivery that did not end accepted. It says what
// was being done, what was answered, what that means, and what to do next.
func (w signalRun) failure(result delivery.Result, options any) *problem {
	summary := map[delivery.Outcome]string{
		delivery.Rejected: "Signal Rejected",
		delivery.NotSent:  "Signal Not Sent",
		delivery.Unknown:  "Outcome of the Signal Unknown",
	}[result.Outcome]
	standing := w.unsent
	if result.Outcome == delivery.Unknown {
		standing = w.unknownText(unknownReason(result)+w.found(result, options), options)
	}
	advice := w.Explain(result.Attempt)
	doing := fmt.Sprintf("Sending %s to %s failed%s: ", w.What, w.To, after(result.Attempts))
	if result.Attempts == 0 {
		doing = fmt.Sprintf("Sending %s to %s was not tried: it waited for its turn, because %s throttles. Another signal was turned away before: ", w.What, w.To, w.Service)
	}
	detail := join(
		doing+w.answer(result.Attempt),
		w.asked(result), w.stopped(result.Stopped), unsentBecause(result.Attempt, result.Stopped), advice.Next)
	return w.problem(summary, advice, detail, standing, advice.Gone && (result.Outcome != delivery.Unknown || !result.HadUnknown))
}

// stillUnknown is the problem of an operation that ended while it was looking for
// the signal of an earlier one.
func (w signalRun) stillUnknown(end delivery.WaitResult, options any) *problem {
	return w.problem("Outcome of the Signal Unknown", Advice{},
		join(fmt.Sprintf("Sending %s to %s was not tried.", w.What, w.To), w.stopped(end.Stopped)), w.previousText(options), false)
}

// earlier says where a signal stands that an earlier operation sent, with an
// outcome that is still unknown.
func (w signalRun) previousText(options any) string {
	return w.unknownText("Nothing was sent now, but whether the signal that was sent earlier was taken is unknown."+
		w.found(delivery.Result{LookupResult: w.previousLookup}, options), options)
}

// doubtful says where a signal stands that may have been taken, how to find out,
// and what to do next.
func (w signalRun) unknownText(doubt string, options any) string {
	standing := w.unknown
	switch {
	case w.repeat == "":
	case adopts(options):
		standing += ", which looks for it first, as adopt_existing = true asks for, and sends it once more unless it is there."
	default:
		standing += ", " + w.repeat
	}
	return join(doubt, w.HowToCheck, standing+hint(options))
}

// asked says for how long a service that left no time asked to be left alone.
func (w signalRun) asked(result delivery.Result) string {
	if result.RetryAfter == 0 || !errors.Is(result.Stopped, context.DeadlineExceeded) {
		return ""
	}
	return fmt.Sprintf("%s asked to be left alone for %s.", w.Service, result.RetryAfter)
}

// doubt says what was done about an unknown outcome.
func unknownReason(result delivery.Result) string {
	switch {
	case !result.HadUnknown:
		return "It was not taken now, but whether the signal that was sent earlier was taken is unknown."
	case result.Repeatable:
		return "Whether the signal was taken is unknown: no attempt got a clear answer."
	case result.Resent:
		return "Whether the signal was taken is unknown. It was sent once more, as resend_on_unknown = true asks for, and is not sent again."
	default:
		return "Whether the signal was taken is unknown, so it was not sent again."
	}
}

// found says why looking for a signal did not tell whether it has arrived.
func (w signalRun) found(result delivery.Result, options any) string {
	end, unreadable := result.LookupResult, w.unreadable
	if adopts(options) {
		unreadable = ""
	}
	switch {
	case end == nil || end.Reached():
		return ""
	case end.Absent() && result.TimedOut:
		return fmt.Sprintf(" %s does not show it, but as there was no answer at all, the request may still be on its way.", w.Service)
	case end.Absent():
		return ""
	case end.Unreadable != nil:
		return join(fmt.Sprintf(" Looking whether %s has it failed: %s", w.Service, w.answer(*end.Unreadable)),
			unsentBecause(*end.Unreadable, end.Stopped), w.ExplainRead(*end.Unreadable).Next, unreadable)
	case end.Stopped != nil:
		return join(fmt.Sprintf(" Looking whether %s has it was not finished.", w.Service), w.lastFailure(*end))
	default:
		return fmt.Sprintf(" What %s shows does not tell: %s.", w.Service, end.Observation.Reason)
	}
}

// hint names the option that sends once more instead of failing, where there is one.
func hint(options any) string {
	if m, ok := options.(optional); !ok || !m.options().offersResend || resends(options) {
		return ""
	}
	return " With resend_on_unknown = true a signal whose outcome stays unknown is sent once more at once."
}

func (w signalRun) problem(summary string, advice Advice, detail, standing string, gone bool) *problem {
	p := &problem{Diagnostic: diagnostic(summary, advice, detail, standing)}
	if gone {
		p.gone = detail
	}
	return p
}

// targetGone is the warning of a destroy that found nobody left to signal, when
// the signal's delivery was known as told.
func targetGone(p *problem, delivery string) diag.Diagnostic {
	standing := "No signal was sent at destroy, and the destroy goes on."
	if delivery == Unknown {
		standing = "Whether an earlier destroy's signal was taken is unknown: it may be what ended the target. The destroy goes on."
	}
	return diag.NewWarningDiagnostic("Target Is Gone", join(p.gone, standing))
}

// notReady is the problem of a signal that was not sent because of what was, or
// was not, seen of its target.
func (w signalRun) notReady(end delivery.WaitResult, doing string, options any) *problem {
	unsent, never := w.unsent, w.never
	if !w.previousSend.IsZero() && !w.previousAbsent() {
		unsent, never = w.previousText(options), w.previousText(options)
	}
	opening := fmt.Sprintf("Sending %s to %s was not tried: %s ", w.What, w.To, doing)
	if end.Unreadable != nil {
		advice := w.ExplainRead(*end.Unreadable)
		detail := join(opening+"failed: "+w.answer(*end.Unreadable), unsentBecause(*end.Unreadable, end.Stopped), advice.Next)
		return w.problem("Signal Not Sent", advice, detail, unsent, advice.Gone)
	}
	saw := "ended without seeing its status."
	if end.Observation.Status != "" {
		saw = fmt.Sprintf("ended with its status %s.", end.Observation.Status)
	}
	if end.Observation.Reason != "" {
		saw += " " + w.Service + " says: " + end.Observation.Reason
	}
	meaning, standing := "", unsent
	switch {
	case end.Observation.State == delivery.Missed:
		meaning = "In this state it does not become ready any more: check that this is the target that is meant to be signalled."
		standing = never
	case end.Observation.Status == "":
		meaning = w.Unseen
	}
	return w.problem("Signal Not Sent", Advice{}, join(opening+saw, w.lastFailure(end), w.stopped(end.Stopped), meaning), standing, end.Observation.Gone)
}

// waited is what there is to say of a wait for the target's end. The signal was
// taken, so nothing here may lose it.
func (w signalRun) waited(end delivery.WaitResult, waiting *Waiting) (diags diag.Diagnostics) {
	if end.Reached() {
		return nil
	}
	status := "its status was never seen"
	if end.Observation.Status != "" {
		status = "its last status was " + end.Observation.Status
	}
	opening := w.opening()
	var (
		summary, detail string
		advice          Advice
	)
	switch {
	case end.Unreadable != nil:
		advice = w.ExplainRead(*end.Unreadable)
		summary, detail = "Target Cannot Be Read", join(opening+", but waiting for its run to end failed: "+w.answer(*end.Unreadable), unsentBecause(*end.Unreadable, end.Stopped), advice.Next)
		if advice.Gone && w.gone != "" {
			diags.AddWarning("Target Is Gone", join(detail, w.gone))
			return diags
		}
	case end.Observation.State == delivery.Missed:
		summary, detail = "Target Did Not Succeed", fmt.Sprintf("%s, but its run did not end as wanted: %s.", opening, status)
		if end.Observation.Reason != "" {
			detail += " " + w.Service + " says: " + end.Observation.Reason
		}
	case errors.Is(end.Stopped, context.DeadlineExceeded) && end.Observation.Status == "":
		summary, detail = "Target Not Seen", join(fmt.Sprintf("%s, but whether its run has ended is not known: %s.", opening, status), w.lastFailure(end), w.stopped(end.Stopped))
	case errors.Is(end.Stopped, context.DeadlineExceeded):
		summary, detail = "Target Still Running", join(fmt.Sprintf("%s, but its run has not been seen to end: %s.", opening, status), w.lastFailure(end), w.stopped(end.Stopped))
	default:
		summary, detail = "Waiting Cancelled", fmt.Sprintf("%s. The apply was cancelled while waiting for its run to end: %s.", opening, status)
		if w.cancelled != "" {
			diags.AddWarning(summary, join(detail, w.cancelled))
			return diags
		}
	}
	// A target that cannot be read is a mistake to mend, not a result to record.
	if waiting.OnWaitFailure.ValueString() == onWaitFailureRecord && end.Unreadable == nil && !errors.Is(end.Stopped, context.Canceled) {
		diags.AddWarning(summary, join(detail, w.recorded))
		return diags
	}
	standing := w.unfinished
	if end.Observation.State == delivery.Missed {
		standing = w.ended
	}
	diags.Append(diagnostic(summary, advice, detail, standing))
	return diags
}

// opening is what is known of the signal whose target is waited for.
func (w signalRun) opening() string {
	switch w.lastDelivery {
	case Adopted:
		return fmt.Sprintf("%s was there already at %s, and was adopted", w.What, w.To)
	case Confirmed:
		return fmt.Sprintf("%s was sent to %s and has arrived, as %s shows", w.What, w.To, w.Service)
	case Unknown:
		return fmt.Sprintf("%s was sent to %s, and taken for delivered", w.What, w.To)
	default:
		return fmt.Sprintf("%s was sent to %s and accepted", w.What, w.To)
	}
}

// lastFailure is why the target could not be read last, "" when it could.
func (w signalRun) lastFailure(end delivery.WaitResult) string {
	if end.Failed == nil {
		return ""
	}
	return join("Reading it failed the last time: "+w.answer(*end.Failed), unsentBecause(*end.Failed, end.Stopped))
}

// notRead is the warning of a refresh that could not read the target.
func (s Signal) notRead(attempt delivery.Attempt) diag.Diagnostic {
	return diag.NewWarningDiagnostic("Target Not Read",
		join(fmt.Sprintf("Reading the status of %s failed: %s", s.To, s.answer(attempt)), unsentBecause(attempt, nil), s.ExplainRead(attempt).Next,
			"The status recorded last is kept, and the signal stays sent."))
}

func notRead(name string, err error) diag.Diagnostic {
	return diag.NewWarningDiagnostic("Target Not Read",
		fmt.Sprintf("The status of the target of this signal_%s could not be read: %s\n\nThe status recorded last is kept, and the signal stays sent.", name, err))
}

// answer is what the service said, or what kept it from saying anything.
func (s Signal) answer(attempt delivery.Attempt) string {
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
		return fmt.Sprintf("%s answered %s%s and gave no reason.", s.Service, attempt.Code, known)
	default:
		return fmt.Sprintf("%s answered %s%s: %s", s.Service, attempt.Code, known, attempt.Message)
	}
}

func (w signalRun) stopped(err error) string {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("The %s timeout of %s leaves no time to go on; a longer one can be set.", w.timeoutName, w.timeout)
	case err != nil:
		return "The apply was cancelled."
	default:
		return ""
	}
}

// unsentBecause says what is known of the cause for which a request was not sent.
// Whoever cancels the apply is not to look for what is wrong.
func unsentBecause(attempt delivery.Attempt, stopped error) string {
	if attempt.Outcome != delivery.NotSent || errors.Is(stopped, context.Canceled) {
		return ""
	}
	switch attempt.Cause {
	case delivery.Absent:
		return "Reads showed, until they could not lag behind any more, that the signal has not arrived."
	case delivery.Unreachable:
		return "No connection could be made: check the endpoint, the network, and whether a proxy is needed."
	case delivery.CredentialsUnreachable:
		return "No connection could be made to whoever gives the credentials: check the endpoint, the network, and whether a proxy is needed."
	case delivery.CredentialsFailing:
		return "Getting credentials that the service takes was tried again for as long as there was time."
	case delivery.NoSuchHost:
		return "The name of the service does not exist: check region and endpoint."
	case delivery.Untrusted:
		return "The server could not prove who it is: check the endpoint, and whether a private certificate authority has to be trusted."
	case delivery.RefusedHandshake:
		return "The server turned the connection down because of how it was made: check the endpoint, the TLS versions and the client certificate that it asks for, and whether something in between, such as a proxy, answers in its place."
	case delivery.RefusedByProxy:
		return "This is the proxy's answer, not the service's, and it is not asked again, because proxies lock accounts that fail too often: check the proxy's address, user and password, and that it lets the service's host pass, or name that host in NO_PROXY."
	case delivery.Unprocessed:
		return "The server said that it did not process the request: it may be stopping, or have too much to do."
	default:
		return ""
	}
}

func after(attempts int) string {
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

// join makes a text of those paragraphs that say something.
func join(paragraphs ...string) string {
	var said []string
	for _, paragraph := range paragraphs {
		if paragraph != "" {
			said = append(said, paragraph)
		}
	}
	return strings.Join(said, "\n\n")
}
