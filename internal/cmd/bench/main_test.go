package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Even a very small benchmark sends every signal once, and checks that.
func TestBench(t *testing.T) {
	b := &bench{rounds: 1, signals: 60, runTime: time.Second}
	text, err := b.run(t.Context(), ".")
	if err != nil {
		t.Fatal(err)
	}
	if len(b.measures) != 13 {
		t.Fatalf("%d measures", len(b.measures))
	}
	for _, m := range b.measures {
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

func TestTable(t *testing.T) {
	met, broken, none := &measure{name: "met", goal: 1.05, values: []float64{1.3, 1.04, 1}}, &measure{name: "broken", goal: 10, values: []float64{1}}, &measure{name: "none", goal: 1}
	broken.expect(true, "this held")
	broken.expect(false, "%d were sent twice", 3)
	text := table([]*measure{met, broken, none})
	for _, line := range []string{
		"| met | <= 1.05 | 1.04 | 1 to 1.3 | 3 | yes |\n", "| broken | <= 10 | 1 | 1 to 1 | 1 | **no** |\n", "| none | <= 1 | NaN |  | 0 | **no** |\n",
		"- broken: 3 were sent twice\n",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("%q is not in\n%s", line, text)
		}
	}
	if got := median([]float64{4, 1, 2, 9}); got != 3 || !math.IsNaN(median(nil)) {
		t.Errorf("the median is %g", got)
	}
	page := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(page, []byte("before\n"+tableBegins+"old\n"+tableEnds+"\nafter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := write(page, "new\n"); err != nil {
		t.Fatal(err)
	}
	if shown, _ := os.ReadFile(page); string(shown) != "before\n"+tableBegins+"new\n"+tableEnds+"\nafter\n" {
		t.Errorf("the page is now\n%s", shown)
	}
}
