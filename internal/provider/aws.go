package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

type awsModel struct {
	Region                 types.String         `tfsdk:"region"`
	Profile                types.String         `tfsdk:"profile"`
	AccessKey              types.String         `tfsdk:"access_key"`
	SecretKey              types.String         `tfsdk:"secret_key"`
	Token                  types.String         `tfsdk:"token"`
	SharedConfigFiles      []string             `tfsdk:"shared_config_files"`
	SharedCredentialsFiles []string             `tfsdk:"shared_credentials_files"`
	AssumeRole             []awsRoleModel       `tfsdk:"assume_role"`
	WebIdentity            *awsWebIdentityModel `tfsdk:"assume_role_with_web_identity"`
	AllowedAccountIDs      []string             `tfsdk:"allowed_account_ids"`
	ForbiddenAccountIDs    []string             `tfsdk:"forbidden_account_ids"`
	Endpoints              types.Object         `tfsdk:"endpoints"`
	UseFIPSEndpoint        types.Bool           `tfsdk:"use_fips_endpoint"`
	UseDualstackEndpoint   types.Bool           `tfsdk:"use_dualstack_endpoint"`
	CustomCABundle         types.String         `tfsdk:"custom_ca_bundle"`
	STSRegion              types.String         `tfsdk:"sts_region"`
	HTTPProxy              types.String         `tfsdk:"http_proxy"`
	HTTPSProxy             types.String         `tfsdk:"https_proxy"`
	NoProxy                types.String         `tfsdk:"no_proxy"`
}

type awsRoleModel struct {
	RoleARN           types.String      `tfsdk:"role_arn"`
	SessionName       types.String      `tfsdk:"session_name"`
	ExternalID        types.String      `tfsdk:"external_id"`
	Duration          types.String      `tfsdk:"duration"`
	Policy            types.String      `tfsdk:"policy"`
	SourceIdentity    types.String      `tfsdk:"source_identity"`
	Tags              map[string]string `tfsdk:"tags"`
	PolicyARNs        []string          `tfsdk:"policy_arns"`
	TransitiveTagKeys []string          `tfsdk:"transitive_tag_keys"`
}

type awsWebIdentityModel struct {
	RoleARN              types.String `tfsdk:"role_arn"`
	SessionName          types.String `tfsdk:"session_name"`
	Duration             types.String `tfsdk:"duration"`
	Policy               types.String `tfsdk:"policy"`
	PolicyARNs           []string     `tfsdk:"policy_arns"`
	WebIdentityToken     types.String `tfsdk:"web_identity_token"`
	WebIdentityTokenFile types.String `tfsdk:"web_identity_token_file"`
}

var (
	// sessionName is the pattern of RoleSessionName and SourceIdentity in the API reference
	// of STS AssumeRole.
	// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
	sessionName = []validator.String{
		stringvalidator.UTF8LengthBetween(2, 64),
		signal.Matches(delivery.LazyRegexp(`^[\w+=,.@-]*$`), `may hold letters, digits and the characters _ + = , . @ -`),
	}
	roleARN = []validator.String{
		signal.Matches(delivery.LazyRegexp(`^arn:[\w-]+:iam::\d{12}:role/.+$`), "must be the ARN of an IAM role, such as arn:aws:iam::123456789012:role/deploy"),
	}
	policyARNs = []validator.List{
		listvalidator.SizeAtMost(10),
		listvalidator.NoNullValues(),
		listvalidator.ValueStringsAre(signal.Matches(delivery.LazyRegexp(`^arn:[\w-]+:iam::(\d{12}|aws):policy/.+$`), "must be the ARN of a managed IAM policy, such as arn:aws:iam::aws:policy/ReadOnlyAccess")),
	}
	accountIDs = []validator.List{
		listvalidator.NoNullValues(),
		listvalidator.ValueStringsAre(signal.Matches(delivery.LazyRegexp(`^\d{12}$`), "must be an AWS account id of 12 digits")),
	}
)

func awsBlock(services []string) schema.Block {
	endpoints := map[string]schema.Attribute{}
	for _, service := range services {
		endpoints[service] = text(fmt.Sprintf("URL to use for %s. Environment: `AWS_ENDPOINT_URL_%s`, `AWS_ENDPOINT_URL`.", service, strings.ToUpper(service)), endpointURL)
	}
	return schema.SingleNestedBlock{
		MarkdownDescription: "The configuration for AWS. Arguments that are null or `\"\"` come from the standard AWS environment variables, shared configuration and profiles. The provider reads them before its first request to AWS, and their region when a signal is planned.",
		Attributes: map[string]schema.Attribute{
			"region":                   text("The default region of targets. Environment: `AWS_REGION`, `AWS_DEFAULT_REGION`; otherwise the region of the profile, or of the EC2 instance whose role gives the credentials.", signal.RegionName()),
			"profile":                  text("The profile of the shared configuration to use. Environment: `AWS_PROFILE`, `AWS_DEFAULT_PROFILE`."),
			"access_key":               text("Access key id; needs `secret_key`. Environment: `AWS_ACCESS_KEY_ID`.", beside{other: "secret_key"}),
			"secret_key":               secret("Secret access key; needs `access_key`. Environment: `AWS_SECRET_ACCESS_KEY`.", beside{other: "access_key"}),
			"token":                    secret("Session token of temporary credentials; needs `access_key`. Environment: `AWS_SESSION_TOKEN`.", beside{other: "access_key"}),
			"shared_config_files":      texts("Paths of shared configuration files. Default `~/.aws/config`; environment: `AWS_CONFIG_FILE`.", listvalidator.NoNullValues()),
			"shared_credentials_files": texts("Paths of shared credentials files. Default `~/.aws/credentials`; environment: `AWS_SHARED_CREDENTIALS_FILE`.", listvalidator.NoNullValues()),
			"allowed_account_ids":      texts("Accounts in which the provider may signal. It checks the account once with `sts:GetCallerIdentity`, before the first request to another AWS service. Null or an empty list means that it does not check.", accountIDs...),
			"forbidden_account_ids":    texts("Accounts in which the provider must not signal. It checks the account once with `sts:GetCallerIdentity`, before the first request to another AWS service. Null or an empty list means that it does not check.", accountIDs...),
			"use_fips_endpoint": schema.BoolAttribute{
				Optional:            true,
				MarkdownDescription: "Use the services' FIPS endpoints. Environment: `AWS_USE_FIPS_ENDPOINT`.",
			},
			"use_dualstack_endpoint": schema.BoolAttribute{
				Optional:            true,
				MarkdownDescription: "Use the services' dual-stack endpoints. Environment: `AWS_USE_DUALSTACK_ENDPOINT`.",
			},
			"custom_ca_bundle": text("Path of a PEM file with the certificate authorities to trust. Environment: `AWS_CA_BUNDLE`."),
			"sts_region":       text("The region of the STS endpoint for roles and for the account check. The default is the provider's `region`, then the region of the first signal.", signal.RegionName()),
			"http_proxy": text("URL of the proxy for requests over http, and over https too, unless `https_proxy` or `HTTPS_PROXY` names another one. Environment: `http_proxy`, `HTTP_PROXY`. "+
				"The provider never uses a proxy for metadata services.", proxyURL),
			"https_proxy": text("URL of the proxy for requests over https. Environment: `https_proxy`, `HTTPS_PROXY`.", proxyURL),
			"no_proxy":    text("Hosts to reach without a proxy, separated by commas: names, which include their subdomains, addresses, CIDR blocks, or `*` for all hosts. The provider always reaches this machine without a proxy. Environment: `no_proxy`, `NO_PROXY`."),
		},
		Blocks: map[string]schema.Block{
			"assume_role": schema.ListNestedBlock{
				MarkdownDescription: "A role to assume. Repeat the block for a chain: each role is assumed with the credentials of the one before.",
				NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
					"role_arn":        text("ARN of the role. With null or `\"\"`, the block has no effect.", roleARN...),
					"session_name":    text("Name of the session, as CloudTrail shows it; 2 to 64 characters.", sessionName...),
					"external_id":     text("External id that the role's trust policy asks for; 2 to 1224 characters.", stringvalidator.UTF8LengthBetween(2, 1224)),
					"duration":        text("Duration of the session, such as `1h`; 15 minutes to 12 hours, 15 minutes when not set.", sessionDuration),
					"policy":          text("IAM policy, as JSON, that narrows the role's permissions for the session.", jsonText),
					"policy_arns":     texts("ARNs of managed IAM policies that narrow the role's permissions for the session; at most 10.", policyARNs...),
					"source_identity": text("Source identity of the session; 2 to 64 characters.", sessionName...),
					"tags": schema.MapAttribute{
						ElementType:         types.StringType,
						Optional:            true,
						MarkdownDescription: "Session tags; at most 50.",
						Validators:          []validator.Map{mapvalidator.SizeAtMost(50), mapvalidator.NoNullValues()},
					},
					"transitive_tag_keys": texts("Keys of session tags that are passed on to the next roles of the chain; at most 50.", listvalidator.SizeAtMost(50), listvalidator.NoNullValues()),
				}},
			},
			"assume_role_with_web_identity": schema.SingleNestedBlock{
				MarkdownDescription: "A role to assume with an OIDC token, before the roles of `assume_role`.",
				Validators:          []validator.Object{webIdentityToken{}},
				Attributes: map[string]schema.Attribute{
					"role_arn": text("ARN of the role. If it is null and another argument of the block is set, the role comes from `AWS_ROLE_ARN`, and so do the token file from `AWS_WEB_IDENTITY_TOKEN_FILE` and the session name from `AWS_ROLE_SESSION_NAME`, if they are not set. "+
						"With `\"\"`, or without any role, the block has no effect.", roleARN...),
					"session_name":            text("Name of the session, as CloudTrail shows it; 2 to 64 characters.", sessionName...),
					"duration":                text("Duration of the session, such as `1h`; 15 minutes to 12 hours.", sessionDuration),
					"policy":                  text("IAM policy, as JSON, that narrows the role's permissions for the session.", jsonText),
					"policy_arns":             texts("ARNs of managed IAM policies that narrow the role's permissions for the session; at most 10.", policyARNs...),
					"web_identity_token":      secret("The OIDC token. Set either this or `web_identity_token_file`."),
					"web_identity_token_file": text("Path of a file with the OIDC token. The provider reads the file each time it assumes the role."),
				},
			},
			"endpoints": schema.SingleNestedBlock{
				MarkdownDescription: "URLs to use instead of the services' own.",
				Attributes:          endpoints,
			},
		},
	}
}

// webIdentityToken requires exactly one token for a web identity that has a role.
type webIdentityToken struct{}

func (webIdentityToken) Description(context.Context) string {
	return "needs either web_identity_token or web_identity_token_file"
}

func (v webIdentityToken) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v webIdentityToken) ValidateObject(ctx context.Context, req validator.ObjectRequest, resp *validator.ObjectResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	// The model cannot hold the other arguments while they are unknown.
	argument := func(name string) types.String {
		text, _ := req.ConfigValue.Attributes()[name].(types.String)
		return text
	}
	token, file := argument("web_identity_token"), argument("web_identity_token_file")
	both := token.ValueString() != "" && file.ValueString() != ""
	neither := !token.IsUnknown() && !file.IsUnknown() && token.ValueString() == "" && file.ValueString() == ""
	if both || neither && argument("role_arn").ValueString() != "" {
		resp.Diagnostics.AddAttributeError(req.Path.AtName("web_identity_token"), "Invalid Token", fmt.Sprintf("Block %s %s.", req.Path, v.Description(ctx)))
	}
}

// isSet reports whether the block has an effect: not if role_arn is "", and not if
// nothing in it is set.
func (web *awsWebIdentityModel) isSet() bool {
	if web == nil || isEmpty(web.RoleARN) {
		return false
	}
	texts := []types.String{web.RoleARN, web.SessionName, web.Duration, web.Policy, web.WebIdentityToken, web.WebIdentityTokenFile}
	return len(web.PolicyARNs) > 0 || slices.ContainsFunc(texts, func(text types.String) bool { return text.ValueString() != "" })
}

// config converts the aws block, which may be missing, to a configuration.
func (m *awsModel) config(p *signalProvider, unknown string) aws.Config {
	config := aws.Config{UserAgent: p.product(), AppendUserAgent: appendUserAgent(), Unknown: unknown, Secrets: p.sender.Redactor(), Log: tflog.Debug}
	if m == nil {
		return config
	}
	config.Region = m.Region.ValueString()
	config.Profile = m.Profile.ValueString()
	config.AccessKey = m.AccessKey.ValueString()
	config.SecretKey = m.SecretKey.ValueString()
	config.Token = m.Token.ValueString()
	config.SharedConfigFiles = given(m.SharedConfigFiles)
	config.SharedCredentialsFiles = given(m.SharedCredentialsFiles)
	config.AllowedAccountIDs = m.AllowedAccountIDs
	config.ForbiddenAccountIDs = m.ForbiddenAccountIDs
	config.UseFIPSEndpoint = m.UseFIPSEndpoint.ValueBoolPointer()
	config.UseDualstackEndpoint = m.UseDualstackEndpoint.ValueBoolPointer()
	config.CustomCABundle = m.CustomCABundle.ValueString()
	config.STSRegion = m.STSRegion.ValueString()
	config.HTTPProxy = m.HTTPProxy.ValueString()
	config.HTTPSProxy = m.HTTPSProxy.ValueString()
	config.NoProxy = m.NoProxy.ValueString()
	config.Endpoints = stringsOf(m.Endpoints)
	if web := m.WebIdentity; web.isSet() {
		config.WebIdentity = &aws.WebIdentity{
			RoleARN:     web.RoleARN.ValueString(),
			SessionName: web.SessionName.ValueString(),
			Duration:    duration(web.Duration),
			Policy:      web.Policy.ValueString(),
			PolicyARNs:  web.PolicyARNs,
			Token:       web.WebIdentityToken.ValueString(),
			TokenFile:   web.WebIdentityTokenFile.ValueString(),
		}
	}
	for _, role := range m.AssumeRole {
		if role.RoleARN.ValueString() == "" {
			continue
		}
		config.AssumeRole = append(config.AssumeRole, aws.AssumeRole{
			RoleARN:           role.RoleARN.ValueString(),
			SessionName:       role.SessionName.ValueString(),
			ExternalID:        role.ExternalID.ValueString(),
			Duration:          duration(role.Duration),
			Policy:            role.Policy.ValueString(),
			SourceIdentity:    role.SourceIdentity.ValueString(),
			PolicyARNs:        role.PolicyARNs,
			Tags:              role.Tags,
			TransitiveTagKeys: role.TransitiveTagKeys,
		})
	}
	return config
}

// given removes empty texts.
func given(texts []string) []string {
	return slices.DeleteFunc(texts, func(text string) bool { return text == "" })
}

// duration parses a text that sessionDuration has checked.
func duration(text types.String) time.Duration {
	d, _ := time.ParseDuration(text.ValueString())
	return d
}
