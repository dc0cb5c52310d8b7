//go:build !windows

package provider_test

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
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

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
)

// mirror gives credentials to clients that ask for some. It refuses all other requests with
// a message that repeats every secret in the request, as a service, an STS or a proxy may
// do.
type mirror struct {
	*httptest.Server
	mu sync.Mutex
	// repeated has the secrets that were repeated, by the host that got them.
	repeated map[string]string
}

func openMirror(t *testing.T) *mirror {
	t.Helper()
	m := &mirror{repeated: map[string]string{}}
	m.Server = httptest.NewServer(m)
	t.Cleanup(m.Close)
	return m
}

func (m *mirror) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	end := time.Now().Add(time.Hour).UTC().Format("2006-01-02T15:04:05Z")
	switch r.URL.Path {
	case "/keys":
		_, _ = fmt.Fprintf(w, `{"Code":"Success","AccessKeyId":"STS.uri","AccessKeySecret":"canary-uri-secret","SecurityToken":"canary-uri-token","Expiration":%q}`, end)
		return
	case "/broken":
		_, _ = io.WriteString(w, `{"AccessKeySecret":"canary-broken-secret", canary-broken`)
		return
	case "/container":
		_, _ = fmt.Fprintf(w, `{"AccessKeyId":"ASIACONTAINER","SecretAccessKey":"canary-container-secret","Token":"canary-container-token","Expiration":%q}`, end)
		return
	case "/federation/credentials":
		_, _ = fmt.Fprintf(w, `{"roleCredentials":{"accessKeyId":"ASIASSO","secretAccessKey":"canary-sso-secret","sessionToken":"canary-sso-session","expiration":%d}}`, time.Now().Add(time.Hour).UnixMilli())
		return
	}
	words := []string{"refused"}
	for name, values := range r.Header {
		if name = strings.ToLower(name); strings.HasSuffix(name, "token") || name == "proxy-authorization" {
			words = append(words, values...)
		}
	}
	words = append(words, form.Get("OIDCToken"), form.Get("WebIdentityToken"))
	said := strings.Join(words, " ")
	who := r.Host + " " + r.Header.Get("x-acs-action") + r.Header.Get("X-Amz-Target") + form.Get("Action")
	m.mu.Lock()
	m.repeated[who] += said + "\n"
	m.mu.Unlock()
	text, _ := json.Marshal(said)
	w.Header().Set("X-Amzn-Requestid", "request")
	switch {
	case r.Header.Get("x-acs-action") != "":
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprintf(w, `{"RequestId":"request","Code":"NoPermission","Message":%s}`, text)
	case form.Get("Action") != "":
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>")
		_ = xml.EscapeText(w, []byte(said))
		_, _ = io.WriteString(w, "</Message></Error><RequestId>request</RequestId></ErrorResponse>")
	default:
		w.Header().Set("X-Amzn-Errortype", "AccessDeniedException")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"__type":"AccessDeniedException","message":%s}`, text)
	}
}

// A real terraform with its most detailed log uses each source of credentials. All servers
// refuse with messages that repeat the secrets. No secret is in the log or in a message.
func TestAccSourcesOfCredentialsStaySecret(t *testing.T) {
	t.Parallel()
	m := openMirror(t)
	proxy := strings.Replace(m.URL, "http://", "http://somebody:canary%2Fproxy@", 1)
	w := acctest.Bare(t, map[string]string{
		"HTTP_PROXY":                         proxy,
		"AWS_ENDPOINT_URL_SSO":               m.URL,
		"AWS_CONTAINER_CREDENTIALS_FULL_URI": m.URL + "/container",
		"AWS_CONTAINER_AUTHORIZATION_TOKEN":  "canary-container-authorization",
	})
	dir := w.WorkingDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	w.WriteFile("token", "canary-file-token\n")
	w.WriteFile("talks", "echo canary-talking; echo '{\"SecretAccessKey\":\"canary-talking\"}'")
	w.WriteFile("fails", "echo cana-ry1; echo 'SECRET=canary-failing' ; echo 'got cana-ry1, canary-failing and password=canary' >&2; exit 3")
	w.WriteFile("works", `echo '{"Version":1,"AccessKeyId":"ASIAPROCESS","SecretAccessKey":"canary-process-secret","SessionToken":"canary-process-token","mode":"StsToken","access_key_id":"STS.process","access_key_secret":"canary-process-secret","sts_token":"canary-process-token"}'`)
	var profiles []map[string]any
	add := func(name, mode string, members map[string]any) {
		members["name"], members["mode"], members["region_id"] = name, mode, "cn-hangzhou"
		profiles = append(profiles, members)
	}
	temporary := func(of string, more map[string]any) map[string]any {
		more["access_key_id"], more["access_key_secret"], more["sts_token"] = "STS.kept", "canary-"+of+"-secret", "canary-"+of+"-token"
		return more
	}
	add("oidc", "OIDC", map[string]any{"ram_role_arn": ramRole, "oidc_provider_arn": "acs:ram::1234567890123456:oidc-provider/ack", "oidc_token_file": at("token")})
	add("works", "External", map[string]any{"process_command": "sh " + at("works")})
	add("talks", "External", map[string]any{"process_command": "sh " + at("talks")})
	add("fails", "External", map[string]any{"process_command": "sh " + at("fails")})
	add("uri", "CredentialsURI", map[string]any{"credentials_uri": m.URL + "/keys?canary-in-uri"})
	add("broken", "CredentialsURI", map[string]any{"credentials_uri": m.URL + "/broken?canary-in-uri"})
	add("sso", "CloudSSO", temporary("cloudsso", map[string]any{"sts_expiration": time.Now().Add(time.Hour).Unix(), "access_token": "canary-cloudsso-access"}))
	add("ended", "CloudSSO", temporary("ended", map[string]any{"sts_expiration": 1, "access_token": "canary-ended-access"}))
	add("oauth", "OAuth", temporary("oauth", map[string]any{"sts_expiration": time.Now().Add(time.Hour).Unix(), "oauth_refresh_token": "canary-oauth-refresh"}))
	add("temporary", "StsToken", temporary("sts", map[string]any{}))
	add("role", "RamRoleArn", temporary("role", map[string]any{"ram_role_arn": ramRole}))
	add("pair", "RsaKeyPair", map[string]any{"private_key": "canary-private-key"})
	text, err := json.Marshal(map[string]any{"current": "oidc", "profiles": profiles})
	must(t, err)
	w.WriteFile("config.json", string(text))
	const role = "role_arn = arn:aws:iam::123456789012:role/deploy\n"
	w.WriteFile("config", "[profile works]\ncredential_process = sh "+at("works")+"\n[profile talks]\ncredential_process = sh "+at("talks")+"\n[profile fails]\ncredential_process = sh "+at("fails")+"\n"+
		"[profile assumed]\n"+role+"source_profile = works\n[profile web]\n"+role+"web_identity_token_file = "+at("token")+"\n"+
		"[profile sso]\nsso_start_url = https://start.example\nsso_region = us-east-1\nsso_account_id = 123456789012\nsso_role_name = r\n[profile bare]\noutput = json\n"+
		"[profile keys]\naws_access_key_id = ASIAKEYS\naws_secret_access_key = canary-keys-secret\naws_session_token = canary-keys-token\n")
	sum := sha1.Sum([]byte("https://start.example"))
	cached := fmt.Sprintf(`{"accessToken":"canary-sso-access","expiresAt":%q}`, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	cache := filepath.Join(dir, ".aws", "sso", "cache")
	must(t, os.MkdirAll(cache, 0o700))
	must(t, os.WriteFile(filepath.Join(cache, hex.EncodeToString(sum[:])+".json"), []byte(cached), 0o600))

	var config strings.Builder
	config.WriteString("variable \"oidc_token\" {\n  type      = string\n  ephemeral = true\n}\n" + required)
	resources := 0
	resource := func(kind, alias, block, arguments string) {
		resources++
		fmt.Fprintf(&config, "\nprovider \"signal\" {\n  alias = %q\n%s}\n\nresource %q %q {\n  provider = signal.%s\n%s}\n", alias, block, kind, alias, alias, arguments)
	}
	alicloud := func(alias, arguments, endpoints string) {
		resource("signal_stack_resource", "alicloud_"+alias, "  alicloud {\n    region = \"cn-hangzhou\"\n"+arguments+endpoints+"  }\n",
			"  stack_id = \"stack\"\n  logical_resource_id = \"Deployed\"\n  status = \"SUCCESS\"\n")
	}
	here := fmt.Sprintf("    endpoints {\n      ros = %q\n      sts = %[1]q\n    }\n", m.URL)
	for _, p := range profiles {
		alicloud(p["name"].(string), fmt.Sprintf("    profile = %q\n    shared_credentials_file = %q\n", p["name"], at("config.json")), here)
	}
	alicloud("block", fmt.Sprintf("    assume_role_with_oidc {\n      role_arn = %q\n      oidc_provider_arn = \"acs:ram::1234567890123456:oidc-provider/ack\"\n      oidc_token = var.oidc_token\n    }\n", ramRole), here)
	alicloud("proxy", fmt.Sprintf("    profile = \"temporary\"\n    shared_credentials_file = %q\n", at("config.json")), "    endpoints {\n      ros = \"http://ros.example.invalid\"\n    }\n")
	aws := func(alias, arguments, endpoints string) {
		resource("signal_automation", "aws_"+alias, fmt.Sprintf("  aws {\n    region = \"us-east-1\"\n    shared_config_files = [%q]\n", at("config"))+arguments+endpoints+"  }\n",
			"  automation_execution_id = \"00000000-0000-4000-8000-000000000000\"\n  signal_type = \"Approve\"\n")
	}
	here = fmt.Sprintf("    endpoints {\n      ssm = %q\n      sts = %[1]q\n    }\n", m.URL)
	for _, profile := range []string{"works", "talks", "fails", "assumed", "web", "sso", "bare", "keys"} {
		aws(profile, fmt.Sprintf("    profile = %q\n", profile), here)
	}
	aws("proxy", fmt.Sprintf("    profile = \"keys\"\n    http_proxy = %q\n", strings.Replace(m.URL, "http://", "http://somebody:canary%2Fblock@", 1)), "    endpoints {\n      ssm = \"http://ssm.example.invalid\"\n    }\n")
	w.Write(config.String())
	w.Variables(map[string]string{"oidc_token": "canary-block-token"})
	log := filepath.Join(t.TempDir(), "log")
	must(t, w.SetLogPath(log))
	var said, complained bytes.Buffer
	w.SetStdout(io.MultiWriter(&said, t.Output()))
	w.SetStderr(&complained)
	err = w.Apply(t.Context())
	if err == nil || strings.Count(acctest.Unwrapped(err), "Error: ") != resources {
		t.Errorf("want %d errors: %v", resources, err)
	}
	// Each secret that was sent has been repeated.
	m.mu.Lock()
	defer m.mu.Unlock()
	repeated := fmt.Sprint(m.repeated)
	for _, secret := range []string{
		"canary-file-token", "canary-block-token", "canary-process-token", "canary-uri-token", "canary-cloudsso-token", "canary-oauth-token", "canary-sts-token", "canary-role-token",
		"canary-sso-session", "canary-container-token", "canary-keys-token", inBase64("somebody:canary/proxy"), inBase64("somebody:canary/block"),
	} {
		if !strings.Contains(repeated, secret) {
			t.Errorf("%s was not repeated", secret)
		}
	}
	for place, text := range map[string]string{"the log": contents(t, log), "what was said": said.String(), "what was complained of": complained.String()} {
		for line := range strings.Lines(text) {
			for _, secret := range []string{"canary-", "cana-ry1", "password=canary", "canary/", "canary%2F", inBase64("somebody:canary/proxy"), inBase64("somebody:canary/block")} {
				if strings.Contains(line, secret) {
					t.Errorf("%s is in %s: %s", secret, place, line)
				}
			}
		}
	}
}

func inBase64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
