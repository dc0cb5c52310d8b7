package cloudformation

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// readPermissions are the IAM actions for waiting, adopting and searching for a lost
// signal.
const readPermissions = "cloudformation:DescribeStacks, cloudformation:DescribeStackResource and cloudformation:DescribeStackEvents"

const (
	inProgressSuffix = "_IN_PROGRESS"
	failedSuffix     = "_FAILED"
)

// succeeded are the statuses after a successful operation. A stack with a status in
// updatable is complete, and may be updated again.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
var (
	succeeded = []string{string(cfntypes.StackStatusCreateComplete), string(cfntypes.StackStatusUpdateComplete), string(cfntypes.StackStatusImportComplete)}
	updatable = append(slices.Clone(succeeded), string(cfntypes.StackStatusUpdateRollbackComplete), string(cfntypes.StackStatusImportRollbackComplete))
)

func inProgress(status string) bool { return strings.HasSuffix(status, inProgressSuffix) }

func final(status string) bool { return status != "" && !inProgress(status) }

// stack is a stack to read, by its name or ARN.
type stack struct {
	*client
	name string
}

func (s stack) key(of string) string {
	return fmt.Sprintf("cloudformation/%s/%q/%s", s.region, s.name, of)
}

// snapshot is what reads show of a stack and one of its resources. The status of each is
// empty if it does not exist.
type snapshot struct {
	status, reason, resource string
	outputs                  []cfntypes.Output
}

func (s snapshot) observation(state delivery.State) delivery.Observation {
	return delivery.Observation{State: state, Status: s.status, Reason: s.reason}
}

// describe reads the stack. It also returns the stack's ARN.
func (s stack) describe(ctx context.Context) (found snapshot, id string, attempt delivery.Attempt) {
	out, attempt := aws.Get(ctx, s.DescribeStacks, &sdk.DescribeStacksInput{StackName: &s.name})
	if out == nil || attempt.Outcome != delivery.Accepted {
		return found, "", attempt
	}
	if len(out.Stacks) != 1 {
		return found, "", delivery.Attempt{Outcome: delivery.Unknown, RequestID: attempt.RequestID, Err: fmt.Errorf("the answer describes %d stacks", len(out.Stacks))}
	}
	one := out.Stacks[0]
	return snapshot{status: string(one.StackStatus), reason: awssdk.ToString(one.StackStatusReason), outputs: one.Outputs}, awssdk.ToString(one.StackId), attempt
}

// completion is reached if the operation of the stack has ended: successfully, or in any
// way after a FAILURE. It calls outputs, which may be nil, with the outputs of a stack
// whose operation has ended.
func (s stack) completion(sent string, outputs func([]cfntypes.Output)) *delivery.Probe {
	// From the first read on, the probe uses the ARN: a new stack may get the same name,
	// and a deleted stack cannot be read by its name.
	same := s
	return delivery.NewProbe(s.key("end"), func(ctx context.Context) (snapshot, delivery.Attempt) {
		found, id, attempt := same.describe(ctx)
		if attempt.Outcome != delivery.Accepted {
			return found, attempt
		}
		same.name = cmp.Or(id, same.name)
		if final(found.status) && !slices.Contains(succeeded, found.status) {
			why, read := same.why(ctx)
			if found.reason = cmp.Or(why, found.reason); read.Outcome != delivery.Accepted && read.Outcome != delivery.Rejected {
				return found, read
			}
		}
		return found, attempt
	}, func(found snapshot) delivery.Observation {
		if outputs != nil && final(found.status) {
			outputs(found.outputs)
		}
		return found.observation(delivery.StateOf(slices.Contains(succeeded, found.status) || sent == failure && final(found.status), final(found.status)))
	}) // Not Final: the stack may be updated later in the same run.
}

// why returns the first failure in the events of the stack's last operation. The stack's
// own reason only lists the names of resources.
func (s stack) why(ctx context.Context) (reason string, attempt delivery.Attempt) {
	attempt = s.events(ctx, func(event cfntypes.StackEvent, _ delivery.ServerClock) bool {
		if strings.HasSuffix(string(event.ResourceStatus), failedSuffix) && !ofStack(event) && awssdk.ToString(event.ResourceStatusReason) != "" {
			reason = awssdk.ToString(event.LogicalResourceId) + ": " + *event.ResourceStatusReason
		}
		return !begins(event)
	})
	return reason, attempt
}

// refused shows whether a stack that has no such resource has ended. While it goes on, it may
// come to the resource.
func (s stack) refused() *delivery.Probe {
	return delivery.NewProbe(s.key("refused"), func(ctx context.Context) (snapshot, delivery.Attempt) {
		found, _, attempt := s.describe(ctx)
		return found, attempt
	}, func(found snapshot) delivery.Observation {
		// A stack that is deleted or rolled back creates no resource any more.
		ended := final(found.status) || strings.HasPrefix(found.status, "DELETE_") || strings.Contains(found.status, "ROLLBACK_")
		observation := found.observation(delivery.StateOf(ended, false))
		observation.Seen = fmt.Sprintf("CloudFormation shows: the stack is %s.", found.status)
		return observation
	})
}

// ready is reached while the stack is being created or updated and has reached the
// resource. It is pending if the stack or the resource does not exist, because it may be
// created later, and if the stack is complete, because it may be updated.
func (s stack) ready(resource *string) *delivery.Probe {
	return delivery.NewProbe(s.key(fmt.Sprintf("resource/%q", awssdk.ToString(resource))), func(ctx context.Context) (snapshot, delivery.Attempt) {
		found, _, attempt := s.describe(ctx)
		if absent(attempt) {
			return snapshot{}, attempt.NotFound()
		}
		if attempt.Outcome != delivery.Accepted || !inProgress(found.status) {
			return found, attempt
		}
		out, read := aws.Get(ctx, s.DescribeStackResource, &sdk.DescribeStackResourceInput{StackName: &s.name, LogicalResourceId: resource})
		if absent(read) {
			return found, attempt
		}
		if out != nil && out.StackResourceDetail != nil {
			found.resource = string(out.StackResourceDetail.ResourceStatus)
		}
		return found, read
	}, func(found snapshot) delivery.Observation {
		waits := found.resource == string(cfntypes.ResourceStatusCreateInProgress) || found.resource == string(cfntypes.ResourceStatusUpdateInProgress)
		observation := found.observation(delivery.StateOf(waits, final(found.status) && !slices.Contains(updatable, found.status)))
		observation.Gone = observation.State == delivery.Missed
		if observation.State == delivery.Pending && inProgress(found.status) {
			observation.Seen = fmt.Sprintf("Its resource %s is %s.", awssdk.ToString(resource), cmp.Or(found.resource, "not there"))
		}
		return observation
	})
}
