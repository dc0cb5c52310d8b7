package aws

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithymiddleware "github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// Send makes one attempt of an SDK operation that signals, which answers with
// nothing, and classifies how it ended. The call returns the operation's result
// metadata, and its client comes from Client.
func Send(ctx context.Context, call func(context.Context) (smithymiddleware.Metadata, error)) delivery.Attempt {
	return Read(context.WithValue(ctx, signalling{}, true), call)
}

// Read is Send for an operation that reads.
func Read(ctx context.Context, call func(context.Context) (smithymiddleware.Metadata, error)) delivery.Attempt {
	ctx, wire := delivery.WithRequestTrace(ctx)
	metadata, err := call(ctx)
	if err == nil {
		id, _ := middleware.GetRequestIDMetadata(metadata)
		attempt := delivery.Attempt{Outcome: delivery.Accepted, RequestID: id, Status: wire.Status(), Clock: wire.Clock()}
		if attempt.Status != http.StatusOK {
			// The SDK takes any 2xx; the API references know only 200.
			attempt.Outcome, attempt.Err = delivery.Unknown, errors.New("the answer is not one of an AWS service; a proxy may have answered in its place")
		}
		return attempt
	}
	if !wire.Connected() {
		attempt := wire.Unsent(err)
		if credentials := (*CredentialsError)(nil); errors.As(err, &credentials) {
			attempt.Cause, attempt.Err = delivery.NoCredentials, credentials
		}
		return attempt
	}
	attempt := delivery.Attempt{Outcome: delivery.Unknown, Status: wire.Status(), Err: err}
	if response := (*awshttp.ResponseError)(nil); errors.As(err, &response) {
		attempt.RequestID = response.ServiceRequestID()
	}
	if send := (*smithyhttp.RequestSendError)(nil); errors.As(err, &send) {
		attempt.Err = send.Err
	}
	refusal := smithy.APIError(nil)
	if !errors.As(err, &refusal) {
		return attempt
	}
	if refusal.ErrorCode() == unnamedError {
		attempt.Err = errors.New("the answer names no error of an AWS service; a proxy may have answered in its place")
		return attempt
	}
	attempt.Code, attempt.Message = refusal.ErrorCode(), refusal.ErrorMessage()
	switch _, throttled := retry.DefaultThrottleErrorCodes[attempt.Code]; {
	case throttled:
		attempt.Outcome, attempt.Cause = delivery.NotSent, delivery.Throttled
	case attempt.Status >= 400 && attempt.Status < 500:
		attempt.Outcome = delivery.Rejected
	}
	return attempt
}

// signalling marks the context of an operation that answers with nothing.
type signalling struct{}

// nothingElse turns away answers to signals that say something and carry no
// request id: the SDK does not look at what it does not expect, and takes a
// captive portal's answer for success.
type nothingElse struct{ delivery.Doer }

// Do sends req. It returns *delivery.ForeignAnswerError for an answer that is not AWS's.
func (n nothingElse) Do(req *http.Request) (*http.Response, error) {
	resp, err := n.Doer.Do(req)
	if err != nil || req.Context().Value(signalling{}) == nil || resp.StatusCode != http.StatusOK || resp.Header.Get("X-Amzn-Requestid") != "" || resp.Header.Get("X-Amz-Request-Id") != "" {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	contentType := resp.Header.Get("Content-Type")
	if said := string(bytes.TrimSpace(body)); said != "" && said != "{}" || strings.HasPrefix(contentType, "text/html") {
		return nil, &delivery.ForeignAnswerError{Service: "AWS", Status: resp.Status, ContentType: contentType}
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// unnamedError is what the SDK calls an error answer that names no error, as
// only something other than the service would send.
const unnamedError = "UnknownError"

// Explain says what to do about an attempt that did not succeed, for the
// failures that all AWS services have in common. The permission is the IAM
// action that the attempt needs. It returns "" for a code it does not know.
func Explain(attempt delivery.Attempt, permission string) string {
	code := strings.TrimSuffix(attempt.Code, "Exception")
	role := (*smithy.OperationError)(nil)
	switch {
	case attempt.Cause == delivery.NoCredentials && errors.As(attempt.Err, &role) && role.Service() == "STS":
		return fmt.Sprintf("Check the role in assume_role or assume_role_with_web_identity, and that its trust policy and the IAM action sts:%s let it be assumed.", role.Operation())
	case attempt.Cause == delivery.NoCredentials:
		return "Give the provider AWS credentials: access_key and secret_key or profile in its aws block, the AWS_* environment variables, a shared credentials file, or a role of the machine it runs on."
	case attempt.Cause == delivery.Throttled:
		return "More requests arrive than the limits of this account allow, although signals are held back to the pace that the service takes: allow more time with timeouts, or have the limit raised."
	case slices.Contains([]string{"AccessDenied", "UnauthorizedOperation", "NotAuthorized", "OperationNotPermittedFault"}, code):
		return fmt.Sprintf("Allow the IAM action %s on this target to the identity that the provider uses.", permission)
	case slices.Contains([]string{"ExpiredToken", "RequestExpired"}, code):
		return "The credentials have expired, or this machine's clock is wrong: renew them, or set the clock, and apply again."
	case slices.Contains([]string{"UnrecognizedClient", "InvalidClientTokenId", "InvalidAccessKeyId", "InvalidSignature", "SignatureDoesNotMatch", "IncompleteSignature", "MissingAuthenticationToken", "MissingAuthenticationTokenError"}, code):
		return "AWS does not accept the credentials: check access key, secret key, session token and region, and this machine's clock."
	case code == "UnknownOperation":
		return "What answers at this endpoint does not offer this operation: check the endpoint in the provider's aws block."
	}
	return ""
}

// explained adds to the error of a request what to do about it.
func explained(err error, permission string) error {
	attempt := delivery.Attempt{Err: err}
	if refusal := smithy.APIError(nil); errors.As(err, &refusal) {
		attempt.Code = refusal.ErrorCode()
	}
	if credentials := (*CredentialsError)(nil); errors.As(err, &credentials) {
		attempt.Cause, attempt.Err = delivery.NoCredentials, credentials
	}
	if next := Explain(attempt, permission); next != "" {
		return fmt.Errorf("%w. %s", err, next)
	}
	return err
}

// CommandLine is a command of the AWS command line interface, in quotation
// marks, for words that tell a user where to look. The format has a %s for each value.
func CommandLine(region, format string, values ...*string) string {
	var given []any
	for _, value := range values {
		given = append(given, awssdk.ToString(value))
	}
	return fmt.Sprintf(`"aws %s --region %s"`, fmt.Sprintf(format, given...), region)
}
