// Package terraformcli runs a real terraform or tofu with the provider of this
// checkout. What it runs sees nothing of the user's setup and downloads nothing.
package terraformcli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/hashicorp/go-version"
	install "github.com/hashicorp/hc-install"
	"github.com/hashicorp/hc-install/product"
	"github.com/hashicorp/hc-install/releases"
	"github.com/hashicorp/hc-install/src"
	"github.com/hashicorp/terraform-exec/tfexec"
)

// Minimum is the oldest Terraform and OpenTofu that the provider works with.
const Minimum = "1.11.0"

// Binary is the name of the provider's binary.
const Binary = "terraform-provider-signal"

const module = "github.com/terraform-provider-signal/terraform-provider-signal"

// Find returns the path of the first of the named commands on PATH that is not
// older than Minimum, and its version. The error says of each what is wrong with it.
func Find(ctx context.Context, names ...string) (path, release string, err error) {
	var wrong []error
	for _, name := range names {
		path, err := exec.LookPath(name)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s is not on PATH", name))
			continue
		}
		found, err := versionOf(ctx, path)
		switch {
		case err != nil:
			wrong = append(wrong, fmt.Errorf("%s does not tell its version: %w", path, err))
		case found.LessThan(version.Must(version.NewVersion(Minimum))):
			wrong = append(wrong, fmt.Errorf("%s is version %s, and %s is needed", path, found, Minimum))
		default:
			return path, found.String(), nil
		}
	}
	return "", "", errors.Join(wrong...)
}

func versionOf(ctx context.Context, path string) (*version.Version, error) {
	terraform, err := tfexec.NewTerraform(os.TempDir(), path)
	if err != nil {
		return nil, err
	}
	if err := terraform.SetEnv(environment(os.TempDir())); err != nil {
		return nil, err
	}
	found, _, err := terraform.Version(ctx, true)
	if err != nil {
		return nil, err
	}
	// A release candidate of the oldest version is new enough.
	return found.Core(), nil
}

// Install downloads the newest Terraform into dir and returns its path.
func Install(ctx context.Context, dir string) (path string, err error) {
	return install.NewInstaller().Install(ctx, []src.Installable{&releases.LatestVersion{
		Product:     product.Terraform,
		Constraints: version.MustConstraints(version.NewConstraint(">= " + Minimum)),
		InstallDir:  dir,
		Timeout:     5 * time.Minute,
	}})
}

// Build builds the provider of the module in the working directory into dir.
func Build(ctx context.Context, dir string) error {
	binary := filepath.Join(dir, Binary)
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	build := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", binary, module)
	if said, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(build.Args, " "), err, said)
	}
	return nil
}

// Open returns the CLI at path, working in dir with the provider that Build has
// put into providerDir. Its configuration and data stay inside dir. It needs no
// init. The environment given is added to its own.
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

// Use has the CLI that works in dir start the provider in providerDir.
func Use(dir, providerDir string) error {
	// Without any other installation method nothing can be downloaded.
	rc := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    %q = %q\n  }\n}\n",
		"terraform-provider-signal/signal", filepath.ToSlash(providerDir))
	return os.WriteFile(filepath.Join(dir, rcFile), []byte(rc), 0o600)
}

const rcFile = ".terraformrc"

// environment is made from nothing, so that no variable of the user's can get in.
func environment(dir string) map[string]string {
	env := map[string]string{
		"HOME":                      dir,
		"USERPROFILE":               dir,
		"TF_CLI_CONFIG_FILE":        filepath.Join(dir, rcFile),
		"TF_DATA_DIR":               filepath.Join(dir, ".terraform"),
		"CHECKPOINT_DISABLE":        "1",
		"AWS_EC2_METADATA_DISABLED": "true",
	}
	for _, name := range []string{"PATH", "TMPDIR", "TMP", "TEMP", "SYSTEMROOT"} {
		if value, set := os.LookupEnv(name); set {
			env[name] = value
		}
	}
	return env
}
