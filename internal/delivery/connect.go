package delivery

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/net/http/httpguts"
)

// HeaderError means that a request has a header that cannot be written.
type HeaderError struct{ Name string }

func (e *HeaderError) Error() string {
	return fmt.Sprintf("the header %s cannot be written: its value has a line break or another control character in it", e.Name)
}

// checkHeader reports a header that net/http would refuse to write, in words that
// leave its value out.
func checkHeader(header http.Header) error {
	for name, values := range header {
		if !httpguts.ValidHeaderFieldName(name) || slices.ContainsFunc(values, func(v string) bool { return !httpguts.ValidHeaderFieldValue(v) }) {
			return &HeaderError{name}
		}
	}
	return nil
}

// CheckCredential reports a credential that no service can have given: one that no
// header can carry, or with blanks around it, as a line that was read from a file with
// its end. What names the credential and where it comes from; its value is left out.
func CheckCredential(what, value string) error {
	switch {
	case !httpguts.ValidHeaderFieldValue(value):
		return fmt.Errorf("%s has a line break or another control character in it, which no request can carry", what)
	case strings.TrimSpace(value) != value:
		return fmt.Errorf("%s begins or ends with a blank, which no key or token does", what)
	default:
		return nil
	}
}

// ProxyError means that a proxy did not connect to the service.
type ProxyError struct {
	// Proxy is the proxy's host and port.
	Proxy string
	// Code is the HTTP status of the proxy's answer, and Status that with its words.
	Code   int
	Status string
}

func (e *ProxyError) Error() string {
	return fmt.Sprintf("the proxy %s answered HTTP %s to CONNECT", e.Proxy, e.Status)
}

// refusedByProxy returns *ProxyError unless a proxy has connected.
func refusedByProxy(_ context.Context, proxy *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return &ProxyError{proxy.Host, answer.StatusCode, answer.Status}
}

// handshakeAlerts are those by which a server ends a connection because of how it
// was made (RFC 8446, section 6.2). With TLS 1.3 they may come after the client has
// sent a request, which the server has then not seen.
var handshakeAlerts = []tls.AlertError{
	40,  // handshake_failure
	42,  // bad_certificate
	43,  // unsupported_certificate
	44,  // certificate_revoked
	45,  // certificate_expired
	46,  // certificate_unknown
	48,  // unknown_ca
	49,  // access_denied
	70,  // protocol_version
	71,  // insufficient_security
	112, // unrecognized_name
	115, // unknown_psk_identity
	116, // certificate_required
	120, // no_application_protocol
}

// isHandshakeAlert reports whether a server has ended a connection because of how it was made.
func isHandshakeAlert(err error) bool {
	remote := (*net.OpError)(nil)
	return errors.As(err, &remote) && remote.Op == "remote error" &&
		slices.ContainsFunc(handshakeAlerts, func(alert tls.AlertError) bool { return remote.Err.Error() == alert.Error() })
}

// MayPass reports whether a failure to connect may be another one the next time. A
// proxy's refusal, a certificate that does not verify and a header that cannot be
// written stay.
func MayPass(err error) bool { return connectionCause(err).passesSoon() }

// passesSoon reports whether a cause is tried again for as long as no connection is made.
func (c Cause) passesSoon() bool {
	return c == Unreachable || c == Unprocessed || c == CredentialsUnreachable
}

// connectionCause tells the failures to connect that may pass from those that stay:
// what is not known to pass is not tried again.
func connectionCause(err error) Cause {
	var (
		dns         *net.DNSError
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		proxy       *ProxyError
		unprocessed *unprocessedError
		system      syscall.Errno
		timeout     net.Error
	)
	switch {
	case errors.As(err, &proxy):
		if proxy.Code >= 500 {
			return Unreachable // It could not connect itself.
		}
		return RefusedByProxy
	case errors.As(err, &dns) && dns.IsNotFound:
		return NoSuchHost
	case errors.As(err, &certificate), errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return Untrusted
	case isHandshakeAlert(err):
		return RefusedHandshake
	case errors.As(err, &unprocessed):
		return Unprocessed
	case errors.As(err, &dns),
		errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.Canceled),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return Unreachable
	case errors.As(err, &system) && system != syscall.EACCES && system != syscall.EPERM:
		return Unreachable
	default:
		return Permanent
	}
}
