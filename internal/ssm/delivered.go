package ssm

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// delivered is reached when a step shows that it has had the signal, no earlier
// than it was sent; pending while a step waits for it that cannot have had it; and
// missed while neither is sure.
func (e execution) delivered(input *sdk.SendAutomationSignalInput) func(began delivery.Timestamp) *delivery.Probe {
	if input.SignalType == ssmtypes.SignalTypeRevoke {
		// What Revoke leaves behind is not documented, so nothing shows it.
		return nil
	}
	return func(began delivery.Timestamp) *delivery.Probe {
		return e.probe(func(found snapshot) delivery.Observation {
			observation := delivery.Observation{State: delivery.Missed, Status: string(found.AutomationExecutionStatus)}
			earliest, latest, told := found.clock.Range(began)
			if !told {
				observation.Reason = "its answer does not tell what time it is there"
				return observation
			}
			switch found.traces(lost{input, earliest, latest}) {
			case certain:
				observation.State = delivery.Reached
			case possible:
				observation.Reason = "a step may have had this signal, or another one at about the same time"
			case none:
				if found.waitsSince(lost{input, earliest, latest}) {
					observation.State = delivery.Pending
				}
				observation.Reason = "no step that waited for this signal when it was sent still does, and none shows that it has had it"
			}
			return observation
		})
	}
}

// lost is a signal whose answer was lost. The service's clock showed something
// from earliest to latest when its sending began.
type lost struct {
	*sdk.SendAutomationSignalInput
	earliest, latest time.Time
}

// trace is what is to be seen of a lost signal.
type trace int

const (
	none trace = iota
	possible
	certain
)

// waitsSince reports whether a step waits for the signal that did when it was sent.
// A gate that began to wait since then, behind one that was decided, shows nothing
// of a signal that was for the one before: sent again, it would open this one.
func (s snapshot) waitsSince(l lost) bool {
	if !s.takes(l.SendAutomationSignalInput) {
		return false
	}
	decided := slices.ContainsFunc(s.steps, func(step ssmtypes.StepExecution) bool {
		return is(step.Action, "aws:approve") && !yetToEnd(step) && (step.ExecutionEndTime == nil || !step.ExecutionEndTime.Before(l.earliest))
	})
	if !decided || l.SignalType != ssmtypes.SignalTypeApprove && l.SignalType != ssmtypes.SignalTypeReject {
		return true
	}
	return slices.ContainsFunc(s.steps, func(step ssmtypes.StepExecution) bool {
		return waits(step, l.SendAutomationSignalInput) && step.ExecutionStartTime != nil && step.ExecutionStartTime.Before(l.earliest)
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

// traces is the clearest trace in any step.
func (s snapshot) traces(l lost) trace {
	if !s.takes(l.SendAutomationSignalInput) && !s.asksAgain(l.SendAutomationSignalInput) {
		// There is no other step that this signal may be for.
		l.latest = l.earliest
	}
	clearest := none
	for _, step := range s.steps {
		clearest = max(clearest, l.in(step))
	}
	return clearest
}

// in is the signal's trace in a step.
func (l lost) in(step ssmtypes.StepExecution) trace {
	if is(step.Action, "aws:approve") && (l.SignalType == ssmtypes.SignalTypeApprove || l.SignalType == ssmtypes.SignalTypeReject) {
		made, shown := decisions(step)
		seen, ours := l.among(made)
		switch {
		case ours:
			return certain
		case step.StepStatus != ssmtypes.AutomationExecutionStatusWaiting:
			if len(made) > 0 && seen == none {
				return none
			}
		case shown || needsOne(step):
			return seen
		default:
			// One of several approvals may be there without being shown.
			return possible
		}
	}
	if !moved(step, l.SendAutomationSignalInput) {
		return none
	}
	at := step.ExecutionEndTime
	if l.SignalType == ssmtypes.SignalTypeStartStep {
		at = step.ExecutionStartTime
	}
	switch {
	case at == nil:
		return possible
	case at.Before(l.earliest):
		return none
	case at.Before(l.latest):
		return possible
	default:
		return certain
	}
}

// needsOne reports whether a step needs no more than one approval, which is the
// documented default.
func needsOne(step ssmtypes.StepExecution) bool {
	needed, given := step.Inputs["MinRequiredApprovals"]
	return len(step.Inputs) > 0 && (!given || needed == "1")
}

// decision is one of an approval step's ApproverDecisions, which are documented
// as a JSON list of maps and no further.
type decision map[string]any

// decisions reads a step's ApproverDecisions, and whether it shows them in a way
// that is understood.
func decisions(step ssmtypes.StepExecution) (made []decision, shown bool) {
	texts, shown := step.Outputs["ApproverDecisions"]
	for _, text := range texts {
		var (
			one  decision
			many []decision
		)
		switch {
		case json.Unmarshal([]byte(text), &many) == nil:
			made = append(made, many...)
		case json.Unmarshal([]byte(text), &one) == nil:
			made = append(made, one)
		default:
			return nil, false
		}
	}
	return made, shown
}

// among is the signal's clearest trace among decisions, and whether one of them
// carries its comment.
func (l lost) among(made []decision) (clearest trace, ours bool) {
	for _, d := range made {
		word, comment, at := d.read()
		commented := comment != "" && len(l.Payload["Comment"]) > 0
		same := commented && slices.Contains(l.Payload["Comment"], comment)
		switch {
		case word != "" && word != l.SignalType, commented && !same, !at.IsZero() && at.Before(l.earliest):
		case word == "" || at.IsZero(), !same && at.Before(l.latest):
			// Somebody else's just before looks the same.
			clearest = max(clearest, possible)
		default:
			clearest, ours = certain, ours || same
		}
	}
	return clearest, ours
}

// words are what a decision may be called.
var words = map[string]ssmtypes.SignalType{
	"approve": ssmtypes.SignalTypeApprove, "approved": ssmtypes.SignalTypeApprove,
	"reject": ssmtypes.SignalTypeReject, "rejected": ssmtypes.SignalTypeReject,
	"revoke": ssmtypes.SignalTypeRevoke, "revoked": ssmtypes.SignalTypeRevoke,
}

// read finds in a decision, whatever its members are called, what was decided,
// with which comment, and when.
func (d decision) read() (word ssmtypes.SignalType, comment string, at time.Time) {
	for name, value := range d {
		switch v := value.(type) {
		case float64:
			// A count of milliseconds since 1970 is the longer one.
			if at = time.UnixMilli(int64(v * 1000)); v > 1e11 {
				at = time.UnixMilli(int64(v))
			}
		case string:
			if strings.Contains(strings.ToLower(name), "comment") {
				comment = v
			} else if known, ok := words[strings.ToLower(v)]; ok {
				word = known
			} else if moment, err := time.Parse(time.RFC3339, v); err == nil {
				at = moment
			}
		}
	}
	return word, comment, at
}
