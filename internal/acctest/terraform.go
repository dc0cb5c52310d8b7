package acctest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/terraform-exec/tfexec"
	tfjson "github.com/hashicorp/terraform-json"
	"github.com/zclconf/go-cty/cty"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/checkout"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/terraformcli"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// Workspace runs a real terraform in a separate directory, with the provider built from
// this checkout. Errors contain terraform's standard error; its standard output is in the
// log of the test.
type Workspace struct {
	*tfexec.Terraform
	t   testing.TB
	env map[string]string
	// servers are the URLs that the test has passed to the workspace.
	servers []string
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
	w.servers = append(w.servers, url)
	block, err := json.Marshal(map[string]any{
		"terraform": map[string]any{"required_providers": map[string]any{"signal": map[string]any{"source": "terraform-provider-signal/signal"}}},
		"provider":  map[string]any{"signal": Block(url)},
	})
	must(t, err)
	w.WriteFile("provider.tf.json", string(block))
	return w
}

// Bare returns a workspace without configuration. env is added to the environment of
// terraform and the provider.
func Bare(t testing.TB, env map[string]string) *Workspace {
	t.Helper()
	terraform, err := terraformcli.Open(t.TempDir(), CLI(t).Path, home, env)
	must(t, err)
	terraform.SetStdout(t.Output())
	w := &Workspace{Terraform: terraform, t: t, env: env}
	for _, value := range env {
		if strings.Contains(value, "://") {
			w.servers = append(w.servers, value)
		}
	}
	return w
}

// Example copies the tracked configuration in a folder, such as one of examples/. It fails
// the test if a provider block there, or the url of a resource or an action, names a server
// that the test has not started. given has the names of variables that the test sets itself.
func (w *Workspace) Example(dir string, given ...string) {
	w.t.Helper()
	files, err := checkout.Configuration(w.t.Context(), dir, w.WorkingDir())
	must(w.t, err)
	for i, name := range files {
		files[i] = filepath.Join(w.WorkingDir(), name)
	}
	foreign, err := foreignServers(files, w.servers, given)
	must(w.t, err)
	if len(foreign) > 0 {
		w.t.Fatalf("the configuration in %s leads to %v, and this test has started %v: it might send signals there", dir, foreign, w.servers)
	}
}

// foreignServers returns what in the files is, or may be, a server that is not allowed: in
// provider blocks, and in the url of other blocks. The values of given variables are the
// test's own. Whatever else it cannot resolve, such as a function, may be a server, and so
// may a file in JSON.
func foreignServers(files, allowed, given []string) (foreign []string, err error) {
	var attributes []*hclsyntax.Attribute
	locals := hclsyntax.Attributes{}
	variables := map[string]cty.Value{}
	for _, file := range files {
		if filepath.Ext(file) != ".tf" {
			foreign = append(foreign, filepath.Base(file))
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		parsed, diags := hclsyntax.ParseConfig(text, file, hcl.InitialPos)
		if diags.HasErrors() {
			return nil, diags
		}
		for _, block := range parsed.Body.(*hclsyntax.Body).Blocks {
			switch {
			case slices.Contains([]string{"provider", "resource", "action", "ephemeral", "data"}, block.Type):
				_ = hclsyntax.VisitAll(block.Body, func(node hclsyntax.Node) hcl.Diagnostics {
					if attribute, is := node.(*hclsyntax.Attribute); is && (block.Type == "provider" || attribute.Name == "url") {
						attributes = append(attributes, attribute)
					}
					return nil
				})
			case block.Type == "locals":
				maps.Copy(locals, block.Body.Attributes)
			case block.Type == "variable" && slices.Contains(given, block.Labels[0]):
				variables[block.Labels[0]] = cty.DynamicVal
			case block.Type == "variable":
				if value := block.Body.Attributes["default"]; value != nil {
					variables[block.Labels[0]], _ = value.Expr.Value(nil)
				}
			}
		}
	}
	resolved := map[string]cty.Value{}
	resolve := func(attribute *hclsyntax.Attribute) (cty.Value, bool) {
		value, diags := attribute.Expr.Value(&hcl.EvalContext{Variables: map[string]cty.Value{"var": cty.ObjectVal(variables), "local": cty.ObjectVal(resolved)}})
		return value, !diags.HasErrors()
	}
	for range locals { // One may need all others.
		for name, local := range locals {
			if value, known := resolve(local); known {
				resolved[name] = value
			}
		}
	}
	for _, attribute := range attributes {
		value, known := resolve(attribute)
		if !known {
			foreign = append(foreign, attribute.Name+", which cannot be resolved here")
			continue
		}
		_ = cty.Walk(value, func(_ cty.Path, part cty.Value) (bool, error) {
			if part.IsKnown() && !part.IsNull() && part.Type() == cty.String && leadsElsewhere(attribute.Name, part.AsString(), allowed) {
				foreign = append(foreign, part.AsString())
			}
			return true, nil
		})
	}
	return foreign, nil
}

// leadsElsewhere reports whether the value of an argument is a server that is not allowed.
func leadsElsewhere(argument, value string, allowed []string) bool {
	_, at, isURL := strings.Cut(value, "://")
	if !isURL {
		at = value
	}
	if !isURL && argument != "address" && argument != "url" {
		return false
	}
	return !slices.ContainsFunc(allowed, func(server string) bool {
		_, host, _ := strings.Cut(server, "://")
		return at == host || strings.HasPrefix(at, host+"/")
	})
}

// Variables sets variables of the configuration for all later commands.
func (w *Workspace) Variables(values map[string]string) {
	w.t.Helper()
	text, err := json.Marshal(values)
	must(w.t, err)
	w.WriteFile("terraform.tfvars.json", string(text))
}

// built finds the terraform to test with, which terraform-plugin-testing uses, too, and builds the
// provider into home, once for each test process.
var built = sync.OnceValues(func() (terraformcli.CLI, error) {
	ctx := context.Background()
	cli, err := terraformcli.Find(ctx)
	if err != nil {
		return cli, fmt.Errorf("%w; make test gets one by itself", err)
	}
	for name, value := range cli.Env() {
		if err := os.Setenv(name, value); err != nil {
			return cli, err
		}
	}
	return cli, terraformcli.Build(ctx, home)
})

// CLI returns the terraform or tofu to test with.
func CLI(t testing.TB) terraformcli.CLI {
	t.Helper()
	cli, err := built()
	must(t, err)
	return cli
}

// Run runs a command with options that tfexec does not have, and returns what it said.
func (w *Workspace) Run(args ...string) (string, error) {
	w.t.Helper()
	said, err := terraformcli.Command(w.t.Context(), w.WorkingDir(), w.ExecPath(), w.env, args...).CombinedOutput()
	_, _ = fmt.Fprintf(w.t.Output(), "%s %s: %v\n%s", filepath.Base(w.ExecPath()), strings.Join(args, " "), err, said)
	return string(said), err
}

// Do runs a command as Run does.
func (w *Workspace) Do(args ...string) error {
	w.t.Helper()
	_, err := w.Run(args...)
	return err
}

// JSON runs a command that prints a JSON document, which also has its errors. The functions
// of tfexec that read JSON, or the version, fail if the CLI prints a warning beside it.
func (w *Workspace) JSON(document any, args ...string) error {
	w.t.Helper()
	said, err := w.Run(args...)
	objects := terraformcli.JSON(said)
	if len(objects) == 0 {
		return errors.Join(err, fmt.Errorf("there is no JSON in %q", said))
	}
	return errors.Join(json.Unmarshal(objects[0], document), err)
}

// Validate returns what is wrong with the configuration.
func (w *Workspace) Validate() (found tfjson.ValidateOutput, err error) {
	w.t.Helper()
	err = w.JSON(&found, "validate", "-json")
	if found.FormatVersion != "" {
		err = nil // The command fails if the configuration is wrong.
	}
	return found, err
}

// KeepsState skips a test in which several creations fail with a state to save, in one
// apply, on releases of Terraform that can lose the whole state then, and on no others. A
// creation that fails alone loses nothing, nor does an apply with -parallelism=1.
func KeepsState(t testing.TB) {
	t.Helper()
	if cli := CLI(t); cli.LosesState() {
		t.Skipf("%s can lose the whole state when a creation fails with a state to save while another resource ends (terraform#39283), which 1.16.5 does not", cli)
	}
}

// Write replaces the configuration, except the provider block.
func (w *Workspace) Write(config string) {
	w.t.Helper()
	w.WriteFile("main.tf", config)
}

// Configure replaces the configuration with resources, given as values by type and name.
func (w *Workspace) Configure(resources map[string]map[string]Values) {
	w.t.Helper()
	text, err := json.Marshal(map[string]any{"resource": resources})
	must(w.t, err)
	w.WriteFile("main.tf.json", string(text))
}

// WriteFile adds or replaces a file of the configuration.
func (w *Workspace) WriteFile(name, text string) {
	w.t.Helper()
	must(w.t, os.WriteFile(filepath.Join(w.WorkingDir(), name), []byte(text), 0o600))
}

// Resources returns the resources in the state, by address.
func (w *Workspace) Resources() map[string]*tfjson.StateResource {
	w.t.Helper()
	var state tfjson.State
	state.UseJSONNumber(true)
	must(w.t, w.JSON(&state, "show", "-json"))
	resources := map[string]*tfjson.StateResource{}
	if state.Values != nil {
		for _, resource := range state.Values.RootModule.Resources {
			resources[resource.Address] = resource
		}
	}
	return resources
}

// Unwrapped returns terraform's error in one line, without the frame and line breaks that
// it adds.
func Unwrapped(err error) string {
	if err == nil {
		return ""
	}
	return strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(err.Error())), " ")
}
