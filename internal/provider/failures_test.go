package provider_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/matrix"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/provider"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

func TestMissingTarget(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		r := p.Resource(y.Type)
		diags := r.Apply(y.Ready(s).With(y.Missing))
		want := matrix.Cell{Result: matrix.Rejected, Requests: 1, Says: []string{"Check"}}
		if y.LooksUp {
			want = matrix.Cell{Result: matrix.NotSent, Says: []string{"Check"}}
		}
		became(t, y, s, r, want, diags)
		if len(diags) != 1 || diags[0].Attribute != y.MissingAt {
			t.Errorf("said %s, want one error on %s", diags, y.MissingAt)
		}
	})
}

// cancelled runs a function, and cancels it like Ctrl-C when the service has acted on an
// operation or has received a read. It returns the diagnostics, and fails if the function
// does not end at once.
func cancelled(t *testing.T, s *sandbox.Sandbox, p *acctest.Provider, operation string, run func() acctest.Diagnostics) acctest.Diagnostics {
	t.Helper()
	var once sync.Once
	acted, done := make(chan struct{}), make(chan acctest.Diagnostics)
	tell := func() { once.Do(func() { close(acted) }) }
	if slices.ContainsFunc(systems.All, func(y system) bool { return y.Gate != nil && y.Gate.Read == operation }) {
		s.Hook(operation, tell, nil)
	} else {
		s.Hook(operation, nil, tell)
	}
	go func() { done <- run() }()
	<-acted
	p.Stop()
	return <-done
}

func TestCancelWhileSendingEndsAtOnce(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config, r := y.Ready(s), p.Resource(y.Type)
		s.Inject(sandbox.Fault{Operation: y.Operation, Kind: sandbox.KindStallAfter})
		diags := cancelled(t, s, p, y.Operation, func() acctest.Diagnostics { return r.Apply(config) })
		became(t, y, s, r, matrix.Cell{Result: matrix.Unknown, Requests: 1, Taken: 1, Says: []string{"cancel"}}, diags)
	})
}

func TestCancelWhileTryingAgainEndsAtOnce(t *testing.T) {
	patient := acctest.Quick()
	patient.FirstPause, patient.UnreachableTimeout = 5*time.Minute, time.Hour
	for _, y := range systems.All {
		t.Run(y.Name(), func(t *testing.T) {
			t.Parallel()
			s := acctest.SandboxToRefuse(t, sandbox.Options{})
			p := acctest.StartProvider(t, acctest.Block(s.URL()), provider.WithPolicy(patient))
			config := y.Ready(s)
			s.Refuse()
			r, done := p.Resource(y.Type), make(chan acctest.Diagnostics)
			go func() { done <- r.Apply(config) }()
			// A cancellation before the apply has begun does not affect it.
			again := time.NewTicker(10 * time.Millisecond)
			defer again.Stop()
			for {
				select {
				case <-again.C:
					p.Stop()
				case diags := <-done:
					became(t, y, s, r, matrix.Cell{Result: matrix.NotSent, Says: []string{"cancelled"}}, diags)
					return
				}
			}
		})
	}
}

// A read that Ctrl-C cuts off has shown nothing of the target, so the error says nothing
// about it.
func TestCancelWhileLookingSaysNothingOfTheTarget(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		if !p.Resource(y.Type).Has("wait_until_ready") {
			return
		}
		var end atomic.Pointer[func()]
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			(*end.Load())()
			<-r.Context().Done()
		}))
		t.Cleanup(server.Close)
		elsewhere := acctest.StartProvider(t, acctest.Block(server.URL))
		for _, stop := range []string{"cancelled", "timeout"} {
			config, ends := y.Ready(s).With(acctest.Values{"wait_until_ready": true}), elsewhere.Stop
			if stop == "timeout" {
				config["timeouts"], ends = brief, elsewhere.Expire
			}
			end.Store(&ends)
			diags := elsewhere.Resource(y.Type).Apply(config)
			says(t, diags, true, "Signal Not Sent", stop)
			for _, guess := range []string{"may have been", "may not have been", "may be another", "may have ended"} {
				if strings.Contains(diags.String(), guess) {
					t.Errorf("it guesses that something %s so:\n%s", guess, diags)
				}
			}
		}
	})
}
