package job

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cloudautomator"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// NewList returns the list resource signal_http_trigger_job.
func NewList(client *cloudautomator.Client, sender *signal.Sender) list.ListResource {
	return &jobList{client, sender}
}

type jobList struct {
	client *cloudautomator.Client
	sender *signal.Sender
}

func (l *jobList) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_http_trigger_job"
}

func (l *jobList) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the Cloud Automator jobs that have an HTTP trigger, to find and import them with `terraform query`.",
		Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Lists only the jobs with this name. A suffix that the provider has added to a name, such as ` (successor of job ID)`, is ignored.",
			},
			"group_id": schema.Int64Attribute{
				Optional:            true,
				MarkdownDescription: "Lists only the jobs of the group with this id.",
				Validators:          []validator.Int64{int64validator.AtLeast(1)},
			},
		},
	}
}

// List lists the jobs. It changes nothing.
func (l *jobList) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var name types.String
	var group types.Int64
	diags := req.Config.GetAttribute(ctx, path.Root("name"), &name)
	diags.Append(req.Config.GetAttribute(ctx, path.Root("group_id"), &group)...)
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	looking, cancel := l.sender.WithTimeout(ctx, signal.DefaultTimeout)
	defer cancel()
	w := newWork(l.client, l.sender, "read", signal.DefaultTimeout)
	jobs, failed := w.list(looking)
	if failed != nil {
		stream.Results = list.ListResultsStreamDiagnostics(diag.Diagnostics{failed})
		return
	}
	stream.Results = func(push func(list.ListResult) bool) {
		listed := int64(0)
		for _, job := range jobs {
			if job.RuleType != cloudautomator.Webhook || req.Limit > 0 && listed >= req.Limit {
				continue
			}
			if job.Unreadable {
				warning := diag.NewWarningDiagnostic("Job Not Listed", "Cloud Automator job "+job.ID+" is left out: "+cloudautomator.ErrUnreadable.Error()+".")
				if !push(list.ListResult{Diagnostics: diag.Diagnostics{warning}}) {
					return
				}
				continue
			}
			shown := job.Settings
			if signal.Given(name) && name.ValueString() != shown.Name && name.ValueString() != suffixPattern().ReplaceAllString(shown.Name, "") ||
				signal.Given(group) && group.ValueInt64() != int64(shown.GroupID) {
				continue
			}
			listed++
			if !push(l.listing(ctx, req, job)) {
				return
			}
		}
	}
}

// listing returns one job of a list, without URL and access token, so that a
// list does not enable anybody to run a job.
func (l *jobList) listing(ctx context.Context, req list.ListRequest, job cloudautomator.Job) list.ListResult {
	result := req.NewListResult(ctx)
	result.DisplayName = fmt.Sprintf("%s (group %d)", l.sender.Redactor().Text(job.Settings.Name), job.Settings.GroupID)
	result.Diagnostics.Append(result.Identity.SetAttribute(ctx, path.Root("id"), job.ID)...)
	if !req.IncludeResource {
		return result
	}
	var data jobModel
	result.Diagnostics.Append(result.Resource.SetAttribute(ctx, path.Root("id"), job.ID)...)
	if result.Diagnostics.Append(result.Resource.Get(ctx, &data)...); result.Diagnostics.HasError() {
		return result
	}
	data = data.shown(job.Settings)
	data.take(job)
	data.URL, data.AccessToken = types.StringNull(), types.StringNull()
	result.Diagnostics.Append(result.Resource.Set(ctx, &data)...)
	return result
}
