package signal

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// Operation is what Terraform does with a resource that is more than a signal,
// as its diagnostics tell of it.
type Operation struct {
	// Service is the name of who answers.
	Service string
	// TimeoutName is the name of the timeout that bounds the operation, and Timeout its length.
	TimeoutName string
	Timeout     time.Duration
	// Redactor makes fit to be shown what the service says.
	Redactor *delivery.Redactor
}

// Deliver makes a request that is no signal, with the retry policy that signals
// have, and at the pace of its rate limiter.
func (c *Sender) Deliver(ctx context.Context, limiter, doing string, target delivery.Target) delivery.Result {
	return c.deliver(ctx, c.reads.For(limiter), doing, target)
}

func (c *Sender) deliver(ctx context.Context, limiter *delivery.RateLimiter, doing string, target delivery.Target) delivery.Result {
	return c.policy.WithLimiter(limiter).Deliver(ctx, target, delivery.UnknownOutcomePolicy{}, func(attempt delivery.Attempt, pause time.Duration) {
		tflog.Info(ctx, "request not answered as wanted, trying again", map[string]any{
			"request": doing, "error": c.redactor.Text(attempt.Err.Error()), "pause": pause.String(),
		})
	})
}

// Failure is the diagnostic of a request that is no signal: what was being done,
// what was answered, what to do about it, and where that leaves the resource.
func (o Operation) Failure(summary, doing string, result delivery.Result, advice Advice, stands ...string) diag.Diagnostic {
	w := o.run()
	doing += " failed" + afterAttempts(result.Attempts)
	if result.Attempts == 0 {
		doing = fmt.Sprintf("%s was not tried: it waited for its turn, because %s throttles. Another request was turned away before", doing, o.Service)
	}
	because := unsentBecause(result.Attempt, result.Stopped)
	return diagnostic(summary, advice, append([]string{
		doing + ": " + w.answer(result.Attempt), w.stopped(result.Stopped), because, advice.Next,
	}, stands...)...)
}

// Send sends one signal of a resource that is more than a signal, with the
// outcomes and the words of every other. The diagnostic is nil when the signal
// was accepted; unsent and unknown say where the resource stands otherwise.
func (o Operation) Send(ctx context.Context, sender *Sender, signal Signal, unsent, unknown string) (delivery.Outcome, diag.Diagnostic) {
	result := sender.deliver(ctx, sender.sends.For(signal.RateLimit), signal.What+" to "+signal.To, signal.Target)
	if result.Outcome == delivery.Accepted {
		return result.Outcome, nil
	}
	w := o.run()
	w.Sender, w.Signal, w.texts = sender, signal, map[standing]string{notTaken: unsent, mayBeTaken: unknown}
	return result.Outcome, w.failure(result).Diagnostic
}

func (o Operation) run() signalRun {
	return signalRun{Signal: Signal{Service: o.Service}, phase: phase(o.TimeoutName), timeout: o.Timeout, redactor: o.Redactor}
}
