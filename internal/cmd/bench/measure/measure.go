// Package measure holds what a benchmark has measured against its goals.
package measure

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
)

// Measure is one line of the table: ratios that were measured, and the goal for their median.
type Measure struct {
	Name string `json:"name"`
	// Goal is the most that the median may be.
	Goal float64 `json:"goal"`
	// Unit is empty for ratios.
	Unit string `json:"unit,omitempty"`
	// Values are what was measured, one or some in each round.
	Values []float64 `json:"values"`
	// Broken are the conditions that did not hold, as that none failed and none was sent twice.
	Broken []string `json:"broken,omitempty"`
	// Note says what the values are made of.
	Note string `json:"note,omitempty"`
}

// Add adds what a round has measured.
func (m *Measure) Add(value float64) { m.Values = append(m.Values, value) }

// Expect notes a condition that does not hold.
func (m *Measure) Expect(holds bool, format string, of ...any) {
	if !holds {
		m.Broken = append(m.Broken, fmt.Sprintf(format, of...))
	}
}

// Median is the middle value, not a number when there is none.
func (m *Measure) Median() float64 { return Median(m.Values) }

// Met reports whether the median keeps to the goal and all conditions held.
func (m *Measure) Met() bool { return m.Median() <= m.Goal && len(m.Broken) == 0 }

// Median is the middle of some values, or the mean of the two in the middle; not a number when there are none.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// Mean is the mean of some values, not a number when there are none.
func Mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// Report is what a benchmark came to.
type Report struct {
	// Machine says where it ran.
	Machine  string     `json:"machine"`
	Measures []*Measure `json:"measures"`
}

// Measure returns a new line of the table.
func (r *Report) Measure(name string, goal float64) *Measure {
	m := &Measure{Name: name, Goal: goal}
	r.Measures = append(r.Measures, m)
	return m
}

// Missed are the names of the measures that miss their goals.
func (r *Report) Missed() (names []string) {
	for _, m := range r.Measures {
		if !m.Met() {
			names = append(names, m.Name)
		}
	}
	return names
}

// Table writes the measures as a table in Markdown, with what did not hold below it.
func (r *Report) Table(out io.Writer) {
	table := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	fmt.Fprintln(table, "| measure\t| goal\t| median\t| lowest to highest\t| values\t| met\t|")
	fmt.Fprintln(table, "|---\t|---\t|---\t|---\t|---\t|---\t|")
	for _, m := range r.Measures {
		met := "yes"
		if !m.Met() {
			met = "**no**"
		}
		spread := "none"
		if len(m.Values) > 0 {
			spread = number(slices.Min(m.Values)) + " to " + number(slices.Max(m.Values))
		}
		fmt.Fprintf(table, "| %s\t| <= %s\t| %s\t| %s\t| %d\t| %s\t|\n",
			m.Name, number(m.Goal)+m.Unit, number(m.Median())+m.Unit, spread, len(m.Values), met)
	}
	_ = table.Flush()
	for _, m := range r.Measures {
		if m.Note != "" {
			fmt.Fprintf(out, "\n- %s: %s", m.Name, m.Note)
		}
		if len(m.Broken) > 0 {
			fmt.Fprintf(out, "\n- %s: %s", m.Name, strings.Join(m.Broken, "; "))
		}
	}
	fmt.Fprintf(out, "\n\n%s\n", r.Machine)
}

// MarshalJSON adds what follows from a measure's values. There is no median of none.
func (m *Measure) MarshalJSON() ([]byte, error) {
	type plain Measure
	judged := struct {
		*plain
		Median *float64 `json:"median"`
		Met    bool     `json:"met"`
	}{(*plain)(m), nil, m.Met()}
	if median := m.Median(); !math.IsNaN(median) {
		judged.Median = &median
	}
	return json.Marshal(judged)
}

// JSON writes the report for machines.
func (r *Report) JSON(out io.Writer) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

// number shows three digits, and whole numbers as they are.
func number(v float64) string {
	if v == math.Trunc(v) {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
