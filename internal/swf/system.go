// Package swf is the system of Amazon Simple Workflow Service. It signals workflow
// executions with SignalWorkflowExecution.
package swf

import (
	"context"
	"fmt"

	sdk "github.com/aws/aws-sdk-go-v2/service/swf"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// args are the arguments of the signal.
type args struct {
	Domain         types.String `tfsdk:"domain"`
	WorkflowID     types.String `tfsdk:"workflow_id"`
	RunID          types.String `tfsdk:"run_id"`
	SignalName     types.String `tfsdk:"signal_name"`
	Input          types.String `tfsdk:"input"`
	InputWO        types.String `tfsdk:"input_wo"`
	InputWOVersion types.Int64  `tfsdk:"input_wo_version"`
	Region         types.String `tfsdk:"region"`
}

// New returns signal_workflow_execution.
func New(clients *aws.Clients, sender *signal.Sender) signal.Factories {
	return signal.NewFactories(signal.System[args]{
		Name:     "workflow_execution",
		Block:    "aws",
		Endpoint: service.Name,
		Description: "Sends a signal to a running Amazon Simple Workflow Service (SWF) workflow execution, with one `SignalWorkflowExecution` request. " +
			"The signal becomes an event in the execution's history, and SWF asks the decider what to do about it.\n\n" +
			"SWF records every signal that it accepts, even if it is equal to another one. Its reads lag behind, and AWS does not document how long.\n\n" +
			"`wait_until_ready` waits for an open run. `wait_for_completion` waits until the run that took the signal is closed; `COMPLETED` is success. If that run continues as new, it waits for the last run. " +
			"`adopt_existing` looks for an event with the same signal name and input in the whole history of that run, whoever sent it. " +
			"If one of the three is set and `run_id` is not, the provider searches for the open run before it sends. It uses a run that has ended only if `run_id` names it.\n\n" +
			"If the answer to a signal is lost, the provider reads the history back to the time of the send: the history of the run or, without `run_id`, of the runs that were open. " +
			"The signal has arrived if there is an event with its name and input between the send and 15 seconds after the answer was lost, and that event does not belong to another signal of this provider. " +
			"The run with the event becomes the `run_id`. If there are more such events than signals, the outcome stays unknown. " +
			"The provider cannot tell an equal signal that somebody else sent in that time from this one: put an id into `input`.",
		Confirms:        true,
		Adopts:          true,
		Resends:         true,
		Arguments:       arguments(),
		Remembered:      remembered,
		ActionArguments: inputArgument.InAction(arguments()),
		Final:           func(_ *args, status string) bool { return final(status) },
		Wait:            wait(clients),
		Cloud:           clients,
		Bind: func(ctx context.Context, a *args, secrets signal.Secrets) (signal.Signal, error) {
			return aws.With(ctx, service, clients, a.Region.ValueString(), func(c *client) signal.Signal { return bind(c, a, secrets) })
		},
	}, sender)
}

func bind(client *client, a *args, secrets signal.Secrets) signal.Signal {
	input := &sdk.SignalWorkflowExecutionInput{
		Domain:     a.Domain.ValueStringPointer(),
		WorkflowId: a.WorkflowID.ValueStringPointer(),
		RunId:      a.RunID.ValueStringPointer(),
		SignalName: a.SignalName.ValueStringPointer(),
		Input:      secrets.Either("input", a.Input),
	}
	to := "SWF workflow execution " + a.WorkflowID.ValueString()
	if !a.RunID.IsNull() {
		to += fmt.Sprintf(" (run %s)", a.RunID.ValueString())
	}
	r := request{client, input}
	watched := workflow{client, a.Domain.ValueString(), a.WorkflowID.ValueString()}
	bound := signal.Signal{
		Request: r,
		What:    fmt.Sprintf("signal %q", a.SignalName.ValueString()),
		To:      fmt.Sprintf("%s in domain %s in %s", to, a.Domain.ValueString(), client.region),
		Service: "SWF",

		RateLimit:   "swf/" + client.region,
		RunID:       watched.key(""),
		Explain:     r.refusals(notSignalled).Explain(aws.Explain, permission),
		HowToCheck:  r.findOut(),
		ExplainRead: r.refusals(notRead).Explain(aws.Explain, readPermissions),
		Unseen:      r.unseen(),
	}
	if a.RunID.IsNull() {
		bound.Find = watched.finder(a, r.status(), func() signal.Signal { return bind(client, a, secrets) })
		bound.Evidence = watched.evidence(input, func(run string) { a.RunID = types.StringValue(run) })
		return bound
	}
	one := run{watched, a.RunID.ValueString()}
	bound.Ready, bound.Completion, bound.Existing, bound.Evidence = one.ready(), one.completion(), one.existing(input), one.evidence(input)
	return bound
}
