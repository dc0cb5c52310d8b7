package swf

import (
	"context"
	"fmt"

	sdk "github.com/aws/aws-sdk-go-v2/service/swf"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// wait describes signal_workflow_execution_wait.
func wait(clients *aws.Clients) *signal.Wait[args] {
	return &signal.Wait[args]{
		Description: "Waits until the run of an Amazon SWF workflow execution, or the last run that continues it, has closed, or until a run is open. It sends nothing.",
		Target:      []string{"domain", "workflow_id", "run_id"},
		Arguments: map[string]schema.Attribute{"run_id": schema.StringAttribute{
			Optional: true,
			Computed: true,
			MarkdownDescription: "The run, 1 to 64 characters. If it is not set, the resource waits for the open run of `workflow_id`, or for a run to start. It records the run that it found, and uses it from then on. " +
				"It uses a run that has closed before only if `run_id` names it.",
			Validators: []validator.String{stringvalidator.UTF8LengthBetween(1, 64)},
		}},
		Final: final,
		Bind: func(ctx context.Context, a *args) (signal.Watched, error) {
			client, err := service.Client(ctx, clients, a.Region.ValueString())
			if err != nil {
				return signal.Watched{}, err
			}
			given := a.RunID.ValueString()
			t := target{client, &sdk.SignalWorkflowExecutionInput{Domain: a.Domain.ValueStringPointer(), WorkflowId: a.WorkflowID.ValueStringPointer()}}
			to := "SWF workflow execution " + a.WorkflowID.ValueString()
			if given != "" {
				to += fmt.Sprintf(" (run %s)", given)
				t.input.RunId = &given
			}
			watched := workflow{client, a.Region.ValueString(), a.Domain.ValueString(), a.WorkflowID.ValueString()}
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
			return signal.Watched{
				To:          fmt.Sprintf("%s in domain %s in %s", to, a.Domain.ValueString(), a.Region.ValueString()),
				Service:     "SWF",
				RateLimit:   "swf/" + a.Region.ValueString(),
				Run:         watched.key(""),
				Ready:       probe("is open", run.readOpen, snapshot.open),
				Completion:  completion,
				ExplainRead: t.explainRead,
				Unseen:      t.unseen(),
			}, nil
		},
	}
}
