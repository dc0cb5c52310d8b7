package oos_test

import (
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
)

const signalType = "signal_oos_execution"

func TestArguments(t *testing.T) {
	p := acctest.StartProvider(t, nil)
	approve := acctest.Values{"execution_id": "exec-1", "notify_type": "Approve"}
	byTemplate := acctest.Values{"execution_id": nil, "template_name": "release"}
	execute := acctest.Values{"notify_type": "ExecuteTask", "task_name": "deploy"}
	for name, test := range map[string]struct {
		change acctest.Values
		// at is the attribute at fault, "" if there is none; says is a part of the error.
		at, says string
	}{
		"the least":                     {},
		"by template":                   {change: byTemplate},
		"by template, started after":    {change: byTemplate.With(acctest.Values{"started_after": "2026-01-31T12:00:00+09:00"})},
		"neither id nor template":       {acctest.Values{"execution_id": nil}, "template_name", "execution_id"},
		"both":                          {acctest.Values{"template_name": "release"}, "template_name", "execution_id"},
		"an unknown id and no template": {change: acctest.Values{"execution_id": acctest.Unknown}},
		"no id and an unknown template": {change: byTemplate.With(acctest.Values{"template_name": acctest.Unknown})},
		"an unknown template as well":   {change: acctest.Values{"template_name": acctest.Unknown}},
		"an empty id":                   {acctest.Values{"execution_id": ""}, "execution_id", "at least 1"},
		"an empty template":             {byTemplate.With(acctest.Values{"template_name": ""}), "template_name", "at least 1"},
		"started after, by id":          {acctest.Values{"started_after": "2026-01-31T12:00:00Z"}, "started_after", "template_name"},
		"started after no time":         {byTemplate.With(acctest.Values{"started_after": "yesterday"}), "started_after", "RFC 3339"},
		"no type":                       {acctest.Values{"notify_type": nil}, "notify_type", "required"},
		"another type":                  {acctest.Values{"notify_type": "Deny"}, "notify_type", `"Reject"`},
		"an unknown type":               {change: acctest.Values{"notify_type": acctest.Unknown, "parameters": "{}", "execution_status": "Success"}},
		"a note":                        {change: acctest.Values{"notify_note": "リリース"}},
		"an empty note":                 {acctest.Values{"notify_note": ""}, "notify_note", "at least 1"},
		"Reject with a task":            {change: acctest.Values{"notify_type": "Reject", "task_name": "gate", "task_execution_id": "task-1", "loop_item": "a"}},
		"an empty task":                 {acctest.Values{"task_name": ""}, "task_name", "at least 1"},
		"an empty task execution":       {acctest.Values{"task_execution_id": ""}, "task_execution_id", "at least 1"},
		"an empty item":                 {acctest.Values{"loop_item": ""}, "loop_item", "at least 1"},
		"ExecuteTask":                   {change: execute},
		"ExecuteTask with parameters":   {change: execute.With(acctest.Values{"parameters": `{"a": [1]}`})},
		"ExecuteTask without a task":    {execute.With(acctest.Values{"task_name": nil}), "task_name", "ExecuteTask"},
		"ExecuteTask, unknown task":     {change: execute.With(acctest.Values{"task_name": acctest.Unknown})},
		"parameters that are no JSON":   {execute.With(acctest.Values{"parameters": "{"}), "parameters", "JSON object"},
		"parameters that are a list":    {execute.With(acctest.Values{"parameters": "[]"}), "parameters", "JSON object"},
		"parameters that are null":      {execute.With(acctest.Values{"parameters": "null"}), "parameters", "JSON object"},
		"parameters, and Approve":       {acctest.Values{"parameters": "{}"}, "parameters", "ExecuteTask"},
		"parameters, and CancelTask":    {acctest.Values{"notify_type": "CancelTask", "parameters": "{}"}, "parameters", "ExecuteTask"},
		"CompleteExecution":             {change: acctest.Values{"notify_type": "CompleteExecution"}},
		"CompleteExecution as Success":  {change: acctest.Values{"notify_type": "CompleteExecution", "execution_status": "Success"}},
		"a status, and Approve":         {acctest.Values{"execution_status": "Success"}, "execution_status", "CompleteExecution"},
		"an empty status":               {acctest.Values{"notify_type": "CompleteExecution", "execution_status": ""}, "execution_status", "at least 1"},
		"RetryTask":                     {change: acctest.Values{"notify_type": "RetryTask"}},
		"SkipTask":                      {change: acctest.Values{"notify_type": "SkipTask", "task_execution_id": "task-1"}},
		"a region":                      {change: acctest.Values{"region": "ap-southeast-1"}},
		"a region with a slash":         {acctest.Values{"region": "cn/hangzhou"}, "region", "name of a region"},
	} {
		t.Run(name, func(t *testing.T) {
			for form, diags := range map[string]acctest.Diagnostics{
				"resource": p.Resource(signalType).Validate(approve.With(test.change)),
				"action":   p.Action(signalType).Validate(approve.With(test.change)),
			} {
				if test.at == "" && len(diags) > 0 || test.at != "" && (len(diags) != 1 || !diags.HasError()) {
					t.Errorf("of the %s it said %s", form, diags)
				}
				// Errors of required arguments have no attribute.
				if test.at != "" && (!strings.Contains(diags.String(), test.at) || !strings.Contains(diags.String(), test.says)) {
					t.Errorf("of the %s it said %s, want %q of %s", form, diags, test.says, test.at)
				}
			}
		})
	}
}

// A change of the search does not make another signal; a task by its id does.
func TestWhatMakesAnotherSignal(t *testing.T) {
	s, r, config := start(t, byTemplate(gates))
	apply(t, r, config)
	for change, replaces := range map[string]acctest.Values{
		"":              {"started_after": "2020-01-31T12:00:00Z"},
		"template_name": {"template_name": "another"},
		"notify_note":   {"notify_note": "another"},
	} {
		if plan, diags := r.Plan(config.With(replaces)); len(diags) > 0 || strings.Join(plan.Replace, " ") != change {
			t.Errorf("%v replaces for %q: %s", replaces, plan.Replace, diags)
		}
	}
	if plan, _ := r.Plan(config.With(acctest.Values{"task_execution_id": "task-1"})); strings.Join(plan.Replace, " ") != "task_execution_id" {
		t.Errorf("another task replaces for %q", plan.Replace)
	}
	// The id of the found execution identifies the same execution.
	if plan, diags := r.Plan(config.With(acctest.Values{"template_name": nil, "execution_id": r.String("execution_id")})); len(diags) > 0 || len(plan.Replace) > 0 {
		t.Errorf("the same execution replaces for %q: %s", plan.Replace, diags)
	}
	if s.Count(notify) != 1 {
		t.Errorf("planning made %v", s.RequestLog())
	}
}
