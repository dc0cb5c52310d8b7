package signal

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// unsentBecause explains why a request was not sent, and what to do. After a
// cancelled apply it returns "", because nothing is wrong.
func unsentBecause(attempt delivery.Attempt, stopped error) string {
	if attempt.Outcome != delivery.NotSent || errors.Is(stopped, context.Canceled) {
		return ""
	}
	proxy, header := (*delivery.ProxyError)(nil), (*delivery.HeaderError)(nil)
	switch {
	case errors.As(attempt.Err, &proxy) && proxy.Refused:
		return "This is the proxy's answer, not the service's. The provider does not try again, because proxies lock accounts that fail too often. Check the proxy's address, user and password, and whether it allows the service's host, or add that host to NO_PROXY."
	case proxy != nil:
		return "This is the proxy's answer: the proxy could not connect to the service itself. Check the endpoint, and whether the proxy can reach its host, or add that host to NO_PROXY."
	case errors.As(attempt.Err, &header):
		return "Nothing was sent. Correct the value where it is set: in the configuration, or in the environment."
	case errors.As(attempt.Err, new(*delivery.ForeignAnswerError)):
		return "Something else answered in the place of the source of the credentials. Check its endpoint, and whether a proxy or the sign-in page of a network answers instead."
	case delivery.AtProxy(attempt.Err):
		return unconnected(attempt, "the proxy", "check the proxy's address and the network, or add the service's host to NO_PROXY")
	case attempt.Cause == delivery.CredentialsUnreachable:
		return unconnected(attempt, "the source of the credentials", checkNetwork)
	default:
		return unconnected(attempt, "", checkNetwork)
	}
}

const checkNetwork = "check the endpoint, the network, and whether a proxy is needed"

// unconnected explains why there was no connection to the service, or to another
// server that is named.
func unconnected(attempt delivery.Attempt, to, check string) string {
	who := "The server"
	if delivery.AtProxy(attempt.Err) {
		who = "The proxy"
	}
	alert, isAlert := delivery.Alert(attempt.Err)
	switch attempt.Cause {
	case delivery.Absent:
		return "The service was read for long enough to show the signal, and did not show it: the signal has not arrived."
	case delivery.Unreachable, delivery.CredentialsUnreachable:
		if isAlert {
			return who + " ended the connection because of an internal error."
		}
		if to != "" {
			to = " to " + to
		}
		return "No connection could be made" + to + ": " + check + "."
	case delivery.CredentialsFailing:
		return "The provider could not get valid credentials in time."
	case delivery.NoSuchHost:
		if who == "The proxy" {
			return "The proxy's host name does not exist: check the proxy's address."
		}
		return "The service's host name does not exist: check region and endpoint."
	case delivery.Untrusted:
		return who + " could not prove who it is: " + untrusted(attempt.Err)
	case delivery.RefusedHandshake:
		return who + " " + refusedHandshake(alert) + ", and whether something else, such as a proxy, answers in its place."
	case delivery.Unprocessed:
		return who + " said that it did not process the request: it may be stopping or overloaded."
	case delivery.Permanent:
		if errors.As(attempt.Err, new(*net.OpError)) {
			return "The provider did not try again, because this is not known to be temporary: check the endpoint, and whether a firewall forbids the connection."
		}
	}
	return ""
}

// untrusted explains why a server's identity was not accepted.
func untrusted(err error) string {
	const checkEndpoint = "check the endpoint, and whether something else, such as a proxy, answers in its place."
	invalid := x509.CertificateInvalidError{}
	switch {
	case errors.As(err, new(tls.RecordHeaderError)), errors.Is(err, http.ErrSchemeMismatch):
		return "the server at this address does not support TLS. Check the endpoint's scheme and port."
	case errors.As(err, new(x509.HostnameError)):
		return "its certificate is for another name: " + checkEndpoint
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "its certificate has expired or is not valid yet. Check this machine's clock; if that is right, whoever runs the server has to renew the certificate."
	case errors.As(err, new(x509.UnknownAuthorityError)):
		return "this machine does not trust the authority of its certificate. If that is a private authority, add it to the trusted ones; otherwise " + checkEndpoint
	default:
		return "check the endpoint, and whether this machine must trust a private certificate authority."
	}
}

// refusedHandshake explains an alert of a server (RFC 8446, section 6.2).
func refusedHandshake(alert tls.AlertError) string {
	switch alert {
	case 116: // certificate_required
		return "requires a client certificate, and got none: check the endpoint, and the client certificate if the provider's block takes one"
	case 42, 43, 44, 45, 46, 48: // bad_certificate to certificate_unknown, unknown_ca
		return "did not accept the client certificate, or got none: check the endpoint, the client certificate if the provider's block takes one"
	case 70, 71: // protocol_version, insufficient_security
		return "supports neither TLS 1.2 nor 1.3 with secure ciphers: check the endpoint, the server's TLS versions and ciphers"
	case 112: // unrecognized_name
		return "does not know the host name in the request: check the endpoint"
	case 120: // no_application_protocol
		return "supports neither HTTP/1.1 nor HTTP/2: check the endpoint"
	default:
		return "refused the TLS handshake: check the endpoint, the TLS versions and the client certificate that the server requires"
	}
}
