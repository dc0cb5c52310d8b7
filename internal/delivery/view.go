package delivery

import (
	"context"
	"errors"
	"time"
)

// State is what a reading of a target means to one signal.
type State int

const (
	// Pending means that what is waited for may still come.
	Pending State = iota
	// Reached means that it has come.
	Reached
	// Missed means that it can no longer come.
	Missed
)

// Reading is what one read of a target means to one signal.
type Reading struct {
	State State
	// Status is the service's own word for the target's status, empty when it has none.
	Status string
	// Reason is what the service says about the status, empty when it says nothing.
	Reason string
	// Gone says of a missed target that nobody is left there to take a signal.
	Gone bool
}

// View is a target as one signal sees it: how it is read, and what a reading
// means. Views with the same key read the same thing and share their reads.
type View struct {
	key     string
	read    func(context.Context) snapshot
	judge   func(any) Reading
	lasting bool
}

type snapshot struct {
	value   any
	attempt Attempt
}

// NewView returns the view of a target that key names. The read returns what it
// found with an accepted attempt, or an attempt that says why it found nothing;
// a target that is not there is a finding where it means something to a signal.
func NewView[T any](key string, read func(context.Context) (T, Attempt), judge func(T) Reading) *View {
	return &View{
		key: key,
		read: func(ctx context.Context) snapshot {
			value, attempt := read(ctx)
			return snapshot{value, attempt}
		},
		judge: func(value any) Reading { return judge(value.(T)) },
	}
}

// In returns the view as one whose reads share a lane.
func (v *View) In(lane *Lane) *View {
	paced := *v
	paced.read = func(ctx context.Context) snapshot {
		if stopped := lane.Turn(ctx); stopped != nil {
			refused, _ := lane.Refusal()
			return snapshot{attempt: refused}
		}
		began := time.Now()
		read := v.read(ctx)
		lane.Tell(began, read.attempt)
		return read
	}
	return &paced
}

// Lasting returns the view as one of something that stays so once it is reached or
// missed, whatever is sent afterwards, such as the end of a run: those who wait for
// it later are told without another read.
func (v *View) Lasting() *View {
	lasting := *v
	lasting.lasting = true
	return &lasting
}

// End is how a wait ended.
type End struct {
	// Reading is the last one; its State is Pending unless the wait reached its end.
	Reading Reading
	// Failed is the last read, when it failed in passing and was not made again.
	Failed *Attempt
	// Unreadable is set when the target cannot be read and trying again would not help.
	Unreadable *Attempt
	// Stopped is set when the context ended the wait.
	Stopped error
}

// Reached reports whether the wait ended with what was waited for.
func (e End) Reached() bool { return e.Reading.State == Reached }

// Absent reports whether the reads settled on not showing what was looked for.
func (e End) Absent() bool {
	return e.Reading.State == Pending && e.Unreadable == nil && e.Stopped == nil
}

// Wait reads the target until it has reached or missed what the view waits for,
// it turns out to be unreadable, or ctx ends. Each pending reading is given to
// report, with the time, on the caller's goroutine.
func (p *Poller) Wait(ctx context.Context, view *View, report func(Reading, time.Time)) End {
	if view.lasting {
		if value, known := p.recall(view.key); known {
			return End{Reading: view.judge(value)}
		}
	}
	return p.until(ctx, view, Attempt.passingRead, func(reading Reading) bool {
		if reading.State == Pending {
			report(reading, time.Now())
		}
		return reading.State != Pending
	})
}

// Settle reads the target until it has reached what the view looks for or is
// unreadable, or until reads that lag behind have had their time: what the first
// read after p.Settled says, is so. A pending one says that it is not there, and a
// missed one that it cannot be told. Reads that fail are made again for
// p.Unreachable more, throttled ones until ctx ends.
func (p *Poller) Settle(ctx context.Context, view *View) End {
	began := time.Now()
	passing := func(a Attempt) bool {
		return a.passingRead() && (a.Cause == Throttled || time.Since(began) < p.Settled+p.Unreachable)
	}
	lagging, cancel := context.WithTimeout(ctx, p.Settled)
	defer cancel()
	end := p.until(lagging, view, passing, func(reading Reading) bool { return reading.State == Reached })
	if end.Stopped == nil || ctx.Err() != nil {
		return end
	}
	return p.until(ctx, view, passing, func(Reading) bool { return true })
}

// until reads the target until a reading is enough, or a read fails otherwise than in passing.
func (p *Poller) until(ctx context.Context, view *View, passing func(Attempt) bool, enough func(Reading) bool) (end End) {
	end.Stopped = Await(ctx, p, view.key, view.read, func(s snapshot) bool {
		switch {
		case s.attempt.Outcome == Accepted:
			end.Reading, end.Failed = view.judge(s.value), nil
			if view.lasting && end.Reading.State != Pending {
				p.remember(view.key, s.value)
			}
			return enough(end.Reading)
		case passing(s.attempt):
			end.Failed = &s.attempt
			return false
		default:
			end.Unreadable = &s.attempt
			return true
		}
	})
	return end
}

// Look reads the target once. The attempt is accepted when it could be read.
func (p *Poller) Look(ctx context.Context, view *View) (Reading, Attempt) {
	ctx, cancel := context.WithTimeout(ctx, p.Attempt)
	defer cancel()
	s := view.read(ctx)
	if s.attempt.Outcome != Accepted {
		return Reading{}, s.attempt
	}
	return view.judge(s.value), s.attempt
}

// passingRead reports whether a read that failed may succeed later. Unlike a
// send, a read with an unknown outcome can always be made again.
func (a Attempt) passingRead() bool {
	return a.Outcome == Unknown || a.passing() || a.Outcome == NotSent && errors.Is(a.Err, context.DeadlineExceeded)
}
