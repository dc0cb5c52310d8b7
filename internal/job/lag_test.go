package job_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/provider"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// A job that was just created is planned, read and run at once, while reads do not show it
// yet. It is not removed from the state, created again, or reported as missing.
func TestJobIsUsedWhileReadsLag(t *testing.T) {
	for name, use := range map[string]func(b *bench) acctest.Diagnostics{
		"refresh and plan": func(b *bench) acctest.Diagnostics {
			before := b.State
			diags := b.Refresh()
			plan, planned := b.Plan(nightly)
			if !b.State.Equal(before) || !plan.Planned.Equal(before) {
				b.t.Errorf("the state was %s, is %s, and is planned as %s", before, b.State, plan.Planned)
			}
			return append(diags, planned...)
		},
		"refresh in another run": func(b *bench) acctest.Diagnostics {
			before := b.State
			b.Resource = b.On(acctest.StartProvider(b.t, acctest.Block(b.s.URL())))
			diags := b.Refresh()
			if !b.State.Equal(before) {
				b.t.Errorf("the state was %s and is %s", before, b.State)
			}
			return diags
		},
		"a trigger by job_id": func(b *bench) acctest.Diagnostics {
			diags := b.Provider.Resource("signal_http_trigger").Apply(acctest.Values{"job_id": b.String("id")})
			if runs := len(b.only().Runs); runs != 1 {
				b.t.Errorf("the job ran %d times", runs)
			}
			return diags
		},
		"an ephemeral job": func(b *bench) acctest.Diagnostics {
			found, diags := b.Open(jobType, acctest.Values{"id": b.String("id")})
			if found["url"] != b.String("url") || found["access_token"] != b.String("access_token") {
				b.t.Errorf("found %v", found)
			}
			return diags
		},
		"an update": func(b *bench) acctest.Diagnostics {
			config := nightly.With(acctest.Values{"name": "weekly"})
			diags := b.Apply(config)
			b.settled(config)
			return diags
		},
		"a destroy": func(b *bench) acctest.Diagnostics {
			diags := b.Destroy()
			if left := b.s.TriggerJobs(); len(left) > 0 {
				b.t.Errorf("left are %+v", left)
			}
			return diags
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const lag = 2 * time.Second
			var passed atomic.Int64
			s := acctest.Sandbox(t, sandbox.Options{
				ReadLag: lag, Now: func() time.Time { return time.Now().Add(time.Duration(passed.Load())) },
				CloudAutomator: sandbox.CloudAutomator{PatchRotates: true},
			})
			b := &bench{acctest.StartProvider(t, acctest.Block(s.URL())).Resource(jobType), t, s, true}
			b.apply(nightly)
			if _, there := s.TriggerJob(b.String("id")); !there || s.Count("CreateJob") != 1 {
				t.Fatalf("the requests were %q", b.made())
			}
			// The third read after this shows the job.
			reads := 0
			s.Hook("GetJob", func() {
				if reads++; reads > 2 {
					passed.Add(int64(lag))
				}
			}, nil)
			if diags := use(b); len(diags) > 0 {
				t.Error(diags)
			}
			if s.Count("CreateJob") != 1 {
				t.Errorf("the requests were %q", b.made())
			}
		})
	}
}

// A web page with a refusal is an answer: the provider does not repeat the request, records
// nothing, and does not report an unknown outcome. The error names the endpoint, the key
// and proxies.
func TestPagesThatRefuse(t *testing.T) {
	for _, status := range []int{401, 403, 413} {
		for operation, does := range map[string]func(b *bench) acctest.Diagnostics{
			"CreateJob": func(b *bench) acctest.Diagnostics { return b.Provider.Resource(jobType).Apply(nightly) },
			"GetJob":    (*bench).refreshed,
			"UpdateJob": func(b *bench) acctest.Diagnostics { return b.Apply(nightly.With(acctest.Values{"name": "weekly"})) },
			"DeleteJob": (*bench).destroyed,
			"ListJobs":  (*bench).destroyed,
		} {
			t.Run(fmt.Sprintf("%d to %s", status, operation), func(t *testing.T) {
				t.Parallel()
				b := newBench(t, sandbox.CloudAutomator{})
				b.created(nightly)
				before, jobs := b.State, fmt.Sprint(b.s.TriggerJobs())
				b.s.Inject(sandbox.Fault{Operation: operation, Kind: sandbox.KindHTML, Status: status})
				diags := does(b)
				if !diags.HasError() || len(diags) != 1 || strings.Contains(diags.String(), "nknown") {
					t.Errorf("said %s", diags)
				}
				contains(t, diags.String(), fmt.Sprintf("HTTP %d", status), "web page", b.s.URL(), "CLOUD_AUTOMATOR_API_ENDPOINT", "API key", "prox")
				if b.s.Count(operation) != 1 || !b.State.Equal(before) || fmt.Sprint(b.s.TriggerJobs()) != jobs {
					t.Errorf("the state is %s, the requests were %q", b.State, b.made())
				}
			})
		}
	}
}

// The answer to the creation of a successor is lost, and lists do not show the successor
// until long after. The next operation waits for it, so it does not stay behind with live
// credentials.
func TestLateSuccessorIsFoundAgain(t *testing.T) {
	config := nightly.With(acctest.Values{"rotation_triggers": acctest.Values{"month": "2"}})
	for name, next := range map[string]func(b *bench){
		"apply without a refresh": func(b *bench) { b.apply(config); b.settled(config) },
		"refresh": func(b *bench) {
			contains(b.t, b.Refresh().String(), "Rotation Not Finished", "its successor was created")
			b.apply(config)
			b.settled(config)
		},
		"taken back": func(b *bench) {
			b.Refresh()
			b.apply(nightly)
			b.settled(nightly)
		},
		"destroy": func(b *bench) {
			if diags := b.Destroy(); diags.HasError() || len(b.s.TriggerJobs()) > 0 {
				b.t.Errorf("left are %+v: %s", b.s.TriggerJobs(), diags)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, moves := lagging(t, 45*time.Second)
			first, passed := b.held(), moves(1)
			b.s.Inject(sandbox.Fault{Operation: "CreateJob", Kind: sandbox.KindDropAfter, Times: 1})
			id := b.String("id")
			b.refused(config, "Job Not Rotated", "unknown whether", `" (successor of job `+id+`)"`, "console")
			if len(b.s.TriggerJobs()) != 2 || b.String("id") != id {
				t.Fatalf("the state is %s, the jobs are %+v", b.State, b.s.TriggerJobs())
			}
			lists := 0
			b.s.Hook("CreateJob", nil, passed)
			b.s.Hook("ListJobs", func() {
				if lists++; lists == 3 {
					passed()
				}
			}, nil)
			b.Resource = b.On(acctest.StartProvider(t, acctest.Block(b.s.URL()), patient()))
			b.s.ResetRequestLog()
			next(b)
			if b.s.Count("CreateJob") > 0 {
				t.Errorf("the requests were %q", b.made())
			}
			if status := first.run(t); name != "destroy" && status != 404 {
				t.Errorf("the old credentials answer %d", status)
			}
		})
	}
}

// A kill leaves nothing that tells of a successor which lists do not show yet. So before the
// suffix is removed from the name of another one, the provider looks for the first one again.
func TestTwinsAreFoundBeforeTheSuffixIsRemoved(t *testing.T) {
	b, moves := lagging(t, 45*time.Second)
	config, passed := nightly.With(acctest.Values{"rotation_triggers": acctest.Values{"month": "2"}}), moves(1)
	b.killedAt(4, true, config)
	jobs := b.s.TriggerJobs()
	if len(jobs) != 2 {
		t.Fatalf("the jobs are %+v", jobs)
	}
	b.s.Hook("CreateJob", nil, passed)
	diags := b.refused(config, "Several Jobs Match", jobs[1].ID)
	if len(b.s.TriggerJobs()) != 2 || b.String("id") == jobs[0].ID || b.String("id") == jobs[1].ID {
		t.Fatalf("the state is %s, the jobs are %+v: %s", b.State, b.s.TriggerJobs(), diags)
	}
	b.refused(config, "Several Jobs Match", jobs[1].ID)
	b.s.RemoveTriggerJob(jobs[1].ID)
	passed()
	if diags := b.Refresh(); diags.HasError() {
		t.Fatal(diags)
	}
	b.apply(config)
	b.settled(config)
}

// lagging returns a job in a sandbox whose reads lag behind, and a function that moves the
// time of the sandbox by that lag. After the change of a job the time moves on by itself.
func lagging(t *testing.T, lag time.Duration) (b *bench, moves func(lags int) func()) {
	t.Helper()
	var passed atomic.Int64
	moves = func(lags int) func() { return func() { passed.Add(int64(lags) * int64(lag)) } }
	s := acctest.Sandbox(t, sandbox.Options{ReadLag: lag, Now: func() time.Time { return time.Now().Add(time.Duration(passed.Load())) }})
	b = &bench{acctest.StartProvider(t, acctest.Block(s.URL()), hasty()).Resource(jobType), t, s, false}
	s.Hook("UpdateJob", nil, moves(1))
	b.created(nightly)
	return b, moves
}

// patient is a provider for which a job that was created a minute ago may not be shown yet.
func patient() provider.Option {
	policy := acctest.Quick()
	policy.UnreachableTimeout = 30 * time.Second
	policy.Clock = acctest.NewPauseClock(time.Minute)
	return provider.WithPolicy(policy)
}

// A job that has just replaced another one, and that lagging reads do not show yet, is not
// gone: no further job is created, and none is forgotten.
func TestJobBesideItsPredecessorIsNotGone(t *testing.T) {
	for name, refresh := range map[string]bool{"an apply": false, "a refresh": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, moves := lagging(t, 45*time.Second)
			config, first := nightly.With(acctest.Values{"rotation_triggers": acctest.Values{"month": "2"}}), b.held()
			b.s.Hook("CreateJob", nil, moves(1))
			b.predecessorStays(config)
			second, reads := b.String("id"), 0
			b.Resource = b.On(acctest.StartProvider(t, acctest.Block(b.s.URL()), hasty()))
			// The first reads show what was there before the successor.
			moves(-1)()
			b.s.Hook("GetJob", func() {
				if reads++; reads == 3 {
					moves(1)()
				}
			}, nil)
			if refresh {
				if diags := b.Refresh(); diags.HasError() {
					t.Error(diags)
				}
			}
			b.apply(config)
			if b.String("id") != second || first.run(t) != 404 {
				t.Errorf("job %s became %s", second, b.String("id"))
			}
			b.settled(config)
		})
	}
}
