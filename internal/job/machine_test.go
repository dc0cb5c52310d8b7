package job

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cloudautomator"
)

// listed is a job as a list of the service has it.
func listed(id, name string) cloudautomator.Job {
	return cloudautomator.Job{ID: id, RuleType: cloudautomator.Webhook, Attributes: fmt.Appendf(nil, `{"name": %q, "group_id": 10, "action_type": "delay"}`, name)}
}

// What the names and ids of jobs say of where one of them stands.
func TestLocate(t *testing.T) {
	stranger := listed("9", "nightly")
	for name, c := range map[string]struct {
		id, creation string
		jobs         []cloudautomator.Job
		want         standing
	}{
		"no job":                          {"1", "", []cloudautomator.Job{stranger}, standing{position: absent, id: "1"}},
		"a job":                           {"1", "", []cloudautomator.Job{stranger, listed("1", "nightly")}, standing{position: settled, id: "1"}},
		"just created":                    {"1", "00000000000000aa", []cloudautomator.Job{listed("1", "nightly (creation 00000000000000aa)")}, standing{position: unnamed, id: "1"}},
		"creation lost":                   {"", "00000000000000aa", []cloudautomator.Job{stranger, listed("1", "nightly (creation 00000000000000aa)")}, standing{position: unnamed, id: "1"}},
		"somebody else's creation":        {"", "00000000000000aa", []cloudautomator.Job{stranger, listed("1", "nightly (creation 00000000000000bb)")}, standing{position: absent}},
		"created twice":                   {"", "00000000000000aa", []cloudautomator.Job{listed("1", "a (creation 00000000000000aa)"), listed("2", "a (creation 00000000000000aa)")}, standing{heir, "1", []string{"2"}}},
		"no mark":                         {"", "", []cloudautomator.Job{stranger}, standing{position: absent}},
		"a successor":                     {"1", "", []cloudautomator.Job{listed("1", "nightly"), listed("2", "nightly (successor of job 1)")}, standing{succeeded, "1", []string{"2"}}},
		"a successor of a marked job":     {"1", "", []cloudautomator.Job{listed("1", "nightly (creation 00000000000000aa)"), listed("2", "x (successor of job 1)")}, standing{succeeded, "1", []string{"2"}}},
		"only a successor":                {"1", "", []cloudautomator.Job{stranger, listed("2", "nightly (successor of job 1)")}, standing{replaced, "1", []string{"2"}}},
		"the successor is recorded":       {"2", "", []cloudautomator.Job{listed("1", "nightly"), listed("2", "x (successor of job 1)")}, standing{heir, "2", []string{"1"}}},
		"two successors":                  {"2", "", []cloudautomator.Job{listed("2", "x (successor of job 1)"), listed("3", "x (successor of job 1)")}, standing{heir, "2", []string{"3"}}},
		"the successor has no name yet":   {"2", "", []cloudautomator.Job{stranger, listed("2", "x (successor of job 1)")}, standing{position: unnamed, id: "2"}},
		"a successor of another's":        {"1", "", []cloudautomator.Job{listed("1", "nightly"), listed("2", "x (successor of job 11)")}, standing{position: settled, id: "1"}},
		"a mark on another kind of job":   {"1", "", []cloudautomator.Job{listed("1", "nightly"), {ID: "2", RuleType: "cron", Attributes: []byte(`{"name": "x (successor of job 1)"}`)}}, standing{position: settled, id: "1"}},
		"a job that cannot be read is no": {"1", "", []cloudautomator.Job{listed("1", "nightly"), {ID: "2", Attributes: []byte(`[]`)}}, standing{position: settled, id: "1"}},
	} {
		data := jobModel{ID: types.StringValue(c.id), GroupID: types.Int64Value(10), ActionType: types.StringValue("delay")}
		if got := locate(data.owner(privateState{Creation: c.creation}), c.jobs); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// From every position each wish is fulfilled in a few steps, and what is found
// after a kill is a position that the machine has a way on from.
func TestEveryPositionLeadsToTheEnd(t *testing.T) {
	for from := range steps {
		for _, wanted := range []wish{toKeep, toRotate, toRemove} {
			at, taken := from, []step{}
			for len(taken) < 9 {
				now := next(at, wanted)
				if now == nothing {
					break
				}
				to, known := leads[now]
				if _, goesOn := steps[to.to]; !known || !goesOn {
					t.Fatalf("%s leads from %s to %q", now, at, to.to)
				}
				if _, goesOn := steps[to.found]; !goesOn {
					t.Fatalf("after %s the job is found %q", now, to.found)
				}
				taken = append(taken, now)
				if at = to.to; at == settled && wanted != toRemove {
					break
				}
				if now == take || now == retire {
					// The job is a new one.
					wanted = map[wish]wish{toKeep: toKeep, toRotate: toKeep, toRemove: toRemove}[wanted]
				}
			}
			if end := map[bool]position{true: absent, false: settled}[wanted == toRemove]; at != end && (from != unmoved || wanted != toKeep) && (from != orphaned || wanted != toRemove) {
				t.Errorf("from %s, wanting %d, %v ends %s", from, wanted, taken, at)
			}
		}
	}
	for at := range steps {
		if _, told := sights[at]; !told {
			t.Errorf("what refresh and plan make of a job that is %s is said nowhere", at)
		}
	}
}
