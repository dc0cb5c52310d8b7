package systems

// Cell is the result for one signal in one row of the fault matrix.
type Cell struct {
	Result
	// Requests is the number of signalling requests that reach the service, and Taken how
	// many of them it acts on.
	Requests, Taken int
	// Says are parts of the error.
	Says []string
}

// Many means as many requests as the timeout allows.
const Many = -1

// Result is what a user sees of a signal at the end.
type Result struct {
	// Word is the name of the result in the guide, and Means its explanation.
	Word, Means string
	// Delivery is the attribute of that name; if it is "", nothing is recorded.
	Delivery string
	// Error is the summary of the error, "" if there is none. An error after something was
	// recorded taints the resource.
	Error string
	// Again says that applying again sends the signal.
	Again bool
}

// State describes the state of the created resource.
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

// Next describes the next apply.
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

// The possible results.
var (
	Sent      = Result{Word: "sent", Means: "The service said that it took the signal.", Delivery: "SENT"}
	Confirmed = Result{Word: "confirmed", Means: "The answer was lost. Afterwards the service showed such a signal at the time of the send, and it was not another signal of this provider.", Delivery: "CONFIRMED"}
	Rejected  = Result{Word: "rejected", Means: "The service said that it did not take the signal.", Error: "Signal Rejected", Again: true}
	NotSent   = Result{Word: "not sent", Means: "No request had an effect.", Error: "Signal Not Sent", Again: true}
	Unknown   = Result{Word: "unknown", Means: "The service may or may not have taken the signal.", Delivery: "UNKNOWN", Error: "Outcome of the Signal Unknown", Again: true}
	Results   = []Result{Sent, Confirmed, Rejected, NotSent, Unknown}
)

// Lost says what the provider can do after a lost answer.
type Lost int

const (
	// Untold means that no read distinguishes a signal that arrived from one that did not.
	// The outcome stays unknown.
	Untold Lost = iota
	// ReadBack means that the service shows its signals.
	ReadBack
	// Repeatable means that the signal is sent again, because the service documents that a
	// repeat has no further effect.
	Repeatable
)
