// Devserver is a real Temporal server for tests: the development server of the
// temporal command line, with its HTTP API, on free loopback ports, and a worker.
//
// It prints one line of JSON once it is ready, with the address of its HTTP API
// and the one of its gRPC API, and ends when its standard input does, so that it
// never outlives the tests that started it.
//
// The worker runs one workflow type, "Gate": it waits for a signal "close" whose
// argument says how the run ends, as in {"status": "COMPLETED", "result": 1} or
// {"status": "FAILED", "message": "the disk is full"}. All other signals stay in
// its history.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/temporalio/cli/temporalcli"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	// The command line pins its database driver so, too.
	_ "modernc.org/sqlite"
)

// taskQueue is where the worker takes its tasks from.
const taskQueue = "gates"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "devserver:", err)
		os.Exit(1)
	}
}

func run() error {
	ports, err := freePorts(3)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()

	served := make(chan error, 1)
	go func() {
		served <- serve(ctx, ports)
		stop()
	}()
	address := "127.0.0.1:" + ports[0]
	connected, err := connect(ctx, address)
	if err != nil {
		select {
		case why := <-served:
			return errors.Join(why, err)
		default:
			return err
		}
	}
	defer connected.Close()
	gates := worker.New(connected, taskQueue, worker.Options{})
	gates.RegisterWorkflowWithOptions(gate, workflow.RegisterOptions{Name: "Gate"})
	if err := gates.Start(); err != nil {
		return err
	}
	defer gates.Stop()
	ready, err := json.Marshal(map[string]string{"http": "http://127.0.0.1:" + ports[1], "grpc": address, "task_queue": taskQueue})
	if err != nil {
		return err
	}
	fmt.Println(string(ready))
	<-ctx.Done()
	return nil
}

// serve runs the development server until ctx ends, in memory and without its web page.
func serve(ctx context.Context, ports []string) error {
	var failed error
	temporalcli.Execute(ctx, temporalcli.CommandOptions{
		Args: []string{
			"server", "start-dev", "--headless", "--ip", "127.0.0.1",
			"--port", ports[0], "--http-port", ports[1], "--metrics-port", ports[2], "--log-level", "never",
		},
		Stdout: io.Discard,
		// Whatever the user's own command line is configured for is not for this one.
		DeprecatedEnvConfig: temporalcli.DeprecatedEnvConfig{DisableEnvConfig: true, EnvConfigName: "default"},
		EnvLookup:           noEnvironment{},
		Fail: func(err error) {
			if ctx.Err() == nil {
				failed = err
			}
		},
	})
	return failed
}

// connect waits until the server takes requests for its namespace.
func connect(ctx context.Context, address string) (client.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var last error
	for {
		connected, err := client.DialContext(ctx, client.Options{HostPort: address, Logger: silent{}})
		if err == nil {
			if err = knowsNamespace(ctx, connected); err == nil {
				return connected, nil
			}
			connected.Close()
		}
		if ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("the server did not get ready: %w", cmp.Or(last, err))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// knowsNamespace returns nil if the server looks for a workflow in the namespace and finds
// none. On a busy machine, a server that has just started may take longer than its limit of
// three seconds to read the namespace, and then answers that there is no such namespace.
// https://github.com/temporalio/temporal/blob/v1.29.1/common/namespace/nsregistry/registry.go
func knowsNamespace(ctx context.Context, connected client.Client) error {
	_, err := connected.DescribeWorkflowExecution(ctx, "no-such-workflow", "")
	if _, absent := errors.AsType[*serviceerror.NotFound](err); absent {
		return nil
	}
	return cmp.Or(err, errors.New("there is a workflow already"))
}

// noEnvironment has no variables.
type noEnvironment struct{}

func (noEnvironment) Environ() []string               { return nil }
func (noEnvironment) LookupEnv(string) (string, bool) { return "", false }

// ending is the argument of the signal "close".
type ending struct {
	// Status is COMPLETED, FAILED, CANCELED or CONTINUED_AS_NEW.
	Status string `json:"status"`
	// Result is what a completed run returns.
	Result any `json:"result"`
	// Message is why a run failed.
	Message string `json:"message"`
}

func gate(ctx workflow.Context) (any, error) {
	var how ending
	workflow.GetSignalChannel(ctx, "close").Receive(ctx, &how)
	switch how.Status {
	case "COMPLETED":
		return how.Result, nil
	case "CANCELED":
		return nil, temporal.NewCanceledError(how.Message)
	case "CONTINUED_AS_NEW":
		return nil, workflow.NewContinueAsNewError(ctx, "Gate")
	default:
		return nil, temporal.NewApplicationError(how.Message, "Gate")
	}
}

// freePorts are ports that nobody listens on now.
func freePorts(n int) (ports []string, err error) {
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = listener.Close() }()
		ports = append(ports, strconv.Itoa(listener.Addr().(*net.TCPAddr).Port))
	}
	return ports, nil
}

// silent keeps the worker's log to itself: what goes wrong shows in the run.
type silent struct{}

func (silent) Debug(string, ...any) {}
func (silent) Info(string, ...any)  {}
func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}

var _ log.Logger = silent{}
