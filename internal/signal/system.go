// Package signal is the one signal resource of the provider: its common
// arguments, its life, and its words. It knows Terraform and the delivery of
// signals; what a signal is and where it goes, each system tells it.
package signal

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// System is what a signalling system tells of its signal. A is the struct of the
// signal's own arguments, with tfsdk tags.
type System[A any] struct {
	// Name is the resource type's name after "signal_".
	Name string
	// Block is the provider's block that the signal needs, and Endpoint the argument in
	// its endpoints that leads to another server; empty where there is none.
	Block, Endpoint string
	// Description is the first paragraph of the resource's documentation, in Markdown.
	Description string
	// Arguments are the attributes of A. A change of any of them makes another
	// signal; of the optional and computed ones only a change of what is configured does.
	// One that is only computed is a result: Bind makes it null, and the Target sets
	// it before it reports the signal as accepted.
	Arguments map[string]schema.Attribute
	// Remembered is what the resource's documentation says of an argument beside its
	// description: what only something with a memory has to say.
	Remembered map[string]string
	// ActionArguments are those that the action has; nil for all of Arguments. There is
	// no action while one of them is secret.
	ActionArguments map[string]schema.Attribute
	// Naming says how the target can be named instead of identified; nil where it cannot.
	Naming *Naming
	// OnlyTriggersResend is for signals whose Arguments say how to get there, not
	// what is sent: a change of them is recorded and sends nothing.
	OnlyTriggersResend bool
	// Waits offers the options of Waiting: the service's targets can be read. Adopts
	// offers adopt_existing: the service shows the signals that it took. Resends offers
	// resend_on_unknown: the service may leave open whether it took a signal.
	Waits, Adopts, Resends bool
	// Final reports whether a target's status, as target_status holds it, ends the
	// wait of a signal with these arguments: nothing is read after it. Only with Waits.
	Final func(arguments *A, status string) bool
	// Wait offers the resource that waits for a target and sends nothing; nil where
	// targets cannot be read without a signal.
	Wait *Wait[A]
	// Check reports, on the attributes' paths, what the attributes' own
	// validators cannot see; nil when there is nothing such. Values may still be unknown.
	// Waits says that the signal is to wait for its target, before or after.
	Check func(ctx context.Context, arguments *A, waits bool) diag.Diagnostics
	// Cloud is what the provider block says of the service's cloud, and Region the
	// argument that names the region. They are nil where the service is not regional.
	Cloud  Cloud
	Region func(arguments *A) *types.String
	// Unconfigured reports whether the signal cannot be sent while the value of some
	// argument of the provider block is not known yet. It is nil where Cloud says so.
	Unconfigured func(arguments *A) bool
	// Complete fills in the computed arguments that can be known without asking
	// anybody, such as an id that is made up. It may be nil.
	Complete func(ctx context.Context, arguments *A)
	// Bind makes the signal ready to be sent and fills in the computed arguments.
	// All values are known, the region too. An error means that nothing was sent, and says what to do.
	Bind func(ctx context.Context, arguments *A, secrets Secrets) (Signal, error)
}

// Cloud is a cloud as a provider block configures it.
type Cloud interface {
	// Region returns the region to use: the one given, or the provider's when none is.
	Region(ctx context.Context, given string) (string, error)
	// BlockRegion is the region that the provider block says, "" when it leaves that to
	// the environment.
	BlockRegion() string
	// CheckRegion returns an error where the environment or a profile says a region that
	// is none. It asks nobody.
	CheckRegion(ctx context.Context) error
	// Unconfigured reports whether the value of an argument of the provider block is
	// not known yet.
	Unconfigured() bool
}

// Secrets are the configured values of write-only arguments, by name. They are
// there only while a signal is sent.
type Secrets map[string]string

// Signal is one signal, bound to where it goes. Its words go into messages and
// logs, so none of them may be secret.
type Signal struct {
	delivery.Target
	// What is sent, such as "Approve".
	What string
	// To is the target with its id and place.
	To string
	// Service is the name of who answers.
	Service string
	// RateLimiter names whose limit the requests count against, such as a service in a
	// region: when it throttles, all signals of the rate limiter slow down together.
	RateLimit string
	// Run is the id of the run that Completion is about, among all behind the RateLimit:
	// those who wait for the same one are counted. It is empty until the target is found.
	Run string
	// Explain says what to do about an attempt that did not succeed.
	Explain func(delivery.Attempt) Advice
	// FindOut says how a user can see whether a signal whose answer was lost has arrived.
	HowToCheck string
	// Find finds the target first, where the arguments leave open which one it is; nil when
	// they identify it.
	Find *TargetFinder
	// Ready is the probe in which the target can take this signal, and Completion
	// the one in which its run has ended as the signal wants it to. They are nil
	// without Waits, and until the target is found. Completion may be known before, where
	// the arguments name the run and leave open what in it takes the signal.
	Ready, Completion *delivery.Probe
	// Existing is the probe in which the service shows that such a signal is already
	// there; no reading of it is pending. It is nil without Adopts.
	Existing *delivery.Probe
	// Evidence is how the service shows that it took the signal; nil where it never
	// does. For a signal with a TargetFinder, its Found names the target, too.
	Evidence *delivery.Evidence
	// Refused is the probe that shows why a target has refused the signal, for answers
	// of which Explain says that they leave it open; nil where nothing shows that.
	Refused *delivery.Probe
	// ExplainRead says what to do about a target that cannot be read.
	ExplainRead func(delivery.Attempt) Advice
	// Unseen says what it may mean that the target was waited for and never seen;
	// empty where such a target cannot be read.
	Unseen string
}

// Advice is what to do about a failure.
type Advice struct {
	// Attribute is the argument at fault, empty when none is.
	Attribute string
	// Next is the next step to try, in whole sentences.
	Next string
	// Gone says that the target is not there, so that a signal at destroy has nobody left to reach.
	Gone bool
	// Unclear says that the answer has more than one cause, which the probe Refused tells.
	Unclear bool
	// NotReady says that the target is there, and does not take the signal now.
	NotReady bool
}

// Offer is what a system offers to Terraform.
type Offer struct {
	// Block and Endpoint are those of the System.
	Block, Endpoint string
	// Resource makes the resource, and Action the action; there is no action of a
	// signal that cannot be sent without a secret.
	Resource func() resource.Resource
	Action   func() action.Action
	// Wait makes the resource that waits and sends nothing; nil where there is none.
	Wait func() resource.Resource
}

// NewOffer returns all forms of a system's signal, sent by the sender.
func NewOffer[A any](system System[A], sender *Sender) Offer {
	return newOffer(system.untyped(), sender)
}

func newOffer(system system, sender *Sender) Offer {
	offer := Offer{Block: system.Block, Endpoint: system.Endpoint, Resource: func() resource.Resource { return newResource(system, sender) }}
	if waits := system; system.Wait != nil {
		// A wait is told by its target's id: one that has ended meanwhile is not found by name.
		offer.Wait = func() resource.Resource { return &waitResource{system: waits, sender: sender} }
	}
	system.Arguments, system.ActionArguments = system.Naming.arguments(system.Arguments), system.Naming.arguments(system.ActionArguments)
	for _, argument := range system.actionArguments() {
		if argument.IsSensitive() {
			return offer
		}
	}
	offer.Action = func() action.Action { return newAction(system, sender) }
	return offer
}

// system is a System of any arguments. The resources and actions are written for it, so
// that the program holds them once and not once for each system, which was 1.4 MB of it.
type system struct {
	// System has functions that take a pointer to an any, in which is what arguments returns.
	System[any]
	// arguments returns a pointer to an empty struct of the arguments.
	arguments func() any
}

// untyped is the system for those who do not know the type of its arguments.
func (s System[A]) untyped() system {
	u := System[any]{
		Name: s.Name, Block: s.Block, Endpoint: s.Endpoint, Description: s.Description,
		Arguments: s.Arguments, Remembered: s.Remembered, ActionArguments: s.ActionArguments, Naming: s.Naming,
		OnlyTriggersResend: s.OnlyTriggersResend, Waits: s.Waits, Adopts: s.Adopts, Resends: s.Resends, Cloud: s.Cloud,
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
	if s.Region != nil {
		u.Region = func(arguments *any) *types.String { return s.Region((*arguments).(*A)) }
	}
	if s.Unconfigured != nil {
		u.Unconfigured = func(arguments *any) bool { return s.Unconfigured((*arguments).(*A)) }
	}
	if s.Complete != nil {
		u.Complete = func(ctx context.Context, arguments *any) { s.Complete(ctx, (*arguments).(*A)) }
	}
	if w := s.Wait; w != nil {
		u.Wait = &Wait[any]{
			Description: w.Description, Target: w.Target, Arguments: w.Arguments, Outputs: w.Outputs, Final: w.Final,
			Bind: func(ctx context.Context, arguments *any) (Watched, error) { return w.Bind(ctx, (*arguments).(*A)) },
		}
	}
	return system{u, func() any { return new(A) }}
}

// actionArguments are those that an action can have: Terraform keeps what an action
// is given in saved plans, so none of them may be secret.
func (y system) actionArguments() map[string]schema.Attribute {
	if y.ActionArguments != nil {
		return y.ActionArguments
	}
	return y.Arguments
}

// model is a resource's data. Arguments is a pointer to the struct of a system's arguments.
type model struct {
	State
	Options
	Arguments any
}

// complete fills in the computed arguments that can be known without asking anybody.
// A region that is not found stays unknown; bind will say so.
func (y system) complete(ctx context.Context, arguments any) {
	if y.Region != nil {
		if region := y.Region(&arguments); region.IsUnknown() {
			if found, err := y.Cloud.Region(ctx, ""); err == nil {
				*region = types.StringValue(found)
			}
		}
	}
	if y.Complete != nil {
		y.Complete(ctx, &arguments)
	}
}

// unconfigured reports whether the signal cannot be sent yet.
func (y system) unconfigured(arguments any) bool {
	if y.Unconfigured != nil {
		return y.Unconfigured(&arguments)
	}
	return y.Cloud.Unconfigured()
}

// bind makes the signal ready to be sent, to the region that is found.
func (y system) bind(ctx context.Context, arguments any, secrets Secrets) (Signal, error) {
	if y.Region != nil {
		region := y.Region(&arguments)
		found, err := y.Cloud.Region(ctx, region.ValueString())
		if err != nil {
			return Signal{}, err
		}
		*region = types.StringValue(found)
	}
	return y.Bind(ctx, &arguments, secrets)
}
