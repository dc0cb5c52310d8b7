package swf

import (
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
	ListOpenWorkflowExecutions   aws.Operation[sdk.ListOpenWorkflowExecutionsInput, sdk.ListOpenWorkflowExecutionsOutput, sdk.Options]
	ListClosedWorkflowExecutions aws.Operation[sdk.ListClosedWorkflowExecutionsInput, sdk.ListClosedWorkflowExecutionsOutput, sdk.Options]
	GetWorkflowExecutionHistory  aws.Operation[sdk.GetWorkflowExecutionHistoryInput, sdk.GetWorkflowExecutionHistoryOutput, sdk.Options]
}

var service = aws.Service[*client]{Name: "swf", IsOwn: aws.IsJSON, NewClient: newClient}

func newClient(cfg awssdk.Config) *client {
	c := sdk.NewFromConfig(cfg)
	return &client{
		region:                       cfg.Region,
		SignalWorkflowExecution:      c.SignalWorkflowExecution,
		DescribeWorkflowExecution:    c.DescribeWorkflowExecution,
		ListOpenWorkflowExecutions:   c.ListOpenWorkflowExecutions,
		ListClosedWorkflowExecutions: c.ListClosedWorkflowExecutions,
		GetWorkflowExecutionHistory:  c.GetWorkflowExecutionHistory,
	}
}
