// Package codepipeline is the system of AWS CodePipeline. It answers manual approval
// actions with PutApprovalResult.
package codepipeline

import (
	"context"
	"fmt"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/codepipeline"
	cptypes "github.com/aws/aws-sdk-go-v2/service/codepipeline/types"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// args are the arguments of the signal.
type args struct {
	PipelineName        types.String `tfsdk:"pipeline_name"`
	StageName           types.String `tfsdk:"stage_name"`
	ActionName          types.String `tfsdk:"action_name"`
	Status              types.String `tfsdk:"status"`
	Summary             types.String `tfsdk:"summary"`
	Token               types.String `tfsdk:"token"`
	PipelineExecutionID types.String `tfsdk:"pipeline_execution_id"`
	Region              types.String `tfsdk:"region"`
}

// New returns signal_codepipeline_approval.
func New(clients *aws.Clients, sender *signal.Sender) signal.Factories {
	return signal.NewFactories(signal.System[args]{
		Name:     "codepipeline_approval",
		Block:    "aws",
		Endpoint: service.Name,
		Description: "Answers a manual approval action of an AWS CodePipeline pipeline: approves or rejects it, with one `PutApprovalResult` request.\n\n" +
			"The request needs the token of the approval, which CodePipeline creates when an execution reaches the action. Without `token`, the provider reads the token of the approval that waits before it sends: " +
			"from the state of the pipeline, or for a pipeline in `PARALLEL` mode from the list of the actions of `pipeline_execution_id`. " +
			"With `wait_until_ready` the provider waits until the approval waits. The signal needs only the pipeline's name and no execution id, so the execution may start in the same apply.\n\n" +
			"A token works for one answer. If somebody else has answered the approval, the provider neither answers it again nor answers another approval instead: the resource fails and says so. " +
			"If the approval was abandoned before the signal arrives, because its execution was stopped, the provider searches again.\n\n" +
			"If the answer to a signal is lost, the provider reads the approval. If it still waits, the signal is sent again. Otherwise the signal has arrived if the action shows its status, its `summary` and its sender, " +
			"at a time between the send and 15 seconds after the answer was lost, and that is not the answer of another signal of this provider. " +
			"To know the sender, the provider then makes one `sts:GetCallerIdentity` request, which needs no permission. If STS or CodePipeline does not tell who it is, or CodePipeline shows another name, the outcome stays unknown. " +
			"The provider cannot tell another process with the same credentials from this one, if it gives the same answer in that time.\n\n" +
			"`wait_for_completion` waits for the end of the whole execution: after `Approved`, `Succeeded` is success; after `Rejected`, any end is. " +
			"`adopt_existing` recognises an approval that was answered with this status and `summary`, in the execution of `pipeline_execution_id` or with this `token`. It needs one of the two, because any other answer may belong to an earlier execution.",
		Confirms:   true,
		Adopts:     true,
		Resends:    true,
		Arguments:  arguments(),
		Remembered: remembered,
		Final:      func(_ *args, status string) bool { return final(status) },
		Wait:       wait(clients),
		AdoptsNothing: func(a *args, _ bool) string {
			if !signal.Missing(a.PipelineExecutionID) || !signal.Missing(a.Token) {
				return ""
			}
			return "An approval that was answered may be one of an earlier execution, so without pipeline_execution_id or token only an approval that waits is found: set one of them, or leave adopt_existing out."
		},
		Cloud: clients,
		Bind: func(ctx context.Context, a *args, _ signal.Secrets) (signal.Signal, error) {
			return aws.With(ctx, service, clients, a.Region.ValueString(), func(c *client) signal.Signal { return bind(c, a, clients.FindCaller, false) })
		},
	}, sender)
}

// bind returns the signal. If arguments that identify the target are empty, the signal
// finds them later, and calls bind again with found = true.
func bind(client *client, a *args, caller func(context.Context) (string, delivery.Attempt), found bool) signal.Signal {
	w := wanted{
		action:    action{client, a.PipelineName.ValueString(), a.StageName.ValueString(), a.ActionName.ValueString()},
		execution: a.PipelineExecutionID.ValueString(),
		token:     a.Token.ValueString(),
		answer:    answer{a.Status.ValueString(), a.Summary.ValueString()},
		caller:    caller,
	}
	r := request{client, &sdk.PutApprovalResultInput{
		PipelineName: &w.pipeline,
		StageName:    &w.stage,
		ActionName:   &w.name,
		Result:       &cptypes.ApprovalResult{Status: cptypes.ApprovalStatus(w.answer.status), Summary: awssdk.String(w.answer.summary)},
		Token:        a.Token.ValueStringPointer(),
	}, found}
	to := fmt.Sprintf("approval %s in stage %s of pipeline %s", w.name, w.stage, w.pipeline)
	if w.execution != "" {
		to += fmt.Sprintf(" (execution %s)", w.execution)
	}
	bound := signal.Signal{
		Request: r,
		What:    w.answer.status,
		To:      to + " in " + client.region,
		Service: "CodePipeline",

		RateLimit:   "codepipeline/" + client.region,
		RunID:       w.execution,
		Explain:     r.refusals().Explain(aws.Explain, permission),
		HowToCheck:  "To find out whether the approval was answered, and by whom, look at the pipeline's stages. " + r.look(),
		ExplainRead: readRefusals.Explain(aws.Explain, readPermissions),
		Unseen:      "The provider saw no approval of this action: perhaps no execution has reached it yet, or a name is wrong. " + r.look(),
	}
	if w.token == "" || w.execution == "" {
		bound.Find = w.finder(a, func() signal.Signal { return bind(client, a, caller, true) })
	}
	if w.token != "" {
		bound.Evidence, bound.Refused = w.evidence(), w.refused()
	}
	if w.execution != "" {
		bound.Evidence = w.evidence() // An adopted answer also needs evidence.
		bound.Ready, bound.Existing = w.ready(), w.existing()
		bound.Completion = w.in(w.execution).completion(w.answer.status)
	}
	return bound
}
