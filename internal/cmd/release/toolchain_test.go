package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// The workflows install the Go that go.mod names, and the tools need no other one.
func TestOneToolchain(t *testing.T) {
	named := map[string]string{}
	for _, dir := range []string{".", "tools", "tools/goreleaser", "tools/opentofu", "tools/temporal"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "..", dir, "go.mod"))
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(`(?m)^toolchain (go1\.\d+\.\d+)$`).FindSubmatch(text)
		if found == nil {
			t.Fatalf("%s/go.mod names no toolchain", dir)
		}
		named[string(found[1])] = dir
	}
	if len(named) != 1 {
		t.Errorf("these toolchains are named: %v", named)
	}
}
