package alicloud_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

const role = "acs:ram::1234567890123456:role/deploy"

// credentials are accepted by the sandbox in addition to its default ones.
var credentials = map[string]sandbox.Secret{
	"one":   {SecretKey: "secret-of-one"},
	"two":   {SecretKey: "secret-of-two"},
	"three": {SecretKey: "secret-of-three", SessionToken: "token-of-three"},
}

// start starts a sandbox with one stack that takes any number of signals.
func start(t *testing.T, options sandbox.Options) (*sandbox.Sandbox, acctest.Values) {
	t.Helper()
	// Tests do not use the user's home directory.
	t.Setenv("HOME", t.TempDir())
	options.Credentials = credentials
	s := acctest.Sandbox(t, options)
	id := s.StartStack(sandbox.Stack{Conditions: []sandbox.WaitCondition{{Name: "Deployed", Count: 1000}}})
	return s, acctest.Values{"stack_id": id, "logical_resource_id": "Deployed", "status": "SUCCESS"}
}

// send applies one signal with the alicloud block given, whose endpoints are the sandbox's.
func send(t *testing.T, s *sandbox.Sandbox, block, config acctest.Values) (*acctest.Resource, acctest.Diagnostics) {
	t.Helper()
	r := resource(t, s, block)
	return r, r.Apply(config)
}

func resource(t *testing.T, s *sandbox.Sandbox, block acctest.Values) *acctest.Resource {
	t.Helper()
	block = block.With(acctest.Values{"endpoints": acctest.Values{"ros": s.URL(), "sts": s.URL()}})
	return acctest.StartProvider(t, acctest.Values{"alicloud": block}).Resource("signal_stack_resource")
}

// write writes the file of the aliyun command line.
func write(t *testing.T, path, current string, profiles ...map[string]any) string {
	t.Helper()
	text, err := json.Marshal(map[string]any{"current": current, "profiles": profiles, "meta_path": ""})
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o700)
	}
	if err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func profile(name, mode string, members map[string]any) map[string]any {
	p := map[string]any{"name": name, "mode": mode}
	for member, value := range members {
		p[member] = value
	}
	return p
}

func keysOf(id string) map[string]any {
	return map[string]any{"access_key_id": id, "access_key_secret": "secret-of-" + id, "region_id": "region-of-" + id}
}

// signer is the access key that signed the last signal.
func signer(s *sandbox.Sandbox) string {
	entries := s.RequestLog()
	if len(entries) == 0 {
		return "nobody"
	}
	_, id, _ := strings.Cut(entries[len(entries)-1].Header.Get("Authorization"), "Credential=")
	return id
}

func TestWhereCredentialsComeFrom(t *testing.T) {
	one := acctest.Values{"access_key": "one", "secret_key": "secret-of-one"}
	three := acctest.Values{"access_key": "three", "secret_key": "secret-of-three", "security_token": "token-of-three"}
	for name, test := range map[string]struct {
		block acctest.Values
		env   map[string]string
		// signer and region are those of the signal that arrived; says is a part of the
		// error if none did.
		signer, region, says string
	}{
		"the block":              {one, nil, "one", "r", ""},
		"the block with a token": {three, nil, "three", "r", ""},
		"the block before the environment": {one, map[string]string{
			"ALICLOUD_ACCESS_KEY": "two", "ALICLOUD_SECRET_KEY": "secret-of-two", "ALICLOUD_SECURITY_TOKEN": "not for one", "ALICLOUD_REGION": "elsewhere",
		}, "one", "r", ""},
		"the first names": {nil, map[string]string{
			"ALICLOUD_ACCESS_KEY": "two", "ALIBABA_CLOUD_ACCESS_KEY_ID": "one", "ALIBABACLOUD_ACCESS_KEY_ID": "one",
			"ALICLOUD_SECRET_KEY": "secret-of-two", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret-of-one", "ALIBABACLOUD_ACCESS_KEY_SECRET": "secret-of-one",
			"ALICLOUD_REGION": "r1", "ALIBABA_CLOUD_REGION": "r2",
		}, "two", "r1", ""},
		"the second names": {nil, map[string]string{
			"ALIBABA_CLOUD_ACCESS_KEY_ID": "three", "ALIBABACLOUD_ACCESS_KEY_ID": "one",
			"ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret-of-three", "ALIBABACLOUD_ACCESS_KEY_SECRET": "secret-of-one",
			"ALIBABA_CLOUD_SECURITY_TOKEN": "token-of-three", "ALIBABACLOUD_SECURITY_TOKEN": "wrong", "ALIBABA_CLOUD_REGION": "r2",
		}, "three", "r2", ""},
		"the third names": {nil, map[string]string{
			"ALIBABACLOUD_ACCESS_KEY_ID": "three", "ALIBABACLOUD_ACCESS_KEY_SECRET": "secret-of-three", "ALIBABACLOUD_SECURITY_TOKEN": "token-of-three",
			"ALICLOUD_REGION": "r1",
		}, "three", "r1", ""},
		"the first token name": {nil, map[string]string{
			"ALICLOUD_ACCESS_KEY": "three", "ALICLOUD_SECRET_KEY": "secret-of-three", "ALICLOUD_SECURITY_TOKEN": "token-of-three",
			"ALIBABA_CLOUD_SECURITY_TOKEN": "wrong", "ALICLOUD_REGION": "r1",
		}, "three", "r1", ""},
		"half a pair": {nil, map[string]string{"ALICLOUD_ACCESS_KEY": "one", "ALICLOUD_REGION": "r1"}, "", "", "ALICLOUD_SECRET_KEY"},
		"the environment before the profile": {acctest.Values{"profile": "sts"}, map[string]string{
			"ALICLOUD_ACCESS_KEY": "two", "ALICLOUD_SECRET_KEY": "secret-of-two",
		}, "two", "region-of-three", ""},
		"the current profile":             {nil, nil, "one", "region-of-one", ""},
		"the block's profile":             {acctest.Values{"profile": "sts"}, map[string]string{"ALICLOUD_PROFILE": "ak"}, "three", "region-of-three", ""},
		"the first profile name":          {nil, map[string]string{"ALICLOUD_PROFILE": "sts", "ALIBABA_CLOUD_PROFILE": "ak"}, "three", "region-of-three", ""},
		"the second profile name":         {nil, map[string]string{"ALIBABA_CLOUD_PROFILE": "sts"}, "three", "region-of-three", ""},
		"the block's region, and profile": {acctest.Values{"profile": "sts", "region": "mine"}, nil, "three", "mine", ""},
		"no such profile":                 {acctest.Values{"profile": "nobody"}, nil, "", "", `profile "nobody"`},
		"unknown mode":                    {acctest.Values{"profile": "pair"}, nil, "", "", `"RsaKeyPair", which is not supported here: use a profile of mode AK`},
		"the third region name": {nil, map[string]string{
			"ALICLOUD_ACCESS_KEY": "one", "ALICLOUD_SECRET_KEY": "secret-of-one", "ALIBABA_CLOUD_REGION_ID": "r3",
		}, "one", "r3", ""},
		"a malformed region of STS":              {nil, map[string]string{"ALIBABA_CLOUD_STS_REGION": "evil.example/", "ALICLOUD_REGION": "r"}, "", "", `ALIBABA_CLOUD_STS_REGION is "evil.example/"`},
		"a malformed region of STS in a profile": {acctest.Values{"profile": "bent", "region": "r"}, nil, "", "", `sts_region of the profile "bent"`},
		"mode without secret":                    {acctest.Values{"profile": "half"}, nil, "", "", "access_key_secret"},
		"mode without token":                     {acctest.Values{"profile": "tokenless"}, nil, "", "", "sts_token"},
		"role of nobody":                         {acctest.Values{"profile": "roleless"}, nil, "", "", "ram_role_arn"},
		"a chain in a circle":                    {acctest.Values{"profile": "circle"}, nil, "", "", "back to itself"},
		"a chain to nowhere":                     {acctest.Values{"profile": "nowhere"}, nil, "", "", `"missing"`},
		"the block's ECS role":                   {acctest.Values{"ecs_role_name": "r", "region": "r"}, nil, "", "", "IMDS credentials is disabled"},
		"the first ECS role name":                {nil, map[string]string{"ALICLOUD_ECS_ROLE_NAME": "r", "ALICLOUD_REGION": "r"}, "", "", "IMDS credentials is disabled"},
		"the second ECS role name":               {nil, map[string]string{"ALIBABA_CLOUD_ECS_METADATA": "r", "ALICLOUD_REGION": "r"}, "", "", "IMDS credentials is disabled"},
		"the profile's ECS role":                 {acctest.Values{"profile": "ecs"}, map[string]string{"ALICLOUD_REGION": "r"}, "", "", "IMDS credentials is disabled"},
		"keys before an ECS role":                {one.With(acctest.Values{"ecs_role_name": "r"}), nil, "one", "r", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, config := start(t, sandbox.Options{})
			home, _ := os.UserHomeDir()
			write(t, filepath.Join(home, ".aliyun", "config.json"), "ak",
				profile("ak", "AK", keysOf("one")),
				profile("sts", "StsToken", map[string]any{"access_key_id": "three", "access_key_secret": "secret-of-three", "sts_token": "token-of-three", "region_id": "region-of-three"}),
				profile("bent", "AK", map[string]any{"access_key_id": "one", "access_key_secret": "secret-of-one", "region_id": "cn hangzhou", "sts_region": "evil.example/"}),
				profile("pair", "RsaKeyPair", nil),
				profile("half", "AK", map[string]any{"access_key_id": "one"}),
				profile("tokenless", "StsToken", keysOf("one")),
				profile("roleless", "RamRoleArn", keysOf("one")),
				profile("circle", "ChainableRamRoleArn", map[string]any{"ram_role_arn": role, "source_profile": "circle"}),
				profile("nowhere", "ChainableRamRoleArn", map[string]any{"ram_role_arn": role, "source_profile": "missing"}),
				profile("ecs", "EcsRamRole", map[string]any{"ram_role_name": "r"}),
			)
			t.Setenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
			for variable, value := range test.env {
				t.Setenv(variable, value)
			}
			block := test.block
			if _, keys := block["access_key"]; keys {
				block = block.With(acctest.Values{"region": "r"})
			}
			_, diags := send(t, s, block, config)
			for _, secret := range []string{"secret-of-", "token-of-", "not for one"} {
				if strings.Contains(diags.String(), secret) {
					t.Errorf("a secret is in %s", diags)
				}
			}
			if test.says != "" {
				if len(diags) != 1 || !strings.Contains(diags.String(), test.says) || !strings.Contains(diags.String(), "Not Sent") || len(s.RequestLog()) > 0 {
					t.Errorf("said %s, want %q; the request log is %v", diags, test.says, s.RequestLog())
				}
				return
			}
			if len(diags) > 0 || signer(s) != test.signer || s.RequestLog()[0].Region != test.region {
				t.Errorf("%q signed %v, want %q in %s: %s", signer(s), s.RequestLog(), test.signer, test.region, diags)
			}
		})
	}
}

func TestProfileFile(t *testing.T) {
	first, second := filepath.Join(t.TempDir(), "first.json"), filepath.Join(t.TempDir(), "second.json")
	write(t, first, "", profile("default", "AK", keysOf("one")))
	write(t, second, "", profile("default", "AK", keysOf("two")))
	broken := filepath.Join(t.TempDir(), "broken.json")
	if err := os.WriteFile(broken, []byte(`{"profiles":[{"access_key_secret":"canary`), 0o600); err != nil {
		t.Fatal(err)
	}
	keys := acctest.Values{"access_key": "one", "secret_key": "secret-of-one", "region": "r"}
	for name, test := range map[string]struct {
		block        acctest.Values
		env          map[string]string
		signer, says string
	}{
		"the block's":                   {acctest.Values{"shared_credentials_file": first}, map[string]string{"ALICLOUD_SHARED_CREDENTIALS_FILE": second}, "one", ""},
		"the first name":                {nil, map[string]string{"ALICLOUD_SHARED_CREDENTIALS_FILE": first, "ALIBABA_CLOUD_CREDENTIALS_FILE": second}, "one", ""},
		"the second name":               {nil, map[string]string{"ALIBABA_CLOUD_CREDENTIALS_FILE": second}, "two", ""},
		"in the home":                   {acctest.Values{"shared_credentials_file": "~/mine.json"}, nil, "two", ""},
		"in $HOME":                      {acctest.Values{"shared_credentials_file": "$HOME/mine.json"}, nil, "two", ""},
		"not there":                     {acctest.Values{"shared_credentials_file": first + "x"}, nil, "", "no such file"},
		"not there, by the second name": {nil, map[string]string{"ALIBABA_CLOUD_CREDENTIALS_FILE": first + "x"}, "", "ALIBABA_CLOUD_CREDENTIALS_FILE names: open " + first + "x"},
		"broken":                        {acctest.Values{"shared_credentials_file": broken}, nil, "", "not the JSON"},
		"not there, with keys":          {keys.With(acctest.Values{"shared_credentials_file": first + "x"}), nil, "", "alicloud.shared_credentials_file names: open " + first + "x"},
		"not there, with keys, by name": {keys, map[string]string{"ALICLOUD_SHARED_CREDENTIALS_FILE": first + "x"}, "", "ALICLOUD_SHARED_CREDENTIALS_FILE names: open " + first + "x"},
		"not there, and another one's":  {acctest.Values{"shared_credentials_file": first}, map[string]string{"ALICLOUD_SHARED_CREDENTIALS_FILE": first + "x"}, "one", ""},
		"a directory":                   {keys.With(acctest.Values{"shared_credentials_file": filepath.Dir(first)}), nil, "", "is a directory"},
		"a token that is not there": {keys.With(acctest.Values{"assume_role_with_oidc": acctest.Values{"oidc_token_file": first + "x"}}), nil, "",
			"alicloud.assume_role_with_oidc.oidc_token_file names: open " + first + "x"},
		"none at all":     {nil, nil, "", "ALICLOUD_* environment variables"},
		"none, but named": {acctest.Values{"profile": "p"}, nil, "", "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			s, config := start(t, sandbox.Options{})
			home, _ := os.UserHomeDir()
			write(t, filepath.Join(home, "mine.json"), "default", profile("default", "AK", keysOf("two")))
			for variable, value := range test.env {
				t.Setenv(variable, value)
			}
			_, diags := send(t, s, test.block, config)
			if strings.Contains(diags.String(), "canary") {
				t.Errorf("a secret is in %s", diags)
			}
			if test.says != "" && (len(diags) != 1 || !strings.Contains(diags.String(), test.says)) || test.says == "" && (len(diags) > 0 || signer(s) != test.signer) {
				t.Errorf("%q signed, said %s, want %q and %q", signer(s), diags, test.signer, test.says)
			}
		})
	}
}

func TestNoRegion(t *testing.T) {
	s, config := start(t, sandbox.Options{})
	block := acctest.Values{"access_key": "one", "secret_key": "secret-of-one"}
	_, diags := send(t, s, block, config)
	for _, part := range []string{"no Alibaba Cloud region", "ALICLOUD_REGION", "region_id"} {
		if !strings.Contains(diags.String(), part) {
			t.Errorf("%q is not in %s", part, diags)
		}
	}
	// A broken file matters only to those who need it.
	broken := filepath.Join(t.TempDir(), "broken.json")
	if err := os.WriteFile(broken, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	block["shared_credentials_file"] = broken
	if _, diags := send(t, s, block, config); !strings.Contains(diags.String(), "not the JSON") {
		t.Errorf("said %s", diags)
	}
	r, diags := send(t, s, block, config.With(acctest.Values{"region": "cn-beijing"}))
	if len(diags) > 0 || r.String("region") != "cn-beijing" {
		t.Errorf("with a region of its own: %s", diags)
	}
}

func TestAssumeRole(t *testing.T) {
	one := acctest.Values{"access_key": "one", "secret_key": "secret-of-one", "region": "r"}
	for name, test := range map[string]struct {
		block acctest.Values
		env   map[string]string
		// sessions are the queries of the AssumeRole requests, without order.
		sessions [][]string
	}{
		"the block": {one.With(acctest.Values{"assume_role": acctest.Values{
			"role_arn": role, "session_name": "mine", "external_id": "external", "policy": `{"Version":"1","Statement":[]}`, "session_expiration": 900,
		}}), nil, [][]string{{"deploy", "RoleSessionName=mine", "ExternalId=external", "Policy=%7B%22Version", "DurationSeconds=900"}}},
		"the least": {one.With(acctest.Values{"assume_role": acctest.Values{"role_arn": role}}), nil, [][]string{{"deploy", "RoleSessionName=terraform"}}},
		// Without a block the variables are for OIDC; keys in the configuration sign
		// directly.
		"the environment alone": {one, map[string]string{"ALICLOUD_ASSUME_ROLE_ARN": role, "ALIBABA_CLOUD_ROLE_ARN": role}, nil},
		"the environment": {one.With(acctest.Values{"assume_role": acctest.Values{}}), map[string]string{
			"ALICLOUD_ASSUME_ROLE_ARN": role, "ALIBABA_CLOUD_ROLE_ARN": "wrong", "ALICLOUD_ASSUME_ROLE_SESSION_NAME": "theirs",
			"ALIBABA_CLOUD_ROLE_SESSION_NAME": "wrong", "ALICLOUD_ASSUME_ROLE_SESSION_EXPIRATION": "1200",
		}, [][]string{{"deploy", "RoleSessionName=theirs", "DurationSeconds=1200"}}},
		"the environment's other names": {one.With(acctest.Values{"assume_role": acctest.Values{"role_arn": nil}}), map[string]string{
			"ALIBABA_CLOUD_ROLE_ARN": role, "ALIBABA_CLOUD_ROLE_SESSION_NAME": "other",
		}, [][]string{{"deploy", "RoleSessionName=other"}}},
		"no role, whatever the environment has": {one.With(acctest.Values{"assume_role": acctest.Values{"role_arn": "", "session_name": "mine"}}), map[string]string{
			"ALICLOUD_ASSUME_ROLE_ARN": role, "ALIBABA_CLOUD_ROLE_ARN": role,
		}, nil},
		"no role, and a profile's": {acctest.Values{"profile": "role", "region": "r", "assume_role": acctest.Values{"role_arn": "", "session_name": "mine"}},
			map[string]string{"ALICLOUD_ASSUME_ROLE_ARN": role}, [][]string{{"first", "RoleSessionName=session-of-first", "DurationSeconds=1000"}}},
		"no role with OIDC, whatever the environment has": {one.With(acctest.Values{"assume_role_with_oidc": acctest.Values{"role_arn": "", "session_name": "mine"}}),
			map[string]string{"ALIBABA_CLOUD_ROLE_ARN": role}, nil},
		"no role with OIDC, and a profile": {acctest.Values{"region": "r", "assume_role_with_oidc": acctest.Values{"role_arn": "", "oidc_token": "a token"}},
			nil, [][]string{{"first", "RoleSessionName=session-of-first"}}},
		"a role without a name": {one.With(acctest.Values{"assume_role": acctest.Values{"role_arn": "", "session_name": "mine"}}), nil, nil},
		"a profile, and the block's": {acctest.Values{"profile": "role", "region": "r", "assume_role": acctest.Values{"role_arn": role}}, nil,
			[][]string{{"deploy", "RoleSessionName=session-of-first", "DurationSeconds=1000"}}},
		"a profile, and the block's session": {acctest.Values{"profile": "role", "region": "r", "assume_role": acctest.Values{"session_name": "mine", "session_expiration": 900}}, nil,
			[][]string{{"first", "RoleSessionName=mine", "DurationSeconds=900", "ExternalId=external"}}},
		"a profile with a token": {acctest.Values{"profile": "temporary", "region": "r"}, nil, [][]string{{"first", "RoleSessionName=terraform"}}},
		"the block before it":    {one.With(acctest.Values{"assume_role": acctest.Values{"role_arn": role}}), map[string]string{"ALICLOUD_ASSUME_ROLE_ARN": "wrong"}, [][]string{{"deploy"}}},
		"the block with it":      {one.With(acctest.Values{"assume_role": acctest.Values{"session_name": "mine"}}), map[string]string{"ALICLOUD_ASSUME_ROLE_ARN": role}, [][]string{{"deploy", "mine"}}},
		"a profile":              {acctest.Values{"profile": "role", "region": "r"}, nil, [][]string{{"first", "RoleSessionName=session-of-first", "DurationSeconds=1000"}}},
		"a chain of profiles":    {acctest.Values{"profile": "chain", "region": "r"}, nil, [][]string{{"first"}, {"second"}}},
		"a chain, and the block's": {acctest.Values{"profile": "chain", "region": "r", "assume_role": acctest.Values{"role_arn": role}}, nil,
			[][]string{{"first"}, {"second"}, {"deploy"}}},
	} {
		t.Run(name, func(t *testing.T) {
			s, config := start(t, sandbox.Options{})
			home, _ := os.UserHomeDir()
			write(t, filepath.Join(home, ".aliyun", "config.json"), "role",
				profile("role", "RamRoleArn", map[string]any{
					"access_key_id": "two", "access_key_secret": "secret-of-two", "ram_role_arn": "acs:ram::1:role/first", "ram_session_name": "session-of-first", "expired_seconds": 1000,
					"external_id": "external",
				}),
				profile("temporary", "RamRoleArn", map[string]any{
					"access_key_id": "three", "access_key_secret": "secret-of-three", "sts_token": "token-of-three", "ram_role_arn": "acs:ram::1:role/first",
				}),
				profile("chain", "ChainableRamRoleArn", map[string]any{"ram_role_arn": "acs:ram::1:role/second", "source_profile": "role"}),
			)
			for variable, value := range test.env {
				t.Setenv(variable, value)
			}
			if _, diags := send(t, s, test.block, config); len(diags) > 0 {
				t.Fatal(diags)
			}
			requests := s.RequestLog()
			if len(requests) != len(test.sessions)+1 || s.Accepted("SignalResource") != 1 || strings.HasPrefix(signer(s), "STS.") != (len(test.sessions) > 0) {
				t.Fatalf("the request log is %v, signed by %s", requests, signer(s))
			}
			for i, parts := range test.sessions {
				if requests[i].Operation != "AssumeRole" || requests[i].Service != "ramsts" || requests[i].Body != "" {
					t.Errorf("request %d is %v", i, requests[i])
				}
				for _, part := range parts {
					if !strings.Contains(requests[i].Query, part) {
						t.Errorf("%q is not in %s", part, requests[i].Query)
					}
				}
			}
		})
	}
}

// If a role cannot be assumed, the signal was certainly not sent.
func TestAssumeRoleFails(t *testing.T) {
	block := acctest.Values{"access_key": "one", "secret_key": "secret-of-one", "region": "r", "assume_role": acctest.Values{"role_arn": role}}
	for name, test := range map[string]struct {
		fault  sandbox.Fault
		passes bool
		says   []string
	}{
		"denied":        {sandbox.Fault{Kind: sandbox.KindRefuse}, false, []string{role, "STS answered NoPermission", "sts:AssumeRole", "trust policy"}},
		"throttled":     {sandbox.Fault{Kind: sandbox.KindThrottle, Times: 2}, true, nil},
		"server error":  {sandbox.Fault{Kind: sandbox.KindErrorBefore, Times: 2}, true, nil},
		"answer lost":   {sandbox.Fault{Kind: sandbox.KindDropAfter, Times: 2}, true, nil},
		"proxy":         {sandbox.Fault{Kind: sandbox.KindHTML, Status: 403}, false, []string{role, "HTTP 403", "proxy"}},
		"never answers": {sandbox.Fault{Kind: sandbox.KindStall}, false, []string{role, "timeout"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, config := start(t, sandbox.Options{})
			r := resource(t, s, block)
			test.fault.Operation = "AssumeRole"
			if test.fault.Kind == sandbox.KindStall {
				test.fault = r.Stall("AssumeRole", sandbox.KindStall)
			}
			s.Inject(test.fault)
			diags := r.Apply(config.With(acctest.Briefly))
			if test.passes {
				if len(diags) > 0 || s.Count("SignalResource") != 1 || s.Count("AssumeRole") != 3 {
					t.Errorf("said %s, the request log is %v", diags, s.RequestLog())
				}
				return
			}
			for _, part := range append(test.says, "Signal Not Sent") {
				if !strings.Contains(diags.String(), part) {
					t.Errorf("%q is not in %s", part, diags)
				}
			}
			if s.Count("SignalResource") != 0 || !r.State.IsNull() || strings.Contains(diags.String(), "secret-of-one") {
				t.Errorf("said %s, the request log is %v", diags, s.RequestLog())
			}
		})
	}
}

// The token is the credential, and the services accept the session for it.
func TestAssumeRoleWithOIDC(t *testing.T) {
	for token, says := range map[string]string{"good-token": "", "canary-token": "AuthenticationFail.OIDCToken.Invalid"} {
		s, config := start(t, sandbox.Options{WebIdentityToken: "good-token"})
		_, diags := send(t, s, acctest.Values{"region": "r", "assume_role_with_oidc": acctest.Values{
			"role_arn": role, "oidc_provider_arn": "acs:ram::1234567890123456:oidc-provider/ack", "oidc_token": token, "session_name": "pod",
		}}, config)
		if says != "" {
			if !strings.Contains(diags.String(), says) || strings.Contains(diags.String(), "canary") || s.Count("SignalResource") > 0 {
				t.Errorf("said %s, the request log is %v", diags, s.RequestLog())
			}
			continue
		}
		if len(diags) > 0 || s.Accepted("AssumeRoleWithOIDC") != 1 || s.Accepted("SignalResource") != 1 || !strings.HasPrefix(signer(s), "STS.") {
			t.Errorf("said %s, the request log is %v", diags, s.RequestLog())
		}
	}
}

// Many concurrent signals read the credentials once.
func TestOneResolutionForAll(t *testing.T) {
	s, config := start(t, sandbox.Options{})
	p := acctest.StartProvider(t, acctest.Values{"alicloud": acctest.Values{
		"access_key": "one", "secret_key": "secret-of-one", "region": "r", "assume_role": acctest.Values{"role_arn": role},
		"endpoints": acctest.Values{"ros": s.URL(), "sts": s.URL()},
	}})
	var signals sync.WaitGroup
	for range 64 {
		r := p.Resource("signal_stack_resource")
		signals.Go(func() {
			if diags := r.Apply(config); len(diags) > 0 {
				t.Error(diags)
			}
		})
	}
	signals.Wait()
	if s.Count("AssumeRole") != 1 || s.Accepted("SignalResource") != 64 {
		t.Errorf("%d roles assumed, %d signals accepted", s.Count("AssumeRole"), s.Accepted("SignalResource"))
	}
}

// Ctrl-C also ends waiting for another signal's request for credentials.
func TestCancelWhileTheRoleIsAssumed(t *testing.T) {
	s, config := start(t, sandbox.Options{})
	p := acctest.StartProvider(t, acctest.Values{"alicloud": acctest.Values{
		"access_key": "one", "secret_key": "secret-of-one", "region": "r", "assume_role": acctest.Values{"role_arn": role},
		"endpoints": acctest.Values{"ros": s.URL(), "sts": s.URL()},
	}})
	s.Inject(sandbox.Fault{Operation: "AssumeRole", Kind: sandbox.KindStall})
	ended := make(chan acctest.Diagnostics)
	for range 3 {
		r := p.Resource("signal_stack_resource")
		go func() { ended <- r.Apply(config) }()
	}
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for n := 0; n < 3; {
		select {
		case <-again.C:
			if s.Count("AssumeRole") > 0 {
				p.Stop()
			}
		case diags := <-ended:
			n++
			if !strings.Contains(diags.String(), "Signal Not Sent") || !strings.Contains(diags.String(), "cancel") {
				t.Errorf("said %s", diags)
			}
		}
	}
	if s.Count("SignalResource") != 0 {
		t.Errorf("the request log is %v", s.RequestLog())
	}
}

// A signal that waits for another signal's request for credentials does so only until its
// timeout.
func TestTimeoutWhileAnotherAssumesTheRole(t *testing.T) {
	s, config := start(t, sandbox.Options{})
	p := acctest.StartProvider(t, acctest.Values{"alicloud": acctest.Values{
		"access_key": "one", "secret_key": "secret-of-one", "region": "r", "assume_role": acctest.Values{"role_arn": role},
		"endpoints": acctest.Values{"ros": s.URL(), "sts": s.URL()},
	}})
	asked := make(chan struct{}, 1)
	s.Hook("AssumeRole", func() { asked <- struct{}{} }, nil)
	s.Inject(sandbox.Fault{Operation: "AssumeRole", Kind: sandbox.KindStallAfter})
	patient, ended := p.Resource("signal_stack_resource"), make(chan struct{})
	go func() {
		defer close(ended)
		patient.Apply(config.With(acctest.Values{"timeouts": acctest.Values{"create": "10m"}}))
	}()
	<-asked
	late := make(chan acctest.Diagnostics)
	go func() { late <- p.Resource("signal_stack_resource").Apply(config.With(acctest.Briefly)) }()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for waits := true; waits; {
		select {
		case <-again.C:
			p.Expire()
		case diags := <-late:
			waits = false
			if !strings.Contains(diags.String(), "Signal Not Sent") || s.Count("AssumeRole") != 1 {
				t.Errorf("it said %s", diags)
			}
		}
	}
	select {
	case <-ended:
		t.Error("it waited for the other signal")
	default:
	}
	p.Stop()
	<-ended
}

// The SDK would send the password of a proxy on to the service, and print it
// when it cannot read the variable.
// A wait that was cut short says so. It does not say that the signal could not be prepared.
func TestTimeoutBeforeTheFirstUse(t *testing.T) {
	s, config := start(t, sandbox.Options{})
	for range 20 {
		_, diags := send(t, s, acctest.Alicloud(s.URL()), config.With(acctest.Values{"timeouts": acctest.Values{"create": "1ns"}}))
		if !diags.HasError() || strings.Contains(diags.String(), "could not be prepared") {
			t.Fatalf("said %s", diags)
		}
	}
}

func TestProxyPasswordStaysAtHome(t *testing.T) {
	for _, proxy := range []string{"http://user:canary@127.0.0.1:1", "http://user:can ary@127.0.0.1:1"} {
		s, config := start(t, sandbox.Options{})
		t.Setenv("HTTP_PROXY", proxy)
		_, diags := send(t, s, acctest.Values{"access_key": "one", "secret_key": "secret-of-one", "region": "r"}, config)
		if len(diags) > 0 || s.RequestLog()[0].Header.Get("Proxy-Authorization") != "" {
			t.Errorf("said %s, sent %v", diags, s.RequestLog())
		}
	}
}

// Keys of a role are replaced before they expire; other keys are not.
func TestRoleIsAssumedAgain(t *testing.T) {
	for ahead, assumed := range map[time.Duration]int{0: 1, -13 * time.Minute: 3} {
		t.Run(fmt.Sprint(ahead), func(t *testing.T) {
			s, config := start(t, sandbox.Options{Now: func() time.Time { return time.Now().Add(ahead) }})
			p := acctest.StartProvider(t, acctest.Values{"alicloud": acctest.Values{
				"access_key": "one", "secret_key": "secret-of-one", "region": "r",
				"assume_role": acctest.Values{"role_arn": role, "session_expiration": 900},
				"endpoints":   acctest.Values{"ros": s.URL(), "sts": s.URL()},
			}})
			for range 3 {
				if diags := p.Resource("signal_stack_resource").Apply(config); len(diags) > 0 {
					t.Fatal(diags)
				}
			}
			if s.Count("AssumeRole") != assumed || s.Accepted("SignalResource") != 3 {
				t.Errorf("the request log is %v", s.RequestLog())
			}
		})
	}
}

// A provider that sends nothing reads nothing.
func TestFirstUseOnly(t *testing.T) {
	s, config := start(t, sandbox.Options{})
	t.Setenv("ALICLOUD_ACCESS_KEY", "half a pair")
	file := filepath.Join(t.TempDir(), "config.json")
	block := acctest.Values{"profile": "late", "shared_credentials_file": file, "endpoints": acctest.Values{"ros": s.URL()}}
	r := acctest.StartProvider(t, acctest.Values{"alicloud": block}).Resource("signal_stack_resource")
	if diags := r.Validate(config); len(diags) > 0 {
		t.Fatal(diags)
	}
	if _, diags := r.Plan(config); len(diags) > 0 {
		t.Fatal(diags)
	}
	t.Setenv("ALICLOUD_ACCESS_KEY", "")
	write(t, file, "", profile("late", "AK", keysOf("two")))
	if diags := r.Apply(config); len(diags) > 0 || signer(s) != "two" {
		t.Errorf("said %s, signed by %s", diags, signer(s))
	}
	if diags := r.Refresh(); len(diags) > 0 {
		t.Error(diags)
	}
}

func TestUnknownBlock(t *testing.T) {
	s, config := start(t, sandbox.Options{})
	block := acctest.Alicloud(s.URL()).With(acctest.Values{"secret_key": acctest.Unknown})
	r := acctest.StartProvider(t, acctest.Values{"alicloud": block}).Resource("signal_stack_resource")
	if diags := r.Apply(config.With(acctest.Values{"region": "r"})); !strings.Contains(diags.String(), "alicloud.secret_key is not known yet") || len(s.RequestLog()) > 0 {
		t.Errorf("said %s", diags)
	}
}

func TestBlockIsChecked(t *testing.T) {
	long := strings.Repeat("é", 1225)
	for name, test := range map[string]struct {
		block acctest.Values
		at    string
	}{
		"empty block": {acctest.Values{}, ""},
		"everything":  {acctest.Alicloud("https://ros-intl.aliyuncs.com/").With(acctest.Values{"security_token": "t", "profile": "p", "ecs_role_name": "r"}), ""},
		"everything, empty": {acctest.Values{"region": "", "access_key": "", "secret_key": "", "security_token": "", "profile": "", "shared_credentials_file": "", "ecs_role_name": "",
			"assume_role": acctest.Values{"role_arn": "", "session_name": "", "external_id": "", "policy": ""}, "endpoints": acctest.Values{"ros": "", "sts": ""}}, ""},
		"a region that is none":     {acctest.Values{"region": "cn hangzhou"}, "alicloud.region"},
		"a region of STS as a host": {acctest.Values{"sts_region": "evil.example/"}, "alicloud.sts_region"},
		"secret without key":        {acctest.Values{"secret_key": "canary"}, "alicloud.secret_key"},
		"key without secret":        {acctest.Values{"access_key": "k"}, "alicloud.access_key"},
		"token alone":               {acctest.Values{"security_token": "canary"}, "alicloud.security_token"},
		"endpoint without scheme":   {acctest.Values{"endpoints": acctest.Values{"ros": "ros.aliyuncs.com"}}, "alicloud.endpoints.ros"},
		"endpoint with a path":      {acctest.Values{"endpoints": acctest.Values{"sts": "https://sts.aliyuncs.com/x"}}, "alicloud.endpoints.sts"},
		"endpoint with a user":      {acctest.Values{"endpoints": acctest.Values{"sts": "https://u:canary@sts.aliyuncs.com"}}, "alicloud.endpoints.sts"},
		"unknown endpoint":          {acctest.Values{"endpoints": acctest.Values{"sts": acctest.Unknown}}, ""},
		"AWS role":                  {acctest.Values{"assume_role": acctest.Values{"role_arn": "arn:aws:iam::123456789012:role/x"}}, "alicloud.assume_role.role_arn"},
		"session of 2":              {acctest.Values{"assume_role": acctest.Values{"session_name": "ab"}}, ""},
		"session of 1":              {acctest.Values{"assume_role": acctest.Values{"session_name": "a"}}, "alicloud.assume_role.session_name"},
		"session of 64":             {acctest.Values{"assume_role": acctest.Values{"session_name": strings.Repeat("a", 64)}}, ""},
		"session of 65":             {acctest.Values{"assume_role": acctest.Values{"session_name": strings.Repeat("a", 65)}}, "alicloud.assume_role.session_name"},
		"session with a space":      {acctest.Values{"assume_role": acctest.Values{"session_name": "a b"}}, "alicloud.assume_role.session_name"},
		"external id of 1224":       {acctest.Values{"assume_role": acctest.Values{"external_id": long[:2*1224]}}, ""},
		"external id of 1225":       {acctest.Values{"assume_role": acctest.Values{"external_id": long}}, "alicloud.assume_role.external_id"},
		"policy that is no JSON":    {acctest.Values{"assume_role": acctest.Values{"policy": "{"}}, "alicloud.assume_role.policy"},
		"session of 900 seconds":    {acctest.Values{"assume_role": acctest.Values{"session_expiration": 900}}, ""},
		"session of 899 seconds":    {acctest.Values{"assume_role": acctest.Values{"session_expiration": 899}}, "alicloud.assume_role.session_expiration"},
		"session of 43200 seconds":  {acctest.Values{"assume_role": acctest.Values{"session_expiration": 43200}}, ""},
		"session of 43201 seconds":  {acctest.Values{"assume_role": acctest.Values{"session_expiration": 43201}}, "alicloud.assume_role.session_expiration"},
	} {
		t.Run(name, func(t *testing.T) {
			_, diags := acctest.TryProvider(t, acctest.Values{"alicloud": test.block})
			if test.at == "" && len(diags) > 0 || test.at != "" && (len(diags) != 1 || diags[0].Attribute != test.at) {
				t.Errorf("said %s, want it on %q", diags, test.at)
			}
			if strings.Contains(diags.String(), "canary") {
				t.Errorf("a secret is in %s", diags)
			}
		})
	}
}
