package delivery_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// All who ask at the same time share one request and its result, good or bad. A later one
// makes another request.
func TestOneRequestIsShared(t *testing.T) {
	for name, failed := range map[string]error{"answered": nil, "failed": errors.New("no answer")} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var shared delivery.SharedRequest[int]
				var asked atomic.Int32
				request := func(context.Context) (int, error) {
					<-time.After(time.Minute)
					return int(asked.Add(1)), failed
				}
				began := time.Now()
				for round := 1; round <= 2; round++ {
					var all sync.WaitGroup
					for range 20 {
						all.Go(func() {
							if got, err := shared.Get(t.Context(), request); got != round || !errors.Is(err, failed) {
								t.Errorf("in round %d one got %d: %v", round, got, err)
							}
						})
					}
					all.Wait()
				}
				if took := time.Since(began); asked.Load() != 2 || took != 2*time.Minute {
					t.Errorf("%d requests took %s", asked.Load(), took)
				}
			})
		})
	}
}

// A waiter whose time is over leaves at once, and the others go on waiting.
func TestOneCallerLeavesASharedRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shared delivery.SharedRequest[string]
		answered := func(context.Context) (string, error) {
			<-time.After(time.Minute)
			return "answered", nil
		}
		why := errors.New("stopped")
		// The first waiter starts the request, and leaves.
		short, cancel := context.WithCancelCause(t.Context())
		began := time.Now()
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := shared.Get(short, answered); !errors.Is(err, why) || time.Since(began) != time.Second {
				t.Errorf("after %s: %v", time.Since(began), err)
			}
		})
		synctest.Wait()
		all.Go(func() {
			if got, err := shared.Get(t.Context(), answered); got != "answered" || err != nil {
				t.Errorf("got %q: %v", got, err)
			}
		})
		<-time.After(time.Second)
		cancel(why)
		all.Wait()
	})
}

// A caller whose context has ended already makes no request.
func TestEndedContextMakesNoSharedRequest(t *testing.T) {
	why := errors.New("ended")
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	var asked atomic.Int32
	for range 1000 {
		var shared delivery.SharedRequest[int]
		if _, err := shared.Get(ended, func(context.Context) (int, error) { return int(asked.Add(1)), nil }); !errors.Is(err, why) {
			t.Fatalf("it returned %v", err)
		}
	}
	if asked.Load() > 0 {
		t.Errorf("1000 calls made %d requests", asked.Load())
	}
}

// A request for which nobody waits any longer ends, and nobody gets its result.
func TestNobodyWaitsForASharedRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shared delivery.SharedRequest[string]
		ended := make(chan struct{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := shared.Get(ctx, func(ctx context.Context) (string, error) {
			<-ctx.Done()
			<-time.After(time.Second)
			close(ended)
			return "of nobody", nil
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if got, err := shared.Get(t.Context(), func(context.Context) (string, error) { return "new", nil }); got != "new" || err != nil {
			t.Errorf("got %q: %v", got, err)
		}
		<-ended
	})
}
