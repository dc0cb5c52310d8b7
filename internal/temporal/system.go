// Package temporal is the system of Temporal. It signals workflow executions with
// SignalWorkflowExecution, through Temporal's HTTP API.
package temporal

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// args are the arguments of the signal.
type args struct {
	Namespace      types.String `tfsdk:"namespace"`
	WorkflowID     types.String `tfsdk:"workflow_id"`
	RunID          types.String `tfsdk:"run_id"`
	SignalName     types.String `tfsdk:"signal_name"`
	Input          types.String `tfsdk:"input"`
	InputWO        types.String `tfsdk:"input_wo"`
	InputWOVersion types.Int64  `tfsdk:"input_wo_version"`
	RequestID      types.String `tfsdk:"request_id"`
}

// New returns signal_temporal_workflow.
func New(client *Client, sender *signal.Sender) signal.Factories {
	return signal.NewFactories(signal.System[args]{
		Name: "temporal_workflow",
		Description: "Sends a signal to a running Temporal workflow execution, with one `SignalWorkflowExecution` request to Temporal's HTTP API. " +
			"If the outcome is unknown, the provider repeats the request with the same request id.\n\n" +
			"In each run, Temporal treats requests with the same id as one signal, even after the run has closed. So a repeat to the same run does no harm. " +
			"A run does not know the ids of other runs, such as the one that it continues. A run that is reset forgets the ids of the signals after the reset point.\n\n" +
			"If the answer to a signal without `run_id` is lost, the provider repeats the request only to the run that got it. That is the current run if it was started before the signal was sent. " +
			"Otherwise the provider looks for the signal in all runs that may have got it. It repeats the request to the run that has the signal, and sends it again only if no run has it.\n\n" +
			"`wait_until_ready` waits for a running execution. `wait_for_completion` waits until the run that was signalled has closed; if that run continues as new, or fails and its retry policy starts another one, it waits for the last run. " +
			"`COMPLETED` is success. `adopt_existing` looks in the history of the run for a signal with this `request_id`, so it needs a configured `request_id`. " +
			"If one of the three is set and `run_id` is not, the provider searches for the run before it sends.\n\n" +
			"The signal goes to the HTTP API of Temporal's frontend, by convention on port 7243. Self-hosted servers must enable it. The gRPC port, 7233, does not accept the request.",
		Confirms:        true,
		Adopts:          true,
		Arguments:       arguments(),
		Remembered:      remembered,
		ActionArguments: input.InAction(arguments()),
		Final:           func(_ *args, status string) bool { return final(status) },
		Wait:            wait(client),
		AdoptsNothing: func(a *args, kept bool) string {
			if kept || !a.RequestID.IsNull() {
				return ""
			}
			return "Temporal tells signals apart by their request_id, and one that is made for this signal is in no history yet: set request_id, or leave adopt_existing out."
		},
		Unconfigured: func(*args) bool { return client.config.Unknown != "" },
		Defaults:     []string{"namespace"},
		Complete: func(_ context.Context, a *args) {
			if a.Namespace.IsUnknown() && client.config.Namespace != "" {
				a.Namespace = types.StringValue(client.config.Namespace)
			}
			if a.RequestID.IsUnknown() {
				a.RequestID = types.StringValue(uuid.NewString())
			}
		},
		Bind: func(_ context.Context, a *args, secrets signal.Secrets) (signal.Signal, error) {
			host, err := client.locate(a)
			if err != nil {
				return signal.Signal{}, err
			}
			if a.RequestID.IsNull() {
				a.RequestID = types.StringValue(uuid.NewString())
			}
			return bind(client, host, a, secrets), nil
		},
	}, sender)
}

// locate sets the namespace, and returns the host of the HTTP API.
func (c *Client) locate(a *args) (host string, err error) {
	connected, err := c.connect()
	if err != nil {
		return "", err
	}
	a.Namespace = types.StringValue(cmp.Or(a.Namespace.ValueString(), c.config.Namespace, os.Getenv("TEMPORAL_NAMESPACE"), DefaultNamespace))
	return connected.address.Host, nil
}

func bind(client *Client, host string, a *args, secrets signal.Secrets) signal.Signal {
	r := request{client: client, namespace: a.Namespace.ValueString(), workflow: a.WorkflowID.ValueString(), name: a.SignalName.ValueString(), body: signalBody{
		WorkflowExecution: execution{WorkflowID: a.WorkflowID.ValueString(), RunID: a.RunID.ValueString()},
		RequestID:         a.RequestID.ValueString(),
		Identity:          identityPrefix + a.RequestID.ValueString(),
	}}
	if input := secrets.Either("input", a.Input); input != nil {
		r.body.Input = json.RawMessage(*input)
	}
	to := "Temporal workflow " + a.WorkflowID.ValueString()
	if !a.RunID.IsNull() {
		to += fmt.Sprintf(" (run %s)", a.RunID.ValueString())
	}
	bound := signal.Signal{
		Request: r,
		What:    fmt.Sprintf("signal %q", a.SignalName.ValueString()),
		To:      fmt.Sprintf("%s in namespace %s at %s", to, a.Namespace.ValueString(), host),
		Service: "Temporal",

		IdempotencyKey:      fmt.Sprintf("temporal/%s/%q/%q/%s/%q", host, a.Namespace.ValueString(), a.WorkflowID.ValueString(), a.RunID.ValueString(), a.RequestID.ValueString()),
		IdempotencyArgument: "request_id",

		RateLimit:   "temporal/" + host + "/" + a.Namespace.ValueString(),
		RunID:       r.workflow,
		Explain:     r.explain,
		HowToCheck:  r.howToCheck(),
		ExplainRead: r.explainRead,
		Unseen:      "Temporal has no running execution of this workflow id: perhaps none has started yet, it has closed, or the workflow id is wrong. " + r.describe(),
	}
	watched := workflow{client, host, r.namespace, r.workflow}
	if a.RunID.IsNull() {
		bound.Request = &currentRun{request: r, of: watched}
		bound.Find = watched.finder(a, r, func() signal.Signal { return bind(client, host, a, secrets) })
		bound.Evidence = watched.evidence(r, func(id string) { a.RunID = types.StringValue(id) })
		return bound
	}
	one := run{watched, a.RunID.ValueString()}
	bound.Ready, bound.Completion, bound.Existing, bound.Evidence = one.ready(), one.completion(), one.existing(r), one.evidence(r)
	return bound
}
