package job_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

const vendor = "registry.terraform.io/cloudautomator/cloudautomator"

// vendors is a job of the vendor's provider.
type vendors struct {
	// block is the content of the configuration's block with the settings of the action.
	block map[string]any
	// state is what the vendor's provider has in its state, and sent what it sends. Both
	// have a value for each member of the schema.
	state, sent map[string]any
	// job are the arguments outside of that block.
	job acctest.Values
}

// everyVendorsJob returns jobs of all action types, with all members of the schema and with
// only the required ones.
func everyVendorsJob(t *testing.T) map[string]vendors {
	t.Helper()
	schema, err := os.ReadFile("testdata/action-types.txt")
	if err != nil {
		t.Fatal(err)
	}
	jobs := map[string]vendors{}
	for line := range strings.Lines(string(schema)) {
		fields := strings.Fields(line)
		for _, all := range []bool{true, false} {
			v := vendors{block: map[string]any{}, state: map[string]any{}, job: acctest.Values{
				"name": "nightly", "group_id": 10, "action_type": fields[0],
			}}
			for _, field := range fields[1:] {
				name, kind, _ := strings.Cut(field, ":")
				kind, required := strings.CutSuffix(kind, "*")
				tag := func(key string) any { return map[string]any{"key": key, "value": "of " + key} }
				value, zero := map[string]any{
					"Bool": true, "Int": 7, "List": []any{"subnet-b", "subnet-a"}, "Set": []any{tag("team"), tag("env")},
				}[kind], map[string]any{"Bool": false, "Int": 0, "List": []any{}, "Set": []any{}}[kind]
				if value == nil {
					value, zero = "said", ""
				}
				v.state[name] = zero
				switch {
				case required || all:
					v.block[name], v.state[name] = value, value
				case kind == "Int":
					v.block[name] = nil // The vendor's examples have it like this.
				case kind == "Bool":
					v.block[name] = false
				}
				if kind == "Set" && len(v.state[name].([]any)) > 0 {
					v.state[name] = []any{tag("env"), tag("team")}
				}
			}
			v.sent = maps.Clone(v.state)
			if tags, has := v.sent["additional_tags"].([]any); has && len(tags) == 0 && !strings.HasSuffix(fields[0], "_start_backup_job") {
				delete(v.sent, "additional_tags")
			}
			if v.sent["lifecycle_delete_after_days"] == 0 {
				v.sent["lifecycle_delete_after_days"] = nil
			}
			switch {
			case strings.HasPrefix(fields[0], "google_"):
				v.job["google_cloud_account_id"] = 30
			case all && fields[0] != "delay" && fields[0] != "no_action":
				v.job["aws_account_ids"] = []any{20}
			case fields[0] != "delay" && fields[0] != "no_action":
				v.job["aws_account_id"] = 20
			}
			if all {
				v.job["allow_runtime_action_values"], v.job["completed_post_process_id"] = false, []any{3, 1}
				v.job["effective_date"], v.job["expiration_date"] = "2026-01-01", "2099-12-31"
			}
			if fields[0] == "no_action" {
				v.job["for_workflow"] = true
			}
			jobs[fmt.Sprintf("%s, all %t", fields[0], all)] = v
		}
	}
	return jobs
}

// config returns the vendor's configuration, rewritten literally.
func (v vendors) config(t *testing.T) acctest.Values {
	t.Helper()
	if v.job["action_type"] == "no_action" {
		return v.job
	}
	return v.job.With(acctest.Values{"action_value": encoded(t, v.block)})
}

// create creates the job as the vendor's client does.
func (v vendors) create(t *testing.T, s *sandbox.Sandbox) sandbox.TriggerJobState {
	t.Helper()
	body := v.job.With(acctest.Values{"rule_type": "webhook", "rule_value": nil, "action_value": v.sent})
	if v.job["action_type"] == "no_action" {
		body["action_value"] = nil
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+"/api/v1/jobs", bytes.NewReader([]byte(encoded(t, body))))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer sandbox-api-key")
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		t.Fatalf("making the job was answered %s", resp.Status)
	}
	jobs := s.TriggerJobs()
	return jobs[len(jobs)-1]
}

// recorded returns the vendor's state of a job, with the additional members of the schema,
// as Terraform passes it on.
func (v vendors) recorded(t *testing.T, job sandbox.TriggerJobState) string {
	t.Helper()
	state := map[string]any{
		"id": job.ID, "rule_type": "webhook", "webhook_rule_value": []any{map[string]any{"token": job.Token, "access_token": job.AccessToken, "time_zone": "Tokyo"}},
		"cron_rule_value": []any{}, "schedule_rule_value": []any{}, "sqs_v2_rule_value": []any{}, "delay_action_value": []any{},
		"aws_account_id": 0, "aws_account_ids": []any{}, "google_cloud_account_id": 0, "allow_runtime_action_values": nil, "for_workflow": nil,
		"effective_date": "", "expiration_date": "", "completed_post_process_id": []any{}, "failed_post_process_id": []any{},
	}
	maps.Copy(state, v.job)
	if kind := v.job["action_type"].(string); kind != "no_action" {
		state[kind+"_action_value"] = []any{v.state}
	}
	return encoded(t, state)
}

func encoded(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A job of the vendor's provider is moved unchanged, whatever words the service uses in its
// answers. The provider only reads the job, and with the vendor's configuration, rewritten
// literally, the plan is empty. The first update records what only this provider has, and
// rotates nothing. The next update rotates.
func TestMoveFromTheVendorsProvider(t *testing.T) {
	jobs := everyVendorsJob(t)
	for round, wording := range append([]sandbox.Wording{""}, sandbox.Wordings...) {
		t.Run(string(wording), func(t *testing.T) {
			t.Parallel()
			kind := sandbox.CloudAutomator{PatchRotates: true}
			if wording != "" {
				kind.Words = []sandbox.Wording{wording}
			}
			b := newBench(t, kind)
			for i, name := range slices.Sorted(maps.Keys(jobs)) {
				// To save time, each job has every seventh wording. Each action type has two
				// jobs.
				if wording != "" && (i+i/2*2+round)%7 > 0 && !longRun() {
					continue
				}
				v, config := jobs[name], jobs[name].config(t)
				if _, dated := v.job["effective_date"]; dated && (wording == sandbox.DatesAsTimes || wording == sandbox.DatesWithSlashes) ||
					wording == sandbox.IDsSorted && v.job["completed_post_process_id"] != nil {
					// The vendor's own plan always has a difference here.
					v.job = v.job.With(acctest.Values{"effective_date": nil, "expiration_date": nil, "completed_post_process_id": nil})
					config = v.config(t)
				}
				job := v.create(t, b.s)
				b.s.ResetRequestLog()
				b.Resource = b.Provider.Resource(jobType)
				if diags := b.Move(vendor, "cloudautomator_job", 0, v.recorded(t, job)); len(diags) > 0 {
					t.Fatalf("%s: %s", name, diags)
				}
				b.requests()
				if b.held() != b.of(job) || b.Identity()["id"] != job.ID {
					t.Errorf("%s: moved as %s", name, b.State)
				}
				empty := func(config acctest.Values) {
					t.Helper()
					if plan, diags := b.Plan(config); len(diags) > 0 || !plan.Planned.Equal(b.State) {
						t.Errorf("%s: the plan is not empty: %s %s, of %s", name, plan.Planned, diags, b.State)
					}
				}
				empty(config)
				if diags := b.Refresh(); len(diags) > 0 {
					t.Errorf("%s: %s", name, diags)
				}
				empty(config)
				if round < 7 && !longRun() {
					continue // For the same reason, each one continues from here once.
				}
				if diags := b.Refresh(); len(diags) > 0 {
					t.Errorf("%s: %s", name, diags)
				}
				empty(config)
				b.s.ResetRequestLog()
				config = config.With(acctest.Values{"rotation_triggers": acctest.Values{"month": "1"}})
				b.apply(config)
				b.requests("GetJob")
				b.idle(config)
				if b.held() != b.of(job) {
					t.Errorf("%s: the first update has rotated", name)
				}
				b.apply(config.With(acctest.Values{"rotation_triggers": acctest.Values{"month": "2"}}))
				if now, there := b.s.TriggerJob(job.ID); !there || b.held() == b.of(job) || b.held() != b.of(now) {
					t.Errorf("%s: the job is %+v, and the state %s", name, now, b.State)
				}
			}
		})
	}
}

// A move does not change a value that is only written in another form. A different value at
// the service is shown, and corrected without a rotation.
func TestMoveShowsWhatIsAnother(t *testing.T) {
	b := newBench(t, sandbox.CloudAutomator{})
	v := everyVendorsJob(t)["stop_instances, all false"]
	job := v.create(t, b.s)
	v.state["tag_value"] = "another"
	b.s.ResetRequestLog()
	if diags := b.Move(vendor, "cloudautomator_job", 0, v.recorded(t, job)); len(diags) > 0 {
		t.Fatal(diags)
	}
	v.block["tag_value"] = "another"
	config := v.config(t)
	if diags := b.Refresh(); len(diags) > 0 {
		t.Fatal(diags)
	}
	if plan, _ := b.Plan(config); plan.Planned.Equal(b.State) || slices.Contains(plan.Unknown(), "id") {
		t.Errorf("planned %s of %s", plan.Planned, b.State)
	}
	b.apply(config)
	now := b.only()
	if now.ID != job.ID || now.Attributes.ActionValue["tag_value"] != "another" || b.held() != b.of(job) {
		t.Errorf("the job is %+v", now)
	}
	b.idle(config)
}

// A job without an HTTP trigger is not moved, and no request is made.
func TestMoveIsRefused(t *testing.T) {
	s := acctest.Sandbox(t, sandbox.Options{})
	p := acctest.StartProvider(t, acctest.Block(s.URL()))
	for name, test := range map[string]struct {
		provider, kind, state string
		says                  []string
	}{
		"cron":                {vendor, "cloudautomator_job", `{"id": "7", "rule_type": "cron", "name": "n", "group_id": 1, "action_type": "delay"}`, []string{"job 7", `"cron"`, "moved block"}},
		"immediate_execution": {vendor, "cloudautomator_job", `{"id": "7", "rule_type": "immediate_execution"}`, []string{`"immediate_execution"`, "moved block"}},
		"no rule type":        {vendor, "cloudautomator_job", `{"id": "7"}`, []string{"no HTTP trigger"}},
		"no id":               {vendor, "cloudautomator_job", `{"rule_type": "webhook"}`, []string{"no id", "import"}},
		"a path for an id":    {vendor, "cloudautomator_job", `{"id": "..", "rule_type": "webhook"}`, []string{"no id", "import"}},
		"nothing beside":      {vendor, "cloudautomator_job", `{"id": "7", "rule_type": "webhook"}`, []string{"job 7", "action_type", "import"}},
		"no object":           {vendor, "cloudautomator_job", `[]`, []string{"no form", "import"}},
		"a workflow":          {vendor, "cloudautomator_job_workflow", `{"id": "7"}`, []string{"Unable to Move Resource State", "A cloudautomator_job_workflow", "only a cloudautomator_job", "import"}},
		"another provider":    {"registry.terraform.io/hashicorp/null", "null_resource", `{"id": "7"}`, []string{"Unable to Move Resource State", "A null_resource", "destroy = false", "import"}},
	} {
		diags := p.Resource(jobType).Move(test.provider, test.kind, 0, test.state)
		if len(diags) != 1 || !diags[0].Error {
			t.Errorf("%s: said %s", name, diags)
		}
		contains(t, diags.String(), test.says...)
	}
	if made := s.RequestLog(); len(made) > 0 {
		t.Errorf("the requests were %v", made)
	}
}

// A state is read as far as possible. Values in another form than that of the vendor's
// present provider are left to the refresh.
func TestMoveReadsWhatItCan(t *testing.T) {
	b := newBench(t, sandbox.CloudAutomator{})
	job := b.s.AddTriggerJob(sandbox.TriggerJob{Name: "nightly", ActionValue: map[string]any{"delay_minutes": 5}})
	config := acctest.Values{"name": "nightly", "group_id": job.Attributes.GroupID, "action_type": "delay", "action_value": `{"delay_minutes": 5}`}
	for name, state := range map[string]string{
		"little": `{"id": %[1]q, "name": "nightly", "group_id": %[2]d, "action_type": "delay", "rule_type": "webhook"}`,
		"text":   `{"id": %[1]q, "name": "nightly", "group_id": "%[2]d", "action_type": "delay", "rule_type": "webhook", "aws_account_id": "0", "active": "yes"}`,
		"number": `{"id": %[1]s, "name": "nightly", "group_id": %[2]d, "action_type": "delay", "rule_type": "webhook", "webhook_rule_value": null}`,
		"odd":    `{"id": %[1]q, "name": "nightly", "group_id": %[2]d, "action_type": "delay", "rule_type": "webhook", "aws_account_ids": {}, "for_workflow": "no", "webhook_rule_value": [null]}`,
		"older":  `{"id": %[1]q, "name": "nightly", "group_id": %[2]d, "action_type": "delay", "rule_type": "webhook", "rule_value": {"token": "t", "access_token": "a"}, "action_value": [{"delay_minutes": "5"}]}`,
	} {
		b.Resource = b.Provider.Resource(jobType)
		if diags := b.Move("example.com/mirrors/CloudAutomator", "cloudautomator_job", 3, fmt.Sprintf(state, job.ID, job.Attributes.GroupID)); len(diags) > 0 {
			t.Errorf("%s: %s", name, diags)
			continue
		}
		if diags := b.Refresh(); len(diags) > 0 || b.held() != b.of(job) {
			t.Errorf("%s: refreshed as %s: %s", name, b.State, diags)
		}
		b.idle(config)
	}
	if b.s.Count("UpdateJob")+b.s.Count("CreateJob")+b.s.Count("DeleteJob") > 0 {
		t.Errorf("the requests were %q", b.made())
	}
}
