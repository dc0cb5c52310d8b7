package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// unknownArgument returns the path of an argument of the provider block whose value is
// unknown, such as "aws.region", or "" if all values are known.
func unknownArgument(config tftypes.Value, block string) string {
	unknown := ""
	// The walk cannot fail, because the callback never does.
	_ = tftypes.Walk(config, func(at *tftypes.AttributePath, value tftypes.Value) (bool, error) {
		if steps := at.Steps(); len(steps) > 0 && !steps[0].Equal(tftypes.AttributeName(block)) {
			return false, nil
		}
		if unknown == "" && !value.IsKnown() {
			var steps []string
			for _, step := range at.Steps() {
				switch s := step.(type) {
				case tftypes.AttributeName:
					steps = append(steps, string(s))
				case tftypes.ElementKeyInt:
					steps = append(steps, fmt.Sprint(int64(s)))
				case tftypes.ElementKeyString:
					steps = append(steps, string(s))
				}
			}
			unknown = strings.Join(steps, ".")
		}
		return unknown == "", nil
	})
	return unknown
}

// stringsOf returns the attributes of an object that are not null and not "".
func stringsOf(object types.Object) map[string]string {
	set := map[string]string{}
	for name, attribute := range object.Attributes() {
		if text, ok := attribute.(types.String); ok && text.ValueString() != "" {
			set[name] = text.ValueString()
		}
	}
	return set
}

// endpointURL validates an absolute http or https URL without credentials in it.
type endpointURL struct{}

func (endpointURL) Description(context.Context) string {
	return "must be a URL with the scheme http or https and a host, without user, query or fragment"
}

func (v endpointURL) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v endpointURL) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	u, err := url.Parse(req.ConfigValue.ValueString())
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "", u.RawQuery != "", u.Fragment != "":
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid Endpoint", fmt.Sprintf("Attribute %s %s, got: %q.", req.Path, v.Description(ctx), req.ConfigValue.ValueString()))
	case u.User != nil:
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid Endpoint", fmt.Sprintf("Attribute %s %s.", req.Path, v.Description(ctx)))
	}
}

// sessionDuration validates the duration of a session of STS.
type sessionDuration struct{}

func (sessionDuration) Description(context.Context) string {
	return "must be a duration between 15m and 12h, such as 1h or 90m"
}

func (v sessionDuration) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v sessionDuration) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if d, err := time.ParseDuration(req.ConfigValue.ValueString()); err != nil || d < 15*time.Minute || d > 12*time.Hour {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid Duration", fmt.Sprintf("Attribute %s %s, got: %s.", req.Path, v.Description(ctx), req.ConfigValue.ValueString()))
	}
}

// isEmpty reports whether an argument is "". In an argument role_arn, this means "no
// role", whatever the environment has, and null means that it is not set here.
func isEmpty(text types.String) bool {
	return !text.IsNull() && !text.IsUnknown() && text.ValueString() == ""
}

// unlessEmpty accepts "" without calling the validator. "" means that the argument is not
// set, because modules often pass on variables with the default "".
type unlessEmpty struct{ validator.String }

func (v unlessEmpty) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.ValueString() != "" || req.ConfigValue.IsUnknown() {
		v.String.ValidateString(ctx, req, resp)
	}
}

// optional returns validators for an argument for which "" means not set.
func optional(validators ...validator.String) []validator.String {
	for i := range validators {
		validators[i] = unlessEmpty{validators[i]}
	}
	return validators
}

// alsoRequires requires that another argument of the same block is set, and not to "", if
// this one is set.
type alsoRequires struct{ other string }

func (v alsoRequires) Description(context.Context) string { return "needs " + v.other + " beside it" }

func (v alsoRequires) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v alsoRequires) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	var other types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, req.Path.ParentPath().AtName(v.other), &other)...)
	if req.ConfigValue.ValueString() != "" && !other.IsUnknown() && other.ValueString() == "" {
		resp.Diagnostics.AddAttributeError(req.Path, "Missing Argument", fmt.Sprintf("Attribute %s %s, which is not set.", req.Path, v.Description(ctx)))
	}
}

// excludes requires that another argument of the same block is not set if this one is set.
type excludes struct{ other string }

func (v excludes) Description(context.Context) string {
	return "cannot be given together with " + v.other
}

func (v excludes) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v excludes) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	var other types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, req.Path.ParentPath().AtName(v.other), &other)...)
	if req.ConfigValue.ValueString() != "" && other.ValueString() != "" {
		resp.Diagnostics.AddAttributeError(req.Path, "Conflicting Arguments", fmt.Sprintf("Attribute %s %s.", req.Path, v.Description(ctx)))
	}
}

// jsonText validates JSON.
type jsonText struct{}

func (jsonText) Description(context.Context) string {
	return "must be JSON, such as jsonencode returns"
}

func (v jsonText) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v jsonText) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if !req.ConfigValue.IsNull() && !req.ConfigValue.IsUnknown() && !json.Valid([]byte(req.ConfigValue.ValueString())) {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid JSON", fmt.Sprintf("Attribute %s %s, got: %s.", req.Path, v.Description(ctx), req.ConfigValue.ValueString()))
	}
}

// proxyURL validates the URL of a proxy. The URL may contain a password, so the error does
// not show it.
type proxyURL struct{}

func (proxyURL) Description(context.Context) string {
	return "must be a URL with the scheme http, https, socks5 or socks5h and a host"
}

func (v proxyURL) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v proxyURL) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	u, err := url.Parse(req.ConfigValue.ValueString())
	if err != nil || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) || u.Hostname() == "" {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid Proxy", fmt.Sprintf("Attribute %s %s.", req.Path, v.Description(ctx)))
	}
}

// appendUserAgent returns the text that users of HashiCorp's providers add to the
// User-Agent header. It removes line breaks, which a header cannot have.
func appendUserAgent() string {
	return strings.Join(strings.Fields(os.Getenv("TF_APPEND_USER_AGENT")), " ")
}
