package sandbox

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// awsQuery has the common part of services with the AWS query protocol (smithy.io, "AWS
// Query protocol"). A service embeds it and adds routes.
type awsQuery struct {
	sandbox *Sandbox
	// mu guards the state of the service. It is held while an operation acts.
	mu sync.Mutex
	// forget removes the state of the service; nil if it has none.
	forget func()
	// service is the signing name, and the prefix of the IAM actions.
	service string
	// version is the version of the API, and namespace the XML namespace of its answers.
	version, namespace string
	// prefix is put before the operations in the request log, if another service has an
	// operation with the same name.
	prefix string
	// operations return the members of the result, an element with the operation's name and
	// "Result"; nil means no result.
	operations map[string]func(*call, url.Values) (any, *apiError)
	// resource is the ARN that a denial names.
	resource func(*call, url.Values) string
}

func (q *awsQuery) name() string { return q.service }

func (q *awsQuery) match(c *call) bool {
	header := c.r.Header.Get("Authorization")
	if header != "" && !strings.HasPrefix(header, sigV4) {
		return false // Other clouds have operations with the same names.
	}
	scope, _ := parseAuthorization(header)
	form := q.form(c)
	return scope.service == q.service || scope.service == "" && form.Get("Version") == q.version && q.operations[form.Get("Action")] != nil
}

func (q *awsQuery) describe(c *call) (operation, region string) {
	scope, _ := parseAuthorization(c.r.Header.Get("Authorization"))
	if operation = q.form(c).Get("Action"); operation != "" {
		operation = q.prefix + operation
	}
	return operation, scope.region
}

// action returns the operation without the prefix in the request log.
func (q *awsQuery) action(c *call) string { return strings.TrimPrefix(c.operation, q.prefix) }

// form returns the form of a request of the query protocol. It is empty for any other
// request.
func (q *awsQuery) form(c *call) url.Values {
	if c.r.Method != http.MethodPost || !strings.HasPrefix(c.r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return nil
	}
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		return nil
	}
	return form
}

// queryCodes are the error codes of the query protocol ("Common errors" in the API
// references), by those of the JSON protocol.
var queryCodes = map[string]string{
	"MissingAuthenticationTokenException": "MissingAuthenticationToken",
	"IncompleteSignatureException":        "IncompleteSignature",
	"UnrecognizedClientException":         "InvalidClientTokenId",
	"InvalidSignatureException":           "SignatureDoesNotMatch",
	"ExpiredTokenException":               "ExpiredToken",
}

func (q *awsQuery) authenticate(c *call) *apiError {
	if e := q.verify(c); e != nil {
		return e
	}
	if c.caller.denied(q.service + ":" + q.action(c)) {
		return q.denial(c)
	}
	return nil
}

// verify is authenticate without the check of permissions.
func (q *awsQuery) verify(c *call) *apiError {
	if e := q.sandbox.authenticateSigV4(c, q.service); e != nil {
		return &apiError{403, queryCodes[e.code], e.message}
	}
	return nil
}

func (q *awsQuery) denial(c *call) *apiError {
	return failf(403, "AccessDenied", "User: %s is not authorized to perform: %s:%s on resource: %s",
		c.caller.ARN, q.service, q.action(c), q.resource(c, q.form(c)))
}

func (q *awsQuery) act(c *call) (reply, *apiError) {
	form := q.form(c)
	operation := q.operations[q.action(c)]
	if operation == nil || c.r.URL.Path != "/" || form.Get("Version") != q.version {
		return reply{}, failf(400, "InvalidAction", "Could not find operation %s for version %s", q.action(c), form.Get("Version"))
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	out, e := operation(c, form)
	if e != nil {
		return reply{}, e
	}
	return q.reply(c, 200, struct {
		XMLName   xml.Name
		Result    any    `xml:",omitempty"`
		RequestID string `xml:"ResponseMetadata>RequestId"`
	}{xml.Name{Space: q.namespace, Local: q.action(c) + "Response"}, out, c.requestID}), nil
}

func (q *awsQuery) reset() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.forget != nil {
		q.forget()
	}
}

func (q *awsQuery) failure(c *call, e *apiError) reply {
	kind := "Sender"
	if e.status >= 500 {
		kind = "Receiver"
	}
	return q.reply(c, e.status, struct {
		XMLName   xml.Name
		Type      string `xml:"Error>Type"`
		Code      string `xml:"Error>Code"`
		Message   string `xml:"Error>Message"`
		RequestID string `xml:"RequestId"`
	}{xml.Name{Space: q.namespace, Local: "ErrorResponse"}, kind, e.code, e.message, c.requestID})
}

func (q *awsQuery) fault(c *call, k Kind) *apiError {
	switch k {
	case KindRefuse:
		return q.denial(c)
	case KindThrottle:
		return failf(400, "Throttling", "Rate exceeded")
	case KindExpired:
		return failf(403, "ExpiredToken", "The security token included in the request is expired")
	}
	return failf(500, "InternalFailure", "The request processing has failed because of an unknown error, exception or failure.")
}

func (q *awsQuery) reply(c *call, status int, body any) reply {
	b, err := xml.Marshal(body)
	if err != nil {
		panic(err)
	}
	return reply{status: status, body: b, header: map[string]string{"Content-Type": "text/xml", "X-Amzn-Requestid": c.requestID}}
}

// refusal is the error of services that have one code for all refusals.
func refusal(format string, args ...any) *apiError {
	return failf(400, "ValidationError", format, args...)
}

func invalid(v constraints) *apiError {
	if len(v) == 0 {
		return nil
	}
	return refusal("%s", v.words())
}

func text(form url.Values, name string) *string {
	if !form.Has(name) {
		return nil
	}
	value := form.Get(name)
	return &value
}
