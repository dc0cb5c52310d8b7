package transfer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/transfer"
	transfertypes "github.com/aws/aws-sdk-go-v2/service/transfer/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// readPermissions is the IAM action of waiting.
const readPermissions = "transfer:DescribeExecution"

// ended is the status of an execution that is not in progress any more: the
// service has no word for it, because it shows only those that are.
const ended = "ENDED"

// final also ends the wait at HANDLING_EXCEPTION: the execution has failed, and nothing
// would show that once it is gone. After FAILURE the wait goes on: any end is wanted.
func final(a *args, status string) bool {
	switch transfertypes.ExecutionStatus(status) {
	case ended, transfertypes.ExecutionStatusCompleted, transfertypes.ExecutionStatusException:
		return true
	case transfertypes.ExecutionStatusHandlingException:
		return a.Status.ValueString() != string(transfertypes.CustomStepStatusFailure)
	default:
		return false
	}
}

// execution is an execution of a workflow to read.
type execution struct {
	client               *client
	region, workflow, id string
}

// snapshot is an execution; its status is ended when the service does not show it.
type snapshot struct {
	transfertypes.DescribedExecution
}

// read finds an execution, or that the service shows none: for a signal either says something.
func (e execution) read(ctx context.Context) (found snapshot, attempt delivery.Attempt) {
	out, attempt := aws.Get(ctx, e.client.DescribeExecution, &sdk.DescribeExecutionInput{WorkflowId: &e.workflow, ExecutionId: &e.id})
	if out != nil && out.Execution != nil {
		found.DescribedExecution = *out.Execution
	}
	if attempt.Code == notFound {
		attempt = delivery.Attempt{Outcome: delivery.Accepted, RequestID: attempt.RequestID}
		found.Status = ended
	}
	return found, attempt
}

func (e execution) probe(judge func(snapshot) delivery.Observation) *delivery.Probe {
	return delivery.NewProbe(fmt.Sprintf("transfer/%s/%s/%s", e.region, e.workflow, e.id), e.read, judge)
}

// mostListed is how many executions a page of a list can have.
// https://docs.aws.amazon.com/transfer/latest/APIReference/API_ListExecutions.html
const mostListed = 1000

// listed has the probe of an execution's end read its execution with others by the list of
// those of its workflow, while nothing has failed in it.
func (e execution) listed(probe *delivery.Probe) *delivery.Probe {
	executions := delivery.Batch[snapshot]{Key: fmt.Sprintf("transfer/%s/%s", e.region, e.workflow), Most: mostListed, Read: e.list}
	return executions.Of(probe, func() string { return e.id }, func(found snapshot) bool { return found.Status == transfertypes.ExecutionStatusInProgress })
}

// list reads the executions of the workflow that are on the first page of their list, without
// their steps. All that is not there may have ended.
func (e execution) list(ctx context.Context, _ []string) (map[string]snapshot, delivery.Attempt) {
	page, attempt := aws.Get(ctx, e.client.ListExecutions, &sdk.ListExecutionsInput{WorkflowId: &e.workflow, MaxResults: awssdk.Int32(mostListed)})
	if page == nil {
		return nil, attempt
	}
	found := map[string]snapshot{}
	for _, one := range page.Executions {
		found[awssdk.ToString(one.ExecutionId)] = snapshot{transfertypes.DescribedExecution{Status: one.Status}}
	}
	return found, attempt
}

// completed is completion without a signal. One that is not shown has ended only if it
// was seen before, and how it ended is not told.
func (e execution) completed(seen *bool) *delivery.Probe {
	return e.listed(e.probe(func(found snapshot) delivery.Observation {
		if found.Status == ended && !*seen {
			return delivery.Observation{State: delivery.Pending}
		}
		*seen = true
		return found.end(transfertypes.CustomStepStatusSuccess)
	}))
}

// completion is reached when the execution has ended, and missed when it is seen
// to fail, unless the signal was to make it fail. How one that is not shown any more
// ended is not told: after FAILURE any end is wanted, and after SUCCESS that is open.
func (e execution) completion(sent transfertypes.CustomStepStatus) *delivery.Probe {
	return e.listed(e.probe(func(found snapshot) delivery.Observation { return found.end(sent) }))
}

func (s snapshot) end(sent transfertypes.CustomStepStatus) delivery.Observation {
	observation, fails := s.observation(delivery.Pending), sent == transfertypes.CustomStepStatusFailure
	switch s.Status {
	case ended:
		observation.State = delivery.Reached
		observation.Unjudged = !fails
	case transfertypes.ExecutionStatusCompleted:
		observation.State = delivery.Reached
	case transfertypes.ExecutionStatusException:
		observation.State = delivery.Missed
		if fails {
			observation.State = delivery.Reached
		}
	case transfertypes.ExecutionStatusHandlingException:
		if !fails {
			observation.State = delivery.Missed
		}
	}
	return observation
}

// ready is reached when the execution is in progress, also with its steps for
// exceptions, which may wait for a callback as well. One that is not shown may
// not have been started yet.
func (e execution) ready() *delivery.Probe {
	return e.probe(func(found snapshot) delivery.Observation {
		switch found.Status {
		case transfertypes.ExecutionStatusInProgress, transfertypes.ExecutionStatusHandlingException:
			return found.observation(delivery.Reached)
		case transfertypes.ExecutionStatusCompleted, transfertypes.ExecutionStatusException:
			missed := found.observation(delivery.Missed)
			missed.Gone = true
			return missed
		case ended:
			return delivery.Observation{State: delivery.Pending}
		default:
			return found.observation(delivery.Pending)
		}
	})
}

// reading quotes the errors of the steps that have failed.
func (s snapshot) observation(state delivery.State) delivery.Observation {
	observation := delivery.Observation{State: state, Status: string(s.Status)}
	if s.Results == nil {
		return observation
	}
	var reasons []string
	for _, step := range slices.Concat(s.Results.Steps, s.Results.OnExceptionSteps) {
		if step.Error != nil {
			reasons = append(reasons, fmt.Sprintf("%s: %s", step.Error.Type, awssdk.ToString(step.Error.Message)))
		}
	}
	observation.Reason = strings.Join(reasons, "; ")
	return observation
}

// explainRead knows the errors of the read; that nothing was found is none.
func explainRead(attempt delivery.Attempt) signal.Advice {
	return signal.Advice{Next: aws.Explain(attempt, readPermissions)}
}
