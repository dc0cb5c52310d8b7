package cloudformation_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

const (
	send      = "CloudFormation.SignalResource"
	describe  = "CloudFormation.DescribeStacks"
	resource  = "CloudFormation.DescribeStackResource"
	events    = "CloudFormation.DescribeStackEvents"
	handleURL = "presigned URL"
)

func hosts(signals int, dependsOn ...string) sandbox.CloudFormationResource {
	return sandbox.CloudFormationResource{Name: "Hosts", Type: "AWS::AutoScaling::AutoScalingGroup", Signals: signals, DependsOn: dependsOn}
}

func stack(resources ...sandbox.CloudFormationResource) sandbox.CloudFormationStack {
	return sandbox.CloudFormationStack{Name: "web", Resources: resources}
}

// start starts a provider and one stack, and returns the arguments of the signal to its
// hosts.
func start(t *testing.T, of sandbox.CloudFormationStack) (*sandbox.Sandbox, *acctest.Resource, acctest.Values) {
	t.Helper()
	s := acctest.Sandbox(t, sandbox.Options{})
	s.StartCloudFormationStack(of)
	return s, acctest.StartProvider(t, acctest.Block(s.URL())).Resource("signal_cloudformation_resource"), minimal
}

func state(t *testing.T, s *sandbox.Sandbox, config acctest.Values) sandbox.CloudFormationStackState {
	t.Helper()
	state, ok := s.CloudFormationStack(config["stack_name"].(string))
	if !ok {
		t.Fatalf("there is no stack %s", config["stack_name"])
	}
	return state
}

// outcome checks the delivery of a signal, and how often it was sent and taken.
func outcome(t *testing.T, s *sandbox.Sandbox, r *acctest.Resource, delivery string, sends, taken int) {
	t.Helper()
	if r.String("delivery") != delivery || s.Count(send) != sends || s.Accepted(send) != taken {
		t.Errorf("delivery is %q after %d sends of which %d were taken, want %q after %d and %d: %v",
			r.String("delivery"), s.Count(send), s.Accepted(send), delivery, sends, taken, s.RequestLog())
	}
}

func TestSignalsMoveStacks(t *testing.T) {
	for name, test := range map[string]struct {
		of     sandbox.CloudFormationStack
		change acctest.Values
		ends   string
	}{
		"success":            {stack(hosts(1)), nil, "CREATE_COMPLETE"},
		"success on the way": {stack(hosts(2)), nil, "CREATE_IN_PROGRESS"},
		"success of update":  {sandbox.CloudFormationStack{Name: "web", Action: "UPDATE", Resources: []sandbox.CloudFormationResource{hosts(1)}}, nil, "UPDATE_COMPLETE"},
		"failure":            {stack(hosts(2)), acctest.Values{"status": "FAILURE"}, "CREATE_FAILED"},
	} {
		t.Run(name, func(t *testing.T) {
			s, r, config := start(t, test.of)
			if diags := r.Apply(config.With(test.change)); len(diags) > 0 {
				t.Fatal(diags)
			}
			if got := state(t, s, config); got.Status != test.ends || len(got.Signals) != 1 || len(s.RequestLog()) != 1 || r.String("request_id") != s.RequestLog()[0].RequestID {
				t.Errorf("the stack is %+v, want %s", got, test.ends)
			}
			outcome(t, s, r, "SENT", 1, 1)
		})
	}
	t.Run("by its ARN", func(t *testing.T) {
		s, r, config := start(t, stack(hosts(1)))
		if diags := r.Apply(config.With(acctest.Values{"stack_name": state(t, s, config).ID})); len(diags) > 0 || state(t, s, config).Status != "CREATE_COMPLETE" {
			t.Errorf("said %s", diags)
		}
	})
}

// After a lost answer the signal is sent again with the same id. If the second answer
// settles the outcome, nothing is read. Otherwise the events are read.
func TestLostAnswers(t *testing.T) {
	before, after := sandbox.KindDropBefore, sandbox.KindDropAfter
	fail := acctest.Values{"status": "FAILURE"}
	rolledBack := sandbox.CloudFormationStack{Name: "web", Resources: []sandbox.CloudFormationResource{hosts(2)}, Rollback: &sandbox.Rollback{Seconds: 1000}}
	known := sandbox.CloudFormationStack{Name: "web", Resources: []sandbox.CloudFormationResource{hosts(1)}, KnowsIDsFirst: true}
	for name, test := range map[string]struct {
		of          sandbox.CloudFormationStack
		lost        sandbox.Kind
		times       int
		change      acctest.Values
		deny        bool
		delivery    string
		sends, reds int // reds says whether the events are read
	}{
		"never arrived":                            {of: stack(hosts(2)), lost: before, delivery: "SENT", sends: 2},
		"arrived":                                  {of: stack(hosts(2)), lost: after, delivery: "CONFIRMED", sends: 2},
		"arrived, and nothing may be read":         {of: stack(hosts(2)), lost: after, deny: true, delivery: "CONFIRMED", sends: 2},
		"arrived at the second try":                {of: stack(hosts(2)), lost: after, times: 2, delivery: "CONFIRMED", sends: 3},
		"arrived, and ended the stack":             {of: stack(hosts(1)), lost: after, delivery: "CONFIRMED", sends: 2, reds: 1},
		"the same, with the id known first":        {of: known, lost: after, delivery: "CONFIRMED", sends: 2},
		"the same, and nothing may be read":        {of: stack(hosts(1)), lost: after, deny: true, delivery: "UNKNOWN", sends: 2, reds: 1},
		"failure never arrived":                    {of: stack(hosts(2)), lost: before, change: fail, delivery: "SENT", sends: 2},
		"failure arrived":                          {of: stack(hosts(2)), lost: after, change: fail, delivery: "CONFIRMED", sends: 2, reds: 1},
		"failure arrived, and it is rolled back":   {of: rolledBack, lost: after, change: fail, delivery: "CONFIRMED", sends: 2, reds: 1},
		"failure arrived, and events are in pages": {of: func() sandbox.CloudFormationStack { s := rolledBack; s.PageSize = 1; return s }(), lost: after, change: fail, delivery: "CONFIRMED", sends: 2, reds: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, r, config := start(t, test.of)
			s.Inject(sandbox.Fault{Operation: send, Kind: test.lost, Times: max(1, test.times)})
			if test.deny {
				s.Inject(sandbox.Fault{Operation: events, Kind: sandbox.KindRefuse})
			}
			diags := r.Apply(config.With(test.change))
			if diags.HasError() != (test.delivery == "UNKNOWN") {
				t.Errorf("said %s", diags)
			}
			outcome(t, s, r, test.delivery, test.sends, 1)
			if (s.Count(events) > 0) != (test.reds > 0) || s.Count(describe)+s.Count(resource) > 0 {
				t.Errorf("the request log is %v", s.RequestLog())
			}
			ids := map[string]bool{}
			for _, sent := range s.RequestLog() {
				if sent.Operation == send {
					ids[sent.Body] = true
				}
			}
			if len(ids) != 1 {
				t.Errorf("a repeat is another request: %v", ids)
			}
			if test.delivery == "UNKNOWN" && !strings.Contains(diags.String(), "cloudformation:DescribeStackEvents") {
				t.Errorf("the permission is not in %s", diags)
			}
		})
	}
}

// Without a lost answer, a signal of somebody else with this id confirms nothing.
func TestTakenID(t *testing.T) {
	s, r, config := start(t, stack(hosts(5)))
	config = config.With(acctest.Values{"unique_id": "i-1"})
	if diags := r.Apply(config); len(diags) > 0 {
		t.Fatal(diags)
	}
	diags := r.Apply(config.With(acctest.Values{"triggers": acctest.Values{"again": "1"}}))
	says(t, diags, true, "Signal Rejected", "already exists", "adopt_existing", "set another unique_id")
	if diags[0].Attribute != "unique_id" || !r.State.IsNull() {
		t.Errorf("said %s on %s, and recorded %s", diags, diags[0].Attribute, r.State)
	}
	says(t, r.Apply(config.With(acctest.Values{"adopt_existing": true})), false)
	outcome(t, s, r, "ADOPTED", 2, 1)
	// CloudFormation takes a FAILURE over it.
	says(t, r.Apply(config.With(acctest.Values{"status": "FAILURE", "adopt_existing": true})), false)
	outcome(t, s, r, "SENT", 3, 2)
	if state(t, s, config).Status != "CREATE_FAILED" {
		t.Errorf("the stack is %+v", state(t, s, config))
	}
}

// If the service answers that a FAILURE already exists, that may be somebody else's
// SUCCESS.
func TestFailureIsNotProvedByAnID(t *testing.T) {
	s, r, config := start(t, stack(hosts(5)))
	s.Inject(sandbox.Fault{Operation: send, Kind: sandbox.KindDropBefore, Times: 1})
	s.Inject(sandbox.Fault{Operation: send, Kind: sandbox.KindRefuse, Status: 400, Code: "ValidationError", Message: "Signal with ID i-1 for resource Hosts already exists", Times: 1})
	says(t, r.Apply(config.With(acctest.Values{"status": "FAILURE", "unique_id": "i-1"})), true, "Signal Rejected", "already exists")
	if !r.State.IsNull() || s.Count(events) == 0 {
		t.Errorf("recorded %s after %v", r.State, s.RequestLog())
	}
}

func TestRefusals(t *testing.T) {
	handle := sandbox.CloudFormationResource{Name: "Handle", Type: "AWS::CloudFormation::WaitConditionHandle"}
	of := stack(handle, hosts(1, "Network"), sandbox.CloudFormationResource{Name: "Network", Hold: true})
	for name, test := range map[string]struct {
		change acctest.Values
		at     string
		says   []string
	}{
		"no stack":    {acctest.Values{"stack_name": "other"}, "stack_name", []string{"does not exist", "region and account", "wait_until_ready"}},
		"no resource": {acctest.Values{"logical_resource_id": "Other"}, "logical_resource_id", []string{"does not exist", "template"}},
		"not yet":     {nil, "logical_resource_id", []string{"does not exist", "wait_until_ready"}},
		"handle":      {acctest.Values{"logical_resource_id": "Handle"}, "logical_resource_id", []string{"cannot be signaled", handleURL, "CreationPolicy"}},
		"no policy":   {acctest.Values{"logical_resource_id": "Network"}, "logical_resource_id", []string{"cannot be signaled", "CreationPolicy", "describe-stack-resource --stack-name web --logical-resource-id Network --region us-east-1"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, r, config := start(t, of)
			diags := r.Apply(config.With(test.change))
			says(t, diags, true, append(test.says, "Signal Rejected", "ValidationError")...)
			if len(diags) != 1 || diags[0].Attribute != test.at || len(s.RequestLog()) != 1 || !r.State.IsNull() {
				t.Errorf("said %s, want it on %s; made %v", diags, test.at, s.RequestLog())
			}
		})
	}
	t.Run("complete", func(t *testing.T) {
		_, r, config := start(t, stack(sandbox.CloudFormationResource{Name: "Hosts"}))
		diags := r.Apply(config)
		says(t, diags, true, "is in CREATE_COMPLETE state and cannot be signaled", "describe-stack-events --stack-name web", "wait_until_ready")
		if diags[0].Attribute != "stack_name" {
			t.Errorf("said %s on %s", diags, diags[0].Attribute)
		}
	})
}

// While a stack goes on, a resource that it does not have may still come. So a destroy drops
// its signal only after the end of the stack.
func TestNoSuchResourceAtDestroy(t *testing.T) {
	of := stack(hosts(1, "Network"), sandbox.CloudFormationResource{Name: "Network", Hold: true})
	s, r, config := start(t, of)
	says(t, r.Apply(config.With(acctest.Values{"when": "destroy"})), false)
	says(t, r.Destroy(), true, "Signal Rejected", "CREATE_IN_PROGRESS", "is kept")
	if r.State.IsNull() || s.Accepted(send) > 0 {
		t.Errorf("left %s after %v", r.State, s.RequestLog())
	}
	s.Inject(sandbox.Fault{Operation: describe, Kind: sandbox.KindRefuse})
	says(t, r.Destroy(), true, "Signal Rejected", "is kept")
	if r.State.IsNull() || s.Accepted(send) > 0 {
		t.Errorf("left %s after %v", r.State, s.RequestLog())
	}
	s, r, config = start(t, stack(sandbox.CloudFormationResource{Name: "Network"}))
	says(t, r.Apply(config.With(acctest.Values{"when": "destroy"})), false)
	s.Inject(sandbox.Fault{Operation: send, Kind: sandbox.KindRefuse, Status: 400, Code: "ValidationError", Message: "Resource Hosts does not exist for stack web"})
	says(t, r.Destroy(), false, "Target Is Gone")
	if !r.State.IsNull() || s.Accepted(send) > 0 {
		t.Errorf("left %s after %v", r.State, s.RequestLog())
	}
}

func TestErrorsOfTheService(t *testing.T) {
	for code, test := range map[string]struct {
		status   int
		at, says string
	}{
		"AccessDenied":          {403, "", "cloudformation:SignalResource"},
		"ValidationError":       {400, "", "its message says why"},
		"InvalidClientTokenId":  {403, "", "credentials"},
		"SignatureDoesNotMatch": {403, "", "credentials"},
		"InvalidAction":         {400, "", "InvalidAction"},
		"SomethingNew":          {400, "", "SomethingNew"},
	} {
		t.Run(code, func(t *testing.T) {
			s, r, config := start(t, stack(hosts(1)))
			s.Inject(sandbox.Fault{Operation: "*", Kind: sandbox.KindRefuse, Status: test.status, Code: code, Message: "the service's words"})
			diags := r.Apply(config)
			if len(diags) != 1 || diags[0].Attribute != test.at {
				t.Fatalf("said %s, want one error on %q", diags, test.at)
			}
			says(t, diags, true, "SUCCESS", "Hosts", "web", "us-east-1", code, "the service's words", s.RequestLog()[0].RequestID, test.says)
			if len(s.RequestLog()) != 1 || !r.State.IsNull() {
				t.Errorf("recorded %s after %v", r.State, s.RequestLog())
			}
		})
	}
}

// Text in a name is not taken for the service's message.
func TestNamesAreNotTakenForWords(t *testing.T) {
	s, r, config := start(t, stack(hosts(5)))
	diags := r.Apply(config.With(acctest.Values{"logical_resource_id": "already exists, cannot be signaled", "unique_id": "does not exist"}))
	if len(diags) != 1 || diags[0].Attribute != "logical_resource_id" || s.Count(send) != 1 {
		t.Errorf("said %s", diags)
	}
}

func TestThrottlingIsWaitedOut(t *testing.T) {
	s, r, config := start(t, stack(hosts(2)))
	s.Inject(sandbox.Fault{Operation: send, Kind: sandbox.KindThrottle, Times: 1})
	s.Inject(sandbox.Fault{Operation: send, Kind: sandbox.KindRefuse, Status: 400, Code: "RequestLimitExceeded", Times: 1})
	says(t, r.Apply(config), false)
	outcome(t, s, r, "SENT", 3, 1)
}

// An answer in XML must be complete and the service's.
func TestForeignAnswers(t *testing.T) {
	for name, body := range map[string]string{
		"a portal's page":            `<html xmlns="http://www.w3.org/1999/xhtml"><body>Log in</body></html>`,
		"an answer to another":       `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></DescribeStacksResponse>`,
		"an error with HTTP 200":     `<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Code>Throttling</Code></Error></ErrorResponse>`,
		"JSON":                       `{"SignalResourceResponse":{}}`,
		"an envelope":                `<Envelope><SignalResourceResponse/></Envelope>`,
		"half of an answer":          `<SignalResourceResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><ResponseMetadata>`,
		"an answer and something":    `<SignalResourceResponse/>proxy`,
		"no answer, and a text page": `ok`,
		"nothing":                    " ",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, r, config := start(t, stack(hosts(2)))
			s.Inject(sandbox.Fault{Operation: send, Kind: sandbox.KindHTMLOK, Body: body, Times: 1})
			says(t, r.Apply(config), false)
			outcome(t, s, r, "SENT", 2, 1)
		})
	}
}

// An answer without events proves nothing.
func TestNoEvents(t *testing.T) {
	s, r, config := start(t, stack(hosts(1)))
	s.Inject(sandbox.Fault{Operation: send, Kind: sandbox.KindDropAfter, Times: 1})
	s.Inject(sandbox.Fault{Operation: events, Kind: sandbox.KindHTMLOK, Body: `<DescribeStackEventsResponse><DescribeStackEventsResult><StackEvents/></DescribeStackEventsResult></DescribeStackEventsResponse>`})
	says(t, r.Apply(config.With(acctest.Briefly)), true, "Outcome of the Signal Unknown", "lists no events")
	outcome(t, s, r, "UNKNOWN", 2, 1)
	s.ClearFaults()
	s.Inject(sandbox.Fault{Operation: events, Kind: sandbox.KindHTMLOK, Body: " "})
	s.Inject(sandbox.Fault{Operation: send, Kind: sandbox.KindErrorBefore})
	says(t, r.Apply(config.With(acctest.Briefly)), true, "Outcome of the Signal Unknown")
}

// The protocol has the request id in the body. It is not documented whether the header has
// it too.
func TestRequestIDsOfBodies(t *testing.T) {
	const id = "from-the-body"
	s, r, config := start(t, stack(hosts(2)))
	s.Inject(sandbox.Fault{Operation: send, Kind: sandbox.KindHTML, Status: 400, Times: 1,
		Body: `<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>no</Message></Error><RequestId>` + id + `</RequestId></ErrorResponse>`})
	says(t, r.Apply(config), true, "Signal Rejected", "request id "+id)
	s.Inject(sandbox.Fault{Operation: send, Kind: sandbox.KindHTMLOK, Times: 1,
		Body: `<SignalResourceResponse><ResponseMetadata><RequestId>` + id + `</RequestId></ResponseMetadata></SignalResourceResponse>`})
	says(t, r.Apply(config), false)
	if r.String("request_id") != id || r.String("delivery") != "SENT" {
		t.Errorf("the state is %s", r.State)
	}
}

// The signal of an earlier destroy is found. A signal that CloudFormation already has ends
// the destroy.
func TestDestroySendsOnce(t *testing.T) {
	s, r, config := start(t, stack(hosts(5)))
	says(t, r.Apply(config.With(acctest.Values{"when": "destroy", "timeouts": acctest.Values{"delete": "1s"}})), false)
	id := r.String("unique_id")
	s.Inject(r.Stall(send, sandbox.KindStallAfter))
	says(t, r.Destroy(), true, "Outcome of the Signal Unknown")
	s.ClearFaults()
	if diags := r.Destroy(); diags.HasError() || s.Accepted(send) != 1 || s.Count(events) == 0 {
		t.Errorf("said %s after %v", diags, s.RequestLog())
	}
	if signals := state(t, s, config).Signals; len(signals) != 1 || signals[0].UniqueID != id {
		t.Errorf("took %+v, recorded %s", signals, id)
	}
}

// After a crash, the same apply finds that the stack has the signal.
func TestAdoption(t *testing.T) {
	for name, of := range map[string]sandbox.CloudFormationStack{
		"while it waits for more": stack(hosts(2)),
		"once it is complete":     stack(hosts(1)),
		"in pages":                {Name: "web", Resources: []sandbox.CloudFormationResource{hosts(1)}, PageSize: 1},
	} {
		t.Run(name, func(t *testing.T) {
			s, r, config := start(t, of)
			config = config.With(acctest.Values{"unique_id": "i-1", "adopt_existing": true})
			says(t, r.Apply(config), false)
			other := acctest.StartProvider(t, acctest.Block(s.URL())).Resource("signal_cloudformation_resource")
			says(t, other.Apply(config), false)
			outcome(t, s, other, "ADOPTED", 1, 1)
		})
	}
	t.Run("of another resource or status", func(t *testing.T) {
		s, r, config := start(t, stack(hosts(5), sandbox.CloudFormationResource{Name: "Other", Signals: 5}))
		config = config.With(acctest.Values{"unique_id": "i-1", "adopt_existing": true})
		says(t, r.Apply(config), false)
		says(t, r.Apply(config.With(acctest.Values{"logical_resource_id": "Other"})), false)
		outcome(t, s, r, "SENT", 2, 2)
		says(t, r.Apply(config.With(acctest.Values{"status": "FAILURE"})), false)
		outcome(t, s, r, "SENT", 3, 3)
	})
	t.Run("of an earlier update", func(t *testing.T) {
		s, r, config := start(t, stack(hosts(1)))
		config = config.With(acctest.Values{"unique_id": "i-1", "adopt_existing": true})
		says(t, r.Apply(config), false)
		s.UpdateCloudFormationStack("web")
		says(t, r.Apply(config.With(acctest.Values{"triggers": acctest.Values{"release": "2"}})), false)
		outcome(t, s, r, "SENT", 2, 2)
	})
	t.Run("of a stack that is not there", func(t *testing.T) {
		s, r, config := start(t, stack(hosts(5)))
		says(t, r.Apply(config.With(acctest.Values{"stack_name": "other", "unique_id": "i-1", "adopt_existing": true})), true, "Signal Rejected", "does not exist")
		if s.Count(send) != 1 {
			t.Errorf("made %v", s.RequestLog())
		}
	})
}

// Two signals of one apply with lost answers are distinguished by their ids.
func TestLostTwins(t *testing.T) {
	s := acctest.Sandbox(t, sandbox.Options{})
	s.StartCloudFormationStack(stack(hosts(2)))
	p := acctest.StartProvider(t, acctest.Block(s.URL()))
	s.Inject(sandbox.Fault{Operation: send, Kind: sandbox.KindDropAfter, Times: 2})
	twins := []*acctest.Resource{p.Resource("signal_cloudformation_resource"), p.Resource("signal_cloudformation_resource")}
	var both sync.WaitGroup
	for _, r := range twins {
		both.Go(func() {
			if diags := r.Apply(minimal); len(diags) > 0 {
				t.Error(diags)
			}
		})
	}
	both.Wait()
	if state := state(t, s, minimal); len(state.Signals) != 2 || state.Status != "CREATE_COMPLETE" {
		t.Errorf("the stack is %+v", state)
	}
}
