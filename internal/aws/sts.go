package aws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// stsSetup has the settings of all requests to STS in the process.
type stsSetup struct {
	config Config
	// region is the region of the first signal. It is used if no other region is set.
	region atomic.Pointer[string]
	// The following fields are set when the configuration is loaded, before the first
	// request.
	endpoint *string
	client   delivery.Doer
	sdkDoer  sdkDoer
	chain    *credentialChain
	// command is the credential_process that returns the first credentials.
	command string
}

// stsCalls has the operations of STS. The SDK calls some of them for roles of
// profiles and of the environment, with its own clients. stsCalls replaces
// those clients.
type stsCalls struct {
	*stsSetup
	client *sts.Client
	// role says where the role is set.
	role string
}

// AssumeRole gets the credentials of a role.
func (s stsCalls) AssumeRole(ctx context.Context, in *sts.AssumeRoleInput, options ...func(*sts.Options)) (*sts.AssumeRoleOutput, error) {
	return ask(ctx, s, "AssumeRole", s.client.AssumeRole, in, options)
}

// AssumeRoleWithWebIdentity gets the credentials of a role for a token.
func (s stsCalls) AssumeRoleWithWebIdentity(ctx context.Context, in *sts.AssumeRoleWithWebIdentityInput, options ...func(*sts.Options)) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	s.config.Secrets.Hide(awssdk.ToString(in.WebIdentityToken))
	return ask(ctx, s, "AssumeRoleWithWebIdentity", s.client.AssumeRoleWithWebIdentity, in, options)
}

// GetCallerIdentity reads the identity of the credentials.
func (s stsCalls) GetCallerIdentity(ctx context.Context, in *sts.GetCallerIdentityInput, options ...func(*sts.Options)) (*sts.GetCallerIdentityOutput, error) {
	return ask(ctx, s, "GetCallerIdentity", s.client.GetCallerIdentity, in, options)
}

// options sets the options of each request, because the clients are created
// before all of them are known.
func (s *stsSetup) options(o *sts.Options) {
	o.HTTPClient = s.client
	// The code that waits for the credentials retries temporary failures. The SDK
	// retries only for a wrong clock, and for a new web identity token that IAM does
	// not know yet.
	o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
		o.Retryables = []retry.IsErrorRetryable{retry.NoRetryCanceledError{}, retry.RetryableError{}}
		o.MaxBackoff = time.Second
	})
	o.Region = cmp.Or(s.config.STSRegion, o.Region, awssdk.ToString(s.region.Load()))
	if s.endpoint != nil {
		o.BaseEndpoint = s.endpoint
		// The user's endpoint wins: the SDK has no FIPS or dual-stack variant of it.
		o.EndpointOptions.UseFIPSEndpoint = awssdk.FIPSEndpointStateDisabled
		o.EndpointOptions.UseDualStackEndpoint = awssdk.DualStackEndpointStateDisabled
	}
}

// stsTimeout is the timeout of one operation of STS, including the SDK's
// retries.
const stsTimeout = time.Minute

// ask calls one operation of STS. Errors are *delivery.CredentialsError, except when
// there were no credentials for the request.
func ask[In, Out any](ctx context.Context, s stsCalls, name string, operation func(context.Context, In, ...func(*sts.Options)) (Out, error), in In, options []func(*sts.Options)) (out Out, err error) {
	bounded, cancel := delivery.RetryPolicy{AttemptTimeout: stsTimeout, Clock: s.config.Clock}.WithAttemptTimeout(ctx)
	defer cancel()
	traced, trace := delivery.WithRequestTrace(bounded)
	traced, noted := withSignature(traced)
	out, err = operation(traced, in, append([]func(*sts.Options){s.options}, options...)...)
	if err == nil {
		noted.taken()
		return out, nil
	}
	attempt := trace.Attempt(err)
	failed := &delivery.CredentialsError{Err: err, Cause: attempt.CredentialsCause()}
	refusal := smithy.APIError(nil)
	refused := errors.As(err, &refusal) && refusal.ErrorCode() != unnamedError
	switch {
	case noted.chain == nil:
		if errors.As(err, &failed) {
			return out, failed // It says more than the errors of the SDK around it.
		}
		return out, err
	case attempt.Outcome == delivery.NotSent:
		if send, ok := errors.AsType[*smithyhttp.RequestSendError](err); ok {
			failed.Err = fmt.Errorf("asking STS for sts:%s: %w", name, send.Err)
		}
	case refused:
		failed.Cause, failed.Next = s.judge(name, refusal.ErrorCode(), attempt.Status, noted, err)
	case refusal != nil, errors.As(err, new(*smithy.DeserializationError)):
		failed.Err = fmt.Errorf("asking STS for sts:%s: %w", name, errUnnamed)
	case bounded.Err() != nil && ctx.Err() == nil:
		failed.Err = fmt.Errorf("STS did not answer sts:%s within %s: %w", name, stsTimeout, err)
	}
	return out, failed
}

// judge returns the cause of a refusal, and what the user can do about it.
func (s stsCalls) judge(name, code string, status int, noted *signature, err error) (delivery.Cause, string) {
	_, throttled := retry.DefaultThrottleErrorCodes[code]
	switch {
	case throttled, delivery.IsTransientStatus(status), code == "IDPCommunicationError":
		return delivery.CredentialsFailing, ""
	case slices.Contains(expiredCodes, code) && name == "AssumeRoleWithWebIdentity", code == "InvalidIdentityToken", code == "IDPRejectedClaim":
		return delivery.NoCredentials, "STS does not accept the web identity token: check that it has not expired, and that its issuer and audience are those of the identity provider in IAM."
	case slices.Contains(expiredCodes, code):
		if noted.fixedByRetry(code, err) {
			return delivery.CredentialsFailing, ""
		}
		return delivery.NoCredentials, expiredNext
	case slices.Contains(deniedCodes, code) && name == "GetCallerIdentity":
		return delivery.NoCredentials, "Allow the IAM action sts:GetCallerIdentity to the identity that the provider uses."
	case slices.Contains(deniedCodes, code):
		return delivery.NoCredentials, fmt.Sprintf("Check the role in %s, and that its trust policy and the IAM action sts:%s let it be assumed.", s.role, name)
	case slices.Contains(invalidCodes, code):
		return delivery.NoCredentials, invalidNext
	}
	return delivery.NoCredentials, ""
}
