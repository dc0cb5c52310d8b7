package signal

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Given reports whether an argument has a value. An unknown argument is neither
// given nor missing, because it may turn out to be null.
func Given(value attr.Value) bool { return !value.IsNull() && !value.IsUnknown() }

// Missing reports whether an argument is left out for certain.
func Missing(value attr.Value) bool { return value.IsNull() }

// OrNull returns a string value, null for "".
func OrNull(text string) types.String {
	if text == "" {
		return types.StringNull()
	}
	return types.StringValue(text)
}

func computedString(description string) schema.Attribute {
	return schema.StringAttribute{Computed: true, MarkdownDescription: description}
}

// Required returns a required argument.
//
//go:noinline
func Required(description string, validators ...validator.String) schema.Attribute {
	return schema.StringAttribute{Required: true, MarkdownDescription: description, Validators: validators}
}

// Optional returns an optional argument. Like Required and OptionalComputed, it is not
// inlined: each of a hundred calls would hold the code that fills in a whole attribute.
//
//go:noinline
func Optional(description string, validators ...validator.String) schema.Attribute {
	return schema.StringAttribute{Optional: true, MarkdownDescription: description, Validators: validators}
}

// OptionalComputed returns an optional argument whose value the provider finds or makes if
// the configuration does not set it.
//
//go:noinline
func OptionalComputed(description string, validators ...validator.String) schema.Attribute {
	return schema.StringAttribute{Optional: true, Computed: true, MarkdownDescription: description, Validators: validators}
}

// optionalBool returns an optional argument that is true or false.
func optionalBool(description string) schema.Attribute {
	return schema.BoolAttribute{Optional: true, MarkdownDescription: description}
}

// triggers returns the triggers argument. change says what a change does.
func triggers(change string) schema.Attribute {
	return schema.MapAttribute{ElementType: types.StringType, Optional: true, MarkdownDescription: "Arbitrary values. When one of them changes, the " + change}
}

// RegionAttribute returns the region argument of systems with regional
// services.
func RegionAttribute() schema.Attribute {
	return OptionalComputed("The region of the target. The default is the provider's region.", RegionName())
}

// StartedAfterAttribute returns the started_after argument, for signals whose
// targets are found by a name that several runs share. It is one of
// Naming.Filters. A name under which the service itself knows one current run,
// such as the workflow id of SWF and Temporal, an action of a pipeline or a stack
// of CloudFormation, needs no such argument: the service takes the signal by that
// name, without a search.
func StartedAfterAttribute() schema.Attribute {
	return Optional("Ignores runs that started before this time (RFC 3339, such as `2026-01-31T12:00:00Z`) when the provider searches for the target by name.", isTime)
}

// StartedAfter returns the time in a started_after argument; the zero time if
// the argument is null.
func StartedAfter(argument types.String) time.Time {
	at, _ := time.Parse(time.RFC3339, argument.ValueString())
	return at
}

// DefaultTimeout is the timeout of each operation that timeouts does not set.
const DefaultTimeout = 20 * time.Minute

// TimeoutDescription returns the description of a timeout. what says which
// operation it limits.
func TimeoutDescription(what string) string {
	return fmt.Sprintf("How long %s, as a duration such as `30s` or `1h30m`. The default is %.0f minutes.", what, DefaultTimeout.Minutes())
}

// Timeouts returns the timeouts block of a resource.
func Timeouts(ctx context.Context, opts timeouts.Opts) schema.Block {
	block := timeouts.Block(ctx, opts).(schema.SingleNestedBlock)
	for name, attribute := range block.Attributes {
		text := attribute.(schema.StringAttribute)
		text.Validators = []validator.String{duration{}}
		block.Attributes[name] = text
	}
	return block
}
