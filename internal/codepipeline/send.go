package codepipeline

import (
	"context"
	"errors"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/codepipeline"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// client has the operations that the system uses.
type client struct {
	region               string
	PutApprovalResult    aws.Operation[sdk.PutApprovalResultInput, sdk.PutApprovalResultOutput, sdk.Options]
	GetPipelineState     aws.Operation[sdk.GetPipelineStateInput, sdk.GetPipelineStateOutput, sdk.Options]
	GetPipelineExecution aws.Operation[sdk.GetPipelineExecutionInput, sdk.GetPipelineExecutionOutput, sdk.Options]
	ListActionExecutions aws.Operation[sdk.ListActionExecutionsInput, sdk.ListActionExecutionsOutput, sdk.Options]
}

var service = aws.Service[*client]{Name: "codepipeline", IsOwn: aws.IsJSON, NewClient: func(cfg awssdk.Config) *client {
	c := sdk.NewFromConfig(cfg)
	return &client{cfg.Region, c.PutApprovalResult, c.GetPipelineState, c.GetPipelineExecution, c.ListActionExecutions}
}}

// permission is the IAM action for the one request that a signal makes.
const permission = "codepipeline:PutApprovalResult"

// Error codes for a pipeline or an execution that does not exist.
const (
	noPipeline  = "PipelineNotFoundException"
	noExecution = "PipelineExecutionNotFoundException"
)

// request is one answer to one approval.
type request struct {
	*client
	input *sdk.PutApprovalResultInput
	// found says that the provider has just read the token.
	found bool
}

// Send makes one PutApprovalResult request.
func (r request) Send(ctx context.Context) delivery.Attempt {
	return aws.Send(ctx, r.put, r.input)
}

// put calls PutApprovalResult. The API reference has approvedAt in the answer, so an answer
// without it does not come from CodePipeline.
func (r request) put(ctx context.Context, in *sdk.PutApprovalResultInput, options ...func(*sdk.Options)) (*sdk.PutApprovalResultOutput, error) {
	out, err := r.PutApprovalResult(ctx, in, options...)
	if err == nil && out.ApprovedAt == nil {
		return out, errors.New("the answer is not one of CodePipeline: it does not tell when the approval was answered")
	}
	return out, err
}

// refusals has the errors in the API reference of PutApprovalResult.
// https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutApprovalResult.html#API_PutApprovalResult_Errors
func (r request) refusals() signal.Refusals {
	closed := signal.Advice{Attribute: "token", Gone: true, Ambiguous: true, Next: "The approval is closed: it was answered already, it has timed out, or its execution has ended. " +
		"A token is good for one answer. To answer the approval that waits, leave token out. " + r.look()}
	if r.found {
		// If another approval waits now, it belongs to another execution. The signal is for
		// that one only if this one was abandoned.
		closed = signal.Advice{Ambiguous: true, Next: "The approval waited a moment ago, and was answered by somebody else meanwhile, has timed out, or its execution has ended. " + r.look() +
			" Applying again answers the approval that waits then, which may belong to another execution. To answer only the right one, set pipeline_execution_id."}
	}
	return signal.Refusals{
		noPipeline:                          {Attribute: "pipeline_name", Gone: true, Next: "Check the pipeline's name, and that it is in this region and account. " + r.look()},
		"StageNotFoundException":            {Attribute: "stage_name", Gone: true, Next: "Check the name of the stage. " + r.look()},
		"ActionNotFoundException":           {Attribute: "action_name", Gone: true, Next: "Check the name of the action. " + r.look()},
		"InvalidApprovalTokenException":     closed,
		"ApprovalAlreadyCompletedException": closed,
	}
}

// look tells the user how to see the pipeline, its approvals and their answers.
func (r request) look() string {
	return "To see the pipeline's stages and actions, and who has changed them last, run " +
		aws.CommandLine(r.region, "codepipeline get-pipeline-state --name %s", r.input.PipelineName) + "."
}
