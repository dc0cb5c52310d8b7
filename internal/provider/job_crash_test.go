//go:build !windows

package provider_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// A real terraform that loses its provider when the job has been changed: it
// keeps the state's values, and nothing of what was remembered beside them. The
// next apply, whose refresh sees all as configured, rotates all the same.
func TestAccJobRotatesWhenTheProviderAloneIsKilled(t *testing.T) {
	for name, kind := range map[string]sandbox.CloudAutomator{"PATCH rotates": {PatchRotates: true}, "PATCH does not": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.Sandbox(t, sandbox.Options{CloudAutomator: kind})
			w := acctest.Terraform(t, s)
			w.Write(fmt.Sprintf(jobConfig, "nightly", "1", false))
			must(t, w.Apply(t.Context()))
			old := s.TriggerJobs()[0]
			s.ResetRequestLog()

			processes := w.Watch()
			s.Hook("UpdateJob", nil, func() {
				provider, _ := processes.Now()
				_ = provider.Kill()
			})
			w.Write(fmt.Sprintf(jobConfig, "weekly", "1", false))
			if err := w.Apply(t.Context()); err == nil {
				t.Error("the death of the provider goes unnoticed")
			}
			if jobs := s.TriggerJobs(); len(jobs) != 1 || jobs[0].Attributes.Name != "weekly" {
				t.Fatalf("the jobs are %+v", jobs)
			}
			s.Hook("UpdateJob", nil, nil)
			must(t, w.Apply(t.Context()))

			if s.Count("TriggerJob") > 0 {
				t.Errorf("jobs were run: %v", s.RequestLog())
			}
			jobs := s.TriggerJobs()
			if len(jobs) != 1 {
				t.Fatalf("the jobs are %+v", jobs)
			}
			if status := triggerStatus(t, s.TriggerURL(old), old.AccessToken); status != http.StatusNotFound {
				t.Errorf("the old trigger answers %d", status)
			}
			state := w.Resources()["signal_http_trigger_job.one"].AttributeValues
			if state["id"] != jobs[0].ID || state["url"] != s.TriggerURL(jobs[0]) {
				t.Errorf("the state has %v, and the service %+v", state, jobs[0])
			}
			if changes, err := w.Plan(t.Context()); err != nil || changes {
				t.Errorf("there is something to do: %t %v", changes, err)
			}
		})
	}
}

const runConfig = `
resource "signal_http_trigger_job" "one" {
  name             = %q
  group_id         = 10
  aws_account_id   = 20
  action_type      = "stop_instances"
  action_value     = jsonencode({ region = "ap-northeast-1" })
  trigger_on_apply = true
}
`

// A provider that is killed when trigger_on_apply has run the job: a new job is
// made and run. Nothing tells the one that is left from somebody else's any more.
func TestAccJobRunWhenTheProviderIsKilledAfterIt(t *testing.T) {
	for name, test := range map[string]struct {
		exists     bool
		jobs, runs int
	}{"created": {jobs: 2, runs: 2}, "rotated": {exists: true, jobs: 2, runs: 2}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.Sandbox(t, sandbox.Options{})
			w := acctest.Terraform(t, s)
			if test.exists {
				w.Write(fmt.Sprintf(runConfig, "nightly"))
				must(t, w.Apply(t.Context()))
			}
			s.ResetRequestLog()
			processes := w.Watch()
			s.Hook("TriggerJob", nil, func() {
				provider, _ := processes.Now()
				_ = provider.Kill()
			})
			w.Write(fmt.Sprintf(runConfig, "weekly"))
			if err := w.Apply(t.Context()); err == nil {
				t.Error("the death of the provider goes unnoticed")
			}
			s.Hook("TriggerJob", nil, nil)
			must(t, w.Apply(t.Context()))

			jobs := s.TriggerJobs()
			if len(jobs) != test.jobs || s.Accepted("TriggerJob") != test.runs {
				t.Fatalf("%d jobs ran %d times, want %d and %d: %v", len(jobs), s.Accepted("TriggerJob"), test.jobs, test.runs, s.RequestLog())
			}
			if state := w.Resources()["signal_http_trigger_job.one"].AttributeValues; state["id"] != jobs[len(jobs)-1].ID {
				t.Errorf("the state has %v, and the service %+v", state, jobs)
			}
			if changes, err := w.Plan(t.Context()); err != nil || changes {
				t.Errorf("there is something to do: %t %v", changes, err)
			}
		})
	}
}
