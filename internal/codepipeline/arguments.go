package codepipeline

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

const (
	approved = "Approved"
	rejected = "Rejected"
)

var (
	namePattern = delivery.LazyRegexp(`^[A-Za-z0-9.@\-_]+$`)
	idPattern   = delivery.LazyRegexp(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
)

// name returns the attribute for the name of a pipeline, a stage or an action.
func name(of string) schema.Attribute {
	return signal.Required("The name of "+of+", 1 to 100 letters, digits and the characters `. @ - _`.",
		stringvalidator.UTF8LengthBetween(1, 100), signal.Matches(namePattern, "may hold letters, digits and the characters . @ - _"))
}

// arguments are the arguments in the API reference of PutApprovalResult, with their
// constraints, and the execution that the approval belongs to.
// https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutApprovalResult.html
func arguments() map[string]schema.Attribute {
	id := []validator.String{signal.Matches(idPattern, "must be a UUID in lower case")}
	return map[string]schema.Attribute{
		"pipeline_name": name("the pipeline"),
		"stage_name":    name("the stage that the approval is in"),
		"action_name":   name("the manual approval action"),
		"status":        signal.Required("The answer: `Approved` or `Rejected`.", stringvalidator.OneOf(approved, rejected)),
		"summary": signal.Optional("The reason for the answer, up to 512 characters. CodePipeline shows it, and the provider recognises the signal by it after a lost answer.",
			stringvalidator.UTF8LengthAtMost(512)),
		"token": signal.OptionalComputed("The token of the approval request. If it is not set, the provider reads the token of the approval that waits before it sends. "+
			"It is not a secret: it works for one answer, and only for an identity that may give that answer.",
			id...),
		"pipeline_execution_id": signal.OptionalComputed("The execution of the pipeline whose approval is answered. If it is not set, the signal answers the approval of the execution that waits at the action. "+
			"In a pipeline in `PARALLEL` mode several executions can wait there, so either this or `token` is required.",
			id...),
		"region": signal.RegionAttribute(),
	}
}

// remembered says of some arguments what the state records.
var remembered = map[string]string{
	"token":                 "The provider records the token that it used.",
	"pipeline_execution_id": "The provider records the execution if it searched for it.",
}
