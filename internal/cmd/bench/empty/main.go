// Command empty is a provider without resources, served by the plugin framework. Its start
// takes the time of the framework.
package main

import (
	"context"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

func main() {
	opts := providerserver.ServeOpts{Address: "registry.terraform.io/terraform-provider-signal/signal"}
	if err := providerserver.Serve(context.Background(), func() provider.Provider { return empty{} }, opts); err != nil {
		log.Fatal(err)
	}
}

type empty struct{ provider.Provider }

func (empty) Metadata(context.Context, provider.MetadataRequest, *provider.MetadataResponse) {}
func (empty) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse)       {}
func (empty) DataSources(context.Context) []func() datasource.DataSource                     { return nil }
func (empty) Resources(context.Context) []func() resource.Resource                           { return nil }
