package signal

import (
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/boolplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/mapplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
)

// schemaVersion is the version of the signals' schemas. The provider must be
// able to read the state of every release; otherwise the signal is lost and
// sent again. A change that the state of a release does not fit needs a higher
// version and a state upgrader.
const schemaVersion = 0

func (r *signalResource) schema(ctx context.Context) schema.Schema {
	attributes := map[string]schema.Attribute{
		"id": computedString("The id of this signal in Terraform. The provider generates it when the resource is created; the service does not know it."),
		"triggers": triggers("signal is sent again. " +
			"Give it single values, not a whole resource: a newer version may add attributes to the resource, and then the signal is sent again."),
		"sent_at":    computedString("When the signal was sent (RFC 3339, UTC, by the clock of the machine that ran Terraform); null if the signal " + moreIf(r.system.Adopts, "was adopted or ") + "is not sent yet."),
		"request_id": computedString("The service's id of the request with the signal; null if no answer had it."),
		"delivery":   computedString(r.system.deliveryText()),
	}
	maps.Copy(attributes, r.system.optionAttributes(true))
	maps.Copy(attributes, r.system.Arguments)
	remembered := map[string]string{}
	maps.Copy(remembered, r.system.Remembered)
	if r.system.Cloud != nil {
		remembered["region"] = "A plan shows the region if this argument or the provider block sets it. " +
			"A plan only checks a region of the environment or a profile, and does not show it. The apply reads it again and uses it."
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
			CreateDescription: TimeoutDescription("creating the resource may take") + r.system.timeoutText(),
			UpdateDescription: TimeoutDescription("updating the resource may take") + r.system.updateText(),
			DeleteDescription: TimeoutDescription("deleting the resource may take") + " With `when = \"destroy\"` deleting it sends the signal.",
		}),
	}
	return schema.Schema{Version: schemaVersion, MarkdownDescription: r.system.Description, Attributes: attributes, Blocks: blocks}
}

// deliveryText describes the values of delivery that this signal can have.
func (s system) deliveryText() string {
	return "What is known about the signal. `" + DeliverySent + "`: the service accepted it. " +
		moreIf(s.Confirms, "`"+DeliveryConfirmed+"`: the answer was lost. Afterwards the service showed such a signal at the time of the send, and it was not another signal of this provider. ") +
		moreIf(s.Adopts, "`"+DeliveryAdopted+"`: the service already showed such a signal, and the provider sent none. ") +
		"`" + DeliveryUnknown + "`: the answer was lost, so the signal may or may not have arrived. It is null if the signal is not sent yet."
}

// statusDescription is the beginning of the description of target_status.
func (s system) statusDescription() string {
	return "The target's last seen status, in the service's own words" + moreIf(s.OwnStatus != "", ", or "+s.OwnStatus)
}

// timeoutText lists what shares one timeout, if that is more than sending.
func (s system) timeoutText() string {
	return moreIf(s.Wait != nil, " This includes waiting until the target is ready, sending, and waiting for completion.")
}

// updateText says what an update does.
func (s system) updateText() string {
	if s.Wait != nil {
		return " An update may wait, but sends nothing."
	}
	return " An update sends nothing."
}

// keptOverUpdates adds a plan modifier that keeps the value of a computed
// attribute in an update. ModifyPlan plans the values that an update changes as
// unknown.
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
