package ros_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// named has a provider and a resource for stacks that are found by name.
type named struct {
	*sandbox.Sandbox
	*acctest.Resource
	p      *acctest.Provider
	offset atomic.Int64
}

func byName(t *testing.T) *named {
	t.Helper()
	n := &named{}
	n.Sandbox = acctest.Sandbox(t, sandbox.Options{Now: func() time.Time { return time.Now().Add(time.Duration(n.offset.Load())) }})
	n.p = acctest.StartProvider(t, acctest.Block(n.URL()))
	n.Resource = n.p.Resource("signal_stack_resource")
	return n
}

func (n *named) move(d time.Duration) { n.offset.Add(int64(d)) }

// made returns the operations in the request log, without repeats, and clears it.
func (n *named) made() string {
	names := slices.Compact(operations(n.Sandbox))
	n.ResetRequestLog()
	return strings.Join(names, " ")
}

func (n *named) took(id string) int {
	stack, _ := n.Stack(id)
	return len(stack.Signals)
}

var (
	condition = []sandbox.WaitCondition{{Name: "Deployed", Count: 2}}
	web       = acctest.Values{"stack_name": "web", "logical_resource_id": "Deployed", "status": "SUCCESS"}
)

func TestFoundByName(t *testing.T) {
	n := byName(t)
	n.StartStack(sandbox.Stack{Name: "web-2", Conditions: condition})
	id := n.StartStack(sandbox.Stack{Name: "web", Conditions: condition})
	plan, diags := n.Plan(web)
	if len(diags) > 0 || !slices.Contains(plan.Unknown(), "stack_id") || n.made() != "" {
		t.Errorf("planned %v unknown and said %s", plan.Unknown(), diags)
	}
	if diags := n.Apply(web); len(diags) > 0 || n.String("stack_id") != id || n.took(id) != 1 {
		t.Fatalf("recorded %s and said %s", n.State, diags)
	}
	if made := n.made(); made != "ListStacks GetStack GetStackResource SignalResource" {
		t.Errorf("made %s", made)
	}
	for name, config := range map[string]acctest.Values{"again": web, "an option": web.With(untilReady), "pinned": web.With(acctest.Values{"stack_name": nil, "stack_id": id})} {
		plan, diags := n.Plan(config)
		if len(diags) > 0 || len(plan.Replace) > 0 || slices.Contains(plan.Unknown(), "stack_id") {
			t.Errorf("%s: planned to replace for %v, unknown %v, and said %s", name, plan.Replace, plan.Unknown(), diags)
		}
	}
	if diags := append(append(n.Apply(web.With(untilReady)), n.Refresh()...), n.Destroy()...); len(diags) > 0 || n.made() != "" {
		t.Errorf("said %s", diags)
	}
	another := n.StartStack(sandbox.Stack{Name: "another", Conditions: condition})
	if diags := n.Apply(web); len(diags) > 0 {
		t.Fatal(diags)
	}
	if diags := n.Apply(web.With(acctest.Values{"stack_name": "another"})); len(diags) > 0 || n.String("stack_id") != another || n.took(another) != 1 {
		t.Errorf("recorded %s and said %s", n.State, diags)
	}
}

// The signal waits for a stack that is created at the same time, and for its resource.
func TestNameIsWaitedFor(t *testing.T) {
	n := byName(t)
	var id string
	reads := 0
	n.Hook("ListStacks", func() {
		switch reads++; reads {
		case 3:
			id = n.StartStack(sandbox.Stack{
				Name: "web", Conditions: []sandbox.WaitCondition{{Name: "Deployed", DependsOn: []string{"Network"}}}, Sleeps: []sandbox.Sleep{{Name: "Network", Seconds: 30}},
			})
		case 6:
			n.move(time.Minute)
		}
	}, nil)
	diags := n.Apply(web.With(untilReady).With(untilEnd))
	if len(diags) > 0 || n.String("stack_id") != id || n.String("target_status") != "CREATE_COMPLETE" || n.Count("SignalResource") != 1 {
		t.Errorf("recorded %s and said %s", n.State, diags)
	}
}

func TestNotOneOfTheName(t *testing.T) {
	for name, test := range map[string]struct {
		stacks func(*named)
		with   acctest.Values
		says   []string
		gone   bool
	}{
		"none": {func(n *named) { n.StartStack(sandbox.Stack{Name: "web-2", Conditions: condition}) }, nil,
			[]string{"ROS lists no stack named web that can take it", "wait_until_ready", "aliyun ros ListStacks"}, true},
		"one that is complete": {func(n *named) {
			n.rosSignal(n.StartStack(sandbox.Stack{Name: "web", Conditions: []sandbox.WaitCondition{{Name: "Deployed"}}}))
		}, nil, []string{"Seen of stack named web: ", "(started 20", "CREATE_COMPLETE)"}, false},
		"one whose turn has not come": {func(n *named) {
			n.StartStack(sandbox.Stack{Name: "web", Conditions: []sandbox.WaitCondition{{Name: "Deployed", DependsOn: []string{"Network"}}}, Sleeps: []sandbox.Sleep{{Name: "Network", Hold: true}}})
		}, nil, []string{"CREATE_IN_PROGRESS)", "Its resource Deployed is INIT_COMPLETE."}, false},
		"never": {func(*named) {}, untilReady.With(acctest.Briefly), []string{"create timeout of 3s", "perhaps none is in progress yet", "aliyun ros ListStacks"}, false},
		"one that is too old": {func(n *named) { n.StartStack(sandbox.Stack{Name: "web", Conditions: condition}); n.move(time.Hour) },
			acctest.Values{"started_after": time.Now().Add(time.Minute).UTC().Format(time.RFC3339)},
			[]string{"ROS lists no stack named web created or updated since 20", "that can take it"}, true},
		"two": {func(n *named) {
			parent := n.StartStack(sandbox.Stack{Name: "web", Conditions: condition})
			n.StartStack(sandbox.Stack{Name: "web", Parent: parent, Conditions: condition})
		}, untilReady, []string{"lists more than one stack named web that can take it", "does not guess", "stack_id"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := byName(t)
			test.stacks(n)
			sent := n.Count("SignalResource")
			diags := n.Apply(web.With(test.with))
			says(t, diags, true, append(test.says, "Signal Not Sent", "Sending SUCCESS to resource Deployed of the ROS stack named web in cn-hangzhou was not tried")...)
			if len(diags) != 1 || name != "never" && diags[0].Attribute != "stack_name" || !n.State.IsNull() || n.Count("SignalResource") != sent {
				t.Errorf("recorded %s and said %s", n.State, diags)
			}
			if name == "never" {
				return
			}
			armed := n.p.Resource("signal_stack_resource")
			if diags := armed.Apply(web.With(test.with).With(acctest.Values{"when": "destroy"})); diags.HasError() {
				t.Fatal(diags)
			}
			if diags := armed.Destroy(); diags.HasError() == test.gone || armed.State.IsNull() != test.gone || n.Count("SignalResource") != sent {
				t.Errorf("left %s and said %s", armed.State, diags)
			}
		})
	}
}

// started_after leaves out what was created and updated before, and its changes send nothing.
func TestOlderStackIsLeftOut(t *testing.T) {
	for _, action := range []string{"CREATE", "UPDATE"} {
		n := byName(t)
		parent := n.StartStack(sandbox.Stack{Name: "web", Conditions: condition})
		n.move(time.Hour)
		id := n.StartStack(sandbox.Stack{Name: "web", Parent: parent, Action: action, Conditions: condition})
		since := func(d time.Duration) acctest.Values {
			return web.With(acctest.Values{"started_after": time.Now().Add(d).Format(time.RFC3339)})
		}
		if diags := n.Apply(since(30 * time.Minute)); len(diags) > 0 || n.String("stack_id") != id || n.took(id) != 1 || n.took(parent) != 0 {
			t.Fatalf("%s: recorded %s and said %s", action, n.State, diags)
		}
		n.ResetRequestLog()
		for _, config := range []acctest.Values{since(2 * time.Hour), web} {
			if diags := n.Apply(config); len(diags) > 0 || n.String("stack_id") != id || n.made() != "" {
				t.Errorf("%s: a changed filter recorded %s and said %s", action, n.State, diags)
			}
		}
	}
}

// rosSignal completes a stack by other means.
func (n *named) rosSignal(id string) {
	if diags := n.p.Resource("signal_stack_resource").Apply(acctest.Values{"stack_id": id, "logical_resource_id": "Deployed", "status": "SUCCESS"}); len(diags) > 0 {
		panic(fmt.Sprint(diags))
	}
}

// A stack that has ended between being found and being sent to is looked for again.
func TestEndedBeforeTheSend(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(*named, string)
		next bool
		says []string
	}{
		"removed, and made again":  {func(n *named, id string) { n.RemoveStack(id) }, true, nil},
		"timed out, another is up": {func(n *named, _ string) { n.move(2 * time.Minute) }, true, nil},
		"removed":                  {func(n *named, id string) { n.RemoveStack(id) }, false, []string{"Signal Rejected", "StackNotFound", "Then the provider searched for another target. ROS lists no stack named web"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := byName(t)
			first, second := n.StartStack(sandbox.Stack{Name: "web", Conditions: []sandbox.WaitCondition{{Name: "Deployed", TimeoutSeconds: 60}}}), ""
			n.Hook("GetStackResource", nil, func() {
				if second == "" {
					test.end(n, first)
					if second = "none"; test.next {
						second = n.StartStack(sandbox.Stack{Name: "web", Conditions: condition})
					}
				}
			})
			diags := n.Apply(web)
			says(t, diags, !test.next, test.says...)
			if test.next && (n.String("stack_id") != second || n.Count("SignalResource") != 2) || !test.next && (!n.State.IsNull() || n.Count("SignalResource") != 1) {
				t.Errorf("recorded %s after %v", n.State, operations(n.Sandbox))
			}
		})
	}
}

// After a lost answer the request to the found stack is repeated, with the same client
// token.
func TestLostAnswerIsRepeatedWhereItWasSent(t *testing.T) {
	n := byName(t)
	id := n.StartStack(sandbox.Stack{Name: "web", Conditions: condition})
	n.Inject(sandbox.Fault{Operation: "SignalResource", Kind: sandbox.KindDropAfter, Times: 1})
	n.Hook("SignalResource", nil, func() { n.StartStack(sandbox.Stack{Name: "web", Conditions: condition}) })
	if diags := n.Apply(web); len(diags) > 0 || n.String("stack_id") != id || n.took(id) != 1 || n.Count("SignalResource") != 2 || n.Count("ListStacks") != 1 {
		t.Errorf("recorded %s after %v, and said %s", n.State, operations(n.Sandbox), diags)
	}
}

// Twelve signals that name one stack share the reads that find it.
func TestManyNamersShareReads(t *testing.T) {
	n := byName(t)
	reads := 0
	n.Hook("ListStacks", func() {
		if reads++; reads == 10 {
			n.StartStack(sandbox.Stack{Name: "web", Conditions: []sandbox.WaitCondition{{Name: "Deployed", Count: 12}}})
		}
	}, nil)
	done := make(chan acctest.Diagnostics)
	for range 12 {
		go func() { done <- n.p.Resource("signal_stack_resource").Apply(web.With(untilReady)) }()
	}
	for range 12 {
		if diags := <-done; len(diags) > 0 {
			t.Error(diags)
		}
	}
	if n.Count("ListStacks") > 40 || n.Count("SignalResource") != 12 {
		t.Errorf("made %d look-ups and %d signals", n.Count("ListStacks"), n.Count("SignalResource"))
	}
}

// The list has pages.
func TestManyStacksOfTheName(t *testing.T) {
	n := byName(t)
	for range 60 {
		id := n.StartStack(sandbox.Stack{Name: "web", Conditions: []sandbox.WaitCondition{{Name: "Deployed"}}})
		n.rosSignal(id)
	}
	id := n.StartStack(sandbox.Stack{ID: "zzz", Name: "web", Conditions: condition})
	n.ResetRequestLog()
	if diags := n.Apply(web); len(diags) > 0 || n.String("stack_id") != id || n.Count("ListStacks") != 2 || n.Count("GetStack") != 1 {
		t.Errorf("recorded %s after %v, and said %s", n.State, operations(n.Sandbox), diags)
	}
}

// A list whose pages are all the same one is not read on and on.
func TestListOfOnePageRepeated(t *testing.T) {
	one := `{"StackId":"c754d2a4-28f1-46df-b557-9586173a****","StackName":"web","Status":"CREATE_IN_PROGRESS"}`
	page := `{"RequestId":"r","Stacks":[` + strings.Repeat(one+",", 49) + one + "]}"
	var lists atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if lists.Add(1) > 100 {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = w.Write([]byte(page))
	}))
	defer server.Close()
	said := acctest.StartProvider(t, acctest.Block(server.URL)).Resource("signal_stack_resource").Apply(web)
	says(t, said, true, "Signal Not Sent", "a page that was read already")
	if n := lists.Load(); n > 100 {
		t.Errorf("%d pages were read", n)
	}
}

func TestLookUpIsRefused(t *testing.T) {
	for _, operation := range []string{"ListStacks", "GetStackResource"} {
		n := byName(t)
		n.StartStack(sandbox.Stack{Name: "web", Conditions: condition})
		n.Inject(sandbox.Fault{Operation: operation, Kind: sandbox.KindRefuse})
		says(t, n.Apply(web), true, "Signal Not Sent", "ros:ListStacks, ros:GetStack and ros:GetStackResource")
		if n.Count("SignalResource") > 0 || !n.State.IsNull() {
			t.Errorf("recorded %s", n.State)
		}
	}
}

func TestActionFindsByName(t *testing.T) {
	n := byName(t)
	id := n.StartStack(sandbox.Stack{Name: "web", Conditions: condition})
	progress, diags := n.p.Action("signal_stack_resource").Invoke(web)
	if len(diags) > 0 || n.took(id) != 1 || !strings.Contains(strings.Join(progress, "\n"), "of ROS stack "+id) {
		t.Errorf("reported %q and said %s", progress, diags)
	}
}
