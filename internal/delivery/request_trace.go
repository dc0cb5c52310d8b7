package delivery

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// RequestTrace records the requests of one attempt and whether they left this
// machine. The errors of vendor SDKs cannot tell this, because SDKs wrap,
// replace and drop them.
type RequestTrace struct {
	mu sync.Mutex
	// connections counts the connections on which requests may have been sent. It
	// leaves out requests that the server provably has not processed.
	connections int
	status      int
	header      http.Header
	clock       ServerClock
	err         error
}

type traceKey struct{}

// WithRequestTrace returns a context and its RequestTrace, which records the
// requests that a Client makes with that context.
func WithRequestTrace(ctx context.Context) (context.Context, *RequestTrace) {
	trace := &RequestTrace{}
	return context.WithValue(ctx, traceKey{}, trace), trace
}

func (t *RequestTrace) connected(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.connections += n
}

func (t *RequestTrace) answered(resp *http.Response, err error, asked time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.err = err
	if resp != nil {
		t.status, t.header = resp.StatusCode, resp.Header
		date, _ := http.ParseTime(resp.Header.Get("Date"))
		t.clock = ServerClock{date: date, asked: asked, answered: time.Now()}
	}
}

// Connected reports whether any request got a connection and may have been
// processed. If it is false, the attempt provably had no effect at the service.
func (t *RequestTrace) Connected() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.connections > 0
}

// Header is the header of the last answer; empty when there was none.
func (t *RequestTrace) Header() http.Header {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.header
}

// Attempt returns what the trace tells of an attempt that ended with err: that it
// was not sent, or else an unknown outcome with the status and the clock of the last
// answer. The attempt has the error err. If the requests failed before they could have an
// effect, it has the error of the last one instead, because SDKs may replace that.
func (t *RequestTrace) Attempt(err error) Attempt {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.connections > 0, t.err == nil && t.status != 0:
		return Attempt{Status: t.status, Clock: t.clock, Err: err}
	case t.err != nil:
		return Attempt{Outcome: NotSent, Cause: ConnectionCause(t.err), Err: t.err}
	default:
		return AttemptWithoutCredentials(err)
	}
}

// WithoutURL removes the URL that net/http puts before an error.
func WithoutURL(err error) error {
	if found, ok := errors.AsType[*url.Error](err); ok {
		return found.Err
	}
	return err
}

// RetryAfter returns the pause that a service asks for with a number of this unit; 0 if
// the text is not such a number. It is at most a day, because a longer one could overflow.
func RetryAfter(text string, unit time.Duration) time.Duration {
	units, err := strconv.ParseInt(text, 10, 64)
	if errors.Is(err, strconv.ErrSyntax) || units < 0 {
		return 0
	}
	return min(time.Duration(units), 24*time.Hour/unit) * unit
}
