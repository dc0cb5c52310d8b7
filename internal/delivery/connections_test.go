package delivery_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// counting starts a server that counts its connections.
func counting(t *testing.T, handler http.HandlerFunc) (server *httptest.Server, opened *atomic.Int32) {
	t.Helper()
	opened = &atomic.Int32{}
	server = httptest.NewUnstartedServer(handler)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return server, opened
}

func client(t *testing.T) *http.Client {
	t.Helper()
	client := delivery.NewHTTPClient(&http.Transport{})
	t.Cleanup(client.CloseIdleConnections)
	return client
}

// post makes one request and reads the answer.
func post(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("{}"))
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

func TestNoMoreConnectionsThanRequestsAtATime(t *testing.T) {
	server, opened := counting(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") })
	for range 20 {
		opened.Store(0)
		client := delivery.NewHTTPClient(&http.Transport{})
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				for range 50 {
					if err := post(t.Context(), client, server.URL); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		client.CloseIdleConnections()
		if n := opened.Load(); n > 10 {
			t.Errorf("ten at a time opened %d connections", n)
		}
	}
}

// Nothing caps how many requests are under way at a time.
func TestRequestsAtATimeAreNotLimited(t *testing.T) {
	const together = 100
	arrived, everybody := atomic.Int32{}, make(chan struct{})
	server, opened := counting(t, func(w http.ResponseWriter, r *http.Request) {
		if arrived.Add(1) == together {
			close(everybody)
		}
		select {
		case <-everybody:
		case <-r.Context().Done():
		}
		_, _ = io.WriteString(w, "{}")
	})
	client := client(t)
	var all sync.WaitGroup
	for range together {
		all.Go(func() {
			if err := post(t.Context(), client, server.URL); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := opened.Load(); n != together {
		t.Errorf("%d requests at a time opened %d connections", together, n)
	}
}

// A server that takes each connection for one request only still gets them all.
func TestConnectionsThatAreClosedAreReplaced(t *testing.T) {
	server, opened := counting(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		_, _ = io.WriteString(w, "{}")
	})
	client := client(t)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			for range 20 {
				if err := post(t.Context(), client, server.URL); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if n := opened.Load(); n != 200 {
		t.Errorf("200 requests opened %d connections", n)
	}
}

func TestIdleConnectionsThatAreClosedAreReplaced(t *testing.T) {
	server, opened := counting(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") })
	client := client(t)
	for range 20 {
		if err := post(t.Context(), client, server.URL); err != nil {
			t.Fatal(err)
		}
		client.CloseIdleConnections()
	}
	if n := opened.Load(); n != 20 {
		t.Errorf("opened %d connections", n)
	}
}

// A body that is not read to its end keeps its connection, and nobody waits for it.
func TestUnreadAnswerHoldsNobodyUp(t *testing.T) {
	server, _ := counting(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") })
	client := client(t)
	resp, err := client.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if err := post(t.Context(), client, server.URL); err != nil {
		t.Error(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
}

// Whoever waits for a connection that never comes about waits no longer than asked to.
func TestWaitForAConnectionEndsWithTheRequest(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	client := client(t)
	ask := func(ctx context.Context) <-chan error {
		ended := make(chan error, 1)
		go func() { ended <- post(ctx, client, "https://"+listener.Addr().String()) }()
		return ended
	}
	// The first request leaves a connection behind whose handshake is never answered.
	ctx, cancel := context.WithCancel(t.Context())
	ended := ask(ctx)
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	before := goleak.IgnoreCurrent()
	ctx, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := <-ask(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("ended with %v", err)
	}
	goleak.VerifyNone(t, before)
}
