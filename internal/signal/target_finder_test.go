package signal_test

import (
	"context"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// As long as a target that has refused the signal seems to take it, no other target gets the
// signal: the refusal may have another cause than the end of that target.
func TestRefusedTargetHidesOthers(t *testing.T) {
	var (
		listed []signal.Candidate
		chosen string
	)
	finder := signal.TargetSearch{
		Key: "k", Required: true,
		Read: func(context.Context, bool) ([]signal.Candidate, delivery.Attempt) {
			return listed, delivery.Attempt{Outcome: delivery.Accepted}
		},
		Choose: func(id string) { chosen = id },
		Bound:  func() signal.Signal { return signal.Signal{} },
	}.Finder()
	finds := func(state delivery.State, id string, candidates ...signal.Candidate) {
		t.Helper()
		listed = candidates
		for name, probe := range map[string]*delivery.Probe{"ready": finder.Ready, "now": finder.Now} {
			seen, _ := delivery.NewPoller(delivery.DefaultRetryPolicy).ReadOnce(t.Context(), probe)
			if seen.State != state || chosen != id {
				t.Errorf("%s: found %q, state %v", name, chosen, seen.State)
			}
		}
	}
	first, second := signal.Candidate{ID: "first", Takes: true}, signal.Candidate{ID: "second", Takes: true}
	finds(delivery.Reached, "first", first)
	finder.Forget()
	finds(delivery.Pending, "", first)
	finds(delivery.Pending, "", first, second)
	finds(delivery.Reached, "second", second)
	first.Takes = false
	finds(delivery.Reached, "second", first, second)
	first.Takes = true
	finds(delivery.Missed, "second", first, second) // Another step of it waits.
}
