package acctest

import (
	"context"
	"sync"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// PauseClock is a clock for operations that use up their timeout. While one of them is
// under way, time passes in the provider's pauses only, and there at once. So neither a
// busy machine nor a slow request uses up a timeout, and no test waits for one.
//
// Operations with other timeouts have the machine's clock. A clock is for one provider.
type PauseClock struct {
	timeout time.Duration

	mu sync.Mutex
	// passed is the sum of all pauses so far.
	passed time.Duration
	ending map[*pauseContext]bool
}

var _ delivery.Clock = &PauseClock{}

// NewPauseClock returns a clock for operations with this timeout.
func NewPauseClock(timeout time.Duration) *PauseClock {
	return &PauseClock{timeout: timeout, ending: map[*pauseContext]bool{}}
}

// Now returns the time of the machine and of the pauses together.
func (c *PauseClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.passed)
}

// NewTimer makes a pause pass.
func (c *PauseClock) NewTimer(d time.Duration) (<-chan time.Time, func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.ending) == 0 {
		timer := time.NewTimer(d)
		return timer.C, func() { timer.Stop() }
	}
	c.passed += d
	fired := make(chan time.Time, 1)
	fired <- time.Now()
	for ctx := range c.ending {
		if c.passed >= ctx.end {
			ctx.finish(context.DeadlineExceeded)
			delete(c.ending, ctx)
		}
	}
	return fired, func() {}
}

// Expire ends what is under way as its timeout does.
func (c *PauseClock) Expire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for ctx := range c.ending {
		ctx.finish(context.DeadlineExceeded)
		delete(c.ending, ctx)
	}
}

// WithTimeout returns a context that ends when pauses of d have passed.
func (c *PauseClock) WithTimeout(parent context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if d != c.timeout {
		return context.WithTimeout(parent, d)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	ctx := &pauseContext{Context: parent, clock: c, end: c.passed + d, done: make(chan struct{})}
	c.ending[ctx] = true
	remove := context.AfterFunc(parent, func() { ctx.finish(parent.Err()) })
	return ctx, func() {
		remove()
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.ending, ctx)
		ctx.finish(context.Canceled)
	}
}

// pauseContext is a context of a PauseClock.
type pauseContext struct {
	context.Context
	clock *PauseClock
	// end is the sum of pauses at which it ends.
	end  time.Duration
	done chan struct{}

	once sync.Once
	err  error
}

func (c *pauseContext) finish(err error) {
	c.once.Do(func() {
		c.err = err
		close(c.done)
	})
}

// Deadline returns when it ends, by its clock, if only pauses follow.
func (c *pauseContext) Deadline() (time.Time, bool) {
	c.clock.mu.Lock()
	defer c.clock.mu.Unlock()
	return time.Now().Add(c.end), true
}

// Done is closed when it ends.
func (c *pauseContext) Done() <-chan struct{} { return c.done }

// Err returns why it ended, nil if it has not.
func (c *pauseContext) Err() error {
	select {
	case <-c.done:
		return c.err
	default:
		return nil
	}
}
