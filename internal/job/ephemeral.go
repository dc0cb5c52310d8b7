package job

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cloudautomator"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// NewEphemeral returns the ephemeral resource signal_http_trigger_job.
func NewEphemeral(client *cloudautomator.Client, sender *signal.Sender) ephemeral.EphemeralResource {
	return &jobEphemeral{client, sender}
}

type jobEphemeral struct {
	client *cloudautomator.Client
	sender *signal.Sender
}

func (e *jobEphemeral) Metadata(_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_http_trigger_job"
}

func (e *jobEphemeral) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads the URL and the access token of a Cloud Automator job's HTTP trigger when they are needed. They are stored neither in the state nor in a plan.",
		Attributes: map[string]schema.Attribute{
			"id":           schema.StringAttribute{Required: true, MarkdownDescription: "The id of the job.", Validators: []validator.String{cloudautomator.JobID}},
			"url":          schema.StringAttribute{Computed: true, Sensitive: true, MarkdownDescription: "The URL for the HTTP POST request that runs the job."},
			"access_token": schema.StringAttribute{Computed: true, Sensitive: true, MarkdownDescription: "The token for the request's header `Authorization: CAAuth TOKEN`."},
			"time_zone":    schema.StringAttribute{Computed: true, MarkdownDescription: "The time zone of the trigger, as the service returns it."},
		},
	}
}

// ephemeralModel is the data of the ephemeral resource.
type ephemeralModel struct {
	ID          types.String `tfsdk:"id"`
	URL         types.String `tfsdk:"url"`
	AccessToken types.String `tfsdk:"access_token"`
	TimeZone    types.String `tfsdk:"time_zone"`
}

// deferOpen leaves the job to the apply, which opens the ephemeral resource again.
// In the plan the resource is deferred, or its values are unknown.
func (e *jobEphemeral) deferOpen(ctx context.Context, data ephemeralModel, deferral bool, resp *ephemeral.OpenResponse) {
	if deferral {
		resp.Deferred = &ephemeral.Deferred{Reason: ephemeral.DeferredReasonProviderConfigUnknown}
		return
	}
	resp.Diagnostics.Append(notAsked(e.client.Unknown, "Cloud Automator job "+data.ID.ValueString()+" is read when the plan is applied. OpenTofu cannot plan with values that are not known here"))
	data.URL, data.AccessToken, data.TimeZone = types.StringUnknown(), types.StringUnknown(), types.StringUnknown()
	resp.Diagnostics.Append(resp.Result.Set(ctx, &data)...)
}

// Open reads the job.
func (e *jobEphemeral) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var data ephemeralModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &data)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if e.client.Unknown != "" {
		e.deferOpen(ctx, data, req.ClientCapabilities.DeferralAllowed, resp)
		return
	}
	ctx, cancel := e.sender.WithTimeout(ctx, signal.DefaultTimeout)
	defer cancel()
	w := newWork(e.client, e.sender, "read", signal.DefaultTimeout)
	id := data.ID.ValueString()
	job, found, failed := w.job(ctx, id)
	if failed == nil && !found && e.client.Made.Has(id) {
		// It was created in this apply, and is not shown yet.
		job, failed = w.readUntilSettled(ctx, cloudautomator.Job{ID: id})
		found = failed == nil
	}
	switch {
	case failed != nil:
		resp.Diagnostics.Append(failed)
		return
	case !found:
		resp.Diagnostics.AddAttributeError(path.Root("id"), "Job Not Found",
			fmt.Sprintf("Reading Cloud Automator job %s failed: the job API does not have it.\n\nCheck the job's id, whether the user of the API key can see the job, and %s.", id, e.client.Endpoint()))
		return
	case job.RuleType != cloudautomator.Webhook:
		resp.Diagnostics.AddAttributeError(path.Root("id"), "Job Has No HTTP Trigger",
			fmt.Sprintf("Reading Cloud Automator job %s failed: %s.\n\nCheck the id: only a job with an HTTP trigger has a URL and an access token.", job.ID, w.Redactor.Error(&cloudautomator.NoTriggerError{RuleType: job.RuleType})))
		return
	}
	data.URL, data.AccessToken, data.TimeZone = types.StringValue(job.URL.String()), types.StringValue(job.AccessToken), text(job.TimeZone)
	resp.Diagnostics.Append(resp.Result.Set(ctx, &data)...)
}
