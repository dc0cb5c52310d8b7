package ecs

import (
	"context"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// client has the operations that the system uses.
type client struct {
	region                     string
	ContinueServiceDeployment  aws.Operation[sdk.ContinueServiceDeploymentInput, sdk.ContinueServiceDeploymentOutput, sdk.Options]
	DescribeServiceDeployments aws.Operation[sdk.DescribeServiceDeploymentsInput, sdk.DescribeServiceDeploymentsOutput, sdk.Options]
	ListServiceDeployments     aws.Operation[sdk.ListServiceDeploymentsInput, sdk.ListServiceDeploymentsOutput, sdk.Options]
}

var service = aws.Service[*client]{Name: "ecs", IsOwn: aws.IsJSON, NewClient: func(cfg awssdk.Config) *client {
	c := sdk.NewFromConfig(cfg)
	return &client{cfg.Region, c.ContinueServiceDeployment, c.DescribeServiceDeployments, c.ListServiceDeployments}
}}

// permission is the IAM action for the one request that a signal makes.
const permission = "ecs:ContinueServiceDeployment"

// request is one action for one paused hook.
type request struct {
	*client
	input *sdk.ContinueServiceDeploymentInput
}

// Send makes one ContinueServiceDeployment request.
func (r request) Send(ctx context.Context) delivery.Attempt {
	return aws.Send(ctx, r.ContinueServiceDeployment, r.input)
}

// refusals has the errors in the API reference of ContinueServiceDeployment. AWS does not
// document which of them it returns for a hook that does not await an action any more.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContinueServiceDeployment.html#API_ContinueServiceDeployment_Errors
var (
	refusals = signal.Refusals{
		"ServiceDeploymentNotFoundException": {Attribute: "service_deployment_arn", Gone: true, Next: checkARN},
		"ClientException":                    unfit,
		"InvalidParameterException":          unfit,
		"UnsupportedFeatureException":        {Next: "ECS does not offer this in the region."},
	}
	unfit = signal.Advice{Attribute: "hook_id", Ambiguous: true, Next: "Check that the hook is one of this deployment and awaits an action, and that the deployment is in progress and in this region. " +
		"A hook takes one action. After an answer or a timeout it takes none."}
)
