package codepipeline

import (
	"context"
	"fmt"

	cptypes "github.com/aws/aws-sdk-go-v2/service/codepipeline/types"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// wait describes signal_codepipeline_approval_wait.
func wait(clients *aws.Clients) *signal.Wait[args] {
	return &signal.Wait[args]{
		Ended:  "an execution of an AWS CodePipeline pipeline has ended",
		Ready:  "one of its actions waits for approval",
		Target: []string{"pipeline_name", "pipeline_execution_id"},
		Arguments: map[string]schema.Attribute{"pipeline_execution_id": signal.Required("The id of the execution.",
			signal.Matches(idPattern, "must be a UUID in lower case"))},
		Bind: func(ctx context.Context, a *args) (signal.Watched, error) {
			return aws.With(ctx, service, clients, a.Region.ValueString(), func(c *client) signal.Watched {
				target := execution{c, a.PipelineName.ValueString(), a.PipelineExecutionID.ValueString()}
				watched := bind(c, a, nil, false).Watched(target.approving(), target.completion(approved))
				watched.To = fmt.Sprintf("execution %s of pipeline %s in %s", target.id, target.pipeline, target.region)
				watched.Unseen = "" // Reading an execution that does not exist is an error.
				return watched
			})
		},
	}
}

// approving is reached if an action of the execution waits for approval, and missed if the
// execution has ended.
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
		return found.observation(delivery.StateOf(found.waits, final(found.status)))
	})
}
