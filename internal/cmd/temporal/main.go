// Command temporal builds the Temporal server for tests, demo and sandbox from the Go
// module that tools/temporal pins, unless it is already built.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/temporalserver"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	path, err := temporalserver.Build(ctx, ".", os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("The Temporal server is", path)
}
