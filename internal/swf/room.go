// Package swf is the room of Amazon Simple Workflow Service: it signals
// workflow executions with SignalWorkflowExecution.
package swf

import (
	"context"
	"fmt"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/swf"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// args is what the user says of the signal.
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

// Own returns the arguments; embedding hands it on to the model.
func (a *args) Own() *args { return a }

// state is the resource: common options and results, plus arguments.
type state struct {
	signal.State
	args
}

// NewResource returns the resource signal_workflow_execution.
func NewResource(clients *aws.Clients, courier *signal.Courier) resource.Resource {
	return signal.NewResource[state](room(clients), courier)
}

func room(clients *aws.Clients) signal.Room[args] {
	return signal.Room[args]{
		Name: "workflow_execution",
		Description: "Sends a signal to a running Amazon Simple Workflow Service (SWF) workflow execution: the signal becomes an event in the execution's history, " +
			"and its decider is asked what to do about it. Creating the resource makes one `SignalWorkflowExecution` request.\n\n" +
			"SWF records every signal that it accepts, also one that is the same as another. " +
			"Moving a value from `input` to `input_wo` is a changed argument, and sends the signal again.",
		Arguments: arguments(),
		Bind: func(ctx context.Context, a *args, secrets signal.Secrets) (signal.Signal, error) {
			client, region, err := aws.Client(ctx, clients, "swf", a.Region.ValueString(), newClient)
			if err != nil {
				return signal.Signal{}, err
			}
			a.Region = types.StringValue(region)
			return bind(client, a, secrets), nil
		},
	}
}

func newClient(cfg awssdk.Config, endpoint *string) *sdk.Client {
	return sdk.NewFromConfig(cfg, func(o *sdk.Options) {
		if endpoint != nil {
			o.BaseEndpoint = endpoint
		}
	})
}

func bind(client *sdk.Client, a *args, secrets signal.Secrets) signal.Signal {
	if a.RunID.IsUnknown() {
		// Only a read could tell which run took the signal, and none is made.
		a.RunID = types.StringNull()
	}
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
	t := target{client, input}
	return signal.Signal{
		Target:  t,
		What:    fmt.Sprintf("signal %q", a.SignalName.ValueString()),
		To:      fmt.Sprintf("%s in domain %s in %s", to, a.Domain.ValueString(), a.Region.ValueString()),
		Service: "SWF",
		Explain: t.explain,
		FindOut: t.findOut(),
	}
}
