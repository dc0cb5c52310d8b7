package transfer

import (
	"maps"

	transfertypes "github.com/aws/aws-sdk-go-v2/service/transfer/types"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// The patterns of the API reference, for the whole value.
// https://docs.aws.amazon.com/transfer/latest/APIReference/API_SendWorkflowStepState.html
var (
	workflowID = delivery.LazyRegexp(`^w-[a-z0-9]{17}$`)
	tokenWord  = delivery.LazyRegexp(`^\w{1,64}$`)
)

// arguments are the arguments of the API reference, with its constraints.
func arguments() map[string]schema.Attribute {
	arguments := map[string]schema.Attribute{
		"workflow_id": signal.Required("The id of the workflow, `w-` and 17 lowercase letters or digits.",
			signal.Matches(workflowID, `must be "w-" and 17 lowercase letters or digits`)),
		"execution_id": signal.Required("The id of the execution that waits for the callback, in the form of a UUID.",
			signal.Matches(signal.UUID, "must have the form of a UUID, such as 01234567-89ab-cdef-0123-456789abcdef")),
		"status": signal.Required("Whether the step has succeeded or failed: `SUCCESS` or `FAILURE`.",
			stringvalidator.OneOf(string(transfertypes.CustomStepStatusSuccess), string(transfertypes.CustomStepStatusFailure))),
		"region": signal.RegionAttribute(),
	}
	maps.Copy(arguments, token.Attributes())
	return arguments
}

// token identifies the callback. Whoever has it can answer the callback.
var token = signal.WriteOnlyPair{
	Name:        "token",
	Required:    true,
	Sensitive:   true,
	Description: "The token that the step's target received with the callback, 1 to 64 letters (A-Z, a-z), digits or underscores.",
	Validators: []validator.String{
		signal.Matches(tokenWord, "must be 1 to 64 letters (A-Z, a-z), digits or underscores"),
	},
}
