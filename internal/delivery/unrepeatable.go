package delivery

import (
	"io"
	"net/http"
)

// unrepeatable returns the request as one that net/http does not make again. On a
// connection that the server has closed meanwhile, it repeats a read without a body,
// and any request that has an idempotency key and no body or one that can be rewound
// (https://github.com/golang/go/blob/go1.26.0/src/net/http/request.go, isReplayable).
func unrepeatable(req *http.Request) *http.Request {
	req = req.WithContext(req.Context())
	req.GetBody = nil
	if isRead(req) && (req.Body == nil || req.Body == http.NoBody) {
		// net/http reads such a body, finds it empty, and writes none.
		req.Body = noBody{}
	}
	return req
}

// isRead reports whether a request is a GET or a HEAD. An empty method means GET.
func isRead(req *http.Request) bool {
	return req.Method == "" || req.Method == http.MethodGet || req.Method == http.MethodHead
}

// noBody is an empty body that net/http does not know.
type noBody struct{}

func (noBody) Read([]byte) (int, error) { return 0, io.EOF }
func (noBody) Close() error             { return nil }
