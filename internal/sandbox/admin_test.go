package sandbox

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

func unsigned(r *http.Request) { r.Header.Del("Authorization") }

func (c *client) admin(method, path, body string, out any) int {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.url+"/_sandbox/"+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	a := c.do(r)
	if a.err != nil {
		c.t.Fatal(a.err)
	}
	if out != nil {
		if err := json.Unmarshal([]byte(a.raw), out); err != nil {
			c.t.Fatalf("%v: %s", err, a.raw)
		}
	}
	return a.status
}

func TestAdminScenario(t *testing.T) {
	s, c, _ := start(t, Options{})
	var routes map[string]string
	if c.admin("GET", "", "", &routes); routes["POST /_sandbox/ssm/executions"] == "" {
		t.Errorf("routes %v", routes)
	}
	var made struct{ ID string }
	if status := c.admin("POST", "ssm/executions", `{"ID":"`+fixedID+`","Steps":[{"Name":"approve","Action":"aws:approve"}]}`, &made); status != 200 || made.ID != fixedID {
		t.Fatalf("%d %+v", status, made)
	}
	if status := c.admin("POST", "faults", `{"Operation":"SendAutomationSignal","Kind":"throttle","Times":1}`, nil); status != 200 {
		t.Fatalf("status %d", status)
	}
	c.admin("POST", "faults", `{"Operation":"Other","Kind":"delay","Delay":"250ms"}`, nil)
	if f := s.Faults(); len(f) != 2 || f[0].Times != 1 || f[1].Delay != 250*time.Millisecond {
		t.Errorf("faults %+v", f)
	}
	var faults []Fault
	if c.admin("GET", "faults", "", &faults); len(faults) != 2 || faults[1].Delay != 250*time.Millisecond {
		t.Errorf("faults %+v", faults)
	}
	c.signal(fixedID, "Approve", "", "").want(t, 400, "ThrottlingException")
	c.signal(fixedID, "Approve", "Comment", "ok").want(t, 200, "")

	var requests []Request
	c.admin("GET", "requests", "", &requests)
	if len(requests) != 2 || requests[0].Fault != "throttle" || !requests[1].Accepted {
		t.Errorf("request log %+v", requests)
	}
	var state struct {
		executionView
		Signals []Signal
	}
	if c.admin("GET", "ssm/executions/"+fixedID, "", &state); state.AutomationExecutionStatus != "Success" || len(state.Signals) != 1 || state.Signals[0].Payload["Comment"][0] != "ok" {
		t.Errorf("state %+v", state)
	}
	var all []json.RawMessage
	if c.admin("GET", "ssm/executions", "", &all); len(all) != 1 {
		t.Errorf("%d executions", len(all))
	}
	c.admin("DELETE", "faults", "", nil)
	c.admin("DELETE", "requests", "", nil)
	if len(s.Faults()) != 0 || len(s.RequestLog()) != 0 {
		t.Error("faults or request log were kept")
	}
	s.Hook("SendAutomationSignal", func() { t.Error("a hook outlived the reset") }, nil)
	s.Inject(Fault{Operation: "*", Kind: KindDropBefore})
	c.admin("POST", "reset", "", nil)
	c.signal(fixedID, "Approve", "", "").want(t, 400, "AutomationExecutionNotFoundException")
	if n := len(s.RequestLog()); n != 1 {
		t.Errorf("%d entries; administrative requests must not be in the request log", n)
	}
}

func TestAdminRefuses(t *testing.T) {
	s, c, _ := start(t, Options{})
	for request, want := range map[string]int{
		"POST faults " + `{"Operation":"*","Kind":"typo"}`:                 400,
		"POST faults " + `{"Operation":"*","Kind":"stall","Tmies":1}`:      400,
		"POST faults " + `{"Operation":"*","Kind":"delay","Delay":"soon"}`: 400,
		"POST faults " + `{`:                    400,
		"POST ssm/executions " + `{"Steps":[]}`: 400,
		"POST ssm/executions " + `{"Steps":[{"Name":"a","Action":"b","Holdd":1}]}`: 400,
		"GET ssm/executions/none ": 404,
		"GET nonsense ":            404,
		"PUT requests ":            405,
	} {
		part := strings.SplitN(request, " ", 3)
		if got := c.admin(part[0], part[1], part[2], nil); got != want {
			t.Errorf("%s: status %d, want %d", request, got, want)
		}
	}
	if len(s.Faults()) != 0 {
		t.Error("an invalid fault was injected")
	}
}
