package ecs

import (
	"cmp"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// evidence returns what the deployment shows of the hook. ECS creates an id for each pause,
// and a hook takes one action, so there is at most one trace. ECS does not show when a hook
// was answered. The time of a trace is the beginning of the rollback, or otherwise the
// deployment's last update. If the deployment has gone on since then, the last update is
// too late to prove that the signal arrived.
func (d deployment) evidence(hook, action string) *delivery.Evidence {
	return &delivery.Evidence{
		Scope:   d.key() + "/" + hook,
		Request: action,
		Probe: func(delivery.Timestamp) *delivery.Probe {
			return d.probe(func(found snapshot) delivery.Observation {
				observation, shown := found.observation(delivery.Pending), delivery.Shown{Clock: found.clock}
				at := found.hook(hook)
				awaits := at != nil && at.Status == ecstypes.DeploymentLifecycleHookStatusAwaitingAction
				if !awaits || found.status != inProgress {
					shown.Gap = found.stands(hook) + ", by this signal, by another one, or by itself"
				}
				if at != nil && !awaits {
					shown.Traces = []delivery.Trace{found.trace(at, action)}
				}
				observation.Shown = &shown
				return observation
			})
		},
		Likeness: func(trace delivery.Trace) delivery.Likeness { return trace.Shows.(answered).likeness(action) },
	}
}

// answered describes a hook that does not await an action any more, and its deployment.
type answered struct {
	hook   ecstypes.DeploymentLifecycleHookStatus
	status string
}

func (s snapshot) trace(hook *ecstypes.DeploymentLifecycleHookDetail, action string) delivery.Trace {
	trace := delivery.Trace{ID: awssdk.ToString(hook.HookId), At: s.updated, Shows: answered{hook.Status, s.status}}
	if action == actionRollback && !s.rollback.IsZero() {
		trace.At = s.rollback
	}
	return trace
}

// likeness compares the trace with an action. If the hook timed out, nobody answered it.
// AWS does not document the status of a hook that was answered with ROLLBACK.
func (a answered) likeness(action string) delivery.Likeness {
	rolledBack := strings.HasPrefix(a.status, rollingBack)
	switch a.hook {
	case ecstypes.DeploymentLifecycleHookStatusTimedOut:
		return delivery.NotOurs
	case ecstypes.DeploymentLifecycleHookStatusSucceeded:
		switch {
		case (cmp.Or(action, actionContinue) == actionRollback) == rolledBack:
			return delivery.Ours
		case rolledBack:
			// The deployment may have continued, and have been rolled back later for
			// another reason.
			return delivery.Alike
		}
		return delivery.NotOurs
	case ecstypes.DeploymentLifecycleHookStatusFailed:
		if action == actionRollback && rolledBack {
			return delivery.Ours
		}
		return delivery.NotOurs
	default:
		return delivery.Alike
	}
}
