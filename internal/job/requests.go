package job

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cloudautomator"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// work is one operation on a job. It makes requests to the job API, finds out
// the outcome of each one, and returns diagnostics if it cannot.
type work struct {
	signal.ResourceOperation
	client *cloudautomator.Client
	sender *signal.Sender
}

// newWork returns an operation that is bounded by a timeout of this name.
func newWork(client *cloudautomator.Client, sender *signal.Sender, timeoutName string, timeout time.Duration) *work {
	return &work{
		ResourceOperation: signal.ResourceOperation{Service: cloudautomator.Service, TimeoutName: timeoutName, Timeout: timeout, Redactor: sender.Redactor()},
		client:            client, sender: sender,
	}
}

// requestFunc makes one attempt of a request.
type requestFunc func(ctx context.Context) delivery.Attempt

// Send makes the attempt.
func (r requestFunc) Send(ctx context.Context) delivery.Attempt { return r(ctx) }

// asRetryable marks a harmless failed attempt as Unreachable, so that it is
// repeated for about as long as a service takes to recover. A web page that refuses
// the request is the same the next time, but a 404 of a proxy may pass.
func asRetryable(attempt delivery.Attempt) delivery.Attempt {
	switch {
	case attempt.Outcome == delivery.Unknown && cloudautomator.TurnedAway(attempt.Err) && !cloudautomator.NotFoundPage(attempt.Err):
		attempt.Outcome = delivery.Rejected
	case attempt.Outcome == delivery.Unknown:
		attempt.Outcome, attempt.Cause = delivery.NotSent, delivery.Unreachable
	}
	return attempt
}

// try makes a request that may be repeated, with the retry policy of a signal. If the
// outcome of an attempt is unknown, read finds out whether the request had its effect. The
// result has the original outcome of the last attempt, even if asRetryable has marked it.
// failed has the summary, and is nil if the request was accepted.
func try[T any](ctx context.Context, w *work, summary, doing string, request, read func(context.Context) (T, error)) (answer T, result delivery.Result, failed diag.Diagnostic) {
	var last delivery.Outcome
	result = w.sender.Deliver(ctx, w.client.RateLimit(), doing, requestFunc(func(ctx context.Context) delivery.Attempt {
		var attempt delivery.Attempt
		answer, attempt = cloudautomator.Attempt(ctx, request)
		if attempt.Outcome == delivery.Unknown && read != nil {
			if found, err := read(ctx); err == nil {
				answer, attempt = found, delivery.Attempt{Outcome: delivery.Accepted}
			}
		}
		last = attempt.Outcome
		return asRetryable(attempt)
	}))
	if result.Outcome == delivery.NotSent {
		result.Outcome = last
	}
	if result.Outcome != delivery.Accepted {
		failed = w.failure(summary, doing, result)
	}
	return answer, result, failed
}

// job reads a job. found is false only if the service itself says that the job
// does not exist.
func (w *work) job(ctx context.Context, id string) (job cloudautomator.Job, found bool, failed diag.Diagnostic) {
	job, result, failed := try(ctx, w, "Job Not Read", "Reading Cloud Automator job "+id,
		func(ctx context.Context) (cloudautomator.Job, error) { return w.client.Job(ctx, id) }, nil)
	switch {
	case failed == nil:
		return job, true, nil
	case w.missing(ctx, id, result.Err):
		failed = nil
	}
	return cloudautomator.Job{}, false, failed
}

// missing reports whether an error says that a job does not exist. If a web page says so,
// which a proxy may have sent, the list of jobs decides.
func (w *work) missing(ctx context.Context, id string, err error) bool {
	if !cloudautomator.NotFoundPage(err) {
		return cloudautomator.NotFound(err)
	}
	jobs, failed := w.list(ctx)
	return failed == nil && !slices.ContainsFunc(jobs, func(job cloudautomator.Job) bool { return job.ID == id })
}

// list reads all jobs. Each page is a request of its own, which is repeated alone.
func (w *work) list(ctx context.Context) ([]cloudautomator.Job, diag.Diagnostic) {
	all := w.client.Jobs()
	for !all.Done {
		_, _, failed := try(ctx, w, "Jobs Not Listed", "Listing the Cloud Automator jobs", func(ctx context.Context) (struct{}, error) {
			return struct{}{}, all.ReadPage(ctx)
		}, nil)
		if failed != nil {
			return nil, failed
		}
	}
	return all.Jobs, nil
}

// readUntilSettled reads a job until the job API shows it as in the answer to a change.
// It gives up after some time. Reads may lag behind changes.
func (w *work) readUntilSettled(ctx context.Context, answered cloudautomator.Job) (cloudautomator.Job, diag.Diagnostic) {
	var shown *cloudautomator.Job
	_, _, failed := try(ctx, w, "Job Not Read", "Reading Cloud Automator job "+answered.ID+" back", func(ctx context.Context) (job cloudautomator.Job, err error) {
		job, err = w.client.Job(ctx, answered.ID)
		switch {
		case cloudautomator.NotFound(err):
			return job, errors.New("the job API does not show the job yet")
		case err != nil:
			return job, err
		}
		shown = &job
		if job.ShownBefore(answered) {
			return job, errors.New("the job API shows the job as it was before it was changed")
		}
		return job, nil
	}, nil)
	if shown == nil {
		return cloudautomator.Job{}, failed
	}
	return *shown, w.unusable(*shown)
}

// usable is like job, for a job that is to be managed.
func (w *work) usable(ctx context.Context, id string) (job cloudautomator.Job, found bool, failed diag.Diagnostic) {
	if job, found, failed = w.job(ctx, id); found {
		failed = w.unusable(job)
	}
	return job, found, failed
}

// unusable returns the diagnostic for a job that cannot be managed, because it has no HTTP
// trigger or cannot be decoded.
func (w *work) unusable(job cloudautomator.Job) diag.Diagnostic {
	switch {
	case job.RuleType != cloudautomator.Webhook:
		return diag.NewErrorDiagnostic("Job Has No HTTP Trigger",
			fmt.Sprintf("Cloud Automator job %s cannot be managed as a signal_http_trigger_job: %s.\n\nOnly a job with an HTTP trigger has a URL and an access token. "+
				"Set the HTTP trigger of the job again in the Cloud Automator console, or remove this resource from the state.", job.ID, w.Redactor.Error(&cloudautomator.NoTriggerError{RuleType: job.RuleType})))
	case job.Unreadable:
		return diag.NewErrorDiagnostic("Job Not Read", fmt.Sprintf("Reading Cloud Automator job %s failed: %s.", job.ID, cloudautomator.ErrUnreadable))
	default:
		return nil
	}
}

// writeJob changes a job's settings. If the answer is lost, it reads the job to
// find out whether the change had an effect. Repeating the change does no harm.
func (w *work) writeJob(ctx context.Context, id string, after *jobModel, body map[string]any) (cloudautomator.Job, diag.Diagnostic) {
	answered, _, failed := try(ctx, w, "Job Not Updated", "Updating Cloud Automator job "+id, func(ctx context.Context) (cloudautomator.Job, error) {
		return w.client.UpdateJob(ctx, id, body)
	}, func(ctx context.Context) (cloudautomator.Job, error) {
		job, err := w.client.Job(ctx, id)
		if err == nil && (job.Unreadable || !after.shownBy(job.Settings)) {
			err = errors.New("the job does not have these settings")
		}
		return job, err
	})
	return answered, failed
}

// remove removes a job, if it still exists. If the answer is lost, it reads the
// job to find out whether it still exists.
func (w *work) remove(ctx context.Context, id string) (gone bool, failed diag.Diagnostic) {
	_, result, failed := try(ctx, w, "Job Not Removed", "Removing Cloud Automator job "+id, func(ctx context.Context) (bool, error) {
		return true, w.client.DeleteJob(ctx, id)
	}, func(ctx context.Context) (bool, error) {
		_, err := w.client.Job(ctx, id)
		if cloudautomator.NotFound(err) {
			return true, nil
		}
		return false, errors.New("the job still exists")
	})
	if failed != nil && w.missing(ctx, id, result.Err) {
		return true, nil
	}
	return false, failed
}

// create creates a job whose name has a suffix. If the answer is lost, it
// searches for the suffix, because a second request could create a second job.
// Without an id in made, the outcome is unknown, or no job was created. unread
// says that the jobs could not be listed.
func (w *work) create(ctx context.Context, name, suffix string, body map[string]any) (made []string, answered cloudautomator.Job, result delivery.Result, unread diag.Diagnostic) {
	doing := fmt.Sprintf("Creating the Cloud Automator job %q", name)
	body["name"] = withSuffix(name, suffix)
	result = w.sender.Deliver(ctx, w.client.RateLimit(), doing, requestFunc(func(ctx context.Context) delivery.Attempt {
		var attempt delivery.Attempt
		answered, attempt = cloudautomator.Attempt(ctx, func(ctx context.Context) (cloudautomator.Job, error) { return w.client.CreateJob(ctx, body) })
		if attempt.Outcome == delivery.Unknown && cloudautomator.TurnedAway(attempt.Err) {
			attempt.Outcome = delivery.Rejected
		}
		return attempt
	}))
	switch result.Outcome {
	case delivery.Accepted:
		made = []string{answered.ID}
	case delivery.Unknown:
		if ctx.Err() != nil {
			// A last look by the machine's clock: the request may not be answered either.
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
		}
		made, _, unread = w.seek(ctx, suffix, result.LastUnknown)
	}
	for _, id := range made {
		w.client.Made.Add(id)
	}
	return made, answered, result, unread
}

// listWithSuccessor reads all jobs, and waits for a successor that may not be shown yet
// because its creation got no clear answer.
func (w *work) listWithSuccessor(ctx context.Context, id string, p privateState) (jobs []cloudautomator.Job, failed diag.Diagnostic) {
	if !w.maybeHidden(p.Unanswered) {
		return w.list(ctx)
	}
	_, jobs, failed = w.seek(ctx, successorSuffix(id), p.Unanswered)
	return jobs, failed
}

// maybeHidden reports whether a job that was created then may not be shown yet.
func (w *work) maybeHidden(created time.Time) bool {
	return younger(created, 2*w.sender.UnreachableTimeout())
}

// seek searches for the jobs with a suffix, and returns them and the list that it searched
// last. It repeats the search for some time, and for twice as long since the creation,
// because reads may lag behind. It returns a diagnostic if the jobs could not be listed, or
// if the search was cut off.
func (w *work) seek(ctx context.Context, suffix string, since time.Time) (found []string, jobs []cloudautomator.Job, failed diag.Diagnostic) {
	if suffix == "" {
		// The private state is lost. No job can be told from others.
		return nil, nil, nil
	}
	listed, all := false, w.client.Jobs()
	_, result, failed := try(ctx, w, "Jobs Not Listed", "Looking for the job whose creation got no clear answer", func(ctx context.Context) (struct{}, error) {
		if all.Done {
			all = w.client.Jobs()
		}
		for !all.Done {
			if err := all.ReadPage(ctx); err != nil {
				return struct{}{}, err
			}
		}
		jobs, listed = all.Jobs, true
		for _, job := range jobs {
			if strings.HasSuffix(job.Settings.Name, suffix) {
				found = append(found, job.ID)
			}
		}
		if len(found) == 0 {
			return struct{}{}, errors.New("no such job is shown")
		}
		return struct{}{}, nil
	}, nil)
	switch {
	case !listed:
		return nil, nil, failed
	case len(found) == 0 && result.Stopped != nil:
		return nil, nil, cutOff{diag.NewErrorDiagnostic("Search Not Finished", failed.Detail())}
	case len(found) == 0 && w.maybeHidden(since):
		return w.seek(ctx, suffix, since)
	default:
		return found, jobs, nil
	}
}

// cutOff is the diagnostic for a search that ended too early to show that there is no job.
type cutOff struct{ diag.Diagnostic }

// failure returns the diagnostic for a request to the job API.
func (w *work) failure(summary, doing string, result delivery.Result, state ...string) diag.Diagnostic {
	return w.Failure(summary, doing, result, explain(result.Err), state...)
}

// explain returns the advice for an answer of the job API, and the argument at fault.
func explain(err error) signal.Advice {
	advice := signal.Advice{Next: cloudautomator.Explain(err)}
	if refused, is := errors.AsType[*cloudautomator.APIError](err); is && !refused.Page && (refused.Status == http.StatusBadRequest || refused.Status == http.StatusUnprocessableEntity) {
		advice.Attribute = argumentIn(refused.Said)
	}
	return advice
}

// argumentIn returns the argument that the service's message names; "" if it
// names none or several.
func argumentIn(said string) (named string) {
	for _, word := range regexp.MustCompile(`\w+`).FindAllString(said, -1) {
		switch {
		case word == named || !slices.Contains(arguments, word):
		case named != "":
			return ""
		default:
			named = word
		}
	}
	return named
}
