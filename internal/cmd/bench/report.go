package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
)

// measure is one line of the table: the measured values, most of them ratios, and the goal
// for their median.
type measure struct {
	name   string
	goal   float64
	values []float64
	// broken are the conditions that did not hold, such as that no signal was sent twice.
	broken []string
	// note explains the values.
	note string
	mu   sync.Mutex
}

func (m *measure) add(value float64) { m.values = append(m.values, value) }

// expect records the condition if it does not hold.
func (m *measure) expect(holds bool, format string, of ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !holds {
		m.broken = append(m.broken, fmt.Sprintf(format, of...))
	}
}

// median returns the median of the values, NaN if there are none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted, middle := slices.Sorted(slices.Values(values)), len(values)/2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// table writes the measures as a table in Markdown, with notes and broken conditions below
// it.
func table(out io.Writer, measures []*measure) {
	fmt.Fprint(out, "| measure | goal | median | lowest to highest | values | met |\n|---|---|---|---|---|---|\n")
	var notes strings.Builder
	for _, m := range measures {
		met, middle := "yes", median(m.values)
		if !(middle <= m.goal) || len(m.broken) > 0 {
			met = "**no**"
		}
		low, high := math.NaN(), math.NaN()
		if len(m.values) > 0 {
			low, high = slices.Min(m.values), slices.Max(m.values)
		}
		fmt.Fprintf(out, "| %s | <= %.4g | %.3g | %.3g to %.3g | %d | %s |\n", m.name, m.goal, middle, low, high, len(m.values), met)
		for _, note := range append(m.broken, m.note) {
			if note != "" {
				fmt.Fprintf(&notes, "- %s: %s\n", m.name, note)
			}
		}
	}
	fmt.Fprintf(out, "\n%s", notes.String())
}

// The comments around the table in a page.
const (
	tableBegins = "<!-- table: written by make bench -->\n"
	tableEnds   = "<!-- end of table -->"
)

// write replaces the table in a page.
func write(page, table string) error {
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, rest, begins := strings.Cut(string(text), tableBegins)
	_, after, ends := strings.Cut(rest, tableEnds)
	if !begins || !ends {
		return fmt.Errorf("%s has no place for the table, between %q and %q", page, strings.TrimSpace(tableBegins), tableEnds)
	}
	return os.WriteFile(page, []byte(before+tableBegins+table+tableEnds+after), 0o644)
}
