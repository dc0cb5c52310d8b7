package delivery

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// OwnAnswers reads each answer whole and turns away what is not the service's own:
// vendor SDKs take any body as success for operations that answer with little or
// nothing, and lose the status of what they cannot read.
type OwnAnswers struct {
	Doer
	// Service is whose answers are expected, for messages, such as "AWS".
	Service string
	// IsOwn reports whether a body that is not empty is one of the service.
	IsOwn func(body []byte) bool
}

// Do sends req and returns its answer with the body in memory. It returns
// *ForeignAnswerError for an answer that is not the service's, and the read's error
// for one that was cut short. An empty body is passed on.
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

// IsJSONObject reports whether a body is a JSON object, as all services answer that
// speak JSON.
func IsJSONObject(body []byte) bool { return body[0] == '{' && json.Valid(body) }

// whole reads an answer's body to its end.
func whole(resp *http.Response) ([]byte, error) {
	body, err := io.ReadAll(resp.Body)
	if closed := resp.Body.Close(); err == nil {
		err = closed
	}
	if long := (*LongAnswerError)(nil); errors.As(err, &long) {
		return nil, long
	}
	if err != nil {
		return nil, fmt.Errorf("the answer (HTTP %s) was cut short: %w", resp.Status, err)
	}
	return body, nil
}

// ForeignAnswerError means that something answered, but not in the service's format.
type ForeignAnswerError struct{ Service, Status, ContentType string }

func (e *ForeignAnswerError) Error() string {
	return fmt.Sprintf("the answer (HTTP %s, content type %q) is not in the format of %s; a proxy may have answered in its place",
		e.Status, e.ContentType, e.Service)
}
