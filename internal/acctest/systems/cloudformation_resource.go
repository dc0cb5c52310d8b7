package systems

import (
	"fmt"
	"strings"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// host returns a resource that waits for this number of signals.
func host(signals int, dependsOn ...string) sandbox.CloudFormationResource {
	return sandbox.CloudFormationResource{Name: "Hosts", Type: "AWS::AutoScaling::AutoScalingGroup", Signals: signals, DependsOn: dependsOn}
}

// startStack starts a stack of these resources, and returns the arguments of the
// signal to its hosts.
func startStack(s *sandbox.Sandbox, resources ...sandbox.CloudFormationResource) Values {
	name := fmt.Sprintf("web-%04d", len(s.CloudFormationStacks()))
	s.StartCloudFormationStack(sandbox.CloudFormationStack{Name: name, Resources: resources})
	return Values{"stack_name": name, "logical_resource_id": "Hosts", "status": "SUCCESS"}
}

var cloudFormationResource = []System{{
	Type:       "signal_cloudformation_resource",
	Package:    "cloudformation",
	Block:      "aws",
	Endpoint:   "cloudformation",
	Operation:  "CloudFormation.SignalResource",
	Permission: "cloudformation:SignalResource",
	HasAction:  true,
	Ready:      func(s *sandbox.Sandbox) Values { return startStack(s, host(10)) },
	Resends: Values{
		"stack_name":          "another",
		"logical_resource_id": "another",
		"status":              "FAILURE",
		"unique_id":           "another",
		"region":              "eu-central-1",
	},
	Missing:   Values{"stack_name": "nothing"},
	MissingAt: "stack_name",
	IsSuccess: func(_ map[string]any, body string) bool { return strings.HasPrefix(body, "<SignalResourceResponse") },
	// As botocore 1.43.11 serializes the API model 2010-05-15.
	Requests: []Request{{
		Name:      "minimal",
		Arguments: Values{"stack_name": "web", "logical_resource_id": "Hosts", "status": "SUCCESS", "unique_id": "u"},
		Header:    map[string]string{"Content-Type": "application/x-www-form-urlencoded"},
		Body:      "Action=SignalResource&Version=2010-05-15&StackName=web&LogicalResourceId=Hosts&UniqueId=u&Status=SUCCESS",
	}, {
		Name: "in full",
		Arguments: Values{
			"stack_name": "arn:aws:cloudformation:eu-west-1:123456789012:stack/web/1", "logical_resource_id": "Hosts", "status": "FAILURE", "unique_id": "<\u00e9> &=+\n", "region": "eu-west-1",
		},
		Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"},
		Body: "Action=SignalResource&Version=2010-05-15&StackName=arn%3Aaws%3Acloudformation%3Aeu-west-1%3A123456789012%3Astack%2Fweb%2F1" +
			"&LogicalResourceId=Hosts&UniqueId=%3C%C3%A9%3E+%26%3D%2B%0A&Status=FAILURE",
	}},
	Gate: &Gate{
		Read:       "CloudFormation.DescribeStacks",
		Permission: "cloudformation:DescribeStacks",
		Running: func(s *sandbox.Sandbox, end string) Values {
			last := map[string]sandbox.CloudFormationResource{
				Well: {Seconds: seconds}, Badly: {Seconds: seconds, Fail: "the disk is full"}, Never: {Hold: true},
			}[end]
			last.Name, last.DependsOn = "Application", []string{"Hosts"}
			return startStack(s, host(1), last)
		},
		NotReady: "Its resource Hosts is not there.",
		Unready: func(s *sandbox.Sandbox) Values {
			return startStack(s, sandbox.CloudFormationResource{Name: "Network", Seconds: seconds}, host(1, "Network"))
		},
		Absent:    []Absent{{When: "the stack does not exist", Arguments: Values{"stack_name": "nothing"}, Waits: []string{Ready}}},
		IsRunning: "CREATE_IN_PROGRESS", Succeeded: "CREATE_COMPLETE", Failed: "CREATE_FAILED",
		Reason: "the disk is full",
		Adopts: true, AdoptsWith: Values{"unique_id": "release-7"},
	},
	Lost:         Repeatable,
	ShowsSignals: true,
	Cells:        duplicateCells(),
	Interrupted: func(s *sandbox.Sandbox, at Moment) (Values, string) {
		resources := []sandbox.CloudFormationResource{host(10)}
		switch at {
		case UntilReady:
			resources = []sandbox.CloudFormationResource{{Name: "Network", Seconds: Later}, host(1, "Network")}
		case Waiting:
			resources = []sandbox.CloudFormationResource{host(1), {Name: "Application", Seconds: Later, DependsOn: []string{"Hosts"}}}
		}
		arguments := startStack(s, resources...)
		return arguments, arguments["stack_name"].(string)
	},
	Guards: []Guarded{{Guard: GeneratedOnce}, {
		Guard: ShownToken,
		With:  func(mark string) Values { return Values{"unique_id": mark} },
		Means: "`unique_id` set",
	}, {
		Guard: Adopting,
		With:  func(mark string) Values { return Values{"unique_id": mark, "adopt_existing": true} },
		Means: "`adopt_existing` and `unique_id`",
	}},
	Demo: Demo{
		Title: "signal a resource of an AWS CloudFormation stack",
		Start: func(s *sandbox.Sandbox) {
			s.StartCloudFormationStack(sandbox.CloudFormationStack{Name: "web", Resources: []sandbox.CloudFormationResource{host(1)}})
		},
		State: func(s *sandbox.Sandbox) string {
			stack, _ := s.CloudFormationStack("web")
			return fmt.Sprintf("CloudFormation shows %s, signals received: %d", stack.Status, len(stack.Signals))
		},
		Before: `CloudFormation shows CREATE_IN_PROGRESS, signals received: 0`,
		After:  `CloudFormation shows CREATE_COMPLETE, signals received: 1`,
	},
	Examples: []Scenario{{
		Example:   "resources/signal_cloudformation_resource",
		Variables: []Variable{{"stack_name", "shop"}, {"instance_id", "i-0123456789abcdef0"}},
		Start: func(s *sandbox.Sandbox) {
			s.StartCloudFormationStack(sandbox.CloudFormationStack{Name: "shop", Resources: []sandbox.CloudFormationResource{host(1), {Name: "Approved", Signals: 1}}})
		},
	}, {
		Example:   "resources/signal_cloudformation_resource_wait",
		Variables: []Variable{{"fleet_stack_name", "fleet"}},
		Start: func(s *sandbox.Sandbox) {
			s.StartCloudFormationStack(sandbox.CloudFormationStack{
				Name: "fleet", Resources: []sandbox.CloudFormationResource{host(2)}, Outputs: map[string]string{"Address": "fleet.example.com"},
			})
		},
	}},
	Docs: Docs{
		Service: "CloudFormation",
		Named:   "by the `stack_name`, a name or an ARN, and its `logical_resource_id`",
		API:     awsAPI("AWSCloudFormation/latest/APIReference"),
		Sends:   "a signal to a resource of an AWS CloudFormation stack, as `cfn-signal` does",
		Lost:    "sends the same request again until an answer comes, or until the timeout. If the service answers that this `unique_id` already exists, the signal is confirmed. If the stack no longer waits for the signal, the provider reads the stack's events: the signal is confirmed if they show it, and if they do not within 15 seconds, the resource fails and nothing is recorded",
		Repeats: "`unique_id`: a resource takes each id once",
		LostRows: "| the answer is lost, cut short, a server error, or not from the service itself | sends the same request again until the create timeout: |\n" +
			"| – the service takes it | recorded with `delivery = \"SENT\"`: the first request had not arrived, or was a `FAILURE` |\n" +
			"| – the service answers that the resource has a signal with this `unique_id` | recorded with `delivery = \"CONFIRMED\"` |\n" +
			"| – the service refuses it for another reason, or no answer comes | reads the stack's events. If they show the signal, it is recorded with `delivery = \"CONFIRMED\"`. If they do not within 15 seconds, the resource fails, and nothing is recorded |\n" +
			"| – the events cannot be read, or no answer came within a minute and the events do not show the signal | fails; saved as tainted with `delivery = \"UNKNOWN\"` |",
		AfterCrash: "set `unique_id` and `adopt_existing`: the next apply finds the signal in the stack's events. With `unique_id` alone CloudFormation refuses the second signal, " +
			"and the apply fails although the stack has got the first one.",
		Answers: []Answer{
			{"ValidationError: Stack ... does not exist", "stack_name", "the stack's name, region and account"},
			{"ValidationError: Stack ... is in CREATE_COMPLETE state and cannot be signaled", "stack_name", "whether the stack is being created or updated now"},
			{"ValidationError: Resource ... does not exist for stack ...", "logical_resource_id", "the logical id, and whether the stack has come to it"},
			{"ValidationError: Resource ... is in CREATE_COMPLETE state and cannot be signaled", "logical_resource_id", "whether it has a `CreationPolicy` or `UpdatePolicy`, and waits now"},
			{"ValidationError: Resource ... is of type AWS_CLOUDFORMATION_WAIT_CONDITION_HANDLE_V3 and cannot be signaled", "logical_resource_id", "the logical id: a wait condition handle takes no signal, but a request to its presigned URL"},
			{"ValidationError: Signal with ID ... for resource ... already exists", "unique_id", "whether that signal is this one; if it is not, use another id"},
			{"AccessDenied", "", "the permission `cloudformation:SignalResource`"},
		},
	},
}}

// duplicateCells returns the cells of signals that are sent again, and whose service
// refuses a repeat of a signal that it has. If it refuses the repeat for another reason, or
// the outcome stays unknown, the provider looks the signal up.
func duplicateCells() map[string]Cell {
	cells := map[string]Cell{
		"500 for good":       {Result: NotSent, Requests: Many, Says: []string{"HTTP 500", "attempts", "timeout", "the signal has not arrived"}},
		"every stream reset": {Result: NotSent, Requests: Many, Says: []string{"PROTOCOL_ERROR", "attempts", "timeout", "the signal has not arrived"}},
		"proxy's 403":        {Result: Sent, Requests: 2, Taken: 1},
		"redirected":         {Result: Sent, Requests: 2, Taken: 1},
	}
	for _, taken := range []string{
		"server error after acting", "dropped after acting", "truncated 200", "truncated JSON", "proxy's 502 after acting", "no answer to one attempt",
		"answer lost and reading denied", "answer lost and reading fails", "stream reset after acting",
	} {
		cells[taken] = Cell{Result: Confirmed, Requests: 2, Taken: 1}
	}
	return cells
}
