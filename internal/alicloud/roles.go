package alicloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	sdk "github.com/alibabacloud-go/darabonba-openapi/v2/client"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

const (
	// defaultSession is the session name that the alicloud provider uses.
	defaultSession = "terraform"
	// defaultExpiration is the default duration of a session.
	defaultExpiration = time.Hour
	// stsTimeout is the timeout of one request to STS.
	stsTimeout = time.Minute
)

// assume gets the keys of a role from STS.
func (c *Clients) assume(ctx context.Context, with keys, role AssumeRole) (keys, error) {
	granted, err := c.session(ctx, "AssumeRole", "AK", c.client(sts, with), map[string]string{
		"RoleArn":         role.RoleARN,
		"RoleSessionName": cmp.Or(role.SessionName, defaultSession),
		"ExternalId":      role.ExternalID,
		"Policy":          role.Policy,
		"DurationSeconds": seconds(role.SessionExpiration),
	}, nil)
	granted.lasts = cmp.Or(role.SessionExpiration, defaultExpiration)
	return granted, c.asked(err, "AssumeRole", role.RoleARN, fmt.Sprintf(
		"Check the role in assume_role or in the profile, and that its trust policy lets the identity of the first credentials assume it. That identity needs the RAM action sts:AssumeRole on %s.", role.RoleARN))
}

// assumeWithOIDC gets the keys of a role from STS for a token. The token is in the body,
// because servers and proxies write URLs into their logs.
func (c *Clients) assumeWithOIDC(ctx context.Context, role oidcRole, token string) (keys, error) {
	granted, err := c.session(ctx, "AssumeRoleWithOIDC", "Anonymous", c.client(sts, keys{}), nil, map[string]string{
		"RoleArn":         role.RoleARN,
		"OIDCProviderArn": role.OIDCProviderARN,
		"OIDCToken":       token,
		"RoleSessionName": cmp.Or(role.SessionName, defaultSession),
		"Policy":          role.Policy,
		"DurationSeconds": seconds(role.SessionExpiration),
	})
	granted.lasts = cmp.Or(role.SessionExpiration, defaultExpiration)
	return granted, c.asked(err, "AssumeRoleWithOIDC", role.RoleARN, fmt.Sprintf(
		"Check role, OIDC provider and token of %s: the role's trust policy has to name the provider, its audience and the token's subject, and the token must not have expired.", role.from))
}

func seconds(d time.Duration) string {
	if d < time.Second {
		return ""
	}
	return strconv.Itoa(int(d / time.Second))
}

// session makes one request for keys to STS. Its error is a *stsError.
func (c *Clients) session(ctx context.Context, action, auth string, client *sdk.Client, query, body map[string]string) (granted keys, err error) {
	bounded, cancel := context.WithTimeout(ctx, stsTimeout)
	defer cancel()
	attempt := send(bounded, func(ctx context.Context) (string, error) {
		var out struct {
			RequestID   string `json:"RequestId"`
			Credentials given
		}
		if err := rpc(ctx, client, "2015-04-01", action, auth, query, body, &out); err != nil {
			return "", err
		}
		var err error
		if granted, err = out.Credentials.keys(); err != nil {
			return "", &delivery.ForeignAnswerError{What: "the answer holds no credentials"}
		}
		return out.RequestID, nil
	})
	if attempt.Outcome == delivery.Accepted {
		return granted, nil
	}
	if bounded.Err() != nil && ctx.Err() == nil {
		attempt.Err = fmt.Errorf("STS did not answer within %s: %w", stsTimeout, attempt.Err)
	}
	return keys{}, &stsError{attempt}
}

// stsError means that a request to STS returned no keys.
type stsError struct{ attempt delivery.Attempt }

func (e *stsError) Error() string {
	if e.attempt.Code != "" {
		return fmt.Sprintf("STS answered %s: %s", e.attempt.Code, e.attempt.Message)
	}
	return e.attempt.Err.Error()
}

func (e *stsError) Unwrap() error { return e.attempt.Err }

// asked converts a *stsError to a *delivery.CredentialsError that says what the user can do. next is
// the advice for a role that STS refuses.
func (c *Clients) asked(err error, action, role, next string) error {
	failed := (*stsError)(nil)
	if !errors.As(err, &failed) {
		return err
	}
	answer := failed.attempt
	trouble := &delivery.CredentialsError{Cause: answer.CredentialsCause(), Err: fmt.Errorf("assuming the role %s with sts:%s: %w", role, action, err), Answer: answer}
	switch {
	case answer.Outcome != delivery.Rejected || trouble.Cause != delivery.NoCredentials:
	case is(answer.Code, "InvalidTimeStamp") && c.correct(answer.Clock):
		// The next request has the right time.
		trouble.Cause = delivery.CredentialsFailing
	default:
		trouble.Next = cmp.Or(refusedKeys(answer.Code), next)
	}
	return trouble
}
