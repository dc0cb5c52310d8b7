// Command bench measures the provider against one that does nothing, side by side, and prints what it found as ratios.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/terraformcli"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cmd/bench/measure"
)

func main() {
	b := &bench{out: os.Stdout}
	flag.IntVar(&b.rounds, "rounds", 3, "how often an apply and a start are measured; what takes longer, less often")
	flag.IntVar(&b.signals, "signals", 1000, "how many signals an apply sends")
	flag.IntVar(&b.memory, "memory", 10000, "how many signals the peak of memory is measured with, against a hundred")
	flag.IntVar(&b.largest, "largest", 10000, "how many signals the model is held against, which is measured with a hundredth and a tenth of them")
	file := flag.String("json", "", "file to write the measurements to, as JSON")
	page := flag.String("write", "", "page to write the table into, between its two comments")
	enforce := flag.Bool("enforce", false, "fail when a goal is missed")
	only := flag.String("only", strings.Join(usual, ","), "what to measure, out of "+strings.Join(names(), ", "))
	flag.DurationVar(&b.patience, "patience", 90*time.Second, "how long the execution runs that a hundred signals wait for")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, b, strings.Split(*only, ","), *file, *page, *enforce); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, b *bench, only []string, file, page string, enforce bool) (err error) {
	for _, name := range only {
		if !slices.Contains(names(), name) {
			return fmt.Errorf("there is no measurement %q: have %s", name, strings.Join(names(), ", "))
		}
	}
	if b.dir, err = os.MkdirTemp("", "bench"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	var release string
	if b.terraform, release, err = terraformcli.Find(ctx, "terraform", "tofu"); err != nil {
		return err
	}
	err = b.measure(ctx, release, only)
	fmt.Fprintln(b.out)
	b.report.Table(b.out)
	if file != "" {
		err = errors.Join(err, save(file, &b.report))
	}
	if err != nil {
		return err
	}
	if page != "" {
		if err := write(page, &b.report); err != nil {
			return err
		}
	}
	if missed := b.report.Missed(); enforce && len(missed) > 0 {
		return errors.New("these goals were missed: " + strings.Join(missed, "; "))
	}
	return nil
}

// save writes a report into a file, whose folder it makes.
func save(file string, report *measure.Report) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	to, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(report.JSON(to), to.Close())
}

// The comments in a page between which its table is.
const (
	tableBegins = "<!-- table: written by make bench -->\n"
	tableEnds   = "<!-- end of table -->"
)

// write puts the table of a report into a page, in the place of the one that is there.
func write(page string, report *measure.Report) error {
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, rest, begins := strings.Cut(string(text), tableBegins)
	_, after, ends := strings.Cut(rest, tableEnds)
	if !begins || !ends {
		return fmt.Errorf("%s has no place for the table, between %q and %q", page, strings.TrimSpace(tableBegins), tableEnds)
	}
	var table strings.Builder
	report.Table(&table)
	return os.WriteFile(page, []byte(before+tableBegins+table.String()+tableEnds+after), 0o644)
}
