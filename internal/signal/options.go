package signal

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// Options are the arguments that say how a signal is sent, not what is sent.
// Options that a system does not offer are null. Each field is the argument of the same
// name.
type Options struct {
	WaitUntilReady    types.Bool `tfsdk:"wait_until_ready"`
	WaitForCompletion types.Bool `tfsdk:"wait_for_completion"`
	AdoptExisting     types.Bool `tfsdk:"adopt_existing"`
	ResendOnUnknown   types.Bool `tfsdk:"resend_on_unknown"`
	Waiting
}

// Waiting has the attributes of resources that can wait for the end of a target's run. Each
// field is the attribute of the same name.
type Waiting struct {
	OnWaitFailure   types.String `tfsdk:"on_wait_failure"`
	TargetStatus    types.String `tfsdk:"target_status"`
	TargetSucceeded types.Bool   `tfsdk:"target_succeeded"`
}

// note records an observation of the target. If the observation has no status,
// because the service no longer has the target, the last known status stays. The
// success is null if the run has ended, and the service does not tell how.
func (w *Waiting) note(observation delivery.Observation) {
	if observation.Status != "" {
		w.TargetStatus = types.StringValue(observation.Status)
	}
	w.TargetSucceeded = types.BoolValue(observation.State == delivery.Reached)
	if observation.Unjudged {
		w.TargetSucceeded = types.BoolNull()
	}
}

// waitsForCompletion reports whether wait_for_completion is true in a state. It does not
// decode the whole state, because each refresh calls it for every signal.
func waitsForCompletion(state map[string]tftypes.Value) (on bool) {
	waits, ok := state["wait_for_completion"]
	return ok && waits.IsKnown() && !waits.IsNull() && waits.As(&on) == nil && on
}

// optionAttributes returns the arguments that say how a signal is sent, not
// what is sent. A change of them sends nothing. remembers is true for the
// resource and false for the action: sentences about the state are only in the
// descriptions of the resource.
func (s system) optionAttributes(remembers bool) map[string]schema.Attribute {
	destroy := "With `destroy` every argument can be changed in place before the destroy."
	if anyArgument(s.Arguments, schema.Attribute.IsWriteOnly) {
		destroy = "With `destroy` every argument can be changed in place before the destroy, and write-only arguments cannot be used."
	}
	attributes := map[string]schema.Attribute{
		"when": Optional("When to send: `apply` (default), when the resource is created, or `destroy`, when it is destroyed. A change sends nothing. "+destroy, stringvalidator.OneOf(whenApply, whenDestroy)),
	}
	if s.Wait != nil {
		attributes["wait_until_ready"] = optionalBool("Before sending, wait until the target can take this signal. The default is `false`.")
		attributes["wait_for_completion"] = optionalBool("After sending, wait until the target's whole run has ended. Set it on the last signal of a run that needs several. The default is `false`." +
			moreIf(remembers, " If it is `true` and `target_status` is not final, each plan shows an update in place, which goes on waiting and sends nothing."))
		attributes["on_wait_failure"] = Optional("What to do if the run that `wait_for_completion` waits for fails or does not end in time: `error` (default) fails the resource, which taints it. "+
			"`record` records the resource with a warning, so that a `postcondition` can check `target_status` or `target_succeeded`.", stringvalidator.OneOf(onWaitFailureError, onWaitFailureRecord))
		attributes["target_status"] = computedString(s.statusDescription() + "; null unless `wait_for_completion` is `true`.")
		attributes["target_succeeded"] = schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the target's run ended as expected for this signal; null unless `wait_for_completion` is `true`" +
			moreIf(s.OwnStatus != "", ", and if the run has ended and the service does not tell how") + "."}
	}
	if s.Adopts {
		attributes["adopt_existing"] = optionalBool("Before sending, check whether the service already has such a signal. If it has, send nothing. The default is `false`." +
			moreIf(remembers, " A signal that is found is recorded with `delivery = \"ADOPTED\"`. With this option, changed `triggers`, taint and `-replace` also adopt a signal that is there, and send nothing."))
	}
	if s.Resends {
		attributes["resend_on_unknown"] = optionalBool("What to do if the answer to the signal is lost and the provider cannot find out whether the signal arrived: `false` (default) fails, `true` sends the signal once more. " +
			"With `true` the signal may arrive twice." + moreIf(s.Twice != "", " "+s.Twice) +
			moreIf(remembers, " With `false` the resource is saved as tainted, with `delivery = \"UNKNOWN\"`."))
	}
	return attributes
}

// moreIf returns a part of a description if it is true of the system.
func moreIf(is bool, part string) string {
	if is {
		return part
	}
	return ""
}
