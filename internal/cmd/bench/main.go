// Command bench measures the provider and one that does nothing, and prints the ratios.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/terraformcli"
)

// bench is one run of the benchmark.
type bench struct {
	out             io.Writer
	rounds, signals int
	// runTime is how long the executions run for which signals wait.
	runTime time.Duration

	dir, terraform    string
	ours, idle, empty plugin
	measures          []*measure
}

// measurements are all measurements. A test of the poller with a simulated clock measures
// how long after the end of a run an apply goes on.
var measurements = []struct {
	name string
	run  func(*bench, context.Context) error
}{
	{"apply", (*bench).applies},
	{"latency", (*bench).latency},
	{"throttle", (*bench).throttle},
	{"wait", (*bench).waits},
	{"batch", (*bench).batches},
	{"startup", (*bench).startups},
	{"binary", (*bench).binary},
}

func main() {
	b := &bench{out: os.Stdout}
	flag.IntVar(&b.rounds, "rounds", 5, "how often each side of a ratio is measured, in turn")
	flag.IntVar(&b.signals, "signals", 1000, "how many signals an apply sends")
	flag.DurationVar(&b.runTime, "run-time", 90*time.Second, "how long the executions run that signals wait for")
	only := flag.String("only", ".", "regular expression of what to measure: apply, latency, throttle, wait, batch, startup, binary")
	page := flag.String("write", "", "page to write the table into, between its two comments")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	table, err := b.run(ctx, *only)
	fmt.Print("\n", table)
	if err == nil && *page != "" {
		err = write(*page, table)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures, and returns the table.
func (b *bench) run(ctx context.Context, only string) (found string, err error) {
	chosen, err := regexp.Compile(only)
	if err != nil {
		return "", err
	}
	if b.dir, err = os.MkdirTemp("", "bench"); err != nil {
		return "", err
	}
	defer os.RemoveAll(b.dir)
	cli, err := terraformcli.Find(ctx, "terraform", "tofu")
	if err != nil {
		return "", err
	}
	b.terraform = cli.Path
	fmt.Fprintln(b.out, "Building the provider, one that does nothing in its place, and an empty one.")
	for p, pkg := range map[*plugin]string{&b.ours: "", &b.idle: "/internal/cmd/bench/idle", &b.empty: "/internal/cmd/bench/empty"} {
		if err := p.build(ctx, b.dir, pkg); err != nil {
			return "", err
		}
	}
	for _, m := range measurements {
		if !chosen.MatchString(m.name) {
			continue
		}
		start := time.Now()
		if err := m.run(b, ctx); err != nil {
			return "", fmt.Errorf("measuring %s: %w", m.name, err)
		}
		fmt.Fprintf(b.out, "%s: %s\n", m.name, time.Since(start).Round(time.Second))
	}
	var text strings.Builder
	table(&text, b.measures)
	fmt.Fprintf(&text, "\nMeasured with %s, %s, %s/%s, %d CPUs.\n",
		cli, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	return text.String(), nil
}

// measure returns a new line of the table.
func (b *bench) measure(goal float64, name string, of ...any) *measure {
	m := &measure{name: fmt.Sprintf(name, of...), goal: goal}
	b.measures = append(b.measures, m)
	return m
}
