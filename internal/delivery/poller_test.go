package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// target is something whose state changes with time.
type changing struct {
	reads atomic.Int32
	at    time.Time
	takes time.Duration
}

func (c *changing) read(ctx context.Context) bool {
	c.reads.Add(1)
	changed := !time.Now().Before(c.at)
	_ = delivery.Sleep(ctx, c.takes)
	return changed
}

// await reads a target until done returns true for a reading, and returns nil. If ctx ends
// first, it returns the cause.
func await[T any](ctx context.Context, poller *delivery.Poller, key string, read func(context.Context) T, done func(T) bool) error {
	probe := delivery.NewProbe(key, func(ctx context.Context) (T, delivery.Attempt) {
		return read(ctx), delivery.Attempt{Outcome: delivery.Accepted}
	}, func(seen T) delivery.Observation {
		return delivery.Observation{State: delivery.StateOf(done(seen), false)}
	})
	return poller.Wait(ctx, probe, func(delivery.Observation, time.Time) {}).Stopped
}

func is(reached bool) bool { return reached }

func TestWaitDetectsWithinOnePause(t *testing.T) {
	for _, after := range []time.Duration{0, 300 * time.Millisecond, 5 * time.Second, 2 * time.Minute, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			target := &changing{at: time.Now().Add(after)}
			start := time.Now()
			if err := await(t.Context(), delivery.NewPoller(delivery.DefaultRetryPolicy), "key", target.read, is); err != nil {
				t.Fatal(err)
			}
			late := time.Since(start) - after
			if late < 0 || late > 15*time.Second {
				t.Errorf("a change after %s was seen %s late", after, late)
			}
			if after == 0 && late != 0 {
				t.Errorf("what is there already was seen after %s", late)
			}
			most := int32(after/(10*time.Second)) + 10
			if target.reads.Load() > most {
				t.Errorf("a wait of %s took %d reads, want at most %d", after, target.reads.Load(), most)
			}
		})
	}
}

func TestWaitersShareReads(t *testing.T) {
	reads := func(waiters int, spread time.Duration) (n int32) {
		synctest.Test(t, func(t *testing.T) {
			target := &changing{at: time.Now().Add(10 * time.Minute), takes: 50 * time.Millisecond}
			poller := delivery.NewPoller(delivery.DefaultRetryPolicy)
			var all sync.WaitGroup
			for i := range waiters {
				all.Go(func() {
					_ = delivery.Sleep(t.Context(), spread*time.Duration(i)/time.Duration(waiters))
					if err := await(t.Context(), poller, "key", target.read, is); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			n = target.reads.Load()
		})
		return n
	}
	one, hundred := reads(1, 0), reads(100, 200*time.Millisecond)
	if float64(hundred) > 1.1*float64(one)+1 {
		t.Errorf("one waiter takes %d reads, a hundred take %d", one, hundred)
	}
}

func TestReadBelongsToNoWaiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := &changing{at: time.Now().Add(time.Minute)}
		poller := delivery.NewPoller(delivery.DefaultRetryPolicy)
		first, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			if err := await(first, poller, "key", target.read, is); !errors.Is(err, context.Canceled) {
				t.Errorf("the cancelled waiter returned %v", err)
			}
		})
		synctest.Wait()
		all.Go(func() {
			if err := await(t.Context(), poller, "key", target.read, is); err != nil {
				t.Errorf("the other waiter returned %v", err)
			}
		})
		synctest.Wait()
		cancel()
		all.Wait()
	})
}

// A wait whose context has ended already reads nothing, not even with a read that is cut off
// at once: the service may see that read much later.
func TestEndedContextReadsNothing(t *testing.T) {
	poller := delivery.NewPoller(delivery.DefaultRetryPolicy)
	why := errors.New("ended")
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	var target changing
	for range 1000 {
		if err := await(ended, poller, "key", target.read, is); !errors.Is(err, why) {
			t.Fatalf("the wait returned %v", err)
		}
	}
	if reads := target.reads.Load(); reads > 0 {
		t.Errorf("1000 waits made %d reads", reads)
	}
}

// An observation that began before a signal was sent does not show the effect of the
// signal.
func TestReadingIsNotOlderThanTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		poller := delivery.NewPoller(delivery.DefaultRetryPolicy)
		slow := func(ctx context.Context) time.Time {
			began := time.Now()
			_ = delivery.Sleep(ctx, 10*time.Second)
			return began
		}
		var all sync.WaitGroup
		all.Go(func() {
			_ = await(t.Context(), poller, "key", slow, func(time.Time) bool { return time.Since(start) > time.Minute })
		})
		_ = delivery.Sleep(t.Context(), 5*time.Second)
		joined := time.Now()
		_ = await(t.Context(), poller, "key", slow, func(began time.Time) bool {
			if began.Before(joined) {
				t.Errorf("got a reading that began %s before the call", joined.Sub(began))
			}
			return true
		})
		all.Wait()
	})
}

func TestDifferentKeysAreDifferentTargets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		poller := delivery.NewPoller(delivery.DefaultRetryPolicy)
		var all sync.WaitGroup
		for _, key := range []string{"a", "b"} {
			all.Go(func() {
				_ = await(t.Context(), poller, key, func(context.Context) string { return key }, func(got string) bool {
					if got != key {
						t.Errorf("%s was told of %s", key, got)
					}
					return true
				})
			})
		}
		all.Wait()
	})
}

// Two kinds of readings with the same key are read separately: the text of a user may make
// the keys of two systems equal.
func TestDifferentReadingsAreDifferentTargets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		later := func() bool { return time.Since(start) > time.Minute }
		poller := delivery.NewPoller(delivery.DefaultRetryPolicy)
		var all sync.WaitGroup
		all.Go(func() {
			_ = await(t.Context(), poller, "key", func(context.Context) string { return "text" }, func(got string) bool { return got == "text" && later() })
		})
		all.Go(func() {
			_ = await(t.Context(), poller, "key", func(context.Context) int { return 1 }, func(got int) bool { return got == 1 && later() })
		})
		all.Wait()
	})
}

// A target's end is read once, however many waiters wait for it one after the other. A
// state that may change is read again by each.
func TestWhatLastsIsNotReadAgain(t *testing.T) {
	const pending, reached, missed = delivery.Pending, delivery.Reached, delivery.Missed
	for name, test := range map[string]struct {
		states  []delivery.State
		lasting bool
		reads   int
	}{
		"reached":             {[]delivery.State{pending, reached}, true, 2},
		"missed":              {[]delivery.State{missed}, true, 1},
		"reached, may change": {[]delivery.State{reached}, false, 5},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var read []time.Time
				poller, probe := delivery.NewPoller(delivery.DefaultRetryPolicy), states(&read, test.states...)
				if test.lasting {
					probe = probe.Final()
				}
				for range 5 {
					end := poller.Wait(t.Context(), probe, func(delivery.Observation, time.Time) {})
					if want := test.states[len(test.states)-1]; end.Observation.State != want {
						t.Errorf("the end is %+v, want state %d", end, want)
					}
				}
				if len(read) != test.reads {
					t.Errorf("read %d times, want %d", len(read), test.reads)
				}
			})
		})
	}
}

// Only a few ends are remembered: those of the targets that were seen last.
func TestMemoryOfEndsIsBounded(t *testing.T) {
	poller, reads := delivery.NewPoller(delivery.DefaultRetryPolicy), map[string]int{}
	wait := func(key string) {
		probe := delivery.NewProbe(key, func(context.Context) (string, delivery.Attempt) {
			reads[key]++
			return key, delivery.Attempt{Outcome: delivery.Accepted}
		}, func(string) delivery.Observation { return delivery.Observation{State: delivery.Reached} }).Final()
		poller.Wait(t.Context(), probe, func(delivery.Observation, time.Time) {})
	}
	for i := range 100 {
		wait(fmt.Sprint(i))
	}
	wait("99")
	wait("0")
	if reads["99"] != 1 || reads["0"] != 2 {
		t.Errorf("read the last one %d times, and the first %d times", reads["99"], reads["0"])
	}
}

// A reading that is enough for all waiters is the last one, however late they judge it.
func TestNoReadBeforeTheLastIsJudged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := delivery.NewPoller(delivery.DefaultRetryPolicy)
		reads := 0
		err := await(t.Context(), p, "target", func(context.Context) int { reads++; return reads }, func(seen int) bool {
			_ = delivery.Sleep(context.Background(), time.Hour) // A busy machine.
			return seen >= 2
		})
		if err != nil || reads != 2 {
			t.Errorf("%d reads, error %v", reads, err)
		}
	})
}
