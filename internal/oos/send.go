package oos

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/alicloud"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// service has a host for each region.
var service = alicloud.Service{Name: "oos", Host: "oos.*.aliyuncs.com", Version: "2019-06-01"}

// permission is the RAM action for the one request that a signal makes.
const permission = "oos:NotifyExecution"

// notThere is the prefix of the error codes for things that do not exist. It is known from
// users of the API, because the API reference lists no codes.
const notThere = "EntityNotExists"

// request is one NotifyExecution request for the execution that the arguments name.
type request struct {
	alicloud.Client
	args *args
}

// Send makes one NotifyExecution request.
func (r request) Send(ctx context.Context) delivery.Attempt {
	_, attempt := alicloud.Request[struct{}](ctx, r.Client, "NotifyExecution", map[string]string{
		"ExecutionId":     r.args.ExecutionID.ValueString(),
		"NotifyType":      r.args.NotifyType.ValueString(),
		"NotifyNote":      r.args.NotifyNote.ValueString(),
		"TaskName":        r.args.TaskName.ValueString(),
		"TaskExecutionId": r.args.TaskExecutionID.ValueString(),
		"Parameters":      r.args.Parameters.ValueString(),
		"ExecutionStatus": r.args.ExecutionStatus.ValueString(),
		"LoopItem":        r.args.LoopItem.ValueString(),
	})
	return attempt
}

// explain returns the advice for the errors that all services of Alibaba Cloud have in
// common. OOS documents no other codes, so for them the advice says what the user can
// check.
func (r request) explain(attempt delivery.Attempt) signal.Advice {
	if isNotThere(attempt) {
		return missing
	}
	advice := signal.Advice{Next: alicloud.Explain(attempt, permission)}
	if advice.Next == "" && attempt.Outcome == delivery.Rejected {
		// Reading why needs permissions that only a signal with template_name needs anyway.
		advice.Ambiguous = !r.args.TemplateName.IsNull()
		advice.Next = "The meaning of the codes of OOS is not documented. Check whether the execution waits, and whether one of its tasks waits for this signal: " + r.command() + ". With wait_until_ready = true the provider waits for that."
	}
	return advice
}

func isNotThere(attempt delivery.Attempt) bool {
	return attempt.Code == notThere || strings.HasPrefix(attempt.Code, notThere+".")
}

// missing is the advice for an execution that does not exist.
var missing = signal.Advice{Attribute: "execution_id", Gone: true, Next: "Check the execution's id, and that it is in this region and account."}

// explainRead returns the advice for errors of the reads.
func explainRead(attempt delivery.Attempt) signal.Advice {
	if isNotThere(attempt) {
		return missing
	}
	return signal.Advice{Next: alicloud.Explain(attempt, readPermissions)}
}

// howToCheck tells the user how to check that the signal has arrived.
func (r request) howToCheck() string {
	return fmt.Sprintf("To find out, look for a task that has gone on, and for the note %q with it: %s.", r.args.NotifyNote.ValueString(), r.command())
}

// command returns the command that shows the tasks of the execution.
func (r request) command() string {
	if r.args.ExecutionID.IsNull() {
		return r.listCommand()
	}
	return fmt.Sprintf("\"aliyun oos ListTaskExecutions --RegionId %s --ExecutionId %s\"", delivery.ShellWord(r.Region), delivery.ShellWord(r.args.ExecutionID.ValueString()))
}

// listCommand returns the command that lists the executions of the template.
func (r request) listCommand() string {
	return fmt.Sprintf("\"aliyun oos ListExecutions --RegionId %s --TemplateName %s\"", delivery.ShellWord(r.Region), delivery.ShellWord(r.args.TemplateName.ValueString()))
}

// dateFormat is the format of times in requests to OOS.
const dateFormat = "2006-01-02T15:04:05Z"

// parseDate parses a time of OOS. It returns the zero time for any other text.
func parseDate(text string) time.Time {
	at, _ := time.Parse(time.RFC3339, text)
	return at
}
