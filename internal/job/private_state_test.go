package job_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// The state has the id of a predecessor that could not be removed. So it is removed by the
// next operation, although the suffix is gone from the job's name and the private state is
// lost. Otherwise the state has no predecessor, and no plan shows one.
func TestStateKnowsThePredecessorThatStays(t *testing.T) {
	for _, refresh := range []bool{true, false} {
		for _, destroy := range []bool{true, false} {
			t.Run(fmt.Sprintf("refresh %t, destroy %t", refresh, destroy), func(t *testing.T) {
				b := newBench(t, sandbox.CloudAutomator{}, hasty())
				b.created(nightly)
				first, old := b.String("id"), b.held()
				if b.String("predecessor_id") != "" {
					t.Errorf("the state is %s", b.State)
				}
				config := nightly.With(acctest.Values{"name": "weekly"})
				b.predecessorStays(config)
				b.s.RenameTriggerJob(b.String("id"), "by hand")
				b.Forget()
				if refresh {
					contains(t, b.Refresh().String(), "Rotation Not Finished", "job "+first)
				}
				if b.String("predecessor_id") != first {
					t.Errorf("the state is %s", b.State)
				}
				if destroy {
					if diags := others(b.Destroy()); len(diags) > 0 || len(b.s.TriggerJobs()) > 0 {
						t.Errorf("left are %+v: %s", b.s.TriggerJobs(), diags)
					}
					return
				}
				b.apply(config)
				b.dead(old)
				b.settled(config)
				if b.String("predecessor_id") != "" {
					t.Errorf("the state is %s", b.State)
				}
			})
		}
	}
}

// An update that cannot read the job does not forget its predecessor.
func TestFailedReadForgetsNoPredecessor(t *testing.T) {
	for _, operation := range []string{"GetJob", "ListJobs"} {
		b := newBench(t, sandbox.CloudAutomator{}, hasty())
		b.created(nightly)
		config := nightly.With(acctest.Values{"name": "weekly"})
		b.predecessorStays(config)
		b.s.RenameTriggerJob(b.String("id"), "by hand")
		b.s.Inject(sandbox.Fault{Operation: operation, Kind: sandbox.KindErrorBefore})
		b.refused(config)
		b.s.ClearFaults()
		b.apply(config)
		b.settled(config)
	}
}

// A private state that cannot be read, such as one of another version, prevents no
// operation. Its other members count.
func TestPrivateStateInAnotherForm(t *testing.T) {
	for name, text := range map[string]string{
		"a member": `{"drifted": {"name": true}}`, "a position": `{"situation": {"position": "only_predecessor_left"}}`, "a list": `[]`, "a text": `"remembered"`, "a time": `{"begun": "yesterday"}`,
	} {
		for does, do := range map[string]func(*bench) acctest.Diagnostics{
			"failing apply": func(b *bench) acctest.Diagnostics {
				b.s.Inject(sandbox.Fault{Operation: "GetJob", Kind: sandbox.KindRefuse})
				diags := b.refused(nightly.With(acctest.Values{"name": "weekly"}), "Job Not")
				b.s.ClearFaults()
				return slices.DeleteFunc(diags, func(d acctest.Diagnostic) bool { return d.Error })
			},
			"refresh": (*bench).refreshed, "destroy": (*bench).destroyed, "apply": func(b *bench) acctest.Diagnostics { return b.Apply(nightly) },
		} {
			t.Run(name+", "+does, func(t *testing.T) {
				b := newBench(t, sandbox.CloudAutomator{}, hasty())
				b.created(nightly)
				before := b.held()
				stored := b.Stored()
				var private map[string][]byte
				var job map[string]any
				if json.Unmarshal(stored.Private, &private) != nil || json.Unmarshal(private["job"], &job) != nil {
					t.Fatal("no private state")
				}
				if json.Unmarshal([]byte(text), &job) != nil {
					private["job"] = []byte(text)
				} else {
					private["job"] = []byte(encoded(t, job))
				}
				stored.Private = []byte(encoded(t, private))
				if diags := b.Upgrade(stored); diags.HasError() {
					t.Fatal(diags)
				}
				diags := do(b)
				if strings.Contains(diags.String(), "json:") {
					t.Errorf("the warning is in the words of encoding/json: %s", diags)
				}
				if diags.HasError() || does == "destroy" != (len(b.s.TriggerJobs()) == 0) {
					t.Errorf("%d jobs: %s", len(b.s.TriggerJobs()), diags)
				}
				if name != "a position" {
					contains(t, diags.String(), "Private State Not Read", "treated as lost")
				}
				if name == "a member" && does != "destroy" && b.held() != before {
					t.Error("the job was rotated")
				}
				if does != "destroy" {
					b.Refresh()
					b.apply(nightly)
					b.settled(nightly)
				}
			})
		}
	}
}

// Drift without what was asked for, as in a private state of another version, fails no
// refresh that finds a rotation.
func TestDriftWithoutWhatWasAsked(t *testing.T) {
	b := newBench(t, sandbox.CloudAutomator{}, hasty())
	b.created(nightly)
	stored := b.Stored()
	var private map[string][]byte
	var job map[string]any
	if json.Unmarshal(stored.Private, &private) != nil || json.Unmarshal(private["job"], &job) != nil {
		t.Fatal("no private state")
	}
	job["asked"], job["drifted"] = []any{}, []any{"name"}
	private["job"] = []byte(encoded(t, job))
	stored.Private = []byte(encoded(t, private))
	if diags := b.Upgrade(stored); diags.HasError() {
		t.Fatal(diags)
	}
	b.s.RotateTriggerJob(b.String("id"))
	if diags := b.Refresh(); diags.HasError() {
		t.Fatal(diags)
	}
	b.apply(nightly)
	b.settled(nightly)
}

// The first update after an import does not rotate. If it seems to be asked for a rotation,
// the plan says so.
func TestRotationAskedForAfterAnImportIsWarnedOf(t *testing.T) {
	b := newBench(t, sandbox.CloudAutomator{})
	b.created(nightly)
	imported := b.Provider.Resource(jobType)
	if diags := imported.Import(b.String("id")); len(diags) > 0 {
		t.Fatal(diags)
	}
	b.Resource = imported
	before := b.held()
	config := nightly.With(acctest.Values{"rotation_triggers": acctest.Values{"month": "1"}})
	// The plan of the import itself records what the configuration has.
	if _, diags := b.Plan(config); len(diags) > 0 {
		t.Errorf("the plan of the import says %s", diags)
	}
	b.idle(nightly)
	plan, diags := b.Plan(config)
	contains(t, diags.String(), "Triggers Recorded without a Rotation", "job "+b.String("id"), "another apply")
	if len(diags) != 1 || diags[0].Error || diags[0].Attribute != "rotation_triggers" || plan.Planned.IsNull() {
		t.Errorf("the plan says %s", diags)
	}
	if diags := b.Apply(config); diags.HasError() || b.held() != before {
		t.Errorf("rotated: %s", diags)
	}
	next := config.With(acctest.Values{"rotation_triggers": acctest.Values{"month": "2"}})
	b.apply(next)
	b.dead(before)
	b.settled(next)
}

// A real engine keeps the id of a predecessor that stays, and the next plan shows that it
// goes.
func TestAccStateKnowsThePredecessorThatStays(t *testing.T) {
	t.Parallel()
	s := acctest.Sandbox(t, sandbox.Options{})
	w := acctest.Terraform(t, s)
	write := func(name string) {
		w.Write(fmt.Sprintf(`
resource "signal_http_trigger_job" "it" {
  name           = %q
  group_id       = 10
  aws_account_id = 20
  action_type    = "stop_instances"
  action_value   = jsonencode({ region = "ap-northeast-1" })
}
`, name))
	}
	predecessor := func() any {
		t.Helper()
		return w.Resources()["signal_http_trigger_job.it"].AttributeValues["predecessor_id"]
	}
	write("nightly")
	if err := w.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	first := s.TriggerJobs()[0].ID
	if known := predecessor(); known != nil {
		t.Errorf("the predecessor is %v", known)
	}
	write("weekly")
	s.Inject(sandbox.Fault{Operation: "DeleteJob", Kind: sandbox.KindRefuse})
	if err := w.Apply(t.Context()); err == nil || !strings.Contains(acctest.Unwrapped(err), "Job Not Removed") {
		t.Errorf("the apply says %v", err)
	}
	if known := predecessor(); known != first {
		t.Errorf("the predecessor is %v", known)
	}
	s.ClearFaults()
	if err := w.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	if changes, err := w.Plan(t.Context()); err != nil || changes || predecessor() != nil || len(s.TriggerJobs()) != 1 {
		t.Errorf("the plan has changes: %t, %v; the predecessor is %v; the jobs are %+v", changes, err, predecessor(), s.TriggerJobs())
	}
}

// An update whose plan has not seen that the job is gone removes the predecessor, fails, and
// leaves nothing of both.
func TestJobIsRemovedBeforeItsPredecessor(t *testing.T) {
	b := newBench(t, sandbox.CloudAutomator{}, hasty())
	b.created(nightly)
	config := nightly.With(acctest.Values{"name": "weekly"})
	b.predecessorStays(config)
	b.s.RemoveTriggerJob(b.String("id"))
	b.refused(config, "Job Is Gone")
	if len(b.s.TriggerJobs()) > 0 || b.String("predecessor_id") != "" {
		t.Errorf("the jobs are %+v, the state is %s", b.s.TriggerJobs(), b.State)
	}
	b.Resource = b.On(acctest.StartProvider(t, acctest.Block(b.s.URL()), hasty()))
	if diags := b.Refresh(); diags.HasError() || !b.State.IsNull() {
		t.Errorf("the state is %s: %s", b.State, diags)
	}
	b.apply(config)
	b.settled(config)
}

// A member of action_value that an update no longer records is neither drift nor a change.
func TestMemberThatIsRecordedNoMoreDoesNotRotate(t *testing.T) {
	for name, more := range map[string]acctest.Values{"recorded": {"timeouts": acctest.Values{"update": "5m"}}, "not recorded": {}} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, sandbox.CloudAutomator{}, hasty())
			config := nightly.With(acctest.Values{"action_value": `{"region": "ap-northeast-1", "more": "x"}`})
			b.created(config)
			imported := b.Provider.Resource(jobType)
			if diags := imported.Import(b.String("id")); len(diags) > 0 {
				t.Fatal(diags)
			}
			b.Resource = imported
			config["action_value"], config["rotation_triggers"] = b.String("action_value"), acctest.Values{"month": "1"}
			b.apply(config)
			b.s.ResetRequestLog()
			config = config.With(acctest.Values{"action_value": `{"region": "ap-northeast-1"}`}).With(more)
			for range 2 {
				b.apply(config)
				b.idle(config)
			}
			if updates := b.s.Count("UpdateJob"); updates > 0 {
				t.Errorf("the requests were %q", b.made())
			}
			// Somebody changes a member that the user still sets.
			id, before := b.String("id"), b.held()
			other := b.On(acctest.StartProvider(t, acctest.Block(b.s.URL())))
			if diags := other.Apply(config.With(acctest.Values{"action_value": `{"region": "us-east-1"}`, "rotate_on_update": false})); len(diags) > 0 {
				t.Fatal(diags)
			}
			b.Refresh()
			contains(t, b.String("action_value"), "us-east-1")
			b.apply(config)
			if b.String("id") != id || b.held() != before {
				t.Error("the repair of the drift rotated the job")
			}
			b.idle(config)
		})
	}
}

// An empty object has no members, so it is another value than one with members.
func TestMembersAreRemoved(t *testing.T) {
	for _, imports := range []bool{false, true} {
		b := newBench(t, sandbox.CloudAutomator{}, hasty())
		config := nightly.With(acctest.Values{"action_value": `{"region": "ap-northeast-1", "filter": {"x": "1"}}`})
		b.created(config)
		if imports {
			imported := b.Provider.Resource(jobType)
			if diags := imported.Import(b.String("id")); len(diags) > 0 {
				t.Fatal(diags)
			}
			b.Resource = imported
		}
		config["action_value"] = `{"region": "ap-northeast-1", "filter": {}}`
		b.s.ResetRequestLog()
		b.apply(config)
		if b.s.Count("UpdateJob") == 0 {
			t.Errorf("imported %t: the requests were %q", imports, b.made())
		}
		b.idle(config)
	}
}

// The plan of a move does not warn of triggers, and a later one does.
func TestMovedJobRecordsTriggersWithAWarning(t *testing.T) {
	b := newBench(t, sandbox.CloudAutomator{})
	b.created(nightly)
	moved := b.Provider.Resource(jobType)
	if diags := moved.Move("registry.terraform.io/cloudautomator/cloudautomator", "cloudautomator_job", 0, fmt.Sprintf(
		`{"id": %q, "name": "nightly", "group_id": 10, "aws_account_id": 20, "action_type": "stop_instances", "rule_type": "webhook", "stop_instances_action_value": [{"region": "ap-northeast-1"}]}`,
		b.String("id"))); diags.HasError() {
		t.Fatal(diags)
	}
	config := nightly.With(acctest.Values{"rotation_triggers": acctest.Values{"month": "1"}})
	for refreshes := range 2 {
		diags := moved.Refresh()
		_, planned := moved.Plan(config)
		if diags = append(diags, planned...); diags.HasError() || strings.Contains(diags.String(), "Triggers Recorded") != (refreshes > 0) {
			t.Errorf("after %d refreshes: %s", refreshes+1, diags)
		}
	}
}

// A destroy removes the replaced job that the state knows, even if the names of other jobs
// have the suffix. It leaves those alone, and names them.
func TestDestroyRemovesTheKnownPredecessorAmongOthers(t *testing.T) {
	for name, of := range map[string]func(first, id string) []string{
		"twins of the job":   func(first, _ string) []string { return []string{first} },
		"two successors":     func(_, id string) []string { return []string{id, id} },
		"one more successor": func(_, id string) []string { return []string{id} },
	} {
		for _, refresh := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, refresh %t", name, refresh), func(t *testing.T) {
				b := newBench(t, sandbox.CloudAutomator{}, hasty())
				b.created(paused)
				first := b.String("id")
				b.predecessorStays(paused.With(acctest.Values{"name": "weekly"}))
				var twins []string
				for _, predecessor := range of(first, b.String("id")) {
					twins = append(twins, b.s.AddTriggerJob(sandbox.TriggerJob{Name: "weekly (successor of job " + predecessor + ")"}).ID)
				}
				if refresh {
					b.Refresh()
					if b.String("predecessor_id") != first {
						t.Errorf("the state is %s", b.State)
					}
				}
				diags := b.Destroy()
				var left []string
				for _, job := range b.s.TriggerJobs() {
					left = append(left, job.ID)
				}
				if name == "one more successor" {
					twins = nil // It certainly belongs to the state.
				} else {
					contains(t, diags.String(), append(slices.Clone(twins), "Several Jobs Match", "removes none of them")...)
				}
				if diags.HasError() || !slices.Equal(left, twins) {
					t.Errorf("left are %q, want %q: %s", left, twins, diags)
				}
			})
		}
	}
}

// The apply that goes on with a rotation also removes the replaced job that the state knows.
func TestRotationRemovesTheKnownPredecessor(t *testing.T) {
	for _, removed := range []bool{true, false} {
		b := newBench(t, sandbox.CloudAutomator{}, hasty())
		b.created(paused)
		first := b.String("id")
		config := paused.With(acctest.Values{"name": "weekly"})
		b.s.Inject(sandbox.Fault{Operation: "DeleteJob", Kind: sandbox.KindRefuse})
		b.refused(config, "Job Not Removed")
		b.s.AddTriggerJob(sandbox.TriggerJob{Name: "weekly (successor of job " + b.String("id") + ")"})
		if removed {
			b.s.RemoveTriggerJob(b.String("id"))
		}
		b.Refresh()
		b.refused(config, "Job Not Removed")
		if b.String("predecessor_id") != first {
			t.Errorf("the state is %s", b.State)
		}
		b.s.ClearFaults()
		b.apply(config)
		b.settled(config)
	}
}
