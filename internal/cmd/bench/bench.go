package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/terraform-exec/tfexec"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cmd/bench/measure"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// bench is one run of the benchmark.
type bench struct {
	out                              io.Writer
	rounds, signals, memory, largest int
	// retry policy is how long the execution runs that a hundred signals wait for; a minute and a half by default.
	patience time.Duration

	dir, terraform    string
	ours, idle, empty plugin
	report            measure.Report
}

// measurements are all there are, in the order of the table.
var measurements = []struct {
	name string
	run  func(*bench, context.Context) error
}{
	{"apply", (*bench).applies},
	{"latency", (*bench).latency},
	{"throttle", (*bench).throttle},
	{"wait", (*bench).waits},
	{"startup", (*bench).startups},
	{"binary", (*bench).binary},
	{"memory", (*bench).memories},
	{"model", (*bench).model},
}

// usual is what is measured unless asked otherwise: the model takes Terraform alone minutes.
var usual = []string{"apply", "latency", "throttle", "wait", "startup", "binary", "memory"}

func names() (all []string) {
	for _, m := range measurements {
		all = append(all, m.name)
	}
	return all
}

func (b *bench) measure(ctx context.Context, release string, only []string) (err error) {
	began := time.Now()
	b.say("Building the provider, and one that does nothing in its place.")
	if b.ours, b.idle, b.empty, err = plugins(ctx, b.dir); err != nil {
		return err
	}
	if b.terraform, err = haltable(b.dir, b.terraform); err != nil {
		return err
	}
	b.report.Machine = fmt.Sprintf("Measured with %s %s, %s, %s/%s, %d CPUs.",
		filepath.Base(b.terraform), release, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	for _, m := range measurements {
		if !slices.Contains(only, m.name) {
			continue
		}
		start := time.Now()
		if err := m.run(b, ctx); err != nil {
			return fmt.Errorf("measuring %s: %w", m.name, err)
		}
		b.say("%s: %s", m.name, time.Since(start).Round(time.Second))
	}
	b.say("All of it: %s.", time.Since(began).Round(time.Second))
	return nil
}

func (b *bench) say(format string, of ...any) { fmt.Fprintf(b.out, format+"\n", of...) }

const operation = "SendAutomationSignal"

// parallelism is how many resources Terraform sees to at a time unless it is told otherwise.
const parallelism = 10

// sent has a measure expect that each signal was accepted once, by a request of its own, and returns how many requests
// were throttled besides.
func sent(m *measure.Measure, s *sandbox.Sandbox, signals int) (throttled int) {
	requests := s.RequestLog()
	for _, entry := range requests {
		if entry.Fault == string(sandbox.KindThrottle) {
			throttled++
		}
	}
	m.Expect(s.Accepted(operation) == signals, "%d of %d signals were accepted", s.Accepted(operation), signals)
	m.Expect(len(requests)-throttled == signals, "%d signals made %d requests, and %d were throttled", signals, len(requests), throttled)
	for i := range signals {
		if execution, _ := s.Automation(id(i)); len(execution.Signals) != 1 {
			m.Expect(false, "execution %d has %d signals", i, len(execution.Signals))
			break
		}
	}
	return throttled
}

// connected has a measure expect that an apply has opened no more connections than it sends signals at a time.
func connected(m *measure.Measure, s *sandbox.Sandbox, signals int) {
	m.Expect(s.Connections() <= parallelism, "%d signals opened %d connections", signals, s.Connections())
}

// applies measures apply and plan without any latency, and the connections that the apply opens.
func (b *bench) applies(ctx context.Context) error {
	apply := b.report.Measure(fmt.Sprintf("apply of %d signals, no latency / the same apply of a provider that does nothing", b.signals), 1.10)
	plan := b.report.Measure(fmt.Sprintf("plan with refresh of %d sent signals / the same plan of a provider that does nothing", b.signals), 1.05)
	connections := b.report.Measure(fmt.Sprintf("connections opened for %d signals at parallelism 10", b.signals), parallelism)
	for round := range b.rounds {
		if err := b.applied(ctx, round, apply, plan, connections); err != nil {
			return err
		}
	}
	return nil
}

// applied is one round of applies.
func (b *bench) applied(ctx context.Context, round int, apply, plan, connections *measure.Measure) error {
	p, err := b.pair(load{signals: b.signals, parallelism: parallelism})
	if err != nil {
		return err
	}
	defer p.sandbox.Close()
	const turn = 100 * time.Millisecond
	ours, idle, err := p.byTurns(round, turn, func(w *workspace) error { return w.apply(ctx) })
	if err != nil {
		return err
	}
	apply.Add(ours.took.Seconds() / idle.took.Seconds())
	sent(apply, p.sandbox, b.signals)
	connections.Add(float64(p.sandbox.Connections()))
	connected(connections, p.sandbox, b.signals)
	if err := p.recordAlike(apply); err != nil {
		return err
	}
	p.sandbox.ResetRequestLog()
	// A plan takes a few seconds, an apply many.
	const plans = 3
	for i := range plans {
		ours, idle, err := p.byTurns(round+i, turn, func(w *workspace) error { return w.plan(ctx) })
		if err != nil {
			return err
		}
		plan.Add(ours.took.Seconds() / idle.took.Seconds())
	}
	plan.Expect(len(p.sandbox.RequestLog()) == 0, "the plans made %d requests", len(p.sandbox.RequestLog()))
	return nil
}

// latency measures apply with 100 ms of latency, a hundred signals at a time. Latency goes on while the provider is
// halted: each halt counts as one more.
func (b *bench) latency(ctx context.Context) error {
	const delay, atOnce = 100 * time.Millisecond, 100
	least := time.Duration(b.signals) * delay / atOnce
	m := b.report.Measure(fmt.Sprintf("apply of %d signals, latency %s, parallelism %d / (%s + the same apply of a provider that does nothing)", b.signals, delay, atOnce, least), 1.10)
	for round := range max(1, b.rounds-1) {
		if err := b.delayed(ctx, round, m, load{signals: b.signals, parallelism: atOnce}, delay, least); err != nil {
			return err
		}
	}
	return nil
}

// delayed is one round of it.
func (b *bench) delayed(ctx context.Context, round int, m *measure.Measure, l load, delay, least time.Duration) error {
	p, err := b.pair(l)
	if err != nil {
		return err
	}
	defer p.sandbox.Close()
	p.sandbox.Inject(sandbox.Fault{Operation: "*", Kind: sandbox.KindDelay, Delay: delay})
	ours, idle, err := p.byTurns(round, 20*delay, func(w *workspace) error { return w.apply(ctx) })
	if err != nil {
		return err
	}
	m.Add((ours.took + time.Duration(ours.halts)*delay).Seconds() / (least + idle.took).Seconds())
	sent(m, p.sandbox, l.signals)
	return nil
}

// throttle measures how long it takes to send signals to a service that takes 50 a second.
func (b *bench) throttle(ctx context.Context) error {
	const rate = 50
	for _, atOnce := range []int{parallelism, 10 * parallelism} {
		m := b.report.Measure(fmt.Sprintf("service throttling at %d a second, %d signals, parallelism %d: apply of the plan / what the rate takes", rate, b.signals, atOnce), 1.15)
		refused := 0
		for range max(1, b.rounds-1) {
			throttled, err := b.throttled(ctx, m, rate, atOnce)
			if err != nil {
				return err
			}
			refused += throttled
		}
		m.Note = fmt.Sprintf("%.0f requests were throttled in an apply, on average. The service takes a second's worth at once, so the least is %.2f.",
			float64(refused)/float64(len(m.Values)), 1-rate/float64(b.signals))
	}
	return nil
}

// throttled is one round of it, and how many requests were throttled. The plan is made before.
func (b *bench) throttled(ctx context.Context, m *measure.Measure, rate, atOnce int) (int, error) {
	s, err := serve(b.signals)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	s.Inject(sandbox.Fault{Operation: "*", Kind: sandbox.KindThrottle, Rate: float64(rate)})
	w, err := b.open(b.ours, s.URL(), load{signals: b.signals, parallelism: atOnce})
	if err != nil {
		return 0, err
	}
	if _, err := w.Plan(ctx, tfexec.Out("planned")); err != nil {
		return 0, err
	}
	start := time.Now()
	if err := w.apply(ctx, tfexec.DirOrPlan("planned")); err != nil {
		return 0, err
	}
	m.Add(time.Since(start).Seconds() * float64(rate) / float64(b.signals))
	return sent(m, s, b.signals), nil
}

// waits measures the reads of a hundred signals that wait for the end of one execution, as many at a time as Terraform
// does, against those of one. Pauses between reads vary, so each is asked as often as there are rounds.
func (b *bench) waits(ctx context.Context) error {
	const waiters = 100
	kinds := []load{{signals: 1, parallelism: parallelism}, {signals: waiters, parallelism: parallelism}, {signals: waiters, parallelism: waiters}}
	found := make([][]asked, len(kinds))
	// All wait at the same time, which takes no longer than one does.
	var all sync.WaitGroup
	for i, kind := range kinds {
		found[i] = make([]asked, b.rounds)
		for round := range b.rounds {
			all.Go(func() { found[i][round] = b.wait(ctx, kind) })
		}
	}
	all.Wait()
	reads := make([][]float64, len(kinds))
	for i := range kinds {
		for _, one := range found[i] {
			if one.err != nil {
				return one.err
			}
			reads[i] = append(reads[i], float64(one.reads))
		}
	}
	alone := measure.Median(reads[0])
	for i, kind := range kinds[1:] {
		m := b.report.Measure(fmt.Sprintf("%d resources waiting on one execution, parallelism %d: reads / one waiter's", waiters, kind.parallelism), 1.10)
		m.Note = fmt.Sprintf("%v reads in %s, against %v.", reads[i+1], b.patience, reads[0])
		for _, one := range found[i+1] {
			m.Add(float64(one.reads) / alone)
			m.Expect(one.sends == waiters, "%d signals made %d requests to send", waiters, one.sends)
		}
	}
	return nil
}

// asked is how many requests of either kind an apply has made.
type asked struct {
	reads, sends int
	err          error
}

// wait sends the signals of a load to one execution, each of which waits for its end.
func (b *bench) wait(ctx context.Context, l load) asked {
	s, err := serve(0)
	if err != nil {
		return asked{err: err}
	}
	defer s.Close()
	s.StartAutomation(sandbox.Automation{ID: id(0), AcceptRepeats: true, Steps: []sandbox.Step{
		{Name: "approve", Action: "aws:approve"}, {Name: "deploy", Action: "aws:sleep", SleepSeconds: int(b.patience.Seconds())},
	}})
	l.same, l.options = true, map[string]any{"wait_for_completion": true}
	w, err := b.open(b.ours, s.URL(), l)
	if err != nil {
		return asked{err: err}
	}
	err = w.apply(ctx)
	sends := s.Count(operation)
	return asked{len(s.RequestLog()) - sends, sends, err}
}

// startups measures how long it takes until the schema is served, to a caller that starts the plugin as Terraform
// does: with certificates made for the occasion, which take some of the time.
func (b *bench) startups(ctx context.Context) error {
	m := b.report.Measure("start-up to schema served / an empty framework provider", 1.5)
	// A process starts in milliseconds, of which another one may take many: the
	// middle one of twenty is compared.
	const starts = 20
	for range b.rounds {
		var ours, empty []float64
		for range starts {
			for plugin, took := range map[*plugin]*[]float64{&b.ours: &ours, &b.empty: &empty} {
				start, err := plugin.startup(ctx)
				if err != nil {
					return err
				}
				*took = append(*took, start.Seconds())
			}
		}
		m.Add(measure.Median(ours) / measure.Median(empty))
		m.Note = fmt.Sprintf("in the last round %.1f ms against %.1f ms, each with the certificates and the handshake of go-plugin.", measure.Median(ours)*1e3, measure.Median(empty)*1e3)
	}
	return nil
}

func (b *bench) binary(context.Context) error {
	m := b.report.Measure("binary, stripped", 30)
	m.Unit = " MB"
	file, err := os.Stat(b.ours.binary())
	if err == nil {
		m.Add(float64(file.Size()) / 1e6)
	}
	return err
}

// memories measures the provider's memory with many signals against that with a hundred, and with a tenth of the many
// in between.
func (b *bench) memories(ctx context.Context) error {
	m := b.report.Measure(fmt.Sprintf("the provider's peak memory with %d signals / with 100", b.memory), 2)
	for range max(1, b.rounds-1) {
		var peaks []float64
		for _, signals := range []int{100, b.memory / 10, b.memory} {
			peak, err := b.peak(ctx, m, signals)
			if err != nil {
				return err
			}
			peaks = append(peaks, peak)
		}
		m.Add(peaks[2] / peaks[0])
		m.Note = fmt.Sprintf("in the last round %.1f MiB with 100 signals, %.1f MiB with %d and %.1f MiB with %d, %.1f KiB a signal, without a terraform in between.",
			peaks[0]/1024, peaks[1]/1024, b.memory/10, peaks[2]/1024, b.memory, (peaks[2]-peaks[0])/float64(b.memory-100))
	}
	return nil
}

// peak is the provider's peak memory with so many signals, in KiB.
func (b *bench) peak(ctx context.Context, m *measure.Measure, signals int) (float64, error) {
	s, err := serve(signals)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	peak, err := b.ours.peak(ctx, s.URL(), signals)
	if err == nil {
		sent(m, s, signals)
	}
	return peak, err
}
