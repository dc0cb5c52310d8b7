package provider_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/terraformcli"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// If the API key is the result of the same apply, no plan with the ephemeral resource
// fails. The provider reads the job when the key is known.
func TestAccJobReadWithAKeyOfTheSameApply(t *testing.T) {
	t.Parallel()
	s := acctest.Sandbox(t, sandbox.Options{})
	job := s.AddTriggerJob(sandbox.TriggerJob{})
	w := acctest.Terraform(t, s)
	endpoint, err := json.Marshal(s.URL() + "/api/v1/")
	must(t, err)
	w.WriteFile("provider.tf.json", `{"terraform": {"required_providers": {"signal": {"source": "terraform-provider-signal/signal"}}}}`)
	w.Write(fmt.Sprintf(`
resource "terraform_data" "key" {
  input = "sandbox-api-key"
}

provider "signal" {
  cloud_automator {
    api_key  = terraform_data.key.output
    endpoint = %s
  }
}

ephemeral "signal_http_trigger_job" "deploy" {
  id = %q
}

resource "signal_http_trigger" "deploy" {
  url_wo                  = ephemeral.signal_http_trigger_job.deploy.url
  url_wo_version          = 1
  access_token_wo         = ephemeral.signal_http_trigger_job.deploy.access_token
  access_token_wo_version = 1
}
`, endpoint, job.ID))
	err = w.Apply(t.Context())
	if acctest.CLI(t).Name == terraformcli.OpenTofu {
		// OpenTofu does not plan an ephemeral resource whose values are unknown.
		if err == nil || len(s.RequestLog()) > 0 {
			t.Errorf("the plan ended with %v and made the requests %v", err, s.RequestLog())
		}
		return
	}
	if err != nil || s.Count("TriggerJob") != 1 || s.Accepted("TriggerJob") != 1 {
		t.Errorf("the apply ended with %v and made the requests %v", err, s.RequestLog())
	}
}
