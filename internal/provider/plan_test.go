package provider_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// The state does not record the signal of a destroy as another signal, which was never
// sent.
func TestAnotherSignalAfterADestroyThatSent(t *testing.T) {
	eachGate(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.Gate.Running(s, never).With(waiting).With(acctest.Briefly)
		s.Hook(y.Gate.Read, nil, nil) // The sandbox's time stands still.
		r := p.Resource(y.Type)
		plant(t, r, config)
		says(t, r.Destroy(), true, "Target Still Running")
		if r.String("delivery") != "SENT" {
			t.Fatalf("delivery is %q", r.String("delivery"))
		}
		sentOnce(t, y, s)
		made := len(s.RequestLog())
		for _, c := range changesOf(y, r) {
			if !c.sends || strings.Contains(c.name, "_wo") {
				continue
			}
			edited, change := r.On(p), acctest.Values{c.name: c.value}
			says(t, edited.Apply(config.With(change)), false, "Changing When Sends Nothing in Place")
			if isSent(edited) || edited.String("target_status") != "" {
				t.Errorf("with %v, a signal that was not sent is recorded as %s", change, edited.State)
			}
		}
		noneSince(t, s, made)
	})
}

// After a destroy that sent the signal and failed, an argument that is unknown at plan may
// turn out to be the same or another one. The plan agrees with the plan of the apply in
// either case.
func TestPlanWithUnknownArgumentsAfterADestroyThatSent(t *testing.T) {
	agree := func(t *testing.T, y system, s *sandbox.Sandbox, r *acctest.Resource, config acctest.Values) {
		t.Helper()
		// The region of the provider block may have changed, too.
		block := acctest.Block(s.URL())
		for _, cloud := range []string{"aws", "alicloud"} {
			block[cloud] = block[cloud].(acctest.Values).With(acctest.Values{"region": "eu-central-1"})
		}
		elsewhere := r.On(acctest.StartProvider(t, block))
		was := r.String("delivery")
		for _, c := range changesOf(y, r) {
			if !c.sends || strings.Contains(c.name, "_wo") {
				continue
			}
			for _, when := range []string{"destroy", "apply"} {
				same := config.With(acctest.Values{"when": when})
				part, another := same.With(acctest.Values{c.name: acctest.Unknown}), same.With(acctest.Values{c.name: c.value})
				if c.name == "triggers" {
					part["triggers"] = acctest.Values{"release": acctest.Unknown}
				}
				for _, whole := range []acctest.Values{same, another} {
					if r.Validate(whole).HasError() {
						continue // The argument needs others.
					}
					says(t, r.Final(part, whole), false)
					says(t, elsewhere.Final(part, whole), false)
				}
				_, diags := r.Plan(part)
				says(t, diags, false, "An earlier destroy sent the signal", "The value of "+c.name+" is not known before the apply")
				if _, diags := r.Plan(another); strings.Contains(diags.String(), "not known") {
					t.Error(diags)
				}
			}
		}
		if n := y.Naming; n != nil && config[n.Name] != nil {
			// The id that was found may replace the name.
			by := func(id any) acctest.Values {
				return config.With(atDestroy).With(acctest.Values{n.Name: nil, n.Filter: nil, n.ID: id})
			}
			says(t, r.Final(by(acctest.Unknown), by(r.String(n.ID))), false)
			_, diags := r.Plan(by(acctest.Unknown))
			says(t, diags, false, "The value of "+n.ID+" is not known before the apply")
		}
		if apply(t, r, config.With(atDestroy)); r.String("delivery") != was {
			t.Errorf("an apply without a change left delivery = %q", r.String("delivery"))
		}
	}
	config := func(ready acctest.Values) acctest.Values {
		return ready.With(acctest.Briefly).With(acctest.Values{"triggers": acctest.Values{"release": "1"}})
	}
	t.Run("UNKNOWN", func(t *testing.T) {
		eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
			config, r := config(y.Ready(s)), p.Resource(y.Type)
			plant(t, r, config)
			s.Inject(p.Stall(y.Operation, sandbox.KindStallAfter))
			says(t, r.Destroy(), true, "Outcome of the Signal Unknown")
			agree(t, y, s, r, config)
		})
	})
	t.Run("SENT", func(t *testing.T) {
		eachGate(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
			config, r := config(y.Gate.Running(s, never)).With(waiting), p.Resource(y.Type)
			s.Hook(y.Gate.Read, nil, nil) // The sandbox's time stands still.
			plant(t, r, config)
			says(t, r.Destroy(), true, "Target Still Running")
			agree(t, y, s, r, config)
		})
	})
}

// A plan of a creation may be part of a replacement, which sends the signal of the existing
// resource. So the plan does not say that nothing is sent.
func TestPlanOfASignalAtDestroyPromisesNothing(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		_, diags := p.Resource(y.Type).Plan(y.Ready(s).With(atDestroy))
		says(t, diags, false, "Signal Is Sent at Destroy", "-replace", "replace_triggered_by")
		if strings.Contains(diags.String(), "Nothing is sent") {
			t.Error(diags)
		}
	})
}

// A plan that changes when to "apply" and replaces the resource because of a taint sends
// both signals, and says so. After a refresh, Terraform plans it like a creation.
func TestPlanOfATaintedSignalThatWasForTheDestroy(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		const warning = "Signal Is Sent at Destroy"
		config, r := y.Ready(s), p.Resource(y.Type)
		quiet := func(name string) {
			t.Helper()
			if _, diags := p.Resource(y.Type).Plan(config); len(diags) > 0 {
				t.Errorf("%s: the plan of a creation said %s", name, diags)
			}
		}
		quiet("before")
		plant(t, r, config)
		quiet("not refreshed")
		refresh := func() {
			t.Helper()
			if diags := r.Refresh(); len(diags) > 0 {
				t.Fatal(diags)
			}
		}
		refresh()
		_, diags := p.Resource(y.Type).Plan(config)
		if at := slices.IndexFunc(diags, func(d acctest.Diagnostic) bool { return d.Attribute == "when" && d.Summary == warning }); len(diags) != 1 || at != 0 {
			t.Errorf("the plan of what may be a replacement said %s", diags)
		}
		// If the resource is not tainted, Terraform continues a plan from the state.
		if _, diags := r.Plan(config.With(atDestroy)); len(diags) > 0 {
			t.Error(diags)
		}
		quiet("planned")
		refresh()
		_, diags = r.Plan(config)
		says(t, diags, false, "Changing When Sends Nothing in Place", "-replace")
		quiet("planned to be disarmed")
		// Terraform validates a tainted resource after its refresh, so a creation that it has
		// validated before is not the replacement.
		if diags := p.Resource(y.Type).Validate(config); len(diags) > 0 {
			t.Fatal(diags)
		}
		refresh()
		quiet("validated before the refresh")
		if diags := p.Resource(y.Type).Validate(config); len(diags) > 0 {
			t.Fatal(diags)
		}
		_, diags = p.Resource(y.Type).Plan(config)
		says(t, diags, false, warning, r.String("id"), "does not tell the provider")
		refresh()
		says(t, r.Destroy(), false)
		quiet("destroyed")
	})
}

// A changed argument whose value is unknown may turn out the same, and the signal is still
// sent again. The plan warns at the argument.
func TestPlanWarnsOfUnknownArguments(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		for _, c := range changesOf(y, p.Resource(y.Type)) {
			if !c.sends {
				continue
			}
			config, r := y.Ready(s), p.Resource(y.Type)
			apply(t, r, c.before(config))
			unknown := c.after(config).With(acctest.Values{c.name: acctest.Unknown})
			if c.name == "triggers" {
				unknown["triggers"] = acctest.Values{"release": acctest.Unknown}
			}
			_, diags := r.Plan(unknown)
			at := slices.IndexFunc(diags, func(d acctest.Diagnostic) bool { return d.Attribute == c.name && d.Summary == "Signal Is Sent Again" })
			if len(diags) != 1 || at != 0 || diags.HasError() || strings.Contains(diags.String(), "adopt_existing") != r.Has("adopt_existing") {
				t.Errorf("an unknown %s is planned with %s", c.name, diags)
			}
			if _, diags := r.Plan(c.after(config)); len(diags) > 0 {
				t.Errorf("another %s is planned with %s", c.name, diags)
			}
		}
	})
}

// A plan shows the region only if the configuration or the provider block has it. The
// environment may have another one at the apply.
func TestRegionIsPlanned(t *testing.T) {
	t.Setenv("AWS_REGION", "eu-west-1")
	t.Setenv("ALIBABA_CLOUD_REGION", "cn-beijing")
	s := acctest.Sandbox(t, sandbox.Options{})
	block := acctest.Block(s.URL())
	var nowhere, unknown acctest.Values
	for name, region := range map[*acctest.Values]any{&nowhere: nil, &unknown: acctest.Unknown} {
		*name = block.With(acctest.Values{})
		for _, cloud := range []string{"aws", "alicloud"} {
			(*name)[cloud] = block[cloud].(acctest.Values).With(acctest.Values{"region": region})
		}
	}
	for name, test := range map[string]struct {
		block  acctest.Values
		region any
		want   func(blocks string) string
	}{
		"the block says it":               {block, nil, func(blocks string) string { return blocks }},
		"the configuration says it":       {block, "ap-south-1", func(string) string { return "ap-south-1" }},
		"it is to be known later":         {block, acctest.Unknown, func(string) string { return "" }},
		"the environment says it":         {nowhere, nil, func(string) string { return "" }},
		"the configuration says it alone": {nowhere, "ap-south-1", func(string) string { return "ap-south-1" }},
		"the block says it later":         {unknown, nil, func(string) string { return "" }},
	} {
		t.Run(name, func(t *testing.T) {
			p := acctest.StartProvider(t, test.block)
			for _, y := range systems.All {
				r := p.Resource(y.Type)
				if !r.Has("region") {
					continue
				}
				plan, diags := r.Plan(y.Ready(s).With(acctest.Values{"region": test.region}))
				if diags.HasError() {
					t.Fatal(diags)
				}
				if planned, want := plan.String("region"), test.want(map[string]string{"aws": "us-east-1", "alicloud": "cn-hangzhou"}[y.Block]); planned != want {
					t.Errorf("%s is planned in the region %q, want %q", y.Type, planned, want)
				}
			}
		})
	}
}
