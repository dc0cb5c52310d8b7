package provider_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// options are the arguments that all resources share and that say how to send, not what.
// Each value differs from the default.
var options = acctest.Values{
	"when":                "destroy",
	"timeouts":            acctest.Values{"create": "3m"},
	"wait_until_ready":    true,
	"wait_for_completion": true,
	"on_wait_failure":     "record",
	"adopt_existing":      true,
	"resend_on_unknown":   true,
}

var anotherTrigger = acctest.Values{"triggers": acctest.Values{"release": "another"}}

// change is another value of one argument, and what the change of this argument alone does.
type change struct {
	name  string
	value any
	// sends says that the change makes another signal, and seen that a plan shows the
	// change.
	sends, seen bool
	// needs are arguments without which validation refuses the change.
	needs acctest.Values
}

// changes returns a change for each argument of a system's resource for which the table has
// a value, in the order of the schema.
func changesOf(y system, r *acctest.Resource) (changes []change) {
	for _, argument := range r.Arguments() {
		for _, kind := range []struct {
			values      acctest.Values
			sends, seen bool
		}{
			{y.Resends.With(anotherTrigger), true, true},
			{y.Recorded.With(options), false, true},
			{y.Unseen, false, false},
		} {
			if value, has := kind.values[argument.Name]; has {
				made := change{name: argument.Name, value: value, sends: kind.sends, seen: kind.seen}
				if argument.Name == "adopt_existing" {
					made.needs = y.AdoptsWith()
				}
				changes = append(changes, made)
			}
		}
	}
	return changes
}

// before returns the configuration before a change. If the change is one of a write-only
// argument, it replaces the argument that is kept.
func (c change) before(config acctest.Values) acctest.Values {
	kept, _, writeOnly := strings.Cut(c.name, "_wo")
	config = config.With(c.needs)
	if !writeOnly {
		return config
	}
	return config.With(acctest.Values{kept: nil, kept + "_wo": config[kept], kept + "_wo_version": 1})
}

func (c change) after(config acctest.Values) acctest.Values {
	return c.before(config).With(acctest.Values{c.name: c.value})
}

// The test fails if an argument is added and this file does not say what its change does.
func TestEveryArgumentIsKnownToSendAgainOrNot(t *testing.T) {
	p := acctest.StartProvider(t, nil)
	known := map[string]map[string]int{}
	for _, y := range systems.All {
		if known[y.Type] == nil {
			known[y.Type] = map[string]int{}
		}
		for _, c := range changesOf(y, p.Resource(y.Type)) {
			known[y.Type][c.name]++
		}
		for name := range y.Together {
			known[y.Type][name]++
		}
		for _, values := range []acctest.Values{y.Resends, y.Recorded, y.Unseen, y.Together} {
			for name := range values {
				if known[y.Type][name] == 0 {
					t.Errorf("%s has no argument %s", y.Type, name)
				}
			}
		}
	}
	for resource, names := range known {
		for _, argument := range p.Resource(resource).Arguments() {
			if names[argument.Name] == 0 {
				t.Errorf("nothing says whether a change of %s.%s sends the signal again: add it to Resends, Recorded or Unseen in its row of the table, or to the options", resource, argument.Name)
			}
		}
	}
}

// For each argument, a change of it alone sends the signal again or does not, as the table
// says. The plan, the apply and a plan with an unknown value agree on that.
func TestEveryChangeAlone(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, _ *sandbox.Sandbox, p *acctest.Provider) {
		for _, c := range changesOf(y, p.Resource(y.Type)) {
			t.Run(c.name, func(t *testing.T) {
				// A read that a timeout has cut off may arrive late. It must not count for
				// another change.
				s := acctest.Sandbox(t, sandbox.Options{})
				p := acctest.StartProvider(t, acctest.Block(s.URL()))
				// No target of this test ends, so no signal waits for the end.
				config := y.Ready(s).With(acctest.Values{"timeouts": acctest.Values{"update": "50ms"}})
				r := p.Resource(y.Type)
				apply(t, r, c.before(config))
				made := len(s.RequestLog())

				c.plans(t, r, c.after(config), c.sends, c.seen)
				if c.name != "when" { // It must be known.
					c.plans(t, r, c.after(config).With(acctest.Values{c.name: acctest.Unknown}), c.sends, c.seen)
				}
				if now := len(s.RequestLog()); now != made {
					t.Errorf("planning made requests: %v", s.RequestLog())
				}
				said := r.Apply(c.after(config))
				if sent := s.Count(y.Operation) - 1; sent != map[bool]int{true: 1}[c.sends] {
					t.Errorf("it was sent %d more times, and the apply returned %s:\n%v", sent, said, s.RequestLog())
				}
				if waits := c.name == "wait_for_completion"; !c.sends && !waits && (said.HasError() || len(s.RequestLog()) != made) {
					t.Errorf("the apply returned %s and made the requests %v", said, s.RequestLog())
				}
			})
		}
	})
}

func (c change) plans(t *testing.T, r *acctest.Resource, config acctest.Values, replaces, changes bool) {
	t.Helper()
	plan, diags := r.Plan(config)
	if diags.HasError() {
		t.Error(diags)
	}
	if slices.Contains(plan.Replace, c.name) != replaces || len(plan.Replace) > 0 != replaces {
		t.Errorf("with %v it is replaced for %q", config, plan.Replace)
	}
	if plan.Planned.Equal(r.State) == changes {
		t.Errorf("with %v it is planned as %s", config, plan.Planned)
	}
}

// Removing an argument from the configuration makes another signal, like changing it,
// unless the provider fills in the argument.
func TestEveryArgumentTakenOut(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		for _, argument := range p.Resource(y.Type).Arguments() {
			for _, c := range changesOf(y, p.Resource(y.Type)) {
				if c.name != argument.Name || !c.sends || argument.Required || argument.Computed {
					continue
				}
				s.Reset()
				config, r := y.Ready(s), p.Resource(y.Type)
				without := c.before(config).With(acctest.Values{c.name: nil})
				if r.Validate(without).HasError() {
					continue // It is required.
				}
				apply(t, r, c.after(config))
				apply(t, r, without)
				if s.Count(y.Operation) != 2 || s.Accepted(y.Operation) != 2 {
					t.Errorf("without %s the request log is %v", c.name, s.RequestLog())
				}
			}
		}
	})
}

// Until a signal at destroy has been sent, every change is an update in place.
func TestEveryChangeBeforeASignalAtDestroy(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.Ready(s)
		s.ResetRequestLog()
		for _, c := range changesOf(y, p.Resource(y.Type)) {
			r := p.Resource(y.Type)
			after := c.after(config).With(atDestroy)
			if strings.Contains(c.name, "_wo") {
				says(t, r.Validate(after), true, "Write-Only Argument at Destroy")
				continue
			}
			plant(t, r, config)
			c.plans(t, r, after, false, c.name != "when")
			if diags := r.Apply(after); diags.HasError() {
				t.Errorf("changing %s said %s", c.name, diags)
			}
		}
		if made := s.RequestLog(); len(made) > 0 {
			t.Errorf("these requests were made: %v", made)
		}
	})
}

// Another release of the provider reads the state, and plans and sends nothing.
func TestAnotherReleaseSendsNothing(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.Ready(s)
		r := p.Resource(y.Type)
		apply(t, r, config)
		made := len(s.RequestLog())
		newer := acctest.StartRelease(t, "99.0.0", acctest.Block(s.URL())).Resource(y.Type)
		if diags := newer.Upgrade(r.Stored()); len(diags) > 0 {
			t.Fatal(diags)
		}
		if diags := newer.Refresh(); len(diags) > 0 || !newer.State.Equal(r.State) {
			t.Errorf("a refresh says %s and makes %s of %s", diags, newer.State, r.State)
		}
		if plan, diags := newer.Plan(config); len(diags) > 0 || !plan.Planned.Equal(r.State) {
			t.Errorf("the plan says %s and is %s", diags, plan.Planned)
		}
		apply(t, newer, config)
		if diags := newer.Destroy(); len(diags) > 0 {
			t.Error(diags)
		}
		if len(s.RequestLog()) != made {
			t.Errorf("the request log is %v", s.RequestLog())
		}
	})
}
