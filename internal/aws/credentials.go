package aws

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// cachedError is an error without the prefixes that the SDK's caches add.
type cachedError struct{ error }

func (e cachedError) Error() string {
	return strings.ReplaceAll(e.error.Error(), "failed to refresh cached credentials, ", "")
}

func (e cachedError) Unwrap() error { return e.error }

// credentialSource is one source of credentials in a chain: the first one, or a role that is
// assumed with the credentials of the source before.
type credentialSource = *delivery.CredentialCache[awssdk.Credentials]

func (c Config) newSource(source awssdk.CredentialsProvider) credentialSource {
	return &delivery.CredentialCache[awssdk.Credentials]{
		Ask: func(ctx context.Context) (awssdk.Credentials, error) {
			if cached, ok := source.(*awssdk.CredentialsCache); ok {
				cached.Invalidate()
			}
			found, err := source.Retrieve(ctx)
			if err != nil {
				return found, err
			}
			c.Secrets.Hide(found.SecretAccessKey, found.SessionToken)
			return found, checkKeys(found)
		},
		About: func(found awssdk.Credentials) (id string, ends time.Time, lasts time.Duration) {
			if found.CanExpire {
				ends = found.Expires
			}
			return found.AccessKeyID, ends, 0
		},
		Renews: func(found awssdk.Credentials) bool {
			return found.CanExpire || found.Source == processcreds.ProviderName
		},
	}
}

// checkKeys returns a *delivery.CredentialsError for credentials that cannot be used to
// sign.
func checkKeys(found awssdk.Credentials) error {
	from := found.Source
	switch from {
	case config.CredentialsSourceName:
		from = "the AWS_* environment variables"
	case credentials.StaticCredentialsName:
		from = "the provider's aws block"
	}
	return delivery.CheckKeys(from, map[string]string{"access key id": found.AccessKeyID, "secret key": found.SecretAccessKey, "session token": found.SessionToken})
}

// credentialChain has the credentials of a provider block: the chain of sources, whose
// last one gives the credentials that sign requests.
type credentialChain struct {
	sources []credentialSource
	guard   *accountGuard
	// from says where the credentials come from.
	from string
	// where says from which files the profiles come.
	where string
	// static says that the profile in use has static keys, which cannot be renewed.
	static bool
	// signIn is the name of the profile to sign in with, "" for the default one.
	signIn string
}

func (c *credentialChain) last() credentialSource { return c.sources[len(c.sources)-1] }

// Retrieve returns the credentials for the next request, after it has checked
// that their account is allowed. All errors are *delivery.CredentialsError.
func (c *credentialChain) Retrieve(ctx context.Context) (awssdk.Credentials, error) {
	found, err := c.last().Retrieve(ctx)
	if err == nil {
		err = c.guard.check(ctx)
	}
	if err == nil {
		return found, nil
	}
	return awssdk.Credentials{}, c.credentialsError(ctx, err)
}

// expired records that a service called the credentials with this access key id
// expired, and reports whether a renewal is possible.
func (c *credentialChain) expired(id string) bool {
	for _, l := range c.sources {
		if known, again := l.Expired(id); known {
			return again
		}
	}
	// The SDK itself assumes the role of the profile, and renews these credentials.
	return !c.static && c.sources[0].HasReturned()
}

// credentialsError returns the cause of an error, and what the user can do about it.
func (c *credentialChain) credentialsError(ctx context.Context, err error) *delivery.CredentialsError {
	failed := &delivery.CredentialsError{Cause: delivery.NoCredentials, Err: cachedError{err}}
	var (
		known    *delivery.CredentialsError
		sso      *ssocreds.InvalidTokenError
		response *smithyhttp.ResponseError
		send     *smithyhttp.RequestSendError
		refusal  smithy.APIError
	)
	operation := (*smithy.OperationError)(nil)
	isSSO := errors.As(err, &operation) && strings.HasPrefix(operation.Service(), "SSO")
	isSend := errors.As(err, &send)
	isResponse := !isSend && errors.As(err, &response)
	isLogin := !isSend && slices.ContainsFunc(loginErrors, func(part string) bool { return strings.Contains(err.Error(), part) })
	switch {
	case errors.As(err, &known):
		failed.Cause, failed.Next = known.Cause, known.Next
	case ctx.Err() != nil:
		failed.Cause = delivery.CredentialsFailing
		failed.Err = fmt.Errorf("waiting for credentials (%s) ended before there were any: %w", c.from, failed.Err)
	case errors.As(err, &refusal) && refusal.ErrorFault() == smithy.FaultServer:
		failed.Cause = delivery.CredentialsFailing
	case isResponse && delivery.IsTransientStatus(response.HTTPStatusCode()):
		failed.Cause = delivery.CredentialsFailing
	case isLogin && errors.Is(err, fs.ErrPermission):
		// Another sign-in would not make the file readable.
	case isLogin && strings.Contains(err.Error(), "insufficient permissions"):
		failed.Next = fmt.Sprintf("Allow the identity that signed in the action CreateOAuth2Token, or sign in with another one: \"aws login%s\".", c.profileOption())
	case isLogin:
		failed.Next = fmt.Sprintf("Sign in again: \"aws login%s\".", c.profileOption())
	case errors.As(err, &sso), strings.Contains(err.Error(), "SSO token") && !isSend, isSSO && isResponse && response.HTTPStatusCode() == http.StatusUnauthorized:
		failed.Next = fmt.Sprintf("Sign in again: \"aws sso login%s\".", c.profileOption())
	case isSSO && isResponse:
		failed.Next = "Check sso_account_id and sso_role_name of the profile. " + c.where
	case isResponse:
		failed.Next = c.nextStep()
	case c.sources[0].HasReturned():
		// The source has returned credentials before, so this failure may be
		// temporary.
		failed.Cause = delivery.CredentialsFailing
	case errors.As(err, new(*lostAnswerError)):
		failed.Cause = delivery.CredentialsFailing
	case isSend && !delivery.IsTransient(send.Err):
		// For example a proxy's refusal: trying again may lock an account.
		failed.Cause = delivery.ConnectionCause(send.Err)
	case isSend && !strings.Contains(err.Error(), ec2rolecreds.ProviderName) && !strings.Contains(err.Error(), "ec2imds"):
		failed.Cause = delivery.CredentialsUnreachable
	case errors.Is(err, fs.ErrNotExist):
	default:
		failed.Next = c.nextStep()
	}
	return failed
}

// loginErrors are parts of the errors of the SDK for a session of "aws login". These
// errors have no type.
var loginErrors = []string{"load login token: ", "validate login token: ", "create oauth2 token: "}

func (c *credentialChain) profileOption() string {
	if c.signIn == "" {
		return ""
	}
	return " --profile " + delivery.ShellWord(c.signIn)
}

// nextStep is the advice for a user without credentials.
func (c *credentialChain) nextStep() string {
	return "Give the provider AWS credentials: access_key and secret_key, or profile, in its aws block; the AWS_* environment variables; a shared credentials file; or a role of the machine that it runs on. " + c.where
}

// accountGuard reads the account of the credentials once, before the first
// request is signed with them, and remembers the result. All that need it at the
// same time share one request, even one that STS does not answer.
type accountGuard struct {
	allowed, forbidden []string
	identity           func(context.Context) (*sts.GetCallerIdentityOutput, error)
	asking             delivery.SharedRequest[error]
	// found is the result: nil until STS has answered, then whether the account is
	// allowed.
	found atomic.Pointer[error]
	// caller is the ARN of the identity, after it was read.
	caller atomic.Pointer[string]
}

func newAccountGuard(c Config, identity func(context.Context) (*sts.GetCallerIdentityOutput, error)) *accountGuard {
	return &accountGuard{allowed: c.AllowedAccountIDs, forbidden: c.ForbiddenAccountIDs, identity: identity}
}

// check returns nil if the account is allowed.
func (g *accountGuard) check(ctx context.Context) error {
	if len(g.allowed)+len(g.forbidden) == 0 {
		return nil
	}
	if found := g.found.Load(); found != nil {
		return *found
	}
	found, err := g.asking.Get(ctx, g.ask)
	switch {
	case err != nil && ctx.Err() != nil:
		return &delivery.CredentialsError{Cause: delivery.CredentialsFailing, Err: fmt.Errorf("%s: waiting for the answer ended: %w", checking, err)}
	case err != nil:
		return err
	default:
		return found
	}
}

// ask makes the request. It returns an error if there is no result.
func (g *accountGuard) ask(ctx context.Context) (found, err error) {
	if found := g.found.Load(); found != nil {
		return *found, nil
	}
	identity, err := g.identify(ctx)
	failed := (*delivery.CredentialsError)(nil)
	switch {
	case err == nil:
	case !errors.As(err, &failed):
		return nil, err // There were no credentials for the request.
	case failed.Cause != delivery.NoCredentials || errors.As(err, new(*delivery.ForeignAnswerError)):
		return nil, fmt.Errorf("%s: %w", checking, err)
	}
	found = g.judge(identity, err)
	g.found.Store(&found)
	return found, nil
}

// identify reads whose credentials sign, and remembers it.
func (g *accountGuard) identify(ctx context.Context) (*sts.GetCallerIdentityOutput, error) {
	identity, err := g.identity(ctx)
	if identity != nil {
		g.caller.Store(identity.Arn)
	}
	return identity, err
}

const checking = "checking allowed_account_ids and forbidden_account_ids with sts:GetCallerIdentity"

func (g *accountGuard) judge(identity *sts.GetCallerIdentityOutput, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", checking, err)
	}
	switch account := awssdk.ToString(identity.Account); {
	case account == "":
		err = errors.New(checking + ": the answer names no account, so it is not one of AWS; a proxy may have answered in its place")
	case slices.Contains(g.forbidden, account):
		err = fmt.Errorf("the credentials belong to AWS account %s, which forbidden_account_ids forbids: use credentials of another account", account)
	case len(g.allowed) > 0 && !slices.Contains(g.allowed, account):
		err = fmt.Errorf("the credentials belong to AWS account %s, which is not among allowed_account_ids %v: use credentials of one of these", account, g.allowed)
	default:
		return nil
	}
	return &delivery.CredentialsError{Cause: delivery.NoCredentials, Err: err}
}

// signature records which credentials signed a request.
type signature struct {
	chain *credentialChain
	id    string
}

type signatureKey struct{}

// signed records in a request's context which credentials signed it.
type signed struct {
	delivery.Doer
	chain *credentialChain
}

// Do sends req.
func (s signed) Do(req *http.Request) (*http.Response, error) {
	if noted, ok := req.Context().Value(signatureKey{}).(*signature); ok {
		_, credential, _ := strings.Cut(req.Header.Get("Authorization"), "Credential=")
		noted.chain = s.chain
		noted.id, _, _ = strings.Cut(credential, "/")
	}
	return s.Doer.Do(req)
}

// withSignature returns a context in which the signature of its request is
// recorded.
func withSignature(ctx context.Context) (context.Context, *signature) {
	noted := &signature{}
	return context.WithValue(ctx, signatureKey{}, noted), noted
}

// fixedByRetry reports whether another attempt may succeed after a request was refused
// with this code: with the service's time, which the SDK has read from the
// refusal, or with renewed credentials.
func (s *signature) fixedByRetry(code string, err error) bool {
	skew := interface{ RetryableError() bool }(nil)
	if slices.Contains(expiredCodes, code) {
		return s.chain != nil && s.chain.expired(s.id)
	}
	// Among the errors that the client itself does not retry, the SDK marks only
	// clock skew as retryable.
	return errors.As(err, &skew) && skew.RetryableError()
}

// taken records that the service accepted the signature.
func (s *signature) taken() {
	if s.chain == nil {
		return
	}
	for _, l := range s.chain.sources {
		l.Accepted(s.id)
	}
}
