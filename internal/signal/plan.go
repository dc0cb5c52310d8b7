package signal

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// failureReported is the key of the private state of a resource whose failed target was
// reported when it was created: a later untaint accepts the failure.
const failureReported = "judged"

// transition is what the plan of a signal that exists depends on.
type transition struct {
	// was and is are when the signal is sent, in the state and in the plan.
	was, is string
	// delivered says that the state tells of a signal that was sent, or may have been.
	delivered bool
	// changed says that the plan holds another signal than the state.
	changed bool
}

// decision is what the plan of a signal that exists does.
type decision int

const (
	// keep sends nothing, and what the state tells of the signal stays true.
	keep decision = iota
	// replace has the resource replaced, which sends the signal.
	replace
	// arm sends nothing now; a signal is still to be sent at destroy.
	arm
	// armAgain is arm for a signal that was sent before.
	armAgain
	// disarm sends nothing, neither now nor at destroy.
	disarm
	// forget is disarm for a signal that replaces one that was sent at destroy.
	forget
)

// decide is the one place that says which change sends a signal.
func (t transition) decide() decision {
	switch {
	case t.was == whenApply && t.is == whenApply && t.changed:
		return replace
	case t.was == whenApply && t.is == whenDestroy && t.delivered:
		return armAgain
	case t.was == whenApply && t.is == whenDestroy:
		return arm
	case t.was == whenDestroy && t.is == whenDestroy && t.delivered && t.changed:
		return arm
	case t.was == whenDestroy && t.is == whenApply && !t.delivered:
		return disarm
	case t.was == whenDestroy && t.is == whenApply && t.changed:
		return forget
	default:
		return keep
	}
}

// unsent reports whether nothing is to be recorded of a signal afterwards.
func (d decision) unsent() bool { return d == arm || d == armAgain || d == disarm || d == forget }

// warning is what a plan says of the decision, "" when there is nothing to warn of.
func (d decision) warning() (summary, detail string) {
	switch d {
	case armAgain:
		return "Signal Will Be Sent Again", "This signal was sent before. With when = \"destroy\" it is sent once more, when the resource is destroyed or replaced."
	case disarm:
		return "No Signal Will Be Sent", "Changing when sends nothing: the signal that was to be sent at destroy is sent neither now nor then. " +
			"To send it, change triggers in a later apply, or replace the resource."
	case forget:
		return "No Signal Will Be Sent", "An earlier destroy sent the signal as it was configured then. That is not recorded any more, because another signal is configured now. " +
			"Changing when sends nothing: that other signal is sent neither now nor at destroy. To send it, change triggers in a later apply, or replace the resource."
	default:
		return "", ""
	}
}

// ModifyPlan decides what a plan does: it has the resource replaced, and so the
// signal sent again, when the plan holds another signal than the one that was
// sent, and nothing else does; it has an update go on waiting for a target whose
// end is not known yet.
func (r *signalResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	before, after := r.model(), r.model()
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(restore(ctx, req.State.Raw, req.State.Schema.Type(), before)...)
	}
	if !req.Plan.Raw.IsNull() {
		resp.Diagnostics.Append(restore(ctx, req.Plan.Raw, req.Plan.Schema.Type(), after)...)
	}
	switch {
	case resp.Diagnostics.HasError():
		return
	case req.Plan.Raw.IsNull():
		r.planDestroy(before, resp)
		if req.ClientCapabilities.DeferralAllowed && before.atDestroy() && r.system.unconfigured(before.Arguments) {
			resp.Deferred = &resource.Deferred{Reason: resource.DeferredReasonProviderConfigUnknown}
		}
		return
	case req.State.Raw.IsNull():
		r.planCreate(after, resp)
	default:
		r.planUpdate(ctx, before, after, req, resp)
	}
	r.system.planRegion(ctx, req, resp)
	if req.ClientCapabilities.DeferralAllowed && r.system.unconfigured(after.Arguments) {
		resp.Deferred = &resource.Deferred{Reason: resource.DeferredReasonProviderConfigUnknown}
	}
}

// planDestroy warns of a signal that the destroy sends.
func (r *signalResource) planDestroy(before *model, resp *resource.ModifyPlanResponse) {
	switch common := &before.State; {
	case !common.atDestroy():
	case common.Delivery.IsNull():
		resp.Diagnostics.AddWarning("Signal Is Sent at Destroy",
			fmt.Sprintf("Destroying this signal_%s sends its signal, because it has when = \"destroy\". To destroy it without, apply when = \"apply\" first, or run \"terraform state rm\" on it.", r.system.Name))
	case common.Delivery.ValueString() == Unknown:
		resp.Diagnostics.AddWarning("Signal May Be Sent Again",
			fmt.Sprintf("An earlier destroy of this signal_%s sent its signal, and whether it was taken is unknown. Unless the service shows that it was, destroying sends it once more; "+
				"\"terraform state rm\" accepts it as delivered instead.", r.system.Name))
	}
}

func (r *signalResource) planCreate(after *model, resp *resource.ModifyPlanResponse) {
	if after.atDestroy() {
		// A taint is invisible here: the plan of a replacement is that of a creation.
		resp.Diagnostics.AddAttributeWarning(path.Root("when"), "Signal Is Sent at Destroy",
			"The signal is sent when this resource is destroyed, and creating it does not send it. A replacement destroys the resource that is there: "+
				"if the plan shows one, because the resource is tainted, with -replace or by replace_triggered_by, then applying it sends that resource's signal, as last applied.")
		r.planNotSent(resp)
	}
	r.planNoStatus(after, after.atDestroy(), resp)
}

func (r *signalResource) planUpdate(ctx context.Context, before, after *model, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if after.When.IsUnknown() {
		resp.Diagnostics.AddAttributeError(path.Root("when"), "When Is Not Known",
			"Whether this signal is still to be sent depends on when, so for a resource that exists its value has to be known at plan: apply what it depends on first.")
		return
	}
	was, is := &before.State, &after.State
	changed := r.changed(req, &resp.Diagnostics)
	if !SameTriggers(was.Triggers, is.Triggers) {
		changed = append(changed, "triggers")
	}
	made := transition{was.sentWhen(), is.sentWhen(), !was.Delivery.IsNull(), len(changed) > 0}.decide()
	if made == replace {
		for _, name := range changed {
			resp.RequiresReplace.Append(path.Root(name))
		}
		r.warnUnknown(req, changed, resp)
	}
	if made.unsent() {
		r.planUnsent(req, resp)
	}
	if summary, detail := made.warning(); summary != "" {
		resp.Diagnostics.AddAttributeWarning(path.Root("when"), summary, detail)
	}
	if !r.system.Waits {
		return
	}
	if !made.unsent() && (after.WaitForCompletion.IsUnknown() || r.waitsOn(ctx, before, after, req, resp)) {
		resp.Diagnostics.Append(replan(&resp.Plan, tftypes.UnknownValue, "target_status", "target_succeeded")...)
		return
	}
	r.planNoStatus(after, made.unsent(), resp)
}

// warnUnknown warns of those changed arguments that may turn out to be the same.
func (r *signalResource) warnUnknown(req resource.ModifyPlanRequest, changed []string, resp *resource.ModifyPlanResponse) {
	configured, diags := attributes(req.Config.Raw)
	resp.Diagnostics.Append(diags...)
	adopt := ""
	if r.system.Adopts {
		adopt = " With adopt_existing = true a signal that the service still shows is not sent once more."
	}
	for _, name := range changed {
		if !configured[name].IsFullyKnown() {
			resp.Diagnostics.AddAttributeWarning(path.Root(name), "Signal Is Sent Again",
				fmt.Sprintf("The value of %s is not known before the apply, so it counts as changed: the signal is sent again even if the value turns out to be the same. "+
					"To see first whether it is, apply what the value depends on, with -target.%s", name, adopt))
		}
	}
}

// planRegion has the plan show the region that the provider block says, and refuses
// what else is said to be one and is not.
func (y system) planRegion(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if y.Region == nil {
		return
	}
	configured, diags := attributes(req.Config.Raw)
	resp.Diagnostics.Append(diags...)
	planned, diags := attributes(resp.Plan.Raw)
	resp.Diagnostics.Append(diags...)
	if !configured["region"].IsNull() || planned["region"].IsKnown() {
		return
	}
	if region := y.Cloud.BlockRegion(); region != "" {
		resp.Diagnostics.Append(replan(&resp.Plan, region, "region")...)
		return
	}
	resp.Diagnostics.Append(y.checkRegion(ctx)...)
}

// checkRegion refuses what the environment or a profile says as the region, like the argument.
func (y system) checkRegion(ctx context.Context) (diags diag.Diagnostics) {
	if err := y.Cloud.CheckRegion(ctx); err != nil {
		diags.AddAttributeError(path.Root("region"), "Invalid Region", fmt.Sprintf("There is no region to signal in: %s. Correct it there, or set region here or in the provider's block.", err))
	}
	return diags
}

// waitsOn reports whether an update has to go on waiting: the target's end is
// not known, or it is a failure that the resource fails for and that only a
// refresh has seen.
func (r *signalResource) waitsOn(ctx context.Context, before, after *model, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) bool {
	if !after.WaitForCompletion.ValueBool() || after.atDestroy() || before.Delivery.IsNull() {
		return false
	}
	if !r.final(before) {
		return true
	}
	accepted, diags := req.Private.GetKey(ctx, failureReported)
	resp.Diagnostics.Append(diags...)
	return !before.TargetSucceeded.ValueBool() && after.OnWaitFailure.ValueString() != onWaitFailureRecord && string(accepted) != "true"
}

// planNoStatus has the target's status null while nothing is waited for.
func (r *signalResource) planNoStatus(after *model, unsent bool, resp *resource.ModifyPlanResponse) {
	on := after.WaitForCompletion
	waits := !unsent && !after.atDestroy() && (on.ValueBool() || on.IsUnknown())
	if !r.system.Waits || waits || after.TargetStatus.IsNull() && after.TargetSucceeded.IsNull() {
		return
	}
	resp.Diagnostics.Append(replan(&resp.Plan, nil, "target_status", "target_succeeded")...)
}

// planNotSent has nothing known of a signal that is yet to be sent, but for what is
// an argument of the system's own, such as a request id that the caller makes.
func (r *signalResource) planNotSent(resp *resource.ModifyPlanResponse) {
	results := slices.DeleteFunc([]string{"sent_at", "request_id", "delivery"}, func(name string) bool { return r.system.Arguments[name] != nil })
	resp.Diagnostics.Append(replan(&resp.Plan, nil, results...)...)
}

// planUnsent has a signal planned as one that is yet to be sent at destroy, with
// whatever is made up for a signal made anew.
func (r *signalResource) planUnsent(req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	r.planNotSent(resp)
	configured, diags := attributes(req.Config.Raw)
	resp.Diagnostics.Append(diags...)
	for name, attribute := range r.system.Arguments {
		if attribute.IsComputed() && configured[name].IsNull() {
			resp.Diagnostics.Append(replan(&resp.Plan, tftypes.UnknownValue, name)...)
		}
	}
}

// changed are the arguments whose change makes another signal.
func (r *signalResource) changed(req resource.ModifyPlanRequest, diags *diag.Diagnostics) (changed []string) {
	configured, unread := attributes(req.Config.Raw)
	diags.Append(unread...)
	sent, unread := attributes(req.State.Raw)
	diags.Append(unread...)
	for name, attribute := range r.system.Arguments {
		switch {
		case attribute.IsWriteOnly() || r.system.OnlyTriggersResend:
		case r.system.Naming.onlyFinds(name, configured, sent):
		case attribute.IsComputed() && configured[name].IsNull():
		case !configured[name].Equal(sent[name]):
			changed = append(changed, name)
		}
	}
	slices.Sort(changed) // The order of a map is another one each time.
	return changed
}

// onlyFinds reports whether a change of an argument leaves the signal the same: it says
// which target of a name is meant, or it is the name of a target that is now identified.
func (n *Naming) onlyFinds(name string, configured, sent map[string]tftypes.Value) bool {
	if n == nil {
		return false
	}
	id := configured[n.ID]
	named := name == n.Name || slices.Contains(n.Besides, name)
	return slices.Contains(n.Filters, name) || named && configured[name].IsNull() && !id.IsNull() && id.Equal(sent[n.ID])
}

// pending reports whether a signal was sent to a target whose end is waited for
// and not known yet.
func (r *signalResource) pending(data *model) bool {
	return data.WaitForCompletion.ValueBool() && !data.atDestroy() && !data.Delivery.IsNull() && !r.final(data)
}

func (r *signalResource) final(data *model) bool {
	status := data.TargetStatus
	return !status.IsNull() && r.system.Final(&data.Arguments, status.ValueString())
}

// SameTriggers compares triggers; none at all and an empty map both say nothing.
func SameTriggers(a, b attr.Value) bool {
	empty := func(v attr.Value) bool {
		m, ok := v.(types.Map)
		return v.IsNull() || ok && !v.IsUnknown() && len(m.Elements()) == 0
	}
	return a.Equal(b) || empty(a) && empty(b)
}
