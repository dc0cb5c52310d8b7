package signal

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Each row is one change of a resource that exists, and what its plan does.
func TestPlanDecisions(t *testing.T) {
	const no, yes = false, true
	for name, row := range map[string]struct {
		transition
		want decision
		// unsent says that the state has nothing of a signal afterwards.
		unsent  bool
		summary string
	}{
		"sent, the same":                                      {transition{whenApply, whenApply, yes, no}, keep, no, ""},
		"sent, another":                                       {transition{whenApply, whenApply, yes, yes}, replace, no, ""},
		"cancelled before, the same":                          {transition{whenApply, whenApply, no, no}, keep, no, ""},
		"cancelled before, another":                           {transition{whenApply, whenApply, no, yes}, replace, no, ""},
		"sent, the same at destroy":                           {transition{whenApply, whenDestroy, yes, no}, sendAtDestroyAgain, yes, "Signal Will Be Sent Again"},
		"sent, another at destroy":                            {transition{whenApply, whenDestroy, yes, yes}, sendAtDestroyAgain, yes, "Signal Will Be Sent Again"},
		"cancelled before, the same at destroy":               {transition{whenApply, whenDestroy, no, no}, sendAtDestroy, yes, ""},
		"cancelled before, another at destroy":                {transition{whenApply, whenDestroy, no, yes}, sendAtDestroy, yes, ""},
		"yet to be sent, the same":                            {transition{whenDestroy, whenDestroy, no, no}, awaitDestroy, no, ""},
		"yet to be sent, another":                             {transition{whenDestroy, whenDestroy, no, yes}, awaitDestroy, no, ""},
		"sent by a destroy that failed, the same":             {transition{whenDestroy, whenDestroy, yes, no}, keep, no, ""},
		"sent by a destroy that failed, another":              {transition{whenDestroy, whenDestroy, yes, yes}, sendAnotherAtDestroy, yes, "Another Signal Is Sent at Destroy"},
		"yet to be sent, and no more":                         {transition{whenDestroy, whenApply, no, no}, cancelAtDestroy, yes, changesWhen},
		"yet to be sent, and no more, another":                {transition{whenDestroy, whenApply, no, yes}, cancelAtDestroy, yes, changesWhen},
		"sent by a destroy that failed, at apply":             {transition{whenDestroy, whenApply, yes, no}, keep, no, ""},
		"sent by a destroy that failed, another one at apply": {transition{whenDestroy, whenApply, yes, yes}, forgetSent, yes, changesWhen},
	} {
		t.Run(name, func(t *testing.T) {
			got := row.decide()
			if summary, detail := got.warning(); got != row.want || got.leavesNoneSent() != row.unsent || summary != row.summary || (detail == "") != (summary == "") {
				t.Errorf("%+v is decided as %d (unsent: %t, warning %q), want %d", row.transition, got, got.leavesNoneSent(), summary, row.want)
			}
			// With -replace, Terraform shows the warning of this plan, and destroys and
			// creates the resource. Then this is sent: a warning that something is not sent
			// must say so.
			sends := row.was == whenDestroy || row.is == whenApply
			if summary, detail := got.warning(); sends && strings.Contains(summary+detail, " not sent") && !strings.Contains(detail, "-replace") {
				t.Errorf("%+v: a replacement sends a signal, and the plan says %q: %s", row.transition, summary, detail)
			}
		})
	}
}

// A resource that a refresh has seen, and for which no plan with a state has followed, may
// be tainted.
func TestRefreshedSignalsAtDestroy(t *testing.T) {
	text := func(s string) tftypes.Value {
		if s == "" {
			return tftypes.NewValue(tftypes.String, nil)
		}
		return tftypes.NewValue(tftypes.String, s)
	}
	kind := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"comment": tftypes.String, "name": tftypes.String, "other": tftypes.String}}
	config := func(name string) tftypes.Value {
		return tftypes.NewValue(kind, map[string]tftypes.Value{"name": text(name), "other": text("the same"), "comment": text("")})
	}
	for name, row := range map[string]struct {
		when, delivery string
		planned        bool
		want           bool
	}{
		"yet to be sent":                    {whenDestroy, "", false, true},
		"yet to be sent, planned":           {whenDestroy, "", true, false},
		"sent by a destroy that failed":     {whenDestroy, DeliverySent, false, false},
		"shown after a destroy that failed": {whenDestroy, DeliveryConfirmed, false, false},
		"of unknown outcome":                {whenDestroy, DeliveryUnknown, false, true},
		"sent":                              {whenApply, DeliverySent, false, false},
		"sent by default":                   {"", DeliverySent, false, false},
		"disarmed":                          {whenApply, "", false, false},
	} {
		seen, other, tainted := newDestroySignals(), config("another's"), config("its own")
		seen.validates("automation", other)
		seen.refreshed("automation", map[string]tftypes.Value{"id": text("a"), "when": text(row.when), "delivery": text(row.delivery)})
		seen.validates("automation", tainted)
		if seen.planned("b"); row.planned {
			seen.planned("a")
		}
		for _, planned := range []tftypes.Value{tainted, config("never validated")} {
			if got := len(seen.replaced("automation", planned)) > 0; got != row.want || len(seen.replaced("other", planned)) > 0 {
				t.Errorf("%s: %t, want %t", name, got, row.want)
			}
		}
		// Terraform validates the configuration of a tainted resource after its refresh.
		if got := seen.replaced("automation", other); len(got) > 0 {
			t.Errorf("%s: a creation that was validated before may replace %v", name, got)
		}
		if seen.validates("automation", other); len(seen.replaced("automation", other)) > 0 != row.want {
			t.Errorf("%s: two resources with one configuration are not told apart, and one of them was validated later", name)
		}
	}
}
