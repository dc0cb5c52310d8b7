package sandbox

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	sigV4     = "AWS4-HMAC-SHA256"
	amzDate   = "20060102T150405Z"
	clockSkew = 5 * time.Minute

	defaultAccount = "123456789012"
)

// Secret is the secret and the principal of an access key id.
type Secret struct {
	SecretKey string
	// SessionToken makes the key a temporary one: requests must have this token.
	SessionToken string
	// Account is the key's account. Default 123456789012.
	Account string
	// ARN is the principal. Default the IAM user "sandbox" of Account.
	ARN string
	// Denied are the IAM actions that the principal may not call, such as
	// "ssm:SendAutomationSignal".
	Denied []string
	// Expires is when a temporary key expires, by the sandbox's clock; zero means never.
	Expires time.Time
}

// A caller is an authenticated principal.
type caller struct {
	accessKey string
	Secret
}

func (c caller) denied(action string) bool { return slices.Contains(c.Denied, action) }

type keyring struct {
	mu         sync.Mutex
	configured map[string]Secret
	issued     map[string]Secret
}

func newKeyring(configured map[string]Secret) keyring {
	configured = maps.Clone(configured)
	for id, k := range configured {
		k.Account = cmp.Or(k.Account, defaultAccount)
		k.ARN = cmp.Or(k.ARN, "arn:aws:iam::"+k.Account+":user/sandbox")
		configured[id] = k
	}
	return keyring{configured: configured, issued: map[string]Secret{}}
}

func (k *keyring) lookup(id string) (Secret, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if secret, ok := k.configured[id]; ok {
		return secret, true
	}
	secret, ok := k.issued[id]
	return secret, ok
}

func (k *keyring) issue(id string, secret Secret) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.issued[id] = secret
}

func (k *keyring) reset() {
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.issued)
}

// An authorization is a parsed SigV4 Authorization header.
type authorization struct {
	accessKey, date, region, service, terminator string
	signedHeaders                                []string
	signature                                    string
}

// parseAuthorization returns false if the header is incomplete.
func parseAuthorization(header string) (a authorization, complete bool) {
	credential, signedHeaders, signature := parseSigned(sigV4, header)
	if scope := strings.Split(credential, "/"); len(scope) == 5 {
		a.accessKey, a.date, a.region, a.service, a.terminator = scope[0], scope[1], scope[2], scope[3], scope[4]
	}
	a.signedHeaders, a.signature = signedHeaders, signature
	return a, a.accessKey != "" && len(a.signedHeaders) > 0 && a.signature != ""
}

// parseSigned parses "SCHEME Credential=..., SignedHeaders=..., Signature=...". What the
// header does not have is empty.
func parseSigned(scheme, header string) (credential string, signedHeaders []string, signature string) {
	rest, ok := strings.CutPrefix(header, scheme+" ")
	if !ok {
		return "", nil, ""
	}
	for part := range strings.SplitSeq(rest, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch key {
		case "Credential":
			credential = value
		case "SignedHeaders":
			signedHeaders = strings.Split(value, ";")
		case "Signature":
			signature = value
		}
	}
	return credential, signedHeaders, signature
}

// authenticateSigV4 verifies a request as in the IAM user guide's "Create a signed AWS API
// request", with the error codes from "Common errors" of the JSON services.
func (s *Sandbox) authenticateSigV4(c *call, service string) *apiError {
	header := c.r.Header.Get("Authorization")
	if header == "" {
		return failf(400, "MissingAuthenticationTokenException", "Missing Authentication Token")
	}
	a, complete := parseAuthorization(header)
	if !complete {
		return failf(400, "IncompleteSignatureException",
			"Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter.")
	}
	secret, known := s.keys.lookup(a.accessKey)
	if !known || c.r.Header.Get("X-Amz-Security-Token") != secret.SessionToken {
		return failf(400, "UnrecognizedClientException", "The security token included in the request is invalid.")
	}
	if !secret.Expires.IsZero() && !c.now.Before(secret.Expires) {
		return failf(400, "ExpiredTokenException", "The security token included in the request is expired")
	}
	if e := a.verify(c.r, c.body, c.now, service, secret.SecretKey); e != nil {
		return e
	}
	c.caller = caller{a.accessKey, secret}
	return nil
}

func (a authorization) verify(r *http.Request, body []byte, now time.Time, service, secretKey string) *apiError {
	invalid := func(format string, args ...any) *apiError {
		return failf(400, "InvalidSignatureException", format, args...)
	}
	stamp := r.Header.Get("X-Amz-Date")
	signed, err := time.Parse(amzDate, stamp)
	switch {
	case err != nil:
		return failf(400, "IncompleteSignatureException", "Date must be in ISO-8601 'basic format'. Got '%s'.", stamp)
	case now.Sub(signed) > clockSkew:
		return invalid("Signature expired: %s is now earlier than %s (%s - 5 min.)",
			stamp, now.Add(-clockSkew).UTC().Format(amzDate), now.UTC().Format(amzDate))
	case signed.Sub(now) > clockSkew:
		return invalid("Signature not yet current: %s is still later than %s (%s + 5 min.)",
			stamp, now.Add(clockSkew).UTC().Format(amzDate), now.UTC().Format(amzDate))
	case a.date != stamp[:8]:
		return invalid("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%s' != '%s'.", a.date, stamp[:8])
	case a.terminator != "aws4_request":
		return invalid("Credential should be scoped with a valid terminator: 'aws4_request', not '%s'.", a.terminator)
	case a.service != service:
		return invalid("Credential should be scoped to correct service: '%s'.", service)
	case a.region == "":
		return invalid("Credential should be scoped to a valid region.")
	}
	for name := range mustSign(r, "x-amz-") {
		if !slices.Contains(a.signedHeaders, name) {
			return invalid("'%s' must be a 'SignedHeader' in the AWS Authorization.", name)
		}
	}
	want := a.sign(canonicalRequest(r, body, a.signedHeaders), stamp, secretKey)
	if !hmac.Equal([]byte(want), []byte(a.signature)) {
		return invalid("The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	}
	return nil
}

// mustSign yields the headers that must be signed: host, content-type and all with a prefix.
func mustSign(r *http.Request, prefix string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		if !yield("host") {
			return
		}
		for name := range r.Header {
			name = strings.ToLower(name)
			if (name == "content-type" || strings.HasPrefix(name, prefix)) && !yield(name) {
				return
			}
		}
	}
}

func canonicalRequest(r *http.Request, body []byte, signedHeaders []string) string {
	var headers strings.Builder
	for _, name := range signedHeaders {
		var value string
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = strconv.FormatInt(r.ContentLength, 10)
		default:
			values := slices.Clone(r.Header.Values(name))
			for i, v := range values {
				values[i] = strings.Join(strings.Fields(v), " ")
			}
			value = strings.Join(values, ",")
		}
		headers.WriteString(name + ":" + value + "\n")
	}
	// All services except S3 encode the path of the URL a second time.
	path := strings.ReplaceAll(uriEncode(cmp.Or(r.URL.EscapedPath(), "/")), "%2F", "/")
	return strings.Join([]string{
		r.Method, path, canonicalQuery(r), headers.String(), strings.Join(signedHeaders, ";"), hexSHA256(body),
	}, "\n")
}

// canonicalQuery sorts by names, so "a" comes before "a1", although "a1=" comes before "a=".
func canonicalQuery(r *http.Request) string {
	var pairs []string
	query := r.URL.Query()
	for _, name := range slices.Sorted(maps.Keys(query)) {
		for _, value := range slices.Sorted(slices.Values(query[name])) {
			pairs = append(pairs, uriEncode(name)+"="+uriEncode(value))
		}
	}
	return strings.Join(pairs, "&")
}

func (a authorization) sign(canonical, stamp, secretKey string) string {
	scope := strings.Join([]string{a.date, a.region, a.service, a.terminator}, "/")
	key := []byte("AWS4" + secretKey)
	for _, part := range []string{a.date, a.region, a.service, a.terminator} {
		key = hmacSHA256(key, part)
	}
	return hex.EncodeToString(hmacSHA256(key, strings.Join([]string{sigV4, stamp, scope, hexSHA256([]byte(canonical))}, "\n")))
}

func hmacSHA256(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func hexSHA256(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// uriEncode encodes all characters that RFC 3986 does not call unreserved. url.QueryEscape
// differs only for the space.
func uriEncode(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
