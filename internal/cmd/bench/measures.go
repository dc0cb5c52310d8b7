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

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

const operation = "SendAutomationSignal"

// parallelism is Terraform's default for the number of concurrent operations.
const parallelism = 10

// inTurn does the same in two workspaces, one after the other. The order changes with each
// round, so neither always runs on a machine that the other has warmed up.
func inTurn(round int, w [2]*workspace, do func(*workspace) error) (ours, idle time.Duration, err error) {
	var took [2]time.Duration
	for i := range w {
		side := (i + round) % 2
		start := time.Now()
		if err := do(w[side]); err != nil {
			return 0, 0, err
		}
		took[side] = time.Since(start)
	}
	return took[0], took[1], nil
}

// compare measures, in each round, an apply of the provider against an apply of the
// provider that does nothing plus the time besides. Then it calls then with the workspaces.
func (b *bench) compare(ctx context.Context, m *measure, l load, fault *sandbox.Fault, besides time.Duration, then func(round int, s *sandbox.Sandbox, w [2]*workspace) error) error {
	for round := range b.rounds {
		err := with(l.signals, hold, func(s *sandbox.Sandbox) (err error) {
			if fault != nil {
				s.Inject(*fault)
			}
			var w [2]*workspace
			for i, p := range []plugin{b.ours, b.idle} {
				if w[i], err = b.open(p, s.URL(), l); err != nil {
					return err
				}
			}
			ours, idle, err := inTurn(round, w, func(w *workspace) error { return w.apply(ctx) })
			if err != nil {
				return err
			}
			m.add(ours.Seconds() / (besides + idle).Seconds())
			sentOnce(m, s, l.signals)
			return then(round, s, w)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// sentOnce checks that each signal was accepted once, with one request, and returns how
// many more requests were throttled.
func sentOnce(m *measure, s *sandbox.Sandbox, signals int) (throttled int) {
	requests := s.RequestLog()
	for _, request := range requests {
		if request.Fault == string(sandbox.KindThrottle) {
			throttled++
		}
	}
	m.expect(s.Accepted(operation) == signals && len(requests)-throttled == signals,
		"of %d signals %d were accepted, by %d requests, of which %d were throttled", signals, s.Accepted(operation), len(requests), throttled)
	for i := range signals {
		if execution, _ := s.Automation(id(i)); len(execution.Signals) != 1 {
			m.expect(false, "execution %d has %d signals", i, len(execution.Signals))
			break
		}
	}
	return throttled
}

// recordedAlike checks that the sizes of two states differ by at most 2 %, because
// Terraform's work grows with the state.
func recordedAlike(m *measure, w [2]*workspace) error {
	var size [2]float64
	for i := range w {
		state, err := os.Stat(filepath.Join(w[i].WorkingDir(), "terraform.tfstate"))
		if err != nil {
			return err
		}
		size[i] = float64(state.Size())
	}
	m.note = fmt.Sprintf("The provider that does nothing recorded %.3f times as much.", size[1]/size[0])
	m.expect(size[1]/size[0] > 0.98 && size[1]/size[0] < 1.02, "both should record as much")
	return nil
}

// applies measures apply and plan without any latency, and the connections that the apply opens.
func (b *bench) applies(ctx context.Context) error {
	apply := b.measure(1.05, "apply of %d signals, no latency / the same apply of a provider that does nothing", b.signals)
	plan := b.measure(1.02, "plan with refresh of %d sent signals / the same plan of a provider that does nothing", b.signals)
	connections := b.measure(2*parallelism, "connections opened for %d signals at parallelism %d", b.signals, parallelism)
	return b.compare(ctx, apply, load{signals: b.signals, parallelism: parallelism}, nil, 0, func(round int, s *sandbox.Sandbox, w [2]*workspace) error {
		connections.add(float64(s.Connections()))
		s.ResetRequestLog()
		// A plan takes a few seconds, an apply many.
		for i := range 3 {
			ours, idle, err := inTurn(round+i, w, func(w *workspace) error { return w.plan(ctx) })
			if err != nil {
				return err
			}
			plan.add(ours.Seconds() / idle.Seconds())
		}
		plan.expect(len(s.RequestLog()) == 0, "the plans made %d requests", len(s.RequestLog()))
		return recordedAlike(apply, w)
	})
}

// latency measures apply with 100 ms of latency, a hundred signals at a time.
func (b *bench) latency(ctx context.Context) error {
	const delay, atOnce = 100 * time.Millisecond, 100
	least := time.Duration(b.signals) * delay / atOnce
	m := b.measure(1.05, "apply of %d signals, latency %s, parallelism %d / (%s + the same apply of a provider that does nothing)", b.signals, delay, atOnce, least)
	return b.compare(ctx, m, load{signals: b.signals, parallelism: atOnce}, &sandbox.Fault{Operation: "*", Kind: sandbox.KindDelay, Delay: delay}, least,
		func(int, *sandbox.Sandbox, [2]*workspace) error { return nil })
}

// throttle measures the time to send signals to a service that takes 50 a second. It plans
// before.
func (b *bench) throttle(ctx context.Context) error {
	const rate = 50
	for _, atOnce := range []int{parallelism, 10 * parallelism} {
		m := b.measure(1.10, "service throttling at %d a second, %d signals, parallelism %d: apply of the plan / what the rate takes", rate, b.signals, atOnce)
		for range max(1, b.rounds/2) {
			err := with(b.signals, hold, func(s *sandbox.Sandbox) error {
				s.Inject(sandbox.Fault{Operation: "*", Kind: sandbox.KindThrottle, Rate: rate})
				w, err := b.open(b.ours, s.URL(), load{signals: b.signals, parallelism: atOnce})
				if err != nil {
					return err
				}
				if _, err := w.Plan(ctx, tfexec.Out("planned")); err != nil {
					return err
				}
				start := time.Now()
				err = w.apply(ctx, tfexec.DirOrPlan("planned"))
				m.add(time.Since(start).Seconds() * rate / float64(b.signals))
				m.note = fmt.Sprintf("In the last round %d requests were throttled. The service takes a second's worth at once, so the least is %.2f.",
					sentOnce(m, s, b.signals), 1-rate/float64(b.signals))
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// waits compares the reads of a hundred signals that wait for the end of one execution with
// those of one signal.
func (b *bench) waits(ctx context.Context) error {
	for _, atOnce := range []int{parallelism, 100} {
		m := b.measure(1.1, "100 resources waiting on one execution, parallelism %d: reads / one waiter's", atOnce)
		if err := b.compareReads(ctx, m, load{signals: 100, parallelism: atOnce, same: true, waits: true}); err != nil {
			return err
		}
	}
	return nil
}

// batches compares the reads of two hundred signals, each of which waits for another
// execution, with those of one signal.
func (b *bench) batches(ctx context.Context) error {
	m := b.measure(25, "200 resources waiting on 200 executions: reads / one waiter's")
	return b.compareReads(ctx, m, load{signals: 200, parallelism: 200, waits: true})
}

// compareReads compares, in each round, the reads of a load of waiting signals with those
// of one signal. All wait at the same time, so this takes as long as one wait.
func (b *bench) compareReads(ctx context.Context, m *measure, many load) error {
	loads := slices.Concat(slices.Repeat([]load{many}, b.rounds), slices.Repeat([]load{{signals: 1, parallelism: 1, waits: true}}, b.rounds))
	reads, errs := make([]float64, len(loads)), make([]error, len(loads))
	var all sync.WaitGroup
	for i, l := range loads {
		all.Go(func() {
			errs[i] = with(l.signals, sandbox.Step{Name: "deploy", Action: "aws:sleep", SleepSeconds: int(b.runTime.Seconds())}, func(s *sandbox.Sandbox) error {
				w, err := b.open(b.ours, s.URL(), l)
				if err == nil {
					err = w.apply(ctx)
				}
				reads[i] = float64(len(s.RequestLog()) - s.Count(operation))
				m.expect(s.Count(operation) == l.signals, "%d signals made %d requests to send", l.signals, s.Count(operation))
				return err
			})
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	for _, n := range reads[:b.rounds] {
		m.add(n / median(reads[b.rounds:]))
	}
	m.note = fmt.Sprintf("%v reads in %s, against %v.", reads[:b.rounds], b.runTime, reads[b.rounds:])
	return nil
}

// startups measures the time until the schema is served. A process starts in milliseconds,
// and another process may disturb it for many. So it compares the medians of twenty starts.
func (b *bench) startups(ctx context.Context) error {
	m := b.measure(1.2, "start-up to schema served / an empty framework provider")
	for range b.rounds {
		var ours, empty []float64
		for range 20 {
			for p, took := range map[*plugin]*[]float64{&b.ours: &ours, &b.empty: &empty} {
				start, err := p.startup(ctx)
				if err != nil {
					return err
				}
				*took = append(*took, start.Seconds())
			}
		}
		m.add(median(ours) / median(empty))
		m.note = fmt.Sprintf("In the last round %.1f ms against %.1f ms, each with the certificates and the handshake of go-plugin.", median(ours)*1e3, median(empty)*1e3)
	}
	return nil
}

func (b *bench) binary(context.Context) error {
	m := b.measure(30, "binary, stripped, in MB")
	file, err := os.Stat(b.ours.binary())
	if err == nil {
		m.add(float64(file.Size()) / 1e6)
	}
	return err
}
