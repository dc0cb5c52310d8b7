package ssm_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
)

const execution = "4105a4fc-f944-11e6-9d32-0a2ab12345ab"

// automation returns a resource that no test here applies.
func automation(t testing.TB) *acctest.Resource {
	t.Helper()
	return acctest.StartProvider(t, nil).Resource("signal_automation")
}

func repeat(item any, times int) []any {
	items := make([]any, times)
	for i := range items {
		items[i] = item
	}
	return items
}

func entries(n int) acctest.Values {
	payload := acctest.Values{}
	for i := range n {
		payload[fmt.Sprintf("key%d", i)] = []any{"value"}
	}
	return payload
}

func TestArguments(t *testing.T) {
	r := automation(t)
	approve := acctest.Values{"automation_execution_id": execution, "signal_type": "Approve"}
	payload := func(signalType string, value any) acctest.Values {
		return acctest.Values{"automation_execution_id": execution, "signal_type": signalType, "payload": value}
	}
	for name, test := range map[string]struct {
		config acctest.Values
		// at is the attribute at fault, "" if there is none; says is a part of the error.
		at, says string
	}{
		"no payload":              {config: approve},
		"no execution":            {approve.With(acctest.Values{"automation_execution_id": nil}), "automation_execution_id", "required"},
		"no signal type":          {approve.With(acctest.Values{"signal_type": nil}), "signal_type", "required"},
		"36 code points":          {config: approve.With(acctest.Values{"automation_execution_id": strings.Repeat("é", 36)})},
		"35 characters":           {approve.With(acctest.Values{"automation_execution_id": execution[1:]}), "automation_execution_id", "36, got: 35"},
		"37 characters":           {approve.With(acctest.Values{"automation_execution_id": execution + "0"}), "automation_execution_id", "36, got: 37"},
		"empty execution":         {approve.With(acctest.Values{"automation_execution_id": ""}), "automation_execution_id", "got: 0"},
		"not hexadecimal":         {config: approve.With(acctest.Values{"automation_execution_id": "b2bc0e75-4d48-4b7b-be9b-0cb5cEXAMPLE"})},
		"unknown execution":       {config: approve.With(acctest.Values{"automation_execution_id": acctest.Unknown})},
		"Reject":                  {config: approve.With(acctest.Values{"signal_type": "Reject"})},
		"Revoke":                  {config: approve.With(acctest.Values{"signal_type": "Revoke"})},
		"Deny":                    {approve.With(acctest.Values{"signal_type": "Deny"}), "signal_type", "use Reject"},
		"approve":                 {approve.With(acctest.Values{"signal_type": "approve"}), "signal_type", `"Approve"`},
		"empty signal type":       {approve.With(acctest.Values{"signal_type": ""}), "signal_type", "got"},
		"unknown signal type":     {config: payload("", nil).With(acctest.Values{"signal_type": acctest.Unknown})},
		"region":                  {config: approve.With(acctest.Values{"region": "ap-northeast-1"})},
		"empty region":            {approve.With(acctest.Values{"region": ""}), "region", "region"},
		"region with a space":     {approve.With(acctest.Values{"region": "eu central 1"}), "region", "eu-central-1"},
		"a comment":               {config: payload("Approve", acctest.Values{"Comment": []any{"Looks good"}})},
		"empty payload":           {payload("Approve", acctest.Values{}), "payload", "at least 1"},
		"200 entries":             {config: payload("Approve", entries(200))},
		"201 entries":             {payload("Approve", entries(201)), "payload", "200"},
		"key of 50":               {config: payload("Approve", acctest.Values{strings.Repeat("ü", 50): []any{"v"}})},
		"key of 51":               {payload("Approve", acctest.Values{strings.Repeat("k", 51): []any{"v"}}), "payload." + strings.Repeat("k", 51), "50"},
		"empty key":               {payload("Approve", acctest.Values{"": []any{"v"}}), "payload.", "1"},
		"50 items":                {config: payload("Approve", acctest.Values{"Comment": repeat("x", 50)})},
		"51 items":                {payload("Approve", acctest.Values{"Comment": repeat("x", 51)}), "payload.Comment", "50"},
		"no items":                {config: payload("Approve", acctest.Values{"Comment": []any{}})},
		"item of 512":             {config: payload("Approve", acctest.Values{"Comment": []any{strings.Repeat("日", 512)}})},
		"item of 513":             {payload("Approve", acctest.Values{"Comment": []any{strings.Repeat("x", 513)}}), "payload.Comment", "512"},
		"comment in lower case":   {payload("Approve", acctest.Values{"comment": []any{"x"}}), "payload.comment", "names the key Comment"},
		"an ARN":                  {approve.With(acctest.Values{"automation_execution_id": "arn:aws:ssm:us-east-1:123456789012:automation-execution/" + execution}), "automation_execution_id", "the id alone"},
		"empty item":              {payload("Approve", acctest.Values{"Comment": []any{""}}), "payload.Comment", "1"},
		"null item":               {payload("Approve", acctest.Values{"Comment": []any{nil}}), "payload.Comment", "null"},
		"null list":               {payload("Approve", acctest.Values{"Comment": nil}), "payload", "null"},
		"unknown payload":         {config: payload("Resume", acctest.Unknown)},
		"unknown list":            {config: payload("Resume", acctest.Values{"StepName": acctest.Unknown})},
		"unknown item":            {config: payload("Resume", acctest.Values{"StepName": []any{acctest.Unknown}})},
		"Resume with its step":    {config: payload("Resume", acctest.Values{"StepName": []any{"wait"}})},
		"Resume without":          {payload("Resume", nil), "payload", "StepName"},
		"Resume with another key": {payload("Resume", acctest.Values{"Comment": []any{"x"}}), "payload", "StepName"},
		"Resume with no step":     {payload("Resume", acctest.Values{"StepName": []any{}}), "payload.StepName", "StepName"},
		"StartStep with its step": {config: payload("StartStep", acctest.Values{"StepName": []any{"one"}})},
		"StartStep without":       {payload("StartStep", nil), "payload", "StepName"},
		"StopStep with its id":    {config: payload("StopStep", acctest.Values{"StepExecutionId": []any{execution}})},
		"StopStep without":        {payload("StopStep", nil), "payload", "StepExecutionId"},
		"StopStep with a name":    {payload("StopStep", acctest.Values{"StepName": []any{"one"}}), "payload", "StepExecutionId"},
	} {
		t.Run(name, func(t *testing.T) {
			diags := r.Validate(test.config)
			if test.at == "" {
				if len(diags) > 0 {
					t.Errorf("refused: %s", diags)
				}
				return
			}
			if len(diags) == 0 || diags[0].Attribute != test.at && !strings.Contains(diags[0].Detail, test.at) || !strings.Contains(diags.String(), test.says) {
				t.Errorf("said %q, want %q on %s", diags, test.says, test.at)
			}
		})
	}
}

// FuzzArguments validates any configuration. The validation neither panics nor accepts an
// execution id of another length.
func FuzzArguments(f *testing.F) {
	f.Add(execution, "Approve", "Comment", "Looks good")
	f.Add("", "Deny", "", "")
	f.Add(strings.Repeat("\xff", 36), "StopStep", "StepExecutionId", strings.Repeat("é", 512))
	r := automation(f)
	f.Fuzz(func(t *testing.T, id, signalType, key, item string) {
		id, signalType, key, item = strings.ToValidUTF8(id, "?"), strings.ToValidUTF8(signalType, "?"), strings.ToValidUTF8(key, "?"), strings.ToValidUTF8(item, "?")
		diags := r.For(t).Validate(acctest.Values{"automation_execution_id": id, "signal_type": signalType, "payload": acctest.Values{key: []any{item}}})
		if valid := len([]rune(id)) == 36; !valid && !diags.HasError() {
			t.Errorf("an execution id of %d characters passes", len([]rune(id)))
		}
	})
}
