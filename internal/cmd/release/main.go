// Command release has the steps of a release beside goreleaser.
//
//	release dry-run [-cold]   build all platforms twice, without network and keys, and check the result
//	release notes TAG         check that the checkout is ready for the tag, and print its notes from CHANGELOG.md
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/hashicorp/terraform-exec/tfexec"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/terraformcli"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var errUsage = errors.New("usage: release dry-run [-cold] | release notes TAG")

func run(ctx context.Context, args []string) error {
	switch {
	case len(args) > 0 && args[0] == "dry-run":
		flags := flag.NewFlagSet("dry-run", flag.ContinueOnError)
		cold := flags.Bool("cold", false, "make the second build with an empty build cache, which takes much longer")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		return dryRun(ctx, *cold)
	case len(args) == 2 && args[0] == "notes":
		notes, err := ready(".", args[1])
		if err != nil {
			return err
		}
		fmt.Print(notes)
		return nil
	default:
		return errUsage
	}
}

// heading matches the heading of a version in CHANGELOG.md, newest first.
var heading = regexp.MustCompile(`(?m)^## (\d+\.\d+\.\d+(?:-[\w.]+)?) \((.+)\)$`)

// latest returns the first version in a change log, its date and its notes.
func latest(changelog string) (version, date, notes string, err error) {
	at := heading.FindAllStringSubmatchIndex(changelog, 2)
	if len(at) == 0 {
		return "", "", "", errors.New("CHANGELOG.md has no heading such as \"## 1.2.3 (Unreleased)\"")
	}
	end := len(changelog)
	if len(at) > 1 {
		end = at[1][0]
	}
	first := at[0]
	return changelog[first[2]:first[3]], changelog[first[4]:first[5]], strings.TrimSpace(changelog[first[1]:end]) + "\n", nil
}

// ready returns the notes of the release for a tag, or what is missing for it.
func ready(root, tag string) (string, error) {
	changelog, err := os.ReadFile(filepath.Join(root, "CHANGELOG.md"))
	if err != nil {
		return "", err
	}
	version, date, notes, err := latest(string(changelog))
	switch {
	case err != nil:
		return "", err
	case tag != "v"+version:
		return "", fmt.Errorf("the tag is %s, and the newest version in CHANGELOG.md is %s: one of the two is wrong", tag, version)
	case date == "Unreleased":
		return "", fmt.Errorf("CHANGELOG.md calls %s unreleased: put the date there, commit, and tag that commit", version)
	}
	states := filepath.Join("internal", "provider", "testdata", "releases")
	if _, err := os.Stat(filepath.Join(root, states, version)); err != nil {
		return "", fmt.Errorf("%s has no %s: copy %s there, so that upgrades from this release stay tested (%w)", states, version, filepath.Join(states, "unreleased"), err)
	}
	return notes, nil
}

// dryRun builds the release of HEAD twice, in separate clones.
func dryRun(ctx context.Context, cold bool) (err error) {
	changelog, err := os.ReadFile("CHANGELOG.md")
	if err != nil {
		return err
	}
	version, _, _, err := latest(string(changelog))
	if err != nil {
		return err
	}
	commit, err := output(ctx, "git", "rev-parse", "HEAD")
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "release-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	fmt.Printf("Building %s of commit %s\n", version, commit)
	goreleaser := filepath.Join(dir, "goreleaser")
	if err := do(ctx, ".", nil, "go", "build", "-modfile=tools/goreleaser/go.mod", "-o", goreleaser, "github.com/goreleaser/goreleaser/v2"); err != nil {
		return err
	}
	build := func(clone string, env ...string) (release, error) {
		if err := do(ctx, ".", nil, "git", "clone", "--quiet", ".", clone); err != nil {
			return release{}, err
		}
		// With GOPROXY=off, Go downloads nothing.
		env = append([]string{"GOPROXY=off", "GORELEASER_CURRENT_TAG=v" + version}, env...)
		if err := do(ctx, clone, env, goreleaser, "release", "--snapshot", "--skip=publish,sign,sbom"); err != nil {
			return release{}, err
		}
		return release{dist: filepath.Join(clone, "dist"), version: version, commit: commit}, nil
	}
	first, err := build(filepath.Join(dir, "first"))
	if err != nil {
		return err
	}
	if err := first.check("terraform-registry-manifest.json"); err != nil {
		return fmt.Errorf("the release is not as the registries want it:\n%w", err)
	}
	fmt.Printf("%d platforms, their names, binaries, checksums and the manifest are right\n", len(platforms))

	var env []string
	if cold {
		env = []string{"GOCACHE=" + filepath.Join(dir, "cache")}
	}
	second, err := build(filepath.Join(dir, "somewhere", "else", "altogether"), env...)
	if err != nil {
		return err
	}
	if err := first.same(second); err != nil {
		return fmt.Errorf("two builds of one commit differ:\n%w", err)
	}
	fmt.Println("a second build, elsewhere, is the same to the byte")
	return first.try(ctx, filepath.Join(dir, "try"))
}

// try applies an example with the new provider, and checks the User-Agent that the services
// see.
func (r release) try(ctx context.Context, dir string) (err error) {
	if err := r.unpack(dir); err != nil {
		return err
	}
	cli, err := terraformcli.Find(ctx)
	if err != nil {
		return err
	}
	s := sandbox.New(sandbox.Options{})
	if err := s.Start("127.0.0.1:0"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	example, err := os.ReadFile(filepath.Join("examples", "demo", "automation", "main.tf"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), example, 0o600); err != nil {
		return err
	}
	terraform, err := terraformcli.Open(dir, cli.Path, dir, nil)
	if err != nil {
		return err
	}
	id := s.StartAutomation(sandbox.Automation{Steps: []sandbox.Step{{Name: "approve", Action: "aws:approve"}}})
	if err := terraform.Apply(ctx, tfexec.Var("endpoint="+s.URL()), tfexec.Var("automation_execution_id="+id)); err != nil {
		return err
	}
	for _, e := range s.RequestLog() {
		if agent := e.Header.Get("User-Agent"); !strings.Contains(agent, "terraform-provider-signal/"+r.version) {
			return fmt.Errorf("the provider calls itself %q, without its version %s", agent, r.version)
		}
	}
	if s.Accepted("SendAutomationSignal") != 1 {
		return fmt.Errorf("the provider sent %d signals, want 1", s.Accepted("SendAutomationSignal"))
	}
	fmt.Printf("%s applied an example with it, which calls itself terraform-provider-signal/%s\n", cli, r.version)
	return nil
}

func output(ctx context.Context, name string, args ...string) (string, error) {
	said, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(said)), nil
}

// do runs a command, and returns its output in the error if it fails.
func do(ctx context.Context, dir string, env []string, name string, args ...string) error {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir, c.Env = dir, append(os.Environ(), env...)
	said, err := c.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, said)
	}
	return nil
}
