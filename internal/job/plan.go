package job

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// ModifyPlan decides what an update does, and plans what it may change as
// unknown. Any update of a job may rotate its URL and access token. A requested
// rotation may also create another job.
func (r *jobResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var before jobModel
	p := privateState{}
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.Get(ctx, &before)...)
		p = readPrivateState(ctx, req.Private, before, &resp.Diagnostics)
		resp.Diagnostics.Append(newWork(r.client, r.sender, "read", 0).positionWarning(p.Situation, req.Plan.Raw.IsNull())...)
	}
	if req.Plan.Raw.IsNull() || resp.Diagnostics.HasError() {
		return
	}
	var config, after jobModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &after)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if req.ClientCapabilities.DeferralAllowed && r.client.Unknown != "" {
		resp.Deferred = &resource.Deferred{Reason: resource.DeferredReasonProviderConfigUnknown}
	}
	if req.State.Raw.IsNull() {
		after.PredecessorID = types.StringNull()
		after.withhold()
		resp.Diagnostics.Append(resp.Plan.Set(ctx, &after)...)
		return
	}
	whole := p.covers(before, after)
	p.settle(&after, config, before, whole)
	d := decide(before, after, p)
	if signal.Given(before.Active) && !before.Active.ValueBool() && d.rotate && p.lastPosition() != candidatesLeft {
		resp.Diagnostics.AddAttributeWarning(path.Root("active"), "Inactive Job To Be Rotated",
			fmt.Sprintf("Cloud Automator job %s is not active. If the service does not rotate a job when it is changed, the rotation needs a new job, which would be active. In that case the apply fails. "+
				"Activate the job, or replace it if it may be run again.", before.ID.ValueString()))
	}
	if p.Reads > 1 && !signal.SameTriggers(before.RotationTriggers, after.RotationTriggers) {
		resp.Diagnostics.AddAttributeWarning(path.Root("rotation_triggers"), "Triggers Recorded without a Rotation",
			fmt.Sprintf("This is the first update of Cloud Automator job %s since its import or move. It records rotation_triggers, and does not rotate the URL and the access token. "+
				"To rotate them, change rotation_triggers in another apply after this one.", before.ID.ValueString()))
	}
	after.takeFrom(before)
	if after.StoreCredentials.IsUnknown() {
		after.URL, after.AccessToken = types.StringUnknown(), types.StringUnknown()
	}
	switch {
	case d.moves:
		after.ID, after.TimeZone, after.CreatedAt = types.StringUnknown(), types.StringUnknown(), types.StringUnknown()
		fallthrough
	case d.change, d.read, d.run:
		// The update reads the job and records it as it is then. It may have changed
		// since the refresh.
		after.RotatedAt, after.Active, after.UpdatedAt = types.StringUnknown(), types.BoolUnknown(), types.StringUnknown()
		after.URL, after.AccessToken = types.StringUnknown(), types.StringUnknown()
		after.withhold()
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, &after)...)
	if whole && !resp.Plan.Raw.Equal(req.State.Raw) {
		// The update records something, so it also records the value that the user
		// has set.
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("action_value"), config.ActionValue)...)
	}
}

// notAsked warns that the plan made no request because the provider's
// configuration is not known yet.
func notAsked(argument, state string) diag.Diagnostic {
	return diag.NewWarningDiagnostic("Job Not Read",
		fmt.Sprintf("The provider's %s is not known before the apply: %s. To plan with current values of the service, first apply what it depends on.", argument, state))
}

// withhold removes the URL and the access token if they are not to be stored.
func (m *jobModel) withhold() {
	if !m.StoreCredentials.IsUnknown() && !m.stores() {
		m.URL, m.AccessToken = types.StringNull(), types.StringNull()
	}
}

// settle plans the settings that are no change. An argument that is not set, and that the
// service fills in, keeps what the service shows, unless it was set before. A value that the
// state has in another form stays as it is there.
func (p privateState) settle(after *jobModel, config, before jobModel, whole bool) {
	configured, theirs := config.settings(), before.settings()
	for i, one := range after.settings() {
		was := theirs[i]
		if one.fills && configured[i].value.IsNull() {
			one.value = was.value
			if one.cleared != nil && !p.leftToService(one.name) && was.plain() != "" {
				one.value = one.cleared
			}
		}
		if signal.Given(one.value) && !was.value.IsNull() && (one.name == "action_value" && (whole || one.same(was)) || p.differOnlyInForm(one, was)) {
			one.value = was.value
		}
		one.set(one.value)
	}
}
