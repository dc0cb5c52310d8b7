package signal

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// Wait describes the resource that waits for a system's targets and sends
// nothing.
type Wait[A any] struct {
	// Ended and Ready say what the values of until mean, after "until". More follows them in
	// the documentation, in Markdown.
	Ended, Ready, More string
	// Target has the names of the System's Arguments that identify the target. All of
	// them except the region are strings. In this order, they form the resource's id.
	// The arguments after the last required one may be left out.
	Target []string
	// Arguments are the arguments of Target whose attribute differs in a wait, such
	// as one that a signal would search for.
	Arguments map[string]schema.Attribute
	// Outputs is the attribute for the outputs of a run; nil if they cannot be read.
	Outputs schema.Attribute
	// Bind prepares the reads of the target. The region is known. A computed argument whose
	// value is not known yet is null. The probes Completion and Ready set in arguments what
	// they find out about the target.
	Bind func(ctx context.Context, arguments *A) (Watched, error)
}

func (w *Wait[A]) description() string {
	return "Waits until " + w.Ended + ", or until " + w.Ready + ". It sends nothing." + w.More
}

// Watched is a target to wait for. Its Signal has no Request. Ready is reached if the target
// waits for a signal.
type Watched struct {
	Signal
	// Outputs returns the outputs of the run from the last reading of Completion; nil
	// if they cannot be read.
	Outputs func() attr.Value
	// Resume is called, before the first read, with the status in which an earlier wait
	// saw the target; nil if the system does not need it.
	Resume func(status string)
	// Forgets says why a replacement of the wait may not find the target that the wait
	// has seen; empty if it finds the same target.
	Forgets string
}

// The values of the until argument.
const (
	untilTargetEnded = "ended"
	untilTargetReady = "ready"
)

var (
	_ resource.ResourceWithModifyPlan  = (*waitResource)(nil)
	_ resource.ResourceWithImportState = (*waitResource)(nil)
	_ resource.ResourceWithMoveState   = (*waitResource)(nil)
)

// waitResource waits for a target of the system.
type waitResource struct {
	system system
	sender *Sender
}

// waitModel is a wait's data.
type waitModel struct {
	ID       types.String   `tfsdk:"id"`
	Until    types.String   `tfsdk:"until"`
	Triggers types.Map      `tfsdk:"triggers"`
	Timeouts timeouts.Value `tfsdk:"timeouts"`
	Outputs  attr.Value     `tfsdk:"outputs"`
	Waiting
	Arguments any
}

func (r *waitResource) model() *waitModel { return &waitModel{Arguments: r.system.arguments()} }

func (m *waitModel) until() string { return cmp.Or(m.Until.ValueString(), untilTargetEnded) }

// done reports whether the wait is over. If the run failed, the wait is over only with
// on_wait_failure = "record". If the service does not tell how the run ended, the wait is
// over.
func (r *waitResource) done(data *waitModel) bool {
	return data.TargetSucceeded.ValueBool() || r.final(data) && (data.OnWaitFailure.ValueString() == onWaitFailureRecord || data.TargetSucceeded.IsNull())
}

func (r *waitResource) final(data *waitModel) bool {
	return data.TargetSucceeded.ValueBool() || r.system.final(data.Arguments, data.TargetStatus)
}

func (r *waitResource) name() string { return r.system.Name + "_wait" }

func (r *waitResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + r.name()
}

func (r *waitResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		"id":       computedString("The id of the target, as an import uses it: " + r.idForm() + "."),
		"triggers": triggers("resource waits for the target again, in place."),
		"until": Optional("What to wait for: `"+untilTargetEnded+"` (default), until "+r.system.Wait.Ended+", or `"+untilTargetReady+"`, until "+r.system.Wait.Ready+". "+
			"After a change the resource waits again, in place.", stringvalidator.OneOf(untilTargetEnded, untilTargetReady)),
		"on_wait_failure": Optional("What to do if the wait fails or does not end in time: `error` (default) fails the resource, and the next apply waits again. "+
			"`record` records the resource with a warning, so that a `postcondition` can check `target_status` or `target_succeeded`.", stringvalidator.OneOf(onWaitFailureError, onWaitFailureRecord)),
		"target_status": computedString(r.system.statusDescription() + "."),
		"target_succeeded": schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the wait succeeded: the run ended successfully, or the target was ready." +
			moreIf(r.system.OwnStatus != "", " Null if the run has ended, and the service does not tell whether it was successful.")},
	}
	if r.system.Wait.Outputs != nil {
		attributes["outputs"] = r.system.Wait.Outputs
	}
	for _, name := range r.system.Wait.Target {
		attributes[name] = replacing(r.system.Arguments[name])
	}
	if r.system.Cloud != nil {
		attributes["region"] = replacing(r.system.Arguments["region"])
	}
	for name, attribute := range attributes {
		attributes[name] = keptOverUpdates(attribute)
	}
	blocks := map[string]schema.Block{
		"timeouts": Timeouts(ctx, timeouts.Opts{
			Create: true, Update: true,
			CreateDescription: TimeoutDescription("the wait may take when the resource is created"),
			UpdateDescription: TimeoutDescription("the wait may take in an update"),
		}),
	}
	resp.Schema = schema.Schema{Version: schemaVersion, MarkdownDescription: r.system.Wait.description() + behindSignals, Attributes: attributes, Blocks: blocks}
}

// behindSignals is a part of the description of every wait.
const behindSignals = "\n\nUse it after several signals, with `depends_on`. With `wait_for_completion` on each signal instead, some signals may wait for others that Terraform has not begun to send. " +
	"A wait that fails is saved as tainted, and the next apply waits again."

// replacing adds a plan modifier with which a change of the argument replaces
// the resource. That sends nothing.
func replacing(attribute schema.Attribute) schema.Attribute {
	text := attribute.(schema.StringAttribute)
	replace := stringplanmodifier.RequiresReplace()
	if text.Computed {
		replace = stringplanmodifier.RequiresReplaceIfConfigured()
	}
	text.PlanModifiers = append([]planmodifier.String{replace}, text.PlanModifiers...)
	return text
}

// idForm describes the parts of an id.
func (r *waitResource) idForm() string {
	names, needed := r.system.Wait.Target, r.needed()
	form := "`" + strings.Join(names, "/") + "`"
	if needed < len(names) {
		form = "`" + strings.Join(names[:needed], "/") + "` or " + form
	}
	return form
}

// needed returns the smallest number of parts of an id.
func (r *waitResource) needed() (needed int) {
	for i, name := range r.system.Wait.Target {
		if r.system.Arguments[name].IsRequired() {
			needed = i + 1
		}
	}
	return max(needed, 1)
}

// ModifyPlan plans an update that waits: again, if triggers or until change, or
// further, if the wait is not over.
func (r *waitResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	before, after := r.model(), r.model()
	restore(ctx, req.Plan.Raw, req.Plan.Schema.Type(), after, &resp.Diagnostics)
	if !req.State.Raw.IsNull() {
		restore(ctx, req.State.Raw, req.State.Schema.Type(), before, &resp.Diagnostics)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if !req.State.Raw.IsNull() {
		before.OnWaitFailure = after.OnWaitFailure
		if !r.done(before) || !SameTriggers(before.Triggers, after.Triggers) || after.Until.IsUnknown() || before.until() != after.until() {
			replan(resp, tftypes.UnknownValue, r.results(after)...)
		}
	}
	r.system.planRegion(req, resp)
	resp.Deferred = r.system.deferral(req.ClientCapabilities.DeferralAllowed, after.Arguments)
}

// results returns the names of the attributes that the planned wait sets. They include a
// computed argument that is still null, and then also the id, which contains it.
func (r *waitResource) results(planned *waitModel) []string {
	names := []string{"target_status", "target_succeeded"}
	if r.system.Wait.Outputs != nil {
		names = append(names, "outputs")
	}
	values := stringArguments(planned.Arguments)
	told := func(name string) bool {
		value := values[name]
		return value == nil || !value.IsNull() || !r.system.Arguments[name].IsComputed()
	}
	if !told("region") {
		names = append(names, "region")
	}
	for _, name := range r.system.Wait.Target {
		if !told(name) {
			names = append(names, name, "id")
		}
	}
	return names
}

// Create waits. If the wait fails, the resource is saved as tainted, and the
// next apply waits again.
func (r *waitResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	data := r.model()
	if !restore(ctx, req.Plan.Raw, req.Plan.Schema.Type(), data, &resp.Diagnostics) {
		return
	}
	timeout, diags := data.Timeouts.Create(ctx, DefaultTimeout)
	if resp.Diagnostics.Append(diags...); diags.HasError() {
		return
	}
	r.wait(ctx, data, "", create, timeout, &resp.State, &resp.Diagnostics)
}

// Update waits if the plan says so.
func (r *waitResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	data := r.model()
	if !restore(ctx, req.Plan.Raw, req.Plan.Schema.Type(), data, &resp.Diagnostics) {
		return
	}
	if !data.TargetStatus.IsUnknown() {
		record(ctx, &resp.State, data, &resp.Diagnostics)
		return
	}
	timeout, diags := data.Timeouts.Update(ctx, DefaultTimeout)
	if resp.Diagnostics.Append(diags...); diags.HasError() {
		return
	}
	var seen types.String
	resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("target_status"), &seen)...)
	r.wait(ctx, data, seen.ValueString(), update, timeout, &resp.State, &resp.Diagnostics)
}

// wait waits for the target, writes what it saw into the state, and only then adds
// diagnostics. seen is the status in which an earlier wait saw the target, "" if
// there is none.
func (r *waitResource) wait(ctx context.Context, data *waitModel, seen string, p phase, timeout time.Duration, state *tfsdk.State, diags *diag.Diagnostics) {
	ctx, cancel := r.sender.WithTimeout(ctx, timeout)
	defer cancel()
	op, watched, err := r.bind(ctx, data)
	if err != nil {
		diags.AddError("Wait Not Started", join(
			fmt.Sprintf("Reading the target of this signal_%s could not be prepared: %s.", r.name(), r.sender.redactor.Error(err)),
			"Applying again waits for it once this is corrected."))
		return
	}
	op.phase, op.timeout = p, timeout
	if watched.Resume != nil && seen != "" {
		watched.Resume(seen)
	}
	// Do not keep the status that an earlier wait has seen.
	data.TargetStatus = types.StringNull()
	wait := op.waitForEnd
	if data.until() == untilTargetReady {
		wait = op.wait
	}
	result := wait(ctx, r.probe(data, watched), "Waiting for the target")
	r.note(data, watched, result.Observation)
	record(ctx, state, data, diags)
	diags.Append(op.warnings...)
	again := "Applying again waits again, and sends nothing."
	if p == create && watched.Forgets != "" && result.Observation.Status != "" {
		again += " But the resource is tainted, so applying again replaces it: " + watched.Forgets + ". " +
			"To prevent that, run \"terraform untaint\" on the resource first. Then the next apply goes on with the target that is recorded."
	}
	op.texts = map[*nextStep]string{
		stillWaiting: again, endedBadly: again, waitCancelled: "", goOnUnread: "",
		goOnUnfinished: "To go on regardless, set on_wait_failure = \"record\".",
	}
	diags.Append(op.waited(result, op.withoutSend(result, data.until()), &data.Waiting)...)
}

// bind prepares the reads of the target.
func (r *waitResource) bind(ctx context.Context, data *waitModel) (signalOperation, Watched, error) {
	var watched Watched
	reading := r.system
	reading.Bind = func(ctx context.Context, arguments *any, _ Secrets) (_ Signal, err error) {
		watched, err = r.system.Wait.Bind(ctx, arguments)
		return watched.Signal, err
	}
	signal, err := reading.bind(ctx, data.Arguments, nil)
	return signalOperation{Sender: r.sender, Signal: signal, system: r.system, redactor: r.sender.redactor}, watched, err
}

func (r *waitResource) probe(data *waitModel, watched Watched) *delivery.Probe {
	if data.until() == untilTargetReady {
		return watched.Ready
	}
	return watched.Completion
}

// note records an observation of the target. The id includes a run that was found.
func (r *waitResource) note(data *waitModel, watched Watched, observation delivery.Observation) {
	data.ID = types.StringValue(r.targetID(data))
	data.note(observation)
	if watched.Outputs != nil {
		data.Outputs = watched.Outputs()
	}
}

// Read reads the status of a target if the end of its run is not known.
func (r *waitResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	data := r.model()
	if !restore(ctx, req.State.Raw, req.State.Schema.Type(), data, &resp.Diagnostics) || r.final(data) {
		return
	}
	if resp.Deferred = r.system.deferral(req.ClientCapabilities.DeferralAllowed, data.Arguments); resp.Deferred != nil {
		return
	}
	op, watched, err := r.bind(ctx, data)
	if err != nil {
		resp.Diagnostics.Append(notPreparedAtRefresh(r.name(), r.sender.redactor.Error(err), statusKept))
		return
	}
	if watched.Resume != nil && data.TargetStatus.ValueString() != "" {
		watched.Resume(data.TargetStatus.ValueString())
	}
	observation, attempt := op.readOnce(ctx, r.probe(data, watched))
	if attempt.Outcome != delivery.Accepted {
		if data.TargetStatus.IsNull() && watched.explainRead(attempt).Gone {
			// Neither an import nor an earlier wait has seen the target.
			resp.State.RemoveResource(ctx)
			return
		}
		resp.Diagnostics.Append(op.notRead(attempt, statusKept))
		return
	}
	r.note(data, watched, observation)
	record(ctx, &resp.State, data, &resp.Diagnostics)
}

// Delete does nothing: the framework removes the resource from the state.
func (r *waitResource) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}

// ImportState sets the target's arguments from the id. The refresh that follows
// reads the rest.
func (r *waitResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	names := r.system.Wait.Target
	parts := strings.Split(req.ID, "/")
	switch more := len(parts) - len(names); {
	case more > 0 && strings.HasPrefix(req.ID, "arn:"): // An ARN contains slashes.
		parts = append([]string{strings.Join(parts[:more+1], "/")}, parts[more+1:]...)
	case more > 0 && r.needed() < len(names): // The id of a run contains slashes.
		parts = append(parts[:len(names)-1:len(names)-1], strings.Join(parts[len(names)-1:], "/"))
	}
	if len(parts) < r.needed() || len(parts) > len(names) || slices.Contains(parts, "") {
		resp.Diagnostics.AddError("Invalid Import ID", fmt.Sprintf("The id of a signal_%s is %s, got: %s", r.name(), strings.ReplaceAll(r.idForm(), "`", ""), req.ID))
		return
	}
	for i, part := range parts {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(names[i]), part)...)
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), req.ID)...)
}

// MoveState returns an error for each move from another type: a new wait needs
// nothing of an old state.
func (r *waitResource) MoveState(context.Context) []resource.StateMover {
	return []resource.StateMover{RefuseMove(r.name(), "a wait needs nothing from the state of another resource", "create the signal_"+r.name()+". That only waits, and sends nothing.")}
}

// targetID returns the id of the target.
func (r *waitResource) targetID(data *waitModel) string {
	values, parts := stringArguments(data.Arguments), []string{}
	for i, name := range r.system.Wait.Target {
		if value := values[name].ValueString(); i < r.needed() || value != "" {
			parts = append(parts, value)
		}
	}
	return strings.Join(parts, "/")
}

// withoutSend returns the texts of a wait of a resource that sends nothing.
func (o signalOperation) withoutSend(result delivery.WaitResult, until string) waitTexts {
	opening, wanted, failed, late := fmt.Sprintf("Waiting for %s: ", o.To), "its run to end", "its run did not end as wanted", "its run did not end in time"
	if until == untilTargetReady {
		wanted, failed, late = "it to wait for a signal", "it does not become ready any more", "it was not ready for a signal in time"
	}
	late = opening + late + "; "
	return waitTexts{
		unreadable: opening + "reading it failed: ",
		missed:     opening + failed + "; ",
		unseen:     late,
		running:    late,
		cancelled:  opening + "the apply was cancelled while it waited for " + wanted + "; ",
		meaning:    o.notSeen(result),
	}
}
