package measure_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cmd/bench/measure"
)

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   float64
	}{{[]float64{3}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 2, 9}, 3}} {
		before := slices.Clone(test.values)
		if got := measure.Median(test.values); got != test.want || !slices.Equal(before, test.values) {
			t.Errorf("the median of %v is %g, want %g", before, got, test.want)
		}
	}
	if !math.IsNaN(measure.Median(nil)) || !math.IsNaN(measure.Mean(nil)) {
		t.Error("nothing has a median, or a mean")
	}
	if got := measure.Mean([]float64{4, 1, 2, 9}); got != 4 {
		t.Errorf("the mean is %g", got)
	}
}

func TestReport(t *testing.T) {
	report := measure.Report{Machine: "here"}
	met, missed := report.Measure("met", 1.1), report.Measure("missed", 1.1)
	for _, v := range []float64{1.3, 1.09, 1} {
		met.Add(v)
		missed.Add(v + 0.1)
	}
	broken, none := report.Measure("broken", 10), report.Measure("never measured", 1)
	broken.Add(1)
	broken.Expect(true, "this held")
	broken.Expect(false, "%d signals were doubled", 3)
	if got := report.Missed(); !slices.Equal(got, []string{"missed", "broken", "never measured"}) || none.Met() {
		t.Errorf("missed are %v", got)
	}
	var table, text strings.Builder
	report.Table(&table)
	for _, part := range []string{"1.09", "1 to 1.30", "<= 1.10", "**no**", "3 signals were doubled", "here"} {
		if !strings.Contains(table.String(), part) {
			t.Errorf("%q is not in the table:\n%s", part, table.String())
		}
	}
	if strings.Contains(table.String(), "this held") {
		t.Errorf("the table tells what held:\n%s", table.String())
	}
	if err := report.JSON(&text); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(text.String(), `"met": false`); n != 3 || !strings.Contains(text.String(), `"median": 1.09`) || !strings.Contains(text.String(), `"median": null`) {
		t.Errorf("for machines it says\n%s", text.String())
	}
	var read measure.Report
	if err := json.Unmarshal([]byte(text.String()), &read); err != nil || len(read.Measures) != 4 || read.Measures[0].Median() != 1.09 {
		t.Errorf("read back as %+v, %v", read, err)
	}
}
