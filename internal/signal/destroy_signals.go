package signal

import (
	"hash/maphash"
	"slices"
	"sync"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// destroySignals tracks, from refresh to plan, the resources whose destroy would send a
// signal. Terraform refreshes each resource before it plans it. It plans a
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
	// refreshedOnly has, by their ids, the resources that were refreshed and not planned yet.
	refreshedOnly map[string]destroySignal
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
	return &destroySignals{refreshedOnly: map[string]destroySignal{}, validated: map[uint64]int{}, seed: maphash.MakeSeed()}
}

// refreshed notes a resource if its destroy would send its signal.
func (s *destroySignals) refreshed(system string, state map[string]tftypes.Value) {
	sent := textOf(state["delivery"])
	if textOf(state["when"]) != whenDestroy || sent != "" && sent != DeliveryUnknown {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	s.refreshedOnly[textOf(state["id"])] = destroySignal{system, s.last}
}

// validates notes that Terraform validates a configuration.
func (s *destroySignals) validates(system string, config tftypes.Value) {
	sum := s.sum(system, config)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	s.validated[sum] = s.last
}

// planned forgets a resource that Terraform plans with its state.
func (s *destroySignals) planned(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.refreshedOnly, id)
}

// replaced returns the ids of the tainted resources that this creation may replace. Some may
// be no tainted ones, but merely not planned yet.
func (s *destroySignals) replaced(system string, config tftypes.Value) (ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.refreshedOnly) == 0 {
		return nil
	}
	validated, known := s.validated[s.sum(system, config)]
	for id, one := range s.refreshedOnly {
		if one.system == system && (!known || one.refreshed < validated) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// sum returns a hash of a configuration. It leaves out null arguments, which are most of them.
func (s *destroySignals) sum(system string, config tftypes.Value) uint64 {
	var arguments map[string]tftypes.Value
	if config.As(&arguments) != nil {
		return 0
	}
	sum := maphash.String(s.seed, system)
	for name, value := range arguments {
		if !value.IsNull() {
			sum ^= maphash.String(s.seed, name+value.String())
		}
	}
	return sum
}
