// Package trigger is the system of Cloud Automator: it runs jobs through their HTTP
// triggers.
package trigger

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cloudautomator"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// args are the arguments of the signal, and trigger_job_id, which the target
// fills in.
type args struct {
	JobID                types.String `tfsdk:"job_id"`
	URL                  types.String `tfsdk:"url"`
	URLWO                types.String `tfsdk:"url_wo"`
	URLWOVersion         types.Int64  `tfsdk:"url_wo_version"`
	AccessToken          types.String `tfsdk:"access_token"`
	AccessTokenWO        types.String `tfsdk:"access_token_wo"`
	AccessTokenWOVersion types.Int64  `tfsdk:"access_token_wo_version"`
	TriggerJobID         types.String `tfsdk:"trigger_job_id"`
}

// New returns signal_http_trigger.
func New(client *cloudautomator.Client, sender *signal.Sender) signal.Factories {
	return signal.NewFactories(signal.System[args]{
		Name: "http_trigger",
		Description: "Runs a Cloud Automator job through its HTTP trigger, with one POST request to the trigger's URL. With `job_id`, " +
			"the provider first reads the URL and the access token through the job API.",
		Resends:            true,
		Twice:              "If it does, the job runs twice.",
		Arguments:          arguments(),
		ActionArguments:    actionArguments(),
		OnlyTriggersResend: true,
		Check:              check,
		// With url, no request goes to the job API.
		Unconfigured: func(a *args) bool { return client.Unknown != "" && !a.JobID.IsNull() },
		Bind: func(_ context.Context, a *args, secrets signal.Secrets) (signal.Signal, error) {
			return bind(client, a, secrets)
		},
	}, sender)
}

func bind(client *cloudautomator.Client, a *args, secrets signal.Secrets) (signal.Signal, error) {
	a.TriggerJobID = types.StringNull()
	r := request{client: client, args: a, attribute: "job_id"}
	to, host := "Cloud Automator job "+a.JobID.ValueString(), ""
	if a.JobID.IsNull() {
		address, token := secrets.Either("url", a.URL), secrets.Either("access_token", a.AccessToken)
		switch {
		case address == nil:
			return signal.Signal{}, errors.New("there is no URL: set url or url_wo")
		case token == nil:
			return signal.Signal{}, errors.New("there is no access token for its URL: set access_token or access_token_wo")
		}
		at, err := url.Parse(*address)
		if err != nil {
			// The error of url.Parse would show the URL.
			return signal.Signal{}, fmt.Errorf("the trigger's URL %s", triggerURL.Must)
		}
		r.attribute = "url"
		if _, writeOnly := secrets["url_wo"]; writeOnly {
			r.attribute = "url_wo"
		}
		r.given = &cloudautomator.Trigger{URL: at, AccessToken: *token}
		to, host = "the Cloud Automator trigger at "+at.Host, at.Host
	} else if apiHost, err := client.Host(); err != nil {
		return signal.Signal{}, err
	} else {
		host = apiHost
	}
	return signal.Signal{
		Request:    r,
		What:       "an HTTP POST",
		To:         to,
		Service:    cloudautomator.Service,
		RateLimit:  cloudautomator.RateLimit(host),
		Explain:    r.explain,
		HowToCheck: cloudautomator.HowToCheckRun,
	}, nil
}
