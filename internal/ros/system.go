// Package ros is the system of Alibaba Cloud Resource Orchestration Service (ROS):
// it signals resources of stacks with SignalResource.
package ros

import (
	"context"
	"fmt"

	sdk "github.com/alibabacloud-go/ros-20190910/v4/client"
	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/alicloud"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// args is what the user says of the signal.
type args struct {
	StackID           types.String `tfsdk:"stack_id"`
	LogicalResourceID types.String `tfsdk:"logical_resource_id"`
	Status            types.String `tfsdk:"status"`
	UniqueID          types.String `tfsdk:"unique_id"`
	ClientToken       types.String `tfsdk:"client_token"`
	Region            types.String `tfsdk:"region"`
}

// New returns signal_stack_resource.
func New(clients *alicloud.Clients, sender *signal.Sender) signal.Offer {
	return signal.NewOffer(system(clients), sender)
}

func system(clients *alicloud.Clients) signal.System[args] {
	return signal.System[args]{
		Name:     "stack_resource",
		Block:    "alicloud",
		Endpoint: service.Name,
		Description: "Sends a signal to a resource of an Alibaba Cloud ROS stack that waits for one, such as a wait condition, with one `SignalResource` request: success, failure or a warning. " +
			"While the outcome is unknown, the request is repeated under the same client token.\n\n" +
			"Create the stack elsewhere: with the command line, in the console or in another workspace. `alicloud_ros_stack` waits until its stack is complete, " +
			"so a signal that depends on it in the same configuration can never release the wait condition.",
		Waits:      true,
		Arguments:  arguments(),
		Remembered: remembered,
		Final:      func(_ *args, status string) bool { return final(status) },
		Region:     func(a *args) *types.String { return &a.Region },
		Cloud:      clients,
		Complete:   complete,
		Bind: func(_ context.Context, a *args, _ signal.Secrets) (signal.Signal, error) {
			return bind(clients, a), nil
		},
	}
}

// complete settles the signal's identity, once: every repeat of a request
// carries the same pair, and so the service can tell that it is the same signal.
func complete(_ context.Context, a *args) {
	for _, id := range []*types.String{&a.UniqueID, &a.ClientToken} {
		if id.IsUnknown() {
			*id = types.StringValue(uuid.NewString())
		}
	}
}

func bind(clients *alicloud.Clients, a *args) signal.Signal {
	request := &sdk.SignalResourceRequest{
		RegionId:          a.Region.ValueStringPointer(),
		StackId:           a.StackID.ValueStringPointer(),
		LogicalResourceId: a.LogicalResourceID.ValueStringPointer(),
		Status:            a.Status.ValueStringPointer(),
		UniqueId:          a.UniqueID.ValueStringPointer(),
		ClientToken:       a.ClientToken.ValueStringPointer(),
	}
	watched := stackResource{clients, a.Region.ValueString(), a.StackID.ValueString(), a.LogicalResourceID.ValueString()}
	return signal.Signal{
		Target:  target{clients, request},
		What:    a.Status.ValueString(),
		To:      fmt.Sprintf("resource %s of ROS stack %s in %s", a.LogicalResourceID.ValueString(), a.StackID.ValueString(), a.Region.ValueString()),
		Service: "ROS",

		RateLimit: "ros/" + a.Region.ValueString(),
		Explain:   explain,
		HowToCheck: fmt.Sprintf("To find out, look at the resource's status and the stack's events: \"aliyun ros ListStackEvents --RegionId %s --StackId %s\".",
			delivery.ShellWord(a.Region.ValueString()), delivery.ShellWord(a.StackID.ValueString())),
		Ready:       watched.ready(),
		Completion:  watched.completion(request),
		ExplainRead: explainRead,
	}
}
