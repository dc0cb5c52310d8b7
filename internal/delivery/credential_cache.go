package delivery

import (
	"cmp"
	"context"
	"sync"
	"time"
)

const (
	// longestEarly is how long before they end credentials are renewed at the
	// earliest.
	longestEarly = 5 * time.Minute
	// renewalPause is how long the old credentials are used after a failed renewal,
	// before the next one.
	renewalPause = 10 * time.Second
)

// CredentialCache has the credentials of one source. It asks for them on first use, once for
// all who need them at the same time, and renews them well before they end. If a
// renewal fails, it returns the old ones as long as they are valid.
type CredentialCache[K any] struct {
	// Ask gets credentials from the source.
	Ask func(ctx context.Context) (K, error)
	// About returns the id of credentials, when they end, zero for never, and how long
	// they last in all, 0 if that is not known.
	About func(K) (id string, ends time.Time, lasts time.Duration)
	// Renews reports whether the source may return others after these.
	Renews func(K) bool

	asking SharedRequest[K]
	mu     sync.Mutex
	// held are the last credentials, id is their id, and past has the ids of those
	// before. renewal is when to ask for others; zero for never.
	held    K
	id      string
	gave    bool
	past    map[string]bool
	renewal time.Time
	ends    time.Time
	// replacing is set after a service has called the held credentials expired.
	// replacement is the id of those that replaced them, until a service has accepted
	// those.
	replacing   bool
	replacement string
}

// Retrieve returns the credentials for the next request.
func (k *CredentialCache[K]) Retrieve(ctx context.Context) (K, error) {
	if held, fresh := k.fresh(); fresh {
		return held, nil
	}
	return k.asking.Get(ctx, k.renew)
}

// fresh returns the credentials that are held, and whether they need no renewal.
func (k *CredentialCache[K]) fresh() (held K, fresh bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.held, k.gave && !k.replacing && (k.ends.IsZero() || Until(k.renewal) > 0)
}

func (k *CredentialCache[K]) renew(ctx context.Context) (K, error) {
	if held, fresh := k.fresh(); fresh {
		return held, nil // Another request has just renewed them.
	}
	found, err := k.Ask(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	if left := Until(k.ends); err != nil && left > 0 && !k.replacing {
		k.renewal = FromNow(min(renewalPause, left))
		return k.held, nil
	} else if err != nil {
		return found, err
	}
	id, ends, lasts := k.About(found)
	if k.past == nil {
		k.past = map[string]bool{}
	} else if id != k.id {
		k.past[k.id] = true
	}
	k.held, k.gave, k.id, k.ends = found, true, id, ends
	k.renewal = ends.Add(-min(longestEarly, cmp.Or(lasts, max(0, Until(ends)))/3))
	if k.replacing {
		k.replacing, k.replacement = false, id
	}
	return found, nil
}

// Gave reports whether the source has returned credentials before.
func (k *CredentialCache[K]) Gave() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.gave
}

// Expired records that a service called the credentials with this id expired. known
// says whether they came from this source, and again whether another request may be
// made with others. Credentials that have replaced expired ones are not replaced
// until a service has accepted them.
func (k *CredentialCache[K]) Expired(id string) (known, again bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.gave || id != k.id {
		return k.past[id], k.past[id]
	}
	k.replacing = k.replacing || k.replacement != id && k.Renews(k.held)
	return true, k.replacing
}

// Accepted records that a service accepted the credentials with this id.
func (k *CredentialCache[K]) Accepted(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.replacement == id {
		k.replacement = ""
	}
}
