package alicloud

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// silent is a source that does not answer for a minute, this number of times.
type silent struct {
	times int32
	asked atomic.Int32
}

func (s *silent) retrieve(ctx context.Context, _ *Clients) (keys, error) {
	if s.asked.Add(1) > s.times {
		return keys{accessKey: "key", secretKey: "secret", expires: time.Now().Add(time.Hour)}, nil
	}
	bounded, cancel := context.WithTimeout(ctx, stsTimeout)
	defer cancel()
	<-bounded.Done()
	return keys{}, errors.New("no answer")
}

func (*silent) String() string { return "a silent source" }

// Signals that are sent at the same time wait together for a source that does not
// answer, and not one after the other.
func TestSilentSourceIsWaitedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &silent{times: 2}
		c := NewClients(Config{})
		c.loaded = &settings{source: source}
		began := time.Now()
		for round, want := range []bool{false, false, true, true} {
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() {
					if got, err := c.keys(t.Context()); (err == nil) != want || (got.accessKey == "key") != want {
						t.Errorf("in round %d: %v", round, err)
					}
				})
			}
			all.Wait()
		}
		if took := time.Since(began); took != 2*stsTimeout || source.asked.Load() != 3 {
			t.Errorf("%d requests took %s", source.asked.Load(), took)
		}
	})
}
