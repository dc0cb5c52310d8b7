package provider_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/provider"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// unhurried waits so long between two attempts that a test with a short timeout makes only
// one.
func unhurried() provider.Option {
	policy := acctest.Quick()
	policy.FirstPause, policy.LongestPause = time.Hour, time.Hour
	return provider.WithPolicy(policy)
}

func TestThrottlingHoldsBackTheSignalsOfOneServiceAndRegion(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, _ *acctest.Provider) {
		p := acctest.StartProvider(t, acctest.Block(s.URL()), unhurried())
		first, second, third := y.Ready(s), y.Ready(s), y.Ready(s)
		s.Inject(sandbox.Fault{Operation: y.Operation, Kind: sandbox.KindThrottle, Times: 1})
		if said := p.Resource(y.Type).Apply(first.With(acctest.Patiently)).String(); !strings.Contains(said, "Signal Not Sent") {
			t.Errorf("the first signal said %s", said)
		}
		r := p.Resource(y.Type)
		said := r.Apply(second.With(acctest.Patiently)).String()
		for _, part := range []string{"Signal Not Sent", "was not tried", "throttles", "create timeout"} {
			if !strings.Contains(said, part) {
				t.Errorf("%q is not in the error of the second signal:\n%s", part, said)
			}
		}
		if !r.State.IsNull() || s.Count(y.Operation) != 1 {
			t.Errorf("recorded %s after %d requests, want the first signal's alone", r.State, s.Count(y.Operation))
		}
		// The rate limit of one region does not apply to another one.
		if r := p.Resource(y.Type); r.Has("region") && !y.Finds {
			r.Apply(third.With(acctest.Patiently).With(acctest.Values{"region": "eu-central-1"}))
			if s.Count(y.Operation) != 2 {
				t.Errorf("another region's signal made %d requests, want 1", s.Count(y.Operation)-1)
			}
		}
	})
}

// The document says that after a 500 this job has not started. It does not say so of other
// jobs.
func TestTriggerThatDoesNotStartHoldsBackNoOther(t *testing.T) {
	t.Parallel()
	for _, status := range []int{500, 503} {
		s := acctest.Sandbox(t, sandbox.Options{})
		p := acctest.StartProvider(t, acctest.Block(s.URL()), unhurried())
		trigger := func() acctest.Values {
			job := s.AddTriggerJob(sandbox.TriggerJob{})
			return acctest.Patiently.With(acctest.Values{"url": s.TriggerURL(job), "access_token": job.AccessToken})
		}
		s.Inject(sandbox.Fault{Operation: "TriggerJob", Kind: sandbox.KindErrorBefore, Status: status, Times: 1})
		if said := p.Resource("signal_http_trigger").Apply(trigger()).String(); !strings.Contains(said, "Signal Not Sent") {
			t.Errorf("%d said %s", status, said)
		}
		if diags := p.Resource("signal_http_trigger").Apply(trigger()); len(diags) > 0 || s.Accepted("TriggerJob") != 1 {
			t.Errorf("after %d another job's trigger: accepted %d, said %s", status, s.Accepted("TriggerJob"), diags)
		}
	}
}

// With the retry policy that users have, a service that takes fewer signals per second than
// are sent gets all of them, each once.
func TestThrottledRollOut(t *testing.T) {
	t.Parallel()
	const signals, throttled = 60, 15
	s := acctest.Sandbox(t, sandbox.Options{})
	policy := delivery.DefaultRetryPolicy
	policy.Clock = acctest.NewPauseClock(100 * time.Hour) // The pauses of all signals count.
	p := acctest.StartProvider(t, acctest.Block(s.URL()), provider.WithPolicy(policy))
	s.Inject(sandbox.Fault{Operation: "SendAutomationSignal", Kind: sandbox.KindThrottle, Times: throttled})
	id := s.StartAutomation(sandbox.Automation{
		Steps: []sandbox.Step{{Name: "approve", Action: "aws:approve", MinRequiredApprovals: 2 * signals}}, AcceptRepeats: true,
	})
	var all sync.WaitGroup
	turns := make(chan struct{}, 20)
	for range signals {
		all.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			r := p.Resource("signal_automation")
			if diags := r.Apply(acctest.Values{"automation_execution_id": id, "signal_type": "Approve", "timeouts": acctest.Values{"create": "100h"}}); len(diags) > 0 || r.String("delivery") != "SENT" {
				t.Errorf("delivery is %q, said %s", r.String("delivery"), diags)
			}
		})
	}
	all.Wait()
	if received(s, id) != signals || s.Accepted("SendAutomationSignal") != signals {
		t.Errorf("the execution received %d signals, want %d", received(s, id), signals)
	}
	if s.Count("SendAutomationSignal") != signals+throttled {
		t.Errorf("%d requests were made, want %d", s.Count("SendAutomationSignal"), signals+throttled)
	}
}

// If a service asks for a pause longer than the timeout, the error gives that as the
// reason.
func TestLongRetryAfterIsNamed(t *testing.T) {
	for _, y := range systems.All {
		if !y.RetryAfter {
			continue
		}
		t.Run(y.Name(), func(t *testing.T) {
			s := acctest.Sandbox(t, sandbox.Options{RetryAfter: 3 * time.Hour})
			p := acctest.StartProvider(t, acctest.Block(s.URL()))
			s.Inject(sandbox.Fault{Operation: y.Operation, Kind: sandbox.KindThrottle, Times: 1})
			for _, which := range []string{"the one that was throttled", "the next one"} {
				said := p.Resource(y.Type).Apply(y.Ready(s))
				if !said.HasError() || !strings.Contains(said.String(), "3h0m0s") {
					t.Errorf("%s: want an error that names the 3 hours, got: %s", which, said)
				}
			}
			if s.Accepted(y.Operation) != 0 {
				t.Errorf("%d signals were accepted, want none", s.Accepted(y.Operation))
			}
		})
	}
}
