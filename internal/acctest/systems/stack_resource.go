package systems

import (
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// deployed returns the arguments of the signal to the wait condition of a stack.
func deployed(stack string) Values {
	return Values{"stack_id": stack, "logical_resource_id": "Deployed", "status": "SUCCESS"}
}

// startROSStack starts a stack whose name is its id.
func startROSStack(s *sandbox.Sandbox, d sandbox.Stack) string {
	d.ID = uuid.NewString()
	d.Name = d.ID
	return s.StartStack(d)
}

var stackResource = []System{{
	Type:       "signal_stack_resource",
	Package:    "ros",
	Block:      "alicloud",
	Endpoint:   "ros",
	Operation:  "SignalResource",
	Permission: "ros:SignalResource",
	HasAction:  true,
	Ready: func(s *sandbox.Sandbox) Values {
		return deployed(startROSStack(s, sandbox.Stack{Conditions: []sandbox.WaitCondition{{Name: "Deployed", Count: 10}}}))
	},
	Resends: Values{
		"stack_id":            "another",
		"logical_resource_id": "another",
		"status":              "FAILURE",
		"unique_id":           "another",
		"client_token":        "another",
		"region":              "eu-central-1",
	},
	Together:   Values{"stack_name": "another", "started_after": "2026-01-31T12:00:00Z"},
	Naming:     &Naming{Name: "stack_name", ID: "stack_id", Filter: "started_after"},
	Missing:    Values{"stack_id": "nothing"},
	MissingAt:  "stack_id",
	RetryAfter: true,
	IsSuccess:  hasRequestID,
	Gate: &Gate{
		Read:       "GetStack",
		Permission: "ros:GetStack",
		Running: func(s *sandbox.Sandbox, end string) Values {
			last := map[string]sandbox.Sleep{
				Well:  {Name: "Application", Seconds: seconds},
				Badly: {Name: "Application", Seconds: seconds, Fail: "the disk is full"},
				Never: {Name: "Application", Hold: true},
			}[end]
			last.DependsOn = []string{"Deployed"}
			return deployed(startROSStack(s, sandbox.Stack{Conditions: []sandbox.WaitCondition{{Name: "Deployed"}}, Sleeps: []sandbox.Sleep{last}}))
		},
		NotReady: "Its resource Deployed is INIT_COMPLETE.",
		Unready: func(s *sandbox.Sandbox) Values {
			return deployed(startROSStack(s, sandbox.Stack{
				Conditions: []sandbox.WaitCondition{{Name: "Deployed", DependsOn: []string{"Network"}}},
				Sleeps:     []sandbox.Sleep{{Name: "Network", Seconds: seconds}},
			}))
		},
		Absent:    []Absent{{When: "the stack does not exist", Arguments: Values{"stack_id": "nothing"}}},
		IsRunning: "CREATE_IN_PROGRESS", Succeeded: "CREATE_COMPLETE", Failed: "CREATE_FAILED",
		Reason: "the disk is full",
		Batch: &Batch{
			Operation: "ListStacks", Permission: "ros:ListStacks", Reads: "up to ten stacks",
			Is: func(r sandbox.Request) bool { return strings.Contains(r.Query+r.Body, "StackIds.") },
		},
	},
	Lost: Repeatable,
	Interrupted: func(s *sandbox.Sandbox, at Moment) (Values, string) {
		stack := sandbox.Stack{Conditions: []sandbox.WaitCondition{{Name: "Deployed"}}}
		switch at {
		case UntilReady:
			stack.Conditions[0].DependsOn = []string{"Network"}
			stack.Sleeps = []sandbox.Sleep{{Name: "Network", Seconds: Later}}
		case Waiting:
			stack.Sleeps = []sandbox.Sleep{{Name: "Application", Seconds: Later, DependsOn: []string{"Deployed"}}}
		default:
			stack.Conditions[0].Count = 10
		}
		id := startROSStack(s, stack)
		return deployed(id), id
	},
	Guards: []Guarded{{Guard: Generated}, {
		Guard: Pinned,
		With:  func(mark string) Values { return Values{"unique_id": mark, "client_token": mark} },
		Means: "`unique_id` and `client_token` set",
	}},
	Demo: Demo{
		Title: "signal the wait condition of an Alibaba Cloud ROS stack",
		Start: func(s *sandbox.Sandbox) {
			s.StartStack(sandbox.Stack{ID: ID(3), Conditions: []sandbox.WaitCondition{{Name: "Deployed"}}})
		},
		State: func(s *sandbox.Sandbox) string {
			stack, _ := s.Stack(ID(3))
			return fmt.Sprintf("stack %s, signals received: %d", stack.Status, len(stack.Signals))
		},
		Before: `stack CREATE_IN_PROGRESS, signals received: 0`,
		After:  `stack CREATE_COMPLETE, signals received: 1`,
	},
	Examples: []Scenario{{
		Example:   "resources/signal_stack_resource",
		Variables: []Variable{{"stack_id", ID(25)}, {"release", "1.2.3"}, {"stack_name", "beside"}},
		Start: func(s *sandbox.Sandbox) {
			s.StartStack(sandbox.Stack{Name: "beside", Conditions: []sandbox.WaitCondition{{Name: "Deployed"}}})
			s.StartStack(sandbox.Stack{ID: ID(25), Conditions: []sandbox.WaitCondition{{Name: "Deployed"}, {Name: "Approved"}}})
		},
	}, {
		Example:   "resources/signal_stack_resource_wait",
		Variables: []Variable{{"cluster", ID(29)}},
		Start: func(s *sandbox.Sandbox) {
			s.StartStack(sandbox.Stack{ID: ID(29), Conditions: []sandbox.WaitCondition{{Name: "Hosts", Count: 3}}})
		},
	}},
	Docs: Docs{
		Service: "ROS",
		Named:   "by its `logical_resource_id` and the `stack_id`, or found by `stack_name`",
		API:     alicloudAPI("ros", "2019-09-10"),
		Sends:   "a signal to a resource of an Alibaba Cloud ROS stack",
		Lost:    "sends the same request again until an answer comes, or until the timeout. After an answer with a status of 3xx or 4xx that is not from ROS itself, the outcome is unknown",
		Repeats: "`client_token`: Alibaba Cloud documents that a repeat has no further effect. It does not document what a repeat with only the same `unique_id` does",
		LostRows: "| the answer is lost, cut short, a server error, or not from the service itself | sends the same request again until the create timeout; if no answer ever comes, fails, saved as tainted with `delivery = \"UNKNOWN\"` |\n" +
			"| – the answer is not from the service itself, and has a status of 3xx or 4xx | fails and does not send again; saved as tainted with `delivery = \"UNKNOWN\"` |",
		AfterCrash: "set `unique_id` and `client_token`: the next apply makes the same request again. Alibaba Cloud documents that a\n" +
			"  repeat with the same `client_token` has no further effect. It does not document for how long that holds, and what it answers to a signal that nothing waits for any more; the\n" +
			"  stand-in refuses such a signal.",
		Answers: []Answer{
			{"StackNotFound", "stack_id", "the stack's id, region and account"},
			{"ResourceNotFound", "logical_resource_id", "the logical id, in the stack's template"},
			{"ResourceNotAvailable", "logical_resource_id", "whether it waits for signals, and waits now"},
			{"InvalidIdempotenceParameter", "client_token", "whether the token was used for another signal"},
			{"LastTokenProcessing", "client_token", "an earlier request with this token is being processed"},
			{"NoPermission", "", "the permission `ros:SignalResource`"},
		},
	},
}}
