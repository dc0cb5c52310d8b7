package delivery_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

func zipped(t *testing.T, text []byte) []byte {
	t.Helper()
	var zip bytes.Buffer
	w := gzip.NewWriter(&zip)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return zip.Bytes()
}

// The size of an answer is limited, both compressed and decompressed. What is beyond the
// limit is not read, and such an answer does not count as the service's.
func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	const limit = 16 << 20
	object := func(size int) []byte { return []byte(`{"a":"` + strings.Repeat("x", size-8) + `"}`) }
	empty := zipped(t, nil)
	for name, test := range map[string]struct {
		answer func(w http.ResponseWriter)
		want   int
	}{
		"as long as may be":      {func(w http.ResponseWriter) { _, _ = w.Write(object(limit)) }, limit},
		"one byte too long":      {func(w http.ResponseWriter) { _, _ = w.Write(object(limit + 1)) }, -1},
		"without an end":         {func(w http.ResponseWriter) { endless(w, bytes.Repeat([]byte("x"), 1<<16)) }, -1},
		"compressed":             {func(w http.ResponseWriter) { gzipped(w, zipped(t, object(1000))) }, 1000},
		"compressed, too long":   {func(w http.ResponseWriter) { gzipped(w, zipped(t, object(limit+1))) }, -1},
		"compressed, a bomb":     {func(w http.ResponseWriter) { gzipped(w, bytes.Repeat(zipped(t, make([]byte, 64<<20)), 8)) }, -1},
		"compressed, of nothing": {func(w http.ResponseWriter) { w.Header().Set("Content-Encoding", "gzip"); endless(w, empty) }, -1},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { test.answer(w) }))
			defer server.Close()
			own := delivery.OwnAnswers{
				Doer:    delivery.Client{Doer: delivery.NewHTTPClient(&http.Transport{})},
				Service: "X", IsOwn: delivery.IsJSONObject,
			}
			req, err := http.NewRequest(http.MethodGet, server.URL, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := own.Do(req)
			if test.want < 0 {
				if long := (*delivery.LongAnswerError)(nil); !errors.As(err, &long) || !strings.Contains(err.Error(), "200 OK") {
					t.Errorf("it said %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			if body, err := io.ReadAll(resp.Body); err != nil || len(body) != test.want {
				t.Errorf("%d bytes: %v", len(body), err)
			}
			if req.Header.Get("Accept-Encoding") != "" {
				t.Error("the caller's request was changed")
			}
		})
	}
}

func gzipped(w http.ResponseWriter, zip []byte) {
	w.Header().Set("Content-Encoding", "gzip")
	_, _ = w.Write(zip)
}

// endless writes until nobody reads any more.
func endless(w http.ResponseWriter, block []byte) {
	for {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}
