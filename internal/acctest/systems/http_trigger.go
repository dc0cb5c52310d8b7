package systems

import (
	"fmt"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

func trigger(s *sandbox.Sandbox) (Values, string) {
	job := s.AddTriggerJob(sandbox.TriggerJob{})
	return Values{"url": s.TriggerURL(job), "access_token": job.AccessToken}, job.Token
}

func triggerOf(s *sandbox.Sandbox) (Values, string) {
	job := s.AddTriggerJob(sandbox.TriggerJob{})
	return Values{"job_id": job.ID}, job.Token
}

var httpTrigger = []System{{
	Variant:     "by url",
	Type:        "signal_http_trigger",
	Package:     "trigger",
	Block:       "cloud_automator",
	Operation:   "TriggerJob",
	Permission:  "access token",
	HasAction:   false,
	Ready:       func(s *sandbox.Sandbox) Values { ready, _ := trigger(s); return ready },
	Recorded:    Values{"url": "https://manager.cloudautomator.com/trigger/another", "url_wo_version": 2, "access_token": "another", "access_token_wo_version": 2},
	Unseen:      Values{"url_wo": "https://manager.cloudautomator.com/trigger/another", "access_token_wo": "another"},
	Missing:     Values{"access_token": "another"},
	MissingAt:   "url",
	Ambiguous:   true,
	NoRequestID: true,
	RetryAfter:  true,
	IsSuccess:   triggered,
	Cells:       triggerCells,
	Interrupted: func(s *sandbox.Sandbox, _ Moment) (Values, string) { return trigger(s) },
	Guards:      []Guarded{{Guard: Unguarded}},
	Demo: Demo{
		Title: "run a Cloud Automator job through its HTTP trigger",
		Start: func(s *sandbox.Sandbox) {
			s.AddTriggerJob(sandbox.TriggerJob{Token: "sandbox-trigger", AccessToken: "sandbox-access-token"})
		},
		Variables: func(url string) map[string]string { return map[string]string{"url": url + "/trigger/sandbox-trigger"} },
		State: func(s *sandbox.Sandbox) string {
			return fmt.Sprintf("job there, runs: %d", len(s.TriggerJobs()[0].Runs))
		},
		Before: `job there, runs: 0`,
		After:  `job there, runs: 1`,
	},
	Examples: []Scenario{{
		Example: "resources/signal_http_trigger",
		Variables: []Variable{
			{"job_id", "2600"}, {"trigger_url", URL + "/trigger/sandbox-restart"}, {"trigger_access_token", "sandbox-access-token"}, {"release", "1.2.3"},
		},
		Start: func(s *sandbox.Sandbox) {
			s.AddTriggerJob(sandbox.TriggerJob{ID: "2600"})
			s.AddTriggerJob(sandbox.TriggerJob{Token: "sandbox-restart", AccessToken: "sandbox-access-token"})
		},
	}},
	Docs: Docs{
		Service: "Cloud Automator",
		Named:   "by the `job_id`, or by `url` and access token",
		API:     func(string) string { return triggerAPI },
		Sends:   "the HTTP request that starts a Cloud Automator job",
		Lost:    "the outcome is unknown, because the service does not show its runs. After 500 and 503, which are documented as \"has not started\", the provider tries again",
		Repeats: "nothing",
		LostRows: "| the trigger answers 500 or 503, documented as \"has not started\" | tries again until the create timeout |\n" +
			"| the answer is lost, cut short, another server error, or not from the service itself | fails and does not send again; saved as tainted with `delivery = \"UNKNOWN\"` |",
		AfterCrash: "nothing prevents a second run of the job. After a crash, check the job's log in Cloud Automator before you apply again.",
		NoPolicy:   "Sending needs the trigger's URL and access token. With `job_id` the provider reads them through the job API, with its API key.",
		ByAction:   "by its `job_id`; the action reads the job's URL and access token when it is invoked",
		Answers:    []Answer{{"404", "url", "whether URL and access token are those on the job's page"}},
	},
}, {
	Variant:     "by job_id",
	Type:        "signal_http_trigger",
	Package:     "trigger",
	Block:       "cloud_automator",
	Operation:   "TriggerJob",
	Permission:  "access token",
	HasAction:   true,
	Ready:       func(s *sandbox.Sandbox) Values { ready, _ := triggerOf(s); return ready },
	Recorded:    Values{"job_id": "another"},
	Missing:     Values{"job_id": "4711"},
	MissingAt:   "job_id",
	LooksUp:     true,
	NoRequestID: true,
	RetryAfter:  true,
	IsSuccess:   triggered,
	Cells:       triggerCells,
	Interrupted: func(s *sandbox.Sandbox, _ Moment) (Values, string) { return triggerOf(s) },
	Guards:      []Guarded{{Guard: Unguarded}},
}}

func triggered(members map[string]any, _ string) bool { return members["result"] == "ok" }

// triggerCells are the cells of triggers. The trigger's document says that after a 500 or
// 503 the run has not started.
var triggerCells = map[string]Cell{
	"500 before acting":         {Result: Sent, Requests: 2, Taken: 1},
	"503 before acting":         {Result: Sent, Requests: 2, Taken: 1},
	"500 for good":              {Result: NotSent, Requests: Many, Says: []string{"HTTP 500", "attempts", "timeout"}},
	"credentials expired":       {Result: Rejected, Requests: 1, Says: []string{"HTTP 404", "access token"}},
	"credentials expire midway": {Result: Rejected, Requests: 2, Says: []string{"2 attempts", "HTTP 404", "access token"}},
}
