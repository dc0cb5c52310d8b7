// Package checkout finds the checkout of this project that a test or a command runs in: its
// tracked files, and the tools that its modules pin.
package checkout

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Root returns the root of the checkout that the working directory is in.
func Root(ctx context.Context) (string, error) {
	module, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	return filepath.Dir(strings.TrimSpace(string(module))), nil
}

// Environ returns the environment without the variables of git: a git hook sets some that
// name another index.
func Environ() []string {
	return slices.DeleteFunc(os.Environ(), func(variable string) bool { return strings.HasPrefix(variable, "GIT_") })
}

// Files returns the tracked files below a folder, relative to it and with slashes. It
// leaves out untracked files, because a provider.tf that a user has put into an example may
// name other servers. In a copy of the project without git, such as a source archive, it
// returns all files.
func Files(ctx context.Context, dir string) ([]string, error) {
	// The environment of a test may have no home directory, and so no setting
	// safe.directory.
	git := exec.CommandContext(ctx, "git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", ".")
	git.Dir = dir
	git.Env = Environ()
	listed, err := git.Output()
	if err != nil {
		if isArchive(ctx) {
			return walk(dir)
		}
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		return nil, fmt.Errorf("asking git for the files in %s: %w", dir, err)
	}
	var files []string
	for name := range strings.SplitSeq(strings.TrimSuffix(string(listed), "\x00"), "\x00") {
		// git also lists a file that was deleted without a commit.
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name))); name != "" && err == nil {
			files = append(files, name)
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("there are no tracked files in %s", dir)
	}
	return files, nil
}

// isArchive reports whether the project is a copy without git.
func isArchive(ctx context.Context) bool {
	root, err := Root(ctx)
	if err != nil {
		return false
	}
	_, err = os.Stat(filepath.Join(root, ".git"))
	return errors.Is(err, fs.ErrNotExist)
}

func walk(dir string) (files []string, err error) {
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		files = append(files, filepath.ToSlash(name))
		return err
	})
	return files, err
}

// Configuration copies the tracked configuration files of a folder, without its subfolders,
// and returns their names.
func Configuration(ctx context.Context, from, to string) ([]string, error) {
	files, err := Files(ctx, from)
	if err != nil {
		return nil, err
	}
	files = slices.DeleteFunc(files, func(name string) bool {
		return strings.Contains(name, "/") || filepath.Ext(name) != ".tf" && !strings.HasSuffix(name, ".tf.json")
	})
	if len(files) == 0 {
		return nil, fmt.Errorf("there is no tracked configuration in %s", from)
	}
	return files, copyFiles(from, to, files)
}

// StandsAlone reports whether the tracked configuration of a folder has a terraform block.
// If it has none, it needs a provider block.
func StandsAlone(ctx context.Context, dir string) (bool, error) {
	files, err := Files(ctx, dir)
	if err != nil {
		return false, err
	}
	for _, name := range files {
		if strings.Contains(name, "/") || filepath.Ext(name) != ".tf" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return false, err
		}
		if strings.HasPrefix(string(text), "terraform {") || strings.Contains(string(text), "\nterraform {") {
			return true, nil
		}
	}
	return false, nil
}

// Copy copies the tracked files below a folder.
func Copy(ctx context.Context, from, to string) error {
	files, err := Files(ctx, from)
	if err != nil {
		return err
	}
	return copyFiles(from, to, files)
}

func copyFiles(from, to string, files []string) error {
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join(from, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		path := filepath.Join(to, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// ReleaseFlags are the flags of a release of the provider, without its version:
// .goreleaser.yml has the same ones.
var ReleaseFlags = []string{"-trimpath", "-tags=grpcnotrace", "-ldflags=-s -w"}

// Build builds a command into a file. Its module is in a folder of the checkout. Go caches
// the result.
func Build(ctx context.Context, folder, pkg, file string, flags ...string) error {
	root, err := Root(ctx)
	if err != nil {
		return err
	}
	if file, err = filepath.Abs(file); err != nil {
		return err
	}
	args := append([]string{"build", "-C", filepath.Join(root, filepath.FromSlash(folder)), "-buildvcs=false", "-o", file}, flags...)
	build := exec.CommandContext(ctx, "go", append(args, pkg)...)
	if said, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(build.Args, " "), err, said)
	}
	return nil
}

// Executable returns the file name of a command on this system.
func Executable(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".exe"
	}
	return name
}
