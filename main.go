// Package main serves the signal provider to Terraform and OpenTofu.
package main

import (
	"flag"
	"log"
	"os"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/provider"
)

// version is set by the release build.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "serve for a debugger: print the TF_REATTACH_PROVIDERS to set, and wait")
	flag.Parse()
	var options []tf6server.ServeOpt
	if *debug {
		options = append(options, tf6server.WithManagedDebug())
	} else {
		hush()
	}
	err := tf6server.Serve(provider.Address, provider.Server(provider.New(version)), options...)
	if err != nil {
		log.Fatal(err)
	}
}

// hush turns the log off while nobody asks for it. Left alone, a plugin writes
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
