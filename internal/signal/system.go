package signal

import (
	"context"
	"maps"
	"reflect"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// System describes the signal of one signalling system. A is the struct of the
// signal's own arguments, with tfsdk tags.
type System[A any] struct {
	// Name is the resource type's name after "signal_".
	Name string
	// Block is the provider block whose endpoints have the argument Endpoint, which sets
	// another server. Both are empty if there is no such argument.
	Block, Endpoint string
	// Description is the first paragraph of the resource's documentation, in Markdown.
	Description string
	// Confirms says that the service shows the signals that it took, so that a lost
	// one can be recorded as CONFIRMED.
	Confirms bool
	// Adopts offers adopt_existing, for services that show the signals that they took.
	// Resends offers resend_on_unknown, if the outcome of a signal can stay unknown.
	Adopts, Resends bool
	// Twice says in a sentence what a second signal can do, for the description of
	// resend_on_unknown; empty if it can do no more than arrive twice.
	Twice string
	// Arguments are the attributes of A. A change of an argument makes another
	// signal. For an optional and computed argument, only a changed configuration
	// does. An argument that is only computed is a result: Bind sets it to null, and
	// Signal.Request sets its value before it reports the signal as accepted.
	Arguments map[string]schema.Attribute
	// Remembered has sentences about the state, by argument. They are added to the
	// descriptions of the resource, and not to those of the action, which has no
	// state.
	Remembered map[string]string
	// ActionArguments are the arguments of the action; nil for all of Arguments. If
	// one of them is secret, there is no action.
	ActionArguments map[string]schema.Attribute
	// Naming says how the target can be named if its id is not known; nil if it
	// cannot.
	Naming *Naming
	// OnlyTriggersResend says that Arguments only say where the signal goes, not what
	// is sent. A change of them is recorded and sends nothing.
	OnlyTriggersResend bool
	// Final reports whether a value of target_status is final for these arguments. For a
	// wait, they have only the target. After a final status the target is not read any
	// more. Final is used only with Wait.
	Final func(arguments *A, status string) bool
	// OwnStatus names in Markdown the value of target_status that is a word of this
	// provider, and says when the target has it: it has ended, and the service does not
	// tell how. It is "" if the service has a word for every status.
	OwnStatus string
	// Wait describes the resource that waits for a target and sends nothing, and offers
	// the options of Waiting. It is nil for targets that cannot be read.
	Wait *Wait[A]
	// Check returns errors that the validators of single attributes cannot find, on
	// the paths of the attributes. It may be nil. Values may be unknown. waits says
	// that the signal waits for its target before or after it is sent.
	Check func(ctx context.Context, arguments *A, waits bool) diag.Diagnostics
	// AdoptsNothing returns in a sentence why adopt_existing cannot recognise any
	// signal with these arguments, or "". It is nil if there is no such reason. Values
	// may be unknown. The parameter kept reports whether generated ids are recorded
	// before the signal is sent.
	AdoptsNothing func(arguments *A, kept bool) string
	// Cloud is the configuration of the service's cloud. It is nil if the service is not
	// regional. Otherwise Arguments has RegionAttribute as region.
	Cloud Cloud
	// Unconfigured reports whether the signal cannot be sent yet because an argument
	// of the provider block is unknown. It is nil if Cloud reports that.
	Unconfigured func(arguments *A) bool
	// Defaults are computed arguments, besides the region, whose defaults come from the
	// provider block or the environment.
	Defaults []string
	// Complete fills in computed arguments that need no request, such as a generated
	// id. It may be nil. The others are found when the signal is sent.
	Complete func(ctx context.Context, arguments *A)
	// Bind prepares the signal and fills in computed arguments. The region is known. A
	// computed argument whose value is not known yet is null. An error means that nothing
	// was sent; its text says what the user can do.
	Bind func(ctx context.Context, arguments *A, secrets Secrets) (Signal, error)
}

// Cloud is the configuration of a cloud, from its provider block.
type Cloud interface {
	// Region returns the region to use: given, or the provider's region if given is
	// empty. It makes no request if given is not empty.
	Region(ctx context.Context, given string) (string, error)
	// BlockRegion returns the region of the provider block, "" if the block has none.
	BlockRegion() string
	// CheckRegion returns an error if the region of the environment or a profile is
	// malformed. It makes no request.
	CheckRegion() error
	// Unconfigured reports whether the value of an argument of the provider block is
	// not known yet.
	Unconfigured() bool
}

// Factories has the resources and the action of a system.
type Factories struct {
	// Block and Endpoint are those of the System.
	Block, Endpoint string
	// Resource returns the resource, and Action the action. Action is nil if the
	// signal needs a secret.
	Resource func() resource.Resource
	Action   func() action.Action
	// Wait returns the resource that waits and sends nothing; nil if there is none.
	Wait func() resource.Resource
}

// NewFactories returns the resources and the action of a system. They send with the
// sender.
func NewFactories[A any](system System[A], sender *Sender) Factories {
	return newFactories(system.untyped(), sender)
}

func newFactories(system system, sender *Sender) Factories {
	made := Factories{Block: system.Block, Endpoint: system.Endpoint, Resource: func() resource.Resource { return &signalResource{system: system, sender: sender} }}
	if waitSystem := system; system.Wait != nil {
		// A wait needs the target's id, because a target that has ended cannot be
		// found by name.
		waitSystem.Arguments = maps.Clone(system.Arguments)
		maps.Copy(waitSystem.Arguments, system.Wait.Arguments)
		made.Wait = func() resource.Resource { return &waitResource{system: waitSystem, sender: sender} }
	}
	system.Arguments, system.ActionArguments = system.Naming.arguments(system.Arguments), system.Naming.arguments(system.ActionArguments)
	if !anyArgument(system.actionArguments(), schema.Attribute.IsSensitive) {
		made.Action = func() action.Action { return &signalAction{signalResource{system: system, sender: sender}} }
	}
	return made
}

// anyArgument reports whether is returns true for one of the arguments.
func anyArgument(arguments map[string]schema.Attribute, is func(schema.Attribute) bool) bool {
	return slices.ContainsFunc(slices.Collect(maps.Values(arguments)), is)
}

// system is a System without its type parameter. The resources and actions use
// it, so the binary has their code once and not once per system. That saves 1.4
// MB.
type system struct {
	// The functions of this System take a pointer to an any that holds what arguments
	// returns.
	System[any]
	// arguments returns a pointer to an empty struct of the arguments.
	arguments func() any
}

// untyped returns the system without its type parameter.
func (s System[A]) untyped() system {
	u := System[any]{
		Name: s.Name, Block: s.Block, Endpoint: s.Endpoint, Description: s.Description,
		Arguments: s.Arguments, Remembered: s.Remembered, ActionArguments: s.ActionArguments, Naming: s.Naming, Defaults: s.Defaults,
		OnlyTriggersResend: s.OnlyTriggersResend, Adopts: s.Adopts, Resends: s.Resends, Confirms: s.Confirms, Twice: s.Twice, OwnStatus: s.OwnStatus, Cloud: s.Cloud,
		Bind: func(ctx context.Context, arguments *any, secrets Secrets) (Signal, error) {
			return s.Bind(ctx, (*arguments).(*A), secrets)
		},
	}
	if s.Final != nil {
		u.Final = func(arguments *any, status string) bool { return s.Final((*arguments).(*A), status) }
	}
	if s.Check != nil {
		u.Check = func(ctx context.Context, arguments *any, waits bool) diag.Diagnostics {
			return s.Check(ctx, (*arguments).(*A), waits)
		}
	}
	if s.AdoptsNothing != nil {
		u.AdoptsNothing = func(arguments *any, kept bool) string { return s.AdoptsNothing((*arguments).(*A), kept) }
	}
	if s.Unconfigured != nil {
		u.Unconfigured = func(arguments *any) bool { return s.Unconfigured((*arguments).(*A)) }
	}
	if s.Complete != nil {
		u.Complete = func(ctx context.Context, arguments *any) { s.Complete(ctx, (*arguments).(*A)) }
	}
	if w := s.Wait; w != nil {
		u.Wait = &Wait[any]{
			Ended: w.Ended, Ready: w.Ready, More: w.More, Target: w.Target, Arguments: w.Arguments, Outputs: w.Outputs,
			Bind: func(ctx context.Context, arguments *any) (Watched, error) { return w.Bind(ctx, (*arguments).(*A)) },
		}
	}
	return system{u, func() any { return new(A) }}
}

// actionArguments returns the arguments of the action. None of them may be
// secret, because Terraform keeps an action's arguments in saved plans.
func (s system) actionArguments() map[string]schema.Attribute {
	if s.ActionArguments != nil {
		return s.ActionArguments
	}
	return s.Arguments
}

// complete fills in the region and computed arguments that need no request. If no region is
// found, the region stays unknown, and bind returns an error.
func (s system) complete(ctx context.Context, arguments any) {
	if s.Cloud != nil {
		if region := regionOf(arguments); region.IsUnknown() {
			if found, err := s.Cloud.Region(ctx, ""); err == nil {
				*region = types.StringValue(found)
			}
		}
	}
	if s.Complete != nil {
		s.Complete(ctx, &arguments)
	}
}

// requested returns the computed arguments that have no default and that only a request can
// fill in, such as the id of a target that is found by its name.
func (s system) requested(ctx context.Context) (names []string) {
	arguments := s.arguments()
	values := stringArguments(arguments)
	for _, value := range values {
		*value = types.StringUnknown()
	}
	if s.Complete != nil {
		s.Complete(ctx, &arguments)
	}
	for name, value := range values {
		hasDefault := name == "region" || slices.Contains(s.Defaults, name)
		if value.IsUnknown() && s.Arguments[name].IsComputed() && !hasDefault {
			names = append(names, name)
		}
	}
	return names
}

// unconfigured reports whether the signal cannot be sent yet.
func (s system) unconfigured(arguments any) bool {
	if s.Unconfigured != nil {
		return s.Unconfigured(&arguments)
	}
	return s.Cloud.Unconfigured()
}

// deferral returns why Terraform must defer the resource or the action, nil if it need not
// or cannot.
func (s system) deferral(allowed bool, arguments any) *resource.Deferred {
	if allowed && s.unconfigured(arguments) {
		return &resource.Deferred{Reason: resource.DeferredReasonProviderConfigUnknown}
	}
	return nil
}

// bind finds the region, sets unknown arguments to null and prepares the signal.
func (s system) bind(ctx context.Context, arguments any, secrets Secrets) (Signal, error) {
	if s.Cloud != nil {
		region := regionOf(arguments)
		found, err := s.Cloud.Region(ctx, region.ValueString())
		if err != nil {
			return Signal{}, err
		}
		*region = types.StringValue(found)
	}
	nullUnknown(arguments)
	return s.Bind(ctx, &arguments, secrets)
}

// regionOf returns the argument with the region.
func regionOf(arguments any) *types.String { return stringArguments(arguments)["region"] }

// nullUnknown sets strings that are still unknown to null: only a read can tell
// their values.
func nullUnknown(arguments any) {
	for _, text := range stringArguments(arguments) {
		if text.IsUnknown() {
			*text = types.StringNull()
		}
	}
}

// stringArguments returns the arguments that are strings, by name.
func stringArguments(arguments any) map[string]*types.String {
	found := map[string]*types.String{}
	_ = eachAttribute(reflect.ValueOf(arguments).Elem(), func(name string, field reflect.Value) error {
		if text, ok := field.Addr().Interface().(*types.String); ok {
			found[name] = text
		}
		return nil
	})
	return found
}
