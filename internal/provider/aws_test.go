package provider_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/matrix"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

const (
	homeAccount  = "123456789012"
	otherAccount = "210987654321"
)

func role(account, name string) string { return "arn:aws:iam::" + account + ":role/" + name }

// approval returns an Approve for an execution that takes any number of them.
func approval(s *sandbox.Sandbox) acctest.Values {
	return acctest.Values{"automation_execution_id": patientApproval(s), "signal_type": "Approve"}
}

// operations returns the operations in the request log, in order.
func operations(s *sandbox.Sandbox) (names []string) {
	for _, entry := range s.RequestLog() {
		names = append(names, entry.Operation)
	}
	return names
}

func TestMalformedAWSBlock(t *testing.T) {
	good := acctest.AWS("http://127.0.0.1:1")
	assume := func(change acctest.Values) acctest.Values {
		return acctest.Values{"assume_role": []any{acctest.Values{"role_arn": role(homeAccount, "deploy")}.With(change)}}
	}
	web := func(change acctest.Values) acctest.Values {
		return acctest.Values{"assume_role_with_web_identity": acctest.Values{
			"role_arn": role(homeAccount, "deploy"), "web_identity_token": "canary"}.With(change)}
	}
	for _, c := range []struct {
		change acctest.Values
		at     string
		says   string
	}{
		{acctest.Values{"region": "not a region"}, "region", "name of a region"},
		{assume(acctest.Values{"tags": acctest.Values{"team": nil}}), "assume_role.0.tags", "null"},
		{web(acctest.Values{"web_identity_token": ""}), "assume_role_with_web_identity.web_identity_token", "web_identity_token_file"},
		{web(acctest.Values{"web_identity_token": nil, "web_identity_token_file": ""}), "assume_role_with_web_identity.web_identity_token", "web_identity_token_file"},
		{acctest.Values{"secret_key": nil}, "access_key", "secret_key"},
		{acctest.Values{"access_key": nil}, "secret_key", "access_key"},
		{acctest.Values{"access_key": ""}, "secret_key", "access_key"},
		{acctest.Values{"access_key": nil, "secret_key": nil, "token": "canary"}, "token", "access_key"},
		{acctest.Values{"endpoints": acctest.Values{"ssm": "ssm.example.com"}}, "endpoints.ssm", "http or https"},
		{acctest.Values{"endpoints": acctest.Values{"swf": "ftp://example.com"}}, "endpoints.swf", "http or https"},
		{acctest.Values{"endpoints": acctest.Values{"transfer": "https://"}}, "endpoints.transfer", "http or https"},
		{acctest.Values{"endpoints": acctest.Values{"sts": "https://example.com?a=b"}}, "endpoints.sts", "http or https"},
		{acctest.Values{"endpoints": acctest.Values{"ssm": "https://me:canary@example.com"}}, "endpoints.ssm", "without user"},
		{acctest.Values{"allowed_account_ids": []any{homeAccount, "12345"}}, "allowed_account_ids.1", "12 digits"},
		{acctest.Values{"allowed_account_ids": []any{""}}, "allowed_account_ids.0", "12 digits"},
		{acctest.Values{"forbidden_account_ids": []any{"production"}}, "forbidden_account_ids.0", "12 digits"},
		{acctest.Values{"forbidden_account_ids": []any{nil}}, "forbidden_account_ids", "null"},
		{acctest.Values{"shared_credentials_files": []any{nil}}, "shared_credentials_files", "null"},
		{assume(acctest.Values{"role_arn": "deploy"}), "assume_role.0.role_arn", "arn:aws:iam::"},
		{assume(acctest.Values{"role_arn": "arn:aws:iam::123456789012:user/deploy"}), "assume_role.0.role_arn", "arn:aws:iam::"},
		{assume(acctest.Values{"duration": "1"}), "assume_role.0.duration", "15m"},
		{assume(acctest.Values{"duration": "14m59s"}), "assume_role.0.duration", "15m"},
		{assume(acctest.Values{"duration": "12h1s"}), "assume_role.0.duration", "12h"},
		{assume(acctest.Values{"session_name": "x"}), "assume_role.0.session_name", "between 2 and 64"},
		{assume(acctest.Values{"session_name": "two words"}), "assume_role.0.session_name", "letters"},
		{assume(acctest.Values{"source_identity": "a/b"}), "assume_role.0.source_identity", "letters"},
		{assume(acctest.Values{"external_id": "x"}), "assume_role.0.external_id", "between 2 and 1224"},
		{assume(acctest.Values{"policy": "{"}), "assume_role.0.policy", "JSON"},
		{web(acctest.Values{"role_arn": "deploy"}), "assume_role_with_web_identity.role_arn", "arn:aws:iam::"},
		{web(acctest.Values{"duration": "13h"}), "assume_role_with_web_identity.duration", "12h"},
		{web(acctest.Values{"session_name": "a b"}), "assume_role_with_web_identity.session_name", "letters"},
		{web(acctest.Values{"web_identity_token": nil}), "assume_role_with_web_identity.web_identity_token", "web_identity_token_file"},
		{web(acctest.Values{"web_identity_token_file": "/token"}), "assume_role_with_web_identity.web_identity_token", "web_identity_token_file"},
	} {
		_, diags := acctest.TryProvider(t, acctest.Values{"aws": good.With(c.change)})
		if !diags.HasError() || diags[0].Attribute != "aws."+c.at || !strings.Contains(diags.String(), c.says) {
			t.Errorf("%v: %s\nwant an error on aws.%s that says %q", c.change, diags, c.at, c.says)
		}
		if strings.Contains(diags.String(), "canary") {
			t.Errorf("%v: a secret is in the message: %s", c.change, diags)
		}
	}
	for _, fine := range []acctest.Values{
		{}, {"endpoints": nil}, {"access_key": nil, "secret_key": nil}, {"token": "t"}, {"access_key": "", "secret_key": "", "token": ""}, {"endpoints": acctest.Values{"ssm": "https://vpce.example.com:8443/x"}},
		assume(acctest.Values{"duration": "12h"}), assume(acctest.Values{"duration": "15m"}), assume(acctest.Values{"role_arn": "arn:aws-cn:iam::123456789012:role/a/b/c"}),
		assume(acctest.Values{"role_arn": nil}), web(acctest.Values{"role_arn": nil}), web(acctest.Values{"role_arn": "", "web_identity_token": ""}),
		{"allowed_account_ids": []any{}, "forbidden_account_ids": []any{}}, {"allowed_account_ids": nil, "forbidden_account_ids": nil},
		web(nil), web(acctest.Values{"policy_arns": acctest.Unknown}), web(acctest.Values{"policy_arns": []any{acctest.Unknown}}),
		assume(acctest.Values{"policy_arns": acctest.Unknown}), assume(acctest.Values{"tags": acctest.Unknown}), assume(acctest.Values{"tags": acctest.Values{"a": acctest.Unknown}}),
		assume(acctest.Values{"transitive_tag_keys": []any{acctest.Unknown}}), {"shared_config_files": acctest.Unknown}, {"shared_credentials_files": []any{acctest.Unknown}},
		{"region": acctest.Unknown}, {"assume_role": acctest.Unknown}, {"allowed_account_ids": []any{acctest.Unknown}},
	} {
		if _, diags := acctest.TryProvider(t, acctest.Values{"aws": good.With(fine)}); len(diags) > 0 {
			t.Errorf("%v: %s", fine, diags)
		}
	}
}

// A user of another cloud has no AWS credentials. A plan does not look for any.
func TestNothingIsLookedForBeforeTheFirstSignal(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	for name, block := range map[string]acctest.Values{
		"no block":         {},
		"an empty block":   {"aws": acctest.Values{}},
		"a missing bundle": {"aws": acctest.Values{"region": "us-east-1", "custom_ca_bundle": missing}},
		"no such profile":  {"aws": acctest.Values{"region": "us-east-1", "profile": "missing"}},
		"an unknown key":   {"aws": acctest.Values{"region": "us-east-1", "access_key": acctest.Unknown, "secret_key": "s"}},
	} {
		r := acctest.StartProvider(t, block).Resource("signal_automation")
		if _, diags := r.Plan(acctest.Values{"automation_execution_id": strings.Repeat("x", 36), "signal_type": "Approve"}); len(diags) > 0 {
			t.Errorf("with %s planning said %s", name, diags)
		}
	}
}

// The provider checks a region of the environment or a profile like the argument, if it
// plans a signal that would be sent there.
func TestMalformedRegionIsRefusedAtPlan(t *testing.T) {
	profiles := filepath.Join(t.TempDir(), "config")
	must(t, os.WriteFile(profiles, []byte("[profile bent]\nregion = eu west\n"), 0o600))
	file := filepath.Join(t.TempDir(), "config.json")
	must(t, os.WriteFile(file, []byte(`{"current":"bent","profiles":[{"name":"bent","mode":"AK","region_id":"cn hangzhou"}]}`), 0o600))
	type variables map[string]string
	for name, c := range map[string]struct {
		block       string
		with        acctest.Values
		environment variables
		says        string
	}{
		"AWS_REGION":              {"aws", nil, variables{"AWS_REGION": "us-east-1/"}, `AWS_REGION is "us-east-1/"`},
		"AWS_DEFAULT_REGION":      {"aws", nil, variables{"AWS_DEFAULT_REGION": "us-east-1 "}, `AWS_DEFAULT_REGION is "us-east-1 "`},
		"a profile":               {"aws", acctest.Values{"profile": "bent", "shared_config_files": []any{profiles}}, nil, `the region of the profile "bent" is "eu west"`},
		"AWS_PROFILE":             {"aws", nil, variables{"AWS_PROFILE": "bent", "AWS_CONFIG_FILE": profiles}, `the region of the profile "bent" is "eu west"`},
		"ALICLOUD_REGION":         {"alicloud", nil, variables{"ALICLOUD_REGION": "cn hangzhou"}, `ALICLOUD_REGION is "cn hangzhou"`},
		"ALIBABA_CLOUD_REGION_ID": {"alicloud", nil, variables{"ALIBABA_CLOUD_REGION_ID": "cn_hangzhou"}, `ALIBABA_CLOUD_REGION_ID is "cn_hangzhou"`},
		"a profile of Alibaba":    {"alicloud", acctest.Values{"shared_credentials_file": file}, nil, `region_id of the profile "bent" in ` + file + ` is "cn hangzhou"`},
	} {
		t.Run(name, func(t *testing.T) {
			for name, value := range c.environment {
				t.Setenv(name, value)
			}
			p := acctest.StartProvider(t, acctest.Values{c.block: acctest.Values{}.With(c.with)})
			fine := acctest.StartProvider(t, acctest.Values{c.block: acctest.Values{"region": "eu-central-1"}.With(c.with)})
			unknown := acctest.StartProvider(t, acctest.Values{c.block: acctest.Values{"region": acctest.Unknown}.With(c.with)})
			s := acctest.Sandbox(t, sandbox.Options{})
			for _, y := range systems.All {
				r := p.Resource(y.Type)
				if !r.Has("region") {
					continue
				}
				config := y.Ready(s).With(acctest.Values{"region": nil})
				_, diags := r.Plan(config)
				if other := y.Block != c.block; other && diags.HasError() || !other && (len(diags) != 1 || diags[0].Attribute != "region" || !strings.Contains(diags.String(), c.says)) {
					t.Errorf("%s: %s", y.Type, diags)
				}
				for _, p := range []*acctest.Provider{fine, unknown} {
					if _, diags := p.Resource(y.Type).Plan(config); diags.HasError() {
						t.Errorf("%s, where the block has a region: %s", y.Type, diags)
					}
				}
				if _, diags := r.Plan(config.With(acctest.Values{"region": "eu-central-1"})); diags.HasError() {
					t.Errorf("%s, with a region of its own: %s", y.Type, diags)
				}
			}
			if c.block == "aws" {
				says(t, p.Action("signal_automation").Plan(acctest.Values{"automation_execution_id": strings.Repeat("x", 36), "signal_type": "Approve"}), true, c.says)
				_, diags := p.Resource("signal_automation_wait").Plan(acctest.Values{"automation_execution_id": strings.Repeat("x", 36)})
				says(t, diags, true, c.says)
			}
			if made := s.RequestLog(); len(made) > 0 {
				t.Errorf("these requests were made: %v", made)
			}
		})
	}
}

// On an EC2 instance whose role gives the credentials, the region is the instance's. A plan
// does not ask for it.
func TestRegionOfTheInstance(t *testing.T) {
	var asked atomic.Int64
	machine := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		switch r.URL.Path {
		case "/latest/api/token":
			w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "21600")
			_, _ = w.Write([]byte("token"))
		case "/latest/meta-data/iam/security-credentials/":
			_, _ = w.Write([]byte("instance"))
		case "/latest/meta-data/iam/security-credentials/instance":
			_, _ = fmt.Fprintf(w, `{"Code":"Success","AccessKeyId":"sandbox-access-key","SecretAccessKey":"sandbox-secret-key","Token":"t","Expiration":%q}`, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
		case "/latest/dynamic/instance-identity/document":
			_, _ = w.Write([]byte(`{"region":"eu-north-1"}`))
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer machine.Close()
	t.Setenv("AWS_EC2_METADATA_DISABLED", "false")
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", machine.URL)
	s := acctest.Sandbox(t, sandbox.Options{Credentials: map[string]sandbox.Secret{"sandbox-access-key": {SecretKey: "sandbox-secret-key", SessionToken: "t"}}})
	r := acctest.StartProvider(t, acctest.Values{"aws": acctest.AWS(s.URL()).With(acctest.Values{"region": nil, "access_key": nil, "secret_key": nil})}).Resource("signal_automation")
	config := approval(s)
	if _, diags := r.Plan(config); len(diags) > 0 || asked.Load() > 0 {
		t.Errorf("planning made %d requests to the instance, and said %s", asked.Load(), diags)
	}
	if diags := r.Apply(config); len(diags) > 0 || r.String("region") != "eu-north-1" || s.Count("SendAutomationSignal") != 1 {
		t.Errorf("recorded %s, and said %s", r.State, diags)
	}
	before := asked.Load()
	if diags := r.Refresh(); len(diags) > 0 || asked.Load() != before {
		t.Errorf("a refresh made %d requests to the instance, and said %s", asked.Load()-before, diags)
	}
	late := acctest.StartProvider(t, acctest.Values{"aws": acctest.AWS(s.URL()).With(acctest.Values{"region": nil, "access_key": nil, "secret_key": nil})}).Resource("signal_automation")
	if diags := late.Apply(config.With(acctest.Values{"when": "destroy"})); diags.HasError() || late.String("region") != "eu-north-1" {
		t.Errorf("for destroy, recorded %s, and said %s", late.State, diags)
	}
}

// Errors in the provider's configuration are reported with the first signal, with what to
// do, and nothing is sent.
func TestAWSSetupThatCannotSend(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	for name, c := range map[string]struct {
		change acctest.Values
		says   []string
		// asks are the requests that may be made.
		asks []string
	}{
		"no region":                        {acctest.Values{"region": nil}, []string{"no AWS region", "AWS_REGION"}, nil},
		"no credentials":                   {acctest.Values{"access_key": nil, "secret_key": nil}, []string{"Give the provider AWS credentials"}, nil},
		"no such profile":                  {acctest.Values{"access_key": nil, "secret_key": nil, "profile": "missing"}, []string{"missing"}, nil},
		"a missing bundle":                 {acctest.Values{"custom_ca_bundle": missing}, []string{"custom_ca_bundle", missing}, nil},
		"an unknown region":                {acctest.Values{"region": acctest.Unknown}, []string{"aws.region is not known yet"}, nil},
		"a secret key with its line's end": {acctest.Values{"secret_key": "canary-secret\n"}, []string{"the secret key from the provider's aws block has a line break"}, nil},
		"a token with a blank":             {acctest.Values{"token": "canary-token "}, []string{"the session token from the provider's aws block begins or ends with a blank"}, nil},
		"not allowed": {
			acctest.Values{"allowed_account_ids": []any{otherAccount}},
			[]string{homeAccount, "allowed_account_ids", otherAccount}, []string{"GetCallerIdentity"},
		},
		"forbidden": {
			acctest.Values{"forbidden_account_ids": []any{otherAccount, homeAccount}},
			[]string{homeAccount, "forbidden_account_ids"}, []string{"GetCallerIdentity"},
		},
		"a wrong key and an account to check": {
			acctest.Values{"secret_key": "wrong", "allowed_account_ids": []any{homeAccount}},
			[]string{"GetCallerIdentity", "SignatureDoesNotMatch"}, []string{"GetCallerIdentity"},
		},
		"a role that is not there for us": {
			acctest.Values{"access_key": "powerless", "secret_key": "s", "assume_role": []any{acctest.Values{"role_arn": role(otherAccount, "deploy")}}},
			[]string{"AssumeRole", "AccessDenied", role(otherAccount, "deploy")}, []string{"AssumeRole"},
		},
		"a token that is not taken": {
			acctest.Values{"assume_role_with_web_identity": acctest.Values{"role_arn": role(otherAccount, "deploy"), "web_identity_token": "canary"}},
			[]string{"AssumeRoleWithWebIdentity", "InvalidIdentityToken"}, []string{"AssumeRoleWithWebIdentity"},
		},
		"a token file that is not there": {
			acctest.Values{"assume_role_with_web_identity": acctest.Values{"role_arn": role(otherAccount, "deploy"), "web_identity_token_file": missing}},
			[]string{missing}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.Sandbox(t, sandbox.Options{WebIdentityToken: "token", Credentials: map[string]sandbox.Secret{
				"sandbox-access-key": {SecretKey: "sandbox-secret-key"},
				"powerless":          {SecretKey: "s", Denied: []string{"sts:AssumeRole"}},
			}})
			p := acctest.StartProvider(t, acctest.Values{"aws": acctest.AWS(s.URL()).With(c.change)})
			r := p.Resource("signal_automation")
			diags := r.Apply(approval(s))
			if !diags.HasError() || !r.State.IsNull() || !strings.Contains(diags.String(), "Signal Not Sent") {
				t.Errorf("said %s, and the state is %s", diags, r.State)
			}
			for _, part := range c.says {
				if !strings.Contains(diags.String(), part) {
					t.Errorf("%q is not in the error:\n%s", part, diags)
				}
			}
			if strings.Contains(diags.String(), "canary") {
				t.Errorf("a secret is in the message: %s", diags)
			}
			// The SDK asks for a web identity more than once, because STS may not know a new
			// token yet.
			if made := slices.Compact(operations(s)); !slices.Equal(made, c.asks) {
				t.Errorf("these requests were made: %v, want %v", s.RequestLog(), c.asks)
			}
		})
	}
}

// Only the service knows that keys have expired or been revoked.
func TestAWSCredentialsThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		keys acctest.Values
		says []string
	}{
		"expired":   {acctest.Values{"access_key": "expired", "secret_key": "s", "token": "t"}, []string{"ExpiredToken", "renew"}},
		"revoked":   {acctest.Values{"access_key": "gone", "secret_key": "s"}, []string{"UnrecognizedClient", "check access key"}},
		"mistyped":  {acctest.Values{"secret_key": "wrong"}, []string{"InvalidSignature", "check access key"}},
		"powerless": {acctest.Values{"access_key": "powerless", "secret_key": "s"}, []string{"AccessDenied", "ssm:SendAutomationSignal"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.Sandbox(t, sandbox.Options{Credentials: map[string]sandbox.Secret{
				"sandbox-access-key": {SecretKey: "sandbox-secret-key"},
				"expired":            {SecretKey: "s", SessionToken: "t", Expires: time.Unix(1, 0)},
				"powerless":          {SecretKey: "s", Denied: []string{"ssm:SendAutomationSignal"}},
			}})
			p := acctest.StartProvider(t, acctest.Values{"aws": acctest.AWS(s.URL()).With(c.keys)})
			r := p.Resource("signal_automation")
			diags := r.Apply(approval(s))
			became(t, systems.All[0], s, r, matrix.Cell{Result: matrix.Rejected, Requests: 1, Says: append(c.says, "request id")}, diags)
		})
	}
}

func TestAWSCredentialSources(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	config := file("config", "[profile work]\nregion = eu-west-1\n")
	keys := file("credentials", "[work]\naws_access_key_id = sandbox-access-key\naws_secret_access_key = sandbox-secret-key\n")
	token := file("token", "token")
	without := acctest.Values{"region": nil, "access_key": nil, "secret_key": nil}

	for name, c := range map[string]struct {
		change acctest.Values
		// sender is a part of the principal's ARN.
		sender, region string
		asks           []string
		// with are parts of the last AssumeRole.
		with []string
	}{
		"keys": {acctest.Values{}, homeAccount + ":user/sandbox", "us-east-1", nil, nil},
		"a profile": {
			without.With(acctest.Values{"profile": "work", "shared_config_files": []any{config}, "shared_credentials_files": []any{keys}}),
			homeAccount + ":user/sandbox", "eu-west-1", nil, nil,
		},
		"a chain of roles": {
			acctest.Values{"assume_role": []any{
				acctest.Values{"role_arn": role(homeAccount, "hop"), "session_name": "first"},
				acctest.Values{
					"role_arn": role(otherAccount, "path/deploy"), "session_name": "second", "external_id": "shared:secret", "duration": "1h",
					"policy": `{"Version":"2012-10-17","Statement":[]}`, "source_identity": "me", "tags": acctest.Values{"team": "release"},
				},
			}, "allowed_account_ids": []any{otherAccount}},
			otherAccount + ":assumed-role/deploy/second", "us-east-1", []string{"AssumeRole", "AssumeRole", "GetCallerIdentity"},
			[]string{"ExternalId=shared%3Asecret", "DurationSeconds=3600", "Policy=%7B%22Version", "SourceIdentity=me", "Tags.member.1.Key=team", "Tags.member.1.Value=release"},
		},
		"web identity": {
			acctest.Values{"access_key": nil, "secret_key": nil, "assume_role_with_web_identity": acctest.Values{
				"role_arn": role(otherAccount, "ci"), "session_name": "pipeline", "web_identity_token": "token"}},
			otherAccount + ":assumed-role/ci/pipeline", "us-east-1", []string{"AssumeRoleWithWebIdentity"}, nil,
		},
		"a web identity file, and then a role": {
			acctest.Values{"access_key": nil, "secret_key": nil,
				"assume_role_with_web_identity": acctest.Values{"role_arn": role(homeAccount, "ci"), "duration": "30m", "web_identity_token_file": token},
				"assume_role":                   []any{acctest.Values{"role_arn": role(otherAccount, "deploy")}}},
			otherAccount + ":assumed-role/deploy/", "us-east-1", []string{"AssumeRoleWithWebIdentity", "AssumeRole"},
			[]string{"DurationSeconds=900"},
		},
		"all that can be left open, set to nothing": {
			acctest.Values{
				"profile": "", "token": "", "shared_config_files": []any{""}, "shared_credentials_files": []any{}, "custom_ca_bundle": "",
				"allowed_account_ids": []any{}, "forbidden_account_ids": []any{},
				"assume_role": []any{
					acctest.Values{"role_arn": "", "session_name": "ci", "external_id": "", "duration": "", "policy": "", "source_identity": ""},
					acctest.Values{"role_arn": nil, "session_name": ""},
				},
				"assume_role_with_web_identity": acctest.Values{"role_arn": "", "session_name": "", "duration": "", "web_identity_token": "", "web_identity_token_file": ""},
			},
			homeAccount + ":user/sandbox", "us-east-1", nil, nil,
		},
		"a region set to nothing": {
			acctest.Values{"region": ""},
			homeAccount + ":user/sandbox", "ap-south-1", nil, nil,
		},
		// If only the resource has a region, the provider uses it for all requests of the
		// signal.
		"the resource's region": {
			acctest.Values{"region": nil, "assume_role": []any{acctest.Values{"role_arn": role(otherAccount, "deploy")}}, "allowed_account_ids": []any{otherAccount}},
			otherAccount + ":assumed-role/deploy/", "ap-south-1", []string{"AssumeRole", "GetCallerIdentity"}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.Sandbox(t, sandbox.Options{WebIdentityToken: "token"})
			p := acctest.StartProvider(t, acctest.Values{"aws": acctest.AWS(s.URL()).With(c.change)})
			signal := approval(s)
			if c.region == "ap-south-1" {
				signal["region"] = c.region
			}
			r := p.Resource("signal_automation")
			apply(t, r, signal)
			execution, _ := s.Automation(signal["automation_execution_id"].(string))
			if got := execution.Signals[0].Sender; !strings.Contains(got, c.sender) || r.String("region") != c.region {
				t.Errorf("%s sent it in %s, want %s in %s", got, r.String("region"), c.sender, c.region)
			}
			if made := operations(s); !slices.Equal(made, append(c.asks, "SendAutomationSignal")) {
				t.Errorf("the request log holds %v", s.RequestLog())
			}
			assumed := ""
			for _, entry := range s.RequestLog() {
				if entry.Operation == "AssumeRole" {
					assumed = entry.Body
				}
			}
			for _, part := range c.with {
				if !strings.Contains(assumed, part) {
					t.Errorf("%s is not in AssumeRole %s", part, assumed)
				}
			}
		})
	}
}

// If the block has no role but other arguments of the session, the role of the environment
// is assumed. With role_arn = "" it is not.
func TestWebIdentityOfTheEnvironment(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	must(t, os.WriteFile(token, []byte("token"), 0o600))
	environment := map[string]string{"AWS_ROLE_ARN": role(otherAccount, "pod"), "AWS_WEB_IDENTITY_TOKEN_FILE": token, "AWS_ROLE_SESSION_NAME": "theirs"}
	for name, c := range map[string]struct {
		block       acctest.Values
		environment map[string]string
		// sender is a part of the principal's ARN. says is a part of the error if no
		// principal sends.
		sender, says string
	}{
		"a session":                    {acctest.Values{"session_name": "mine"}, environment, otherAccount + ":assumed-role/pod/mine", ""},
		"a duration":                   {acctest.Values{"duration": "1h"}, environment, otherAccount + ":assumed-role/pod/theirs", ""},
		"a token":                      {acctest.Values{"web_identity_token": "token"}, map[string]string{"AWS_ROLE_ARN": role(otherAccount, "pod"), "AWS_ROLE_SESSION_NAME": "theirs"}, otherAccount + ":assumed-role/pod/theirs", ""},
		"a role of the block":          {acctest.Values{"role_arn": role(otherAccount, "ci"), "session_name": "mine", "web_identity_token": "token"}, environment, otherAccount + ":assumed-role/ci/mine", ""},
		"no role":                      {acctest.Values{"role_arn": "", "session_name": "mine"}, environment, homeAccount + ":user/sandbox", ""},
		"nothing":                      {acctest.Values{"role_arn": nil, "session_name": "", "policy_arns": []any{}}, environment, homeAccount + ":user/sandbox", ""},
		"no role anywhere":             {acctest.Values{"session_name": "mine"}, nil, homeAccount + ":user/sandbox", ""},
		"a role without token":         {acctest.Values{"session_name": "mine"}, map[string]string{"AWS_ROLE_ARN": role(otherAccount, "pod")}, "", "AWS_WEB_IDENTITY_TOKEN_FILE"},
		"a missing token of the block": {acctest.Values{"web_identity_token_file": token + "x"}, nil, "", "aws.assume_role_with_web_identity.web_identity_token_file names: open " + token + "x"},
		"a missing token": {acctest.Values{"session_name": "mine"}, map[string]string{"AWS_ROLE_ARN": role(otherAccount, "pod"), "AWS_WEB_IDENTITY_TOKEN_FILE": token + "x"},
			"", "AWS_WEB_IDENTITY_TOKEN_FILE names: open " + token + "x"},
	} {
		t.Run(name, func(t *testing.T) {
			for name, value := range c.environment {
				t.Setenv(name, value)
			}
			s := acctest.Sandbox(t, sandbox.Options{WebIdentityToken: "token"})
			p := acctest.StartProvider(t, acctest.Values{"aws": acctest.AWS(s.URL()).With(acctest.Values{"assume_role_with_web_identity": c.block})})
			signal := approval(s)
			diags := p.Resource("signal_automation").Apply(signal)
			if c.says != "" {
				says(t, diags, true, "Signal Not Sent", c.says)
				if made := s.RequestLog(); len(made) > 0 {
					t.Errorf("these requests were made: %v", made)
				}
				return
			}
			execution, _ := s.Automation(signal["automation_execution_id"].(string))
			if len(diags) > 0 || len(execution.Signals) != 1 || !strings.Contains(execution.Signals[0].Sender, c.sender) {
				t.Errorf("said %s, and these signals were sent: %+v", diags, execution.Signals)
			}
		})
	}
}

// together applies this number of approvals at once, and returns the diagnostics of each.
func together(t *testing.T, s *sandbox.Sandbox, p *acctest.Provider, many int) []acctest.Diagnostics {
	t.Helper()
	said := make([]acctest.Diagnostics, many)
	var applies sync.WaitGroup
	for i := range said {
		r, signal := p.Resource("signal_automation"), approval(s)
		applies.Go(func() { said[i] = r.Apply(signal) })
	}
	applies.Wait()
	return said
}

func TestTheAccountIsAskedForOnce(t *testing.T) {
	const many = 64
	for name, c := range map[string]struct {
		allowed string
		sent    int
	}{
		"allowed": {otherAccount, many},
		"not":     {homeAccount, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.Sandbox(t, sandbox.Options{})
			p := acctest.StartProvider(t, acctest.Values{"aws": acctest.AWS(s.URL()).With(acctest.Values{
				"allowed_account_ids": []any{c.allowed},
				"assume_role":         []any{acctest.Values{"role_arn": role(otherAccount, "deploy")}},
			})})
			failed := 0
			for _, diags := range together(t, s, p, many) {
				if diags.HasError() {
					failed++
				}
			}
			if failed != many-c.sent || s.Accepted("SendAutomationSignal") != c.sent || s.Count("SendAutomationSignal") != c.sent {
				t.Errorf("%d failed, and %d were sent", failed, s.Count("SendAutomationSignal"))
			}
			if s.Count("AssumeRole") != 1 || s.Count("GetCallerIdentity") != 1 {
				t.Errorf("%d AssumeRole and %d GetCallerIdentity, want one each", s.Count("AssumeRole"), s.Count("GetCallerIdentity"))
			}
		})
	}
}

// The AWS SDK's body wrapper can rarely make net/http close a connection before it has read
// the answer. The SDK's default retries hide that by sending twice. internal/delivery tests
// the code that prevents it. This test checks the whole: without faults, no outcome is
// unknown and nothing is sent twice.
func TestThousandsOfSignalsOnAGoodDay(t *testing.T) {
	t.Parallel()
	const rounds, many = 60, 50
	s := acctest.Sandbox(t, sandbox.Options{})
	p := acctest.StartProvider(t, acctest.Block(s.URL()))
	for range rounds {
		for _, diags := range together(t, s, p, many) {
			if len(diags) > 0 {
				t.Error(diags)
			}
		}
	}
	if s.Count("SendAutomationSignal") != rounds*many || s.Accepted("SendAutomationSignal") != rounds*many {
		t.Errorf("%d requests, %d accepted, want %d", s.Count("SendAutomationSignal"), s.Accepted("SendAutomationSignal"), rounds*many)
	}
}

// An answer without an account proves nothing about the account.
func TestAnAccountThatIsNotNamed(t *testing.T) {
	for name, body := range map[string]string{
		"empty":      "",
		"no account": "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>",
	} {
		t.Run(name, func(t *testing.T) {
			sts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
			defer sts.Close()
			s := acctest.Sandbox(t, sandbox.Options{})
			block := acctest.AWS(s.URL())
			block["forbidden_account_ids"] = []any{"123456789012"}
			block["endpoints"] = acctest.Values{"ssm": s.URL(), "sts": sts.URL}
			r := acctest.StartProvider(t, acctest.Values{"aws": block}).Resource("signal_automation")
			says(t, r.Apply(systems.All[0].Ready(s)), true, "Signal Not Sent", "forbidden_account_ids", "sts:GetCallerIdentity")
			if made := s.RequestLog(); len(made) > 0 {
				t.Errorf("these requests were made: %v", made)
			}
		})
	}
}

// The User-Agent of every request names the provider, and what the user adds.
func TestUserAgents(t *testing.T) {
	t.Setenv("TF_APPEND_USER_AGENT", " pipeline/7\n(nightly) ")
	var (
		mu   sync.Mutex
		seen []string
	)
	taken := func() []string {
		mu.Lock()
		defer mu.Unlock()
		names := seen
		seen = nil
		return names
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, r.UserAgent())
		w.WriteHeader(http.StatusBadRequest)
	}))
	defer server.Close()
	p := acctest.StartProvider(t, acctest.Block(server.URL))
	s := acctest.Sandbox(t, sandbox.Options{})
	for _, y := range systems.All {
		config := y.Ready(s).With(acctest.Briefly)
		if y.Block != "" && config["url"] == nil && config["url_wo"] == nil {
			taken()
			p.Resource(y.Type).Apply(config)
			if seen := taken(); len(seen) == 0 || !strings.Contains(seen[0], "terraform-provider-signal/test") || !strings.HasSuffix(seen[0], " pipeline/7 (nightly)") {
				t.Errorf("%s: named %q", y.Name(), seen)
			}
		}
	}
}
