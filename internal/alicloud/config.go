// Package alicloud holds what the systems of the Alibaba Cloud signalling systems
// share: the user's configuration, credentials and connections made on first
// use, and the classification of what Alibaba Cloud answers.
package alicloud

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
	ECSRoleName                         string
	AssumeRole                          *AssumeRole
	Endpoints                           map[string]string // by service: ros, sts
	// UserAgent names the provider and its version to Alibaba Cloud, as "name/version".
	UserAgent string
	// Secrets is told what is secret, for whoever shows what others say.
	Secrets *delivery.Redactor
	// Unknown names a provider argument whose value is not known yet, if there is one.
	Unknown string
}

// AssumeRole is a role to assume; see AssumeRole of STS, API version 2015-04-01.
type AssumeRole struct {
	// RoleARN comes from the environment when it is empty.
	RoleARN, SessionName, ExternalID, Policy string
	// SessionExpiration is how long the session lasts, 0 for an hour.
	SessionExpiration time.Duration
}

// The names of the environment variables, those of the alicloud provider first.
// The first one that is set wins.
var (
	regionNames        = []string{"ALICLOUD_REGION", "ALIBABA_CLOUD_REGION"}
	accessKeyNames     = []string{"ALICLOUD_ACCESS_KEY", "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_ACCESS_KEY_ID"}
	secretKeyNames     = []string{"ALICLOUD_SECRET_KEY", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABACLOUD_ACCESS_KEY_SECRET"}
	securityTokenNames = []string{"ALICLOUD_SECURITY_TOKEN", "ALIBABA_CLOUD_SECURITY_TOKEN", "ALIBABACLOUD_SECURITY_TOKEN"}
	profileNames       = []string{"ALICLOUD_PROFILE", "ALIBABA_CLOUD_PROFILE"}
	fileNames          = []string{"ALICLOUD_SHARED_CREDENTIALS_FILE", "ALIBABA_CLOUD_CREDENTIALS_FILE"}
	ecsRoleNames       = []string{"ALICLOUD_ECS_ROLE_NAME", "ALIBABA_CLOUD_ECS_METADATA"}
	roleARNNames       = []string{"ALICLOUD_ASSUME_ROLE_ARN", "ALIBABA_CLOUD_ROLE_ARN"}
)

func environment(names []string) string {
	for _, name := range names {
		if value := os.Getenv(name); value != "" {
			return value
		}
	}
	return ""
}

// settings are what the configuration comes to: where the first credentials are
// from, the roles to assume with them, one after the other, and a region.
type settings struct {
	region string
	// noRegion is why the profile could not be asked for a region, which matters
	// only to a signal that has none itself.
	noRegion error
	keys     keys
	// machine says that the role of the ECS instance gives the first credentials:
	// the one called ecsRole or, where that is empty, the one it has.
	machine bool
	ecsRole string
	roles   []AssumeRole
}

// load reads environment and profile. The profile is looked for only where it
// is needed, so that a broken one is in nobody's way.
func (c Config) load() (settings, error) {
	s := settings{
		region: cmp.Or(c.Region, environment(regionNames)),
		keys:   keys{accessKey: c.AccessKey, secretKey: c.SecretKey, securityToken: c.SecurityToken},
	}
	// Keys belong together: a token of the environment is not for configured keys.
	if s.keys.accessKey == "" {
		s.keys = keys{
			accessKey: environment(accessKeyNames), secretKey: environment(secretKeyNames), securityToken: environment(securityTokenNames),
		}
		if (s.keys.accessKey == "") != (s.keys.secretKey == "") {
			return s, fmt.Errorf("only one half of a key pair is in the environment: set both %s and %s, or neither", accessKeyNames[0], secretKeyNames[0])
		}
	}
	if s.keys.accessKey == "" {
		s.ecsRole = cmp.Or(c.ECSRoleName, environment(ecsRoleNames))
		s.machine = s.ecsRole != ""
	}
	if s.keys.accessKey == "" && !s.machine {
		if err := c.loadProfile(&s, true); err != nil {
			return s, err
		}
	} else if s.region == "" {
		s.noRegion = c.loadProfile(&s, false)
	}
	var role AssumeRole
	if c.AssumeRole != nil {
		role = *c.AssumeRole
	}
	role.RoleARN = cmp.Or(role.RoleARN, environment(roleARNNames))
	if role.RoleARN != "" {
		s.roles = append(s.roles, role)
	}
	return s, nil
}

// errNoCredentials is for users who have set up nothing.
var errNoCredentials = errors.New("there are no Alibaba Cloud credentials: give the provider access_key and secret_key, ecs_role_name or profile in its alicloud block, the ALICLOUD_* environment variables, or a profile of the aliyun command line")

// loadProfile takes the region from the profile, where there is none yet, and
// the credentials if they are wanted.
func (c Config) loadProfile(s *settings, credentials bool) error {
	name, file := cmp.Or(c.Profile, environment(profileNames)), cmp.Or(c.SharedCredentialsFile, environment(fileNames))
	path := cmp.Or(file, "~/.aliyun/config.json")
	text, err := os.ReadFile(expandHome(path))
	switch {
	case errors.Is(err, os.ErrNotExist) && name == "" && file == "" && credentials:
		return errNoCredentials
	case errors.Is(err, os.ErrNotExist) && name == "" && file == "":
		return nil
	case err != nil:
		return fmt.Errorf("reading the Alibaba Cloud profiles: %w", err)
	}
	var in profiles
	if err := json.Unmarshal(text, &in); err != nil {
		// The error's own words could quote a secret.
		return fmt.Errorf("the Alibaba Cloud profiles in %s are not the JSON that the aliyun command line writes", path)
	}
	p, err := in.find(cmp.Or(name, in.Current, "default"))
	if err != nil {
		return err
	}
	s.region = cmp.Or(s.region, p.Region)
	if !credentials {
		return nil
	}
	return in.follow(p, s)
}

// profiles are the file of the aliyun command line.
type profiles struct {
	Current  string
	Profiles []profile
}

type profile struct {
	Name          string
	Mode          string
	Region        string `json:"region_id"`
	AccessKey     string `json:"access_key_id"`
	SecretKey     string `json:"access_key_secret"`
	SecurityToken string `json:"sts_token"`
	ECSRole       string `json:"ram_role_name"`
	RoleARN       string `json:"ram_role_arn"`
	SessionName   string `json:"ram_session_name"`
	ExternalID    string `json:"external_id"`
	Policy        string
	Expires       int    `json:"expired_seconds"`
	SourceProfile string `json:"source_profile"`
}

func (in profiles) find(name string) (profile, error) {
	i := slices.IndexFunc(in.Profiles, func(p profile) bool { return p.Name == name })
	if i < 0 {
		return profile{}, fmt.Errorf("there is no Alibaba Cloud profile %q: check profile in the provider's alicloud block and %s", name, profileNames[0])
	}
	return in.Profiles[i], nil
}

// follow settles credentials as the profile's mode says. A profile may lead to
// another one, which gives the credentials that assume its role.
func (in profiles) follow(p profile, s *settings) error {
	var roles []AssumeRole
	var seen []string
	for {
		if slices.Contains(seen, p.Name) {
			return fmt.Errorf("the Alibaba Cloud profile %q leads back to itself by source_profile", p.Name)
		}
		seen = append(seen, p.Name)
		switch p.Mode {
		case "RamRoleArn", "ChainableRamRoleArn":
			roles = append(roles, AssumeRole{
				RoleARN: p.RoleARN, SessionName: p.SessionName, ExternalID: p.ExternalID, Policy: p.Policy,
				SessionExpiration: time.Duration(p.Expires) * time.Second,
			})
			if p.RoleARN == "" {
				return p.lacks("ram_role_arn")
			}
		}
		switch p.Mode {
		case "ChainableRamRoleArn":
			source, err := in.find(p.SourceProfile)
			if err != nil {
				return fmt.Errorf("following source_profile of the Alibaba Cloud profile %q: %w", p.Name, err)
			}
			p = source
			continue
		case "AK", "StsToken", "RamRoleArn":
			s.keys = keys{accessKey: p.AccessKey, secretKey: p.SecretKey}
			if p.Mode == "StsToken" {
				s.keys.securityToken = p.SecurityToken
			}
			switch {
			case p.AccessKey == "":
				return p.lacks("access_key_id")
			case p.SecretKey == "":
				return p.lacks("access_key_secret")
			case p.Mode == "StsToken" && p.SecurityToken == "":
				return p.lacks("sts_token")
			}
		case "EcsRamRole":
			s.machine, s.ecsRole = true, p.ECSRole
		default:
			return fmt.Errorf("the Alibaba Cloud profile %q has the mode %q, which is not supported here: use one of AK, StsToken, RamRoleArn, ChainableRamRoleArn and EcsRamRole",
				p.Name, p.Mode)
		}
		slices.Reverse(roles)
		s.roles = roles
		return nil
	}
}

func (p profile) lacks(member string) error {
	return fmt.Errorf("the Alibaba Cloud profile %q of mode %s has no %s", p.Name, p.Mode, member)
}

// expandHome lets a path begin with "~/", as the aliyun command line's users write
// it, and hold variables of the environment, such as $HOME.
func expandHome(path string) string {
	path = os.ExpandEnv(path)
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	return path
}
