package provider_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/go-version"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

var (
	actionBlock = regexp.MustCompile(`(?m)^action "`)
	// actionsSince is the first version that knows action blocks.
	actionsSince = version.Must(version.NewVersion("1.14.0"))
)

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
			release, _, err := w.Version(t.Context(), true)
			must(t, err)
			if actionBlock.MatchString(text) && release.Core().LessThan(actionsSince) {
				t.Skipf("these are action blocks, which are new in Terraform %s; this one is %s", actionsSince, release)
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
