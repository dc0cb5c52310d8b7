package delivery

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"
)

// Doer is the part of http.Client that vendor SDKs ask for.
type Doer interface {
	Do(req *http.Request) (*http.Response, error)
}

// NewHTTPClient returns the one HTTP client behind all services and regions of a
// cloud, on a transport that is its own. It speaks HTTP/1.1 and HTTP/2, and makes
// one request on the wire for each that it is given.
func NewHTTPClient(transport *http.Transport) *http.Client {
	transport.MaxIdleConnsPerHost = 256
	transport.MaxIdleConns = 0
	// Kept shorter than servers keep theirs: a request written to a connection
	// that the server has just closed is an unknown outcome for nothing.
	transport.IdleConnTimeout = 15 * time.Second
	transport.DisableCompression = true
	transport.MaxResponseHeaderBytes = longestHeader
	transport.Proxy = hidingProxy(transport.Proxy)
	transport.OnProxyConnectResponse = refusedByProxy
	enableHTTP2(transport)
	return &http.Client{
		Transport: bounded{transport},
		// A redirect followed is a second send, to somebody else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Client passes requests on and tells the RequestTrace in their context what became of
// them. Every request that carries a signal goes through one.
type Client struct {
	Doer Doer
	// Secrets is told what the requests carry that is secret; nil where nobody wants to know.
	Secrets *Redactor
}

// Do sends req.
func (c Client) Do(req *http.Request) (*http.Response, error) {
	req = c.Secrets.Observe(req)
	trace, _ := req.Context().Value(traceKey{}).(*RequestTrace)
	if err := checkHeader(req.Header); err != nil {
		trace.answered(nil, err, time.Now())
		return nil, err
	}
	var (
		connected atomic.Int32
		reused    atomic.Bool
	)
	req = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GotConn: func(got httptrace.GotConnInfo) {
			connected.Add(1)
			reused.Store(got.Reused)
			trace.connected(1)
		},
	}))
	// Whoever can rewind a body can send it twice.
	req.GetBody = nil
	if req.Body != nil && req.Body != http.NoBody {
		// net/http prefers a body's WriteTo. The AWS SDK's body wrapper answers it
		// with io.EOF once the body is closed, and net/http then cuts the
		// connection under the answer: an outcome lost on a good day.
		req.Body = struct{ io.ReadCloser }{req.Body}
	}
	asked := time.Now()
	resp, err := c.Doer.Do(req)
	if err != nil && (isHandshakeAlert(err) && !reused.Load() || errors.As(err, new(*unprocessedError))) {
		// Whatever was written, the server has not taken it up.
		trace.connected(-int(connected.Load()))
	}
	trace.answered(resp, err, asked)
	return resp, err
}

// RequestTrace witnesses the requests of one attempt, because vendor SDKs wrap, replace
// and drop the errors by which one could tell a request that left from one that
// did not. A nil RequestTrace witnesses nothing.
type RequestTrace struct {
	mu sync.Mutex
	// connections counts the connections that requests were given, but for those of
	// requests that the server provably has not taken up.
	connections int
	status      int
	header      http.Header
	clock       ServerClock
	err         error
}

type traceKey struct{}

// WithRequestTrace returns a context whose requests, made through a Client, the RequestTrace witnesses.
func WithRequestTrace(ctx context.Context) (context.Context, *RequestTrace) {
	trace := &RequestTrace{}
	return context.WithValue(ctx, traceKey{}, trace), trace
}

func (w *RequestTrace) connected(n int) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.connections += n
}

func (w *RequestTrace) answered(resp *http.Response, err error, asked time.Time) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = err
	if resp != nil {
		w.status, w.header = resp.StatusCode, resp.Header
		date, _ := http.ParseTime(resp.Header.Get("Date"))
		w.clock = ServerClock{date: date, asked: asked, answered: time.Now()}
	}
}

// Connected reports whether any request was given a connection to leave on, and
// may have been taken up. While it is false, nothing of the attempt can have had an
// effect at the service.
func (w *RequestTrace) Connected() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.connections > 0
}

// Status is the HTTP status of the last answer, 0 when there was none.
func (w *RequestTrace) Status() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.status
}

// Header is that of the last answer; empty when there was none.
func (w *RequestTrace) Header() http.Header {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.header
}

// ServerClockFrom is what the last answer to a request of ctx told of the service's clock.
func ServerClockFrom(ctx context.Context) ServerClock {
	trace, _ := ctx.Value(traceKey{}).(*RequestTrace)
	return trace.Clock()
}

// Clock is what the last answer told of the service's clock.
func (w *RequestTrace) Clock() ServerClock {
	if w == nil {
		return ServerClock{}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

// Unsent describes an attempt of which nothing left. The error given is used
// where no request was made at all, as when there was nothing to sign with.
func (w *RequestTrace) Unsent(err error) Attempt {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		return Attempt{Outcome: NotSent, Cause: Permanent, Err: err}
	}
	return Attempt{Outcome: NotSent, Cause: connectionCause(w.err), Err: w.err}
}
