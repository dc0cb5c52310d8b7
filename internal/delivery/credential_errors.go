package delivery

import (
	"errors"
)

// CredentialsError means that there were no credentials to sign a request with.
type CredentialsError struct {
	// Cause says whether trying again may help.
	Cause Cause
	// Next is what the user can try next, "" if the error says it.
	Next string
	Err  error
	// Answer is the answer to the request for credentials, if there was one.
	Answer Attempt
}

// Error returns the text of Err.
func (e *CredentialsError) Error() string { return e.Err.Error() }

// Unwrap returns the error of the source of the credentials.
func (e *CredentialsError) Unwrap() error { return e.Err }

// AttemptWithoutCredentials returns the attempt of a request that was not made because of
// err.
func AttemptWithoutCredentials(err error) Attempt {
	attempt := Attempt{Outcome: NotSent, Cause: Permanent, Err: err}
	if failed, ok := errors.AsType[*CredentialsError](err); ok {
		attempt.Cause, attempt.Err = failed.Cause, failed
		attempt.Status, attempt.RequestID, attempt.RetryAfter = failed.Answer.Status, failed.Answer.RequestID, failed.Answer.RetryAfter
	}
	return attempt
}

// CredentialsCause returns the cause for a signal that needed credentials. The attempt is
// the request for them, which returned none. Asking twice is harmless.
func (a Attempt) CredentialsCause() Cause {
	switch {
	case a.Outcome == Unknown:
		return foreignCause(a.Status, a.Err)
	case a.Outcome == Rejected && IsTransientStatus(a.Status), a.Cause == Throttled:
		return CredentialsFailing
	case a.Outcome == Rejected:
		return NoCredentials
	case a.Cause == Unreachable:
		return CredentialsUnreachable
	default:
		return a.Cause
	}
}
