package sfn_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

const (
	succeed   = "SendTaskSuccess"
	fail      = "SendTaskFailure"
	heartbeat = "SendTaskHeartbeat"
	history   = "GetExecutionHistory"
	describe  = "DescribeExecution"
)

// start starts a provider and one execution, and returns the arguments that answer its
// first task.
func start(t *testing.T, m sandbox.MachineExecution) (*sandbox.Sandbox, *acctest.Resource, acctest.Values) {
	t.Helper()
	s := acctest.Sandbox(t, sandbox.Options{})
	if m.States == nil {
		m.States = []sandbox.MachineState{{}, {}}
	}
	e := s.StartMachine(m)
	return s, acctest.StartProvider(t, acctest.Block(s.URL())).Resource("signal_sfn_task"),
		acctest.Values{"task_token": e.Token, "status": "SUCCESS", "output": `{"a": 1}`, "execution_arn": e.ARN}
}

func failing(config acctest.Values) acctest.Values {
	return config.With(acctest.Values{"status": "FAILURE", "output": nil})
}

func state(t *testing.T, s *sandbox.Sandbox, config acctest.Values) sandbox.MachineExecutionState {
	t.Helper()
	e, ok := s.Machine(config["execution_arn"].(string))
	if !ok {
		t.Fatalf("there is no execution %s", config["execution_arn"])
	}
	return e
}

// outcome checks the delivery of a signal, and how often it was sent.
func outcome(t *testing.T, s *sandbox.Sandbox, r *acctest.Resource, delivery string, sends int) {
	t.Helper()
	if got := s.Count(succeed) + s.Count(fail); r.String("delivery") != delivery || got != sends {
		t.Errorf("delivery is %q after %d sends, want %q after %d: %v", r.String("delivery"), got, delivery, sends, s.RequestLog())
	}
}

func TestAnswersMoveExecutions(t *testing.T) {
	for name, test := range map[string]struct {
		machine sandbox.MachineExecution
		change  acctest.Values
		ends    string
	}{
		"success":            {sandbox.MachineExecution{States: []sandbox.MachineState{{}}}, nil, "SUCCEEDED"},
		"success on the way": {sandbox.MachineExecution{}, nil, "RUNNING"},
		"of an activity":     {sandbox.MachineExecution{States: []sandbox.MachineState{{Activity: true}}}, nil, "SUCCEEDED"},
		"failure":            {sandbox.MachineExecution{}, acctest.Values{"status": "FAILURE", "output": nil, "error": "E", "cause": "C"}, "FAILED"},
		"failure, no words":  {sandbox.MachineExecution{Encrypted: true}, acctest.Values{"status": "FAILURE", "output": nil}, "FAILED"},
		"without an ARN":     {sandbox.MachineExecution{}, acctest.Values{"execution_arn": nil}, "RUNNING"},
	} {
		t.Run(name, func(t *testing.T) {
			s, r, config := start(t, test.machine)
			if diags := r.Apply(config.With(test.change)); len(diags) > 0 {
				t.Fatal(diags)
			}
			if e := state(t, s, config); e.Status != test.ends || len(e.Answers) != 1 || len(s.RequestLog()) != 1 {
				t.Errorf("the execution is %+v, want %s", e, test.ends)
			}
			outcome(t, s, r, "SENT", 1)
		})
	}
}

// Another status is another signal, together with the arguments that belong to it.
func TestChangedStatusSendsAgain(t *testing.T) {
	s, r, config := start(t, sandbox.MachineExecution{AcceptRepeats: true})
	for i, status := range []acctest.Values{config, failing(config), config} {
		if diags := r.Apply(status); len(diags) > 0 {
			t.Fatal(diags)
		}
		outcome(t, s, r, "SENT", i+1)
	}
	if s.Count(fail) != 1 {
		t.Errorf("the request log is %v", s.RequestLog())
	}
}

// A token works once. The error says what that means, on the argument that has the token.
func TestClosedTasks(t *testing.T) {
	again := acctest.Values{"triggers": acctest.Values{"again": "1"}}
	for name, test := range map[string]struct {
		change   acctest.Values
		at, says string
	}{
		"answered":            {again, "task_token", "TaskTimedOut"},
		"answered with a new": {again.With(acctest.Values{"task_token": "AQCEAAAAKgAAAAMAAAAAother"}), "task_token", "TaskDoesNotExist"},
		"no token":            {acctest.Values{"task_token": "nonsense"}, "task_token", "InvalidToken"},
		"write-only":          {acctest.Values{"task_token": nil, "task_token_wo": "nonsense"}, "task_token_wo", "InvalidToken"},
	} {
		t.Run(name, func(t *testing.T) {
			s, r, config := start(t, sandbox.MachineExecution{})
			if diags := r.Apply(config); len(diags) > 0 {
				t.Fatal(diags)
			}
			diags := r.Apply(config.With(test.change))
			if len(diags) != 1 || diags[0].Attribute != test.at || diags[0].Summary != "Signal Rejected" || !strings.Contains(diags.String(), test.says) {
				t.Errorf("said %s, want %s on %s", diags, test.says, test.at)
			}
			if s.Count(succeed) != 2 {
				t.Errorf("the request log is %v", s.RequestLog())
			}
		})
	}
}

// After a lost answer the task, which is open or closed, and the execution's history
// decide.
func TestLostAnswers(t *testing.T) {
	before, after := sandbox.KindDropBefore, sandbox.KindDropAfter
	for name, test := range map[string]struct {
		lost     sandbox.Kind
		change   acctest.Values
		answer   func(s *sandbox.Sandbox, token string)
		refuse   string
		delivery string
		sends    int
		says     string
		reads    []string
	}{
		"never arrived":                     {lost: before, delivery: "SENT", sends: 2, reads: []string{heartbeat}},
		"arrived":                           {lost: after, delivery: "CONFIRMED", sends: 1, reads: []string{heartbeat, history}},
		"never arrived, without an ARN":     {lost: before, change: acctest.Values{"execution_arn": nil}, delivery: "SENT", sends: 2, reads: []string{heartbeat}},
		"arrived, without an ARN":           {lost: after, change: acctest.Values{"execution_arn": nil}, delivery: "UNKNOWN", sends: 1, says: "by another answer, or by its timeout", reads: []string{heartbeat}},
		"arrived, and no heartbeat allowed": {lost: after, refuse: heartbeat, delivery: "UNKNOWN", sends: 1, says: "states:SendTaskHeartbeat", reads: []string{heartbeat}},
		"arrived, and no history allowed":   {lost: after, refuse: history, delivery: "UNKNOWN", sends: 1, says: "states:GetExecutionHistory", reads: []string{heartbeat, history}},
		"failure never arrived":             {lost: before, change: acctest.Values{"status": "FAILURE", "output": nil, "error": "E"}, delivery: "SENT", sends: 2, reads: []string{heartbeat}},
		"failure arrived":                   {lost: after, change: acctest.Values{"status": "FAILURE", "output": nil, "error": "E"}, delivery: "CONFIRMED", sends: 1, reads: []string{heartbeat, history}},
		"somebody answered otherwise": {
			lost: before, answer: func(s *sandbox.Sandbox, token string) { s.AnswerTask(token, `{"a":2}`) },
			delivery: "UNKNOWN", sends: 1, says: "by another answer, or by its timeout", reads: []string{heartbeat, history},
		},
		"output in other words": {lost: after, change: acctest.Values{"output": "{ \"a\":\n1.50 }"}, delivery: "CONFIRMED", sends: 1, reads: []string{heartbeat, history}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, r, config := start(t, sandbox.MachineExecution{Compacts: true})
			operation := succeed
			if test.change["status"] == "FAILURE" {
				operation = fail
			}
			s.Inject(sandbox.Fault{Operation: operation, Kind: test.lost, Times: 1})
			if test.refuse != "" {
				s.Inject(sandbox.Fault{Operation: test.refuse, Kind: sandbox.KindRefuse})
			}
			if test.answer != nil {
				s.Hook(heartbeat, sync.OnceFunc(func() { test.answer(s, config["task_token"].(string)) }), nil)
			}
			diags := r.Apply(config.With(test.change))
			if diags.HasError() != (test.delivery == "UNKNOWN") || !strings.Contains(diags.String(), test.says) {
				t.Errorf("said %s", diags)
			}
			outcome(t, s, r, test.delivery, test.sends)
			made := map[string]bool{}
			for _, read := range test.reads {
				made[read] = true
			}
			for _, read := range []string{heartbeat, history, describe} {
				if (s.Count(read) > 0) != made[read] {
					t.Errorf("%s was made %d times", read, s.Count(read))
				}
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
		"AccessDeniedException":       {400, "", "states:SendTaskSuccess"},
		"TaskTimedOut":                {400, "task_token", "works once"},
		"TaskDoesNotExist":            {400, "task_token", "region and account"},
		"InvalidToken":                {400, "task_token", "complete"},
		"InvalidOutput":               {400, "output", "JSON"},
		"KmsAccessDeniedException":    {400, "", "kms:GenerateDataKey"},
		"KmsInvalidStateException":    {400, "", "enabled"},
		"UnrecognizedClientException": {400, "", "credentials"},
		"SomethingNewException":       {400, "", "SomethingNewException"},
	} {
		t.Run(code, func(t *testing.T) {
			s, r, config := start(t, sandbox.MachineExecution{States: []sandbox.MachineState{{Token: canary}}})
			s.Inject(sandbox.Fault{Operation: "*", Kind: sandbox.KindRefuse, Status: test.status, Code: code, Message: "the service's words about " + canary})
			diags := r.Apply(config)
			if len(diags) != 1 || diags[0].Attribute != test.at {
				t.Fatalf("said %s, want one error on %q", diags, test.at)
			}
			for _, part := range []string{"SUCCESS", config["execution_arn"].(string), "us-east-1", code, "the service's words", s.RequestLog()[0].RequestID, test.says} {
				if !strings.Contains(diags.String(), part) {
					t.Errorf("%q is not in the error:\n%s", part, diags)
				}
			}
			if strings.Contains(diags.String(), canary) || len(s.RequestLog()) != 1 || !r.State.IsNull() {
				t.Errorf("recorded %s, said %s", r.State, diags)
			}
		})
	}
}

// Throttling of the key of an encrypted state machine does not concern the task.
func TestThrottledKeyIsTriedAgain(t *testing.T) {
	s, r, config := start(t, sandbox.MachineExecution{})
	s.Inject(sandbox.Fault{Operation: succeed, Kind: sandbox.KindRefuse, Status: 400, Code: "KmsThrottlingException", Times: 2})
	if diags := r.Apply(config); len(diags) > 0 {
		t.Fatal(diags)
	}
	outcome(t, s, r, "SENT", 3)
}

func TestFailingAnEncryptedTask(t *testing.T) {
	s, r, config := start(t, sandbox.MachineExecution{Encrypted: true})
	diags := r.Apply(failing(config).With(acctest.Values{"error": "E"}))
	if !strings.Contains(diags.String(), "leave out error and cause") {
		t.Errorf("said %s", diags)
	}
	if diags := r.Apply(failing(config)); len(diags) > 0 {
		t.Error(diags)
	}
	outcome(t, s, r, "SENT", 2)
}
