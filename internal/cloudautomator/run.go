package cloudautomator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// Trigger has what is needed to run a job: URL and access token.
type Trigger struct {
	URL         *url.URL
	AccessToken string
}

// secrets returns the texts that no message may show.
func (t Trigger) secrets() []string {
	secrets := []string{t.AccessToken, t.URL.RequestURI(), t.URL.RawQuery, t.URL.EscapedPath(), t.URL.Path, path.Base(t.URL.EscapedPath()), path.Base(t.URL.Path)}
	for _, values := range t.URL.Query() {
		secrets = append(secrets, values...)
	}
	return secrets
}

// Trigger returns what runs the job. The job must have an HTTP trigger.
func (j Job) Trigger() Trigger { return Trigger{URL: j.URL, AccessToken: j.AccessToken} }

// Hide keeps what runs a job from being shown.
func (c *Client) Hide(job Trigger) { c.secrets.Hide(job.secrets()...) }

// Run makes the request that the page of the HTTP trigger documents, one attempt. id is
// the trigger_job_id of the answer, fit to be shown; "" unless the attempt was accepted
// and the answer has one.
func (c *Client) Run(ctx context.Context, job Trigger) (attempt delivery.Attempt, id string) {
	ctx, wire := delivery.WithRequestTrace(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, job.URL.String(), http.NoBody)
	if err != nil {
		return wire.Attempt(err), ""
	}
	req.Header.Set("Authorization", "CAAuth "+job.AccessToken)
	answer, err := c.do(req)
	if attempt = wire.Attempt(err); err != nil {
		attempt.Err = err
		return attempt, ""
	}
	attempt.RequestID, attempt.RetryAfter = answer.header.Get("X-Request-Id"), answer.retryAfter()
	if id, ok := answer.started(); ok {
		attempt.Outcome = delivery.Accepted
		return attempt, c.secrets.Text(id)
	}
	attempt.Outcome, attempt.Cause = answer.outcome()
	attempt.Err = answer.refusal()
	return attempt, ""
}

// started reports whether the answer says that the job has started, and the id
// it gives, "" when it gives none: a number in the document's example.
func (a answer) started() (id string, started bool) {
	var said struct {
		Result       string          `json:"result"`
		TriggerJobID json.RawMessage `json:"trigger_job_id"`
	}
	if a.status != http.StatusOK || json.Unmarshal(a.body, &said) != nil || said.Result != "ok" {
		return "", false
	}
	var number json.Number
	switch {
	case json.Unmarshal(said.TriggerJobID, &id) == nil && id != "":
		return id, true
	case json.Unmarshal(said.TriggerJobID, &number) == nil:
		return number.String(), true
	default:
		return "", true
	}
}

// outcome classifies an answer that does not say that the job has started.
//
// The documentation of the trigger has 404, 500 and 503. It says that the job
// has not started after any of them, and to try again after 500 and 503. This
// does not hold for a web page: a proxy may have sent it after the trigger had
// started the job, and another request would run the job twice. A web page with
// 404 does no harm, because a rejection is not retried. 429 means by definition
// that the request was not processed (RFC 6585). The documentation does not say
// whether a 5xx concerns one job or all jobs, so a 5xx does not slow down other
// signals.
func (a answer) outcome() (delivery.Outcome, delivery.Cause) {
	switch {
	case a.status == http.StatusTooManyRequests:
		return delivery.NotSent, delivery.Throttled
	case a.status == http.StatusNotFound:
		return delivery.Rejected, 0
	case a.page():
		return delivery.Unknown, 0
	case a.status == http.StatusInternalServerError, a.status == http.StatusServiceUnavailable:
		return delivery.NotSent, delivery.Busy
	case a.status >= 400 && a.status < 500:
		return delivery.Rejected, 0
	default:
		return delivery.Unknown, 0
	}
}

// refusal returns the answer as an error.
func (a answer) refusal() error {
	switch said := a.said(); {
	case a.status >= 300 && a.status < 400:
		return errors.New("it answered with a redirect, which is not followed")
	case a.page():
		return errors.New("it answered with a web page; a proxy may have answered in its place")
	case a.status == http.StatusOK && said == "":
		return errors.New("it answered without saying that the job has started")
	case a.status == http.StatusOK:
		return fmt.Errorf("it answered without saying that the job has started: \"%s\"", said)
	case said == "":
		return errors.New("it answered without giving a reason")
	default:
		return fmt.Errorf("it answered \"%s\"", said)
	}
}

// ExplainRun returns the advice for an attempt to run a job whose URL and access token
// were read just before; "" if there is none.
func ExplainRun(attempt delivery.Attempt) string {
	switch {
	case attempt.Status >= 300 && attempt.Status < 400:
		return "The provider sends the access token only to the host of the trigger's URL: check the URL."
	case attempt.Outcome == delivery.Rejected:
		return "The provider had just read the job's URL and access token. Check in the Cloud Automator console " +
			"whether the job is active, and its effective and expiration dates."
	default:
		return ""
	}
}

// HowToCheckRun tells a user how to find out whether a job was run.
const HowToCheckRun = "To find out, look at the execution log on the job's page in the Cloud Automator console."
