package aws

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

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
	made   map[key]any

	// account holds one token; whoever takes it may ask which account this is.
	account chan struct{}
	allowed bool
}

type key struct{ service, region string }

// NewClients keeps the configuration for the first use.
func NewClients(config Config) *Clients {
	return &Clients{config: config, made: map[key]any{}, account: make(chan struct{}, 1)}
}

// Client returns the client of a service in a region, and that region: the one
// given, or the provider's when none is. The constructor is called once for
// each, with the endpoint the user set for the service or nil.
//
// It returns an error when the configuration cannot be loaded, there is no
// region, or the account is not one of those allowed.
func Client[T any](ctx context.Context, c *Clients, service, region string, newClient func(cfg awssdk.Config, endpoint *string) T) (client T, used string, err error) {
	cfg, err := c.load(ctx)
	if err != nil {
		return client, region, err
	}
	if region == "" {
		region = cfg.Region
	}
	if region == "" {
		return client, region, errors.New("no AWS region: set region here, region in the provider's aws block, AWS_REGION, or a region in the profile")
	}
	if err := c.checkAccount(ctx, cfg); err != nil {
		return client, region, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if made, ok := c.made[key{service, region}]; ok {
		return made.(T), region, nil
	}
	cfg = cfg.Copy()
	cfg.Region = region
	// A send is never repeated by the SDK: it would also repeat what may have arrived.
	cfg.Retryer = func() awssdk.Retryer { return awssdk.NopRetryer{} }
	cfg.HTTPClient = jsonOnly{delivery.Client{Doer: cfg.HTTPClient}}
	var endpoint *string
	if set := c.config.Endpoints[service]; set != "" {
		endpoint = &set
	}
	client = newClient(cfg, endpoint)
	c.made[key{service, region}] = client
	return client, region, nil
}

func (c *Clients) load(ctx context.Context) (awssdk.Config, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.loaded != nil {
		return *c.loaded, nil
	}
	if c.config.Unknown != "" {
		return awssdk.Config{}, fmt.Errorf("the provider's %s is not known yet: apply what it depends on first", c.config.Unknown)
	}
	cfg, err := c.config.load(ctx)
	if err != nil {
		return awssdk.Config{}, err
	}
	c.loaded = &cfg
	return cfg, nil
}

// checkAccount asks once, before the first signal leaves, whose credentials these are.
func (c *Clients) checkAccount(ctx context.Context, cfg awssdk.Config) error {
	if len(c.config.AllowedAccountIDs) == 0 && len(c.config.ForbiddenAccountIDs) == 0 {
		return nil
	}
	select {
	case c.account <- struct{}{}:
		defer func() { <-c.account }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if c.allowed {
		return nil
	}
	identity, err := c.config.sts(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return fmt.Errorf("checking allowed_account_ids and forbidden_account_ids with sts:GetCallerIdentity: %w", err)
	}
	account := awssdk.ToString(identity.Account)
	if slices.Contains(c.config.ForbiddenAccountIDs, account) {
		return fmt.Errorf("the credentials belong to AWS account %s, which forbidden_account_ids forbids: use credentials of another account", account)
	}
	if len(c.config.AllowedAccountIDs) > 0 && !slices.Contains(c.config.AllowedAccountIDs, account) {
		return fmt.Errorf("the credentials belong to AWS account %s, which is not among allowed_account_ids %v: use credentials of one of these", account, c.config.AllowedAccountIDs)
	}
	c.allowed = true
	return nil
}
