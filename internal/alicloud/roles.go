package alicloud

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"time"

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
	return c.session(ctx, "AssumeRole", "AK", with, role.RoleARN, role.SessionExpiration, map[string]string{
		"RoleSessionName": cmp.Or(role.SessionName, defaultSession),
		"ExternalId":      role.ExternalID,
		"Policy":          role.Policy,
	}, fmt.Sprintf("Check the role in assume_role or in the profile, and that its trust policy lets the identity of the first credentials assume it. That identity needs the RAM action sts:AssumeRole on %s.", role.RoleARN))
}

// assumeWithOIDC gets the keys of a role from STS for a token.
func (c *Clients) assumeWithOIDC(ctx context.Context, role oidcRole, token string) (keys, error) {
	return c.session(ctx, "AssumeRoleWithOIDC", "Anonymous", keys{}, role.RoleARN, role.SessionExpiration, map[string]string{
		"OIDCProviderArn": role.OIDCProviderARN,
		"OIDCToken":       token,
		"RoleSessionName": cmp.Or(role.SessionName, defaultSession),
		"Policy":          role.Policy,
	}, fmt.Sprintf("Check role, OIDC provider and token of %s: the role's trust policy has to name the provider, its audience and the token's subject, and the token must not have expired.", role.from))
}

// session makes one request to STS for the keys of a role. next is the advice if STS
// refuses the role.
func (c *Clients) session(ctx context.Context, action, auth string, with keys, role string, lasts time.Duration, parameters map[string]string, next string) (granted keys, err error) {
	parameters["RoleArn"] = role
	if lasts >= time.Second {
		parameters["DurationSeconds"] = strconv.Itoa(int(lasts / time.Second))
	}
	query, body := parameters, map[string]string(nil)
	if auth == "Anonymous" {
		query, body = nil, parameters // Servers and proxies write URLs, and the token in one, into their logs.
	}
	bounded, cancel := context.WithTimeout(ctx, stsTimeout)
	defer cancel()
	answer := send(bounded, func(ctx context.Context) (string, error) {
		var out struct {
			RequestID   string `json:"RequestId"`
			Credentials given
		}
		if err := rpc(ctx, c.client(sts, with), sts.Version, action, auth, query, body, &out); err != nil {
			return "", err
		}
		var err error
		if granted, err = out.Credentials.keys(); err != nil {
			return "", &delivery.ForeignAnswerError{What: "the answer holds no credentials"}
		}
		return out.RequestID, nil
	})
	switch {
	case answer.Outcome == delivery.Accepted:
		granted.lasts = cmp.Or(lasts, defaultExpiration)
		return granted, nil
	case answer.Code != "":
		err = fmt.Errorf("STS answered %s: %s", answer.Code, answer.Message)
	case bounded.Err() != nil && ctx.Err() == nil:
		err = fmt.Errorf("STS did not answer within %s: %w", stsTimeout, answer.Err)
	default:
		err = answer.Err
	}
	failed := &delivery.CredentialsError{Cause: answer.CredentialsCause(), Err: fmt.Errorf("assuming the role %s with sts:%s: %w", role, action, err), Answer: answer}
	switch {
	case answer.Outcome != delivery.Rejected || failed.Cause != delivery.NoCredentials:
	case is(answer.Code, "InvalidTimeStamp") && c.correct(answer.Clock):
		failed.Cause = delivery.CredentialsFailing // The next request has the right time.
	default:
		failed.Next = cmp.Or(refusedKeys(answer.Code), next)
	}
	return keys{}, failed
}
