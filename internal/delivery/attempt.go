package delivery

import (
	"context"
	"net/http"
	"time"
)

// Outcome is how one attempt to send a signal ended.
type Outcome int

const (
	// Unknown means that the service may or may not have taken the signal: the answer
	// was lost, cut short, a server error, or did not come from the service. It is
	// the zero value, so that an attempt that no code classified is never repeated.
	Unknown Outcome = iota
	// Accepted means that the service said, in its own format, that it took the signal.
	Accepted
	// Rejected means that the service said, in its own format, that it did not take the signal.
	Rejected
	// NotSent means that the attempt provably had no effect. Its Cause says whether
	// another attempt is made.
	NotSent
	// Confirmed is the outcome of a delivery, never of an attempt: the answer was
	// lost, and a read of the target showed that the service had taken the signal.
	Confirmed
)

// String returns the word for the outcome in the log.
func (o Outcome) String() string {
	switch o {
	case Accepted:
		return "accepted"
	case Rejected:
		return "rejected"
	case NotSent:
		return "not sent"
	case Confirmed:
		return "confirmed"
	default:
		return "unknown"
	}
}

// Cause says why a signal was not sent. It determines for how long the delivery
// tries again.
type Cause int

const (
	// Permanent causes are not retried: another attempt would end the same way.
	// It is the zero value.
	Permanent Cause = iota
	// Throttled means that the service refused the request because of the request
	// rate: retried until the timeout. All requests that share the RateLimiter slow
	// down.
	Throttled
	// Busy means that the service documents the answer as "has not started, try
	// again": retried until the timeout. No other signal slows down.
	Busy
	// Unreachable means that no connection could be made: retried for
	// RetryPolicy.UnreachableTimeout, because a service that starts or moves is reachable
	// again within seconds, not minutes.
	Unreachable
	// NoSuchHost means that the service's name does not exist: not retried.
	NoSuchHost
	// Untrusted means that the server could not prove its identity, for example
	// because its certificate did not verify: not retried.
	Untrusted
	// RefusedHandshake means that the server refused the TLS handshake, for example
	// because of the TLS version or the client certificate: not retried.
	RefusedHandshake
	// RefusedByProxy means that a proxy did not connect to the service: not retried,
	// because proxies lock accounts that fail too often.
	RefusedByProxy
	// Unprocessed means that the server said that it did not process the request:
	// retried like Unreachable.
	Unprocessed
	// NoCredentials means that there were no credentials to sign the request with,
	// and that the user must provide some: not retried.
	NoCredentials
	// CredentialsUnreachable means that no connection could be made to the source of
	// the credentials: retried like Unreachable.
	CredentialsUnreachable
	// CredentialsFailing means that getting credentials failed temporarily, or that
	// the service refused a signature and the next attempt signs with renewed
	// credentials or with the service's time: retried until the timeout.
	CredentialsFailing
	// Absent means that the answer was lost, and that reads of the target did not
	// show the signal although they had enough time to show it: retried until the
	// timeout.
	Absent
)

// Attempt is the result of one attempt to send a signal.
type Attempt struct {
	Outcome Outcome
	// Cause is set when Outcome is NotSent.
	Cause Cause
	// Repeatable is set when Outcome is Unknown and the service documents that the
	// same request sent again has no second effect.
	Repeatable bool
	// Duplicate is set when Outcome is Rejected because the service already has a
	// signal with this one's id: after a lost answer, that is this signal.
	Duplicate bool
	// RequestID is the service's id of the request, empty when no answer carried one.
	RequestID string
	// Code and Message are the service's own words for a refusal, empty when it had none.
	Code, Message string
	// Status is the HTTP status of the answer, 0 when there was none.
	Status int
	// RetryAfter is how long the service asked the client to wait, 0 when it did not
	// say.
	RetryAfter time.Duration
	// Clock relates the service's clock to this machine's, from the answer's Date.
	Clock ServerClock
	// Err is the error; nil if and only if the signal was accepted.
	Err error
}

// Request is one request, such as one that sends a signal. An implementation makes one
// attempt per call, without retries, and returns promptly once ctx has ended.
type Request interface {
	Send(ctx context.Context) Attempt
}

// NotFound turns the attempt of a read that found no target into an accepted one, because
// a probe judges a missing target, too.
func (a Attempt) NotFound() Attempt {
	return Attempt{Outcome: Accepted, RequestID: a.RequestID, Clock: a.Clock}
}

// IsTransientStatus reports whether the same request may succeed after an answer with
// this HTTP status, whoever gave it.
func IsTransientStatus(status int) bool {
	return status >= http.StatusInternalServerError || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout
}
