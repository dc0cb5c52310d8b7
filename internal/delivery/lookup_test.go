package delivery_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// looks are lookups of a lost signal with these results. The last one repeats.
type looks struct {
	ends []delivery.WaitResult
	made int
}

func (l *looks) look(context.Context) delivery.WaitResult {
	end := l.ends[min(l.made, len(l.ends)-1)]
	l.made++
	return end
}

var (
	found      = delivery.WaitResult{Observation: delivery.Observation{State: delivery.Reached}}
	absent     = delivery.WaitResult{Observation: delivery.Observation{State: delivery.Pending}}
	untold     = delivery.WaitResult{Observation: delivery.Observation{State: delivery.Missed, Reason: "it has ended"}}
	unreadable = delivery.WaitResult{Unreadable: &delivery.Attempt{Outcome: delivery.Rejected, Err: errors.New("denied")}}
	cutShort   = delivery.WaitResult{Stopped: context.Canceled}
)

func TestUnknownOutcomesAreReadBack(t *testing.T) {
	var (
		accepted = delivery.Attempt{Outcome: delivery.Accepted}
		rejected = delivery.Attempt{Outcome: delivery.Rejected, Err: errors.New("no")}
		unknown  = delivery.Attempt{Outcome: delivery.Unknown, Err: errors.New("lost")}
		again    = delivery.Attempt{Outcome: delivery.Unknown, Repeatable: true, Err: errors.New("lost")}
		there    = delivery.Attempt{Outcome: delivery.Rejected, Duplicate: true, Err: errors.New("already there")}
	)
	for name, test := range map[string]struct {
		lines  []delivery.Attempt
		ends   []delivery.WaitResult
		resend bool
		// outcome is the result after this number of attempts and lookups.
		outcome         delivery.Outcome
		attempts, looks int
	}{
		"a good day":                           {lines: []delivery.Attempt{accepted}, ends: []delivery.WaitResult{found}, outcome: delivery.Accepted, attempts: 1},
		"a bad day":                            {lines: []delivery.Attempt{rejected}, ends: []delivery.WaitResult{found}, outcome: delivery.Rejected, attempts: 1},
		"throttled first":                      {lines: []delivery.Attempt{unsent(delivery.Throttled), accepted}, ends: []delivery.WaitResult{found}, outcome: delivery.Accepted, attempts: 2},
		"found":                                {lines: []delivery.Attempt{unknown}, ends: []delivery.WaitResult{found}, outcome: delivery.Confirmed, attempts: 1, looks: 1},
		"absent, then accepted":                {lines: []delivery.Attempt{unknown, accepted}, ends: []delivery.WaitResult{absent}, outcome: delivery.Accepted, attempts: 2, looks: 1},
		"absent twice, then found":             {lines: []delivery.Attempt{unknown}, ends: []delivery.WaitResult{absent, absent, found}, outcome: delivery.Confirmed, attempts: 3, looks: 3},
		"absent, then refused, and there":      {lines: []delivery.Attempt{unknown, rejected}, ends: []delivery.WaitResult{absent, found}, outcome: delivery.Confirmed, attempts: 2, looks: 2},
		"absent, then refused, and not there":  {lines: []delivery.Attempt{unknown, rejected}, ends: []delivery.WaitResult{absent}, outcome: delivery.Rejected, attempts: 2, looks: 2},
		"absent, then refused, and untold":     {lines: []delivery.Attempt{unknown, rejected}, ends: []delivery.WaitResult{absent, untold}, outcome: delivery.Unknown, attempts: 2, looks: 2},
		"absent, then refused, and unreadable": {lines: []delivery.Attempt{unknown, rejected}, ends: []delivery.WaitResult{absent, unreadable}, outcome: delivery.Unknown, attempts: 2, looks: 2},
		"absent, then no such host":            {lines: []delivery.Attempt{unknown, unsent(delivery.NoSuchHost)}, ends: []delivery.WaitResult{absent}, outcome: delivery.NotSent, attempts: 2, looks: 1},
		"untold":                               {lines: []delivery.Attempt{unknown, accepted}, ends: []delivery.WaitResult{untold}, outcome: delivery.Unknown, attempts: 1, looks: 1},
		"unreadable":                           {lines: []delivery.Attempt{unknown, accepted}, ends: []delivery.WaitResult{unreadable}, outcome: delivery.Unknown, attempts: 1, looks: 1},
		"lost, then already there":             {lines: []delivery.Attempt{again, there}, ends: []delivery.WaitResult{absent}, outcome: delivery.Confirmed, attempts: 2},
		"lost twice, then already there":       {lines: []delivery.Attempt{again, again, there}, outcome: delivery.Confirmed, attempts: 3},
		"throttled, then already there":        {lines: []delivery.Attempt{unsent(delivery.Throttled), there}, ends: []delivery.WaitResult{found}, outcome: delivery.Rejected, attempts: 2},
		"already there":                        {lines: []delivery.Attempt{there}, ends: []delivery.WaitResult{found}, outcome: delivery.Rejected, attempts: 1},
		"cut short":                            {lines: []delivery.Attempt{unknown, accepted}, ends: []delivery.WaitResult{cutShort}, outcome: delivery.Unknown, attempts: 1, looks: 1},
		"absent, then untold":                  {lines: []delivery.Attempt{unknown}, ends: []delivery.WaitResult{absent, untold}, outcome: delivery.Unknown, attempts: 2, looks: 2},
		"untold, sent once more":               {lines: []delivery.Attempt{unknown, accepted}, ends: []delivery.WaitResult{untold}, resend: true, outcome: delivery.Accepted, attempts: 2, looks: 1},
		"untold twice, sent once more":         {lines: []delivery.Attempt{unknown}, ends: []delivery.WaitResult{untold}, resend: true, outcome: delivery.Unknown, attempts: 2, looks: 2},
		"untold, sent once more and found":     {lines: []delivery.Attempt{unknown}, ends: []delivery.WaitResult{untold, found}, resend: true, outcome: delivery.Confirmed, attempts: 2, looks: 2},
		"untold, sent once more and refused":   {lines: []delivery.Attempt{unknown, rejected}, ends: []delivery.WaitResult{untold}, resend: true, outcome: delivery.Unknown, attempts: 2, looks: 2},
		"untold, refused, and there":           {lines: []delivery.Attempt{unknown, rejected}, ends: []delivery.WaitResult{untold, found}, resend: true, outcome: delivery.Confirmed, attempts: 2, looks: 2},
		"untold, refused, and not there":       {lines: []delivery.Attempt{unknown, rejected}, ends: []delivery.WaitResult{untold, absent}, resend: true, outcome: delivery.Rejected, attempts: 2, looks: 2},
		"untold, throttled, accepted":          {lines: []delivery.Attempt{unknown, unsent(delivery.Throttled), accepted}, ends: []delivery.WaitResult{untold}, resend: true, outcome: delivery.Accepted, attempts: 3, looks: 1},
		"untold, throttled, lost":              {lines: []delivery.Attempt{unknown, unsent(delivery.Throttled), unknown}, ends: []delivery.WaitResult{untold}, resend: true, outcome: delivery.Unknown, attempts: 3, looks: 2},
		"untold, no such host":                 {lines: []delivery.Attempt{unknown, unsent(delivery.NoSuchHost)}, ends: []delivery.WaitResult{untold}, resend: true, outcome: delivery.Unknown, attempts: 2, looks: 1},
		"nothing to look at":                   {lines: []delivery.Attempt{unknown, accepted}, outcome: delivery.Unknown, attempts: 1},
		"nothing to look at, sent once more":   {lines: []delivery.Attempt{unknown}, resend: true, outcome: delivery.Unknown, attempts: 2},
		"nothing to look at, then accepted":    {lines: []delivery.Attempt{unknown, accepted}, resend: true, outcome: delivery.Accepted, attempts: 2},
		"nothing to look at, then rejected":    {lines: []delivery.Attempt{unknown, rejected}, resend: true, outcome: delivery.Unknown, attempts: 2},
		"throttled, untold, throttled, untold": {lines: []delivery.Attempt{unsent(delivery.Throttled), unknown, unsent(delivery.Throttled), unknown, accepted}, ends: []delivery.WaitResult{untold}, resend: true, outcome: delivery.Unknown, attempts: 4, looks: 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				target := &script{lines: test.lines}
				l, unknownPolicy := &looks{ends: test.ends}, delivery.UnknownOutcomePolicy{Resend: test.resend}
				if test.ends != nil {
					unknownPolicy.Lookup = l.look
				}
				result := delivery.DefaultRetryPolicy.Deliver(t.Context(), newLimiter(), target, unknownPolicy, func(delivery.Attempt, time.Duration) {})
				if result.Outcome != test.outcome || result.Attempts != test.attempts || len(target.sent) != test.attempts {
					t.Errorf("ended %s after %d attempts of which %d were made, want %s after %d", result.Outcome, result.Attempts, len(target.sent), test.outcome, test.attempts)
				}
				if l.made != test.looks || (result.LookupResult == nil) != (test.looks == 0) {
					t.Errorf("looked %d times, want %d; the last came to %v", l.made, test.looks, result.LookupResult)
				}
				if want := target.sent[len(target.sent)-1]; test.outcome != delivery.Confirmed && !result.SentAt.Equal(want) {
					t.Errorf("sent at %s, want %s", result.SentAt, want)
				}
			})
		})
	}
}

// What an earlier delivery left open stays open until the signal is found, or shown to be
// absent.
func TestEarlierDoubtIsKept(t *testing.T) {
	refused, lost := delivery.Attempt{Outcome: delivery.Rejected, Err: errors.New("no")}, delivery.Attempt{Err: errors.New("lost")}
	for name, test := range map[string]struct {
		line    delivery.Attempt
		end     delivery.WaitResult
		outcome delivery.Outcome
		unsure  bool
	}{
		"refused, untold":    {refused, untold, delivery.Unknown, false},
		"refused, found":     {refused, found, delivery.Confirmed, false},
		"refused, absent":    {refused, absent, delivery.Rejected, false},
		"lost, untold":       {lost, untold, delivery.Unknown, true},
		"lost, found":        {lost, found, delivery.Confirmed, true},
		"hopeless, not read": {unsent(delivery.NoSuchHost), found, delivery.Unknown, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				target := &script{lines: []delivery.Attempt{test.line}}
				l, earlier := &looks{ends: []delivery.WaitResult{test.end}}, delivery.Timestamp{At: time.Now().Add(-time.Hour), Tolerance: time.Second}
				result := delivery.DefaultRetryPolicy.Deliver(t.Context(), newLimiter(), target, delivery.UnknownOutcomePolicy{Lookup: l.look, PreviousSend: earlier}, func(delivery.Attempt, time.Duration) {})
				if result.Outcome != test.outcome || result.HadUnknown != test.unsure || result.FirstUnknown != earlier || len(target.sent) != 1 {
					t.Errorf("ended %s, unsure: %t, lost at %v, after %d attempts", result.Outcome, result.HadUnknown, result.FirstUnknown, len(target.sent))
				}
			})
		})
	}
}

// A request without an answer may arrive after the reads that do not show it.
func TestNoAnswerIsNotDisprovedByReads(t *testing.T) {
	for end, want := range map[*delivery.WaitResult]delivery.Outcome{&absent: delivery.Unknown, &found: delivery.Confirmed} {
		synctest.Test(t, func(t *testing.T) {
			attempts := 0
			stalled := target(func(ctx context.Context) delivery.Attempt {
				attempts++
				<-ctx.Done()
				return delivery.Attempt{Err: ctx.Err()}
			})
			result := delivery.DefaultRetryPolicy.Deliver(t.Context(), newLimiter(), stalled, delivery.UnknownOutcomePolicy{Lookup: func(context.Context) delivery.WaitResult { return *end }}, nil)
			if result.Outcome != want || !result.TimedOut || attempts != 1 {
				t.Errorf("ended %s, late: %t, after %d attempts", result.Outcome, result.TimedOut, attempts)
			}
		})
	}
}

// If a signal is found after the service refused another attempt, it is the signal of the
// attempt before.
func TestConfirmedIsSentWhenItArrived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := delivery.Attempt{Outcome: delivery.Rejected, Err: errors.New("no")}
		target := &script{lines: []delivery.Attempt{{Err: errors.New("lost")}, refused}}
		l := &looks{ends: []delivery.WaitResult{absent, found}}
		result := delivery.DefaultRetryPolicy.Deliver(t.Context(), newLimiter(), target, delivery.UnknownOutcomePolicy{Lookup: l.look}, func(delivery.Attempt, time.Duration) {})
		if result.Outcome != delivery.Confirmed || !result.SentAt.Equal(target.sent[0]) {
			t.Errorf("ended %s, sent at %s of %v", result.Outcome, result.SentAt, target.sent)
		}
	})
}

func TestAbsentIsSentAgainUntilTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		target := &script{lines: []delivery.Attempt{{Err: errors.New("lost")}}}
		unknownPolicy := delivery.UnknownOutcomePolicy{Resend: true, Lookup: func(context.Context) delivery.WaitResult { return absent }}
		result := delivery.DefaultRetryPolicy.Deliver(ctx, newLimiter(), target, unknownPolicy, func(delivery.Attempt, time.Duration) {})
		if result.Outcome != delivery.NotSent || result.Cause != delivery.Absent || !errors.Is(result.Stopped, context.DeadlineExceeded) {
			t.Errorf("ended %s, stopped by %v", result.Outcome, result.Stopped)
		}
		// The pauses grow to 15 s. A higher number of attempts means that they did not grow.
		if n := len(target.sent); n < 20 || n > 90 || result.Resent {
			t.Errorf("made %d attempts", n)
		}
	})
}

// After a cancellation there is no time for a lookup, and a cancelled lookup proves
// nothing.
func TestCancellingEndsLooking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, after := range []time.Duration{0, time.Minute} {
			ctx, cancel := context.WithCancel(t.Context())
			looked, lost := 0, target(func(context.Context) delivery.Attempt {
				if after == 0 {
					cancel()
				}
				return delivery.Attempt{Err: errors.New("lost")}
			})
			time.AfterFunc(time.Minute, cancel)
			policy := delivery.DefaultRetryPolicy
			policy.Settle = time.Hour
			poller, start := delivery.NewPoller(policy), time.Now()
			result := delivery.DefaultRetryPolicy.Deliver(ctx, newLimiter(), lost, delivery.UnknownOutcomePolicy{Resend: true, Lookup: func(ctx context.Context) delivery.WaitResult {
				looked++
				return poller.ReadUntilSettled(ctx, states(nil, delivery.Pending))
			}}, nil)
			if took := time.Since(start); took != after || result.Outcome != delivery.Unknown || !errors.Is(result.Stopped, context.Canceled) || result.Attempts != 1 {
				t.Errorf("cancelled after %s: ended %s after %s, stopped by %v", after, result.Outcome, took, result.Stopped)
			}
			if looked > 0 != (after > 0) {
				t.Errorf("cancelled after %s: looked %d times", after, looked)
			}
		}
	})
}

type target func(context.Context) delivery.Attempt

func (t target) Send(ctx context.Context) delivery.Attempt { return t(ctx) }

// states is a probe whose reads show one state after the other, and then always the last
// one. It records when they were made.
func states(read *[]time.Time, states ...delivery.State) *delivery.Probe {
	n := 0
	return delivery.NewProbe("states", func(context.Context) (delivery.State, delivery.Attempt) {
		if read != nil {
			*read = append(*read, time.Now())
		}
		state := states[min(n, len(states)-1)]
		n++
		return state, delivery.Attempt{Outcome: delivery.Accepted}
	}, func(s delivery.State) delivery.Observation { return delivery.Observation{State: s} })
}

func TestReadsSettle(t *testing.T) {
	const pending, reached, missed = delivery.Pending, delivery.Reached, delivery.Missed
	for name, test := range map[string]struct {
		states        []delivery.State
		want          delivery.State
		least, latest time.Duration
	}{
		"found at once":                 {[]delivery.State{reached}, reached, 0, 0},
		"found by a read that lagged":   {[]delivery.State{pending, missed, reached}, reached, time.Second, 5 * time.Second},
		"not there":                     {[]delivery.State{pending}, pending, 15 * time.Second, 15 * time.Second},
		"not to be told":                {[]delivery.State{missed}, missed, 15 * time.Second, 15 * time.Second},
		"to be told by the last read":   {[]delivery.State{missed, missed, pending}, pending, 15 * time.Second, 15 * time.Second},
		"the last read counts, no more": {[]delivery.State{pending, pending, pending, pending, pending, missed}, missed, 15 * time.Second, 15 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var read []time.Time
				start := time.Now()
				end := delivery.NewPoller(delivery.DefaultRetryPolicy).ReadUntilSettled(t.Context(), states(&read, test.states...))
				took := time.Since(start)
				if end.Observation.State != test.want || end.Stopped != nil || end.Absent() != (test.want == pending) || end.Reached() != (test.want == reached) {
					t.Errorf("the end is %+v, want state %d", end, test.want)
				}
				if took < test.least || took > test.latest {
					t.Errorf("took %s, want %s to %s", took, test.least, test.latest)
				}
				if last := read[len(read)-1].Sub(start); test.want != reached && last < 15*time.Second || len(read) > 10 {
					t.Errorf("read %d times, the last after %s", len(read), last)
				}
			})
		})
	}
}

func TestSettlingSurvivesFailedReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, reads := time.Now(), 0
		failing := delivery.NewProbe("failing", func(context.Context) (bool, delivery.Attempt) {
			reads++
			if time.Since(start) < time.Minute {
				return false, delivery.Attempt{Outcome: delivery.NotSent, Cause: delivery.Throttled, Err: errors.New("rate exceeded")}
			}
			return false, delivery.Attempt{Outcome: delivery.Accepted}
		}, func(bool) delivery.Observation { return delivery.Observation{State: delivery.Pending} })
		end := delivery.NewPoller(delivery.DefaultRetryPolicy).ReadUntilSettled(t.Context(), failing)
		if took := time.Since(start); !end.Absent() || took < time.Minute || took > 80*time.Second {
			t.Errorf("the end after %s is %+v", took, end)
		}
		denied := delivery.NewProbe("denied", func(context.Context) (bool, delivery.Attempt) {
			return false, delivery.Attempt{Outcome: delivery.Rejected, Err: errors.New("denied")}
		}, func(bool) delivery.Observation { return delivery.Observation{State: delivery.Pending} })
		start = time.Now()
		end = delivery.NewPoller(delivery.DefaultRetryPolicy).ReadUntilSettled(t.Context(), denied)
		if took := time.Since(start); end.Absent() || end.Unreadable == nil || took != 0 {
			t.Errorf("denied, the end after %s is %+v", took, end)
		}
		broken := delivery.NewProbe("broken", func(context.Context) (bool, delivery.Attempt) {
			return false, delivery.Attempt{Outcome: delivery.Unknown, Err: errors.New("not the service")}
		}, func(bool) delivery.Observation { return delivery.Observation{State: delivery.Pending} })
		start = time.Now()
		end = delivery.NewPoller(delivery.DefaultRetryPolicy).ReadUntilSettled(t.Context(), broken)
		if took := time.Since(start); end.Absent() || end.Unreadable == nil || took < 45*time.Second || took > 61*time.Second {
			t.Errorf("broken, the end after %s is %+v", took, end)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		end = delivery.NewPoller(delivery.DefaultRetryPolicy).ReadUntilSettled(ctx, states(nil, delivery.Pending))
		if end.Absent() || !errors.Is(end.Stopped, context.DeadlineExceeded) {
			t.Errorf("out of time, the end is %+v", end)
		}
	})
}

// A read that cannot be signed for a while is neither an answer nor the end of the wait.
func TestReadsOutliveTroubleWithCredentials(t *testing.T) {
	for _, cause := range []delivery.Cause{delivery.CredentialsFailing, delivery.CredentialsUnreachable} {
		synctest.Test(t, func(t *testing.T) {
			for name, test := range map[string]struct {
				trouble time.Duration
				read    func(*delivery.Poller, *delivery.Probe) bool
				reached bool
			}{
				"a wait": {5 * time.Minute, func(p *delivery.Poller, probe *delivery.Probe) bool {
					end := p.Wait(t.Context(), probe, func(delivery.Observation, time.Time) {})
					return end.Reached()
				}, true},
				"a look for a lost signal": {5 * time.Minute, func(p *delivery.Poller, probe *delivery.Probe) bool {
					end := p.ReadUntilSettled(t.Context(), probe)
					return end.Reached()
				}, true},
				"a refresh": {20 * time.Second, func(p *delivery.Poller, probe *delivery.Probe) bool {
					observation, attempt := p.ReadOnce(t.Context(), probe)
					return attempt.Outcome == delivery.Accepted && observation.State == delivery.Reached
				}, true},
				"a refresh that takes too long": {2 * time.Minute, func(p *delivery.Poller, probe *delivery.Probe) bool {
					_, attempt := p.ReadOnce(t.Context(), probe)
					return attempt.Outcome == delivery.Accepted
				}, false},
			} {
				start := time.Now()
				probe := delivery.NewProbe(name, func(context.Context) (bool, delivery.Attempt) {
					if time.Since(start) < test.trouble {
						return false, unsent(cause)
					}
					return true, delivery.Attempt{Outcome: delivery.Accepted}
				}, func(bool) delivery.Observation { return delivery.Observation{State: delivery.Reached} })
				reached := test.read(delivery.NewPoller(delivery.DefaultRetryPolicy), probe)
				if took := time.Since(start); reached != test.reached || took > test.trouble+time.Minute {
					t.Errorf("cause %d, %s: reached %t after %s", cause, name, reached, took)
				}
			}
		})
	}
}

// clockOf returns the service's clock from an answer with a Date, whose request was made
// and answered at these times after a moment.
func clockOf(t *testing.T, date string, asked, answered time.Duration) (time.Time, delivery.ServerClock) {
	t.Helper()
	moment := time.Now()
	_ = delivery.Sleep(t.Context(), asked)
	ctx, trace := delivery.WithRequestTrace(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (delivery.Client{Doer: doer(func(*http.Request) (*http.Response, error) {
		_ = delivery.Sleep(t.Context(), answered-asked)
		recorder := httptest.NewRecorder()
		if date != "" {
			recorder.Header().Set("Date", date)
		}
		return recorder.Result(), nil
	})}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return moment, trace.Attempt(nil).Clock
}

type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(req *http.Request) (*http.Response, error) { return d(req) }

func TestServiceTimeOfAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const date = "Fri, 13 Feb 2009 23:31:30 GMT"
		answered, err := http.ParseTime(date)
		if err != nil {
			t.Fatal(err)
		}
		moment, clock := clockOf(t, date, 4*time.Second, 6*time.Second+300*time.Millisecond)
		earliest, latest, told := clock.Range(delivery.Timestamp{At: moment})
		// The date of the answer is not before the request, not after the answer, and within
		// the second of its Date.
		if !told || !earliest.Equal(answered.Add(-7*time.Second)) || !latest.Equal(answered.Add(-3*time.Second)) {
			t.Errorf("the service's clock showed %s to %s, told: %t", earliest, latest, told)
		}
		// The clock that gave the moment may differ by some seconds.
		earliest, latest, _ = clock.Range(delivery.Timestamp{At: moment, Tolerance: 10 * time.Second})
		if !earliest.Equal(answered.Add(-17*time.Second)) || !latest.Equal(answered.Add(7*time.Second)) {
			t.Errorf("with ten seconds to give, the service's clock showed %s to %s", earliest, latest)
		}
		for _, date := range []string{"", "yesterday"} {
			if _, clock := clockOf(t, date, 0, 0); tells(clock) {
				t.Errorf("the Date %q told a time", date)
			}
		}
		if tells(delivery.ServerClock{}) {
			t.Error("no answer told a time")
		}
	})
}

func tells(clock delivery.ServerClock) bool {
	_, _, told := clock.Range(delivery.Timestamp{At: time.Now()})
	return told
}
