package ssm

import (
	"fmt"
	"slices"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// evidence returns what an execution's steps show of a signal: a decision about
// an approval, or a step that was started, resumed or stopped. caller returns
// the ARN that sends the signal, "" if it is not known. It is called only if a
// decision must be compared.
func (e execution) evidence(input *sdk.SendAutomationSignalInput, caller func() string) *delivery.Evidence {
	if input.SignalType == ssmtypes.SignalTypeRevoke {
		// AWS does not document the effect of Revoke, so nothing shows it.
		return nil
	}
	return &delivery.Evidence{
		Scope:   e.key(),
		Request: fmt.Sprintf("%s %q", input.SignalType, input.Payload),
		Probe: func(since delivery.Timestamp) *delivery.Probe {
			return e.probe(func(found snapshot) delivery.Observation {
				observation := found.observation(delivery.Pending)
				observation.Shown = &delivery.Shown{Traces: found.traces(), Clock: found.clock}
				if !found.waitsSince(input, since) {
					observation.Shown.Gap = "no step that waited for this signal when it was sent still waits, and no step shows that it has received the signal"
				}
				return observation
			})
		},
		Likeness: func(trace delivery.Trace) delivery.Likeness {
			fact := trace.Shows.(shows)
			if input.SignalType == ssmtypes.SignalTypeApprove || input.SignalType == ssmtypes.SignalTypeReject {
				return fact.approval(input, caller())
			}
			if fact.started == (input.SignalType == ssmtypes.SignalTypeStartStep) && moved(fact.step, input) {
				return delivery.Ours
			}
			return delivery.NotOurs
		},
	}
}

// shows has the facts of a trace: a step that was started, a step that ended or
// goes on waiting, or a decision about an approval.
type shows struct {
	step     ssmtypes.StepExecution
	started  bool
	decision *decision
	// alone says that the step takes one decision, and that no other step takes a
	// decision now or later.
	alone bool
}

// traces lists the traces of all signals that the execution has received.
func (s snapshot) traces() (traces []delivery.Trace) {
	for _, step := range s.steps {
		id := awssdk.ToString(step.StepExecutionId)
		if !is(step.Action, "aws:approve") {
			traces = append(traces,
				delivery.Trace{ID: id + " started", At: awssdk.ToTime(step.ExecutionStartTime), Shows: shows{step: step, started: true}},
				delivery.Trace{ID: id + " ended", At: awssdk.ToTime(step.ExecutionEndTime), Shows: shows{step: step}})
			continue
		}
		alone := needsOne(step) && !slices.ContainsFunc(s.steps, func(other ssmtypes.StepExecution) bool {
			return is(other.Action, "aws:approve") && !is(other.StepExecutionId, id) && yetToEnd(other)
		})
		made, shown := decisions(step)
		waiting := step.StepStatus == ssmtypes.AutomationExecutionStatusWaiting
		switch {
		case len(made) > 0:
			for i, d := range made {
				traces = append(traces, delivery.Trace{ID: fmt.Sprintf("%s %s", id, d.id(made[:i])), At: d.at, Shows: shows{step: step, decision: &d, alone: alone}})
			}
		case !yetToEnd(step), waiting && !shown && !needsOne(step):
			// One of several approvals may have been given without being shown, at an
			// unknown time.
			traces = append(traces, delivery.Trace{ID: id, At: awssdk.ToTime(step.ExecutionEndTime), Shows: shows{step: step}})
		}
	}
	return traces
}

// like lists the traces of the steps that show the effect of such a signal.
func (s snapshot) like(input *sdk.SendAutomationSignalInput) (traces []delivery.Trace) {
	for _, trace := range s.traces() {
		fact := trace.Shows.(shows)
		opposite := fact.decision != nil && fact.decision.word != "" && fact.decision.word != input.SignalType
		starts := fact.started == (input.SignalType == ssmtypes.SignalTypeStartStep)
		if moved(fact.step, input) && starts && !opposite {
			traces = append(traces, trace)
		}
	}
	return traces
}

// approval compares a trace with an approval or a rejection. Any approver may
// have decided at the same time. So a decision is this signal's only if it has
// the signal's comment, or if its approver is the caller and no other decision
// is possible.
func (s shows) approval(input *sdk.SendAutomationSignalInput, caller string) delivery.Likeness {
	if !is(s.step.Action, "aws:approve") {
		return delivery.NotOurs
	}
	comments := input.Payload["Comment"]
	switch {
	case s.decision != nil:
	case !yetToEnd(s.step) && !moved(s.step, input):
		return delivery.NotOurs
	default:
		return delivery.Alike // The service does not show by whom.
	}
	d := s.decision
	signed := d.comment != "" && len(comments) > 0
	recognised := signed || s.alone && caller != "" && d.approver == caller
	switch {
	case d.word != "" && d.word != input.SignalType, signed && !slices.Contains(comments, d.comment), aws.Differ(d.approver, caller):
		return delivery.NotOurs
	case d.word == "", (d.comment == "") != (len(comments) == 0), !recognised:
		return delivery.Alike
	default:
		return delivery.Ours
	}
}

// waitsSince reports whether a step waits for the signal now and already waited
// when the signal was sent. An approval step that began to wait later, after
// another one was decided, says nothing about a signal to the earlier step. If
// the signal were sent again, it would approve the later step.
func (s snapshot) waitsSince(input *sdk.SendAutomationSignalInput, since delivery.Timestamp) bool {
	if !s.takes(input) {
		return false
	}
	earliest, _, _ := s.clock.Range(since)
	endedSince := slices.ContainsFunc(s.steps, func(step ssmtypes.StepExecution) bool {
		return is(step.Action, "aws:approve") && !yetToEnd(step) && (step.ExecutionEndTime == nil || !step.ExecutionEndTime.Before(earliest))
	})
	if !endedSince || input.SignalType != ssmtypes.SignalTypeApprove && input.SignalType != ssmtypes.SignalTypeReject {
		return true
	}
	return slices.ContainsFunc(s.steps, func(step ssmtypes.StepExecution) bool {
		return waits(step, input) && step.ExecutionStartTime != nil && step.ExecutionStartTime.Before(earliest)
	})
}

// yetToEnd reports whether a step waits or has not begun.
func yetToEnd(step ssmtypes.StepExecution) bool {
	switch step.StepStatus {
	case ssmtypes.AutomationExecutionStatusWaiting, ssmtypes.AutomationExecutionStatusPending, ssmtypes.AutomationExecutionStatusInprogress:
		return true
	default:
		return false
	}
}

// needsOne reports whether a step needs only one approval, which is the
// documented default.
func needsOne(step ssmtypes.StepExecution) bool {
	needed, given := step.Inputs["MinRequiredApprovals"]
	return len(step.Inputs) > 0 && (!given || needed == "1")
}
