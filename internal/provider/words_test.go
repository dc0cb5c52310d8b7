package provider_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// If a signal cannot even be prepared, the error does not say that applying again would
// help.
func TestConfigurationErrorsSayToCorrectThem(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, _ *acctest.Provider) {
		block := acctest.Block(s.URL())
		block["aws"] = block["aws"].(acctest.Values).With(acctest.Values{"forbidden_account_ids": []any{"123456789012"}})
		block["alicloud"] = block["alicloud"].(acctest.Values).With(acctest.Values{"region": nil})
		block["cloud_automator"], block["temporal"] = acctest.Values{}, acctest.Values{}
		config := y.Ready(s)
		if _, byURL := config["url"]; byURL {
			return // It needs nothing.
		}
		diags := acctest.StartProvider(t, block).Resource(y.Type).Apply(config)
		says(t, diags, true, "Signal Not Sent", "once this is corrected")
		if said := diags.String(); strings.Contains(said, "Applying again sends it.") || regexp.MustCompile(`[^.]\.\.(\s|$)`).MatchString(said) {
			t.Error(said)
		}
	})
}

// An error that ends with a full stop, such as that of a missing profile, is not followed by
// another one.
func TestErrorsEndWithOneFullStop(t *testing.T) {
	doubled := regexp.MustCompile(`[^.]\.\.(\s|$)`)
	eachGate(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.Gate.Running(s, never)
		block := acctest.Block(s.URL())
		for _, cloud := range []string{"aws", "alicloud"} {
			block[cloud] = block[cloud].(acctest.Values).With(acctest.Values{"profile": "missing", "access_key": nil, "secret_key": nil})
		}
		block["temporal"] = acctest.Values{}
		broken := acctest.StartProvider(t, block)
		wait := broken.Resource(y.Type + "_wait")
		for summary, diags := range map[string]acctest.Diagnostics{
			"Signal Not Sent":  broken.Resource(y.Type).Apply(config),
			"Wait Not Started": wait.Apply(waitFor(wait, config)),
		} {
			says(t, diags, true, summary)
			if said := diags.String(); doubled.MatchString(said) {
				t.Error(said)
			}
		}
	})
}

// The refusal of an import says what to do instead, and what it says works.
func TestImportNamesWhatToDoInstead(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		r := p.Resource(y.Type)
		diags := r.Import("anything")
		if r.Has("adopt_existing") {
			says(t, diags, true, "adopt_existing = true")
			return
		}
		says(t, diags, true, `when = "destroy"`)
		config := y.Ready(s)
		s.ResetRequestLog()
		plant(t, r, config)
		says(t, r.Apply(config), false, "Changing When Sends Nothing in Place")
		apply(t, r, config)
		if diags := r.Destroy(); len(diags) > 0 || len(s.RequestLog()) > 0 {
			t.Errorf("said %s and made %v", diags, s.RequestLog())
		}
	})
}

// The error of an invalid timeout names the timeout, and gives no example that is refused.
func TestTimeoutsAreNamed(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		for _, name := range []string{"create", "update", "delete"} {
			diags := p.Resource(y.Type).Validate(y.Ready(s).With(acctest.Values{"timeouts": acctest.Values{name: "soon"}}))
			says(t, diags, true, "timeouts."+name, "30s or 1h30m")
			if strings.Contains(diags.String(), "-1.5h") {
				t.Error(diags)
			}
		}
	})
}

// Options without an effect lead to warnings.
func TestOptionWithoutAWaitIsTold(t *testing.T) {
	eachGate(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config, r := y.Ready(s).With(acctest.Values{"on_wait_failure": "record"}), p.Resource(y.Type)
		says(t, r.Validate(config), false, "Option Does Nothing")
		for _, wait := range []any{true, acctest.Unknown} {
			if diags := r.Validate(config.With(acctest.Values{"wait_for_completion": wait})); len(diags) > 0 {
				t.Error(diags)
			}
		}
	})
}
