package acctest

import (
	"context"
	"os"
	"sync"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/checkout"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/temporalserver"
)

// Temporal starts a real Temporal server, once for all tests of a package, and
// returns it. It ends with the process that runs the tests.
var Temporal = sync.OnceValues(func() (*temporalserver.Server, error) {
	root, err := checkout.Root(context.Background())
	if err != nil {
		return nil, err
	}
	binary, err := temporalserver.Build(context.Background(), root, os.Stderr)
	if err != nil {
		return nil, err
	}
	return temporalserver.Start(context.Background(), binary)
})

// TemporalURL is the address of the HTTP API of the server that Temporal starts.
func TemporalURL() (string, error) {
	server, err := Temporal()
	if err != nil {
		return "", err
	}
	return server.HTTP, nil
}
