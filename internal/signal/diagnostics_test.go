package signal

import (
	"fmt"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// A proxy that cannot connect is named as the proxy, and not taken for a network without one.
func TestProxyHasItsOwnAdvice(t *testing.T) {
	for cause, says := range map[delivery.Cause]string{
		delivery.Unreachable:            "could not connect to the service itself",
		delivery.CredentialsUnreachable: "could not connect to the service itself",
		delivery.RefusedByProxy:         "user and password",
	} {
		err := fmt.Errorf("asking: %w", &delivery.ProxyError{Proxy: "127.0.0.1:3128", Code: 502, Status: "502 Bad Gateway"})
		said := unsentBecause(delivery.Attempt{Outcome: delivery.NotSent, Cause: cause, Err: err}, nil)
		if !strings.Contains(said, says) || strings.Contains(said, "whether a proxy is needed") {
			t.Errorf("with the cause %d it says %q", cause, said)
		}
	}
}
