package provider_test

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// These are the ends of a run.
const (
	well, badly, never = systems.Well, systems.Badly, systems.Never
)

// clock is the sandbox's time. The reads of a target that a test makes move it on.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.offset.Load())) }

func (c *clock) tick() { c.offset.Add(int64(15 * time.Second)) }

// eachGate runs a test for every system whose targets can be waited for.
func eachGate(t *testing.T, test func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider)) {
	t.Helper()
	for _, y := range systems.All {
		if y.Gate == nil {
			continue
		}
		t.Run(y.Type, func(t *testing.T) {
			t.Parallel()
			c := &clock{}
			s := acctest.Sandbox(t, sandbox.Options{Now: c.now})
			s.Hook(y.Gate.Read, c.tick, nil)
			test(t, y, s, acctest.StartProvider(t, acctest.Block(s.URL())))
		})
	}
}

// sentOnce checks that the request log has one signal.
func sentOnce(t *testing.T, y system, s *sandbox.Sandbox) {
	t.Helper()
	if s.Count(y.Operation) != 1 || s.Accepted(y.Operation) != 1 {
		t.Errorf("the request log does not hold one signal: %v", s.RequestLog())
	}
}

func says(t *testing.T, diags acctest.Diagnostics, isError bool, parts ...string) {
	t.Helper()
	if diags.HasError() != isError {
		t.Errorf("an error: %t, want %t: %s", diags.HasError(), isError, diags)
	}
	for _, part := range parts {
		if !strings.Contains(diags.String(), part) {
			t.Errorf("%q is not in what was said:\n%s", part, diags)
		}
	}
}

func status(t *testing.T, r *acctest.Resource, word string, succeeded any) {
	t.Helper()
	if r.String("target_status") != word || r.Bool("target_succeeded") != succeeded {
		t.Errorf("target_status is %q and target_succeeded %v, want %q and %v", r.String("target_status"), r.Bool("target_succeeded"), word, succeeded)
	}
}

var waiting = acctest.Values{"wait_for_completion": true}

func TestGateOpensWhenTheRunSucceeds(t *testing.T) {
	eachGate(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.Gate.Running(s, well).With(waiting)
		r := p.Resource(y.Type)
		apply(t, r, config)
		endedWell(t, y, r)
		read := s.Count(y.Gate.Read)
		if read < 2 {
			t.Errorf("the run was read %d times, so nothing waited for its end", read)
		}
		apply(t, r, config)
		if diags := r.Refresh(); len(diags) > 0 {
			t.Error(diags)
		}
		if s.Count(y.Gate.Read) != read {
			t.Errorf("a final status was read again")
		}
		sentOnce(t, y, s)
	})
}

func TestGateHoldsWhenTheRunFails(t *testing.T) {
	eachGate(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.Gate.Running(s, badly).With(waiting)
		r := p.Resource(y.Type)
		diags := r.Apply(config)
		says(t, diags, true, "Target Did Not Succeed", y.Gate.Failed, y.Gate.Reason, "untaint")
		status(t, r, y.Gate.Failed, false)
		if !r.Tainted || r.String("delivery") != "SENT" {
			t.Errorf("tainted: %t, delivery %q", r.Tainted, r.String("delivery"))
		}
		r.Tainted = false // terraform untaint accepts what was reported
		apply(t, r, config)
		sentOnce(t, y, s)
	})
}

func TestFailureIsRecordedForAPostcondition(t *testing.T) {
	eachGate(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.Gate.Running(s, badly).With(waiting).With(acctest.Values{"on_wait_failure": "record"})
		r := p.Resource(y.Type)
		says(t, r.Apply(config), false, "Target Did Not Succeed", y.Gate.Failed, "record")
		status(t, r, y.Gate.Failed, false)
		if r.Tainted {
			t.Error("a recorded failure taints")
		}
		apply(t, r, config)
		status(t, r, y.Gate.Failed, false)
		sentOnce(t, y, s)
	})
}

// noneSince checks that there are no requests after this number.
func noneSince(t *testing.T, s *sandbox.Sandbox, made int) {
	t.Helper()
	if after := s.RequestLog()[made:]; len(after) > 0 {
		t.Errorf("these requests were made: %v", after)
	}
}

func TestTimeoutWhileWaiting(t *testing.T) {
	eachGate(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.Gate.Running(s, never).With(waiting).With(acctest.Briefly)
		s.Hook(y.Gate.Read, nil, nil) // The sandbox's time stands still.
		r := p.Resource(y.Type)
		says(t, r.Apply(config), true, "Target Still Running", "accepted", "create timeout of "+acctest.BriefTimeout, y.Gate.IsRunning, "untaint")
		status(t, r, y.Gate.IsRunning, false)
		if !r.Tainted {
			t.Error("not tainted")
		}
		r.Tainted = false
		plan, diags := r.Plan(config)
		if len(diags) > 0 || len(plan.Replace) > 0 || plan.Planned.Equal(r.State) {
			t.Errorf("the plan after untaint is no update in place: %v %s", plan.Replace, diags)
		}
		says(t, r.Apply(config), true, "Target Still Running", "update timeout", "nothing was sent")
		if r.Tainted {
			t.Error("an update tainted")
		}
		says(t, r.Apply(config.With(acctest.Values{"on_wait_failure": "record"})), false, "Target Still Running")
		sentOnce(t, y, s)
	})
}

// A failure that only a refresh sees, because the wait was cut short, also holds the gate.
func TestGateHoldsWhenARefreshSeesTheFailure(t *testing.T) {
	eachGate(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.Gate.Running(s, badly)
		r := p.Resource(y.Type)
		apply(t, r, config)
		config = config.With(waiting)
		// The wait is turned on, and has no time to read.
		says(t, r.Apply(config.With(acctest.Values{"timeouts": acctest.Values{"update": "1ns"}})), true, "Target Not Seen")
		for range 10 {
			if diags := r.Refresh(); len(diags) > 0 {
				t.Fatal(diags)
			}
		}
		status(t, r, y.Gate.Failed, false)
		for range 2 {
			says(t, r.Apply(config), true, "Target Did Not Succeed", y.Gate.Failed)
		}
		apply(t, r, config.With(acctest.Values{"wait_for_completion": false}))
		status(t, r, "", nil)
		sentOnce(t, y, s)
	})
}

func TestWaitTurnedOnLater(t *testing.T) {
	eachGate(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.Gate.Running(s, well)
		r := p.Resource(y.Type)
		apply(t, r, config)
		status(t, r, "", nil)
		if s.Count(y.Gate.Read) != 0 {
			t.Errorf("without waiting the target was read: %v", s.RequestLog())
		}
		apply(t, r, config.With(waiting))
		endedWell(t, y, r)
		apply(t, r, config.With(waiting))
		sentOnce(t, y, s)
	})
}

func TestRefreshFollowsTheRun(t *testing.T) {
	eachGate(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.Gate.Running(s, well).With(waiting).With(acctest.Values{"on_wait_failure": "record"})
		r := p.Resource(y.Type)
		apply(t, r, config.With(acctest.Values{"wait_for_completion": false}))
		says(t, r.Apply(config.With(acctest.Values{"timeouts": acctest.Values{"update": "1ns"}})), false, "Target Not Seen")
		s.ResetRequestLog()
		s.Inject(sandbox.Fault{Operation: y.Gate.Read, Kind: sandbox.KindRefuse, Times: 1})
		says(t, r.Refresh(), false, "Target Not Read", y.Gate.Permission, "kept")
		if r.State.IsNull() || r.String("delivery") != "SENT" {
			t.Errorf("a failed read dropped the signal: %s", r.State)
		}
		for range 10 {
			if diags := r.Refresh(); len(diags) > 0 {
				t.Fatal(diags)
			}
		}
		endedWell(t, y, r)
		for _, entry := range s.RequestLog() {
			if entry.Operation == y.Operation {
				t.Errorf("a refresh sent a signal")
			}
		}
		apply(t, r, config)
	})
}

func TestReadPermissionMissing(t *testing.T) {
	eachGate(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		s.Inject(sandbox.Fault{Operation: y.Gate.Read, Kind: sandbox.KindRefuse})
		r := p.Resource(y.Type)
		says(t, r.Apply(y.Gate.Running(s, well).With(waiting)), true, "Target Cannot Be Read", "accepted", y.Gate.Permission, "untaint")
		if r.String("delivery") != "SENT" || !r.Tainted {
			t.Errorf("delivery %q, tainted: %t", r.String("delivery"), r.Tainted)
		}
		sentOnce(t, y, s)
		unready := p.Resource(y.Type)
		says(t, unready.Apply(y.Gate.Unready(s).With(acctest.Values{"wait_until_ready": true})), true, "Signal Not Sent", y.Gate.Permission)
		if !unready.State.IsNull() {
			t.Errorf("recorded %s", unready.State)
		}
		sentOnce(t, y, s)
	})
}

// The provider repeats a read that fails temporarily.
func TestReadsSurviveFaults(t *testing.T) {
	eachGate(t, func(t *testing.T, y system, s *sandbox.Sandbox, _ *acctest.Provider) {
		for _, kind := range []sandbox.Kind{sandbox.KindThrottle, sandbox.KindErrorBefore, sandbox.KindDropBefore, sandbox.KindHTML, sandbox.KindTruncate} {
			s.Inject(sandbox.Fault{Operation: y.Gate.Read, Kind: kind, Times: 1})
		}
		r := acctest.StartProvider(t, acctest.Block(s.URL())).Resource(y.Type)
		apply(t, r, y.Gate.Running(s, well).With(waiting))
		endedWell(t, y, r)
		sentOnce(t, y, s)
	})
}

func TestWaitUntilReady(t *testing.T) {
	eachGate(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.Gate.Unready(s).With(acctest.Values{"wait_until_ready": true})
		s.ResetRequestLog()
		r := p.Resource(y.Type)
		apply(t, r, config)
		sentOnce(t, y, s)
		sent := slices.IndexFunc(s.RequestLog(), func(e sandbox.Request) bool { return e.Operation == y.Operation })
		if sent < 2 || sent != len(s.RequestLog())-1 {
			t.Errorf("the signal is number %d in the request log %v", sent, s.RequestLog())
		}
	})
}

func TestNotReadyInTime(t *testing.T) {
	eachGate(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.Gate.Unready(s).With(acctest.Briefly).With(acctest.Values{"wait_until_ready": true})
		s.Hook(y.Gate.Read, nil, nil) // The sandbox's time stands still.
		r := p.Resource(y.Type)
		diags := r.Apply(config)
		if y.Gate.NotReady == "" && strings.Contains(diags.String(), "ended with its status") {
			t.Error("nothing says what else than its status the target shows")
		}
		says(t, diags, true, y.Gate.NotReady, "Signal Not Sent", "was not tried", "create timeout of "+acctest.BriefTimeout, "Applying again")
		if !r.State.IsNull() || s.Count(y.Operation) != 0 {
			t.Errorf("recorded %s after %v", r.State, s.RequestLog())
		}
	})
}

func TestCancelWhileWaiting(t *testing.T) {
	for name, test := range map[string]struct {
		config func(t *testing.T, y system, s *sandbox.Sandbox) acctest.Values
		after  func(t *testing.T, y system, s *sandbox.Sandbox, r *acctest.Resource, diags acctest.Diagnostics)
	}{
		"until ready": {
			config: func(t *testing.T, y system, s *sandbox.Sandbox) acctest.Values {
				return y.Gate.Unready(s).With(acctest.Values{"wait_until_ready": true})
			},
			after: func(t *testing.T, y system, s *sandbox.Sandbox, r *acctest.Resource, diags acctest.Diagnostics) {
				says(t, diags, true, "Signal Not Sent", "cancelled")
				if !r.State.IsNull() || s.Count(y.Operation) != 0 {
					t.Errorf("recorded %s after %v", r.State, s.RequestLog())
				}
			},
		},
		"for completion": {
			config: func(t *testing.T, y system, s *sandbox.Sandbox) acctest.Values {
				return y.Gate.Running(s, never).With(waiting)
			},
			after: func(t *testing.T, y system, s *sandbox.Sandbox, r *acctest.Resource, diags acctest.Diagnostics) {
				says(t, diags, false, "Waiting Cancelled", "recorded")
				if r.Tainted || r.String("delivery") != "SENT" {
					t.Errorf("tainted: %t, delivery %q", r.Tainted, r.String("delivery"))
				}
				sentOnce(t, y, s)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachGate(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
				config := test.config(t, y, s)
				r := p.Resource(y.Type)
				diags := cancelled(t, s, p, y.Gate.Read, func() acctest.Diagnostics { return r.Apply(config) })
				test.after(t, y, s, r, diags)
			})
		})
	}
}

// Waiters that read by themselves would read at the same time. The poller's own tests check
// how many reads waiters share, with their own clock.
func TestWaitersShareTheirReads(t *testing.T) {
	eachGate(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		const waiters = 50
		config := y.Gate.Unready(s).With(acctest.Values{"wait_until_ready": true, "timeouts": acctest.Values{"create": "300ms"}})
		var underWay, together atomic.Int32
		var started, ended sync.WaitGroup
		started.Add(waiters)
		s.Hook(y.Gate.Read, func() {
			if n := underWay.Add(1); n > 1 {
				together.Store(n)
			}
			started.Wait()
			underWay.Add(-1)
		}, nil)
		for range waiters {
			ended.Go(func() {
				r := p.Resource(y.Type)
				started.Done()
				if diags := r.Apply(config); !diags.HasError() {
					t.Error("became ready while time stood still")
				}
			})
		}
		ended.Wait()
		if together.Load() > 0 || s.Count(y.Gate.Read) == 0 {
			t.Errorf("%d reads at the same time, of %d", together.Load(), s.Count(y.Gate.Read))
		}
	})
}

func TestAdoptExisting(t *testing.T) {
	eachGate(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		if !y.Gate.Adopts {
			return
		}
		config := y.Gate.Running(s, never).With(y.Gate.AdoptsWith).With(acctest.Values{"adopt_existing": true})
		first, second := p.Resource(y.Type), acctest.StartProvider(t, acctest.Block(s.URL())).Resource(y.Type)
		apply(t, first, config)
		if first.String("delivery") != "SENT" {
			t.Errorf("with nothing to adopt, delivery is %q", first.String("delivery"))
		}
		apply(t, second, config)
		if second.String("delivery") != "ADOPTED" || second.String("sent_at") != "" {
			t.Errorf("delivery is %q, sent at %q", second.String("delivery"), second.String("sent_at"))
		}
		second.Tainted = true
		apply(t, second, config)
		apply(t, second, config.With(acctest.Values{"triggers": acctest.Values{"again": "1"}}))
		if second.String("delivery") != "ADOPTED" {
			t.Errorf("after taint and trigger, delivery is %q", second.String("delivery"))
		}
		sentOnce(t, y, s)
	})
}

// Untaint accepts the failure that was reported. It does not accept a failure of a new
// wait.
func TestAcceptedFailureIsNotAcceptedForGood(t *testing.T) {
	eachGate(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.Gate.Running(s, badly)
		r := p.Resource(y.Type)
		says(t, r.Apply(config.With(waiting)), true, "Target Did Not Succeed")
		r.Tainted = false
		apply(t, r, config.With(waiting))
		apply(t, r, config)
		for range 2 {
			says(t, r.Apply(config.With(waiting)), true, "Target Did Not Succeed")
		}
		sentOnce(t, y, s)
	})
}

func TestUnreadableIsNoResultToRecord(t *testing.T) {
	eachGate(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		s.Inject(sandbox.Fault{Operation: y.Gate.Read, Kind: sandbox.KindRefuse})
		r := p.Resource(y.Type)
		says(t, r.Apply(y.Gate.Running(s, well).With(waiting).With(acctest.Values{"on_wait_failure": "record"})), true, "Target Cannot Be Read", y.Gate.Permission)
		sentOnce(t, y, s)
	})
}

// If the target cannot be read, on_wait_failure = "record" does not help, so no message
// advises it. wait_for_completion = false does.
func TestAdviceIfTheTargetCannotBeRead(t *testing.T) {
	eachGate(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		const record, unwaited = `on_wait_failure = "record"`, "wait_for_completion = false"
		unreadable := func(diags acctest.Diagnostics) {
			t.Helper()
			says(t, diags, true, "Target Cannot Be Read", y.Gate.Permission, unwaited)
			if strings.Contains(diags.String(), record) {
				t.Error(diags)
			}
		}
		config := y.Gate.Running(s, never).With(waiting).With(acctest.Briefly)
		s.Hook(y.Gate.Read, nil, nil) // The sandbox's time stands still.
		r := p.Resource(y.Type)
		says(t, r.Apply(config), true, "Target Still Running")
		sentOnce(t, y, s)
		r.Tainted = false
		says(t, r.Apply(config), true, "Target Still Running", record, unwaited)
		s.Inject(sandbox.Fault{Operation: y.Gate.Read, Kind: sandbox.KindRefuse})
		unreadable(r.Apply(config))
		unreadable(r.Apply(config.With(acctest.Values{"on_wait_failure": "record"})))
		apply(t, r, config.With(acctest.Values{"wait_for_completion": false}))
		sentOnce(t, y, s)

		s.Reset()
		s.Hook(y.Gate.Read, nil, nil)
		config = y.Gate.Running(s, never).With(waiting).With(acctest.Briefly)
		r = p.Resource(y.Type)
		plant(t, r, config)
		says(t, r.Destroy(), true, "Target Still Running")
		s.Inject(sandbox.Fault{Operation: y.Gate.Read, Kind: sandbox.KindRefuse})
		unreadable(r.Destroy())
		apply(t, r, config.With(atDestroy).With(acctest.Values{"wait_for_completion": false}))
		says(t, r.Destroy(), false)
		sentOnce(t, y, s)
	})
}

// In an update it must be known whether a signal is still to be sent.
func TestWhenIsKnownAtAnUpdate(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		config := y.Ready(s)
		r := p.Resource(y.Type)
		unknown := config.With(acctest.Values{"when": acctest.Unknown})
		if _, diags := r.Plan(unknown); len(diags) > 0 {
			t.Errorf("at a creation: %s", diags)
		}
		apply(t, r, config)
		if _, diags := r.Plan(unknown); len(diags) != 1 || diags[0].Attribute != "when" {
			t.Errorf("at an update: %s", diags)
		}
	})
}

// A generated id is in no history yet, so adopt_existing alone could never find a signal.
// Validation says so before anything is sent.
func TestAdoptExistingIsRefusedWhereItRecognisesNothing(t *testing.T) {
	nothing := map[string]acctest.Values{
		"signal_automation":            {"signal_type": "Revoke"},
		"signal_codepipeline_approval": {"token": nil, "pipeline_execution_id": nil},
		"signal_oos_execution":         {"notify_type": "RetryTask"},
	}
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		r := p.Resource(y.Type)
		if !r.Has("adopt_existing") {
			return
		}
		with := acctest.Values{}
		for name := range y.AdoptsWith() {
			with[name] = nil
		}
		without := with.With(nothing[y.Type])
		config := y.Ready(s).With(acctest.Values{"adopt_existing": true})
		s.ResetRequestLog()
		says(t, r.Validate(config.With(y.AdoptsWith())), false)
		if len(without) == 0 {
			return // Its target and its arguments identify it.
		}
		refused := r.Apply(config.With(without))
		says(t, refused, true, "Signal Cannot Be Adopted")
		if !refused.HasError() || refused[0].Attribute != "adopt_existing" {
			t.Errorf("no error on adopt_existing: %s", refused)
		}
		says(t, r.Validate(config.With(without).With(acctest.Values{"adopt_existing": false})), false)
		for name := range without {
			says(t, r.Validate(config.With(without).With(acctest.Values{name: acctest.Unknown})), false)
		}
		// At destroy, the generated id has been in the state for long.
		says(t, r.Validate(config.With(without).With(acctest.Values{"when": "destroy"})), y.AdoptsWith() == nil)
		if y.HasAction {
			says(t, p.Action(y.Type).Validate(config.With(without)), true, "Signal Cannot Be Adopted")
		}
		if made := s.RequestLog(); len(made) > 0 {
			t.Errorf("validation made %v", made)
		}
	})
}
