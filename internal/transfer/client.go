package transfer

import (
	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/transfer"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
)

// client has the operations that the system uses. The SDK's own client must not be in a
// type that is stored in an interface, because the linker would then keep all of its
// operations, several megabytes.
type client struct {
	region                string
	SendWorkflowStepState aws.Operation[sdk.SendWorkflowStepStateInput, sdk.SendWorkflowStepStateOutput, sdk.Options]
	DescribeExecution     aws.Operation[sdk.DescribeExecutionInput, sdk.DescribeExecutionOutput, sdk.Options]
	ListExecutions        aws.Operation[sdk.ListExecutionsInput, sdk.ListExecutionsOutput, sdk.Options]
}

var service = aws.Service[*client]{Name: "transfer", IsOwn: aws.IsJSON, NewClient: newClient}

func newClient(cfg awssdk.Config) *client {
	c := sdk.NewFromConfig(cfg)
	return &client{
		region:                cfg.Region,
		SendWorkflowStepState: c.SendWorkflowStepState,
		DescribeExecution:     c.DescribeExecution,
		ListExecutions:        c.ListExecutions,
	}
}
