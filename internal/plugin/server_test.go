package plugin_test

import (
	"context"
	"runtime"
	"testing"
	"weak"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/plugin"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/provider"
)

// The values of a call's context, such as its logger, are garbage after the call.
func TestServerKeepsNoContext(t *testing.T) {
	server := plugin.Server(provider.New("test"))
	schema, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	const name = "signal_automation"
	null, err := tfprotov6.NewDynamicValue(schema.ResourceSchemas[name].ValueType(), tftypes.NewValue(schema.ResourceSchemas[name].ValueType(), nil))
	if err != nil {
		t.Fatal(err)
	}
	for call, do := range map[string]func(context.Context) error{
		"ValidateResourceConfig": func(ctx context.Context) error {
			_, err := server.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{TypeName: name, Config: &null})
			return err
		},
		"UpgradeResourceState": func(ctx context.Context) error {
			_, err := server.UpgradeResourceState(ctx, &tfprotov6.UpgradeResourceStateRequest{TypeName: name, RawState: &tfprotov6.RawState{JSON: []byte(`{}`)}})
			return err
		},
		"ReadResource": func(ctx context.Context) error {
			_, err := server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{TypeName: name, CurrentState: &null})
			return err
		},
		"PlanResourceChange": func(ctx context.Context) error {
			_, err := server.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{TypeName: name, PriorState: &null, ProposedNewState: &null, Config: &null})
			return err
		},
		"ApplyResourceChange": func(ctx context.Context) error {
			_, err := server.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{TypeName: name, PriorState: &null, PlannedState: &null, Config: &null})
			return err
		},
	} {
		type key struct{}
		kept := func() weak.Pointer[[1 << 20]byte] {
			held := new([1 << 20]byte)
			ctx, cancel := context.WithCancel(context.WithValue(context.Background(), key{}, held))
			defer cancel()
			if err := do(ctx); err != nil {
				t.Error(err)
			}
			return weak.Make(held)
		}()
		runtime.GC()
		if kept.Value() != nil {
			t.Errorf("what the context of %s held is still there", call)
		}
	}
	runtime.KeepAlive(server)
}

// The framework's server has optional methods, and this one has them too.
func TestServerOffersActions(t *testing.T) {
	if _, ok := plugin.Server(provider.New("test")).(tfprotov6.ActionServer); !ok {
		t.Error("the server has no actions")
	}
}
