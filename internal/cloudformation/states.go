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
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// readPermissions are the IAM actions of waiting, adopting and looking for a lost signal.
const readPermissions = "cloudformation:DescribeStacks, cloudformation:DescribeStackResource and cloudformation:DescribeStackEvents"

const (
	inProgressSuffix = "_IN_PROGRESS"
	failedSuffix     = "_FAILED"
)

// succeeded are the statuses of stacks that were made as wanted. Those of updatable
// are as they were before, or as wanted: they may be created or updated yet.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
var (
	succeeded = []string{string(cfntypes.StackStatusCreateComplete), string(cfntypes.StackStatusUpdateComplete), string(cfntypes.StackStatusImportComplete)}
	updatable = append(slices.Clone(succeeded), string(cfntypes.StackStatusUpdateRollbackComplete), string(cfntypes.StackStatusImportRollbackComplete))
)

func inProgress(status string) bool { return strings.HasSuffix(status, inProgressSuffix) }

func final(status string) bool { return status != "" && !inProgress(status) }

// stack is one to read, by its name or ARN.
type stack struct {
	client *client
	name   string
}

func (s stack) key(of string) string {
	return fmt.Sprintf("cloudformation/%s/%q/%s", s.client.region, s.name, of)
}

// snapshot is a stack and one of its resources; the statuses are empty where it is not there.
type snapshot struct {
	status, reason, resource string
	outputs                  []cfntypes.Output
}

func (s snapshot) observation(state delivery.State) delivery.Observation {
	return delivery.Observation{State: state, Status: s.status, Reason: s.reason}
}

// describe reads the stack, and returns its ARN too.
func (s stack) describe(ctx context.Context) (found snapshot, id string, attempt delivery.Attempt) {
	out, attempt := aws.Get(ctx, s.client.DescribeStacks, &sdk.DescribeStacksInput{StackName: &s.name})
	if out == nil || attempt.Outcome != delivery.Accepted {
		return found, "", attempt
	}
	if len(out.Stacks) != 1 {
		return found, "", delivery.Attempt{Outcome: delivery.Unknown, RequestID: attempt.RequestID, Err: fmt.Errorf("the answer describes %d stacks", len(out.Stacks))}
	}
	one := out.Stacks[0]
	return snapshot{status: string(one.StackStatus), reason: awssdk.ToString(one.StackStatusReason), outputs: one.Outputs}, awssdk.ToString(one.StackId), attempt
}

// completion is reached when the whole stack has ended: as wanted, or in any way
// after a signal that was to fail it. The outputs of one that has ended are told to
// outputs, which may be nil.
func (s stack) completion(sent string, outputs func([]cfntypes.Output)) *delivery.Probe {
	// A name may come to mean another stack, and nothing once a stack is deleted.
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
		switch {
		case slices.Contains(succeeded, found.status), sent == failure && final(found.status):
			return found.observation(delivery.Reached)
		case final(found.status):
			return found.observation(delivery.Missed)
		default:
			return found.observation(delivery.Pending)
		}
	}).Final()
}

// why is what the stack's last operation has failed of first, as far as its events
// may be read: the stack's own reason names resources alone.
func (s stack) why(ctx context.Context) (reason string, attempt delivery.Attempt) {
	attempt = s.events(ctx, func(event cfntypes.StackEvent, _ delivery.ServerClock) bool {
		if strings.HasSuffix(string(event.ResourceStatus), failedSuffix) && !ofStack(event) && awssdk.ToString(event.ResourceStatusReason) != "" {
			reason = awssdk.ToString(event.LogicalResourceId) + ": " + *event.ResourceStatusReason
		}
		return !begins(event)
	})
	return reason, attempt
}

// ready is reached while the stack is being created or updated and has come to the
// resource. A stack or a resource that is not there may be created yet, and one that
// is complete may be updated.
func (s stack) ready(resource *string) *delivery.Probe {
	return delivery.NewProbe(s.key(fmt.Sprintf("resource/%q", awssdk.ToString(resource))), func(ctx context.Context) (snapshot, delivery.Attempt) {
		found, _, attempt := s.describe(ctx)
		if absent(attempt) {
			return snapshot{}, delivery.Attempt{Outcome: delivery.Accepted, RequestID: attempt.RequestID}
		}
		if attempt.Outcome != delivery.Accepted || !inProgress(found.status) {
			return found, attempt
		}
		out, read := aws.Get(ctx, s.client.DescribeStackResource, &sdk.DescribeStackResourceInput{StackName: &s.name, LogicalResourceId: resource})
		if absent(read) {
			return found, attempt
		}
		if out != nil && out.StackResourceDetail != nil {
			found.resource = string(out.StackResourceDetail.ResourceStatus)
		}
		return found, read
	}, func(found snapshot) delivery.Observation {
		switch found.resource {
		case string(cfntypes.ResourceStatusCreateInProgress), string(cfntypes.ResourceStatusUpdateInProgress):
			return found.observation(delivery.Reached)
		}
		if final(found.status) && !slices.Contains(updatable, found.status) {
			missed := found.observation(delivery.Missed)
			missed.Gone = true
			return missed
		}
		return found.observation(delivery.Pending)
	})
}

// explainRead knows the refusals of the reads.
func (t target) explainRead(attempt delivery.Attempt) signal.Advice {
	advice := t.explain(attempt)
	if next := aws.Explain(attempt, readPermissions); next != "" {
		advice.Next = next
	}
	return advice
}
