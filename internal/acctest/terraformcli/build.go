package terraformcli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/checkout"
)

const terraformModule = "github.com/hashicorp/terraform"

// BuildTerraform builds a release of Terraform, such as "1.16.4", from its Go module into
// dir, as terraform-1.16.4. It has no remote backends, because those are separate modules
// that nobody can download.
func BuildTerraform(ctx context.Context, dir, release string, say func(format string, a ...any)) (CLI, error) {
	path, err := filepath.Abs(filepath.Join(dir, checkout.Executable("terraform-"+release)))
	if err != nil {
		return CLI{}, err
	}
	if _, err := os.Stat(path); err == nil {
		return Find(ctx, path)
	}
	say("Building Terraform %s from its Go module: some four minutes the first time.", release)
	said, err := goCommand(ctx, "mod", "download", "-json", terraformModule+"@v"+release)
	var module struct{ Dir string }
	if err == nil {
		err = json.Unmarshal(said, &module)
	}
	if err != nil {
		return CLI{}, err
	}
	// Go replaces no file in its module cache, so the sources are copied.
	source, err := os.MkdirTemp("", "terraform")
	if err != nil {
		return CLI{}, err
	}
	defer os.RemoveAll(source)
	if err := os.CopyFS(source, os.DirFS(module.Dir)); err != nil {
		return CLI{}, err
	}
	var texts [2]string
	files := [2]string{filepath.Join(source, "go.mod"), filepath.Join(source, "internal", "backend", "init", "init.go")}
	for i, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return CLI{}, err
		}
		texts[i] = string(text)
	}
	texts[0], texts[1] = withoutInnerModules(texts[0], texts[1])
	for i, file := range files {
		if err := os.WriteFile(file, []byte(texts[i]), 0o600); err != nil {
			return CLI{}, err
		}
	}
	if _, err := goCommand(ctx, "build", "-C", source, "-trimpath", "-buildvcs=false", "-mod=mod", "-o", path,
		"-ldflags", "-s -w -X "+terraformModule+"/version.dev=no", "."); err != nil {
		return CLI{}, err
	}
	return Find(ctx, path)
}

var imported = regexp.MustCompile(`(?m)^\s*(\w+) "(` + terraformModule + `/internal/[^"]+)"$`)

// withoutInnerModules takes the modules inside Terraform's repository out of its go.mod, and
// the backends in them out of the list of backends.
func withoutInnerModules(gomod, backends string) (string, string) {
	inner := regexp.MustCompile(`\b` + terraformModule + `/internal/`)
	for _, found := range imported.FindAllStringSubmatch(backends, -1) {
		if strings.Contains(gomod, found[2]+" ") {
			backends = without(backends, regexp.MustCompile(`\b`+found[1]+`\b`))
		}
	}
	return without(gomod, inner), backends
}

// without returns a text without the lines that match.
func without(text string, match *regexp.Regexp) string {
	var kept strings.Builder
	for line := range strings.Lines(text) {
		if !match.MatchString(line) {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// goCommand runs Go outside of any module, with the toolchain that a module asks for.
func goCommand(ctx context.Context, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = os.TempDir()
	command.Env = append(os.Environ(), "GOTOOLCHAIN=auto", "GOWORK=off", "GOFLAGS=")
	var wrong bytes.Buffer
	command.Stderr = &wrong
	said, err := command.Output()
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s%s", strings.Join(command.Args, " "), err, said, wrong.Bytes())
	}
	return said, err
}
