package cloudformation

import (
	"context"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// client has the operations that the system uses.
type client struct {
	region                string
	SignalResource        aws.Operation[sdk.SignalResourceInput, sdk.SignalResourceOutput, sdk.Options]
	DescribeStacks        aws.Operation[sdk.DescribeStacksInput, sdk.DescribeStacksOutput, sdk.Options]
	DescribeStackResource aws.Operation[sdk.DescribeStackResourceInput, sdk.DescribeStackResourceOutput, sdk.Options]
	DescribeStackEvents   aws.Operation[sdk.DescribeStackEventsInput, sdk.DescribeStackEventsOutput, sdk.Options]
}

var service = aws.Service[*client]{Name: "cloudformation", IsOwn: aws.IsXML, NewClient: func(cfg awssdk.Config) *client {
	c := sdk.NewFromConfig(cfg)
	return &client{cfg.Region, c.SignalResource, c.DescribeStacks, c.DescribeStackResource, c.DescribeStackEvents}
}}

// permission is the IAM action for the one request that a signal makes.
const permission = "cloudformation:SignalResource"

// validationError is the error code of all refusals except those for credentials and
// permissions. Only the message tells them apart. The code checks how the message begins,
// because names that a user has chosen come later.
const validationError = "ValidationError"

type request struct {
	*client
	input *sdk.SignalResourceInput
}

// Send makes one SignalResource request. CloudFormation refuses a repeat with the same
// unique id if it took the first request. It takes a FAILURE again, without further effect.
func (r request) Send(ctx context.Context) delivery.Attempt {
	attempt := aws.Send(ctx, r.SignalResource, r.input)
	attempt.Repeatable = attempt.Outcome == delivery.Unknown
	// CloudFormation takes a FAILURE over any signal, so the existing signal may be a
	// SUCCESS.
	attempt.Duplicate = exists(attempt) && r.input.Status == cfntypes.ResourceSignalStatusSuccess
	return attempt
}

// exists reports whether the refusal means that a signal with this unique id exists.
func exists(attempt delivery.Attempt) bool {
	return says(attempt, "Signal with ID ", " already exists")
}

// absent reports whether the refusal means that the stack or the resource does not exist.
func absent(attempt delivery.Attempt) bool {
	return says(attempt, "Stack ", " does not exist") || absentResource(attempt)
}

func absentResource(attempt delivery.Attempt) bool {
	return says(attempt, "Resource ", " does not exist")
}

func says(attempt delivery.Attempt, begins, contains string) bool {
	return attempt.Outcome == delivery.Rejected && attempt.Code == validationError && strings.HasPrefix(attempt.Message, begins) && strings.Contains(attempt.Message, contains)
}

// explain returns the advice for the refusals of SignalResource and of the reads, which need
// a permission. The API reference lists none, so these come from public issues.
func (r request) explain(attempt delivery.Attempt, permission string) signal.Advice {
	look := aws.CommandLine(r.region, "cloudformation describe-stack-resource --stack-name %s --logical-resource-id %s", r.input.StackName, r.input.LogicalResourceId)
	switch {
	case exists(attempt): // github.com/kubernetes-retired/kube-aws/pull/1274
		return signal.Advice{
			Attribute: "unique_id",
			Gone:      true,
			Next: "The resource already has a signal with this unique id, and CloudFormation takes each id once. If that is this signal, it has arrived: adopt_existing = true records it. " +
				"If it is another signal, set another unique_id, or leave unique_id out to have the provider generate one.",
		}
	case says(attempt, "Resource ", "WAIT_CONDITION_HANDLE"): // github.com/aws/aws-cdk/issues/24638
		return signal.Advice{
			Attribute: "logical_resource_id",
			Next: "To signal a wait condition handle, or a wait condition that has a handle, send a request to the handle's presigned URL. This API cannot signal them. " +
				"To use this resource, give the wait condition a CreationPolicy instead of a handle, and set its logical id here.",
		}
	case says(attempt, "Stack ", " cannot be signaled"): // github.com/aws-cloudformation/aws-cloudformation-templates/issues/34
		return signal.Advice{
			Attribute: "stack_name",
			Gone:      !says(attempt, "Stack ", inProgressSuffix),
			Next: "The stack takes signals only while it is created or updated: perhaps that is over, or has not begun. To see its events, run " +
				aws.CommandLine(r.region, "cloudformation describe-stack-events --stack-name %s", r.input.StackName) + ". With wait_until_ready = true the provider waits until the stack is created or updated.",
		}
	case says(attempt, "Resource ", " cannot be signaled"): // This text is assumed for a resource in the wrong state; no public log shows it.
		return signal.Advice{
			Attribute: "logical_resource_id",
			Next: "Check that the resource has a CreationPolicy, or an UpdatePolicy that waits for signals, and that it waits now: perhaps the stack has not reached it yet, or has passed it. " +
				"Look at its status: " + look + ".",
		}
	case absentResource(attempt):
		return signal.Advice{
			Attribute: "logical_resource_id",
			Gone:      true,
			MayCome:   true,
			Next:      "Check the logical id against the resources of the stack's template. The stack may not have reached the resource yet, so it is not there yet: with wait_until_ready = true the provider waits for it.",
		}
	case absent(attempt):
		return signal.Advice{
			Attribute: "stack_name",
			Gone:      true,
			Next:      "Check the stack's name, and that the stack is in this region and account. A stack that was deleted is found only by its ARN. With wait_until_ready = true the provider waits for a stack that does not exist yet.",
		}
	case attempt.Code == validationError:
		return signal.Advice{Next: "CloudFormation does not accept the request, and its message says why. To see the resource, run " + look + "."}
	}
	return signal.Advice{Next: aws.Explain(attempt, permission)}
}

// received returns the reason of the event in which a stack shows the signal.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_SignalResource.html
func received(input *sdk.SignalResourceInput) string {
	return "Received " + string(input.Status) + " signal with UniqueId " + awssdk.ToString(input.UniqueId)
}
