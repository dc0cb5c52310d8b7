//go:build !windows

package provider_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/terraformcli"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// A real terraform loses its provider after the job was changed. It keeps the values of the
// state and loses the private state. The next apply, whose refresh sees everything as
// configured, still rotates.
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
				t.Error("the apply does not report that the provider was killed")
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
				t.Errorf("the plan has changes: %t, %v", changes, err)
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

// If the provider is killed after trigger_on_apply has run the job, the next apply creates
// and runs a new job. Nothing tells the first job from somebody else's any more.
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
				t.Error("the apply does not report that the provider was killed")
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
				t.Errorf("the plan has changes: %t, %v", changes, err)
			}
		})
	}
}

// signalConfig is applied when all of jobConfig is done, so Terraform writes no state when it
// is killed: it would leave a part of one.
const signalConfig = `
resource "signal_automation" "after" {
  automation_execution_id = %q
  signal_type             = "Approve"
  depends_on              = [signal_http_trigger.by_job, signal_http_trigger.by_url]
}
`

// Terraform and the provider are killed after the job is done, and before another resource
// is. Terraform has the new job in its state, and OpenTofu has not: its next apply creates
// one more, and leaves the job that it forgot.
func TestAccJobWhenTerraformIsKilledAfterIt(t *testing.T) {
	for name, exists := range map[string]bool{"created": false, "rotated": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.Sandbox(t, sandbox.Options{})
			w := acctest.Terraform(t, s)
			if exists {
				w.Write(fmt.Sprintf(jobConfig, "nightly", "1", false))
				must(t, w.Apply(t.Context()))
			}
			ready := systems.Of("signal_automation").Ready(s)
			w.Write(fmt.Sprintf(jobConfig, "weekly", "2", false) + fmt.Sprintf(signalConfig, ready["automation_execution_id"]))
			processes := w.Watch()
			s.Hook("SendAutomationSignal", func() {
				provider, terraform := processes.Now()
				_ = terraform.Kill()
				_ = provider.Kill()
			}, nil)
			if err := w.Apply(t.Context()); err == nil {
				t.Error("the apply does not report that it was killed")
			}
			s.Hook("SendAutomationSignal", nil, nil)
			before := s.TriggerJobs()
			must(t, w.Apply(t.Context()))

			jobs, forgotten := s.TriggerJobs(), acctest.CLI(t).Name == terraformcli.OpenTofu
			if left := len(jobs) - 1; len(before) != 1 || left != map[bool]int{true: 1}[forgotten] {
				t.Fatalf("after the crash the jobs are %+v, and after the next apply %+v", before, jobs)
			}
			if state := w.Resources()["signal_http_trigger_job.one"].AttributeValues; state["id"] != jobs[len(jobs)-1].ID {
				t.Errorf("the state has %v, and the service %+v", state, jobs)
			}
		})
	}
}
