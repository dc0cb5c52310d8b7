package provider_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/provider"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// many is the number of targets that are waited for at the same time.
const many = 24

// Waits for different targets share requests if their system has a batch. If the batch
// fails or its permission is missing, the provider reads each target alone and reports
// nothing.
func TestManyTargetsShareReads(t *testing.T) {
	for _, y := range systems.All {
		if y.Gate == nil || y.Gate.Batch == nil {
			continue
		}
		batch := y.Gate.Batch
		for name, kind := range map[string]sandbox.Kind{"": "", "denied": sandbox.KindRefuse, "failing": sandbox.KindErrorBefore} {
			if kind != "" && batch.Operation == y.Gate.Read {
				continue // Its target has no other read.
			}
			t.Run(y.Type+" "+name, func(t *testing.T) {
				t.Parallel()
				// How many reads they share depends on the machine, too.
				alone := manyWait(t, y, kind)
				for round := 1; kind == "" && alone > 3*many && round < 3; round++ {
					alone = manyWait(t, y, kind)
				}
				if kind == "" && alone > 3*many {
					t.Errorf("%d waits read their targets alone %d times", many, alone)
				}
			})
		}
	}
}

// manyWait sends to many targets and waits for all of them, and returns how often one of
// them was read alone. A fault of this kind meets the reads of many.
func manyWait(t *testing.T, y system, kind sandbox.Kind) (alone int) {
	t.Helper()
	batch := y.Gate.Batch
	var offset atomic.Int64
	s := acctest.Sandbox(t, sandbox.Options{Now: func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }})
	policy := acctest.Quick()
	policy.FirstPoll, policy.LongestPoll = 50*time.Millisecond, 200*time.Millisecond
	p := acctest.StartProvider(t, acctest.Block(s.URL()), provider.WithPolicy(policy))
	target := batch.Target
	if target == nil {
		target = func(s *sandbox.Sandbox) systems.Values { return y.Gate.Running(s, systems.Well) }
	}
	// Nothing ends before this number of reads after the last signal.
	var reads atomic.Int32
	tick := func() {
		if s.Accepted(y.Operation) == many && reads.Add(1) > 3*many {
			offset.Store(int64(5 * time.Minute))
		}
	}
	s.Hook(y.Gate.Read, tick, nil)
	if batch.Operation != y.Gate.Read {
		s.Hook(batch.Operation, tick, nil)
	}
	var all sync.WaitGroup
	for range many {
		r, config := p.Resource(y.Type), target(s).With(acctest.Values{"wait_for_completion": true})
		all.Go(func() {
			if diags := r.Apply(config); len(diags) > 0 || r.String("target_status") != y.Gate.Succeeded {
				t.Errorf("recorded %s and said %s", r.State, diags)
			}
		})
	}
	if kind != "" {
		s.Inject(sandbox.Fault{Operation: batch.Operation, Kind: kind})
	}
	all.Wait()
	batches := 0
	for _, request := range s.RequestLog() {
		switch {
		case request.Operation == batch.Operation && batch.Is(request):
			batches++
		case request.Operation == y.Gate.Read:
			alone++
		}
	}
	t.Logf("%d batches and %d reads of one target", batches, alone)
	switch {
	case s.Count(y.Operation) != many || s.Accepted(y.Operation) != many:
		t.Errorf("sent %d times, of which %d were accepted", s.Count(y.Operation), s.Accepted(y.Operation))
	case batches == 0, kind == sandbox.KindRefuse && batches > many:
		t.Errorf("%d batches and %d reads of one target", batches, alone)
	}
	return alone
}
