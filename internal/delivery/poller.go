package delivery

import (
	"context"
	"errors"
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

// remember keeps the reading of a target that will not change. If there are
// maxFinals, it drops the oldest one.
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
	ended     chan struct{}
	newWaiter chan struct{}
	// wanted says that a waiter began to want another reading.
	wanted  chan struct{}
	waiters map[*waiter]bool

	// group is nil if the target can only be read alone. The poller's mutex guards
	// the following fields: the id of the target in its batch and, between two reads,
	// the time and the length of the pause. joined is a request of other targets that
	// will also read this one; wake then receives a message.
	group  *group
	id     string
	due    time.Time
	pause  time.Duration
	joined *batchRequest
	wake   chan struct{}
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
		notify(shared.newWaiter)
	} else {
		// This context has the values of the first waiter's context, such as the
		// logger, but does not end with it.
		polling, stop := context.WithCancel(context.WithoutCancel(ctx))
		shared = &watch{
			Probe: w.probe, stop: stop, ended: make(chan struct{}), newWaiter: make(chan struct{}, 1), wanted: make(chan struct{}, 1),
			waiters: map[*waiter]bool{}, wake: make(chan struct{}, 1), group: p.group(w.probe.batch),
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
		waiting, seen, jitter := p.readShared(ctx, shared)
		p.mu.Lock()
		for _, w := range waiting {
			// Only the newest reading counts. An older one that the waiter has not
			// received is dropped.
			select {
			case <-w.news:
			default:
			}
			w.news <- seen
			w.wants = false
		}
		p.mu.Unlock()
		pause := time.Duration(jitter * float64(pauses.NextBackOff()))
		if !p.rest(ctx, shared, min(max(pause, p.policy.FirstPoll), p.policy.LongestPoll), began) {
			return
		}
	}
}

// readShared reads a target, together with others if that is enough for all its
// waiters. It returns the waiters, the reading for them, and the factor for the
// next pause.
func (p *Poller) readShared(ctx context.Context, shared *watch) ([]*waiter, snapshot, float64) {
	if shared.group != nil {
		if r := p.joinRequest(ctx, shared); r != nil {
			if waiting, seen, enough := p.result(ctx, r, shared); enough || ctx.Err() != nil {
				return waiting, seen, r.jitter
			}
		}
	}
	p.mu.Lock()
	waiting := shared.currentWaiters()
	p.mu.Unlock()
	readCtx, cancel := p.policy.WithAttemptTimeout(ctx)
	defer cancel()
	return waiting, shared.paced(readCtx), pollJitter()
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
		case <-shared.wake:
			return true
		case <-shared.newWaiter:
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

// currentWaiters returns the waiters for the next reading. After that, none of
// them is new. The caller holds the mutex.
func (w *watch) currentWaiters() []*waiter {
	select {
	case <-w.newWaiter:
	default:
	}
	return slices.Collect(maps.Keys(w.waiters))
}

// WaitResult is the result of a wait.
type WaitResult struct {
	// Observation is the last observation. Its State is Pending if the wait did not
	// come to an end.
	Observation Observation
	// Answered reports whether a read was answered, if only with the answer that the
	// target is not there.
	Answered bool
	// Failed is the last read if it failed temporarily and was not repeated.
	Failed *Attempt
	// Unreadable is the last read if it failed and another read would fail in the
	// same way.
	Unreadable *Attempt
	// Stopped is the cause if the context ended the wait.
	Stopped error
}

// Reached reports whether the awaited state has come.
func (r WaitResult) Reached() bool { return r.Observation.State == Reached }

// Absent reports whether the reads had enough time to show the signal and did
// not show it.
func (r WaitResult) Absent() bool {
	return r.Observation.State == Pending && r.Unreadable == nil && r.Stopped == nil
}

// Wait reads the target until the state is Reached or Missed, until a read
// fails permanently, or until ctx ends. It calls report with each pending
// observation and its time, on the caller's goroutine.
func (p *Poller) Wait(ctx context.Context, probe *Probe, report func(Observation, time.Time)) WaitResult {
	if probe.final {
		if value, known := p.recall(probe.key); known {
			return WaitResult{Observation: probe.judge(value)}
		}
	}
	return p.until(ctx, probe, Attempt.readRetryable, pendingTo(report))
}

// WaitWhileReachable is like Wait, but tries failed reads again only for RetryPolicy.UnreachableTimeout,
// because the caller wants to know the target's state now. It tries again until
// ctx ends if the service throttles or if getting credentials fails
// temporarily.
func (p *Poller) WaitWhileReachable(ctx context.Context, probe *Probe, report func(Observation, time.Time)) WaitResult {
	again, stop := p.retryWhile(ctx, p.policy.UnreachableTimeout)
	defer stop()
	return p.until(ctx, probe, again, pendingTo(report))
}

// retryWhile returns whether a failed read is tried again: for a while, and until the
// end if the service throttles or if getting credentials fails temporarily.
func (p *Poller) retryWhile(ctx context.Context, while time.Duration) (again func(Attempt) bool, stop context.CancelFunc) {
	retryPeriod, stop := p.policy.clock().WithRetryPeriod(context.WithoutCancel(ctx), while)
	return func(a Attempt) bool {
		return a.readRetryable() && (a.Cause == Throttled || a.lacksCredentials() || retryPeriod.Err() == nil)
	}, stop
}

// pendingTo returns a function that reports pending observations, and ends the
// wait with the first other one.
func pendingTo(report func(Observation, time.Time)) func(Observation) bool {
	return func(observation Observation) bool {
		if observation.State == Pending {
			report(observation, time.Now())
		}
		return observation.State != Pending
	}
}

// ReadUntilSettled reads the target until the state is Reached, until a read fails
// permanently, or until the first observation after RetryPolicy.Settle that is not
// provisional. By then even lagging reads show the signal, so Pending means that it has not
// arrived. Missed means that the service does not tell.
// Failed reads are tried again for RetryPolicy.UnreachableTimeout longer. They are tried again
// until ctx ends if the service throttles or if getting credentials fails
// temporarily.
func (p *Poller) ReadUntilSettled(ctx context.Context, probe *Probe) WaitResult {
	again, stop := p.retryWhile(ctx, p.policy.Settle+p.policy.UnreachableTimeout)
	defer stop()
	settling, cancel := p.SettleContext(ctx)
	defer cancel()
	result := p.until(settling, probe, again, func(observation Observation) bool { return observation.State == Reached })
	if result.Stopped == nil || ctx.Err() != nil {
		return result
	}
	return p.until(ctx, probe, again, func(o Observation) bool { return o.State == Reached || !o.Provisional })
}

// SettleContext returns a context that ends after RetryPolicy.Settle. By then even lagging reads
// show all that happened before the call.
func (p *Poller) SettleContext(ctx context.Context) (context.Context, context.CancelFunc) {
	return p.policy.clock().WithRetryPeriod(ctx, p.policy.Settle)
}

// until reads the target until enough returns true for an observation, until a read
// fails for which again returns false, or until ctx ends. It never uses a reading that
// is older than the call. All calls for the same target share the reads, which the probe
// of the first call makes, with a context that outlives that call.
func (p *Poller) until(ctx context.Context, probe *Probe, again func(Attempt) bool, enough func(Observation) bool) (result WaitResult) {
	if ctx.Err() != nil { // A read that is cut off at once tells nothing.
		return WaitResult{Stopped: context.Cause(ctx)}
	}
	w := &waiter{probe: probe, news: make(chan snapshot, 1), wants: true}
	shared := p.join(ctx, w)
	defer p.depart(shared, w)
	for {
		select {
		case <-ctx.Done():
			result.Stopped = context.Cause(ctx)
			return result
		case s := <-w.news:
			switch {
			case s.attempt.Outcome == Accepted:
				result.Observation, result.Answered, result.Failed = probe.judge(s.value), true, nil
				if probe.final && !s.batched && result.Observation.State != Pending {
					p.remember(probe.key, s.value)
				}
				if enough(result.Observation) {
					return result
				}
			case again(s.attempt):
				result.Failed = &s.attempt
			default:
				result.Unreadable = &s.attempt
				return result
			}
			p.want(shared, w)
		}
	}
}

// ReadOnce reads the target once. The attempt is accepted if the read
// succeeded. If getting credentials fails temporarily, it tries again for
// RetryPolicy.UnreachableTimeout.
func (p *Poller) ReadOnce(ctx context.Context, probe *Probe) (Observation, Attempt) {
	ctx, cancel := p.policy.WithAttemptTimeout(ctx)
	defer cancel()
	retryPeriod, stop := p.policy.clock().WithRetryPeriod(ctx, p.policy.UnreachableTimeout)
	defer stop()
	s := probe.paced(ctx)
	for s.attempt.lacksCredentials() && retryPeriod.Err() == nil && sleep(ctx, p.policy.clock(), p.policy.FirstPoll) == nil {
		s = probe.paced(ctx)
	}
	if s.attempt.Outcome != Accepted {
		return Observation{}, s.attempt
	}
	return probe.judge(s.value), s.attempt
}

// readRetryable reports whether a failed read may succeed later. Unlike a send,
// a read with an unknown outcome can always be repeated.
func (a Attempt) readRetryable() bool {
	return a.Outcome == Unknown || a.Retryable() || a.Outcome == NotSent && errors.Is(a.Err, context.DeadlineExceeded)
}
