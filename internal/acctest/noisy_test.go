package acctest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/terraformcli"
)

// noisy is an environment variable with the path of a CLI. If it is set, this test binary
// is that CLI, and prints text before and after what the CLI prints.
const noisy = "SIGNAL_TEST_NOISY"

func TestMain(m *testing.M) {
	path := os.Getenv(noisy)
	if path == "" {
		os.Exit(m.Run())
	}
	fmt.Fprint(os.Stdout, "\nWarning: something about {this} release\n\n{this} is old\n")
	command := exec.CommandContext(context.Background(), path, os.Args[1:]...)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	_ = command.Run()
	fmt.Fprint(os.Stdout, "\n{That} is all.\n")
	os.Exit(command.ProcessState.ExitCode())
}

// A workspace reads JSON also from a CLI that prints something around it.
func TestAccNoisyCLI(t *testing.T) {
	cli, err := terraformcli.Find(t.Context())
	must(t, err)
	self, err := os.Executable()
	must(t, err)
	dir, env := t.TempDir(), map[string]string{noisy: cli.Path}
	opened, err := terraformcli.Open(dir, self, dir, env)
	must(t, err)
	w := &Workspace{Terraform: opened, t: t, env: env}
	w.Write(`resource "terraform_data" "x" { input = "{" }`)
	must(t, w.Apply(t.Context()))
	must(t, w.Do("taint", "terraform_data.x"))
	if x := w.Resources()["terraform_data.x"]; x == nil || !x.Tainted || x.AttributeValues["output"] != "{" {
		t.Errorf("the state has %+v", x)
	}
	var schemas tfjson.ProviderSchemas
	must(t, w.JSON(&schemas, "providers", "schema", "-json"))
	if len(schemas.Schemas) != 1 {
		t.Errorf("the schemas are %v", schemas.Schemas)
	}
	w.Write(`resource "terraform_data" "x" { nonsense = 1 }`)
	if found, err := w.Validate(); err != nil || found.Valid || found.ErrorCount != 1 {
		t.Errorf("found %+v, %v", found, err)
	}
}
