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

// link is one source of credentials in a chain: the first source, or a role that is
// assumed with the credentials of the link before.
type link = *delivery.CredentialCache[awssdk.Credentials]

func (c Config) newLink(source awssdk.CredentialsProvider) link {
	return &delivery.CredentialCache[awssdk.Credentials]{
		Ask: func(ctx context.Context) (awssdk.Credentials, error) {
			if cached, ok := source.(*awssdk.CredentialsCache); ok {
				cached.Invalidate()
			}
			keys, err := source.Retrieve(ctx)
			if err != nil {
				return keys, err
			}
			c.Secrets.Hide(keys.SecretAccessKey, keys.SessionToken)
			return keys, checkKeys(keys)
		},
		About: func(keys awssdk.Credentials) (id string, ends time.Time, lasts time.Duration) {
			if keys.CanExpire {
				ends = keys.Expires
			}
			return keys.AccessKeyID, ends, 0
		},
		Renews: func(keys awssdk.Credentials) bool { return keys.CanExpire || keys.Source == processcreds.ProviderName },
	}
}

// checkKeys returns a *delivery.CredentialsError for credentials that cannot be used to
// sign.
func checkKeys(keys awssdk.Credentials) error {
	from := keys.Source
	switch from {
	case config.CredentialsSourceName:
		from = "the AWS_* environment variables"
	case credentials.StaticCredentialsName:
		from = "the provider's aws block"
	}
	return delivery.CheckKeys(from, map[string]string{"access key id": keys.AccessKeyID, "secret key": keys.SecretAccessKey, "session token": keys.SessionToken})
}

// keyring has the credentials of a provider block: the chain of links, whose
// last one signs requests.
type keyring struct {
	links []link
	guard *accountGuard
	// from says where the credentials come from.
	from string
	// where says from which files the profiles come.
	where string
	// static says that the profile in use has static keys, which cannot be renewed.
	static bool
	// signIn is the name of the profile to sign in with, "" for the default one.
	signIn string
}

func (k *keyring) last() link { return k.links[len(k.links)-1] }

// Retrieve returns the credentials for the next request, after it has checked
// that their account is allowed. All errors are *delivery.CredentialsError.
func (k *keyring) Retrieve(ctx context.Context) (awssdk.Credentials, error) {
	keys, err := k.last().Retrieve(ctx)
	if err == nil {
		err = k.guard.check(ctx)
	}
	if err == nil {
		return keys, nil
	}
	return awssdk.Credentials{}, k.fault(ctx, err)
}

// expired records that a service called the credentials with this access key id
// expired, and reports whether a renewal is possible.
func (k *keyring) expired(id string) bool {
	for _, l := range k.links {
		if known, again := l.Expired(id); known {
			return again
		}
	}
	// The SDK itself assumes the role of the profile, and renews these credentials.
	return !k.static && k.links[0].HasReturned()
}

// fault returns the cause of an error, and what the user can do about it.
func (k *keyring) fault(ctx context.Context, err error) *delivery.CredentialsError {
	fault := &delivery.CredentialsError{Cause: delivery.NoCredentials, Err: cachedError{err}}
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
		fault.Cause, fault.Next = known.Cause, known.Next
	case ctx.Err() != nil:
		fault.Cause = delivery.CredentialsFailing
		fault.Err = fmt.Errorf("waiting for credentials (%s) ended before there were any: %w", k.from, fault.Err)
	case errors.As(err, &refusal) && refusal.ErrorFault() == smithy.FaultServer:
		fault.Cause = delivery.CredentialsFailing
	case isResponse && delivery.IsTransientStatus(response.HTTPStatusCode()):
		fault.Cause = delivery.CredentialsFailing
	case isLogin && errors.Is(err, fs.ErrPermission):
		// Another sign-in would not make the file readable.
	case isLogin && strings.Contains(err.Error(), "insufficient permissions"):
		fault.Next = fmt.Sprintf("Allow the identity that signed in the action CreateOAuth2Token, or sign in with another one: \"aws login%s\".", k.profileOption())
	case isLogin:
		fault.Next = fmt.Sprintf("Sign in again: \"aws login%s\".", k.profileOption())
	case errors.As(err, &sso), strings.Contains(err.Error(), "SSO token") && !isSend, isSSO && isResponse && response.HTTPStatusCode() == http.StatusUnauthorized:
		fault.Next = fmt.Sprintf("Sign in again: \"aws sso login%s\".", k.profileOption())
	case isSSO && isResponse:
		fault.Next = "Check sso_account_id and sso_role_name of the profile. " + k.where
	case isResponse:
		fault.Next = k.nextStep()
	case k.links[0].HasReturned():
		// The source has returned credentials before, so this failure may be
		// temporary.
		fault.Cause = delivery.CredentialsFailing
	case errors.As(err, new(*lostAnswerError)):
		fault.Cause = delivery.CredentialsFailing
	case isSend && !delivery.IsTransient(send.Err):
		// For example a proxy's refusal: trying again may lock an account.
		fault.Cause = delivery.ConnectionCause(send.Err)
	case isSend && !strings.Contains(err.Error(), ec2rolecreds.ProviderName) && !strings.Contains(err.Error(), "ec2imds"):
		fault.Cause = delivery.CredentialsUnreachable
	case errors.Is(err, fs.ErrNotExist):
	default:
		fault.Next = k.nextStep()
	}
	return fault
}

// loginErrors are parts of the errors of the SDK for a session of "aws login". These
// errors have no type.
var loginErrors = []string{"load login token: ", "validate login token: ", "create oauth2 token: "}

func (k *keyring) profileOption() string {
	if k.signIn == "" {
		return ""
	}
	return " --profile " + delivery.ShellWord(k.signIn)
}

// nextStep is the advice for a user without credentials.
func (k *keyring) nextStep() string {
	return "Give the provider AWS credentials: access_key and secret_key, or profile, in its aws block; the AWS_* environment variables; a shared credentials file; or a role of the machine that it runs on. " + k.where
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
	keys *keyring
	id   string
}

type signatureKey struct{}

// signed records in a request's context which credentials signed it.
type signed struct {
	delivery.Doer
	keys *keyring
}

// Do sends req.
func (s signed) Do(req *http.Request) (*http.Response, error) {
	if noted, ok := req.Context().Value(signatureKey{}).(*signature); ok {
		_, credential, _ := strings.Cut(req.Header.Get("Authorization"), "Credential=")
		noted.keys = s.keys
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

// mends reports whether another attempt may succeed after a request was refused
// with this code: with the service's time, which the SDK has read from the
// refusal, or with renewed credentials.
func (s *signature) mends(code string, err error) bool {
	skew := interface{ RetryableError() bool }(nil)
	if slices.Contains(expiredCodes, code) {
		return s.keys != nil && s.keys.expired(s.id)
	}
	// Among the errors that the client itself does not retry, the SDK marks only
	// clock skew as retryable.
	return errors.As(err, &skew) && skew.RetryableError()
}

// taken records that the service accepted the signature.
func (s *signature) taken() {
	if s.keys == nil {
		return
	}
	for _, l := range s.keys.links {
		l.Accepted(s.id)
	}
}
