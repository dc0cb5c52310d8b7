package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/terraformcli"
)

// Even a very small benchmark sends every signal once, and checks that.
func TestBench(t *testing.T) {
	b := &bench{rounds: 1, signals: 60, runTime: time.Second}
	text, err := b.run(t.Context(), ".")
	if err != nil {
		t.Fatal(err)
	}
	if len(b.rows) != 13 {
		t.Fatalf("%d rows", len(b.rows))
	}
	for _, m := range b.rows {
		if len(m.values) == 0 || median(m.values) <= 0 || len(m.broken) > 0 {
			t.Errorf("%s: %v, %v", m.name, m.values, m.broken)
		}
		if !strings.Contains(text, m.name) {
			t.Errorf("the table leaves out %s:\n%s", m.name, text)
		}
	}
	if !strings.HasPrefix(text, "Measured with "+b.cli.String()) {
		t.Errorf("the table does not say what it was measured with:\n%s", text)
	}
	if _, err := os.Stat(b.dir); !os.IsNotExist(err) {
		t.Errorf("%s still exists", b.dir)
	}
}

// A row says so if signals were not sent.
func TestCompareChecksWhatWasSent(t *testing.T) {
	none := filepath.Join(t.TempDir(), "provider")
	check(os.WriteFile(none, nil, 0o755))
	b := &bench{signals: 2, dir: t.TempDir(), cli: must(terraformcli.Find(t.Context())), ours: none, idle: none}
	r := b.row(1, "nothing")
	b.compare(r, 1, func(round) {})
	if want := []string{"of 2 signals 0 were accepted, by 0 requests besides the throttled ones, and 2 executions do not have one signal"}; !slices.Equal(r.broken, want) {
		t.Errorf("the row says %q, want %q", r.broken, want)
	}
}

func TestTable(t *testing.T) {
	met, broken, above := &row{name: "met", goal: 1.05, values: []float64{1.3, 1.049, 1}}, &row{name: "broken", goal: 10, values: []float64{1}}, &row{name: "above", goal: 1.05, values: []float64{1.0512}}
	broken.expect(true, "this held")
	broken.expect(false, "%d were sent twice", 3)
	text := table([]*row{met, broken, above, {name: "not measured"}})
	for _, line := range []string{
		"| met | <= 1.05 | 1.049 | 1 to 1.3 | 3 | yes |\n", "| broken | <= 10 | 1 | 1 to 1 | 1 | **no** |\n", "| above | <= 1.05 | 1.051 | 1.051 to 1.051 | 1 | **no** |\n",
		"- broken: 3 were sent twice\n",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("%q is not in\n%s", line, text)
		}
	}
	if got := median([]float64{4, 1, 2, 9}); got != 3 {
		t.Errorf("the median is %g", got)
	}
	page := filepath.Join(t.TempDir(), "page.md")
	const around = "before\n<!-- table: written by make bench -->\n%s<!-- end of table -->\nafter\n"
	if err := os.WriteFile(page, fmt.Appendf(nil, around, "old\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := write(page, "new\n"); err != nil {
		t.Fatal(err)
	}
	if shown, _ := os.ReadFile(page); string(shown) != fmt.Sprintf(around, "new\n") {
		t.Errorf("the page is now\n%s", shown)
	}
}
