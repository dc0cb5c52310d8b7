package cloudautomator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// Webhook is the rule_type of jobs with an HTTP trigger.
const Webhook = "webhook"

// Job is a job as the job API returns it.
type Job struct {
	ID string
	// RuleType is the kind of the job's trigger; "webhook" is an HTTP trigger.
	RuleType string
	// URL and AccessToken run the job. They are set only if RuleType is webhook.
	URL         *url.URL
	AccessToken string
	// TimeZone is the time zone of the trigger, "" if the answer has none.
	TimeZone string
	// Attributes are all attributes of the job.
	Attributes json.RawMessage
	// Settings are decoded from them; empty if they are not in the documented form, which
	// a signal does not need.
	Settings   Settings
	Unreadable bool
}

// Settings are the attributes of a job that belong to arguments of the
// resource.
type Settings struct {
	Name                     string          `json:"name"`
	Active                   bool            `json:"active"`
	GroupID                  Number          `json:"group_id"`
	AWSAccountID             *Number         `json:"aws_account_id"`
	AWSAccountIDs            []Number        `json:"aws_account_ids"`
	GoogleCloudAccountID     *Number         `json:"google_cloud_account_id"`
	ActionType               string          `json:"action_type"`
	ActionValue              json.RawMessage `json:"action_value"`
	AllowRuntimeActionValues *bool           `json:"allow_runtime_action_values"`
	ForWorkflow              *bool           `json:"for_workflow"`
	EffectiveDate            string          `json:"effective_date"`
	ExpirationDate           string          `json:"expiration_date"`
	CompletedPostProcessID   []Number        `json:"completed_post_process_id"`
	FailedPostProcessID      []Number        `json:"failed_post_process_id"`
	CreatedAt                string          `json:"created_at"`
	UpdatedAt                string          `json:"updated_at"`
}

// Number is an id that the job API returns as a number or as a string.
type Number int64

// UnmarshalJSON reads a number, with or without quotes.
func (n *Number) UnmarshalJSON(text []byte) error {
	value, err := strconv.ParseInt(strings.Trim(string(text), `"`), 10, 64)
	*n = Number(value)
	return err
}

// object is a resource of a JSON:API document.
type object struct {
	ID         Identifier      `json:"id"`
	Attributes json.RawMessage `json:"attributes"`
}

// Identifier is an id that the job API returns as a string, as documented, or
// as a number. An id that cannot be part of a request's path is treated as
// missing.
type Identifier string

// UnmarshalJSON reads an id, with or without quotes, and refuses what cannot be one.
func (i *Identifier) UnmarshalJSON(text []byte) error {
	id, err := string(text), error(nil)
	if text[0] == '"' {
		err = json.Unmarshal(text, &id)
	}
	if err != nil || id == "null" || !jobID.MatchString(id) {
		return errors.New("no id of a job")
	}
	*i = Identifier(id)
	return nil
}

type document struct {
	Data object `json:"data"`
}

// ParseJob makes a Job of the attributes that an answer has of it. URL and access token
// may be missing.
func (c *Client) ParseJob(id string, attributes json.RawMessage) (Job, error) {
	var found struct {
		RuleType  string          `json:"rule_type"`
		RuleValue json.RawMessage `json:"rule_value"`
	}
	if json.Unmarshal(attributes, &found) != nil {
		return Job{}, errors.New("the job API answered without the attributes of a job")
	}
	job := Job{ID: id, RuleType: found.RuleType, Attributes: attributes}
	if json.Unmarshal(attributes, &job.Settings) != nil {
		job.Settings, job.Unreadable = Settings{}, true
	}
	if job.RuleType != Webhook {
		return job, nil
	}
	var rule struct {
		Token       string `json:"token"`
		AccessToken string `json:"access_token"`
		TimeZone    string `json:"time_zone"`
	}
	if json.Unmarshal(found.RuleValue, &rule) != nil || rule.Token == "" || !delivery.BearerTokenPattern().MatchString(rule.AccessToken) {
		return job, nil
	}
	api, err := c.api()
	if err != nil {
		return job, err
	}
	job.URL = api.endpoint.JoinPath("/").ResolveReference(&url.URL{Path: "/trigger/" + rule.Token})
	job.AccessToken, job.TimeZone = rule.AccessToken, rule.TimeZone
	return job, nil
}

// Job reads a job. It returns *APIError for any answer except success, and
// other errors for a job that cannot be decoded completely.
func (c *Client) Job(ctx context.Context, id string) (Job, error) {
	job, err := c.one(ctx, http.MethodGet, jobPath(id), nil)
	job.ID = id
	if err == nil && job.RuleType == Webhook && job.URL == nil {
		err = errors.New("the job API answered without the URL and access token of the job's HTTP trigger")
	}
	return job, err
}

// one makes a request whose answer has one job. It keeps what runs the job from being shown.
func (c *Client) one(ctx context.Context, method, path string, in any) (Job, error) {
	var found document
	if err := c.call(ctx, method, path, nil, in, &found); err != nil {
		return Job{}, err
	}
	if found.Data.Attributes == nil {
		return Job{}, c.refusal(http.StatusOK)
	}
	job, err := c.ParseJob(string(found.Data.ID), found.Data.Attributes)
	if job.URL != nil {
		c.Hide(job.Trigger())
	}
	return job, err
}

// allJobs is the path of the list of jobs. A creation is a request to it, too.
const allJobs = "jobs"

// noJobID returns the error for an id that would make the path of another request.
func noJobID(id string) error { return fmt.Errorf("%q is not the id of a job", id) }

func jobPath(id string) string { return allJobs + "/" + url.PathEscape(id) }

// jobsOnPage is how many jobs one request lists.
const jobsOnPage = 100

// JobList reads all jobs that the API key can see, page by page.
type JobList struct {
	// Jobs are the jobs on the pages that were read. A job that moves to the next page
	// meanwhile is there once. A job whose attributes cannot be decoded has only its id.
	Jobs []Job
	// Done says that the last page was read.
	Done bool

	client *Client
	// page is the query of the next page, and seen are those of all pages up to it.
	page url.Values
	seen map[string]bool
}

// Jobs returns the list of jobs, of which nothing is read yet.
func (c *Client) Jobs() *JobList {
	first := url.Values{"page[number]": {"1"}, "page[size]": {strconv.Itoa(jobsOnPage)}}
	return &JobList{client: c, page: first, seen: map[string]bool{first.Encode(): true}}
}

// ReadPage reads the next page. After an error it reads the same page again.
func (l *JobList) ReadPage(ctx context.Context) error {
	var page struct {
		Data  []json.RawMessage `json:"data"`
		Links struct {
			Next *string `json:"next"`
		} `json:"links"`
	}
	if err := l.client.call(ctx, http.MethodGet, allJobs, l.page, nil, &page); err != nil {
		return err
	}
	if page.Data == nil {
		answer := l.client.refusal(http.StatusOK)
		answer.All = true
		return answer
	}
	var next url.Values
	if link := page.Links.Next; link != nil && *link != "" {
		// Use only the query of the link, so that the API key is sent only to the
		// endpoint's host.
		at, err := url.Parse(*link)
		if err != nil || l.seen[at.Query().Encode()] {
			return errors.New("the job API answered with a link to the next page of jobs that cannot be followed")
		}
		next = at.Query()
		l.seen[next.Encode()] = true
	}
	for _, entry := range page.Data {
		var one object
		if json.Unmarshal(entry, &one) != nil {
			continue // A job without an id belongs to no state.
		}
		job, err := l.client.ParseJob(string(one.ID), one.Attributes)
		if err != nil {
			job = Job{ID: string(one.ID), Unreadable: true}
		}
		if at := slices.IndexFunc(l.Jobs, func(j Job) bool { return j.ID == job.ID }); at >= 0 {
			l.Jobs[at] = job
			continue
		}
		l.Jobs = append(l.Jobs, job)
	}
	l.page, l.Done = next, next == nil
	return nil
}

// CreateJob creates a job with the settings in body.
func (c *Client) CreateJob(ctx context.Context, body map[string]any) (Job, error) {
	return c.write(ctx, http.MethodPost, allJobs, body)
}

// UpdateJob changes those settings of a job that are in body.
func (c *Client) UpdateJob(ctx context.Context, id string, body map[string]any) (Job, error) {
	if !IsJobID(id) {
		return Job{}, noJobID(id)
	}
	return c.write(ctx, http.MethodPatch, jobPath(id), body)
}

func (c *Client) write(ctx context.Context, method, path string, body map[string]any) (Job, error) {
	job, err := c.one(ctx, method, path, body)
	if err == nil && job.ID == "" {
		err = c.refusal(http.StatusOK)
	}
	return job, err
}

// DeleteJob removes a job.
func (c *Client) DeleteJob(ctx context.Context, id string) error {
	if !IsJobID(id) {
		return noJobID(id)
	}
	return c.call(ctx, http.MethodDelete, jobPath(id), nil, nil, nil)
}

// RateLimit returns the name of the rate limiter for requests to the job API.
func (c *Client) RateLimit() string {
	host, _ := c.Host()
	return RateLimit(host)
}

// RateLimit returns the name of the rate limiter for requests to a host.
func RateLimit(host string) string { return "cloudautomator/" + host }

// Attempt makes one request to the job API and returns it as an attempt.
func Attempt[T any](ctx context.Context, request func(context.Context) (T, error)) (T, delivery.Attempt) {
	ctx, wire := delivery.WithRequestTrace(ctx)
	answer, err := request(ctx)
	if err == nil {
		return answer, delivery.Attempt{Outcome: delivery.Accepted}
	}
	attempt := wire.Attempt(err)
	refused, is := errors.AsType[*APIError](err)
	if attempt.Outcome == delivery.NotSent || !is {
		return answer, attempt
	}
	// The error text already has the status.
	attempt.Status, attempt.RequestID, attempt.RetryAfter = 0, refused.RequestID, refused.RetryAfter
	switch {
	case refused.Status == http.StatusTooManyRequests:
		attempt.Outcome, attempt.Cause = delivery.NotSent, delivery.Throttled
	case refused.Status >= 400 && !refused.Page && !refused.IsTransient():
		attempt.Outcome = delivery.Rejected
	}
	return answer, attempt
}

// ShownBefore reports whether a job is shown as it was before another answer
// about it.
func (j Job) ShownBefore(answered Job) bool {
	shown, is := ParseTime(j.Settings.UpdatedAt)
	said, was := ParseTime(answered.Settings.UpdatedAt)
	return is && was && shown.Before(said)
}

// Path returns the path of the URL that runs the job, "" if there is none.
func (j Job) Path() string {
	if j.URL == nil {
		return ""
	}
	return j.URL.Path
}

// ParseTime parses a time of the job API.
func ParseTime(text string) (time.Time, bool) {
	at, err := time.Parse(time.RFC3339, text)
	return at, err == nil
}

// NoTriggerError means that the job has another trigger than the HTTP trigger.
type NoTriggerError struct{ RuleType string }

func (e *NoTriggerError) Error() string {
	return fmt.Sprintf("its rule_type is \"%s\", not \"%s\", so it has no HTTP trigger", e.RuleType, Webhook)
}

// ErrUnreadable is the error for a job whose attributes cannot be decoded. The decoding
// error could show a secret.
var ErrUnreadable = errors.New("the job API answered with attributes that are not in the documented form")

// refused returns the job API's answer in an error; a zero one if there is none.
func refused(err error) APIError {
	if found, is := errors.AsType[*APIError](err); is {
		return *found
	}
	return APIError{}
}

// NotFound reports whether the service says that a job does not exist. A web
// page with 404 does not count, because a proxy may have sent it. Nor does a 404
// for the list of jobs, which every job API has.
func NotFound(err error) bool {
	at := refused(err)
	return at.Status == http.StatusNotFound && !at.Page && !at.All
}

// NotFoundPage reports whether a web page has the status 404. The service or a
// proxy may have sent it.
func NotFoundPage(err error) bool {
	at := refused(err)
	return at.Status == http.StatusNotFound && at.Page
}

// TurnedAway reports whether a web page says that the request was refused.
// Whoever has sent the page, the request had no effect.
func TurnedAway(err error) bool {
	at := refused(err)
	return at.Page && at.Status >= 400 && at.Status < 500 && !at.IsTransient()
}

// Explain returns the advice for an answer of the job API; "" if there is none.
func Explain(err error) string {
	answer := refused(err)
	switch {
	case NotFoundPage(err):
		return "Check " + answer.Endpoint + ", and proxies between it and this machine. If you know that the job no longer exists, run \"terraform state rm\" on the resource."
	case TurnedAway(err):
		return "Check " + answer.Endpoint + ", the API key, and proxies between the endpoint and this machine."
	case answer.Page:
		return ""
	case answer.All && answer.Status == http.StatusNotFound, answer.Status == http.StatusMethodNotAllowed, answer.Status >= 200 && answer.Status <= 299:
		return "There may be no job API at this address: check " + answer.Endpoint + "."
	}
	switch answer.Status {
	case http.StatusUnauthorized:
		return "Check the API key, api_key in the provider's cloud_automator block or CLOUD_AUTOMATOR_API_KEY in the environment, and " + answer.Endpoint + "."
	case http.StatusForbidden:
		return "The API key may not do this: use the key of a user who may."
	case http.StatusNotFound:
		return "Check the job's id, whether the user of the API key can see the job, and " + answer.Endpoint + "."
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return "The service checks what a job of this action_type needs, such as its account arguments and the members of its action_value: correct what the message names."
	default:
		return ""
	}
}
