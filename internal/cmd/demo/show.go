package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-exec/tfexec"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/checkout"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/terraformcli"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// inOrder matches output of terraform in which a signal is complete before the resource
// that depends on it begins.
var inOrder = regexp.MustCompile(`(?s)signal_\S+: Creation complete.*terraform_data\.deployment: Creating\.\.\.`)

// show is one scene that runs.
type show struct {
	systems.System
	sandbox     *sandbox.Sandbox
	out         io.Writer
	cli         terraformcli.CLI
	providerDir string
	// said is terraform's output of the last command.
	said bytes.Buffer
}

func (s *show) run(ctx context.Context, example string) error {
	s.sandbox.Reset()
	s.Demo.Start(s.sandbox)
	cli, err := s.workspace(ctx, example, s.Demo.Given(s.sandbox.URL()))
	if err != nil {
		return err
	}
	s.say("Configuration: examples/demo/%s/main.tf", s.Short())
	if err := s.look("The service, before", s.Demo.Before, 0); err != nil {
		return err
	}

	if err := s.command("apply -auto-approve", func() error { return cli.Apply(ctx) }); err != nil {
		return err
	}
	if err := s.look("The service, after", s.Demo.After, 1); err != nil {
		return err
	}
	if !inOrder.MatchString(s.said.String()) {
		return errors.New("terraform_data.deployment should have been created after the signal was accepted")
	}
	s.say("terraform_data.deployment depends on the signal, so it was created after the service had accepted it.")

	s.say("\nThe same again:")
	if err := s.command("apply -auto-approve", func() error { return cli.Apply(ctx) }); err != nil {
		return err
	}
	if !strings.Contains(s.said.String(), "No changes.") {
		return fmt.Errorf("a second apply should have found nothing to do")
	}
	if err := s.look("The service, after the second apply", s.Demo.After, 1); err != nil {
		return err
	}

	s.say("\nDestroying sends nothing either, for a signal cannot be taken back:")
	if err := s.command("destroy -auto-approve", func() error { return cli.Destroy(ctx) }); err != nil {
		return err
	}
	return s.look("The service, after destroy", s.Demo.After, 1)
}

// workspace copies the example into a directory of its own, for terraform to leave its state there.
func (s *show) workspace(ctx context.Context, example string, variables map[string]string) (*tfexec.Terraform, error) {
	dir := filepath.Join(s.providerDir, s.Short())
	// A user who has tried the example may have a state and a provider block in it, which
	// the demo must not use.
	if _, err := checkout.Configuration(ctx, example, dir); err != nil {
		return nil, err
	}
	tfvars := ""
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		tfvars += fmt.Sprintf("%s = %q\n", name, variables[name])
	}
	if err := os.WriteFile(filepath.Join(dir, "terraform.tfvars"), []byte(tfvars), 0o600); err != nil {
		return nil, err
	}
	opened, err := terraformcli.Open(dir, s.cli.Path, s.providerDir, nil)
	if err != nil {
		return nil, err
	}
	opened.SetStdout(io.MultiWriter(&s.said, indented{s.out}))
	return opened, nil
}

func (s *show) command(arguments string, run func() error) error {
	s.say("\n  $ %s %s", filepath.Base(s.cli.Path), arguments)
	s.said.Reset()
	return run()
}

// look prints what the service shows and has received, and checks it.
func (s *show) look(when string, want string, sent int) error {
	got := s.Demo.State(s.sandbox)
	s.say("%s:\n  %s", when, got)
	requests := s.sandbox.RequestLog()
	if len(requests) == 0 {
		s.say("  requests so far: none")
	}
	for _, entry := range requests {
		s.say("  request %s", entry)
	}
	if got != want {
		return fmt.Errorf("the service should show: %s", want)
	}
	// A search for the target does not act.
	acted := 0
	for _, entry := range requests {
		if entry.Accepted {
			acted++
		}
	}
	if acted != sent || s.sandbox.Accepted(s.Operation) != sent || s.sandbox.Count(s.Operation) != sent {
		return fmt.Errorf("the service should have seen %d accepted %s and no other signal", sent, s.Operation)
	}
	return nil
}

func (s *show) say(format string, a ...any) { fmt.Fprintf(s.out, format+"\n", a...) }

// indented indents terraform's output. It gets whole lines.
type indented struct{ out io.Writer }

func (w indented) Write(line []byte) (int, error) {
	_, err := fmt.Fprintln(w.out, "  "+strings.TrimSpace("| "+string(line)))
	return len(line), err
}
