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
	if !reflect.DeepEqual(found, ours) {
		got, err := json.Marshal(found)
		t.Errorf("the shape of the provider that does nothing is\n%s, %v, want\n%s", got, err, text)
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
