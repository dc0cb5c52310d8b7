package provider

import (
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/alicloud"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

type alicloudModel struct {
	Region                types.String       `tfsdk:"region"`
	AccessKey             types.String       `tfsdk:"access_key"`
	SecretKey             types.String       `tfsdk:"secret_key"`
	SecurityToken         types.String       `tfsdk:"security_token"`
	Profile               types.String       `tfsdk:"profile"`
	SharedCredentialsFile types.String       `tfsdk:"shared_credentials_file"`
	ECSRoleName           types.String       `tfsdk:"ecs_role_name"`
	CredentialsURI        types.String       `tfsdk:"credentials_uri"`
	STSRegion             types.String       `tfsdk:"sts_region"`
	AssumeRole            *alicloudRoleModel `tfsdk:"assume_role"`
	AssumeRoleWithOIDC    *alicloudOIDCModel `tfsdk:"assume_role_with_oidc"`
	Endpoints             types.Object       `tfsdk:"endpoints"`
}

type alicloudOIDCModel struct {
	RoleARN           types.String `tfsdk:"role_arn"`
	OIDCProviderARN   types.String `tfsdk:"oidc_provider_arn"`
	OIDCToken         types.String `tfsdk:"oidc_token"`
	OIDCTokenFile     types.String `tfsdk:"oidc_token_file"`
	SessionName       types.String `tfsdk:"session_name"`
	Policy            types.String `tfsdk:"policy"`
	SessionExpiration types.Int64  `tfsdk:"session_expiration"`
}

var (
	ramRoleARN = []validator.String{signal.Matches(delivery.LazyRegexp(`^acs:ram::\d+:role/.+$`),
		"must be the ARN of a RAM role, such as acs:ram::1234567890123456:role/deploy")}
	ramSessionName = []validator.String{
		stringvalidator.UTF8LengthBetween(2, 64),
		signal.Matches(delivery.LazyRegexp(`^[A-Za-z0-9.@_-]*$`), "may hold letters, digits and the characters . @ - _"),
	}
	ramSessionExpiration = []validator.Int64{int64validator.Between(900, 43200)}
)

type alicloudRoleModel struct {
	RoleARN           types.String `tfsdk:"role_arn"`
	SessionName       types.String `tfsdk:"session_name"`
	ExternalID        types.String `tfsdk:"external_id"`
	Policy            types.String `tfsdk:"policy"`
	SessionExpiration types.Int64  `tfsdk:"session_expiration"`
}

func alicloudBlock(services []string) schema.Block {
	endpoints := map[string]schema.Attribute{}
	for _, service := range services {
		endpoints[service] = text(fmt.Sprintf("URL to use for %s.", strings.ToUpper(service)), hostURL)
	}
	return schema.SingleNestedBlock{
		MarkdownDescription: "The configuration for Alibaba Cloud. Arguments that are null or `\"\"` come from the environment variables of the `alicloud` provider, or otherwise from a profile of the `aliyun` command line. " +
			"The provider reads them before its first request to Alibaba Cloud, and their region when a signal is planned.",
		Attributes: map[string]schema.Attribute{
			"region":         text("The default region of targets. Environment: `ALICLOUD_REGION`, `ALIBABA_CLOUD_REGION`, `ALIBABA_CLOUD_REGION_ID`; otherwise the profile's region.", signal.RegionName()),
			"access_key":     text("AccessKey id; needs `secret_key`. Environment: `ALICLOUD_ACCESS_KEY`, `ALIBABA_CLOUD_ACCESS_KEY_ID`, `ALIBABACLOUD_ACCESS_KEY_ID`.", beside{other: "secret_key"}),
			"secret_key":     secret("AccessKey secret; needs `access_key`. Environment: `ALICLOUD_SECRET_KEY`, `ALIBABA_CLOUD_ACCESS_KEY_SECRET`, `ALIBABACLOUD_ACCESS_KEY_SECRET`.", beside{other: "access_key"}),
			"security_token": secret("Security token of temporary credentials; needs `access_key`. Environment: `ALICLOUD_SECURITY_TOKEN`, `ALIBABA_CLOUD_SECURITY_TOKEN`, `ALIBABACLOUD_SECURITY_TOKEN`.", beside{other: "access_key"}),
			"profile": text("The profile to use if no keys are set in this block or in the environment. Its mode is one of `AK`, `StsToken`, `RamRoleArn`, `RamRoleArnWithRoleName`, `ChainableRamRoleArn`, `EcsRamRole`, `OIDC`, `CredentialsURI`, `External`, `CloudSSO` and `OAuth`; " +
				"with the last two, the provider uses the keys of the last sign-in, which the `aliyun` command line renews. Environment: `ALICLOUD_PROFILE`, `ALIBABA_CLOUD_PROFILE`; if no other credentials are set, the file's current profile."),
			"shared_credentials_file": text("Path of the file with the profiles. Default `~/.aliyun/config.json`; environment: `ALICLOUD_SHARED_CREDENTIALS_FILE`, `ALIBABA_CLOUD_CREDENTIALS_FILE`."),
			"ecs_role_name":           text("The RAM role of the ECS instance that Terraform runs on. It is used only if none of these is set: keys, `profile`, `credentials_uri`. The provider never uses a proxy for the metadata service. Environment: `ALICLOUD_ECS_ROLE_NAME`, `ALIBABA_CLOUD_ECS_METADATA`."),
			"credentials_uri":         text("URL of a server that returns temporary keys. It is used only if neither keys nor `profile` are set. The provider never uses a proxy for it. Environment: `ALICLOUD_CREDENTIALS_URI`, `ALIBABA_CLOUD_CREDENTIALS_URI`.", credentialsURL),
			"sts_region":              text("The region of STS, which returns the keys of roles, such as `cn-beijing`. Environment: `ALIBABA_CLOUD_STS_REGION`; otherwise the profile's `sts_endpoint` or `sts_region`, or the endpoint for all regions. `endpoints.sts` wins over it.", signal.RegionName()),
		},
		Blocks: map[string]schema.Block{
			"assume_role_with_oidc": schema.SingleNestedBlock{
				MarkdownDescription: "A RAM role to assume with the token of an OpenID Connect provider. It is used only if none of these is set: keys, `profile`, `credentials_uri`, `ecs_role_name`. " +
					"In pods of ACK whose service account has a role (RRSA), the environment has all values, so you do not need this block.",
				Attributes: map[string]schema.Attribute{
					"role_arn":          text("ARN of the role. Environment: `ALIBABA_CLOUD_ROLE_ARN`. With `\"\"`, the block has no effect.", ramRoleARN...),
					"oidc_provider_arn": text("ARN of the OIDC provider in RAM. Environment: `ALIBABA_CLOUD_OIDC_PROVIDER_ARN`.", signal.Matches(delivery.LazyRegexp(`^acs:ram::\d+:oidc-provider/.+$`), "must be the ARN of an OIDC provider, such as acs:ram::1234567890123456:oidc-provider/ack-rrsa-c1")),
					"oidc_token":        secret("The token, 4 to 20000 characters; only one of this and `oidc_token_file`. Environment: `ALIBABA_CLOUD_OIDC_TOKEN`.", signal.SecretValidator(stringvalidator.UTF8LengthBetween(4, 20000)), beside{other: "oidc_token_file", excluded: true}),
					"oidc_token_file":   text("Path of a file with the token, read again for each session. Environment: `ALIBABA_CLOUD_OIDC_TOKEN_FILE`."),
					"session_name":      text("Name of the session, as the audit log shows it; 2 to 64 letters, digits and the characters `.` `@` `-` `_`. Environment: `ALIBABA_CLOUD_ROLE_SESSION_NAME`; else `terraform`.", ramSessionName...),
					"policy":            text("RAM policy, as JSON, that narrows the role's permissions for the session.", jsonText),
					"session_expiration": schema.Int64Attribute{
						Optional:            true,
						MarkdownDescription: "How long the session lasts, 900 to 43200 seconds. The default is an hour.",
						Validators:          ramSessionExpiration,
					},
				},
			},
			"assume_role": schema.SingleNestedBlock{
				MarkdownDescription: "A RAM role to assume with the other credentials. It replaces the role of a profile of mode `RamRoleArn`. If you do not set the session's name or length, they come from that profile.",
				Attributes: map[string]schema.Attribute{
					"role_arn":     text("ARN of the role. Environment, only with this block: `ALICLOUD_ASSUME_ROLE_ARN`, `ALIBABA_CLOUD_ROLE_ARN`. With `\"\"`, the block has no effect, whatever the environment has. Without an ARN, no role is assumed.", ramRoleARN...),
					"session_name": text("Name of the session, as the audit log shows it; 2 to 64 letters, digits and the characters `.` `@` `-` `_`. Environment: `ALICLOUD_ASSUME_ROLE_SESSION_NAME`, `ALIBABA_CLOUD_ROLE_SESSION_NAME`; else `terraform`.", ramSessionName...),
					"external_id":  text("External id that the role's trust policy requires; 2 to 1224 characters.", stringvalidator.UTF8LengthBetween(2, 1224)),
					"policy":       text("RAM policy, as JSON, that narrows the role's permissions for the session.", jsonText),
					"session_expiration": schema.Int64Attribute{
						Optional:            true,
						MarkdownDescription: "How long the session lasts, 900 to 43200 seconds. Environment: `ALICLOUD_ASSUME_ROLE_SESSION_EXPIRATION`; else an hour.",
						Validators:          ramSessionExpiration,
					},
				},
			},
			"endpoints": schema.SingleNestedBlock{
				MarkdownDescription: "URLs to use instead of the services' own, such as `ros = \"https://ros-intl.aliyuncs.com\"` for international accounts.",
				Attributes:          endpoints,
			},
		},
	}
}

// config converts the alicloud block, which may be missing, to a configuration.
func (m *alicloudModel) config(p *signalProvider, unknown string) alicloud.Config {
	config := alicloud.Config{UserAgent: p.userAgent(), Unknown: unknown, Secrets: p.sender.Redactor(), Log: tflog.Debug}
	if m == nil {
		return config
	}
	config.Region = m.Region.ValueString()
	config.AccessKey = m.AccessKey.ValueString()
	config.SecretKey = m.SecretKey.ValueString()
	config.SecurityToken = m.SecurityToken.ValueString()
	config.Profile = m.Profile.ValueString()
	config.SharedCredentialsFile = m.SharedCredentialsFile.ValueString()
	config.ECSRoleName = m.ECSRoleName.ValueString()
	config.CredentialsURI = m.CredentialsURI.ValueString()
	config.STSRegion = m.STSRegion.ValueString()
	config.Endpoints = stringsOf(m.Endpoints)
	if role := m.AssumeRoleWithOIDC; role != nil && !isEmpty(role.RoleARN) {
		config.AssumeRoleWithOIDC = &alicloud.AssumeRoleWithOIDC{
			RoleARN:           role.RoleARN.ValueString(),
			OIDCProviderARN:   role.OIDCProviderARN.ValueString(),
			Token:             role.OIDCToken.ValueString(),
			TokenFile:         role.OIDCTokenFile.ValueString(),
			SessionName:       role.SessionName.ValueString(),
			Policy:            role.Policy.ValueString(),
			SessionExpiration: time.Duration(role.SessionExpiration.ValueInt64()) * time.Second,
		}
	}
	if role := m.AssumeRole; role != nil && !isEmpty(role.RoleARN) {
		config.AssumeRole = &alicloud.AssumeRole{
			RoleARN:           role.RoleARN.ValueString(),
			SessionName:       role.SessionName.ValueString(),
			ExternalID:        role.ExternalID.ValueString(),
			Policy:            role.Policy.ValueString(),
			SessionExpiration: time.Duration(role.SessionExpiration.ValueInt64()) * time.Second,
		}
	}
	return config
}

// credentialsURL validates an absolute URL.
var credentialsURL = signal.TextValidator{
	Summary: "Invalid URL", Must: "must be a URL with the scheme http or https and a host, without user", Secret: true,
	Valid: func(text string) bool {
		u, is := isURL(text, "http", "https")
		return is && u.User == nil
	},
}

// hostURL is like endpointURL, for services that are called at the root of their host.
var hostURL = signal.TextValidator{
	Summary: "Invalid Endpoint", Secret: true,
	Must: "must be a URL with the scheme http or https and a host, without user, path, query or fragment",
	Valid: func(text string) bool {
		u, is := isURL(text, "http", "https")
		return is && endpointURL.Valid(text) && strings.Trim(u.Path, "/") == ""
	},
}
