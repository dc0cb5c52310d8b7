package provider_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-exec/tfexec"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// canaries are unique secrets, one for each argument and variable that takes one.
var canaries = map[string]string{
	"aws_secret_key":          "canary-aws-secret-key",
	"aws_token":               "canary-aws-session-token",
	"web_identity_token":      "canary-web-identity-token",
	"alicloud_secret_key":     "canary-alicloud-secret-key",
	"alicloud_security_token": "canary-alicloud-security-token",
	"oidc_token":              "canary-oidc-token",
	"api_key":                 "canary-api-key",
	"token":                   "canary_token",
	"token_wo":                "canary_write_only_token",
	"url":                     "canary-trigger-url",
	"url_wo":                  "canary-write-only-trigger-url",
	"access_token":            "canary-access-token",
	"access_token_wo":         "canary-write-only-access-token",
	"input_wo":                "canary-write-only-input",
	"temporal_api_key":        "canary-temporal-api-key",
	"temporal_client_key":     "canary-temporal-client-key",
	"temporal_input_wo":       "canary-temporal-input",
	"task_token":              "canary-task-token",
	"task_token_wo":           "canary-write-only-task-token",
	"output_wo":               "canary-write-only-output",
}

// covered are the secret arguments, by block or resource, with the canary of each.
var covered = map[string]string{
	"aws.secret_key": "aws_secret_key",
	"aws.token":      "aws_token",
	"aws.assume_role_with_web_identity.web_identity_token": "web_identity_token",
	"alicloud.secret_key":                       "alicloud_secret_key",
	"alicloud.security_token":                   "alicloud_security_token",
	"alicloud.assume_role_with_oidc.oidc_token": "oidc_token",
	"cloud_automator.api_key":                   "api_key",
	"signal_workflow_step_state.token":          "token",
	"signal_workflow_step_state.token_wo":       "token_wo",
	"signal_http_trigger.url":                   "url",
	"signal_http_trigger.url_wo":                "url_wo",
	"signal_http_trigger.access_token":          "access_token",
	"signal_http_trigger.access_token_wo":       "access_token_wo",
	"signal_workflow_execution.input_wo":        "input_wo",
	"temporal.api_key":                          "temporal_api_key",
	"temporal.client_key":                       "temporal_client_key", // It is tested in internal/temporal.
	"signal_temporal_workflow.input_wo":         "temporal_input_wo",
	"signal_sfn_task.task_token":                "task_token",
	"signal_sfn_task.task_token_wo":             "task_token_wo",
	"signal_sfn_task.output_wo":                 "output_wo",
}

// stored are the canaries of arguments that the state keeps. Terraform also writes such
// values into plans and shows them in their JSON, marked as sensitive.
var stored = []string{"token", "url", "access_token", "task_token"}

// The test fails if a secret argument has no canary.
func TestEverySecretHasACanary(t *testing.T) {
	secrets := acctest.StartProvider(t, nil).Secrets()
	for _, secret := range secrets {
		if canaries[covered[secret]] == "" {
			t.Errorf("%s is secret and has no canary", secret)
		}
	}
	for secret := range covered {
		if !slices.Contains(secrets, secret) {
			t.Errorf("%s is no secret argument", secret)
		}
	}
}

// aviary is a terraform with a canary in every secret argument.
type aviary struct {
	*acctest.Workspace
	// s has all services. other has one job.
	s, other *sandbox.Sandbox
	// values are those of the configuration's variables. Another release sends all signals
	// again.
	values map[string]string
	// signals is their number.
	signals int
	// log is the path of the log of terraform and the provider.
	log string
}

func openAviary(t *testing.T) aviary {
	t.Helper()
	s := acctest.Sandbox(t, sandbox.Options{
		Credentials: map[string]sandbox.Secret{
			"aws":      {SecretKey: canaries["aws_secret_key"], SessionToken: canaries["aws_token"]},
			"alicloud": {SecretKey: canaries["alicloud_secret_key"], SessionToken: canaries["alicloud_security_token"]},
		},
		CloudAutomator:   sandbox.CloudAutomator{APIKeys: []string{canaries["api_key"]}},
		WebIdentityToken: canaries["web_identity_token"],
		TemporalAPIKey:   canaries["temporal_api_key"],
	})
	job := s.AddTriggerJob(sandbox.TriggerJob{Token: canaries["url"], AccessToken: canaries["access_token_wo"]})
	other := acctest.Sandbox(t, sandbox.Options{})
	keptJob := other.AddTriggerJob(sandbox.TriggerJob{AccessToken: canaries["access_token"]})
	hiddenJob := other.AddTriggerJob(sandbox.TriggerJob{Token: canaries["url_wo"], AccessToken: canaries["access_token"]})
	stack := s.StartStack(sandbox.Stack{Conditions: []sandbox.WaitCondition{{Name: "Deployed", Count: 10}}})
	kept := s.StartFileWorkflow(sandbox.FileWorkflow{Steps: []sandbox.FileStep{{Token: canaries["token"]}, {}}, UsedToken: sandbox.TokenAccepted})
	unkept := s.StartFileWorkflow(sandbox.FileWorkflow{Steps: []sandbox.FileStep{{Token: canaries["token_wo"]}, {}}, UsedToken: sandbox.TokenAccepted})
	s.StartWorkflow(sandbox.Workflow{WorkflowID: "order"})
	order := "order-" + uuid.NewString()
	s.StartTemporalWorkflow(sandbox.TemporalWorkflow{WorkflowID: order})
	for _, token := range []string{"task_token", "task_token_wo"} {
		s.StartMachine(sandbox.MachineExecution{States: []sandbox.MachineState{{Token: canaries[token]}, {}}, AcceptRepeats: true})
	}

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
	values["url"], values["url_wo"] = s.TriggerURL(job), other.TriggerURL(hiddenJob)
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
  aws {
    region     = "us-east-1"
    access_key = "aws"
    secret_key = var.aws_secret_key
    token      = var.aws_token
    endpoints {
      sfn      = %[1]q
      swf      = %[1]q
      transfer = %[1]q
    }
  }
  alicloud {
    region         = "cn-hangzhou"
    access_key     = "alicloud"
    secret_key     = var.alicloud_secret_key
    security_token = var.alicloud_security_token
    assume_role_with_oidc {
      oidc_token = var.oidc_token
    }
    endpoints { ros = %[1]q }
  }
  cloud_automator {
    api_key  = var.api_key
    endpoint = "%[1]s/api/v1/"
  }
  temporal {
    address = %[1]q
    api_key = var.temporal_api_key
  }
}

provider "signal" {
  alias = "web"
  aws {
    region    = "us-east-1"
    endpoints {
      swf = %[1]q
      sts = %[1]q
    }
    assume_role_with_web_identity {
      role_arn           = "arn:aws:iam::123456789012:role/deploy"
      session_name       = "pipeline"
      web_identity_token = var.web_identity_token
    }
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

resource "signal_workflow_execution" "web" {
  provider    = signal.web
  domain      = "sandbox"
  workflow_id = "order"
  signal_name = "release"
  triggers    = { release = var.release }
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

resource "signal_sfn_task" "kept" {
  task_token = var.task_token
  status     = "SUCCESS"
  output     = "{}"
  triggers   = { release = var.release }
}

resource "signal_sfn_task" "unkept" {
  task_token_wo         = var.task_token_wo
  task_token_wo_version = 1
  status                = "SUCCESS"
  output_wo             = jsonencode(var.output_wo)
  output_wo_version     = 1
  triggers              = { release = var.release }
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

resource "signal_http_trigger" "kept" {
  url          = %[8]q
  access_token = var.access_token
  triggers     = { release = var.release }
}

resource "signal_http_trigger" "by_hidden_url" {
  url_wo         = var.url_wo
  url_wo_version = 1
  access_token   = var.access_token
  triggers       = { release = var.release }
}

resource "signal_temporal_workflow" "one" {
  workflow_id      = %[9]q
  signal_name      = "release"
  input_wo         = jsonencode([var.temporal_input_wo])
  input_wo_version = 1
  triggers         = { release = var.release }
}

resource "signal_http_trigger" "by_job" {
  job_id   = %[7]q
  triggers = { release = var.release }
}
`, s.URL(), kept.WorkflowID, kept.ExecutionID, unkept.WorkflowID, unkept.ExecutionID, stack, job.ID, other.TriggerURL(keptJob), order)
	for name := range canaries {
		// The client's key is tested in internal/temporal.
		if name != "temporal_client_key" && !regexp.MustCompile(`\bvar\.`+name+`\b`).MatchString(config.String()) {
			t.Fatalf("the configuration of openAviary has no var.%s, so the canary proves nothing", name)
		}
	}
	w.Write(config.String())
	log := filepath.Join(t.TempDir(), "log")
	must(t, w.SetLogPath(log))
	return aviary{w, s, other, values, strings.Count(config.String(), "\nresource "), log}
}

// sings looks for canaries in logs and messages, line by line.
func sings(t *testing.T, places map[string]string) {
	t.Helper()
	for place, text := range places {
		for line := range strings.Lines(text) {
			for name, canary := range canaries {
				if strings.Contains(line, canary) {
					t.Errorf("%s is in %s: %s", name, place, line)
				}
			}
		}
	}
}

// A real terraform with its most detailed log, once without faults and once with services
// that repeat the secrets in their refusals. No secret is in the log or in a message. State
// and plan have only the secrets that the state keeps.
func TestAccSecretsStaySecret(t *testing.T) {
	t.Parallel()
	w := openAviary(t)
	ctx, dir := t.Context(), t.TempDir()
	var said, complained bytes.Buffer
	w.SetStdout(io.MultiWriter(&said, t.Output()))
	w.SetStderr(&complained)
	state := filepath.Join(w.WorkingDir(), "terraform.tfstate")

	must(t, w.Apply(ctx))
	places := map[string]string{"the state": contents(t, state)}
	w.values["release"] = "2"
	w.Variables(w.values)
	plan := filepath.Join(dir, "plan")
	_, err := w.Plan(ctx, tfexec.Out(plan))
	must(t, err)
	var planned json.RawMessage
	must(t, w.JSON(&planned, "show", "-json", plan))
	places["the plan's JSON"], places["the plan"] = string(planned), unzipped(t, plan)

	// Services may repeat what they received.
	for operation, sent := range map[string][]string{
		"SignalWorkflowExecution":          {"input_wo", "aws_token"},
		"SendWorkflowStepState":            {"aws_token"},
		"Temporal.SignalWorkflowExecution": {"temporal_api_key", "temporal_input_wo"},
		"SendTaskSuccess":                  {"aws_token"},
		"SignalResource":                   {"alicloud_security_token"},
		"TriggerJob":                       {"url", "access_token_wo"},
		"GetJob":                           {"api_key"},
		"AssumeRoleWithWebIdentity":        {"web_identity_token"},
	} {
		repeats := "of"
		for _, name := range sent {
			repeats += " " + canaries[name]
		}
		w.s.Inject(sandbox.Fault{Operation: operation, Kind: sandbox.KindThrottle, Times: 1, Message: repeats})
		w.s.Inject(sandbox.Fault{Operation: operation, Kind: sandbox.KindRefuse, Message: repeats})
	}
	w.other.Inject(sandbox.Fault{Operation: "TriggerJob", Kind: sandbox.KindRefuse, Message: canaries["access_token"]})
	if err := w.Apply(ctx); err == nil || strings.Count(acctest.Unwrapped(err), "Error: ") != w.signals {
		t.Errorf("want %d errors: %v", w.signals, err)
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
	logged := contents(t, w.log)
	if !strings.Contains(logged, "trying again") {
		t.Error("the log has no lines of the provider")
	}
	// At DEBUG each client logs once what it uses.
	for service, uses := range map[string][]string{
		"swf":             {`credentials="access_key and secret_key in the provider's aws block"`, "endpoint=" + w.s.URL(), "region=us-east-1"},
		"swf ":            {`credentials="assume_role_with_web_identity: arn:aws:iam::123456789012:role/deploy"`, "endpoint=" + w.s.URL(), "region=us-east-1"},
		"transfer":        {`credentials="access_key and secret_key in the provider's aws block"`, "endpoint=" + w.s.URL()},
		"sfn":             {`credentials="access_key and secret_key in the provider's aws block"`, "endpoint=" + w.s.URL()},
		"ros":             {"credentials=", "endpoint=" + w.s.URL(), "region=cn-"},
		"temporal":        {`credentials="api_key in the provider's temporal block"`, "endpoint=" + w.s.URL()},
		"cloud_automator": {`credentials="api_key in the provider's cloud_automator block"`, "endpoint=" + w.s.URL()},
	} {
		told := slices.DeleteFunc(strings.Split(logged, "\n"), func(line string) bool {
			return !strings.Contains(line, "[DEBUG] provider") || !strings.Contains(line, "made a client") || !strings.Contains(line+" ", " service="+strings.TrimSpace(service)+" ") ||
				slices.ContainsFunc(uses, func(use string) bool { return !strings.Contains(line, use) })
		})
		if len(told) == 0 {
			t.Errorf("the log has no line of %s with %q", service, uses)
		}
	}
	sings(t, map[string]string{"the log": logged, "what was said": said.String(), "what was complained of": complained.String()})
}

// A service may repeat the value that it refuses. Its message is shown without the secret.
func TestSecretsAreNotRepeated(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.Ready(s)
		for _, name := range []string{"input_wo", "token", "token_wo", "access_token", "access_token_wo"} {
			given := strings.TrimSuffix(name, "_wo")
			secret, has := config[given].(string)
			if !has || !slices.Contains(p.Secrets(), y.Type+"."+name) {
				continue
			}
			if given == "input" {
				secret = `["more than a word"]` // Every service takes this text as an input.
			}
			r := p.Resource(y.Type)
			refused := func(diags func() acctest.Diagnostics) {
				t.Helper()
				s.Inject(sandbox.Fault{Operation: y.Operation, Kind: sandbox.KindRefuse, Message: "no " + secret + " here"})
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

// A terminal never gets a service's text unchanged: the text is on one line, without
// control characters, and short.
func TestForeignWordsAreFitToBeShown(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		s.Inject(sandbox.Fault{Operation: y.Operation, Kind: sandbox.KindRefuse, Message: "a\x1b[31mred\x1b]0;title\a\u009b2J\u202e\nError: \r" + strings.Repeat("word ", 200<<10)})
		said := p.Resource(y.Type).Apply(y.Ready(s)).String()
		if len(said) > 5000 || !strings.Contains(said, "word word") {
			t.Errorf("it said %d bytes: %.500q", len(said), said)
		}
		if i := strings.IndexFunc(said, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
			t.Errorf("%q is in what it said", said[i:i+1])
		}
		if strings.Contains(said, "\nError: ") {
			t.Errorf("the service's line break is in what it said")
		}
	})
}

func must(t testing.TB, err error) {
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

// unzipped returns the content of a plan file.
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
