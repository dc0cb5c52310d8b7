package sfn_test

import (
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// A wait sends nothing, and has the output of an execution that has succeeded.
func TestWaits(t *testing.T) {
	giving := sandbox.MachineState{Seconds: 40, Output: `{"version": "1.2.3", "hosts": ["a", "b"]}`}
	for name, test := range map[string]struct {
		of              sandbox.MachineExecution
		change          acctest.Values
		status, outputs string
		says            string
	}{
		"it ends well":                 {sandbox.MachineExecution{States: []sandbox.MachineState{giving}}, nil, "SUCCEEDED", giving.Output, ""},
		"it ends well, without output": {sandbox.MachineExecution{States: []sandbox.MachineState{{Seconds: 40}}}, nil, "SUCCEEDED", "{}", ""},
		// Without the key the end is known, and the output is not.
		"it ends well, and is encrypted": {sandbox.MachineExecution{Encrypted: true, States: []sandbox.MachineState{giving}}, nil, "SUCCEEDED", "", ""},
		"it fails":                       {sandbox.MachineExecution{States: []sandbox.MachineState{giving, {Seconds: 20, Fail: "Disk.Full"}}}, nil, "FAILED", "", "Disk.Full"},
		"it runs": {
			sandbox.MachineExecution{States: []sandbox.MachineState{giving, {}}},
			acctest.Values{"timeouts": acctest.Values{"create": "1s"}}, "RUNNING", "", "its last status was RUNNING",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, signal, config := play(t, test.of)
			r := signal.Resource("signal_sfn_task_wait")
			says(t, r.Apply(acctest.Values{"execution_arn": config["execution_arn"]}.With(test.change)), test.says != "", test.says)
			if r.String("target_status") != test.status || r.String("outputs") != test.outputs {
				t.Errorf("the state is %s after %v", r.State, s.RequestLog())
			}
			for _, sends := range []string{"SendTaskSuccess", "SendTaskFailure", "SendTaskHeartbeat"} {
				if s.Count(sends) > 0 {
					t.Errorf("a wait sent something: %v", s.RequestLog())
				}
			}
		})
	}
}

// A redrive reopens an execution that has failed: what one wait has seen is not its end.
func TestRedrivenExecutionIsWaitedFor(t *testing.T) {
	s, r, config := play(t, sandbox.MachineExecution{States: []sandbox.MachineState{{}}})
	says(t, r.Apply(failing(config).With(complete)), false)
	wait := acctest.Values{"execution_arn": config["execution_arn"], "timeouts": acctest.Values{"create": "1s"}}
	says(t, r.Resource("signal_sfn_task_wait").Apply(wait), true, "Target Did Not Succeed", "FAILED")
	if !s.RedriveMachine(config["execution_arn"].(string)) {
		t.Fatal("the execution is not redriven")
	}
	says(t, r.Resource("signal_sfn_task_wait").Apply(wait), true, "Target Still Running", "RUNNING")
	s.AnswerTask(config["task_token"].(string), "{}")
	says(t, r.Resource("signal_sfn_task_wait").Apply(wait), false)
}
