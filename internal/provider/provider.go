// Package provider is the provider block and the list of everything on offer.
package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/ssm"
)

// Address is where the registry has the provider.
const Address = "registry.terraform.io/terraform-provider-signal/signal"

// Option changes how the provider works; users have none, tests do.
type Option func(*signalProvider)

// WithPolicy replaces delivery.DefaultPolicy.
func WithPolicy(policy delivery.Policy) Option {
	return func(p *signalProvider) { p.courier = signal.NewCourier(policy) }
}

// New returns what makes the provider of a version.
func New(version string, options ...Option) func() provider.Provider {
	return func() provider.Provider {
		p := &signalProvider{version: version, courier: signal.NewCourier(delivery.DefaultPolicy), aws: aws.NewClients(aws.Config{})}
		for _, option := range options {
			option(p)
		}
		return p
	}
}

type signalProvider struct {
	version string
	courier *signal.Courier
	// aws is replaced by Configure, before any resource is asked to send.
	aws *aws.Clients
}

func (p *signalProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName, resp.Version = "signal", p.version
}

func (p *signalProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Sends signals to running operations during `terraform apply`. Each block configures one cloud and is needed only by the resources of that cloud; nothing is contacted before a resource sends its signal.",
		Attributes: map[string]schema.Attribute{
			"aws": awsSchema(),
		},
	}
}

func (p *signalProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	// A block with a value that is not known yet is of no use: its first signal will say so.
	if unknown := unknownArgument(req.Config.Raw, "aws"); unknown != "" {
		p.aws = aws.NewClients(aws.Config{Unknown: unknown})
	} else {
		var block *awsModel
		resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("aws"), &block)...)
		p.aws = aws.NewClients(block.config(p.version))
	}
}

// Resources lists the signals, one line each.
func (p *signalProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		func() resource.Resource { return ssm.NewResource(p.aws, p.courier) },
	}
}

// Actions lists the signals that carry no secret, one line each.
func (p *signalProvider) Actions(context.Context) []func() action.Action {
	return []func() action.Action{
		func() action.Action { return ssm.NewAction(p.aws, p.courier) },
	}
}

// DataSources are none: a provider that signals has nothing to look up.
func (p *signalProvider) DataSources(context.Context) []func() datasource.DataSource { return nil }
