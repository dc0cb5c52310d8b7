package delivery

import (
	"bytes"
	"io"
	"net/http"
)

// ShortestHidden is how long a secret has to be to be hidden where a service
// repeats it. A shorter one is in words by chance, and its absence would show it.
const ShortestHidden = 4

// Discreet leaves the secrets that a request carried out of a refusal: a service
// may repeat what it was sent, and its words are shown to users.
type Discreet struct {
	Doer
	// Sent are the secrets that a request carries.
	Sent func(*http.Request) []string
}

// Do sends req. It returns the read's error for a refusal that was cut short.
func (d Discreet) Do(req *http.Request) (*http.Response, error) {
	resp, err := d.Doer.Do(req)
	if err != nil || resp.StatusCode < http.StatusBadRequest {
		return resp, err
	}
	body, err := whole(resp)
	if err != nil {
		return nil, err
	}
	for _, secret := range d.Sent(req) {
		if len(secret) >= ShortestHidden {
			body = bytes.ReplaceAll(body, []byte(secret), []byte("***"))
		}
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	// Some readers want as many bytes as are announced.
	resp.ContentLength = int64(len(body))
	return resp, nil
}
