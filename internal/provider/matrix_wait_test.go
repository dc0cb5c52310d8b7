package provider_test

import (
	"cmp"
	"sync"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/matrix"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// The matrix holds for every wait, and no wait sends a signal.
func TestWhatHappensToAWaitWhen(t *testing.T) {
	for _, row := range matrix.WaitRows() {
		t.Run(row.Name, func(t *testing.T) {
			t.Parallel()
			var all sync.WaitGroup
			defer all.Wait()
			for _, y := range systems.All {
				if y.Gate != nil {
					all.Go(func() { t.Run(y.Type+"_wait", func(t *testing.T) { waitThrough(t, y, row) }) })
				}
			}
		})
	}
}

func waitThrough(t *testing.T, y system, row matrix.Row) {
	c := &clock{}
	y.Ready = func(s *sandbox.Sandbox) systems.Values { return y.Gate.Running(s, well) }
	x := tryWith(t, y, row.Trouble, sandbox.Options{Now: c.now})
	r, want := x.Resource(y.Type+"_wait"), row.Wait()
	config := waitFor(r, x.config).With(acctest.Values{"timeouts": acctest.Values{"create": "1m"}})
	reachable := elsewhere[row.Line] == "" && row.Line != matrix.Untrusted
	if reachable {
		apply(t, x.Resource(y.Type), x.config)
	}
	if want == matrix.RanOut {
		config["timeouts"] = acctest.Values{"create": "2s"}
	}
	x.Hook(y.Gate.Read, c.tick, nil)
	x.Operation, x.ShownBy, x.LookUps = y.Gate.Read, "", 0
	for _, fault := range x.trouble.Faults {
		fault.Operation = cmp.Or(fault.Operation, y.Gate.Read)
		x.Inject(fault)
	}
	if row.Line == matrix.RefusedAtFirst {
		x.inject()
		x.Hook(y.Gate.Read, c.tick, nil)
	}
	sent := signalled(x.Sandbox)
	diags := r.Apply(config)
	switch {
	case want.Error == "" && len(diags) > 0:
		t.Errorf("said %s, and the state is %s", diags, r.State)
	case want.Error == "":
		endedWell(t, y, r)
	case want.Error != "" && (len(diags) != 1 || !diags[0].Error || diags[0].Summary != want.Error || !r.Tainted):
		t.Errorf("said %s, want the error %q; tainted: %t", diags, want.Error, r.Tainted)
	}
	x.ClearFaults()
	if reachable {
		apply(t, r, config.With(acctest.Values{"timeouts": acctest.Values{"create": "1m", "update": "1m"}}))
		endedWell(t, y, r)
	}
	if signalled(x.Sandbox) != sent {
		t.Errorf("a wait sent a signal: %v", x.RequestLog())
	}
}
