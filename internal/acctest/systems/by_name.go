package systems

import (
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// byName are the rows of signals whose targets are named instead of identified.
var byName = []System{named(automation[0]), named(stackResource[0])}

// named is the row of a signal whose target goes by a name, which in this table is the
// target's id. What is looked for before anything is sent is not found when another
// target is named, and what waits reads more than the target: the tests of the system's
// package have that.
func named(y System) System {
	by := *y.Naming
	rename := func(arguments Values) Values {
		return arguments.With(Values{by.ID: nil, by.Name: arguments[by.ID]})
	}
	ready, interrupted := y.Ready, y.Interrupted
	y.Variant, y.LooksUp = "by "+by.Name, true
	y.Ready = func(s *sandbox.Sandbox) Values { return rename(ready(s)) }
	y.Interrupted = func(s *sandbox.Sandbox, at Moment) (Values, string) {
		arguments, mark := interrupted(s, at)
		return rename(arguments), mark
	}
	if y.ShownBy != "" {
		y.LookUps = 1
	}
	y.Missing, y.MissingAt = rename(y.Missing), by.Name
	y.Resends, y.Together, y.Recorded = nil, nil, nil
	if by.Filter != "" {
		y.Recorded = Values{by.Filter: "2026-01-31T12:00:00Z"}
	}
	y.Cells = map[string]Cell{
		// It is the look-up that gets no connection.
		"connection refused": {Result: NotSent, Says: []string{"connection refused", "No connection could be made"}},
	}
	y.Gate, y.Requests, y.Demo, y.Examples, y.Docs = nil, nil, Demo{}, nil, Docs{}
	return y
}
