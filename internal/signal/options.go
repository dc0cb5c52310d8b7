package signal

import (
	"maps"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// The values of the when argument.
const (
	whenApply   = "apply"
	whenDestroy = "destroy"
)

// The values of the on_wait_failure argument.
const (
	onWaitFailureError  = "error"
	onWaitFailureRecord = "record"
)

// Waiting is what resources keep whose targets can be read. A system offers it by
// embedding it in its state beside State.
type Waiting struct {
	WaitUntilReady    types.Bool   `tfsdk:"wait_until_ready"`
	WaitForCompletion types.Bool   `tfsdk:"wait_for_completion"`
	OnWaitFailure     types.String `tfsdk:"on_wait_failure"`
	TargetStatus      types.String `tfsdk:"target_status"`
	TargetSucceeded   types.Bool   `tfsdk:"target_succeeded"`
}

// Waits returns the waiting itself; embedding hands it on to the model.
func (w *Waiting) Waits() *Waiting { return w }

// Adopting is what resources keep whose services show the signals they took. A
// system offers it by embedding it in its state beside State.
type Adopting struct {
	AdoptExisting types.Bool `tfsdk:"adopt_existing"`
}

// Adopts returns the adopting itself; embedding hands it on to the model.
func (a *Adopting) Adopts() *Adopting { return a }

// Resending is what resources keep whose services may leave open whether they took
// a signal. A system offers it by embedding it in its state beside State.
type Resending struct {
	ResendOnUnknown types.Bool `tfsdk:"resend_on_unknown"`
}

// Resends returns the resending itself; embedding hands it on to the model.
func (r *Resending) Resends() *Resending { return r }

// waitable is a model that embeds Waiting.
type waitable interface{ Waits() *Waiting }

// waits returns the Waiting embedded in a model; a model without one never waits.
func waits(model any) *Waiting {
	if m, ok := model.(waitable); ok {
		return m.Waits()
	}
	return &Waiting{}
}

// waitsRaw reports whether a state has wait_for_completion on, without decoding all
// of it: a refresh asks so of every signal there is.
func waitsRaw(state tftypes.Value) bool {
	var (
		attributes map[string]tftypes.Value
		on         bool
	)
	if state.As(&attributes) != nil {
		return false
	}
	waits, ok := attributes["wait_for_completion"]
	return ok && waits.IsKnown() && !waits.IsNull() && waits.As(&on) == nil && on
}

// adopts reports whether a model asks for adoption.
func adopts(model any) bool {
	m, ok := model.(interface{ Adopts() *Adopting })
	return ok && m.Adopts().AdoptExisting.ValueBool()
}

// resendable is a model that embeds Resending.
type resendable interface{ Resends() *Resending }

// resends reports whether a model asks for another send where the outcome stays unknown.
func resends(model any) bool {
	m, ok := model.(resendable)
	return ok && m.Resends().ResendOnUnknown.ValueBool()
}

// optionAttributes are the arguments that say how to send and not what: a change
// of them sends nothing. What only a resource does, which remembers, goes
// unsaid where nothing is remembered.
func optionAttributes(model any, remembers bool) map[string]schema.Attribute {
	resource := func(sentences string) string {
		if !remembers {
			return ""
		}
		return " " + sentences
	}
	attributes := map[string]schema.Attribute{
		"when": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "When to send: `apply` (default), when the resource is created, or `destroy`, when it is destroyed. A change sends nothing. " +
				"With `destroy` every argument can be changed in place until then, and write-only arguments cannot be used.",
			Validators: []validator.String{stringvalidator.OneOf(whenApply, whenDestroy)},
		},
	}
	if _, ok := model.(waitable); ok {
		maps.Copy(attributes, map[string]schema.Attribute{
			"wait_until_ready": schema.BoolAttribute{
				Optional:            true,
				MarkdownDescription: "Before sending, wait until the target can take this signal. The default is `false`.",
			},
			"wait_for_completion": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "After sending, wait until the target's whole run has ended; so it belongs on the last signal of a run that needs several. The default is `false`." +
					resource("While it is on and `target_status` is not final, each plan shows an update in place that goes on waiting and sends nothing."),
			},
			"on_wait_failure": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "What to do when the run that `wait_for_completion` waits for failed or did not end in time: `error` (default) fails the resource, which taints it; " +
					"`record` keeps the resource with a warning, for a `postcondition` to judge `target_status` or `target_succeeded`.",
				Validators: []validator.String{stringvalidator.OneOf(onWaitFailureError, onWaitFailureRecord)},
			},
			"target_status":    computed("The service's own word for the target's status, as last seen; null unless `wait_for_completion` is on."),
			"target_succeeded": schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the target's run ended as this signal wants it to; null unless `wait_for_completion` is on."},
		})
	}
	if _, ok := model.(interface{ Adopts() *Adopting }); ok {
		attributes["adopt_existing"] = schema.BoolAttribute{
			Optional: true,
			MarkdownDescription: "Before sending, look whether the service shows that such a signal is already there; if so, send nothing. The default is `false`." +
				resource("What is found is recorded with `delivery = \"ADOPTED\"`. With this on, changed `triggers`, taint and `-replace` adopt, too."),
		}
	}
	if _, ok := model.(resendable); ok {
		attributes["resend_on_unknown"] = schema.BoolAttribute{
			Optional: true,
			MarkdownDescription: "What to do when the answer to the signal was lost and whether it was taken stays unknown: `false` (default) fails, " +
				"`true` sends the signal once more, so that it may arrive twice, and where its target has moved on meanwhile, such as to a further gate, that takes it." +
				resource("A failed one is kept, tainted, with `delivery = \"UNKNOWN\"`."),
		}
	}
	return attributes
}
