package ssm_test

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/provider"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// listed returns, for each list request by ids, the ids in it.
func (n *named) listed(t *testing.T) (lists [][]string) {
	t.Helper()
	for _, entry := range n.RequestLog() {
		if entry.Operation != list {
			continue
		}
		var in struct {
			Filters []struct {
				Key    string
				Values []string
			}
		}
		if err := json.Unmarshal([]byte(entry.Body), &in); err != nil || len(in.Filters) != 1 || in.Filters[0].Key != "ExecutionId" {
			t.Fatalf("%s: %v", entry.Body, err)
		}
		lists = append(lists, in.Filters[0].Values)
	}
	return lists
}

// Waits for different executions share list requests. What a list does not show is read
// from the execution.
func TestManyExecutionsShareReads(t *testing.T) {
	const many = 40
	settle := sandbox.Step{Name: "settle", Action: "aws:sleep", SleepSeconds: 30}
	done, broken := sandbox.Step{Name: "deploy", Action: "aws:executeScript"}, sandbox.Step{Name: "deploy", Action: "aws:executeScript", Fail: "the disk is full"}
	for name, test := range map[string]struct {
		kind  string
		steps []sandbox.Step
		with  acctest.Values
		fault *sandbox.Fault
		// sends is how many signals there are, and most how many reads of one execution at
		// most; shares says whether lists replace most reads.
		sends, most int
		shares      bool
		says        string
		check       func(*acctest.Resource) bool
	}{
		"until they succeed": {
			"signal_automation", []sandbox.Step{gate, settle, done}, acctest.Values{"signal_type": "Approve", "wait_for_completion": true}, nil, many, many, true, "",
			func(r *acctest.Resource) bool {
				return r.String("target_status") == "Success" && r.String("delivery") == "SENT"
			},
		},
		"until they fail": {
			"signal_automation", []sandbox.Step{gate, settle, broken}, acctest.Values{"signal_type": "Approve", "wait_for_completion": true, "on_wait_failure": "record"},
			nil, many, 2 * many, true, "the disk is full",
			func(r *acctest.Resource) bool { return r.String("target_status") == "Failed" },
		},
		"until they are ready": {
			"signal_automation", []sandbox.Step{settle, gate}, acctest.Values{"signal_type": "Approve", "wait_until_ready": true}, nil, many, 2 * many, true, "",
			func(r *acctest.Resource) bool { return r.String("delivery") == "SENT" },
		},
		"without a signal": {
			"signal_automation_wait", []sandbox.Step{settle, done}, acctest.Values{}, nil, 0, 2 * many, true, "",
			func(r *acctest.Resource) bool {
				return r.String("target_status") == "Success" && strings.Contains(r.State.String(), "1.2.3")
			},
		},
		"without a signal until they are ready": {
			"signal_automation_wait", []sandbox.Step{settle, gate}, acctest.Values{"until": "ready"}, nil, 0, 2 * many, true, "",
			func(r *acctest.Resource) bool { return r.String("target_status") == "Waiting" },
		},
		"without the permission to list": {
			"signal_automation", []sandbox.Step{gate, settle, done}, acctest.Values{"signal_type": "Approve", "wait_for_completion": true},
			&sandbox.Fault{Operation: list, Kind: sandbox.KindRefuse}, many, 1 << 20, false, "",
			func(r *acctest.Resource) bool { return r.String("target_status") == "Success" },
		},
		"while listing fails": {
			"signal_automation", []sandbox.Step{gate, settle, done}, acctest.Values{"signal_type": "Approve", "wait_for_completion": true},
			&sandbox.Fault{Operation: list, Kind: sandbox.KindErrorBefore}, many, 1 << 20, false, "",
			func(r *acctest.Resource) bool { return r.String("target_status") == "Success" },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := byName(t, sandbox.Options{})
			policy := acctest.Quick()
			policy.FirstPoll, policy.LongestPoll = 50*time.Millisecond, 200*time.Millisecond
			n.p = acctest.StartProvider(t, acctest.Block(n.URL()), provider.WithPolicy(policy))
			if test.fault != nil {
				n.Inject(*test.fault)
			}
			ids := map[string]bool{}
			for range many {
				ids[n.StartAutomation(sandbox.Automation{Steps: test.steps, Outputs: map[string][]string{"deploy.Version": {"1.2.3"}}})] = true
			}
			// All waits have begun some time before the executions go on, and all have passed
			// a gate that is first.
			var reads atomic.Int32
			goOn := func() {
				if (test.steps[0].Name == settle.Name || n.Accepted(send) == many) && reads.Add(1) == many {
					n.move(time.Minute)
				}
			}
			n.Hook(list, nil, goOn)
			n.Hook(read, nil, goOn)
			var all sync.WaitGroup
			for id := range ids {
				r := n.p.Resource(test.kind)
				all.Go(func() {
					diags := r.Apply(acctest.Values{"automation_execution_id": id}.With(test.with))
					if diags.HasError() || len(diags) > 0 != (test.says != "") || !strings.Contains(diags.String(), test.says) || !test.check(r) {
						t.Errorf("recorded %s and said %s", r.State, diags)
					}
				})
			}
			all.Wait()
			lists, named := n.listed(t), 0
			for _, list := range lists {
				named += len(list)
				if len(list) < 2 || len(list) > 10 || len(slices.Compact(slices.Sorted(slices.Values(list)))) != len(list) ||
					slices.ContainsFunc(list, func(id string) bool { return !ids[id] }) {
					t.Errorf("a list names %v", list)
				}
			}
			t.Logf("%d lists of %d executions, %d reads of one", len(lists), named, n.Count(read))
			if n.Count(send) != test.sends || n.Accepted(send) != test.sends {
				t.Errorf("sent %d times, of which %d were accepted", n.Count(send), n.Accepted(send))
			}
			if n.Count(read) > test.most || len(lists) == 0 || test.shares && named < 3*len(lists) {
				t.Errorf("%d lists of %d executions, %d reads of one", len(lists), named, n.Count(read))
			}
			// Concurrent requests are refused together.
			if test.fault != nil && test.fault.Kind == sandbox.KindRefuse && len(lists) > many/2 {
				t.Errorf("listed %d times", len(lists))
			}
			if others := len(n.RequestLog()) - n.Count(send) - n.Count(list) - n.Count(read); others > 0 {
				t.Errorf("the request log is %v", n.RequestLog())
			}
		})
	}
}
