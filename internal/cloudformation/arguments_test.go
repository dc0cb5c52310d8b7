package cloudformation_test

import (
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
)

var minimal = acctest.Values{"stack_name": "web", "logical_resource_id": "Hosts", "status": "SUCCESS"}

func TestArguments(t *testing.T) {
	p := acctest.StartProvider(t, nil)
	with := func(name string, value any) acctest.Values { return minimal.With(acctest.Values{name: value}) }
	for name, test := range map[string]struct {
		config acctest.Values
		// at is the attribute at fault, "" if there is none; says is a part of the error.
		at, says string
	}{
		"minimal":               {config: minimal},
		"no stack":              {with("stack_name", nil), "stack_name", "required"},
		"empty stack":           {with("stack_name", ""), "stack_name", "at least 1"},
		"unknown stack":         {config: with("stack_name", acctest.Unknown)},
		"one letter":            {config: with("stack_name", "a")},
		"long name":             {config: with("stack_name", "a"+strings.Repeat("-1", 300))},
		"name with a digit":     {with("stack_name", "1web"), "stack_name", "beginning with a letter"},
		"name with a hyphen":    {with("stack_name", "-web"), "stack_name", "beginning with a letter"},
		"name with a blank":     {with("stack_name", "we b"), "stack_name", "letters"},
		"name in two lines":     {with("stack_name", "web\nweb"), "stack_name", "letters"},
		"name with a newline":   {with("stack_name", "web\n"), "stack_name", "letters"},
		"name with an umlaut":   {with("stack_name", "wéb"), "stack_name", "letters"},
		"ARN":                   {config: with("stack_name", "arn:aws:cloudformation:us-east-1:123456789012:stack/web/11111111-1111-1111-1111-111111111111")},
		"ARN of China":          {config: with("stack_name", "arn:aws-cn:cloudformation:cn-north-1:123456789012:stack/web/1")},
		"ARN of GovCloud":       {config: with("stack_name", "arn:aws-us-gov:cloudformation:us-gov-west-1:123456789012:stack/web/1")},
		"ARN of nowhere":        {with("stack_name", "arn:another:cloudformation:us-east-1:123456789012:stack/web/1"), "stack_name", "ARN"},
		"ARN with a blank":      {with("stack_name", "arn:aws:cloudformation:us-east-1:123456789012:stack/we b/1"), "stack_name", "ARN"},
		"no resource":           {with("logical_resource_id", nil), "logical_resource_id", "required"},
		"empty resource":        {with("logical_resource_id", ""), "logical_resource_id", "at least 1"},
		"no status":             {with("status", nil), "status", "required"},
		"success":               {with("status", "success"), "status", `"SUCCESS"`},
		"warning":               {with("status", "WARNING"), "status", `"FAILURE"`},
		"failure":               {config: with("status", "FAILURE")},
		"empty id":              {with("unique_id", ""), "unique_id", "between 1 and 64"},
		"id of 64":              {config: with("unique_id", strings.Repeat("é", 64))},
		"id of 65":              {with("unique_id", strings.Repeat("u", 65)), "unique_id", "between 1 and 64"},
		"empty region":          {with("region", ""), "region", "region"},
		"what is of the others": {with("client_token", "t"), "client_token", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if test.at == "client_token" {
				if p.Resource("signal_cloudformation_resource").Has(test.at) {
					t.Error("it has an argument of ROS")
				}
				return
			}
			diags := p.Resource("signal_cloudformation_resource").Validate(test.config)
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

// Each signal has a new id, unless one is configured.
func TestIDs(t *testing.T) {
	s, r, config := start(t, stack(hosts(10)))
	ids := map[string]bool{}
	for _, release := range []string{"1", "2"} {
		if diags := r.Apply(config.With(acctest.Values{"triggers": acctest.Values{"release": release}})); len(diags) > 0 {
			t.Fatal(diags)
		}
		ids[r.String("unique_id")] = true
	}
	for _, signal := range state(t, s, config).Signals {
		if !ids[signal.UniqueID] || len(signal.UniqueID) < 32 {
			t.Errorf("sent %+v, and recorded %v", signal, ids)
		}
	}
	if len(ids) != 2 {
		t.Errorf("recorded %v", ids)
	}
	if diags := r.Apply(config.With(acctest.Values{"unique_id": "i-1"})); len(diags) > 0 || r.String("unique_id") != "i-1" {
		t.Errorf("recorded %q: %s", r.String("unique_id"), diags)
	}
}
