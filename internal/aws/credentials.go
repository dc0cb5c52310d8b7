package aws

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"sync"
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

// CredentialsError means that there was nothing to sign a request with.
type CredentialsError struct {
	// Cause says whether trying again may help.
	Cause delivery.Cause
	// Next is the next step to try, "" where the error says it.
	Next string
	Err  error
}

// Error leaves out what each cache of the SDK adds, which says nothing.
func (e *CredentialsError) Error() string {
	return strings.ReplaceAll(e.Err.Error(), "failed to refresh cached credentials, ", "")
}

// Unwrap returns what the credential provider said.
func (e *CredentialsError) Unwrap() error { return e.Err }

// longestEarly is how long before their end credentials are renewed at the earliest:
// as the SDK does for those of containers.
const longestEarly = 5 * time.Minute

// renewalPause is how long credentials that still hold are used after renewing them failed.
const renewalPause = 10 * time.Second

// link is one source of credentials: the first one, or a role that is assumed with
// those of the link before. It renews them well before they end, and while that
// fails, goes on with those it has.
type link struct {
	source awssdk.CredentialsProvider
	cache  *awssdk.CredentialsCache
	// secrets is told what the source gives.
	secrets *delivery.Redactor

	mu sync.Mutex
	// last are the credentials as the source gave them last, and past the access key
	// ids of those before.
	last awssdk.Credentials
	past map[string]bool
	// replacing is set once a service has called the last ones expired; replacement is
	// the access key id of those that came in their place, until a service has taken them.
	replacing   bool
	replacement string
}

func newLink(source awssdk.CredentialsProvider) *link {
	l := &link{source: source, past: map[string]bool{}}
	l.cache = awssdk.NewCredentialsCache(l)
	return l
}

// Retrieve asks the source. What it returns ends early, so that the cache renews it.
func (l *link) Retrieve(ctx context.Context) (awssdk.Credentials, error) {
	if cached, ok := l.source.(*awssdk.CredentialsCache); ok {
		cached.Invalidate()
	}
	keys, err := l.source.Retrieve(ctx)
	if err != nil {
		return keys, err
	}
	l.secrets.Hide(keys.SecretAccessKey, keys.SessionToken)
	if err := checkKeys(keys); err != nil {
		return awssdk.Credentials{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last.AccessKeyID != keys.AccessKeyID {
		l.past[l.last.AccessKeyID] = true
	}
	l.last = keys
	if l.replacing {
		l.replacing, l.replacement = false, keys.AccessKeyID
	}
	if keys.CanExpire {
		keys.Expires = keys.Expires.Add(-min(longestEarly, max(0, delivery.Until(keys.Expires)/3)))
	}
	return keys, nil
}

// checkKeys returns a *CredentialsError for credentials that cannot sign anything.
func checkKeys(keys awssdk.Credentials) error {
	from := keys.Source
	switch from {
	case config.CredentialsSourceName:
		from = "the AWS_* environment variables"
	case credentials.StaticCredentialsName:
		from = "the provider's aws block"
	}
	for name, value := range map[string]string{"access key id": keys.AccessKeyID, "secret key": keys.SecretAccessKey, "session token": keys.SessionToken} {
		if err := delivery.CheckCredential("the "+name+" from "+from, value); err != nil {
			return &CredentialsError{Cause: delivery.NoCredentials, Err: err, Next: "Correct it there."}
		}
	}
	return nil
}

// HandleFailToRefresh has the cache go on with credentials that still hold.
func (l *link) HandleFailToRefresh(_ context.Context, _ awssdk.Credentials, err error) (awssdk.Credentials, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	left := delivery.Until(l.last.Expires)
	if !l.last.CanExpire || left <= 0 || l.replacing {
		return awssdk.Credentials{}, err
	}
	keys := l.last
	keys.Expires = keys.Expires.Add(min(renewalPause, left) - left)
	return keys, nil
}

// gave reports whether the source has given credentials before.
func (l *link) gave() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last.HasKeys()
}

// keyring is the credentials of a provider block: what signs, and what signs for those.
type keyring struct {
	links []*link
	guard *accountGuard
	// asking names what STS was asked for last.
	asking *atomic.Pointer[string]
	// where says which files the profiles are from.
	where string
	// static says that the profile in use leads to keys that nobody renews.
	static bool
	// profile is the name of the profile in use, "" where none is named.
	profile string
}

func (k *keyring) cache() *awssdk.CredentialsCache { return k.links[len(k.links)-1].cache }

// Retrieve returns what signs the next request, once the account is known to be one
// that may be signalled. It returns a *CredentialsError.
func (k *keyring) Retrieve(ctx context.Context) (awssdk.Credentials, error) {
	keys, err := k.cache().Retrieve(ctx)
	if err == nil {
		err = k.guard.check(ctx)
	}
	if err == nil {
		return keys, nil
	}
	already := (*CredentialsError)(nil)
	if !errors.As(err, &already) {
		already = k.fault(ctx, err)
	}
	return awssdk.Credentials{}, already
}

// expired notes that a service called the credentials with an access key id
// expired, and reports whether there may be others. Those that came in the place of
// expired ones, and that no service has taken since, are not replaced again.
func (k *keyring) expired(id string) bool {
	for _, l := range k.links {
		l.mu.Lock()
		last, current, past := l.last, l.last.AccessKeyID == id, l.past[id]
		again := !l.replacing && l.replacement != id && (last.CanExpire || last.Source == processcreds.ProviderName)
		if current && again {
			l.replacing = true
		}
		l.mu.Unlock()
		if !current && past {
			return true
		}
		if !current {
			continue
		}
		if again {
			for _, each := range k.links {
				each.cache.Invalidate()
			}
		}
		return again || k.isReplacing(l)
	}
	// They are of a profile that the SDK follows by itself to a role, and renews.
	return !k.static && k.links[0].gave()
}

func (k *keyring) isReplacing(l *link) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.replacing
}

// taken notes that a service took the credentials with an access key id.
func (k *keyring) taken(id string) {
	for _, l := range k.links {
		l.mu.Lock()
		if l.replacement == id {
			l.replacement = ""
		}
		l.mu.Unlock()
	}
}

// fault says of an error what it means and what to do about it.
func (k *keyring) fault(ctx context.Context, err error) *CredentialsError {
	fault := &CredentialsError{Cause: delivery.NoCredentials, Err: err}
	var (
		request  *stsError
		sso      *ssocreds.InvalidTokenError
		response *smithyhttp.ResponseError
		send     *smithyhttp.RequestSendError
		refusal  smithy.APIError
	)
	asked := k.links[0]
	operation := (*smithy.OperationError)(nil)
	isSSO := errors.As(err, &operation) && strings.HasPrefix(operation.Service(), "SSO")
	isResponse, isSend := errors.As(err, &response), errors.As(err, &send)
	switch {
	case errors.As(err, &request):
		fault.Cause, fault.Next = request.cause, request.next
	case ctx.Err() != nil:
		fault.Cause = delivery.CredentialsFailing
		what := "credentials"
		if name := k.asking.Load(); name != nil {
			what += " of sts:" + *name
		}
		fault.Err = fmt.Errorf("waiting for %s ended before there were any: %w", what, err)
	case errors.As(err, &refusal) && refusal.ErrorFault() == smithy.FaultServer:
		fault.Cause = delivery.CredentialsFailing
	case isResponse && (response.HTTPStatusCode() >= http.StatusInternalServerError || response.HTTPStatusCode() == http.StatusTooManyRequests):
		fault.Cause = delivery.CredentialsFailing
	case errors.As(err, &sso), strings.Contains(err.Error(), "SSO token") && !isSend, isSSO && isResponse && response.HTTPStatusCode() == http.StatusUnauthorized:
		fault.Next = fmt.Sprintf("Sign in again: \"aws sso login%s\".", k.profileOption())
	case isSSO && isResponse:
		fault.Next = "Check sso_account_id and sso_role_name of the profile. " + k.where
	case isResponse:
		fault.Next = k.nextStep()
	case asked.gave():
		// It has given some before, so what keeps it from that may pass.
		fault.Cause = delivery.CredentialsFailing
	case isSend && !delivery.MayPass(send.Err):
		// Such as a proxy's refusal: to ask again may lock an account.
	case isSend && !strings.Contains(err.Error(), ec2rolecreds.ProviderName) && !strings.Contains(err.Error(), "ec2imds"):
		fault.Cause = delivery.CredentialsUnreachable
	case errors.Is(err, fs.ErrNotExist):
	default:
		fault.Next = k.nextStep()
	}
	return fault
}

func (k *keyring) profileOption() string {
	if k.profile == "" {
		return ""
	}
	return " --profile " + delivery.ShellWord(k.profile)
}

// nextStep is for those who have no credentials.
func (k *keyring) nextStep() string {
	return "Give the provider AWS credentials: access_key and secret_key or profile in its aws block, the AWS_* environment variables, a shared credentials file, or a role of the machine it runs on. " + k.where
}

// accountGuard has the account that the credentials belong to asked for once, before
// the first request is signed with them, and remembers what was found.
type accountGuard struct {
	allowed, forbidden []string
	identity           func(context.Context) (*sts.GetCallerIdentityOutput, error)
	// turn holds one token; whoever takes it may ask.
	turn  chan struct{}
	asked bool
	found error
	// caller is the ARN of the identity, once it was asked for.
	caller atomic.Pointer[string]
}

func newAccountGuard(c Config, identity func(context.Context) (*sts.GetCallerIdentityOutput, error)) *accountGuard {
	return &accountGuard{
		allowed: c.AllowedAccountIDs, forbidden: c.ForbiddenAccountIDs, identity: identity, turn: make(chan struct{}, 1),
	}
}

// check returns nil for an account that may be signalled.
func (g *accountGuard) check(ctx context.Context) error {
	if len(g.allowed)+len(g.forbidden) == 0 {
		return nil
	}
	select {
	case g.turn <- struct{}{}:
		defer func() { <-g.turn }()
	case <-ctx.Done():
		return &CredentialsError{Cause: delivery.CredentialsFailing, Err: fmt.Errorf("%s: waiting for another signal's answer ended: %w", checking, context.Cause(ctx))}
	}
	if g.asked {
		return g.found
	}
	identity, err := g.identity(ctx)
	if request := (*stsError)(nil); errors.As(err, &request) && request.cause != delivery.NoCredentials {
		return fmt.Errorf("%s: %w", checking, err)
	} else if err != nil && request == nil {
		return err // There was nothing to ask with.
	}
	g.asked, g.found = true, g.judge(identity, err)
	if identity != nil {
		g.caller.Store(identity.Arn)
	}
	return g.found
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
	return &CredentialsError{Cause: delivery.NoCredentials, Err: err}
}

// signature is who signed a request.
type signature struct {
	keys *keyring
	id   string
}

type signatureKey struct{}

// signed notes in a request's context who signed it.
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

// withSignature returns a context whose request's signature is noted.
func withSignature(ctx context.Context) (context.Context, *signature) {
	noted := &signature{}
	return context.WithValue(ctx, signatureKey{}, noted), noted
}

// mends reports whether another attempt at a request that was refused with a code
// may be taken: signed by the service's clock, of which the SDK has learned from
// the refusal, or with renewed credentials.
func (s *signature) mends(code string, err error) bool {
	skew := interface{ RetryableError() bool }(nil)
	if slices.Contains(expiredCodes, code) {
		return s.keys != nil && s.keys.expired(s.id)
	}
	// Of what the client itself does not try again, the SDK marks clock skew alone.
	return errors.As(err, &skew) && skew.RetryableError()
}

// taken notes that the service took the signature.
func (s *signature) taken() {
	if s.keys != nil {
		s.keys.taken(s.id)
	}
}
