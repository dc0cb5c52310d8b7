package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/checkout"
)

// The provider is small when it is built as .goreleaser.yml says. If this fails, build it
// without "-s -w": "go tool nm -size -sort size" then shows what it consists of.
func TestProviderIsSmall(t *testing.T) {
	binary := filepath.Join(t.TempDir(), project)
	for name, value := range map[string]string{"CGO_ENABLED": "0", "GOOS": limited[0], "GOARCH": limited[1]} {
		t.Setenv(name, value)
	}
	if err := checkout.Build(t.Context(), ".", ".", binary, checkout.ReleaseFlags...); err != nil {
		t.Fatal(err)
	}
	file, err := os.Stat(binary)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes", file.Size())
	if file.Size() > int64(largest) {
		t.Errorf("the provider has %d bytes, want at most %d", file.Size(), largest)
	}
}
