package cloudautomator

import (
	"context"
	"maps"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

var (
	// jobID is what fits into the path of a request; how ids look is not documented.
	jobID = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	// credential is what an Authorization header can hold after its scheme (RFC 9110, section 11.4).
	credential = regexp.MustCompile(`^[!-~]+$`)
)

// Credential checks an access token or API key; wrap it in signal.SecretValidator.
var Credential = stringvalidator.RegexMatches(credential, "must be visible ASCII characters, without spaces and line breaks")

// arguments are what the HTTP trigger's page asks for, URL and access token, or
// the id of the job whose trigger it is.
func arguments() map[string]schema.Attribute {
	arguments := map[string]schema.Attribute{
		"job_id": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: jobIDArgument.description + " Either this, or `url` or `url_wo`.",
			Validators: []validator.String{
				stringvalidator.AtLeastOneOf(path.MatchRoot("url"), path.MatchRoot("url_wo")),
				stringvalidator.ConflictsWith(path.MatchRoot("url"), path.MatchRoot("url_wo")),
				jobIDArgument.check,
			},
		},
		"trigger_job_id": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "The id of the job that was run, as the answer carries it. It is the job's id, not the run's.",
		},
	}
	maps.Copy(arguments, triggerAddress.Attributes())
	maps.Copy(arguments, accessToken.Attributes())
	return arguments
}

// actionArguments are those without a secret: job_id, which is then the only way.
func actionArguments() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"job_id": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: jobIDArgument.description,
			Validators:          []validator.String{jobIDArgument.check},
		},
	}
}

// jobIDArgument is what job_id of the resource and of the action have in common.
var jobIDArgument = struct {
	description string
	check       validator.String
}{
	"The id of the job to run. Its URL and access token are read through the job API at the moment of sending, and kept nowhere.",
	stringvalidator.RegexMatches(jobID, "must be the id of a job: letters, digits, - and _"),
}

// triggerAddress is where the request goes.
var triggerAddress = signal.WriteOnlyPair{
	Name:      "url",
	Sensitive: true,
	Description: "The trigger's URL, as the job's page shows it; `https` unless its host is this machine. Whoever holds it and the access token can run the job. " +
		"Either this, with `access_token` or `access_token_wo`, or `job_id`.",
	Validators: []validator.String{triggerURL{}},
}

// accessToken goes into the Authorization header.
var accessToken = signal.WriteOnlyPair{
	Name:        "access_token",
	Sensitive:   true,
	Description: "The trigger's access token, as the job's page shows it. Sent to the host of `url` only. Needed with `url` and `url_wo`.",
	Validators:  []validator.String{Credential},
}

// triggerURL wants a URL that an access token can be sent to.
type triggerURL struct{}

func (triggerURL) Description(context.Context) string {
	return "must be an absolute URL with the scheme https and a host, without user, fragment and spaces; the scheme may be http where the host is localhost or a loopback address"
}

func (v triggerURL) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v triggerURL) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	text := req.ConfigValue.ValueString()
	u, err := url.Parse(text)
	if err != nil || !Confidential(u) || u.User != nil || strings.Contains(text, "#") || strings.ContainsFunc(text, unicode.IsSpace) {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid URL", v.Description(ctx))
	}
}

// Confidential reports whether a secret sent to u stays between this machine and
// u's host: https, or http to the machine itself.
func Confidential(u *url.URL) bool {
	switch u.Scheme {
	case "https":
		return u.Hostname() != ""
	case "http":
		addr, err := netip.ParseAddr(u.Hostname())
		return err == nil && addr.IsLoopback() || strings.EqualFold(u.Hostname(), "localhost")
	default:
		return false
	}
}

// check reports a URL without an access token, and a job with one.
func check(_ context.Context, a *args, _ bool) (diags diag.Diagnostics) {
	if !known(a.JobID) && (known(a.URL) || known(a.URLWO)) && a.AccessToken.IsNull() && a.AccessTokenWO.IsNull() {
		diags.AddAttributeError(path.Root("access_token"), "Missing Access Token",
			"A trigger's URL needs its access token: set access_token or access_token_wo.")
	}
	if !known(a.JobID) || !a.URL.IsNull() || !a.URLWO.IsNull() {
		return diags
	}
	for name, given := range map[string]types.String{"access_token": a.AccessToken, "access_token_wo": a.AccessTokenWO} {
		if known(given) {
			diags.AddAttributeError(path.Root(name), "Access Token Not Needed",
				"The access token of job_id is read through the job API: leave "+name+" out, or set url or url_wo instead of job_id.")
		}
	}
	return diags
}
