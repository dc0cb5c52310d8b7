package aws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithymiddleware "github.com/aws/smithy-go/middleware"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

type stack = smithymiddleware.Stack

// Clients makes the SDK clients of one provider block: each on first use, once
// per service and region, all on one connection pool. Nothing is read or
// contacted before the first use.
type Clients struct {
	config Config

	mu     sync.Mutex
	loaded *awssdk.Config
	made   map[any]any

	// asking holds one token; whoever takes it may ask which account this is.
	asking  chan struct{}
	account string
	caller  atomic.Pointer[string]
}

// key is that of a system's client: two systems of one service have a client each.
type key[T any] struct{ service, region string }

// NewClients keeps the configuration for the first use.
func NewClients(config Config) *Clients {
	return &Clients{config: config, made: map[any]any{}, asking: make(chan struct{}, 1)}
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
// It returns an error when the configuration cannot be loaded, there is no
// region, or the account is not one of those allowed.
func (s Service[T]) Client(ctx context.Context, c *Clients, region string) (client T, err error) {
	cfg, err := c.load(ctx, region)
	if err != nil {
		return client, err
	}
	region = cfg.Region
	if err := c.checkAccount(ctx, cfg); err != nil {
		return client, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if made, ok := c.made[key[T]{s.Name, region}]; ok {
		return made.(T), nil
	}
	cfg = cfg.Copy()
	// A send is never repeated by the SDK: it would also repeat what may have arrived.
	cfg.Retryer = func() awssdk.Retryer { return awssdk.NopRetryer{} }
	cfg.HTTPClient = signalAnswers{delivery.OwnAnswers{Doer: c.config.discreet(delivery.Client{Doer: cfg.HTTPClient}), Service: "AWS", IsOwn: s.IsOwn}}
	var endpoint *string
	if set := c.config.Endpoints[s.Name]; set != "" {
		endpoint = &set
	}
	client = s.NewClient(cfg, endpoint)
	c.made[key[T]{s.Name, region}] = client
	return client, nil
}

// Region returns the region to use: the one given, or the provider's when none
// is. It returns an error when there is none.
func (c *Clients) Region(ctx context.Context, given string) (string, error) {
	cfg, err := c.load(ctx, given)
	return cfg.Region, err
}

var errNoRegion = errors.New("no AWS region: set region here, region in the provider's aws block, AWS_REGION, or a region in the profile")

// load returns the configuration for a region, the user's own when none is given.
func (c *Clients) load(ctx context.Context, region string) (awssdk.Config, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.loaded == nil {
		if c.config.Unknown != "" {
			return awssdk.Config{}, fmt.Errorf("the provider's %s is not known yet: apply what it depends on first", c.config.Unknown)
		}
		cfg, err := c.config.load(ctx, region)
		if err != nil {
			return awssdk.Config{}, err
		}
		c.loaded = &cfg
	}
	cfg := *c.loaded
	cfg.Region = cmp.Or(region, cfg.Region)
	if cfg.Region == "" {
		return awssdk.Config{}, errNoRegion
	}
	return cfg, nil
}

// checkAccount asks once, before the first signal leaves, whose credentials these are.
func (c *Clients) checkAccount(ctx context.Context, cfg awssdk.Config) error {
	if len(c.config.AllowedAccountIDs) == 0 && len(c.config.ForbiddenAccountIDs) == 0 {
		return nil
	}
	select {
	case c.asking <- struct{}{}:
		defer func() { <-c.asking }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if c.account == "" {
		identity, err := c.config.sts(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err != nil {
			return fmt.Errorf("checking allowed_account_ids and forbidden_account_ids with sts:GetCallerIdentity: %w", explained(err, "sts:GetCallerIdentity"))
		}
		if c.account = awssdk.ToString(identity.Account); c.account == "" {
			return errors.New("checking allowed_account_ids and forbidden_account_ids with sts:GetCallerIdentity: the answer names no account, so it is not one of AWS; a proxy may have answered in its place")
		}
		c.caller.Store(identity.Arn)
	}
	if slices.Contains(c.config.ForbiddenAccountIDs, c.account) {
		return fmt.Errorf("the credentials belong to AWS account %s, which forbidden_account_ids forbids: use credentials of another account", c.account)
	}
	if len(c.config.AllowedAccountIDs) > 0 && !slices.Contains(c.config.AllowedAccountIDs, c.account) {
		return fmt.Errorf("the credentials belong to AWS account %s, which is not among allowed_account_ids %v: use credentials of one of these", c.account, c.config.AllowedAccountIDs)
	}
	return nil
}

// Caller is the ARN of whose credentials these are, "" while nobody had to ask.
func (c *Clients) Caller() string { return awssdk.ToString(c.caller.Load()) }
