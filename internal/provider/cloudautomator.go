package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

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
			"api_key": secret("Key of the job API. Environment: `CLOUD_AUTOMATOR_API_KEY`, `CLOUDAUTOMATOR_API_KEY`.", signal.SecretValidator(signal.BearerToken())),
			"endpoint": text("Base URL of the job API; `https` unless its host is this machine. Default `"+cloudautomator.DefaultEndpoint+
				"`; environment: `CLOUD_AUTOMATOR_API_ENDPOINT`.", endpointURL, confidentialURL),
		},
	}
}

// config converts the cloud_automator block, which may be missing, to a configuration.
func (m *cloudAutomatorModel) config(p *signalProvider, unknown string) cloudautomator.Config {
	config := cloudautomator.Config{UserAgent: p.userAgent(), Unknown: unknown, Secrets: p.sender.Redactor(), Log: tflog.Debug}
	if m != nil {
		config.APIKey, config.Endpoint = m.APIKey.ValueString(), m.Endpoint.ValueString()
	}
	return config
}

// confidentialURL requires a URL to which a key can be sent. endpointURL reports a text that is not a URL.
var confidentialURL = signal.TextValidator{
	Summary: "Invalid Endpoint", Must: "must have the scheme https; the scheme may be http if the host is localhost or a loopback address", Secret: true,
	Valid: func(text string) bool {
		u, is := isURL(text, "http")
		return !is || cloudautomator.Confidential(u)
	},
}
