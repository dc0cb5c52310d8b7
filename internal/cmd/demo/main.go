// Command demo shows the use of the provider: it builds the provider, starts the sandbox,
// lets terraform release targets that wait there, and prints what the service has seen.
// Arguments select scenes by name; without arguments it shows all.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/checkout"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/temporalserver"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/terraformcli"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

func main() {
	flag.Usage = func() {
		fmt.Fprintf(flag.CommandLine.Output(), "usage: demo [scene ...]\nscenes:\n")
		for _, s := range systems.Signals() {
			fmt.Fprintf(flag.CommandLine.Output(), "  %-14s %s\n", s.Short(), s.Demo.Title)
		}
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	chosen, err := choose(flag.Args())
	if err == nil {
		err = run(ctx, os.Stdout, chosen)
	}
	if ctx.Err() != nil {
		err = errors.New("the demo was interrupted; everything it made has been removed")
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "\n%s\n", err)
		os.Exit(1)
	}
}

// choose returns the systems to show: those named, or all.
func choose(names []string) ([]systems.System, error) {
	scenes := systems.Signals()
	if len(names) == 0 {
		return scenes, nil
	}
	var chosen []systems.System
	for _, name := range names {
		at := slices.IndexFunc(scenes, func(s systems.System) bool { return s.Short() == name })
		if at < 0 {
			return nil, fmt.Errorf("there is no scene %q: demo -help lists all", name)
		}
		chosen = append(chosen, scenes[at])
	}
	return chosen, nil
}

// run shows the scenes. It removes everything that it has created, even after an error.
func run(ctx context.Context, out io.Writer, scenes []systems.System) (err error) {
	say := func(format string, a ...any) { fmt.Fprintf(out, format+"\n", a...) }
	dir, err := os.MkdirTemp("", "signal-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	root, err := checkout.Root(ctx)
	if err != nil {
		return err
	}
	cli, err := terraformcli.Get(ctx, filepath.Join(root, "bin"), say)
	if err != nil {
		return err
	}
	say("Using %s, %s.", cli.Path, cli)
	server, err := temporalserver.StartBuilt(ctx, root)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	left := ""
	if server == nil {
		scenes = slices.DeleteFunc(slices.Clone(scenes), func(scene systems.System) bool {
			needs := scene.Block == "temporal"
			if needs {
				left = fmt.Sprintf("Left out: %s. %s", scene.Demo.Title, temporalserver.HowToBuild)
			}
			return needs
		})
		if len(scenes) == 0 {
			return errors.New(left)
		}
		if left != "" {
			say("%s", left)
		}
	}
	say("Building the provider, which takes Go a minute or two the first time:\n  $ go build -o %s", dir)
	if err := terraformcli.Build(ctx, dir); err != nil {
		return err
	}
	s := sandbox.New(sandbox.Options{Domains: systems.Domains, Temporal: server.URL})
	if err := s.Start("127.0.0.1:0"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	say("Started the sandbox, which stands in for the services, at %s: nothing leaves this machine.", s.URL())
	say("Terraform uses the provider just built, through a development override, of which it warns each time.")

	for i, scene := range scenes {
		say("\n==> %d of %d: %s", i+1, len(scenes), scene.Demo.Title)
		show := show{System: scene, sandbox: s, out: out, cli: cli, providerDir: dir}
		if err := show.run(ctx, filepath.Join(root, "examples", "demo", scene.Short())); err != nil {
			return fmt.Errorf("the demo of %s went wrong: %w", scene.Short(), err)
		}
	}
	say("\nDone: each signal was sent once, by the apply that created it, and never again.")
	if left != "" {
		say("%s", left)
	}
	return nil
}
