package sandbox

import (
	"cmp"
	"crypto/hmac"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

const (
	acs3     = "ACS3-HMAC-SHA256"
	acsDate  = "2006-01-02T15:04:05Z"
	acsDrift = 15 * time.Minute
)

// acsRPC has the common part of Alibaba Cloud's services with the style RPC: all parameters
// are in the query or in a form, the operation is in x-acs-action, and the signature has
// version 3. A service embeds it and adds routes.
type acsRPC struct {
	sandbox *Sandbox
	// mu guards the state of the service. It is held while an operation acts.
	mu sync.Mutex
	// forget removes the state of the service; nil if it has none.
	forget func()
	// service is the name in the request log and in faults, and ram the prefix of the RAM
	// actions.
	service, ram string
	version      string
	host         string
	operations   map[string]func(*call, *acsParameters) (map[string]any, *apiError)
	// nonces are shared by all services, because an access key can use a nonce only once.
	nonces *nonces
	// retryAfter is sent with throttling errors, unless it is 0.
	retryAfter time.Duration
}

func (a *acsRPC) name() string { return a.service }

func (a *acsRPC) match(c *call) bool {
	return c.r.Header.Get("x-acs-action") != "" && c.r.Header.Get("x-acs-version") == a.version
}

func (a *acsRPC) describe(c *call) (operation, region string) {
	return c.r.Header.Get("x-acs-action"), acsParametersOf(c).values.Get("RegionId")
}

func (a *acsRPC) authenticate(c *call) *apiError {
	if e := a.verify(c); e != nil {
		return e
	}
	if !c.caller.denied(a.ram + ":" + c.operation) {
		return nil
	}
	return a.denial()
}

func (a *acsRPC) denial() *apiError {
	return failf(403, "NoPermission", "You are not authorized to do this action. You should be authorized by RAM.")
}

func (a *acsRPC) act(c *call) (reply, *apiError) {
	if version := c.r.Header.Get("x-acs-version"); version != a.version {
		return reply{}, failf(400, "InvalidVersion", "Specified parameter Version is not valid.")
	}
	operation := a.operations[c.operation]
	if operation == nil || c.r.URL.Path != "/" || c.r.Method != http.MethodPost && c.r.Method != http.MethodGet {
		return reply{}, failf(404, "InvalidAction.NotFound", "Specified api is not found, please check your url and method.")
	}
	parameters := acsParametersOf(c)
	a.mu.Lock()
	defer a.mu.Unlock()
	out, e := operation(c, parameters)
	if e != nil {
		return reply{}, e
	}
	body := map[string]any{"RequestId": c.requestID}
	for member, value := range out {
		body[member] = value
	}
	return a.reply(200, body, ""), nil
}

func (a *acsRPC) reset() {
	a.nonces.reset()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.forget != nil {
		a.forget()
	}
}

func (a *acsRPC) failure(c *call, e *apiError) reply {
	return a.reply(e.status, map[string]any{
		"RequestId": c.requestID, "HostId": a.host, "Code": e.code, "Message": e.message,
		"Recommend": "https://api.alibabacloud.com/troubleshoot?q=" + url.QueryEscape(e.code),
	}, e.code)
}

func (a *acsRPC) fault(_ *call, k Kind) *apiError {
	switch k {
	case KindRefuse:
		return a.denial()
	case KindThrottle:
		return failf(400, "Throttling.User", "Request was denied due to user flow control.")
	case KindExpired:
		return failf(400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")
	}
	return failf(500, "InternalError", "The request processing has failed due to some unknown error, exception or failure.")
}

func (a *acsRPC) reply(status int, body any, code string) reply {
	header := map[string]string{"Content-Type": "application/json;charset=utf-8"}
	if a.retryAfter > 0 && strings.HasPrefix(code, "Throttling") {
		header["x-acs-retry-after"] = strconv.FormatInt(a.retryAfter.Milliseconds(), 10)
	}
	return reply{status: status, header: header, body: mustJSON(body)}
}

// acsParameters has the parameters of a request, and the first error found in them.
type acsParameters struct {
	values url.Values
	err    *apiError
}

func acsParametersOf(c *call) *acsParameters {
	values := c.r.URL.Query()
	if strings.HasPrefix(c.r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		form, err := url.ParseQuery(string(c.body))
		if err == nil {
			for name, list := range form {
				values[name] = append(values[name], list...)
			}
		}
	}
	return &acsParameters{values: values}
}

func (p *acsParameters) wrong(e *apiError) {
	if p.err == nil {
		p.err = e
	}
}

func (p *acsParameters) invalid(name string) {
	p.wrong(failf(400, "InvalidParameter."+name, "The specified parameter %s is not valid.", name))
}

func (p *acsParameters) required(name string) string {
	value := p.values.Get(name)
	if value == "" {
		p.wrong(failf(400, "Missing"+name, "%s is mandatory for this action.", name))
	}
	return value
}

// length checks the length of a parameter, if it is set.
func (p *acsParameters) length(name string, low, high int) {
	if n := utf8.RuneCountInString(p.values.Get(name)); p.values.Has(name) && (n < low || n > high) {
		p.invalid(name)
	}
}

func (p *acsParameters) enum(name string, allowed ...string) {
	if value := p.values.Get(name); value != "" && !slices.Contains(allowed, value) {
		p.invalid(name)
	}
}

func (p *acsParameters) pattern(name string, matches func(string) bool) {
	if value := p.values.Get(name); value != "" && !matches(value) {
		p.invalid(name)
	}
}

func (p *acsParameters) number(name string, fallback, low, high int) int {
	if !p.values.Has(name) {
		return fallback
	}
	n, err := strconv.Atoi(p.values.Get(name))
	if err != nil || n < low || n > high {
		p.invalid(name)
	}
	return n
}

// list returns the values of name.1, name.2 and so on.
func (p *acsParameters) list(name string) (values []string) {
	for i := 1; p.values.Has(fmt.Sprintf("%s.%d", name, i)); i++ {
		values = append(values, p.values.Get(fmt.Sprintf("%s.%d", name, i)))
	}
	return values
}

// verify checks the signature of a request, as in the vendor's page "Request syntax and
// signature method V3".
func (a *acsRPC) verify(c *call) *apiError {
	r := c.r
	if r.Header.Get("Authorization") == "" {
		return failf(400, "MissingAccessKeyId", "AccessKeyId is mandatory for this action.")
	}
	accessKey, signedHeaders, signature := parseSigned(acs3, r.Header.Get("Authorization"))
	if accessKey == "" || len(signedHeaders) == 0 || signature == "" {
		return failf(400, "IncompleteSignature", "The request signature does not conform to Aliyun standards.")
	}
	stamp := r.Header.Get("x-acs-date")
	signed, err := time.Parse(acsDate, stamp)
	switch {
	case stamp == "":
		return failf(400, "MissingTimestamp", "Timestamp is mandatory for this action.")
	case err != nil:
		return failf(400, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted.")
	case c.now.Sub(signed).Abs() > acsDrift:
		return failf(400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
	}
	secret, known := a.sandbox.keys.lookup(accessKey)
	token := r.Header.Get("x-acs-security-token")
	switch {
	case !known:
		return failf(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
	case secret.SessionToken != "" && token == "":
		return failf(400, "MissingSecurityToken", "SecurityToken is mandatory for this action.")
	case token != secret.SessionToken:
		return failf(400, "InvalidSecurityToken.MismatchWithAccessKey", "Specified SecurityToken mismatch with the AccessKey.")
	case token != "" && r.Header.Get("x-acs-accesskey-id") != accessKey:
		return failf(400, "InvalidSecurityToken.MismatchWithAccessKey", "Specified SecurityToken mismatch with the AccessKey.")
	case !secret.Expires.IsZero() && !c.now.Before(secret.Expires):
		return failf(400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")
	}
	mismatch := failf(400, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation.")
	if r.Header.Get("x-acs-content-sha256") != hexSHA256(c.body) {
		return mismatch
	}
	for name := range mustSign(r, "x-acs-") {
		if !slices.Contains(signedHeaders, name) {
			return mismatch
		}
	}
	toSign := acs3 + "\n" + hexSHA256([]byte(canonicalACS(r, hexSHA256(c.body), signedHeaders)))
	want := hex.EncodeToString(hmacSHA256([]byte(secret.SecretKey), toSign))
	if !hmac.Equal([]byte(want), []byte(signature)) {
		return mismatch
	}
	nonce := r.Header.Get("x-acs-signature-nonce")
	if nonce == "" {
		return failf(400, "MissingSignatureNonce", "SignatureNonce is mandatory for this action.")
	}
	if !a.nonces.first(accessKey+"/"+nonce, c.now) {
		return failf(400, "SignatureNonceUsed", "Specified signature nonce was used already.")
	}
	c.caller = caller{accessKey, secret}
	return nil
}

func canonicalACS(r *http.Request, hash string, signedHeaders []string) string {
	var headers strings.Builder
	for _, name := range signedHeaders {
		value := strings.Join(r.Header.Values(name), ",")
		if name == "host" {
			value = r.Host
		}
		headers.WriteString(name + ":" + strings.TrimSpace(value) + "\n")
	}
	return strings.Join([]string{
		r.Method, cmp.Or(r.URL.EscapedPath(), "/"), canonicalQuery(r), headers.String(), strings.Join(signedHeaders, ";"), hash,
	}, "\n")
}

// nonces remembers the nonces that could still be replayed.
type nonces struct {
	mu   sync.Mutex
	seen map[string]time.Time
}

func (n *nonces) first(nonce string, now time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if when, used := n.seen[nonce]; used && now.Sub(when) <= 2*acsDrift {
		return false
	}
	if n.seen == nil {
		n.seen = map[string]time.Time{}
	}
	n.seen[nonce] = now
	return true
}

func (n *nonces) reset() {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.seen)
}
