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

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// readPermissions are the IAM actions for waiting and for searching for a lost signal.
const readPermissions = "ecs:DescribeServiceDeployments"

// The statuses of a service deployment.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html
const (
	inProgress = string(ecstypes.ServiceDeploymentStatusInProgress)
	succeeded  = string(ecstypes.ServiceDeploymentStatusSuccessful)
	// rollingBack is the prefix of all statuses of a rollback.
	rollingBack = "ROLLBACK_"
)

var (
	failedStatuses = []string{
		string(ecstypes.ServiceDeploymentStatusStopped),
		string(ecstypes.ServiceDeploymentStatusRollbackSuccessful),
		string(ecstypes.ServiceDeploymentStatusRollbackFailed),
	}
	// underWay are the statuses of deployments that have not ended.
	underWay = []ecstypes.ServiceDeploymentStatus{
		ecstypes.ServiceDeploymentStatusPending, ecstypes.ServiceDeploymentStatusInProgress, ecstypes.ServiceDeploymentStatusStopRequested,
		ecstypes.ServiceDeploymentStatusRollbackRequested, ecstypes.ServiceDeploymentStatusRollbackInProgress,
	}
)

func final(status string) bool { return status == succeeded || slices.Contains(failedStatuses, status) }

// pauses reports whether a deployment with this status may still reach a hook.
func pauses(status string) bool {
	return status == inProgress || status == string(ecstypes.ServiceDeploymentStatusPending)
}

// deployment is a service deployment to read.
type deployment struct {
	*client
	arn string
}

// snapshot is what a read shows of a deployment. The status is empty if the deployment does
// not exist.
type snapshot struct {
	arn, status, stage, reason string
	hooks                      []ecstypes.DeploymentLifecycleHookDetail
	updated, rollback          time.Time
	clock                      delivery.ServerClock
}

func (s snapshot) observation(state delivery.State) delivery.Observation {
	return delivery.Observation{State: state, Status: s.status, Reason: s.reason}
}

// hook returns the hook with an id, nil if it is not listed.
func (s snapshot) hook(id string) *ecstypes.DeploymentLifecycleHookDetail {
	if i := slices.IndexFunc(s.hooks, func(h ecstypes.DeploymentLifecycleHookDetail) bool { return awssdk.ToString(h.HookId) == id }); i >= 0 {
		return &s.hooks[i]
	}
	return nil
}

// paused returns the pause hooks that await an action now.
func (s snapshot) paused() (hooks []ecstypes.DeploymentLifecycleHookDetail) {
	if s.status != inProgress {
		return nil
	}
	for _, hook := range s.hooks {
		if hook.TargetType == ecstypes.DeploymentLifecycleHookTargetTypePause && hook.Status == ecstypes.DeploymentLifecycleHookStatusAwaitingAction {
			hooks = append(hooks, hook)
		}
	}
	return hooks
}

func (d deployment) key() string { return fmt.Sprintf("ecs/%s/%s", d.region, d.arn) }

// read reads the deployment. A deployment that does not exist is not an error.
func (d deployment) read(ctx context.Context) (snapshot, delivery.Attempt) {
	described, attempt := d.describe(ctx, []string{d.arn})
	found, there := described[d.arn]
	if !there {
		found = snapshot{arn: d.arn, clock: attempt.Clock}
	}
	return found, attempt
}

// mostDescribed is the largest number of deployments that one request can read.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServiceDeployments.html
const mostDescribed = 20

// describe reads deployments by their ARNs.
func (c *client) describe(ctx context.Context, arns []string) (map[string]snapshot, delivery.Attempt) {
	out, attempt := aws.Get(ctx, c.DescribeServiceDeployments, &sdk.DescribeServiceDeploymentsInput{ServiceDeploymentArns: arns})
	if out == nil {
		return nil, attempt
	}
	described := map[string]snapshot{}
	for _, shown := range out.ServiceDeployments {
		found := snapshot{
			arn: awssdk.ToString(shown.ServiceDeploymentArn), clock: attempt.Clock,
			status: string(shown.Status), stage: string(shown.LifecycleStage), reason: awssdk.ToString(shown.StatusReason),
			hooks: shown.LifecycleHookDetails, updated: awssdk.ToTime(shown.UpdatedAt),
		}
		if shown.Rollback != nil {
			found.reason, found.rollback = cmp.Or(found.reason, awssdk.ToString(shown.Rollback.Reason)), awssdk.ToTime(shown.Rollback.StartedAt)
		}
		described[found.arn] = found
	}
	return described, attempt
}

// together lets the probe read its deployment together with others, with one request.
func (d deployment) together(probe *delivery.Probe) *delivery.Probe {
	return delivery.Batch[snapshot]{Key: "ecs/" + d.region, Most: mostDescribed, Read: d.describe}.Of(probe, func() string { return d.arn },
		func(snapshot) bool { return true })
}

// there is like read, but a deployment that does not exist is an error.
func (d deployment) there(ctx context.Context) (snapshot, delivery.Attempt) {
	found, attempt := d.read(ctx)
	if attempt.Outcome == delivery.Accepted && found.status == "" {
		attempt = signal.Advised(attempt, "ECS lists no such service deployment", signal.Advice{
			Attribute: "service_deployment_arn", Gone: true, Next: checkARN + " ECS deletes a deployment some time after its end.",
		})
	}
	return found, attempt
}

func (d deployment) probe(judge func(snapshot) delivery.Observation) *delivery.Probe {
	return d.together(delivery.NewProbe(d.key(), d.read, judge))
}

// completion is reached if the deployment has ended as the action asks: successfully, or in
// any way after ROLLBACK.
func (d deployment) completion(action string) *delivery.Probe {
	return d.ended(func(found snapshot) delivery.Observation { return found.end(action) })
}

// ended returns a probe for a wait for the end of the deployment.
func (d deployment) ended(judge func(snapshot) delivery.Observation) *delivery.Probe {
	return d.together(delivery.NewProbe(d.key()+"/end", d.there, judge).Final())
}

// end returns the observation for a wait for the end of the deployment, after such an
// action.
func (s snapshot) end(action string) delivery.Observation {
	return s.observation(delivery.StateOf(s.status == succeeded || action == actionRollback && final(s.status), final(s.status)))
}

// ready is reached if the hook awaits an action. It is pending if the hook is not there,
// because ECS may not show it yet.
func (d deployment) ready(hook string) *delivery.Probe {
	return d.probe(func(found snapshot) delivery.Observation {
		shown := found.hook(hook)
		switch {
		case shown == nil && (found.status == "" || pauses(found.status)):
			waiting := found.observation(delivery.Pending)
			waiting.Seen = found.seen()
			return waiting
		case shown != nil && shown.Status == ecstypes.DeploymentLifecycleHookStatusAwaitingAction && found.status == inProgress:
			return found.open(*shown)
		default:
			missed := found.observation(delivery.Missed)
			missed.Gone, missed.Seen = true, found.shows(hook)
			return missed
		}
	})
}

// open returns the observation of a deployment with a hook that awaits an action.
func (s snapshot) open(hook ecstypes.DeploymentLifecycleHookDetail) delivery.Observation {
	reached := s.observation(delivery.Reached)
	reached.Expires = awssdk.ToTime(hook.ExpiresAt)
	reached.Then = fmt.Sprintf("If the hook times out, ECS does this by itself: %s.", cmp.Or(hook.TimeoutAction, ecstypes.DeploymentLifecycleHookActionRollback))
	return reached
}

// refused returns a probe that says why a hook has not taken an action. It is reached only
// if the deployment has ended with the hook unanswered: after a hook that somebody else has
// answered, the next hook, even of another deployment, is for another signal.
func (d deployment) refused(hook string) *delivery.Probe {
	return d.probe(func(found snapshot) delivery.Observation {
		shown := found.hook(hook)
		awaits := shown != nil && shown.Status == ecstypes.DeploymentLifecycleHookStatusAwaitingAction && found.status == inProgress
		unanswered := shown == nil || shown.Status == ecstypes.DeploymentLifecycleHookStatusAwaitingAction || shown.Status == ecstypes.DeploymentLifecycleHookStatusTimedOut
		seen := found.observation(delivery.StateOf(final(found.status) && unanswered, !awaits))
		seen.Seen, seen.Gone = found.shows(hook), shown != nil && !awaits
		return seen
	})
}

// seen describes a deployment without a hook that takes the action.
func (s snapshot) seen() string {
	if s.status == "" {
		return ""
	}
	said := fmt.Sprintf("The deployment %s is %s", s.arn, s.status)
	if s.stage != "" {
		said += " in the stage " + s.stage
	}
	var awaiting []string
	for _, hook := range s.paused() {
		awaiting = append(awaiting, awssdk.ToString(hook.HookId))
	}
	if len(awaiting) > 0 {
		return said + ", and an action is awaited by " + strings.Join(awaiting, " and ") + "."
	}
	return said + "."
}

// stands describes the state of a hook.
func (s snapshot) stands(id string) string {
	hook := s.hook(id)
	switch {
	case s.status == "":
		return "it lists no such service deployment"
	case hook == nil:
		return fmt.Sprintf("the deployment is %s and lists no hook %s", s.status, id)
	default:
		return fmt.Sprintf("the hook is %s in a deployment that is %s", hook.Status, s.status)
	}
}

// shows returns the text of stands as a sentence.
func (s snapshot) shows(id string) string { return "ECS shows: " + s.stands(id) + "." }

const checkARN = "Check the ARN, and that the deployment is in this region and account."

// readRefusals has the errors of the reads of a deployment.
var readRefusals = signal.Refusals{"InvalidParameterException": {Attribute: "service_deployment_arn", Next: checkARN}}
