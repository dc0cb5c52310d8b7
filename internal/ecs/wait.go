package ecs

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// wait describes signal_ecs_deployment_wait.
func wait(clients *aws.Clients) *signal.Wait[args] {
	return &signal.Wait[args]{
		Ended:     "a deployment of an Amazon ECS service has ended",
		Ready:     "it is paused at a lifecycle hook that awaits an action",
		Target:    []string{"service_deployment_arn"},
		Arguments: map[string]schema.Attribute{"service_deployment_arn": signal.Required("The ARN of the service deployment.", isDeployment)},
		Bind: func(ctx context.Context, a *args) (signal.Watched, error) {
			return aws.With(ctx, service, clients, a.Region.ValueString(), func(c *client) signal.Watched {
				target := deployment{c, a.ServiceDeploymentARN.ValueString()}
				watched := bind(c, a).Watched(target.waiting(), target.completed())
				watched.To = fmt.Sprintf("ECS service deployment %s in %s", target.arn, target.region)
				watched.Unseen = "ECS shows no such deployment: perhaps the ARN is wrong."
				return watched
			})
		},
	}
}

// completed is completion without a signal. It also observes when a hook that awaits an
// action times out.
func (d deployment) completed() *delivery.Probe {
	return d.ended(func(found snapshot) delivery.Observation {
		observation := found.end(actionContinue)
		if hooks := found.paused(); observation.State == delivery.Pending && len(hooks) > 0 {
			observation = found.open(hooks[0])
			observation.State = delivery.Pending
		}
		return observation
	})
}

// waiting is reached if a pause hook awaits an action, and missed if no hook can do so any
// more. It is pending if the deployment does not exist, because ECS may not show it yet.
func (d deployment) waiting() *delivery.Probe {
	return d.probe(func(found snapshot) delivery.Observation {
		return found.observation(delivery.StateOf(len(found.paused()) > 0, found.status != "" && !pauses(found.status)))
	})
}
