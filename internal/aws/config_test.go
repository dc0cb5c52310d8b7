package aws_test

import (
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// sent delivers a signal and returns the fake's last request of an operation.
func sent(t *testing.T, f *fake, c aws.Config, what string) request {
	t.Helper()
	if result := open(t, c, "").deliver(30 * time.Second); result.Outcome != delivery.Accepted {
		t.Fatalf("it ended %s: %v\nseen: %s", result.Outcome, result.Err, f.seen())
	}
	return f.last(t, what)
}

// The configured endpoint of STS is used for each role.
func TestWhereSTSIsAsked(t *testing.T) {
	profile := func(t *testing.T, more string) string {
		return file(t, "config", "[profile base]\naws_access_key_id = AKIABASE\naws_secret_access_key = secret\n"+
			"[profile hop]\nrole_arn = "+roleARN+"hop\nsource_profile = base\n"+
			"[profile work]\nrole_arn = "+roleARN+"\nsource_profile = hop\n"+more)
	}
	token := file(t, "token", "jwt")
	for name, test := range map[string]struct {
		change func(*testing.T, *fake, *aws.Config)
		what   string
		times  int
	}{
		"a role of the block": {func(_ *testing.T, _ *fake, c *aws.Config) {
			c.AccessKey, c.SecretKey, c.AssumeRole = "AKIASTATIC", "secret", []aws.AssumeRole{{RoleARN: roleARN}}
		}, "AssumeRole", 1},
		"roles of a profile": {func(t *testing.T, _ *fake, c *aws.Config) {
			c.Profile, c.SharedConfigFiles = "work", []string{profile(t, "")}
		}, "AssumeRole", 2},
		"a role of a profile, and then one of the block": {func(t *testing.T, _ *fake, c *aws.Config) {
			c.Profile, c.SharedConfigFiles, c.AssumeRole = "hop", []string{profile(t, "")}, []aws.AssumeRole{{RoleARN: roleARN}}
		}, "AssumeRole", 2},
		"a web identity of the environment": {func(t *testing.T, _ *fake, _ *aws.Config) {
			t.Setenv("AWS_ROLE_ARN", roleARN)
			t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", token)
		}, "AssumeRoleWithWebIdentity", 1},
		"a web identity of a profile": {func(t *testing.T, _ *fake, c *aws.Config) {
			c.Profile = "web"
			c.SharedConfigFiles = []string{profile(t, "[profile web]\nrole_arn = "+roleARN+"\nweb_identity_token_file = "+token+"\n")}
		}, "AssumeRoleWithWebIdentity", 1},
	} {
		for source, set := range map[string]func(*testing.T, *fake, *aws.Config){
			"endpoints": func(_ *testing.T, f *fake, c *aws.Config) {
				c.Endpoints = map[string]string{"ssm": f.URL, "sts": f.URL}
			},
			"AWS_ENDPOINT_URL": func(t *testing.T, f *fake, _ *aws.Config) { t.Setenv("AWS_ENDPOINT_URL", f.URL) },
			"AWS_ENDPOINT_URL_STS": func(t *testing.T, f *fake, c *aws.Config) {
				t.Setenv("AWS_ENDPOINT_URL_STS", f.URL)
				c.Endpoints = map[string]string{"ssm": f.URL}
			},
		} {
			t.Run(name+", by "+source, func(t *testing.T) {
				f := start(t)
				c := aws.Config{Region: "us-east-1"}
				test.change(t, f, &c)
				set(t, f, &c)
				if asked := sent(t, f, c, test.what); asked.region != "us-east-1" && asked.region != "" {
					t.Errorf("STS was asked in %s", asked.region)
				}
				if strings.Count(f.seen(), test.what) != test.times {
					t.Errorf("seen: %s", f.seen())
				}
				// The endpoint wins over options that the SDK refuses with an endpoint.
				on := true
				c.UseFIPSEndpoint, c.UseDualstackEndpoint, c.STSRegion = &on, &on, "eu-west-3"
				if asked := sent(t, f, c, test.what); asked.region != "eu-west-3" && asked.region != "" {
					t.Errorf("with sts_region, STS was asked in %s", asked.region)
				}
				if asked := f.last(t, "SendAutomationSignal"); asked.region != "us-east-1" {
					t.Errorf("the signal was sent in %s", asked.region)
				}
			})
		}
	}
	t.Run("services of a profile", func(t *testing.T) {
		f := start(t)
		c := aws.Config{Region: "us-east-1", Profile: "work", Endpoints: map[string]string{"ssm": f.URL}}
		text, err := os.ReadFile(profile(t, "[services local]\nsts =\n  endpoint_url = "+f.URL+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		c.SharedConfigFiles = []string{file(t, "config", strings.Replace(string(text), "[profile work]", "[profile work]\nservices = local", 1))}
		sent(t, f, c, "AssumeRole")
	})
}

// Policies and names of a session reach STS.
func TestWhatSTSIsAsked(t *testing.T) {
	f := start(t)
	c := f.static()
	c.AssumeRole = []aws.AssumeRole{{
		RoleARN: roleARN, SessionName: "pipeline", ExternalID: "shared", Policy: "{}", SourceIdentity: "me", Duration: time.Hour,
		PolicyARNs: []string{"arn:aws:iam::aws:policy/A", "arn:aws:iam::aws:policy/B"}, Tags: map[string]string{"team": "release"}, TransitiveTagKeys: []string{"team"},
	}}
	holds(t, sent(t, f, c, "AssumeRole").form, map[string]string{
		"RoleArn": roleARN, "RoleSessionName": "pipeline", "ExternalId": "shared", "Policy": "{}", "SourceIdentity": "me", "DurationSeconds": "3600",
		"PolicyArns.member.1.arn": "arn:aws:iam::aws:policy/A", "PolicyArns.member.2.arn": "arn:aws:iam::aws:policy/B",
		"Tags.member.1.Key": "team", "Tags.member.1.Value": "release", "TransitiveTagKeys.member.1": "team",
	})
	c = f.static()
	c.AccessKey, c.SecretKey = "", ""
	c.WebIdentity = &aws.WebIdentity{RoleARN: roleARN, SessionName: "pipeline", Policy: "{}", Duration: time.Hour, PolicyARNs: []string{"arn:aws:iam::aws:policy/A"}, Token: "jwt"}
	holds(t, sent(t, f, c, "AssumeRoleWithWebIdentity").form, map[string]string{
		"RoleArn": roleARN, "RoleSessionName": "pipeline", "Policy": "{}", "DurationSeconds": "3600", "PolicyArns.member.1.arn": "arn:aws:iam::aws:policy/A", "WebIdentityToken": "jwt",
	})
}

func holds(t *testing.T, form url.Values, want map[string]string) {
	t.Helper()
	for name, value := range want {
		if form.Get(name) != value {
			t.Errorf("%s is %q, want %q", name, form.Get(name), value)
		}
	}
}

// Proxies are used as in hashicorp/aws.
func TestProxies(t *testing.T) {
	for name, test := range map[string]struct {
		config      aws.Config
		environment map[string]string
		proxied     bool
	}{
		"http_proxy":                             {aws.Config{HTTPProxy: "PROXY"}, nil, true},
		"HTTP_PROXY":                             {aws.Config{}, map[string]string{"HTTP_PROXY": "PROXY"}, true},
		"http_proxy of the environment":          {aws.Config{}, map[string]string{"http_proxy": "PROXY"}, true},
		"http_proxy wins over HTTP_PROXY":        {aws.Config{}, map[string]string{"http_proxy": "PROXY", "HTTP_PROXY": "http://127.0.0.1:1"}, true},
		"no_proxy of the environment":            {aws.Config{HTTPProxy: "PROXY"}, map[string]string{"no_proxy": ".invalid"}, false},
		"no_proxy of the environment, of others": {aws.Config{HTTPProxy: "PROXY"}, map[string]string{"no_proxy": "other.invalid"}, true},
		"http_proxy wins":                        {aws.Config{HTTPProxy: "PROXY"}, map[string]string{"HTTP_PROXY": "http://127.0.0.1:1"}, true},
		"https_proxy alone":                      {aws.Config{HTTPSProxy: "PROXY"}, nil, false},
		"no_proxy":                               {aws.Config{HTTPProxy: "PROXY", NoProxy: "example.invalid"}, nil, false},
		"NO_PROXY":                               {aws.Config{HTTPProxy: "PROXY"}, map[string]string{"NO_PROXY": ".invalid"}, false},
		"no_proxy wins":                          {aws.Config{HTTPProxy: "PROXY", NoProxy: "other.invalid"}, map[string]string{"NO_PROXY": "*"}, true},
		"nothing":                                {aws.Config{}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t)
			c := f.role()
			c.Endpoints = map[string]string{"ssm": "http://ssm.example.invalid", "sts": "http://sts.example.invalid"}
			c.HTTPProxy = strings.Replace(test.config.HTTPProxy, "PROXY", f.URL, 1)
			c.HTTPSProxy = strings.Replace(test.config.HTTPSProxy, "PROXY", f.URL, 1)
			c.NoProxy = test.config.NoProxy
			for name, value := range test.environment {
				t.Setenv(name, strings.Replace(value, "PROXY", f.URL, 1))
			}
			result := open(t, c, "").deliver(30 * time.Second)
			if proxied := result.Outcome == delivery.Accepted; proxied != test.proxied || proxied && f.last(t, "AssumeRole").host != "sts.example.invalid" {
				t.Errorf("it ended %s: %v\nseen: %s", result.Outcome, result.Err, f.seen())
			}
		})
	}
}

// If the credentials come from the machine, the region does too.
func TestRegionOfTheMachine(t *testing.T) {
	f := start(t)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "false")
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f.URL)
	c := aws.Config{Endpoints: map[string]string{"ssm": f.URL, "sts": f.URL}}
	if asked := sent(t, f, c, "SendAutomationSignal"); asked.region != "ap-northeast-3" || asked.key != "ASIAMACHINE" {
		t.Errorf("it was sent in %s with %s", asked.region, asked.key)
	}
	c.AssumeRole = []aws.AssumeRole{{RoleARN: roleARN}}
	if asked := sent(t, f, c, "AssumeRole"); asked.region != "ap-northeast-3" {
		t.Errorf("STS was asked in %s", asked.region)
	}
	if region, err := aws.NewClients(c).Region(t.Context(), ""); region != "ap-northeast-3" || err != nil {
		t.Errorf("the region is %q, %v", region, err)
	}
	c.AssumeRole, c.AccessKey, c.SecretKey = nil, "AKIASTATIC", "secret"
	if region, err := aws.NewClients(c).Region(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "no AWS region") {
		t.Errorf("with other credentials: %q, %v", region, err)
	}
	t.Setenv("AWS_REGION", "sa-east-1")
	if asked := sent(t, f, c, "SendAutomationSignal"); asked.region != "sa-east-1" {
		t.Errorf("it was sent in %s", asked.region)
	}
}

// A metadata service that is switched off gets no requests.
func TestMetadataThatIsSwitchedOff(t *testing.T) {
	f := start(t)
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f.URL)
	c := aws.Config{Endpoints: map[string]string{"ssm": f.URL, "sts": f.URL}}
	for _, off := range []string{"true", "TRUE"} {
		t.Setenv("AWS_EC2_METADATA_DISABLED", off)
		if _, err := service.Client(t.Context(), aws.NewClients(c), ""); err == nil || !strings.Contains(err.Error(), "no AWS region") {
			t.Errorf("without a region: %v", err)
		}
		if attempt := open(t, c, "us-east-1").Send(t.Context()); attempt.Cause != delivery.NoCredentials || !strings.Contains(aws.Explain(attempt, ""), "Give the provider AWS credentials") {
			t.Errorf("it ended %s with cause %d: %v", attempt.Outcome, attempt.Cause, attempt.Err)
		}
	}
	if f.seen() != "" {
		t.Errorf("seen: %s", f.seen())
	}
}

// A container's credentials service is not asked through a proxy, and is asked again while
// it does not answer.
func TestCredentialsOfAContainer(t *testing.T) {
	f := start(t)
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f.URL+"/container")
	t.Setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "authorization")
	f.next("GET /container", often(4, func(w http.ResponseWriter, _ request) bool { w.WriteHeader(503); return true })...)
	c := f.static()
	c.AccessKey, c.SecretKey, c.HTTPProxy = "", "", "http://127.0.0.1:1"
	if asked := sent(t, f, c, "GET /container"); asked.header.Get("Authorization") != "authorization" {
		t.Errorf("it was asked with %v", asked.header)
	}
	t.Setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file(t, "token", "authorization of a file"))
	if asked := sent(t, f, c, "GET /container"); asked.header.Get("Authorization") != "authorization of a file" {
		t.Errorf("with a file, it was asked with %v", asked.header)
	}
	f.next("GET /container", func(w http.ResponseWriter, _ request) bool { w.WriteHeader(404); return true })
	if result := open(t, c, "").deliver(30 * time.Second); result.Cause != delivery.NoCredentials || result.Attempts != 1 {
		t.Errorf("one that has none ended with cause %d after %d attempts", result.Cause, result.Attempts)
	}
}

// Errors about the user's files and names contain these.
func TestSettingsThatCannotBe(t *testing.T) {
	const sso = "[profile sso]\nsso_session = company\nsso_account_id = 123456789012\nsso_role_name = deploy\n[sso-session company]\nsso_region = us-east-1\nsso_start_url = https://company.awsapps.com/start\n" +
		"[profile legacy]\nsso_account_id = 123456789012\nsso_role_name = deploy\nsso_region = us-east-1\nsso_start_url = https://company.awsapps.com/start\n"
	config := file(t, "config", "[default]\n"+sso+"[profile base]\naws_access_key_id = AKIABASE\naws_secret_access_key = secret\n"+
		"[profile role]\nrole_arn = "+roleARN+"\nsource_profile = sso\n[profile bent]\nregion = eu west\n[profile mfa]\nrole_arn = "+roleARN+"\nsource_profile = base\nmfa_serial = arn:aws:iam::123456789012:mfa/me\n")
	missing := filepath.Join(t.TempDir(), "missing")
	t.Setenv("HOME", t.TempDir())
	for name, test := range map[string]struct {
		config      aws.Config
		environment map[string]string
		says        []string
	}{
		"no such profile":                 {aws.Config{Profile: "absent", SharedConfigFiles: []string{config}}, nil, []string{`"absent"`, "profile in the provider's aws block", config}},
		"no such profile, by AWS_PROFILE": {aws.Config{}, map[string]string{"AWS_PROFILE": "absent", "AWS_CONFIG_FILE": config}, []string{`"absent"`, "AWS_PROFILE", config}},
		"no such source_profile": {aws.Config{SharedConfigFiles: []string{file(t, "source", "[default]\nrole_arn = "+roleARN+"\nsource_profile = absent\n")}}, nil,
			[]string{`"absent", which source_profile in a profile names`}},
		"a profile with a code":          {aws.Config{Profile: "mfa", SharedConfigFiles: []string{config}}, nil, []string{`"mfa"`, "mfa_serial", config}},
		"an SSO session that has ended":  {aws.Config{Profile: "sso", SharedConfigFiles: []string{config}}, nil, []string{"aws sso login --profile sso"}},
		"an old SSO session":             {aws.Config{Profile: "legacy", SharedConfigFiles: []string{config}}, nil, []string{"aws sso login --profile legacy"}},
		"an SSO session of a role":       {aws.Config{Profile: "role", SharedConfigFiles: []string{config}}, nil, []string{"aws sso login --profile sso"}},
		"an SSO session, by AWS_PROFILE": {aws.Config{}, map[string]string{"AWS_PROFILE": "sso", "AWS_CONFIG_FILE": config}, []string{"aws sso login --profile sso"}},
		"a role of a session of aws login": {aws.Config{Profile: "work", SharedConfigFiles: []string{file(t, "login", "[profile work]\nrole_arn = "+roleARN+"\nsource_profile = dev\n[profile dev]\nlogin_session = x\n")}}, nil,
			[]string{`"dev"`, roleARN, "assume_role block"}},
		"no credentials":                  {aws.Config{SharedConfigFiles: []string{config}}, nil, []string{"Give the provider AWS credentials", config}},
		"no such configuration file":      {aws.Config{SharedConfigFiles: []string{missing}}, nil, []string{"shared_config_files", missing}},
		"no such credentials file":        {aws.Config{SharedCredentialsFiles: []string{config, missing}}, nil, []string{"shared_credentials_files", missing}},
		"no such bundle":                  {aws.Config{CustomCABundle: missing}, nil, []string{"custom_ca_bundle", missing}},
		"no such file in the home":        {aws.Config{SharedConfigFiles: []string{"~/absent"}}, nil, []string{"shared_config_files", "/absent"}},
		"no such token":                   {aws.Config{WebIdentity: &aws.WebIdentity{RoleARN: roleARN, TokenFile: missing}}, nil, []string{missing}},
		"a malformed AWS_REGION":          {aws.Config{}, map[string]string{"AWS_REGION": "us-east-1 "}, []string{`"us-east-1 "`, "AWS_REGION"}},
		"a malformed region of a profile": {aws.Config{Profile: "bent", SharedConfigFiles: []string{config}}, map[string]string{"AWS_REGION": ""}, []string{`"eu west"`, `"bent"`}},
		"no such AWS_CONFIG_FILE":         {aws.Config{}, map[string]string{"AWS_CONFIG_FILE": missing}, []string{"AWS_CONFIG_FILE", missing}},
		"no such AWS_CONFIG_FILE, with a profile": {aws.Config{Profile: "base"}, map[string]string{"AWS_CONFIG_FILE": missing, "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret"},
			[]string{"AWS_CONFIG_FILE", missing}},
		"no such AWS_SHARED_CREDENTIALS_FILE": {aws.Config{SharedConfigFiles: []string{config}}, map[string]string{"AWS_SHARED_CREDENTIALS_FILE": missing}, []string{"AWS_SHARED_CREDENTIALS_FILE", missing}},
		"no such AWS_CONFIG_FILE, with keys": {aws.Config{}, map[string]string{"AWS_CONFIG_FILE": missing, "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret"},
			[]string{"AWS_CONFIG_FILE", missing}},
		"no such AWS_SHARED_CREDENTIALS_FILE, with keys": {aws.Config{AccessKey: "AKIA", SecretKey: "secret"}, map[string]string{"AWS_SHARED_CREDENTIALS_FILE": missing}, []string{"AWS_SHARED_CREDENTIALS_FILE", missing}},
		"a directory":                     {aws.Config{SharedConfigFiles: []string{filepath.Dir(missing)}}, nil, []string{"shared_config_files", filepath.Dir(missing), "directory"}},
		"a directory, by AWS_CONFIG_FILE": {aws.Config{}, map[string]string{"AWS_CONFIG_FILE": filepath.Dir(missing)}, []string{"AWS_CONFIG_FILE", "directory"}},
		"no such AWS_CA_BUNDLE":           {aws.Config{AccessKey: "AKIA", SecretKey: "secret"}, map[string]string{"AWS_CA_BUNDLE": missing}, []string{"AWS_CA_BUNDLE", missing}},
		"no such AWS_WEB_IDENTITY_TOKEN_FILE": {aws.Config{SharedConfigFiles: []string{config}}, map[string]string{"AWS_ROLE_ARN": roleARN, "AWS_WEB_IDENTITY_TOKEN_FILE": missing},
			[]string{"AWS_WEB_IDENTITY_TOKEN_FILE", missing}},
		"no such AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": {aws.Config{}, map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/container", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": missing},
			[]string{"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", missing}},
		"half a key pair":       {aws.Config{SharedConfigFiles: []string{config}}, map[string]string{"AWS_ACCESS_KEY_ID": "AKIA"}, []string{"one half", "AWS_SECRET_ACCESS_KEY"}},
		"the other half of one": {aws.Config{}, map[string]string{"AWS_SECRET_ACCESS_KEY": "canary"}, []string{"one half", "AWS_ACCESS_KEY_ID"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t)
			c := test.config
			if _, set := test.environment["AWS_REGION"]; !set {
				c.Region = "us-east-1"
			}
			c.Endpoints = map[string]string{"ssm": f.URL, "sts": f.URL}
			for name, value := range test.environment {
				t.Setenv(name, value)
			}
			client, err := service.Client(t.Context(), aws.NewClients(c), "")
			said := fmt.Sprint(err)
			if err == nil {
				attempt := signals{t, client}.Send(t.Context())
				if attempt.Outcome != delivery.NotSent || attempt.Cause != delivery.NoCredentials {
					t.Errorf("it ended %s with cause %d", attempt.Outcome, attempt.Cause)
				}
				said = attempt.Err.Error() + "\n" + aws.Explain(attempt, "")
			}
			for _, part := range append(test.says, "") {
				if !strings.Contains(said, part) {
					t.Errorf("%q is not in:\n%s", part, said)
				}
			}
			if f.seen() != "" || strings.Contains(said, "canary") {
				t.Errorf("seen: %s; said: %s", f.seen(), said)
			}
		})
	}
}

// A file that a variable names is not missed if an argument takes its place, and a token
// is not if other credentials come first.
func TestFilesThatNobodyNeeds(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	keys := map[string]string{"AWS_ACCESS_KEY_ID": "AKIAENVIRONMENT", "AWS_SECRET_ACCESS_KEY": "secret"}
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	profiles := file(t, "config", "[default]\naws_access_key_id = AKIAFILE\naws_secret_access_key = secret\n")
	for name, test := range map[string]struct {
		config      aws.Config
		environment map[string]string
		names       []string
	}{
		"keys of the block":       {aws.Config{AccessKey: "AKIABLOCK", SecretKey: "secret"}, nil, []string{"AWS_WEB_IDENTITY_TOKEN_FILE"}},
		"a token of the block":    {aws.Config{WebIdentity: &aws.WebIdentity{RoleARN: roleARN, Token: "jwt"}}, nil, []string{"AWS_WEB_IDENTITY_TOKEN_FILE"}},
		"keys of the environment": {aws.Config{}, keys, []string{"AWS_WEB_IDENTITY_TOKEN_FILE"}},
		"files and a bundle of the block": {aws.Config{SharedConfigFiles: []string{profiles}, SharedCredentialsFiles: []string{profiles}, CustomCABundle: file(t, "ca.pem", inPEM(secure))}, nil,
			[]string{"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t)
			for _, name := range test.names {
				t.Setenv(name, missing)
			}
			for name, value := range test.environment {
				t.Setenv(name, value)
			}
			c := test.config
			c.Region, c.Endpoints = "us-east-1", map[string]string{"ssm": f.URL, "sts": f.URL}
			sent(t, f, c, "SendAutomationSignal")
		})
	}
}

// Paths are expanded as in a shell.
func TestPathsAreExpanded(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	keys := "[work]\naws_access_key_id = AKIAFILE\naws_secret_access_key = secret\n"
	if err := os.WriteFile(filepath.Join(home, "keys"), []byte(keys), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"~/keys", "$HOME/keys", "${HOME}/keys"} {
		f := start(t)
		c := f.static()
		c.AccessKey, c.SecretKey, c.Profile, c.SharedCredentialsFiles = "", "", "work", []string{path}
		if asked := sent(t, f, c, "SendAutomationSignal"); asked.key != "AKIAFILE" {
			t.Errorf("%s: signed with %s", path, asked.key)
		}
		c = f.static()
		c.AccessKey, c.SecretKey = "", ""
		c.WebIdentity = &aws.WebIdentity{RoleARN: roleARN, TokenFile: path}
		if asked := sent(t, f, c, "AssumeRoleWithWebIdentity"); asked.form.Get("WebIdentityToken") != keys {
			t.Errorf("%s: the token is %q", path, asked.form.Get("WebIdentityToken"))
		}
	}
}

// The block wins over the environment, and the environment over files.
func TestPrecedence(t *testing.T) {
	config := file(t, "config", "[default]\nregion = eu-west-1\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = secret\n"+
		"[profile work]\nregion = eu-west-2\naws_access_key_id = AKIAWORK\naws_secret_access_key = secret\n")
	environment := map[string]string{"AWS_ACCESS_KEY_ID": "AKIAENVIRONMENT", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "ap-south-1"}
	for name, test := range map[string]struct {
		config      aws.Config
		environment map[string]string
		key, region string
	}{
		"the block":                    {aws.Config{AccessKey: "AKIABLOCK", SecretKey: "secret", Region: "us-east-1", Profile: "work"}, environment, "AKIABLOCK", "us-east-1"},
		"a profile of the block":       {aws.Config{Profile: "work"}, environment, "AKIAWORK", "ap-south-1"},
		"the environment":              {aws.Config{}, environment, "AKIAENVIRONMENT", "ap-south-1"},
		"AWS_PROFILE":                  {aws.Config{}, map[string]string{"AWS_PROFILE": "work"}, "AKIAWORK", "eu-west-2"},
		"the environment, AWS_PROFILE": {aws.Config{}, map[string]string{"AWS_PROFILE": "work", "AWS_ACCESS_KEY_ID": "AKIAENVIRONMENT", "AWS_SECRET_ACCESS_KEY": "secret"}, "AKIAENVIRONMENT", "eu-west-2"},
		"AWS_DEFAULT_REGION":           {aws.Config{}, map[string]string{"AWS_DEFAULT_REGION": "ca-west-1"}, "AKIADEFAULT", "ca-west-1"},
		"the default profile":          {aws.Config{}, nil, "AKIADEFAULT", "eu-west-1"},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t)
			t.Setenv("AWS_CONFIG_FILE", config)
			for name, value := range test.environment {
				t.Setenv(name, value)
			}
			c := test.config
			c.Endpoints = map[string]string{"ssm": f.URL}
			if asked := sent(t, f, c, "SendAutomationSignal"); asked.key != test.key || asked.region != test.region {
				t.Errorf("signed with %s in %s, want %s in %s", asked.key, asked.region, test.key, test.region)
			}
		})
	}
}

// The User-Agent has the provider and the user's text.
func TestUserAgent(t *testing.T) {
	f := start(t)
	c := f.role()
	c.UserAgent, c.AppendUserAgent = "terraform-provider-signal/1.2.3", "pipeline/7 (nightly; build 9)"
	for _, what := range []string{"AssumeRole", "SendAutomationSignal"} {
		if agent := sent(t, f, c, what).header.Get("User-Agent"); !strings.Contains(agent, "terraform-provider-signal/1.2.3") || !strings.HasSuffix(agent, " pipeline/7 (nightly; build 9)") {
			t.Errorf("%s named itself %q", what, agent)
		}
	}
}

// The test uses hosts that only a proxy reaches, to see which endpoint and proxy are used.
func TestEndpointsAndProxiesOverTLS(t *testing.T) {
	on := true
	for name, test := range map[string]struct {
		config      aws.Config
		environment map[string]string
		host        string
	}{
		"https_proxy":                                      {aws.Config{HTTPSProxy: "PROXY"}, nil, "ssm.us-east-1.amazonaws.com:443"},
		"http_proxy alone":                                 {aws.Config{HTTPProxy: "PROXY"}, nil, "ssm.us-east-1.amazonaws.com:443"},
		"HTTPS_PROXY beside http_proxy":                    {aws.Config{HTTPProxy: "http://127.0.0.1:1"}, map[string]string{"HTTPS_PROXY": "PROXY"}, "ssm.us-east-1.amazonaws.com:443"},
		"https_proxy of the environment":                   {aws.Config{}, map[string]string{"https_proxy": "PROXY"}, "ssm.us-east-1.amazonaws.com:443"},
		"https_proxy of the environment beside http_proxy": {aws.Config{HTTPProxy: "http://127.0.0.1:1"}, map[string]string{"https_proxy": "PROXY"}, "ssm.us-east-1.amazonaws.com:443"},
		"https_proxy wins over HTTPS_PROXY":                {aws.Config{HTTPSProxy: "PROXY"}, map[string]string{"HTTPS_PROXY": "http://127.0.0.1:1"}, "ssm.us-east-1.amazonaws.com:443"},
		"use_fips_endpoint":                                {aws.Config{HTTPSProxy: "PROXY", UseFIPSEndpoint: &on}, nil, "ssm-fips.us-east-1.amazonaws.com:443"},
		"AWS_USE_FIPS_ENDPOINT":                            {aws.Config{HTTPSProxy: "PROXY"}, map[string]string{"AWS_USE_FIPS_ENDPOINT": "true"}, "ssm-fips.us-east-1.amazonaws.com:443"},
		"use_dualstack_endpoint":                           {aws.Config{HTTPSProxy: "PROXY", UseDualstackEndpoint: &on}, nil, "ssm.us-east-1.api.aws:443"},
		"AWS_USE_DUALSTACK_ENDPOINT":                       {aws.Config{HTTPSProxy: "PROXY"}, map[string]string{"AWS_USE_DUALSTACK_ENDPOINT": "true"}, "ssm.us-east-1.api.aws:443"},
		"AWS_ENDPOINT_URL_SSM and FIPS":                    {aws.Config{HTTPSProxy: "PROXY", UseFIPSEndpoint: &on}, map[string]string{"AWS_ENDPOINT_URL_SSM": "https://ssm.example.invalid"}, "ssm.example.invalid:443"},
		"endpoints over AWS_ENDPOINT_URL": {aws.Config{HTTPSProxy: "PROXY", Endpoints: map[string]string{"ssm": "https://block.example.invalid"}},
			map[string]string{"AWS_ENDPOINT_URL": "https://environment.example.invalid", "AWS_ENDPOINT_URL_SSM": "https://environment.example.invalid"}, "block.example.invalid:443"},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t)
			c := test.config
			c.Region, c.AccessKey, c.SecretKey = "us-east-1", "AKIASTATIC", "secret"
			c.HTTPProxy, c.HTTPSProxy = strings.Replace(c.HTTPProxy, "PROXY", f.URL, 1), strings.Replace(c.HTTPSProxy, "PROXY", f.URL, 1)
			for name, value := range test.environment {
				t.Setenv(name, strings.Replace(value, "PROXY", f.URL, 1))
			}
			open(t, c, "").Send(t.Context())
			if asked := f.last(t, "CONNECT "); asked.host != test.host {
				t.Errorf("the proxy was asked for %s, want %s", asked.host, test.host)
			}
		})
	}
}

// A certificate authority in the block or the environment is trusted.
func TestCertificateAuthorities(t *testing.T) {
	f := start(t)
	secure := httptest.NewTLSServer(f)
	t.Cleanup(secure.Close)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	bundle := file(t, "ca.pem", inPEM(secure))
	c := f.role()
	c.Endpoints = map[string]string{"ssm": secure.URL, "sts": secure.URL}
	if attempt := open(t, c, "").Send(t.Context()); attempt.Cause != delivery.Untrusted || attempt.Outcome != delivery.NotSent {
		t.Errorf("without it, it ended %s with cause %d: %v", attempt.Outcome, attempt.Cause, attempt.Err)
	}
	t.Setenv("AWS_CA_BUNDLE", bundle)
	sent(t, f, c, "SendAutomationSignal")
	t.Setenv("AWS_CA_BUNDLE", "")
	c.CustomCABundle = bundle
	sent(t, f, c, "SendAutomationSignal")
	c.CustomCABundle, c.SharedConfigFiles = "", []string{file(t, "config", "[default]\nca_bundle = "+bundle+"\n")}
	sent(t, f, c, "SendAutomationSignal")
}

// inPEM is a server's certificate.
func inPEM(s *httptest.Server) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
}

// The profile has the values that are neither in the block nor in the environment.
func TestProfile(t *testing.T) {
	f := start(t)
	c := aws.Config{Profile: "work", SharedConfigFiles: []string{file(t, "config", "[profile base]\naws_access_key_id = ASIABASE\naws_secret_access_key = secret\naws_session_token = session\n"+
		"[profile work]\nregion = eu-west-1\nendpoint_url = "+f.URL+"\nuse_fips_endpoint = true\nuse_dualstack_endpoint = true\nsource_profile = base\n"+
		"role_arn = "+roleARN+"\nexternal_id = shared\nrole_session_name = pipeline\nduration_seconds = 3600\n")}}
	asked := sent(t, f, c, "AssumeRole")
	holds(t, asked.form, map[string]string{"RoleArn": roleARN, "ExternalId": "shared", "RoleSessionName": "pipeline", "DurationSeconds": "3600"})
	if asked.key != "ASIABASE" || asked.region != "eu-west-1" || asked.header.Get("X-Amz-Security-Token") != "session" {
		t.Errorf("STS was asked by %s in %s, with %v", asked.key, asked.region, asked.header)
	}
	f = start(t)
	t.Setenv("HTTPS_PROXY", f.URL)
	c.SharedConfigFiles = []string{file(t, "config", "[profile work]\nregion = eu-west-1\nuse_fips_endpoint = true\naws_access_key_id = AKIA\naws_secret_access_key = secret\n")}
	open(t, c, "").Send(t.Context())
	if asked := f.last(t, "CONNECT "); !strings.HasPrefix(asked.host, "ssm-fips.eu-west-1.") {
		t.Errorf("%s was asked for", asked.host)
	}
	c.SharedConfigFiles = []string{file(t, "config", "[profile work]\nregion = eu-west-1\nuse_dualstack_endpoint = true\naws_access_key_id = AKIA\naws_secret_access_key = secret\n")}
	open(t, c, "").Send(t.Context())
	if asked := f.last(t, "CONNECT "); asked.host != "ssm.eu-west-1.api.aws:443" {
		t.Errorf("%s was asked for", asked.host)
	}
}

// A profile has a role that is assumed with a token, which is read again for each session.
func TestWebIdentityOfAProfile(t *testing.T) {
	f := start(t)
	token := file(t, "token", "first")
	c := aws.Config{Profile: "pod", Region: "us-east-1", Endpoints: map[string]string{"ssm": f.URL, "sts": f.URL}, SharedConfigFiles: []string{file(t, "config",
		"[profile pod]\nrole_arn = "+roleARN+"\nweb_identity_token_file = "+token+"\nrole_session_name = pipeline\n")}}
	s := open(t, c, "")
	for _, text := range []string{"first", "second"} {
		if err := os.WriteFile(token, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if result := s.deliver(30 * time.Second); result.Outcome != delivery.Accepted {
			t.Fatalf("it ended %s: %v", result.Outcome, result.Err)
		}
		asked := f.last(t, "AssumeRoleWithWebIdentity")
		holds(t, asked.form, map[string]string{"RoleArn": roleARN, "RoleSessionName": "pipeline", "WebIdentityToken": text})
		if asked.key != "" {
			t.Errorf("STS was asked by %s", asked.key)
		}
		f.next("SendAutomationSignal", refuses(400, "ExpiredTokenException", "expired"))
	}
}

// The environment has the values that are not in the block, with the SDK's names.
func TestEnvironment(t *testing.T) {
	keys := file(t, "credentials", "[work]\naws_access_key_id = AKIAFILE\naws_secret_access_key = secret\n")
	token := file(t, "token", "jwt")
	for name, test := range map[string]struct {
		environment map[string]string
		what        string
		is          func(request) bool
	}{
		"AWS_SESSION_TOKEN": {
			map[string]string{"AWS_ACCESS_KEY_ID": "ASIA", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "session"}, "SendAutomationSignal",
			func(r request) bool { return r.key == "ASIA" && r.header.Get("X-Amz-Security-Token") == "session" },
		},
		"AWS_SHARED_CREDENTIALS_FILE and AWS_DEFAULT_PROFILE": {
			map[string]string{"AWS_SHARED_CREDENTIALS_FILE": keys, "AWS_DEFAULT_PROFILE": "work"}, "SendAutomationSignal",
			func(r request) bool { return r.key == "AKIAFILE" },
		},
		"AWS_ROLE_SESSION_NAME": {
			map[string]string{"AWS_ROLE_ARN": roleARN, "AWS_WEB_IDENTITY_TOKEN_FILE": token, "AWS_ROLE_SESSION_NAME": "pod"}, "AssumeRoleWithWebIdentity",
			func(r request) bool {
				return r.form.Get("RoleArn") == roleARN && r.form.Get("RoleSessionName") == "pod" && r.form.Get("WebIdentityToken") == "jwt"
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t)
			t.Setenv("AWS_ENDPOINT_URL", f.URL)
			for name, value := range test.environment {
				t.Setenv(name, value)
			}
			if asked := sent(t, f, aws.Config{Region: "us-east-1"}, test.what); !test.is(asked) {
				t.Errorf("it was %+v", asked)
			}
		})
	}
}

// A credential process returns credentials, and is run again when a service calls them
// expired.
func TestCredentialProcess(t *testing.T) {
	f := start(t)
	answer := file(t, "answer", `{"Version": 1, "AccessKeyId": "ASIAPROCESS", "SecretAccessKey": "secret", "SessionToken": "token"}`)
	c := f.static()
	c.AccessKey, c.SecretKey, c.Profile = "", "", "process"
	c.SharedConfigFiles = []string{file(t, "config", "[profile process]\ncredential_process = cat "+answer+"\n")}
	if asked := sent(t, f, c, "SendAutomationSignal"); asked.key != "ASIAPROCESS" {
		t.Errorf("signed with %s", asked.key)
	}
	f.next("SendAutomationSignal", refuses(400, "ExpiredTokenException", "expired"), refuses(400, "ExpiredTokenException", "expired"))
	if result := open(t, c, "").deliver(10 * time.Second); result.Outcome != delivery.Rejected || result.Attempts != 2 {
		t.Errorf("one that gives the same again ended %s after %d attempts", result.Outcome, result.Attempts)
	}
}
