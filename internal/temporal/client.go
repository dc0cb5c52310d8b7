package temporal

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// DefaultNamespace is the default namespace of the temporal command line.
const DefaultNamespace = "default"

// Config is the user's configuration for Temporal. Empty fields come from the environment
// variables of the temporal command line, or have the default.
type Config struct {
	// Address is the address of the HTTP API: a URL, or host:port.
	Address string
	// Namespace is the namespace of signals that set none.
	Namespace string
	// APIKey is sent as a bearer token, and only to Address.
	APIKey string
	// CACertificate, ClientCertificate and ClientKey are PEM, or paths of files with PEM.
	CACertificate, ClientCertificate, ClientKey string
	// Secrets learns the secrets, so that they are removed from messages.
	Secrets *delivery.Redactor
	// Log learns of the client when it is first used.
	Log delivery.Log
	// UserAgent is sent with every request.
	UserAgent string
	// Unknown is the name of a provider argument whose value is not known yet, "" if there
	// is none.
	Unknown string
}

// Client makes the requests of one provider block, with one connection pool. Before its
// first use it reads no files and makes no requests.
type Client struct {
	config  Config
	connect func() (*connection, error)
	told    sync.Once
}

// connection has the address of the HTTP API and the client for it.
type connection struct {
	address *url.URL
	key     string
	doer    delivery.Doer
	// from says where the key comes from, and whether there is a client certificate.
	from string
}

// NewClient stores the configuration for the first use.
func NewClient(config Config) *Client {
	return &Client{config: config, connect: sync.OnceValues(config.connect)}
}

func (c Config) connect() (*connection, error) {
	if c.Unknown != "" {
		return nil, delivery.UnknownValueError(c.Unknown)
	}
	key, from := c.APIKey, "api_key in the provider's temporal block"
	if key == "" {
		key, from = os.Getenv("TEMPORAL_API_KEY"), "TEMPORAL_API_KEY"
	}
	if key != "" {
		if err := delivery.CheckBearerToken("the Temporal API key from "+from, key); err != nil {
			return nil, err
		}
	}
	certificates, err := c.tls()
	if err != nil {
		return nil, err
	}
	address, err := parseAddress(cmp.Or(c.Address, os.Getenv("TEMPORAL_ADDRESS")), certificates != nil || key != "")
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if certificates != nil {
		transport.TLSClientConfig = certificates
	}
	c.Secrets.Hide(key)
	var credentials []string
	if key != "" {
		credentials = append(credentials, from)
	}
	if certificates != nil && len(certificates.Certificates) > 0 {
		credentials = append(credentials, "client_certificate")
	}
	doer := delivery.OwnAnswers{
		Doer:    delivery.Client{Doer: delivery.NewHTTPClient(transport), Secrets: c.Secrets},
		Service: "Temporal",
		// classify judges the answers, because some that are not Temporal's may be repeated.
		IsOwn: func([]byte) bool { return true },
	}
	return &connection{address, key, doer, cmp.Or(strings.Join(credentials, ", "), "none")}, nil
}

// parseAddress parses the address of the HTTP API. Without a scheme it is https, or http if
// the host is this machine and there are neither certificates nor a key (secure). An address
// with http and another host is an error.
func parseAddress(text string, secure bool) (*url.URL, error) {
	const next = "set address in the provider's temporal block, or TEMPORAL_ADDRESS in the environment, to the address of Temporal's HTTP API, " +
		"such as https://temporal.example.com:7243"
	if text == "" {
		return nil, errors.New("there is no Temporal address: " + next)
	}
	if !strings.Contains(text, "://") {
		scheme := "https"
		if u, err := url.Parse("http://" + text); err == nil && !secure && delivery.IsLoopback(u.Hostname()) {
			scheme = "http"
		}
		text = scheme + "://" + text
	}
	address, err := url.Parse(text)
	switch {
	case err != nil, address.Hostname() == "", address.User != nil, address.RawQuery != "", address.Fragment != "",
		address.Scheme != "http" && address.Scheme != "https":
		// The error of url.Parse would show a password in the URL.
		return nil, errors.New("the Temporal address is not a URL or host:port without user, query and fragment: " + next)
	case address.Scheme == "http" && !delivery.IsLoopback(address.Hostname()):
		return nil, fmt.Errorf("the Temporal address %s is not https, and its host is not this machine: %s", address.Redacted(), next)
	}
	return address, nil
}

// tls returns the TLS configuration with the certificates, nil if there are none.
func (c Config) tls() (*tls.Config, error) {
	ca, err := pemOf("ca_certificate", c.CACertificate, "TEMPORAL_TLS_SERVER_CA_CERT", "TEMPORAL_TLS_CA")
	if err != nil {
		return nil, err
	}
	certificate, err := pemOf("client_certificate", c.ClientCertificate, "TEMPORAL_TLS_CLIENT_CERT", "TEMPORAL_TLS_CERT")
	if err != nil {
		return nil, err
	}
	key, err := pemOf("client_key", c.ClientKey, "TEMPORAL_TLS_CLIENT_KEY", "TEMPORAL_TLS_KEY")
	if err != nil {
		return nil, err
	}
	if ca == nil && certificate == nil && key == nil {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != nil {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(ca) {
			return nil, errors.New("the Temporal ca_certificate has no certificate in PEM")
		}
	}
	if (certificate == nil) != (key == nil) {
		return nil, errors.New("the Temporal client_certificate and client_key are needed together, and one of them is missing")
	}
	if certificate != nil {
		pair, err := tls.X509KeyPair(certificate, key)
		if err != nil {
			return nil, fmt.Errorf("the Temporal client_certificate and client_key do not make a key pair: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// pemOf returns the PEM of an argument, which is PEM or the path of a file. If the argument
// is empty, it uses the environment: NAME_DATA has PEM, and NAME_PATH or the older name has
// a path. It returns nil if nothing is set.
func pemOf(argument, given, name, older string) ([]byte, error) {
	data, path, failed := given, "", fmt.Sprintf("the Temporal %s is neither PEM nor a file that can be read", argument)
	if given == "" {
		variable := ""
		data, _ = delivery.FirstEnv(name+"_DATA", older+"_DATA")
		path, variable = delivery.FirstEnv(name+"_PATH", older)
		failed = "reading the file that " + variable + " names"
	} else if !strings.Contains(given, "-----BEGIN") {
		data, path = "", given
	}
	switch {
	case data != "":
		return []byte(data), nil
	case path == "":
		return nil, nil
	}
	text, err := os.ReadFile(delivery.ExpandPath(path))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", failed, err)
	}
	return text, nil
}

// call makes one request of the HTTP API and says what became of it. The answer
// is decoded into out, unless that is nil.
func (c *Client) call(ctx context.Context, method string, path []string, query url.Values, in, out any) delivery.Attempt {
	ctx, trace := delivery.WithRequestTrace(ctx)
	connection, err := c.connect()
	if err != nil {
		return trace.Attempt(err)
	}
	c.told.Do(func() {
		c.config.Log.ClientMade(ctx, delivery.ClientInfo{Service: "temporal", Credentials: connection.from, Endpoint: connection.address.String()})
	})
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return trace.Attempt(err)
		}
		body = bytes.NewReader(text)
	}
	escaped := make([]string, 0, len(path)+2)
	for _, segment := range append([]string{"api", "v1"}, path...) {
		escaped = append(escaped, url.PathEscape(segment))
	}
	at := connection.address.JoinPath(escaped...)
	at.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, method, at.String(), body)
	if err != nil {
		return trace.Attempt(err)
	}
	req.Header.Set("User-Agent", c.config.UserAgent)
	req.Header.Set("Accept", "application/json")
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if connection.key != "" {
		req.Header.Set("Authorization", "Bearer "+connection.key)
	}
	resp, err := connection.doer.Do(req)
	if err != nil {
		attempt := trace.Attempt(delivery.WithoutURL(err))
		attempt.Repeatable = attempt.Outcome == delivery.Unknown
		return attempt
	}
	defer func() { _ = resp.Body.Close() }()
	text, _ := io.ReadAll(resp.Body) // OwnAnswers has read it.
	attempt := classify(resp, text, out)
	attempt.Clock = trace.Attempt(nil).Clock
	return attempt
}
