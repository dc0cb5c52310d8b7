package signal

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
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

// isTime validates a time in the format of RFC 3339.
var isTime = TextValidator{
	Summary: "Invalid Time", Must: "must be a time in the format of RFC 3339, such as 2026-01-31T12:00:00Z",
	Valid: func(text string) bool {
		_, err := time.Parse(time.RFC3339, text)
		return err == nil
	},
}

// duration validates a duration: longer than zero, and at most longest, unless
// that is zero.
type duration struct{ longest time.Duration }

func (d duration) Description(context.Context) string {
	most := ""
	if d.longest > 0 {
		most = fmt.Sprintf(" and of at most %.0f hours", d.longest.Hours())
	}
	return "must be a duration longer than zero" + most + ", such as 30s or 1h30m"
}

// MarkdownDescription returns Description.
func (d duration) MarkdownDescription(ctx context.Context) string { return d.Description(ctx) }

// ValidateString reports an error for any other text.
func (d duration) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if !Given(req.ConfigValue) {
		return
	}
	if given, err := time.ParseDuration(req.ConfigValue.ValueString()); err != nil || given <= 0 || d.longest > 0 && given > d.longest {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid Timeout",
			fmt.Sprintf("The timeout %s %s, got: %s", req.Path, d.Description(ctx), req.ConfigValue))
	}
}

// exactlyOneOf returns a validator for the first argument: exactly one of the two must be set.
func exactlyOneOf(name, other string) validator.String {
	return exactlyOneOfValidator{stringvalidator.ExactlyOneOf(path.MatchRoot(name), path.MatchRoot(other)), path.Root(other)}
}

// exactlyOneOfValidator runs the framework's validator only if that may find an error. For
// each expression, that one looks up the type of every attribute in the configuration, and
// each time the framework copies the list of all attributes: a third of a validation's time.
type exactlyOneOfValidator struct {
	validator.String
	other path.Path
}

func (v exactlyOneOfValidator) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	var other types.String
	if diags := req.Config.GetAttribute(ctx, v.other, &other); !diags.HasError() && other.IsNull() != req.ConfigValue.IsNull() {
		return
	}
	v.String.ValidateString(ctx, req, resp)
}

// RegionName returns a validator for region names.
func RegionName() validator.String {
	return regionName{Matches(delivery.RegionPattern, "must be the name of a region, such as eu-central-1")}
}

type regionName struct{ validator.String }

// ValidateString says what to do about "", which modules often pass on.
func (v regionName) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if Given(req.ConfigValue) && req.ConfigValue.ValueString() == "" {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid Attribute Value Match",
			fmt.Sprintf("Attribute %s is \"\", which is not the name of a region. Leave %[1]s out or set it to null to use the provider's region, or set the name of a region, such as eu-central-1.", req.Path))
		return
	}
	v.String.ValidateString(ctx, req, resp)
}

// BearerToken returns a validator for keys and tokens of an Authorization header.
// Wrap it in SecretValidator.
func BearerToken() validator.String {
	return Matches(delivery.BearerTokenPattern, "must be visible ASCII characters, without spaces and line breaks")
}

// AtEntries returns a validator that runs check and reports its errors at the
// entries of the map. Terraform cannot show the line of the configuration for a
// path below an entry.
func AtEntries(check validator.Map) validator.Map { return entriesValidator{check} }

type entriesValidator struct{ validator.Map }

// ValidateMap runs the check and moves its errors to the entries.
func (v entriesValidator) ValidateMap(ctx context.Context, req validator.MapRequest, resp *validator.MapResponse) {
	var found validator.MapResponse
	v.Map.ValidateMap(ctx, req, &found)
	for _, one := range found.Diagnostics {
		if deep, ok := one.(diag.DiagnosticWithPath); ok {
			one = diag.WithPath(entryOf(req.Path, deep.Path()), one)
		}
		resp.Diagnostics.Append(one)
	}
}

// entryOf returns the path of the map's entry that contains a deeper path.
func entryOf(of, deep path.Path) path.Path {
	for len(deep.Steps()) > len(of.Steps())+1 {
		deep = deep.ParentPath()
	}
	return deep
}

// SecretValidator returns a validator that runs check and does not show the
// value in its messages. The framework's validators print the value.
func SecretValidator(check validator.String) validator.String { return secretValidator{check} }

type secretValidator struct{ validator.String }

func (v secretValidator) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	var found validator.StringResponse
	v.String.ValidateString(ctx, req, &found)
	if found.Diagnostics.HasError() {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid Attribute Value",
			fmt.Sprintf("Attribute %s %s. The value is not shown, because it may be a secret.", req.Path, v.Description(ctx)))
	}
}

// UUID is the pattern of a UUID in lower or upper case.
var UUID = delivery.LazyRegexp(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)

// Matches returns a validator for texts that match a pattern. must says what the text must
// be, such as "must be a UUID". It is stringvalidator.RegexMatches with a pattern that is
// compiled for the first text.
func Matches(pattern func() *regexp.Regexp, must string) validator.String {
	return matchValidator{pattern, must}
}

type matchValidator struct {
	pattern func() *regexp.Regexp
	must    string
}

// Description returns what the text must be.
func (v matchValidator) Description(context.Context) string { return v.must }

// MarkdownDescription returns what the text must be.
func (v matchValidator) MarkdownDescription(context.Context) string { return v.must }

// ValidateString reports an error if the text is known and does not match.
func (v matchValidator) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if Given(req.ConfigValue) {
		stringvalidator.RegexMatches(v.pattern(), v.must).ValidateString(ctx, req, resp)
	}
}
