package swf_test

import (
	"strings"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/provider"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// A destroy whose look for an earlier destroy's signal is cut off by its timeout
// sends nothing, and keeps what is known of the earlier one.
func TestLookCutOffSendsNothing(t *testing.T) {
	s := acctest.Sandbox(t, sandbox.Options{})
	p := acctest.StartProvider(t, acctest.Block(s.URL()))
	s.StartWorkflow(sandbox.Workflow{WorkflowID: "order-1"})
	r := p.Resource("signal_workflow_execution")
	r.Apply(acctest.Values{
		"domain": "sandbox", "workflow_id": "order-1", "signal_name": "stop", "when": "destroy",
		"timeouts": acctest.Values{"delete": "500ms"},
	})
	s.Inject(sandbox.Fault{Operation: "SignalWorkflowExecution", Kind: sandbox.KindStall})
	if said := r.Destroy(); !strings.Contains(said.String(), "Unknown") {
		t.Fatalf("want an unknown outcome, got: %s", said)
	}
	s.ClearFaults()
	first, sends := r.String("sent_at"), s.Count("SignalWorkflowExecution")

	patient := acctest.Quick
	patient.Settle = time.Hour
	said := r.On(acctest.StartProvider(t, acctest.Block(s.URL()), provider.WithPolicy(patient))).Destroy()
	if !said.HasError() || strings.Contains(said.String(), "was not taken") {
		t.Errorf("want an error that leaves open whether the signal was taken, got: %s", said)
	}
	if found := s.Count("SignalWorkflowExecution"); found != sends {
		t.Errorf("%d requests were made with the signal, want the %d of the first destroy", found, sends)
	}
	if r.String("delivery") != "UNKNOWN" || r.String("sent_at") != first {
		t.Errorf("recorded are %s and %s, want UNKNOWN and %s", r.String("delivery"), r.String("sent_at"), first)
	}
}
