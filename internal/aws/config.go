// Package aws has the code that all AWS systems share: the user's
// configuration, the SDK clients, and the classification of AWS's answers.
package aws

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
	smithymiddleware "github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"golang.org/x/net/http/httpproxy"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// Config is the user's configuration for AWS. Empty fields come from the
// standard AWS environment variables, the shared configuration and profiles.
type Config struct {
	// Region is the region of signals that set none, and Profile the name of the profile.
	Region, Profile string
	// AccessKey, SecretKey and Token are static credentials.
	AccessKey, SecretKey, Token string
	// SharedConfigFiles and SharedCredentialsFiles are paths.
	SharedConfigFiles, SharedCredentialsFiles []string
	// WebIdentity is the role that gives the first credentials, nil for none. AssumeRole are
	// the roles that are assumed after it, in this order.
	WebIdentity *WebIdentity
	AssumeRole  []AssumeRole
	// Signals are sent only from an account in AllowedAccountIDs, unless that is empty, and
	// never from one in ForbiddenAccountIDs.
	AllowedAccountIDs, ForbiddenAccountIDs []string
	// Endpoints has URLs by Service.Name, and by "sts".
	Endpoints map[string]string
	// STSRegion is the region of requests to STS, "" for the region of the signal.
	STSRegion string
	// UseFIPSEndpoint and UseDualstackEndpoint are those of the SDK, nil if they are not set.
	UseFIPSEndpoint, UseDualstackEndpoint *bool
	// CustomCABundle is the path of a file with certificates in PEM.
	CustomCABundle string
	// HTTPProxy and HTTPSProxy are the URLs of the proxies for these schemes. NoProxy has the
	// hosts without a proxy, separated by commas.
	HTTPProxy, HTTPSProxy, NoProxy string
	// UserAgent is the provider's name and version for AWS, as "name/version".
	// AppendUserAgent is the user's text after it.
	UserAgent, AppendUserAgent string
	// Unknown is the name of a provider argument whose value is not known yet, "" if
	// there is none.
	Unknown string
	// Secrets learns the secrets, so that they are removed from messages.
	Secrets *delivery.Redactor
	// Log learns of each client that is made.
	Log delivery.Log
	// Clock ends operations of STS that get no answer; the machine's if it is nil. Only tests of
	// this package set it.
	Clock delivery.Clock
}

// AssumeRole is one role of a chain. The fields are parameters of AssumeRole; Policy is
// JSON.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
type AssumeRole struct {
	RoleARN, SessionName, ExternalID, Policy, SourceIdentity string
	// Duration of the session, 0 for the service's default.
	Duration          time.Duration
	PolicyARNs        []string
	Tags              map[string]string
	TransitiveTagKeys []string
}

// WebIdentity is a role assumed with an OIDC token. The fields are parameters of
// AssumeRoleWithWebIdentity; Policy is JSON.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
type WebIdentity struct {
	// RoleARN is the role. If it is empty, it comes from the environment, and so do then
	// SessionName and TokenFile. Without any role, nothing is assumed.
	RoleARN, SessionName, Policy string
	// Duration of the session, 0 for the service's default.
	Duration   time.Duration
	PolicyARNs []string
	// Token is the token, and TokenFile the path of a file with it. Token wins.
	Token     string
	TokenFile string
}

// loadedConfig is a configuration that has been loaded.
type loadedConfig struct {
	awssdk.Config
	chain *credentialChain
	sts   *stsSetup
	// machine is the client of the EC2 metadata service, and machineRegion the region
	// that it returned.
	machine       *imds.Client
	machineRegion atomic.Pointer[string]
}

// load resolves the configuration without any request. Credentials are read
// when the first request is signed.
func (c Config) load(ctx context.Context) (*loadedConfig, error) {
	if web := c.WebIdentity; web != nil && web.TokenFile != "" {
		if err := delivery.CheckFile("aws.assume_role_with_web_identity.web_identity_token_file", delivery.ExpandPath(web.TokenFile)); err != nil {
			return nil, err
		}
	}
	c.WebIdentity = c.WebIdentity.orEnvironment()
	if web := c.WebIdentity; web != nil && web.Token == "" && web.TokenFile == "" {
		return nil, errors.New("assume_role_with_web_identity has a role and no token: set web_identity_token, web_identity_token_file or AWS_WEB_IDENTITY_TOKEN_FILE")
	}
	setup := &stsSetup{config: c}
	options, err := c.options(setup)
	if err != nil {
		return nil, err
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, c.loadError(err)
	}
	if err := c.checkRegion(cfg.Region); err != nil {
		return nil, err
	}
	if awssdk.IsCredentialsProvider(cfg.Credentials, (*endpointcreds.Provider)(nil)) {
		if err := checkFile("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); err != nil {
			return nil, err
		}
	}
	machine, used := imds.NewFromConfig(cfg), profiles(cfg.ConfigSources)
	chain := &credentialChain{from: c.credentialsFrom(cfg.Credentials), where: c.filesRead(), signIn: c.signIn(used), static: hasStaticKeys(used)}
	setup.command = command(used)
	if isProcess(cfg.Credentials) {
		cfg.Credentials = process{setup}
	}
	if client, ok := cfg.HTTPClient.(*awshttp.BuildableClient); ok {
		cfg.HTTPClient = delivery.NewHTTPClient(client.GetTransport())
	}
	setup.chain, setup.endpoint = chain, c.endpoint(cfg, "sts")
	setup.sdkDoer = sdkDoer{
		c.answers(cfg.HTTPClient, "", func([]byte) bool { return true }).OwnAnswers,
		stsTimeout,
	}
	cfg.APIOptions = c.apiOptions()
	setup.client = signed{c.answers(cfg.HTTPClient, "AWS STS", IsXML), chain}
	calls := func(credentials awssdk.CredentialsProvider, role string) stsCalls {
		with := cfg.Copy()
		with.Credentials = credentials
		return stsCalls{setup, sts.NewFromConfig(with), role}
	}
	chain.sources = []credentialSource{c.newSource(cfg.Credentials)}
	if web := c.WebIdentity; web != nil {
		chain.sources[0] = c.newSource(stscreds.NewWebIdentityRoleProvider(
			calls(awssdk.AnonymousCredentials{}, "assume_role_with_web_identity"), web.RoleARN, web.token(), web.apply))
	}
	for _, role := range c.AssumeRole {
		chain.sources = append(chain.sources, c.newSource(stscreds.NewAssumeRoleProvider(
			calls(chain.last(), "assume_role"), role.RoleARN, role.apply)))
	}
	chain.guard = newAccountGuard(c, func(ctx context.Context) (*sts.GetCallerIdentityOutput, error) {
		return calls(chain.last(), "").GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	})
	cfg.Credentials = chain
	return &loadedConfig{Config: cfg, chain: chain, sts: setup, machine: machine}, nil
}

// options returns the options with which the SDK loads its configuration.
func (c Config) options(setup *stsSetup) ([]func(*config.LoadOptions) error, error) {
	// Without this client, each service would have its own connection pool.
	client := awshttp.NewBuildableClient().WithTimeout(stsTimeout).WithTransportOptions(func(t *http.Transport) {
		t.Proxy, t.OnProxyConnectResponse = c.proxy(), delivery.CheckProxy
		t.DisableCompression = true // The transport would decompress without a limit.
	})
	options := []func(*config.LoadOptions) error{
		config.WithRegion(c.Region),
		config.WithSharedConfigProfile(c.Profile),
		config.WithHTTPClient(client),
		config.WithEndpointCredentialOptions(func(o *endpointcreds.Options) {
			o.HTTPClient = client
			o.Retryer = awssdk.NopRetryer{} // The code that waits for the credentials tries again.
		}),
		config.WithAssumeRoleCredentialOptions(func(o *stscreds.AssumeRoleOptions) {
			if client, ok := o.Client.(*sts.Client); ok {
				if from := client.Options(); isProcess(from.Credentials) {
					from.Credentials = awssdk.NewCredentialsCache(process{setup})
					client = sts.New(from)
				}
				o.Client = stsCalls{setup, client, fmt.Sprintf("the profile %q", cmp.Or(c.profile(), "default"))}
			}
		}),
		config.WithWebIdentityRoleCredentialOptions(func(o *stscreds.WebIdentityRoleOptions) {
			if client, ok := o.Client.(*sts.Client); ok {
				o.Client = stsCalls{setup, client, "AWS_ROLE_ARN or role_arn of the profile"}
			}
		}),
		config.WithAPIOptions(append(c.apiOptions(), setup.useOurClient)),
	}
	switch {
	case c.WebIdentity != nil:
		// The SDK must not look for credentials that nobody uses.
		options = append(options, config.WithCredentialsProvider(awssdk.AnonymousCredentials{}))
	case c.AccessKey != "":
		options = append(options, config.WithCredentialsProvider(
			credentials.NewStaticCredentialsProvider(c.AccessKey, c.SecretKey, c.Token)))
	}
	if err := c.checkEnvironment(); err != nil {
		return nil, err
	}
	for _, named := range []struct {
		argument string
		files    []string
		option   func([]string) config.LoadOptionsFunc
	}{
		{"shared_config_files", c.SharedConfigFiles, config.WithSharedConfigFiles},
		{"shared_credentials_files", c.SharedCredentialsFiles, config.WithSharedCredentialsFiles},
	} {
		files := expand(named.files)
		for _, file := range files {
			if err := delivery.CheckFile("aws."+named.argument, file); err != nil {
				return nil, err
			}
		}
		if len(files) > 0 {
			options = append(options, named.option(files))
		}
	}
	if c.UseFIPSEndpoint != nil {
		states := map[bool]awssdk.FIPSEndpointState{true: awssdk.FIPSEndpointStateEnabled, false: awssdk.FIPSEndpointStateDisabled}
		options = append(options, config.WithUseFIPSEndpoint(states[*c.UseFIPSEndpoint]))
	}
	if c.UseDualstackEndpoint != nil {
		states := map[bool]awssdk.DualStackEndpointState{true: awssdk.DualStackEndpointStateEnabled, false: awssdk.DualStackEndpointStateDisabled}
		options = append(options, config.WithUseDualStackEndpoint(states[*c.UseDualstackEndpoint]))
	}
	if c.CustomCABundle != "" {
		bundle, err := os.ReadFile(delivery.ExpandPath(c.CustomCABundle))
		if err != nil {
			return nil, fmt.Errorf("reading aws.custom_ca_bundle: %w", err)
		}
		options = append(options, config.WithCustomCABundle(bytes.NewReader(bundle)))
	}
	return options, nil
}

// apiOptions are the middleware of all clients.
func (c Config) apiOptions() []func(*smithymiddleware.Stack) error {
	return []func(*smithymiddleware.Stack) error{c.userAgent, c.watchSDKRequests}
}

// checkEnvironment returns an error if a variable names a file that cannot be read,
// or if only one key of a key pair is set. The SDK ignores some of these mistakes,
// and would use other credentials or settings. A variable does not count if an
// argument takes its place, and a token does not if other credentials come first.
func (c Config) checkEnvironment() error {
	given := c.AccessKey != "" || c.WebIdentity != nil
	hasKey := cmp.Or(os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_ACCESS_KEY")) != ""
	if secret := cmp.Or(os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SECRET_KEY")) != ""; hasKey != secret && !given && c.Profile == "" {
		return errors.New("only one half of a key pair is in the environment: set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or neither")
	}
	for _, file := range []struct {
		variable string
		read     bool
	}{
		{"AWS_CA_BUNDLE", c.CustomCABundle == ""},
		{"AWS_WEB_IDENTITY_TOKEN_FILE", c.readsToken(hasKey)},
		{"AWS_CONFIG_FILE", len(c.SharedConfigFiles) == 0},
		{"AWS_SHARED_CREDENTIALS_FILE", len(c.SharedCredentialsFiles) == 0},
	} {
		if !file.read {
			continue
		}
		if err := checkFile(file.variable); err != nil {
			return err
		}
	}
	return nil
}

// readsToken reports whether the token in AWS_WEB_IDENTITY_TOKEN_FILE is used.
func (c Config) readsToken(keysInEnvironment bool) bool {
	if c.WebIdentity != nil {
		return c.WebIdentity.TokenFile == os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE")
	}
	return c.AccessKey == "" && c.Profile == "" && !keysInEnvironment
}

// checkFile returns an error if a variable names a file that cannot be read.
func checkFile(variable string) error {
	path := os.Getenv(variable)
	if path == "" {
		return nil
	}
	return delivery.CheckFile(variable, path)
}

// checkRegion returns an error if the region of the environment or of the
// profile is malformed. The SDK would use it in host names.
func (c Config) checkRegion(region string) error {
	from := fmt.Sprintf("the region of the profile %q", cmp.Or(c.profile(), "default"))
	if _, variable := environmentRegion(); variable != "" {
		from = variable
	}
	return delivery.CheckRegion(region, from, "eu-central-1")
}

// environmentRegion returns the region of the environment and the name of its
// variable.
func environmentRegion() (region, variable string) {
	return delivery.FirstEnv("AWS_REGION", "AWS_DEFAULT_REGION")
}

// profiles returns the profile in use, the source profile whose credentials assume
// its role, and so on.
func profiles(sources []any) (used []*config.SharedConfig) {
	for _, source := range sources {
		shared, ok := source.(config.SharedConfig)
		for profile := &shared; ok && profile != nil; profile = profile.Source {
			used = append(used, profile)
		}
	}
	return used
}

// hasStaticKeys reports whether one of the profiles in use has keys.
func hasStaticKeys(used []*config.SharedConfig) bool {
	return slices.ContainsFunc(used, func(p *config.SharedConfig) bool {
		return p.Credentials.HasKeys() || p.CredentialSource == "Environment"
	})
}

// signIn returns the profile to sign in with; "" for the default profile.
func (c Config) signIn(used []*config.SharedConfig) string {
	if len(used) > 1 {
		return used[len(used)-1].Profile
	}
	return c.profile()
}

// loadError returns an error that says which of the user's settings is wrong.
func (c Config) loadError(err error) error {
	var (
		missing config.SharedConfigProfileNotExistError
		mfa     config.AssumeRoleTokenProviderNotSetError
		source  config.SharedConfigAssumeRoleError
	)
	switch {
	case errors.As(err, &missing):
		named := "source_profile in a profile"
		if name, from := c.profileFrom(); name == missing.Profile {
			named = from
		}
		return fmt.Errorf("loading the AWS configuration: there is no profile %q, which %s names. %s", missing.Profile, named, c.filesRead())
	case errors.As(err, &mfa):
		return fmt.Errorf("loading the AWS configuration: the profile %q has mfa_serial, and the provider cannot ask for the code during an apply. "+
			"Sign in before the apply, for example with \"aws sts get-session-token --serial-number ... --token-code ...\", and use these credentials. Or use a profile without mfa_serial. %s",
			cmp.Or(c.profile(), "default"), c.filesRead())
	}
	if errors.As(err, &source) && source.Err == nil {
		// The SDK itself says nothing of the reason.
		return fmt.Errorf("loading the AWS configuration: the profile %q has no credentials with which the SDK assumes the role %s of another profile. "+
			"If it has a session of aws login, name it in profile in the provider's aws block, and the role in an assume_role block. %s", source.Profile, source.RoleARN, c.filesRead())
	}
	return fmt.Errorf("loading the AWS configuration: %w. %s", err, c.filesRead())
}

// profile returns the name of the profile to use, "" if none is set.
func (c Config) profile() string {
	name, _ := c.profileFrom()
	return name
}

// profileFrom is profile, and returns where the name is set.
func (c Config) profileFrom() (name, from string) {
	if c.Profile != "" {
		return c.Profile, "profile in the provider's aws block"
	}
	return delivery.FirstEnv("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
}

// files returns the files with profiles.
func (c Config) files() (shared, credentials []string) {
	if shared = expand(c.SharedConfigFiles); len(shared) == 0 {
		shared = []string{cmp.Or(os.Getenv("AWS_CONFIG_FILE"), config.DefaultSharedConfigFilename())}
	}
	if credentials = expand(c.SharedCredentialsFiles); len(credentials) == 0 {
		credentials = []string{cmp.Or(os.Getenv("AWS_SHARED_CREDENTIALS_FILE"), config.DefaultSharedCredentialsFilename())}
	}
	return shared, credentials
}

// filesRead returns a sentence that lists the files with profiles.
func (c Config) filesRead() string {
	shared, credentials := c.files()
	return "Profiles are read from " + strings.Join(append(shared, credentials...), ", ") + "."
}

// proxy returns a function that finds the proxy for a request. As in
// hashicorp/aws, http_proxy is also used for https, unless a proxy is set for
// https.
func (c Config) proxy() func(*http.Request) (*url.URL, error) {
	proxies := httpproxy.FromEnvironment()
	proxies.HTTPProxy = cmp.Or(c.HTTPProxy, proxies.HTTPProxy)
	proxies.HTTPSProxy = cmp.Or(c.HTTPSProxy, proxies.HTTPSProxy, c.HTTPProxy)
	proxies.NoProxy = cmp.Or(c.NoProxy, proxies.NoProxy)
	find := proxies.ProxyFunc()
	return func(req *http.Request) (*url.URL, error) {
		if isMetadata(req.URL.Hostname()) {
			return nil, nil
		}
		proxy, err := find(req.URL)
		if proxy != nil {
			c.Secrets.HideUser(proxy.User)
		}
		return proxy, err
	}
}

// isMetadata reports whether a host is a metadata service of EC2, ECS or EKS:
// its address is link-local or in fd00:ec2::/32. Such a service sends
// credentials in plain text, and a proxy cannot reach it.
func isMetadata(host string) bool {
	address, err := netip.ParseAddr(host)
	return err == nil && (address.IsLinkLocalUnicast() || netip.MustParsePrefix("fd00:ec2::/32").Contains(address))
}

// endpoint returns the URL to use for a service, nil for the default. It reads
// the same sources in the same order as the SDK. The SDK does not read them for
// the roles of profiles and of the environment.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
func (c Config) endpoint(cfg awssdk.Config, service string) *string {
	if set := c.Endpoints[service]; set != "" {
		return &set
	}
	ctx := context.Background()
	for _, source := range cfg.ConfigSources {
		if ignoring, ok := source.(interface {
			GetIgnoreConfiguredEndpoints(context.Context) (bool, bool, error)
		}); ok {
			if ignore, found, err := ignoring.GetIgnoreConfiguredEndpoints(ctx); err == nil && found && ignore {
				return nil
			}
		}
	}
	if os.Getenv("AWS_ENDPOINT_URL") != "" && os.Getenv("AWS_ENDPOINT_URL_"+strings.ToUpper(service)) == "" {
		return cfg.BaseEndpoint
	}
	for _, source := range cfg.ConfigSources {
		if services, ok := source.(interface {
			GetServiceBaseEndpoint(context.Context, string) (string, bool, error)
		}); ok {
			if set, found, err := services.GetServiceBaseEndpoint(ctx, service); err == nil && found {
				return &set
			}
		}
	}
	return cfg.BaseEndpoint
}

// ownEndpoint is the first configuration source of an SDK client with an
// endpoint that the user has set. It turns FIPS and dual-stack off, because the
// SDK refuses them together with an endpoint.
type ownEndpoint struct{ url string }

// GetServiceBaseEndpoint returns the endpoint, which wins over that of the
// environment and of the profile.
func (e ownEndpoint) GetServiceBaseEndpoint(context.Context, string) (string, bool, error) {
	return e.url, true, nil
}

func (ownEndpoint) GetUseFIPSEndpoint(context.Context) (awssdk.FIPSEndpointState, bool, error) {
	return awssdk.FIPSEndpointStateDisabled, true, nil
}

func (ownEndpoint) GetUseDualStackEndpoint(context.Context) (awssdk.DualStackEndpointState, bool, error) {
	return awssdk.DualStackEndpointStateDisabled, true, nil
}

// userAgent adds the provider's name and the user's text to the User-Agent
// header.
func (c Config) userAgent(stack *smithymiddleware.Stack) error {
	if name, version, ok := strings.Cut(c.UserAgent, "/"); ok {
		if err := middleware.AddUserAgentKeyValue(name, version)(stack); err != nil {
			return err
		}
	}
	if c.AppendUserAgent == "" {
		return nil
	}
	return stack.Build.Add(smithymiddleware.BuildMiddlewareFunc("AppendUserAgent", func(ctx context.Context, in smithymiddleware.BuildInput, next smithymiddleware.BuildHandler) (smithymiddleware.BuildOutput, smithymiddleware.Metadata, error) {
		if req, ok := in.Request.(*smithyhttp.Request); ok {
			req.Header.Set("User-Agent", strings.TrimSpace(req.Header.Get("User-Agent")+" "+c.AppendUserAgent))
		}
		return next.HandleBuild(ctx, in)
	}), smithymiddleware.After)
}

func (r AssumeRole) apply(o *stscreds.AssumeRoleOptions) {
	o.RoleSessionName, o.Duration = cmp.Or(r.SessionName, o.RoleSessionName), cmp.Or(r.Duration, o.Duration)
	o.ExternalID, o.Policy, o.SourceIdentity = given(r.ExternalID), given(r.Policy), given(r.SourceIdentity)
	o.PolicyARNs = policyARNs(r.PolicyARNs)
	o.TransitiveTagKeys = r.TransitiveTagKeys
	for key, value := range r.Tags {
		o.Tags = append(o.Tags, ststypes.Tag{Key: &key, Value: &value})
	}
}

// orEnvironment returns the web identity with the role of the environment, if it has
// no role itself; nil without any role.
func (w *WebIdentity) orEnvironment() *WebIdentity {
	if w == nil || w.RoleARN != "" {
		return w
	}
	whole := *w
	if whole.RoleARN = os.Getenv("AWS_ROLE_ARN"); whole.RoleARN == "" {
		return nil
	}
	whole.SessionName = cmp.Or(whole.SessionName, os.Getenv("AWS_ROLE_SESSION_NAME"))
	if whole.Token == "" {
		whole.TokenFile = cmp.Or(whole.TokenFile, os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE"))
	}
	return &whole
}

func (w WebIdentity) apply(o *stscreds.WebIdentityRoleOptions) {
	o.RoleSessionName, o.Duration, o.Policy = w.SessionName, w.Duration, given(w.Policy)
	o.PolicyARNs = policyARNs(w.PolicyARNs)
}

// given returns nil for a text that is not set.
func given(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func policyARNs(arns []string) (policies []ststypes.PolicyDescriptorType) {
	for _, arn := range arns {
		policies = append(policies, ststypes.PolicyDescriptorType{Arn: &arn})
	}
	return policies
}

type literalToken string

func (t literalToken) GetIdentityToken() ([]byte, error) { return []byte(t), nil }

func (w WebIdentity) token() stscreds.IdentityTokenRetriever {
	if w.Token != "" {
		return literalToken(w.Token)
	}
	return stscreds.IdentityTokenFile(delivery.ExpandPath(w.TokenFile))
}

// expand returns the paths as delivery.ExpandPath returns each of them.
func expand(paths []string) []string {
	expanded := make([]string, len(paths))
	for i, path := range paths {
		expanded[i] = delivery.ExpandPath(path)
	}
	return expanded
}
