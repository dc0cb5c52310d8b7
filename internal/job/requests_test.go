package job

import "testing"

// An argument is at fault if the service names it.
func TestArgumentNamedByTheService(t *testing.T) {
	for said, want := range map[string]string{
		"aws_account_id: is not yours":     "aws_account_id",
		"name: is too long":                "name",
		"action_value: region: is missing": "action_value",
		"group_id: b: name: a: no":         "",
		"Unprocessable: nothing named":     "",
		"page[size]: too large":            "",
		"for_workflow: cannot be changed":  "for_workflow",
	} {
		if got := argumentIn(said); got != want {
			t.Errorf("%s names %q, want %q", said, got, want)
		}
	}
}
