package ssm

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// decision is one of an approval step's ApproverDecisions. AWS documents them
// only as a JSON list of maps. A field that cannot be read is empty.
type decision struct {
	word              ssmtypes.SignalType
	comment, approver string
	at                time.Time
	// text is the decision as the service shows it.
	text string
}

// decisions returns a step's ApproverDecisions, and whether their format could
// be read.
func decisions(step ssmtypes.StepExecution) (made []decision, shown bool) {
	texts, shown := step.Outputs["ApproverDecisions"]
	for _, text := range texts {
		var (
			one  map[string]any
			many []map[string]any
		)
		if json.Unmarshal([]byte(text), &one) == nil {
			many = append(many, one)
		} else if json.Unmarshal([]byte(text), &many) != nil {
			return nil, false
		}
		for _, members := range many {
			made = append(made, parseDecision(members, step))
		}
	}
	return made, shown
}

// id identifies a decision within its step. It is the decision's text and the
// number of equal ones before it.
func (d decision) id(before []decision) string {
	n := 0
	for _, other := range before {
		if other.text == d.text {
			n++
		}
	}
	return d.text + " " + strconv.Itoa(n)
}

// words are the possible names of a decision.
var words = map[string]ssmtypes.SignalType{
	"approve": ssmtypes.SignalTypeApprove, "approved": ssmtypes.SignalTypeApprove,
	"reject": ssmtypes.SignalTypeReject, "rejected": ssmtypes.SignalTypeReject,
	"revoke": ssmtypes.SignalTypeRevoke, "revoked": ssmtypes.SignalTypeRevoke,
}

// parseDecision finds out who decided what, with which comment, and when, from the names
// of the members. If two members for the same fact differ, neither counts.
func parseDecision(members map[string]any, step ssmtypes.StepExecution) (d decision) {
	text, err := json.Marshal(members)
	if err != nil {
		return d // A decoded value can always be encoded.
	}
	d.text = string(text)
	var said, comments, approvers, times []string
	for _, name := range slices.Sorted(maps.Keys(members)) {
		is := strings.ToLower(name)
		switch value := members[name].(type) {
		case string:
			_, known := words[strings.ToLower(value)]
			switch {
			case strings.Contains(is, "comment"):
				comments = append(comments, value)
			case namesTime(name):
				times = append(times, value)
			case strings.Contains(is, "approver"):
				approvers = append(approvers, value)
			case known:
				said = append(said, string(words[strings.ToLower(value)]))
			}
		case float64:
			if namesTime(name) {
				times = append(times, strconv.FormatFloat(value, 'f', -1, 64))
			}
		}
	}
	d.comment, d.approver = sole(comments), sole(approvers)
	if len(comments) <= 1 {
		d.word = ssmtypes.SignalType(sole(said))
	}
	if at := parseTime(sole(times)); step.ExecutionStartTime == nil || !at.Before(step.ExecutionStartTime.Add(-startSlack)) {
		d.at = at
	}
	return d
}

// startSlack is by how much a decision may seem older than its step, because
// its time may be in whole seconds.
const startSlack = 2 * time.Second

// namesTime reports whether a member with this name is a time.
func namesTime(name string) bool {
	lower := strings.ToLower(name)
	return strings.Contains(lower, "time") || strings.Contains(lower, "date") || lower == "at" || strings.HasSuffix(name, "At") || strings.HasSuffix(lower, "_at")
}

// sole returns the value if all values are equal, and "" otherwise.
func sole(values []string) string {
	if values = slices.Compact(values); len(values) == 1 {
		return values[0]
	}
	return ""
}

// parseTime reads a time in RFC 3339 or in seconds or milliseconds since 1970.
// It returns the zero time for any other text.
func parseTime(text string) time.Time {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at
	}
	const longestSeconds = 1e11
	switch count, err := strconv.ParseFloat(text, 64); {
	case err != nil || count <= 0 || count > 1e15:
		return time.Time{}
	case count > longestSeconds:
		return time.UnixMilli(int64(count))
	default:
		return time.UnixMilli(int64(count * 1000))
	}
}
