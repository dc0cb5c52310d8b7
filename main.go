// Package main serves the signal provider to Terraform and OpenTofu.
package main

import (
	"flag"
	"log"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/plugin"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/provider"
)

// version is set by the release build.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "serve for a debugger: print the TF_REATTACH_PROVIDERS to set, and wait")
	flag.Parse()
	if err := plugin.Serve(provider.Address, provider.New(version), *debug); err != nil {
		log.Fatal(err)
	}
}
