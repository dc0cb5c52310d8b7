// Package plugin serves a provider to Terraform and OpenTofu, at no more cost
// than has to be.
package plugin

import (
	"os"
	"runtime/debug"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
)

// Serve serves the provider of an address until whoever started it is done with
// it; with debug it waits for those that attach to it, after it has printed how, and
// leaves its log on. It returns an error when it cannot be served.
func Serve(address string, p func() provider.Provider, debug bool) error {
	collectLess()
	var options []tf6server.ServeOpt
	if debug {
		options = append(options, tf6server.WithManagedDebug())
	} else {
		hush()
	}
	return tf6server.Serve(address, Server(p), options...)
}

// collectLess has the garbage collector wait until the heap is five times what is in
// use, instead of twice, unless GOGC says otherwise. A provider uses a few megabytes,
// and starting one took a tenth longer with the collections in between.
func collectLess() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}

// hush turns the log of the signal provider off while nobody asks for it. Left alone, a plugin writes
// everything down to TRACE to Terraform, some 120 KB for each signal, of which
// Terraform reads every line only to drop it; that took a fifth of an apply's time.
func hush() {
	for _, asked := range []string{"TF_LOG", "TF_LOG_PROVIDER"} {
		if os.Getenv(asked) != "" {
			return
		}
	}
	for _, logger := range []string{"TF_LOG_SDK", "TF_LOG_PROVIDER_SIGNAL"} {
		if os.Getenv(logger) == "" {
			_ = os.Setenv(logger, "OFF")
		}
	}
}
