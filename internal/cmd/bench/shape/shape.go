// Package shape is what the schema of one provider looks like to Terraform, for another provider to look the same.
package shape

import (
	"context"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Provider is the shape of a provider.
type Provider struct {
	Provider  Block
	Resources map[string]Block
}

// Block is a set of attributes by name.
type Block map[string]Attribute

// Attribute is the shape of one attribute: its type, or its nested attributes and whether there is a list of them.
type Attribute struct {
	Type                                               string `json:",omitempty"`
	Nested                                             Block  `json:",omitempty"`
	List                                               bool   `json:",omitempty"`
	Required, Optional, Computed, WriteOnly, Sensitive bool
}

// The types of attributes that are not nested.
const (
	String  = "string"
	Bool    = "bool"
	Number  = "number"
	Strings = "list(string)"
	Map     = "map(string)"
	Lists   = "map(list(string))"
)

var types = map[string]tftypes.Type{
	String: tftypes.String, Bool: tftypes.Bool, Number: tftypes.Number,
	Strings: tftypes.List{ElementType: tftypes.String},
	Map:     tftypes.Map{ElementType: tftypes.String},
	Lists:   tftypes.Map{ElementType: tftypes.List{ElementType: tftypes.String}},
}

// Of asks a provider for its shape.
func Of(ctx context.Context, server tfprotov6.ProviderServer) (Provider, error) {
	schema, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return Provider{}, err
	}
	found := Provider{Provider: block(schema.Provider.Block.Attributes), Resources: map[string]Block{}}
	for name, resource := range schema.ResourceSchemas {
		found.Resources[name] = block(resource.Block.Attributes)
	}
	return found, nil
}

func block(attributes []*tfprotov6.SchemaAttribute) Block {
	found := Block{}
	for _, a := range attributes {
		attribute := Attribute{Required: a.Required, Optional: a.Optional, Computed: a.Computed, WriteOnly: a.WriteOnly, Sensitive: a.Sensitive}
		if a.NestedType != nil {
			attribute.Nested = block(a.NestedType.Attributes)
			attribute.List = a.NestedType.Nesting == tfprotov6.SchemaObjectNestingModeList
		} else {
			attribute.Type = name(a.Type)
		}
		found[a.Name] = attribute
	}
	return found
}

// name is a type's name here, or Terraform's own where it has none.
func name(of tftypes.Type) string {
	for name, kind := range types {
		if kind.Equal(of) {
			return name
		}
	}
	return of.String()
}
