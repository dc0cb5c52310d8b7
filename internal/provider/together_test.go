package provider_test

import (
	"sync"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// All signals of all systems use one provider at the same time, so that the race detector
// sees everything that they share.
func TestSignalsTogether(t *testing.T) {
	const each = 16
	s := acctest.Sandbox(t, sandbox.Options{})
	p := acctest.StartProvider(t, acctest.Block(s.URL()))
	sent := map[string]int{}
	start := make(chan struct{})
	var all sync.WaitGroup
	for _, y := range systems.All {
		for range each {
			config, r := y.Ready(s), p.Resource(y.Type)
			sent[y.Operation]++
			all.Go(func() {
				<-start
				apply(t, r, config)
				if diags := r.Refresh(); len(diags) > 0 {
					t.Error(diags)
				}
				apply(t, r, config.With(acctest.Values{"timeouts": acctest.Values{"create": "5m"}}))
				if diags := r.Destroy(); len(diags) > 0 {
					t.Error(diags)
				}
			})
		}
	}
	close(start)
	all.Wait()
	for operation, n := range sent {
		if s.Count(operation) != n || s.Accepted(operation) != n {
			t.Errorf("%d requests for %s of which %d were accepted, want %d", s.Count(operation), operation, s.Accepted(operation), n)
		}
	}
	seen := map[string]bool{}
	for _, e := range s.RequestLog() {
		one := request(e, []string{"UniqueId", "ClientToken"})
		if sent[e.Operation] > 0 && seen[one] {
			t.Errorf("sent twice: %s", one)
		}
		seen[one] = true
	}
}
