package delivery_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// listen serves each connection, one after the other, and returns its address.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serve(conn)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	return listener.Addr().String()
}

// take reads this number of bytes.
func take(conn net.Conn, n int) []byte {
	read := make([]byte, n)
	_, _ = io.ReadFull(conn, read)
	return read
}

// The provider does not ask a SOCKS proxy (RFC 1928 and 1929) again after a refusal. It may
// ask again if the proxy cannot connect. No message shows the proxy's password.
func TestSOCKSProxyThatDoesNotConnect(t *testing.T) {
	signIn := func(status byte) func(net.Conn) {
		return func(conn net.Conn) {
			take(conn, int(take(conn, 2)[1]))
			_, _ = conn.Write([]byte{5, 2})
			take(conn, int(take(conn, 2)[1]))
			take(conn, int(take(conn, 1)[0]))
			_, _ = conn.Write([]byte{1, status})
		}
	}
	reply := func(code byte) func(net.Conn) {
		return func(conn net.Conn) {
			signIn(0)(conn)
			take(conn, int(take(conn, 5)[4])+2)
			_, _ = conn.Write([]byte{5, code, 0, 1, 0, 0, 0, 0, 0, 0})
		}
	}
	for name, c := range map[string]struct {
		serve func(net.Conn)
		want  delivery.Cause
	}{
		"username/password authentication failed": {signIn(1), delivery.RefusedByProxy},
		"no acceptable authentication methods": {func(conn net.Conn) {
			take(conn, int(take(conn, 2)[1]))
			_, _ = conn.Write([]byte{5, 0xff})
		}, delivery.RefusedByProxy},
		"connection not allowed by ruleset": {reply(2), delivery.RefusedByProxy},
		"address type not supported":        {reply(8), delivery.RefusedByProxy},
		"general SOCKS server failure":      {reply(1), delivery.Unreachable},
		"network unreachable":               {reply(3), delivery.Unreachable},
		"host unreachable":                  {reply(4), delivery.Unreachable},
		"connection refused":                {reply(5), delivery.Unreachable},
		"TTL expired":                       {reply(6), delivery.Unreachable},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			proxy := listen(t, func(conn net.Conn) { asked++; c.serve(conn) })
			ctx, trace := delivery.WithRequestTrace(t.Context())
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://ssm.us-east-1.amazonaws.com", strings.NewReader("signal"))
			if err != nil {
				t.Fatal(err)
			}
			client := delivery.Client{Doer: delivery.NewHTTPClient(&http.Transport{Proxy: func(*http.Request) (*url.URL, error) {
				return url.Parse("socks5://user:canary@" + proxy)
			}})}
			err = perform(client, req)
			refused := (*delivery.ProxyError)(nil)
			if !errors.As(err, &refused) || refused.Proxy != proxy || !strings.Contains(refused.Said, name) || strings.Contains(err.Error(), "canary") || asked != 1 {
				t.Errorf("asked %d times, said %v", asked, err)
			}
			if attempt := trace.Attempt(err); trace.Connected() || attempt.Cause != c.want {
				t.Errorf("cause %d, want %d", attempt.Cause, c.want)
			}
		})
	}
}

// If a server ends the handshake with an alert (RFC 8446, section 6), only an internal
// error of the server may be temporary.
func TestAlertsThatEndTheHandshake(t *testing.T) {
	for code, want := range map[byte]delivery.Cause{
		40: delivery.RefusedHandshake, 70: delivery.RefusedHandshake, 116: delivery.RefusedHandshake, 48: delivery.RefusedHandshake,
		80: delivery.Unreachable, 50: delivery.Permanent,
	} {
		connections := 0
		at := listen(t, func(conn net.Conn) {
			connections++
			head := take(conn, 5)
			take(conn, int(head[3])<<8|int(head[4]))
			_, _ = conn.Write([]byte{21, 3, 3, 0, 2, 2, code})
		})
		ctx, trace := delivery.WithRequestTrace(t.Context())
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+at, strings.NewReader("signal"))
		if err != nil {
			t.Fatal(err)
		}
		err = perform(delivery.Client{Doer: delivery.NewHTTPClient(&http.Transport{})}, req)
		if alert, is := delivery.Alert(err); !is || byte(alert) != code || connections != 1 {
			t.Errorf("alert %d: %d connections, and it said %v", code, connections, err)
		}
		if attempt := trace.Attempt(err); trace.Connected() || attempt.Cause != want {
			t.Errorf("alert %d: cause %d, want %d", code, attempt.Cause, want)
		}
	}
}
