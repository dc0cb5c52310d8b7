package cloudformation

import (
	"cmp"
	"context"

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
	DescribeStackEvents   listEvents
}

var service = aws.Service[*client]{Name: "cloudformation", IsOwn: aws.IsXML, NewClient: newClient}

func newClient(cfg awssdk.Config, endpoint *string) *client {
	c := sdk.NewFromConfig(cfg, func(o *sdk.Options) {
		o.BaseEndpoint = cmp.Or(endpoint, o.BaseEndpoint)
	})
	return &client{
		region:                cfg.Region,
		SignalResource:        c.SignalResource,
		DescribeStacks:        c.DescribeStacks,
		DescribeStackResource: c.DescribeStackResource,
		DescribeStackEvents:   c.DescribeStackEvents,
	}
}

// listEvents implements the client of the SDK's paginator.
type listEvents aws.Operation[sdk.DescribeStackEventsInput, sdk.DescribeStackEventsOutput, sdk.Options]

func (o listEvents) DescribeStackEvents(ctx context.Context, in *sdk.DescribeStackEventsInput, options ...func(*sdk.Options)) (*sdk.DescribeStackEventsOutput, error) {
	return o(ctx, in, options...)
}
