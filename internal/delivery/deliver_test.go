package delivery_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// script is a target whose attempts end with these results. The last one repeats.
type script struct {
	lines []delivery.Attempt
	sent  []time.Time
}

func (s *script) Send(context.Context) delivery.Attempt {
	line := s.lines[min(len(s.sent), len(s.lines)-1)]
	s.sent = append(s.sent, time.Now())
	return line
}

func unsent(cause delivery.Cause) delivery.Attempt {
	return delivery.Attempt{Outcome: delivery.NotSent, Cause: cause, Err: errors.New("unsent")}
}

// newLimiter returns a rate limiter that nothing else uses.
func newLimiter() *delivery.RateLimiter {
	return delivery.NewRateLimiters(delivery.DefaultRetryPolicy).For("signals")
}

func TestDeliverRepeatsOnlyWhatWasNotSent(t *testing.T) {
	var (
		accepted = delivery.Attempt{Outcome: delivery.Accepted, RequestID: "r"}
		rejected = delivery.Attempt{Outcome: delivery.Rejected, Err: errors.New("no")}
		unknown  = delivery.Attempt{Outcome: delivery.Unknown, Err: errors.New("lost")}
		harmless = delivery.Attempt{Outcome: delivery.Unknown, Repeatable: true, Err: errors.New("lost")}
	)
	for name, test := range map[string]struct {
		lines    []delivery.Attempt
		outcome  delivery.Outcome
		attempts int
		stopped  error
		atLeast  time.Duration
		atMost   time.Duration
	}{
		"accepted at once":               {lines: []delivery.Attempt{accepted}, outcome: delivery.Accepted, attempts: 1},
		"rejected is final":              {lines: []delivery.Attempt{rejected, accepted}, outcome: delivery.Rejected, attempts: 1},
		"unknown is final":               {lines: []delivery.Attempt{unknown, accepted}, outcome: delivery.Unknown, attempts: 1},
		"unclassified is unknown":        {lines: []delivery.Attempt{{Err: errors.New("?")}, accepted}, outcome: delivery.Unknown, attempts: 1},
		"unknown after a retry is final": {lines: []delivery.Attempt{unsent(delivery.Throttled), unknown, accepted}, outcome: delivery.Unknown, attempts: 2, atMost: time.Second},
		"repeatable, then accepted":      {lines: []delivery.Attempt{harmless, harmless, accepted}, outcome: delivery.Accepted, attempts: 3, atMost: 3 * time.Second},
		"repeatable, then rejected":      {lines: []delivery.Attempt{harmless, rejected}, outcome: delivery.Unknown, attempts: 2, atMost: time.Second},
		"repeatable, then not again":     {lines: []delivery.Attempt{harmless, unknown, accepted}, outcome: delivery.Unknown, attempts: 2, atMost: time.Second},
		"repeatable, then refused":       {lines: []delivery.Attempt{harmless, unsent(delivery.Unreachable)}, outcome: delivery.Unknown, attempts: -4, atLeast: 30 * time.Second, atMost: 60 * time.Second},
		"repeatable for ever":            {lines: []delivery.Attempt{harmless}, outcome: delivery.Unknown, attempts: -20, stopped: context.DeadlineExceeded, atLeast: 9*time.Minute + 15*time.Second, atMost: 10 * time.Minute},
		"throttled, then accepted":       {lines: []delivery.Attempt{unsent(delivery.Throttled), unsent(delivery.Throttled), accepted}, outcome: delivery.Accepted, attempts: 3, atLeast: 500 * time.Millisecond, atMost: 3 * time.Second},
		"refused, then accepted":         {lines: []delivery.Attempt{unsent(delivery.Unreachable), accepted}, outcome: delivery.Accepted, attempts: 2, atMost: time.Second},
		"throttled for ever":             {lines: []delivery.Attempt{unsent(delivery.Throttled)}, outcome: delivery.NotSent, attempts: -20, stopped: context.DeadlineExceeded, atLeast: 9*time.Minute + 15*time.Second, atMost: 10 * time.Minute},
		"refused for ever":               {lines: []delivery.Attempt{unsent(delivery.Unreachable)}, outcome: delivery.NotSent, attempts: -4, atLeast: 30 * time.Second, atMost: 53 * time.Second},
		"no such host":                   {lines: []delivery.Attempt{unsent(delivery.NoSuchHost), accepted}, outcome: delivery.NotSent, attempts: 1},
		"untrusted":                      {lines: []delivery.Attempt{unsent(delivery.Untrusted), accepted}, outcome: delivery.NotSent, attempts: 1},
		"no credentials":                 {lines: []delivery.Attempt{unsent(delivery.NoCredentials), accepted}, outcome: delivery.NotSent, attempts: 1},
		"no credentials for a while":     {lines: []delivery.Attempt{unsent(delivery.CredentialsFailing), unsent(delivery.CredentialsFailing), accepted}, outcome: delivery.Accepted, attempts: 3, atLeast: 500 * time.Millisecond, atMost: 3 * time.Second},
		"no credentials for ever":        {lines: []delivery.Attempt{unsent(delivery.CredentialsFailing)}, outcome: delivery.NotSent, attempts: -20, stopped: context.DeadlineExceeded, atLeast: 9*time.Minute + 15*time.Second, atMost: 10 * time.Minute},
		"nobody who gives credentials":   {lines: []delivery.Attempt{unsent(delivery.CredentialsUnreachable)}, outcome: delivery.NotSent, attempts: -4, atLeast: 30 * time.Second, atMost: 53 * time.Second},
		"hopeless":                       {lines: []delivery.Attempt{unsent(delivery.Permanent), accepted}, outcome: delivery.NotSent, attempts: 1},
		"asked to wait": {lines: []delivery.Attempt{{Outcome: delivery.NotSent, Cause: delivery.Throttled, RetryAfter: time.Minute, Err: errors.New("later")}, accepted},
			outcome: delivery.Accepted, attempts: 2, atLeast: time.Minute, atMost: time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
				defer cancel()
				target, reported, start := &script{lines: test.lines}, 0, time.Now()
				result := delivery.DefaultRetryPolicy.Deliver(ctx, newLimiter(), target, delivery.UnknownOutcomePolicy{}, func(delivery.Attempt, time.Duration) { reported++ })
				took := time.Since(start)
				if result.Outcome != test.outcome {
					t.Errorf("outcome is %s, want %s", result.Outcome, test.outcome)
				}
				if result.Attempts != len(target.sent) || !result.SentAt.Equal(target.sent[len(target.sent)-1]) {
					t.Errorf("the result says %d attempts, the last at %s; made were %v", result.Attempts, result.SentAt, target.sent)
				}
				if want := test.attempts; want > 0 && result.Attempts != want || result.Attempts < -want {
					t.Errorf("made %d attempts, want %d (negative: at least)", result.Attempts, want)
				}
				if !errors.Is(result.Stopped, test.stopped) {
					t.Errorf("stopped by %v, want %v", result.Stopped, test.stopped)
				}
				if took < test.atLeast || took > test.atMost {
					t.Errorf("took %s, want %s to %s", took, test.atLeast, test.atMost)
				}
				if followed := result.Attempts - 1; test.stopped == nil && reported != followed {
					t.Errorf("reported %d attempts, want the %d that another followed", reported, followed)
				}
			})
		})
	}
}

func TestDeliverEndsWhenCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		start := time.Now()
		result := delivery.DefaultRetryPolicy.Deliver(ctx, newLimiter(), &script{lines: []delivery.Attempt{unsent(delivery.Throttled)}}, delivery.UnknownOutcomePolicy{}, func(delivery.Attempt, time.Duration) {})
		if took := time.Since(start); took != time.Minute {
			t.Errorf("ended after %s, want at the moment of the cancellation", took)
		}
		if result.Outcome != delivery.NotSent || !errors.Is(result.Stopped, context.Canceled) {
			t.Errorf("ended %s, stopped by %v", result.Outcome, result.Stopped)
		}
	})
}

type stalled struct{}

func (stalled) Send(ctx context.Context) delivery.Attempt {
	<-ctx.Done()
	return delivery.Attempt{Outcome: delivery.Unknown, Err: ctx.Err()}
}

func TestAttemptHasItsOwnLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		result := delivery.DefaultRetryPolicy.Deliver(t.Context(), newLimiter(), stalled{}, delivery.UnknownOutcomePolicy{}, nil)
		if took := time.Since(start); took != delivery.DefaultRetryPolicy.AttemptTimeout || result.Outcome != delivery.Unknown {
			t.Errorf("a stalled attempt ended %s after %s", result.Outcome, took)
		}
	})
}

// cutOff is throttled once. Then ctx ends before it has a connection.
type cutOff struct {
	cancel context.CancelFunc
	turned bool
}

func (c *cutOff) Send(ctx context.Context) delivery.Attempt {
	if !c.turned {
		c.turned = true
		return delivery.Attempt{Outcome: delivery.NotSent, Cause: delivery.Throttled, Err: errors.New("rate exceeded")}
	}
	c.cancel()
	return delivery.Attempt{Outcome: delivery.NotSent, Cause: delivery.Unreachable, Err: ctx.Err()}
}

func TestTheServicesLastWordsAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		result := delivery.DefaultRetryPolicy.Deliver(ctx, newLimiter(), &cutOff{cancel: cancel}, delivery.UnknownOutcomePolicy{}, func(delivery.Attempt, time.Duration) {})
		if result.Outcome != delivery.NotSent || result.Err.Error() != "rate exceeded" || !errors.Is(result.Stopped, context.Canceled) || result.Attempts != 2 {
			t.Errorf("the result is %+v", result)
		}
	})
}

// Resources that are throttled together must not try again together.
func TestPausesAreSpread(t *testing.T) {
	pauses := map[time.Duration]bool{}
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		delivery.DefaultRetryPolicy.Deliver(ctx, newLimiter(), &script{lines: []delivery.Attempt{unsent(delivery.Throttled)}}, delivery.UnknownOutcomePolicy{}, func(_ delivery.Attempt, pause time.Duration) {
			pauses[pause] = true
			cancel()
		})
	}
	if len(pauses) < 15 {
		t.Errorf("20 deliveries paused for only %d different times", len(pauses))
	}
}

// patientClock is this machine's clock, with a patience that does not end.
type patientClock struct{}

func (patientClock) Now() time.Time { return time.Now() }

func (patientClock) NewTimer(d time.Duration) (<-chan time.Time, func()) {
	return time.After(d), func() {}
}

func (patientClock) WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, d)
}

func (patientClock) WithAttemptTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, d)
}

func (patientClock) WithRetryPeriod(ctx context.Context, _ time.Duration) (context.Context, context.CancelFunc) {
	return context.WithCancel(ctx)
}

// slow is a target whose attempts take a time.
type slow struct {
	delivery.Request
	takes time.Duration
}

func (s slow) Send(ctx context.Context) delivery.Attempt {
	<-time.After(s.takes)
	return s.Request.Send(ctx)
}

// The policy's clock says how long an unreachable service is tried, so a slow machine does
// not shorten that in tests.
func TestDeliverHasThePatienceOfItsClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		policy, target := delivery.DefaultRetryPolicy, &script{lines: []delivery.Attempt{
			unsent(delivery.Unreachable), unsent(delivery.Unreachable), unsent(delivery.Unreachable), {Outcome: delivery.Accepted},
		}}
		policy.Clock = patientClock{}
		result := policy.Deliver(t.Context(), delivery.NewRateLimiters(policy).For(""), slow{target, policy.UnreachableTimeout}, delivery.UnknownOutcomePolicy{}, func(delivery.Attempt, time.Duration) {})
		if result.Outcome != delivery.Accepted || result.Attempts != 4 {
			t.Errorf("%s after %d attempts", result.Outcome, result.Attempts)
		}
	})
}
