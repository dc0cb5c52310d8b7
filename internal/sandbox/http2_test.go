package sandbox

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// net/http's own client understands the frames of the sandbox, even for bodies that are
// longer than a frame.
func TestHTTP2IsUnderstood(t *testing.T) {
	cert, err := selfSigned()
	if err != nil {
		t.Fatal(err)
	}
	s := New(Options{})
	if err := s.StartHTTP2("127.0.0.1:0", *cert); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(s.CertificatePEM())
	transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	for range 300 {
		s.AddTriggerJob(TriggerJob{Name: strings.Repeat("long", 50)})
	}
	for i := range 5 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+"/api/v1/jobs?page%5Bsize%5D=100", strings.NewReader(strings.Repeat("x", 100<<10)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer sandbox-api-key")
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || resp.ProtoMajor != 2 || resp.StatusCode != http.StatusOK || len(body) < 20<<10 {
			t.Errorf("request %d: %s %s, %d bytes, %v", i, resp.Proto, resp.Status, len(body), err)
		}
	}
	// While net/http does not keep a new connection yet, a request may get another one.
	if n := s.Count("ListJobs"); n != 5 || s.Connections() > 4 {
		t.Errorf("%d requests on %d connections", n, s.Connections())
	}
}

// If a GOAWAY of the sandbox says that a request was not processed, the request was not
// acted on and is not recorded as acted on. All other requests are answered.
func TestGoAwayDeniesNothingThatWasProcessed(t *testing.T) {
	cert, err := selfSigned()
	if err != nil {
		t.Fatal(err)
	}
	s := New(Options{})
	if err := s.StartHTTP2("127.0.0.1:0", *cert); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	processed, gone := make(chan struct{}), make(chan struct{})
	s.Inject(Fault{Operation: "CreateJob", Kind: KindGoAway, Skip: 1, Times: 1})
	s.Hook("CreateJob", nil, func() {
		close(processed)
		<-gone
	})
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(s.CertificatePEM())
	conn, err := tls.Dial("tcp", strings.TrimPrefix(s.URL(), "https://"), &tls.Config{RootCAs: pool, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	framer := http2.NewFramer(conn, conn)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	_ = framer.WriteSettings()
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	begin := func(stream uint32) {
		block.Reset()
		for _, field := range [][2]string{{":method", "POST"}, {":scheme", "https"}, {":authority", "localhost"}, {":path", "/api/v1/jobs"}, {"authorization", "Bearer sandbox-api-key"}, {"content-type", "application/json"}} {
			_ = encoder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]})
		}
		_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block.Bytes(), EndHeaders: true})
	}
	end := func(stream uint32) { _ = framer.WriteData(stream, true, []byte(newJob)) }
	// The request that begins first ends last.
	begin(1)
	begin(3)
	end(3)
	<-processed
	end(1)
	ends := map[uint32]string{}
	for len(ends) < 2 || ends[3] == "" {
		frame, err := framer.ReadFrame()
		if err != nil {
			t.Fatalf("%v after %v: %v", err, ends, s.RequestLog())
		}
		switch frame := frame.(type) {
		case *http2.RSTStreamFrame:
			ends[frame.StreamID] = frame.ErrCode.String()
		case *http2.MetaHeadersFrame:
			ends[frame.StreamID] = frame.PseudoValue("status")
		case *http2.GoAwayFrame:
			if frame.LastStreamID < 3 {
				t.Errorf("the GOAWAY says that the processed stream was not processed: its last stream is %d", frame.LastStreamID)
			}
			begin(5)
			end(5)
			close(gone)
		}
	}
	if ends[1] != "REFUSED_STREAM" || !strings.HasPrefix(ends[3], "20") {
		t.Errorf("the streams ended with %v", ends)
	}
	if s.Accepted("CreateJob") != 1 || s.Count("CreateJob") != 2 || len(s.TriggerJobs()) != 1 {
		t.Errorf("the log is %v", s.RequestLog())
	}
}
