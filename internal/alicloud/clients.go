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

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// Clients hold the configuration, credentials and connections of one provider
// block. Nothing is read or contacted before the first use.
type Clients struct {
	config Config
	pool   httpClient
	// direct asks those who give keys in plain text.
	direct delivery.Doer

	// plannedRegion is what is wrong with the region before anything is loaded.
	plannedRegion func() error

	// turn holds one token; whoever takes it may use what is below.
	turn   chan struct{}
	loaded *settings
	// told are the services that the log was told of.
	told map[Service]bool
	// granted are the keys that sign, and renewal when to ask for others.
	granted keys
	renewal time.Time
	// replacing is set once a service has called the last keys expired; replacement is
	// the access key of those that came in their place, until a service has taken them.
	replacing   bool
	replacement string

	// ahead is by how much the service's clock is ahead of this machine's, a
	// time.Duration; 0 until a service has refused a signature for its time.
	ahead atomic.Int64
}

// keys sign requests.
type keys struct {
	accessKey, secretKey, securityToken string
	// expires is zero for keys that do not expire.
	expires time.Time
	// lasts is for how long they were asked for, 0 where nobody asked.
	lasts time.Duration
}

const (
	// longestEarly is how long before their end keys are renewed at the earliest.
	longestEarly = 5 * time.Minute
	// renewalPause is how long keys that still hold are used after renewing them failed.
	renewalPause = 10 * time.Second
)

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
		direct: newDirect(config.Secrets),

		plannedRegion: sync.OnceValue(config.plannedRegion),
		turn:          make(chan struct{}, 1),
		told:          map[Service]bool{},
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

// keys returns what signs the next request: settled on first use, once for all, and
// renewed before it ends. While that fails, those that still hold are used.
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
	if c.granted.accessKey != "" && (c.renewal.IsZero() || delivery.Until(c.renewal) > 0) {
		return c.granted, nil
	}
	found, err := c.retrieve(ctx, s)
	if err != nil {
		left := delivery.Until(c.granted.expires)
		if c.granted.accessKey == "" || left <= 0 {
			return keys{}, err
		}
		c.renewal = c.granted.expires.Add(min(renewalPause, left) - left)
		return c.granted, nil
	}
	if c.replacing {
		c.replacing, c.replacement = false, found.accessKey
	}
	c.granted, c.renewal = found, time.Time{}
	if !found.expires.IsZero() {
		c.renewal = found.expires.Add(-min(longestEarly, cmp.Or(found.lasts, max(0, delivery.Until(found.expires)))/3))
	}
	return found, nil
}

// tell has the log told of a service that is used first.
func (c *Clients) tell(ctx context.Context, service Service) {
	end, err := c.take(ctx)
	if err != nil {
		return
	}
	defer end()
	s, err := c.load()
	if err != nil || c.told[service] {
		return
	}
	c.told[service] = true
	c.config.Log.Made(ctx, delivery.ClientMade{Service: service.Name, Credentials: s.from(), Endpoint: cmp.Or(c.config.Endpoints[service.Name], service.Host), Region: s.region})
}

// retrieve needs the turn.
func (c *Clients) retrieve(ctx context.Context, s settings) (keys, error) {
	with, err := s.source.retrieve(ctx, c)
	if err != nil {
		return keys{}, err
	}
	c.config.Secrets.Hide(with.secretKey, with.securityToken)
	if err := with.check(s.source.String()); err != nil {
		return keys{}, err
	}
	for _, role := range s.roles {
		if with, err = c.assume(ctx, with, role); err != nil {
			return keys{}, err
		}
		c.config.Secrets.Hide(with.secretKey, with.securityToken)
		if err := with.check("the session of the role " + role.RoleARN); err != nil {
			return keys{}, err
		}
	}
	return with, nil
}

// expired notes that a service called some keys expired, and reports whether there may
// be others. Those that came in the place of expired ones, and that no service has taken
// since, are not replaced again.
func (c *Clients) expired(ctx context.Context, with keys) bool {
	end, err := c.take(ctx)
	if err != nil {
		return false
	}
	defer end()
	switch {
	case c.granted != with:
		return true // They have been replaced since.
	case c.replacement == with.accessKey, len(c.loaded.roles) == 0 && !c.loaded.source.renews():
		return false
	}
	c.granted, c.replacing = keys{}, true
	return true
}

// taken notes that a service took some keys.
func (c *Clients) taken(ctx context.Context, with keys) {
	if end, err := c.take(ctx); err == nil {
		defer end()
		if c.replacement == with.accessKey {
			c.replacement = ""
		}
	}
}

// correct notes what a service that refused a signature for its time told of its clock,
// and reports whether another attempt may have the right time.
func (c *Clients) correct(ctx context.Context, clock delivery.ServerClock) bool {
	ahead, told := clock.Ahead()
	end, err := c.take(ctx)
	if err != nil || !told {
		return false
	}
	defer end()
	if (ahead - time.Duration(c.ahead.Load())).Abs() < leastSkew {
		return false
	}
	c.ahead.Store(int64(ahead))
	return true
}

// leastSkew is by how much a clock has to be wrong to be corrected.
const leastSkew = time.Minute

// sts gives sessions of roles.
var sts = Service{"sts", "sts.aliyuncs.com"}

// client is the configuration of an SDK client of a service that signs with some keys.
func (c *Clients) client(service Service, with keys) *openapi.Config {
	config := &openapi.Config{
		AccessKeyId: tea.String(with.accessKey), AccessKeySecret: tea.String(with.secretKey),
		Endpoint: tea.String(service.Host), Protocol: tea.String("https"),
		UserAgent: tea.String(c.config.UserAgent), HttpClient: c.pool,
	}
	if ahead := time.Duration(c.ahead.Load()); ahead != 0 {
		config.GlobalParameters = &openapi.GlobalParameters{Headers: map[string]*string{
			"x-acs-date": tea.String(delivery.In(ahead).UTC().Format("2006-01-02T15:04:05Z")),
		}}
	}
	if with.securityToken != "" {
		config.SecurityToken = tea.String(with.securityToken)
	}
	at := c.config.Endpoints[service.Name]
	if service == sts {
		at = c.loaded.stsEndpoint
	}
	if u, err := url.Parse(at); err == nil && u.Host != "" {
		config.Endpoint, config.Protocol = tea.String(u.Host), tea.String(u.Scheme)
	} else if at != "" {
		config.Endpoint = tea.String(at)
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

// CheckRegion returns an error where the environment or the profile says a region that
// is none. It reads the profile once, and leaves what else is wrong with it to the first signal.
func (c *Clients) CheckRegion(context.Context) error { return c.plannedRegion() }

func (c Config) plannedRegion() error {
	if c.Unknown != "" || c.Region != "" {
		return nil
	}
	var s settings
	if s.region, s.regionFrom = variable(regionNames); s.region == "" {
		_ = c.loadProfile(&s, false) // The first signal says why.
	}
	return checkRegion(s.region, s.regionFrom)
}

// Unconfigured reports whether the value of an argument of the provider block is
// not known yet, so that nothing can be asked.
func (c *Clients) Unconfigured() bool { return c.config.Unknown != "" }
