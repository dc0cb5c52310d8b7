package acctest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"testing"
)

var printed = regexp.MustCompile("(?ms)^```(?:sh|shell)\n(.*?)^```$")

// Commands returns the blocks of commands of a page.
func Commands(t testing.TB, page string) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile(page)
	must(t, err)
	for _, block := range printed.FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, block[1])
	}
	return blocks
}

// Shell runs commands in a folder with a POSIX shell, and returns what they print. env is
// added to the environment.
func Shell(t testing.TB, dir string, env []string, commands string) (string, error) {
	t.Helper()
	name := "bash"
	if runtime.GOOS == "windows" {
		// The first bash on PATH may be the one of a WSL that is not installed.
		name = filepath.Join(os.Getenv("ProgramFiles"), "Git", "bin", "bash.exe")
	}
	bash, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("the commands are written for a POSIX shell: %s", err)
	}
	shell := exec.CommandContext(t.Context(), bash, "-euc", commands)
	shell.Dir, shell.Env = dir, append(os.Environ(), env...)
	text, err := shell.CombinedOutput()
	return string(text), err
}
