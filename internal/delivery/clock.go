package delivery

import (
	"context"
	"time"
)

// Clock is the time by which a provider waits: the pauses between attempts and
// between reads, the timeouts of operations, and how long what fails is repeated.
// Tests use another one.
type Clock interface {
	// Now returns the time. The deadlines of WithTimeout count by it.
	Now() time.Time
	// NewTimer returns a channel that receives once d has passed, and a function that
	// releases the timer. d is more than 0.
	NewTimer(d time.Duration) (fired <-chan time.Time, stop func())
	// WithTimeout returns a context that ends after d, like context.WithTimeout.
	WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc)
	// WithAttemptTimeout is like WithTimeout, for one request.
	WithAttemptTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc)
	// WithRetryPeriod is like WithTimeout. It limits how long failing or lagging reads, and
	// requests to an unreachable service, are repeated. A clock of tests may end it in a
	// pause only, however long the requests take.
	WithRetryPeriod(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc)
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

func (systemClock) WithAttemptTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, d)
}

func (systemClock) WithRetryPeriod(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, d)
}

// sleep waits for d and returns nil. If ctx ends first, it returns the cause. If d
// is 0 or less, it makes no timer: such a timer in a synctest bubble crashes go1.26.8
// under the race detector.
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

// FromNow returns the time after d.
func FromNow(d time.Duration) time.Time { return time.Now().Add(d) }

// Until returns the duration until t. It is negative if t has passed.
func Until(t time.Time) time.Duration { return time.Until(t) }
