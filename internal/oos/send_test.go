package oos_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

const (
	notify    = "NotifyExecution"
	listTasks = "ListTaskExecutions"
	listed    = "ListExecutions"
)

var (
	gate   = sandbox.OOSTask{Name: "gate", Action: "ACS::Approve"}
	gates  = sandbox.OOSTask{Name: "gate", Action: "ACS::Approve", Loop: []string{"a", "b", "c"}}
	deploy = sandbox.OOSTask{Name: "deploy", Action: "ACS::ExecuteCommand"}
	hold   = sandbox.OOSTask{Name: "deploy", Action: "ACS::ExecuteCommand", Hold: true}
)

func of(tasks ...sandbox.OOSTask) sandbox.OOSExecution {
	return sandbox.OOSExecution{ID: "exec-1", SecondsAgo: 60, Tasks: tasks}
}

// byTemplate is an execution that is found by its template.
func byTemplate(tasks ...sandbox.OOSTask) sandbox.OOSExecution {
	e := of(tasks...)
	e.ID, e.TemplateName = "", "release"
	return e
}

// start starts a provider and one execution, and returns the arguments that approve it.
func start(t *testing.T, e sandbox.OOSExecution) (*sandbox.Sandbox, *acctest.Resource, acctest.Values) {
	t.Helper()
	s := acctest.SandboxToRefuse(t, sandbox.Options{})
	s.StartOOSExecution(e)
	r := acctest.StartProvider(t, acctest.Block(s.URL())).Resource(signalType)
	if e.TemplateName != "" {
		return s, r, acctest.Values{"template_name": e.TemplateName, "notify_type": "Approve"}
	}
	return s, r, acctest.Values{"execution_id": e.ID, "notify_type": "Approve"}
}

func apply(t *testing.T, r *acctest.Resource, config acctest.Values) {
	t.Helper()
	if diags := r.Apply(config); len(diags) > 0 {
		t.Fatal(diags)
	}
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

// The request has the parameters of the API reference, and no others.
func TestRequest(t *testing.T) {
	made := regexp.MustCompile(`^Terraform [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	for name, given := range map[string]acctest.Values{
		"the least":        {"notify_type": "Approve"},
		"with a note":      {"notify_type": "Reject", "notify_note": "ノート &=+~*", "task_name": "gate", "task_execution_id": "task-1", "loop_item": "a b"},
		"a task to run":    {"notify_type": "ExecuteTask", "task_name": "deploy", "parameters": `{"a": "é"}`},
		"the end of a run": {"notify_type": "CompleteExecution", "execution_status": "Success"},
	} {
		t.Run(name, func(t *testing.T) {
			s, r, config := start(t, of(gate))
			r.Apply(config.With(given).With(acctest.Values{"region": "cn-beijing"}))
			sent := s.RequestLog()[0]
			if sent.Method != "POST" || sent.Path != "/" || sent.Body != "" || sent.Region != "cn-beijing" || sent.Header.Get("X-Acs-Action") != notify || sent.Header.Get("X-Acs-Version") != "2019-06-01" {
				t.Errorf("sent %+v", sent)
			}
			query, err := url.ParseQuery(sent.Query)
			if err != nil {
				t.Fatal(err)
			}
			want := url.Values{"RegionId": {"cn-beijing"}, "ExecutionId": {"exec-1"}, "NotifyType": {given["notify_type"].(string)}, "NotifyNote": {query.Get("NotifyNote")}}
			for argument, parameter := range map[string]string{
				"notify_note": "NotifyNote", "task_name": "TaskName", "task_execution_id": "TaskExecutionId", "loop_item": "LoopItem", "parameters": "Parameters", "execution_status": "ExecutionStatus",
			} {
				if value, has := given[argument].(string); has {
					want.Set(parameter, value)
				}
			}
			if given["notify_note"] == nil && !made.MatchString(want.Get("NotifyNote")) {
				t.Errorf("made the note %q", want.Get("NotifyNote"))
			}
			if query.Encode() != want.Encode() {
				t.Errorf("sent %s, want %s", query.Encode(), want.Encode())
			}
		})
	}
}

// Each signal has a unique note, which all its attempts have.
func TestOneNoteForAllAttempts(t *testing.T) {
	s, r, config := start(t, of(gates))
	s.Inject(sandbox.Fault{Operation: notify, Kind: sandbox.KindThrottle, Times: 1})
	s.Inject(sandbox.Fault{Operation: notify, Kind: sandbox.KindDropBefore, Times: 1})
	apply(t, r, config)
	note := r.String("notify_note")
	for _, sent := range s.RequestLog() {
		if query, _ := url.ParseQuery(sent.Query); sent.Operation == notify && query.Get("NotifyNote") != note {
			t.Errorf("an attempt carried %s, want %q", sent.Query, note)
		}
	}
	if s.Count(notify) != 3 || s.Accepted(notify) != 1 {
		t.Errorf("the request log is %v", s.RequestLog())
	}
	r.Tainted = true
	apply(t, r, config)
	if r.String("notify_note") == note {
		t.Error("the next signal has the note of the first")
	}
}

func TestErrorsOfTheService(t *testing.T) {
	for code, test := range map[string]struct {
		status   int
		at, says string
	}{
		"EntityNotExists.Execution":    {404, "execution_id", "region and account"},
		"EntityNotExists":              {404, "execution_id", "region and account"},
		"NoPermission":                 {403, "", "oos:NotifyExecution"},
		"Forbidden.RAM":                {403, "", "oos:NotifyExecution"},
		"InvalidAccessKeyId.NotFound":  {404, "", "access key"},
		"InvalidSecurityToken.Expired": {400, "", "renew"},
		"InvalidAction.NotFound":       {404, "", "endpoints"},
		"Execution.StatusIsWrong":      {400, "", "not documented"},
	} {
		t.Run(code, func(t *testing.T) {
			s, r, config := start(t, of(gate))
			s.Inject(sandbox.Fault{Operation: "*", Kind: sandbox.KindRefuse, Status: test.status, Code: code, Message: "the service's words"})
			diags := r.Apply(config)
			if len(diags) != 1 || diags[0].Attribute != test.at {
				t.Fatalf("said %s, want one error on %q", diags, test.at)
			}
			sent := s.RequestLog()[0]
			says(t, diags, true, "Signal Rejected", "Approve", "exec-1", "cn-hangzhou", code, "the service's words", fmt.Sprintf("HTTP %d", test.status), sent.RequestID, test.says, "Applying again")
			if len(s.RequestLog()) != 1 || !r.State.IsNull() {
				t.Errorf("the state is %s after %v", r.State, s.RequestLog())
			}
		})
	}
}

// No repeat is documented as harmless, so a request that may have arrived is not repeated.
func TestUnknownIsNotRepeated(t *testing.T) {
	for _, status := range []int{500, 503} {
		s, r, config := start(t, of(gates))
		s.Inject(sandbox.Fault{Operation: notify, Kind: sandbox.KindErrorBefore, Status: status})
		s.Inject(sandbox.Fault{Operation: listTasks, Kind: sandbox.KindRefuse})
		says(t, r.Apply(config), true, "Outcome of the Signal Unknown", "oos:ListTaskExecutions", r.String("notify_note"))
		if s.Count(notify) != 1 || r.String("delivery") != "UNKNOWN" || !r.Tainted {
			t.Errorf("delivery is %q after %v", r.String("delivery"), s.RequestLog())
		}
	}
}
