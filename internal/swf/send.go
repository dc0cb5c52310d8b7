package swf

import (
	"context"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/swf"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// client has the operations that the system uses.
type client struct {
	region                       string
	SignalWorkflowExecution      aws.Operation[sdk.SignalWorkflowExecutionInput, sdk.SignalWorkflowExecutionOutput, sdk.Options]
	DescribeWorkflowExecution    aws.Operation[sdk.DescribeWorkflowExecutionInput, sdk.DescribeWorkflowExecutionOutput, sdk.Options]
	ListOpenWorkflowExecutions   aws.Operation[sdk.ListOpenWorkflowExecutionsInput, sdk.ListOpenWorkflowExecutionsOutput, sdk.Options]
	ListClosedWorkflowExecutions aws.Operation[sdk.ListClosedWorkflowExecutionsInput, sdk.ListClosedWorkflowExecutionsOutput, sdk.Options]
	GetWorkflowExecutionHistory  aws.Operation[sdk.GetWorkflowExecutionHistoryInput, sdk.GetWorkflowExecutionHistoryOutput, sdk.Options]
}

var service = aws.Service[*client]{Name: "swf", IsOwn: aws.IsJSON, NewClient: func(cfg awssdk.Config) *client {
	c := sdk.NewFromConfig(cfg)
	return &client{cfg.Region, c.SignalWorkflowExecution, c.DescribeWorkflowExecution, c.ListOpenWorkflowExecutions, c.ListClosedWorkflowExecutions, c.GetWorkflowExecutionHistory}
}}

// permission is the IAM action for the one request that a signal makes.
const permission = "swf:SignalWorkflowExecution"

// unknownResource is SWF's error code for a domain or an execution that does not exist, and
// for an execution that is closed.
const unknownResource = "UnknownResourceFault"

type request struct {
	*client
	input *sdk.SignalWorkflowExecutionInput
}

// Send makes one SignalWorkflowExecution request.
func (r request) Send(ctx context.Context) delivery.Attempt {
	return aws.Send(ctx, r.SignalWorkflowExecution, r.input)
}

// What unknownResource means for a signal and for a read.
const (
	notSignalled = "SWF gives this answer for three causes, and only the message above tells which one it is: the region and account have no such domain, " +
		"the domain has no such workflow execution, or the execution is not open any more."
	notRead = "SWF gives this answer when the region and account have no such domain, and when the domain has no such run: " +
		"SWF deletes a closed run after the domain's retention period."
)

// refusals has the errors in the API references of the operations.
// OperationNotPermittedFault is SWF's code for denied access.
func (r request) refusals(why string) signal.Refusals {
	return signal.Refusals{unknownResource: {
		Attribute: "workflow_id",
		Gone:      true,
		Next:      why + "\n\nCheck the domain with " + r.command("describe-domain --name %s", r.input.Domain) + ". " + r.status(),
	}}
}

// status tells the user how to check that the execution exists and is open.
func (r request) status() string {
	if r.input.RunId != nil {
		return "Check the run with " + r.command("describe-workflow-execution --domain %s --execution workflowId=%s,runId=%s", r.input.Domain, r.input.WorkflowId, r.input.RunId) +
			": its executionStatus is OPEN or CLOSED."
	}
	return "Find the open run with " + r.list("open") + ", and closed ones with " + r.list("closed") + "."
}

// unseen says why the wait may have seen no open run.
func (r request) unseen() string {
	if r.input.RunId != nil {
		return "SWF knew no such run: perhaps it has not started yet, or the domain, the workflow id or the run id is wrong. " + r.status()
	}
	return "SWF listed no open run of this workflow id: perhaps none has started yet, it has ended, or the workflow id is wrong. " + r.status()
}

// findOut tells the user how to check that the signal is in the execution's history.
func (r request) findOut() string {
	history := "get-workflow-execution-history --domain %s --execution workflowId=%s,runId=%s --reverse-order"
	look := "To find out, look in the execution's history for a WorkflowExecutionSignaled event with this name and input. It may also be an event of somebody else: "
	if r.input.RunId != nil {
		return look + r.command(history, r.input.Domain, r.input.WorkflowId, r.input.RunId) + "."
	}
	return look + r.command(history, r.input.Domain, r.input.WorkflowId, awssdk.String("RUN_ID")) +
		". The RUN_ID of the open run is in " + r.list("open") + "."
}

func (r request) list(which string) string {
	return r.command("list-"+which+"-workflow-executions --domain %s --start-time-filter oldestDate=2020-01-01 --execution-filter workflowId=%s",
		r.input.Domain, r.input.WorkflowId)
}

func (r request) command(format string, values ...*string) string {
	return aws.CommandLine(r.region, "swf "+format, values...)
}
