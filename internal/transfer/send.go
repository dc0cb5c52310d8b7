package transfer

import (
	"context"
	"errors"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/transfer"
	transfertypes "github.com/aws/aws-sdk-go-v2/service/transfer/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// client has the operations that the system uses.
type client struct {
	region                string
	SendWorkflowStepState aws.Operation[sdk.SendWorkflowStepStateInput, sdk.SendWorkflowStepStateOutput, sdk.Options]
	DescribeExecution     aws.Operation[sdk.DescribeExecutionInput, sdk.DescribeExecutionOutput, sdk.Options]
	ListExecutions        aws.Operation[sdk.ListExecutionsInput, sdk.ListExecutionsOutput, sdk.Options]
}

var service = aws.Service[*client]{Name: "transfer", IsOwn: aws.IsJSON, NewClient: func(cfg awssdk.Config) *client {
	c := sdk.NewFromConfig(cfg)
	return &client{cfg.Region, c.SendWorkflowStepState, c.DescribeExecution, c.ListExecutions}
}}

// permission is the IAM action for the one request that a signal makes.
const permission = "transfer:SendWorkflowStepState"

// notFound is the error code for a workflow or an execution that does not exist, and for an
// execution that has ended.
const notFound = "ResourceNotFoundException"

type request struct {
	*client
	input *sdk.SendWorkflowStepStateInput
}

// Send makes one SendWorkflowStepState request.
func (r request) Send(ctx context.Context) delivery.Attempt {
	attempt := aws.Send(ctx, r.SendWorkflowStepState, r.input)
	if throttled, ok := errors.AsType[*transfertypes.ThrottlingException](attempt.Err); ok {
		// The SDK drops the message of the answer. This is the text of the API reference.
		attempt.Message = "The request was denied due to request throttling."
		attempt.RetryAfter = delivery.RetryAfter(awssdk.ToString(throttled.RetryAfterSeconds), time.Second)
	}
	return attempt
}

// refusals has the errors in the API reference of SendWorkflowStepState.
func (r request) refusals() signal.Refusals {
	return signal.Refusals{
		notFound:                  {Attribute: "execution_id", Gone: true, Next: r.missing()},
		"InvalidRequestException": {Next: "Check that workflow_id, execution_id and token all come from the same callback: the callback of the step that waits now."},
	}
}

// missing says why there may be no such execution.
func (r request) missing() string {
	return "Transfer Family gives the same answer for a wrong id and for an execution that has ended. " +
		"Check the workflow's id, and that it is in this region and account, with " + r.command("describe-workflow --workflow-id %s", r.input.WorkflowId) +
		", and the execution with " + r.command("list-executions --workflow-id %s", r.input.WorkflowId) +
		", which lists the executions in progress. For executions that have ended, check the workflow's log group in CloudWatch, if it has one."
}

// status tells the user how to check the progress of the execution.
func (r request) status() string {
	return r.command("describe-execution --workflow-id %s --execution-id %s", r.input.WorkflowId, r.input.ExecutionId) +
		". It answers only while the execution is in progress. After that, check the workflow's log group in CloudWatch, if it has one."
}

func (r request) command(format string, values ...*string) string {
	return aws.CommandLine(r.region, "transfer "+format, values...)
}
