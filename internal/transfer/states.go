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
)

// readPermissions is the IAM action for waiting.
const readPermissions = "transfer:DescribeExecution"

// ended is the status of an execution that is not in progress any more. Transfer Family has
// no such status, because it shows only executions in progress.
const ended = "ENDED"

// final also ends the wait at HANDLING_EXCEPTION: the execution has failed then, and
// nothing would show the failure after the execution has ended. After FAILURE the wait goes
// on, because any end counts as success.
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

// execution is an execution of a workflow.
type execution struct {
	*client
	workflow, id string
}

// snapshot is what a read shows of an execution. The status is ENDED if Transfer Family
// does not show it.
type snapshot struct {
	transfertypes.DescribedExecution
}

// read reads the execution. An execution that is not shown is not an error, because that
// also tells something about a signal.
func (e execution) read(ctx context.Context) (found snapshot, attempt delivery.Attempt) {
	out, attempt := aws.Get(ctx, e.DescribeExecution, &sdk.DescribeExecutionInput{WorkflowId: &e.workflow, ExecutionId: &e.id})
	if out != nil && out.Execution != nil {
		found.DescribedExecution = *out.Execution
	}
	if attempt.Code == notFound {
		attempt = attempt.NotFound()
		found.Status = ended
	}
	return found, attempt
}

func (e execution) probe(judge func(snapshot) delivery.Observation) *delivery.Probe {
	return delivery.NewProbe(fmt.Sprintf("transfer/%s/%s/%s", e.region, e.workflow, e.id), e.read, judge)
}

// mostListed is the largest number of executions on a page of a list.
// https://docs.aws.amazon.com/transfer/latest/APIReference/API_ListExecutions.html
const mostListed = 1000

// listed lets the probe read its execution together with the others of its workflow, with
// one list request, while nothing in the execution has failed.
func (e execution) listed(probe *delivery.Probe) *delivery.Probe {
	executions := delivery.Batch[snapshot]{Key: fmt.Sprintf("transfer/%s/%s", e.region, e.workflow), Most: mostListed, Read: e.list}
	return executions.Of(probe, func() string { return e.id }, func(found snapshot) bool { return found.Status == transfertypes.ExecutionStatusInProgress })
}

// list reads the first page of the workflow's executions, without their steps. An execution
// that is not on it may have ended.
func (e execution) list(ctx context.Context, _ []string) (map[string]snapshot, delivery.Attempt) {
	page, attempt := aws.Get(ctx, e.ListExecutions, &sdk.ListExecutionsInput{WorkflowId: &e.workflow, MaxResults: awssdk.Int32(mostListed)})
	if page == nil {
		return nil, attempt
	}
	found := map[string]snapshot{}
	for _, one := range page.Executions {
		found[awssdk.ToString(one.ExecutionId)] = snapshot{transfertypes.DescribedExecution{Status: one.Status}}
	}
	return found, attempt
}

// completed is completion without a signal. If the execution is not shown, it has ended
// only if a read has shown it before. The probe cannot tell how it ended.
func (e execution) completed(seen *bool) *delivery.Probe {
	return e.listed(e.probe(func(found snapshot) delivery.Observation {
		if found.Status == ended && !*seen {
			return delivery.Observation{State: delivery.Pending}
		}
		*seen = true
		return found.end(transfertypes.CustomStepStatusSuccess)
	}))
}

// completion is reached if the execution has ended, and missed if it fails and the signal
// was not FAILURE. If the execution is not shown any more, nothing tells how it ended:
// after FAILURE any end is success, and after SUCCESS the result is unknown.
func (e execution) completion(sent transfertypes.CustomStepStatus) *delivery.Probe {
	return e.listed(e.probe(func(found snapshot) delivery.Observation { return found.end(sent) }))
}

func (s snapshot) end(sent transfertypes.CustomStepStatus) delivery.Observation {
	fails := sent == transfertypes.CustomStepStatusFailure
	wanted := s.Status == ended || s.Status == transfertypes.ExecutionStatusCompleted || fails && s.Status == transfertypes.ExecutionStatusException
	failed := s.Status == transfertypes.ExecutionStatusException || s.Status == transfertypes.ExecutionStatusHandlingException && !fails
	observation := s.observation(delivery.StateOf(wanted, failed))
	observation.Unjudged = s.Status == ended && !fails
	return observation
}

// ready is reached if the execution is in progress or handles an exception, because the
// steps for exceptions may also wait for a callback. It is pending if the execution is not
// shown, because it may start later.
func (e execution) ready() *delivery.Probe {
	return e.probe(func(found snapshot) delivery.Observation {
		if found.Status == ended {
			return delivery.Observation{State: delivery.Pending}
		}
		takes := found.Status == transfertypes.ExecutionStatusInProgress || found.Status == transfertypes.ExecutionStatusHandlingException
		over := found.Status == transfertypes.ExecutionStatusCompleted || found.Status == transfertypes.ExecutionStatusException
		observation := found.observation(delivery.StateOf(takes, over))
		observation.Gone = over
		return observation
	})
}

// observation returns the errors of failed steps as the reason.
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
