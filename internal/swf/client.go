package swf

import (
	"context"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/swf"
)

// client is the operations that the system uses. The SDK's own client must not be
// in any type that is put into an interface: the linker would keep all of its
// operations, which make up megabytes.
type client struct {
	region                       string
	SignalWorkflowExecution      operation[sdk.SignalWorkflowExecutionInput, sdk.SignalWorkflowExecutionOutput]
	DescribeWorkflowExecution    operation[sdk.DescribeWorkflowExecutionInput, sdk.DescribeWorkflowExecutionOutput]
	ListOpenWorkflowExecutions   listOpen
	ListClosedWorkflowExecutions listClosed
	GetWorkflowExecutionHistory  listEvents
}

func newClient(cfg awssdk.Config, endpoint *string) *client {
	c := sdk.NewFromConfig(cfg, func(o *sdk.Options) {
		if endpoint != nil {
			o.BaseEndpoint = endpoint
		}
	})
	return &client{
		region:                       cfg.Region,
		SignalWorkflowExecution:      c.SignalWorkflowExecution,
		DescribeWorkflowExecution:    c.DescribeWorkflowExecution,
		ListOpenWorkflowExecutions:   c.ListOpenWorkflowExecutions,
		ListClosedWorkflowExecutions: c.ListClosedWorkflowExecutions,
		GetWorkflowExecutionHistory:  c.GetWorkflowExecutionHistory,
	}
}

// operation is a method of the SDK's client.
type operation[In, Out any] = func(context.Context, *In, ...func(*sdk.Options)) (*Out, error)

// listOpen is what the SDK pages through.
type listOpen operation[sdk.ListOpenWorkflowExecutionsInput, sdk.ListOpenWorkflowExecutionsOutput]

func (o listOpen) ListOpenWorkflowExecutions(ctx context.Context, in *sdk.ListOpenWorkflowExecutionsInput, options ...func(*sdk.Options)) (*sdk.ListOpenWorkflowExecutionsOutput, error) {
	return o(ctx, in, options...)
}

// listClosed is what the SDK pages through.
type listClosed operation[sdk.ListClosedWorkflowExecutionsInput, sdk.ListClosedWorkflowExecutionsOutput]

func (o listClosed) ListClosedWorkflowExecutions(ctx context.Context, in *sdk.ListClosedWorkflowExecutionsInput, options ...func(*sdk.Options)) (*sdk.ListClosedWorkflowExecutionsOutput, error) {
	return o(ctx, in, options...)
}

// listEvents is what the SDK pages through.
type listEvents operation[sdk.GetWorkflowExecutionHistoryInput, sdk.GetWorkflowExecutionHistoryOutput]

func (o listEvents) GetWorkflowExecutionHistory(ctx context.Context, in *sdk.GetWorkflowExecutionHistoryInput, options ...func(*sdk.Options)) (*sdk.GetWorkflowExecutionHistoryOutput, error) {
	return o(ctx, in, options...)
}
