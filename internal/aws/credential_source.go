package aws

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
)

// sources has a text for users for each place from which the SDK takes credentials. A place
// that only repeats another one has none.
var sources = map[awssdk.CredentialSource]string{
	awssdk.CredentialSourceEnvVars:              "AWS_ACCESS_KEY_ID",
	awssdk.CredentialSourceEnvVarsSTSWebIDToken: "AWS_WEB_IDENTITY_TOKEN_FILE",
	awssdk.CredentialSourceSTSAssumeRole:        "its role",
	awssdk.CredentialSourceProfile:              "its keys",
	awssdk.CredentialSourceProfileSourceProfile: "its source_profile",
	awssdk.CredentialSourceProfileNamedProvider: "its credential_source",
	awssdk.CredentialSourceProfileSTSWebIDToken: "its web_identity_token_file",
	awssdk.CredentialSourceSSO:                  "its SSO session",
	awssdk.CredentialSourceSSOLegacy:            "its SSO session",
	awssdk.CredentialSourceProcess:              "its credential_process",
	awssdk.CredentialSourceHTTP:                 "the credentials service of the container",
	awssdk.CredentialSourceIMDS:                 "the role of the EC2 instance",
	awssdk.CredentialSourceLogin:                "its session of aws login",
}

// credentialsFrom says where the credentials come from, the provider block or the place
// that the SDK has chosen, and which roles are assumed with them.
func (c Config) credentialsFrom(chosen awssdk.CredentialsProvider) string {
	var steps []string
	switch {
	case c.WebIdentity != nil:
		steps = []string{"assume_role_with_web_identity: " + c.WebIdentity.RoleARN}
	case c.AccessKey != "":
		steps = []string{"access_key and secret_key in the provider's aws block"}
	default:
		if from, ok := chosen.(awssdk.CredentialProviderSource); ok {
			for _, source := range from.ProviderSources() {
				if words := sources[source]; words != "" {
					steps = append(steps, words)
				}
			}
		}
		if slices.ContainsFunc(steps, func(step string) bool { return strings.HasPrefix(step, "its ") }) {
			steps = slices.Insert(steps, 0, fmt.Sprintf("the profile %q", cmp.Or(c.profile(), "default")))
		}
	}
	for _, role := range c.AssumeRole {
		steps = append(steps, "assume_role: "+role.RoleARN)
	}
	return strings.Join(steps, ", ")
}
