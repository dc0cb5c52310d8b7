package delivery

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// RateLimiters are the rate limiters of a provider, by name.
type RateLimiters struct {
	policy RetryPolicy

	mu       sync.Mutex
	limiters map[string]*RateLimiter
}

// NewRateLimiters returns rate limiters with a policy's retry policy.
func NewRateLimiters(policy RetryPolicy) *RateLimiters {
	return &RateLimiters{policy: policy, limiters: map[string]*RateLimiter{}}
}

// For returns the rate limiter of a name, which is made on first use.
func (l *RateLimiters) For(name string) *RateLimiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	limiter, ok := l.limiters[name]
	if !ok {
		limiter = newRateLimiter(l.policy)
		l.limiters[name] = limiter
	}
	return limiter
}

// RateLimiter is what all requests share that count against the same limit of a service:
// one pace. It is free until the service throttles. Then requests take turns, in
// the order in which they asked for one, at a pace that follows what the service
// takes; after calm it is free again.
//
// The pace comes down to a little less than what was taken of late, or by half
// where nothing was taken since it came down last; and only once for all requests
// that were under way together. With each request that is taken it goes up again:
// slowly, but quickly after a half and where nothing was taken before, which say
// nothing of what the service takes.
type RateLimiter struct {
	// slowest is the longest, and first the first pause between two turns of a
	// service that takes nothing.
	firstInterval, longestInterval time.Duration
	// head is held by the one whose turn is next.
	queue chan struct{}

	mu sync.Mutex
	// pace is how many turns there are in a second; 0 while the rate limiter is free.
	rate float64
	// searching is set while what the service takes is not known.
	searching bool
	// next is when the next turn is.
	next time.Time
	// slowed is when the pace came down, refused when the service last throttled.
	loweredAt, throttledAt time.Time
	// refusal is what the service said then.
	lastThrottle Attempt
	// taken are the times of the last requests taken, a ring.
	accepted     [16]time.Time
	acceptedNext int
}

const (
	// caution is how far below the pace that the service takes a rate limiter stays at first.
	backoffFactor = 0.95
	// growth and haste are by how many turns a second each request that was taken
	// makes a pace faster, haste while it is searching: so a pace doubles in a
	// quarter of a minute, or in a second. A slow pace grows by a hundredth.
	growthRate, searchGrowth = 0.05, 0.7
	// jitter is by what part of it the time between two turns varies: it keeps
	// machines that share a limit from marching in step.
	jitter = 0.05
	// calm is after how long without throttling a rate limiter is free again.
	idleReset = time.Minute
	// recent is for how long it counts what a service took.
	rateWindow = 10 * time.Second
	// late is how much of a delay between turns is made up for.
	burst = 100 * time.Millisecond
)

func newRateLimiter(policy RetryPolicy) *RateLimiter {
	return &RateLimiter{firstInterval: policy.FirstPause, longestInterval: policy.LongestPause, queue: make(chan struct{}, 1)}
}

// Wait waits for a request's turn and returns nil, or returns why there is none:
// ctx has ended, or would before the request had as much time as it waited. The
// first turn of a free rate limiter is now.
func (l *RateLimiter) Wait(ctx context.Context) error {
	if l.unlimited() {
		return nil
	}
	asked := time.Now()
	select {
	case l.queue <- struct{}{}:
		defer func() { <-l.queue }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	for {
		wait := l.tryTake()
		turn := time.Now().Add(wait)
		// An attempt that the deadline cuts off ends as unknown: better none.
		if deadline, ok := ctx.Deadline(); ok && deadline.Sub(turn) < min(turn.Sub(asked), l.longestInterval) {
			return context.DeadlineExceeded
		}
		if wait == 0 {
			return context.Cause(ctx)
		}
		if err := Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// free reports whether nobody has to wait.
func (l *RateLimiter) unlimited() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rate > 0 && time.Since(l.throttledAt) >= max(idleReset, 2*l.longestInterval) && !l.next.After(time.Now()) {
		l.rate, l.searching = 0, false
	}
	return l.rate == 0
}

// take takes the turn and returns 0, or returns how long it is until there is one.
func (l *RateLimiter) tryTake() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if wait := l.next.Sub(now); wait > 0 {
		return wait
	}
	if l.rate > 0 {
		l.next = latest(l.next, now.Add(-burst)).Add(l.interval())
	}
	return 0
}

// gap is the time between two turns.
func (l *RateLimiter) interval() time.Duration {
	return time.Duration((1 - jitter + 2*jitter*rand.Float64()) / l.rate * float64(time.Second))
}

// pace makes a request when it is its turn. When there is none, it returns what the
// service said when it last throttled.
func (l *RateLimiter) pace(ctx context.Context, request func() Attempt) Attempt {
	if stopped := l.Wait(ctx); stopped != nil {
		refused, _ := l.LastThrottle()
		return refused
	}
	began := time.Now()
	attempt := request()
	l.Observe(began, attempt)
	return attempt
}

// Observe has the rate limiter know what a request came to that began then.
func (l *RateLimiter) Observe(began time.Time, attempt Attempt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case attempt.Outcome == NotSent && attempt.Cause == Throttled:
		l.observeThrottled(began, attempt)
	case attempt.Outcome == Accepted, attempt.Outcome == Rejected:
		l.observeAccepted()
	}
}

// took notes that the service has dealt with a request.
func (l *RateLimiter) observeAccepted() {
	l.accepted[l.acceptedNext] = time.Now()
	l.acceptedNext = (l.acceptedNext + 1) % len(l.accepted)
	if l.searching {
		l.rate += searchGrowth
	} else if l.rate > 0 {
		l.rate += min(growthRate, l.rate/100)
	}
}

func (l *RateLimiter) observeThrottled(began time.Time, attempt Attempt) {
	now := time.Now()
	l.throttledAt, l.lastThrottle = now, attempt
	l.next = latest(l.next, now.Add(attempt.RetryAfter))
	// What was under way when the pace came down says nothing of the new one.
	if l.rate > 0 && !began.After(l.loweredAt) {
		return
	}
	rate, last := l.acceptedRate(now, began)
	switch pace := l.rate; {
	case pace == 0 && rate == 0:
		l.rate, l.searching = 1/l.firstInterval.Seconds(), true
	case pace == 0:
		l.rate = backoffFactor * rate
	case !last.After(l.loweredAt):
		l.rate, l.searching = pace/2, true
	default:
		l.rate, l.searching = backoffFactor*min(rate, pace), false
	}
	l.rate = max(l.rate, 1/l.longestInterval.Seconds())
	l.loweredAt = now
	l.next = latest(l.next, now.Add(l.interval()))
}

// taking is how many requests a second the service took of late, 0 when that is
// not known, and when it took the last one. A request that was under way since
// then is as much as can be seen of those that were taken together.
func (l *RateLimiter) acceptedRate(now, since time.Time) (rate float64, last time.Time) {
	n := 0
	for _, t := range l.accepted {
		if now.Sub(t) > rateWindow {
			continue
		}
		n++
		if t.Before(since) {
			since = t
		}
		last = latest(last, t)
	}
	if now.After(since) {
		rate = float64(n) / now.Sub(since).Seconds()
	}
	return rate, last
}

// LastThrottle is what the service said when it last throttled, and when the next turn is.
func (l *RateLimiter) LastThrottle() (Attempt, time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lastThrottle, max(0, time.Until(l.next))
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
