package aws_test

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/frames"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// askedFor are the sources of credentials that are asked over the network, at the
// server at a URL.
var askedFor = map[string]func(t *testing.T, url string, config *aws.Config){
	"SSO": func(t *testing.T, url string, config *aws.Config) {
		config.Profile = "sso"
		config.SharedConfigFiles = []string{file(t, "config", "[profile sso]\nsso_start_url = https://start.example\nsso_region = us-east-1\nsso_account_id = 123456789012\nsso_role_name = r\n")}
		t.Setenv("AWS_ENDPOINT_URL_SSO", url)
		home := t.TempDir()
		t.Setenv("HOME", home)
		cache := filepath.Join(home, ".aws", "sso", "cache")
		if err := os.MkdirAll(cache, 0o700); err != nil {
			t.Fatal(err)
		}
		sum := sha1.Sum([]byte("https://start.example"))
		kept := fmt.Sprintf(`{"accessToken":"token","expiresAt":%q}`, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
		if err := os.WriteFile(filepath.Join(cache, hex.EncodeToString(sum[:])+".json"), []byte(kept), 0o600); err != nil {
			t.Fatal(err)
		}
	},
	"container": func(t *testing.T, url string, _ *aws.Config) {
		t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url+"/container")
	},
	"STS AssumeRole": func(_ *testing.T, _ string, config *aws.Config) {
		config.AccessKey, config.SecretKey, config.AssumeRole = "AKIASTATIC", "secret", []aws.AssumeRole{{RoleARN: roleARN}}
	},
	"STS AssumeRole of a profile": func(t *testing.T, _ string, config *aws.Config) {
		config.Profile = "role"
		config.SharedConfigFiles = []string{file(t, "config", "[profile role]\nrole_arn = "+roleARN+"\nsource_profile = base\n[profile base]\naws_access_key_id = AKIABASE\naws_secret_access_key = secret\n")}
	},
	"STS AssumeRoleWithWebIdentity": func(_ *testing.T, _ string, config *aws.Config) {
		config.WebIdentity = &aws.WebIdentity{RoleARN: roleARN, Token: "token"}
	},
	"STS GetCallerIdentity": func(_ *testing.T, _ string, config *aws.Config) {
		config.AccessKey, config.SecretKey, config.AllowedAccountIDs = "AKIASTATIC", "secret", []string{"123456789012"}
	},
}

// One attempt to get credentials is one request on the wire, however its HTTP/2
// stream ends, and no signal is sent without them. net/http makes such a request
// again and again.
func TestOneRequestForCredentialsOnEveryStream(t *testing.T) {
	t.Setenv("AWS_MAX_ATTEMPTS", "1") // The SDK asks SSO three times otherwise.
	for end, reset := range map[string]func(framer *http2.Framer, stream uint32){
		"PROTOCOL_ERROR": func(framer *http2.Framer, stream uint32) { _ = framer.WriteRSTStream(stream, http2.ErrCodeProtocol) },
		"REFUSED_STREAM": func(framer *http2.Framer, stream uint32) {
			_ = framer.WriteRSTStream(stream, http2.ErrCodeRefusedStream)
		},
		"GOAWAY below": func(framer *http2.Framer, _ uint32) { _ = framer.WriteGoAway(0, http2.ErrCodeNo, nil) },
	} {
		for name, from := range askedFor {
			t.Run(name+", "+end, func(t *testing.T) {
				s := frames.Serve(t, func(_ int, framer *http2.Framer, stream uint32) { reset(framer, stream) })
				config := aws.Config{CustomCABundle: s.Authority, Endpoints: map[string]string{"ssm": s.URL, "sts": s.URL}}
				from(t, s.URL, &config)
				attempt := open(t, config, "us-east-1").Send(t.Context())
				if made := s.Requests(); len(made) != 1 {
					t.Errorf("%d requests were made: %v", len(made), made)
				}
				if attempt.Outcome != delivery.NotSent || attempt.Cause != delivery.CredentialsUnreachable && attempt.Cause != delivery.CredentialsFailing && attempt.Cause != delivery.Unprocessed {
					t.Errorf("it ended %s, cause %d: %v", attempt.Outcome, attempt.Cause, attempt.Err)
				}
			})
		}
	}
}

// One attempt to get credentials is also one request on a connection that the server has
// just closed. net/http would repeat a read there.
func TestOneRequestForCredentialsOnAStaleConnection(t *testing.T) {
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	// The provider asks again for credentials that have already expired when they arrive.
	ended := time.Now().Add(-time.Minute)
	for name, operation := range map[string]string{"SSO": "GET /federation/credentials", "container": "GET /container"} {
		t.Run(name, func(t *testing.T) {
			f := start(t)
			f.next(operation, func(w http.ResponseWriter, _ request) bool {
				_ = json.NewEncoder(w).Encode(map[string]any{
					"AccessKeyId": "ASIAMACHINE", "SecretAccessKey": "secret", "Token": "token", "Expiration": ended.UTC(),
					"roleCredentials": map[string]any{"accessKeyId": "ASIASSO", "secretAccessKey": "secret", "sessionToken": "token", "expiration": ended.UnixMilli()},
				})
				return true
			})
			f.next(operation, often(5, drops)...)
			config := aws.Config{Endpoints: map[string]string{"ssm": f.URL, "sts": f.URL}}
			askedFor[name](t, f.URL, &config)
			signals := open(t, config, "us-east-1")
			if first := signals.Send(t.Context()); first.Outcome != delivery.Accepted {
				t.Errorf("the first one ended %s: %v", first.Outcome, first.Err)
			}
			second := signals.Send(t.Context())
			if seen, want := f.seen(), operation+" SendAutomationSignal "+operation; seen != want {
				t.Errorf("these requests were made: %s, want %s", seen, want)
			}
			if second.Outcome != delivery.NotSent || second.Cause != delivery.CredentialsFailing {
				t.Errorf("the second one ended %s, cause %d: %v", second.Outcome, second.Cause, second.Err)
			}
		})
	}
}
