package ssm

import (
	"context"
	"fmt"
	"slices"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// readPermissions are the IAM actions for waiting and adopting. The second one
// is needed only for executions with many steps.
const readPermissions = "ssm:GetAutomationExecution and ssm:DescribeAutomationStepExecutions"

// The final statuses of an execution.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_AutomationExecution.html
var (
	succeeded = []ssmtypes.AutomationExecutionStatus{
		ssmtypes.AutomationExecutionStatusSuccess,
		ssmtypes.AutomationExecutionStatusCompletedWithSuccess,
	}
	ended = append([]ssmtypes.AutomationExecutionStatus{
		ssmtypes.AutomationExecutionStatusFailed,
		ssmtypes.AutomationExecutionStatusTimedout,
		ssmtypes.AutomationExecutionStatusCancelled,
		ssmtypes.AutomationExecutionStatusRejected,
		ssmtypes.AutomationExecutionStatusCompletedWithFailure,
		ssmtypes.AutomationExecutionStatusChangeCalendarOverrideRejected,
		ssmtypes.AutomationExecutionStatusExited,
	}, succeeded...)
)

// stops are the signals after which any end of the run counts as success.
var stops = []ssmtypes.SignalType{ssmtypes.SignalTypeReject, ssmtypes.SignalTypeRevoke, ssmtypes.SignalTypeStopStep}

func final(status string) bool {
	return slices.Contains(ended, ssmtypes.AutomationExecutionStatus(status))
}

// execution is an Automation execution to read.
type execution struct {
	*client
	id string
}

// snapshot is an execution with all its steps, and the time of the answer.
type snapshot struct {
	ssmtypes.AutomationExecution
	steps []ssmtypes.StepExecution
	clock delivery.ServerClock
}

func (e execution) read(ctx context.Context) (found snapshot, attempt delivery.Attempt) {
	out, attempt := aws.Get(ctx, e.GetAutomationExecution, &sdk.GetAutomationExecutionInput{AutomationExecutionId: &e.id})
	if out != nil && out.AutomationExecution != nil {
		found.AutomationExecution = *out.AutomationExecution
	}
	found.steps, found.clock = found.StepExecutions, attempt.Clock
	if attempt.Outcome != delivery.Accepted || !found.StepExecutionsTruncated {
		return found, attempt
	}
	found.steps = nil
	in := &sdk.DescribeAutomationStepExecutionsInput{AutomationExecutionId: &e.id}
	attempt = aws.Pages(ctx, e.DescribeAutomationStepExecutions, in, &in.NextToken, func(page *sdk.DescribeAutomationStepExecutionsOutput, _ delivery.ServerClock) *string {
		found.steps = append(found.steps, page.StepExecutions...)
		return page.NextToken
	})
	return found, attempt
}

func (e execution) key() string { return fmt.Sprintf("ssm/%s/%s", e.region, e.id) }

func (e execution) probe(judge func(snapshot) delivery.Observation) *delivery.Probe {
	return delivery.NewProbe(e.key(), e.read, judge)
}

// mostListed is the largest number of executions that one request can list by
// id, because a filter cannot have more values.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_AutomationExecutionFilter.html
const mostListed = 10

// listed lets the probe read its execution together with others, with one list
// request. The list has no steps. settles reports whether it is enough without
// them.
func (e execution) listed(probe *delivery.Probe, settles func(snapshot) bool) *delivery.Probe {
	return delivery.Batch[snapshot]{Key: "ssm/" + e.region, Most: mostListed, Read: e.list}.Of(probe, func() string { return e.id }, settles)
}

// list reads executions by id. It reads only the first page.
func (c *client) list(ctx context.Context, ids []string) (map[string]snapshot, delivery.Attempt) {
	out, attempt := aws.Get(ctx, c.DescribeAutomationExecutions, &sdk.DescribeAutomationExecutionsInput{
		Filters: []ssmtypes.AutomationExecutionFilter{{Key: ssmtypes.AutomationExecutionFilterKeyExecutionId, Values: ids}},
	})
	if out == nil {
		return nil, attempt
	}
	found := map[string]snapshot{}
	for _, one := range out.AutomationExecutionMetadataList {
		found[awssdk.ToString(one.AutomationExecutionId)] = snapshot{clock: attempt.Clock, AutomationExecution: ssmtypes.AutomationExecution{
			AutomationExecutionStatus: one.AutomationExecutionStatus, FailureMessage: one.FailureMessage,
			CurrentStepName: one.CurrentStepName, CurrentAction: one.CurrentAction,
		}}
	}
	return found, attempt
}

// goesOn reports whether the execution has not ended.
func (s snapshot) goesOn() bool { return slices.Contains(goingOn, string(s.AutomationExecutionStatus)) }

// runs reports whether the execution's current step has an action that is not
// in except, so that it does not wait for a signal.
func (s snapshot) runs(except []string) bool {
	return s.AutomationExecutionStatus == ssmtypes.AutomationExecutionStatusInprogress && !slices.Contains(except, awssdk.ToString(s.CurrentAction))
}

// completion is reached if the run has ended successfully, or in any way after
// a signal that stops it. The reason of a failure needs a read of the single
// execution.
func (e execution) completion(input *sdk.SendAutomationSignalInput) *delivery.Probe {
	return e.listed(e.probe(func(found snapshot) delivery.Observation { return found.end(input) }).Final(), func(found snapshot) bool {
		return found.goesOn() || slices.Contains(succeeded, found.AutomationExecutionStatus)
	})
}

// end returns the observation for a wait for the end of the run, after such a
// signal, or with nil after none.
func (s snapshot) end(input *sdk.SendAutomationSignalInput) delivery.Observation {
	over := slices.Contains(ended, s.AutomationExecutionStatus)
	return s.observation(delivery.StateOf(slices.Contains(succeeded, s.AutomationExecutionStatus) || over && slices.Contains(stops, input.SignalType), over))
}

// ready is reached if a step can take the signal, and missed if the run has
// ended.
func (e execution) ready(input *sdk.SendAutomationSignalInput) *delivery.Probe {
	ready := e.probe(func(found snapshot) delivery.Observation {
		if final(string(found.AutomationExecutionStatus)) {
			return found.observation(delivery.Missed)
		}
		if found.takes(input) {
			return found.takesObservation(input)
		}
		waiting := found.observation(delivery.Pending)
		waiting.Seen = found.seen(input)
		return waiting
	})
	if actions := takers(input); actions != nil {
		return e.listed(ready, func(found snapshot) bool { return found.runs(actions) })
	}
	return ready
}

// takesObservation returns the observation of an execution that takes the signal.
func (s snapshot) takesObservation(input *sdk.SendAutomationSignalInput) delivery.Observation {
	return s.withExpiry(delivery.Reached, func(step ssmtypes.StepExecution) bool { return waits(step, input) })
}

// withExpiry returns the observation of an execution. It expires when the first step for
// which waiting returns true times out.
func (s snapshot) withExpiry(state delivery.State, waiting func(ssmtypes.StepExecution) bool) delivery.Observation {
	observation := s.observation(state)
	i := slices.IndexFunc(s.steps, waiting)
	if i < 0 {
		return observation
	}
	step := s.steps[i]
	if started, timeout := awssdk.ToTime(step.ExecutionStartTime), awssdk.ToInt64(step.TimeoutSeconds); !started.IsZero() && timeout > 0 {
		observation.Expires = started.Add(time.Duration(timeout) * time.Second)
		observation.Then = fmt.Sprintf("Then the step %s times out.", awssdk.ToString(step.StepName))
	}
	return observation
}

// seen describes an execution without a step that takes the signal: its current
// step, and child executions that may have such a step.
func (s snapshot) seen(input *sdk.SendAutomationSignalInput) string {
	said := fmt.Sprintf("No step of it waits for %s.", input.SignalType)
	if step := current(s.CurrentStepName, s.CurrentAction); step != "" {
		said += " " + step
	}
	for _, step := range s.steps {
		if !is(step.Action, "aws:executeAutomation") || step.StepStatus != ssmtypes.AutomationExecutionStatusInprogress && step.StepStatus != ssmtypes.AutomationExecutionStatusWaiting {
			continue
		}
		child := "another execution"
		if ids := step.Outputs["ExecutionId"]; len(ids) > 0 {
			child = "the execution " + ids[0]
		}
		said += fmt.Sprintf(" Step %s runs %s, which takes its own signals: perhaps a step of that execution waits for this one.", awssdk.ToString(step.StepName), child)
	}
	return said
}

// current describes the current step of an execution, "" if there is none.
func current(step, action *string) string {
	if awssdk.ToString(step) == "" {
		return ""
	}
	return fmt.Sprintf("Its current step is %s (%s).", *step, awssdk.ToString(action))
}

// existing is reached if a step shows the effect of such a signal, and no step
// waits for the signal. Otherwise it is missed.
func (e execution) existing(input *sdk.SendAutomationSignalInput) *delivery.Probe {
	return e.probe(func(found snapshot) delivery.Observation {
		observation := found.observation(delivery.StateOf(!found.takes(input) && found.moved(input) && !found.asksAgain(input), true))
		observation.Shown = &delivery.Shown{Traces: found.like(input), Clock: found.clock}
		return observation
	})
}

// refused shows why a run has not taken the signal. It is reached if the run has ended
// unanswered, and missed if somebody else has answered what the signal is for.
func (e execution) refused(input *sdk.SendAutomationSignalInput) *delivery.Probe {
	return e.probe(func(found snapshot) delivery.Observation {
		answered := found.answered(input)
		return found.observation(delivery.StateOf(final(string(found.AutomationExecutionStatus)) && !answered, answered))
	})
}

// answered reports whether somebody has answered what such a signal is for. An approval step
// that has failed may have been rejected. One that timed out or was stopped was not.
func (s snapshot) answered(input *sdk.SendAutomationSignalInput) bool {
	if !decides(input) {
		return s.moved(input)
	}
	return slices.ContainsFunc(s.steps, func(step ssmtypes.StepExecution) bool {
		answeredStatuses := []ssmtypes.AutomationExecutionStatus{ssmtypes.AutomationExecutionStatusSuccess, ssmtypes.AutomationExecutionStatusRejected, ssmtypes.AutomationExecutionStatusFailed}
		return is(step.Action, "aws:approve") && (slices.Contains(answeredStatuses, step.StepStatus) || decided(step, "Approved") || decided(step, "Rejected"))
	})
}

// decides reports whether a signal decides about an approval.
func decides(input *sdk.SendAutomationSignalInput) bool {
	return input.SignalType == ssmtypes.SignalTypeApprove || input.SignalType == ssmtypes.SignalTypeReject
}

func (s snapshot) observation(state delivery.State) delivery.Observation {
	observation := delivery.Observation{State: state, Status: string(s.AutomationExecutionStatus)}
	if s.FailureMessage != nil {
		observation.Reason = *s.FailureMessage
	}
	return observation
}

// takes reports whether a step waits for the signal now.
func (s snapshot) takes(input *sdk.SendAutomationSignalInput) bool {
	if input.SignalType == ssmtypes.SignalTypeStartStep {
		// AWS does not document that an interactive execution always takes StartStep.
		// A step that has started does not take it again.
		return s.Mode == ssmtypes.ExecutionModeInteractive && !s.moved(input)
	}
	return slices.ContainsFunc(s.steps, func(step ssmtypes.StepExecution) bool { return waits(step, input) })
}

// waits reports whether a step takes such a signal now.
func waits(step ssmtypes.StepExecution, input *sdk.SendAutomationSignalInput) bool {
	waiting := step.StepStatus == ssmtypes.AutomationExecutionStatusWaiting
	switch input.SignalType {
	case ssmtypes.SignalTypeResume:
		return waiting && is(step.Action, "aws:pause") && named(step, input)
	case ssmtypes.SignalTypeStopStep:
		return (waiting || step.StepStatus == ssmtypes.AutomationExecutionStatusInprogress) && named(step, input)
	default:
		return waiting && is(step.Action, "aws:approve")
	}
}

// moved reports whether a step shows the effect of such a signal.
func (s snapshot) moved(input *sdk.SendAutomationSignalInput) bool {
	return slices.ContainsFunc(s.steps, func(step ssmtypes.StepExecution) bool { return moved(step, input) })
}

func moved(step ssmtypes.StepExecution, input *sdk.SendAutomationSignalInput) bool {
	status := step.StepStatus
	switch input.SignalType {
	case ssmtypes.SignalTypeApprove:
		return is(step.Action, "aws:approve") && (decided(step, "Approved") || status == ssmtypes.AutomationExecutionStatusSuccess)
	case ssmtypes.SignalTypeReject:
		return is(step.Action, "aws:approve") && (decided(step, "Rejected") || status == ssmtypes.AutomationExecutionStatusRejected)
	case ssmtypes.SignalTypeResume:
		return is(step.Action, "aws:pause") && named(step, input) && status == ssmtypes.AutomationExecutionStatusSuccess
	case ssmtypes.SignalTypeStopStep:
		return named(step, input) && status == ssmtypes.AutomationExecutionStatusCancelled
	case ssmtypes.SignalTypeStartStep:
		return named(step, input) && status != "" && status != ssmtypes.AutomationExecutionStatusPending
	default:
		// AWS does not document the effect of Revoke, so nothing shows it.
		return false
	}
}

// asksAgain reports whether an approval step is still to come. Then an existing
// decision belongs to an earlier step, and the signal may be for the later one.
func (s snapshot) asksAgain(input *sdk.SendAutomationSignalInput) bool {
	return decides(input) && slices.ContainsFunc(s.steps, func(step ssmtypes.StepExecution) bool {
		return is(step.Action, "aws:approve") && step.StepStatus == ssmtypes.AutomationExecutionStatusPending
	})
}

// decided reports whether an approval step's outputs have this decision.
func decided(step ssmtypes.StepExecution, decision string) bool {
	return slices.Contains(step.Outputs["ApprovalStatus"], decision)
}

// named reports whether the payload names the step.
func named(step ssmtypes.StepExecution, input *sdk.SendAutomationSignalInput) bool {
	if input.SignalType == ssmtypes.SignalTypeStopStep {
		return slices.ContainsFunc(input.Payload["StepExecutionId"], func(id string) bool { return is(step.StepExecutionId, id) })
	}
	return slices.ContainsFunc(input.Payload["StepName"], func(name string) bool { return is(step.StepName, name) })
}

func is(text *string, value string) bool { return text != nil && *text == value }
