package signal

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// WriteOnlyPair is an argument that users can set in two ways: as Name, which
// Terraform keeps in the state, or as the write-only Name_wo, which Terraform
// stores nowhere. Terraform cannot compare the write-only value, so there is
// also Name_wo_version: a changed version counts as a changed value.
type WriteOnlyPair struct {
	// Name is the argument that is kept in the state. The others are Name_wo and
	// Name_wo_version.
	Name string
	// Required says that exactly one of the two must be set. Otherwise both may be
	// left out.
	Required bool
	// Sensitive marks the argument in the state as sensitive. The write-only argument
	// is always hidden.
	Sensitive bool
	// Description says what the value is, in Markdown.
	Description string
	// Validators check both arguments. The messages do not show the value, because it
	// is a secret.
	Validators []validator.String
}

// Attributes returns the pair's three arguments, for System.Arguments. The
// struct of the arguments needs a types.String for Name and for Name_wo, and a
// types.Int64 for Name_wo_version.
func (p WriteOnlyPair) Attributes() map[string]schema.Attribute {
	writeOnly, version := p.Name+"_wo", p.Name+"_wo_version"
	value := p.checks()
	alone := stringvalidator.ConflictsWith(path.MatchRoot(p.Name), path.MatchRoot(writeOnly))
	if p.Required {
		alone = exactlyOneOf(p.Name, writeOnly)
	}
	return map[string]schema.Attribute{
		p.Name: schema.StringAttribute{
			Optional:            true,
			Sensitive:           p.Sensitive,
			MarkdownDescription: fmt.Sprintf("%s Terraform keeps `%s` in the state, and does not keep `%s`. You can set only one of these two.", p.Description, p.Name, writeOnly),
			Validators:          append([]validator.String{alone}, value...),
		},
		writeOnly: schema.StringAttribute{
			Optional:            true,
			Sensitive:           true,
			WriteOnly:           true,
			MarkdownDescription: fmt.Sprintf("The same as `%s`, but kept neither in the plan nor in the state. Terraform does not see a change of it: change `%s` together with it.", p.Name, version),
			Validators:          value,
		},
		version: schema.Int64Attribute{
			Optional:            true,
			MarkdownDescription: fmt.Sprintf("The version of the value of `%s`: a change of this number counts as a change of the value. Without it, Terraform does not notice a changed value.", writeOnly),
			Validators:          []validator.Int64{int64validator.AlsoRequires(path.MatchRoot(writeOnly))},
		},
	}
}

// InAction returns arguments for an action: Name without Name_wo and its
// version, because Terraform keeps all arguments of an action.
func (p WriteOnlyPair) InAction(arguments map[string]schema.Attribute) map[string]schema.Attribute {
	delete(arguments, p.Name+"_wo")
	delete(arguments, p.Name+"_wo_version")
	arguments[p.Name] = schema.StringAttribute{
		Required:            p.Required,
		Optional:            !p.Required,
		MarkdownDescription: p.Description + " It must not be secret, because Terraform keeps it in saved plans.",
		Validators:          p.checks(),
	}
	return arguments
}

// checks returns the pair's validators. Their messages do not show the value.
func (p WriteOnlyPair) checks() (checks []validator.String) {
	for _, check := range p.Validators {
		checks = append(checks, SecretValidator(check))
	}
	return checks
}

// Either returns the value of a WriteOnlyPair from whichever of its two
// arguments is set; nil if neither is.
func (s Secrets) Either(name string, kept types.String) *string {
	if secret, given := s[name+"_wo"]; given {
		return &secret
	}
	return kept.ValueStringPointer()
}

// Secrets are the configured values of write-only arguments, by name. They
// exist only while a signal is sent.
type Secrets map[string]string
