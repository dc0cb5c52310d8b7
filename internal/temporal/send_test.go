package temporal

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

func TestAddress(t *testing.T) {
	for text, want := range map[string]string{
		"temporal.example.com:7243":         "https://temporal.example.com:7243",
		"temporal.example.com":              "https://temporal.example.com",
		"127.0.0.1:7243":                    "http://127.0.0.1:7243",
		"localhost:7243":                    "http://localhost:7243",
		"[::1]:7243":                        "http://[::1]:7243",
		"http://127.0.0.1:7243":             "http://127.0.0.1:7243",
		"https://127.0.0.1:7243/prefix":     "https://127.0.0.1:7243/prefix",
		"http://temporal.example.com:7243":  "",
		"https://user:secret@example.com":   "",
		"https://example.com?x=1":           "",
		"ftp://example.com":                 "",
		"":                                  "",
		"https://":                          "",
		"http://127.0.0.1.example.com:7243": "",
	} {
		address, err := parseAddress(text, false)
		switch {
		case want == "" && err == nil:
			t.Errorf("%q is taken as %s", text, address)
		case want == "" && strings.Contains(err.Error(), "secret"):
			t.Errorf("%q: the error shows a password: %s", text, err)
		case want != "" && (err != nil || address.String() != want):
			t.Errorf("%q is taken as %v, %v; want %s", text, address, err, want)
		}
	}
	// A secret is sent in plain text to this machine only if the address says http.
	if address, err := parseAddress("127.0.0.1:7243", true); err != nil || address.Scheme != "https" {
		t.Errorf("with an API key the address is %v, %v", address, err)
	}
}

func TestClassify(t *testing.T) {
	for name, test := range map[string]struct {
		status     int
		body       string
		outcome    delivery.Outcome
		cause      delivery.Cause
		repeatable bool
		code       string
	}{
		"empty object":       {200, `{}`, delivery.Accepted, 0, false, ""},
		"link":               {200, `{"link":{}}`, delivery.Accepted, 0, false, ""},
		"cut short":          {200, `{"li`, delivery.Unknown, 0, true, ""},
		"nothing":            {200, ``, delivery.Unknown, 0, true, ""},
		"web page":           {200, `<html></html>`, delivery.Unknown, 0, true, ""},
		"null":               {200, `null`, delivery.Unknown, 0, true, ""},
		"created":            {201, `{}`, delivery.Unknown, 0, false, ""},
		"completed":          {404, `{"code":5,"message":"workflow execution already completed"}`, delivery.Rejected, 0, false, "NOT_FOUND"},
		"namespace":          {404, `{"code":5,"message":"Namespace x is not found.","details":[{"@type":"type.googleapis.com/temporal.api.errordetails.v1.NamespaceNotFoundFailure"}]}`, delivery.Rejected, 0, false, namespaceNotFound},
		"argument":           {400, `{"code":3,"message":"Invalid RunId."}`, delivery.Rejected, 0, false, "INVALID_ARGUMENT"},
		"permission":         {403, `{"code":7,"message":"Request unauthorized."}`, delivery.Rejected, 0, false, "PERMISSION_DENIED"},
		"unauthenticated":    {401, `{"code":16,"message":""}`, delivery.Rejected, 0, false, "UNAUTHENTICATED"},
		"throttled":          {429, `{"code":8,"message":"namespace rate limit exceeded"}`, delivery.NotSent, delivery.Throttled, false, "RESOURCE_EXHAUSTED"},
		"unavailable":        {503, `{"code":14,"message":"x"}`, delivery.Unknown, 0, true, "UNAVAILABLE"},
		"deadline":           {504, `{"code":4,"message":"x"}`, delivery.Unknown, 0, true, "DEADLINE_EXCEEDED"},
		"aborted":            {409, `{"code":10,"message":"x"}`, delivery.Unknown, 0, true, "ABORTED"},
		"a code of the next": {400, `{"code":99,"message":"x"}`, delivery.Unknown, 0, true, "code 99"},
		"no status":          {404, `{"message":"not here"}`, delivery.Unknown, 0, false, ""},
		"page of a proxy":    {502, `<html></html>`, delivery.Unknown, 0, true, ""},
		"page of a portal":   {403, `<html></html>`, delivery.Unknown, 0, false, ""},
		"redirect":           {307, ``, delivery.Unknown, 0, false, ""},
	} {
		a := classify(&http.Response{StatusCode: test.status, Status: http.StatusText(test.status)}, []byte(test.body), nil)
		if a.Outcome != test.outcome || a.Cause != test.cause || a.Repeatable != test.repeatable || a.Code != test.code || (a.Err == nil) != (a.Outcome == delivery.Accepted) {
			t.Errorf("%s: %s, cause %d, repeatable %t, code %q, %v", name, a.Outcome, a.Cause, a.Repeatable, a.Code, a.Err)
		}
	}
}

// A pause that overflows a duration would be negative.
func TestPauseThatOverflows(t *testing.T) {
	for asked, want := range map[string]time.Duration{"10000000000": 24 * time.Hour, "3": 3 * time.Second, "-3": 0, "soon": 0} {
		a := classify(&http.Response{StatusCode: 429, Header: http.Header{"Retry-After": {asked}}}, []byte(`{"code":8,"message":"slowly"}`), nil)
		if a.RetryAfter != want {
			t.Errorf("asked to wait %s seconds, it waits %s", asked, a.RetryAfter)
		}
	}
}

func FuzzClassify(f *testing.F) {
	f.Add(404, `{"code":5,"message":"workflow execution already completed","details":[{"@type":"x"}]}`)
	f.Add(200, `{}`)
	f.Add(500, `{"code":null}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		a := classify(&http.Response{StatusCode: status}, []byte(body), nil)
		if a.Outcome == delivery.Accepted && status != http.StatusOK {
			t.Errorf("HTTP %d %q counts as accepted", status, body)
		}
		if (a.Err == nil) != (a.Outcome == delivery.Accepted) {
			t.Errorf("HTTP %d %q: %s with error %v", status, body, a.Outcome, a.Err)
		}
	})
}
