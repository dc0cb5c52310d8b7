// Package ssm is the system of AWS Systems Manager: it signals Automation
// executions with SendAutomationSignal.
package ssm

import (
	"context"
	"fmt"

	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// args is what the user says of the signal.
type args struct {
	AutomationExecutionID types.String `tfsdk:"automation_execution_id"`
	SignalType            types.String `tfsdk:"signal_type"`
	Payload               types.Map    `tfsdk:"payload"`
	Region                types.String `tfsdk:"region"`
}

// New returns signal_automation.
func New(clients *aws.Clients, sender *signal.Sender) signal.Offer {
	return signal.NewOffer(system(clients), sender)
}

func system(clients *aws.Clients) signal.System[args] {
	return signal.System[args]{
		Name:     "automation",
		Block:    "aws",
		Endpoint: service.Name,
		Description: "Sends a signal to a running AWS Systems Manager Automation execution, with one `SendAutomationSignal` request: approves or rejects a step that waits for approval, " +
			"resumes a paused step, starts or stops a step, or revokes an approval.\n\n" +
			"When the answer to a signal is lost, the provider reads the execution's steps. If a step still waits for the signal, it has not arrived. " +
			"It has arrived if a step shows its effect, between the sending and 15 seconds after the answer was lost, and no other signal of this provider explains that effect. " +
			"For an approval or rejection, the decision also has to have the same `Comment`, and no approver that is known to be somebody else.\n\n" +
			"In an execution with more than one approval, put a `Comment` of its own into each `payload`: without it one decision cannot be told from another, and the outcome stays unknown. " +
			"The outcome also stays unknown when a decision does not show its time, and when another gate began to wait only after the signal was sent. " +
			"Where one approval is enough and has no `Comment`, an approval by somebody else in the same time cannot be told from this one. " +
			"`Revoke` is not looked for, because its effect is not documented.",
		Waits:     true,
		Adopts:    true,
		Resends:   true,
		Arguments: arguments(),
		Final:     func(_ *args, status string) bool { return final(status) },
		Wait:      wait(clients),
		Check:     check,
		Region:    func(a *args) *types.String { return &a.Region },
		Cloud:     clients,
		Bind: func(ctx context.Context, a *args, _ signal.Secrets) (signal.Signal, error) {
			client, err := service.Client(ctx, clients, a.Region.ValueString())
			if err != nil {
				return signal.Signal{}, err
			}
			return bind(ctx, client, a, clients.Caller)
		},
	}
}

func bind(ctx context.Context, client *client, a *args, caller func() string) (signal.Signal, error) {
	input := &sdk.SendAutomationSignalInput{
		AutomationExecutionId: a.AutomationExecutionID.ValueStringPointer(),
		SignalType:            ssmtypes.SignalType(a.SignalType.ValueString()),
	}
	if !a.Payload.IsNull() {
		if diags := a.Payload.ElementsAs(ctx, &input.Payload, false); diags.HasError() {
			return signal.Signal{}, fmt.Errorf("reading payload: %s", diags[0].Detail())
		}
	}
	id := a.AutomationExecutionID.ValueString()
	watched := execution{client, id, a.Region.ValueString()}
	return signal.Signal{
		Target:  target{client, input},
		What:    a.SignalType.ValueString(),
		To:      fmt.Sprintf("SSM Automation execution %s in %s", id, a.Region.ValueString()),
		Service: "SSM",

		RateLimit: "ssm/" + a.Region.ValueString(),
		Explain:   explain,
		HowToCheck: "To find out, look at the execution's steps: " +
			aws.CommandLine(a.Region.ValueString(), "ssm get-automation-execution --automation-execution-id %s", &id) + ".",
		Ready:       watched.ready(input),
		Completion:  watched.completion(input),
		Existing:    watched.existing(input),
		Evidence:    watched.evidence(input, caller),
		ExplainRead: explainRead,
	}, nil
}
