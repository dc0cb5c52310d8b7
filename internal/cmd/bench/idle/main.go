// Command idle is a provider that does nothing, so an apply with it takes the time of
// Terraform and the plugin framework. It has the schema of the real provider, without
// validators and plan modifiers, and is served in the same way.
package main

import (
	"context"
	"fmt"
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
		resp.Schema.Attributes[name] = bare(attribute)
	}
}

// bare returns an attribute without validators and plan modifiers.
func bare(attribute schema.Attribute) schema.Attribute {
	plain := reflect.New(reflect.TypeOf(attribute)).Elem()
	plain.Set(reflect.ValueOf(attribute))
	for _, name := range []string{"Validators", "PlanModifiers", "Default"} {
		if field := plain.FieldByName(name); field.IsValid() {
			field.SetZero()
		}
	}
	return plain.Interface().(schema.Attribute)
}

// made replaces an unknown string. It is as long as the average value that the real
// provider records, because Terraform's work grows with the state.
const made = "000000000000000000"

// Create sets values for unknown attributes.
func (r idleResource) Create(_ context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
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

func (idleResource) Read(context.Context, resource.ReadRequest, *resource.ReadResponse) {}
