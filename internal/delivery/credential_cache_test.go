package delivery_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// session has an id and an end, and may be renewed.
type session struct {
	id   string
	ends time.Time
}

// source gives sessions that last so long, or fails.
type source struct {
	lasts time.Duration
	err   error
	asked int
	id    string
}

func (s *source) keys() *delivery.CredentialCache[session] {
	return &delivery.CredentialCache[session]{
		Ask: func(context.Context) (session, error) {
			s.asked++
			given := session{id: s.id}
			if s.lasts != 0 {
				given.ends = time.Now().Add(s.lasts)
			}
			return given, s.err
		},
		About:  func(given session) (string, time.Time, time.Duration) { return given.id, given.ends, 0 },
		Renews: func(given session) bool { return !given.ends.IsZero() },
	}
}

// Credentials are renewed minutes before they end, and short ones after two thirds of
// their lifetime.
func TestKeysAreRenewedEarly(t *testing.T) {
	for lasts, early := range map[time.Duration]time.Duration{time.Hour: 5 * time.Minute, 15 * time.Minute: 5 * time.Minute, 6 * time.Minute: 2 * time.Minute, -time.Hour: -time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			from := &source{lasts: lasts}
			keys := from.keys()
			for _, step := range []struct {
				after time.Duration
				asked int
			}{{0, 1}, {max(0, lasts-early-time.Second), 1}, {2 * time.Second, 2}} {
				_ = delivery.Sleep(context.Background(), step.after)
				if _, err := keys.Retrieve(t.Context()); err != nil || lasts > 0 && from.asked != step.asked {
					t.Errorf("those of %s were asked for %d times, want %d: %v", lasts, from.asked, step.asked, err)
				}
			}
			if lasts < 0 && from.asked != 3 {
				t.Errorf("those that had ended were asked for %d times", from.asked)
			}
		})
	}
	static := &source{}
	keys := static.keys()
	for range 3 {
		if given, err := keys.Retrieve(t.Context()); err != nil || !given.ends.IsZero() {
			t.Errorf("those that do not end: %+v, %v", given, err)
		}
	}
	if static.asked != 1 {
		t.Errorf("those that do not end were asked for %d times", static.asked)
	}
}

// If a renewal fails, the old credentials are used while they are valid, and not asked
// for at each request.
func TestKeysThatCannotBeRenewed(t *testing.T) {
	for _, refused := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			from := &source{lasts: time.Minute, id: "id"}
			keys := from.keys()
			if _, err := keys.Retrieve(t.Context()); err != nil {
				t.Fatal(err)
			}
			from.err = errors.New("failed")
			_ = delivery.Sleep(context.Background(), 50*time.Second)
			for range 3 {
				if given, err := keys.Retrieve(t.Context()); err != nil || given.id != "id" {
					t.Errorf("%+v, %v", given, err)
				}
			}
			if from.asked != 2 {
				t.Errorf("they were asked for %d times", from.asked)
			}
			if !refused {
				_ = delivery.Sleep(context.Background(), 10*time.Second)
			} else if known, again := keys.Expired("id"); !known || !again {
				t.Error("those that can be renewed cannot")
			}
			if given, err := keys.Retrieve(t.Context()); err == nil {
				t.Errorf("those that ended, or that a service called expired, are used: %+v", given)
			}
		})
	}
}

// Credentials that a service calls expired are renewed once, and again only after a
// service has accepted the new ones.
func TestExpiredKeysAreReplacedOnce(t *testing.T) {
	from := &source{lasts: time.Hour, id: "1"}
	keys := from.keys()
	retrieve := func(id string) {
		t.Helper()
		from.id = id
		if given, err := keys.Retrieve(t.Context()); err != nil || given.id != id {
			t.Fatalf("%+v, %v", given, err)
		}
	}
	expired := func(id string, wantKnown, wantAgain bool) {
		t.Helper()
		if known, again := keys.Expired(id); known != wantKnown || again != wantAgain {
			t.Errorf("%q is known: %t, renewed: %t", id, known, again)
		}
	}
	expired("1", false, false)
	expired("", false, false)
	retrieve("1")
	expired("0", false, false)
	expired("1", true, true)
	expired("1", true, true)
	retrieve("2")
	expired("1", true, true)
	if from.asked != 2 {
		t.Errorf("they were asked for %d times", from.asked)
	}
	expired("2", true, false)
	keys.Accepted("1")
	expired("2", true, false)
	keys.Accepted("2")
	expired("2", true, true)
	retrieve("3")
	static := (&source{id: "1"}).keys()
	if _, err := static.Retrieve(t.Context()); err != nil {
		t.Fatal(err)
	}
	if known, again := static.Expired("1"); !known || again {
		t.Errorf("those that cannot be renewed are known: %t, renewed: %t", known, again)
	}
}
