package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// acs makes a request to an Alibaba Cloud service. The test has its own code for signature
// version 3, written from the vendor's page. headers replace those of the request before it
// is signed, and the client's tamper changes the request afterwards.
func (c *client) acs(version, action string, headers map[string]string, parameters url.Values) acsAnswer {
	c.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), "POST", c.url+"/?"+parameters.Encode(), nil)
	if err != nil {
		c.t.Fatal(err)
	}
	empty := hexSHA256(nil)
	signed := map[string]string{
		"host": r.URL.Host, "x-acs-action": action, "x-acs-version": version, "x-acs-content-sha256": empty,
		"x-acs-date": c.now().UTC().Format("2006-01-02T15:04:05Z"), "x-acs-signature-nonce": newUUID(),
	}
	if c.token != "" {
		signed["x-acs-accesskey-id"], signed["x-acs-security-token"] = c.key, c.token
	}
	for name, value := range headers {
		signed[name] = value
	}
	var names []string
	for name, value := range signed {
		names = append(names, name)
		if name != "host" {
			r.Header.Set(name, value)
		}
	}
	slices.Sort(names)
	// url.Values.Encode sorts, and differs from the required percent-encoding only for the
	// space.
	canonical := "POST\n/\n" + strings.ReplaceAll(parameters.Encode(), "+", "%20") + "\n"
	for _, name := range names {
		canonical += name + ":" + signed[name] + "\n"
	}
	canonical += "\n" + strings.Join(names, ";") + "\n" + empty
	signature := mac([]byte(c.secret), "ACS3-HMAC-SHA256\n"+hexSHA256([]byte(canonical)))
	r.Header.Set("Authorization", fmt.Sprintf("ACS3-HMAC-SHA256 Credential=%s,SignedHeaders=%s,Signature=%x", c.key, strings.Join(names, ";"), signature))
	if c.tamper != nil {
		c.tamper(r)
	}
	a := acsAnswer{answer: c.do(r)}
	_ = json.Unmarshal([]byte(a.raw), &a.body)
	return a
}

type acsAnswer struct {
	answer
	body map[string]any
}

func (a acsAnswer) want(t *testing.T, status int, code string) {
	t.Helper()
	got, _ := a.body["Code"].(string)
	if a.err != nil || a.status != status || got != code {
		t.Fatalf("got %d %q (%v) %s, want %d %q", a.status, got, a.err, a.raw, status, code)
	}
	if id, _ := a.body["RequestId"].(string); len(id) != 36 {
		t.Fatalf("no request id in %s", a.raw)
	}
}

func (c *client) ros(action string, parameters ...string) acsAnswer {
	c.t.Helper()
	return c.acs("2019-09-10", action, nil, values(parameters...))
}

// values returns the parameters: name, value, name, value.
func values(pairs ...string) url.Values {
	v := url.Values{"RegionId": {"cn-hangzhou"}}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

func (c *client) rosSignal(stack, resource, status, unique, token string) acsAnswer {
	c.t.Helper()
	pairs := []string{"StackId", stack, "LogicalResourceId", resource, "Status", status, "UniqueId", unique}
	if token != "" {
		pairs = append(pairs, "ClientToken", token)
	}
	return c.ros("SignalResource", pairs...)
}

func waits(count int) []WaitCondition {
	return []WaitCondition{{Name: "Wait", Handle: "Handle", Count: count}}
}

func TestACS3(t *testing.T) {
	s, c, clk := start(t, Options{Credentials: map[string]Secret{
		"sandbox-access-key": {SecretKey: "sandbox-secret-key"},
		"sts":                {SecretKey: "s", SessionToken: "token", Expires: newClock().now().Add(time.Hour)},
		"denied":             {SecretKey: "d", Denied: []string{"ros:GetStack"}},
	}})
	id := s.StartStack(Stack{Conditions: waits(1)})
	get := func(headers map[string]string, tamper func(*http.Request)) acsAnswer {
		c.tamper = tamper
		defer func() { c.tamper = nil }()
		return c.acs("2019-09-10", "GetStack", headers, values("StackId", id, "Odd", "a b+*~/&=é"))
	}
	get(nil, nil).want(t, 200, "")
	stamp := func(d time.Duration) map[string]string {
		return map[string]string{"x-acs-date": clk.now().Add(d).Format(acsDate)}
	}
	get(stamp(15*time.Minute), nil).want(t, 200, "")
	get(stamp(-15*time.Minute), nil).want(t, 200, "")
	get(stamp(15*time.Minute+time.Second), nil).want(t, 400, "InvalidTimeStamp.Expired")
	get(stamp(-15*time.Minute-time.Second), nil).want(t, 400, "InvalidTimeStamp.Expired")
	get(map[string]string{"x-acs-date": "today"}, nil).want(t, 400, "InvalidTimeStamp.Format")
	get(map[string]string{"x-acs-content-sha256": hexSHA256([]byte("x"))}, nil).want(t, 400, "SignatureDoesNotMatch")
	get(map[string]string{"x-acs-signature-nonce": ""}, nil).want(t, 400, "MissingSignatureNonce")
	for name, tamper := range map[string]func(*http.Request){
		"query":  func(r *http.Request) { r.URL.RawQuery += "&More=1" },
		"action": func(r *http.Request) { r.Header.Set("x-acs-action", "GetStackResource") },
		"header": func(r *http.Request) { r.Header.Set("x-acs-more", "unsigned") },
		"key": func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "=sandbox-access-key", "=denied", 1))
		},
	} {
		if a := get(nil, tamper); a.body["Code"] != "SignatureDoesNotMatch" {
			t.Errorf("%s: %s", name, a.raw)
		}
	}
	get(nil, unsigned).want(t, 400, "MissingAccessKeyId")
	get(nil, func(r *http.Request) { r.Header.Set("Authorization", "ACS3-HMAC-SHA256 Credential=x") }).want(t, 400, "IncompleteSignature")

	nonce := map[string]string{"x-acs-signature-nonce": "once"}
	get(nonce, nil).want(t, 200, "")
	get(nonce, nil).want(t, 400, "SignatureNonceUsed")

	c.key = "nobody"
	get(nil, nil).want(t, 404, "InvalidAccessKeyId.NotFound")
	c.key, c.secret = "denied", "d"
	get(nil, nil).want(t, 403, "NoPermission")
	c.key, c.secret = "sts", "s"
	get(nil, nil).want(t, 400, "MissingSecurityToken")
	c.token = "wrong"
	get(nil, nil).want(t, 400, "InvalidSecurityToken.MismatchWithAccessKey")
	c.token = "token"
	get(nil, nil).want(t, 200, "")
	if got := s.last(t).Header.Get("X-Acs-Security-Token"); got != "***" {
		t.Errorf("the request log has the token %q", got)
	}
	get(map[string]string{"x-acs-accesskey-id": "other"}, nil).want(t, 400, "InvalidSecurityToken.MismatchWithAccessKey")
	clk.advance(time.Hour)
	get(nil, nil).want(t, 400, "InvalidSecurityToken.Expired")

	c.key, c.secret, c.token = "sandbox-access-key", "sandbox-secret-key", ""
	c.acs("2015-09-01", "SignalResource", nil, nil).want(t, 400, "InvalidVersion")
	c.acs("2019-09-10", "Nonsense", nil, nil).want(t, 404, "InvalidAction.NotFound")
}

func TestSignalResourceIsStrict(t *testing.T) {
	s, c, _ := start(t, Options{})
	id := s.StartStack(Stack{Conditions: waits(100), Region: "cn-hangzhou", Resources: []string{"Other"}})
	good := values("StackId", id, "LogicalResourceId", "Wait", "Status", "SUCCESS", "UniqueId", "u", "ClientToken", "t")
	with := func(name, value string) url.Values {
		changed := url.Values{}
		for n, v := range good {
			changed[n] = v
		}
		changed.Set(name, value)
		if value == "" {
			changed.Del(name)
		}
		return changed
	}
	other := func(resource string) url.Values {
		changed := with("ClientToken", resource)
		changed.Set("LogicalResourceId", resource)
		return changed
	}
	for _, test := range []struct {
		parameters url.Values
		status     int
		code       string
	}{
		{good, 200, ""},
		{with("RegionId", ""), 400, "MissingRegionId"},
		{with("StackId", ""), 400, "MissingStackId"},
		{with("LogicalResourceId", ""), 400, "MissingLogicalResourceId"},
		{with("Status", ""), 400, "MissingStatus"},
		{with("UniqueId", ""), 400, "MissingUniqueId"},
		{with("Status", "DONE"), 400, "InvalidParameter.Status"},
		{with("UniqueId", strings.Repeat("é", 65)), 400, "InvalidParameter.UniqueId"},
		{with("ClientToken", strings.Repeat("a", 65)), 400, "InvalidParameter.ClientToken"},
		{with("ClientToken", "a.b"), 400, "InvalidParameter.ClientToken"},
		{with("StackId", "none"), 404, "StackNotFound"},
		{with("RegionId", "cn-beijing"), 404, "StackNotFound"},
		{other("Other"), 404, "ResourceNotAvailable"},
		{other("none"), 404, "ResourceNotFound"},
	} {
		a := c.acs("2019-09-10", "SignalResource", nil, test.parameters)
		a.want(t, test.status, test.code)
		if e := s.last(t); e.Accepted != (test.status == 200) || e.Code != test.code || e.Service != "ros" {
			t.Errorf("request log %+v", e)
		}
		if test.status != 200 && (a.body["HostId"] != "ros.aliyuncs.com" || a.body["Recommend"] == nil || a.body["Message"] == "") {
			t.Errorf("the error is %s", a.raw)
		}
	}
	longest := with("UniqueId", strings.Repeat("é", 64))
	longest.Set("ClientToken", strings.Repeat("a", 64))
	c.acs("2019-09-10", "SignalResource", nil, longest).want(t, 200, "")
}

func TestStacksMove(t *testing.T) {
	s, c, clk := start(t, Options{})
	for name, test := range map[string]struct {
		stack    Stack
		signals  []string // resource, status and unique id
		after    time.Duration
		status   string
		reason   string
		accepted int
	}{
		"enough":                     {Stack{Conditions: waits(2)}, []string{"Wait SUCCESS 1", "Handle SUCCESS 2"}, 0, "CREATE_COMPLETE", "", 2},
		"too few":                    {Stack{Conditions: waits(2)}, []string{"Wait SUCCESS 1"}, 0, "CREATE_IN_PROGRESS", "", 1},
		"repeats are ignored":        {Stack{Conditions: waits(2)}, []string{"Wait SUCCESS 1", "Wait SUCCESS 1"}, 0, "CREATE_IN_PROGRESS", "", 2},
		"repeats count":              {Stack{Conditions: waits(2), CountRepeats: true}, []string{"Wait SUCCESS 1", "Wait SUCCESS 1"}, 0, "CREATE_COMPLETE", "", 2},
		"failure at once":            {Stack{Conditions: waits(2), Action: "UPDATE"}, []string{"Wait FAILURE 1", "Wait SUCCESS 2"}, 0, "UPDATE_FAILED", "signal 1 reported", 1},
		"failure, but not yet":       {Stack{Conditions: timed(60), FailAtTimeout: true}, []string{"Wait FAILURE 1", "Wait SUCCESS 2"}, 59 * time.Second, "CREATE_IN_PROGRESS", "", 2},
		"failure at the timeout":     {Stack{Conditions: timed(60), FailAtTimeout: true}, []string{"Wait FAILURE 1", "Wait SUCCESS 2"}, time.Minute, "CREATE_FAILED", "signal 1 reported", 2},
		"timeout":                    {Stack{Conditions: timed(60)}, nil, time.Minute, "CREATE_FAILED", "WaitConditionTimeout: 0 of 1", 0},
		"no timeout":                 {Stack{Conditions: waits(1)}, nil, 1e6 * time.Second, "CREATE_IN_PROGRESS", "", 0},
		"all warnings":               {Stack{Conditions: waits(2)}, []string{"Wait WARNING 1", "Wait WARNING 2"}, 0, "CREATE_FAILED", "all signals are warnings", 2},
		"warnings count with others": {Stack{Conditions: waits(2), CountWarnings: true}, []string{"Wait WARNING 1", "Wait SUCCESS 2"}, 0, "CREATE_COMPLETE", "", 2},
		"warnings do not count":      {Stack{Conditions: waits(2)}, []string{"Wait WARNING 1", "Wait SUCCESS 2"}, 0, "CREATE_IN_PROGRESS", "", 2},
		"names conditions":           {Stack{Conditions: waits(1), Signals: NamesCondition}, []string{"Handle SUCCESS 1", "Wait SUCCESS 1"}, 0, "CREATE_COMPLETE", "", 1},
		"names handles":              {Stack{Conditions: waits(1), Signals: NamesHandle}, []string{"Wait SUCCESS 1", "Handle SUCCESS 1"}, 0, "CREATE_COMPLETE", "", 1},
		"one after the other":        {Stack{Conditions: inTurn()}, []string{"Second SUCCESS 1", "First SUCCESS 1", "First SUCCESS 2", "Second SUCCESS 1"}, 0, "CREATE_COMPLETE", "", 2},
	} {
		t.Run(name, func(t *testing.T) {
			s.ResetRequestLog()
			id := s.StartStack(test.stack)
			for _, signal := range test.signals {
				part := strings.Fields(signal)
				c.rosSignal(id, part[0], part[1], part[2], "")
			}
			clk.advance(test.after)
			state, _ := s.Stack(id)
			if state.Status != test.status || !strings.Contains(state.StatusReason, test.reason) || s.Accepted("SignalResource") != test.accepted {
				t.Errorf("%s (%s) after %v, want %s (%s)", state.Status, state.StatusReason, s.RequestLog(), test.status, test.reason)
			}
		})
	}
}

// A condition's time begins when the resources on which it depends are complete.
func TestConditionsStartInTurn(t *testing.T) {
	s, c, clk := start(t, Options{})
	id := s.StartStack(Stack{Conditions: inTurn()})
	clk.advance(time.Minute)
	c.rosSignal(id, "First", "SUCCESS", "1", "").want(t, 200, "")
	for after, want := range []string{"CREATE_IN_PROGRESS", "CREATE_FAILED"} {
		clk.advance(19*time.Second - time.Duration(after)*18*time.Second)
		if state, _ := s.Stack(id); state.Status != want {
			t.Errorf("%s, want %s", state.Status, want)
		}
	}
}

func timed(seconds int) []WaitCondition {
	return []WaitCondition{{Name: "Wait", TimeoutSeconds: seconds}}
}

func inTurn() []WaitCondition {
	return []WaitCondition{{Name: "First"}, {Name: "Second", DependsOn: []string{"First"}, TimeoutSeconds: 20}}
}

func TestClientTokens(t *testing.T) {
	s, c, clk := start(t, Options{})
	id := s.StartStack(Stack{Conditions: waits(10), CountRepeats: true, StillProcessing: 1, TokenSeconds: 60})
	first := c.rosSignal(id, "Wait", "SUCCESS", "u", "token")
	first.want(t, 200, "")
	c.rosSignal(id, "Wait", "SUCCESS", "u", "token").want(t, 400, "LastTokenProcessing")
	again := c.rosSignal(id, "Wait", "SUCCESS", "u", "token")
	again.want(t, 200, "")
	if again.body["RequestId"] != first.body["RequestId"] {
		t.Errorf("the repeat answers %s, the first %s", again.raw, first.raw)
	}
	c.rosSignal(id, "Wait", "WARNING", "u", "token").want(t, 400, "InvalidIdempotenceParameter")
	c.rosSignal(id, "Wait", "SUCCESS", "v", "token").want(t, 400, "InvalidIdempotenceParameter")
	if s.Accepted("SignalResource") != 1 {
		t.Errorf("accepted %v", s.RequestLog())
	}
	state, _ := s.Stack(id)
	if len(state.Signals) != 1 || state.Signals[0].ClientToken != "token" || state.Signals[0].UniqueID != "u" {
		t.Errorf("the stack took %v", state.Signals)
	}
	// A refused request is not remembered.
	c.rosSignal(id, "none", "SUCCESS", "u", "retry").want(t, 404, "ResourceNotFound")
	c.rosSignal(id, "Wait", "SUCCESS", "w", "retry").want(t, 200, "")
	clk.advance(time.Minute)
	c.rosSignal(id, "Wait", "SUCCESS", "u", "token").want(t, 200, "")
	if s.Accepted("SignalResource") != 3 {
		t.Errorf("accepted %v", s.RequestLog())
	}
	// A complete stack still returns the result of the first request.
	done := s.StartStack(Stack{Conditions: waits(1)})
	c.rosSignal(done, "Wait", "SUCCESS", "u", "last").want(t, 200, "")
	c.rosSignal(done, "Wait", "SUCCESS", "u", "last").want(t, 200, "")
	c.rosSignal(done, "Wait", "SUCCESS", "u", "").want(t, 404, "ResourceNotAvailable")
}

func TestStackReads(t *testing.T) {
	s, c, _ := start(t, Options{})
	id := s.StartStack(Stack{Name: "release", Conditions: waits(1)})
	c.ros("GetStack", "StackId", id, "OutputOption", "Sometimes").want(t, 400, "InvalidParameter.OutputOption")
	stack := c.ros("GetStack", "StackId", id, "OutputOption", "Disabled")
	if stack.body["Status"] != "CREATE_IN_PROGRESS" || stack.body["StackName"] != "release" || stack.body["RegionId"] != "cn-hangzhou" {
		t.Errorf("GetStack %s", stack.raw)
	}
	resource := c.ros("GetStackResource", "StackId", id, "LogicalResourceId", "Wait")
	if resource.body["Status"] != "CREATE_IN_PROGRESS" || resource.body["ResourceType"] != "ALIYUN::ROS::WaitCondition" {
		t.Errorf("GetStackResource %s", resource.raw)
	}
	c.ros("GetStackResource", "StackId", id, "LogicalResourceId", "none").want(t, 404, "ResourceNotFound")
	c.ros("GetStack", "StackId", "none").want(t, 404, "StackNotFound")
	c.rosSignal(id, "Wait", "FAILURE", "u", "").want(t, 200, "")
	page := c.ros("ListStackEvents", "StackId", id, "PageSize", "2")
	events, _ := page.body["Events"].([]any)
	if page.body["TotalCount"] != 5.0 || len(events) != 2 || events[0].(map[string]any)["Status"] != "CREATE_FAILED" {
		t.Errorf("ListStackEvents %s", page.raw)
	}
	rest := c.ros("ListStackEvents", "StackId", id, "PageSize", "2", "PageNumber", "3")
	if events, _ := rest.body["Events"].([]any); len(events) != 1 {
		t.Errorf("the last page is %s", rest.raw)
	}
	some := c.ros("ListStackEvents", "StackId", id, "LogicalResourceId.1", "Wait", "Status.1", "CREATE_FAILED")
	if some.body["TotalCount"] != 1.0 {
		t.Errorf("filtered %s", some.raw)
	}
	c.ros("ListStackEvents", "StackId", id, "PageSize", "51").want(t, 400, "InvalidParameter.PageSize")
	if s.Accepted("GetStack")+s.Accepted("ListStackEvents") != 0 {
		t.Error("a read was accepted as a signal")
	}
}

// A stack takes its time before and after its conditions.
func TestStacksSleep(t *testing.T) {
	s, c, clk := start(t, Options{})
	stack := func(last Sleep) Stack {
		last.Name, last.DependsOn = "After", []string{"Wait"}
		return Stack{
			Conditions: []WaitCondition{{Name: "Wait", DependsOn: []string{"Before"}}},
			Sleeps:     []Sleep{last, {Name: "Before", Seconds: 30}},
		}
	}
	for name, test := range map[string]struct {
		last           Sleep
		status, reason string
	}{
		"well":  {Sleep{Seconds: 20}, "CREATE_COMPLETE", "completed"},
		"badly": {Sleep{Seconds: 20, Fail: "the disk is full"}, "CREATE_FAILED", "the disk is full"},
		"never": {Sleep{Seconds: 20, Hold: true}, "CREATE_IN_PROGRESS", "started"},
	} {
		t.Run(name, func(t *testing.T) {
			id := s.StartStack(stack(test.last))
			clk.advance(29 * time.Second)
			c.rosSignal(id, "Wait", "SUCCESS", "1", "").want(t, 404, "ResourceNotAvailable")
			clk.advance(time.Second)
			c.rosSignal(id, "Wait", "SUCCESS", "1", "").want(t, 200, "")
			clk.advance(19 * time.Second)
			if state, _ := s.Stack(id); state.Status != "CREATE_IN_PROGRESS" {
				t.Errorf("it is %s before its time", state.Status)
			}
			clk.advance(time.Second)
			if state, _ := s.Stack(id); state.Status != test.status || !strings.Contains(state.StatusReason, test.reason) {
				t.Errorf("it is %s (%s), want %s (%s)", state.Status, state.StatusReason, test.status, test.reason)
			}
		})
	}
}

// Changes happen in the order in which they are due, whenever the stack is read.
func TestStacksMoveInOrder(t *testing.T) {
	s, _, clk := start(t, Options{})
	for at, want := range map[int]string{10: "the disk is full", 30: "WaitConditionTimeout"} {
		id := s.StartStack(Stack{Conditions: timed(20), Sleeps: []Sleep{{Name: "Before", Seconds: at, Fail: "the disk is full"}}})
		clk.advance(time.Minute)
		if state, _ := s.Stack(id); !strings.Contains(state.StatusReason, want) {
			t.Errorf("it failed with %q, want %q", state.StatusReason, want)
		}
	}
}

func TestStacksRollBack(t *testing.T) {
	s, c, clk := start(t, Options{})
	for name, test := range map[string]struct {
		action           string
		rollback         Rollback
		running, status  string
		resource, reason string
	}{
		"a creation":            {"CREATE", Rollback{Seconds: 20}, "CREATE_ROLLBACK_IN_PROGRESS", "CREATE_ROLLBACK_COMPLETE", "", ""},
		"an update":             {"UPDATE", Rollback{Seconds: 20}, "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE", "UPDATE_FAILED", ""},
		"a creation, in vain":   {"CREATE", Rollback{Seconds: 20, Fail: "in use"}, "CREATE_ROLLBACK_IN_PROGRESS", "CREATE_ROLLBACK_FAILED", "CREATE_FAILED", "reported a failure"},
		"without taking a time": {"CREATE", Rollback{}, "CREATE_ROLLBACK_COMPLETE", "CREATE_ROLLBACK_COMPLETE", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			id := s.StartStack(Stack{Action: test.action, Conditions: waits(1), Rollback: &test.rollback})
			c.rosSignal(id, "Wait", "FAILURE", "1", "").want(t, 200, "")
			if stack := c.ros("GetStack", "StackId", id); stack.body["Status"] != test.running || stack.body["RollbackFailedRootReason"] != nil {
				t.Errorf("after the failure GetStack %s", stack.raw)
			}
			c.rosSignal(id, "Wait", "SUCCESS", "2", "")
			clk.advance(20 * time.Second)
			stack := c.ros("GetStack", "StackId", id)
			why, _ := stack.body["RollbackFailedRootReason"].(string)
			if stack.body["Status"] != test.status || !strings.Contains(why, test.reason) || (why == "") != (test.reason == "") {
				t.Errorf("after the rollback GetStack %s", stack.raw)
			}
			resource := c.ros("GetStackResource", "StackId", id, "LogicalResourceId", "Wait")
			if status, _ := resource.body["Status"].(string); status != test.resource {
				t.Errorf("after the rollback GetStackResource %s", resource.raw)
			}
			if state, _ := s.Stack(id); len(state.Signals) != 1 {
				t.Errorf("the stack took %v", state.Signals)
			}
		})
	}
}

func TestResourcesWhoseTurnHasNotCome(t *testing.T) {
	s, c, clk := start(t, Options{})
	for unbegun, want := range map[Unbegun]any{"": "INIT_COMPLETE", UnbegunInit: "INIT_COMPLETE", UnbegunBlank: nil, UnbegunAbsent: "ResourceNotFound"} {
		id := s.StartStack(Stack{
			Conditions: []WaitCondition{{Name: "Wait", DependsOn: []string{"Before"}}}, Sleeps: []Sleep{{Name: "Before", Seconds: 5}}, Unbegun: unbegun,
		})
		read := func() acsAnswer { return c.ros("GetStackResource", "StackId", id, "LogicalResourceId", "Wait") }
		a := read()
		shown := a.body["Status"]
		if code := a.body["Code"]; code != nil {
			shown = code
		}
		if shown != want {
			t.Errorf("%q shows %s", unbegun, a.raw)
		}
		clk.advance(5 * time.Second)
		if a := read(); a.body["Status"] != "CREATE_IN_PROGRESS" {
			t.Errorf("%q shows %s after the resource has begun", unbegun, a.raw)
		}
	}
}

func TestStackReadsLag(t *testing.T) {
	s, c, clk := start(t, Options{ReadLag: 10 * time.Second})
	id := s.StartStack(Stack{Conditions: waits(1)})
	want := func(stack, resource string) {
		t.Helper()
		a, b := c.ros("GetStack", "StackId", id), c.ros("GetStackResource", "StackId", id, "LogicalResourceId", "Wait")
		if a.body["Status"] != stack || b.body["Status"] != resource {
			t.Errorf("shows %s and %s, want %s and %s", a.raw, b.raw, stack, resource)
		}
	}
	want("CREATE_IN_PROGRESS", "INIT_COMPLETE")
	clk.advance(10 * time.Second)
	want("CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS")
	c.rosSignal(id, "Wait", "SUCCESS", "1", "").want(t, 200, "")
	clk.advance(9 * time.Second)
	want("CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS")
	clk.advance(time.Second)
	want("CREATE_COMPLETE", "CREATE_COMPLETE")
}

func TestACSFaults(t *testing.T) {
	s, c, _ := start(t, Options{RetryAfter: 1500 * time.Millisecond})
	id := s.StartStack(Stack{Conditions: waits(9)})
	signal := func(k Kind) acsAnswer {
		s.Inject(Fault{Operation: "ros:SignalResource", Kind: k, Times: 1})
		return c.rosSignal(id, "Wait", "SUCCESS", "u", string(k))
	}
	throttled := signal(KindThrottle)
	throttled.want(t, 400, "Throttling.User")
	if got := throttled.header.Get("x-acs-retry-after"); got != "1500" {
		t.Errorf("x-acs-retry-after %q", got)
	}
	refused := signal(KindRefuse)
	refused.want(t, 403, "NoPermission")
	if refused.header.Get("x-acs-retry-after") != "" {
		t.Error("a refusal asks for another attempt")
	}
	signal(KindExpired).want(t, 400, "InvalidSecurityToken.Expired")
	signal(KindErrorBefore).want(t, 500, "InternalError")
	signal(KindErrorAfter).want(t, 500, "InternalError")
	if s.Accepted("SignalResource") != 1 {
		t.Errorf("accepted %v", s.RequestLog())
	}
}

// ram makes a request of Alibaba Cloud's STS, without the parameters that are empty.
func (c *client) ram(action string, pairs ...string) acsAnswer {
	v := values(pairs...)
	for name := range v {
		if v.Get(name) == "" {
			v.Del(name)
		}
	}
	return c.acs("2015-04-01", action, nil, v)
}

// takeSession makes the client sign with the keys of a session from now on.
func (c *client) takeSession(t *testing.T, s *Sandbox, granted acsAnswer, operation string, expires time.Time) {
	t.Helper()
	if e := s.last(t); e.Service != "ramsts" || e.Operation != operation || !e.Accepted {
		t.Errorf("request log %+v", e)
	}
	keys, _ := granted.body["Credentials"].(map[string]any)
	if keys["Expiration"] != expires.Format(acsDate) {
		t.Errorf("expires %v", keys["Expiration"])
	}
	c.key, c.secret, c.token = keys["AccessKeyId"].(string), keys["AccessKeySecret"].(string), keys["SecurityToken"].(string)
}

func TestRAMAssumeRole(t *testing.T) {
	s, c, clk := start(t, Options{Credentials: map[string]Secret{
		"sandbox-access-key": {SecretKey: "sandbox-secret-key"},
		"denied":             {SecretKey: "d", Denied: []string{"sts:AssumeRole"}},
	}})
	id := s.StartStack(Stack{Conditions: waits(2)})
	assume := func(pairs ...string) acsAnswer {
		return c.ram("AssumeRole", append([]string{"RoleArn", "acs:ram::1234567890123456:role/deploy", "RoleSessionName", "session"}, pairs...)...)
	}
	for code, pairs := range map[string][]string{
		"MissingRoleArn":                   {"RoleArn", ""},
		"MissingRoleSessionName":           {"RoleSessionName", ""},
		"InvalidParameter.RoleArn":         {"RoleArn", "arn:aws:iam::123456789012:role/x"},
		"InvalidParameter.RoleSessionName": {"RoleSessionName", "a b"},
		"InvalidParameter.DurationSeconds": {"DurationSeconds", "899"},
		"InvalidParameter.ExternalId":      {"ExternalId", "x"},
		"InvalidParameter.Policy":          {"Policy", "{"},
	} {
		assume(pairs...).want(t, 400, code)
	}
	granted := assume("DurationSeconds", "900")
	granted.want(t, 200, "")
	c.takeSession(t, s, granted, "AssumeRole", clk.now().Add(15*time.Minute))
	c.rosSignal(id, "Wait", "SUCCESS", "u", "").want(t, 200, "")
	clk.advance(15 * time.Minute)
	c.rosSignal(id, "Wait", "SUCCESS", "v", "").want(t, 400, "InvalidSecurityToken.Expired")
	c.key, c.secret, c.token = "denied", "d", ""
	assume().want(t, 403, "NoPermission")
}

// The token is the credential, so the request needs no signature.
func TestRAMAssumeRoleWithOIDC(t *testing.T) {
	s, c, clk := start(t, Options{WebIdentityToken: "good-token"})
	id := s.StartStack(Stack{Conditions: waits(2)})
	assume := func(pairs ...string) acsAnswer {
		c.tamper = func(r *http.Request) { r.Header.Del("Authorization") }
		defer func() { c.tamper = nil }()
		return c.ram("AssumeRoleWithOIDC", append([]string{
			"RoleArn", "acs:ram::1234567890123456:role/pod", "RoleSessionName", "session", "OIDCProviderArn", "acs:ram::1234567890123456:oidc-provider/ack", "OIDCToken", "good-token",
		}, pairs...)...)
	}
	for code, pairs := range map[string][]string{
		"MissingRoleArn":                       {"RoleArn", ""},
		"MissingRoleSessionName":               {"RoleSessionName", ""},
		"MissingOIDCProviderArn":               {"OIDCProviderArn", ""},
		"MissingOIDCToken":                     {"OIDCToken", ""},
		"InvalidParameter.RoleArn":             {"RoleArn", "arn:aws:iam::123456789012:role/x"},
		"InvalidParameter.OIDCProviderArn":     {"OIDCProviderArn", "https://issuer.example"},
		"InvalidParameter.DurationSeconds":     {"DurationSeconds", "899"},
		"InvalidParameter.Policy":              {"Policy", "{"},
		"AuthenticationFail.OIDCToken.Invalid": {"OIDCToken", "another-token"},
	} {
		assume(pairs...).want(t, 400, code)
	}
	granted := assume("DurationSeconds", "900")
	granted.want(t, 200, "")
	c.takeSession(t, s, granted, "AssumeRoleWithOIDC", clk.now().Add(15*time.Minute))
	c.rosSignal(id, "Wait", "SUCCESS", "u", "").want(t, 200, "")
}

func TestStackAdmin(t *testing.T) {
	s, c, _ := start(t, Options{})
	var made struct{ ID string }
	if status := c.admin("POST", "ros/stacks", `{"ID":"mine","Conditions":[{"Name":"Wait","Count":2}],"Signals":"handle"}`, &made); status != 200 || made.ID != "mine" {
		t.Fatalf("%d %+v", status, made)
	}
	c.rosSignal("mine", "WaitHandle", "SUCCESS", "u", "").want(t, 200, "")
	var state StackState
	if status := c.admin("GET", "ros/stacks/mine", "", &state); status != 200 || len(state.Signals) != 1 || state.Status != "CREATE_IN_PROGRESS" {
		t.Errorf("%d %+v", status, state)
	}
	var all []StackState
	if c.admin("GET", "ros/stacks", "", &all); len(all) != 1 {
		t.Errorf("%d stacks", len(all))
	}
	for body, want := range map[string]int{
		`{}`: 400, `{"Conditions":[{"Name":"A"}],"Action":"DELETE"}`: 400, `{"Conditions":[{"Name":"A"},{"Name":"A"}]}`: 400,
		`{"Conditions":[{"Name":"A","DependsOn":["B"]}]}`: 400, `{"Conditions":[{"Name":"A","Cuont":2}]}`: 400,
		`{"Conditions":[{"Name":"A"}],"Sleeps":[{"Name":"A"}]}`: 400, `{"Conditions":[{"Name":"A"}],"Sleeps":[{"Name":"B","Seconds":-1}]}`: 400,
		`{"Conditions":[{"Name":"A","DependsOn":["B"]}],"Sleeps":[{"Name":"B","DependsOn":["A"]}]}`: 400,
		`{"Conditions":[{"Name":"A","DependsOn":["A"]}]}`:                                           400, `{"Conditions":[{"Name":"A"}],"Unbegun":"anything"}`: 400,
		`{"Conditions":[{"Name":"A"}],"Rollback":{"Seconds":-1}}`: 400,
		`{"Conditions":[{"Name":"A"}],"Signals":"anything"}`:      400, `{"Conditions":[{"Name":"A","Count":-1}]}`: 400,
	} {
		if status := c.admin("POST", "ros/stacks", body, nil); status != want {
			t.Errorf("%s: status %d", body, status)
		}
	}
	for _, want := range []int{200, 404} {
		if status := c.admin("DELETE", "ros/stacks/mine", "", nil); status != want {
			t.Errorf("removing answers %d, want %d", status, want)
		}
	}
	c.ros("GetStack", "StackId", "mine").want(t, 404, "StackNotFound")
	c.admin("POST", "reset", "", nil)
	if status := c.admin("GET", "ros/stacks/mine", "", nil); status != 404 || len(s.RequestLog()) != 0 {
		t.Errorf("after a reset: %d", status)
	}
}

func TestListStacks(t *testing.T) {
	s, c, _ := start(t, Options{})
	first := s.StartStack(Stack{Name: "web", Conditions: waits(1)})
	second := s.StartStack(Stack{Name: "database", Conditions: waits(1)})
	s.StartStack(Stack{Name: "web-Nested", Parent: first, Conditions: waits(1)})
	s.StartStack(Stack{Name: "web", Region: "cn-beijing", Conditions: waits(1)})
	c.rosSignal(second, "Wait", "SUCCESS", "1", "").want(t, 200, "")
	for _, test := range []struct {
		parameters []string
		want       string
	}{
		{nil, "database CREATE_COMPLETE, web CREATE_IN_PROGRESS"},
		{[]string{"ShowNestedStack", "true"}, "database CREATE_COMPLETE, web CREATE_IN_PROGRESS, web-Nested CREATE_IN_PROGRESS"},
		{[]string{"ShowNestedStack", "true", "ParentStackId", first}, "web-Nested CREATE_IN_PROGRESS"},
		{[]string{"StackName.1", "web"}, "web CREATE_IN_PROGRESS"},
		{[]string{"StackName.1", "none", "StackName.2", "database"}, "database CREATE_COMPLETE"},
		{[]string{"StackIds.1", first}, "web CREATE_IN_PROGRESS"},
		{[]string{"StackId", second}, "database CREATE_COMPLETE"},
		{[]string{"Status.1", "CREATE_COMPLETE"}, "database CREATE_COMPLETE"},
		{[]string{"PageSize", "1", "PageNumber", "3"}, ""},
	} {
		a := c.ros("ListStacks", test.parameters...)
		a.want(t, 200, "")
		names := []string{}
		for _, one := range a.body["Stacks"].([]any) {
			stack := one.(map[string]any)
			names = append(names, fmt.Sprint(stack["StackName"], " ", stack["Status"]))
		}
		slices.Sort(names)
		if got := strings.Join(names, ", "); got != test.want {
			t.Errorf("%v lists %q, want %q", test.parameters, got, test.want)
		}
	}
	for _, wrong := range [][]string{
		{"PageSize", "51", "PageSize"}, {"PageNumber", "0", "PageNumber"}, {"ParentStackId", first, "ShowNestedStack"}, {"ShowNestedStack", "maybe", "ShowNestedStack"},
		{"StackName.1", "1", "StackName.2", "2", "StackName.3", "3", "StackName.4", "4", "StackName.5", "5", "StackName.6", "6", "StackName"},
	} {
		last := len(wrong) - 1
		c.ros("ListStacks", wrong[:last]...).want(t, 400, "InvalidParameter."+wrong[last])
	}
}
