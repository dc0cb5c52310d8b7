package delivery

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// Lanes are the lanes of a provider, by name.
type Lanes struct {
	policy Policy

	mu    sync.Mutex
	lanes map[string]*Lane
}

// NewLanes returns lanes with a policy's patience.
func NewLanes(policy Policy) *Lanes {
	return &Lanes{policy: policy, lanes: map[string]*Lane{}}
}

// Lane returns the lane of a name, which is made on first use.
func (l *Lanes) Lane(name string) *Lane {
	l.mu.Lock()
	defer l.mu.Unlock()
	lane, ok := l.lanes[name]
	if !ok {
		lane = newLane(l.policy)
		l.lanes[name] = lane
	}
	return lane
}

// Lane is what all requests share that count against the same limit of a service:
// one pace. It is free until the service throttles. Then requests take turns, in
// the order in which they asked for one, at a pace that follows what the service
// takes; after calm it is free again.
//
// The pace comes down to a little less than what was taken of late, or by half
// where nothing was taken since it came down last; and only once for all requests
// that were under way together. With each request that is taken it goes up again:
// slowly, but quickly after a half and where nothing was taken before, which say
// nothing of what the service takes.
type Lane struct {
	// slowest is the longest, and first the first pause between two turns of a
	// service that takes nothing.
	first, slowest time.Duration
	// head is held by the one whose turn is next.
	head chan struct{}

	mu sync.Mutex
	// pace is how many turns there are in a second; 0 while the lane is free.
	pace float64
	// searching is set while what the service takes is not known.
	searching bool
	// next is when the next turn is.
	next time.Time
	// slowed is when the pace came down, refused when the service last throttled.
	slowed, refused time.Time
	// refusal is what the service said then.
	refusal Attempt
	// taken are the times of the last requests taken, a ring.
	taken [16]time.Time
	at    int
}

const (
	// caution is how far below the pace that the service takes a lane stays at first.
	caution = 0.95
	// growth and haste are by how many turns a second each request that was taken
	// makes a pace faster, haste while it is searching: so a pace doubles in a
	// quarter of a minute, or in a second. A slow pace grows by a hundredth.
	growth, haste = 0.05, 0.7
	// jitter is by what part of it the time between two turns varies: it keeps
	// machines that share a limit from marching in step.
	jitter = 0.05
	// calm is after how long without throttling a lane is free again.
	calm = time.Minute
	// recent is for how long it counts what a service took.
	recent = 10 * time.Second
	// late is how much of a delay between turns is made up for.
	late = 100 * time.Millisecond
)

func newLane(policy Policy) *Lane {
	return &Lane{first: policy.FirstPause, slowest: policy.LongestPause, head: make(chan struct{}, 1)}
}

// Turn waits for a request's turn and returns nil, or returns why there is none:
// ctx has ended, or would before the request had as much time as it waited. The
// first turn of a free lane is now.
func (l *Lane) Turn(ctx context.Context) error {
	if l.free() {
		return nil
	}
	asked := time.Now()
	select {
	case l.head <- struct{}{}:
		defer func() { <-l.head }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	for {
		wait := l.take()
		turn := time.Now().Add(wait)
		// An attempt that the deadline cuts off ends as unknown: better none.
		if deadline, ok := ctx.Deadline(); ok && deadline.Sub(turn) < min(turn.Sub(asked), l.slowest) {
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
func (l *Lane) free() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pace > 0 && time.Since(l.refused) >= max(calm, 2*l.slowest) && !l.next.After(time.Now()) {
		l.pace, l.searching = 0, false
	}
	return l.pace == 0
}

// take takes the turn and returns 0, or returns how long it is until there is one.
func (l *Lane) take() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if wait := l.next.Sub(now); wait > 0 {
		return wait
	}
	if l.pace > 0 {
		l.next = latest(l.next, now.Add(-late)).Add(l.gap())
	}
	return 0
}

// gap is the time between two turns.
func (l *Lane) gap() time.Duration {
	return time.Duration((1 - jitter + 2*jitter*rand.Float64()) / l.pace * float64(time.Second))
}

// Tell has the lane know what a request came to that began then.
func (l *Lane) Tell(began time.Time, attempt Attempt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case attempt.Outcome == NotSent && attempt.Cause == Throttled:
		l.throttled(began, attempt)
	case attempt.Outcome == Accepted, attempt.Outcome == Rejected:
		l.took()
	}
}

// took notes that the service has dealt with a request.
func (l *Lane) took() {
	l.taken[l.at] = time.Now()
	l.at = (l.at + 1) % len(l.taken)
	if l.searching {
		l.pace += haste
	} else if l.pace > 0 {
		l.pace += min(growth, l.pace/100)
	}
}

func (l *Lane) throttled(began time.Time, attempt Attempt) {
	now := time.Now()
	l.refused, l.refusal = now, attempt
	l.next = latest(l.next, now.Add(attempt.RetryAfter))
	// What was under way when the pace came down says nothing of the new one.
	if l.pace > 0 && !began.After(l.slowed) {
		return
	}
	rate, last := l.taking(now, began)
	switch pace := l.pace; {
	case pace == 0 && rate == 0:
		l.pace, l.searching = 1/l.first.Seconds(), true
	case pace == 0:
		l.pace = caution * rate
	case !last.After(l.slowed):
		l.pace, l.searching = pace/2, true
	default:
		l.pace, l.searching = caution*min(rate, pace), false
	}
	l.pace = max(l.pace, 1/l.slowest.Seconds())
	l.slowed = now
	l.next = latest(l.next, now.Add(l.gap()))
}

// taking is how many requests a second the service took of late, 0 when that is
// not known, and when it took the last one. A request that was under way since
// then is as much as can be seen of those that were taken together.
func (l *Lane) taking(now, since time.Time) (rate float64, last time.Time) {
	n := 0
	for _, t := range l.taken {
		if now.Sub(t) > recent {
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

// Refusal is what the service said when it last throttled, and when the next turn is.
func (l *Lane) Refusal() (Attempt, time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refusal, max(0, time.Until(l.next))
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
