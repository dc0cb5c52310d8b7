package transfer_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/provider"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// start starts a provider and one execution, and returns the arguments that answer its
// first callback.
func start(t *testing.T, w sandbox.FileWorkflow) (*sandbox.Sandbox, *acctest.Resource, acctest.Values) {
	t.Helper()
	s := acctest.Sandbox(t, sandbox.Options{})
	if w.Steps == nil {
		w.Steps = []sandbox.FileStep{{}}
	}
	e := s.StartFileWorkflow(w)
	return s, acctest.StartProvider(t, acctest.Block(s.URL())).Resource("signal_workflow_step_state"),
		acctest.Values{"workflow_id": e.WorkflowID, "execution_id": e.ExecutionID, "status": "SUCCESS", "token": e.Token}
}

func state(t *testing.T, s *sandbox.Sandbox, config acctest.Values) sandbox.FileWorkflowState {
	t.Helper()
	e, ok := s.FileWorkflow(config["execution_id"].(string))
	if !ok {
		t.Fatalf("there is no execution %s", config["execution_id"])
	}
	return e
}

func TestCallbacksMoveExecutions(t *testing.T) {
	for name, test := range map[string]struct {
		workflow sandbox.FileWorkflow
		status   string
		ends     string
	}{
		"success":                {sandbox.FileWorkflow{}, "SUCCESS", "COMPLETED"},
		"failure":                {sandbox.FileWorkflow{}, "FAILURE", "EXCEPTION"},
		"answered without a {}":  {sandbox.FileWorkflow{EmptyAnswer: true}, "SUCCESS", "COMPLETED"},
		"failure that is caught": {sandbox.FileWorkflow{OnExceptionSteps: []sandbox.FileStep{{}}}, "FAILURE", "HANDLING_EXCEPTION"},
	} {
		t.Run(name, func(t *testing.T) {
			s, r, config := start(t, test.workflow)
			if diags := r.Apply(config.With(acctest.Values{"status": test.status})); len(diags) > 0 {
				t.Fatal(diags)
			}
			if e := state(t, s, config); e.Status != test.ends || len(e.Callbacks) != 1 || e.Callbacks[0].Status != test.status {
				t.Errorf("the execution is %+v, want %s", e, test.ends)
			}
			if len(s.RequestLog()) != 1 || r.String("delivery") != "SENT" || r.String("request_id") == "" {
				t.Errorf("the state is %s, the request log %v", r.State, s.RequestLog())
			}
		})
	}
}

func TestWriteOnlyToken(t *testing.T) {
	s, r, config := start(t, sandbox.FileWorkflow{Steps: []sandbox.FileStep{{Token: "canary_1"}, {Token: "canary_2"}, {}}})
	for i, step := range []struct {
		token     string
		version   any
		callbacks int
	}{{"canary_1", 1, 1}, {"canary_2", 1, 1}, {"canary_2", 2, 2}} {
		plan, diags := r.Plan(config.With(acctest.Values{"token": nil, "token_wo": step.token, "token_wo_version": step.version}))
		if len(diags) > 0 || strings.Contains(plan.Planned.String(), "canary") {
			t.Fatalf("planned %s and said %s", plan.Planned, diags)
		}
		if diags := r.Apply(config.With(acctest.Values{"token": nil, "token_wo": step.token, "token_wo_version": step.version})); len(diags) > 0 {
			t.Fatal(diags)
		}
		if strings.Contains(r.State.String(), "canary") {
			t.Errorf("the token is in the state %s", r.State)
		}
		if got := len(state(t, s, config).Callbacks); got != step.callbacks {
			t.Errorf("after step %d there are %d callbacks, want %d", i, got, step.callbacks)
		}
	}
}

// The answer to a used token is not documented. The error explains each possible one.
func TestUsedToken(t *testing.T) {
	for how, at := range map[sandbox.TokenAnswer]string{sandbox.TokenInvalid: "", sandbox.TokenNotFound: "execution_id", sandbox.TokenAccepted: "none"} {
		t.Run(string(how), func(t *testing.T) {
			s, r, config := start(t, sandbox.FileWorkflow{UsedToken: how, Steps: []sandbox.FileStep{{}, {}}})
			if diags := r.Apply(config); len(diags) > 0 {
				t.Fatal(diags)
			}
			diags := r.Apply(config.With(acctest.Values{"triggers": acctest.Values{"again": "1"}}))
			if s.Count("SendWorkflowStepState") != 2 {
				t.Errorf("the request log is %v", s.RequestLog())
			}
			if at == "none" {
				if len(diags) > 0 || r.String("delivery") != "SENT" {
					t.Errorf("said %s", diags)
				}
				return
			}
			if len(diags) != 1 || diags[0].Attribute != at || !strings.Contains(diags.String(), "Check") || strings.Contains(diags.String(), config["token"].(string)) {
				t.Errorf("said %s, want one error on %q", diags, at)
			}
		})
	}
}

func TestMissingExecutionSaysHowToTell(t *testing.T) {
	for name, change := range map[string]acctest.Values{
		"wrong execution": {"execution_id": execution},
		"wrong workflow":  {"workflow_id": workflow},
		"ended":           {},
	} {
		t.Run(name, func(t *testing.T) {
			s, r, config := start(t, sandbox.FileWorkflow{})
			if name == "ended" {
				if diags := r.Apply(config); len(diags) > 0 {
					t.Fatal(diags)
				}
				change = acctest.Values{"triggers": acctest.Values{"again": "1"}}
			}
			config = config.With(change)
			diags := r.Apply(config)
			if len(diags) != 1 || diags[0].Attribute != "execution_id" {
				t.Fatalf("said %s, want one error on execution_id", diags)
			}
			for _, part := range []string{
				"Signal Rejected", "ResourceNotFoundException", "wrong id", "has ended",
				fmt.Sprintf(`"aws transfer describe-workflow --workflow-id %s --region us-east-1"`, config["workflow_id"]),
				fmt.Sprintf(`"aws transfer list-executions --workflow-id %s --region us-east-1"`, config["workflow_id"]),
				"CloudWatch",
			} {
				if !strings.Contains(diags.String(), part) {
					t.Errorf("%q is not in the error:\n%s", part, diags)
				}
			}
			if made := s.RequestLog(); made[len(made)-1].Code != "ResourceNotFoundException" {
				t.Errorf("the request log is %v", made)
			}
		})
	}
}

func TestErrorsOfTheService(t *testing.T) {
	const canary = "canary_4711"
	for code, test := range map[string]struct {
		status   int
		at, says string
	}{
		"AccessDeniedException":       {400, "", "transfer:SendWorkflowStepState"},
		"InvalidRequestException":     {400, "", "same callback"},
		"ResourceNotFoundException":   {400, "execution_id", "has ended"},
		"UnrecognizedClientException": {400, "", "credentials"},
		"SomethingNewException":       {400, "", "SomethingNewException"},
		"InternalServiceError":        {500, "", "describe-execution"},
		"ServiceUnavailableException": {503, "", "describe-execution"},
	} {
		t.Run(code, func(t *testing.T) {
			s, r, config := start(t, sandbox.FileWorkflow{Steps: []sandbox.FileStep{{Token: canary}}})
			s.Inject(sandbox.Fault{Operation: "*", Kind: sandbox.KindRefuse, Status: test.status, Code: code, Message: "the service's words"})
			diags := r.Apply(config)
			if len(diags) != 1 || diags[0].Attribute != test.at {
				t.Fatalf("said %s, want one error on %q", diags, test.at)
			}
			for _, part := range []string{
				"SUCCESS", config["workflow_id"].(string), config["execution_id"].(string), "us-east-1",
				code, "the service's words", s.RequestLog()[0].RequestID, test.says,
			} {
				if !strings.Contains(diags.String(), part) {
					t.Errorf("%q is not in the error:\n%s", part, diags)
				}
			}
			if strings.Contains(diags.String(), canary) || len(s.RequestLog()) != 1 || r.State.IsNull() != (test.status == 400) {
				t.Errorf("recorded %s, said %s", r.State, diags)
			}
		})
	}
}

func TestThrottledHasWords(t *testing.T) {
	t.Parallel()
	s, _, config := start(t, sandbox.FileWorkflow{})
	s.Inject(sandbox.Fault{Operation: "*", Kind: sandbox.KindThrottle})
	// The timeout must end a pause between two attempts, because an attempt in progress
	// would have an unknown outcome.
	patient := acctest.Quick()
	patient.FirstPause, patient.LongestPause = time.Hour, time.Hour
	r := acctest.StartProvider(t, acctest.Block(s.URL()), provider.WithPolicy(patient)).Resource("signal_workflow_step_state")
	diags := r.Apply(config.With(acctest.Values{"timeouts": acctest.Values{"create": "1s"}}))
	for _, part := range []string{"Signal Not Sent", "ThrottlingException", "denied due to request throttling", "create timeout", "have the limit raised"} {
		if !strings.Contains(diags.String(), part) {
			t.Errorf("%q is not in the error:\n%s", part, diags)
		}
	}
	if strings.Contains(diags.String(), "gave no reason") {
		t.Errorf("the error has two reasons:\n%s", diags)
	}
}

// The service asks for a pause that is longer than the timeout of this test, or that would
// overflow a duration and be negative.
func TestThrottledIsLeftAlone(t *testing.T) {
	t.Parallel()
	for _, seconds := range []string{"3600", "10000000000"} {
		leftAlone(t, seconds)
	}
}

func leftAlone(t *testing.T, seconds string) {
	t.Helper()
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"ThrottlingException","RetryAfterSeconds":"`+seconds+`"}`)
	}))
	defer server.Close()
	r := acctest.StartProvider(t, acctest.Block(server.URL)).Resource("signal_workflow_step_state")
	diags := r.Apply(minimal.With(acctest.Values{"timeouts": acctest.Values{"create": "1s"}}))
	if requests.Load() != 1 || !strings.Contains(diags.String(), "create timeout") {
		t.Errorf("asked to wait %s seconds: %d requests: %s", seconds, requests.Load(), diags)
	}
}
