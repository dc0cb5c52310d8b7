package sandbox

import (
	"slices"
	"time"
)

// A history has all states of something, oldest first. They are never changed.
type history[T any] []moment[T]

type moment[T any] struct {
	since time.Time
	state T
}

func (h *history[T]) add(since time.Time, state T) { *h = append(*h, moment[T]{since, state}) }

// at returns the newest state that is not later than a time, and false if there is none.
func (h history[T]) at(when time.Time) (state T, known bool) {
	for _, m := range slices.Backward(h) {
		if !m.since.After(when) {
			return m.state, true
		}
	}
	return state, false
}

// last returns the present state.
func (h history[T]) last() T { return h[len(h)-1].state }
