// Package sfn is the system of AWS Step Functions. It answers tasks that wait for a
// callback, with SendTaskSuccess or SendTaskFailure.
package sfn

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// args are the arguments of the signal.
type args struct {
	TaskToken          types.String `tfsdk:"task_token"`
	TaskTokenWO        types.String `tfsdk:"task_token_wo"`
	TaskTokenWOVersion types.Int64  `tfsdk:"task_token_wo_version"`
	Status             types.String `tfsdk:"status"`
	Output             types.String `tfsdk:"output"`
	OutputWO           types.String `tfsdk:"output_wo"`
	OutputWOVersion    types.Int64  `tfsdk:"output_wo_version"`
	Error              types.String `tfsdk:"error"`
	Cause              types.String `tfsdk:"cause"`
	ExecutionARN       types.String `tfsdk:"execution_arn"`
	Region             types.String `tfsdk:"region"`
}

// New returns signal_sfn_task.
func New(clients *aws.Clients, sender *signal.Sender) signal.Factories {
	return signal.NewFactories(signal.System[args]{
		Name:     "sfn_task",
		Block:    "aws",
		Endpoint: service.Name,
		Description: "Answers a task of an AWS Step Functions execution that waits for a callback (`.waitForTaskToken`) or for the worker of an activity. " +
			"One `SendTaskSuccess` or `SendTaskFailure` request says that the task has succeeded, with its output, or that it has failed.\n\n" +
			"Step Functions passes the token to the task when the task begins to wait. A state machine that runs Terraform itself, such as in CodeBuild or with `ecs:runTask.waitForTaskToken`, can pass it to Terraform as the environment variable " +
			"`TF_VAR_task_token`. Otherwise the task can write it to a parameter or a secret, and an ephemeral resource can read it into `task_token_wo`. " +
			"Moving a value from `task_token` to `task_token_wo`, or from `output` to `output_wo`, is a change, and sends the answer again.\n\n" +
			"A token works once: after an answer or a timeout the task is closed, and the service refuses every further answer as `TaskTimedOut`. So a signal that is sent twice has one effect.\n\n" +
			"If the answer to a signal is lost, the provider sends a heartbeat. If the task takes it, the task is still open, so the signal has not arrived and is sent again. If the task is closed, the provider reads the history of `execution_arn`. " +
			"The signal has arrived if there is an event with its output, or with its error and cause, between the send and 15 seconds after the answer was lost, and that event does not belong to another signal of this provider. " +
			"Without `execution_arn`, or without such an event in the history, the outcome stays unknown: this signal, another answer or a timeout has closed the task. " +
			"The provider cannot tell an answer of somebody else to another task of the execution from this one, if it has the same content and falls into that time.\n\n" +
			"`wait_for_completion` waits for the end of the whole execution: after `SUCCESS`, `SUCCEEDED` is success; after `FAILURE`, any end is.",
		Confirms:  true,
		Resends:   true,
		Arguments: arguments(),
		Final:     func(_ *args, status string) bool { return final(status) },
		Wait:      wait(clients),
		Check:     check,
		Cloud:     clients,
		Bind: func(ctx context.Context, a *args, secrets signal.Secrets) (signal.Signal, error) {
			return aws.With(ctx, service, clients, a.Region.ValueString(), func(c *client) signal.Signal { return bind(c, a, secrets) })
		},
	}, sender)
}

func bind(client *client, a *args, secrets signal.Secrets) signal.Signal {
	r := request{
		client: client,
		token:  secrets.Either("task_token", a.TaskToken),
		status: a.Status.ValueString(),
		output: secrets.Either("output", a.Output),
		error:  a.Error.ValueStringPointer(),
		cause:  a.Cause.ValueStringPointer(),
	}
	_, r.writeOnly = secrets["task_token_wo"]
	watched := execution{client, a.ExecutionARN.ValueString()}
	waiting := "that waits with this token"
	if watched.arn != "" {
		waiting = "execution " + watched.arn
	}
	return signal.Signal{
		Request: r,
		What:    r.status,
		To:      fmt.Sprintf("the task of Step Functions %s in %s", waiting, client.region),
		Service: "Step Functions",

		RateLimit:   "sfn/" + client.region,
		RunID:       watched.arn,
		Explain:     r.refusals().Explain(aws.Explain, permissions[r.status]),
		HowToCheck:  watched.howToCheck(),
		Ready:       watched.ready(),
		Completion:  watched.completion(r.status),
		Evidence:    watched.evidence(r),
		ExplainRead: readRefusals.Explain(aws.Explain, readPermissions),
		Unseen:      "Step Functions has no such execution: perhaps it has not started yet, or the ARN is wrong.",
	}
}
