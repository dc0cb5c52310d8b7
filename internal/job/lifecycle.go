package job

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cloudautomator"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// begin starts an operation with the timeout called name.
func (r *jobResource) begin(ctx context.Context, data *jobModel, name string, read func(timeouts.Value, context.Context, time.Duration) (time.Duration, diag.Diagnostics), diags *diag.Diagnostics) (
	context.Context, context.CancelFunc, *work,
) {
	timeout, found := read(data.Timeouts, ctx, signal.DefaultTimeout)
	diags.Append(found...)
	ctx, cancel := r.sender.WithTimeout(ctx, timeout)
	return ctx, cancel, newWork(r.client, r.sender, name, timeout)
}

// stateWriter writes the state. The provider writes everything that it finds out at
// once, because after an error only the written state is left.
type stateWriter struct {
	state    *tfsdk.State
	identity *tfsdk.ResourceIdentity
	private  interface {
		SetKey(context.Context, string, []byte) diag.Diagnostics
	}
}

func (s stateWriter) write(ctx context.Context, data *jobModel, p privateState) diag.Diagnostics {
	switch at := p.Situation; {
	case (at.Position == predecessorLeft || at.Position == onlyPredecessorLeft) && len(at.Others) > 0:
		data.PredecessorID = types.StringValue(at.Others[0])
	case at.Position == successorCreated || at.Position == replaced:
		data.PredecessorID = text(at.Predecessor)
	case at.Position != unclear: // Else it is not known whether it still exists.
		data.PredecessorID = types.StringNull()
	}
	diags := s.state.Set(ctx, data)
	if s.identity != nil && !data.ID.IsNull() {
		diags.Append(s.identity.SetAttribute(ctx, path.Root("id"), data.ID)...)
	}
	diags.Append(p.store(ctx, s.private)...)
	return diags
}

// Create creates the job. With trigger_on_apply it also runs the job.
func (r *jobResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var config, data jobModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &data)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel, w := r.begin(ctx, &data, "create", timeouts.Value.Create, &resp.Diagnostics)
	defer cancel()
	resp.Diagnostics.Append(data.reserved()...)
	if resp.Diagnostics.HasError() {
		return
	}
	writer := stateWriter{&resp.State, resp.Identity, resp.Private}
	// Computed values are null until they are known.
	begun := data
	begun.takeFrom(jobModel{})
	begun.takeLeftToService(jobModel{CompletedPostProcessID: types.ListNull(types.Int64Type), FailedPostProcessID: types.ListNull(types.Int64Type)})
	name, p := data.Name.ValueString(), privateState{Creation: hex.EncodeToString(random(8)), Begun: delivery.FromNow(0), Due: data.TriggerOnApply.ValueBool()}
	made, answered, result, unread := w.create(ctx, name, creationSuffix(p.Creation), data.body(nil, nil, types.StringNull()))
	if len(made) != 1 {
		doing := fmt.Sprintf("Creating the Cloud Automator job %q", name)
		if result.Outcome != delivery.Unknown {
			resp.Diagnostics.Append(w.failure("Job Not Created", doing, result, "Nothing is recorded. Applying again creates the job."))
			return
		}
		looked, next := fmt.Sprintf("no such job was seen; its name would end with %q", creationSuffix(p.Creation)),
			"The next plan looks for the job again. If the job exists, applying removes it and creates a new one. "
		p.recordSituation(situation{Position: absent})
		switch _, cut := unread.(cutOff); {
		case cut:
			looked = "the search was cut off, and had not shown the job; its name would end with " + strconv.Quote(creationSuffix(p.Creation))
		case unread != nil:
			looked = "no list of jobs could be read"
		case len(made) > 1:
			looked = "the names of several jobs end with its suffix, and the provider cannot tell which of them it is: " + w.Redactor.Text(strings.Join(made, ", "))
			next = "Applying creates a new job, and removes none of these. "
			p.recordSituation(situation{Position: unclear, Others: made})
		}
		resp.Diagnostics.Append(writer.write(ctx, &begun, p)...)
		resp.Diagnostics.Append(w.failure("Outcome of the Creation Unknown", doing, result,
			fmt.Sprintf("It is unknown whether the service created the job. The provider did not repeat the request, but searched for the job: %s.", looked),
			"The resource is saved as tainted, without an id. "+next+
				fmt.Sprintf("To find out, look for a job in the Cloud Automator console whose name ends with %q.", creationSuffix(p.Creation))))
		return
	}
	begun.ID = types.StringValue(made[0])
	u := update{
		work: w, writer: writer, config: config, before: begun, after: data, data: &data, private: &p,
		at: situation{Position: unnamed, ID: made[0]}, shown: answered,
	}
	r.client.Owned.Add(u.at.ID)
	p.recordSituation(u.at)
	if resp.Diagnostics.Append(writer.write(ctx, &begun, p)...); resp.Diagnostics.HasError() {
		return
	}
	if failed := u.takeSteps(ctx); failed != nil {
		resp.Diagnostics.Append(addState(failed, fmt.Sprintf("The job was created, and is recorded as job %s, but the resource is tainted: the next apply replaces the job. "+
			"To keep the job, run \"terraform untaint\" on the resource: then the next apply finishes the job.", u.at.ID)))
		return
	}
	if names := u.after.unchanged(nil, nil, u.shown.Settings); len(names) > 0 {
		resp.Diagnostics.Append(settingsNotChanged(u.at.ID, names))
	}
	p.recordSituation(u.at)
	const tainted = "The job was created and is recorded, but the resource is tainted: applying again replaces the job, and runs the new one. "
	resp.Diagnostics.Append(u.finish(ctx, true,
		tainted+"To keep the job, run \"terraform untaint\" on the resource: then the next apply runs the job.",
		tainted+"If the job has run, run \"terraform untaint\" on the resource: then the job is not run again.")...)
}

// Read reads the job. It changes nothing at the service.
func (r *jobResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var data jobModel
	resp.Diagnostics.Append(req.State.Get(ctx, &data)...)
	p := readPrivateState(ctx, req.Private, data, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel, w := r.begin(ctx, &data, "read", timeouts.Value.Read, &resp.Diagnostics)
	defer cancel()
	// The framework requires an identity even for a job that no longer exists.
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("id"), data.ID.ValueString())...)
	if resp.Diagnostics.HasError() {
		return
	}
	switch {
	case r.client.Unknown == "":
	case req.ClientCapabilities.DeferralAllowed:
		resp.Deferred = &resource.Deferred{Reason: resource.DeferredReasonProviderConfigUnknown}
		return
	case !data.Name.IsNull():
		// Keep the state. The apply can read the job. Of an imported job, nothing is known yet.
		resp.Diagnostics.Append(notAsked(r.client.Unknown, "Cloud Automator job "+data.ID.ValueString()+" was not read, and is planned as recorded"))
		return
	}
	lost := data.ID.IsNull()
	there, failed := w.refresh(ctx, &data, &p)
	switch {
	case failed != nil:
		resp.Diagnostics.Append(failed)
	case !there:
		if lost {
			resp.Diagnostics.AddWarning("Created Job Not Found", neverSeen(p)+"The resource is removed from the state, and the next plan creates a job. If a job with the suffix shows up later, remove it in the Cloud Automator console.")
		}
		resp.State.RemoveResource(ctx)
	default:
		if lost && !data.ID.IsNull() {
			resp.Diagnostics.AddWarning("Job Found",
				fmt.Sprintf("The creation of this resource got no clear answer. The refresh has found its job: Cloud Automator job %s, whose name ends with the suffix of that creation.\n\n"+
					"If the resource is tainted, applying removes this job and creates a new one. To keep the job, run \"terraform untaint\" on the resource.", data.ID.ValueString()))
		}
		r.client.Owned.Add(data.ID.ValueString())
		resp.Diagnostics.Append(w.positionWarning(p.Situation, false)...)
		resp.Diagnostics.Append(stateWriter{&resp.State, resp.Identity, resp.Private}.write(ctx, &data, p)...)
	}
}

// neverSeen says that a creation got no clear answer, and that its job was not found.
func neverSeen(p privateState) string {
	if p.Creation == "" {
		return "The creation of this resource got no clear answer, and the private state, which had the suffix of its job's name, is lost.\n\n"
	}
	return fmt.Sprintf("The creation of this resource got no clear answer, and no Cloud Automator job has a name that ends with the suffix of that creation, %q.\n\n", creationSuffix(p.Creation))
}

// refresh records what the service shows of a job, and reports whether the job
// exists.
func (w *work) refresh(ctx context.Context, data *jobModel, p *privateState) (there bool, failed diag.Diagnostic) {
	lost := data.ID.IsNull()
	if lost {
		made, _, failed := w.seek(ctx, creationSuffix(p.Creation), p.Begun)
		if len(made) == 0 || failed != nil {
			return false, failed
		}
		if len(made) > 1 {
			p.recordSituation(situation{Position: unclear, Others: made})
			return true, nil
		}
		data.ID = types.StringValue(made[0])
	}
	before, imported := *data, data.Name.IsNull()
	job, at, failed := w.locate(ctx, data, *p, func(job cloudautomator.Job) bool {
		// If a rotation that was cut short has changed the job, a successor may exist.
		return !imported && (p.Lost || !before.UpdatedAt.Equal(text(job.Settings.UpdatedAt)))
	})
	if failed != nil {
		return false, failed
	}
	if predecessor := predecessorInName(job.Settings.Name); imported && predecessor != "" {
		return false, notImported(job.ID, predecessor)
	}
	p.recordSituation(at)
	p.Unanswered = time.Time{}
	if job.ID == "" {
		return !effects[at.Position].forgotten, nil
	}
	// Once the suffix is known to come from somebody else, it stays known.
	foreign := before.foreign(*p, job.Settings.Name)
	p.Unwritten = p.Unwritten || foreign
	if p.Lost && signal.Given(before.URL) {
		// The URL and the access token in the state show whether the operation that
		// was cut off has rotated.
		p.recordCredentialsOfState(before)
		p.Lost = p.knowsPart(job)
	}
	data.refreshSettings(job.Settings, p)
	if p.URL != "" && !p.knowsPart(job) {
		// Both URL and access token have changed, so the job was rotated, whatever
		// else has changed.
		for _, name := range p.Drifted {
			p.Asked[name] = ""
		}
		p.Drifted = nil
	}
	data.take(job)
	if p.Whole = p.Whole || imported; p.Imported {
		p.Reads = min(p.Reads+1, 2)
	}
	if fresh := p.URL != "" || lost; p.recordCredentials(job) && fresh && !foreign {
		data.rotated()
	}
	return true, nil
}

// notImported returns the diagnostic for the import of a job whose name says that it
// replaces another one. The state of the other one, if there is one, takes the job over,
// even if the other job is gone already. Two states never own one job.
func notImported(id, predecessor string) diag.Diagnostic {
	return diag.NewErrorDiagnostic("Job Not Imported",
		fmt.Sprintf("Importing Cloud Automator job %s failed: the end of its name, %q, says that it is the successor of job %s in a rotation that is not finished.\n\n"+
			"Finish the rotation in the configuration that manages job %[3]s: its next apply records job %[1]s in the place of job %[3]s. If no configuration manages job %[3]s, "+
			"remove that end from the name in the Cloud Automator console, and import the job again.", id, successorSuffix(predecessor), predecessor))
}

// rotated records the time of a rotation. Two rotations that follow each other have two
// times.
func (m *jobModel) rotated() {
	at := delivery.FromNow(0).Truncate(time.Millisecond)
	if last, ok := cloudautomator.ParseTime(m.RotatedAt.ValueString()); ok && at.Equal(last) {
		at = at.Add(time.Millisecond)
	}
	m.RotatedAt = types.StringValue(at.UTC().Format("2006-01-02T15:04:05.000Z"))
}

// Update changes the job, and rotates its URL and access token if the plan says
// so.
func (r *jobResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var config, before, data jobModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &before)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &data)...)
	p := readPrivateState(ctx, req.Private, before, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel, w := r.begin(ctx, &data, "update", timeouts.Value.Update, &resp.Diagnostics)
	defer cancel()
	resp.Diagnostics.Append(data.reserved()...)
	if resp.Diagnostics.HasError() {
		return
	}
	d := decide(before, data, p)
	data.takeFrom(before)
	data.takeLeftToService(before)
	previous := p
	p.Whole = p.Whole && data.ActionValue.Equal(before.ActionValue)
	p.Imported, p.Reads, p.Moved = false, 0, false
	p.Due = p.Due && data.TriggerOnApply.ValueBool()

	u := update{
		work: w, writer: stateWriter{&resp.State, resp.Identity, resp.Private}, config: config, before: before, after: data, data: &data, private: &p,
		at: p.Situation, rotate: d.rotate, repeatsRotation: d.repeatsRotation, stays: !d.moves,
	}
	var failed diag.Diagnostic
	switch {
	case d.change:
		if failed = u.start(ctx); failed == nil {
			failed = u.takeSteps(ctx)
		}
		p.recordSituation(u.at)
		resp.Diagnostics.Append(u.warnings...)
		if len(u.unchanged) > 0 {
			resp.Diagnostics.Append(settingsNotChanged(u.at.ID, u.unchanged))
		}
	case d.read || d.run || previous.Moved:
		if u.shown, _, failed = w.locate(ctx, &before, privateState{}, nil); failed == nil && u.shown.ID == "" {
			failed = before.gone(p)
		}
	}
	if failed != nil {
		if !u.recorded {
			// The state is still the old one, so keep the private state that belongs
			// to it.
			previous.Situation, previous.Unanswered = p.Situation, p.Unanswered
			data, p = before, previous
		}
		resp.Diagnostics.Append(u.writer.write(ctx, &data, p)...)
		resp.Diagnostics.Append(failed)
		return
	}
	switch {
	case d.change:
		p.Due = data.TriggerOnApply.ValueBool() && (p.Due || d.rotate && !d.repeatsRotation)
	case previous.Imported && u.shown.ID != "":
		// From here on the values of the configuration count.
		p.recordRequested(config, data, data.shown(u.shown.Settings))
	case previous.Imported:
		p.recordRequested(config, data, before)
	case p.Asked != nil && !data.ActionValue.Equal(before.ActionValue):
		p.askFor(data.ActionValue)
	}
	if !d.change && !d.read && !d.run {
		resp.Diagnostics.Append(u.writer.write(ctx, &data, p)...)
		return
	}
	resp.Diagnostics.Append(u.finish(ctx, d.change,
		"The job's URL and access token are recorded, and the next apply runs the job without rotating them again.",
		"The job's URL and access token are recorded, and the next apply does not run the job: if it has not run, run it with a signal_http_trigger.")...)
}

// runJob runs the job once, and records in the private state whether the run is
// still due. If the run may have started, it is never repeated.
func (w *work) runJob(ctx context.Context, job cloudautomator.Job, p *privateState, unsent, unknown string) diag.Diagnostic {
	run := job.Trigger()
	outcome, failed := w.Send(ctx, w.sender, signal.Signal{
		Request: requestFunc(func(ctx context.Context) delivery.Attempt {
			attempt, _ := w.client.Run(ctx, run)
			return attempt
		}),
		What:       "an HTTP POST",
		To:         "Cloud Automator job " + job.ID,
		Service:    cloudautomator.Service,
		RateLimit:  cloudautomator.RateLimit(job.URL.Host),
		HowToCheck: cloudautomator.HowToCheckRun,
		Explain: func(attempt delivery.Attempt) signal.Advice {
			return signal.Advice{Attribute: "trigger_on_apply", Next: cloudautomator.ExplainRun(attempt)}
		},
	}, unsent, unknown)
	p.Due = outcome != delivery.Accepted && outcome != delivery.Unknown
	return failed
}

// Delete removes the job, and other jobs that a rotation that was cut short has
// left.
func (r *jobResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var data jobModel
	resp.Diagnostics.Append(req.State.Get(ctx, &data)...)
	p := readPrivateState(ctx, req.Private, data, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel, w := r.begin(ctx, &data, "delete", timeouts.Value.Delete, &resp.Diagnostics)
	defer cancel()
	if resp.Diagnostics.HasError() {
		return
	}
	if data.ID.IsNull() {
		made, _, failed := w.seek(ctx, creationSuffix(p.Creation), p.Begun)
		if failed != nil || len(made) != 1 {
			resp.Diagnostics.Append(failed)
			if failed == nil && len(made) == 0 {
				resp.Diagnostics.AddWarning("Created Job Not Found", neverSeen(p)+"No job was removed. If a job with the suffix shows up later, remove it in the Cloud Automator console.")
			}
			resp.Diagnostics.Append(w.positionWarning(situation{Position: unclear, Others: made}, true)...)
			return
		}
		data.ID = types.StringValue(made[0])
	}
	jobs, failed := w.listWithSuccessor(ctx, data.ID.ValueString(), p)
	if failed != nil {
		resp.Diagnostics.AddError("Job Not Removed", fmt.Sprintf("Removing Cloud Automator job %s was not tried, because the search for other jobs that belong to it failed. %s", data.ID.ValueString(), failed.Detail()))
		return
	}
	at := situationIn(&data, p, jobs)
	remove := []string{at.ID}
	if !effects[at.Position].leaves {
		remove = append(slices.Clone(at.Others), at.ID)
	}
	// The job that this one has replaced belongs to it in every position.
	predecessor := data.PredecessorID.ValueString()
	if there := slices.ContainsFunc(jobs, func(job cloudautomator.Job) bool { return job.ID == predecessor }); there && !slices.Contains(remove, predecessor) {
		remove = append([]string{predecessor}, remove...)
	}
	// A job that cannot be removed does not keep the others: their tokens may have leaked.
	var gone bool
	var removed []string
	var failures diag.Diagnostics
	for _, id := range remove {
		if gone, failed = w.remove(ctx, id); failed != nil {
			failures.Append(failed)
		} else {
			removed = append(removed, id)
		}
	}
	if len(failures) > 0 {
		for _, failed := range failures {
			if len(removed) > 0 {
				failed = addState(failed, fmt.Sprintf("Of the jobs of this resource, these were removed: %s. The resource stays in the state, and another destroy tries again to remove the others.", strings.Join(removed, ", ")))
			}
			resp.Diagnostics.Append(failed)
		}
		if at.Position == predecessorLeft {
			// The name of the job may have been all that told of the other one.
			p.recordSituation(at)
			resp.Diagnostics.Append(stateWriter{&resp.State, resp.Identity, resp.Private}.write(ctx, &data, p)...)
		}
		return
	}
	if gone && (at.Position == absent || at.Position == replaced) {
		at = situation{Position: candidatesLeft, ID: at.ID, Others: orphans(w.client, jobs, &data)}
	}
	if effects[at.Position].leaves {
		resp.Diagnostics.Append(w.positionWarning(at, true)...)
	}
}

// ImportState imports a job by its id or by its identity.
func (r *jobResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	resource.ImportStatePassthroughWithIdentity(ctx, path.Root("id"), path.Root("id"), req, resp)
	var id types.String
	resp.Diagnostics.Append(resp.State.GetAttribute(ctx, path.Root("id"), &id)...)
	if !resp.Diagnostics.HasError() && !cloudautomator.IsJobID(id.ValueString()) {
		resp.Diagnostics.AddError("Invalid Job ID", "Import a job by its id: letters, digits, - and _.")
	}
	resp.Diagnostics.Append(privateState{Imported: true, Unwritten: true}.store(ctx, resp.Private)...)
}
