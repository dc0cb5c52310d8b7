// Command sandbox serves the signalling control planes of package sandbox on one loopback port, prints the provider
// block that uses them, and then one line per request.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// The targets are fixed, so that a configuration pasted once keeps working: they are the defaults of examples/demo.
var (
	automation = sandbox.Automation{
		ID:           "5a4d0b0c-0000-4000-8000-000000000001",
		DocumentName: "Sandbox-Approval",
		Steps:        []sandbox.Step{{Name: "approve", Action: "aws:approve"}, {Name: "deploy", Action: "aws:executeScript"}},
	}
	workflow     = sandbox.Workflow{WorkflowID: "order-1", Closes: map[string]string{"release": "COMPLETED"}}
	fileWorkflow = sandbox.FileWorkflow{
		WorkflowID:  "w-0123456789abcdef0",
		ExecutionID: "5a4d0b0c-0000-4000-8000-000000000002",
		Steps:       []sandbox.FileStep{{Type: "CUSTOM", Token: "sandboxtoken"}, {Type: "COPY"}},
	}
	stack      = sandbox.Stack{ID: "5a4d0b0c-0000-4000-8000-000000000003", Conditions: []sandbox.WaitCondition{{Name: "Deployed"}}}
	triggerJob = sandbox.TriggerJob{Token: "sandbox-trigger", AccessToken: "sandbox-access-token"}
)

func main() {
	addr := flag.String("addr", "127.0.0.1:4599", "loopback address to listen on")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *addr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, addr string) error {
	s := sandbox.New(sandbox.Options{Log: os.Stdout})
	if err := s.Start(addr); err != nil {
		return err
	}
	s.StartAutomation(automation)
	s.StartWorkflow(workflow)
	s.StartFileWorkflow(fileWorkflow)
	s.StartStack(stack)
	url := s.TriggerURL(s.AddTriggerJob(triggerJob))
	fmt.Printf(`provider "signal" {
  aws = {
    region     = "us-east-1"
    access_key = "sandbox-access-key"
    secret_key = "sandbox-secret-key"
    endpoints  = { ssm = %[1]q, swf = %[1]q, transfer = %[1]q, sts = %[1]q }
  }
  alicloud = {
    region     = "cn-hangzhou"
    access_key = "sandbox-access-key"
    secret_key = "sandbox-secret-key"
    endpoints  = { ros = %[1]q, sts = %[1]q }
  }
  cloud_automator = {
    api_key  = "sandbox-api-key"
    endpoint = "%[1]s/api/v1/"
  }
}

# These wait for a signal; examples/demo has a configuration for each:
#   signal_automation          automation_execution_id = %[2]q
#   signal_workflow_execution  domain = "sandbox", workflow_id = %[3]q, signal_name = "release"
#   signal_workflow_step_state workflow_id = %[4]q, execution_id = %[5]q, token = %[6]q
#   signal_stack_resource      stack_id = %[7]q, logical_resource_id = "Deployed"
#   signal_http_trigger        url = %[8]q, access_token = %[9]q
# Scenarios, faults and the journal: %[1]s/_sandbox/

`, s.URL(), automation.ID, workflow.WorkflowID, fileWorkflow.WorkflowID, fileWorkflow.ExecutionID, fileWorkflow.Steps[0].Token,
		stack.ID, url, triggerJob.AccessToken)
	<-ctx.Done()
	return s.Close()
}
