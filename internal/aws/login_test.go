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

// A sign-in of "aws login" is renewed with a token, which is not shown when the
// service that renews it, or a proxy, repeats it.
func TestLoginIsNotShown(t *testing.T) {
	const session = "arn:aws:iam::123456789012:user/x"
	f, home := start(t), t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("AWS_ENDPOINT_URL_SIGNIN", f.URL)
	t.Setenv("AWS_CONFIG_FILE", file(t, "config", "[default]\nregion = us-east-1\nlogin_session = "+session+"\n"))
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
	name, dir := sha256.Sum256([]byte(session)), filepath.Join(home, ".aws", "login", "cache")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, hex.EncodeToString(name[:])+".json"), cached, 0o600); err != nil {
		t.Fatal(err)
	}
	f.next("POST /v1/token", often(5, func(w http.ResponseWriter, r request) bool {
		said, _ := json.Marshal("refused " + r.body)
		w.Header().Set("X-Amzn-Errortype", "OtherException")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"error":"x","__type":"OtherException","message":%s}`, said)
		return true
	})...)
	config := aws.Config{Secrets: delivery.NewRedactor(), Endpoints: map[string]string{"ssm": f.URL, "sts": f.URL}}
	attempt := open(t, config, "us-east-1").deliver(5 * time.Second).Attempt
	said := config.Secrets.Attempt(attempt).Err.Error()
	if strings.Contains(said, "canary") || !strings.Contains(said, "refused") {
		t.Errorf("it says %s", said)
	}
}
