package delivery

import (
	"context"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Poller shares reads: all that wait on the same target at the same time are
// told by the same requests. Reads follow each other after FirstPause at first
// and ever more rarely up to LongestPause, with jitter; a newcomer brings the
// next one forward. The zero value is not usable.
type Poller struct {
	// FirstPause and LongestPause bound the pause between two reads of a target.
	FirstPause, LongestPause time.Duration
	// Attempt is how long one read may take.
	Attempt time.Duration
	// Settled is how long reads may lag behind what has happened, and Unreachable
	// how much longer those may fail that are to tell it.
	Settle, Unreachable time.Duration

	mu      sync.Mutex
	watches map[string]*watch
	// ended is what was read last of the targets of lasting probes, in the order of keys.
	finals    map[string]any
	finalKeys []string
}

// longestMemory is of how many targets the poller remembers how they ended.
const maxFinals = 16

// NewPoller returns a poller with a policy's retry policy for reading.
func NewPoller(policy RetryPolicy) *Poller {
	return &Poller{
		FirstPause: policy.FirstPoll, LongestPause: policy.LongestPoll, Attempt: policy.Attempt, Settle: policy.Settle, Unreachable: policy.Unreachable,
		watches: map[string]*watch{}, finals: map[string]any{},
	}
}

// remember keeps an observation that will not change, in the place of the oldest one.
func (p *Poller) remember(key string, value any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, known := p.finals[key]; known {
		return
	}
	if len(p.finalKeys) == maxFinals {
		delete(p.finals, p.finalKeys[0])
		p.finalKeys = p.finalKeys[1:]
	}
	p.finals[key], p.finalKeys = value, append(p.finalKeys, key)
}

func (p *Poller) recall(key string) (value any, known bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	value, known = p.finals[key]
	return value, known
}

// watch is the polling of one target. It ends with its last waiter.
type watch struct {
	stop context.CancelFunc
	// ended is closed when no read is under way any more, and none will be.
	ended   chan struct{}
	newcome chan struct{}
	waiters map[*waiter]bool
}

// waiter holds the newest reading that nobody has looked at yet.
type waiter struct{ news chan any }

// Await reads what key names until done is true of an observation, and returns nil;
// or until ctx ends, and returns why. No reading is older than the call. The
// read belongs to all that wait for the same key: it gets a context of its own,
// and whichever call came first provides it.
func Await[T any](ctx context.Context, p *Poller, key string, read func(context.Context) T, done func(T) bool) error {
	w := &waiter{news: make(chan any, 1)}
	leave := p.join(ctx, key, w, func(ctx context.Context) any { return read(ctx) })
	defer leave()
	for {
		select {
		case observation := <-w.news:
			if done(observation.(T)) {
				return nil
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (p *Poller) join(ctx context.Context, key string, w *waiter, read func(context.Context) any) (leave func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	shared, ok := p.watches[key]
	if ok {
		select {
		case shared.newcome <- struct{}{}:
		default:
		}
	} else {
		// The first waiter's values, such as its logger, but not its end.
		polling, stop := context.WithCancel(context.WithoutCancel(ctx))
		shared = &watch{stop: stop, ended: make(chan struct{}), newcome: make(chan struct{}, 1), waiters: map[*waiter]bool{}}
		p.watches[key] = shared
		go p.poll(polling, shared, read)
	}
	shared.waiters[w] = true
	return func() {
		p.mu.Lock()
		delete(shared.waiters, w)
		last := len(shared.waiters) == 0
		if last && p.watches[key] == shared {
			delete(p.watches, key)
		}
		p.mu.Unlock()
		if last {
			// No request is made for somebody who has been told the end.
			shared.stop()
			<-shared.ended
		}
	}
}

func (p *Poller) poll(ctx context.Context, shared *watch, read func(context.Context) any) {
	defer close(shared.ended)
	pauses := &backoff.ExponentialBackOff{
		InitialInterval: p.FirstPause, RandomizationFactor: 0.2, Multiplier: 1.5, MaxInterval: p.LongestPause,
	}
	pauses.Reset()
	for ctx.Err() == nil {
		began, waiting := time.Now(), p.waiting(shared)
		attempt, cancel := context.WithTimeout(ctx, p.Attempt)
		observation := read(attempt)
		cancel()
		for _, w := range waiting {
			// Only the newest reading counts; one that nobody took yet is dropped.
			select {
			case <-w.news:
			default:
			}
			w.news <- observation
		}
		if !p.rest(ctx, shared, pauses, began) {
			return
		}
	}
}

// rest waits for the time of the next read, which a newcomer may bring forward.
func (p *Poller) rest(ctx context.Context, shared *watch, pauses *backoff.ExponentialBackOff, began time.Time) bool {
	pause := time.NewTimer(min(max(pauses.NextBackOff(), p.FirstPause), p.LongestPause))
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-pause.C:
			return true
		case <-shared.newcome:
			pause.Reset(max(0, p.FirstPause-time.Since(began)))
		}
	}
}

func (p *Poller) waiting(shared *watch) []*waiter {
	p.mu.Lock()
	defer p.mu.Unlock()
	waiting := make([]*waiter, 0, len(shared.waiters))
	for w := range shared.waiters {
		waiting = append(waiting, w)
	}
	return waiting
}
