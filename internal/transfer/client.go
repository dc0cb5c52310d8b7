package transfer

import (
	"context"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/transfer"
)

// client is the operations that the system uses. The SDK's own client must not be
// in any type that is put into an interface: the linker would keep all of its
// operations, which make up megabytes.
type client struct {
	region                string
	SendWorkflowStepState operation[sdk.SendWorkflowStepStateInput, sdk.SendWorkflowStepStateOutput]
	DescribeExecution     operation[sdk.DescribeExecutionInput, sdk.DescribeExecutionOutput]
}

func newClient(cfg awssdk.Config, endpoint *string) *client {
	c := sdk.NewFromConfig(cfg, func(o *sdk.Options) {
		if endpoint != nil {
			o.BaseEndpoint = endpoint
		}
	})
	return &client{
		region:                cfg.Region,
		SendWorkflowStepState: c.SendWorkflowStepState,
		DescribeExecution:     c.DescribeExecution,
	}
}

// operation is a method of the SDK's client.
type operation[In, Out any] = func(context.Context, *In, ...func(*sdk.Options)) (*Out, error)
