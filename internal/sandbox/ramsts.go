package sandbox

import (
	"encoding/json"
	"regexp"
)

var (
	ramRoleARN     = regexp.MustCompile(`^acs:ram::(\d+):role/([A-Za-z0-9.-]+)$`)
	ramOIDCARN     = regexp.MustCompile(`^acs:ram::\d+:oidc-provider/.+$`)
	ramSessionName = regexp.MustCompile(`^[A-Za-z0-9.@_-]*$`)
)

// ramSTS simulates Alibaba Cloud's Security Token Service, API version 2015-04-01. Its name
// in the request log and in faults is "ramsts", because "sts" is the service of AWS.
type ramSTS struct {
	*acsRPC
	oidcToken string
}

func newRAMSTS(s *Sandbox, o Options, used *nonces) *ramSTS {
	t := &ramSTS{acsRPC: &acsRPC{sandbox: s, service: "ramsts", ram: "sts", version: "2015-04-01", host: "sts.aliyuncs.com", nonces: used, retryAfter: o.RetryAfter}, oidcToken: o.WebIdentityToken}
	t.operations = map[string]func(*call, *acsParameters) (map[string]any, *apiError){
		"AssumeRole": t.assumeRole, "AssumeRoleWithOIDC": t.assumeRoleWithOIDC,
	}
	return t
}

func (t *ramSTS) authenticate(c *call) *apiError {
	if c.operation == "AssumeRoleWithOIDC" {
		return nil // The token is the credential.
	}
	return t.acsRPC.authenticate(c)
}

func (t *ramSTS) routes() []route { return nil }

func (t *ramSTS) assumeRole(c *call, p *acsParameters) (map[string]any, *apiError) {
	p.length("ExternalId", 2, 1224)
	return t.issue(c, p)
}

// assumeRoleWithOIDC implements the operation of the same name.
// https://api.alibabacloud.com/api/Sts/2015-04-01/AssumeRoleWithOIDC
func (t *ramSTS) assumeRoleWithOIDC(c *call, p *acsParameters) (map[string]any, *apiError) {
	p.required("OIDCProviderArn")
	p.pattern("OIDCProviderArn", ramOIDCARN.MatchString)
	token := p.required("OIDCToken")
	p.length("OIDCToken", 4, 20000)
	if p.err == nil && t.oidcToken != "" && token != t.oidcToken {
		return nil, failf(400, "AuthenticationFail.OIDCToken.Invalid", "This JSON Web Token(JWT) is invalid.")
	}
	return t.issue(c, p)
}

// issue creates temporary keys of a role, which are accepted from now on.
func (t *ramSTS) issue(c *call, p *acsParameters) (map[string]any, *apiError) {
	arn, session := p.required("RoleArn"), p.required("RoleSessionName")
	p.length("RoleSessionName", 2, 64)
	p.pattern("RoleSessionName", ramSessionName.MatchString)
	p.length("Policy", 1, 2048)
	p.pattern("Policy", func(policy string) bool { return json.Valid([]byte(policy)) })
	seconds := p.number("DurationSeconds", 3600, 900, 43200)
	role := ramRoleARN.FindStringSubmatch(arn)
	if role == nil {
		p.invalid("RoleArn")
	}
	if p.err != nil {
		return nil, p.err
	}
	user := "acs:ram::" + role[1] + ":role/" + role[2] + "/" + session
	id, secret := t.sandbox.assumed(c, "STS.", role[1], user, seconds)
	return map[string]any{
		"AssumedRoleUser": map[string]string{"Arn": user, "AssumedRoleId": "3" + id + ":" + session},
		"Credentials": map[string]string{
			"AccessKeyId": "STS." + id, "AccessKeySecret": secret.SecretKey, "SecurityToken": secret.SessionToken,
			"Expiration": secret.Expires.Format(acsDate),
		},
	}, nil
}
