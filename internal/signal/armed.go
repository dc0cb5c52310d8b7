package signal

import (
	"maps"
	"slices"
	"sync"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// armedSignals are the signals that a destroy would send, from their refresh to
// their plan. Terraform refreshes each resource before it plans it. It plans a
// tainted resource like a creation, without a state. So if a resource was
// refreshed and its plan does not come, it may be tainted.
type armedSignals struct {
	mu sync.Mutex
	// systems has the names of the systems by the ids of the resources.
	systems map[string]string
}

// refreshed notes a resource if its destroy would send its signal.
func (a *armedSignals) refreshed(system string, state map[string]tftypes.Value) {
	sent := textOf(state["delivery"])
	if textOf(state["when"]) != whenDestroy || sent != "" && sent != Unknown {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.systems[textOf(state["id"])] = system
}

// planned forgets a resource that Terraform plans with its state.
func (a *armedSignals) planned(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.systems, id)
}

// any reports whether a plan of a creation may be one of a tainted resource
// whose destroy sends its signal. It may also be one of those that Terraform
// refreshes at the same time.
func (a *armedSignals) any(system string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Contains(slices.Collect(maps.Values(a.systems)), system)
}

// textOf returns a string attribute, "" if it is null or unknown.
func textOf(value tftypes.Value) (text string) {
	if value.IsKnown() && !value.IsNull() && value.Type().Is(tftypes.String) {
		_ = value.As(&text)
	}
	return text
}
