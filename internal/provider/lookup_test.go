package provider_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/matrix"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/provider"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// eachTelling runs a test for every system whose service shows the signals that it took.
func eachTelling(t *testing.T, test func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider)) {
	t.Helper()
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		if y.ShownBy != "" {
			test(t, y, s, p)
		}
	})
}

func TestLostSignalIsConfirmed(t *testing.T) {
	eachTelling(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.Ready(s)
		s.Inject(sandbox.Fault{Operation: y.Operation, Kind: sandbox.KindDropAfter, Times: 1})
		r := p.Resource(y.Type)
		apply(t, r, config)
		if r.String("delivery") != "CONFIRMED" || r.String("sent_at") == "" || r.String("request_id") != "" || r.Tainted {
			t.Errorf("tainted: %t, and the state is %s", r.Tainted, r.State)
		}
		sentOnce(t, y, s)
		made := len(s.RequestLog())
		apply(t, r, config)
		apply(t, r, config.With(resending))
		if diags := r.Refresh(); len(diags) > 0 {
			t.Error(diags)
		}
		if diags := r.Destroy(); len(diags) > 0 {
			t.Error(diags)
		}
		if len(s.RequestLog()) != made {
			t.Errorf("a confirmed signal made more requests: %v", s.RequestLog()[made:])
		}
	})
}

func TestActionConfirms(t *testing.T) {
	eachTelling(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		if !y.HasAction {
			return
		}
		config := y.Ready(s)
		s.Inject(sandbox.Fault{Operation: y.Operation, Kind: sandbox.KindDropAfter, Times: 1})
		progress, diags := p.Action(y.Type).Invoke(config)
		said := strings.Join(progress, "\n")
		if len(diags) > 0 || !strings.Contains(said, "reading the target to find out") || !strings.Contains(said, "shows that the signal has arrived") {
			t.Errorf("reported %q and said %s", progress, diags)
		}
		sentOnce(t, y, s)
	})
}

// A wait after a confirmed signal works as after a sent one, even in the next destroy.
func TestConfirmedIsWaitedFor(t *testing.T) {
	eachGate(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		if y.ShownBy == "" {
			return
		}
		s.Hook(y.Gate.Read, nil, nil) // The sandbox's time stands still. It tells which traces are older than the signal.
		s.Inject(sandbox.Fault{Operation: y.Operation, Kind: sandbox.KindDropAfter, Times: 1})
		config := y.Gate.Running(s, never).With(waiting).With(acctest.Briefly)
		r := p.Resource(y.Type)
		says(t, r.Apply(config), true, "Target Still Running", "has arrived, as", "untaint")
		if r.String("delivery") != "CONFIRMED" {
			t.Errorf("delivery is %q", r.String("delivery"))
		}
		sentOnce(t, y, s)

		s.Inject(sandbox.Fault{Operation: y.Operation, Kind: sandbox.KindDropAfter, Times: 1})
		r = p.Resource(y.Type)
		plant(t, r, y.Gate.Running(s, never).With(waiting).With(acctest.Briefly))
		s.ResetRequestLog()
		for range 2 {
			says(t, r.Destroy(), true, "Target Still Running", "only waits")
			if r.String("delivery") != "CONFIRMED" {
				t.Errorf("delivery is %q", r.String("delivery"))
			}
		}
		sentOnce(t, y, s)
	})
}

func TestUnknownAtDestroyIsReadBack(t *testing.T) {
	for name, test := range map[string]struct {
		fault sandbox.Kind
		deny  bool
		sends int
	}{
		"it had arrived":            {fault: sandbox.KindStallAfter},
		"it had not":                {fault: sandbox.KindStall, sends: 1},
		"it had, and nothing tells": {fault: sandbox.KindStallAfter, deny: true, sends: 1},
	} {
		t.Run(name, func(t *testing.T) {
			eachTelling(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
				r := p.Resource(y.Type)
				plant(t, r, y.Ready(s).With(acctest.Briefly))
				s.Inject(p.Stall(y.Operation, test.fault))
				says(t, r.Destroy(), true, "Outcome of the Signal Unknown", "unless the service shows it by then")
				s.ClearFaults()
				s.ResetRequestLog()
				if test.deny {
					s.Inject(sandbox.Fault{Operation: y.ShownBy, Kind: sandbox.KindRefuse})
				}
				says(t, r.Destroy(), false, "Signal May Be Sent Again")
				if !r.State.IsNull() || s.Count(y.Operation) != test.sends || s.Count(y.ShownBy) == 0 {
					t.Errorf("destroying again left %s after %v", r.State, s.RequestLog())
				}
			})
		})
	}
}

// The destroy may run again on another machine, whose clock may differ by some seconds.
func TestUnknownAtDestroyIsReadBackElsewhere(t *testing.T) {
	for name, ahead := range map[string]time.Duration{"the other clock is ahead": 8 * time.Second, "the other clock is behind": -8 * time.Second} {
		t.Run(name, func(t *testing.T) {
			eachTelling(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
				r := p.Resource(y.Type)
				plant(t, r, y.Ready(s).With(acctest.Briefly))
				s.Inject(p.Stall(y.Operation, sandbox.KindStallAfter))
				says(t, r.Destroy(), true, "Outcome of the Signal Unknown")
				s.ClearFaults()
				s.ResetRequestLog()

				told := r.String("sent_at")
				sent, err := time.Parse(time.RFC3339Nano, told)
				must(t, err)
				stored := r.Stored()
				stored.State = bytes.ReplaceAll(stored.State, []byte(told), []byte(sent.Add(ahead).Format(time.RFC3339Nano)))
				if diags := r.Upgrade(stored); len(diags) > 0 || r.String("sent_at") == told {
					t.Fatalf("sent_at is still %s: %s", told, diags)
				}
				says(t, r.Destroy(), false, "Signal May Be Sent Again")
				if !r.State.IsNull() || s.Count(y.Operation) > 0 || s.Count(y.ShownBy) == 0 {
					t.Errorf("destroying again left %s after %v", r.State, s.RequestLog())
				}
			})
		})
	}
}

func TestCancelWhileLookingEndsAtOnce(t *testing.T) {
	patient := acctest.Quick()
	patient.Settle = time.Hour
	for _, y := range systems.All {
		if y.ShownBy == "" || y.LooksUp {
			continue // A signal that looks its target up makes the same read before it sends.
		}
		t.Run(y.Type, func(t *testing.T) {
			t.Parallel()
			s := acctest.Sandbox(t, sandbox.Options{})
			p := acctest.StartProvider(t, acctest.Block(s.URL()), provider.WithPolicy(patient))
			config, r := y.Ready(s), p.Resource(y.Type)
			s.Inject(sandbox.Fault{Operation: y.Operation, Kind: sandbox.KindDropBefore, Times: 1})
			looked, done := make(chan struct{}), make(chan acctest.Diagnostics)
			s.Hook(y.ShownBy, sync.OnceFunc(func() { close(looked) }), nil)
			go func() { done <- r.Apply(config.With(resending)) }()
			<-looked
			p.Stop()
			diags := <-done
			became(t, y, s, r, matrix.Cell{Result: matrix.Unknown, Requests: 1, Says: []string{"did not finish", "cancelled"}}, diags)
		})
	}
}

var resending = acctest.Values{"resend_on_unknown": true}

// eachResending runs a test for every system that offers resend_on_unknown, with a service
// that does not tell whether it took a signal.
func eachResending(t *testing.T, test func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider)) {
	t.Helper()
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		if offered := p.Resource(y.Type).Has("resend_on_unknown"); offered == (y.Lost == systems.Repeatable) {
			t.Fatalf("resend_on_unknown is offered: %t", offered)
		} else if !offered {
			return
		}
		untold(y, s)
		test(t, y, s, p)
	})
}

// untold makes the service hide whether the next signal has arrived.
func untold(y system, s *sandbox.Sandbox) {
	if y.ShownBy != "" {
		s.Inject(sandbox.Fault{Operation: y.ShownBy, Kind: sandbox.KindRefuse, Skip: y.LookUps})
	}
}

func TestUnknownIsSentOnceMoreWhereAsked(t *testing.T) {
	eachResending(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.Ready(s)
		s.Inject(sandbox.Fault{Operation: y.Operation, Kind: sandbox.KindDropAfter, Times: 1})
		r := p.Resource(y.Type)
		apply(t, r, config.With(resending))
		became(t, y, s, r, matrix.Cell{Result: matrix.Sent, Requests: 2, Taken: 2}, nil)
	})
}

func TestUnknownIsNeverSentAThirdTime(t *testing.T) {
	eachResending(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.Ready(s)
		s.Inject(sandbox.Fault{Operation: y.Operation, Kind: sandbox.KindDropAfter})
		r := p.Resource(y.Type)
		diags := r.Apply(config.With(resending))
		became(t, y, s, r, matrix.Cell{Result: matrix.Unknown, Requests: 2, Taken: 2, Says: []string{"sent once more, as resend_on_unknown"}}, diags)
	})
}

// While it is known that the second send did not arrive, it does not count.
func TestSendingOnceMoreIsTriedAgainWhenThrottled(t *testing.T) {
	eachResending(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.Ready(s)
		s.Inject(sandbox.Fault{Operation: y.Operation, Kind: sandbox.KindDropAfter, Times: 1})
		s.Inject(sandbox.Fault{Operation: y.Operation, Kind: sandbox.KindThrottle, Times: 2})
		r := p.Resource(y.Type)
		apply(t, r, config.With(resending))
		became(t, y, s, r, matrix.Cell{Result: matrix.Sent, Requests: 4, Taken: 2}, nil)
	})
}

func TestResendOnUnknownIsAnOption(t *testing.T) {
	eachResending(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config, r := y.Ready(s), p.Resource(y.Type)
		apply(t, r, config)
		for _, option := range []any{true, false, nil} {
			changed := config.With(acctest.Values{"resend_on_unknown": option})
			if plan, diags := r.Plan(changed); len(plan.Replace) > 0 || len(diags) > 0 {
				t.Errorf("resend_on_unknown = %v replaces for %v: %s", option, plan.Replace, diags)
			}
			apply(t, r, changed)
		}
		sentOnce(t, y, s)
	})
}

func TestActionSendsOnceMoreWhereAsked(t *testing.T) {
	eachResending(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		if !y.HasAction {
			return
		}
		config := y.Ready(s)
		s.Inject(sandbox.Fault{Operation: y.Operation, Kind: sandbox.KindDropAfter})
		_, diags := p.Action(y.Type).Invoke(config)
		says(t, diags, true, "Outcome of the Signal Unknown", "With resend_on_unknown = true")
		s.ResetRequestLog()
		s.ClearFaults()
		untold(y, s)
		s.Inject(sandbox.Fault{Operation: y.Operation, Kind: sandbox.KindDropAfter})
		_, diags = p.Action(y.Type).Invoke(config.With(resending))
		says(t, diags, true, "Outcome of the Signal Unknown", "sent once more, as resend_on_unknown")
		if s.Count(y.Operation) != 2 {
			t.Errorf("the request log is %v", s.RequestLog())
		}
	})
}
