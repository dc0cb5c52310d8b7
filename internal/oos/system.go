// Package oos is the system of Alibaba Cloud CloudOps Orchestration Service (OOS). It
// signals executions of templates with NotifyExecution.
package oos

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/alicloud"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// args are the arguments of the signal.
type args struct {
	ExecutionID     types.String `tfsdk:"execution_id"`
	TemplateName    types.String `tfsdk:"template_name"`
	StartedAfter    types.String `tfsdk:"started_after"`
	NotifyType      types.String `tfsdk:"notify_type"`
	NotifyNote      types.String `tfsdk:"notify_note"`
	TaskName        types.String `tfsdk:"task_name"`
	TaskExecutionID types.String `tfsdk:"task_execution_id"`
	Parameters      types.String `tfsdk:"parameters"`
	ExecutionStatus types.String `tfsdk:"execution_status"`
	LoopItem        types.String `tfsdk:"loop_item"`
	Region          types.String `tfsdk:"region"`
}

// New returns signal_oos_execution.
func New(clients *alicloud.Clients, sender *signal.Sender) signal.Factories {
	return signal.NewFactories(signal.System[args]{
		Name:     "oos_execution",
		Block:    "alicloud",
		Endpoint: service.Name,
		Description: "Sends a signal to a waiting execution of an Alibaba Cloud CloudOps Orchestration Service (OOS) template, with one `NotifyExecution` request. The signal approves or rejects a task that waits for approval, " +
			"executes or cancels a task or completes the execution in Debug mode, or retries or skips a failed task if the execution waits after a failure.\n\n" +
			"Set `execution_id`, or `template_name` to have the provider search for the one execution of that template that waits. `alicloud_oos_execution` waits until its execution has ended, " +
			"so a signal that uses its id comes too late. Use a signal with `template_name` and `wait_until_ready` that does not depend on that resource: Terraform applies both at the same time, and the signal lets the execution go on. " +
			"If the execution ends before the signal arrives, and no approval of it has ended, the provider searches again.\n\n" +
			"If the answer to a signal is lost, the provider reads the tasks of the execution. The signal has arrived if a task shows its `notify_note` and its effect, between the send and 15 seconds after the answer was lost. " +
			"It has not arrived if the task still waits for it. Otherwise the outcome stays unknown, because somebody else may have caused the effect. " +
			"So give each signal a unique note, or leave `notify_note` out to have the provider generate one.",
		Confirms:   true,
		Adopts:     true,
		Resends:    true,
		Twice:      "If the execution has moved on to another task that waits for the same kind of signal, the second one may approve that *next* task.",
		Arguments:  arguments(),
		Remembered: remembered,
		Naming:     &signal.Naming{ID: "execution_id", Name: "template_name", Filters: []string{"started_after"}},
		Final:      func(_ *args, status string) bool { return final(status) },
		Wait:       wait(clients),
		Check:      check,
		AdoptsNothing: func(a *args, _ bool) string {
			if a.NotifyType.ValueString() != retryTask {
				return ""
			}
			return "What a retried task looks like is not documented, so no read shows it: leave adopt_existing out."
		},
		Cloud:    clients,
		Complete: complete,
		Bind: func(_ context.Context, a *args, _ signal.Secrets) (signal.Signal, error) {
			return bind(service.Client(clients, a.Region.ValueString()), a), nil
		},
	}, sender)
}

// complete generates a note if none is configured, so that the signal can be recognised.
func complete(_ context.Context, a *args) {
	if a.NotifyNote.IsUnknown() {
		a.NotifyNote = types.StringValue("Terraform " + uuid.NewString())
	}
}

func bind(client alicloud.Client, a *args) signal.Signal {
	of := notification{
		kind: a.NotifyType.ValueString(), note: a.NotifyNote.ValueString(),
		task: a.TaskName.ValueString(), taskExecution: a.TaskExecutionID.ValueString(), item: a.LoopItem.ValueString(), status: a.ExecutionStatus.ValueString(),
	}
	r := request{client, a}
	bound := signal.Signal{
		Request:     r,
		What:        of.kind,
		To:          r.to(),
		Service:     "OOS",
		RateLimit:   "oos/" + client.Region,
		RunID:       a.ExecutionID.ValueString(),
		Explain:     r.explain,
		HowToCheck:  r.howToCheck(),
		ExplainRead: explainRead,
		Unseen:      "OOS listed no execution of this template that can take it: perhaps none has reached a task that waits, it has ended, or the template's name is wrong.",
	}
	if a.ExecutionID.IsNull() {
		bound.Find = r.finder(of, func() signal.Signal { return bind(client, a) })
		return bound
	}
	to := watched{client, a.ExecutionID.ValueString()}
	bound.Ready, bound.Completion, bound.Existing, bound.Evidence = to.ready(of), to.completion(of), to.existing(of), to.evidence(of)
	bound.Refused = to.refused(of)
	return bound
}

// to describes the target.
func (r request) to() string {
	if r.args.ExecutionID.IsNull() {
		return fmt.Sprintf("an execution of OOS template %s in %s", r.args.TemplateName.ValueString(), r.Region)
	}
	return fmt.Sprintf("OOS execution %s in %s", r.args.ExecutionID.ValueString(), r.Region)
}
