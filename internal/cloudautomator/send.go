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

// trigger is all it takes to run a job.
type trigger struct {
	url         *url.URL
	accessToken string
}

// secrets are what must not be shown, whoever puts it into words.
func (t trigger) secrets() []string {
	secrets := []string{t.accessToken, t.url.RequestURI(), t.url.RawQuery, t.url.EscapedPath(), t.url.Path, path.Base(t.url.EscapedPath()), path.Base(t.url.Path)}
	for _, values := range t.url.Query() {
		secrets = append(secrets, values...)
	}
	return secrets
}

type target struct {
	client *Client
	// args gets trigger_job_id.
	args *args
	// given is the trigger of url or url_wo, nil with job_id.
	given *trigger
	// attribute is the argument that gave it.
	attribute string
}

// Send makes one POST request to the trigger's URL. With job_id it reads the
// URL first, and again for every attempt: it may have been rotated meanwhile.
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

// read finds the trigger of job_id. It changes nothing, so that whatever may
// pass is tried again until the timeout.
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
			// Made in this apply, and not shown yet.
		case !refused.Passing():
			attempt.Cause = delivery.Permanent
		}
	}
	attempt.Err = fmt.Errorf("reading the job: %w", err)
	return nil, &attempt
}

// noTriggerError means that something else than an HTTP trigger starts the job.
type noTriggerError struct{ ruleType string }

func (e *noTriggerError) Error() string {
	return fmt.Sprintf("its rule_type is \"%s\", not \"%s\", so it has no HTTP trigger", e.ruleType, webhook)
}

// post makes the request of the HTTP trigger's page. The id is the answer's
// trigger_job_id, fit to be shown, and null unless the attempt was accepted with one.
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

// outcome is what an answer means that does not say that the job has started.
//
// The document knows 404, 500 and 503, says of all three that nothing has
// started, and of 5xx to try again. Web pages are not taken at that word: a
// proxy may have sent them after the trigger had acted, and to send again would
// run the job twice. With 404 no harm is done, because a rejection is not
// retried; and 429 is HTTP's own word for not having been served (RFC 6585).
// Whether a 5xx is about the job or about all jobs is not documented, so it does
// not slow down the other signals.
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

// refusal is the answer in words.
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

// explain knows the answers of the HTTP trigger's page, and those of the job API.
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
		return signal.Advice{Attribute: attribute, Next: "The access token goes to the host of the trigger's URL only: check the URL."}
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
			Next: "Its URL and access token were read just before. Check the job in the Cloud Automator console: " +
				"whether it is active, and what its effective and expiration dates are.",
		}
	}
}

const adviceKey = "Check the API key: api_key in the provider's cloud_automator block, or CLOUD_AUTOMATOR_API_KEY in the environment."

func (t target) explainRead(err error) signal.Advice {
	if final := (*noTriggerError)(nil); errors.As(err, &final) {
		return signal.Advice{Attribute: "job_id", Next: "Check the id: only a job whose trigger is the HTTP trigger can be run so."}
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
		return signal.Advice{Attribute: "job_id", Next: "The API key may not read this job: use the key of somebody who may."}
	case http.StatusNotFound:
		return signal.Advice{Attribute: "job_id", Next: "Check the job's id, and that the API key is of somebody who can see the job.", Gone: true}
	default:
		return signal.Advice{}
	}
}
