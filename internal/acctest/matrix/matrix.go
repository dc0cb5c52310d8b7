// Package matrix is the fault matrix: the result for a signal with each failure. The
// provider's tests check it, and the guide "What happens when" is generated from it, so the
// two cannot differ.
package matrix

import (
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// Row is one failure, with the result for each signal.
type Row struct {
	// Name is a short name.
	Name string
	// What describes the failure, in Markdown.
	What string
	Trouble
	// End is the result for every signal whose Lost is not in Own.
	End Cell
	Own map[systems.Lost]Cell
	// Resending is the result with resend_on_unknown = true for signals whose outcome stays
	// unknown, if it differs. ResendingLookUp is the result for those whose target is found
	// first.
	Resending, ResendingLookUp *Cell
}

// For returns the cell of a system.
func (r Row) For(y systems.System) Cell {
	if own, ok := y.Cells[r.Name]; ok {
		return own
	}
	if own, ok := r.Own[y.Lost]; ok {
		return own
	}
	return r.End
}

// Resend returns the cell of a system with resend_on_unknown = true. ok says that it
// differs from For.
func (r Row) Resend(y systems.System) (cell Cell, ok bool) {
	if r.Resending == nil || y.Lost == systems.Repeatable || r.For(y).Result != Unknown {
		return cell, false
	}
	// A named target is found once, but the job of a trigger is read before each attempt.
	if y.LooksUp && !y.Finds && r.ResendingLookUp != nil {
		return *r.ResendingLookUp, true
	}
	return *r.Resending, true
}

// Trouble is the failure that a test causes.
type Trouble struct {
	Line Line
	// Faults are injected before the signal is sent. A fault without an operation applies
	// to the request with the signal.
	Faults []sandbox.Fault
	// Afterwards are injected after the service has acted.
	Afterwards []sandbox.Fault
	// Timeout is the timeout of the resource, 0 for a long one.
	Timeout time.Duration
	// AttemptEnds says that a stalled request ends by its own timeout.
	AttemptEnds bool
}

// Line is what is wrong with the connection.
type Line int

const (
	// Sound means that the connection works.
	Sound Line = iota
	// RefusedAtFirst is a port that opens after some time.
	RefusedAtFirst
	// Refused is a port that stays closed.
	Refused
	// Untrusted is a server with a certificate that no client trusts.
	Untrusted
	// Nameless is a server whose name does not exist.
	Nameless
	// HTTP2 is a server that speaks HTTP/2.
	HTTP2
)

// Cell is the result for one signal in one row.
type Cell = systems.Cell

// Result is what a user sees of a signal.
type Result = systems.Result

// Many means as many requests as the timeout allows.
const Many = systems.Many

// The possible results.
var (
	Sent      = systems.Sent
	Confirmed = systems.Confirmed
	Rejected  = systems.Rejected
	NotSent   = systems.NotSent
	Unknown   = systems.Unknown
	Results   = systems.Results
)

// sent is a signal that succeeds after this number of requests, of which the service took
// one.
func sent(requests int) Cell { return Cell{Result: Sent, Requests: requests, Taken: 1} }

// doubled is a signal that was sent again although the service had taken it.
func doubled() Cell { return Cell{Result: Sent, Requests: 2, Taken: 2} }

// resent is the cell of a signal with resend_on_unknown.
func resent(cell Cell) *Cell { return &cell }

// again is a signal that was sent again after the service had taken it this many times.
func again(taken int) *Cell { return resent([]Cell{sent(2), doubled()}[taken]) }

func rejected(requests int, says ...string) Cell {
	return Cell{Result: Rejected, Requests: requests, Says: says}
}

func notSent(requests int, says ...string) Cell {
	return Cell{Result: NotSent, Requests: requests, Says: says}
}

func unknown(requests, taken int, says ...string) Cell {
	return Cell{Result: Unknown, Requests: requests, Taken: taken, Says: says}
}

// repeated and readBack are the results for signals about which something can be known
// after a lost answer.
func repeated(cell Cell) map[systems.Lost]Cell {
	return map[systems.Lost]Cell{systems.Repeatable: cell}
}

func readBack(cell Cell) map[systems.Lost]Cell { return map[systems.Lost]Cell{systems.ReadBack: cell} }

// found is the result for a signal that is looked up after the service took it this many
// times.
func found(taken int) Cell {
	return map[int]Cell{0: sent(2), 1: {Result: Confirmed, Requests: 1, Taken: 1}}[taken]
}

// Timeouts of rows in which the timeout passes.
const (
	// enough allows some attempts with growing pauses.
	enough = 3 * time.Second
	// ample also allows the reads after each attempt to end.
	ample = 10 * time.Minute
	// brief ends a wait for an answer that does not come.
	brief = 8 * time.Second
)
