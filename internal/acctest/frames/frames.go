// Package frames is a server that speaks HTTP/2 frame by frame, and that a test
// tells what to do with each request.
package frames

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc/test/bufconn"
)

// Server is the server.
type Server struct {
	URL string
	// Roots has the server's certificate, and Authority is the path of a PEM file with it.
	Roots     *x509.CertPool
	Authority string

	mu       sync.Mutex
	requests []Request
	conns    int
	// answering is held while a ping or a late answer is written.
	answering sync.Mutex
}

// Request is one request on the wire.
type Request struct{ Method, Path, ContentLength, Body string }

// Requests returns the requests that were read.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// Connections returns how many connections were accepted.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns
}

// Serve starts a server. The nth request, from 0, is answered by answer once it
// was read. While answer does not return, the server reads nothing more from the
// connection.
func Serve(t testing.TB, answer func(n int, framer *http2.Framer, stream uint32)) *Server {
	t.Helper()
	s, config := newServer(t)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	s.URL = "https://" + listener.Addr().String()
	var serving sync.WaitGroup
	open := map[net.Conn]bool{}
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns++
			open[conn] = true
			s.mu.Unlock()
			serving.Go(func() { s.serve(conn, answer) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		s.mu.Lock()
		for conn := range open {
			_ = conn.Close()
		}
		s.mu.Unlock()
		serving.Wait()
	})
	return s
}

// InMemory is Serve without a network, for a synctest bubble. The function that it
// returns dials.
func InMemory(t testing.TB, answer func(n int, framer *http2.Framer, stream uint32)) (*Server, func(ctx context.Context, network, address string) (net.Conn, error)) {
	t.Helper()
	s, config := newServer(t)
	s.URL = "https://127.0.0.1"
	listener := bufconn.Listen(1 << 16)
	var open []net.Conn
	t.Cleanup(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		_ = listener.Close()
		for _, conn := range open {
			_ = conn.Close()
		}
	})
	return s, func(ctx context.Context, _, _ string) (net.Conn, error) {
		go func() {
			if conn, err := listener.Accept(); err == nil {
				s.mu.Lock()
				s.conns++
				open = append(open, conn)
				s.mu.Unlock()
				s.serve(tls.Server(conn, config), answer)
			}
		}()
		return listener.DialContext(ctx)
	}
}

// borrowed has the certificate of a server of net/http/httptest, for 127.0.0.1.
var borrowed = sync.OnceValue(func() *httptest.Server {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	server.Close()
	return server
})

func newServer(t testing.TB) (*Server, *tls.Config) {
	t.Helper()
	s := &Server{Roots: x509.NewCertPool(), Authority: filepath.Join(t.TempDir(), "authority.pem")}
	s.Roots.AddCert(borrowed().Certificate())
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: borrowed().Certificate().Raw})
	if err := os.WriteFile(s.Authority, authority, 0o600); err != nil {
		t.Fatal(err)
	}
	return s, &tls.Config{Certificates: borrowed().TLS.Certificates, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12}
}

func (s *Server) serve(conn net.Conn, answer func(int, *http2.Framer, uint32)) {
	defer func() { _ = conn.Close() }()
	preface := make([]byte, len(http2.ClientPreface))
	if _, err := io.ReadFull(conn, preface); err != nil {
		return
	}
	framer := http2.NewFramer(conn, conn)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	_ = framer.WriteSettings()
	requests := map[uint32]*Request{}
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return
		}
		ended := false
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				_ = framer.WriteSettingsAck()
			}
		case *http2.PingFrame:
			if !frame.IsAck() {
				s.answering.Lock()
				_ = framer.WritePing(true, frame.Data)
				s.answering.Unlock()
			}
		case *http2.MetaHeadersFrame:
			request := &Request{Method: frame.PseudoValue("method"), Path: frame.PseudoValue("path")}
			for _, field := range frame.RegularFields() {
				if field.Name == "content-length" {
					request.ContentLength = field.Value
				}
			}
			requests[frame.StreamID], ended = request, frame.StreamEnded()
		case *http2.DataFrame:
			requests[frame.StreamID].Body += string(frame.Data())
			ended = frame.StreamEnded()
		}
		if ended {
			stream := frame.Header().StreamID
			s.mu.Lock()
			n := len(s.requests)
			s.requests = append(s.requests, *requests[stream])
			s.mu.Unlock()
			answer(n, framer, stream)
		}
	}
}

// AnswerAfter answers a request after d, while the server answers pings.
func (s *Server) AnswerAfter(d time.Duration, framer *http2.Framer, stream uint32) {
	time.AfterFunc(d, func() {
		s.answering.Lock()
		defer s.answering.Unlock()
		Answer(framer, stream, "")
	})
}

// Answer answers a request as a service does that took it.
func Answer(framer *http2.Framer, stream uint32, body string) {
	var block bytes.Buffer
	_ = hpack.NewEncoder(&block).WriteField(hpack.HeaderField{Name: ":status", Value: "200"})
	_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block.Bytes(), EndHeaders: true, EndStream: body == ""})
	if body != "" {
		_ = framer.WriteData(stream, true, []byte(body))
	}
}
