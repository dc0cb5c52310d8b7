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
// starts at FirstPause and grows to LongestPause, with jitter. When another one
// begins to wait for the target, the next read comes earlier. The zero value is
// not usable.
type Poller struct {
	// FirstPause is the first pause between two reads of a target, and LongestPause
	// the longest.
	FirstPause, LongestPause time.Duration
	// Attempt is the timeout of one read.
	Attempt time.Duration
	// Settle is how long reads may lag behind what has happened. Unreachable is for
	// how much longer failed reads are tried again.
	Settle, Unreachable time.Duration

	clock   Clock
	mu      sync.Mutex
	watches map[string]*watch
	groups  map[string]*group
	// finals are the last readings of targets of final probes, by key. finalKeys has their
	// order.
	finals    map[string]any
	finalKeys []string
}

// maxFinals is how many final readings the poller remembers.
const maxFinals = 16

// NewPoller returns a poller with the durations of a policy.
func NewPoller(policy RetryPolicy) *Poller {
	return &Poller{
		FirstPause: policy.FirstPoll, LongestPause: policy.LongestPoll, Attempt: policy.Attempt, Settle: policy.Settle, Unreachable: policy.Unreachable,
		clock: policy.clock(), watches: map[string]*watch{}, groups: map[string]*group{}, finals: map[string]any{},
	}
}

// remember keeps an observation that will not change. If there are maxFinals,
// it drops the oldest one.
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

// source is a target with its key. batch is nil if the target can only be read
// alone.
type source struct {
	key   string
	read  func(context.Context) any
	batch *batch
}

// watch polls one target. It ends when nobody waits for the target any more.
type watch struct {
	source
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
	news chan any
	// wants says that its owner has not seen enough. The poller's mutex guards it.
	wants bool
	// settles reports whether a reading of a batch is enough; nil if it never is.
	settles func(any) bool
}

// Await reads the target of key until done returns true for a reading, and
// returns nil. If ctx ends first, it returns the cause. It never uses a reading
// that is older than the call. All calls with the same key share the reads,
// which the read function of the first call makes, with a context that outlives
// that call.
func Await[T any](ctx context.Context, p *Poller, key string, read func(context.Context) T, done func(T) bool) error {
	return await(ctx, p, source{key: key, read: func(ctx context.Context) any { return read(ctx) }}, done)
}

func await[T any](ctx context.Context, p *Poller, of source, done func(T) bool) error {
	w := &waiter{news: make(chan any, 1), wants: true}
	if of.batch != nil {
		w.settles = of.batch.settles
	}
	shared := p.join(ctx, of, w)
	defer p.depart(shared, w)
	for {
		select {
		case observation := <-w.news:
			if done(observation.(T)) {
				return nil
			}
			p.want(shared, w)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (p *Poller) join(ctx context.Context, of source, w *waiter) *watch {
	p.mu.Lock()
	defer p.mu.Unlock()
	shared, ok := p.watches[of.key]
	if ok {
		tell(shared.newcome)
	} else {
		// This context has the values of the first waiter's context, such as the
		// logger, but does not end with it.
		polling, stop := context.WithCancel(context.WithoutCancel(ctx))
		shared = &watch{
			source: of, stop: stop, ended: make(chan struct{}), newcome: make(chan struct{}, 1), wanted: make(chan struct{}, 1),
			waiters: map[*waiter]bool{}, called: make(chan struct{}, 1), group: p.group(of.batch),
		}
		p.watches[of.key] = shared
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
	tell(shared.wanted)
}

// tell sends to a channel that has room for one message, which is enough.
func tell(channel chan struct{}) {
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
	pauses := &backoff.ExponentialBackOff{InitialInterval: p.FirstPause, Multiplier: 1.5, MaxInterval: p.LongestPause}
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
		if !p.rest(ctx, shared, min(max(pause, p.FirstPause), p.LongestPause), began) {
			return
		}
	}
}

// observe reads a target, together with others if that is enough for all its
// waiters. It returns the waiters, the reading for them, and the factor for the
// next pause.
func (p *Poller) observe(ctx context.Context, shared *watch) ([]*waiter, any, float64) {
	if shared.group != nil {
		if r := p.enter(ctx, shared); r != nil {
			if waiting, seen := p.await(ctx, r, shared); seen != nil || ctx.Err() != nil {
				return waiting, seen, r.spread
			}
		}
	}
	waiting := p.waiting(shared)
	attempt, cancel := context.WithTimeout(ctx, p.Attempt)
	defer cancel()
	return waiting, shared.read(attempt), spread()
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
	fired, stop := p.clock.NewTimer(until)
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
			if left := p.FirstPause - time.Since(began); left > 0 {
				fired, stop = p.clock.NewTimer(left)
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

func (p *Poller) waiting(shared *watch) []*waiter {
	p.mu.Lock()
	defer p.mu.Unlock()
	return shared.gather()
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
