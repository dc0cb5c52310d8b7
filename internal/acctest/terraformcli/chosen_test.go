package terraformcli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain makes this test binary a CLI, too, that tells its version.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "version" {
		fmt.Fprintln(os.Stdout, "OpenTofu v"+Minimum)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// Without names, the terraform that the user has chosen is used, or none.
func TestChosenCLI(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "tofu")
	t.Setenv("TF_ACC_TERRAFORM_PATH", nowhere)
	if found, err := Find(t.Context()); err == nil || !strings.Contains(err.Error(), nowhere) {
		t.Errorf("found %s, %v", found.Path, err)
	}
}

// The commands of a CLI run in other folders, so its path is absolute.
func TestRelativePath(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Dir(self))
	t.Setenv("TF_ACC_TERRAFORM_PATH", "."+string(filepath.Separator)+filepath.Base(self))
	if found, err := Find(t.Context()); err != nil || !filepath.IsAbs(found.Path) {
		t.Errorf("found %s, %v", found.Path, err)
	}
}
