package cloudautomator

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
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

func (r record) write(ctx context.Context, data *jobModel, m privateState) diag.Diagnostics {
	diags := r.state.Set(ctx, data)
	if r.identity != nil && !data.ID.IsNull() {
		diags.Append(r.identity.SetAttribute(ctx, path.Root("id"), data.ID)...)
	}
	diags.Append(m.keep(ctx, r.private)...)
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
	job, m, failed := w.makeJob(ctx, &data)
	if failed != nil {
		if !m.Sought.IsZero() {
			resp.Diagnostics.Append(to.write(ctx, &begun, m)...)
		}
		resp.Diagnostics.Append(failed)
		return
	}
	begun.ID = types.StringValue(job.ID)
	m.Due = data.TriggerOnApply.ValueBool()
	if resp.Diagnostics.Append(to.write(ctx, &begun, m)...); resp.Diagnostics.HasError() {
		return
	}
	if job.URL == nil {
		// The answer to the creation did not show it.
		if job, failed = w.settled(ctx, job); failed != nil {
			resp.Diagnostics.Append(withStanding(failed, fmt.Sprintf("The job was made, and is recorded as job %s, but the resource is tainted: the next apply replaces the job. "+
				"Run \"terraform untaint\" on the resource to keep it; the next apply then reads the rest.", begun.ID.ValueString())))
			return
		}
	}
	shown, err := job.settings()
	if err != nil {
		resp.Diagnostics.AddError("Job Not Read", "Creating Cloud Automator job "+job.ID+" succeeded, but "+err.Error()+".")
		return
	}
	data.take(job, shown)
	data.fill(shown)
	data.RotatedAt = data.CreatedAt
	m.learn(job)
	if resp.Diagnostics.Append(to.write(ctx, &data, m)...); resp.Diagnostics.HasError() {
		return
	}
	if m.Due {
		failed := w.runJob(ctx, job, &m, "The job was made and is recorded, but the resource is tainted: applying again replaces the job, and runs the new one. "+
			"Run \"terraform untaint\" on the resource to keep the job: the next apply then runs it.",
			"The job was made and is recorded, but the resource is tainted: applying again replaces the job, and runs the new one. "+
				"If the job has run, run \"terraform untaint\" on the resource: nothing is then run again.")
		resp.Diagnostics.Append(to.write(ctx, &data, m)...)
		appendFailure(&resp.Diagnostics, failed)
	}
}

// makeJob creates a job.
func (w *work) makeJob(ctx context.Context, data *jobModel) (job Job, m privateState, failed diag.Diagnostic) {
	name := data.Name.ValueString()
	lock := w.client.naming(name)
	lock.Lock()
	defer lock.Unlock()
	if lock.doubtful {
		return Job{}, m, diag.NewErrorDiagnostic("Job Not Created", fmt.Sprintf("Creating the Cloud Automator job %q was not tried: in this apply, the creation of another job of that name got no clear answer, "+
			"and a second one could not be told from it.\n\nNothing is recorded. Applying again creates the job.", name))
	}
	made, result, since, doubt := w.create(ctx, name, data.body(nil), func(jobs []Job, since time.Time) ([]string, error) {
		return w.client.lookFor(data, privateState{Sought: since}, jobs)
	})
	switch {
	case made != nil:
		w.client.known.Store(made.ID, true)
		return *made, m, nil
	case result.Outcome == delivery.Unknown:
		lock.doubtful = true
		m.Sought, m.Until = since, since.Add(-delivery.Until(result.SentAt)).Add(lateness)
		w.client.known.Range(func(id, _ any) bool { m.Others = append(m.Others, id.(string)); return true })
		found := "no such job was seen that nobody else has"
		if doubt != nil {
			found = doubt.Error()
		}
		return Job{}, m, w.failure("Outcome of the Creation Unknown", fmt.Sprintf("Creating the Cloud Automator job %q", name), result,
			fmt.Sprintf("Whether the job was made is unknown, so it was not asked for again, but looked for: %s.", found),
			"The resource is saved as tainted, without an id. The next plan looks for the job again; applying removes it if it is there, and makes a new one. "+
				"To find out, look for the job in the Cloud Automator console.")
	default:
		return Job{}, m, w.failure("Job Not Created", fmt.Sprintf("Creating the Cloud Automator job %q", name), result, "Nothing is recorded. Applying again creates the job.")
	}
}

// lateness is how long after the end of its creation a job may yet be made, by
// the service's clock.
const lateness = time.Minute

// lookFor finds the job whose creation got no clear answer among those made
// then, by its name and all its settings: one that no resource is known to have.
// It is an error if there is more than one.
func (c *Client) lookFor(data *jobModel, lost privateState, jobs []Job) (found []string, err error) {
	for _, job := range jobs {
		shown, err := job.settings()
		created, ok := instant(shown.CreatedAt)
		_, known := c.known.Load(job.ID)
		if err == nil && ok && !known && !slices.Contains(lost.Others, job.ID) && job.RuleType == webhook &&
			!created.Before(lost.Sought) && (lost.Until.IsZero() || !created.After(lost.Until)) && data.shownBy(shown) {
			found = append(found, job.ID)
		}
	}
	if len(found) > 1 {
		return nil, fmt.Errorf("there is more than one job %q that was made since then, with the ids %s", data.Name.ValueString(), strings.Join(found, ", "))
	}
	return found, nil
}

// naming is held while a job is created, so that one creation at a time can
// bring forth a job of that name.
type naming struct {
	sync.Mutex
	// doubtful says that one got no clear answer.
	doubtful bool
}

func (c *Client) naming(name string) *naming {
	lock, _ := c.creating.LoadOrStore(name, &naming{})
	return lock.(*naming)
}

// Read looks at the job. It changes nothing there.
func (r *jobResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var data jobModel
	resp.Diagnostics.Append(req.State.Get(ctx, &data)...)
	m := recall(ctx, req.Private, &resp.Diagnostics)
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
	there, failed := w.refresh(ctx, &data, &m)
	switch {
	case failed != nil:
		resp.Diagnostics.Append(failed)
	case !there:
		resp.State.RemoveResource(ctx)
	default:
		if lost {
			resp.Diagnostics.AddWarning("Job Found",
				fmt.Sprintf("Cloud Automator job %s is taken for the one whose creation got no clear answer: it was made then, and has the name and all settings of this resource.\n\n"+
					"While the resource is tainted, applying removes this job and makes a new one. To keep the job, run \"terraform untaint\" on the resource. "+
					"If the job is somebody else's, run \"terraform state rm\" on it.", data.ID.ValueString()))
		}
		r.client.known.Store(data.ID.ValueString(), true)
		resp.Diagnostics.Append(record{&resp.State, resp.Identity, resp.Private}.write(ctx, &data, m)...)
	}
}

// refresh records what the service shows of a job, and reports whether it is there.
func (w *work) refresh(ctx context.Context, data *jobModel, m *privateState) (there bool, failed diag.Diagnostic) {
	if data.ID.IsNull() {
		id, failed := w.seek(ctx, data, m)
		if id == "" || failed != nil {
			return false, failed
		}
		data.ID, m.Sought, m.Until, m.Others = types.StringValue(id), time.Time{}, time.Time{}, nil
	}
	id := data.ID.ValueString()
	job, found, failed := w.job(ctx, id)
	if failed != nil {
		return false, failed
	}
	if !found {
		return w.refreshGone(ctx, data, m)
	}
	if job.RuleType != webhook {
		return false, noTrigger(job)
	}
	shown, err := job.settings()
	if err != nil {
		return false, diag.NewErrorDiagnostic("Job Not Read", "Reading Cloud Automator job "+id+" failed: "+err.Error()+".")
	}
	m.Successor, m.Orphaned = "", false
	before, imported := *data, data.Name.IsNull()
	data.takeSettings(shown)
	if !imported && (m.Lost || !before.UpdatedAt.Equal(text(shown.UpdatedAt))) {
		// Somebody has changed the job. If it was a rotation that was cut short, its successor may be there.
		jobs, failed := w.list(ctx)
		if failed != nil {
			return false, failed
		}
		m.Unfinished = m.Unfinished || len(successors(jobs, &before)) > 0
		m.recover(jobs, &before)
	}
	if m.Lost && known(before.URL) {
		// What the state has tells whether the operation that was cut off has rotated.
		m.hold(before)
		m.Lost = m.knowsPart(job)
	}
	if !imported && m.knowsPart(job) && data.rotates() && !before.sameSettings(data) {
		m.Unfinished = true
	}
	data.take(job, shown)
	m.Whole = m.Whole || imported
	if fresh := m.URL != ""; m.learn(job) && fresh {
		data.RotatedAt = text(job.noticed(shown))
	}
	return true, nil
}

// noticed is when a change of the job was seen, by the service's clock.
func (j Job) noticed(shown settings) string {
	if j.seen.IsZero() {
		return shown.UpdatedAt
	}
	return j.seen.UTC().Format(time.RFC3339)
}

// refreshGone looks for what has taken the place of a job that is gone.
func (w *work) refreshGone(ctx context.Context, data *jobModel, m *privateState) (there bool, failed diag.Diagnostic) {
	jobs, failed := w.list(ctx)
	if failed != nil {
		return false, failed
	}
	m.Successor = ""
	if marked := successors(jobs, data); len(marked) > 0 {
		m.Successor = marked[0]
	}
	m.Orphaned = m.Successor == "" && len(w.client.orphans(jobs, data, nil)) > 0
	return m.Successor != "" || m.Orphaned, nil
}

// seek looks for the job whose creation got no clear answer.
func (w *work) seek(ctx context.Context, data *jobModel, m *privateState) (id string, failed diag.Diagnostic) {
	jobs, failed := w.list(ctx)
	if failed != nil {
		return "", failed
	}
	found, err := w.client.lookFor(data, *m, jobs)
	if err != nil {
		return "", diag.NewErrorDiagnostic("Job Not Found", fmt.Sprintf("Looking for the Cloud Automator job whose creation got no clear answer failed: %s.\n\n"+
			"Find out in the Cloud Automator console which of them nobody else needs, and remove it; then run \"terraform state rm\" on this resource.", err))
	}
	if len(found) == 0 {
		return "", nil
	}
	return found[0], nil
}

// Update changes the job, and rotates its URL and access token where that is asked for.
func (r *jobResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var before, data jobModel
	resp.Diagnostics.Append(req.State.Get(ctx, &before)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &data)...)
	m := recall(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel, w := r.work(ctx, &data, toUpdate, &resp.Diagnostics)
	defer cancel()
	if resp.Diagnostics.HasError() {
		return
	}
	to := record{&resp.State, resp.Identity, resp.Private}
	d := decide(before, data, m)
	data.takeFrom(before)
	data.takeOpen(before)
	recalled := m
	m.Whole = m.Whole && data.ActionValue.Equal(before.ActionValue)
	m.Imported = false
	m.Due = m.Due && data.TriggerOnApply.ValueBool()

	var job Job
	var failed diag.Diagnostic
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
		if !d.rotate {
			// The plan has shown them as they were.
			data.TimeZone, data.CreatedAt = before.TimeZone, before.CreatedAt
		}
		if m.learn(job) {
			data.RotatedAt = text(job.noticed(shown))
		}
		taken = true
		r.client.known.Store(job.ID, true)
		return to.write(ctx, &data, m)
	}
	switch {
	case d.change:
		rotation := rotation{work: w, before: before, after: data, privateState: &m, asked: d.rotate, taken: func(job Job) diag.Diagnostics {
			m.Due = data.TriggerOnApply.ValueBool()
			return take(job)
		}}
		if job, failed = rotation.run(ctx); failed == nil {
			if rotation.adopted && recalled.Successor == "" {
				resp.Diagnostics.Append(hasSuccessor(before, job.ID))
			}
			m.Lost, m.Unfinished, m.Marked = false, false, false
			// Whether one that is only taken for the successor was run already, nobody knows.
			m.Due = data.TriggerOnApply.ValueBool() && (m.Due || d.rotate && !d.again) && !rotation.adopted
		}
	case d.read || d.run:
		var found bool
		if job, found, failed = w.job(ctx, before.ID.ValueString()); failed == nil && !found {
			failed = gone(before.ID.ValueString())
		}
	default:
		resp.Diagnostics.Append(to.write(ctx, &data, m)...)
		return
	}
	if failed != nil {
		if !taken {
			// The state is still the old one, and so is what goes with it.
			m.Whole, m.Imported, m.Due = recalled.Whole, recalled.Imported, recalled.Due
		}
		resp.Diagnostics.Append(m.keep(ctx, resp.Private)...)
		appendFailure(&resp.Diagnostics, failed)
		return
	}
	if resp.Diagnostics.Append(take(job)...); resp.Diagnostics.HasError() || !m.Due {
		return
	}
	failed = w.runJob(ctx, job, &m, "The job's URL and access token are recorded, and the next apply runs the job without rotating them again.",
		"The job's URL and access token are recorded, and the next apply does not run the job: if it has not run, run it with a signal_http_trigger.")
	resp.Diagnostics.Append(to.write(ctx, &data, m)...)
	appendFailure(&resp.Diagnostics, failed)
}

// gone is the diagnostic of a job that was removed after the refresh.
func gone(id string) diag.Diagnostic {
	return diag.NewErrorDiagnostic("Job Is Gone",
		fmt.Sprintf("Updating Cloud Automator job %s failed: the job API does not have it any more.\n\nPlan again: the refresh sees it, and the plan makes a new job.", id))
}

// runJob runs the job once, and remembers whether that is still to be done. A run
// that may have started is never made good.
func (w *work) runJob(ctx context.Context, job Job, m *privateState, unsent, unknown string) diag.Diagnostic {
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
	m.Due = outcome != delivery.Accepted && outcome != delivery.Unknown
	return failed
}

// Delete removes the job, and whatever a rotation that was cut short has left of it.
func (r *jobResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var data jobModel
	resp.Diagnostics.Append(req.State.Get(ctx, &data)...)
	m := recall(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel, w := r.work(ctx, &data, toDelete, &resp.Diagnostics)
	defer cancel()
	if resp.Diagnostics.HasError() {
		return
	}
	if data.ID.IsNull() {
		found, failed := w.seek(ctx, &data, &m)
		if failed != nil || found == "" {
			appendFailure(&resp.Diagnostics, failed)
			return
		}
		data.ID = types.StringValue(found)
		resp.Diagnostics.AddWarning("Job Found",
			fmt.Sprintf("Cloud Automator job %s was taken for the one whose creation got no clear answer, and is removed: it was made then, and had the name and all settings of this resource.", found))
	}
	appendFailure(&resp.Diagnostics, w.removeAll(ctx, &data, m))
}

func (w *work) removeAll(ctx context.Context, data *jobModel, m privateState) diag.Diagnostic {
	id := data.ID.ValueString()
	if m.Lost {
		jobs, failed := w.list(ctx)
		if failed != nil {
			return failed
		}
		m.recover(jobs, data)
	}
	for _, other := range m.Predecessors {
		if _, failed := w.remove(ctx, other); failed != nil {
			return failed
		}
	}
	gone, failed := w.remove(ctx, id)
	if failed != nil || !gone && !m.Unfinished && !m.Lost {
		return failed
	}
	jobs, failed := w.list(ctx)
	if failed != nil {
		return failed
	}
	for _, successor := range successors(jobs, data) {
		if _, failed := w.remove(ctx, successor); failed != nil {
			return failed
		}
	}
	return nil
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
