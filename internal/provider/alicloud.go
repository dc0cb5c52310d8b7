package provider

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/alicloud"
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
	ramRoleARN = optional(stringvalidator.RegexMatches(regexp.MustCompile(`^acs:ram::\d+:role/.+$`),
		"must be the ARN of a RAM role, such as acs:ram::1234567890123456:role/deploy"))
	ramSessionName = optional(
		stringvalidator.UTF8LengthBetween(2, 64),
		stringvalidator.RegexMatches(regexp.MustCompile(`^[A-Za-z0-9.@_-]*$`), "may hold letters, digits and the characters . @ - _"),
	)
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
		endpoints[service] = schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: fmt.Sprintf("URL to use for %s.", strings.ToUpper(service)),
			Validators:          optional(hostURL{}),
		}
	}
	return schema.SingleNestedBlock{
		MarkdownDescription: "How to reach Alibaba Cloud. What is not set here comes from the environment variables that the `alicloud` provider knows, " +
			"and what is not there either from a profile of the `aliyun` command line, when the first Alibaba Cloud signal is sent.",
		Attributes: map[string]schema.Attribute{
			"region": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "The default region of targets. Environment: `ALICLOUD_REGION`, `ALIBABA_CLOUD_REGION`, `ALIBABA_CLOUD_REGION_ID`; otherwise the profile's region.",
				Validators:          optional(signal.RegionName()),
			},
			"access_key": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "AccessKey id; needs `secret_key`. Environment: `ALICLOUD_ACCESS_KEY`, `ALIBABA_CLOUD_ACCESS_KEY_ID`, `ALIBABACLOUD_ACCESS_KEY_ID`.",
				Validators:          []validator.String{alsoRequires{"secret_key"}},
			},
			"secret_key": schema.StringAttribute{
				Optional:            true,
				Sensitive:           true,
				MarkdownDescription: "AccessKey secret; needs `access_key`. Environment: `ALICLOUD_SECRET_KEY`, `ALIBABA_CLOUD_ACCESS_KEY_SECRET`, `ALIBABACLOUD_ACCESS_KEY_SECRET`.",
				Validators:          []validator.String{alsoRequires{"access_key"}},
			},
			"security_token": schema.StringAttribute{
				Optional:            true,
				Sensitive:           true,
				MarkdownDescription: "Security token of temporary credentials; needs `access_key`. Environment: `ALICLOUD_SECURITY_TOKEN`, `ALIBABA_CLOUD_SECURITY_TOKEN`, `ALIBABACLOUD_SECURITY_TOKEN`.",
				Validators:          []validator.String{alsoRequires{"access_key"}},
			},
			"profile": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "The profile to use if no keys are set in this block or in the environment. Its mode is one of `AK`, `StsToken`, `RamRoleArn`, `RamRoleArnWithRoleName`, `ChainableRamRoleArn`, `EcsRamRole`, `OIDC`, `CredentialsURI`, `External`, `CloudSSO` and `OAuth`; " +
					"with the last two, the provider uses the keys of the last sign-in, which the `aliyun` command line renews. Environment: `ALICLOUD_PROFILE`, `ALIBABA_CLOUD_PROFILE`; if no other credentials are set, the file's current profile.",
			},
			"shared_credentials_file": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Path of the file with the profiles. Default `~/.aliyun/config.json`; environment: `ALICLOUD_SHARED_CREDENTIALS_FILE`, `ALIBABA_CLOUD_CREDENTIALS_FILE`.",
			},
			"ecs_role_name": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "The RAM role of the ECS instance that Terraform runs on. It is used if no keys, profile and `credentials_uri` are set. The provider never uses a proxy for the metadata service. Environment: `ALICLOUD_ECS_ROLE_NAME`, `ALIBABA_CLOUD_ECS_METADATA`.",
			},
			"credentials_uri": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "URL of a server that returns temporary keys. It is used if no keys and profile are set. The provider never uses a proxy for it. Environment: `ALICLOUD_CREDENTIALS_URI`, `ALIBABA_CLOUD_CREDENTIALS_URI`.",
				Validators:          optional(credentialsURL{}),
			},
			"sts_region": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "The region of STS, which returns the keys of roles, such as `cn-beijing`. Environment: `ALIBABA_CLOUD_STS_REGION`; otherwise the profile's `sts_endpoint` or `sts_region`, or the endpoint for all regions. `endpoints.sts` wins over it.",
				Validators:          optional(signal.RegionName()),
			},
		},
		Blocks: map[string]schema.Block{
			"assume_role_with_oidc": schema.SingleNestedBlock{
				MarkdownDescription: "A RAM role to assume with the token of an OpenID Connect provider. It is used if no keys, profile, `credentials_uri` and `ecs_role_name` are set. " +
					"In pods of ACK whose service account has a role (RRSA), the environment has all values, so you do not need this block.",
				Attributes: map[string]schema.Attribute{
					"role_arn": schema.StringAttribute{
						Optional:            true,
						MarkdownDescription: "ARN of the role. Environment: `ALIBABA_CLOUD_ROLE_ARN`. With `\"\"`, the block has no effect.",
						Validators:          ramRoleARN,
					},
					"oidc_provider_arn": schema.StringAttribute{
						Optional:            true,
						MarkdownDescription: "ARN of the OIDC provider in RAM. Environment: `ALIBABA_CLOUD_OIDC_PROVIDER_ARN`.",
						Validators: optional(stringvalidator.RegexMatches(regexp.MustCompile(`^acs:ram::\d+:oidc-provider/.+$`),
							"must be the ARN of an OIDC provider, such as acs:ram::1234567890123456:oidc-provider/ack-rrsa-c1")),
					},
					"oidc_token": schema.StringAttribute{
						Optional:            true,
						Sensitive:           true,
						MarkdownDescription: "The token, 4 to 20000 characters; only one of this and `oidc_token_file`. Environment: `ALIBABA_CLOUD_OIDC_TOKEN`.",
						Validators: optional(
							signal.SecretValidator(stringvalidator.UTF8LengthBetween(4, 20000)),
							excludes{"oidc_token_file"},
						),
					},
					"oidc_token_file": schema.StringAttribute{
						Optional:            true,
						MarkdownDescription: "Path of a file with the token, read again for each session. Environment: `ALIBABA_CLOUD_OIDC_TOKEN_FILE`.",
					},
					"session_name": schema.StringAttribute{
						Optional:            true,
						MarkdownDescription: "Name of the session, as the audit log shows it; 2 to 64 letters, digits and the characters `.` `@` `-` `_`. Environment: `ALIBABA_CLOUD_ROLE_SESSION_NAME`; else `terraform`.",
						Validators:          ramSessionName,
					},
					"policy": schema.StringAttribute{
						Optional:            true,
						MarkdownDescription: "RAM policy, as JSON, that narrows the role's permissions for the session.",
						Validators:          optional(jsonText{}),
					},
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
					"role_arn": schema.StringAttribute{
						Optional:            true,
						MarkdownDescription: "ARN of the role. Environment, only with this block: `ALICLOUD_ASSUME_ROLE_ARN`, `ALIBABA_CLOUD_ROLE_ARN`. With `\"\"`, the block has no effect, whatever the environment has. Without an ARN, no role is assumed.",
						Validators:          ramRoleARN,
					},
					"session_name": schema.StringAttribute{
						Optional:            true,
						MarkdownDescription: "Name of the session, as the audit log shows it; 2 to 64 letters, digits and the characters `.` `@` `-` `_`. Environment: `ALICLOUD_ASSUME_ROLE_SESSION_NAME`, `ALIBABA_CLOUD_ROLE_SESSION_NAME`; else `terraform`.",
						Validators:          ramSessionName,
					},
					"external_id": schema.StringAttribute{
						Optional:            true,
						MarkdownDescription: "External id that the role's trust policy requires; 2 to 1224 characters.",
						Validators:          optional(stringvalidator.UTF8LengthBetween(2, 1224)),
					},
					"policy": schema.StringAttribute{
						Optional:            true,
						MarkdownDescription: "RAM policy, as JSON, that narrows the role's permissions for the session.",
						Validators:          optional(jsonText{}),
					},
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
func (m *alicloudModel) config(version string) alicloud.Config {
	config := alicloud.Config{UserAgent: strings.TrimSpace("terraform-provider-signal/" + version + " " + appendUserAgent())}
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

// credentialsURL validates an absolute URL. The URL may contain a secret, so the error does
// not show it.
type credentialsURL struct{}

func (credentialsURL) Description(context.Context) string {
	return "must be a URL with the scheme http or https and a host, without user"
}

func (v credentialsURL) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v credentialsURL) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if u, err := url.Parse(req.ConfigValue.ValueString()); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid URL", fmt.Sprintf("Attribute %s %s.", req.Path, v.Description(ctx)))
	}
}

// hostURL is like endpointURL, for services that are called at the root of their host.
type hostURL struct{ endpointURL }

func (hostURL) Description(context.Context) string {
	return "must be a URL with the scheme http or https and a host, without user, path, query or fragment"
}

func (v hostURL) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v hostURL) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	v.endpointURL.ValidateString(ctx, req, resp)
	if u, err := url.Parse(req.ConfigValue.ValueString()); err == nil && !resp.Diagnostics.HasError() && u.Path != "" && u.Path != "/" {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid Endpoint", fmt.Sprintf("Attribute %s %s, got: %q.", req.Path, v.Description(ctx), req.ConfigValue.ValueString()))
	}
}
