package trigger

import (
	"context"
	"maps"
	"net/url"
	"strings"
	"unicode"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cloudautomator"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// arguments are the URL and the access token from the page of the HTTP trigger,
// or the id of the job with that trigger.
func arguments() map[string]schema.Attribute {
	arguments := map[string]schema.Attribute{
		"job_id": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: jobIDDescription + " Set exactly one of `job_id`, `url` and `url_wo`.",
			Validators: []validator.String{
				stringvalidator.AtLeastOneOf(path.MatchRoot("url"), path.MatchRoot("url_wo")),
				stringvalidator.ConflictsWith(path.MatchRoot("url"), path.MatchRoot("url_wo")),
				cloudautomator.JobID,
			},
		},
		"trigger_job_id": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "The id of the job that was run, from the answer. It is the id of the job, not of the run.",
		},
	}
	maps.Copy(arguments, triggerAddress.Attributes())
	maps.Copy(arguments, accessToken.Attributes())
	return arguments
}

// actionArguments are the arguments that are not secret. So an action can name
// its job only with job_id.
func actionArguments() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"job_id": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: jobIDDescription,
			Validators:          []validator.String{cloudautomator.JobID},
		},
	}
}

// jobIDDescription describes job_id of the resource and of the action.
const jobIDDescription = "The id of the job to run. The provider reads the job's URL and access token through the job API just before it sends, and does not store them."

// triggerAddress is the URL argument.
var triggerAddress = signal.WriteOnlyPair{
	Name:      "url",
	Sensitive: true,
	Description: "The trigger's URL, as the job's page shows it. It must be `https`, unless its host is this machine. Anybody who has the URL and the access token can run the job. " +
		"Set exactly one of `url`, `url_wo` and `job_id`; with `url` or `url_wo`, also set `access_token` or `access_token_wo`.",
	Validators: []validator.String{triggerURL},
}

// accessToken is the argument for the token in the Authorization header.
var accessToken = signal.WriteOnlyPair{
	Name:        "access_token",
	Sensitive:   true,
	Description: "The trigger's access token, as the job's page shows it. The provider sends it only to the host of `url`. It is required with `url` and `url_wo`.",
	Validators:  []validator.String{signal.BearerToken()},
}

// triggerURL validates a URL to which an access token can be sent.
var triggerURL = signal.TextValidator{
	Summary: "Invalid URL", Secret: true,
	Must: "must be an absolute URL with the scheme https and a host, without user, fragment and spaces; the scheme may be http if the host is localhost or a loopback address",
	Valid: func(text string) bool {
		u, err := url.Parse(text)
		return err == nil && cloudautomator.Confidential(u) && u.User == nil && !strings.Contains(text, "#") && !strings.ContainsFunc(text, unicode.IsSpace)
	},
}

// check reports a URL without an access token, and a job_id with an access
// token.
func check(_ context.Context, a *args, _ bool) (diags diag.Diagnostics) {
	if signal.Missing(a.JobID) && (signal.Given(a.URL) || signal.Given(a.URLWO)) && signal.Missing(a.AccessToken) && signal.Missing(a.AccessTokenWO) {
		diags.AddAttributeError(path.Root("access_token"), "Missing Access Token",
			"A trigger's URL needs its access token: set access_token or access_token_wo.")
	}
	if !signal.Given(a.JobID) || !signal.Missing(a.URL) || !signal.Missing(a.URLWO) {
		return diags
	}
	for name, value := range map[string]types.String{"access_token": a.AccessToken, "access_token_wo": a.AccessTokenWO} {
		if signal.Given(value) {
			diags.AddAttributeError(path.Root(name), "Access Token Not Needed",
				"The provider reads the access token of job_id through the job API: leave "+name+" out, or set url or url_wo instead of job_id.")
		}
	}
	return diags
}
