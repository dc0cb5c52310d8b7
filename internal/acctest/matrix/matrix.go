// Package matrix is the fault matrix: what becomes of a signal, whatever goes
// wrong on its way. The provider's tests hold the provider to it, and the guide
// "What happens when" is printed from it, so that the two cannot differ.
package matrix

import (
	"slices"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// Row is one thing that goes wrong, and what each signal comes to then.
type Row struct {
	// Name says it in a word or two.
	Name string
	// What says it in full, in Markdown.
	What string
	Trouble
	// End is what every signal comes to whose resource is not in Own.
	End Cell
	Own map[string]Cell
	// Resending is what signals come to with resend_on_unknown = true, by
	// resource, where that is something else.
	Resending map[string]Cell
}

// For is the cell of a resource type.
func (r Row) For(resource string) Cell {
	if own, ok := r.Own[resource]; ok {
		return own
	}
	return r.End
}

// ByJobID is the HTTP trigger whose URL is looked up just before it is sent to,
// for cells of its own.
const ByJobID = "signal_http_trigger by job_id"

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
)

// Many stands for as many requests as the timeout leaves system for.
const Many = -1

// Cell is what one signal comes to in one row.
type Cell struct {
	Result
	// Requests is how many signalling requests reach the service, and Taken on how
	// many of them it acts.
	Requests, Taken int
	// Says are parts of the error.
	Says []string
}

// Result is what a user sees of a signal in the end.
type Result struct {
	// Word is what the guide calls it, and Means what that is to say.
	Word, Means string
	// Delivery is the attribute of that name; when it is empty, nothing is recorded.
	Delivery string
	// Error is the summary of the error, empty when there is none. One that comes
	// after something was recorded taints the resource.
	Error string
	// Again says that applying again sends the signal.
	Again bool
}

// State is what becomes of a resource that is created.
func (r Result) State() string {
	switch {
	case r.Delivery == "":
		return "is not recorded"
	case r.Tainted():
		return "is recorded, tainted"
	default:
		return "is recorded"
	}
}

// Next is what the next apply does.
func (r Result) Next() string {
	switch {
	case r.Tainted():
		return "sends the signal again; after `terraform untaint` nothing"
	case r.Again:
		return "sends the signal"
	default:
		return "sends nothing"
	}
}

// Tainted reports whether the resource is recorded as tainted.
func (r Result) Tainted() bool { return r.Delivery != "" && r.Error != "" }

// The results there are.
var (
	Sent      = Result{Word: "sent", Means: "The service said that it took the signal.", Delivery: "SENT"}
	Confirmed = Result{Word: "confirmed", Means: "The answer was lost, and the service showed afterwards that it had taken the signal.", Delivery: "CONFIRMED"}
	Rejected  = Result{Word: "rejected", Means: "The service said that it did not take the signal.", Error: "Signal Rejected", Again: true}
	NotSent   = Result{Word: "not sent", Means: "No request had an effect.", Error: "Signal Not Sent", Again: true}
	Unknown   = Result{Word: "unknown", Means: "The service may or may not have taken the signal.", Delivery: "UNKNOWN", Error: "Outcome of the Signal Unknown", Again: true}
	Results   = []Result{Sent, Confirmed, Rejected, NotSent, Unknown}
)

// Resources are the columns.
var Resources = []string{"signal_automation", "signal_workflow_execution", "signal_workflow_step_state", "signal_stack_resource", "signal_http_trigger"}

// sent is a signal that ends well, with so many requests, of which one was taken.
func sent(requests int) Cell { return Cell{Result: Sent, Requests: requests, Taken: 1} }

// doubled is a signal that was sent once more although the first one was taken.
func doubled() Cell { return Cell{Result: Sent, Requests: 2, Taken: 2} }

// again is a signal that was sent once more, when the first one was taken so often.
func again(taken int) Cell { return map[int]Cell{0: sent(2), 1: doubled()}[taken] }

func rejected(requests int, says ...string) Cell {
	return Cell{Result: Rejected, Requests: requests, Says: says}
}

func notSent(requests int, says ...string) Cell {
	return Cell{Result: NotSent, Requests: requests, Says: says}
}

func unknown(requests, taken int, says ...string) Cell {
	return Cell{Result: Unknown, Requests: requests, Taken: taken, Says: says}
}

// ros is what ROS comes to, the only service that documents a repeated request as harmless.
func ros(cell Cell) map[string]Cell { return own("signal_stack_resource", cell) }

// trigger is what the HTTP trigger comes to, which documents 500 and 503 as "has not started".
func trigger(cell Cell) map[string]Cell { return own("signal_http_trigger", cell) }

// readBack is what signals come to whose services show what they have taken.
func readBack(cell Cell) map[string]Cell {
	return map[string]Cell{"signal_automation": cell, "signal_workflow_execution": cell}
}

// found is what a signal comes to that is read back, when it was taken so often.
func found(taken int) Cell {
	return map[int]Cell{0: sent(2), 1: {Result: Confirmed, Requests: 1, Taken: 1}}[taken]
}

// blind are signals that resend_on_unknown sends once more: all that can be
// neither read back nor, as ROS's, repeated, and not those left out.
func blind(cell Cell, but ...string) map[string]Cell {
	cells := map[string]Cell{}
	for _, resource := range Resources {
		if _, shown := readBack(cell)[resource]; !shown && resource != "signal_stack_resource" && !slices.Contains(but, resource) {
			cells[resource] = cell
		}
	}
	return cells
}

// everyone are all signals that resend_on_unknown sends once more where nothing
// can be read back.
func everyone(cell Cell) map[string]Cell { return with(blind(cell), readBack(cell)) }

func own(resource string, cell Cell) map[string]Cell { return map[string]Cell{resource: cell} }

// Timeouts of rows that use them up.
const (
	// enough for some attempts with growing pauses.
	enough = 3 * time.Second
	// ample is enough for them when each is followed by reads, which must not be cut short.
	ample = 12 * time.Second
	// brief ends a wait for an answer that does not come.
	brief = 1500 * time.Millisecond
)
