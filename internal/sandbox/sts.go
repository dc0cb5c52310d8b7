package sandbox

import (
	"encoding/xml"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

var (
	sessionName = regexp.MustCompile(`^[\w+=,.@-]*$`)
	externalID  = regexp.MustCompile(`^[\w+=,.@:/-]*$`)
	roleARN     = regexp.MustCompile(`^arn:(aws[a-z-]*):iam::(\d{12}):role/(?:[\x21-\x7e]*/)?([\w+=,.@-]+)$`)
)

// sts simulates the AWS Security Token Service, API version 2011-06-15.
type sts struct {
	*awsQuery
	webIdentityToken string
}

func newSTS(s *Sandbox, o Options) *sts {
	t := &sts{webIdentityToken: o.WebIdentityToken}
	t.awsQuery = &awsQuery{
		sandbox: s, service: "sts", version: "2011-06-15", namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
		operations: map[string]func(*call, url.Values) (any, *apiError){
			"GetCallerIdentity":         t.getCallerIdentity,
			"AssumeRole":                t.assumeRole,
			"AssumeRoleWithWebIdentity": t.assumeRoleWithWebIdentity,
		},
		resource: func(_ *call, form url.Values) string { return form.Get("RoleArn") },
	}
	return t
}

func (t *sts) routes() []route { return nil }

func (t *sts) authenticate(c *call) *apiError {
	switch c.operation {
	case "AssumeRoleWithWebIdentity":
		return nil // The token is the credential.
	case "GetCallerIdentity":
		return t.verify(c) // "No permissions are required to perform this operation", not even against a denial.
	}
	return t.awsQuery.authenticate(c)
}

func (t *sts) getCallerIdentity(c *call, _ url.Values) (any, *apiError) {
	return struct {
		XMLName xml.Name `xml:"GetCallerIdentityResult"`
		Arn     string
		UserID  string `xml:"UserId"`
		Account string
	}{Arn: c.caller.ARN, UserID: c.caller.accessKey, Account: c.caller.Account}, nil
}

type stsCredentials struct {
	AccessKeyID     string `xml:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
	Expiration      string
}

type assumedRoleUser struct {
	Arn           string
	AssumedRoleID string `xml:"AssumedRoleId"`
}

func (t *sts) assumeRole(c *call, form url.Values) (any, *apiError) {
	var v constraints
	checkRole(&v, form)
	v.optional("externalId", text(form, "ExternalId"), 2, 1224)
	v.pattern("externalId", text(form, "ExternalId"), externalID)
	v.optional("sourceIdentity", text(form, "SourceIdentity"), 2, 64)
	v.pattern("sourceIdentity", text(form, "SourceIdentity"), sessionName)
	checkTags(&v, form)
	if e := invalid(v); e != nil {
		return nil, e
	}
	seconds := duration(form)
	if c.caller.SessionToken != "" && seconds > 3600 {
		return nil, refusal("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
	}
	keys, user, e := t.issue(c, form, seconds)
	if e != nil {
		return nil, e
	}
	return struct {
		XMLName         xml.Name `xml:"AssumeRoleResult"`
		AssumedRoleUser assumedRoleUser
		Credentials     stsCredentials
		SourceIdentity  string `xml:",omitempty"`
	}{AssumedRoleUser: user, Credentials: keys, SourceIdentity: form.Get("SourceIdentity")}, nil
}

func (t *sts) assumeRoleWithWebIdentity(c *call, form url.Values) (any, *apiError) {
	var v constraints
	checkRole(&v, form)
	v.required("webIdentityToken", text(form, "WebIdentityToken"), 4, 20000)
	if e := invalid(v); e != nil {
		return nil, e
	}
	if t.webIdentityToken != "" && form.Get("WebIdentityToken") != t.webIdentityToken {
		return nil, failf(400, "InvalidIdentityToken", "The web identity token that was passed could not be validated.")
	}
	keys, user, e := t.issue(c, form, duration(form))
	if e != nil {
		return nil, e
	}
	return struct {
		XMLName         xml.Name `xml:"AssumeRoleWithWebIdentityResult"`
		AssumedRoleUser assumedRoleUser
		Credentials     stsCredentials
	}{AssumedRoleUser: user, Credentials: keys}, nil
}

// checkRole checks the parameters that both operations for assuming a role have.
func checkRole(v *constraints, form url.Values) {
	v.required("roleArn", text(form, "RoleArn"), 20, 2048)
	v.required("roleSessionName", text(form, "RoleSessionName"), 2, 64)
	v.pattern("roleSessionName", text(form, "RoleSessionName"), sessionName)
	v.optional("policy", text(form, "Policy"), 1, 2048)
	if form.Has("DurationSeconds") {
		seconds := duration(form)
		v.between("durationSeconds", &seconds, 900, 43200)
	}
}

func checkTags(v *constraints, form url.Values) {
	for i := 1; ; i++ {
		member := "Tags.member." + strconv.Itoa(i)
		if !form.Has(member + ".Key") {
			v.length("tags", i-1, 0, 50)
			return
		}
		at := "tags." + strconv.Itoa(i) + ".member."
		v.required(at+"key", text(form, member+".Key"), 1, 128)
		if utf8.RuneCountInString(form.Get(member+".Value")) > 256 {
			v.add(at+"value", "Member must have length less than or equal to 256")
		}
	}
}

// duration returns the duration, or 0 if it is not a number. No operation accepts 0.
func duration(form url.Values) int {
	if !form.Has("DurationSeconds") {
		return 3600
	}
	seconds, err := strconv.Atoi(form.Get("DurationSeconds"))
	if err != nil {
		return 0
	}
	return seconds
}

// issue creates temporary keys in the role's account, which are accepted from now on.
func (t *sts) issue(c *call, form url.Values, seconds int) (stsCredentials, assumedRoleUser, *apiError) {
	arn, session := form.Get("RoleArn"), form.Get("RoleSessionName")
	role := roleARN.FindStringSubmatch(arn)
	if role == nil {
		return stsCredentials{}, assumedRoleUser{}, refusal("%s is invalid", arn)
	}
	partition, account, name := role[1], role[2], role[3]
	user := "arn:" + partition + ":sts::" + account + ":assumed-role/" + name + "/" + session
	id, secret := t.sandbox.assumed(c, "ASIA", account, user, seconds)
	keys := stsCredentials{"ASIA" + id, secret.SecretKey, secret.SessionToken, secret.Expires.Format(time.RFC3339)}
	return keys, assumedRoleUser{user, "AROA" + id + ":" + session}, nil
}

// assumed issues temporary keys of a role. The access key id is a prefix and an id.
func (s *Sandbox) assumed(c *call, prefix, account, arn string, seconds int) (id string, secret Secret) {
	id = strings.ToUpper(strings.ReplaceAll(newUUID(), "-", ""))[:16]
	expires := c.now.Add(time.Duration(seconds) * time.Second).UTC().Truncate(time.Second)
	secret = Secret{SecretKey: newUUID(), SessionToken: newUUID(), Account: account, ARN: arn, Expires: expires}
	s.keys.issue(prefix+id, secret)
	c.accept()
	return id, secret
}
