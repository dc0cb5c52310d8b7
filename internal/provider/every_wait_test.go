package provider_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// eachWait runs a test for the wait of every system. The wait must not send a signal: all
// signals in the request log are the test's own.
func eachWait(t *testing.T, test func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider, r *acctest.Resource)) {
	t.Helper()
	eachGate(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider) {
		if !slices.Contains(p.Resources(), y.Type+"_wait") {
			return // TestEverySignalIsComplete reports it.
		}
		test(t, y, s, p, p.Resource(y.Type+"_wait"))
	})
}

// waitFor returns the arguments of a signal that identify its target.
func waitFor(r *acctest.Resource, signal acctest.Values) acctest.Values {
	config := acctest.Values{}
	for name, value := range signal {
		if r.Has(name) {
			config[name] = value
		}
	}
	return config
}

// sendTo creates a target whose run ends like this, sends the signal for which it waits,
// and returns a wait for the target.
func sendTo(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider, r *acctest.Resource, end string) acctest.Values {
	t.Helper()
	config := y.Gate.Running(s, end)
	apply(t, p.Resource(y.Type), config)
	return waitFor(r, config)
}

// endedWell checks the wait for a run that succeeded, if the service tells that.
func endedWell(t *testing.T, y system, r *acctest.Resource) {
	t.Helper()
	var succeeded any = true
	if y.Gate.EndsUntold {
		succeeded = nil
	}
	status(t, r, y.Gate.Succeeded, succeeded)
}

func TestEveryWaitEndsWithTheRun(t *testing.T) {
	eachWait(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider, r *acctest.Resource) {
		config := sendTo(t, y, s, p, r, well)
		apply(t, r, config)
		endedWell(t, y, r)
		made := len(s.RequestLog())
		if diags := r.Refresh(); len(diags) > 0 {
			t.Error(diags)
		}
		apply(t, r, config)
		apply(t, r, config.With(acctest.Values{"timeouts": acctest.Values{"create": "5m"}}))
		endedWell(t, y, r)
		if len(s.RequestLog()) != made {
			t.Errorf("a target that has ended was read again: %v", s.RequestLog()[made:])
		}
		again := config.With(acctest.Values{"triggers": acctest.Values{"release": "2"}})
		if plan, diags := r.Plan(again); len(diags) > 0 || len(plan.Replace) > 0 {
			t.Errorf("a change of triggers is not an update in place: %v %s", plan.Replace, diags)
		}
		apply(t, r, again)
		if diags := r.Destroy(); len(diags) > 0 {
			t.Error(diags)
		}
		sentOnce(t, y, s)
	})
}

func TestEveryWaitFailsWithTheRun(t *testing.T) {
	eachWait(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider, r *acctest.Resource) {
		config := sendTo(t, y, s, p, r, badly)
		says(t, r.Apply(config), true, "Target Did Not Succeed", y.Gate.Failed, y.Gate.Reason, "sends nothing")
		status(t, r, y.Gate.Failed, false)
		if !r.Tainted {
			t.Error("a wait that failed does not taint")
		}
		r.Tainted = false // terraform untaint
		apply(t, r, config.With(acctest.Values{"on_wait_failure": "record"}))
		status(t, r, y.Gate.Failed, false)
		sentOnce(t, y, s)
	})
}

func TestEveryWaitThatRanOutGoesOn(t *testing.T) {
	eachWait(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider, r *acctest.Resource) {
		config := sendTo(t, y, s, p, r, never).With(shortly)
		s.Hook(y.Gate.Read, nil, nil) // The sandbox's time stands still.
		says(t, r.Apply(config), true, "Target Still Running", "create timeout of "+acctest.BriefTimeout, y.Gate.IsRunning)
		r.Tainted = false // terraform untaint
		diags := r.Apply(config.With(acctest.Values{"on_wait_failure": "record"}))
		says(t, diags, false, "Target Still Running")
		if strings.Contains(diags.String(), "the same run") {
			t.Errorf("the error of a single wait names others: %s", diags)
		}
		status(t, r, y.Gate.IsRunning, false)
		read := s.Count(y.Gate.Read)
		if diags := r.Refresh(); len(diags) > 0 || s.Count(y.Gate.Read) == read {
			t.Errorf("a refresh of a run that goes on made %d reads: %s", s.Count(y.Gate.Read)-read, diags)
		}
		sentOnce(t, y, s)
	})
}

// The error of a signal that waits in vain together with others for the same run says how
// many wait.
func TestEveryWaitThatRanOutSaysWhoElseWaits(t *testing.T) {
	eachWait(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider, r *acctest.Resource) {
		signal := y.Gate.Running(s, never)
		read, reads := happens()
		s.Hook(y.Gate.Read, nil, reads)
		first := make(chan acctest.Diagnostics)
		go func() { first <- r.Apply(waitFor(r, signal)) }()
		<-read
		alike := func(waits string, diags acctest.Diagnostics) {
			says(t, diags, true, waits, "wait", "for the same run", "without wait_for_completion", "one "+y.Type+"_wait with depends_on")
		}
		var both sync.WaitGroup
		both.Go(func() { alike("Target Still Running", p.Resource(y.Type).Apply(signal.With(waiting).With(shortly))) })
		both.Go(func() {
			beside := p.Resource(y.Type + "_wait")
			alike("Target Still Running", beside.Apply(waitFor(beside, signal).With(shortly)))
		})
		both.Wait()
		p.Stop()
		alike("Waiting Cancelled", <-first)
		sentOnce(t, y, s)
	})
}

func TestEveryWaitUntilReady(t *testing.T) {
	eachWait(t, func(t *testing.T, y system, s *sandbox.Sandbox, _ *acctest.Provider, r *acctest.Resource) {
		config := waitFor(r, y.Gate.Unready(s)).With(acctest.Values{"until": "ready"})
		apply(t, r, config)
		if r.Bool("target_succeeded") != true {
			t.Errorf("the state is %s", r.State)
		}
		made := len(s.RequestLog())
		apply(t, r, config)
		if len(s.RequestLog()) != made || s.Count(y.Operation) > 0 {
			t.Errorf("these requests were made: %v", s.RequestLog())
		}
	})
}

// A wait for a target that does not exist does what the page says about this target: it
// fails at once, or waits until the timeout. OOS does not document its answer about such an
// execution, so the sandbox gives each possible one.
func TestEveryWaitForAnAbsentTarget(t *testing.T) {
	for _, y := range systems.Signals() {
		if y.Gate == nil {
			continue
		}
		page := contents(t, filepath.Join("..", "..", "docs", "resources", y.Short()+"_wait.md"))
		for _, absent := range y.Gate.Absent {
			row := fmt.Sprintf("\n| %s | %s |\n", absent.When, absent.Then())
			if !strings.Contains(page, row) {
				t.Errorf("the page of %s_wait lacks the row %q", y.Type, row)
			}
			for _, until := range []string{systems.Ended, systems.Ready} {
				for _, reports := range []bool{false, true} {
					if reports && y.Package != "oos" {
						continue
					}
					t.Run(fmt.Sprintf("%s/%s/%s/%t", y.Type, absent.When, until, reports), func(t *testing.T) {
						t.Parallel()
						c := &clock{}
						s := acctest.Sandbox(t, sandbox.Options{Now: c.now, ReportMissingExecutions: reports})
						r := acctest.StartProvider(t, acctest.Block(s.URL())).Resource(y.Type + "_wait")
						config := waitFor(r, y.Gate.Running(s, never).With(absent.Arguments).With(shortly)).With(acctest.Values{"until": until})
						diags, made := r.Apply(config), len(s.RequestLog())
						if slices.Contains(absent.Waits, until) {
							says(t, diags, true, "Target Not Seen", "timeout of "+acctest.BriefTimeout)
							if made < 2 {
								t.Errorf("a wait until the timeout made these requests: %v", s.RequestLog())
							}
							return
						}
						says(t, diags, true, "Target Cannot Be Read")
						if made != 1 {
							t.Errorf("a wait that fails at once made these requests: %v", s.RequestLog())
						}
					})
				}
			}
		}
	}
}

func TestEveryWaitIsImported(t *testing.T) {
	eachWait(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider, r *acctest.Resource) {
		config := sendTo(t, y, s, p, r, never).With(acctest.Values{"until": "ready", "on_wait_failure": "record"}).With(shortly)
		r.Apply(config) // Some runs need no other signal.
		imported := p.Resource(y.Type + "_wait")
		if diags := imported.Import(r.String("id")); len(diags) > 0 {
			t.Fatal(diags)
		}
		if imported.String("id") != r.String("id") {
			t.Errorf("%q was imported as %q", r.String("id"), imported.String("id"))
		}
		for name, value := range config {
			if text, ok := value.(string); ok && name != "until" && name != "on_wait_failure" && imported.String(name) != text {
				t.Errorf("%s is %q after the import, want %q", name, imported.String(name), text)
			}
		}
		says(t, imported.Import("//"), true, "Invalid Import ID")
		sentOnce(t, y, s)
	})
}

// An import that cannot read the target records only its id. A wait that goes on from there
// is planned as Terraform wants it, and records the rest.
func TestEveryWaitGoesOnFromAnImportThatReadNothing(t *testing.T) {
	eachWait(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider, r *acctest.Resource) {
		config := sendTo(t, y, s, p, r, never).With(acctest.Values{"until": "ready", "on_wait_failure": "record"}).With(shortly)
		r.Apply(config) // Some runs need no other signal.
		imported := p.Resource(y.Type + "_wait")
		s.Inject(sandbox.Fault{Operation: "*", Kind: sandbox.KindRefuse})
		says(t, imported.Import(r.String("id")), false, "Target Not Read")
		s.ClearFaults()
		if imported.String("target_status") != "" {
			t.Errorf("nothing could be read, and the state is %s", imported.State)
		}
		imported.Apply(config)
		for _, name := range []string{"id", "region"} {
			if r.Has(name) && imported.String(name) != r.String(name) {
				t.Errorf("%s is %q, want %q", name, imported.String(name), r.String(name))
			}
		}
		sentOnce(t, y, s)
	})
}

func TestEveryWaitSaysWhatItMayNotRead(t *testing.T) {
	eachWait(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider, r *acctest.Resource) {
		config := sendTo(t, y, s, p, r, well)
		s.Inject(sandbox.Fault{Operation: y.Gate.Read, Kind: sandbox.KindRefuse})
		says(t, r.Apply(config), true, "Target Cannot Be Read", y.Gate.Permission, "sends nothing")
		s.ClearFaults()
		apply(t, r, config)
		endedWell(t, y, r)
		sentOnce(t, y, s)
	})
}

func TestEveryWaitIsCancelled(t *testing.T) {
	eachWait(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider, r *acctest.Resource) {
		config := sendTo(t, y, s, p, r, never)
		diags := cancelled(t, s, p, y.Gate.Read, func() acctest.Diagnostics { return r.Apply(config) })
		if !diags.HasError() || strings.Contains(diags.String(), "may have been sent") {
			t.Errorf("it said %s", diags)
		}
		sentOnce(t, y, s)
	})
}

// If the provider's configuration is unknown, reads are deferred.
func TestEveryWaitIsDeferred(t *testing.T) {
	eachWait(t, func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider, r *acctest.Resource) {
		config := sendTo(t, y, s, p, r, never).With(shortly)
		r.Apply(config)
		made := len(s.RequestLog())
		unknown := unconfigured(t, s)
		unknown.DeferralAllowed = true
		elsewhere := r.On(unknown)
		if diags := elsewhere.Refresh(); diags.HasError() || !elsewhere.Deferred || !elsewhere.State.Equal(r.State) {
			t.Errorf("the refresh is deferred: %t, and returns %s", elsewhere.Deferred, diags)
		}
		plan, diags := unknown.Resource(y.Type + "_wait").Plan(config)
		if diags.HasError() || !plan.Deferred {
			t.Errorf("the plan is deferred: %t, and returns %s", plan.Deferred, diags)
		}
		unknown.DeferralAllowed = false
		created := unknown.Resource(y.Type + "_wait")
		if plan, diags := created.Plan(config); diags.HasError() || plan.Deferred {
			t.Errorf("if the client allows no deferral, the plan is deferred: %t, and returns %s", plan.Deferred, diags)
		}
		says(t, created.Apply(config), true, "Wait Not Started", "not known yet")
		if !created.State.IsNull() {
			t.Errorf("a wait that has not waited is recorded as %s", created.State)
		}
		noneSince(t, s, made)
	})
}
