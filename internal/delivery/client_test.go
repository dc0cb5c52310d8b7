package delivery_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// witness makes a POST request with a delivery.Client, and returns what its trace recorded.
func witness(t *testing.T, ctx context.Context, client *http.Client, url string) (*delivery.RequestTrace, error) {
	t.Helper()
	t.Cleanup(client.CloseIdleConnections)
	ctx, trace := delivery.WithRequestTrace(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := delivery.Client{Doer: client}.Do(req)
	if err == nil {
		_ = resp.Body.Close()
	}
	return trace, err
}

func TestWireTellsWhatLeft(t *testing.T) {
	answering := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	defer answering.Close()
	dropping := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_ = conn.Close()
	}))
	defer dropping.Close()
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	defer untrusted.Close()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()

	nowhere := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "nowhere.invalid", IsNotFound: true}
	}}}
	slow := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.DNSError{Err: "server misbehaving", Name: "slow.invalid", IsTemporary: true}
	}}}
	for name, test := range map[string]struct {
		ctx    context.Context
		client *http.Client
		url    string
		left   bool
		status int
		cause  delivery.Cause
	}{
		"answered":          {url: answering.URL, left: true, status: http.StatusTeapot},
		"dropped":           {url: dropping.URL, left: true},
		"refused":           {url: "http://127.0.0.1:1", cause: delivery.Unreachable},
		"cancelled before":  {ctx: cancelled, url: answering.URL, cause: delivery.Unreachable},
		"no such host":      {client: nowhere, url: "http://nowhere.invalid", cause: delivery.NoSuchHost},
		"resolver is busy":  {client: slow, url: "http://slow.invalid", cause: delivery.Unreachable},
		"bad certificate":   {url: untrusted.URL, cause: delivery.Untrusted},
		"https to http":     {url: strings.Replace(answering.URL, "http", "https", 1), cause: delivery.Untrusted},
		"redirect loop off": {client: noRedirects(), url: redirecting(t), left: true, status: http.StatusTemporaryRedirect},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, client := test.ctx, test.client
			if ctx == nil {
				ctx = t.Context()
			}
			if client == nil {
				client = &http.Client{Transport: &http.Transport{}}
			}
			trace, err := witness(t, ctx, client, test.url)
			if trace.Connected() != test.left || trace.Attempt(nil).Status != test.status {
				t.Errorf("left: %t, status %d; want %t, %d (%v)", trace.Connected(), trace.Attempt(nil).Status, test.left, test.status, err)
			}
			if test.left {
				return
			}
			if attempt := trace.Attempt(nil); attempt.Outcome != delivery.NotSent || attempt.Cause != test.cause || attempt.Err == nil {
				t.Errorf("the attempt is %+v, want cause %d", attempt, test.cause)
			}
		})
	}
}

func noRedirects() *http.Client {
	return &http.Client{Transport: &http.Transport{}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func redirecting(t *testing.T) string {
	server := httptest.NewServer(http.RedirectHandler("/elsewhere", http.StatusTemporaryRedirect))
	t.Cleanup(server.Close)
	return server.URL
}

// eager is a body as the AWS SDK wraps bodies: its WriteTo returns io.EOF.
type eager struct{ io.ReadCloser }

func (eager) WriteTo(io.Writer) (int64, error) { return 0, io.EOF }

// net/http treats the io.EOF of such a WriteTo as a failed write. It closes the connection
// and loses the answer.
func TestClientHidesTheBodysWriteTo(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	served := make(chan struct{})
	go func() {
		defer close(served)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		if req, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			_, _ = io.Copy(io.Discard, req.Body)
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		}
	}()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+listener.Addr().String(), eager{io.NopCloser(strings.NewReader("body"))})
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = 4
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	resp, err := delivery.Client{Doer: &http.Client{Transport: transport}}.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	<-served
}

// A service cannot ask for a pause of more than a day, however long its number is.
func TestRetryAfter(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"": 0, "soon": 0, "-1": 0, "2": 2 * time.Second, "86401": 24 * time.Hour, "9223372036854775807": 24 * time.Hour, "99999999999999999999": 24 * time.Hour,
	} {
		if got := delivery.RetryAfter(text, time.Second); got != want {
			t.Errorf("%q is a pause of %s, want %s", text, got, want)
		}
	}
}
