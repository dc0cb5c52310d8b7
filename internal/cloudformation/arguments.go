package cloudformation

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

const (
	success = "SUCCESS"
	failure = "FAILURE"
)

// stackName is the pattern of the API reference.
var stackName = delivery.LazyRegexp(`^(?:[a-zA-Z][-a-zA-Z0-9]*|arn:(?:aws|aws-us-gov|aws-cn):[-a-zA-Z0-9:/._+]*)$`)

// arguments are the arguments of the API reference, with its constraints. AWS counts
// Unicode code points.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_SignalResource.html
func arguments() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"stack_name": signal.Required("The name or the ARN of the stack. A name is known before the stack exists: with `wait_until_ready` the signal can go to a stack that "+
			"`aws_cloudformation_stack` creates or updates in the same apply. The signal must not depend on that resource.",
			stringvalidator.LengthAtLeast(1), signal.Matches(stackName, "must be a stack's name, of letters, digits and hyphens and beginning with a letter, or its ARN")),
		"logical_resource_id": signal.Required("The logical id of the resource, as the stack's template defines it: an Auto Scaling group, an EC2 instance, a wait condition or an AppStream fleet with a `CreationPolicy`, or an Auto Scaling group with an `UpdatePolicy` that waits for signals. "+
			"This request cannot signal a wait condition with a handle, or a handle: use the handle's URL.",
			stringvalidator.LengthAtLeast(1)),
		"status": signal.Required("`SUCCESS` or `FAILURE`. After `FAILURE` the creation or update of the stack fails at once.", stringvalidator.OneOf(success, failure)),
		"unique_id": signal.OptionalComputed("The id that distinguishes this signal from others to the same resource, 1 to 64 characters. For EC2 instances and Auto Scaling groups it is the id of the instance. "+
			"If it is not set, the provider generates a new one for every signal.",
			stringvalidator.UTF8LengthBetween(1, 64)),
		"region": signal.RegionAttribute(),
	}
}

// remembered says of some arguments what the state records.
var remembered = map[string]string{
	"unique_id": "The provider records the id that it used. If you set an id, CloudFormation refuses a second `SUCCESS` after changed `triggers`, because it already has one with this id.",
}
