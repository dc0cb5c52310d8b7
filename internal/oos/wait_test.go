package oos_test

import (
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

const waitType = "signal_oos_execution_wait"

// A wait sends nothing, with any result.
func TestWaits(t *testing.T) {
	failing := sandbox.OOSTask{Name: "deploy", Seconds: 20, Fail: "the disk is full"}
	giving := of(sandbox.OOSTask{Name: "deploy", Seconds: 90})
	giving.Outputs = `{"version":"1.2.3"}`
	preparing := of(sandbox.OOSTask{Name: "prepare", Seconds: 90}, gate)
	for name, test := range map[string]struct {
		of              sandbox.OOSExecution
		change          acctest.Values
		status, outputs string
		says            string
	}{
		"it ends well":                  {giving, nil, "Success", `{"version":"1.2.3"}`, ""},
		"it ends well, without outputs": {of(deploy), nil, "Success", `{}`, ""},
		"it fails":                      {of(failing), nil, "Failed", `{}`, "the disk is full"},
		"it comes to a gate":            {preparing, acctest.Values{"until": "ready"}, "Waiting", "", ""},
		"it never comes to a gate":      {of(deploy), acctest.Values{"until": "ready"}, "Success", "", "does not become ready any more"},
		"it waits for somebody":         {of(gate), acctest.Values{"timeouts": acctest.Values{"create": "1s"}}, "Waiting", "", "its last status was Waiting"},
		"it is not there":               {of(gate), acctest.Values{"execution_id": "exec-none"}, "", "", "region and account"},
	} {
		t.Run(name, func(t *testing.T) {
			s, signals := timed(t, sandbox.Options{}, test.of)
			r := signals.Resource(waitType)
			says(t, r.Apply(acctest.Values{"execution_id": "exec-1"}.With(test.change)), test.says != "", test.says)
			if r.String("target_status") != test.status || r.String("outputs") != test.outputs || s.Count(notify) > 0 || s.Count(listTasks) > 0 {
				t.Errorf("the state is %s after %v", r.State, s.RequestLog())
			}
		})
	}
}
