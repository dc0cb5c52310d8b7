package ssm_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// start starts a provider and one execution.
func start(t *testing.T, automation sandbox.Automation) (*sandbox.Sandbox, *acctest.Resource, string) {
	t.Helper()
	s := acctest.Sandbox(t, sandbox.Options{})
	id := s.StartAutomation(automation)
	return s, acctest.StartProvider(t, acctest.Block(s.URL())).Resource("signal_automation"), id
}

func status(t *testing.T, s *sandbox.Sandbox, id string) string {
	t.Helper()
	execution, ok := s.Automation(id)
	if !ok {
		t.Fatalf("there is no execution %s", id)
	}
	return execution.AutomationExecutionStatus
}

func TestSignalsMoveExecutions(t *testing.T) {
	approve := []sandbox.Step{{Name: "gate", Action: "aws:approve"}, {Name: "deploy", Action: "aws:executeScript"}}
	for signalType, test := range map[string]struct {
		automation sandbox.Automation
		payload    func(sandbox.AutomationState) any
		status     string
	}{
		"Approve": {automation: sandbox.Automation{Steps: approve}, status: "Success"},
		"Reject":  {automation: sandbox.Automation{Steps: approve}, status: "Rejected"},
		"Revoke":  {automation: sandbox.Automation{Steps: approve}, status: "Rejected"},
		"Resume": {
			automation: sandbox.Automation{Steps: []sandbox.Step{{Name: "pause", Action: "aws:pause"}}},
			payload:    func(sandbox.AutomationState) any { return acctest.Values{"StepName": []any{"pause"}} },
			status:     "Success",
		},
		"StartStep": {
			automation: sandbox.Automation{Mode: "Interactive", Steps: []sandbox.Step{{Name: "only", Action: "aws:executeScript"}}},
			payload:    func(sandbox.AutomationState) any { return acctest.Values{"StepName": []any{"only"}} },
			status:     "Success",
		},
		"StopStep": {
			automation: sandbox.Automation{Steps: []sandbox.Step{{Name: "long", Action: "aws:executeScript", Hold: true}}},
			payload: func(e sandbox.AutomationState) any {
				return acctest.Values{"StepExecutionId": []any{e.StepExecutions[0].StepExecutionID}}
			},
			status: "Cancelled",
		},
	} {
		t.Run(signalType, func(t *testing.T) {
			s, r, id := start(t, test.automation)
			config := acctest.Values{"automation_execution_id": id, "signal_type": signalType}
			if test.payload != nil {
				execution, _ := s.Automation(id)
				config["payload"] = test.payload(execution)
			}
			if diags := r.Apply(config); len(diags) > 0 {
				t.Fatal(diags)
			}
			if got := status(t, s, id); got != test.status {
				t.Errorf("the execution is %s, want %s", got, test.status)
			}
			if s.Accepted("SendAutomationSignal") != 1 || len(s.RequestLog()) != 1 {
				t.Errorf("the request log is %v", s.RequestLog())
			}
		})
	}
}

// The request is that of the API reference, and has only what the user has set.
func TestRequest(t *testing.T) {
	for name, test := range map[string]struct {
		config acctest.Values
		body   map[string]any
	}{
		"without payload": {
			config: acctest.Values{"signal_type": "Approve"},
			body:   map[string]any{"SignalType": "Approve"},
		},
		"with payload": {
			config: acctest.Values{"signal_type": "Reject", "payload": acctest.Values{"Comment": []any{"No <b>&", "日本"}, "Empty": []any{}}},
			body:   map[string]any{"SignalType": "Reject", "Payload": map[string]any{"Comment": []any{"No <b>&", "日本"}, "Empty": []any{}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, r, id := start(t, sandbox.Automation{Steps: []sandbox.Step{{Name: "gate", Action: "aws:approve"}}})
			if diags := r.Apply(test.config.With(acctest.Values{"automation_execution_id": id, "region": "eu-west-1"})); len(diags) > 0 {
				t.Fatal(diags)
			}
			sent := s.RequestLog()[0]
			if got := sent.Method + " " + sent.Path + "?" + sent.Query; got != "POST /?" {
				t.Errorf("sent %s", got)
			}
			for header, want := range map[string]string{
				"X-Amz-Target": "AmazonSSM.SendAutomationSignal",
				"Content-Type": "application/x-amz-json-1.1",
			} {
				if got := sent.Header.Get(header); got != want {
					t.Errorf("%s is %q, want %q", header, got, want)
				}
			}
			if sent.Region != "eu-west-1" || r.String("region") != "eu-west-1" {
				t.Errorf("sent to %s, recorded %s", sent.Region, r.String("region"))
			}
			if !strings.Contains(sent.Header.Get("User-Agent"), "terraform-provider-signal/test") {
				t.Errorf("the user agent is %q", sent.Header.Get("User-Agent"))
			}
			test.body["AutomationExecutionId"] = id
			var body map[string]any
			if err := json.Unmarshal([]byte(sent.Body), &body); err != nil || !reflect.DeepEqual(body, test.body) {
				t.Errorf("sent %s (%v), want %v", sent.Body, err, test.body)
			}
		})
	}
}

func TestErrorsOfTheService(t *testing.T) {
	for code, test := range map[string]struct {
		at, says string
	}{
		"AutomationExecutionNotFoundException": {"automation_execution_id", "region and account"},
		"AutomationStepNotFoundException":      {"payload", "step name"},
		"InvalidAutomationSignalException":     {"signal_type", "cannot take this signal now"},
		"AccessDeniedException":                {"", "ssm:SendAutomationSignal"},
		"ExpiredTokenException":                {"", "renew"},
		"UnrecognizedClientException":          {"", "credentials"},
		"InvalidSignatureException":            {"", "clock"},
		"UnknownOperationException":            {"", "endpoint"},
		"SomethingNewException":                {"", "SomethingNewException"},
	} {
		t.Run(code, func(t *testing.T) {
			s, r, id := start(t, sandbox.Automation{Steps: []sandbox.Step{{Name: "gate", Action: "aws:approve"}}})
			s.Inject(sandbox.Fault{Operation: "*", Kind: sandbox.KindRefuse, Status: 400, Code: code, Message: "the service's words"})
			diags := r.Apply(acctest.Values{"automation_execution_id": id, "signal_type": "Approve"})
			if len(diags) != 1 || diags[0].Attribute != test.at {
				t.Fatalf("said %s, want one error on %q", diags, test.at)
			}
			sent := s.RequestLog()[0]
			for _, part := range []string{"Signal Rejected", "Approve", id, "us-east-1", code, "the service's words", sent.RequestID, test.says, "Applying again"} {
				if !strings.Contains(diags.String(), part) {
					t.Errorf("%q is not in the error:\n%s", part, diags)
				}
			}
			if len(s.RequestLog()) != 1 || !r.State.IsNull() {
				t.Errorf("recorded %s after %v", r.State, s.RequestLog())
			}
		})
	}
}

// Not every answer with 200 comes from the service.
func TestWhoseAnswerItIs(t *testing.T) {
	for name, test := range map[string]struct {
		status                int
		contentType, id, body string
		delivery              string
	}{
		"as documented":           {status: 200, contentType: "application/x-amz-json-1.1", id: "r", body: "{}", delivery: "SENT"},
		"empty":                   {status: 200, id: "r", delivery: "SENT"},
		"without an id":           {status: 200, contentType: "application/x-amz-json-1.1", body: "{}", delivery: "SENT"},
		"empty, without an id":    {status: 200, delivery: "SENT"},
		"more than nothing":       {status: 200, contentType: "application/x-amz-json-1.1", id: "r", body: `{"New":1}`, delivery: "SENT"},
		"somebody else's JSON":    {status: 200, contentType: "application/json", body: `{"message":"please log in"}`, delivery: "UNKNOWN"},
		"a web page":              {status: 200, contentType: "text/html", id: "r", body: "<html>", delivery: "UNKNOWN"},
		"an empty web page":       {status: 200, contentType: "text/html", delivery: "UNKNOWN"},
		"accepted for later":      {status: 202, contentType: "application/x-amz-json-1.1", id: "r", body: "{}", delivery: "UNKNOWN"},
		"no content":              {status: 204, id: "r", delivery: "UNKNOWN"},
		"an error without a name": {status: 400, contentType: "application/x-amz-json-1.1", id: "r", body: `{"message":"no"}`, delivery: "UNKNOWN"},
	} {
		t.Run(name, func(t *testing.T) {
			var requests atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("X-Amz-Target") != "AmazonSSM.SendAutomationSignal" {
					http.Error(w, "nothing to read", http.StatusTeapot)
					return
				}
				requests.Add(1)
				w.Header()["Content-Type"] = nil
				if test.contentType != "" {
					w.Header().Set("Content-Type", test.contentType)
				}
				if test.id != "" {
					w.Header().Set("X-Amzn-Requestid", test.id)
				}
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			}))
			defer server.Close()
			r := acctest.StartProvider(t, acctest.Block(server.URL)).Resource("signal_automation")
			diags := r.Apply(acctest.Values{"automation_execution_id": execution, "signal_type": "Approve"})
			if r.String("delivery") != test.delivery || diags.HasError() != (test.delivery != "SENT") || requests.Load() != 1 {
				t.Errorf("delivery is %q after %d requests: %s", r.String("delivery"), requests.Load(), diags)
			}
		})
	}
}
