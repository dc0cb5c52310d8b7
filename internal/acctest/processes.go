//go:build !windows

package acctest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/terraformcli"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// Processes are the processes of the terraform commands that a workspace runs.
type Processes struct {
	t    testing.TB
	file string
}

// Watch makes the workspace record the processes of its later commands.
func (w *Workspace) Watch() *Processes {
	w.t.Helper()
	dir := w.t.TempDir()
	p := &Processes{w.t, filepath.Join(dir, "processes")}
	// The shell replaces itself with the provider, so its process id is the provider's.
	script := fmt.Sprintf("#!/bin/sh\necho $$ $PPID >> %s\nexec %s \"$@\"\n",
		delivery.ShellWord(p.file), delivery.ShellWord(filepath.Join(home, terraformcli.Binary)))
	must(w.t, os.WriteFile(filepath.Join(dir, terraformcli.Binary), []byte(script), 0o700))
	must(w.t, terraformcli.Use(w.WorkingDir(), dir))
	return p
}

// Crash ends the providers of the last command as a panic does, with stack traces on
// standard error.
func (p *Processes) Crash() {
	p.t.Helper()
	text, err := os.ReadFile(p.file)
	must(p.t, err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	_, last, _ := strings.Cut(lines[len(lines)-1], " ")
	for _, line := range lines {
		id, terraform, _ := strings.Cut(line, " ")
		pid, err := strconv.Atoi(id)
		must(p.t, err)
		if terraform == last {
			_ = syscall.Kill(pid, syscall.SIGQUIT) // Some processes have already ended.
		}
	}
}

// Now returns the processes of the provider that was started last and of the terraform that
// started it.
func (p *Processes) Now() (provider, terraform *os.Process) {
	p.t.Helper()
	text, err := os.ReadFile(p.file)
	must(p.t, err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	var ids [2]int
	_, err = fmt.Sscan(lines[len(lines)-1], &ids[0], &ids[1])
	must(p.t, err)
	provider, err = os.FindProcess(ids[0])
	must(p.t, err)
	terraform, err = os.FindProcess(ids[1])
	must(p.t, err)
	return provider, terraform
}
