package temporal

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// The default limits of the server, in bytes: limit.maxIDLength and limit.blobSize.error in
// its dynamic configuration.
// https://github.com/temporalio/temporal/blob/v1.29.1/common/dynamicconfig/constants.go
const (
	longestID    = 1000
	longestInput = 2 << 20
)

func arguments() map[string]schema.Attribute {
	arguments := map[string]schema.Attribute{
		"namespace": signal.OptionalComputed("The namespace of the workflow, 1 to 1000 bytes. The default is the namespace of the provider's `temporal` block, then `TEMPORAL_NAMESPACE`, then `"+
			DefaultNamespace+"`.",
			PathSegment),
		"workflow_id": signal.Required("The workflow id of the execution, 1 to 1000 bytes. It cannot have a `/`: the server's HTTP API does not find such an execution, "+
			"however the `/` is escaped.",
			PathSegment),
		"run_id": signal.OptionalComputed("The run to signal, a UUID. If it is not set, the signal goes to the run of `workflow_id` that is current when the signal arrives. After a lost answer the provider "+
			"first finds out which run that was. "+
			"With `wait_until_ready`, `wait_for_completion` or `adopt_existing` the provider first searches for the current run.",
			signal.Matches(signal.UUID, "must be a UUID: the server refuses other run ids")),
		"signal_name": signal.Required("The name of the signal, 1 to 1000 bytes, without a `/`. The workflow must know this name.", PathSegment),
		"request_id": signal.OptionalComputed("The id of the request, 1 to 1000 bytes. In each run, the server treats requests with the same id as one signal. If it is not set, the provider generates one for each signal. "+
			"Every repeat of the request has the same id. The history has it in the signal's `identity`, after `"+identityPrefix+"`.",
			stringvalidator.LengthBetween(1, longestID)),
	}
	maps.Copy(arguments, input.Attributes())
	return arguments
}

// remembered says of some arguments what the state records.
var remembered = map[string]string{
	"run_id": "The provider records a run that it found before it sent the signal.",
	"request_id": "The provider records the id that it used. If you set an id, a signal that is sent again after changed `triggers`, taint or `-replace` has the same id: a run that has taken " +
		"the first signal drops the second one, and the state says `SENT` all the same.",
	"input_wo": "Moving a value from `input` to this argument is a change, and sends the signal again.",
}

// input has the arguments for the workflow's signal handler.
var input = signal.WriteOnlyPair{
	Name: "input",
	Description: "The signal's arguments: a JSON array, up to 2 MiB, such as `jsonencode([{ approved = true }])`. " +
		"An element is a plain JSON value. The server treats an element with `metadata` and `data` in base64 as a raw payload.",
	Validators: []validator.String{jsonArray},
}

// PathSegment validates a text that becomes one segment of a path of the HTTP API.
var PathSegment validator.String = signal.TextValidator{
	Summary: "Invalid Attribute Value",
	Must:    fmt.Sprintf("must be 1 to %d bytes long, without a /, and neither . nor ..: it becomes a part of a path of Temporal's HTTP API, which cannot find a name with a / in it", longestID),
	Valid: func(text string) bool {
		return text != "" && len(text) <= longestID && !strings.Contains(text, "/") && text != "." && text != ".."
	},
}

// jsonArray validates a JSON array, and that it is not longer than the server accepts.
var jsonArray = signal.TextValidator{
	Summary: "Invalid Attribute Value", Secret: true,
	Must: fmt.Sprintf("must be a JSON array of the signal's arguments, such as [\"approved\"] or [], and no longer than 2 MiB (%d bytes)", longestInput),
	Valid: func(text string) bool {
		var elements []json.RawMessage
		return json.Unmarshal([]byte(text), &elements) == nil && elements != nil && len(text) <= longestInput
	},
}
