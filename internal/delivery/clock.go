package delivery

import "time"

// ServerClock relates a service's clock to this machine's, as far as one answer tells.
// The zero value tells nothing.
type ServerClock struct {
	// date is the answer's Date header, which is in whole seconds.
	date time.Time
	// asked and answered are when the request was made and its answer came, by this machine's clock.
	asked, answered time.Time
}

// Timestamp is a time by this machine's clock, or by another's that may differ by as
// much as Tolerance.
type Timestamp struct {
	At        time.Time
	Tolerance time.Duration
}

// IsZero reports whether it is no time at all.
func (m Timestamp) IsZero() bool { return m.At.IsZero() }

// earliest and latest are the bounds of the time by this machine's clock.
func (m Timestamp) earliest() time.Time { return m.At.Add(-m.Tolerance) }

func (m Timestamp) latest() time.Time { return m.At.Add(m.Tolerance) }

// Range returns what the service's clock showed, at the earliest and at the
// latest, at a moment; false where the answer did not tell. The earliest is a whole second, because the service may
// tell its times so: no event at that moment or later has an earlier one.
func (c ServerClock) Range(moment Timestamp) (earliest, latest time.Time, told bool) {
	if c.date.IsZero() {
		return time.Time{}, time.Time{}, false
	}
	longest, _ := elapsed(moment.earliest(), c.answered)
	_, shortest := elapsed(moment.latest(), c.asked)
	return c.date.Add(-longest).Truncate(time.Second), c.date.Add(time.Second - shortest), true
}

// elapsed is the time between two moments. The wall clock may have been set
// meanwhile, and the monotonic one stands still while the machine sleeps.
func elapsed(from, to time.Time) (longest, shortest time.Duration) {
	monotonic, wall := to.Sub(from), to.Round(0).Sub(from.Round(0))
	return max(monotonic, wall), min(monotonic, wall)
}

// Ahead is by how much the service's clock is ahead of this machine's, give or take a
// second and the time of the answer's way; false where the answer did not tell.
func (c ServerClock) Ahead() (ahead time.Duration, told bool) {
	return c.date.Sub(c.answered), !c.date.IsZero()
}
