// Package transfer is the system of AWS Transfer Family. It answers the callbacks of custom
// workflow steps, with SendWorkflowStepState.
package transfer

import (
	"context"
	"fmt"

	sdk "github.com/aws/aws-sdk-go-v2/service/transfer"
	transfertypes "github.com/aws/aws-sdk-go-v2/service/transfer/types"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// args are the arguments of the signal.
type args struct {
	WorkflowID     types.String `tfsdk:"workflow_id"`
	ExecutionID    types.String `tfsdk:"execution_id"`
	Status         types.String `tfsdk:"status"`
	Token          types.String `tfsdk:"token"`
	TokenWO        types.String `tfsdk:"token_wo"`
	TokenWOVersion types.Int64  `tfsdk:"token_wo_version"`
	Region         types.String `tfsdk:"region"`
}

// New returns signal_workflow_step_state.
func New(clients *aws.Clients, sender *signal.Sender) signal.Factories {
	return signal.NewFactories(signal.System[args]{
		Name:     "workflow_step_state",
		Block:    "aws",
		Endpoint: service.Name,
		Description: "Answers the callback of a custom step in an AWS Transfer Family managed workflow, with one `SendWorkflowStepState` request. The answer says that the step has succeeded, so that the execution goes on, or that it has failed.\n\n" +
			"The step's target receives the workflow's id, the execution's id and the token with the callback. " +
			"Moving a value from `token` to `token_wo` is a change, and sends the answer again.\n\n" +
			"Transfer Family shows executions only while they are in progress: a finished execution and a wrong id look the same. So `wait_until_ready` waits until it sees the execution; " +
			"with a wrong id it waits until the timeout. `wait_for_completion` waits until the service no longer shows the execution. Then `target_status` is `ENDED`, which is a word of this provider. " +
			"The provider cannot read whether such an execution succeeded, so after `SUCCESS` `target_succeeded` is null then, and the resource does not fail. A `postcondition` that is to accept this checks `self.target_succeeded != false`. " +
			"After `SUCCESS`, the statuses `HANDLING_EXCEPTION` and `EXCEPTION` are a failure, and the wait ends there. " +
			"After `FAILURE` any end is a success, and the wait includes the handling of the exception.",
		Resends:   true,
		Arguments: arguments(),
		Final:     final,
		OwnStatus: "`" + ended + "`, a word of this provider, if the service does not show the execution any more",
		Wait:      wait(clients),
		Cloud:     clients,
		Bind: func(ctx context.Context, a *args, secrets signal.Secrets) (signal.Signal, error) {
			return aws.With(ctx, service, clients, a.Region.ValueString(), func(c *client) signal.Signal { return bind(c, a, secrets) })
		},
	}, sender)
}

func bind(client *client, a *args, secrets signal.Secrets) signal.Signal {
	r := request{client, &sdk.SendWorkflowStepStateInput{
		WorkflowId:  a.WorkflowID.ValueStringPointer(),
		ExecutionId: a.ExecutionID.ValueStringPointer(),
		Status:      transfertypes.CustomStepStatus(a.Status.ValueString()),
		Token:       secrets.Either("token", a.Token),
	}}
	watched := execution{client, a.WorkflowID.ValueString(), a.ExecutionID.ValueString()}
	return signal.Signal{
		Request: r,
		What:    a.Status.ValueString(),
		To: fmt.Sprintf("execution %s of Transfer Family workflow %s in %s",
			a.ExecutionID.ValueString(), a.WorkflowID.ValueString(), client.region),
		Service: "Transfer Family",

		RateLimit:   "transfer/" + client.region,
		RunID:       watched.id,
		Explain:     r.refusals().Explain(aws.Explain, permission),
		HowToCheck:  "To find out, check whether the execution has gone past the step: " + r.status(),
		Ready:       watched.ready(),
		Completion:  watched.completion(r.input.Status),
		ExplainRead: signal.Refusals{}.Explain(aws.Explain, readPermissions), // An execution that is not shown is not an error.
		Unseen:      r.missing(),
	}
}
