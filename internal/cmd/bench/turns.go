package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cmd/bench/measure"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// pair is the provider and the one that does nothing, each with a workspace of the same load.
type pair struct {
	sandbox    *sandbox.Sandbox
	ours, idle *workspace
}

// pair opens the workspaces, with as many executions as there are signals. The sandbox has to be closed.
func (b *bench) pair(l load) (p pair, err error) {
	if p.sandbox, err = serve(l.signals); err != nil {
		return p, err
	}
	if p.ours, err = b.open(b.ours, p.sandbox.URL(), l); err == nil {
		p.idle, err = b.open(b.idle, p.sandbox.URL(), l)
	}
	if err != nil {
		err = errors.Join(err, p.sandbox.Close())
	}
	return p, err
}

// byTurns has the pair do the same by turns, the other one first in every second round.
func (p pair) byTurns(round int, turn time.Duration, do func(*workspace) error) (ours, idle *side, err error) {
	if round%2 == 1 {
		idle, ours, err = byTurns(turn, p.idle, p.ours, do)
		return ours, idle, err
	}
	return byTurns(turn, p.ours, p.idle, do)
}

// recordAlike has a measure expect that both have recorded as much, which is most of what Terraform's work grows with.
func (p pair) recordAlike(m *measure.Measure) error {
	var size [2]float64
	for i, w := range []*workspace{p.ours, p.idle} {
		state, err := os.Stat(filepath.Join(w.WorkingDir(), "terraform.tfstate"))
		if err != nil {
			return err
		}
		size[i] = float64(state.Size())
	}
	more := size[1] / size[0]
	m.Expect(more > 0.98 && more < 1.02, "the provider that does nothing recorded %.2f times as much", more)
	m.Note = fmt.Sprintf("The provider that does nothing recorded %.3f times as much.", more)
	return nil
}

// groupFile is where a terraform that can be halted leaves the number of its process group.
const groupFile = "group"

// side is one of two that take turns.
type side struct {
	*workspace
	do   func(*workspace) error
	done chan error
	// ended is whether it has done all it had to.
	ended bool
	// halted is its process group while it stands still.
	halted int
	// took is how long its turns were, and halts is how many of them ended with it halted.
	took  time.Duration
	halts int
}

// byTurns has two workspaces do the same, either one halted while it is the other's turn. A shared machine has moods that
// last for seconds, in which the same work takes a third longer: both sides get their share of each. Where nothing can be
// halted, the second begins when the first has ended.
func byTurns(turn time.Duration, one, two *workspace, do func(*workspace) error) (first, second *side, err error) {
	first, second = &side{workspace: one, do: do}, &side{workspace: two, do: do}
	return first, second, errors.Join(first.end(turn, second), second.end(turn, first))
}

// nobody is the other side of what goes on alone.
var nobody = &side{ended: true}

// end lets a side go on to its end, by turns with another one that has not ended.
func (s *side) end(turn time.Duration, other *side) (err error) {
	for !s.ended {
		err = errors.Join(err, s.run(turn, other.ended))
		if !s.ended && !other.ended {
			err = errors.Join(err, other.run(turn, false))
		}
	}
	return err
}

// run lets a side go on until its turn is over, or to its end when it is alone. One of which it returns an error has ended.
func (s *side) run(turn time.Duration, alone bool) error {
	if s.done == nil {
		// It may tell of an earlier command.
		if err := os.Remove(filepath.Join(s.WorkingDir(), groupFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.ended = true
			return err
		}
		s.done = make(chan error, 1)
		go func() { s.done <- s.do(s.workspace) }()
	} else if err := s.goOn(); err != nil {
		s.ended = true
		return err
	}
	start := time.Now()
	defer func() { s.took += time.Since(start) }()
	var over <-chan time.Time
	if !alone {
		ticker := time.NewTicker(turn)
		defer ticker.Stop()
		over = ticker.C
	}
	for {
		select {
		case err := <-s.done:
			s.ended = true
			return err
		case <-over:
			group, err := s.halt()
			if err != nil {
				return errors.Join(err, s.finish())
			}
			if group != 0 {
				s.halted = group
				s.halts++
				return nil
			}
		}
	}
}

// goOn has a side that stands still go on.
func (s *side) goOn() error {
	group := s.halted
	s.halted = 0
	if group == 0 {
		return nil
	}
	return resume(group)
}

// finish lets a side that has begun go on to its end.
func (s *side) finish() error {
	if s.done == nil || s.ended {
		return nil
	}
	err := s.goOn()
	s.ended = true
	return errors.Join(err, <-s.done)
}
