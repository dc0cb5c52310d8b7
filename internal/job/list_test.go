package job_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// The list finds jobs with an HTTP trigger by name and group, in the order of the service,
// with their identities. It changes nothing.
func TestJobsAreListed(t *testing.T) {
	s := acctest.Sandbox(t, sandbox.Options{})
	p := acctest.StartProvider(t, acctest.Block(s.URL()))
	for range 101 {
		s.AddTriggerJob(sandbox.TriggerJob{RuleType: "cron", RuleValue: map[string]any{"hour": "1"}, Name: "nightly"})
	}
	one := s.AddTriggerJob(sandbox.TriggerJob{Name: "nightly"})
	two := s.AddTriggerJob(sandbox.TriggerJob{Name: "weekly"})
	left := s.AddTriggerJob(sandbox.TriggerJob{Name: "nightly (successor of job " + one.ID + ")"})
	other := p.Resource(jobType)
	if diags := other.Apply(nightly.With(acctest.Values{"group_id": 77})); len(diags) > 0 {
		t.Fatal(diags)
	}
	s.ResetRequestLog()
	for name, test := range map[string]struct {
		config acctest.Values
		limit  int64
		want   []string
	}{
		"all":            {acctest.Values{}, 0, []string{one.ID, two.ID, left.ID, other.String("id")}},
		"by name":        {acctest.Values{"name": "nightly"}, 100, []string{one.ID, left.ID, other.String("id")}},
		"with a suffix":  {acctest.Values{"name": left.Attributes.Name}, 100, []string{left.ID}},
		"by group":       {acctest.Values{"group_id": 77}, 100, []string{other.String("id")}},
		"by both":        {acctest.Values{"group_id": 77, "name": "weekly"}, 100, nil},
		"no more than 2": {acctest.Values{}, 2, []string{one.ID, two.ID}},
	} {
		found, diags := p.List(jobType, test.config, false, test.limit)
		var ids []string
		for _, job := range found {
			ids = append(ids, job.Identity["id"])
		}
		if len(diags) > 0 || !slices.Equal(ids, test.want) {
			t.Errorf("%s: found %v, want %v: %s", name, ids, test.want, diags)
		}
	}
	for _, entry := range s.RequestLog() {
		if entry.Operation != "ListJobs" {
			t.Errorf("listing made a request %s", entry.Operation)
		}
	}
}

// The list shows of a job what an import records, without its credentials.
func TestListedJobIsTheImportedOne(t *testing.T) {
	for _, kind := range []sandbox.CloudAutomator{{}, {Words: []sandbox.Wording{sandbox.NumericIDs, sandbox.NullAsEmpty}}} {
		b := newBench(t, kind)
		b.created(nightly.With(acctest.Values{"completed_post_process_id": []any{3, 1}, "expiration_date": "2099-12-31"}))
		found, diags := b.List(jobType, acctest.Values{}, true, 100)
		if len(diags) > 0 || len(found) != 1 || found[0].DisplayName != "nightly (group 10)" {
			t.Fatalf("found %v: %s", found, diags)
		}
		listed, imported := found[0].Resource, b.Provider.Resource(jobType)
		if diags := imported.Import(b.String("id")); len(diags) > 0 {
			t.Fatal(diags)
		}
		for _, secret := range []string{b.only().Token, b.only().AccessToken} {
			if strings.Contains(listed.State.String(), secret) {
				t.Errorf("a secret is listed: %s", listed.State)
			}
		}
		var listedAs, importedAs map[string]tftypes.Value
		if listed.State.As(&listedAs) != nil || imported.State.As(&importedAs) != nil {
			t.Fatal("no objects")
		}
		for name, value := range importedAs {
			if name != "url" && name != "access_token" && !listedAs[name].Equal(value) {
				t.Errorf("%s is listed as %s and imported as %s", name, listedAs[name], value)
			}
		}
	}
}

// If the list fails, the error has the service's message.
func TestListFails(t *testing.T) {
	s := acctest.Sandbox(t, sandbox.Options{})
	s.Inject(sandbox.Fault{Operation: "ListJobs", Kind: sandbox.KindRefuse, Message: "not for you"})
	p := acctest.StartProvider(t, acctest.Block(s.URL()))
	found, diags := p.List(jobType, acctest.Values{}, true, 100)
	if len(found) > 0 || len(diags) != 1 || !diags[0].Error {
		t.Errorf("found %v: %s", found, diags)
	}
	contains(t, diags.String(), "Jobs Not Listed", "not for you", "API key")
	if _, diags := p.List(jobType, acctest.Values{"group_id": 0}, false, 1); len(diags) != 1 || diags[0].Attribute != "group_id" {
		t.Errorf("said %s", diags)
	}
}

// A page of the list that fails is read again, and the pages before it are not.
func TestListIsReadPageByPage(t *testing.T) {
	b := newBench(t, sandbox.CloudAutomator{})
	b.created(nightly)
	for range 250 {
		b.s.AddTriggerJob(sandbox.TriggerJob{Name: "another"})
	}
	b.s.Inject(sandbox.Fault{Operation: "ListJobs", Kind: sandbox.KindErrorBefore, Skip: 2, Times: 1})
	if diags := b.Destroy(); len(diags) > 0 {
		t.Fatal(diags)
	}
	b.requests("ListJobs", "ListJobs", "ListJobs", "ListJobs", "DeleteJob")
}
