package ros_test

import (
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
)

const stackID = "4a6c9851-3b0f-4f5f-b4ca-a14bf6910000"

func TestArguments(t *testing.T) {
	r := acctest.StartProvider(t, nil).Resource("signal_stack_resource")
	success := acctest.Values{"stack_id": stackID, "logical_resource_id": "Deployed", "status": "SUCCESS"}
	for name, test := range map[string]struct {
		change acctest.Values
		// at is the attribute at fault, "" if there is none; says is a part of the error.
		at, says string
	}{
		"the least":                 {},
		"no stack":                  {acctest.Values{"stack_id": nil}, "stack_id", "required"},
		"by name, since a time":     {change: acctest.Values{"stack_id": nil, "stack_name": "web", "started_after": "2026-01-31T12:00:00+09:00"}},
		"by id, since a time":       {acctest.Values{"started_after": "2026-01-31T12:00:00Z"}, "started_after", "stack_name"},
		"since no time":             {acctest.Values{"stack_id": nil, "stack_name": "web", "started_after": "yesterday"}, "started_after", "RFC 3339"},
		"empty stack":               {acctest.Values{"stack_id": ""}, "stack_id", "at least 1"},
		"stack of any form":         {change: acctest.Values{"stack_id": strings.Repeat("スタック", 300)}},
		"unknown stack":             {change: acctest.Values{"stack_id": acctest.Unknown}},
		"no resource":               {acctest.Values{"logical_resource_id": nil}, "logical_resource_id", "required"},
		"empty resource":            {acctest.Values{"logical_resource_id": ""}, "logical_resource_id", "at least 1"},
		"resource of any form":      {change: acctest.Values{"logical_resource_id": strings.Repeat("é", 1000)}},
		"unknown resource":          {change: acctest.Values{"logical_resource_id": acctest.Unknown}},
		"no status":                 {acctest.Values{"status": nil}, "status", "required"},
		"empty status":              {acctest.Values{"status": ""}, "status", "got"},
		"FAILURE":                   {change: acctest.Values{"status": "FAILURE"}},
		"WARNING":                   {change: acctest.Values{"status": "WARNING"}},
		"success":                   {acctest.Values{"status": "success"}, "status", `"SUCCESS"`},
		"unknown status":            {change: acctest.Values{"status": acctest.Unknown}},
		"unique id of 1":            {change: acctest.Values{"unique_id": "1"}},
		"unique id of 64":           {change: acctest.Values{"unique_id": strings.Repeat("é", 64)}},
		"unique id of 65":           {acctest.Values{"unique_id": strings.Repeat("é", 65)}, "unique_id", "64, got: 65"},
		"empty unique id":           {acctest.Values{"unique_id": ""}, "unique_id", "got: 0"},
		"unknown unique id":         {change: acctest.Values{"unique_id": acctest.Unknown}},
		"client token of 1":         {change: acctest.Values{"client_token": "-"}},
		"client token of 64":        {change: acctest.Values{"client_token": strings.Repeat("aZ9_", 16)}},
		"client token of 65":        {acctest.Values{"client_token": strings.Repeat("a", 65)}, "client_token", "64, got: 65"},
		"client token with a dot":   {acctest.Values{"client_token": "a.b"}, "client_token", "letters, digits, - and _"},
		"client token in Japanese":  {acctest.Values{"client_token": "トークン"}, "client_token", "letters, digits, - and _"},
		"client token with a break": {acctest.Values{"client_token": "a\n"}, "client_token", "letters, digits, - and _"},
		"empty client token":        {acctest.Values{"client_token": ""}, "client_token", "got: 0"},
		"unknown client token":      {change: acctest.Values{"client_token": acctest.Unknown}},
		"region":                    {change: acctest.Values{"region": "ap-southeast-1"}},
		"unknown region":            {change: acctest.Values{"region": acctest.Unknown}},
		"empty region":              {acctest.Values{"region": ""}, "region", "name of a region"},
		"region with a slash":       {acctest.Values{"region": "cn/hangzhou"}, "region", "name of a region"},
	} {
		t.Run(name, func(t *testing.T) {
			diags := r.Validate(success.With(test.change))
			if test.at == "" {
				if len(diags) > 0 {
					t.Errorf("said %s", diags)
				}
				return
			}
			if len(diags) != 1 || diags[0].Attribute != test.at || !strings.Contains(diags[0].Summary+diags[0].Detail, test.says) {
				t.Errorf("said %s, want one error on %s that says %q", diags, test.at, test.says)
			}
		})
	}
}
