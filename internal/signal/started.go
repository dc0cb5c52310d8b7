package signal

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// StartedAfterAttribute returns the started_after argument, for signals whose
// targets are found by a name that several runs share. It is one of
// Naming.Filters. A name under which the service itself knows one current run,
// such as the workflow id of SWF and Temporal, an action of a pipeline or a stack
// of CloudFormation, needs no such argument: the service takes the signal by that
// name, without a search.
func StartedAfterAttribute() schema.Attribute {
	return Optional("Ignores runs that started before this time (RFC 3339, such as `2026-01-31T12:00:00Z`) when the provider searches for the target by name.", isTime)
}

// StartedAfter returns the time in a started_after argument; the zero time if
// the argument is null.
func StartedAfter(argument types.String) time.Time {
	at, _ := time.Parse(time.RFC3339, argument.ValueString())
	return at
}

// isTime validates a time in the format of RFC 3339.
var isTime = TextValidator{
	Summary: "Invalid Time", Must: "must be a time in the format of RFC 3339, such as 2026-01-31T12:00:00Z",
	Valid: func(text string) bool {
		_, err := time.Parse(time.RFC3339, text)
		return err == nil
	},
}
