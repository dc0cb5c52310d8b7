// Package ecs is the system of Amazon ECS. It answers service deployments that are paused
// at a lifecycle hook, with ContinueServiceDeployment.
package ecs

import (
	"cmp"
	"context"
	"fmt"

	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// args are the arguments of the signal.
type args struct {
	ServiceDeploymentARN types.String `tfsdk:"service_deployment_arn"`
	HookID               types.String `tfsdk:"hook_id"`
	Cluster              types.String `tfsdk:"cluster"`
	Service              types.String `tfsdk:"service"`
	LifecycleStage       types.String `tfsdk:"lifecycle_stage"`
	StartedAfter         types.String `tfsdk:"started_after"`
	Action               types.String `tfsdk:"action"`
	Region               types.String `tfsdk:"region"`
}

// New returns signal_ecs_deployment.
func New(clients *aws.Clients, sender *signal.Sender) signal.Factories {
	return signal.NewFactories(signal.System[args]{
		Name:     "ecs_deployment",
		Block:    "aws",
		Endpoint: service.Name,
		Description: "Continues or rolls back a deployment of an Amazon ECS service that is paused at a lifecycle hook of the type `PAUSE`, with one `ContinueServiceDeployment` request.\n\n" +
			"Identify the pause with `service_deployment_arn` and `hook_id`. Or set `cluster` and `service`: then the provider searches for the pause in the newest deployment of the service that is in progress. " +
			"It searches before it sends, with the same permissions as waiting, and records what it found. If no deployment is paused, the resource fails. With `wait_until_ready` it waits for one instead. " +
			"If it waits for a deployment that is rolled back, it fails. " +
			"If the deployment ends before the signal arrives, the provider searches again. If somebody else answers its hook first, the signal fails and answers no other hook.\n\n" +
			"An `aws_ecs_service` with `wait_for_steady_state` is not complete while its deployment is paused, so a signal that depends on it would never be sent. " +
			"Name the service, do not depend on it, and set `wait_until_ready`: then Terraform applies both at the same time, and the signal lets the deployment go on. " +
			"If an older deployment is already paused when the apply begins, the signal may answer that one, because it is the newest until the new deployment starts. To exclude it, set `started_after`. " +
			"A deployment that pauses more than once needs a signal for each `lifecycle_stage`, in their order with `depends_on`. Two pauses in one stage cannot be told apart by name.\n\n" +
			"ECS creates a `hook_id` for each pause, and a hook takes one action: a signal that is sent twice has one effect, and does not end a later pause. " +
			"If the answer to a signal is lost, the provider reads the deployment. If the hook still awaits an action, the signal has not arrived, and is sent again. " +
			"The signal has arrived if the hook has ended as the `action` asks, and the deployment was last updated, or its rollback has begun, between the send and 15 seconds after the answer was lost. " +
			"Otherwise the outcome stays unknown, because ECS does not tell when a hook was answered. If the hook has timed out, this signal has not answered it. " +
			"The provider cannot tell the same answer of somebody else to the same hook in that time from this one.\n\n" +
			"`wait_for_completion` waits for the end of the deployment: after `CONTINUE`, `SUCCESSFUL` is success; after `ROLLBACK`, any end is.",
		Confirms:   true,
		Resends:    true,
		Arguments:  arguments(),
		Remembered: remembered,
		Naming:     &signal.Naming{ID: "service_deployment_arn", Name: "service", Besides: []string{"cluster", "lifecycle_stage"}, Filters: []string{"started_after"}},
		Final:      func(_ *args, status string) bool { return final(status) },
		Wait:       wait(clients),
		Check:      check,
		Cloud:      clients,
		Bind: func(ctx context.Context, a *args, _ signal.Secrets) (signal.Signal, error) {
			if a.Service.IsNull() && (a.ServiceDeploymentARN.ValueString() == "" || a.HookID.ValueString() == "") {
				return signal.Signal{}, errNoTarget
			}
			return aws.With(ctx, service, clients, a.Region.ValueString(), func(c *client) signal.Signal { return bind(c, a) })
		},
	}, sender)
}

func bind(client *client, a *args) signal.Signal {
	arn, hook := a.ServiceDeploymentARN.ValueString(), a.HookID.ValueString()
	watched := deployment{client, arn}
	bound := signal.Signal{
		Request: request{client, &sdk.ContinueServiceDeploymentInput{
			ServiceDeploymentArn: &arn, HookId: &hook, Action: ecstypes.DeploymentLifecycleHookAction(a.Action.ValueString()),
		}},
		What:    cmp.Or(a.Action.ValueString(), actionContinue),
		To:      fmt.Sprintf("hook %s of ECS service deployment %s in %s", hook, arn, client.region),
		Service: "ECS",

		RateLimit: "ecs/" + client.region,
		RunID:     arn,
		Explain:   refusals.Explain(aws.Explain, permission),
		HowToCheck: "To find out, check the hooks of the deployment: " +
			aws.CommandLine(client.region, "ecs describe-service-deployments --service-deployment-arns %s", &arn) + ".",
		ExplainRead: readRefusals.Explain(aws.Explain, readPermissions),
		Unseen:      "ECS knew no such deployment, or no such hook of it: perhaps the ARN or the id is wrong.",
	}
	if arn == "" {
		found := paused{client, a.Cluster.ValueString(), a.Service.ValueString(), a.LifecycleStage.ValueString(), signal.StartedAfter(a.StartedAfter)}
		bound.To = fmt.Sprintf("the paused deployment of ECS service %s in cluster %s in %s", found.service, found.cluster, client.region)
		bound.Find = found.finder(a, func() signal.Signal { return bind(client, a) })
		bound.ExplainRead = findRefusals.Explain(aws.Explain, findPermissions)
		bound.Unseen = "ECS listed no deployment of this service in progress: perhaps none has started yet, or cluster or service is wrong."
		return bound
	}
	bound.Ready, bound.Completion, bound.Refused = watched.ready(hook), watched.completion(bound.What), watched.refused(hook)
	bound.Evidence = watched.evidence(hook, bound.What)
	return bound
}
