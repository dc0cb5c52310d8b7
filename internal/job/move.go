package job

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cloudautomator"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// vendorsJob is the resource type for jobs in the vendor's provider.
const vendorsJob = "cloudautomator_job"

var _ resource.ResourceWithMoveState = (*jobResource)(nil)

// MoveState moves jobs from the vendor's provider.
func (r *jobResource) MoveState(context.Context) []resource.StateMover {
	return []resource.StateMover{{StateMover: r.move}, signal.RefuseMove("http_trigger_job", "only a "+vendorsJob+" of the vendor's provider can",
		"import the job with an import block, or create a new job.")}
}

// move converts a state of the vendor's provider. It makes no request: the
// refresh that follows reads the job.
func (r *jobResource) move(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
	if req.SourceTypeName != vendorsJob || !strings.HasSuffix(strings.ToLower(req.SourceProviderAddress), "/cloudautomator") {
		return
	}
	var state map[string]json.RawMessage
	if req.SourceRawState == nil || json.Unmarshal(req.SourceRawState.JSON, &state) != nil {
		resp.Diagnostics.Append(notMoved("a job", "its state is in no form that can be read"))
		return
	}
	var id cloudautomator.Identifier
	if json.Unmarshal(state["id"], &id) != nil {
		resp.Diagnostics.Append(notMoved("a job", "its state has no id of a job"))
		return
	}
	job := parseVendorState(r.client, string(id), state)
	switch shown := job.Settings; {
	case job.RuleType != cloudautomator.Webhook:
		resp.Diagnostics.AddError("Job Has No HTTP Trigger",
			fmt.Sprintf("Moving Cloud Automator job %s from a %s to a signal_http_trigger_job failed: %s.\n\nKeep the job as a %[2]s, and remove the moved block.", id, vendorsJob, r.sender.Redactor().Error(&cloudautomator.NoTriggerError{RuleType: job.RuleType})))
		return
	case shown.Name == "" || shown.GroupID == 0 || shown.ActionType == "":
		resp.Diagnostics.Append(notMoved("job "+string(id), "its state has no name, group_id or action_type"))
		return
	}
	var data jobModel
	resp.Diagnostics.Append(resp.TargetState.SetAttribute(ctx, path.Root("id"), string(id))...)
	resp.Diagnostics.Append(resp.TargetState.Get(ctx, &data)...)
	if resp.Diagnostics.HasError() {
		return
	}
	data = data.shown(job.Settings)
	// The vendor's provider stores false for a flag that is not set.
	data.ForWorkflow, data.AllowRuntimeActionValues = types.BoolValue(data.ForWorkflow.ValueBool()), types.BoolValue(data.AllowRuntimeActionValues.ValueBool())
	p := privateState{Imported: true, Unwritten: true, Whole: true, Moved: true}
	p.recordCredentials(job)
	if job.URL != nil {
		data.URL, data.AccessToken, data.TimeZone = types.StringValue(job.URL.String()), types.StringValue(job.AccessToken), text(job.TimeZone)
	}
	resp.Diagnostics.Append(stateWriter{&resp.TargetState, resp.TargetIdentity, resp.TargetPrivate}.write(ctx, &data, p)...)
}

func notMoved(what, why string) diag.Diagnostic {
	return diag.NewErrorDiagnostic("Job Not Moved",
		fmt.Sprintf("Moving %s from a %s to a signal_http_trigger_job failed: %s.\n\n"+
			"Instead of the moved block, use a removed block for the old resource and an import block for the new one.", what, vendorsJob, why))
}

// parseVendorState reads a state of the vendor's provider like an answer of the
// service. It leaves out members with an unexpected form, because the refresh
// reads them.
func parseVendorState(c *cloudautomator.Client, id string, state map[string]json.RawMessage) cloudautomator.Job {
	member := func(names ...string) json.RawMessage {
		for _, name := range names {
			// A block is a list of one object.
			var blocks []json.RawMessage
			if json.Unmarshal(state[name], &blocks) == nil && len(blocks) > 0 {
				return blocks[0]
			}
			if value := state[name]; len(value) > 0 && value[0] == '{' {
				return value
			}
		}
		return nil
	}
	var actionType string
	_ = json.Unmarshal(state["action_type"], &actionType)
	said := map[string]json.RawMessage{
		"rule_value":   member(cloudautomator.Webhook+"_rule_value", "rule_value"),
		"action_value": member(actionType+"_action_value", "action_value"),
	}
	attributes := map[string]json.RawMessage{}
	for _, name := range documented {
		value := cmp.Or(string(said[name]), string(state[name]))
		// The vendor's provider stores 0 for no account.
		none := value == "" || value == "null" || strings.HasSuffix(name, "account_id") && strings.Trim(value, `"`) == "0"
		one, err := json.Marshal(map[string]json.RawMessage{name: json.RawMessage(value)})
		if !none && err == nil && json.Unmarshal(one, new(cloudautomator.Settings)) == nil {
			attributes[name] = json.RawMessage(value)
		}
	}
	text, _ := json.Marshal(attributes)
	job, _ := c.ParseJob(id, text) // Without an endpoint there is no URL.
	return job
}
