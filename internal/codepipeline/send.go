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

// target is one answer to one approval.
type target struct {
	client *client
	input  *sdk.PutApprovalResultInput
	// found says that the provider has just read the token.
	found bool
}

// Send makes one PutApprovalResult request.
func (t target) Send(ctx context.Context) delivery.Attempt {
	return aws.Send(ctx, t.put, t.input)
}

// put calls PutApprovalResult. The API reference has approvedAt in the answer, so an answer
// without it does not come from CodePipeline.
func (t target) put(ctx context.Context, in *sdk.PutApprovalResultInput, options ...func(*sdk.Options)) (*sdk.PutApprovalResultOutput, error) {
	out, err := t.client.PutApprovalResult(ctx, in, options...)
	if err == nil && out.ApprovedAt == nil {
		return out, errors.New("the answer is not one of CodePipeline: it does not tell when the approval was answered")
	}
	return out, err
}

// explain returns the advice for the errors in the API reference of PutApprovalResult.
// https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutApprovalResult.html#API_PutApprovalResult_Errors
func (t target) explain(attempt delivery.Attempt) signal.Advice {
	switch attempt.Code {
	case noPipeline:
		return signal.Advice{Attribute: "pipeline_name", Gone: true, Next: "Check the pipeline's name, and that it is in this region and account. " + t.look()}
	case "StageNotFoundException":
		return signal.Advice{Attribute: "stage_name", Gone: true, Next: "Check the name of the stage. " + t.look()}
	case "ActionNotFoundException":
		return signal.Advice{Attribute: "action_name", Gone: true, Next: "Check the name of the action. " + t.look()}
	case "InvalidApprovalTokenException", "ApprovalAlreadyCompletedException":
		if t.found {
			// If another approval waits now, it belongs to another execution. The signal is
			// for that one only if this one was abandoned.
			return signal.Advice{Unclear: true, Next: "The approval waited a moment ago, and was answered by somebody else meanwhile, has timed out, or its execution has ended. " + t.look() +
				" Applying again answers the approval that waits then, which may belong to another execution. To answer only the right one, set pipeline_execution_id."}
		}
		return signal.Advice{Attribute: "token", Gone: true, Unclear: true, Next: "The approval is closed: it was answered already, it has timed out, or its execution has ended. " +
			"A token is good for one answer. To answer the approval that waits, leave token out. " + t.look()}
	}
	return signal.Advice{Next: aws.Explain(attempt, permission)}
}

// look tells the user how to see the pipeline, its approvals and their answers.
func (t target) look() string {
	return "To see the pipeline's stages and actions, and who has changed them last, run " +
		aws.CommandLine(t.client.region, "codepipeline get-pipeline-state --name %s", t.input.PipelineName) + "."
}
