package delivery

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
)

const (
	// longestAnswer is how much of an answer's body is read, in bytes, both as it comes
	// and once it is decompressed: more than any operation that is used here answers.
	longestAnswer = 16 << 20
	// longestHeader is how much of an answer's header is read, in bytes.
	longestHeader = 256 << 10
)

// LongAnswerError means that something answered more than a service would.
type LongAnswerError struct{ Status string }

func (e *LongAnswerError) Error() string {
	return fmt.Sprintf("the answer (HTTP %s) is longer than %d MB, so it is not one of the service's own; a proxy may have answered in its place",
		e.Status, longestAnswer>>20)
}

// bounded lets nobody read more of an answer than longestAnswer. It decompresses
// answers itself: left to net/http, what is read of the connection has no bound.
type bounded struct{ *http.Transport }

// RoundTrip makes one request. Reading the answer returns *LongAnswerError where it
// goes on beyond the bound.
func (b bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Header.Get("Accept-Encoding") == "" {
		header := req.Header.Clone()
		if header == nil {
			header = http.Header{}
		}
		header.Set("Accept-Encoding", "gzip")
		req = req.WithContext(req.Context())
		req.Header = header
	}
	resp, err := b.Transport.RoundTrip(req)
	if err != nil {
		return resp, err
	}
	Bound(resp)
	if strings.EqualFold(resp.Header.Get("Content-Encoding"), "gzip") {
		resp.Body = &decompressed{body: resp.Body}
		Bound(resp)
		resp.Header.Del("Content-Encoding")
		resp.Header.Del("Content-Length")
		resp.ContentLength, resp.Uncompressed = -1, true
	}
	return resp, nil
}

// Bound lets nobody read more of an answer's body than a service may answer. Answers
// to a client that NewHTTPClient has made have that bound already.
func Bound(resp *http.Response) {
	resp.Body = &boundedBody{ReadCloser: resp.Body, status: resp.Status, left: longestAnswer}
}

type boundedBody struct {
	io.ReadCloser
	status string
	left   int64
}

// Read returns *LongAnswerError once the bound is passed.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, &LongAnswerError{b.status}
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, &LongAnswerError{b.status}
	}
	return n, err
}

// decompressed is a body that was compressed with gzip.
type decompressed struct {
	body io.ReadCloser
	zip  *gzip.Reader
}

// Read decompresses. An empty body has no gzip header, and is empty.
func (d *decompressed) Read(p []byte) (int, error) {
	if d.zip == nil {
		zip, err := gzip.NewReader(d.body)
		if err != nil {
			return 0, err
		}
		d.zip = zip
	}
	return d.zip.Read(p)
}

func (d *decompressed) Close() error { return d.body.Close() }
