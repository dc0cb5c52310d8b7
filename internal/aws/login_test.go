package aws_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
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

const loginSession = "arn:aws:iam::123456789012:user/x"

// signedIn writes the session of "aws login" into a new home. It has ended.
func signedIn(t *testing.T, f *fake) {
	t.Helper()
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("AWS_ENDPOINT_URL_SIGNIN", f.URL)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cached, err := json.Marshal(map[string]any{
		"accessToken": map[string]any{
			"accessKeyId": "AKIALOGIN", "secretAccessKey": "canary-login-secret", "sessionToken": "canary-login-session",
			"accountId": "123456789012", "expiresAt": time.Unix(0, 0).UTC().Format(time.RFC3339),
		},
		"tokenType": "x", "refreshToken": "canary-login-refresh", "identityToken": "canary-login-id", "clientId": "client",
		"dpopKey": string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})),
	})
	if err != nil {
		t.Fatal(err)
	}
	name, dir := sha256.Sum256([]byte(loginSession)), filepath.Join(home, ".aws", "login", "cache")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, hex.EncodeToString(name[:])+".json"), cached, 0o600); err != nil {
		t.Fatal(err)
	}
}

// refusesLogin refuses to renew a session, with a message that repeats the request.
func refusesLogin(status int, code, why string) answer {
	return func(w http.ResponseWriter, r request) bool {
		said, _ := json.Marshal("refused " + r.body)
		w.Header().Set("X-Amzn-Errortype", code)
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"error":%q,"__type":%q,"message":%s}`, why, code, said)
		return true
	}
}

// A session of "aws login" that has ended leads to an error that asks for another one, with
// its profile. The provider renews a session with a token, which no message shows, even if
// the service or a proxy repeats it.
func TestLoginThatFails(t *testing.T) {
	const region = "region = us-east-1\n"
	const login = region + "login_session = " + loginSession + "\n"
	for name, test := range map[string]struct {
		profiles, profile string
		refusal           answer
		noSession         bool
		cause             delivery.Cause
		says              []string
	}{
		"refused":           {"[default]\n" + login, "", refusesLogin(400, "OtherException", "x"), false, delivery.NoCredentials, []string{"refused", `Sign in again: "aws login".`}},
		"of a profile":      {"[profile my dev]\n" + login, "my dev", refusesLogin(400, "OtherException", "x"), false, delivery.NoCredentials, []string{`"aws login --profile 'my dev'"`}},
		"expired":           {"[profile dev]\n" + login, "dev", refusesLogin(401, "AccessDeniedException", "TOKEN_EXPIRED"), false, delivery.NoCredentials, []string{"expired", `"aws login --profile dev"`}},
		"another password":  {"[profile dev]\n" + login, "dev", refusesLogin(401, "AccessDeniedException", "USER_CREDENTIALS_CHANGED"), false, delivery.NoCredentials, []string{"password", `"aws login --profile dev"`}},
		"no permission":     {"[profile dev]\n" + login, "dev", refusesLogin(403, "AccessDeniedException", "INSUFFICIENT_PERMISSIONS"), false, delivery.NoCredentials, []string{"CreateOAuth2Token, or sign in", `"aws login --profile dev"`}},
		"no session":        {"[profile dev]\n" + login, "dev", nil, true, delivery.NoCredentials, []string{"not found", `"aws login --profile dev"`}},
		"failing":           {"[profile dev]\n" + login, "dev", refusesLogin(503, "InternalServerException", "SERVER_ERROR"), false, delivery.CredentialsFailing, nil},
		"too many requests": {"[profile dev]\n" + login, "dev", refusesLogin(429, "TooManyRequestsError", "x"), false, delivery.CredentialsFailing, nil},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t)
			if signedIn(t, f); test.noSession {
				t.Setenv("HOME", t.TempDir())
			}
			t.Setenv("AWS_CONFIG_FILE", file(t, "config", test.profiles))
			f.next("POST /v1/token", often(20, test.refusal)...)
			config := aws.Config{Profile: test.profile, Secrets: delivery.NewRedactor(), Endpoints: map[string]string{"ssm": f.URL, "sts": f.URL}}
			attempt := open(t, config, "us-east-1").Send(t.Context())
			said := config.Secrets.Attempt(attempt).Err.Error() + " " + aws.Explain(attempt, "ssm:SendAutomationSignal")
			if attempt.Outcome != delivery.NotSent || attempt.Cause != test.cause {
				t.Errorf("it ended %s with cause %d: %s", attempt.Outcome, attempt.Cause, said)
			}
			for _, part := range test.says {
				if !strings.Contains(said, part) {
					t.Errorf("%q is not in %s", part, said)
				}
			}
			for _, never := range []string{"canary", "sso login", "Give the provider AWS credentials", "apply again"} {
				if strings.Contains(said, never) {
					t.Errorf("%q is in %s", never, said)
				}
			}
		})
	}
}
