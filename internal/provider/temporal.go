package provider

import (
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

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
		MarkdownDescription: "How to reach the HTTP API of a Temporal server. What is not set here comes from the environment variables of the `temporal` command line, " +
			"when the first signal is sent.",
		Attributes: map[string]schema.Attribute{
			"address": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Where the HTTP API of Temporal's frontend is, by convention port 7243: a URL, or `host:port`, which means `https` unless the host is this machine. " +
					"`http` is possible for this machine only. Environment: `TEMPORAL_ADDRESS`, where the command line has the gRPC API, by convention port 7233: name the HTTP API here then.",
			},
			"namespace": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "The namespace of signals that name none. Environment: `TEMPORAL_NAMESPACE`. Default `" + temporal.DefaultNamespace + "`.",
				Validators:          optional(temporal.PathSegment),
			},
			"api_key": schema.StringAttribute{
				Optional:            true,
				Sensitive:           true,
				MarkdownDescription: "An API key, sent to `address` only, as a bearer token. Environment: `TEMPORAL_API_KEY`.",
				Validators:          optional(signal.SecretValidator(temporal.APIKey)),
			},
			"ca_certificate": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "The certificates of the authorities that the server's certificate may come from: PEM, or the path of a file with it. Environment: `TEMPORAL_TLS_SERVER_CA_CERT_PATH` or `_DATA`, `TEMPORAL_TLS_CA` or `TEMPORAL_TLS_CA_DATA`.",
			},
			"client_certificate": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "The certificate that the server knows its client by: PEM, or the path of a file with it. Needs `client_key`. Environment: `TEMPORAL_TLS_CLIENT_CERT_PATH` or `_DATA`, `TEMPORAL_TLS_CERT` or `TEMPORAL_TLS_CERT_DATA`.",
			},
			"client_key": schema.StringAttribute{
				Optional:            true,
				Sensitive:           true,
				MarkdownDescription: "The private key of `client_certificate`: PEM, or the path of a file with it. Environment: `TEMPORAL_TLS_CLIENT_KEY_PATH` or `_DATA`, `TEMPORAL_TLS_KEY` or `TEMPORAL_TLS_KEY_DATA`.",
			},
		},
	}
}

// config is what the temporal block says; a missing block says nothing.
func (m *temporalModel) config(version string) temporal.Config {
	config := temporal.Config{UserAgent: strings.TrimSpace("terraform-provider-signal/" + version + " " + appendUserAgent())}
	if m != nil {
		config.Address, config.Namespace, config.APIKey = m.Address.ValueString(), m.Namespace.ValueString(), m.APIKey.ValueString()
		config.CACertificate, config.ClientCertificate, config.ClientKey = m.CACertificate.ValueString(), m.ClientCertificate.ValueString(), m.ClientKey.ValueString()
	}
	return config
}
