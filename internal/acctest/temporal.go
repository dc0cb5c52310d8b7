package acctest

import (
	"context"
	"os"
	"sync"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/checkout"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/temporalserver"
)

// Temporal starts a real Temporal server, once for all tests of a package. The server ends
// with the test process.
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

// TemporalURL returns the address of the HTTP API of this server.
func TemporalURL() (string, error) {
	server, err := Temporal()
	if err != nil {
		return "", err
	}
	return server.HTTP, nil
}
