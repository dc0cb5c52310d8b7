package oos

import (
	"cmp"
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/alicloud"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// wait describes signal_oos_execution_wait.
func wait(clients *alicloud.Clients) *signal.Wait[args] {
	return &signal.Wait[args]{
		Ended:  "an execution of an Alibaba Cloud OOS template has ended",
		Ready:  "it waits for a signal",
		Target: []string{"execution_id"},
		Outputs: schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "The outputs that the template defines, as a JSON text for `jsondecode`. It is null until the execution has ended, and with `until = \"ready\"`.",
		},
		Bind: func(_ context.Context, a *args) (signal.Watched, error) {
			client, given := service.Client(clients, a.Region.ValueString()), types.StringNull()
			w := watched{client, a.ExecutionID.ValueString()}
			to := bind(client, a).Watched(w.waiting(), w.completed(func(outputs any) { given = jsonOf(outputs) }))
			to.Outputs = func() attr.Value { return given }
			return to, nil
		},
	}
}

// completed is completion without a signal. It calls given with the outputs of the run
// after the run has ended.
func (w watched) completed(given func(any)) *delivery.Probe {
	return delivery.NewProbe(w.key("end"), w.read, func(found execution) delivery.Observation {
		observation := found.end(notification{})
		if observation.State != delivery.Pending {
			given(found.Outputs)
		}
		return observation
	}).Final()
}

// waiting is reached if the execution waits for a signal, and missed if it has ended.
func (w watched) waiting() *delivery.Probe {
	return delivery.NewProbe(w.key("waiting"), w.read, func(found execution) delivery.Observation {
		return found.observation(delivery.StateOf(found.Status == waiting, final(found.Status)))
	})
}

// jsonOf converts outputs to JSON. OOS shows them as an object or as a JSON text.
func jsonOf(outputs any) types.String {
	if text, is := outputs.(string); is || outputs == nil {
		return types.StringValue(cmp.Or(text, "{}"))
	}
	text, err := json.Marshal(outputs)
	if err != nil {
		return types.StringNull() // A decoded value can always be encoded.
	}
	return types.StringValue(string(text))
}
