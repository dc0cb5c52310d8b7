package measure_test

import (
	"math"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cmd/bench/measure"
)

func TestModelIsFoundAgain(t *testing.T) {
	made := measure.Model{Once: 0.5, Each: 0.007, Pair: 9.5e-6}
	found := measure.Fit(made.Once, 100, made.Predict(100), 1000, made.Predict(1000))
	if got, want := found.Predict(10000), 0.5+70+950; math.Abs(got-want) > 1e-6 {
		t.Errorf("predicted %g s, want %g s, by %+v", got, want, found)
	}
}
