package delivery

import (
	"fmt"
	"strings"

	"golang.org/x/net/http/httpguts"
)

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

// BearerTokenPattern returns the pattern of what an Authorization header can hold after its
// scheme (RFC 9110, section 11.4).
var BearerTokenPattern = LazyRegexp(`^[!-~]+$`)

// CheckBearerToken is CheckCredential for a token that an Authorization header
// holds after its scheme.
func CheckBearerToken(what, value string) error {
	if err := CheckCredential(what, value); err != nil || BearerTokenPattern().MatchString(value) {
		return err
	}
	return fmt.Errorf("%s has a blank or another character in it that is not visible ASCII, which no key or token has", what)
}
