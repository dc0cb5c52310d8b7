package provider_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/provider"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// actionSteps applies configurations one after the other, with a terraform that has
// actions. With any other terraform it only checks that they parse.
func actionSteps(t *testing.T, destroyed resource.TestCheckFunc, steps ...resource.TestStep) {
	t.Helper()
	w := acctest.Bare(t, nil)
	for _, step := range steps {
		w.Write(step.Config)
		if said, err := w.Run("fmt", "-no-color"); err != nil {
			t.Fatalf("%s\n%s", said, step.Config)
		}
	}
	needs(t, "1.14.0", "actions")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: map[string]func() (tfprotov6.ProviderServer, error){
			"signal": providerserver.NewProtocol6WithError(provider.New("test", provider.WithPolicy(acctest.Quick()))()),
		},
		Steps:        steps,
		CheckDestroy: destroyed,
	})
}

// signals checks that the request log has this number of requests of an operation, all
// accepted.
func signals(s *sandbox.Sandbox, operation string, want int) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if s.Count(operation) != want || s.Accepted(operation) != want {
			return fmt.Errorf("want %d times %s, the request log holds %v", want, operation, s.RequestLog())
		}
		return nil
	}
}

func TestAccActionTriggeredByACreation(t *testing.T) {
	t.Parallel()
	s := acctest.Sandbox(t, sandbox.Options{})
	id := patientApproval(s)
	fleet := func(generation, note string) string {
		return fmt.Sprintf(`
provider "signal" {
  aws {
    region     = "us-east-1"
    access_key = "sandbox-access-key"
    secret_key = "sandbox-secret-key"
    endpoints { ssm = %q }
  }
}

action "signal_automation" "approve" {
  config {
    automation_execution_id = %q
    signal_type             = "Approve"
    payload                 = { Comment = ["The fleet is there"] }
  }
}

resource "terraform_data" "fleet" {
  triggers_replace = %q
  input            = %q

  lifecycle {
    action_trigger {
      events  = [after_create]
      actions = [action.signal_automation.approve]
    }
  }
}
`, s.URL(), id, generation, note)
	}
	sent := func(want int) resource.TestCheckFunc { return signals(s, "SendAutomationSignal", want) }
	actionSteps(t, sent(2),
		resource.TestStep{Config: fleet("1", ""), Check: sent(1)},
		resource.TestStep{Config: fleet("1", ""), Check: sent(1)},
		resource.TestStep{Config: fleet("1", "an update is no creation"), Check: sent(1)},
		resource.TestStep{Config: fleet("2", "a replacement is one"), Check: sent(2)},
	)
}

// Each creation sends another signal, with another unique id.
func TestAccActionTriggeredByManyCreations(t *testing.T) {
	t.Parallel()
	s := acctest.Sandbox(t, sandbox.Options{})
	id := s.StartStack(sandbox.Stack{Conditions: []sandbox.WaitCondition{{Name: "Deployed", Count: 100}}})
	job := s.AddTriggerJob(sandbox.TriggerJob{})
	nodes := func(count int) string {
		return fmt.Sprintf(`
provider "signal" {
  alicloud {
    region     = "cn-hangzhou"
    access_key = "sandbox-access-key"
    secret_key = "sandbox-secret-key"
    endpoints { ros = %[1]q }
  }
  cloud_automator {
    api_key  = "sandbox-api-key"
    endpoint = "%[1]s/api/v1/"
  }
}

action "signal_stack_resource" "deployed" {
  config {
    stack_id            = %[2]q
    logical_resource_id = "Deployed"
    status              = "SUCCESS"
  }
}

action "signal_http_trigger" "backup" {
  config {
    job_id = %[3]q
  }
}

resource "terraform_data" "node" {
  count = %[4]d

  lifecycle {
    action_trigger {
      events  = [after_create]
      actions = [action.signal_stack_resource.deployed, action.signal_http_trigger.backup]
    }
  }
}
`, s.URL(), id, job.ID, count)
	}
	sent := func(want int) resource.TestCheckFunc {
		return resource.ComposeAggregateTestCheckFunc(
			signals(s, "SignalResource", want),
			signals(s, "TriggerJob", want),
			func(*terraform.State) error {
				stack, _ := s.Stack(id)
				ids := map[string]bool{}
				for _, signal := range stack.Signals {
					ids[signal.UniqueID], ids[signal.ClientToken] = true, true
				}
				if len(ids) != 2*want {
					return fmt.Errorf("%d signals carried %v", want, ids)
				}
				return nil
			},
		)
	}
	actionSteps(t, sent(3),
		resource.TestStep{Config: nodes(2), Check: sent(2)},
		resource.TestStep{Config: nodes(3), Check: sent(3)},
		resource.TestStep{Config: nodes(1), Check: sent(3)},
	)
}
