package ros

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// clientToken has the characters that the API reference allows.
var clientToken = delivery.LazyRegexp(`^[A-Za-z0-9_-]*$`)

// arguments are the arguments of the API reference, with its constraints.
// https://www.alibabacloud.com/help/en/ros/developer-reference/api-ros-2019-09-10-signalresource
func arguments() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"stack_id": signal.Required("The id of the stack.", stringvalidator.LengthAtLeast(1)),
		"stack_name": signal.Optional("The exact name of the stack. The provider searches for the stack with this name whose resource can take this signal.",
			stringvalidator.LengthAtLeast(1)),
		"started_after":       signal.StartedAfterAttribute(),
		"logical_resource_id": signal.Required("The logical id of the resource, as the stack's template defines it.", stringvalidator.LengthAtLeast(1)),
		"status": signal.Required("`SUCCESS`, `FAILURE` or `WARNING`. Failure signals can make the creation or update of the stack fail; "+
			"if all signals are warnings, the stack cannot be created or updated.",
			stringvalidator.OneOf("SUCCESS", "FAILURE", "WARNING")),
		"unique_id": signal.OptionalComputed("The id that distinguishes this signal from others to the same resource, 1 to 64 characters. "+
			"If it is not set, the provider generates a new one for every signal.",
			stringvalidator.UTF8LengthBetween(1, 64)),
		"client_token": signal.OptionalComputed("The token with which the service recognises a repeated request, up to 64 letters, digits, `-` and `_`. "+
			"If it is not set, the provider generates a new one for every signal.",
			stringvalidator.UTF8LengthBetween(1, 64), signal.Matches(clientToken, "may hold letters, digits, - and _")),
		"region": signal.RegionAttribute(),
	}
}

// remembered says of some arguments what the state records.
var remembered = map[string]string{
	"stack_id":      "The provider records the id of the stack that it found, and uses it until the signal is sent again.",
	"stack_name":    "After taint, `-replace` and changed `triggers` the provider searches for a stack again. If you set `stack_id` to the id that was found and remove the name, nothing is sent.",
	"started_after": "A change of this argument alone sends nothing, and the recorded target stays.",
	"unique_id":     "The provider records the id that it used.",
	"client_token": "The provider records the token that it used. " +
		"If you set a token, sending again after changed `triggers` repeats the same request, which may have no further effect.",
}
