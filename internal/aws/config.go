// Package aws holds what the systems of the AWS signalling systems share: the
// user's configuration, clients made on first use, and the classification of
// what AWS answers.
package aws

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// Config is what the user says about AWS. Whatever is left empty comes from the
// standard AWS environment, shared configuration and profiles.
type Config struct {
	Region, Profile             string
	AccessKey, SecretKey, Token string
	SharedConfigFiles           []string
	SharedCredentialsFiles      []string
	WebIdentity                 *WebIdentity
	AssumeRole                  []AssumeRole
	AllowedAccountIDs           []string
	ForbiddenAccountIDs         []string
	Endpoints                   map[string]string // by service: ssm, swf, transfer, sts
	UseFIPSEndpoint             *bool
	UseDualstackEndpoint        *bool
	CustomCABundle              string
	// UserAgent names the provider and its version to AWS, as "name/version".
	UserAgent string
	// Unknown names a provider argument whose value is not known yet, if there is one.
	Unknown string
}

// AssumeRole is one link in a chain of roles; see STS AssumeRole.
type AssumeRole struct {
	RoleARN, SessionName, ExternalID, Policy, SourceIdentity string
	// Duration of the session, 0 for the service's default.
	Duration time.Duration
	Tags     map[string]string
}

// WebIdentity is a role assumed with an OIDC token; see STS AssumeRoleWithWebIdentity.
type WebIdentity struct {
	RoleARN, SessionName string
	// Duration of the session, 0 for the service's default.
	Duration  time.Duration
	Token     string
	TokenFile string
}

// CredentialsError means that there was nothing to sign a request with.
type CredentialsError struct{ Err error }

func (e *CredentialsError) Error() string { return e.Err.Error() }

// Unwrap returns what the credential provider said.
func (e *CredentialsError) Unwrap() error { return e.Err }

type namedCredentials struct{ awssdk.CredentialsProvider }

func (c namedCredentials) Retrieve(ctx context.Context) (awssdk.Credentials, error) {
	keys, err := c.CredentialsProvider.Retrieve(ctx)
	if err != nil {
		return keys, &CredentialsError{Err: err}
	}
	return keys, nil
}

// load resolves the configuration without asking anything of the network:
// credentials are looked for when the first request is signed. Where the user
// has set no region, roles are assumed in the one given.
func (c Config) load(ctx context.Context, region string) (awssdk.Config, error) {
	options := []func(*config.LoadOptions) error{
		config.WithRegion(c.Region),
		config.WithSharedConfigProfile(c.Profile),
		// Left to itself each service would make a connection pool of its own.
		config.WithHTTPClient(awshttp.NewBuildableClient()),
	}
	if c.UserAgent != "" {
		name, version, _ := strings.Cut(c.UserAgent, "/")
		options = append(options, config.WithAPIOptions(
			[]func(*stack) error{middleware.AddUserAgentKeyValue(name, version)}))
	}
	if c.AccessKey != "" {
		options = append(options, config.WithCredentialsProvider(
			credentials.NewStaticCredentialsProvider(c.AccessKey, c.SecretKey, c.Token)))
	}
	if len(c.SharedConfigFiles) > 0 {
		options = append(options, config.WithSharedConfigFiles(expandHome(c.SharedConfigFiles)))
	}
	if len(c.SharedCredentialsFiles) > 0 {
		options = append(options, config.WithSharedCredentialsFiles(expandHome(c.SharedCredentialsFiles)))
	}
	if c.UseFIPSEndpoint != nil {
		state := awssdk.FIPSEndpointStateDisabled
		if *c.UseFIPSEndpoint {
			state = awssdk.FIPSEndpointStateEnabled
		}
		options = append(options, config.WithUseFIPSEndpoint(state))
	}
	if c.UseDualstackEndpoint != nil {
		state := awssdk.DualStackEndpointStateDisabled
		if *c.UseDualstackEndpoint {
			state = awssdk.DualStackEndpointStateEnabled
		}
		options = append(options, config.WithUseDualStackEndpoint(state))
	}
	if c.CustomCABundle != "" {
		bundle, err := os.Open(expandHome([]string{c.CustomCABundle})[0])
		if err != nil {
			return awssdk.Config{}, fmt.Errorf("reading aws.custom_ca_bundle: %w", err)
		}
		defer bundle.Close()
		options = append(options, config.WithCustomCABundle(bundle))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return awssdk.Config{}, fmt.Errorf("loading the AWS configuration: %w", err)
	}
	if client, ok := cfg.HTTPClient.(*awshttp.BuildableClient); ok {
		cfg.HTTPClient = delivery.NewHTTPClient(client.GetTransport())
	}
	regional := cfg.Copy()
	if regional.Region = cmp.Or(cfg.Region, region); regional.Region == "" {
		return awssdk.Config{}, errNoRegion
	}
	if web := c.WebIdentity; web != nil {
		regional.Credentials = awssdk.NewCredentialsCache(stscreds.NewWebIdentityRoleProvider(
			c.sts(regional), web.RoleARN, web.token(), func(o *stscreds.WebIdentityRoleOptions) {
				o.RoleSessionName = web.SessionName
				o.Duration = web.Duration
			}))
	}
	for _, role := range c.AssumeRole {
		regional.Credentials = awssdk.NewCredentialsCache(stscreds.NewAssumeRoleProvider(
			c.sts(regional), role.RoleARN, role.apply))
	}
	cfg.Credentials = namedCredentials{regional.Credentials}
	return cfg, nil
}

func (c Config) sts(cfg awssdk.Config) *sts.Client {
	return sts.NewFromConfig(cfg, func(o *sts.Options) {
		if endpoint := c.Endpoints["sts"]; endpoint != "" {
			o.BaseEndpoint = &endpoint
		}
		o.HTTPClient = c.discreet(o.HTTPClient)
	})
}

// redacting hides what requests carry to prove who the user is.
func (c Config) discreet(client delivery.Doer) delivery.Doer {
	return delivery.RedactingDoer{Doer: client, Secrets: func(req *http.Request) []string {
		sent := []string{req.Header.Get("X-Amz-Security-Token")}
		if c.WebIdentity != nil {
			// A token of a file changes, and is as it was a moment ago.
			if token, err := c.WebIdentity.token().GetIdentityToken(); err == nil {
				sent = append(sent, string(token))
			}
		}
		return sent
	}}
}

func (r AssumeRole) apply(o *stscreds.AssumeRoleOptions) {
	if r.SessionName != "" {
		o.RoleSessionName = r.SessionName
	}
	if r.Duration > 0 {
		o.Duration = r.Duration
	}
	if r.ExternalID != "" {
		o.ExternalID = &r.ExternalID
	}
	if r.Policy != "" {
		o.Policy = &r.Policy
	}
	if r.SourceIdentity != "" {
		o.SourceIdentity = &r.SourceIdentity
	}
	for key, value := range r.Tags {
		o.Tags = append(o.Tags, ststypes.Tag{Key: &key, Value: &value})
	}
}

type literalToken string

func (t literalToken) GetIdentityToken() ([]byte, error) { return []byte(t), nil }

func (w WebIdentity) token() stscreds.IdentityTokenRetriever {
	if w.Token != "" {
		return literalToken(w.Token)
	}
	return stscreds.IdentityTokenFile(expandHome([]string{w.TokenFile})[0])
}

// expandHome lets paths begin with "~/", as the AWS tools do.
func expandHome(paths []string) []string {
	expanded := make([]string, len(paths))
	for i, path := range paths {
		expanded[i] = path
		if rest, ok := strings.CutPrefix(path, "~/"); ok {
			if home, err := os.UserHomeDir(); err == nil {
				expanded[i] = filepath.Join(home, rest)
			}
		}
	}
	return expanded
}
