package ssm

import (
	"context"
	"slices"
	"sync/atomic"

	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// outputs is the type of the outputs: lists of strings by name, as in the API.
var outputs = types.ListType{ElemType: types.StringType}

// wait describes signal_automation_wait.
func wait(clients *aws.Clients) *signal.Wait[args] {
	return &signal.Wait[args]{
		Ended:  "an AWS Systems Manager Automation execution has ended",
		Ready:  "one of its steps waits for an approval or is paused",
		Target: []string{"automation_execution_id"},
		Outputs: schema.MapAttribute{
			Computed: true, ElementType: outputs,
			MarkdownDescription: "The outputs that the runbook defines, as lists of strings by name. It is null until the execution has ended, and with `until = \"ready\"`.",
		},
		Bind: func(ctx context.Context, a *args) (signal.Watched, error) {
			return aws.With(ctx, service, clients, a.Region.ValueString(), func(c *client) signal.Watched {
				target, given := execution{c, a.AutomationExecutionID.ValueString()}, types.MapNull(outputs)
				completion := target.completed(func(of map[string][]string) { given = outputsOf(of) })
				watched := bind(c, a, sdk.SendAutomationSignalInput{}, clients.Caller).Watched(target.waiting(), completion)
				watched.Outputs = func() attr.Value { return given }
				return watched
			})
		},
	}
}

// completed is completion without a signal. It calls given with the outputs of the run
// after the run has ended. A list does not show when a waiting step times out, so the
// execution is read alone once if a step waits.
func (e execution) completed(given func(map[string][]string)) *delivery.Probe {
	var told atomic.Bool
	return e.listed(e.probe(func(found snapshot) delivery.Observation {
		observation := found.end(&sdk.SendAutomationSignalInput{})
		if observation.State == delivery.Pending {
			if slices.ContainsFunc(found.steps, asks) {
				told.Store(true)
			}
			return found.withExpiry(delivery.Pending, asks)
		}
		given(found.Outputs)
		return observation
	}).Final(), func(found snapshot) bool {
		mayWait := is(found.CurrentAction, "aws:approve") || is(found.CurrentAction, "aws:pause")
		return found.goesOn() && (told.Load() || !mayWait)
	})
}

// waiting is reached if a step waits for an approval or is paused, and missed
// if the run has ended.
func (e execution) waiting() *delivery.Probe {
	return e.listed(e.probe(func(found snapshot) delivery.Observation {
		over := final(string(found.AutomationExecutionStatus))
		return found.observation(delivery.StateOf(!over && slices.ContainsFunc(found.steps, asks), over))
	}), func(found snapshot) bool { return found.runs([]string{"", "aws:approve", "aws:pause"}) })
}

// asks reports whether a step waits for an approval or is paused.
func asks(step ssmtypes.StepExecution) bool {
	return step.StepStatus == ssmtypes.AutomationExecutionStatusWaiting && (is(step.Action, "aws:approve") || is(step.Action, "aws:pause"))
}

// outputsOf converts the outputs of a run to a Terraform value.
func outputsOf(given map[string][]string) types.Map {
	values := map[string]attr.Value{}
	for name, texts := range given {
		items := make([]attr.Value, len(texts))
		for i, text := range texts {
			items[i] = types.StringValue(text)
		}
		values[name] = types.ListValueMust(types.StringType, items)
	}
	return types.MapValueMust(outputs, values)
}
