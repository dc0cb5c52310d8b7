package job_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/provider"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// accidents are the ways in which a request ends without a clear answer.
var accidents = map[string]sandbox.Fault{
	"500 before acting":     {Kind: sandbox.KindErrorBefore},
	"500 after acting":      {Kind: sandbox.KindErrorAfter},
	"502 after acting":      {Kind: sandbox.KindErrorAfter, Status: 502},
	"dropped before acting": {Kind: sandbox.KindDropBefore},
	"dropped after acting":  {Kind: sandbox.KindDropAfter},
	"truncated":             {Kind: sandbox.KindTruncate},
	"truncated JSON":        {Kind: sandbox.KindTruncateJSON},
	"proxy's 502":           {Kind: sandbox.KindHTML},
	"proxy's 404":           {Kind: sandbox.KindHTML, Status: 404},
	"proxy's 200":           {Kind: sandbox.KindHTMLOK},
	"throttled":             {Kind: sandbox.KindThrottle},
}

// Whatever happens to a request of a rotation, the next apply at the latest finishes the
// rotation, and no job is left over.
func TestRotationSurvivesAccidents(t *testing.T) {
	for name, fault := range accidents {
		for _, operation := range []string{"GetJob", "ListJobs", "UpdateJob", "CreateJob", "DeleteJob"} {
			for _, times := range []int{1, 0} {
				t.Run(fmt.Sprintf("%s of %s, %d times", name, operation, times), func(t *testing.T) {
					t.Parallel()
					eachKind(t, func(t *testing.T, b *bench) {
						if b.rotates && (operation == "CreateJob" || operation == "DeleteJob") {
							return // There is no such request.
						}
						base := b.created(nightly)
						old := b.held()
						config := base.With(acctest.Values{"name": "weekly", "timeouts": acctest.Values{"update": hastily}})
						injected := fault
						injected.Operation, injected.Times = operation, times
						b.s.Inject(injected)
						diags := b.Apply(config)
						b.s.ClearFaults()
						config["timeouts"] = nil
						if times == 1 && diags.HasError() && operation != "CreateJob" {
							t.Errorf("it failed: %s", diags)
						}
						if diags.HasError() {
							working(b, 0)
							if diags := b.Refresh(); diags.HasError() {
								t.Fatal(diags)
							}
						}
						b.apply(config)
						b.dead(old)
						b.settled(config)
						if b.rotates && b.s.Count("CreateJob") > 0 {
							t.Errorf("the requests were %q", b.made())
						}
					}, hasty)
				})
			}
		}
	}
}

// A lost answer to a creation makes no second job: the provider searches for the first one,
// and finds it if it was created.
func TestCreationSurvivesAccidents(t *testing.T) {
	for name, fault := range accidents {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, sandbox.CloudAutomator{})
			// Neither an older job with that name nor a younger job with another name is the
			// created job.
			old := nightly.With(acctest.Values{"timeouts": acctest.Values{"create": acctest.BriefTimeout}})
			fault.Operation, fault.Times = "CreateJob", 1
			b.s.Inject(fault)
			diags := b.Apply(old)
			acted := strings.Contains(name, "after") || strings.Contains(name, "truncated")
			if name == "throttled" {
				acted = true
			}
			if diags.HasError() == acted || b.s.Accepted("CreateJob") > 1 || name != "throttled" && b.s.Count("CreateJob") != 1 {
				t.Fatalf("the requests were %q: %s", b.made(), diags)
			}
			if acted {
				b.settled(old)
				return
			}
			if name == "proxy's 404" {
				contains(t, diags.String(), "Job Not Created", "web page", "endpoint", "CLOUD_AUTOMATOR_API_ENDPOINT")
				b.apply(old)
				b.settled(old)
				return
			}
			contains(t, diags.String(), "Outcome of the Creation Unknown", "looks for the job again", "console")
			if !b.Tainted || b.String("id") != "" || len(b.s.TriggerJobs()) > 0 {
				t.Errorf("the state is %s, the jobs are %v", b.State, b.s.TriggerJobs())
			}
			// Another job with that name, created in the same apply, is not the created job.
			other := b.Provider.Resource(jobType)
			if diags := other.Apply(old); len(diags) > 0 {
				t.Fatal(diags)
			}
			b.Resource = b.On(acctest.StartProvider(t, acctest.Block(b.s.URL())))
			b.apply(old)
			if _, there := b.s.TriggerJob(other.String("id")); !there || other.String("id") == b.String("id") {
				t.Errorf("the other one, %s, is gone, or is this one, %s", other.String("id"), b.String("id"))
			}
			b.s.RemoveTriggerJob(other.String("id"))
			b.settled(old)
		})
	}
}

// A job that shows up only after the apply has given it up is removed by the next apply.
func TestLateJobIsFoundAgain(t *testing.T) {
	for _, refresh := range []bool{false, true} {
		for _, untaint := range []bool{false, refresh} {
			t.Run(fmt.Sprintf("refresh %t, untaint %t", refresh, untaint), func(t *testing.T) {
				b := newBench(t, sandbox.CloudAutomator{})
				b.s.Inject(sandbox.Fault{Operation: "CreateJob", Kind: sandbox.KindDropAfter, Times: 1})
				b.s.Inject(sandbox.Fault{Operation: "ListJobs", Kind: sandbox.KindErrorBefore})
				b.refused(nightly, "Outcome of the Creation Unknown", "no list of jobs could be read", "tainted")
				b.s.ClearFaults()
				b.Tainted = !untaint
				b.Resource = b.On(acctest.StartProvider(t, acctest.Block(b.s.URL())))
				late := b.only()
				if refresh {
					diags := b.Refresh()
					if diags.HasError() || b.String("id") != late.ID {
						t.Fatalf("the state is %s: %s", b.State, diags)
					}
					contains(t, diags.String(), "Job Found", late.ID, "applying removes")
				}
				b.apply(nightly)
				if kept := b.only().ID == late.ID; kept != untaint {
					t.Errorf("the job was kept: %t", kept)
				}
				b.settled(nightly)
			})
		}
	}
}

// A creation whose answer is lost finds its own job by its suffix, whatever other jobs with
// the same name and settings exist.
func TestCreationFindsItsOwnJob(t *testing.T) {
	b := newBench(t, sandbox.CloudAutomator{})
	config := nightly.With(acctest.Values{"group_id": 1, "aws_account_id": nil, "action_type": "delay", "action_value": `{"delay_minutes": 1}`})
	b.s.AddTriggerJob(sandbox.TriggerJob{Name: "nightly", ID: "older"})
	b.s.Hook("CreateJob", func() { b.s.AddTriggerJob(sandbox.TriggerJob{Name: "nightly", ID: "younger"}) }, nil)
	b.s.Inject(sandbox.Fault{Operation: "CreateJob", Kind: sandbox.KindDropAfter, Times: 1})
	b.apply(config)
	if id := b.String("id"); id == "older" || id == "younger" || b.s.Count("CreateJob") != 1 || len(b.s.TriggerJobs()) != 3 {
		t.Errorf("the job is %s, the requests were %q", id, b.made())
	}
	if diags := b.Destroy(); len(diags) > 0 || len(b.s.TriggerJobs()) != 2 {
		t.Errorf("there are %d jobs after %s", len(b.s.TriggerJobs()), diags)
	}
}

// Two applies in two directories create the same job, and the first creation is dropped
// before it acts. Two states never own one job.
func TestTwoDirectoriesNeverOwnOneJob(t *testing.T) {
	for name, kind := range map[string]sandbox.Kind{"before": sandbox.KindDropBefore, "after": sandbox.KindDropAfter} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, sandbox.CloudAutomator{}, hasty())
			other := acctest.StartProvider(t, acctest.Block(b.s.URL())).Resource(jobType)
			b.s.Inject(sandbox.Fault{Operation: "CreateJob", Kind: kind, Times: 1})
			b.s.Inject(sandbox.Fault{Operation: "ListJobs", Kind: sandbox.KindErrorBefore})
			b.refused(nightly)
			b.s.ClearFaults()
			if diags := other.Apply(nightly); len(diags) > 0 {
				t.Fatal(diags)
			}
			if diags := b.Refresh(); diags.HasError() || b.String("id") == other.String("id") {
				t.Errorf("both have job %s: %s", b.String("id"), diags)
			}
			b.apply(nightly)
			if b.String("id") == other.String("id") || len(b.s.TriggerJobs()) != 2 {
				t.Errorf("the jobs are %s and %s of %+v", b.String("id"), other.String("id"), b.s.TriggerJobs())
			}
			b.idle(nightly)
		})
	}
}

// One of two resources that create jobs with the same name loses the answer. It does not
// take the other one's job.
func TestCreationDoesNotTakeAnothersJob(t *testing.T) {
	b := newBench(t, sandbox.CloudAutomator{})
	b.apply(nightly)
	other := b.Provider.Resource(jobType)
	b.s.Inject(sandbox.Fault{Operation: "CreateJob", Kind: sandbox.KindDropBefore, Times: 1})
	if diags := other.Apply(nightly); !diags.HasError() || other.String("id") != "" {
		t.Errorf("the other's state is %s: %s", other.State, diags)
	}
	// It does not do so later either, when no state is known to have that job.
	other = other.On(acctest.StartProvider(t, acctest.Block(b.s.URL())))
	diags := other.Destroy()
	if diags.HasError() || b.only().ID != b.String("id") {
		t.Errorf("there are %v: %s", b.s.TriggerJobs(), diags)
	}
	contains(t, diags.String(), "Created Job Not Found", "(creation ")
}

func TestJobAPIRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		config    acctest.Values
		attribute string
		says      []string
	}{
		"unknown action type": {acctest.Values{"action_type": "make_coffee"}, "action_type", []string{`Creating the Cloud Automator job "nightly" failed`, "HTTP 422", "make_coffee", "not known", "Nothing is recorded"}},
		"no account":          {acctest.Values{"aws_account_id": nil}, "", []string{"HTTP 422", "aws_account_id or aws_account_ids is needed", "account arguments"}},
		"wrong account":       {acctest.Values{"action_type": "google_compute_start_vm_instances"}, "", []string{"HTTP 422", "google_cloud_account_id is needed"}},
		"bad date":            {acctest.Values{"effective_date": "soon"}, "effective_date", []string{"HTTP 422", "effective_date must be a date"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, sandbox.CloudAutomator{})
			diags := b.refused(nightly.With(c.config), c.says...)
			if len(diags) != 1 || c.attribute != "" && diags[0].Attribute != c.attribute || !b.State.IsNull() {
				t.Errorf("it said %s, the state is %s", diags, b.State)
			}
			b.requests("CreateJob")
		})
	}
}

func TestJobAPIKeyIsBad(t *testing.T) {
	s := acctest.Sandbox(t, sandbox.Options{CloudAutomator: sandbox.CloudAutomator{RequestIDs: true}})
	block := acctest.Values{"cloud_automator": acctest.Values{"api_key": "another", "endpoint": s.URL() + "/api/v1/"}}
	r := acctest.StartProvider(t, block).Resource(jobType)
	diags := r.Apply(nightly)
	contains(t, diags.String(), "Job Not Created", "HTTP 401", "request id "+s.RequestLog()[0].RequestID, "API key", "CLOUD_AUTOMATOR_API_KEY")
	if s.Count("CreateJob") != 1 || !r.State.IsNull() {
		t.Errorf("the state is %s: %v", r.State, s.RequestLog())
	}
	without := acctest.StartProvider(t, nil).Resource(jobType)
	contains(t, without.Apply(nightly).String(), "there is no Cloud Automator API key")
}

func TestRefusedUpdateChangesNothing(t *testing.T) {
	b := newBench(t, sandbox.CloudAutomator{})
	config := b.created(nightly)
	before := b.State
	b.s.Inject(sandbox.Fault{Operation: "UpdateJob", Kind: sandbox.KindRefuse, Times: 1, Message: "not " + b.String("access_token")})
	diags := b.refused(config.With(acctest.Values{"name": "weekly"}), "Job Not Updated", "job "+b.String("id"), "HTTP 403", "not ***", "use the key")
	if !b.State.Equal(before) || strings.Contains(diags.String(), b.String("access_token")) {
		t.Errorf("the state is %s: %s", b.State, diags)
	}
	b.requests("GetJob", "ListJobs", "UpdateJob")
	b.apply(config.With(acctest.Values{"name": "weekly"}))
}

func TestRemoval(t *testing.T) {
	for name, c := range map[string]struct {
		fault sandbox.Fault
		says  []string
	}{
		"refused":               {fault: sandbox.Fault{Kind: sandbox.KindRefuse}, says: []string{"Job Not Removed", "HTTP 403", "use the key"}},
		"500 for ever":          {fault: sandbox.Fault{Kind: sandbox.KindErrorBefore}, says: []string{"Job Not Removed", "HTTP 500"}},
		"proxy's 404":           {fault: sandbox.Fault{Kind: sandbox.KindHTML, Status: 404}, says: []string{"Job Not Removed", "proxy"}},
		"proxy's 200":           {fault: sandbox.Fault{Kind: sandbox.KindHTMLOK}, says: []string{"Job Not Removed", "proxy"}},
		"dropped before acting": {fault: sandbox.Fault{Kind: sandbox.KindDropBefore, Times: 1}},
		"dropped after acting":  {fault: sandbox.Fault{Kind: sandbox.KindDropAfter}},
		"500 after acting":      {fault: sandbox.Fault{Kind: sandbox.KindErrorAfter}},
		"throttled":             {fault: sandbox.Fault{Kind: sandbox.KindThrottle, Times: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, sandbox.CloudAutomator{})
			b.created(nightly)
			c.fault.Operation = "DeleteJob"
			b.s.Inject(c.fault)
			diags := b.Destroy()
			contains(t, diags.String(), c.says...)
			left := len(b.s.TriggerJobs())
			if failed := len(c.says) > 0; diags.HasError() != failed || b.State.IsNull() == failed || (left > 0) != failed {
				t.Errorf("%d jobs are left, the state is %s: %s", left, b.State, diags)
			}
		})
	}
	t.Run("gone", func(t *testing.T) {
		b := newBench(t, sandbox.CloudAutomator{})
		b.created(nightly)
		b.s.RemoveTriggerJob(b.String("id"))
		if diags := b.Destroy(); len(diags) > 0 || !b.State.IsNull() {
			t.Errorf("the state is %s: %s", b.State, diags)
		}
		b.requests("ListJobs", "DeleteJob")
	})
}

// A refresh that cannot tell keeps the job.
func TestRefreshThatCannotTellKeepsTheJob(t *testing.T) {
	for name, fault := range accidents {
		if name == "throttled" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, sandbox.CloudAutomator{})
			b.created(nightly)
			before := b.State
			fault.Operation = "GetJob"
			b.s.Inject(fault)
			if diags := b.Refresh(); !diags.HasError() || !b.State.Equal(before) {
				t.Errorf("the state is %s: %s", b.State, diags)
			}
		})
	}
}

// Reads may lag behind: the provider waits until they show the change.
func TestLaggingReads(t *testing.T) {
	for _, rotates := range []bool{false, true} {
		t.Run(fmt.Sprintf("rotates %t", rotates), func(t *testing.T) {
			t.Parallel()
			var passed atomic.Int64
			began := time.Now()
			pass := func() { passed.Add(int64(20 * time.Second)) }
			s := acctest.Sandbox(t, sandbox.Options{
				Now:     func() time.Time { return began.Add(time.Duration(passed.Load())) },
				ReadLag: time.Minute, CloudAutomator: sandbox.CloudAutomator{PatchRotates: rotates},
			})
			b := &bench{acctest.StartProvider(t, acctest.Block(s.URL())).Resource(jobType), t, s, rotates}
			b.apply(nightly)
			old, id := b.held(), b.String("id")
			passed.Add(int64(time.Hour))
			s.Hook("GetJob", pass, nil)
			b.apply(nightly.With(acctest.Values{"name": "weekly"}))
			b.dead(old)
			if rotates && b.String("id") != id {
				t.Error("the lag was taken for a PATCH that does not rotate")
			}
			if b.held() != b.of(b.only()) {
				t.Errorf("the state has %v, the job %v", b.held(), b.of(b.only()))
			}
		})
	}
}

// Ctrl-C ends every operation of the provider.
func TestCancelledJobReturnsAtOnce(t *testing.T) {
	for _, operation := range []string{"GetJob", "ListJobs", "UpdateJob", "CreateJob", "DeleteJob", "TriggerJob"} {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, sandbox.CloudAutomator{})
			config := b.created(nightly)
			stalled := make(chan struct{})
			b.s.Inject(sandbox.Fault{Operation: operation, Kind: sandbox.KindStallAfter})
			b.s.Hook(operation, nil, func() { close(stalled) })
			go func() {
				<-stalled
				b.Stop()
			}()
			diags := b.Apply(config.With(acctest.Values{"name": "weekly", "trigger_on_apply": true}))
			if said := diags.String(); !diags.HasError() || !strings.Contains(said, "cancel") || strings.Contains(said, "check the endpoint") {
				t.Errorf("it said %s", said)
			}
			b.s.ClearFaults()
			b.s.Hook(operation, nil, nil)
			again := b.On(acctest.StartProvider(t, acctest.Block(b.s.URL())))
			if diags := again.Refresh(); diags.HasError() {
				t.Fatal(diags)
			}
			if diags := again.Apply(config.With(acctest.Values{"name": "weekly", "trigger_on_apply": true})); diags.HasError() {
				t.Fatal(diags)
			}
			b.Resource = again
			b.only()
		})
	}
}

// An update that the service has not taken has no effect. If it is undone in the
// configuration, it rotates and runs nothing.
func TestRefusedUpdateIsTakenBack(t *testing.T) {
	for name, c := range map[string]struct {
		change  acctest.Values
		refuses string
	}{
		"a bad date": {change: acctest.Values{"expiration_date": "soon"}},
		"the read":   {acctest.Values{"name": "weekly"}, "GetJob"},
		"the list":   {acctest.Values{"name": "weekly"}, "ListJobs"},
		"the update": {acctest.Values{"name": "weekly"}, "UpdateJob"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachKind(t, func(t *testing.T, b *bench) {
				base := b.created(nightly.With(acctest.Values{"trigger_on_apply": true}))
				if c.refuses != "" {
					b.s.Inject(sandbox.Fault{Operation: c.refuses, Kind: sandbox.KindRefuse, Times: 1})
				}
				b.refused(base.With(c.change))
				b.idle(base)
				b.s.ResetRequestLog()
				b.apply(base)
				b.requests()
			})
		})
	}
}

// The second apply does what a failed first apply after an import has left undone, and no
// more.
func TestFirstApplyAfterAnImportFails(t *testing.T) {
	for _, operation := range []string{"GetJob", "UpdateJob"} {
		t.Run(operation, func(t *testing.T) {
			b := newBench(t, sandbox.CloudAutomator{})
			b.created(nightly)
			before := b.held()
			imported := b.Provider.Resource(jobType)
			if diags := imported.Import(b.String("id")); len(diags) > 0 {
				t.Fatal(diags)
			}
			b.Resource = imported
			config := nightly.With(acctest.Values{"name": "weekly", "rotate_on_update": false, "rotation_triggers": acctest.Values{"month": "1"}})
			b.s.Inject(sandbox.Fault{Operation: operation, Kind: sandbox.KindRefuse, Times: 1})
			b.refused(config)
			b.s.ResetRequestLog()
			b.apply(config)
			b.requests("GetJob", "UpdateJob", "GetJob")
			if b.held() != before {
				t.Error("URL and access token were rotated")
			}
			b.settled(config)
		})
	}
}

// The error names a job that was found and could not be read.
func TestFoundJobIsNotRead(t *testing.T) {
	b := newBench(t, sandbox.CloudAutomator{}, hasty())
	b.s.Inject(sandbox.Fault{Operation: "CreateJob", Kind: sandbox.KindDropAfter, Times: 1})
	b.s.Inject(sandbox.Fault{Operation: "GetJob", Kind: sandbox.KindErrorBefore})
	diags := b.refused(nightly)
	contains(t, diags.String(), "recorded as job "+b.only().ID+",")
}

// A job whose creation was lost and never happened is not another job: neither one with
// other settings, nor one that was created later.
func TestLostJobIsNoOther(t *testing.T) {
	for name, c := range map[string]struct {
		change acctest.Values
		later  time.Duration
	}{
		"other settings": {change: acctest.Values{"aws_account_id": 99, "action_value": `{"region": "us-east-1"}`}},
		"made later":     {later: 2 * time.Minute},
	} {
		for _, refresh := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, refresh %t", name, refresh), func(t *testing.T) {
				var passed atomic.Int64
				s := acctest.Sandbox(t, sandbox.Options{Now: func() time.Time { return time.Now().Add(time.Duration(passed.Load())) }})
				b := &bench{acctest.StartProvider(t, acctest.Block(s.URL()), hasty()).Resource(jobType), t, s, false}
				b.s.Inject(sandbox.Fault{Operation: "CreateJob", Kind: sandbox.KindDropBefore, Times: 1})
				b.refused(nightly, "Outcome of the Creation Unknown")
				passed.Store(int64(c.later))
				hand := acctest.StartProvider(t, acctest.Block(b.s.URL())).Resource(jobType)
				if diags := hand.Apply(nightly.With(c.change)); len(diags) > 0 {
					t.Fatal(diags)
				}
				b.Resource = b.On(acctest.StartProvider(t, acctest.Block(b.s.URL())))
				if refresh {
					diags := b.Refresh()
					if diags.HasError() || !b.State.IsNull() {
						t.Fatalf("the state is %s: %s", b.State, diags)
					}
					contains(t, diags.String(), "Created Job Not Found", "(creation ")
				}
				b.s.ResetRequestLog()
				b.apply(nightly)
				if b.s.Count("DeleteJob") > 0 || len(b.s.TriggerJobs()) != 2 {
					t.Errorf("the requests were %q", b.made())
				}
			})
		}
	}
}

// However the service says that a job does not exist, it is gone. If the answer is a web
// page, which may come from a proxy, the list of jobs decides.
func TestGoneJobInAnyWords(t *testing.T) {
	for _, shape := range []sandbox.ErrorShape{sandbox.ErrorsJSONAPI, sandbox.ErrorsMessage, sandbox.ErrorsText, sandbox.ErrorsEmpty, sandbox.ErrorsHTML} {
		t.Run(string(shape), func(t *testing.T) {
			t.Parallel()
			for _, does := range []func(*bench) acctest.Diagnostics{(*bench).destroyed, (*bench).refreshed} {
				b := newBench(t, sandbox.CloudAutomator{Errors: shape}, hasty())
				b.created(nightly)
				b.s.RemoveTriggerJob(b.String("id"))
				if diags := does(b); len(diags) > 0 || !b.State.IsNull() {
					t.Errorf("the state is %s: %s", b.State, diags)
				}
			}
		})
	}
}

func (b *bench) destroyed() acctest.Diagnostics { return b.Destroy() }

func (b *bench) refreshed() acctest.Diagnostics { return b.Refresh() }

// A listed job exists, whatever a page says, and so does a job while the list is empty.
func TestPageDoesNotMakeAJobGone(t *testing.T) {
	for _, lists := range []bool{true, false} {
		t.Run(fmt.Sprintf("lists %t", lists), func(t *testing.T) {
			b := newBench(t, sandbox.CloudAutomator{}, hasty())
			b.created(nightly)
			for _, operation := range []string{"GetJob", "DeleteJob"} {
				b.s.Inject(sandbox.Fault{Operation: operation, Kind: sandbox.KindHTML, Status: 404})
			}
			if !lists {
				b.s.Inject(sandbox.Fault{Operation: "ListJobs", Kind: sandbox.KindHTML, Status: 404})
			}
			contains(t, b.Refresh().String(), "Job Not Read", "web page", "endpoint", "terraform state rm")
			contains(t, b.Destroy().String(), "Job Not Removed", "web page", "endpoint", "terraform state rm")
			if b.State.IsNull() {
				t.Error("the job is forgotten")
			}
		})
	}
}

// A creation without a clear answer is searched for until it is too old to show up. Then a
// warning says that no job was found.
func TestLostCreationEndsWithAWarning(t *testing.T) {
	for name, gives := range map[string]func(*bench) acctest.Diagnostics{"refresh": (*bench).refreshed, "destroy": (*bench).destroyed} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, sandbox.CloudAutomator{}, hasty())
			b.s.Inject(sandbox.Fault{Operation: "CreateJob", Kind: sandbox.KindDropBefore, Times: 1})
			b.refused(nightly, "Outcome of the Creation Unknown")
			search := func(begun time.Time) (lists int) {
				t.Helper()
				one := b.On(b.Provider)
				(&bench{one, t, b.s, false}).begun(begun)
				b.s.ResetRequestLog()
				policy := acctest.Quick()
				policy.FirstPause, policy.LongestPause, policy.UnreachableTimeout = 10*time.Millisecond, 10*time.Millisecond, 200*time.Millisecond
				one = one.On(acctest.StartProvider(t, acctest.Block(b.s.URL()), provider.WithPolicy(policy)))
				diags := gives(&bench{one, t, b.s, false})
				if diags.HasError() || !one.State.IsNull() {
					t.Fatalf("the state is %s: %s", one.State, diags)
				}
				contains(t, diags.String(), "Created Job Not Found", "(creation ", "console")
				return b.s.Count("ListJobs")
			}
			// The old one is searched for during 20 pauses, and the young one also until it is
			// twice as old as that.
			if lists := search(time.Now().Add(-time.Hour)); lists < 10 || lists > 40 {
				t.Errorf("an old creation is searched for in %d lists", lists)
			}
			began := time.Now()
			search(began)
			if ended := time.Since(began); ended < 400*time.Millisecond {
				t.Errorf("a creation is searched for until %s after it began, want 400 ms", ended)
			}
			b.apply(nightly)
			b.settled(nightly)
		})
	}
}

// A job whose creation was not finished is as young as any other job: lagging reads do not
// make it gone.
func TestUnfinishedCreationIsNotGone(t *testing.T) {
	for _, drop := range []string{"UpdateJob", "CreateJob"} {
		t.Run(drop, func(t *testing.T) {
			const lag = 2 * time.Second
			var passed atomic.Int64
			s := acctest.Sandbox(t, sandbox.Options{ReadLag: lag, Now: func() time.Time { return time.Now().Add(time.Duration(passed.Load())) }})
			b := &bench{acctest.StartProvider(t, acctest.Block(s.URL()), hasty()).Resource(jobType), t, s, false}
			if drop == "CreateJob" {
				// The list shows the change before the read of the job.
				s.Inject(sandbox.Fault{Operation: "CreateJob", Kind: sandbox.KindDropAfter, Times: 1})
				s.Hook("ListJobs", func() { passed.Add(int64(lag)) }, func() { passed.Add(-int64(lag)) })
			}
			s.Inject(sandbox.Fault{Operation: "UpdateJob", Kind: sandbox.KindRefuse})
			b.refused(nightly, "tainted")
			s.ClearFaults()
			s.Hook("ListJobs", nil, nil)
			id := b.only().ID
			if b.String("id") != id {
				t.Fatalf("the state is %s", b.State)
			}
			b.Resource = b.On(acctest.StartProvider(t, acctest.Block(s.URL()), hasty()))
			reads := 0
			s.Hook("GetJob", func() {
				if reads++; reads > 2 {
					passed.Add(int64(lag))
				}
			}, nil)
			if diags := b.Refresh(); diags.HasError() || b.String("id") != id {
				t.Errorf("the state is %s: %s", b.State, diags)
			}
		})
	}
}

// begun changes the private state as if the creation had begun at another time.
func (b *bench) begun(at time.Time) {
	b.t.Helper()
	stored := b.Stored()
	var private map[string][]byte
	if err := json.Unmarshal(stored.Private, &private); err != nil {
		b.t.Fatal(err)
	}
	var job map[string]any
	if err := json.Unmarshal(private["job"], &job); err != nil {
		b.t.Fatal(err)
	}
	job["begun"] = at
	private["job"] = []byte(encoded(b.t, job))
	stored.Private = []byte(encoded(b.t, private))
	if diags := b.Upgrade(stored); diags.HasError() {
		b.t.Fatal(diags)
	}
}

// A job that is created in the place of one that is gone is changed later than it was
// created, by the times of the service: else nothing would tell of it if the provider were
// killed then.
func TestJobInPlaceOfALostOneIsTold(t *testing.T) {
	for range 20 {
		b := newBench(t, sandbox.CloudAutomator{}, hasty())
		b.created(nightly)
		other := acctest.StartProvider(t, acctest.Block(b.s.URL())).Resource(jobType)
		if diags := other.Apply(nightly.With(acctest.Values{"rotation_triggers": acctest.Values{"month": "1"}})); diags.HasError() {
			t.Fatal(diags)
		}
		if diags := other.Apply(nightly.With(acctest.Values{"rotation_triggers": acctest.Values{"month": "2"}})); diags.HasError() {
			t.Fatal(diags)
		}
		b.s.RemoveTriggerJob(b.String("id"))
		contains(t, b.Refresh().String(), "Job Is Gone", other.String("id"))
		if diags := b.Apply(nightly); diags.HasError() {
			t.Fatal(diags)
		}
		job, _ := b.s.TriggerJob(b.String("id"))
		if created, updated := job.Attributes.CreatedAt.UnixMilli(), job.Attributes.UpdatedAt.UnixMilli(); updated <= created {
			t.Fatalf("job %s was created at %d and changed at %d", job.ID, created, updated)
		}
	}
}

// A creation without a clear answer, whose private state is lost, has no suffix: no job of
// the account is taken for it, and none is removed.
func TestForgottenCreationTakesNoJob(t *testing.T) {
	for _, refresh := range []bool{true, false} {
		for _, jobs := range []int{1, 2} {
			b := newBench(t, sandbox.CloudAutomator{}, hasty())
			b.s.Inject(sandbox.Fault{Operation: "CreateJob", Kind: sandbox.KindDropBefore, Times: 1})
			b.refused(nightly, "Outcome of the Creation Unknown")
			for range jobs {
				b.s.AddTriggerJob(sandbox.TriggerJob{Name: "somebody's"})
			}
			before := fmt.Sprint(b.s.TriggerJobs())
			b.Forget()
			var diags acctest.Diagnostics
			if refresh {
				diags = b.Refresh()
			} else {
				diags = b.Destroy()
			}
			if now := fmt.Sprint(b.s.TriggerJobs()); diags.HasError() || !b.State.IsNull() || now != before {
				t.Errorf("refresh %t: the jobs were %s and are %s, the state is %s: %s", refresh, before, now, b.State, diags)
			}
			contains(t, diags.String(), "Created Job Not Found")
		}
	}
}

// A job that shows up after its creation was given up is rotated like any other: the update
// finds it by its suffix.
func TestLateJobIsRotated(t *testing.T) {
	b := lateJob(t, nightly)
	old := b.of(b.only())
	changed := nightly.With(acctest.Values{"rotation_triggers": acctest.Values{"r": "1"}})
	b.apply(changed)
	b.dead(old)
	b.settled(changed)
}

// lateJob returns a bench whose job was created without a clear answer, was not found, and
// is to be kept.
func lateJob(t *testing.T, config acctest.Values) *bench {
	t.Helper()
	b := newBench(t, sandbox.CloudAutomator{}, hasty())
	b.s.Inject(sandbox.Fault{Operation: "CreateJob", Kind: sandbox.KindDropAfter, Times: 1})
	b.s.Inject(sandbox.Fault{Operation: "ListJobs", Kind: sandbox.KindErrorBefore})
	b.refused(config, "Outcome of the Creation Unknown")
	b.s.ClearFaults()
	b.Tainted = false
	return b
}

// The run of trigger_on_apply is due until the job is found, and is made once.
func TestLateJobIsRun(t *testing.T) {
	for _, refresh := range []bool{false, true} {
		config := nightly.With(acctest.Values{"trigger_on_apply": true})
		b := lateJob(t, config)
		if refresh {
			b.refreshed()
		}
		b.apply(config)
		b.apply(config)
		if runs := b.s.Count("TriggerJob"); runs != 1 || b.String("rotated_at") == "" {
			t.Errorf("refresh %t: %d runs, rotated at %q", refresh, runs, b.String("rotated_at"))
		}
		b.settled(config)
	}
}

// A search that is cut off does not show that there is no job.
func TestSearchThatIsCutOffForgetsNothing(t *testing.T) {
	b := newBench(t, sandbox.CloudAutomator{})
	b.s.Inject(sandbox.Fault{Operation: "CreateJob", Kind: sandbox.KindDropBefore, Times: 1})
	b.s.Inject(sandbox.Fault{Operation: "ListJobs", Kind: sandbox.KindErrorBefore})
	b.refused(nightly.With(acctest.Values{"timeouts": acctest.Values{"create": acctest.BriefTimeout, "read": "20ms", "delete": "20ms"}}), "Outcome of the Creation Unknown")
	b.s.ClearFaults()
	b.Resource = b.On(acctest.StartProvider(t, acctest.Block(b.s.URL()))) // Its clock is not ahead.
	if diags := b.Refresh(); !diags.HasError() || b.State.IsNull() {
		t.Errorf("the refresh left %s, and said %s", b.State, diags)
	}
	if diags := b.Destroy(); !diags.HasError() || b.State.IsNull() {
		t.Errorf("the destroy left %s, and said %s", b.State, diags)
	}
}
