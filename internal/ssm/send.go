package ssm

import (
	"context"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// client has the operations that the system uses.
type client struct {
	region                           string
	SendAutomationSignal             aws.Operation[sdk.SendAutomationSignalInput, sdk.SendAutomationSignalOutput, sdk.Options]
	GetAutomationExecution           aws.Operation[sdk.GetAutomationExecutionInput, sdk.GetAutomationExecutionOutput, sdk.Options]
	DescribeAutomationExecutions     aws.Operation[sdk.DescribeAutomationExecutionsInput, sdk.DescribeAutomationExecutionsOutput, sdk.Options]
	DescribeAutomationStepExecutions aws.Operation[sdk.DescribeAutomationStepExecutionsInput, sdk.DescribeAutomationStepExecutionsOutput, sdk.Options]
}

var service = aws.Service[*client]{Name: "ssm", IsOwn: aws.IsJSON, NewClient: func(cfg awssdk.Config) *client {
	c := sdk.NewFromConfig(cfg)
	return &client{cfg.Region, c.SendAutomationSignal, c.GetAutomationExecution, c.DescribeAutomationExecutions, c.DescribeAutomationStepExecutions}
}}

// permission is the IAM action for the one request that a signal makes.
const permission = "ssm:SendAutomationSignal"

type request struct {
	*client
	input *sdk.SendAutomationSignalInput
}

// Send makes one SendAutomationSignal request.
func (r request) Send(ctx context.Context) delivery.Attempt {
	return aws.Send(ctx, r.SendAutomationSignal, r.input)
}

// notFound is the error code of SSM for an execution that does not exist.
const notFound = "AutomationExecutionNotFoundException"

// refusals has the errors in the API reference of SendAutomationSignal.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendAutomationSignal.html#API_SendAutomationSignal_Errors
var refusals = signal.Refusals{
	notFound:                          {Attribute: "automation_execution_id", Gone: true, Next: "Check the execution's id, and whether it runs in this region and account."},
	"AutomationStepNotFoundException": {Attribute: "payload", Next: "Check the step name or step execution id in the payload against the execution's steps."},
	"InvalidAutomationSignalException": {Attribute: "signal_type", Next: "The execution cannot take this signal now: perhaps no step waits for it yet, or the execution has ended. Check the status of the execution's steps. " +
		"With wait_until_ready = true the provider waits for a step that takes the signal. For Approve and Reject, also check that the identity of the provider is among the step's Approvers, and has not decided already."},
}
