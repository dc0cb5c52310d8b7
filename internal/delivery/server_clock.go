package delivery

import "time"

// ServerClock relates a service's clock to this machine's clock. It comes from
// the Date header of one answer. The zero value has no information.
type ServerClock struct {
	// date is the answer's Date header, which is in whole seconds.
	date time.Time
	// asked is when the request was made, and answered when its answer arrived, by
	// this machine's clock.
	asked, answered time.Time
}

// Timestamp is a time by this machine's clock, or by the clock of another
// machine, which may differ by up to Tolerance.
type Timestamp struct {
	At        time.Time
	Tolerance time.Duration
}

// IsZero reports whether the Timestamp is not set.
func (t Timestamp) IsZero() bool { return t.At.IsZero() }

// lower and upper are the bounds of the time by this machine's clock.
func (t Timestamp) lower() time.Time { return t.At.Add(-t.Tolerance) }

func (t Timestamp) upper() time.Time { return t.At.Add(t.Tolerance) }

// Range returns the earliest and the latest time that the service's clock can
// have shown at a moment. told is false if the answer had no Date. earliest is
// rounded down to a whole second, because some services report times in whole
// seconds: an event at the moment or later never has an earlier time than this.
func (c ServerClock) Range(moment Timestamp) (earliest, latest time.Time, told bool) {
	earliest, latest, told = c.span(moment)
	return earliest.Truncate(time.Second), latest, told
}

// span is Range without rounding.
func (c ServerClock) span(moment Timestamp) (earliest, latest time.Time, told bool) {
	if c.date.IsZero() {
		return time.Time{}, time.Time{}, false
	}
	longest, _ := elapsed(moment.lower(), c.answered)
	_, shortest := elapsed(moment.upper(), c.asked)
	return c.date.Add(-longest), c.date.Add(time.Second - shortest), true
}

// elapsed returns the time between two moments, measured by the wall clock and
// by the monotonic clock. They can differ: the wall clock may have been set in
// between, and the monotonic clock stops while the machine sleeps.
func elapsed(from, to time.Time) (longest, shortest time.Duration) {
	monotonic, wall := to.Sub(from), to.Round(0).Sub(from.Round(0))
	return max(monotonic, wall), min(monotonic, wall)
}

// Ahead returns by how much the service's clock is ahead of this machine's
// clock. The error is at most one second plus the time that the answer took.
// told is false if the answer had no Date.
func (c ServerClock) Ahead() (ahead time.Duration, told bool) {
	return c.date.Sub(c.answered), !c.date.IsZero()
}
