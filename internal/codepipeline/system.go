// Package codepipeline is the system of AWS CodePipeline: it answers manual approval
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
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// args is what the user says of the signal.
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
func New(clients *aws.Clients, sender *signal.Sender) signal.Offer {
	return signal.NewOffer(system(clients), sender)
}

func system(clients *aws.Clients) signal.System[args] {
	return signal.System[args]{
		Name:     "codepipeline_approval",
		Block:    "aws",
		Endpoint: service.Name,
		Description: "Answers a manual approval action of an AWS CodePipeline pipeline: approves or rejects it, with one `PutApprovalResult` request.\n\n" +
			"The request needs the token of the approval, which CodePipeline makes when an execution comes to the action. Without `token`, the one of the approval that waits is looked up before sending: " +
			"in the state of the pipeline, or for a pipeline in `PARALLEL` mode in the list of the actions of `pipeline_execution_id`. " +
			"With `wait_until_ready` the look-up waits until the approval comes up. Since a pipeline is named, the signal needs no id of an execution, which may be started in the same apply.\n\n" +
			"A token is good for one answer. An approval that somebody else has answered is never answered again, nor is another one in its place: the error says so.\n\n" +
			"When the answer to a signal is lost, the provider reads whether the approval still waits, in which case it is answered again. Otherwise the signal has arrived if the action shows its status and its `summary`, " +
			"at a time from its sending until 15 seconds after its answer was lost, and no other signal of this provider accounts for it. " +
			"Somebody else's answer to the same approval, with the same status and summary and in that time, cannot be told from this one.\n\n" +
			"`wait_for_completion` waits for the end of the whole execution: after `Approved`, `Succeeded` is success; after `Rejected`, any end is. " +
			"`adopt_existing` recognises an approval that was answered with this status and `summary` in the execution that `pipeline_execution_id` names; without it, an answer may be one to an earlier execution, and only an approval that waits counts.",
		Waits:      true,
		Adopts:     true,
		Resends:    true,
		Arguments:  arguments(),
		Remembered: remembered,
		Final:      func(_ *args, status string) bool { return final(status) },
		Wait:       wait(clients),
		Cloud:      clients,
		Region:     func(a *args) *types.String { return &a.Region },
		Bind: func(ctx context.Context, a *args, _ signal.Secrets) (signal.Signal, error) {
			client, err := service.Client(ctx, clients, a.Region.ValueString())
			if err != nil {
				return signal.Signal{}, err
			}
			return bind(client, a, false), nil
		},
	}
}

// bind makes the signal to what the arguments name. What they leave open is looked up
// later, and then found.
func bind(client *client, a *args, found bool) signal.Signal {
	for _, argument := range []*types.String{&a.Token, &a.PipelineExecutionID} {
		if argument.IsUnknown() {
			*argument = types.StringNull()
		}
	}
	w := wanted{
		action:    action{client, a.Region.ValueString(), a.PipelineName.ValueString(), a.StageName.ValueString(), a.ActionName.ValueString()},
		execution: a.PipelineExecutionID.ValueString(),
		token:     a.Token.ValueString(),
		answer:    answer{a.Status.ValueString(), a.Summary.ValueString()},
	}
	t := target{client, &sdk.PutApprovalResultInput{
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
		Target:  t,
		What:    w.answer.status,
		To:      to + " in " + w.region,
		Service: "CodePipeline",

		RateLimit:   "codepipeline/" + w.region,
		Run:         w.execution,
		Explain:     t.explain,
		HowToCheck:  "To find out whether the approval was answered, and by whom: " + t.look(),
		ExplainRead: explainRead,
		Unseen:      "No approval of this action was seen: no execution may have come to it yet, or the names may be others. " + t.look(),
	}
	if w.token == "" || w.execution == "" {
		bound.Find = w.finder(a, func() signal.Signal { return bind(client, a, true) })
	}
	if w.token != "" {
		bound.Evidence, bound.Refused = w.evidence(), w.refused()
	}
	if w.execution != "" {
		bound.Ready, bound.Existing = w.ready(), w.existing()
		bound.Completion = w.in(w.execution).completion(w.answer.status)
	}
	return bound
}
