package delivery

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/net/http/httpguts"
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

// WithoutCredentials returns the attempt of a request that was not made because of err.
func WithoutCredentials(err error) Attempt {
	attempt := Attempt{Outcome: NotSent, Cause: Permanent, Err: err}
	if failed := (*CredentialsError)(nil); errors.As(err, &failed) {
		attempt.Cause, attempt.Err = failed.Cause, failed
		attempt.Status, attempt.RequestID, attempt.RetryAfter = failed.Answer.Status, failed.Answer.RequestID, failed.Answer.RetryAfter
	}
	return attempt
}

// CredentialsCause returns the cause for a signal whose credentials were asked for
// with this attempt, which did not return any. Asking twice is harmless.
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

// CheckKeys returns a *CredentialsError if one of the credentials from a source
// cannot be valid. They are the values in keys, by their names.
func CheckKeys(source string, keys map[string]string) error {
	for name, value := range keys {
		if err := CheckCredential("the "+name+" from "+source, value); err != nil {
			return &CredentialsError{Cause: NoCredentials, Err: err, Next: "Correct it there."}
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

// BearerTokenPattern matches what an Authorization header can hold after its scheme (RFC
// 9110, section 11.4).
var BearerTokenPattern = regexp.MustCompile(`^[!-~]+$`)

// CheckBearerToken is CheckCredential for a token that an Authorization header
// holds after its scheme.
func CheckBearerToken(what, value string) error {
	if err := CheckCredential(what, value); err != nil || BearerTokenPattern.MatchString(value) {
		return err
	}
	return fmt.Errorf("%s has a blank or another character in it that is not visible ASCII, which no key or token has", what)
}
