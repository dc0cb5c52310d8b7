package ssm

import (
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
	DescribeAutomationExecutions     aws.Operation[sdk.DescribeAutomationExecutionsInput, sdk.DescribeAutomationExecutionsOutput, sdk.Options]
	DescribeAutomationStepExecutions aws.Operation[sdk.DescribeAutomationStepExecutionsInput, sdk.DescribeAutomationStepExecutionsOutput, sdk.Options]
}

var service = aws.Service[*client]{Name: "ssm", IsOwn: aws.IsJSON, NewClient: newClient}

func newClient(cfg awssdk.Config) *client {
	c := sdk.NewFromConfig(cfg)
	return &client{
		SendAutomationSignal:             c.SendAutomationSignal,
		GetAutomationExecution:           c.GetAutomationExecution,
		DescribeAutomationExecutions:     c.DescribeAutomationExecutions,
		DescribeAutomationStepExecutions: c.DescribeAutomationStepExecutions,
	}
}
