package ssm

import (
	"cmp"
	"context"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
)

// client is the operations that the system uses. The SDK's own client must not be
// in any type that is put into an interface: the linker would keep all of its
// operations, which make up megabytes.
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

// listExecutions is what the SDK pages through.
type listExecutions aws.Operation[sdk.DescribeAutomationExecutionsInput, sdk.DescribeAutomationExecutionsOutput, sdk.Options]

func (o listExecutions) DescribeAutomationExecutions(ctx context.Context, in *sdk.DescribeAutomationExecutionsInput, options ...func(*sdk.Options)) (*sdk.DescribeAutomationExecutionsOutput, error) {
	return o(ctx, in, options...)
}

// listSteps is what the SDK pages through.
type listSteps aws.Operation[sdk.DescribeAutomationStepExecutionsInput, sdk.DescribeAutomationStepExecutionsOutput, sdk.Options]

func (o listSteps) DescribeAutomationStepExecutions(ctx context.Context, in *sdk.DescribeAutomationStepExecutionsInput, options ...func(*sdk.Options)) (*sdk.DescribeAutomationStepExecutionsOutput, error) {
	return o(ctx, in, options...)
}
