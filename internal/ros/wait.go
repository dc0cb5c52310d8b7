package ros

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/alicloud"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// wait describes signal_stack_resource_wait.
func wait(clients *alicloud.Clients) *signal.Wait[args] {
	return &signal.Wait[args]{
		Ended:     "the operation of an Alibaba Cloud ROS stack has ended",
		Ready:     "the stack or one of its resources is in progress",
		More:      " A stack without an operation in progress counts as ended with the result of its last one, so let the resource depend on what begins the operation.",
		Target:    []string{"stack_id", "logical_resource_id"},
		Arguments: map[string]schema.Attribute{"logical_resource_id": signal.Optional("A resource of the stack. With `until = \"ended\"` the wait is for the stack and for this resource, with `until = \"ready\"` only for this resource. If it is not set, the wait is for the stack.")},
		Bind: func(_ context.Context, a *args) (signal.Watched, error) {
			watched := stackResource{service.Client(clients, a.Region.ValueString()), a.StackID.ValueString(), a.LogicalResourceID.ValueString()}
			to := fmt.Sprintf("ROS stack %s in %s", watched.stack, watched.Region)
			if watched.resource != "" {
				to = fmt.Sprintf("resource %s of %s", watched.resource, to)
			}
			ready := watched.ready()
			if watched.resource == "" {
				ready = watched.progressing()
			}
			of := signal.Signal{To: to, Service: "ROS", RateLimit: "ros/" + watched.Region, RunID: watched.stack, ExplainRead: refusals.Explain(alicloud.Explain, readPermissions)}
			return of.Watched(ready, watched.completion("SUCCESS")), nil
		},
	}
}

// progressing is reached if the stack is in progress, and missed if it has ended.
func (w stackResource) progressing() *delivery.Probe {
	return w.probe(func(found snapshot) delivery.Observation {
		return found.observation(delivery.StateOf(inProgress(found.stack.Status), final(found.stack.Status)))
	})
}
