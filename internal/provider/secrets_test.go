package provider_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-exec/tfexec"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// canaries are secrets that nothing else looks like, one for every way into the provider.
var canaries = map[string]string{
	"aws_secret_key":          "canary-aws-secret-key",
	"aws_token":               "canary-aws-session-token",
	"alicloud_secret_key":     "canary-alicloud-secret-key",
	"alicloud_security_token": "canary-alicloud-security-token",
	"api_key":                 "canary-api-key",
	"token":                   "canary_token",
	"token_wo":                "canary_write_only_token",
	"url":                     "canary-trigger-url",
	"access_token_wo":         "canary-write-only-access-token",
	"input_wo":                "canary-write-only-input",
}

// stored are the canaries that are arguments kept in the state. Terraform writes
// such values into plans, too, and shows them in their JSON; it marks them there.
var stored = []string{"token", "url"}

// A real terraform with all it can log, on a good day and with services that
// repeat the secrets in their refusals: no secret is logged or said, and only
// what is kept in the state is in the state and in the plan.
func TestAccSecretsStaySecret(t *testing.T) {
	t.Parallel()
	s := acctest.Sandbox(t, sandbox.Options{
		Credentials: map[string]sandbox.Secret{
			"aws":      {SecretKey: canaries["aws_secret_key"], SessionToken: canaries["aws_token"]},
			"alicloud": {SecretKey: canaries["alicloud_secret_key"], SessionToken: canaries["alicloud_security_token"]},
		},
		CloudAutomator: sandbox.CloudAutomator{APIKeys: []string{canaries["api_key"]}},
	})
	job := s.AddTriggerJob(sandbox.TriggerJob{Token: canaries["url"], AccessToken: canaries["access_token_wo"]})
	stack := s.StartStack(sandbox.Stack{Conditions: []sandbox.WaitCondition{{Name: "Deployed", Count: 10}}})
	kept := s.StartFileWorkflow(sandbox.FileWorkflow{Steps: []sandbox.FileStep{{Token: canaries["token"]}, {}}, UsedToken: sandbox.TokenAccepted})
	unkept := s.StartFileWorkflow(sandbox.FileWorkflow{Steps: []sandbox.FileStep{{Token: canaries["token_wo"]}, {}}, UsedToken: sandbox.TokenAccepted})
	s.StartWorkflow(sandbox.Workflow{WorkflowID: "order"})

	w := acctest.Bare(t, nil)
	values := map[string]string{"release": "1"}
	var config strings.Builder
	for name, canary := range canaries {
		how := "ephemeral"
		if slices.Contains(stored, name) {
			how = "sensitive"
		}
		values[name] = canary
		fmt.Fprintf(&config, "variable %q {\n  type = string\n  %s = true\n}\n", name, how)
	}
	values["url"] = s.TriggerURL(job)
	w.Variables(values)
	fmt.Fprintf(&config, `
terraform {
  required_providers {
    signal = {
      source = "terraform-provider-signal/signal"
    }
  }
}

variable "release" {}

provider "signal" {
  aws = {
    region     = "us-east-1"
    access_key = "aws"
    secret_key = var.aws_secret_key
    token      = var.aws_token
    endpoints  = { swf = %[1]q, transfer = %[1]q }
  }
  alicloud = {
    region         = "cn-hangzhou"
    access_key     = "alicloud"
    secret_key     = var.alicloud_secret_key
    security_token = var.alicloud_security_token
    endpoints      = { ros = %[1]q }
  }
  cloud_automator = {
    api_key  = var.api_key
    endpoint = "%[1]s/api/v1/"
  }
}

resource "signal_workflow_execution" "one" {
  domain           = "sandbox"
  workflow_id      = "order"
  signal_name      = "release"
  input_wo         = var.input_wo
  input_wo_version = 1
  triggers         = { release = var.release }
}

resource "signal_workflow_step_state" "kept" {
  workflow_id  = %[2]q
  execution_id = %[3]q
  status       = "SUCCESS"
  token        = var.token
  triggers     = { release = var.release }
}

resource "signal_workflow_step_state" "unkept" {
  workflow_id      = %[4]q
  execution_id     = %[5]q
  status           = "SUCCESS"
  token_wo         = var.token_wo
  token_wo_version = 1
  triggers         = { release = var.release }
}

resource "signal_stack_resource" "one" {
  stack_id            = %[6]q
  logical_resource_id = "Deployed"
  status              = "SUCCESS"
  triggers            = { release = var.release }
}

resource "signal_http_trigger" "by_url" {
  url                     = var.url
  access_token_wo         = var.access_token_wo
  access_token_wo_version = 1
  triggers                = { release = var.release }
}

resource "signal_http_trigger" "by_job" {
  job_id   = %[7]q
  triggers = { release = var.release }
}
`, s.URL(), kept.WorkflowID, kept.ExecutionID, unkept.WorkflowID, unkept.ExecutionID, stack, job.ID)
	w.Write(config.String())

	const signals = 6
	ctx, dir := t.Context(), t.TempDir()
	var said, complained bytes.Buffer
	w.SetStdout(io.MultiWriter(&said, t.Output()))
	w.SetStderr(&complained)
	log := filepath.Join(dir, "log")
	must(t, w.SetLogPath(log))
	must(t, w.SetLog("TRACE"))
	state := filepath.Join(w.WorkingDir(), "terraform.tfstate")

	must(t, w.Apply(ctx))
	places := map[string]string{"the state": contents(t, state)}
	values["release"] = "2"
	w.Variables(values)
	plan := filepath.Join(dir, "plan")
	_, err := w.Plan(ctx, tfexec.Out(plan))
	must(t, err)
	w.SetStdout(io.Discard) // where show writes the plan
	planned, err := w.ShowPlanFile(ctx, plan)
	w.SetStdout(io.MultiWriter(&said, t.Output()))
	must(t, err)
	text, err := json.Marshal(planned)
	must(t, err)
	places["the plan's JSON"], places["the plan"] = string(text), unzipped(t, plan)

	// Services may repeat what they were sent.
	for operation, repeats := range map[string]string{
		"SignalWorkflowExecution": canaries["input_wo"],
		"SendWorkflowStepState":   "",
		"SignalResource":          "",
		"TriggerJob":              canaries["url"] + " " + canaries["access_token_wo"],
		"GetJob":                  canaries["api_key"],
	} {
		s.Inject(sandbox.Fault{Operation: operation, Kind: sandbox.KindThrottle, Times: 1, Message: repeats})
		s.Inject(sandbox.Fault{Operation: operation, Kind: sandbox.KindRefuse, Message: repeats})
	}
	if err := w.Apply(ctx); err == nil || strings.Count(acctest.Unwrapped(err), "Error: ") != signals {
		t.Errorf("want %d errors: %v", signals, err)
	}
	places["the state after a failure"] = contents(t, state)

	for place, text := range places {
		for name, canary := range canaries {
			keeps := slices.Contains(stored, name) && place != "the state after a failure"
			if strings.Contains(text, canary) != keeps {
				t.Errorf("%s is in %s: %t", name, place, !keeps)
			}
		}
	}
	logged := contents(t, log)
	if !strings.Contains(logged, "trying again") {
		t.Error("the log has no lines of the provider")
	}
	for place, text := range map[string]string{"the log": logged, "what was said": said.String(), "what was complained of": complained.String()} {
		for line := range strings.Lines(text) {
			for name, canary := range canaries {
				if strings.Contains(line, canary) {
					t.Errorf("%s is in %s: %s", name, place, line)
				}
			}
		}
	}
}

// A service may repeat what it refuses. Its words are shown without the secret.
func TestSecretsAreNotRepeated(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.ready(t, s)
		for _, name := range []string{"input_wo", "token", "token_wo", "access_token", "access_token_wo"} {
			given := strings.TrimSuffix(name, "_wo")
			secret, has := config[given].(string)
			if !has {
				continue
			}
			if given == "input" {
				secret = "more than a word"
			}
			r := p.Resource(y.resource)
			refused := func(diags func() acctest.Diagnostics) {
				t.Helper()
				s.Inject(sandbox.Fault{Operation: y.operation, Kind: sandbox.KindRefuse, Message: "no " + secret + " here"})
				defer s.ClearFaults()
				if said := diags().String(); strings.Contains(said, secret) || !strings.Contains(said, "no *** here") {
					t.Errorf("of %s it said %s", name, said)
				}
			}
			config := config.With(acctest.Values{given: nil}).With(acctest.Values{name: secret})
			refused(func() acctest.Diagnostics { return r.Apply(config) })
			if name == given {
				plant(t, r, config)
				refused(r.Destroy)
			}
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func contents(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	must(t, err)
	return string(text)
}

// unzipped is all that is in a plan file.
func unzipped(t *testing.T, file string) string {
	t.Helper()
	archive, err := zip.OpenReader(file)
	must(t, err)
	defer func() { must(t, archive.Close()) }()
	var all strings.Builder
	for _, one := range archive.File {
		from, err := one.Open()
		must(t, err)
		_, err = io.Copy(&all, from)
		must(t, err)
	}
	return all.String()
}
