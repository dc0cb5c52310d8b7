package alicloud

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	sdk "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/utils"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// Send makes one attempt of one SDK operation and classifies how it ended. The
// call makes a client of the configuration, which has the SDK's own errors
// enabled, and returns the request id of the answer.
//
// An unknown outcome is repeatable where the vendor's rule for requests with a
// ClientToken says so: after a server error or no result, but not after a 4xx.
func Send(ctx context.Context, c *Clients, service string, call func(ctx context.Context, config *openapi.Config) (requestID string, err error)) delivery.Attempt {
	with, err := c.keys(ctx)
	if err != nil {
		return unsigned(ctx, err)
	}
	return send(ctx, func(ctx context.Context) (string, error) { return call(ctx, c.client(service, with)) })
}

// unsigned describes an attempt that found nothing to sign with.
func unsigned(ctx context.Context, err error) delivery.Attempt {
	attempt := delivery.Attempt{Outcome: delivery.NotSent, Cause: delivery.NoCredentials, Err: err}
	if role := (*roleError)(nil); errors.As(err, &role) {
		asked := role.attempt
		attempt.Status, attempt.RequestID, attempt.RetryAfter = asked.Status, asked.RequestID, asked.RetryAfter
		switch {
		case asked.Outcome == delivery.NotSent:
			attempt.Cause = asked.Cause
		case asked.Outcome == delivery.Unknown && asked.Repeatable:
			attempt.Cause = delivery.Unreachable // Assuming a role twice does no harm.
		}
	} else if ctx.Err() != nil {
		attempt.Cause = delivery.Unreachable
	}
	return attempt
}

// refusal is what the SDK's error types have in common.
type refusal interface {
	error
	GetData() map[string]any
}

// send makes one attempt. All of its requests are the call's.
func send(ctx context.Context, call func(context.Context) (string, error)) delivery.Attempt {
	ctx, wire := delivery.WithRequestTrace(ctx)
	id, err := call(ctx)
	if err != nil && !wire.Connected() {
		return wire.Unsent(err)
	}
	status := wire.Status()
	attempt := delivery.Attempt{Outcome: delivery.Unknown, RequestID: id, Status: status, Err: err, Repeatable: status < 300 || status >= 500}
	// The SDK takes a redirect for success, too.
	if err == nil && id != "" && status == http.StatusOK {
		return delivery.Attempt{Outcome: delivery.Accepted, RequestID: id, Status: status}
	}
	if err == nil {
		attempt.Err = errors.New("the answer is not HTTP 200 with a request id, so it is not one of Alibaba Cloud's; a proxy may have answered in its place")
		return attempt
	}
	refused := refusal(nil)
	if !errors.As(err, &refused) {
		return attempt
	}
	// The error's own fields are made of this, with "<nil>" for what is missing.
	said := refused.GetData()
	attempt.Code, attempt.Message, attempt.RequestID = text(said["Code"]), text(said["Message"]), text(said["RequestId"])
	throttling := (*sdk.ThrottlingError)(nil)
	switch {
	case attempt.Code == "":
		attempt.Err = errors.New("the answer names no error of Alibaba Cloud; a proxy may have answered in its place")
	case errors.As(err, &throttling):
		attempt.Outcome, attempt.Cause, attempt.Repeatable = delivery.NotSent, delivery.Throttled, false
		if throttling.RetryAfter != nil {
			attempt.RetryAfter = time.Duration(*throttling.RetryAfter) * time.Millisecond
		}
	case attempt.Code == stillProcessing:
		attempt.Repeatable = true
	case status >= 400 && status < 500:
		attempt.Outcome = delivery.Rejected
	}
	return attempt
}

// stillProcessing says that an earlier request with the same ClientToken is
// under way, so that this one came to nothing. It does not say that nothing was
// sent: the earlier one carries the same signal, whoever sent it.
const stillProcessing = "LastTokenProcessing"

func text(value any) string {
	s, _ := value.(string)
	return s
}

// Explain says what to do about an attempt that did not succeed, for the
// failures that all Alibaba Cloud services have in common. The permission is the
// RAM action that the attempt needs. It returns "" for a code it does not know.
func Explain(attempt delivery.Attempt, permission string) string {
	code := attempt.Code
	is := func(families ...string) bool {
		return slices.ContainsFunc(families, func(family string) bool { return code == family || strings.HasPrefix(code, family+".") })
	}
	role := (*roleError)(nil)
	switch {
	case errors.As(attempt.Err, &role) && attempt.Cause == delivery.NoCredentials:
		return fmt.Sprintf("Check the role in assume_role or in the profile, and that its trust policy lets the identity of the first credentials assume it. That identity needs the RAM action sts:AssumeRole on %s.", role.role)
	case attempt.Cause == delivery.NoCredentials:
		return "Check that this runs on an ECS instance with that role, or give the provider other credentials in its alicloud block, the ALICLOUD_* environment variables, or a profile of the aliyun command line."
	case is("NoPermission", "Forbidden"):
		return fmt.Sprintf("Allow the RAM action %s on this target to the identity that the provider uses.", permission)
	case is("InvalidSecurityToken.Expired", "InvalidTimeStamp"):
		return "The credentials have expired, or this machine's clock is wrong: renew them, or set the clock."
	case is("InvalidAccessKeyId", "SignatureDoesNotMatch", "IncompleteSignature", "InvalidSecurityToken", "MissingSecurityToken", "InvalidAccessKeySecret"):
		return "Alibaba Cloud does not accept the credentials: check access key, secret key and security token, whether the key is still active, and this machine's clock."
	case is("InvalidAction", "InvalidVersion"):
		return "What answers at this endpoint does not offer this operation: check endpoints in the provider's alicloud block."
	}
	return ""
}
