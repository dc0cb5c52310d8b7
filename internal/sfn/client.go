package sfn

import (
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
	GetExecutionHistory aws.Operation[sdk.GetExecutionHistoryInput, sdk.GetExecutionHistoryOutput, sdk.Options]
}

var service = aws.Service[*client]{Name: "sfn", IsOwn: aws.IsJSON, NewClient: newClient}

func newClient(cfg awssdk.Config) *client {
	c := sdk.NewFromConfig(cfg)
	return &client{
		region:              cfg.Region,
		SendTaskSuccess:     c.SendTaskSuccess,
		SendTaskFailure:     c.SendTaskFailure,
		SendTaskHeartbeat:   c.SendTaskHeartbeat,
		DescribeExecution:   c.DescribeExecution,
		GetExecutionHistory: c.GetExecutionHistory,
	}
}
