package checkout_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/checkout"
)

// Untracked files are left out, and changed tracked files are used.
func TestOnlyTrackedFiles(t *testing.T) {
	t.Setenv("GIT_INDEX_FILE", filepath.Join(t.TempDir(), "index")) // As in a git hook.
	dir := t.TempDir()
	git := func(args ...string) {
		t.Helper()
		command := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir}, args...)...)
		command.Env = checkout.Environ()
		if said, err := command.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %s\n%s", args, err, said)
		}
	}
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	git("init", "-q")
	for _, name := range []string{"example/main.tf", "example/deep/main.tf", "example/deleted.tf", "example/notes.md"} {
		write(name, "committed")
	}
	git("add", ".")
	write("example/main.tf", "changed")
	write("example/provider.tf", "untracked")
	write("example/terraform.tfstate", "untracked")
	if err := os.Remove(filepath.Join(dir, "example/deleted.tf")); err != nil {
		t.Fatal(err)
	}

	files, err := checkout.Files(t.Context(), filepath.Join(dir, "example"))
	slices.Sort(files)
	if err != nil || !slices.Equal(files, []string{"deep/main.tf", "main.tf", "notes.md"}) {
		t.Errorf("found %v, %v", files, err)
	}
	to := t.TempDir()
	names, err := checkout.Configuration(t.Context(), filepath.Join(dir, "example"), to)
	if err != nil || !slices.Equal(names, []string{"main.tf"}) {
		t.Fatalf("copied %v, %v", names, err)
	}
	if text, err := os.ReadFile(filepath.Join(to, "main.tf")); err != nil || string(text) != "changed" {
		t.Errorf("copied %q, %v", text, err)
	}
	left, err := os.ReadDir(to)
	if err != nil || len(left) != 1 {
		t.Errorf("copied %v, %v", left, err)
	}
	if _, err := checkout.Files(t.Context(), t.TempDir()); err == nil {
		t.Error("a folder outside of a checkout has files")
	}
}
