package signal

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// judged is the key of the private state of a resource whose failed target was
// reported when it was created: whoever untaints it afterwards accepts that.
const failureReported = "judged"

// ModifyPlan decides what a plan does: it has the resource replaced, and so the
// signal sent again, when the plan holds another signal than the one that was
// sent, and nothing else does; it has an update go on waiting for a target whose
// end is not known yet.
func (r *signalResource[A]) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	before, after := r.model(), r.model()
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(restore(ctx, req.State.Raw, req.State.Schema.Type(), before)...)
	}
	if !req.Plan.Raw.IsNull() {
		resp.Diagnostics.Append(restore(ctx, req.Plan.Raw, req.Plan.Schema.Type(), after)...)
	}
	switch {
	case resp.Diagnostics.HasError():
	case req.Plan.Raw.IsNull():
		if before.Common().atDestroy() && before.Common().Delivery.ValueString() == Unknown {
			resp.Diagnostics.AddWarning("Signal May Be Sent Again",
				fmt.Sprintf("An earlier destroy of this signal_%s sent its signal, and whether it was taken is unknown. Unless the service shows that it was, destroying sends it once more; "+
					"\"terraform state rm\" accepts it as delivered instead.", r.system.Name))
		}
	case req.State.Raw.IsNull():
		r.planCreate(ctx, after, resp)
	default:
		r.planUpdate(ctx, before, after, req, resp)
	}
}

func (r *signalResource[A]) planCreate(ctx context.Context, after *model[A], resp *resource.ModifyPlanResponse) {
	if after.Common().atDestroy() {
		// A taint is invisible here: the plan of a replacement is that of a creation.
		resp.Diagnostics.AddAttributeWarning(path.Root("when"), "Signal Is Sent at Destroy",
			"Nothing is sent now. The signal is sent when this resource is destroyed, and that includes its replacement: "+
				"if this plan replaces it, because it is tainted or with -replace, its signal is sent from the state as last applied.")
		planNotSent(resp)
	}
	r.planNoStatus(after, resp)
}

func (r *signalResource[A]) planUpdate(ctx context.Context, before, after *model[A], req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if after.Common().When.IsUnknown() {
		resp.Diagnostics.AddAttributeError(path.Root("when"), "When Is Not Known",
			"Whether this signal is still to be sent depends on when, so for a resource that exists its value has to be known at plan: apply what it depends on first.")
		return
	}
	was, is := before.Common(), after.Common()
	changed := r.changed(req, &resp.Diagnostics)
	if !SameTriggers(was.Triggers, is.Triggers) {
		changed.Append(path.Root("triggers"))
	}
	switch {
	case !was.atDestroy() && !is.atDestroy():
		resp.RequiresReplace.Append(changed...)
	case is.atDestroy() && !was.atDestroy(), is.atDestroy() && !was.Delivery.IsNull() && len(changed) > 0:
		// Another signal is still to be sent than the one that the state tells of.
		r.planUnsent(req, resp)
		if !was.atDestroy() && !was.Delivery.IsNull() {
			resp.Diagnostics.AddAttributeWarning(path.Root("when"), "Signal Will Be Sent Again",
				"This signal was sent before. With when = \"destroy\" it is sent once more, when the resource is destroyed or replaced.")
		}
	case was.atDestroy() && !is.atDestroy() && was.Delivery.IsNull():
		resp.Diagnostics.AddAttributeWarning(path.Root("when"), "No Signal Will Be Sent",
			"Changing when sends nothing: the signal that was to be sent at destroy is sent neither now nor then. "+
				"To send it, change triggers in a later apply, or replace the resource.")
	}
	if !r.system.Waits {
		return
	}
	if after.WaitForCompletion.IsUnknown() || r.waitsOn(ctx, before, after, req, resp) {
		resp.Diagnostics.Append(replan(&resp.Plan, tftypes.UnknownValue, "target_status", "target_succeeded")...)
		return
	}
	r.planNoStatus(after, resp)
}

// waitsOn reports whether an update has to go on waiting: the target's end is
// not known, or it is a failure that the resource fails for and that only a
// refresh has seen.
func (r *signalResource[A]) waitsOn(ctx context.Context, before, after *model[A], req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) bool {
	if !after.WaitForCompletion.ValueBool() || after.Common().atDestroy() || before.Common().Delivery.IsNull() {
		return false
	}
	if !r.final(before) {
		return true
	}
	accepted, diags := req.Private.GetKey(ctx, failureReported)
	resp.Diagnostics.Append(diags...)
	return !before.TargetSucceeded.ValueBool() && after.OnWaitFailure.ValueString() != onWaitFailureRecord && string(accepted) != "true"
}

// planNoStatus has the target's status null while nobody waits for it.
func (r *signalResource[A]) planNoStatus(after *model[A], resp *resource.ModifyPlanResponse) {
	on := after.WaitForCompletion
	if !r.system.Waits || !after.Common().atDestroy() && (on.ValueBool() || on.IsUnknown()) || after.TargetStatus.IsNull() && after.TargetSucceeded.IsNull() {
		return
	}
	resp.Diagnostics.Append(replan(&resp.Plan, nil, "target_status", "target_succeeded")...)
}

// planNotSent has nothing known of a signal that is yet to be sent.
func planNotSent(resp *resource.ModifyPlanResponse) {
	resp.Diagnostics.Append(replan(&resp.Plan, nil, "sent_at", "request_id", "delivery")...)
}

// planUnsent has a signal planned as one that is yet to be sent at destroy, with
// whatever is made up for a signal made anew.
func (r *signalResource[A]) planUnsent(req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	planNotSent(resp)
	configured, diags := attributes(req.Config.Raw)
	resp.Diagnostics.Append(diags...)
	for name, attribute := range r.system.Arguments {
		if attribute.IsComputed() && configured[name].IsNull() {
			resp.Diagnostics.Append(replan(&resp.Plan, tftypes.UnknownValue, name)...)
		}
	}
}

// changed are the arguments whose change makes another signal.
func (r *signalResource[A]) changed(req resource.ModifyPlanRequest, diags *diag.Diagnostics) (changed path.Paths) {
	configured, unread := attributes(req.Config.Raw)
	diags.Append(unread...)
	sent, unread := attributes(req.State.Raw)
	diags.Append(unread...)
	for name, attribute := range r.system.Arguments {
		switch {
		case attribute.IsWriteOnly() || r.system.OnlyTriggersResend:
		case attribute.IsComputed() && configured[name].IsNull():
		case !configured[name].Equal(sent[name]):
			changed.Append(path.Root(name))
		}
	}
	return changed
}

// pending reports whether a signal was sent to a target whose end is waited for
// and not known yet.
func (r *signalResource[A]) pending(data *model[A]) bool {
	return data.WaitForCompletion.ValueBool() && !data.atDestroy() && !data.Delivery.IsNull() && !r.final(data)
}

func (r *signalResource[A]) final(data *model[A]) bool {
	status := data.TargetStatus
	return !status.IsNull() && r.system.Final(data.Own(), status.ValueString())
}

// SameTriggers compares triggers; none at all and an empty map both say nothing.
func SameTriggers(a, b attr.Value) bool {
	empty := func(v attr.Value) bool {
		m, ok := v.(types.Map)
		return v.IsNull() || ok && !v.IsUnknown() && len(m.Elements()) == 0
	}
	return a.Equal(b) || empty(a) && empty(b)
}
