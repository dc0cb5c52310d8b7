package temporal

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// wait describes signal_temporal_workflow_wait.
func wait(client *Client) *signal.Wait[args] {
	return &signal.Wait[args]{
		Ended:  "the run of a Temporal workflow execution, or the last run that continues it, has closed",
		Ready:  "a run is running",
		Target: []string{"namespace", "workflow_id", "run_id"},
		Arguments: map[string]schema.Attribute{"run_id": signal.OptionalComputed("The run, a UUID. If it is not set, it is the current run of `workflow_id`, even if that run has closed, "+
			"or the first run to start. The provider records it, and uses it from then on.",
			signal.Matches(signal.UUID, "must be a UUID: the server refuses other run ids"))},
		Outputs: schema.StringAttribute{
			Computed: true,
			MarkdownDescription: "The result of the workflow: a JSON array for `jsondecode`, with one value or none. It is null until the workflow has completed, and with `until = \"ready\"`. " +
				"A value that is not JSON is an object with `metadata` and `data`, as the server returns it.",
		},
		Bind: func(_ context.Context, a *args) (signal.Watched, error) {
			host, err := client.locate(a)
			if err != nil {
				return signal.Watched{}, err
			}
			given, result := a.RunID.ValueString(), types.StringNull()
			watched := workflow{client, host, a.Namespace.ValueString(), a.WorkflowID.ValueString()}
			probe := func(of string, read func(run) func(context.Context) (snapshot, delivery.Attempt), judge func(snapshot) delivery.Observation) *delivery.Probe {
				return signal.CurrentProbe(watched.key(given+" "+of), given,
					func(id string) { a.RunID = types.StringValue(id) },
					watched.current,
					func(id string) func(context.Context) (snapshot, delivery.Attempt) { return read(run{watched, id}) },
					func(found snapshot) delivery.Observation {
						if found.result != "" {
							result = types.StringValue(found.result)
						}
						return judge(found)
					})
			}
			completion := probe("has ended", run.follow, snapshot.end)
			if given != "" {
				completion = completion.Final() // Without a run id, it may be about another run later.
			}
			to := bind(client, host, a, nil).Watched(
				probe("is running", func(r run) func(context.Context) (snapshot, delivery.Attempt) { return r.readRunning }, snapshot.running), completion)
			to.Outputs = func() attr.Value { return result }
			to.Unseen = "Temporal has no execution of this workflow id: perhaps none has started yet, or the workflow id is wrong."
			return to, nil
		},
	}
}

// current returns the id of the current run, "" if there is none.
func (w workflow) current(ctx context.Context) (string, delivery.Attempt) {
	found, attempt := w.describe(ctx, "")
	if attempt.Code == notFound {
		return "", delivery.Attempt{Outcome: delivery.Accepted}
	}
	return found.Info.Execution.RunID, attempt
}
