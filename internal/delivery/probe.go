package delivery

import (
	"context"
	"reflect"
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
// reading, if it means something for the signal. The type of the reading is part of the
// key, so probes of two kinds never share a read, whatever a user's text makes of a key.
//
// It is not inlined, because its closures would be compiled again for each caller.
//
//go:noinline
func NewProbe[T any](key string, read func(context.Context) (T, Attempt), judge func(T) Observation) *Probe {
	return &Probe{
		key: reflect.TypeFor[T]().String() + " " + key,
		read: func(ctx context.Context) snapshot {
			value, attempt := read(ctx)
			return snapshot{value: value, attempt: attempt}
		},
		judge: func(value any) Observation { return judge(value.(T)) },
	}
}

// WithLimiter returns a copy of the probe whose reads share a rate limiter.
func (p *Probe) WithLimiter(limiter *RateLimiter) *Probe {
	paced := *p
	paced.limiter = limiter
	return &paced
}

// paced reads the target when the rate limiter allows it.
func (p *Probe) paced(ctx context.Context) (seen snapshot) {
	seen.attempt = p.limiter.pace(ctx, func() Attempt {
		seen = p.read(ctx)
		return seen.attempt
	})
	return seen
}

// Final returns a copy of the probe whose Reached and Missed observations never
// change, such as the end of a run that the key identifies: not that of a stack,
// which can be updated again, nor that of whichever run is current. The poller remembers
// the reading of such an observation, judges it for later waits, and makes no other read.
func (p *Probe) Final() *Probe {
	lasting := *p
	lasting.final = true
	return &lasting
}
