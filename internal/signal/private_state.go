package signal

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// failureReported is a key of the private state. It is set if the creation of
// the resource has reported the failure of the target's run. After it, an
// untaint accepts the failure.
const failureReported = "failure_reported"

// lostKey is a key of the private state. Its value is a lostSend, if a destroy
// sent the signal with an unknown outcome.
const lostKey = "lost"

// privateState is the resource's private state: data that Terraform keeps for
// the provider and does not show.
type privateState interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// storeLostSend stores what a later destroy must know of a lost signal.
func storeLostSend(ctx context.Context, private privateState, later lostSend) diag.Diagnostics {
	text, err := json.Marshal(later)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("State Not Written", err.Error())} // It can be encoded.
	}
	return private.SetKey(ctx, lostKey, text)
}

// loadLostSend returns what an earlier destroy has stored about the signal; the
// zero value if it has stored nothing.
func loadLostSend(ctx context.Context, private privateState, diags *diag.Diagnostics) (lost lostSend) {
	text, unread := private.GetKey(ctx, lostKey)
	diags.Append(unread...)
	if len(text) == 0 {
		return lost
	}
	if err := json.Unmarshal(text, &lost); err != nil {
		// It is unknown which traces other signals have left.
		lost.Competing.Incomplete = true
	}
	return lost
}

// lostSend is what the private state has of a signal whose outcome at destroy
// is unknown.
type lostSend struct {
	// At is when its last attempt with an unknown outcome ended; zero if the destroy
	// made only one attempt.
	At time.Time `json:"at,omitzero"`
	// Competing are the other signals that may have left its traces.
	Competing delivery.CompetingSignals `json:"competing,omitzero"`
}
