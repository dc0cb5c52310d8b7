// Package delivery decides what became of a signal: it makes attempts, tells
// the four ways an attempt can end apart, looks for the signal where an answer
// was lost, and repeats only what provably was not sent. It knows neither
// Terraform nor any cloud.
package delivery

import (
	"context"
	"time"
)

// Outcome is how one attempt to send a signal ended.
type Outcome int

const (
	// Unknown means that the service may or may not have taken the signal: the
	// answer was lost, cut short, a server error, or not the service's own. It
	// is the zero value, so that whatever nobody classified is never repeated.
	Unknown Outcome = iota
	// Accepted means that the service said, in its own format, that it took the signal.
	Accepted
	// Rejected means that the service said, in its own format, that it did not take the signal.
	Rejected
	// NotSent means that the signal provably had no effect and that its Cause
	// says whether another attempt is worth making.
	NotSent
	// Confirmed is how a delivery ends, and no attempt: the answer was lost, and a
	// read of the target showed that the service had taken the signal.
	Confirmed
)

// String returns the word used for the outcome in logs and messages.
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

// Cause says why a signal was not sent, and thereby how long it is worth trying again.
type Cause int

const (
	// Permanent causes are not retried: another attempt would end the same way.
	// It is the zero value.
	Permanent Cause = iota
	// Throttled means that the service turned the request away for its rate:
	// retried until the timeout, and all that share its RateLimiter slow down.
	Throttled
	// Busy means that the service documents the answer as "has not started, try
	// again", for whatever reason: retried until the timeout, by itself.
	Busy
	// Unreachable means that no connection could be made: retried for
	// Policy.Unreachable, because a service that is starting or moving needs moments, not minutes.
	Unreachable
	// NoSuchHost means that the service's name does not exist: not retried.
	NoSuchHost
	// Untrusted means that the server could not prove who it is: not retried.
	Untrusted
	// RefusedHandshake means that the server turned the connection down because of
	// how it was made, such as for its TLS version or client certificate: not retried.
	RefusedHandshake
	// RefusedByProxy means that a proxy did not connect to the service: not retried,
	// because proxies lock accounts that fail too often.
	RefusedByProxy
	// Unprocessed means that the server said of the request that it did not process
	// it: retried as Unreachable is.
	Unprocessed
	// NoCredentials means that there was nothing to sign the request with, and will
	// be nothing until somebody sees to it: not retried.
	NoCredentials
	// CredentialsUnreachable means that no connection could be made to whoever gives
	// the credentials: retried as Unreachable is.
	CredentialsUnreachable
	// CredentialsFailing means that the credentials could not be had for now, or that
	// the service refused a signature that the next attempt makes anew, with renewed
	// credentials or by the service's clock: retried until the timeout.
	CredentialsFailing
	// Absent means that the answer was lost and that reads of the target settled on
	// not showing the signal: retried until the timeout.
	Absent
)

// Attempt is what one attempt to send a signal came to.
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
	// RetryAfter is how long the service asked to be left alone, 0 when it did not say.
	RetryAfter time.Duration
	// Clock is what the answer told of the service's clock.
	Clock ServerClock
	// Err is what went wrong; nil exactly when the signal was accepted.
	Err error
}

// Target sends one signal. An implementation makes one attempt per call, with
// no retries of its own, and returns promptly once ctx has ended.
type Target interface {
	Send(ctx context.Context) Attempt
}
