package provider_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/plugin"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/provider"
)

// Every validator runs for a value that it hardly expects, and answers with diagnostics: a
// pattern that cannot be compiled would only panic when it is first needed.
func TestEveryValidatorRuns(t *testing.T) {
	server := plugin.Server(provider.New("test")).(interface {
		tfprotov6.ProviderServer
		tfprotov6.ActionServer
		tfprotov6.ListResourceServer
	})
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	must(t, err)
	refused := func(what string, diags []*tfprotov6.Diagnostic) {
		t.Helper()
		if len(diags) == 0 {
			t.Errorf("%s: no validator objected", what)
		}
	}
	checked, err := server.ValidateProviderConfig(t.Context(), &tfprotov6.ValidateProviderConfigRequest{Config: dynamic(t, strange(schemas.Provider))})
	must(t, err)
	refused("provider", checked.Diagnostics)
	for name, schema := range schemas.ResourceSchemas {
		checked, err := server.ValidateResourceConfig(t.Context(), &tfprotov6.ValidateResourceConfigRequest{TypeName: name, Config: dynamic(t, strange(schema)), ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true}})
		must(t, err)
		refused(name, checked.Diagnostics)
	}
	for name, schema := range schemas.ActionSchemas {
		checked, err := server.ValidateActionConfig(t.Context(), &tfprotov6.ValidateActionConfigRequest{ActionType: name, Config: dynamic(t, strange(schema.Schema))})
		must(t, err)
		refused("action "+name, checked.Diagnostics)
	}
	for name, schema := range schemas.EphemeralResourceSchemas {
		checked, err := server.ValidateEphemeralResourceConfig(t.Context(), &tfprotov6.ValidateEphemeralResourceConfigRequest{TypeName: name, Config: dynamic(t, strange(schema))})
		must(t, err)
		refused("ephemeral "+name, checked.Diagnostics)
	}
	for name, schema := range schemas.ListResourceSchemas {
		checked, err := server.ValidateListResourceConfig(t.Context(), &tfprotov6.ValidateListResourceConfigRequest{TypeName: name, Config: dynamic(t, strange(schema))})
		must(t, err)
		refused("list "+name, checked.Diagnostics)
	}
}

// strange returns a configuration whose texts are a blank and whose numbers are negative.
func strange(schema *tfprotov6.Schema) tftypes.Value {
	kind := schema.ValueType().(tftypes.Object)
	values := map[string]tftypes.Value{}
	for name, attribute := range kind.AttributeTypes {
		values[name] = strangeValue(attribute)
	}
	for _, attribute := range schema.Block.Attributes {
		if attribute.Computed && !attribute.Optional {
			values[attribute.Name] = tftypes.NewValue(attribute.Type, nil)
		}
	}
	return tftypes.NewValue(kind, values)
}

func strangeValue(kind tftypes.Type) tftypes.Value {
	switch of := kind.(type) {
	case tftypes.Object:
		values := map[string]tftypes.Value{}
		for name, attribute := range of.AttributeTypes {
			values[name] = strangeValue(attribute)
		}
		return tftypes.NewValue(of, values)
	case tftypes.List:
		return tftypes.NewValue(of, []tftypes.Value{strangeValue(of.ElementType)})
	case tftypes.Set:
		return tftypes.NewValue(of, []tftypes.Value{strangeValue(of.ElementType)})
	case tftypes.Map:
		return tftypes.NewValue(of, map[string]tftypes.Value{" ": strangeValue(of.ElementType)})
	}
	switch {
	case kind.Is(tftypes.String):
		return tftypes.NewValue(kind, " ")
	case kind.Is(tftypes.Number):
		return tftypes.NewValue(kind, -1)
	default:
		return tftypes.NewValue(kind, true)
	}
}
