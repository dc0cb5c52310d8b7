package sfn

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

const (
	success = "SUCCESS"
	failure = "FAILURE"
)

// arguments are the arguments in the API references of SendTaskSuccess and SendTaskFailure,
// with their constraints. AWS counts Unicode code points, but the output in bytes.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskFailure.html
func arguments() map[string]schema.Attribute {
	arguments := map[string]schema.Attribute{
		"status": signal.Required("Whether the task has succeeded or failed: `SUCCESS` or `FAILURE`.", stringvalidator.OneOf(success, failure)),
		"error": signal.Optional("With `FAILURE`, the name of the error, for the state machine's `Retry` and `Catch`, up to 256 characters. "+
			"If the state machine is encrypted and the provider has no permission to use its key, leave out `error` and `cause`: then the task can still be failed.",
			stringvalidator.UTF8LengthAtMost(256)),
		"cause": signal.Optional("With `FAILURE`, why the task has failed, up to 32,768 characters.", stringvalidator.UTF8LengthAtMost(32768)),
		"execution_arn": signal.Optional("The ARN of the execution that waits for the answer, 1 to 256 characters. It is not sent. `wait_until_ready` and `wait_for_completion` need it to read the execution, "+
			"and the provider reads the execution if the answer to a signal is lost. Executions of Express state machines cannot be read.",
			stringvalidator.UTF8LengthBetween(1, 256)),
		"region": signal.RegionAttribute(),
	}
	maps.Copy(arguments, taskToken.Attributes())
	maps.Copy(arguments, output.Attributes())
	return arguments
}

// taskToken identifies the task. Whoever has it can answer the task.
var taskToken = signal.WriteOnlyPair{
	Name:        "task_token",
	Required:    true,
	Sensitive:   true,
	Description: "The token of the task, 1 to 2,048 characters.",
	Validators:  []validator.String{stringvalidator.UTF8LengthBetween(1, 2048)},
}

// output may contain secrets, so no message shows it.
var output = signal.WriteOnlyPair{
	Name:        "output",
	Description: "The result of the task: a JSON text of up to 262,144 bytes. It is required with `SUCCESS`, and only allowed with it.",
	Validators:  []validator.String{stringvalidator.LengthAtMost(262144), isJSON},
}

// isJSON refuses a text that Step Functions would refuse as InvalidOutput.
var isJSON = signal.TextValidator{
	Summary: "Invalid Attribute Value", Must: "must be a JSON text, such as jsonencode returns", Secret: true,
	Valid: func(text string) bool { return json.Valid([]byte(text)) },
}

// check reports arguments of the other status, a success without an output, and a wait
// without execution_arn.
func check(_ context.Context, a *args, waits bool) (diags diag.Diagnostics) {
	refuse := func(name string, value attr.Value, needs string) {
		if signal.Given(value) {
			diags.AddAttributeError(path.Root(name), "Argument of Another Status", fmt.Sprintf("%s is sent only with status = %q.", name, needs))
		}
	}
	switch a.Status.ValueString() {
	case success:
		refuse("error", a.Error, failure)
		refuse("cause", a.Cause, failure)
		if signal.Missing(a.Output) && signal.Missing(a.OutputWO) {
			diags.AddAttributeError(path.Root("output"), "Missing Output",
				"SendTaskSuccess needs an output: set output or output_wo. If the task has no result, set jsonencode({}).")
		}
	case failure:
		refuse("output", a.Output, success)
		refuse("output_wo", a.OutputWO, success)
		refuse("output_wo_version", a.OutputWOVersion, success)
	}
	if waits && signal.Missing(a.ExecutionARN) {
		diags.AddAttributeError(path.Root("execution_arn"), "Missing Execution",
			"A task token does not tell which execution it belongs to: wait_until_ready and wait_for_completion need execution_arn.")
	}
	return diags
}
