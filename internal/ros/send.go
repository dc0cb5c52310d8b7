package ros

import (
	"context"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/alicloud"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// service has one host for all regions.
var service = alicloud.Service{Name: "ros", Host: "ros.aliyuncs.com", Version: "2019-09-10"}

// permission is the RAM action for the one request that a signal makes.
const permission = "ros:SignalResource"

// request is one SignalResource request for the resource that the arguments name.
type request struct {
	alicloud.Client
	args *args
}

// Send makes one SignalResource request.
func (r request) Send(ctx context.Context) delivery.Attempt {
	_, attempt := alicloud.Request[struct{}](ctx, r.Client, "SignalResource", map[string]string{
		"StackId":           r.args.StackID.ValueString(),
		"LogicalResourceId": r.args.LogicalResourceID.ValueString(),
		"Status":            r.args.Status.ValueString(),
		"UniqueId":          r.args.UniqueID.ValueString(),
		"ClientToken":       r.args.ClientToken.ValueString(),
	})
	return attempt
}

// stackNotFound is the error code for a stack that does not exist.
const stackNotFound = "StackNotFound"

// refusals has the errors in the API reference of SignalResource, and those of its
// ClientToken.
// https://www.alibabacloud.com/help/en/ros/developer-reference/api-ros-2019-09-10-signalresource
var (
	refusals = signal.Refusals{
		stackNotFound:      {Attribute: "stack_id", Gone: true, Next: "Check the stack's id, and that the stack is in this region and account."},
		"ResourceNotFound": {Attribute: "logical_resource_id", Gone: true, MayCome: true, Next: "Check the logical id against the resources of the stack's template. The stack may not have reached the resource yet: with wait_until_ready = true the provider waits for it."},
		"ResourceNotAvailable": {Attribute: "logical_resource_id", Next: "Check that the resource waits for signals, and that it waits now: perhaps the stack has not reached it yet, or has passed it. " +
			"Look at the status of the stack's resources."},
		"InvalidIdempotenceParameter": usedBefore,
		"IdempotentParameterMismatch": usedBefore,
		"LastTokenProcessing":         {Attribute: "client_token", Next: "The service is still processing an earlier request with this client token, so the signal may arrive with that request."},
	}
	usedBefore = signal.Advice{Attribute: "client_token", Next: "This client token was used before, for another signal. Set another client_token, or leave it out to have the provider generate one."}
)
