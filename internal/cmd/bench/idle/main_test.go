package main

import (
	"reflect"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	signal "github.com/terraform-provider-signal/terraform-provider-signal/internal/provider"
)

// The provider that does nothing has the same schema as the real one, and plans nothing by
// itself.
func TestIdleLooksLikeTheProvider(t *testing.T) {
	signals, err := providerserver.NewProtocol6(signal.New("test")())().GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	idle, err := providerserver.NewProtocol6(newIdle())().GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if len(signals.ResourceSchemas) < 5 || !reflect.DeepEqual(idle.Provider, signals.Provider) {
		t.Errorf("of %d resources, the provider blocks are alike: %t", len(signals.ResourceSchemas), reflect.DeepEqual(idle.Provider, signals.Provider))
	}
	for name, want := range signals.ResourceSchemas {
		// Identities are not part of a schema. A job has one here, and not there.
		if !reflect.DeepEqual(idle.ResourceSchemas[name], want) {
			t.Errorf("%s is different:\n%v\n%v", name, idle.ResourceSchemas[name], want)
		}
	}
}
