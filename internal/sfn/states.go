package sfn

import (
	"context"
	"fmt"
	"slices"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// readPermissions are the IAM actions for waiting and for searching for a lost signal. The
// search needs the last two.
const readPermissions = "states:DescribeExecution, states:GetExecutionHistory and states:SendTaskHeartbeat"

// noExecution is the error code for an execution that does not exist.
const noExecution = "ExecutionDoesNotExist"

// The final statuses of an execution.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
const succeeded = string(sfntypes.ExecutionStatusSucceeded)

var failedStatuses = []string{
	string(sfntypes.ExecutionStatusFailed), string(sfntypes.ExecutionStatusTimedOut), string(sfntypes.ExecutionStatusAborted),
}

func final(status string) bool { return status == succeeded || slices.Contains(failedStatuses, status) }

// execution is an execution to read. It cannot be read if arn is empty.
type execution struct {
	*client
	arn string
}

// snapshot is what a read shows of an execution. The status is empty if the execution does
// not exist. Only completed reads the output.
type snapshot struct {
	status, reason string
	output         *string
}

func (s snapshot) observation(state delivery.State) delivery.Observation {
	return delivery.Observation{State: state, Status: s.status, Reason: s.reason}
}

func (e execution) read(ctx context.Context) (found snapshot, attempt delivery.Attempt) {
	if e.arn == "" {
		// The plan refuses a wait without execution_arn, unless its value is unknown then.
		return found, signal.Advised(attempt, "execution_arn is not set, and a task token does not tell which execution it belongs to",
			signal.Advice{Attribute: "execution_arn", Next: "Set execution_arn."})
	}
	// This read does not need the key of an encrypted state machine.
	out, attempt := aws.Get(ctx, e.DescribeExecution, &sdk.DescribeExecutionInput{ExecutionArn: &e.arn, IncludedData: sfntypes.IncludedDataMetadataOnly})
	if out == nil {
		return found, attempt
	}
	found.status = string(out.Status)
	found.reason = strings.Trim(awssdk.ToString(out.Error)+": "+awssdk.ToString(out.Cause), ": ")
	return found, attempt
}

func (e execution) key(of string) string { return fmt.Sprintf("sfn/%s/%s/%s", e.region, e.arn, of) }

// completion is reached if the execution has ended as the signal asks: successfully, or in
// any way after FAILURE.
func (e execution) completion(sent string) *delivery.Probe {
	// Not Final: RedriveExecution reopens an execution that has failed.
	return delivery.NewProbe(e.key("end"), e.read, func(found snapshot) delivery.Observation { return found.end(sent) })
}

func (s snapshot) end(sent string) delivery.Observation {
	return s.observation(delivery.StateOf(s.status == succeeded || sent == failure && final(s.status), final(s.status)))
}

// ready is reached if the execution is running. It is pending if the execution does not
// exist, because Step Functions may not show a new execution yet.
func (e execution) ready() *delivery.Probe {
	return delivery.NewProbe(e.key("ready"), func(ctx context.Context) (snapshot, delivery.Attempt) {
		found, attempt := e.read(ctx)
		if attempt.Code == noExecution {
			return snapshot{reason: attempt.Message}, attempt.NotFound()
		}
		return found, attempt
	}, func(found snapshot) delivery.Observation {
		observation := found.observation(delivery.StateOf(found.status == string(sfntypes.ExecutionStatusRunning), final(found.status)))
		observation.Gone = observation.State == delivery.Missed
		return observation
	})
}

// howToCheck tells the user how to check that the task was answered.
func (e execution) howToCheck() string {
	if e.arn == "" {
		return "To find out, check in the console the events of the execution that the token belongs to."
	}
	return "To find out, check the execution's last events: " +
		aws.CommandLine(e.region, "stepfunctions get-execution-history --execution-arn %s --reverse-order", &e.arn) + "."
}

// readRefusals has the errors of the reads.
var (
	readRefusals = signal.Refusals{noExecution: gone, "InvalidArn": unreadable, "StateMachineTypeNotSupported": unreadable}
	unreadable   = signal.Advice{
		Attribute: "execution_arn",
		Next: "Check that this is the ARN of an execution in this region and account, and not of a state machine. " +
			"Executions of Express state machines cannot be read, and others only for 90 days after their end.",
	}
	gone = signal.Advice{Attribute: unreadable.Attribute, Gone: true, Next: unreadable.Next}
)
