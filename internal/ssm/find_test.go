package ssm_test

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

const (
	send = "SendAutomationSignal"
	read = "GetAutomationExecution"
	list = "DescribeAutomationExecutions"
)

// named has a provider and a resource for executions that are found by their document.
type named struct {
	*sandbox.Sandbox
	*acctest.Resource
	p      *acctest.Provider
	offset atomic.Int64
}

func byName(t *testing.T, options sandbox.Options) *named {
	t.Helper()
	n := &named{}
	options.Now = func() time.Time { return time.Now().Add(time.Duration(n.offset.Load())) }
	n.Sandbox = acctest.Sandbox(t, options)
	n.p = acctest.StartProvider(t, acctest.Block(n.URL()))
	n.Resource = n.p.Resource("signal_automation")
	return n
}

func (n *named) move(d time.Duration) { n.offset.Add(int64(d)) }

// run starts an execution of a document.
func (n *named) run(document string, steps ...sandbox.Step) string {
	return n.StartAutomation(sandbox.Automation{DocumentName: document, Steps: steps, AcceptRepeats: true})
}

// made returns the operations in the request log, without repeats, and clears it.
func (n *named) made() string {
	var names []string
	for _, entry := range n.RequestLog() {
		names = append(names, entry.Operation)
	}
	n.ResetRequestLog()
	return strings.Join(slices.Compact(names), " ")
}

// took returns how many signals an execution has received.
func (n *named) took(id string) int {
	execution, _ := n.Automation(id)
	return len(execution.Signals)
}

var (
	gate    = sandbox.Step{Name: "gate", Action: "aws:approve"}
	hold    = sandbox.Step{Name: "deploy", Action: "aws:executeScript", Hold: true}
	deploys = acctest.Values{"document_name": "Deploy", "signal_type": "Approve"}
	waits   = acctest.Values{"wait_until_ready": true}
)

// The found execution is recorded, and no later operation searches for another one.
func TestFoundByName(t *testing.T) {
	n := byName(t, sandbox.Options{})
	n.run("Deploy", hold)
	n.run("Deploy-Database", gate)
	n.run("Deploy", sandbox.Step{Name: "done", Action: "aws:executeScript"})
	id := n.run("Deploy", gate, hold)

	plan, diags := n.Plan(deploys)
	if len(diags) > 0 || !slices.Contains(plan.Unknown(), "automation_execution_id") || n.made() != "" {
		t.Errorf("planned %v unknown and said %s", plan.Unknown(), diags)
	}
	if diags := n.Apply(deploys); len(diags) > 0 {
		t.Fatal(diags)
	}
	if n.String("automation_execution_id") != id || n.String("delivery") != "SENT" || n.took(id) != 1 {
		t.Errorf("recorded %s", n.State)
	}
	if made := n.made(); made != list+" "+read+" "+send {
		t.Errorf("made %s", made)
	}
	n.run("Deploy", gate)
	for name, config := range map[string]acctest.Values{
		"again":         deploys,
		"an option":     deploys.With(waits),
		"started_after": deploys.With(acctest.Values{"started_after": "2026-01-01T00:00:00Z"}),
		"pinned":        {"automation_execution_id": id, "signal_type": "Approve"},
	} {
		r := n.For(t)
		plan, diags := r.Plan(config)
		if len(diags) > 0 || len(plan.Replace) > 0 || slices.Contains(plan.Unknown(), "automation_execution_id") {
			t.Errorf("%s: planned to replace for %v, unknown %v, and said %s", name, plan.Replace, plan.Unknown(), diags)
		}
	}
	if diags := append(n.Apply(deploys.With(waits)), n.Refresh()...); len(diags) > 0 || n.made() != "" {
		t.Errorf("an option, or a refresh, said %s", diags)
	}
	waiting := deploys.With(acctest.Values{"wait_for_completion": true}).With(acctest.Briefly)
	if diags := n.Apply(waiting); !diags.HasError() || n.made() != read {
		t.Errorf("a wait that is turned on later said %s", diags)
	}
	if diags := n.Destroy(); len(diags) > 0 || n.made() != "" {
		t.Errorf("destroying said %s", diags)
	}
}

// A change that makes another signal, -replace and taint search for an execution again.
func TestAnotherSignalLooksAnew(t *testing.T) {
	n := byName(t, sandbox.Options{})
	first := n.run("Deploy", gate)
	if diags := n.Apply(deploys); len(diags) > 0 {
		t.Fatal(diags)
	}
	second := n.run("Deploy", gate)
	if diags := n.Apply(deploys.With(acctest.Values{"triggers": acctest.Values{"release": "2"}})); len(diags) > 0 || n.took(second) != 1 {
		t.Errorf("said %s", diags)
	}
	third := n.run("Deploy", gate)
	n.Tainted = true
	if diags := n.Apply(deploys.With(acctest.Values{"triggers": acctest.Values{"release": "2"}})); len(diags) > 0 || n.String("automation_execution_id") != third {
		t.Errorf("recorded %s and said %s", n.State, diags)
	}
	other := n.run("Other", gate)
	if diags := n.Apply(deploys.With(acctest.Values{"document_name": "Other"})); len(diags) > 0 || n.String("automation_execution_id") != other {
		t.Errorf("recorded %s and said %s", n.State, diags)
	}
	if n.took(first) != 1 || n.Accepted(send) != 4 {
		t.Errorf("the request log is %v", n.RequestLog())
	}
}

// The signal waits for an execution that does not exist yet, and for one that takes the
// signal only later.
func TestNameIsWaitedFor(t *testing.T) {
	n := byName(t, sandbox.Options{ReadLag: time.Second})
	var id string
	reads := 0
	n.Hook(list, func() {
		switch reads++; reads {
		case 3:
			id = n.run("Deploy", sandbox.Step{Name: "prepare", Action: "aws:sleep", SleepSeconds: 30}, gate)
		case 6, 9:
			n.move(time.Minute)
		}
	}, nil)
	if diags := n.Apply(deploys.With(waits)); len(diags) > 0 || n.String("automation_execution_id") != id || n.Count(send) != 1 {
		t.Errorf("recorded %s and said %s", n.State, diags)
	}
}

func TestNothingOfTheName(t *testing.T) {
	for name, test := range map[string]struct {
		runs func(*named)
		with acctest.Values
		says []string
		gone bool
	}{
		"none": {func(n *named) { n.run("Deploy-Database", gate) }, nil, []string{
			"SSM lists no Automation execution of document Deploy that can take it", "wait_until_ready", "describe-automation-executions",
		}, true},
		"one that does not wait": {func(n *named) {
			n.StartAutomation(sandbox.Automation{ID: "11111111-1111-1111-1111-111111111111", DocumentName: "Deploy", Steps: []sandbox.Step{hold}})
		}, nil, []string{
			"Seen of Automation execution of document Deploy: 11111111-1111-1111-1111-111111111111 (started 20", "InProgress", "Its current step is deploy (aws:executeScript).",
		}, false},
		"one that waits for something else": {func(n *named) { n.run("Deploy", sandbox.Step{Name: "pause", Action: "aws:pause"}) }, nil, []string{"Its current step is pause (aws:pause)."}, false},
		"one that is too old": {func(n *named) { n.run("Deploy", gate); n.move(time.Hour) }, acctest.Values{"started_after": time.Now().Add(time.Minute).UTC().Format(time.RFC3339)}, []string{
			"started since 20",
		}, true},
		"never": {func(n *named) { n.run("Deploy", hold) }, waits.With(acctest.Briefly), []string{
			"create timeout of 3s", "Its current step is deploy (aws:executeScript).", "Perhaps none has started yet", "describe-automation-executions",
		}, false},
		"its parent": {func(n *named) {
			child := n.run("Gate", gate)
			n.run("Deploy", sandbox.Step{Name: "release", Action: "aws:executeAutomation", Hold: true, Child: child})
		}, nil, []string{"Step release runs the execution", "takes its own signals"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := byName(t, sandbox.Options{})
			test.runs(n)
			diags := n.Apply(deploys.With(test.with))
			says(t, diags, append(test.says, "Signal Not Sent", "Sending Approve to the SSM Automation execution of document Deploy in us-east-1 was not tried", "Applying again sends it")...)
			if len(diags) != 1 || !n.State.IsNull() || n.Count(send) > 0 {
				t.Errorf("recorded %s after %v", n.State, n.RequestLog())
			}
			if name != "never" && diags[0].Attribute != "document_name" {
				t.Errorf("the error is about %q", diags[0].Attribute)
			}
			if name == "never" {
				return
			}
			armed := n.p.Resource("signal_automation")
			if diags := armed.Apply(deploys.With(test.with).With(acctest.Values{"when": "destroy"})); diags.HasError() {
				t.Fatal(diags)
			}
			diags = armed.Destroy()
			if diags.HasError() == test.gone || armed.State.IsNull() != test.gone || n.Count(send) > 0 {
				t.Errorf("destroyed, %s is left, after %s", armed.State, diags)
			}
		})
	}
}

// The provider never guesses among several executions.
func TestSeveralOfTheName(t *testing.T) {
	for name, with := range map[string]acctest.Values{"now": nil, "waiting": waits, "adopting": {"adopt_existing": true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := byName(t, sandbox.Options{})
			first := n.run("Deploy", gate)
			n.move(time.Minute)
			second := n.run("Deploy", gate)
			n.run("Deploy", hold)
			diags := n.Apply(deploys.With(with))
			says(t, diags, "lists more than one Automation execution of document Deploy that can take it", first+" (started 20", second+" (started 20", ", Waiting)", "does not guess", "automation_execution_id")
			if n.Count(send) > 0 || !n.State.IsNull() {
				t.Errorf("recorded %s after %v", n.State, n.RequestLog())
			}
			newest := n.Sandbox
			execution, _ := newest.Automation(second)
			since := deploys.With(with).With(acctest.Values{"started_after": execution.ExecutionStartTime.Add(-time.Second).UTC().Format(time.RFC3339)})
			if diags := n.Apply(since); len(diags) > 0 || n.String("automation_execution_id") != second {
				t.Errorf("recorded %s and said %s", n.State, diags)
			}
		})
	}
}

// A child execution is found by its own document.
func TestChildIsFoundByItsOwnDocument(t *testing.T) {
	n := byName(t, sandbox.Options{})
	parent := n.run("Deploy", sandbox.Step{Name: "release", Action: "aws:executeAutomation", Hold: true})
	child := n.StartAutomation(sandbox.Automation{DocumentName: "Deploy-Gate", Parent: parent, Steps: []sandbox.Step{gate}})
	if diags := n.Apply(deploys.With(acctest.Values{"document_name": "Deploy-Gate"})); len(diags) > 0 || n.String("automation_execution_id") != child {
		t.Errorf("recorded %s and said %s", n.State, diags)
	}
}

// Lists of many executions have pages, and only those whose step may wait are read.
func TestManyOfTheName(t *testing.T) {
	n := byName(t, sandbox.Options{})
	for range 60 {
		n.run("Deploy", hold)
		n.run("Deploy-Database", gate)
	}
	id := n.run("Deploy", gate)
	if diags := n.Apply(deploys); len(diags) > 0 || n.String("automation_execution_id") != id || n.Count(list) != 3 || n.Count(read) != 1 {
		t.Errorf("recorded %s after %v, and said %s", n.State, n.RequestLog(), diags)
	}
}

// If the target ends between the search and the send, the provider searches again.
func TestEndedBeforeTheSend(t *testing.T) {
	short := sandbox.Step{Name: "gate", Action: "aws:approve", TimeoutSeconds: 60}
	for name, test := range map[string]struct {
		with acctest.Values
		next bool
		says []string
	}{
		"another one is there":   {nil, true, nil},
		"another one is started": {waits, true, nil},
		"no other one":           {nil, false, []string{"Signal Rejected", "InvalidAutomationSignalException", "Then the provider searched for another target. SSM lists no"}},
		"never another one":      {waits.With(acctest.Briefly), false, []string{"Signal Rejected", "InvalidAutomationSignalException", "Then the provider searched for another target.", "create timeout"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := byName(t, sandbox.Options{})
			first, second := n.run("Deploy", short), ""
			n.Hook(read, nil, func() {
				if second == "" {
					n.move(2 * time.Minute)
					if second = "none"; test.next {
						second = n.run("Deploy", gate)
					}
				}
			})
			diags := n.Apply(deploys.With(test.with))
			says(t, diags, test.says...)
			if test.next && (len(diags) > 0 || n.String("automation_execution_id") != second || n.Count(send) != 2) || !test.next && (!n.State.IsNull() || n.Count(send) != 1) {
				t.Errorf("recorded %s after %v, and said %s", n.State, n.RequestLog(), diags)
			}
			if n.took(first) > 0 {
				t.Errorf("the first took it")
			}
		})
	}
}

// A refusal with another cause than the end of the execution stands.
func TestRefusalStands(t *testing.T) {
	n := byName(t, sandbox.Options{})
	n.run("Deploy", gate)
	n.Inject(sandbox.Fault{Operation: send, Kind: sandbox.KindRefuse, Status: 400, Code: "InvalidAutomationSignalException"})
	diags := n.Apply(deploys.With(waits).With(acctest.Patiently))
	says(t, diags, "Signal Rejected", "Approvers")
	if n.Count(send) != 1 || !n.State.IsNull() {
		t.Errorf("recorded %s after %v", n.State, n.RequestLog())
	}
}

// After a lost answer the found execution is read, and a later destroy goes on with it.
func TestLostAnswerIsReadBackWhereItWasSent(t *testing.T) {
	deploys := deploys.With(acctest.Values{"payload": acctest.Values{"Comment": []any{"release 7"}}})
	for name, kind := range map[string]sandbox.Kind{"taken": sandbox.KindDropAfter, "not taken": sandbox.KindDropBefore} {
		t.Run(name, func(t *testing.T) {
			n := byName(t, sandbox.Options{})
			id := n.run("Deploy", gate, hold)
			n.Inject(sandbox.Fault{Operation: send, Kind: kind, Times: 1})
			n.Hook(read, func() {
				if n.Count(send) == 1 && n.Count(read) == 2 {
					n.run("Deploy", gate)
				}
			}, nil)
			diags := n.Apply(deploys)
			want, sends := "CONFIRMED", 1
			if name == "not taken" {
				want, sends = "SENT", 2
			}
			if len(diags) > 0 || n.String("delivery") != want || n.String("automation_execution_id") != id || n.took(id) != 1 || n.Count(send) != sends || n.Count(list) != 1 {
				t.Errorf("recorded %s after %v, and said %s", n.State, n.RequestLog(), diags)
			}
		})
	}
	t.Run("at destroy", func(t *testing.T) {
		n := byName(t, sandbox.Options{})
		armed := deploys.With(acctest.Values{"when": "destroy"})
		if diags := n.Apply(armed); diags.HasError() || n.made() != "" {
			t.Fatal(diags)
		}
		id := n.run("Deploy", gate, hold)
		n.Inject(sandbox.Fault{Operation: send, Kind: sandbox.KindDropAfter})
		n.Inject(sandbox.Fault{Operation: read, Kind: sandbox.KindRefuse, Skip: 1, Times: 1})
		if diags := n.Destroy(); !diags.HasError() || n.String("delivery") != "UNKNOWN" || n.String("automation_execution_id") != id {
			t.Fatalf("recorded %s and said %s", n.State, diags)
		}
		n.run("Deploy", gate)
		if diags := n.Destroy(); diags.HasError() || !n.State.IsNull() || n.Count(send) != 1 || n.Count(list) != 1 {
			t.Errorf("left %s after %v, and said %s", n.State, n.RequestLog(), diags)
		}
	})
}

// A signal at destroy finds its execution at destroy.
func TestFoundAtDestroy(t *testing.T) {
	n := byName(t, sandbox.Options{})
	old := n.run("Deploy", sandbox.Step{Name: "gate", Action: "aws:approve", TimeoutSeconds: 60})
	if diags := n.Apply(deploys.With(acctest.Values{"when": "destroy"})); diags.HasError() || n.String("automation_execution_id") != "" || n.made() != "" {
		t.Fatalf("recorded %s and said %s", n.State, diags)
	}
	n.move(2 * time.Minute)
	id := n.run("Deploy", gate)
	if diags := n.Destroy(); diags.HasError() || n.took(id) != 1 || n.took(old) != 0 {
		t.Errorf("said %s after %v", diags, n.RequestLog())
	}
}

// An execution that shows such a signal is adopted, even if it is found by name.
func TestAdoptedByName(t *testing.T) {
	n := byName(t, sandbox.Options{})
	id := n.run("Deploy", gate, hold)
	somebody := acctest.StartProvider(t, acctest.Block(n.URL()))
	if diags := somebody.Resource("signal_automation").Apply(deploys); len(diags) > 0 {
		t.Fatal(diags)
	}
	adopts := deploys.With(acctest.Values{"adopt_existing": true})
	if diags := n.Apply(adopts); len(diags) > 0 || n.String("delivery") != "ADOPTED" || n.String("automation_execution_id") != id || n.Count(send) != 1 {
		t.Errorf("recorded %s and said %s", n.State, diags)
	}
}

func TestLookUpIsRefused(t *testing.T) {
	for operation, permission := range map[string]string{list: "ssm:DescribeAutomationExecutions", read: "ssm:GetAutomationExecution"} {
		n := byName(t, sandbox.Options{})
		n.run("Deploy", gate)
		n.Inject(sandbox.Fault{Operation: operation, Kind: sandbox.KindRefuse})
		says(t, n.Apply(deploys), "Signal Not Sent", permission)
		if n.Count(send) > 0 || !n.State.IsNull() {
			t.Errorf("recorded %s", n.State)
		}
	}
}

func TestActionFindsByName(t *testing.T) {
	n := byName(t, sandbox.Options{})
	id := n.run("Deploy", gate)
	progress, diags := n.p.Action("signal_automation").Invoke(deploys)
	if len(diags) > 0 || n.took(id) != 1 || !strings.Contains(strings.Join(progress, "\n"), "Found the target: SSM Automation execution "+id) {
		t.Errorf("reported %q and said %s", progress, diags)
	}
}

// Exactly one of the id and the name must be set, and filters need the name.
func TestNamedInOneWay(t *testing.T) {
	p := acctest.StartProvider(t, nil)
	id := acctest.Values{"automation_execution_id": "11111111-1111-1111-1111-111111111111"}
	for name, test := range map[string]struct {
		config acctest.Values
		says   string
	}{
		"both":                {deploys.With(id), "automation_execution_id"},
		"neither":             {deploys.With(acctest.Values{"document_name": nil}), "document_name"},
		"a filter without it": {id.With(acctest.Values{"signal_type": "Approve", "started_after": "2026-01-01T00:00:00Z"}), "document_name"},
		"no time":             {deploys.With(acctest.Values{"started_after": "yesterday"}), "RFC 3339"},
		"no document":         {deploys.With(acctest.Values{"document_name": "a b"}), "name of a document"},
	} {
		if diags := p.Resource("signal_automation").Validate(test.config); len(diags) != 1 || !strings.Contains(diags.String(), test.says) {
			t.Errorf("%s: said %s", name, diags)
		}
		if diags := p.Action("signal_automation").Validate(test.config); len(diags) != 1 {
			t.Errorf("%s: the action said %s", name, diags)
		}
	}
	for _, config := range []acctest.Values{deploys, deploys.With(acctest.Values{"document_name": acctest.Unknown}), id.With(acctest.Values{"signal_type": "Approve"})} {
		if diags := p.Resource("signal_automation").Validate(config); len(diags) > 0 {
			t.Errorf("%v: said %s", config, diags)
		}
	}
}

// Without a wait, the error comes within half a minute if no connection can be made.
func TestLookUpWithoutAConnection(t *testing.T) {
	p := acctest.StartProvider(t, acctest.Block("http://127.0.0.1:1"))
	for name, config := range map[string]acctest.Values{
		"by name":  deploys,
		"adopting": {"automation_execution_id": "11111111-1111-1111-1111-111111111111", "signal_type": "Approve", "adopt_existing": true},
	} {
		diags := p.Resource("signal_automation").Apply(config.With(acctest.Patiently))
		says(t, diags, "Signal Not Sent", "No connection could be made")
		if strings.Contains(diags.String(), "create timeout") {
			t.Errorf("%s: it waited for the timeout: %s", name, diags)
		}
	}
}

// A signal by name does not take effect twice: after a crash that recorded nothing, an
// execution that has its approval is not found again.
func TestNotFoundAgainAfterACrash(t *testing.T) {
	n := byName(t, sandbox.Options{})
	id := n.run("Deploy", gate, hold)
	n.Apply(deploys) // Of it nothing is recorded.
	r := n.p.Resource("signal_automation")
	says(t, r.Apply(deploys), "Signal Not Sent", "Seen of Automation execution of document Deploy: "+id)
	if n.took(id) != 1 || n.Count(send) != 1 || !r.State.IsNull() {
		t.Errorf("recorded %s after %v", r.State, n.RequestLog())
	}
}

// If somebody has removed the target from the state of a signal whose outcome is unknown,
// what another target shows tells nothing about that signal.
func TestOutcomeWithoutItsTargetStaysUnknown(t *testing.T) {
	n := byName(t, sandbox.Options{})
	n.StartAutomation(sandbox.Automation{DocumentName: "Deploy", Steps: []sandbox.Step{gate}, Decisions: sandbox.DecisionsNone})
	says(t, n.Apply(acctest.Values{"document_name": "Deploy", "signal_type": "Approve", "when": "destroy"}), "Signal Is Sent at Destroy")
	n.Inject(sandbox.Fault{Operation: send, Kind: sandbox.KindDropAfter, Times: 1})
	says(t, n.Destroy(), "Outcome of the Signal Unknown")
	other := n.run("Deploy", gate)
	state, err := tftypes.Transform(n.State, func(at *tftypes.AttributePath, value tftypes.Value) (tftypes.Value, error) {
		if at.Equal(tftypes.NewAttributePath().WithAttributeName("automation_execution_id")) {
			return tftypes.NewValue(value.Type(), nil), nil
		}
		return value, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	n.State = state
	n.Inject(sandbox.Fault{Operation: send, Kind: sandbox.KindRefuse})
	says(t, n.Destroy(), "Outcome of the Signal Unknown", "AccessDeniedException", "does not tell: it is not known which target the earlier signal went to")
	if n.took(other) != 0 || n.Count(send) != 2 || n.String("delivery") != "UNKNOWN" {
		t.Errorf("the state is %s after %v", n.State, n.RequestLog())
	}
}
