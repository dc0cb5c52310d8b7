package matrix

import (
	"fmt"
	"maps"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// Section is a group of rows.
type Section struct {
	Title, About string
	Rows         []Row
}

// once is a fault of only the first request.
func once(kind sandbox.Kind) Trouble {
	return Trouble{Faults: []sandbox.Fault{{Kind: kind, Times: 1}}}
}

func always(kind sandbox.Kind) Trouble { return Trouble{Faults: []sandbox.Fault{{Kind: kind}}} }

// with returns the union of two maps.
func with(a, b map[systems.Lost]Cell) map[systems.Lost]Cell {
	both := maps.Clone(a)
	maps.Copy(both, b)
	return both
}

// Sections are the rows of the matrix.
var Sections = []Section{{
	Title: "Nothing arrives",
	About: "Without a connection nothing can have arrived, so another attempt does no harm. The provider tries again after errors that may pass.",
	Rows: []Row{{
		Name:    "connection refused at first",
		What:    "connections are refused for a while",
		Trouble: Trouble{Line: RefusedAtFirst},
		End:     sent(1),
	}, {
		Name:    "connection refused",
		What:    fmt.Sprintf("connections are refused for more than %.0f seconds", delivery.DefaultRetryPolicy.UnreachableTimeout.Seconds()),
		Trouble: Trouble{Line: Refused},
		End:     notSent(0, "connection refused", "attempts"),
	}, {
		Name:    "certificate",
		What:    "the server's certificate does not verify",
		Trouble: Trouble{Line: Untrusted},
		End:     notSent(0, "certificate", "could not prove who it is"),
	}, {
		Name:    "no such host",
		What:    "the server's name does not exist",
		Trouble: Trouble{Line: Nameless},
		End:     notSent(0, "no such host", "check region and endpoint"),
	}},
}, {
	Title: "The service refuses, or asks for a pause",
	About: "A clear answer leaves no doubt: the signal was not taken.",
	Rows: []Row{{
		Name:    "throttled twice",
		What:    "the service throttles twice",
		Trouble: Trouble{Faults: []sandbox.Fault{{Kind: sandbox.KindThrottle, Times: 2}}},
		End:     sent(3),
	}, {
		Name:    "throttled",
		What:    "the service throttles until the timeout",
		Trouble: Trouble{Faults: []sandbox.Fault{{Kind: sandbox.KindThrottle}}, Timeout: enough},
		End:     notSent(Many, "attempts", "timeout"),
	}, {
		Name:    "access denied",
		What:    "the service denies access",
		Trouble: always(sandbox.KindRefuse),
		End:     rejected(1, "request id", "PERMISSION"),
	}, {
		Name:    "credentials expired",
		What:    "the credentials have expired; for the trigger, its URL or access token was replaced",
		Trouble: always(sandbox.KindExpired),
		End:     rejected(1, "expired", "renew"),
	}, {
		Name: "credentials expire midway",
		What: "the service throttles, and by the next attempt the credentials have expired",
		Trouble: Trouble{Faults: []sandbox.Fault{
			{Kind: sandbox.KindThrottle, Times: 1}, {Kind: sandbox.KindExpired},
		}},
		End: rejected(2, "2 attempts", "expired", "renew"),
	}},
}, {
	Title: "The service fails",
	About: "The server errors of AWS do not say whether the request had an effect. The provider reads at " + services(systems.ReadBack) + " to find out. The documentation of the HTTP trigger says that the run has not started after 500 and 503.",
	Rows: []Row{{
		Name:      "500 before acting",
		What:      "the service answers 500 once, and has not acted",
		Trouble:   once(sandbox.KindErrorBefore),
		End:       unknown(1, 0, "HTTP 500", "request id"),
		Own:       with(readBack(found(0)), repeated(sent(2))),
		Resending: again(0),
	}, {
		Name:      "503 before acting",
		What:      "the service answers 503 once, and has not acted",
		Trouble:   Trouble{Faults: []sandbox.Fault{{Kind: sandbox.KindErrorBefore, Status: 503, Times: 1}}},
		End:       unknown(1, 0, "HTTP 503", "request id"),
		Own:       with(readBack(found(0)), repeated(sent(2))),
		Resending: again(0),
	}, {
		Name:    "500 for good",
		What:    "the service answers 500 until the timeout, and never acts",
		Trouble: Trouble{Faults: []sandbox.Fault{{Kind: sandbox.KindErrorBefore}}, Timeout: ample},
		End:     unknown(1, 0, "HTTP 500"),
		Own: with(repeated(unknown(Many, 0, "HTTP 500", "attempts", "timeout")),
			readBack(notSent(Many, "HTTP 500", "attempts", "timeout", "the signal has not arrived"))),
		Resending: resent(unknown(2, 0, "HTTP 500")),
	}, {
		Name:      "server error after acting",
		What:      "the service acts and then answers with a server error once: 500, the trigger 502",
		Trouble:   once(sandbox.KindErrorAfter),
		End:       unknown(1, 1, "HTTP 50"),
		Own:       with(readBack(found(1)), repeated(sent(2))),
		Resending: again(1),
	}},
}, {
	Title: "The answer is lost",
	About: fmt.Sprintf("The request was sent, and no usable answer came back. The next step depends on the service:\n\n"+
		"- For %[1]s the provider sends the same request again, because a repeat has no further effect. It does not do so after an answer of ROS or Temporal with a status of 3xx or 4xx that is not from the service itself. For ROS the outcome is then unknown. For Temporal the provider then reads whether the signal has arrived.\n"+
		"- %[2]s do not show whether they have acted, so the outcome is unknown.\n"+
		"- For %[3]s the provider reads whether the signal has arrived.\n\n"+
		"What these reads show decides the outcome:\n\n"+
		"- If the service shows the signal at the time of the send, and it is not another signal of this provider, the signal is confirmed. The time of the send is from its beginning until %[4]s seconds after the answer was lost.\n"+
		"- If an event of somebody else falls into that time and is exactly like this signal, the provider cannot tell the two apart: the event confirms the signal.\n"+
		"- If the service does not show the signal within %[4]s seconds of reading, the signal is sent again.\n"+
		"- Two signals with the same configuration need two events to be confirmed, if they use the same provider block. Terraform starts one process for each provider block, and these processes do not know each other's signals.\n"+
		"- The outcome stays unknown if an event does not show enough, or if there are more such events than signals. It also stays unknown for an approval without a `Comment` whose decision does not name the caller, and for a revocation, for which the provider reads nothing.",
		services(systems.Repeatable), services(systems.Untold), services(systems.ReadBack), fmt.Sprintf("%.0f", delivery.DefaultRetryPolicy.Settle.Seconds())),
	Rows: []Row{
		lost("dropped before acting", "the connection is closed before an answer, and the service has not acted", once(sandbox.KindDropBefore), 0, "before an answer came"),
		lost("dropped after acting", "the service acts, and the connection is closed before its answer", once(sandbox.KindDropAfter), 1, "before an answer came"),
		lost("truncated 200", "the service acts, and its answer is cut short", once(sandbox.KindTruncate), 1, "cut short"),
		lost("truncated JSON", "the service acts, and its answer arrives with half of its text", once(sandbox.KindTruncateJSON), 1, "HTTP 200"),
		lost("proxy's 502 before acting", "a proxy answers 502 with a web page, and the service has not acted", once(sandbox.KindHTML), 0, "HTTP 502", "proxy"),
		lost("proxy's 502 after acting", "the service acts, and a proxy answers 502 with a web page", once(sandbox.KindHTMLAfter), 1, "HTTP 502", "proxy"),
		lost("portal's 200", "a portal answers 200 with a web page, and the service has not acted", once(sandbox.KindHTMLOK), 0, "HTTP 200", "proxy"),
		{
			Name:      "proxy's 403",
			What:      "a proxy answers 403 with a web page, and the service has not acted",
			Trouble:   Trouble{Faults: []sandbox.Fault{{Kind: sandbox.KindHTML, Status: 403, Times: 1}}},
			End:       unknown(1, 0, "HTTP 403", "proxy"),
			Own:       readBack(found(0)),
			Resending: again(0),
		},
		{
			Name:      "redirected",
			What:      "something answers with a redirect, which is not followed, and the service has not acted",
			Trouble:   Trouble{Faults: []sandbox.Fault{{Kind: sandbox.KindRedirect, Body: "/elsewhere", Times: 1}}},
			End:       unknown(1, 0, "HTTP 307"),
			Own:       readBack(found(0)),
			Resending: again(0),
		},
		lost("no answer to one attempt", fmt.Sprintf("the service acts, and no answer comes within %.0f seconds", delivery.DefaultRetryPolicy.AttemptTimeout.Seconds()),
			Trouble{Faults: []sandbox.Fault{{Kind: sandbox.KindStallAfter, Times: 1}}, AttemptEnds: true}, 1),
		{
			Name:    "stalled before acting",
			What:    "no answer comes until the timeout, and the service has not acted",
			Trouble: Trouble{Faults: []sandbox.Fault{{Kind: sandbox.KindStall}}, Timeout: brief},
			End:     unknown(1, 0, "timeout"),
		},
		{
			Name:    "stalled after acting",
			What:    "the service acts, and no answer comes until the timeout",
			Trouble: Trouble{Faults: []sandbox.Fault{{Kind: sandbox.KindStallAfter}}, Timeout: brief},
			End:     unknown(1, 1, "timeout"),
		},
		{
			Name: "answer lost and credentials expired",
			What: "the service acts, its answer is lost, and by then the credentials have expired",
			Trouble: Trouble{
				Faults:     []sandbox.Fault{{Kind: sandbox.KindDropAfter, Times: 1}},
				Afterwards: []sandbox.Fault{{Operation: "*", Kind: sandbox.KindExpired}},
			},
			End:       unknown(1, 1),
			Own:       repeated(unknown(2, 1, "expired")),
			Resending: resent(unknown(2, 1)),
			// The provider first finds the target again, and the service already refuses that
			// request.
			ResendingLookUp: resent(unknown(1, 1)),
		},
		{
			Name: "answer lost and reading denied",
			What: "the service acts, its answer is lost, and the provider has no permission to read the execution",
			Trouble: Trouble{
				Faults: append(readingDenied(), sandbox.Fault{Kind: sandbox.KindDropAfter, Times: 1}),
			},
			End:       unknown(1, 1),
			Own:       with(readBack(unknown(1, 1, "Allow", "by itself", "resend_on_unknown")), repeated(sent(2))),
			Resending: again(1),
		},
		{
			Name: "answer lost and reading fails",
			What: "the service acts, its answer is lost, and reads of the execution fail for a while",
			Trouble: Trouble{
				Faults: append(readingFails(), sandbox.Fault{Kind: sandbox.KindDropAfter, Times: 1}),
			},
			End:       unknown(1, 1),
			Own:       with(readBack(found(1)), repeated(sent(2))),
			Resending: again(1),
		},
		{
			Name:    "slow",
			What:    "the answer is slow",
			Trouble: Trouble{Faults: []sandbox.Fault{{Kind: sandbox.KindDelay, Delay: 50 * time.Millisecond}}},
			End:     sent(1),
		},
	},
}, {
	Title: "HTTP/2",
	About: "A server that speaks HTTP/2 can end the stream of one request, or go away. When the server refuses a stream, or ends a stream above the last one that its GOAWAY names, it has not processed the request (RFC 9113, sections 6.8 and 8.7). Any other end of a stream says nothing about that. One attempt is always one request on the wire.",
	Rows: []Row{
		lost("stream reset before acting", "the server reads the request and ends its stream with an error, and the service has not acted", http2(once(sandbox.KindReset)), 0),
		lost("stream reset after acting", "the service acts, and the server ends the request's stream with an error", http2(once(sandbox.KindResetAfter)), 1),
		{
			Name:    "every stream reset",
			What:    "the server ends each request's stream with an error, and the service never acts",
			Trouble: http2(Trouble{Faults: []sandbox.Fault{{Kind: sandbox.KindReset}}, Timeout: ample}),
			End:     unknown(1, 0, "PROTOCOL_ERROR"),
			Own: with(repeated(unknown(Many, 0, "PROTOCOL_ERROR", "attempts", "timeout")),
				readBack(notSent(Many, "PROTOCOL_ERROR", "attempts", "timeout", "the signal has not arrived"))),
			Resending: resent(unknown(2, 0, "PROTOCOL_ERROR")),
		},
		{
			Name:    "stream refused at first",
			What:    "the server refuses the request's stream once",
			Trouble: http2(once(sandbox.KindRefuseStream)),
			End:     sent(2),
		},
		{
			Name:    "every stream refused",
			What:    fmt.Sprintf("the server refuses every stream for more than %.0f seconds", delivery.DefaultRetryPolicy.UnreachableTimeout.Seconds()),
			Trouble: http2(Trouble{Faults: []sandbox.Fault{{Kind: sandbox.KindRefuseStream}}, Timeout: enough}),
			End:     notSent(Many, "REFUSED_STREAM", "attempts", "did not process"),
		},
		{
			Name:    "server going away",
			What:    "the server goes away when the request has been sent, and says that it has not processed it",
			Trouble: http2(once(sandbox.KindGoAway)),
			End:     sent(2),
		},
	},
}}

// http2 is the trouble with a server that speaks HTTP/2.
func http2(trouble Trouble) Trouble {
	trouble.Line = HTTP2
	return trouble
}

// reads returns the operations with which lost signals are looked up.
func reads() (operations []string) {
	for _, y := range systems.Signals() {
		if y.Lost == systems.ReadBack {
			operations = append(operations, y.ShownBy)
		}
	}
	return operations
}

func readingDenied() (faults []sandbox.Fault) {
	for _, read := range reads() {
		faults = append(faults, sandbox.Fault{Operation: read, Kind: sandbox.KindRefuse})
	}
	return faults
}

func readingFails() (faults []sandbox.Fault) {
	for _, read := range reads() {
		for _, kind := range []sandbox.Kind{sandbox.KindErrorBefore, sandbox.KindHTML, sandbox.KindDropBefore} {
			faults = append(faults, sandbox.Fault{Operation: read, Kind: kind, Times: 1})
		}
	}
	return faults
}

// lost returns a row in which one answer is lost. The provider reads the target if it can,
// and repeats the request to ROS.
func lost(name, what string, trouble Trouble, taken int, says ...string) Row {
	return Row{
		Name: name, What: what, Trouble: trouble,
		End:       unknown(1, taken, says...),
		Own:       with(readBack(found(taken)), repeated(sent(2))),
		Resending: again(taken),
	}
}

// services returns the services whose signals are treated in this way after a lost answer.
func services(lost systems.Lost) string {
	var names []string
	for _, y := range systems.Signals() {
		if y.Lost == lost {
			names = append(names, y.Docs.Service)
		}
	}
	return systems.List(names)
}
