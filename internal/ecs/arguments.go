package ecs

import (
	"context"
	"errors"
	"fmt"
	"slices"

	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

const (
	actionContinue = string(ecstypes.DeploymentLifecycleHookActionContinue)
	actionRollback = string(ecstypes.DeploymentLifecycleHookActionRollback)
)

// deploymentARN is the form of an ARN in the developer guide. Names of clusters and
// services cannot contain a slash.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/continue-service-deployment.html
var deploymentARN = delivery.LazyRegexp(`^arn:[\w-]+:ecs:[a-z0-9-]+:\d{12}:service-deployment/[^/]+/[^/]+/[^/]+$`)

var isDeployment = signal.Matches(deploymentARN,
	"must be the ARN of a service deployment, such as arn:aws:ecs:us-east-1:123456789012:service-deployment/my-cluster/my-service/EZe5RNVLH6PPzHXINuP28")

// arguments are the arguments in the API references of ContinueServiceDeployment and
// ListServiceDeployments. These state no lengths.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContinueServiceDeployment.html
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServiceDeployments.html
func arguments() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"service_deployment_arn": signal.OptionalComputed("The ARN of the service deployment, such as `arn:aws:ecs:us-east-1:123456789012:service-deployment/my-cluster/my-service/EZe5RNVLH6PPzHXINuP28`. "+
			"It needs `hook_id`. Set either these two or `cluster` and `service`.",
			isDeployment),
		"hook_id": signal.OptionalComputed("The id of the pause hook that awaits an action. ECS creates one for each pause. It needs `service_deployment_arn`.",
			stringvalidator.LengthAtLeast(1)),
		"cluster": signal.Optional("The name or ARN of the cluster that `service` is in. "+
			"With both, the provider searches for the newest deployment of the service, and for its pause hook that awaits an action, before it sends.",
			stringvalidator.LengthAtLeast(1)),
		"service": signal.Optional("The name or ARN of the service whose deployment is paused. It needs `cluster`.", stringvalidator.LengthAtLeast(1)),
		"lifecycle_stage": signal.Optional("With `cluster` and `service`, the stage in which the deployment must be paused, such as `POST_TEST_TRAFFIC_SHIFT`. "+
			"If it is not set, the signal answers whichever pause the deployment is in. Set it if a deployment pauses more than once.",
			stringvalidator.OneOf(stages()...)),
		"started_after": signal.StartedAfterAttribute(),
		"action": signal.Optional("What the deployment does next: `CONTINUE`, which is the default of ECS, or `ROLLBACK` to the previous service revision.",
			stringvalidator.OneOf(actionContinue, actionRollback)),
		"region": signal.RegionAttribute(),
	}
}

// stages are the stages in which a hook can pause a deployment.
func stages() (names []string) {
	for _, stage := range ecstypes.DeploymentLifecycleHookStage("").Values() {
		names = append(names, string(stage))
	}
	return names
}

// remembered says of some arguments what the state records.
var remembered = map[string]string{
	"service_deployment_arn": "The provider records the ARN that it found, and uses it until the signal is sent again.",
	"hook_id":                "The provider records the id that it found, and uses it until the signal is sent again.",
	"service":                "After taint, `-replace` and changed `triggers` the provider searches for a pause again. If you set `service_deployment_arn` and `hook_id` to the values that were found and remove the names, nothing is sent.",
	"started_after":          "A change of this argument alone sends nothing, and the recorded target stays.",
}

// check reports a target that is set in both ways, incompletely, or not at all.
func check(_ context.Context, a *args, _ bool) (diags diag.Diagnostics) {
	arguments := map[string]types.String{
		"service_deployment_arn": a.ServiceDeploymentARN, "hook_id": a.HookID,
		"cluster": a.Cluster, "service": a.Service, "lifecycle_stage": a.LifecycleStage, "started_after": a.StartedAfter,
	}
	given := func(name string) bool { return signal.Given(arguments[name]) }
	missing := func(name string) bool { return signal.Missing(arguments[name]) }
	needs := func(name string, others ...string) {
		for _, other := range others {
			if given(name) && missing(other) {
				diags.AddAttributeError(path.Root(name), "Incomplete Target", fmt.Sprintf("%s needs %s.", name, other))
			}
		}
	}
	where, one := []string{"cluster", "service", "lifecycle_stage", "started_after"}, []string{"service_deployment_arn", "hook_id"}
	switch {
	case slices.ContainsFunc(where, given) && slices.ContainsFunc(one, given):
		for _, name := range where {
			if given(name) {
				diags.AddAttributeError(path.Root(name), "Two Targets", fmt.Sprintf("%s says where to search for a deployment, but service_deployment_arn and hook_id identify one: set either these two, or cluster and service.", name))
			}
		}
	case slices.ContainsFunc(where, given):
		needs("cluster", "service")
		needs("service", "cluster")
		needs("lifecycle_stage", "cluster", "service")
		needs("started_after", "cluster", "service")
	case slices.ContainsFunc(one, given):
		needs("service_deployment_arn", "hook_id")
		needs("hook_id", "service_deployment_arn")
	case !slices.ContainsFunc(slices.Concat(where, one), func(name string) bool { return !missing(name) }):
		diags.AddAttributeError(path.Root("service_deployment_arn"), "No Target", "Set service_deployment_arn and hook_id, or cluster and service.")
	}
	return diags
}

// errNoTarget is the error of a signal whose arguments were unknown at plan and are all
// empty at apply.
var errNoTarget = errors.New("set service_deployment_arn and hook_id, or cluster and service")
