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

// NewRateLimiters returns rate limiters with the pauses of a policy.
func NewRateLimiters(policy RetryPolicy) *RateLimiters {
	return &RateLimiters{policy: policy, limiters: map[string]*RateLimiter{}}
}

// For returns the rate limiter with this name. It creates the limiter on first
// use.
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

// RateLimiter limits the rate of all requests that count against the same limit
// of a service. It does not limit until the service throttles. Then it lets the
// requests go one after the other, in the order in which they called Wait, at a
// rate that follows the rate that the service accepts. After idleReset without
// throttling it stops limiting.
//
// When the service throttles, the rate drops to a little less than the rate
// that the service accepted recently. If the service has accepted nothing since
// the last drop, the rate is halved. Requests that were under way together
// lower the rate only once. Each accepted request raises the rate by a small
// step: each one that got a clear answer and was not throttled, even if the service
// rejected it. The step is large after the rate was halved, or if the service had
// accepted nothing before, because then the rate that the service accepts is
// not known.
type RateLimiter struct {
	// firstInterval is the first time between two requests if the service accepts
	// nothing, and longestInterval is the longest.
	firstInterval, longestInterval time.Duration
	clock                          Clock
	// queue is held by the request that is next.
	queue chan struct{}

	mu sync.Mutex
	// rate is in requests per second; 0 while the limiter does not limit.
	rate float64
	// searching is set while the rate that the service accepts is not known.
	searching bool
	// next is when the next request may go.
	next time.Time
	// loweredAt is when the rate was last lowered, and throttledAt when the service
	// last throttled.
	loweredAt, throttledAt time.Time
	// lastThrottle is the service's last throttling answer.
	lastThrottle Attempt
	// accepted is a ring buffer with the times of the last accepted requests: at least
	// as many as are accepted while one request is under way.
	accepted     [1024]time.Time
	acceptedNext int
}

const (
	// backoffFactor is the new rate after throttling, as a fraction of the rate that
	// the service accepted.
	backoffFactor = 0.95
	// Each accepted request raises the rate by growthRate, in requests per second, or
	// by searchGrowth while searching. So the rate doubles in about 15 seconds, or in
	// about one second. A low rate grows by a hundredth per request.
	growthRate, searchGrowth = 0.05, 0.7
	// rateJitter is the fraction by which the time between two requests varies. It keeps
	// machines that share a limit from sending at the same moments.
	rateJitter = 0.05
	// idleReset is the time without throttling after which the limiter stops
	// limiting.
	idleReset = time.Minute
	// rateWindow is the period over which the accepted rate is measured.
	rateWindow = 10 * time.Second
	// rateSample is the least number of accepted requests by which the rate is
	// measured. All that were accepted while the throttled request was under way count,
	// too.
	rateSample = 32
	// lowestFactor is the lowest new rate after throttling, as a fraction of the rate
	// before: a machine that stood still for a moment sent little, which says nothing
	// of the service.
	lowestFactor = 0.75
	// burst is how much of a delay later requests may catch up.
	burst = 100 * time.Millisecond
)

func newRateLimiter(policy RetryPolicy) *RateLimiter {
	return &RateLimiter{firstInterval: policy.FirstPause, longestInterval: policy.LongestPause, clock: policy.clock(), queue: make(chan struct{}, 1)}
}

// Wait waits until the request may go and returns nil. It returns an error if
// ctx ends, or if ctx would leave the request less time than the request has
// waited, at most longestInterval. If the limiter does not limit, it returns at once.
func (l *RateLimiter) Wait(ctx context.Context) error {
	if l.unlimited() {
		return nil
	}
	asked := l.clock.Now()
	select {
	case l.queue <- struct{}{}:
		defer func() { <-l.queue }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	for {
		wait := l.tryTake()
		turn := l.clock.Now().Add(wait)
		// If the deadline cuts off an attempt, its outcome is unknown. So make no
		// attempt.
		if deadline, ok := ctx.Deadline(); ok && deadline.Sub(turn) < min(turn.Sub(asked), l.longestInterval) {
			return context.DeadlineExceeded
		}
		if wait == 0 {
			return context.Cause(ctx)
		}
		if err := sleep(ctx, l.clock, wait); err != nil {
			return err
		}
	}
}

// unlimited reports whether the limiter does not limit at the moment.
func (l *RateLimiter) unlimited() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rate > 0 && l.clock.Now().Sub(l.throttledAt) >= max(idleReset, 2*l.longestInterval) && !l.next.After(l.clock.Now()) {
		l.rate, l.searching = 0, false
	}
	return l.rate == 0
}

// tryTake returns 0 if the request may go now, and otherwise the time until it
// may.
func (l *RateLimiter) tryTake() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.Now()
	if wait := l.next.Sub(now); wait > 0 {
		return wait
	}
	if l.rate > 0 {
		l.next = laterOf(l.next, now.Add(-burst)).Add(l.interval())
	}
	return 0
}

// interval is the time between two requests.
func (l *RateLimiter) interval() time.Duration {
	return time.Duration((1 - rateJitter + 2*rateJitter*rand.Float64()) / l.rate * float64(time.Second))
}

// pace waits for its turn and makes a request. If ctx ends before that, it returns the last
// throttled attempt of another request. A nil limiter does not wait.
func (l *RateLimiter) pace(ctx context.Context, request func() Attempt) Attempt {
	if l == nil {
		return request()
	}
	if stopped := l.Wait(ctx); stopped != nil {
		refused, _ := l.LastThrottle()
		return refused
	}
	began := l.clock.Now()
	attempt := request()
	l.Observe(began, attempt)
	return attempt
}

// Observe tells the rate limiter the result of a request and when it began.
func (l *RateLimiter) Observe(began time.Time, attempt Attempt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case attempt.Outcome == NotSent && attempt.Cause == Throttled:
		l.observeThrottled(began, attempt)
	case attempt.Outcome == Accepted, attempt.Outcome == Rejected:
		l.accepted[l.acceptedNext] = l.clock.Now()
		l.acceptedNext = (l.acceptedNext + 1) % len(l.accepted)
		if l.searching {
			l.rate += searchGrowth
		} else if l.rate > 0 {
			l.rate += min(growthRate, l.rate/100)
		}
	}
}

func (l *RateLimiter) observeThrottled(began time.Time, attempt Attempt) {
	now := l.clock.Now()
	l.throttledAt, l.lastThrottle = now, attempt
	l.next = laterOf(l.next, now.Add(attempt.RetryAfter))
	// A request that was under way when the rate was lowered says nothing about the
	// new rate.
	if l.rate > 0 && !began.After(l.loweredAt) {
		return
	}
	rate, last := l.acceptedRate(now, began)
	switch {
	case l.rate == 0 && rate == 0:
		l.rate, l.searching = 1/l.firstInterval.Seconds(), true
	case l.rate == 0:
		l.rate = backoffFactor * rate
	case !last.After(l.loweredAt):
		l.rate, l.searching = l.rate/2, true
	default:
		l.rate, l.searching = max(backoffFactor*min(rate, l.rate), lowestFactor*l.rate), false
	}
	l.rate = max(l.rate, 1/l.longestInterval.Seconds())
	l.loweredAt = now
	l.next = laterOf(l.next, now.Add(l.interval()))
}

// acceptedRate returns how many requests per second the service accepted
// recently, 0 if that is not known, and when it accepted the last one. The
// measured period includes the time since the throttled request began, because
// requests that were accepted together would otherwise seem faster than they
// were.
func (l *RateLimiter) acceptedRate(now, since time.Time) (rate float64, last time.Time) {
	n := 0
	for ; n < len(l.accepted); n++ {
		t := l.accepted[(l.acceptedNext-1-n+2*len(l.accepted))%len(l.accepted)]
		if now.Sub(t) > rateWindow || n >= rateSample && t.Before(since) {
			break
		}
		last = laterOf(last, t)
		if t.Before(since) {
			since = t
		}
	}
	if now.After(since) {
		rate = float64(n) / now.Sub(since).Seconds()
	}
	return rate, last
}

// LastThrottle returns the service's last throttling answer, and how long it is
// until the next request may go.
func (l *RateLimiter) LastThrottle() (Attempt, time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lastThrottle, max(0, l.next.Sub(l.clock.Now()))
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
