package delivery

import (
	"context"
	"crypto/rand"
	"slices"
	"sync"
	"time"
)

// Likeness is how a trace compares with what one signal leaves behind.
type Likeness int

const (
	// NotOurs means that another signal left the trace.
	NotOurs Likeness = iota
	// Alike means that the service does not show enough to tell whose trace it is.
	Alike
	// Ours means that the trace is what this signal leaves behind, as far as the
	// service shows it.
	Ours
)

// Trace is one thing by which a service shows that it took a signal, such as an
// event in a history.
type Trace struct {
	// ID tells the trace from all others of its scope, and is the same in every read.
	ID string
	// At is when the service took the signal, by the service's clock; zero where
	// that cannot be told.
	At time.Time
	// Shows is what else the trace shows, for Evidence.Likeness.
	Shows any
}

// Shown is what one read shows of the signals that a service took.
type Shown struct {
	Traces []Trace
	// Clock is what the read's answer told of the service's clock.
	Clock ServerClock
	// Gap says why a signal without a trace may have been taken all the same; empty
	// when every signal that was taken left one.
	Gap string
}

// Evidence is how a service shows the signals that it took. A system lists traces
// and compares each with its signal; what they prove is decided here.
type Evidence struct {
	// Scope names the place where the traces are.
	Scope string
	// Request is the same for those signals of a scope that leave the same behind.
	Request string
	// Probe returns the probe that lists the traces since a time, in Shown of its
	// observations. It may leave out older ones.
	Probe func(since Timestamp) *Probe
	// Likeness compares a trace of the scope with the signal.
	Likeness func(Trace) Likeness
	// Found is told the trace that proves the signal; it may be nil.
	Found func(Trace)
}

// Claims keeps one trace from proving two signals: it knows the sends of all
// signals of a provider process that leave traces.
type Claims struct {
	poller *Poller

	mu sync.Mutex
	// signals are those that leave their traces in the same place, by its name.
	signals map[string][]*claimant
}

// NewClaims returns claims whose reads are made through a poller.
func NewClaims(poller *Poller) *Claims {
	return &Claims{poller: poller, signals: map[string][]*claimant{}}
}

// claimant is a signal that may have left traces. It outlives its delivery.
type claimant struct {
	// id names the signal in what later processes are told.
	id       string
	request  string
	likeness func(Trace) Likeness
	sends    []*send
	// proof is the trace that proves that one of its lost sends has arrived. A signal
	// without sends has been adopted: then it is the trace of whoever sent it.
	proof claim
}

// claim is the id of a trace that nothing else can claim, "" for none yet. What is
// claimed may change hands between those that may have left it.
type claim string

// send is one attempt to send a signal.
type send struct {
	began, ended Timestamp
	state        sendState
	// clock is what the answer told of the service's clock, which may be set later.
	clock ServerClock
	// left is the trace that the send has left, where another signal's proof rests on that.
	left claim
}

type sendState int

const (
	inFlight sendState = iota
	taken
	lost
)

// TrackedTarget is a target whose sends the claims know, so that a lost one can
// be looked for.
type TrackedTarget struct {
	Target
	claims   *Claims
	evidence *Evidence
	limiter  *RateLimiter
	self     *claimant
	// unclear says that others may have left the traces of a previous send.
	unclear bool
}

// Track returns a target as one whose sends the claims know. Its reads share a
// rate limiter.
func (c *Claims) Track(target Target, evidence *Evidence, limiter *RateLimiter) *TrackedTarget {
	return &TrackedTarget{target, c, evidence, limiter, &claimant{id: rand.Text(), request: evidence.Request, likeness: evidence.Likeness}, false}
}

// Follow has the signal go elsewhere from now on, such as to the run that was found.
func (t *TrackedTarget) Follow(target Target, evidence *Evidence) {
	t.claims.mu.Lock()
	defer t.claims.mu.Unlock()
	t.Target, t.evidence = target, evidence
	t.self.request, t.self.likeness = evidence.Request, evidence.Likeness
}

// Previous adds a send of the signal by an earlier process, with an unknown outcome,
// and what that process knew of other signals.
func (t *TrackedTarget) Previous(began, ended Timestamp, rivals Rivals) {
	t.end(t.begin(began), Attempt{Outcome: Unknown}, ended)
	t.claims.mu.Lock()
	defer t.claims.mu.Unlock()
	t.unclear = rivals.Unclear
	scope := t.evidence.Scope
	for _, twin := range rivals.Twins {
		if slices.ContainsFunc(t.claims.signals[scope], func(known *claimant) bool { return known.id == twin.ID }) {
			continue
		}
		known := &claimant{id: twin.ID, request: t.self.request, likeness: t.self.likeness, proof: claim(twin.Proof)}
		if !twin.Began.IsZero() {
			sent := &send{began: Timestamp{twin.Began, began.Tolerance}, ended: Timestamp{twin.Ended, began.Tolerance}, state: taken}
			if twin.Proof != "" {
				sent.state = lost
			}
			known.sends = append(known.sends, sent)
		}
		t.claims.signals[scope] = append(t.claims.signals[scope], known)
	}
}

// Rivals are the other signals of a process that may have left the traces of a lost
// one, as far as a later process that looks for that one has to know of them.
type Rivals struct {
	Twins []Twin `json:"twins,omitempty"`
	// Unclear says that there are others, and that it is open what they have left.
	Unclear bool `json:"unclear,omitempty"`
}

// Twin is a signal that has left what a lost one would.
type Twin struct {
	ID string `json:"id"`
	// Began and Ended are when it was sent; zero when it was adopted.
	Began time.Time `json:"began,omitzero"`
	Ended time.Time `json:"ended,omitzero"`
	// Proof is the id of its trace, where that is known.
	Proof string `json:"proof,omitempty"`
}

// Rivals returns the other signals that may have left the traces of this one.
func (t *TrackedTarget) Rivals() (rivals Rivals) {
	t.claims.mu.Lock()
	defer t.claims.mu.Unlock()
	rivals.Unclear = t.unclear
	if len(t.self.sends) == 0 {
		return rivals
	}
	first := t.self.first().earliest()
	for _, other := range t.claims.signals[t.evidence.Scope] {
		near := slices.DeleteFunc(slices.Clone(other.sends), func(s *send) bool { return s.state != inFlight && t.claims.over(s).Before(first) })
		known := other.request == t.self.request && len(near) == 1 && (near[0].state == taken || near[0].state == lost && other.proof != "")
		switch {
		case other == t.self, len(near) == 0 && (len(other.sends) > 0 || other.proof == ""):
		case len(near) == 0:
			rivals.Twins = append(rivals.Twins, Twin{ID: other.id, Proof: string(other.proof)})
		case known:
			rivals.Twins = append(rivals.Twins, Twin{other.id, near[0].began.At, near[0].ended.At, string(other.proof)})
		default:
			rivals.Unclear = true
		}
	}
	return rivals
}

// over is when a send that has ended leaves no trace any more.
func (c *Claims) over(s *send) time.Time { return s.ended.latest().Add(c.poller.Settle + clockSlack) }

// Adopt makes one of the traces that show such a signal this one's, unless each is
// already one that somebody else has adopted. Two that adopt need two.
func (t *TrackedTarget) Adopt(id string, shown Shown) bool {
	t.claims.mu.Lock()
	defer t.claims.mu.Unlock()
	scope := t.evidence.Scope
	for _, trace := range shown.Traces {
		adopted := func(other *claimant) bool {
			return len(other.sends) == 0 && other.id != id && other.proof == claim(trace.ID)
		}
		if !slices.ContainsFunc(t.claims.signals[scope], adopted) {
			t.claims.signals[scope] = append(t.claims.signals[scope], &claimant{id: id, request: t.self.request, likeness: t.self.likeness, proof: claim(trace.ID)})
			return true
		}
	}
	return len(shown.Traces) == 0
}

// Release gives up what a signal has adopted.
func (c *Claims) Release(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for scope, known := range c.signals {
		c.signals[scope] = slices.DeleteFunc(known, func(other *claimant) bool { return len(other.sends) == 0 && other.id == id })
	}
}

// Send makes one attempt.
func (t *TrackedTarget) Send(ctx context.Context) Attempt {
	sent := t.begin(Timestamp{At: time.Now()})
	attempt := t.Target.Send(ctx)
	t.end(sent, attempt, Timestamp{At: time.Now()})
	return attempt
}

func (t *TrackedTarget) begin(at Timestamp) *send {
	t.claims.mu.Lock()
	defer t.claims.mu.Unlock()
	if known := t.claims.signals[t.evidence.Scope]; !slices.Contains(known, t.self) {
		t.claims.signals[t.evidence.Scope] = append(known, t.self)
	}
	sent := &send{began: at}
	t.self.sends = append(t.self.sends, sent)
	return sent
}

func (t *TrackedTarget) end(sent *send, attempt Attempt, at Timestamp) {
	t.claims.mu.Lock()
	defer t.claims.mu.Unlock()
	sent.ended = at
	switch attempt.Outcome {
	case Accepted:
		sent.state, sent.clock = taken, attempt.Clock
	case Unknown:
		sent.state = lost
	default:
		t.self.sends = slices.DeleteFunc(t.self.sends, func(other *send) bool { return other == sent })
		if len(t.self.sends) == 0 {
			known := t.claims.signals[t.evidence.Scope]
			t.claims.signals[t.evidence.Scope] = slices.DeleteFunc(known, func(other *claimant) bool { return other == t.self })
		}
	}
}

// Lookup finds out whether a lost send of the signal has arrived. The result is
// reached when a trace proves it. It is pending when the signal has left none
// although reads that lag have had their time, and missed when that cannot be
// told, with the reason.
func (t *TrackedTarget) Lookup(ctx context.Context) WaitResult {
	since := t.claims.since(t)
	listed := t.evidence.Probe(since).WithLimiter(t.limiter)
	judged := *listed
	var last judgement
	judged.judge = func(value any) Observation {
		observation := listed.judge(value)
		last = t.claims.judge(t, since, *observation.Shown)
		observation.State, observation.Reason, observation.Provisional = last.state, last.reason, last.provisional
		return observation
	}
	end := t.claims.poller.ReadUntilSettled(ctx, &judged)
	if end.Reached() && t.evidence.Found != nil {
		t.evidence.Found(last.proof)
	}
	return end
}

// clockSlack is by how much two answers may disagree about the service's time of
// one moment: each tells it to the second, and as exactly as it was quick.
const clockSlack = 10 * time.Second

// since is when the signal's first lost send began, or a send that overlaps with
// it, or with that one: what those have left behind has to be told apart.
func (c *Claims) since(t *TrackedTarget) Timestamp {
	c.mu.Lock()
	defer c.mu.Unlock()
	since := t.self.first()
	for grown := true; grown; {
		grown = false
		for _, other := range c.signals[t.evidence.Scope] {
			overlaps := slices.ContainsFunc(other.sends, func(s *send) bool {
				return s.state == inFlight || c.over(s).After(since.earliest())
			})
			if overlaps && other.first().earliest().Before(since.earliest()) {
				since, grown = other.first(), true
			}
		}
	}
	return since
}

// first is when the first of the signal's sends began.
func (c *claimant) first() Timestamp {
	return slices.MinFunc(c.sends, func(a, b *send) int { return a.began.earliest().Compare(b.began.earliest()) }).began
}

// window is the time in which a send leaves its trace, by the service's clock.
type window struct{ from, to time.Time }

func (w window) holds(at time.Time) bool { return !at.Before(w.from) && !at.After(w.to) }

func (w window) overlaps(o window) bool { return !o.from.After(w.to) && !w.from.After(o.to) }

// window of a send goes from its begin to its end and as much longer as reads may
// lag: a request that was cut off may still be on its way.
func (c *Claims) window(clock ServerClock, s *send) (w window) {
	if s.clock != (ServerClock{}) {
		clock = s.clock
	}
	w.from, _, _ = clock.Range(s.began)
	if s.state == inFlight {
		w.to = w.from.AddDate(1, 0, 0)
		return w
	}
	_, w.to, _ = clock.Range(s.ended)
	w.to = w.to.Add(c.poller.Settle)
	return w
}

// Why a read does not tell what became of a signal.
const (
	reasonNoTime    = "its answer does not tell what time it is there"
	reasonAlike     = "it shows a signal that may be this one, or another one at about the same time"
	reasonVague     = "it shows something that may be this signal, and does not tell since when"
	reasonMore      = "it shows more signals like this one than were sent in that time"
	reasonFewer     = "it does not show all the signals like this one that it has taken"
	reasonContested = "it shows a signal that may be this one, or another one that was adopted, or one whose answer was lost, too"
	reasonOpen      = "a signal like this one is being sent, or was taken just now"
)

// judgement is what a read says of a signal.
type judgement struct {
	state  State
	reason string
	// provisional is set while a send that it depends on has no answer yet, or has
	// left a trace that reads may not show yet.
	provisional bool
	// proof is the trace that proves a signal, with the state Reached.
	proof Trace
}

// judge decides what a read proves of a signal. The traces that may be this
// signal's are counted against those that may have left them: a send that was
// accepted has left a trace, and so has one of each signal that is proved; any
// other lost send may have. What is left over proves the signal, even if each send
// without an answer yet has left a trace, too. The signal is absent if nothing is
// left over by those alone whose traces all reads show by now.
func (c *Claims) judge(t *TrackedTarget, since Timestamp, shown Shown) judgement {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, _, told := shown.Clock.Range(since); !told {
		return judgement{state: Missed, reason: reasonNoTime}
	}
	var own []window
	for _, s := range t.self.sends {
		own = append(own, c.window(shown.Clock, s))
	}
	mine, alike, vague := t.candidates(shown, own)
	r := c.rivals(t, since, shown, mine, own)
	free, proof := r.all.left(mine)
	possible, _ := r.settled.left(mine)
	switch {
	case len(mine) > 0 && (r.adopted || t.unclear), free > 0 && r.contested:
		return judgement{state: Missed, reason: reasonContested}
	case free > 0 && !r.explain(mine):
		return judgement{state: Missed, reason: reasonMore}
	case free > 0:
		r.all.claim(shown.Traces)
		t.self.proof = claim(shown.Traces[proof].ID)
		return judgement{state: Reached, proof: shown.Traces[proof]}
	case possible > 0:
		return judgement{state: Missed, reason: reasonOpen, provisional: true}
	case r.hidden:
		return judgement{state: Missed, reason: reasonFewer}
	case vague:
		return judgement{state: Missed, reason: reasonVague}
	}
	unexplained, _ := r.all.left(alike)
	if possible, _ = r.settled.left(alike); possible > 0 {
		return judgement{state: Missed, reason: reasonAlike, provisional: unexplained == 0}
	}
	if shown.Gap != "" {
		return judgement{state: Missed, reason: shown.Gap}
	}
	return judgement{state: Pending}
}

// candidates are the indexes of the traces that may be this signal's: of those that
// are, as far as they show it, and of those that do not show enough. It is vague
// whether there are others when the time of one cannot be told.
func (t *TrackedTarget) candidates(shown Shown, own []window) (mine, alike []int, vague bool) {
	_, now, _ := shown.Clock.Range(Timestamp{At: shown.Clock.answered})
	plausible := window{firstPlausible, now.Add(clockSlack)}
	for i, trace := range shown.Traces {
		likeness := t.self.likeness(trace)
		within := slices.ContainsFunc(own, func(w window) bool { return w.holds(trace.At) })
		switch {
		case likeness == NotOurs:
		case !plausible.holds(trace.At):
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

// firstPlausible is before the first signal of any service: an earlier time is
// none, whatever a service means by it.
var firstPlausible = time.Date(2006, time.January, 1, 0, 0, 0, 0, time.UTC)

// rivals are what the other signals of a scope mean to a signal.
type rivals struct {
	// settled has the traces of the sends that have left one which all reads show by
	// now, and all those of the ones that may not be shown yet, too.
	settled, all *owners
	// contested says that a lost send of a different signal may have left one.
	contested bool
	// adopted says that another signal has adopted one.
	adopted bool
	// hidden says that a twin that was taken at about the same time shows no trace.
	hidden bool
	// by are the sends, the signal's own included, that may have left each of the
	// signal's traces, of as many as there are.
	by    map[int][]int
	sends int
}

// may notes that one more send may have left some traces.
func (r *rivals) may(fits []int) {
	for _, i := range fits {
		if r.isMine(i) {
			r.by[i] = append(r.by[i], r.sends)
		}
	}
	r.sends++
}

// isMine reports whether a trace may be the signal's own.
func (r *rivals) isMine(trace int) bool {
	_, mine := r.by[trace]
	return mine
}

// explain reports whether the sends can have left all of these traces. If not, some
// are from somewhere else.
func (r *rivals) explain(traces []int) bool {
	left := newOwners(r.sends)
	return !slices.ContainsFunc(traces, func(i int) bool { return !left.give(r.by[i], nil) })
}

func (c *Claims) rivals(t *TrackedTarget, since Timestamp, shown Shown, mine []int, own []window) rivals {
	r := rivals{settled: newOwners(len(shown.Traces)), all: newOwners(len(shown.Traces)), by: map[int][]int{}}
	for _, i := range mine {
		r.by[i] = nil
	}
	for _, w := range own {
		r.may(slices.DeleteFunc(slices.Clone(mine), func(i int) bool { return !w.holds(shown.Traces[i].At) }))
	}
	for _, other := range c.signals[t.evidence.Scope] {
		if other == t.self {
			continue
		}
		twin, proved, settled := other.request == t.self.request, []int{}, true
		for _, s := range other.sends {
			if s.began.earliest().Before(since.earliest()) {
				continue // What it left may not be listed.
			}
			var fits []int
			w := c.window(shown.Clock, s)
			for i, trace := range shown.Traces {
				if w.holds(trace.At) && other.likeness(trace) != NotOurs || claim(trace.ID) == s.left {
					fits = append(fits, i)
				}
			}
			r.may(fits)
			visible := s.state != inFlight && !shown.Clock.asked.Before(s.ended.At.Add(c.poller.Settle))
			switch {
			case s.state == lost && other.proof != "":
				proved, settled = append(proved, fits...), settled && visible
			case s.state == lost && (twin || !slices.ContainsFunc(fits, r.isMine)):
			case s.state == lost:
				r.contested = true
			default:
				r.all.give(fits, &s.left)
				if visible && !r.settled.give(fits, nil) && twin && slices.ContainsFunc(own, w.overlaps) {
					r.hidden = true
				}
			}
		}
		proof := slices.IndexFunc(shown.Traces, func(trace Trace) bool { return claim(trace.ID) == other.proof })
		switch {
		case proof >= 0 && len(other.sends) == 0:
			r.adopted = r.adopted || r.isMine(proof)
		case proof >= 0:
			proved = append(proved, proof)
			r.all.give(proved, &other.proof)
			if settled {
				r.settled.give(proved, nil)
			}
		}
	}
	return r
}

// owners assigns traces to sends, as many as possible: no send gets two.
type owners struct {
	// fits are the traces that each send may have left, and claims where it is to be
	// noted which one it has, nil for nowhere.
	fits   [][]int
	claims []*claim
	// of is the send that has each trace, -1 for none, and tried the last round in
	// which a trace was looked at.
	of, tried []int
	round     int
}

func newOwners(traces int) *owners {
	return &owners{of: slices.Repeat([]int{-1}, traces), tried: make([]int, traces)}
}

// give gives one more send a trace, and reports whether there is one for it.
func (o *owners) give(fits []int, claims *claim) bool {
	o.fits, o.claims = append(o.fits, fits), append(o.claims, claims)
	o.round++
	return o.place(len(o.fits) - 1)
}

// place finds a trace for a send. One that another send has is taken over when
// that one can have another.
func (o *owners) place(send int) bool {
	for _, trace := range o.fits[send] {
		if o.of[trace] < 0 {
			o.of[trace] = send
			return true
		}
	}
	for _, trace := range o.fits[send] {
		if o.tried[trace] == o.round {
			continue
		}
		o.tried[trace] = o.round
		if o.place(o.of[trace]) {
			o.of[trace] = send
			return true
		}
	}
	return false
}

// left is how many of the traces can be left over, and one that is then.
func (o *owners) left(traces []int) (n, one int) {
	for n < len(traces) && o.give(traces, nil) {
		n++
		one = slices.Index(o.of, len(o.fits)-1)
	}
	return n, one
}

// claim notes which trace each send has.
func (o *owners) claim(traces []Trace) {
	for i, send := range o.of {
		if send >= 0 && o.claims[send] != nil {
			*o.claims[send] = claim(traces[i].ID)
		}
	}
}
