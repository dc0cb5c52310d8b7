package delivery

import (
	"cmp"
	"context"
	"sync"
	"time"
)

const (
	// longestRenewalLead is the longest time before their end at which credentials are renewed.
	longestRenewalLead = 5 * time.Minute
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
	held     K
	id       string
	returned bool
	past     map[string]bool
	renewal  time.Time
	ends     time.Time
	// replacing is set after a service has called the held credentials expired.
	// replacement is the id of those that replaced them, until a service has accepted
	// those.
	replacing   bool
	replacement string
}

// Retrieve returns the credentials for the next request.
func (c *CredentialCache[K]) Retrieve(ctx context.Context) (K, error) {
	if held, fresh := c.fresh(); fresh {
		return held, nil
	}
	return c.asking.Get(ctx, c.renew)
}

// fresh returns the credentials that are held, and whether they need no renewal.
func (c *CredentialCache[K]) fresh() (held K, fresh bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.held, c.returned && !c.replacing && (c.ends.IsZero() || Until(c.renewal) > 0)
}

func (c *CredentialCache[K]) renew(ctx context.Context) (K, error) {
	if held, fresh := c.fresh(); fresh {
		return held, nil // Another request has just renewed them.
	}
	found, err := c.Ask(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if left := Until(c.ends); err != nil && left > 0 && !c.replacing {
		c.renewal = FromNow(min(renewalPause, left))
		return c.held, nil
	} else if err != nil {
		return found, err
	}
	id, ends, lasts := c.About(found)
	if c.past == nil {
		c.past = map[string]bool{}
	} else if id != c.id {
		c.past[c.id] = true
	}
	c.held, c.returned, c.id, c.ends = found, true, id, ends
	c.renewal = ends.Add(-min(longestRenewalLead, cmp.Or(lasts, max(0, Until(ends)))/3))
	if c.replacing {
		c.replacing, c.replacement = false, id
	}
	return found, nil
}

// HasReturned reports whether the source has returned credentials before.
func (c *CredentialCache[K]) HasReturned() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.returned
}

// Expired records that a service called the credentials with this id expired. known
// says whether they came from this source, and again whether another request may be
// made with others. Credentials that have replaced expired ones are not replaced
// until a service has accepted them.
func (c *CredentialCache[K]) Expired(id string) (known, again bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.returned || id != c.id {
		return c.past[id], c.past[id]
	}
	c.replacing = c.replacing || c.replacement != id && c.Renews(c.held)
	return true, c.replacing
}

// Accepted records that a service accepted the credentials with this id.
func (c *CredentialCache[K]) Accepted(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.replacement == id {
		c.replacement = ""
	}
}
