package delivery

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// OwnAnswers reads each answer completely and rejects answers that do not come
// from the service, such as a proxy's web page. It is needed for two reasons.
// For operations with an empty or small answer, vendor SDKs take any body for
// success. And they lose the HTTP status of an answer that they cannot parse.
type OwnAnswers struct {
	Doer
	// Service names the service in messages, such as "AWS".
	Service string
	// IsOwn reports whether a non-empty body has the service's format.
	IsOwn func(body []byte) bool
}

// Do sends req and returns its answer with the body in memory. It returns
// *ForeignAnswerError for an answer that does not have the service's format,
// and the read error for an answer that was cut short. It accepts an empty
// body.
func (o OwnAnswers) Do(req *http.Request) (*http.Response, error) {
	resp, err := o.Doer.Do(req)
	if err != nil {
		return resp, err
	}
	body, err := whole(resp)
	if err != nil {
		return nil, err
	}
	if trimmed := bytes.TrimSpace(body); len(trimmed) > 0 && !o.IsOwn(trimmed) {
		return nil, &ForeignAnswerError{Service: o.Service, Status: resp.Status, ContentType: resp.Header.Get("Content-Type")}
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// IsJSONObject reports whether a body is a JSON object. All services that speak
// JSON answer with one.
func IsJSONObject(body []byte) bool { return body[0] == '{' && json.Valid(body) }

// whole reads the complete body of an answer.
func whole(resp *http.Response) ([]byte, error) {
	body, err := io.ReadAll(resp.Body)
	if closed := resp.Body.Close(); err == nil {
		err = closed
	}
	if long, ok := errors.AsType[*LongAnswerError](err); ok {
		return nil, long
	}
	if err != nil {
		return nil, &cutShortError{resp.Status, err}
	}
	return body, nil
}

// cutShortError means that an answer began and did not come whole.
type cutShortError struct {
	Status string
	Err    error
}

func (e *cutShortError) Error() string {
	return fmt.Sprintf("the answer (HTTP %s) was cut short: %v", e.Status, e.Err)
}

// Unwrap returns the error of reading the answer.
func (e *cutShortError) Unwrap() error { return e.Err }

// ForeignAnswerError means that something answered, but not in the service's format.
type ForeignAnswerError struct {
	Service, Status, ContentType string
	// What says what is wrong with the answer. "" means that its format is wrong.
	What string
}

// Error shows nothing of the answer but its status and content type.
func (e *ForeignAnswerError) Error() string {
	what := e.What
	if what == "" {
		what = fmt.Sprintf("the answer (HTTP %s, content type %q) is not in the format of %s", e.Status, e.ContentType, e.Service)
	}
	return what + "; a proxy may have answered in its place"
}

// foreignCause returns the cause of a request for credentials whose answer was not
// the service's. Without a whole answer, or after one whose status may pass, the
// service may answer the next time. Another refusal, such as a proxy's, stays. A page
// without a refusal, such as that of a server that starts, may pass within seconds.
func foreignCause(status int, err error) Cause {
	switch {
	case status == 0 || IsTransientStatus(status) || errors.As(err, new(*cutShortError)):
		return CredentialsFailing
	case status >= http.StatusBadRequest:
		return NoCredentials
	default:
		return CredentialsUnreachable
	}
}
