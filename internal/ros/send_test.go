package ros_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// start starts a provider and one stack.
func start(t *testing.T, stack sandbox.Stack) (*sandbox.Sandbox, *acctest.Resource, acctest.Values) {
	t.Helper()
	s := acctest.SandboxToRefuse(t, sandbox.Options{})
	id := s.StartStack(stack)
	return s, acctest.StartProvider(t, acctest.Block(s.URL())).Resource("signal_stack_resource"),
		acctest.Values{"stack_id": id, "logical_resource_id": stack.Conditions[0].Name, "status": "SUCCESS"}
}

func one(count int) []sandbox.WaitCondition {
	return []sandbox.WaitCondition{{Name: "Deployed", Handle: "Handle", Count: count}}
}

func stackOf(t *testing.T, s *sandbox.Sandbox, config acctest.Values) sandbox.StackState {
	t.Helper()
	stack, ok := s.Stack(config["stack_id"].(string))
	if !ok {
		t.Fatalf("there is no stack %s", config["stack_id"])
	}
	return stack
}

func TestSignalsMoveStacks(t *testing.T) {
	for name, test := range map[string]struct {
		stack    sandbox.Stack
		statuses []string
		resource string
		status   string
	}{
		"SUCCESS":                    {sandbox.Stack{Conditions: one(1)}, []string{"SUCCESS"}, "Deployed", "CREATE_COMPLETE"},
		"SUCCESS, by handle":         {sandbox.Stack{Conditions: one(1), Signals: sandbox.NamesHandle}, []string{"SUCCESS"}, "Handle", "CREATE_COMPLETE"},
		"SUCCESS, by condition":      {sandbox.Stack{Conditions: one(1), Signals: sandbox.NamesCondition}, []string{"SUCCESS"}, "Deployed", "CREATE_COMPLETE"},
		"one SUCCESS of two":         {sandbox.Stack{Conditions: one(2)}, []string{"SUCCESS"}, "Deployed", "CREATE_IN_PROGRESS"},
		"two of two":                 {sandbox.Stack{Conditions: one(2), Action: "UPDATE"}, []string{"SUCCESS", "SUCCESS"}, "Deployed", "UPDATE_COMPLETE"},
		"FAILURE at once":            {sandbox.Stack{Conditions: one(1)}, []string{"FAILURE"}, "Deployed", "CREATE_FAILED"},
		"FAILURE at the timeout":     {sandbox.Stack{Conditions: one(1), FailAtTimeout: true}, []string{"FAILURE"}, "Deployed", "CREATE_IN_PROGRESS"},
		"all WARNING":                {sandbox.Stack{Conditions: one(1)}, []string{"WARNING"}, "Deployed", "CREATE_FAILED"},
		"mixed, and warnings count":  {sandbox.Stack{Conditions: one(2), CountWarnings: true}, []string{"WARNING", "SUCCESS"}, "Deployed", "CREATE_COMPLETE"},
		"mixed, and warnings do not": {sandbox.Stack{Conditions: one(2)}, []string{"WARNING", "SUCCESS"}, "Deployed", "CREATE_IN_PROGRESS"},
	} {
		t.Run(name, func(t *testing.T) {
			s, r, config := start(t, test.stack)
			config["logical_resource_id"] = test.resource
			for _, status := range test.statuses {
				config["status"] = status
				if diags := r.Apply(config); len(diags) > 0 {
					t.Fatal(diags)
				}
				r = r.Resource("signal_stack_resource")
			}
			if got := stackOf(t, s, config).Status; got != test.status {
				t.Errorf("the stack is %s, want %s", got, test.status)
			}
			if n := len(test.statuses); s.Accepted("SignalResource") != n || len(s.RequestLog()) != n {
				t.Errorf("the request log is %v", s.RequestLog())
			}
		})
	}
}

// The request is the one that the vendor's command line makes.
func TestRequest(t *testing.T) {
	uuid := regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	for name, given := range map[string]acctest.Values{
		"generated":  {},
		"given":      {"unique_id": "ユニーク &=+~*", "client_token": "token-1_2"},
		"null given": {"unique_id": nil, "client_token": nil},
	} {
		t.Run(name, func(t *testing.T) {
			s, r, config := start(t, sandbox.Stack{Conditions: one(1)})
			if diags := r.Apply(config.With(given).With(acctest.Values{"region": "cn-beijing"})); len(diags) > 0 {
				t.Fatal(diags)
			}
			sent := s.RequestLog()[0]
			if sent.Method != "POST" || sent.Path != "/" || sent.Body != "" || sent.Region != "cn-beijing" || r.String("region") != "cn-beijing" {
				t.Errorf("sent %+v", sent)
			}
			for header, want := range map[string]string{
				"X-Acs-Action": "SignalResource", "X-Acs-Version": "2019-09-10", "Content-Length": "0", "Proxy-Authorization": "",
				"Authorization": "ACS3-HMAC-SHA256 Credential=sandbox-access-key",
			} {
				if got := sent.Header.Get(header); got != want {
					t.Errorf("%s is %q, want %q", header, got, want)
				}
			}
			if !strings.Contains(sent.Header.Get("User-Agent"), "terraform-provider-signal/test") {
				t.Errorf("the user agent is %q", sent.Header.Get("User-Agent"))
			}
			unique, token := r.String("unique_id"), r.String("client_token")
			if given["unique_id"] == nil && (!uuid.MatchString(unique) || !uuid.MatchString(token) || unique == token) {
				t.Errorf("made unique_id %q and client_token %q", unique, token)
			}
			if given["unique_id"] != nil && (unique != given["unique_id"] || token != given["client_token"]) {
				t.Errorf("recorded unique_id %q and client_token %q", unique, token)
			}
			want := url.Values{
				"RegionId": {"cn-beijing"}, "StackId": {config["stack_id"].(string)}, "LogicalResourceId": {"Deployed"}, "Status": {"SUCCESS"},
				"UniqueId": {unique}, "ClientToken": {token},
			}
			if query, err := url.ParseQuery(sent.Query); err != nil || query.Encode() != want.Encode() {
				t.Errorf("sent %s (%v), want %s", sent.Query, err, want.Encode())
			}
			if r.String("request_id") != sent.RequestID {
				t.Errorf("recorded request id %s of %s", r.String("request_id"), sent.RequestID)
			}
		})
	}
}

// All attempts of a signal have the same two ids; the next signal has others.
func TestOnePairForAllAttempts(t *testing.T) {
	s, r, config := start(t, sandbox.Stack{Conditions: one(3), CountRepeats: true, StillProcessing: 1})
	s.Inject(sandbox.Fault{Operation: "SignalResource", Kind: sandbox.KindThrottle, Times: 1})
	s.Inject(sandbox.Fault{Operation: "SignalResource", Kind: sandbox.KindDropAfter, Times: 1})
	s.Inject(sandbox.Fault{Operation: "SignalResource", Kind: sandbox.KindErrorBefore, Status: 503, Times: 1})
	if diags := r.Apply(config); len(diags) > 0 {
		t.Fatal(diags)
	}
	first := map[string]string{"unique_id": r.String("unique_id"), "client_token": r.String("client_token")}
	// The answers are: throttled; taken, with a lost answer; a server error; still
	// processing; the first request's answer.
	if s.Count("SignalResource") != 5 || s.Accepted("SignalResource") != 1 {
		t.Errorf("the request log is %v", s.RequestLog())
	}
	for _, sent := range s.RequestLog() {
		query, _ := url.ParseQuery(sent.Query)
		if query.Get("UniqueId") != first["unique_id"] || query.Get("ClientToken") != first["client_token"] {
			t.Errorf("an attempt carried %s, want %v", sent.Query, first)
		}
	}
	if signals := stackOf(t, s, config).Signals; len(signals) != 1 {
		t.Errorf("the stack took %v", signals)
	}
	if taken := s.RequestLog()[1]; r.String("request_id") != taken.RequestID {
		t.Errorf("recorded request %s, want that of the attempt that was taken, %s", r.String("request_id"), taken.RequestID)
	}
	r.Tainted = true
	if diags := r.Apply(config); len(diags) > 0 {
		t.Fatal(diags)
	}
	if r.String("unique_id") == first["unique_id"] || r.String("client_token") == first["client_token"] {
		t.Error("the next signal carries the pair of the first")
	}
}

// An action has no state, so each invocation is another signal.
func TestActionMakesAPairForEachInvocation(t *testing.T) {
	s := acctest.Sandbox(t, sandbox.Options{})
	id := s.StartStack(sandbox.Stack{Conditions: one(10)})
	a := acctest.StartProvider(t, acctest.Block(s.URL())).Action("signal_stack_resource")
	config := acctest.Values{"stack_id": id, "logical_resource_id": "Deployed", "status": "SUCCESS"}
	for _, given := range []acctest.Values{{}, {}, {"unique_id": "mine", "client_token": "mine-too"}} {
		if _, diags := a.Invoke(config.With(given)); len(diags) > 0 {
			t.Fatal(diags)
		}
	}
	stack, _ := s.Stack(id)
	if len(stack.Signals) != 3 {
		t.Fatalf("the stack took %v", stack.Signals)
	}
	seen := map[string]bool{}
	for _, signal := range stack.Signals {
		seen[signal.UniqueID], seen[signal.ClientToken] = true, true
	}
	if len(seen) != 6 || seen[""] || !seen["mine"] || !seen["mine-too"] {
		t.Errorf("the signals carried %v", seen)
	}
}

// While a stack goes on, a resource that it does not have may still come. So a destroy drops
// its signal only after the end of the stack.
func TestNoSuchResourceAtDestroy(t *testing.T) {
	for _, status := range []string{"DELETE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("x-acs-action") == "GetStack" {
				_, _ = fmt.Fprintf(w, `{"RequestId":"r","Status":%q}`, status)
				return
			}
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"RequestId":"r","Code":"ResourceNotFound","Message":"not there"}`))
		}))
		defer server.Close()
		r := acctest.StartProvider(t, acctest.Block(server.URL)).Resource("signal_stack_resource")
		says(t, r.Apply(acctest.Values{"stack_id": "c754d2a4-28f1-46df-b557-9586173a0000", "logical_resource_id": "Deployed", "status": "SUCCESS", "when": "destroy"}), false)
		says(t, r.Destroy(), false, "Target Is Gone")
	}
	for _, ended := range []bool{false, true} {
		s, r, config := start(t, sandbox.Stack{Conditions: one(1)})
		says(t, r.Apply(config.With(acctest.Values{"when": "destroy"})), false)
		if ended {
			says(t, r.Provider.Resource("signal_stack_resource").Apply(config.With(acctest.Values{"status": "FAILURE"})), false)
		}
		s.Inject(sandbox.Fault{Operation: "SignalResource", Kind: sandbox.KindRefuse, Status: 404, Code: "ResourceNotFound"})
		words := "is kept"
		if ended {
			words = "Target Is Gone"
		}
		says(t, r.Destroy(), !ended, words)
		if r.State.IsNull() != ended {
			t.Errorf("ended: %t, left %s after %v", ended, r.State, s.RequestLog())
		}
	}
}

func TestErrorsOfTheService(t *testing.T) {
	for code, test := range map[string]struct {
		status   int
		at, says string
	}{
		"StackNotFound":                  {404, "stack_id", "region and account"},
		"ResourceNotFound":               {404, "logical_resource_id", "template"},
		"ResourceNotAvailable":           {404, "logical_resource_id", "waits for signals"},
		"InvalidIdempotenceParameter":    {400, "client_token", "Set another client_token"},
		"IdempotentParameterMismatch":    {400, "client_token", "Set another client_token"},
		"NoPermission":                   {403, "", "ros:SignalResource"},
		"Forbidden.RAM":                  {403, "", "ros:SignalResource"},
		"Forbidden":                      {403, "", "ros:SignalResource"},
		"InvalidAccessKeyId.NotFound":    {404, "", "access key"},
		"InvalidAccessKeyId.Inactive":    {400, "", "still active"},
		"SignatureDoesNotMatch":          {400, "", "secret key"},
		"InvalidSecurityToken.Expired":   {400, "", "renew"},
		"InvalidSecurityToken.Malformed": {400, "", "security token"},
		"InvalidTimeStamp.Expired":       {400, "", "clock"},
		"InvalidAction.NotFound":         {404, "", "endpoints"},
		"SomethingNew":                   {400, "", "SomethingNew"},
	} {
		t.Run(code, func(t *testing.T) {
			s, r, config := start(t, sandbox.Stack{Conditions: one(1)})
			s.Inject(sandbox.Fault{Operation: "*", Kind: sandbox.KindRefuse, Status: test.status, Code: code, Message: "the service's words"})
			diags := r.Apply(config)
			if len(diags) != 1 || diags[0].Attribute != test.at {
				t.Fatalf("said %s, want one error on %q", diags, test.at)
			}
			sent := s.RequestLog()[0]
			for _, part := range []string{
				"Signal Rejected", "SUCCESS", config["stack_id"].(string), "Deployed", "cn-hangzhou", code, "the service's words",
				fmt.Sprintf("HTTP %d", test.status), sent.RequestID, test.says, "Applying again",
			} {
				if !strings.Contains(diags.String(), part) {
					t.Errorf("%q is not in the error:\n%s", part, diags)
				}
			}
			if len(s.RequestLog()) != 1 || !r.State.IsNull() {
				t.Errorf("the state is %s after %v", r.State, s.RequestLog())
			}
		})
	}
}

// An earlier request with the token has the same signal, so "not sent" would be wrong even
// if no attempt was taken.
func TestStillProcessingIsNeverNotSent(t *testing.T) {
	s, r, config := start(t, sandbox.Stack{Conditions: one(1)})
	s.Inject(sandbox.Fault{Operation: "*", Kind: sandbox.KindRefuse, Status: 400, Code: "LastTokenProcessing", Message: "wait"})
	diags := r.Apply(config.With(acctest.Values{"timeouts": acctest.Values{"create": "1s"}}))
	if !strings.Contains(diags.String(), "Outcome of the Signal Unknown") || r.String("delivery") != "UNKNOWN" || !r.Tainted || s.Count("*") > 0 || len(s.RequestLog()) < 3 {
		t.Errorf("said %s, with %d requests and delivery %q", diags, len(s.RequestLog()), r.String("delivery"))
	}

	s, r, config = start(t, sandbox.Stack{Conditions: one(1)})
	s.Inject(sandbox.Fault{Operation: "*", Kind: sandbox.KindDropAfter, Times: 1})
	s.Inject(sandbox.Fault{Operation: "*", Kind: sandbox.KindRefuse, Status: 404, Code: "StackNotFound", Message: "gone"})
	diags = r.Apply(config)
	if !strings.Contains(diags.String(), "Outcome of the Signal Unknown") || r.String("delivery") != "UNKNOWN" || len(s.RequestLog()) != 2 {
		t.Errorf("a refusal after a lost answer: said %s with delivery %q", diags, r.String("delivery"))
	}
}

// answering returns the answers one after the other, and then always the last one.
func answering(t *testing.T, answers ...func(http.ResponseWriter)) (r *acctest.Resource, requests func() int) {
	t.Helper()
	arrived := make(chan int, 1)
	arrived <- 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := <-arrived
		arrived <- n + 1
		answers[min(n, len(answers)-1)](w)
	}))
	t.Cleanup(server.Close)
	r = acctest.StartProvider(t, acctest.Values{"alicloud": acctest.Alicloud(server.URL)}).Resource("signal_stack_resource")
	return r, func() int { n := <-arrived; arrived <- n; return n }
}

func answer(status int, contentType, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

var accepted = answer(200, "application/json", `{"RequestId":"accepted-in-the-end"}`)

// An answer that is not in the service's format is neither success nor refusal. A server
// error or a missing result is repeated; another answer is not.
func TestAnswersThatAreNotTheServices(t *testing.T) {
	for name, test := range map[string]struct {
		answer   func(http.ResponseWriter)
		repeated bool
		says     string
	}{
		"empty 200":                  {answer(200, "application/json", ""), true, ""},
		"200 without request id":     {answer(200, "application/json", `{}`), true, ""},
		"200 with a null request id": {answer(200, "application/json", `{"RequestId":null}`), true, ""},
		"200 with a list":            {answer(200, "application/json", `["RequestId"]`), true, ""},
		"200 with null":              {answer(200, "application/json", `null`), true, ""},
		"200 in XML":                 {answer(200, "text/xml", `<SignalResourceResponse><RequestId>1</RequestId></SignalResourceResponse>`), true, ""},
		"204":                        {func(w http.ResponseWriter) { w.WriteHeader(204) }, true, ""},
		"empty 500":                  {answer(500, "application/json", ""), true, ""},
		"empty 503":                  {answer(503, "text/plain", ""), true, ""},
		"503 with nothing in it":     {answer(503, "application/json", `{}`), true, ""},
		"500 in XML":                 {answer(500, "text/xml;charset=utf-8", `<Error><Code>InternalError</Code></Error>`), true, ""},
		"502 as XML with JSON":       {answer(502, "text/xml;charset=utf-8", `{"Code":"x"}`), true, ""},
		"504 in HTML":                {answer(504, "text/html", `<html>gateway</html>`), true, ""},
		"empty 403":                  {answer(403, "application/json", ""), false, "HTTP 403"},
		"403 of somebody else":       {answer(403, "application/json", `{"message":"blocked"}`), false, "HTTP 403"},
		"403 with odd members":       {answer(403, "application/json", `{"Code":{"a":1},"Message":[1],"RequestId":2}`), false, "HTTP 403"},
		"407 in HTML":                {answer(407, "text/html", `<html>who are you?</html>`), false, "HTTP 407"},
		"302":                        {func(w http.ResponseWriter) { w.Header().Set("Location", "/x"); w.WriteHeader(302) }, false, "HTTP 302"},
	} {
		t.Run(name, func(t *testing.T) {
			r, requests := answering(t, test.answer, accepted)
			diags := r.Apply(acctest.Values{"stack_id": "s", "logical_resource_id": "r", "status": "SUCCESS"})
			if test.repeated {
				if len(diags) > 0 || r.String("request_id") != "accepted-in-the-end" || requests() != 2 {
					t.Errorf("said %s after %d requests", diags, requests())
				}
				return
			}
			if requests() != 1 || r.String("delivery") != "UNKNOWN" || !strings.Contains(diags.String(), "Outcome of the Signal Unknown") ||
				!strings.Contains(diags.String(), test.says) || strings.Contains(diags.String(), "nil") {
				t.Errorf("said %s after %d requests, delivery %q", diags, requests(), r.String("delivery"))
			}
		})
	}
}

// The pause in a throttling answer is in milliseconds.
func TestThrottlingSaysHowLong(t *testing.T) {
	throttled := func(wait string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.Header().Set("x-acs-retry-after", wait)
			answer(400, "application/json", `{"RequestId":"1","Code":"Throttling.User","Message":"slowly"}`)(w)
		}
	}
	for wait, atLeast := range map[string]time.Duration{"": 0, "250": 250 * time.Millisecond, "soon": 0, "-9": 0} {
		r, requests := answering(t, throttled(wait), accepted)
		began := time.Now()
		diags := r.Apply(acctest.Values{"stack_id": "s", "logical_resource_id": "r", "status": "SUCCESS"})
		if took := time.Since(began); len(diags) > 0 || requests() != 2 || took < atLeast {
			t.Errorf("asked to wait %q: said %s after %d requests and %s", wait, diags, requests(), took)
		}
	}
	r, _ := answering(t, throttled("3600000"))
	diags := r.Apply(acctest.Values{"stack_id": "s", "logical_resource_id": "r", "status": "SUCCESS", "timeouts": acctest.Values{"create": "100ms"}})
	if !strings.Contains(diags.String(), "Signal Not Sent") || !strings.Contains(diags.String(), "Throttling.User") || !r.State.IsNull() {
		t.Errorf("throttled until the timeout: said %s", diags)
	}
	// A pause that overflows a duration would be negative.
	r, requests := answering(t, throttled("10000000000000"), accepted)
	diags = r.Apply(acctest.Values{"stack_id": "s", "logical_resource_id": "r", "status": "SUCCESS"})
	if requests() != 1 || !strings.Contains(diags.String(), "24h0m0s") {
		t.Errorf("asked to wait for ever: said %s after %d requests", diags, requests())
	}
}

// All parameters are in the query, which would make the error hard to read.
func TestRefusedConnectionIsToldInShort(t *testing.T) {
	s, r, config := start(t, sandbox.Stack{Conditions: one(1)})
	s.Refuse()
	diags := r.Apply(config)
	if !strings.Contains(diags.String(), "connection refused") || !strings.Contains(diags.String(), s.URL()) || strings.Contains(diags.String(), "ClientToken") {
		t.Errorf("said %s", diags)
	}
}
