package sfn

import (
	"cmp"
	"context"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
)

// client has the operations that the system uses. The SDK's own client must not be in a
// type that is stored in an interface, because the linker would then keep all of its
// operations, several megabytes.
type client struct {
	region              string
	SendTaskSuccess     aws.Operation[sdk.SendTaskSuccessInput, sdk.SendTaskSuccessOutput, sdk.Options]
	SendTaskFailure     aws.Operation[sdk.SendTaskFailureInput, sdk.SendTaskFailureOutput, sdk.Options]
	SendTaskHeartbeat   aws.Operation[sdk.SendTaskHeartbeatInput, sdk.SendTaskHeartbeatOutput, sdk.Options]
	DescribeExecution   aws.Operation[sdk.DescribeExecutionInput, sdk.DescribeExecutionOutput, sdk.Options]
	GetExecutionHistory listEvents
}

var service = aws.Service[*client]{Name: "sfn", IsOwn: aws.IsJSON, NewClient: newClient}

func newClient(cfg awssdk.Config, endpoint *string) *client {
	c := sdk.NewFromConfig(cfg, func(o *sdk.Options) {
		o.BaseEndpoint = cmp.Or(endpoint, o.BaseEndpoint)
	})
	return &client{
		region:              cfg.Region,
		SendTaskSuccess:     c.SendTaskSuccess,
		SendTaskFailure:     c.SendTaskFailure,
		SendTaskHeartbeat:   c.SendTaskHeartbeat,
		DescribeExecution:   c.DescribeExecution,
		GetExecutionHistory: c.GetExecutionHistory,
	}
}

// listEvents implements the client of the SDK's paginator.
type listEvents aws.Operation[sdk.GetExecutionHistoryInput, sdk.GetExecutionHistoryOutput, sdk.Options]

func (o listEvents) GetExecutionHistory(ctx context.Context, in *sdk.GetExecutionHistoryInput, options ...func(*sdk.Options)) (*sdk.GetExecutionHistoryOutput, error) {
	return o(ctx, in, options...)
}
