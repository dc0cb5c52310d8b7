package delivery

import (
	"context"
	"time"
)

// Clock is the time by which a provider waits: the pauses between attempts and
// between reads, the timeouts of operations, and how long reads are repeated.
// Tests use one of their own.
type Clock interface {
	// Now returns the time. The deadlines of WithTimeout count by it.
	Now() time.Time
	// NewTimer returns a channel that receives once d has passed, and a function that
	// releases the timer. d is more than 0.
	NewTimer(d time.Duration) (fired <-chan time.Time, stop func())
	// WithTimeout returns a context that ends after d, like context.WithTimeout.
	WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc)
	// WithPatience is like WithTimeout, for how long reads that lag or fail are repeated. A
	// clock of tests may end it in a pause only, however long the reads take.
	WithPatience(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc)
}

// systemClock is the clock of this machine.
type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) NewTimer(d time.Duration) (<-chan time.Time, func()) {
	timer := time.NewTimer(d)
	return timer.C, func() { timer.Stop() }
}

func (systemClock) WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, d)
}

func (systemClock) WithPatience(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, d)
}

// sleep waits for d and returns nil. If ctx ends first, it returns the cause. It makes
// no timer of no length: one in a synctest bubble ends go1.26.8 under the race detector.
func sleep(ctx context.Context, clock Clock, d time.Duration) error {
	if d <= 0 {
		return context.Cause(ctx)
	}
	fired, stop := clock.NewTimer(d)
	defer stop()
	select {
	case <-fired:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Sleep waits for d by this machine's clock and returns nil. If ctx ends first, it
// returns the cause.
func Sleep(ctx context.Context, d time.Duration) error { return sleep(ctx, systemClock{}, d) }

// In returns the time after d.
func In(d time.Duration) time.Time { return time.Now().Add(d) }

// Until returns the duration until t. It is negative if t has passed.
func Until(t time.Time) time.Duration { return time.Until(t) }

// ServerClock relates a service's clock to this machine's clock. It comes from
// the Date header of one answer. The zero value has no information.
type ServerClock struct {
	// date is the answer's Date header, which is in whole seconds.
	date time.Time
	// asked is when the request was made, and answered when its answer arrived, by
	// this machine's clock.
	asked, answered time.Time
}

// Timestamp is a time by this machine's clock, or by the clock of another
// machine, which may differ by up to Tolerance.
type Timestamp struct {
	At        time.Time
	Tolerance time.Duration
}

// IsZero reports whether the Timestamp is not set.
func (m Timestamp) IsZero() bool { return m.At.IsZero() }

// earliest and latest are the bounds of the time by this machine's clock.
func (m Timestamp) earliest() time.Time { return m.At.Add(-m.Tolerance) }

func (m Timestamp) latest() time.Time { return m.At.Add(m.Tolerance) }

// Range returns the earliest and the latest time that the service's clock can
// have shown at a moment. told is false if the answer had no Date. earliest is
// rounded down to a whole second, because some services report times in whole
// seconds: an event at the moment or later never has an earlier time than this.
func (c ServerClock) Range(moment Timestamp) (earliest, latest time.Time, told bool) {
	earliest, latest, told = c.span(moment)
	return earliest.Truncate(time.Second), latest, told
}

// span is Range without rounding.
func (c ServerClock) span(moment Timestamp) (earliest, latest time.Time, told bool) {
	if c.date.IsZero() {
		return time.Time{}, time.Time{}, false
	}
	longest, _ := elapsed(moment.earliest(), c.answered)
	_, shortest := elapsed(moment.latest(), c.asked)
	return c.date.Add(-longest), c.date.Add(time.Second - shortest), true
}

// elapsed returns the time between two moments, measured by the wall clock and
// by the monotonic clock. They can differ: the wall clock may have been set in
// between, and the monotonic clock stops while the machine sleeps.
func elapsed(from, to time.Time) (longest, shortest time.Duration) {
	monotonic, wall := to.Sub(from), to.Round(0).Sub(from.Round(0))
	return max(monotonic, wall), min(monotonic, wall)
}

// Ahead returns by how much the service's clock is ahead of this machine's
// clock. The error is at most one second plus the time that the answer took.
// told is false if the answer had no Date.
func (c ServerClock) Ahead() (ahead time.Duration, told bool) {
	return c.date.Sub(c.answered), !c.date.IsZero()
}
