package temporal_test

import (
	"encoding/json"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

const waitType = "signal_temporal_workflow_wait"

// A wait sends nothing, follows a run that continues as new, and has the result of the
// workflow.
func TestWaits(t *testing.T) {
	for name, test := range map[string]struct {
		closes          string
		result          any
		status, outputs string
		says            string
	}{
		"it returns a value":         {"COMPLETED", map[string]any{"parcel": 17}, "COMPLETED", `[{"parcel":17}]`, ""},
		"it returns a text":          {"COMPLETED", "parcel 17", "COMPLETED", `["parcel 17"]`, ""},
		"it fails":                   {"FAILED", nil, "FAILED", "", "the disk is full"},
		"it is continued as new":     {"CONTINUED_AS_NEW", nil, "RUNNING", "", "its last status was RUNNING"},
		"nobody has signalled it":    {"", nil, "RUNNING", "", "its last status was RUNNING"},
		"it is cancelled, not ended": {"CANCELED", nil, "CANCELED", "", "did not end as wanted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &clock{}
			s := acctest.Sandbox(t, sandbox.Options{Now: c.now})
			s.Hook("Temporal.DescribeWorkflowExecution", c.tick, nil)
			p := acctest.StartProvider(t, acctest.Block(s.URL()))
			id := "w-" + uuid.NewString()
			of, sends := sandbox.TemporalWorkflow{WorkflowID: id, Reason: "the disk is full", Result: test.result}, 0
			if test.closes != "" {
				of.Closes, sends = map[string]string{"go": test.closes}, 1
			}
			run := s.StartTemporalWorkflow(of)
			if test.closes != "" {
				apply(t, p.Resource("signal_temporal_workflow"), acctest.Values{"workflow_id": id, "signal_name": "go"})
			}
			r := p.Resource(waitType)
			config := acctest.Values{"workflow_id": id, "run_id": run}
			if test.status == "RUNNING" {
				config["timeouts"] = acctest.Values{"create": "2s"}
			}
			says(t, r.Apply(config), test.says != "", test.says)
			if r.String("target_status") != test.status || r.String("outputs") != test.outputs || s.Count("Temporal.SignalWorkflowExecution") != sends {
				t.Errorf("the state is %s after %v", r.State, s.RequestLog())
			}
		})
	}
}

// If a run fails and its retry policy starts another one, a wait goes on with that one.
func TestRetriesAreWaitedFor(t *testing.T) {
	for name, test := range map[string]struct {
		attempts int
		then     string
		status   string
		says     string
	}{
		"nobody ends the second attempt":  {2, "", "RUNNING", "its last status was RUNNING"},
		"the second attempt is completed": {2, "COMPLETED", "COMPLETED", ""},
		"the last attempt fails":          {2, "FAILED", "FAILED", "the disk is full"},
		"there is one attempt":            {1, "", "FAILED", "the disk is full"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.Sandbox(t, sandbox.Options{})
			p, id := acctest.StartProvider(t, acctest.Block(s.URL())), "w-"+uuid.NewString()
			run := s.StartTemporalWorkflow(sandbox.TemporalWorkflow{WorkflowID: id, Reason: "the disk is full", Attempts: test.attempts, Closes: map[string]string{"go": "FAILED", "then": test.then}})
			apply(t, p.Resource("signal_temporal_workflow"), acctest.Values{"workflow_id": id, "signal_name": "go"})
			config := acctest.Values{"workflow_id": id, "run_id": run}
			if test.attempts > 1 {
				for currentRun(t, id) == run {
					runtime.Gosched() // Its worker has not ended the first run yet.
				}
			}
			if test.then != "" {
				apply(t, p.Resource("signal_temporal_workflow"), acctest.Values{"workflow_id": id, "signal_name": "then"})
			}
			if test.status == "RUNNING" {
				config["timeouts"] = acctest.Values{"create": "2s"}
			}
			r := p.Resource(waitType)
			says(t, r.Apply(config), test.says != "", test.says)
			if r.String("target_status") != test.status {
				t.Errorf("the state is %s after %v", r.State, s.RequestLog())
			}
		})
	}
}

// currentRun returns the id of the workflow's current run, from the server.
func currentRun(t *testing.T, id string) string {
	t.Helper()
	server, err := acctest.TemporalURL()
	must(t, err)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get(server + "/api/v1/namespaces/default/workflows/" + id)
	must(t, err)
	defer func() { must(t, answer.Body.Close()) }()
	var said struct {
		Info struct {
			Execution struct {
				RunID string `json:"runId"`
			} `json:"execution"`
		} `json:"workflowExecutionInfo"`
	}
	must(t, json.NewDecoder(answer.Body).Decode(&said))
	return said.Info.Execution.RunID
}

// Another run of the same workflow id is another target: the end of the one before is not its end.
func TestNextRunIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := acctest.Sandbox(t, sandbox.Options{})
	p := acctest.StartProvider(t, acctest.Block(s.URL()))
	id := "w-" + uuid.NewString()
	s.StartTemporalWorkflow(sandbox.TemporalWorkflow{WorkflowID: id, Closes: map[string]string{"go": "COMPLETED"}})
	apply(t, p.Resource("signal_temporal_workflow"), acctest.Values{"workflow_id": id, "signal_name": "go"})
	config := acctest.Values{"workflow_id": id, "timeouts": acctest.Values{"create": "2s"}}
	apply(t, p.Resource(waitType), config)
	run := s.StartTemporalWorkflow(sandbox.TemporalWorkflow{WorkflowID: id})
	next := p.Resource(waitType)
	says(t, next.Apply(config), true, "Target Still Running", "RUNNING")
	if next.String("run_id") != run {
		t.Errorf("the state is %s, and run %s is current", next.State, run)
	}
}

// A wait may find its run after the plan: after an import by the workflow id alone, or if
// the workflow starts after a wait that has seen nothing. The id of the wait follows.
func TestRunThatIsFoundLate(t *testing.T) {
	t.Parallel()
	for name, known := range map[string]func(t *testing.T, s *sandbox.Sandbox, r *acctest.Resource, config acctest.Values, start func() string) (run string){
		"in an import": func(t *testing.T, _ *sandbox.Sandbox, r *acctest.Resource, config acctest.Values, start func() string) string {
			run := start()
			says(t, r.Import("default/"+config["workflow_id"].(string)), false)
			return run
		},
		"after an import that could not read it": func(t *testing.T, s *sandbox.Sandbox, r *acctest.Resource, config acctest.Values, start func() string) string {
			s.Inject(sandbox.Fault{Operation: "Temporal.DescribeWorkflowExecution", Kind: sandbox.KindRefuse})
			says(t, r.Import("default/"+config["workflow_id"].(string)), false, "PERMISSION_DENIED")
			s.ClearFaults()
			return start()
		},
		"after a wait that saw nothing": func(t *testing.T, _ *sandbox.Sandbox, r *acctest.Resource, config acctest.Values, start func() string) string {
			says(t, r.Apply(config), false, "Target Not Seen")
			if id := "default/" + config["workflow_id"].(string); r.String("id") != id || r.String("run_id") != "" {
				t.Errorf("nothing was seen, and the state is %s", r.State)
			}
			return start()
		},
		"in a refresh": func(t *testing.T, _ *sandbox.Sandbox, r *acctest.Resource, config acctest.Values, start func() string) string {
			says(t, r.Apply(config), false, "Target Not Seen")
			run := start()
			says(t, r.Refresh(), false)
			if !strings.HasSuffix(r.String("id"), "/"+run) {
				t.Errorf("run %s was read, and the state is %s", run, r.State)
			}
			return run
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.Sandbox(t, sandbox.Options{})
			r, id := acctest.StartProvider(t, acctest.Block(s.URL())).Resource(waitType), "w-"+uuid.NewString()
			config := acctest.Values{"workflow_id": id, "on_wait_failure": "record", "timeouts": acctest.Values{"create": "1s", "update": "1s"}}
			run := known(t, s, r, config, func() string { return s.StartTemporalWorkflow(sandbox.TemporalWorkflow{WorkflowID: id}) })
			says(t, r.Apply(config), false, "Target Still Running", "RUNNING")
			if r.String("run_id") != run || r.String("id") != "default/"+id+"/"+run || s.Count(send) > 0 {
				t.Errorf("run %s goes on, and the state is %s after %v", run, r.State, s.RequestLog())
			}
		})
	}
}
