package sandbox

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// The vectors are from the AWS Signature Version 4 test suite.
func TestSigV4Vectors(t *testing.T) {
	const secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	now := time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)
	for _, v := range []struct {
		name, method, url, signedHeaders, body, signature string
		header                                            http.Header
	}{
		{"get-vanilla", "GET", "/", "host;x-amz-date", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31", nil},
		{"post-vanilla", "POST", "/", "host;x-amz-date", "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b", nil},
		{"get-vanilla-query-order-key-case", "GET", "/?Param2=value2&Param1=value1", "host;x-amz-date", "",
			"b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500", nil},
		{"get-header-key-duplicate", "GET", "/", "host;my-header1;x-amz-date", "",
			"c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea", http.Header{"My-Header1": {"value2", "value2", "value1"}}},
		{"post-x-www-form-urlencoded", "POST", "/", "content-type;host;x-amz-date", "Param1=value1",
			"ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}},
	} {
		t.Run(v.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), v.method, "https://example.amazonaws.com"+v.url, strings.NewReader(v.body))
			if err != nil {
				t.Fatal(err)
			}
			if v.header != nil {
				r.Header = v.header
			}
			r.Header.Set("X-Amz-Date", "20150830T123600Z")
			a, complete := parseAuthorization("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=" +
				v.signedHeaders + ", Signature=" + v.signature)
			if !complete || a.accessKey != "AKIDEXAMPLE" {
				t.Fatalf("parsed %+v", a)
			}
			if e := a.verify(r, []byte(v.body), now, "service", secret); e != nil {
				t.Error(e)
			}
			if e := a.verify(r, []byte(v.body+"x"), now, "service", secret); e == nil {
				t.Error("another body has the same signature")
			}
		})
	}
}

func TestSignaturesRefused(t *testing.T) {
	keys := map[string]Secret{
		"sandbox-access-key": {SecretKey: "sandbox-secret-key"},
		"temporary":          {SecretKey: "s", SessionToken: "tok", Expires: newClock().now().Add(time.Hour)},
		"expired":            {SecretKey: "s", SessionToken: "tok", Expires: newClock().now()},
		"denied":             {SecretKey: "s", Denied: []string{"ssm:SendAutomationSignal"}, Account: "210987654321"},
	}
	use := func(key, secret, token string) func(*client) {
		return func(c *client) { c.key, c.secret, c.token = key, secret, token }
	}
	tamper := func(f func(*http.Request)) func(*client) { return func(c *client) { c.tamper = f } }
	replace := func(from, to string) func(*client) {
		return tamper(func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), from, to, 1))
		})
	}
	skewed := func(d time.Duration) func(*client) {
		return func(c *client) {
			now := c.now
			c.now = func() time.Time { return now().Add(d) }
		}
	}
	for name, test := range map[string]struct {
		set  func(*client)
		code string
		text string
	}{
		"good":             {func(*client) {}, "", ""},
		"temporary":        {use("temporary", "s", "tok"), "", ""},
		"slow clock":       {skewed(-5 * time.Minute), "", ""},
		"fast clock":       {skewed(5 * time.Minute), "", ""},
		"slower clock":     {skewed(-5*time.Minute - time.Second), "InvalidSignatureException", "Signature expired: "},
		"faster clock":     {skewed(5*time.Minute + time.Second), "InvalidSignatureException", "Signature not yet current: "},
		"unsigned":         {tamper(func(r *http.Request) { r.Header.Del("Authorization") }), "MissingAuthenticationTokenException", ""},
		"half a header":    {replace(", Signature=", ", Sig="), "IncompleteSignatureException", ""},
		"no date":          {tamper(func(r *http.Request) { r.Header.Del("X-Amz-Date") }), "IncompleteSignatureException", ""},
		"unknown key":      {use("nobody", "s", ""), "UnrecognizedClientException", "The security token included in the request is invalid."},
		"wrong secret":     {use("sandbox-access-key", "s", ""), "InvalidSignatureException", "does not match the signature you provided"},
		"token missing":    {use("temporary", "s", ""), "UnrecognizedClientException", ""},
		"token wrong":      {use("temporary", "s", "other"), "UnrecognizedClientException", ""},
		"token not wanted": {use("sandbox-access-key", "sandbox-secret-key", "tok"), "UnrecognizedClientException", ""},
		"expired":          {use("expired", "s", "tok"), "ExpiredTokenException", ""},
		"other service":    {func(c *client) { c.service = "swf" }, "InvalidSignatureException", "correct service: 'ssm'"},
		"other region":     {replace("/us-east-1/", "/eu-west-1/"), "InvalidSignatureException", ""},
		"other day":        {replace("/20260325/", "/20260324/"), "InvalidSignatureException", ""},
		"other target":     {tamper(func(r *http.Request) { r.Header.Set("X-Amz-Target", "AmazonSSM.GetAutomationExecution") }), "InvalidSignatureException", ""},
		"unsigned amz header": {tamper(func(r *http.Request) { r.Header.Set("X-Amz-Extra", "1") }), "InvalidSignatureException",
			"'x-amz-extra' must be a 'SignedHeader'"},
		"other body": {tamper(func(r *http.Request) {
			body := `{"AutomationExecutionId":"` + fixedID + `","SignalType":"Reject"}`
			r.Body, r.GetBody, r.ContentLength = io.NopCloser(strings.NewReader(body)), nil, int64(len(body))
		}), "InvalidSignatureException", ""},
		"denied": {use("denied", "s", ""), "AccessDeniedException",
			"User: arn:aws:iam::210987654321:user/sandbox is not authorized to perform: ssm:SendAutomationSignal on resource: arn:aws:ssm:us-east-1:210987654321:automation-execution/" + fixedID},
	} {
		t.Run(name, func(t *testing.T) {
			s, c, _ := start(t, Options{Credentials: keys})
			s.StartAutomation(approval(fixedID))
			test.set(c)
			a := c.signal(fixedID, "Approve", "", "")
			if test.code == "" {
				a.want(t, 200, "")
				return
			}
			a.want(t, 400, test.code)
			if !strings.Contains(a.raw, test.text) {
				t.Errorf("message of %s, want %q", a.raw, test.text)
			}
			e := s.last(t)
			if e.Code != test.code || e.Accepted || strings.Contains(strings.Join(e.Header["X-Amz-Security-Token"], ""), "tok") {
				t.Errorf("entry %+v", e)
			}
			if state, _ := s.Automation(fixedID); len(state.Signals) != 0 {
				t.Error("the signal was taken")
			}
		})
	}
}

// Both clouds sort parameters by their names, and not by names and values together.
func TestCanonicalQuery(t *testing.T) {
	r := httptest.NewRequest("GET", "/?Ids.10=j&Ids.1=b&Ids.1=a&b=%20*&B=", nil)
	if got, want := canonicalQuery(r), "B=&Ids.1=a&Ids.1=b&Ids.10=j&b=%20%2A"; got != want {
		t.Errorf("the query is %q, want %q", got, want)
	}
}
