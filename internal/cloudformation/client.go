package cloudformation

import (
	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
)

// client has the operations that the system uses. The SDK's own client must not be in a
// type that is stored in an interface, because the linker would then keep all of its
// operations, several megabytes.
type client struct {
	region                string
	SignalResource        aws.Operation[sdk.SignalResourceInput, sdk.SignalResourceOutput, sdk.Options]
	DescribeStacks        aws.Operation[sdk.DescribeStacksInput, sdk.DescribeStacksOutput, sdk.Options]
	DescribeStackResource aws.Operation[sdk.DescribeStackResourceInput, sdk.DescribeStackResourceOutput, sdk.Options]
	DescribeStackEvents   aws.Operation[sdk.DescribeStackEventsInput, sdk.DescribeStackEventsOutput, sdk.Options]
}

var service = aws.Service[*client]{Name: "cloudformation", IsOwn: aws.IsXML, NewClient: newClient}

func newClient(cfg awssdk.Config) *client {
	c := sdk.NewFromConfig(cfg)
	return &client{
		region:                cfg.Region,
		SignalResource:        c.SignalResource,
		DescribeStacks:        c.DescribeStacks,
		DescribeStackResource: c.DescribeStackResource,
		DescribeStackEvents:   c.DescribeStackEvents,
	}
}
