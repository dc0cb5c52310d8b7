package provider_test

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// passing are faults of reads after which the next read can succeed.
var passing = []sandbox.Kind{sandbox.KindDropBefore, sandbox.KindErrorBefore, sandbox.KindTruncate, sandbox.KindHTML, sandbox.KindHTMLOK, sandbox.KindThrottle}

// FuzzBatchHistories runs random histories of resources that wait for different targets
// with shared reads, some of which fail. Each resource gets the result of its own target,
// whatever happens to the others.
func FuzzBatchHistories(f *testing.F) {
	var batched []system
	for _, y := range systems.Signals() {
		if y.Gate != nil && y.Gate.Batch != nil {
			batched = append(batched, y)
		}
	}
	addSeeds(f, len(batched))
	f.Fuzz(func(t *testing.T, i uint8, seed uint64) {
		h := &batchHistory{history: newHistory(t, seed), system: batched[int(i)%len(batched)]}
		h.Hook(h.Gate.Read, h.reads, nil)
		if h.Gate.Batch.Operation != h.Gate.Read {
			h.Hook(h.Gate.Batch.Operation, h.reads, nil)
		}
		for range 1 + h.random.IntN(3) {
			h.round()
		}
	})
}

// batchHistory is a history of resources that wait together.
type batchHistory struct {
	history
	system
	// signals is how many signals are taken when all of this round are. until is the offset
	// of the clock at which all targets that end have ended.
	signals, until atomic.Int64
}

// reads moves the time on with each read when all signals are taken, but not further than
// signatures are valid.
func (h *batchHistory) reads() {
	if int64(h.Accepted(h.Operation)) >= h.signals.Load() && h.offset.Load() < h.until.Load() {
		h.tick()
	}
}

// member waits for its own target, after the signal that it has sent.
type member struct {
	ends string
	// found says that the arguments identify the run.
	found          bool
	signals        acctest.Values
	signal, waiter *acctest.Resource
}

// target creates the target. If it ends well, it is one of those that are read together.
func (m *member) target(h *batchHistory) {
	if m.signals = h.Gate.Running(h.Sandbox, m.ends); h.Gate.Batch.Target != nil && m.ends == well {
		m.signals = h.Gate.Batch.Target(h.Sandbox)
	}
}

// wait waits as part of the signal or after it, and returns the resource that has waited.
func (m *member) wait(late bool) (*acctest.Resource, acctest.Diagnostics) {
	timeouts := acctest.Values{"timeouts": acctest.Values{"create": "1m", "update": "1m"}}
	if m.ends == never {
		timeouts = acctest.Values{"timeouts": acctest.Values{"create": "500ms", "update": "500ms"}}
	}
	if m.waiter != nil {
		return m.waiter, m.waiter.Apply(waitFor(m.waiter, m.signals).With(timeouts))
	}
	if (late || m.ends == never) && m.found {
		if diags := m.signal.Apply(m.signals); diags.HasError() {
			return m.signal, diags
		}
	}
	if !m.found {
		// The provider repeats a failed lookup like a failed wait.
		timeouts["wait_until_ready"] = true
	}
	return m.signal, m.signal.Apply(m.signals.With(waiting).With(timeouts))
}

// round creates new targets, and some resources wait together for them, in one run.
func (h *batchHistory) round() {
	p := h.provider()
	h.until.Store(h.offset.Load() + int64(75*time.Second))
	members := make([]*member, 2+h.random.IntN(7))
	batch := h.Gate.Batch
	for i := range members {
		m := &member{ends: []string{well, well, badly, never}[h.random.IntN(4)], signal: p.Resource(h.Type)}
		m.target(h)
		if m.found = !m.signal.Has("run_id") || m.signals["run_id"] != nil; !m.found && m.ends == never {
			m.ends = well // The short timeout would also limit the lookup.
			m.target(h)
		}
		// A run that cannot be found after its end must be found before. The reads of the
		// others bring its end nearer.
		if h.random.IntN(2) == 0 && m.found && !h.Gate.EndsUntold {
			if diags := m.signal.Apply(m.signals); diags.HasError() {
				h.violated("the signal said %s", diags)
			}
			m.waiter = p.Resource(h.Type + "_wait")
		}
		members[i] = m
		h.steps = append(h.steps, m.ends)
	}
	for range h.random.IntN(4) {
		if kinds := map[bool][]sandbox.Kind{true: unread, false: passing}[batch.Permission != ""]; batch.Operation != h.Gate.Read {
			h.fault(batch.Operation, kinds)
		}
		h.fault(h.Gate.Read, passing)
	}
	sent := h.Accepted(h.Operation)
	for _, m := range members {
		if m.waiter == nil {
			sent++
		}
	}
	h.signals.Store(int64(sent))
	said, waited := make([]acctest.Diagnostics, len(members)), make([]*acctest.Resource, len(members))
	late := h.random.IntN(2) == 0
	var all sync.WaitGroup
	for i, m := range members {
		all.Go(func() { waited[i], said[i] = m.wait(late && i%2 == 0) })
	}
	all.Wait()
	h.ClearFaults()
	if h.Accepted(h.Operation) != sent {
		h.violated("%d signals were taken, want %d", h.Accepted(h.Operation), sent)
	}
	for i, m := range members {
		h.judge(m, waited[i], said[i])
	}
}

// judge compares the record of a wait with the end of its target.
func (h *batchHistory) judge(m *member, r *acctest.Resource, diags acctest.Diagnostics) {
	status, succeeded := r.String("target_status"), r.Bool("target_succeeded")
	summaries := map[string][]string{
		well: nil, badly: {"Target Did Not Succeed"}, never: {"Target Still Running", "Target Not Seen"},
	}[m.ends]
	if len(summaries) == 0 {
		var want any = true
		if h.Gate.EndsUntold {
			want = nil
		}
		if diags.HasError() || status != h.Gate.Succeeded || succeeded != want {
			h.violated("a run that ended well is recorded as %q, %v, and it said %s", status, succeeded, diags)
		}
		return
	}
	if !slices.ContainsFunc(summaries, func(summary string) bool { return strings.Contains(diags.String(), summary) }) ||
		succeeded == true || m.ends == badly && status != h.Gate.Failed || m.ends == never && status != h.Gate.IsRunning && status != "" {
		h.violated("a run that ends %s is recorded as %q, %v, and it said %s", m.ends, status, succeeded, diags)
	}
}
