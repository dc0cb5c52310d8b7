package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/terraform-exec/tfexec"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

const operation = "SendAutomationSignal"

// parallelism is Terraform's default for the number of concurrent operations.
const parallelism = 10

// inTurn does the same in two workspaces, one after the other, and returns the ratio of the
// times, with besides added to the second one. The order changes with each round, so neither
// always runs on a machine that the other has warmed up.
func inTurn(round int, w [2]workspace, besides time.Duration, do func(workspace)) float64 {
	var took [2]time.Duration
	for i := range w {
		side, start := (i+round)%2, time.Now()
		do(w[side])
		took[side] = time.Since(start)
	}
	return took[0].Seconds() / (besides + took[1]).Seconds()
}

// compare measures, in each round, an apply of the provider against an apply of the
// provider that does nothing plus the time besides. Then it calls then with the workspaces.
func (b *bench) compare(ctx context.Context, m *measure, atOnce int, delay, besides time.Duration, then func(round int, s *sandbox.Sandbox, w [2]workspace)) {
	for round := range b.rounds {
		with(b.signals, hold, func(s *sandbox.Sandbox) {
			if delay > 0 {
				s.Inject(sandbox.Fault{Operation: "*", Kind: sandbox.KindDelay, Delay: delay})
			}
			l := load{signals: b.signals, parallelism: atOnce}
			w := [2]workspace{b.open(b.ours, s.URL(), l), b.open(b.idle, s.URL(), l)}
			m.add(inTurn(round, w, besides, func(w workspace) { w.apply(ctx) }))
			sentOnce(m, s, b.signals)
			then(round, s, w)
		})
	}
}

// sentOnce checks that each signal was accepted once, with one request. It returns how many
// more requests were throttled, and when the first and the last other request arrived.
func sentOnce(m *measure, s *sandbox.Sandbox, signals int) (throttled int, first, last time.Time) {
	requests := s.RequestLog()
	for _, request := range requests {
		if request.Fault == string(sandbox.KindThrottle) {
			throttled++
			continue
		}
		if last = request.Time; first.IsZero() {
			first = last
		}
	}
	m.expect(s.Accepted(operation) == signals && len(requests)-throttled == signals,
		"of %d signals %d were accepted, by %d requests, of which %d were throttled", signals, s.Accepted(operation), len(requests), throttled)
	for i := range signals {
		if execution, _ := s.Automation(fmt.Sprintf(id, i)); len(execution.Signals) != 1 {
			m.expect(false, "execution %d has %d signals", i, len(execution.Signals))
			break
		}
	}
	return throttled, first, last
}

// applies measures apply and plan without any latency, and the connections that the apply opens.
func (b *bench) applies(ctx context.Context) {
	apply := b.measure(1.05, "apply of %d signals, no latency / the same apply of a provider that does nothing", b.signals)
	plan := b.measure(1.02, "plan with refresh of %d sent signals / the same plan of a provider that does nothing", b.signals)
	connections := b.measure(parallelism, "connections opened for %d signals at parallelism %d", b.signals, parallelism)
	b.compare(ctx, apply, parallelism, 0, 0, func(round int, s *sandbox.Sandbox, w [2]workspace) {
		connections.add(float64(s.Connections()))
		s.ResetRequestLog()
		for i := range 3 { // A plan takes a few seconds, an apply many.
			plan.add(inTurn(round+i, w, 0, func(w workspace) {
				if must(w.Plan(ctx)) {
					plan.expect(false, "the plan found changes after the apply")
				}
			}))
		}
		plan.expect(len(s.RequestLog()) == 0, "the plans made %d requests", len(s.RequestLog()))
		// Terraform's work grows with the state, so the sizes may differ by at most 2 %.
		size := func(w workspace) float64 {
			return float64(must(os.Stat(filepath.Join(w.WorkingDir(), "terraform.tfstate"))).Size())
		}
		more := size(w[1]) / size(w[0])
		apply.note = fmt.Sprintf("The provider that does nothing recorded %.3f times as much.", more)
		apply.expect(more > 0.98 && more < 1.02, "both should record as much")
	})
}

// latency measures apply with 100 ms of latency, a hundred signals at a time.
func (b *bench) latency(ctx context.Context) {
	const delay, atOnce = 100 * time.Millisecond, 100
	least := time.Duration(b.signals) * delay / atOnce
	m := b.measure(1.05, "apply of %d signals, latency %s, parallelism %d / (%s + the same apply of a provider that does nothing)", b.signals, delay, atOnce, least)
	b.compare(ctx, m, atOnce, delay, least, func(int, *sandbox.Sandbox, [2]workspace) {})
}

// throttle measures the time to send signals to a service that takes 50 a second. It plans
// before. The note says how much of that time is Terraform's.
func (b *bench) throttle(ctx context.Context) {
	const rate = 50
	for _, atOnce := range []int{parallelism, 10 * parallelism} {
		m := b.measure(1.10, "service throttling at %d a second, %d signals, parallelism %d: apply of the plan / what the rate takes", rate, b.signals, atOnce)
		for range max(1, b.rounds/2) {
			with(b.signals, hold, func(s *sandbox.Sandbox) {
				s.Inject(sandbox.Fault{Operation: "*", Kind: sandbox.KindThrottle, Rate: rate})
				var starts, ends [2]time.Time
				for i, p := range []plugin{b.ours, b.idle} {
					w := b.open(p, s.URL(), load{signals: b.signals, parallelism: atOnce})
					must(w.Plan(ctx, tfexec.Out("planned")))
					starts[i] = time.Now()
					w.apply(ctx, tfexec.DirOrPlan("planned"))
					ends[i] = time.Now()
				}
				m.add(ends[0].Sub(starts[0]).Seconds() * rate / float64(b.signals))
				throttled, first, last := sentOnce(m, s, b.signals)
				m.note = fmt.Sprintf("The service takes a second's worth at once, so the least is %.2f. In the last round %d requests were throttled, and of the apply %.1f s were before the first signal and %.1f s after the last one. The apply of the provider that does nothing took %.1f s.",
					1-rate/float64(b.signals), throttled, first.Sub(starts[0]).Seconds(), ends[0].Sub(last).Seconds(), ends[1].Sub(starts[1]).Seconds())
			})
		}
	}
}

// waits compares the reads of a hundred signals that wait for the end of one execution with
// those of one signal.
func (b *bench) waits(ctx context.Context) {
	for _, atOnce := range []int{parallelism, 100} {
		m := b.measure(1.1, "100 resources waiting on one execution, parallelism %d: reads / one waiter's", atOnce)
		b.compareReads(ctx, m, load{signals: 100, parallelism: atOnce, same: true, waits: true})
	}
}

// batches compares the reads of two hundred signals, each of which waits for another
// execution, with those of one signal.
func (b *bench) batches(ctx context.Context) {
	m := b.measure(25, "200 resources waiting on 200 executions: reads / one waiter's")
	b.compareReads(ctx, m, load{signals: 200, parallelism: 200, waits: true})
}

// compareReads compares, in each round, the reads of a load of waiting signals with those
// of one signal. All wait at the same time, so this takes as long as one wait.
func (b *bench) compareReads(ctx context.Context, m *measure, many load) {
	loads := slices.Concat(slices.Repeat([]load{many}, b.rounds), slices.Repeat([]load{{signals: 1, parallelism: 1, waits: true}}, b.rounds))
	reads, sends, errs := make([]float64, len(loads)), make([]int, len(loads)), make([]error, len(loads))
	deploy := sandbox.Step{Name: "deploy", Action: "aws:sleep", SleepSeconds: int(b.runTime.Seconds())}
	var all sync.WaitGroup
	for i, l := range loads {
		all.Go(func() {
			errs[i] = try(func() {
				with(l.signals, deploy, func(s *sandbox.Sandbox) {
					b.open(b.ours, s.URL(), l).apply(ctx)
					sends[i] = s.Count(operation)
					reads[i] = float64(len(s.RequestLog()) - sends[i])
				})
			})
		})
	}
	all.Wait()
	for i, l := range loads {
		check(errs[i])
		m.expect(sends[i] == l.signals, "%d signals made %d requests to send", l.signals, sends[i])
	}
	for _, n := range reads[:b.rounds] {
		m.add(n / median(reads[b.rounds:]))
	}
	m.note = fmt.Sprintf("%v reads in %s, against %v.", reads[:b.rounds], b.runTime, reads[b.rounds:])
}

// detection measures how long after the end of a run a wait of ten minutes ends. Time
// passes only in the pauses between two reads, so this is without the time of a read.
func (b *bench) detection(ctx context.Context) {
	const waits, wait, most = 1000, 10 * time.Minute, 15 * time.Second
	m := b.measure(8, "seconds from the end of a run to the end of the wait for it, after %s of a simulated clock", wait)
	longest := b.measure(most.Seconds(), "the longest of these times, in seconds")
	policy := delivery.DefaultRetryPolicy
	for i := range time.Duration(waits) {
		clock, end, seen := &pauses{}, wait+i*most/waits, time.Duration(0)
		policy.Clock = clock
		run := delivery.NewProbe("run", func(context.Context) (bool, delivery.Attempt) {
			if seen == 0 && clock.passed >= end {
				seen = clock.passed
			}
			return seen > 0, delivery.Attempt{Outcome: delivery.Accepted}
		}, func(ended bool) delivery.Observation {
			return delivery.Observation{State: delivery.StateOf(ended, false)}
		})
		check(delivery.NewPoller(policy).Wait(ctx, run, func(delivery.Observation, time.Time) {}).Stopped)
		m.add((seen - end).Seconds())
	}
	longest.add(slices.Max(m.values))
}

// pauses is a clock whose timers fire at once. The poller uses nothing else of it.
type pauses struct {
	delivery.Clock
	passed time.Duration
}

func (p *pauses) NewTimer(d time.Duration) (<-chan time.Time, func()) {
	p.passed += d
	return time.After(0), func() {}
}

// startups measures the time until the schema is served. A process starts in milliseconds,
// and another process may disturb it for many. So it compares the medians of twenty starts.
func (b *bench) startups(ctx context.Context) {
	m := b.measure(1.2, "start-up to schema served / an empty framework provider")
	for range b.rounds {
		took := map[plugin][]float64{b.ours: nil, b.empty: nil}
		for range 20 {
			for p := range took {
				took[p] = append(took[p], p.startup(ctx).Seconds()*1e3)
			}
		}
		ours, empty := median(took[b.ours]), median(took[b.empty])
		m.add(ours / empty)
		m.note = fmt.Sprintf("In the last round %.1f ms against %.1f ms, each with the certificates and the handshake of go-plugin.", ours, empty)
	}
}

func (b *bench) binary(context.Context) {
	b.measure(30, "binary, stripped, in MB").add(float64(must(os.Stat(b.ours.binary())).Size()) / 1e6)
}
