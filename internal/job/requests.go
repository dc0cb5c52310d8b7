package job

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cloudautomator"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// work is one operation on a job. It makes requests to the job API, finds out
// the outcome of each one, and returns diagnostics if it cannot.
type work struct {
	signal.Operation
	client *cloudautomator.Client
	sender *signal.Sender
}

// newWork returns an operation that is bounded by a timeout of this name.
func newWork(client *cloudautomator.Client, sender *signal.Sender, timeoutName string, timeout time.Duration) *work {
	return &work{
		Operation: signal.Operation{Service: cloudautomator.Service, TimeoutName: timeoutName, Timeout: timeout, Redactor: sender.Redactor()},
		client:    client, sender: sender,
	}
}

// request is one attempt of a request.
type request func(ctx context.Context) delivery.Attempt

// Send makes the attempt.
func (r request) Send(ctx context.Context) delivery.Attempt { return r(ctx) }

// again marks a harmless failed attempt as Unreachable, so that it is repeated
// for about as long as a service takes to recover. A web page that refuses the
// request is the same the next time, but a 404 of a proxy may pass.
func again(attempt delivery.Attempt) delivery.Attempt {
	switch {
	case attempt.Outcome == delivery.Unknown && cloudautomator.TurnedAway(attempt.Err) && !cloudautomator.NotFoundPage(attempt.Err):
		attempt.Outcome = delivery.Rejected
	case attempt.Outcome == delivery.Unknown:
		attempt.Outcome, attempt.Cause = delivery.NotSent, delivery.Unreachable
	}
	return attempt
}

// deliver makes a request with the retry policy of a signal. The result has the
// original error of the last attempt, also if again has marked it.
func (w *work) deliver(ctx context.Context, doing string, try request) delivery.Result {
	var last delivery.Outcome
	result := w.sender.Deliver(ctx, w.client.RateLimit(), doing, request(func(ctx context.Context) delivery.Attempt {
		attempt := try(ctx)
		last = attempt.Outcome
		return again(attempt)
	}))
	if result.Outcome == delivery.NotSent {
		result.Outcome = last
	}
	return result
}

// know adds a job's URL and access token to the known secrets.
func (w *work) know(job cloudautomator.Job) {
	if job.URL == nil {
		return
	}
	w.client.Hide(job.Trigger())
}

// job reads a job. found is false only if the service itself says that the job
// does not exist.
func (w *work) job(ctx context.Context, id string) (job cloudautomator.Job, found bool, failed diag.Diagnostic) {
	doing := "Reading Cloud Automator job " + id
	result := w.deliver(ctx, doing, func(ctx context.Context) delivery.Attempt {
		return cloudautomator.Attempt(ctx, func(ctx context.Context) (err error) {
			job, err = w.client.Job(ctx, id)
			return err
		})
	})
	switch {
	case result.Outcome == delivery.Accepted:
		w.know(job)
		return job, true, nil
	case cloudautomator.NotFound(result.Err):
		return cloudautomator.Job{}, false, nil
	case cloudautomator.NotFoundPage(result.Err) && w.unlisted(ctx, id):
		return cloudautomator.Job{}, false, nil
	default:
		return cloudautomator.Job{}, false, w.failure("Job Not Read", doing, result)
	}
}

// unlisted reports whether the job API returns a list of jobs without this one.
func (w *work) unlisted(ctx context.Context, id string) bool {
	jobs, failed := w.list(ctx)
	return failed == nil && !slices.ContainsFunc(jobs, func(job cloudautomator.Job) bool { return job.ID == id })
}

// list reads all jobs.
func (w *work) list(ctx context.Context) (jobs []cloudautomator.Job, failed diag.Diagnostic) {
	const doing = "Listing the Cloud Automator jobs"
	result := w.deliver(ctx, doing, func(ctx context.Context) delivery.Attempt {
		return cloudautomator.Attempt(ctx, func(ctx context.Context) (err error) {
			jobs, err = w.client.Jobs(ctx)
			return err
		})
	})
	if result.Outcome != delivery.Accepted {
		return nil, w.failure("Jobs Not Listed", doing, result)
	}
	return jobs, nil
}

// settled reads a job until the job API shows it as in the answer to a change.
// It gives up after some time. Reads may lag behind changes.
func (w *work) settled(ctx context.Context, answered cloudautomator.Job) (cloudautomator.Job, diag.Diagnostic) {
	doing := "Reading Cloud Automator job " + answered.ID + " back"
	var shown *cloudautomator.Job
	result := w.deliver(ctx, doing, func(ctx context.Context) delivery.Attempt {
		return cloudautomator.Attempt(ctx, func(ctx context.Context) error {
			job, err := w.client.Job(ctx, answered.ID)
			switch {
			case cloudautomator.NotFound(err):
				return errors.New("the job API does not show the job yet")
			case err != nil:
				return err
			}
			shown = &job
			if job.ShownBefore(answered) {
				return errors.New("the job API shows the job as it was before it was changed")
			}
			return nil
		})
	})
	if shown == nil {
		return cloudautomator.Job{}, w.failure("Job Not Read", doing, result)
	}
	w.know(*shown)
	if shown.RuleType != cloudautomator.Webhook {
		return cloudautomator.Job{}, w.noTrigger(*shown)
	}
	return *shown, nil
}

// noTrigger returns the diagnostic for a job without an HTTP trigger.
func (w *work) noTrigger(job cloudautomator.Job) diag.Diagnostic {
	return diag.NewErrorDiagnostic("Job Has No HTTP Trigger",
		fmt.Sprintf("Cloud Automator job %s cannot be managed as a signal_http_trigger_job: %s.\n\nOnly a job with an HTTP trigger has a URL and an access token. "+
			"Set the HTTP trigger of the job again in the Cloud Automator console, or remove this resource from the state.", job.ID, w.Redactor.Error(&cloudautomator.NoTriggerError{RuleType: job.RuleType})))
}

// update changes a job's settings. If the answer is lost, it reads the job to
// find out whether the change had an effect. Repeating the change does no harm.
func (w *work) update(ctx context.Context, id string, after *jobModel, body map[string]any) (answered cloudautomator.Job, failed diag.Diagnostic) {
	doing := "Updating Cloud Automator job " + id
	result := w.deliver(ctx, doing, func(ctx context.Context) delivery.Attempt {
		tried := cloudautomator.Attempt(ctx, func(ctx context.Context) (err error) {
			answered, err = w.client.UpdateJob(ctx, id, body)
			return err
		})
		if tried.Outcome != delivery.Unknown {
			return tried
		}
		read := cloudautomator.Attempt(ctx, func(ctx context.Context) (err error) {
			answered, err = w.client.Job(ctx, id)
			return err
		})
		if shown, err := answered.Settings(); read.Outcome == delivery.Accepted && err == nil && after.shownBy(shown) {
			return read
		}
		return tried
	})
	if result.Outcome != delivery.Accepted {
		return cloudautomator.Job{}, w.failure("Job Not Updated", doing, result)
	}
	return answered, nil
}

// remove removes a job, if it still exists. If the answer is lost, it reads the
// job to find out whether it still exists.
func (w *work) remove(ctx context.Context, id string) (gone bool, failed diag.Diagnostic) {
	doing := "Removing Cloud Automator job " + id
	result := w.deliver(ctx, doing, func(ctx context.Context) delivery.Attempt {
		tried := cloudautomator.Attempt(ctx, func(ctx context.Context) error { return w.client.DeleteJob(ctx, id) })
		if tried.Outcome != delivery.Unknown {
			return tried
		}
		if _, err := w.client.Job(ctx, id); cloudautomator.NotFound(err) {
			return delivery.Attempt{Outcome: delivery.Accepted}
		}
		return tried
	})
	switch {
	case result.Outcome == delivery.Accepted:
		return false, nil
	case cloudautomator.NotFound(result.Err):
		return true, nil
	case cloudautomator.NotFoundPage(result.Err) && w.unlisted(ctx, id):
		return true, nil
	default:
		return false, w.failure("Job Not Removed", doing, result)
	}
}

// create creates a job whose name has a mark. If the answer is lost, it
// searches for the mark, because a second request could create a second job.
// Without an id in made, the outcome is unknown, or no job was created. unread
// says that the jobs could not be listed.
func (w *work) create(ctx context.Context, name, mark string, body map[string]any) (made []string, answered cloudautomator.Job, result delivery.Result, unread diag.Diagnostic) {
	doing := fmt.Sprintf("Creating the Cloud Automator job %q", name)
	body["name"] = marked(name, mark)
	result = w.sender.Deliver(ctx, w.client.RateLimit(), doing, request(func(ctx context.Context) delivery.Attempt {
		attempt := cloudautomator.Attempt(ctx, func(ctx context.Context) (err error) {
			answered, err = w.client.CreateJob(ctx, body)
			return err
		})
		if attempt.Outcome == delivery.Unknown && cloudautomator.TurnedAway(attempt.Err) {
			attempt.Outcome = delivery.Rejected
		}
		return attempt
	}))
	switch result.Outcome {
	case delivery.Accepted:
		w.know(answered)
		made = []string{answered.ID}
	case delivery.Unknown:
		looking, cancel := afterwards(ctx)
		defer cancel()
		made, unread = w.seek(looking, mark)
	}
	for _, id := range made {
		w.client.Make(id)
	}
	return made, answered, result, unread
}

// seek searches for the jobs with a mark. It repeats the search for some time,
// because reads may lag behind. It returns a diagnostic if the jobs could not
// be listed.
func (w *work) seek(ctx context.Context, mark string) (found []string, failed diag.Diagnostic) {
	listed := false
	const doing = "Looking for the job whose creation got no clear answer"
	result := w.deliver(ctx, doing, func(ctx context.Context) delivery.Attempt {
		return cloudautomator.Attempt(ctx, func(ctx context.Context) error {
			jobs, err := w.client.Jobs(ctx)
			if err != nil {
				return err
			}
			listed = true
			for _, job := range jobs {
				if strings.HasSuffix(job.Name(), mark) {
					found = append(found, job.ID)
				}
			}
			if len(found) == 0 {
				return errors.New("no such job is shown")
			}
			return nil
		})
	})
	if !listed {
		return nil, w.failure("Jobs Not Listed", doing, result)
	}
	return found, nil
}

// afterwards returns a context with a short timeout for requests after a
// cancelled request.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx.Err() == nil {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(context.WithoutCancel(ctx), time.Second)
}

// failure returns the diagnostic for a request to the job API.
func (w *work) failure(summary, doing string, result delivery.Result, standing ...string) diag.Diagnostic {
	return w.Failure(summary, doing, result, explain(result.Err), standing...)
}

// explain returns the advice for an answer of the job API, and the argument at fault.
func explain(err error) signal.Advice {
	advice := signal.Advice{Next: cloudautomator.Explain(err)}
	if refused := (*cloudautomator.APIError)(nil); errors.As(err, &refused) && !refused.Page && (refused.Status == http.StatusBadRequest || refused.Status == http.StatusUnprocessableEntity) {
		advice.Attribute = argumentIn(refused.Said)
	}
	return advice
}

// argumentIn returns the argument that the service's message names; "" if it
// names none or several.
func argumentIn(said string) string {
	found := ""
	for _, name := range slices.Compact(argumentName().FindAllString(said, -1)) {
		if found != "" {
			return ""
		}
		found = name
	}
	return found
}

// argumentName matches the name of an argument that the service stores.
var argumentName = sync.OnceValue(func() *regexp.Regexp {
	var names []string
	for _, one := range new(jobModel).settings() {
		names = append(names, one.name)
	}
	return regexp.MustCompile(`\b(` + strings.Join(names, "|") + `)\b`)
})
