package alicloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	sdk "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/tea"
	"github.com/aliyun/credentials-go/credentials"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// Clients has the configuration, credentials and connections of one provider block. Before
// the first use, only CheckRegion reads files, and nothing makes requests.
type Clients struct {
	config Config
	pool   httpClient
	// direct is the client for sources that return keys in plain text.
	direct delivery.Doer

	// regionError returns what is wrong with the region, without loading the rest of the
	// configuration.
	regionError func() error

	// granted are the keys that sign requests.
	granted delivery.CredentialCache[keys]

	// mu guards the following fields. Nobody makes a request while holding it.
	mu     sync.Mutex
	loaded *settings
	// told has the clients that the log has learned of.
	told map[Client]bool

	// ahead is by how much the service's clock is ahead of this machine's, a time.Duration.
	// It is 0 until a service has refused a signature because of its time.
	ahead atomic.Int64
}

// keys sign requests.
type keys struct {
	accessKey, secretKey, securityToken string
	// expires is zero for keys that do not expire.
	expires time.Time
	// lasts is the requested duration of the session, 0 if none was requested.
	lasts time.Duration
}

// NewClients stores the configuration for the first use.
func NewClients(config Config) *Clients {
	transport, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		transport = &http.Transport{Proxy: http.ProxyFromEnvironment}
	}
	config.Secrets.Hide(config.SecretKey, config.SecurityToken)
	c := &Clients{
		config: config,
		pool:   httpClient{delivery.OwnAnswers{Doer: delivery.Client{Doer: withoutQuery{delivery.NewHTTPClient(transport.Clone())}, Secrets: config.Secrets}, Service: "Alibaba Cloud", IsOwn: delivery.IsJSONObject}},
		direct: newDirect(config.Secrets),

		regionError: sync.OnceValue(config.regionError),
		told:        map[Client]bool{},
	}
	c.granted.Ask = c.retrieve
	c.granted.About = func(k keys) (string, time.Time, time.Duration) { return k.id(), k.expires, k.lasts }
	c.granted.Renews = func(keys) bool {
		_, isFixed := c.loaded.source.(fixed)
		return !isFixed || len(c.loaded.roles) > 0
	}
	return c
}

// Region returns the region to use: given, or the provider's region if given is empty. It
// returns an error if there is none.
func (c *Clients) Region(_ context.Context, given string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, err := c.load()
	switch region := cmp.Or(given, s.region); {
	case err != nil:
		return "", err
	case given == "" && checkRegion(s.region, s.regionFrom) != nil:
		return "", checkRegion(s.region, s.regionFrom)
	case region != "":
		return region, nil
	case s.noRegion != nil:
		return "", fmt.Errorf("no Alibaba Cloud region is set here, in the provider's alicloud block or in %s, and the profile could not be asked: %w", regionNames[0], s.noRegion)
	default:
		return "", fmt.Errorf("no Alibaba Cloud region: set region here, region in the provider's alicloud block, %s, or region_id in the profile", regionNames[0])
	}
}

// load returns the configuration. It reads it once. The caller must hold mu.
func (c *Clients) load() (settings, error) {
	if c.loaded != nil {
		return *c.loaded, nil
	}
	if c.config.Unknown != "" {
		return settings{}, delivery.UnknownValueError(c.config.Unknown)
	}
	s, err := c.config.load()
	if err != nil {
		return settings{}, err
	}
	c.loaded = &s
	return s, nil
}

// keys returns the keys for the next request. All errors are *delivery.CredentialsError.
func (c *Clients) keys(ctx context.Context) (found keys, err error) {
	c.mu.Lock()
	s, err := c.load()
	c.mu.Unlock()
	if err == nil {
		found, err = c.granted.Retrieve(ctx)
		if err != nil && ctx.Err() != nil {
			err = &delivery.CredentialsError{Cause: delivery.CredentialsFailing, Err: fmt.Errorf("waiting for the keys of %s ended: %w", s.from(), err)}
		}
	}
	if err != nil && !errors.As(err, new(*delivery.CredentialsError)) {
		err = &delivery.CredentialsError{Cause: delivery.NoCredentials, Err: err}
	}
	return found, err
}

// tell reports a client to the log when it is first used.
func (c *Clients) tell(ctx context.Context, client Client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, err := c.load()
	if err != nil || c.told[client] {
		return
	}
	c.told[client] = true
	c.config.Log.ClientMade(ctx, delivery.ClientInfo{
		Service: client.Service.Name, Credentials: s.from(), Endpoint: cmp.Or(c.config.Endpoints[client.Service.Name], client.Service.Host), Region: client.Region,
	})
}

// retrieve gets keys from the source and assumes the roles. The configuration is loaded.
func (c *Clients) retrieve(ctx context.Context) (keys, error) {
	s := *c.loaded
	with, err := s.source.retrieve(ctx, c)
	if err != nil {
		return keys{}, err
	}
	if err := c.check(with, s.source.String()); err != nil {
		return keys{}, err
	}
	for _, role := range s.roles {
		if with, err = c.assume(ctx, with, role); err != nil {
			return keys{}, err
		}
		if err := c.check(with, "the session of the role "+role.RoleARN); err != nil {
			return keys{}, err
		}
	}
	return with, nil
}

// correct records the clock of a service that refused a signature because of its time. It
// reports whether another attempt may succeed.
func (c *Clients) correct(clock delivery.ServerClock) bool {
	ahead, told := clock.Ahead()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !told || (ahead-time.Duration(c.ahead.Load())).Abs() < leastSkew {
		return false
	}
	c.ahead.Store(int64(ahead))
	return true
}

// leastSkew is the smallest difference between the clocks that is corrected.
const leastSkew = time.Minute

// sts is the service that returns the keys of roles.
var sts = Service{"sts", "sts.aliyuncs.com", "2015-04-01"}

// client returns an SDK client for a service and keys. It does not call the SDK's
// NewClient, because then the linker keeps all of the vendor's sources of credentials.
func (c *Clients) client(service Service, with keys) *sdk.Client {
	client := &sdk.Client{
		Credential: credential{keys: with}, DisableSDKError: tea.Bool(true),
		Endpoint: tea.String(service.Host), Protocol: tea.String("https"),
		UserAgent: tea.String(c.config.UserAgent), HttpClient: c.pool,
	}
	if ahead := time.Duration(c.ahead.Load()); ahead != 0 {
		client.GlobalParameters = &openapi.GlobalParameters{Headers: map[string]*string{
			"x-acs-date": tea.String(delivery.FromNow(ahead).UTC().Format("2006-01-02T15:04:05Z")),
		}}
	}
	at := c.config.Endpoints[service.Name]
	if service == sts {
		at = c.loaded.stsEndpoint
	}
	if u, err := url.Parse(at); err == nil && u.Host != "" {
		client.Endpoint, client.Protocol = tea.String(u.Host), tea.String(u.Scheme)
	} else if at != "" {
		client.Endpoint = tea.String(at)
	}
	// The connection pool uses the proxy. Otherwise the SDK would also look for one, and
	// send the proxy's password to the service.
	client.NoProxy = client.Endpoint
	return client
}

// credential implements the SDK's interface for keys with the only method that the SDK
// calls for a request.
type credential struct {
	credentials.Credential
	keys
}

// GetCredential returns the keys, with the vendor's name for their kind.
func (c credential) GetCredential() (*credentials.CredentialModel, error) {
	kind := "access_key"
	if c.securityToken != "" {
		kind = "sts"
	}
	return &credentials.CredentialModel{AccessKeyId: &c.accessKey, AccessKeySecret: &c.secretKey, SecurityToken: &c.securityToken, Type: &kind}, nil
}

// httpClient implements the SDK's interface for an HTTP client. It ignores the transport that the SDK creates for each request.
type httpClient struct{ delivery.Doer }

// Call sends a request.
func (c httpClient) Call(req *http.Request, _ *http.Transport) (*http.Response, error) {
	return c.Do(req)
}

// withoutQuery removes the query from errors, because it contains all parameters of the
// request.
type withoutQuery struct{ delivery.Doer }

// Do sends req.
func (w withoutQuery) Do(req *http.Request) (*http.Response, error) {
	resp, err := w.Doer.Do(req)
	if failed, ok := errors.AsType[*url.Error](err); ok {
		failed.URL = req.URL.Scheme + "://" + req.URL.Host
	}
	return resp, err
}

// BlockRegion returns the region of the provider block, "" if it has none.
func (c *Clients) BlockRegion() string { return c.config.Region }

// CheckRegion returns an error if the region of the environment or the profile is
// malformed. It reads the profile once. It ignores other errors in the profile; the first
// signal reports them.
func (c *Clients) CheckRegion() error { return c.regionError() }

func (c Config) regionError() error {
	if c.Unknown != "" || c.Region != "" {
		return nil
	}
	var s settings
	if s.region, s.regionFrom = delivery.FirstEnv(regionNames...); s.region == "" {
		_ = c.loadProfile(&s, false) // The first signal reports the error.
	}
	return checkRegion(s.region, s.regionFrom)
}

// Unconfigured reports whether an argument of the provider block is unknown, so that no
// request can be made.
func (c *Clients) Unconfigured() bool { return c.config.Unknown != "" }
