package delivery

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Poller reads targets for those who wait for them. All who wait for the same
// target at the same time share the same requests. The pause between two reads
// starts at FirstPoll and grows to LongestPoll, with jitter. When another one
// begins to wait for the target, the next read comes earlier.
type Poller struct {
	policy RetryPolicy

	mu      sync.Mutex
	watches map[string]*watch
	groups  map[string]*group
	// finals are the last readings of targets of final probes, the oldest first.
	finals []final
}

// final is the last reading of a target that will not change.
type final struct {
	key   string
	value any
}

// maxFinals is how many final readings the poller remembers.
const maxFinals = 16

// NewPoller returns a poller with the durations of a policy.
func NewPoller(policy RetryPolicy) *Poller {
	return &Poller{policy: policy, watches: map[string]*watch{}, groups: map[string]*group{}}
}

// remember keeps an observation that will not change. If there are maxFinals,
// it drops the oldest one.
func (p *Poller) remember(key string, value any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := slices.DeleteFunc(p.finals, func(f final) bool { return f.key == key })
	p.finals = append(known[max(0, len(known)+1-maxFinals):], final{key, value})
}

func (p *Poller) recall(key string) (value any, known bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.finals {
		if f.key == key {
			return f.value, true
		}
	}
	return nil, false
}

// watch polls one target. It ends when nobody waits for the target any more.
type watch struct {
	*Probe
	stop context.CancelFunc
	// ended is closed when no read is under way and no further read will be made.
	ended   chan struct{}
	newcome chan struct{}
	// wanted says that a waiter began to want another reading.
	wanted  chan struct{}
	waiters map[*waiter]bool

	// group is nil if the target can only be read alone. The poller's mutex guards
	// the following fields: the id of the target in its batch and, between two reads,
	// the time and the length of the pause. taken is a request of others that also
	// reads this target; called is closed then.
	group  *group
	id     string
	due    time.Time
	pause  time.Duration
	taken  *request
	called chan struct{}
}

// waiter holds the newest reading that its owner has not seen yet.
type waiter struct {
	probe *Probe
	news  chan snapshot
	// wants says that its owner has not seen enough. The poller's mutex guards it.
	wants bool
}

func (p *Poller) join(ctx context.Context, w *waiter) *watch {
	p.mu.Lock()
	defer p.mu.Unlock()
	shared, ok := p.watches[w.probe.key]
	if ok {
		notify(shared.newcome)
	} else {
		// This context has the values of the first waiter's context, such as the
		// logger, but does not end with it.
		polling, stop := context.WithCancel(context.WithoutCancel(ctx))
		shared = &watch{
			Probe: w.probe, stop: stop, ended: make(chan struct{}), newcome: make(chan struct{}, 1), wanted: make(chan struct{}, 1),
			waiters: map[*waiter]bool{}, called: make(chan struct{}, 1), group: p.group(w.probe.batch),
		}
		p.watches[w.probe.key] = shared
		go p.poll(polling, shared)
	}
	shared.waiters[w] = true
	return shared
}

// depart ends the watch if the waiter is the last one.
func (p *Poller) depart(shared *watch, w *waiter) {
	p.mu.Lock()
	delete(shared.waiters, w)
	last := len(shared.waiters) == 0
	if last && p.watches[shared.key] == shared {
		delete(p.watches, shared.key)
		if shared.group != nil {
			shared.group.watches--
		}
	}
	p.mu.Unlock()
	if last {
		// Make no further request if nobody waits for one.
		shared.stop()
		<-shared.ended
	}
}

// want asks for another reading.
func (p *Poller) want(shared *watch, w *waiter) {
	p.mu.Lock()
	w.wants = len(w.news) == 0
	p.mu.Unlock()
	notify(shared.wanted)
}

// notify sends to a channel that has room for one message, which is enough.
func notify(channel chan struct{}) {
	select {
	case channel <- struct{}{}:
	default:
	}
}

// group returns the group of a batch, and counts one more target in it. The
// caller holds the mutex.
func (p *Poller) group(b *batch) *group {
	if b == nil {
		return nil
	}
	g, ok := p.groups[b.key]
	if !ok {
		g = &group{resting: map[*watch]bool{}}
		p.groups[b.key] = g
	}
	g.watches++
	return g
}

func (p *Poller) poll(ctx context.Context, shared *watch) {
	defer close(shared.ended)
	if shared.group != nil {
		defer p.forget(shared)
	}
	pauses := &backoff.ExponentialBackOff{InitialInterval: p.policy.FirstPoll, Multiplier: 1.5, MaxInterval: p.policy.LongestPoll}
	pauses.Reset()
	for ctx.Err() == nil {
		began := time.Now()
		waiting, observation, spread := p.observe(ctx, shared)
		p.mu.Lock()
		for _, w := range waiting {
			// Only the newest reading counts. An older one that the waiter has not
			// received is dropped.
			select {
			case <-w.news:
			default:
			}
			w.news <- observation
			w.wants = false
		}
		p.mu.Unlock()
		pause := time.Duration(spread * float64(pauses.NextBackOff()))
		if !p.rest(ctx, shared, min(max(pause, p.policy.FirstPoll), p.policy.LongestPoll), began) {
			return
		}
	}
}

// observe reads a target, together with others if that is enough for all its
// waiters. It returns the waiters, the reading for them, and the factor for the
// next pause.
func (p *Poller) observe(ctx context.Context, shared *watch) ([]*waiter, snapshot, float64) {
	if shared.group != nil {
		if r := p.enter(ctx, shared); r != nil {
			if waiting, seen, enough := p.result(ctx, r, shared); enough || ctx.Err() != nil {
				return waiting, seen, r.spread
			}
		}
	}
	p.mu.Lock()
	waiting := shared.gather()
	p.mu.Unlock()
	attempt, cancel := context.WithTimeout(ctx, p.policy.Attempt)
	defer cancel()
	return waiting, shared.paced(attempt), spread()
}

// rest waits until the next read. It ends earlier if another one begins to
// wait, or if a request of others also reads this target. It ends later if no waiter
// has judged the last reading yet: that reading may be enough for all of them.
func (p *Poller) rest(ctx context.Context, shared *watch, until time.Duration, began time.Time) bool {
	if shared.group != nil {
		id := shared.batch.id()
		p.mu.Lock()
		shared.id, shared.due, shared.pause = id, time.Now().Add(until), until
		shared.group.resting[shared] = true
		p.mu.Unlock()
	}
	fired, stop := p.policy.clock().NewTimer(until)
	defer func() { stop() }()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-fired:
			fired = nil
		case <-shared.wanted:
		case <-shared.called:
			return true
		case <-shared.newcome:
			stop()
			fired = nil
			if left := p.policy.FirstPoll - time.Since(began); left > 0 {
				fired, stop = p.policy.clock().NewTimer(left)
			}
		}
		if fired == nil && p.wants(shared) {
			return true
		}
	}
}

func (p *Poller) wants(shared *watch) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return shared.wants()
}

// wants reports whether a waiter wants another reading. The caller holds the mutex.
func (w *watch) wants() bool {
	for one := range w.waiters {
		if one.wants {
			return true
		}
	}
	return false
}

// gather returns the waiters for the next reading. Nobody is a newcome after that. The
// caller holds the mutex.
func (w *watch) gather() []*waiter {
	select {
	case <-w.newcome:
	default:
	}
	return slices.Collect(maps.Keys(w.waiters))
}
