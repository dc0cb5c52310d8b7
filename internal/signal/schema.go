package signal

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/boolplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/mapplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// State is what every signal resource keeps beside its own arguments.
type State struct {
	ID        types.String   `tfsdk:"id"`
	Triggers  types.Map      `tfsdk:"triggers"`
	When      types.String   `tfsdk:"when"`
	Timeouts  timeouts.Value `tfsdk:"timeouts"`
	SentAt    types.String   `tfsdk:"sent_at"`
	RequestID types.String   `tfsdk:"request_id"`
	Delivery  types.String   `tfsdk:"delivery"`
}

// The values of the delivery attribute.
const (
	// Sent means that the service accepted the signal.
	Sent = "SENT"
	// Confirmed means that the answer was lost, and that the service showed that it
	// had taken the signal.
	Confirmed = "CONFIRMED"
	// Adopted means that the service showed such a signal, so that none was sent.
	Adopted = "ADOPTED"
	// Unknown means that the answer was lost, and with it whether the signal was taken.
	Unknown = "UNKNOWN"
)

// schemaVersion is that of the signals' states. What an older provider has
// written must still be readable, or the signal is lost and sent again: a change
// that the state of a release does not fit raises it, and brings an upgrader.
const schemaVersion = 0

// DefaultTimeout is how long each operation may take when timeouts says nothing.
const DefaultTimeout = 20 * time.Minute

func (r *signalResource) schema(ctx context.Context) schema.Schema {
	attributes := map[string]schema.Attribute{
		"id": computed("Identifies this signal within Terraform. Made when the resource is created; the service does not know it."),
		"triggers": schema.MapAttribute{
			ElementType:         types.StringType,
			Optional:            true,
			MarkdownDescription: "Arbitrary values. When one of them changes, the signal is sent again.",
		},
		"sent_at":    computed("When the signal was sent (RFC 3339, UTC, by the clock of the machine Terraform ran on); null when it was adopted or is yet to be sent."),
		"request_id": computed("The service's id of the request that carried the signal; null when no answer told it."),
		"delivery":   computed(r.system.deliveries()),
	}
	maps.Copy(attributes, r.system.optionAttributes(true))
	maps.Copy(attributes, r.system.Arguments)
	remembered := map[string]string{}
	maps.Copy(remembered, r.system.Remembered)
	if r.system.Region != nil {
		remembered["region"] = "A plan shows it where the configuration or the provider block says it. " +
			"A region of the environment or a profile is not planned: the signal goes to the one that is found when the plan is applied."
	}
	for name, more := range remembered {
		attribute := attributes[name].(schema.StringAttribute)
		attribute.MarkdownDescription += " " + more
		attributes[name] = attribute
	}
	for name, attribute := range attributes {
		attributes[name] = keptOverUpdates(attribute)
	}
	blocks := map[string]schema.Block{
		"timeouts": Timeouts(ctx, timeouts.Opts{
			Create: true, Update: true, Delete: true,
			CreateDescription: TimeoutDescription("creating the resource may take" + r.system.together()),
			UpdateDescription: TimeoutDescription("updating the resource may take, which waits but sends nothing"),
			DeleteDescription: TimeoutDescription("deleting the resource may take, which with `when = \"destroy\"` sends the signal"),
		}),
	}
	return schema.Schema{Version: schemaVersion, MarkdownDescription: r.system.Description, Attributes: attributes, Blocks: blocks}
}

// deliveries describes the values of delivery that this signal can have.
func (y system) deliveries() string {
	text := "What is known of the signal: `" + Sent + "`, the service accepted it; "
	if y.Waits {
		text += "`" + Confirmed + "`, the answer was lost, and the service showed afterwards that it had arrived; "
	}
	if y.Adopts {
		text += "`" + Adopted + "`, the service showed such a signal, and none was sent; "
	}
	return text + "`" + Unknown + "`, the answer was lost, so the signal may or may not have arrived; null when it is yet to be sent."
}

// together names what shares one timeout, where that is more than sending.
func (y system) together() string {
	if y.Waits {
		return ": becoming ready, sending and waiting together"
	}
	return ""
}

// keptOverUpdates has a computed attribute keep its value in a plan that does
// not replace the resource; what an update changes, ModifyPlan marks.
func keptOverUpdates(attribute schema.Attribute) schema.Attribute {
	if !attribute.IsComputed() {
		return attribute
	}
	switch a := attribute.(type) {
	case schema.StringAttribute:
		a.PlanModifiers = append([]planmodifier.String{stringplanmodifier.UseStateForUnknown()}, a.PlanModifiers...)
		return a
	case schema.BoolAttribute:
		a.PlanModifiers = append([]planmodifier.Bool{boolplanmodifier.UseStateForUnknown()}, a.PlanModifiers...)
		return a
	case schema.MapAttribute:
		a.PlanModifiers = append([]planmodifier.Map{mapplanmodifier.UseStateForUnknown()}, a.PlanModifiers...)
		return a
	default:
		return attribute
	}
}

func computed(description string) schema.Attribute {
	return schema.StringAttribute{Computed: true, MarkdownDescription: description}
}

// TimeoutDescription is the description of a timeout, for which what says what may take so long.
func TimeoutDescription(what string) string {
	return fmt.Sprintf("How long %s, as a duration such as `30s` or `1h30m`. The default is %.0f minutes.", what, DefaultTimeout.Minutes())
}

// RegionAttribute is the region argument of systems whose services are regional.
func RegionAttribute() schema.Attribute {
	return schema.StringAttribute{
		Optional:            true,
		Computed:            true,
		MarkdownDescription: "The region of the target; the provider's region when not set.",
		Validators:          []validator.String{RegionName()},
	}
}

// regionName is compiled once: schemas are made for every call of the protocol.
var regionName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// RegionName wants what can be the name of a region: no cloud lists its regions
// for good, but none has one that could not be part of a host's name.
func RegionName() validator.String {
	return stringvalidator.RegexMatches(regionName, "must be the name of a region, such as eu-central-1")
}

// Timeouts is the timeouts block of a resource.
func Timeouts(ctx context.Context, opts timeouts.Opts) schema.Block {
	block := timeouts.Block(ctx, opts).(schema.SingleNestedBlock)
	for name, attribute := range block.Attributes {
		text := attribute.(schema.StringAttribute)
		text.Validators = []validator.String{duration{}}
		block.Attributes[name] = text
	}
	return block
}

// duration wants a duration that leaves time, and ends: after longest, unless that is zero.
type duration struct{ longest time.Duration }

func (d duration) Description(context.Context) string {
	most := ""
	if d.longest > 0 {
		most = fmt.Sprintf(" and of at most %.0f hours", d.longest.Hours())
	}
	return "must be a duration longer than zero" + most + ", such as 30s or 1h30m"
}

// MarkdownDescription is Description.
func (d duration) MarkdownDescription(ctx context.Context) string { return d.Description(ctx) }

// ValidateString reports a text that is no such duration.
func (d duration) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if given, err := time.ParseDuration(req.ConfigValue.ValueString()); err != nil || given <= 0 || d.longest > 0 && given > d.longest {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid Timeout",
			fmt.Sprintf("The timeout %s %s, got: %s", req.Path, d.Description(ctx), req.ConfigValue))
	}
}
