package ecs_test

import (
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
)

const arn = "arn:aws:ecs:us-east-1:123456789012:service-deployment/default/web/first"

func TestArguments(t *testing.T) {
	r := acctest.StartProvider(t, nil).Resource("signal_ecs_deployment")
	byHook, byName := acctest.Values{"service_deployment_arn": arn, "hook_id": "h"}, acctest.Values{"cluster": "default", "service": "web"}
	hook := func(name string, value any) acctest.Values { return byHook.With(acctest.Values{name: value}) }
	named := func(name string, value any) acctest.Values { return byName.With(acctest.Values{name: value}) }
	for name, test := range map[string]struct {
		config acctest.Values
		// at is the attribute at fault, "" if there is none; says is a part of the error.
		at, says string
	}{
		"by hook":                  {config: byHook},
		"by hook, unknown":         {config: acctest.Values{"service_deployment_arn": acctest.Unknown, "hook_id": acctest.Unknown}},
		"by hook, other partition": {config: hook("service_deployment_arn", "arn:aws-us-gov:ecs:us-gov-west-1:123456789012:service-deployment/c/s/d")},
		"nothing":                  {acctest.Values{}, "service_deployment_arn", "cluster and service"},
		"no hook":                  {hook("hook_id", nil), "service_deployment_arn", "needs hook_id"},
		"no ARN":                   {hook("service_deployment_arn", nil), "hook_id", "needs service_deployment_arn"},
		"empty hook":               {hook("hook_id", ""), "hook_id", "1"},
		"a service's ARN":          {hook("service_deployment_arn", "arn:aws:ecs:us-east-1:123456789012:service/default/web"), "service_deployment_arn", "service deployment"},
		"an ARN without the end":   {hook("service_deployment_arn", strings.TrimSuffix(arn, "/first")), "service_deployment_arn", "service deployment"},
		"both":                     {hook("cluster", "default").With(acctest.Values{"service": "web"}), "service", "either"},
		"a hook with a stage":      {hook("lifecycle_stage", "POST_SCALE_UP"), "lifecycle_stage", "either"},
		"a hook with a time":       {hook("started_after", "2026-01-31T12:00:00Z"), "started_after", "either"},
		"by name":                  {config: byName},
		"by name, unknown":         {config: acctest.Values{"cluster": acctest.Unknown, "service": acctest.Unknown}},
		"by name and stage":        {config: named("lifecycle_stage", "PRE_PRODUCTION_TRAFFIC_SHIFT")},
		"by name and time":         {config: named("started_after", "2026-01-31T12:00:00+01:00")},
		"by ARNs":                  {config: acctest.Values{"cluster": "arn:aws:ecs:us-east-1:123456789012:cluster/c", "service": "arn:aws:ecs:us-east-1:123456789012:service/c/s"}},
		"no service":               {named("service", nil), "cluster", "needs service"},
		"no cluster":               {named("cluster", nil), "service", "needs cluster"},
		"empty service":            {named("service", ""), "service", "1"},
		"empty cluster":            {named("cluster", ""), "cluster", "1"},
		"a stage alone":            {acctest.Values{"lifecycle_stage": "POST_SCALE_UP"}, "lifecycle_stage", "needs cluster"},
		"a time alone":             {acctest.Values{"started_after": "2026-01-31T12:00:00Z"}, "started_after", "needs service"},
		"a stage without hooks":    {named("lifecycle_stage", "SCALE_UP"), "lifecycle_stage", "POST_SCALE_UP"},
		"no time":                  {named("started_after", "yesterday"), "started_after", "RFC 3339"},
		"rollback":                 {config: hook("action", "ROLLBACK")},
		"an action that is none":   {hook("action", "STOP"), "action", `"ROLLBACK"`},
		"unknown action":           {config: hook("action", acctest.Unknown)},
		"waits, and rolls back":    {config: named("action", "ROLLBACK").With(acctest.Values{"wait_for_completion": true, "wait_until_ready": true})},
		"empty region":             {hook("region", ""), "region", "region"},
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
				found = found || d.Attribute == test.at && strings.Contains(d.Detail, test.says)
			}
			if !found {
				t.Errorf("said %q, want %q on %s", diags, test.says, test.at)
			}
		})
	}
}

func TestArgumentsOfTheWait(t *testing.T) {
	r := acctest.StartProvider(t, nil).Resource("signal_ecs_deployment_wait")
	if diags := r.Validate(acctest.Values{"service_deployment_arn": arn, "until": "ready"}); len(diags) > 0 {
		t.Errorf("refused: %s", diags)
	}
	for _, wrong := range []any{nil, "", "web"} {
		if diags := r.Validate(acctest.Values{"service_deployment_arn": wrong}); !diags.HasError() {
			t.Errorf("%v is taken", wrong)
		}
	}
}
