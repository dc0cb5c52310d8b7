package signal

import "testing"

// Each row is one change of a resource that exists, and what its plan does.
func TestPlanDecisions(t *testing.T) {
	const no, yes = false, true
	for name, row := range map[string]struct {
		transition
		want decision
		// unsent says that nothing is recorded of a signal afterwards.
		unsent  bool
		summary string
	}{
		"sent, the same":                                      {transition{whenApply, whenApply, yes, no}, keep, no, ""},
		"sent, another":                                       {transition{whenApply, whenApply, yes, yes}, replace, no, ""},
		"disarmed before, the same":                           {transition{whenApply, whenApply, no, no}, keep, no, ""},
		"disarmed before, another":                            {transition{whenApply, whenApply, no, yes}, replace, no, ""},
		"sent, the same at destroy":                           {transition{whenApply, whenDestroy, yes, no}, armAgain, yes, "Signal Will Be Sent Again"},
		"sent, another at destroy":                            {transition{whenApply, whenDestroy, yes, yes}, armAgain, yes, "Signal Will Be Sent Again"},
		"disarmed before, the same at destroy":                {transition{whenApply, whenDestroy, no, no}, arm, yes, ""},
		"disarmed before, another at destroy":                 {transition{whenApply, whenDestroy, no, yes}, arm, yes, ""},
		"yet to be sent, the same":                            {transition{whenDestroy, whenDestroy, no, no}, keep, no, ""},
		"yet to be sent, another":                             {transition{whenDestroy, whenDestroy, no, yes}, keep, no, ""},
		"sent by a destroy that failed, the same":             {transition{whenDestroy, whenDestroy, yes, no}, keep, no, ""},
		"sent by a destroy that failed, another":              {transition{whenDestroy, whenDestroy, yes, yes}, arm, yes, ""},
		"yet to be sent, and no more":                         {transition{whenDestroy, whenApply, no, no}, disarm, yes, "No Signal Will Be Sent"},
		"yet to be sent, and no more, another":                {transition{whenDestroy, whenApply, no, yes}, disarm, yes, "No Signal Will Be Sent"},
		"sent by a destroy that failed, at apply":             {transition{whenDestroy, whenApply, yes, no}, keep, no, ""},
		"sent by a destroy that failed, another one at apply": {transition{whenDestroy, whenApply, yes, yes}, forget, yes, "No Signal Will Be Sent"},
	} {
		t.Run(name, func(t *testing.T) {
			got := row.decide()
			if summary, detail := got.warning(); got != row.want || got.unsent() != row.unsent || summary != row.summary || (detail == "") != (summary == "") {
				t.Errorf("%+v is decided as %d (unsent: %t, warning %q), want %d", row.transition, got, got.unsent(), summary, row.want)
			}
		})
	}
}
