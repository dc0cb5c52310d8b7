package swf

import (
	"cmp"
	"context"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/swf"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
)

// client has the operations that the system uses. The SDK's own client must not be in a
// type that is stored in an interface, because the linker would then keep all of its
// operations, several megabytes.
type client struct {
	region                       string
	SignalWorkflowExecution      aws.Operation[sdk.SignalWorkflowExecutionInput, sdk.SignalWorkflowExecutionOutput, sdk.Options]
	DescribeWorkflowExecution    aws.Operation[sdk.DescribeWorkflowExecutionInput, sdk.DescribeWorkflowExecutionOutput, sdk.Options]
	ListOpenWorkflowExecutions   listOpen
	ListClosedWorkflowExecutions listClosed
	GetWorkflowExecutionHistory  listEvents
}

var service = aws.Service[*client]{Name: "swf", IsOwn: aws.IsJSON, NewClient: newClient}

func newClient(cfg awssdk.Config, endpoint *string) *client {
	c := sdk.NewFromConfig(cfg, func(o *sdk.Options) {
		o.BaseEndpoint = cmp.Or(endpoint, o.BaseEndpoint)
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

// listOpen implements the client of the SDK's paginator.
type listOpen aws.Operation[sdk.ListOpenWorkflowExecutionsInput, sdk.ListOpenWorkflowExecutionsOutput, sdk.Options]

func (o listOpen) ListOpenWorkflowExecutions(ctx context.Context, in *sdk.ListOpenWorkflowExecutionsInput, options ...func(*sdk.Options)) (*sdk.ListOpenWorkflowExecutionsOutput, error) {
	return o(ctx, in, options...)
}

// listClosed implements the client of the SDK's paginator.
type listClosed aws.Operation[sdk.ListClosedWorkflowExecutionsInput, sdk.ListClosedWorkflowExecutionsOutput, sdk.Options]

func (o listClosed) ListClosedWorkflowExecutions(ctx context.Context, in *sdk.ListClosedWorkflowExecutionsInput, options ...func(*sdk.Options)) (*sdk.ListClosedWorkflowExecutionsOutput, error) {
	return o(ctx, in, options...)
}

// listEvents implements the client of the SDK's paginator.
type listEvents aws.Operation[sdk.GetWorkflowExecutionHistoryInput, sdk.GetWorkflowExecutionHistoryOutput, sdk.Options]

func (o listEvents) GetWorkflowExecutionHistory(ctx context.Context, in *sdk.GetWorkflowExecutionHistoryInput, options ...func(*sdk.Options)) (*sdk.GetWorkflowExecutionHistoryOutput, error) {
	return o(ctx, in, options...)
}
