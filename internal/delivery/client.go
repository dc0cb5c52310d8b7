package delivery

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

// Doer is the part of http.Client that vendor SDKs ask for.
type Doer interface {
	Do(req *http.Request) (*http.Response, error)
}

// NewHTTPClient returns the one HTTP client for all services and regions of a
// cloud. It takes over the transport and changes its settings. It speaks
// HTTP/1.1 and HTTP/2. For each request that it gets, it makes one request on
// the wire, never more.
func NewHTTPClient(transport *http.Transport) *http.Client {
	transport.MaxIdleConnsPerHost = 256
	transport.MaxIdleConns = 0
	// This is shorter than the idle timeout of servers. If a request is written to a
	// connection that the server has just closed, its outcome is unknown without
	// need.
	transport.IdleConnTimeout = 15 * time.Second
	transport.DisableCompression = true
	transport.MaxResponseHeaderBytes = longestHeader
	transport.Proxy = hidingProxy(transport.Proxy)
	transport.OnProxyConnectResponse = CheckProxy
	enableHTTP2(transport)
	return &http.Client{
		Transport: limitedTransport{transport},
		// Following a redirect would send the signal a second time, to another
		// server.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Client makes requests and records their progress in the RequestTrace of their
// context. Every request that carries a signal goes through a Client.
type Client struct {
	Doer Doer
	// Secrets learns the secrets in the requests; it may be nil.
	Secrets *Redactor
}

// Do sends req.
func (c Client) Do(req *http.Request) (*http.Response, error) {
	req = c.Secrets.LearnFrom(req)
	trace, traced := req.Context().Value(traceKey{}).(*RequestTrace)
	if !traced {
		trace = &RequestTrace{}
	}
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
	// Without GetBody, nobody can rewind the body and send it a second time.
	req.GetBody = nil
	if req.Body != nil && req.Body != http.NoBody {
		// net/http prefers a body's WriteTo. The AWS SDK's body wrapper returns
		// io.EOF from it after the body was closed. net/http then closes the
		// connection before it has read the answer, so the outcome would be unknown
		// without need.
		req.Body = struct{ io.ReadCloser }{req.Body}
	}
	asked := time.Now()
	resp, err := c.Doer.Do(req)
	if err != nil && (isHandshakeAlert(err) && !reused.Load() || errors.As(err, new(*unprocessedError))) {
		// The server has not processed the request, even if bytes were written.
		trace.connected(-int(connected.Load()))
	}
	trace.answered(resp, err, asked)
	return resp, err
}

// Log writes to the provider's log. A nil Log writes nothing.
type Log func(ctx context.Context, message string, fields ...map[string]any)

// ClientInfo describes a client, without secrets. Unknown fields are "".
type ClientInfo struct{ Service, Credentials, Endpoint, Region string }

// ClientMade logs that a client was created. No request has been made at that time.
func (l Log) ClientMade(ctx context.Context, client ClientInfo) {
	if l == nil {
		return
	}
	if at, err := url.Parse(client.Endpoint); err == nil && at.Host != "" {
		// The rest may hold a password.
		client.Endpoint = at.Scheme + "://" + at.Host
	}
	fields := map[string]any{}
	for name, value := range map[string]string{"service": client.Service, "credentials": client.Credentials, "endpoint": client.Endpoint, "region": client.Region} {
		if value != "" {
			fields[name] = value
		}
	}
	l(ctx, "made a client", fields)
}

// hidingProxy adds the password of the proxy for a request to the secrets.
func hidingProxy(find func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	if find == nil {
		return nil
	}
	return func(req *http.Request) (*url.URL, error) {
		proxy, err := find(req)
		if r, ok := req.Context().Value(redactorKey{}).(*Redactor); ok && proxy != nil {
			r.HideUser(proxy.User)
		}
		return proxy, err
	}
}
