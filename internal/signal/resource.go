package signal

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// NewResource returns the resource that sends the room's signal with the
// policy's patience. S is the resource's data: a struct that embeds State and A.
func NewResource[S, A any, M Model[S, A]](room Room[A], policy delivery.Policy) resource.Resource {
	return &signalResource[S, A, M]{room: room, policy: policy}
}

type signalResource[S, A any, M Model[S, A]] struct {
	room   Room[A]
	policy delivery.Policy
}

func (r *signalResource[S, A, M]) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + r.room.Name
}

func (r *signalResource[S, A, M]) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = r.schema(ctx)
}

func (r *signalResource[S, A, M]) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	data := M(new(S))
	resp.Diagnostics.Append(req.Config.Get(ctx, data)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(checkTimeouts(data.Common().Timeouts)...)
	if r.room.Check != nil {
		resp.Diagnostics.Append(r.room.Check(ctx, data.Own())...)
	}
}

// ModifyPlan has the resource replaced, and so the signal sent again, when the
// plan holds another signal than the one that was sent. Nothing else replaces it.
func (r *signalResource[S, A, M]) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.State.Raw.IsNull() || req.Plan.Raw.IsNull() {
		return
	}
	for name, attribute := range r.room.Arguments {
		if attribute.IsWriteOnly() || r.room.OnlyTriggersResend {
			continue
		}
		at := path.Root(name)
		configured, sent := value(ctx, req.Config, at, &resp.Diagnostics), value(ctx, req.State, at, &resp.Diagnostics)
		if attribute.IsComputed() && configured.IsNull() {
			continue
		}
		if !configured.Equal(sent) {
			resp.RequiresReplace.Append(at)
		}
	}
	at := path.Root("triggers")
	if !sameTriggers(value(ctx, req.Config, at, &resp.Diagnostics), value(ctx, req.State, at, &resp.Diagnostics)) {
		resp.RequiresReplace.Append(at)
	}
}

// Create sends the signal. The state is written before the send, as a signal
// whose outcome is unknown, so that whatever could keep it from being written
// shows while there is nothing to lose; a clear refusal takes it back.
func (r *signalResource[S, A, M]) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	data := M(new(S))
	resp.Diagnostics.Append(req.Plan.Get(ctx, data)...)
	if resp.Diagnostics.HasError() {
		return
	}
	common := data.Common()
	timeout, diags := common.Timeouts.Create(ctx, defaultTimeout)
	secrets := r.secrets(ctx, req.Config, &diags)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	sending, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	signal, err := r.room.Bind(sending, data.Own(), secrets)
	if err != nil {
		resp.Diagnostics.Append(notBound(r.room.Name, err))
		return
	}
	record := func(known string, sentAt time.Time, requestID string) {
		common.Delivery = types.StringValue(known)
		common.SentAt = types.StringValue(sentAt.UTC().Format(time.RFC3339))
		common.RequestID = types.StringNull()
		if requestID != "" {
			common.RequestID = types.StringValue(requestID)
		}
		resp.Diagnostics.Append(resp.State.Set(ctx, data)...)
	}
	common.ID = types.StringValue(uuid.NewString())
	record(Unknown, time.Time{}, "")
	if resp.Diagnostics.HasError() {
		resp.State.RemoveResource(ctx)
		return
	}

	result := r.policy.Deliver(sending, signal, logAttempts(ctx, signal))
	switch result.Outcome {
	case delivery.Accepted:
		record(Sent, result.SentAt, result.RequestID)
	case delivery.Unknown:
		record(Unknown, result.SentAt, result.RequestID)
	default:
		resp.State.RemoveResource(ctx)
	}
	if result.Outcome != delivery.Accepted {
		resp.Diagnostics.Append(signal.failure(result, timeout))
	}
}

// Read asks nothing: a sent signal stays sent, whatever became of its target.
func (r *signalResource[S, A, M]) Read(context.Context, resource.ReadRequest, *resource.ReadResponse) {
}

// Update records options; what would make another signal replaces the resource instead.
func (r *signalResource[S, A, M]) Update(_ context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	resp.State.Raw = req.Plan.Raw
}

// Delete sends nothing: a signal cannot be taken back.
func (r *signalResource[S, A, M]) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {
}

// ImportState refuses: nothing in the services identifies a signal that was sent.
func (r *signalResource[S, A, M]) ImportState(_ context.Context, _ resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	resp.Diagnostics.AddError("Signals Cannot Be Imported",
		fmt.Sprintf("A signal_%s is the sending of a signal, which no service can give back: there is nothing to import. "+
			"To put a signal that was sent by other means under Terraform, leave the resource out.", r.room.Name))
}

// secrets reads the write-only arguments, which only the configuration holds.
func (r *signalResource[S, A, M]) secrets(ctx context.Context, config tfsdk.Config, diags *diag.Diagnostics) Secrets {
	secrets := Secrets{}
	for name, attribute := range r.room.Arguments {
		if !attribute.IsWriteOnly() {
			continue
		}
		var secret types.String
		diags.Append(config.GetAttribute(ctx, path.Root(name), &secret)...)
		if !secret.IsNull() {
			secrets[name] = secret.ValueString()
		}
	}
	return secrets
}

// value reads one attribute of a configuration or state.
func value(ctx context.Context, from interface {
	GetAttribute(context.Context, path.Path, any) diag.Diagnostics
}, at path.Path, diags *diag.Diagnostics) attr.Value {
	var v attr.Value
	diags.Append(from.GetAttribute(ctx, at, &v)...)
	return v
}

// sameTriggers compares triggers; none at all and an empty map both say nothing.
func sameTriggers(a, b attr.Value) bool {
	empty := func(v attr.Value) bool {
		m, ok := v.(types.Map)
		return v.IsNull() || ok && !v.IsUnknown() && len(m.Elements()) == 0
	}
	return a.Equal(b) || empty(a) && empty(b)
}

func logAttempts(ctx context.Context, signal Signal) func(delivery.Attempt, time.Duration) {
	return func(attempt delivery.Attempt, pause time.Duration) {
		tflog.Info(ctx, "signal not accepted yet, trying again", map[string]any{
			"signal": signal.What, "target": signal.To, "error": attempt.Err.Error(), "pause": pause.String(),
		})
	}
}
