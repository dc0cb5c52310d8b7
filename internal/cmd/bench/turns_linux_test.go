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
	a, b := standing(t, command), standing(t, command)
	start := time.Now()
	first, second, err := byTurns(10*time.Millisecond, a, b, func(w *workspace) error {
		letter := "a"
		if w == b {
			letter = "b"
		}
		return execute(t, w, command, letter)
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
	// Both do as much, so that either has about half of the time, which is not counted twice.
	if both := first.took + second.took; both > took || both < took/2 || first.took > took*3/4 || second.took > took*3/4 {
		t.Errorf("%s and %s of %s", first.took, second.took, took)
	}
}

// A side that fails while the other one is halted does not leave it so, and no error is lost.
func TestTurnsTellOfFailures(t *testing.T) {
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte("#!/bin/sh\ni=0; while [ $i -lt $1 ]; do i=$((i+1)); done; exit $2\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	command, err := haltable(t.TempDir(), script)
	if err != nil {
		t.Fatal(err)
	}
	long, failing := standing(t, command), standing(t, command)
	first, second, err := byTurns(10*time.Millisecond, long, failing, func(w *workspace) error {
		if w == failing {
			return execute(t, w, command, "1", "7")
		}
		return execute(t, w, command, "300000", "0")
	})
	if err == nil || !strings.Contains(err.Error(), "exit status 7") || !first.ended || !second.ended || first.halts == 0 || first.halted != 0 {
		t.Errorf("said %v, after %d halts", err, first.halts)
	}
}

func TestWhatCannotBeHalted(t *testing.T) {
	w := standing(t, "/bin/false")
	if group, err := w.halt(); group != 0 || err != nil {
		t.Errorf("halted %d before anything has begun, %v", group, err)
	}
	for _, text := range []string{"1\n", "0\n", "-7\n", "all\n"} {
		if err := os.WriteFile(filepath.Join(w.WorkingDir(), groupFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if group, err := w.halt(); group != 0 || err == nil {
			t.Errorf("%q: halted %d, %v", text, group, err)
		}
	}
}

// standing is a workspace in which nothing happens yet.
func standing(t *testing.T, command string) *workspace {
	t.Helper()
	terraform, err := tfexec.NewTerraform(t.TempDir(), command)
	if err != nil {
		t.Fatal(err)
	}
	return &workspace{Terraform: terraform}
}

// execute runs a command in a workspace, as tfexec does.
func execute(t *testing.T, w *workspace, command string, args ...string) error {
	run := exec.CommandContext(t.Context(), command, args...)
	run.Env, run.SysProcAttr = []string{"HOME=" + w.WorkingDir(), "PATH=" + os.Getenv("PATH")}, &syscall.SysProcAttr{Setpgid: true}
	if said, err := run.CombinedOutput(); err != nil || len(said) > 0 {
		return fmt.Errorf("%w: %s", err, said)
	}
	return nil
}
