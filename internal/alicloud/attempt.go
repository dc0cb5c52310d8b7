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

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// Service is a service of Alibaba Cloud.
type Service struct {
	// Name is the argument for the service in the provider's endpoints.
	Name string
	// Host is the default host. In the host of a service with one for each region, a *
	// stands for the region.
	Host string
	// Version is the version of the API.
	Version string
}

// Client makes the requests to a service in one region.
type Client struct {
	clients *Clients
	Service Service
	Region  string
}

// Client returns the client of a region.
func (s Service) Client(clients *Clients, region string) Client {
	s.Host = strings.ReplaceAll(s.Host, "*", region)
	return Client{clients, s, region}
}

// judge returns the attempt as NotSent if another attempt may succeed after the refusal: with
// other keys, or with the service's time. A service that refuses the signature has not
// processed the request.
func (c *Clients) judge(with keys, attempt delivery.Attempt) delivery.Attempt {
	mayHelp := false
	switch {
	case attempt.Outcome == delivery.Accepted:
		c.granted.Accepted(with.id())
	case attempt.Outcome != delivery.Rejected:
	case isExpired(attempt.Code):
		_, mayHelp = c.granted.Expired(with.id())
	case is(attempt.Code, "InvalidTimeStamp"):
		mayHelp = c.correct(attempt.Clock)
	}
	if mayHelp {
		attempt.Outcome, attempt.Cause, attempt.Repeatable = delivery.NotSent, delivery.CredentialsFailing, false
	}
	return attempt
}

// refusal is the interface that all error types of the SDK have.
type refusal interface {
	error
	GetData() map[string]any
}

// send makes one attempt. call makes all of its requests.
func send(ctx context.Context, call func(context.Context) (string, error)) delivery.Attempt {
	ctx, wire := delivery.WithRequestTrace(ctx)
	id, err := call(ctx)
	attempt := wire.Attempt(err)
	if attempt.Outcome == delivery.NotSent {
		return attempt
	}
	status := attempt.Status
	attempt.RequestID, attempt.Repeatable = id, status < 300 || status >= 500
	refused := refusal(nil)
	switch {
	case err == nil && id != "" && status == http.StatusOK: // The SDK also takes a redirect for success.
		attempt.Outcome, attempt.Repeatable = delivery.Accepted, false
		return attempt
	case err == nil:
		attempt.Err = &delivery.ForeignAnswerError{What: "the answer is not HTTP 200 with a request id, so it is not one of Alibaba Cloud's"}
		return attempt
	case !errors.As(err, &refused):
		return attempt
	}
	// The fields of the error come from this data, with "<nil>" for a missing member.
	said := refused.GetData()
	attempt.Code, attempt.Message, attempt.RequestID = text(said["Code"]), text(said["Message"]), text(said["RequestId"])
	switch {
	case attempt.Code == "":
		attempt.Err = &delivery.ForeignAnswerError{What: "the answer names no error of Alibaba Cloud"}
	case errors.As(err, new(*sdk.ThrottlingError)):
		attempt.Outcome, attempt.Cause, attempt.Repeatable = delivery.NotSent, delivery.Throttled, false
		attempt.RetryAfter = delivery.RetryAfter(wire.Header().Get("X-Acs-Retry-After"), time.Millisecond)
	case attempt.Code == stillProcessing:
		attempt.Repeatable = true
	case status >= 400 && status < 500:
		attempt.Outcome = delivery.Rejected
	}
	return attempt
}

// stillProcessing is the error code while an earlier request with the same ClientToken is
// in progress. The service ignores this request. The signal may still arrive, with the
// earlier request.
const stillProcessing = "LastTokenProcessing"

func text(value any) string {
	s, _ := value.(string)
	return s
}

// is reports whether a code belongs to a family, such as "Forbidden.RAM" to "Forbidden".
func is(code string, families ...string) bool {
	return slices.ContainsFunc(families, func(family string) bool { return code == family || strings.HasPrefix(code, family+".") })
}

// isExpired reports whether a code means that the keys have expired.
func isExpired(code string) bool {
	return is(code, "InvalidSecurityToken.Expired", "SecurityTokenExpired")
}

// Explain says what the user can do about a failed attempt, for the errors that all
// services of Alibaba Cloud have in common. permission is the RAM action that the attempt
// needs. Explain returns "" for an unknown code.
func Explain(attempt delivery.Attempt, permission string) string {
	trouble := (*delivery.CredentialsError)(nil)
	switch code := attempt.Code; {
	case errors.As(attempt.Err, &trouble):
		return trouble.Next
	case is(code, "NoPermission", "Forbidden"):
		return fmt.Sprintf("Allow the RAM action %s on this target to the identity that the provider uses.", permission)
	case is(code, "InvalidAction", "InvalidVersion"):
		return "The server at this endpoint does not offer this operation: check endpoints in the provider's alicloud block."
	default:
		return refusedKeys(code)
	}
}

// refusedKeys says what the user can do about keys that a service or STS does not accept, ""
// for other codes.
func refusedKeys(code string) string {
	switch {
	case isExpired(code), is(code, "InvalidTimeStamp"):
		return "The credentials have expired, or this machine's clock is wrong: renew them, or set the clock."
	case is(code, "InvalidAccessKeyId", "SignatureDoesNotMatch", "IncompleteSignature", "InvalidSecurityToken", "MissingSecurityToken", "InvalidAccessKeySecret"):
		return "Alibaba Cloud does not accept the credentials: check access key, secret key and security token, whether the key is still active, and this machine's clock."
	default:
		return ""
	}
}
