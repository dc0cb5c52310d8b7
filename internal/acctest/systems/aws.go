package systems

import "strings"

// emptyAnswer reports the success of an AWS operation without a result. An empty body is
// documented; the service sends an empty object.
func emptyAnswer(members map[string]any, body string) bool {
	return members != nil || strings.TrimSpace(body) == ""
}

// adopting is the guard of systems with adopt_existing.
var adopting = Guarded{
	Guard: Adopting,
	With:  func(string) Values { return Values{"adopt_existing": true} },
	Means: "`adopt_existing`",
}
