package matrix

import "strings"

// WaitResult is the result for a resource that waits for a target and sends nothing.
type WaitResult struct {
	// Word is the name of the result in the guide, and Means its explanation.
	Word, Means string
	// Error is the summary of the error, "" if there is none.
	Error string
}

// The possible results.
var (
	Waited      = WaitResult{Word: "keeps waiting", Means: "The read is repeated, and the wait ends with the run."}
	Unread      = WaitResult{Word: "unreadable", Means: "An error, because another read would fail in the same way. The wait is recorded as tainted, and the next apply waits again.", Error: "Target Cannot Be Read"}
	RanOut      = WaitResult{Word: "runs out", Means: "The read is repeated until the timeout, and then there is an error. The wait is recorded as tainted, and the next apply waits again. With `on_wait_failure = \"record\"` there is a warning instead.", Error: "Target Not Seen"}
	WaitResults = []WaitResult{Waited, Unread, RanOut}
)

// waits are the results by the names of rows, for failures that reads can have too.
var waits = map[string]WaitResult{
	"connection refused at first": Waited,
	"connection refused":          RanOut,
	"certificate":                 Unread,
	"no such host":                Unread,
	"throttled twice":             Waited,
	"throttled":                   RanOut,
	"access denied":               Unread,
	"500 before acting":           Waited,
	"503 before acting":           Waited,
	"500 for good":                RanOut,
	"dropped before acting":       Waited,
	"truncated 200":               Waited,
	"truncated JSON":              Waited,
	"proxy's 502 before acting":   Waited,
	"portal's 200":                Waited,
	"proxy's 403":                 Waited,
	"redirected":                  Waited,
	"stalled before acting":       RanOut,
	"slow":                        Waited,
	"stream reset before acting":  Waited,
	"every stream reset":          RanOut,
	"stream refused at first":     Waited,
	"every stream refused":        RanOut,
	"server going away":           Waited,
}

// Wait returns the result for a wait in a row.
func (r Row) Wait() WaitResult { return waits[r.Name] }

// ofRead makes the text of a row fit a read, which has no effect at the service.
var ofRead = strings.NewReplacer(
	"the service acts, and its answer", "the answer",
	", and the service has not acted", "", ", and has not acted", "", ", and the service never acts", "", ", and never acts", "")

// WaitRows returns the rows that concern waits, in words that fit reads.
func WaitRows() (rows []Row) {
	for _, section := range Sections {
		for _, row := range section.Rows {
			if _, says := waits[row.Name]; says {
				row.What = ofRead.Replace(row.What)
				rows = append(rows, row)
			}
		}
	}
	return rows
}
