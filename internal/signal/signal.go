// Package signal implements the signal resource that all systems share: its
// common arguments, its plans and life cycle, and its diagnostics. It knows
// Terraform and the delivery of signals. Each system defines what a signal is
// and where it goes.
package signal

import (
	"errors"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// Signal is one signal and its target. Its texts are shown in messages and
// logs, so they must not contain secrets.
type Signal struct {
	delivery.Request
	// IdempotencyKey identifies the signal to the service, which takes two signals with one
	// key for one. IdempotencyArgument is the argument with the key. Both are empty if the
	// service counts every request as another signal.
	IdempotencyKey, IdempotencyArgument string
	// What is sent, such as "Approve".
	What string
	// To describes the target, with its id and where it is.
	To string
	// Service is the name of the service.
	Service string
	// RateLimit names the limit against which the requests count, such as a service
	// in a region. If the service throttles, all signals with the same name slow down
	// together.
	RateLimit string
	// RunID is the id of the run that Completion reads. Waits with the same RateLimit and
	// RunID are counted. It may be the id of a workflow, of which one run is open at a time. It is empty until the target is found.
	RunID string
	// Explain says what to do about an attempt that did not succeed.
	Explain func(delivery.Attempt) Advice
	// HowToCheck says how a user can find out whether a signal with a lost answer has
	// arrived.
	HowToCheck string
	// Find finds the target before the signal is sent; nil if the arguments identify
	// the target.
	Find *TargetFinder
	// Ready is reached if the target can take this signal. Completion is reached if
	// the target's run has ended as wanted. Both are nil without Wait, and before
	// the target is found. Completion may be set before that, if the arguments
	// identify the run but not the part of it that takes the signal.
	Ready, Completion *delivery.Probe
	// Existing is reached if the service shows such a signal, and otherwise missed,
	// never pending. It is nil without Adopts.
	Existing *delivery.Probe
	// Evidence says how the service shows that it took the signal; nil if it does
	// not. For a signal with a TargetFinder, Evidence.Found also sets the target.
	Evidence *delivery.Evidence
	// Refused shows why the target has refused the signal; nil if nothing shows it.
	// Reached: the target ended unanswered, so the signal may be for another target.
	// Pending: the target still seems to take the signal, or may take it later. Missed:
	// any other reason, such as somebody else's answer. It is read after each refusal by a
	// target that Find found. Any target is read after an answer for which Explain returns
	// Ambiguous or, at destroy, MayCome.
	Refused *delivery.Probe
	// ExplainRead says what to do about a target that cannot be read.
	ExplainRead func(delivery.Attempt) Advice
	// Unseen says what it may mean that a wait never saw the target; empty if a read
	// of a missing target fails.
	Unseen string
}

// Watched returns the target of a signal as a target to wait for.
func (s Signal) Watched(ready, completion *delivery.Probe) Watched {
	return Watched{Signal: Signal{
		To: s.To, Service: s.Service, RateLimit: s.RateLimit, RunID: s.RunID, ExplainRead: s.ExplainRead, Unseen: s.Unseen,
		Ready: ready, Completion: completion,
	}}
}

// explainRead says what to do about a target that cannot be read.
func (s Signal) explainRead(attempt delivery.Attempt) Advice {
	if advised, ok := errors.AsType[*advisedError](attempt.Err); ok {
		return advised.Advice
	}
	return s.ExplainRead(attempt)
}
