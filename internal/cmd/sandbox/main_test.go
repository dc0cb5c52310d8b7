package main

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-exec/tfexec"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

func TestMain(m *testing.M) { os.Exit(acctest.Main(m)) }

var examples = filepath.Join("..", "..", "..", "examples")

// Every example is applied as it stands, with what the sandbox prints and
// nothing else: each of its signals arrives once, and never again.
func TestAccExamplesApplyAsTheyAre(t *testing.T) {
	for _, one := range scenarios {
		t.Run(one.example, func(t *testing.T) {
			t.Parallel()
			s := acctest.Sandbox(t, sandbox.Options{Domains: domains})
			one.start(s)
			env := map[string]string{}
			for setting := range strings.FieldsSeq(environment(s.URL(), "")) {
				if name, value, is := strings.Cut(setting, "="); is {
					env[name] = value
				}
			}
			w := acctest.Bare(t, env)
			if !w.Example(filepath.Join(examples, one.example)).Configures("terraform") {
				w.WriteFile("provider.tf", block(s.URL()))
			}
			var vars []*tfexec.VarOption
			given := one.at(s.URL())
			// The defaults of examples/demo are for the port that the command listens on.
			switch {
			case one.example == "demo/http_trigger":
				given = append(given, variable{"url", s.URL() + "/trigger/sandbox-trigger"})
			case strings.HasPrefix(one.example, "demo/"):
				given = append(given, variable{"endpoint", s.URL()})
			}
			for _, v := range given {
				vars = append(vars, tfexec.Var(v.String()))
			}
			apply := func() {
				t.Helper()
				var options []tfexec.ApplyOption
				for _, v := range vars {
					options = append(options, v)
				}
				if err := w.Apply(t.Context(), options...); err != nil {
					t.Fatal(err)
				}
			}
			apply()
			signals, atDestroy := 0, 0
			for address, resource := range w.Resources() {
				switch {
				case resource.AttributeValues["when"] == "destroy":
					atDestroy++
				case resource.AttributeValues["delivery"] != nil:
					signals++
					if got := resource.AttributeValues["delivery"]; got != "SENT" {
						t.Errorf("%s says that its signal is %v", address, got)
					}
				}
			}
			if signals+atDestroy == 0 {
				t.Fatalf("it has no signal: %v", w.Resources())
			}
			sent := func(want int, when string) {
				t.Helper()
				accepted := 0
				for _, e := range s.Journal() {
					if slices.Contains([]string{"SendAutomationSignal", "SignalWorkflowExecution", "SendWorkflowStepState", "SignalResource", "TriggerJob"}, e.Operation) {
						accepted++
						if !e.Accepted {
							t.Errorf("refused: %s", e)
						}
					}
				}
				if accepted != want {
					t.Errorf("%s %d signals were sent, want %d: %v", when, accepted, want, s.Journal())
				}
			}
			sent(signals, "after an apply")
			apply()
			sent(signals, "after a second apply")
			var options []tfexec.DestroyOption
			for _, v := range vars {
				options = append(options, v)
			}
			if err := w.Destroy(t.Context(), options...); err != nil {
				t.Fatal(err)
			}
			sent(signals+atDestroy, "after a destroy")
		})
	}
}

// Whoever adds an example gives it something to apply against.
func TestEveryExampleHasAScenario(t *testing.T) {
	var missing []string
	err := filepath.WalkDir(examples, func(path string, _ fs.DirEntry, err error) error {
		dir, from := filepath.Split(path)
		name, _ := filepath.Rel(examples, filepath.Clean(dir))
		name = filepath.ToSlash(name)
		if err != nil || filepath.Ext(from) != ".tf" || strings.HasPrefix(name, "actions/") {
			return err
		}
		if !slices.ContainsFunc(scenarios, func(one scenario) bool { return one.example == name }) && !slices.Contains(missing, name) {
			missing = append(missing, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(missing) > 0 {
		t.Errorf("add scenarios for these examples: %q", missing)
	}
}

func TestWhatIsPrinted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	if err := run(ctx, &out, "127.0.0.1:0", "/somewhere/dev.tfrc"); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		"export TF_CLI_CONFIG_FILE=/somewhere/dev.tfrc\n", "export AWS_ENDPOINT_URL=http://127.0.0.1:", `provider "signal" {`,
		"examples/provider  ", "terraform apply -var automation_execution_id=" + id(10) + "\n",
		`-var 'callback={workflow_id="w-0123456789abcdef0",execution_id="` + id(23) + `"}'`,
		"-var trigger_url=http://127.0.0.1:",
	} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("%q is not printed:\n%s", part, out.String())
		}
	}
}
