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

// BenchmarkDeliver measures a delivery without its attempt.
func BenchmarkDeliver(b *testing.B) {
	limiter := newLimiter()
	for b.Loop() {
		delivery.DefaultRetryPolicy.Deliver(b.Context(), limiter, prompt{}, delivery.UnknownOutcomePolicy{}, nil)
	}
}

// BenchmarkDeliverTogether is BenchmarkDeliver for signals that are sent at the same time
// with one rate limiter.
func BenchmarkDeliverTogether(b *testing.B) {
	limiter := newLimiter()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			delivery.DefaultRetryPolicy.Deliver(b.Context(), limiter, prompt{}, delivery.UnknownOutcomePolicy{}, nil)
		}
	})
}
