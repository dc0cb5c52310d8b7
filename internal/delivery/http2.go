package delivery

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
)

// enableHTTP2 lets a transport use HTTP/2 if the server offers it, and makes
// exactly one request on the wire for each round trip.
//
// The HTTP/2 transport of net/http repeats a request when the server resets its
// stream or goes away, if the body is empty or can be rewound. A measurement
// counted 1,295 POSTs in 10 seconds
// (https://github.com/golang/go/blob/go1.26.0/src/net/http/h2_bundle.go,
// http2shouldRetryRequest). A connection of golang.org/x/net/http2 cannot
// repeat a request: it opens one stream for it. The package marks its types as
// deprecated and recommends the connections of net/http. But those do not tell
// how a stream ended, which is needed to know whether a signal was sent.
func enableHTTP2(transport *http.Transport) {
	config := transport.TLSClientConfig
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	} else {
		config = config.Clone()
	}
	config.NextProtos = []string{"h2", "http/1.1"}
	transport.TLSClientConfig = config
	// Otherwise net/http would install its own HTTP/2 transport.
	transport.ForceAttemptHTTP2 = false
	//nolint:staticcheck // see above
	connections := &http2.Transport{
		IdleConnTimeout: transport.IdleConnTimeout, DisableCompression: transport.DisableCompression, MaxHeaderListSize: longestHeader,
		ReadIdleTimeout: silence, PingTimeout: silence,
	}
	transport.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{
		"h2": func(_ string, conn *tls.Conn) http.RoundTripper {
			streams, err := connections.NewClientConn(conn) //nolint:staticcheck // see above
			if err != nil {
				_ = conn.Close()
				return failedConnection{err}
			}
			return &http2Connection{streams: streams}
		},
	}
}

// silence is how long a connection may be silent before a ping asks whether the
// server is still there, and how long the server may take to answer that. All
// requests on a connection whose server does not answer end, and their outcome is
// unknown. Otherwise they would end with the timeout of one attempt. A server that
// is only slow answers the pings.
const silence = 10 * time.Second

// http2Connection makes requests on one connection, each on a new stream.
// net/http keeps the connection and uses it until RoundTrip returns
// http2.ErrNoCachedConn.
type http2Connection struct {
	streams *http2.ClientConn //nolint:staticcheck // see enableHTTP2
	used    atomic.Bool
}

// RoundTrip makes one request. It returns http2.ErrNoCachedConn if the
// connection accepts no more requests. In that case nothing was written, and
// net/http opens a new connection.
func (c *http2Connection) RoundTrip(req *http.Request) (*http.Response, error) {
	if !c.streams.ReserveNewRequest() {
		return nil, http2.ErrNoCachedConn
	}
	if trace := httptrace.ContextClientTrace(req.Context()); trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{Reused: c.used.Load()})
	}
	c.used.Store(true)
	if isRead(req) && req.ContentLength == 0 {
		// An empty frame of data would be written for its noBody.
		req = req.WithContext(req.Context())
		req.Body = nil
	}
	resp, err := c.streams.RoundTrip(req)
	if err != nil && isUnprocessed(err) {
		return nil, &unprocessedError{err}
	}
	return resp, err
}

// unprocessedError means that the server said that it has not processed the
// request and never will.
type unprocessedError struct{ error }

func (e *unprocessedError) Unwrap() error { return e.error }

// isUnprocessed reports whether the server has refused the stream, or has sent
// a GOAWAY without having seen the stream. Then it has not processed the
// request (RFC 9113, sections 6.8 and 8.7). Any other end of a stream, even
// PROTOCOL_ERROR, says nothing about that.
//
// golang.org/x/net/http2 has no error types for a stream above the last one of
// a GOAWAY, and for a connection that accepts no stream, so the error texts are
// compared. They come from that package and never from a server, and a test
// fails if they change.
func isUnprocessed(err error) bool {
	var stream http2.StreamError
	if errors.As(err, &stream) {
		return stream.Code == http2.ErrCodeRefusedStream
	}
	text := err.Error()
	return text == "http2: Transport received Server's graceful shutdown GOAWAY" ||
		text == "http2: client conn not usable" ||
		strings.HasPrefix(text, "http2: Transport received GOAWAY from server ErrCode:")
}

// isUnansweredPing reports whether a request ended because its connection went dead.
// The operating system may still deliver what was written to it.
//
// golang.org/x/net/http2 has no error type for that.
func isUnansweredPing(err error) bool {
	return err != nil && strings.Contains(err.Error(), "http2: client connection lost")
}

// failedConnection returns the reason why there is no connection for every
// request.
type failedConnection struct{ err error }

func (f failedConnection) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, f.RoundTripErr()
}

// RoundTripErr tells net/http not to keep the connection. net/http's own type
// has the same method.
func (f failedConnection) RoundTripErr() error { return &unprocessedError{f.err} }
