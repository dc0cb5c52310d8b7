// Command idle is a provider that does nothing, so an apply with it takes the time of
// Terraform and the plugin framework. It has the schema of the real provider, without
// validators and plan modifiers, and is served in the same way.
package main

import (
	"context"
	"log"
	"reflect"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/plugin"
	signal "github.com/terraform-provider-signal/terraform-provider-signal/internal/provider"
)

func main() {
	if err := plugin.Serve(signal.Address, newIdle, false); err != nil {
		log.Fatal(err)
	}
}

func newIdle() provider.Provider { return &idle{signal.New("bench")()} }

// idle is the real provider with resources that do nothing.
type idle struct{ provider.Provider }

func (idle) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {}

func (p *idle) Resources(ctx context.Context) (resources []func() resource.Resource) {
	for _, ours := range p.Provider.Resources(ctx) {
		resources = append(resources, func() resource.Resource { return idleResource{ours()} })
	}
	return resources
}

// idleResource has the name and the schema of a real resource. It is only created and read.
type idleResource struct{ resource.Resource }

func (r idleResource) Schema(ctx context.Context, req resource.SchemaRequest, resp *resource.SchemaResponse) {
	r.Resource.Schema(ctx, req, resp)
	for name, attribute := range resp.Schema.Attributes {
		bare := reflect.New(reflect.TypeOf(attribute)).Elem()
		bare.Set(reflect.ValueOf(attribute))
		for _, field := range []string{"Validators", "PlanModifiers", "Default"} {
			bare.FieldByName(field).SetZero()
		}
		resp.Schema.Attributes[name] = bare.Interface().(schema.Attribute)
	}
}

// Create sets values for unknown attributes. A string is as long as the average one that the
// real provider records, because Terraform's work grows with the state.
func (idleResource) Create(_ context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	resp.State.Raw, _ = tftypes.Transform(req.Plan.Raw, func(_ *tftypes.AttributePath, v tftypes.Value) (tftypes.Value, error) {
		if v.IsKnown() {
			return v, nil
		}
		if v.Type().Is(tftypes.String) {
			return tftypes.NewValue(v.Type(), "000000000000000000"), nil
		}
		return tftypes.NewValue(v.Type(), nil), nil
	})
}

func (idleResource) Read(context.Context, resource.ReadRequest, *resource.ReadResponse) {}
