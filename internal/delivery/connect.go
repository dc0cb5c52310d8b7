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

// checkHeader returns an error for a header that net/http would refuse to
// write. The error does not show the header's value, which may be secret.
func checkHeader(header http.Header) error {
	for name, values := range header {
		if !httpguts.ValidHeaderFieldName(name) || slices.ContainsFunc(values, func(v string) bool { return !httpguts.ValidHeaderFieldValue(v) }) {
			return &HeaderError{name}
		}
	}
	return nil
}

// CheckCredential returns an error for a credential that cannot be valid: a
// header cannot carry it, or it has blanks around it, for example the line end
// of a file. The argument what names the credential and its source. The error
// does not show the value.
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
	// Code is the HTTP status code of the proxy's answer. Status is the code with its
	// text.
	Code   int
	Status string
}

func (e *ProxyError) Error() string {
	return fmt.Sprintf("the proxy %s answered HTTP %s to CONNECT", e.Proxy, e.Status)
}

// refusedByProxy returns *ProxyError if the proxy did not connect to the
// service.
func refusedByProxy(_ context.Context, proxy *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return &ProxyError{proxy.Host, answer.StatusCode, answer.Status}
}

// handshakeAlerts are the TLS alerts with which a server refuses a handshake
// (RFC 8446, section 6.2). With TLS 1.3 the alert may arrive after the client
// has sent a request. The server has not seen that request.
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

// isHandshakeAlert reports whether the server has refused the TLS handshake.
func isHandshakeAlert(err error) bool {
	remote := (*net.OpError)(nil)
	return errors.As(err, &remote) && remote.Op == "remote error" &&
		slices.ContainsFunc(handshakeAlerts, func(alert tls.AlertError) bool { return remote.Err.Error() == alert.Error() })
}

// MayPass reports whether a failure to connect may be temporary. A proxy's
// refusal, a certificate that does not verify and a header that cannot be
// written are permanent.
func MayPass(err error) bool { return connectionCause(err).passesSoon() }

// passesSoon reports whether the cause is a temporary failure to connect.
func (c Cause) passesSoon() bool {
	return c == Unreachable || c == Unprocessed || c == CredentialsUnreachable
}

// connectionCause returns the cause of a failure to connect. A failure that is
// not known to be temporary counts as permanent and is not tried again.
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
			return Unreachable // The proxy could not connect to the service.
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
