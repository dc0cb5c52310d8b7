package ssm_test

import (
	"cmp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/provider"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// The answer is lost after or before the service acts on the signal.
const after, before = sandbox.KindDropAfter, sandbox.KindDropBefore

// asked makes the provider read the identity of its credentials.
var asked = acctest.Values{"forbidden_account_ids": []any{"000000000000"}}

func TestLostAnswerIsReadBack(t *testing.T) {
	gate := func(change ...func(*sandbox.Automation)) sandbox.Automation {
		a := sandbox.Automation{Steps: []sandbox.Step{{Name: "gate", Action: "aws:approve"}, {Name: "deploy", Action: "aws:executeScript"}}}
		for _, change := range change {
			change(&a)
		}
		return a
	}
	approvals := func(n int) func(*sandbox.Automation) {
		return func(a *sandbox.Automation) { a.Steps[0].MinRequiredApprovals = n }
	}
	shows := func(shape sandbox.DecisionShape) func(*sandbox.Automation) {
		return func(a *sandbox.Automation) { a.Decisions = shape }
	}
	noInputs := func(a *sandbox.Automation) { a.HideInputs = true }
	anotherGate := func(a *sandbox.Automation) {
		a.Steps = append(a.Steps, sandbox.Step{Name: "second", Action: "aws:approve"})
	}
	pause := sandbox.Automation{Steps: []sandbox.Step{{Name: "pause", Action: "aws:pause"}}}
	interactive := sandbox.Automation{Mode: "Interactive", Steps: []sandbox.Step{{Name: "pause", Action: "aws:pause"}}}
	running := sandbox.Automation{Steps: []sandbox.Step{{Name: "hold", Action: "aws:executeScript", Hold: true}}}
	named := acctest.Values{"StepName": []any{"pause"}}
	sign := acctest.Values{"Comment": []any{"release 7"}}

	for name, test := range map[string]struct {
		automation sandbox.Automation
		signal     string
		payload    acctest.Values
		// earlier is how long before this one somebody else sent a signal.
		earlier        string
		earlierPayload acctest.Values
		ago            time.Duration
		// meanwhile is a signal of somebody else, sent right after.
		meanwhile string
		// known says that the provider knows the identity of its credentials.
		known   bool
		options sandbox.Options
		fault   sandbox.Kind
		// delivery is the result, and sends the number of requests with this signal.
		delivery string
		sends    int
		says     []string
	}{
		"approved":                             {automation: gate(), signal: "Approve", fault: after, delivery: "UNKNOWN", sends: 1, says: []string{"at about the same time"}},
		"not approved":                         {automation: gate(), signal: "Approve", fault: before, delivery: "SENT", sends: 2},
		"approved by the caller":               {automation: gate(), known: true, signal: "Approve", fault: after, delivery: "CONFIRMED", sends: 1},
		"approved by it, no decisions":         {automation: gate(shows(sandbox.DecisionsNone)), known: true, signal: "Approve", fault: after, delivery: "UNKNOWN", sends: 1},
		"approved by it, one of two gates":     {automation: gate(anotherGate), known: true, signal: "Approve", fault: after, delivery: "UNKNOWN", sends: 1},
		"rejected, unsigned":                   {automation: gate(), signal: "Reject", fault: after, delivery: "UNKNOWN", sends: 1},
		"rejected by the caller":               {automation: gate(), known: true, signal: "Reject", fault: after, delivery: "CONFIRMED", sends: 1},
		"rejected, no decisions":               {automation: gate(shows(sandbox.DecisionsNone)), signal: "Reject", payload: sign, fault: after, delivery: "UNKNOWN", sends: 1},
		"approved, with a comment":             {automation: gate(), signal: "Approve", payload: sign, fault: after, delivery: "CONFIRMED", sends: 1},
		"approved, decisions as a list":        {automation: gate(shows(sandbox.DecisionsList)), signal: "Approve", payload: sign, fault: after, delivery: "CONFIRMED", sends: 1},
		"approved, no decisions":               {automation: gate(shows(sandbox.DecisionsNone)), signal: "Approve", fault: after, delivery: "UNKNOWN", sends: 1},
		"not approved, no decisions":           {automation: gate(shows(sandbox.DecisionsNone)), signal: "Approve", fault: before, delivery: "SENT", sends: 2},
		"not approved, one said to be enough":  {automation: gate(shows(sandbox.DecisionsNone), approvals(1)), signal: "Approve", fault: before, delivery: "SENT", sends: 2},
		"not approved, nothing shown at all":   {automation: gate(shows(sandbox.DecisionsNone), noInputs), signal: "Approve", fault: before, delivery: "UNKNOWN", sends: 1, says: []string{"What SSM shows does not tell: it shows something that may be this signal"}},
		"one of two approvals":                 {automation: gate(approvals(2)), signal: "Approve", payload: sign, fault: after, delivery: "CONFIRMED", sends: 1},
		"one of two approvals, as a list":      {automation: gate(approvals(2), shows(sandbox.DecisionsList)), signal: "Approve", payload: sign, fault: after, delivery: "CONFIRMED", sends: 1},
		"one of two approvals, unsigned":       {automation: gate(approvals(2)), signal: "Approve", options: sandbox.Options{WholeSeconds: true}, fault: after, delivery: "UNKNOWN", sends: 1, says: []string{"at about the same time"}},
		"another's approval just before":       {automation: gate(approvals(2)), earlier: "Approve", earlierPayload: acctest.Values{"Comment": []any{"by A"}}, signal: "Approve", options: sandbox.Options{WholeSeconds: true}, fault: before, delivery: "UNKNOWN", sends: 1, says: []string{"at about the same time"}},
		"one of two approvals, not shown":      {automation: gate(approvals(2), shows(sandbox.DecisionsNone)), signal: "Approve", fault: after, delivery: "UNKNOWN", sends: 1},
		"none of two approvals":                {automation: gate(approvals(2)), signal: "Approve", fault: before, delivery: "SENT", sends: 2},
		"none of two approvals, as a list":     {automation: gate(approvals(2), shows(sandbox.DecisionsList)), signal: "Approve", fault: before, delivery: "SENT", sends: 2},
		"none of two approvals, not shown":     {automation: gate(approvals(2), shows(sandbox.DecisionsNone)), signal: "Approve", fault: before, delivery: "UNKNOWN", sends: 1},
		"an approval of long ago":              {automation: gate(approvals(3)), earlier: "Approve", ago: time.Minute, signal: "Approve", fault: before, delivery: "SENT", sends: 2},
		"another's approval, told by comment":  {automation: gate(approvals(3)), meanwhile: "Approve", signal: "Approve", payload: sign, fault: before, delivery: "SENT", sends: 2},
		"another's rejection":                  {automation: gate(), meanwhile: "Reject", signal: "Approve", fault: before, delivery: "UNKNOWN", sends: 1, says: []string{"no step that waited for this signal"}},
		"rejected":                             {automation: gate(), signal: "Reject", payload: sign, fault: after, delivery: "CONFIRMED", sends: 1},
		"not rejected":                         {automation: gate(), signal: "Reject", fault: before, delivery: "SENT", sends: 2},
		"second gate, first one of long ago":   {automation: gate(anotherGate), earlier: "Approve", ago: time.Minute, signal: "Approve", fault: before, delivery: "SENT", sends: 2},
		"second gate, no decisions":            {automation: gate(anotherGate, shows(sandbox.DecisionsNone)), earlier: "Approve", ago: time.Minute, signal: "Approve", fault: before, delivery: "SENT", sends: 2},
		"second gate, passed":                  {automation: gate(anotherGate), earlier: "Approve", ago: time.Minute, signal: "Approve", payload: sign, fault: after, delivery: "CONFIRMED", sends: 1},
		"second gate, first one just now":      {automation: gate(anotherGate), earlier: "Approve", signal: "Approve", fault: before, delivery: "UNKNOWN", sends: 1, says: []string{"does not tell"}},
		"first gate, signed":                   {automation: gate(anotherGate), signal: "Approve", payload: sign, fault: after, delivery: "CONFIRMED", sends: 1},
		"second gate, first one signed by all": {automation: gate(anotherGate), earlier: "Approve", earlierPayload: acctest.Values{"Comment": []any{"release 6"}}, ago: time.Minute, signal: "Approve", payload: sign, fault: before, delivery: "SENT", sends: 2},
		"second gate, opened just now":         {automation: gate(anotherGate), earlier: "Approve", earlierPayload: acctest.Values{"Comment": []any{"release 6"}}, signal: "Approve", payload: sign, fault: before, delivery: "UNKNOWN", sends: 1, says: []string{"no step that waited"}},
		"second gate, opened meanwhile":        {automation: gate(anotherGate), meanwhile: "Approve", signal: "Approve", payload: sign, fault: before, delivery: "UNKNOWN", sends: 1, says: []string{"no step that waited"}},
		"resumed":                              {automation: pause, signal: "Resume", payload: named, fault: after, delivery: "CONFIRMED", sends: 1},
		"not resumed":                          {automation: pause, signal: "Resume", payload: named, fault: before, delivery: "SENT", sends: 2},
		"started":                              {automation: interactive, signal: "StartStep", payload: named, fault: after, delivery: "CONFIRMED", sends: 1},
		"not started":                          {automation: interactive, signal: "StartStep", payload: named, fault: before, delivery: "SENT", sends: 2},
		"stopped":                              {automation: running, signal: "StopStep", fault: after, delivery: "CONFIRMED", sends: 1},
		"not stopped":                          {automation: running, signal: "StopStep", fault: before, delivery: "SENT", sends: 2},
		"revoked":                              {automation: gate(), signal: "Revoke", fault: after, delivery: "UNKNOWN", sends: 1},
		"in whole seconds":                     {automation: gate(), signal: "Approve", payload: sign, options: sandbox.Options{WholeSeconds: true}, fault: after, delivery: "CONFIRMED", sends: 1},
		"in whole seconds, not approved":       {automation: gate(), signal: "Approve", options: sandbox.Options{WholeSeconds: true}, fault: before, delivery: "SENT", sends: 2},
		"without the time":                     {automation: gate(), signal: "Approve", options: sandbox.Options{NoDate: true}, fault: after, delivery: "UNKNOWN", sends: 1, says: []string{"does not tell what time it is"}},
		"truncated":                            {automation: gate(), signal: "Approve", payload: sign, fault: sandbox.KindTruncate, delivery: "CONFIRMED", sends: 1},
		"500 before acting":                    {automation: gate(), signal: "Approve", fault: sandbox.KindErrorBefore, delivery: "SENT", sends: 2},
		"500 after acting":                     {automation: gate(), signal: "Approve", payload: sign, fault: sandbox.KindErrorAfter, delivery: "CONFIRMED", sends: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The service's clock differs from this machine's.
			for _, skew := range []time.Duration{-2 * time.Minute, 0, 2 * time.Minute} {
				var offset atomic.Int64
				offset.Store(int64(skew))
				test.options.Now = func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }
				s := acctest.Sandbox(t, test.options)
				block := acctest.AWS(s.URL())
				if test.known {
					block = block.With(asked)
				}
				p := acctest.StartProvider(t, acctest.Values{"aws": block})
				test.automation.ID, test.automation.AcceptRepeats = "", true
				id := s.StartAutomation(test.automation)
				stranger := acctest.StartProvider(t, acctest.Block(s.URL()))
				send := func(p *acctest.Provider, signal string, payload acctest.Values) (*acctest.Resource, acctest.Diagnostics) {
					if signal == "StopStep" {
						state, _ := s.Automation(id)
						payload = acctest.Values{"StepExecutionId": []any{state.StepExecutions[0].StepExecutionID}}
					}
					config := acctest.Values{"automation_execution_id": id, "signal_type": signal}
					if payload != nil {
						config["payload"] = payload
					}
					r := p.Resource("signal_automation")
					return r, r.Apply(config)
				}
				others := 0
				other := func(signal string, payload acctest.Values) {
					others++
					if _, diags := send(stranger, signal, payload); len(diags) > 0 {
						t.Fatal(diags)
					}
				}
				if test.earlier != "" {
					other(test.earlier, test.earlierPayload)
					offset.Add(int64(test.ago))
				}
				fault := sandbox.Fault{Operation: "SendAutomationSignal", Kind: test.fault, Times: 1}
				if test.meanwhile != "" {
					fault.Met = func() { other(test.meanwhile, acctest.Values{"Comment": []any{"by somebody else"}}) }
				}
				s.Inject(fault)
				r, diags := send(p, test.signal, test.payload)
				if got := r.String("delivery"); got != test.delivery || diags.HasError() != (got == "UNKNOWN") {
					t.Errorf("skew %s: delivery is %q, want %q: %s", skew, got, test.delivery, diags)
				}
				if sends := s.Count("SendAutomationSignal") - others; sends != test.sends {
					t.Errorf("skew %s: sent %d times, want %d: %v", skew, sends, test.sends, s.RequestLog())
				}
				if reads := s.Count("GetAutomationExecution"); (reads == 0) != (test.signal == "Revoke") {
					t.Errorf("skew %s: read %d times", skew, reads)
				}
				says(t, diags, test.says...)
			}
		})
	}
}

func says(t *testing.T, diags acctest.Diagnostics, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(diags.String(), part) {
			t.Errorf("%q is not in what was said:\n%s", part, diags)
		}
	}
}

// A signal counts as not sent only after lagging reads had time to show it. On a machine that
// makes its first read after the lag, one read shows it.
func TestLaggingReadsAreWaitedFor(t *testing.T) {
	s := acctest.Sandbox(t, sandbox.Options{ReadLag: 150 * time.Millisecond})
	id := s.StartAutomation(sandbox.Automation{Steps: []sandbox.Step{{Name: "gate", Action: "aws:approve"}}})
	policy := acctest.Quick()
	policy.Settle = 10 * time.Second
	s.Inject(sandbox.Fault{Operation: "SendAutomationSignal", Kind: after, Times: 1})
	_ = delivery.Sleep(t.Context(), 200*time.Millisecond)
	r := acctest.StartProvider(t, acctest.Block(s.URL()), provider.WithPolicy(policy)).Resource("signal_automation")
	if diags := r.Apply(acctest.Values{"automation_execution_id": id, "signal_type": "Approve", "payload": acctest.Values{"Comment": []any{"release 7"}}}); len(diags) > 0 || r.String("delivery") != "CONFIRMED" {
		t.Errorf("delivery is %q: %s", r.String("delivery"), diags)
	}
	if s.Count("SendAutomationSignal") != 1 || s.Count("GetAutomationExecution") == 0 {
		t.Errorf("the request log is %v", s.RequestLog())
	}
}

// A decision with unusual members is not ignored: a signal that arrived is not sent again,
// and one that did not is not confirmed.
func TestOddDecisions(t *testing.T) {
	for name, test := range map[string]struct {
		members map[string]any
		// arrived is the result if the signal arrived, and absent the result if it did not.
		arrived string
	}{
		"one more number":           {map[string]any{"sequence": 1, "attempt": 2e12}, "CONFIRMED"},
		"the comment's other name":  {map[string]any{"comment": nil, "approverComment": "release 7"}, "CONFIRMED"},
		"the word's other name":     {map[string]any{"decision": nil, "approvalStatus": "APPROVED"}, "CONFIRMED"},
		"a time of 2009, twice":     {map[string]any{"time": "2009-02-13T23:31:30Z", "decidedAt": "2009-02-13T23:31:30Z"}, "UNKNOWN"},
		"no time":                   {map[string]any{"time": nil}, "UNKNOWN"},
		"no time but a number":      {map[string]any{"time": nil, "sequence": 1}, "UNKNOWN"},
		"a time of long ago":        {map[string]any{"time": 5}, "UNKNOWN"},
		"a time before the step":    {map[string]any{"time": time.Now().Add(-24 * time.Hour).UnixMilli()}, "UNKNOWN"},
		"a time to come":            {map[string]any{"time": "2100-01-01T00:00:00Z"}, "UNKNOWN"},
		"a time in words":           {map[string]any{"time": "yesterday"}, "UNKNOWN"},
		"two times":                 {map[string]any{"requestTime": time.Now().Unix()}, "UNKNOWN"},
		"no word":                   {map[string]any{"decision": nil}, "UNKNOWN"},
		"another word":              {map[string]any{"decision": "Maybe"}, "UNKNOWN"},
		"two words":                 {map[string]any{"status": "Rejected"}, "UNKNOWN"},
		"no comment":                {map[string]any{"comment": nil}, "UNKNOWN"},
		"two comments":              {map[string]any{"approverComment": "release 6"}, "UNKNOWN"},
		"a comment that is no text": {map[string]any{"comment": []any{"release 7"}}, "UNKNOWN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 3 {
				for kind, want := range map[sandbox.Kind]string{after: test.arrived, before: "SENT"} {
					s := acctest.Sandbox(t, sandbox.Options{})
					id := s.StartAutomation(sandbox.Automation{
						Steps:           []sandbox.Step{{Name: "gate", Action: "aws:approve", MinRequiredApprovals: 3}},
						DecisionMembers: test.members, AcceptRepeats: true,
					})
					s.Inject(sandbox.Fault{Operation: "SendAutomationSignal", Kind: kind, Times: 1})
					r := acctest.StartProvider(t, acctest.Block(s.URL())).Resource("signal_automation")
					diags := r.Apply(acctest.Values{"automation_execution_id": id, "signal_type": "Approve", "payload": acctest.Values{"Comment": []any{"release 7"}}})
					if r.String("delivery") != want || diags.HasError() != (want == "UNKNOWN") || s.Accepted("SendAutomationSignal") != 1 {
						t.Fatalf("with %s, delivery is %q, want %q, after %v: %s", kind, r.String("delivery"), want, s.RequestLog(), diags)
					}
				}
			}
		})
	}
}

// An approval of the same gate by somebody else does not confirm this one.
func TestSomebodyElsesApproval(t *testing.T) {
	const (
		user    = "arn:aws:iam::123456789012:user/sandbox"
		session = "arn:aws:sts::123456789012:assumed-role/deploy/one"
	)
	sign := acctest.Values{"Comment": []any{"release 7"}}
	for name, test := range map[string]struct {
		needed       int
		ours, theirs acctest.Values
		// caller is the identity of the provider's credentials, as far as it is known, and
		// approver that of the other approval.
		caller, approver string
		delivery         string
		taken            int
	}{
		"without a comment, one is enough":   {needed: 1, delivery: "UNKNOWN", taken: 1},
		"without a comment":                  {needed: 2, delivery: "UNKNOWN", taken: 1},
		"without our comment":                {needed: 2, ours: sign, delivery: "UNKNOWN", taken: 1},
		"without our comment, one is enough": {needed: 1, ours: sign, delivery: "UNKNOWN", taken: 1},
		"with a comment, and ours has none":  {needed: 1, theirs: sign, delivery: "UNKNOWN", taken: 1},
		"with another comment":               {needed: 2, ours: sign, theirs: acctest.Values{"Comment": []any{"by A"}}, delivery: "SENT", taken: 2},
		"known by the approver":              {needed: 2, caller: user, delivery: "SENT", taken: 2},
		"known by the approver, and signed":  {needed: 2, ours: sign, theirs: sign, caller: user, delivery: "SENT", taken: 2},
		"known, and one is enough":           {needed: 1, caller: user, delivery: "UNKNOWN", taken: 1},

		"by a role, not a user":           {needed: 2, caller: user, approver: session, delivery: "SENT", taken: 2},
		"by a user, not a role":           {needed: 2, caller: session, approver: user, delivery: "SENT", taken: 2},
		"by the role itself":              {needed: 2, caller: session, approver: "arn:aws:iam::123456789012:role/ci/deploy", delivery: "UNKNOWN", taken: 1},
		"by another session of the role":  {needed: 1, caller: session, approver: "arn:aws:sts::123456789012:assumed-role/deploy/two", delivery: "UNKNOWN", taken: 1},
		"by another role's session":       {needed: 2, caller: session, approver: "arn:aws:sts::123456789012:assumed-role/other/one", delivery: "SENT", taken: 2},
		"by another role":                 {needed: 2, caller: session, approver: "arn:aws:iam::123456789012:role/deploy/other", delivery: "SENT", taken: 2},
		"by a user of the same last name": {needed: 2, caller: user, approver: "arn:aws:iam::123456789012:user/team/sandbox", delivery: "SENT", taken: 2},
		"by the root of the account":      {needed: 2, caller: user, approver: "arn:aws:iam::123456789012:root", delivery: "SENT", taken: 2},
		"by the role in another account":  {needed: 2, caller: session, approver: "arn:aws:sts::210987654321:assumed-role/deploy/one", delivery: "SENT", taken: 2},
		"by something else":               {needed: 2, caller: user, approver: "arn:aws:sts::123456789012:federated-user/sandbox", delivery: "UNKNOWN", taken: 1},
		"by the name of a user":           {needed: 2, caller: user, approver: "person", delivery: "UNKNOWN", taken: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.Sandbox(t, sandbox.Options{Credentials: map[string]sandbox.Secret{
				"sandbox-access-key": {SecretKey: "sandbox-secret-key", ARN: cmp.Or(test.caller, user)},
				"person":             {SecretKey: "sandbox-secret-key", ARN: cmp.Or(test.approver, "arn:aws:iam::123456789012:user/person")},
			}})
			id := s.StartAutomation(sandbox.Automation{Steps: []sandbox.Step{{Name: "gate", Action: "aws:approve", MinRequiredApprovals: test.needed}}})
			config := func(payload acctest.Values) acctest.Values {
				config := acctest.Values{"automation_execution_id": id, "signal_type": "Approve"}
				if payload != nil {
					config["payload"] = payload
				}
				return config
			}
			block := acctest.AWS(s.URL())
			person := acctest.StartProvider(t, acctest.Values{"aws": block.With(acctest.Values{"access_key": "person"})})
			if test.caller != "" {
				block = block.With(asked)
			}
			p := acctest.StartProvider(t, acctest.Values{"aws": block})
			s.Inject(sandbox.Fault{Operation: "SendAutomationSignal", Kind: before, Times: 1, Met: func() {
				if diags := person.Resource("signal_automation").Apply(config(test.theirs)); len(diags) > 0 {
					t.Error(diags)
				}
			}})
			r := p.Resource("signal_automation")
			if diags := r.Apply(config(test.ours)); r.String("delivery") != test.delivery || diags.HasError() != (test.delivery == "UNKNOWN") {
				t.Errorf("delivery is %q, want %q: %s", r.String("delivery"), test.delivery, diags)
			}
			if taken := s.Accepted("SendAutomationSignal"); taken != test.taken {
				t.Errorf("%d approvals were taken, want %d: %v", taken, test.taken, s.RequestLog())
			}
		})
	}
}
