package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// limited is a service that accepts this number of requests a second, from a bucket that is
// full at first.
type limited struct {
	rate, bucket float64
	latency      time.Duration
	// stall is how long nothing happens in each two seconds, as on a busy machine.
	stall time.Duration
	// closed is the time until which the service accepts nothing.
	closed time.Time

	mu        sync.Mutex
	tokens    float64
	refilled  time.Time
	taken     []time.Time
	throttled []time.Time
}

func (s *limited) Send(ctx context.Context) delivery.Attempt {
	s.hold(ctx)
	defer s.hold(ctx)
	_ = delivery.Sleep(ctx, s.latency)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.refilled.IsZero() {
		s.tokens, s.refilled = s.bucket, now
	}
	s.tokens = min(s.bucket, s.tokens+s.rate*now.Sub(s.refilled).Seconds())
	s.refilled = now
	if s.tokens < 1 || now.Before(s.closed) {
		s.throttled = append(s.throttled, now)
		return unsent(delivery.Throttled)
	}
	s.tokens--
	s.taken = append(s.taken, now)
	return delivery.Attempt{Outcome: delivery.Accepted}
}

func (s *limited) hold(ctx context.Context) {
	if into := time.Duration(time.Now().UnixNano()) % (2 * time.Second); into < s.stall {
		_ = delivery.Sleep(ctx, s.stall-into)
	}
}

// rollOut sends signals with one rate limiter, this number at a time, and returns how long
// that took.
func rollOut(t *testing.T, limiter *delivery.RateLimiter, service delivery.Request, signals, parallelism int) time.Duration {
	t.Helper()
	start := time.Now()
	left := make(chan struct{}, signals)
	for range signals {
		left <- struct{}{}
	}
	close(left)
	var all sync.WaitGroup
	for range parallelism {
		all.Go(func() {
			for range left {
				result := delivery.DefaultRetryPolicy.Deliver(t.Context(), limiter, service, delivery.UnknownOutcomePolicy{}, func(delivery.Attempt, time.Duration) {})
				if result.Outcome != delivery.Accepted {
					t.Errorf("a signal ended %s: %v", result.Outcome, result.Err)
				}
			}
		})
	}
	all.Wait()
	return time.Since(start)
}

func TestLaneFindsThePaceOfTheService(t *testing.T) {
	for _, test := range []struct {
		rate, bucket float64
		latency      time.Duration
		parallelism  int
		stall        time.Duration
		atMost       float64
	}{
		{50, 50, time.Millisecond, 10, 0, 1.05},
		{50, 50, time.Millisecond, 100, 0, 1.05},
		{50, 50, 100 * time.Millisecond, 100, 0, 1.05},
		{50, 50, time.Second, 100, 0, 1.1},
		{50, 5, 20 * time.Millisecond, 100, 0, 1.1},
		{5, 20, 50 * time.Millisecond, 10, 0, 1.05},
		{400, 400, 10 * time.Millisecond, 100, 0, 1.05},
		{400, 400, 100 * time.Millisecond, 100, 0, 1.05},
		{50, 50, 2 * time.Millisecond, 100, 300 * time.Millisecond, 1.1},
		{50, 50, 2 * time.Millisecond, 10, 700 * time.Millisecond, 1.15},
		{50, 50, 2 * time.Millisecond, 100, 700 * time.Millisecond, 1.1},
		// Without a bucket, the turn of a throttled request is lost, and the rate must leave
		// room for jitter.
		{50, 1, time.Millisecond, 10, 0, 1.25},
		{1, 1, 50 * time.Millisecond, 10, 0, 1.35},
	} {
		name := fmt.Sprintf("rate %g, bucket %g, latency %s, parallelism %d, stall %s", test.rate, test.bucket, test.latency, test.parallelism, test.stall)
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				service := &limited{rate: test.rate, bucket: test.bucket, latency: test.latency, stall: test.stall}
				signals := int(20 * test.rate)
				if test.rate < 10 {
					signals = 200
				}
				took := rollOut(t, delivery.NewRateLimiters(delivery.DefaultRetryPolicy).For("service"), service, signals, test.parallelism)
				ratio := took.Seconds() / (float64(signals) / test.rate)
				waste := float64(len(service.throttled)) / float64(signals)
				t.Logf("took %.3f of what the rate takes, with %.2f throttled requests each", ratio, waste)
				if len(service.taken) != signals {
					t.Errorf("the service took %d signals, want %d", len(service.taken), signals)
				}
				if ratio > test.atMost || waste > 0.3 {
					t.Errorf("took %.2f of what the rate takes, with %.2f throttled requests each, want at most %.2f and 0.3", ratio, waste, test.atMost)
				}
			})
		})
	}
}

// jammed returns a rate limiter whose service has just throttled, and has asked for this
// pause.
func jammed(t *testing.T, peace time.Duration) *delivery.RateLimiter {
	t.Helper()
	limiter := delivery.NewRateLimiters(delivery.DefaultRetryPolicy).For("service")
	if err := limiter.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	refused := unsent(delivery.Throttled)
	refused.RetryAfter = peace
	limiter.Observe(time.Now(), refused)
	return limiter
}

func TestTurnsAreTakenInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter := jammed(t, 0)
		var (
			all   sync.WaitGroup
			mu    sync.Mutex
			turns []int
			times []time.Time
		)
		for i := range 20 {
			all.Go(func() {
				if err := limiter.Wait(t.Context()); err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				turns, times = append(turns, i), append(times, time.Now())
			})
			synctest.Wait()
		}
		all.Wait()
		for i, turn := range turns {
			if turn != i {
				t.Fatalf("the turns were %v", turns)
			}
			if i > 0 && times[i].Sub(times[i-1]) < delivery.DefaultRetryPolicy.FirstPause*9/10 {
				t.Errorf("turn %d came %s after the one before", i, times[i].Sub(times[i-1]))
			}
		}
	})
}

func TestLaneLeavesTheServiceAloneForAsLongAsItAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter, start := jammed(t, 5*time.Minute), time.Now()
		if err := limiter.Wait(t.Context()); err != nil || time.Since(start) != 5*time.Minute {
			t.Errorf("the turn came after %s, %v", time.Since(start), err)
		}
	})
}

func TestLanesAreApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiters := delivery.NewRateLimiters(delivery.DefaultRetryPolicy)
		limiters.For("one").Observe(time.Now(), unsent(delivery.Throttled))
		// Neither of these two concerns the service's rate.
		limiters.For("other").Observe(time.Now(), unsent(delivery.Busy))
		limiters.For("other").Observe(time.Now(), unsent(delivery.Unreachable))
		start := time.Now()
		if err := limiters.For("other").Wait(t.Context()); err != nil || time.Since(start) != 0 {
			t.Errorf("the other limiter took %s, %v", time.Since(start), err)
		}
		if err := limiters.For("one").Wait(t.Context()); err != nil || time.Since(start) == 0 {
			t.Errorf("the throttled limiter took %s, %v", time.Since(start), err)
		}
	})
}

func TestLaneIsFreeAgainAfterCalm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter := jammed(t, 0)
		_ = delivery.Sleep(t.Context(), time.Minute)
		start := time.Now()
		for range 100 {
			if err := limiter.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("a hundred turns took %s", took)
		}
	})
}

func TestTurnEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter := jammed(t, time.Hour)
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		// One request waits for the time of the next turn, and the others wait behind it.
		for range 3 {
			all.Go(func() {
				if err := limiter.Wait(ctx); !errors.Is(err, context.Canceled) {
					t.Errorf("the turn ended with %v", err)
				}
			})
		}
		_ = delivery.Sleep(t.Context(), time.Second)
		start := time.Now()
		cancel()
		all.Wait()
		if took := time.Since(start); took != 0 {
			t.Errorf("the turns ended %s late", took)
		}
	})
}

// A signal whose turn does not come in time is not sent, and its error says why.
func TestNoTurnInTime(t *testing.T) {
	for name, test := range map[string]struct{ peace, timeout, atMost time.Duration }{
		"the next turn is too late":              {peace: time.Hour, timeout: 20 * time.Minute},
		"too little time would be left":          {peace: 19*time.Minute + 50*time.Second, timeout: 20 * time.Minute},
		"the turns of those before are too late": {peace: 10 * time.Second, timeout: 21 * time.Second, atMost: 21 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limiter := jammed(t, test.peace)
				ctx, cancel := context.WithTimeout(t.Context(), test.timeout)
				defer cancel()
				if test.atMost > 0 {
					ahead, leave := context.WithCancel(t.Context())
					var all sync.WaitGroup
					defer func() { leave(); all.Wait() }()
					for range 50 {
						all.Go(func() { _ = limiter.Wait(ahead) })
					}
					synctest.Wait()
				}
				start, service := time.Now(), &script{lines: []delivery.Attempt{{Outcome: delivery.Accepted}}}
				result := delivery.DefaultRetryPolicy.Deliver(ctx, limiter, service, delivery.UnknownOutcomePolicy{}, func(delivery.Attempt, time.Duration) {})
				if result.Outcome != delivery.NotSent || result.Cause != delivery.Throttled || !errors.Is(result.Stopped, context.DeadlineExceeded) ||
					result.Attempts != 0 || result.Err == nil || len(service.sent) != 0 {
					t.Errorf("the result is %+v", result)
				}
				if took := time.Since(start); took > test.atMost {
					t.Errorf("ended after %s", took)
				}
			})
		})
	}
}

// Throttled reads also share a rate, and are repeated.
func TestReadsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := &limited{rate: 10, bucket: 10, latency: 10 * time.Millisecond}
		limiter, poller := delivery.NewRateLimiters(delivery.DefaultRetryPolicy).For("service"), delivery.NewPoller(delivery.DefaultRetryPolicy)
		ends := time.Now().Add(2 * time.Minute)
		var all sync.WaitGroup
		for i := range 100 {
			probe := delivery.NewProbe(fmt.Sprint(i), func(ctx context.Context) (bool, delivery.Attempt) {
				return !time.Now().Before(ends), service.Send(ctx)
			}, func(ended bool) delivery.Observation {
				if ended {
					return delivery.Observation{State: delivery.Reached}
				}
				return delivery.Observation{}
			})
			all.Go(func() {
				if end := poller.Wait(t.Context(), probe.WithLimiter(limiter), func(delivery.Observation, time.Time) {}); !end.Reached() {
					t.Errorf("a wait ended %+v", end)
				}
			})
		}
		all.Wait()
		if late := time.Since(ends); late > 30*time.Second {
			t.Errorf("the last one noticed the end %s late", late)
		}
		if waste := float64(len(service.throttled)) / float64(len(service.taken)); waste > 0.3 {
			t.Errorf("%d reads were taken and %d throttled", len(service.taken), len(service.throttled))
		}
	})
}

// If a service accepted nothing for a while, that does not tell what rate it accepts
// afterwards.
func TestLaneRecoversFromAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := &limited{rate: 50, bucket: 5, latency: 10 * time.Millisecond, closed: time.Now().Add(5 * time.Minute)}
		took := rollOut(t, delivery.NewRateLimiters(delivery.DefaultRetryPolicy).For("service"), service, 1000, 10)
		if late := took - 5*time.Minute; late > 60*time.Second {
			t.Errorf("a thousand signals took %s after the outage, want at most 60 s at 50 a second", late)
		}
		if outage := len(service.throttled); outage > 200 {
			t.Errorf("%d requests were throttled", outage)
		}
	})
}
