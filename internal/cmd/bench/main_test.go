package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cmd/bench/measure"
)

// A benchmark too small to tell anything still sends every signal once, and says so.
func TestBench(t *testing.T) {
	var out bytes.Buffer
	file := filepath.Join(t.TempDir(), "bin", "bench.json")
	page := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(page, []byte("before\n"+tableBegins+"old\n"+tableEnds+"\nafter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := &bench{out: &out, rounds: 1, signals: 60, memory: 20, largest: 200, patience: time.Second}
	if err := run(t.Context(), b, usual, file, page, false); err != nil {
		t.Fatalf("%s\n%s", err, out.String())
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var report measure.Report
	if err := json.Unmarshal(text, &report); err != nil || len(report.Measures) != 11 {
		t.Fatalf("%d measures, %v", len(report.Measures), err)
	}
	for _, m := range report.Measures {
		if len(m.Values) == 0 || m.Median() <= 0 || len(m.Broken) > 0 {
			t.Errorf("%s: %v, %v", m.Name, m.Values, m.Broken)
		}
		if !strings.Contains(out.String(), m.Name) {
			t.Errorf("the table leaves out %s:\n%s", m.Name, out.String())
		}
	}
	text, err = os.ReadFile(page)
	if shown := string(text); err != nil || !strings.HasPrefix(shown, "before\n"+tableBegins+"| measure") ||
		!strings.HasSuffix(shown, tableEnds+"\nafter\n") || strings.Contains(shown, "old") {
		t.Errorf("the page is now\n%s", shown)
	}
	if _, err := os.Stat(b.dir); !os.IsNotExist(err) {
		t.Errorf("%s is still there", b.dir)
	}
}

// Of so few signals no time can be predicted, but all are sent once, and by no more connections than there may be.
func TestModel(t *testing.T) {
	var out bytes.Buffer
	b := &bench{out: &out, rounds: 1, largest: 200}
	if err := run(t.Context(), b, []string{"model"}, "", "", false); err != nil {
		t.Fatalf("%s\n%s", err, out.String())
	}
	for _, m := range b.report.Measures {
		for _, broken := range m.Broken {
			if !strings.HasPrefix(broken, "the prediction is ") {
				t.Errorf("%s: %s", m.Name, broken)
			}
		}
		if len(m.Values) != 1 {
			t.Errorf("%s was measured %d times", m.Name, len(m.Values))
		}
	}
	for signals, times := range map[int]int{1: 9, 2: 9, 20: 3, 200: 1} {
		if got := strings.Count(out.String(), fmt.Sprintf("  apply of %d signals: ", signals)); got != times {
			t.Errorf("%d signals were applied %d times, want %d", signals, got, times)
		}
	}
}

func TestBenchRefusesWhatItDoesNotKnow(t *testing.T) {
	if err := run(t.Context(), &bench{out: &bytes.Buffer{}}, []string{"aplly"}, "", "", false); err == nil || !strings.Contains(err.Error(), "aplly") {
		t.Errorf("said %v", err)
	}
}
