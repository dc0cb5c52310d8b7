package provider_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-exec/tfexec"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// jobConfig is a job, and signals that use its attributes. A rotation of the job must not
// send any of them.
const jobConfig = `
resource "signal_http_trigger_job" "one" {
  name           = %q
  group_id       = 10
  aws_account_id = 20
  action_type    = "stop_instances"
  action_value   = jsonencode({ region = "ap-northeast-1" })

  rotation_triggers = { month = %q }

  lifecycle {
    create_before_destroy = %t
  }
}

resource "signal_http_trigger" "by_job" {
  job_id = signal_http_trigger_job.one.id
}

resource "signal_http_trigger" "by_url" {
  url          = signal_http_trigger_job.one.url
  access_token = signal_http_trigger_job.one.access_token
}
`

// triggerStatus is the HTTP status of the trigger's answer to a POST.
func triggerStatus(t *testing.T, url, accessToken string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, http.NoBody)
	must(t, err)
	req.Header.Set("Authorization", "CAAuth "+accessToken)
	resp, err := http.DefaultTransport.RoundTrip(req)
	must(t, err)
	must(t, resp.Body.Close())
	return resp.StatusCode
}

// With a real terraform, every way to rotate leaves one job. Its new URL and token run it,
// and the old ones do not. The rotation runs no job, and the next plan has no changes.
func TestAccJobRotates(t *testing.T) {
	for name, kind := range map[string]sandbox.CloudAutomator{"PATCH rotates": {PatchRotates: true}, "PATCH does not": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.Sandbox(t, sandbox.Options{CloudAutomator: kind})
			w := acctest.Terraform(t, s)
			const address = "signal_http_trigger_job.one"
			ctx := t.Context()
			only := func() sandbox.TriggerJobState {
				t.Helper()
				jobs := s.TriggerJobs()
				if len(jobs) != 1 {
					t.Fatalf("there are %d jobs", len(jobs))
				}
				return jobs[0]
			}
			apply := func(config string, options ...tfexec.ApplyOption) {
				t.Helper()
				w.Write(config)
				must(t, w.Apply(ctx, options...))
			}
			idle := func() {
				t.Helper()
				if changes, err := w.Plan(ctx); err != nil || changes {
					t.Fatalf("the plan has changes: %t, %v", changes, err)
				}
			}
			apply(fmt.Sprintf(jobConfig, "nightly", "1", false))
			idle()
			for _, step := range []struct {
				what string
				do   func()
			}{
				{"update", func() { apply(fmt.Sprintf(jobConfig, "weekly", "1", false)) }},
				{"rotation trigger", func() { apply(fmt.Sprintf(jobConfig, "weekly", "2", false)) }},
				{"taint", func() {
					must(t, w.Do("taint", address))
					must(t, w.Apply(ctx))
				}},
				{"-replace", func() { must(t, w.Do("apply", "-auto-approve", "-replace="+address)) }},
				{"create_before_destroy", func() {
					apply(fmt.Sprintf(jobConfig, "weekly", "2", true))
					must(t, w.Do("apply", "-auto-approve", "-replace="+address))
				}},
				{"the console", func() {
					s.RotateTriggerJob(only().ID)
					must(t, w.Apply(ctx))
				}},
			} {
				t.Log(step.what)
				old := only()
				s.ResetRequestLog()
				step.do()
				if runs := s.Count("TriggerJob"); runs > 0 {
					t.Errorf("after %s jobs were run: %v", step.what, s.RequestLog())
				}
				now, state := only(), w.Resources()[address].AttributeValues
				if state["id"] != now.ID || state["url"] != s.TriggerURL(now) || state["access_token"] != now.AccessToken {
					t.Errorf("after %s the state has %v, and the service %+v", step.what, state, now)
				}
				if status := triggerStatus(t, s.TriggerURL(old), old.AccessToken); status != http.StatusNotFound {
					t.Errorf("after %s the old trigger answers %d", step.what, status)
				}
				if status := triggerStatus(t, s.TriggerURL(now), now.AccessToken); status != http.StatusOK {
					t.Errorf("after %s the new trigger answers %d", step.what, status)
				}
				idle()
			}
			must(t, w.Destroy(ctx))
			if jobs := s.TriggerJobs(); len(jobs) > 0 {
				t.Errorf("left are %+v", jobs)
			}
		})
	}
}

func TestAccJobIsImported(t *testing.T) {
	t.Parallel()
	s := acctest.Sandbox(t, sandbox.Options{CloudAutomator: sandbox.CloudAutomator{ActionDefaults: map[string]any{"trace": "false"}}})
	job := s.AddTriggerJob(sandbox.TriggerJob{Name: "nightly", ActionValue: map[string]any{"delay_minutes": "30"}})
	w := acctest.Terraform(t, s)
	w.Write(`
resource "signal_http_trigger_job" "one" {
  name         = "nightly"
  group_id     = 1
  action_type  = "delay"
  action_value = jsonencode({ delay_minutes = 30 })
}
`)
	must(t, w.Import(t.Context(), "signal_http_trigger_job.one", job.ID))
	if changes, err := w.Plan(t.Context()); err != nil || changes {
		t.Errorf("the plan has changes: %t, %v", changes, err)
	}
	if s.Count("UpdateJob")+s.Count("CreateJob") > 0 {
		t.Errorf("the request log holds %v", s.RequestLog())
	}
}

// A real terraform generates the configuration of an imported job. The configuration is
// valid, and applying it changes nothing at the service.
func TestAccJobConfigurationIsGenerated(t *testing.T) {
	t.Parallel()
	for name, job := range map[string]acctest.Values{
		"with settings": {
			"name": "nightly", "group_id": 10, "aws_account_ids": []any{21, 22}, "action_type": "stop_instances", "action_value": `{"region": "ap-northeast-1", "tag": null}`,
			"allow_runtime_action_values": true, "effective_date": "2026-01-01", "completed_post_process_id": []any{3, 1},
		},
		"the head of a workflow": {"name": "head", "group_id": 10, "action_type": "no_action", "for_workflow": true},
		"a pause":                {"name": "pause", "group_id": 10, "action_type": "delay", "action_value": `{"delay_minutes": 1}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.Sandbox(t, sandbox.Options{CloudAutomator: sandbox.CloudAutomator{ActionDefaults: map[string]any{"trace_status": "false"}}})
			made := acctest.StartProvider(t, acctest.Block(s.URL())).Resource("signal_http_trigger_job")
			if diags := made.Apply(job); diags.HasError() {
				t.Fatal(diags)
			}
			before := fmt.Sprint(s.TriggerJobs())
			w := acctest.Terraform(t, s)
			block := "import {\n  to = signal_http_trigger_job.one\n  id = %q\n%s}\n"
			// Terraform 1.16 needs the provider's name while it generates the configuration.
			// No version accepts it after that.
			w.Write(fmt.Sprintf(block, made.String("id"), "  provider = signal\n"))
			must(t, w.Do("plan", "-generate-config-out=generated.tf"))
			w.Write(fmt.Sprintf(block, made.String("id"), ""))
			valid, err := w.Validate()
			if err != nil || !valid.Valid {
				t.Fatalf("the configuration is not valid: %+v %v", valid, err)
			}
			must(t, w.Apply(t.Context()))
			if changes, err := w.Plan(t.Context()); err != nil || changes {
				t.Errorf("the plan has changes: %t, %v", changes, err)
			}
			if now := fmt.Sprint(s.TriggerJobs()); now != before {
				t.Errorf("the jobs were %s and are %s", before, now)
			}
		})
	}
}

// With store_credentials = false, the URL and the token are neither in the state nor in a
// plan, a log or the output.
func TestAccJobCredentialsAreNotStored(t *testing.T) {
	for name, kind := range map[string]sandbox.CloudAutomator{"PATCH rotates": {PatchRotates: true}, "PATCH does not": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.Sandbox(t, sandbox.Options{CloudAutomator: kind})
			var secrets []string
			learn := func() {
				for _, job := range s.TriggerJobs() {
					secrets = append(secrets, job.Token, job.AccessToken)
				}
			}
			for _, operation := range []string{"CreateJob", "UpdateJob", "TriggerJob"} {
				s.Hook(operation, nil, learn)
			}
			w := acctest.Terraform(t, s)
			write := func(month string) {
				w.Write(fmt.Sprintf(`
resource "signal_http_trigger_job" "one" {
  name              = "nightly"
  group_id          = 10
  action_type       = "delay"
  action_value      = jsonencode({ delay_minutes = 1 })
  rotation_triggers = { month = %q }
  store_credentials = false
  trigger_on_apply  = true
}

ephemeral "signal_http_trigger_job" "one" {
  id = signal_http_trigger_job.one.id
}

resource "terraform_data" "stored" {
  triggers_replace = signal_http_trigger_job.one.rotated_at

  provisioner "local-exec" {
    command     = "test -n \"$TOKEN\""
    environment = { TOKEN = ephemeral.signal_http_trigger_job.one.access_token }
  }
}

resource "signal_http_trigger" "one" {
  job_id = signal_http_trigger_job.one.id
}
`, month))
			}
			ctx, dir := t.Context(), t.TempDir()
			var said, complained bytes.Buffer
			w.SetStdout(io.MultiWriter(&said, t.Output()))
			w.SetStderr(&complained)
			log := filepath.Join(dir, "log")
			must(t, w.SetLogPath(log))
			write("1")
			must(t, w.Apply(ctx))
			write("2")
			plan := filepath.Join(dir, "plan")
			_, err := w.Plan(ctx, tfexec.Out(plan))
			must(t, err)
			var planned json.RawMessage
			must(t, w.JSON(&planned, "show", "-json", plan))
			must(t, w.Apply(ctx))
			places := map[string]string{
				"the state": contents(t, filepath.Join(w.WorkingDir(), "terraform.tfstate")), "the plan": unzipped(t, plan), "the plan's JSON": string(planned),
			}
			// The service may repeat the secrets that it has received.
			job := s.TriggerJobs()[0]
			repeats := job.Token + " " + job.AccessToken
			s.Inject(sandbox.Fault{Operation: "UpdateJob", Kind: sandbox.KindRefuse, Message: repeats})
			write("3")
			if err := w.Apply(ctx); err == nil || !strings.Contains(acctest.Unwrapped(err), "*** ***") {
				t.Errorf("it said %v", err)
			}
			learn()
			places["the log"], places["what was said"], places["what was complained of"] = contents(t, log), said.String(), complained.String()
			if len(secrets) < 6 {
				t.Fatalf("there are only %d secrets", len(secrets))
			}
			for place, text := range places {
				for line := range strings.Lines(text) {
					for _, secret := range secrets {
						if strings.Contains(line, secret) {
							t.Fatalf("a secret is in %s: %s", place, line)
						}
					}
				}
			}
		})
	}
}
