// Command idle is a provider that does nothing: what it costs is what Terraform and the plugin framework cost. It is
// served as the real one is. Its schema has the shape that the file named by BENCH_SHAPE holds, and is empty without one.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	providerschema "github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cmd/bench/shape"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/plugin"
)

func main() {
	debug := flag.Bool("debug", false, "serve for a caller that attaches to it")
	flag.Parse()
	idle, err := load(os.Getenv("BENCH_SHAPE"))
	if err == nil {
		err = plugin.Serve("registry.terraform.io/terraform-provider-signal/signal", func() provider.Provider { return idle }, *debug)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func load(file string) (*idleProvider, error) {
	idle := &idleProvider{}
	if file == "" {
		return idle, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return idle, json.Unmarshal(text, &idle.shape)
}

type idleProvider struct{ shape shape.Provider }

func (p *idleProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "signal"
}

func (p *idleProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema.Attributes, resp.Schema.Blocks = providerBlock(p.shape.Provider)
}

// providerBlock is what a block of the provider holds.
func providerBlock(block shape.Block) (map[string]providerschema.Attribute, map[string]providerschema.Block) {
	attributes, blocks := map[string]providerschema.Attribute{}, map[string]providerschema.Block{}
	for name, a := range block {
		switch inner, innerBlocks := providerBlock(a.Nested); {
		case a.Nested != nil && a.List:
			blocks[name] = providerschema.ListNestedBlock{NestedObject: providerschema.NestedBlockObject{Attributes: inner, Blocks: innerBlocks}}
		case a.Nested != nil:
			blocks[name] = providerschema.SingleNestedBlock{Attributes: inner, Blocks: innerBlocks}
		case a.Type == "bool":
			attributes[name] = providerschema.BoolAttribute{Sensitive: a.Sensitive, Optional: a.Optional, Required: a.Required}
		case a.Type == "number":
			attributes[name] = providerschema.NumberAttribute{Sensitive: a.Sensitive, Optional: a.Optional, Required: a.Required}
		case strings.HasPrefix(a.Type, "list("):
			attributes[name] = providerschema.ListAttribute{ElementType: element(a.Type), Sensitive: a.Sensitive, Optional: a.Optional, Required: a.Required}
		case strings.HasPrefix(a.Type, "map("):
			attributes[name] = providerschema.MapAttribute{ElementType: element(a.Type), Sensitive: a.Sensitive, Optional: a.Optional, Required: a.Required}
		default:
			attributes[name] = providerschema.StringAttribute{Sensitive: a.Sensitive, Optional: a.Optional, Required: a.Required}
		}
	}
	return attributes, blocks
}

func (p *idleProvider) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {
}

func (p *idleProvider) DataSources(context.Context) []func() datasource.DataSource { return nil }

func (p *idleProvider) Resources(context.Context) []func() resource.Resource {
	var resources []func() resource.Resource
	for name, block := range p.shape.Resources {
		resources = append(resources, func() resource.Resource { return &idleResource{name, block} })
	}
	return resources
}

type idleResource struct {
	name  string
	block shape.Block
}

func (r *idleResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = r.name
}

func (r *idleResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema.Attributes, resp.Schema.Blocks = resourceBlock(r.block)
}

// resourceBlock is what a block of a resource holds.
func resourceBlock(block shape.Block) (map[string]schema.Attribute, map[string]schema.Block) {
	found, blocks := map[string]schema.Attribute{}, map[string]schema.Block{}
	for name, a := range block {
		switch inner, innerBlocks := resourceBlock(a.Nested); {
		case a.Nested != nil && a.List:
			blocks[name] = schema.ListNestedBlock{NestedObject: schema.NestedBlockObject{Attributes: inner, Blocks: innerBlocks}}
		case a.Nested != nil:
			blocks[name] = schema.SingleNestedBlock{Attributes: inner, Blocks: innerBlocks}
		case a.Type == "bool":
			found[name] = schema.BoolAttribute{Sensitive: a.Sensitive, Optional: a.Optional, Required: a.Required, Computed: a.Computed, WriteOnly: a.WriteOnly}
		case a.Type == "number":
			found[name] = schema.NumberAttribute{Sensitive: a.Sensitive, Optional: a.Optional, Required: a.Required, Computed: a.Computed, WriteOnly: a.WriteOnly}
		case strings.HasPrefix(a.Type, "list("):
			found[name] = schema.ListAttribute{ElementType: element(a.Type), Sensitive: a.Sensitive, Optional: a.Optional, Required: a.Required, Computed: a.Computed, WriteOnly: a.WriteOnly}
		case strings.HasPrefix(a.Type, "set("):
			found[name] = schema.SetAttribute{ElementType: element(a.Type), Sensitive: a.Sensitive, Optional: a.Optional, Required: a.Required, Computed: a.Computed}
		case strings.HasPrefix(a.Type, "map("):
			found[name] = schema.MapAttribute{ElementType: element(a.Type), Sensitive: a.Sensitive, Optional: a.Optional, Required: a.Required, Computed: a.Computed, WriteOnly: a.WriteOnly}
		default:
			found[name] = schema.StringAttribute{Sensitive: a.Sensitive, Optional: a.Optional, Required: a.Required, Computed: a.Computed, WriteOnly: a.WriteOnly}
		}
	}
	return found, blocks
}

// element is the type of the elements of a list, set or map.
func element(collection string) attr.Type {
	kind := strings.TrimSuffix(collection[strings.Index(collection, "(")+1:], ")")
	switch {
	case kind == "bool":
		return types.BoolType
	case kind == "number":
		return types.NumberType
	case strings.HasPrefix(kind, "list("):
		return types.ListType{ElemType: element(kind)}
	case strings.HasPrefix(kind, "set("):
		return types.SetType{ElemType: element(kind)}
	case strings.HasPrefix(kind, "map("):
		return types.MapType{ElemType: element(kind)}
	default:
		return types.StringType
	}
}

// made is what an unknown string becomes: as long as what the real one records is on average, because Terraform's work
// grows with what a state holds.
const made = "000000000000000000"

// Create makes up what is not known.
func (r *idleResource) Create(_ context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	raw, err := tftypes.Transform(req.Plan.Raw, func(_ *tftypes.AttributePath, v tftypes.Value) (tftypes.Value, error) {
		switch {
		case v.IsKnown():
			return v, nil
		case v.Type().Is(tftypes.String):
			return tftypes.NewValue(v.Type(), made), nil
		default:
			return tftypes.NewValue(v.Type(), nil), nil
		}
	})
	if err != nil {
		resp.Diagnostics.AddError("State Not Written", fmt.Sprint(err))
	}
	resp.State.Raw = raw
}

func (r *idleResource) Read(context.Context, resource.ReadRequest, *resource.ReadResponse) {}

func (r *idleResource) Update(_ context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	resp.State.Raw = req.Plan.Raw
}

func (r *idleResource) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}
