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

	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
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

// isURL reports whether a text is an absolute URL with one of the schemes.
func isURL(text string, schemes ...string) (*url.URL, bool) {
	u, err := url.Parse(text)
	return u, err == nil && slices.Contains(schemes, u.Scheme) && u.Hostname() != ""
}

// endpointURL validates an absolute http or https URL. A URL may contain a
// password, so no error shows it.
var endpointURL = signal.TextValidator{
	Summary: "Invalid Endpoint", Secret: true,
	Must: "must be a URL with the scheme http or https and a host, without user, query or fragment",
	Valid: func(text string) bool {
		u, is := isURL(text, "http", "https")
		return is && u.User == nil && u.RawQuery == "" && u.Fragment == ""
	},
}

// sessionDuration validates the duration of a session of STS.
var sessionDuration = signal.TextValidator{
	Summary: "Invalid Duration", Must: "must be a duration between 15m and 12h, such as 1h or 90m",
	Valid: func(text string) bool {
		d, err := time.ParseDuration(text)
		return err == nil && d >= 15*time.Minute && d <= 12*time.Hour
	},
}

// text returns an optional argument for which "" also means not set. Like secret and texts,
// it is not inlined: each call would hold the code that fills in a whole attribute.
//
//go:noinline
func text(description string, validators ...validator.String) schema.Attribute {
	return schema.StringAttribute{Optional: true, MarkdownDescription: description, Validators: optional(validators...)}
}

// secret is like text, for a secret.
//
//go:noinline
func secret(description string, validators ...validator.String) schema.Attribute {
	return schema.StringAttribute{Optional: true, Sensitive: true, MarkdownDescription: description, Validators: optional(validators...)}
}

// texts returns an optional argument with a list of strings.
//
//go:noinline
func texts(description string, validators ...validator.List) schema.Attribute {
	return schema.ListAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: description, Validators: validators}
}

// isEmpty reports whether an argument is "". In an argument role_arn, this means "no
// role", whatever the environment has, and null means that it is not set here.
func isEmpty(text types.String) bool {
	return signal.Given(text) && text.ValueString() == ""
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
func optional(validators ...validator.String) (wrapped []validator.String) {
	for _, v := range validators {
		wrapped = append(wrapped, unlessEmpty{v})
	}
	return wrapped
}

// beside requires that another argument of the same block is set, and not to
// "", or that it is not set, if this one is set.
type beside struct {
	other    string
	excluded bool
}

func (v beside) Description(context.Context) string {
	if v.excluded {
		return "cannot be set together with " + v.other
	}
	return "needs " + v.other + ", which is not set"
}

func (v beside) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v beside) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	var other types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, req.Path.ParentPath().AtName(v.other), &other)...)
	if req.ConfigValue.ValueString() != "" && !other.IsUnknown() && (other.ValueString() != "") == v.excluded {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid Combination of Arguments", fmt.Sprintf("Attribute %s %s.", req.Path, v.Description(ctx)))
	}
}

// jsonText validates JSON.
var jsonText = signal.TextValidator{
	Summary: "Invalid JSON", Must: "must be JSON, such as jsonencode returns",
	Valid: func(text string) bool { return json.Valid([]byte(text)) },
}

// proxyURL validates the URL of a proxy.
var proxyURL = signal.TextValidator{
	Summary: "Invalid Proxy", Must: "must be a URL with the scheme http, https, socks5 or socks5h and a host", Secret: true,
	Valid: func(text string) bool {
		_, is := isURL(text, "http", "https", "socks5", "socks5h")
		return is
	},
}

// appendUserAgent returns the text that users of HashiCorp's providers add to the
// User-Agent header. It removes line breaks, which a header cannot have.
func appendUserAgent() string {
	return strings.Join(strings.Fields(os.Getenv("TF_APPEND_USER_AGENT")), " ")
}
