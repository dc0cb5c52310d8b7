// Command engine prints, for a shell to evaluate, the environment variables that tell the
// tests which terraform or tofu to use: the one at TF_ACC_TERRAFORM_PATH, otherwise the one
// on PATH, otherwise a downloaded Terraform, otherwise an OpenTofu built from its Go module.
// With a flag it builds one from its Go module, whatever else there is. It reports its
// progress on standard error.
package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/checkout"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/terraformcli"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

func main() {
	tofu := flag.Bool("opentofu", false, "build the OpenTofu that tools/opentofu/go.mod pins")
	release := flag.String("terraform", "", "build this release of Terraform, such as 1.16.4")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cli, err := get(ctx, *tofu, *release)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Print(exports(cli))
	fmt.Fprintf(os.Stderr, "Using %s, %s.\n", cli.Path, cli)
}

// exports returns the commands that set the variables in a shell, whatever the path has in it.
func exports(cli terraformcli.CLI) (commands string) {
	env := cli.Env()
	for _, name := range slices.Sorted(maps.Keys(env)) {
		commands += fmt.Sprintf("export %s=%s\n", name, delivery.ShellWord(filepath.ToSlash(env[name])))
	}
	return commands
}

func get(ctx context.Context, tofu bool, release string) (terraformcli.CLI, error) {
	say := func(format string, a ...any) { fmt.Fprintf(os.Stderr, format+"\n", a...) }
	root, err := checkout.Root(ctx)
	if err != nil {
		return terraformcli.CLI{}, err
	}
	dir := filepath.Join(root, "bin")
	switch {
	case release != "":
		return terraformcli.BuildTerraform(ctx, dir, release, say)
	case tofu:
		return terraformcli.BuildOpenTofu(ctx, dir, say)
	default:
		return terraformcli.Get(ctx, dir, say)
	}
}
