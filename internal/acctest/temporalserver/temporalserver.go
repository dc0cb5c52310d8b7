// Package temporalserver starts a real Temporal server on loopback. It builds the server
// from its Go module, in the version of tools/temporal.
package temporalserver

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/checkout"
)

// files are the sources of the server. The name of its binary depends on them, so an
// existing binary is always the right one.
var files = []string{"go.mod", "go.sum", "devserver/main.go"}

// Path returns the path of the server's binary, which may not be built yet, in a checkout
// at root.
func Path(root string) (string, error) {
	sum := sha256.New()
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join(root, "tools", "temporal", filepath.FromSlash(name)))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%d %s", len(text), text)
	}
	name := fmt.Sprintf("temporal-devserver-%x", sum.Sum(nil)[:6])
	return filepath.Join(root, "bin", checkout.Executable(name)), nil
}

// Build returns the path of the server's binary. If it does not exist, Build first writes
// that to out, because the build takes minutes, and builds it.
func Build(ctx context.Context, root string, out io.Writer) (string, error) {
	path, err := Path(root)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	fmt.Fprintln(out, "Building a Temporal server from its Go module, which takes some minutes the first time.")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	// Concurrent builds do not disturb each other, because each renames its own file.
	fresh, err := os.CreateTemp(filepath.Dir(path), "temporal-devserver-*.tmp")
	if err != nil {
		return "", err
	}
	_ = fresh.Close()
	defer func() { _ = os.Remove(fresh.Name()) }()
	if err := checkout.Build(ctx, "tools/temporal", "./devserver", fresh.Name()); err != nil {
		return "", err
	}
	return path, os.Rename(fresh.Name(), path)
}

// Server is a running server.
type Server struct {
	// HTTP is the URL of its HTTP API, and GRPC the address of its gRPC API.
	HTTP, GRPC string

	process *exec.Cmd
	stdin   io.Closer
}

// starts is the maximum number of attempts of Start.
const starts = 5

// Start starts a server on free ports of 127.0.0.1, and waits until it is ready. The server
// ends with Close, or with this process.
func Start(ctx context.Context, binary string) (*Server, error) {
	var failed error
	for range starts {
		server, err := start(ctx, binary)
		if err == nil {
			return server, nil
		}
		failed = err
	}
	return nil, fmt.Errorf("the Temporal server was not ready after %d starts; the last error: %w", starts, failed)
}

func start(ctx context.Context, binary string) (*Server, error) {
	process := exec.CommandContext(context.WithoutCancel(ctx), binary)
	// This server must not use the user's configuration of the command line.
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "TEMPORAL_") {
			process.Env = append(process.Env, variable)
		}
	}
	// A file, and not a pipe: Wait would read a pipe until the last process that
	// inherited it has ended.
	said, err := os.CreateTemp("", "temporal-devserver-*.log")
	if err != nil {
		return nil, err
	}
	defer func() {
		_ = said.Close()
		_ = os.Remove(said.Name())
	}()
	process.Stderr = said
	stdin, err := process.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := process.Start(); err != nil {
		return nil, err
	}
	s := &Server{process: process, stdin: stdin}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err == nil {
		err = json.Unmarshal([]byte(line), s)
	}
	if err != nil {
		ended := s.Close()
		text, _ := os.ReadFile(said.Name())
		return nil, errors.Join(err, ended, errors.New(string(text)))
	}
	return s, nil
}

// Close ends the server. It does nothing for nil.
func (s *Server) Close() error {
	if s == nil {
		return nil
	}
	_ = s.stdin.Close()
	return s.process.Wait()
}

// HowToBuild says what to do if the server is not built.
const HowToBuild = "It needs a real Temporal server, which \"make temporal\" builds from its Go module, once, in about three minutes."

// StartBuilt starts a server if its binary is there, and returns nil if it is not.
func StartBuilt(ctx context.Context, root string) (*Server, error) {
	path, err := Path(root)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); err != nil {
		return nil, nil
	}
	return Start(ctx, path)
}

// URL returns the address of the server's HTTP API, for sandbox.Options. It returns an
// error if the server is nil.
func (s *Server) URL() (string, error) {
	if s == nil {
		return "", errors.New("there is no Temporal server behind this sandbox, and \"make temporal\" builds one")
	}
	return s.HTTP, nil
}
