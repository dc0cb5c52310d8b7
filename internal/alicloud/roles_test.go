package alicloud_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/alicloud"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// asked is a request that the fake has received.
type asked struct {
	// what is the action, or method and path.
	what string
	// key and token are those of the signature.
	key, token string
	query      string
	form       url.Values
	header     http.Header
}

// fake simulates ROS, STS, the metadata service of an ECS instance and the server at
// credentials_uri, after their documents. It does not verify signatures, because the
// sandbox does.
type fake struct {
	*httptest.Server
	// now is its clock, and lasts the lifetime of its keys.
	now   func() time.Time
	lasts time.Duration

	mu       sync.Mutex
	requests []asked
	// answers are used before the answers of the service, one for each request.
	answers map[string][]http.HandlerFunc
	given   int
}

func play(t *testing.T) *fake {
	t.Helper()
	t.Setenv("HOME", t.TempDir())
	f := &fake{now: time.Now, lasts: time.Hour, answers: map[string][]http.HandlerFunc{}}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) next(what string, answers ...http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers[what] = append(f.answers[what], answers...)
}

func (f *fake) seen() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var seen []string
	for _, r := range f.requests {
		seen = append(seen, r.what)
	}
	return strings.Join(seen, " ")
}

func (f *fake) last() asked {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.requests[len(f.requests)-1]
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	a := asked{what: r.Method + " " + r.URL.Path, query: r.URL.RawQuery, header: r.Header, token: r.Header.Get("x-acs-security-token")}
	if action := r.Header.Get("x-acs-action"); action != "" {
		a.what = action
	}
	_, a.key, _ = strings.Cut(r.Header.Get("Authorization"), "Credential=")
	a.key, _, _ = strings.Cut(a.key, ",")
	a.form, _ = url.ParseQuery(string(body))
	f.mu.Lock()
	f.requests = append(f.requests, a)
	var say http.HandlerFunc
	if said := f.answers[a.what]; len(said) > 0 {
		say, f.answers[a.what] = said[0], said[1:]
	}
	f.given++
	n := f.given
	f.mu.Unlock()
	w.Header()["Date"] = []string{f.now().UTC().Format(http.TimeFormat)}
	if say != nil {
		say(w, r)
		return
	}
	keys := fmt.Sprintf(`"AccessKeyId":"STS.%[1]d","AccessKeySecret":"canary-secret-%[1]d","SecurityToken":"canary-token-%[1]d","Expiration":%[2]q`,
		n, f.now().Add(f.lasts).UTC().Format("2006-01-02T15:04:05Z"))
	switch a.what {
	case "AssumeRole", "AssumeRoleWithOIDC":
		_, _ = fmt.Fprintf(w, `{"RequestId":"r","Credentials":{%s}}`, keys)
	case "PUT /latest/api/token":
		_, _ = io.WriteString(w, "canary-metadata-token")
	case "GET /latest/meta-data/ram/security-credentials/":
		_, _ = io.WriteString(w, "builder")
	case "GET /latest/meta-data/ram/security-credentials/builder", "GET /keys":
		_, _ = fmt.Fprintf(w, `{"Code":"Success","LastUpdated":"2026-01-01T00:00:00Z",%s}`, keys)
	case "SignalResource":
		_, _ = io.WriteString(w, `{"RequestId":"r"}`)
	default:
		http.NotFound(w, r)
	}
}

func refuses(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"RequestId":"r","Code":%q,"Message":"no %s %s"}`, code, r.Header.Get("x-acs-security-token"), r.FormValue("OIDCToken"))
	}
}

func drops(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// page answers as something else than the service.
func page(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func halves(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, `{"RequestId":"r"`)
}

func answers(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

// sent makes one attempt of a signal.
func sent(t *testing.T, c *alicloud.Clients) delivery.Attempt {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, attempt := alicloud.Request[struct{}](ctx, alicloud.Service{Name: "ros", Host: "ros.aliyuncs.com", Version: "2019-09-10"}.Client(c, "cn-beijing"), "SignalResource", map[string]string{"ClientToken": "token"})
	return attempt
}

// clients are those of a configuration whose services are the fake's.
func (f *fake) clients(config alicloud.Config) (*alicloud.Clients, *delivery.Redactor) {
	config.Endpoints, config.Metadata, config.Secrets = map[string]string{"ros": f.URL, "sts": f.URL}, f.URL, delivery.NewRedactor()
	return alicloud.NewClients(config), config.Secrets
}

// program writes a program that runs a shell script.
func program(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a helper")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

const (
	oidcProvider = "acs:ram::1234567890123456:oidc-provider/ack-rrsa-c1"
	oidcToken    = "canary-oidc-token"
)

// Each source of keys works, as the block, the environment and profiles set it, in the
// documented order.
func TestSources(t *testing.T) {
	tokenFile := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(tokenFile, []byte(oidcToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	rrsa := map[string]string{"ALIBABA_CLOUD_ROLE_ARN": role, "ALIBABA_CLOUD_OIDC_PROVIDER_ARN": oidcProvider, "ALIBABA_CLOUD_OIDC_TOKEN_FILE": tokenFile}
	with := func(maps ...map[string]string) map[string]string {
		all := map[string]string{}
		for _, one := range maps {
			for name, value := range one {
				all[name] = value
			}
		}
		return all
	}
	ak := profile("ak", "AK", map[string]any{"access_key_id": "one", "access_key_secret": "canary-secret"})
	const machineAsked = "PUT /latest/api/token GET /latest/meta-data/ram/security-credentials/builder SignalResource"
	const oidcAsked = "AssumeRoleWithOIDC SignalResource"
	for name, test := range map[string]struct {
		config   alicloud.Config
		env      map[string]string
		profiles []map[string]any
		// seen are the requests, and form is the body of the first one.
		seen string
		form []string
		// key is the key that signed, if it is known.
		key string
	}{
		"OIDC of the environment":                 {env: rrsa, seen: oidcAsked, form: []string{"RoleArn=" + role, "OIDCProviderArn=" + oidcProvider, "OIDCToken=" + oidcToken, "RoleSessionName=terraform", "Policy=", "DurationSeconds="}},
		"OIDC of the environment, with a session": {env: with(rrsa, map[string]string{"ALIBABA_CLOUD_ROLE_SESSION_NAME": "pod"}), seen: oidcAsked, form: []string{"RoleSessionName=pod"}},
		"OIDC of the environment, with a token": {env: map[string]string{
			"ALIBABA_CLOUD_ROLE_ARN": role, "ALIBABA_CLOUD_OIDC_PROVIDER_ARN": oidcProvider, "ALIBABA_CLOUD_OIDC_TOKEN": oidcToken,
		}, seen: oidcAsked, form: []string{"OIDCToken=" + oidcToken}},
		"OIDC of the block": {config: alicloud.Config{AssumeRoleWithOIDC: &alicloud.AssumeRoleWithOIDC{
			RoleARN: role, OIDCProviderARN: oidcProvider, Token: oidcToken, SessionName: "mine", Policy: "{}", SessionExpiration: 900 * time.Second,
		}}, env: map[string]string{"ALIBABA_CLOUD_ROLE_ARN": "wrong", "ALIBABA_CLOUD_ROLE_SESSION_NAME": "wrong"}, seen: oidcAsked,
			form: []string{"RoleArn=" + role, "RoleSessionName=mine", "Policy={}", "DurationSeconds=900"}},
		"OIDC of the block and the environment": {config: alicloud.Config{AssumeRoleWithOIDC: &alicloud.AssumeRoleWithOIDC{SessionName: "mine"}}, env: rrsa, seen: oidcAsked,
			form: []string{"RoleArn=" + role, "RoleSessionName=mine"}},
		"OIDC with a file of the home": {config: alicloud.Config{AssumeRoleWithOIDC: &alicloud.AssumeRoleWithOIDC{RoleARN: role, OIDCProviderARN: oidcProvider, TokenFile: "~/token"}},
			env: map[string]string{"ALIBABA_CLOUD_OIDC_TOKEN": "wrong"}, seen: oidcAsked, form: []string{"OIDCToken=" + oidcToken}},
		"OIDC, and a role": {config: alicloud.Config{AssumeRole: &alicloud.AssumeRole{RoleARN: "acs:ram::1:role/next"}}, env: rrsa, seen: "AssumeRoleWithOIDC AssumeRole SignalResource"},
		"OIDC of a profile": {profiles: []map[string]any{profile("oidc", "OIDC", map[string]any{
			"ram_role_arn": role, "oidc_provider_arn": oidcProvider, "oidc_token_file": tokenFile, "ram_session_name": "profiled", "expired_seconds": 1000,
		})}, seen: oidcAsked, form: []string{"RoleArn=" + role, "RoleSessionName=profiled", "DurationSeconds=1000", "OIDCToken=" + oidcToken}},
		"keys before OIDC":                    {config: alicloud.Config{AccessKey: "one", SecretKey: "canary-secret"}, env: rrsa, seen: "SignalResource", key: "one"},
		"keys of the environment before OIDC": {env: with(rrsa, map[string]string{"ALICLOUD_ACCESS_KEY": "two", "ALICLOUD_SECRET_KEY": "canary-secret"}), seen: "SignalResource", key: "two"},
		"a named profile before OIDC":         {config: alicloud.Config{Profile: "ak"}, env: rrsa, profiles: []map[string]any{ak}, seen: "SignalResource", key: "one"},
		"OIDC before the current profile":     {env: rrsa, profiles: []map[string]any{ak}, seen: oidcAsked},
		"half of OIDC is none":                {env: map[string]string{"ALIBABA_CLOUD_ROLE_ARN": role}, profiles: []map[string]any{ak}, seen: "SignalResource", key: "one"},
		"the machine's role":                  {config: alicloud.Config{ECSRoleName: "builder"}, seen: machineAsked},
		"the machine's role, unnamed": {profiles: []map[string]any{profile("ecs", "EcsRamRole", nil)},
			seen: "PUT /latest/api/token GET /latest/meta-data/ram/security-credentials/ GET /latest/meta-data/ram/security-credentials/builder SignalResource"},
		"the machine's role of the environment": {env: with(rrsa, map[string]string{"ALIBABA_CLOUD_ECS_METADATA": "builder"}), seen: machineAsked},
		"a role of the machine's": {profiles: []map[string]any{profile("both", "RamRoleArnWithRoleName", map[string]any{"ram_role_name": "builder", "ram_role_arn": role})},
			seen: "PUT /latest/api/token GET /latest/meta-data/ram/security-credentials/builder AssumeRole SignalResource"},
		"credentials_uri":                        {config: alicloud.Config{CredentialsURI: "/keys?a=b", ECSRoleName: "builder"}, env: rrsa, seen: "GET /keys SignalResource"},
		"credentials_uri of the first name":      {env: map[string]string{"ALICLOUD_CREDENTIALS_URI": "/keys", "ALIBABA_CLOUD_CREDENTIALS_URI": "/wrong"}, seen: "GET /keys SignalResource"},
		"credentials_uri of the second name":     {env: map[string]string{"ALIBABA_CLOUD_CREDENTIALS_URI": "/keys"}, seen: "GET /keys SignalResource"},
		"credentials_uri of a profile":           {profiles: []map[string]any{profile("uri", "CredentialsURI", map[string]any{"credentials_uri": "/keys"})}, seen: "GET /keys SignalResource"},
		"a named profile before credentials_uri": {config: alicloud.Config{Profile: "ak", CredentialsURI: "/keys"}, profiles: []map[string]any{ak}, seen: "SignalResource", key: "one"},
		"a program": {profiles: []map[string]any{profile("x", "External", map[string]any{"process_command": "'" + program(t, `echo '{"mode":"StsToken","access_key_id":"printed","access_key_secret":"canary-secret","sts_token":"'$1'"}'`) + `' "canary token"`})},
			seen: "SignalResource", key: "printed"},
		"a sign-in": {profiles: []map[string]any{profile("sso", "CloudSSO", map[string]any{
			"access_key_id": "kept", "access_key_secret": "canary-secret", "sts_token": "canary-token", "sts_expiration": time.Now().Add(time.Hour).Unix(),
		})}, seen: "SignalResource", key: "kept"},
		"a sign-in with OAuth": {profiles: []map[string]any{profile("oauth", "OAuth", map[string]any{
			"access_key_id": "kept", "access_key_secret": "canary-secret", "sts_token": "canary-token", "sts_expiration": time.Now().Add(time.Hour).Unix(),
			"oauth_access_token": "canary-access", "oauth_refresh_token": "canary-refresh", "oauth_site_type": "INTL",
		})}, seen: "SignalResource", key: "kept"},
	} {
		t.Run(name, func(t *testing.T) {
			f := play(t)
			// Sources that return keys in plain text are not asked through a proxy.
			t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
			home, _ := os.UserHomeDir()
			if err := os.WriteFile(filepath.Join(home, "token"), []byte(oidcToken), 0o600); err != nil {
				t.Fatal(err)
			}
			for name, value := range test.env {
				if strings.HasPrefix(value, "/keys") || strings.HasPrefix(value, "/wrong") {
					value = f.URL + value
				}
				t.Setenv(name, value)
			}
			for _, p := range test.profiles {
				if _, has := p["credentials_uri"]; has {
					p["credentials_uri"] = f.URL + "/keys"
				}
				// Some editors on Windows add a byte order mark.
				path := write(t, filepath.Join(home, ".aliyun", "config.json"), p["name"].(string), p)
				text, _ := os.ReadFile(path)
				if err := os.WriteFile(path, append([]byte("\xef\xbb\xbf"), text...), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if test.config.CredentialsURI != "" {
				test.config.CredentialsURI = f.URL + test.config.CredentialsURI
			}
			var told []string
			test.config.Log = func(_ context.Context, message string, fields ...map[string]any) {
				told = append(told, fmt.Sprint(message, fields))
			}
			c, _ := f.clients(test.config)
			for range 2 {
				if attempt := sent(t, c); attempt.Outcome != delivery.Accepted {
					t.Fatalf("%+v", attempt)
				}
			}
			if len(told) != 1 || strings.Contains(told[0], "canary") || !strings.Contains(told[0], "service:ros") || !strings.Contains(told[0], "endpoint:"+f.URL) || !strings.Contains(told[0], "credentials:") {
				t.Errorf("the log was told %q", told)
			}
			if seen := f.seen(); seen != test.seen+" SignalResource" {
				t.Errorf("asked for %s, want %s once and the signal again", seen, test.seen)
			}
			if got := f.last(); test.key != "" && got.key != test.key || test.key == "" && !strings.HasPrefix(got.key, "STS.") || strings.HasPrefix(got.key, "STS.") != strings.HasPrefix(got.token, "canary-token-") {
				t.Errorf("signed by %q with %q, want %q", got.key, got.token, test.key)
			}
			for _, part := range test.form {
				parameter, value, _ := strings.Cut(part, "=")
				if got := f.requests[0].form.Get(parameter); got != value {
					t.Errorf("%s is %q, want %q", parameter, got, value)
				}
			}
			if strings.Contains(f.requests[0].query, "canary") || f.requests[0].key != "" && strings.Contains(test.seen, "OIDC") {
				t.Errorf("a token is in %+v", f.requests[0])
			}
		})
	}
}

// A source without keys is an error that shows neither its answer nor its output, and whose
// next step sends nothing again.
func TestSourcesThatFail(t *testing.T) {
	signIn := map[string]any{"access_key_id": "kept", "access_key_secret": "canary-secret", "sts_token": "canary-token"}
	expired := map[string]any{"access_key_id": "kept", "access_key_secret": "canary-secret", "sts_token": "canary-token", "sts_expiration": 1}
	oidc := &alicloud.AssumeRoleWithOIDC{RoleARN: role, OIDCProviderARN: oidcProvider, Token: oidcToken}
	of := func(p map[string]any) []map[string]any { return []map[string]any{p} }
	external := func(script string) []map[string]any {
		return of(profile("x", "External", map[string]any{"process_command": "'" + program(t, script) + "'"}))
	}
	many := []http.HandlerFunc{refuses(503, "ServiceUnavailable"), refuses(503, "ServiceUnavailable"), refuses(503, "ServiceUnavailable")}
	for name, test := range map[string]struct {
		config   alicloud.Config
		profiles []map[string]any
		env      map[string]string
		what     string
		answers  []http.HandlerFunc
		cause    delivery.Cause
		says     []string
	}{
		"metadata without a role":           {config: alicloud.Config{ECSRoleName: "nobody"}, cause: delivery.NoCredentials, says: []string{"ECS instance", "HTTP 404", "runs on an ECS instance"}},
		"metadata that is broken":           {config: alicloud.Config{ECSRoleName: "builder"}, what: "GET /latest/meta-data/ram/security-credentials/builder", answers: []http.HandlerFunc{answers(`{"Code":"Failed","AccessKeySecret":"canary"}`)}, cause: delivery.NoCredentials, says: []string{"incomplete answer"}},
		"metadata that is no JSON":          {config: alicloud.Config{ECSRoleName: "builder"}, what: "GET /latest/meta-data/ram/security-credentials/builder", answers: []http.HandlerFunc{answers(`canary`)}, cause: delivery.NoCredentials, says: []string{"incomplete answer"}},
		"metadata that has no end":          {config: alicloud.Config{ECSRoleName: "builder"}, what: "GET /latest/meta-data/ram/security-credentials/builder", answers: []http.HandlerFunc{answers(strings.Repeat("canary", 4<<20))}, cause: delivery.NoCredentials, says: []string{"longer than 16 MB"}},
		"metadata that passes":              {config: alicloud.Config{ECSRoleName: "builder"}, what: "GET /latest/meta-data/ram/security-credentials/builder", answers: many, cause: delivery.CredentialsFailing, says: []string{"HTTP 503"}},
		"metadata that drops":               {config: alicloud.Config{ECSRoleName: "builder"}, what: "PUT /latest/api/token", answers: []http.HandlerFunc{drops}, cause: delivery.CredentialsUnreachable, says: []string{"ECS instance"}},
		"credentials_uri that is no JSON":   {config: alicloud.Config{CredentialsURI: "/keys?canary-in-query"}, what: "GET /keys", answers: []http.HandlerFunc{answers(`{"AccessKeySecret":"canary`)}, cause: delivery.NoCredentials, says: []string{"credentials_uri", "not the JSON"}},
		"credentials_uri that is not there": {config: alicloud.Config{CredentialsURI: "/canary"}, cause: delivery.NoCredentials, says: []string{"credentials_uri", "HTTP 404"}},
		"OIDC refused":                      {config: alicloud.Config{AssumeRoleWithOIDC: oidc}, what: "AssumeRoleWithOIDC", answers: []http.HandlerFunc{refuses(400, "AuthenticationFail.OIDCToken.Invalid")}, cause: delivery.NoCredentials, says: []string{role, "AuthenticationFail.OIDCToken.Invalid", "OIDC provider and token"}},
		"OIDC that passes":                  {config: alicloud.Config{AssumeRoleWithOIDC: oidc}, what: "AssumeRoleWithOIDC", answers: many, cause: delivery.CredentialsFailing, says: []string{role}},
		"OIDC throttled":                    {config: alicloud.Config{AssumeRoleWithOIDC: oidc}, what: "AssumeRoleWithOIDC", answers: []http.HandlerFunc{refuses(400, "Throttling.User")}, cause: delivery.CredentialsFailing, says: []string{"Throttling.User"}},
		"OIDC dropped":                      {config: alicloud.Config{AssumeRoleWithOIDC: oidc}, what: "AssumeRoleWithOIDC", answers: []http.HandlerFunc{drops}, cause: delivery.CredentialsFailing, says: []string{role}},
		"OIDC refused by a page":            {config: alicloud.Config{AssumeRoleWithOIDC: oidc}, what: "AssumeRoleWithOIDC", answers: []http.HandlerFunc{page(403, "<html>")}, cause: delivery.NoCredentials, says: []string{role, "proxy"}},
		"OIDC refused by no page":           {config: alicloud.Config{AssumeRoleWithOIDC: oidc}, what: "AssumeRoleWithOIDC", answers: []http.HandlerFunc{page(403, "")}, cause: delivery.NoCredentials, says: []string{role}},
		"OIDC with a page":                  {config: alicloud.Config{AssumeRoleWithOIDC: oidc}, what: "AssumeRoleWithOIDC", answers: []http.HandlerFunc{page(200, "<html>")}, cause: delivery.CredentialsUnreachable, says: []string{role, "proxy"}},
		"OIDC with other JSON":              {config: alicloud.Config{AssumeRoleWithOIDC: oidc}, what: "AssumeRoleWithOIDC", answers: []http.HandlerFunc{page(200, "{}")}, cause: delivery.CredentialsUnreachable, says: []string{role, "proxy"}},
		"OIDC with a page that passes":      {config: alicloud.Config{AssumeRoleWithOIDC: oidc}, what: "AssumeRoleWithOIDC", answers: []http.HandlerFunc{page(429, "<html>")}, cause: delivery.CredentialsFailing, says: []string{role}},
		"OIDC with another that passes":     {config: alicloud.Config{AssumeRoleWithOIDC: oidc}, what: "AssumeRoleWithOIDC", answers: []http.HandlerFunc{page(502, "<html>")}, cause: delivery.CredentialsFailing, says: []string{role}},
		"OIDC cut short":                    {config: alicloud.Config{AssumeRoleWithOIDC: oidc}, what: "AssumeRoleWithOIDC", answers: []http.HandlerFunc{halves}, cause: delivery.CredentialsFailing, says: []string{role, "cut short"}},
		"metadata that is a page":           {config: alicloud.Config{ECSRoleName: "builder"}, what: "GET /latest/meta-data/ram/security-credentials/builder", answers: []http.HandlerFunc{page(200, "<html>")}, cause: delivery.NoCredentials, says: []string{"incomplete answer"}},
		"metadata refused by a page":        {config: alicloud.Config{ECSRoleName: "builder"}, what: "GET /latest/meta-data/ram/security-credentials/builder", answers: []http.HandlerFunc{page(403, "<html>")}, cause: delivery.NoCredentials, says: []string{"HTTP 403"}},
		"OIDC without its file":             {config: alicloud.Config{AssumeRoleWithOIDC: &alicloud.AssumeRoleWithOIDC{RoleARN: role, OIDCProviderARN: oidcProvider, TokenFile: "/nowhere/token"}}, cause: delivery.NoCredentials, says: []string{"/nowhere/token", "no such file"}},
		"OIDC of the environment without its file": {env: map[string]string{"ALIBABA_CLOUD_ROLE_ARN": role, "ALIBABA_CLOUD_OIDC_PROVIDER_ARN": oidcProvider, "ALIBABA_CLOUD_OIDC_TOKEN_FILE": "/nowhere/token"},
			cause: delivery.NoCredentials, says: []string{"ALIBABA_CLOUD_OIDC_TOKEN_FILE names", "/nowhere/token", "no such file"}},
		"OIDC of a profile without its file": {profiles: of(profile("pod", "OIDC", map[string]any{"ram_role_arn": role, "oidc_provider_arn": oidcProvider, "oidc_token_file": "/nowhere/token"})),
			cause: delivery.NoCredentials, says: []string{`oidc_token_file of the profile "pod"`, "/nowhere/token"}},
		"OIDC without its provider":           {config: alicloud.Config{AssumeRoleWithOIDC: &alicloud.AssumeRoleWithOIDC{RoleARN: role}}, cause: delivery.NoCredentials, says: []string{"oidc_provider_arn", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN"}},
		"a program that talks":                {profiles: external(`echo canary-line; echo '{"mode":"AK","access_key_id":"a","access_key_secret":"canary-secret"}'`), cause: delivery.NoCredentials, says: []string{"process_command", "JSON of credentials and nothing else"}},
		"a program that fails":                {profiles: external(`echo canary-secret-printed; echo "no canary-secret-printed for you" >&2; exit 3`), cause: delivery.NoCredentials, says: []string{"exit status 3", "It said: no *** for you"}},
		"a program without keys":              {profiles: external(`echo '{"mode":"StsToken","access_key_id":"a","access_key_secret":"canary-secret"}'`), cause: delivery.NoCredentials, says: []string{"sts_token"}},
		"a program that is not there":         {profiles: of(profile("x", "External", map[string]any{"process_command": "/nowhere/helper"})), cause: delivery.NoCredentials, says: []string{"could not be run"}},
		"half a command":                      {profiles: of(profile("x", "External", map[string]any{"process_command": "'x"})), cause: delivery.NoCredentials, says: []string{"quotation mark"}},
		"a sign-in that has ended":            {profiles: of(profile("s so", "CloudSSO", expired)), cause: delivery.NoCredentials, says: []string{"expired", `"aliyun sts GetCallerIdentity --profile 's so'"`}},
		"a sign-in with OAuth that has ended": {profiles: of(profile("oauth", "OAuth", expired)), cause: delivery.NoCredentials, says: []string{"expired", "aliyun sts GetCallerIdentity --profile oauth"}},
		"a secret key with its line's end":    {config: alicloud.Config{AccessKey: "a", SecretKey: "canary-secret\n"}, cause: delivery.NoCredentials, says: []string{"the secret key from access_key and secret_key in the provider's alicloud block", "line break"}},
		"a key of a profile with a blank":     {profiles: of(profile("x", "AK", map[string]any{"access_key_id": "a", "access_key_secret": " canary-secret"})), cause: delivery.NoCredentials, says: []string{`the secret key from the profile "x"`, "blank"}},
		"a sign-in with a line break": {profiles: of(profile("sso", "CloudSSO", map[string]any{"access_key_id": "kept", "access_key_secret": "canary-secret", "sts_token": "canary\ntoken"})),
			cause: delivery.NoCredentials, says: []string{`the security token from the last sign-in with the profile "sso"`, "line break"}},
		"a program that prints a line break": {profiles: external(`printf '%s' '{"mode":"AK","access_key_id":"a","access_key_secret":"canary-secret\n"}'`), cause: delivery.NoCredentials, says: []string{`the secret key from process_command of the profile "x"`, "line break"}},
		"metadata with a line break": {config: alicloud.Config{ECSRoleName: "builder"}, what: "GET /latest/meta-data/ram/security-credentials/builder",
			answers: []http.HandlerFunc{answers(`{"Code":"Success","AccessKeyId":"a","AccessKeySecret":"canary-secret","SecurityToken":"canary\ntoken","Expiration":"2100-01-01T00:00:00Z"}`)},
			cause:   delivery.NoCredentials, says: []string{"the security token from the ECS instance", "line break"}},
		"credentials_uri with a blank": {config: alicloud.Config{CredentialsURI: "/keys?canary-in-query"}, what: "GET /keys",
			answers: []http.HandlerFunc{answers(`{"Code":"Success","AccessKeyId":"a ","AccessKeySecret":"canary-secret","SecurityToken":"canary-token","Expiration":"2100-01-01T00:00:00Z"}`)},
			cause:   delivery.NoCredentials, says: []string{"the access key from credentials_uri at 127.0.0.1", "blank"}},
		"a session with a line break": {config: alicloud.Config{AccessKey: "a", SecretKey: "canary-secret", AssumeRole: &alicloud.AssumeRole{RoleARN: role}}, what: "AssumeRole",
			answers: []http.HandlerFunc{answers(`{"RequestId":"r","Credentials":{"AccessKeyId":"a","AccessKeySecret":"canary-secret","SecurityToken":"canary\ntoken","Expiration":"2100-01-01T00:00:00Z"}}`)},
			cause:   delivery.NoCredentials, says: []string{"the security token from the session of the role " + role, "line break"}},
		"an OIDC token with a line break": {config: alicloud.Config{AssumeRoleWithOIDC: &alicloud.AssumeRoleWithOIDC{RoleARN: role, OIDCProviderARN: oidcProvider, Token: "canary\ntoken"}},
			cause: delivery.NoCredentials, says: []string{"the OIDC token of assume_role_with_oidc", "line break"}},
		"no sign-in":               {profiles: of(profile("sso", "CloudSSO", nil)), cause: delivery.NoCredentials, says: []string{"no keys", "--profile sso"}},
		"a mode that is not known": {profiles: of(profile("x", "RsaKeyPair", signIn)), cause: delivery.NoCredentials, says: []string{"RsaKeyPair", "External", "process_command"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := play(t)
			f.next(test.what, test.answers...)
			for name, value := range test.env {
				t.Setenv(name, value)
			}
			home, _ := os.UserHomeDir()
			for _, p := range test.profiles {
				write(t, filepath.Join(home, ".aliyun", "config.json"), p["name"].(string), p)
			}
			if test.config.CredentialsURI != "" {
				test.config.CredentialsURI = f.URL + test.config.CredentialsURI
			}
			c, secrets := f.clients(test.config)
			attempt := sent(t, c)
			if attempt.Outcome != delivery.NotSent || attempt.Cause != test.cause {
				t.Errorf("%+v", attempt)
			}
			if seen := f.seen(); strings.Contains(seen, "SignalResource") {
				t.Errorf("asked for %s", seen)
			}
			said := secrets.Error(attempt.Err).Error() + " " + alicloud.Explain(attempt, "ros:SignalResource")
			for _, part := range test.says {
				if !strings.Contains(said, part) {
					t.Errorf("%q is not in %s", part, said)
				}
			}
			if strings.Contains(strings.ReplaceAll(said, "/canary", ""), "canary") || strings.Contains(said, "pply again") {
				t.Errorf("it said %s", said)
			}
		})
	}
}

// After a service has called the keys expired or refused the time, the provider tries once
// more, with other keys or the right time.
func TestRefusedSignatures(t *testing.T) {
	expired := refuses(400, "InvalidSecurityToken.Expired")
	for name, test := range map[string]struct {
		config   alicloud.Config
		answers  []http.HandlerFunc
		ahead    time.Duration
		outcomes []delivery.Outcome
		seen     string
	}{
		"renewed":         {alicloud.Config{CredentialsURI: "/keys"}, []http.HandlerFunc{expired}, 0, []delivery.Outcome{delivery.NotSent, delivery.Accepted}, "GET /keys SignalResource GET /keys SignalResource"},
		"renewed in vain": {alicloud.Config{CredentialsURI: "/keys"}, []http.HandlerFunc{expired, expired}, 0, []delivery.Outcome{delivery.NotSent, delivery.Rejected}, "GET /keys SignalResource GET /keys SignalResource"},
		"not renewable":   {alicloud.Config{AccessKey: "a", SecretKey: "canary", SecurityToken: "canary-token"}, []http.HandlerFunc{expired}, 0, []delivery.Outcome{delivery.Rejected}, "SignalResource"},
		"a wrong clock":   {alicloud.Config{AccessKey: "a", SecretKey: "canary"}, []http.HandlerFunc{refuses(400, "InvalidTimeStamp.Expired")}, 20 * time.Minute, []delivery.Outcome{delivery.NotSent, delivery.Accepted}, "SignalResource SignalResource"},
		"no wrong clock":  {alicloud.Config{AccessKey: "a", SecretKey: "canary"}, []http.HandlerFunc{refuses(400, "InvalidTimeStamp.Expired")}, 0, []delivery.Outcome{delivery.Rejected}, "SignalResource"},
	} {
		t.Run(name, func(t *testing.T) {
			f := play(t)
			f.now = func() time.Time { return time.Now().Add(test.ahead) }
			f.next("SignalResource", test.answers...)
			if test.config.CredentialsURI != "" {
				test.config.CredentialsURI = f.URL + test.config.CredentialsURI
			}
			c, _ := f.clients(test.config)
			for _, want := range test.outcomes {
				attempt := sent(t, c)
				if attempt.Outcome != want || want == delivery.NotSent && attempt.Cause != delivery.CredentialsFailing {
					t.Fatalf("want %s: %+v", want, attempt)
				}
				if said := alicloud.Explain(attempt, ""); strings.Contains(said, "pply again") {
					t.Errorf("it said %s", said)
				}
			}
			if seen := f.seen(); seen != test.seen {
				t.Errorf("asked for %s", seen)
			}
			signed, err := time.Parse("2006-01-02T15:04:05Z", f.last().header.Get("x-acs-date"))
			if off := f.now().Sub(signed).Abs(); err != nil || off > time.Minute {
				t.Errorf("signed %s off: %v", off, err)
			}
		})
	}
}

// STS may also refuse the signature of the keys that assume a role: because of the time,
// which the provider corrects once with the time of the answer, or because of the keys,
// which does not concern the role.
func TestSTSRefusesTheSignature(t *testing.T) {
	for name, test := range map[string]struct {
		code  string
		ahead time.Duration
		// passes says that the next attempt succeeds; says is the advice otherwise.
		passes bool
		says   string
	}{
		"a wrong clock":    {"InvalidTimeStamp.Expired", 20 * time.Minute, true, ""},
		"no wrong clock":   {"InvalidTimeStamp.Expired", 0, false, "set the clock"},
		"a wrong key":      {"InvalidAccessKeyId.NotFound", 0, false, "check access key"},
		"a wrong secret":   {"SignatureDoesNotMatch", 0, false, "check access key"},
		"expired keys":     {"InvalidSecurityToken.Expired", 0, false, "renew them"},
		"a role of others": {"NoPermission", 0, false, "trust policy"},
	} {
		t.Run(name, func(t *testing.T) {
			f := play(t)
			f.now = func() time.Time { return time.Now().Add(test.ahead) }
			f.lasts += test.ahead.Abs()
			f.next("AssumeRole", refuses(400, test.code))
			c, _ := f.clients(alicloud.Config{AccessKey: "a", SecretKey: "canary", AssumeRole: &alicloud.AssumeRole{RoleARN: role}})
			attempt := sent(t, c)
			said := attempt.Err.Error() + " " + alicloud.Explain(attempt, "")
			if cause := attempt.Cause; attempt.Outcome != delivery.NotSent || (cause == delivery.CredentialsFailing) != test.passes || !test.passes && cause != delivery.NoCredentials {
				t.Errorf("%+v", attempt)
			}
			if !strings.Contains(said, test.says) || strings.Contains(said, "trust policy") && test.says != "trust policy" || strings.Contains(said, "pply again") {
				t.Errorf("it said %s", said)
			}
			if attempt := sent(t, c); attempt.Outcome != delivery.Accepted || f.seen() != "AssumeRole AssumeRole SignalResource" {
				t.Errorf("asked for %s: %+v", f.seen(), attempt)
			}
		})
	}
}

// Keys are renewed before they expire. The provider uses the old ones if that fails and
// they are still valid.
func TestKeysAreRenewedEarly(t *testing.T) {
	f := play(t)
	f.lasts = time.Minute
	c, _ := f.clients(alicloud.Config{AccessKey: "a", SecretKey: "canary", AssumeRole: &alicloud.AssumeRole{RoleARN: role}})
	f.next("AssumeRole", nil, refuses(503, "ServiceUnavailable"), drops)
	for range 3 {
		if attempt := sent(t, c); attempt.Outcome != delivery.Accepted {
			t.Fatalf("%+v", attempt)
		}
	}
	// After a renewal that failed there is a pause.
	if seen := f.seen(); seen != "AssumeRole SignalResource AssumeRole SignalResource SignalResource" {
		t.Errorf("asked for %s", seen)
	}
}

// Keys in a service's message are not shown, and an endless answer is not the service's
// own.
func TestForeignWords(t *testing.T) {
	f := play(t)
	f.next("SignalResource", refuses(403, "NoPermission"), answers(`{"a":"`+strings.Repeat("x", 17<<20)))
	c, secrets := f.clients(alicloud.Config{CredentialsURI: f.URL + "/keys"})
	refused := secrets.Attempt(sent(t, c))
	if refused.Outcome != delivery.Rejected || refused.Message != "no ***" || strings.Contains(refused.Err.Error(), "canary") {
		t.Errorf("%+v", refused)
	}
	if long := sent(t, c); long.Outcome != delivery.Unknown || !strings.Contains(long.Err.Error(), "longer than 16 MB") {
		t.Errorf("%+v", long)
	}
}
