// Command empty is a provider without resources, served like the real one. Its start takes
// the time of the plugin framework.
package main

import (
	"context"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/plugin"
)

func main() {
	if err := plugin.Serve("registry.terraform.io/terraform-provider-signal/signal", func() provider.Provider { return empty{} }, false); err != nil {
		log.Fatal(err)
	}
}

type empty struct{ provider.Provider }

func (empty) Metadata(context.Context, provider.MetadataRequest, *provider.MetadataResponse) {}
func (empty) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse)       {}
func (empty) DataSources(context.Context) []func() datasource.DataSource                     { return nil }
func (empty) Resources(context.Context) []func() resource.Resource                           { return nil }
