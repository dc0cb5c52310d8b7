package sfn_test

import (
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// A heartbeat leaves the task open, and needs one request.
func TestHeartbeat(t *testing.T) {
	s, r, config := start(t, sandbox.MachineExecution{})
	beat := r.Action("signal_sfn_task_heartbeat")
	said, diags := beat.Invoke(acctest.Values{"task_token": config["task_token"]})
	if len(diags) > 0 || s.Accepted(heartbeat) != 1 || len(s.RequestLog()) != 1 || !strings.Contains(strings.Join(said, "\n"), "accepted") {
		t.Errorf("it said %q and %s after %v", said, diags, s.RequestLog())
	}
	if diags := r.Apply(config); diags.HasError() {
		t.Errorf("the answer after it: %s", diags)
	}
	outcome(t, s, r, "SENT", 1)
	_, diags = beat.Invoke(acctest.Values{"task_token": config["task_token"]})
	if said := diags.String(); !strings.Contains(said, "TaskTimedOut") || !strings.Contains(said, "The task is closed") || strings.Contains(said, config["task_token"].(string)) {
		t.Errorf("a heartbeat for a task that is answered said %s", said)
	}
}

// After a lost answer the heartbeat is repeated, and its token is never shown.
func TestHeartbeatIsRepeated(t *testing.T) {
	s, r, config := start(t, sandbox.MachineExecution{})
	token := config["task_token"].(string)
	s.Inject(sandbox.Fault{Operation: heartbeat, Kind: sandbox.KindDropAfter, Times: 1})
	if said, diags := r.Action("signal_sfn_task_heartbeat").Invoke(acctest.Values{"task_token": token}); len(diags) > 0 || s.Accepted(heartbeat) != 2 {
		t.Errorf("it said %q and %s after %v", said, diags, s.RequestLog())
	}
	for name, wrong := range map[string]acctest.Values{
		"too long": {"task_token": strings.Repeat("x", 2049)}, "empty": {"task_token": ""}, "no region": {"task_token": token, "region": "Nowhere!"},
	} {
		if diags := r.Action("signal_sfn_task_heartbeat").Validate(wrong); !diags.HasError() || strings.Contains(diags.String(), "xxx") {
			t.Errorf("%s: %s", name, diags)
		}
	}
	if s.Count(heartbeat) != 2 {
		t.Errorf("%d requests", s.Count(heartbeat))
	}
}
