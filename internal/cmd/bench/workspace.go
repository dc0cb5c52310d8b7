package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-exec/tfexec"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/checkout"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/terraformcli"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// plugin is the folder of a provider that was built for the benchmark.
type plugin string

func (p plugin) binary() string {
	return filepath.Join(string(p), checkout.Executable(terraformcli.Binary))
}

// build builds the plugin of a package like a release.
func (b *bench) build(ctx context.Context, pkg string) plugin {
	p := plugin(filepath.Join(b.dir, "built", filepath.Base(pkg)))
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", p.binary(),
		"github.com/terraform-provider-signal/terraform-provider-signal"+pkg)
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := command.CombinedOutput(); err != nil {
		check(fmt.Errorf("%v: %w\n%s", command.Args, err, said))
	}
	return p
}

// startup measures the time from the start of the plugin, as Terraform starts it, until its
// schema is served.
func (p plugin) startup(ctx context.Context) time.Duration {
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
	// An empty message keeps the schema as unknown fields.
	check(must(client.Client()).(*goplugin.GRPCClient).Conn.Invoke(ctx, "/tfplugin6.Provider/GetProviderSchema", &emptypb.Empty{}, &emptypb.Empty{},
		grpc.MaxCallRecvMsgSize(64<<20)))
	return time.Since(start)
}

// id is the id of an execution, for its number.
const id = "%08d-0000-4000-8000-000000000000"

// hold is a step that never ends.
var hold = sandbox.Step{Name: "hold", Action: "aws:executeScript", Hold: true}

// with starts a sandbox while do runs, with so many executions that wait for approval and
// then run a step. They take another approval too, so a signal that is sent twice can be
// seen.
func with(executions int, step sandbox.Step, do func(*sandbox.Sandbox)) {
	s := sandbox.New(sandbox.Options{})
	for i := range executions {
		s.StartAutomation(sandbox.Automation{ID: fmt.Sprintf(id, i), AcceptRepeats: true, Steps: []sandbox.Step{{Name: "approve", Action: "aws:approve"}, step}})
	}
	check(s.Start("127.0.0.1:0"))
	defer s.Close()
	do(s)
}

// load describes one apply.
type load struct {
	signals, parallelism int
	// same means that all signals go to one execution, and waits that each signal waits for
	// the end of its execution.
	same, waits bool
}

// workspace is a terraform with the configuration of one load.
type workspace struct {
	*tfexec.Terraform
	load
}

const configuration = `{
  "terraform": {"required_providers": {"signal": {"source": "terraform-provider-signal/signal"}}},
  "provider": {"signal": {"aws": {
    "region": "us-east-1", "access_key": "sandbox-access-key", "secret_key": "sandbox-secret-key", "endpoints": {"ssm": %q}
  }}},
  "resource": {"signal_automation": {"approve": {
    "count": %d, "automation_execution_id": "${format(\"%s\", %t ? 0 : count.index)}", "signal_type": "Approve", "wait_for_completion": "${%t ? true : null}"
  }}}
}`

// open writes the configuration of a load into a new folder, for terraform with a plugin
// and a server.
func (b *bench) open(p plugin, url string, l load) workspace {
	dir := must(os.MkdirTemp(b.dir, "workspace"))
	check(os.WriteFile(filepath.Join(dir, "main.tf.json"), fmt.Appendf(nil, configuration, url, l.signals, id, l.same, l.waits), 0o600))
	w := workspace{must(terraformcli.Open(dir, b.cli.Path, string(p), nil)), l}
	w.SetStdout(io.Discard)
	return w
}

// apply runs terraform apply.
func (w workspace) apply(ctx context.Context, options ...tfexec.ApplyOption) {
	check(w.Apply(ctx, append(options, tfexec.Parallelism(w.parallelism))...))
}
