package sfn_test

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

var (
	ready    = acctest.Values{"wait_until_ready": true}
	complete = acctest.Values{"wait_for_completion": true}
)

// play starts one execution on a clock that each read moves on by 15 seconds.
func play(t *testing.T, m sandbox.MachineExecution) (s *sandbox.Sandbox, r *acctest.Resource, config acctest.Values) {
	t.Helper()
	var offset atomic.Int64
	s = acctest.Sandbox(t, sandbox.Options{Now: func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }})
	m.States = slices.Clone(m.States)
	m.States[0].Token = "AQCEAAAAKgAAAAMAAAAAplayed"
	e := s.StartMachine(m)
	s.Hook(describe, func() { offset.Add(int64(15 * time.Second)) }, nil)
	return s, acctest.StartProvider(t, acctest.Block(s.URL())).Resource("signal_sfn_task"),
		acctest.Values{"task_token": m.States[0].Token, "status": "SUCCESS", "output": "{}", "execution_arn": e.ARN}
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

// What an end means depends on the answer.
func TestEveryEnd(t *testing.T) {
	task, slow, broken := sandbox.MachineState{}, sandbox.MachineState{Seconds: 20}, sandbox.MachineState{Seconds: 20, Fail: "Disk.Full"}
	for name, test := range map[string]struct {
		machine  sandbox.MachineExecution
		status   string
		word     string
		succeeds bool
		reason   string
	}{
		"success":                   {sandbox.MachineExecution{States: []sandbox.MachineState{task, slow}}, "SUCCESS", "SUCCEEDED", true, ""},
		"success, and then failure": {sandbox.MachineExecution{States: []sandbox.MachineState{task, broken}}, "SUCCESS", "FAILED", false, "Disk.Full"},
		"success, and then timeout": {sandbox.MachineExecution{States: []sandbox.MachineState{task, {TimeoutSeconds: 20}}}, "SUCCESS", "FAILED", false, "States.Timeout"},
		// It is not documented whether the metadata has the reason.
		"failure without a reason": {sandbox.MachineExecution{States: []sandbox.MachineState{task, broken}, HideFailures: true}, "SUCCESS", "FAILED", false, ""},
		"failure":                  {sandbox.MachineExecution{States: []sandbox.MachineState{task}}, "FAILURE", "FAILED", true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, r, config := play(t, test.machine)
			send := succeed
			if config = config.With(complete); test.status == "FAILURE" {
				config, send = failing(config), fail
			}
			diags := r.Apply(config)
			if test.succeeds {
				says(t, diags, false)
			} else {
				says(t, diags, true, "Target Did Not Succeed", test.word, test.reason)
			}
			if r.String("target_status") != test.word || r.Bool("target_succeeded") != test.succeeds {
				t.Errorf("the state is %s", r.State)
			}
			made(t, s, send, describe)
			// The status is final.
			r.Tainted = false
			for range 2 {
				says(t, r.Refresh(), false)
				says(t, r.Apply(config), false)
			}
			made(t, s)
		})
	}
}

func TestReady(t *testing.T) {
	for name, start := range map[string]int{"running": 0, "not yet": 20} {
		t.Run(name, func(t *testing.T) {
			s, r, config := play(t, sandbox.MachineExecution{States: []sandbox.MachineState{{}}, StartSeconds: start})
			says(t, r.Apply(config.With(ready)), false)
			made(t, s, describe, succeed)
		})
	}
}

func TestNeverSeen(t *testing.T) {
	s, r, config := play(t, sandbox.MachineExecution{States: []sandbox.MachineState{{}}})
	says(t, r.Apply(config.With(ready).With(acctest.Briefly).With(acctest.Values{"execution_arn": arn})), true, "Signal Not Sent", "create timeout", "no such execution")
	if !r.State.IsNull() || s.Count(succeed) != 0 || s.Count(describe) < 2 {
		t.Errorf("recorded %s after %v", r.State, s.RequestLog())
	}
	says(t, r.Apply(config.With(ready).With(acctest.Values{"execution_arn": "deploy"})), true, "Signal Not Sent", "InvalidArn", "ARN of an execution")
}

// An execution that has ended takes no answer.
func TestNotReadyAnyMore(t *testing.T) {
	s, r, config := play(t, sandbox.MachineExecution{States: []sandbox.MachineState{{}}})
	says(t, r.Apply(config), false)
	s.ResetRequestLog()
	says(t, r.Apply(config.With(ready).With(acctest.Values{"triggers": acctest.Values{"again": "1"}})), true, "Signal Not Sent", "SUCCEEDED", "does not become ready")
	made(t, s, describe)
	says(t, r.Apply(config.With(ready).With(acctest.Values{"when": "destroy"})), false)
	says(t, r.Destroy(), false, "Target Is Gone", "sent at destroy")
	made(t, s, describe)
}
