// Package alicloud holds what the systems of the Alibaba Cloud signalling systems
// share: the user's configuration, credentials and connections made on first
// use, and the classification of what Alibaba Cloud answers.
package alicloud

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// Config is what the user says about Alibaba Cloud. Whatever is left empty comes
// from the environment, and what is not there either from a profile.
type Config struct {
	Region                              string
	AccessKey, SecretKey, SecurityToken string
	Profile, SharedCredentialsFile      string
	ECSRoleName, CredentialsURI         string
	AssumeRole                          *AssumeRole
	AssumeRoleWithOIDC                  *AssumeRoleWithOIDC
	Endpoints                           map[string]string // by service: ros, sts
	STSRegion                           string
	// UserAgent names the provider and its version to Alibaba Cloud, as "name/version".
	UserAgent string
	// Secrets learns the secrets, so that they are removed from messages.
	Secrets *delivery.Redactor
	// Log is told of each service that is used first.
	Log delivery.Log
	// Unknown names a provider argument whose value is not known yet, if there is one.
	Unknown string
	// Metadata is the URL of the metadata service of ECS instances, where it is not the usual one.
	Metadata string
}

// AssumeRole is a role to assume; see AssumeRole of STS, API version 2015-04-01.
type AssumeRole struct {
	// RoleARN and SessionName come from the environment when they are empty.
	RoleARN, SessionName, ExternalID, Policy string
	// SessionExpiration is how long the session lasts, 0 for an hour.
	SessionExpiration time.Duration
}

// AssumeRoleWithOIDC is a role to assume with the token of an OpenID Connect
// provider; see AssumeRoleWithOIDC of STS, API version 2015-04-01.
type AssumeRoleWithOIDC struct {
	// Whatever is empty comes from the environment; the file only without a Token.
	RoleARN, OIDCProviderARN, Token, TokenFile, SessionName string
	Policy                                                  string
	// SessionExpiration is how long the session lasts, 0 for an hour.
	SessionExpiration time.Duration
}

// The names of the environment variables, those of the alicloud provider first.
// The first one that is set wins.
var (
	regionNames        = []string{"ALICLOUD_REGION", "ALIBABA_CLOUD_REGION", "ALIBABA_CLOUD_REGION_ID"}
	accessKeyNames     = []string{"ALICLOUD_ACCESS_KEY", "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_ACCESS_KEY_ID"}
	secretKeyNames     = []string{"ALICLOUD_SECRET_KEY", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABACLOUD_ACCESS_KEY_SECRET"}
	securityTokenNames = []string{"ALICLOUD_SECURITY_TOKEN", "ALIBABA_CLOUD_SECURITY_TOKEN", "ALIBABACLOUD_SECURITY_TOKEN"}
	profileNames       = []string{"ALICLOUD_PROFILE", "ALIBABA_CLOUD_PROFILE"}
	fileNames          = []string{"ALICLOUD_SHARED_CREDENTIALS_FILE", "ALIBABA_CLOUD_CREDENTIALS_FILE"}
	credentialsURIName = []string{"ALICLOUD_CREDENTIALS_URI", "ALIBABA_CLOUD_CREDENTIALS_URI"}
	ecsRoleNames       = []string{"ALICLOUD_ECS_ROLE_NAME", "ALIBABA_CLOUD_ECS_METADATA"}
	stsRegionNames     = []string{"ALIBABA_CLOUD_STS_REGION"}
	// The variables of roles count inside a block assume_role alone.
	roleARNNames           = []string{"ALICLOUD_ASSUME_ROLE_ARN", "ALIBABA_CLOUD_ROLE_ARN"}
	sessionNameNames       = []string{"ALICLOUD_ASSUME_ROLE_SESSION_NAME", "ALIBABA_CLOUD_ROLE_SESSION_NAME"}
	sessionExpirationNames = []string{"ALICLOUD_ASSUME_ROLE_SESSION_EXPIRATION"}
	// The variables of OIDC count with and without a block: every pod of ACK whose
	// service account has a role has them.
	oidcRoleARNNames     = []string{"ALIBABA_CLOUD_ROLE_ARN"}
	oidcProviderARNNames = []string{"ALIBABA_CLOUD_OIDC_PROVIDER_ARN"}
	oidcTokenNames       = []string{"ALIBABA_CLOUD_OIDC_TOKEN"}
	oidcTokenFileNames   = []string{"ALIBABA_CLOUD_OIDC_TOKEN_FILE"}
	oidcSessionNameNames = []string{"ALIBABA_CLOUD_ROLE_SESSION_NAME"}
)

func environment(names []string) string {
	value, _ := variable(names)
	return value
}

// variable is the first of these variables that is set.
func variable(names []string) (value, name string) {
	for _, name := range names {
		if value := os.Getenv(name); value != "" {
			return value, name
		}
	}
	return "", ""
}

func checkRegion(region, from string) error {
	return delivery.CheckRegion(region, from, "cn-hangzhou")
}

// settings are what the configuration comes to: where the first credentials are
// from, the roles to assume with them, one after the other, and where STS is.
type settings struct {
	region string
	// regionFrom says where the region is from.
	regionFrom string
	// noRegion is why the profile could not be asked for a region, which matters
	// only to a signal that has none itself.
	noRegion error
	source   source
	roles    []AssumeRole
	// stsEndpoint is a host or a URL, empty for the usual one.
	stsEndpoint string
	// profileRole says that the last role is the profile's own, which a block
	// assume_role takes the place of.
	profileRole bool
}

// load reads environment and profile. The profile is looked for only where it
// is needed, so that a broken one is in nobody's way. The order is the alicloud
// provider's; what comes after it, OIDC of the environment alone and the current
// profile, it does not know.
func (c Config) load() (settings, error) {
	var s settings
	if s.region, s.regionFrom = c.Region, "region in the provider's alicloud block"; s.region == "" {
		s.region, s.regionFrom = variable(regionNames)
	}
	sts, name := variable(stsRegionNames)
	if err := checkRegion(sts, name); err != nil && c.STSRegion == "" {
		return s, err
	}
	s.stsEndpoint = cmp.Or(c.Endpoints["sts"], regionalSTS(cmp.Or(c.STSRegion, sts), false))
	given, from, err := c.keys()
	if err != nil {
		return s, err
	}
	uri, ecsRole := cmp.Or(c.CredentialsURI, environment(credentialsURIName)), cmp.Or(c.ECSRoleName, environment(ecsRoleNames))
	oidc, err := c.oidc()
	switch {
	case given.accessKey != "":
		s.source = fixed{given, from}
	case c.profile() != "":
		err = c.loadProfile(&s, true)
	case uri != "":
		s.source = credentialsURI(uri)
	case ecsRole != "":
		s.source = machine(ecsRole)
	case err != nil:
	case oidc != nil:
		s.source = *oidc
	default:
		err = c.loadProfile(&s, true)
	}
	if err != nil && s.source == nil {
		return s, err
	}
	if s.region == "" {
		s.noRegion = c.loadProfile(&s, false)
	}
	return s, c.addRole(&s)
}

// keys are those of the block or the environment. They belong together: a token of the
// environment is not for configured keys.
func (c Config) keys() (found keys, from string, err error) {
	if c.AccessKey != "" {
		return keys{accessKey: c.AccessKey, secretKey: c.SecretKey, securityToken: c.SecurityToken}, "access_key and secret_key in the provider's alicloud block", nil
	}
	found = keys{secretKey: environment(secretKeyNames), securityToken: environment(securityTokenNames)}
	found.accessKey, from = variable(accessKeyNames)
	if (found.accessKey == "") != (found.secretKey == "") {
		return found, from, fmt.Errorf("only one half of a key pair is in the environment: set both %s and %s, or neither", accessKeyNames[0], secretKeyNames[0])
	}
	return found, from, nil
}

// profile is the name of the profile to use, "" when nobody names one.
func (c Config) profile() string { return cmp.Or(c.Profile, environment(profileNames)) }

// oidc is the role to assume with OIDC, nil where neither a block nor the environment
// has one.
func (c Config) oidc() (*oidcRole, error) {
	var given AssumeRoleWithOIDC
	if c.AssumeRoleWithOIDC != nil {
		given = *c.AssumeRoleWithOIDC
	}
	role := AssumeRoleWithOIDC{
		RoleARN:           cmp.Or(given.RoleARN, environment(oidcRoleARNNames)),
		OIDCProviderARN:   cmp.Or(given.OIDCProviderARN, environment(oidcProviderARNNames)),
		Token:             given.Token,
		TokenFile:         given.TokenFile,
		SessionName:       cmp.Or(given.SessionName, environment(oidcSessionNameNames)),
		Policy:            given.Policy,
		SessionExpiration: given.SessionExpiration,
	}
	file := "oidc_token_file in assume_role_with_oidc"
	if role.Token == "" && role.TokenFile == "" {
		role.Token = environment(oidcTokenNames)
		role.TokenFile, file = variable(oidcTokenFileNames)
	}
	lacks := ""
	switch {
	case role.RoleARN == "":
		lacks = "role_arn, in assume_role_with_oidc or " + oidcRoleARNNames[0]
	case role.OIDCProviderARN == "":
		lacks = "oidc_provider_arn, in assume_role_with_oidc or " + oidcProviderARNNames[0]
	case role.Token == "" && role.TokenFile == "":
		lacks = "a token: oidc_token or oidc_token_file in assume_role_with_oidc, " + oidcTokenNames[0] + " or " + oidcTokenFileNames[0]
	default:
		return &oidcRole{role, "assume_role_with_oidc or of the environment", file}, nil
	}
	if c.AssumeRoleWithOIDC == nil || given == (AssumeRoleWithOIDC{}) {
		return nil, nil
	}
	return nil, errors.New("assuming a role with OIDC needs " + lacks)
}

// from says where the keys are from, and which roles are assumed with them.
func (s settings) from() string {
	steps := []string{s.source.String()}
	for _, role := range s.roles {
		steps = append(steps, "the role "+role.RoleARN)
	}
	return strings.Join(steps, ", ")
}

// addRole adds the role of a block assume_role. As in the alicloud provider, it takes the
// place of the role of a profile of mode RamRoleArn, and what it does not say of it the
// profile does.
func (c Config) addRole(s *settings) error {
	if c.AssumeRole == nil {
		return nil
	}
	role, before := *c.AssumeRole, AssumeRole{}
	role.RoleARN = cmp.Or(role.RoleARN, environment(roleARNNames))
	role.SessionName = cmp.Or(role.SessionName, environment(sessionNameNames))
	if text := environment(sessionExpirationNames); text != "" && role.SessionExpiration == 0 {
		seconds, err := strconv.Atoi(text)
		if err != nil || seconds < 900 || seconds > 43200 {
			return fmt.Errorf("%s is %q, which is not a number of seconds between 900 and 43200", sessionExpirationNames[0], text)
		}
		role.SessionExpiration = time.Duration(seconds) * time.Second
	}
	if s.profileRole {
		before = s.roles[len(s.roles)-1]
		s.roles = s.roles[:len(s.roles)-1]
		role.SessionName = cmp.Or(role.SessionName, before.SessionName)
		role.SessionExpiration = cmp.Or(role.SessionExpiration, before.SessionExpiration)
		if role.RoleARN == "" || role.RoleARN == before.RoleARN {
			// What narrows a role, or opens it, belongs to that role.
			role.RoleARN = before.RoleARN
			role.Policy, role.ExternalID = cmp.Or(role.Policy, before.Policy), cmp.Or(role.ExternalID, before.ExternalID)
		}
	}
	if role.RoleARN != "" {
		s.roles = append(s.roles, role)
	}
	return nil
}

// regionalSTS is the endpoint of STS in a region, "" without one.
// https://api.aliyun.com/product/Sts
func regionalSTS(region string, vpc bool) string {
	switch {
	case region == "":
		return ""
	case vpc:
		return "sts-vpc." + region + ".aliyuncs.com"
	default:
		return "sts." + region + ".aliyuncs.com"
	}
}

// expand lets a path begin with "~/" and hold variables of the environment, such as $HOME.
func expand(path string) string {
	path = os.ExpandEnv(path)
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	return path
}
