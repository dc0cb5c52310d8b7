package signal

import (
	"maps"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// Advice is what to do about a failure.
type Advice struct {
	// Attribute is the argument at fault, empty when none is.
	Attribute string
	// Next is what the user can try next, in complete sentences.
	Next string
	// Gone says that the target no longer exists, so a destroy goes on without
	// sending.
	Gone bool
	// MayCome says that what takes the signal may still come, so that it is gone only if
	// the probe Refused shows that the target has ended.
	MayCome bool
	// Ambiguous says that the answer can have several causes, and that the probe
	// Refused shows which one.
	Ambiguous bool
}

// Refusals has the advice for the error codes of an operation.
type Refusals map[string]Advice

// Explain returns a Signal.Explain or Signal.ExplainRead. For a code without advice it
// calls common, which knows the errors of all services of a cloud, with the permission that
// the attempt needs. It is not inlined, because its closure would be compiled again for
// each caller.
//
//go:noinline
func (r Refusals) Explain(common func(attempt delivery.Attempt, permission string) string, permission string) func(delivery.Attempt) Advice {
	return func(attempt delivery.Attempt) Advice {
		if advice, known := r[attempt.Code]; known {
			return advice
		}
		return Advice{Next: common(attempt, permission)}
	}
}

// Named returns the refusals for a target that is configured by its name. The advice that
// is about the argument id there is about the argument name.
func (r Refusals) Named(id, name string) Refusals {
	named := maps.Clone(r)
	for code, advice := range named {
		if advice.Attribute == id {
			advice.Attribute = name
			named[code] = advice
		}
	}
	return named
}

// advisedError is the error of a read that found that there is no target to read. Its advice
// takes the place of ExplainRead's.
type advisedError struct {
	What   string
	Advice Advice
}

func (e *advisedError) Error() string { return e.What }

// Advised returns the attempt of a read with an advisedError.
func Advised(read delivery.Attempt, what string, advice Advice) delivery.Attempt {
	return delivery.Attempt{Outcome: delivery.Rejected, RequestID: read.RequestID, Err: &advisedError{what, advice}}
}
