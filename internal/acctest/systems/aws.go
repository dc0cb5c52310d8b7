package systems

import "strings"

// emptyAnswer is the success of an AWS operation without a result: an empty body is
// documented, and an empty object is sent.
func emptyAnswer(members map[string]any, body string) bool {
	return members != nil || strings.TrimSpace(body) == ""
}

// adopting is the guard of systems that look for a signal before they send it.
var adopting = Guarded{
	Guard: Adopting,
	With:  func(string) Values { return Values{"adopt_existing": true} },
	Means: "`adopt_existing`",
}
