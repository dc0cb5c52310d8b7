package aws

import (
	"bytes"
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// Operation is a method of an SDK's client.
type Operation[In, Out, Options any] = func(context.Context, *In, ...func(*Options)) (*Out, error)

// Send makes one attempt of an operation that sends a signal, and classifies
// the result. The operation must be one of a client from Service.
//
// The attempt is throttled after a code in retry.DefaultThrottleErrorCodes of the SDK,
// and rejected after another error of the service with HTTP 4xx. If renewed credentials
// or the service's time may help, it was not sent. Any other error makes it unknown.
//
// In, Out and Options are the pointer types of an Operation. The compiler makes one function
// for all pointer types, but one for each struct.
func Send[In, Out, Options any](ctx context.Context, operation func(context.Context, In, ...func(Options)) (Out, error), in In) delivery.Attempt {
	return request(context.WithValue(ctx, signalling{}, true), func(ctx context.Context) error {
		_, err := operation(ctx, in)
		return err
	})
}

// Get is like Send for an operation that reads, and has the same outcomes. The result
// is nil unless the attempt is accepted.
func Get[In, Out, Options any](ctx context.Context, operation func(context.Context, In, ...func(Options)) (Out, error), in In) (out Out, attempt delivery.Attempt) {
	attempt = request(ctx, func(ctx context.Context) (err error) {
		out, err = operation(ctx, in)
		return err
	})
	return out, attempt
}

// Pages reads the pages of a list until next returns no token of a next page. next gets
// each page and the clock of its answer. token is the member of in for the token.
//
// It is not inlined, because its closure would be compiled again for each caller.
//
//go:noinline
func Pages[In, Out, Options any](ctx context.Context, operation func(context.Context, In, ...func(Options)) (Out, error), in In, token **string, next func(page Out, clock delivery.ServerClock) *string) delivery.Attempt {
	return delivery.Pages(func(string) (string, delivery.Attempt) {
		page, attempt := Get(ctx, operation, in)
		if attempt.Outcome == delivery.Accepted {
			*token = next(page, attempt.Clock)
		}
		return awssdk.ToString(*token), attempt
	})
}

// request makes one attempt and classifies the result. The call must make one
// request.
func request(ctx context.Context, call func(context.Context) error) delivery.Attempt {
	ctx, wire := delivery.WithRequestTrace(ctx)
	ctx, noted := withSignature(ctx)
	err := call(ctx)
	attempt := wire.Attempt(err)
	if attempt.Outcome == delivery.NotSent {
		return attempt
	}
	attempt.RequestID = requestID(wire.Header())
	if err == nil {
		noted.taken()
		attempt.Outcome = delivery.Accepted
		if attempt.Status != http.StatusOK {
			// The SDK accepts any 2xx, but the API references have only 200.
			attempt.Outcome, attempt.Err = delivery.Unknown, &delivery.ForeignAnswerError{What: "the answer is not one of an AWS service"}
		}
		return attempt
	}
	if send, ok := errors.AsType[*smithyhttp.RequestSendError](err); ok {
		attempt.Err = send.Err
	}
	refusal := smithy.APIError(nil)
	if !errors.As(err, &refusal) {
		return attempt
	}
	if refusal.ErrorCode() == unnamedError {
		attempt.Err = errUnnamed
		return attempt
	}
	attempt.Code, attempt.Message = refusal.ErrorCode(), refusal.ErrorMessage()
	switch _, throttled := retry.DefaultThrottleErrorCodes[attempt.Code]; {
	case throttled:
		attempt.Outcome, attempt.Cause = delivery.NotSent, delivery.Throttled
	case attempt.Status >= 400 && attempt.Status < 500 && noted.fixedByRetry(attempt.Code, err):
		// A service that refuses the signature has not processed the request.
		attempt.Outcome, attempt.Cause = delivery.NotSent, delivery.CredentialsFailing
	case attempt.Status >= 400 && attempt.Status < 500:
		attempt.Outcome = delivery.Rejected
	}
	return attempt
}

// requestID returns the id that all AWS services put into the header of their
// answers.
func requestID(header http.Header) string {
	return cmp.Or(header.Get("X-Amzn-Requestid"), header.Get("X-Amz-Request-Id"))
}

// signalling is the context key for operations that send a signal.
type signalling struct{}

// wholeAnswers rejects answers that AWS cannot have sent: an empty answer where
// the protocol requires a body, and a non-empty answer to a signal that has no
// request id or does not belong to the operation. The SDK ignores content that
// it does not expect, so it takes a captive portal's answer for success.
type wholeAnswers struct{ delivery.OwnAnswers }

// answers returns what makes the requests to a service and judges the answers.
func (c Config) answers(doer delivery.Doer, service string, isOwn func(body []byte) bool) wholeAnswers {
	return wholeAnswers{delivery.OwnAnswers{Doer: delivery.Client{Doer: doer, Secrets: c.Secrets}, Service: service, IsOwn: isOwn}}
}

// Do sends req. It returns *delivery.ForeignAnswerError for an answer that is not AWS's.
func (a wholeAnswers) Do(req *http.Request) (*http.Response, error) {
	resp, err := a.OwnAnswers.Do(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	contentType, said := resp.Header.Get("Content-Type"), bytes.TrimSpace(body)
	foreign, signals := len(said) == 0 && !a.IsOwn(nil), req.Context().Value(signalling{}) != nil
	if signals && requestID(resp.Header) == "" {
		foreign = foreign || len(said) > 0 && string(said) != "{}" || strings.HasPrefix(contentType, "text/html")
	}
	if root, is := xmlRoot(said); is && signals {
		foreign = root != middleware.GetOperationName(req.Context())+"Response"
		if id := requestIDWithin(said); id != "" && requestID(resp.Header) == "" {
			resp.Header.Set("X-Amzn-Requestid", id)
		}
	}
	if foreign && resp.StatusCode == http.StatusOK {
		return nil, &delivery.ForeignAnswerError{Service: "AWS", Status: resp.Status, ContentType: contentType}
	}
	return resp, nil
}

// requestIDWithin returns the id that a service with the protocol awsQuery puts
// into the body of its answers.
func requestIDWithin(body []byte) string {
	var answer struct {
		Of     string `xml:"ResponseMetadata>RequestId"`
		Failed string `xml:"RequestId"`
	}
	_ = xml.Unmarshal(body, &answer) // The body is complete, and may have no id.
	return cmp.Or(answer.Of, answer.Failed)
}

// IsJSON reports whether a body can come from a service with the protocol
// awsJson or restJson. The body of an operation without a result may be empty.
func IsJSON(body []byte) bool { return len(body) == 0 || delivery.IsJSONObject(body) }

// IsXML reports whether a body can come from a service with the protocol
// awsQuery: an XML document whose root is the response of an operation or an
// error.
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#response-serialization
func IsXML(body []byte) bool {
	root, is := xmlRoot(body)
	return is && len(root) > len("Response") && strings.HasSuffix(root, "Response")
}

// xmlRoot returns the name of an XML document's root. It returns false if the
// body is not one complete document.
func xmlRoot(body []byte) (root string, is bool) {
	document, depth := xml.NewDecoder(bytes.NewReader(body)), 0
	for {
		token, err := document.Token()
		if err != nil {
			return root, errors.Is(err, io.EOF) && root != ""
		}
		switch token := token.(type) {
		case xml.StartElement:
			if depth == 0 && root != "" {
				return "", false
			}
			root = cmp.Or(root, token.Name.Local)
			depth++
		case xml.EndElement:
			depth--
		case xml.CharData:
			if depth == 0 && len(bytes.TrimSpace(token)) > 0 {
				return "", false
			}
		}
	}
}

// unnamedError is the SDK's code for an error answer without a code. Only
// something other than the service sends such an answer.
const unnamedError = "UnknownError"

var errUnnamed = &delivery.ForeignAnswerError{What: "the answer names no error of an AWS service"}

// Explain says what the user can do about a failed attempt, for the errors that
// all AWS services have in common. permission is the IAM action that the
// attempt needs. Explain returns "" for an unknown code.
func Explain(attempt delivery.Attempt, permission string) string {
	credentials := (*delivery.CredentialsError)(nil)
	switch {
	case errors.As(attempt.Err, &credentials):
		return credentials.Next
	case attempt.Cause == delivery.Throttled:
		return "The requests exceed the limits of this account, although the provider slows signals down to the rate that the service accepts. Allow more time with timeouts, or have the limit raised."
	case slices.Contains(deniedCodes, attempt.Code):
		return fmt.Sprintf("Allow the IAM action %s on this target to the identity that the provider uses.", permission)
	case slices.Contains(expiredCodes, attempt.Code):
		return expiredNext
	case slices.Contains(invalidCodes, attempt.Code):
		return invalidNext
	case strings.TrimSuffix(attempt.Code, "Exception") == "UnknownOperation":
		return "The server at this endpoint does not offer this operation: check the endpoint in the provider's aws block."
	}
	return ""
}

// The error codes for problems with credentials, from "Common Errors" in the
// API references. The query protocol omits "Exception".
var (
	deniedCodes = []string{"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized", "OperationNotPermittedFault"}
	// expiredCodes are the codes for expired credentials.
	expiredCodes = []string{"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
	invalidCodes = []string{
		"UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId", "InvalidSignatureException", "SignatureDoesNotMatch",
		"IncompleteSignature", "IncompleteSignatureException", "MissingAuthenticationToken", "MissingAuthenticationTokenException", "RequestTimeTooSkewed",
	}
)

const (
	expiredNext = "The credentials have expired, or this machine's clock is wrong: renew them, or set the clock."
	invalidNext = "AWS does not accept the credentials: check access key, secret key, session token and region, and this machine's clock."
)

// CommandLine returns a command of the AWS CLI in quotation marks, for texts
// that tell a user what to run. The format has a %s for each value. The values
// are quoted for a shell.
func CommandLine(region, format string, values ...*string) string {
	var given []any
	for _, value := range values {
		given = append(given, delivery.ShellWord(awssdk.ToString(value)))
	}
	return fmt.Sprintf(`"aws %s --region %s"`, fmt.Sprintf(format, given...), delivery.ShellWord(region))
}
