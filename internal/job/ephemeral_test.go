package job_test

import (
	"maps"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

func TestEphemeralJob(t *testing.T) {
	s := acctest.Sandbox(t, sandbox.Options{})
	p := acctest.StartProvider(t, acctest.Block(s.URL()))
	made := s.AddTriggerJob(sandbox.TriggerJob{})
	want := map[string]string{"id": made.ID, "url": s.TriggerURL(made), "access_token": made.AccessToken, "time_zone": "Tokyo"}
	s.Inject(sandbox.Fault{Operation: "GetJob", Kind: sandbox.KindErrorBefore, Times: 1})
	got, diags := p.Open(jobType, acctest.Values{"id": made.ID})
	if len(diags) > 0 || !maps.Equal(got, want) {
		t.Errorf("opened %v, want %v: %s", got, want, diags)
	}
	if s.Count("GetJob") != 2 || len(s.RequestLog()) != 2 {
		t.Errorf("the request log holds %v", s.RequestLog())
	}
	timer := s.AddTriggerJob(sandbox.TriggerJob{RuleType: "cron"})
	for id, says := range map[string][]string{
		timer.ID: {"[id] Job Has No HTTP Trigger", "cron"},
		"4711":   {"[id] Job Not Found", "job 4711", "API key"},
		"../..":  {"[id] Invalid Attribute Value Match"},
	} {
		_, diags := p.Open(jobType, acctest.Values{"id": id})
		contains(t, diags.String(), says...)
	}
	s.Inject(sandbox.Fault{Operation: "GetJob", Kind: sandbox.KindRefuse})
	_, diags = p.Open(jobType, acctest.Values{"id": made.ID})
	contains(t, diags.String(), "Job Not Read", "HTTP 403", "use the key")
}
