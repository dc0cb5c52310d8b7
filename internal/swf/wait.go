package swf

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// forgets says why a replacement of a wait may not find its run.
const forgets = "the replacement searches for an open run, and does not find this one once it has closed"

// wait describes signal_workflow_execution_wait.
func wait(clients *aws.Clients) *signal.Wait[args] {
	return &signal.Wait[args]{
		Ended:  "the run of an Amazon SWF workflow execution, or the last run that continues it, has closed",
		Ready:  "a run is open",
		More:   "\n\nWithout `run_id`, a wait that is tainted may not find its run again: " + forgets + ". Run `terraform untaint` first: then the next apply goes on with the recorded run.",
		Target: []string{"domain", "workflow_id", "run_id"},
		Arguments: map[string]schema.Attribute{"run_id": signal.OptionalComputed("The run, 1 to 64 characters. If it is not set, the resource waits for the open run of `workflow_id`, or for a run to start. It records the run that it found, and uses it from then on. "+
			"It uses a run that has closed before only if `run_id` names it.",
			stringvalidator.UTF8LengthBetween(1, 64))},
		Bind: func(ctx context.Context, a *args) (signal.Watched, error) {
			return aws.With(ctx, service, clients, a.Region.ValueString(), func(c *client) signal.Watched { return bindWait(c, a) })
		},
	}
}

func bindWait(client *client, a *args) signal.Watched {
	given := a.RunID.ValueString()
	watched := workflow{client, a.Domain.ValueString(), a.WorkflowID.ValueString()}
	probe := func(of string, read func(run) func(context.Context) (snapshot, delivery.Attempt), judge func(snapshot) delivery.Observation) *delivery.Probe {
		return signal.CurrentProbe(watched.key(fmt.Sprintf("%q %s", given, of)), given,
			func(id string) { a.RunID = types.StringValue(id) },
			func(ctx context.Context) (string, delivery.Attempt) { return watched.openRun(ctx, nil) },
			func(id string) func(context.Context) (snapshot, delivery.Attempt) { return read(run{watched, id}) }, judge)
	}
	completion := probe("has ended", run.follow, snapshot.end) // Not Final: it may be about another run later.
	if given != "" {
		completion = run{watched, given}.completion()
	}
	bound := bind(client, a, nil).Watched(probe("is open", run.readOpen, snapshot.open), completion)
	if given == "" {
		bound.Forgets = forgets
	}
	return bound
}
