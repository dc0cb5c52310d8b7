package systems_test

import (
	"slices"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
)

// A row names the fields that it needs and does not have.
func TestLacks(t *testing.T) {
	complete := systems.Of("signal_automation")
	for lack, y := range map[string]func(*systems.System){
		"":            func(*systems.System) {},
		"Ready":       func(y *systems.System) { y.Ready = nil },
		"Endpoint":    func(y *systems.System) { y.Endpoint = "" },
		"Interrupted": func(y *systems.System) { y.Interrupted = nil },
		"ShownBy":     func(y *systems.System) { y.ShownBy = "" },
		"Gate.Unready": func(y *systems.System) {
			gate := *y.Gate
			gate.Unready, y.Gate = nil, &gate
		},
	} {
		row, want := complete, []string{lack}
		y(&row)
		if lack == "" {
			want = nil
		}
		if lacks := row.Lacks(); !slices.Equal(lacks, want) {
			t.Errorf("it lacks %q, want %q", lacks, want)
		}
	}
	for name, lacks := range map[string]bool{"Interrupted": false, "ShownBy": false, "Endpoint": false, "Gate.Read": false, "Type": true, "Guards": true} {
		if found := slices.Contains((systems.System{Finds: true}).Lacks(), name); found != lacks {
			t.Errorf("of an empty row that finds its target, %s is missed: %t", name, found)
		}
	}
}
