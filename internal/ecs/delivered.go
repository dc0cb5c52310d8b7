package ecs

import (
	"cmp"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// evidence is how the hook is. ECS makes an id for each pause, and a hook takes one
// action, so there is one trace at most. ECS does not tell when a hook was answered:
// for a rollback that is when it began, and otherwise when the deployment was updated
// last, which is later where the deployment has gone on since. Such a trace proves nothing.
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

// answered is how a hook is that does not await an action any more.
type answered struct {
	hook   ecstypes.DeploymentLifecycleHookStatus
	status string
}

func (s snapshot) trace(hook *ecstypes.DeploymentLifecycleHookDetail, action string) delivery.Trace {
	trace := delivery.Trace{ID: awssdk.ToString(hook.HookId), At: s.updated, Shows: answered{hook.Status, s.status}}
	if action == rollBack && !s.rollback.IsZero() {
		trace.At = s.rollback
	}
	return trace
}

// likeness compares with an action. A hook that timed out was answered by nobody, and
// which status one has that was answered with ROLLBACK is not documented.
func (a answered) likeness(action string) delivery.Likeness {
	rolledBack := strings.HasPrefix(a.status, rollingBack)
	switch a.hook {
	case ecstypes.DeploymentLifecycleHookStatusTimedOut:
		return delivery.NotOurs
	case ecstypes.DeploymentLifecycleHookStatusSucceeded:
		switch {
		case (cmp.Or(action, goOn) == rollBack) == rolledBack:
			return delivery.Ours
		case rolledBack:
			// It may have gone on and then been rolled back for another reason.
			return delivery.Alike
		}
		return delivery.NotOurs
	case ecstypes.DeploymentLifecycleHookStatusFailed:
		if action == rollBack && rolledBack {
			return delivery.Ours
		}
		return delivery.NotOurs
	default:
		return delivery.Alike
	}
}
