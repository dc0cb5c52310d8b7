package ssm

import (
	"context"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"
)

// client is the operations that the system uses. The SDK's own client must not be
// in any type that is put into an interface: the linker would keep all of its
// operations, which make up megabytes.
type client struct {
	SendAutomationSignal             operation[sdk.SendAutomationSignalInput, sdk.SendAutomationSignalOutput]
	GetAutomationExecution           operation[sdk.GetAutomationExecutionInput, sdk.GetAutomationExecutionOutput]
	DescribeAutomationStepExecutions listSteps
}

func newClient(cfg awssdk.Config, endpoint *string) *client {
	c := sdk.NewFromConfig(cfg, func(o *sdk.Options) {
		if endpoint != nil {
			o.BaseEndpoint = endpoint
		}
	})
	return &client{
		SendAutomationSignal:             c.SendAutomationSignal,
		GetAutomationExecution:           c.GetAutomationExecution,
		DescribeAutomationStepExecutions: c.DescribeAutomationStepExecutions,
	}
}

// operation is a method of the SDK's client.
type operation[In, Out any] = func(context.Context, *In, ...func(*sdk.Options)) (*Out, error)

// listSteps is what the SDK pages through.
type listSteps operation[sdk.DescribeAutomationStepExecutionsInput, sdk.DescribeAutomationStepExecutionsOutput]

func (o listSteps) DescribeAutomationStepExecutions(ctx context.Context, in *sdk.DescribeAutomationStepExecutionsInput, options ...func(*sdk.Options)) (*sdk.DescribeAutomationStepExecutionsOutput, error) {
	return o(ctx, in, options...)
}
