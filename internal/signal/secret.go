package signal

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// WriteOnlyPair is an argument that can be given in two ways: by its name, and
// kept in the state, or write-only, and kept nowhere. What Terraform cannot
// compare has a version beside it: a changed version counts as a changed value.
type WriteOnlyPair struct {
	// Name is the argument that is kept; the others are Name_wo and Name_wo_version.
	Name string
	// Required asks for exactly one of the two; otherwise both may be left out.
	Required bool
	// Sensitive hides the value that is kept. The write-only one is always hidden.
	Sensitive bool
	// Description says what the value is, in Markdown.
	Description string
	// Validators check either. What they say of a value is left out: it is a secret.
	Validators []validator.String
}

// Attributes are the pair's three arguments, for System.Arguments. The struct of
// arguments needs a types.String for Name and Name_wo, and a types.Int64 for
// Name_wo_version.
func (p WriteOnlyPair) Attributes() map[string]schema.Attribute {
	writeOnly, version := p.Name+"_wo", p.Name+"_wo_version"
	either := []path.Expression{path.MatchRoot(p.Name), path.MatchRoot(writeOnly)}
	value := p.checks()
	alone := stringvalidator.ConflictsWith(either...)
	if p.Required {
		alone = stringvalidator.ExactlyOneOf(either...)
	}
	return map[string]schema.Attribute{
		p.Name: schema.StringAttribute{
			Optional:            true,
			Sensitive:           p.Sensitive,
			MarkdownDescription: fmt.Sprintf("%s It is kept in the state; `%s` is not. Only one of the two can be given.", p.Description, writeOnly),
			Validators:          append([]validator.String{alone}, value...),
		},
		writeOnly: schema.StringAttribute{
			Optional:            true,
			Sensitive:           true,
			WriteOnly:           true,
			MarkdownDescription: fmt.Sprintf("The same as `%s`, kept neither in the plan nor in the state. Terraform cannot see that it has changed: change `%s` with it.", p.Name, version),
			Validators:          value,
		},
		version: schema.Int64Attribute{
			Optional:            true,
			MarkdownDescription: fmt.Sprintf("A number that stands for the value of `%s`: a change of the number counts as a change of the value. Without it, a changed value goes unnoticed.", writeOnly),
			Validators:          []validator.Int64{int64validator.AlsoRequires(path.MatchRoot(writeOnly))},
		},
	}
}

// Alone is the argument by its name without the others: for an action, which
// keeps whatever it is given.
func (p WriteOnlyPair) Alone() schema.Attribute {
	return schema.StringAttribute{
		Required:            p.Required,
		Optional:            !p.Required,
		MarkdownDescription: p.Description + " Terraform keeps it in saved plans: it must not be secret.",
		Validators:          p.checks(),
	}
}

// checks are the pair's validators in words that leave the value out.
func (p WriteOnlyPair) checks() (checks []validator.String) {
	for _, check := range p.Validators {
		checks = append(checks, SecretValidator(check))
	}
	return checks
}

// Either returns the value of the argument of a WriteOnlyPair, whichever way it
// was given; nil when it was given in neither.
func (s Secrets) Either(name string, kept types.String) *string {
	if secret, given := s[name+"_wo"]; given {
		return &secret
	}
	return kept.ValueStringPointer()
}

// redactor is the sender's with the values of the system's sensitive arguments in a
// configuration or state, which a service may repeat.
func (r *signalResource) redactor(raw tftypes.Value, diags *diag.Diagnostics) *delivery.Redactor {
	values, unread := attributes(raw)
	diags.Append(unread...)
	var secrets []string
	for name, attribute := range r.system.Arguments {
		var text string
		if attribute.IsSensitive() && values[name].IsKnown() && values[name].As(&text) == nil {
			secrets = append(append(secrets, text), leaves(text)...)
		}
	}
	return r.sender.redactor.With(secrets...)
}

// leaves are the strings in a text that is JSON: a service may repeat one of them.
func leaves(text string) (found []string) {
	var value any
	if json.Unmarshal([]byte(text), &value) != nil {
		return nil
	}
	var walk func(any)
	walk = func(value any) {
		switch value := value.(type) {
		case string:
			found = append(found, value)
		case []any:
			for _, element := range value {
				walk(element)
			}
		case map[string]any:
			for _, member := range value {
				walk(member)
			}
		}
	}
	walk(value)
	return found
}

// SecretValidator checks a secret as another validator does, in words that leave
// the value out: the framework's own validators print what they were given.
func SecretValidator(check validator.String) validator.String { return secretValidator{check} }

type secretValidator struct{ validator.String }

func (v secretValidator) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	var found validator.StringResponse
	v.String.ValidateString(ctx, req, &found)
	if found.Diagnostics.HasError() {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid Attribute Value",
			fmt.Sprintf("Attribute %s %s. The value given is not shown, because it is a secret.", req.Path, v.Description(ctx)))
	}
}
