package sfn

import (
	"context"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// client has the operations that the system uses.
type client struct {
	region              string
	SendTaskSuccess     aws.Operation[sdk.SendTaskSuccessInput, sdk.SendTaskSuccessOutput, sdk.Options]
	SendTaskFailure     aws.Operation[sdk.SendTaskFailureInput, sdk.SendTaskFailureOutput, sdk.Options]
	SendTaskHeartbeat   aws.Operation[sdk.SendTaskHeartbeatInput, sdk.SendTaskHeartbeatOutput, sdk.Options]
	DescribeExecution   aws.Operation[sdk.DescribeExecutionInput, sdk.DescribeExecutionOutput, sdk.Options]
	GetExecutionHistory aws.Operation[sdk.GetExecutionHistoryInput, sdk.GetExecutionHistoryOutput, sdk.Options]
}

var service = aws.Service[*client]{Name: "sfn", IsOwn: aws.IsJSON, NewClient: func(cfg awssdk.Config) *client {
	c := sdk.NewFromConfig(cfg)
	return &client{cfg.Region, c.SendTaskSuccess, c.SendTaskFailure, c.SendTaskHeartbeat, c.DescribeExecution, c.GetExecutionHistory}
}}

// permissions are the IAM actions for the one request that a signal makes, by status.
var permissions = map[string]string{success: "states:SendTaskSuccess", failure: "states:SendTaskFailure"}

// Error codes of several operations. TaskTimedOut also means that the task was answered.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html#API_SendTaskSuccess_Errors
const (
	taskTimedOut     = "TaskTimedOut"
	taskDoesNotExist = "TaskDoesNotExist"
)

// request is one answer to one task.
type request struct {
	*client
	status               string
	token                *string
	writeOnly            bool
	output, error, cause *string
}

// Send makes one SendTaskSuccess or SendTaskFailure request.
func (r request) Send(ctx context.Context) (attempt delivery.Attempt) {
	if r.status == failure {
		attempt = aws.Send(ctx, r.SendTaskFailure, &sdk.SendTaskFailureInput{TaskToken: r.token, Error: r.error, Cause: r.cause})
	} else {
		attempt = aws.Send(ctx, r.SendTaskSuccess, &sdk.SendTaskSuccessInput{TaskToken: r.token, Output: r.output})
	}
	if attempt.Code == "KmsThrottlingException" && attempt.Outcome == delivery.Rejected {
		attempt.Outcome, attempt.Cause = delivery.NotSent, delivery.Throttled
	}
	return attempt
}

// refusals has the errors in the API references of SendTaskSuccess and SendTaskFailure.
func (r request) refusals() signal.Refusals {
	token := "task_token"
	if r.writeOnly {
		token = "task_token_wo" //nolint:gosec // This is the name of an argument.
	}
	key := signal.Advice{Next: "The state machine is encrypted: check that the key is enabled, and that the key policy and the IAM action kms:GenerateDataKey allow the provider's identity to use it."}
	if r.status == failure {
		key.Next += " To fail a task without the key, leave out error and cause."
	}
	refusals := taskRefusals(token)
	refusals["InvalidOutput"] = signal.Advice{Attribute: "output", Next: "Check that the output is JSON, such as jsonencode returns."}
	refusals["KmsAccessDeniedException"], refusals["KmsInvalidStateException"] = key, key
	return refusals
}

// taskRefusals has the errors of a task and of its token, which is in an argument.
func taskRefusals(token string) signal.Refusals {
	return signal.Refusals{
		taskTimedOut: {Attribute: token, Gone: true, Next: "The task is closed: it was answered already, it has timed out, or its heartbeats were missing. A token works once. " +
			"Check the execution in the console, and set the token of the task that waits now."},
		taskDoesNotExist: {Attribute: token, Gone: true, Next: "Check the token, and that its state machine or activity is in this region and account."},
		"InvalidToken":   {Attribute: token, Next: "This is not the token of a task: check that it is complete, and that it is not quoted or encoded a second time."},
	}
}
