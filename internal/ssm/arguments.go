package ssm

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// signalTypes are the values of the API reference and Revoke, which the API
// model has but the reference does not have yet.
var signalTypes = []string{
	string(ssmtypes.SignalTypeApprove), string(ssmtypes.SignalTypeReject), string(ssmtypes.SignalTypeStartStep),
	string(ssmtypes.SignalTypeStopStep), string(ssmtypes.SignalTypeResume), string(ssmtypes.SignalTypeRevoke),
}

// neededKey is the payload key that a signal type requires; see "Payload" in
// the API reference of SendAutomationSignal.
var neededKey = map[string]string{
	string(ssmtypes.SignalTypeStartStep): "StepName",
	string(ssmtypes.SignalTypeResume):    "StepName",
	string(ssmtypes.SignalTypeStopStep):  "StepExecutionId",
}

// documentName is the pattern of DocumentName in the API reference of
// StartAutomationExecution.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_StartAutomationExecution.html
var documentName = delivery.LazyRegexp(`^[a-zA-Z0-9_\-.:/]{3,128}$`)

// remembered says of some arguments what the state records.
var remembered = map[string]string{
	"automation_execution_id": "The provider records the id of the execution that it found, and uses it until the signal is sent again.",
	"document_name":           "After taint, `-replace` and changed `triggers` the provider searches for an execution again. If you set `automation_execution_id` to the id that was found and remove the name, nothing is sent.",
	"started_after":           "A change of this argument alone sends nothing, and the recorded target stays.",
}

// arguments are the arguments of the API reference, with its constraints. AWS counts
// Unicode code points.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendAutomationSignal.html
func arguments() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"automation_execution_id": signal.Required("The id of the Automation execution, exactly 36 characters.", executionID{}),
		"document_name": signal.Optional("The name of the document (runbook) that the execution runs, exactly as the execution shows it, 3 to 128 letters, digits, `_`, `-`, `.`, `:` and `/`. "+
			"The provider searches for the execution of this document that can take this signal.",
			signal.Matches(documentName, "must be the name of a document: 3 to 128 letters, digits, _, -, ., : and /")),
		"started_after": signal.StartedAfterAttribute(),
		"signal_type": signal.Required("`Approve` or `Reject` a step that waits for approval, `Resume` a paused step, `StartStep` or `StopStep` a step, or `Revoke` an approval.",
			signalType{stringvalidator.OneOf(signalTypes...)}),
		"payload": schema.MapAttribute{
			ElementType: types.ListType{ElemType: types.StringType},
			Optional:    true,
			MarkdownDescription: "The data sent with the signal: 1 to 200 entries, keys of 1 to 50 characters, lists of up to 50 strings of 1 to 512 characters. " +
				"`Approve` and `Reject` take a comment, as in `{ Comment = [\"Looks good\"] }`; `StartStep` and `Resume` need the step's name in `StepName`; `StopStep` needs the step's execution id in `StepExecutionId`.",
			Validators: []validator.Map{
				mapvalidator.SizeBetween(1, 200),
				mapvalidator.KeysAre(stringvalidator.UTF8LengthBetween(1, 50)),
				mapvalidator.NoNullValues(),
				signal.AtEntries(mapvalidator.ValueListsAre(
					listvalidator.SizeAtMost(50),
					listvalidator.NoNullValues(),
					listvalidator.ValueStringsAre(stringvalidator.UTF8LengthBetween(1, 512)),
				)),
			},
		},
		"region": signal.RegionAttribute(),
	}
}

// signalType is OneOf with a hint for users of two AWS guides that say Deny.
type signalType struct{ validator.String }

func (v signalType) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.ValueString() == "Deny" {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid Signal Type",
			"Deny is not a signal type of the API, although two AWS guides use it: use Reject.")
		return
	}
	v.String.ValidateString(ctx, req, resp)
}

// executionID validates an execution's id, which is the last part of its ARN.
// AWS counts Unicode code points.
type executionID struct{}

func (executionID) Description(context.Context) string { return "must have a length of exactly 36" }

func (v executionID) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v executionID) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	given := req.ConfigValue.ValueString()
	if !signal.Given(req.ConfigValue) || utf8.RuneCountInString(given) == 36 {
		return
	}
	hint := ""
	if strings.HasPrefix(given, "arn:") {
		hint = " This is an ARN: give the id alone, which follows the last slash."
	}
	resp.Diagnostics.AddAttributeError(req.Path, "Invalid Attribute Value",
		fmt.Sprintf("Attribute %s %s, got: %d.%s", req.Path, v.Description(ctx), utf8.RuneCountInString(given), hint))
}

// payloadKeys are the keys in the API reference.
var payloadKeys = []string{"Comment", "StepName", "StepExecutionId"}

// check reports a payload without the key that its signal type requires. It
// warns about keys that differ from a documented key only in spelling.
func check(_ context.Context, a *args, _ bool) (diags diag.Diagnostics) {
	for _, given := range slices.Sorted(maps.Keys(a.Payload.Elements())) {
		i := slices.IndexFunc(payloadKeys, func(known string) bool { return given != known && strings.EqualFold(given, known) })
		if i >= 0 {
			diags.AddAttributeWarning(path.Root("payload").AtMapKey(given), "Unknown Payload Key",
				fmt.Sprintf("The API reference names the key %s, and no key that is written %s: the service may ignore this key and its values.", payloadKeys[i], given))
		}
	}
	return append(diags, needs(a)...)
}

// needs reports a payload without the key that its signal type requires.
func needs(a *args) (diags diag.Diagnostics) {
	key, needed := neededKey[a.SignalType.ValueString()]
	if !needed || a.Payload.IsUnknown() {
		return nil
	}
	list, present := a.Payload.Elements()[key]
	if present && (list.IsUnknown() || isNotEmpty(list)) {
		return nil
	}
	at := path.Root("payload")
	if present {
		at = at.AtMapKey(key)
	}
	diags.AddAttributeError(at, "Incomplete Payload",
		fmt.Sprintf("The signal type %s needs payload = { %s = [\"...\"] }.", a.SignalType.ValueString(), key))
	return diags
}

// isNotEmpty reports whether a payload value is not empty, or is unknown.
func isNotEmpty(value attr.Value) bool {
	list, ok := value.(types.List)
	return ok && slices.ContainsFunc(list.Elements(), func(item attr.Value) bool { return !signal.Missing(item) })
}
