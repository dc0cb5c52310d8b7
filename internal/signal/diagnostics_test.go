package signal

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// Each reason why nothing was sent has its own text and next step, and never the advice of
// another reason.
func TestUnsentBecause(t *testing.T) {
	for name, c := range map[string]struct {
		cause delivery.Cause
		err   error
		says  string
	}{
		"proxy cannot connect":             {delivery.Unreachable, &delivery.ProxyError{Said: "HTTP 502 Bad Gateway"}, "could not connect to the service itself"},
		"proxy cannot connect, for a role": {delivery.CredentialsUnreachable, &delivery.ProxyError{}, "could not connect to the service itself"},
		"proxy refuses":                    {delivery.RefusedByProxy, &delivery.ProxyError{Refused: true}, "user and password"},
		"proxy refuses, for a role":        {delivery.NoCredentials, &delivery.ProxyError{Refused: true}, "user and password"},
		"no proxy":                         {delivery.Unreachable, &net.OpError{Op: "proxyconnect", Err: syscall.ECONNREFUSED}, "to the proxy: check the proxy's address"},
		"no name of a proxy":               {delivery.NoSuchHost, &net.OpError{Op: "proxyconnect", Err: errors.New("no such host")}, "The proxy's host name does not exist"},
		"the proxy's certificate":          {delivery.Untrusted, &net.OpError{Op: "proxyconnect", Err: x509.HostnameError{Certificate: &x509.Certificate{}}}, "The proxy could not prove who it is"},
		"header":                           {delivery.Permanent, &delivery.HeaderError{Name: "X-Key"}, "Correct the value where it is set"},
		"permission":                       {delivery.Permanent, &net.OpError{Op: "dial", Err: syscall.EPERM}, "firewall"},
		"authority":                        {delivery.Untrusted, x509.UnknownAuthorityError{}, "could not prove who it is: this machine does not trust the authority"},
		"expired":                          {delivery.Untrusted, x509.CertificateInvalidError{Reason: x509.Expired}, "clock"},
		"name":                             {delivery.Untrusted, x509.HostnameError{Certificate: &x509.Certificate{}}, "for another name"},
		"other certificate":                {delivery.Untrusted, errors.New("not trusted"), "private certificate authority"},
		"no TLS":                           {delivery.Untrusted, tls.RecordHeaderError{}, "does not support TLS"},
		"certificate required":             {delivery.RefusedHandshake, alert(116), "requires a client certificate"},
		"unknown authority":                {delivery.RefusedHandshake, alert(48), "did not accept the client certificate"},
		"version":                          {delivery.RefusedHandshake, alert(70), "neither TLS 1.2 nor 1.3"},
		"unknown name":                     {delivery.RefusedHandshake, alert(112), "host name in the request"},
		"protocol":                         {delivery.RefusedHandshake, alert(120), "neither HTTP/1.1 nor HTTP/2"},
		"handshake":                        {delivery.RefusedHandshake, alert(40), "refused the TLS handshake"},
		"trouble of its own":               {delivery.Unreachable, alert(80), "an internal error"},
		"no connection":                    {delivery.Unreachable, syscall.ECONNREFUSED, "whether a proxy is needed"},
		"no connection, for a role":        {delivery.CredentialsUnreachable, syscall.ECONNREFUSED, "to the source of the credentials: check the endpoint"},
		"no answer, for a role":            {delivery.CredentialsFailing, errors.New("no answer"), "could not get valid credentials in time."},
		"nothing known":                    {delivery.Permanent, errors.New("there is no key"), ""},
	} {
		said := unsentBecause(delivery.Attempt{Outcome: delivery.NotSent, Cause: c.cause, Err: fmt.Errorf("asking: %w", c.err)}, nil)
		if !strings.Contains(said, c.says) || c.says == "" && said != "" || strings.Contains(said, "whether a proxy is needed") && !strings.HasPrefix(name, "no connection") {
			t.Errorf("%s: it says %q", name, said)
		}
	}
}

// alert is the error with which a client reports an alert.
func alert(code tls.AlertError) error { return &net.OpError{Op: "remote error", Err: code} }
