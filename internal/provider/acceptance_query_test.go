package provider_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/terraformcli"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// query is the configuration of a list of jobs.
const query = `
list "signal_http_trigger_job" "found" {
  provider         = signal
  include_resource = %t

  config {
    %s
  }
}
`

// A real terraform query finds jobs by name and group, with their identities. What it
// writes is applied unchanged: the jobs are imported, and nothing changes at the service.
func TestAccJobsAreQueried(t *testing.T) {
	t.Parallel()
	s := acctest.Sandbox(t, sandbox.Options{CloudAutomator: sandbox.CloudAutomator{ActionDefaults: map[string]any{"trace_status": "false"}, RuntimeValues: true}})
	w := acctest.Terraform(t, s)
	w.WriteFile("jobs.tfquery.hcl", fmt.Sprintf(query, false, ""))
	needs(t, "1.14.0", "queries")
	provider, ids := acctest.StartProvider(t, acctest.Block(s.URL())), map[string]string{}
	for name, job := range map[string]acctest.Values{
		"nightly": {"name": "nightly", "group_id": 10, "aws_account_ids": []any{21, 22}, "action_type": "stop_instances", "action_value": `{"region": "ap-northeast-1", "tag": null}`,
			"effective_date": "2026-01-01", "completed_post_process_id": []any{3, 1}},
		"head":  {"name": "head", "group_id": 10, "action_type": "no_action", "for_workflow": true},
		"pause": {"name": "pause", "group_id": 11, "action_type": "delay", "action_value": `{"delay_minutes": 1}`},
	} {
		made := provider.Resource("signal_http_trigger_job")
		if diags := made.Apply(job); diags.HasError() {
			t.Fatal(diags)
		}
		ids[name] = made.String("id")
	}
	s.AddTriggerJob(sandbox.TriggerJob{RuleType: "cron", RuleValue: map[string]any{"hour": "1"}, Name: "nightly"})
	before := fmt.Sprint(s.TriggerJobs())
	s.ResetRequestLog()
	found := func(config string, whole bool, options ...string) (names []string) {
		t.Helper()
		w.WriteFile("jobs.tfquery.hcl", fmt.Sprintf(query, whole, config))
		for _, message := range queried(t, w, options...) {
			switch said := message.(type) {
			case tfjson.ListResourceFoundMessage:
				one := said.ListResourceFound
				name, _, _ := strings.Cut(one.DisplayName, " (group ")
				if one.Identity["id"] != ids[name] {
					t.Errorf("%s has the identity %v, not %s", one.DisplayName, one.Identity, ids[name])
				}
				if whole != (one.ResourceObject["name"] == name) || one.ResourceObject["url"] != nil || one.ResourceObject["access_token"] != nil {
					t.Errorf("%s is %v", one.DisplayName, one.ResourceObject)
				}
				names = append(names, name)
			case tfjson.DiagnosticLogMessage:
				if said.Severity == tfjson.DiagnosticSeverityError {
					t.Fatalf("it said %+v", said.Diagnostic)
				}
			}
		}
		slices.Sort(names)
		return names
	}
	for config, want := range map[string][]string{
		"":                               {"head", "nightly", "pause"},
		`name = "nightly"`:               {"nightly"},
		`group_id = 10`:                  {"head", "nightly"},
		"name = \"head\"\ngroup_id = 10": {"head"},
		"name = \"head\"\ngroup_id = 11": nil,
	} {
		for _, whole := range []bool{false, true} {
			if got := found(config, whole); !slices.Equal(got, want) {
				t.Errorf("with %q it found %v, want %v", config, got, want)
			}
		}
	}
	for _, entry := range s.RequestLog() {
		if entry.Operation != "ListJobs" {
			t.Errorf("the queries made a request %s", entry.Operation)
		}
	}
	found("", true, "-generate-config-out=generated.tf")
	must(t, w.Apply(t.Context()))
	recorded := []string{}
	for _, resource := range w.Resources() {
		recorded = append(recorded, fmt.Sprint(resource.AttributeValues["id"]))
	}
	if slices.Sort(recorded); !slices.Equal(recorded, slices.Sorted(maps.Values(ids))) {
		t.Errorf("the state has the jobs %v, want %v", recorded, ids)
	}
	if changes, err := w.Plan(t.Context()); err != nil || changes {
		t.Errorf("there is something to do: %t %v", changes, err)
	}
	if now := fmt.Sprint(s.TriggerJobs()); now != before {
		t.Errorf("the jobs were %s and are %s", before, now)
	}
}

// queried returns what terraform query says.
func queried(t *testing.T, w *acctest.Workspace, options ...string) (messages []tfjson.LogMsg) {
	t.Helper()
	text, err := w.Run(append([]string{"query", "-json"}, options...)...)
	must(t, err)
	for _, object := range terraformcli.JSON(text) {
		message, err := tfjson.UnmarshalLogMessage(object)
		must(t, err)
		messages = append(messages, message)
	}
	return messages
}

// The lists of the example do not overlap: what terraform query writes has each job once.
func TestAccExampleListsNoJobTwice(t *testing.T) {
	t.Parallel()
	s := acctest.Sandbox(t, sandbox.Options{})
	w := acctest.Terraform(t, s)
	file := filepath.Join("..", "..", "examples", "list-resources", "signal_http_trigger_job", "list-resource.tfquery.hcl")
	w.WriteFile("list-resource.tfquery.hcl", contents(t, file))
	needs(t, "1.14.0", "queries")
	provider := acctest.StartProvider(t, acctest.Block(s.URL()))
	for _, group := range []int{10, 20} {
		made := provider.Resource("signal_http_trigger_job")
		if diags := made.Apply(acctest.Values{"name": "pause-before-release", "group_id": group, "action_type": "delay", "action_value": `{"delay_minutes": 1}`}); diags.HasError() {
			t.Fatal(diags)
		}
	}
	found := map[string]int{}
	for _, message := range queried(t, w) {
		if said, is := message.(tfjson.ListResourceFoundMessage); is {
			found[fmt.Sprint(said.ListResourceFound.Identity["id"])]++
		}
	}
	for id, times := range found {
		if times > 1 {
			t.Errorf("job %s is listed %d times", id, times)
		}
	}
	if len(found) != 2 {
		t.Errorf("found the jobs %v, want the one of each group", found)
	}
}
