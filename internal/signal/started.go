package signal

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// StartedAfterAttribute returns the started_after argument, for signals whose
// targets are found by a name that several runs share. It is one of
// Naming.Filters. A name under which the service itself knows one current run,
// such as the workflow id of SWF and Temporal, an action of a pipeline or a stack
// of CloudFormation, needs no such argument: the service takes the signal by that
// name, without a search.
func StartedAfterAttribute() schema.Attribute {
	return schema.StringAttribute{
		Optional:            true,
		MarkdownDescription: "Ignores runs that started before this time (RFC 3339, such as `2026-01-31T12:00:00Z`) when the provider searches for the target by name.",
		Validators:          []validator.String{isTime{}},
	}
}

// StartedAfter returns the time in a started_after argument; the zero time if
// the argument is null.
func StartedAfter(argument types.String) time.Time {
	at, _ := time.Parse(time.RFC3339, argument.ValueString())
	return at
}

// isTime validates a time in the format of RFC 3339.
type isTime struct{}

func (isTime) Description(context.Context) string {
	return "must be a time in the format of RFC 3339, such as 2026-01-31T12:00:00Z"
}

func (v isTime) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v isTime) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	text := req.ConfigValue
	if text.IsNull() || text.IsUnknown() {
		return
	}
	if _, err := time.Parse(time.RFC3339, text.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid Time", fmt.Sprintf("Attribute %s %s, got: %q.", req.Path, v.Description(ctx), text.ValueString()))
	}
}
