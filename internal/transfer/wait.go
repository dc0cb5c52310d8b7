package transfer

import (
	"context"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// wait describes signal_workflow_step_state_wait.
func wait(clients *aws.Clients) *signal.Wait[args] {
	return &signal.Wait[args]{
		Description: "Waits until an execution of an AWS Transfer Family managed workflow has ended, or until it is in progress. It sends nothing.\n\n" +
			"Transfer Family shows executions only while they are in progress. If the wait has seen an execution and the service no longer shows it, the execution has ended. Then `target_status` is `ENDED`, which is a word of this provider. " +
			"The provider cannot read whether it succeeded, so `target_succeeded` is null and the wait does not fail. If the execution had ended before the wait began, or never existed, the resource waits until the timeout.",
		Target: []string{"workflow_id", "execution_id"},
		Bind: func(ctx context.Context, a *args) (signal.Watched, error) {
			return aws.With(ctx, service, clients, a.Region.ValueString(), func(c *client) signal.Watched {
				execution, seen := execution{c, a.Region.ValueString(), a.WorkflowID.ValueString(), a.ExecutionID.ValueString()}, false
				watched := bind(c, a, nil).Watched(execution.ready(), execution.completed(&seen))
				watched.Seen = func(string) { seen = true }
				return watched
			})
		},
	}
}
