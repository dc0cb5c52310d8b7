package acctest

import (
	"cmp"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/go-version"
	"github.com/hashicorp/terraform-exec/tfexec"
	tfjson "github.com/hashicorp/terraform-json"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/terraformcli"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// Workspace is a real terraform in a directory of its own, with the provider
// built from this checkout. Errors carry what terraform wrote to standard
// error; what it wrote to standard output is in the test's log.
type Workspace struct {
	*tfexec.Terraform
	t testing.TB
}

// Terraform returns a workspace whose provider block is Block for the sandbox.
func Terraform(t testing.TB, s *sandbox.Sandbox) *Workspace {
	t.Helper()
	return TerraformAt(t, s.URL())
}

// TerraformAt returns a workspace whose provider block is Block for a server at url.
func TerraformAt(t testing.TB, url string) *Workspace {
	t.Helper()
	w := Bare(t, nil)
	block, err := json.Marshal(map[string]any{
		"terraform": map[string]any{"required_providers": map[string]any{"signal": map[string]any{"source": "terraform-provider-signal/signal"}}},
		"provider":  map[string]any{"signal": Block(url)},
	})
	must(t, err)
	w.WriteFile("provider.tf.json", string(block))
	return w
}

// Bare returns a workspace without any configuration. The environment is
// terraform's, and so the provider's, beside what every workspace has.
func Bare(t testing.TB, env map[string]string) *Workspace {
	t.Helper()
	path, err := built()
	must(t, err)
	terraform, err := terraformcli.Open(t.TempDir(), path, home, env)
	must(t, err)
	terraform.SetStdout(t.Output())
	return &Workspace{Terraform: terraform, t: t}
}

// Example copies the configuration in a folder, such as one of examples/, as it
// is, and returns it.
func (w *Workspace) Example(dir string) Configuration {
	w.t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.tf"))
	must(w.t, err)
	if len(files) == 0 {
		w.t.Fatalf("there is no configuration in %s", dir)
	}
	var all Configuration
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(w.t, err)
		w.WriteFile(filepath.Base(file), string(text))
		all += Configuration(text) + "\n"
	}
	return all
}

// Configuration is the text of one.
type Configuration string

// Configures reports whether there is a block of a type, such as provider.
func (c Configuration) Configures(block string) bool {
	return strings.HasPrefix(string(c), block+" ") || strings.Contains(string(c), "\n"+block+" ")
}

// Variables sets the configuration's variables for all that follows.
func (w *Workspace) Variables(values map[string]string) {
	w.t.Helper()
	text, err := json.Marshal(values)
	must(w.t, err)
	w.WriteFile("terraform.tfvars.json", string(text))
}

// built finds the terraform to test with, and builds the provider into home,
// once per test process.
var built = sync.OnceValues(func() (path string, err error) {
	ctx := context.Background()
	path, _, err = terraformcli.Find(ctx, cmp.Or(os.Getenv("TF_ACC_TERRAFORM_PATH"), "terraform"), "tofu")
	if err != nil {
		return "", err
	}
	return path, terraformcli.Build(ctx, home)
})

// HasActions reports whether this terraform knows action blocks, which are new
// in Terraform 1.14 and unknown to OpenTofu.
func (w *Workspace) HasActions() bool {
	w.t.Helper()
	release, _, err := w.Version(w.t.Context(), true)
	must(w.t, err)
	return !strings.Contains(filepath.Base(w.ExecPath()), "tofu") && release.Core().GreaterThanOrEqual(version.Must(version.NewVersion("1.14.0")))
}

// Write replaces the configuration, all but the provider block.
func (w *Workspace) Write(config string) {
	w.t.Helper()
	w.WriteFile("main.tf", config)
}

// Configure replaces the configuration that is made of values, by resource type and name.
func (w *Workspace) Configure(resources map[string]map[string]Values) {
	w.t.Helper()
	text, err := json.Marshal(map[string]any{"resource": resources})
	must(w.t, err)
	w.WriteFile("main.tf.json", string(text))
}

// WriteFile adds a file to the configuration, or replaces it.
func (w *Workspace) WriteFile(name, text string) {
	w.t.Helper()
	must(w.t, os.WriteFile(filepath.Join(w.WorkingDir(), name), []byte(text), 0o600))
}

// Resources are what the state holds, by address.
func (w *Workspace) Resources() map[string]*tfjson.StateResource {
	w.t.Helper()
	state, err := w.Show(w.t.Context())
	must(w.t, err)
	resources := map[string]*tfjson.StateResource{}
	if state.Values != nil {
		for _, resource := range state.Values.RootModule.Resources {
			resources[resource.Address] = resource
		}
	}
	return resources
}

// Unwrapped is what terraform said in one line, without the frames and line
// breaks that it puts into its errors.
func Unwrapped(err error) string {
	if err == nil {
		return ""
	}
	return strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(err.Error())), " ")
}
