package signal

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// StartedAfterAttribute is the started_after argument of signals whose targets can be
// found by a name that several runs share: one of the Filters of their Naming.
func StartedAfterAttribute() schema.Attribute {
	return schema.StringAttribute{
		Optional:            true,
		MarkdownDescription: "Leaves out runs that were started before this time (RFC 3339, such as `2026-01-31T12:00:00Z`) when the target is looked for by name. A change of it alone sends nothing: the target that was found stays.",
		Validators:          []validator.String{isTime{}},
	}
}

// StartedAfter is the time that a started_after argument says, the zero time when it
// says none.
func StartedAfter(argument types.String) time.Time {
	at, _ := time.Parse(time.RFC3339, argument.ValueString())
	return at
}

// isTime wants a time as RFC 3339 writes it.
type isTime struct{}

func (isTime) Description(context.Context) string {
	return "must be a time as RFC 3339 writes it, such as 2026-01-31T12:00:00Z"
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
