package swf

import (
	"maps"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// arguments are those of the API reference, with its constraints. AWS counts Unicode
// code points.
// https://docs.aws.amazon.com/amazonswf/latest/apireference/API_SignalWorkflowExecution.html
func arguments() map[string]schema.Attribute {
	arguments := map[string]schema.Attribute{
		"domain": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "The name of the domain that the workflow execution is in, 1 to 256 characters.",
			Validators:          []validator.String{stringvalidator.UTF8LengthBetween(1, 256)},
		},
		"workflow_id": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "The workflow id of the execution to signal, 1 to 256 characters.",
			Validators:          []validator.String{stringvalidator.UTF8LengthBetween(1, 256)},
		},
		"run_id": schema.StringAttribute{
			Optional: true,
			Computed: true,
			MarkdownDescription: "The run to signal, 1 to 64 characters. When not set, the signal goes to the run of `workflow_id` that is open when it arrives; " +
				"with `wait_until_ready`, `wait_for_completion` or `adopt_existing` the open run is looked up first.",
			Validators: []validator.String{stringvalidator.UTF8LengthBetween(1, 64)},
		},
		"signal_name": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "The name of the signal, 1 to 256 characters. The workflow's decider has to know it.",
			Validators:          []validator.String{stringvalidator.UTF8LengthBetween(1, 256)},
		},
		"region": signal.RegionAttribute(),
	}
	maps.Copy(arguments, inputArgument.Attributes())
	return arguments
}

// remembered is what becomes of the arguments in a state.
var remembered = map[string]string{
	"run_id": "A run that was looked up before the signal was sent is recorded. " +
		"When `wait_for_completion` is turned on only after the signal was sent, the run that was open at `sent_at` is looked for, among the closed ones, too, and is not recorded.",
	"input_wo": "Moving a value here from `input` is a changed argument, and sends the signal again.",
}

// actionArguments are those that an action can have, which keeps no secrets.
func actionArguments() map[string]schema.Attribute {
	kept := maps.Clone(arguments())
	maps.DeleteFunc(kept, func(name string, _ schema.Attribute) bool { return strings.HasPrefix(name, inputArgument.Name) })
	kept[inputArgument.Name] = inputArgument.Alone()
	return kept
}

// inputArgument is the data that goes with the signal. An empty one is sent as such.
var inputArgument = signal.WriteOnlyPair{
	Name:        "input",
	Description: "The data that goes with the signal into the history of the execution, up to 32768 characters.",
	Validators:  []validator.String{stringvalidator.UTF8LengthAtMost(32768)},
}
