// Package provider has the provider block, and the list of all resources and actions.
package provider

import (
	"context"
	"strings"
	"sync/atomic"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/alicloud"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cloudautomator"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cloudformation"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/codepipeline"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/ecs"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/job"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/oos"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/ros"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sfn"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/ssm"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/swf"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/temporal"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/transfer"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/trigger"
)

// Address is the address of the provider in the registry.
const Address = "registry.terraform.io/terraform-provider-signal/signal"

// Option changes how the provider works. Only tests use options.
type Option func(*signalProvider)

// WithPolicy replaces delivery.DefaultRetryPolicy.
func WithPolicy(policy delivery.RetryPolicy) Option {
	return func(p *signalProvider) { p.sender = signal.NewSender(policy) }
}

var (
	_ provider.ProviderWithActions            = (*signalProvider)(nil)
	_ provider.ProviderWithEphemeralResources = (*signalProvider)(nil)
	_ provider.ProviderWithListResources      = (*signalProvider)(nil)
)

// New returns a function that creates the provider of a version.
func New(version string, options ...Option) func() provider.Provider {
	return func() provider.Provider {
		p := &signalProvider{version: version, sender: signal.NewSender(delivery.DefaultRetryPolicy)}
		for _, option := range options {
			option(p)
		}
		p.setClients(clients{
			aws: aws.NewClients(aws.Config{}), alicloud: alicloud.NewClients(alicloud.Config{}),
			cloudAutomator: cloudautomator.NewClient(cloudautomator.Config{}), temporal: temporal.NewClient(temporal.Config{}),
		})
		return p
	}
}

type signalProvider struct {
	version string
	sender  *signal.Sender
	// clients are replaced by Configure, before any resource sends. The schema may still be
	// made at that time.
	clients atomic.Pointer[clients]
}

// clients are those of all provider blocks, and the systems that were made with them.
type clients struct {
	aws            *aws.Clients
	alicloud       *alicloud.Clients
	cloudAutomator *cloudautomator.Client
	temporal       *temporal.Client
	systems        []signal.Factories
}

// setClients makes the systems with the clients, one line each.
func (p *signalProvider) setClients(c clients) {
	c.systems = []signal.Factories{
		ssm.New(c.aws, p.sender),
		swf.New(c.aws, p.sender),
		transfer.New(c.aws, p.sender),
		sfn.New(c.aws, p.sender),
		cloudformation.New(c.aws, p.sender),
		ecs.New(c.aws, p.sender),
		codepipeline.New(c.aws, p.sender),
		ros.New(c.alicloud, p.sender),
		oos.New(c.alicloud, p.sender),
		trigger.New(c.cloudAutomator, p.sender),
		temporal.New(c.temporal, p.sender),
	}
	p.clients.Store(&c)
}

func (p *signalProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName, resp.Version = "signal", p.version
}

func (p *signalProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Sends the signal that a waiting operation needs to go on, once, during `terraform apply`, and reports whether it arrived. Set only the blocks of the systems that you use. A block is not needed if the environment has its values. Configuring the provider makes no requests.",
		// The schema has blocks and no nested attributes: Terraform drops a misspelt member
		// of a nested attribute without an error, for example allowed_account_ids.
		// https://github.com/hashicorp/terraform/issues/33570
		Blocks: map[string]schema.Block{
			"aws":             awsBlock(p.endpoints("aws")),
			"alicloud":        alicloudBlock(p.endpoints("alicloud")),
			"cloud_automator": cloudAutomatorBlock(),
			"temporal":        temporalBlock(),
		},
	}
}

func (p *signalProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	resp.Diagnostics.Append(checkEngine(req.TerraformVersion)...)

	awsBlock, unknown := block[awsModel](ctx, req, resp, "aws")
	c := clients{aws: aws.NewClients(awsBlock.config(p, unknown))}
	alicloudBlock, unknown := block[alicloudModel](ctx, req, resp, "alicloud")
	c.alicloud = alicloud.NewClients(alicloudBlock.config(p, unknown))
	cloudAutomatorBlock, unknown := block[cloudAutomatorModel](ctx, req, resp, "cloud_automator")
	c.cloudAutomator = cloudautomator.NewClient(cloudAutomatorBlock.config(p, unknown))
	temporalBlock, unknown := block[temporalModel](ctx, req, resp, "temporal")
	c.temporal = temporal.NewClient(temporalBlock.config(p, unknown))
	p.setClients(c)
}

// userAgent returns the provider's name and version, and the user's text.
func (p *signalProvider) userAgent() string {
	return strings.TrimSpace(p.product() + " " + appendUserAgent())
}

func (p *signalProvider) product() string { return "terraform-provider-signal/" + p.version }

// block reads one block of the provider; the model is nil if the block is missing. If an
// argument of the block is unknown, it returns the argument's name and no model. Then the
// first signal that needs the block fails with this name.
func block[M any](ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse, name string) (model *M, unknown string) {
	if unknown = unknownArgument(req.Config.Raw, name); unknown == "" {
		resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root(name), &model)...)
	}
	return model, unknown
}

// endpoints returns the services of a block whose endpoints can be set: those of the
// signals, and STS.
func (p *signalProvider) endpoints(block string) []string {
	services := []string{"sts"}
	for _, system := range p.clients.Load().systems {
		if system.Block == block {
			services = append(services, system.Endpoint)
		}
	}
	return services
}

// Resources returns the signals, the waits for their targets, and the Cloud Automator job.
// The framework keeps the functions, and Configure replaces the systems.
func (p *signalProvider) Resources(context.Context) []func() resource.Resource {
	resources := []func() resource.Resource{
		func() resource.Resource { return job.NewResource(p.clients.Load().cloudAutomator, p.sender) },
	}
	for i, system := range p.clients.Load().systems {
		resources = append(resources, func() resource.Resource { return p.clients.Load().systems[i].Resource() })
		if system.Wait != nil {
			resources = append(resources, func() resource.Resource { return p.clients.Load().systems[i].Wait() })
		}
	}
	return resources
}

// Actions returns the signals without secrets, and the heartbeat of a task.
func (p *signalProvider) Actions(context.Context) (actions []func() action.Action) {
	for i, system := range p.clients.Load().systems {
		if system.Action != nil {
			actions = append(actions, func() action.Action { return p.clients.Load().systems[i].Action() })
		}
	}
	return append(actions, func() action.Action { return sfn.NewHeartbeat(p.clients.Load().aws, p.sender) })
}

// EphemeralResources returns the ephemeral resource of the job's URL and token.
func (p *signalProvider) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{
		func() ephemeral.EphemeralResource { return job.NewEphemeral(p.clients.Load().cloudAutomator, p.sender) },
	}
}

// ListResources returns the list resource of jobs, for terraform query.
func (p *signalProvider) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{
		func() list.ListResource { return job.NewList(p.clients.Load().cloudAutomator, p.sender) },
	}
}

// DataSources returns nothing: signals find their targets themselves.
func (p *signalProvider) DataSources(context.Context) []func() datasource.DataSource { return nil }
