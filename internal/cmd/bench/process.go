package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/provider"
)

// process is a plugin that runs, spoken to without a terraform.
type process struct {
	client *goplugin.Client
	conn   *grpc.ClientConn
	pid    int
}

// run starts a plugin as Terraform does, and returns when it can be spoken to.
func (p plugin) run(ctx context.Context) (*process, error) {
	command := exec.CommandContext(ctx, p.binary())
	command.Env = append(os.Environ(), "AWS_EC2_METADATA_DISABLED=true")
	for name, value := range p.env {
		command.Env = append(command.Env, name+"="+value)
	}
	client := goplugin.NewClient(&goplugin.ClientConfig{
		// The cookie of Terraform's providers, which keeps people from starting them by mistake.
		HandshakeConfig: goplugin.HandshakeConfig{
			MagicCookieKey:   "TF_PLUGIN_MAGIC_COOKIE",
			MagicCookieValue: "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
		},
		VersionedPlugins: map[int]goplugin.PluginSet{6: {}},
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		AutoMTLS:         true,
		Cmd:              command,
		Logger:           hclog.NewNullLogger(),
	})
	protocol, err := client.Client()
	if err != nil {
		client.Kill()
		return nil, fmt.Errorf("starting %s: %w", p.binary(), err)
	}
	return &process{client, protocol.(*goplugin.GRPCClient).Conn, command.Process.Pid}, nil
}

func (p *process) stop() { p.client.Kill() }

// bytesCodec has messages be what is on the wire.
type bytesCodec struct{}

func (bytesCodec) Name() string { return "proto" }

func (bytesCodec) Marshal(v any) ([]byte, error) { return *v.(*message), nil }

func (bytesCodec) Unmarshal(data []byte, v any) error {
	*v.(*message) = append(message(nil), data...)
	return nil
}

// message is a Protocol Buffers message.
type message []byte

// bytes appends a field of bytes, a string or a message.
func (m message) bytes(field protowire.Number, value []byte) message {
	return protowire.AppendBytes(protowire.AppendTag(m, field, protowire.BytesType), value)
}

// field returns a field of bytes, nil when there is none.
func (m message) field(wanted protowire.Number) []byte {
	for rest := []byte(m); len(rest) > 0; {
		number, kind, n := protowire.ConsumeTag(rest)
		if n < 0 {
			return nil
		}
		rest = rest[n:]
		if n = protowire.ConsumeFieldValue(number, kind, rest); n < 0 {
			return nil
		}
		if number == wanted && kind == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(rest)
			return value
		}
		rest = rest[n:]
	}
	return nil
}

// call calls the plugin. The errors among the diagnostics, which are in a field, are errors here.
func (p *process) call(ctx context.Context, method string, request message, diagnostics protowire.Number) (message, error) {
	var response message
	if err := p.conn.Invoke(ctx, "/tfplugin6.Provider/"+method, &request, &response, grpc.ForceCodec(bytesCodec{}), grpc.MaxCallRecvMsgSize(64<<20)); err != nil {
		return nil, err
	}
	if said := response.field(diagnostics); said != nil {
		return nil, fmt.Errorf("%s: %q", method, said)
	}
	return response, nil
}

// schema has the plugin serve its schema. Its diagnostics are not looked for.
func (p *process) schema(ctx context.Context) error {
	_, err := p.call(ctx, "GetProviderSchema", nil, protowire.MaxValidNumber)
	return err
}

// startup is how long it takes from starting a plugin until its schema is served.
func (p plugin) startup(ctx context.Context) (time.Duration, error) {
	start := time.Now()
	running, err := p.run(ctx)
	if err != nil {
		return 0, err
	}
	defer running.stop()
	err = running.schema(ctx)
	return time.Since(start), err
}

// peak has the provider send so many signals, ten at a time, as terraform apply does, and returns how much memory it
// has taken at most, in KiB.
func (p plugin) peak(ctx context.Context, url string, signals int) (float64, error) {
	schema, err := providerserver.NewProtocol6(provider.New("bench")())().GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return 0, err
	}
	running, err := p.run(ctx)
	if err != nil {
		return 0, err
	}
	defer running.stop()
	if err := running.schema(ctx); err != nil {
		return 0, err
	}
	text := func(s string) tftypes.Value { return tftypes.NewValue(tftypes.String, s) }
	block := schema.Provider.ValueType().(tftypes.Object)
	aws := block.AttributeTypes["aws"].(tftypes.Object)
	config, err := wire(object(block, map[string]tftypes.Value{"aws": object(aws, map[string]tftypes.Value{
		"region": text("us-east-1"), "access_key": text("sandbox-access-key"), "secret_key": text("sandbox-secret-key"),
		"endpoints": object(aws.AttributeTypes["endpoints"].(tftypes.Object), map[string]tftypes.Value{"ssm": text(url)}),
	})}))
	if err != nil {
		return 0, err
	}
	if _, err := running.call(ctx, "ConfigureProvider", message{}.bytes(1, []byte("1.11.0")).bytes(2, config), 1); err != nil {
		return 0, err
	}
	kind := schema.ResourceSchemas["signal_automation"].ValueType().(tftypes.Object)
	none, err := wire(tftypes.NewValue(kind, nil))
	if err != nil {
		return 0, err
	}
	send := func(i int) error {
		config, err := wire(object(kind, map[string]tftypes.Value{"automation_execution_id": text(id(i)), "signal_type": text("Approve")}))
		if err != nil {
			return err
		}
		if _, err := running.call(ctx, "ValidateResourceConfig", message{}.bytes(1, []byte("signal_automation")).bytes(2, config), 1); err != nil {
			return err
		}
		request := message{}.bytes(1, []byte("signal_automation")).bytes(2, none)
		planned, err := running.call(ctx, "PlanResourceChange", request.bytes(3, config).bytes(4, config), 4)
		if err != nil {
			return err
		}
		_, err = running.call(ctx, "ApplyResourceChange", request.bytes(3, planned.field(1)).bytes(4, config).bytes(5, planned.field(3)), 3)
		return err
	}
	var (
		next   atomic.Int64
		all    sync.WaitGroup
		failed atomic.Value
	)
	for range 10 {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < signals; i = int(next.Add(1)) - 1 {
				if err := send(i); err != nil {
					failed.CompareAndSwap(nil, err)
					return
				}
			}
		})
	}
	all.Wait()
	if err, _ := failed.Load().(error); err != nil {
		return 0, err
	}
	return peakMemory(running.pid)
}

// object is an object whose other attributes are null.
func object(kind tftypes.Object, set map[string]tftypes.Value) tftypes.Value {
	values := map[string]tftypes.Value{}
	for name, attribute := range kind.AttributeTypes {
		values[name] = tftypes.NewValue(attribute, nil)
		if value, ok := set[name]; ok {
			values[name] = value
		}
	}
	return tftypes.NewValue(kind, values)
}

// wire is a value as a DynamicValue of the plugin protocol.
func wire(value tftypes.Value) (message, error) {
	encoded, err := tfprotov6.NewDynamicValue(value.Type(), value)
	if err != nil {
		return nil, err
	}
	return message{}.bytes(1, encoded.MsgPack), nil
}

// peakMemory is how much memory a process has taken at most, in KiB, as Linux tells.
func peakMemory(pid int) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("the peak of a process's memory is known on Linux only: %w", err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kib float64
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		return 0, fmt.Errorf("reading VmHWM: %w", err)
	}
	return kib, nil
}
