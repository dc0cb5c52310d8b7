// Package delivery sends a signal and determines the outcome. It makes attempts
// and classifies each one as accepted, rejected, not sent or unknown. If an
// answer is lost, it looks for the signal at the service. It repeats an attempt
// only if the attempt provably was not sent, if the service documents a repeat
// as harmless, or if the user allows it (UnknownOutcomePolicy.Resend). The package
// knows neither Terraform nor any cloud.
package delivery

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// RetryPolicy has the durations of retries and polls. Apart from Settle, no setting
// can make a signal take effect twice: an attempt is repeated only if it provably was
// not sent, if it is repeatable, or if UnknownOutcomePolicy.Resend allows it.
type RetryPolicy struct {
	// FirstPause is the first pause between two attempts, and LongestPause the
	// longest. The pause doubles after each attempt, with jitter.
	FirstPause, LongestPause time.Duration
	// UnreachableTimeout is how long the delivery tries again when no connection can be
	// made.
	UnreachableTimeout time.Duration
	// AttemptTimeout is the timeout of one attempt. After it, the outcome is unknown.
	AttemptTimeout time.Duration
	// FirstPoll is the first pause between two reads of a target, and LongestPoll the
	// longest. The pause grows, with jitter.
	FirstPoll, LongestPoll time.Duration
	// Settle is how long reads may lag behind what has happened. A signal that they
	// do not show after this time counts as not sent.
	Settle time.Duration
	// Clock is the clock of pauses and timeouts; nil for this machine's.
	Clock Clock
}

// WithTimeout returns a context that ends after d by the policy's clock.
func (p RetryPolicy) WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return p.clock().WithTimeout(ctx, d)
}

// WithAttemptTimeout returns a context that ends after AttemptTimeout.
func (p RetryPolicy) WithAttemptTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	return p.clock().WithAttemptTimeout(ctx, p.AttemptTimeout)
}

// LeavesTime reports whether ctx leaves time for a first attempt. After a wait, it may not.
// The attempt needs as much time as the first retry, and at most that of DefaultRetryPolicy.
func (p RetryPolicy) LeavesTime(ctx context.Context) bool {
	return p.leavesTime(ctx, min(p.FirstPause, DefaultRetryPolicy.FirstPause))
}

// leavesTime reports whether ctx leaves an attempt after a pause at least as much time as
// the pause takes. If the deadline cuts off an attempt, its outcome is unknown.
func (p RetryPolicy) leavesTime(ctx context.Context, pause time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return !ok || deadline.Sub(p.clock().Now()) >= 2*pause
}

func (p RetryPolicy) clock() Clock {
	if p.Clock == nil {
		return systemClock{}
	}
	return p.Clock
}

// DefaultRetryPolicy is the policy of the provider. Tests use others.
var DefaultRetryPolicy = RetryPolicy{
	FirstPause:         500 * time.Millisecond,
	LongestPause:       15 * time.Second,
	UnreachableTimeout: 30 * time.Second,
	AttemptTimeout:     time.Minute,
	FirstPoll:          time.Second,
	LongestPoll:        15 * time.Second,
	Settle:             15 * time.Second,
}

// UnknownOutcomePolicy says what a delivery does when the outcome of an attempt
// is unknown and the service does not document a repeat as harmless. With the
// zero value the delivery ends with the unknown outcome.
type UnknownOutcomePolicy struct {
	// Lookup finds out whether an attempt with an unknown outcome has arrived. It is
	// nil if the service cannot tell.
	Lookup func(ctx context.Context) WaitResult
	// PreviousSend is when the earlier delivery began whose outcome is still unknown.
	// It is zero if there was none.
	PreviousSend Timestamp
	// PreviousAbsent says that a lookup has shown that the previous send did not
	// arrive.
	PreviousAbsent bool
	// Resend allows one more attempt if the outcome stays unknown.
	Resend bool
}

// Result is the result of a delivery: its last attempt, and facts about the
// attempts before it.
type Result struct {
	Attempt
	// SentAt is when the last attempt began, by this machine's clock. If the outcome
	// is Confirmed, it is when the attempt that arrived began, as far as that is
	// known.
	SentAt time.Time
	// Attempts is how many attempts were made. It is 0 if ctx ended while the signal
	// waited for the rate limiter. Then Attempt is the last throttled attempt of
	// another signal.
	Attempts int
	// LookupResult is the result of the last lookup; nil if there was none.
	LookupResult *WaitResult
	// Resent is set if UnknownOutcomePolicy.Resend made another attempt although an
	// earlier one may have arrived.
	Resent bool
	// Stopped is set when the context ended before the service had answered:
	// context.DeadlineExceeded or context.Canceled.
	Stopped error

	// FirstUnknown is when the first attempt with an unknown outcome began. It begins as
	// UnknownOutcomePolicy.PreviousSend. A lookup that shows that no attempt has arrived,
	// or PreviousAbsent, starts this over. LastUnknown is when the last such attempt of
	// this delivery ended.
	FirstUnknown Timestamp
	LastUnknown  time.Time
	// HadUnknown is set if an attempt of this delivery had an unknown outcome.
	// PreviousSend does not count.
	HadUnknown bool
	// TimedOut is set if an attempt got no answer before RetryPolicy.AttemptTimeout was
	// over. The request may still be under way, so reads cannot prove that it has not
	// arrived.
	TimedOut bool

	// mayHaveArrived is set while it is unknown whether an attempt has arrived.
	mayHaveArrived bool
}

// Deliver makes attempts until one is accepted, rejected or confirmed, until
// one has an unknown outcome that must not be repeated, until the policy allows
// no more attempts, or until ctx ends. Each attempt waits for the rate limiter.
// Before each pause, Deliver calls report with the last attempt and the length
// of the pause.
//
// If it stays unknown whether an attempt or the previous send has arrived, the
// result is Unknown even if a later attempt was rejected or not sent. Only an
// accepted or a confirmed attempt changes that.
func (p RetryPolicy) Deliver(ctx context.Context, limiter *RateLimiter, request Request, unknown UnknownOutcomePolicy, report func(Attempt, time.Duration)) Result {
	pauses := &backoff.ExponentialBackOff{
		InitialInterval:     p.FirstPause,
		RandomizationFactor: 0.5,
		Multiplier:          2,
		MaxInterval:         p.LongestPause,
	}
	pauses.Reset()
	var (
		result = Result{FirstUnknown: unknown.PreviousSend, mayHaveArrived: !unknown.PreviousSend.IsZero() && !unknown.PreviousAbsent}
		resend bool
	)
	// retryPeriod ends when the service was unreachable for too long.
	retryPeriod, stop := ctx, context.CancelFunc(func() {})
	defer func() { stop() }()
	for {
		if result.Stopped = limiter.Wait(ctx); result.Stopped != nil {
			if result.Attempts == 0 {
				result.Attempt, _ = limiter.LastThrottle()
			}
			break
		}
		result.Resent = result.Resent || resend
		began := p.clock().Now()
		result.SentAt = time.Now()
		result.Attempts++
		before := result.Attempt
		if !before.unreachable() {
			stop()
			retryPeriod, stop = p.clock().WithRetryPeriod(context.WithoutCancel(ctx), p.UnreachableTimeout)
		}
		result.attempt(ctx, p, request)
		limiter.Observe(began, result.Attempt)
		lookup := unknown.Lookup
		if result.Outcome == Unknown && result.Repeatable {
			lookup = nil // A repeat does no harm, and tells the outcome sooner than a lookup.
		}
		result.lookup(ctx, lookup)
		if result.Outcome == Accepted || result.Outcome == Rejected || result.Outcome == Confirmed {
			break
		}
		result.Stopped = context.Cause(ctx)
		if result.Stopped != nil && result.Outcome == NotSent && result.Cause != Absent && before.Err != nil {
			// This attempt only failed because ctx ended. The error of the attempt
			// before says more.
			result.Attempt = before
		}
		resend = result.Outcome == Unknown && unknown.Resend && !result.Resent
		if result.Stopped != nil || !result.Retryable() && !resend {
			break
		}
		if before.unreachable() && result.unreachable() && retryPeriod.Err() != nil {
			break
		}
		pause := max(pauses.NextBackOff(), result.RetryAfter)
		throttled := result.Outcome == NotSent && result.Cause == Throttled
		if throttled {
			_, pause = limiter.LastThrottle()
		}
		if !p.leavesTime(ctx, pause) {
			result.Stopped = context.DeadlineExceeded
			break
		}
		report(result.Attempt, pause)
		if throttled {
			continue // The next Wait of the limiter is the pause.
		}
		if result.Stopped = sleep(ctx, p.clock(), pause); result.Stopped != nil {
			break
		}
	}
	if result.Outcome == Unknown && result.Repeatable {
		result.lookup(ctx, unknown.Lookup)
	}
	if result.mayHaveArrived && result.Outcome != Accepted && result.Outcome != Confirmed {
		result.Outcome = Unknown
	}
	return result
}

// lookup finds out whether an attempt with an unknown outcome has arrived. If a
// repeat of such an attempt is refused, the service may refuse it because it
// has already taken the signal. If the refusal does not say so
// (Attempt.Duplicate), lookup reads again. The outcome stays Rejected only if
// this read shows that the signal has not arrived. A read from before the
// refusal does not count.
func (r *Result) lookup(ctx context.Context, lookup func(context.Context) WaitResult) {
	if r.Outcome == Unknown {
		if !r.mayHaveArrived {
			r.FirstUnknown = Timestamp{At: r.SentAt}
		}
		r.mayHaveArrived, r.HadUnknown, r.LastUnknown = true, true, time.Now()
	}
	refused := r.Outcome == Rejected && !r.FirstUnknown.IsZero()
	if refused && r.Duplicate {
		r.Outcome, r.SentAt = Confirmed, r.FirstUnknown.At
		return
	}
	if lookup == nil || r.Outcome != Unknown && !refused {
		return
	}
	r.mayHaveArrived = true
	if ctx.Err() != nil {
		return
	}
	end := lookup(ctx)
	r.LookupResult = &end
	switch {
	case end.Reached() && refused:
		r.Outcome, r.SentAt = Confirmed, r.FirstUnknown.At
	case end.Reached():
		r.Outcome = Confirmed
	case end.Absent() && !r.TimedOut:
		r.mayHaveArrived = false
		if !refused {
			r.Outcome, r.Cause = NotSent, Absent
		}
	}
}

// Retryable reports whether another attempt may succeed and cannot make the
// signal take effect twice.
func (a Attempt) Retryable() bool {
	switch a.Outcome {
	case Unknown:
		return a.Repeatable
	case NotSent:
		return a.Cause == Throttled || a.Cause == Busy || a.Cause == Absent || a.unreachable() || a.lacksCredentials()
	default:
		return false
	}
}

// lacksCredentials reports whether getting credentials failed temporarily.
func (a Attempt) lacksCredentials() bool {
	return a.Outcome == NotSent && (a.Cause == CredentialsUnreachable || a.Cause == CredentialsFailing)
}

// unreachable reports whether the attempt ended before the server processed it,
// for a reason that either passes within seconds or lasts long.
func (a Attempt) unreachable() bool {
	return a.Outcome == NotSent && a.Cause.isTransient()
}

func (r *Result) attempt(ctx context.Context, p RetryPolicy, request Request) {
	ctx, cancel := p.WithAttemptTimeout(ctx)
	defer cancel()
	r.Attempt = request.Send(ctx)
	r.TimedOut = r.TimedOut || r.Outcome == Unknown && r.Status == 0 && (ctx.Err() != nil || isUnansweredPing(r.Err))
}
