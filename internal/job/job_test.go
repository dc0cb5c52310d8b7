package job_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/provider"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

const jobType = "signal_http_trigger_job"

// nightly is a job as a user writes it.
var nightly = acctest.Values{
	"name": "nightly", "group_id": 10, "aws_account_id": 20, "action_type": "stop_instances", "action_value": `{"region": "ap-northeast-1"}`,
}

// kinds are the ways in which the service may handle a PATCH.
var kinds = map[string]sandbox.CloudAutomator{
	"PATCH rotates":  {PatchRotates: true, ActionDefaults: map[string]any{"trace_status": "false"}, DeleteStatus: 200},
	"PATCH does not": {},
}

// eachKind runs a test with each kind of service, with its own sandbox and provider.
func eachKind(t *testing.T, test func(t *testing.T, b *bench), options ...func() provider.Option) {
	t.Helper()
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var made []provider.Option
			for _, option := range options {
				made = append(made, option()) // A clock is for one provider.
			}
			test(t, newBench(t, kind, made...))
		})
	}
}

// bench is a job resource in a test.
type bench struct {
	*acctest.Resource
	t *testing.T
	s *sandbox.Sandbox
	// rotates says that the service rotates with each PATCH.
	rotates bool
}

func newBench(t *testing.T, kind sandbox.CloudAutomator, options ...provider.Option) *bench {
	t.Helper()
	s := acctest.Sandbox(t, sandbox.Options{CloudAutomator: kind})
	return &bench{acctest.StartProvider(t, acctest.Block(s.URL()), options...).Resource(jobType), t, s, kind.PatchRotates}
}

// hastily is a timeout that the clock of hasty counts.
const hastily = "300ms"

// hasty is a provider that gives up after about two failed attempts.
func hasty() provider.Option {
	policy := acctest.Quick()
	policy.Clock = acctest.NewPauseClock(300 * time.Millisecond)
	policy.FirstPause, policy.LongestPause, policy.UnreachableTimeout = time.Millisecond, time.Millisecond, 5*time.Millisecond
	return provider.WithPolicy(policy)
}

// created is the job after its creation.
func (b *bench) created(config acctest.Values) acctest.Values {
	b.t.Helper()
	b.apply(config)
	b.s.ResetRequestLog()
	return config
}

func (b *bench) apply(config acctest.Values) {
	b.t.Helper()
	if diags := others(b.Apply(config)); len(diags) > 0 {
		b.t.Fatal(diags)
	}
}

// others returns the diagnostics without the warnings that a rotation is not finished, and
// that the first update after an import is none.
func others(diags acctest.Diagnostics) acctest.Diagnostics {
	return slices.DeleteFunc(diags, func(d acctest.Diagnostic) bool {
		return !d.Error && (d.Summary == "Rotation Not Finished" || d.Summary == "Triggers Recorded without a Rotation")
	})
}

// refused applies a configuration that must fail, with these parts in the error.
func (b *bench) refused(config acctest.Values, says ...string) acctest.Diagnostics {
	b.t.Helper()
	diags := b.Apply(config)
	if !diags.HasError() {
		b.t.Fatalf("nothing failed: %s", diags)
	}
	contains(b.t, diags.String(), says...)
	return diags
}

// predecessorStays applies a change that replaces the job, and whose removal of the old job
// is refused.
func (b *bench) predecessorStays(config acctest.Values) {
	b.t.Helper()
	b.s.Inject(sandbox.Fault{Operation: "DeleteJob", Kind: sandbox.KindRefuse})
	b.refused(config, "Job Not Removed")
	b.s.ClearFaults()
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in %s", part, text)
		}
	}
}

// credentials are the URL and the access token of a job.
type credentials struct{ url, accessToken string }

// held returns the credentials in the state.
func (b *bench) held() credentials { return credentials{b.String("url"), b.String("access_token")} }

// of returns the credentials of a job of the sandbox.
func (b *bench) of(job sandbox.TriggerJobState) credentials {
	return credentials{b.s.TriggerURL(job), job.AccessToken}
}

// run returns the status of a POST to the trigger.
func (c credentials) run(t *testing.T) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "CAAuth "+c.accessToken)
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	return resp.StatusCode
}

// only returns the job if there is exactly one.
func (b *bench) only() sandbox.TriggerJobState {
	b.t.Helper()
	jobs := b.s.TriggerJobs()
	if len(jobs) != 1 {
		b.t.Fatalf("there are %d jobs: %+v", len(jobs), jobs)
	}
	return jobs[0]
}

// settled compares the service with the state: there is one job with the configured name,
// the credentials in the state run it, and nothing is left to do.
func (b *bench) settled(config acctest.Values) {
	b.t.Helper()
	job := b.only()
	if job.ID != b.String("id") || job.Attributes.Name != config["name"] || b.Identity()["id"] != job.ID {
		b.t.Errorf("the state has job %s, identity %v, and the service %s %q", b.String("id"), b.Identity(), job.ID, job.Attributes.Name)
	}
	if config["store_credentials"] == false {
		if b.held() != (credentials{}) {
			b.t.Errorf("the state has %v", b.held())
		}
	} else if b.held() != b.of(job) {
		b.t.Errorf("the state has %v, and the job %v", b.held(), b.of(job))
	}
	runs := len(job.Runs)
	if status := b.of(job).run(b.t); status != http.StatusOK {
		b.t.Errorf("running the job answers %d", status)
	}
	if now := b.only(); len(now.Runs) != runs+1 {
		b.t.Errorf("the job ran %d times", len(now.Runs)-runs)
	}
	b.idle(config)
}

// idle checks that there is nothing to do: a refresh changes nothing, and the plan is
// empty.
func (b *bench) idle(config acctest.Values) {
	b.t.Helper()
	before := b.State
	if diags := b.Refresh(); len(diags) > 0 {
		b.t.Errorf("refreshing: %s", diags)
	}
	if !b.State.Equal(before) {
		b.t.Errorf("a refresh made of %s\n%s", before, b.State)
	}
	plan, diags := b.Plan(config)
	if len(diags) > 0 || !plan.Planned.Equal(b.State) {
		b.t.Errorf("the plan is not empty: %s %s, of %s", plan.Planned, diags, b.State)
	}
}

// dead checks that old credentials run nothing, neither both nor one together with a new
// one.
func (b *bench) dead(old credentials) {
	b.t.Helper()
	now := b.of(b.only())
	for _, one := range []credentials{old, {old.url, now.accessToken}, {now.url, old.accessToken}} {
		if status := one.run(b.t); status != http.StatusNotFound {
			b.t.Errorf("with old URL or token the trigger answers %d", status)
		}
	}
}

// made returns the operations in the request log.
func (b *bench) made() (operations []string) {
	for _, entry := range b.s.RequestLog() {
		operations = append(operations, entry.Operation)
	}
	return operations
}

func (b *bench) requests(want ...string) {
	b.t.Helper()
	if got := b.made(); !slices.Equal(got, want) {
		b.t.Errorf("the requests were %q, want %q", got, want)
	}
	b.s.ResetRequestLog()
}

func TestJobIsCreatedReadAndRemoved(t *testing.T) {
	eachKind(t, func(t *testing.T, b *bench) {
		config := nightly.With(acctest.Values{
			"effective_date": "2026-01-01", "expiration_date": "2099-12-31",
			"completed_post_process_id": []any{1, 2}, "failed_post_process_id": []any{3}, "allow_runtime_action_values": true,
		})
		b.apply(config)
		b.requests("CreateJob", "UpdateJob", "GetJob")
		for _, name := range []string{"id", "url", "access_token", "rotated_at", "created_at", "updated_at"} {
			if b.String(name) == "" {
				t.Errorf("%s is not known", name)
			}
		}
		if b.String("time_zone") != "Tokyo" || b.Bool("active") != true {
			t.Errorf("the state is %s", b.State)
		}
		job := b.only()
		if got := fmt.Sprintln(job.Attributes.GroupID, *job.Attributes.AWSAccountID, job.Attributes.ActionType, job.Attributes.ActionValue["region"], *job.Attributes.EffectiveDate,
			*job.Attributes.ExpirationDate, job.Attributes.CompletedPostProcessID, job.Attributes.FailedPostProcessID, *job.Attributes.AllowRuntimeActionValues); got !=
			"10 20 stop_instances ap-northeast-1 2026-01-01 2099-12-31 [1 2] [3] true\n" {
			t.Errorf("the job is %s", got)
		}
		b.idle(config)
		b.requests("GetJob")
		b.settled(config)
		b.s.ResetRequestLog()
		if diags := b.Destroy(); len(diags) > 0 {
			t.Fatal(diags)
		}
		b.requests("ListJobs", "DeleteJob")
		if jobs := b.s.TriggerJobs(); len(jobs) > 0 || !b.State.IsNull() {
			t.Errorf("left are %v and %s", jobs, b.State)
		}
	})
}

// Each change of the configuration may request a rotation and change the job.
func TestJobUpdates(t *testing.T) {
	all := []string{"url", "access_token", "rotated_at", "active", "updated_at"}
	anew := append([]string{"id", "created_at", "time_zone"}, all...)
	triggers := acctest.Values{"rotation_triggers": acctest.Values{"month": "1"}}
	for name, c := range map[string]struct {
		base, change acctest.Values
		// unknown are the computed attributes that are unknown in the plan.
		unknown []string
		// asks says that a rotation is requested, and patches that the job is changed.
		asks, patches bool
	}{
		"rename":                    {change: acctest.Values{"name": "weekly"}, unknown: anew, asks: true, patches: true},
		"another account":           {change: acctest.Values{"aws_account_id": nil, "aws_account_ids": []any{21, 22}}, unknown: anew, asks: true, patches: true},
		"a date":                    {change: acctest.Values{"expiration_date": "2099-01-01"}, unknown: anew, asks: true, patches: true},
		"no date any more":          {base: acctest.Values{"expiration_date": "2099-01-01"}, change: acctest.Values{"expiration_date": nil}, unknown: anew, asks: true, patches: true},
		"action_value":              {change: acctest.Values{"action_value": `{"region": "eu-west-1"}`}, unknown: anew, asks: true, patches: true},
		"a post-process":            {change: acctest.Values{"failed_post_process_id": []any{1}}, unknown: anew, asks: true, patches: true},
		"no post-process any more":  {base: acctest.Values{"failed_post_process_id": []any{1}}, change: acctest.Values{"failed_post_process_id": nil}, unknown: anew, asks: true, patches: true},
		"no runtime values":         {base: acctest.Values{"allow_runtime_action_values": true}, change: acctest.Values{"allow_runtime_action_values": nil}, unknown: anew, asks: true, patches: true},
		"rotation triggers":         {change: triggers, unknown: anew, asks: true, patches: true},
		"other rotation triggers":   {base: triggers, change: acctest.Values{"rotation_triggers": acctest.Values{"month": "2"}}, unknown: anew, asks: true, patches: true},
		"triggers without updates":  {base: acctest.Values{"rotate_on_update": false}, change: triggers, unknown: anew, asks: true, patches: true},
		"rename without rotation":   {base: acctest.Values{"rotate_on_update": false}, change: acctest.Values{"name": "weekly"}, unknown: all, patches: true},
		"rename and no rotation":    {change: acctest.Values{"name": "weekly", "rotate_on_update": false}, unknown: all, patches: true},
		"action_value in new words": {change: acctest.Values{"action_value": `{ "region":"ap-northeast-1" }`}},
		"empty triggers":            {change: acctest.Values{"rotation_triggers": acctest.Values{}}},
		"timeouts":                  {change: acctest.Values{"timeouts": acctest.Values{"update": "3m"}}},
		"rotate_on_update":          {change: acctest.Values{"rotate_on_update": false}},
		"trigger_on_apply":          {change: acctest.Values{"trigger_on_apply": true}},
		"store_credentials":         {change: acctest.Values{"store_credentials": false}},
		"empty post-processes":      {change: acctest.Values{"failed_post_process_id": []any{}}},
	} {
		t.Run(name, func(t *testing.T) {
			eachKind(t, func(t *testing.T, b *bench) {
				base := b.created(nightly.With(c.base))
				config := base.With(c.change)
				old, id, rotated := b.of(b.only()), b.String("id"), b.String("rotated_at")
				plan, diags := b.Plan(config)
				if len(diags) > 0 || len(plan.Replace) > 0 {
					t.Fatalf("planned %q %s", plan.Replace, diags)
				}
				unknown := plan.Unknown()
				slices.Sort(unknown)
				want := slices.Sorted(slices.Values(c.unknown))
				if !slices.Equal(unknown, want) {
					t.Errorf("the plan leaves %q open, want %q", unknown, want)
				}
				b.apply(config)
				switch {
				case !c.patches:
					b.requests()
				case !c.asks:
					b.requests("GetJob", "UpdateJob", "GetJob")
				case b.rotates:
					b.requests("GetJob", "ListJobs", "UpdateJob", "GetJob")
				default:
					b.requests("GetJob", "ListJobs", "UpdateJob", "GetJob", "CreateJob", "GetJob", "DeleteJob", "ListJobs", "UpdateJob", "GetJob")
				}
				replaced := c.asks || c.patches && b.rotates
				if now := b.of(b.only()); replaced {
					b.dead(old)
				} else if now != old {
					t.Errorf("URL and access token were rotated")
				}
				if succeeded := c.asks && !b.rotates; (b.String("id") != id) != succeeded {
					t.Errorf("job %s became %s", id, b.String("id"))
				}
				if !replaced && b.String("rotated_at") != rotated {
					t.Errorf("rotated_at is %s, and was %s", b.String("rotated_at"), rotated)
				}
				b.settled(config)
			})
		})
	}
}

func TestJobIsReplaced(t *testing.T) {
	for name, replace := range map[string]func(*bench, acctest.Values) acctest.Values{
		"taint": func(b *bench, config acctest.Values) acctest.Values { b.Tainted = true; return config },
		"group": func(_ *bench, config acctest.Values) acctest.Values {
			return config.With(acctest.Values{"group_id": 11})
		},
		"action type": func(_ *bench, config acctest.Values) acctest.Values {
			return config.With(acctest.Values{"action_type": "start_instances"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachKind(t, func(t *testing.T, b *bench) {
				config := b.created(nightly)
				old := b.held()
				config = replace(b, config)
				b.apply(config)
				b.requests("ListJobs", "DeleteJob", "CreateJob", "UpdateJob", "GetJob")
				b.dead(old)
				b.settled(config)
			})
		})
	}
}

func TestJobIsReplacedAfterItsSuccessorIsMade(t *testing.T) {
	eachKind(t, func(t *testing.T, b *bench) {
		config := b.created(nightly)
		old, next := b.held(), b.Provider.Resource(jobType)
		if diags := next.Apply(config); len(diags) > 0 {
			t.Fatal(diags)
		}
		if diags := b.Destroy(); len(diags) > 0 {
			t.Fatal(diags)
		}
		b.requests("CreateJob", "UpdateJob", "GetJob", "ListJobs", "DeleteJob")
		b.Resource = next
		b.dead(old)
		b.settled(config)
	})
}
