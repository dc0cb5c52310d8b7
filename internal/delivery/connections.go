package delivery

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
)

// thrifty dials no more connections to a host than there are requests to it under
// way. Left to itself, net/http dials for each request that finds no idle
// connection, and goes on dialling when one has come back meanwhile. A fixed cap
// would not do: it would be one on the requests at a time.
type thrifty struct {
	*http.Transport

	mu    sync.Mutex
	hosts map[string]*host
}

func newThrifty(transport *http.Transport) *thrifty {
	t := &thrifty{Transport: transport, hosts: map[string]*host{}}
	dial := transport.DialContext
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		e, _ := ctx.Value(errandKey{}).(*errand)
		// A proxy's connections serve any host.
		if e == nil || e.host.addr != addr {
			return dial(ctx, network, addr)
		}
		return e.dial(ctx, func() (net.Conn, error) { return dial(ctx, network, addr) })
	}
	return t
}

// RoundTrip makes one request.
func (t *thrifty) RoundTrip(req *http.Request) (*http.Response, error) {
	e := &errand{host: t.host(req), served: make(chan struct{})}
	e.host.change(1, 0)
	done := sync.OnceFunc(func() { e.host.change(-1, 0) })
	ctx := httptrace.WithClientTrace(context.WithValue(req.Context(), errandKey{}, e), &httptrace.ClientTrace{
		GetConn: func(string) { e.begin() },
		GotConn: func(httptrace.GotConnInfo) { e.end() },
	})
	resp, err := t.Transport.RoundTrip(req.WithContext(ctx))
	e.end()
	if err != nil {
		done()
		return nil, err
	}
	resp.Body = &finishing{resp.Body, done}
	return resp, nil
}

func (t *thrifty) host(req *http.Request) *host {
	port := req.URL.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[req.URL.Scheme]
	}
	addr := net.JoinHostPort(req.URL.Hostname(), port)
	t.mu.Lock()
	defer t.mu.Unlock()
	h, ok := t.hosts[addr]
	if !ok {
		h = &host{addr: addr, changed: make(chan struct{})}
		t.hosts[addr] = h
	}
	return h
}

// host counts the requests under way to a host and its open connections.
type host struct {
	addr string

	mu             sync.Mutex
	requests, open int
	changed        chan struct{}
}

func (h *host) change(requests, open int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.requests += requests
	h.open += open
	close(h.changed)
	h.changed = make(chan struct{})
}

// take counts a connection, or returns what tells when there may be one to count.
func (h *host) take() (changed <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.open < h.requests {
		h.open++
		return nil
	}
	return h.changed
}

// errand is a request's search for a connection.
type errand struct {
	host *host

	mu     sync.Mutex
	over   bool
	served chan struct{}
}

type errandKey struct{}

// begin has the request look for a connection, perhaps for another one after the first was lost.
func (e *errand) begin() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.over = false
	e.served = make(chan struct{})
}

// end has the request look no more.
func (e *errand) end() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.over {
		e.over = true
		close(e.served)
	}
}

// errServed ends the dialling for a request that has another connection, or is
// over; so nobody ever sees it.
var errServed = errors.New("the request needs this connection no more")

func (e *errand) dial(ctx context.Context, dial func() (net.Conn, error)) (net.Conn, error) {
	e.mu.Lock()
	served := e.served
	e.mu.Unlock()
	// While there are as many connections as requests, one of them is about to
	// become idle, or to be closed.
	for changed := e.host.take(); changed != nil; changed = e.host.take() {
		select {
		case <-changed:
		case <-served:
			return nil, errServed
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	conn, err := dial()
	if err != nil {
		e.host.change(0, -1)
		return nil, err
	}
	return &counted{Conn: conn, closed: sync.OnceFunc(func() { e.host.change(0, -1) })}, nil
}

type counted struct {
	net.Conn
	closed func()
}

func (c *counted) Close() error {
	defer c.closed()
	return c.Conn.Close()
}

// finishing is a body whose request is over when it has been read or closed.
type finishing struct {
	io.ReadCloser
	done func()
}

func (f *finishing) Read(p []byte) (int, error) {
	n, err := f.ReadCloser.Read(p)
	if err != nil {
		f.done()
	}
	return n, err
}

func (f *finishing) Close() error {
	defer f.done()
	return f.ReadCloser.Close()
}
