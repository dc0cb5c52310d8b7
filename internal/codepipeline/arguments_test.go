package codepipeline_test

import (
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
)

var minimal = acctest.Values{"pipeline_name": "website", "stage_name": "Approve", "action_name": "Release", "status": "Approved"}

func TestArguments(t *testing.T) {
	r := acctest.StartProvider(t, nil).Resource("signal_codepipeline_approval")
	type test struct {
		config acctest.Values
		// at is the attribute at fault, "" if there is none; says is a part of the error.
		at, says string
	}
	with := func(name string, value any) acctest.Values { return minimal.With(acctest.Values{name: value}) }
	tests := map[string]test{
		"minimal":              {config: minimal},
		"rejected":             {config: with("status", "Rejected")},
		"no status":            {with("status", nil), "status", "required"},
		"approved":             {with("status", "approved"), "status", `"Approved"`},
		"unknown status":       {config: with("status", acctest.Unknown)},
		"empty summary":        {config: with("summary", "")},
		"summary of 512":       {config: with("summary", strings.Repeat("é", 512))},
		"summary of 513":       {with("summary", strings.Repeat("s", 513)), "summary", "512"},
		"unknown token":        {config: with("token", acctest.Unknown)},
		"waits without an id":  {config: with("wait_for_completion", true).With(acctest.Values{"wait_until_ready": true})},
		"adopts without an id": {with("adopt_existing", true), "adopt_existing", "without pipeline_execution_id or token"},
		"empty region":         {with("region", ""), "region", "region"},
	}
	for _, name := range []string{"pipeline_name", "stage_name", "action_name"} {
		tests["no "+name] = test{with(name, nil), name, "required"}
		tests["empty "+name] = test{with(name, ""), name, "1"}
		tests[name+" of 100"] = test{config: with(name, strings.Repeat("a", 100))}
		tests[name+" of 101"] = test{with(name, strings.Repeat("a", 101)), name, "100"}
		tests[name+" of all characters"] = test{config: with(name, "aZ09.@-_")}
		tests[name+" with a blank"] = test{with(name, "a b"), name, "letters"}
		tests[name+" with a slash"] = test{with(name, "a/b"), name, "letters"}
		tests[name+" with a newline"] = test{with(name, "a\n"), name, "letters"}
		tests[name+" that is unknown"] = test{config: with(name, acctest.Unknown)}
	}
	for _, name := range []string{"token", "pipeline_execution_id"} {
		tests[name] = test{config: with(name, systems.ID(1))}
		tests["empty "+name] = test{with(name, ""), name, "UUID"}
		tests["upper-case "+name] = test{with(name, strings.ToUpper(systems.ID(1))), name, "lower case"}
		tests["long "+name] = test{with(name, systems.ID(1)+"0"), name, "UUID"}
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			diags := r.Validate(test.config)
			if test.at == "" {
				if len(diags) > 0 {
					t.Errorf("refused: %s", diags)
				}
				return
			}
			found := false
			for _, d := range diags {
				found = found || (d.Attribute == test.at || strings.Contains(d.Detail, `"`+test.at+`" is required`)) && strings.Contains(d.Detail, test.says)
			}
			if !found {
				t.Errorf("said %q, want %q on %s", diags, test.says, test.at)
			}
		})
	}
}
