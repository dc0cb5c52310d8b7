package delivery_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/frames"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// clientOf returns the provider's client, which trusts the server.
func clientOf(f *frames.Server) delivery.Client {
	return delivery.Client{Doer: delivery.NewHTTPClient(&http.Transport{TLSClientConfig: &tls.Config{RootCAs: f.Roots, MinVersion: tls.VersionTLS12}})}
}

// bodies are all kinds of bodies that net/http could send a second time.
var bodies = map[string]func() io.Reader{
	"none":           func() io.Reader { return nil },
	"empty":          func() io.Reader { return http.NoBody },
	"with a GetBody": func() io.Reader { return strings.NewReader("signal") },
}

// One attempt is one request on the wire, however its stream ends. It counts as not sent
// only if the server says that it did not process it.
func TestOneRequestOnEveryStream(t *testing.T) {
	reset := func(code http2.ErrCode) func(int, *http2.Framer, uint32) {
		return func(_ int, framer *http2.Framer, stream uint32) { _ = framer.WriteRSTStream(stream, code) }
	}
	for name, test := range map[string]struct {
		answer func(int, *http2.Framer, uint32)
		sent   bool
	}{
		"PROTOCOL_ERROR":      {reset(http2.ErrCodeProtocol), true},
		"INTERNAL_ERROR":      {reset(http2.ErrCodeInternal), true},
		"CANCEL":              {reset(http2.ErrCodeCancel), true},
		"ENHANCE_YOUR_CALM":   {reset(http2.ErrCodeEnhanceYourCalm), true},
		"HTTP_1_1_REQUIRED":   {reset(http2.ErrCodeHTTP11Required), true},
		"NO_ERROR":            {reset(http2.ErrCodeNo), true},
		"REFUSED_STREAM":      {reset(http2.ErrCodeRefusedStream), false},
		"GOAWAY below":        {func(_ int, framer *http2.Framer, _ uint32) { _ = framer.WriteGoAway(0, http2.ErrCodeNo, nil) }, false},
		"GOAWAY for an error": {func(_ int, framer *http2.Framer, _ uint32) { _ = framer.WriteGoAway(0, http2.ErrCodeProtocol, nil) }, false},
		"GOAWAY and the end": {func(_ int, framer *http2.Framer, stream uint32) {
			_ = framer.WriteGoAway(stream, http2.ErrCodeNo, nil)
			_ = framer.WriteRSTStream(stream, http2.ErrCodeInternal)
		}, true},
		"a frame that is none": {func(_ int, framer *http2.Framer, _ uint32) {
			_ = framer.WriteRawFrame(http2.FrameHeaders, 0, 0, []byte("x"))
		}, true},
	} {
		for kind, body := range bodies {
			for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete} {
				f := frames.Serve(t, test.answer)
				ctx, trace := delivery.WithRequestTrace(t.Context())
				req, err := http.NewRequestWithContext(ctx, method, f.URL, body())
				if err != nil {
					t.Fatal(err)
				}
				client := clientOf(f)
				resp, err := client.Do(req)
				if err == nil {
					_ = resp.Body.Close()
					t.Fatalf("%s, body %s: answered %s", name, kind, resp.Status)
				}
				if made := f.Requests(); len(made) != 1 || trace.Connected() != test.sent {
					t.Errorf("%s, %s, body %s: made %d requests, may have arrived: %t, want %t: %v", name, method, kind, len(made), trace.Connected(), test.sent, err)
				}
				if attempt := trace.Attempt(err); !test.sent && attempt.Cause != delivery.Unprocessed {
					t.Errorf("%s: cause %d, %v", name, attempt.Cause, attempt.Err)
				}
				client.Doer.(*http.Client).CloseIdleConnections()
			}
		}
	}
}

// A stream that ends with an error does not end the connection's other requests. A stream
// on a connection that was used before makes no second request either.
func TestOneRequestOnAReusedConnection(t *testing.T) {
	f := frames.Serve(t, func(n int, framer *http2.Framer, stream uint32) {
		if n%2 == 0 {
			frames.Answer(framer, stream, "")
		} else {
			_ = framer.WriteRSTStream(stream, http2.ErrCodeInternal)
		}
	})
	client := clientOf(f)
	for i := range 20 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if (err == nil) != (i%2 == 0) {
			t.Fatalf("request %d: %v", i, err)
		}
		if err == nil {
			_ = resp.Body.Close()
		}
	}
	// While net/http does not keep a new connection yet, a request may get another one.
	if made := f.Requests(); len(made) != 20 || f.Connections() > 5 {
		t.Errorf("made %d requests on %d connections", len(made), f.Connections())
	}
	for _, request := range f.Requests() {
		if request.ContentLength != "0" {
			t.Errorf("the request had the content-length %q", request.ContentLength)
		}
	}
	client.Doer.(*http.Client).CloseIdleConnections()
}

// After a GOAWAY a request goes to a new connection.
func TestRequestAfterGoAway(t *testing.T) {
	var gone *http2.Framer
	var processed atomic.Int32
	f := frames.Serve(t, func(n int, framer *http2.Framer, stream uint32) {
		if framer == gone {
			return // The server has announced this.
		}
		processed.Add(1)
		frames.Answer(framer, stream, "")
		if n == 0 {
			gone = framer
			_ = framer.WriteGoAway(stream, http2.ErrCodeNo, nil)
		}
	})
	client := clientOf(f)
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		for {
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.URL, strings.NewReader("x"))
			if err != nil {
				t.Fatal(err)
			}
			watched, trace := delivery.WithRequestTrace(ctx)
			resp, err := client.Do(req.WithContext(watched))
			if err == nil {
				_ = resp.Body.Close()
				break
			}
			// If the GOAWAY meets a request on its way, that request was not sent.
			if trace.Connected() || ctx.Err() != nil {
				t.Fatal(err)
			}
		}
		cancel()
	}
	if processed.Load() != 3 || f.Connections() < 2 {
		t.Errorf("%d requests were processed, on %d connections", processed.Load(), f.Connections())
	}
	client.Doer.(*http.Client).CloseIdleConnections()
}

// A dead connection ends a request long before its timeout, after one request. A slow
// server's connection is kept.
func TestDeadConnection(t *testing.T) {
	var gone <-chan struct{}
	for name, test := range map[string]struct {
		// answer is the server's reaction to the second request.
		answer func(f *frames.Server, framer *http2.Framer, stream uint32)
		took   time.Duration
		fails  bool
	}{
		"dead": {func(*frames.Server, *http2.Framer, uint32) { <-gone }, 20 * time.Second, true},
		"slow": {func(f *frames.Server, framer *http2.Framer, stream uint32) {
			f.AnswerAfter(50*time.Second, framer, stream)
		}, 50 * time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				gone = t.Context().Done()
				var f *frames.Server
				var dial func(context.Context, string, string) (net.Conn, error)
				f, dial = frames.InMemory(t, func(n int, framer *http2.Framer, stream uint32) {
					if n == 1 {
						test.answer(f, framer, stream)
						return
					}
					frames.Answer(framer, stream, "")
				})
				client := delivery.Client{Doer: delivery.NewHTTPClient(&http.Transport{DialContext: dial, TLSClientConfig: &tls.Config{RootCAs: f.Roots, MinVersion: tls.VersionTLS12}})}
				for i := range 3 {
					ctx, cancel := context.WithTimeout(t.Context(), delivery.DefaultRetryPolicy.AttemptTimeout)
					ctx, trace := delivery.WithRequestTrace(ctx)
					req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.URL, strings.NewReader("signal"))
					if err != nil {
						t.Fatal(err)
					}
					began := time.Now()
					err = perform(client, req)
					cancel()
					if took := time.Since(began); i == 1 && took != test.took || i != 1 && took > 0 {
						t.Errorf("request %d took %s", i, took)
					}
					if (err != nil) != (i == 1 && test.fails) || !trace.Connected() {
						t.Errorf("request %d, which may have arrived (%t): %v", i, trace.Connected(), err)
					}
					// net/http keeps a connection for others a moment after its first request has it.
					synctest.Wait()
				}
				if made := f.Requests(); len(made) != 3 || f.Connections() > 2 {
					t.Errorf("made %d requests on %d connections", len(made), f.Connections())
				}
				client.Doer.(*http.Client).CloseIdleConnections()
			})
		})
	}
}

// A request on a dead connection may arrive after reads have shown nothing, so it is not
// sent again.
func TestDeadConnectionIsNoProof(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, dial := frames.InMemory(t, func(int, *http2.Framer, uint32) { <-t.Context().Done() })
		client := delivery.Client{Doer: delivery.NewHTTPClient(&http.Transport{DialContext: dial, TLSClientConfig: &tls.Config{RootCAs: f.Roots, MinVersion: tls.VersionTLS12}})}
		target := sending(func(ctx context.Context) delivery.Attempt {
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.URL, strings.NewReader("signal"))
			if err != nil {
				t.Fatal(err)
			}
			return delivery.Attempt{Outcome: delivery.Unknown, Err: perform(client, req)}
		})
		nothing := delivery.NewProbe("nothing", func(context.Context) (int, delivery.Attempt) { return 0, delivery.Attempt{Outcome: delivery.Accepted} },
			func(int) delivery.Observation { return delivery.Observation{} })
		poller := delivery.NewPoller(delivery.DefaultRetryPolicy)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
		defer cancel()
		result := delivery.DefaultRetryPolicy.Deliver(ctx, newLimiter(), target, delivery.UnknownOutcomePolicy{Lookup: func(ctx context.Context) delivery.WaitResult {
			return poller.ReadUntilSettled(ctx, nothing)
		}}, func(delivery.Attempt, time.Duration) {})
		if result.Outcome != delivery.Unknown || !result.TimedOut || len(f.Requests()) != 1 || !result.LookupResult.Absent() {
			t.Errorf("%d requests ended as %s: %v", len(f.Requests()), result.Outcome, result.Err)
		}
	})
}

// A server that requires a client certificate ends a TLS 1.3 connection after the client
// has begun to use it. It has not seen a request at that time.
func TestClientCertificateRequired(t *testing.T) {
	for _, protocols := range [][]string{{"h2", "http/1.1"}, {"http/1.1"}} {
		served := false
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served = true }))
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.EnableHTTP2 = protocols[0] == "h2"
		server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, NextProtos: protocols, MinVersion: tls.VersionTLS13}
		server.StartTLS()
		roots := x509.NewCertPool()
		roots.AddCert(server.Certificate())
		client := delivery.Client{Doer: delivery.NewHTTPClient(&http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}})}
		for range 10 {
			ctx, trace := delivery.WithRequestTrace(t.Context())
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, strings.NewReader("signal"))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := client.Do(req)
			if err == nil {
				_ = resp.Body.Close()
				t.Fatal("it was answered")
			}
			if attempt := trace.Attempt(err); served || trace.Connected() && strings.Contains(err.Error(), "certificate required") || !trace.Connected() && attempt.Cause != delivery.RefusedHandshake {
				t.Errorf("%v: served: %t, may have arrived: %t, cause %d: %v", protocols, served, trace.Connected(), attempt.Cause, err)
			}
		}
		server.Close()
	}
}

// perform makes a request and returns only the error.
func perform(client delivery.Client, req *http.Request) error {
	resp, err := client.Do(req)
	if err == nil {
		_ = resp.Body.Close()
	}
	return err
}

// sending is a function that sends.
type sending func(context.Context) delivery.Attempt

func (f sending) Send(ctx context.Context) delivery.Attempt { return f(ctx) }

// doerFunc is a function that makes requests.
type doerFunc func(*http.Request) (*http.Response, error)

func (f doerFunc) Do(req *http.Request) (*http.Response, error) { return f(req) }

var errUnclassified = errors.New("something else")

// An error that is not known to be temporary is not tried again.
func TestUnclassifiedFailuresArePermanent(t *testing.T) {
	ctx, trace := delivery.WithRequestTrace(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://127.0.0.1", nil)
	if err != nil {
		t.Fatal(err)
	}
	failing := doerFunc(func(*http.Request) (*http.Response, error) { return nil, errUnclassified })
	if err := perform(delivery.Client{Doer: failing}, req); !errors.Is(err, errUnclassified) {
		t.Fatal(err)
	}
	if attempt := trace.Attempt(nil); attempt.Cause != delivery.Permanent {
		t.Errorf("cause %d", attempt.Cause)
	}
}

// A header that cannot be written is found before anything is written, and its value is not
// shown.
func TestHeaderThatCannotBeWritten(t *testing.T) {
	ctx, trace := delivery.WithRequestTrace(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://127.0.0.1:1", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Amz-Security-Token", "canary\n")
	err = perform(delivery.Client{Doer: delivery.NewHTTPClient(&http.Transport{})}, req)
	header := (*delivery.HeaderError)(nil)
	if !errors.As(err, &header) || header.Name != "X-Amz-Security-Token" || strings.Contains(err.Error(), "canary") {
		t.Errorf("said %v", err)
	}
	if attempt := trace.Attempt(err); trace.Connected() || attempt.Cause != delivery.Permanent {
		t.Errorf("cause %d", attempt.Cause)
	}
}

// A proxy's refusal is reported as the proxy's and not tried again. A proxy that cannot
// connect may succeed later.
func TestProxyThatDoesNotConnect(t *testing.T) {
	for code, want := range map[int]delivery.Cause{403: delivery.RefusedByProxy, 407: delivery.RefusedByProxy, 502: delivery.Unreachable, 503: delivery.Unreachable} {
		var asked atomic.Int64
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			asked.Add(1)
			w.WriteHeader(code)
		}))
		at := strings.Replace(proxy.URL, "http://", "http://user:canary@", 1)
		ctx, trace := delivery.WithRequestTrace(t.Context())
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://ssm.us-east-1.amazonaws.com", strings.NewReader("signal"))
		if err != nil {
			t.Fatal(err)
		}
		client := delivery.Client{Doer: delivery.NewHTTPClient(&http.Transport{Proxy: func(*http.Request) (*url.URL, error) { return url.Parse(at) }})}
		err = perform(client, req)
		refused := (*delivery.ProxyError)(nil)
		if !errors.As(err, &refused) || !strings.Contains(refused.Said, strconv.Itoa(code)) || refused.Refused != (want == delivery.RefusedByProxy) || strings.Contains(err.Error(), "canary") || asked.Load() != 1 {
			t.Errorf("%d: asked %d times, said %v", code, asked.Load(), err)
		}
		if attempt := trace.Attempt(err); trace.Connected() || attempt.Cause != want {
			t.Errorf("%d: cause %d, want %d", code, attempt.Cause, want)
		}
		proxy.Close()
	}
}
