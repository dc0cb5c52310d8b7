package acctest

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Check validates the configuration of a block, such as action "signal_automation", against
// its schema. read returns the values for the type of the block.
func (p *Provider) Check(block, name string, read func(kind tftypes.Object) Values) (Diagnostics, error) {
	p.t.Helper()
	var schema *tfprotov6.Schema
	switch block {
	case "provider":
		schema = p.schema.Provider
	case "resource":
		schema = p.schema.ResourceSchemas[name]
	case "ephemeral":
		schema = p.schema.EphemeralResourceSchemas[name]
	case "list":
		schema = p.schema.ListResourceSchemas[name]
	case "action":
		if action := p.schema.ActionSchemas[name]; action != nil {
			schema = action.Schema
		}
	}
	if schema == nil {
		return nil, fmt.Errorf("the provider has no %s %q", block, name)
	}
	kind := schema.ValueType().(tftypes.Object)
	config := dynamic(p.t, kind, map[string]any(read(kind)))
	var said []*tfprotov6.Diagnostic
	ctx := p.t.Context()
	switch block {
	case "provider":
		resp, err := p.server.ValidateProviderConfig(ctx, &tfprotov6.ValidateProviderConfigRequest{Config: config})
		must(p.t, err)
		said = resp.Diagnostics
	case "resource":
		resp, err := p.server.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{
			TypeName: name, Config: config,
			ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true},
		})
		must(p.t, err)
		said = resp.Diagnostics
	case "ephemeral":
		resp, err := p.server.ValidateEphemeralResourceConfig(ctx, &tfprotov6.ValidateEphemeralResourceConfigRequest{TypeName: name, Config: config})
		must(p.t, err)
		said = resp.Diagnostics
	case "list":
		server, ok := p.server.(tfprotov6.ListResourceServer)
		if !ok {
			return nil, fmt.Errorf("the provider serves no %s %q", block, name)
		}
		resp, err := server.ValidateListResourceConfig(ctx, &tfprotov6.ValidateListResourceConfigRequest{TypeName: name, Config: config})
		must(p.t, err)
		said = resp.Diagnostics
	case "action":
		resp, err := p.Action(name).actions().ValidateActionConfig(ctx, &tfprotov6.ValidateActionConfigRequest{ActionType: name, Config: config})
		must(p.t, err)
		said = resp.Diagnostics
	}
	return diagnostics(said), nil
}
