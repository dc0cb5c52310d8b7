package provider_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// awsRequests are what the AWS command line interface sends, as botocore
// 1.43.11 serializes the operations' API models: apiVersion 2014-11-06 of SSM,
// 2012-01-25 of SWF, 2018-11-05 of Transfer Family.
var awsRequests = map[string]struct {
	resource            string
	arguments           acctest.Values
	target, contentType string
	body                string
}{
	"SSM, minimal": {
		resource:  "signal_automation",
		arguments: acctest.Values{"automation_execution_id": "11111111-1111-1111-1111-111111111111", "signal_type": "Approve"},
		target:    "AmazonSSM.SendAutomationSignal", contentType: "application/x-amz-json-1.1",
		body: `{"AutomationExecutionId": "11111111-1111-1111-1111-111111111111", "SignalType": "Approve"}`,
	},
	"SSM, full": {
		resource: "signal_automation",
		arguments: acctest.Values{
			"automation_execution_id": "11111111-1111-1111-1111-111111111111", "signal_type": "Reject", "region": "eu-west-1",
			"payload": acctest.Values{"Comment": []any{"<b>&\u00e9\u2028"}, "None": []any{}},
		},
		target: "AmazonSSM.SendAutomationSignal", contentType: "application/x-amz-json-1.1",
		body: `{"AutomationExecutionId": "11111111-1111-1111-1111-111111111111", "SignalType": "Reject", "Payload": {"Comment": ["<b>&\u00e9\u2028"], "None": []}}`,
	},
	"SWF, minimal": {
		resource:  "signal_workflow_execution",
		arguments: acctest.Values{"domain": "d", "workflow_id": "w", "signal_name": "n"},
		target:    "SimpleWorkflowService.SignalWorkflowExecution", contentType: "application/x-amz-json-1.0",
		body: `{"domain": "d", "workflowId": "w", "signalName": "n"}`,
	},
	"SWF, full": {
		resource: "signal_workflow_execution",
		arguments: acctest.Values{
			"domain": "d", "workflow_id": "w", "signal_name": "n", "region": "eu-west-1",
			"run_id": "22mZ/+=", "input": "{\"x\": \"<\u00e9>\"}\n",
		},
		target: "SimpleWorkflowService.SignalWorkflowExecution", contentType: "application/x-amz-json-1.0",
		body: `{"domain": "d", "workflowId": "w", "runId": "22mZ/+=", "signalName": "n", "input": "{\"x\": \"<\u00e9>\"}\n"}`,
	},
	"SWF, write-only and empty": {
		resource:  "signal_workflow_execution",
		arguments: acctest.Values{"domain": "d", "workflow_id": "w", "signal_name": "n", "input_wo": "", "input_wo_version": 1},
		target:    "SimpleWorkflowService.SignalWorkflowExecution", contentType: "application/x-amz-json-1.0",
		body: `{"domain": "d", "workflowId": "w", "signalName": "n", "input": ""}`,
	},
	"Transfer, minimal": {
		resource: "signal_workflow_step_state",
		arguments: acctest.Values{
			"workflow_id": "w-0123456789abcdef0", "execution_id": "11111111-1111-1111-1111-111111111111", "status": "SUCCESS", "token": "t",
		},
		target: "TransferService.SendWorkflowStepState", contentType: "application/x-amz-json-1.1",
		body: `{"WorkflowId": "w-0123456789abcdef0", "ExecutionId": "11111111-1111-1111-1111-111111111111", "Token": "t", "Status": "SUCCESS"}`,
	},
	"Transfer, full": {
		resource: "signal_workflow_step_state",
		arguments: acctest.Values{
			"workflow_id": "w-0123456789abcdef0", "execution_id": "11111111-1111-1111-1111-111111111111", "status": "FAILURE",
			"token_wo": "t_2", "token_wo_version": 1, "region": "eu-west-1",
		},
		target: "TransferService.SendWorkflowStepState", contentType: "application/x-amz-json-1.1",
		body: `{"WorkflowId": "w-0123456789abcdef0", "ExecutionId": "11111111-1111-1111-1111-111111111111", "Token": "t_2", "Status": "FAILURE"}`,
	},
}

// Whether there is such a target is of no matter here: the request is in the request log either way.
func TestAWSRequestsAreThoseOfTheCommandLine(t *testing.T) {
	for name, test := range awsRequests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.Sandbox(t, sandbox.Options{})
			r := acctest.StartProvider(t, acctest.Block(s.URL())).Resource(test.resource)
			diags := r.Apply(test.arguments)
			made := s.RequestLog()
			if len(made) != 1 {
				t.Fatalf("made %d requests: %s", len(made), diags)
			}
			sent := made[0]
			if sent.Method != "POST" || sent.Path != "/" || sent.Query != "" {
				t.Errorf("sent %s %s?%s", sent.Method, sent.Path, sent.Query)
			}
			for header, want := range map[string]string{"X-Amz-Target": test.target, "Content-Type": test.contentType} {
				if got := sent.Header.Values(header); len(got) != 1 || got[0] != want {
					t.Errorf("%s is %q, want %q", header, got, want)
				}
			}
			var got, want map[string]any
			if err := json.Unmarshal([]byte(test.body), &want); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(sent.Body), &got); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("sent %s (%v), want %s", sent.Body, err, test.body)
			}
			if region, ok := test.arguments["region"]; ok && sent.Region != region {
				t.Errorf("sent to %s, want %s", sent.Region, region)
			}
		})
	}
}
