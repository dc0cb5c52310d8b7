package cloudautomator

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// update is one update of a job on its way through the machine.
type update struct {
	*work
	before, after jobModel
	*privateState
	standing
	wish wish
	// again says that the rotation may have been done before.
	again bool
	// shown is the job as it was read last, or the answer to a creation.
	shown Job
	// taken records the job that takes the old one's place, as soon as it does.
	taken func(Job) diag.Diagnostics
	// warnings are what the user should know though it succeeded.
	warnings diag.Diagnostics
}

// run takes steps until there is nothing left to do, and returns the job as it is then.
func (u *update) run(ctx context.Context) (Job, diag.Diagnostic) {
	if failed := u.start(ctx); failed != nil {
		return Job{}, failed
	}
	return u.walk(ctx)
}

// walk takes steps from where the job stands.
func (u *update) walk(ctx context.Context) (Job, diag.Diagnostic) {
	for {
		var failed diag.Diagnostic
		switch next(u.position, u.wish) {
		case change:
			failed = u.change(ctx, false)
		case ask:
			failed = u.change(ctx, true)
		case succeed:
			failed = u.succeed(ctx)
		case take:
			failed = u.take(ctx)
		case retire:
			failed = u.retire(ctx)
		default:
			failed = gone(u.before.ID.ValueString())
		}
		if failed != nil || u.position == settled {
			return u.shown, failed
		}
	}
}

// start finds out where the job stands.
func (u *update) start(ctx context.Context) diag.Diagnostic {
	id := u.before.ID.ValueString()
	job, found, failed := u.job(ctx, id)
	if failed != nil {
		return failed
	}
	u.shown, u.standing = job, standing{position: settled, id: id}
	if found && isMarked(job.name()) {
		u.position = unnamed
	}
	if found && u.wish == toKeep && !u.Lost && u.stands() == settled && u.position == settled {
		return u.webhook(job)
	}
	jobs, failed := u.list(ctx)
	if failed != nil {
		return failed
	}
	if found && !slices.ContainsFunc(jobs, func(j Job) bool { return j.ID == id }) {
		jobs = append(jobs, job) // the list lags behind
	}
	if !found {
		jobs = slices.DeleteFunc(jobs, func(j Job) bool { return j.ID == id })
	}
	u.standing = locate(u.before.owner(*u.privateState), jobs)
	if u.position == absent {
		if left := u.client.orphans(jobs, &u.before); u.stands() == orphaned || u.wish == toRotate && len(left) > 0 {
			u.position = orphaned
			if u.stands() != orphaned {
				u.warnings.Append(madeAnew(id, u.Redactor.Text(strings.Join(left, ", ")))) // which the plan has not seen
			}
		}
	}
	if found {
		return u.webhook(job)
	}
	return nil
}

func (u *update) webhook(job Job) diag.Diagnostic {
	if job.RuleType != webhook {
		return u.noTrigger(job)
	}
	return nil
}

// change gives the job its settings and its name, and asks for a rotation where
// that is wanted. What it was may not be what is recorded: it is to have no
// argument that is not set.
func (u *update) change(ctx context.Context, asks bool) diag.Diagnostic {
	if u.shown.attributes == nil {
		job, failed := u.settled(ctx, Job{ID: u.id})
		if failed != nil {
			return failed
		}
		u.shown = job
	}
	job := u.shown
	shown, err := job.settings()
	if err != nil {
		return diag.NewErrorDiagnostic("Job Not Read", "Updating Cloud Automator job "+u.id+" failed: "+err.Error()+".")
	}
	was, recorded := u.before.shown(shown), u.before.ActionValue
	if u.Whole {
		recorded = types.StringNull()
	}
	body := u.after.body(&was, shown.ActionValue, recorded)
	if asks {
		maps.Copy(body, asking)
	}
	answered, failed := u.update(ctx, u.id, &u.after, body)
	if failed != nil {
		return failed
	}
	answered.ID = u.id
	fresh, failed := u.settled(ctx, answered)
	if _, created := u.client.created.Load(u.id); failed != nil && created && answered.URL != nil {
		// Just made, and not shown yet: the answer has to do.
		fresh, failed = answered, nil
	}
	if failed != nil {
		return failed
	}
	now, err := fresh.settings()
	if err != nil {
		return diag.NewErrorDiagnostic("Job Not Read", "Updating Cloud Automator job "+u.id+" failed: "+err.Error()+".")
	}
	if names := u.after.untaken(&u.before, &shown, now); len(names) > 0 && len(u.warnings) == 0 {
		u.warnings.Append(notTaken(u.id, names))
	}
	u.shown = fresh
	u.position = leads[change].to
	if asks && survives(job, fresh) {
		u.position = unmoved
		if !fresh.active() {
			return inactive(u.id)
		}
		if names := job.uncarried(); len(names) > 0 {
			return uncarried(u.id, u.Redactor.Text(strings.Join(names, ", ")))
		}
	}
	return nil
}

// survives reports whether the URL or the access token is still the one from
// before the change.
func survives(old, fresh Job) bool {
	return old.path() == fresh.path() || old.AccessToken == fresh.AccessToken
}

// notTaken warns of settings that the service keeps as it has them.
func notTaken(id string, names []string) diag.Diagnostic {
	return diag.NewWarningDiagnostic("Settings Not Taken",
		fmt.Sprintf("Cloud Automator has accepted the change of job %s, but still shows other values for: %s. The service may not let them be changed in place.\n\n"+
			"This is remembered, and no further plan shows it. To have a job with these settings, replace it with \"terraform apply -replace\": it then has another id.", id, strings.Join(names, ", ")))
}

// inactive is the diagnostic of a rotation that would undo a deactivation.
func inactive(id string) diag.Diagnostic {
	return diag.NewErrorDiagnostic("Job Not Rotated",
		fmt.Sprintf("Rotating the URL and access token of Cloud Automator job %s takes a new job in its place, and that one would be active, while job %s is not.\n\n"+
			"The job has its new settings, and its old URL and access token; the next apply goes on with the rotation. Activate the job in the Cloud Automator console, "+
			"or replace it with \"terraform apply -replace\" if the new one may be run.", id, id))
}

// uncarried is the diagnostic of a rotation that would lose something.
func uncarried(id, names string) diag.Diagnostic {
	return diag.NewErrorDiagnostic("Job Not Rotated",
		fmt.Sprintf("Rotating the URL and access token of Cloud Automator job %s takes a new job in its place, and this provider cannot give that one what job %s has beside its arguments: %s.\n\n"+
			"The job has its new settings, and its old URL and access token. Rotate it with the \"Update\" button on the job's page in the Cloud Automator console, "+
			"or take these members away there; the next apply then goes on.", id, id, names))
}

// succeed makes a job with the same settings, and with a mark on its name
// by which it is found again, should this be cut short.
func (u *update) succeed(ctx context.Context) diag.Diagnostic {
	id := u.before.ID.ValueString()
	var had []byte
	if shown, err := u.shown.settings(); err == nil {
		had = shown.ActionValue
		if u.after.ForWorkflow.IsUnknown() || u.after.ForWorkflow.IsNull() {
			u.after.ForWorkflow = types.BoolPointerValue(shown.ForWorkflow)
		}
	}
	body := u.after.body(nil, had, u.before.ActionValue)
	made, _, result, _ := u.create(ctx, u.after.Name.ValueString(), mark(id), body)
	if made == nil {
		return u.failure("Job Not Rotated", fmt.Sprintf("Creating the successor of Cloud Automator job %s", id), result,
			fmt.Sprintf("Job %s is as it was. The next apply looks for a successor first, and goes on with the rotation.", id))
	}
	gone := u.position == orphaned
	if u.position, u.others = leads[succeed].to, made; gone {
		u.position = replaced
	}
	return nil
}

// take has the successor take the job's place: once it can be run, it is the one
// that is recorded.
func (u *update) take(ctx context.Context) diag.Diagnostic {
	id, successor := u.before.ID.ValueString(), u.others[0]
	job, failed := u.settled(ctx, Job{ID: successor})
	if failed != nil {
		return failed
	}
	others := u.others[1:]
	if u.position != replaced {
		others = append(slices.Clone(others), id)
	}
	u.standing = standing{leads[take].to, successor, others}
	if len(others) == 0 {
		u.position = leads[retire].to
	}
	u.shown, u.wish, u.again = job, toKeep, false
	u.at(u.position)
	if diags := u.taken(job); diags.HasError() {
		return diags.Errors()[0]
	}
	return nil
}

// retire removes one of the jobs whose place was taken. From the last one on
// nothing but its times tells the job from any other, until it is in the state.
func (u *update) retire(ctx context.Context) diag.Diagnostic {
	other := u.others[0]
	if _, failed := u.remove(ctx, other); failed != nil {
		return withStanding(failed, fmt.Sprintf("Another job, %s, has taken the place of job %s, whose URL and access token still run it. "+
			"This is remembered: the next apply removes the job. To stop it at once, remove it in the Cloud Automator console.", u.id, other))
	}
	if u.others = u.others[1:]; len(u.others) > 0 {
		return nil
	}
	u.position = leads[retire].to
	if err := delivery.Sleep(ctx, u.shown.tick()); err != nil {
		return diag.NewErrorDiagnostic("Rotation Not Finished", fmt.Sprintf("Cloud Automator job %s has taken the place of another one, but the apply ended before it got its name back.\n\n"+
			"Its URL and access token are recorded. The next apply gives it its name.", u.id))
	}
	u.wish = toKeep
	return nil
}

// tick is how long it takes until the job API shows a change of the job as later
// than its creation: it may write times with fractions of a second, or without.
func (j Job) tick() time.Duration {
	if shown, err := j.settings(); err == nil && !strings.Contains(shown.CreatedAt, ".") {
		return time.Second
	}
	return 2 * time.Millisecond
}

func withStanding(failed diag.Diagnostic, standing string) diag.Diagnostic {
	return diag.NewErrorDiagnostic(failed.Summary(), failed.Detail()+"\n\n"+standing)
}

// owner is what a state knows of its job.
func (m *jobModel) owner(p privateState) owner {
	return owner{id: m.ID.ValueString(), creation: p.Creation, alike: func(job Job) bool {
		shown, err := job.settings()
		return err == nil && m.alike(job, shown)
	}}
}

// alike reports whether a job is what no rotation changes of this one: one
// with a trigger, and of the same group and action type.
func (m *jobModel) alike(job Job, shown settings) bool {
	return job.RuleType == webhook && int64(shown.GroupID) == m.GroupID.ValueInt64() && shown.ActionType == m.ActionType.ValueString()
}

// orphans are the jobs that may be the successor of one that is gone, from a
// rotation that was cut short after the mark was taken off: made since that job was
// last changed, changed since they were made, and not known to be another resource's.
func (c *Client) orphans(jobs []Job, gone *jobModel) (found []string) {
	since, ok := instant(gone.UpdatedAt.ValueString())
	for _, job := range jobs {
		shown, err := job.settings()
		_, known := c.known.Load(job.ID)
		if !ok || err != nil || known || isMarked(shown.Name) || !gone.alike(job, shown) {
			continue
		}
		created, is := instant(shown.CreatedAt)
		updated, was := instant(shown.UpdatedAt)
		if is && was && created.After(since) && updated.After(created) {
			found = append(found, job.ID)
		}
	}
	return found
}
