package delivery

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// RetryPolicy says how patient a delivery is. Nothing in it can make a signal take
// effect twice: what is tried again provably was not sent, or is repeatable.
type RetryPolicy struct {
	// FirstPause and LongestPause bound the jittered, doubling pause between attempts.
	FirstPause, LongestPause time.Duration
	// Unreachable is how long connections that cannot be made are tried again.
	Unreachable time.Duration
	// Attempt is how long one attempt may take before its outcome counts as unknown.
	Attempt time.Duration
	// FirstPoll and LongestPoll bound the growing, jittered pause between reads of a target.
	FirstPoll, LongestPoll time.Duration
	// Settle is how long reads may lag behind what has happened: what they do not
	// show by then counts as not there.
	Settle time.Duration

	limiter *RateLimiter
}

// WithLimiter returns the policy for a signal that shares a rate limiter. Without one a signal has
// a rate limiter of its own.
func (p RetryPolicy) WithLimiter(limiter *RateLimiter) RetryPolicy {
	p.limiter = limiter
	return p
}

// DefaultRetryPolicy is what users get.
var DefaultRetryPolicy = RetryPolicy{
	FirstPause:   500 * time.Millisecond,
	LongestPause: 15 * time.Second,
	Unreachable:  30 * time.Second,
	Attempt:      time.Minute,
	FirstPoll:    time.Second,
	LongestPoll:  15 * time.Second,
	Settle:       15 * time.Second,
}

// UnknownOutcomePolicy is what a delivery does about an attempt whose outcome is unknown and that
// must not simply be made again. The zero value leaves it at that.
type UnknownOutcomePolicy struct {
	// Lookup finds out whether an attempt has arrived whose outcome is unknown; nil
	// where the service cannot tell.
	Lookup func(ctx context.Context) WaitResult
	// PreviousSend is when an earlier delivery of the signal began whose outcome is
	// unknown; zero where there was none.
	PreviousSend Timestamp
	// PreviousAbsent says that a lookup has not found the previous send.
	PreviousAbsent bool
	// Resend makes another attempt, once, where that stays unknown.
	Resend bool
}

// Result is what a delivery came to: its last attempt, and what led there.
type Result struct {
	Attempt
	// SentAt is when the last attempt began, by this machine's clock; of a confirmed
	// delivery, the one that arrived, as far as that is known.
	SentAt time.Time
	// Attempts is how many attempts were made. It is 0 when ctx ended before the
	// signal's turn came in its rate limiter: then the Attempt is the one, of another signal,
	// that the service throttled last.
	Attempts int
	// LookupResult is how the last lookup of a lost signal ended; nil when there was none.
	LookupResult *WaitResult
	// Resent is set when another attempt was made although an earlier one may have arrived.
	Resent bool
	// Stopped is set when the context ended before the service had answered:
	// context.DeadlineExceeded or context.Canceled.
	Stopped error

	// FirstUnknown is when the first attempt began whose outcome was unknown, since one
	// was looked for in vain: UnknownOutcomePolicy.PreviousSend, if set, or one of this
	// delivery. LastUnknown is when the last one of this delivery ended.
	FirstUnknown Timestamp
	LastUnknown  time.Time
	// HadUnknown is set when an attempt of this delivery itself got no clear answer.
	HadUnknown bool
	// TimedOut is set when an attempt got no answer at all in its time: what reads do not
	// show of it may still be on its way.
	TimedOut bool

	// mayHaveArrived is set while an attempt may have arrived for all that is known.
	mayHaveArrived bool
}

// Deliver makes attempts until one is accepted or rejected, or has arrived without
// an answer; ends in an unknown outcome that must not be repeated; the policy allows
// no more; or ctx ends. Each attempt that will be followed by another is
// given to report first, with the pause before the next one. Each waits for its turn
// in the rate limiter.
//
// While it is not known of an attempt, or of an earlier delivery, whether it has
// arrived, only an accepted one makes the result anything but unknown: whatever a
// repeat came to.
func (p RetryPolicy) Deliver(ctx context.Context, target Target, doubt UnknownOutcomePolicy, report func(Attempt, time.Duration)) Result {
	pauses := &backoff.ExponentialBackOff{
		InitialInterval:     p.FirstPause,
		RandomizationFactor: 0.5,
		Multiplier:          2,
		MaxInterval:         p.LongestPause,
	}
	pauses.Reset()
	var (
		result           = Result{FirstUnknown: doubt.PreviousSend, mayHaveArrived: !doubt.PreviousSend.IsZero() && !doubt.PreviousAbsent}
		unreachableSince time.Time
		resend           bool
	)
	limiter := p.limiter
	if limiter == nil {
		limiter = newRateLimiter(p)
	}
	for {
		if result.Stopped = limiter.Wait(ctx); result.Stopped != nil {
			if result.Attempts == 0 {
				result.Attempt, _ = limiter.LastThrottle()
			}
			break
		}
		result.Resent = result.Resent || resend
		result.SentAt = time.Now()
		result.Attempts++
		before := result.Attempt
		result.attempt(ctx, p, target)
		limiter.Observe(result.SentAt, result.Attempt)
		lookup := doubt.Lookup
		if result.Outcome == Unknown && result.Repeatable {
			lookup = nil // A repeat tells sooner, and does no harm.
		}
		result.lookup(ctx, lookup)
		if result.Outcome == Accepted || result.Outcome == Rejected || result.Outcome == Confirmed {
			break
		}
		result.Stopped = context.Cause(ctx)
		if result.Stopped != nil && result.Outcome == NotSent && result.Cause != Absent && before.Err != nil {
			// That ctx ended is all that this attempt can tell; the one before knows why.
			result.Attempt = before
		}
		resend = result.Outcome == Unknown && doubt.Resend && !result.Resent
		if result.Stopped != nil || !result.Retryable() && !resend {
			break
		}
		if !result.unreachable() {
			unreachableSince = time.Time{}
		} else if unreachableSince.IsZero() {
			unreachableSince = result.SentAt
		} else if time.Since(unreachableSince) >= p.Unreachable {
			break
		}
		pause := max(pauses.NextBackOff(), result.RetryAfter)
		throttled := result.Outcome == NotSent && result.Cause == Throttled
		if throttled {
			_, pause = limiter.LastThrottle()
		}
		// An attempt that the deadline cuts off ends as unknown: better none than
		// one with less time than the pause before it.
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < 2*pause {
			result.Stopped = context.DeadlineExceeded
			break
		}
		report(result.Attempt, pause)
		if throttled {
			continue // The turn is the pause.
		}
		if result.Stopped = Sleep(ctx, pause); result.Stopped != nil {
			break
		}
	}
	if result.Outcome == Unknown && result.Repeatable {
		result.lookup(ctx, doubt.Lookup)
	}
	if result.mayHaveArrived && result.Outcome != Accepted && result.Outcome != Confirmed {
		result.Outcome = Unknown
	}
	return result
}

// lookup finds out about an attempt whose answer was lost. A refusal that follows
// one may be the service's word for a signal that it has already taken. If it does
// not say so itself, only a lookup that does not find the signal leaves it at the
// refusal, whatever an earlier one has said.
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

// Retryable reports whether another attempt may end better and can do no harm.
func (a Attempt) Retryable() bool {
	switch a.Outcome {
	case Unknown:
		return a.Repeatable
	case NotSent:
		return a.Cause == Throttled || a.Cause == Busy || a.Cause == Absent || a.unreachable() || a.unsigned()
	default:
		return false
	}
}

// unsigned reports whether there was nothing to sign the request with, for now.
func (a Attempt) unsigned() bool {
	return a.Outcome == NotSent && (a.Cause == CredentialsUnreachable || a.Cause == CredentialsFailing)
}

// unreachable reports whether the attempt ended before the server took it up, for a
// reason that passes in moments or not for long.
func (a Attempt) unreachable() bool {
	return a.Outcome == NotSent && a.Cause.passesSoon()
}

func (r *Result) attempt(ctx context.Context, p RetryPolicy, target Target) {
	ctx, cancel := context.WithTimeout(ctx, p.Attempt)
	defer cancel()
	r.Attempt = target.Send(ctx)
	r.TimedOut = r.TimedOut || r.Outcome == Unknown && r.Status == 0 && ctx.Err() != nil
}

// Sleep waits for d and returns nil, or returns why ctx ended first.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// In is the time that it will be once d has passed.
func In(d time.Duration) time.Time { return time.Now().Add(d) }

// Until is how long it is until t; negative once t has passed.
func Until(t time.Time) time.Duration { return time.Until(t) }
