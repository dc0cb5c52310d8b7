package job

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cloudautomator"
)

// listed returns a job as the service lists it.
func listed(id, name string) cloudautomator.Job {
	return cloudautomator.Job{ID: id, RuleType: cloudautomator.Webhook, Settings: cloudautomator.Settings{Name: name, GroupID: 10, ActionType: "delay"}}
}

// The names and ids of jobs give the position of a job.
func TestSituation(t *testing.T) {
	stranger := listed("9", "nightly")
	for name, c := range map[string]struct {
		id, creation string
		jobs         []cloudautomator.Job
		want         situation
	}{
		"no job":                             {"1", "", []cloudautomator.Job{stranger}, situation{Position: absent, ID: "1"}},
		"a job":                              {"1", "", []cloudautomator.Job{stranger, listed("1", "nightly")}, situation{Position: settled, ID: "1"}},
		"just created":                       {"1", "00000000000000aa", []cloudautomator.Job{listed("1", "nightly (creation 00000000000000aa)")}, situation{Position: unnamed, ID: "1"}},
		"creation lost":                      {"", "00000000000000aa", []cloudautomator.Job{stranger, listed("1", "nightly (creation 00000000000000aa)")}, situation{Position: unnamed, ID: "1"}},
		"somebody else's creation":           {"", "00000000000000aa", []cloudautomator.Job{stranger, listed("1", "nightly (creation 00000000000000bb)")}, situation{Position: absent}},
		"created twice":                      {"", "00000000000000aa", []cloudautomator.Job{listed("1", "a (creation 00000000000000aa)"), listed("2", "a (creation 00000000000000aa)")}, situation{Position: unclear, ID: "", Others: []string{"1", "2"}}},
		"no suffix":                          {"", "", []cloudautomator.Job{stranger}, situation{Position: absent}},
		"a successor":                        {"1", "", []cloudautomator.Job{listed("1", "nightly"), listed("2", "nightly (successor of job 1)")}, situation{Position: successorCreated, ID: "1", Others: []string{"2"}}},
		"a successor of a job with a suffix": {"1", "", []cloudautomator.Job{listed("1", "nightly (creation 00000000000000aa)"), listed("2", "x (successor of job 1)")}, situation{Position: successorCreated, ID: "1", Others: []string{"2"}}},
		"only a successor":                   {"1", "", []cloudautomator.Job{stranger, listed("2", "nightly (successor of job 1)")}, situation{Position: replaced, ID: "1", Others: []string{"2"}}},
		"the successor is recorded":          {"2", "", []cloudautomator.Job{listed("1", "nightly"), listed("2", "x (successor of job 1)")}, situation{Position: predecessorLeft, ID: "2", Others: []string{"1"}}},
		"two successors":                     {"2", "", []cloudautomator.Job{listed("2", "x (successor of job 1)"), listed("3", "x (successor of job 1)")}, situation{Position: unclear, ID: "2", Others: []string{"3"}}},
		"two successors, none recorded":      {"1", "", []cloudautomator.Job{listed("1", "nightly"), listed("2", "x (successor of job 1)"), listed("3", "x (successor of job 1)")}, situation{Position: unclear, ID: "1", Others: []string{"2", "3"}}},
		"two successors of a removed job":    {"1", "", []cloudautomator.Job{listed("2", "x (successor of job 1)"), listed("3", "x (successor of job 1)")}, situation{Position: unclear, ID: "1", Others: []string{"2", "3"}}},
		"two successors and their job":       {"2", "", []cloudautomator.Job{listed("1", "x"), listed("2", "x (successor of job 1)"), listed("3", "x (successor of job 1)")}, situation{Position: unclear, ID: "2", Others: []string{"1", "3"}}},
		"the successor has no name yet":      {"2", "", []cloudautomator.Job{stranger, listed("2", "x (successor of job 1)")}, situation{Position: unnamed, ID: "2"}},
		"a successor of another's":           {"1", "", []cloudautomator.Job{listed("1", "nightly"), listed("2", "x (successor of job 11)")}, situation{Position: settled, ID: "1"}},
		"a suffix on another kind of job":    {"1", "", []cloudautomator.Job{listed("1", "nightly"), {ID: "2", RuleType: "cron", Settings: cloudautomator.Settings{Name: "x (successor of job 1)", GroupID: 10, ActionType: "delay"}}}, situation{Position: settled, ID: "1"}},
		"a job that cannot be read is no":    {"1", "", []cloudautomator.Job{listed("1", "nightly"), {ID: "2", Unreadable: true}}, situation{Position: settled, ID: "1"}},
	} {
		data := jobModel{ID: types.StringValue(c.id), GroupID: types.Int64Value(10), ActionType: types.StringValue("delay")}
		if got := situationIn(&data, privateState{Creation: c.creation}, c.jobs); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// A replaced job that the state knows is known whatever has become of the two jobs.
func TestSituationOfAReplacedJob(t *testing.T) {
	elsewhere := listed("1", "nightly")
	elsewhere.Settings.GroupID = 11
	for name, jobs := range map[string][]cloudautomator.Job{
		"renamed":          {listed("1", "nightly"), listed("2", "by hand")},
		"in another group": {elsewhere, listed("2", "nightly (successor of job 1)")},
		"removed":          {listed("1", "nightly")}, // A new job is created then.
	} {
		data := jobModel{ID: types.StringValue("2"), GroupID: types.Int64Value(10), ActionType: types.StringValue("delay"), PredecessorID: types.StringValue("1")}
		want := situation{Position: predecessorLeft, ID: "2", Others: []string{"1"}}
		if name == "removed" {
			want.Position = onlyPredecessorLeft
		}
		if got := situationIn(&data, privateState{}, jobs); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// For each step: what the service has before and after it, and the position that is found,
// by the operation itself and, after a kill, by an operation with the state from before.
func TestStepsLeadWhereTheTableSays(t *testing.T) {
	mine, own := listed("1", "nightly"), listed("2", "nightly (successor of job 1)")
	for taken, c := range map[step]struct {
		// before and after are the ids in the state before and after the step.
		before, after string
		jobs          []cloudautomator.Job
	}{
		change:            {"1", "1", []cloudautomator.Job{mine}},
		requestRotation:   {"1", "1", []cloudautomator.Job{mine}},
		createSuccessor:   {"1", "1", []cloudautomator.Job{mine, own}},
		recordSuccessor:   {"1", "2", []cloudautomator.Job{mine, own}},
		removeSuccessor:   {"1", "1", []cloudautomator.Job{mine}},
		removePredecessor: {"1", "2", []cloudautomator.Job{own}},
	} {
		at := func(id string) position {
			data := jobModel{ID: types.StringValue(id), GroupID: types.Int64Value(10), ActionType: types.StringValue("delay")}
			return situationIn(&data, privateState{}, c.jobs).Position
		}
		if to, found := at(c.after), at(c.before); to != transitions[taken].to || found != transitions[taken].found {
			t.Errorf("%s leads to %s and is found as %s, and the table says %v", taken, to, found, transitions[taken])
		}
	}
}

// From every position an update ends after a few steps or fails with a message, and the
// position that is found after a kill is one of the tables.
func TestEveryPositionLeadsToTheEnd(t *testing.T) {
	for from := range steps {
		for _, rotate := range []bool{false, true} {
			at, again := from, rotate
			for taken := 0; at != settled && taken < 9; taken++ {
				next := steps[at].keep
				if again {
					next = steps[at].rotate
				}
				if next == fail {
					break
				}
				if _, known := steps[transitions[next].found]; !known {
					t.Fatalf("after %s the job is found %q", next, transitions[next].found)
				}
				at, again = transitions[next].to, again && next != recordSuccessor
			}
			if fails := at == absent || at == unclear || at == notRotated && !rotate; at != settled && !fails {
				t.Errorf("from %s, rotating %t, the end is %s", from, rotate, at)
			}
		}
		effect, told := effects[from]
		if !told || (effect.summary == "") != (effect.seen == "") || (effect.seen == "") != (effect.update == "" || effect.destroy == "") {
			t.Errorf("the table does not say what to do and report about a job that is %s: %+v", from, effect)
		}
	}
}
