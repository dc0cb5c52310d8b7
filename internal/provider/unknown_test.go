package provider_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// When an action is invoked, it checks values that were unknown at plan before it sends.
func TestActionsAreCheckedWhenInvoked(t *testing.T) {
	payload := func(value any) acctest.Values { return acctest.Values{"payload": value} }
	resume := acctest.Values{"signal_type": "Resume"}
	for name, test := range map[string]struct {
		action string
		// known are the values that are known at plan. later are the others.
		known, later acctest.Values
		at           string
	}{
		"a timeout that is none":        {"signal_automation", nil, acctest.Values{"timeout": "garbage"}, "timeout"},
		"a timeout that is too long":    {"signal_automation", nil, acctest.Values{"timeout": "1000h"}, "timeout"},
		"a short execution id":          {"signal_automation", nil, acctest.Values{"automation_execution_id": "short"}, "automation_execution_id"},
		"a signal type that is none":    {"signal_automation", nil, acctest.Values{"signal_type": "Deny"}, "signal_type"},
		"a payload without a list":      {"signal_automation", nil, payload(acctest.Values{"Comment": nil}), "payload"},
		"a payload without a step name": {"signal_automation", resume, payload(acctest.Values{"Comment": []any{"x"}}), "payload"},
		"a status that is none":         {"signal_stack_resource", nil, acctest.Values{"status": "MAYBE"}, "status"},
		"an empty stack id":             {"signal_stack_resource", nil, acctest.Values{"stack_id": ""}, "stack_id"},
		"a long signal name":            {"signal_workflow_execution", nil, acctest.Values{"signal_name": ""}, "signal_name"},
		"a status of another type":      {"signal_oos_execution", nil, acctest.Values{"execution_status": "Success"}, "execution_status"},
		"a job id that is none":         {"signal_http_trigger", nil, acctest.Values{"job_id": "../jobs"}, "job_id"},
	} {
		t.Run(name, func(t *testing.T) {
			s := acctest.Sandbox(t, sandbox.Options{})
			p := acctest.StartProvider(t, acctest.Block(s.URL()))
			for _, y := range systems.All {
				if y.Type != test.action || !y.HasAction {
					continue
				}
				config := y.Ready(s).With(test.known)
				if config[test.at] == nil && y.LooksUp {
					continue // Another argument identifies its target.
				}
				s.ResetRequestLog()
				unknown := config.With(test.later)
				for name := range test.later {
					unknown[name] = acctest.Unknown
				}
				diags := p.Action(y.Type).InvokeLater(unknown, config.With(test.later))
				if len(diags) != 1 || !diags[0].Error || diags[0].Attribute != test.at {
					t.Errorf("said %s, want one error at %s", diags, test.at)
				}
				if made := s.RequestLog(); len(made) > 0 {
					t.Errorf("these requests were made: %v", made)
				}
			}
		})
	}
}

// An unknown argument may turn out to be null or not, so validation refuses no
// configuration because of it.
func TestUnknownArgumentIsNeitherGivenNorMissing(t *testing.T) {
	each := func(t *testing.T, kinds map[string]tftypes.Type, config acctest.Values, check func(acctest.Values) acctest.Diagnostics) {
		t.Helper()
		others, none := config.With(nil), acctest.Values{}
		for name := range kinds {
			if diags := check(config.With(acctest.Values{name: acctest.Unknown})); diags.HasError() {
				t.Errorf("with an unknown %s: %s", name, diags)
			}
			if none[name] = acctest.Unknown; config[name] == nil {
				others[name] = acctest.Unknown
			}
		}
		for what, unknown := range map[string]acctest.Values{"others": others, "all": none} {
			if diags := check(unknown); diags.HasError() {
				t.Errorf("with %s unknown: %s", what, diags)
			}
		}
	}
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config, r := y.Ready(s), p.Resource(y.Type)
		each(t, r.Attributes(false), config, r.Validate)
		each(t, r.Attributes(false), config, func(config acctest.Values) acctest.Diagnostics {
			_, diags := r.Plan(config)
			return diags
		})
		if y.HasAction {
			action := p.Action(y.Type)
			each(t, action.Arguments(), config, action.Validate)
			each(t, action.Arguments(), config, action.Plan)
		}
		if y.Gate != nil {
			wait, watched := p.Resource(y.Type+"_wait"), acctest.Values{}
			for name := range wait.Attributes(false) {
				if config[name] != nil {
					watched[name] = config[name]
				}
			}
			each(t, wait.Attributes(false), watched, wait.Validate)
		}
	})
}

// Validation refuses no signal at destroy because of a write-only argument that may turn
// out to be null.
func TestUnknownWriteOnlyArgumentAtDestroyWaits(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		for name := range y.Unseen {
			config, r := y.Ready(s).With(atDestroy), p.Resource(y.Type)
			if diags := r.Validate(config.With(acctest.Values{name: acctest.Unknown})); diags.HasError() {
				t.Error(diags)
			}
			says(t, r.Validate(config.With(acctest.Values{name: "x"})), true, "Write-Only Argument at Destroy")
			says(t, r.ApplyLater(config.With(acctest.Values{name: acctest.Unknown}), config.With(acctest.Values{name: nil})), false)
		}
	})
}

// unconfigured is a provider whose secrets are unknown.
func unconfigured(t *testing.T, s *sandbox.Sandbox) *acctest.Provider {
	t.Helper()
	block := acctest.Block(s.URL())
	for _, cloud := range []string{"aws", "alicloud", "cloud_automator", "temporal"} {
		secret := map[string]string{"cloud_automator": "api_key", "temporal": "api_key"}[cloud]
		if secret == "" {
			secret = "secret_key"
		}
		block[cloud] = block[cloud].(acctest.Values).With(acctest.Values{secret: acctest.Unknown})
	}
	return acctest.StartProvider(t, block)
}

// A provider with an unknown configuration plans what it can. If the client allows it, it
// defers the rest.
func TestUnknownProviderConfiguration(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		unknown := unconfigured(t, s)
		config := y.Ready(s)
		_, byURL := config["url"]
		for _, allowed := range []bool{false, true} {
			unknown.DeferralAllowed = allowed
			for _, when := range []string{"apply", "destroy"} {
				plan, diags := unknown.Resource(y.Type).Plan(config.With(acctest.Values{"when": when}))
				if diags.HasError() || plan.Deferred != (allowed && !byURL) {
					t.Errorf("deferral allowed: %t, the plan is deferred: %t, and says %s", allowed, plan.Deferred, diags)
				}
			}
		}
		if y.Gate == nil {
			return
		}
		r := p.Resource(y.Type)
		r.Apply(y.Gate.Running(s, never).With(waiting).With(acctest.Briefly))
		made := len(s.RequestLog())
		for _, allowed := range []bool{false, true} {
			unknown.DeferralAllowed = allowed
			elsewhere := r.On(unknown)
			if diags := elsewhere.Refresh(); diags.HasError() || elsewhere.Deferred != allowed || !elsewhere.State.Equal(r.State) {
				t.Errorf("deferral allowed: %t, the refresh is deferred: %t, and says %s", allowed, elsewhere.Deferred, diags)
			}
		}
		noneSince(t, s, made)
	})
}

// Every action is deferred as its resource is, and never if the client does not allow it:
// Terraform 1.14 and 1.15 do not allow it when a resource triggers the action, and would fail
// the plan.
func TestUnknownProviderConfigurationOfActions(t *testing.T) {
	s := acctest.Sandbox(t, sandbox.Options{})
	configs := map[string][]acctest.Values{"signal_sfn_task_heartbeat": {{"task_token": "token1"}}}
	for _, y := range systems.All {
		if y.HasAction {
			configs[y.Type] = append(configs[y.Type], y.Ready(s))
		}
	}
	known, unknown := acctest.StartProvider(t, acctest.Block(s.URL())), unconfigured(t, s)
	for _, name := range known.Actions() {
		t.Run(name, func(t *testing.T) {
			if len(configs[name]) == 0 {
				t.Error("the test has no configuration for it")
			}
			for _, config := range configs[name] {
				for _, allowed := range []bool{false, true} {
					known.DeferralAllowed, unknown.DeferralAllowed = allowed, allowed
					for p, deferred := range map[*acctest.Provider]bool{known: false, unknown: allowed} {
						a := p.Action(name)
						if diags := a.Plan(config); len(diags) > 0 || a.Deferred != deferred {
							t.Errorf("deferral allowed: %t, configuration unknown: %t, the plan is deferred: %t, and says %s", allowed, p == unknown, a.Deferred, diags)
						}
						if diags := a.Plan(config.With(acctest.Values{"timeout": "soon"})); !diags.HasError() || a.Deferred {
							t.Errorf("deferral allowed: %t, configuration unknown: %t, the plan of a wrong timeout is deferred: %t, and says %s", allowed, p == unknown, a.Deferred, diags)
						}
					}
				}
			}
		})
	}
	noneSince(t, s, 0)
}
