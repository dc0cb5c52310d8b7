// Command engine prints, for a shell to evaluate, the environment variables that tell the
// tests which terraform or tofu to use: the one on PATH, otherwise a downloaded Terraform,
// otherwise an OpenTofu built from its Go module. It reports its progress on standard
// error.
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
)

func main() {
	build := flag.Bool("opentofu", false, "build the OpenTofu that tools/opentofu/go.mod pins, whatever is on PATH")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cli, err := get(ctx, *build)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	env := cli.Env()
	for _, name := range slices.Sorted(maps.Keys(env)) {
		fmt.Printf("export %s=%q\n", name, filepath.ToSlash(env[name]))
	}
	fmt.Fprintf(os.Stderr, "Using %s, %s.\n", cli.Path, cli)
}

func get(ctx context.Context, build bool) (terraformcli.CLI, error) {
	say := func(format string, a ...any) { fmt.Fprintf(os.Stderr, format+"\n", a...) }
	if path := os.Getenv("TF_ACC_TERRAFORM_PATH"); path != "" && !build {
		return terraformcli.Find(ctx, path)
	}
	root, err := checkout.Root(ctx)
	if err != nil {
		return terraformcli.CLI{}, err
	}
	dir := filepath.Join(root, "bin")
	if build {
		return terraformcli.BuildOpenTofu(ctx, dir, say)
	}
	return terraformcli.Get(ctx, dir, say)
}
