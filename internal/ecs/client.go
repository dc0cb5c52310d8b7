package ecs

import (
	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
)

// client has the operations that the system uses. The SDK's own client must not be in a
// type that is stored in an interface, because the linker would then keep all of its
// operations, several megabytes.
type client struct {
	region                     string
	ContinueServiceDeployment  aws.Operation[sdk.ContinueServiceDeploymentInput, sdk.ContinueServiceDeploymentOutput, sdk.Options]
	DescribeServiceDeployments aws.Operation[sdk.DescribeServiceDeploymentsInput, sdk.DescribeServiceDeploymentsOutput, sdk.Options]
	ListServiceDeployments     aws.Operation[sdk.ListServiceDeploymentsInput, sdk.ListServiceDeploymentsOutput, sdk.Options]
}

var service = aws.Service[*client]{Name: "ecs", IsOwn: aws.IsJSON, NewClient: newClient}

func newClient(cfg awssdk.Config) *client {
	c := sdk.NewFromConfig(cfg)
	return &client{
		region:                     cfg.Region,
		ContinueServiceDeployment:  c.ContinueServiceDeployment,
		DescribeServiceDeployments: c.DescribeServiceDeployments,
		ListServiceDeployments:     c.ListServiceDeployments,
	}
}
