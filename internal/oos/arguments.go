package oos

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// The values of notify_type.
const (
	approve           = "Approve"
	reject            = "Reject"
	executeTask       = "ExecuteTask"
	cancelTask        = "CancelTask"
	completeExecution = "CompleteExecution"
	retryTask         = "RetryTask"
	skipTask          = "SkipTask"
)

// arguments are the arguments of the API reference, which states no lengths.
// https://www.alibabacloud.com/help/en/oos/developer-reference/api-oos-2019-06-01-notifyexecution
func arguments() map[string]schema.Attribute {
	filled := []validator.String{stringvalidator.LengthAtLeast(1)}
	return map[string]schema.Attribute{
		"execution_id": signal.Required("The id of the execution.", filled...),
		"template_name": signal.Optional("The name of the template. The provider searches for the execution of this template that waits, not for child executions. If several wait, the resource fails and lists them. "+
			"With `CancelTask` and `CompleteExecution` it searches for the execution in Debug mode that has not ended.",
			filled...),
		"started_after": signal.StartedAfterAttribute(),
		"notify_type": signal.Required("`Approve` or `Reject` a task that waits for approval, because its action is `ACS::Approve` or because it has a high risk. "+
			"Use `ExecuteTask`, `CancelTask` or `CompleteExecution` in Debug mode, and `RetryTask` or `SkipTask` if the execution waits after a task has failed.",
			stringvalidator.OneOf(approve, reject, executeTask, cancelTask, completeExecution, retryTask, skipTask)),
		"notify_note": signal.OptionalComputed("The note that OOS keeps with the task. The provider recognises a signal with a lost answer by its note. If it is not set, the provider generates a unique note for every signal.",
			filled...),
		"task_name":         signal.Optional("The name of the task. It is required with `ExecuteTask`: it is the task to execute next.", filled...),
		"task_execution_id": signal.Optional("The id of the execution of a task. Set it if several tasks wait, to select one of them.", filled...),
		"parameters":        signal.Optional("With `ExecuteTask`, the parameters of the task: a JSON object, such as `jsonencode` returns.", jsonObject),
		"execution_status":  signal.Optional("With `CompleteExecution`, the status that the execution ends with, such as `Success`.", filled...),
		"loop_item":         signal.Optional("The item of the loop to whose task the signal goes.", filled...),
		"region":            signal.RegionAttribute(),
	}
}

// remembered says of some arguments what the state records.
var remembered = map[string]string{
	"execution_id":  "The provider records the id of the execution that it found by `template_name` when it sends the signal, and uses it until the signal is sent again. Then the provider searches again.",
	"started_after": "A change of this argument alone sends nothing, and the recorded target stays.",
	"notify_note":   "The provider records the note that it used.",
}

// only has the notify_type of each argument that is for one notify_type alone, as the API
// reference says.
var only = map[string]string{"parameters": executeTask, "execution_status": completeExecution}

// check reports arguments that the notify_type needs, and arguments that have no meaning
// with it.
func check(_ context.Context, a *args, _ bool) (diags diag.Diagnostics) {
	kind := a.NotifyType
	if kind.ValueString() == executeTask && signal.Missing(a.TaskName) {
		diags.AddAttributeError(path.Root("task_name"), "Missing Task Name", "notify_type = \"ExecuteTask\" needs task_name: the task to execute next.")
	}
	for name, value := range map[string]types.String{"parameters": a.Parameters, "execution_status": a.ExecutionStatus} {
		if signal.Given(value) && signal.Given(kind) && kind.ValueString() != only[name] {
			diags.AddAttributeError(path.Root(name), "Argument Has No Meaning",
				fmt.Sprintf("%s is only for notify_type = %q, and notify_type is %q: leave it out.", name, only[name], kind.ValueString()))
		}
	}
	return diags
}

// jsonObject validates a JSON object.
var jsonObject = signal.TextValidator{
	Summary: "Invalid JSON", Must: "must be a JSON object, such as jsonencode returns", Secret: true,
	Valid: func(text string) bool {
		var object map[string]json.RawMessage
		return json.Unmarshal([]byte(text), &object) == nil && object != nil
	},
}
