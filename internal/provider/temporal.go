package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/temporal"
)

type temporalModel struct {
	Address           types.String `tfsdk:"address"`
	Namespace         types.String `tfsdk:"namespace"`
	APIKey            types.String `tfsdk:"api_key"`
	CACertificate     types.String `tfsdk:"ca_certificate"`
	ClientCertificate types.String `tfsdk:"client_certificate"`
	ClientKey         types.String `tfsdk:"client_key"`
}

func temporalBlock() schema.Block {
	return schema.SingleNestedBlock{
		MarkdownDescription: "The configuration for the HTTP API of a Temporal server. Arguments that are not set come from the environment variables of the `temporal` command line. " +
			"The provider reads them before its first request to Temporal.",
		Attributes: map[string]schema.Attribute{
			"address": text("The address of the HTTP API of Temporal's frontend, by convention port 7243: a URL, or `host:port`, which means `https` unless the host is this machine. " +
				"`http` is allowed only for this machine. Environment: `TEMPORAL_ADDRESS`. If that is the address of the gRPC API, by convention port 7233, set the address of the HTTP API here."),
			"namespace":          text("The default namespace of signals. Environment: `TEMPORAL_NAMESPACE`. Default `"+temporal.DefaultNamespace+"`.", temporal.PathSegment),
			"api_key":            secret("An API key. The provider sends it only to `address`, as a bearer token. Environment: `TEMPORAL_API_KEY`.", signal.SecretValidator(signal.BearerToken())),
			"ca_certificate":     text("The certificates of the certificate authorities to trust: PEM, or the path of a PEM file. Environment: `TEMPORAL_TLS_SERVER_CA_CERT_PATH` or `TEMPORAL_TLS_SERVER_CA_CERT_DATA`, `TEMPORAL_TLS_CA` or `TEMPORAL_TLS_CA_DATA`."),
			"client_certificate": text("The client certificate: PEM, or the path of a PEM file. It needs `client_key`. Environment: `TEMPORAL_TLS_CLIENT_CERT_PATH` or `TEMPORAL_TLS_CLIENT_CERT_DATA`, `TEMPORAL_TLS_CERT` or `TEMPORAL_TLS_CERT_DATA`."),
			"client_key":         secret("The private key of `client_certificate`: PEM, or the path of a PEM file. Environment: `TEMPORAL_TLS_CLIENT_KEY_PATH` or `TEMPORAL_TLS_CLIENT_KEY_DATA`, `TEMPORAL_TLS_KEY` or `TEMPORAL_TLS_KEY_DATA`."),
		},
	}
}

// config converts the temporal block, which may be missing, to a configuration.
func (m *temporalModel) config(p *signalProvider, unknown string) temporal.Config {
	config := temporal.Config{UserAgent: p.userAgent(), Unknown: unknown, Secrets: p.sender.Redactor(), Log: tflog.Debug}
	if m != nil {
		config.Address, config.Namespace, config.APIKey = m.Address.ValueString(), m.Namespace.ValueString(), m.APIKey.ValueString()
		config.CACertificate, config.ClientCertificate, config.ClientKey = m.CACertificate.ValueString(), m.ClientCertificate.ValueString(), m.ClientKey.ValueString()
	}
	return config
}
