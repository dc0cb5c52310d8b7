package ros

import (
	"context"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	sdk "github.com/alibabacloud-go/ros-20190910/v4/client"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/alicloud"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// service is the same for all regions.
var service = alicloud.Service{Name: "ros", Host: "ros.aliyuncs.com"}

// permission is the RAM action of the one request a signal makes.
const permission = "ros:SignalResource"

type target struct {
	clients *alicloud.Clients
	request *sdk.SignalResourceRequest
}

// Send makes one SignalResource request.
func (t target) Send(ctx context.Context) delivery.Attempt {
	return send(ctx, t.clients, func(ctx context.Context, client *sdk.Client) (*string, error) {
		out, err := client.SignalResourceWithContext(ctx, t.request, &dara.RuntimeOptions{})
		if err != nil || out == nil || out.Body == nil {
			return nil, err
		}
		return out.Body.RequestId, nil
	})
}

// send makes one attempt of one operation, which returns the request id of its
// answer. It has an SDK client of its own, because requests that share one race for
// its Headers; credentials and connections are the Clients'.
func send(ctx context.Context, clients *alicloud.Clients, call func(context.Context, *sdk.Client) (*string, error)) delivery.Attempt {
	return alicloud.SendWithToken(ctx, clients, service, func(ctx context.Context, config *openapi.Config) (string, error) {
		client, err := sdk.NewClient(config)
		if err != nil {
			return "", err
		}
		// The client has a field of the same name, which does nothing.
		client.Client.DisableSDKError = tea.Bool(true)
		id, err := call(ctx, client)
		return tea.StringValue(id), err
	})
}

// stackNotFound is what ROS answers of a stack that is not there.
const stackNotFound = "StackNotFound"

// explain knows the errors that the API reference of SignalResource lists, and
// those of its ClientToken.
func explain(attempt delivery.Attempt) signal.Advice {
	switch attempt.Code {
	case stackNotFound:
		return signal.Advice{
			Attribute: "stack_id",
			Gone:      true,
			Next:      "Check the stack's id, and that the stack is in this region and account.",
		}
	case "ResourceNotFound":
		return signal.Advice{
			Attribute: "logical_resource_id",
			Gone:      true,
			Next:      "Check the logical id against the resources of the stack's template.",
		}
	case "ResourceNotAvailable":
		return signal.Advice{
			Attribute: "logical_resource_id",
			NotReady:  true,
			Next: "Check that the resource is one that waits for signals, and that it waits now: the stack may not have reached it yet, or may be past it. " +
				"Look at the status of the stack's resources.",
		}
	case "InvalidIdempotenceParameter", "IdempotentParameterMismatch":
		return signal.Advice{
			Attribute: "client_token",
			Next:      "This client token was used before, for another signal. Give this one a token of its own, or leave client_token out to have one made.",
		}
	case "LastTokenProcessing":
		return signal.Advice{
			Attribute: "client_token",
			Next:      "An earlier request with this client token is still being processed, so the signal may be on its way already.",
		}
	}
	return signal.Advice{Next: alicloud.Explain(attempt, permission)}
}
