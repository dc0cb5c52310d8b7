package signal

import (
	"hash/maphash"
	"slices"
	"sync"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// destroySignals are the signals that a destroy would send, from their refresh to
// their plan. Terraform refreshes each resource before it plans it. It plans a
// tainted resource like a creation, without a state, and does not tell which
// one. So if a resource was refreshed and its plan does not come, it may be
// tainted.
//
// Between the refresh and the plan of a resource, Terraform validates its
// configuration. So a creation whose configuration was validated before the
// refresh is not the replacement of that resource.
type destroySignals struct {
	mu sync.Mutex
	// refreshes and validations are numbered in the order in which they come.
	last int
	// armed has the resources by their ids.
	armed map[string]destroySignal
	// validated has the number of the last validation of a configuration.
	validated map[uint64]int
	seed      maphash.Seed
}

// destroySignal is a resource whose destroy would send its signal.
type destroySignal struct {
	system    string
	refreshed int
}

func newDestroySignals() *destroySignals {
	return &destroySignals{armed: map[string]destroySignal{}, validated: map[uint64]int{}, seed: maphash.MakeSeed()}
}

// refreshed notes a resource if its destroy would send its signal.
func (a *destroySignals) refreshed(system string, state map[string]tftypes.Value) {
	sent := textOf(state["delivery"])
	if textOf(state["when"]) != whenDestroy || sent != "" && sent != DeliveryUnknown {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last++
	a.armed[textOf(state["id"])] = destroySignal{system, a.last}
}

// validates notes that Terraform validates a configuration.
func (a *destroySignals) validates(config tftypes.Value) {
	sum := a.sum(config)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last++
	a.validated[sum] = a.last
}

// planned forgets a resource that Terraform plans with its state.
func (a *destroySignals) planned(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.armed, id)
}

// replaced returns the ids of the resources whose replacement the plan of a
// creation may be, because of a taint. The plan may also be one of a resource
// that Terraform plans at the same time.
func (a *destroySignals) replaced(system string, config tftypes.Value) (ids []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.armed) == 0 {
		return nil
	}
	validated, known := a.validated[a.sum(config)]
	for id, one := range a.armed {
		if one.system == system && (!known || one.refreshed < validated) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func (a *destroySignals) sum(config tftypes.Value) uint64 {
	return maphash.String(a.seed, config.String())
}
