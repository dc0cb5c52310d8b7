package sfn_test

import (
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
)

const arn = "arn:aws:states:us-east-1:123456789012:execution:deploy:one"

var minimal = acctest.Values{"task_token": "t", "status": "SUCCESS", "output": "{}"}

func TestArguments(t *testing.T) {
	r := acctest.StartProvider(t, nil).Resource("signal_sfn_task")
	with := func(name string, value any) acctest.Values { return minimal.With(acctest.Values{name: value}) }
	failed := acctest.Values{"task_token": "t", "status": "FAILURE"}
	failedWith := func(name string, value any) acctest.Values { return failed.With(acctest.Values{name: value}) }
	secret := func(value any) acctest.Values {
		return with("output", nil).With(acctest.Values{"output_wo": value, "output_wo_version": 1})
	}
	for name, test := range map[string]struct {
		config acctest.Values
		// at is the attribute at fault, "" if there is none; says is a part of the error.
		at, says string
	}{
		"minimal":                   {config: minimal},
		"minimal failure":           {config: failed},
		"no token":                  {with("task_token", nil), "task_token", "task_token_wo"},
		"empty token":               {with("task_token", ""), "task_token", "1"},
		"token of 2048":             {config: with("task_token", strings.Repeat("é", 2048))},
		"token of 2049":             {with("task_token", strings.Repeat("t", 2049)), "task_token", "2048"},
		"write-only token of 2049":  {with("task_token", nil).With(acctest.Values{"task_token_wo": strings.Repeat("t", 2049)}), "task_token_wo", "2048"},
		"both tokens":               {with("task_token_wo", "t"), "task_token", "task_token_wo"},
		"no status":                 {with("status", nil), "status", "required"},
		"success":                   {with("status", "success"), "status", `"SUCCESS"`},
		"no output":                 {with("output", nil), "output", "jsonencode"},
		"unknown output":            {config: with("output", acctest.Unknown)},
		"unknown write-only output": {config: secret(acctest.Unknown)},
		"empty output":              {with("output", ""), "output", "JSON"},
		"output that is no JSON":    {with("output", "{"), "output", "JSON"},
		"two JSON texts":            {with("output", "{} {}"), "output", "JSON"},
		"a JSON number":             {config: with("output", "1")},
		"write-only output":         {config: secret("{}")},
		"write-only no JSON":        {secret("{"), "output_wo", "JSON"},
		"output of 262144 bytes":    {config: with("output", `"`+strings.Repeat("é", 131071)+`"`)},
		"output of 262145 bytes":    {with("output", `"`+strings.Repeat("é", 131071)+`x"`), "output", "262144"},
		"failure with output":       {failedWith("output", "{}"), "output", "SUCCESS"},
		"failure with output_wo":    {failedWith("output_wo", "{}"), "output_wo", "SUCCESS"},
		"success with error":        {with("error", "E"), "error", "FAILURE"},
		"success with cause":        {with("cause", "C"), "cause", "FAILURE"},
		"unknown status":            {config: with("status", acctest.Unknown).With(acctest.Values{"error": "E"})},
		"empty error":               {config: failedWith("error", "")},
		"error of 256":              {config: failedWith("error", strings.Repeat("é", 256))},
		"error of 257":              {failedWith("error", strings.Repeat("e", 257)), "error", "256"},
		"cause of 32768":            {config: failedWith("cause", strings.Repeat("é", 32768))},
		"cause of 32769":            {failedWith("cause", strings.Repeat("c", 32769)), "cause", "32768"},
		"empty ARN":                 {with("execution_arn", ""), "execution_arn", "1"},
		"ARN of 257":                {with("execution_arn", strings.Repeat("a", 257)), "execution_arn", "256"},
		"waits for readiness":       {with("wait_until_ready", true), "execution_arn", "wait_for_completion"},
		"waits for the end":         {with("wait_for_completion", true), "execution_arn", "wait_for_completion"},
		"waits with an ARN":         {config: with("wait_for_completion", true).With(acctest.Values{"execution_arn": arn})},
		"waits with an unknown ARN": {config: with("wait_for_completion", true).With(acctest.Values{"execution_arn": acctest.Unknown})},
		"does not wait":             {config: with("wait_for_completion", false)},
		"empty region":              {with("region", ""), "region", "region"},
	} {
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

func TestSecretsAreNotRepeated(t *testing.T) {
	const canary = "canary-4711"
	r := acctest.StartProvider(t, nil).Resource("signal_sfn_task")
	long := strings.Repeat(canary, 200)
	for _, config := range []acctest.Values{
		{"task_token": long}, {"task_token": nil, "task_token_wo": long}, {"task_token": canary, "task_token_wo": canary},
		{"output": "{" + canary}, {"output": nil, "output_wo": "{" + canary}, {"output": strings.Repeat(canary, 30000)},
	} {
		if diags := r.Validate(minimal.With(config)); !diags.HasError() || strings.Contains(diags.String(), canary) {
			t.Errorf("said %.300s", diags)
		}
	}
}
