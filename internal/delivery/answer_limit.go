package delivery

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
)

const (
	// longestAnswer limits how many bytes of an answer's body are read, compressed
	// and decompressed. Answers of most operations in use are shorter. A system whose
	// service has longer pages asks for shorter ones.
	longestAnswer = 16 << 20
	// longestHeader limits how many bytes of an answer's header are read.
	longestHeader = 256 << 10
)

// LongAnswerError means that an answer is longer than longestAnswer.
type LongAnswerError struct{ Status string }

// Error shows nothing of the answer but its status.
func (e *LongAnswerError) Error() string {
	return fmt.Sprintf("the answer (HTTP %s) is longer than %d MB, and the provider does not read it; a proxy may have answered in the place of the service",
		e.Status, longestAnswer>>20)
}

// limitedTransport limits the body of each answer to longestAnswer. It decompresses
// answers itself, because net/http would read from the connection without a
// limit while it decompresses.
type limitedTransport struct{ *http.Transport }

// RoundTrip makes one request. Reading the answer returns *LongAnswerError
// beyond the limit.
func (t limitedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	req = unrepeatable(req)
	if req.Header.Get("Accept-Encoding") == "" {
		header := req.Header.Clone()
		if header == nil {
			header = http.Header{}
		}
		header.Set("Accept-Encoding", "gzip")
		req.Header = header
	}
	resp, err := t.Transport.RoundTrip(req)
	if err != nil {
		return resp, refusedBySOCKS(err)
	}
	LimitResponseBody(resp)
	if strings.EqualFold(resp.Header.Get("Content-Encoding"), "gzip") {
		resp.Body = &decompressed{body: resp.Body}
		LimitResponseBody(resp)
		resp.Header.Del("Content-Encoding")
		resp.Header.Del("Content-Length")
		resp.ContentLength, resp.Uncompressed = -1, true
	}
	return resp, nil
}

// LimitResponseBody limits the body of an answer to longestAnswer. Clients from
// NewHTTPClient limit their answers already.
func LimitResponseBody(resp *http.Response) {
	resp.Body = &limitedBody{ReadCloser: resp.Body, status: resp.Status, left: longestAnswer}
}

type limitedBody struct {
	io.ReadCloser
	status string
	left   int64
}

// Read returns *LongAnswerError beyond the limit.
func (b *limitedBody) Read(p []byte) (int, error) {
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

// Read returns decompressed bytes. It treats an empty body without a gzip
// header as empty.
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
