package sandbox

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

// cloudFormation makes a request like a client of CloudFormation, with members as
// "Name=value".
func (c *client) cloudFormation(operation string, members ...string) answer {
	c.t.Helper()
	c.service = "cloudformation"
	form := url.Values{"Action": {operation}, "Version": {"2010-05-15"}}
	for _, member := range members {
		name, value, _ := strings.Cut(member, "=")
		form.Set(name, value)
	}
	return c.do(c.request(context.Background(), map[string]string{"content-type": "application/x-www-form-urlencoded"}, form.Encode()))
}

func (c *client) signalStack(resource, id, status string) answer {
	c.t.Helper()
	return c.cloudFormation("SignalResource", "StackName=web", "LogicalResourceId="+resource, "UniqueId="+id, "Status="+status)
}

// refuses checks that an answer is a refusal with this text.
func (a answer) refuses(t *testing.T, status int, code, words string) {
	t.Helper()
	var e struct {
		XMLName   xml.Name
		Type      string `xml:"Error>Type"`
		Code      string `xml:"Error>Code"`
		Message   string `xml:"Error>Message"`
		RequestID string `xml:"RequestId"`
	}
	if err := xml.Unmarshal([]byte(a.raw), &e); err != nil || a.status != status || e.Code != code || e.Type != "Sender" || e.RequestID != a.header.Get("X-Amzn-Requestid") ||
		!strings.Contains(e.Message, words) || e.XMLName.Local != "ErrorResponse" {
		t.Errorf("answered %d %s, want %d %s %q", a.status, a.raw, status, code, words)
	}
}

func (a answer) accepts(t *testing.T) {
	t.Helper()
	if a.status != 200 || !strings.HasPrefix(a.raw, `<SignalResourceResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><ResponseMetadata><RequestId>`) {
		t.Errorf("answered %d %s", a.status, a.raw)
	}
}

// stackLine returns the stack's status and its events, newest first.
func (c *client) stackLine() string {
	c.t.Helper()
	a := c.cloudFormation("DescribeStacks", "StackName=web")
	var stacks struct {
		Status []string `xml:"DescribeStacksResult>Stacks>member>StackStatus"`
	}
	if err := xml.Unmarshal([]byte(a.raw), &stacks); err != nil || a.status != 200 {
		return a.raw
	}
	line, token := strings.Join(stacks.Status, " ")+":", ""
	for {
		members := []string{"StackName=web"}
		if token != "" {
			members = append(members, "NextToken="+token)
		}
		b := c.cloudFormation("DescribeStackEvents", members...)
		var page struct {
			Events []CloudFormationEvent `xml:"DescribeStackEventsResult>StackEvents>member"`
			Next   string                `xml:"DescribeStackEventsResult>NextToken"`
		}
		if err := xml.Unmarshal([]byte(b.raw), &page); err != nil {
			c.t.Fatal(b.raw)
		}
		for _, e := range page.Events {
			line += fmt.Sprintf(" %s/%s/%s", e.LogicalResourceID, e.ResourceStatus, e.ResourceStatusReason)
		}
		if token = page.Next; token == "" {
			return line
		}
	}
}

func TestCloudFormationSignals(t *testing.T) {
	s, c, clk := start(t, Options{})
	s.StartCloudFormationStack(CloudFormationStack{Name: "web", PageSize: 2, Resources: []CloudFormationResource{
		{Name: "Handle", Type: cloudFormationHandleType}, {Name: "Hosts", Type: "AWS::AutoScaling::AutoScalingGroup", Signals: 2}, {Name: "After", Seconds: 10, DependsOn: []string{"Hosts"}},
	}})
	c.signalStack("Hosts", "i-1", "SUCCESS").accepts(t)
	c.signalStack("Hosts", "i-1", "SUCCESS").refuses(t, 400, "ValidationError", "Signal with ID i-1 for resource Hosts already exists")
	c.signalStack("Handle", "i-1", "SUCCESS").refuses(t, 400, "ValidationError", "cannot be signaled")
	c.signalStack("After", "i-1", "SUCCESS").refuses(t, 400, "ValidationError", "Resource After does not exist")
	c.signalStack("Nothing", "i-1", "SUCCESS").refuses(t, 400, "ValidationError", "Resource Nothing does not exist")
	c.signalStack("Hosts", "i-2", "SUCCESS").accepts(t)
	c.signalStack("Hosts", "i-3", "SUCCESS").refuses(t, 400, "ValidationError", "Resource Hosts is in CREATE_COMPLETE state and cannot be signaled")
	if got, want := c.stackLine(), "CREATE_IN_PROGRESS: After/CREATE_IN_PROGRESS/ Hosts/CREATE_COMPLETE/ Hosts/CREATE_IN_PROGRESS/Received SUCCESS signal with UniqueId i-2 "+
		"Hosts/CREATE_IN_PROGRESS/Received SUCCESS signal with UniqueId i-1 Hosts/CREATE_IN_PROGRESS/ Handle/CREATE_COMPLETE/ Handle/CREATE_IN_PROGRESS/ web/CREATE_IN_PROGRESS/User Initiated"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	clk.advance(11 * time.Second)
	c.signalStack("Hosts", "i-1", "SUCCESS").refuses(t, 400, "ValidationError", "is in CREATE_COMPLETE state and cannot be signaled")
	state, _ := s.CloudFormationStack("web")
	if len(state.Signals) != 2 || state.Status != "CREATE_COMPLETE" || s.Accepted("CloudFormation.SignalResource") != 2 || !s.RemoveCloudFormationStack("web") {
		t.Errorf("state %+v", state)
	}
	c.signalStack("Hosts", "i-1", "SUCCESS").refuses(t, 400, "ValidationError", "does not exist")
}

// A FAILURE fails the stack at once. The stack also takes it if it already has a signal
// with that id.
func TestCloudFormationFailures(t *testing.T) {
	for name, test := range map[string]struct {
		stack CloudFormationStack
		ends  string
	}{
		"creation":                {CloudFormationStack{}, "CREATE_FAILED"},
		"creation, rolled back":   {CloudFormationStack{Rollback: &Rollback{}}, "ROLLBACK_COMPLETE"},
		"update, rolled back":     {CloudFormationStack{Action: "UPDATE", Rollback: &Rollback{}}, "UPDATE_ROLLBACK_COMPLETE"},
		"rollback fails, as well": {CloudFormationStack{Action: "UPDATE", Rollback: &Rollback{Fail: "no"}}, "UPDATE_ROLLBACK_FAILED"},
	} {
		t.Run(name, func(t *testing.T) {
			s, c, _ := start(t, Options{})
			test.stack.Name, test.stack.Resources = "web", []CloudFormationResource{{Name: "Hosts", Signals: 2}, {Name: "Other", Hold: true}}
			s.StartCloudFormationStack(test.stack)
			c.signalStack("Hosts", "i-1", "SUCCESS").accepts(t)
			c.signalStack("Hosts", "i-1", "FAILURE").accepts(t)
			if got := c.stackLine(); !strings.HasPrefix(got, test.ends+":") || !strings.Contains(got, "_FAILED/Received FAILURE signal with UniqueId i-1 ") {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestCloudFormationTime(t *testing.T) {
	s, c, clk := start(t, Options{ReadLag: 2 * time.Second})
	s.StartCloudFormationStack(CloudFormationStack{Name: "web", StartSeconds: 5, Resources: []CloudFormationResource{{Name: "Hosts", Signals: 2, TimeoutSeconds: 30}}})
	for operation, words := range map[string]string{"DescribeStacks": "Stack with id web does not exist", "DescribeStackEvents": "Stack [web] does not exist", "DescribeStackResource": "Stack 'web' does not exist"} {
		c.cloudFormation(operation, "StackName=web", "LogicalResourceId=Hosts").refuses(t, 400, "ValidationError", words)
	}
	clk.advance(5 * time.Second)
	c.cloudFormation("DescribeStackResource", "StackName=web", "LogicalResourceId=Hosts").refuses(t, 400, "ValidationError", "Resource Hosts does not exist for stack web")
	c.signalStack("Hosts", "i-1", "SUCCESS").accepts(t)
	if got := c.stackLine(); strings.Contains(got, "Received") {
		t.Errorf("reads do not lag behind: %s", got)
	}
	clk.advance(2 * time.Second)
	if got := c.stackLine(); !strings.Contains(got, "Received SUCCESS") {
		t.Errorf("got %s", got)
	}
	clk.advance(33 * time.Second)
	if got := c.stackLine(); !strings.HasPrefix(got, "CREATE_FAILED: ") || !strings.Contains(got, "Failed to receive 1 resource signal(s) within the specified duration") {
		t.Errorf("got %s", got)
	}
}

// A stack whose update has not begun yet is complete, and takes no signal.
func TestCloudFormationUpdates(t *testing.T) {
	s, c, clk := start(t, Options{})
	s.StartCloudFormationStack(CloudFormationStack{Name: "web", Action: "UPDATE", StartSeconds: 5, Resources: []CloudFormationResource{{Name: "Hosts", Signals: 1}}})
	if got := c.stackLine(); got != "CREATE_COMPLETE: web/CREATE_COMPLETE/ Hosts/CREATE_COMPLETE/" {
		t.Errorf("got %s", got)
	}
	c.signalStack("Hosts", "i-1", "SUCCESS").refuses(t, 400, "ValidationError", "is in CREATE_COMPLETE state and cannot be signaled")
	clk.advance(5 * time.Second)
	c.signalStack("Hosts", "i-1", "SUCCESS").accepts(t)
	if got := c.stackLine(); !strings.HasPrefix(got, "UPDATE_COMPLETE: web/UPDATE_COMPLETE/ Hosts/UPDATE_COMPLETE/ Hosts/UPDATE_IN_PROGRESS/Received SUCCESS") {
		t.Errorf("got %s", got)
	}
}

func TestCloudFormationRequestsRefused(t *testing.T) {
	s, c, _ := start(t, Options{Credentials: map[string]Secret{
		"sandbox-access-key": {SecretKey: "sandbox-secret-key"}, "denied": {SecretKey: "s", Denied: []string{"cloudformation:SignalResource"}},
	}})
	s.StartCloudFormationStack(CloudFormationStack{Name: "web", Resources: []CloudFormationResource{{Name: "Hosts", Signals: 2}}})
	for _, members := range []string{
		"LogicalResourceId=Hosts&UniqueId=u&Status=SUCCESS", "StackName=web&UniqueId=u&Status=SUCCESS", "StackName=web&LogicalResourceId=Hosts&Status=SUCCESS",
		"StackName=web&LogicalResourceId=Hosts&UniqueId=u", "StackName=1web&LogicalResourceId=Hosts&UniqueId=u&Status=SUCCESS",
		"StackName=web&LogicalResourceId=Hosts&UniqueId=u&Status=success", "StackName=web&LogicalResourceId=Hosts&UniqueId=&Status=SUCCESS",
		"StackName=web&LogicalResourceId=Hosts&UniqueId=" + strings.Repeat("u", 65) + "&Status=SUCCESS",
	} {
		c.cloudFormation("SignalResource", strings.Split(members, "&")...).refuses(t, 400, "ValidationError", "failed to satisfy constraint")
	}
	c.cloudFormation("CreateStack").refuses(t, 400, "InvalidAction", "CreateStack")
	c.cloudFormation("SignalResource", "Version=2010-05-16").refuses(t, 400, "InvalidAction", "2010-05-16")
	c.key, c.secret = "denied", "s"
	c.signalStack("Hosts", "u", "SUCCESS").refuses(t, 403, "AccessDenied", "cloudformation:SignalResource on resource: arn:aws:cloudformation:us-east-1:123456789012:stack/web/*")
	c.secret = "wrong"
	c.signalStack("Hosts", "u", "SUCCESS").refuses(t, 403, "SignatureDoesNotMatch", "signature")
	if s.Accepted("CloudFormation.SignalResource") != 0 {
		t.Error("a refused request was accepted")
	}
}

// A stack's options decide what the documents leave open.
func TestCloudFormationUnknowns(t *testing.T) {
	s, c, _ := start(t, Options{})
	s.StartCloudFormationStack(CloudFormationStack{Name: "web", KnowsIDsFirst: true, TakesAny: true, Resources: []CloudFormationResource{{Name: "Hosts", Signals: 1}, {Name: "Other", Signals: 1}}})
	c.signalStack("Hosts", "i-1", "SUCCESS").accepts(t)
	c.signalStack("Hosts", "i-2", "SUCCESS").accepts(t)
	c.signalStack("Other", "i-1", "SUCCESS").accepts(t)
	c.signalStack("Hosts", "i-1", "SUCCESS").refuses(t, 400, "ValidationError", "already exists")
	c.signalStack("Hosts", "i-3", "SUCCESS").refuses(t, 400, "ValidationError", "cannot be signaled")
}

func TestCloudFormationDescriptions(t *testing.T) {
	waits := CloudFormationResource{Name: "a", Signals: 1}
	for _, d := range []CloudFormationStack{
		{}, {Name: "1"}, {Action: "DELETE", Resources: []CloudFormationResource{waits}}, {Resources: []CloudFormationResource{waits, waits}}, {Resources: []CloudFormationResource{{}}},
		{Resources: []CloudFormationResource{{Name: "a", DependsOn: []string{"b"}}}}, {Resources: []CloudFormationResource{{Name: "a", Signals: -1}}},
	} {
		if d.check() == nil {
			t.Errorf("took %+v", d)
		}
	}
}
