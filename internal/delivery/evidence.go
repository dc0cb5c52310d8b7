package delivery

import (
	"context"
	"fmt"
	"time"
)

// Likeness says how a trace compares with the trace that one signal leaves.
type Likeness int

const (
	// NotOurs means that another signal left the trace.
	NotOurs Likeness = iota
	// Alike means that the service does not show enough to tell which signal left the
	// trace.
	Alike
	// Ours means that everything the trace shows agrees with this signal.
	Ours
)

// OursIf returns Ours or NotOurs.
func OursIf(ours bool) Likeness {
	if ours {
		return Ours
	}
	return NotOurs
}

// Trace is one item with which a service shows that it took a signal, such as
// an event in a history.
type Trace struct {
	// ID is unique in the scope, and is the same in every read.
	ID string
	// At is when the service took the signal, by the service's clock; zero if the
	// service does not tell.
	At time.Time
	// Shows has the other facts that the trace shows, for Evidence.Likeness.
	Shows any
}

// Shown has what one read shows about the signals that a service took.
type Shown struct {
	Traces []Trace
	// Clock is the service's clock as the read's answer showed it.
	Clock ServerClock
	// Gap says why the service may have taken a signal although it shows no trace of
	// it. It is empty if every signal that was taken leaves a trace.
	Gap string
}

// Evidence says how a service shows the signals that it took. A system lists
// the traces and compares each one with its signal. TraceMatcher decides what the
// traces prove.
type Evidence struct {
	// Scope names the place where the traces are, such as one execution.
	Scope string
	// Request is equal for signals of a scope whose traces cannot be told apart.
	Request string
	// Mark is what a trace must show to be Ours; "" if nothing alone decides. A signal
	// with another mark leaves no trace that is Ours.
	Mark string
	// Probe returns the probe that lists the traces since a time, in
	// Observation.Shown. It may leave out older traces.
	Probe func(since Timestamp) *Probe
	// Likeness compares a trace of the scope with the signal.
	Likeness func(Trace) Likeness
	// Found is called with the trace that proves the signal; it may be nil.
	Found func(Trace)
}

// ShownSince returns an Evidence.Probe whose probes only list the signals that the target
// shows since a time. It is not inlined, because its closures would be compiled again for
// each caller.
//
//go:noinline
func ShownSince(key string, read func(ctx context.Context, since Timestamp) (Shown, Attempt)) func(since Timestamp) *Probe {
	return func(since Timestamp) *Probe {
		return NewProbe(fmt.Sprintf("%s/%v", key, since), func(ctx context.Context) (Shown, Attempt) { return read(ctx, since) },
			func(shown Shown) Observation { return Observation{Shown: &shown} })
	}
}
