package signal

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// ResourceOperation describes, for diagnostics, what Terraform does with a resource
// that is not a signal, such as a job.
type ResourceOperation struct {
	// Service is the name of the service.
	Service string
	// TimeoutName is the name of the operation's timeout, and Timeout its length.
	TimeoutName string
	Timeout     time.Duration
	// Redactor cleans the service's texts before they are shown.
	Redactor *delivery.Redactor
}

// Failure returns the diagnostic of a request that is not a signal. It says
// what the provider was doing, what the service answered, what to do about it,
// and what the state has.
func (o ResourceOperation) Failure(summary, doing string, result delivery.Result, advice Advice, next ...string) diag.Diagnostic {
	w := o.signalOperation()
	doing += " failed" + afterAttempts(result.Attempts)
	if result.Attempts == 0 {
		doing = fmt.Sprintf("%s was not tried: the request was still waiting, because %s throttles. The last request that was refused because of that got this answer", doing, o.Service)
	}
	because := unsentBecause(result.Attempt, result.Stopped)
	return diagnostic(summary, advice, append([]string{
		doing + ": " + w.answer(result.Attempt), w.stopped(result.Stopped), because, advice.Next,
	}, next...)...)
}

// Send sends a signal for a resource that is not a signal, with the same
// outcomes and error texts. The diagnostic is nil if the service accepted the
// signal. The texts unsent and unknown say what the state has in the other
// cases.
func (o ResourceOperation) Send(ctx context.Context, sender *Sender, signal Signal, unsent, unknown string) (delivery.Outcome, diag.Diagnostic) {
	result := sender.deliver(ctx, sender.sends.For(signal.RateLimit), signal.What+" to "+signal.To, signal.Request)
	if result.Outcome == delivery.Accepted {
		return result.Outcome, nil
	}
	w := o.signalOperation()
	w.Sender, w.Signal, w.texts = sender, signal, map[*nextStep]string{notTaken: unsent, nothingSent: unsent, mayBeTaken: unknown}
	return result.Outcome, w.failure(result).Diagnostic
}

func (o ResourceOperation) signalOperation() signalOperation {
	return signalOperation{Signal: Signal{Service: o.Service}, phase: phase(o.TimeoutName), timeout: o.Timeout, redactor: o.Redactor}
}

// Deliver makes a request that is not a signal. It uses the retry policy of
// signals and the named rate limiter.
func (s *Sender) Deliver(ctx context.Context, limiter, doing string, request delivery.Request) delivery.Result {
	return s.deliver(ctx, s.reads.For(limiter), doing, request)
}
