package acctest

import (
	"context"
	"sync"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// PauseClock is a clock for operations that use up their timeout. While one of them is
// under way, time passes in the provider's pauses only, and there at once. So neither a
// busy machine nor a slow request uses up a timeout, and no test waits for one. A request
// that gets no answer makes no pause: Expire ends its operation, and the clock does after
// minutes. So it is with a single request, whatever its timeout: ExpireAttempts ends it.
//
// The pause that uses up the timeout of an operation passes when the operation has returned.
// So if all operations of a test have one target, no other request is under way when one ends.
// A server might see such a request much later.
//
// Operations with longer timeouts have the machine's clock. What repeats reads that lag or
// fail has patience for as many pauses as on a quick machine. A clock is for one provider.
type PauseClock struct {
	longest time.Duration

	mu sync.Mutex
	// passed is the sum of all pauses so far, and skipped of those that passed at once.
	passed, skipped time.Duration
	// ending are the operations with such a timeout, attempts the requests, and patient are
	// the contexts of WithRetryPeriod.
	ending, attempts, patient map[*pauseContext]bool
}

var _ delivery.Clock = &PauseClock{}

// longestRequest is more than any request takes that gets an answer.
const longestRequest = 5 * time.Minute

// NewPauseClock returns a clock for operations with timeouts up to the longest.
func NewPauseClock(longest time.Duration) *PauseClock {
	return &PauseClock{longest: longest, ending: map[*pauseContext]bool{}, attempts: map[*pauseContext]bool{}, patient: map[*pauseContext]bool{}}
}

// Now returns the time of the machine and of the skipped pauses together.
func (c *PauseClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.skipped)
}

// NewTimer makes a pause pass.
func (c *PauseClock) NewTimer(d time.Duration) (<-chan time.Time, func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fired := make(chan time.Time, 1)
	if len(c.ending) == 0 {
		timer := time.AfterFunc(d, func() {
			c.mu.Lock()
			ended := c.pass(d)
			c.mu.Unlock()
			fire(fired, ended)
		})
		return fired, func() { timer.Stop() }
	}
	c.skipped += d
	go fire(fired, c.pass(d))
	return fired, func() {}
}

// fire lets a pause pass when the operations that it has ended have returned.
func fire(fired chan<- time.Time, ended []*pauseContext) {
	for _, ctx := range ended {
		<-ctx.returned
	}
	fired <- time.Now()
}

// pass ends what ends in a pause, and returns the operations among it. The caller holds the
// mutex.
func (c *PauseClock) pass(d time.Duration) []*pauseContext {
	c.passed += d
	c.over(c.patient)
	return c.over(c.ending)
}

// over ends those of the contexts whose time is over, and returns them.
func (c *PauseClock) over(contexts map[*pauseContext]bool) (over []*pauseContext) {
	for ctx := range contexts {
		// The pauses of several operations may overlap.
		if c.passed >= ctx.end && !time.Now().Add(c.skipped).Before(ctx.earliest) {
			ctx.finish(context.DeadlineExceeded)
			delete(contexts, ctx)
			over = append(over, ctx)
		}
	}
	return over
}

// Expire ends the operations that are under way, as their timeouts do.
func (c *PauseClock) Expire() { c.expire(c.ending) }

// ExpireAttempts ends the requests that are under way, as their timeouts do.
func (c *PauseClock) ExpireAttempts() { c.expire(c.attempts) }

func (c *PauseClock) expire(contexts map[*pauseContext]bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for ctx := range contexts {
		ctx.finish(context.DeadlineExceeded)
		delete(contexts, ctx)
	}
}

// WithTimeout returns a context that ends when pauses of d have passed. A timeout below a
// millisecond is over before anything can pause.
func (c *PauseClock) WithTimeout(parent context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if d < time.Millisecond || d > c.longest {
		return context.WithTimeout(parent, d)
	}
	return c.answered(parent, d, c.ending)
}

// WithAttemptTimeout returns a context that ExpireAttempts ends, and d does not.
func (c *PauseClock) WithAttemptTimeout(parent context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return c.answered(parent, d, c.attempts)
}

// answered returns a context that also ends after the longest time that an answer takes.
func (c *PauseClock) answered(parent context.Context, d time.Duration, contexts map[*pauseContext]bool) (context.Context, context.CancelFunc) {
	ctx, cancel := c.count(parent, d, contexts, time.Time{})
	unanswered := time.AfterFunc(longestRequest, func() { ctx.finish(context.DeadlineExceeded) })
	return ctx, func() {
		unanswered.Stop()
		cancel()
	}
}

// WithRetryPeriod returns a context that ends in a pause, when both pauses of d and d itself
// have passed.
func (c *PauseClock) WithRetryPeriod(parent context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return c.count(parent, d, c.patient, c.Now().Add(d))
}

func (c *PauseClock) count(parent context.Context, d time.Duration, contexts map[*pauseContext]bool, earliest time.Time) (*pauseContext, context.CancelFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ctx := &pauseContext{Context: parent, clock: c, end: c.passed + d, earliest: earliest, done: make(chan struct{}), returned: make(chan struct{})}
	contexts[ctx] = true
	remove := context.AfterFunc(parent, func() { ctx.finish(parent.Err()) })
	return ctx, sync.OnceFunc(func() {
		remove()
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(contexts, ctx)
		ctx.finish(context.Canceled)
		close(ctx.returned)
	})
}

// pauseContext is a context of a PauseClock.
type pauseContext struct {
	context.Context
	clock *PauseClock
	// end is the sum of pauses at which it ends, and earliest the time before which it
	// does not.
	end      time.Duration
	earliest time.Time
	done     chan struct{}
	// returned is closed when what has used it has returned.
	returned chan struct{}

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
	deadline, ok := c.Context.Deadline() // The clock may be the same one.
	c.clock.mu.Lock()
	defer c.clock.mu.Unlock()
	end := time.Now().Add(c.clock.skipped + c.end - c.clock.passed)
	if ok && deadline.Before(end) {
		return deadline, true
	}
	return end, true
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
