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
)

type alicloudModel struct {
	Region                types.String       `tfsdk:"region"`
	AccessKey             types.String       `tfsdk:"access_key"`
	SecretKey             types.String       `tfsdk:"secret_key"`
	SecurityToken         types.String       `tfsdk:"security_token"`
	Profile               types.String       `tfsdk:"profile"`
	SharedCredentialsFile types.String       `tfsdk:"shared_credentials_file"`
	ECSRoleName           types.String       `tfsdk:"ecs_role_name"`
	AssumeRole            *alicloudRoleModel `tfsdk:"assume_role"`
	Endpoints             types.Object       `tfsdk:"endpoints"`
}

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
				MarkdownDescription: "The region of targets that set none. Environment: `ALICLOUD_REGION`, `ALIBABA_CLOUD_REGION`; else the profile's.",
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
				MarkdownDescription: "The profile to use when neither keys nor an ECS role are set, here or in the environment. Its mode is one of `AK`, `StsToken`, `RamRoleArn`, `ChainableRamRoleArn` and `EcsRamRole`. " +
					"Environment: `ALICLOUD_PROFILE`, `ALIBABA_CLOUD_PROFILE`; else the file's current one.",
			},
			"shared_credentials_file": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Path of the file with the profiles. Default `~/.aliyun/config.json`; environment: `ALICLOUD_SHARED_CREDENTIALS_FILE`, `ALIBABA_CLOUD_CREDENTIALS_FILE`.",
			},
			"ecs_role_name": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "The RAM role of the ECS instance that Terraform runs on, used when no keys are set. Environment: `ALICLOUD_ECS_ROLE_NAME`, `ALIBABA_CLOUD_ECS_METADATA`.",
			},
		},
		Blocks: map[string]schema.Block{
			"assume_role": schema.SingleNestedBlock{
				MarkdownDescription: "A RAM role to assume with the credentials found otherwise.",
				Attributes: map[string]schema.Attribute{
					"role_arn": schema.StringAttribute{
						Optional:            true,
						MarkdownDescription: "ARN of the role. Environment: `ALICLOUD_ASSUME_ROLE_ARN`, `ALIBABA_CLOUD_ROLE_ARN`, with or without this block.",
						Validators: optional(stringvalidator.RegexMatches(regexp.MustCompile(`^acs:ram::\d+:role/.+$`),
							"must be the ARN of a RAM role, such as acs:ram::1234567890123456:role/deploy")),
					},
					"session_name": schema.StringAttribute{
						Optional:            true,
						MarkdownDescription: "Name of the session, as the audit log shows it; 2 to 64 letters, digits and the characters `.` `@` `-` `_`. `terraform` when not set.",
						Validators: optional(
							stringvalidator.UTF8LengthBetween(2, 64),
							stringvalidator.RegexMatches(regexp.MustCompile(`^[A-Za-z0-9.@_-]*$`), "may hold letters, digits and the characters . @ - _"),
						),
					},
					"external_id": schema.StringAttribute{
						Optional:            true,
						MarkdownDescription: "External id that the role's trust policy asks for; 2 to 1224 characters.",
						Validators:          optional(stringvalidator.UTF8LengthBetween(2, 1224)),
					},
					"policy": schema.StringAttribute{
						Optional:            true,
						MarkdownDescription: "RAM policy, as JSON, that narrows the role's permissions for the session.",
						Validators:          optional(jsonText{}),
					},
					"session_expiration": schema.Int64Attribute{
						Optional:            true,
						MarkdownDescription: "How long the session lasts, 900 to 43200 seconds; an hour when not set.",
						Validators:          []validator.Int64{int64validator.Between(900, 43200)},
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

// config is what the alicloud block says; a missing block says nothing.
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
	config.Endpoints = stringsOf(m.Endpoints)
	if role := m.AssumeRole; role != nil {
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

// hostURL is endpointURL for services that are called at the root of their host.
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
