package delivery

import (
	"context"
	"crypto/rand"
	"slices"
	"sync"
	"time"
)

// TraceMatcher makes sure that one trace proves at most one signal. It knows all
// sends of this provider process that leave traces.
type TraceMatcher struct {
	poller *Poller

	mu sync.Mutex
	// signals are the signals by the scope of their traces.
	signals map[string][]*trackedSignal
}

// NewTraceMatcher returns a matcher whose reads are made through a poller.
func NewTraceMatcher(poller *Poller) *TraceMatcher {
	return &TraceMatcher{poller: poller, signals: map[string][]*trackedSignal{}}
}

// trackedSignal is a signal that may have left traces. It outlives its delivery.
type trackedSignal struct {
	// id identifies the signal in CompetingSignals, for a later process.
	id string
	// holder identifies the resource whose signal this is, so that no other resource
	// adopts its trace; "" for the signal of an action, and of a resource that was removed
	// after its signal.
	holder   string
	request  string
	mark     string
	likeness func(Trace) Likeness
	sends    []*send
	// proof is the trace that proves that one of the signal's lost sends has arrived.
	// A signal without sends is an adopted one; its proof is the trace that it adopted.
	proof traceID
	// twice says that a send arrived although a lookup has not shown it. So further
	// sends of the signal may have arrived, too.
	twice bool
}

// traceID is the id of the trace that is matched to one signal, "" for none yet. A
// later read may match the trace to another signal that may also have left it.
type traceID string

// send is one attempt to send a signal.
type send struct {
	began, ended Timestamp
	state        sendState
	// clock is the service's clock as the answer to this send showed it. The
	// service's clock may be adjusted later.
	clock ServerClock
	// absent says that a lookup has not shown that the send arrived.
	absent bool
	// trace is the trace that the send has left. It is set only if the proof of
	// another signal depends on it.
	trace traceID
}

type sendState int

const (
	inFlight sendState = iota
	taken
	lost
)

// TrackedRequest is a request whose sends are registered with TraceMatcher, so that
// Lookup can find a lost one.
type TrackedRequest struct {
	Request
	matcher  *TraceMatcher
	evidence *Evidence
	limiter  *RateLimiter
	self     *trackedSignal
	// incomplete says that other signals may have left the traces that a previous send
	// would leave.
	incomplete bool
}

// Track registers the sends of a request. holder is the id of the resource that makes it, ""
// for an action. The reads of the target share the rate limiter.
func (m *TraceMatcher) Track(holder string, request Request, evidence *Evidence, limiter *RateLimiter) *TrackedRequest {
	return &TrackedRequest{request, m, evidence, limiter, &trackedSignal{
		id: rand.Text(), holder: holder, request: evidence.Request, mark: evidence.Mark, likeness: evidence.Likeness,
	}, false}
}

// SetRequest changes the request, for example to one for the run that was found.
func (r *TrackedRequest) SetRequest(request Request, evidence *Evidence) {
	r.matcher.mu.Lock()
	defer r.matcher.mu.Unlock()
	r.Request, r.evidence = request, evidence
	r.self.request, r.self.mark, r.self.likeness = evidence.Request, evidence.Mark, evidence.Likeness
}

// Previous registers a send of this signal by an earlier process whose outcome
// is unknown, and the CompetingSignals that the earlier process recorded.
func (r *TrackedRequest) Previous(began, ended Timestamp, others CompetingSignals) {
	r.end(r.begin(began), Attempt{Outcome: Unknown}, ended)
	r.matcher.mu.Lock()
	defer r.matcher.mu.Unlock()
	r.incomplete = others.Incomplete
	scope := r.evidence.Scope
	for _, twin := range others.Twins {
		if slices.ContainsFunc(r.matcher.signals[scope], func(known *trackedSignal) bool { return known.id == twin.ID }) {
			continue
		}
		known := &trackedSignal{id: twin.ID, holder: twin.ID, request: r.self.request, likeness: r.self.likeness, proof: traceID(twin.Proof)}
		if !twin.Began.IsZero() {
			sent := &send{began: Timestamp{twin.Began, began.Tolerance}, ended: Timestamp{twin.Ended, began.Tolerance}, state: taken}
			if twin.Proof != "" {
				sent.state = lost
			}
			known.sends = append(known.sends, sent)
		}
		r.matcher.signals[scope] = append(r.matcher.signals[scope], known)
	}
}

// CompetingSignals are the other signals of a process that may have left the traces of a
// lost signal. The private state keeps them for a later process that looks for
// the lost signal.
type CompetingSignals struct {
	Twins []Twin `json:"twins,omitempty"`
	// Incomplete says that there are further signals, and that it is unknown which
	// traces they have left.
	Incomplete bool `json:"incomplete,omitempty"`
}

// Twin is a signal that has left the same kind of trace as a lost signal would
// leave.
type Twin struct {
	ID string `json:"id"`
	// Began and Ended are when it was sent; zero when it was adopted.
	Began time.Time `json:"began,omitzero"`
	Ended time.Time `json:"ended,omitzero"`
	// Proof is the id of its trace, if that is known.
	Proof string `json:"proof,omitempty"`
}

// Competing returns the other signals that may have left the traces of this one.
func (r *TrackedRequest) Competing() (others CompetingSignals) {
	r.matcher.mu.Lock()
	defer r.matcher.mu.Unlock()
	others.Incomplete = r.incomplete
	if len(r.self.sends) == 0 {
		return others
	}
	first := r.self.first().lower()
	for _, other := range r.matcher.signals[r.evidence.Scope] {
		near := slices.DeleteFunc(slices.Clone(other.sends), func(s *send) bool { return s.state != inFlight && r.matcher.lastTrace(s).Before(first) })
		known := other.request == r.self.request && len(near) == 1 && (near[0].state == taken || near[0].state == lost && other.proof != "")
		switch {
		case other == r.self, len(near) == 0 && (len(other.sends) > 0 || other.proof == ""):
		case other.mark != r.self.mark && other.mark != "" && r.self.mark != "":
			// It leaves nothing that is this signal's.
		case len(near) == 0:
			others.Twins = append(others.Twins, Twin{ID: other.id, Proof: string(other.proof)})
		case known:
			others.Twins = append(others.Twins, Twin{other.id, near[0].began.At, near[0].ended.At, string(other.proof)})
		default:
			others.Incomplete = true
		}
	}
	return others
}

// lastTrace is the time after which a send that has ended can leave no trace.
func (m *TraceMatcher) lastTrace(s *send) time.Time {
	return s.ended.upper().Add(m.poller.policy.Settle + clockSlack)
}

// Adopt assigns one of the traces that show such a signal to this signal. It reports false
// if the signals of other resources have left or adopted all of them: two resources need
// two traces. Without any traces it reports true.
func (r *TrackedRequest) Adopt(shown Shown) bool {
	r.matcher.mu.Lock()
	defer r.matcher.mu.Unlock()
	scope, assigned := r.evidence.Scope, newMatching(len(shown.Traces))
	for _, other := range r.matcher.signals[scope] {
		if other.holder != "" && other.holder != r.self.holder {
			assigned.assign(r.matcher.held(other, shown), nil)
		}
	}
	var all []int
	for i := range shown.Traces {
		all = append(all, i)
	}
	adopted := &trackedSignal{id: r.self.holder, holder: r.self.holder, request: r.self.request, likeness: r.self.likeness}
	if !assigned.assign(all, &adopted.proof) {
		return len(shown.Traces) == 0
	}
	assigned.record(shown.Traces)
	r.matcher.signals[scope] = append(r.matcher.signals[scope], adopted)
	return true
}

// held returns the indexes of the traces of which one is the signal's: the one that proves
// it, or those that its sends may have left. A send whose answer was lost counts, too,
// because the next apply may adopt its trace.
func (m *TraceMatcher) held(other *trackedSignal, shown Shown) (held []int) {
	if other.proof != "" {
		if proof := other.provedBy(shown); proof >= 0 {
			held = append(held, proof)
		}
		return held
	}
	for _, s := range other.sends {
		if !s.absent {
			held = append(held, m.fits(other, s, shown)...)
		}
	}
	return held
}

// provedBy returns the index of the trace that proves the signal, -1 if none does.
func (s *trackedSignal) provedBy(shown Shown) int {
	return slices.IndexFunc(shown.Traces, func(trace Trace) bool { return traceID(trace.ID) == s.proof })
}

// fits returns the indexes of the traces that one of the signal's sends may have left.
func (m *TraceMatcher) fits(other *trackedSignal, s *send, shown Shown) (fits []int) {
	w := m.window(shown.Clock, s)
	for i, trace := range shown.Traces {
		if w.contains(trace.At) && other.likeness(trace) != NotOurs || traceID(trace.ID) == s.trace {
			fits = append(fits, i)
		}
	}
	return fits
}

// Release gives up the trace that the signal of a resource has left or adopted.
func (m *TraceMatcher) Release(holder string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for scope, known := range m.signals {
		m.signals[scope] = slices.DeleteFunc(known, func(other *trackedSignal) bool { return len(other.sends) == 0 && other.holder == holder })
		for _, other := range m.signals[scope] {
			if other.holder == holder {
				other.holder = "" // Its trace still proves no other signal.
			}
		}
	}
}

// Send makes one attempt.
func (r *TrackedRequest) Send(ctx context.Context) Attempt {
	sent := r.begin(Timestamp{At: time.Now()})
	attempt := r.Request.Send(ctx)
	r.end(sent, attempt, Timestamp{At: time.Now()})
	return attempt
}

func (r *TrackedRequest) begin(at Timestamp) *send {
	r.matcher.mu.Lock()
	defer r.matcher.mu.Unlock()
	if known := r.matcher.signals[r.evidence.Scope]; !slices.Contains(known, r.self) {
		r.matcher.signals[r.evidence.Scope] = append(known, r.self)
	}
	sent := &send{began: at}
	r.self.sends = append(r.self.sends, sent)
	return sent
}

func (r *TrackedRequest) end(sent *send, attempt Attempt, at Timestamp) {
	r.matcher.mu.Lock()
	defer r.matcher.mu.Unlock()
	sent.ended = at
	switch attempt.Outcome {
	case Accepted:
		sent.state, sent.clock = taken, attempt.Clock
	case Unknown:
		sent.state = lost
	default:
		r.self.sends = slices.DeleteFunc(r.self.sends, func(other *send) bool { return other == sent })
		if len(r.self.sends) == 0 {
			known := r.matcher.signals[r.evidence.Scope]
			r.matcher.signals[r.evidence.Scope] = slices.DeleteFunc(known, func(other *trackedSignal) bool { return other == r.self })
		}
	}
}

// Lookup finds out whether a lost send of the signal has arrived. The result is
// Reached if a trace proves it. The result is Pending if the signal has left no
// trace although the reads had enough time to show one. The result is Missed,
// with a reason, if the traces do not tell. They tell nothing of a send by an earlier
// process that was not registered, because its target was not known.
func (r *TrackedRequest) Lookup(ctx context.Context) WaitResult {
	if len(r.self.sends) == 0 {
		return WaitResult{Observation: Observation{State: Missed, Reason: reasonElsewhere}}
	}
	since := r.matcher.since(r)
	listed := r.evidence.Probe(since).WithLimiter(r.limiter)
	judged := *listed
	var proof Trace
	judged.judge = func(value any) (observation Observation) {
		observation, proof = r.matcher.judge(r, since, listed.judge(value))
		return observation
	}
	result := r.matcher.poller.ReadUntilSettled(ctx, &judged)
	if result.Absent() {
		r.absent()
	}
	if result.Reached() && r.evidence.Found != nil {
		r.evidence.Found(proof)
	}
	return result
}

// absent notes that a lookup has not shown any of the lost sends.
func (r *TrackedRequest) absent() {
	r.matcher.mu.Lock()
	defer r.matcher.mu.Unlock()
	for _, s := range r.self.sends {
		s.absent = true
	}
}

// clockSlack is the largest difference between the service's times that two
// answers give for the same moment. Each answer gives the time in whole
// seconds, and its error grows with the time that the answer took.
const clockSlack = 10 * time.Second

// since returns the earliest begin among the signal's first lost send and all
// sends that overlap with it, directly or through other sends. The traces of
// all these sends must be told apart.
func (m *TraceMatcher) since(r *TrackedRequest) Timestamp {
	m.mu.Lock()
	defer m.mu.Unlock()
	since := r.self.first()
	for grown := true; grown; {
		grown = false
		for _, other := range m.signals[r.evidence.Scope] {
			overlaps := slices.ContainsFunc(other.sends, func(s *send) bool {
				return s.state == inFlight || m.lastTrace(s).After(since.lower())
			})
			if overlaps && other.first().lower().Before(since.lower()) {
				since, grown = other.first(), true
			}
		}
	}
	return since
}

// first is when the first of the signal's sends began.
func (s *trackedSignal) first() Timestamp {
	return slices.MinFunc(s.sends, func(a, b *send) int { return a.began.lower().Compare(b.began.lower()) }).began
}

// window is the period in which a send can leave its trace, by the service's
// clock.
type window struct{ from, to time.Time }

// contains reports whether the window contains the time of a trace. Some services
// round times down to whole seconds, and others to milliseconds: such a time may
// be before the event.
func (w window) contains(at time.Time) bool {
	unit := time.Millisecond
	if at.Equal(at.Truncate(time.Second)) {
		unit = time.Second
	}
	return !at.Before(w.from.Truncate(unit)) && !at.After(w.to)
}

func (w window) overlaps(o window) bool { return !o.from.After(w.to) && !w.from.After(o.to) }

// window returns the window of a send. It starts when the send began, and ends
// RetryPolicy.Settle after the send ended, because a request that was cut off
// may still be under way.
func (m *TraceMatcher) window(clock ServerClock, s *send) (w window) {
	if s.clock != (ServerClock{}) {
		clock = s.clock
	}
	w.from, _, _ = clock.span(s.began)
	if s.state == inFlight {
		w.to = w.from.AddDate(1, 0, 0)
		return w
	}
	_, w.to, _ = clock.span(s.ended)
	w.to = w.to.Add(m.poller.policy.Settle)
	return w
}

// The reasons why a read does not tell whether a signal has arrived.
const (
	reasonNoTime    = "its answer does not tell what time it is there"
	reasonAlike     = "it shows a signal that may be this one, or another one at about the same time"
	reasonVague     = "it shows something that may be this signal, and does not tell since when"
	reasonMore      = "it shows more signals like this one than were sent in that time"
	reasonFewer     = "it does not show all the signals like this one that it has taken"
	reasonTwice     = "it shows that an earlier attempt arrived, which it had not shown in time, or that somebody else sent the same at about that time. So the signal may have been taken twice"
	reasonContested = "it shows a signal that may be this one, or another one that was adopted, or one whose answer was lost, too"
	reasonElsewhere = "it is not known which target the earlier signal went to"
	reasonOpen      = "a signal like this one is being sent, or was taken just now"
)

// judge decides what a read proves about a signal. It assigns the traces that
// may be this signal's to the sends that may have left them. Each accepted send
// has left one trace, and so has one send of each signal that is already
// proved. Any other lost send may have left one. judge gives one trace to each of
// these sends and to each send that has no answer yet. If a trace is left over, it
// proves the signal. Otherwise judge gives traces only to the sends that every read
// must show by now. If none is left over, the signal has not arrived. If one is, the
// read does not tell. The observation is provisional if it depends on a send that has no answer
// yet, or whose trace reads may not show yet.
func (m *TraceMatcher) judge(r *TrackedRequest, since Timestamp, seen Observation) (_ Observation, proof Trace) {
	shown := *seen.Shown
	judged := func(state State, reason string, provisional bool) (Observation, Trace) {
		seen.State, seen.Reason, seen.Provisional = state, reason, provisional
		return seen, proof
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, _, told := shown.Clock.Range(since); !told {
		return judged(Missed, reasonNoTime, false)
	}
	var own []window
	for _, s := range r.self.sends {
		own = append(own, m.window(shown.Clock, s))
	}
	mine, alike, vague := r.candidates(shown, own)
	a := m.assignOthers(r, since, shown, mine, own)
	free, freeTrace := a.all.unassigned(mine)
	possible, _ := a.settled.unassigned(mine)
	switch {
	case len(mine) > 0 && (a.adopted || r.incomplete), free > 0 && a.contested:
		return judged(Missed, reasonContested, false)
	case free > 0 && !a.explain(mine):
		return judged(Missed, reasonMore, false)
	case free > 0:
		a.all.record(shown.Traces)
		proof = shown.Traces[freeTrace]
		r.self.proof, r.self.twice = traceID(proof.ID), !a.explainOnce(mine, len(own))
		if r.self.twice {
			return judged(Reached, reasonTwice, false)
		}
		return judged(Reached, "", false)
	case possible > 0:
		return judged(Missed, reasonOpen, true)
	case a.hidden:
		return judged(Missed, reasonFewer, false)
	case vague:
		return judged(Missed, reasonVague, false)
	}
	unexplained, _ := a.all.unassigned(alike)
	if possible, _ = a.settled.unassigned(alike); possible > 0 {
		return judged(Missed, reasonAlike, unexplained == 0)
	}
	if shown.Gap != "" {
		return judged(Missed, shown.Gap, false)
	}
	return judged(Pending, "", false)
}

// candidates returns the indexes of the traces that may be this signal's. mine
// are the traces with the likeness Ours, and alike those with the likeness
// Alike. vague says that there is a further trace whose time is not known, so
// that it may be the signal's.
func (r *TrackedRequest) candidates(shown Shown, own []window) (mine, alike []int, vague bool) {
	_, now, _ := shown.Clock.Range(Timestamp{At: shown.Clock.answered})
	plausible := window{firstPlausible, now.Add(clockSlack)}
	for i, trace := range shown.Traces {
		likeness := r.self.likeness(trace)
		within := slices.ContainsFunc(own, func(w window) bool { return w.contains(trace.At) })
		switch {
		case likeness == NotOurs:
		case !plausible.contains(trace.At):
			vague = true
		case !within:
		case likeness == Alike:
			alike = append(alike, i)
		default:
			mine = append(mine, i)
		}
	}
	return mine, alike, vague
}

// firstPlausible is a time before the first signal of any service. An earlier
// time in an answer is not a real time.
var firstPlausible = time.Date(2006, time.January, 1, 0, 0, 0, 0, time.UTC)

// assignments says which traces the other signals of a scope have left or may have
// left.
type assignments struct {
	// settled assigns traces to the sends whose traces every read must show by now.
	// all also assigns traces to the sends whose traces reads may not show yet.
	settled, all *matching
	// contested says that a lost send of a different signal may have left one of the
	// signal's traces.
	contested bool
	// adopted says that another signal has adopted one of the signal's traces.
	adopted bool
	// hidden says that the service shows no trace of a twin that it took at about the
	// same time.
	hidden bool
	// by has, for each of the signal's traces, the sends that may have left it,
	// including the signal's own sends. sends counts them. The signal's own are the first.
	by map[int][]int
	// absent says of each of these sends whether a lookup has not shown that it arrived.
	absent []bool
	// explained has the signal's traces that prove another signal, or that a send may
	// have left that began before the read's first trace.
	explained map[int]bool
}

// addSend adds one send that may have left these traces.
func (a *assignments) addSend(fits []int, absent bool) {
	for _, i := range fits {
		if a.isMine(i) {
			a.by[i] = append(a.by[i], len(a.absent))
		}
	}
	a.absent = append(a.absent, absent)
}

// isMine reports whether a trace may be the signal's own.
func (a *assignments) isMine(trace int) bool {
	_, mine := a.by[trace]
	return mine
}

// explain reports whether the known sends can have left all of these traces. If
// not, an unknown sender has left some of them.
func (a *assignments) explain(traces []int) bool {
	assigned := newMatching(len(a.absent))
	return !slices.ContainsFunc(traces, func(i int) bool { return !assigned.assign(a.by[i], nil) })
}

// explainOnce is like explain, but assumes that the signal's own sends left at most one
// trace, and that sends which a lookup has not shown left none. own is the number of own
// sends. Traces that are explained otherwise do not count.
func (a *assignments) explainOnce(traces []int, own int) bool {
	assigned := newMatching(len(a.absent))
	return !slices.ContainsFunc(traces, func(i int) bool {
		var by []int
		for _, send := range a.by[i] {
			switch {
			case a.absent[send]:
			case send < own:
				by = append(by, 0)
			default:
				by = append(by, send)
			}
		}
		return !a.explained[i] && !assigned.assign(by, nil)
	})
}

// assignOthers assigns the traces that other signals have left or may have left.
func (m *TraceMatcher) assignOthers(r *TrackedRequest, since Timestamp, shown Shown, mine []int, own []window) assignments {
	a := assignments{settled: newMatching(len(shown.Traces)), all: newMatching(len(shown.Traces)), by: map[int][]int{}, explained: map[int]bool{}}
	for _, i := range mine {
		a.by[i] = nil
	}
	for n, w := range own {
		a.addSend(slices.DeleteFunc(slices.Clone(mine), func(i int) bool { return !w.contains(shown.Traces[i].At) }), r.self.sends[n].absent)
	}
	for _, other := range m.signals[r.evidence.Scope] {
		if other == r.self {
			continue
		}
		twin, proved, settled := other.request == r.self.request, []int{}, true
		for _, s := range other.sends {
			w := m.window(shown.Clock, s)
			if s.began.lower().Before(since.lower()) {
				for _, i := range mine {
					a.explained[i] = a.explained[i] || w.contains(shown.Traces[i].At) && other.likeness(shown.Traces[i]) != NotOurs
				}
				continue // The read may not list its trace.
			}
			fits := m.fits(other, s, shown)
			a.addSend(fits, s.absent)
			if other.twice && slices.ContainsFunc(fits, a.isMine) {
				a.contested = true
			}
			visible := s.state != inFlight && !shown.Clock.asked.Before(s.ended.At.Add(m.poller.policy.Settle))
			switch {
			case s.state == lost && other.proof != "":
				proved, settled = append(proved, fits...), settled && visible
			case s.state == lost && (twin || !slices.ContainsFunc(fits, a.isMine)):
			case s.state == lost:
				a.contested = true
			default:
				a.all.assign(fits, &s.trace)
				if visible && !a.settled.assign(fits, nil) && twin && slices.ContainsFunc(own, w.overlaps) {
					a.hidden = true
				}
			}
		}
		proof := other.provedBy(shown)
		switch {
		case proof >= 0 && len(other.sends) == 0:
			a.adopted = a.adopted || a.isMine(proof)
		case proof >= 0:
			a.explained[proof] = true
			proved = append(proved, proof)
			a.all.assign(proved, &other.proof)
			if settled {
				a.settled.assign(proved, nil)
			}
		}
	}
	return a
}

// matching assigns traces to sends. It finds an assignment with as many pairs as
// possible: a maximum bipartite matching by augmenting paths. No send gets two
// traces.
type matching struct {
	// fits has the traces that each send may have left. stored has, for each send,
	// where record stores the assigned trace; nil if nowhere.
	fits   [][]int
	stored []*traceID
	// of has the send to which each trace is assigned, -1 for none. tried has the
	// last round in which each trace was visited.
	of, tried []int
	round     int
}

func newMatching(traces int) *matching {
	return &matching{of: slices.Repeat([]int{-1}, traces), tried: make([]int, traces)}
}

// assign adds a send, and reports whether a trace could be assigned to it.
func (m *matching) assign(fits []int, stored *traceID) bool {
	m.fits, m.stored = append(m.fits, fits), append(m.stored, stored)
	m.round++
	return m.place(len(m.fits) - 1)
}

// place assigns a trace to a send. It takes a trace from another send if it can
// assign another trace to that send.
func (m *matching) place(send int) bool {
	for _, trace := range m.fits[send] {
		if m.of[trace] < 0 {
			m.of[trace] = send
			return true
		}
	}
	for _, trace := range m.fits[send] {
		if m.tried[trace] == m.round {
			continue
		}
		m.tried[trace] = m.round
		if m.place(m.of[trace]) {
			m.of[trace] = send
			return true
		}
	}
	return false
}

// unassigned returns how many of the traces can be left over, and one of those.
func (m *matching) unassigned(traces []int) (n, one int) {
	for n < len(traces) && m.assign(traces, nil) {
		n++
		one = slices.Index(m.of, len(m.fits)-1)
	}
	return n, one
}

// record stores the ids of the assigned traces.
func (m *matching) record(traces []Trace) {
	for i, send := range m.of {
		if send >= 0 && m.stored[send] != nil {
			*m.stored[send] = traceID(traces[i].ID)
		}
	}
}
