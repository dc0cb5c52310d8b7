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

// Attribute is the shape of one attribute, or of a block in a block and whether it can be repeated.
type Attribute struct {
	Type                                               string `json:",omitempty"`
	Nested                                             Block  `json:",omitempty"`
	List                                               bool   `json:",omitempty"`
	Required, Optional, Computed, WriteOnly, Sensitive bool
}

// Of asks a provider for its shape.
func Of(ctx context.Context, server tfprotov6.ProviderServer) (Provider, error) {
	schema, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return Provider{}, err
	}
	found := Provider{Provider: block(schema.Provider.Block), Resources: map[string]Block{}}
	for name, resource := range schema.ResourceSchemas {
		found.Resources[name] = block(resource.Block)
	}
	return found, nil
}

func block(of *tfprotov6.SchemaBlock) Block {
	found := Block{}
	for _, a := range of.Attributes {
		found[a.Name] = Attribute{Type: name(a.Type), Required: a.Required, Optional: a.Optional, Computed: a.Computed, WriteOnly: a.WriteOnly, Sensitive: a.Sensitive}
	}
	for _, inner := range of.BlockTypes {
		found[inner.TypeName] = Attribute{Nested: block(inner.Block), List: inner.Nesting == tfprotov6.SchemaNestedBlockNestingModeList}
	}
	return found
}

// name writes a type as Terraform's configuration does, such as map(list(string)).
func name(of tftypes.Type) string {
	switch of := of.(type) {
	case tftypes.List:
		return "list(" + name(of.ElementType) + ")"
	case tftypes.Set:
		return "set(" + name(of.ElementType) + ")"
	case tftypes.Map:
		return "map(" + name(of.ElementType) + ")"
	}
	switch {
	case of.Is(tftypes.Bool):
		return "bool"
	case of.Is(tftypes.Number):
		return "number"
	case of.Is(tftypes.String):
		return "string"
	default:
		return of.String()
	}
}
