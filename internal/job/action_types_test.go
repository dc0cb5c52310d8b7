package job_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// everyAction returns jobs of all documented action types with all their settings, as users
// write them: with lists in any order, and with empty values in every form.
func everyAction(t *testing.T) map[string]acctest.Values {
	t.Helper()
	text, err := os.ReadFile("testdata/action-types.txt")
	if err != nil {
		t.Fatal(err)
	}
	jobs := map[string]acctest.Values{}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		value := map[string]any{}
		for i, field := range fields[1:] {
			name, kind, _ := strings.Cut(field, ":")
			required := strings.HasSuffix(kind, "*")
			switch strings.TrimSuffix(kind, "*") {
			case "Bool":
				value[name] = true
			case "Int":
				value[name] = 7
			case "List":
				value[name] = []any{"subnet-b", "subnet-a"}
			case "Set":
				value[name] = []any{map[string]any{"key": "team", "value": "b"}, map[string]any{"key": "env", "value": ""}}
			default:
				value[name] = []any{"said", "true", "", nil}[i%4]
				if required {
					value[name] = "said"
				}
			}
		}
		job := acctest.Values{
			"name": " nightly ", "group_id": 10, "action_type": fields[0], "allow_runtime_action_values": false,
			"effective_date": "2027-01-01", "expiration_date": "2099-12-31", "completed_post_process_id": []any{3, 1}, "failed_post_process_id": []any{},
		}
		switch {
		case strings.HasPrefix(fields[0], "google_"):
			job["google_cloud_account_id"] = 30
		case fields[0] != "delay" && fields[0] != "no_action":
			job["aws_account_ids"] = []any{22, 21}
		}
		if fields[0] == "no_action" {
			job["for_workflow"] = true
		} else {
			encoded, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			job["action_value"] = string(encoded)
		}
		jobs[fields[0]] = job
	}
	if len(jobs) != 66 {
		t.Fatalf("there are %d action types", len(jobs))
	}
	return jobs
}

// Whatever words the service uses in its answers, the plan is empty after the first apply,
// and after an update. Each action type meets each wording. To save time, it meets most of
// them together with others that do not conflict. A long run tests each one alone.
func TestWordingsOfTheServiceAreNoChange(t *testing.T) {
	together := [][]sandbox.Wording{
		{},
		{sandbox.ListsReversed, sandbox.NullAsEmpty, sandbox.TrueAsOne, sandbox.DatesAsTimes, sandbox.IDsSorted},
		{sandbox.ListsSorted, sandbox.EmptyAsNull, sandbox.AllAsText, sandbox.DatesWithSlashes, sandbox.NamesTrimmed},
		{sandbox.EmptyLeftOut, sandbox.NumericIDs, sandbox.ByteOrderMark},
	}
	met := 0
	for _, words := range together {
		met += len(words)
	}
	if met != len(sandbox.Wordings) {
		t.Fatalf("%d of %d wordings are met", met, len(sandbox.Wordings))
	}
	for _, wording := range sandbox.Wordings {
		together = append(together, []sandbox.Wording{wording})
	}
	for round, words := range together {
		t.Run(fmt.Sprint(words), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, sandbox.CloudAutomator{PatchRotates: true, Words: words})
			jobs := everyAction(t)
			for i, name := range slices.Sorted(maps.Keys(jobs)) {
				b.Resource = b.Provider.Resource(jobType)
				changes := []acctest.Values{{}, {"expiration_date": "2098-01-01"}}
				if (i+round)%7 > 0 && !longRun() {
					if len(words) == 1 {
						continue
					}
					changes = changes[:1]
				}
				for _, change := range changes {
					config := jobs[name].With(change)
					if diags := b.Apply(config); len(diags) > 0 {
						t.Errorf("%s: %s", name, diags)
						continue
					}
					id, old := b.String("id"), b.State
					for range changes {
						if diags := b.Refresh(); len(diags) > 0 || !b.State.Equal(old) {
							t.Errorf("%s: a refresh made of %s\n%s %s", name, old, b.State, diags)
						}
					}
					if plan, diags := b.Plan(config); len(diags) > 0 || !plan.Planned.Equal(b.State) || b.String("id") != id {
						t.Errorf("%s: the plan is not empty: %s %s, of %s", name, plan.Planned, diags, b.State)
					}
				}
			}
		})
	}
}

// A real change is seen with every wording.
func TestDriftIsSeenInEveryWording(t *testing.T) {
	for _, wording := range sandbox.Wordings {
		t.Run(string(wording), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, sandbox.CloudAutomator{Words: []sandbox.Wording{wording}})
			config := everyAction(t)["create_image"]
			b.apply(config)
			id, held := b.String("id"), b.held()
			other := b.On(acctest.StartProvider(t, acctest.Block(b.s.URL())))
			if diags := other.Apply(config.With(acctest.Values{"name": "by hand", "completed_post_process_id": []any{5}, "rotate_on_update": false})); len(diags) > 0 {
				t.Fatal(diags)
			}
			if diags := b.Refresh(); len(diags) > 0 || b.String("name") != "by hand" {
				t.Errorf("the name is %q: %s", b.String("name"), diags)
			}
			b.apply(config)
			if job := b.only(); job.ID != id || strings.TrimSpace(job.Attributes.Name) != "nightly" || fmt.Sprint(job.Attributes.CompletedPostProcessID) != "[3 1]" || b.held() != held {
				t.Errorf("the job is %+v", job)
			}
			b.idle(config)
		})
	}
}

// A setting that the service does not accept is reported once, and is not a permanent
// change.
func TestSettingThatIsNotTaken(t *testing.T) {
	b := newBench(t, sandbox.CloudAutomator{IgnoresRuntimeValues: true})
	b.created(nightly)
	config := nightly.With(acctest.Values{"allow_runtime_action_values": true})
	diags := b.Apply(config)
	// The successor has it.
	contains(t, diags.String(), "Settings Not Changed", "allow_runtime_action_values", "Job "+b.only().ID+", which replaces it, has these settings")
	if taken := b.only().Attributes.AllowRuntimeActionValues; diags.HasError() || taken == nil || !*taken || strings.Contains(diags.String(), "-replace") {
		t.Fatalf("%+v: %s", b.only(), diags)
	}
	b.idle(config)

	b = newBench(t, sandbox.CloudAutomator{IgnoresRuntimeValues: true, PatchRotates: true})
	b.created(nightly)
	diags = b.Apply(config)
	contains(t, diags.String(), "Settings Not Changed", "allow_runtime_action_values", "-replace")
	if diags.HasError() {
		t.Fatal(diags)
	}
	b.idle(config)
}

// If a successor could not get a setting, no rotation loses it.
func TestJobWithMoreThanASuccessorCarries(t *testing.T) {
	b := newBench(t, sandbox.CloudAutomator{Extra: map[string]any{"approval_group": "ops", "nothing": nil}})
	b.created(nightly)
	id := b.String("id")
	b.refused(nightly.With(acctest.Values{"rotation_triggers": acctest.Values{"month": "1"}}), "Job Not Rotated", "approval_group", "Update")
	if b.only().ID != id || b.s.Count("CreateJob") > 0 {
		t.Errorf("the requests were %q", b.made())
	}
}

// The first job of a workflow is created, imported and rotated as such a job.
func TestJobThatHeadsAWorkflow(t *testing.T) {
	for _, value := range []any{nil, "{}"} {
		t.Run(fmt.Sprint(value), func(t *testing.T) {
			b := newBench(t, sandbox.CloudAutomator{})
			config := acctest.Values{"name": "head", "group_id": 10, "action_type": "no_action", "for_workflow": true, "action_value": value}
			b.created(config)
			heads := func() bool { f := b.only().Attributes.ForWorkflow; return f != nil && *f }
			if !heads() {
				t.Errorf("the job is %+v", b.only())
			}
			b.settled(config)
			id := b.String("id")
			b.Resource = b.Provider.Resource(jobType)
			if diags := b.Import(id); len(diags) > 0 || b.Bool("for_workflow") != true {
				t.Fatalf("imported as %s: %s", b.State, diags)
			}
			for _, written := range []acctest.Values{config, config.With(acctest.Values{"for_workflow": nil, "action_value": nil})} {
				b.s.ResetRequestLog()
				b.apply(written)
				if b.only().ID != id || !heads() || b.s.Count("UpdateJob")+b.s.Count("DeleteJob")+b.s.Count("CreateJob") > 0 {
					t.Errorf("the requests were %q", b.made())
				}
			}
			config = config.With(acctest.Values{"rotation_triggers": acctest.Values{"month": "1"}})
			b.apply(config)
			config = config.With(acctest.Values{"rotation_triggers": acctest.Values{"month": "2"}})
			b.apply(config)
			if b.only().ID == id || !heads() {
				t.Errorf("the successor is %+v", b.only())
			}
			b.settled(config)
		})
	}
}
