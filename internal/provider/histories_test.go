package provider_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// histories is how many histories of each system the tests run. make fuzz runs more.
const histories = 4

// addSeeds adds the seeds for this number of systems.
func addSeeds(f *testing.F, systems int) {
	for i := range systems {
		for seed := range uint64(histories) {
			f.Add(uint8(i), seed)
		}
	}
}

// FuzzHistories runs random histories of two resources that send the same signal:
// operations of a user, faults, crashes and other runs of Terraform. It compares the
// service's request log with the states.
func FuzzHistories(f *testing.F) {
	addSeeds(f, len(systems.All))
	f.Fuzz(func(t *testing.T, i uint8, seed uint64) {
		y := systems.All[int(i)%len(systems.All)]
		h := &signalHistory{history: newHistory(t, seed), system: y}
		h.target()
		for range 4 + h.random.IntN(8) {
			h.step()
		}
		h.end()
	})
}

// history is the common part of all histories.
type history struct {
	*testing.T
	*sandbox.Sandbox
	*clock
	random *rand.Rand
	steps  []string
}

func newHistory(t *testing.T, seed uint64) history {
	t.Helper()
	t.Parallel()
	c := &clock{}
	return history{T: t, Sandbox: acctest.Sandbox(t, sandbox.Options{Now: c.now}), clock: c, random: rand.New(rand.NewPCG(seed, 21))}
}

// later moves the time on until services can show that one signal came after another.
func (h *history) later() { h.offset.Add(int64(4 * time.Second)) }

func (h *history) violated(format string, args ...any) {
	h.Helper()
	h.Fatalf("%s, after %s:\n%v", fmt.Sprintf(format, args...), strings.Join(h.steps, ", "), h.RequestLog())
}

func (h *history) provider() *acctest.Provider {
	h.Helper()
	h.later()
	return acctest.StartProvider(h.T, acctest.Block(h.URL()))
}

// do performs one of the steps.
func (h *history) do(steps []step) {
	h.later()
	one := steps[h.random.IntN(len(steps))]
	h.steps = append(h.steps, one.name)
	one.take()
}

type step struct {
	name string
	take func()
}

// lost are faults after which a request was or was not taken. No request is under way after
// them.
var lost = []sandbox.Kind{
	sandbox.KindDropBefore, sandbox.KindDropAfter, sandbox.KindErrorBefore, sandbox.KindErrorAfter, sandbox.KindTruncate, sandbox.KindTruncateJSON,
	sandbox.KindHTML, sandbox.KindHTMLAfter, sandbox.KindHTMLOK, sandbox.KindThrottle, sandbox.KindRefuse,
}

// unread are faults of reads.
var unread = []sandbox.Kind{sandbox.KindDropBefore, sandbox.KindErrorBefore, sandbox.KindTruncate, sandbox.KindHTML, sandbox.KindHTMLOK, sandbox.KindThrottle, sandbox.KindRefuse}

// fault makes the next requests of an operation fail, or some after them.
func (h *history) fault(operation string, kinds []sandbox.Kind) {
	fault := sandbox.Fault{Operation: operation, Kind: kinds[h.random.IntN(len(kinds))], Times: 1 + h.random.IntN(3), Skip: h.random.IntN(2)}
	h.steps = append(h.steps, fmt.Sprintf("%s of %s", fault.Kind, operation))
	h.Inject(fault)
}

// signalHistory is a history of signals.
type signalHistory struct {
	history
	system
	twins   [2]*acctest.Resource
	configs [2]acctest.Values
	// made counts the values that differ each time.
	made int
}

// takesOnce reports whether only the first signal to a target has an effect. The sandbox
// also records the second one, so the number of signals proves nothing there.
func (h *signalHistory) takesOnce() bool {
	return slices.ContainsFunc(h.Guards, func(g systems.Guarded) bool { return g.Guard == systems.ShownToken && g.With == nil })
}

// target gives both resources a new target without signals. If a target takes only one
// signal, each resource gets its own.
func (h *signalHistory) target() {
	p, base := h.provider(), h.Ready(h.Sandbox)
	for i := range h.twins {
		if h.twins[i] == nil {
			h.twins[i] = p.Resource(h.Type)
		}
		if h.configs[i] = base; h.takesOnce() && i > 0 {
			h.configs[i] = h.Ready(h.Sandbox)
		}
	}
}

func (h *signalHistory) step() {
	i := h.random.IntN(2)
	r := h.twins[i]
	h.do([]step{
		{"apply", func() { h.apply(i) }},
		{"send again", func() { h.again(i); h.apply(i) }},
		{"lose an answer", func() { h.again(i); h.faults(); h.apply(i) }},
		{"lose an answer", func() { h.again(i); h.faults(); h.apply(i) }},
		{"lose answers to both", h.both}, {"lose answers to both", h.both},
		{"lose the state", func() {
			was := *r
			h.again(i)
			h.apply(i)
			if *r = was; h.takesOnce() {
				h.again(i)
			}
		}},
		{"taint", func() {
			if r.Tainted = !r.State.IsNull(); h.takesOnce() {
				h.again(i)
			}
		}},
		{"untaint", func() { r.Tainted = false }},
		{"option", func() { h.option(i); h.apply(i) }},
		{"refresh", func() {
			h.quiet("a refresh", func() acctest.Diagnostics {
				tainted := r.Tainted
				defer func() { r.Tainted = tainted }()
				return r.Refresh()
			})
		}},
		{"another run", func() { *r = *r.On(h.provider()) }},
		{"destroy", func() {
			if !r.State.IsNull() {
				h.quiet("a destroy", r.Destroy)
			}
		}},
		{"send at destroy", h.atDestroy},
	})
	h.ClearFaults()
}

func (h *signalHistory) again(i int) {
	h.made++
	triggers := acctest.Values{"triggers": acctest.Values{"made": fmt.Sprint(h.made)}}
	if h.takesOnce() {
		h.configs[i] = h.Ready(h.Sandbox)
	}
	h.configs[i] = h.configs[i].With(triggers)
}

func (h *signalHistory) option(i int) {
	options := []acctest.Values{{"timeouts": acctest.Values{"update": "1m"}}, {"timeouts": nil}}
	if h.twins[i].Has("resend_on_unknown") {
		options = append(options, acctest.Values{"resend_on_unknown": h.random.IntN(2) == 0})
	}
	h.configs[i] = h.configs[i].With(options[h.random.IntN(len(options))])
}

// faults makes a signal's request fail, and sometimes the reads after it.
func (h *signalHistory) faults() {
	h.fault(h.Operation, lost)
	for _, read := range []string{h.ShownBy, h.ProvedBy} {
		if read != "" && h.random.IntN(3) == 0 {
			h.fault(read, unread)
		}
	}
}

// quiet performs an operation that sends nothing. Reads do not count: the sandbox may log a
// read of the step before, which was cut off when that step ended.
func (h *signalHistory) quiet(what string, does func() acctest.Diagnostics) {
	h.Helper()
	before := h.Count(h.Operation)
	if diags := does(); diags.HasError() {
		h.violated("%s said %s", what, diags)
	}
	if sent := h.Count(h.Operation) - before; sent != 0 {
		h.violated("%s sent %d signals", what, sent)
	}
}

// sends reports whether an apply of a resource should send a signal.
func (h *signalHistory) sends(i int) (sends bool) {
	h.Helper()
	h.quiet("a plan", func() acctest.Diagnostics {
		plan, diags := h.twins[i].Plan(h.configs[i])
		sends = h.twins[i].State.IsNull() || h.twins[i].Tainted || len(plan.Replace) > 0
		return diags
	})
	return sends
}

func (h *signalHistory) apply(i int) {
	h.Helper()
	r, config, sends := h.twins[i], h.configs[i], h.sends(i)
	requests, taken := h.Count(h.Operation), h.Accepted(h.Operation)
	diags := r.Apply(config)
	requests, taken = h.Count(h.Operation)-requests, h.Accepted(h.Operation)-taken
	if !sends {
		if requests > 0 || diags.HasError() {
			h.violated("an update sent %d requests, and said %s", requests, diags)
		}
		return
	}
	h.stands(r, taken, resends(config), diags)
}

func resends(config acctest.Values) bool { return config["resend_on_unknown"] == true }

// stands compares the record of a signal with the number of its requests that were taken.
func (h *signalHistory) stands(r *acctest.Resource, taken int, resends bool, diags acctest.Diagnostics) {
	h.Helper()
	most := 1
	if resends {
		most = 2
	}
	recorded := r.String("delivery")
	switch {
	case taken > most:
		h.violated("%d signals were taken, and it said %s", taken, diags)
	case recorded == "" && taken > 0:
		h.violated("a signal that was taken is not recorded, and it said %s", diags)
	case recorded == "" != r.State.IsNull(), recorded == "" && !diags.HasError():
		h.violated("recorded %s, and said %s", r.State, diags)
	case (recorded == "SENT" || recorded == "CONFIRMED") && (taken == 0 || diags.HasError()):
		h.violated("%d signals were taken, %q is recorded, and it said %s", taken, recorded, diags)
	case recorded == "UNKNOWN" && !r.Tainted:
		h.violated("an unknown outcome is not tainted, and it said %s", diags)
	}
}

// both sends both signals at once, and loses some answers. The trace of one signal does not
// prove the other one.
func (h *signalHistory) both() {
	p := h.provider()
	for i := range h.twins {
		*h.twins[i] = *h.twins[i].On(p)
		h.again(i)
		if !h.sends(i) {
			h.violated("changed triggers do not send")
		}
	}
	h.faults()
	var (
		all  sync.WaitGroup
		said [2]acctest.Diagnostics
		most = 2
	)
	taken := h.Accepted(h.Operation)
	for i, r := range h.twins {
		if resends(h.configs[i]) {
			most++
		}
		all.Go(func() { said[i] = r.Apply(h.configs[i]) })
	}
	all.Wait()
	taken = h.Accepted(h.Operation) - taken
	certain, open := 0, 0
	for i, r := range h.twins {
		switch recorded := r.String("delivery"); {
		case recorded == "SENT" || recorded == "CONFIRMED":
			certain++
		case recorded == "UNKNOWN" && r.Tainted:
			open++
		case !r.State.IsNull() || !said[i].HasError():
			h.violated("recorded %s, and said %s", r.State, said[i])
		}
	}
	if taken < certain || taken > most || most == 2 && taken > certain+open {
		h.violated("%d signals were taken, %d are certain and %d open; it said %s", taken, certain, open, said)
	}
}

// atDestroy sends a signal when its resource is destroyed. This may take several runs.
func (h *signalHistory) atDestroy() {
	r := h.provider().Resource(h.Type)
	config := h.Ready(h.Sandbox).With(atDestroy)
	h.quiet("creating what sends at destroy", func() acctest.Diagnostics { return r.Apply(config) })
	taken, open := h.Accepted(h.Operation), 0
	for run := range 4 {
		h.ClearFaults()
		if run < 2 {
			h.faults()
		}
		diags := r.Destroy()
		now := h.Accepted(h.Operation) - taken
		switch unknown := r.String("delivery") == "UNKNOWN"; {
		case now > 1+open:
			h.violated("%d signals were taken at destroy, of which %d were open, and it said %s", now, open, diags)
		case r.State.IsNull() != !diags.HasError():
			h.violated("the destroy left %s, and said %s", r.State, diags)
		case r.State.IsNull():
			if now == 0 && !strings.Contains(diags.String(), "Target Is Gone") {
				h.violated("the destroy sent nothing, and said %s", diags)
			}
			return
		case unknown:
			open++
		case now > open:
			h.violated("a signal that was taken is not recorded: %s", diags)
		}
		r = r.On(h.provider())
	}
	// The target takes no more signals.
}

// end gives both resources another target, and leaves nothing to do.
func (h *signalHistory) end() {
	h.steps = append(h.steps, "the end")
	h.target()
	for i, r := range h.twins {
		*r = *r.On(h.provider())
		h.again(i)
		h.apply(i)
		if sent := r.String("delivery"); sent != "SENT" {
			h.violated("a signal without trouble is recorded as %q", sent)
		}
	}
	for i, r := range h.twins {
		h.quiet("a refresh", r.Refresh)
		if h.sends(i) {
			h.violated("the next apply sends again")
		}
		h.quiet("the next apply", func() acctest.Diagnostics { return r.Apply(h.configs[i]) })
		if h.quiet("the destroy", r.Destroy); !r.State.IsNull() {
			h.violated("the destroy left %s", r.State)
		}
	}
}

// FuzzWaitHistories runs random histories of a wait and of the signal before it. In all of
// them the wait sends nothing, and reports how the run has ended.
func FuzzWaitHistories(f *testing.F) {
	var gated []system
	for _, y := range systems.All {
		if y.Gate != nil {
			gated = append(gated, y)
		}
	}
	addSeeds(f, len(gated))
	f.Fuzz(func(t *testing.T, i uint8, seed uint64) {
		y := gated[int(i)%len(gated)]
		h := &waitHistory{history: newHistory(t, seed), system: y}
		h.Hook(y.Gate.Read, h.tick, nil)
		h.ends = []string{well, badly, never}[h.random.IntN(3)]
		p := h.provider()
		h.signal, h.signals = p.Resource(y.Type), y.Gate.Running(h.Sandbox, h.ends)
		h.r = p.Resource(y.Type + "_wait")
		h.target = waitFor(h.r, h.signals)
		h.config = h.target.With(acctest.Values{"timeouts": acctest.Values{"create": "400ms", "update": "400ms"}})
		for range 4 + h.random.IntN(8) {
			h.step()
		}
		h.end()
	})
}

// waitHistory is a history of a wait.
type waitHistory struct {
	history
	system
	// ends is how the run ends after it has got the signal.
	ends            string
	signal, r       *acctest.Resource
	signals, config acctest.Values
	// target has the arguments that identify the target.
	target acctest.Values
	made   int
}

func (h *waitHistory) step() {
	h.do([]step{
		{"apply", h.apply}, {"apply", h.apply},
		{"send", h.send},
		{"wait again", func() { h.again(); h.apply() }},
		{"until", func() {
			h.config = h.config.With(acctest.Values{"until": []any{nil, "ended", "ready"}[h.random.IntN(3)]})
			h.apply()
		}},
		{"on_wait_failure", func() {
			h.config = h.config.With(acctest.Values{"on_wait_failure": []any{nil, "error", "record"}[h.random.IntN(3)]})
			h.apply()
		}},
		{"fail to read", func() { h.again(); h.fault(h.Gate.Read, unread); h.apply() }},
		{"fail to refresh", func() { h.fault(h.Gate.Read, unread); h.refresh() }},
		{"refresh", h.refresh},
		{"taint", func() { h.r.Tainted = !h.r.State.IsNull() }},
		{"untaint", func() { h.r.Tainted = false }},
		{"another run", func() { h.r = h.r.On(h.provider()) }},
		{"destroy", h.destroy},
		{"import", h.imported},
	})
	h.ClearFaults()
}

func (h *waitHistory) again() {
	h.made++
	h.config = h.config.With(acctest.Values{"triggers": acctest.Values{"made": fmt.Sprint(h.made)}})
}

// send sends the signal for which the run waits, once.
func (h *waitHistory) send() {
	if h.signal.State.IsNull() {
		if diags := h.signal.Apply(h.signals); diags.HasError() {
			h.violated("the signal said %s", diags)
		}
	}
}

// reads performs an operation that may read and sends nothing. Other tests count the reads;
// a read that a timeout has cut off may arrive late.
func (h *waitHistory) reads(does func() acctest.Diagnostics) acctest.Diagnostics {
	h.Helper()
	sent := signalled(h.Sandbox)
	diags := does()
	if signalled(h.Sandbox) != sent {
		h.violated("a wait sent a signal, and said %s", diags)
	}
	h.judged()
	return diags
}

// judged compares the state with the end of the run.
func (h *waitHistory) judged() {
	h.Helper()
	if h.r.State.IsNull() || h.r.Bool("target_succeeded") != true || h.r.String("until") == "ready" {
		return
	}
	if h.signal.State.IsNull() || h.ends != well {
		h.violated("a run that does not end well is recorded as %s", h.r.State)
	}
}

func (h *waitHistory) apply() {
	h.Helper()
	var plan acctest.Plan
	diags := h.reads(func() (diags acctest.Diagnostics) {
		plan, diags = h.r.Plan(h.config)
		return diags
	})
	if diags.HasError() || len(plan.Replace) > 0 {
		h.violated("a plan replaces for %q, and said %s", plan.Replace, diags)
	}
	diags = h.reads(func() acctest.Diagnostics { return h.r.Apply(h.config) })
	// Nothing tells how such a run has ended, which is no error.
	untold := h.Gate.EndsUntold && h.r.String("target_status") == h.Gate.Succeeded
	switch unreadable := strings.Contains(diags.String(), "Target Cannot Be Read"); {
	case h.r.State.IsNull():
		h.violated("nothing is recorded, and it said %s", diags)
	case h.config["on_wait_failure"] == "record" && diags.HasError() && !unreadable:
		h.violated("what is to be recorded is an error: %s", diags)
	case h.config["on_wait_failure"] != "record" && !diags.HasError() && h.r.Bool("target_succeeded") != true && !untold && !plan.Planned.IsFullyKnown():
		h.violated("the wait ended without what it waits for, and said %s", diags)
	}
}

func (h *waitHistory) refresh() {
	if h.r.State.IsNull() {
		return
	}
	tainted, before := h.r.Tainted, h.r.State
	diags := h.reads(h.r.Refresh)
	if h.r.Tainted = tainted; diags.HasError() {
		h.violated("a refresh said %s", diags)
	}
	if h.r.State.IsNull() {
		h.violated("a refresh forgot %s", before)
	}
}

func (h *waitHistory) destroy() {
	if h.r.State.IsNull() {
		return
	}
	if diags := h.reads(h.r.Destroy); len(diags) > 0 {
		h.violated("a destroy said %s", diags)
	}
}

// imported removes the wait from the state, and imports its target again.
func (h *waitHistory) imported() {
	id := h.r.String("id")
	if id == "" {
		return
	}
	h.r = h.provider().Resource(h.Type + "_wait")
	if diags := h.reads(func() acctest.Diagnostics { return h.r.Import(id) }); diags.HasError() {
		h.violated("the import of %s said %s", id, diags)
	}
	if h.r.String("id") != id {
		h.violated("%q was imported as %q", id, h.r.String("id"))
	}
}

// end waits for a run that ends, and leaves nothing to do.
func (h *waitHistory) end() {
	h.steps = append(h.steps, "the end")
	h.send()
	if h.ends == never {
		h.destroy()
		return
	}
	h.again()
	h.r = h.r.On(h.provider())
	fresh := h.r.State.IsNull() || h.r.Tainted || h.r.String("target_status") == ""
	h.config = h.config.With(acctest.Values{
		"until": nil, "on_wait_failure": "record", "timeouts": acctest.Values{"create": "20s", "update": "20s"},
	})
	h.apply()
	unnamed := h.r.Has("run_id") && h.config["run_id"] == nil
	if fresh && (h.Gate.EndsUntold || unnamed) && h.r.String("target_status") == "" {
		return // If the run has ended and the arguments do not identify it, the service may not show it: a wait that has not seen it before cannot tell.
	}
	switch {
	case h.ends == well:
		endedWell(h.T, h.system, h.r)
	case h.r.String("target_status") != h.Gate.Failed || h.r.Bool("target_succeeded") == true:
		h.violated("a run that ended badly is recorded as %s", h.r.State)
	}
	for range 2 {
		if diags := h.reads(h.r.Refresh); len(diags) > 0 {
			h.violated("a refresh of what has ended said %s", diags)
		}
		h.apply()
	}
	h.destroy()
}
