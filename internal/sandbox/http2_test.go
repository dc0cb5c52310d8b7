package sandbox

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"strings"
	"testing"
)

// The frames of the sandbox are those that net/http's own client understands, also
// for bodies that are longer than a frame.
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
	if n := s.Count("ListJobs"); n != 5 || s.Connections() != 1 {
		t.Errorf("%d requests on %d connections", n, s.Connections())
	}
}
