package sandbox

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// awsJSON has the common part of services with the AWS JSON protocols 1.0 and 1.1
// (smithy.io, "AWS JSON protocols"). A service embeds it and adds routes.
type awsJSON struct {
	sandbox *Sandbox
	// mu guards the state of the service. It is held while an operation acts.
	mu sync.Mutex
	// forget removes the state of the service; nil if it has none.
	forget func()
	// service is the signing name, and the prefix of the IAM actions.
	service string
	// target is the part of X-Amz-Target before the operation.
	target string
	// version is "1.0" or "1.1".
	version string
	// operations return the output, which becomes the body in JSON; nil becomes an empty
	// body.
	operations map[string]func(*call) (any, *apiError)
	// resource is the ARN that a denial names; nil is "*".
	resource func(*call) string
	// denied, throttled and internal are the error codes of the service. Defaults
	// AccessDeniedException, ThrottlingException and InternalServerError.
	denied, throttled, internal string
	// message is the member of an error with its text. Default Message.
	message string
}

func (a *awsJSON) name() string { return a.service }

func (a *awsJSON) match(c *call) bool {
	if target := c.r.Header.Get("X-Amz-Target"); target != "" {
		return strings.HasPrefix(target, a.target+".")
	}
	scope, _ := parseAuthorization(c.r.Header.Get("Authorization"))
	return scope.service == a.service
}

func (a *awsJSON) describe(c *call) (operation, region string) {
	scope, _ := parseAuthorization(c.r.Header.Get("Authorization"))
	return strings.TrimPrefix(c.r.Header.Get("X-Amz-Target"), a.target+"."), scope.region
}

func (a *awsJSON) authenticate(c *call) *apiError {
	if e := a.sandbox.authenticateSigV4(c, a.service); e != nil {
		return e
	}
	if !c.caller.denied(a.service + ":" + c.operation) {
		return nil
	}
	return a.denial(c)
}

func (a *awsJSON) denial(c *call) *apiError {
	resource := "*"
	if a.resource != nil {
		resource = a.resource(c)
	}
	return failf(400, cmp.Or(a.denied, "AccessDeniedException"), "User: %s is not authorized to perform: %s on resource: %s because no identity-based policy allows the %[2]s action",
		c.caller.ARN, a.service+":"+c.operation, resource)
}

// arn returns the ARN of a resource of the caller.
func (a *awsJSON) arn(c *call, resource string) string {
	return "arn:aws:" + a.service + ":" + c.region + ":" + c.caller.Account + ":" + resource
}

// peek decodes a request before its check, because a denial comes first. It returns the
// zero value if the body is not JSON.
func peek[T any](c *call) (in T) {
	_ = json.Unmarshal(c.body, &in)
	return in
}

// or returns the value of a member, or a default if the request does not have it.
func or[T any](value *T, otherwise T) T {
	if value == nil {
		return otherwise
	}
	return *value
}

// pageOf returns a page of a list, and the token of the next page, "" if there is none. A
// token belongs to one list, and is only a number if the list has no name.
func pageOf[T any](list []T, name, token string, size int) (shown []T, next string, ok bool) {
	encoded := func(n int) string {
		if name == "" {
			return strconv.Itoa(n)
		}
		return base64.RawURLEncoding.EncodeToString([]byte(name + "/" + strconv.Itoa(n)))
	}
	from := 0
	for token != "" && encoded(from) != token {
		if from++; from > len(list) {
			return nil, "", false
		}
	}
	to := min(from+size, len(list))
	if to < len(list) {
		next = encoded(to)
	}
	return list[from:to], next, true
}

func (a *awsJSON) act(c *call) (reply, *apiError) {
	operation := a.operations[c.operation]
	if operation == nil || c.r.Method != http.MethodPost || c.r.URL.Path != "/" || c.r.Header.Get("Content-Type") != a.contentType() {
		return reply{}, failf(400, "UnknownOperationException", "")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	out, e := operation(c)
	if e != nil {
		return reply{}, e
	}
	var body []byte
	if out != nil {
		body = mustJSON(out)
	}
	return a.reply(c, 200, body), nil
}

func (a *awsJSON) reset() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.forget != nil {
		a.forget()
	}
}

func (a *awsJSON) failure(c *call, e *apiError) reply {
	return a.reply(c, e.status, mustJSON(map[string]string{
		"__type": e.code, cmp.Or(a.message, "Message"): e.message,
	}))
}

func (a *awsJSON) fault(c *call, k Kind) *apiError {
	switch k {
	case KindRefuse:
		return a.denial(c)
	case KindThrottle:
		return failf(400, cmp.Or(a.throttled, "ThrottlingException"), "Rate exceeded")
	case KindExpired:
		return failf(400, "ExpiredTokenException", "The security token included in the request is expired")
	}
	return failf(500, cmp.Or(a.internal, "InternalServerError"), "An error occurred on the server side.")
}

func (a *awsJSON) contentType() string { return "application/x-amz-json-" + a.version }

func (a *awsJSON) reply(c *call, status int, body []byte) reply {
	return reply{status: status, body: body, header: map[string]string{
		"Content-Type":     a.contentType(),
		"X-Amzn-Requestid": c.requestID,
	}}
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// checked is a request with constraints.
type checked interface{ check(*constraints) }

// handle returns an operation that decodes and checks the request and calls do. It ignores
// unknown members, as the protocol says.
func handle[In checked](do func(*call, In) (any, *apiError)) func(*call) (any, *apiError) {
	return func(c *call) (any, *apiError) {
		var in In
		if err := json.Unmarshal(c.body, &in); err != nil {
			return nil, failf(400, "SerializationException", "%v", err)
		}
		var v constraints
		in.check(&v)
		if err := v.err(); err != nil {
			return nil, err
		}
		return do(c, in)
	}
}

// epoch is a time that is marshalled as in the protocol: in seconds, with milliseconds as
// the fraction.
type epoch struct{ time.Time }

func (t epoch) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(t.UnixMilli())/1000, 'f', -1, 64), nil
}

// constraints collects the violated constraints of a request, with the texts of AWS's
// validation errors. Lengths count code points.
type constraints []string

func (v *constraints) add(at, format string, args ...any) {
	*v = append(*v, fmt.Sprintf("Value at '%s' failed to satisfy constraint: ", at)+fmt.Sprintf(format, args...))
}

func (v *constraints) required(at string, value *string, low, high int) {
	if value == nil {
		*v = append(*v, fmt.Sprintf("Value null at '%s' failed to satisfy constraint: Member must not be null", at))
		return
	}
	v.length(at, utf8.RuneCountInString(*value), low, high)
}

func (v *constraints) optional(at string, value *string, low, high int) {
	if value != nil {
		v.length(at, utf8.RuneCountInString(*value), low, high)
	}
}

func (v *constraints) length(at string, n, low, high int) {
	switch {
	case n < low:
		v.add(at, "Member must have length greater than or equal to %d", low)
	case n > high:
		v.add(at, "Member must have length less than or equal to %d", high)
	}
}

func (v *constraints) between(at string, value *int, low, high int) {
	switch {
	case value == nil:
	case *value < low:
		v.add(at, "Member must have value greater than or equal to %d", low)
	case *value > high:
		v.add(at, "Member must have value less than or equal to %d", high)
	}
}

func (v *constraints) enum(at string, value *string, allowed ...string) {
	if value != nil && !slices.Contains(allowed, *value) {
		v.add(at, "Member must satisfy enum value set: [%s]", strings.Join(allowed, ", "))
	}
}

func (v *constraints) pattern(at string, value *string, pattern *regexp.Regexp) {
	if value != nil && !pattern.MatchString(*value) {
		v.add(at, "Member must satisfy regular expression pattern: %s", pattern)
	}
}

// words joins all violations, "" if there are none.
func (v constraints) words() string {
	switch len(v) {
	case 0:
		return ""
	case 1:
		return "1 validation error detected: " + v[0]
	}
	return fmt.Sprintf("%d validation errors detected: %s", len(v), strings.Join(v, "; "))
}

func (v constraints) err() *apiError {
	if len(v) == 0 {
		return nil
	}
	return failf(400, "ValidationException", "%s", v.words())
}
