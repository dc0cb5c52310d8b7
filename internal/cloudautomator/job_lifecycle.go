package cloudautomator

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// operationTimeout is a timeout of the resource.
type operationTimeout struct {
	name string
	read func(timeouts.Value, context.Context, time.Duration) (time.Duration, diag.Diagnostics)
}

var (
	toCreate = operationTimeout{"create", timeouts.Value.Create}
	toRead   = operationTimeout{"read", timeouts.Value.Read}
	toUpdate = operationTimeout{"update", timeouts.Value.Update}
	toDelete = operationTimeout{"delete", timeouts.Value.Delete}
)

// work begins an operation that ends with its timeout.
func (r *jobResource) work(ctx context.Context, data *jobModel, of operationTimeout, diags *diag.Diagnostics) (context.Context, context.CancelFunc, *work) {
	timeout, found := of.read(data.Timeouts, ctx, signal.DefaultTimeout)
	diags.Append(found...)
	ctx, cancel := context.WithTimeout(ctx, timeout)
	return ctx, cancel, &work{
		Operation: signal.Operation{Service: service, TimeoutName: of.name, Timeout: timeout, Redactor: r.sender.Redactor()},
		client:    r.client, sender: r.sender,
	}
}

// record is what becomes of the state: everything that is found out is written
// at once, because whatever is returned with an error is all that is left.
type record struct {
	state    *tfsdk.State
	identity *tfsdk.ResourceIdentity
	private  interface {
		SetKey(context.Context, string, []byte) diag.Diagnostics
	}
}

func (r record) write(ctx context.Context, data *jobModel, p privateState) diag.Diagnostics {
	diags := r.state.Set(ctx, data)
	if r.identity != nil && !data.ID.IsNull() {
		diags.Append(r.identity.SetAttribute(ctx, path.Root("id"), data.ID)...)
	}
	diags.Append(p.keep(ctx, r.private)...)
	return diags
}

// Create makes the job, and runs it where that is asked for.
func (r *jobResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var data jobModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &data)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel, w := r.work(ctx, &data, toCreate, &resp.Diagnostics)
	defer cancel()
	if resp.Diagnostics.HasError() {
		return
	}
	to := record{&resp.State, resp.Identity, resp.Private}
	// What the job turns out to be is null until it is known.
	begun := data
	begun.takeFrom(jobModel{})
	begun.takeOpen(jobModel{CompletedPostProcessID: types.ListNull(types.Int64Type), FailedPostProcessID: types.ListNull(types.Int64Type)})
	name, p := data.Name.ValueString(), privateState{Creation: newCreation()}
	made, answered, result, unread := w.create(ctx, name, creationMark(p.Creation), data.body(nil, nil, types.StringNull()))
	if made == nil {
		doing := fmt.Sprintf("Creating the Cloud Automator job %q", name)
		if result.Outcome != delivery.Unknown {
			resp.Diagnostics.Append(w.failure("Job Not Created", doing, result, "Nothing is recorded. Applying again creates the job."))
			return
		}
		p.at(absent)
		resp.Diagnostics.Append(to.write(ctx, &begun, p)...)
		looked := fmt.Sprintf("no such job was seen; its name would end with %q", creationMark(p.Creation))
		if unread != nil {
			looked = "no list of jobs could be read"
		}
		resp.Diagnostics.Append(w.failure("Outcome of the Creation Unknown", doing, result,
			fmt.Sprintf("Whether the job was made is unknown, so it was not asked for again, but looked for: %s.", looked),
			"The resource is saved as tainted, without an id. The next plan looks for the job again; applying removes it if it is there, and makes a new one. "+
				fmt.Sprintf("To find out, look for a job in the Cloud Automator console whose name ends with %q.", creationMark(p.Creation))))
		return
	}
	begun.ID = types.StringValue(made[0])
	u := update{work: w, before: begun, after: data, privateState: &p, standing: standing{unnamed, made[0], made[1:]}, shown: answered}
	if len(made) > 1 {
		u.position = heir
	}
	r.client.known.Store(u.id, true)
	p.Due = data.TriggerOnApply.ValueBool()
	p.at(u.position)
	if resp.Diagnostics.Append(to.write(ctx, &begun, p)...); resp.Diagnostics.HasError() {
		return
	}
	job, failed := u.walk(ctx)
	if failed != nil {
		resp.Diagnostics.Append(withStanding(failed, fmt.Sprintf("The job was made, and is recorded as job %s, but the resource is tainted: the next apply replaces the job. "+
			"Run \"terraform untaint\" on the resource to keep it; the next apply then finishes it.", u.id)))
		return
	}
	shown, err := job.settings()
	if err != nil {
		resp.Diagnostics.AddError("Job Not Read", "Creating Cloud Automator job "+job.ID+" succeeded, but "+err.Error()+".")
		return
	}
	asked := data
	data.take(job, shown)
	data.fill(shown)
	if names := asked.untaken(nil, nil, shown); len(names) > 0 {
		resp.Diagnostics.Append(notTaken(job.ID, names))
	}
	data.RotatedAt = text(moment(shown.CreatedAt))
	p.at(settled)
	p.learn(job)
	p.remember(data, shown)
	if resp.Diagnostics.Append(to.write(ctx, &data, p)...); resp.Diagnostics.HasError() {
		return
	}
	if p.Due {
		failed := w.runJob(ctx, job, &p, "The job was made and is recorded, but the resource is tainted: applying again replaces the job, and runs the new one. "+
			"Run \"terraform untaint\" on the resource to keep the job: the next apply then runs it.",
			"The job was made and is recorded, but the resource is tainted: applying again replaces the job, and runs the new one. "+
				"If the job has run, run \"terraform untaint\" on the resource: nothing is then run again.")
		resp.Diagnostics.Append(to.write(ctx, &data, p)...)
		appendFailure(&resp.Diagnostics, failed)
	}
}

// Read looks at the job. It changes nothing there.
func (r *jobResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var data jobModel
	resp.Diagnostics.Append(req.State.Get(ctx, &data)...)
	p := recall(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel, w := r.work(ctx, &data, toRead, &resp.Diagnostics)
	defer cancel()
	// The framework wants an identity even of what turns out to be gone.
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("id"), data.ID.ValueString())...)
	if resp.Diagnostics.HasError() {
		return
	}
	if r.client.Unknown != "" && !data.Name.IsNull() {
		// What the state says is kept; the apply knows more.
		if req.ClientCapabilities.DeferralAllowed {
			resp.Deferred = &resource.Deferred{Reason: resource.DeferredReasonProviderConfigUnknown}
		} else {
			resp.Diagnostics.Append(notAsked(r.client.Unknown, "Cloud Automator job "+data.ID.ValueString()+" was not read, and is planned as recorded"))
		}
		return
	}
	lost := data.ID.IsNull()
	there, failed := w.refresh(ctx, &data, &p)
	switch {
	case failed != nil:
		resp.Diagnostics.Append(failed)
	case !there:
		resp.State.RemoveResource(ctx)
	default:
		if lost {
			resp.Diagnostics.AddWarning("Job Found",
				fmt.Sprintf("Cloud Automator job %s is the one whose creation got no clear answer: its name has the mark of that creation.\n\n"+
					"While the resource is tainted, applying removes this job and makes a new one. To keep the job, run \"terraform untaint\" on the resource.", data.ID.ValueString()))
		}
		r.client.known.Store(data.ID.ValueString(), true)
		resp.Diagnostics.Append(record{&resp.State, resp.Identity, resp.Private}.write(ctx, &data, p)...)
	}
}

// refresh records what the service shows of a job, and reports whether it is there.
func (w *work) refresh(ctx context.Context, data *jobModel, p *privateState) (there bool, failed diag.Diagnostic) {
	if data.ID.IsNull() {
		made, failed := w.seek(ctx, creationMark(p.Creation))
		if len(made) == 0 || failed != nil {
			return false, failed
		}
		data.ID = types.StringValue(made[0])
	}
	id := data.ID.ValueString()
	job, found, failed := w.job(ctx, id)
	if failed != nil {
		return false, failed
	}
	if !found {
		if job, found, failed = w.missed(ctx, data, p); failed != nil || !found {
			return !sights[p.stands()].forgotten, failed
		}
	}
	if job.RuleType != webhook {
		return false, w.noTrigger(job)
	}
	shown, err := job.settings()
	if err != nil {
		return false, diag.NewErrorDiagnostic("Job Not Read", "Reading Cloud Automator job "+id+" failed: "+err.Error()+".")
	}
	before, imported := *data, data.Name.IsNull()
	if data.takeIdentity(shown); !imported && (p.Lost || p.stands() != settled || isMarked(shown.Name) || !before.UpdatedAt.Equal(text(shown.UpdatedAt))) {
		// Somebody has changed the job. If it was a rotation that was cut short, its successor may be there.
		jobs, failed := w.list(ctx)
		if failed != nil {
			return false, failed
		}
		if stands := locate(data.owner(*p), jobs); stands.position != absent && stands.position != replaced {
			p.at(stands.position)
		}
	}
	if p.Lost && known(before.URL) {
		// What the state has tells whether the operation that was cut off has rotated.
		p.hold(before)
		p.Lost = p.knowsPart(job)
	}
	data.refreshSettings(shown, p)
	if p.URL != "" && !p.knowsPart(job) {
		// Both are others: whatever else has changed, it is rotated.
		for name := range p.Drifted {
			delete(p.Asked, name)
		}
		p.Drifted = nil
	}
	data.take(job, shown)
	p.Whole = p.Whole || imported
	if fresh := p.URL != ""; p.learn(job) && fresh {
		data.RotatedAt = text(job.noticed(shown))
	}
	return true, nil
}

// noticed is when a change of the job was seen, by the service's clock.
func (j Job) noticed(shown settings) string {
	if j.seen.IsZero() {
		return moment(shown.UpdatedAt)
	}
	return j.seen.UTC().Format(time.RFC3339)
}

// moment writes a time of the service as the provider writes its own.
func moment(said string) string {
	if at, ok := instant(said); ok {
		return at.UTC().Format(time.RFC3339Nano)
	}
	return said
}

// youth is how long after its creation a job that is not found may not be shown yet.
const youth = time.Minute

// missed finds out what has become of a job that is not found.
func (w *work) missed(ctx context.Context, data *jobModel, p *privateState) (job Job, found bool, failed diag.Diagnostic) {
	jobs, failed := w.list(ctx)
	if failed != nil {
		return Job{}, false, failed
	}
	stands := locate(data.owner(*p), jobs).position
	if made, ok := instant(data.CreatedAt.ValueString()); stands != replaced && ok && -delivery.Until(made) < youth {
		// Just made: it may not be shown yet.
		w.deliver(ctx, "Reading Cloud Automator job "+data.ID.ValueString(), func(ctx context.Context) delivery.Attempt {
			return tryRequest(ctx, func(ctx context.Context) (err error) {
				if job, err = w.client.Job(ctx, data.ID.ValueString()); missing(err) {
					return errors.New("the job API does not show the job yet")
				}
				return err
			})
		})
		if job.ID != "" {
			w.know(job)
			return job, true, nil
		}
	}
	switch {
	case stands == replaced:
		p.at(replaced)
	case len(w.client.orphans(jobs, data)) > 0:
		p.at(orphaned)
	default:
		p.at(absent)
	}
	return Job{}, false, nil
}

// Update changes the job, and rotates its URL and access token where that is asked for.
func (r *jobResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var before, data jobModel
	resp.Diagnostics.Append(req.State.Get(ctx, &before)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &data)...)
	p := recall(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel, w := r.work(ctx, &data, toUpdate, &resp.Diagnostics)
	defer cancel()
	if resp.Diagnostics.HasError() {
		return
	}
	to := record{&resp.State, resp.Identity, resp.Private}
	d := decide(before, data, p)
	data.takeFrom(before)
	data.takeOpen(before)
	recalled := p
	p.Whole = p.Whole && data.ActionValue.Equal(before.ActionValue)
	p.Imported, p.Moved = false, false
	p.Due = p.Due && data.TriggerOnApply.ValueBool()

	u := update{work: w, before: before, after: data, privateState: &p, again: d.again}
	taken := false
	// take records the job as it is now.
	take := func(job Job) (diags diag.Diagnostics) {
		shown, err := job.settings()
		if err != nil {
			diags.AddError("Job Not Read", "Updating Cloud Automator job "+job.ID+" failed: "+err.Error()+".")
			return diags
		}
		data.take(job, shown)
		data.fill(shown)
		if !d.moves {
			// The plan has shown them as they were.
			data.TimeZone, data.CreatedAt = before.TimeZone, before.CreatedAt
		}
		if p.learn(job) {
			data.RotatedAt = text(job.noticed(shown))
		}
		taken = true
		r.client.known.Store(job.ID, true)
		return to.write(ctx, &data, p)
	}
	var job Job
	var failed diag.Diagnostic
	switch {
	case d.change:
		if d.rotate {
			u.wish = toRotate
		}
		u.taken = func(job Job) diag.Diagnostics {
			p.Lost, p.Due = false, data.TriggerOnApply.ValueBool()
			return take(job)
		}
		if job, failed = u.run(ctx); failed == nil {
			shown, err := job.settings()
			if err == nil {
				p.remember(data, shown)
			}
			p.Lost = false
			p.Due = data.TriggerOnApply.ValueBool() && (p.Due || d.rotate && !d.again)
		}
		p.at(u.position)
		resp.Diagnostics.Append(u.warnings...)
	case d.read || d.run || recalled.Moved:
		var found bool
		if job, found, failed = w.job(ctx, before.ID.ValueString()); failed == nil && !found {
			failed = gone(before.ID.ValueString())
		} else if failed == nil {
			failed = u.webhook(job)
		}
		if shown, err := job.settings(); recalled.Moved && failed == nil && err == nil {
			// From here on the words of the configuration count.
			p.remember(data, shown)
		}
		if failed == nil && !d.read && !d.run {
			resp.Diagnostics.Append(to.write(ctx, &data, p)...)
			return
		}
	default:
		resp.Diagnostics.Append(to.write(ctx, &data, p)...)
		return
	}
	if failed != nil {
		if !taken {
			// The state is still the old one, and so is what goes with it.
			p.Whole, p.Imported, p.Moved = recalled.Whole, recalled.Imported, recalled.Moved
			p.Due, p.Lost = recalled.Due, recalled.Lost
		}
		resp.Diagnostics.Append(p.keep(ctx, resp.Private)...)
		appendFailure(&resp.Diagnostics, failed)
		return
	}
	if resp.Diagnostics.Append(take(job)...); resp.Diagnostics.HasError() || !p.Due {
		return
	}
	failed = w.runJob(ctx, job, &p, "The job's URL and access token are recorded, and the next apply runs the job without rotating them again.",
		"The job's URL and access token are recorded, and the next apply does not run the job: if it has not run, run it with a signal_http_trigger.")
	resp.Diagnostics.Append(to.write(ctx, &data, p)...)
	appendFailure(&resp.Diagnostics, failed)
}

// gone is the diagnostic of a job that was removed after the refresh.
func gone(id string) diag.Diagnostic {
	return diag.NewErrorDiagnostic("Job Is Gone",
		fmt.Sprintf("Updating Cloud Automator job %s failed: the job API does not have it any more.\n\nPlan again: the refresh sees it, and the plan makes a new job.", id))
}

// runJob runs the job once, and remembers whether that is still to be done. A run
// that may have started is never made good.
func (w *work) runJob(ctx context.Context, job Job, p *privateState, unsent, unknown string) diag.Diagnostic {
	run := trigger{job.URL, job.AccessToken}
	outcome, failed := w.Send(ctx, w.sender, signal.Signal{
		Target:     target{client: w.client, args: &args{}, given: &run},
		What:       "an HTTP POST",
		To:         "Cloud Automator job " + job.ID,
		Service:    service,
		RateLimit:  limiter(job.URL.Host),
		HowToCheck: findOut,
		Explain: func(attempt delivery.Attempt) signal.Advice {
			advice := target{client: w.client}.explain(attempt)
			advice.Attribute = "trigger_on_apply"
			return advice
		},
	}, unsent, unknown)
	p.Due = outcome != delivery.Accepted && outcome != delivery.Unknown
	return failed
}

// Delete removes the job, and whatever a rotation that was cut short has left of it.
func (r *jobResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var data jobModel
	resp.Diagnostics.Append(req.State.Get(ctx, &data)...)
	p := recall(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel, w := r.work(ctx, &data, toDelete, &resp.Diagnostics)
	defer cancel()
	if resp.Diagnostics.HasError() {
		return
	}
	if data.ID.IsNull() {
		made, failed := w.seek(ctx, creationMark(p.Creation))
		if failed != nil || len(made) == 0 {
			appendFailure(&resp.Diagnostics, failed)
			return
		}
		data.ID = types.StringValue(made[0])
		for _, other := range made[1:] {
			if _, failed := w.remove(ctx, other); failed != nil {
				resp.Diagnostics.Append(failed)
				return
			}
		}
	}
	resp.Diagnostics.Append(w.removeAll(ctx, &data, p)...)
}

// removeAll removes a job with the jobs that belong to it, and names those that may.
func (w *work) removeAll(ctx context.Context, data *jobModel, p privateState) (diags diag.Diagnostics) {
	jobs, failed := w.list(ctx)
	if failed != nil {
		diags.AddError("Job Not Removed", fmt.Sprintf("Removing Cloud Automator job %s was not tried, because jobs that belong to it could not be looked for. %s", data.ID.ValueString(), failed.Detail()))
		return diags
	}
	stands := locate(data.owner(p), jobs)
	for _, other := range stands.others {
		if _, failed := w.remove(ctx, other); failed != nil {
			diags.Append(failed)
			return diags
		}
	}
	gone, failed := w.remove(ctx, data.ID.ValueString())
	appendFailure(&diags, failed)
	if left := w.client.orphans(jobs, data); gone && stands.position == absent && len(left) > 0 {
		diags.AddWarning("Jobs May Be Left",
			fmt.Sprintf("Cloud Automator job %s was gone already. One of these may be its successor, from a rotation that was cut short: %s. None of them was removed, because each may be somebody else's.\n\n"+
				"Look at them in the Cloud Automator console, and remove there what nobody needs.", data.ID.ValueString(), w.Redactor.Text(strings.Join(left, ", "))))
	}
	return diags
}

// ImportState takes a job by its id, or by its identity.
func (r *jobResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	resource.ImportStatePassthroughWithIdentity(ctx, path.Root("id"), path.Root("id"), req, resp)
	if !resp.Diagnostics.HasError() && req.ID != "" && !jobID.MatchString(req.ID) {
		resp.Diagnostics.AddError("Invalid Job ID", "A job is imported by its id: letters, digits, - and _.")
	}
	resp.Diagnostics.Append(privateState{Imported: true}.keep(ctx, resp.Private)...)
}

func appendFailure(diags *diag.Diagnostics, failed diag.Diagnostic) {
	if failed != nil {
		diags.Append(failed)
	}
}
