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
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-exec/tfexec"
	"google.golang.org/grpc"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/terraformcli"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

const module = "github.com/terraform-provider-signal/terraform-provider-signal"

// plugin is a provider built for the benchmark.
type plugin struct{ dir string }

// build builds the plugin of a package like a release, in a separate folder.
func (p *plugin) build(ctx context.Context, dir, pkg string) error {
	p.dir = filepath.Join(dir, "built", filepath.Base(module+pkg))
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", p.binary(), module+pkg)
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(command.Args, " "), err, said)
	}
	return nil
}

func (p *plugin) binary() string {
	name := filepath.Join(p.dir, "terraform-provider-signal")
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return name
}

// startup measures the time from the start of the plugin, as Terraform starts it, until its
// schema is served.
func (p *plugin) startup(ctx context.Context) (time.Duration, error) {
	start := time.Now()
	client := goplugin.NewClient(&goplugin.ClientConfig{
		// Terraform sets this cookie, so that users do not start a provider by mistake.
		HandshakeConfig:  goplugin.HandshakeConfig{MagicCookieKey: "TF_PLUGIN_MAGIC_COOKIE", MagicCookieValue: "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2"},
		VersionedPlugins: map[int]goplugin.PluginSet{6: {}},
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		AutoMTLS:         true,
		Cmd:              exec.CommandContext(ctx, p.binary()),
		Logger:           hclog.NewNullLogger(),
	})
	defer client.Kill()
	protocol, err := client.Client()
	if err != nil {
		return 0, fmt.Errorf("starting %s: %w", p.binary(), err)
	}
	var none, schema []byte
	err = protocol.(*goplugin.GRPCClient).Conn.Invoke(ctx, "/tfplugin6.Provider/GetProviderSchema", &none, &schema,
		grpc.ForceCodec(bytesCodec{}), grpc.MaxCallRecvMsgSize(64<<20))
	return time.Since(start), err
}

// bytesCodec does not decode messages, because the benchmark does not use the schema.
type bytesCodec struct{}

func (bytesCodec) Name() string                  { return "proto" }
func (bytesCodec) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }
func (bytesCodec) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = slices.Clone(data)
	return nil
}

// load describes one apply.
type load struct {
	signals, parallelism int
	// same means that all signals go to one execution.
	same bool
	// waits means that each signal waits for the end of its execution.
	waits bool
}

// id returns the id of an execution by its number, like format() in the configuration.
func id(i int) string { return fmt.Sprintf("%08d-0000-4000-8000-000000000000", i) }

// hold is a step that never ends.
var hold = sandbox.Step{Name: "hold", Action: "aws:executeScript", Hold: true}

// with starts a sandbox while do runs, with so many executions that wait for approval and
// then run a step. They take another approval too, so a signal that is sent twice can be
// seen.
func with(executions int, step sandbox.Step, do func(*sandbox.Sandbox) error) error {
	s := sandbox.New(sandbox.Options{})
	for i := range executions {
		s.StartAutomation(sandbox.Automation{ID: id(i), AcceptRepeats: true, Steps: []sandbox.Step{{Name: "approve", Action: "aws:approve"}, step}})
	}
	if err := s.Start("127.0.0.1:0"); err != nil {
		return err
	}
	defer s.Close()
	return do(s)
}

// workspace is a terraform with the configuration of one load.
type workspace struct {
	*tfexec.Terraform
	load load
}

// open writes the configuration of a load into a new folder, for terraform with a plugin
// and a server.
func (b *bench) open(p plugin, url string, l load) (*workspace, error) {
	dir, err := os.MkdirTemp(b.dir, "workspace")
	if err != nil {
		return nil, err
	}
	signal := map[string]any{
		"count": l.signals, "automation_execution_id": `${format("%08d-0000-4000-8000-000000000000", count.index)}`, "signal_type": "Approve",
	}
	if l.same {
		signal["automation_execution_id"] = id(0)
	}
	if l.waits {
		signal["wait_for_completion"] = true
	}
	text, err := json.Marshal(map[string]any{
		"terraform": map[string]any{"required_providers": map[string]any{"signal": map[string]any{"source": "terraform-provider-signal/signal"}}},
		"provider": map[string]any{"signal": map[string]any{"aws": map[string]any{
			"region": "us-east-1", "access_key": "sandbox-access-key", "secret_key": "sandbox-secret-key",
			"endpoints": map[string]any{"ssm": url},
		}}},
		"resource": map[string]any{"signal_automation": map[string]any{"approve": signal}},
	})
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "main.tf.json"), text, 0o600); err != nil {
		return nil, err
	}
	terraform, err := terraformcli.Open(dir, b.terraform, p.dir, nil)
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
