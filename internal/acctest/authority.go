package acctest

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
	"os"
	"path/filepath"
	"sync"
	"time"
)

// trusted is a certificate for 127.0.0.1, and the file with it.
type trusted struct {
	certificate tls.Certificate
	file        string
}

// authority creates one certificate for the process.
var authority = sync.OnceValue(func() trusted {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "acctest"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, IsCA: true, DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	check(err)
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	file := filepath.Join(home, "authority.pem")
	check(os.WriteFile(file, text, 0o600))
	return trusted{tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file}
})

// Authority returns the path of a file with the certificate of SandboxHTTP2.
func Authority() string { return authority().file }

// changeDefaultTransport makes the clients of this process trust the certificate, and use
// the proxies of Behind. The clients of all systems except AWS's copy
// http.DefaultTransport.
func changeDefaultTransport() {
	pool := x509.NewCertPool()
	certificate, err := x509.ParseCertificate(authority().certificate.Certificate[0])
	check(err)
	pool.AddCert(certificate)
	http.DefaultTransport.(*http.Transport).Proxy = proxyFor
	http.DefaultTransport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}
