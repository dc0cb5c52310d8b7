package acctest

import (
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Listed is a resource that the provider has found.
type Listed struct {
	DisplayName string
	// Identity is the resource's identity, attribute by attribute.
	Identity map[string]string
	// Resource is the resource with its identity, as Terraform would import it; nil unless
	// include is set.
	Resource *Resource
}

// List validates and evaluates a list block.
func (p *Provider) List(name string, config Values, include bool, limit int64) (found []Listed, diags Diagnostics) {
	p.t.Helper()
	diags, err := p.Check("list", name, func(tftypes.Object) Values { return config })
	must(p.t, err)
	if diags.HasError() {
		return nil, diags
	}
	server := p.server.(tfprotov6.ListResourceServer)
	stream, err := server.ListResource(p.t.Context(), &tfprotov6.ListResourceRequest{
		TypeName: name, Config: dynamic(p.t, p.schema.ListResourceSchemas[name].ValueType(), map[string]any(config)), IncludeResource: include, Limit: limit,
	})
	must(p.t, err)
	for result := range stream.Results {
		diags = append(diags, diagnostics(result.Diagnostics)...)
		if result.Identity == nil {
			continue
		}
		r := p.Resource(name)
		r.identity = result.Identity
		one := Listed{DisplayName: result.DisplayName, Identity: r.Identity()}
		if include {
			r.State, err = result.Resource.Unmarshal(r.kind)
			must(p.t, err)
			one.Resource = r
		}
		found = append(found, one)
	}
	return found, diags
}
