package delivery

import (
	"context"
	"errors"
	"time"
)

// State is what an observation of a target means to one signal.
type State int

const (
	// Pending means that what is waited for may still come.
	Pending State = iota
	// Reached means that it has come.
	Reached
	// Missed means that it can no longer come.
	Missed
)

// Observation is what one read of a target means to one signal.
type Observation struct {
	State State
	// Status is the service's own word for the target's status, empty when it has none.
	Status string
	// Reason is what the service says about the status, empty when it says nothing.
	Reason string
	// Seen is what was seen of the target beside its status, in whole sentences for
	// those who wait for it; empty when there is nothing to add.
	Seen string
	// Gone says of a missed target that nobody is left there to take a signal.
	Gone bool
	// Expires is when a target that is ready stops being so by itself; zero where that
	// is not known.
	Expires time.Time
	// Provisional says that the next reads may tell more whatever this one says.
	Provisional bool
	// Shown is what the target shows of the signals that it took: all of them to those who
	// look for a lost one, and those like it to those who adopt; nil in other probes, and
	// where each signal has an id of its own.
	Shown *Shown
}

// Probe is a target as one signal sees it: how it is read, and what an observation
// means. Probes with the same key read the same thing and share their reads.
type Probe struct {
	key   string
	read  func(context.Context) snapshot
	judge func(any) Observation
	final bool
	batch *batch
}

type snapshot struct {
	value   any
	attempt Attempt
	// batched says that a batch found the value, which may be only a part of it.
	batched bool
}

// NewProbe returns the probe of a target that key names. The read returns what it
// found with an accepted attempt, or an attempt that says why it found nothing;
// a target that is not there is a finding where it means something to a signal.
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

// WithLimiter returns the probe as one whose reads share a rate limiter.
func (v *Probe) WithLimiter(limiter *RateLimiter) *Probe {
	paced := *v
	paced.batch = v.batch.withLimiter(limiter)
	paced.read = func(ctx context.Context) (read snapshot) {
		read.attempt = limiter.pace(ctx, func() Attempt {
			read = v.read(ctx)
			return read.attempt
		})
		return read
	}
	return &paced
}

// Final returns the probe as one of something that stays so once it is reached or
// missed, whatever is sent afterwards, such as the end of a run: those who wait for
// it later are told without another read.
func (v *Probe) Final() *Probe {
	lasting := *v
	lasting.final = true
	return &lasting
}

// WaitResult is how a wait ended.
type WaitResult struct {
	// Observation is the last one; its State is Pending unless the wait reached its end.
	Observation Observation
	// Failed is the last read, when it failed in passing and was not made again.
	Failed *Attempt
	// Unreadable is set when the target cannot be read and trying again would not help.
	Unreadable *Attempt
	// Stopped is set when the context ended the wait.
	Stopped error
}

// Reached reports whether the wait ended with what was waited for.
func (e WaitResult) Reached() bool { return e.Observation.State == Reached }

// Absent reports whether the reads settled on not showing what was looked for.
func (e WaitResult) Absent() bool {
	return e.Observation.State == Pending && e.Unreadable == nil && e.Stopped == nil
}

// Wait reads the target until it has reached or missed what the probe waits for,
// it turns out to be unreadable, or ctx ends. Each pending observation is given to
// report, with the time, on the caller's goroutine.
func (p *Poller) Wait(ctx context.Context, probe *Probe, report func(Observation, time.Time)) WaitResult {
	if probe.final {
		if value, known := p.recall(probe.key); known {
			return WaitResult{Observation: probe.judge(value)}
		}
	}
	return p.until(ctx, probe, Attempt.readRetryable, pendingTo(report))
}

// Look is Wait for those who want to know how the target is now: reads that fail are
// made again for p.Unreachable, throttled ones and those that nothing could sign until
// ctx ends.
func (p *Poller) Look(ctx context.Context, probe *Probe, report func(Observation, time.Time)) WaitResult {
	began := time.Now()
	return p.until(ctx, probe, func(a Attempt) bool {
		return a.readRetryable() && (a.Cause == Throttled || a.unsigned() || time.Since(began) < p.Unreachable)
	}, pendingTo(report))
}

// pendingTo ends a wait with the first observation that is not pending, and reports
// those that are.
func pendingTo(report func(Observation, time.Time)) func(Observation) bool {
	return func(observation Observation) bool {
		if observation.State == Pending {
			report(observation, time.Now())
		}
		return observation.State != Pending
	}
}

// ReadUntilSettled reads the target until it has reached what the probe looks for or
// is unreadable, or until reads that lag behind have had their time: what the first
// read after p.Settle says that is not provisional, is so. A pending one says that
// it is not there, and a missed one that it cannot be told. Reads that fail are made
// again for p.Unreachable more, throttled ones and those that
// nothing could sign until ctx ends.
func (p *Poller) ReadUntilSettled(ctx context.Context, probe *Probe) WaitResult {
	began := time.Now()
	passing := func(a Attempt) bool {
		return a.readRetryable() && (a.Cause == Throttled || a.unsigned() || time.Since(began) < p.Settle+p.Unreachable)
	}
	lagging, cancel := context.WithTimeout(ctx, p.Settle)
	defer cancel()
	end := p.until(lagging, probe, passing, func(observation Observation) bool { return observation.State == Reached })
	if end.Stopped == nil || ctx.Err() != nil {
		return end
	}
	return p.until(ctx, probe, passing, func(o Observation) bool { return o.State == Reached || !o.Provisional })
}

// until reads the target until an observation is enough, or a read fails otherwise than in passing.
func (p *Poller) until(ctx context.Context, probe *Probe, passing func(Attempt) bool, enough func(Observation) bool) (end WaitResult) {
	of := source{key: probe.key, read: func(ctx context.Context) any { return probe.read(ctx) }, batch: probe.batch}
	end.Stopped = await(ctx, p, of, func(s snapshot) bool {
		switch {
		case s.attempt.Outcome == Accepted:
			end.Observation, end.Failed = probe.judge(s.value), nil
			if probe.final && !s.batched && end.Observation.State != Pending {
				p.remember(probe.key, s.value)
			}
			return enough(end.Observation)
		case passing(s.attempt):
			end.Failed = &s.attempt
			return false
		default:
			end.Unreadable = &s.attempt
			return true
		}
	})
	return end
}

// ReadOnce reads the target once. The attempt is accepted when it could be read. A
// read that nothing could sign is made again for p.Unreachable.
func (p *Poller) ReadOnce(ctx context.Context, probe *Probe) (Observation, Attempt) {
	ctx, cancel := context.WithTimeout(ctx, p.Attempt)
	defer cancel()
	began := time.Now()
	s := probe.read(ctx)
	for s.attempt.unsigned() && time.Since(began) < p.Unreachable && Sleep(ctx, p.FirstPause) == nil {
		s = probe.read(ctx)
	}
	if s.attempt.Outcome != Accepted {
		return Observation{}, s.attempt
	}
	return probe.judge(s.value), s.attempt
}

// readRetryable reports whether a read that failed may succeed later. Unlike a
// send, a read with an unknown outcome can always be made again.
func (a Attempt) readRetryable() bool {
	return a.Outcome == Unknown || a.Retryable() || a.Outcome == NotSent && errors.Is(a.Err, context.DeadlineExceeded)
}
