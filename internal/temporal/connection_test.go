package temporal_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

func TestArguments(t *testing.T) {
	t.Parallel()
	p := acctest.StartProvider(t, acctest.Values{"temporal": acctest.Values{"address": "127.0.0.1:1"}})
	valid := acctest.Values{"workflow_id": "w", "signal_name": "n"}
	for name, test := range map[string]struct {
		with acctest.Values
		says string
	}{
		"slash in the workflow id":  {acctest.Values{"workflow_id": "a/b"}, "without a /"},
		"slash in the signal name":  {acctest.Values{"signal_name": "a/b"}, "without a /"},
		"bytes, not characters":     {acctest.Values{"workflow_id": strings.Repeat("é", 501)}, "1000 bytes"},
		"empty workflow id":         {acctest.Values{"workflow_id": ""}, "1 to 1000 bytes"},
		"dots":                      {acctest.Values{"workflow_id": ".."}, "neither . nor .."},
		"run id":                    {acctest.Values{"run_id": "latest"}, "UUID"},
		"input that is no array":    {acctest.Values{"input": `{"a":1}`}, "JSON array"},
		"input that is null":        {acctest.Values{"input": `null`}, "JSON array"},
		"input that is no JSON":     {acctest.Values{"input": `[`}, "JSON array"},
		"input that is too long":    {acctest.Values{"input": `["` + strings.Repeat("x", 2<<20) + `"]`}, "2 MiB"},
		"write-only input":          {acctest.Values{"input_wo": `{}`, "input_wo_version": 1}, "JSON array"},
		"request id":                {acctest.Values{"request_id": ""}, "request_id"},
		"input given in both forms": {acctest.Values{"input": `[]`, "input_wo": `[]`}, "input_wo"},
	} {
		says(t, p.Resource("signal_temporal_workflow").Validate(valid.With(test.with)), true, test.says)
		_ = name
	}
	for _, fine := range []acctest.Values{
		{}, {"workflow_id": strings.Repeat("é", 500)}, {"workflow_id": "a b%2F?#é"}, {"input": `[]`}, {"input": ` [ {"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "MQ=="} ] `},
		{"run_id": "01a22112-844d-7308-a671-f751cf395b76"}, {"request_id": strings.Repeat("x", 1000)},
	} {
		if diags := p.Resource("signal_temporal_workflow").Validate(valid.With(fine)); diags.HasError() {
			t.Errorf("%v: %s", fine, diags)
		}
	}
}

// Ids with characters that a URL escapes reach the real server unchanged, and so do raw
// payloads.
func TestNamesAndPayloads(t *testing.T) {
	t.Parallel()
	s := acctest.Sandbox(t, sandbox.Options{})
	p := acctest.StartProvider(t, acctest.Block(s.URL()))
	id := "order é 100% ?#&+;=" + uuid.NewString()
	s.StartTemporalWorkflow(sandbox.TemporalWorkflow{WorkflowID: id})
	for _, input := range []string{`["plain",{"a":[1,null]}]`, `[{"metadata":{"encoding":"YmluYXJ5L3BsYWlu"},"data":"AQID"}]`} {
		apply(t, p.Resource("signal_temporal_workflow"), acctest.Values{"workflow_id": id, "signal_name": "go on? é", "input": input})
	}
	history := s.TemporalSignals(id)
	if len(history) != 2 || history[0].Name != "go on? é" || string(history[0].Input) != `["plain",{"a":[1,null]}]` ||
		string(history[1].Input) != `{"payloads":[{"metadata":{"encoding":"YmluYXJ5L3BsYWlu"},"data":"AQID"}]}` {
		t.Errorf("the history has %+v", history)
	}
}

// An answer at a wrong address is not taken for Temporal's.
func TestWrongAddress(t *testing.T) {
	t.Parallel()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte("<html>not here</html>"))
	}))
	defer page.Close()
	server, err := acctest.Temporal()
	must(t, err)
	for name, address := range map[string]string{"a page": page.URL, "gRPC": "http://" + server.GRPC} {
		p := acctest.StartProvider(t, acctest.Values{"temporal": acctest.Values{"address": address}})
		r := p.Resource("signal_temporal_workflow")
		diags := r.Apply(acctest.Values{"workflow_id": "w", "signal_name": "n", "timeouts": acctest.Values{"create": "2s"}})
		if !diags.HasError() || !strings.Contains(diags.String(), "7243") {
			t.Errorf("%s: %s", name, diags)
		}
	}
}

// The HTTP API says of a path that it does not have what it says of a workflow. Such an
// answer neither goes on being read nor shows a destroy that its target is gone.
func TestWrongPath(t *testing.T) {
	t.Parallel()
	address, err := acctest.TemporalURL()
	must(t, err)
	at, err := url.Parse(address + "/wrong")
	must(t, err)
	server := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(at) },
		Transport: &http.Transport{DisableKeepAlives: true},
	})
	defer server.Close()
	for _, when := range []string{"apply", "destroy"} {
		r := acctest.StartProvider(t, acctest.Values{"temporal": acctest.Values{"address": server.URL}}).Resource("signal_temporal_workflow")
		for _, ready := range []bool{false, true} {
			diags := r.Apply(acctest.Values{"workflow_id": "w", "signal_name": "n", "when": when, "wait_until_ready": ready, "timeouts": acctest.Values{"create": "2s", "delete": "2s"}})
			if when == "destroy" {
				says(t, diags, false)
				diags = r.Destroy()
			}
			says(t, diags, true, "Signal ", "has no such path", "TEMPORAL_ADDRESS")
			if gone := r.State.IsNull(); gone != (when == "apply") {
				t.Errorf("when = %q, wait_until_ready = %t: the state is %s", when, ready, r.State)
			}
		}
	}
}

// A missing file that the environment names is an error with the variable's name.
func TestCertificatesThatAreNotThere(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	for _, variable := range []string{"TEMPORAL_TLS_SERVER_CA_CERT_PATH", "TEMPORAL_TLS_CA", "TEMPORAL_TLS_CLIENT_CERT_PATH", "TEMPORAL_TLS_CERT", "TEMPORAL_TLS_CLIENT_KEY_PATH", "TEMPORAL_TLS_KEY"} {
		t.Run(variable, func(t *testing.T) {
			t.Setenv(variable, missing)
			p := acctest.StartProvider(t, acctest.Values{"temporal": acctest.Values{"address": "127.0.0.1:1"}})
			diags := p.Resource("signal_temporal_workflow").Apply(acctest.Values{"workflow_id": "w", "signal_name": "n"})
			says(t, diags, true, "the file that "+variable+" names", missing)
		})
	}
}

// If the variable with the older name is also set, the error names only the one in use.
func TestCertificateWithTwoVariables(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	t.Setenv("TEMPORAL_TLS_CLIENT_KEY_PATH", missing)
	t.Setenv("TEMPORAL_TLS_KEY", missing+".older")
	p := acctest.StartProvider(t, acctest.Values{"temporal": acctest.Values{"address": "127.0.0.1:1"}})
	diags := p.Resource("signal_temporal_workflow").Apply(acctest.Values{"workflow_id": "w", "signal_name": "n"})
	says(t, diags, true, "TEMPORAL_TLS_CLIENT_KEY_PATH", missing)
	if said := diags.String(); strings.Contains(said, "TEMPORAL_TLS_KEY") || strings.Contains(said, "PEM") {
		t.Errorf("it says %s", said)
	}
}

// identities are a certificate authority and what it signs.
type identities struct {
	authority *x509.Certificate
	key       *ecdsa.PrivateKey
}

func newIdentities(t *testing.T) *identities {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	authority, err := x509.ParseCertificate(der)
	must(t, err)
	return &identities{authority, key}
}

// issue returns a certificate and its key in PEM.
func (i *identities) issue(t *testing.T, name string) (certificate, key []byte) {
	t.Helper()
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, i.authority, &own.PublicKey, i.key)
	must(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(own)
	must(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
}

func (i *identities) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.authority.Raw}))
}

// Certificates are taken as PEM and as paths; without them nothing is sent.
func TestCertificates(t *testing.T) {
	t.Parallel()
	ids := newIdentities(t)
	serverCert, serverKey := ids.issue(t, "temporal")
	pair, err := tls.X509KeyPair(serverCert, serverKey)
	must(t, err)
	clients := x509.NewCertPool()
	clients.AddCert(ids.authority)
	keys := make(chan string, 10)
	var asked atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		keys <- r.Header.Get("Authorization")
		_, _ = w.Write([]byte("{}"))
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: clients, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	defer server.Close()
	certificate, key := ids.issue(t, "client")
	keyFile := filepath.Join(t.TempDir(), "key.pem")
	must(t, os.WriteFile(keyFile, key, 0o600))
	block := acctest.Values{"address": server.URL, "api_key": "a-key", "ca_certificate": ids.pem(), "client_certificate": string(certificate), "client_key": keyFile}
	config := acctest.Values{"workflow_id": "w", "signal_name": "n", "timeouts": acctest.Values{"create": "5s"}}
	apply(t, acctest.StartProvider(t, acctest.Values{"temporal": block}).Resource("signal_temporal_workflow"), config)
	if asked.Load() != 1 {
		t.Fatalf("%d requests", asked.Load())
	}
	if key := <-keys; key != "Bearer a-key" {
		t.Errorf("the key sent is %q", key)
	}
	for name, without := range map[string]acctest.Values{
		"no authority":          {"ca_certificate": nil},
		"no client certificate": {"client_certificate": nil, "client_key": nil},
		"half of a pair":        {"client_key": nil},
		"no key":                {"client_key": "-----BEGIN PRIVATE KEY-----\n" + "canary-temporal-client-key" + "\n-----END PRIVATE KEY-----\n"},
		"no such file":          {"client_key": keyFile + ".missing"},
		"no certificate":        {"ca_certificate": keyFile},
	} {
		r := acctest.StartProvider(t, acctest.Values{"temporal": block.With(without)}).Resource("signal_temporal_workflow")
		diags := r.Apply(config)
		summary := "Signal Not Sent"
		if name == "no client certificate" && len(diags) > 0 && diags[0].Summary == "Outcome of the Signal Unknown" {
			summary = diags[0].Summary // A reset of the connection may overtake the alert that says what is missing.
		}
		says(t, diags, true, summary)
		if strings.Contains(diags.String(), "canary-temporal-client-key") {
			t.Errorf("%s: the key is shown: %s", name, diags)
		}
		if asked.Load() != 1 {
			t.Errorf("%s: a request was made", name)
		}
	}
}

// A signal that is still to be sent at destroy keeps the namespace that the provider block
// gave it, whatever the block says later.
func TestNamespaceOfTheBlockIsKeptUntilTheDestroy(t *testing.T) {
	t.Parallel()
	s := acctest.Sandbox(t, sandbox.Options{})
	start := func(namespace any) *acctest.Provider {
		return acctest.StartProvider(t, acctest.Values{"temporal": acctest.Values{"address": s.URL(), "namespace": namespace}})
	}
	r, config := start("ns1").Resource("signal_temporal_workflow"), acctest.Values{"workflow_id": "w", "signal_name": "n", "when": "destroy"}
	says(t, r.Apply(config), false)
	for _, later := range []any{nil, "ns2", acctest.Unknown} {
		plan, diags := r.On(start(later)).Plan(config)
		if says(t, diags, false); r.String("namespace") != "ns1" || !plan.Planned.Equal(r.State) {
			t.Errorf("with the namespace %v in the block, it plans %s", later, plan.Planned)
		}
	}
}
