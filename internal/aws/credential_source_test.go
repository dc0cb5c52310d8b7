package aws_test

import (
	"context"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
)

// The log has a line for each client. The line causes no request.
func TestClientsAreLogged(t *testing.T) {
	profiles := "[default]\naws_access_key_id = AKIA\naws_secret_access_key = secret\n" +
		"[profile hop]\nrole_arn = " + roleARN + "hop\nsource_profile = default\n" +
		"[profile process]\ncredential_process = cat secret\n" +
		"[profile processed]\nrole_arn = " + roleARN + "\nsource_profile = process\n" +
		"[profile web]\nrole_arn = " + roleARN + "\nweb_identity_token_file = /token\n" +
		"[profile sso]\nsso_session = company\nsso_account_id = 123456789012\nsso_role_name = r\n[sso-session company]\nsso_start_url = https://start.example\nsso_region = us-east-1\n" +
		"[profile bare]\noutput = json\n"
	own := map[string]string{"ssm": "https://user:canary@ssm.example/path"}
	for name, test := range map[string]struct {
		config      aws.Config
		environment map[string]string
		from        string
	}{
		"the block":       {aws.Config{AccessKey: "AKIA", SecretKey: "canary"}, nil, "access_key and secret_key in the provider's aws block"},
		"roles":           {aws.Config{AccessKey: "AKIA", SecretKey: "canary", AssumeRole: []aws.AssumeRole{{RoleARN: roleARN}, {RoleARN: roleARN + "2"}}}, nil, "access_key and secret_key in the provider's aws block, assume_role: " + roleARN + ", assume_role: " + roleARN + "2"},
		"a web identity":  {aws.Config{WebIdentity: &aws.WebIdentity{RoleARN: roleARN, Token: "canary"}}, nil, "assume_role_with_web_identity: " + roleARN},
		"the environment": {aws.Config{}, map[string]string{"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "canary"}, "AWS_ACCESS_KEY_ID"},
		"a token":         {aws.Config{}, map[string]string{"AWS_ROLE_ARN": roleARN, "AWS_WEB_IDENTITY_TOKEN_FILE": file(t, "token", "canary")}, "AWS_WEB_IDENTITY_TOKEN_FILE"},
		"default":         {aws.Config{}, nil, `the profile "default", its keys`},
		"hop":             {aws.Config{Profile: "hop"}, nil, `the profile "hop", its source_profile, its keys, its role`},
		"process":         {aws.Config{}, map[string]string{"AWS_PROFILE": "process"}, `the profile "process", its credential_process`},
		"processed":       {aws.Config{Profile: "processed"}, nil, `the profile "processed", its source_profile, its credential_process, its role`},
		"web":             {aws.Config{Profile: "web"}, nil, `the profile "web", its web_identity_token_file`},
		"sso":             {aws.Config{Profile: "sso"}, nil, `the profile "sso", its SSO session`},
		"a container":     {aws.Config{Profile: "bare"}, map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/canary"}, "the credentials service of the container"},
		"a machine":       {aws.Config{Profile: "bare"}, nil, "the role of the EC2 instance"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("AWS_CONFIG_FILE", file(t, "config", profiles))
			for name, value := range test.environment {
				t.Setenv(name, value)
			}
			var told []map[string]any
			test.config.Log = func(_ context.Context, message string, fields ...map[string]any) {
				if message == "made a client" {
					told = append(told, fields...)
				}
			}
			test.config.Region = "us-east-1"
			clients := aws.NewClients(test.config)
			for range 2 {
				if _, err := service.Client(t.Context(), clients, ""); err != nil {
					t.Fatal(err)
				}
			}
			if len(told) != 1 || told[0]["credentials"] != test.from || told[0]["endpoint"] != "the service's own" || told[0]["region"] != "us-east-1" || told[0]["service"] != "ssm" {
				t.Errorf("told %v, want %s", told, test.from)
			}
			test.config.Endpoints = own
			if _, err := service.Client(t.Context(), aws.NewClients(test.config), "eu-west-1"); err != nil || told[1]["endpoint"] != "https://ssm.example" || told[1]["region"] != "eu-west-1" {
				t.Errorf("told %v: %v", told, err)
			}
		})
	}
}
