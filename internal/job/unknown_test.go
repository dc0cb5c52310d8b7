package job_test

import (
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// An existing job can be planned while the provider's configuration is unknown. A job whose
// credentials are needed is read later.
func TestUnknownProviderConfiguration(t *testing.T) {
	s := acctest.Sandbox(t, sandbox.Options{})
	job := s.AddTriggerJob(sandbox.TriggerJob{})
	known := acctest.StartProvider(t, acctest.Block(s.URL()))
	r := known.Resource("signal_http_trigger_job")
	config := acctest.Values{"name": "nightly", "group_id": 10, "aws_account_id": 20, "action_type": "stop_instances", "action_value": `{"region": "ap-northeast-1"}`}
	if diags := r.Apply(config); diags.HasError() {
		t.Fatal(diags)
	}
	block := acctest.Block(s.URL())
	block["cloud_automator"] = acctest.Values{"api_key": acctest.Unknown}
	unknown := acctest.StartProvider(t, block)
	made := len(s.RequestLog())
	for _, allowed := range []bool{false, true} {
		unknown.DeferralAllowed = allowed
		elsewhere := r.On(unknown)
		if diags := elsewhere.Refresh(); diags.HasError() || len(diags) == 0 != allowed || elsewhere.Deferred != allowed || !elsewhere.State.Equal(r.State) {
			t.Errorf("deferral allowed: %t, the refresh is deferred: %t, and says %s", allowed, elsewhere.Deferred, diags)
		}
		if plan, diags := elsewhere.Plan(config); diags.HasError() || plan.Deferred != allowed || !plan.Planned.Equal(r.State) {
			t.Errorf("deferral allowed: %t, the plan is deferred: %t, and says %s", allowed, plan.Deferred, diags)
		}
		if plan, diags := unknown.Resource("signal_http_trigger_job").Plan(config); diags.HasError() || plan.Deferred != allowed {
			t.Errorf("deferral allowed: %t, the plan of a new one is deferred: %t, and says %s", allowed, plan.Deferred, diags)
		}
		opened, diags := unknown.Open("signal_http_trigger_job", acctest.Values{"id": job.ID})
		if diags.HasError() || allowed != (opened == nil) || opened["url"] != "" || !allowed && opened["id"] != job.ID {
			t.Errorf("deferral allowed: %t, the job is read as %v, and it says %s", allowed, opened, diags)
		}
	}
	// Only a read tells what an imported job is.
	for _, allowed := range []bool{false, true} {
		unknown.DeferralAllowed = allowed
		imported := unknown.Resource("signal_http_trigger_job")
		if diags := imported.Import(job.ID); diags.HasError() == allowed || imported.Deferred != allowed || !allowed && !strings.Contains(diags.String(), "api_key") {
			t.Errorf("deferral allowed: %t, the import is deferred: %t, and says %s", allowed, imported.Deferred, diags)
		}
	}
	// A list cannot be deferred, so it fails.
	if listed, diags := unknown.List("signal_http_trigger_job", nil, false, 10); !strings.Contains(diags.String(), "cloud_automator.api_key is not known yet") || len(listed) > 0 {
		t.Errorf("the list has %v, and says %s", listed, diags)
	}
	if now := len(s.RequestLog()); now != made {
		t.Errorf("these requests were made: %v", s.RequestLog()[made:])
	}
}
