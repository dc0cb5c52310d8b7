package acctest

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// However slow the machine is, pauses alone use up each timeout up to the longest. A longer
// one is the machine's.
func TestPauseClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for d, counts := range map[time.Duration]bool{
			time.Nanosecond: false, time.Millisecond: true, time.Second: true, 30 * time.Second: true, 40 * time.Second: false,
		} {
			clock := NewPauseClock(30 * time.Second)
			ctx, cancel := clock.WithTimeout(t.Context(), d)
			defer cancel()
			<-time.After(time.Minute) // The machine is slow.
			if ended := ctx.Err() != nil; ended == counts {
				t.Errorf("after a minute, a timeout of %s has passed: %t", d, ended)
			}
			if !counts {
				continue
			}
			began := time.Now()
			fired, _ := clock.NewTimer(d / 2)
			<-fired
			if deadline, _ := ctx.Deadline(); ctx.Err() != nil || deadline.Sub(clock.Now()) != d/2 {
				t.Errorf("after half of %s in pauses it ended: %v, and %s are left", d, ctx.Err(), deadline.Sub(clock.Now()))
			}
			fired, _ = clock.NewTimer(d / 2)
			synctest.Wait()
			if !errors.Is(ctx.Err(), context.DeadlineExceeded) || time.Since(began) > 0 {
				t.Errorf("after %s in pauses it ended: %v, and the test waited for %s", d, ctx.Err(), time.Since(began))
			}
			// What polls while others wait goes on when this operation has returned.
			if len(fired) > 0 {
				t.Errorf("the pause that used up %s has passed before the operation has returned", d)
			}
			cancel()
			<-fired
		}
	})
}

// An operation ends if its request gets no answer: by the test, or at some time by itself.
func TestPauseClockWithoutAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, expire := range map[string]func(*PauseClock){
			"by the test": (*PauseClock).Expire,
			"by itself":   func(*PauseClock) { <-time.After(longestRequest) },
		} {
			clock := NewPauseClock(time.Second)
			ctx, cancel := clock.WithTimeout(t.Context(), time.Second)
			defer cancel()
			attempt, stop := context.WithTimeout(ctx, time.Hour)
			defer stop()
			expire(clock)
			<-attempt.Done()
			if !errors.Is(attempt.Err(), context.DeadlineExceeded) {
				t.Errorf("%s it ended: %v", name, attempt.Err())
			}
		}
	})
}
