package main

import (
	"bytes"
	"encoding/json"
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
	file := filepath.Join(t.TempDir(), "bench.json")
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

func TestBenchRefusesWhatItDoesNotKnow(t *testing.T) {
	if err := run(t.Context(), &bench{out: &bytes.Buffer{}}, []string{"aplly"}, "", "", false); err == nil || !strings.Contains(err.Error(), "aplly") {
		t.Errorf("said %v", err)
	}
}
