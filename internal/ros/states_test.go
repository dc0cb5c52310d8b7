package ros_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

var (
	untilReady = acctest.Values{"wait_until_ready": true}
	untilEnd   = acctest.Values{"wait_for_completion": true}
)

// timed starts a provider and one stack, whose clock each read of the stack moves on.
func timed(t *testing.T, lag time.Duration, stack sandbox.Stack) (*sandbox.Sandbox, *acctest.Resource, acctest.Values) {
	t.Helper()
	var offset atomic.Int64
	s := acctest.Sandbox(t, sandbox.Options{ReadLag: lag, Now: func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }})
	s.Hook("GetStack", func() { offset.Add(int64(15 * time.Second)) }, nil)
	id := s.StartStack(stack)
	return s, acctest.StartProvider(t, acctest.Block(s.URL())).Resource("signal_stack_resource"),
		acctest.Values{"stack_id": id, "logical_resource_id": stack.Conditions[0].Name, "status": "SUCCESS"}
}

// then is what a stack does after its condition.
func then(sleep sandbox.Sleep) []sandbox.Sleep {
	sleep.Name, sleep.DependsOn = "Application", []string{"Deployed"}
	return []sandbox.Sleep{sleep}
}

func operations(s *sandbox.Sandbox) (names []string) {
	for _, made := range s.RequestLog() {
		names = append(names, made.Operation)
	}
	return names
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

// absent is the status of a resource that does not exist.
const absent = "(absent)"

// showing shows a stack and a resource with these statuses, after any signal.
func showing(t *testing.T, stack, resource string) (r *acctest.Resource, sent func() int) {
	t.Helper()
	var signals atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status := map[string]string{"GetStack": stack, "GetStackResource": resource}[r.Header.Get("x-acs-action")]
		body := fmt.Sprintf(`{"RequestId":"1","Status":%q,"StatusReason":"because of %[1]s"}`, status)
		switch {
		case r.Header.Get("x-acs-action") == "SignalResource":
			signals.Add(1)
			body = `{"RequestId":"1"}`
		case status == absent:
			w.WriteHeader(http.StatusNotFound)
			body = `{"RequestId":"1","Code":"ResourceNotFound","Message":"not there"}`
		case status == "":
			body = `{"RequestId":"1"}`
		}
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	r = acctest.StartProvider(t, acctest.Values{"alicloud": acctest.Alicloud(server.URL)}).Resource("signal_stack_resource")
	return r, func() int { return int(signals.Load()) }
}

var toShown = acctest.Values{"stack_id": "s", "logical_resource_id": "r", "status": "SUCCESS"}

// Each status of a stack and its resource has a result for a wait for the end.
func TestEveryEnd(t *testing.T) {
	const succeeded, failed, running = "", "Target Did Not Succeed", "Target Still Running"
	type shown struct{ stack, resource, says string }
	cases := []shown{
		{"CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", running},
		{"CREATE_IN_PROGRESS", "CREATE_COMPLETE", running},
		{"CREATE_IN_PROGRESS", "CREATE_FAILED", running},
		{"CREATE_ROLLBACK_IN_PROGRESS", "CREATE_FAILED", running},
		{"REVIEW_IN_PROGRESS", absent, running},
		{"DELETE_IN_PROGRESS", absent, running},
		{"", "", "Target Not Seen"},
		// One of the two reads may lag.
		{"CREATE_COMPLETE", "CREATE_IN_PROGRESS", running},
		{"CREATE_FAILED", "CREATE_IN_PROGRESS", running},
		{"UPDATE_COMPLETE", "CREATE_COMPLETE", succeeded},
		// The stack is complete. Only a failed resource contradicts that.
		{"CREATE_COMPLETE", "INIT_COMPLETE", succeeded},
		{"CREATE_COMPLETE", "", succeeded},
		{"UPDATE_COMPLETE", absent, succeeded},
		{"UPDATE_COMPLETE", "UPDATE_FAILED", failed},
	}
	for _, status := range []string{"CREATE_COMPLETE", "UPDATE_COMPLETE", "CHECK_COMPLETE", "IMPORT_CREATE_COMPLETE", "IMPORT_UPDATE_COMPLETE"} {
		cases = append(cases, shown{status, status, succeeded})
	}
	for _, status := range []string{
		"CREATE_FAILED", "UPDATE_FAILED", "DELETE_FAILED", "CHECK_FAILED", "IMPORT_CREATE_FAILED", "IMPORT_UPDATE_FAILED",
		"CREATE_ROLLBACK_COMPLETE", "CREATE_ROLLBACK_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_COMPLETE",
		"IMPORT_CREATE_ROLLBACK_COMPLETE", "IMPORT_CREATE_ROLLBACK_FAILED", "IMPORT_UPDATE_ROLLBACK_COMPLETE", "IMPORT_UPDATE_ROLLBACK_FAILED",
	} {
		cases = append(cases, shown{status, "CREATE_COMPLETE", failed})
	}
	for _, test := range cases {
		for _, signal := range []string{"SUCCESS", "FAILURE", "WARNING"} {
			t.Run(test.stack+" with "+test.resource+" after "+signal, func(t *testing.T) {
				t.Parallel()
				want := test.says
				if signal != "SUCCESS" && want == failed {
					want = succeeded
				}
				r, sent := showing(t, test.stack, test.resource)
				config := toShown.With(untilEnd).With(acctest.Values{"status": signal, "on_wait_failure": "record"})
				if want != succeeded && want != failed {
					config = config.With(acctest.Briefly)
				}
				diags := r.Apply(config)
				if want == succeeded && len(diags) > 0 {
					t.Error(diags)
				}
				says(t, diags, false, want)
				if want == failed {
					reason := test.stack
					if strings.HasSuffix(test.resource, "_FAILED") {
						reason = test.resource
					}
					says(t, diags, false, "ROS says: because of "+reason)
				}
				if r.String("target_status") != test.stack || r.Bool("target_succeeded") != (want == succeeded) || sent() != 1 {
					t.Errorf("target_status %q, target_succeeded %v after %d signals", r.String("target_status"), r.Bool("target_succeeded"), sent())
				}
			})
		}
	}
}

// Each status of a stack and its resource has a result for a wait until it is ready.
func TestWhoIsReady(t *testing.T) {
	const ready, ended, later = "", "does not become ready any more", "create timeout"
	for _, test := range []struct{ stack, resource, says string }{
		{"CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", ready},
		{"UPDATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", ready},
		{"UPDATE_IN_PROGRESS", "CREATE_IN_PROGRESS", ready},
		// It may be the handle of a condition that waits.
		{"CREATE_IN_PROGRESS", "CREATE_COMPLETE", ready},
		{"UPDATE_IN_PROGRESS", "CREATE_COMPLETE", ready},
		{"IMPORT_UPDATE_IN_PROGRESS", "IMPORT_COMPLETE", ready},
		// One of the two reads may lag.
		{"CREATE_COMPLETE", "UPDATE_IN_PROGRESS", ready},
		{"CREATE_IN_PROGRESS", "INIT_COMPLETE", later},
		{"CREATE_IN_PROGRESS", "", later},
		{"CREATE_IN_PROGRESS", absent, later},
		{"REVIEW_IN_PROGRESS", absent, later},
		{"UPDATE_IN_PROGRESS", "CREATE_FAILED", later},
		{"", "", later},
		{"CREATE_COMPLETE", "CREATE_COMPLETE", ended},
		{"CREATE_COMPLETE", absent, ended},
		{"CREATE_FAILED", "CREATE_FAILED", ended},
		{"CREATE_FAILED", "INIT_COMPLETE", ended},
		{"ROLLBACK_COMPLETE", "CREATE_COMPLETE", ended},
		{"DELETE_COMPLETE", absent, ended},
	} {
		t.Run(test.stack+" with "+test.resource, func(t *testing.T) {
			t.Parallel()
			r, sent := showing(t, test.stack, test.resource)
			config := toShown.With(untilReady)
			if test.says == later {
				config = config.With(acctest.Briefly)
			}
			diags := r.Apply(config)
			if test.says == ready {
				if len(diags) > 0 || sent() != 1 {
					t.Errorf("said %s after %d signals", diags, sent())
				}
				return
			}
			says(t, diags, true, "Signal Not Sent", test.says)
			if sent() != 0 || !r.State.IsNull() {
				t.Errorf("%d signals, and recorded %s", sent(), r.State)
			}
		})
	}
}

// The reads are these, in this order, and no others.
func TestReadRequests(t *testing.T) {
	s, r, config := timed(t, 0, sandbox.Stack{
		Conditions: []sandbox.WaitCondition{{Name: "Deployed", DependsOn: []string{"Network"}}},
		Sleeps:     append(then(sandbox.Sleep{Seconds: 10}), sandbox.Sleep{Name: "Network", Seconds: 20}),
	})
	if diags := r.Apply(config.With(untilReady).With(untilEnd).With(acctest.Values{"region": "cn-beijing"})); len(diags) > 0 {
		t.Fatal(diags)
	}
	// The time moves on by 15 s with each read: it takes two to become ready, and two to
	// end.
	look := []string{"GetStack", "GetStackResource"}
	if got, want := operations(s), slices.Concat(look, look, []string{"SignalResource"}, look, look); !slices.Equal(got, want) {
		t.Errorf("asked %v, want %v", got, want)
	}
	id := config["stack_id"].(string)
	for _, made := range s.RequestLog() {
		want := map[string]url.Values{
			"GetStack":         {"RegionId": {"cn-beijing"}, "StackId": {id}, "OutputOption": {"Disabled"}},
			"GetStackResource": {"RegionId": {"cn-beijing"}, "StackId": {id}, "LogicalResourceId": {"Deployed"}},
		}[made.Operation]
		if want != nil && (!sameQuery(made.Query, want) || made.Method != "POST" || made.Body != "") {
			t.Errorf("asked %s with %s, want %s", made.Operation, made.Query, want.Encode())
		}
	}
}

func sameQuery(query string, want url.Values) bool {
	got, err := url.ParseQuery(query)
	return err == nil && got.Encode() == want.Encode()
}

// It is not documented how a resource is shown before its creation begins.
func TestWaitUntilTheStackGetsThere(t *testing.T) {
	for _, unbegun := range []sandbox.Unbegun{sandbox.UnbegunInit, sandbox.UnbegunBlank, sandbox.UnbegunAbsent} {
		for _, lag := range []time.Duration{0, time.Minute} {
			t.Run(fmt.Sprint(unbegun, ", seen after ", lag), func(t *testing.T) {
				t.Parallel()
				s, r, config := timed(t, lag, sandbox.Stack{
					Conditions: []sandbox.WaitCondition{{Name: "Deployed", DependsOn: []string{"Network"}}},
					Sleeps:     []sandbox.Sleep{{Name: "Network", Seconds: 40}},
					Unbegun:    unbegun,
				})
				if diags := r.Apply(config.With(untilReady)); len(diags) > 0 {
					t.Fatal(diags)
				}
				if s.Count("SignalResource") != 1 || s.Accepted("SignalResource") != 1 || s.Count("GetStack") < 3 {
					t.Errorf("the request log is %v", s.RequestLog())
				}
			})
		}
	}
}

// A handle is complete while its condition waits.
func TestHandleIsReadyWhileItsConditionWaits(t *testing.T) {
	s, r, config := timed(t, 0, sandbox.Stack{Conditions: one(1), Signals: sandbox.NamesHandle})
	if diags := r.Apply(config.With(untilReady).With(untilEnd).With(acctest.Values{"logical_resource_id": "Handle"})); len(diags) > 0 {
		t.Fatal(diags)
	}
	if r.String("target_status") != "CREATE_COMPLETE" || s.Accepted("SignalResource") != 1 {
		t.Errorf("target_status %q after %v", r.String("target_status"), s.RequestLog())
	}
}

// A read that lags behind the send shows the stack from before it.
func TestReadsThatLag(t *testing.T) {
	for name, test := range map[string]struct {
		after    sandbox.Sleep
		says     string
		status   string
		succeeds bool
	}{
		"well":  {sandbox.Sleep{Seconds: 20}, "", "UPDATE_COMPLETE", true},
		"badly": {sandbox.Sleep{Seconds: 20, Fail: "the disk is full"}, "the disk is full", "UPDATE_FAILED", false},
	} {
		t.Run(name, func(t *testing.T) {
			s, r, config := timed(t, time.Minute, sandbox.Stack{Action: "UPDATE", Conditions: one(1), Sleeps: then(test.after)})
			says(t, r.Apply(config.With(untilEnd).With(acctest.Values{"on_wait_failure": "record"})), false, test.says)
			// 20 s of work and 60 s of lag, at 15 s for each read.
			if r.String("target_status") != test.status || r.Bool("target_succeeded") != test.succeeds || s.Count("GetStack") < 6 {
				t.Errorf("target_status %q after %v", r.String("target_status"), operations(s))
			}
		})
	}
}

// A failed stack is rolled back, unless that is disabled. Then its reason is about the
// rollback.
func TestRollback(t *testing.T) {
	for name, test := range map[string]struct {
		stack  sandbox.Stack
		signal string
		says   []string
		status string
	}{
		"of a condition that failed": {
			sandbox.Stack{Conditions: []sandbox.WaitCondition{{Name: "Deployed", Count: 2, TimeoutSeconds: 20}}, Rollback: &sandbox.Rollback{Seconds: 20}},
			"SUCCESS", []string{"Target Did Not Succeed", "WaitConditionTimeout: 1 of 2 received"}, "CREATE_ROLLBACK_COMPLETE",
		},
		"of an update": {
			sandbox.Stack{Conditions: one(1), Action: "UPDATE", Sleeps: then(sandbox.Sleep{Fail: "the disk is full"}), Rollback: &sandbox.Rollback{Seconds: 20}},
			"SUCCESS", []string{"Target Did Not Succeed", "rollback completed"}, "ROLLBACK_COMPLETE",
		},
		"that fails, too": {
			sandbox.Stack{Conditions: one(1), Sleeps: then(sandbox.Sleep{Fail: "the disk is full"}), Rollback: &sandbox.Rollback{Seconds: 20, Fail: "in use"}},
			"SUCCESS", []string{"Target Did Not Succeed", "the disk is full"}, "CREATE_ROLLBACK_FAILED",
		},
		"as a FAILURE wants it": {
			sandbox.Stack{Conditions: one(1), Rollback: &sandbox.Rollback{Seconds: 20}}, "FAILURE", nil, "CREATE_ROLLBACK_COMPLETE",
		},
		"as a WARNING wants it": {
			sandbox.Stack{Conditions: one(1), Rollback: &sandbox.Rollback{Seconds: 20}}, "WARNING", nil, "CREATE_ROLLBACK_COMPLETE",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, r, config := timed(t, 0, test.stack)
			says(t, r.Apply(config.With(untilEnd).With(acctest.Values{"status": test.signal})), test.says != nil, test.says...)
			if r.String("target_status") != test.status || r.Bool("target_succeeded") != (test.says == nil) || s.Count("GetStack") < 2 {
				t.Errorf("target_status %q after %v", r.String("target_status"), operations(s))
			}
		})
	}
}

func TestStackDeletedWhileWaiting(t *testing.T) {
	s, r, config := timed(t, 0, sandbox.Stack{Conditions: one(1), Sleeps: then(sandbox.Sleep{Hold: true})})
	s.Hook("GetStackResource", nil, func() { s.RemoveStack(config["stack_id"].(string)) })
	diags := r.Apply(config.With(untilEnd))
	says(t, diags, true, "Target Cannot Be Read", "accepted", "StackNotFound", "could not be found", "untaint")
	if diags[0].Attribute != "stack_id" || r.String("delivery") != "SENT" || r.String("target_status") != "CREATE_IN_PROGRESS" {
		t.Errorf("on %q, with delivery %q and target_status %q", diags[0].Attribute, r.String("delivery"), r.String("target_status"))
	}

	s, r, config = timed(t, 0, sandbox.Stack{Conditions: one(1)})
	says(t, r.Apply(config.With(untilReady).With(acctest.Values{"stack_id": "nothing"})), true, "Signal Not Sent", "StackNotFound")
	if s.Count("SignalResource") != 0 || s.Count("GetStack") != 1 {
		t.Errorf("the request log is %v", s.RequestLog())
	}
}

// The second of the two reads fails like the first.
func TestReadsOfTheResource(t *testing.T) {
	s, r, config := timed(t, 0, sandbox.Stack{Conditions: one(1), Sleeps: then(sandbox.Sleep{Seconds: 20})})
	for _, kind := range []sandbox.Kind{sandbox.KindThrottle, sandbox.KindErrorBefore, sandbox.KindDropAfter, sandbox.KindHTML, sandbox.KindHTMLOK, sandbox.KindTruncateJSON} {
		s.Inject(sandbox.Fault{Operation: "GetStackResource", Kind: kind, Times: 1})
	}
	if diags := r.Apply(config.With(untilEnd)); len(diags) > 0 || s.Count("SignalResource") != 1 {
		t.Errorf("said %s after %v", diags, operations(s))
	}

	s, r, config = timed(t, 0, sandbox.Stack{Conditions: one(1)})
	s.Inject(sandbox.Fault{Operation: "GetStackResource", Kind: sandbox.KindRefuse})
	says(t, r.Apply(config.With(untilEnd)), true, "Target Cannot Be Read", "ros:GetStackResource")
	if r.String("delivery") != "SENT" || s.Count("GetStackResource") != 1 {
		t.Errorf("delivery %q after %v", r.String("delivery"), operations(s))
	}
}

// Waits for different resources of one stack do not share reads.
func TestResourcesOfOneStackAreReadApart(t *testing.T) {
	s, first, config := timed(t, 0, sandbox.Stack{
		Conditions: []sandbox.WaitCondition{{Name: "First"}, {Name: "Second", DependsOn: []string{"Network"}}},
		Sleeps:     []sandbox.Sleep{{Name: "Network", Seconds: 100}},
	})
	second := first.Resource("signal_stack_resource")
	var once sync.Once
	done := make(chan acctest.Diagnostics)
	s.Hook("GetStackResource", nil, func() {
		once.Do(func() {
			go func() {
				done <- second.Apply(config.With(untilReady).With(acctest.Values{"logical_resource_id": "Second"}))
			}()
		})
	})
	if diags := append(first.Apply(config.With(untilEnd)), <-done...); len(diags) > 0 {
		t.Error(diags)
	}
	if s.Count("SignalResource") != 2 || s.Accepted("SignalResource") != 2 {
		t.Errorf("the request log is %v", s.RequestLog())
	}
}
