package job

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cloudautomator"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// update is one update of a job by the state machine.
type update struct {
	// work makes the requests, and writer writes the state and private.
	work    *work
	writer  stateWriter
	private *privateState
	// at is where the job is now. private has it only after recordSituation.
	at situation
	// config is the configuration, before the job as the state has it, after the job as it
	// is to be, and data what the state has next.
	config, before, after jobModel
	data                  *jobModel
	// rotate says that the URL and the access token are to be new, and repeatsRotation
	// that an earlier operation may have made this rotation. stays says that the plan has
	// the job's own time zone and time of creation.
	rotate, repeatsRotation, stays bool
	// shown is the job as it was last read, or the answer to its creation.
	shown cloudautomator.Job
	// recorded says that data has been written.
	recorded bool
	// warnings are warnings of a successful update, and unchanged the settings that the
	// service has not changed in the job.
	warnings  diag.Diagnostics
	unchanged []string
}

// stepMethods has the method for each step. recordSuccessor also does removeSuccessor.
var stepMethods = map[step]func(*update, context.Context) diag.Diagnostic{
	fail:              (*update).fail,
	change:            func(u *update, ctx context.Context) diag.Diagnostic { return u.change(ctx, false) },
	requestRotation:   func(u *update, ctx context.Context) diag.Diagnostic { return u.change(ctx, true) },
	createSuccessor:   (*update).createSuccessor,
	recordSuccessor:   (*update).recordSuccessor,
	removePredecessor: (*update).removePredecessor,
}

// takeSteps takes steps from the position of the job until none is left.
func (u *update) takeSteps(ctx context.Context) diag.Diagnostic {
	for {
		next := steps[u.at.Position].keep
		if u.rotate {
			next = steps[u.at.Position].rotate
		}
		if failed := stepMethods[next](u, ctx); failed != nil || u.at.Position == settled {
			return failed
		}
	}
}

// save records the job as it is now. written says that the provider has written its
// settings.
func (u *update) save(ctx context.Context, written bool) diag.Diagnostics {
	u.data.take(u.shown)
	u.data.takeLeftToService(u.data.shown(u.shown.Settings))
	if u.stays {
		u.data.TimeZone, u.data.CreatedAt = u.before.TimeZone, u.before.CreatedAt
	}
	if written {
		u.private.recordRequested(u.config, *u.data, u.data.shown(u.shown.Settings))
		u.private.Lost = false
	}
	if u.private.recordCredentials(u.shown) {
		u.data.rotated()
	}
	u.recorded = true
	u.work.client.Owned.Add(u.shown.ID)
	return u.writer.write(ctx, u.data, *u.private)
}

// finish records the job, and runs it if a run is due.
func (u *update) finish(ctx context.Context, written bool, unsent, unknown string) diag.Diagnostics {
	diags := u.save(ctx, written)
	if diags.HasError() || !u.private.Due {
		return diags
	}
	failed := u.work.runJob(ctx, u.shown, u.private, unsent, unknown)
	diags.Append(u.writer.write(ctx, u.data, *u.private)...)
	diags.Append(failed)
	return diags
}

// start finds out the position of the job.
func (u *update) start(ctx context.Context) diag.Diagnostic {
	shown, at, failed := u.work.locate(ctx, &u.before, *u.private, func(job cloudautomator.Job) bool {
		return u.rotate || u.private.Lost || !u.before.UpdatedAt.Equal(text(job.Settings.UpdatedAt))
	})
	if failed != nil {
		return failed
	}
	u.shown, u.at, u.private.Unwritten, u.private.Unanswered = shown, at, false, time.Time{}
	if u.before.ID.IsNull() && u.at.ID != "" {
		// The creation got no clear answer, and its job has shown up.
		u.before.ID = types.StringValue(u.at.ID)
	}
	switch {
	case u.at.Position == candidatesLeft && (u.rotate || u.private.lastPosition() == candidatesLeft):
		u.warnings.Append(u.work.positionWarning(u.at, false)...)
	case len(u.at.Strays) > 0:
		u.warnings.Append(u.work.positionWarning(situation{Position: candidatesLeft, ID: u.at.ID, Others: u.at.Strays}, false)...)
	case u.at.Position == candidatesLeft:
		u.at.Position = absent // The plan has not seen this.
	case u.at.Position == absent && u.private.lastPosition() == candidatesLeft:
		u.at.Position = candidatesLeft
	}
	if u.stays && steps[u.at.Position].keep == recordSuccessor {
		told := u.work.positionWarning(u.at, false)[0]
		return diag.NewErrorDiagnostic(told.Summary(), told.Detail()+"\n\nThe plan has not seen this, so nothing was changed. Plan again, and apply the new plan.")
	}
	return nil
}

// gone returns the diagnostic for an update of a job that does not exist.
func (m *jobModel) gone(p privateState) diag.Diagnostic {
	if m.ID.IsNull() {
		return diag.NewErrorDiagnostic("Outcome of the Creation Unknown", neverSeen(p)+"To create a new job, run \"terraform taint\" on the resource, and apply.")
	}
	return diag.NewErrorDiagnostic("Job Is Gone",
		fmt.Sprintf("Updating Cloud Automator job %s failed: the job API no longer has it.\n\nPlan again: the refresh notices this, and the plan creates a new job.", m.ID.ValueString()))
}

// visibilityDelay is how long after its creation the service may not show a job yet.
const visibilityDelay = time.Minute

// younger reports whether less time has passed since then, by the clock of this machine.
func younger(since time.Time, age time.Duration) bool { return delivery.Until(since.Add(age)) > 0 }

// locate reads a job and finds out its situation. The result has no job if it does not
// exist. locate lists the jobs only if the job was not found, or if its name, the private
// state or doubted suggests another position than settled.
func (w *work) locate(ctx context.Context, data *jobModel, p privateState, doubted func(cloudautomator.Job) bool) (job cloudautomator.Job, at situation, failed diag.Diagnostic) {
	id, found := data.ID.ValueString(), false
	if id != "" {
		if job, found, failed = w.usable(ctx, id); failed != nil {
			return job, at, failed
		}
	}
	if found {
		// Jobs are found by what a rotation does not change.
		data.GroupID, data.ActionType = types.Int64Value(int64(job.Settings.GroupID)), types.StringValue(job.Settings.ActionType)
	}
	name := job.Settings.Name
	if at = (situation{Position: settled, ID: id}); found && (!hasSuffix(name) || data.foreign(p, name)) && p.lastPosition() == settled && p.Unanswered.IsZero() && (doubted == nil || !doubted(job)) {
		return job, at, nil
	}
	jobs, failed := w.listWithSuccessor(ctx, id, p)
	if failed != nil {
		return job, at, failed
	}
	// The list and the job may be shown as they were at different times.
	jobs = slices.DeleteFunc(jobs, func(j cloudautomator.Job) bool { return j.ID == id })
	if found {
		jobs = append(jobs, job)
	}
	at = situationIn(data, p, jobs)
	begun := p.Begun
	if begun.IsZero() {
		begun, _ = cloudautomator.ParseTime(data.CreatedAt.ValueString())
	}
	if !found && id != "" && (w.client.Made.Has(id) || younger(begun, visibilityDelay)) {
		_, _ = w.readUntilSettled(ctx, cloudautomator.Job{ID: id})
		if job, found, failed = w.usable(ctx, id); failed != nil || found {
			return job, situationIn(data, p, append(jobs, job)), failed
		}
	}
	switch left := orphans(w.client, jobs, data); {
	case at.Position == absent && len(left) > 0:
		at.Position, at.Others = candidatesLeft, left
	case at.Position == replaced:
		at.Strays = left
	}
	return job, at, nil
}

// change writes the job's settings and its name, and requests a rotation if
// asks is true. It clears all arguments that are not set, because the job may
// differ from the recorded one.
func (u *update) change(ctx context.Context, asks bool) diag.Diagnostic {
	if u.shown.Attributes == nil || u.shown.Unreadable {
		job, failed := u.work.readUntilSettled(ctx, cloudautomator.Job{ID: u.at.ID})
		if failed != nil {
			return failed
		}
		u.shown = job
	}
	job := u.shown
	if predecessor := predecessorInName(job.Settings.Name); predecessor != "" {
		if failed := u.findTwins(ctx, predecessor); failed != nil || u.at.Position == unclear {
			return failed
		}
		// Without the suffix, only its times tell the job from others until the state has it. So
		// change it later than it was created: a second later if the API shows whole seconds.
		tick := 2 * time.Millisecond
		if !strings.Contains(job.Settings.CreatedAt, ".") {
			tick = time.Second
		}
		if err := delivery.Sleep(ctx, tick); err != nil {
			return diag.NewErrorDiagnostic("Rotation Not Finished", fmt.Sprintf("Cloud Automator job %s has replaced another one, but the apply ended before the suffix was removed from its name.\n\n"+
				"Its URL and access token are recorded. The next apply removes the suffix.", u.at.ID))
		}
	}
	was, recorded := u.before.shown(job.Settings), u.before.ActionValue
	if u.private.Whole {
		recorded = types.StringNull()
	}
	body := u.after.body(&was, job.Settings.ActionValue, recorded)
	if asks {
		maps.Copy(body, asking)
	}
	answered, failed := u.work.writeJob(ctx, u.at.ID, &u.after, body)
	if failed != nil {
		return failed
	}
	answered.ID = u.at.ID
	if u.shown, failed = u.work.readUntilSettled(ctx, answered); failed != nil && u.work.client.Made.Has(u.at.ID) && answered.URL != nil && !answered.Unreadable {
		// The job was just created, and the service does not show it yet. So use the
		// answer.
		u.shown, failed = answered, nil
	}
	if failed != nil {
		return failed
	}
	// What a successor was created without, the change may have set.
	still := u.after.unchanged(nil, nil, u.shown.Settings)
	u.unchanged = slices.DeleteFunc(u.unchanged, func(name string) bool { return !slices.Contains(still, name) })
	u.unchanged = append(u.unchanged, u.after.unchanged(&u.before, &job.Settings, u.shown.Settings)...)
	slices.Sort(u.unchanged)
	u.unchanged = slices.Compact(u.unchanged)
	u.at.Position = transitions[change].to
	if asks && (job.Path() == u.shown.Path() || job.AccessToken == u.shown.AccessToken) {
		u.at.Position = notRotated
		if !u.shown.Settings.Active {
			return unrotated(u.at.ID, "The new job would be active, while job "+u.at.ID+" is not.",
				"The next apply goes on with the rotation. Activate the job in the Cloud Automator console, or replace it with \"terraform apply -replace\" if the new one may be run.")
		}
		if names := uncarriedMembers(job); len(names) > 0 {
			return uncarried(u.at.ID, u.work.Redactor.Text(strings.Join(names, ", ")))
		}
	}
	return nil
}

// findTwins looks for other successors of the job that this one has replaced: from a
// rotation that was cut short, and that the service did not show until now. Once the suffix is
// removed from the name, no operation would find them.
func (u *update) findTwins(ctx context.Context, predecessor string) diag.Diagnostic {
	if u.at.Position != unnamed {
		return nil // The suffix comes from somebody else.
	}
	jobs, failed := u.work.list(ctx)
	if failed != nil {
		return addState(failed, fmt.Sprintf("Cloud Automator job %s has replaced job %s. Its URL and access token are recorded. The next apply removes the suffix from its name.", u.at.ID, predecessor))
	}
	jobs = slices.DeleteFunc(jobs, func(job cloudautomator.Job) bool { return job.ID == u.at.ID })
	if at := situationIn(u.data, *u.private, append(jobs, u.shown)); at.Position == unclear {
		u.at = at
	}
	return nil
}

// settingsNotChanged warns about settings that the service did not change.
func settingsNotChanged(id string, names []string) diag.Diagnostic {
	return diag.NewWarningDiagnostic("Settings Not Changed",
		fmt.Sprintf("Cloud Automator has accepted the change of job %s, but still shows other values for: %s. The service may not allow a change of them in place.\n\n"+
			"The provider remembers this, and further plans do not show it. To get a job with these settings, replace it with \"terraform apply -replace\". The new job has another id.", id, strings.Join(names, ", ")))
}

// unrotated returns the diagnostic for a rotation that needs a successor and cannot have
// one.
func unrotated(id, because, next string) diag.Diagnostic {
	return diag.NewErrorDiagnostic("Job Not Rotated",
		fmt.Sprintf("Rotating the URL and access token of Cloud Automator job %s needs a new job in its place. %s\n\nThe job has its new settings, and its old URL and access token. %s", id, because, next))
}

// uncarried is the same for a rotation that would lose members of the job.
func uncarried(id, names string) diag.Diagnostic {
	return unrotated(id, fmt.Sprintf("The provider cannot copy these members of job %s to the new job: %s.", id, names),
		"Rotate it with the \"Update\" button on the job's page in the Cloud Automator console, or remove these members there; the next apply then goes on.")
}

// createSuccessor creates a job with the same settings and with a suffix on its name. If
// the rotation is cut short, the suffix identifies the job.
func (u *update) createSuccessor(ctx context.Context) diag.Diagnostic {
	id := u.before.ID.ValueString()
	had := u.shown.Settings
	if u.after.ForWorkflow.IsUnknown() || u.after.ForWorkflow.IsNull() {
		u.after.ForWorkflow = types.BoolPointerValue(had.ForWorkflow)
	}
	body := u.after.body(nil, had.ActionValue, u.before.ActionValue)
	made, _, result, _ := u.work.create(ctx, u.after.Name.ValueString(), successorSuffix(id), body)
	if made == nil {
		still := fmt.Sprintf("Job %s has its new settings, and its old URL and access token.", id)
		if u.at.Position == candidatesLeft {
			still = fmt.Sprintf("Job %s no longer exists.", id)
		}
		if result.Outcome == delivery.Unknown {
			u.private.Unanswered = result.LastUnknown
			still += fmt.Sprintf(" It is unknown whether the service created the successor. If it exists, its own URL and access token run it. "+
				"To find out, look for a job in the Cloud Automator console whose name ends with %q.", successorSuffix(id))
		}
		return u.work.failure("Job Not Rotated", fmt.Sprintf("Creating the successor of Cloud Automator job %s", id), result,
			still+" The next apply first searches for a successor, and then goes on with the rotation.")
	}
	if len(made) > 1 {
		u.at.Position, u.at.Others = unclear, made
		return nil
	}
	gone := u.at.Position == candidatesLeft
	if u.at.Position, u.at.Others = transitions[createSuccessor].to, made; gone {
		u.at.Position = replaced
	}
	return nil
}

// recordSuccessor replaces the job with its successor: as soon as the successor can be
// run, it records the successor.
func (u *update) recordSuccessor(ctx context.Context) diag.Diagnostic {
	id, successor := u.before.ID.ValueString(), u.at.Others[0]
	if known := u.at.Predecessor; known != "" {
		if _, failed := u.work.remove(ctx, known); failed != nil {
			return addState(failed, fmt.Sprintf("Job %s had replaced job %s, which still exists, and whose URL and access token still run it. "+
				"This is remembered: the next apply removes it, and goes on with the rotation. To stop it at once, remove it in the Cloud Automator console.", id, known))
		}
		u.at.Predecessor = ""
	}
	job, failed := u.work.readUntilSettled(ctx, cloudautomator.Job{ID: successor})
	if failed != nil {
		return failed
	}
	if u.shown.ID == id && u.shown.TimeZone != job.TimeZone {
		if _, failed := u.work.remove(ctx, successor); failed != nil {
			return failed
		}
		u.at = situation{Position: transitions[removeSuccessor].to, ID: id}
		return uncarried(id, "rule_value.time_zone")
	}
	if u.at.Position == replaced {
		u.at = situation{Position: transitions[removePredecessor].to, ID: successor}
	} else {
		u.at = situation{Position: transitions[recordSuccessor].to, ID: successor, Others: []string{id}}
	}
	u.shown, u.rotate, u.repeatsRotation, u.private.Begun = job, false, false, delivery.FromNow(0)
	inPlace := u.unchanged
	if u.unchanged = u.after.unchanged(nil, nil, job.Settings); len(inPlace) > 0 && len(u.unchanged) == 0 {
		u.warnings.AddWarning("Settings Not Changed", fmt.Sprintf("Cloud Automator has accepted the change of job %s, but did not change there: %s. Job %s, which replaces it, has these settings.",
			id, strings.Join(inPlace, ", "), job.ID))
	}
	u.private.recordSituation(u.at)
	u.private.Due = u.data.TriggerOnApply.ValueBool()
	if diags := u.save(ctx, true); diags.HasError() {
		return diags.Errors()[0]
	}
	return nil
}

// removePredecessor removes the replaced job.
func (u *update) removePredecessor(ctx context.Context) diag.Diagnostic {
	other := u.at.Others[0]
	if _, failed := u.work.remove(ctx, other); failed != nil {
		said := fmt.Sprintf("Job %s has replaced job %s, but the old job still exists, and its URL and access token still run it. "+
			"This is remembered: the next apply removes the old job. To stop it at once, remove it in the Cloud Automator console.", u.at.ID, other)
		if u.at.Position == predecessorLeft {
			said += fmt.Sprintf(" If anything still has the id of job %s, such as the first_job_id of a job workflow, change it there to %s first.", other, u.at.ID)
		}
		return addState(failed, said)
	}
	if u.at.Others = nil; u.at.Position == onlyPredecessorLeft {
		if u.stays {
			u.at.Position = absent
			return u.before.gone(*u.private) // The plan has not seen this.
		}
		u.at.Position = candidatesLeft
		return nil
	}
	u.at.Position = transitions[removePredecessor].to
	// Nothing else was begun while the replaced job existed, so there is nothing to repeat.
	u.rotate = u.rotate && !u.repeatsRotation
	return nil
}

// fail returns the diagnostic for a position without a next step.
func (u *update) fail(context.Context) diag.Diagnostic {
	if u.at.Position != unclear {
		return u.before.gone(*u.private)
	}
	told := u.work.positionWarning(u.at, false)[0]
	return diag.NewErrorDiagnostic(told.Summary(), told.Detail())
}

// positionWarning returns the warning about other jobs that may belong to this one, for a
// refresh, a plan and an update, or for a destroy.
func (w *work) positionWarning(s situation, destroying bool) (diags diag.Diagnostics) {
	others, effect := slices.Clone(s.Others), effects[s.Position]
	if s.Position == candidatesLeft {
		// Another resource may have been read since.
		others = slices.DeleteFunc(others, w.client.Owned.Has)
	}
	if effect.summary == "" || len(others) == 0 {
		return nil
	}
	next := effect.update
	if destroying {
		next = effect.destroy
	}
	diags.AddWarning(effect.summary, w.Redactor.Text(fmt.Sprintf(effect.seen, cmp.Or(s.ID, "not known"), strings.Join(others, ", ")))+"\n\n"+next)
	if len(s.Strays) > 0 {
		diags.Append(w.positionWarning(situation{Position: candidatesLeft, ID: s.ID, Others: s.Strays}, destroying)...)
	}
	return diags
}

func addState(failed diag.Diagnostic, state string) diag.Diagnostic {
	return diag.NewErrorDiagnostic(failed.Summary(), failed.Detail()+"\n\n"+state)
}

// foreign reports whether a suffix in the job's name comes from somebody else. That is so
// if this state has imported the job and has not written its name yet. If the private
// state is lost, it is so for the suffix of a successor without rotated_at: that job was
// imported, because a state that records a successor also records rotated_at.
func (m *jobModel) foreign(p privateState, name string) bool {
	return hasSuffix(name) && p.Unwritten || predecessorInName(name) != "" && p.Lost && m.RotatedAt.IsNull()
}

// alike reports whether a job agrees with this one in everything that a
// rotation does not change: it has an HTTP trigger, and the same group and
// action type.
func (m *jobModel) alike(job cloudautomator.Job) bool {
	return job.RuleType == cloudautomator.Webhook && int64(job.Settings.GroupID) == m.GroupID.ValueInt64() && job.Settings.ActionType == m.ActionType.ValueString()
}

// orphans returns the jobs that may be the successor of a removed job, from a
// rotation that was cut short after the suffix was removed. They were created
// after that job was last changed, were changed after their creation, and are
// not known to belong to another resource.
func orphans(c *cloudautomator.Client, jobs []cloudautomator.Job, gone *jobModel) (found []string) {
	since, ok := cloudautomator.ParseTime(gone.UpdatedAt.ValueString())
	for _, job := range jobs {
		created, is := cloudautomator.ParseTime(job.Settings.CreatedAt)
		updated, was := cloudautomator.ParseTime(job.Settings.UpdatedAt)
		if ok && is && was && created.After(since) && updated.After(created) && gone.alike(job) && !hasSuffix(job.Settings.Name) && !c.Owned.Has(job.ID) {
			found = append(found, job.ID)
		}
	}
	return found
}
