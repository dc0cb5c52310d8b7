package delivery_test

import (
	"context"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// prompt accepts every signal at once.
type prompt struct{}

func (prompt) Send(context.Context) delivery.Attempt {
	return delivery.Attempt{Outcome: delivery.Accepted}
}

// shared is the retry policy of signals that share a rate limiter.
func shared() delivery.RetryPolicy {
	return delivery.DefaultRetryPolicy.WithLimiter(delivery.NewRateLimiters(delivery.DefaultRetryPolicy).For("ssm/us-east-1"))
}

// BenchmarkDeliver measures a delivery without its attempt.
func BenchmarkDeliver(b *testing.B) {
	policy := shared()
	for b.Loop() {
		policy.Deliver(b.Context(), prompt{}, delivery.UnknownOutcomePolicy{}, nil)
	}
}

// BenchmarkDeliverTogether is BenchmarkDeliver for signals that are sent at the same time
// with one rate limiter.
func BenchmarkDeliverTogether(b *testing.B) {
	policy := shared()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			policy.Deliver(b.Context(), prompt{}, delivery.UnknownOutcomePolicy{}, nil)
		}
	})
}
