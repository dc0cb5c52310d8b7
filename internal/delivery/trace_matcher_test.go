package delivery_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// service is a service with a history of the signals that it took.
type service struct {
	mu      sync.Mutex
	history []event
	// lag is how far reads lag behind, and ahead is how far its clock is ahead.
	lag, ahead time.Duration
	// noDate makes its answers contain no time.
	noDate bool
	// whole makes it show the times of signals in whole seconds.
	whole bool
	// gap is the reason why a signal without an event may have been taken.
	gap   string
	reads int
}

// event is a signal that was taken. content distinguishes signals; "" is not shown.
type event struct {
	at      time.Time
	content string
	foreign bool
	// timeless events do not show when they happened.
	timeless bool
}

func newService() *service { return &service{ahead: 20 * 365 * 24 * time.Hour} }

func (s *service) now() time.Time { return time.Now().Add(s.ahead) }

func (s *service) take(e event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e.at = s.now()
	s.history = append(s.history, e)
}

// taken returns the number of events of this provider.
func (s *service) taken() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.history {
		if !e.foreign {
			n++
		}
	}
	return n
}

// shown returns what one read without lag shows.
func (s *service) shown() delivery.Shown {
	s.mu.Lock()
	defer s.mu.Unlock()
	shown := delivery.Shown{Clock: s.clock()}
	for i, e := range s.history {
		shown.Traces = append(shown.Traces, delivery.Trace{ID: fmt.Sprint(i), At: e.at, Shows: e.content})
	}
	return shown
}

// clock returns the service's clock from the time of an answer.
func (s *service) clock() delivery.ServerClock {
	ctx, trace := delivery.WithRequestTrace(context.Background())
	req := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1", nil)
	resp, err := (delivery.Client{Doer: doer(func(*http.Request) (*http.Response, error) {
		recorder := httptest.NewRecorder()
		if !s.noDate {
			recorder.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
		}
		return recorder.Result(), nil
	})}).Do(req)
	if err != nil {
		panic(err)
	}
	_ = resp.Body.Close()
	return trace.Attempt(nil).Clock
}

// evidence returns how the service shows a signal with this content.
func (s *service) evidence(content string) *delivery.Evidence {
	return &delivery.Evidence{
		Scope:   "history",
		Request: content,
		Probe: func(since delivery.Timestamp) *delivery.Probe {
			return delivery.NewProbe(fmt.Sprint("history since ", since), func(context.Context) (delivery.Shown, delivery.Attempt) {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.reads++
				shown := delivery.Shown{Clock: s.clock(), Gap: s.gap}
				earliest, _, _ := shown.Clock.Range(since)
				for i, e := range s.history {
					if e.at.After(s.now().Add(-s.lag)) || e.at.Before(earliest) && !e.timeless {
						continue
					}
					trace := delivery.Trace{ID: fmt.Sprint(i), At: e.at, Shows: e.content}
					if s.whole {
						trace.At = e.at.Truncate(time.Second)
					}
					if e.timeless {
						trace.At = time.Time{}
					}
					shown.Traces = append(shown.Traces, trace)
				}
				return shown, delivery.Attempt{Outcome: delivery.Accepted}
			}, func(shown delivery.Shown) delivery.Observation { return delivery.Observation{Shown: &shown} })
		},
		Likeness: func(trace delivery.Trace) delivery.Likeness {
			switch trace.Shows {
			case content:
				return delivery.Ours
			case "":
				return delivery.Alike
			default:
				return delivery.NotOurs
			}
		},
	}
}

// fault is the result of one request after some time. A request that was not sent provably
// has no effect.
type fault struct {
	arrives, answered, turnedAway bool
	takes                         time.Duration
}

var (
	answered      = fault{arrives: true, answered: true}
	droppedBefore = fault{}
	droppedAfter  = fault{arrives: true}
)

// signal is a target whose requests meet faults, one after the other. The last fault
// repeats.
func (s *service) signal(content string, faults ...fault) delivery.Request {
	n := 0
	return target(func(ctx context.Context) delivery.Attempt {
		f := faults[min(n, len(faults)-1)]
		n++
		_ = delivery.Sleep(ctx, f.takes/2)
		if f.arrives {
			s.take(event{content: content})
		}
		_ = delivery.Sleep(ctx, f.takes/2)
		if f.turnedAway {
			return unsent(delivery.Busy)
		}
		if !f.answered {
			return delivery.Attempt{Err: errors.New("lost")}
		}
		return delivery.Attempt{Outcome: delivery.Accepted, Clock: s.clock()}
	})
}

// deliver delivers a signal with this content, whose requests meet these faults.
func (s *service) deliver(t *testing.T, matcher *delivery.TraceMatcher, content string, faults ...fault) delivery.Result {
	t.Helper()
	policy := delivery.DefaultRetryPolicy
	tracked := matcher.Track("", s.signal(content, faults...), s.evidence(content), delivery.NewRateLimiters(policy).For("reads"))
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	return policy.Deliver(ctx, newLimiter(), tracked, delivery.UnknownOutcomePolicy{Lookup: tracked.Lookup}, func(delivery.Attempt, time.Duration) {})
}

func newTraceMatcher() *delivery.TraceMatcher {
	return delivery.NewTraceMatcher(delivery.NewPoller(delivery.DefaultRetryPolicy))
}

// The result of a lost answer depends on what the service shows.
func TestEvidenceOfOneSignal(t *testing.T) {
	const unknown, confirmed, accepted = delivery.Unknown, delivery.Confirmed, delivery.Accepted
	elsewhere := func(content string) event { return event{content: content, foreign: true} }
	for name, test := range map[string]struct {
		// before is how long before the send, and later how long after its loss, another
		// signal was taken.
		before, later map[time.Duration]event
		fault         fault
		change        func(*service)
		want          delivery.Outcome
		says          string
	}{
		"it arrived":                       {fault: droppedAfter, want: confirmed},
		"it did not":                       {fault: droppedBefore, want: accepted},
		"it arrived, reads lag":            {fault: droppedAfter, change: func(s *service) { s.lag = 10 * time.Second }, want: confirmed},
		"one like it a minute before":      {before: map[time.Duration]event{time.Minute: elsewhere("ours")}, fault: droppedBefore, want: accepted},
		"and it arrived":                   {before: map[time.Duration]event{time.Minute: elsewhere("ours")}, fault: droppedAfter, want: confirmed},
		"another one beside it":            {later: map[time.Duration]event{0: elsewhere("theirs")}, fault: droppedAfter, want: confirmed},
		"another one instead of it":        {later: map[time.Duration]event{time.Second: elsewhere("theirs")}, fault: droppedBefore, want: accepted},
		"two like it for one signal":       {before: map[time.Duration]event{0: elsewhere("ours")}, fault: droppedAfter, want: unknown, says: "more signals like this one"},
		"one that may be it":               {later: map[time.Duration]event{time.Second: elsewhere("")}, fault: droppedBefore, want: unknown, says: "or another one at about the same time"},
		"one that may be it, long before":  {before: map[time.Duration]event{time.Minute: elsewhere("")}, fault: droppedBefore, want: accepted},
		"one that may be it, and itself":   {later: map[time.Duration]event{0: elsewhere("")}, fault: droppedAfter, want: confirmed},
		"one like it at no time":           {before: map[time.Duration]event{time.Hour: {content: "ours", foreign: true, timeless: true}}, fault: droppedBefore, want: unknown, says: "does not tell since when"},
		"another one at no time":           {before: map[time.Duration]event{time.Hour: {content: "theirs", foreign: true, timeless: true}}, fault: droppedBefore, want: accepted},
		"the service does not tell all":    {fault: droppedBefore, change: func(s *service) { s.gap = "it forgets" }, want: unknown, says: "it forgets"},
		"it arrived all the same":          {fault: droppedAfter, change: func(s *service) { s.gap = "it forgets" }, want: confirmed},
		"the service does not tell a time": {fault: droppedAfter, change: func(s *service) { s.noDate = true }, want: unknown, says: "what time it is"},
		"its clock began in 1980":          {fault: droppedAfter, change: func(s *service) { s.ahead = -20 * 365 * 24 * time.Hour }, want: unknown, says: "does not tell since when"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService()
				if test.change != nil {
					test.change(s)
				}
				for ago, e := range test.before {
					s.take(e)
					_ = delivery.Sleep(t.Context(), ago)
				}
				for after, e := range test.later {
					time.AfterFunc(after, func() { s.take(e) })
				}
				result := s.deliver(t, newTraceMatcher(), "ours", test.fault, answered)
				if result.Outcome != test.want {
					t.Errorf("the outcome is %s, want %s", result.Outcome, test.want)
				}
				if test.want == unknown && (result.LookupResult == nil || !strings.Contains(result.LookupResult.Observation.Reason, test.says)) {
					t.Errorf("the reason is %+v, want %q", result.LookupResult, test.says)
				}
				if n := s.taken(); n > 1 || n == 0 && test.want != unknown {
					t.Errorf("the service took it %d times", n)
				}
			})
		})
	}
}

// A signal of the same kind long after a send does not prove it. The time window is the
// same for a send of this process and for one of an earlier process.
func TestEvidenceOfAPreviousSend(t *testing.T) {
	for name, test := range map[string]struct {
		arrived bool
		later   time.Duration
		want    delivery.State
	}{
		"it arrived":                      {arrived: true, want: delivery.Reached},
		"it arrived, and one came later":  {arrived: true, later: time.Hour, want: delivery.Reached},
		"it did not":                      {want: delivery.Pending},
		"it did not, and one came later":  {later: time.Hour, want: delivery.Pending},
		"it did not, and one came soon":   {later: 10 * time.Second, want: delivery.Reached}, // These cannot be distinguished, as the documentation says.
		"it arrived, and one came so too": {arrived: true, later: 10 * time.Second, want: delivery.Missed},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService()
				began := delivery.Timestamp{At: time.Now(), Tolerance: time.Second}
				if test.arrived {
					s.take(event{content: "ours"})
				}
				ended := delivery.Timestamp{At: time.Now(), Tolerance: time.Second}
				_ = delivery.Sleep(t.Context(), test.later)
				if test.later > 0 {
					s.take(event{content: "ours", foreign: true})
				}
				_ = delivery.Sleep(t.Context(), time.Hour)
				tracked := newTraceMatcher().Track("", s.signal("ours", answered), s.evidence("ours"), delivery.NewRateLimiters(delivery.DefaultRetryPolicy).For("reads"))
				tracked.Previous(began, ended, delivery.CompetingSignals{})
				if end := tracked.Lookup(t.Context()); end.Observation.State != test.want || end.Stopped != nil {
					t.Errorf("the lookup ended with %+v, want the state %d", end, test.want)
				}
			})
		})
	}
}

// One event proves one signal, whatever happens to its twin at the same time.
func TestTwins(t *testing.T) {
	late := func(f fault) fault { f.takes = 8 * time.Second; return f }
	for name, test := range map[string]struct{ first, second fault }{
		"one dropped before, one accepted":       {droppedBefore, answered},
		"one dropped before, one slow":           {droppedBefore, late(answered)},
		"one dropped before, one dropped after":  {droppedBefore, droppedAfter},
		"one dropped before, one dropped later":  {droppedBefore, late(droppedAfter)},
		"one dropped after, one accepted":        {droppedAfter, answered},
		"one dropped after, one slow":            {droppedAfter, late(answered)},
		"one slow and dropped, the other before": {late(droppedAfter), droppedBefore},
		"both dropped before":                    {droppedBefore, droppedBefore},
		"both dropped after":                     {droppedAfter, droppedAfter},
		"both accepted":                          {answered, answered},
	} {
		for _, lag := range []time.Duration{0, 5 * time.Second} {
			for _, apart := range []time.Duration{0, 100 * time.Millisecond, 3 * time.Second} {
				t.Run(fmt.Sprintf("%s, reads lag %s, %s apart", name, lag, apart), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						s, matcher, results := newService(), newTraceMatcher(), make([]delivery.Result, 2)
						s.lag = lag
						var both sync.WaitGroup
						for i, f := range []fault{test.first, test.second} {
							both.Go(func() {
								_ = delivery.Sleep(t.Context(), time.Duration(i)*apart)
								results[i] = s.deliver(t, matcher, "ours", f, answered)
							})
						}
						both.Wait()
						for i, result := range results {
							if result.Outcome != delivery.Accepted && result.Outcome != delivery.Confirmed {
								t.Errorf("signal %d ended %s: %+v", i, result.Outcome, result.LookupResult)
							}
						}
						if s.taken() != 2 {
							t.Errorf("the service took %d signals, want 2: %v", s.taken(), s.history)
						}
					})
				})
			}
		}
	}
}

// Signals that differ only in what the service does not show cannot prove each other.
func TestSignalsThatTheServiceDoesNotTellApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, matcher, results := newService(), newTraceMatcher(), make([]delivery.Result, 2)
		hidden := func(content string, f fault) delivery.Result {
			policy := delivery.DefaultRetryPolicy
			evidence := s.evidence("")
			evidence.Request = content
			evidence.Likeness = func(delivery.Trace) delivery.Likeness { return delivery.Ours }
			tracked := matcher.Track("", s.signal("", f, answered), evidence, delivery.NewRateLimiters(policy).For("reads"))
			return policy.Deliver(t.Context(), newLimiter(), tracked, delivery.UnknownOutcomePolicy{Lookup: tracked.Lookup}, func(delivery.Attempt, time.Duration) {})
		}
		var both sync.WaitGroup
		both.Go(func() { results[0] = hidden("one", fault{takes: time.Second}) })
		both.Go(func() { results[1] = hidden("other", fault{arrives: true, takes: time.Second}) })
		both.Wait()
		for i, result := range results {
			if result.Outcome != delivery.Unknown || !strings.Contains(result.LookupResult.Observation.Reason, "whose answer was lost, too") {
				t.Errorf("signal %d ended %s: %+v", i, result.Outcome, result.LookupResult)
			}
		}
		if s.taken() != 1 {
			t.Errorf("the service took %d signals", s.taken())
		}
	})
}

// If reads lag behind further than expected, a signal that had arrived is sent again. What
// reads show then still counts: the signal has arrived, maybe twice. The second trace
// proves no other signal.
func TestReadsThatLagTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, matcher := newService(), newTraceMatcher()
		s.lag = delivery.DefaultRetryPolicy.Settle + 5*time.Second
		result := s.deliver(t, matcher, "ours", droppedAfter, droppedAfter, droppedBefore)
		if result.Outcome != delivery.Confirmed || s.taken() != 2 || !strings.Contains(result.LookupResult.Observation.Reason, "may have been taken twice") {
			t.Errorf("ended %s with %d taken: %+v", result.Outcome, s.taken(), result.LookupResult)
		}
	})
	// The trace of one signal does not prove its twin, which did not arrive.
	synctest.Test(t, func(t *testing.T) {
		s, matcher, results := newService(), newTraceMatcher(), make([]delivery.Result, 2)
		s.lag = delivery.DefaultRetryPolicy.Settle + 5*time.Second
		var both sync.WaitGroup
		both.Go(func() { results[0] = s.deliver(t, matcher, "ours", droppedAfter, droppedAfter, droppedBefore) })
		both.Go(func() {
			_ = delivery.Sleep(t.Context(), 100*time.Millisecond)
			results[1] = s.deliver(t, matcher, "ours", droppedBefore)
		})
		both.Wait()
		told := 0
		for _, result := range results {
			if result.Outcome == delivery.Confirmed && (result.LookupResult == nil || result.LookupResult.Observation.Reason == "") {
				told++
			}
		}
		if told > 1 || results[1].Outcome == delivery.Confirmed && told > 0 {
			t.Errorf("of two signals, of which one arrived (%d times), %d are reported as certainly arrived: %+v", s.taken(), told, results)
		}
	})
}

// An accepted signal of a minute ago causes no doubt, and its event is not read.
func TestEarlierTwinIsNoRival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, matcher := newService(), newTraceMatcher()
		for range 3 {
			if result := s.deliver(t, matcher, "ours", answered); result.Outcome != delivery.Accepted {
				t.Errorf("ended %s", result.Outcome)
			}
			_ = delivery.Sleep(t.Context(), time.Minute)
		}
		if result := s.deliver(t, matcher, "ours", droppedAfter); result.Outcome != delivery.Confirmed || s.taken() != 4 {
			t.Errorf("ended %s with %d taken", result.Outcome, s.taken())
		}
	})
}

// After any history of twins, their faults and strangers, the service has at most as many
// signals of this provider as there are resources. If no stranger sends such a signal at
// the same time, it has one for each signal that is reported as arrived.
func TestAnyHistory(t *testing.T) {
	for seed := range uint64(1000) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				random := rand.New(rand.NewPCG(seed, 15))
				s, matcher := newService(), newTraceMatcher()
				s.lag = time.Duration(random.IntN(12)) * time.Second
				s.ahead += time.Duration(random.IntN(3000)) * time.Millisecond
				strangers := seed%4 == 3
				contents := []string{"a", "b"}[:1+random.IntN(2)]
				results := make([]delivery.Result, 2+random.IntN(6))
				var all sync.WaitGroup
				for i := range results {
					faults := make([]fault, 1+random.IntN(4))
					for j := range faults {
						faults[j] = fault{arrives: random.IntN(2) == 0, takes: time.Duration(random.IntN(4)) * time.Duration(random.IntN(9000)) * time.Millisecond}
						if faults[j].arrives {
							faults[j].answered = random.IntN(2) == 0
						} else {
							faults[j].turnedAway = random.IntN(3) == 0
						}
					}
					starts, content := time.Duration(random.IntN(3)*random.IntN(8000))*time.Millisecond, contents[random.IntN(len(contents))]
					all.Go(func() {
						_ = delivery.Sleep(t.Context(), starts)
						results[i] = s.deliver(t, matcher, content, append(faults, answered)...)
					})
				}
				for range 3 {
					at, content := time.Duration(random.IntN(20000))*time.Millisecond, slices.Concat(contents, []string{""})[random.IntN(len(contents)+1)]
					if strangers {
						time.AfterFunc(at, func() { s.take(event{content: content, foreign: true}) })
					}
				}
				all.Wait()
				arrived, open := 0, 0
				for _, result := range results {
					switch result.Outcome {
					case delivery.Accepted, delivery.Confirmed:
						arrived++
					case delivery.Unknown:
						open++
					default:
						t.Errorf("a signal ended %s", result.Outcome)
					}
				}
				if taken := s.taken(); taken > len(results) || !strangers && taken < arrived {
					for _, e := range s.history {
						t.Log(e.at.Add(-s.ahead).Format("05.000"), e.content, e.foreign)
					}
					for _, result := range results {
						t.Log(result.Outcome, result.Attempts, result.FirstUnknown.At.Format("05.000"), result.SentAt.Format("05.000"))
					}
					t.Errorf("of %d signals, %d are reported as arrived, %d are unknown, and the service took %d", len(results), arrived, open, taken)
				}
				if !strangers && open > 0 {
					t.Errorf("%d signals ended as unknown although nobody else sent any", open)
				}
			})
		})
	}
}

// A lost signal among many identical ones is found quickly.
func TestManyTwins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, matcher := newService(), newTraceMatcher()
		results := make([]delivery.Result, 500)
		var all sync.WaitGroup
		for i := range results {
			f := answered
			if i%100 == 50 {
				f = map[bool]fault{true: droppedBefore, false: droppedAfter}[i%200 == 50]
			}
			all.Go(func() {
				_ = delivery.Sleep(t.Context(), time.Duration(i)*20*time.Millisecond)
				f.takes = 50 * time.Millisecond
				results[i] = s.deliver(t, matcher, "ours", f, answered)
			})
		}
		all.Wait()
		for i, result := range results {
			if result.Outcome != delivery.Accepted && result.Outcome != delivery.Confirmed {
				t.Errorf("signal %d ended %s: %+v", i, result.Outcome, result.LookupResult)
			}
		}
		if s.taken() != len(results) {
			t.Errorf("the service took %d of %d", s.taken(), len(results))
		}
	})
}

// A later process that looks for a lost signal knows the signals that may have left its
// traces in the earlier process.
func TestTwinsOfAnEarlierProcess(t *testing.T) {
	forever := fault{takes: 100 * time.Hour}
	for name, test := range map[string]struct {
		// arrived says whether the lost signal arrived. beside is what others did at the same
		// time.
		arrived bool
		beside  func(t *testing.T, s *service, matcher *delivery.TraceMatcher, lost *delivery.TrackedRequest)
		want    delivery.State
	}{
		"alone, and it arrived":     {arrived: true, want: delivery.Reached},
		"alone, and it did not":     {want: delivery.Pending},
		"a twin was taken":          {beside: delivers("ours", answered), want: delivery.Pending},
		"both were taken":           {arrived: true, beside: delivers("ours", answered), want: delivery.Reached},
		"a twin was confirmed":      {beside: delivers("ours", droppedAfter), want: delivery.Pending},
		"another signal was taken":  {arrived: true, beside: delivers("theirs", answered), want: delivery.Missed},
		"a twin has no answer yet":  {arrived: true, beside: begins("ours", forever), want: delivery.Missed},
		"a twin of long ago":        {arrived: true, beside: func(*testing.T, *service, *delivery.TraceMatcher, *delivery.TrackedRequest) {}, want: delivery.Reached},
		"somebody has adopted it":   {arrived: true, beside: adopts, want: delivery.Missed},
		"somebody has adopted none": {beside: adopts, want: delivery.Pending},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, limiter := newService(), delivery.NewRateLimiters(delivery.DefaultRetryPolicy).For("reads")
				first := newTraceMatcher()
				if name == "a twin of long ago" {
					s.deliver(t, first, "ours", answered)
					_ = delivery.Sleep(t.Context(), time.Hour)
				}
				began := delivery.Timestamp{At: time.Now(), Tolerance: 10 * time.Second}
				lost := first.Track("", s.signal("ours", fault{arrives: test.arrived, takes: 2 * time.Second}), s.evidence("ours"), limiter)
				var both sync.WaitGroup
				if test.beside != nil {
					both.Go(func() {
						_ = delivery.Sleep(t.Context(), 1500*time.Millisecond)
						test.beside(t, s, first, lost)
					})
				}
				lost.Send(t.Context())
				ended := delivery.Timestamp{At: time.Now(), Tolerance: 10 * time.Second}
				both.Wait()
				kept, err := json.Marshal(lost.Competing())
				if err != nil {
					t.Fatal(err)
				}
				_ = delivery.Sleep(t.Context(), time.Hour)

				var others delivery.CompetingSignals
				if err := json.Unmarshal(kept, &others); err != nil {
					t.Fatal(err)
				}
				second := newTraceMatcher()
				for range 2 { // A twin that is reported twice is one twin.
					again := second.Track("", s.signal("ours", answered), s.evidence("ours"), limiter)
					again.Previous(began, ended, others)
					if end := again.Lookup(t.Context()); end.Observation.State != test.want || end.Stopped != nil {
						t.Errorf("with %s the lookup ended with %+v, want the state %d", kept, end, test.want)
					}
					if test.want == delivery.Reached {
						break // Another signal owns the trace.
					}
				}
			})
		})
	}
}

// delivers delivers one more signal.
func delivers(content string, f fault) func(*testing.T, *service, *delivery.TraceMatcher, *delivery.TrackedRequest) {
	return func(t *testing.T, s *service, matcher *delivery.TraceMatcher, _ *delivery.TrackedRequest) {
		s.deliver(t, matcher, content, f, answered)
	}
}

// begins sends one more signal and does not wait for an answer.
func begins(content string, f fault) func(*testing.T, *service, *delivery.TraceMatcher, *delivery.TrackedRequest) {
	return func(t *testing.T, s *service, matcher *delivery.TraceMatcher, _ *delivery.TrackedRequest) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		sent := matcher.Track("", s.signal(content, f), s.evidence(content), delivery.NewRateLimiters(delivery.DefaultRetryPolicy).For("reads"))
		go func() {
			defer cancel()
			sent.Send(ctx)
		}()
		synctest.Wait()
	}
}

// adopts adopts what the service shows.
func adopts(t *testing.T, s *service, matcher *delivery.TraceMatcher, _ *delivery.TrackedRequest) {
	adopting := matcher.Track("adopter", s.signal("ours", answered), s.evidence("ours"), delivery.NewRateLimiters(delivery.DefaultRetryPolicy).For("reads"))
	if !adopting.Adopt(s.shown()) {
		t.Error("the existing signal was not adopted")
	}
}

// A trace is adopted once, until the resource that has adopted it is removed.
func TestAdoptedOnce(t *testing.T) {
	s, matcher := newService(), newTraceMatcher()
	one := delivery.Shown{Traces: []delivery.Trace{{ID: "1"}}}
	adopts := func(id string, shown delivery.Shown) bool {
		return matcher.Track(id, s.signal("ours", answered), s.evidence("ours"), nil).Adopt(shown)
	}
	for i, step := range []struct {
		id    string
		shown delivery.Shown
		want  bool
	}{
		{"a", one, true},
		{"a", one, true}, // The same signal adopts it again.
		{"b", one, false},
		{"b", delivery.Shown{Traces: append(one.Traces, delivery.Trace{ID: "2"})}, true},
		{"c", delivery.Shown{}, true}, // Without ids, traces are not distinguished.
	} {
		if got := adopts(step.id, step.shown); got != step.want {
			t.Errorf("step %d: adopted %t, want %t", i, got, step.want)
		}
	}
	matcher.Release("a")
	if !adopts("d", one) {
		t.Error("a released trace cannot be adopted")
	}
}

// A resource does not adopt the trace that the signal of another one has left, or may have
// left. It adopts any further one.
func TestAdoptionLeavesTheTracesOfOthers(t *testing.T) {
	for name, test := range map[string]struct {
		faults []fault
		// blind says that nobody looks for a lost signal.
		blind bool
		// before and later are how long before and after the first signal somebody else sends
		// one, 0 for never.
		before, later time.Duration
		// holder is the first resource.
		holder string
		want   bool
	}{
		"accepted":                           {faults: []fault{answered}, holder: "first"},
		"confirmed":                          {faults: []fault{droppedAfter}, holder: "first"},
		"sent again":                         {faults: []fault{droppedBefore, answered}, holder: "first"},
		"no answer yet":                      {faults: []fault{{arrives: true, takes: 50 * time.Second}}, holder: "first"},
		"lost":                               {faults: []fault{droppedAfter}, blind: true, holder: "first"},
		"lost, and one before":               {faults: []fault{droppedBefore}, blind: true, before: time.Hour, holder: "first", want: true},
		"accepted, and one before":           {faults: []fault{answered}, before: time.Hour, holder: "first", want: true},
		"accepted, and one at the same time": {faults: []fault{answered}, before: 100 * time.Millisecond, holder: "first", want: true},
		"accepted, and one later":            {faults: []fault{answered}, later: time.Hour, holder: "first", want: true},
		"confirmed, and one later":           {faults: []fault{droppedAfter}, later: time.Hour, holder: "first", want: true},
		"its own":                            {faults: []fault{answered}, holder: "second", want: true},
		"of an action":                       {faults: []fault{answered}, want: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, matcher, limiter := newService(), newTraceMatcher(), delivery.NewRateLimiters(delivery.DefaultRetryPolicy).For("reads")
				others := func(wait time.Duration) {
					if wait > 0 {
						s.take(event{content: "ours", foreign: true})
						_ = delivery.Sleep(t.Context(), wait)
					}
				}
				others(test.before)
				first := matcher.Track(test.holder, s.signal("ours", test.faults...), s.evidence("ours"), limiter)
				lookup := first.Lookup
				if test.blind {
					lookup = nil
				}
				var delivered sync.WaitGroup
				defer delivered.Wait()
				delivered.Go(func() {
					delivery.DefaultRetryPolicy.Deliver(t.Context(), newLimiter(), first, delivery.UnknownOutcomePolicy{Lookup: lookup}, func(delivery.Attempt, time.Duration) {})
				})
				_ = delivery.Sleep(t.Context(), 40*time.Second)
				others(test.later)
				second := matcher.Track("second", s.signal("ours", answered), s.evidence("ours"), limiter)
				if got := second.Adopt(s.shown()); got != test.want {
					t.Errorf("adopted is %t: %v", got, s.history)
				}
				if !test.want {
					matcher.Release("first")
					if !second.Adopt(s.shown()) {
						t.Error("the trace of a removed resource was not adopted")
					}
				}
			})
		})
	}
}

// A trace whose time has a fraction counts from a second before the send. A time without a
// fraction may have been rounded down.
func TestTraceBeforeTheSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.ahead += 300 * time.Millisecond
		s.take(event{content: "ours", foreign: true})
		_ = delivery.Sleep(t.Context(), 1200*time.Millisecond)
		if result := s.deliver(t, newTraceMatcher(), "ours", droppedBefore, answered); result.Outcome != delivery.Accepted || s.taken() != 1 {
			t.Errorf("another signal proved it: ended %s with %d taken: %+v", result.Outcome, s.taken(), result.LookupResult)
		}
	})
	for _, whole := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newService()
			s.ahead += 900 * time.Millisecond
			s.whole, s.lag = whole, 300*time.Millisecond
			if result := s.deliver(t, newTraceMatcher(), "ours", droppedAfter, answered); result.Outcome != delivery.Confirmed || s.taken() != 1 {
				t.Errorf("in whole seconds: %t: ended %s with %d taken: %+v", whole, result.Outcome, s.taken(), result.LookupResult)
			}
		})
	}
}
