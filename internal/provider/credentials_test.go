package provider_test

import (
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// assuming are provider blocks with a role, for a sandbox, by cloud.
var assuming = map[string]func(url string) acctest.Values{
	"aws": func(url string) acctest.Values {
		return acctest.AWS(url).With(acctest.Values{"assume_role": []any{acctest.Values{"role_arn": role(homeAccount, "deploy")}}})
	},
	"alicloud": func(url string) acctest.Values {
		return acctest.Alicloud(url).With(acctest.Values{"assume_role": acctest.Values{"role_arn": ramRole}})
	},
}

const ramRole = "acs:ram::1234567890123456:role/deploy"

// eachRole runs a test for every system whose requests are signed with the credentials of a
// role, and whose targets can be waited for.
func eachRole(t *testing.T, test func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider)) {
	t.Helper()
	eachRoleInTime(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider, c *clock) {
		s.Hook(y.Gate.Read, c.tick, nil)
		test(t, y, s, p)
	})
}

// eachRoleInTime is eachRole with the sandbox's clock, which stands still.
func eachRoleInTime(t *testing.T, test func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider, c *clock)) {
	t.Helper()
	for _, y := range systems.All {
		block := assuming[y.Block]
		if y.Gate == nil || block == nil {
			continue
		}
		t.Run(y.Name(), func(t *testing.T) {
			t.Parallel()
			c := &clock{}
			s := acctest.Sandbox(t, sandbox.Options{Now: c.now})
			test(t, y, s, acctest.StartProvider(t, acctest.Values{y.Block: block(s.URL())}), c)
		})
	}
}

// blips are the temporary failures of a renewal. STS grants the first session.
var blips = []sandbox.Fault{
	{Operation: "AssumeRole", Kind: sandbox.KindErrorBefore, Skip: 1, Times: 3},
	{Operation: "AssumeRole", Kind: sandbox.KindThrottle, Skip: 1, Times: 3},
	{Operation: "AssumeRole", Kind: sandbox.KindDropBefore, Skip: 1, Times: 3},
	{Operation: "AssumeRole", Kind: sandbox.KindHTML, Skip: 1, Times: 3},
}

// The session ends while the provider waits for the run of an accepted signal. The provider
// renews the session, even after a temporary failure. Nothing is tainted or sent again.
func TestWaitOutlivesCredentials(t *testing.T) {
	eachRole(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		for _, blip := range blips {
			s.ResetRequestLog()
			s.Inject(blip)
			s.Inject(sandbox.Fault{Operation: y.Gate.Read, Kind: sandbox.KindExpired, Times: 1})
			r := acctest.StartProvider(t, acctest.Values{y.Block: assuming[y.Block](s.URL())}).Resource(y.Type)
			apply(t, r, y.Gate.Running(s, well).With(waiting))
			endedWell(t, y, r)
			if r.Tainted || r.String("delivery") != "SENT" || s.Count("AssumeRole") < 3 {
				t.Errorf("%s: tainted %t, %d sessions, and the state is %s", blip.Kind, r.Tainted, s.Count("AssumeRole"), r.State)
			}
			sentOnce(t, y, s)
		}
	})
}

// The keys last only for a few reads, and the STS has all temporary failures in between.
func TestWaitOutlivesManySessions(t *testing.T) {
	eachRoleInTime(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider, c *clock) {
		const sessions = 8
		for i := range sessions {
			s.Inject(sandbox.Fault{Operation: y.Gate.Read, Kind: sandbox.KindExpired, Skip: 2 * i, Times: 1})
			blip := blips[i%len(blips)]
			blip.Skip, blip.Times = i+1, 1
			s.Inject(blip)
		}
		// The run ends after all of these failures.
		s.Hook(y.Gate.Read, func() {
			if s.Accepted("AssumeRole") > sessions {
				c.tick()
			}
		}, nil)
		r := p.Resource(y.Type)
		apply(t, r, y.Gate.Running(s, well).With(waiting))
		endedWell(t, y, r)
		if r.Tainted || r.String("delivery") != "SENT" || s.Accepted("AssumeRole") <= sessions || s.Count("AssumeRole") <= s.Accepted("AssumeRole") {
			t.Errorf("tainted %t, %d sessions of %d requests, and the state is %s", r.Tainted, s.Accepted("AssumeRole"), s.Count("AssumeRole"), r.State)
		}
		sentOnce(t, y, s)
	})
}

// The provider looks for a signal whose answer was lost, although the session ends at that
// moment.
func TestReadBackOutlivesCredentials(t *testing.T) {
	eachRole(t, func(t *testing.T, y system, s *sandbox.Sandbox, _ *acctest.Provider) {
		if y.ShownBy == "" {
			return
		}
		s.Hook(y.Gate.Read, nil, nil)
		for _, blip := range blips {
			s.ResetRequestLog()
			s.Inject(blip)
			s.Inject(sandbox.Fault{Operation: y.Operation, Kind: sandbox.KindDropAfter, Times: 1})
			s.Inject(sandbox.Fault{Operation: y.ShownBy, Kind: sandbox.KindExpired, Times: 1})
			r := acctest.StartProvider(t, acctest.Values{y.Block: assuming[y.Block](s.URL())}).Resource(y.Type)
			apply(t, r, y.Ready(s))
			if r.Tainted || r.String("delivery") != "CONFIRMED" {
				t.Errorf("%s: tainted %t, and the state is %s", blip.Kind, r.Tainted, r.State)
			}
			sentOnce(t, y, s)
		}
	})
}

// A refresh and a signal also survive the end of the session.
func TestRefreshAndSendOutliveCredentials(t *testing.T) {
	eachRole(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		s.Hook(y.Gate.Read, nil, nil)
		s.Inject(sandbox.Fault{Operation: y.Operation, Kind: sandbox.KindExpired, Times: 1})
		s.Inject(blips[0])
		r := p.Resource(y.Type)
		config := y.Gate.Running(s, never).With(waiting).With(acctest.Briefly).With(acctest.Values{"on_wait_failure": "record"})
		says(t, r.Apply(config), false, "Target Still Running")
		if s.Accepted(y.Operation) != 1 || s.Count(y.Operation) != 2 || r.Tainted {
			t.Errorf("tainted %t, and the request log is %v", r.Tainted, s.RequestLog())
		}
		s.Inject(sandbox.Fault{Operation: y.Gate.Read, Kind: sandbox.KindExpired, Times: 1})
		if diags := r.Refresh(); len(diags) > 0 {
			t.Error(diags)
		}
		if s.Accepted(y.Operation) != 1 {
			t.Errorf("a refresh sent: %v", s.RequestLog())
		}
	})
}

// A failure of STS that lasts until the timeout does not end the run. It can be recorded,
// and no message advises an apply that would send the signal again.
func TestCredentialsThatEndForGood(t *testing.T) {
	eachRole(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		s.Inject(sandbox.Fault{Operation: "AssumeRole", Kind: sandbox.KindErrorBefore, Skip: 1})
		s.Inject(sandbox.Fault{Operation: y.Gate.Read, Kind: sandbox.KindExpired})
		r := p.Resource(y.Type)
		config := y.Gate.Running(s, well).With(waiting).With(acctest.Briefly)
		diags := r.Apply(config.With(acctest.Values{"on_wait_failure": "record"}))
		says(t, diags, false, "Target Not Seen", "AssumeRole")
		if r.Tainted || strings.Contains(diags.String(), "apply again") {
			t.Errorf("tainted %t: %s", r.Tainted, diags)
		}
		sentOnce(t, y, s)
	})
}

// A denied role cannot succeed later. The error comes at once, and its advice sends
// nothing. A provider whose wait has ended may still ask for the role, so this test has its
// own sandbox.
func TestRoleThatIsDeniedEndsTheWait(t *testing.T) {
	eachRole(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		s.Inject(sandbox.Fault{Operation: "AssumeRole", Kind: sandbox.KindRefuse, Skip: 1})
		s.Inject(sandbox.Fault{Operation: y.Gate.Read, Kind: sandbox.KindExpired, Times: 1})
		r := p.Resource(y.Type)
		config := y.Gate.Running(s, well).With(waiting)
		diags := r.Apply(config)
		says(t, diags, true, "Target Cannot Be Read", "AssumeRole", "terraform untaint", "goes on waiting")
		if strings.Contains(diags.String(), "apply again") {
			t.Errorf("said: %s", diags)
		}
		s.ClearFaults()
		r.Tainted = false // terraform untaint
		apply(t, r, config)
		endedWell(t, y, r)
		sentOnce(t, y, s)
	})
}

// If a sign-in page of the network answers in the place of STS, the apply ends soon. The
// error does not say that no connection was made.
func TestPageInThePlaceOfSTSEnds(t *testing.T) {
	s := acctest.Sandbox(t, sandbox.Options{})
	y := systems.All[0]
	s.Inject(sandbox.Fault{Operation: "GetCallerIdentity", Kind: sandbox.KindHTMLOK})
	block := acctest.Values{"aws": acctest.AWS(s.URL()).With(acctest.Values{"allowed_account_ids": []any{homeAccount}})}
	diags := acctest.StartProvider(t, block).Resource(y.Type).Apply(y.Ready(s))
	says(t, diags, true, "Signal Not Sent", "GetCallerIdentity", "in the place of the source of the credentials")
	if strings.Contains(diags.String(), "No connection") || strings.Contains(diags.String(), "create timeout") || s.Count(y.Operation) > 0 {
		t.Errorf("it said %s, and made %v", diags, s.RequestLog())
	}
}

// A plan and an apply end although STS never answers.
func TestSilentSTSEnds(t *testing.T) {
	s := acctest.Sandbox(t, sandbox.Options{})
	y := systems.All[0]
	block := acctest.Values{"aws": acctest.AWS(s.URL()).With(acctest.Values{"allowed_account_ids": []any{homeAccount}})}
	r := acctest.StartProvider(t, block).Resource(y.Type)
	config := y.Gate.Running(s, never).With(waiting).With(acctest.Briefly).With(acctest.Values{"on_wait_failure": "record"})
	says(t, r.Apply(config), false, "Target Still Running")
	p := acctest.StartProvider(t, block)
	s.Inject(p.StallAttempt("GetCallerIdentity", sandbox.KindStall))
	says(t, r.On(p).Refresh(), false, "Target Not Read", "GetCallerIdentity")
	other := p.Resource(y.Type)
	says(t, other.Apply(y.Ready(s).With(acctest.Briefly)), true, "Signal Not Sent", "GetCallerIdentity")
	sentOnce(t, y, s)
}
