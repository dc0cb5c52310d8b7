package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
)

// FuzzAdoptionHistories runs random histories of two resources that adopt the same signal,
// which others also send. In each run, each signal that the service shows is one resource's:
// of the resource that has sent it, or of one that adopts it and does not send it again. No
// resource adopts a signal that the service does not show.
func FuzzAdoptionHistories(f *testing.F) {
	var adopting []system
	for _, y := range systems.Signals() {
		if y.Gate != nil && y.Gate.Adopts {
			adopting = append(adopting, y)
		}
	}
	addSeeds(f, len(adopting))
	f.Fuzz(func(t *testing.T, i uint8, seed uint64) {
		h := &adoptionHistory{history: newHistory(t, seed), system: adopting[int(i)%len(adopting)]}
		p := h.provider()
		h.twins = [2]*acctest.Resource{p.Resource(h.Type), p.Resource(h.Type)}
		h.target()
		for range 4 + h.random.IntN(8) {
			h.step()
		}
		h.end()
	})
}

// adoptionHistory is a history of resources that adopt.
type adoptionHistory struct {
	history
	system
	twins   [2]*acctest.Resource
	configs [2]acctest.Values
	// others is the signal as somebody else sends it. before is how many signals were taken
	// when its target was created.
	others acctest.Values
	before int
	// holds says which resource has sent or adopted a signal to this target in this run. lost
	// says whose signal has an unknown outcome.
	holds, lost [2]bool
	made        int
}

// target gives both resources a new target without signals.
func (h *adoptionHistory) target() {
	h.others = h.Gate.Running(h.Sandbox, never).With(h.Gate.AdoptsWith)
	h.before, h.holds, h.lost = h.Accepted(h.Operation), [2]bool{}, [2]bool{}
	for i := range h.configs {
		h.configs[i] = h.others.With(acctest.Values{"adopt_existing": true})
	}
}

// shown returns how many signals the target has got.
func (h *adoptionHistory) shown() int { return h.Accepted(h.Operation) - h.before }

// free returns how many of them a resource can adopt. A signal with an id is one signal for
// all resources with that id. Any other signal is one resource's in a run. If it is unknown
// whether the signal of the other resource has arrived, one more may be free.
func (h *adoptionHistory) free(i int) (least, most int) {
	least = h.shown()
	if h.holds[1-i] && h.Gate.AdoptsWith == nil {
		least--
	}
	most = least
	if h.lost[1-i] && h.Gate.AdoptsWith == nil {
		least = max(0, least-1)
	}
	return least, most
}

func (h *adoptionHistory) step() {
	i := h.random.IntN(2)
	r := h.twins[i]
	h.do([]step{
		{"apply", func() { h.apply(i) }}, {"apply", func() { h.apply(i) }},
		{"adopt again", func() { h.again(i); h.apply(i) }},
		{"lose an answer", func() { h.again(i); h.fault(h.Operation, lost); h.apply(i) }},
		{"fail to look", func() { h.again(i); h.fault(h.Gate.Read, unread); h.apply(i) }},
		{"somebody else sends", h.send}, {"somebody else sends", h.send},
		{"another target", h.target},
		{"crash", func() {
			was := *r
			h.again(i)
			h.apply(i)
			*r = was
			h.run()
		}},
		{"taint", func() { r.Tainted = !r.State.IsNull() }},
		{"untaint", func() { r.Tainted = false }},
		{"refresh", func() { h.quiet("a refresh", r.Refresh) }},
		{"another run", h.run},
		{"destroy", func() {
			if !r.State.IsNull() {
				h.quiet("a destroy", r.Destroy)
				h.holds[i], h.lost[i] = false, false
			}
		}},
	})
	h.ClearFaults()
}

// run starts another run of Terraform. Its provider does not know which resource has sent or
// adopted which signal.
func (h *adoptionHistory) run() {
	p := h.provider()
	for i, r := range h.twins {
		*h.twins[i] = *r.On(p)
	}
	h.holds, h.lost = [2]bool{}, [2]bool{}
}

func (h *adoptionHistory) again(i int) {
	h.made++
	h.configs[i] = h.configs[i].With(acctest.Values{"triggers": acctest.Values{"made": fmt.Sprint(h.made)}})
}

// send sends the signal as somebody else does. The target may take no further one.
func (h *adoptionHistory) send() {
	h.provider().Resource(h.Type).Apply(h.others)
}

// quiet performs an operation that sends nothing. It does not count reads, because a read
// that was cut off may arrive late.
func (h *adoptionHistory) quiet(what string, does func() acctest.Diagnostics) {
	h.Helper()
	before := h.Count(h.Operation)
	if diags := does(); diags.HasError() || h.Count(h.Operation) != before {
		h.violated("%s said %s", what, diags)
	}
}

func (h *adoptionHistory) apply(i int) {
	h.Helper()
	r, config := h.twins[i], h.configs[i]
	var replaces bool
	h.quiet("a plan", func() acctest.Diagnostics {
		plan, diags := r.Plan(config)
		replaces = r.State.IsNull() || r.Tainted || len(plan.Replace) > 0
		return diags
	})
	faulty := len(h.Faults()) > 0
	free, most := h.free(i)
	requests, taken := h.Count(h.Operation), h.Accepted(h.Operation)
	diags := r.Apply(config)
	requests, taken = h.Count(h.Operation)-requests, h.Accepted(h.Operation)-taken
	recorded := r.String("delivery")
	if replaces {
		h.holds[i] = recorded != "" && recorded != "UNKNOWN"
		h.lost[i] = recorded == "UNKNOWN"
	}
	switch {
	case !replaces:
		if requests > 0 || diags.HasError() {
			h.violated("an update made %d requests, and said %s", requests, diags)
		}
	case recorded == "ADOPTED" && (most == 0 || requests > 0 || diags.HasError()):
		h.violated("%d signals could be adopted, %d requests were made, %q is recorded, and it said %s", most, requests, recorded, diags)
	case free > 0 && requests > 0:
		h.violated("%d signals could be adopted, and %d requests were made: %s", free, requests, diags)
	case free > 0 && !faulty && recorded != "ADOPTED":
		h.violated("%d signals could be adopted, %q is recorded, and it said %s", free, recorded, diags)
	case free == 0 && h.shown() == taken && !faulty && recorded != "SENT":
		h.violated("a signal without trouble is recorded as %q, and it said %s", recorded, diags)
	case taken > 1:
		h.violated("%d signals were taken, and it said %s", taken, diags)
	case recorded == "" && taken > 0, recorded == "UNKNOWN" && !r.Tainted, recorded == "" != r.State.IsNull(), recorded == "" && !diags.HasError():
		h.violated("%d signals were taken, recorded %s, and said %s", taken, r.State, diags)
	case (recorded == "SENT" || recorded == "CONFIRMED") && (taken == 0 || diags.HasError()):
		h.violated("%d signals were taken, %q is recorded, and it said %s", taken, recorded, diags)
	}
}

// end gives both resources another target to which somebody else sends a signal. Both adopt
// it, one after the other, each in its own run.
func (h *adoptionHistory) end() {
	h.steps = append(h.steps, "the end")
	h.target()
	h.send()
	for i, r := range h.twins {
		h.run()
		h.apply(i)
		if sent := r.String("delivery"); sent != "ADOPTED" || r.String("sent_at") != "" || h.shown() != 1 {
			h.violated("a signal that is there is recorded as %q", sent)
		}
		h.quiet("a refresh", r.Refresh)
		h.quiet("the next apply", func() acctest.Diagnostics { return r.Apply(h.configs[i]) })
		h.quiet("the destroy", r.Destroy)
	}
	if said := fmt.Sprint(h.twins[0].State, h.twins[1].State); strings.Contains(said, "ADOPTED") {
		h.violated("the destroys left %s", said)
	}
}
