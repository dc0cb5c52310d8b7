package swf

import (
	"maps"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// arguments are the arguments of the API reference, with its constraints. AWS counts
// Unicode code points.
// https://docs.aws.amazon.com/amazonswf/latest/apireference/API_SignalWorkflowExecution.html
func arguments() map[string]schema.Attribute {
	arguments := map[string]schema.Attribute{
		"domain":      signal.Required("The name of the domain that the workflow execution is in, 1 to 256 characters.", stringvalidator.UTF8LengthBetween(1, 256)),
		"workflow_id": signal.Required("The workflow id of the execution, 1 to 256 characters.", stringvalidator.UTF8LengthBetween(1, 256)),
		"run_id": signal.OptionalComputed("The run to signal, 1 to 64 characters. If it is not set, the signal goes to the run of `workflow_id` that is open when the signal arrives. "+
			"With `wait_until_ready`, `wait_for_completion` or `adopt_existing` the provider first searches for the open run.",
			stringvalidator.UTF8LengthBetween(1, 64)),
		"signal_name": signal.Required("The name of the signal, 1 to 256 characters. The workflow's decider must know this name.", stringvalidator.UTF8LengthBetween(1, 256)),
		"region":      signal.RegionAttribute(),
	}
	maps.Copy(arguments, inputArgument.Attributes())
	return arguments
}

// remembered says of some arguments what the state records.
var remembered = map[string]string{
	"run_id": "The provider records a run that it found before it sent the signal. " +
		"If `wait_for_completion` is turned on only after the signal was sent, the provider searches for the run that was open at `sent_at`, also among closed runs, and does not record it.",
	"input_wo": "Moving a value from `input` to this argument is a change, and sends the signal again.",
}

// inputArgument is the data of the signal. An empty input is sent as an empty text, and not
// left out.
var inputArgument = signal.WriteOnlyPair{
	Name:        "input",
	Description: "The data of the signal, up to 32768 characters. It is visible in the history of the execution.",
	Validators:  []validator.String{stringvalidator.UTF8LengthAtMost(32768)},
}
