package signal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

var (
	_ resource.ResourceWithModifyPlan     = (*signalResource)(nil)
	_ resource.ResourceWithValidateConfig = (*signalResource)(nil)
	_ resource.ResourceWithImportState    = (*signalResource)(nil)
	_ resource.ResourceWithMoveState      = (*signalResource)(nil)
)

type signalResource struct {
	system system
	sender *Sender
}

// model returns an empty model of the resource.
func (r *signalResource) model() *model {
	return &model{Arguments: r.system.arguments()}
}

func (r *signalResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + r.system.Name
}

func (r *signalResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = r.schema(ctx)
}

func (r *signalResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	r.sender.destroySignals.validates(r.system.Name, req.Config.Raw)
	data := r.model()
	if !restore(ctx, req.Config.Raw, req.Config.Schema.Type(), data, &resp.Diagnostics) {
		return
	}
	resp.Diagnostics.Append(r.check(ctx, data)...)
	r.warnUnused(data, &resp.Diagnostics)
	secrets := r.secrets(ctx, req.Config, &resp.Diagnostics)
	if !resp.Diagnostics.HasError() {
		r.warnUnversioned(req.Config.Raw, secrets, &resp.Diagnostics)
	}
	if !data.atDestroy() {
		return
	}
	for name := range secrets {
		resp.Diagnostics.AddAttributeError(path.Root(name), "Write-Only Argument at Destroy",
			fmt.Sprintf("With when = %q the signal is sent when the resource is destroyed, and Terraform passes no write-only values to a destroy. "+
				"Use the argument that is kept in the state, or send the signal when the resource is created.", whenDestroy))
	}
}

// warnUnused warns about an option that has no effect without another one.
func (r *signalResource) warnUnused(data *model, diags *diag.Diagnostics) {
	waits := data.WaitForCompletion.IsUnknown() || data.WaitForCompletion.ValueBool()
	if r.system.Wait != nil && !waits && Given(data.OnWaitFailure) {
		diags.AddAttributeWarning(path.Root("on_wait_failure"), "Option Does Nothing",
			"on_wait_failure has no effect, because the resource does not wait: set wait_for_completion = true, or remove on_wait_failure.")
	}
}

// warnUnversioned warns about write-only arguments without a version, because
// Terraform cannot see a change of them.
func (r *signalResource) warnUnversioned(config tftypes.Value, secrets Secrets, diags *diag.Diagnostics) {
	given := attributeValues(config, diags)
	for name := range secrets {
		version, has := given[name+"_version"]
		// If the argument in the state is also set, a validator refuses the
		// configuration.
		if kept := given[strings.TrimSuffix(name, "_wo")]; has && version.IsNull() && kept.IsNull() {
			diags.AddAttributeWarning(path.Root(name), "Change Goes Unnoticed",
				fmt.Sprintf("Terraform does not store %[1]s, so it does not notice when the value changes. Set %[1]s_version, and change it with each new value.", name))
		}
	}
}

func (r *signalResource) check(ctx context.Context, data *model) (diags diag.Diagnostics) {
	if r.system.Check != nil {
		diags = r.system.Check(ctx, &data.Arguments, data.WaitUntilReady.ValueBool() || data.WaitForCompletion.ValueBool())
	}
	if r.system.AdoptsNothing == nil || !data.AdoptExisting.ValueBool() {
		return diags
	}
	if why := r.system.AdoptsNothing(&data.Arguments, data.When.IsUnknown() || data.atDestroy()); why != "" {
		diags.AddAttributeError(path.Root("adopt_existing"), "Signal Cannot Be Adopted",
			"adopt_existing = true looks for the signal before it sends one, and could never find it. "+why)
	}
	return diags
}

// Create sends the signal, unless it is to be sent at destroy. Before it sends, it
// puts the state into the response, as a signal whose outcome is unknown. So an error
// in encoding the state comes before anything was sent. If the service clearly refuses
// the signal, Create removes the state from the response.
func (r *signalResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	data := r.model()
	if !restore(ctx, req.Plan.Raw, req.Plan.Schema.Type(), data, &resp.Diagnostics) {
		return
	}
	timeout, diags := data.Timeouts.Create(ctx, DefaultTimeout)
	secrets := r.secrets(ctx, req.Config, &diags)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := r.sender.WithTimeout(ctx, timeout)
	defer cancel()
	r.system.complete(ctx, data.Arguments)
	data.ID = types.StringValue(uuid.NewString())
	if data.atDestroy() {
		record(ctx, &resp.State, data, &resp.Diagnostics)
		return
	}
	signal, err := r.system.bind(ctx, data.Arguments, secrets)
	if err != nil {
		resp.Diagnostics.Append(create.notPrepared(r.system.Name, r.sender.redactor.Error(err)))
		return
	}
	data.Delivery = types.StringValue(DeliveryUnknown)
	if record(ctx, &resp.State, data, &resp.Diagnostics); resp.Diagnostics.HasError() {
		resp.State.RemoveResource(ctx)
		return
	}

	op := r.operation(signal, create, timeout, data, req.Config.Raw, &resp.Diagnostics)
	sent, problem := op.send(ctx)
	resp.Diagnostics.Append(op.warnings...)
	data.sent(sent)
	if sent.delivery == "" {
		resp.State.RemoveResource(ctx)
	} else {
		record(ctx, &resp.State, data, &resp.Diagnostics)
	}
	if problem != nil {
		resp.Diagnostics.Append(problem.Diagnostic)
		return
	}
	if !data.WaitForCompletion.ValueBool() {
		return
	}
	result, found := finish(ctx, op, data, &resp.State)
	resp.Diagnostics.Append(found...)
	if found.HasError() && result.Observation.State == delivery.Missed {
		resp.Diagnostics.Append(resp.Private.SetKey(ctx, failureReported, []byte("true"))...)
	}
}

// Read makes no request, except for the status of a target if the resource
// waits for the end of its run. It keeps a sent signal in the state, even if
// the target no longer exists.
func (r *signalResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	values := attributeValues(req.State.Raw, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	r.sender.destroySignals.refreshed(r.system.Name, values)
	if !waitsForCompletion(values) {
		return
	}
	data := r.model()
	if !restore(ctx, req.State.Raw, req.State.Schema.Type(), data, &resp.Diagnostics) || !r.pending(data) {
		return
	}
	if resp.Deferred = r.system.deferral(req.ClientCapabilities.DeferralAllowed, data.Arguments); resp.Deferred != nil {
		return
	}
	signal, err := r.bindCopy(ctx, req.State.Raw, req.State.Schema.Type(), nil, &resp.Diagnostics)
	if err != nil {
		resp.Diagnostics.Append(notPreparedAtRefresh(r.system.Name, r.sender.redactor.Error(err), signalKept))
		return
	}
	op := signalOperation{Sender: r.sender, Signal: signal, redactor: r.redactor(req.State.Raw, &resp.Diagnostics)}
	observation, attempt := op.readEnd(ctx, data.sentTime())
	if attempt.Outcome != delivery.Accepted {
		resp.Diagnostics.Append(op.notRead(attempt, signalKept))
		return
	}
	data.note(observation)
	record(ctx, &resp.State, data, &resp.Diagnostics)
}

// Update records options, and goes on waiting if the plan says so. It sends
// nothing, because a change that makes another signal replaces the resource.
func (r *signalResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	data := r.model()
	restore(ctx, req.Plan.Raw, req.Plan.Schema.Type(), data, &resp.Diagnostics)
	timeout, diags := data.Timeouts.Update(ctx, DefaultTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := r.sender.WithTimeout(ctx, timeout)
	defer cancel()
	r.system.complete(ctx, data.Arguments)
	anew, on := data.TargetStatus.IsUnknown(), data.WaitForCompletion.ValueBool()
	// If the resource begins to wait again, or stops waiting, a failure that an
	// untaint has accepted no longer counts as accepted.
	if anew || !on {
		resp.Diagnostics.Append(resp.Private.SetKey(ctx, failureReported, []byte("false"))...)
	}
	if !anew || !on {
		record(ctx, &resp.State, data, &resp.Diagnostics)
		return
	}
	var before types.String
	resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("target_status"), &before)...)
	data.TargetStatus, data.TargetSucceeded = before, types.BoolValue(false)
	record(ctx, &resp.State, data, &resp.Diagnostics)
	signal, err := r.bindCopy(ctx, req.Plan.Raw, req.Plan.Schema.Type(), r.secrets(ctx, req.Config, &resp.Diagnostics), &resp.Diagnostics)
	if err != nil {
		resp.Diagnostics.Append(update.notPrepared(r.system.Name, r.sender.redactor.Error(err)))
		return
	}
	op := r.operation(signal, update, timeout, data, req.Config.Raw, &resp.Diagnostics)
	_, found := finish(ctx, op, data, &resp.State)
	resp.Diagnostics.Append(found...)
}

// Delete sends a signal with when = "destroy". Any other signal cannot be taken
// back, so Delete only removes it from the state.
func (r *signalResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	data := r.model()
	if !restore(ctx, req.State.Raw, req.State.Schema.Type(), data, &resp.Diagnostics) {
		return
	}
	if !data.atDestroy() {
		r.sender.matcher.Release(data.ID.ValueString())
		return
	}
	timeout, diags := data.Timeouts.Delete(ctx, DefaultTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := r.sender.WithTimeout(ctx, timeout)
	defer cancel()
	signal, err := r.system.bind(ctx, data.Arguments, nil)
	if err != nil {
		resp.Diagnostics.Append(destroy.notPrepared(r.system.Name, r.sender.redactor.Error(err)))
		return
	}
	op := r.operation(signal, destroy, timeout, data, req.State.Raw, &resp.Diagnostics)
	// If an earlier destroy has delivered the signal, only the wait is left to do.
	before := data.Delivery.ValueString()
	if before == "" || before == DeliveryUnknown {
		sent, problem := op.sendAgain(ctx, data.sentTime(), loadLostSend(ctx, req.Private, &resp.Diagnostics))
		resp.Diagnostics.Append(op.warnings...)
		if sent.delivery == DeliveryUnknown {
			resp.Diagnostics.Append(storeLostSend(ctx, resp.Private, op.forLaterDestroy(sent))...)
		}
		if sent.delivery != "" {
			data.sent(sent)
			record(ctx, &resp.State, data, &resp.Diagnostics)
		}
		if problem != nil && problem.gone != "" {
			resp.Diagnostics.Append(targetGone(problem, before))
			return
		}
		if problem != nil {
			resp.Diagnostics.Append(problem.Diagnostic)
			return
		}
	}
	if !data.WaitForCompletion.ValueBool() {
		return
	}
	_, found := finish(ctx, op, data, &resp.State)
	resp.Diagnostics.Append(found...)
}

// bindCopy prepares the signal with a copy of the arguments. Bind fills in arguments, and
// neither a refresh nor an update may change them in the state.
func (r *signalResource) bindCopy(ctx context.Context, raw tftypes.Value, kind attr.Type, secrets Secrets, diags *diag.Diagnostics) (Signal, error) {
	data := r.model()
	if !restore(ctx, raw, kind, data, diags) {
		return Signal{}, errors.New("the resource could not be decoded")
	}
	return r.system.bind(ctx, data.Arguments, secrets)
}

// operation returns what sends the signal in one operation. raw is what Terraform has of the
// resource, with its secrets.
func (r *signalResource) operation(signal Signal, p phase, timeout time.Duration, data *model, raw tftypes.Value, diags *diag.Diagnostics) signalOperation {
	return signalOperation{
		Sender: r.sender, Signal: signal, system: r.system, id: data.ID.ValueString(), phase: p, timeout: timeout,
		options: data.Options, redactor: r.redactor(raw, diags),
	}
}

// finish waits for the end of the target's run, writes the result into the
// state, and only then returns diagnostics.
func finish(ctx context.Context, op signalOperation, data *model, state *tfsdk.State) (delivery.WaitResult, diag.Diagnostics) {
	var diags diag.Diagnostics
	result := op.waitForCompletion(ctx, &data.Waiting, data.sentTime())
	record(ctx, state, data, &diags)
	diags.Append(op.waited(result, op.afterSend(data.Delivery.ValueString()), &data.Waiting)...)
	return result, diags
}

// ImportState returns an error, because no service has a request that reads one
// signal by an id.
func (r *signalResource) ImportState(_ context.Context, _ resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	resp.Diagnostics.AddError("Signals Cannot Be Imported",
		fmt.Sprintf("A signal_%s cannot be imported, because no service has a request that reads one signal by an id. %s", r.system.Name, r.sentBefore()))
}

// sentBefore says how to get a resource for a signal that was sent before.
func (r *signalResource) sentBefore() string {
	if r.system.Adopts {
		return "To have a resource for a signal that was sent by other means, create it with adopt_existing = true: if the service still shows such a signal, none is sent."
	}
	return "To have a resource for a signal that was sent by other means, create it with when = \"destroy\" and then remove when: neither step sends anything."
}

// secrets reads the write-only arguments. Only the configuration has them.
func (r *signalResource) secrets(ctx context.Context, config tfsdk.Config, diags *diag.Diagnostics) Secrets {
	secrets := Secrets{}
	for name, attribute := range r.system.Arguments {
		if !attribute.IsWriteOnly() {
			continue
		}
		var secret types.String
		diags.Append(config.GetAttribute(ctx, path.Root(name), &secret)...)
		if Given(secret) {
			secrets[name] = secret.ValueString()
		}
	}
	return secrets
}

// MoveState returns an error for each move from another type, because the state
// of another type does not tell whether the signal was sent.
func (r *signalResource) MoveState(context.Context) []resource.StateMover {
	return []resource.StateMover{RefuseMove(r.system.Name, "its state does not tell whether the signal was sent", "create the signal_"+r.system.Name+". That sends the signal. "+r.sentBefore())}
}

// RefuseMove refuses each move to the resource signal_<name>. why says why, and
// instead what the user can do instead, after the old resource is removed.
func RefuseMove(name, why, instead string) resource.StateMover {
	return resource.StateMover{StateMover: func(_ context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
		if req.SourceTypeName == "signal_"+name {
			resp.Diagnostics.AddError("Unable to Move Resource State",
				fmt.Sprintf("The state has this %s with the provider address %s. To use this provider for it, run \"terraform state replace-provider\" with the old and the new address. "+
					"A moved block is not for that.", req.SourceTypeName, req.SourceProviderAddress))
			return
		}
		resp.Diagnostics.AddError("Unable to Move Resource State",
			fmt.Sprintf("A %s of the provider %s cannot become a signal_%s: %s.\n\n"+
				"Remove the moved block. For the old resource, add a removed block with lifecycle { destroy = false }. Then %s", req.SourceTypeName, req.SourceProviderAddress, name, why, instead))
	}}
}

// redactor returns the sender's redactor with the values of the system's
// sensitive arguments in a configuration or state, because a service may repeat
// them in its messages. If a value is JSON, a service may repeat a single text in it.
func (r *signalResource) redactor(raw tftypes.Value, diags *diag.Diagnostics) *delivery.Redactor {
	values, secrets := attributeValues(raw, diags), []string{}
	for name, attribute := range r.system.Arguments {
		var text string
		if attribute.IsSensitive() && values[name].IsKnown() && values[name].As(&text) == nil {
			var value any
			_ = json.Unmarshal([]byte(text), &value)
			secrets = append(append(secrets, text), delivery.JSONTexts(value)...)
		}
	}
	return r.sender.redactor.With(secrets...)
}
