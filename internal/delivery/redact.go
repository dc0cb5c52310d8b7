package delivery

import (
	"bytes"
	"io"
	"net/http"
)

// MinSecretLength is how long a secret has to be to be hidden where a service
// repeats it. A shorter one is in words by chance, and its absence would show it.
const MinSecretLength = 4

// RedactingDoer leaves the secrets that a request carried out of a refusal: a service
// may repeat what it was sent, and its words are shown to users.
type RedactingDoer struct {
	Doer
	// Sent are the secrets that a request carries.
	Secrets func(*http.Request) []string
}

// Do sends req. It returns the read's error for a refusal that was cut short.
func (d RedactingDoer) Do(req *http.Request) (*http.Response, error) {
	resp, err := d.Doer.Do(req)
	if err != nil || resp.StatusCode < http.StatusBadRequest {
		return resp, err
	}
	body, err := whole(resp)
	if err != nil {
		return nil, err
	}
	for _, secret := range d.Secrets(req) {
		if len(secret) >= MinSecretLength {
			body = bytes.ReplaceAll(body, []byte(secret), []byte("***"))
		}
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	// Some readers want as many bytes as are announced.
	resp.ContentLength = int64(len(body))
	return resp, nil
}
