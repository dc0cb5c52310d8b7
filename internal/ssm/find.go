package ssm

import (
	"context"
	"fmt"
	"slices"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// findPermissions are the IAM actions that are needed to find an execution by
// its document.
const findPermissions = "ssm:DescribeAutomationExecutions, " + readPermissions

// goingOn are the statuses of executions that have not ended. Their number is
// the largest number of values that a filter can have.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_AutomationExecutionFilter.html
var goingOn = []string{
	string(ssmtypes.AutomationExecutionStatusPending),
	string(ssmtypes.AutomationExecutionStatusInprogress),
	string(ssmtypes.AutomationExecutionStatusWaiting),
	string(ssmtypes.AutomationExecutionStatusCancelling),
	string(ssmtypes.AutomationExecutionStatusPendingApproval),
	string(ssmtypes.AutomationExecutionStatusApproved),
	string(ssmtypes.AutomationExecutionStatusScheduled),
	string(ssmtypes.AutomationExecutionStatusRunbookInprogress),
	string(ssmtypes.AutomationExecutionStatusPendingChangeCalendarOverride),
	string(ssmtypes.AutomationExecutionStatusChangeCalendarOverrideApproved),
}

// document is the document by which an execution is found, and the earliest
// start of the execution. The name is empty if the execution's id is
// configured.
type document struct {
	*client
	name  string
	after time.Time
}

// finder returns the TargetFinder for the execution of the document that can
// take the signal.
func (d document) finder(a *args, input *sdk.SendAutomationSignalInput, bound func() signal.Signal) *signal.TargetFinder {
	what := "Automation execution of document " + d.name
	if !d.after.IsZero() {
		what += " started since " + a.StartedAfter.ValueString()
	}
	return signal.TargetSearch{
		Key:      fmt.Sprintf("ssm/%s/document %q/%s/%d %q %q", d.region, d.name, input.SignalType, d.after.UnixNano(), input.Payload["StepName"], input.Payload["StepExecutionId"]),
		Service:  "SSM",
		What:     what,
		Name:     "document_name",
		ID:       "automation_execution_id",
		Hint:     "Check the document's name, and whether a step of an execution waits for this signal: " + d.listCommand() + ". With wait_until_ready = true the provider waits for such a step.",
		Required: true,
		Read: func(ctx context.Context, adopts bool) ([]signal.Candidate, delivery.Attempt) {
			return d.candidates(ctx, input, adopts)
		},
		Choose: func(id string) { a.AutomationExecutionID = signal.OrNull(id) },
		Bound:  bound,
	}.Finder()
}

// candidates lists the executions of the document that have not ended. The API
// lists the executions of all documents whose names begin with the name.
func (d document) candidates(ctx context.Context, input *sdk.SendAutomationSignalInput, adopts bool) (all []signal.Candidate, attempt delivery.Attempt) {
	var listed []ssmtypes.AutomationExecutionMetadata
	in := &sdk.DescribeAutomationExecutionsInput{Filters: []ssmtypes.AutomationExecutionFilter{
		{Key: ssmtypes.AutomationExecutionFilterKeyDocumentNamePrefix, Values: []string{d.name}},
		{Key: ssmtypes.AutomationExecutionFilterKeyExecutionStatus, Values: goingOn},
	}}
	attempt = aws.Pages(ctx, d.DescribeAutomationExecutions, in, &in.NextToken, func(page *sdk.DescribeAutomationExecutionsOutput, _ delivery.ServerClock) *string {
		listed = append(listed, page.AutomationExecutionMetadataList...)
		return page.NextToken
	})
	if attempt.Outcome != delivery.Accepted {
		return nil, attempt
	}
	readActions := takers(input)
	for _, one := range listed {
		if !is(one.DocumentName, d.name) || awssdk.ToTime(one.ExecutionStartTime).Before(d.after) {
			continue
		}
		candidate := signal.Candidate{ID: awssdk.ToString(one.AutomationExecutionId), Started: awssdk.ToTime(one.ExecutionStartTime), Status: string(one.AutomationExecutionStatus)}
		if adopts || readActions == nil || slices.Contains(readActions, awssdk.ToString(one.CurrentAction)) {
			found, read := execution{d.client, candidate.ID}.read(ctx)
			if read.Code == notFound {
				continue // The list may still show an execution that no longer exists.
			}
			if read.Outcome != delivery.Accepted {
				return nil, read
			}
			candidate.Status = string(found.AutomationExecutionStatus)
			candidate.Takes = found.takes(input) && !final(candidate.Status)
			candidate.Has = !candidate.Takes && found.moved(input) && !found.asksAgain(input)
			candidate.Seen = found.seen(input)
			if candidate.Takes {
				taking := found.takesObservation(input)
				candidate.Expires, candidate.Then = taking.Expires, taking.Then
			}
		} else {
			candidate.Seen = current(one.CurrentStepName, one.CurrentAction)
		}
		all = append(all, candidate)
	}
	return all, attempt
}

// takers returns the actions of a current step for which the execution must be
// read to know whether it can take the signal. If the current step has another
// action, it does not wait, so the execution cannot take the signal. An
// execution whose current step runs a child execution is read too, because the
// error message mentions the child. An execution without a current step is also
// read. takers returns nil if the current step does not tell anything.
func takers(input *sdk.SendAutomationSignalInput) []string {
	switch input.SignalType {
	case ssmtypes.SignalTypeApprove, ssmtypes.SignalTypeReject, ssmtypes.SignalTypeRevoke:
		return []string{"", "aws:approve", "aws:executeAutomation"}
	case ssmtypes.SignalTypeResume:
		return []string{"", "aws:pause", "aws:executeAutomation"}
	default:
		return nil
	}
}

// listCommand returns the AWS CLI command that lists the document's executions.
func (d document) listCommand() string {
	return aws.CommandLine(d.region, "ssm describe-automation-executions --filters Key=DocumentNamePrefix,Values=%s", &d.name)
}

// unseen says what it may mean that the wait saw no execution that can take the
// signal.
func (d document) unseen() string {
	return "SSM listed no execution of this document that can take the signal. Perhaps none has started yet, or it has ended, or the document has another name. " +
		"The name must be that of the document with the step; for a step of a child execution, that is the child's document. To see the executions, run " + d.listCommand() + "."
}
