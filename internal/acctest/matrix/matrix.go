// Package matrix is the fault matrix: what becomes of a signal, whatever goes
// wrong on its way. The provider's tests hold the provider to it, and the guide
// "What happens when" is printed from it, so that the two cannot differ.
package matrix

import (
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// Row is one thing that goes wrong, and what each signal comes to then.
type Row struct {
	// Name says it in a word or two.
	Name string
	// What says it in full, in Markdown.
	What string
	Trouble
	// End is what every signal comes to of whose Lost there is nothing in Own.
	End Cell
	Own map[systems.Lost]Cell
	// Resending is what signals whose outcome stays unknown come to with
	// resend_on_unknown = true, where that is something else; ResendingLookUp, those
	// whose target is looked up.
	Resending, ResendingLookUp *Cell
}

// For is the cell of a system.
func (r Row) For(y systems.System) Cell {
	if own, ok := y.Cells[r.Name]; ok {
		return own
	}
	if own, ok := r.Own[y.Lost]; ok {
		return own
	}
	return r.End
}

// Resend is the cell of a system with resend_on_unknown = true; ok says that it is another one.
func (r Row) Resend(y systems.System) (cell Cell, ok bool) {
	if r.Resending == nil || y.Lost == systems.Repeatable || r.For(y).Result != Unknown {
		return cell, false
	}
	// What is named is looked up once, and a job for each attempt.
	if y.LooksUp && !y.Finds && r.ResendingLookUp != nil {
		return *r.ResendingLookUp, true
	}
	return *r.Resending, true
}

// Trouble is what a test does to a signal.
type Trouble struct {
	Line Line
	// Faults are injected before the signal is sent. Those without an operation
	// hit the one that carries the signal.
	Faults []sandbox.Fault
	// Afterwards are injected once the service has acted.
	Afterwards []sandbox.Fault
	// Timeout is how long the resource may take, 0 for more than enough.
	Timeout time.Duration
	// Attempt is how long one attempt may take, 0 for more than enough.
	Attempt time.Duration
}

// Line is what is wrong with the connection.
type Line int

const (
	// Sound lines have nothing wrong with them.
	Sound Line = iota
	// RefusedAtFirst is a port that opens a little later.
	RefusedAtFirst
	// Refused is a port that stays closed.
	Refused
	// Untrusted is a server whose certificate nobody vouches for.
	Untrusted
	// Nameless is a server whose name does not exist.
	Nameless
	// HTTP2 is a server that speaks HTTP/2.
	HTTP2
)

// Cell is what one signal comes to in one row.
type Cell = systems.Cell

// Result is what a user sees of a signal.
type Result = systems.Result

// Many stands for as many requests as the timeout leaves room for.
const Many = systems.Many

// The results there are.
var (
	Sent      = systems.Sent
	Confirmed = systems.Confirmed
	Rejected  = systems.Rejected
	NotSent   = systems.NotSent
	Unknown   = systems.Unknown
	Results   = systems.Results
)

// sent is a signal that ends well, with so many requests, of which one was taken.
func sent(requests int) Cell { return Cell{Result: Sent, Requests: requests, Taken: 1} }

// doubled is a signal that was sent once more although the first one was taken.
func doubled() Cell { return Cell{Result: Sent, Requests: 2, Taken: 2} }

// resent is what resend_on_unknown makes of a signal.
func resent(cell Cell) *Cell { return &cell }

// again is a signal that was sent once more, when the first one was taken so often.
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

// repeated and readBack are what signals come to of which something can be known
// after a lost answer.
func repeated(cell Cell) map[systems.Lost]Cell {
	return map[systems.Lost]Cell{systems.Repeatable: cell}
}

func readBack(cell Cell) map[systems.Lost]Cell { return map[systems.Lost]Cell{systems.ReadBack: cell} }

// found is what a signal comes to that is read back, when it was taken so often.
func found(taken int) Cell {
	return map[int]Cell{0: sent(2), 1: {Result: Confirmed, Requests: 1, Taken: 1}}[taken]
}

// Timeouts of rows that use them up.
const (
	// enough is enough for some attempts with growing pauses.
	enough = 3 * time.Second
	// ample is enough for them when each is followed by reads, whose pauses count, too.
	ample = 10 * time.Minute
	// brief ends a wait for an answer that does not come. A busy machine makes the
	// request in it.
	brief = 8 * time.Second
)
