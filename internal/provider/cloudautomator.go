package provider

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cloudautomator"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

type cloudAutomatorModel struct {
	APIKey   types.String `tfsdk:"api_key"`
	Endpoint types.String `tfsdk:"endpoint"`
}

func cloudAutomatorBlock() schema.Block {
	return schema.SingleNestedBlock{
		MarkdownDescription: "The configuration for Cloud Automator's job API. Triggers with `url` or `url_wo` do not need it. " +
			"Arguments that are not set come from the environment. The provider reads them before the first request to the job API.",
		Attributes: map[string]schema.Attribute{
			"api_key": schema.StringAttribute{
				Optional:            true,
				Sensitive:           true,
				MarkdownDescription: "Key of the job API. Environment: `CLOUD_AUTOMATOR_API_KEY`, `CLOUDAUTOMATOR_API_KEY`.",
				Validators:          optional(signal.SecretValidator(signal.BearerToken())),
			},
			"endpoint": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Base URL of the job API; `https` unless its host is this machine. Default `" + cloudautomator.DefaultEndpoint +
					"`; environment: `CLOUD_AUTOMATOR_API_ENDPOINT`.",
				Validators: optional(endpointURL{}, confidentialURL{}),
			},
		},
	}
}

// config converts the cloud_automator block, which may be missing, to a configuration.
func (m *cloudAutomatorModel) config(version string) cloudautomator.Config {
	config := cloudautomator.Config{UserAgent: strings.TrimSpace("terraform-provider-signal/" + version + " " + appendUserAgent())}
	if m != nil {
		config.APIKey, config.Endpoint = m.APIKey.ValueString(), m.Endpoint.ValueString()
	}
	return config
}

// confidentialURL requires a URL to which a key can be sent. endpointURL reports a text
// that is not a URL.
type confidentialURL struct{}

func (confidentialURL) Description(context.Context) string {
	return "must have the scheme https; the scheme may be http if the host is localhost or a loopback address"
}

func (v confidentialURL) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v confidentialURL) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if u, err := url.Parse(req.ConfigValue.ValueString()); err == nil && u.Scheme == "http" && !cloudautomator.Confidential(u) {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid Endpoint", fmt.Sprintf("Attribute %s %s.", req.Path, v.Description(ctx)))
	}
}
