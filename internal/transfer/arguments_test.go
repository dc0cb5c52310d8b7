package transfer_test

import (
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
)

const (
	workflow  = "w-0123456789abcdefz"
	execution = "4105a4fc-F944-11e6-9d32-0a2ab12345AB"
)

var minimal = acctest.Values{"workflow_id": workflow, "execution_id": execution, "status": "SUCCESS", "token": "Token_1"}

func TestArguments(t *testing.T) {
	r := acctest.StartProvider(t, nil).Resource("signal_workflow_step_state")
	with := func(name string, value any) acctest.Values { return minimal.With(acctest.Values{name: value}) }
	secret := func(value any) acctest.Values {
		return minimal.With(acctest.Values{"token": nil, "token_wo": value, "token_wo_version": 1})
	}
	for name, test := range map[string]struct {
		config acctest.Values
		// at is the attribute at fault, "" if there is none; says is a part of the error.
		at, says string
	}{
		"minimal":                {config: minimal},
		"no workflow":            {with("workflow_id", nil), "workflow_id", "required"},
		"no execution":           {with("execution_id", nil), "execution_id", "required"},
		"no status":              {with("status", nil), "status", "required"},
		"empty workflow":         {with("workflow_id", ""), "workflow_id", "17"},
		"workflow of 18":         {with("workflow_id", workflow[:18]), "workflow_id", "17"},
		"workflow of 20":         {with("workflow_id", workflow+"0"), "workflow_id", "17"},
		"workflow in capitals":   {with("workflow_id", "w-0123456789ABCDEF0"), "workflow_id", "lowercase"},
		"workflow and a newline": {with("workflow_id", workflow+"\n"), "workflow_id", "17"},
		"another's prefix":       {with("workflow_id", "s-0123456789abcdef0"), "workflow_id", "w-"},
		"accented workflow":      {with("workflow_id", "w-0123456789abcdefé"), "workflow_id", "17"},
		"empty execution":        {with("execution_id", ""), "execution_id", "UUID"},
		"execution of 35":        {with("execution_id", execution[:35]), "execution_id", "UUID"},
		"execution of 37":        {with("execution_id", execution+"0"), "execution_id", "UUID"},
		"not hexadecimal":        {with("execution_id", "g"+execution[1:]), "execution_id", "UUID"},
		"dashes elsewhere":       {with("execution_id", "4105a4fcF-944-11e6-9d32-0a2ab12345AB"), "execution_id", "UUID"},
		"FAILURE":                {config: with("status", "FAILURE")},
		"success":                {with("status", "success"), "status", `"SUCCESS"`},
		"empty status":           {with("status", ""), "status", "FAILURE"},
		"no token":               {with("token", nil), "token", "token_wo"},
		"version and no token":   {minimal.With(acctest.Values{"token": nil, "token_wo_version": 1}), "token_wo_version", "token_wo"},
		"token of 1":             {config: with("token", "_")},
		"token of 64":            {config: with("token", strings.Repeat("Z", 64))},
		"token of 65":            {with("token", strings.Repeat("z", 65)), "token", "64"},
		"empty token":            {with("token", ""), "token", "1 to 64"},
		"token with a dash":      {with("token", "a-b"), "token", "underscores"},
		"token with an accent":   {with("token", "é"), "token", "underscores"},
		"token and a newline":    {with("token", "a\n"), "token", "underscores"},
		"write-only":             {config: secret("Token_1")},
		"write-only of 64":       {config: secret(strings.Repeat("9", 64))},
		"write-only of 65":       {secret(strings.Repeat("9", 65)), "token_wo", "64"},
		"empty write-only":       {secret(""), "token_wo", "1 to 64"},
		"write-only, versioned":  {config: secret("a").With(acctest.Values{"token_wo_version": 1})},
		"write-only, no version": {minimal.With(acctest.Values{"token": nil, "token_wo": "b"}), "token_wo", "Set token_wo_version"},
		"version of the other":   {with("token_wo_version", 1), "token_wo_version", "token_wo"},
		"both":                   {with("token_wo", "b"), "token", "token_wo"},
		"both, one unknown":      {config: with("token_wo", acctest.Unknown)},
		"unknown write-only":     {config: secret(acctest.Unknown)},
		"unknown version":        {config: secret("a").With(acctest.Values{"token_wo_version": acctest.Unknown})},
		"empty region":           {with("region", ""), "region", "region"},
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

func TestTokenIsNotRepeated(t *testing.T) {
	const canary = "canary-4711"
	r := acctest.StartProvider(t, nil).Resource("signal_workflow_step_state")
	for _, token := range []acctest.Values{{"token": canary}, {"token": nil, "token_wo": canary}, {"token": canary, "token_wo": canary}} {
		if diags := r.Validate(minimal.With(token)); !diags.HasError() || strings.Contains(diags.String(), canary) {
			t.Errorf("said %s", diags)
		}
	}
}
