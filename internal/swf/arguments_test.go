package swf_test

import (
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
)

var minimal = acctest.Values{"domain": "orders", "workflow_id": "order-1", "signal_name": "release"}

func TestArguments(t *testing.T) {
	r := acctest.StartProvider(t, nil).Resource("signal_workflow_execution")
	with := func(name string, value any) acctest.Values { return minimal.With(acctest.Values{name: value}) }
	for name, test := range map[string]struct {
		config acctest.Values
		// at is the attribute at fault, "" if there is none; says is a part of the error.
		at, says string
	}{
		"minimal":                   {config: minimal},
		"no domain":                 {with("domain", nil), "domain", "required"},
		"no workflow":               {with("workflow_id", nil), "workflow_id", "required"},
		"no signal name":            {with("signal_name", nil), "signal_name", "required"},
		"empty domain":              {with("domain", ""), "domain", "256, got: 0"},
		"empty workflow":            {with("workflow_id", ""), "workflow_id", "256, got: 0"},
		"empty signal name":         {with("signal_name", ""), "signal_name", "256, got: 0"},
		"domain of 256":             {config: with("domain", strings.Repeat("é", 256))},
		"domain of 257":             {with("domain", strings.Repeat("d", 257)), "domain", "256, got: 257"},
		"workflow of 256":           {config: with("workflow_id", strings.Repeat("日", 256))},
		"workflow of 257":           {with("workflow_id", strings.Repeat("w", 257)), "workflow_id", "256, got: 257"},
		"signal name of 256":        {config: with("signal_name", strings.Repeat("😀", 256))},
		"signal name of 257":        {with("signal_name", strings.Repeat("s", 257)), "signal_name", "256, got: 257"},
		"run of 1":                  {config: with("run_id", "r")},
		"run of 64":                 {config: with("run_id", strings.Repeat("é", 64))},
		"run of 65":                 {with("run_id", strings.Repeat("r", 65)), "run_id", "64, got: 65"},
		"empty run":                 {with("run_id", ""), "run_id", "64, got: 0"},
		"unknown domain":            {config: with("domain", acctest.Unknown)},
		"unknown run":               {config: with("run_id", acctest.Unknown)},
		"empty input":               {config: with("input", "")},
		"input of 32768":            {config: with("input", strings.Repeat("é", 32768))},
		"input of 32769":            {with("input", strings.Repeat("x", 32769)), "input", "32768"},
		"empty write-only":          {config: minimal.With(acctest.Values{"input_wo": "", "input_wo_version": 1})},
		"write-only of 32768":       {config: minimal.With(acctest.Values{"input_wo": strings.Repeat("日", 32768), "input_wo_version": 1})},
		"write-only of 32769":       {minimal.With(acctest.Values{"input_wo": strings.Repeat("x", 32769), "input_wo_version": 1}), "input_wo", "32768"},
		"write-only with a version": {config: minimal.With(acctest.Values{"input_wo": "x", "input_wo_version": 1})},
		"write-only, no version":    {minimal.With(acctest.Values{"input_wo": "x"}), "input_wo", "Set input_wo_version"},
		"version alone":             {with("input_wo_version", 1), "input_wo_version", "input_wo"},
		"version of the other":      {minimal.With(acctest.Values{"input": "x", "input_wo_version": 1}), "input_wo_version", "input_wo"},
		"both":                      {minimal.With(acctest.Values{"input": "x", "input_wo": "y"}), "input", "input_wo"},
		"both, empty":               {minimal.With(acctest.Values{"input": "", "input_wo": ""}), "input", "input_wo"},
		"both, one unknown":         {config: minimal.With(acctest.Values{"input": acctest.Unknown, "input_wo": "y"})},
		"version of an unknown":     {config: minimal.With(acctest.Values{"input_wo": acctest.Unknown, "input_wo_version": 1})},
		"unknown version":           {config: minimal.With(acctest.Values{"input_wo": "x", "input_wo_version": acctest.Unknown})},
		"region":                    {config: with("region", "ap-northeast-1")},
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
			if len(diags) != 1 || diags[0].Attribute != test.at && !strings.Contains(diags[0].Detail, `"`+test.at+`" is required`) || !strings.Contains(diags.String(), test.says) {
				t.Errorf("said %q, want %q on %s", diags, test.says, test.at)
			}
		})
	}
}

// A value that does not fit the type is an error on the argument.
func TestFractionIsNoVersion(t *testing.T) {
	r := acctest.StartProvider(t, nil).Resource("signal_workflow_execution")
	diags := r.Validate(minimal.With(acctest.Values{"input_wo": "x", "input_wo_version": 1.5}))
	if len(diags) == 0 || diags[0].Attribute != "input_wo_version" || !strings.Contains(diags[0].Detail, "whole number") {
		t.Errorf("said %s", diags)
	}
}

func TestInputIsNotRepeated(t *testing.T) {
	const canary = "canary-4711"
	r := acctest.StartProvider(t, nil).Resource("signal_workflow_execution")
	long := strings.Repeat(canary, 4000)
	for _, input := range []acctest.Values{{"input": long}, {"input_wo": long}, {"input": canary, "input_wo": canary}} {
		if diags := r.Validate(minimal.With(input)); !diags.HasError() || strings.Contains(diags.String(), canary) {
			t.Errorf("said %s", diags)
		}
	}
}
