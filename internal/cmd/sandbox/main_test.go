package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-exec/tfexec"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/checkout"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

func TestMain(m *testing.M) { os.Exit(acctest.Main(m)) }

var examples = filepath.Join("..", "..", "..", "examples")

// Every example is applied unchanged, with only the settings that the sandbox prints. Each
// of its signals arrives once.
func TestAccExamplesApplyAsTheyAre(t *testing.T) {
	for _, one := range scenarios {
		t.Run(one.Example, func(t *testing.T) {
			t.Parallel()
			s := acctest.Sandbox(t, sandbox.Options{Domains: systems.Domains})
			begin(s, one)
			env := map[string]string{}
			for setting := range strings.FieldsSeq(environment(s.URL(), "", true)) {
				if name, value, is := strings.Cut(setting, "="); is {
					env[name] = value
				}
			}
			w := acctest.Bare(t, env)
			dir := filepath.Join(examples, one.Example)
			alone, err := checkout.StandsAlone(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			if !alone {
				w.WriteFile("provider.tf", block(s.URL(), true))
			}
			var vars []*tfexec.VarOption
			var names []string
			for _, v := range at(one, s.URL()) {
				vars, names = append(vars, tfexec.Var(v.String())), append(names, v.Name)
			}
			w.Example(dir, names...)
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
			signals, atDestroy, waits := 0, 0, 0
			for address, resource := range w.Resources() {
				switch {
				case strings.HasSuffix(resource.Type, "_wait"):
					waits++
					if resource.AttributeValues["target_succeeded"] != true {
						t.Errorf("%s did not come to its end: %v", address, resource.AttributeValues)
					}
				case resource.AttributeValues["when"] == "destroy":
					atDestroy++
				case resource.AttributeValues["trigger_on_apply"] == true:
					signals++
				case resource.AttributeValues["delivery"] != nil:
					signals++
					if got := resource.AttributeValues["delivery"]; got != "SENT" {
						t.Errorf("%s says that its signal is %v", address, got)
					}
				}
			}
			if signals+atDestroy+waits == 0 {
				t.Fatalf("it has no signal and no wait: %v", w.Resources())
			}
			sent := func(want int, when string) {
				t.Helper()
				accepted := 0
				for _, e := range s.RequestLog() {
					if slices.ContainsFunc(systems.All, func(y systems.System) bool { return y.Operation == e.Operation }) {
						accepted++
						if !e.Accepted {
							t.Errorf("refused: %s", e)
						}
					}
				}
				if accepted != want {
					t.Errorf("%s %d signals were sent, want %d: %v", when, accepted, want, s.RequestLog())
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

// unapplied are the examples that no test applies, and why.
var unapplied = map[string]string{
	"configuration/aws":                    "it names a profile and a role of somebody's own",
	"configuration/alicloud":               "it names a role of somebody's own",
	"configuration/cloud_automator":        "it is a provider block alone",
	"configuration/temporal":               "it is a provider block alone",
	"guides/coming-from-local-exec/before": "it runs the aws command line, and is there to be replaced",

	"guides/coming-from-the-vendors-provider/before": withVendors,
	"guides/coming-from-the-vendors-provider/moved":  withVendors,
	"guides/coming-from-the-vendors-provider/import": withVendors,
	"guides/coming-from-the-vendors-provider/kept":   withVendors,
}

const withVendors = "it needs the vendor's provider; internal/provider applies it with a stand-in"

// Every example needs a scenario.
func TestEveryExampleHasAScenario(t *testing.T) {
	var missing []string
	files, err := checkout.Files(t.Context(), examples)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := path.Dir(file)
		if path.Ext(file) != ".tf" || strings.HasPrefix(name, "actions/") || unapplied[name] != "" {
			continue
		}
		if !slices.ContainsFunc(scenarios, func(one scenario) bool { return one.Example == name }) && !slices.Contains(missing, name) {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		t.Errorf("add scenarios for these examples: %q", missing)
	}
}

// The guide names every folder of examples.
func TestTryItLocallyNamesEveryFolder(t *testing.T) {
	files, err := checkout.Files(t.Context(), examples)
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "guides", "try-it-locally.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if folder, _, _ := strings.Cut(file, "/"); !strings.Contains(string(page), "`examples/"+folder) {
			t.Errorf("the guide does not say what examples/%s is for", folder)
		}
	}
}

func TestWhatIsPrinted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(ctx, &out, "127.0.0.1:0", "dev.tfrc"); err != nil {
		t.Fatal(err)
	}
	terraform := engine(t.Context())
	for _, part := range []string{
		"export TF_CLI_CONFIG_FILE=" + delivery.ShellWord(filepath.ToSlash(filepath.Join(here, "dev.tfrc"))) + "\n", "export AWS_ENDPOINT_URL=http://127.0.0.1:", `provider "signal" {`,
		terraform + " -chdir=examples/provider apply -var automation_execution_id=" + id(10) + "\n",
		`-var 'callback={workflow_id="w-0123456789abcdef0",execution_id="` + id(23) + `"}'`,
		"-var trigger_url=http://127.0.0.1:", terraform + " -chdir=examples/demo/automation apply -var endpoint=http://127.0.0.1:",
		"cat > provider.tf <<'EOF'\nterraform {\n", " examples/guides/delivery/ids; do\n",
		terraform + " -chdir=examples/demo/http_trigger apply -var url=http://127.0.0.1:", `"$TRIGGER_URL"`, "-var 'run=sleep 2; echo'",
	} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("%q is not printed:\n%s", part, out.String())
		}
	}
	// The sandbox listens on another port than the default of the examples.
	if regexp.MustCompile(`:4599\b`).MatchString(out.String()) {
		t.Errorf("the port that is the default is printed:\n%s", out.String())
	}
}

// The printed commands run the terraform or tofu that is there.
func TestWhatThePrintedCommandsRun(t *testing.T) {
	installed, dir := acctest.CLI(t).Path, filepath.Join(t.TempDir(), "it's here")
	link := func(name string) string {
		t.Helper()
		path := filepath.Join(dir, checkout.Executable(name))
		if err := errors.Join(os.MkdirAll(dir, 0o755), os.Symlink(installed, path)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	expect := func(want string) {
		t.Helper()
		if got := engine(t.Context()); got != want {
			t.Errorf("they run %s, want %s", got, want)
		}
	}
	t.Setenv("TF_ACC_TERRAFORM_PATH", "")
	t.Setenv("PATH", dir)
	expect("terraform")
	tofu := link("tofu")
	expect("tofu")
	link("terraform")
	expect("terraform")
	t.Setenv("TF_ACC_TERRAFORM_PATH", tofu)
	expect("tofu")
	t.Setenv("PATH", t.TempDir())
	expect(delivery.ShellWord(filepath.ToSlash(tofu)))
}

// If something else listens on the address, the error says so, and what to do. Nothing is
// printed that leads there.
func TestAUsedPort(t *testing.T) {
	used := strings.TrimPrefix(acctest.Sandbox(t, sandbox.Options{}).URL(), "http://")
	var out bytes.Buffer
	err := run(t.Context(), &out, used, "")
	if err == nil || out.Len() > 0 {
		t.Fatalf("it ended with %v, and printed:\n%s", err, out.String())
	}
	for _, part := range []string{used, "another sandbox", "make sandbox ARGS='-addr 127.0.0.1:"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in the error: %s", part, err)
		}
	}
}

// The lines that put a provider block beside the examples do so in a shell.
func TestTheBlockIsPutBesideExamples(t *testing.T) {
	dir, folders := t.TempDir(), []string{"examples/one", "examples/two"}
	for _, folder := range folders {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	want := block("http://127.0.0.1:1", true)
	if said, err := acctest.Shell(t, dir, nil, beside(folders, want)); err != nil {
		t.Fatalf("%s\n%s", err, said)
	}
	for _, folder := range folders {
		if got, err := os.ReadFile(filepath.Join(dir, folder, "provider.tf")); err != nil || string(got) != want {
			t.Errorf("%s: %v\n%s", folder, err, got)
		}
	}
}

// The shell gets the path of the checkout as one word, whatever its name is.
func TestThePathIsQuoted(t *testing.T) {
	if got := environment("http://127.0.0.1:1", "/my folder/it's/dev.tfrc", false); !strings.Contains(got, `export TF_CLI_CONFIG_FILE='/my folder/it'\''s/dev.tfrc'`) {
		t.Error(got)
	}
}

// The test runs the commands of the guide "Try it locally", except the build.
func TestAccTryItLocally(t *testing.T) {
	s := acctest.Sandbox(t, sandbox.Options{Domains: systems.Domains})
	begin(s, scenarios...)
	w := acctest.Bare(t, nil)
	folder := filepath.Join(w.WorkingDir(), "terraform-provider-signal")
	if err := checkout.Copy(t.Context(), examples, filepath.Join(folder, "examples")); err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		says    string
		fails   bool
		signals int
	}{
		{says: ""},
		{says: "Resources: 2 added", signals: 1},
		{says: "Resources: 0 added, 0 changed", signals: 1},
		{says: "drop_after", signals: 1},
		{says: "Outcome of the Signal Unknown", fails: true, signals: 2},
		{says: `"Callbacks":[{`, signals: 2},
		{says: "Resources: 1 added, 0 changed, 0 destroyed", signals: 2},
		{says: `"ID":"`, signals: 2},
	}
	blocks := acctest.Commands(t, filepath.Join("..", "..", "..", "docs", "guides", "try-it-locally.md"))
	if len(blocks) != len(steps)+1 || !strings.HasSuffix(blocks[0], "\nmake sandbox\n") {
		t.Fatalf("the guide has %d blocks of commands, want one to start the sandbox and %d more", len(blocks), len(steps))
	}
	settings := "" // of the first step, for the shell of each other
	for i, step := range steps {
		commands := strings.NewReplacer("http://127.0.0.1:4599", s.URL(), "$OLDPWD/bin/dev.tfrc", delivery.ShellWord(filepath.ToSlash(filepath.Join(w.WorkingDir(), ".terraformrc"))),
			"terraform -chdir", delivery.ShellWord(filepath.ToSlash(w.ExecPath()))+" -chdir").Replace(blocks[i+1])
		said, err := acctest.Shell(t, folder, []string{"HOME=" + w.WorkingDir(), "TF_CLI_ARGS_apply=-auto-approve -no-color"}, settings+commands)
		if i == 0 {
			settings = commands
		}
		if (err != nil) != step.fails || !strings.Contains(said, step.says) {
			t.Fatalf("%s ended with %v, want it to say %q:\n%s", commands, err, step.says, said)
		}
		if got := s.Accepted("SendAutomationSignal") + s.Accepted("SendWorkflowStepState"); got != step.signals {
			t.Errorf("after %s %d signals were sent, want %d", commands, got, step.signals)
		}
	}
}
