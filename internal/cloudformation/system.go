// Package cloudformation is the system of AWS CloudFormation. It signals resources of
// stacks with SignalResource.
package cloudformation

import (
	"context"
	"fmt"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// args are the arguments of the signal.
type args struct {
	StackName         types.String `tfsdk:"stack_name"`
	LogicalResourceID types.String `tfsdk:"logical_resource_id"`
	Status            types.String `tfsdk:"status"`
	UniqueID          types.String `tfsdk:"unique_id"`
	Region            types.String `tfsdk:"region"`
}

// New returns signal_cloudformation_resource.
func New(clients *aws.Clients, sender *signal.Sender) signal.Factories {
	return signal.NewFactories(signal.System[args]{
		Name:     "cloudformation_resource",
		Block:    "aws",
		Endpoint: service.Name,
		Description: "Sends a signal, success or failure, to a resource of an AWS CloudFormation stack that waits for one, as `cfn-signal` does, with one `SignalResource` request.\n\n" +
			"A resource waits if it has a `CreationPolicy`, which Auto Scaling groups, EC2 instances, wait conditions and AppStream fleets can have, or if it is an Auto Scaling group whose `UpdatePolicy` waits for signals. " +
			"This request cannot signal a wait condition handle: CloudFormation answers that it \"cannot be signaled\". A handle takes a request to its presigned URL.\n\n" +
			"The stack may be one that `aws_cloudformation_stack` creates or updates in the same apply. Then set `stack_name` to the text of its name and not to a reference to that resource, because that resource waits until the stack is complete. Also set `wait_until_ready`. " +
			"Terraform then applies both at the same time, which needs a `-parallelism` of at least two. The provider also waits for a stack that is already complete, because it may be updated.\n\n" +
			"If CloudFormation answers to a signal at destroy that the stack has no such resource, the provider reads the stack, because the resource may still come: without `cloudformation:DescribeStacks`, or while the stack goes on, the destroy fails and keeps the signal.\n\n" +
			"CloudFormation takes each `unique_id` once for a resource. If the answer to a signal is lost, the provider sends the same request again. If CloudFormation takes it, the first one had not arrived. " +
			"If it answers that a signal with this id already exists, the first one had arrived. CloudFormation takes a `FAILURE` again, without further effect. " +
			"If the stack no longer waits for the signal, the provider reads the stack's events, in which CloudFormation publishes each signal with its id. " +
			"CloudFormation does not distinguish signals with the same id, whoever sends them. So use an id that nobody else uses.\n\n" +
			"`adopt_existing` looks for a signal with this `unique_id` and `status` in the events of the stack's creation or last update, so it needs a configured `unique_id`. " +
			"If the same apply begins an update of the stack, the signal may be found in the update before it. Then nothing is sent, and the new update gets no signal. So use a new `unique_id` for each update. " +
			"`wait_for_completion` waits for the end of the whole stack: after `SUCCESS`, `CREATE_COMPLETE`, `UPDATE_COMPLETE` or `IMPORT_COMPLETE` is success; after `FAILURE`, any end is.",
		Confirms:   true,
		Adopts:     true,
		Arguments:  arguments(),
		Remembered: remembered,
		Final:      func(_ *args, status string) bool { return final(status) },
		Wait:       wait(clients),
		AdoptsNothing: func(a *args, kept bool) string {
			if kept || !signal.Missing(a.UniqueID) {
				return ""
			}
			return "CloudFormation tells signals apart by their unique_id, and one that is made for this signal is in no event yet: set unique_id, or leave adopt_existing out."
		},
		Cloud: clients,
		// Every repeat of the request has the same id, so CloudFormation recognises that it
		// is the same signal.
		Complete: func(_ context.Context, a *args) {
			if a.UniqueID.IsUnknown() {
				a.UniqueID = types.StringValue(uuid.NewString())
			}
		},
		Bind: func(ctx context.Context, a *args, _ signal.Secrets) (signal.Signal, error) {
			return aws.With(ctx, service, clients, a.Region.ValueString(), func(c *client) signal.Signal { return bind(c, a) })
		},
	}, sender)
}

func bind(client *client, a *args) signal.Signal {
	r := request{client, &sdk.SignalResourceInput{
		StackName:         a.StackName.ValueStringPointer(),
		LogicalResourceId: a.LogicalResourceID.ValueStringPointer(),
		Status:            cfntypes.ResourceSignalStatus(a.Status.ValueString()),
		UniqueId:          a.UniqueID.ValueStringPointer(),
	}}
	watched := stack{client, a.StackName.ValueString()}
	return signal.Signal{
		Request: r,
		What:    a.Status.ValueString(),
		To:      r.name(),
		Service: "CloudFormation",

		IdempotencyKey:      fmt.Sprintf("%s/%q/%q", rateLimit(client), r.name(), a.UniqueID.ValueString()),
		IdempotencyArgument: "unique_id",

		RateLimit: rateLimit(client),
		RunID:     watched.name,
		Explain:   func(attempt delivery.Attempt) signal.Advice { return r.explain(attempt, permission) },
		HowToCheck: fmt.Sprintf("To find out, look in the stack's events for %q: %s.", received(r.input),
			aws.CommandLine(client.region, "cloudformation describe-stack-events --stack-name %s", r.input.StackName)),
		Ready:       watched.ready(r.input.LogicalResourceId),
		Completion:  watched.completion(a.Status.ValueString(), nil),
		Existing:    watched.existing(r.input),
		Refused:     watched.refused(),
		Evidence:    watched.evidence(r.input),
		ExplainRead: func(attempt delivery.Attempt) signal.Advice { return r.explain(attempt, readPermissions) },
		Unseen:      "CloudFormation has no such stack: perhaps it has not been created yet, or the name is wrong.",
	}
}

// name describes the target with its ids and its region.
func (r request) name() string {
	return fmt.Sprintf("resource %s of CloudFormation stack %s in %s", awssdk.ToString(r.input.LogicalResourceId), awssdk.ToString(r.input.StackName), r.region)
}

func rateLimit(client *client) string { return "cloudformation/" + client.region }
