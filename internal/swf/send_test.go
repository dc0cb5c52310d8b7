package swf_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// start starts a provider and one open workflow execution.
func start(t *testing.T) (*sandbox.Sandbox, *acctest.Resource, string) {
	t.Helper()
	s := acctest.Sandbox(t, sandbox.Options{Domains: []string{"orders"}})
	run := s.StartWorkflow(sandbox.Workflow{Domain: "orders", WorkflowID: "order-1"})
	return s, acctest.StartProvider(t, acctest.Block(s.URL())).Resource("signal_workflow_execution"), run
}

func TestSignalsReachTheHistory(t *testing.T) {
	for name, test := range map[string]struct {
		config acctest.Values
		signal string
		// kept is what the state has of the input.
		kept string
	}{
		"no input":         {signal: "release"},
		"input":            {config: acctest.Values{"input": "é <&>\n"}, signal: "release=é <&>\n", kept: "é <&>\n"},
		"empty input":      {config: acctest.Values{"input": ""}, signal: "release="},
		"write-only":       {config: acctest.Values{"input_wo": "secret", "input_wo_version": 1}, signal: "release=secret"},
		"empty write-only": {config: acctest.Values{"input_wo": ""}, signal: "release="},
	} {
		t.Run(name, func(t *testing.T) {
			s, r, _ := start(t)
			if diags := r.Apply(minimal.With(test.config)); len(diags) > 0 {
				t.Fatal(diags)
			}
			if got := s.Workflows("orders", "order-1")[0].Signals(); !slices.Equal(got, []string{test.signal}) {
				t.Errorf("the history has %q, want %q", got, test.signal)
			}
			if r.String("input") != test.kept || r.String("input_wo") != "" || strings.Contains(r.State.String(), "secret") {
				t.Errorf("the state is %s", r.State)
			}
			if len(s.RequestLog()) != 1 {
				t.Errorf("the request log is %v", s.RequestLog())
			}
		})
	}
}

func TestRuns(t *testing.T) {
	s, r, first := start(t)
	second := s.CloseWorkflow("orders", "order-1", "CONTINUED_AS_NEW")
	if diags := r.Apply(minimal.With(acctest.Values{"run_id": first})); len(diags) != 1 || diags[0].Attribute != "workflow_id" || !strings.Contains(diags.String(), "describe-workflow-execution") {
		t.Errorf("signalling a closed run said %s", diags)
	}
	if diags := r.Apply(minimal); len(diags) > 0 || r.String("run_id") != "" {
		t.Errorf("signalling the open run recorded run %q and said %s", r.String("run_id"), diags)
	}
	if diags := r.Apply(minimal.With(acctest.Values{"run_id": second})); len(diags) > 0 || r.String("run_id") != second {
		t.Errorf("signalling run %s recorded run %q and said %s", second, r.String("run_id"), diags)
	}
	// The run has received its signal. Setting or removing run_id sends nothing.
	if diags := r.Apply(minimal); len(diags) > 0 || r.String("run_id") != second {
		t.Errorf("leaving run_id out recorded run %q and said %s", r.String("run_id"), diags)
	}
	runs := s.Workflows("orders", "order-1")
	if got := len(runs[0].Signals()); got != 0 {
		t.Errorf("the closed run has %d signals", got)
	}
	if got := len(runs[1].Signals()); got != 2 {
		t.Errorf("the open run has %d signals, want 2", got)
	}
}

func TestWriteOnlyInputIsSentAgainByItsVersion(t *testing.T) {
	s, r, _ := start(t)
	for _, step := range []struct {
		input   string
		version any
		signals int
	}{{"a", 1, 1}, {"b", 1, 1}, {"b", 2, 2}, {"c", 2, 2}, {"c", nil, 3}} {
		if diags := r.Apply(minimal.With(acctest.Values{"input_wo": step.input, "input_wo_version": step.version})); len(diags) > 0 {
			t.Fatal(diags)
		}
		if got := s.Workflows("orders", "order-1")[0].Signals(); len(got) != step.signals {
			t.Errorf("with version %v the history has %q, want %d", step.version, got, step.signals)
		}
	}
}

// One error code of the service has three causes, which only the message distinguishes.
func TestUnknownResource(t *testing.T) {
	for name, test := range map[string]struct {
		change acctest.Values
		says   []string
	}{
		"no such domain":    {acctest.Values{"domain": "nowhere"}, []string{"Unknown domain: nowhere", `"aws swf describe-domain --name nowhere --region us-east-1"`}},
		"no such execution": {acctest.Values{"workflow_id": "nobody"}, []string{"Unknown execution", "nobody", "list-open-workflow-executions --domain orders", "list-closed-workflow-executions"}},
		"no such run":       {acctest.Values{"run_id": "none"}, []string{"Unknown execution", "runId=none", `"aws swf describe-workflow-execution --domain orders --execution workflowId=order-1,runId=none --region us-east-1"`}},
		"closed":            {acctest.Values{"workflow_id": "closed"}, []string{"Unknown execution", "not open any more", "list-closed-workflow-executions"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, r, _ := start(t)
			s.StartWorkflow(sandbox.Workflow{Domain: "orders", WorkflowID: "closed"})
			s.CloseWorkflow("orders", "closed", "COMPLETED")
			diags := r.Apply(minimal.With(test.change))
			if len(diags) != 1 || diags[0].Attribute != "workflow_id" {
				t.Fatalf("said %s, want one error on workflow_id", diags)
			}
			for _, part := range append(test.says, "Signal Rejected", "UnknownResourceFault", "three causes", s.RequestLog()[0].RequestID) {
				if !strings.Contains(diags.String(), part) {
					t.Errorf("%q is not in the error:\n%s", part, diags)
				}
			}
		})
	}
}

func TestErrorsOfTheService(t *testing.T) {
	const canary = "canary-4711"
	for code, test := range map[string]struct {
		at, says string
	}{
		"UnknownResourceFault":        {"workflow_id", "three causes"},
		"OperationNotPermittedFault":  {"", "swf:SignalWorkflowExecution"},
		"AccessDeniedException":       {"", "swf:SignalWorkflowExecution"},
		"UnrecognizedClientException": {"", "credentials"},
		"SomethingNewFault":           {"", "SomethingNewFault"},
	} {
		t.Run(code, func(t *testing.T) {
			s, r, _ := start(t)
			s.Inject(sandbox.Fault{Operation: "*", Kind: sandbox.KindRefuse, Status: 400, Code: code, Message: "the service's words"})
			diags := r.Apply(minimal.With(acctest.Values{"input_wo": canary}))
			if len(diags) != 1 || diags[0].Attribute != test.at {
				t.Fatalf("said %s, want one error on %q", diags, test.at)
			}
			sent := s.RequestLog()[0]
			for _, part := range []string{"Signal Rejected", `signal "release"`, "order-1", "orders", "us-east-1", code, "the service's words", sent.RequestID, test.says, "Applying again"} {
				if !strings.Contains(diags.String(), part) {
					t.Errorf("%q is not in the error:\n%s", part, diags)
				}
			}
			if strings.Contains(diags.String(), canary) || !r.State.IsNull() || len(s.RequestLog()) != 1 {
				t.Errorf("recorded %s, said %s", r.State, diags)
			}
		})
	}
}

func TestLostAnswerSaysWhereToLook(t *testing.T) {
	for name, test := range map[string]struct {
		run  bool
		says []string
	}{
		"any run": {says: []string{"runId=RUN_ID", "list-open-workflow-executions --domain orders"}},
		"a run":   {run: true, says: []string{"get-workflow-execution-history --domain orders --execution workflowId=order-1,runId=22"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, r, run := start(t)
			config := minimal.With(acctest.Values{"input": "canary-4711"})
			if test.run {
				config["run_id"] = run
			}
			s.Inject(sandbox.Fault{Operation: "*", Kind: sandbox.KindDropAfter})
			diags := r.Apply(config)
			for _, part := range append(test.says, "WorkflowExecutionSignaled") {
				if !strings.Contains(diags.String(), part) {
					t.Errorf("%q is not in the error:\n%s", part, diags)
				}
			}
			if strings.Contains(diags.String(), "canary") {
				t.Errorf("the input is in the error:\n%s", diags)
			}
		})
	}
}
