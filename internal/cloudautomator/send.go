package cloudautomator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// trigger has what is needed to run a job: URL and access token.
type trigger struct {
	url         *url.URL
	accessToken string
}

// secrets returns the texts that no message may show.
func (t trigger) secrets() []string {
	secrets := []string{t.accessToken, t.url.RequestURI(), t.url.RawQuery, t.url.EscapedPath(), t.url.Path, path.Base(t.url.EscapedPath()), path.Base(t.url.Path)}
	for _, values := range t.url.Query() {
		secrets = append(secrets, values...)
	}
	return secrets
}

type target struct {
	client *Client
	// args receives trigger_job_id.
	args *args
	// given is the trigger of url or url_wo; nil with job_id.
	given *trigger
	// attribute is the argument with the URL.
	attribute string
}

// Send makes one POST request to the trigger's URL. With job_id it first reads
// the URL, for every attempt, because the URL may have been rotated in the
// meantime.
func (t target) Send(ctx context.Context) delivery.Attempt {
	run := t.given
	if run == nil {
		read, failed := t.read(ctx)
		if failed != nil {
			return *failed
		}
		run = read
	}
	t.client.secrets.Hide(run.secrets()...)
	attempt, id := t.post(ctx, *run)
	if attempt.Outcome == delivery.Accepted {
		t.args.TriggerJobID = id
	}
	return attempt
}

// read reads the trigger of job_id. It changes nothing, so every temporary
// failure is tried again until the timeout.
func (t target) read(ctx context.Context) (*trigger, *delivery.Attempt) {
	watched, wire := delivery.WithRequestTrace(ctx)
	job, err := t.client.Job(watched, t.args.JobID.ValueString())
	if err == nil && job.RuleType != webhook {
		err = &noTriggerError{job.RuleType}
	}
	if err == nil {
		return &trigger{job.URL, job.AccessToken}, nil
	}
	attempt := delivery.Attempt{Outcome: delivery.NotSent, Cause: delivery.Busy}
	if !wire.Connected() {
		attempt = wire.Unsent(err)
	}
	if final := (*noTriggerError)(nil); errors.As(err, &final) {
		attempt.Cause = delivery.Permanent
	}
	if refused := (*APIError)(nil); errors.As(err, &refused) {
		attempt.RetryAfter = refused.RetryAfter
		switch {
		case refused.Status == http.StatusTooManyRequests:
			attempt.Cause = delivery.Throttled
		case missing(err) && t.client.made(t.args.JobID.ValueString()):
			// The job was created in this apply, and the service does not show it
			// yet.
		case !refused.Passing():
			attempt.Cause = delivery.Permanent
		}
	}
	attempt.Err = fmt.Errorf("reading the job: %w", err)
	return nil, &attempt
}

// noTriggerError means that the job has another trigger than the HTTP trigger.
type noTriggerError struct{ ruleType string }

func (e *noTriggerError) Error() string {
	return fmt.Sprintf("its rule_type is \"%s\", not \"%s\", so it has no HTTP trigger", e.ruleType, webhook)
}

// post makes the request that the page of the HTTP trigger documents. It
// returns the trigger_job_id of the answer, cleaned, and null if the attempt
// was not accepted or had none.
func (t target) post(ctx context.Context, run trigger) (delivery.Attempt, types.String) {
	ctx, wire := delivery.WithRequestTrace(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, run.url.String(), http.NoBody)
	if err != nil {
		return wire.Unsent(err), types.StringNull()
	}
	req.Header.Set("Authorization", "CAAuth "+run.accessToken)
	answer, err := t.client.do(req)
	if !wire.Connected() {
		attempt := wire.Unsent(err)
		attempt.Err = err
		return attempt, types.StringNull()
	}
	attempt := delivery.Attempt{Outcome: delivery.Unknown, Status: wire.Status(), Err: err}
	if err != nil {
		return attempt, types.StringNull()
	}
	attempt.RequestID, attempt.RetryAfter = answer.header.Get("X-Request-Id"), answer.retryAfter()
	if id, ok := answer.started(); ok {
		attempt.Outcome = delivery.Accepted
		return attempt, text(t.client.secrets.Text(id))
	}
	attempt.Outcome, attempt.Cause = answer.outcome()
	attempt.Err = answer.refusal()
	return attempt, types.StringNull()
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

// explain returns the advice for the answers of the HTTP trigger and of the job
// API.
func (t target) explain(attempt delivery.Attempt) signal.Advice {
	if attempt.Status == 0 {
		return t.explainRead(attempt.Err)
	}
	attribute := "job_id"
	if t.given != nil {
		attribute = t.attribute
	}
	switch {
	case attempt.Status >= 300 && attempt.Status < 400:
		return signal.Advice{Attribute: attribute, Next: "The provider sends the access token only to the host of the trigger's URL: check the URL."}
	case attempt.Outcome != delivery.Rejected:
		return signal.Advice{}
	case t.given != nil:
		return signal.Advice{
			Attribute: attribute,
			Next: "Check that URL and access token are those on the job's page in the Cloud Automator console. " +
				"The \"Update\" button there replaces both.",
		}
	default:
		return signal.Advice{
			Attribute: attribute,
			Next: "The provider had just read the job's URL and access token. Check in the Cloud Automator console " +
				"whether the job is active, and its effective and expiration dates.",
		}
	}
}

const adviceKey = "Check the API key: api_key in the provider's cloud_automator block, or CLOUD_AUTOMATOR_API_KEY in the environment."

func (t target) explainRead(err error) signal.Advice {
	if final := (*noTriggerError)(nil); errors.As(err, &final) {
		return signal.Advice{Attribute: "job_id", Next: "Check the id: only a job with an HTTP trigger can be run this way."}
	}
	refused := (*APIError)(nil)
	if turnedAway(err) {
		return explainJob(err)
	}
	if !errors.As(err, &refused) || refused.Page {
		return signal.Advice{}
	}
	switch refused.Status {
	case http.StatusUnauthorized:
		return signal.Advice{Next: adviceKey}
	case http.StatusForbidden:
		return signal.Advice{Attribute: "job_id", Next: "The API key may not read this job: use the key of a user who may."}
	case http.StatusNotFound:
		return signal.Advice{Attribute: "job_id", Next: "Check the job's id, and whether the user of the API key can see the job.", Gone: true}
	default:
		return signal.Advice{}
	}
}
