package job_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// canary is a secret that must not be shown.
const canary = "c4n4ry-0f-the-job"

// A real terraform with its most detailed log: without faults, with answers that repeat the
// secrets, and without any connection.
func TestAccNoSecretIsLogged(t *testing.T) {
	t.Parallel()
	s := acctest.SandboxToRefuse(t, sandbox.Options{})
	job := s.AddTriggerJob(sandbox.TriggerJob{Token: canary + "-url", AccessToken: canary + "-token"})
	w := acctest.Terraform(t, s)
	log := filepath.Join(t.TempDir(), "log")
	if err := w.SetLogPath(log); err != nil {
		t.Fatal(err)
	}
	w.Write(fmt.Sprintf(`
variable "url" {
  type      = string
  sensitive = true
  default   = %q
}

variable "access_token" {
  type      = string
  ephemeral = true
  default   = %q
}

resource "signal_http_trigger" "by_job" {
  job_id = %q
}

resource "signal_http_trigger" "by_url" {
  url                     = var.url
  access_token_wo         = var.access_token
  access_token_wo_version = 1
  timeouts { create = "3s" }
}
`, s.TriggerURL(job), job.AccessToken, job.ID))
	said := ""
	apply := func(fails bool) {
		t.Helper()
		err := w.Apply(t.Context())
		if (err != nil) != fails {
			t.Fatalf("failed: %t, want %t: %v", err != nil, fails, err)
		}
		said += acctest.Unwrapped(err)
	}
	s.Inject(sandbox.Fault{Operation: "TriggerJob", Kind: sandbox.KindErrorBefore, Times: 2, Message: "at " + job.Token + " with " + job.AccessToken})
	apply(false)
	if err := w.Do("taint", "signal_http_trigger.by_url"); err != nil {
		t.Fatal(err)
	}
	s.Inject(sandbox.Fault{Operation: "TriggerJob", Kind: sandbox.KindRefuse, Times: 1, Message: "at " + job.Token + " with " + job.AccessToken})
	apply(true)
	s.Refuse()
	apply(true)

	for _, part := range []string{"at *** with ***", "connection refused"} {
		if !strings.Contains(said, part) {
			t.Errorf("%q is not in what was said:\n%s", part, said)
		}
	}
	lines, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(lines), "trying again") {
		t.Error("the log has no lines of the provider")
	}
	for _, text := range []string{string(lines), said} {
		for line := range strings.Lines(text) {
			if strings.Contains(line, canary) {
				t.Errorf("a secret is said: %s", line)
			}
		}
	}
	state, err := os.ReadFile(filepath.Join(w.WorkingDir(), "terraform.tfstate"))
	if err != nil || strings.Contains(string(state), job.AccessToken) {
		t.Errorf("the access token is in the state (%v): %s", err, state)
	}
}

// The text of the job API is always shown in a form that can be displayed.
func TestWordsOfTheJobAPIAreFitToBeShown(t *testing.T) {
	t.Parallel()
	said := "of " + canary + "-api-key \x1b[31m" + strings.Repeat("word ", 200<<10)
	s := acctest.Sandbox(t, sandbox.Options{CloudAutomator: sandbox.CloudAutomator{
		APIKeys: []string{canary + "-api-key"}, Extra: map[string]any{said: "is more than a successor has"},
	}})
	block := acctest.Block(s.URL())
	block["cloud_automator"] = block["cloud_automator"].(acctest.Values).With(acctest.Values{"api_key": canary + "-api-key"})
	p := acctest.StartProvider(t, block)
	fit := func(where, words string, parts ...string) {
		t.Helper()
		if len(words) > 5000 || strings.Contains(words, canary) || strings.ContainsFunc(strings.ReplaceAll(words, "\n", ""), func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%s: %d bytes: %.300q", where, len(words), words)
		}
		contains(t, words, append(parts, "***")...)
	}
	other := s.AddTriggerJob(sandbox.TriggerJob{RuleType: said})
	_, diags := p.Open(jobType, acctest.Values{"id": other.ID})
	fit("the ephemeral resource", diags.String(), "Job Has No HTTP Trigger")
	r := p.Resource(jobType)
	diags = r.Import(other.ID)
	fit("an import", append(diags, r.Refresh()...).String(), "Job Has No HTTP Trigger")
	fit("a signal", p.Resource("signal_http_trigger").Apply(acctest.Values{"job_id": other.ID}).String(), "its rule_type is")
	moved, err := json.Marshal(map[string]any{"id": other.ID, "name": "nightly", "group_id": 1, "action_type": "no_action", "rule_type": said})
	if err != nil {
		t.Fatal(err)
	}
	fit("a move", r.Move("registry.terraform.io/cloudautomator/cloudautomator", "cloudautomator_job", 0,
		string(moved)).String(), "Job Has No HTTP Trigger")
	s.AddTriggerJob(sandbox.TriggerJob{Name: said})
	found, _ := p.List(jobType, acctest.Values{}, false, 0)
	fit("a list", found[0].DisplayName)
	made := p.Resource(jobType)
	if diags := made.Apply(nightly); diags.HasError() {
		t.Fatal(diags)
	}
	fit("a rotation", made.Apply(nightly.With(acctest.Values{"rotation_triggers": acctest.Values{"month": "2"}})).String(), "Job Not Rotated")
}
