package transfer_test

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

const (
	send     = "SendWorkflowStepState"
	describe = "DescribeExecution"
)

var (
	ready    = acctest.Values{"wait_until_ready": true}
	complete = acctest.Values{"wait_for_completion": true}
)

// play starts one execution on a clock that each read moves on by 15 seconds while it runs.
func play(t *testing.T, w sandbox.FileWorkflow) (s *sandbox.Sandbox, r *acctest.Resource, config acctest.Values, move func(time.Duration)) {
	t.Helper()
	var offset atomic.Int64
	move = func(d time.Duration) { offset.Add(int64(d)) }
	s = acctest.Sandbox(t, sandbox.Options{Now: func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }})
	e := s.StartFileWorkflow(w)
	s.Hook(describe, func() { move(15 * time.Second) }, nil)
	return s, acctest.StartProvider(t, acctest.Block(s.URL())).Resource("signal_workflow_step_state"),
		acctest.Values{"workflow_id": e.WorkflowID, "execution_id": e.ExecutionID, "status": "SUCCESS", "token": e.Token}, move
}

// made checks the operations in the request log, without repeats, and clears it. The tests
// of delivery check how often a wait reads.
func made(t *testing.T, s *sandbox.Sandbox, want ...string) {
	t.Helper()
	var got []string
	for _, entry := range s.RequestLog() {
		got = append(got, entry.Operation)
	}
	if got = slices.Compact(got); !slices.Equal(got, want) {
		t.Errorf("made %q, want %q", got, want)
	}
	s.ResetRequestLog()
}

func says(t *testing.T, diags acctest.Diagnostics, isError bool, parts ...string) {
	t.Helper()
	if diags.HasError() != isError {
		t.Errorf("an error: %t, want %t: %s", diags.HasError(), isError, diags)
	}
	for _, part := range parts {
		if !strings.Contains(diags.String(), part) {
			t.Errorf("%q is not in what was said:\n%s", part, diags)
		}
	}
}

func status(t *testing.T, r *acctest.Resource, word string, succeeded any) {
	t.Helper()
	if r.String("target_status") != word || r.Bool("target_succeeded") != succeeded {
		t.Errorf("the state is %s, want %s and %v", r.State, word, succeeded)
	}
}

// What an end means depends on the callback.
func TestEveryEnd(t *testing.T) {
	custom, slow := sandbox.FileStep{}, sandbox.FileStep{Type: "COPY", Seconds: 20}
	for name, test := range map[string]struct {
		workflow sandbox.FileWorkflow
		status   string
		word     string
		// succeeded is nil if nothing tells.
		succeeded any
	}{
		"success, gone": {sandbox.FileWorkflow{Steps: []sandbox.FileStep{custom, slow}}, "SUCCESS", "ENDED", nil},
		"success, seen": {sandbox.FileWorkflow{Steps: []sandbox.FileStep{custom, slow}, LingerSeconds: 600}, "SUCCESS", "COMPLETED", true},
		"success, and a later step fails": {sandbox.FileWorkflow{Steps: []sandbox.FileStep{custom, {TimeoutSeconds: 20}}, LingerSeconds: 600},
			"SUCCESS", "EXCEPTION", false},
		"success, and a later failure is handled": {sandbox.FileWorkflow{Steps: []sandbox.FileStep{custom, {TimeoutSeconds: 20}}, OnExceptionSteps: []sandbox.FileStep{slow}},
			"SUCCESS", "HANDLING_EXCEPTION", false},
		// It has failed and disappeared between two reads, which nothing shows.
		"success, and a later failure goes unseen": {sandbox.FileWorkflow{Steps: []sandbox.FileStep{custom, {TimeoutSeconds: 20}}}, "SUCCESS", "ENDED", nil},
		"failure, gone": {sandbox.FileWorkflow{Steps: []sandbox.FileStep{custom}}, "FAILURE", "ENDED", true},
		"failure, seen": {sandbox.FileWorkflow{Steps: []sandbox.FileStep{custom}, LingerSeconds: 600}, "FAILURE", "EXCEPTION", true},
		"failure, handled": {sandbox.FileWorkflow{Steps: []sandbox.FileStep{custom}, OnExceptionSteps: []sandbox.FileStep{slow}},
			"FAILURE", "ENDED", true},
		"failure, handled and seen": {sandbox.FileWorkflow{Steps: []sandbox.FileStep{custom}, OnExceptionSteps: []sandbox.FileStep{slow}, LingerSeconds: 600},
			"FAILURE", "EXCEPTION", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, r, config, _ := play(t, test.workflow)
			config = config.With(complete).With(acctest.Values{"status": test.status})
			diags := r.Apply(config)
			if test.succeeded != false {
				says(t, diags, false)
			} else {
				says(t, diags, true, "Target Did Not Succeed", test.word, "TIMEOUT: Step timed out")
			}
			status(t, r, test.word, test.succeeded)
			made(t, s, send, describe)
			// It is final, even when the execution is gone since.
			r.Tainted = false
			for range 2 {
				says(t, r.Refresh(), false)
				says(t, r.Apply(config), false)
			}
			status(t, r, test.word, test.succeeded)
			made(t, s)
		})
	}
}

// After FAILURE the wait includes the handling of the exception.
func TestHandlingAfterFailureIsNotFinal(t *testing.T) {
	for _, how := range []string{"error", "record"} {
		t.Run(how, func(t *testing.T) {
			s, r, config, move := play(t, sandbox.FileWorkflow{Steps: []sandbox.FileStep{{}}, OnExceptionSteps: []sandbox.FileStep{{Type: "COPY", Seconds: 20}}})
			s.Hook(describe, nil, nil)
			config = config.With(complete).With(acctest.Briefly).With(acctest.Values{"status": "FAILURE", "on_wait_failure": how})
			says(t, r.Apply(config), how == "error", "Target Still Running", "HANDLING_EXCEPTION")
			status(t, r, "HANDLING_EXCEPTION", false)
			r.Tainted = false
			move(time.Minute)
			says(t, r.Apply(config), false)
			status(t, r, "ENDED", true)
			if s.Count(send) != 1 {
				t.Errorf("the request log is %v", s.RequestLog())
			}
		})
	}
}

func TestReady(t *testing.T) {
	custom := sandbox.FileStep{}
	for name, test := range map[string]struct {
		workflow sandbox.FileWorkflow
		want     []string
	}{
		"in progress": {sandbox.FileWorkflow{Steps: []sandbox.FileStep{custom}}, []string{describe, send}},
		"not yet":     {sandbox.FileWorkflow{Steps: []sandbox.FileStep{custom}, StartSeconds: 20}, []string{describe, send}},
	} {
		t.Run(name, func(t *testing.T) {
			s, r, config, _ := play(t, test.workflow)
			says(t, r.Apply(config.With(ready)), false)
			made(t, s, test.want...)
			if r.String("target_status") != "" {
				t.Errorf("recorded %s, which nobody waits for", r.State)
			}
		})
	}
}

// A step for exceptions may wait for a callback, too.
func TestReadyWhileHandlingAnException(t *testing.T) {
	s, r, config, _ := play(t, sandbox.FileWorkflow{Steps: []sandbox.FileStep{{}}, OnExceptionSteps: []sandbox.FileStep{{}}})
	says(t, r.Apply(config.With(acctest.Values{"status": "FAILURE"})), false)
	s.ResetRequestLog()
	says(t, r.Apply(config.With(ready).With(complete).With(acctest.Values{"token": state(t, s, config).Token})), false)
	status(t, r, "ENDED", nil)
	made(t, s, describe, send, describe)
}

// A wrong id and an execution that has ended cannot be told apart.
func TestNeverSeen(t *testing.T) {
	s, r, config, _ := play(t, sandbox.FileWorkflow{Steps: []sandbox.FileStep{{}}})
	config = config.With(ready).With(acctest.Briefly).With(acctest.Values{"execution_id": execution})
	says(t, r.Apply(config), true, "Signal Not Sent", "create timeout of 3s", "wrong id", "has ended", "list-executions --workflow-id", "CloudWatch")
	if !r.State.IsNull() || s.Count(send) != 0 || s.Count(describe) < 2 {
		t.Errorf("recorded %s after %v", r.State, s.RequestLog())
	}
}

// An execution that is shown, and has ended, takes no callback.
func TestNotReadyAnyMore(t *testing.T) {
	s, r, config, _ := play(t, sandbox.FileWorkflow{Steps: []sandbox.FileStep{{}}, LingerSeconds: 600})
	says(t, r.Apply(config), false)
	s.ResetRequestLog()
	again := acctest.Values{"triggers": acctest.Values{"again": "1"}}
	says(t, r.Apply(config.With(ready).With(again)), true, "Signal Not Sent", "COMPLETED", "does not become ready")
	made(t, s, describe)
	says(t, r.Apply(config.With(ready).With(acctest.Values{"when": "destroy"})), false)
	says(t, r.Destroy(), false, "Target Is Gone", "sent at destroy")
	if !r.State.IsNull() {
		t.Errorf("the state is %s", r.State)
	}
	made(t, s, describe)
}

// A wait that is replaced does not know that the execution was seen, so it does not see its
// end. The error of the first wait says so, and an untaint sees it.
func TestReplacedWaitForgetsThatItSaw(t *testing.T) {
	const untaint = "terraform untaint"
	s, signal, config, _ := play(t, sandbox.FileWorkflow{Steps: []sandbox.FileStep{{}}})
	wait := acctest.Values{"workflow_id": config["workflow_id"], "execution_id": config["execution_id"]}
	first, second := signal.Resource("signal_workflow_step_state_wait"), signal.Resource("signal_workflow_step_state_wait")
	wait = wait.With(acctest.Values{"timeouts": acctest.Values{"create": "3s", "update": "3s"}})
	says(t, first.Apply(wait), true, "Target Still Running", "IN_PROGRESS", untaint, "does not know that this execution was seen")
	says(t, signal.Apply(config), false)
	diags := second.Apply(wait)
	says(t, diags, true, "Target Not Seen")
	if strings.Contains(diags.String(), untaint) {
		t.Errorf("an untaint does not help, and it said %s", diags)
	}
	first.Tainted = false // terraform untaint
	says(t, first.Apply(wait), false)
	status(t, first, "ENDED", nil)
	if s.Count(send) != 1 {
		t.Errorf("the request log is %v", s.RequestLog())
	}
}
