package provider_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// apply applies a configuration, and fails the test if there is an error.
func apply(t *testing.T, r *acctest.Resource, config acctest.Values) {
	t.Helper()
	if diags := r.Apply(config); len(diags) > 0 {
		t.Fatal(diags)
	}
}

func TestOneRequestInALife(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.Ready(s)
		s.ResetRequestLog()
		r := p.Resource(y.Type)
		if diags := r.Validate(config); len(diags) > 0 {
			t.Fatal(diags)
		}
		if _, diags := r.Plan(config); len(diags) > 0 {
			t.Fatal(diags)
		}
		if made := s.RequestLog(); len(made) > 0 {
			t.Fatalf("before the apply these requests were made: %v", made)
		}
		before := time.Now().Add(-time.Second)
		apply(t, r, config)
		for _, sent := range s.RequestLog() {
			// net/http repeats a request with such a header by itself.
			if sent.Header.Get("Idempotency-Key")+sent.Header.Get("X-Idempotency-Key") != "" {
				t.Errorf("%s has an idempotency key: %v", sent.Operation, sent.Header)
			}
		}
		made := len(s.RequestLog())
		sent := r.State
		if r.String("delivery") != "SENT" || (r.String("request_id") == "") != y.NoRequestID || r.String("id") == "" {
			t.Errorf("the state says %s", r.State)
		}
		if at, err := time.Parse(time.RFC3339, r.String("sent_at")); err != nil || at.Before(before) || at.After(time.Now()) {
			t.Errorf("sent_at is %q", r.String("sent_at"))
		}
		for _, step := range []func(){
			func() { apply(t, r, config) },
			func() { apply(t, r, config) },
			func() {
				if diags := r.Refresh(); len(diags) > 0 {
					t.Error(diags)
				}
			},
			func() {
				plan, diags := r.Plan(config)
				if len(diags) > 0 || !plan.Planned.Equal(r.State) {
					t.Errorf("a second plan is not empty: %s %s", plan.Planned, diags)
				}
			},
			func() { apply(t, r, config.With(acctest.Values{"timeouts": acctest.Values{"create": "5m"}})) },
			func() { apply(t, r, config.With(acctest.Values{"triggers": acctest.Values{}})) },
			func() { apply(t, r, config) },
			func() {
				if !r.State.Equal(sent) {
					t.Errorf("the state was %s and is %s", sent, r.State)
				}
			},
			func() {
				if diags := r.Destroy(); len(diags) > 0 {
					t.Error(diags)
				}
			},
		} {
			step()
		}
		if s.Count(y.Operation) != 1 || s.Accepted(y.Operation) != 1 || len(s.RequestLog()) != made {
			t.Errorf("the request log holds %v", s.RequestLog())
		}
	})
}

func TestWhatSendsAgain(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.Ready(s)
		config["triggers"] = acctest.Values{"release": "1"}
		r := p.Resource(y.Type)
		apply(t, r, config)
		replaces := func(change acctest.Values) []string {
			t.Helper()
			plan, diags := r.Plan(config.With(change))
			if diags.HasError() {
				t.Fatal(diags)
			}
			return plan.Replace
		}
		for _, change := range []acctest.Values{
			{"triggers": acctest.Values{"release": "2"}},
			{"triggers": acctest.Values{"release": "1", "more": ""}},
			{"triggers": acctest.Values{"release": acctest.Unknown}},
			{"triggers": nil},
		} {
			if got := replaces(change); !slices.Equal(got, []string{"triggers"}) {
				t.Errorf("%v replaces for %q, want triggers", change, got)
			}
		}
		if s.Count(y.Operation) != 1 {
			t.Errorf("planning sent a signal: %v", s.RequestLog())
		}
		apply(t, r, config.With(acctest.Values{"triggers": acctest.Values{"release": "2"}}))
		if s.Count(y.Operation) != 2 || s.Accepted(y.Operation) != 2 {
			t.Errorf("a changed trigger made the request log %v", s.RequestLog())
		}
		r.Tainted = true
		apply(t, r, config.With(acctest.Values{"triggers": acctest.Values{"release": "2"}}))
		if s.Count(y.Operation) != 3 || s.Accepted(y.Operation) != 3 {
			t.Errorf("a taint made the request log %v", s.RequestLog())
		}
	})
}

// Setting an argument to the recorded value does not make another signal.
func TestComputedArgumentsSetAsRecorded(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.Ready(s)
		r := p.Resource(y.Type)
		apply(t, r, config)
		for _, name := range []string{"region", "run_id", "unique_id", "client_token", "notify_note"} {
			if !r.Has(name) || r.String(name) == "" {
				continue
			}
			set := config.With(acctest.Values{name: r.String(name)})
			apply(t, r, set)
			apply(t, r, config)
		}
		if s.Count(y.Operation) != 1 {
			t.Errorf("the request log holds %v", s.RequestLog())
		}
	})
}

func TestUnknownIsAcceptedByUntaint(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.Ready(s).With(acctest.Briefly)
		s.Inject(p.Stall(y.Operation, sandbox.KindStallAfter))
		r := p.Resource(y.Type)
		if diags := r.Apply(config); !diags.HasError() || !r.Tainted {
			t.Fatalf("a stalled send ended with %s, tainted %t", diags, r.Tainted)
		}
		s.ClearFaults()
		r.Tainted = false // terraform untaint
		sent := s.Count(y.Operation)
		apply(t, r, config)
		if s.Count(y.Operation) != sent {
			t.Errorf("after untaint the request log is %v", s.RequestLog())
		}
		r.Tainted = true
		apply(t, r, config)
		if s.Count(y.Operation) != sent+1 || r.String("delivery") != "SENT" {
			t.Errorf("applying a tainted signal made the request log %v", s.RequestLog())
		}
	})
}

func TestSignalsCannotBeImported(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		diags := p.Resource(y.Type).Import("anything")
		if !diags.HasError() || !strings.Contains(diags.String(), y.Type) || !strings.Contains(diags.String(), "import") {
			t.Errorf("the import returned %s", diags)
		}
		if made := s.RequestLog(); len(made) > 0 {
			t.Errorf("importing made requests: %v", made)
		}
	})
}

// Another provider block plans nothing for a signal that was sent. If the signal is sent
// again, it goes to the region of the new block.
func TestAnotherProviderBlockSendsNothing(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		const elsewhere = "ap-south-1"
		config, r := y.Ready(s), p.Resource(y.Type)
		delete(config, "region")
		apply(t, r, config)
		made, region := len(s.RequestLog()), r.String("region")
		other := acctest.Sandbox(t, sandbox.Options{})
		block := acctest.Block(other.URL())
		for _, cloud := range []string{"aws", "alicloud"} {
			block[cloud] = block[cloud].(acctest.Values).With(acctest.Values{"region": elsewhere, "access_key": "another-access-key"})
		}
		r = r.On(acctest.StartProvider(t, block))
		if diags := r.Refresh(); len(diags) > 0 {
			t.Error(diags)
		}
		plan, diags := r.Plan(config)
		if len(diags) > 0 || len(plan.Replace) > 0 || !plan.Planned.Equal(r.State) || r.String("region") != region {
			t.Errorf("another block plans %s: %s", plan.Planned, diags)
		}
		if plan, diags = p.For(t).Resource(y.Type).On(r.Provider).Plan(config); diags.HasError() || r.Has("region") && plan.String("region") != elsewhere {
			t.Errorf("a new signal is planned as %s: %s", plan.Planned, diags)
		}
		if noneSince(t, s, made); len(other.RequestLog()) > 0 {
			t.Errorf("these requests were made: %v", other.RequestLog())
		}
	})
}

// No type becomes a signal or a wait. The error says what to do instead.
func TestSignalsCannotBeMoved(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		for _, name := range []string{y.Type, y.Type + "_wait"} {
			if !slices.Contains(p.Resources(), name) {
				continue
			}
			diags := p.Resource(name).Move("registry.terraform.io/a-mirror/signal", name, 0, `{"id": "7"}`)
			says(t, diags, true, "Unable to Move Resource State", "registry.terraform.io/a-mirror/signal", "terraform state replace-provider")
			for kind, provider := range map[string]string{"terraform_data": "terraform.io/builtin/terraform", "signal_other": "registry.terraform.io/terraform-provider-signal/signal"} {
				diags := p.Resource(name).Move(provider, kind, 0, `{"id": "7"}`)
				says(t, diags, true, "Unable to Move Resource State", "A "+kind, provider, "a "+name+":", "Remove the moved block", "destroy = false")
				if name == y.Type {
					says(t, diags, true, map[bool]string{true: "adopt_existing = true", false: `when = "destroy"`}[p.Resource(name).Has("adopt_existing")])
				}
			}
		}
		noneSince(t, s, 0)
	})
}

// "" is no region: the error says what to do.
func TestEmptyRegion(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		if r := p.Resource(y.Type); r.Has("region") {
			diags := r.Validate(y.Ready(s).With(acctest.Values{"region": ""}))
			says(t, diags, true, `Attribute region is ""`, "Leave region out", "null", "provider's region")
			if len(diags) != 1 || diags[0].Attribute != "region" {
				t.Error(diags)
			}
		}
	})
}

func TestTimeoutsAreChecked(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.Ready(s)
		for _, bad := range []string{"soon", "0s", "-1m", ""} {
			diags := p.Resource(y.Type).Validate(config.With(acctest.Values{"timeouts": acctest.Values{"create": bad}}))
			if len(diags) != 1 || diags[0].Attribute != "timeouts.create" {
				t.Errorf("timeouts.create = %q: %s", bad, diags)
			}
		}
	})
}

func TestUnknownValuesWait(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.Ready(s)
		for name := range config {
			unknown := config.With(acctest.Values{name: acctest.Unknown})
			if diags := p.Resource(y.Type).Validate(unknown); len(diags) > 0 {
				t.Errorf("an unknown %s: %s", name, diags)
			}
			if _, diags := p.Resource(y.Type).Plan(unknown); len(diags) > 0 {
				t.Errorf("an unknown %s: %s", name, diags)
			}
		}
	})
}
