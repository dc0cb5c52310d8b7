package ssm

import (
	"fmt"
	"slices"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// evidence is what an execution's steps show of a signal: a decision about an
// approval, or that a step was moved. The caller is asked when there is something to
// compare: who sends it, "" when that is not known.
func (e execution) evidence(input *sdk.SendAutomationSignalInput, caller func() string) *delivery.Evidence {
	if input.SignalType == ssmtypes.SignalTypeRevoke {
		// What Revoke leaves behind is not documented, so nothing shows it.
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
					observation.Shown.Gap = "no step that waited for this signal when it was sent still does, and none shows that it has had it"
				}
				return observation
			})
		},
		Likeness: func(trace delivery.Trace) delivery.Likeness {
			shows := trace.Shows.(shows)
			if input.SignalType == ssmtypes.SignalTypeApprove || input.SignalType == ssmtypes.SignalTypeReject {
				return shows.approval(input, caller())
			}
			if shows.started == (input.SignalType == ssmtypes.SignalTypeStartStep) && moved(shows.step, input) {
				return delivery.Ours
			}
			return delivery.NotOurs
		},
	}
}

// shows is what a trace shows: that a step was started, that it ended or waits on,
// or a decision about its approval.
type shows struct {
	step     ssmtypes.StepExecution
	started  bool
	decision *decision
	// alone says that the step takes one decision, and no other step takes one now or later.
	alone bool
}

// traces lists what the steps show of all signals that the execution has had.
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
			// One of several approvals may be there without being shown: its time is not.
			traces = append(traces, delivery.Trace{ID: id, At: awssdk.ToTime(step.ExecutionEndTime), Shows: shows{step: step}})
		}
	}
	return traces
}

// like lists the traces of those steps that have been moved as the signal would move them.
func (s snapshot) like(input *sdk.SendAutomationSignalInput) (traces []delivery.Trace) {
	for _, trace := range s.traces() {
		shows := trace.Shows.(shows)
		opposite := shows.decision != nil && shows.decision.word != "" && shows.decision.word != input.SignalType
		starts := shows.started == (input.SignalType == ssmtypes.SignalTypeStartStep)
		if moved(shows.step, input) && starts && !opposite {
			traces = append(traces, trace)
		}
	}
	return traces
}

// approval compares a trace with an approval or a rejection. Anybody among the
// approvers may have decided in the same time: a decision is this signal's only if it
// has its comment, or if its approver is the caller and it can be no other decision.
func (s shows) approval(input *sdk.SendAutomationSignalInput, caller string) delivery.Likeness {
	if !is(s.step.Action, "aws:approve") {
		return delivery.NotOurs
	}
	comments := input.Payload["Comment"]
	if s.decision == nil {
		switch {
		case yetToEnd(s.step):
			return delivery.Alike
		case !moved(s.step, input):
			return delivery.NotOurs
		default:
			return delivery.Alike // By whom is not shown.
		}
	}
	d := s.decision
	signed := d.comment != "" && len(comments) > 0
	recognised := signed || s.alone && caller != "" && d.approver == caller
	switch {
	case d.word != "" && d.word != input.SignalType, signed && !slices.Contains(comments, d.comment), another(d.approver, caller):
		return delivery.NotOurs
	case d.word == "", (d.comment == "") != (len(comments) == 0), !recognised:
		return delivery.Alike
	default:
		return delivery.Ours
	}
}

// another reports whether an approver is certainly not the caller.
func another(approver, caller string) bool {
	a, err := arn.Parse(approver)
	if err != nil {
		return false
	}
	c, err := arn.Parse(caller)
	if err != nil {
		return false
	}
	kind, name := principal(a)
	callerKind, callerName := principal(c)
	return a.AccountID != c.AccountID || kind != "" && callerKind != "" && (kind != callerKind || name != callerName)
}

// principal is what an ARN names: a user, a role or the root of an account, and its
// name; empty for anything else. A role has an ARN of its own, and its sessions have
// others, with names that change.
func principal(of arn.ARN) (kind, name string) {
	names := strings.Split(of.Resource, "/")
	switch {
	case of.Resource == "root":
		return "root", ""
	case names[0] == "user" && len(names) > 1:
		return "user", of.Resource
	case names[0] == "role" && len(names) > 1:
		return "role", names[len(names)-1]
	case names[0] == "assumed-role" && len(names) > 1:
		return "role", names[1]
	default:
		return "", ""
	}
}

// waitsSince reports whether a step waits for the signal that did when it was sent.
// A gate that began to wait since then, behind one that was decided, shows nothing
// of a signal that was for the one before: sent again, it would open this one.
func (s snapshot) waitsSince(input *sdk.SendAutomationSignalInput, since delivery.Timestamp) bool {
	if !s.takes(input) {
		return false
	}
	earliest, _, _ := s.clock.Range(since)
	decided := slices.ContainsFunc(s.steps, func(step ssmtypes.StepExecution) bool {
		return is(step.Action, "aws:approve") && !yetToEnd(step) && (step.ExecutionEndTime == nil || !step.ExecutionEndTime.Before(earliest))
	})
	if !decided || input.SignalType != ssmtypes.SignalTypeApprove && input.SignalType != ssmtypes.SignalTypeReject {
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

// needsOne reports whether a step needs no more than one approval, which is the
// documented default.
func needsOne(step ssmtypes.StepExecution) bool {
	needed, given := step.Inputs["MinRequiredApprovals"]
	return len(step.Inputs) > 0 && (!given || needed == "1")
}
