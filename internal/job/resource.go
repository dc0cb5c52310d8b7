// Package job is the resource of a Cloud Automator job: its life, and the rotation of its
// URL and access token.
package job

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/boolplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cloudautomator"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// jobModel is the data of signal_http_trigger_job.
type jobModel struct {
	ID types.String `tfsdk:"id"`

	Name                     types.String `tfsdk:"name"`
	GroupID                  types.Int64  `tfsdk:"group_id"`
	AWSAccountID             types.Int64  `tfsdk:"aws_account_id"`
	AWSAccountIDs            types.List   `tfsdk:"aws_account_ids"`
	GoogleCloudAccountID     types.Int64  `tfsdk:"google_cloud_account_id"`
	ActionType               types.String `tfsdk:"action_type"`
	ActionValue              types.String `tfsdk:"action_value"`
	AllowRuntimeActionValues types.Bool   `tfsdk:"allow_runtime_action_values"`
	ForWorkflow              types.Bool   `tfsdk:"for_workflow"`
	EffectiveDate            types.String `tfsdk:"effective_date"`
	ExpirationDate           types.String `tfsdk:"expiration_date"`
	CompletedPostProcessID   types.List   `tfsdk:"completed_post_process_id"`
	FailedPostProcessID      types.List   `tfsdk:"failed_post_process_id"`

	RotationTriggers types.Map      `tfsdk:"rotation_triggers"`
	RotateOnUpdate   types.Bool     `tfsdk:"rotate_on_update"`
	StoreCredentials types.Bool     `tfsdk:"store_credentials"`
	TriggerOnApply   types.Bool     `tfsdk:"trigger_on_apply"`
	Timeouts         timeouts.Value `tfsdk:"timeouts"`

	URL         types.String `tfsdk:"url"`
	AccessToken types.String `tfsdk:"access_token"`
	RotatedAt   types.String `tfsdk:"rotated_at"`
	Active      types.Bool   `tfsdk:"active"`
	TimeZone    types.String `tfsdk:"time_zone"`
	CreatedAt   types.String `tfsdk:"created_at"`
	UpdatedAt   types.String `tfsdk:"updated_at"`
	// PredecessorID outlives a kill of the provider, which private state does not.
	PredecessorID types.String `tfsdk:"predecessor_id"`
}

// NewResource returns the resource signal_http_trigger_job.
func NewResource(client *cloudautomator.Client, sender *signal.Sender) resource.Resource {
	return &jobResource{client: client, sender: sender}
}

var (
	_ resource.ResourceWithModifyPlan     = (*jobResource)(nil)
	_ resource.ResourceWithValidateConfig = (*jobResource)(nil)
	_ resource.ResourceWithImportState    = (*jobResource)(nil)
	_ resource.ResourceWithIdentity       = (*jobResource)(nil)
)

type jobResource struct {
	client *cloudautomator.Client
	sender *signal.Sender
}

// Metadata declares that the identity may change, because a rotation may create
// a new job.
func (r *jobResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_http_trigger_job"
	resp.ResourceBehavior.MutableIdentity = true
}

func (r *jobResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"id": identityschema.StringAttribute{RequiredForImport: true, Description: "The id of the job."},
	}}
}

// jobSchemaVersion is the version of the schema. If the provider could not read
// the state of a release, it would lose the job and its credentials. A change
// that the state of a release does not fit needs a higher version and a state
// upgrader.
const jobSchemaVersion = 0

func (r *jobResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	computed := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	secret := func(description string) schema.StringAttribute {
		return schema.StringAttribute{
			Computed:            true,
			Sensitive:           true,
			MarkdownDescription: description + " Anybody who has the URL and the access token can run the job. Null with `store_credentials = false`.",
		}
	}
	account := func(description string) schema.Int64Attribute {
		return schema.Int64Attribute{
			Optional:            true,
			MarkdownDescription: description + " At most one of `aws_account_id`, `aws_account_ids` and `google_cloud_account_id`; which of them is needed depends on `action_type`, and the service checks it.",
			Validators:          []validator.Int64{int64validator.AtLeast(1), int64validator.ConflictsWith(accounts...)},
		}
	}
	postProcesses := func(when string) schema.ListAttribute {
		return schema.ListAttribute{
			ElementType:         types.Int64Type,
			Optional:            true,
			Computed:            true,
			MarkdownDescription: "The ids of the post-processes to run when the job has " + when + "." + filledIn,
			Validators:          []validator.List{listvalidator.ValueInt64sAre(int64validator.AtLeast(1))},
		}
	}
	resp.Schema = schema.Schema{
		Version: jobSchemaVersion,
		MarkdownDescription: "A Cloud Automator job that an HTTP POST request starts. By default, a change of the job's arguments in place also rotates the job's URL and access token. The provider reads the job back to verify that. " +
			"If the job still has its old URL or access token, the provider creates a new job and removes the old one.",
		Attributes: map[string]schema.Attribute{
			"id": computed("The id of the job. A rotation may create a new job, with another id. Refer to this attribute. If you have written the id somewhere else, change it there after such a rotation."),
			"name": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "The name of the job.",
				Validators:          []validator.String{signal.Matches(notBlank, "must not be blank")},
			},
			"group_id": schema.Int64Attribute{
				Required:            true,
				MarkdownDescription: "The id of the group that the job is in. A change creates a new job.",
				Validators:          []validator.Int64{int64validator.AtLeast(1)},
				PlanModifiers:       []planmodifier.Int64{int64planmodifier.RequiresReplace()},
			},
			"aws_account_id": account("The id of the AWS account that the job works in."),
			"aws_account_ids": schema.ListAttribute{
				ElementType:         types.Int64Type,
				Optional:            true,
				MarkdownDescription: "The ids of the AWS accounts that the job works in.",
				Validators:          []validator.List{listvalidator.ValueInt64sAre(int64validator.AtLeast(1)), listvalidator.ConflictsWith(accounts...)},
			},
			"google_cloud_account_id": account("The id of the Google Cloud account that the job works in."),
			"action_type": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "What the job does: the name of the action in the job API, such as `start_instances`. A change creates a new job.",
				Validators:          []validator.String{signal.Matches(notBlank, "must not be blank")},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"action_value": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "The settings of the action, as a JSON object; use `jsonencode`. The provider compares only the members that you set: members that the service adds are not a change. " +
					"The value is not sensitive, so do not put secrets into it. Leave it out for an action without settings, such as `no_action`.",
				Validators: []validator.String{jsonObject{}},
			},
			"allow_runtime_action_values": schema.BoolAttribute{
				Optional:            true,
				Computed:            true,
				MarkdownDescription: "Whether a request that runs the job can set values of the action." + filledIn,
			},
			"for_workflow": schema.BoolAttribute{
				Optional: true,
				Computed: true,
				MarkdownDescription: "Whether the job is the first job of a job workflow, with `action_type = \"no_action\"`. A change creates a new job with a new id. " +
					"A workflow that has the old id, such as in `first_job_id`, then needs the new one.",
				PlanModifiers: []planmodifier.Bool{boolplanmodifier.UseStateForUnknown(), boolplanmodifier.RequiresReplaceIf(otherFlag, "", "")},
			},
			"effective_date":            schema.StringAttribute{Optional: true, MarkdownDescription: "The date from which on the job can be run. The provider sends it unchanged, and the service checks it."},
			"expiration_date":           schema.StringAttribute{Optional: true, MarkdownDescription: "The date until which the job can be run. The provider sends it unchanged, and the service checks it."},
			"completed_post_process_id": postProcesses("succeeded"),
			"failed_post_process_id":    postProcesses("failed"),
			"rotation_triggers": schema.MapAttribute{
				ElementType:         types.StringType,
				Optional:            true,
				MarkdownDescription: "Arbitrary values. When one of them changes, the URL and the access token are rotated.",
			},
			"rotate_on_update": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether each update of the job in place rotates the URL and the access token. The default is `true`. With `false` only a change of `rotation_triggers` requests a rotation. " +
					"If the service rotates anyway when a job is changed, the provider records the new values.",
			},
			"store_credentials": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether `url` and `access_token` are kept in the state. The default is `true`. With `false` they are null. Then `signal_http_trigger` with `job_id` and the ephemeral resource `signal_http_trigger_job` " +
					"read them when they are needed. Backups and older versions of the state still have the values that were stored before, so rotate in the same apply.",
			},
			"trigger_on_apply": schema.BoolAttribute{
				Optional:            true,
				MarkdownDescription: "Whether to run the job once, with its new URL and access token, after it is created and after each rotation. The default is `false`. A change of this argument alone runs nothing.",
			},
			"url":          secret("The URL for the HTTP POST request that runs the job."),
			"access_token": secret("The token for the request's header `Authorization: CAAuth TOKEN`."),
			"rotated_at":   computed("When the provider last saw a new URL and access token (RFC 3339, UTC, by the clock of the machine that ran Terraform): after a creation, a rotation, or a refresh that found them rotated by somebody else. Null after an import or a move."),
			"active":       schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the job is active."},
			"time_zone":    computed("The time zone of the trigger, as the service returns it."),
			"created_at":   computed("When the job was created, as the service returns it."),
			"updated_at":   computed("When the job was last changed, as the service returns it."),
			"predecessor_id": computed("The id of the job that this one has replaced in a rotation, as long as the old job still exists because its removal failed. " +
				"The next apply removes it. Otherwise null."),
		},
		Blocks: map[string]schema.Block{
			"timeouts": signal.Timeouts(ctx, timeouts.Opts{
				Create: true, Read: true, Update: true, Delete: true,
				CreateDescription: signal.TimeoutDescription("creating the job and running it may take"),
				ReadDescription:   signal.TimeoutDescription("reading the job may take"),
				UpdateDescription: signal.TimeoutDescription("changing the job, rotating its URL and access token, and running it may take"),
				DeleteDescription: signal.TimeoutDescription("removing the job may take"),
			}),
		},
	}
}

// filledIn describes arguments that the service fills in.
const filledIn = " If this argument was never set, the provider keeps what the service shows. If it is removed from the configuration, an update clears it."

// notBlank matches a text with a character that is not a blank of any script.
var notBlank = delivery.LazyRegexp(`[^\s\p{Z}]`)

// otherFlag requires a replacement if the configured flag differs from the
// state. null equals false.
func otherFlag(_ context.Context, req planmodifier.BoolRequest, resp *boolplanmodifier.RequiresReplaceIfFuncResponse) {
	// An unknown flag also replaces, because Terraform cannot turn an update in place
	// into a replacement when the value becomes known.
	resp.RequiresReplace = req.ConfigValue.IsUnknown() || signal.Given(req.ConfigValue) && req.ConfigValue.ValueBool() != req.StateValue.ValueBool()
}

var accounts = []path.Expression{path.MatchRoot("aws_account_id"), path.MatchRoot("aws_account_ids"), path.MatchRoot("google_cloud_account_id")}

// jsonObject validates a JSON object.
type jsonObject struct{}

func (jsonObject) Description(context.Context) string { return "must be a JSON object" }

func (v jsonObject) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v jsonObject) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if !signal.Given(req.ConfigValue) {
		return
	}
	if _, err := parseObject(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid JSON",
			"Attribute "+req.Path.String()+" "+v.Description(ctx)+", such as jsonencode returns: "+err.Error()+".")
	}
}

func (r *jobResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config jobModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(config.reserved()...)
}

// reserved returns an error for a name with such a suffix. The name may be known only
// at apply.
func (m *jobModel) reserved() (diags diag.Diagnostics) {
	if hasSuffix(m.Name.ValueString()) {
		diags.AddAttributeError(path.Root("name"), "Invalid Name",
			fmt.Sprintf("Names that end with %q or %q are reserved for jobs that the provider is creating, or that replace another one in a rotation.", successorSuffix("ID"), creationSuffix("NUMBER")))
	}
	return diags
}

// asking are the members of a job's trigger, as the documentation has them in a
// request. An update contains them only if it requests a new URL and access
// token.
var asking = map[string]any{"rule_type": cloudautomator.Webhook, "rule_value": nil}

// body returns the request body for a job with these arguments. It clears the
// arguments that are not set and that the job had before. It keeps the members
// of action_value that the service shows and that are not and were not
// configured.
func (m *jobModel) body(before *jobModel, shown json.RawMessage, recorded types.String) map[string]any {
	body := map[string]any{}
	creates := before == nil
	if creates {
		before = &jobModel{}
		maps.Copy(body, asking)
	}
	theirs := before.settings()
	for i, one := range m.settings() {
		value, given := sent(one.value)
		_, was := sent(theirs[i].value)
		switch _, list := one.value.(types.List); {
		case one.fixed && !creates, one.name == "for_workflow" && !m.ForWorkflow.ValueBool():
		case given, was && list:
			body[one.name] = value
		case was:
			body[one.name] = nil
		}
	}
	body["action_value"] = carried(m.ActionValue, recorded, shown)
	return body
}

// sent returns a value as it is sent, and reports whether there is one.
func sent(value attr.Value) (any, bool) {
	switch v := value.(type) {
	case types.Bool:
		return v.ValueBool(), signal.Given(v)
	case types.Int64:
		return v.ValueInt64(), signal.Given(v)
	case types.List:
		return ints(v), !empty(v) // An unknown list is one that is not set: [] is sent.
	case types.String:
		return v.ValueString(), signal.Given(v)
	}
	return nil, false
}

// carried returns the action_value to send: the configured members, and the
// further members that the service shows, except those that were configured
// before.
func carried(configured, recorded types.String, shown json.RawMessage) json.RawMessage {
	asked, err := parseObject(configured.ValueString())
	if err != nil {
		return json.RawMessage(configured.ValueString())
	}
	was, _ := parseObject(recorded.ValueString())
	whole, _ := parseObject(string(shown))
	added := false
	for name, value := range whole {
		_, is := asked[name]
		_, before := was[name]
		if !is && !before && !vacant(value) {
			asked[name], added = value, true
		}
	}
	switch {
	case added:
		text, _ := json.Marshal(asked)
		return text
	case configured.ValueString() == "":
		return json.RawMessage("null")
	default:
		return json.RawMessage(configured.ValueString())
	}
}
