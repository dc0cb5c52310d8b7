package main

import (
	"errors"
	"fmt"
	"io/fs"
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
	return file, os.WriteFile(file, []byte("#!/bin/sh\necho $$ > \"$HOME/"+groupFile+"\"\nexec "+quoted+" \"$@\"\n"), 0o700)
}

// halt has the workspace's terraform and its provider stand still, and returns their process group; 0 when there is
// nothing to be halted, because it has not started yet or has just ended.
func (w *workspace) halt() (group int, err error) {
	text, err := os.ReadFile(filepath.Join(w.WorkingDir(), groupFile))
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(text) == 0 {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	group, err = strconv.Atoi(strings.TrimSpace(string(text)))
	// To the kernel, group 1 is everything, and 0 this process with its own.
	if err != nil || group < 2 {
		return 0, fmt.Errorf("%q is no process group that could be halted", text)
	}
	if err := syscall.Kill(-group, syscall.SIGSTOP); !errors.Is(err, syscall.ESRCH) {
		return group, err
	}
	return 0, nil
}

// resume has a process group go on. It may have ended at the very moment at which it was halted.
func resume(group int) error {
	if err := syscall.Kill(-group, syscall.SIGCONT); !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}
