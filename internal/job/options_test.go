package job_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

func TestTriggerOnApply(t *testing.T) {
	eachKind(t, func(t *testing.T, b *bench) {
		config := nightly.With(acctest.Values{"trigger_on_apply": true, "rotation_triggers": acctest.Values{"month": "1"}})
		b.apply(config)
		b.requests("CreateJob", "UpdateJob", "GetJob", "TriggerJob")
		b.apply(config)
		b.idle(config)
		b.requests("GetJob")
		config["rotation_triggers"] = acctest.Values{"month": "2"}
		b.apply(config)
		if made := b.made(); made[len(made)-1] != "TriggerJob" || b.s.Count("TriggerJob") != 1 {
			t.Errorf("the requests were %q", made)
		}
		b.s.ResetRequestLog()
		// A change that requests no rotation runs nothing, even if the service rotates.
		config = config.With(acctest.Values{"rotate_on_update": false, "name": "weekly"})
		b.apply(config)
		// An option runs nothing either.
		config = config.With(acctest.Values{"timeouts": acctest.Values{"update": "2m"}})
		b.apply(config)
		if b.s.Count("TriggerJob") > 0 {
			t.Errorf("the requests were %q", b.made())
		}
		config["trigger_on_apply"] = nil
		b.apply(config)
		config["trigger_on_apply"] = true
		b.s.ResetRequestLog()
		b.apply(config)
		b.requests()
		b.settled(config)
	})
}

// The next apply repeats a run that has not started, and rotates nothing. It does not
// repeat a run that may have started.
func TestRunAfterRotationFails(t *testing.T) {
	for name, c := range map[string]struct {
		fault sandbox.Fault
		// slow is a run that only the timeout ends.
		slow, due bool
		says      []string
	}{
		"refused":       {sandbox.Fault{Kind: sandbox.KindRefuse}, false, true, []string{"Signal Rejected", "HTTP 403", "without rotating them again"}},
		"not runnable":  {sandbox.Fault{Kind: sandbox.KindExpired}, false, true, []string{"Signal Rejected", "HTTP 404", "active", "effective"}},
		"throttled":     {sandbox.Fault{Kind: sandbox.KindThrottle}, true, true, []string{"Signal Not Sent", "timeout"}},
		"not started":   {sandbox.Fault{Kind: sandbox.KindErrorBefore}, true, true, []string{"Signal Not Sent", "HTTP 500"}},
		"bad gateway":   {sandbox.Fault{Kind: sandbox.KindErrorAfter}, false, false, []string{"Outcome of the Signal Unknown", "HTTP 502", "does not run the job"}},
		"answer lost":   {sandbox.Fault{Kind: sandbox.KindDropAfter}, false, false, []string{"Outcome of the Signal Unknown", "execution log"}},
		"nothing heard": {sandbox.Fault{Kind: sandbox.KindStallAfter}, true, false, []string{"Outcome of the Signal Unknown"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachKind(t, func(t *testing.T, b *bench) {
				config := nightly.With(acctest.Values{"trigger_on_apply": true})
				if c.slow {
					config["timeouts"] = acctest.Values{"update": acctest.BriefTimeout}
				}
				b.apply(config)
				old := b.held()
				config["name"] = "weekly"
				fault := c.fault
				fault.Operation = "TriggerJob"
				if fault.Kind == sandbox.KindStallAfter {
					fault = b.Stall("TriggerJob", fault.Kind)
				}
				b.s.Inject(fault)
				diags := b.refused(config, c.says...)
				if len(diags) != 1 || diags[0].Attribute != "trigger_on_apply" && c.due && !c.slow {
					t.Errorf("it said %s", diags)
				}
				b.s.ClearFaults()
				if strings.Contains(diags.String(), b.held().accessToken) || b.Tainted {
					t.Errorf("tainted: %t, said %s", b.Tainted, diags)
				}
				b.dead(old)
				fresh := b.held()
				b.s.ResetRequestLog()
				if diags := b.Refresh(); len(diags) > 0 {
					t.Fatal(diags)
				}
				b.apply(config)
				if c.due {
					b.requests("GetJob", "GetJob", "TriggerJob")
				} else {
					b.requests("GetJob")
				}
				if b.held() != fresh {
					t.Error("URL and access token were rotated again")
				}
				b.settled(config)
			})
		})
	}
}

// If trigger_on_apply is turned off before that, the job does not run.
func TestDueRunIsForgotten(t *testing.T) {
	b := newBench(t, sandbox.CloudAutomator{PatchRotates: true})
	config := nightly.With(acctest.Values{"trigger_on_apply": true})
	b.apply(config)
	b.s.Inject(sandbox.Fault{Operation: "TriggerJob", Kind: sandbox.KindRefuse})
	b.refused(config.With(acctest.Values{"name": "weekly"}))
	b.s.ClearFaults()
	b.s.ResetRequestLog()
	for _, on := range []any{nil, true} {
		b.apply(config.With(acctest.Values{"name": "weekly", "trigger_on_apply": on}))
	}
	b.requests()
}

// After a creation the resource is tainted, as after any failed signal. After untaint, the
// next apply runs the job.
func TestRunAfterCreationFails(t *testing.T) {
	for _, unknown := range []bool{false, true} {
		for _, untaint := range []bool{false, true} {
			t.Run(fmt.Sprintf("unknown %t, untaint %t", unknown, untaint), func(t *testing.T) {
				t.Parallel()
				b := newBench(t, sandbox.CloudAutomator{})
				config := nightly.With(acctest.Values{"trigger_on_apply": true})
				kind := sandbox.KindRefuse
				if unknown {
					kind = sandbox.KindDropAfter
				}
				b.s.Inject(sandbox.Fault{Operation: "TriggerJob", Kind: kind})
				b.refused(config, "tainted", "terraform untaint")
				if !b.Tainted || b.held() != b.of(b.only()) {
					t.Fatalf("tainted: %t, the state is %s", b.Tainted, b.State)
				}
				b.s.ClearFaults()
				b.Tainted = !untaint
				before := b.String("id")
				b.apply(config)
				if kept := b.String("id") == before; kept != untaint {
					t.Errorf("the job was kept: %t", kept)
				}
				if ran := len(b.only().Runs); ran != 1 {
					t.Errorf("the job ran %d times", ran)
				}
			})
		}
	}
}

func TestCredentialsAreNotStored(t *testing.T) {
	eachKind(t, func(t *testing.T, b *bench) {
		config := nightly.With(acctest.Values{"store_credentials": false})
		if plan, diags := b.Plan(config); len(diags) > 0 || slices.Contains(plan.Unknown(), "access_token") || slices.Contains(plan.Unknown(), "url") {
			t.Errorf("the plan leaves %q open: %s", plan.Unknown(), diags)
		}
		b.created(config)
		old := b.of(b.only())
		b.settled(config)
		rotated := b.String("rotated_at")
		config = config.With(acctest.Values{"rotation_triggers": acctest.Values{"month": "2"}})
		b.apply(config)
		b.dead(old)
		b.settled(config)
		if b.String("rotated_at") == "" || rotated == "" {
			t.Error("rotated_at is not known")
		}
		b.s.ResetRequestLog()
		// Storing the credentials from now on needs a read. Not storing them any more needs
		// none.
		stored := config.With(acctest.Values{"store_credentials": true})
		b.apply(stored)
		b.requests("GetJob")
		b.settled(stored)
		b.s.ResetRequestLog()
		b.apply(config)
		b.requests()
		b.settled(config)
	})
}

func TestJobIsImported(t *testing.T) {
	for name, imports := range map[string]func(*acctest.Resource, string) acctest.Diagnostics{
		"by id": (*acctest.Resource).Import,
		"by identity": func(r *acctest.Resource, id string) acctest.Diagnostics {
			return r.ImportIdentity(acctest.Values{"id": id})
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachKind(t, func(t *testing.T, b *bench) {
				for _, config := range []acctest.Values{
					nightly,
					nightly.With(acctest.Values{"allow_runtime_action_values": false, "failed_post_process_id": []any{}}),
					nightly.With(acctest.Values{"aws_account_id": nil, "aws_account_ids": []any{20, 21}, "completed_post_process_id": []any{7}, "expiration_date": "2099-01-01"}),
					nightly.With(acctest.Values{"aws_account_id": nil, "google_cloud_account_id": 30, "action_type": "google_compute_stop_vm_instances"}),
				} {
					maker := b.Provider.Resource(jobType)
					if diags := maker.Apply(config); len(diags) > 0 {
						t.Fatal(diags)
					}
					b.Resource = b.Provider.Resource(jobType)
					if diags := imports(b.Resource, maker.String("id")); len(diags) > 0 {
						t.Fatal(diags)
					}
					b.settled(config)
					old := b.held()
					b.s.ResetRequestLog()
					// The first apply records the triggers, and the second one rotates.
					config = config.With(acctest.Values{"rotation_triggers": acctest.Values{"month": "1"}})
					b.apply(config)
					b.requests()
					if b.held() != old {
						t.Error("URL and access token were rotated")
					}
					b.idle(config)
					config = config.With(acctest.Values{"rotation_triggers": acctest.Values{"month": "2"}})
					b.apply(config)
					b.dead(old)
					b.settled(config)
					if diags := b.Destroy(); len(diags) > 0 {
						t.Fatal(diags)
					}
				}
			})
		})
	}
}

func TestImportRefuses(t *testing.T) {
	b := newBench(t, sandbox.CloudAutomator{})
	timer := b.s.AddTriggerJob(sandbox.TriggerJob{RuleType: "cron", RuleValue: map[string]any{"hour": "3"}})
	contains(t, b.Import(timer.ID).String(), "Job Has No HTTP Trigger", "cron")
	contains(t, b.Import("../secrets").String(), "Invalid Job ID")
	if diags := b.Import("4711"); len(diags) > 0 || !b.State.IsNull() {
		t.Errorf("a job that is not there was imported as %s: %s", b.State, diags)
	}
}

func TestJobArguments(t *testing.T) {
	b := newBench(t, sandbox.CloudAutomator{})
	for name, c := range map[string]struct {
		change    acctest.Values
		attribute string
	}{
		"two accounts":        {acctest.Values{"google_cloud_account_id": 30}, "aws_account_id"},
		"accounts in a list":  {acctest.Values{"aws_account_ids": []any{21}}, "aws_account_ids"},
		"blank name":          {acctest.Values{"name": " "}, "name"},
		"name with a suffix":  {acctest.Values{"name": "nightly (successor of job 7)"}, "name"},
		"no group":            {acctest.Values{"group_id": 0}, "group_id"},
		"account 0":           {acctest.Values{"aws_account_id": 0}, "aws_account_id"},
		"accounts 0":          {acctest.Values{"aws_account_id": nil, "aws_account_ids": []any{0}}, "aws_account_ids.0"},
		"blank action type":   {acctest.Values{"action_type": ""}, "action_type"},
		"no JSON":             {acctest.Values{"action_value": "region"}, "action_value"},
		"a JSON list":         {acctest.Values{"action_value": "[]"}, "action_value"},
		"JSON null":           {acctest.Values{"action_value": "null"}, "action_value"},
		"more than an object": {acctest.Values{"action_value": "{} {}"}, "action_value"},
		"post-process 0":      {acctest.Values{"failed_post_process_id": []any{0}}, "failed_post_process_id.0"},
		"no time":             {acctest.Values{"timeouts": acctest.Values{"read": "0s"}}, "timeouts.read"},
	} {
		diags := b.Validate(nightly.With(c.change))
		at := false
		for _, d := range diags {
			at = at || d.Attribute == c.attribute
		}
		if !diags.HasError() || !at {
			t.Errorf("%s: %s", name, diags)
		}
	}
	for name := range nightly {
		unknown := nightly.With(acctest.Values{name: acctest.Unknown})
		if diags := b.Validate(unknown); len(diags) > 0 {
			t.Errorf("an unknown %s: %s", name, diags)
		}
		if _, diags := b.Plan(unknown); len(diags) > 0 {
			t.Errorf("an unknown %s: %s", name, diags)
		}
	}
	b.requests()
}

// A value that is unknown at plan may turn out to be the same as before.
func TestUnknownTriggersMayStayTheSame(t *testing.T) {
	b := newBench(t, sandbox.CloudAutomator{})
	config := b.created(nightly.With(acctest.Values{"rotation_triggers": acctest.Values{"month": "1"}}))
	before := b.State
	diags := b.ApplyLater(config.With(acctest.Values{"rotation_triggers": acctest.Values{"month": acctest.Unknown}}), config)
	if len(diags) > 0 || !b.State.Equal(before) {
		t.Errorf("the state is %s: %s", b.State, diags)
	}
	b.requests()
}

func TestActionValueDrifts(t *testing.T) {
	for name, c := range map[string]struct {
		given, change, shows string
	}{
		"nothing":           {`{"region":"a"}`, `{"region":"a"}`, `{"region":"a"}`},
		"another value":     {`{"region":"a"}`, `{"region":"b"}`, `{"region":"b"}`},
		"an added member":   {`{"region":"a"}`, `{"region":"a","more":1}`, `{"region":"a"}`},
		"a removed member":  {`{"region":"a","tag":"t"}`, `{"region":"a"}`, `{"region":"a"}`},
		"a nested member":   {`{"a":{"b":1}}`, `{"a":{"b":2,"c":3}}`, `{"a":{"b":2}}`},
		"nested, added":     {`{"a":{"b":1}}`, `{"a":{"b":1,"c":3}}`, `{"a":{"b":1}}`},
		"in a list, added":  {`{"a":[{"b":1}]}`, `{"a":[{"b":1,"c":3}]}`, `{"a":[{"b":1}]}`},
		"another list":      {`{"a":[{"b":1}]}`, `{"a":[{"b":2,"c":3}]}`, `{"a":[{"b":2}]}`},
		"a longer list":     {`{"a":[1]}`, `{"a":[1,2]}`, `{"a":[1,2]}`},
		"a number in words": {`{"minutes":30,"on":true}`, `{"minutes":"30","on":"true"}`, `{"minutes":30,"on":true}`},
		"another notation":  {`{"ratio":1.0,"many":2e3,"text":"5.50"}`, `{"ratio":1,"many":"2000","text":5.5}`, `{"ratio":1.0,"many":2e3,"text":"5.50"}`},
		"another number":    {`{"ratio":1.0}`, `{"ratio":1.1}`, `{"ratio":1.1}`},
		"a text of figures": {`{"id":"007","version":"1.0"}`, `{"id":7,"version":"1"}`, `{"id":7,"version":"1"}`},
		"null":              {`{"region":null}`, `{}`, `{"region":null}`},
		"another kind":      {`{"a":{"b":1}}`, `{"a":"b"}`, `{"a":"b"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, sandbox.CloudAutomator{})
			b.created(nightly.With(acctest.Values{"action_value": c.given}))
			other := b.On(acctest.StartProvider(t, acctest.Block(b.s.URL())))
			if diags := other.Apply(nightly.With(acctest.Values{"action_value": c.change, "rotate_on_update": false})); len(diags) > 0 {
				t.Fatal(diags)
			}
			if diags := b.Refresh(); len(diags) > 0 || b.String("action_value") != c.shows {
				t.Errorf("action_value is %s, want %s: %s", b.String("action_value"), c.shows, diags)
			}
		})
	}
}

// A change in the console between the refresh and the apply is recorded. The provider does
// not return a result that Terraform refuses.
func TestConsoleActsBeforeTheApplyReads(t *testing.T) {
	for name, act := range map[string]func(*bench){
		"rotates":     func(b *bench) { b.s.RotateTriggerJob(b.String("id")) },
		"deactivates": func(b *bench) { b.s.ActivateTriggerJob(b.String("id"), false) },
	} {
		for _, due := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, due %t", name, due), func(t *testing.T) {
				b := newBench(t, sandbox.CloudAutomator{Inactive: sandbox.InactiveRuns})
				base, config := nightly.With(acctest.Values{"store_credentials": false}), nightly
				if due {
					config = nightly.With(acctest.Values{"trigger_on_apply": true})
					base = config
				}
				b.created(base)
				if due {
					config = config.With(acctest.Values{"name": "weekly"})
					b.s.Inject(sandbox.Fault{Operation: "TriggerJob", Kind: sandbox.KindRefuse, Times: 1})
					b.refused(config)
				}
				rotated := b.String("rotated_at")
				b.s.Hook("GetJob", func() {
					b.s.Hook("GetJob", nil, nil)
					act(b)
				}, nil)
				b.apply(config)
				if name == "deactivates" && b.String("rotated_at") != rotated || b.Bool("active") == (name == "deactivates") || b.held() != b.of(b.only()) {
					t.Errorf("the state is %s, rotated before at %s", b.State, rotated)
				}
				b.idle(config)
			})
		}
	}
}

// The same date in another form is not another date.
func TestDatesAreInstants(t *testing.T) {
	b := newBench(t, sandbox.CloudAutomator{})
	config := b.created(nightly.With(acctest.Values{"expiration_date": "2099-01-01T00:00:00Z"}))
	for date, shows := range map[string]string{"2099-01-01T09:00:00.000+09:00": "2099-01-01T00:00:00Z", "2099-01-01T09:00:00Z": "2099-01-01T09:00:00Z"} {
		other := b.On(acctest.StartProvider(t, acctest.Block(b.s.URL())))
		b.s.ResetRequestLog()
		if diags := other.Apply(config.With(acctest.Values{"expiration_date": date, "rotate_on_update": false})); len(diags) > 0 {
			t.Fatal(diags)
		}
		if diags := b.Refresh(); len(diags) > 0 || b.String("expiration_date") != shows {
			t.Errorf("expiration_date is %s, want %s: %s", b.String("expiration_date"), shows, diags)
		}
		b.apply(config)
	}
}

// A suffix says which job a job replaces. An imported job replaces none, even if it gets a
// suffix afterwards, and whatever its first apply changes.
func TestImportedJobTakesNoPlace(t *testing.T) {
	for name, first := range map[string]acctest.Values{
		"settings": {"name": "weekly", "rotation_triggers": acctest.Values{"month": "1"}},
		"triggers": {"rotation_triggers": acctest.Values{"month": "1"}},
		"timeouts": {"timeouts": acctest.Values{"update": "5m"}},
		"nothing":  {},
	} {
		for _, rotates := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, rotates %t", name, rotates), func(t *testing.T) {
				eachKind(t, func(t *testing.T, b *bench) {
					b.apply(nightly)
					elsewhere := acctest.StartProvider(t, acctest.Block(b.s.URL()))
					other := elsewhere.Resource(jobType)
					if diags := other.Apply(nightly); diags.HasError() {
						t.Fatal(diags)
					}
					imported, config := elsewhere.Resource(jobType), nightly.With(first)
					diags := imported.Import(other.String("id"))
					b.s.RenameTriggerJob(other.String("id"), "nightly (successor of job "+b.String("id")+")")
					diags = append(diags, imported.Refresh()...)
					diags = append(diags, imported.Apply(config)...)
					diags = append(diags, imported.Refresh()...)
					if diags = others(append(diags, imported.Apply(config)...)); len(diags) > 0 {
						t.Fatal(diags)
					}
					if rotates {
						old := credentials{imported.String("url"), imported.String("access_token")}
						if diags := others(imported.Apply(config.With(acctest.Values{"rotation_triggers": acctest.Values{"month": "2"}}))); len(diags) > 0 {
							t.Fatal(diags)
						}
						if now := (credentials{imported.String("url"), imported.String("access_token")}); name != "timeouts" && name != "nothing" && now == old {
							t.Error("URL and access token were not rotated")
						}
					}
					if _, there := b.s.TriggerJob(b.String("id")); !there {
						t.Fatal("the update has removed somebody else's job")
					}
					if diags := imported.Destroy(); len(diags) > 0 {
						t.Fatal(diags)
					}
					if job := b.only(); job.ID != b.String("id") {
						t.Errorf("somebody else's job was removed, and %s is left", job.ID)
					}
				})
			})
		}
	}
}

// A name that is only known at apply is checked before any request is made.
func TestNameWithASuffixThatIsKnownLater(t *testing.T) {
	b := newBench(t, sandbox.CloudAutomator{})
	later := nightly.With(acctest.Values{"name": acctest.Unknown})
	for _, suffix := range []string{"(successor of job 7)", "(creation 0123456789abcdef)"} {
		config := nightly.With(acctest.Values{"name": "nightly " + suffix})
		for _, operation := range []string{"create", "update"} {
			b.Resource = b.Provider.Resource(jobType)
			if operation == "update" {
				b.created(nightly)
			}
			before := b.State
			b.s.ResetRequestLog()
			diags := b.ApplyLater(later, config)
			contains(t, diags.String(), "Invalid Name", "name")
			if !diags.HasError() || !b.State.Equal(before) {
				t.Errorf("%s: the state is %s: %s", operation, b.State, diags)
			}
			b.requests()
		}
	}
}

// The provider corrects what somebody else changes in a job without a rotation, even if the
// job was imported and its first update recorded only triggers.
func TestDriftAfterAnImportDoesNotRotate(t *testing.T) {
	eachKind(t, func(t *testing.T, b *bench) {
		config := nightly.With(acctest.Values{"rotation_triggers": acctest.Values{"month": "1"}})
		b.apply(nightly)
		id := b.String("id")
		b.Resource = b.Provider.Resource(jobType)
		if diags := b.Import(id); diags.HasError() {
			t.Fatal(diags)
		}
		b.apply(config)
		b.s.RenameTriggerJob(id, "by hand")
		if diags := b.Refresh(); diags.HasError() {
			t.Fatal(diags)
		}
		b.apply(config)
		if job := b.only(); job.ID != id || job.Attributes.Name != nightly["name"] {
			t.Errorf("job %s was taken for job %s %q", id, job.ID, job.Attributes.Name)
		}
	})
}

// An import refuses a text that is not a job's id, in both ways to import.
func TestImportByWhatIsNoID(t *testing.T) {
	b := newBench(t, sandbox.CloudAutomator{})
	for name, imports := range map[string]func() acctest.Diagnostics{
		"an id":       func() acctest.Diagnostics { return b.Import("..") },
		"an identity": func() acctest.Diagnostics { return b.ImportIdentity(acctest.Values{"id": ".."}) },
	} {
		diags := imports()
		if !diags.HasError() || len(b.made()) > 0 {
			t.Errorf("%s: the requests were %q: %s", name, b.made(), diags)
		}
	}
}

// An imported job replaces none either if the private state is lost, whether a refresh has
// seen a rotation in the console before that or not.
func TestForgottenImportTakesNoPlace(t *testing.T) {
	for _, rotated := range []bool{false, true} {
		for _, refresh := range []bool{false, true} {
			for _, updates := range []int{0, 1, 2} {
				t.Run(fmt.Sprintf("rotated %t, refresh %t, %d updates", rotated, refresh, updates), func(t *testing.T) {
					eachKind(t, func(t *testing.T, b *bench) {
						b.apply(nightly)
						elsewhere := acctest.StartProvider(t, acctest.Block(b.s.URL()))
						other := elsewhere.Resource(jobType)
						if diags := other.Apply(nightly); diags.HasError() {
							t.Fatal(diags)
						}
						imported := elsewhere.Resource(jobType)
						diags := imported.Import(other.String("id"))
						b.s.RenameTriggerJob(other.String("id"), "nightly (successor of job "+b.String("id")+")")
						if rotated {
							b.s.RotateTriggerJob(other.String("id"))
							diags = append(diags, imported.Refresh()...)
						}
						imported.Forget()
						for range 2 {
							if refresh {
								diags = append(diags, imported.Refresh()...)
							}
						}
						for i := range updates {
							diags = append(diags, imported.Apply(nightly.With(acctest.Values{"expiration_date": fmt.Sprintf("209%d-01-01", i)}))...)
						}
						if diags = append(diags, imported.Destroy()...); diags.HasError() {
							t.Fatal(diags)
						}
						if job := b.only(); job.ID != b.String("id") {
							t.Errorf("somebody else's job was removed, and %s is left", job.ID)
						}
					})
				})
			}
		}
	}
}

// A job that is about to replace another one belongs to the state of the other one, whose
// next apply takes it over, even if the other job is gone. So an import refuses it until the
// rotation is finished, or the suffix is removed.
func TestSuccessorOfAnotherStateIsNotImported(t *testing.T) {
	for name, at := range map[string]int{"both exist": 4, "only the successor exists": 6} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, sandbox.CloudAutomator{})
			b.created(nightly)
			first, config := b.String("id"), nightly.With(acctest.Values{"rotation_triggers": acctest.Values{"month": "2"}})
			b.killedAt(at, true, config)
			successor := b.s.TriggerJobs()[len(b.s.TriggerJobs())-1]
			imported := acctest.StartProvider(t, acctest.Block(b.s.URL())).Resource(jobType)
			contains(t, imported.Import(successor.ID).String(), "Job Not Imported", "job "+successor.ID, "job "+first, "configuration", "console")
			if imported.String("name") != "" {
				t.Errorf("the state is %s", imported.State)
			}
			b.apply(config)
			if b.String("id") != successor.ID {
				t.Errorf("the state is %s", b.State)
			}
			b.settled(config)
			if diags := imported.Import(successor.ID); diags.HasError() || imported.String("name") != "nightly" {
				t.Errorf("the state is %s: %s", imported.State, diags)
			}
		})
	}
}
