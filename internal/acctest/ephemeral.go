package acctest

import (
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Open validates and opens an ephemeral resource, and returns its known strings; nil if the
// provider defers it.
func (p *Provider) Open(name string, config Values) (result map[string]string, diags Diagnostics) {
	p.t.Helper()
	schema := p.schema.EphemeralResourceSchemas[name]
	if schema == nil {
		p.t.Fatalf("the provider has no ephemeral resource %s", name)
	}
	kind := schema.ValueType()
	given := dynamic(p.t, kind, map[string]any(config))
	validated, err := p.server.ValidateEphemeralResourceConfig(p.t.Context(), &tfprotov6.ValidateEphemeralResourceConfigRequest{TypeName: name, Config: given})
	must(p.t, err)
	if hasError(validated.Diagnostics) {
		return nil, diagnostics(validated.Diagnostics)
	}
	opened, err := p.server.OpenEphemeralResource(p.t.Context(), &tfprotov6.OpenEphemeralResourceRequest{
		TypeName: name, Config: given,
		ClientCapabilities: &tfprotov6.OpenEphemeralResourceClientCapabilities{DeferralAllowed: p.DeferralAllowed},
	})
	must(p.t, err)
	if hasError(opened.Diagnostics) {
		return nil, diagnostics(opened.Diagnostics)
	}
	if opened.Deferred != nil {
		return nil, diagnostics(opened.Diagnostics)
	}
	value, err := opened.Result.Unmarshal(kind)
	must(p.t, err)
	result = map[string]string{}
	for name, attribute := range attributes(p.t, value) {
		if attribute.Type().Is(tftypes.String) && attribute.IsKnown() && !attribute.IsNull() {
			var text string
			must(p.t, attribute.As(&text))
			result[name] = text
		}
	}
	return result, diagnostics(opened.Diagnostics)
}
