package aws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
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

// stsSetup is how STS is asked, for whatever and by whomever in the process.
type stsSetup struct {
	config Config
	// region is that of the first signal; it is used where nothing else says one.
	region atomic.Pointer[string]
	// What follows is set once the configuration is loaded, before anything is asked.
	endpoint *string
	client   delivery.Doer
	keys     *keyring
	// command is the credential_process that the first credentials come from.
	command string
	// asking names what STS was asked for last.
	asking atomic.Pointer[string]
}

// stsCalls are the operations of STS. The SDK makes some of them for roles of
// profiles and of the environment, with clients of its own; these take their place.
type stsCalls struct {
	*stsSetup
	client *sts.Client
	// role says where the role to assume is set.
	role string
}

// AssumeRole asks for the credentials of a role.
func (s stsCalls) AssumeRole(ctx context.Context, in *sts.AssumeRoleInput, options ...func(*sts.Options)) (*sts.AssumeRoleOutput, error) {
	return ask(ctx, s, "AssumeRole", s.client.AssumeRole, in, options)
}

// AssumeRoleWithWebIdentity asks for the credentials of a role in exchange for a token.
func (s stsCalls) AssumeRoleWithWebIdentity(ctx context.Context, in *sts.AssumeRoleWithWebIdentityInput, options ...func(*sts.Options)) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	s.config.Secrets.Hide(awssdk.ToString(in.WebIdentityToken))
	return ask(ctx, s, "AssumeRoleWithWebIdentity", s.client.AssumeRoleWithWebIdentity, in, options)
}

// GetCallerIdentity asks whose the credentials are.
func (s stsCalls) GetCallerIdentity(ctx context.Context, in *sts.GetCallerIdentityInput, options ...func(*sts.Options)) (*sts.GetCallerIdentityOutput, error) {
	return ask(ctx, s, "GetCallerIdentity", s.client.GetCallerIdentity, in, options)
}

// options are set for each request: the clients are made before all of it is known.
func (s *stsSetup) options(o *sts.Options) {
	o.HTTPClient = s.client
	// What fails in passing is tried again by whoever waits for the credentials. The SDK
	// has to correct the clock, and to give a new web identity token time to be known.
	o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
		o.Retryables = []retry.IsErrorRetryable{retry.NoRetryCanceledError{}, retry.RetryableError{}}
		o.MaxBackoff = time.Second
	})
	o.Region = cmp.Or(s.config.STSRegion, o.Region, awssdk.ToString(s.region.Load()))
	if s.endpoint != nil {
		o.BaseEndpoint = s.endpoint
		// The endpoint wins: the SDK knows no FIPS or dual-stack variant of it.
		o.EndpointOptions.UseFIPSEndpoint = awssdk.FIPSEndpointStateDisabled
		o.EndpointOptions.UseDualStackEndpoint = awssdk.DualStackEndpointStateDisabled
	}
}

// stsTimeout is how long STS may take for one operation, the SDK's own repeats included.
const stsTimeout = time.Minute

// ask makes one operation of STS. It returns a *stsError, unless there was nothing to ask with.
func ask[In, Out any](ctx context.Context, s stsCalls, name string, operation Operation[In, Out, sts.Options], in *In, options []func(*sts.Options)) (*Out, error) {
	limit := cmp.Or(s.config.STSTimeout, stsTimeout)
	s.asking.Store(&name)
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	traced, trace := delivery.WithRequestTrace(bounded)
	traced, noted := withSignature(traced)
	out, err := operation(traced, in, append([]func(*sts.Options){s.options}, options...)...)
	if err == nil {
		noted.taken()
		return out, nil
	}
	failed := &stsError{Err: err, cause: delivery.CredentialsFailing}
	refusal := smithy.APIError(nil)
	refused := errors.As(err, &refusal) && refusal.ErrorCode() != unnamedError
	switch {
	case noted.keys == nil:
		return nil, err // Whoever was to sign it says why.
	case !trace.Connected():
		if send := (*smithyhttp.RequestSendError)(nil); errors.As(err, &send) {
			failed.Err = fmt.Errorf("asking STS for sts:%s: %w", name, send.Err)
		}
		switch unsent := trace.Unsent(err); unsent.Cause {
		case delivery.Unreachable:
			failed.cause = delivery.CredentialsUnreachable
		default:
			failed.cause = unsent.Cause
		}
	case refused:
		failed.cause, failed.next = s.judge(name, refusal.ErrorCode(), trace.Status(), noted, err)
	case bounded.Err() != nil && ctx.Err() == nil:
		failed.Err = fmt.Errorf("STS did not answer sts:%s within %s: %w", name, limit, err)
	}
	return nil, failed
}

// judge says what a refusal means and what to do about it.
func (s stsCalls) judge(name, code string, status int, noted *signature, err error) (delivery.Cause, string) {
	_, throttled := retry.DefaultThrottleErrorCodes[code]
	switch {
	case throttled, status >= http.StatusInternalServerError, status == http.StatusTooManyRequests, code == "IDPCommunicationError":
		return delivery.CredentialsFailing, ""
	case slices.Contains(expiredCodes, code) && name == "AssumeRoleWithWebIdentity", code == "InvalidIdentityToken", code == "IDPRejectedClaim":
		return delivery.NoCredentials, "STS does not accept the web identity token: check that it has not expired, and that its issuer and audience are those of the identity provider in IAM."
	case slices.Contains(expiredCodes, code):
		if noted.mends(code, err) {
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

// stsError means that STS was asked and gave nothing.
type stsError struct {
	cause delivery.Cause
	next  string
	Err   error
}

func (e *stsError) Error() string { return e.Err.Error() }

// Unwrap returns what the SDK said.
func (e *stsError) Unwrap() error { return e.Err }
