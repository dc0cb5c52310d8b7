package systems

// Cell is what one signal comes to in one row of the fault matrix.
type Cell struct {
	Result
	// Requests is how many signalling requests reach the service, and Taken on how
	// many of them it acts.
	Requests, Taken int
	// Says are parts of the error.
	Says []string
}

// Many stands for as many requests as the timeout leaves room for.
const Many = -1

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
	Confirmed = Result{Word: "confirmed", Means: "The answer was lost. Afterwards the service showed such a signal at the time of the send, and no other signal of this provider explains it.", Delivery: "CONFIRMED"}
	Rejected  = Result{Word: "rejected", Means: "The service said that it did not take the signal.", Error: "Signal Rejected", Again: true}
	NotSent   = Result{Word: "not sent", Means: "No request had an effect.", Error: "Signal Not Sent", Again: true}
	Unknown   = Result{Word: "unknown", Means: "The service may or may not have taken the signal.", Delivery: "UNKNOWN", Error: "Outcome of the Signal Unknown", Again: true}
	Results   = []Result{Sent, Confirmed, Rejected, NotSent, Unknown}
)

// Lost is what can be done about a signal whose answer was lost.
type Lost int

const (
	// Untold signals cannot be told from those that did not arrive: their outcome stays unknown.
	Untold Lost = iota
	// ReadBack signals are shown by their services.
	ReadBack
	// Repeatable signals are sent again: their services document that a repeat has no further effect.
	Repeatable
)
