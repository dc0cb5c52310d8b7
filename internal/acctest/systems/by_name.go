package systems

import (
	"slices"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// byName are the rows of signals whose targets are found by name.
var byName = []System{
	named(automation[0]), named(stackResource[0]), named(oosExecution[0]),
	found(ecsDeployment[0], System{
		Variant: "by service",
		Ready: func(s *sandbox.Sandbox) Values {
			d := s.StartServiceDeployment(sandbox.ServiceDeployment{Stages: slices.Repeat([]sandbox.DeploymentStage{{}}, 10), AcceptRepeats: true})
			return Values{"cluster": d.Cluster, "service": d.Service, "lifecycle_stage": d.Stage, "action": "CONTINUE"}
		},
		Recorded: startedAfter, Missing: Values{"service": "nobody"}, MissingAt: "service",
		Optional: []string{"action", "lifecycle_stage"}, LookUps: 1, LaterHides: true,
	}),
	found(codepipelineApproval[0], System{
		Variant: "in PARALLEL mode",
		Ready: func(s *sandbox.Sandbox) Values {
			asked := sandbox.PipelineAction{Name: "Release", Runs: 10}
			return approveRelease(s.StartPipeline(sandbox.Pipeline{
				Name: anotherPipeline(s), Mode: "PARALLEL", AcceptRepeats: true, Stages: []sandbox.PipelineStage{{Name: "Approve", Actions: []sandbox.PipelineAction{asked}}},
			})).With(Values{"summary": "release 7"})
		},
		Missing: Values{"pipeline_name": "nobody"}, MissingAt: "pipeline_name", Optional: []string{"summary", "pipeline_execution_id"},
	}),
}

var startedAfter = Values{"started_after": "2026-01-31T12:00:00Z"}

// named returns the row of a signal that names its target. In this table, the name is the
// target's id.
func named(y System) System {
	if y.Naming == nil {
		panic(y.Type + " lacks Naming in its row of the table, or its row in by_name.go is of another kind")
	}
	by, ready := *y.Naming, y.Ready
	rename := func(arguments Values) Values {
		return arguments.With(Values{by.ID: nil, by.Name: arguments[by.ID]})
	}
	as := System{
		Variant: "by " + by.Name, Ready: func(s *sandbox.Sandbox) Values { return rename(ready(s)) },
		Missing: rename(y.Missing), MissingAt: by.Name, Optional: y.Optional,
	}
	if y.ShownBy != "" {
		as.LookUps = 1
	}
	if by.Filter != "" {
		as.Recorded = startedAfter
	}
	return found(y, as)
}

// found returns the row of a signal that finds its target with the arguments of another
// row. Some values of that row do not apply: a search finds nothing if another target is
// named, and a wait reads more than the target. The tests of the system's package cover
// these.
func found(y, as System) System {
	y.Variant, y.Ready, y.Recorded, y.Missing, y.MissingAt, y.LookUps = as.Variant, as.Ready, as.Recorded, as.Missing, as.MissingAt, as.LookUps
	y.Optional, y.LaterHides = as.Optional, as.LaterHides
	y.LooksUp, y.Finds = true, true
	y.Resends, y.Together, y.Interrupted = nil, nil, nil
	y.Cells = map[string]Cell{
		// The search for the target gets no connection.
		"connection refused": {Result: NotSent, Says: []string{"connection refused", "No connection could be made"}},
	}
	y.Gate, y.Requests, y.Demo, y.Examples, y.Docs = nil, nil, Demo{}, nil, Docs{}
	return y
}
