// Command sandbox serves the signalling control planes of package sandbox on one loopback port, prints the provider
// block that uses them, and then one line per request.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// executionID is fixed, so that a configuration pasted once keeps working.
const executionID = "5a4d0b0c-0000-4000-8000-000000000001"

func main() {
	addr := flag.String("addr", "127.0.0.1:4599", "loopback address to listen on")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *addr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, addr string) error {
	s := sandbox.New(sandbox.Options{Log: os.Stdout})
	if err := s.Start(addr); err != nil {
		return err
	}
	s.StartAutomation(sandbox.Automation{
		ID:           executionID,
		DocumentName: "Sandbox-Approval",
		Steps: []sandbox.Step{
			{Name: "approve", Action: "aws:approve"},
			{Name: "deploy", Action: "aws:executeScript"},
		},
	})
	fmt.Printf(`provider "signal" {
  aws = {
    region     = "us-east-1"
    access_key = "sandbox-access-key"
    secret_key = "sandbox-secret-key"
    endpoints  = { ssm = %[1]q, swf = %[1]q, transfer = %[1]q, sts = %[1]q }
  }
}

# This execution waits for an approval:
#   automation_execution_id = %[2]q
# Scenarios, faults and the journal: %[1]s/_sandbox/

`, s.URL(), executionID)
	<-ctx.Done()
	return s.Close()
}
