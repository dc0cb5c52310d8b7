package signal

import (
	"context"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// Sender sends all signals of a provider. They share one retry policy, the rate
// limiters of the services, and the reads of targets.
type Sender struct {
	policy       delivery.RetryPolicy
	poller       *delivery.Poller
	matcher      *delivery.TraceMatcher
	sends, reads *delivery.RateLimiters
	// sent has, for each IdempotencyKey, the resource whose signal with it is being sent, or
	// was not refused.
	sent           sync.Map
	waits          *waitCounter
	destroySignals *destroySignals
	redactor       *delivery.Redactor
}

// NewSender returns a Sender with this retry policy.
func NewSender(policy delivery.RetryPolicy) *Sender {
	poller := delivery.NewPoller(policy)
	return &Sender{
		policy: policy, poller: poller, matcher: delivery.NewTraceMatcher(poller),
		sends: delivery.NewRateLimiters(policy), reads: delivery.NewRateLimiters(policy),
		waits:          &waitCounter{others: map[string][]*int{}},
		destroySignals: newDestroySignals(),
		redactor:       delivery.NewRedactor(),
	}
}

// Redactor returns the redactor that cleans foreign texts. The clients of all
// systems add their secrets to it.
func (s *Sender) Redactor() *delivery.Redactor { return s.redactor }

// latestLoss returns when the answer to an attempt that began at this time counts
// as lost at the latest.
func (s *Sender) latestLoss(began time.Time) time.Time { return began.Add(s.policy.AttemptTimeout) }

// WithTimeout returns a context that ends after d, the timeout of an operation, by the
// clock of the retry policy.
func (s *Sender) WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return s.policy.WithTimeout(ctx, d)
}

// UnreachableTimeout returns how long a request is repeated that gets no answer.
func (s *Sender) UnreachableTimeout() time.Duration { return s.policy.UnreachableTimeout }

func (s *Sender) deliver(ctx context.Context, limiter *delivery.RateLimiter, doing string, request delivery.Request) delivery.Result {
	return s.policy.Deliver(ctx, limiter, request, delivery.UnknownOutcomePolicy{}, func(attempt delivery.Attempt, pause time.Duration) {
		tflog.Info(ctx, "request failed, trying again", map[string]any{
			"request": doing, "outcome": attempt.Outcome.String(), "error": s.redactor.Text(attempt.Err.Error()), "pause": pause.String(),
		})
	})
}
