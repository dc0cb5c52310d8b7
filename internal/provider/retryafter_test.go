package provider_test

import (
	"strings"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// A service that asks to be left alone for longer than the timeout is named as the reason.
func TestLongRetryAfterIsNamed(t *testing.T) {
	for _, y := range systems {
		if y.resource != "signal_stack_resource" && y.resource != "signal_http_trigger" {
			continue
		}
		t.Run(y.name, func(t *testing.T) {
			s := acctest.Sandbox(t, sandbox.Options{RetryAfter: 3 * time.Hour})
			p := acctest.StartProvider(t, acctest.Block(s.URL()))
			s.Inject(sandbox.Fault{Operation: y.operation, Kind: sandbox.KindThrottle, Times: 1})
			for _, which := range []string{"the one that was throttled", "the next one"} {
				said := p.Resource(y.resource).Apply(y.ready(t, s))
				if !said.HasError() || !strings.Contains(said.String(), "3h0m0s") {
					t.Errorf("%s: want an error that names the 3 hours, got: %s", which, said)
				}
			}
			if s.Accepted(y.operation) != 0 {
				t.Errorf("%d signals were accepted, want none", s.Accepted(y.operation))
			}
		})
	}
}
