package ros

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/alicloud"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// readPermissions are the RAM actions for waiting.
const readPermissions = "ros:GetStack and ros:GetStackResource"

// succeeded are the statuses of stacks and resources after a successful operation, from the
// API references of GetStack and GetStackResource. A stack that was rolled back or deleted
// is also complete, but its operation failed.
var succeeded = []string{"CREATE_COMPLETE", "UPDATE_COMPLETE", "CHECK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_CREATE_COMPLETE", "IMPORT_UPDATE_COMPLETE"}

func inProgress(status string) bool { return strings.HasSuffix(status, "_IN_PROGRESS") }

func final(status string) bool { return status != "" && !inProgress(status) }

// stackResource is a resource to read, with its stack. If resource is empty, it is the
// stack alone.
type stackResource struct {
	alicloud.Client
	stack, resource string
}

// snapshot is what reads show of a stack and one of its resources. The resource is empty if
// it does not exist.
type snapshot struct {
	stack    stackState
	resource resourceState
}

// stackState and resourceState are the answers of GetStack and GetStackResource.
type (
	stackState    struct{ Status, StatusReason, RollbackFailedRootReason string }
	resourceState struct{ Status, StatusReason string }
)

// read reads the stack first, so that the resource is never older than the stack. Otherwise
// a resource that still waits could appear in a stack that has ended.
func (w stackResource) read(ctx context.Context) (found snapshot, attempt delivery.Attempt) {
	found.stack, attempt = alicloud.Request[stackState](ctx, w.Client, "GetStack", map[string]string{"StackId": w.stack, "OutputOption": "Disabled"})
	if attempt.Outcome != delivery.Accepted || w.resource == "" {
		return found, attempt
	}
	found.resource, attempt = alicloud.Request[resourceState](ctx, w.Client, "GetStackResource",
		map[string]string{"StackId": w.stack, "LogicalResourceId": w.resource})
	if attempt.Outcome == delivery.Rejected && attempt.Code == "ResourceNotFound" {
		// The stack may not have reached the resource yet, or may have deleted it.
		return found, delivery.Attempt{Outcome: delivery.Accepted, RequestID: attempt.RequestID, Status: attempt.Status}
	}
	return found, attempt
}

func (w stackResource) probe(judge func(snapshot) delivery.Observation) *delivery.Probe {
	return delivery.NewProbe(fmt.Sprintf("ros/%s/%q/%q", w.Region, w.stack, w.resource), w.read, judge)
}

// mostListed is the largest number of stacks that one request can list by id.
// https://www.alibabacloud.com/help/en/ros/developer-reference/api-ros-2019-09-10-liststacks
const mostListed = 10

// listed lets the probe read its stack together with others, with one list request, while
// the stack is being created or updated.
func (w stackResource) listed(probe *delivery.Probe) *delivery.Probe {
	stacks := delivery.Batch[snapshot]{Key: "ros/" + w.Region, Most: mostListed, Read: w.list}
	return stacks.Of(probe, func() string { return w.stack }, func(found snapshot) bool {
		return found.stack.Status == "CREATE_IN_PROGRESS" || found.stack.Status == "UPDATE_IN_PROGRESS"
	})
}

// list reads stacks by their ids, without their resources.
func (w stackResource) list(ctx context.Context, ids []string) (map[string]snapshot, delivery.Attempt) {
	parameters := map[string]string{"ShowNestedStack": "true", "PageSize": strconv.Itoa(mostListed)}
	for i, id := range ids {
		parameters[fmt.Sprintf("StackIds.%d", i+1)] = id
	}
	listed, attempt := alicloud.Request[stackList](ctx, w.Client, "ListStacks", parameters)
	found := map[string]snapshot{}
	for _, stack := range listed.Stacks {
		found[stack.StackID] = snapshot{stack: stackState{Status: stack.Status, StatusReason: stack.StatusReason}}
	}
	return found, attempt
}

// completion is reached if the resource and its whole stack have ended: successfully, or in
// any way after a signal other than SUCCESS.
func (w stackResource) completion(sent string) *delivery.Probe {
	// A rollback deletes the resource and the reason of its failure, so the probe remembers
	// the reason.
	var why string
	return w.listed(w.probe(func(found snapshot) delivery.Observation {
		stack, resource := found.stack.Status, found.resource.Status
		ended := final(stack) && !inProgress(resource)
		wanted := sent != "SUCCESS" || slices.Contains(succeeded, stack) && !strings.HasSuffix(resource, "_FAILED")
		observation := found.observation(delivery.StateOf(ended && wanted, ended))
		why = cmp.Or(found.failure(), why)
		observation.Reason = cmp.Or(why, observation.Reason)
		return observation
	}))
}

// ready is reached if the resource can take the signal, and missed if its stack has ended.
// Alibaba Cloud does not document whether a signal names the wait condition or its handle.
// A handle is complete while its condition waits. So a complete resource of a stack in
// progress is also ready, and ROS decides about the signal.
func (w stackResource) ready() *delivery.Probe {
	return w.probe(func(found snapshot) delivery.Observation {
		observation := found.observation(delivery.StateOf(found.takes(), final(found.stack.Status)))
		if observation.State == delivery.Pending && found.stack.Status != "" {
			observation.Seen = found.seen(w.resource)
		}
		return observation
	})
}

// refused shows why a stack has not taken the signal. It is reached if the stack has ended
// and the resource is not complete: a resource that is complete has had all its signals.
func (w stackResource) refused() *delivery.Probe {
	return w.probe(func(found snapshot) delivery.Observation {
		// A stack that is deleted or rolled back creates no resource any more.
		ended := final(found.stack.Status) || strings.HasPrefix(found.stack.Status, "DELETE_") || strings.Contains(found.stack.Status, "ROLLBACK_")
		answered := slices.Contains(succeeded, found.resource.Status)
		observation := found.observation(delivery.StateOf(ended && !answered, answered))
		observation.Seen = fmt.Sprintf("ROS shows: the stack is %s. %s", found.stack.Status, found.seen(w.resource))
		return observation
	})
}

func (s snapshot) takes() bool {
	stack, resource := s.stack.Status, s.resource.Status
	return !strings.HasPrefix(stack, "DELETE_") && (inProgress(resource) || inProgress(stack) && slices.Contains(succeeded, resource))
}

// seen describes a resource that does not take the signal.
func (s snapshot) seen(resource string) string {
	return fmt.Sprintf("Its resource %s is %s.", resource, cmp.Or(s.resource.Status, "not there"))
}

func (s snapshot) observation(state delivery.State) delivery.Observation {
	return delivery.Observation{
		State:  state,
		Status: s.stack.Status,
		Reason: cmp.Or(s.failure(), s.stack.StatusReason),
	}
}

// failure returns why the resource failed, or why the stack's rollback failed. It is empty
// if only the stack's own reason is known.
func (s snapshot) failure() string {
	if strings.HasSuffix(s.resource.Status, "_FAILED") && s.resource.StatusReason != "" {
		return s.resource.StatusReason
	}
	return s.stack.RollbackFailedRootReason
}
