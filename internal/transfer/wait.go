package transfer

import (
	"context"
	"fmt"

	sdk "github.com/aws/aws-sdk-go-v2/service/transfer"

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
		Final:  func(status string) bool { return final(&args{}, status) },
		Bind: func(ctx context.Context, a *args) (signal.Watched, error) {
			client, err := service.Client(ctx, clients, a.Region.ValueString())
			if err != nil {
				return signal.Watched{}, err
			}
			t := target{client, &sdk.SendWorkflowStepStateInput{WorkflowId: a.WorkflowID.ValueStringPointer(), ExecutionId: a.ExecutionID.ValueStringPointer()}}
			watched, seen := execution{client, a.Region.ValueString(), a.WorkflowID.ValueString(), a.ExecutionID.ValueString()}, false
			return signal.Watched{
				To:          fmt.Sprintf("execution %s of Transfer Family workflow %s in %s", watched.id, watched.workflow, watched.region),
				Service:     "Transfer Family",
				RateLimit:   "transfer/" + watched.region,
				Run:         watched.id,
				Ready:       watched.ready(),
				Completion:  watched.completed(&seen),
				Seen:        func(string) { seen = true },
				ExplainRead: explainRead,
				Unseen:      t.missing(),
			}, nil
		},
	}
}
