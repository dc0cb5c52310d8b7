// Package cloudautomator is Cloud Automator's job API and HTTP triggers: the user's
// configuration, the requests, and what the answers mean.
package cloudautomator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// Service is the service's name.
const Service = "Cloud Automator"

// DefaultEndpoint is the base URL of the job API.
const DefaultEndpoint = "https://manager.cloudautomator.com/api/v1/"

// Config is the user's configuration for Cloud Automator. Empty fields come
// from the environment or are defaults.
type Config struct {
	// APIKey is the key of the job API. Triggers do not need it.
	APIKey string
	// Endpoint is the base URL of the job API, with or without a final slash.
	Endpoint string
	// UserAgent is sent with every request.
	UserAgent string
	// Secrets learns the secrets, so that they are removed from messages.
	Secrets *delivery.Redactor
	// Log learns of the client of the job API when it is used first.
	Log delivery.Log
	// Unknown is the name of an argument whose value is not known yet, "" if there is
	// none.
	Unknown string
}

// Client makes the requests of one provider block. All requests share one
// connection pool. Before the first use it makes no requests.
type Client struct {
	// Unknown is the name of an argument whose value is not known yet, so that the
	// job API cannot be called; "" if there is none.
	Unknown string

	userAgent string
	secrets   *delivery.Redactor
	log       delivery.Log
	logged    sync.Once
	doer      func() delivery.Doer
	api       func() (api, error)
	// Owned are the jobs that resources of this provider have. Made are the jobs that this
	// provider process has created: the service may not show them yet.
	Owned, Made IDs
}

// IDs is a set of ids of jobs.
type IDs struct{ ids sync.Map }

// Add adds a job.
func (s *IDs) Add(id string) { s.ids.Store(id, true) }

// Has reports whether a job is in the set.
func (s *IDs) Has(id string) bool {
	_, has := s.ids.Load(id)
	return has
}

// Host returns the host of the job API.
func (c *Client) Host() (string, error) {
	api, err := c.api()
	if err != nil {
		return "", err
	}
	return api.endpoint.Host, nil
}

// api has the address and the key of the job API.
type api struct {
	endpoint *url.URL
	key      string
	// from says where the key comes from, and at where the endpoint does.
	from, at string
}

// NewClient stores the configuration for the first use.
func NewClient(config Config) *Client {
	return &Client{
		Unknown:   config.Unknown,
		userAgent: config.UserAgent,
		secrets:   config.Secrets,
		log:       config.Log,
		doer: sync.OnceValue(func() delivery.Doer {
			return delivery.OwnAnswers{
				Doer:    delivery.Client{Doer: delivery.NewHTTPClient(http.DefaultTransport.(*http.Transport).Clone()), Secrets: config.Secrets},
				Service: Service,
				// The formats of the service's errors are not documented.
				IsOwn: func([]byte) bool { return true },
			}
		}),
		api: sync.OnceValues(config.load),
	}
}

func (c Config) load() (api, error) {
	if c.Unknown != "" {
		return api{}, delivery.UnknownValueError(c.Unknown)
	}
	key, from := c.APIKey, "api_key in the provider's cloud_automator block"
	if key == "" {
		key, from = delivery.FirstEnv("CLOUD_AUTOMATOR_API_KEY", "CLOUDAUTOMATOR_API_KEY")
	}
	if key == "" {
		return api{}, errors.New("there is no Cloud Automator API key: set api_key in the provider's cloud_automator block, or CLOUD_AUTOMATOR_API_KEY in the environment")
	}
	if err := delivery.CheckBearerToken("the Cloud Automator API key from "+from, key); err != nil {
		return api{}, err
	}
	address, at := c.Endpoint, "endpoint in the provider's cloud_automator block, in place of CLOUD_AUTOMATOR_API_ENDPOINT"
	if address == "" {
		address, at = os.Getenv("CLOUD_AUTOMATOR_API_ENDPOINT"), "CLOUD_AUTOMATOR_API_ENDPOINT in the environment"
	}
	if address == "" {
		address, at = DefaultEndpoint, "the default, in place of endpoint in the provider's cloud_automator block and of CLOUD_AUTOMATOR_API_ENDPOINT"
	}
	endpoint, err := url.Parse(address)
	if err != nil || !Confidential(endpoint) || endpoint.User != nil {
		// The error of url.Parse would show a password in the URL.
		return api{}, errors.New("the endpoint of Cloud Automator must be an https URL without user, or an http URL of this machine: " +
			"check endpoint in the provider's cloud_automator block, or CLOUD_AUTOMATOR_API_ENDPOINT in the environment")
	}
	return api{endpoint, key, from, at}, nil
}

// call makes one request to the job API. It sends in as JSON, unless in is nil,
// and decodes the answer into out, unless out is nil. It returns *APIError for
// any answer except success.
func (c *Client) call(ctx context.Context, method, path string, query url.Values, in, out any) error {
	api, err := c.api()
	if err != nil {
		return err
	}
	c.logged.Do(func() {
		c.log.ClientMade(ctx, delivery.ClientInfo{Service: "cloud_automator", Credentials: api.from, Endpoint: api.endpoint.String()})
	})
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	at := api.endpoint.JoinPath(path)
	at.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, method, at.String(), body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+api.key)
	req.Header.Set("Content-Type", "application/json")
	answer, err := c.do(req)
	if err != nil {
		return err
	}
	refusal := c.refusal(answer.status)
	refusal.All, refusal.Page, refusal.RequestID, refusal.RetryAfter = path == allJobs, answer.page(), answer.header.Get("X-Request-Id"), answer.retryAfter()
	switch {
	case answer.status < 200 || answer.status > 299:
		c.secrets.Hide(answer.credentials()...)
		refusal.Said = answer.said()
		return refusal
	case refusal.Page:
		return refusal
	case out != nil && json.Unmarshal(answer.body, out) != nil:
		// The text of such an answer may be a secret, so the error does not show it.
		return refusal
	}
	return nil
}

// refusal returns the error for an answer that is not the expected one.
func (c *Client) refusal(status int) *APIError {
	return &APIError{Status: status, Endpoint: c.Endpoint()}
}

// Endpoint says which endpoint the job API has, and where it is configured.
func (c *Client) Endpoint() string {
	api, err := c.api()
	if err != nil {
		return "the endpoint of the job API"
	}
	return fmt.Sprintf("the endpoint %s (%s)", api.endpoint, api.at)
}

// APIError is an answer of the job API that is not the expected one.
type APIError struct {
	// Status is the answer's HTTP status. If it is 2xx, the body could not be
	// decoded.
	Status int
	// Said are the words found in the answer, whose format is not documented; "" when
	// there are none. They are not fit to be shown before they went through a delivery.Redactor.
	Said string
	// Page is set if the answer is a web page.
	Page bool
	// All is set if the request was to the list of jobs, and not to one job.
	All bool
	// Endpoint says which endpoint the request went to, and where it is configured.
	Endpoint string
	// RequestID is the service's id of the request, "" if the answer had none.
	RequestID string
	// RetryAfter is how long the service asked the client to wait, 0 if it did not
	// say.
	RetryAfter time.Duration
}

func (e *APIError) Error() string {
	words := fmt.Sprintf("the job API answered HTTP %d", e.Status)
	switch {
	case e.Page:
		return words + " with a web page; a proxy may have answered in its place"
	case e.Said != "":
		return words + `: "` + e.Said + `"`
	case e.Status >= 200 && e.Status <= 299:
		return words + " with a body that is not a JSON:API document"
	default:
		return words + " and gave no reason"
	}
}

// IsTransient reports whether the same request may succeed later.
func (e *APIError) IsTransient() bool {
	return delivery.IsTransientStatus(e.Status)
}

// do makes one request and reads its answer whole. Its errors leave out the
// URL, which net/http puts into all of them.
func (c *Client) do(req *http.Request) (answer, error) {
	req.Header.Set("User-Agent", c.userAgent)
	resp, err := c.doer().Do(req)
	if err != nil {
		return answer{}, delivery.WithoutURL(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, err
	}
	return answer{resp.StatusCode, resp.Header, bytes.TrimPrefix(body, []byte("\ufeff"))}, nil
}

// jobID matches what can be part of a request's path. The format of ids is not
// documented. It is compiled at once, because this package does not know signal.Matches.
var jobID = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// JobID checks the id of a job.
var JobID = stringvalidator.RegexMatches(jobID, "must be the id of a job: letters, digits, - and _")

// IsJobID reports whether an id can be that of a job.
func IsJobID(id string) bool { return jobID.MatchString(id) }

// Confidential reports whether nobody between this machine and the host of u
// can read a secret that is sent to u: the scheme is https, or the host is this
// machine.
func Confidential(u *url.URL) bool {
	switch u.Scheme {
	case "https":
		return u.Hostname() != ""
	case "http":
		return delivery.IsLoopback(u.Hostname())
	default:
		return false
	}
}
