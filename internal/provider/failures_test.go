package provider_test

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/provider"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// failure is what a signal comes to when something goes wrong on its way.
type failure struct {
	fault sandbox.Fault
	// times is how often the fault strikes a system that differs; 0 is as often as for everybody.
	times int
	// requests is how many signalling requests the journal holds afterwards, and
	// accepted how many of them the service acted on.
	requests, accepted int
	// delivery is what the state says; "" means that nothing is recorded.
	delivery string
	// says are parts of the error, "" when there is none to be.
	says []string
}

// failures are the ways of failing on the wire, and what they come to for a
// service without an idempotency token whose server errors leave the outcome open.
var failures = map[string]failure{
	"throttled twice":       {fault: sandbox.Fault{Kind: sandbox.KindThrottle, Times: 2}, requests: 3, accepted: 1, delivery: "SENT"},
	"throttled for ever":    {fault: sandbox.Fault{Kind: sandbox.KindThrottle}, requests: -5, says: []string{"Signal Not Sent", "timeout"}},
	"slow":                  {fault: sandbox.Fault{Kind: sandbox.KindDelay, Delay: 50 * time.Millisecond}, requests: 1, accepted: 1, delivery: "SENT"},
	"500 before acting":     {fault: sandbox.Fault{Kind: sandbox.KindErrorBefore}, requests: 1, delivery: "UNKNOWN", says: []string{"Outcome of the Signal Unknown", "HTTP 500", "request id", "untaint"}},
	"503 before acting":     {fault: sandbox.Fault{Kind: sandbox.KindErrorBefore, Status: 503}, requests: 1, delivery: "UNKNOWN", says: []string{"Outcome of the Signal Unknown", "HTTP 503"}},
	"500 after acting":      {fault: sandbox.Fault{Kind: sandbox.KindErrorAfter}, requests: 1, accepted: 1, delivery: "UNKNOWN", says: []string{"Outcome of the Signal Unknown", "HTTP 500"}},
	"dropped before acting": {fault: sandbox.Fault{Kind: sandbox.KindDropBefore}, requests: 1, delivery: "UNKNOWN", says: []string{"Outcome of the Signal Unknown", "before an answer came"}},
	"dropped after acting":  {fault: sandbox.Fault{Kind: sandbox.KindDropAfter}, requests: 1, accepted: 1, delivery: "UNKNOWN", says: []string{"Outcome of the Signal Unknown", "before an answer came"}},
	"truncated 200":         {fault: sandbox.Fault{Kind: sandbox.KindTruncate}, requests: 1, accepted: 1, delivery: "UNKNOWN", says: []string{"Outcome of the Signal Unknown", "cut short"}},
	"truncated JSON":        {fault: sandbox.Fault{Kind: sandbox.KindTruncateJSON}, requests: 1, accepted: 1, delivery: "UNKNOWN", says: []string{"Outcome of the Signal Unknown", "HTTP 200"}},
	"proxy's 502":           {fault: sandbox.Fault{Kind: sandbox.KindHTML}, requests: 1, delivery: "UNKNOWN", says: []string{"Outcome of the Signal Unknown", "HTTP 502", "proxy"}},
	"proxy's 200":           {fault: sandbox.Fault{Kind: sandbox.KindHTMLOK}, requests: 1, delivery: "UNKNOWN", says: []string{"Outcome of the Signal Unknown", "HTTP 200", "proxy"}},
	"proxy's 403":           {fault: sandbox.Fault{Kind: sandbox.KindHTML, Status: 403}, requests: 1, delivery: "UNKNOWN", says: []string{"Outcome of the Signal Unknown", "HTTP 403", "proxy"}},
	"redirected":            {fault: sandbox.Fault{Kind: sandbox.KindRedirect, Body: "/elsewhere"}, requests: 1, delivery: "UNKNOWN", says: []string{"Outcome of the Signal Unknown", "HTTP 307"}},
	"stalled":               {fault: sandbox.Fault{Kind: sandbox.KindStallAfter}, requests: 1, accepted: 1, delivery: "UNKNOWN", says: []string{"Outcome of the Signal Unknown"}},
	"access denied":         {fault: sandbox.Fault{Kind: sandbox.KindRefuse}, requests: 1, says: []string{"Signal Rejected", "request id", "PERMISSION"}},
	"credentials expired":   {fault: sandbox.Fault{Kind: sandbox.KindExpired}, requests: 1, says: []string{"Signal Rejected", "expired", "renew"}},
}

func TestFailuresOnTheWire(t *testing.T) {
	for name, common := range failures {
		t.Run(name, func(t *testing.T) {
			eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
				want := common
				if own, ok := y.differs[name]; ok {
					own.fault = common.fault
					own.fault.Times = cmp.Or(own.times, common.fault.Times)
					want = own
				}
				config := y.ready(t, s).With(acctest.Values{"timeouts": acctest.Values{"create": "1s"}})
				s.ResetJournal()
				want.fault.Operation = y.operation
				s.Inject(want.fault)
				r := p.Resource(y.resource)
				diags := r.Apply(config)
				want.check(t, y, s, r, diags)

				// Whatever became of it, looking at it again sends nothing.
				requests := len(s.Journal())
				if r.State.IsNull() {
					return
				}
				if diags := r.Refresh(); diags.HasError() {
					t.Error(diags)
				}
				if now := len(s.Journal()); now != requests {
					t.Errorf("a refresh made %d requests", now-requests)
				}
			})
		})
	}
}

func (f failure) check(t *testing.T, y system, s *sandbox.Sandbox, r *acctest.Resource, diags acctest.Diagnostics) {
	t.Helper()
	requests, accepted := s.Count(y.operation), s.Accepted(y.operation)
	if f.requests >= 0 && requests != f.requests || requests < -f.requests || accepted != f.accepted {
		t.Errorf("%d requests of which %d were accepted, want %d and %d:\n%v", requests, accepted, f.requests, f.accepted, s.Journal())
	}
	if got := r.String("delivery"); got != f.delivery {
		t.Errorf("delivery is %q, want %q", got, f.delivery)
	}
	if r.Tainted != (f.delivery == "UNKNOWN") {
		t.Errorf("tainted: %t with delivery %q", r.Tainted, f.delivery)
	}
	if diags.HasError() != (len(f.says) > 0) {
		t.Errorf("said %q, want %q", diags, f.says)
	}
	if y.noRequestID && strings.Contains(diags.String(), "request id") {
		t.Errorf("there is no request id, but it is in the error:\n%s", diags)
	}
	for _, part := range f.says {
		if y.noRequestID && part == "request id" {
			continue
		}
		part = strings.ReplaceAll(part, "PERMISSION", y.permission)
		if !strings.Contains(diags.String(), part) {
			t.Errorf("%q is not in the error:\n%s", part, diags)
		}
	}
}

func TestMissingTarget(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		r := p.Resource(y.resource)
		diags := r.Apply(y.ready(t, s).With(y.missing))
		want, ok := y.differs["missing target"]
		if !ok {
			want = failure{requests: 1, says: []string{"Signal Rejected", "Check"}}
		}
		want.check(t, y, s, r, diags)
		if len(diags) != 1 || diags[0].Attribute != y.at {
			t.Errorf("said %s, want one error on %s", diags, y.at)
		}
	})
}

// A service that is starting answers no connection at first.
func TestConnectionRefusedForAWhile(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.ready(t, s)
		s.Refuse()
		r, done := p.Resource(y.resource), make(chan acctest.Diagnostics)
		go func() { done <- r.Apply(config) }()
		time.AfterFunc(50*time.Millisecond, func() {
			if err := s.Accept(); err != nil {
				t.Error(err)
			}
		})
		failure{requests: 1, accepted: 1, delivery: "SENT"}.check(t, y, s, r, <-done)
	})
}

func TestConnectionRefusedForGood(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.ready(t, s)
		s.Refuse()
		r := p.Resource(y.resource)
		failure{says: []string{"Signal Not Sent", "connection refused", "attempts", "Applying again"}}.check(t, y, s, r, r.Apply(config))
	})
}

// cancelled runs something, cancels it as Ctrl-C does once the service has acted
// on an operation, or has been asked to read, and returns what was said, which
// has to be at once.
func cancelled(t *testing.T, s *sandbox.Sandbox, p *acctest.Provider, operation string, run func() acctest.Diagnostics) acctest.Diagnostics {
	t.Helper()
	var once sync.Once
	acted, done := make(chan struct{}), make(chan acctest.Diagnostics)
	tell := func() { once.Do(func() { close(acted) }) }
	if slices.ContainsFunc(systems, func(y system) bool { return y.gate != nil && y.gate.read == operation }) {
		s.Hook(operation, tell, nil)
	} else {
		s.Hook(operation, nil, tell)
	}
	go func() { done <- run() }()
	<-acted
	start := time.Now()
	p.Stop()
	diags := <-done
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("ended %s after Ctrl-C", took)
	}
	return diags
}

func TestCancelWhileSendingEndsAtOnce(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config, r := y.ready(t, s), p.Resource(y.resource)
		s.Inject(sandbox.Fault{Operation: y.operation, Kind: sandbox.KindStallAfter})
		diags := cancelled(t, s, p, y.operation, func() acctest.Diagnostics { return r.Apply(config) })
		failure{requests: 1, accepted: 1, delivery: "UNKNOWN", says: []string{"Outcome of the Signal Unknown", "cancel"}}.check(t, y, s, r, diags)
	})
}

func TestCancelWhileTryingAgainEndsAtOnce(t *testing.T) {
	patient := acctest.Quick
	patient.FirstPause, patient.Unreachable = 5*time.Minute, time.Hour
	for _, y := range systems {
		t.Run(cmp.Or(y.name, y.resource), func(t *testing.T) {
			t.Parallel()
			s := acctest.Sandbox(t, sandbox.Options{})
			p := acctest.StartProvider(t, acctest.Block(s.URL()), provider.WithPolicy(patient))
			config := y.ready(t, s)
			s.Refuse()
			r, done := p.Resource(y.resource), make(chan acctest.Diagnostics)
			go func() { done <- r.Apply(config) }()
			// A cancellation that comes before the apply has begun is not for it.
			again := time.NewTicker(10 * time.Millisecond)
			defer again.Stop()
			for {
				select {
				case <-again.C:
					p.Stop()
				case diags := <-done:
					failure{says: []string{"Signal Not Sent", "cancelled"}}.check(t, y, s, r, diags)
					return
				}
			}
		})
	}
}
