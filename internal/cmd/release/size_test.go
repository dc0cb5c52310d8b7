package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The provider is small when it is built as .goreleaser.yml says. If this fails, build it
// without "-s -w": "go tool nm -size -sort size" then shows what it consists of.
func TestProviderIsSmall(t *testing.T) {
	binary := filepath.Join(t.TempDir(), project)
	build := exec.CommandContext(t.Context(), "go", "build", "-C", filepath.Join("..", "..", ".."), "-trimpath", "-tags=grpcnotrace", "-buildvcs=false", "-ldflags=-s -w", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+limited[0], "GOARCH="+limited[1])
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s\n%s", err, said)
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
