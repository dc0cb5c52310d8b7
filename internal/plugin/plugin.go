// Package plugin serves a provider to Terraform and OpenTofu at a low cost.
package plugin

import (
	"os"
	"runtime/debug"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
)

// Serve serves the provider of an address until its caller is done. With debug it
// prints how to attach to it, waits for that, and leaves the log on. It returns an
// error when the provider cannot be served.
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

// hush turns the provider's log off unless the environment asks for it. By default a
// plugin writes everything down to TRACE to Terraform: some 120 KB for each signal.
// Terraform reads each line and drops it. That took a fifth of an apply's time.
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
