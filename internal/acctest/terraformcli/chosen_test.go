package terraformcli

import (
	"path/filepath"
	"strings"
	"testing"
)

// Without names, the terraform that the user has chosen is used, or none.
func TestChosenCLI(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "tofu")
	t.Setenv("TF_ACC_TERRAFORM_PATH", nowhere)
	if found, err := Find(t.Context()); err == nil || !strings.Contains(err.Error(), nowhere) {
		t.Errorf("found %s, %v", found.Path, err)
	}
}
