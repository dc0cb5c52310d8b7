package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/hashicorp/terraform-exec/tfexec"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/terraformcli"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cmd/bench/shape"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/provider"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

const module = "github.com/terraform-provider-signal/terraform-provider-signal"

// plugin is a provider that was built to be measured.
type plugin struct {
	name, dir string
	// env is its own, beside terraform's.
	env map[string]string
}

func (p plugin) binary() string {
	name := filepath.Join(p.dir, "terraform-provider-signal")
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return name
}

// build makes a plugin as a release is made, into a folder of its own.
func build(ctx context.Context, dir, name, pkg string, env map[string]string) (plugin, error) {
	p := plugin{name: name, dir: filepath.Join(dir, name), env: env}
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", p.binary(), pkg)
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := command.CombinedOutput(); err != nil {
		return p, fmt.Errorf("%s: %w\n%s", strings.Join(command.Args, " "), err, said)
	}
	return p, nil
}

// plugins are the provider, the one that does nothing in the provider's shape, and the one that is empty.
func plugins(ctx context.Context, dir string) (ours, idle, empty plugin, err error) {
	looks, err := shape.Of(ctx, providerserver.NewProtocol6(provider.New("bench")())())
	if err != nil {
		return ours, idle, empty, err
	}
	text, err := json.Marshal(looks)
	if err != nil {
		return ours, idle, empty, err
	}
	file := filepath.Join(dir, "shape.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return ours, idle, empty, err
	}
	if ours, err = build(ctx, dir, "signal", module, nil); err != nil {
		return ours, idle, empty, err
	}
	idle, err = build(ctx, dir, "idle", module+"/internal/cmd/bench/idle", map[string]string{"BENCH_SHAPE": file})
	empty = plugin{name: "empty", dir: idle.dir}
	return ours, idle, empty, err
}

// load is what one apply has to do.
type load struct {
	signals, parallelism int
	// same has all signals go to one execution.
	same bool
	// options are further arguments of each signal.
	options map[string]any
}

// id is the id of an execution by its number, as format() in the configuration makes it.
func id(i int) string { return fmt.Sprintf("%08d-0000-4000-8000-000000000000", i) }

// approval is an execution that waits for its approval, and takes another one, too: a second send would show.
func approval(i int) sandbox.Automation {
	return sandbox.Automation{ID: id(i), AcceptRepeats: true, Steps: []sandbox.Step{{Name: "approve", Action: "aws:approve"}, {Name: "hold", Action: "aws:executeScript", Hold: true}}}
}

// serve starts a sandbox with so many executions that wait for approval.
func serve(executions int) (*sandbox.Sandbox, error) {
	s := sandbox.New(sandbox.Options{})
	for i := range executions {
		s.StartAutomation(approval(i))
	}
	return s, s.Start("127.0.0.1:0")
}

// workspace is a terraform with a configuration of one load.
type workspace struct {
	*tfexec.Terraform
	load load
}

// open writes a load's configuration into a new folder, for terraform to run with a plugin against a server.
func (b *bench) open(p plugin, url string, l load) (*workspace, error) {
	dir, err := os.MkdirTemp(b.dir, p.name)
	if err != nil {
		return nil, err
	}
	execution := `${format("%08d-0000-4000-8000-000000000000", count.index)}`
	if l.same {
		execution = id(0)
	}
	signal := map[string]any{"count": l.signals, "automation_execution_id": execution, "signal_type": "Approve"}
	for name, value := range l.options {
		signal[name] = value
	}
	text, err := json.Marshal(map[string]any{
		"terraform": map[string]any{"required_providers": map[string]any{"signal": map[string]any{"source": "terraform-provider-signal/signal"}}},
		"provider": map[string]any{"signal": map[string]any{"aws": map[string]any{
			"region": "us-east-1", "access_key": "sandbox-access-key", "secret_key": "sandbox-secret-key", "endpoints": map[string]any{"ssm": url},
		}}},
		"resource": map[string]any{"signal_automation": map[string]any{"approve": signal}},
	})
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "main.tf.json"), text, 0o600); err != nil {
		return nil, err
	}
	terraform, err := terraformcli.Open(dir, b.terraform, p.dir, p.env)
	if err != nil {
		return nil, err
	}
	terraform.SetStdout(io.Discard)
	return &workspace{terraform, l}, nil
}

// apply runs terraform apply.
func (w *workspace) apply(ctx context.Context, options ...tfexec.ApplyOption) error {
	return w.Apply(ctx, append(options, tfexec.Parallelism(w.load.parallelism))...)
}

// plan runs terraform plan, which must find nothing to do.
func (w *workspace) plan(ctx context.Context) error {
	changes, err := w.Plan(ctx)
	if err == nil && changes {
		err = fmt.Errorf("terraform plan found changes after an apply")
	}
	return err
}
