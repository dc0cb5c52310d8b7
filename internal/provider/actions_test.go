package provider_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// eachAction runs a test for every system that has an action.
func eachAction(t *testing.T, test func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider)) {
	t.Helper()
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		if y.HasAction {
			test(t, y, s, p)
		}
	})
}

// request is the part of a request that is the same in every send.
func request(e sandbox.Request, generated []string) string {
	parts := []string{e.Method, e.Path, e.Region}
	for _, header := range []string{"X-Amz-Target", "Content-Type", "X-Acs-Action", "X-Acs-Version", "Authorization"} {
		parts = append(parts, header+"="+e.Header.Get(header))
	}
	form, body := e.Query, e.Body
	if e.Header.Get("Content-Type") == "application/x-www-form-urlencoded" {
		form, body = form+"&"+body, ""
	}
	for pair := range strings.SplitSeq(form, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if !slices.Contains(generated, name) {
			parts = append(parts, pair)
		}
	}
	var members map[string]any
	if json.Unmarshal([]byte(body), &members) == nil {
		maps.DeleteFunc(members, func(name string, _ any) bool { return slices.Contains(generated, name) })
		text, _ := json.Marshal(members)
		body = string(text)
	}
	return strings.Join(append(parts, body), "\n")
}

func sends(y system, s *sandbox.Sandbox) (entries []sandbox.Request) {
	for _, entry := range s.RequestLog() {
		if entry.Operation == y.Operation {
			entries = append(entries, entry)
		}
	}
	return entries
}

func TestActionSendsWhatItsResourceSends(t *testing.T) {
	eachAction(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.Ready(s)
		apply(t, p.Resource(y.Type), config)
		progress, diags := p.Action(y.Type).Invoke(config)
		if len(diags) > 0 || len(progress) < 3 {
			t.Errorf("it reported %q and returned %s", progress, diags)
		}
		reports := []string{"Sending", "accepted", "Done"}
		if y.Finds {
			reports = slices.Insert(reports, 1, "Found the target")
		}
		for i, part := range reports {
			if i >= len(progress) || !strings.Contains(progress[i], part) {
				t.Errorf("report %d of %q does not say %q", i, progress, part)
			}
		}
		sent := sends(y, s)
		if len(sent) != 2 || !sent[1].Accepted {
			t.Fatalf("the resource and the action together made the requests %v", s.RequestLog())
		}
		generated := []string{"UniqueId", "ClientToken", "NotifyNote", "requestId", "identity"}
		if y.Finds {
			generated = append(generated, "hookId", "token") // Each time, another one waits.
		}
		if resource, action := request(sent[0], generated), request(sent[1], generated); resource != action {
			t.Errorf("the resource sends\n%s\nthe action sends\n%s", resource, action)
		}
	})
}

func TestActionChecksItsArguments(t *testing.T) {
	eachAction(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config, a := y.Ready(s), p.Action(y.Type)
		for _, bad := range []string{"soon", "0s", "-1m", "24h1s", ""} {
			if diags := a.Validate(config.With(acctest.Values{"timeout": bad})); len(diags) != 1 || diags[0].Attribute != "timeout" {
				t.Errorf("timeout = %q: %s", bad, diags)
			}
		}
		if diags := a.Validate(config.With(acctest.Values{"timeout": "24h"})); len(diags) > 0 {
			t.Errorf("the longest timeout: %s", diags)
		}
		for name, value := range config {
			if value == nil {
				continue
			}
			unknown := config.With(acctest.Values{name: acctest.Unknown})
			if diags := append(a.Validate(unknown), a.Plan(unknown)...); len(diags) > 0 {
				t.Errorf("with an unknown %s it returned %s", name, diags)
			}
			if diags := a.Validate(config.With(acctest.Values{name: nil})); diags.HasError() == slices.Contains(y.Optional, name) {
				t.Errorf("without %s the action's check says %q", name, diags)
			}
		}
		if made := s.RequestLog(); len(made) > 0 {
			t.Errorf("checking made requests: %v", made)
		}
	})
}

func TestActionWaits(t *testing.T) {
	eachGate(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		if !y.HasAction {
			return
		}
		progress, diags := p.Action(y.Type).Invoke(y.Gate.Running(s, well).With(waiting))
		if len(diags) > 0 || !strings.Contains(progress[len(progress)-1], y.Gate.Succeeded) || !strings.Contains(strings.Join(progress, "\n"), y.Gate.IsRunning) {
			t.Errorf("reported %q and said %s", progress, diags)
		}
		sentOnce(t, y, s)
		_, diags = p.Action(y.Type).Invoke(y.Gate.Running(s, badly).With(waiting))
		says(t, diags, true, "Target Did Not Succeed", y.Gate.Failed, y.Gate.Reason, "would send it again")
		s.Hook(y.Gate.Read, nil, nil) // The sandbox's time stands still.
		before := s.Count(y.Gate.Read)
		reads := func() int { return s.Count(y.Gate.Read) - before }
		progress, diags = p.Action(y.Type).Invoke(y.Gate.Running(s, never).With(waiting).With(acctest.Values{"timeout": "1s"}))
		says(t, diags, true, "Target Still Running", "timeout of 1s")
		// The status does not change, so the action does not report it after each read. On a
		// slow machine it does once more after some time.
		if n := strings.Count(strings.Join(progress, "\n"), "Waiting"); n == 0 || n > reads()/2 {
			t.Errorf("reported the same status %d times after %d reads: %q", n, reads(), progress)
		}
	})
}

// If the run of a signal that was adopted, or whose answer was lost, does not end, the error
// says what is known of the signal.
func TestActionThatWaitsSaysWhatBecameOfItsSignal(t *testing.T) {
	eachGate(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		if !y.HasAction {
			return
		}
		s.Hook(y.Gate.Read, nil, nil) // The sandbox's time stands still.
		brief := waiting.With(acctest.Values{"timeout": acctest.BriefTimeout})
		if y.Lost == systems.ReadBack {
			s.Inject(sandbox.Fault{Operation: y.Operation, Kind: sandbox.KindDropAfter, Times: 1})
			_, diags := p.Action(y.Type).Invoke(y.Gate.Running(s, never).With(brief))
			says(t, diags, true, "Target Still Running", "and has arrived, as", "The service has the signal. Invoking the action again would send it again")
			sentOnce(t, y, s)
			s.ResetRequestLog()
		}
		if y.Gate.Adopts {
			config := y.Gate.Running(s, never).With(y.Gate.AdoptsWith)
			apply(t, p.Resource(y.Type), config)
			_, diags := p.Action(y.Type).Invoke(config.With(brief).With(acctest.Values{"adopt_existing": true}))
			says(t, diags, true, "Target Still Running", "was there already", "and was adopted", "sends nothing if the service still shows it")
			if said := diags.String(); strings.Contains(said, "was sent") || strings.Contains(said, "send it again") {
				t.Errorf("of a signal that was adopted it said %s", said)
			}
			sentOnce(t, y, s)
		}
	})
}

// After a failed run, an action whose signal was adopted may send it to the next run. Its
// error does not say that it sends nothing.
func TestActionAfterAFailedRunMaySend(t *testing.T) {
	eachGate(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		if !y.HasAction || !y.Gate.Adopts || y.Gate.EndsUntold {
			return
		}
		config := y.Gate.Running(s, badly).With(y.Gate.AdoptsWith)
		apply(t, p.Resource(y.Type), config)
		_, diags := p.Action(y.Type).Invoke(config.With(waiting).With(acctest.Values{"adopt_existing": true}))
		says(t, diags, true, "Target Did Not Succeed", "was adopted", "looks for it first")
		if said := diags.String(); strings.Contains(said, "sends nothing") {
			t.Errorf("it said %s", said)
		}
		sentOnce(t, y, s)
	})
}

func TestActionEndsWhenCancelled(t *testing.T) {
	eachAction(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.Ready(s)
		s.Inject(sandbox.Fault{Operation: y.Operation, Kind: sandbox.KindStallAfter})
		says(t, cancelled(t, s, p, y.Operation, func() acctest.Diagnostics {
			_, diags := p.Action(y.Type).Invoke(config)
			return diags
		}), true, "Outcome of the Signal Unknown", "cancelled")
	})
}

// An action has no state, so only its last message says what happened to its signal.
func TestActionEndsWhenCancelledWhileWaiting(t *testing.T) {
	eachGate(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		if !y.HasAction {
			return
		}
		invoke := func(config acctest.Values) acctest.Diagnostics {
			return cancelled(t, s, p, y.Gate.Read, func() acctest.Diagnostics {
				_, diags := p.Action(y.Type).Invoke(config)
				return diags
			})
		}
		says(t, invoke(y.Gate.Unready(s).With(acctest.Values{"wait_until_ready": true})), true,
			"Signal Not Sent", "cancelled", "Invoking the action again sends")
		if s.Count(y.Operation) != 0 {
			t.Errorf("cancelled before the target was ready, it sent: %v", s.RequestLog())
		}
		says(t, invoke(y.Gate.Running(s, never).With(waiting)), true,
			"Waiting Cancelled", "accepted", "Invoking the action again would send it again")
		sentOnce(t, y, s)
	})
}

func TestActionWithoutItsCloud(t *testing.T) {
	eachAction(t, func(t *testing.T, y system, s *sandbox.Sandbox, _ *acctest.Provider) {
		config := y.Ready(s)
		_, diags := acctest.StartProvider(t, nil).Action(y.Type).Invoke(config)
		says(t, diags, true, "Signal Not Sent", "provider")
		if made := s.RequestLog(); len(made) > 0 {
			t.Errorf("without a provider block these requests were made: %v", made)
		}
	})
}
