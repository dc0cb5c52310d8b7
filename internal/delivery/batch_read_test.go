package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// fleet is a number of targets of one service, which end at different times, and the
// requests that read them.
type fleet struct {
	most  int
	takes time.Duration
	ends  map[string]time.Time
	// hides are targets that a batch does not find. leavesOpen are those of which it shows
	// too little.
	hides, leavesOpen map[string]bool
	// refuses is the result of a refused batch, nil if the batch is accepted.
	refuses func(request int) *delivery.Attempt
	// limiter limits the rate of all reads.
	limiter *delivery.RateLimiter

	mu      sync.Mutex
	batches [][]string
	singles []string
	// times are the times at which the requests began.
	times []time.Time
}

// shown returns what a read shows of a target.
type shown struct {
	ended, whole bool
}

func newFleet(targets int, ends time.Duration) *fleet {
	f := &fleet{most: 10, takes: 50 * time.Millisecond, ends: map[string]time.Time{}, hides: map[string]bool{}, leavesOpen: map[string]bool{}}
	for i := range targets {
		f.ends[fmt.Sprint(i)] = time.Now().Add(ends)
	}
	return f
}

func (f *fleet) note() (request int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.times = append(f.times, time.Now())
	return len(f.times)
}

func (f *fleet) probe(id string) *delivery.Probe {
	single := delivery.NewProbe("target/"+id, func(ctx context.Context) (shown, delivery.Attempt) {
		f.note()
		f.mu.Lock()
		f.singles = append(f.singles, id)
		f.mu.Unlock()
		found := shown{!time.Now().Before(f.ends[id]), true}
		if err := delivery.Sleep(ctx, f.takes); err != nil {
			return shown{}, delivery.Attempt{Err: err}
		}
		return found, delivery.Attempt{Outcome: delivery.Accepted}
	}, func(found shown) delivery.Observation {
		if found.ended {
			return delivery.Observation{State: delivery.Reached, Status: fmt.Sprintf("whole: %t", found.whole)}
		}
		return delivery.Observation{State: delivery.Pending}
	})
	probe := delivery.Batch[shown]{Key: "fleet", Most: f.most, Read: func(ctx context.Context, ids []string) (map[string]shown, delivery.Attempt) {
		request := f.note()
		f.mu.Lock()
		f.batches = append(f.batches, ids)
		f.mu.Unlock()
		found := map[string]shown{}
		for _, id := range ids {
			if !f.hides[id] {
				found[id] = shown{ended: !time.Now().Before(f.ends[id])}
			}
		}
		if err := delivery.Sleep(ctx, f.takes); err != nil {
			return nil, delivery.Attempt{Err: err}
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.refuses != nil {
			if refused := f.refuses(request); refused != nil {
				return nil, *refused
			}
		}
		return found, delivery.Attempt{Outcome: delivery.Accepted}
	}}.Of(single, func() string { return id }, func(shown) bool { return !f.leavesOpen[id] })
	if f.limiter != nil {
		probe = probe.WithLimiter(f.limiter)
	}
	return probe
}

// wait waits for all targets, with beginnings spread over some time. It returns how the
// waits ended, and how long after their targets.
func (f *fleet) wait(t *testing.T, over time.Duration) (ends map[string]delivery.WaitResult, late map[string]time.Duration) {
	t.Helper()
	poller := delivery.NewPoller(delivery.DefaultRetryPolicy)
	ends, late = map[string]delivery.WaitResult{}, map[string]time.Duration{}
	var all sync.WaitGroup
	for i := range len(f.ends) {
		all.Go(func() {
			_ = delivery.Sleep(t.Context(), over*time.Duration(i)/time.Duration(len(f.ends)))
			id := fmt.Sprint(i)
			end := poller.Wait(t.Context(), f.probe(id), func(delivery.Observation, time.Time) {})
			f.mu.Lock()
			defer f.mu.Unlock()
			ends[id], late[id] = end, time.Since(f.ends[id])
		})
	}
	all.Wait()
	return ends, late
}

func (f *fleet) requests() int { return len(f.batches) + len(f.singles) }

var (
	denied     = delivery.Attempt{Outcome: delivery.Rejected, Code: "AccessDeniedException", Err: errors.New("denied")}
	throttled  = delivery.Attempt{Outcome: delivery.NotSent, Cause: delivery.Throttled, Err: errors.New("slow down")}
	lostAnswer = delivery.Attempt{Err: errors.New("cut short")}
)

// Many waiters for many targets make little more reads than their number of batches, and
// see an end as soon as a single waiter.
func TestManyTargetsShareReads(t *testing.T) {
	count := func(targets int, over, takes time.Duration) (requests int, latest time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			f := newFleet(targets, 10*time.Minute)
			f.takes = takes
			ends, late := f.wait(t, over)
			for id, end := range ends {
				if !end.Reached() || late[id] > 15*time.Second+2*takes || late[id] < 0 {
					t.Errorf("%s ended with %+v, %s late", id, end, late[id])
				}
				latest = max(latest, late[id])
			}
			for _, ids := range f.batches {
				if len(ids) < 2 || len(ids) > f.most || len(slices.Compact(slices.Sorted(slices.Values(ids)))) != len(ids) {
					t.Errorf("a request names %v", ids)
				}
			}
			requests = f.requests()
		})
		return requests, latest
	}
	one, _ := count(1, 0, 50*time.Millisecond)
	for _, test := range []struct {
		targets     int
		over, takes time.Duration
		factor      float64
	}{
		{10, 0, 50 * time.Millisecond, 1.5},
		{20, 30 * time.Second, 50 * time.Millisecond, 4},
		{200, 0, 50 * time.Millisecond, 22},
		{200, 2 * time.Second, 0, 24},
		{200, 2 * time.Second, 100 * time.Millisecond, 24},
		{200, 2 * time.Second, 2 * time.Second, 24},
		{200, time.Minute, 100 * time.Millisecond, 25},
		{205, time.Minute, 100 * time.Millisecond, 26},
	} {
		requests, latest := count(test.targets, test.over, test.takes)
		t.Logf("%+v: %d requests, one waiter makes %d: %.1f; the latest end was seen %s late", test, requests, one, float64(requests)/float64(one), latest)
		if float64(requests) > test.factor*float64(one) {
			t.Errorf("%+v: %d requests, one waiter makes %d", test, requests, one)
		}
	}
}

// A target that a batch does not settle is read alone. A batch that is refused or fails is
// not an error.
func TestWhatABatchDoesNotSettle(t *testing.T) {
	const targets = 10
	for name, test := range map[string]struct {
		change func(*fleet)
		// batches and singles are bounds of the number of requests of each kind.
		batches, singles func(n int) bool
		whole            string
	}{
		"all settled":   {func(*fleet) {}, func(n int) bool { return n > 5 }, func(n int) bool { return n <= 2 }, ""},
		"one hidden":    {func(f *fleet) { f.hides["3"] = true }, func(n int) bool { return n > 5 }, func(n int) bool { return n > 5 && n < 30 }, "3"},
		"one left open": {func(f *fleet) { f.leavesOpen["3"] = true }, func(n int) bool { return n > 5 }, func(n int) bool { return n > 5 && n < 30 }, "3"},
		// Requests that were made before the first answer are also refused.
		"denied": {func(f *fleet) { f.refuses = func(int) *delivery.Attempt { return &denied } }, func(n int) bool { return n > 0 && n <= 3 },
			func(n int) bool { return n > 50 }, "0"},
		"failing": {func(f *fleet) { f.refuses = func(int) *delivery.Attempt { return &lostAnswer } }, func(n int) bool { return n > 5 },
			func(n int) bool { return n > 50 }, "0"},
		"throttled at first": {func(f *fleet) {
			f.refuses = func(request int) *delivery.Attempt {
				if request < 8 {
					return &throttled
				}
				return nil
			}
		}, func(n int) bool { return n > 5 }, func(n int) bool { return n <= 2 }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(targets, 2*time.Minute)
				test.change(f)
				ends, late := f.wait(t, 0)
				for id, end := range ends {
					if !end.Reached() || late[id] > 16*time.Second {
						t.Errorf("%s ended with %+v, %s late", id, end, late[id])
					}
				}
				if !test.batches(len(f.batches)) || !test.singles(len(f.singles)) {
					t.Errorf("%d batches and %d single reads", len(f.batches), len(f.singles))
				}
				if test.whole != "" && ends[test.whole].Observation.Status != "whole: true" {
					t.Errorf("%s ended with %+v", test.whole, ends[test.whole])
				}
			})
		})
	}
}

// While the service throttles, batches are made at the rate that the service accepts.
func TestThrottledBatchesSlowDownTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(200, 10*time.Minute)
		f.limiter = delivery.NewRateLimiters(delivery.DefaultRetryPolicy).For("fleet")
		var last time.Time
		refused := 0
		f.refuses = func(int) *delivery.Attempt {
			now := time.Now()
			if now.Sub(last) < time.Second {
				refused++
				return &throttled
			}
			last = now
			return nil
		}
		ends, _ := f.wait(t, 0)
		for id, end := range ends {
			if !end.Reached() {
				t.Errorf("%s ended with %+v", id, end)
			}
		}
		if f.requests() > 900 || refused > f.requests()/3 {
			t.Errorf("%d requests in ten minutes, of which %d were throttled", f.requests(), refused)
		}
	})
}

// If one waiter waits in a way that no batch settles, the target is read alone, for all
// waiters.
func TestOneWhoNeedsAllIsToldAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(3, time.Minute)
		poller := delivery.NewPoller(delivery.DefaultRetryPolicy)
		var all sync.WaitGroup
		for id := range f.ends {
			all.Go(func() { poller.Wait(t.Context(), f.probe(id), func(delivery.Observation, time.Time) {}) })
		}
		all.Go(func() {
			err := await(t.Context(), poller, "target/elsewhere", func(context.Context) bool { return true }, is)
			if err != nil {
				t.Error(err)
			}
		})
		whole := delivery.NewProbe("target/0", func(context.Context) (shown, delivery.Attempt) {
			t.Error("a target that is already read is read twice")
			return shown{}, delivery.Attempt{}
		}, func(found shown) delivery.Observation {
			if !found.whole {
				t.Error("the waiter got the result of a batch")
			}
			return delivery.Observation{Status: fmt.Sprint(found.ended), State: map[bool]delivery.State{true: delivery.Reached}[found.ended]}
		})
		synctest.Wait()
		if end := poller.Wait(t.Context(), whole, func(delivery.Observation, time.Time) {}); !end.Reached() {
			t.Errorf("the end is %+v", end)
		}
		all.Wait()
	})
}

// The end that a batch found is not remembered, because other waiters may need to know more
// of it.
func TestWhatABatchFoundIsNotRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(2, 10*time.Second)
		poller := delivery.NewPoller(delivery.DefaultRetryPolicy)
		var all sync.WaitGroup
		for id := range f.ends {
			all.Go(func() { poller.Wait(t.Context(), f.probe(id).Final(), func(delivery.Observation, time.Time) {}) })
		}
		all.Wait()
		end := poller.Wait(t.Context(), f.probe("0").Final(), func(delivery.Observation, time.Time) {})
		if end.Observation.Status != "whole: true" {
			t.Errorf("the end is %+v", end)
		}
	})
}

// When waiters leave, later requests do not contain their targets. A request for which
// nobody waits any longer ends.
func TestLeavingABatch(t *testing.T) {
	for _, after := range []time.Duration{0, time.Millisecond, 120 * time.Millisecond, 200 * time.Millisecond, 700 * time.Millisecond, time.Second, 1100 * time.Millisecond, 90 * time.Second} {
		for _, leaving := range []int{1, 4, 5} {
			t.Run(fmt.Sprintf("%d of 5 after %s", leaving, after), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := newFleet(5, 2*time.Minute)
					f.takes = 500 * time.Millisecond
					poller := delivery.NewPoller(delivery.DefaultRetryPolicy)
					ctx, cancel := context.WithCancel(t.Context())
					var gone, all sync.WaitGroup
					for i := range 5 {
						group, until := &all, t.Context()
						if i < leaving {
							group, until = &gone, ctx
						}
						group.Go(func() {
							end := poller.Wait(until, f.probe(fmt.Sprint(i)), func(delivery.Observation, time.Time) {})
							if (end.Stopped != nil) != (i < leaving) || end.Reached() == (i < leaving) {
								t.Errorf("%d ended with %+v", i, end)
							}
						})
					}
					_ = delivery.Sleep(t.Context(), after)
					synctest.Wait()
					cancel()
					left := time.Now()
					gone.Wait()
					if took := time.Since(left); took != 0 {
						t.Errorf("the waiters left after %s", took)
					}
					f.mu.Lock()
					before := len(f.batches)
					f.mu.Unlock()
					all.Wait()
					for _, ids := range f.batches[before:] {
						for i := range leaving {
							if slices.Contains(ids, fmt.Sprint(i)) {
								t.Errorf("target %d was read after its waiter had left: %v", i, ids)
							}
						}
					}
				})
			})
		}
	}
}
