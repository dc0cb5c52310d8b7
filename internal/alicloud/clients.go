package alicloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// Clients hold the configuration, credentials and connections of one provider
// block. Nothing is read or contacted before the first use.
type Clients struct {
	config Config
	pool   httpClient

	// turn holds one token; whoever takes it may use what is below.
	turn    chan struct{}
	loaded  *settings
	machine *machine
	// granted are the keys of the last role, while there are roles.
	granted keys
}

// keys sign requests.
type keys struct {
	accessKey, secretKey, securityToken string
	// expires is zero for keys that do not expire.
	expires time.Time
}

// early is how long before their end keys are replaced.
const early = 3 * time.Minute

// NewClients keeps the configuration for the first use.
func NewClients(config Config) *Clients {
	transport, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		transport = &http.Transport{Proxy: http.ProxyFromEnvironment}
	}
	config.Secrets.Hide(config.SecretKey, config.SecurityToken)
	return &Clients{
		config: config,
		pool:   httpClient{delivery.OwnAnswers{Doer: delivery.Client{Doer: unquoted{delivery.NewHTTPClient(transport.Clone())}, Secrets: config.Secrets}, Service: "Alibaba Cloud", IsOwn: delivery.IsJSONObject}},
		turn:   make(chan struct{}, 1),
	}
}

// Region returns the region to use: the one given, or the provider's when none
// is. It returns an error when there is none.
func (c *Clients) Region(ctx context.Context, given string) (string, error) {
	end, err := c.take(ctx)
	if err != nil {
		return "", err
	}
	defer end()
	s, err := c.load()
	switch region := cmp.Or(given, s.region); {
	case err != nil:
		return "", err
	case region != "":
		return region, nil
	case s.noRegion != nil:
		return "", fmt.Errorf("no Alibaba Cloud region is set here, in the provider's alicloud block or in %s, and the profile could not be asked: %w", regionNames[0], s.noRegion)
	default:
		return "", fmt.Errorf("no Alibaba Cloud region: set region here, region in the provider's alicloud block, %s, or region_id in the profile", regionNames[0])
	}
}

// take waits for the turn, no longer than ctx, and returns what ends it. A turn
// that nobody has needs no wait, so that what follows says what ctx kept it from.
func (c *Clients) take(ctx context.Context) (end func(), err error) {
	end = func() { <-c.turn }
	select {
	case c.turn <- struct{}{}:
		return end, nil
	default:
	}
	select {
	case c.turn <- struct{}{}:
		return end, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// load needs the turn.
func (c *Clients) load() (settings, error) {
	if c.loaded != nil {
		return *c.loaded, nil
	}
	if c.config.Unknown != "" {
		return settings{}, fmt.Errorf("the provider's %s is not known yet: apply what it depends on first", c.config.Unknown)
	}
	s, err := c.config.load()
	if err != nil {
		return settings{}, err
	}
	c.loaded = &s
	return s, nil
}

// keys returns what signs the next request: settled on first use, once for all,
// and replaced only before it expires.
func (c *Clients) keys(ctx context.Context) (keys, error) {
	end, err := c.take(ctx)
	if err != nil {
		return keys{}, err
	}
	defer end()
	s, err := c.load()
	if err != nil {
		return keys{}, err
	}
	if len(s.roles) > 0 && c.granted.accessKey != "" && delivery.Until(c.granted.expires) > early {
		return c.granted, nil
	}
	with := s.keys
	if s.machine {
		if c.machine == nil {
			c.machine = newMachine(s.ecsRole)
		}
		if with, err = c.machine.keys(ctx); err != nil {
			return keys{}, err
		}
	}
	for _, role := range s.roles {
		if with, err = c.assume(ctx, with, role); err != nil {
			return keys{}, err
		}
	}
	c.granted = with
	c.config.Secrets.Hide(with.secretKey, with.securityToken)
	return with, nil
}

// defaultEndpoints serve all regions.
var defaultEndpoints = map[string]string{"ros": "ros.aliyuncs.com", "sts": "sts.aliyuncs.com"}

// client is the configuration of an SDK client of a service that signs with some keys.
func (c *Clients) client(service string, with keys) *openapi.Config {
	config := &openapi.Config{
		AccessKeyId: tea.String(with.accessKey), AccessKeySecret: tea.String(with.secretKey),
		Endpoint: tea.String(defaultEndpoints[service]), Protocol: tea.String("https"),
		UserAgent: tea.String(c.config.UserAgent), HttpClient: c.pool,
	}
	if with.securityToken != "" {
		config.SecurityToken = tea.String(with.securityToken)
	}
	if u, err := url.Parse(c.config.Endpoints[service]); err == nil && u.Host != "" {
		config.Endpoint, config.Protocol = tea.String(u.Host), tea.String(u.Scheme)
	}
	// The pool knows about proxies. Left to itself the SDK would look for one, too,
	// and send its password on to the service.
	config.NoProxy = config.Endpoint
	return config
}

// httpClient is how the SDK wants its connections; the transport that it makes
// for each request goes unused.
type httpClient struct{ delivery.Doer }

// Call sends a request.
func (c httpClient) Call(req *http.Request, _ *http.Transport) (*http.Response, error) {
	return c.Do(req)
}

// unquoted leaves the query, in which all parameters are, out of its errors.
type unquoted struct{ delivery.Doer }

// Do sends req.
func (u unquoted) Do(req *http.Request) (*http.Response, error) {
	resp, err := u.Doer.Do(req)
	if failed := (*url.Error)(nil); errors.As(err, &failed) {
		failed.URL = req.URL.Scheme + "://" + req.URL.Host
	}
	return resp, err
}

// BlockRegion is the region that the provider block says, "" when it says none.
func (c *Clients) BlockRegion() string { return c.config.Region }

// Unconfigured reports whether the value of an argument of the provider block is
// not known yet, so that nothing can be asked.
func (c *Clients) Unconfigured() bool { return c.config.Unknown != "" }
