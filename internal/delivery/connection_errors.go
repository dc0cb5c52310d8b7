package delivery

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math"
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

// Error does not show the header's value, which may be secret.
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

// ProxyError means that a proxy did not connect to the service.
type ProxyError struct {
	// Proxy is the proxy's host and port.
	Proxy string
	// Asked is what the proxy was asked, and Said what it answered.
	Asked, Said string
	// Refused says that it does not want to. Otherwise it could not.
	Refused bool
}

// Error names the proxy without its user and password.
func (e *ProxyError) Error() string {
	return fmt.Sprintf("the proxy %s answered %s to %s", e.Proxy, e.Said, e.Asked)
}

// RetryableError has vendor SDKs leave it to delivery whether a proxy is asked again.
func (e *ProxyError) RetryableError() bool { return false }

// CheckProxy returns *ProxyError unless a proxy has connected. It is the
// OnProxyConnectResponse of all transports.
func CheckProxy(_ context.Context, proxy *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return &ProxyError{Proxy: proxy.Host, Asked: "CONNECT", Said: "HTTP " + answer.Status, Refused: answer.StatusCode < http.StatusInternalServerError}
}

// socksFailures are net/http's texts for the answers with which a SOCKS proxy says that it
// could not connect (RFC 1928, section 6). These errors have no type. A test checks that
// the texts have not changed.
var socksFailures = []string{"general SOCKS server failure", "network unreachable", "host unreachable", "connection refused", "TTL expired"}

// refusedBySOCKS returns a *ProxyError for net/http's error about the answer of a SOCKS
// proxy.
func refusedBySOCKS(err error) error {
	failed := (*net.OpError)(nil)
	if !errors.As(err, &failed) || failed.Op != "socks connect" || failed.Source == nil {
		return err
	}
	said := failed.Err.Error()
	reply, answered := strings.CutPrefix(said, "unknown error ")
	switch {
	case answered:
		said = reply
	case said != "no acceptable authentication methods" && !strings.HasPrefix(said, "username/password authentication failed"):
		return err
	}
	return &ProxyError{Proxy: failed.Source.String(), Asked: "SOCKS", Said: fmt.Sprintf("%q", said), Refused: !slices.Contains(socksFailures, said)}
}

// AtProxy reports whether connecting to a proxy failed.
func AtProxy(err error) bool {
	failed := (*net.OpError)(nil)
	return errors.As(err, &failed) && failed.Op == "proxyconnect"
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
	alert, is := Alert(err)
	return is && slices.Contains(handshakeAlerts, alert)
}

// Alert is the TLS alert by which a server has ended a connection.
func Alert(err error) (alert tls.AlertError, is bool) {
	remote := (*net.OpError)(nil)
	for errors.As(err, &remote) {
		if remote.Op != "remote error" {
			err = remote.Err
			continue
		}
		// The type of its error is not exported.
		for alert := range tls.AlertError(math.MaxUint8) {
			if remote.Err.Error() == alert.Error() {
				return alert, true
			}
		}
		break
	}
	return 0, false
}

// internalError is the alert of a server with an internal error.
const internalError tls.AlertError = 80

// IsTransient reports whether a failure to connect may be temporary. A proxy's
// refusal, a certificate that does not verify and a header that cannot be
// written are permanent.
func IsTransient(err error) bool { return ConnectionCause(err).isTransient() }

// isTransient reports whether the cause is a temporary failure to connect.
func (c Cause) isTransient() bool {
	return c == Unreachable || c == Unprocessed || c == CredentialsUnreachable
}

// ConnectionCause returns the cause of a failure to connect. A failure that is
// not known to be temporary counts as permanent and is not tried again.
func ConnectionCause(err error) Cause {
	err = refusedBySOCKS(err)
	var (
		dns         *net.DNSError
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		proxy       *ProxyError
		unprocessed *unprocessedError
		system      syscall.Errno
		timeout     net.Error
	)
	alert, isAlert := Alert(err)
	switch {
	case errors.As(err, &proxy):
		if proxy.Refused {
			return RefusedByProxy
		}
		return Unreachable
	case errors.As(err, &dns) && dns.IsNotFound:
		return NoSuchHost
	case errors.As(err, &certificate), errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return Untrusted
	case isHandshakeAlert(err):
		return RefusedHandshake
	case isAlert && alert == internalError:
		return Unreachable
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
