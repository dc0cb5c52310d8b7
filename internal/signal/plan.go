package signal

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// transition has the facts that decide the plan of an existing resource.
type transition struct {
	// was is the value of when in the state, and is the value in the plan.
	was, is string
	// delivered says that the state has a signal that was sent, or may have been
	// sent.
	delivered bool
	// changed says that the plan has another signal than the state.
	changed bool
}

// decision is what the plan of an existing resource does.
type decision int

const (
	// keep sends nothing, and keeps the results in the state.
	keep decision = iota
	// awaitDestroy is keep for a signal that is still to be sent at destroy.
	awaitDestroy
	// replace replaces the resource, which sends the signal.
	replace
	// sendAtDestroy sends nothing now. The signal is sent at destroy.
	sendAtDestroy
	// sendAtDestroyAgain is sendAtDestroy for a signal that was sent before.
	sendAtDestroyAgain
	// sendAnotherAtDestroy is sendAtDestroy for a signal that replaces one that was sent at destroy.
	sendAnotherAtDestroy
	// cancelAtDestroy sends nothing now and nothing at destroy.
	cancelAtDestroy
	// forgetSent is cancelAtDestroy for a signal that replaces one that was sent at destroy.
	forgetSent
)

// decide decides which change sends a signal. No other code decides this.
func (t transition) decide() decision {
	switch {
	case t.was == whenApply && t.is == whenApply && t.changed:
		return replace
	case t.was == whenApply && t.is == whenDestroy && t.delivered:
		return sendAtDestroyAgain
	case t.was == whenApply && t.is == whenDestroy:
		return sendAtDestroy
	case t.was == whenDestroy && t.is == whenDestroy && !t.delivered:
		return awaitDestroy
	case t.was == whenDestroy && t.is == whenDestroy && t.changed:
		return sendAnotherAtDestroy
	case t.was == whenDestroy && t.is == whenApply && !t.delivered:
		return cancelAtDestroy
	case t.was == whenDestroy && t.is == whenApply && t.changed:
		return forgetSent
	default:
		return keep
	}
}

// leavesNoneSent reports whether the state has no sent signal after this decision.
func (d decision) leavesNoneSent() bool {
	return d == sendAtDestroy || d == sendAtDestroyAgain || d == sendAnotherAtDestroy || d == cancelAtDestroy || d == forgetSent
}

// A plan cannot promise that nothing is sent. With -replace, Terraform asks for
// the plan of an update, and then replaces the resource all the same. It shows
// only the warnings of the first plan.
const (
	changesWhen = "Changing When Sends Nothing in Place"
	ifReplaced  = "If this plan replaces the resource instead, because of -replace or replace_triggered_by, applying it sends "
	// forgotten begins the warnings about a signal that replaces one that was sent at destroy,
	// and sentAgain ends them.
	forgotten = "An earlier destroy sent the signal as it was configured then. The state forgets that signal, because another signal is configured now. "
	sentAgain = "the signal of the existing resource again in one case: its outcome is unknown, and the service does not show it."
)

// warning returns the warning for the decision, "" if there is none.
func (d decision) warning() (summary, detail string) {
	switch d {
	case sendAtDestroyAgain:
		return "Signal Will Be Sent Again", "This signal was sent before. With when = \"destroy\" it is sent once more, when the resource is destroyed or replaced."
	case cancelAtDestroy:
		return changesWhen, "If the resource is updated in place, nothing is sent: the signal for the destroy is not sent now, and not at destroy. " +
			"To send it, change triggers in a later apply, or replace the resource then. " +
			ifReplaced + "two signals: the signal of the existing resource, as last applied, when that is destroyed, and the signal of the new resource, when that is created."
	case sendAnotherAtDestroy:
		return "Another Signal Is Sent at Destroy", forgotten +
			"The other signal is sent when the resource is destroyed. To keep the earlier signal instead, undo the change before you apply. " +
			ifReplaced + sentAgain
	case forgetSent:
		return changesWhen, forgotten +
			"If the resource is updated in place, nothing is sent: the other signal is not sent now, and not at destroy. To send it, change triggers in a later apply, or replace the resource then. " +
			ifReplaced + "the other signal when the new resource is created. It also sends " + sentAgain
	default:
		return "", ""
	}
}

// ModifyPlan decides what a plan does. If the plan has another signal than the
// one that was sent, it replaces the resource, which sends the signal again.
// Nothing else replaces the resource. If the end of the target's run is not
// known yet, it plans an update that goes on waiting.
func (r *signalResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	before, after, kind := r.model(), r.model(), req.Plan.Schema.Type()
	if !req.State.Raw.IsNull() {
		restore(ctx, req.State.Raw, kind, before, &resp.Diagnostics)
	}
	if !req.Plan.Raw.IsNull() {
		restore(ctx, req.Plan.Raw, kind, after, &resp.Diagnostics)
	}
	r.sender.destroySignals.planned(before.ID.ValueString())
	switch {
	case resp.Diagnostics.HasError():
		return
	case req.Plan.Raw.IsNull():
		r.planDestroy(before, resp)
		resp.Deferred = r.system.deferral(req.ClientCapabilities.DeferralAllowed && before.atDestroy(), before.Arguments)
		return
	case req.State.Raw.IsNull():
		r.planCreate(after, req, resp)
	default:
		r.planUpdate(ctx, before, after, req, resp)
	}
	resp.Deferred = r.system.deferral(req.ClientCapabilities.DeferralAllowed, after.Arguments)
}

// planDestroy warns if the destroy will send a signal.
func (r *signalResource) planDestroy(before *model, resp *resource.ModifyPlanResponse) {
	switch {
	case !before.atDestroy():
	case before.Delivery.IsNull():
		resp.Diagnostics.AddWarning("Signal Is Sent at Destroy",
			fmt.Sprintf("Destroying this signal_%s sends its signal, because it has when = \"destroy\". To destroy it without sending, apply when = \"apply\" first, or run \"terraform state rm\" on it.", r.system.Name))
	case before.Delivery.ValueString() == DeliveryUnknown:
		resp.Diagnostics.AddWarning("Signal May Be Sent Again",
			fmt.Sprintf("An earlier destroy of this signal_%s sent its signal, and it is unknown whether the service took it. Unless the service shows that it did, destroying sends the signal once more. "+
				"To accept the signal as delivered instead, run \"terraform state rm\".", r.system.Name))
	}
}

func (r *signalResource) planCreate(after *model, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	switch {
	case after.atDestroy():
		// The provider cannot see a taint: Terraform plans a replacement like a
		// creation.
		resp.Diagnostics.AddAttributeWarning(path.Root("when"), "Signal Is Sent at Destroy",
			"The signal is sent when this resource is destroyed, and not when it is created. A replacement destroys the existing resource: "+
				"if this plan replaces one that was last applied with when = \"destroy\", because of a taint, -replace or replace_triggered_by, then applying it sends the signal of the existing resource, as last applied.")
		r.planNotSent(resp)
	default:
		// The engine does not tell which resource is tainted.
		candidates := r.sender.destroySignals.replaced(r.system.Name, req.Config.Raw)
		if len(candidates) == 0 {
			break
		}
		resp.Diagnostics.AddAttributeWarning(path.Root("when"), "Signal Is Sent at Destroy",
			fmt.Sprintf("The state has a signal_%[1]s that was last applied with when = \"destroy\", with the id %[2]s. If this plan replaces it, because of a taint, "+
				"applying it sends two signals: the signal of the existing resource, as last applied, when that is destroyed, and the signal of the new resource, when that is created. "+
				"To send only one, run \"terraform untaint\" on the existing resource before. Then the change of when sends nothing.\n\n"+
				"If this plan only creates a resource, it does not concern the existing one: Terraform does not tell the provider which of the two it plans.", r.system.Name, strings.Join(candidates, " or ")))
	}
	r.system.planRegion(req, resp)
	r.planNoStatus(after, after.atDestroy(), resp)
}

func (r *signalResource) planUpdate(ctx context.Context, before, after *model, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if after.When.IsUnknown() {
		resp.Diagnostics.AddAttributeError(path.Root("when"), "When Is Not Known",
			"The argument when decides whether this signal is still to be sent, so for an existing resource its value must be known at plan. First apply what it depends on.")
		return
	}
	changed, unknown := r.changed(before, after, req, &resp.Diagnostics)
	change := transition{before.sentWhen(), after.sentWhen(), !before.Delivery.IsNull(), len(changed) > 0}
	made := change.decide()
	// otherwise is the decision if the unknown values turn out to be the same.
	change.changed = len(changed) > len(unknown)
	otherwise := change.decide()
	if made == replace {
		for _, name := range changed {
			resp.RequiresReplace.Append(path.Root(name))
		}
		r.warnUnknown(unknown, resp)
	}
	if summary, detail := made.warning(); summary != "" {
		if made != otherwise {
			detail = fmt.Sprintf("The value of %s is not known before the apply. If it turns out to be the same, this warning does not apply, and the state keeps its signal.\n\n", strings.Join(unknown, ", ")) + detail
		}
		resp.Diagnostics.AddAttributeWarning(path.Root("when"), summary, detail)
	}
	plan := resp.Plan.Raw
	r.planDecision(ctx, made, before, after, req, resp)
	if made != replace && made != otherwise {
		// Terraform plans again when the values are known, and refuses a plan that differs
		// from a value that is known now.
		first := resp.Plan.Raw
		resp.Plan.Raw = plan
		r.planDecision(ctx, otherwise, before, after, req, resp)
		resp.Plan.Raw = commonValues(first, resp.Plan.Raw, &resp.Diagnostics)
	}
}

// planDecision plans the values of computed attributes.
func (r *signalResource) planDecision(ctx context.Context, made decision, before, after *model, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	switch {
	case made == awaitDestroy:
		r.planToFind(ctx, req, resp)
	case made.leavesNoneSent():
		r.planUnsent(req, resp)
	}
	r.system.planRegion(req, resp)
	if r.system.Wait == nil {
		return
	}
	if !made.leavesNoneSent() && (after.WaitForCompletion.IsUnknown() || r.waitsOn(ctx, before, after, req, resp)) {
		replan(resp, tftypes.UnknownValue, "target_status", "target_succeeded")
		return
	}
	r.planNoStatus(after, made.leavesNoneSent(), resp)
}

// warnUnknown warns about changed arguments whose values are unknown and may
// turn out to be the same.
func (r *signalResource) warnUnknown(unknown []string, resp *resource.ModifyPlanResponse) {
	adopt := ""
	if r.system.Adopts {
		adopt = " With adopt_existing = true the signal is not sent again if the service still shows it."
	}
	for _, name := range unknown {
		resp.Diagnostics.AddAttributeWarning(path.Root(name), "Signal Is Sent Again",
			fmt.Sprintf("The value of %s is not known before the apply, so it counts as changed: the signal is sent again even if the value turns out to be the same. "+
				"To plan with the value, first apply what it depends on, with -target.%s", name, adopt))
	}
}

// planRegion sets the region of the provider block in the plan. If there is
// none, it checks the region of the environment or a profile.
func (s system) planRegion(req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if s.Cloud == nil {
		return
	}
	configured, planned := attributeValues(req.Config.Raw, &resp.Diagnostics), attributeValues(resp.Plan.Raw, &resp.Diagnostics)
	if !configured["region"].IsNull() || planned["region"].IsKnown() {
		return
	}
	if region := s.Cloud.BlockRegion(); region != "" {
		replan(resp, region, "region")
		return
	}
	s.checkRegion(&resp.Diagnostics)
}

// checkRegion reports an error if the region of the environment or a profile is
// malformed, as the validator does for the argument.
func (s system) checkRegion(diags *diag.Diagnostics) {
	if err := s.Cloud.CheckRegion(); err != nil {
		diags.AddAttributeError(path.Root("region"), "Invalid Region", fmt.Sprintf("The region is malformed: %s. Correct it there, or set region here or in the provider's block.", err))
	}
}

// waitsOn reports whether an update must go on waiting. That is so if the end
// of the target's run is not known. It is also so if the run has failed, only a
// refresh has seen that, and on_wait_failure is "error".
func (r *signalResource) waitsOn(ctx context.Context, before, after *model, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) bool {
	if !after.WaitForCompletion.ValueBool() || after.atDestroy() || before.Delivery.IsNull() {
		return false
	}
	if !r.system.final(before.Arguments, before.TargetStatus) {
		return true
	}
	accepted, diags := req.Private.GetKey(ctx, failureReported)
	resp.Diagnostics.Append(diags...)
	failed := !before.TargetSucceeded.IsNull() && !before.TargetSucceeded.ValueBool()
	return failed && after.OnWaitFailure.ValueString() != onWaitFailureRecord && string(accepted) != "true"
}

// planNoStatus plans the target's status as null if the resource does not wait.
func (r *signalResource) planNoStatus(after *model, unsent bool, resp *resource.ModifyPlanResponse) {
	on := after.WaitForCompletion
	waits := !unsent && !after.atDestroy() && (on.ValueBool() || on.IsUnknown())
	if r.system.Wait == nil || waits || after.TargetStatus.IsNull() && after.TargetSucceeded.IsNull() {
		return
	}
	replan(resp, nil, "target_status", "target_succeeded")
}

// planNotSent plans the results of a signal that is not sent yet as null. It
// leaves out results that are arguments of the system, such as a request id
// that the user sets.
func (r *signalResource) planNotSent(resp *resource.ModifyPlanResponse) {
	results := slices.DeleteFunc([]string{"sent_at", "request_id", "delivery"}, func(name string) bool { return r.system.Arguments[name] != nil })
	replan(resp, nil, results...)
}

// planUnsent plans the results as null and generated arguments, such as ids, as
// unknown, because the next signal gets new ones.
func (r *signalResource) planUnsent(req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	r.planNotSent(resp)
	configured := attributeValues(req.Config.Raw, &resp.Diagnostics)
	for name, attribute := range r.system.Arguments {
		if attribute.IsComputed() && configured[name].IsNull() {
			replan(resp, tftypes.UnknownValue, name)
		}
	}
}

// planToFind plans the arguments that only a request can fill in as null, unless they are
// configured. The state of a signal that is not sent yet has them only if an earlier
// configuration had them, and they may identify another target.
func (r *signalResource) planToFind(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	configured := attributeValues(req.Config.Raw, &resp.Diagnostics)
	replan(resp, nil, slices.DeleteFunc(r.system.requested(ctx), func(name string) bool { return !configured[name].IsNull() })...)
}

// changed returns the changed arguments that make another signal. unknown has those of them
// whose values are unknown and may turn out to be the same.
func (r *signalResource) changed(before, after *model, req resource.ModifyPlanRequest, diags *diag.Diagnostics) (changed, unknown []string) {
	configured, sent := attributeValues(req.Config.Raw, diags), attributeValues(req.State.Raw, diags)
	for name, attribute := range r.system.Arguments {
		switch {
		case attribute.IsWriteOnly() || r.system.OnlyTriggersResend:
		case r.system.Naming.onlyFinds(name, configured, sent):
		case attribute.IsComputed() && configured[name].IsNull():
		case !configured[name].Equal(sent[name]):
			changed = append(changed, name)
		}
	}
	slices.Sort(changed) // The iteration order of a map is random.
	if !SameTriggers(before.Triggers, after.Triggers) {
		changed = append(changed, "triggers")
	}
	for _, name := range changed {
		if !configured[name].IsFullyKnown() {
			unknown = append(unknown, name)
		}
	}
	return changed, unknown
}

// onlyFinds reports whether a change of an argument does not change the signal.
// That is so for a filter. It is also so if the name was replaced with the id
// that the state has. If the id is unknown, only the id counts as changed.
func (n *Naming) onlyFinds(name string, configured, sent map[string]tftypes.Value) bool {
	if n == nil {
		return false
	}
	id := configured[n.ID]
	named := name == n.Name || slices.Contains(n.Besides, name)
	return slices.Contains(n.Filters, name) || named && configured[name].IsNull() && !id.IsNull() && (!id.IsKnown() || id.Equal(sent[n.ID]))
}

// pending reports whether the signal was sent and the resource waits for an end
// of the target's run that is not known yet.
func (r *signalResource) pending(data *model) bool {
	return data.WaitForCompletion.ValueBool() && !data.atDestroy() && !data.Delivery.IsNull() && !r.system.final(data.Arguments, data.TargetStatus)
}

// final reports whether a status is the last one of a target with these arguments.
func (s system) final(arguments any, status types.String) bool {
	return !status.IsNull() && s.Final(&arguments, status.ValueString())
}

// SameTriggers compares two values of triggers. null and an empty map are
// equal.
func SameTriggers(a, b attr.Value) bool {
	empty := func(v attr.Value) bool {
		m, ok := v.(types.Map)
		return v.IsNull() || ok && !v.IsUnknown() && len(m.Elements()) == 0
	}
	return a.Equal(b) || empty(a) && empty(b)
}
