package signal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// notBound is the diagnostic for a signal that could not even be made ready.
func notBound(name string, err error) diag.Diagnostic {
	return diag.NewErrorDiagnostic("Signal Not Sent",
		fmt.Sprintf("The signal of this signal_%s could not be made ready: %s\n\nNothing was sent. Applying again sends the signal.", name, err))
}

// failure is the diagnostic for a delivery that did not end accepted. It says
// what was being done, what was answered, what that means, and what to do next.
func (s Signal) failure(result delivery.Result, timeout time.Duration) diag.Diagnostic {
	summary := map[delivery.Outcome]string{
		delivery.Rejected: "Signal Rejected",
		delivery.NotSent:  "Signal Not Sent",
		delivery.Unknown:  "Outcome of the Signal Unknown",
	}[result.Outcome]
	advice := s.Explain(result.Attempt)
	paragraphs := []string{
		fmt.Sprintf("Sending %s to %s failed%s: %s", s.What, s.To, after(result.Attempts), s.answer(result.Attempt)),
		stopped(result, timeout),
		advice.Next,
		s.standing(result.Attempt),
	}
	detail := strings.Join(compact(paragraphs), "\n\n")
	if advice.Attribute != "" {
		return diag.NewAttributeErrorDiagnostic(path.Root(advice.Attribute), summary, detail)
	}
	return diag.NewErrorDiagnostic(summary, detail)
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

// standing is what is true of the signal now, and what the next apply does.
func (s Signal) standing(attempt delivery.Attempt) string {
	if attempt.Outcome != delivery.Unknown {
		return "The signal was not taken, and nothing is recorded. Applying again sends it."
	}
	unknown := "Whether the signal was taken is unknown, so it was not sent again. "
	if attempt.Repeatable {
		unknown = "Whether the signal was taken is unknown: no attempt got a clear answer. "
	}
	return unknown + s.FindOut + "\n\n" +
		"The resource is saved as tainted, with delivery = \"" + Unknown + "\". If the signal has arrived, run \"terraform untaint\" on " +
		"the resource to accept it as delivered; otherwise apply again, which sends it once more."
}

func after(attempts int) string {
	if attempts == 1 {
		return ""
	}
	return fmt.Sprintf(" after %d attempts", attempts)
}

func stopped(result delivery.Result, timeout time.Duration) string {
	switch {
	case errors.Is(result.Stopped, context.DeadlineExceeded):
		return fmt.Sprintf("The create timeout of %s was over; a longer one can be set in timeouts.", timeout)
	case result.Stopped != nil:
		return "The apply was cancelled."
	case result.Outcome == delivery.NotSent && result.Cause == delivery.Unreachable:
		return "Connecting was tried again until there was no point in going on: check the endpoint, the network, and whether a proxy is needed."
	case result.Outcome == delivery.NotSent && result.Cause == delivery.NoSuchHost:
		return "The name of the service does not exist: check region and endpoint."
	case result.Outcome == delivery.NotSent && result.Cause == delivery.Untrusted:
		return "The server could not prove who it is: check the endpoint, and whether a private certificate authority has to be trusted."
	default:
		return ""
	}
}

func compact(paragraphs []string) []string {
	var kept []string
	for _, paragraph := range paragraphs {
		if paragraph != "" {
			kept = append(kept, paragraph)
		}
	}
	return kept
}
