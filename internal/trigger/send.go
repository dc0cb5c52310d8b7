package trigger

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cloudautomator"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

type request struct {
	client *cloudautomator.Client
	// args receives trigger_job_id.
	args *args
	// given is the trigger of url or url_wo; nil with job_id.
	given *cloudautomator.Trigger
	// attribute is the argument with the URL, or job_id.
	attribute string
}

// Send makes one POST request to the trigger's URL. With job_id it first reads
// the URL, for every attempt, because the URL may have been rotated in the
// meantime.
func (r request) Send(ctx context.Context) delivery.Attempt {
	run := r.given
	if run == nil {
		read, failed := r.read(ctx)
		if failed != nil {
			return *failed
		}
		run = read
	}
	r.client.Hide(*run)
	attempt, id := r.client.Run(ctx, *run)
	if id != "" {
		r.args.TriggerJobID = types.StringValue(id)
	}
	return attempt
}

// read reads the trigger of job_id. It changes nothing, so every temporary
// failure is tried again until the timeout.
func (r request) read(ctx context.Context) (*cloudautomator.Trigger, *delivery.Attempt) {
	watched, wire := delivery.WithRequestTrace(ctx)
	job, err := r.client.Job(watched, r.args.JobID.ValueString())
	if err == nil && job.RuleType != cloudautomator.Webhook {
		err = &cloudautomator.NoTriggerError{RuleType: job.RuleType}
	}
	if err == nil {
		run := job.Trigger()
		return &run, nil
	}
	attempt := delivery.Attempt{Outcome: delivery.NotSent, Cause: delivery.Busy}
	if !wire.Connected() {
		attempt = wire.Attempt(err)
	}
	if _, is := errors.AsType[*cloudautomator.NoTriggerError](err); is {
		attempt.Cause = delivery.Permanent
	}
	if refused, is := errors.AsType[*cloudautomator.APIError](err); is {
		attempt.RetryAfter = refused.RetryAfter
		switch {
		case refused.Status == http.StatusTooManyRequests:
			attempt.Cause = delivery.Throttled
		case cloudautomator.NotFound(err) && r.client.Made.Has(r.args.JobID.ValueString()):
			// The job was created in this apply, and the service does not show it
			// yet.
		case !refused.IsTransient():
			attempt.Cause = delivery.Permanent
		}
	}
	attempt.Err = fmt.Errorf("reading the job: %w", err)
	return nil, &attempt
}

// explain returns the advice for the answers of the HTTP trigger and of the job
// API.
func (r request) explain(attempt delivery.Attempt) signal.Advice {
	switch next := cloudautomator.ExplainRun(attempt); {
	case attempt.Status == 0:
		return r.explainRead(attempt.Err)
	case r.given != nil && attempt.Outcome == delivery.Rejected:
		return signal.Advice{
			Attribute: r.attribute,
			Next: "Check that URL and access token are those on the job's page in the Cloud Automator console. " +
				"The \"Update\" button there replaces both.",
		}
	case next != "":
		return signal.Advice{Attribute: r.attribute, Next: next}
	default:
		return signal.Advice{}
	}
}

func (r request) explainRead(err error) signal.Advice {
	if _, is := errors.AsType[*cloudautomator.NoTriggerError](err); is {
		return signal.Advice{Attribute: "job_id", Next: "Check the id: only a job with an HTTP trigger can be run this way."}
	}
	if cloudautomator.NotFound(err) {
		return signal.Advice{Attribute: "job_id", Next: cloudautomator.Explain(err), Gone: true}
	}
	if refused, is := errors.AsType[*cloudautomator.APIError](err); is && !refused.Page && refused.Status == http.StatusForbidden {
		return signal.Advice{Attribute: "job_id", Next: "The API key may not read this job: use the key of a user who may."}
	}
	return signal.Advice{Next: cloudautomator.Explain(err)}
}
