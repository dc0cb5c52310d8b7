package cloudformation_test

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

var (
	ready    = acctest.Values{"wait_until_ready": true}
	complete = acctest.Values{"wait_for_completion": true}
)

// play starts one stack on a clock that each read moves on by 15 seconds.
func play(t *testing.T, of sandbox.CloudFormationStack) (*sandbox.Sandbox, *acctest.Provider, acctest.Values) {
	t.Helper()
	var offset atomic.Int64
	s := acctest.Sandbox(t, sandbox.Options{Now: func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }})
	of.Name = "web"
	s.StartCloudFormationStack(of)
	s.Hook(describe, func() { offset.Add(int64(15 * time.Second)) }, nil)
	return s, acctest.StartProvider(t, acctest.Block(s.URL())), minimal
}

// made checks the operations in the request log, without repeats, and clears it. The tests
// of delivery check how often a wait reads.
func made(t *testing.T, s *sandbox.Sandbox, want ...string) {
	t.Helper()
	var got []string
	for _, entry := range s.RequestLog() {
		got = append(got, entry.Operation)
	}
	if got = slices.Compact(got); !slices.Equal(got, want) {
		t.Errorf("made %q, want %q", got, want)
	}
	s.ResetRequestLog()
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

// What an end means depends on the signal.
func TestEveryEnd(t *testing.T) {
	slow := sandbox.CloudFormationResource{Name: "Application", Seconds: 20, DependsOn: []string{"Hosts"}}
	broken := sandbox.CloudFormationResource{Name: "Application", Seconds: 20, Fail: "the disk is full", DependsOn: []string{"Hosts"}}
	late := sandbox.CloudFormationResource{Name: "Others", Signals: 2, TimeoutSeconds: 20}
	back, stuck := &sandbox.Rollback{Seconds: 40}, &sandbox.Rollback{Fail: "it is still in use"}
	of := func(action string, back *sandbox.Rollback, resources ...sandbox.CloudFormationResource) sandbox.CloudFormationStack {
		return sandbox.CloudFormationStack{Action: action, Rollback: back, Resources: append(resources, hosts(1))}
	}
	for name, test := range map[string]struct {
		of       sandbox.CloudFormationStack
		status   string
		word     string
		succeeds bool
		reason   string
	}{
		"created":                        {of("", nil, slow), "SUCCESS", "CREATE_COMPLETE", true, ""},
		"updated":                        {of("UPDATE", nil, slow), "SUCCESS", "UPDATE_COMPLETE", true, ""},
		"updated and cleaned up":         {sandbox.CloudFormationStack{Action: "UPDATE", CleanupSeconds: 40, Resources: []sandbox.CloudFormationResource{hosts(1)}}, "SUCCESS", "UPDATE_COMPLETE", true, ""},
		"another resource fails":         {of("", nil, broken), "SUCCESS", "CREATE_FAILED", false, "Application: the disk is full"},
		"another waits in vain":          {of("", nil, late), "SUCCESS", "CREATE_FAILED", false, "Others: Failed to receive 2 resource signal(s)"},
		"rolled back":                    {of("", back, broken), "SUCCESS", "ROLLBACK_COMPLETE", false, "Application: the disk is full"},
		"the rollback fails, as well":    {of("", stuck, broken), "SUCCESS", "ROLLBACK_FAILED", false, "Application: the disk is full"},
		"update rolled back":             {of("UPDATE", back, broken), "SUCCESS", "UPDATE_ROLLBACK_COMPLETE", false, "Application: the disk is full"},
		"update's rollback fails":        {of("UPDATE", stuck, broken), "SUCCESS", "UPDATE_ROLLBACK_FAILED", false, "Application: the disk is full"},
		"failure":                        {of("", nil, slow), "FAILURE", "CREATE_FAILED", true, ""},
		"failure, and it is rolled back": {of("", back, slow), "FAILURE", "ROLLBACK_COMPLETE", true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, p, config := play(t, test.of)
			r := p.Resource("signal_cloudformation_resource")
			config = config.With(complete).With(acctest.Values{"status": test.status})
			diags := r.Apply(config)
			if test.succeeds {
				says(t, diags, false)
			} else {
				says(t, diags, true, "Target Did Not Succeed", test.word, test.reason)
			}
			if r.String("target_status") != test.word || r.Bool("target_succeeded") != test.succeeds {
				t.Errorf("the state is %s", r.State)
			}
			if strings.HasSuffix(test.word, "_COMPLETE") && !strings.Contains(test.word, "ROLLBACK") {
				made(t, s, send, describe)
			} else {
				made(t, s, send, describe, events)
			}
			// The status is final.
			r.Tainted = false
			for range 2 {
				says(t, r.Refresh(), false)
				says(t, r.Apply(config), false)
			}
			made(t, s)
		})
	}
}

// Without permission to read the events, the error has the stack's own reason.
func TestReasonWithoutEvents(t *testing.T) {
	s, p, config := play(t, sandbox.CloudFormationStack{Resources: []sandbox.CloudFormationResource{hosts(1), {Name: "Application", Seconds: 20, Fail: "the disk is full"}}})
	s.Inject(sandbox.Fault{Operation: events, Kind: sandbox.KindRefuse})
	says(t, p.Resource("signal_cloudformation_resource").Apply(config.With(complete)), true, "Target Did Not Succeed", "failed to create: [Application]")
}

// A stack that is deleted during the wait is read by its ARN, because another stack may get
// its name.
func TestNameOfAnotherStack(t *testing.T) {
	s, p, config := play(t, sandbox.CloudFormationStack{Resources: []sandbox.CloudFormationResource{hosts(1), {Name: "Application", Seconds: 100, DependsOn: []string{"Hosts"}}}})
	started := false
	s.Hook(send, nil, func() { started = true })
	reads := 0
	r := p.Resource("signal_cloudformation_resource")
	s.Hook(resource, nil, nil)
	s.Hook(describe, nil, func() {
		if reads++; started && reads == 1 {
			s.StartCloudFormationStack(sandbox.CloudFormationStack{Name: "web", Resources: []sandbox.CloudFormationResource{{Name: "Hosts"}}})
		}
	})
	says(t, r.Apply(config.With(complete).With(acctest.Values{"timeouts": acctest.Values{"create": "1s"}})), true, "Target Still Running", "CREATE_IN_PROGRESS")
}

func TestReady(t *testing.T) {
	network := sandbox.CloudFormationResource{Name: "Network", Seconds: 20}
	for name, test := range map[string]struct {
		of   sandbox.CloudFormationStack
		made []string
	}{
		"waits":                     {sandbox.CloudFormationStack{Resources: []sandbox.CloudFormationResource{hosts(1)}}, []string{describe, resource, send}},
		"stack is yet to come":      {sandbox.CloudFormationStack{StartSeconds: 20, Resources: []sandbox.CloudFormationResource{hosts(1)}}, []string{describe, resource, send}},
		"update is yet to come":     {sandbox.CloudFormationStack{Action: "UPDATE", StartSeconds: 20, Resources: []sandbox.CloudFormationResource{hosts(1)}}, []string{describe, resource, send}},
		"resource is yet to come":   {sandbox.CloudFormationStack{Resources: []sandbox.CloudFormationResource{network, hosts(1, "Network")}}, nil},
		"resource is to be updated": {sandbox.CloudFormationStack{Action: "UPDATE", Resources: []sandbox.CloudFormationResource{network, hosts(1, "Network")}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s, p, config := play(t, test.of)
			says(t, p.Resource("signal_cloudformation_resource").Apply(config.With(ready)), false)
			if s.Count(send) != 1 || s.Accepted(send) != 1 {
				t.Errorf("made %v", s.RequestLog())
			}
			if test.made != nil {
				made(t, s, test.made...)
			}
		})
	}
}

func TestNeverSeen(t *testing.T) {
	s, p, config := play(t, sandbox.CloudFormationStack{Resources: []sandbox.CloudFormationResource{hosts(1)}})
	r := p.Resource("signal_cloudformation_resource")
	says(t, r.Apply(config.With(ready).With(acctest.Briefly).With(acctest.Values{"stack_name": "other"})), true, "Signal Not Sent", "create timeout", "no such stack")
	if !r.State.IsNull() || s.Count(send) != 0 || s.Count(describe) < 2 {
		t.Errorf("recorded %s after %v", r.State, s.RequestLog())
	}
}

// A failed stack takes no more signals. A complete one may be updated.
func TestNotReadyAnyMore(t *testing.T) {
	s, p, config := play(t, sandbox.CloudFormationStack{Rollback: &sandbox.Rollback{}, Resources: []sandbox.CloudFormationResource{{Name: "Network", Fail: "the disk is full"}, hosts(1, "Network")}})
	r := p.Resource("signal_cloudformation_resource")
	says(t, r.Apply(config.With(ready)), true, "Signal Not Sent", "ROLLBACK_COMPLETE", "does not become ready")
	made(t, s, describe)
	says(t, r.Apply(config.With(ready).With(acctest.Values{"when": "destroy"})), false)
	says(t, r.Destroy(), false, "Target Is Gone", "sent at destroy")
	made(t, s, describe)

	s, p, config = play(t, sandbox.CloudFormationStack{Resources: []sandbox.CloudFormationResource{{Name: "Hosts"}}})
	says(t, p.Resource("signal_cloudformation_resource").Apply(config.With(ready).With(acctest.Briefly)), true, "Signal Not Sent", "CREATE_COMPLETE", "create timeout")
	if s.Count(send) != 0 || s.Count(describe) < 2 {
		t.Errorf("made %v", s.RequestLog())
	}
}

// The wait sends nothing, and has the stack's outputs.
func TestWait(t *testing.T) {
	of := sandbox.CloudFormationStack{Outputs: map[string]string{"Address": "web.example.com"}, Resources: []sandbox.CloudFormationResource{{Name: "Network", Seconds: 20}, hosts(1, "Network")}}
	s, p, config := play(t, of)
	config = config.With(nil)
	delete(config, "status")
	r, signal := p.Resource("signal_cloudformation_resource_wait"), p.Resource("signal_cloudformation_resource")
	says(t, r.Apply(config.With(acctest.Values{"until": "ready"})), false)
	if r.Bool("target_succeeded") != true || strings.Contains(r.State.String(), "web.example.com") || s.Count(send) != 0 {
		t.Errorf("the state is %s after %v", r.State, s.RequestLog())
	}
	says(t, r.Apply(config.With(acctest.Values{"timeouts": acctest.Values{"create": "1s", "update": "1s"}})), true, "Target Still Running", "CREATE_IN_PROGRESS")
	says(t, signal.Apply(minimal), false)
	says(t, r.Apply(config), false)
	if r.String("target_status") != "CREATE_COMPLETE" || r.Bool("target_succeeded") != true || !strings.Contains(r.State.String(), `"Address":tftypes.String<"web.example.com">`) || r.String("id") != "web/Hosts" {
		t.Errorf("the state is %s", r.State)
	}
	if s.Count(send) != 1 {
		t.Errorf("a wait sent something: %v", s.RequestLog())
	}
	says(t, r.Apply(config.With(acctest.Values{"stack_name": "other"})), true, "Target Cannot Be Read", "does not exist")
	arn := state(t, s, config).ID
	for _, id := range []string{"web/Hosts", arn + "/Hosts"} {
		imported := p.Resource("signal_cloudformation_resource_wait")
		if diags := imported.Import(id); len(diags) > 0 || imported.String("id") != id || imported.String("target_status") != "CREATE_COMPLETE" || imported.String("logical_resource_id") != "Hosts" {
			t.Errorf("importing %s said %s, and the state is %s", id, diags, imported.State)
		}
	}
	says(t, p.Resource("signal_cloudformation_resource_wait").Import("a/b/c"), true, "Invalid Import ID")
}

// A stack that has ended may be updated in the same run: what one wait has seen is not the
// end of the next operation.
func TestNextOperationIsWaitedFor(t *testing.T) {
	s, p, config := play(t, sandbox.CloudFormationStack{Resources: []sandbox.CloudFormationResource{hosts(1)}})
	wait := acctest.Values{"stack_name": "web"}.With(acctest.Values{"logical_resource_id": "Hosts", "timeouts": acctest.Values{"create": "1s"}})
	says(t, p.Resource("signal_cloudformation_resource").Apply(config.With(complete)), false)
	says(t, p.Resource("signal_cloudformation_resource_wait").Apply(wait), false)
	if !s.UpdateCloudFormationStack("web") {
		t.Fatal("the stack is not updated")
	}
	says(t, p.Resource("signal_cloudformation_resource_wait").Apply(wait), true, "Target Still Running", "UPDATE_IN_PROGRESS")
	next := p.Resource("signal_cloudformation_resource")
	says(t, next.Apply(config.With(complete)), false)
	if next.String("target_status") != "UPDATE_COMPLETE" {
		t.Errorf("the state is %s", next.State)
	}
}
