package delivery

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"time"
)

// Batch is how a service tells of several targets with one request.
type Batch[T any] struct {
	// Key names what is read together, such as the executions of a region.
	Key string
	// Most is how many targets a request may name.
	Most int
	// Read makes one request, and returns what it found by the targets' ids.
	Read func(ctx context.Context, ids []string) (map[string]T, Attempt)
}

// Of returns the probe as one whose target the batch can read, under its present id. What
// the batch found of the target is judged as what the probe's read finds where settles
// says that the probe needs no more; else, and where the batch found nothing, the target
// is read alone. So it is for good once the service refuses the batch.
func (b Batch[T]) Of(probe *Probe, id func() string, settles func(T) bool) *Probe {
	batched := *probe
	batched.batch = &batch{
		key: b.Key, most: b.Most, id: id,
		read: func(ctx context.Context, ids []string) (map[string]any, Attempt) {
			found, attempt := b.Read(ctx, ids)
			values := make(map[string]any, len(found))
			for id, value := range found {
				values[id] = value
			}
			return values, attempt
		},
		settles: func(value any) bool { return settles(value.(T)) },
	}
	return &batched
}

// batch is the batch of a probe, and the probe's part in it.
type batch struct {
	key     string
	most    int
	read    func(context.Context, []string) (map[string]any, Attempt)
	id      func() string
	settles func(any) bool
}

// withLimiter returns the batch as one whose reads share a rate limiter.
func (b *batch) withLimiter(limiter *RateLimiter) *batch {
	if b == nil {
		return nil
	}
	paced := *b
	paced.read = func(ctx context.Context, ids []string) (found map[string]any, attempt Attempt) {
		attempt = limiter.pace(ctx, func() Attempt {
			found, attempt = b.read(ctx, ids)
			return attempt
		})
		return found, attempt
	}
	return &paced
}

// group is the targets that a batch can read. It is guarded by the poller's mutex.
type group struct {
	// refused is set once the service has refused the batch.
	refused bool
	// watches is how many targets are polled, and resting are those between two reads.
	watches int
	resting map[*watch]bool
	// gathering is the request that will be made next, nil when nobody is due.
	gathering *request
	// spared is when the last request was made that could have named more targets.
	spared time.Time
}

// request is one request of a batch. Its members are guarded by the poller's mutex, and
// what came of it may be read once it has ended.
type request struct {
	group *group
	batch *batch
	// members are the targets that are still waited for, with those who waited when the
	// request was made.
	members map[*watch][]*waiter
	// full is closed when it names as many targets as it may; stop ends it.
	full  chan struct{}
	stop  context.CancelFunc
	ended chan struct{}

	found   map[string]any
	attempt Attempt
	// spread varies the pause after it, for all members alike: they stay together.
	spread float64
}

// spread is by what factor a pause between two reads is longer or shorter.
func spread() float64 { return 0.8 + 0.4*rand.Float64() }

// board returns the request that is to read a target which is due; nil when it is to be
// read alone.
func (p *Poller) board(ctx context.Context, w *watch) *request {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(w.group.resting, w)
	if r := w.taken; r != nil {
		w.taken = nil
		select {
		case <-w.called:
		default:
		}
		return r
	}
	g := w.group
	if !g.reads(w) {
		return nil
	}
	w.id = w.batch.id()
	r := g.gathering
	if r == nil {
		// The first member's values, such as its logger, but not its end.
		requesting, stop := context.WithCancel(context.WithoutCancel(ctx))
		r = &request{
			group: g, batch: w.batch, members: map[*watch][]*waiter{}, full: make(chan struct{}), stop: stop, ended: make(chan struct{}), spread: spread(),
		}
		g.gathering = r
		// Those that begin to wait one after the other go together.
		go p.request(requesting, r, p.FirstPause/10-time.Since(g.spared))
	}
	r.members[w] = nil
	if len(r.members) == r.batch.most {
		g.gathering = nil
		close(r.full)
	}
	return r
}

// reads reports whether it may be enough to read a target with others. It needs the mutex.
func (g *group) reads(w *watch) bool {
	if g.refused || g.watches < 2 {
		return false
	}
	for one := range w.waiters {
		if one.settles == nil {
			return false
		}
	}
	return true
}

// request makes a request once it is full, or after a pause.
func (p *Poller) request(ctx context.Context, r *request, after time.Duration) {
	defer close(r.ended)
	defer r.stop()
	if after > 0 {
		pause := time.NewTimer(after)
		defer pause.Stop()
		select {
		case <-r.full:
		case <-pause.C:
		case <-ctx.Done():
		}
	}
	ids := p.depart(r)
	if len(ids) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, p.Attempt)
	defer cancel()
	if r.found, r.attempt = r.batch.read(ctx, ids); r.attempt.Outcome == Rejected {
		p.mu.Lock()
		r.group.refused = true
		p.mu.Unlock()
	}
}

// depart returns the ids of the targets that a request is to read, none where reading one
// alone tells more. Where it can name more, it takes those along that will be due soon.
func (p *Poller) depart(r *request) (ids []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g, now := r.group, time.Now()
	if g.gathering == r {
		g.gathering = nil
	}
	var soon []*watch
	for w := range g.resting {
		if len(r.members) > 0 && w.due.Sub(now) <= w.pause/4 && g.reads(w) {
			soon = append(soon, w)
		}
	}
	slices.SortFunc(soon, func(a, b *watch) int { return a.due.Compare(b.due) })
	for _, w := range soon[:min(len(soon), r.batch.most-len(r.members))] {
		delete(g.resting, w)
		r.members[w], w.taken = nil, r
		w.called <- struct{}{}
	}
	if len(r.members) < r.batch.most {
		g.spared = now
	}
	if len(r.members) < 2 {
		return nil
	}
	for w := range r.members {
		ids, r.members[w] = append(ids, w.id), slices.Collect(maps.Keys(w.waiters))
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// together waits for what a request finds of a target, and returns it with those who are
// to be told; nil when the target has to be read alone, or ctx has ended.
func (p *Poller) together(ctx context.Context, r *request, w *watch) (waiting []*waiter, seen any) {
	select {
	case <-r.ended:
	case <-ctx.Done():
		p.alight(r, w)
		return nil, nil
	}
	p.mu.Lock()
	waiting = r.members[w]
	p.mu.Unlock()
	switch r.attempt.Outcome {
	case NotSent:
		return waiting, snapshot{attempt: r.attempt} // Alone it would fare no better.
	case Accepted:
		value, there := r.found[w.id]
		unsettled := func(one *waiter) bool { return one.settles == nil || !one.settles(value) }
		if there && !slices.ContainsFunc(waiting, unsettled) {
			return waiting, snapshot{value: value, attempt: r.attempt, batched: true}
		}
	}
	return nil, nil
}

// alight takes a target out of a request. The last one ends it.
func (p *Poller) alight(r *request, w *watch) {
	p.mu.Lock()
	delete(r.members, w)
	last := len(r.members) == 0
	if last && r.group.gathering == r {
		r.group.gathering = nil
	}
	p.mu.Unlock()
	if last {
		r.stop()
		<-r.ended
	}
}

// forget takes a target out of its group that nobody waits for any more.
func (p *Poller) forget(w *watch) {
	p.mu.Lock()
	delete(w.group.resting, w)
	r := w.taken
	p.mu.Unlock()
	if r != nil {
		p.alight(r, w)
	}
}
