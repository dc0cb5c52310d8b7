package signal

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// TextValidator validates a string with a function.
type TextValidator struct {
	// Summary is the summary of the error.
	Summary string
	// Must says what the text must be, such as "must be JSON".
	Must string
	// Valid reports whether a text is valid.
	Valid func(text string) bool
	// Secret says that the error does not show the text, because it may contain a
	// secret.
	Secret bool
}

// Description returns Must.
func (v TextValidator) Description(context.Context) string { return v.Must }

// MarkdownDescription returns Must.
func (v TextValidator) MarkdownDescription(context.Context) string { return v.Must }

// ValidateString reports an error if the text is known and not valid.
func (v TextValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	text := req.ConfigValue.ValueString()
	if !Given(req.ConfigValue) || v.Valid(text) {
		return
	}
	got := ""
	if !v.Secret {
		got = fmt.Sprintf(", got: %.80q", text)
	}
	resp.Diagnostics.AddAttributeError(req.Path, v.Summary, fmt.Sprintf("Attribute %s %s%s.", req.Path, v.Must, got))
}
