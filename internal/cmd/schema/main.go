// Command schema prints the provider's schemas in the form of
// `terraform providers schema -json`, for the documentation generator.
//
// The schemas come from the provider itself and not from the terraform binary
// on PATH: binaries before 1.14 leave out actions and identities, so the
// generated pages would depend on which one happens to be installed.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cmd/schema/schemajson"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/provider"
)

// providerName is the provider's short name. Except for HashiCorp's namespace, tfplugindocs
// looks schemas up by the short name and not by the address.
const providerName = "signal"

func main() {
	server := providerserver.NewProtocol6(provider.New("dev")())()
	if err := schemajson.Write(context.Background(), os.Stdout, providerName, server); err != nil {
		fmt.Fprintln(os.Stderr, "schema:", err)
		os.Exit(1)
	}
}
