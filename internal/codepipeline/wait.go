package codepipeline

import (
	"context"
	"errors"
	"fmt"

	cptypes "github.com/aws/aws-sdk-go-v2/service/codepipeline/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// wait is signal_codepipeline_approval_wait.
func wait(clients *aws.Clients) *signal.Wait[args] {
	return &signal.Wait[args]{
		Description: "Waits for an execution of an AWS CodePipeline pipeline, and sends nothing: until it has ended, or until one of its actions waits for approval.\n\n" +
			"Put it behind any number of approvals with `depends_on`, where `wait_for_completion` on each of them would have some wait for answers that Terraform has not begun to send. " +
			"A wait that fails is saved as tainted, and the next apply waits again.",
		Target: []string{"pipeline_name", "pipeline_execution_id"},
		Final:  final,
		Bind: func(ctx context.Context, a *args) (signal.Watched, error) {
			client, err := service.Client(ctx, clients, a.Region.ValueString())
			if err != nil {
				return signal.Watched{}, err
			}
			watched := execution{client, a.Region.ValueString(), a.PipelineName.ValueString(), a.PipelineExecutionID.ValueString()}
			if watched.id == "" {
				return signal.Watched{}, errors.New("pipeline_execution_id is not set, and says which execution to wait for")
			}
			return signal.Watched{
				To:          fmt.Sprintf("execution %s of pipeline %s in %s", watched.id, watched.pipeline, watched.region),
				Service:     "CodePipeline",
				RateLimit:   "codepipeline/" + watched.region,
				Ready:       watched.approving(),
				Completion:  watched.completion(approved),
				ExplainRead: explainRead,
			}, nil
		},
	}
}

// approving is reached when an action of the execution waits for approval, and missed
// when the execution has ended.
func (e execution) approving() *delivery.Probe {
	type state struct {
		snapshot
		waits bool
	}
	return delivery.NewProbe(e.key("approving"), func(ctx context.Context) (found state, attempt delivery.Attempt) {
		if found.snapshot, attempt = e.read(ctx); attempt.Outcome != delivery.Accepted || final(found.status) {
			return found, attempt
		}
		attempt = e.actions(ctx, func(of cptypes.ActionExecutionDetail) bool {
			found.waits = of.Status == cptypes.ActionExecutionStatusInProgress && of.Input != nil && of.Input.ActionTypeId != nil &&
				of.Input.ActionTypeId.Category == cptypes.ActionCategoryApproval
			return found.waits
		})
		return found, attempt
	}, func(found state) delivery.Observation {
		switch {
		case found.waits:
			return found.observation(delivery.Reached)
		case final(found.status):
			return found.observation(delivery.Missed)
		default:
			return found.observation(delivery.Pending)
		}
	})
}
