package ssm

import (
	"context"
	"fmt"
	"slices"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// findPermissions are the IAM actions of finding an execution by its document.
const findPermissions = "ssm:DescribeAutomationExecutions, " + readPermissions

// goingOn are the statuses of executions that go on: as many as a filter can have values.
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

// document is what an execution is found by: the document that it runs, and when it was
// started. The name is empty where the execution's id is configured.
type document struct {
	client       *client
	name, region string
	after        time.Time
}

// finder finds the execution of the document that can take the signal, and names it in
// the arguments.
func (d document) finder(a *args, input *sdk.SendAutomationSignalInput, bound func() signal.Signal) *signal.TargetFinder {
	what := "Automation execution of document " + d.name
	if !d.after.IsZero() {
		what += " started since " + a.StartedAfter.ValueString()
	}
	return signal.Lookup{
		Key:      fmt.Sprintf("ssm/%s/document %q/%s/%d %q %q", d.region, d.name, input.SignalType, d.after.UnixNano(), input.Payload["StepName"], input.Payload["StepExecutionId"]),
		Service:  "SSM",
		What:     what,
		Name:     "document_name",
		ID:       "automation_execution_id",
		Hint:     "Check the document's name, and that a step of an execution waits for this signal: " + d.list() + ". wait_until_ready = true waits for one.",
		Required: true,
		Read: func(ctx context.Context, adopts bool) ([]signal.Candidate, delivery.Attempt) {
			return d.candidates(ctx, input, adopts)
		},
		Choose: func(id string) {
			if a.AutomationExecutionID = types.StringNull(); id != "" {
				a.AutomationExecutionID = types.StringValue(id)
			}
		},
		Bound: bound,
	}.Finder()
}

// candidates lists the executions of the document that go on. The API lists those of all
// documents whose names begin so.
func (d document) candidates(ctx context.Context, input *sdk.SendAutomationSignalInput, adopts bool) (all []signal.Candidate, attempt delivery.Attempt) {
	var listed []ssmtypes.AutomationExecutionMetadata
	attempt = delivery.Attempt{Outcome: delivery.Accepted}
	pages := sdk.NewDescribeAutomationExecutionsPaginator(d.client.DescribeAutomationExecutions, &sdk.DescribeAutomationExecutionsInput{Filters: []ssmtypes.AutomationExecutionFilter{
		{Key: ssmtypes.AutomationExecutionFilterKeyDocumentNamePrefix, Values: []string{d.name}},
		{Key: ssmtypes.AutomationExecutionFilterKeyExecutionStatus, Values: goingOn},
	}})
	for pages.HasMorePages() && attempt.Outcome == delivery.Accepted {
		attempt = aws.Read(ctx, func(ctx context.Context) error {
			page, err := pages.NextPage(ctx)
			if err == nil {
				listed = append(listed, page.AutomationExecutionMetadataList...)
			}
			return err
		})
	}
	if attempt.Outcome != delivery.Accepted {
		return nil, attempt
	}
	takers := takers(input)
	for _, one := range listed {
		if !is(one.DocumentName, d.name) || awssdk.ToTime(one.ExecutionStartTime).Before(d.after) {
			continue
		}
		candidate := signal.Candidate{ID: awssdk.ToString(one.AutomationExecutionId), Started: awssdk.ToTime(one.ExecutionStartTime), Status: string(one.AutomationExecutionStatus)}
		if adopts || takers == nil || slices.Contains(takers, awssdk.ToString(one.CurrentAction)) {
			found, read := execution{d.client, candidate.ID, d.region}.read(ctx)
			if read.Code == notFound {
				continue // The list lags behind what has been forgotten.
			}
			if read.Outcome != delivery.Accepted {
				return nil, read
			}
			candidate.Status = string(found.AutomationExecutionStatus)
			candidate.Takes = found.takes(input) && !final(candidate.Status)
			candidate.Has = !candidate.Takes && found.moved(input) && !found.asksAgain(input)
			candidate.Seen = found.seen(input)
		} else {
			candidate.Seen = current(one.CurrentStepName, one.CurrentAction)
		}
		all = append(all, candidate)
	}
	return all, attempt
}

// takers are the actions of the current steps of executions that have to be read to know
// whether they take the signal: one whose current step does something else than wait does
// not. A step that runs a child is read for what it says of that, and an execution that
// shows no step, too. It returns nil where the current step does not tell.
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

// list is the command that lists what the document's executions do.
func (d document) list() string {
	return aws.CommandLine(d.region, "ssm describe-automation-executions --filters Key=DocumentNamePrefix,Values=%s", &d.name)
}

// unseen says what it may mean that no execution was seen that takes the signal.
func (d document) unseen() string {
	return "SSM listed no execution of this document that can take the signal: none may have been started yet, it may have ended, or the document may have another name. " +
		"The name is that of the document that has the step, which of a child execution is its own. Look at the executions: " + d.list() + "."
}

// explain is explain, for those who may have named the document.
func (d document) explain(attempt delivery.Attempt) signal.Advice { return d.named(explain(attempt)) }

// explainRead knows the errors of the reads.
func (d document) explainRead(attempt delivery.Attempt) signal.Advice {
	advice := d.named(explainRead(attempt))
	if next := aws.Explain(attempt, findPermissions); next != "" && d.name != "" {
		advice.Next = next
	}
	return advice
}

// named moves the advice to the argument that is configured.
func (d document) named(advice signal.Advice) signal.Advice {
	if d.name != "" && advice.Attribute == "automation_execution_id" {
		advice.Attribute = "document_name"
	}
	return advice
}
