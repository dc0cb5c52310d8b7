// Command temporal builds the Temporal server that tests, demo and sandbox use, from
// its Go module as tools/temporal pins it, unless it is built already.
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
