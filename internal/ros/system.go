// Package ros is the system of Alibaba Cloud Resource Orchestration Service (ROS). It
// signals resources of stacks with SignalResource.
package ros

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/alicloud"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// args are the arguments of the signal.
type args struct {
	StackID           types.String `tfsdk:"stack_id"`
	StackName         types.String `tfsdk:"stack_name"`
	StartedAfter      types.String `tfsdk:"started_after"`
	LogicalResourceID types.String `tfsdk:"logical_resource_id"`
	Status            types.String `tfsdk:"status"`
	UniqueID          types.String `tfsdk:"unique_id"`
	ClientToken       types.String `tfsdk:"client_token"`
	Region            types.String `tfsdk:"region"`
}

// New returns signal_stack_resource.
func New(clients *alicloud.Clients, sender *signal.Sender) signal.Factories {
	return signal.NewFactories(signal.System[args]{
		Name:     "stack_resource",
		Block:    "alicloud",
		Endpoint: service.Name,
		Description: "Sends a signal, success, failure or a warning, to a resource of an Alibaba Cloud ROS stack that waits for one, such as a wait condition, with one `SignalResource` request. " +
			"If the outcome is unknown, the provider repeats the request with the same client token.\n\n" +
			"`alicloud_ros_stack` waits until its stack is complete, so a signal that depends on it can never release the wait condition. " +
			"In the same configuration, set `stack_name` and `wait_until_ready`, and let the signal not depend on the stack: then Terraform applies both at the same time. " +
			"Exactly one stack of that name must be in progress with a resource that can take this signal. If there is none, the resource fails. With `wait_until_ready` it waits for one instead. If there are several, it fails and lists them. " +
			"If the stack ends before the signal arrives, and the resource is not complete, the provider searches again. At destroy it reads a stack that answers that it has no such resource, because the resource may still come: without `ros:GetStack` and `ros:GetStackResource`, or while the stack goes on, the destroy fails and keeps the signal. " +
			"`started_after` leaves out stacks that ROS shows as created and last updated before that time.",
		Arguments:  arguments(),
		Remembered: remembered,
		Naming:     &signal.Naming{ID: "stack_id", Name: "stack_name", Filters: []string{"started_after"}},
		Final:      func(_ *args, status string) bool { return final(status) },
		Wait:       wait(clients),
		Cloud:      clients,
		Complete:   complete,
		Bind: func(_ context.Context, a *args, _ signal.Secrets) (signal.Signal, error) {
			return bind(service.Client(clients, a.Region.ValueString()), a), nil
		},
	}, sender)
}

// complete generates the ids that are not configured, once for each signal. Every repeat of
// the request has the same ids, so ROS recognises that it is the same signal.
func complete(_ context.Context, a *args) {
	for _, id := range []*types.String{&a.UniqueID, &a.ClientToken} {
		if id.IsUnknown() {
			*id = types.StringValue(uuid.NewString())
		}
	}
}

func bind(client alicloud.Client, a *args) signal.Signal {
	stack := a.StackID.ValueString()
	named := stackName{client, a.StackName.ValueString(), a.LogicalResourceID.ValueString(), signal.StartedAfter(a.StartedAfter)}
	known, reads := refusals, readPermissions
	if named.name != "" {
		known, reads = refusals.Named("stack_id", "stack_name"), findPermissions
	}
	bound := signal.Signal{
		Request: request{client, a},
		What:    a.Status.ValueString(),
		Service: "ROS",

		IdempotencyKey:      "ros/" + client.Region + "/" + a.ClientToken.ValueString(),
		IdempotencyArgument: "client_token",

		RateLimit:   "ros/" + client.Region,
		RunID:       stack,
		Explain:     known.Explain(alicloud.Explain, permission),
		ExplainRead: known.Explain(alicloud.Explain, reads),
	}
	if stack == "" {
		bound.To = fmt.Sprintf("resource %s of the ROS stack named %s in %s", named.resource, named.name, client.Region)
		bound.HowToCheck = "To find out, check the stack's resources and events: " + named.list() + "."
		bound.Unseen = named.unseen()
		bound.Find = named.finder(a, func() signal.Signal { return bind(client, a) })
		return bound
	}
	watched := stackResource{client, stack, named.resource}
	bound.To = fmt.Sprintf("resource %s of ROS stack %s in %s", named.resource, stack, client.Region)
	bound.HowToCheck = fmt.Sprintf("To find out, check the resource's status and the stack's events: \"aliyun ros ListStackEvents --RegionId %s --StackId %s\".",
		delivery.ShellWord(client.Region), delivery.ShellWord(stack))
	bound.Ready, bound.Completion, bound.Refused = watched.ready(), watched.completion(a.Status.ValueString()), watched.refused()
	return bound
}
