package plugin

import (
	"reflect"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/provider"
)

// Every call gets the schema, the first one and those that find it taken.
func TestPreparedSchema(t *testing.T) {
	schema := func(s server) *tfprotov6.GetProviderSchemaResponse {
		t.Helper()
		found, err := s.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
		if err != nil || len(found.ResourceSchemas) == 0 {
			t.Fatalf("%d resources: %v", len(found.ResourceSchemas), err)
		}
		return found
	}
	want, prepared := schema(newServer(provider.New("test"))), prepare(newServer(provider.New("test")))
	for range 3 {
		if !reflect.DeepEqual(want, schema(prepared)) {
			t.Fatal("the schema is another one")
		}
	}
}

// The provider may be configured while the schema is still made: a client that knows the
// schema does not wait for it.
func TestConfiguredBeforeTheSchema(t *testing.T) {
	config, err := tfprotov6.NewDynamicValue(tftypes.DynamicPseudoType, tftypes.NewValue(tftypes.DynamicPseudoType, nil))
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if _, err := prepare(newServer(provider.New("test"))).ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{Config: &config}); err != nil {
			t.Fatal(err)
		}
	}
}
