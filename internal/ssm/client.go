package ssm

import (
	"cmp"
	"context"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
)

// client has the operations that the system uses. The SDK's own client must not
// be in a type that is stored in an interface, because the linker would then
// keep all of its operations, several megabytes.
type client struct {
	SendAutomationSignal             aws.Operation[sdk.SendAutomationSignalInput, sdk.SendAutomationSignalOutput, sdk.Options]
	GetAutomationExecution           aws.Operation[sdk.GetAutomationExecutionInput, sdk.GetAutomationExecutionOutput, sdk.Options]
	DescribeAutomationExecutions     listExecutions
	DescribeAutomationStepExecutions listSteps
}

var service = aws.Service[*client]{Name: "ssm", IsOwn: aws.IsJSON, NewClient: newClient}

func newClient(cfg awssdk.Config, endpoint *string) *client {
	c := sdk.NewFromConfig(cfg, func(o *sdk.Options) {
		o.BaseEndpoint = cmp.Or(endpoint, o.BaseEndpoint)
	})
	return &client{
		SendAutomationSignal:             c.SendAutomationSignal,
		GetAutomationExecution:           c.GetAutomationExecution,
		DescribeAutomationExecutions:     c.DescribeAutomationExecutions,
		DescribeAutomationStepExecutions: c.DescribeAutomationStepExecutions,
	}
}

// listExecutions implements the client of the SDK's paginator.
type listExecutions aws.Operation[sdk.DescribeAutomationExecutionsInput, sdk.DescribeAutomationExecutionsOutput, sdk.Options]

func (o listExecutions) DescribeAutomationExecutions(ctx context.Context, in *sdk.DescribeAutomationExecutionsInput, options ...func(*sdk.Options)) (*sdk.DescribeAutomationExecutionsOutput, error) {
	return o(ctx, in, options...)
}

// listSteps implements the client of the SDK's paginator.
type listSteps aws.Operation[sdk.DescribeAutomationStepExecutionsInput, sdk.DescribeAutomationStepExecutionsOutput, sdk.Options]

func (o listSteps) DescribeAutomationStepExecutions(ctx context.Context, in *sdk.DescribeAutomationStepExecutionsInput, options ...func(*sdk.Options)) (*sdk.DescribeAutomationStepExecutionsOutput, error) {
	return o(ctx, in, options...)
}
