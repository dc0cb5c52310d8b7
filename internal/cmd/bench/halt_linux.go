package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// haltable is a terraform that can be halted with all that it starts: tfexec gives it a process group of its own, and it
// leaves the group's number in its home.
func haltable(dir, terraform string) (string, error) {
	file := filepath.Join(dir, filepath.Base(terraform))
	quoted := "'" + strings.ReplaceAll(terraform, "'", `'\''`) + "'"
	return file, os.WriteFile(file, []byte("#!/bin/sh\necho $$ > \"$HOME/group\"\nexec "+quoted+" \"$@\"\n"), 0o700)
}

// halt has the workspace's terraform and its provider stand still, and reports whether there was anything that could.
func (w *workspace) halt() bool { return w.signal(syscall.SIGSTOP) == nil }

// resume has them go on. They may have ended at the very moment at which they were halted.
func (w *workspace) resume() error {
	if err := w.signal(syscall.SIGCONT); !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}

func (w *workspace) signal(number syscall.Signal) error {
	text, err := os.ReadFile(filepath.Join(w.WorkingDir(), "group"))
	if err != nil {
		return err
	}
	group, err := strconv.Atoi(strings.TrimSpace(string(text)))
	// To the kernel, group 1 is everything, and 0 this process with its own.
	if err != nil || group < 2 {
		return fmt.Errorf("%q is no process group: %w", text, err)
	}
	return syscall.Kill(-group, number)
}
