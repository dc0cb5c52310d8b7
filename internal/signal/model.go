package signal

import (
	"cmp"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// model is a resource's data. Arguments is a pointer to the struct of a system's arguments.
type model struct {
	CommonAttributes
	Options
	Arguments any
}

// CommonAttributes has the attributes that all signal resources have beside their own
// arguments. Each field is the attribute of the same name.
type CommonAttributes struct {
	ID        types.String   `tfsdk:"id"`
	Triggers  types.Map      `tfsdk:"triggers"`
	When      types.String   `tfsdk:"when"`
	Timeouts  timeouts.Value `tfsdk:"timeouts"`
	SentAt    types.String   `tfsdk:"sent_at"`
	RequestID types.String   `tfsdk:"request_id"`
	Delivery  types.String   `tfsdk:"delivery"`
}

// The values of the delivery attribute.
const (
	// DeliverySent means that the service accepted the signal.
	DeliverySent = "SENT"
	// DeliveryConfirmed means that the answer was lost, and that the service showed such a
	// signal at the time of the send that was not another signal of this provider.
	DeliveryConfirmed = "CONFIRMED"
	// DeliveryAdopted means that the service showed such a signal, so the provider sent none.
	DeliveryAdopted = "ADOPTED"
	// DeliveryUnknown means that the answer was lost, and that it is unknown whether the
	// service took the signal.
	DeliveryUnknown = "UNKNOWN"
)

// atDestroy reports whether the signal is to be sent when the resource is destroyed.
func (s *CommonAttributes) atDestroy() bool { return s.When.ValueString() == whenDestroy }

// sentWhen returns the value of when, or its default.
func (s *CommonAttributes) sentWhen() string { return cmp.Or(s.When.ValueString(), whenApply) }

// sent records the result of a send.
func (s *CommonAttributes) sent(sent sendResult) {
	s.Delivery, s.SentAt, s.RequestID = types.StringNull(), types.StringNull(), types.StringNull()
	if sent.delivery != "" {
		s.Delivery = types.StringValue(sent.delivery)
	}
	if !sent.at.IsZero() {
		s.SentAt = types.StringValue(sent.at.UTC().Format(time.RFC3339))
	}
	if sent.requestID != "" {
		s.RequestID = types.StringValue(sent.requestID)
	}
}

// sentTime returns when the signal was sent, to the second; the zero time if
// that is not known.
func (s *CommonAttributes) sentTime() time.Time {
	sent, _ := time.Parse(time.RFC3339, s.SentAt.ValueString())
	return sent
}

// The values of the when argument.
const (
	whenApply   = "apply"
	whenDestroy = "destroy"
)

// The values of the on_wait_failure argument.
const (
	onWaitFailureError  = "error"
	onWaitFailureRecord = "record"
)
