package job_test

import (
	"fmt"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// settingServices are services that fill in the settings that a creation leaves out. Some
// of them ignore a change of allow_runtime_action_values.
var settingServices = map[string]sandbox.CloudAutomator{
	"honours":           {RuntimeValues: true, PostProcesses: []int{7}},
	"honours, rotates":  {RuntimeValues: true, PostProcesses: []int{7}, PatchRotates: true},
	"ignores":           {RuntimeValues: true, PostProcesses: []int{7}, IgnoresRuntimeValues: true},
	"shows always true": {Extra: map[string]any{"allow_runtime_action_values": true}},
}

// An argument that was never set is left to the service. Whatever the service fills in, and
// whatever somebody changes later, an unchanged configuration changes nothing.
func TestUnsetArgumentIsLeftToTheService(t *testing.T) {
	for name, kind := range settingServices {
		for from, begin := range map[string]func(b *bench){
			"create": func(b *bench) { b.apply(nightly) },
			"import": func(b *bench) {
				maker := b.Provider.Resource(jobType)
				if diags := maker.Apply(nightly); len(diags) > 0 {
					b.t.Fatal(diags)
				}
				if diags := b.Import(maker.String("id")); len(diags) > 0 {
					b.t.Fatal(diags)
				}
			},
			"import, and an option": func(b *bench) {
				maker := b.Provider.Resource(jobType)
				if diags := maker.Apply(nightly); len(diags) > 0 {
					b.t.Fatal(diags)
				}
				if diags := b.Import(maker.String("id")); len(diags) > 0 {
					b.t.Fatal(diags)
				}
				b.apply(nightly.With(acctest.Values{"timeouts": acctest.Values{"update": "5m"}}))
				b.apply(nightly)
			},
			"update": func(b *bench) {
				b.apply(nightly.With(acctest.Values{"name": "weekly"}))
				b.apply(nightly)
			},
			"move": func(b *bench) {
				maker := b.Provider.Resource(jobType)
				if diags := maker.Apply(nightly); len(diags) > 0 {
					b.t.Fatal(diags)
				}
				region := map[string]any{"region": "ap-northeast-1"}
				v := vendors{block: region, state: region, job: nightly.With(acctest.Values{"action_value": nil, "allow_runtime_action_values": true})}
				if diags := b.Move(vendor, "cloudautomator_job", 0, v.recorded(b.t, b.only())); len(diags) > 0 {
					b.t.Fatal(diags)
				}
				if diags := b.Refresh(); diags.HasError() {
					b.t.Fatal(diags)
				}
			},
		} {
			t.Run(fmt.Sprintf("%s, %s", name, from), func(t *testing.T) {
				t.Parallel()
				b := newBench(t, kind)
				begin(b)
				job, rotations := b.only(), b.only().Rotations
				idle := func() {
					t.Helper()
					b.s.ResetRequestLog()
					for range 2 {
						if diags := b.Refresh(); len(diags) > 0 {
							t.Fatal(diags)
						}
						b.idle(nightly)
						b.apply(nightly)
					}
					if now := b.only(); now.ID != job.ID || now.Rotations != rotations || b.s.Count("UpdateJob") > 0 {
						t.Errorf("job %s is job %s, the requests were %q", job.ID, now.ID, b.made())
					}
				}
				idle()
				// Somebody changes a setting that the configuration does not have.
				hand := b.On(acctest.StartProvider(t, acctest.Block(b.s.URL())))
				if diags := hand.Apply(nightly.With(acctest.Values{"completed_post_process_id": []any{8, 9}, "rotate_on_update": false})); diags.HasError() {
					t.Fatal(diags)
				}
				job, rotations = b.only(), b.only().Rotations
				idle()
			})
		}
	}
}

// An argument that is removed from the configuration is reset, once, with a warning if the
// service ignores that.
func TestArgumentThatIsSetNoMoreIsReset(t *testing.T) {
	for name, kind := range settingServices {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, kind)
			b.apply(nightly.With(acctest.Values{"allow_runtime_action_values": true, "completed_post_process_id": []any{8}}))
			diags := others(b.Apply(nightly))
			ignored := kind.IgnoresRuntimeValues && kind.PatchRotates || kind.Extra != nil
			if diags.HasError() || ignored && len(diags) != 1 {
				t.Fatalf("it said %s", diags)
			}
			job := b.only()
			if job.Attributes.CompletedPostProcessID == nil || len(job.Attributes.CompletedPostProcessID) > 0 {
				t.Errorf("the job has the post-processes %v", job.Attributes.CompletedPostProcessID)
			}
			for range 2 {
				if diags := b.Refresh(); len(diags) > 0 {
					t.Fatal(diags)
				}
				b.idle(nightly)
				b.apply(nightly)
			}
			if now := b.only(); now.ID != job.ID || now.Rotations != job.Rotations {
				t.Errorf("job %s is job %s", job.ID, now.ID)
			}
		})
	}
}
