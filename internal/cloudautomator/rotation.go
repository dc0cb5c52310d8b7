package cloudautomator

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// rotation is the way of a job from its old URL and access token to new ones, or
// of new settings, which may bring new ones, too.
type rotation struct {
	*work
	before, after jobModel
	*privateState
	// asked is set when the old URL and access token must not survive.
	asked bool
	// adopted is set when a job without a mark was taken for the successor.
	adopted bool
	// taken records the job that takes the old one's place, as soon as it does.
	taken func(Job) diag.Diagnostics
}

// run returns the job as it is in the end. Until a successor has taken its
// place, the job with the old id is the one that counts.
func (r *rotation) run(ctx context.Context) (Job, diag.Diagnostic) {
	if r.Lost {
		jobs, failed := r.list(ctx)
		if failed != nil {
			return Job{}, failed
		}
		r.recover(jobs, &r.before)
	}
	if failed := r.removePredecessors(ctx); failed != nil {
		return Job{}, failed
	}
	id := r.before.ID.ValueString()
	switch {
	case r.Successor != "" && r.Orphaned:
		return r.adopt(ctx, r.Successor)
	case r.Successor != "":
		return r.succeed(ctx, r.Successor)
	}
	old, found, failed := r.job(ctx, id)
	if failed != nil {
		return Job{}, failed
	}
	if r.asked {
		// A rotation that was cut short may have left a successor behind.
		jobs, failed := r.list(ctx)
		if failed != nil {
			return Job{}, failed
		}
		if marked := successors(jobs, &r.before); len(marked) > 0 {
			r.Unfinished = true
			r.Predecessors = append(r.Predecessors, marked[1:]...)
			return r.succeed(ctx, marked[0])
		}
		if same := r.client.orphans(jobs, &r.before, &r.after); !found && len(same) == 1 {
			return r.adopt(ctx, same[0])
		}
	}
	switch {
	case !found && r.Orphaned:
		successor, failed := r.makeSuccessor(ctx, id)
		if failed != nil {
			return Job{}, failed
		}
		return r.succeed(ctx, successor)
	case !found:
		return Job{}, gone(id)
	case old.RuleType != webhook:
		return Job{}, noTrigger(old)
	}
	fresh, failed := r.change(ctx, old)
	if failed != nil || !r.asked || !survives(old, fresh) {
		return fresh, failed
	}
	if !fresh.active() {
		return Job{}, inactive(id)
	}
	successor, failed := r.makeSuccessor(ctx, id)
	if failed != nil {
		return Job{}, failed
	}
	return r.succeed(ctx, successor)
}

// change gives a job its new settings and reads it back. What it was may not be
// what is recorded: it is to have no argument that is not set.
func (r *rotation) change(ctx context.Context, job Job) (Job, diag.Diagnostic) {
	id := job.ID
	shown, err := job.settings()
	if err != nil {
		return Job{}, diag.NewErrorDiagnostic("Job Not Read", "Updating Cloud Automator job "+id+" failed: "+err.Error()+".")
	}
	was := r.before
	was.takeSettings(shown)
	body := r.after.body(&was)
	if r.asked {
		maps.Copy(body, asking)
	}
	answered, acted, failed := r.update(ctx, id, &r.after, body)
	r.Unfinished = r.Unfinished || r.asked && acted
	if failed != nil {
		return Job{}, failed
	}
	answered.ID = id
	return r.settled(ctx, answered)
}

// survives reports whether the URL or the access token is still the one from
// before the change.
func survives(old, fresh Job) bool {
	return old.URL.Path == fresh.URL.Path || old.AccessToken == fresh.AccessToken
}

// inactive is the diagnostic of a rotation that would undo a deactivation.
func inactive(id string) diag.Diagnostic {
	return diag.NewErrorDiagnostic("Job Not Rotated",
		fmt.Sprintf("Rotating the URL and access token of Cloud Automator job %s takes a new job in its place, and that one would be active, while job %s is not.\n\n"+
			"The job has its new settings, and its old URL and access token; the next apply goes on with the rotation. Activate the job in the Cloud Automator console, "+
			"or replace it with \"terraform apply -replace\" if the new one may be run.", id, id))
}

// makeSuccessor makes a job with the same settings, and with a mark on its name
// by which it is found again, should this be cut short.
func (r *rotation) makeSuccessor(ctx context.Context, id string) (string, diag.Diagnostic) {
	name := marked(r.after.Name.ValueString(), id)
	body := r.after.body(nil)
	body["name"] = name
	made, result, _, _ := r.create(ctx, name, body, func(jobs []Job, _ time.Time) ([]string, error) {
		return successors(jobs, &r.before), nil
	})
	if made == nil {
		return "", r.failure("Job Not Rotated", fmt.Sprintf("Creating the successor of Cloud Automator job %s", id), result,
			fmt.Sprintf("Job %s is still there, and its URL and access token run it. The next apply looks for a successor first, and goes on with the rotation.", id))
	}
	return made.ID, nil
}

// succeed has a successor take the job's place: once it can be run, the job is
// removed, and the mark is taken off.
func (r *rotation) succeed(ctx context.Context, successor string) (Job, diag.Diagnostic) {
	id := r.before.ID.ValueString()
	job, failed := r.settled(ctx, Job{ID: successor})
	if failed != nil {
		return Job{}, failed
	}
	if !slices.Contains(r.Predecessors, id) {
		r.Predecessors = append(r.Predecessors, id)
	}
	r.Successor, r.Orphaned, r.Lost, r.Unfinished, r.Marked = "", false, false, false, true
	if diags := r.taken(job); diags.HasError() {
		return Job{}, diags.Errors()[0]
	}
	if failed := r.removePredecessors(ctx); failed != nil {
		return Job{}, failed
	}
	// From here on nothing but its times tells the job from any other, until it is in the state.
	if err := delivery.Sleep(ctx, job.tick()); err != nil {
		return Job{}, diag.NewErrorDiagnostic("Rotation Not Finished", fmt.Sprintf("Cloud Automator job %s has taken the place of job %s, but the apply ended before it got its name back.\n\n"+
			"Its URL and access token are recorded. The next apply gives it its name.", successor, id))
	}
	r.asked = false
	return r.change(ctx, job)
}

// adopt has a job take the place of one that is gone, which may be its successor
// from a rotation that was cut short after the mark was taken off. It may as well
// be somebody else's, so nothing is asked of it.
func (r *rotation) adopt(ctx context.Context, successor string) (Job, diag.Diagnostic) {
	job, found, failed := r.job(ctx, successor)
	if failed != nil {
		return Job{}, failed
	}
	if shown, err := job.settings(); !found || err != nil || !r.after.shownBy(shown) {
		return Job{}, gone(r.before.ID.ValueString())
	}
	r.Successor, r.Orphaned, r.adopted = "", false, true
	return job, nil
}

// tick is how long it takes until the job API shows a change of the job as later
// than its creation: it may write times with fractions of a second, or without.
func (j Job) tick() time.Duration {
	if shown, err := j.settings(); err == nil && !strings.Contains(shown.CreatedAt, ".") {
		return time.Second
	}
	return 2 * time.Millisecond
}

// removePredecessors removes the jobs whose place was taken.
func (r *rotation) removePredecessors(ctx context.Context) diag.Diagnostic {
	for len(r.Predecessors) > 0 {
		if _, failed := r.remove(ctx, r.Predecessors[0]); failed != nil {
			return withStanding(failed, fmt.Sprintf("Another job has taken the place of job %s, whose URL and access token still run it. "+
				"This is remembered: the next apply removes the job. To stop it at once, remove it in the Cloud Automator console.", r.Predecessors[0]))
		}
		r.Predecessors = r.Predecessors[1:]
	}
	return nil
}

func withStanding(failed diag.Diagnostic, standing string) diag.Diagnostic {
	return diag.NewErrorDiagnostic(failed.Summary(), failed.Detail()+"\n\n"+standing)
}

// alike reports whether a job is what no rotation changes of this one: one
// with a trigger, and of the same group and action type.
func (m *jobModel) alike(job Job, shown settings) bool {
	return job.RuleType == webhook && int64(shown.GroupID) == m.GroupID.ValueInt64() && shown.ActionType == m.ActionType.ValueString()
}

// successors are the jobs with the mark of this one's successors, and what no
// rotation changes.
func successors(jobs []Job, of *jobModel) (found []string) {
	for _, job := range jobs {
		if shown, err := job.settings(); err == nil && of.alike(job, shown) && strings.HasSuffix(shown.Name, mark(of.ID.ValueString())) {
			found = append(found, job.ID)
		}
	}
	return found
}

// orphans are the jobs that may be the successor of one that is gone, from a
// rotation that was cut short after the mark was taken off: with all the settings
// of a configuration, unless that is nil, made since that job was last changed,
// changed since they were made, and not known to be another resource's.
func (c *Client) orphans(jobs []Job, gone, config *jobModel) (found []string) {
	since, ok := instant(gone.UpdatedAt.ValueString())
	for _, job := range jobs {
		shown, err := job.settings()
		_, known := c.known.Load(job.ID)
		if !ok || err != nil || known || !gone.alike(job, shown) {
			continue
		}
		created, is := instant(shown.CreatedAt)
		updated, was := instant(shown.UpdatedAt)
		if is && was && created.After(since) && updated.After(created) && (config == nil || config.shownBy(shown)) {
			found = append(found, job.ID)
		}
	}
	return found
}
