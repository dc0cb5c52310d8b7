// Package terraformcli runs a real terraform or tofu with the provider of this checkout.
// The command uses no setting of the user and downloads nothing.
package terraformcli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/hashicorp/go-version"
	install "github.com/hashicorp/hc-install"
	"github.com/hashicorp/hc-install/product"
	"github.com/hashicorp/hc-install/releases"
	"github.com/hashicorp/hc-install/src"
	"github.com/hashicorp/terraform-exec/tfexec"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/checkout"
)

// Minimum is the oldest version of Terraform and OpenTofu that the provider supports.
const Minimum = "1.11.0"

// Binary is the name of the provider's binary.
const Binary = "terraform-provider-signal"

// CLI is a terraform or tofu.
type CLI struct {
	Path string
	// Name is the name of the engine: Terraform or OpenTofu.
	Name    string
	Version *version.Version
}

// The names of the engines.
const (
	Terraform = "Terraform"
	OpenTofu  = "OpenTofu"
)

// String returns, for example, "OpenTofu 1.12.6".
func (c CLI) String() string { return c.Name + " " + c.Version.String() }

// AtLeast reports whether the CLI is this engine, in this release or a newer one. A release
// candidate counts as its release.
func (c CLI) AtLeast(name, release string) bool {
	return c.Name == name && c.Version.Core().GreaterThanOrEqual(version.Must(version.NewVersion(release)))
}

// LosesState reports whether the CLI is a release that can lose the whole state
// when a resource fails with a state to save (terraform#39283).
func (c CLI) LosesState() bool {
	return c.AtLeast(Terraform, "1.16.0") && !c.AtLeast(Terraform, "1.16.5")
}

// Env returns the variables with which terraform-plugin-testing uses the CLI.
func (c CLI) Env() map[string]string {
	host := "registry.terraform.io"
	if c.Name == OpenTofu {
		host = "registry.opentofu.org"
	}
	return map[string]string{"TF_ACC_TERRAFORM_PATH": c.Path, "TF_ACC_PROVIDER_HOST": host}
}

// Find returns the first of the named commands, on PATH or at a path, that is not older
// than Minimum. Without names it is the one at TF_ACC_TERRAFORM_PATH or, if that is not set,
// terraform or tofu. The error says what is wrong with each of them.
func Find(ctx context.Context, names ...string) (CLI, error) {
	if told := os.Getenv("TF_ACC_TERRAFORM_PATH"); len(names) == 0 && told != "" {
		names = []string{told}
	} else if len(names) == 0 {
		names = []string{"terraform", "tofu"}
	}
	var wrong []error
	for _, name := range names {
		path, err := exec.LookPath(name)
		if err == nil {
			// Commands run in other folders.
			path, err = filepath.Abs(path)
		}
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		found, err := ask(ctx, path)
		switch {
		case err != nil:
			wrong = append(wrong, fmt.Errorf("%s does not tell its version: %w", path, err))
		case found.Version.Core().LessThan(version.Must(version.NewVersion(Minimum))):
			wrong = append(wrong, fmt.Errorf("%s is version %s, and %s is needed", path, found.Version, Minimum))
		default:
			return found, nil
		}
	}
	return CLI{}, errors.Join(wrong...)
}

// ask reads the version of a CLI, in the environment that Open also uses.
func ask(ctx context.Context, path string) (CLI, error) {
	dir, err := os.MkdirTemp("", "terraformcli")
	if err != nil {
		return CLI{}, err
	}
	defer os.RemoveAll(dir)
	if err := Use(dir, dir); err != nil {
		return CLI{}, err
	}
	said, err := Command(ctx, dir, path, nil, "version").CombinedOutput()
	if err != nil {
		return CLI{}, fmt.Errorf("%w\n%s", err, said)
	}
	return parse(path, string(said))
}

var banner = regexp.MustCompile(`(?m)^(Terraform|OpenTofu) v(\S+)\s*$`)

// parse finds the version in the output of the version command, and ignores other text.
func parse(path, said string) (CLI, error) {
	found := banner.FindStringSubmatch(said)
	if found == nil {
		return CLI{}, fmt.Errorf("it says %q", said)
	}
	release, err := version.NewVersion(found[2])
	return CLI{Path: path, Name: found[1], Version: release}, err
}

// Get returns the CLI that Find finds. If TF_ACC_TERRAFORM_PATH is not set and nothing is on
// PATH, it uses the one that an earlier call has put into dir, otherwise installs Terraform
// there, otherwise builds OpenTofu there. It calls say before it does something that takes
// long.
func Get(ctx context.Context, dir string, say func(format string, a ...any)) (CLI, error) {
	found, err := Find(ctx)
	if err == nil || ctx.Err() != nil || os.Getenv("TF_ACC_TERRAFORM_PATH") != "" {
		return found, errors.Join(err, ctx.Err())
	}
	say("%s.", strings.ReplaceAll(err.Error(), "\n", ", "))
	if earlier, err := Find(ctx, filepath.Join(dir, checkout.Executable("terraform")), filepath.Join(dir, checkout.Executable("tofu"))); err == nil {
		return earlier, nil
	}
	say("Downloading Terraform into %s.", dir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return CLI{}, err
	}
	path, err := install.NewInstaller().Install(ctx, []src.Installable{&releases.LatestVersion{
		Product:     product.Terraform,
		Constraints: version.MustConstraints(version.NewConstraint(">= " + Minimum)),
		InstallDir:  dir,
		Timeout:     5 * time.Minute,
	}})
	if err == nil {
		return Find(ctx, path)
	}
	if ctx.Err() != nil {
		return CLI{}, ctx.Err()
	}
	say("Terraform could not be downloaded: %s.", err)
	found, err = BuildOpenTofu(ctx, dir, say)
	if err != nil {
		return CLI{}, fmt.Errorf("%w\nInstall Terraform %s or newer (https://developer.hashicorp.com/terraform/install) "+
			"or OpenTofu (https://opentofu.org/docs/intro/install/), put it on PATH, and run this again", err, Minimum)
	}
	return found, nil
}

// BuildOpenTofu builds the OpenTofu in tools/opentofu/go.mod into dir.
func BuildOpenTofu(ctx context.Context, dir string, say func(format string, a ...any)) (CLI, error) {
	const module = "github.com/opentofu/opentofu"
	path := filepath.Join(dir, checkout.Executable("tofu"))
	say("Building OpenTofu from its Go module: some four minutes the first time, seconds once Go has it in its cache.")
	if err := checkout.Build(ctx, "tools/opentofu", module+"/cmd/tofu", path, "-ldflags", "-s -w -X "+module+"/version.dev=no"); err != nil {
		return CLI{}, err
	}
	return Find(ctx, path)
}

// Build builds the provider into dir.
func Build(ctx context.Context, dir string) error {
	return checkout.Build(ctx, ".", ".", filepath.Join(dir, checkout.Executable(Binary)))
}

// Open returns the CLI at path, which works in dir with the provider that Build has put
// into providerDir. Its configuration and data stay in dir. It needs no init. env is added
// to its environment.
func Open(dir, path, providerDir string, env map[string]string) (*tfexec.Terraform, error) {
	if err := Use(dir, providerDir); err != nil {
		return nil, err
	}
	terraform, err := tfexec.NewTerraform(dir, path)
	if err != nil {
		return nil, err
	}
	all := environment(dir)
	maps.Copy(all, env)
	return terraform, terraform.SetEnv(all)
}

// Command returns a command of the CLI at path, which works in dir as that of Open does. It
// is for options that tfexec does not have.
func Command(ctx context.Context, dir, path string, env map[string]string, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, path, args...)
	command.Dir = dir
	all := environment(dir)
	maps.Copy(all, env)
	for name, value := range all {
		command.Env = append(command.Env, name+"="+value)
	}
	return command
}

// JSON returns the JSON objects in the output of a CLI, each of which begins a line. It
// leaves out what the CLI prints around them, such as warnings of OpenTofu.
func JSON(said string) (objects []json.RawMessage) {
	for said != "" {
		var object json.RawMessage
		if decoder := json.NewDecoder(strings.NewReader(said)); said[0] == '{' && decoder.Decode(&object) == nil {
			objects = append(objects, object)
			said = said[decoder.InputOffset():]
		}
		_, said, _ = strings.Cut(said, "\n")
	}
	return objects
}

// Use makes the CLI in dir start the provider in providerDir.
func Use(dir, providerDir string) error {
	// Without another installation method, nothing can be downloaded.
	rc := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    %q = %q\n  }\n}\n",
		"terraform-provider-signal/signal", filepath.ToSlash(providerDir))
	return os.WriteFile(filepath.Join(dir, rcFile), []byte(rc), 0o600)
}

const rcFile = ".terraformrc"

// environment does not contain any variable of the user.
func environment(dir string) map[string]string {
	env := map[string]string{
		"HOME":                      dir,
		"USERPROFILE":               dir,
		"TF_CLI_CONFIG_FILE":        filepath.Join(dir, rcFile),
		"TF_DATA_DIR":               filepath.Join(dir, ".terraform"),
		"CHECKPOINT_DISABLE":        "1",
		"AWS_EC2_METADATA_DISABLED": "true",
		// Only this machine can be reached, because no server listens on this port.
		"HTTP_PROXY":  "http://127.0.0.1:9",
		"HTTPS_PROXY": "http://127.0.0.1:9",
		"NO_PROXY":    "127.0.0.1,localhost,::1",
	}
	for _, name := range []string{"PATH", "TMPDIR", "TMP", "TEMP", "SYSTEMROOT", "GOGC"} {
		if value, set := os.LookupEnv(name); set {
			env[name] = value
		}
	}
	return env
}
