package sandbox

import (
	"encoding/xml"
	"net/url"
	"strings"
	"testing"
	"time"
)

const role = "arn:aws:iam::210987654321:role/path/deployer"

type stsAnswer struct {
	Arn         string         `xml:"GetCallerIdentityResult>Arn"`
	Account     string         `xml:"GetCallerIdentityResult>Account"`
	Assumed     stsCredentials `xml:"AssumeRoleResult>Credentials"`
	WebIdentity stsCredentials `xml:"AssumeRoleWithWebIdentityResult>Credentials"`
	Code        string         `xml:"Error>Code"`
	Message     string         `xml:"Error>Message"`
	RequestID   string         `xml:"ResponseMetadata>RequestId"`
}

func (c *client) sts(form url.Values) (answer, stsAnswer) {
	form.Set("Version", "2011-06-15")
	service := c.service
	c.service = "sts"
	defer func() { c.service = service }()
	a := c.do(c.request(c.t.Context(), map[string]string{"content-type": "application/x-www-form-urlencoded"}, form.Encode()))
	var out stsAnswer
	if err := xml.Unmarshal([]byte(a.raw), &out); err != nil {
		c.t.Fatalf("%v: %d %s", err, a.status, a.raw)
	}
	return a, out
}

func assume(more ...string) url.Values {
	form := url.Values{"Action": {"AssumeRole"}, "RoleArn": {role}, "RoleSessionName": {"apply"}}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return form
}

func (c *client) as(k stsCredentials) {
	c.key, c.secret, c.token = k.AccessKeyID, k.SecretAccessKey, k.SessionToken
}

func TestCallerIdentity(t *testing.T) {
	s, c, _ := start(t, Options{})
	a, out := c.sts(url.Values{"Action": {"GetCallerIdentity"}})
	if a.status != 200 || out.Account != "123456789012" || out.Arn != "arn:aws:iam::123456789012:user/sandbox" || out.RequestID != s.last(t).RequestID {
		t.Errorf("%d %s", a.status, a.raw)
	}
	if e := s.last(t); e.Service != "sts" || e.Operation != "GetCallerIdentity" || e.Region != "us-east-1" || e.Accepted {
		t.Errorf("entry %+v", e)
	}
}

func TestRoleChain(t *testing.T) {
	s, c, clk := start(t, Options{})
	s.StartAutomation(approval(fixedID))
	a, out := c.sts(assume("ExternalId", "ext", "SourceIdentity", "someone", "Policy", "{}", "Tags.member.1.Key", "k", "Tags.member.1.Value", "v"))
	if a.status != 200 || out.Assumed.Expiration != "2026-03-25T17:24:49Z" {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	if e := s.last(t); !e.Accepted || !strings.Contains(e.Body, "ExternalId=ext") || !strings.Contains(e.Body, "SourceIdentity=someone") {
		t.Errorf("entry %+v", e)
	}
	c.as(out.Assumed)
	if _, who := c.sts(url.Values{"Action": {"GetCallerIdentity"}}); who.Account != "210987654321" || who.Arn != "arn:aws:sts::210987654321:assumed-role/deployer/apply" {
		t.Errorf("identity %+v", who)
	}
	if _, out := c.sts(assume("DurationSeconds", "3601")); out.Code != "ValidationError" || !strings.Contains(out.Message, "role chaining") {
		t.Errorf("a chained session of more than an hour gave %+v", out)
	}
	a, out = c.sts(assume("RoleArn", "arn:aws:iam::111122223333:role/second", "DurationSeconds", "900"))
	if a.status != 200 {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	c.as(out.Assumed)
	c.signal(fixedID, "Approve", "", "").want(t, 200, "")
	if state, _ := s.Automation(fixedID); state.Signals[0].Sender != "arn:aws:sts::111122223333:assumed-role/second/apply" {
		t.Errorf("sender %s", state.Signals[0].Sender)
	}
	clk.advance(15 * time.Minute)
	c.signal(fixedID, "Approve", "", "").want(t, 400, "ExpiredTokenException")
	if a, out := c.sts(url.Values{"Action": {"GetCallerIdentity"}}); a.status != 403 || out.Code != "ExpiredToken" {
		t.Errorf("%d %+v", a.status, out)
	}
	s.Reset()
	c.signal(fixedID, "Approve", "", "").want(t, 400, "UnrecognizedClientException")
}

func TestWebIdentity(t *testing.T) {
	s, c, _ := start(t, Options{WebIdentityToken: "good-token"})
	c.tamper = unsigned
	form := func(token string) url.Values {
		return url.Values{"Action": {"AssumeRoleWithWebIdentity"}, "RoleArn": {role}, "RoleSessionName": {"apply"}, "WebIdentityToken": {token}}
	}
	if a, out := c.sts(form("bad-token")); a.status != 400 || out.Code != "InvalidIdentityToken" {
		t.Errorf("%d %+v", a.status, out)
	}
	a, out := c.sts(form("good-token"))
	if a.status != 200 || !s.last(t).Accepted {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	c.tamper = nil
	c.as(out.WebIdentity)
	if _, who := c.sts(url.Values{"Action": {"GetCallerIdentity"}}); who.Account != "210987654321" {
		t.Errorf("identity %+v", who)
	}
}

func TestSTSErrors(t *testing.T) {
	nothing := func(*client, *Sandbox) {}
	for name, test := range map[string]struct {
		set    func(*client, *Sandbox)
		form   url.Values
		status int
		code   string
	}{
		"edges pass":      {nothing, assume("DurationSeconds", "43200", "RoleSessionName", "ab", "ExternalId", strings.Repeat("x", 1224)), 200, ""},
		"short duration":  {nothing, assume("DurationSeconds", "899"), 400, "ValidationError"},
		"long duration":   {nothing, assume("DurationSeconds", "43201"), 400, "ValidationError"},
		"no duration":     {nothing, assume("DurationSeconds", "soon"), 400, "ValidationError"},
		"short session":   {nothing, assume("RoleSessionName", "a"), 400, "ValidationError"},
		"session pattern": {nothing, assume("RoleSessionName", "a b"), 400, "ValidationError"},
		"external id":     {nothing, assume("ExternalId", strings.Repeat("x", 1225)), 400, "ValidationError"},
		"source identity": {nothing, assume("SourceIdentity", "x"), 400, "ValidationError"},
		"tag":             {nothing, assume("Tags.member.1.Key", strings.Repeat("x", 129)), 400, "ValidationError"},
		"no role":         {nothing, assume("RoleArn", "arn:aws:iam::210987654321:user/nobody"), 400, "ValidationError"},
		"unknown action":  {nothing, url.Values{"Action": {"DecodeAuthorizationMessage"}}, 400, "InvalidAction"},
		"unknown key":     {func(c *client, _ *Sandbox) { c.key = "nobody" }, assume(), 403, "InvalidClientTokenId"},
		"wrong secret":    {func(c *client, _ *Sandbox) { c.secret = "wrong" }, assume(), 403, "SignatureDoesNotMatch"},
		"unsigned":        {func(c *client, _ *Sandbox) { c.tamper = unsigned }, assume(), 403, "MissingAuthenticationToken"},
		"denied":          {func(c *client, _ *Sandbox) { c.key = "denied" }, assume(), 403, "AccessDenied"},
		"denied identity": {func(c *client, _ *Sandbox) { c.key = "denied" }, url.Values{"Action": {"GetCallerIdentity"}}, 200, ""},
		"throttled":       {func(_ *client, s *Sandbox) { s.Inject(Fault{Operation: "sts:*", Kind: KindThrottle}) }, assume(), 400, "Throttling"},
		"expired":         {func(_ *client, s *Sandbox) { s.Inject(Fault{Operation: "*", Kind: KindExpired}) }, assume(), 403, "ExpiredToken"},
		"internal":        {func(_ *client, s *Sandbox) { s.Inject(Fault{Operation: "*", Kind: KindErrorBefore}) }, assume(), 500, "InternalFailure"},
		"refused":         {func(_ *client, s *Sandbox) { s.Inject(Fault{Operation: "AssumeRole", Kind: KindRefuse}) }, assume(), 403, "AccessDenied"},
	} {
		t.Run(name, func(t *testing.T) {
			s, c, _ := start(t, Options{Credentials: map[string]Secret{
				"sandbox-access-key": {SecretKey: "sandbox-secret-key"},
				"denied":             {SecretKey: "sandbox-secret-key", Denied: []string{"sts:AssumeRole", "sts:GetCallerIdentity"}},
			}})
			test.set(c, s)
			a, out := c.sts(test.form)
			if a.status != test.status || out.Code != test.code || s.last(t).Code != test.code {
				t.Errorf("got %d %+v, want %d %s", a.status, out, test.status, test.code)
			}
		})
	}
}
