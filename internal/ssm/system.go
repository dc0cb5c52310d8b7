// Package ssm is the system of AWS Systems Manager. It signals Automation
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

// args are the arguments of the signal.
type args struct {
	AutomationExecutionID types.String `tfsdk:"automation_execution_id"`
	DocumentName          types.String `tfsdk:"document_name"`
	StartedAfter          types.String `tfsdk:"started_after"`
	SignalType            types.String `tfsdk:"signal_type"`
	Payload               types.Map    `tfsdk:"payload"`
	Region                types.String `tfsdk:"region"`
}

// New returns signal_automation.
func New(clients *aws.Clients, sender *signal.Sender) signal.Factories {
	return signal.NewFactories(signal.System[args]{
		Name:     "automation",
		Block:    "aws",
		Endpoint: service.Name,
		Description: "Sends a signal to a running AWS Systems Manager Automation execution, with one `SendAutomationSignal` request: approves or rejects a step that waits for approval, " +
			"resumes a paused step, starts or stops a step, or revokes an approval.\n\n" +
			"If the answer to a signal is lost, the provider reads the execution's steps. If a step still waits for the signal, it has not arrived. " +
			"It has arrived if a step shows its effect between the send and 15 seconds after the answer was lost, and that effect is not the effect of another signal of this provider. " +
			"For an approval or rejection, the decision must also have the same `Comment`. If the decision names its approver, and the provider knows the caller, both must be the same.\n\n" +
			"Put a unique `Comment` into each `payload` that approves or rejects: without it the provider cannot tell one decision from another, and the outcome stays unknown. " +
			"The only exception is an execution with a single approval whose decision names the caller as its approver; the provider knows the caller only if `allowed_account_ids` or `forbidden_account_ids` is set. " +
			"The outcome also stays unknown if a decision does not show its time, or if another approval step began to wait after the signal was sent. " +
			"If somebody else resumed, started or stopped the step at the same time, the provider cannot tell that from this signal, and takes the signal as arrived. " +
			"After a `Revoke` the provider does not look for a lost signal, because AWS does not document its effect.\n\n" +
			"With `document_name` the provider searches for the execution before it sends. Use it if another resource starts the execution and returns its id only after the execution has ended. " +
			"Exactly one execution of the document must be in progress and able to take this signal; with `adopt_existing`, one that shows such a signal also counts. " +
			"If there is none, the resource fails. With `wait_until_ready` it waits for one instead. If there are several, it fails and lists them. The name must be that of the document with the step: " +
			"for a step of a runbook that another runbook runs, the name of the inner runbook. If the execution ends before the signal arrives, and no approval of it was answered, the provider searches again.",
		Confirms:   true,
		Adopts:     true,
		Resends:    true,
		Twice:      "If the execution has moved on to another step that waits for the same kind of signal, the second one may approve that *next* step.",
		Arguments:  arguments(),
		Remembered: remembered,
		Naming:     &signal.Naming{ID: "automation_execution_id", Name: "document_name", Filters: []string{"started_after"}},
		Final:      func(_ *args, status string) bool { return final(status) },
		Wait:       wait(clients),
		Check:      check,
		AdoptsNothing: func(a *args, _ bool) string {
			if a.SignalType.ValueString() != string(ssmtypes.SignalTypeRevoke) {
				return ""
			}
			return "What Revoke leaves behind is not documented, so no read shows it: leave adopt_existing out."
		},
		Cloud: clients,
		Bind: func(ctx context.Context, a *args, _ signal.Secrets) (signal.Signal, error) {
			input := sdk.SendAutomationSignalInput{SignalType: ssmtypes.SignalType(a.SignalType.ValueString())}
			if !a.Payload.IsNull() {
				if diags := a.Payload.ElementsAs(ctx, &input.Payload, false); diags.HasError() {
					return signal.Signal{}, fmt.Errorf("reading payload: %s", diags[0].Detail())
				}
			}
			return aws.With(ctx, service, clients, a.Region.ValueString(), func(c *client) signal.Signal { return bind(c, a, input, clients.Caller) })
		},
	}, sender)
}

func bind(client *client, a *args, input sdk.SendAutomationSignalInput, caller func() string) signal.Signal {
	input.AutomationExecutionId = a.AutomationExecutionID.ValueStringPointer()
	id := a.AutomationExecutionID.ValueString()
	byName := document{client, a.DocumentName.ValueString(), signal.StartedAfter(a.StartedAfter)}
	known, reads := refusals, readPermissions
	if byName.name != "" {
		known, reads = refusals.Named("automation_execution_id", "document_name"), findPermissions
	}
	bound := signal.Signal{
		Request: request{client, &input},
		What:    a.SignalType.ValueString(),
		Service: "SSM",

		RateLimit:   "ssm/" + client.region,
		RunID:       id,
		Explain:     known.Explain(aws.Explain, permission),
		ExplainRead: known.Explain(aws.Explain, reads),
	}
	if id == "" {
		bound.To = fmt.Sprintf("the SSM Automation execution of document %s in %s", byName.name, client.region)
		bound.HowToCheck = "To find out, check the steps of its executions: " + byName.listCommand() + "."
		bound.Unseen = byName.unseen()
		bound.Find = byName.finder(a, &input, func() signal.Signal { return bind(client, a, input, caller) })
		return bound
	}
	watched := execution{client, id}
	bound.To = fmt.Sprintf("SSM Automation execution %s in %s", id, client.region)
	bound.HowToCheck = "To find out, check the execution's steps: " + aws.CommandLine(client.region, "ssm get-automation-execution --automation-execution-id %s", &id) + "."
	bound.Ready, bound.Completion, bound.Existing, bound.Evidence = watched.ready(&input), watched.completion(&input), watched.existing(&input), watched.evidence(&input, caller)
	bound.Refused = watched.refused(&input)
	return bound
}
