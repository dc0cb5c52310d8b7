package aws

import (
	"context"
	"errors"
	"fmt"
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

// Send makes one attempt of one SDK operation, a send or a read, and classifies
// how it ended. The call returns the operation's result metadata, and its client
// comes from Client.
func Send(ctx context.Context, call func(context.Context) (smithymiddleware.Metadata, error)) delivery.Attempt {
	ctx, wire := delivery.Watch(ctx)
	metadata, err := call(ctx)
	if err == nil {
		id, _ := middleware.GetRequestIDMetadata(metadata)
		return delivery.Attempt{Outcome: delivery.Accepted, RequestID: id, Status: wire.Status()}
	}
	if !wire.Left() {
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

// unnamedError is what the SDK calls an error answer that names no error, as
// only something other than the service would send.
const unnamedError = "UnknownError"

// Explain says what to do about an attempt that did not succeed, for the
// failures that all AWS services have in common. The permission is the IAM
// action that the attempt needs. It returns "" for a code it does not know.
func Explain(attempt delivery.Attempt, permission string) string {
	code := strings.TrimSuffix(attempt.Code, "Exception")
	switch {
	case attempt.Cause == delivery.NoCredentials:
		return "Give the provider AWS credentials: access_key and secret_key or profile in its aws block, the AWS_* environment variables, a shared credentials file, or a role of the machine it runs on."
	case attempt.Cause == delivery.Throttled:
		return "More requests arrive than the limits of this account allow: send fewer at a time with -parallelism, or have the limit raised."
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

// CommandLine is a command of the AWS command line interface, in quotation
// marks, for words that tell a user where to look. The format has a %s for each value.
func CommandLine(region, format string, values ...*string) string {
	var given []any
	for _, value := range values {
		given = append(given, awssdk.ToString(value))
	}
	return fmt.Sprintf(`"aws %s --region %s"`, fmt.Sprintf(format, given...), region)
}
