package aws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// Clients creates the SDK clients of one provider block. It creates each client
// on first use, once per service and region. All clients share one connection
// pool. Before the first use, only CheckRegion reads files, and nothing makes requests.
type Clients struct {
	config Config

	// regionError returns what is wrong with the region, without loading the rest
	// of the configuration.
	regionError func() error

	mu     sync.Mutex
	loaded *loadedConfig
	made   map[any]any
}

// key is the key of a client. The type T is part of it, so two systems of one
// service have separate clients.
type key[T any] struct{ service, region string }

// NewClients stores the configuration for the first use.
func NewClients(c Config) *Clients {
	c.Secrets.Hide(c.SecretKey, c.Token)
	return &Clients{config: c, regionError: sync.OnceValue(c.regionError), made: map[any]any{}}
}

// Service describes a service of AWS and how a system creates its client, of
// type T.
type Service[T any] struct {
	// Name is the argument for the service in the provider's endpoints.
	Name string
	// IsOwn reports whether the body of an answer can come from this service. It is
	// IsJSON or IsXML.
	IsOwn func(body []byte) bool
	// NewClient creates the client. T has only the operations that are used, and not the
	// client of the SDK: the linker would keep all operations of a client that is in a type
	// that is stored in an interface, several megabytes.
	NewClient func(cfg awssdk.Config) T
}

// Client returns the client of a region. The default is the provider's region.
// Client creates it once per region.
//
// It returns an error if the configuration cannot be loaded or if there is no
// region. Credentials and their account are read later, before the first
// request is signed.
func (s Service[T]) Client(ctx context.Context, c *Clients, region string) (client T, err error) {
	loaded, err := c.load(ctx)
	if err != nil {
		return client, err
	}
	if region, err = loaded.findRegion(ctx, region); err != nil {
		return client, err
	}
	loaded.sts.region.CompareAndSwap(nil, &region)
	c.mu.Lock()
	defer c.mu.Unlock()
	if made, ok := c.made[key[T]{s.Name, region}]; ok {
		return made.(T), nil
	}
	cfg := loaded.Copy()
	cfg.Region = region
	// The SDK must not repeat a request, because it would also repeat one that may
	// have arrived.
	cfg.Retryer = func() awssdk.Retryer { return awssdk.NopRetryer{} }
	cfg.HTTPClient = signed{c.config.answers(cfg.HTTPClient, "AWS", s.IsOwn), loaded.chain}
	endpoint := c.config.endpoint(cfg, s.Name)
	if endpoint != nil {
		cfg.BaseEndpoint = endpoint
		cfg.ConfigSources = append([]any{ownEndpoint{*endpoint}}, cfg.ConfigSources...)
	}
	client = s.NewClient(cfg)
	c.config.Log.ClientMade(ctx, delivery.ClientInfo{Service: s.Name, Credentials: loaded.chain.from, Endpoint: cmp.Or(awssdk.ToString(endpoint), "the service's own"), Region: region})
	c.made[key[T]{s.Name, region}] = client
	return client, nil
}

// With calls use with the client of a region. It returns the errors of Client.
func With[T, R any](ctx context.Context, s Service[T], c *Clients, region string, use func(client T) R) (result R, err error) {
	client, err := s.Client(ctx, c, region)
	if err == nil {
		result = use(client)
	}
	return result, err
}

// Region returns the region to use: given, the provider's region or, if the credentials
// come from the EC2 instance, the region of the instance. Only the last one needs requests:
// those that the credentials need, and one to the instance's metadata service.
func (c *Clients) Region(ctx context.Context, given string) (string, error) {
	loaded, err := c.load(ctx)
	if err != nil {
		return "", err
	}
	return loaded.findRegion(ctx, given)
}

var errNoRegion = errors.New("there is no AWS region: set region here, region in the provider's aws block, AWS_REGION, or a region in the profile")

// findRegion is like Region.
func (l *loadedConfig) findRegion(ctx context.Context, given string) (string, error) {
	if region := cmp.Or(given, l.Region, awssdk.ToString(l.machineRegion.Load())); region != "" {
		return region, nil
	}
	first, err := l.chain.sources[0].Retrieve(ctx)
	switch {
	case err != nil:
		return "", fmt.Errorf("%w. Whether the credentials are those of an EC2 instance, whose region could be used, is not known: %w", errNoRegion, err)
	case first.Source != ec2rolecreds.ProviderName:
		return "", errNoRegion
	}
	found, err := l.machine.GetRegion(ctx, &imds.GetRegionInput{})
	if err != nil {
		return "", fmt.Errorf("%w. The machine that gives the credentials does not tell its region: %w", errNoRegion, err)
	}
	l.machineRegion.Store(&found.Region)
	return found.Region, nil
}

// load returns the configuration. It reads it once.
func (c *Clients) load(ctx context.Context) (*loadedConfig, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.loaded != nil {
		return c.loaded, nil
	}
	if c.config.Unknown != "" {
		return nil, delivery.UnknownValueError(c.config.Unknown)
	}
	loaded, err := c.config.load(ctx)
	if err != nil {
		return nil, err
	}
	c.loaded = loaded
	return loaded, nil
}

// BlockRegion returns the region of the provider block, "" if it has none.
func (c *Clients) BlockRegion() string { return c.config.Region }

// CheckRegion returns an error if the region of the environment or the profile
// is malformed. It reads the profile once. It ignores other errors in the
// profile; the first signal reports them.
func (c *Clients) CheckRegion() error { return c.regionError() }

func (c Config) regionError() error {
	if c.Unknown != "" || c.Region != "" {
		return nil
	}
	region, _ := environmentRegion()
	if region == "" {
		profile, _ := config.LoadSharedConfigProfile(context.Background(), cmp.Or(c.profile(), "default"), func(o *config.LoadSharedConfigOptions) {
			o.ConfigFiles, o.CredentialsFiles = c.files()
		})
		region = profile.Region
	}
	return c.checkRegion(region)
}

// Unconfigured reports whether an argument of the provider block is unknown, so
// that no request can be made.
func (c *Clients) Unconfigured() bool { return c.config.Unknown != "" }
