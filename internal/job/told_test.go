package job_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// paused is a job that looks like the job that the test creates without a request.
var paused = acctest.Values{"name": "pause", "group_id": 1, "action_type": "delay", "action_value": `{"delay_minutes": 1}`}

// Each refresh and plan reports an interrupted rotation, also the plan of a destroy, with
// the ids of the existing jobs. The last two requests of a rotation leave a job without a
// suffix: all of them name it, and leave it alone.
func TestUnfinishedRotationIsTold(t *testing.T) {
	// The requests are GetJob, ListJobs, UpdateJob, GetJob, CreateJob, GetJob, DeleteJob,
	// ListJobs, UpdateJob and GetJob.
	for name, c := range map[string]struct {
		at   int
		says string
		// left is how many jobs a destroy leaves.
		left int
	}{
		"successor made":       {4, "Rotation Not Finished", 0},
		"successor read":       {5, "Rotation Not Finished", 0},
		"predecessor removed":  {6, "Rotation Not Finished", 0},
		"twins looked for":     {7, "Rotation Not Finished", 0},
		"name given":           {8, "Job Is Gone", 1},
		"name given, and read": {9, "Job Is Gone", 1},
	} {
		for _, refresh := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, refresh %t", name, refresh), func(t *testing.T) {
				t.Parallel()
				b := newBench(t, sandbox.CloudAutomator{})
				b.created(nightly)
				config := nightly.With(acctest.Values{"rotation_triggers": acctest.Values{"month": "2"}})
				b.killedAt(c.at, true, config)
				b.Resource = b.On(acctest.StartProvider(t, acctest.Block(b.s.URL())))
				jobs := b.s.TriggerJobs()
				successor := jobs[len(jobs)-1]
				if refresh {
					for range 2 {
						contains(t, b.Refresh().String(), c.says, "job "+b.String("id"), successor.ID)
					}
					_, diags := b.Plan(config)
					contains(t, diags.String(), c.says, "job "+b.String("id"), successor.ID, "An apply")
				}
				b.s.ResetRequestLog()
				diags := b.Destroy()
				if refresh || c.left > 0 {
					contains(t, diags.String(), c.says, successor.ID, "A destroy removes")
				}
				if left := b.s.TriggerJobs(); diags.HasError() || len(left) != c.left || !b.State.IsNull() || b.s.Count("UpdateJob")+b.s.Count("CreateJob") > 0 {
					t.Errorf("left are %+v: %s", left, diags)
				}
			})
		}
	}
}

// Two jobs have the suffix of a creation without an answer. The provider adopts, changes,
// runs and removes neither of them, and names both.
func TestSeveralJobsOfOneCreation(t *testing.T) {
	lost := func(t *testing.T) (*bench, []string) {
		b := newBench(t, sandbox.CloudAutomator{}, hasty())
		b.s.Inject(sandbox.Fault{Operation: "CreateJob", Kind: sandbox.KindDropAfter, Times: 1})
		b.s.Inject(sandbox.Fault{Operation: "ListJobs", Kind: sandbox.KindErrorBefore})
		b.refused(paused, "Outcome of the Creation Unknown")
		b.s.ClearFaults()
		first := b.only()
		second := b.s.AddTriggerJob(sandbox.TriggerJob{Name: first.Attributes.Name})
		b.Resource = b.On(acctest.StartProvider(t, acctest.Block(b.s.URL())))
		b.s.ResetRequestLog()
		return b, []string{"Several Jobs Match", first.ID, second.ID, "console"}
	}
	untouched := func(b *bench, jobs int) {
		b.t.Helper()
		if b.s.Count("UpdateJob")+b.s.Count("DeleteJob") > 0 || len(b.s.TriggerJobs()) != jobs {
			b.t.Errorf("the requests were %q, the jobs are %+v", b.made(), b.s.TriggerJobs())
		}
	}
	t.Run("update", func(t *testing.T) {
		b, says := lost(t)
		contains(t, b.Refresh().String(), says...)
		if b.State.IsNull() || b.String("id") != "" {
			t.Fatalf("the state is %s", b.State)
		}
		b.Tainted = false
		_, diags := b.Plan(paused)
		contains(t, diags.String(), says...)
		b.refused(paused, says...)
		untouched(b, 2)
		b.s.RemoveTriggerJob(says[2])
		contains(t, b.Refresh().String(), "Job Found", says[1])
		b.apply(paused)
		b.settled(paused)
	})
	t.Run("destroy", func(t *testing.T) {
		for _, refresh := range []bool{true, false} {
			b, says := lost(t)
			if refresh {
				contains(t, b.Refresh().String(), says...)
			}
			contains(t, b.Destroy().String(), says...)
			if untouched(b, 2); !b.State.IsNull() {
				t.Errorf("the state is %s", b.State)
			}
		}
	})
	t.Run("replace", func(t *testing.T) {
		b, says := lost(t)
		contains(t, b.Refresh().String(), says...)
		b.Tainted = true
		if diags := b.Apply(paused); diags.HasError() {
			t.Fatal(diags)
		}
		if len(b.s.TriggerJobs()) != 3 || b.s.Count("DeleteJob") > 0 {
			t.Errorf("the requests were %q", b.made())
		}
		b.idle(paused)
	})
	t.Run("create", func(t *testing.T) {
		b := newBench(t, sandbox.CloudAutomator{}, hasty())
		b.s.Hook("ListJobs", func() {
			b.s.Hook("ListJobs", nil, nil)
			b.s.AddTriggerJob(sandbox.TriggerJob{Name: b.only().Attributes.Name})
		}, nil)
		b.s.Inject(sandbox.Fault{Operation: "CreateJob", Kind: sandbox.KindDropAfter, Times: 1})
		diags := b.refused(paused, "Outcome of the Creation Unknown", "several jobs")
		for _, job := range b.s.TriggerJobs() {
			contains(t, diags.String(), job.ID)
		}
		if untouched(b, 2); !b.Tainted || b.String("id") != "" {
			t.Errorf("the state is %s", b.State)
		}
	})
}

// Two jobs have the suffix of an interrupted rotation. The rotation does not continue while
// nothing distinguishes them.
func TestSeveralSuccessors(t *testing.T) {
	for name, at := range map[string]int{"the job is there": 4, "the job is removed": 6, "the successor is recorded": -1} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, sandbox.CloudAutomator{}, hasty())
			b.created(paused)
			id, config := b.String("id"), paused.With(acctest.Values{"rotation_triggers": acctest.Values{"month": "2"}})
			if at < 0 {
				b.s.Inject(sandbox.Fault{Operation: "DeleteJob", Kind: sandbox.KindRefuse, Times: 1})
				b.refused(config, "Job Not Removed")
			} else {
				b.killedAt(at, true, config)
			}
			jobs := b.s.TriggerJobs()
			successor := jobs[len(jobs)-1]
			twin := b.s.AddTriggerJob(sandbox.TriggerJob{Name: successor.Attributes.Name})
			before := fmt.Sprint(b.s.TriggerJobs())
			says := []string{"Several Jobs Match", twin.ID, successor.ID, "console"}
			contains(t, b.Refresh().String(), says...)
			_, diags := b.Plan(config)
			contains(t, diags.String(), says...)
			b.refused(config, says...)
			if now := fmt.Sprint(b.s.TriggerJobs()); now != before {
				t.Errorf("the jobs were %s and are %s", before, now)
			}
			gone := b.On(acctest.StartProvider(t, acctest.Block(b.s.URL())))
			b.s.RemoveTriggerJob(twin.ID)
			if diags := b.Refresh(); diags.HasError() {
				t.Fatal(diags)
			}
			b.apply(config)
			b.settled(config)
			// A state that has not seen this names the jobs that it leaves.
			b.s.AddTriggerJob(sandbox.TriggerJob{ID: "x", Name: "a (successor of job " + id + ")"})
			b.s.AddTriggerJob(sandbox.TriggerJob{ID: "y", Name: "b (successor of job " + id + ")"})
			if at >= 0 {
				contains(t, gone.Destroy().String(), "Several Jobs Match", "x, y")
			}
			if len(b.s.TriggerJobs()) != 3 {
				t.Errorf("left are %+v", b.s.TriggerJobs())
			}
		})
	}
}

// The error names what a successor cannot get, also inside rule_value, and no rotation
// loses it.
func TestTriggerWithMoreThanASuccessorCarries(t *testing.T) {
	config := nightly.With(acctest.Values{"rotation_triggers": acctest.Values{"month": "1"}})
	b := newBench(t, sandbox.CloudAutomator{ExtraRule: map[string]any{"allowed_networks": []any{"10.0.0.0/8"}, "nothing": ""}})
	b.created(nightly)
	id := b.String("id")
	b.refused(config, "Job Not Rotated", "rule_value.allowed_networks", "Update")
	if b.only().ID != id || b.s.Count("CreateJob") > 0 {
		t.Errorf("the requests were %q", b.made())
	}
	// Only the successor shows whether its time zone is the same. It is removed again.
	b = newBench(t, sandbox.CloudAutomator{})
	b.created(nightly)
	before := b.held()
	b.s.MoveTriggerJob(b.String("id"), "Honolulu")
	if diags := b.Refresh(); len(diags) > 0 {
		t.Fatal(diags)
	}
	for range 2 {
		b.refused(config, "Job Not Rotated", "rule_value.time_zone")
		if b.held() != before || b.of(b.only()) != before || b.only().ID != b.String("id") {
			t.Errorf("the state is %s, the job %+v", b.State, b.only())
		}
		if diags := b.Refresh(); len(diags) > 0 {
			t.Fatal(diags)
		}
	}
	b.s.RotateTriggerJob(b.String("id"))
	b.s.MoveTriggerJob(b.String("id"), "Tokyo")
	if diags := b.Refresh(); len(diags) > 0 {
		t.Fatal(diags)
	}
	b.apply(config)
	b.settled(config)
}

// rotated_at has one format, whatever has rotated.
func TestRotatedAtHasOneFormat(t *testing.T) {
	format := regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)
	eachKind(t, func(t *testing.T, b *bench) {
		last := ""
		holds := func(what string) {
			t.Helper()
			now := b.String("rotated_at")
			if at, err := time.Parse(time.RFC3339, now); err != nil || !format.MatchString(now) || time.Since(at).Abs() > time.Hour || now < last {
				t.Errorf("after %s, rotated_at is %q, and was %q", what, now, last)
			}
			last = now
		}
		b.apply(nightly)
		holds("the creation")
		b.s.RotateTriggerJob(b.String("id"))
		if diags := b.Refresh(); len(diags) > 0 {
			t.Fatal(diags)
		}
		holds("a rotation in the console")
		b.apply(nightly.With(acctest.Values{"rotation_triggers": acctest.Values{"month": "2"}}))
		holds("a rotation")
	})
}

// The endpoint leads to another API, which answers in JSON. The error is not about the
// job's id: it names the endpoint and where it was set.
func TestEndpointOfAnotherAPI(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
	}{
		"not found": {404, `{"message": "no such route"}`}, "empty": {404, `{}`}, "not allowed": {405, `{"error": "method"}`}, "success": {200, `{"status": "ok"}`},
	} {
		t.Run(name, func(t *testing.T) {
			posts := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost {
					posts++
				}
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			}))
			t.Cleanup(server.Close)
			t.Setenv("CLOUD_AUTOMATOR_API_ENDPOINT", server.URL+"/other/v2")
			p := acctest.StartProvider(t, acctest.Values{"cloud_automator": acctest.Values{"api_key": "sandbox-api-key"}}, hasty())
			blames := func(what string, diags acctest.Diagnostics) {
				t.Helper()
				if !diags.HasError() || strings.Contains(diags.String(), "job's id") {
					t.Errorf("%s: said %s", what, diags)
				}
				contains(t, diags.String(), "There may be no job API at this address", server.URL+"/other/v2", "CLOUD_AUTOMATOR_API_ENDPOINT in the environment")
			}
			r := p.Resource(jobType)
			blames("a creation", r.Apply(nightly))
			if posts != 1 {
				t.Errorf("%d requests to create a job were made", posts)
			}
			blames("an import", p.Resource(jobType).Import("4711"))
			_, diags := p.List(jobType, acctest.Values{}, false, 0)
			blames("a list", diags)
			// A recorded job does not count as gone.
			b := newBench(t, sandbox.CloudAutomator{})
			b.created(nightly)
			elsewhere := b.On(p)
			blames("a refresh", elsewhere.Refresh())
			blames("an update", elsewhere.Apply(nightly.With(acctest.Values{"name": "weekly"})))
			blames("a destroy", elsewhere.Destroy())
			if elsewhere.State.IsNull() {
				t.Error("the job is forgotten")
			}
		})
	}
}
