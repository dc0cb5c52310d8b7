package sfn

import (
	"context"
	"errors"
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

// readPermissions are the IAM actions of waiting and of looking for a lost signal,
// which is what the last two are for.
const readPermissions = "states:DescribeExecution, states:GetExecutionHistory and states:SendTaskHeartbeat"

// noExecution is the answer of reads for an execution that is not there.
const noExecution = "ExecutionDoesNotExist"

// The final statuses of an execution, after "status" in the API reference of DescribeExecution.
const succeeded = string(sfntypes.ExecutionStatusSucceeded)

var failedStatuses = []string{
	string(sfntypes.ExecutionStatusFailed), string(sfntypes.ExecutionStatusTimedOut), string(sfntypes.ExecutionStatusAborted),
}

func final(status string) bool { return status == succeeded || slices.Contains(failedStatuses, status) }

// execution is an execution to read; without an ARN it cannot be.
type execution struct {
	client      *client
	region, arn string
}

// errNoARN is how a wait ends for which there is nothing to read. A configuration
// that is known has been refused before.
var errNoARN = errors.New("execution_arn is not set, and a task token does not tell which execution it belongs to")

// snapshot is an execution, with an empty status where there is none. The output is
// only read for those who ask for it.
type snapshot struct {
	status, reason string
	output         *string
}

func (s snapshot) observation(state delivery.State) delivery.Observation {
	return delivery.Observation{State: state, Status: s.status, Reason: s.reason}
}

func (e execution) read(ctx context.Context) (found snapshot, attempt delivery.Attempt) {
	if e.arn == "" {
		return found, delivery.Attempt{Outcome: delivery.Rejected, Err: errNoARN}
	}
	// The metadata can be read without the key of an encrypted state machine.
	out, attempt := aws.Get(ctx, e.client.DescribeExecution, &sdk.DescribeExecutionInput{ExecutionArn: &e.arn, IncludedData: sfntypes.IncludedDataMetadataOnly})
	if out == nil {
		return found, attempt
	}
	found.status = string(out.Status)
	found.reason = strings.Trim(awssdk.ToString(out.Error)+": "+awssdk.ToString(out.Cause), ": ")
	return found, attempt
}

func (e execution) key(of string) string { return fmt.Sprintf("sfn/%s/%s/%s", e.region, e.arn, of) }

// completion is reached when the execution has ended as the signal wants it to.
func (e execution) completion(sent string) *delivery.Probe {
	return delivery.NewProbe(e.key("end"), e.read, func(found snapshot) delivery.Observation { return found.end(sent) }).Final()
}

func (s snapshot) end(sent string) delivery.Observation {
	switch {
	case s.status == succeeded, sent == failure && final(s.status):
		return s.observation(delivery.Reached)
	case final(s.status):
		return s.observation(delivery.Missed)
	default:
		return s.observation(delivery.Pending)
	}
}

// ready is reached when the execution is running. One that is not there may be
// started yet, or not be shown yet.
func (e execution) ready() *delivery.Probe {
	return delivery.NewProbe(e.key("ready"), func(ctx context.Context) (snapshot, delivery.Attempt) {
		found, attempt := e.read(ctx)
		if attempt.Code == noExecution {
			return snapshot{reason: attempt.Message}, delivery.Attempt{Outcome: delivery.Accepted, RequestID: attempt.RequestID}
		}
		return found, attempt
	}, func(found snapshot) delivery.Observation {
		switch {
		case found.status == string(sfntypes.ExecutionStatusRunning):
			return found.observation(delivery.Reached)
		case final(found.status):
			missed := found.observation(delivery.Missed)
			missed.Gone = true
			return missed
		default:
			return found.observation(delivery.Pending)
		}
	})
}

// findOut says how a user can see whether the task has been answered.
func (e execution) findOut() string {
	if e.arn == "" {
		return "To find out, check in the console the events of the execution that the token belongs to."
	}
	return "To find out, check the execution's last events: " +
		aws.CommandLine(e.region, "stepfunctions get-execution-history --execution-arn %s --reverse-order", &e.arn) + "."
}

// explainRead knows the errors of the reads.
func explainRead(attempt delivery.Attempt) signal.Advice {
	switch {
	case errors.Is(attempt.Err, errNoARN):
		return signal.Advice{Attribute: "execution_arn", Next: "Set execution_arn."}
	case attempt.Code == noExecution, attempt.Code == "InvalidArn", attempt.Code == "StateMachineTypeNotSupported":
		return signal.Advice{
			Attribute: "execution_arn",
			Gone:      attempt.Code == noExecution,
			Next: "Check that this is the ARN of an execution in this region and account, and not of a state machine. " +
				"Executions of Express state machines cannot be read, and others only for 90 days after their end.",
		}
	}
	return signal.Advice{Next: aws.Explain(attempt, readPermissions)}
}
