package sfn

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// wait describes signal_sfn_task_wait.
func wait(clients *aws.Clients) *signal.Wait[args] {
	return &signal.Wait[args]{
		Ended:     "an execution of an AWS Step Functions state machine has ended",
		Ready:     "it is running",
		More:      " Executions of Express state machines cannot be read.",
		Target:    []string{"execution_arn"},
		Arguments: map[string]schema.Attribute{"execution_arn": signal.Required("The ARN of the execution, 1 to 256 characters.", stringvalidator.UTF8LengthBetween(1, 256))},
		Outputs: schema.StringAttribute{
			Computed: true,
			MarkdownDescription: "The output of an execution that has succeeded, a JSON text for `jsondecode`. It is null before the end, with `until = \"ready\"`, and if the execution is encrypted " +
				"with a key that the provider has no permission to use.",
		},
		Bind: func(ctx context.Context, a *args) (signal.Watched, error) {
			return aws.With(ctx, service, clients, a.Region.ValueString(), func(c *client) signal.Watched {
				given, signalled := types.StringNull(), bind(c, a, nil)
				target := execution{c, a.ExecutionARN.ValueString()}
				watched := signalled.Watched(signalled.Ready, target.completed(func(output *string) { given = types.StringPointerValue(output) }))
				watched.To = "Step Functions execution " + target.arn + " in " + target.region
				watched.Outputs = func() attr.Value { return given }
				return watched
			})
		},
	}
}

// completed is completion without a signal. It calls given with the output of an execution
// that has succeeded.
func (e execution) completed(given func(*string)) *delivery.Probe {
	return delivery.NewProbe(e.key("output"), func(ctx context.Context) (snapshot, delivery.Attempt) {
		found, attempt := e.read(ctx)
		if found.status != succeeded {
			return found, attempt
		}
		out, read := aws.Get(ctx, e.DescribeExecution, &sdk.DescribeExecutionInput{ExecutionArn: &e.arn, IncludedData: sfntypes.IncludedDataAllData})
		if read.Outcome == delivery.Rejected {
			return found, attempt // Without permission to use the key, the success is still known.
		}
		if out != nil {
			found.output = out.Output
		}
		return found, read
	}, func(found snapshot) delivery.Observation {
		given(found.output)
		return found.end(success)
	}) // Not Final, as in completion.
}
