package sfn

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// heartbeatArguments are the arguments of a heartbeat.
type heartbeatArguments struct {
	TaskToken types.String `tfsdk:"task_token"`
	Region    types.String `tfsdk:"region"`
}

// NewHeartbeat returns the action signal_sfn_task_heartbeat. There is no such resource,
// because a heartbeat has no effect after the next one is due.
func NewHeartbeat(clients *aws.Clients, sender *signal.Sender) action.Action {
	return signal.NewAction(signal.System[heartbeatArguments]{
		Name: "sfn_task_heartbeat",
		Description: "Tells AWS Step Functions that something still works on a task, with one `SendTaskHeartbeat` request. The task's `HeartbeatSeconds` then start again. " +
			"It does not answer the task; `signal_sfn_task` does.",
		Arguments: heartbeatSchema(),
		Cloud:     clients,
		Bind: func(ctx context.Context, b *heartbeatArguments, _ signal.Secrets) (signal.Signal, error) {
			return aws.With(ctx, service, clients, b.Region.ValueString(), func(c *client) signal.Signal {
				t := heartbeat{c, b.TaskToken.ValueStringPointer()}
				return signal.Signal{
					Request:    t,
					What:       "a heartbeat",
					To:         "the task of Step Functions that waits with this token in " + b.Region.ValueString(),
					Service:    "Step Functions",
					RateLimit:  "sfn/" + b.Region.ValueString(),
					Explain:    taskRefusals("task_token").Explain(aws.Explain, "states:SendTaskHeartbeat"),
					HowToCheck: "To find out, check the execution in the console: a task without heartbeats times out.",
				}
			})
		},
	}, sender)
}

func heartbeatSchema() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"task_token": schema.StringAttribute{
			Required: true,
			// terraform-plugin-framework 1.19 rejects write-only attributes of actions.
			Sensitive:           true,
			MarkdownDescription: taskToken.Description + " Anybody who has it can answer the task, and Terraform keeps it in saved plans.",
			Validators:          []validator.String{signal.SecretValidator(stringvalidator.UTF8LengthBetween(1, 2048))},
		},
		"region": signal.RegionAttribute(),
	}
}

// heartbeat is one heartbeat for one task.
type heartbeat struct {
	*client
	token *string
}

// Send makes one SendTaskHeartbeat request. A repeat is harmless.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskHeartbeat.html
func (h heartbeat) Send(ctx context.Context) delivery.Attempt {
	attempt := aws.Send(ctx, h.SendTaskHeartbeat, &sdk.SendTaskHeartbeatInput{TaskToken: h.token})
	attempt.Repeatable = attempt.Outcome == delivery.Unknown
	return attempt
}
