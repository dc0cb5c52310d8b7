package cloudautomator_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// A real terraform, with all it can log: on a good day, with answers that repeat
// the secrets, and without any connection.
func TestAccNoSecretIsLogged(t *testing.T) {
	s := acctest.Sandbox(t, sandbox.Options{})
	job := s.AddTriggerJob(sandbox.TriggerJob{Token: canary + "-url", AccessToken: canary + "-token"})
	w := acctest.Terraform(t, s)
	log := filepath.Join(t.TempDir(), "log")
	if err := w.SetLogPath(log); err != nil {
		t.Fatal(err)
	}
	if err := w.SetLog("TRACE"); err != nil {
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
	if err := w.Taint(t.Context(), "signal_http_trigger.by_url"); err != nil {
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
