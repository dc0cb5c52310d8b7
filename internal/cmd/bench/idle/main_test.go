package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cmd/bench/shape"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/provider"
)

// The provider that does nothing looks to Terraform as the real one does.
func TestIdleHasTheShapeOfTheProvider(t *testing.T) {
	ours, err := shape.Of(t.Context(), providerserver.NewProtocol6(provider.New("test")())())
	if err != nil {
		t.Fatal(err)
	}
	if len(ours.Resources) < 5 || len(ours.Resources["signal_automation"]) < 10 {
		t.Fatalf("the provider's shape is %+v", ours)
	}
	text, err := json.Marshal(ours)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "shape.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	idle, err := load(file)
	if err != nil {
		t.Fatal(err)
	}
	found, err := shape.Of(t.Context(), providerserver.NewProtocol6(idle)())
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Resources) != len(ours.Resources) {
		t.Errorf("there are %d resources, want %d", len(found.Resources), len(ours.Resources))
	}
	same(t, "provider", found.Provider, ours.Provider)
	for name, block := range ours.Resources {
		same(t, name, found.Resources[name], block)
	}
}

func same(t *testing.T, at string, found, want shape.Block) {
	t.Helper()
	if len(found) != len(want) {
		t.Errorf("%s has %d attributes, want %d", at, len(found), len(want))
	}
	for name, attribute := range want {
		got := found[name]
		same(t, at+"."+name, got.Nested, attribute.Nested)
		got.Nested, attribute.Nested = nil, nil
		if !reflect.DeepEqual(got, attribute) {
			t.Errorf("%s.%s is %+v, want %+v", at, name, got, attribute)
		}
	}
}

func TestIdleIsEmptyWithoutAShape(t *testing.T) {
	idle, err := load("")
	if err != nil {
		t.Fatal(err)
	}
	if found, err := shape.Of(t.Context(), providerserver.NewProtocol6(idle)()); err != nil || len(found.Provider) > 0 || len(found.Resources) > 0 {
		t.Errorf("the shape is %+v, %v", found, err)
	}
}
