package provider_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

var actionBlock = regexp.MustCompile(`(?m)^action "`)

// Every example is what it says it is, to the terraform at hand. Those of a
// resource leave the provider to the reader's own configuration.
func TestAccExamplesAreValid(t *testing.T) {
	t.Parallel()
	s := acctest.Sandbox(t, sandbox.Options{})
	folders := map[string]string{}
	err := filepath.WalkDir(filepath.Join("..", "..", "examples"), func(path string, _ os.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".tf" {
			folders[filepath.Dir(path)] += contents(t, path)
		}
		return err
	})
	must(t, err)
	if len(folders) < 10 {
		t.Fatalf("found examples only in %v", folders)
	}
	for dir, text := range folders {
		t.Run(filepath.ToSlash(dir[strings.Index(dir, "examples"):]), func(t *testing.T) {
			t.Parallel()
			w := acctest.Bare(t, nil)
			if !strings.Contains(text, "required_providers") {
				w = acctest.Terraform(t, s)
			}
			if actionBlock.MatchString(text) && !w.HasActions() {
				t.Skip("these are action blocks, which are new in Terraform 1.14 and unknown to OpenTofu")
			}
			w.Example(dir)
			found, err := w.Validate(t.Context())
			must(t, err)
			for _, d := range found.Diagnostics {
				if d.Summary != "Provider development overrides are in effect" {
					t.Errorf("%s: %s: %s", d.Severity, d.Summary, d.Detail)
				}
			}
		})
	}
}
