// Package alicloud has the code that all Alibaba Cloud systems share: the user's
// configuration, credentials, connections, and the classification of Alibaba Cloud's
// answers.
package alicloud

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// Config is the user's configuration for Alibaba Cloud. Empty fields come from the
// environment, or otherwise from a profile.
type Config struct {
	Region                              string
	AccessKey, SecretKey, SecurityToken string
	Profile, SharedCredentialsFile      string
	ECSRoleName, CredentialsURI         string
	AssumeRole                          *AssumeRole
	AssumeRoleWithOIDC                  *AssumeRoleWithOIDC
	Endpoints                           map[string]string // by service: ros, sts
	STSRegion                           string
	// UserAgent is the provider's name and version for Alibaba Cloud, as "name/version".
	UserAgent string
	// Secrets learns the secrets, so that they are removed from messages.
	Secrets *delivery.Redactor
	// Log learns of each service when it is first used.
	Log delivery.Log
	// Unknown is the name of a provider argument whose value is not known yet, "" if there
	// is none.
	Unknown string
	// Metadata is the URL of the metadata service of ECS instances, "" for the usual one.
	Metadata string
}

// AssumeRole is a role to assume; see AssumeRole of STS, API version 2015-04-01.
type AssumeRole struct {
	// RoleARN and SessionName come from the environment if they are empty. A block with
	// role_arn = "" is no AssumeRole.
	RoleARN, SessionName, ExternalID, Policy string
	// SessionExpiration is how long the session lasts, 0 for an hour.
	SessionExpiration time.Duration
}

// AssumeRoleWithOIDC is a role to assume with the token of an OpenID Connect
// provider; see AssumeRoleWithOIDC of STS, API version 2015-04-01.
type AssumeRoleWithOIDC struct {
	// Empty fields come from the environment. TokenFile is used only without Token. A block
	// with role_arn = "" is no AssumeRoleWithOIDC.
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
	// The variables of roles are used only with a block assume_role.
	roleARNNames           = []string{"ALICLOUD_ASSUME_ROLE_ARN", "ALIBABA_CLOUD_ROLE_ARN"}
	sessionNameNames       = []string{"ALICLOUD_ASSUME_ROLE_SESSION_NAME", "ALIBABA_CLOUD_ROLE_SESSION_NAME"}
	sessionExpirationNames = []string{"ALICLOUD_ASSUME_ROLE_SESSION_EXPIRATION"}
	// The variables of OIDC are used with and without a block, because every pod of ACK
	// whose service account has a role has them.
	oidcRoleARNNames     = []string{"ALIBABA_CLOUD_ROLE_ARN"}
	oidcProviderARNNames = []string{"ALIBABA_CLOUD_OIDC_PROVIDER_ARN"}
	oidcTokenNames       = []string{"ALIBABA_CLOUD_OIDC_TOKEN"}
	oidcTokenFileNames   = []string{"ALIBABA_CLOUD_OIDC_TOKEN_FILE"}
	oidcSessionNameNames = []string{"ALIBABA_CLOUD_ROLE_SESSION_NAME"}
)

func environment(names []string) string {
	value, _ := delivery.FirstEnv(names...)
	return value
}

func checkRegion(region, from string) error {
	return delivery.CheckRegion(region, from, "cn-hangzhou")
}

// settings is the loaded configuration: the source of the first credentials, the roles to
// assume with them in this order, and the endpoint of STS.
type settings struct {
	region string
	// regionFrom says where the region comes from.
	regionFrom string
	// noRegion is why the profile could not be read for a region. It matters only to a
	// signal that has no region itself.
	noRegion error
	source   source
	roles    []AssumeRole
	// stsEndpoint is a host or a URL, "" for the default.
	stsEndpoint string
	// profileRole says that the last role is that of the profile, which a block assume_role
	// replaces.
	profileRole bool
}

// load reads the environment and the profile. It reads the profile only if it is needed, so
// a broken profile does no harm otherwise. The order is that of the alicloud provider. Two
// sources come last that the alicloud provider does not have: OIDC from the environment
// alone, and the file's current profile.
func (c Config) load() (settings, error) {
	var s settings
	if s.region, s.regionFrom = c.Region, "region in the provider's alicloud block"; s.region == "" {
		s.region, s.regionFrom = delivery.FirstEnv(regionNames...)
	}
	sts, name := delivery.FirstEnv(stsRegionNames...)
	if err := checkRegion(sts, name); err != nil && c.STSRegion == "" {
		return s, err
	}
	s.stsEndpoint = cmp.Or(c.Endpoints["sts"], regionalSTS(cmp.Or(c.STSRegion, sts), false))
	if err := c.checkFiles(); err != nil {
		return s, err
	}
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

// checkFiles returns an error if a file that the block names, or the environment for all
// profiles, cannot be read, even if nothing in it is needed.
func (c Config) checkFiles() error {
	if oidc := c.AssumeRoleWithOIDC; oidc != nil && oidc.TokenFile != "" {
		if err := delivery.CheckFile("alicloud.assume_role_with_oidc.oidc_token_file", delivery.ExpandPath(oidc.TokenFile)); err != nil {
			return err
		}
	}
	if path, from := c.profilesFile(); path != "" {
		return delivery.CheckFile(from, path)
	}
	return nil
}

// profilesFile returns the file with the profiles and what names it, "" if nothing does.
func (c Config) profilesFile() (path, from string) {
	if c.SharedCredentialsFile != "" {
		return delivery.ExpandPath(c.SharedCredentialsFile), "alicloud.shared_credentials_file"
	}
	path, from = delivery.FirstEnv(fileNames...)
	return delivery.ExpandPath(path), from
}

// keys returns the keys of the block or of the environment. It does not mix them: a
// security token of the environment does not belong to configured keys.
func (c Config) keys() (found keys, from string, err error) {
	if c.AccessKey != "" {
		return keys{accessKey: c.AccessKey, secretKey: c.SecretKey, securityToken: c.SecurityToken}, "access_key and secret_key in the provider's alicloud block", nil
	}
	found = keys{securityToken: environment(securityTokenNames)}
	accessKey, accessName := delivery.FirstEnv(accessKeyNames...)
	secretKey, secretName := delivery.FirstEnv(secretKeyNames...)
	found.accessKey, found.secretKey = accessKey, secretKey
	from = accessName + " and " + secretName + " in the environment"
	if (found.accessKey == "") != (found.secretKey == "") {
		return found, from, fmt.Errorf("only one half of a key pair is in the environment: set both %s and %s, or neither", accessKeyNames[0], secretKeyNames[0])
	}
	return found, from, nil
}

// profile returns the name of the profile to use, "" if none is set.
func (c Config) profile() string { return cmp.Or(c.Profile, environment(profileNames)) }

// oidc returns the role to assume with OIDC, nil if neither the block nor the environment
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
		role.TokenFile, file = delivery.FirstEnv(oidcTokenFileNames...)
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

// from says where the keys come from, and which roles are assumed with them.
func (s settings) from() string {
	steps := []string{s.source.String()}
	for _, role := range s.roles {
		steps = append(steps, "the role "+role.RoleARN)
	}
	return strings.Join(steps, ", ")
}

// addRole adds the role of a block assume_role. As in the alicloud provider, it replaces
// the role of a profile with mode RamRoleArn, and takes missing settings from that profile.
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
			// Policy and external id belong to one role.
			role.RoleARN = before.RoleARN
			role.Policy, role.ExternalID = cmp.Or(role.Policy, before.Policy), cmp.Or(role.ExternalID, before.ExternalID)
		}
	}
	if role.RoleARN != "" {
		s.roles = append(s.roles, role)
	}
	return nil
}

// regionalSTS returns the endpoint of STS in a region, "" if region is "".
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
