package signal

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/action"
	actionschema "github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// longestInvocation limits the timeout of an action, so that no action can
// block an apply for ever.
const longestInvocation = 24 * time.Hour

// progressEvery is the shortest time between two reports of the same status.
const progressEvery = 15 * time.Second

var (
	_ action.ActionWithModifyPlan     = (*signalAction)(nil)
	_ action.ActionWithValidateConfig = (*signalAction)(nil)
)

// NewAction returns the action that sends the system's signal. It is the
// resource without a state. It reads its configuration as a configuration of
// the resource in which everything is null that an action does not have. So
// arguments, checks and sending are the same. Use it if an argument of the action is
// secret. NewFactories makes all other actions.
func NewAction[A any](system System[A], sender *Sender) action.Action {
	return &signalAction{signalResource{system: system.untyped(), sender: sender}}
}

type signalAction struct{ resource signalResource }

func (a *signalAction) Metadata(_ context.Context, req action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + a.resource.system.Name
}

func (a *signalAction) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = actionschema.Schema{
		MarkdownDescription: a.resource.system.Description + "\n\nAn action is not a gate: Terraform does not wait for it, and it has no state. " +
			"If something depends on the signal, use the resource.",
		Attributes: map[string]actionschema.Attribute{
			"timeout": actionschema.StringAttribute{
				Optional: true,
				MarkdownDescription: fmt.Sprintf("How long the action may take, as a duration such as `30s` or `1h30m`, at most %.0f hours. The default is %.0f minutes.%s",
					longestInvocation.Hours(), DefaultTimeout.Minutes(), a.resource.system.timeoutText()),
				Validators: []validator.String{duration{longestInvocation}},
			},
		},
	}
	offered := a.resource.system.optionAttributes(false)
	for _, name := range []string{"when", "on_wait_failure", "target_status", "target_succeeded"} {
		delete(offered, name)
	}
	for name, attribute := range a.resource.system.actionArguments() {
		if attribute.IsRequired() || attribute.IsOptional() {
			offered[name] = attribute
		}
	}
	for name, attribute := range offered {
		resp.Schema.Attributes[name] = invoked(attribute)
	}
}

// invoked returns the action's attribute for an argument of the resource.
func invoked(attribute schema.Attribute) actionschema.Attribute {
	optional := !attribute.IsRequired()
	switch a := attribute.(type) {
	case schema.StringAttribute:
		return actionschema.StringAttribute{Required: a.Required, Optional: optional, MarkdownDescription: a.MarkdownDescription, Validators: a.Validators}
	case schema.BoolAttribute:
		return actionschema.BoolAttribute{Required: a.Required, Optional: optional, MarkdownDescription: a.MarkdownDescription, Validators: a.Validators}
	case schema.MapAttribute:
		return actionschema.MapAttribute{Required: a.Required, Optional: optional, MarkdownDescription: a.MarkdownDescription, Validators: a.Validators, ElementType: a.ElementType}
	default:
		panic(fmt.Sprintf("actions have no form of %T yet", attribute))
	}
}

func (a *signalAction) ValidateConfig(ctx context.Context, req action.ValidateConfigRequest, resp *action.ValidateConfigResponse) {
	a.check(ctx, req.Config, &resp.Diagnostics)
}

// ModifyPlan repeats the checks that need no request, because more values are
// known than at validation. Like the resource, it defers a signal that cannot be
// sent yet. With the action Terraform 1.16 defers the resource that triggers it.
// Earlier releases do not allow that.
func (a *signalAction) ModifyPlan(ctx context.Context, req action.ModifyPlanRequest, resp *action.ModifyPlanResponse) {
	data := a.check(ctx, req.Config, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	system := a.resource.system
	if system.Cloud != nil && regionOf(data.Arguments).IsNull() && system.Cloud.BlockRegion() == "" {
		system.checkRegion(&resp.Diagnostics)
	}
	if system.deferral(req.ClientCapabilities.DeferralAllowed, data.Arguments) != nil {
		resp.Deferred = &action.Deferred{Reason: action.DeferredReasonProviderConfigUnknown}
	}
}

func (a *signalAction) check(ctx context.Context, config tfsdk.Config, diags *diag.Diagnostics) *model {
	// An argument that is left out is null, as in a configuration of the resource.
	data, _ := a.read(ctx, config, nil, diags)
	if !diags.HasError() {
		diags.Append(a.resource.check(ctx, data)...)
	}
	return data
}

// Invoke sends the signal and reports progress. It reports only from its own
// goroutine, because a report blocks and must not come after the end of the
// invocation.
func (a *signalAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	data, timeout := a.read(ctx, req.Config, tftypes.UnknownValue, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := a.resource.sender.WithTimeout(ctx, timeout)
	defer cancel()
	a.resource.system.complete(ctx, data.Arguments)
	signal, err := a.resource.system.bind(ctx, data.Arguments, nil)
	if err != nil {
		resp.Diagnostics.Append(invoke.notPrepared(a.resource.system.Name, a.resource.sender.redactor.Error(err)))
		return
	}
	tell := func(format string, of ...any) {
		resp.SendProgress(action.InvokeProgressEvent{Message: fmt.Sprintf(format, of...)})
	}
	op := a.resource.operation(signal, invoke, timeout, data, req.Config.Raw, &resp.Diagnostics)
	op.progress = tell
	tell("Sending %s to %s", signal.What, signal.To)
	sent, problem := op.send(ctx)
	resp.Diagnostics.Append(op.warnings...)
	if problem != nil {
		resp.Diagnostics.Append(problem.Diagnostic)
		return
	}
	switch {
	case sent.delivery == DeliveryAdopted:
		tell("%s shows that such a signal is already there: nothing was sent", signal.Service)
	case sent.delivery == DeliveryConfirmed:
		tell("%s shows that the signal has arrived; its answer was lost", signal.Service)
	case sent.requestID != "":
		tell("%s accepted the signal (request id %s)", signal.Service, sent.requestID)
	default:
		tell("%s accepted the signal", signal.Service)
	}
	if !data.WaitForCompletion.ValueBool() {
		tell("Done, without waiting for the target's run")
		return
	}
	result := op.waitForCompletion(ctx, &data.Waiting, sent.at)
	if data.AdoptExisting.ValueBool() {
		op.texts = map[*nextStep]string{
			stillWaiting: "The service has the signal. Invoking the action again sends nothing if the service still shows it.",
			endedBadly:   "The service has the signal. Invoking the action again looks for it first. A run that has started since then may get it.",
		}
	}
	resp.Diagnostics.Append(op.waited(result, op.afterSend(sent.delivery), &data.Waiting)...)
	if result.Reached() {
		tell("Done: the target's run ended with its status %s", result.Observation.Status)
	}
}

// read converts an action's configuration to a configuration of the resource.
// computed is the value of each computed attribute that is left out.
func (a *signalAction) read(ctx context.Context, config tfsdk.Config, computed any, diags *diag.Diagnostics) (*model, time.Duration) {
	data, timeout := a.resource.model(), DefaultTimeout
	var given map[string]tftypes.Value
	if err := config.Raw.As(&given); err != nil {
		diags.AddError("Configuration Not Read", fmt.Sprintf("Reading the action's configuration failed: %s. Please report this.", err))
		return data, 0
	}
	var text types.String
	diags.Append(config.GetAttribute(ctx, path.Root("timeout"), &text)...)
	if d, err := time.ParseDuration(text.ValueString()); err == nil {
		timeout = d
	}
	whole := a.resource.schema(ctx)
	kind := whole.Type().TerraformType(ctx).(tftypes.Object)
	values := map[string]tftypes.Value{}
	for name, attribute := range kind.AttributeTypes {
		value, ok := given[name]
		if !ok {
			value = tftypes.NewValue(attribute, nil)
		}
		if of, ok := whole.Attributes[name]; ok && of.IsComputed() && value.IsNull() {
			value = tftypes.NewValue(attribute, computed)
		}
		values[name] = value
	}
	restore(ctx, tftypes.NewValue(kind, values), whole.Type(), data, diags)
	return data, timeout
}

// progress reports a target's status when it changes, and otherwise every
// progressEvery.
type progress struct {
	report func(format string, of ...any)
	status string
	last   time.Time
}

func (p *progress) saw(doing string, observation delivery.Observation, now time.Time) {
	if p.report == nil || observation.Status == p.status && now.Sub(p.last) < progressEvery {
		return
	}
	p.status, p.last = observation.Status, now
	if observation.Status == "" {
		p.report("%s: no status was seen yet", doing)
		return
	}
	p.report("%s: its status is %s", doing, observation.Status)
}
