package transfer

import (
	"context"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// forgets says why a replacement of a wait may not find its execution.
const forgets = "the replacement does not know that this execution was seen, and once it has ended waits for it until the timeout"

// wait describes signal_workflow_step_state_wait.
func wait(clients *aws.Clients) *signal.Wait[args] {
	return &signal.Wait[args]{
		Ended: "an execution of an AWS Transfer Family managed workflow has ended",
		Ready: "it is in progress",
		More: "\n\nTransfer Family shows executions only while they are in progress. If the wait has seen an execution and the service no longer shows it, the execution has ended. Then `target_status` is `ENDED`, which is a word of this provider. " +
			"The provider cannot read whether it succeeded, so `target_succeeded` is null and the wait does not fail. If the execution had ended before the wait began, or never existed, the resource waits until the timeout.\n\n" +
			"So a wait that is tainted may not end any more: " + forgets + ". Run `terraform untaint` first: then the next apply goes on from the recorded status.",
		Target: []string{"workflow_id", "execution_id"},
		Bind: func(ctx context.Context, a *args) (signal.Watched, error) {
			return aws.With(ctx, service, clients, a.Region.ValueString(), func(c *client) signal.Watched {
				target, seen := execution{c, a.WorkflowID.ValueString(), a.ExecutionID.ValueString()}, false
				watched := bind(c, a, nil).Watched(target.ready(), target.completed(&seen))
				watched.Resume, watched.Forgets = func(string) { seen = true }, forgets
				return watched
			})
		},
	}
}
