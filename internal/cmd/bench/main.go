// Command bench measures the provider and one that does nothing, and prints the ratios. It
// uses the terraform or tofu of TF_ACC_TERRAFORM_PATH, or the one on PATH.
package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/terraformcli"
)

// bench is one run of the benchmark.
type bench struct {
	rounds, signals int
	// runTime is how long the executions run for which signals wait.
	runTime time.Duration

	dir               string
	cli               terraformcli.CLI
	ours, idle, empty plugin
	measures          []*measure
}

var measurements = []struct {
	name string
	run  func(*bench, context.Context)
}{
	{"apply", (*bench).applies}, {"latency", (*bench).latency}, {"throttle", (*bench).throttle}, {"wait", (*bench).waits},
	{"batch", (*bench).batches}, {"detect", (*bench).detection}, {"startup", (*bench).startups}, {"binary", (*bench).binary},
}

func main() {
	b := &bench{}
	flag.IntVar(&b.rounds, "rounds", 5, "how often each side of a ratio is measured, in turn")
	flag.IntVar(&b.signals, "signals", 1000, "how many signals an apply sends")
	flag.DurationVar(&b.runTime, "run-time", 90*time.Second, "how long the executions run that signals wait for")
	only := flag.String("only", ".", "regular expression of what to measure: apply, latency, throttle, wait, batch, detect, startup, binary")
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
	return found, try(func() {
		chosen := must(regexp.Compile(only))
		b.cli = must(terraformcli.Find(ctx))
		with := fmt.Sprintf("Measured with %s, %s, %s/%s, %d CPUs.\n", b.cli, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
		fmt.Print(with)
		b.dir = must(os.MkdirTemp("", "bench"))
		defer os.RemoveAll(b.dir)
		b.ours, b.idle, b.empty = b.build(ctx, ""), b.build(ctx, "/internal/cmd/bench/idle"), b.build(ctx, "/internal/cmd/bench/empty")
		for _, m := range measurements {
			if start := time.Now(); chosen.MatchString(m.name) {
				m.run(b, ctx)
				fmt.Printf("%s: %s\n", m.name, time.Since(start).Round(time.Second))
			}
		}
		found = with + "\n" + table(b.measures)
	})
}

// failed is an error that ends the run.
type failed struct{ error }

// must returns the value of a call that succeeded. It ends the run if the call failed.
func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		panic(failed{err})
	}
}

// try returns the error that has ended do.
func try(do func()) (err error) {
	defer func() {
		if ended := recover(); ended != nil {
			err = ended.(failed)
		}
	}()
	do()
	return nil
}

// measure is one line of the table: the measured values, most of them ratios, and the goal
// for their median.
type measure struct {
	name   string
	goal   float64
	values []float64
	// broken are the conditions that did not hold, such as that no signal was sent twice.
	// note explains the values.
	broken []string
	note   string
}

// measure returns a new line of the table.
func (b *bench) measure(goal float64, name string, of ...any) *measure {
	m := &measure{name: fmt.Sprintf(name, of...), goal: goal}
	b.measures = append(b.measures, m)
	return m
}

func (m *measure) add(value float64) { m.values = append(m.values, value) }

// expect records the condition if it does not hold.
func (m *measure) expect(holds bool, format string, of ...any) {
	if !holds {
		m.broken = append(m.broken, fmt.Sprintf(format, of...))
	}
}

// median returns the median of the values, NaN if there are none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted, n := slices.Sorted(slices.Values(values)), len(values)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// table returns the measures as a table in Markdown, with notes and broken conditions below
// it.
func table(measures []*measure) string {
	lines, notes := "| measure | goal | median | lowest to highest | values | met |\n|---|---|---|---|---|---|\n", "\n"
	for _, m := range measures {
		met, spread := "**no**", ""
		if median(m.values) <= m.goal && len(m.broken) == 0 {
			met = "yes"
		}
		if len(m.values) > 0 {
			spread = fmt.Sprintf("%.3g to %.3g", slices.Min(m.values), slices.Max(m.values))
		}
		lines += fmt.Sprintf("| %s | <= %.4g | %.3g | %s | %d | %s |\n", m.name, m.goal, median(m.values), spread, len(m.values), met)
		for _, note := range append(m.broken, m.note) {
			if note != "" {
				notes += fmt.Sprintf("- %s: %s\n", m.name, note)
			}
		}
	}
	return lines + notes
}

// The comments around the table in a page.
const tableBegins, tableEnds = "<!-- table: written by make bench -->\n", "<!-- end of table -->"

// write replaces the table in a page.
func write(page, table string) error {
	text, err := os.ReadFile(page)
	before, rest, begins := strings.Cut(string(text), tableBegins)
	_, after, ends := strings.Cut(rest, tableEnds)
	if err != nil || !begins || !ends {
		return fmt.Errorf("%s has no place for the table: %w", page, err)
	}
	return os.WriteFile(page, []byte(before+tableBegins+table+tableEnds+after), 0o644)
}
