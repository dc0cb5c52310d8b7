package codepipeline

import (
	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/codepipeline"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
)

// client has the operations that the system uses. The SDK's own client must not be in a
// type that is stored in an interface, because the linker would then keep all of its
// operations, several megabytes.
type client struct {
	region               string
	PutApprovalResult    aws.Operation[sdk.PutApprovalResultInput, sdk.PutApprovalResultOutput, sdk.Options]
	GetPipelineState     aws.Operation[sdk.GetPipelineStateInput, sdk.GetPipelineStateOutput, sdk.Options]
	GetPipelineExecution aws.Operation[sdk.GetPipelineExecutionInput, sdk.GetPipelineExecutionOutput, sdk.Options]
	ListActionExecutions aws.Operation[sdk.ListActionExecutionsInput, sdk.ListActionExecutionsOutput, sdk.Options]
}

var service = aws.Service[*client]{Name: "codepipeline", IsOwn: aws.IsJSON, NewClient: newClient}

func newClient(cfg awssdk.Config) *client {
	c := sdk.NewFromConfig(cfg)
	return &client{
		region:               cfg.Region,
		PutApprovalResult:    c.PutApprovalResult,
		GetPipelineState:     c.GetPipelineState,
		GetPipelineExecution: c.GetPipelineExecution,
		ListActionExecutions: c.ListActionExecutions,
	}
}
