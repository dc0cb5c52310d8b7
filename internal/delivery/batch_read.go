package delivery

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"
)

// Batch says how one request reads several targets.
type Batch[T any] struct {
	// Key names the targets that one request can read together, such as the
	// executions of a region.
	Key string
	// Most is the largest number of targets in one request.
	Most int
	// Read makes one request, and returns the readings by the targets' ids.
	Read func(ctx context.Context, ids []string) (map[string]T, Attempt)
}

// Of returns a copy of the probe whose target the batch can also read. id
// returns the target's id. If settles returns true for a reading of the batch,
// the probe judges that reading. Otherwise, or if the batch has no reading, the
// target is read alone. If the service refuses the batch, all targets are read
// alone from then on.
//
// It is not inlined, for the reason of NewProbe.
//
//go:noinline
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

// batch is the Batch of a probe without its type parameter, and the functions
// of the probe for it.
type batch struct {
	key     string
	most    int
	read    func(context.Context, []string) (map[string]any, Attempt)
	id      func() string
	settles func(any) bool
}

// group has the targets that a batch can read. The poller's mutex guards it.
type group struct {
	// refused is set after the service has refused the batch.
	refused bool
	// watches counts the targets that are polled. resting are the targets that wait
	// for their next read.
	watches int
	resting map[*watch]bool
	// gathering is the next request; nil if no target is due.
	gathering *batchRequest
	// lastWithRoom is when the last request with room for more targets was made.
	lastWithRoom time.Time
}

// batchRequest is one request of a batch. The poller's mutex guards its members. Its
// result may be read after it has ended.
type batchRequest struct {
	group   *group
	batch   *batch
	limiter *RateLimiter
	// members are the targets of the request for which somebody still waits, with
	// their waiters at the time of the request.
	members map[*watch][]*waiter
	// full is closed when the request has as many targets as it may have. stop ends
	// the request.
	full  chan struct{}
	stop  context.CancelFunc
	ended chan struct{}

	found   map[string]any
	attempt Attempt
	// jitter is the factor for the pause after the request. It is the same for all
	// members, so that they stay together.
	jitter float64
}

// pollJitter returns a random factor for a pause between two reads.
func pollJitter() float64 { return 0.8 + 0.4*rand.Float64() }

// joinRequest adds a target that is due to the next request and returns the request;
// nil if the target must be read alone.
func (p *Poller) joinRequest(ctx context.Context, w *watch) *batchRequest {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(w.group.resting, w)
	if r := w.joined; r != nil {
		w.joined = nil
		select {
		case <-w.wake:
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
		// This context has the values of the first member's context, such as the
		// logger, but does not end with it.
		requesting, stop := context.WithCancel(context.WithoutCancel(ctx))
		r = &batchRequest{
			group: g, batch: w.batch, limiter: w.limiter, members: map[*watch][]*waiter{}, full: make(chan struct{}), stop: stop, ended: make(chan struct{}), jitter: pollJitter(),
		}
		g.gathering = r
		// Wait a moment, so that targets that become due one after the other go into
		// the same request.
		go p.runRequest(requesting, r, p.policy.FirstPoll/10-time.Since(g.lastWithRoom))
	}
	r.members[w] = nil
	if len(r.members) == r.batch.most {
		g.gathering = nil
		close(r.full)
	}
	return r
}

// reads reports whether a batch may be enough for a target. The caller holds
// the mutex.
func (g *group) reads(w *watch) bool {
	if g.refused || g.watches < 2 {
		return false
	}
	for one := range w.waiters {
		if one.probe.batch == nil {
			return false
		}
	}
	return true
}

// runRequest makes a request as soon as it is full, or after a pause.
func (p *Poller) runRequest(ctx context.Context, r *batchRequest, after time.Duration) {
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
	ids := p.assemble(r)
	if len(ids) == 0 {
		return
	}
	ctx, cancel := p.policy.WithAttemptTimeout(ctx)
	defer cancel()
	r.attempt = r.limiter.pace(ctx, func() (attempt Attempt) {
		r.found, attempt = r.batch.read(ctx, ids)
		return attempt
	})
	if r.attempt.Outcome == Rejected {
		p.mu.Lock()
		r.group.refused = true
		p.mu.Unlock()
	}
}

// assemble returns the ids for a request. It returns none if a read of the single
// target tells more. If there is room, it adds targets that will be due soon.
func (p *Poller) assemble(r *batchRequest) (ids []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g, now := r.group, time.Now()
	if g.gathering == r {
		g.gathering = nil
	}
	var soon []*watch
	for w := range g.resting {
		if len(r.members) > 0 && w.due.Sub(now) <= w.pause/4 && w.wants() && g.reads(w) {
			soon = append(soon, w)
		}
	}
	slices.SortFunc(soon, func(a, b *watch) int { return a.due.Compare(b.due) })
	for _, w := range soon[:min(len(soon), r.batch.most-len(r.members))] {
		delete(g.resting, w)
		r.members[w], w.joined = nil, r
		w.wake <- struct{}{}
	}
	if len(r.members) < r.batch.most {
		g.lastWithRoom = now
	}
	if len(r.members) < 2 {
		return nil
	}
	for w := range r.members {
		ids, r.members[w] = append(ids, w.id), w.currentWaiters()
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// result waits for a request, and returns the reading of a target and the waiters
// for it. It returns false if the target must be read alone, or if ctx has ended.
func (p *Poller) result(ctx context.Context, r *batchRequest, w *watch) (waiting []*waiter, seen snapshot, enough bool) {
	select {
	case <-r.ended:
	case <-ctx.Done():
		p.leave(r, w)
		return nil, seen, false
	}
	p.mu.Lock()
	waiting = r.members[w]
	p.mu.Unlock()
	value, there := r.found[w.id]
	unsettled := func(one *waiter) bool { return one.probe.batch == nil || !one.probe.batch.settles(value) }
	switch {
	case r.attempt.Outcome == NotSent: // A read of the single target would fail in the same way.
		return waiting, snapshot{attempt: r.attempt}, true
	case r.attempt.Outcome == Accepted && there && !slices.ContainsFunc(waiting, unsettled):
		return waiting, snapshot{value: value, attempt: r.attempt, batched: true}, true
	}
	return nil, seen, false
}

// leave removes a target from a request. If it was the last one, the request
// ends.
func (p *Poller) leave(r *batchRequest, w *watch) {
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

// forget removes a target from its group, because nobody waits for it any more.
func (p *Poller) forget(w *watch) {
	p.mu.Lock()
	delete(w.group.resting, w)
	r := w.joined
	p.mu.Unlock()
	if r != nil {
		p.leave(r, w)
	}
}
