package alicloud

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// errNoCredentials is the error for users who have configured no credentials.
var errNoCredentials = errors.New("there are no Alibaba Cloud credentials: give the provider access_key and secret_key, profile, credentials_uri, ecs_role_name or assume_role_with_oidc in its alicloud block, the ALICLOUD_* environment variables, or a profile of the aliyun command line")

// loadProfile takes the region from the profile if there is none yet. With credentials it
// also takes the credentials and the endpoint of STS.
func (c Config) loadProfile(s *settings, credentials bool) error {
	name := c.profile()
	file, _ := c.profilesFile()
	path := cmp.Or(file, delivery.ExpandPath("~/.aliyun/config.json"))
	in, err := readProfiles(path)
	switch {
	case errors.Is(err, os.ErrNotExist) && name == "" && file == "" && credentials:
		return errNoCredentials
	case errors.Is(err, os.ErrNotExist) && name == "" && file == "":
		return nil
	case err != nil:
		return err
	}
	p, err := in.find(cmp.Or(name, in.Current, "default"))
	if err != nil {
		return err
	}
	if s.region == "" {
		s.region, s.regionFrom = p.Region, fmt.Sprintf("region_id of the profile %q in %s", p.Name, path)
	}
	if !credentials {
		return nil
	}
	if err := checkRegion(p.STSRegion, fmt.Sprintf("sts_region of the profile %q in %s", p.Name, path)); err != nil {
		return err
	}
	s.stsEndpoint = cmp.Or(s.stsEndpoint, p.STSEndpoint, regionalSTS(p.STSRegion, p.EnableVPC))
	return in.follow(p, s)
}

// profiles is the configuration file of the aliyun command line.
type profiles struct {
	Current  string
	Profiles []profile
	path     string
}

// profile is one profile in this file.
// https://github.com/aliyun/aliyun-cli/blob/v3.0.290/config/profile.go
type profile struct {
	Name            string
	Mode            string
	Region          string `json:"region_id"`
	AccessKey       string `json:"access_key_id"`
	SecretKey       string `json:"access_key_secret"`
	SecurityToken   string `json:"sts_token"`
	STSExpires      int64  `json:"sts_expiration"`
	ECSRole         string `json:"ram_role_name"`
	RoleARN         string `json:"ram_role_arn"`
	SessionName     string `json:"ram_session_name"`
	ExternalID      string `json:"external_id"`
	Policy          string
	Expires         int    `json:"expired_seconds"`
	SourceProfile   string `json:"source_profile"`
	STSRegion       string `json:"sts_region"`
	STSEndpoint     string `json:"sts_endpoint"`
	EnableVPC       bool   `json:"enable_vpc"`
	OIDCProviderARN string `json:"oidc_provider_arn"`
	OIDCToken       string `json:"oidc_token"`
	OIDCTokenFile   string `json:"oidc_token_file"`
	CredentialsURI  string `json:"credentials_uri"`
	ProcessCommand  string `json:"process_command"`
}

// readProfiles reads the file.
func readProfiles(path string) (in profiles, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return in, fmt.Errorf("reading the Alibaba Cloud profiles: %w", err)
	}
	// Some editors on Windows put a byte order mark before the text.
	if err := json.Unmarshal(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), &in); err != nil {
		// The message of the error could contain a secret.
		return in, fmt.Errorf("the Alibaba Cloud profiles in %s are not the JSON that the aliyun command line writes", path)
	}
	in.path = path
	return in, nil
}

func (in profiles) find(name string) (profile, error) {
	i := slices.IndexFunc(in.Profiles, func(p profile) bool { return p.Name == name })
	if i < 0 {
		return profile{}, fmt.Errorf("there is no Alibaba Cloud profile %q in %s: check profile in the provider's alicloud block and %s", name, in.path, profileNames[0])
	}
	return in.Profiles[i], nil
}

// follow sets the credentials and the roles of a profile. The profile may have a
// source_profile whose credentials assume its role.
func (in profiles) follow(p profile, s *settings) error {
	s.profileRole = p.Mode == "RamRoleArn" || p.Mode == "RamRoleArnWithRoleName"
	var roles []AssumeRole
	var seen []string
	for {
		if slices.Contains(seen, p.Name) {
			return fmt.Errorf("the Alibaba Cloud profile %q leads back to itself by source_profile", p.Name)
		}
		seen = append(seen, p.Name)
		switch p.Mode {
		case "RamRoleArn", "RamRoleArnWithRoleName", "ChainableRamRoleArn":
			roles = append(roles, p.role())
		}
		if lacks := p.lacks(); lacks != "" {
			return fmt.Errorf("the Alibaba Cloud profile %q of mode %s has no %s", p.Name, p.Mode, lacks)
		}
		from := fmt.Sprintf("the profile %q in %s", p.Name, in.path)
		switch p.Mode {
		case "ChainableRamRoleArn":
			source, err := in.find(p.SourceProfile)
			if err != nil {
				return fmt.Errorf("following source_profile of the Alibaba Cloud profile %q: %w", p.Name, err)
			}
			p = source
			continue
		case "AK":
			s.source = fixed{keys{accessKey: p.AccessKey, secretKey: p.SecretKey}, from}
		case "StsToken", "RamRoleArn":
			s.source = fixed{p.keys(), from}
		case "CloudSSO", "OAuth":
			s.source = signedIn{in.path, p.Name}
		case "EcsRamRole", "RamRoleArnWithRoleName":
			s.source = machine(p.ECSRole)
		case "CredentialsURI":
			s.source = credentialsURI(p.CredentialsURI)
		case "External":
			s.source = external{p.ProcessCommand, p.Name}
		case "OIDC":
			role := p.role()
			s.source = oidcRole{AssumeRoleWithOIDC{
				RoleARN: role.RoleARN, OIDCProviderARN: p.OIDCProviderARN, Token: p.OIDCToken, TokenFile: p.OIDCTokenFile,
				SessionName: role.SessionName, Policy: role.Policy, SessionExpiration: role.SessionExpiration,
			}, from, "oidc_token_file of " + from}
		default:
			return fmt.Errorf("the Alibaba Cloud profile %q has the mode %q, which is not supported here: use a profile of mode AK, StsToken, RamRoleArn, RamRoleArnWithRoleName, "+
				"ChainableRamRoleArn, EcsRamRole, OIDC, CloudSSO, OAuth, CredentialsURI or External, such as one with a process_command that prints the credentials of this one", p.Name, p.Mode)
		}
		slices.Reverse(roles)
		s.roles = roles
		return nil
	}
}

func (p profile) keys() keys {
	return keys{accessKey: p.AccessKey, secretKey: p.SecretKey, securityToken: p.SecurityToken}
}

func (p profile) role() AssumeRole {
	return AssumeRole{
		RoleARN: p.RoleARN, SessionName: p.SessionName, ExternalID: p.ExternalID, Policy: p.Policy,
		SessionExpiration: time.Duration(max(0, p.Expires)) * time.Second,
	}
}

// lacks returns the name of a missing member that the profile's mode needs, "" if none is
// missing.
func (p profile) lacks() string {
	type member struct{ name, value string }
	var needed []member
	accessKey, secretKey := member{"access_key_id", p.AccessKey}, member{"access_key_secret", p.SecretKey}
	roleARN := member{"ram_role_arn", p.RoleARN}
	switch p.Mode {
	case "AK":
		needed = []member{accessKey, secretKey}
	case "StsToken":
		needed = []member{accessKey, secretKey, {"sts_token", p.SecurityToken}}
	case "RamRoleArn":
		needed = []member{roleARN, accessKey, secretKey}
	case "RamRoleArnWithRoleName":
		needed = []member{roleARN, {"ram_role_name", p.ECSRole}}
	case "ChainableRamRoleArn":
		needed = []member{roleARN, {"source_profile", p.SourceProfile}}
	case "OIDC":
		needed = []member{roleARN, {"oidc_provider_arn", p.OIDCProviderARN}, {"oidc_token_file", cmp.Or(p.OIDCTokenFile, p.OIDCToken)}}
	case "CredentialsURI":
		needed = []member{{"credentials_uri", p.CredentialsURI}}
	case "External":
		needed = []member{{"process_command", p.ProcessCommand}}
	}
	for _, m := range needed {
		if m.value == "" {
			return m.name
		}
	}
	return ""
}
