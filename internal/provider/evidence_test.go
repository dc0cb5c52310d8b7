package provider_test

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// Two resources with one configuration are two signals. As many signals are taken as are
// recorded as sent or confirmed, whatever happens to their first requests.
func TestTwinsAreTwoSignals(t *testing.T) {
	const before, after = sandbox.KindDropBefore, sandbox.KindDropAfter
	for name, faults := range map[string][]sandbox.Kind{
		"the first is dropped before":                      {before},
		"the first is dropped after":                       {after},
		"one is dropped before, and one after":             {before, after},
		"one is dropped after, and one before":             {after, before},
		"both are dropped before":                          {before, before},
		"both are dropped after":                           {after, after},
		"one is dropped before, and once more, then after": {before, after, before},
	} {
		t.Run(name, func(t *testing.T) {
			eachTelling(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
				if y.TakesOne() {
					return // The second one is refused.
				}
				config := y.Ready(s)
				s.ResetRequestLog()
				for _, kind := range faults {
					s.Inject(sandbox.Fault{Operation: y.Operation, Kind: kind, Times: 1})
				}
				twins := []*acctest.Resource{p.Resource(y.Type), p.Resource(y.Type)}
				var both sync.WaitGroup
				for _, r := range twins {
					both.Go(func() { apply(t, r, config) })
				}
				both.Wait()
				if taken := s.Accepted(y.Operation); taken != 2 {
					t.Errorf("%d signals were taken, and recorded are %s and %s: %v", taken, twins[0].String("delivery"), twins[1].String("delivery"), s.RequestLog())
				}
			})
		})
	}
}

// A signal that somebody else sends minutes later, and that looks the same, does not prove
// the signal of an earlier destroy, whether that has arrived or not.
func TestLateSignalIsNotTheOneOfTheDestroy(t *testing.T) {
	for name, test := range map[string]struct {
		kind sandbox.Kind
		// sends is the number of requests of the second destroy.
		sends int
	}{
		"it had arrived": {sandbox.KindStallAfter, 0},
		"it had not":     {sandbox.KindStall, 1},
	} {
		t.Run(name, func(t *testing.T) {
			for _, y := range systems.All {
				if y.ShownBy == "" {
					continue
				}
				t.Run(y.Type, func(t *testing.T) {
					t.Parallel()
					var offset atomic.Int64
					s := acctest.Sandbox(t, sandbox.Options{Now: func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }})
					offset.Store(int64(-4 * time.Minute))
					p := acctest.StartProvider(t, acctest.Block(s.URL()))
					config, r := y.Ready(s), p.Resource(y.Type)
					plant(t, r, config.With(acctest.Briefly))
					s.Inject(p.Stall(y.Operation, test.kind))
					says(t, r.Destroy(), true, "Outcome of the Signal Unknown")
					s.ClearFaults()
					offset.Store(0)

					told := r.String("sent_at")
					sent, err := time.Parse(time.RFC3339, told)
					must(t, err)
					stored := r.Stored()
					stored.State = bytes.ReplaceAll(stored.State, []byte(told), []byte(sent.Add(-4*time.Minute).Format(time.RFC3339)))
					apply(t, acctest.StartProvider(t, acctest.Block(s.URL())).Resource(y.Type), config)
					s.ResetRequestLog()
					again := r.On(acctest.StartProvider(t, acctest.Block(s.URL())))
					if diags := again.Upgrade(stored); len(diags) > 0 {
						t.Fatal(diags)
					}
					says(t, again.Destroy(), false, "Signal May Be Sent Again")
					sends := test.sends
					if y.LaterHides {
						sends = 1 // As the warning said, nothing tells whether the first one has arrived.
					}
					if !again.State.IsNull() || s.Count(y.Operation) != sends {
						t.Errorf("the second destroy left %s after %v", again.State, s.RequestLog())
					}
				})
			}
		})
	}
}

// A destroy that looks for the lost signal of an earlier destroy does not take the event of
// its twin as proof, although the twin is gone by then.
func TestTwinsAtDestroyAreTwoSignals(t *testing.T) {
	for name, test := range map[string]struct {
		kind  sandbox.Kind
		sends int
	}{
		"it had arrived": {sandbox.KindStallAfter, 0},
		"it had not":     {sandbox.KindStall, 1},
	} {
		t.Run(name, func(t *testing.T) {
			eachTelling(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
				if y.TakesOne() {
					return // The second one is refused.
				}
				config := y.Ready(s)
				twin, lost := p.Resource(y.Type), p.Resource(y.Type)
				plant(t, twin, config)
				plant(t, lost, config.With(acctest.Briefly))
				s.ResetRequestLog()
				says(t, twin.Destroy(), false)
				s.Inject(p.Stall(y.Operation, test.kind))
				says(t, lost.Destroy(), true, "Outcome of the Signal Unknown")
				s.ClearFaults()

				before := s.Count(y.Operation)
				says(t, lost.On(acctest.StartProvider(t, acctest.Block(s.URL()))).Destroy(), false, "Signal May Be Sent Again")
				if sent := s.Count(y.Operation) - before; sent != test.sends || s.Accepted(y.Operation) != 2 {
					t.Errorf("the second destroy sent %d, want %d: %v", sent, test.sends, s.RequestLog())
				}
			})
		})
	}
}

// One resource adopts the signal that somebody else has sent. Its twin sends its own.
func TestTwinsAdoptOneSignal(t *testing.T) {
	eachTelling(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		if !p.Resource(y.Type).Has("adopt_existing") || y.Gate == nil || y.Gate.AdoptsWith != nil {
			return // Resources with the same id are one signal.
		}
		config := y.Gate.Running(s, never)
		apply(t, acctest.StartProvider(t, acctest.Block(s.URL())).Resource(y.Type), config)
		s.ResetRequestLog()
		twins := []*acctest.Resource{p.Resource(y.Type), p.Resource(y.Type)}
		apply(t, twins[0], config.With(acctest.Values{"adopt_existing": true}))
		diags := twins[1].Apply(config.With(acctest.Values{"adopt_existing": true}))
		if twins[0].String("delivery") != "ADOPTED" || twins[1].String("delivery") == "ADOPTED" || s.Count(y.Operation) != 1 {
			t.Errorf("the twins were recorded as %q and %q, after %v: %s", twins[0].String("delivery"), twins[1].String("delivery"), s.RequestLog(), diags)
		}
		// The resource that has adopted the signal releases it.
		twins[0].Tainted = true
		apply(t, twins[0], config.With(acctest.Values{"adopt_existing": true}))
		if twins[0].String("delivery") != "ADOPTED" || s.Count(y.Operation) != 1 {
			t.Errorf("after a taint delivery is %q: %v", twins[0].String("delivery"), s.RequestLog())
		}
	})
}

// The signal of one resource is not there for its twin, which sends its own. The resource
// itself adopts it after a taint.
func TestTwinsDoNotAdoptEachOther(t *testing.T) {
	for delivered, fault := range map[string]sandbox.Kind{"SENT": "", "CONFIRMED": sandbox.KindDropAfter} {
		t.Run(delivered, func(t *testing.T) {
			eachTelling(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
				if !p.Resource(y.Type).Has("adopt_existing") || y.Gate == nil || y.Gate.AdoptsWith != nil {
					return // Resources with the same id are one signal.
				}
				config := y.Gate.Running(s, never).With(acctest.Values{"adopt_existing": true})
				s.ResetRequestLog()
				if fault != "" {
					s.Inject(sandbox.Fault{Operation: y.Operation, Kind: fault, Times: 1})
				}
				first, twin := p.Resource(y.Type), p.Resource(y.Type)
				apply(t, first, config)
				if got := first.String("delivery"); got != delivered && fault == "" {
					t.Errorf("the first one is recorded as %q", got)
				} else if got != delivered {
					return // The service does not tell, so nothing is confirmed.
				}
				diags := twin.Apply(config)
				if twin.String("delivery") == "ADOPTED" || s.Count(y.Operation) != 2 {
					t.Errorf("the twin is recorded as %q, after %v: %s", twin.String("delivery"), s.RequestLog(), diags)
				}
				first.Tainted = true
				apply(t, first, config)
				if first.String("delivery") != "ADOPTED" || s.Count(y.Operation) != 2 {
					t.Errorf("after a taint the first one is recorded as %q: %v", first.String("delivery"), s.RequestLog())
				}
			})
		})
	}
}

// If the service takes the signals of two resources for one, the provider warns before the
// second one is reported as sent.
func TestTwinsWithOneKeyAreWarned(t *testing.T) {
	ids := map[string]string{"signal_cloudformation_resource": "unique_id", "signal_temporal_workflow": "request_id", "signal_stack_resource": "client_token"}
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		id := ids[y.Type]
		pins := slices.ContainsFunc(y.Guards, func(g systems.Guarded) bool {
			return g.Guard == systems.Pinned || g.Guard == systems.PinnedShown || g.Guard == systems.GeneratedOnce
		})
		if pins != (id != "") {
			t.Errorf("the id in this test is %q, and its guards are %v", id, y.Guards)
		}
		if id == "" {
			return
		}
		config := y.Ready(s)
		pinned := config.With(acctest.Values{id: "release-7"})
		apply(t, p.Resource(y.Type), pinned)
		said := p.Resource(y.Type).Apply(pinned).String()
		if !strings.Contains(said, "["+id+"] Duplicate Signal Id") || !strings.Contains(said, "Give each signal a different") {
			t.Errorf("the second of two with one %s said %s", id, said)
		}
		if taken := s.Accepted(y.Operation); taken != 1 {
			t.Errorf("%d were taken: %v", taken, s.RequestLog())
		}
		again := p.Resource(y.Type)
		apply(t, again, config)
		again.Tainted = true
		apply(t, again, config)
		apply(t, p.Resource(y.Type), config.With(acctest.Values{id: "release-8"}))

		// A signal that the service has refused does not count.
		s.Inject(sandbox.Fault{Operation: y.Operation, Kind: sandbox.KindRefuse, Times: 1})
		says(t, p.Resource(y.Type).Apply(config.With(acctest.Values{id: "release-9"})), true, "Signal Rejected")
		before := s.Accepted(y.Operation)
		apply(t, p.Resource(y.Type), config.With(acctest.Values{id: "release-9"}))
		if s.Accepted(y.Operation) != before+1 {
			t.Errorf("it was not taken: %v", s.RequestLog())
		}
		// One whose answer was lost does.
		s.Inject(sandbox.Fault{Operation: y.Operation, Kind: sandbox.KindDropAfter, Times: 1})
		lost := config.With(acctest.Values{id: "release-10"})
		apply(t, p.Resource(y.Type), lost)
		if said := p.Resource(y.Type).Apply(lost).String(); !strings.Contains(said, "["+id+"] Duplicate Signal Id") {
			t.Errorf("the second of two with one %s said %s", id, said)
		}
	})
}
