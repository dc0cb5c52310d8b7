// Package plugin serves a provider to Terraform and OpenTofu at a low cost.
package plugin

import (
	"os"
	"runtime/debug"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
)

// Serve serves the provider until Terraform stops it. With debug it prints how to attach to
// the process, waits for that, and does not turn the log off. It returns an error if the
// provider cannot be served.
func Serve(address string, p func() provider.Provider, debug bool) error {
	collectGarbageLess()
	var options []tf6server.ServeOpt
	if debug {
		options = append(options, tf6server.WithManagedDebug())
	} else {
		turnLogOff()
	}
	prepared := prepare(newServer(p))
	return tf6server.Serve(address, func() tfprotov6.ProviderServer { return prepared }, options...)
}

// collectGarbageLess lets the heap grow to five times the memory in use before a garbage
// collection, instead of twice, unless GOGC is set. A provider uses a few megabytes, and
// the collections made its start a tenth longer.
func collectGarbageLess() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}

// turnLogOff turns the provider's log off, unless the environment asks for it. By default a
// plugin writes its log down to the level TRACE to Terraform, about 120 KB for each signal,
// and Terraform reads each line and drops it. That took a fifth of an apply's time. The
// framework and the protocol have loggers of their own. With only TF_LOG_SDK off, these
// still put together each line, which took about 4 % of a plan's time.
func turnLogOff() {
	for _, asked := range []string{"TF_LOG", "TF_LOG_PROVIDER"} {
		if os.Getenv(asked) != "" {
			return
		}
	}
	loggers := []string{"TF_LOG_PROVIDER_SIGNAL"}
	if os.Getenv("TF_LOG_SDK") == "" {
		loggers = append(loggers, "TF_LOG_SDK", "TF_LOG_SDK_FRAMEWORK", "TF_LOG_SDK_PROTO")
	}
	for _, logger := range loggers {
		if os.Getenv(logger) == "" {
			_ = os.Setenv(logger, "OFF")
		}
	}
}
