package ecs

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// findPermissions are the IAM actions for finding a deployment.
const findPermissions = "ecs:ListServiceDeployments and " + readPermissions

// paused is a service whose newest deployment must be found.
type paused struct {
	*client
	cluster, service, stage string
	since                   time.Time
}

const (
	waitForIt   = "With wait_until_ready = true the provider waits for a deployment that pauses."
	giveTheHook = "The provider does not guess which one is meant: set service_deployment_arn and hook_id."
)

// finder returns the TargetFinder for the deployment and the hook. It sets them in the
// arguments. The newest deployment of the service is the target.
func (p paused) finder(a *args, bound func() signal.Signal) *signal.TargetFinder {
	choose := func(arn, hook types.String) { a.ServiceDeploymentARN, a.HookID = arn, hook }
	var (
		followed, advice string
		several, stale   bool
	)
	// refused has the hooks that have refused the action. Lagging reads may still show them
	// as waiting for one.
	refused := map[string]bool{}
	judge := func(found snapshot) delivery.Observation {
		hooks := found.paused()
		stale = slices.ContainsFunc(hooks, func(hook ecstypes.DeploymentLifecycleHookDetail) bool { return refused[awssdk.ToString(hook.HookId)] })
		missed := found.observation(delivery.Missed)
		missed.Seen = found.seen()
		several = false
		switch {
		case stale:
		case len(hooks) > 1 && p.takes(found):
			several, advice = true, giveTheHook
			missed.Reason = "More than one pause hook of it awaits an action."
			return missed
		case len(hooks) == 1 && p.takes(found):
			choose(types.StringValue(found.arn), types.StringPointerValue(hooks[0].HookId))
			return found.open(hooks[0])
		case pauses(found.status):
			followed = found.arn
		case strings.HasPrefix(found.status, rollingBack) && found.arn == followed:
			// This probe has seen the deployment in progress, and it cannot reach the pause
			// any more. A deployment that was stopped or has succeeded may be followed by
			// the one that the signal is for.
			advice = "Find out why, and apply again after the next deployment has started."
			missed.Reason = "The deployment is rolled back. " + found.reason
			return missed
		}
		pending := found.observation(delivery.Pending)
		pending.Seen = missed.Seen
		return pending
	}
	now := func(found snapshot) delivery.Observation {
		observation := judge(found)
		if observation.State == delivery.Pending && !stale {
			advice = waitForIt
			observation.State, observation.Gone = delivery.Missed, found.status == ""
			observation.Reason = "ECS lists no deployment of this service in progress."
			if found.status != "" {
				observation.Reason = "No pause hook of the service's newest deployment awaits an action" + p.inStage() + "."
			}
		}
		return observation
	}
	key := fmt.Sprintf("ecs/%s/%q/%q/%d/", p.region, p.cluster, p.service, p.since.UnixNano())
	return &signal.TargetFinder{
		Required: true,
		Ready:    delivery.NewProbe(key+"ready", p.following(), judge),
		Now:      delivery.NewProbe(key+"now", p.newest, now),
		Found:    bound,
		Forget: func() signal.Signal {
			refused[a.HookID.ValueString()] = true
			choose(types.StringNull(), types.StringNull())
			return bound()
		},
		Argument:       "service",
		AdviceIfMissed: func() string { return advice },
		Several:        func() bool { return several },
	}
}

func (p paused) takes(found snapshot) bool { return p.stage == "" || found.stage == p.stage }

func (p paused) inStage() string {
	if p.stage == "" {
		return ""
	}
	return " in the stage " + p.stage
}

// following returns a function that reads the newest deployment. If that has ended since
// the last read, it reads the deployment of the last read. A service or cluster that does
// not exist is not an error, because it may be created later.
func (p paused) following() func(ctx context.Context) (snapshot, delivery.Attempt) {
	var last string
	return func(ctx context.Context) (snapshot, delivery.Attempt) {
		found, attempt := p.newest(ctx)
		switch {
		case attempt.Code == "ServiceNotFoundException", attempt.Code == "ClusterNotFoundException":
			return snapshot{reason: attempt.Message}, attempt.NotFound()
		case attempt.Outcome == delivery.Accepted && found.status == "" && last != "":
			return deployment{p.client, last}.read(ctx)
		case attempt.Outcome == delivery.Accepted:
			last = cmp.Or(found.arn, last)
		}
		return found, attempt
	}
}

// newest reads the newest deployment that has not ended. The status is empty if there is
// none.
func (p paused) newest(ctx context.Context) (found snapshot, attempt delivery.Attempt) {
	var newest ecstypes.ServiceDeploymentBrief
	in := &sdk.ListServiceDeploymentsInput{Cluster: &p.cluster, Service: &p.service, Status: underWay}
	attempt = aws.Pages(ctx, p.ListServiceDeployments, in, &in.NextToken, func(page *sdk.ListServiceDeploymentsOutput, _ delivery.ServerClock) *string {
		for _, brief := range page.ServiceDeployments {
			if awssdk.ToTime(brief.CreatedAt).Before(p.since) {
				continue
			}
			if newest.ServiceDeploymentArn == nil || awssdk.ToTime(brief.CreatedAt).After(awssdk.ToTime(newest.CreatedAt)) {
				newest = brief
			}
		}
		return page.NextToken
	})
	if attempt.Outcome != delivery.Accepted || newest.ServiceDeploymentArn == nil {
		return found, attempt
	}
	return deployment{p.client, *newest.ServiceDeploymentArn}.read(ctx)
}

// findRefusals has the errors of the search for a deployment.
var findRefusals = signal.Refusals{
	"ServiceNotFoundException":  {Attribute: "service", Gone: true, Next: "Check the names of service and cluster, and that they are in this region and account. " + waitForIt},
	"ClusterNotFoundException":  {Attribute: "cluster", Gone: true, Next: "Check the cluster's name, and that it is in this region and account. " + waitForIt},
	"InvalidParameterException": {Attribute: "service", Next: "Check the names or ARNs of service and cluster."},
}
