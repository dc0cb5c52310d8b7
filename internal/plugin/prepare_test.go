package plugin

import (
	"reflect"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

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
