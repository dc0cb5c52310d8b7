package delivery_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// stale is a server that answers the first request of each connection, and closes the
// connection after it has read the second one.
type stale struct {
	url string
	mu  sync.Mutex
	// requests are the methods of the requests that were read.
	requests []string
}

func (s *stale) made() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

func serveStale(t *testing.T) *stale {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &stale{url: "http://" + listener.Addr().String()}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				reader := bufio.NewReader(conn)
				for range 2 {
					req, err := http.ReadRequest(reader)
					if err != nil {
						return
					}
					body, _ := io.ReadAll(req.Body)
					s.mu.Lock()
					first := len(s.requests) == 0
					s.requests = append(s.requests, req.Method+" "+string(body)+strings.Join(req.TransferEncoding, ""))
					s.mu.Unlock()
					if !first && reader.Buffered() == 0 && req.Header.Get("X-Second") != "" {
						return
					}
					_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
				}
			})
		}
	})
	t.Cleanup(func() { _ = listener.Close(); serving.Wait() })
	return s
}

// twice makes a request, and another one on the same connection, which is not answered.
func (s *stale) twice(t *testing.T, client delivery.Doer, method string, body func() io.Reader) (err error) {
	t.Helper()
	for i := range 2 {
		req, newErr := http.NewRequestWithContext(t.Context(), method, s.url, body())
		if newErr != nil {
			t.Fatal(newErr)
		}
		req.Method = method // NewRequest makes GET of an empty method, and SDKs make requests without NewRequest.
		if i == 1 {
			req.Header.Set("X-Second", "yes")
		}
		var resp *http.Response
		if resp, err = client.Do(req); err == nil {
			_ = resp.Body.Close()
		}
	}
	return err
}

// One attempt is also one request on a connection that was kept too long. A client of
// net/http would repeat a read there.
func TestOneRequestOnAStaleConnection(t *testing.T) {
	for _, method := range []string{"", http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPatch, http.MethodDelete} {
		for kind, body := range bodies {
			s := serveStale(t)
			client := delivery.NewHTTPClient(&http.Transport{})
			// This is without Client, whose guards are in addition to the transport's.
			err := s.twice(t, client, method, body)
			client.CloseIdleConnections()
			if made := s.made(); err == nil || len(made) != 2 || made[0] != made[1] || strings.Contains(made[1], "chunked") {
				t.Errorf("%s, body %s: these requests were made: %q, and it said %v", method, kind, made, err)
			}
		}
	}
	s := serveStale(t)
	repeats := &http.Client{Transport: &http.Transport{}}
	err := s.twice(t, repeats, http.MethodGet, bodies["none"])
	repeats.CloseIdleConnections()
	if made := s.made(); len(made) < 3 {
		t.Errorf("a client of net/http does not make a request again any more, so this test shows nothing: %q, %v", made, err)
	}
}
