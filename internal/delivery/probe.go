package delivery

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// State says what an observation of a target means for one signal.
type State int

const (
	// Pending means that the awaited state may still come.
	Pending State = iota
	// Reached means that the awaited state has come.
	Reached
	// Missed means that the awaited state can no longer come.
	Missed
)

// StateOf returns Reached if reached is true, otherwise Missed if missed is
// true, and otherwise Pending.
func StateOf(reached, missed bool) State {
	switch {
	case reached:
		return Reached
	case missed:
		return Missed
	default:
		return Pending
	}
}

// Observation says what one read of a target means for one signal.
type Observation struct {
	State State
	// Status is the target's status in the service's own words, empty if there is
	// none.
	Status string
	// Reason is the service's explanation of the status, empty if there is none.
	Reason string
	// Seen describes further facts about the target, in complete sentences for error
	// messages; empty if there are none.
	Seen string
	// Gone says that the target does not exist or has ended, so that nothing can take
	// the signal. It is never set with Pending.
	Gone bool
	// Unjudged says that the run has ended, and that the service does not tell whether
	// it succeeded. It is set only with Reached.
	Unjudged bool
	// Expires is when a target that waits for a signal stops waiting without one; zero
	// if that is not known. Then says what happens at that time, in complete sentences.
	Expires time.Time
	Then    string
	// Provisional says that a later read may contradict this observation, even if its
	// State is not Pending.
	Provisional bool
	// Shown has the signals that the target shows. A probe that looks for a lost
	// signal lists all of them. A probe for adopt_existing lists only those that are
	// like this signal. It is nil in other probes, and if each signal has a unique
	// id.
	Shown *Shown
}

// Probe says how a target is read, and what a reading means for one signal.
// Probes with the same key read the same target and share their reads.
type Probe struct {
	key   string
	read  func(context.Context) snapshot
	judge func(any) Observation
	final bool
	batch *batch
	// limiter is nil if nothing limits the reads.
	limiter *RateLimiter
}

type snapshot struct {
	value   any
	attempt Attempt
	// batched says that a batch found the value, which may be only a part of it.
	batched bool
}

// NewProbe returns the probe of the target with the given key. If a read
// succeeds, it returns the reading and an accepted attempt. If it fails, it
// returns an attempt that says why. "The target does not exist" can also be a
// reading, if it means something for the signal.
//
// It is not inlined, because its closures would be compiled again for each caller.
//
//go:noinline
func NewProbe[T any](key string, read func(context.Context) (T, Attempt), judge func(T) Observation) *Probe {
	return &Probe{
		key: key,
		read: func(ctx context.Context) snapshot {
			value, attempt := read(ctx)
			return snapshot{value: value, attempt: attempt}
		},
		judge: func(value any) Observation { return judge(value.(T)) },
	}
}

// Nothing returns the attempt of a read whose answer says that the target does not exist,
// which also tells something about a signal.
func (a Attempt) Nothing() Attempt {
	return Attempt{Outcome: Accepted, RequestID: a.RequestID, Clock: a.Clock}
}

// ShownSince returns an Evidence.Probe whose probes only list the signals that the target
// shows since a time.
func ShownSince(key string, read func(ctx context.Context, since Timestamp) (Shown, Attempt)) func(since Timestamp) *Probe {
	return func(since Timestamp) *Probe {
		return NewProbe(fmt.Sprintf("%s/%v", key, since), func(ctx context.Context) (Shown, Attempt) { return read(ctx, since) },
			func(shown Shown) Observation { return Observation{Shown: &shown} })
	}
}

// WithLimiter returns a copy of the probe whose reads share a rate limiter.
func (v *Probe) WithLimiter(limiter *RateLimiter) *Probe {
	paced := *v
	paced.limiter = limiter
	return &paced
}

// paced reads the target when the rate limiter allows it.
func (v *Probe) paced(ctx context.Context) (seen snapshot) {
	seen.attempt = v.limiter.pace(ctx, func() Attempt {
		seen = v.read(ctx)
		return seen.attempt
	})
	return seen
}

// Final returns a copy of the probe whose Reached and Missed observations never
// change, such as the end of a run that the key identifies: not that of a stack,
// which can be updated again, nor that of whichever run is current. The poller remembers such an observation
// and answers later waits without another read.
func (v *Probe) Final() *Probe {
	lasting := *v
	lasting.final = true
	return &lasting
}

// WaitResult is the result of a wait.
type WaitResult struct {
	// Observation is the last observation. Its State is Pending if the wait did not
	// come to an end.
	Observation Observation
	// Answered reports whether a read was answered, if only with the answer that the
	// target is not there.
	Answered bool
	// Failed is the last read if it failed temporarily and was not repeated.
	Failed *Attempt
	// Unreadable is the last read if it failed and another read would fail in the
	// same way.
	Unreadable *Attempt
	// Stopped is the cause if the context ended the wait.
	Stopped error
}

// Reached reports whether the awaited state has come.
func (e WaitResult) Reached() bool { return e.Observation.State == Reached }

// Absent reports whether the reads had enough time to show the signal and did
// not show it.
func (e WaitResult) Absent() bool {
	return e.Observation.State == Pending && e.Unreadable == nil && e.Stopped == nil
}

// Wait reads the target until the state is Reached or Missed, until a read
// fails permanently, or until ctx ends. It calls report with each pending
// observation and its time, on the caller's goroutine.
func (p *Poller) Wait(ctx context.Context, probe *Probe, report func(Observation, time.Time)) WaitResult {
	if probe.final {
		if value, known := p.recall(probe.key); known {
			return WaitResult{Observation: probe.judge(value)}
		}
	}
	return p.until(ctx, probe, Attempt.readRetryable, pendingTo(report))
}

// Look is like Wait, but tries failed reads again only for RetryPolicy.Unreachable,
// because the caller wants to know the target's state now. It tries again until
// ctx ends if the service throttles or if getting credentials fails
// temporarily.
func (p *Poller) Look(ctx context.Context, probe *Probe, report func(Observation, time.Time)) WaitResult {
	again, stop := p.passing(ctx, p.policy.Unreachable)
	defer stop()
	return p.until(ctx, probe, again, pendingTo(report))
}

// passing returns whether a failed read is tried again: for a while, and until the
// end if the service throttles or if getting credentials fails temporarily.
func (p *Poller) passing(ctx context.Context, while time.Duration) (again func(Attempt) bool, stop context.CancelFunc) {
	patience, stop := p.policy.clock().WithPatience(context.WithoutCancel(ctx), while)
	return func(a Attempt) bool {
		return a.readRetryable() && (a.Cause == Throttled || a.unsigned() || patience.Err() == nil)
	}, stop
}

// pendingTo returns a function that reports pending observations, and ends the
// wait with the first other one.
func pendingTo(report func(Observation, time.Time)) func(Observation) bool {
	return func(observation Observation) bool {
		if observation.State == Pending {
			report(observation, time.Now())
		}
		return observation.State != Pending
	}
}

// ReadUntilSettled reads the target until the state is Reached, until a read
// fails permanently, or until lagging reads must show the signal. That is the
// first observation after RetryPolicy.Settle that is not provisional. If it is Pending,
// the signal has not arrived. If it is Missed, the service does not tell.
// Failed reads are tried again for RetryPolicy.Unreachable longer. They are tried again
// until ctx ends if the service throttles or if getting credentials fails
// temporarily.
func (p *Poller) ReadUntilSettled(ctx context.Context, probe *Probe) WaitResult {
	again, stop := p.passing(ctx, p.policy.Settle+p.policy.Unreachable)
	defer stop()
	lagging, cancel := p.Lagging(ctx)
	defer cancel()
	end := p.until(lagging, probe, again, func(observation Observation) bool { return observation.State == Reached })
	if end.Stopped == nil || ctx.Err() != nil {
		return end
	}
	return p.until(ctx, probe, again, func(o Observation) bool { return o.State == Reached || !o.Provisional })
}

// Lagging returns a context that ends after RetryPolicy.Settle. Reads that lag show by then
// what has happened before.
func (p *Poller) Lagging(ctx context.Context) (context.Context, context.CancelFunc) {
	return p.policy.clock().WithPatience(ctx, p.policy.Settle)
}

// until reads the target until enough returns true for an observation, until a read
// fails for which again returns false, or until ctx ends. It never uses a reading that
// is older than the call. All calls for the same target share the reads, which the probe
// of the first call makes, with a context that outlives that call.
func (p *Poller) until(ctx context.Context, probe *Probe, again func(Attempt) bool, enough func(Observation) bool) (end WaitResult) {
	w := &waiter{probe: probe, news: make(chan snapshot, 1), wants: true}
	shared := p.join(ctx, w)
	defer p.depart(shared, w)
	for {
		select {
		case <-ctx.Done():
			end.Stopped = context.Cause(ctx)
			return end
		case s := <-w.news:
			switch {
			case s.attempt.Outcome == Accepted:
				end.Observation, end.Answered, end.Failed = probe.judge(s.value), true, nil
				if probe.final && !s.batched && end.Observation.State != Pending {
					p.remember(probe.key, s.value)
				}
				if enough(end.Observation) {
					return end
				}
			case again(s.attempt):
				end.Failed = &s.attempt
			default:
				end.Unreadable = &s.attempt
				return end
			}
			p.want(shared, w)
		}
	}
}

// ReadOnce reads the target once. The attempt is accepted if the read
// succeeded. If getting credentials fails temporarily, it tries again for
// RetryPolicy.Unreachable.
func (p *Poller) ReadOnce(ctx context.Context, probe *Probe) (Observation, Attempt) {
	ctx, cancel := context.WithTimeout(ctx, p.policy.Attempt)
	defer cancel()
	patience, stop := p.policy.clock().WithPatience(ctx, p.policy.Unreachable)
	defer stop()
	s := probe.paced(ctx)
	for s.attempt.unsigned() && patience.Err() == nil && sleep(ctx, p.policy.clock(), p.policy.FirstPoll) == nil {
		s = probe.paced(ctx)
	}
	if s.attempt.Outcome != Accepted {
		return Observation{}, s.attempt
	}
	return probe.judge(s.value), s.attempt
}

// readRetryable reports whether a failed read may succeed later. Unlike a send,
// a read with an unknown outcome can always be repeated.
func (a Attempt) readRetryable() bool {
	return a.Outcome == Unknown || a.Retryable() || a.Outcome == NotSent && errors.Is(a.Err, context.DeadlineExceeded)
}
