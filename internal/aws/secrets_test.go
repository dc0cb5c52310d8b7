package aws_test

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// repeats refuses a request with a message that contains the whole request.
func repeats(w http.ResponseWriter, r request) bool {
	words := []string{"refused"}
	for name, values := range r.header {
		if name = strings.ToLower(name); (strings.HasSuffix(name, "token") || strings.HasSuffix(name, "authorization")) && !strings.HasPrefix(values[0], "AWS4-") {
			words = append(words, values...)
		}
	}
	words = append(words, r.form.Get("WebIdentityToken"))
	if r.what == "POST /token" {
		words = append(words, r.body)
	}
	text, _ := json.Marshal(strings.Join(words, " "))
	if r.header.Get("X-Amz-Target") != "" || strings.Contains(r.what, " ") {
		code := "AccessDeniedException"
		if r.what == "POST /token" {
			code = "OtherException" // The SDK does not read the words of those that it knows.
		}
		w.Header().Set("X-Amzn-Errortype", code)
		w.WriteHeader(400)
		_, _ = fmt.Fprintf(w, `{"__type":%[1]q,"code":%[1]q,"message":%[2]s}`, code, text)
		return true
	}
	return refuses(403, "AccessDenied", string(text))(w, r)
}

// No message shows a secret, whoever writes it: the sources of credentials, the services,
// or proxies between.
func TestNoSecretIsRepeated(t *testing.T) {
	const canary = "canary/of+the=source"
	process := func(script string) string {
		return "[default]\nregion = us-east-1\ncredential_process = sh " + file(t, "helper", script) + "\n"
	}
	const signIn = "[default]\nregion = us-east-1\nsso_session = company\nsso_account_id = 123456789012\nsso_role_name = r\n" +
		"[sso-session company]\nsso_start_url = https://start.example\nsso_region = us-east-1\n"
	oidc := map[string]string{"AWS_ENDPOINT_URL_SSO": "/", "AWS_ENDPOINT_URL_SSO_OIDC": "/"}
	printed := `echo '{"Version":1,"AccessKeyId":"AKIAPRINTED","SecretAccessKey":"canary/of+the=secret","SessionToken":"` + canary + `"}'`
	for name, test := range map[string]struct {
		profile string
		env     map[string]string
		config  aws.Config
		// what is the operation that is refused with a message that repeats the request.
		what string
		says []string
	}{
		"a process":                    {profile: process(printed), what: "SendAutomationSignal", says: []string{"refused ***"}},
		"a process that talks":         {profile: process("echo warming up; " + printed), says: []string{"credential_process", "JSON of a credential_process and nothing else"}},
		"a process that fails":         {profile: process(printed + "; echo has " + canary + " and Unto1dSecretOfFortyCharacters/AndMore+Ones >&2; exit 3"), says: []string{"exit status 3", "It said: has *** and ***"}},
		"a process of another version": {profile: process(`echo '{"Version":2,"SecretAccessKey":"` + canary + `"}'`), says: []string{"Version"}},
		"a process of a role": {
			profile: "[default]\nregion = us-east-1\nrole_arn = " + roleARN + "\nsource_profile = base\n[profile base]\ncredential_process = sh " + file(t, "base", "echo canary/line; "+printed) + "\n",
			says:    []string{"credential_process", "JSON of a credential_process and nothing else"},
		},
		"a web identity of the block": {config: aws.Config{WebIdentity: &aws.WebIdentity{RoleARN: roleARN, Token: canary}}, what: "AssumeRoleWithWebIdentity", says: []string{"refused", "***"}},
		"a web identity of the environment": {env: map[string]string{"AWS_ROLE_ARN": roleARN, "AWS_WEB_IDENTITY_TOKEN_FILE": file(t, "env", canary)},
			what: "AssumeRoleWithWebIdentity", says: []string{"refused", "***"}},
		"a web identity of a profile": {profile: "[default]\nregion = us-east-1\nrole_arn = " + roleARN + "\nweb_identity_token_file = " + file(t, "profile", canary) + "\n",
			what: "AssumeRoleWithWebIdentity", says: []string{"refused", "***"}},
		"a container":            {env: map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "/container", "AWS_CONTAINER_AUTHORIZATION_TOKEN": canary}, what: "GET /container", says: []string{"***"}},
		"a token of a container": {env: map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "/container"}, what: "SendAutomationSignal", says: []string{"refused ***"}},
		"a token of a machine":   {env: map[string]string{"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "/"}, what: "SendAutomationSignal", says: []string{"refused ***"}},
		"static keys":            {config: aws.Config{AccessKey: "AKIASTATIC", SecretKey: "canary/of+the=secret", Token: canary}, what: "SendAutomationSignal", says: []string{"refused ***"}},
		"keys of a file":         {profile: "[default]\nregion = us-east-1\naws_access_key_id = AKIAFILE\naws_secret_access_key = canary/of+the=secret\naws_session_token = " + canary + "\n", what: "SendAutomationSignal", says: []string{"refused ***"}},
		"a sign-in": {profile: "[default]\nregion = us-east-1\nsso_start_url = https://start.example\nsso_region = us-east-1\nsso_account_id = 123456789012\nsso_role_name = r\n",
			env: map[string]string{"AWS_ENDPOINT_URL_SSO": "/"}, what: "GET /federation/credentials", says: []string{"***"}},
		"a sign-in that is renewed":  {profile: signIn, env: oidc, what: "POST /token", says: []string{"clientSecret", "***"}},
		"a sign-in that was renewed": {profile: signIn, env: oidc, what: "GET /federation/credentials", says: []string{"***"}},
		"the session of a sign-in":   {profile: signIn, env: oidc, what: "SendAutomationSignal", says: []string{"refused ***"}},
		"a proxy":                    {config: aws.Config{AccessKey: "AKIASTATIC", SecretKey: "canary/of+the=secret", HTTPProxy: "http://somebody:canary%2Fof+the=source@"}, what: "SendAutomationSignal", says: []string{"refused Basic ***"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t)
			home := t.TempDir()
			t.Setenv("HOME", home)
			for name, value := range test.env {
				if strings.HasPrefix(value, "/") && len(value) < 20 && name != "AWS_WEB_IDENTITY_TOKEN_FILE" {
					value = strings.TrimSuffix(f.URL+value, "/")
				}
				t.Setenv(name, value)
			}
			if test.profile != "" {
				t.Setenv("AWS_CONFIG_FILE", file(t, "config", test.profile))
			}
			sum := sha1.Sum([]byte("https://start.example"))
			cache := filepath.Join(home, ".aws", "sso", "cache")
			if err := os.MkdirAll(cache, 0o700); err != nil {
				t.Fatal(err)
			}
			kept := fmt.Sprintf(`{"accessToken":%q,"expiresAt":%q}`, canary, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
			if err := os.WriteFile(filepath.Join(cache, hex.EncodeToString(sum[:])+".json"), []byte(kept), 0o600); err != nil {
				t.Fatal(err)
			}
			sum = sha1.Sum([]byte("company"))
			ended := fmt.Sprintf(`{"startUrl":"https://start.example","region":"us-east-1","accessToken":"%[1]s-ended","refreshToken":"%[1]s-refresh","clientId":"client","clientSecret":"%[1]s-client",
				"registrationExpiresAt":%[2]q,"expiresAt":%[3]q}`, canary, time.Now().Add(time.Hour).UTC().Format(time.RFC3339), time.Now().Add(-time.Hour).UTC().Format(time.RFC3339))
			if err := os.WriteFile(filepath.Join(cache, hex.EncodeToString(sum[:])+".json"), []byte(ended), 0o600); err != nil {
				t.Fatal(err)
			}
			config := test.config
			var told []string
			config.Log = func(_ context.Context, message string, fields ...map[string]any) {
				told = append(told, fmt.Sprint(message, fields))
			}
			config.Secrets = delivery.NewRedactor()
			config.Endpoints = map[string]string{"ssm": f.URL, "sts": f.URL}
			if config.HTTPProxy != "" {
				config.HTTPProxy += strings.TrimPrefix(f.URL, "http://")
				config.Endpoints["ssm"] = "http://ssm.invalid"
			}
			f.next(test.what, often(20, repeats)...)
			result := open(t, config, "us-east-1").deliver(10 * time.Second)
			shown := config.Secrets.Attempt(result.Attempt)
			said := shown.Code + " " + shown.Message + " " + shown.Err.Error() + " " + aws.Explain(result.Attempt, "ssm:SendAutomationSignal")
			for _, secret := range []string{"canary", "of+the", "Unto1d", " token", "Y2FuYXJ5"} {
				if secret == " token" && !strings.HasPrefix(name, "a token of") {
					continue
				}
				if strings.Contains(said, secret) {
					t.Errorf("%s is in %s", secret, said)
				}
			}
			if logged := strings.Join(told, ""); len(told) != 1 || strings.Contains(logged, "canary") || !strings.Contains(logged, "credentials:") || !strings.Contains(logged, "region:us-east-1") {
				t.Errorf("the log was told %q", told)
			}
			for _, part := range test.says {
				if !strings.Contains(said, part) {
					t.Errorf("%q is not in %s", part, said)
				}
			}
		})
	}
}

// The provider does not read an answer without a limit.
func TestAnswersHaveABound(t *testing.T) {
	block := []byte(strings.Repeat("x", 1<<16))
	long := func(w http.ResponseWriter, _ request) bool {
		_, _ = w.Write([]byte(`{"a":"`))
		for {
			if _, err := w.Write(block); err != nil {
				return true
			}
		}
	}
	for what, outcome := range map[string]delivery.Outcome{"SendAutomationSignal": delivery.Unknown, "AssumeRole": delivery.NotSent, "GET /container": delivery.NotSent} {
		t.Run(what, func(t *testing.T) {
			f := start(t)
			config := f.role()
			if what == "GET /container" {
				config = f.static()
				config.AccessKey, config.SecretKey = "", ""
				t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f.URL+"/container")
			}
			f.next(what, often(1000, long)...)
			result := open(t, config, "").deliver(2 * time.Second)
			if result.Outcome != outcome || !strings.Contains(result.Err.Error(), "longer than 16 MB") {
				t.Errorf("%+v", result.Attempt)
			}
		})
	}
}
