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

// Clients makes the SDK clients of one provider block: each on first use, once
// per service and region, all on one connection pool. Nothing is read or
// contacted before the first use.
type Clients struct {
	config Config

	// plannedRegion is what is wrong with the region before anything is loaded.
	plannedRegion func() error

	mu     sync.Mutex
	loaded *session
	made   map[any]any
}

// key is that of a system's client: two systems of one service have a client each.
type key[T any] struct{ service, region string }

// NewClients keeps the configuration for the first use.
func NewClients(c Config) *Clients {
	c.Secrets.Hide(c.SecretKey, c.Token)
	return &Clients{config: c, plannedRegion: sync.OnceValue(c.plannedRegion), made: map[any]any{}}
}

// Service is a service of AWS as a system uses it, with a client of type T.
type Service[T any] struct {
	// Name is its argument in the provider's endpoints.
	Name string
	// IsOwn reports whether the body of an answer is one of this service: IsJSON or IsXML.
	IsOwn func(body []byte) bool
	// NewClient makes the client; the endpoint is the one that the user set for the
	// service, or nil.
	NewClient func(cfg awssdk.Config, endpoint *string) T
}

// Client returns the client of a region, the provider's when none is given. It is
// made once for each.
//
// It returns an error when the configuration cannot be loaded or there is no
// region. Credentials and the account they belong to are asked for by the first
// request that is signed.
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
	// A send is never repeated by the SDK: it would also repeat what may have arrived.
	cfg.Retryer = func() awssdk.Retryer { return awssdk.NopRetryer{} }
	cfg.HTTPClient = signed{wholeAnswers{delivery.OwnAnswers{Doer: delivery.Client{Doer: cfg.HTTPClient, Secrets: c.config.Secrets}, Service: "AWS", IsOwn: s.IsOwn}, s.IsOwn}, loaded.keys}
	endpoint := c.config.endpoint(cfg, s.Name)
	if endpoint != nil {
		cfg.ConfigSources = append([]any{ownEndpoint{}}, cfg.ConfigSources...)
	}
	client = s.NewClient(cfg, endpoint)
	c.made[key[T]{s.Name, region}] = client
	return client, nil
}

// Region returns the region to use: the one given, or the provider's when none
// is. It returns an error when there is none without asking anybody.
func (c *Clients) Region(ctx context.Context, given string) (string, error) {
	loaded, err := c.load(ctx)
	if err != nil {
		return "", err
	}
	region := cmp.Or(given, loaded.Region)
	if region == "" {
		return "", errNoRegion
	}
	return region, nil
}

var errNoRegion = errors.New("no AWS region: set region here, region in the provider's aws block, AWS_REGION, or a region in the profile")

// findRegion returns the region to use: the one given, the provider's or, where the
// credentials are the machine's, the machine's.
func (s *session) findRegion(ctx context.Context, given string) (string, error) {
	if region := cmp.Or(given, s.Region, awssdk.ToString(s.machineRegion.Load())); region != "" {
		return region, nil
	}
	if first, err := s.keys.links[0].cache.Retrieve(ctx); err != nil || first.Source != ec2rolecreds.ProviderName {
		return "", errNoRegion
	}
	found, err := s.machine.GetRegion(ctx, &imds.GetRegionInput{})
	if err != nil {
		return "", fmt.Errorf("%w. The machine that gives the credentials does not tell its region: %w", errNoRegion, err)
	}
	s.machineRegion.Store(&found.Region)
	return found.Region, nil
}

// load returns the configuration, which is read once.
func (c *Clients) load(ctx context.Context) (*session, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.loaded != nil {
		return c.loaded, nil
	}
	if c.config.Unknown != "" {
		return nil, fmt.Errorf("the provider's %s is not known yet: apply what it depends on first", c.config.Unknown)
	}
	loaded, err := c.config.load(ctx)
	if err != nil {
		return nil, err
	}
	c.loaded = loaded
	return loaded, nil
}

// Caller is the ARN of whose credentials sign, "" while nobody had to ask for it.
func (c *Clients) Caller() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.loaded == nil {
		return ""
	}
	return awssdk.ToString(c.loaded.keys.guard.caller.Load())
}

// BlockRegion is the region that the provider block says, "" when it says none.
func (c *Clients) BlockRegion() string { return c.config.Region }

// CheckRegion returns an error where the environment or the profile says a region that
// is none. It reads the profile once, and leaves what else is wrong with it to the first signal.
func (c *Clients) CheckRegion(context.Context) error { return c.plannedRegion() }

func (c Config) plannedRegion() error {
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

// Unconfigured reports whether the value of an argument of the provider block is
// not known yet, so that nothing can be asked.
func (c *Clients) Unconfigured() bool { return c.config.Unknown != "" }
