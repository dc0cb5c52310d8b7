package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/terraform-exec/tfexec"
)

// Each of two writes its letter over and over again: while it is the other's turn, it writes nothing.
func TestNobodyWorksInTheOthersTurn(t *testing.T) {
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "letters")
	// The letters are written by a process that the command starts, as terraform starts a provider.
	script := filepath.Join(dir, "it's a script")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nsh -c 'i=0; while [ $i -lt 20000 ]; do echo -n '$1' >> "+file+"; i=$((i+1)); done'\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	command, err := haltable(t.TempDir(), script)
	if err != nil {
		t.Fatal(err)
	}
	open := func() *workspace {
		terraform, err := tfexec.NewTerraform(t.TempDir(), command)
		if err != nil {
			t.Fatal(err)
		}
		return &workspace{Terraform: terraform}
	}
	a, b := open(), open()
	start := time.Now()
	first, second, err := byTurns(10*time.Millisecond, a, b, func(w *workspace) error {
		letter := "a"
		if w == b {
			letter = "b"
		}
		run := exec.CommandContext(t.Context(), command, letter)
		run.Env, run.SysProcAttr = []string{"HOME=" + w.WorkingDir(), "PATH=" + os.Getenv("PATH")}, &syscall.SysProcAttr{Setpgid: true}
		if said, err := run.CombinedOutput(); err != nil || len(said) > 0 {
			return fmt.Errorf("%w: %s", err, said)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(start)
	written, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	letters := string(written)
	if n, m := strings.Count(letters, "a"), strings.Count(letters, "b"); n != 20000 || m != 20000 {
		t.Errorf("%d and %d letters were written", n, m)
	}
	changes := strings.Count(letters, "ab") + strings.Count(letters, "ba")
	// Who has been halted may still be writing a last letter on the other CPU.
	if halts := first.halts + second.halts; first.halts < 2 || second.halts < 2 || changes > 3*halts+3 {
		t.Errorf("the letters changed %d times, with %d and %d halts", changes, first.halts, second.halts)
	}
	if both := first.took + second.took; both > took {
		t.Errorf("%s and %s of %s", first.took, second.took, took)
	}
}

// What is halted and what has failed are told apart.
func TestTurnsTellOfFailures(t *testing.T) {
	open := func() *workspace {
		terraform, err := tfexec.NewTerraform(t.TempDir(), "/bin/false")
		if err != nil {
			t.Fatal(err)
		}
		return &workspace{Terraform: terraform}
	}
	failing := open()
	_, _, err := byTurns(time.Hour, open(), failing, func(w *workspace) error {
		if w == failing {
			return fmt.Errorf("no credentials")
		}
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "no credentials") {
		t.Errorf("said %v", err)
	}
	if err := os.WriteFile(filepath.Join(failing.WorkingDir(), "group"), []byte("1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if failing.halt() {
		t.Error("halted everything")
	}
}
