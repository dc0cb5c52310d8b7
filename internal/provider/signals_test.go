package provider_test

import (
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// system is one signal as the tests that hold for all of them see it.
type system struct {
	resource string
	// operation is the one that carries the signal, as the journal names it.
	operation string
	// permission is what a refusal has to name.
	permission string
	// ready makes a target that is waiting for the signal, and the arguments that send it there.
	ready func(t *testing.T, s *sandbox.Sandbox) acctest.Values
	// resends are arguments with a value that makes another signal; inert ones do not.
	resends, inert acctest.Values
	// missing are arguments that name a target that is not there; at is the argument at fault.
	missing acctest.Values
	at      string
	// action says that it is offered as an action, too.
	action bool
	// gate is how its targets are waited for, nil when they cannot be.
	gate *gate
	// differs holds what this system's failures come to where it is not what everybody's do.
	differs map[string]failure
}

var systems = []system{{
	resource:   "signal_automation",
	operation:  "SendAutomationSignal",
	permission: "ssm:SendAutomationSignal",
	ready: func(_ *testing.T, s *sandbox.Sandbox) acctest.Values {
		// It takes any number of signals, so that a second one would not be refused but show.
		id := s.StartAutomation(sandbox.Automation{
			Steps:         []sandbox.Step{{Name: "approve", Action: "aws:approve", MinRequiredApprovals: 10}},
			AcceptRepeats: true,
		})
		return acctest.Values{"automation_execution_id": id, "signal_type": "Approve"}
	},
	resends: acctest.Values{
		"automation_execution_id": "11111111-1111-1111-1111-111111111111",
		"signal_type":             "Reject",
		"payload":                 acctest.Values{"Comment": []any{"another"}},
		"region":                  "eu-central-1",
	},
	missing: acctest.Values{"automation_execution_id": "22222222-2222-2222-2222-222222222222"},
	at:      "automation_execution_id",
	action:  true,
	gate: &gate{
		read:       "GetAutomationExecution",
		permission: "ssm:GetAutomationExecution",
		running: func(_ *testing.T, s *sandbox.Sandbox, end string) acctest.Values {
			last := map[string]sandbox.Step{
				well:  {Name: "deploy", Action: "aws:executeScript"},
				badly: {Name: "deploy", Action: "aws:executeScript", Fail: "the disk is full"},
				never: {Name: "deploy", Action: "aws:executeScript", Hold: true},
			}[end]
			id := s.StartAutomation(sandbox.Automation{Steps: []sandbox.Step{
				{Name: "approve", Action: "aws:approve"}, {Name: "settle", Action: "aws:sleep", SleepSeconds: 40}, last,
			}})
			return acctest.Values{"automation_execution_id": id, "signal_type": "Approve"}
		},
		unready: func(_ *testing.T, s *sandbox.Sandbox) acctest.Values {
			id := s.StartAutomation(sandbox.Automation{Steps: []sandbox.Step{
				{Name: "prepare", Action: "aws:sleep", SleepSeconds: 40}, {Name: "approve", Action: "aws:approve"},
			}})
			return acctest.Values{"automation_execution_id": id, "signal_type": "Approve"}
		},
		words:  struct{ running, succeeded, failed string }{"InProgress", "Success", "Failed"},
		reason: "the disk is full",
		adopts: true,
	},
}}

// eachSystem runs a test against every system, with a sandbox and a provider of its own.
func eachSystem(t *testing.T, test func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider)) {
	t.Helper()
	for _, y := range systems {
		t.Run(y.resource, func(t *testing.T) {
			t.Parallel()
			s := acctest.Sandbox(t, sandbox.Options{})
			test(t, y, s, acctest.StartProvider(t, acctest.Block(s.URL())))
		})
	}
}
