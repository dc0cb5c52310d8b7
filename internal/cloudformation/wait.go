package cloudformation

import (
	"context"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// wait describes signal_cloudformation_resource_wait.
func wait(clients *aws.Clients) *signal.Wait[args] {
	return &signal.Wait[args]{
		Ended:  "the operation of an AWS CloudFormation stack has ended",
		Ready:  "the stack has reached a resource that waits for signals",
		More:   " A stack without an operation in progress counts as ended with the result of its last one, so let the resource depend on what begins the operation.",
		Target: []string{"stack_name", "logical_resource_id"},
		Outputs: schema.MapAttribute{
			Computed: true, ElementType: types.StringType,
			MarkdownDescription: "The outputs of the stack by key. It is null until the operation has ended, and with `until = \"ready\"`.",
		},
		Bind: func(ctx context.Context, a *args) (signal.Watched, error) {
			return aws.With(ctx, service, clients, a.Region.ValueString(), func(c *client) signal.Watched {
				given, signalled := types.MapNull(types.StringType), bind(c, a)
				completion := stack{c, a.StackName.ValueString()}.completion(success, func(outputs []cfntypes.Output) { given = outputsOf(outputs) })
				watched := signalled.Watched(signalled.Ready, completion)
				watched.Outputs = func() attr.Value { return given }
				return watched
			})
		},
	}
}

// outputsOf converts the outputs of a stack to a Terraform value.
func outputsOf(given []cfntypes.Output) types.Map {
	values := map[string]attr.Value{}
	for _, output := range given {
		values[awssdk.ToString(output.OutputKey)] = types.StringPointerValue(output.OutputValue)
	}
	return types.MapValueMust(types.StringType, values)
}
